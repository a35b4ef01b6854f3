//! Secrets: a parameter holds a name, and the value lives in an environment variable or the system's keyring. What a node
//! gives and says is gone through for the values it was told: servers repeat what they are sent.

use std::{env, sync::Arc};

use smallvec::{SmallVec, smallvec};

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

/// Returns the names of environment variables that look like those of secrets.
pub(crate) fn names_in_environment() -> impl Iterator<Item = String> {
    let looks_secret = |name: &String| {
        let name = name.to_uppercase();
        ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD"].iter().any(|word| name.split('_').any(|part| part == *word))
    };
    let set = env::vars_os().filter(|(_, value)| !value.is_empty());
    set.filter_map(|(name, _)| name.into_string().ok()).filter(looks_secret)
}

/// Returns what is said of a secret that is nowhere.
pub(crate) fn missing(name: &str, keyring: &str) -> NodeError {
    NodeError::new(format!(
        "the secret {name} is not there: set the environment variable {name}, or keep it in the keyring with `pinflow secret set \
         {name}`{keyring}"
    ))
}

/// The secrets that a node was told, ready to be taken out of what it gives and says.
#[derive(Default)]
pub(crate) struct Told(Vec<Pattern>);

impl Told {
    /// Adds a secret, in the ways in which servers and libraries write it.
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.len() >= MIN_BYTES {
            self.0.extend(written(secret).map(|written| Pattern::of(&written)));
        }
    }

    /// Returns whether nothing is looked for.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the secrets out of a text; `None` if there are none in it.
    pub(crate) fn without_in_text(&self, text: &str) -> Option<String> {
        let cleared = self.without_in_bytes(text.as_bytes())?;
        Some(String::from_utf8_lossy(&cleared).into_owned())
    }

    /// Takes the secrets out of a value, wherever they stand in texts and bytes; `None` if there are none in it. Tables and
    /// pictures are not gone through.
    pub(crate) fn without(&self, value: &Value) -> Option<Value> {
        if self.is_empty() {
            return None;
        }
        match value {
            Value::Text(text) => self.without_in_text(text).map(Value::from),
            Value::Bytes(bytes) => self.without_in_bytes(bytes).map(|bytes| Value::Bytes(bytes.into())),
            Value::List(items) => {
                let cleared: Vec<Option<Value>> = items.iter().map(|item| self.without(item)).collect();
                let cleared = cleared.iter().any(Option::is_some).then_some(cleared)?;
                Some(Value::list(
                    cleared.into_iter().zip(items.iter()).map(|(new, old)| new.unwrap_or_else(|| old.clone())),
                ))
            }
            Value::Record(record) => self.without_in_record(record).map(|record| Value::Record(record.into())),
            Value::Stream(record) => self.without_in_record(record).map(|record| Value::Stream(record.into())),
            _ => None,
        }
    }

    fn without_in_record(&self, record: &Record) -> Option<Record> {
        let mut has_any = false;
        let mut cleared = Record::new();
        for (name, value) in record.iter() {
            let (new_name, new_value) = (self.without_in_text(name), self.without(value));
            has_any |= new_name.is_some() || new_value.is_some();
            cleared.insert(
                new_name.map_or_else(|| Arc::clone(name), Into::into),
                new_value.unwrap_or_else(|| value.clone()),
            );
        }
        has_any.then_some(cleared)
    }

    /// Takes the secrets out of bytes; `None` if there are none in them.
    pub(crate) fn without_in_bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut found: Option<Vec<u8>> = None;
        for pattern in &self.0 {
            found = pattern.without(found.as_deref().unwrap_or(bytes)).or(found);
        }
        found
    }
}

/// Encodings of fewer bytes are not looked for: they are short enough to stand somewhere by chance.
const MIN_ENCODED_BYTES: usize = 8;

/// Returns a secret as it is, in hexadecimal digits, and in base64: as it is there wherever it stands in what is encoded.
fn written(secret: &str) -> impl Iterator<Item = String> {
    let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let base64 = (0..3).flat_map(|n_before| {
        let standard = base64_inside(secret.as_bytes(), n_before);
        let for_urls = standard.replace('+', "-").replace('/', "_");
        let differs = for_urls != standard;
        [Some(standard), differs.then_some(for_urls)].into_iter().flatten()
    });
    let encoded = [hex.to_uppercase(), hex].into_iter().chain(base64.collect::<Vec<_>>());
    let encoded = encoded.filter(|_| secret.len() >= MIN_ENCODED_BYTES);
    std::iter::once(secret.to_owned()).chain(encoded.collect::<Vec<_>>())
}

