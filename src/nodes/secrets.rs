//! Secrets: a parameter holds a name, and the value lives in an environment variable or the system's keyring. What a node
//! gives and says is gone through for the values it was told: servers repeat what they are sent.

use std::{env, sync::Arc};

use super::NodeError;
use crate::value::{Record, Value};

/// What stands for what is not shown.
pub const HIDDEN: &str = "••••••";

/// Shorter values are not looked for in what a node gives: they stand everywhere by chance.
const MIN_BYTES: usize = 4;

/// Returns the secret that an environment variable of this name holds, if there is one.
pub(crate) fn from_environment(name: &str) -> Result<Option<String>, NodeError> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(NodeError::new(format!("{name:?} cannot be the name of a secret")));
    }
    let secret = env::var(name).ok().map(|secret| secret.trim().to_owned());
    Ok(secret.filter(|secret| !secret.is_empty()))
}

/// Returns what is said of a secret that is nowhere.
pub(crate) fn missing(name: &str, keyring: &str) -> NodeError {
    NodeError::new(format!(
        "the secret {name} is not there: set the environment variable {name}, or keep it in the keyring with `pinflow secret set \
         {name}`{keyring}"
    ))
}

/// Takes secrets out of a text; `None` if there are none in it.
pub(crate) fn without_in_text(text: &str, secrets: &[String]) -> Option<String> {
    let mut found = None;
    for secret in secrets.iter().filter(|secret| secret.len() >= MIN_BYTES) {
        // Also as JSON writes it, where that differs.
        let escaped = serde_json::Value::from(secret.as_str()).to_string();
        for written in [secret.as_str(), escaped.trim_matches('"')] {
            let text = found.as_deref().unwrap_or(text);
            if text.contains(written) {
                found = Some(text.replace(written, HIDDEN));
            }
        }
    }
    found
}

/// Takes secrets out of a value, wherever they stand in texts and bytes; `None` if there are none in it. Tables and pictures
/// are not gone through.
pub(crate) fn without(value: &Value, secrets: &[String]) -> Option<Value> {
    match value {
        Value::Text(text) => without_in_text(text, secrets).map(Value::from),
        Value::Bytes(bytes) => without_in_bytes(bytes, secrets).map(|bytes| Value::Bytes(bytes.into())),
        Value::List(items) => {
            let cleared: Vec<Option<Value>> = items.iter().map(|item| without(item, secrets)).collect();
            let cleared = cleared.iter().any(Option::is_some).then_some(cleared)?;
            Some(Value::list(
                cleared.into_iter().zip(items.iter()).map(|(new, old)| new.unwrap_or_else(|| old.clone())),
            ))
        }
        Value::Record(record) => without_in_record(record, secrets).map(|record| Value::Record(record.into())),
        Value::Stream(record) => without_in_record(record, secrets).map(|record| Value::Stream(record.into())),
        _ => None,
    }
}

fn without_in_record(record: &Record, secrets: &[String]) -> Option<Record> {
    let mut has_any = false;
    let mut cleared = Record::new();
    for (name, value) in record.iter() {
        let (new_name, new_value) = (without_in_text(name, secrets), without(value, secrets));
        has_any |= new_name.is_some() || new_value.is_some();
        cleared
            .insert(new_name.map_or_else(|| Arc::clone(name), Into::into), new_value.unwrap_or_else(|| value.clone()));
    }
    has_any.then_some(cleared)
}

fn without_in_bytes(bytes: &[u8], secrets: &[String]) -> Option<Vec<u8>> {
    let mut found: Option<Vec<u8>> = None;
    for secret in secrets.iter().map(String::as_bytes).filter(|secret| secret.len() >= MIN_BYTES) {
        let mut rest = found.as_deref().unwrap_or(bytes);
        let mut cleared = Vec::new();
        let mut has_any = false;
        while let Some(at) = rest.windows(secret.len()).position(|window| window == secret) {
            cleared.extend_from_slice(&rest[..at]);
            cleared.extend_from_slice(HIDDEN.as_bytes());
            rest = &rest[at + secret.len()..];
            has_any = true;
        }
        if has_any {
            cleared.extend_from_slice(rest);
            found = Some(cleared);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_of_texts_bytes_lists_and_records() {
        let secrets = ["sk-12345".to_owned(), "a\"b\\c".to_owned(), "x".to_owned()];
        let text = without_in_text("Bearer sk-12345, again sk-12345", &secrets).unwrap();
        assert_eq!(text, format!("Bearer {HIDDEN}, again {HIDDEN}"));
        assert_eq!(without_in_text("x marks nothing", &secrets), None, "what is so short stands everywhere");
        let json = serde_json::json!({ "told": "a\"b\\c" }).to_string();
        assert_eq!(without_in_text(&json, &secrets).unwrap(), format!("{{\"told\":\"{HIDDEN}\"}}"));
        let value = Value::list([
            Value::Int(1),
            Value::record([("sk-12345", Value::text("k")), ("v", Value::Bytes(b"\xffsk-12345\xff".as_slice().into()))]),
        ]);
        let cleared = without(&value, &secrets).unwrap();
        assert!(!format!("{cleared:?}").contains("12345"), "{cleared:?}");
        let Value::List(items) = &cleared else { panic!("{cleared:?}") };
        assert_eq!(items[0], Value::Int(1));
        assert_eq!(without(&Value::list([Value::text("clean")]), &secrets), None);
    }

    #[test]
    fn a_secret_that_is_nowhere_is_named() {
        assert_eq!(from_environment("PINFLOW_SURELY_NOT_SET"), Ok(None));
        assert!(from_environment("A=B").is_err() && from_environment("").is_err());
        assert!(missing("NAME", "").to_string().contains("pinflow secret set NAME"));
    }
}
