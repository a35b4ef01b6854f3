//! Config and recipe fingerprints, and what they say of pins.

use super::{Learned, Release, Sources, Staleness};
use crate::{
    nodes::ResolvedParameters,
    session::{Capture, Mark, Pin, PinState},
    store::{ConfigChange, NodeRecord, PinPolicy},
    value::{Fingerprint, FingerprintBuilder, Value},
    workflow::{Graph, Node, NodeId},
};

/// How a node's pin stands before the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PinStanding {
    /// There is none with results.
    None,
    /// It holds.
    Holds,
    /// A Hold pin whose sources have changed; it holds all the same.
    Stale(Staleness),
    /// A Follow pin whose sources have changed; the node is as one without a mark.
    Released(Release),
}

impl PinStanding {
    /// Returns whether the node gives the pin's results.
    pub(super) const fn gives_results(&self) -> bool {
        matches!(self, Self::Holds | Self::Stale(_))
    }
}

/// What each node is made of, by index.
pub(super) struct Recipes {
    /// The fingerprint of kind, version and parameters.
    pub(super) configs: Vec<Fingerprint>,
    /// The fingerprint of the config and of all that feeds it.
    pub(super) whole: Vec<Fingerprint>,
    /// How its pin stands.
    pub(super) pins: Vec<PinStanding>,
}

impl Recipes {
    /// Computes the fingerprints, upstream first, so that a pin's standing is known to what is below it.
    pub(super) fn new(sources: &Sources<'_>, graph: &Graph, learned: &Learned) -> Self {
        let n_nodes = graph.n_nodes();
        let mut all = Self {
            configs: Vec::with_capacity(n_nodes),
            whole: Vec::with_capacity(n_nodes),
            pins: Vec::with_capacity(n_nodes),
        };
        for (index, id) in graph.ids.iter().enumerate() {
            let config =
                sources.workflow.node(id).map_or_else(|| Fingerprint::of_bytes(b""), |node| config(sources, node));
            let recipe = all.recipe(sources, graph, index, &config);
            all.configs.push(config);
            all.whole.push(recipe);
            let standing = standing(sources, graph, &all, index);
            all.pins.push(match learned.released.get(id) {
                Some(release) if standing == PinStanding::Holds => PinStanding::Released(release.clone()),
                _ => standing,
            });
        }
        all
    }

    fn recipe(&self, sources: &Sources<'_>, graph: &Graph, index: usize, config: &Fingerprint) -> Fingerprint {
        let mut builder = FingerprintBuilder::new("recipe");
        builder.fingerprint(config);
        for feed in &graph.inputs[index] {
            builder.text(feed.port.as_str()).text(feed.from_port.as_str());
            match self.given(sources, graph, feed.from) {
                Some(given) => builder.byte(1).fingerprint(&given),
                None => builder.byte(0),
            };
        }
        builder.finish()
    }

    /// Returns what a node adds to the recipes below it; nothing if it is disabled, or in a circle.
    fn given(&self, sources: &Sources<'_>, graph: &Graph, index: usize) -> Option<Fingerprint> {
        let mark = sources.marks.get(&graph.ids[index]);
        if matches!(mark, Mark::Disabled) {
            return None;
        }
        let holds = self.pins.get(index).is_some_and(PinStanding::gives_results);
        match mark.capture() {
            Some(capture) if holds => Some(capture.recipe_given()),
            _ => self.whole.get(index).copied(),
        }
    }
}

/// Returns the fingerprint of a node's kind, the kind's version and the parameters in force.
fn config(sources: &Sources<'_>, node: &Node) -> Fingerprint {
    let mut builder = FingerprintBuilder::new("config");
    builder.text(node.kind.as_str());
    if let Some(kind) = sources.catalogue.get(&node.kind) {
        builder.number(u64::from(kind.version));
        ResolvedParameters::new(&kind.parameters, node).add_to(&mut builder);
    } else {
        for (parameter, value) in &node.parameters {
            builder.text(parameter.as_str()).value(value);
        }
    }
    builder.finish()
}