/// Returns the digits of base64 (RFC 4648) that bytes alone decide where so many others, modulo 3, stand before them.
fn base64_inside(bytes: &[u8], n_before: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit = |place: usize| place.checked_sub(n_before * 8).map(|place| bytes[place / 8] >> (7 - place % 8) & 1);
    let (first, end) = ((n_before * 8).div_ceil(6), (n_before + bytes.len()) * 8 / 6);
    let digit = |place: usize| (place * 6..place * 6 + 6).filter_map(bit).fold(0, |digit, bit| digit << 1 | bit);
    (first..end).map(|place| char::from(DIGITS[usize::from(digit(place))])).collect()
}

/// A text to be looked for, however each of its characters is written.
struct Pattern {
    /// For each character the ways in which it may be written.
    characters: Vec<Vec<Vec<u8>>>,
    /// For each byte whether the text may begin with it.
    begins: Box<[bool; 256]>,
}

impl Pattern {
    fn of(text: &str) -> Self {
        let characters: Vec<Vec<Vec<u8>>> = text.chars().map(ways_to_write).collect();
        let mut begins = Box::new([false; 256]);
        for way in characters.iter().take(1).flatten() {
            begins[usize::from(way[0])] = true;
        }
        Self { characters, begins }
    }

    /// Returns bytes without the text; `None` if it is not in them.
    fn without(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut cleared = Vec::new();
        let (mut at, mut copied) = (0, 0);
        while let Some(n_skipped) = bytes[at..].iter().position(|byte| self.begins[usize::from(*byte)]) {
            at += n_skipped;
            match self.length_at(&bytes[at..]) {
                Some(length) => {
                    cleared.extend_from_slice(&bytes[copied..at]);
                    cleared.extend_from_slice(HIDDEN.as_bytes());
                    at += length;
                    copied = at;
                }
                None => at += 1,
            }
        }
        cleared.extend_from_slice(&bytes[copied..]);
        (copied > 0).then_some(cleared)
    }

    /// Returns how many bytes the text takes at the start of others; `None` if they do not start with it.
    fn length_at(&self, bytes: &[u8]) -> Option<usize> {
        let starts = |at: usize, way: &[u8]| bytes[at..].get(..way.len()).is_some_and(|start| is_written(start, way));
        // What one way of writing a character ends with may be what another begins with.
        let mut ends: SmallVec<[usize; 4]> = smallvec![0];
        for ways in &self.characters {
            let next = ends
                .iter()
                .flat_map(|&at| ways.iter().filter(move |way| starts(at, way)).map(move |way| at + way.len()));
            let mut next: SmallVec<[usize; 4]> = next.collect();
            next.sort_unstable();
            next.dedup();
            ends = next;
            if ends.is_empty() {
                return None;
            }
        }
        ends.last().copied()
    }
}

/// Returns whether bytes are a way of writing a character: in what stands for it, and in hexadecimal digits, case does not count.
fn is_written(bytes: &[u8], way: &[u8]) -> bool {
    if way.len() == 1 { bytes == way } else { bytes.eq_ignore_ascii_case(way) }
}

