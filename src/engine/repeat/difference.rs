//! Where two values first differ, in words.

use crate::value::{Image, Record, Table, Value};

/// How much of a text is shown from where it differs.
const SHOWN_CHARS: usize = 24;

/// Returns where two values first differ: `line 2, character 5: "x…" and "y…"`, `[3].name: 4 and 5`. Nothing for values
/// without parts, whose previews say it all.
pub(super) fn first_difference(first: &Value, second: &Value) -> Option<String> {
    let (path, detail) = find(first, second)?;
    match (path.is_empty(), detail.is_empty()) {
        (true, true) => None,
        (true, false) => Some(detail),
        (false, true) => Some(path),
        (false, false) => Some(format!("{path}: {detail}")),
    }
}

/// Returns the path to the first difference and what is there; nothing if both are the same.
fn find(first: &Value, second: &Value) -> Option<(String, String)> {
    if first.fingerprint() == second.fingerprint() {
        return None;
    }
    let found = match (first, second) {
        (Value::Text(first), Value::Text(second)) => (String::new(), text_difference(first, second)),
        (Value::Bytes(first), Value::Bytes(second)) => {
            let n_same = first.iter().zip(second.iter()).take_while(|(first, second)| first == second).count();
            (format!("byte {}", n_same + 1), String::new())
        }
        (Value::List(first), Value::List(second)) => {
            let inside = first.iter().zip(second.iter()).enumerate().find_map(|(index, (first, second))| {
                find(first, second).map(|(path, detail)| (format!("[{index}]{path}"), detail_or(detail, first, second)))
            });
            inside.unwrap_or_else(|| (String::new(), format!("{} and {} items", first.len(), second.len())))
        }
        (Value::Record(first), Value::Record(second)) => record_difference(first, second),
        (Value::Table(first), Value::Table(second)) => table_difference(first, second),
        (Value::Image(first), Value::Image(second)) => (image_difference(first, second), String::new()),
        _ => (String::new(), String::new()),
    };
    Some(found)
}

/// Returns what is said of a part, or both parts if nothing is.
fn detail_or(detail: String, first: &Value, second: &Value) -> String {
    if detail.is_empty() { format!("{} and {}", first.preview(), second.preview()) } else { detail }
}

fn text_difference(first: &str, second: &str) -> String {
    let n_same = first.chars().zip(second.chars()).take_while(|(first, second)| first == second).count();
    let (mut line, mut column) = (1, 1);
    for char in first.chars().take(n_same) {
        (line, column) = if char == '\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    let shown = |text: &str| {
        let rest: String = text.chars().skip(n_same).take(SHOWN_CHARS).collect();
        let more = if text.chars().count() > n_same + SHOWN_CHARS { "…" } else { "" };
        if rest.is_empty() { "the end".to_owned() } else { format!("{rest:?}{more}") }
    };
    format!("line {line}, character {column}: {} and {}", shown(first), shown(second))
}

fn record_difference(first: &Record, second: &Record) -> (String, String) {
    for (name, value) in first.iter() {
        match second.get(name) {
            None => return (format!(".{name}"), "is there the first time only".to_owned()),
            Some(other) => {
                if let Some((path, detail)) = find(value, other) {
                    return (format!(".{name}{path}"), detail_or(detail, value, other));
                }
            }
        }
    }
    match second.iter().find(|(name, _)| first.get(name).is_none()) {
        Some((name, _)) => (format!(".{name}"), "is there the second time only".to_owned()),
        None => (String::new(), "the fields come in another order".to_owned()),
    }
}

fn table_difference(first: &Table, second: &Table) -> (String, String) {
    let names = |table: &Table| table.column_names().map(ToOwned::to_owned).collect::<Vec<_>>();
    let (columns, others) = (names(first), names(second));
    if columns != others {
        return (String::new(), format!("columns {} and {}", columns.join(", "), others.join(", ")));
    }
    for row in 0..first.n_rows().min(second.n_rows()) {
        for (column, name) in columns.iter().enumerate() {
            let (cell, other) = (first.cell(row, column), second.cell(row, column));
            if cell.fingerprint() != other.fingerprint() {
                let detail = format!("{} and {}", cell.preview(), other.preview());
                return (format!("row {}, column {name}", row + 1), detail);
            }
        }
    }
    if first.n_rows() != second.n_rows() {
        return (String::new(), format!("{} and {} rows", first.n_rows(), second.n_rows()));
    }
    let types = |table: &Table| (0..columns.len()).map(|column| table.column_type(column)).collect::<Vec<_>>();
    let (first, second) = (types(first), types(second));
    let column = first.iter().zip(&second).position(|(first, second)| first != second);
    column.map_or_else(
        || (String::new(), "the cells are the same".to_owned()),
        |column| (format!("column {}", columns[column]), format!("type {} and {}", first[column], second[column])),
    )
}

fn image_difference(first: &Image, second: &Image) -> String {
    if (first.width(), first.height()) != (second.width(), second.height()) {
        return String::new();
    }
    let mut pixels = first.pixels().chunks(4).zip(second.pixels().chunks(4));
    let index = pixels.position(|(first, second)| first != second).unwrap_or_default();
    let width = (first.width() as usize).max(1);
    format!("pixel ({}, {})", index % width, index / width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::from_json;

    fn said(first: &serde_json::Value, second: &serde_json::Value) -> Option<String> {
        first_difference(&from_json(first), &from_json(second))
    }

    #[test]
    fn the_first_difference_is_named_with_its_place() {
        use serde_json::json;
        assert_eq!(said(&json!(1), &json!(2)), None, "the previews say it all");
        assert_eq!(said(&json!("one\ntwo"), &json!("one\ntoo")).unwrap(), "line 2, character 2: \"wo\" and \"oo\"");
        assert_eq!(said(&json!("one"), &json!("one more")).unwrap(), "line 1, character 4: the end and \" more\"");
        assert_eq!(said(&json!([1, 2, 3]), &json!([1, 5, 3])).unwrap(), "[1]: Int 2 and Int 5");
        assert_eq!(said(&json!([1]), &json!([1, 2])).unwrap(), "1 and 2 items");
        assert_eq!(
            said(&json!([{"a": {"b": true}}]), &json!([{"a": {"b": false}}])).unwrap(),
            "[0].a.b: Bool true and Bool false"
        );
        assert_eq!(said(&json!({"a": 1}), &json!({"a": 1, "b": 2})).unwrap(), ".b: is there the second time only");
    }

    #[test]
    fn tables_name_the_cell() {
        let table = |price: f64, n_rows: usize| {
            let row = |price: f64| Record::from_iter([("name", Value::text("x")), ("price", Value::Float(price))]);
            let mut rows = vec![row(1.0); n_rows];
            rows[1] = row(price);
            Value::Table(Table::from_records(&rows))
        };
        let said = |first: &Value, second: &Value| first_difference(first, second).unwrap();
        assert_eq!(said(&table(2.0, 3), &table(2.5, 3)), "row 2, column price: Float 2 and Float 2.5");
        assert_eq!(said(&table(2.0, 3), &table(2.0, 4)), "3 and 4 rows");
    }
}
