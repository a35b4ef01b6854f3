//! Texts, line by line.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

/// How many equal lines are told around those that differ.
const CONTEXT: usize = 3;

/// How many lines are told at most.
const MAX_LINES: usize = 5_000;

/// After how long a shorter difference is no longer looked for: what was found is told.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// What differs between two texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextDifference {
    /// How many lines are only in the first.
    pub n_removed: usize,
    /// How many lines are only in the second.
    pub n_added: usize,
    /// Stretches of lines with differences, in order; of very many the first.
    pub hunks: Vec<Hunk>,
    /// Whether there are more than told.
    pub is_cut: bool,
}

/// Lines that differ, with equal ones around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// The number of its first line in the first text, from 1.
    pub before: usize,
    /// The number of its first line in the second text, from 1.
    pub after: usize,
    /// The lines.
    pub lines: Vec<Line>,
}

/// A line of a hunk, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// In which text it is.
    pub change: Change,
    /// The line.
    pub text: String,
}

/// In which of two texts a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// In both.
    Same,
    /// In the first.
    Removed,
    /// In the second.
    Added,
}

impl Change {
    /// Returns the sign in front of such lines.
    pub const fn sign(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Removed => '-',
            Self::Added => '+',
        }
    }
}

impl TextDifference {
    pub(super) fn between(before: &str, after: &str) -> Self {
        let diff = TextDiff::configure().timeout(TIME_LIMIT).diff_lines(before, after);
        let mut difference = Self::default();
        let mut n_lines = 0;
        for group in diff.grouped_ops(CONTEXT) {
            let Some(first) = group.first() else { continue };
            let mut hunk =
                Hunk { before: first.old_range().start + 1, after: first.new_range().start + 1, lines: Vec::new() };
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let tag = match change.tag() {
                    ChangeTag::Equal => Change::Same,
                    ChangeTag::Delete => Change::Removed,
                    ChangeTag::Insert => Change::Added,
                };
                difference.n_removed += usize::from(tag == Change::Removed);
                difference.n_added += usize::from(tag == Change::Added);
                n_lines += 1;
                if n_lines <= MAX_LINES {
                    let text = change.value().trim_end_matches(['\n', '\r']).to_owned();
                    hunk.lines.push(Line { change: tag, text });
                } else {
                    difference.is_cut = true;
                }
            }
            if !hunk.lines.is_empty() {
                difference.hunks.push(hunk);
            }
        }
        difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_are_told_with_those_around_them() {
        let before = (1..=20).map(|number| format!("line {number}")).collect::<Vec<_>>().join("\n");
        let after = before.replace("line 10\n", "line ten\nand more\n");
        let difference = TextDifference::between(&before, &after);
        assert_eq!((difference.n_removed, difference.n_added, difference.is_cut), (1, 2, false));
        let [hunk] = &difference.hunks[..] else { panic!("{difference:?}") };
        assert_eq!((hunk.before, hunk.after), (7, 7));
        let lines: Vec<String> = hunk.lines.iter().map(|line| format!("{}{}", line.change.sign(), line.text)).collect();
        let expected =
            [" line 7", " line 8", " line 9", "-line 10", "+line ten", "+and more", " line 11", " line 12", " line 13"];
        assert_eq!(lines, expected);
    }

    #[test]
    fn of_very_many_lines_all_are_counted_and_the_first_told() {
        let after = (0..MAX_LINES + 10).map(|number| number.to_string()).collect::<Vec<_>>().join("\n");
        let difference = TextDifference::between("", &after);
        assert_eq!(difference.n_added, MAX_LINES + 10);
        assert!(difference.is_cut);
        assert_eq!(difference.hunks.iter().map(|hunk| hunk.lines.len()).sum::<usize>(), MAX_LINES);
    }
}
