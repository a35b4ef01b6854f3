//! Kinds that hold a value typed in by hand.

use std::sync::Arc;

use super::{Context, Family, Kind, Load, NodeError, ParameterSchema, ParameterType, Success};
use crate::value::{Record, Table, Value, ValueType};

pub(super) fn kinds() -> Vec<Kind> {
    vec![text(), number(), whole_number(), boolean(), list(), record(), table()]
}

fn text() -> Kind {
    Kind::new("text", "Text", Family::Input, |ctx| Ok(Success::one("text", ctx.parameters().text("text"))))
        .about("Holds a text typed in by hand.", "string constant words paragraph value url prompt")
        .output("text", ValueType::Text)
        .parameter(
            ParameterSchema::new("text", "Text", ParameterType::Text { language: "" }, "", "The text, of any length.")
                .on_node(),
        )
        .load(Load::Instant)
}

fn number() -> Kind {
    Kind::new("number", "Number", Family::Input, |ctx| Ok(Success::one("number", ctx.parameters().float("value"))))
        .about("Holds a number typed in by hand.", "float decimal constant value")
        .output("number", ValueType::Float)
        .parameter(
            ParameterSchema::new(
                "value",
                "Value",
                ParameterType::Float { min: f64::MIN, max: f64::MAX, unit: "" },
                0.0,
                "The number. For counts and identifiers use the kind Whole number, which never rounds.",
            )
            .on_node(),
        )
        .load(Load::Instant)
}

fn whole_number() -> Kind {
    Kind::new("whole_number", "Whole number", Family::Input, |ctx| {
        Ok(Success::one("number", ctx.parameters().int("value")))
    })
    .about("Holds a whole number typed in by hand.", "int integer count constant value number")
    .output("number", ValueType::Int)
    .parameter(
        ParameterSchema::new(
            "value",
            "Value",
            ParameterType::Int { min: i64::MIN, max: i64::MAX, unit: "" },
            0_i64,
            "The number, exact to the last digit.",
        )
        .on_node(),
    )
    .load(Load::Instant)
}

fn boolean() -> Kind {
    Kind::new("boolean", "Yes or no", Family::Input, |ctx| Ok(Success::one("boolean", ctx.parameters().bool("value"))))
        .about("Holds a yes or no typed in by hand.", "bool boolean true false switch flag constant value")
        .output("boolean", ValueType::Bool)
        .parameter(
            ParameterSchema::new("value", "Value", ParameterType::Bool, false, "Yes (true) or no (false).").on_node(),
        )
        .load(Load::Instant)
}

fn list() -> Kind {
    Kind::new("list", "List", Family::Input, run_list)
        .about("Holds a list typed in by hand.", "array items values sequence json constant")
        .output("list", ValueType::List)
        .parameter(
            ParameterSchema::new(
                "items",
                "Items",
                ParameterType::Json,
                Value::list([]),
                "The items as a JSON array, of any types: [1, \"two\", null].",
            )
            .on_node(),
        )
        .load(Load::Instant)
}

fn run_list(ctx: &Context<'_>) -> Result<Success, NodeError> {
    match ctx.parameters().get("items") {
        Value::List(items) => Ok(Success::one("list", Value::List(Arc::clone(items)))),
        other => Err(NodeError::new(format!("the items must be a list such as [1, 2], not {}", other.preview()))),
    }
}

fn record() -> Kind {
    Kind::new("record", "Record", Family::Input, run_record)
        .about("Holds named values typed in by hand.", "object dictionary map fields json struct constant")
        .output("record", ValueType::Record)
        .parameter(
            ParameterSchema::new(
                "fields",
                "Fields",
                ParameterType::Json,
                Value::Record(Arc::new(Record::new())),
                "The fields as a JSON object: {\"name\": \"value\"}.",
            )
            .on_node(),
        )
        .load(Load::Instant)
}

fn run_record(ctx: &Context<'_>) -> Result<Success, NodeError> {
    match ctx.parameters().get("fields") {
        Value::Record(fields) => Ok(Success::one("record", Value::Record(Arc::clone(fields)))),
        other => {
            Err(NodeError::new(format!("the fields must be a record such as {{\"a\": 1}}, not {}", other.preview())))
        }
    }
}

fn table() -> Kind {
    Kind::new("table", "Table", Family::Input, run_table)
        .about("Holds a table typed in by hand.", "rows columns grid spreadsheet lookup constant data")
        .output("table", ValueType::Table)
        .parameter(
            ParameterSchema::new(
                "table",
                "Table",
                ParameterType::Table,
                empty_table(),
                "The columns and rows. A column of numbers is numeric, one of mixed cells is text.",
            )
            .on_node(),
        )
}