/// Returns how the pin of the node that comes next stands.
fn standing(sources: &Sources<'_>, graph: &Graph, all: &Recipes, index: usize) -> PinStanding {
    let id = &graph.ids[index];
    let Mark::Pinned(Pin { policy, state: PinState::Captured(capture) }) = sources.marks.get(id) else {
        return PinStanding::None;
    };
    if let Some(why) = sources.probes.lost_pins.get(id) {
        return PinStanding::Released(Release(format!("its results cannot be read: {why}")));
    }
    let Some(change) = change_since(sources, graph, all, index, capture) else {
        return PinStanding::Holds;
    };
    match policy {
        PinPolicy::Hold => PinStanding::Stale(Staleness(change)),
        PinPolicy::Follow => PinStanding::Released(Release(change)),
    }
}

/// Returns what has changed of what a pin's results came from, in words.
fn change_since(
    sources: &Sources<'_>,
    graph: &Graph,
    all: &Recipes,
    index: usize,
    capture: &Capture,
) -> Option<String> {
    let id = &graph.ids[index];
    if let Some(changes) = sources.probes.changed_pin_sources.get(id) {
        return Some(changes.join(", "));
    }
    if capture.config != all.configs[index] {
        let changes = config_changes(sources, &capture.as_it_was, id);
        return Some(changes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    }
    let feeds = &graph.inputs[index];
    let same_sources = feeds.len() == capture.inputs.len()
        && feeds
            .iter()
            .zip(&capture.inputs)
            .all(|(feed, before)| feed.port == before.port && graph.source(feed) == before.source);
    if !same_sources {
        return Some("its connections have changed".to_owned());
    }
    (capture.recipe != all.whole[index]).then(|| upstream_change(sources, graph, all, index))
}

/// Names the nearest node upstream whose config or connections differ from the baseline.
fn upstream_change(sources: &Sources<'_>, graph: &Graph, all: &Recipes, index: usize) -> String {
    let mut seen = vec![false; graph.n_nodes()];
    let mut waiting: std::collections::VecDeque<usize> = graph.inputs[index].iter().map(|feed| feed.from).collect();
    while let Some(node) = waiting.pop_front() {
        if std::mem::replace(&mut seen[node], true) {
            continue;
        }
        let id = &graph.ids[node];
        if matches!(sources.marks.get(id), Mark::Disabled) {
            return format!("upstream {id} is disabled");
        }
        if let Some(record) = sources.baseline.get(id).filter(|record| all.configs.get(node) != Some(&record.config)) {
            let changes = config_changes(sources, &record.as_it_was, id);
            let words: Vec<String> = changes.iter().map(ToString::to_string).collect();
            return format!("upstream {id}: {}", words.join(", "));
        }
        waiting.extend(graph.inputs[node].iter().map(|feed| feed.from));
    }
    "something upstream has changed".to_owned()
}

/// Returns which parameters of a node differ from what they were.
pub(super) fn config_changes(sources: &Sources<'_>, before: &Node, id: &NodeId) -> Vec<ConfigChange> {
    let Some(now) = sources.workflow.node(id) else {
        return Vec::new();
    };
    if before.kind != now.kind {
        let change =
            ConfigChange { what: "kind".to_owned(), before: before.kind.to_string(), after: now.kind.to_string() };
        return vec![change];
    }
    let Some(kind) = sources.catalogue.get(&now.kind) else {
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
        .filter(|((_, old), (_, new))| old != new)
        .map(|((schema, old), (_, new))| {
            let (before, after) = in_short(old, new);
            ConfigChange { what: schema.label.to_string(), before, after }
        })
        .collect();
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
pub(super) fn config_changes_since(sources: &Sources<'_>, record: &NodeRecord) -> Vec<ConfigChange> {
    config_changes(sources, &record.as_it_was, &record.node)
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
