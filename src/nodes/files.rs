//! Reading and writing files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use arrow::csv::WriterBuilder;

use super::{
    Arity, Cacheability, Context, Deed, Family, Kind, NodeError, ParameterSchema, ParameterType, Success, What,
    csv::{self, CsvFormat, delimiter},
};
use crate::{
    value::{Table, Value, ValueType, from_json, to_json},
    workflow::write_atomically,
};

pub(super) fn kinds() -> Vec<Kind> {
    vec![read_csv(), read_json(), read_text(), write_csv(), write_json(), write_text()]
}

/// Adds what every kind that reads a file has: the path as a parameter and as an input that overrides it.
pub(super) fn reading(kind: Kind, extensions: &'static [&'static str]) -> Kind {
    kind.input("path", ValueType::Text, Arity::Optional)
        .parameter(
            ParameterSchema::new(
                "path",
                "File",
                ParameterType::FileToRead { extensions },
                "",
                "The file to read; a relative path starts from the workflow's folder. A connected path is used instead.",
            )
            .on_node(),
        )
        .cacheable(|_| Cacheability::WhileSourceUnchanged)
}

/// Adds what every kind that writes a file has: the path as a parameter, an input and the output, and the side effect.
pub(super) fn writing(kind: Kind, extensions: &'static [&'static str]) -> Kind {
    kind.input("path", ValueType::Text, Arity::Optional)
        .output("path", ValueType::Text)
        .parameter(
            ParameterSchema::new(
                "path",
                "File",
                ParameterType::FileToWrite { extensions },
                "",
                "The file to write; a relative path starts from the workflow's folder. A connected path is used instead.",
            )
            .on_node(),
        )
        .parameter(ParameterSchema::new(
            "create_folder",
            "Create the folder",
            ParameterType::Bool,
            true,
            "Creates the folder of the file if it is not there.",
        ))
        .side_effect(|_| true)
}

/// Returns the file that the node names, by its input or its parameter.
pub(super) fn named_path(ctx: &Context<'_>) -> Result<PathBuf, NodeError> {
    ctx.path(&ctx.input_or_parameter("path")?)
}

/// Reads the file that the node names and makes something of its content.
pub(super) fn read_named<T>(
    ctx: &Context<'_>,
    make: impl FnOnce(Vec<u8>) -> Result<T, NodeError>,
) -> Result<T, NodeError> {
    let path = named_path(ctx)?;
    let bytes = ctx.read_source(&path)?;
    make(bytes).map_err(|error| at(&path, error))
}

/// Puts the file's path after a message about it.
fn at(path: &Path, error: NodeError) -> NodeError {
    match error {
        NodeError::Failed(message) => NodeError::Failed(format!("{message}: {}", path.display())),
        NodeError::Cancelled => NodeError::Cancelled,
    }
}

/// Returns bytes as text without the byte order mark.
fn utf8(bytes: &[u8]) -> Result<&str, NodeError> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(NodeError::new("the text is UTF-16: save the file as UTF-8"));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        NodeError::new(format!("line {line} is not UTF-8 text: save the file as UTF-8"))
    })
}

/// Writes the file that the node names, whole or not at all.
pub(super) fn write_named(ctx: &Context<'_>, bytes: &[u8]) -> Result<Success, NodeError> {
    let path = named_path(ctx)?;
    // A node whose time is over must not change anything any more.
    ctx.check_cancelled()?;
    write_file(&path, bytes, ctx.parameters().bool("create_folder")).map_err(|error| at(&path, error))?;
    ctx.did(Deed::new(What::File, path.to_string_lossy()).bytes(bytes.len()));
    ctx.info(format!("wrote {} bytes: {}", bytes.len(), path.display()));
    Ok(Success::one("path", path.to_string_lossy().into_owned()))
}

