//! The kind that puts the rows of two tables side by side.

use super::unused_name;
use crate::{
    nodes::{
        Arity, Choice, Context, Family, Kind, NodeError, ParameterSchema, ParameterType, Success,
        sql::{collect, quoted, session, with_row_numbers},
    },
    value::{Table, ValueType},
};

const ROWS: &[Choice] = &[
    Choice { id: "inner", label: "that match" },
    Choice { id: "left", label: "of the left table" },
    Choice { id: "right", label: "of the right table" },
    Choice { id: "full", label: "of both tables" },
];

pub(super) fn join() -> Kind {
    Kind::new("join", "Join tables", Family::Tables, run_join)
        .about(
            "Puts the rows of two tables side by side where columns are equal.",
            "merge lookup vlookup combine match inner left right full outer on key",
        )
        .input("left", ValueType::Table, Arity::Required)
        .input("right", ValueType::Table, Arity::Required)
        .output("table", ValueType::Table)
        .parameter(super::lines(
            "on",
            "On",
            &[],
            "One a line: the column that must be equal, or left = right where the names differ. Of the two, the result \
             has one column, under the left name.",
        ))
        .parameter(ParameterSchema::new(
            "rows",
            "Rows",
            ParameterType::Choice(ROWS),
            "inner",
            "Which rows to keep; cells that are missing on the other side are empty.",
        ))
}

fn run_join(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let (left, right) = (ctx.table("left")?, ctx.table("right")?);
    let keys =
        super::filled_lines(ctx, "on").iter().map(|line| key(line, &left, &right)).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        return Err(NodeError::new("no column to join on is named: write one that both tables have"));
    }
    let (left_row, right_row) = (unused_name(&left), unused_name(&right));
    let rows = ctx.parameters().text("rows");
    let query = format!(
        "SELECT {} FROM l {} JOIN r ON {} ORDER BY l.{} ASC NULLS LAST, r.{} ASC NULLS LAST",
        columns(&left, &right, &keys, rows),
        rows.to_uppercase(),
        keys.iter().map(|(a, b)| format!("l.{} = r.{}", quoted(a), quoted(b))).collect::<Vec<_>>().join(" AND "),
        quoted(&left_row),
        quoted(&right_row),
    );
    let session =
        session(&[("l", &with_row_numbers(&left, &left_row)?), ("r", &with_row_numbers(&right, &right_row)?)])?;
    let table = collect(ctx, async move { session.sql(&query).await })?;
    Ok(Success::one("table", table))
}

/// Returns the left and the right column that a line names.
fn key(line: &str, left: &Table, right: &Table) -> Result<(String, String), NodeError> {
    let has = |table: &Table, name: &str| table.column_names().any(|known| known == name);
    let (a, b) = match line.split_once('=') {
        Some((a, b)) if !has(left, line) => (a.trim(), b.trim()),
        _ => (line, line),
    };
    for (side, table, name) in [("left", left, a), ("right", right, b)] {
        if !has(table, name) {
            let known = table.column_names().collect::<Vec<_>>().join(", ");
            return Err(NodeError::new(format!("the {side} table has no column {name}; it has {known}")));
        }
    }
    Ok((a.to_owned(), b.to_owned()))
}

/// Returns the list of columns: the left ones, then the right ones apart from the keys.
fn columns(left: &Table, right: &Table, keys: &[(String, String)], rows: &str) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    for name in left.column_names() {
        let left_column = format!("l.{}", quoted(name));
        let column = match keys.iter().find(|(key, _)| key == name) {
            Some((_, other)) if rows == "right" || rows == "full" => {
                format!("coalesce({left_column}, r.{})", quoted(other))
            }
            _ => left_column,
        };
        columns.push(format!("{column} AS {}", quoted(name)));
        names.push(name.to_owned());
    }
    for name in right.column_names().filter(|name| keys.iter().all(|(_, key)| key != name)) {
        let mut shown = name.to_owned();
        while names.contains(&shown) {
            shown.push_str("_right");
        }
        columns.push(format!("r.{} AS {}", quoted(name), quoted(&shown)));
        names.push(shown);
    }
    columns.join(", ")
}
