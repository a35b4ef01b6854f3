//! What no iteration of a loop will have anything for, as can be told when the loop begins: something it needs is disabled,
//! or comes from outside and is not there. A Collect below that gives nothing, where one that merely gets nothing in any
//! iteration gives an empty list.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::{
    engine::{
        Decision,
        plan::{Given, missing_input},
        run::{body::Source, dispatch::Dispatcher},
    },
    store::{Missing, NotRun},
    workflow::{Feed, PortId},
};

impl Dispatcher<'_> {
    /// Notes what is inside of a loop, or of loops in it, and will never run, upstream first.
    pub(super) fn note_what_never_runs(&mut self, number: usize) {
        let loops = Arc::clone(self.plan.loops());
        for index in (0..loops.of_node.len()).filter(|&index| loops.is_inside(index, number)) {
            let step = self.plan.step(index);
            let Some(kind) = step.facts.kind.as_ref().filter(|_| step.plan.decision != Decision::Disabled) else {
                continue;
            };
            let arrivals: SmallVec<[(&PortId, Option<Missing>); 4]> = self.plan.graph().inputs[index]
                .iter()
                .map(|feed| (&feed.port, self.never_arrives(number, feed)))
                .collect();
            if let Some(why) = missing_input(kind, &arrivals) {
                self.loops.never.insert(index, why);
            }
        }
    }

    /// Returns why nothing comes by a wire inside of a loop in any iteration, if that is certain.
    fn never_arrives(&self, number: usize, feed: &Feed) -> Option<Missing> {
        let loops = self.plan.loops();
        let node = || Box::new(feed.source.node.clone());
        let step = self.plan.step(feed.from);
        if feed.from == loops.loops[number].head || loops.is_inside(feed.from, number) {
            return match (&step.plan.decision, &step.given) {
                (Decision::Disabled, _) => Some(Missing::UpstreamDisabled(node())),
                (Decision::CannotRun(_), _) => Some(Missing::UpstreamFailed(node())),
                (Decision::Pinned { .. }, Given::Results(results)) => {
                    (!results.has_value(&feed.source.port)).then(|| Missing::BranchNotTaken(node()))
                }
                _ => self.loops.never.contains_key(&feed.from).then(|| Missing::UpstreamDidNotRun(node())),
            };
        }
        let source = self.body.slot(feed.from).map_or(Source::Outside(feed.from), |slot| Source::Member(slot as u32));
        self.missing(feed, source)
    }

    /// Returns why a node inside of a loop never runs, if that is known.
    pub(super) fn never_runs(&self, index: usize) -> Option<&NotRun> {
        let planned = &self.plan.step(index).plan;
        match &planned.decision {
            Decision::NotRun(why) if planned.depends_on_releases_of.is_empty() => Some(why),
            Decision::Execute | Decision::NotRun(_) => self.loops.never.get(&index),
            _ => None,
        }
    }
}
