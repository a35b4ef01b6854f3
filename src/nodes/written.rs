//! What a person writes in a language: whether it can be read, before anything runs.

use std::ops::Range;

use datafusion::{
    error::DataFusionError,
    sql::parser::{DFParser, DFParserBuilder},
};

use super::{command, sql, text};

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// In words, with the line and, where it is known, the column.
    pub message: String,
    /// The bytes that cannot be read, if it is known which; never empty unless the text ends too early.
    pub range: Option<Range<usize>>,
}

/// Returns what is wrong with a text in a language that parameters name: `sql`, `sql condition`, `jinja`, `json`, `shell`.
///
/// A text that says nothing is not wrong, and neither is one in a language that is not known.
pub fn wrong_in(language: &str, text: &str) -> Option<Wrong> {
    if text.trim().is_empty() {
        return None;
    }
    match language {
        "sql" => of_sql(text, DFParser::parse_sql(text).map(drop)),
        "sql condition" if is_one_name(text) => None,
        "sql condition" => {
            let read = DFParserBuilder::new(text).build().and_then(|mut parser| parser.parse_into_expr());
            of_sql(text, read.map(drop))
        }
        "jinja" => text::wrong_in_template(text),
        "shell" => command::wrong_in_script(text),
        "json" => serde_json::from_str::<serde::de::IgnoredAny>(text).err().map(|error| of_json(text, &error)),
        _ => None,
    }
}

/// Returns whether a text may be the name of a column as it is, spaces and all.
fn is_one_name(text: &str) -> bool {
    text.chars().all(|char| char.is_alphanumeric() || char == '_' || char == ' ')
}

fn of_sql(text: &str, read: Result<(), DataFusionError>) -> Option<Wrong> {
    let message = sql::cannot_be_read(&read.err()?);
    let place = message.rsplit_once(" at Line: ").and_then(|(what, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((what.to_owned(), line.parse().ok()?, column.parse().ok()?))
    });
    Some(match place {
        Some((what, line, column)) if line > 0 => {
            let range = word_at(text, line, column);
            Wrong { message: format!("line {line}, column {column}: {what}"), range: Some(range) }
        }
        // The parser gives the end of the text no place.
        Some((message, ..)) => Wrong { message, range: Some(last_sign(text)) },
        None => {
            let range = message.contains("EOF").then(|| last_sign(text));
            Wrong { message, range }
        }
    })
}

/// Returns where the last sign of a text is.
fn last_sign(text: &str) -> Range<usize> {
    let text = text.trim_end();
    text.char_indices().next_back().map_or(0, |(at, _)| at)..text.len()
}

/// Returns what is wrong with a text that is no JSON.
pub fn of_json(text: &str, error: &serde_json::Error) -> Wrong {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let what = said.rsplit_once(" at line ").map_or(&*said, |(what, _)| what);
    Wrong { message: format!("line {line}, column {column}: {what}"), range: Some(word_at(text, line, column.max(1))) }
}

/// Returns the line and the column of a place in a text, both counted from 1, the column in characters.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Returns the word or sign at a line and a column, both counted from 1; at the end of the text what is before it.
fn word_at(text: &str, line: usize, column: usize) -> Range<usize> {
    let line_start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    let rest = &text[line_start..];
    let line_end = line_start + rest.find('\n').unwrap_or(rest.len());
    let mut start = text.floor_char_boundary((line_start + column.saturating_sub(1)).min(line_end));
    if start == line_end {
        start = text[line_start..line_end].char_indices().next_back().map_or(start, |(at, _)| line_start + at);
    }
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    let from = &text[start..];
    let length = match from.chars().next() {
        Some(first) if is_word(first) => from.find(|char| !is_word(char)).unwrap_or(from.len()),
        Some(first) => first.len_utf8(),
        None => 0,
    };
    start..start + length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(language: &str, text: &str, message: &str, marked: &str) {
        let wrong = wrong_in(language, text).expect("it is wrong");
        assert!(wrong.message.contains(message), "{:?}", wrong.message);
        assert_eq!(wrong.range.map(|range| &text[range]), Some(marked), "{:?}", wrong.message);
    }

    #[test]
    fn what_cannot_be_read_is_marked_where_it_is() {
        check("json", "{\n  \"a\": 1x\n}", "line 2, column 9", "x");
        check("json", "{\"a\": }", "line 1, column 7: expected value", "}");
        check("json", "[1, 2", "EOF while parsing a list", "2");
        check("sql", "SELECT *\nFRM t1", "line 2, column 1", "FRM");
        check("sql condition", "mass > > 4", "column 8", ">");
        check("shell", "date\necho 'a", "line 2, column 6: ' is opened here and not closed", "'a");
        check("jinja", "a\n{{ b | }}", "line 2 of the template", "}}");
    }

    #[test]
    fn what_can_be_read_is_not_wrong() {
        for (language, text) in [
            ("json", "{\"a\": [1, 2.5e3, null]}"),
            ("json", " "),
            ("sql", "WITH a AS (SELECT 1) SELECT * FROM a -- all"),
            ("sql", ""),
            ("sql condition", "body_mass_g > 4000 AND sex = 'female'"),
            ("sql condition", "has spaces"),
            ("jinja", "{% for row in in1 %}{{ row.name | upper }}{% endfor %}"),
            ("", "{{"),
        ] {
            assert_eq!(wrong_in(language, text), None, "{language}: {text}");
        }
    }

    #[test]
    fn texts_that_end_too_early_and_other_alphabets_are_no_trouble() {
        for text in ["SELECT", "SELECT 'a", "SELECT é FROM", "(", "é >", "ü ü '"] {
            for language in ["sql", "sql condition", "json", "jinja"] {
                if let Some(Wrong { range: Some(range), .. }) = wrong_in(language, text) {
                    assert!(text.get(range.clone()).is_some(), "{language}: {text:?} {range:?}");
                }
            }
        }
    }
}
