//! Runs of a part: which nodes are needed for what was asked.

use std::collections::BTreeSet;

use super::{Learned, Part, PlanOptions, View};
use crate::{
    session::Mark,
    store::{NotRun, RunKind},
    workflow::Graph,
};

/// How far a run of a part needs a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// As the kind of run says.
    Fully,
    /// Its results of the last run do, whatever has changed since; without any it executes.
    AsKept,
    /// Not at all.
    No,
    /// Not at all: all that takes something from it is pinned.
    OnlyFeedsPins,
}

impl Need {
    /// Returns why a node does not run, if it is not needed.
    pub(super) const fn not_run(self) -> Option<NotRun> {
        match self {
            Self::Fully | Self::AsKept => None,
            Self::No => Some(NotRun::NotNeeded),
            Self::OnlyFeedsPins => Some(NotRun::OnlyFeedsPins),
        }
    }
}

/// Returns how far each node is needed; `None` if all are. The view's steps say how pins stand.
pub(super) fn needs(view: &View<'_>, learned: &Learned) -> Option<Vec<Need>> {
    let PlanOptions { kind, part, skip_what_only_feeds_pins, .. } = view.sources.options;
    let graph = view.graph();
    let indices = |nodes: &[crate::workflow::NodeId]| nodes.iter().filter_map(|node| graph.index(node)).collect();
    let mut needs = match part {
        Part::All => vec![Need::Fully; graph.n_nodes()],
        Part::To(targets) => behind(view, learned, indices(targets), Need::Fully),
        Part::Only(nodes) => behind(view, learned, indices(nodes), Need::AsKept),
        Part::From(starts) => behind(view, learned, downstream(graph, indices(starts)), Need::AsKept),
    };
    let skips = *skip_what_only_feeds_pins && *kind == RunKind::Standard;
    if skips {
        skip_what_only_feeds_pins_(view, &mut needs);
    }
    (skips || *part != Part::All).then_some(needs)
}

/// Returns what targets need: what lies behind a pin or a disabled node is not needed.
fn behind(view: &View<'_>, learned: &Learned, targets: Vec<usize>, upstream: Need) -> Vec<Need> {
    let mut needs = vec![Need::No; view.graph().n_nodes()];
    let is_target: BTreeSet<usize> = targets.iter().copied().collect();
    let mut waiting = targets;
    while let Some(index) = waiting.pop() {
        let need = if is_target.contains(&index) { Need::Fully } else { upstream };
        if std::mem::replace(&mut needs[index], need) != Need::No {
            continue;
        }
        let id = view.id(index);
        let pinned = view.gives_pinned_results(index) && !learned.opened.contains(&index);
        let kept = need == Need::AsKept
            && !view.sources.probes.lost_results.contains_key(id)
            && view.sources.baseline.get(id).is_some_and(|record| record.has_results());
        if !pinned && !kept && !matches!(view.sources.marks.get(id), Mark::Disabled) {
            waiting.extend(view.graph().inputs[index].iter().map(|feed| feed.from));
        }
    }
    needs
}

/// Returns nodes and all that take something from them, however far.
fn downstream(graph: &Graph, starts: Vec<usize>) -> Vec<usize> {
    let mut reached = BTreeSet::new();
    let mut waiting = starts;
    while let Some(index) = waiting.pop() {
        if reached.insert(index) {
            waiting.extend(&graph.downstream[index]);
        }
    }
    reached.into_iter().collect()
}

/// Leaves out nodes without side effects whose every consumer is pinned or left out.
fn skip_what_only_feeds_pins_(view: &View<'_>, needs: &mut [Need]) {
    let graph = view.graph();
    for index in (0..graph.ordered).rev() {
        let is_needless = |&below: &usize| needs[below] == Need::OnlyFeedsPins || view.gives_pinned_results(below);
        let consumers = &graph.downstream[index];
        let skipped = needs[index] == Need::Fully
            && !consumers.is_empty()
            && consumers.iter().all(is_needless)
            && !view.gives_pinned_results(index)
            && !view.facts(index).side_effect;
        if skipped {
            needs[index] = Need::OnlyFeedsPins;
        }
    }
}
