//! Parameters as text and back, and tables typed in by hand.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use egui::{
    Ui,
    cache::{ComputerMut, FrameCache},
};

use super::fields::Field;
use crate::{
    nodes::{ParameterSchema, ParameterType, color_as_text, color_of_text, of_json},
    value::{Record, Value, from_json, to_json},
};

/// A field whose value is to be seen as text.
#[derive(Clone, Copy)]
struct Seen<'a>(Field<'a>);

impl Hash for Seen<'_> {
    /// What is the same value of the same parameter in the same state of the workflow.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Field { view, of, schema, value, .. } = self.0;
        (view.revision, of.nodes(), &schema.id, std::ptr::from_ref(value)).hash(state);
    }
}

/// Writes values as text.
#[derive(Default)]
struct Writer;

impl ComputerMut<Seen<'_>, Arc<str>> for Writer {
    fn compute(&mut self, Seen(field): Seen<'_>) -> Arc<str> {
        ParameterText(field.schema).show(field.value).into()
    }
}

/// Returns the value of a field as text; kept as long as it is asked for in every frame.
pub(super) fn shown(ui: &Ui, field: Field<'_>) -> Arc<str> {
    ui.memory_mut(|memory| Arc::clone(memory.caches.cache::<FrameCache<Arc<str>, Writer>>().get(Seen(field))))
}

/// A parameter seen as text.
#[derive(Clone, Copy)]
pub(crate) struct ParameterText<'a>(pub(crate) &'a ParameterSchema);

impl ParameterText<'_> {
    /// Returns a value as it stands in the parameter's field.
    pub(crate) fn show(self, value: &Value) -> String {
        match (&self.0.parameter_type, value) {
            (ParameterType::Json, Value::Null) => String::new(),
            (ParameterType::Json, value) => {
                serde_json::to_string_pretty(&to_json(value)).unwrap_or_else(|_| to_json(value).to_string())
            }
            (ParameterType::Lines, Value::List(items)) => {
                items.iter().map(Value::display_text).collect::<Vec<_>>().join("\n")
            }
            (_, value) => value.display_text(),
        }
    }

    /// Returns the value a text in the field stands for, or what is wrong with it.
    pub(crate) fn parse(self, text: &str) -> Result<Value, String> {
        let may_be_open = matches!(self.0.default, Value::Null);
        match &self.0.parameter_type {
            ParameterType::Json if text.trim().is_empty() => Ok(Value::Null),
            ParameterType::Json => {
                serde_json::from_str(text).map(|json| from_json(&json)).map_err(|error| of_json(text, &error).message)
            }
            ParameterType::Lines => Ok(lines(text)),
            ParameterType::Color if !(text.trim().is_empty() && may_be_open) => match color_of_text(text) {
                Some(color) => Ok(Value::from(color_as_text(color))),
                None => Err(self.0.problem_with(&Value::from(text)).unwrap_or_default()),
            },
            _ if text.trim().is_empty() && self.0.parameter_type == ParameterType::Color => Ok(Value::Null),
            _ if text.is_empty() && may_be_open => Ok(Value::Null),
            _ => Ok(Value::from(text)),
        }
    }
}

/// Returns a list of the lines of a text; a line break at the end begins no further line.
fn lines(text: &str) -> Value {
    Value::list(text.lines().map(Value::from))
}

/// Returns the value that a cell's text stands for: nothing, a number, yes or no, else text. What would be shown
/// otherwise than it was typed, such as `007`, stays text.
pub(crate) fn cell_value(text: &str) -> Value {
    match text {
        "" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::from(text)),
    }
}

fn number(text: &str) -> Option<Value> {
    if let Some(int) = text.parse::<i64>().ok().filter(|int| int.to_string() == text) {
        return Some(Value::Int(int));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.ends_with(|last: char| last.is_ascii_digit())
        && digits.chars().all(|char| char.is_ascii_digit() || ".eE+-".contains(char));
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    let whole = !text.contains(['.', 'e', 'E']);
    if !plain || leading_zero || whole {
        return None;
    }
    text.parse::<f64>().ok().filter(|float| float.is_finite()).map(Value::Float)
}

/// A table parameter taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TypedTable {
    pub(crate) columns: Vec<Arc<str>>,
    /// As wide as `columns` each.
    pub(crate) rows: Vec<Vec<Value>>,
}

impl TypedTable {
    /// Returns the table of a parameter; what does not fit is left out, short rows are filled up.
    pub(crate) fn of(value: &Value) -> Self {
        let Value::Record(record) = value else { return Self::default() };
        let list = |name: &str| match record.get(name) {
            Some(Value::List(items)) => items.to_vec(),
            _ => Vec::new(),
        };
        let columns: Vec<Arc<str>> = list("columns").iter().map(|name| name.display_text().into()).collect();
        let rows = list("rows")
            .into_iter()
            .map(|row| {
                let mut cells = if let Value::List(cells) = row { cells.to_vec() } else { Vec::new() };
                cells.resize(columns.len(), Value::Null);
                cells
            })
            .collect();
        Self { columns, rows }
    }

    /// Returns the parameter's value.
    pub(crate) fn to_value(&self) -> Value {
        let mut record = Record::new();
        record.insert("columns", Value::list(self.columns.iter().map(|name| Value::Text(Arc::clone(name)))));
        record.insert("rows", Value::list(self.rows.iter().map(|row| Value::list(row.iter().cloned()))));
        Value::Record(Arc::new(record))
    }

    /// Adds an empty row at the end.
    pub(crate) fn add_row(&mut self) {
        self.rows.push(vec![Value::Null; self.columns.len()]);
    }

    /// Removes a row.
    pub(crate) fn remove_row(&mut self, row: usize) {
        if row < self.rows.len() {
            self.rows.remove(row);
        }
    }

