//! Nodes that do not execute because their settings had kept their results, and what that means for those below.

use super::{Dispatcher, Given};
use crate::{
    engine::Decision,
    store::{Effect, InputChange, Kept, KeptFor, LogLine, Provenance, Reason, Status},
    workflow::Feed,
};

impl Dispatcher<'_> {
    /// Returns whether a settled node gave results that its settings had kept.
    pub(super) fn was_kept(&self, index: usize) -> bool {
        self.records[index].as_ref().is_some_and(|record| matches!(record.status, Status::Kept { .. }))
    }

    /// Puts what really reaches a node in place of the reason that nodes upstream execute, where those were to execute
    /// and did not: their settings had kept their results, or nothing new reached them. Returns, too, where the results of
    /// the node come from that are reused if no reason is left.
    pub(super) fn past_kept(&self, index: usize, mut reasons: Vec<Reason>) -> (Vec<Reason>, Option<Provenance>) {
        let Some(record) = self.request.baseline.get(&self.plan.graph.ids[index]) else { return (reasons, None) };
        let feeds = &self.plan.graph.inputs[index];
        let is_past = |feed: &&Feed| {
            let after = self.records[feed.from].as_ref().map(|record| &record.status);
            self.planned(feed.from).decision == Decision::Execute
                && matches!(after, Some(Status::Kept { .. } | Status::Reused { .. }))
        };
        let past: Vec<&Feed> = feeds.iter().filter(is_past).collect();
        let Some(Reason::UpstreamExecutes(executing)) =
            reasons.iter_mut().find(|reason| !past.is_empty() && matches!(reason, Reason::UpstreamExecutes(_)))
        else {
            return (reasons, None);
        };
        executing.retain(|node| !past.iter().any(|feed| self.plan.graph.ids[feed.from] == *node));
        let is_empty = |reason: &Reason| matches!(reason, Reason::UpstreamExecutes(nodes) if nodes.is_empty());
        reasons.retain(|reason| !is_empty(reason));
        let differs = |feed: &&&Feed| {
            let before = record.inputs.iter().find(|before| before.port == feed.port);
            before.is_some_and(|before| !self.input_record(feed).same_data(before))
        };
        let changes: Vec<InputChange> =
            past.iter().filter(differs).map(|feed| InputChange::OtherValue(feed.port.clone())).collect();
        if !changes.is_empty() {
            match reasons.iter_mut().find(|reason| matches!(reason, Reason::InputsChanged(_))) {
                Some(Reason::InputsChanged(known)) => known.extend(changes),
                _ => reasons.push(Reason::InputsChanged(changes)),
            }
        }
        if reasons.is_empty()
            && let Some(Err(lost)) = record.results.as_ref().map(Kept::load)
        {
            reasons.push(Reason::ResultsLost(lost.to_string()));
        }
        (reasons, record.provenance.filter(|_| record.has_results()))
    }

    /// Settles a node that did not execute because its settings had kept its results.
    pub(super) fn settle_kept(&mut self, index: usize, kept: KeptFor, log: Vec<LogLine>, released: Option<String>) {
        let mut record = self.blank_record(index, Status::Kept { made: kept.made, from: kept.from });
        record.log = log;
        record.sources = kept.sources;
        record.released = released.or(record.released);
        if self.planned(index).side_effect {
            record.effect = Effect::HeldBack;
        }
        let given = Given::Results { results: kept.results, provenance: Provenance::Run(kept.from) };
        self.settle_record(index, record, Some(given));
    }
}
