//! What a For Each takes, one item at a time.
//!
//! A list, a table or a stream is opened from its start or right behind an item that was taken before. Nothing is read
//! ahead, so a file or an answer larger than memory can be walked through, and a loop can be resumed in its middle.

mod lines;

use std::{path::Path, sync::Arc};

use super::{Kind, NodeError, http};
use crate::value::{Record, Table, Value};

pub(super) fn kinds() -> Vec<Kind> {
    vec![lines::read_lines()]
}

/// Says whether reading should stop.
pub type Stop = Arc<dyn Fn() -> bool + Send + Sync>;

/// One item of a sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The item.
    pub value: Value,
    /// Where the sequence goes on: a small plain value which opens it right behind this item.
    pub next: Value,
}

/// A sequence that is open. After an error it has ended.
pub struct Items {
    /// How many there are in all, those before the start included, if that is known without reading them.
    pub total: Option<u64>,
    rest: Box<dyn Iterator<Item = Result<Item, NodeError>> + Send>,
    stop: Stop,
    has_ended: bool,
}

impl std::fmt::Debug for Items {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Items").field("total", &self.total).field("has_ended", &self.has_ended).finish_non_exhaustive()
    }
}

impl Iterator for Items {
    type Item = Result<Item, NodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let item = if (self.stop)() { Some(Err(NodeError::Cancelled)) } else { self.rest.next() };
        self.has_ended = !matches!(item, Some(Ok(_)));
        item
    }
}

/// What a sequence is read with.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Where relative paths start from.
    pub folder: &'a Path,
    /// Gives the value of a secret, by its name.
    pub secret: &'a dyn Fn(&str) -> Result<String, NodeError>,
}

/// Opens a list, a table (row by row, as records) or a stream: from the start, or from an [`Item::next`].
///
/// `stop` is asked before each item and within long reads; then the next item is
/// [`NodeError::Cancelled`].
pub fn open(value: &Value, from: Option<&Value>, around: Around<'_>, stop: Stop) -> Result<Items, NodeError> {
    let (total, rest): (_, Box<dyn Iterator<Item = _> + Send>) = match value {
        Value::List(items) => (Some(items.len() as u64), Box::new(list_items(items, index_from(from)?))),
        Value::Table(table) => (Some(table.n_rows() as u64), Box::new(rows(table, index_from(from)?))),
        Value::Stream(description) => match description.get("stream").and_then(Value::as_text) {
            Some(lines::STREAM) => (None, Box::new(lines::open(description, from, around.folder, Arc::clone(&stop))?)),
            Some(http::PAGES_STREAM) => {
                (None, Box::new(http::open_pages(description, from, around.secret, Arc::clone(&stop))?))
            }
            other => {
                let what = other.unwrap_or("nothing it names");
                return Err(NodeError::new(format!("this program cannot read a stream of {what}")));
            }
        },
        Value::Record(_) => {
            return Err(NodeError::new(format!(
                "For Each takes a list, a table or a stream, not {}: connect one of its fields, or make a list of it",
                value.preview()
            )));
        }
        other => {
            return Err(NodeError::new(format!("For Each takes a list, a table or a stream, not {}", other.preview())));
        }
    };
    Ok(Items { total, rest, stop, has_ended: false })
}

fn list_items(items: &Arc<[Value]>, start: usize) -> impl Iterator<Item = Result<Item, NodeError>> + use<> {
    let items = Arc::clone(items);
    (start..items.len()).map(move |index| Ok(Item { value: items[index].clone(), next: index_value(index + 1) }))
}

fn rows(table: &Table, start: usize) -> impl Iterator<Item = Result<Item, NodeError>> + use<> {
    let table = table.clone();
    let names: Vec<Arc<str>> = table.column_names().map(Arc::from).collect();
    (start..table.n_rows()).map(move |row| {
        let cells = names.iter().enumerate().map(|(column, name)| (Arc::clone(name), table.cell(row, column)));
        Ok(Item { value: Value::record(cells), next: index_value(row + 1) })
    })
}

fn index_value(index: usize) -> Value {
    Value::Int(i64::try_from(index).unwrap_or(i64::MAX))
}

fn index_from(from: Option<&Value>) -> Result<usize, NodeError> {
    match from {
        None => Ok(0),
        Some(Value::Int(index)) => usize::try_from(*index).map_err(|_negative| no_such_place(&Value::Int(*index))),
        Some(other) => Err(no_such_place(other)),
    }
}

/// Returns an error for a place that the sequence has not given.
fn no_such_place(from: &Value) -> NodeError {
    NodeError::new(format!(
        "the sequence cannot go on from {}: it is of another sort than before; run the loop from its start",
        from.preview()
    ))
}

/// Returns a whole number of a place that the sequence has given.
pub(super) fn place_number(from: &Value, name: &str) -> Result<u64, NodeError> {
    match from {
        Value::Record(place) => match place.get(name) {
            Some(Value::Int(number)) => u64::try_from(*number).map_err(|_negative| no_such_place(from)),
            _ => Err(no_such_place(from)),
        },
        _ => Err(no_such_place(from)),
    }
}

/// Returns a whole number of a stream's description.
pub(super) fn described_number(description: &Record, name: &str) -> Option<i64> {
    match description.get(name) {
        Some(Value::Int(number)) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
