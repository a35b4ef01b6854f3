//! What a person asks of a column: `> 5`, `1..10`, `= Berlin`, `!draft`, `null`.

use arrow::{
    array::{Array as _, ArrayRef, BooleanArray, Datum, Float64Array, Int64Array, StringArray},
    compute::{
        and, cast,
        kernels::cmp::{eq, gt, gt_eq, lt, lt_eq, neq},
        not,
    },
    datatypes::DataType,
    error::ArrowError,
};

use super::arranged::{as_text, contains, emptiness, or_false};

/// A condition on the cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// Cells are empty, or are not.
    Empty(bool),
    /// Numbers that stand so to one.
    Compared(Comparison, Number),
    /// Numbers from one to another, both included.
    Between(Number, Number),
    /// Texts that stand so to one, as they are displayed.
    CompareText(Comparison, String),
    /// Texts in which another stands, or does not, whatever the case.
    Contains(String, bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A number as it was typed: whole ones are compared as such, so that none is rounded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Whole(i64),
    Real(f64),
}

/// The signs that begin a comparison, longest first.
const SIGNS: [(&str, Comparison); 7] = [
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("==", Comparison::Equal),
    ("=", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl Condition {
    /// Returns what was typed, for a column of this type; or what can be typed instead.
    pub(super) fn of(typed: &str, data_type: &DataType) -> Result<Self, String> {
        let typed = typed.trim();
        match typed.to_lowercase().as_str() {
            "null" | "empty" => return Ok(Self::Empty(true)),
            "!null" | "!empty" => return Ok(Self::Empty(false)),
            _ => {}
        }
        let sign = SIGNS.iter().find_map(|(sign, comparison)| Some((*comparison, typed.strip_prefix(sign)?.trim())));
        if data_type.is_numeric() {
            return Self::of_numbers(typed, sign);
        }
        Ok(match (sign, typed.strip_prefix('!')) {
            (Some((comparison, text)), _) => Self::CompareText(comparison, text.to_owned()),
            (None, Some(text)) => Self::Contains(text.trim().to_owned(), false),
            (None, None) => Self::Contains(typed.to_owned(), true),
        })
    }

    fn of_numbers(typed: &str, sign: Option<(Comparison, &str)>) -> Result<Self, String> {
        if let Some((from, to)) = typed.split_once("..")
            && sign.is_none()
        {
            return Ok(Self::Between(Number::of(from)?, Number::of(to)?));
        }
        let (comparison, text) = sign.unwrap_or((Comparison::Equal, typed));
        Number::of(text).map(|number| Self::Compared(comparison, number))
    }

    /// Returns for each cell whether the condition holds; in an empty one none does but that it is.
    pub(super) fn holds(&self, column: &ArrayRef) -> Result<BooleanArray, ArrowError> {
        match self {
            Self::Empty(wanted) => emptiness(column, *wanted),
            Self::Compared(comparison, number) => or_false(&compare_numbers(column, *comparison, *number)?),
            Self::Between(from, to) => {
                let from = compare_numbers(column, Comparison::GreaterOrEqual, *from)?;
                or_false(&and(&from, &compare_numbers(column, Comparison::LessOrEqual, *to)?)?)
            }
            Self::CompareText(comparison, text) => {
                or_false(&comparison.of(&as_text(column)?, &StringArray::new_scalar(text.as_str()))?)
            }
            Self::Contains(text, true) => contains(column, text),
            Self::Contains(text, false) => and(&not(&contains(column, text)?)?, &emptiness(column, false)?),
        }
    }
}

impl Number {
    fn of(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let whole = text.parse().map(Self::Whole);
        whole
            .or_else(|_| text.parse().map(Self::Real))
            .map_err(|_no_number| format!("\"{text}\" is no number; type a number, > 5, 1..10, null or !null"))
    }

    const fn as_real(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Real(number) => number,
        }
    }
}

fn compare_numbers(column: &ArrayRef, comparison: Comparison, number: Number) -> Result<BooleanArray, ArrowError> {
    match (column.data_type(), number) {
        (DataType::Int64, Number::Whole(number)) => comparison.of(column, &Int64Array::new_scalar(number)),
        (DataType::Float64, number) => comparison.of(column, &Float64Array::new_scalar(number.as_real())),
        (_, number) => {
            let reals = cast(column, &DataType::Float64)?;
            comparison.of(&reals, &Float64Array::new_scalar(number.as_real()))
        }
    }
}

impl Comparison {
    fn of(self, cells: &ArrayRef, to: &dyn Datum) -> Result<BooleanArray, ArrowError> {
        match self {
            Self::Equal => eq(cells, to),
            Self::NotEqual => neq(cells, to),
            Self::Less => lt(cells, to),
            Self::LessOrEqual => lt_eq(cells, to),
            Self::Greater => gt(cells, to),
            Self::GreaterOrEqual => gt_eq(cells, to),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn holds(typed: &str, column: &ArrayRef) -> Vec<bool> {
        let condition = Condition::of(typed, column.data_type()).unwrap();
        condition.holds(column).unwrap().iter().map(Option::unwrap_or_default).collect()
    }

    #[test]
    fn numbers_are_compared() {
        let whole = || Arc::new(Int64Array::from(vec![Some(1), None, Some(5), Some(i64::MAX)])) as ArrayRef;
        assert_eq!(holds("5", &whole()), [false, false, true, false]);
        assert_eq!(holds(">=5", &whole()), [false, false, true, true]);
        assert_eq!(holds("1..5", &whole()), [true, false, true, false]);
        assert_eq!(holds("!= 1", &whole()), [false, false, true, true], "an empty cell is not another number");
        assert_eq!(holds("< 1.5", &whole()), [true, false, false, false]);
        assert_eq!(holds("9223372036854775806", &whole()), [false; 4], "large numbers are not rounded");
        let real = Arc::new(Float64Array::from(vec![Some(0.5), Some(-2.0)])) as ArrayRef;
        assert_eq!(holds("-3..0", &real), [false, true]);
    }

    #[test]
    fn texts_are_searched_and_compared() {
        let texts = || Arc::new(StringArray::from(vec![Some("Berlin"), None, Some("berlingen"), Some("")])) as ArrayRef;
        assert_eq!(holds("BERLIN", &texts()), [true, false, true, false]);
        assert_eq!(holds("=Berlin", &texts()), [true, false, false, false]);
        assert_eq!(holds("!gen", &texts()), [true, false, false, true]);
        assert_eq!(holds("empty", &texts()), [false, true, false, false]);
    }

    #[test]
    fn what_is_no_number_says_what_can_be_typed() {
        for typed in ["abc", "> x", "1..b", "1,5"] {
            let why = Condition::of(typed, &DataType::Float64).unwrap_err();
            assert!(why.contains("is no number; type"), "{typed}: {why}");
        }
    }
}
