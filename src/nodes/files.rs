//! Kinds that read and write files.

use std::{fs, io, path::Path};

use serde_json::Value as Json;

use super::{
    Arity, Cacheability, Choice, Context, Family, Kind, NodeError, ParameterSchema, ParameterType, Success,
    csv::{self, Layout},
};
use crate::{
    value::{Value, ValueType, from_json, to_json},
    workflow::write_atomically,
};

const DELIMITERS: &[Choice] = &[
    Choice { id: "comma", label: "comma ," },
    Choice { id: "semicolon", label: "semicolon ;" },
    Choice { id: "tab", label: "tab" },
    Choice { id: "bar", label: "bar |" },
    Choice { id: "space", label: "space" },
];

pub(super) fn kinds() -> Vec<Kind> {
    vec![read_csv(), read_json(), read_text(), write_text(), write_csv(), write_json()]
}

/// Gives a kind the path of the file it reads: a parameter, and an input that wins over it.
pub(super) fn reading(kind: Kind, extensions: &'static [&'static str]) -> Kind {
    kind.input("path", ValueType::Text, Arity::Optional)
        .parameter(
            ParameterSchema::new(
                "path",
                "File",
                ParameterType::FileToRead { extensions },
                "",
                "The file; a relative path starts from the workflow's folder.",
            )
            .on_node(),
        )
        .cacheable(|_| Cacheability::WhileSourceUnchanged)
}

/// Gives a kind the path of the file it writes, and marks that it does.
pub(super) fn writing(kind: Kind, extensions: &'static [&'static str]) -> Kind {
    kind.input("path", ValueType::Text, Arity::Optional)
        .output("path", ValueType::Text)
        .parameter(
            ParameterSchema::new(
                "path",
                "File",
                ParameterType::FileToWrite { extensions },
                "",
                "The file, replaced whole; a relative path starts from the workflow's folder.",
            )
            .on_node(),
        )
        .parameter(ParameterSchema::new(
            "create_folder",
            "Create the folder",
            ParameterType::Bool,
            true,
            "Creates the folder the file goes to, and those above it, if they are not there.",
        ))
        .side_effect(|_| true)
}

/// Reads the file that the parameter or the input names.
pub(super) fn read_file(ctx: &Context<'_>) -> Result<Vec<u8>, NodeError> {
    let path = ctx.path(&ctx.input_or_parameter("path")?)?;
    ctx.read_source(&path)
}

/// Writes the file that the parameter or the input names, whole or not at all.
pub(super) fn write_file(ctx: &Context<'_>, path: &Path, bytes: &[u8]) -> Result<Success, NodeError> {
    ctx.check_cancelled()?;
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        if !ctx.parameters().bool("create_folder") {
            return Err(NodeError::new(format!("there is no folder {}; create it first", folder.display())));
        }
        fs::create_dir_all(folder).map_err(|error| cannot_write("create the folder", folder, &error))?;
    }
    // Replacing a file needs no permission on the file itself: what is marked as not to be written is left alone.
    if fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().readonly()) {
        return Err(NodeError::new(format!("cannot write the file: it is read-only: {}", path.display())));
    }
    write_atomically(path, bytes).map_err(|error| cannot_write("write the file", path, &error))?;
    ctx.info(format!("wrote {} bytes to {}", bytes.len(), path.display()));
    Ok(Success::one("path", path.to_string_lossy().into_owned()))
}

/// Returns the absolute path of the file to write.
pub(super) fn path_to_write(ctx: &Context<'_>) -> Result<std::path::PathBuf, NodeError> {
    ctx.path(&ctx.input_or_parameter("path")?)
}

fn cannot_write(action: &str, path: &Path, error: &io::Error) -> NodeError {
    let why = match error.kind() {
        io::ErrorKind::PermissionDenied => "this user may not write there".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "this user's share of the disk is full".to_owned(),
        io::ErrorKind::IsADirectory => "there is a folder of that name".to_owned(),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a part of the path is a file, not a folder".to_owned()
        }
        _ => error.to_string(),
    };
    // Renaming a file over a folder is reported differently by each system.
    let why =
        if path.is_dir() && action == "write the file" { "there is a folder of that name".to_owned() } else { why };
    NodeError::new(format!("cannot {action}: {why}: {}", path.display()))
}

