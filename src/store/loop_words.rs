//! What a loop did, in a few words.

use std::ops::Range;

use super::{LoopAbout, MAX_FAILURES};

impl LoopAbout {
    /// Returns how far the loop came: `10,000 iterations, 3 failed`, `stopped after 7 of 10`.
    pub fn in_words(&self) -> String {
        let n_finished = with_commas(self.n_finished);
        let words = match (self.is_complete, self.total) {
            (true, _) if self.n_finished == 1 => "1 iteration".to_owned(),
            (true, _) => format!("{n_finished} iterations"),
            (false, Some(total)) => format!("stopped after {n_finished} of {}", with_commas(total)),
            (false, None) if self.n_finished == 1 => "stopped after 1 iteration".to_owned(),
            (false, None) => format!("stopped after {n_finished} iterations"),
        };
        match self.failures.len() {
            0 => words,
            n_failed @ 1..MAX_FAILURES => format!("{words}, {n_failed} failed"),
            n_failed => format!("{words}, {} or more failed", with_commas(n_failed as u64)),
        }
    }

    /// Returns how many iterations there is something to see of: those that finished, and the one a loop stopped in.
    pub fn n_seen(&self) -> u64 {
        let failed = self.failures.iter().map(|failure| failure.index + 1).max();
        self.n_finished.max(failed.unwrap_or_default())
    }
}

/// How many stretches of iterations are named before the rest is counted.
const MAX_STRETCHES: usize = 8;

/// Returns iterations as people count them: `iteration 3`, `iterations 1–7 and 1,200`.
pub(crate) fn iterations_in_words(stretches: &[Range<u64>]) -> String {
    let stretch = |stretch: &Range<u64>| {
        let (first, last) = (with_commas(stretch.start + 1), with_commas(stretch.end));
        if first == last { first } else { format!("{first}–{last}") }
    };
    let n_named = if stretches.len() > MAX_STRETCHES + 1 { MAX_STRETCHES } else { stretches.len() };
    let mut named: Vec<String> = stretches[..n_named].iter().map(stretch).collect();
    let n_more: u64 = stretches[n_named..].iter().map(|stretch| stretch.end - stretch.start).sum();
    if n_more > 0 {
        named.push(format!("{} more", with_commas(n_more)));
    }
    match &named[..] {
        [only] if stretches[0].end - stretches[0].start == 1 => format!("iteration {only}"),
        [first @ .., last] if !first.is_empty() => format!("iterations {} and {last}", first.join(", ")),
        all => format!("iterations {}", all.join(", ")),
    }
}

/// Returns the same with what was done to them: `iteration 3 was`, `iterations 1–7 were`.
pub(crate) fn made_in_words(stretches: &[Range<u64>]) -> String {
    let n_iterations: u64 = stretches.iter().map(|stretch| stretch.end - stretch.start).sum();
    format!("{} {}", iterations_in_words(stretches), if n_iterations == 1 { "was" } else { "were" })
}

/// Returns how many there are of something: `1 row`, `2,000 rows`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", with_commas(number as u64))
}

/// Returns a number with a comma before each group of three digits.
pub(crate) fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{LoopFailure, LoopId, LoopPart, RunId},
        value::Fingerprint,
    };

    fn about(n_finished: u64, total: Option<u64>, is_complete: bool, n_failed: u64) -> LoopAbout {
        let failure = |index| LoopFailure { index, node: "a".into(), error: "broke".to_owned() };
        LoopAbout {
            id: LoopId::generate(),
            head: "each".into(),
            members: Vec::new(),
            ports: Vec::new(),
            config: Fingerprint::of_bytes(b""),
            input: None,
            parts: Vec::new(),
            total,
            n_finished,
            is_complete,
            failures: (0..n_failed).map(failure).collect(),
        }
    }

    #[test]
    fn of_many_stretches_the_first_are_named_and_the_rest_is_counted() {
        let every_other: Vec<Range<u64>> = (0..1_000).map(|number| number * 2..number * 2 + 1).collect();
        let said = iterations_in_words(&every_other);
        assert_eq!(said, "iterations 1, 3, 5, 7, 9, 11, 13, 15 and 992 more");
        let nine = iterations_in_words(&every_other[..9]);
        assert_eq!(nine, "iterations 1, 3, 5, 7, 9, 11, 13, 15 and 17");
    }

    #[test]
    fn loops_are_told_in_a_few_words() {
        let said = [
            about(10_000, Some(10_000), true, 3),
            about(1, Some(1), true, 0),
            about(7, Some(10), false, 0),
            about(1, None, false, 1),
            about(2000, None, false, 0),
            about(5000, Some(5000), true, MAX_FAILURES as u64),
        ]
        .map(|about| about.in_words());
        assert_eq!(
            said,
            [
                "10,000 iterations, 3 failed",
                "1 iteration",
                "stopped after 7 of 10",
                "stopped after 1 iteration, 1 failed",
                "stopped after 2,000 iterations",
                "5,000 iterations, 1,000 or more failed",
            ]
        );
    }

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "one stretch is meant, not the numbers in it")]
    fn iterations_are_counted_from_one() {
        assert_eq!(iterations_in_words(&[2..3]), "iteration 3");
        assert_eq!(iterations_in_words(&[0..9000]), "iterations 1–9,000");
        assert_eq!(iterations_in_words(&[0..7, 8..9, 1199..1200]), "iterations 1–7, 9 and 1,200");
    }

    #[test]
    fn what_was_made_again_is_not_old() {
        let part =
            |from, to, body: &[u8]| LoopPart { from, to, body: Fingerprint::of_bytes(body), run: RunId::generate() };
        let mut about = about(10, Some(10), true, 0);
        about.parts = vec![part(0, 7, b"old"), part(3, 4, b"new"), part(7, 10, b"new")];
        assert_eq!(about.old_parts(), [0..3, 4..7]);
    }

    #[test]
    fn the_iteration_a_loop_stopped_in_can_be_seen() {
        let mut about = about(3, Some(10), false, 1);
        about.failures[0].index = 3;
        assert_eq!(about.n_seen(), 4);
    }
}
