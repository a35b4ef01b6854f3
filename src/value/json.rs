//! JSON in and out.

use std::sync::Arc;

use serde_json::{Number, Value as Json};

use super::{Record, Value};

/// Returns the value a JSON text stands for: objects become records, arrays lists, whole numbers `Int`.
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or(f64::NAN)), Value::Int)
        }
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::List(items.iter().map(from_json).collect()),
        Json::Object(fields) => Value::Record(Arc::new(
            fields.iter().map(|(name, value)| (name.as_str(), from_json(value))).collect::<Record>(),
        )),
    }
}

/// Returns the value as JSON: tables become arrays of objects; bytes, images and streams, which JSON has no form for, become
/// their one-line preview; numbers that are not finite become `null`.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::Text(text) => Json::String(text.as_ref().to_owned()),
        Value::Bytes(_) | Value::Image(_) | Value::Stream(_) => Json::String(value.preview()),
        Value::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Record(record) => {
            Json::Object(record.iter().map(|(name, value)| (name.as_ref().to_owned(), to_json(value))).collect())
        }
        Value::Table(table) => {
            Json::Array((0..table.n_rows()).map(|row| to_json(&Value::Record(Arc::new(table.record(row))))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_survives_the_round_trip() {
        let json: Json = serde_json::from_str(r#"{"b":[1,2.5,null,true],"a":{"x":"é"}}"#).unwrap();
        assert_eq!(to_json(&from_json(&json)).to_string(), json.to_string());
    }

    #[test]
    fn numbers_too_large_for_an_int_become_floats() {
        let json: Json = serde_json::from_str("18446744073709551615").unwrap();
        assert_eq!(from_json(&json), Value::Float(18_446_744_073_709_551_615.0));
    }
}