fn empty_table() -> Value {
    Value::record([("columns", Value::list([])), ("rows", Value::list([]))])
}

fn run_table(ctx: &Context<'_>) -> Result<Success, NodeError> {
    match ctx.parameters().get("table") {
        Value::Record(record) => Ok(Success::one("table", typed_table(record)?)),
        other => {
            Err(NodeError::new(format!("the table must be a record of columns and rows, not {}", other.preview())))
        }
    }
}

fn typed_table(record: &Record) -> Result<Table, NodeError> {
    let names = column_names(record)?;
    let rows = match record.get("rows") {
        Some(Value::List(rows)) => {
            rows.iter().enumerate().map(|(index, row)| cells(index + 1, row, names.len())).collect()
        }
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(other) => Err(NodeError::new(format!("the rows must be a list of lists, not {}", other.preview()))),
    }?;
    Ok(Table::from_rows(&names, &rows))
}

fn column_names(record: &Record) -> Result<Vec<Arc<str>>, NodeError> {
    let Some(Value::List(columns)) = record.get("columns") else {
        return Err(NodeError::new("the table has no list of columns"));
    };
    let mut names: Vec<Arc<str>> = Vec::with_capacity(columns.len());
    for column in columns.iter() {
        match column {
            Value::Text(name) if names.contains(name) => {
                return Err(NodeError::new(format!("two columns are named {name:?}: give one another name")));
            }
            Value::Text(name) => names.push(Arc::clone(name)),
            other => return Err(NodeError::new(format!("a column's name must be a text, not {}", other.preview()))),
        }
    }
    Ok(names)
}

fn cells(number: usize, row: &Value, n_columns: usize) -> Result<Vec<Value>, NodeError> {
    match row {
        Value::List(cells) if cells.len() <= n_columns => Ok(cells.to_vec()),
        Value::List(cells) => {
            Err(NodeError::new(format!("row {number} has {} cells, the table has {n_columns} columns", cells.len())))
        }
        other => Err(NodeError::new(format!("row {number} must be a list of cells, not {}", other.preview()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::testing::Trial;

    #[test]
    fn inputs_give_what_was_typed_in() {
        assert_eq!(Trial::of("text").set("text", "a\nb").output("text"), Value::text("a\nb"));
        assert_eq!(Trial::of("number").set("value", 2).output("number"), Value::Float(2.0));
        assert_eq!(Trial::of("integer").set("value", i64::MAX).output("number"), Value::Int(i64::MAX));
        assert_eq!(Trial::of("boolean").set("value", true).output("value"), Value::Bool(true));
        let items = Value::list([Value::Int(1), Value::Null]);
        assert_eq!(Trial::of("list").set("items", items.clone()).output("list"), items);
        let lines = Trial::of("list").set("form", "lines").lines("lines", &["a", "b"]);
        assert_eq!(lines.output("list"), Value::list([Value::text("a"), Value::text("b")]));
        let fields = Value::record([("name", Value::text("Ada"))]);
        assert_eq!(Trial::of("record").set("fields", fields.clone()).output("record"), fields);
        assert!(Trial::of("record").set("fields", 1).error().contains("must be a record"));
        assert!(Trial::of("list").set("items", "x").error().contains("must be a list"));
    }

    fn typed(columns: &[&str], rows: &[Value]) -> Trial {
        let columns = Value::list(columns.iter().map(|name| Value::text(*name)));
        Trial::of("table").set("table", Value::record([("columns", columns), ("rows", Value::list(rows.to_vec()))]))
    }

    #[test]
    fn a_typed_table_has_typed_columns() {
        let trial =
            typed(&["a", "b"], &[Value::list([Value::Int(1), Value::text("x")]), Value::list([Value::Float(0.5)])]);
        assert_eq!(trial.csv(), "a,b\n1.0,x\n0.5,\n");
        assert_eq!(Trial::of("table").output("table").preview(), "Table 0 × 0");
    }

    #[test]
    fn a_typed_table_with_a_mistake_says_where_it_is() {
        let cell = Value::Int(1);
        let long = typed(&["a"], &[Value::list([cell.clone()]), Value::list([cell.clone(), cell.clone()])]);
        assert!(long.error().starts_with("row 2 has 2 cells"), "{}", long.error());
        assert!(typed(&["a", "a"], &[]).error().contains("two columns are called a"));
        assert!(typed(&["a", ""], &[]).error().contains("column 2 has no name"));
        assert!(typed(&["a"], &[cell]).error().contains("row 1 must be a list"));
    }
}
