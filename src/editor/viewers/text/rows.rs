//! Where the rows of a text lie, and where something stands in it. Slow for large texts: not for the interface thread.

use std::{
    ops::Range,
    sync::atomic::{AtomicBool, Ordering},
};

use regex::RegexBuilder;

/// The longest row in bytes where lines are not wrapped; a longer line goes on in the next.
const ROW_BYTES: usize = 1_000;

/// The most places that are found.
pub(super) const MAX_FOUND: usize = 100_000;

/// How many rows or places are found between two looks at whether anyone still wants them.
const STRIDE: usize = 4_096;

/// A row of a text: a line, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    start: usize,
    length: u32,
    /// The line it is a part of, from 0.
    pub(super) line: u32,
}

impl Row {
    /// Returns where it lies in the text, in bytes.
    pub(super) const fn range(self) -> Range<usize> {
        self.start..self.start + self.length as usize
    }
}

/// Returns the rows of a text: its lines, those with more columns than `width` wrapped at spaces. None if it is told to stop.
pub(super) fn rows_of(text: &str, width: Option<usize>, cancelled: &AtomicBool) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    let mut start = 0;
    for (number, line) in text.split('\n').enumerate() {
        if number % STRIDE == 0 && cancelled.load(Ordering::Relaxed) {
            return None;
        }
        let end = start + line.trim_end_matches('\r').len();
        let mut from = start;
        while let Some(length) = first_part(&text[from..end], width) {
            rows.push(Row { start: from, length: length as u32, line: number as u32 });
            from += length;
        }
        rows.push(Row { start: from, length: (end - from) as u32, line: number as u32 });
        start += line.len() + 1;
    }
    Some(rows)
}

/// Returns how many bytes of a line stand in its first row, if it does not fit into one.
fn first_part(line: &str, width: Option<usize>) -> Option<usize> {
    let Some(width) = width else {
        return (line.len() > ROW_BYTES).then(|| line.floor_char_boundary(ROW_BYTES));
    };
    if line.len() <= width {
        return None;
    }
    let (mut n_columns, mut space) = (0, None);
    for (at, character) in line.char_indices() {
        // Characters of East Asian scripts and pictures are two columns wide.
        n_columns += if character >= '\u{1100}' { 2 } else { 1 };
        if n_columns > width.max(2) {
            return Some(space.filter(|space| *space > at / 3).unwrap_or(at));
        }
        if character == ' ' {
            space = Some(at + 1);
        }
    }
    None
}

/// Returns where something stands in a text, whatever the case; what is searched for is a regular expression if that is asked
/// for. No more than [`MAX_FOUND`] places are found. Or what is wrong with the expression; none if it is told to stop.
pub(super) fn find(
    text: &str,
    wanted: &str,
    is_expression: bool,
    cancelled: &AtomicBool,
) -> Option<Result<Vec<Range<usize>>, String>> {
    let pattern = if is_expression { wanted.to_owned() } else { regex::escape(wanted) };
    let expression = match RegexBuilder::new(&pattern).case_insensitive(true).multi_line(true).build() {
        Ok(expression) => expression,
        Err(error) => {
            let lines = error.to_string();
            let said = lines.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            return Some(Err(format!("not a regular expression: {said}")));
        }
    };
    let mut found = Vec::new();
    for place in expression.find_iter(text).filter(|place| !place.is_empty()).take(MAX_FOUND) {
        if found.len() % STRIDE == 0 && cancelled.load(Ordering::Relaxed) {
            return None;
        }
        found.push(place.range());
    }
    Some(Ok(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, width: Option<usize>) -> Vec<&str> {
        rows_of(text, width, &AtomicBool::new(false)).unwrap().into_iter().map(|row| &text[row.range()]).collect()
    }

    #[test]
    fn rows_are_lines() {
        assert_eq!(cut("a\nb\r\n\nc", None), ["a", "b", "", "c"]);
        assert_eq!(cut("a\n", Some(80)), ["a", ""]);
    }

    #[test]
    fn long_lines_go_on_in_the_next_row_and_nothing_is_lost() {
        let line = "é".repeat(2_000);
        for width in [None, Some(7), Some(1)] {
            let rows = cut(&line, width);
            assert!(rows.len() > 3);
            assert_eq!(rows.concat(), line);
        }
        let numbers: Vec<u32> =
            rows_of("long line\nb", Some(5), &AtomicBool::new(false)).unwrap().iter().map(|row| row.line).collect();
        assert_eq!(numbers, [0, 0, 1]);
    }

    #[test]
    fn lines_are_wrapped_at_spaces_where_there_are_any() {
        assert_eq!(cut("one two three", Some(8)), ["one two ", "three"]);
        assert_eq!(cut("abcdefghij kl", Some(4)), ["abcd", "efgh", "ij ", "kl"]);
        assert_eq!(cut("日本語", Some(4)), ["日本", "語"]);
    }

    #[test]
    fn texts_and_expressions_are_found_whatever_the_case() {
        let stop = AtomicBool::new(false);
        let places = |wanted: &str, is_expression| find("A.b a.B aXb", wanted, is_expression, &stop).unwrap();
        assert_eq!(places("a.b", false).unwrap(), [0..3, 4..7]);
        assert_eq!(places("a.b", true).unwrap().len(), 3);
        assert!(places("a(", true).unwrap_err().starts_with("not a regular expression: "));
        assert_eq!(places("x*", true).unwrap().first(), Some(&(9..10)), "a place is never empty");
        assert_eq!(find("aa", "a", false, &AtomicBool::new(true)), None);
    }
}
