//! Conversions between types: what a person expects when plugging one end into another, and a clear error otherwise.

use std::sync::Arc;

use super::{Record, Table, Value, ValueType, json::to_json};

/// A value that does not fit a port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, got {got}{}", detail.as_ref().map(|d| format!(": {d}")).unwrap_or_default())]
pub struct ConvertError {
    /// What the port takes.
    pub expected: ValueType,
    /// One line about the value that came.
    pub got: String,
    /// Why it cannot be converted, where that is not plain from the types.
    pub detail: Option<String>,
}

/// Returns whether a port of type `to` may be wired to one of type `from`. Values from an `Any` port, and texts read as
/// numbers, are looked at when they arrive.
pub fn can_convert(from: ValueType, to: ValueType) -> bool {
    use ValueType as T;
    from == to
        || from == T::Any
        || to == T::Any
        || matches!(
            (from, to),
            (T::Int | T::Text, T::Float)
                | (T::Float | T::Bool | T::Text, T::Int)
                | (T::Text, T::Bool | T::Bytes)
                | (T::Bool | T::Int | T::Float | T::Bytes | T::List | T::Record | T::Table, T::Text)
                | (T::Table, T::List)
                | (T::List | T::Record, T::Table)
        )
}

impl Value {
    /// Returns the value as the type asked for, converting where [`can_convert`] says so and the data allows it.
    pub fn convert(&self, to: ValueType) -> Result<Self, ConvertError> {
        if to == ValueType::Any || self.value_type() == to {
            return Ok(self.clone());
        }
        let fail = |detail: Option<String>| ConvertError { expected: to, got: self.preview(), detail };
        if !can_convert(self.value_type(), to) {
            return Err(fail(None));
        }
        match (self, to) {
            (Self::Int(value), ValueType::Float) => Ok(Self::Float(*value as f64)),
            (Self::Float(value), ValueType::Int) => {
                whole(*value).map(Self::Int).ok_or_else(|| fail(Some("not a whole number".to_owned())))
            }
            (Self::Bool(value), ValueType::Int) => Ok(Self::Int(i64::from(*value))),
            (Self::Text(text), _) => {
                parse(text, to).ok_or_else(|| fail(Some(format!("the text does not read as {to}"))))
            }
            (Self::Bytes(bytes), ValueType::Text) => {
                std::str::from_utf8(bytes).map(Self::from).map_err(|error| fail(Some(error.to_string())))
            }
            (Self::Table(table), ValueType::List) => {
                Ok(Self::List((0..table.n_rows()).map(|row| Self::Record(Arc::new(table.record(row)))).collect()))
            }
            (Self::Table(table), ValueType::Text) => {
                table.to_csv().map(Self::from).map_err(|error| fail(Some(error.to_string())))
            }
            (Self::List(items), ValueType::Table) => {
                table_from_items(items).map(Self::Table).map_err(|detail| fail(Some(detail)))
            }
            (Self::Record(record), ValueType::Table) => {
                Ok(Self::Table(Table::from_records(std::slice::from_ref(&**record))))
            }
            (Self::List(_) | Self::Record(_), ValueType::Text) => Ok(Self::text(to_json(self).to_string())),
            (Self::Bool(_) | Self::Int(_) | Self::Float(_), ValueType::Text) => Ok(Self::text(self.display_text())),
            _ => Err(fail(None)),
        }
    }

    /// Returns the value as a person would write it: text as it is, numbers in digits, the rest as JSON or a preview.
    pub fn display_text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(text) => text.as_ref().to_owned(),
            Self::List(_) | Self::Record(_) => to_json(self).to_string(),
            Self::Bytes(_) | Self::Table(_) | Self::Image(_) | Self::Stream(_) => self.preview(),
        }
    }
}

fn whole(value: f64) -> Option<i64> {
    // 2^63 as a float: the first number above every i64.
    let limit = 9_223_372_036_854_775_808.0;
    (value.fract() == 0.0 && value >= -limit && value < limit).then_some(value as i64)
}

