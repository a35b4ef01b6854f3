//! What to do with one node, and why: sections 2 and 3 of the rules. Looks at the node and at what is decided on those that
//! feed it, and at nothing else.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use smallvec::SmallVec;

use super::{
    Decision, NodePlan, PlanNotes, Release, View,
    parts::Need,
    pins::{PinStanding, config_changes_since, standing},
    step::{Given, NothingBecause, RecipeGiven, Step},
};
use crate::{
    engine::plan::facts::Facts,
    nodes::{Arity, Kind},
    session::{Capture, Mark, PinState},
    store::{
        InputChange, InputRecord, Kept, Missing, NeverRan, NodeRecord, NotRun, PinPolicy, Provenance, Reason, RunKind,
        Sensitive, Status,
    },
    value::{Fingerprint, FingerprintBuilder},
    workflow::{Feed, NodeId, PortId, Sensitivity},
};

/// Returns what to do with a node, given what is to be done with those that feed it.
pub(super) fn step(view: &View<'_>, index: usize) -> Step {
    let id = view.id(index);
    let facts = view.facts(index);
    let mark = view.sources.marks.get(id);
    let mut plan = NodePlan {
        node: id.clone(),
        decision: Decision::Disabled,
        reasons: Arc::default(),
        config: facts.config,
        recipe: recipe(view, index, &facts.config),
        side_effect: facts.side_effect,
        uncacheable: facts.uncacheable,
        notes: PlanNotes::default(),
    };
    if let Some(sensitive) = sensitive(view, index, facts) {
        plan.sensitive = Some(sensitive);
    }
    let is_sensitive = plan.sensitive.is_some();
    let pin = standing(view, index, mark, &mut plan);
    let record = view.record(index).map(|record| &**record);
    let given = Decider { view, index, facts, mark, pin, record, is_sensitive }.decide(&mut plan);
    let recipe_given = match (mark, mark.capture().filter(|_| pin.gives_results())) {
        // Results that are used whatever has changed since are what they were made of, not what they would be made of now.
        _ if matches!(plan.decision, Decision::Reuse { .. }) && view.need(index) == Need::AsKept => {
            record.map_or(RecipeGiven::Own, |record| RecipeGiven::Other(Box::new(record.recipe)))
        }
        (Mark::Disabled, _) => RecipeGiven::Nothing,
        (_, Some(capture)) => RecipeGiven::Other(Box::new(capture.recipe_given())),
        (_, None) => RecipeGiven::Own,
    };
    Step { plan, facts: Arc::clone(facts), given, recipe_given, pin }
}

/// Returns why what a node gives stays in memory, if it does: its settings or its kind say so, or it reads what such a node gives
/// and its settings do not say that what it makes of that is harmless.
fn sensitive(view: &View<'_>, index: usize, facts: &Facts) -> Option<Sensitive> {
    match facts.node.settings.sensitive {
        Sensitivity::Yes => return Some(Sensitive::BySettings),
        Sensitivity::No => return None,
        Sensitivity::ByKind if facts.kind.as_ref().is_some_and(|kind| kind.gives_secrets) => {
            return Some(Sensitive::ByKind);
        }
        Sensitivity::ByKind => {}
    }
    let is_sensitive = |feed: &&Feed| view.upstream(index, feed).is_some_and(Step::is_sensitive);
    let read = view.graph().inputs[index].iter().find(is_sensitive).map(|feed| &feed.source.node);
    read.or_else(|| view.learned.carried.get(&index)).cloned().map(Sensitive::Reads)
}

fn recipe(view: &View<'_>, index: usize, config: &Fingerprint) -> Fingerprint {
    let mut builder = FingerprintBuilder::new("recipe");
    builder.fingerprint(config);
    for feed in &view.graph().inputs[index] {
        builder.text(feed.port.as_str()).text(feed.source.port.as_str());
        match view.upstream(index, feed).and_then(Step::recipe_given) {
            Some(given) => builder.byte(1).fingerprint(given),
            None => builder.byte(0),
        };
    }
    builder.finish()
}

/// Decides on one node.
pub(super) struct Decider<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) index: usize,
    pub(super) facts: &'a Facts,
    mark: &'a Mark,
    pin: PinStanding,
    /// What came of it last.
    pub(super) record: Option<&'a NodeRecord>,
    is_sensitive: bool,
}

/// What is known to arrive on an input.
enum Arriving<'a> {
    Unknown,
    Data(&'a Kept),
    Nothing,
}

