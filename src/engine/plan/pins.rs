//! How pins stand before the run: whether what their results came from is still the same.

use std::collections::VecDeque;

use super::{NodePlan, Release, Staleness, View};
use crate::{
    nodes::ResolvedParameters,
    session::{Capture, Mark, Pin, PinState},
    store::{ConfigChange, Kept, NodeRecord, PinPolicy, Provenance},
    value::{Fingerprint, FingerprintBuilder, Value},
    workflow::{Node, NodeId},
};

/// How a node's pin stands before the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum PinStanding {
    /// There is none with results.
    None,
    /// It holds.
    Holds,
    /// A Hold pin whose sources have changed; it holds all the same.
    Stale,
    /// A Follow pin whose sources have changed; the node is as one without a mark.
    Released,
}

impl PinStanding {
    /// Returns whether the node gives the pin's results.
    pub(super) const fn gives_results(self) -> bool {
        matches!(self, Self::Holds | Self::Stale)
    }
}

/// Returns what stands for a pin's results in a loop, where they are given in every iteration: they are not those of the run
/// they were captured in, which were others in each.
pub(in crate::engine) fn pinned_in_a_loop(results: &Kept) -> Provenance {
    let mut builder = FingerprintBuilder::new("pinned in a loop");
    for port in results.ports() {
        builder.text(port.port.as_str()).fingerprint(&port.fingerprint);
    }
    Provenance::Edited(builder.finish())
}

/// Returns how the pin of a node stands, given the node's recipe, and notes why.
pub(super) fn standing(view: &View<'_>, index: usize, mark: &Mark, node: &mut NodePlan) -> PinStanding {
    let Mark::Pinned(Pin { policy, state: PinState::Captured(capture) }) = mark else {
        return PinStanding::None;
    };
    let recipe = node.recipe;
    let mut released = |why: Release| {
        node.released = Some(why);
        PinStanding::Released
    };
    if let Some(why) = view.sources.probes.lost_pins.get(view.id(index)) {
        return released(Release(format!("its results cannot be read: {why}")));
    }
    let Some(change) = change_since(view, index, &recipe, capture) else {
        return match view.learned.released.get(&index) {
            Some(release) => released(release.clone()),
            None => PinStanding::Holds,
        };
    };
    match policy {
        PinPolicy::Follow => released(Release(change)),
        PinPolicy::Hold => {
            node.stale = Some(Staleness(change));
            PinStanding::Stale
        }
    }
}

/// Returns what has changed of what a pin's results came from, in words.
fn change_since(view: &View<'_>, index: usize, recipe: &Fingerprint, capture: &Capture) -> Option<String> {
    let id = view.id(index);
    if let Some(changes) = view.sources.probes.changed_pin_sources.get(id) {
        return Some(changes.join(", "));
    }
    if capture.config != view.facts(index).config {
        return Some(in_words(&config_changes(view, &capture.as_it_was, id)));
    }
    let feeds = &view.graph().inputs[index];
    let same_sources = feeds.len() == capture.inputs.len()
        && feeds
            .iter()
            .zip(&capture.inputs)
            .all(|(feed, before)| feed.port == *before.port() && feed.source == *before.source());
    if !same_sources {
        return Some("its connections have changed".to_owned());
    }
    (capture.recipe != *recipe).then(|| upstream_change(view, index))
}

/// Names the nearest node upstream whose config or connections differ from the baseline.
fn upstream_change(view: &View<'_>, index: usize) -> String {
    let graph = view.graph();
    let mut seen = vec![false; graph.n_nodes()];
    let mut waiting: VecDeque<usize> = graph.inputs[index].iter().map(|feed| feed.from).collect();
    while let Some(node) = waiting.pop_front() {
        if std::mem::replace(&mut seen[node], true) {
            continue;
        }
        let id = view.id(node);
        if matches!(view.sources.marks.get(id), Mark::Disabled) {
            return format!("upstream {} is disabled", view.name(id));
        }
        let config = view.facts(node).config;
        if let Some(record) = view.sources.baseline.get(id).filter(|record| record.config != config) {
            let changes = in_words(&config_changes(view, record.as_it_was(), id));
            return format!("upstream {}: {changes}", view.name(id));
        }
        waiting.extend(graph.inputs[node].iter().map(|feed| feed.from));
    }
    "something upstream has changed".to_owned()
}

