//! Which rows go into which series, and what is told of rows that are put together.

use super::{
    columns::{Coded, Columns, OTHER},
    ticks::count,
};
use crate::nodes::NodeError;

/// The most series that are told apart.
pub(super) const MAX_SERIES: usize = 12;

/// By what rows are told apart: the value of one column.
pub(super) struct Groups {
    /// Without one all rows are of one group.
    coded: Option<Coded>,
    /// The name of the column.
    pub(super) label: String,
}

impl Groups {
    /// Returns the groups of a column, or one of all rows.
    pub(super) fn by(columns: Columns<'_>, column: Option<usize>, notes: &mut Vec<String>) -> Result<Self, NodeError> {
        let Some(column) = column else { return Ok(Self { coded: None, label: String::new() }) };
        let label = columns.name(column);
        let coded = categories(columns, column, MAX_SERIES, notes)?;
        Ok(Self { coded: Some(coded), label })
    }

    pub(super) fn len(&self) -> usize {
        self.coded.as_ref().map_or(1, |coded| coded.names.len())
    }

    pub(super) const fn are_told_apart(&self) -> bool {
        self.coded.is_some()
    }

    pub(super) fn name(&self, group: usize) -> &str {
        self.coded.as_ref().map_or("", |coded| &coded.names[group])
    }

    /// Returns the group of a row, unless it is left out.
    pub(super) fn of(&self, row: usize) -> Option<usize> {
        match &self.coded {
            None => Some(0),
            Some(coded) => Some(coded.codes[row]).filter(|code| *code != OTHER).map(|code| code as usize),
        }
    }
}

/// Returns a column as at most so many categories, and notes if there are more.
pub(super) fn categories(
    columns: Columns<'_>,
    column: usize,
    n_most: usize,
    notes: &mut Vec<String>,
) -> Result<Coded, NodeError> {
    let mut coded = columns.coded(column)?;
    let has_others = coded.n_others > 0;
    if let Some(n_values) = coded.cut(n_most) {
        let more = if has_others { "more than " } else { "" };
        let name = columns.name(column);
        notes.push(format!("only the first {n_most} of {more}{} values of {name} are drawn", count(n_values)));
    }
    Ok(coded)
}

/// What is told of rows that are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Mean,
    Sum,
    Least,
    Greatest,
    Count,
}

impl Aggregate {
    pub(super) fn of(id: &str) -> Self {
        match id {
            "sum" => Self::Sum,
            "min" => Self::Least,
            "max" => Self::Greatest,
            "count" => Self::Count,
            _ => Self::Mean,
        }
    }

    /// Returns what it tells of a column.
    pub(super) fn in_words(self, column: &str) -> String {
        match self {
            Self::Mean => format!("mean of {column}"),
            Self::Sum => format!("sum of {column}"),
            Self::Least => format!("least {column}"),
            Self::Greatest => format!("greatest {column}"),
            Self::Count => "number of rows".to_owned(),
        }
    }
}

/// Numbers put together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Together {
    n: usize,
    sum: f64,
    least: f64,
    greatest: f64,
}

impl Default for Together {
    fn default() -> Self {
        Self { n: 0, sum: 0.0, least: f64::INFINITY, greatest: f64::NEG_INFINITY }
    }
}

impl Together {
    pub(super) fn add(&mut self, number: f64) {
        self.n += 1;
        self.sum += number;
        self.least = self.least.min(number);
        self.greatest = self.greatest.max(number);
    }

    /// Returns what is told of the numbers, if there are any.
    pub(super) fn told(&self, aggregate: Aggregate) -> Option<f64> {
        let told = match aggregate {
            Aggregate::Mean => self.sum / self.n as f64,
            Aggregate::Sum => self.sum,
            Aggregate::Least => self.least,
            Aggregate::Greatest => self.greatest,
            Aggregate::Count => self.n as f64,
        };
        (self.n > 0).then_some(told)
    }
}
