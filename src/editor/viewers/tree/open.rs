//! Which lists and records of a value are open, and which row shows which of their entries. Rows are counted, not listed, so
//! that a list of a million entries opens at once.

use std::{collections::BTreeMap, sync::Arc};

use smallvec::SmallVec;

use crate::value::Value;

/// Where an entry is: for each level its number among those beside it. Empty for the value itself.
pub(super) type Path = SmallVec<[usize; 6]>;

/// A list or record that is open.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Open {
    n_entries: usize,
    /// Those of its entries that are open.
    inside: BTreeMap<usize, Self>,
    /// How many rows it has, with those of what is open inside.
    n_rows: usize,
}

/// Returns how many entries a list or record has; `None` for all else.
pub(super) fn n_entries(value: &Value) -> Option<usize> {
    match value {
        Value::List(items) => Some(items.len()),
        Value::Record(record) => Some(record.len()),
        _ => None,
    }
}

/// Returns an entry of a list or record, with its name if it has one.
pub(super) fn entry(value: &Value, index: usize) -> Option<(Option<&Arc<str>>, &Value)> {
    match value {
        Value::List(items) => items.get(index).map(|item| (None, item)),
        Value::Record(record) => record.nth(index).map(|(name, value)| (Some(name), value)),
        _ => None,
    }
}

/// Returns what lies at a path.
pub(super) fn at<'a>(value: &'a Value, path: &[usize]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, &index| entry(value, index).map(|(_, inside)| inside))
}

impl Open {
    /// Returns a value of which only its own entries are seen.
    pub(super) fn new(n_entries: usize) -> Self {
        Self { n_entries, inside: BTreeMap::new(), n_rows: n_entries }
    }

    /// Returns the number of rows.
    pub(super) const fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Returns the entry that a row shows.
    pub(super) fn path_at(&self, mut row: usize) -> Option<Path> {
        let mut path = Path::new();
        let mut this = self;
        'level: loop {
            let mut above = 0;
            for (&index, inside) in &this.inside {
                let own = index + above;
                if row <= own {
                    break;
                }
                if row <= own + inside.n_rows {
                    path.push(index);
                    row -= own + 1;
                    this = inside;
                    continue 'level;
                }
                above += inside.n_rows;
            }
            let index = row.checked_sub(above).filter(|index| *index < this.n_entries)?;
            path.push(index);
            return Some(path);
        }
    }

    /// Returns the row that shows an entry, if all around it is open.
    pub(super) fn row_of(&self, path: &[usize]) -> Option<usize> {
        let (&first, rest) = path.split_first()?;
        let above: usize = self.inside.range(..first).map(|(_, inside)| inside.n_rows).sum();
        let own = (first < self.n_entries).then_some(first + above)?;
        if rest.is_empty() { Some(own) } else { Some(own + 1 + self.inside.get(&first)?.row_of(rest)?) }
    }

    /// Returns whether an entry is open.
    pub(super) fn is_open(&self, path: &[usize]) -> bool {
        let mut this = Some(self);
        for index in path {
            this = this.and_then(|open| open.inside.get(index));
        }
        this.is_some()
    }

    /// Opens an entry of a value, and all that is around it.
    pub(super) fn open(&mut self, path: &[usize], value: &Value) {
        let Some((&first, rest)) = path.split_first() else { return };
        let Some((_, inside)) = entry(value, first) else { return };
        let Some(n_inside) = n_entries(inside) else { return };
        self.inside.entry(first).or_insert_with(|| Self::new(n_inside)).open(rest, inside);
        self.count();
    }

    /// Closes an entry.
    pub(super) fn close(&mut self, path: &[usize]) {
        match path {
            [] => return,
            [last] => {
                self.inside.remove(last);
            }
            [first, rest @ ..] => {
                if let Some(inside) = self.inside.get_mut(first) {
                    inside.close(rest);
                }
            }
        }
        self.count();
    }

    fn count(&mut self) {
        self.n_rows = self.n_entries + self.inside.values().map(|inside| inside.n_rows).sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value() -> Value {
        let record = |n: i64| Value::record([("a", Value::Int(n)), ("b", Value::list((0..n).map(Value::Int)))]);
        Value::list([record(2), Value::Null, record(3)])
    }

    /// Returns each row's path, as text.
    fn rows(open: &Open) -> Vec<String> {
        let text = |path: Path| path.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
        (0..open.n_rows()).map(|row| text(open.path_at(row).unwrap())).collect()
    }

    #[test]
    fn rows_follow_what_is_open() {
        let value = value();
        let mut open = Open::new(3);
        assert_eq!(rows(&open), ["0", "1", "2"]);
        open.open(&[2, 1], &value);
        assert_eq!(rows(&open), ["0", "1", "2", "2.0", "2.1", "2.1.0", "2.1.1", "2.1.2"]);
        open.open(&[0], &value);
        assert_eq!(rows(&open)[..4], ["0", "0.0", "0.1", "1"]);
        assert_eq!(open.path_at(open.n_rows()), None);
        for row in 0..open.n_rows() {
            assert_eq!(open.row_of(&open.path_at(row).unwrap()), Some(row));
        }
        assert_eq!(open.row_of(&[0, 1, 0]), None, "it is closed");
        open.close(&[2, 1]);
        open.close(&[0]);
        assert_eq!(rows(&open), ["0", "1", "2", "2.0", "2.1"]);
        assert!(open.is_open(&[2]) && !open.is_open(&[2, 1]));
    }

    #[test]
    fn what_has_no_entries_does_not_open() {
        let mut open = Open::new(3);
        open.open(&[1], &value());
        open.open(&[7, 1], &value());
        assert_eq!(open, Open::new(3));
    }
}