impl Decider<'_> {
    pub(super) fn feeds(&self) -> &[Feed] {
        &self.view.graph().inputs[self.index]
    }

    fn decide(&self, node: &mut NodePlan) -> Given {
        let need = self.view.need(self.index);
        if let Some(why) = need.not_run() {
            node.decision = Decision::NotRun(why);
            return Given::Nothing(NothingBecause::DidNotRun);
        }
        if matches!(self.mark, Mark::Disabled) {
            return Given::Nothing(NothingBecause::Disabled);
        }
        if let (Some(pin), Some(capture)) = (self.mark.as_pin(), self.mark.capture())
            && self.pin.gives_results()
        {
            if pin.policy == PinPolicy::Follow
                && let Some(release) = self.other_data(capture)
            {
                node.released = Some(release);
                return self.decide_without_pin(node);
            }
            self.note_releases_above(node);
            let may_be_released = pin.policy == PinPolicy::Follow
                && (self.executing_feeds().next().is_some() || !node.depends_on_releases_of.is_empty());
            node.decision = Decision::Pinned { policy: pin.policy, may_be_released };
            self.warn_of_pin(node);
            return Given::Results(capture.results.clone());
        }
        if need == Need::AsKept
            && let Some(given) = self.kept()
        {
            if let Given::Results(results) = &given {
                node.decision = Decision::Reuse { from: results.provenance() };
            }
            return given;
        }
        self.decide_without_pin(node)
    }

    /// Returns the results of the last run, whatever has changed since: for what lies outside of the part that is run.
    fn kept(&self) -> Option<Given> {
        let id = self.view.id(self.index);
        let record = self.record.filter(|record| record.has_results())?;
        if self.view.sources.probes.lost_results.contains_key(id) {
            return None;
        }
        record.results.clone().map(Given::Results)
    }

    /// Decides on a node that no mark keeps from executing.
    fn decide_without_pin(&self, node: &mut NodePlan) -> Given {
        if let Some(why) = &self.facts.error {
            node.decision = Decision::CannotRun(why.clone());
            return Given::Nothing(NothingBecause::Failed);
        }
        let Some(kind) = &self.facts.kind else {
            node.decision = Decision::CannotRun("its kind is unknown".to_owned());
            return Given::Nothing(NothingBecause::Failed);
        };
        self.note_releases_above(node);
        if let Some(missing) = self.missing_input(kind) {
            if !node.depends_on_releases_of.is_empty() || missing.is_held_back() {
                node.reasons = self.reasons_to_execute();
            }
            let because = NothingBecause::of_not_run(&node.node, &missing);
            node.decision = Decision::NotRun(missing);
            return Given::Nothing(because);
        }
        if self.is_in_a_loop_that_is_not_walked() {
            node.decision = Decision::NotRun(NotRun::NoIteration);
            return Given::Nothing(NothingBecause::DidNotRun);
        }
        self.decide_to_execute(node)
    }

    fn decide_to_execute(&self, node: &mut NodePlan) -> Given {
        node.reasons = self.reasons_to_execute();
        if node.reasons.is_empty()
            && let Some(results) = self.record.and_then(|record| record.results.clone())
        {
            node.decision = Decision::Reuse { from: results.provenance() };
            return Given::Results(results);
        }
        if self.view.sources.options.dry_run && self.facts.side_effect {
            node.decision = Decision::NotRun(NotRun::HeldBack);
            return Given::Nothing(NothingBecause::HeldBack(node.node.clone()));
        }
        node.decision = Decision::Execute;
        if self.view.sources.options.kind == RunKind::Resumed
            && let Some(about) = self.goes_on(&node.reasons)
        {
            let goes_on = Reason::LoopGoesOn { n_finished: about.n_finished, total: about.total };
            node.reasons = node.reasons.iter().cloned().chain([goes_on]).collect();
            if let Some(warning) = self.mixing(about) {
                node.warnings.push(warning);
            }
        }
        Given::Fresh
    }

    fn reasons_to_execute(&self) -> Arc<[Reason]> {
        static STANDARD_RUN: OnceLock<Arc<[Reason]>> = OnceLock::new();
        let kind = self.view.sources.options.kind;
        if kind == RunKind::Resumed || self.view.need(self.index) == Need::AsKept {
            return shared(self.reasons());
        }
        if matches!(self.mark, Mark::Forced) {
            return Arc::new([Reason::Forced]);
        }
        Arc::clone(STANDARD_RUN.get_or_init(|| Arc::new([Reason::StandardRun])))
    }

    /// Returns why a Follow pin is let go for the data that is known to reach it, if it is.
    fn other_data(&self, capture: &Capture) -> Option<Release> {
        self.feeds().iter().find_map(|feed| {
            let Arriving::Data(arrived) = self.arriving(feed) else { return None };
            differs(feed, arrived, capture)
                .then(|| Release(format!("{} gives other data on {}", self.view.name(&feed.source.node), feed.port)))
        })
    }

    /// Returns the nodes that feed this one and execute.
    fn executing_feeds(&self) -> impl Iterator<Item = &NodeId> {
        self.feeds()
            .iter()
            .filter(|feed| {
                self.view.upstream(self.index, feed).is_some_and(|upstream| matches!(upstream.given, Given::Fresh))
            })
            .map(|feed| &feed.source.node)
    }

    /// Notes the pins above whose release in the run would make this node execute.
    fn note_releases_above(&self, node: &mut NodePlan) {
        let mut above = BTreeSet::new();
        for feed in self.feeds() {
            let Some(upstream) = self.view.upstream(self.index, feed) else { continue };
            match upstream.plan.decision {
                Decision::Pinned { may_be_released: true, .. } => {
                    above.insert(upstream.plan.node.clone());
                }
                Decision::Pinned { .. } => {}
                _ => above.extend(upstream.plan.depends_on_releases_of.iter().cloned()),
            }
        }
        if !above.is_empty() {
            node.depends_on_releases_of = above.into_iter().collect();
        }
    }

    /// Returns what is known to arrive on an input.
    fn arriving(&self, feed: &Feed) -> Arriving<'_> {
        let Some(upstream) = self.view.upstream(self.index, feed) else {
            return Arriving::Nothing;
        };
        match &upstream.given {
            Given::Fresh | Given::Nothing(NothingBecause::HeldBack(_)) => Arriving::Unknown,
            Given::Results(results) if results.has_value(&feed.source.port) => Arriving::Data(results),
            _ => Arriving::Nothing,
        }
    }

    fn missing_input(&self, kind: &Kind) -> Option<NotRun> {
        if self.facts.has_wires_it_needs && self.feeds().iter().all(|feed| self.missing(feed).is_none()) {
            return None;
        }
        let arrivals: SmallVec<[(&PortId, Option<Missing>); 4]> =
            self.feeds().iter().map(|feed| (&feed.port, self.missing(feed))).collect();
        missing_input(kind, &arrivals)
    }

    /// Returns why nothing will come by a wire, if nothing will.
    fn missing(&self, feed: &Feed) -> Option<Missing> {
        match self.view.upstream(self.index, feed).map(|upstream| &upstream.given) {
            Some(Given::Fresh) => None,
            Some(Given::Results(results)) if results.has_value(&feed.source.port) => None,
            // What a node gave in the newest iteration says nothing of the others; what its pin gives does.
            Some(Given::Results(_)) if self.shares_a_loop_with(feed.from) && !self.is_pinned(feed) => None,
            Some(given) => Some(given.missing(&feed.source.node)),
            None => Some(Missing::UpstreamDidNotRun(Box::new(feed.source.node.clone()))),
        }
    }

    fn warn_of_pin(&self, node: &mut NodePlan) {
        if self.facts.side_effect {
            node.warnings.push("pinned: its effect does not take place".to_owned());
        }
        for feed in self.feeds() {
            let port = self.facts.kind.as_ref().and_then(|kind| kind.input_port(&feed.port));
            if port.is_some_and(|port| port.arity == Arity::Required) && self.gives_nothing(feed) {
                node.warnings.push(pin_without_input(&feed.port));
            }
        }
    }

    /// Returns whether nothing arrives on an input, going by the last run where the source executes.
    fn gives_nothing(&self, feed: &Feed) -> bool {
        match self.arriving(feed) {
            Arriving::Nothing => true,
            Arriving::Data(_) => false,
            Arriving::Unknown => {
                let record = self.view.sources.baseline.get(&feed.source.node);
                record
                    .and_then(|record| record.results.as_ref())
                    .is_some_and(|results| !results.has_value(&feed.source.port))
            }
        }
    }

    /// Returns every reason for which a node must execute in a resumed run.
    fn reasons(&self) -> SmallVec<[Reason; 2]> {
        let id = self.view.id(self.index);
        let record = self.record;
        let mut reasons = SmallVec::new();
        if matches!(self.mark, Mark::Forced) {
            reasons.push(Reason::Forced);
        }
        reasons.extend(match record {
            None => Some(Reason::NeverRan(NeverRan::New)),
            Some(record) => self.standing_reason(record),
        });
        // What was held back has a record of what it would have been made of.
        let never_ran = |reason: &Reason| matches!(reason, Reason::NeverRan(why) if *why != NeverRan::HeldBack);
        if let Some(record) = record.filter(|_| !reasons.iter().any(never_ran)) {
            if record.config != self.facts.config {
                reasons.push(Reason::ConfigChanged(config_changes_since(self.view, record)));
            }
            let changes = self.input_changes(record);
            if !changes.is_empty() {
                reasons.push(Reason::InputsChanged(changes));
            }
            reasons.extend(self.was_in_another_loop(record));
            if let Some(changes) = self.view.sources.probes.changed_sources.get(id) {
                reasons.push(Reason::SourceChanged(changes.clone()));
            }
        }
        if self.facts.uncacheable {
            reasons.push(Reason::NotCacheable);
        }
        if let Some(inside) = self.view.learned.restarted.get(&self.index) {
            reasons.push(Reason::UpstreamExecutes(vec![inside.clone()]));
        }
        let mut executing: SmallVec<[&NodeId; 4]> = self.executing_feeds().collect();
        if executing.is_empty() {
            reasons.extend(self.walk_around());
        } else {
            executing.sort_unstable();
            executing.dedup();
            reasons.push(Reason::UpstreamExecutes(executing.into_iter().cloned().collect()));
        }
        if reasons.is_empty() {
            reasons.extend(self.left_out());
        }
        reasons
    }

    /// Returns why what came of a node last time cannot be used as it stands.
    fn standing_reason(&self, record: &NodeRecord) -> Option<Reason> {
        let id = self.view.id(self.index);
        match &record.status {
            Status::Executed | Status::Reused { .. } | Status::Kept { .. } => self.lost(record),
            Status::Pinned { .. } => Some(match self.view.sources.probes.lost_pins.get(id) {
                Some(why) if self.mark.capture().is_some() => Reason::ResultsLost(why.clone()),
                _ => Reason::Unpinned,
            }),
            Status::Failed(_) => match &record.shown().status {
                Status::Failed(error) => Some(Reason::FailedLastTime(error.clone())),
                _ => None,
            },
            Status::NotRun(_) if record.had_nothing_to_do() => None,
            Status::NotRun(why) if why.is_held_back() => match record.results {
                Some(_) => self.lost(record),
                None => Some(Reason::NeverRan(NeverRan::HeldBack)),
            },
            Status::NotRun(_) => Some(Reason::NeverRan(NeverRan::Skipped)),
            Status::Disabled => Some(Reason::NeverRan(NeverRan::Disabled)),
            Status::Cancelled => Some(Reason::NeverRan(NeverRan::Cancelled)),
            Status::Interrupted => Some(Reason::NeverRan(NeverRan::Interrupted)),
        }
    }

    fn lost(&self, record: &NodeRecord) -> Option<Reason> {
        let lost = self.view.sources.probes.lost_results.get(&record.node).cloned();
        lost.or_else(|| self.not_kept(record).map(ToOwned::to_owned)).map(Reason::ResultsLost)
    }

    /// Returns why nothing is there to be reused of a node that gave something, if so.
    fn not_kept(&self, record: &NodeRecord) -> Option<&'static str> {
        let is_head = || self.facts.kind.as_ref().is_some_and(|kind| kind.role.is_head());
        match &record.results {
            None if self.is_sensitive => Some("it is sensitive, so they were only in memory"),
            None => Some("they were not kept"),
            Some(_) if is_head() && record.iterations.is_none() => {
                Some("something in its loop is sensitive, so its iterations were only in memory")
            }
            Some(_) => None,
        }
    }

    /// Goes through both, which are sorted by port, side by side.
    fn input_changes(&self, record: &NodeRecord) -> Vec<InputChange> {
        let mut changes = Vec::new();
        let mut gone = Vec::new();
        let mut all_before = record.inputs.iter().peekable();
        for feed in self.feeds() {
            gone.extend(std::iter::from_fn(|| all_before.next_if(|before| *before.port() < feed.port)));
            let Some(before) = all_before.next_if(|before| *before.port() == feed.port) else {
                changes.push(InputChange::Connected(feed.port.clone()));
                continue;
            };
            if !Arc::ptr_eq(&before.wire, &feed.wire) && *before.source() != feed.source {
                changes.push(InputChange::Rewired {
                    port: feed.port.clone(),
                    before: before.source().clone(),
                    after: feed.source.clone(),
                });
                continue;
            }
            let arrived = match self.arriving(feed) {
                Arriving::Unknown => continue,
                Arriving::Data(results) => Some(results),
                Arriving::Nothing => None,
            };
            let is_same = if self.shares_a_loop_with(feed.from) {
                self.brought_by(feed) == before.provenance()
                    || (matches!(before.provenance(), Some(Provenance::Run(_)))
                        && self.went_through_the_same(record, feed))
            } else {
                is_same_data(feed, arrived, before)
            };
            if !is_same {
                changes.push(InputChange::OtherValue(feed.port.clone()));
            }
        }
        gone.extend(all_before);
        changes.extend(gone.into_iter().map(|before| InputChange::Disconnected(before.port().clone())));
        changes
    }
}

