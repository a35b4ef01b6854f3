//! What a run did when: a bar for each node that executed, and what it waited for.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    editor::{View, words},
    nodes::Load,
    store::{LoopRecord, NodeRecord, RunId, Status},
    workflow::NodeId,
};

/// A node's time in a run, in seconds since the first node began. A loop is one bar, its head's.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) node: NodeId,
    pub(super) title: String,
    /// Where it ran.
    pub(super) load: Load,
    /// When the last of what feeds it was there.
    pub(super) ready: f64,
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) failed: bool,
    /// The loop whose head it is.
    pub(super) of: Option<Arc<LoopRecord>>,
    /// The run would have ended earlier if this had taken less time.
    pub(super) is_on_chain: bool,
}

/// The bars of a run, those first that began first.
#[derive(Clone, Debug, Default)]
pub(super) struct Bars {
    /// When the first of them began.
    pub(super) first: Timestamp,
    pub(super) list: Vec<Bar>,
    /// From the beginning of the first to the end of the last, in seconds.
    pub(super) total: f64,
    /// The bars that the end of the run hung on, in their order: each began only when the one before was there.
    pub(super) chain: Vec<usize>,
}

impl Bars {
    /// Returns the bars of a run.
    pub(super) fn of(view: View<'_>, run: RunId) -> Self {
        let is_of_run = |record: &&NodeRecord| {
            record.run == run
                && matches!(record.status, Status::Executed | Status::Failed(_) | Status::Cancelled)
                && record.iterations.as_ref().is_none_or(|iterations| iterations.member.is_none())
        };
        let timed = |record: &NodeRecord| Some((record.started?, record.took?.as_secs_f64()));
        let records: Vec<&NodeRecord> = view
            .baseline
            .iter()
            .map(|record| &**record)
            .filter(is_of_run)
            .filter(|record| timed(record).is_some())
            .collect();
        let Some(first) = records.iter().filter_map(|record| record.started).min() else { return Self::default() };
        let ends: HashMap<&NodeId, f64> = records
            .iter()
            .filter_map(|record| timed(record).map(|(start, took)| (&record.node, since(first, start) + took)))
            .collect();
        let mut bars: Vec<(Bar, Option<&NodeId>)> = records
            .iter()
            .filter_map(|record| {
                let (start, took) = timed(record)?;
                let start = since(first, start);
                let fed_by = feeding(view, record).filter_map(|node| Some((node, *ends.get(node)?)));
                let last = fed_by.max_by(|(_, one), (_, other)| one.total_cmp(other));
                let bar = Bar {
                    node: record.node.clone(),
                    title: words::title(view.workflow, view.catalogue, &record.node),
                    load: view.catalogue.get(&record.as_it_was().kind).map_or(Load::Computes, |kind| kind.load),
                    ready: last.map_or(0.0, |(_, end)| end.min(start)),
                    start,
                    end: start + took,
                    failed: matches!(record.status, Status::Failed(_)),
                    of: record.iterations.as_ref().map(|iterations| Arc::clone(&iterations.of)),
                    is_on_chain: false,
                };
                Some((bar, last.map(|(node, _)| node)))
            })
            .collect();
        bars.sort_by(|(one, _), (other, _)| one.start.total_cmp(&other.start).then_with(|| one.node.cmp(&other.node)));
        let total = bars.iter().map(|(bar, _)| bar.end).fold(0.0, f64::max);
        let chain = chain(&bars);
        let mut bars: Vec<Bar> = bars.into_iter().map(|(bar, _)| bar).collect();
        for &place in &chain {
            bars[place].is_on_chain = true;
        }
        Self { first, list: bars, total, chain }
    }

    /// Returns how long the nodes took that the end of the run hung on, in seconds.
    pub(super) fn of_chain(&self) -> f64 {
        self.chain.iter().map(|&place| self.list[place].end - self.list[place].start).sum()
    }
}

/// Returns the nodes that feed a node; of one inside of a loop that loop's head.
fn feeding<'a>(view: View<'a>, record: &'a NodeRecord) -> impl Iterator<Item = &'a NodeId> {
    record.inputs.iter().map(move |input| {
        let node = &input.source().node;
        let iterations = view.baseline.get(node).and_then(|record| record.iterations.as_ref());
        iterations.filter(|iterations| iterations.member.is_some()).map_or(node, |iterations| &iterations.of.about.head)
    })
}

/// Returns the places of the bars from the one that ended last back to where it began, each with what fed it last.
fn chain(bars: &[(Bar, Option<&NodeId>)]) -> Vec<usize> {
    let places: HashMap<&NodeId, usize> = (0..).zip(bars).map(|(place, (bar, _))| (&bar.node, place)).collect();
    let last = (0..bars.len()).max_by(|&one, &other| bars[one].0.end.total_cmp(&bars[other].0.end));
    let mut chain: Vec<usize> = Vec::new();
    let mut next = last;
    while let Some(place) = next.filter(|place| !chain.contains(place)) {
        chain.push(place);
        next = bars[place].1.and_then(|node| places.get(node).copied());
    }
    chain.reverse();
    chain
}

fn since(first: Timestamp, then: Timestamp) -> f64 {
    then.duration_since(first).as_secs_f64()
}

/// Returns the distance between the lines of a scale, so that there are at most this many: 1, 2 or 5 times a power of ten.
pub(super) fn step(range: f64, n_most: f64) -> f64 {
    let least = (range / n_most.max(1.0)).max(1e-6);
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= least).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_round_steps_and_few_of_them() {
        for (range, n_most, wanted) in [(10.0, 10.0, 1.0), (10.0, 4.0, 5.0), (0.03, 5.0, 0.01), (7.0, 5.0, 2.0)] {
            assert!((step(range, n_most) - wanted).abs() < wanted * 1e-9, "{range} {n_most} {}", step(range, n_most));
        }
        assert!(step(0.0, 5.0) > 0.0, "nothing took any time");
    }

    #[test]
    fn the_chain_goes_back_from_the_end_along_what_came_last() {
        let ids: Vec<NodeId> = ["a", "b", "c", "d"].iter().map(|id| id.parse().unwrap()).collect();
        let bar = |id: usize, start: f64, end: f64| Bar {
            node: ids[id].clone(),
            title: String::new(),
            load: Load::Waits,
            ready: 0.0,
            start,
            end,
            failed: false,
            of: None,
            is_on_chain: false,
        };
        // d waits for b, which waits for a; c is quick and beside.
        let bars = [
            (bar(0, 0.0, 1.0), None),
            (bar(2, 0.0, 0.5), None),
            (bar(1, 1.0, 4.0), Some(&ids[0])),
            (bar(3, 4.0, 4.5), Some(&ids[1])),
        ];
        assert_eq!(chain(&bars), [0, 2, 3]);
        assert_eq!(chain(&[]), Vec::<usize>::new());
        let in_a_circle = [(bar(0, 0.0, 1.0), Some(&ids[1])), (bar(1, 1.0, 4.0), Some(&ids[0]))];
        assert_eq!(chain(&in_a_circle), [0, 1], "records that contradict each other end it");
    }
}