/// Returns a character as it is, and as JSON, addresses, forms, HTML and XML write it if it is neither letter nor digit.
fn ways_to_write(char: char) -> Vec<Vec<u8>> {
    let mut ways = vec![char.to_string()];
    if !char.is_ascii_alphanumeric() {
        let mut buffer = [0; 4];
        let (number, bytes) = (u32::from(char), char.encode_utf8(&mut buffer).as_bytes());
        ways.push(bytes.iter().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat());
        let mut units = [0; 2];
        ways.push(
            char.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat(),
        );
        ways.extend([format!("&#{number};"), format!("&#x{number:x};"), format!("\\{char}")]);
        let other = match char {
            ' ' => "+",
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&apos;",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            _ => return ways.into_iter().map(String::into_bytes).collect(),
        };
        ways.push(other.to_owned());
    }
    ways.into_iter().map(String::into_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(secrets: &[&str]) -> Told {
        let mut told = Told::default();
        for secret in secrets {
            told.add(secret);
        }
        told
    }

    #[test]
    fn secrets_are_taken_out_of_texts_bytes_lists_and_records() {
        let told = told(&["sk-12345", "a\"b\\c", "x"]);
        let text = told.without_in_text("Bearer sk-12345, again sk-12345").unwrap();
        assert_eq!(text, format!("Bearer {HIDDEN}, again {HIDDEN}"));
        assert_eq!(told.without_in_text("x marks nothing"), None, "what is so short stands everywhere");
        let value = Value::list([
            Value::Int(1),
            Value::record([("sk-12345", Value::text("k")), ("v", Value::Bytes(b"\xffsk-12345\xff".as_slice().into()))]),
            Value::stream([("url", Value::text("http://x.org/?key=sk-12345"))]),
        ]);
        let cleared = told.without(&value).unwrap();
        let Value::List(items) = &cleared else { panic!("{cleared:?}") };
        let bytes = [b"\xff", HIDDEN.as_bytes(), b"\xff"].concat();
        assert_eq!(items[0], Value::Int(1));
        assert_eq!(items[1], Value::record([(HIDDEN, Value::text("k")), ("v", Value::Bytes(bytes.into()))]));
        assert_eq!(items[2], Value::stream([("url", Value::text(format!("http://x.org/?key={HIDDEN}").as_str()))]));
        assert_eq!(told.without(&Value::list([Value::text("clean")])), None);
    }

    #[test]
    fn secrets_are_found_however_their_characters_are_written() {
        let told = told(&["k-1 é\"/\\&<'>+\n😀z"]);
        for written in [
            "k-1 é\"/\\&<'>+\n😀z",
            r#"k-1 é\"/\\&<'>+\n😀z"#,
            r#"k-1 \u00e9\"\/\\&<'>+\n\ud83d\uDE00z"#,
            "k-1%20%C3%A9%22%2F%5C%26%3C%27%3E%2B%0A%F0%9F%98%80z",
            "k%2d1+%c3%a9%22%2f%5c%26%3c'%3e%2b%0a%f0%9f%98%80z",
            "k-1 é&quot;/\\&amp;&lt;&#39;&gt;+\n😀z",
            "k-1 &#xE9;&#34;&#x2f;\\&#38;&lt;&apos;&GT;+&#10;&#x1f600;z",
        ] {
            assert_eq!(told.without_in_text(&format!("<{written}>")), Some(format!("<{HIDDEN}>")), "{written}");
        }
        assert_eq!(told.without_in_text("k-1 é\"/\\&<'>+\n😀"), None);
        assert_eq!(told.without_in_text("K-1 é\"/\\&<'>+\n😀z"), None, "case counts");
    }

    #[test]
    fn what_is_written_in_two_ways_at_once_is_found() {
        assert_eq!(told(&["a&amp;b"]).without_in_text("a&amp;b a&amp;amp;b").unwrap(), format!("{HIDDEN} {HIDDEN}"));
        assert_eq!(told(&["%25%25"]).without_in_text("[%25%25]").unwrap(), format!("[{HIDDEN}]"));
        assert_eq!(told(&["aaaab"]).without_in_text("aaaaaab").unwrap(), format!("aa{HIDDEN}"));
    }

    #[test]
    fn encoded_secrets_are_found_wherever_they_stand_in_what_is_encoded() {
        let told = told(&["sk>canary?b5e9d", "short"]);
        // As `base64` and `xxd -p` write it with nothing, `u:` and `:` before it, and with something behind.
        for (encoded, left) in [
            ("c2s+Y2FuYXJ5P2I1ZTlk", "*"),
            ("dTpzaz5jYW5hcnk/YjVlOWQ=", "dTp*Q="),
            ("OnNrPmNhbmFyeT9iNWU5ZCE=", "On*CE="),
            ("dXNlcjpzaz5jYW5hcnk/YjVlOWQ=", "dXNlcjp*Q="),
            ("c2s-Y2FuYXJ5P2I1ZTlk", "*"),
            ("c2s%2BY2FuYXJ5P2I1ZTlk", "*"),
            ("736b3e63616e6172793f6235653964", "*"),
            ("736B3E63616E6172793F6235653964", "*"),
        ] {
            assert_eq!(told.without_in_text(encoded), Some(left.replace('*', HIDDEN)), "{encoded}");
        }
        assert_eq!(told.without_in_text("c2hvcnQ= 73686f7274"), None, "it is short enough to stand there by chance");
    }

    #[test]
    fn a_secret_that_is_nowhere_is_named() {
        assert_eq!(from_environment("PINFLOW_SURELY_NOT_SET"), Ok(None));
        assert!(from_environment("A=B").is_err() && from_environment("").is_err());
        assert!(missing("NAME", "").to_string().contains("pinflow secret set NAME"));
    }
}
