//! Finding kinds by a few letters.

use std::sync::Arc;

use crate::{
    editor::WireEnd,
    nodes::{Catalogue, Kind},
    value::{ValueType, can_convert},
    workflow::KindId,
};

/// The end a kind must fit.
#[derive(Clone, Debug)]
pub(super) struct Fitting {
    /// The end of the wire.
    pub(super) end: WireEnd,
    /// What flows there.
    pub(super) value_type: ValueType,
}

impl Fitting {
    fn accepts(&self, kind: &Kind) -> bool {
        match self.end {
            WireEnd::Output(_) => kind.inputs.iter().any(|input| can_convert(self.value_type, input.value_type)),
            WireEnd::Input(_) => kind.outputs.iter().any(|output| can_convert(output.value_type, self.value_type)),
        }
    }
}

/// Returns the kinds that a text finds, best first; all by family and title for an empty one.
pub(super) fn find(catalogue: &Catalogue, text: &str, fitting: Option<&Fitting>) -> Vec<KindId> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let mut found: Vec<(u32, &Arc<Kind>)> = catalogue
        .iter()
        .filter(|kind| fitting.is_none_or(|fitting| fitting.accepts(kind)))
        .filter_map(|kind| Some((score(kind, &words)?, kind)))
        .collect();
    found.sort_by(|(score_a, a), (score_b, b)| {
        score_b.cmp(score_a).then_with(|| a.family.cmp(&b.family)).then_with(|| a.title.cmp(&b.title))
    });
    found.into_iter().map(|(_, kind)| kind.id.clone()).collect()
}

/// Returns how well a kind fits all of the words; `None` if one is not in it.
fn score(kind: &Kind, words: &[String]) -> Option<u32> {
    words.iter().map(|word| score_of_word(kind, word)).sum()
}

fn score_of_word(kind: &Kind, word: &str) -> Option<u32> {
    let ports = || {
        let inputs = kind.inputs.iter().map(|input| input.value_type.name());
        inputs.chain(kind.outputs.iter().map(|output| output.value_type.name()))
    };
    let title = letters(&kind.title, word).map(|score| score + 400);
    let id = contained(kind.id.as_str(), word).map(|score| score + 200);
    let keywords = contained(&kind.keywords, word).map(|score| score + 150);
    let family = contained(kind.family.name(), word).map(|score| score + 100);
    let port = ports().filter_map(|name| contained(name, word)).max().map(|score| score + 50);
    let summary = contained(&kind.summary, word);
    [title, id, keywords, family, port, summary].into_iter().flatten().max()
}

/// Returns how well a text holds a word as it stands: best at its start, then at the start of a word in it.
fn contained(text: &str, word: &str) -> Option<u32> {
    let text = text.to_lowercase();
    let at = text.find(word)?;
    let starts_a_word = text[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
    Some(match (at, starts_a_word) {
        (0, _) => 30,
        (_, true) => 20,
        (_, false) => 0,
    })
}

/// Returns how well a text holds the letters of a word, which is in lower case, in their order: whole is better than
/// scattered.
pub(crate) fn letters(text: &str, word: &str) -> Option<u32> {
    if let Some(score) = contained(text, word) {
        return Some(score + 100);
    }
    let mut score = 0;
    let mut at_start = true;
    let mut waiting = word.chars().peekable();
    for letter in text.to_lowercase().chars() {
        if waiting.next_if_eq(&letter).is_some() {
            score += if at_start { 8 } else { 1 };
        }
        at_start = !letter.is_alphanumeric();
    }
    waiting.peek().is_none().then_some(score.min(90))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nodes::{Arity, Family, Outputs, Success},
        workflow::PortRef,
    };

    fn catalogue() -> Catalogue {
        let kind = |id, title, family| Kind::new(id, title, family, |_| Ok(Success::new(Outputs::none())));
        let mut catalogue = Catalogue::empty();
        catalogue.register(kind("read_csv", "Read CSV", Family::Files).output("table", ValueType::Table));
        catalogue.register(
            kind("sort", "Sort rows", Family::Tables)
                .about("Puts rows in order.", "order arrange")
                .input("table", ValueType::Table, Arity::Required)
                .output("table", ValueType::Table),
        );
        catalogue.register(
            kind("resize", "Resize image", Family::Images)
                .input("image", ValueType::Image, Arity::Required)
                .output("image", ValueType::Image),
        );
        catalogue.register(kind("template", "Fill template", Family::Text).output("text", ValueType::Text));
        catalogue
    }

    fn found(text: &str) -> Vec<String> {
        find(&catalogue(), text, None).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_typed_lists_all_by_family() {
        assert_eq!(found(""), ["read_csv", "sort", "template", "resize"]);
    }

    #[test]
    fn titles_keywords_families_and_types_are_searched() {
        assert_eq!(found("csv"), ["read_csv"]);
        assert_eq!(found("rcsv"), ["read_csv"]);
        assert_eq!(found("ARRANGE"), ["sort"]);
        assert_eq!(found("images"), ["resize"]);
        assert_eq!(found("table")[..2], ["sort", "read_csv"]);
        assert_eq!(found("zzz"), [""; 0]);
    }

    #[test]
    fn a_title_beats_a_type() {
        assert_eq!(found("image")[0], "resize");
        assert_eq!(found("sort rows"), ["sort"]);
    }

    #[test]
    fn only_what_fits_the_wire_is_offered() {
        let fitting = |end, value_type| Fitting { end, value_type };
        let image = fitting(WireEnd::Output(PortRef::new("a", "image")), ValueType::Image);
        assert_eq!(find(&catalogue(), "", Some(&image)), ["resize"]);
        let wants_image = fitting(WireEnd::Input(PortRef::new("a", "image")), ValueType::Image);
        assert_eq!(find(&catalogue(), "", Some(&wants_image)), ["resize"]);
    }
}
