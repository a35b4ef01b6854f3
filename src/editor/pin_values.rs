//! The values of a pin as they are typed in, port by port. No painting.

use std::sync::Arc;

use crate::{
    value::{Record, Table, Value, ValueType, from_json, to_json},
    workflow::PortId,
};

/// The largest value that can be typed in, in bytes.
const MAX_SIZE: usize = 256 << 10;
/// The most cells of a table that can be typed in.
const MAX_CELLS: usize = 20_000;

/// How a value is typed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it stands.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// True or false.
    Bool,
    /// Any plain value as JSON.
    Json,
    /// A list of rows as JSON, each with its cells by column.
    Table,
}

impl Form {
    /// Returns what people call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Whole => "Whole number",
            Self::Number => "Number",
            Self::Bool => "True or false",
            Self::Json => "List, record or nothing (JSON)",
            Self::Table => "Table (JSON)",
        }
    }

    /// Returns the forms of the values that a port of this type gives.
    const fn of_port(port_type: ValueType) -> &'static [Self] {
        match port_type {
            ValueType::Any => &[Self::Text, Self::Whole, Self::Number, Self::Bool, Self::Json],
            ValueType::Text => &[Self::Text],
            ValueType::Int => &[Self::Whole],
            ValueType::Float => &[Self::Number],
            ValueType::Bool => &[Self::Bool],
            ValueType::Null | ValueType::List | ValueType::Record => &[Self::Json],
            ValueType::Table => &[Self::Table],
            ValueType::Bytes | ValueType::Image | ValueType::Stream => &[],
        }
    }

    /// Returns what stands in the field of a value that nobody has typed in yet.
    const fn start(self, port_type: ValueType) -> &'static str {
        match (self, port_type) {
            (Self::Text, _) => "",
            (Self::Whole | Self::Number, _) => "0",
            (Self::Bool, _) => "false",
            (Self::Json, ValueType::Record) => "{}",
            (Self::Json, ValueType::Null) => "null",
            (Self::Json | Self::Table, _) => "[]",
        }
    }
}

/// Why what was typed is no value, and the byte at which that shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) why: String,
    pub(crate) at: Option<usize>,
}

impl Wrong {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), at: None }
    }
}

/// The value of an output port that is being typed in.
#[derive(Clone, Debug)]
pub(crate) struct PinValue {
    pub(crate) port: PortId,
    pub(crate) port_type: ValueType,
    /// Without one the port has no value, and what requires it does not run.
    pub(crate) has_value: bool,
    pub(crate) form: Form,
    pub(crate) text: String,
    /// What the text stands for, as of the last check.
    checked: Result<Value, Wrong>,
    /// The value as it was, if it has to stay so.
    stays: Option<Value>,
    /// Why nothing can be typed in.
    pub(crate) cannot: Option<String>,
}

impl PinValue {
    /// Returns the value that a port has so far, to be typed over.
    pub(crate) fn new(port: PortId, port_type: ValueType, given: Option<&Value>) -> Self {
        let forms = Form::of_port(port_type);
        let has_value = given.is_some();
        let nothing = || Err(Wrong::new("it has no value"));
        let fixed = |cannot: String| Self {
            port: port.clone(),
            port_type,
            has_value,
            form: Form::Text,
            text: String::new(),
            checked: nothing(),
            stays: given.cloned(),
            cannot: Some(cannot),
        };
        let (form, text) = match (given, forms) {
            (Some(value), _) => match typed(value) {
                Ok(typed) => typed,
                Err(why) => return fixed(why),
            },
            (None, [form, ..]) => (*form, form.start(port_type).to_owned()),
            (None, []) => return fixed(format!("A value of the type {port_type} cannot be typed in.")),
        };
        let checked = nothing();
        let mut value = Self { port, port_type, has_value, form, text, checked, stays: None, cannot: None };
        value.check();
        value
    }

