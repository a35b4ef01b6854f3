//! Which rows of a table are shown, and in which order. Slow for large tables: not for the interface thread.

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use arrow::{
    array::{Array as _, ArrayRef, BooleanArray, StringArray, make_comparator},
    compute::{SortOptions, and, cast, concat, ilike, is_not_null, is_null, not, or},
    datatypes::DataType,
    error::ArrowError,
};
use rayon::slice::ParallelSliceMut as _;

use super::condition::Condition;
use crate::value::Table;

/// How a person wants the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The column the rows are sorted by, if one is, and whether the largest come first.
    pub(crate) sort: Option<(usize, bool)>,
    /// What stands anywhere in a row.
    pub(crate) search: String,
    /// What is asked of columns, as it was typed.
    pub(crate) filters: BTreeMap<usize, String>,
}

impl Wanted {
    /// Returns whether all rows are wanted as they are.
    pub(crate) fn is_all(&self) -> bool {
        self.sort.is_none() && !self.leaves_out()
    }

    /// Returns whether rows may be left out.
    pub(crate) fn leaves_out(&self) -> bool {
        !self.search.trim().is_empty() || self.filters.values().any(|filter| !filter.trim().is_empty())
    }
}

/// Why rows are not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unarranged {
    /// Something else is wanted by now.
    Cancelled,
    /// They cannot be had, and why.
    Impossible(String),
}

impl From<ArrowError> for Unarranged {
    fn from(error: ArrowError) -> Self {
        Self::Impossible(error.to_string())
    }
}

/// Returns the numbers of the rows that are wanted, in the order that is wanted. Rows that are equal in the column sorted by
/// stay in their order; empty cells come last.
pub(crate) fn arrange(table: &Table, wanted: &Wanted, cancelled: &AtomicBool) -> Result<Arc<[u32]>, Unarranged> {
    let n_rows = u32::try_from(table.n_rows());
    let n_rows = n_rows.map_err(|_too_many| Unarranged::Impossible("it has too many rows for that".to_owned()))?;
    let mut rows: Vec<u32> =
        if wanted.leaves_out() { filtered(table, wanted, cancelled)? } else { (0..n_rows).collect() };
    if let Some((column, descending)) = wanted.sort.filter(|(column, _)| *column < table.n_columns()) {
        let parts: Vec<&dyn arrow::array::Array> =
            table.batches().iter().map(|batch| &**batch.column(column)).collect();
        if !parts.is_empty() {
            let cells = concat(&parts)?;
            let compare = make_comparator(&cells, &cells, SortOptions { descending, nulls_first: false })?;
            stop_if(cancelled)?;
            rows.par_sort_by(|a, b| {
                // Nothing is compared any more once nobody wants it.
                if cancelled.load(Relaxed) { Ordering::Equal } else { compare(*a as usize, *b as usize) }
            });
        }
    }
    stop_if(cancelled)?;
    Ok(rows.into())
}

fn stop_if(cancelled: &AtomicBool) -> Result<(), Unarranged> {
    if cancelled.load(Relaxed) { Err(Unarranged::Cancelled) } else { Ok(()) }
}