fn write_file(path: &Path, bytes: &[u8], create_folder: bool) -> Result<(), NodeError> {
    if path.is_dir() {
        return Err(NodeError::new("cannot write the file: this is a folder"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        if !create_folder {
            return Err(NodeError::new(
                "cannot write the file: its folder is not there, and the node may not create it",
            ));
        }
        fs::create_dir_all(folder).map_err(|error| cannot("create the folder", &error))?;
    }
    // Replacing a file needs the folder's permission only; a file that is marked read-only is left alone all the same.
    if fs::metadata(path).is_ok_and(|metadata| metadata.permissions().readonly()) {
        return Err(NodeError::new("cannot write the file: it is read-only"));
    }
    write_atomically(path, bytes).map_err(|error| cannot("write the file", &error))
}

fn cannot(action: &str, error: &io::Error) -> NodeError {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => "; free some space and run again",
        io::ErrorKind::QuotaExceeded => "; your quota is used up",
        io::ErrorKind::ReadOnlyFilesystem => "; choose a place that can be written to",
        io::ErrorKind::PermissionDenied => "; choose another place or change its permissions",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "; a part of the path is a file",
        _ => "",
    };
    NodeError::new(format!("cannot {action}: {error}{hint}"))
}

fn delimiter_parameter() -> ParameterSchema {
    ParameterSchema::new(
        "delimiter",
        "Delimiter",
        ParameterType::Line { hint: ",  ;  |  tab" },
        ",",
        "What stands between two cells: one character, or the word tab.",
    )
}

fn header_parameter(help: &'static str) -> ParameterSchema {
    ParameterSchema::new("header", "Header line", ParameterType::Bool, true, help)
}

fn read_csv() -> Kind {
    let kind = Kind::new("read_csv", "Read CSV", Family::Files, |ctx| {
        let parameters = ctx.parameters();
        let format = CsvFormat {
            delimiter: delimiter(parameters.text("delimiter"))?,
            has_header: parameters.bool("header"),
            null_texts: parameters.lines("null_texts"),
        };
        read_named(ctx, |bytes| csv::read(ctx, utf8(&bytes)?, &format)).map(|table| Success::one("table", table))
    })
    .about("Reads a table from a CSV file.", "load open import tsv spreadsheet comma separated file data")
    .output("table", ValueType::Table);
    reading(kind, &["csv", "tsv", "txt"])
        .parameter(delimiter_parameter())
        .parameter(header_parameter("The first line names the columns; without one they are column_1, column_2, …"))
        .parameter(ParameterSchema::new(
            "null_texts",
            "Empty cells",
            ParameterType::Lines,
            Value::list([Value::text("NA")]),
            "Texts that stand for an empty cell, one a line; a cell without any text is always empty.",
        ))
}

fn read_json() -> Kind {
    let kind = Kind::new("read_json", "Read JSON", Family::Files, |ctx| {
        let parse = |bytes: Vec<u8>| {
            serde_json::from_str(utf8(&bytes)?).map_err(|error| NodeError::new(format!("this is not JSON: {error}")))
        };
        read_named(ctx, parse).map(|json| Success::one("value", from_json(&json)))
    })
    .about("Reads any value from a JSON file.", "load open import file data object record list")
    .output("value", ValueType::Any);
    reading(kind, &["json", "geojson"])
}

fn read_text() -> Kind {
    let kind = Kind::new("read_text", "Read Text", Family::Files, |ctx| {
        read_named(ctx, |bytes| Ok(Success::one("text", utf8(&bytes)?)))
    })
    .about("Reads a text file.", "load open import file string markdown log utf-8")
    .output("text", ValueType::Text);
    reading(kind, &["txt", "md", "log"])
}

fn write_csv() -> Kind {
    let kind = Kind::new("write_csv", "Write CSV", Family::Files, |ctx| {
        let delimiter = delimiter(ctx.parameters().text("delimiter"))?;
        let bytes = csv_bytes(ctx, &ctx.table("table")?, delimiter, ctx.parameters().bool("header"))?;
        write_named(ctx, &bytes)
    })
    .about("Writes a table to a CSV file.", "save export store tsv spreadsheet comma separated file")
    .input("table", ValueType::Table, Arity::Required);
    writing(kind, &["csv", "tsv"])
        .parameter(delimiter_parameter())
        .parameter(header_parameter("Writes the names of the columns on the first line."))
}

fn csv_bytes(ctx: &Context<'_>, table: &Table, delimiter: u8, has_header: bool) -> Result<Vec<u8>, NodeError> {
    let failed = |error| NodeError::new(format!("the table cannot be written as CSV: {error}"));
    let mut writer = WriterBuilder::new().with_header(has_header).with_delimiter(delimiter).build(Vec::new());
    if table.n_rows() == 0 {
        writer.write(&table.to_batch()?).map_err(failed)?;
    }
    for batch in table.batches() {
        ctx.check_cancelled()?;
        writer.write(batch).map_err(failed)?;
    }
    Ok(writer.into_inner())
}

fn write_json() -> Kind {
    let kind = Kind::new("write_json", "Write JSON", Family::Files, |ctx| {
        let value = ctx.required("value")?;
        refuse_what_json_cannot_hold(value)?;
        let json = to_json(value);
        let mut text = if ctx.parameters().bool("indent") { format!("{json:#}") } else { json.to_string() };
        text.push('\n');
        write_named(ctx, text.as_bytes())
    })
    .about("Writes any value to a JSON file.", "save export store file object record list")
    .input("value", ValueType::Any, Arity::Required);
    writing(kind, &["json"]).parameter(ParameterSchema::new(
        "indent",
        "Indent",
        ParameterType::Bool,
        true,
        "Writes one field a line, indented; else all on one line.",
    ))
}

/// Returns an error for bytes, pictures and streams, which JSON has no form for.
pub(super) fn refuse_what_json_cannot_hold(value: &Value) -> Result<(), NodeError> {
    match value {
        Value::Bytes(_) | Value::Image(_) | Value::Stream(_) => {
            Err(NodeError::new(format!("JSON has no form for {}: write it to a file of its own", value.preview())))
        }
        Value::List(items) => items.iter().try_for_each(refuse_what_json_cannot_hold),
        Value::Record(record) => record.iter().try_for_each(|(_, field)| refuse_what_json_cannot_hold(field)),
        _ => Ok(()),
    }
}

fn write_text() -> Kind {
    let kind = Kind::new("write_text", "Write Text", Family::Files, |ctx| {
        match ctx.required("text")?.convert(ValueType::Text)? {
            Value::Text(text) => write_named(ctx, text.as_bytes()),
            other => Err(NodeError::new(format!("expected Text, got {}", other.preview()))),
        }
    })
    .about("Writes a text to a file.", "save export store file string markdown report")
    .input("text", ValueType::Text, Arity::Required);
    writing(kind, &["txt", "md"])
}

#[cfg(test)]
mod tests;
