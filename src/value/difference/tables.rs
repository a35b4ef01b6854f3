//! Tables: columns by name, rows by what stands in the columns that both have, cells of rows that stand in each other's place.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::{
    array::ArrayRef,
    row::{RowConverter, Rows, SortField},
};
use similar::{Algorithm, DiffOp};

use crate::value::{Table, TableError};

/// How many rows are told at most.
const MAX_ROWS: usize = 1_000;

/// After how long a shorter difference is no longer looked for.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// What differs between two tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableDifference {
    /// How many rows the first has and the second has.
    pub n_rows: (usize, usize),
    /// Columns that only the first has.
    pub columns_removed: Vec<String>,
    /// Columns that only the second has.
    pub columns_added: Vec<String>,
    /// Columns whose type is another: name, the type before, the type after.
    pub columns_changed: Vec<(String, String, String)>,
    /// How many rows are only in the first.
    pub n_removed: usize,
    /// How many rows are only in the second.
    pub n_added: usize,
    /// How many rows have other cells.
    pub n_changed: usize,
    /// The columns that both have, in the order of the second: the cells of removed and added rows.
    pub columns: Vec<String>,
    /// The rows, in order; of very many the first.
    pub rows: Vec<RowDifference>,
    /// Whether there are more than told.
    pub is_cut: bool,
}

/// What differs in a row. Rows are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowDifference {
    /// It is only in the first table, with these cells.
    Removed(usize, Vec<String>),
    /// It is only in the second table, with these cells.
    Added(usize, Vec<String>),
    /// The row of the first table is at this place, that of the second at that one, and these cells differ.
    Changed(usize, usize, Vec<CellDifference>),
}

/// A cell that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellDifference {
    /// The column.
    pub column: String,
    /// What stood there.
    pub before: String,
    /// What stands there.
    pub after: String,
}

/// A column that both tables have with the same type.
struct Common {
    name: String,
    before: usize,
    after: usize,
}

impl TableDifference {
    pub(super) fn between(before: &Table, after: &Table) -> Result<Self, String> {
        let names = |table: &Table| table.column_names().map(ToOwned::to_owned).collect::<Vec<_>>();
        let (old, new) = (names(before), names(after));
        let mut difference = Self { n_rows: (before.n_rows(), after.n_rows()), ..Self::default() };
        let mut common = Vec::new();
        for (index, name) in new.iter().enumerate() {
            match old.iter().position(|known| known == name) {
                None => difference.columns_added.push(name.clone()),
                Some(there) => {
                    let (then, now) = (before.column_type(there), after.column_type(index));
                    if before.schema().field(there).data_type() == after.schema().field(index).data_type() {
                        common.push(Common { name: name.clone(), before: there, after: index });
                    } else {
                        difference.columns_changed.push((name.clone(), then, now));
                    }
                }
            }
        }
        difference.columns_removed = old.into_iter().filter(|name| !new.contains(name)).collect();
        difference.columns = common.iter().map(|column| column.name.clone()).collect();
        if !common.is_empty() {
            difference.compare_rows(before, after, &common).map_err(|error| error.to_string())?;
        }
        Ok(difference)
    }

    fn compare_rows(&mut self, before: &Table, after: &Table, common: &[Common]) -> Result<(), TableError> {
        let (old, new) = numbered_rows(before, after, common)?;
        let until = Instant::now() + TIME_LIMIT;
        let ops = similar::capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(until));
        for op in ops {
            match op {
                DiffOp::Equal { .. } => {}
                DiffOp::Delete { old_index, old_len, .. } => self.remove(before, common, old_index, old_len),
                DiffOp::Insert { new_index, new_len, .. } => self.add(after, common, new_index, new_len),
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    let n_pairs = old_len.min(new_len);
                    for row in 0..n_pairs {
                        self.pair((before, old_index + row), (after, new_index + row), common);
                    }
                    self.remove(before, common, old_index + n_pairs, old_len - n_pairs);
                    self.add(after, common, new_index + n_pairs, new_len - n_pairs);
                }
            }
        }
        Ok(())
    }

    /// Notes a row, unless there are very many already.
    fn note(&mut self, row: impl FnOnce() -> RowDifference) {
        if self.rows.len() < MAX_ROWS {
            self.rows.push(row());
        } else {
            self.is_cut = true;
        }
    }

    fn remove(&mut self, table: &Table, common: &[Common], first: usize, n_rows: usize) {
        self.n_removed += n_rows;
        for row in first..first + n_rows {
            self.note(|| {
                let cells = common.iter().map(|column| table.cell(row, column.before).display_text()).collect();
                RowDifference::Removed(row + 1, cells)
            });
        }
    }

    fn add(&mut self, table: &Table, common: &[Common], first: usize, n_rows: usize) {
        self.n_added += n_rows;
        for row in first..first + n_rows {
            self.note(|| {
                let cells = common.iter().map(|column| table.cell(row, column.after).display_text()).collect();
                RowDifference::Added(row + 1, cells)
            });
        }
    }

    /// Notes two rows that stand in each other's place: as one that changed, unless most of its cells are others.
    fn pair(&mut self, (old, before): (&Table, usize), (new, after): (&Table, usize), common: &[Common]) {
        let cells: Vec<CellDifference> = common
            .iter()
            .map(|column| (column, old.cell(before, column.before), new.cell(after, column.after)))
            .filter(|(_, before, after)| before.fingerprint() != after.fingerprint())
            .map(|(column, before, after)| CellDifference {
                column: column.name.clone(),
                before: before.display_text(),
                after: after.display_text(),
            })
            .collect();
        if cells.len() * 2 > common.len() {
            self.remove(old, common, before, 1);
            self.add(new, common, after, 1);
        } else {
            self.n_changed += 1;
            self.note(|| RowDifference::Changed(before + 1, after + 1, cells));
        }
    }
}