fn filtered(table: &Table, wanted: &Wanted, cancelled: &AtomicBool) -> Result<Vec<u32>, Unarranged> {
    let conditions = wanted
        .filters
        .iter()
        .filter(|(column, filter)| **column < table.n_columns() && !filter.trim().is_empty())
        .map(|(column, filter)| {
            let data_type = table.schema().field(*column).data_type();
            let condition = Condition::of(filter, data_type).map_err(|why| {
                let name = table.column_names().nth(*column).unwrap_or_default().to_owned();
                Unarranged::Impossible(format!("{name}: {why}"))
            });
            condition.map(|condition| (*column, condition))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let search = wanted.search.trim();
    let mut rows = Vec::new();
    let mut start = 0;
    for batch in table.batches() {
        stop_if(cancelled)?;
        let mut mask: Option<BooleanArray> = None;
        for (column, condition) in &conditions {
            let holds = condition.holds(batch.column(*column))?;
            mask = Some(match mask {
                Some(mask) => and(&mask, &holds)?,
                None => holds,
            });
        }
        if !search.is_empty() {
            let found = found_in(batch.columns(), search)?;
            mask = Some(match mask {
                Some(mask) => and(&mask, &found)?,
                None => found,
            });
        }
        let n_rows = batch.num_rows() as u32;
        match mask {
            Some(mask) => rows.extend((0..n_rows).filter(|row| mask.value(*row as usize)).map(|row| start + row)),
            None => rows.extend(start..start + n_rows),
        }
        start += n_rows;
    }
    Ok(rows)
}

/// Returns for each row whether a text stands in one of its cells, whatever the case.
fn found_in(columns: &[ArrayRef], text: &str) -> Result<BooleanArray, ArrowError> {
    let mut found: Option<BooleanArray> = None;
    for column in columns {
        let holds = contains(column, text)?;
        found = Some(match found {
            Some(found) => or(&found, &holds)?,
            None => holds,
        });
    }
    Ok(found.unwrap_or_else(|| BooleanArray::from(Vec::<bool>::new())))
}

/// Returns for each cell whether a text stands in it as it is displayed, whatever the case; not in an empty cell.
pub(super) fn contains(column: &ArrayRef, text: &str) -> Result<BooleanArray, ArrowError> {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    let found = ilike(&as_text(column)?, &StringArray::new_scalar(pattern))?;
    or_false(&found)
}

/// Returns cells as they are displayed; those of a type without a form of text are empty.
pub(super) fn as_text(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Utf8 => Ok(Arc::clone(column)),
        other if arrow::compute::can_cast_types(other, &DataType::Utf8) && !matches!(other, DataType::Binary) => {
            cast(column, &DataType::Utf8)
        }
        _ => Ok(Arc::new(StringArray::new_null(column.len()))),
    }
}

/// Returns the same where an answer that is not known is no.
pub(super) fn or_false(answers: &BooleanArray) -> Result<BooleanArray, ArrowError> {
    if answers.null_count() == 0 {
        return Ok(answers.clone());
    }
    let known = is_not_null(answers)?;
    Ok((0..answers.len()).map(|row| Some(known.value(row) && answers.value(row))).collect())
}

/// Returns for each cell whether it is empty, or whether it is not.
pub(super) fn emptiness(column: &ArrayRef, wanted: bool) -> Result<BooleanArray, ArrowError> {
    let empty = is_null(column)?;
    if wanted { Ok(empty) } else { not(&empty) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn table() -> Table {
        let names: Vec<Arc<str>> = ["name", "age"].map(Arc::from).to_vec();
        let row = |name: &str, age: Option<i64>| vec![Value::text(name), age.map_or(Value::Null, Value::Int)];
        let rows = [row("Ida", Some(30)), row("adam", None), row("Eve", Some(4)), row("Adele", Some(30))];
        Table::from_rows(&names, &rows)
    }

    fn rows(wanted: &Wanted) -> Result<Vec<u32>, Unarranged> {
        arrange(&table(), wanted, &AtomicBool::new(false)).map(|rows| rows.to_vec())
    }

    fn filter(column: usize, filter: &str) -> Wanted {
        Wanted { filters: [(column, filter.to_owned())].into(), ..Wanted::default() }
    }

    #[test]
    fn rows_are_sorted_with_equal_ones_in_their_order_and_empty_ones_last() {
        let sorted = |descending| rows(&Wanted { sort: Some((1, descending)), ..Wanted::default() }).unwrap();
        assert_eq!(sorted(false), [2, 0, 3, 1]);
        assert_eq!(sorted(true), [0, 3, 2, 1]);
    }

    #[test]
    fn a_search_finds_text_in_any_column_whatever_the_case() {
        let found = |text: &str| rows(&Wanted { search: text.to_owned(), ..Wanted::default() }).unwrap();
        assert_eq!(found("AD"), [1, 3]);
        assert_eq!(found(" 30 "), [0, 3]);
        assert_eq!(found("%"), Vec::<u32>::new(), "a sign of patterns stands for itself");
        assert_eq!(found("").len(), 4);
    }

    #[test]
    fn filters_hold_together_and_what_is_no_filter_says_so() {
        assert_eq!(rows(&filter(1, "> 4")).unwrap(), [0, 3]);
        assert_eq!(rows(&filter(1, "null")).unwrap(), [1]);
        let both = Wanted { sort: Some((0, false)), search: "a".to_owned(), ..filter(1, "!null") };
        assert_eq!(rows(&both).unwrap(), [3, 0]);
        let Err(Unarranged::Impossible(why)) = rows(&filter(1, "> old")) else { panic!("it is no number") };
        assert!(why.starts_with("age: "), "{why}");
    }

    #[test]
    fn nothing_comes_of_what_is_no_longer_wanted() {
        let wanted = Wanted { search: "a".to_owned(), ..Wanted::default() };
        assert_eq!(arrange(&table(), &wanted, &AtomicBool::new(true)), Err(Unarranged::Cancelled));
    }
}