fn read_csv() -> Kind {
    reading(
        Kind::new("read_csv", "Read CSV", Family::Files, run_read_csv)
            .about(
                "Reads a table from a CSV file.",
                "load import open file table comma separated values tsv spreadsheet excel data",
            )
            .output("table", ValueType::Table),
        &["csv", "tsv", "txt"],
    )
    .parameter(ParameterSchema::new(
        "delimiter",
        "Delimiter",
        ParameterType::Choice(DELIMITERS),
        "comma",
        "What stands between two fields.",
    ))
    .parameter(ParameterSchema::new(
        "has_header",
        "Has a header",
        ParameterType::Bool,
        true,
        "Whether the first line names the columns.",
    ))
    .parameter(ParameterSchema::new(
        "null_texts",
        "Empty cells",
        ParameterType::Lines,
        Value::list([Value::text("NA")]),
        "Fields that mean an empty cell, one a line; an empty field always does.",
    ))
}

fn run_read_csv(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let bytes = read_file(ctx)?;
    let parameters = ctx.parameters();
    let delimiter = match parameters.text("delimiter") {
        "semicolon" => b';',
        "tab" => b'\t',
        "bar" => b'|',
        "space" => b' ',
        _ => b',',
    };
    let nulls = parameters.lines("null_texts");
    let layout = Layout { delimiter, has_header: parameters.bool("has_header"), nulls: &nulls };
    Ok(Success::one("table", csv::read(ctx, &bytes, &layout)?))
}

fn read_json() -> Kind {
    reading(
        Kind::new("read_json", "Read JSON", Family::Files, run_read_json)
            .about("Reads a value from a JSON file.", "load import open file object array record list data")
            .output("value", ValueType::Any),
        &["json", "geojson"],
    )
}

fn run_read_json(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let bytes = read_file(ctx)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let json: Json =
        serde_json::from_slice(bytes).map_err(|error| NodeError::new(format!("the file is not JSON: {error}")))?;
    Ok(Success::one("value", from_json(&json)))
}

fn read_text() -> Kind {
    reading(
        Kind::new("read_text", "Read text", Family::Files, run_read_text)
            .about("Reads a text file.", "load import open file txt markdown log string utf-8")
            .output("text", ValueType::Text),
        &["txt", "md", "log"],
    )
}

fn run_read_text(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let bytes = read_file(ctx)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let end = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..end].split(|byte| *byte == b'\n').count();
        NodeError::new(format!("line {line}: the file holds bytes that are not text: save it as UTF-8"))
    })?;
    Ok(Success::one("text", text.strip_prefix('\u{feff}').unwrap_or(&text)))
}

fn write_text() -> Kind {
    writing(
        Kind::new("write_text", "Write text", Family::Files, |ctx| {
            let Value::Text(text) = ctx.required("text")?.convert(ValueType::Text)? else {
                return Err(NodeError::new("the text did not arrive as text"));
            };
            write_file(ctx, &path_to_write(ctx)?, text.as_bytes())
        })
        .about("Writes a text to a file.", "save export store file txt markdown string")
        .input("text", ValueType::Text, Arity::Required),
        &["txt", "md", "log"],
    )
}

fn write_csv() -> Kind {
    writing(
        Kind::new("write_csv", "Write CSV", Family::Files, |ctx| {
            let csv = ctx.table("table")?.to_csv()?;
            write_file(ctx, &path_to_write(ctx)?, csv.as_bytes())
        })
        .about("Writes a table to a CSV file.", "save export store file table comma separated values spreadsheet excel")
        .input("table", ValueType::Table, Arity::Required),
        &["csv"],
    )
}

fn write_json() -> Kind {
    writing(
        Kind::new("write_json", "Write JSON", Family::Files, run_write_json)
            .about("Writes a value to a JSON file.", "save export store file object array record list table")
            .input("value", ValueType::Any, Arity::Required),
        &["json"],
    )
    .parameter(ParameterSchema::new(
        "indent",
        "Indent",
        ParameterType::Bool,
        true,
        "Writes one field or item a line, for people; otherwise all in one line.",
    ))
}

fn run_write_json(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let value = ctx.required("value")?;
    if let Some(part) = without_json(value) {
        return Err(NodeError::new(format!("JSON has no form for {}", part.preview())));
    }
    let json = to_json(value);
    let mut text = if ctx.parameters().bool("indent") { format!("{json:#}") } else { json.to_string() };
    text.push('\n');
    write_file(ctx, &path_to_write(ctx)?, text.as_bytes())
}

/// Returns a part of a value that cannot be written as JSON, if there is one.
fn without_json(value: &Value) -> Option<&Value> {
    match value {
        Value::Bytes(_) | Value::Image(_) => Some(value),
        Value::List(items) => items.iter().find_map(without_json),
        Value::Record(record) => record.iter().find_map(|(_, value)| without_json(value)),
        _ => None,
    }
}
