//! The columns of a table as numbers, times and categories.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arrow::{
    array::{Array as _, ArrayRef, AsArray as _},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type, TimeUnit},
};

use crate::{nodes::NodeError, value::Table};

/// Numbers further from 0 than this are not drawn: sums and extents of them would be infinite.
const MAX_NUMBER: f64 = 1e150;

/// No more different values of a column are told apart.
pub(super) const MAX_DISTINCT: usize = 5_000;

/// The most columns that an error lists.
const MAX_LISTED: usize = 30;

/// The code of a row whose value is not among those that are told apart.
pub(super) const OTHER: u32 = u32::MAX;

/// What an empty cell is called among other values.
const EMPTY: &str = "(empty)";

/// What a column holds, for a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Number,
    Time,
    /// Text, yes or no, and the rest.
    Category,
}

/// The columns of a table.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    table: &'a Table,
    stop: &'a AtomicBool,
}

/// A column whose different values have numbers, from 0.
pub(super) struct Coded {
    /// Of each row; [`OTHER`] where there are too many.
    pub(super) codes: Vec<u32>,
    pub(super) names: Vec<String>,
    /// How many rows have a value that is not told apart.
    pub(super) n_others: usize,
}

impl<'a> Columns<'a> {
    pub(super) const fn new(table: &'a Table, stop: &'a AtomicBool) -> Self {
        Self { table, stop }
    }

    pub(super) fn n_rows(self) -> usize {
        self.table.n_rows()
    }

    pub(super) fn name(self, column: usize) -> String {
        self.table.schema().field(column).name().clone()
    }

    pub(super) fn fit(self, column: usize) -> Fit {
        match self.table.schema().field(column).data_type() {
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Fit::Time,
            number if number.is_numeric() => Fit::Number,
            _ => Fit::Category,
        }
    }

    /// Returns the first column that fits and is none of these.
    pub(super) fn first(self, fits: &[Fit], but: &[usize]) -> Option<usize> {
        (0..self.table.n_columns()).find(|column| fits.contains(&self.fit(*column)) && !but.contains(column))
    }

    /// Returns the column with a name, whatever its case if there is only one such.
    pub(super) fn named(self, name: &str) -> Result<usize, NodeError> {
        let exact = self.table.column_names().position(|known| known == name);
        let mut alike =
            self.table.column_names().enumerate().filter(|(_, known)| known.to_lowercase() == name.to_lowercase());
        let only = alike.next().filter(|_| alike.next().is_none()).map(|(column, _)| column);
        exact.or(only).ok_or_else(|| NodeError::new(format!("there is no column {name:?}: {}", self.in_words())))
    }

    /// Returns the column of numbers with a name.
    pub(super) fn number_named(self, name: &str) -> Result<usize, NodeError> {
        let column = self.named(name)?;
        let is_bool = *self.table.schema().field(column).data_type() == DataType::Boolean;
        if self.fit(column) == Fit::Number || is_bool || self.is_empty(column) {
            return Ok(column);
        }
        Err(NodeError::new(format!(
            "the column {:?} holds {}, not numbers: {}",
            self.name(column),
            self.table.column_type(column),
            self.in_words()
        )))
    }

    /// Returns what to say if no column fits.
    pub(super) fn missing(self, what: &str) -> NodeError {
        NodeError::new(format!("there is no column of {what}: {}", self.in_words()))
    }

    /// Returns whether no row has a value in a column.
    fn is_empty(self, column: usize) -> bool {
        self.parts(column).all(|part| part.null_count() == part.len())
    }

    fn in_words(self) -> String {
        let mut columns: Vec<String> = self
            .table
            .column_names()
            .enumerate()
            .take(MAX_LISTED)
            .map(|(column, name)| format!("{name} ({})", self.table.column_type(column)))
            .collect();
        if self.table.n_columns() > MAX_LISTED {
            columns.push(format!("{} more", self.table.n_columns() - MAX_LISTED));
        }
        if columns.is_empty() {
            "the table has no columns".to_owned()
        } else {
            format!("the table has {}", columns.join(", "))
        }
    }

