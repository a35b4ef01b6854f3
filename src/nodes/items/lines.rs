//! The lines of a text file, one at a time.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use super::{Item, Stop, described_number, place_number};
use crate::{
    nodes::{Family, Kind, NodeError, SourceState, Success, files},
    value::{Record, Value, ValueType},
};

/// What the description calls it.
pub(super) const STREAM: &str = "lines";

/// How much is read at a time, and between two questions whether to stop.
const BUFFER_BYTES: usize = 64 << 10;

/// A longer line is an error, so that a file without line ends does not fill the memory.
const MAX_LINE_BYTES: usize = 64 << 20;

pub(super) fn read_lines() -> Kind {
    let kind = Kind::new("read_lines", "Read Lines", Family::Files, |ctx| {
        let path = ctx.input_or_parameter("path")?;
        let full_path = ctx.path(&path)?;
        let state =
            ctx.note_source(&full_path).ok_or_else(|| cannot_read(&io::ErrorKind::NotFound.into(), &full_path))?;
        if !full_path.is_file() {
            return Err(NodeError::new(format!("this is not a file: {}", full_path.display())));
        }
        Ok(Success::one("lines", Value::stream(description(path, &state))))
    })
    .about(
        "Gives the lines of a text file as a stream, which a For Each reads one at a time, however long the file is.",
        "load open import file log big huge large stream line by line text jsonl ndjson",
    )
    .output("lines", ValueType::Stream);
    files::reading(kind, &["txt", "log", "csv", "jsonl", "ndjson"])
}

/// The path stays as it was given, so that a workflow's folder can be moved with what it reads.
fn description(path: String, state: &SourceState) -> [(&'static str, Value); 4] {
    [
        ("stream", Value::text(STREAM)),
        ("path", Value::from(path)),
        ("size", Value::Int(i64::try_from(state.size).unwrap_or(i64::MAX))),
        ("modified", Value::Int(nanos(state.modified_nanos))),
    ]
}

fn nanos(since_1970: u128) -> i64 {
    i64::try_from(since_1970).unwrap_or(i64::MAX)
}

/// The lines that are left of a file. Memory is that of one line and one buffer.
pub(super) struct Lines {
    reader: BufReader<File>,
    path: PathBuf,
    size: Option<i64>,
    modified: Option<i64>,
    /// Where the next line begins, in bytes.
    offset: u64,
    /// The number of the next line, from 1.
    number: u64,
    stop: Stop,
}

/// Opens the file that a stream of lines describes, at its start or behind a line.
pub(super) fn open(description: &Record, from: Option<&Value>, folder: &Path, stop: Stop) -> Result<Lines, NodeError> {
    let path = description.get("path").and_then(Value::as_text).unwrap_or_default();
    let path = folder.join(path);
    // Opening something else, such as a pipe, might wait for ever.
    let metadata = fs::metadata(&path).map_err(|error| cannot_read(&error, &path))?;
    if !metadata.is_file() {
        return Err(NodeError::new(format!("this is not a file: {}", path.display())));
    }
    let file = File::open(&path).map_err(|error| cannot_read(&error, &path))?;
    let (offset, number) = match from {
        Some(place) => (place_number(place, "byte")?, place_number(place, "line")?),
        None => (0, 1),
    };
    let mut lines = Lines {
        reader: BufReader::with_capacity(BUFFER_BYTES, file),
        path,
        size: described_number(description, "size"),
        modified: described_number(description, "modified"),
        offset,
        number,
        stop,
    };
    lines.refuse_if_changed()?;
    if offset > 0 {
        lines.reader.seek(SeekFrom::Start(offset)).map_err(|error| cannot_read(&error, &lines.path))?;
    } else {
        lines.skip_mark()?;
    }
    Ok(lines)
}

fn cannot_read(error: &io::Error, path: &Path) -> NodeError {
    NodeError::new(format!("cannot read the file: {error}: {}", path.display()))
}

impl Iterator for Lines {
    type Item = Result<Item, NodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

impl Lines {
    fn failed(&self, what: &str) -> NodeError {
        NodeError::new(format!("{what}: {}", self.path.display()))
    }

    fn refuse_if_changed(&self) -> Result<(), NodeError> {
        let metadata = self.reader.get_ref().metadata().map_err(|error| cannot_read(&error, &self.path))?;
        let size = i64::try_from(metadata.len()).unwrap_or(i64::MAX);
        if let Some(before) = self.size.filter(|before| *before != size) {
            return Err(self.failed(&format!(
                "the file has changed since Read Lines looked at it: it had {before} bytes and has {size}; run that node again"
            )));
        }
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let modified = modified.map(|since_1970| nanos(since_1970.as_nanos()));
        if self.modified.is_some() && self.modified != modified {
            return Err(
                self.failed("the file has been written again since Read Lines looked at it; run that node again")
            );
        }
        Ok(())
    }

    /// Skips the byte order mark.
    fn skip_mark(&mut self) -> Result<(), NodeError> {
        let start = self.reader.fill_buf().map_err(|error| cannot_read(&error, &self.path))?;
        if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
            return Err(self.failed("the text is UTF-16: save the file as UTF-8"));
        }
        if start.starts_with(b"\xEF\xBB\xBF") {
            self.reader.consume(3);
            self.offset = 3;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Option<Item>, NodeError> {
        let (bytes, n_end) = self.read_bytes()?;
        if bytes.is_empty() && n_end == 0 {
            // Another size tells that the file was cut short or written to while it was read.
            self.refuse_if_changed()?;
            return Ok(None);
        }
        let n_bytes = bytes.len();
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to() as u64;
            self.failed(&format!(
                "line {} is not UTF-8 text at its byte {} (byte {} of the file): save the file as UTF-8",
                self.number,
                at + 1,
                self.offset + at + 1
            ))
        })?;
        self.offset += (n_bytes + n_end) as u64;
        self.number += 1;
        let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let next = Value::record([("byte", number(self.offset)), ("line", number(self.number))]);
        Ok(Some(Item { value: Value::from(text), next }))
    }

    /// Reads up to the end of a line, `\n`, `\r\n` or `\r`; returns the line without it, and the length of the end.
    fn read_bytes(&mut self) -> Result<(Vec<u8>, usize), NodeError> {
        let mut line = Vec::new();
        loop {
            let part = self.fill()?;
            if part.is_empty() {
                return Ok((line, 0));
            }
            let end = part.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let n_part = end.unwrap_or(part.len());
            if line.len() + n_part > MAX_LINE_BYTES {
                let limit = MAX_LINE_BYTES >> 20;
                return Err(self.failed(&format!("line {} is longer than {limit} MiB", self.number)));
            }
            line.extend_from_slice(&part[..n_part]);
            let Some(end) = end else {
                self.reader.consume(n_part);
                if (self.stop)() {
                    return Err(NodeError::Cancelled);
                }
                continue;
            };
            let is_return = part[end] == b'\r';
            self.reader.consume(end + 1);
            let has_feed = is_return && self.fill()?.first() == Some(&b'\n');
            if has_feed {
                self.reader.consume(1);
            }
            return Ok((line, 1 + usize::from(has_feed)));
        }
    }

    fn fill(&mut self) -> Result<&[u8], NodeError> {
        loop {
            match self.reader.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(cannot_read(&error, &self.path)),
            }
        }
        Ok(self.reader.buffer())
    }
}
