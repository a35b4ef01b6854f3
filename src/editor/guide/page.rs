//! Pages taken apart into sections, found by their links and by what they say.

use std::sync::LazyLock;

use super::pages::PAGES;
use crate::nodes::Kind;

/// A page of the guide.
#[derive(Debug)]
pub(super) struct Page {
    /// The file's name.
    name: &'static str,
    pub(super) title: &'static str,
    /// It is one of the pages on kinds, which stand below another.
    pub(super) is_part: bool,
    /// At least one: the first begins with the title.
    pub(super) sections: Vec<Section>,
    /// Where its links within the guide lead, as they are written.
    pub(super) links: Vec<&'static str>,
}

/// A heading with what is below it.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) heading: &'static str,
    /// What links call it.
    slug: String,
    pub(super) text: &'static str,
}

/// A section of a page, both by their place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) page: usize,
    pub(super) section: usize,
}

/// Returns all pages, the contents first.
pub(super) fn all() -> &'static [Page] {
    static ALL: LazyLock<Vec<Page>> = LazyLock::new(|| PAGES.iter().map(|(name, text)| page(name, text)).collect());
    &ALL
}

/// Returns the page at a place, or the first.
pub(super) fn find(page: usize) -> &'static Page {
    all().get(page).unwrap_or_else(|| &all()[0])
}

fn page(name: &'static str, text: &'static str) -> Page {
    let sections = sections(text);
    Page { name, title: sections[0].heading, is_part: name.starts_with("kinds-"), links: links(text), sections }
}

/// Returns the sections of a page. What looks like a heading in a block of code is none.
fn sections(text: &'static str) -> Vec<Section> {
    let mut starts = vec![0];
    let (mut at, mut is_code) = (0, false);
    for line in text.split_inclusive('\n') {
        is_code ^= line.starts_with("```");
        if at > 0 && !is_code && line.starts_with('#') {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]).collect::<Vec<_>>();
    let section = |(start, end): (usize, usize)| {
        let text = &text[start..end];
        let heading = text.lines().next().unwrap_or_default().trim_start_matches('#').trim();
        Section { heading, slug: slug(heading), text }
    };
    starts.into_iter().zip(ends).map(section).collect()
}

/// Returns what links call a heading, as repositories do: small letters, hyphens for spaces, no other signs.
fn slug(heading: &str) -> String {
    let chars = heading.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
    chars.map(|char| if char == ' ' { '-' } else { char }).collect::<String>().to_lowercase()
}