/// Returns the rows of both tables as numbers, the same for the same cells in the common columns.
fn numbered_rows(before: &Table, after: &Table, common: &[Common]) -> Result<(Vec<u32>, Vec<u32>), TableError> {
    let fields = common.iter().map(|column| SortField::new(before.schema().field(column.before).data_type().clone()));
    let converter = RowConverter::new(fields.collect())?;
    let rows = |table: &Table, index: fn(&Common) -> usize| -> Result<Vec<Rows>, TableError> {
        let of_batch = |batch: &arrow::array::RecordBatch| {
            let columns: Vec<ArrayRef> = common.iter().map(|column| Arc::clone(batch.column(index(column)))).collect();
            converter.convert_columns(&columns).map_err(TableError::from)
        };
        table.batches().iter().map(of_batch).collect()
    };
    let (old, new) = (rows(before, |column| column.before)?, rows(after, |column| column.after)?);
    let mut numbers: HashMap<&[u8], u32> = HashMap::new();
    let [old, new] = [&old, &new].map(|batches| {
        let rows = batches.iter().flat_map(Rows::iter);
        rows.map(|row| {
            let next = numbers.len() as u32;
            *numbers.entry(row.data()).or_insert(next)
        })
        .collect()
    });
    Ok((old, new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn table(names: &[&str], rows: &[&[Value]]) -> Table {
        let names: Vec<Arc<str>> = names.iter().map(|name| (*name).into()).collect();
        let rows: Vec<Vec<Value>> = rows.iter().map(|row| row.to_vec()).collect();
        Table::from_rows(&names, &rows)
    }

    fn people(rows: &[(&str, i64)]) -> Table {
        let rows: Vec<Vec<Value>> = rows.iter().map(|(name, age)| vec![Value::text(*name), Value::Int(*age)]).collect();
        Table::from_rows(&["name".into(), "age".into()], &rows)
    }

    #[test]
    fn rows_are_added_removed_and_changed() {
        let before = people(&[("Ada", 36), ("Bo", 20), ("Cy", 30), ("Di", 1)]);
        let after = people(&[("Zed", 9), ("Ada", 36), ("Bo", 21), ("Cy", 30)]);
        let difference = TableDifference::between(&before, &after).unwrap();
        assert_eq!((difference.n_added, difference.n_removed, difference.n_changed), (1, 1, 1));
        let cell = CellDifference { column: "age".into(), before: "20".into(), after: "21".into() };
        assert_eq!(
            difference.rows,
            [
                RowDifference::Added(1, vec!["Zed".into(), "9".into()]),
                RowDifference::Changed(2, 3, vec![cell]),
                RowDifference::Removed(4, vec!["Di".into(), "1".into()]),
            ]
        );
    }

    #[test]
    fn columns_are_compared_by_name_and_rows_by_those_both_have() {
        let before = table(&["a", "b", "c"], &[&[Value::Int(1), Value::Int(2), Value::Int(3)]]);
        let after = table(&["b", "a", "d"], &[&[Value::Int(2), Value::text("1"), Value::Int(3)]]);
        let difference = TableDifference::between(&before, &after).unwrap();
        assert_eq!(difference.columns_added, ["d"]);
        assert_eq!(difference.columns_removed, ["c"]);
        assert_eq!(difference.columns_changed.len(), 1);
        assert_eq!(difference.columns_changed[0].0, "a");
        assert_eq!(difference.columns, ["b"]);
        assert!(difference.rows.is_empty(), "{difference:?}");
    }

    #[test]
    fn of_very_many_rows_all_are_counted_and_the_first_told() {
        let rows: Vec<(&str, i64)> = (0..3_000).map(|number| ("x", number)).collect();
        let difference = TableDifference::between(&people(&rows[..1]), &people(&rows)).unwrap();
        assert_eq!(difference.n_added, 2_999);
        assert_eq!((difference.rows.len(), difference.is_cut), (MAX_ROWS, true));
    }
}