    /// Returns the forms to choose from.
    pub(crate) const fn forms(&self) -> &'static [Form] {
        Form::of_port(self.port_type)
    }

    /// Finds out again what the text stands for.
    pub(crate) fn check(&mut self) {
        self.checked = parse(self.form, &self.text).and_then(|value| {
            let fits = self.port_type == ValueType::Any || value.value_type() == self.port_type;
            if fits {
                return Ok(value);
            }
            Err(Wrong::new(format!("this output gives {}, not {}", self.port_type, value.value_type())))
        });
    }

    /// Returns the value, none if the port has none, or what is wrong with what was typed.
    pub(crate) fn value(&self) -> Result<Option<&Value>, &Wrong> {
        match (self.has_value, &self.stays) {
            (false, _) => Ok(None),
            (true, Some(stays)) => Ok(Some(stays)),
            (true, None) => self.checked.as_ref().map(Some),
        }
    }
}

/// Returns how a value is typed in, or why it cannot be.
fn typed(value: &Value) -> Result<(Form, String), String> {
    let size = value.size_bytes();
    if size > MAX_SIZE {
        return Err(format!("{} is too large to be typed in: it stays as it is.", value.preview()));
    }
    let exactly = |form: Form, text: String| match parse(form, &text) {
        Ok(again) if again == *value => Ok((form, text)),
        _ => Err(format!("{} holds what JSON has no form for: it stays as it is.", value.preview())),
    };
    match value {
        Value::Text(text) => Ok((Form::Text, text.to_string())),
        Value::Int(number) => Ok((Form::Whole, number.to_string())),
        Value::Float(number) => Ok((Form::Number, number.to_string())),
        Value::Bool(is_true) => Ok((Form::Bool, is_true.to_string())),
        Value::Null | Value::List(_) | Value::Record(_) if value.is_plain() => {
            exactly(Form::Json, format!("{:#}", to_json(value)))
        }
        Value::Table(table) if table.n_rows() * table.n_columns() <= MAX_CELLS => exactly(Form::Table, rows_of(table)),
        _ => Err(format!("{} cannot be typed in: it stays as it is.", value.preview())),
    }
}

/// Returns the rows of a table as JSON, one a line.
fn rows_of(table: &Table) -> String {
    let rows: Vec<String> =
        (0..table.n_rows()).map(|row| format!("  {}", to_json(&Value::Record(Arc::new(table.record(row)))))).collect();
    if rows.is_empty() { "[]".to_owned() } else { format!("[\n{}\n]", rows.join(",\n")) }
}

fn parse(form: Form, text: &str) -> Result<Value, Wrong> {
    match form {
        Form::Text => Ok(Value::text(text)),
        Form::Whole => text
            .trim()
            .parse()
            .map(Value::Int)
            .map_err(|error| Wrong::new(format!("\"{}\" is not a whole number: {error}", text.trim()))),
        Form::Number => text
            .trim()
            .parse()
            .map(Value::Float)
            .map_err(|error| Wrong::new(format!("\"{}\" is not a number such as 1.5: {error}", text.trim()))),
        Form::Bool => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(Wrong::new("choose true or false")),
        },
        Form::Json => json(text),
        Form::Table => table(text),
    }
}

fn json(text: &str) -> Result<Value, Wrong> {
    serde_json::from_str(text).map(|json| from_json(&json)).map_err(|error| {
        let said = error.to_string();
        let what = said.rsplit_once(" at line ").map_or(said.as_str(), |(what, _)| what);
        Wrong {
            why: format!("line {}, column {}: {what}", error.line(), error.column()),
            at: Some(place(text, error.line(), error.column())),
        }
    })
}

