//! What a node lacks in an iteration: values that do not come, and in a dry run those that are held back.

use smallvec::SmallVec;

use super::super::{Dispatcher, Slot};
use crate::{
    engine::{
        Decision,
        plan::{Given, NothingBecause, Step, missing_input},
        run::loop_body::Part,
    },
    nodes::Kind,
    store::Missing,
    workflow::{Feed, PortId},
};

impl Dispatcher<'_> {
    /// Returns that what a node needs in an iteration of a dry run is held back, if it is. Where that would have told whether a
    /// Repeat goes on, it does not: nobody knows how often it would.
    pub(super) fn held_back_above(&mut self, iteration: usize, slot: Slot) -> Option<NothingBecause> {
        if !self.request.options.dry_run {
            return None;
        }
        let because = self.feeds_in(iteration, slot).filter_map(|(_, given)| given).find_map(|given| match given {
            Given::Nothing(because @ NothingBecause::HeldBack(_)) => Some(because.clone()),
            _ => None,
        })?;
        let of = self.loops.iteration(iteration).of;
        let run = self.loops.run(of);
        if run.body.members[slot].part == Part::Next {
            run.goes_on = false;
        }
        Some(because)
    }

    /// Returns whether a node of an iteration does not have what its kind needs.
    pub(super) fn lacks_input(&self, iteration: usize, slot: Slot, step: &Step) -> bool {
        let is_there = |(feed, given): (&Feed, Option<&Given>)| matches!(given, Some(Given::Results(results)) if results.has_value(&feed.source.port));
        let Some(kind) = &step.facts.kind else { return true };
        let n_feeds = self.feeds_in(iteration, slot).count();
        if n_feeds > 0 && self.feeds_in(iteration, slot).all(is_there) {
            // All that is connected has a value; what is not connected was looked at by the plan.
            return matches!(step.plan.decision, Decision::NotRun(_)) && self.lacks_by_kind(iteration, slot, kind);
        }
        self.lacks_by_kind(iteration, slot, kind)
    }

    fn lacks_by_kind(&self, iteration: usize, slot: Slot, kind: &Kind) -> bool {
        let arrivals: SmallVec<[(&PortId, Option<Missing>); 4]> =
            self.feeds_in(iteration, slot).map(|(feed, given)| (&feed.port, missing(feed, given))).collect();
        missing_input(kind, &arrivals).is_some()
    }
}

/// Returns why nothing has come by a wire, if nothing has.
pub(super) fn missing(feed: &Feed, given: Option<&Given>) -> Option<Missing> {
    match given {
        Some(Given::Results(results)) if results.has_value(&feed.source.port) => None,
        Some(given) => Some(given.missing(&feed.source.node)),
        None => Some(Missing::UpstreamDidNotRun(Box::new(feed.source.node.clone()))),
    }
}
