//! Values as files, for whoever saves one by hand. The file's ending says in which format.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::Path,
    sync::Arc,
};

use arrow::{csv::WriterBuilder, error::ArrowError, record_batch::RecordBatch};
use parquet::{
    arrow::ArrowWriter,
    basic::Compression,
    errors::ParquetError,
    file::properties::{EnabledStatistics, WriterProperties},
};

use super::{
    NodeError,
    files::refuse_what_json_cannot_hold,
    images::{WHITE, encode_jpeg, encode_png},
    plot::{Look, Plot, picture, svg},
};
use crate::{
    value::{Table, Value, to_json},
    workflow::write_atomically_by,
};

/// How good a JPEG looks that is saved by hand, of 100.
const JPEG_QUALITY: i64 = 90;

/// How many pixels wide a point of a plot is that is saved as a picture by hand.
const PLOT_SCALE: f64 = 2.0;

/// Why a value was not saved.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The ending names no format that the value has.
    #[error("{what} is saved as {}, not as {ending:?}: {path}", in_words(.formats))]
    Format {
        /// What the value is.
        what: String,
        /// The formats it has.
        formats: &'static [&'static str],
        /// The ending of the file's name.
        ending: String,
        /// The file.
        path: String,
    },
    /// There is no folder to write the file into.
    #[error("there is no such folder: {0}")]
    NoFolder(String),
    /// The format cannot hold the value.
    #[error("{0}")]
    Value(String),
    /// The file cannot be written.
    #[error("cannot write the file: {0}")]
    Io(#[from] io::Error),
    /// The table cannot be written.
    #[error("the table cannot be written: {0}")]
    Arrow(#[from] ArrowError),
    /// The table cannot be written as Parquet.
    #[error("the table cannot be written as Parquet: {0}")]
    Parquet(#[from] ParquetError),
}

impl From<NodeError> for ExportError {
    fn from(error: NodeError) -> Self {
        Self::Value(error.to_string())
    }
}

/// Returns the endings of the files that a value can be saved to, without the dot, the usual one first; none for a stream,
/// which is read only by a loop.
pub fn formats(value: &Value) -> &'static [&'static str] {
    match value {
        plot if Plot::is(plot) => &["png", "svg", "json"],
        Value::Table(_) => &["csv", "parquet", "tsv", "json"],
        Value::Text(_) => &["txt", "md", "csv", "json", "html", "xml", "log"],
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => &["txt", "json"],
        Value::List(_) | Value::Record(_) => &["json"],
        Value::Bytes(_) => &["bin"],
        Value::Image(_) => &["png", "jpg", "jpeg"],
        Value::Stream(_) => &[],
    }
}

/// Saves a value to a file, whole or not at all, in the format that its ending names. Bytes and texts go to files of any
/// ending as they are.
///
/// # Errors
///
/// If the value has no such format, the format cannot hold it, or the file cannot be written; a file that was there is left
/// as it was.
pub fn export(value: &Value, path: &Path) -> Result<(), ExportError> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let goes_as_it_is = matches!(value, Value::Bytes(_) | Value::Text(_));
    if !goes_as_it_is && !formats(value).contains(&ending.as_str()) {
        let path = path.display().to_string();
        return Err(ExportError::Format { what: value.preview(), formats: formats(value), ending, path });
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(ExportError::NoFolder(folder.display().to_string()));
    }
    write_atomically_by(path, |file| {
        let mut file = BufWriter::new(file);
        match (value, ending.as_str()) {
            (Value::Bytes(bytes), _) => file.write_all(bytes)?,
            (Value::Text(text), _) => file.write_all(text.as_bytes())?,
            (Value::Table(table), "csv") => separated(table, b',', &mut file)?,
            (Value::Table(table), "tsv") => separated(table, b'\t', &mut file)?,
            (Value::Table(table), "parquet") => columns(table, &mut file)?,
            (Value::Image(image), "png") => file.write_all(&encode_png(image)?)?,
            (value, "svg") => file.write_all(drawn(value)?.as_bytes())?,
            (value @ Value::Record(_), "png") => {
                let picture = picture(&drawn(value)?, PLOT_SCALE).map_err(ExportError::Value)?;
                file.write_all(&encode_png(&picture)?)?;
            }
            (Value::Image(image), _) => file.write_all(&encode_jpeg(image, JPEG_QUALITY, WHITE)?)?,
            (value, "txt") => file.write_all(value.display_text().as_bytes())?,
            (value, _) => {
                refuse_what_json_cannot_hold(value)?;
                writeln!(file, "{:#}", to_json(value))?;
            }
        }
        file.flush()?;
        Ok(())
    })
}

/// Returns a plot as SVG.
fn drawn(value: &Value) -> Result<String, ExportError> {
    let plot =
        Plot::of(value).ok_or_else(|| ExportError::Value("the plot is damaged: run its node again".to_owned()))?;
    Ok(svg(&plot, &Look::LIGHT))
}