/// Returns whether data on an input is other than what a pin's results came from.
pub(super) fn differs(feed: &Feed, arrived: &Kept, capture: &Capture) -> bool {
    input_of(&capture.inputs, &feed.port).is_some_and(|before| !is_same_data(feed, Some(arrived), before))
}

/// Returns whether what arrives is what arrived before: by where it comes from, else by looking at it.
fn is_same_data(feed: &Feed, arrived: Option<&Kept>, before: &InputRecord) -> bool {
    match (arrived, before.provenance()) {
        (None, None) => true,
        (Some(results), Some(provenance)) => {
            (results.provenance() == provenance && feed.source == *before.source())
                || results.fingerprint(&feed.source.port) == before.fingerprint()
        }
        _ => false,
    }
}

/// Returns what is recorded of an input, among those of a node, which are sorted by port.
pub(in crate::engine) fn input_of<'a>(inputs: &'a [InputRecord], port: &PortId) -> Option<&'a InputRecord> {
    inputs.binary_search_by(|input| input.port().cmp(port)).ok().map(|position| &inputs[position])
}

/// Returns what a person should know of a pin whose node would not have run.
pub(in crate::engine) fn pin_without_input(port: &PortId) -> String {
    format!("pinned: it gives its results although nothing arrives on {port}, so that both sides of a branch may run")
}

