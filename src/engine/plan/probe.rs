//! Looking at the world before planning.

use std::collections::BTreeMap;

use super::Probes;
use crate::{
    nodes::Source,
    session::{Baseline, Marks},
    store::{Kept, Store},
    value::Fingerprint,
    workflow::NodeId,
};

/// Looks at the world for a plan: whether what the baseline's nodes read has changed, and whether kept results are there.
///
/// Touches files and the store: not for the interface thread.
pub fn probe(baseline: &Baseline, marks: &Marks, store: Option<&Store>) -> Probes {
    let mut probes = Probes::default();
    for record in baseline.records().to_look_at() {
        let changes = changes(&record.sources);
        if !changes.is_empty() {
            probes.changed_sources.insert(record.node.clone(), changes);
        }
    }
    for (node, capture) in marks.iter().filter_map(|(node, mark)| Some((node, mark.capture()?))) {
        let changes = changes(&capture.sources);
        if !changes.is_empty() {
            probes.changed_pin_sources.insert(node.clone(), changes);
        }
    }
    if let Some(store) = store {
        let results =
            baseline.records().to_look_at().filter_map(|record| Some((&record.node, record.results.as_ref()?)));
        probes.lost_results = lost(store, results);
        let pins = marks.iter().filter_map(|(node, mark)| Some((node, &mark.capture()?.results)));
        probes.lost_pins = lost(store, pins);
    }
    probes
}

/// Returns what has changed of what a node read, in words.
fn changes(sources: &[Source]) -> Vec<String> {
    sources.iter().filter_map(|before| before.difference(&Source::probe(&before.path))).collect()
}

/// Returns which results are neither in memory nor in the store, and why.
fn lost<'a, I>(store: &Store, results: I) -> BTreeMap<NodeId, String>
where
    I: Iterator<Item = (&'a NodeId, &'a Kept)>,
{
    let stored: Vec<_> = results.filter(|(_, kept)| kept.loaded().is_none()).collect();
    let wanted: Vec<Fingerprint> =
        stored.iter().flat_map(|(_, kept)| kept.ports()).map(|port| port.fingerprint).collect();
    if wanted.is_empty() {
        return BTreeMap::new();
    }
    match store.missing_results(&wanted) {
        Ok(missing) => stored
            .iter()
            .filter_map(|(node, kept)| {
                let port = kept.ports().iter().find(|port| missing.contains(&port.fingerprint))?;
                Some(((*node).clone(), format!("{} of {} is gone from the store", port.preview, port.port)))
            })
            .collect(),
        Err(error) => stored.iter().map(|(node, _)| ((*node).clone(), error.to_string())).collect(),
    }
}