fn parse(text: &str, to: ValueType) -> Option<Value> {
    let trimmed = text.trim();
    match to {
        ValueType::Bool => trimmed.to_ascii_lowercase().parse().ok().map(Value::Bool),
        ValueType::Int => trimmed.parse().ok().map(Value::Int),
        ValueType::Float => trimmed.parse().ok().map(Value::Float),
        ValueType::Bytes => Some(Value::Bytes(text.as_bytes().into())),
        _ => None,
    }
}

/// Returns a table from a list: records become rows, anything else a row with the one column `value`.
fn table_from_items(items: &[Value]) -> Result<Table, String> {
    let n_records = items.iter().filter(|item| matches!(item, Value::Record(_))).count();
    if n_records != 0 && n_records != items.len() {
        return Err(format!("{n_records} of its {} items are records and the others are not", items.len()));
    }
    let records: Vec<Record> = items
        .iter()
        .map(|item| match item {
            Value::Record(record) => record.as_ref().clone(),
            other => Record::from_iter([("value", other.clone())]),
        })
        .collect();
    Ok(Table::from_records(&records))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_wired_converts_or_says_why_not() {
        assert_eq!(Value::Int(3).convert(ValueType::Float), Ok(Value::Float(3.0)));
        assert_eq!(Value::Float(3.0).convert(ValueType::Int), Ok(Value::Int(3)));
        assert_eq!(
            Value::Float(3.5).convert(ValueType::Int).unwrap_err().to_string(),
            "expected Int, got Float 3.5: not a whole number"
        );
        assert!(Value::Float(1e300).convert(ValueType::Int).is_err());
        assert_eq!(Value::text(" 12 ").convert(ValueType::Int), Ok(Value::Int(12)));
        assert_eq!(
            Value::text("twelve").convert(ValueType::Int).unwrap_err().to_string(),
            "expected Int, got Text \"twelve\": the text does not read as Int"
        );
        assert_eq!(Value::Bool(true).convert(ValueType::Text), Ok(Value::text("true")));
        assert_eq!(Value::Null.convert(ValueType::Text).unwrap_err().to_string(), "expected Text, got Null");
    }

    #[test]
    fn a_stream_is_read_by_a_loop_and_converts_to_nothing() {
        let stream = Value::stream([("stream", Value::text("lines"))]);
        assert_eq!(stream.convert(ValueType::Any), Ok(stream.clone()));
        for to in [ValueType::Text, ValueType::List, ValueType::Record, ValueType::Table] {
            assert!(!can_convert(ValueType::Stream, to) && !can_convert(to, ValueType::Stream));
            assert_eq!(stream.convert(to).unwrap_err().to_string(), format!("expected {to}, got Stream of lines"));
        }
    }

    #[test]
    fn tables_and_lists_of_records_are_two_forms_of_one_thing() {
        let list = Value::list([
            Value::record([("a", Value::Int(1)), ("b", Value::text("x"))]),
            Value::record([("a", Value::Int(2)), ("b", Value::Null)]),
        ]);
        let table = list.convert(ValueType::Table).unwrap();
        assert_eq!(table.preview(), "Table 2 × 2");
        assert_eq!(table.convert(ValueType::List), Ok(list));
    }

    #[test]
    fn a_list_of_numbers_becomes_one_column() {
        let table = Value::list([Value::Int(1), Value::Float(2.5)]).convert(ValueType::Table).unwrap();
        assert_eq!(table.convert(ValueType::Text), Ok(Value::text("value\n1.0\n2.5\n")));
    }

    #[test]
    fn a_list_that_mixes_records_and_others_is_refused() {
        let error = Value::list([Value::Int(1), Value::record([("a", Value::Null)])]).convert(ValueType::Table);
        assert!(error.unwrap_err().to_string().ends_with("1 of its 2 items are records and the others are not"));
    }
}
