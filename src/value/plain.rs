//! Values as they stand in a workflow file or a parameter: `true`, `1`, `1.5`, `"text"`, `[..]`, `{"name": ..}`, `()`.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de,
    ser::{self, SerializeMap as _},
};

use super::{Record, Value};

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items.iter()),
            Self::Record(record) => {
                let mut map = serializer.serialize_map(Some(record.len()))?;
                for (name, value) in record.iter() {
                    map.serialize_entry(&**name, value)?;
                }
                map.end()
            }
            Self::Bytes(_) | Self::Table(_) | Self::Image(_) | Self::Stream(_) => {
                Err(ser::Error::custom(format!("{} cannot be written as text", self.value_type())))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> de::Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, a number, \"text\", a [list], a {\"record\": ..} or ()")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value)
            .map(Value::Int)
            .map_err(|_too_large| E::custom(format!("{value} is larger than an Int can be")))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_char<E: de::Error>(self, value: char) -> Result<Value, E> {
        Ok(Value::text(value.to_string()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::text(value))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Value>()? {
            items.push(item);
        }
        Ok(Value::List(items.into()))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut record = Record::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if record.get(&name).is_some() {
                return Err(de::Error::custom(format!("the field {name:?} stands twice in one record")));
            }
            record.insert(name, value);
        }
        Ok(Value::Record(Arc::new(record)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(value: &Value) -> Value {
        ron::from_str(&ron::to_string(value).unwrap()).unwrap()
    }

    #[test]
    fn plain_values_survive_being_written() {
        for value in [
            Value::Null,
            Value::Bool(true),
            Value::Int(-3),
            Value::Float(1.0),
            Value::Float(f64::INFINITY),
            Value::text("a \"quoted\"\nline"),
            Value::list([Value::Int(1), Value::text("x"), Value::Null]),
            Value::record([("b", Value::Int(1)), ("a", Value::list([]))]),
        ] {
            assert_eq!(round_trip(&value), value);
        }
    }

    #[test]
    fn a_field_given_twice_is_an_error() {
        let error = ron::from_str::<Value>(r#"{"a": 1, "a": 2}"#).unwrap_err();
        assert!(error.to_string().contains("stands twice"), "{error}");
    }
}
