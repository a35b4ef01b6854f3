//! What the decision on a node looks at of the loops around it: a record shows the data of the newest iteration, and others
//! may have had other data.

use super::{
    Decision,
    decide::Decider,
    loop_fingerprint,
    pins::pinned_in_a_loop,
    step::{Given, Step},
};
use crate::{
    nodes::Role,
    store::{IterationStatus, LoopAbout, LoopRecord, NodeRecord, NotRun, Provenance, Reason, iterations_in_words},
    value::Fingerprint,
    workflow::Feed,
};

impl Decider<'_> {
    /// Returns why a loop around is walked from the start or goes on, if it is: a pin may keep that from a node inside, but not
    /// how often it is walked.
    pub(super) fn walk_around(&self) -> Option<Reason> {
        let loops = &self.view.prepared.loops;
        let innermost = loops.of_node.get(self.index).copied().flatten();
        let mut heads =
            loops.around(innermost).map(|number| loops.loops[number].head).filter(|&head| head < self.index);
        heads.find_map(|head| self.walk_of(head))
    }

    /// Returns whether a loop around a node is not walked, so that not even what has all its data from pins executes: its head
    /// has nothing to go through, or gives in each iteration of another loop what its pin holds.
    pub(super) fn is_in_a_loop_that_is_not_walked(&self) -> bool {
        let loops = &self.view.prepared.loops;
        let innermost = loops.of_node.get(self.index).copied().flatten();
        loops.around(innermost).any(|number| {
            let this = &loops.loops[number];
            let Some(head) = self.view.step(this.head) else { return false };
            match (&head.plan.decision, &head.given) {
                (Decision::NotRun(NotRun::NotNeeded | NotRun::OnlyFeedsPins), _) => false,
                (Decision::Pinned { may_be_released, .. }, _) => this.parent.is_some() && !may_be_released,
                (_, Given::Nothing(_)) => head.plan.depends_on_releases_of.is_empty(),
                _ => false,
            }
        })
    }

    fn walk_of(&self, head: usize) -> Option<Reason> {
        let step = self.view.step(head)?;
        let results = match (&step.plan.decision, &step.given) {
            (_, Given::Fresh) => return Some(Reason::UpstreamExecutes(vec![self.view.id(head).clone()])),
            (Decision::Pinned { .. }, Given::Results(results)) => results,
            _ => return None,
        };
        // A head with a pin is walked once, with what that gives.
        let walk = self.view.sources.baseline.get(self.view.id(head)).and_then(|record| record.iterations.as_ref());
        let about = walk.map(|walk| &walk.of.about);
        let about = about.filter(|about| {
            about.config == step.plan.config && about.input.map(Provenance::Edited) == Some(pinned_in_a_loop(results))
        });
        match about {
            Some(about) if about.is_complete => None,
            Some(about) => Some(Reason::LoopGoesOn { n_finished: about.n_finished, total: about.total }),
            None => Some(Reason::UpstreamExecutes(vec![self.view.id(head).clone()])),
        }
    }

    /// Returns why a node executes that was left out when the head of its outermost loop was walked last, over other data or,
    /// of a Repeat that it hands the state on to, over what was not handed on: what reaches it may come from a pin and be the
    /// same, but not how often it comes.
    pub(super) fn left_out(&self) -> Option<Reason> {
        let loops = &self.view.prepared.loops;
        let innermost = loops.of_node.get(self.index).copied().flatten()?;
        let this =
            loops.around(Some(innermost)).map(|number| &loops.loops[number]).find(|this| this.parent.is_none())?;
        let head = self.view.id(this.head);
        self.view.step(this.head).filter(|head| matches!(head.plan.decision, Decision::Reuse { .. }))?;
        let own = &self.record?.iterations.as_ref()?.of.about;
        let newest = &self.view.sources.baseline.get(head)?.iterations.as_ref()?.of;
        let hands_on = this.closers.contains(&self.index)
            && self.view.facts(this.head).kind.as_ref().is_some_and(|kind| kind.role == Role::Repeat);
        let is_of_other_data = own.input.is_some() && own.input != newest.about.input;
        let is_of_another_walk = own.head == *head
            && (is_of_other_data || (hands_on && own.id != newest.about.id && self.was_not_needed(newest)));
        is_of_another_walk.then(|| Reason::ResultsLost("it was left out when its loop ran last".to_owned()))
    }

    /// Returns whether the iterations of a loop left this node out, as a run asked for others alone.
    fn was_not_needed(&self, walk: &LoopRecord) -> bool {
        let id = self.view.id(self.index);
        let place = walk.about.members.iter().position(|member| member == id);
        let first = walk.log.rows(0..1, &walk.about.ports).ok().and_then(|rows| rows.into_iter().next());
        let cell = place.zip(first).and_then(|(place, (_, row))| row.cells.get(place).map(|cell| cell.status));
        cell == Some(IterationStatus::NotNeeded)
    }

    /// Returns why a node executes that went through the iterations of another loop last: what reaches it may come from a pin
    /// and be the same, but not how often it comes.
    pub(super) fn was_in_another_loop(&self, record: &NodeRecord) -> Option<Reason> {
        let loops = &self.view.prepared.loops;
        let then = record.iterations.as_ref().filter(|iterations| iterations.member.is_some())?;
        let now = loops.of_node.get(self.index).copied().flatten().map(|number| self.view.id(loops.loops[number].head));
        let is_another = now.is_some_and(|now| *now != then.of.about.head);
        is_another.then(|| Reason::ResultsLost("it was in another loop".to_owned()))
    }

    pub(super) fn is_pinned(&self, feed: &Feed) -> bool {
        let upstream = self.view.upstream(self.index, feed);
        upstream.is_some_and(|upstream| matches!(upstream.plan.decision, Decision::Pinned { .. }))
    }

    /// Returns whether another node may give this one something other in each iteration of a loop.
    pub(super) fn shares_a_loop_with(&self, from: usize) -> bool {
        let loops = &self.view.prepared.loops;
        let innermost = loops.of_node.get(self.index).copied().flatten();
        loops.around(innermost).any(|number| loops.loops[number].head == from || loops.is_inside(from, number))
    }

    /// Returns where all comes from that a wire inside of a loop brings, iteration by iteration: a record shows only the data
    /// of the newest.
    pub(super) fn brought_by(&self, feed: &Feed) -> Option<Provenance> {
        match &self.view.upstream(self.index, feed)?.given {
            Given::Results(results) if self.is_pinned(feed) => Some(pinned_in_a_loop(results)),
            Given::Results(results) => Some(results.provenance()),
            _ => None,
        }
    }

    /// Returns whether a wire comes from a For Each that went through the same data when it was walked last as when this node
    /// was.
    pub(super) fn went_through_the_same(&self, record: &NodeRecord, feed: &Feed) -> bool {
        let loops = &self.view.prepared.loops;
        let head = self.view.step(feed.from).filter(|head| matches!(head.plan.decision, Decision::Reuse { .. }));
        let is_outermost = loops.loops.iter().any(|this| this.head == feed.from && this.parent.is_none());
        let is_for_each = |head: &Step| head.facts.kind.as_ref().is_some_and(|kind| kind.role == Role::ForEach);
        let input = |record: &NodeRecord| {
            let about = &record.iterations.as_ref()?.of.about;
            about.input.filter(|_| about.head == feed.source.node)
        };
        let walked = self.view.sources.baseline.get(&feed.source.node).and_then(|record| input(record));
        is_outermost && head.is_some_and(is_for_each) && walked.is_some() && walked == input(record)
    }

    /// Returns where a loop goes on that was stopped midway, if this is its head and it does.
    pub(super) fn goes_on(&self, reasons: &[Reason]) -> Option<&LoopAbout> {
        let about = &self.record?.iterations.as_ref().filter(|iterations| iterations.member.is_none())?.of.about;
        let starts_over = |reason: &Reason| matches!(reason, Reason::Forced | Reason::ConfigChanged(_));
        let goes_on = !about.is_complete
            && about.n_finished > 0
            && about.config == self.facts.config
            && self.may_be_walked_over(about.input)
            && !reasons.iter().any(starts_over);
        goes_on.then_some(about)
    }

    /// Returns whether this head may be given the data that a loop went through. That of then is compared, not that of the
    /// newest run, which may not have come so far; what is yet to be made may turn out the same.
    fn may_be_walked_over(&self, then: Option<Fingerprint>) -> bool {
        let Some(feed) = self.feeds().first() else { return then.is_none() };
        match self.view.upstream(self.index, feed).map(|upstream| &upstream.given) {
            Some(Given::Results(results)) => results.fingerprint(&feed.source.port) == then,
            _ => true,
        }
    }

    /// Returns what a person should know before a loop goes on with another body than it began with.
    pub(super) fn mixing(&self, about: &LoopAbout) -> Option<String> {
        let loops = &self.view.prepared.loops;
        let number = loops.loops.iter().position(|candidate| candidate.head == self.index)?;
        let config = |index| self.view.facts(index).config;
        let body = loop_fingerprint(loops, self.view.graph(), self.view.sources.marks, number, config);
        let old = about.parts_not_of(body);
        (!old.is_empty()).then(|| {
            format!(
                "the loop's body was changed after it had stopped: what has finished ({}) is kept as it is, so that \
                 what is collected will mix old and new; force {} to make all iterations again",
                iterations_in_words(&old),
                self.view.id(self.index)
            )
        })
    }
}
