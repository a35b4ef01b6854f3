//! Joining two tables.

use super::filled_lines;
use crate::{
    nodes::{
        Arity, Choice, Family, Kind, NodeError, ParameterSchema, ParameterType, Success,
        sql::{self, Named, free_column_name},
    },
    value::{Table, Value, ValueType},
};

const JOINS: &[Choice] = &[
    Choice { id: "inner", label: "rows that are in both" },
    Choice { id: "left", label: "all rows of left" },
    Choice { id: "right", label: "all rows of right" },
    Choice { id: "full", label: "all rows of both" },
];

pub(super) fn join() -> Kind {
    Kind::new("join", "Join", Family::Tables, |ctx| {
        let (left, right) = (ctx.table("left")?, ctx.table("right")?);
        let row = free_column_name(&[&left, &right]);
        let keys = keys(&filled_lines(ctx, "on"), &left, &right)?;
        let query = query(&left, &right, &keys, ctx.parameters().text("how"), &row);
        let tables = vec![
            Named::new("left", &left).with_row_numbers(&row)?,
            Named::new("right", &right).with_row_numbers(&row)?,
        ];
        sql::query(ctx, tables, Some(row), query).map(|table| Success::one("table", table))
    })
    .about(
        "Puts the rows of two tables together where columns are equal.",
        "merge lookup vlookup match combine inner left outer",
    )
    .input("left", ValueType::Table, Arity::Required)
    .input("right", ValueType::Table, Arity::Required)
    .output("table", ValueType::Table)
    .parameter(
        ParameterSchema::new(
            "on",
            "On",
            ParameterType::Lines,
            Value::list([]),
            "The columns that must be equal, one a line: a name both tables have, or left name = right name.",
        )
        .on_node(),
    )
    .parameter(
        ParameterSchema::new("how", "Keep", ParameterType::Choice(JOINS), "inner", "Which rows the result has.")
            .on_node(),
    )
}

fn has(table: &Table, name: &str) -> bool {
    table.column_names().any(|known| known == name)
}

/// Returns the pairs of columns that must be equal.
fn keys(lines: &[String], left: &Table, right: &Table) -> Result<Vec<(String, String)>, NodeError> {
    if lines.is_empty() {
        return Err(NodeError::new("no column is named to join on: write one that both tables have"));
    }
    let check = |table: &Table, side: &str, name: &str| {
        if has(table, name) {
            return Ok(());
        }
        let known: Vec<&str> = table.column_names().collect();
        Err(NodeError::new(format!("the {side} table has no column {name}; it has {}", known.join(", "))))
    };
    lines
        .iter()
        .map(|line| {
            let (left_name, right_name) = match line.split_once('=') {
                Some((left_name, right_name)) if !has(left, line) => (left_name.trim(), right_name.trim()),
                _ => (line.as_str(), line.as_str()),
            };
            check(left, "left", left_name)?;
            check(right, "right", right_name)?;
            Ok((left_name.to_owned(), right_name.to_owned()))
        })
        .collect()
}

/// Returns the query: the columns of left, then those of right that are no keys, in the order of left's rows.
fn query(left: &Table, right: &Table, keys: &[(String, String)], how: &str, row: &str) -> String {
    let mut columns = Vec::new();
    for name in left.column_names() {
        let name_quoted = quoted(name);
        columns.push(match keys.iter().find(|(left_name, _)| left_name == name) {
            Some((_, right_name)) => format!("coalesce(l.{name_quoted}, r.{}) AS {name_quoted}", quoted(right_name)),
            None => format!("l.{name_quoted} AS {name_quoted}"),
        });
    }
    let mut taken: Vec<String> = left.column_names().map(str::to_owned).collect();
    for name in right.column_names().filter(|name| !keys.iter().any(|(_, right_name)| right_name == name)) {
        let mut free = name.to_owned();
        while taken.contains(&free) {
            free.push_str("_right");
        }
        columns.push(format!("r.{} AS {}", quoted(name), quoted(&free)));
        taken.push(free);
    }
    let equal: Vec<String> =
        keys.iter().map(|(left, right)| format!("l.{} = r.{}", quoted(left), quoted(right))).collect();
    let (columns, equal, row) = (columns.join(", "), equal.join(" AND "), quoted(row));
    format!(
        "SELECT {columns} FROM \"left\" AS l {how} JOIN \"right\" AS r ON {equal} \
         ORDER BY l.{row} NULLS LAST, r.{row} NULLS LAST"
    )
}

/// Returns a name as SQL quotes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
