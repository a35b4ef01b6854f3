//! What nodes do to the world outside, as they report it while they do it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of thing was done. Kept by its position: new ones stand at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum What {
    /// A file was written.
    File,
    /// A server was asked for something, or sent something.
    Request,
    /// A model was asked, which may have to be paid for.
    Model,
    /// A program was run.
    Command,
    /// A statement that changes something was sent to a database.
    Statement,
    /// A message was sent.
    Mail,
    /// Something else.
    Other,
}

impl What {
    /// Returns what was done, in words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::File => "wrote",
            Self::Request => "sent",
            Self::Model => "asked",
            Self::Command => "ran",
            Self::Statement => "changed",
            Self::Mail => "mailed",
            Self::Other => "did",
        }
    }

    /// Returns its name, one word, lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Request => "request",
            Self::Model => "model",
            Self::Command => "command",
            Self::Statement => "statement",
            Self::Mail => "mail",
            Self::Other => "other",
        }
    }
}

/// One thing that a node did to the world outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// What kind of thing.
    pub what: What,
    /// To what: the file with its folder; the method and the address without its query, which may hold a key; the program
    /// with its arguments; the statement.
    pub target: String,
    /// How many bytes were written or sent, if any were.
    pub bytes: Option<u64>,
    /// What came of it, such as `status 201` or `exit code 0`; empty where there is nothing to say.
    pub outcome: String,
}

impl Deed {
    /// Returns a deed without a size and an outcome.
    pub fn new(what: What, target: impl Into<String>) -> Self {
        Self { what, target: target.into(), bytes: None, outcome: String::new() }
    }

    /// Says how many bytes were written or sent.
    #[must_use]
    pub fn bytes(mut self, n_bytes: usize) -> Self {
        self.bytes = Some(n_bytes as u64);
        self
    }

    /// Says what came of it.
    #[must_use]
    pub fn outcome(mut self, outcome: impl Into<String>) -> Self {
        self.outcome = outcome.into();
        self
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what.in_words(), self.target)?;
        let size =
            self.bytes.map(|n_bytes| if n_bytes == 1 { "1 byte".to_owned() } else { format!("{n_bytes} bytes") });
        let outcome = (!self.outcome.is_empty()).then(|| self.outcome.clone());
        let details: Vec<String> = size.into_iter().chain(outcome).collect();
        if details.is_empty() { Ok(()) } else { write!(f, " ({})", details.join(", ")) }
    }
}

/// How many things that a node did in a run are kept, over all iterations and attempts; the others are counted.
const MAX_DEEDS: usize = 1000;

/// What a node did to the world outside in a run, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deeds {
    kept: Vec<Deed>,
    n_more: u64,
}

impl Deeds {
    /// Returns nothing done.
    pub const fn none() -> Self {
        Self { kept: Vec::new(), n_more: 0 }
    }

    /// Adds a deed.
    pub fn push(&mut self, deed: Deed) {
        if self.kept.len() < MAX_DEEDS {
            self.kept.push(deed);
        } else {
            self.n_more += 1;
        }
    }

    /// Adds what was done after these.
    pub fn append(&mut self, later: Self) {
        later.kept.into_iter().for_each(|deed| self.push(deed));
        self.n_more += later.n_more;
    }

    /// Returns the deeds that are kept, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Deed> {
        self.kept.iter()
    }

    /// Returns how many there were beside those that are kept.
    pub const fn n_more(&self) -> u64 {
        self.n_more
    }

    /// Returns whether nothing was done.
    pub const fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Returns the same without what it was done to and what came of it.
    #[must_use]
    pub(crate) fn hidden(&self) -> Self {
        let hidden = |deed: &Deed| Deed::new(deed.what, super::HIDDEN);
        Self { kept: self.kept.iter().map(hidden).collect(), n_more: self.n_more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_deeds_the_first_are_kept_and_the_others_counted() {
        let mut deeds = Deeds::none();
        for number in 0..MAX_DEEDS {
            deeds.push(Deed::new(What::File, number.to_string()));
        }
        let mut later = Deeds::none();
        later.push(Deed::new(What::Command, "one more"));
        deeds.append(later.clone());
        deeds.append(later);
        assert_eq!((deeds.iter().len(), deeds.n_more()), (MAX_DEEDS, 2));
        assert!(deeds.iter().all(|deed| deed.what == What::File));
    }

    #[test]
    fn a_deed_is_told_in_a_line() {
        let wrote = Deed::new(What::File, "/out/a.csv").bytes(1);
        assert_eq!(wrote.to_string(), "wrote /out/a.csv (1 byte)");
        let sent = Deed::new(What::Request, "POST https://example.org/orders").bytes(12).outcome("status 201");
        assert_eq!(sent.to_string(), "sent POST https://example.org/orders (12 bytes, status 201)");
        assert_eq!(Deed::new(What::Other, "something").to_string(), "did something");
    }
}