    /// Adds an empty column at the right, under the first of `column 1`, `column 2`, … that is free.
    pub(crate) fn add_column(&mut self) {
        let is_free = |name: &String| !self.columns.iter().any(|known| **known == **name);
        // Among one name more than there are columns one is free.
        let first = self.columns.len() + 1;
        let names = (first..=first * 2).map(|number| format!("column {number}"));
        let name = names.into_iter().find(is_free).unwrap_or_default();
        self.columns.push(name.into());
        for row in &mut self.rows {
            row.push(Value::Null);
        }
    }

    /// Removes a column.
    pub(crate) fn remove_column(&mut self, column: usize) {
        if column < self.columns.len() {
            self.columns.remove(column);
            for row in &mut self.rows {
                row.remove(column);
            }
        }
    }
}

/// Returns a table parameter with one cell changed; nothing if there is no such cell.
pub(super) fn with_cell(table: &Value, row: usize, column: usize, value: Value) -> Option<Value> {
    let mut table = TypedTable::of(table);
    *table.rows.get_mut(row)?.get_mut(column)? = value;
    Some(table.to_value())
}

/// Returns a table parameter with a column renamed; nothing if there is no such column or the name is taken.
pub(super) fn with_column_name(table: &Value, column: usize, name: &str) -> Option<Value> {
    let mut table = TypedTable::of(table);
    if name.is_empty() || table.columns.iter().any(|known| **known == *name) {
        return None;
    }
    *table.columns.get_mut(column)? = name.into();
    Some(table.to_value())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(parameter_type: ParameterType, default: impl Into<Value>) -> ParameterSchema {
        ParameterSchema::new("p", "P", parameter_type, default, "")
    }

    #[test]
    fn lines_survive_the_round_trip() {
        let schema = schema(ParameterType::Lines, Value::list([]));
        let text = ParameterText(&schema);
        let value = text.parse("one\ntwo\n").unwrap();
        assert_eq!(value, Value::list(["one".into(), "two".into()]));
        assert_eq!(text.show(&value), "one\ntwo");
        assert_eq!(text.parse("").unwrap(), Value::list([]));
    }

    #[test]
    fn json_says_where_it_is_wrong() {
        let schema = schema(ParameterType::Json, Value::Null);
        let error = ParameterText(&schema).parse("{\n  \"a\": }").unwrap_err();
        assert_eq!(error, "line 2, column 8: expected value");
        assert_eq!(ParameterText(&schema).parse(" ").unwrap(), Value::Null);
    }

    #[test]
    fn a_colour_is_written_as_colours_are_however_it_was_typed() {
        let schema = schema(ParameterType::Color, Value::Null);
        let parse = |text| ParameterText(&schema).parse(text);
        assert_eq!(parse("38D"), Ok("#3388dd".into()));
        assert_eq!(parse(" "), Ok(Value::Null));
        assert_eq!(parse("#12"), Err("P must be a colour such as #2f7fd1, not \"#12\"".to_owned()));
    }

    #[test]
    fn an_empty_line_is_nothing_where_it_may_be_left_open() {
        let line = ParameterType::Line { hint: "" };
        assert_eq!(ParameterText(&schema(line.clone(), Value::Null)).parse("").unwrap(), Value::Null);
        assert_eq!(ParameterText(&schema(line, "x")).parse("").unwrap(), Value::from(""));
    }

    #[test]
    fn cells_are_what_they_look_like() {
        for (text, value) in [
            ("", Value::Null),
            ("12", Value::Int(12)),
            ("-3", Value::Int(-3)),
            ("1.5", Value::Float(1.5)),
            ("-0.5", Value::Float(-0.5)),
            ("2e3", Value::Float(2000.0)),
            ("true", Value::Bool(true)),
            ("007", "007".into()),
            ("+1", "+1".into()),
            ("1-2", "1-2".into()),
            ("nan", "nan".into()),
            ("inf", "inf".into()),
            ("99999999999999999999", "99999999999999999999".into()),
            ("Adelie", "Adelie".into()),
        ] {
            assert_eq!(cell_value(text), value, "{text:?}");
        }
    }

    #[test]
    fn a_table_grows_and_shrinks() {
        let mut table = TypedTable::default();
        table.add_column();
        table.add_row();
        table.add_column();
        assert_eq!(table.columns, ["column 1".into(), "column 2".into()]);
        assert_eq!(table.rows, [vec![Value::Null, Value::Null]]);
        let value = with_cell(&table.to_value(), 0, 1, Value::Int(7)).unwrap();
        let value = with_column_name(&value, 1, "b").unwrap();
        let mut table = TypedTable::of(&value);
        table.remove_column(0);
        assert_eq!((table.columns.clone(), table.rows.clone()), (vec!["b".into()], vec![vec![Value::Int(7)]]));
        table.remove_row(0);
        assert!(table.rows.is_empty());
        table.remove_row(5);
        table.remove_column(5);
        assert_eq!(table.columns.len(), 1);
    }

    #[test]
    fn a_column_name_is_not_given_twice() {
        let mut table = TypedTable::default();
        table.add_column();
        table.add_column();
        assert!(with_column_name(&table.to_value(), 1, "column 1").is_none());
        assert!(with_column_name(&table.to_value(), 1, "").is_none());
    }

    #[test]
    fn a_table_of_another_shape_is_mended() {
        let value = Value::record([
            ("columns", Value::list(["a".into(), "b".into()])),
            ("rows", Value::list([Value::list([Value::Int(1)]), Value::Null])),
        ]);
        let table = TypedTable::of(&value);
        assert_eq!(table.rows, [vec![Value::Int(1), Value::Null], vec![Value::Null, Value::Null]]);
    }
}
