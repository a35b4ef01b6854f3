//! CSV text as a table: every cell is looked at before a column gets its type.

use std::{io::Cursor, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray as _, BooleanBuilder, Float64Builder, Int64Builder, RecordBatch, StringBuilder},
    csv::{ReaderBuilder, reader::Format},
    datatypes::{DataType, Field, Schema, SchemaRef},
    error::ArrowError,
};

use super::{Context, NodeError, names::unique_names};
use crate::value::Table;

/// How a CSV text is written.
pub(super) struct CsvFormat<'a> {
    /// What stands between cells.
    pub(super) delimiter: u8,
    /// Whether the first line names the columns.
    pub(super) has_header: bool,
    /// Texts that stand for an empty cell, besides the empty text.
    pub(super) null_texts: Vec<&'a str>,
}

/// Returns the delimiter that a person wrote: one character, or `tab`.
pub(super) fn delimiter(text: &str) -> Result<u8, NodeError> {
    match (text, text.as_bytes()) {
        ("tab" | "\\t", _) => Ok(b'\t'),
        (_, [byte]) if !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err(NodeError::new(format!(
            "the delimiter must be one character such as , or ; or the word tab, not {text:?}"
        ))),
    }
}

/// Returns the table that a CSV text stands for.
///
/// A column is `Int`, `Float` or `Bool` if all its cells are, else `Text`. Numbers with leading zeros and whole numbers
/// too large for an `Int` stay text, so that codes and long ids lose nothing.
pub(super) fn read(ctx: &Context<'_>, text: &str, format: &CsvFormat<'_>) -> Result<Table, NodeError> {
    if text.trim().is_empty() {
        return Err(NodeError::new("the file is empty: there is not even a line with the names of the columns"));
    }
    let schema = text_schema(ctx, text, format)?;
    let batches = read_texts(ctx, text, format, &schema)?;
    let columns = (0..schema.fields().len())
        .map(|column| typed_column(ctx, &batches, column, &format.null_texts))
        .collect::<Result<Vec<Vec<ArrayRef>>, NodeError>>()?;
    table_of(&schema, &columns, batches.len())
}

fn text_schema(ctx: &Context<'_>, text: &str, format: &CsvFormat<'_>) -> Result<SchemaRef, NodeError> {
    let reader = Format::default().with_header(format.has_header).with_delimiter(format.delimiter);
    let n_rows_to_see = usize::from(!format.has_header);
    let (found, _) = reader.infer_schema(Cursor::new(text), Some(n_rows_to_see)).map_err(|error| csv_error(&error))?;
    let names = (1..).zip(found.fields()).map(|(number, field)| match field.name().trim() {
        name if format.has_header && !name.is_empty() => name.to_owned(),
        _ => format!("column_{number}"),
    });
    let (names, renamed) = unique_names(names);
    for (before, after) in renamed {
        ctx.warn(format!("a second column is called {before}: it is {after} here"));
    }
    let fields: Vec<Field> = names.into_iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
    Ok(Arc::new(Schema::new(fields)))
}

/// Rows in a batch.
const N_BATCH_ROWS: usize = 8192;

fn read_texts(
    ctx: &Context<'_>,
    text: &str,
    format: &CsvFormat<'_>,
    schema: &SchemaRef,
) -> Result<Vec<RecordBatch>, NodeError> {
    let reader = ReaderBuilder::new(Arc::clone(schema))
        .with_header(format.has_header)
        .with_delimiter(format.delimiter)
        .with_batch_size(N_BATCH_ROWS)
        .build_buffered(Cursor::new(text))
        .map_err(|error| csv_error(&error))?;
    let mut batches = Vec::new();
    for batch in reader {
        ctx.check_cancelled()?;
        batches.push(batch.map_err(|error| csv_error(&error))?);
    }
    Ok(batches)
}

fn csv_error(error: &ArrowError) -> NodeError {
    let message = error.to_string();
    let message = message.strip_prefix("Csv error: ").unwrap_or(&message);
    NodeError::new(format!("this is not CSV with this delimiter: {message}"))
}