/// Writes a table with a header line.
fn separated(table: &Table, delimiter: u8, file: &mut impl Write) -> Result<(), ExportError> {
    let mut writer = WriterBuilder::new().with_header(true).with_delimiter(delimiter).build(file);
    for batch in batches(table) {
        writer.write(&batch)?;
    }
    Ok(())
}

fn columns(table: &Table, file: &mut BufWriter<&mut fs::File>) -> Result<(), ExportError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build();
    let mut writer = ArrowWriter::try_new(file, Arc::clone(table.schema()), Some(properties))?;
    for batch in batches(table) {
        writer.write(&batch)?;
    }
    writer.close()?;
    Ok(())
}

/// Returns the batches of a table, at least one: an empty one has its columns.
fn batches(table: &Table) -> impl Iterator<Item = RecordBatch> {
    let empty = table.batches().is_empty().then(|| RecordBatch::new_empty(Arc::clone(table.schema())));
    table.batches().iter().cloned().chain(empty)
}

fn in_words(formats: &[&str]) -> String {
    match formats {
        [] => "nothing".to_owned(),
        formats => formats.iter().map(|format| format!(".{format}")).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;
    use crate::{
        nodes::testing::Trial,
        value::{Image, Record},
    };

    fn table(n_rows: i64) -> Value {
        let row = |row: i64| {
            let name = if row == 1 { Value::Null } else { Value::from(format!("a \"name\", {row}")) };
            Record::from_iter([("row", Value::Int(row)), ("half", Value::Float(row as f64 / 2.0)), ("name", name)])
        };
        Value::Table(Table::from_records(&(0..n_rows).map(row).collect::<Vec<_>>()))
    }

    fn saved(value: &Value, name: &str) -> Result<Vec<u8>, ExportError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        export(value, &path)?;
        Ok(fs::read(path).unwrap())
    }

    #[test]
    fn a_table_read_back_from_parquet_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        for n_rows in [0, 3, 10_000] {
            let value = table(n_rows);
            let Value::Table(table) = &value else { panic!() };
            export(&value, &path).unwrap();
            let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap();
            let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
            let read = Table::new(table.schema(), &batches).unwrap();
            assert_eq!(read.fingerprint(), table.fingerprint(), "{n_rows}");
        }
    }

    #[test]
    fn tables_texts_and_values_go_to_files_of_their_formats() {
        let text = |value: &Value, name| String::from_utf8(saved(value, name).unwrap()).unwrap();
        assert_eq!(text(&table(2), "a.csv"), "row,half,name\n0,0.0,\"a \"\"name\"\", 0\"\n1,0.5,\n");
        assert!(text(&table(1), "a.TSV").starts_with("row\thalf\tname\n"));
        assert_eq!(text(&Value::text("é"), "a.anything"), "é");
        assert_eq!(text(&Value::list([Value::Int(1)]), "a.json"), "[\n  1\n]\n");
        assert_eq!(text(&Value::Float(1.5), "a.txt"), "1.5");
        let image = Value::Image(Image::from_rgba(1, 1, vec![1, 2, 3, 255]).unwrap());
        assert_eq!(&saved(&image, "a.png").unwrap()[1..4], b"PNG");
        assert_eq!(saved(&image, "a.jpg").unwrap()[..2], [0xFF, 0xD8]);
    }

    #[test]
    fn a_plot_goes_to_a_picture_a_drawing_or_its_numbers() {
        let plot = Trial::of("plot").set("kind", "bar").input("table", table(3)).output("plot");
        assert_eq!(formats(&plot), ["png", "svg", "json"]);
        assert_eq!(&saved(&plot, "a.png").unwrap()[1..4], b"PNG");
        assert!(saved(&plot, "a.svg").unwrap().starts_with(b"<svg "));
        assert!(saved(&plot, "a.json").unwrap().starts_with(b"{"));
        let broken = Value::record([
            ("plot", Value::text("bar")),
            ("x", Value::record::<&str>([])),
            ("series", Value::list([])),
        ]);
        assert_eq!(saved(&broken, "a.svg").unwrap_err().to_string(), "the plot is damaged: run its node again");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = export(&Value::Null, Path::new("/nowhere/at/all.txt")).unwrap_err();
        assert_eq!(error.to_string(), "there is no such folder: /nowhere/at");
    }

    #[test]
    fn what_does_not_fit_is_refused_and_leaves_the_file_as_it_was() {
        let error = saved(&table(1), "a.docx").unwrap_err().to_string();
        assert!(error.contains("is saved as .csv, .parquet, .tsv, .json, not as \"docx\""), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, "before").unwrap();
        let error = export(&Value::list([Value::Bytes(vec![1].into())]), &path).unwrap_err().to_string();
        assert!(error.contains("JSON has no form for"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
    }
}