    fn parts(self, column: usize) -> impl Iterator<Item = &'a ArrayRef> {
        self.table.batches().iter().map(move |batch| batch.column(column))
    }

    fn cast(self, column: usize, data_type: &DataType) -> Result<Vec<ArrayRef>, NodeError> {
        let parts = self.parts(column).map(|part| {
            self.go_on()?;
            let unreadable = |error| NodeError::new(format!("cannot read the column {:?}: {error}", self.name(column)));
            if part.data_type() == data_type { Ok(Arc::clone(part)) } else { cast(part, data_type).map_err(unreadable) }
        });
        parts.collect()
    }

    /// Returns an error if nobody waits for the plot any more.
    pub(super) fn go_on(self) -> Result<(), NodeError> {
        if self.stop.load(Ordering::Relaxed) { Err(NodeError::Cancelled) } else { Ok(()) }
    }

    /// Returns a column of numbers; `NaN` where there is none that can be drawn.
    pub(super) fn numbers(self, column: usize) -> Result<Vec<f64>, NodeError> {
        let mut numbers = Vec::with_capacity(self.n_rows());
        for part in self.cast(column, &DataType::Float64)? {
            self.go_on()?;
            numbers.extend(
                part.as_primitive::<Float64Type>()
                    .iter()
                    .map(|number| number.filter(|number| number.abs() <= MAX_NUMBER).unwrap_or(f64::NAN)),
            );
        }
        Ok(numbers)
    }

    /// Returns a column of times in seconds since 1970; `NaN` where there is none.
    pub(super) fn times(self, column: usize) -> Result<Vec<f64>, NodeError> {
        let milliseconds = DataType::Timestamp(TimeUnit::Millisecond, None);
        let mut times = Vec::with_capacity(self.n_rows());
        for part in self.cast(column, &milliseconds)? {
            self.go_on()?;
            let part = cast(&part, &DataType::Int64).map_err(|error| NodeError::new(error.to_string()))?;
            times.extend(
                part.as_primitive::<Int64Type>().iter().map(|time| time.map_or(f64::NAN, |time| time as f64 / 1e3)),
            );
        }
        Ok(times)
    }

    /// Returns a column of text as times, if every value is one.
    pub(super) fn text_as_times(self, column: usize) -> Result<Option<Vec<f64>>, NodeError> {
        if *self.table.schema().field(column).data_type() != DataType::Utf8 || self.is_empty(column) {
            return Ok(None);
        }
        let times = self.times(column)?;
        let n_empty: usize = self.parts(column).map(|part| part.null_count()).sum();
        Ok((times.iter().filter(|time| time.is_nan()).count() == n_empty).then_some(times))
    }

    /// Returns a column with its different values numbered: texts in the order they come, numbers and times in theirs.
    pub(super) fn coded(self, column: usize) -> Result<Coded, NodeError> {
        let mut coded = Coded { codes: Vec::with_capacity(self.n_rows()), names: Vec::new(), n_others: 0 };
        let mut known: HashMap<String, u32> = HashMap::new();
        for part in self.cast(column, &DataType::Utf8)? {
            self.go_on()?;
            for text in part.as_string::<i32>() {
                coded.add(text.unwrap_or(EMPTY), &mut known);
            }
        }
        if self.fit(column) != Fit::Category {
            coded.sort_by_number();
        }
        Ok(coded)
    }
}

impl Coded {
    fn add(&mut self, name: &str, known: &mut HashMap<String, u32>) {
        let code = match known.get(name) {
            Some(code) => *code,
            None if self.names.len() < MAX_DISTINCT => {
                let code = self.names.len() as u32;
                known.insert(name.to_owned(), code);
                self.names.push(name.to_owned());
                code
            }
            None => {
                self.n_others += 1;
                OTHER
            }
        };
        self.codes.push(code);
    }

    /// Puts numbers in order, and times, whose text is in order too; what is empty comes last.
    fn sort_by_number(&mut self) {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        let key = |index: &usize| self.names[*index].parse::<f64>().ok();
        order.sort_by(|one, other| match (key(one), key(other)) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            _ => {
                (self.names[*one] == EMPTY, &self.names[*one]).cmp(&(self.names[*other] == EMPTY, &self.names[*other]))
            }
        });
        let mut new_codes = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            new_codes[*old] = new as u32;
        }
        self.names = order.iter().map(|old| std::mem::take(&mut self.names[*old])).collect();
        self.codes.iter_mut().filter(|code| **code != OTHER).for_each(|code| *code = new_codes[*code as usize]);
    }

    /// Leaves all but the first values out; returns how many different values that were at least, if any were left out.
    pub(super) fn cut(&mut self, n_most: usize) -> Option<usize> {
        let n_known = self.names.len();
        if n_known <= n_most {
            return None;
        }
        self.names.truncate(n_most);
        self.codes.iter_mut().filter(|code| **code as usize >= n_most).for_each(|code| *code = OTHER);
        Some(n_known)
    }
}
