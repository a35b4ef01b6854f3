//! Tables out of CSV: column names from the header, types from all cells of a column.

use std::{io::Cursor, sync::Arc};

use arrow::{
    array::{Array as _, ArrayRef, AsArray as _, BooleanArray, Float64Array, Int64Array, StringArray},
    csv::{ReaderBuilder, reader::Format},
    datatypes::{DataType, Field, Schema},
    error::ArrowError,
    record_batch::RecordBatch,
};

use super::{Context, NodeError};
use crate::value::Table;

/// How many rows are read between two looks at whether the run was cancelled.
const ROWS_AT_ONCE: usize = 8192;

/// How a CSV text is laid out.
pub(super) struct Layout<'a> {
    /// What stands between two fields.
    pub(super) delimiter: u8,
    /// Whether the first line names the columns.
    pub(super) has_header: bool,
    /// Fields that mean an empty cell, besides the empty field.
    pub(super) nulls: &'a [&'a str],
}

/// Returns the table in a CSV text.
pub(super) fn read(ctx: &Context<'_>, bytes: &[u8], layout: &Layout<'_>) -> Result<Table, NodeError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let names = column_names(ctx, bytes, layout)?;
    let fields: Vec<Field> = names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
    let reader = ReaderBuilder::new(Arc::new(Schema::new(fields)))
        .with_header(layout.has_header)
        .with_delimiter(layout.delimiter)
        .with_batch_size(ROWS_AT_ONCE)
        .build(Cursor::new(bytes))
        .map_err(|error| in_words(&error))?;
    let mut batches = Vec::new();
    for batch in reader {
        ctx.check_cancelled()?;
        batches.push(batch.map_err(|error| in_words(&error))?);
    }
    typed(ctx, &names, &batches, layout.nulls)
}

/// Returns unique names: those of the header, `column_3` where there is none, `name_2` for one that was there already.
fn column_names(ctx: &Context<'_>, bytes: &[u8], layout: &Layout<'_>) -> Result<Vec<String>, NodeError> {
    let (schema, _) = Format::default()
        .with_header(layout.has_header)
        .with_delimiter(layout.delimiter)
        .infer_schema(Cursor::new(bytes), Some(usize::from(!layout.has_header)))
        .map_err(|error| in_words(&error))?;
    let mut names: Vec<String> = Vec::with_capacity(schema.fields().len());
    for (index, field) in schema.fields().iter().enumerate() {
        let given = if layout.has_header { field.name().as_str() } else { "" };
        let wanted = if given.is_empty() { format!("column_{}", index + 1) } else { given.to_owned() };
        let name = unused_name(&names, &wanted);
        if layout.has_header && name != given {
            ctx.warn(format!("column {} is named {given:?} in the file and {name:?} in the table", index + 1));
        }
        names.push(name);
    }
    Ok(names)
}

/// Returns a name that is not taken: the one wanted, or that with a number after it.
pub(super) fn unused_name(taken: &[String], wanted: &str) -> String {
    if taken.iter().all(|name| name != wanted) {
        return wanted.to_owned();
    }
    (2_usize..)
        .map(|number| format!("{wanted}_{number}"))
        .find(|name| !taken.contains(name))
        .expect("the numbers do not end, the names do")
}

fn typed(ctx: &Context<'_>, names: &[String], batches: &[RecordBatch], nulls: &[&str]) -> Result<Table, NodeError> {
    let mut fields = Vec::with_capacity(names.len());
    let mut columns: Vec<Vec<ArrayRef>> = vec![Vec::with_capacity(names.len()); batches.len()];
    for (index, name) in names.iter().enumerate() {
        ctx.check_cancelled()?;
        let parts: Vec<&StringArray> = batches.iter().map(|batch| batch.column(index).as_string::<i32>()).collect();
        let column_type = ColumnType::of(cells(&parts, nulls));
        fields.push(Field::new(name, column_type.data_type(), true));
        for (part, columns) in parts.iter().zip(&mut columns) {
            columns.push(column_type.read(part, nulls));
        }
    }
    let schema = Arc::new(Schema::new(fields));
    let batches = columns
        .into_iter()
        .map(|columns| RecordBatch::try_new(Arc::clone(&schema), columns))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| in_words(&error))?;
    Ok(Table::new(&schema, &batches)?)
}