/// Returns where links lead, apart from those out of the guide; pictures are no links.
fn links(text: &'static str) -> Vec<&'static str> {
    let mut links: Vec<&str> = text
        .match_indices("](")
        .filter_map(|(at, _)| text[at + 2..].split_once(')').map(|(target, _)| target))
        .filter(|target| !target.contains("://") && !target.starts_with("pictures/"))
        .collect();
    links.sort_unstable();
    links.dedup();
    links
}

/// Returns where a link on a page leads; nothing if there is no such place.
pub(super) fn resolve(target: &str, from: Place) -> Option<Place> {
    let (name, slug) = target.split_once('#').unwrap_or((target, ""));
    let page = if name.is_empty() { from.page } else { all().iter().position(|page| page.name == name)? };
    let sections = &find(page).sections;
    let section = if slug.is_empty() { 0 } else { sections.iter().position(|section| section.slug == slug)? };
    Some(Place { page, section })
}

/// Returns the sections in which all words stand, with what surrounds the first of them. A heading counts more than what is
/// below it.
pub(super) fn search(wanted: &str, limit: usize) -> Vec<(Place, String)> {
    let words: Vec<String> = wanted.split_whitespace().map(str::to_lowercase).collect();
    let mut found = Vec::new();
    for (page_at, page) in all().iter().enumerate() {
        for (section_at, section) in page.sections.iter().enumerate() {
            let text = section.text.to_lowercase();
            if words.iter().all(|word| text.contains(word)) {
                let heading = section.heading.to_lowercase();
                let n_in_heading = words.iter().filter(|word| heading.contains(*word)).count();
                let place = Place { page: page_at, section: section_at };
                found.push((
                    words.len() - n_in_heading,
                    place,
                    excerpt(section, words.first().map_or("", |word| word)),
                ));
            }
        }
    }
    found.sort_by_key(|(rank, ..)| *rank);
    found.into_iter().take(limit).map(|(_, place, excerpt)| (place, excerpt)).collect()
}

/// Returns the line below the heading of a section in which a word, in small letters, stands; or else the first.
fn excerpt(section: &Section, word: &str) -> String {
    let is_said = |line: &&str| !line.trim().is_empty() && !line.starts_with(['#', '`', '!']) && !line.contains("---");
    let mut lines = section.text.lines().filter(is_said);
    let first = lines.clone().next();
    let line = lines.find(|line| line.to_lowercase().contains(word)).or(first).unwrap_or_default();
    let mut plain = line.replace(['*', '`', '[', '|'], " ");
    while let Some((start, end)) = plain.find("](").and_then(|at| Some((at, at + plain[at..].find(')')?))) {
        plain.replace_range(start..=end, "");
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns where the guide speaks of a kind.
pub(crate) fn target_of_kind(kind: &Kind) -> String {
    format!("kinds-{}.md#{}", kind.family.name().to_lowercase(), slug(&kind.title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{editor::guide::pictures, nodes::Catalogue};

    #[test]
    fn every_link_leads_somewhere() {
        let mut n_links = 0;
        for (at, page) in all().iter().enumerate() {
            for link in &page.links {
                assert!(resolve(link, Place { page: at, section: 0 }).is_some(), "{}: {link}", page.name);
                n_links += 1;
            }
        }
        assert!(n_links > 30, "only {n_links} links were found");
    }

    #[test]
    fn every_picture_is_there_and_has_a_text() {
        let mut n_pictures = 0;
        for (name, text) in PAGES {
            for (at, _) in text.match_indices("](pictures/") {
                let (target, _) = text[at + 2..].split_once(')').unwrap();
                assert!(pictures::decode(target).is_some(), "{name}: {target}");
                let alt = text[..at].rsplit_once("![").unwrap().1;
                assert!(alt.len() > 10 && !alt.contains(']'), "{name}: {alt}");
                n_pictures += 1;
            }
        }
        assert!(n_pictures >= 4, "only {n_pictures} pictures were found");
    }

    #[test]
    fn every_page_is_in_the_contents_and_every_kind_has_its_place() {
        let contents = &all()[0];
        for page in &all()[1..] {
            let from = if page.is_part { find(resolve("kinds.md", Place::default()).unwrap().page) } else { contents };
            assert!(from.links.contains(&page.name), "{}", page.name);
        }
        for kind in Catalogue::standard().iter() {
            assert!(resolve(&target_of_kind(kind), Place::default()).is_some(), "{}", kind.id);
        }
    }

    #[test]
    fn headings_in_code_are_none_and_slugs_are_as_on_repositories() {
        let sections = sections("# A title\n```sh\n# no heading\n```\n## B, & more: `x`\ntext");
        assert_eq!(sections.iter().map(|section| &*section.slug).collect::<Vec<_>>(), ["a-title", "b--more-x"]);
        assert!(sections[0].text.ends_with("```\n") && sections[1].text.ends_with("text"));
    }

    #[test]
    fn what_is_searched_for_is_found_headings_first() {
        let found = search("for each", 50);
        let (first, _) = &found[0];
        assert!(find(first.page).sections[first.section].heading.to_lowercase().contains("for each"));
        assert!(found.len() > 3);
        assert!(search("no such words anywhere", 50).is_empty());
        let (_, excerpt) = &search("stop at equal data", 50)[0];
        assert!(excerpt.contains("equal data") && !excerpt.contains('*'), "{excerpt}");
    }
}
