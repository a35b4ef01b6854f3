//! Finding things by a few letters.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{Atom, AtomKind, CaseMatching, Normalization},
};

/// A text that is looked through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    text: &'a str,
    weight: u32,
    /// Whether letters may lie apart, in their order.
    apart: bool,
}

impl<'a> Field<'a> {
    /// Returns a text in which the letters of a word may lie apart.
    pub(crate) const fn letters(text: &'a str, weight: u32) -> Self {
        Self { text, weight, apart: true }
    }

    /// Returns a text in which a word must stand as it is.
    pub(crate) const fn whole(text: &'a str, weight: u32) -> Self {
        Self { text, weight, apart: false }
    }
}

/// The words that are looked for.
pub(crate) struct Words {
    matcher: Matcher,
    /// Each word, as letters that may lie apart and as it is.
    atoms: Vec<(Atom, Atom)>,
    buffer: Vec<char>,
}

impl Words {
    /// Returns the words of a text. Case and accents do not count.
    pub(crate) fn new(text: &str) -> Self {
        let atom = |word, kind| Atom::new(word, CaseMatching::Ignore, Normalization::Smart, kind, false);
        let both = |word| (atom(word, AtomKind::Fuzzy), atom(word, AtomKind::Substring));
        Self {
            matcher: Matcher::new(Config::DEFAULT),
            atoms: text.split_whitespace().map(both).collect(),
            buffer: Vec::new(),
        }
    }

    /// Returns how well the fields hold all of the words; `None` if one is in none of them. Without a word all are alike.
    pub(crate) fn score(&mut self, fields: &[Field<'_>]) -> Option<u32> {
        let Self { matcher, atoms, buffer } = self;
        let mut of_word = |(letters, whole): &(Atom, Atom)| {
            let of_field = |field: &Field<'_>| {
                let atom = if field.apart { letters } else { whole };
                let score = atom.score(Utf32Str::new(field.text, buffer), matcher)?;
                Some(u32::from(score) * field.weight)
            };
            fields.iter().filter_map(of_field).max()
        };
        atoms.iter().map(&mut of_word).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(text: &str, field: Field<'_>) -> Option<u32> {
        Words::new(text).score(&[field])
    }

    #[test]
    fn letters_may_lie_apart_where_that_is_said() {
        assert!(score("rcsv", Field::letters("Read CSV", 1)).is_some());
        assert!(score("rcsv", Field::whole("Read CSV", 1)).is_none());
        assert!(score("vsc", Field::letters("Read CSV", 1)).is_none());
    }

    #[test]
    fn what_stands_together_and_at_the_start_is_better() {
        let letters = |text, field| score(text, Field::letters(field, 1)).unwrap();
        assert!(letters("sort", "Sort rows") > letters("sort", "Store parts"));
        assert!(letters("row", "Row number") > letters("row", "Throw away"));
    }

    #[test]
    fn every_word_must_be_in_some_field() {
        let fields = [Field::whole("table rows", 1), Field::whole("école", 1)];
        assert!(Words::new("rows ecole").score(&fields).is_some());
        assert!(Words::new("rows image").score(&fields).is_none());
        assert_eq!(Words::new("  ").score(&fields), Some(0));
    }
}