/// Returns the byte at a line and a column, both counted from 1, the column in bytes.
fn place(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn table(text: &str) -> Result<Value, Wrong> {
    let rows = json(text)?;
    let Value::List(rows) = &rows else {
        return Err(Wrong::new("a table is a list of rows, such as [{\"name\": \"Ada\"}]"));
    };
    let records: Vec<Record> = rows
        .iter()
        .zip(1..)
        .map(|(row, number)| match row {
            Value::Record(record) => Ok(record.as_ref().clone()),
            other => Err(Wrong::new(format!(
                "row {number} must be a record such as {{\"name\": \"Ada\"}}, not {}",
                other.preview()
            ))),
        })
        .collect::<Result<_, _>>()?;
    Ok(Table::from_records(&records).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(port_type: ValueType, given: &Value) -> PinValue {
        PinValue::new("out".into(), port_type, Some(given))
    }

    fn retyped(mut value: PinValue, text: &str) -> PinValue {
        text.clone_into(&mut value.text);
        value.check();
        value
    }

    #[test]
    fn values_open_as_they_are() {
        let rows =
            [Value::record([("a", Value::Int(1)), ("b", Value::text("x"))]), Value::record([("a", Value::Int(2))])];
        let records: Vec<Record> = rows
            .iter()
            .filter_map(|row| if let Value::Record(record) = row { Some(record.as_ref().clone()) } else { None })
            .collect();
        for value in [
            Value::text("one\ntwo"),
            Value::Int(-7),
            Value::Float(2.0),
            Value::Float(1e300),
            Value::Bool(true),
            Value::Null,
            Value::list([Value::Int(1), Value::Float(2.0), Value::Null]),
            Value::record([("b", Value::Int(1)), ("a", Value::text("é"))]),
            Table::from_records(&records).into(),
        ] {
            let typed = open(ValueType::Any, &value);
            assert_eq!(typed.cannot, None);
            assert_eq!(typed.value(), Ok(Some(&value)));
        }
    }

    #[test]
    fn what_cannot_be_typed_in_says_why_and_stays() {
        let bytes = Value::Bytes([1, 2].as_slice().into());
        let odd = Value::list([Value::Float(f64::NAN)]);
        let large = Value::text("x".repeat(MAX_SIZE + 1));
        for (value, why) in [(bytes, "cannot be typed in"), (odd, "JSON has no form"), (large, "too large")] {
            let typed = open(ValueType::Any, &value);
            assert!(typed.cannot.as_ref().unwrap().contains(why), "{:?}", typed.cannot);
            assert_eq!(typed.value(), Ok(Some(&value)));
        }
        let nothing = PinValue::new("out".into(), ValueType::Image, None);
        assert!(nothing.cannot.is_some() && nothing.value() == Ok(None));
    }

    #[test]
    fn mistakes_say_what_and_where() {
        let wrong = |value: &Value, text: &str| {
            let typed = retyped(open(value.value_type(), value), text);
            typed.value().unwrap_err().clone()
        };
        let list = Value::list([]);
        let json = wrong(&list, "[\n  \"é\",\n  }]");
        assert_eq!((json.why.as_str(), json.at), ("line 3, column 3: expected value", Some(12)));
        assert_eq!(wrong(&list, "{}").why, "this output gives List, not Record");
        assert!(wrong(&Value::Int(1), "1.5").why.contains("not a whole number"));
        assert!(wrong(&Value::Float(1.0), "one").why.contains("not a number"));
        let table = Value::from(Table::from_records(&[Record::new()]));
        assert!(wrong(&table, "[1]").why.starts_with("row 1 must be a record"), "{:?}", wrong(&table, "[1]"));
    }

    #[test]
    fn a_port_without_a_value_starts_with_the_least_of_its_type() {
        for (port_type, value) in
            [(ValueType::Text, Value::text("")), (ValueType::Int, Value::Int(0)), (ValueType::List, Value::list([]))]
        {
            let mut typed = PinValue::new("out".into(), port_type, None);
            assert_eq!(typed.value(), Ok(None));
            typed.has_value = true;
            assert_eq!(typed.value(), Ok(Some(&value)));
        }
    }
}