fn table_of(schema: &SchemaRef, columns: &[Vec<ArrayRef>], n_batches: usize) -> Result<Table, NodeError> {
    let typed = |(field, parts): (&Arc<Field>, &Vec<ArrayRef>)| {
        let data_type = parts.first().map_or(DataType::Utf8, |part| part.data_type().clone());
        Field::new(field.name(), data_type, true)
    };
    let schema = Arc::new(Schema::new(schema.fields().iter().zip(columns).map(typed).collect::<Vec<_>>()));
    let batches = (0..n_batches)
        .map(|batch| {
            let parts = columns.iter().map(|parts| Arc::clone(&parts[batch])).collect();
            RecordBatch::try_new(Arc::clone(&schema), parts).map_err(|error| csv_error(&error))
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Table::new(&schema, &batches)?)
}

/// What a cell, and so a column, can be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CellType {
    Int,
    Float,
    /// `NaN` or an infinity: a number among numbers, else a word.
    NotFinite,
    Bool,
    Text,
}

impl CellType {
    fn of(cell: &str) -> Self {
        let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
        match digits.as_bytes() {
            [b'0', b'0'..=b'9', ..] => Self::Text,
            [b'0'..=b'9' | b'.', ..] => Self::of_digits(cell, digits),
            b"NaN" | b"inf" | b"Inf" => Self::NotFinite,
            _ if cell.eq_ignore_ascii_case("true") || cell.eq_ignore_ascii_case("false") => Self::Bool,
            _ => Self::Text,
        }
    }

    fn of_digits(cell: &str, digits: &str) -> Self {
        let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_whole && cell.parse::<i64>().is_ok() {
            Self::Int
        } else if !is_whole && cell.parse::<f64>().is_ok() {
            Self::Float
        } else {
            Self::Text
        }
    }

    /// Returns the type that holds cells of both.
    const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Int, Self::Int) => Self::Int,
            (Self::Bool, Self::Bool) => Self::Bool,
            (Self::NotFinite, Self::NotFinite) => Self::NotFinite,
            (Self::Int | Self::Float | Self::NotFinite, Self::Int | Self::Float | Self::NotFinite) => Self::Float,
            _ => Self::Text,
        }
    }
}

/// Returns the cells of a column, `None` for empty ones.
fn cells<'a>(part: &'a ArrayRef, null_texts: &'a [&str]) -> impl Iterator<Item = Option<&'a str>> {
    part.as_string::<i32>().iter().map(move |cell| cell.filter(|cell| !cell.is_empty() && !null_texts.contains(cell)))
}

/// Returns a column of texts, one part a batch, as the type that all its cells have.
fn typed_column(
    ctx: &Context<'_>,
    batches: &[RecordBatch],
    column: usize,
    null_texts: &[&str],
) -> Result<Vec<ArrayRef>, NodeError> {
    let parts: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(column)).collect();
    let mut column_type = None;
    for part in &parts {
        ctx.check_cancelled()?;
        for cell in cells(part, null_texts).flatten() {
            let cell_type = CellType::of(cell.trim());
            column_type = Some(column_type.map_or(cell_type, |known: CellType| known.or(cell_type)));
            if column_type == Some(CellType::Text) {
                break;
            }
        }
        if column_type == Some(CellType::Text) {
            break;
        }
    }
    let build = |part: &&ArrayRef| match column_type {
        Some(CellType::Int) => int_part(cells(part, null_texts)),
        Some(CellType::Float) => float_part(cells(part, null_texts)),
        Some(CellType::Bool) => bool_part(cells(part, null_texts)),
        Some(CellType::NotFinite | CellType::Text) | None => text_part(cells(part, null_texts)),
    };
    parts.iter().map(|part| ctx.check_cancelled().map(|()| build(part))).collect()
}

fn int_part<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    let mut builder = Int64Builder::new();
    cells.for_each(|cell| builder.append_option(cell.and_then(|cell| cell.trim().parse().ok())));
    Arc::new(builder.finish())
}

fn float_part<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    let mut builder = Float64Builder::new();
    cells.for_each(|cell| builder.append_option(cell.and_then(|cell| cell.trim().parse().ok())));
    Arc::new(builder.finish())
}

fn bool_part<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    let mut builder = BooleanBuilder::new();
    cells.for_each(|cell| builder.append_option(cell.map(|cell| cell.trim().eq_ignore_ascii_case("true"))));
    Arc::new(builder.finish())
}

fn text_part<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    let mut builder = StringBuilder::new();
    cells.for_each(|cell| builder.append_option(cell));
    Arc::new(builder.finish())
}
