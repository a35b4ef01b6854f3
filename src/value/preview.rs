//! One line that says what a value is.

use std::borrow::Cow;

use super::{Record, Value};

/// The most characters of text that a preview quotes.
const QUOTED_CHARS: usize = 40;

impl Value {
    /// Returns one line for a person: `Table 344 × 8`, `Text "Adelie…" 812 chars`, `Int 42`.
    pub fn preview(&self) -> String {
        match self {
            Self::Null => "Null".to_owned(),
            Self::Bool(value) => format!("Bool {value}"),
            Self::Int(value) => format!("Int {value}"),
            Self::Float(value) => format!("Float {value}"),
            Self::Text(text) => text_preview(text),
            Self::Bytes(bytes) => format!("Bytes {}", readable_size(bytes.len())),
            Self::List(items) => format!("List of {}", items.len()),
            Self::Record(record) => record_preview(record),
            Self::Table(table) => format!("Table {} × {}", table.n_rows(), table.n_columns()),
            Self::Image(image) => format!("Image {} × {}", image.width(), image.height()),
            Self::Stream(description) => stream_preview(description),
        }
    }
}

/// Returns a text that has at most so many characters, with `…` behind it if there were more.
pub fn shortened(text: &str, max_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => Cow::Owned(format!("{}…", text[..end].trim_end())),
        None => Cow::Borrowed(text),
    }
}

/// Returns a size with its unit: `812 B`, `1.4 MB`.
pub fn readable_size(n_bytes: usize) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut size = n_bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{n_bytes} B") } else { format!("{size:.1} {}", UNITS[unit]) }
}

fn text_preview(text: &str) -> String {
    let n_chars = text.chars().count();
    let line = text.lines().next().unwrap_or_default();
    if n_chars <= QUOTED_CHARS && line.len() == text.len() {
        return format!("Text \"{text}\"");
    }
    let start: String = line.chars().take(QUOTED_CHARS).collect();
    format!("Text \"{}…\" {n_chars} chars", start.trim_end())
}

fn record_preview(record: &Record) -> String {
    if let Some((name, Value::Text(kind))) = record.nth(0)
        && **name == *"plot"
        && matches!(record.get("series"), Some(Value::List(_)))
    {
        return format!("Plot {}", kind.replace('_', " "));
    }
    let names: Vec<&str> = record.iter().take(4).map(|(name, _)| &**name).collect();
    let more = if record.len() > names.len() { ", …" } else { "" };
    format!("Record {{{}{more}}}", names.join(", "))
}

/// Returns what a stream is of and where it comes from: the path of a file in full, of an address all but the query,
/// which may hold a key.
fn stream_preview(description: &Record) -> String {
    let text = |name: &str| description.get(name).and_then(Value::as_text);
    let what = text("stream").unwrap_or("items");
    let from = text("path").or_else(|| text("url").map(|url| url.split(['?', '#']).next().unwrap_or_default()));
    match from {
        Some(from) => format!("Stream of {what} of {from}"),
        None => format!("Stream of {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_says_so() {
        assert_eq!(shortened("plain", 5), "plain");
        assert_eq!(shortened("", 0), "");
        assert_eq!(shortened("ééé", 2), "éé…");
        assert_eq!(shortened("two words", 4), "two…");
    }

    #[test]
    fn a_preview_is_one_short_line() {
        assert_eq!(Value::Int(42).preview(), "Int 42");
        assert_eq!(Value::text("short").preview(), "Text \"short\"");
        assert_eq!(Value::text("two\nlines").preview(), "Text \"two…\" 9 chars");
        assert_eq!(Value::text("x".repeat(100)).preview(), format!("Text \"{}…\" 100 chars", "x".repeat(40)));
        assert_eq!(Value::Bytes(vec![0; 1500].into()).preview(), "Bytes 1.5 kB");
        assert_eq!(Value::record([("a", Value::Null)]).preview(), "Record {a}");
        assert_eq!(Value::list([Value::Null]).preview(), "List of 1");
        let plot = Value::record([("plot", Value::text("heat_map")), ("series", Value::list([]))]);
        assert_eq!(plot.preview(), "Plot heat map");
    }

    #[test]
    fn a_stream_says_where_it_comes_from_and_keeps_the_query_to_itself() {
        let stream = |what: &'static str, name: &'static str, from: &'static str| {
            Value::stream([("stream", Value::text(what)), (name, Value::text(from))]).preview()
        };
        assert_eq!(stream("lines", "path", "a?b.log"), "Stream of lines of a?b.log");
        assert_eq!(stream("pages", "url", "http://x.org/a?key=1"), "Stream of pages of http://x.org/a");
        assert_eq!(Value::stream::<&str>([]).preview(), "Stream of items");
    }
}