/// Returns why a node cannot run for want of an input, given for each connected input why nothing arrives, if so.
pub(in crate::engine) fn missing_input(kind: &Kind, arrivals: &[(&PortId, Option<Missing>)]) -> Option<NotRun> {
    // What would come is not known, so that an input that can do without it cannot either.
    let held_back = arrivals.iter().find(|(_, why)| matches!(why, Some(Missing::UpstreamHeldBack(_))));
    if let Some((port, Some(why))) = held_back {
        return Some(NotRun::InputMissing { port: (*port).clone(), why: why.clone() });
    }
    for input in &kind.inputs {
        let belongs = |port: &PortId| kind.input_port(port).is_some_and(|known| known.id == input.id);
        let missing = |port: PortId, why: Option<&Missing>| {
            Some(NotRun::InputMissing { port, why: why.cloned().unwrap_or(Missing::NotConnected) })
        };
        match input.arity {
            Arity::Optional => {}
            Arity::Required => match arrivals.iter().find(|(port, _)| belongs(port)) {
                Some((_, None)) => {}
                Some((port, why)) => return missing((*port).clone(), why.as_ref()),
                None => return missing(input.id.clone(), None),
            },
            Arity::Many { .. } | Arity::AnyOf => {
                let row: Vec<_> = arrivals.iter().filter(|(port, _)| belongs(port)).collect();
                let lacking = row.iter().find(|(_, why)| why.is_some());
                let n_with_value = row.iter().filter(|(_, why)| why.is_none()).count();
                let enough = n_with_value >= input.arity.n_needed();
                if !enough || (input.arity != Arity::AnyOf && lacking.is_some()) {
                    let port = lacking.map(|(port, _)| (*port).clone());
                    let port = port.unwrap_or_else(|| PortId::numbered(input.id.as_str(), row.len() + 1));
                    return missing(port, lacking.and_then(|(_, why)| why.as_ref()));
                }
            }
        }
    }
    None
}

/// Returns reasons as plans and records hold them. There is seldom more than one.
fn shared(mut reasons: SmallVec<[Reason; 2]>) -> Arc<[Reason]> {
    if reasons.len() == 1
        && let Some(only) = reasons.pop()
    {
        return Arc::new([only]);
    }
    if reasons.is_empty() { Arc::default() } else { reasons.into_vec().into() }
}

/// Returns whether a mark is a pin that waits for results.
pub(in crate::engine) const fn is_armed(mark: &Mark) -> bool {
    matches!(mark, Mark::Pinned(pin) if matches!(pin.state, PinState::Armed))
}
