//! Values typed in by hand.

use std::sync::Arc;

use super::{Choice, Context, Family, Kind, Load, NodeError, ParameterSchema, ParameterType, Success};
use crate::value::{Record, Table, Value, ValueType};

pub(super) fn kinds() -> Vec<Kind> {
    vec![text(), number(), integer(), boolean(), list(), record(), table()]
}

fn text() -> Kind {
    Kind::new("text", "Text", Family::Input, |ctx| Ok(Success::one("text", ctx.parameters().text("text"))))
        .about("Gives the text that is typed in.", "string constant note words url multi-line")
        .output("text", ValueType::Text)
        .parameter(
            ParameterSchema::new("text", "Text", ParameterType::Text { language: "" }, "", "The text to give.")
                .on_node(),
        )
        .load(Load::Instant)
}

fn number() -> Kind {
    Kind::new("number", "Number", Family::Input, |ctx| Ok(Success::one("number", ctx.parameters().float("value"))))
        .about("Gives the number that is typed in.", "float decimal constant value")
        .output("number", ValueType::Float)
        .parameter(
            ParameterSchema::new(
                "value",
                "Value",
                ParameterType::Float { min: f64::MIN, max: f64::MAX, unit: "" },
                0.0,
                "The number to give.",
            )
            .on_node(),
        )
        .load(Load::Instant)
}

fn integer() -> Kind {
    Kind::new("integer", "Whole Number", Family::Input, |ctx| Ok(Success::one("number", ctx.parameters().int("value"))))
        .about("Gives the whole number that is typed in.", "int integer count constant value")
        .output("number", ValueType::Int)
        .parameter(
            ParameterSchema::new(
                "value",
                "Value",
                ParameterType::Int { min: i64::MIN, max: i64::MAX, unit: "" },
                0,
                "The whole number to give.",
            )
            .on_node(),
        )
        .load(Load::Instant)
}

fn boolean() -> Kind {
    Kind::new("boolean", "True or False", Family::Input, |ctx| {
        Ok(Success::one("value", ctx.parameters().bool("value")))
    })
    .about("Gives true or false.", "bool yes no switch toggle flag constant")
    .output("value", ValueType::Bool)
    .parameter(ParameterSchema::new("value", "Value", ParameterType::Bool, false, "What to give.").on_node())
    .load(Load::Instant)
}

/// How the items of a list are typed in.
const LIST_FORMS: &[Choice] =
    &[Choice { id: "json", label: "Any values (JSON)" }, Choice { id: "lines", label: "Texts, one a line" }];

fn list() -> Kind {
    Kind::new("list", "List", Family::Input, |ctx| {
        let parameters = ctx.parameters();
        let id = if parameters.text("form") == "lines" { "lines" } else { "items" };
        match parameters.get(id) {
            items @ Value::List(_) => Ok(Success::one("list", items.clone())),
            other => Err(NodeError::new(format!("the items must be a list such as [1, 2], not {}", other.preview()))),
        }
    })
    .about("Gives the list that is typed in.", "array items lines values constant json")
    .output("list", ValueType::List)
    .parameter(ParameterSchema::new(
        "form",
        "Items are",
        ParameterType::Choice(LIST_FORMS),
        "json",
        "Whether the items are any values, written as JSON, or texts, one a line.",
    ))
    .parameter(ParameterSchema::new(
        "items",
        "Items",
        ParameterType::Json,
        Value::list([]),
        "The items as a JSON list, such as [1, \"two\", null].",
    ))
    .parameter(ParameterSchema::new(
        "lines",
        "Lines",
        ParameterType::Lines,
        Value::list([]),
        "The items as texts, one a line.",
    ))
    .load(Load::Instant)
}

fn record() -> Kind {
    Kind::new("record", "Record", Family::Input, |ctx| match ctx.parameters().get("fields") {
        fields @ Value::Record(_) => Ok(Success::one("record", fields.clone())),
        other => Err(NodeError::new(format!(
            "the fields must be a record such as {{\"name\": \"Ada\"}}, not {}",
            other.preview()
        ))),
    })
    .about("Gives the record of named values that is typed in.", "object map dictionary fields json constant settings")
    .output("record", ValueType::Record)
    .parameter(ParameterSchema::new(
        "fields",
        "Fields",
        ParameterType::Json,
        Value::Record(Arc::new(Record::new())),
        "The fields as a JSON object, such as {\"name\": \"Ada\", \"born\": 1815}.",
    ))
    .load(Load::Instant)
}

fn table() -> Kind {
    let empty = Value::record([("columns", Value::list([])), ("rows", Value::list([]))]);
    Kind::new("table", "Table", Family::Input, typed_table)
        .about("Gives the table that is typed in.", "rows columns spreadsheet grid constant lookup")
        .output("table", ValueType::Table)
        .parameter(ParameterSchema::new(
            "table",
            "Table",
            ParameterType::Table,
            empty,
            "The names of the columns, and the rows cell by cell.",
        ))
}

fn typed_table(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let Value::Record(table) = ctx.parameters().get("table") else {
        return Err(NodeError::new("the table must be a record of columns and rows"));
    };
    let names = column_names(table.get("columns"))?;
    let rows = rows(table.get("rows"), names.len())?;
    Ok(Success::one("table", Table::from_rows(&names, &rows)))
}

fn column_names(columns: Option<&Value>) -> Result<Vec<Arc<str>>, NodeError> {
    let Some(Value::List(columns)) = columns else {
        return Err(NodeError::new("the table's columns must be a list of names"));
    };
    let mut names: Vec<Arc<str>> = Vec::with_capacity(columns.len());
    for column in columns.iter() {
        let Some(name) = column.as_text().filter(|name| !name.is_empty()) else {
            return Err(NodeError::new(format!("column {} has no name", names.len() + 1)));
        };
        if names.iter().any(|known| **known == *name) {
            return Err(NodeError::new(format!("two columns are called {name}: rename one of them")));
        }
        names.push(name.into());
    }
    Ok(names)
}

fn rows(rows: Option<&Value>, n_columns: usize) -> Result<Vec<Vec<Value>>, NodeError> {
    let rows = match rows {
        Some(Value::List(rows)) => rows.iter(),
        None => [].iter(),
        Some(other) => return Err(NodeError::new(format!("the table's rows must be a list, not {}", other.preview()))),
    };
    rows.zip(1..)
        .map(|(row, number)| match row {
            Value::List(cells) if cells.len() <= n_columns => Ok(cells.to_vec()),
            Value::List(cells) => Err(NodeError::new(format!(
                "row {number} has {} cells and the table {n_columns} columns: name the further columns or remove cells",
                cells.len()
            ))),
            other => Err(NodeError::new(format!("row {number} must be a list of cells, not {}", other.preview()))),
        })
        .collect()
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