fn in_words(changes: &[ConfigChange]) -> String {
    changes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Returns which parameters of a node differ from what they were.
pub(super) fn config_changes(view: &View<'_>, before: &Node, id: &NodeId) -> Vec<ConfigChange> {
    let Some(now) = view.sources.workflow.node(id) else {
        return Vec::new();
    };
    if before.kind != now.kind {
        let change =
            ConfigChange { what: "kind".to_owned(), before: before.kind.to_string(), after: now.kind.to_string() };
        return vec![change];
    }
    let Some(kind) = view.sources.catalogue.get(&now.kind) else {
        return vec![ConfigChange {
            what: "parameters".to_owned(),
            before: "other ones".to_owned(),
            after: "these".to_owned(),
        }];
    };
    let old = ResolvedParameters::new(&kind.parameters, before);
    let new = ResolvedParameters::new(&kind.parameters, now);
    let changes: Vec<ConfigChange> = old
        .iter()
        .zip(new.iter())
        .filter(|((schema, old), (_, new))| schema.alters_results && old != new)
        .map(|((schema, old), (_, new))| {
            let (before, after) = in_short(old, new);
            ConfigChange { what: schema.label.to_string(), before, after }
        })
        .collect();
    if changes.is_empty() && before.settings.error_output != now.settings.error_output {
        let words = |is_on: bool| if is_on { "on" } else { "off" }.to_owned();
        return vec![ConfigChange {
            what: "error output".to_owned(),
            before: words(before.settings.error_output),
            after: words(now.settings.error_output),
        }];
    }
    if changes.is_empty() {
        return vec![ConfigChange {
            what: "version".to_owned(),
            before: "older".to_owned(),
            after: kind.version.to_string(),
        }];
    }
    changes
}

/// Returns which parameters differ from those of a record.
pub(super) fn config_changes_since(view: &View<'_>, record: &NodeRecord) -> Vec<ConfigChange> {
    config_changes(view, record.as_it_was(), &record.node)
}

/// Returns two values in a few characters each: of long ones the part from where they differ.
fn in_short(before: &Value, after: &Value) -> (String, String) {
    const MOST: usize = 40;
    /// How much of what is the same to show before what differs.
    const LEAD: usize = 12;
    let words = |value: &Value| match value {
        Value::Null => "nothing".to_owned(),
        Value::Text(text) => format!("\"{}\"", text.replace('\n', " ")),
        other => other.display_text(),
    };
    let (before, after) = (words(before), words(after));
    let n_same = before.chars().zip(after.chars()).take_while(|(before, after)| before == after).count();
    let cut = |text: &str| {
        let n_chars = text.chars().count();
        let start = if n_chars <= MOST || n_same < MOST / 2 { 0 } else { n_same.saturating_sub(LEAD) };
        let shown: String = text.chars().skip(start).take(MOST).collect();
        let lead = if start > 0 { "…" } else { "" };
        let tail = if start + MOST < n_chars { "…" } else { "" };
        format!("{lead}{shown}{tail}")
    };
    (cut(&before), cut(&after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_shown_from_where_they_differ() {
        let short = |before: &str, after: &str| in_short(&Value::text(before), &Value::text(after));
        assert_eq!(short("a", "b"), ("\"a\"".to_owned(), "\"b\"".to_owned()));
        let query = |limit: u8| format!("SELECT species, island, count(*) FROM t1 GROUP BY species LIMIT {limit}");
        let (before, after) = short(&query(5), &query(7));
        assert_eq!((before.as_str(), after.as_str()), ("…ecies LIMIT 5\"", "…ecies LIMIT 7\""));
    }
}