fn cells<'a>(parts: &'a [&'a StringArray], nulls: &'a [&'a str]) -> impl Iterator<Item = &'a str> + Clone {
    parts.iter().flat_map(move |part| non_null(part, nulls).flatten())
}

fn non_null<'a>(part: &'a StringArray, nulls: &'a [&'a str]) -> impl Iterator<Item = Option<&'a str>> + Clone {
    part.iter().map(move |cell| cell.filter(|cell| !nulls.contains(cell)))
}

/// What all cells of a column read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnType {
    Bool,
    Int,
    Float,
    Text,
}

impl ColumnType {
    fn of<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> Self {
        if cells.clone().next().is_none() {
            Self::Text
        } else if cells.clone().all(|cell| bool_in(cell).is_some()) {
            Self::Bool
        } else if cells.clone().all(|cell| int_in(cell).is_some()) {
            Self::Int
        } else if cells.clone().all(|cell| float_in(cell).is_some()) && cells.clone().any(|cell| !is_word(cell)) {
            Self::Float
        } else {
            Self::Text
        }
    }

    const fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Text => DataType::Utf8,
        }
    }

    fn read(self, part: &StringArray, nulls: &[&str]) -> ArrayRef {
        let cells = non_null(part, nulls);
        match self {
            Self::Bool => Arc::new(cells.map(|cell| cell.and_then(bool_in)).collect::<BooleanArray>()),
            Self::Int => Arc::new(cells.map(|cell| cell.and_then(int_in)).collect::<Int64Array>()),
            Self::Float => Arc::new(cells.map(|cell| cell.and_then(float_in)).collect::<Float64Array>()),
            Self::Text if nulls.is_empty() => Arc::new(part.slice(0, part.len())),
            Self::Text => Arc::new(cells.collect::<StringArray>()),
        }
    }
}

fn bool_in(cell: &str) -> Option<bool> {
    let cell = cell.trim();
    if cell.eq_ignore_ascii_case("true") { Some(true) } else { cell.eq_ignore_ascii_case("false").then_some(false) }
}

/// Returns the digits before a point, without the sign.
fn leading_digits(cell: &str) -> &str {
    let unsigned = cell.strip_prefix('-').unwrap_or(cell);
    unsigned.find(|char: char| !char.is_ascii_digit()).map_or(unsigned, |end| &unsigned[..end])
}

/// Returns whether a cell looks like a number but is a code: `007`, `+49…`.
fn is_code(cell: &str) -> bool {
    let digits = leading_digits(cell);
    cell.starts_with('+') || (digits.len() > 1 && digits.starts_with('0'))
}

fn int_in(cell: &str) -> Option<i64> {
    let cell = cell.trim();
    if is_code(cell) { None } else { cell.parse().ok() }
}

/// Returns whether a cell is one of the words for numbers that are none.
fn is_word(cell: &str) -> bool {
    matches!(cell.trim(), "NaN" | "nan" | "inf" | "-inf" | "Inf" | "-Inf")
}

fn float_in(cell: &str) -> Option<f64> {
    let cell = cell.trim();
    // Whole numbers larger than an `Int` are identifiers, whose last digits a float would lose.
    let is_whole = leading_digits(cell).len() == cell.trim_start_matches('-').len();
    let is_number = is_word(cell)
        || (!is_code(cell) && cell.starts_with(|char: char| char.is_ascii_digit() || char == '-' || char == '.'));
    if !is_number || (is_whole && int_in(cell).is_none()) {
        return None;
    }
    cell.parse().ok()
}

fn in_words(error: &ArrowError) -> NodeError {
    let message = match error {
        ArrowError::CsvError(message) | ArrowError::ParseError(message) => message.clone(),
        other => other.to_string(),
    };
    let hint = if message.contains("number of fields") {
        ": is the delimiter right, and are fields that hold it in quotes?"
    } else if message.contains("UTF-8") {
        ": save the file as UTF-8"
    } else {
        ""
    };
    NodeError::new(format!("cannot read the CSV: {message}{hint}"))
}
