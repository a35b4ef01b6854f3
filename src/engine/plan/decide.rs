//! What to do with each node, and why: sections 2 and 3 of the rules.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Decision, Learned, NodePlan, Release, Sources,
    recipes::{PinStanding, Recipes, config_changes_since},
};
use crate::{
    nodes::{Arity, Cacheability, Kind, ResolvedParameters},
    session::{Capture, Mark, PinState},
    store::{
        Arrived, InputChange, InputRecord, Kept, Missing, NeverRan, NodeRecord, NotRun, PinPolicy, Provenance, Reason,
        RunKind, Status,
    },
    workflow::{Feed, Graph, NodeId, PortId, Problem, Severity},
};

/// What a node will give to those below it, as far as can be told before the run.
#[derive(Clone, Debug)]
enum Given {
    /// It executes: nobody knows.
    Fresh,
    /// These results.
    Results { results: Kept, provenance: Provenance },
    /// Nothing, on any port.
    Nothing(NothingBecause),
}

#[derive(Clone, Copy, Debug)]
enum NothingBecause {
    Disabled,
    Failed,
    DidNotRun,
}

struct Planner<'a> {
    sources: Sources<'a>,
    graph: &'a Graph,
    recipes: &'a Recipes,
    /// The first error of each node.
    errors: BTreeMap<&'a NodeId, &'a str>,
    circle: BTreeSet<&'a NodeId>,
    needed: Vec<bool>,
    given: Vec<Given>,
    nodes: Vec<NodePlan>,
}

/// Returns the plan of every node, in the graph's order.
pub(super) fn decide(
    sources: &Sources<'_>,
    graph: &Graph,
    recipes: &Recipes,
    problems: &[Problem],
    learned: &Learned,
) -> (Vec<NodePlan>, Learned) {
    let mut errors = BTreeMap::new();
    for problem in problems.iter().filter(|problem| problem.severity == Severity::Error) {
        if let Some(node) = problem.location.node() {
            errors.entry(node).or_insert(problem.message.as_str());
        }
    }
    let mut planner = Planner {
        sources: *sources,
        graph,
        recipes,
        errors,
        circle: if graph.ordered < graph.n_nodes() { graph.in_a_circle().collect() } else { BTreeSet::new() },
        needed: needed(sources, graph, recipes, learned),
        given: Vec::with_capacity(graph.n_nodes()),
        nodes: Vec::with_capacity(graph.n_nodes()),
    };
    for index in 0..graph.n_nodes() {
        let (node, given) = planner.node(index);
        planner.nodes.push(node);
        planner.given.push(given);
    }
    let learned = planner.learned();
    (planner.nodes, learned)
}

/// Returns which nodes the targets need: what lies behind a pin or a disabled node is not needed.
fn needed(sources: &Sources<'_>, graph: &Graph, recipes: &Recipes, learned: &Learned) -> Vec<bool> {
    if sources.options.targets.is_empty() {
        return vec![true; graph.n_nodes()];
    }
    let mut needed = vec![false; graph.n_nodes()];
    let mut waiting: Vec<usize> = sources.options.targets.iter().filter_map(|target| graph.index(target)).collect();
    while let Some(index) = waiting.pop() {
        if std::mem::replace(&mut needed[index], true) {
            continue;
        }
        let id = &graph.ids[index];
        let pinned = recipes.pins[index].gives_results() && !learned.opened.contains(id);
        let cut = pinned || matches!(sources.marks.get(id), Mark::Disabled);
        if !cut {
            waiting.extend(graph.inputs[index].iter().map(|feed| feed.from));
        }
    }
    needed
}

impl Planner<'_> {
    fn node(&self, index: usize) -> (NodePlan, Given) {
        let id = &self.graph.ids[index];
        let mut node = NodePlan {
            node: id.clone(),
            decision: Decision::Disabled,
            reasons: Vec::new(),
            config: self.recipes.configs[index],
            recipe: self.recipes.whole[index],
            released: None,
            stale: None,
            side_effect: false,
            uncacheable: false,
            depends_on_releases_of: Vec::new(),
            warnings: Vec::new(),
        };
        let document_node = self.sources.workflow.node(id);
        let kind = document_node.and_then(|node| self.sources.catalogue.get(&node.kind));
        if let (Some(document_node), Some(kind)) = (document_node, kind) {
            let parameters = ResolvedParameters::new(&kind.parameters, document_node);
            node.side_effect = (kind.side_effect)(&parameters);
            node.uncacheable = (kind.cacheability)(&parameters) == Cacheability::Never;
        }
        match &self.recipes.pins[index] {
            PinStanding::Released(release) => node.released = Some(release.clone()),
            PinStanding::Stale(staleness) => node.stale = Some(staleness.clone()),
            PinStanding::None | PinStanding::Holds => {}
        }
        let given = self.decide(index, kind.map(|kind| &**kind), &mut node);
        (node, given)
    }

    fn decide(&self, index: usize, kind: Option<&Kind>, node: &mut NodePlan) -> Given {
        let id = &self.graph.ids[index];
        let mark = self.sources.marks.get(id);
        if !self.needed[index] {
            node.decision = Decision::NotRun(NotRun::NotNeeded);
            return Given::Nothing(NothingBecause::DidNotRun);
        }
        if matches!(mark, Mark::Disabled) {
            return Given::Nothing(NothingBecause::Disabled);
        }
        if let (Some(pin), Some(capture)) = (mark.as_pin(), mark.capture())
            && self.recipes.pins[index].gives_results()
        {
            if pin.policy == PinPolicy::Follow
                && let Some(release) = self.other_data(index, capture)
            {
                node.released = Some(release);
                return self.decide_without_pin(index, kind, node);
            }
            node.depends_on_releases_of = self.releases_above(index);
            let may_be_released = pin.policy == PinPolicy::Follow
                && (self.executing_feeds(index).next().is_some() || !node.depends_on_releases_of.is_empty());
            node.decision = Decision::Pinned { policy: pin.policy, may_be_released };
            node.warnings.extend(self.pin_warnings(index, kind, node.side_effect));
            return Given::Results { results: capture.results.clone(), provenance: capture.provenance };
        }
        self.decide_without_pin(index, kind, node)
    }

    /// Decides on a node that no mark keeps from executing.
    fn decide_without_pin(&self, index: usize, kind: Option<&Kind>, node: &mut NodePlan) -> Given {
        let id = &self.graph.ids[index];
        let mark = self.sources.marks.get(id);
        if let Some(why) = self.cannot_run(index, id, kind) {
            node.decision = Decision::CannotRun(why);
            return Given::Nothing(NothingBecause::Failed);
        }
        let Some(kind) = kind else {
            node.decision = Decision::CannotRun("its kind is unknown".to_owned());
            return Given::Nothing(NothingBecause::Failed);
        };
        node.depends_on_releases_of = self.releases_above(index);
        if let Some(missing) = self.missing_input(index, kind) {
            node.decision = Decision::NotRun(missing);
            if !node.depends_on_releases_of.is_empty() {
                node.reasons = self.reasons_to_execute(index, mark, node.uncacheable);
            }
            return Given::Nothing(NothingBecause::DidNotRun);
        }
        self.decide_to_execute(index, mark, node)
    }

    fn reasons_to_execute(&self, index: usize, mark: &Mark, uncacheable: bool) -> Vec<Reason> {
        let record = self.sources.baseline.get(&self.graph.ids[index]);
        match self.sources.options.kind {
            RunKind::Standard if matches!(mark, Mark::Forced) => vec![Reason::Forced],
            RunKind::Standard => vec![Reason::StandardRun],
            RunKind::Resumed => self.reasons(index, mark, uncacheable, record.map(|record| &**record)),
        }
    }

    /// Returns why a Follow pin is let go for the data that is known to reach it, if it is.
    fn other_data(&self, index: usize, capture: &Capture) -> Option<Release> {
        self.graph.inputs[index].iter().find_map(|feed| {
            let Arriving::Data(arrived) = self.arriving(feed) else { return None };
            self.differs(feed, arrived, capture)
                .then(|| Release(format!("{} gives other data on {}", self.graph.ids[feed.from], feed.port)))
        })
    }

    /// Returns whether data on an input is other than what a pin's results came from.
    fn differs(&self, feed: &Feed, arrived: Arrived, capture: &Capture) -> bool {
        let now = InputRecord { port: feed.port.clone(), source: self.graph.source(feed), arrived };
        capture.inputs.iter().find(|before| before.port == feed.port).is_some_and(|before| !now.same_data(before))
    }

    /// Returns what the next round of planning should know.
    fn learned(&self) -> Learned {
        let mut learned = Learned::default();
        for (index, node) in self.nodes.iter().enumerate() {
            if self.recipes.pins[index] == PinStanding::Holds
                && let Some(release) = &node.released
            {
                learned.released.insert(node.node.clone(), release.clone());
            }
            if let Decision::Pinned { policy: PinPolicy::Follow, may_be_released } = node.decision
                && self.opens(index, may_be_released)
            {
                learned.opened.insert(node.node.clone());
            }
        }
        learned
    }

    /// Returns whether a Follow pin may be released, with something behind it that no one else needs.
    fn opens(&self, index: usize, may_be_released: bool) -> bool {
        let mut unneeded = self.graph.inputs[index].iter().filter(|feed| !self.needed[feed.from]);
        if may_be_released {
            return unneeded.next().is_some();
        }
        let Some(capture) = self.sources.marks.get(&self.graph.ids[index]).capture() else { return false };
        unneeded.any(|feed| self.kept_data(feed).is_some_and(|arrived| self.differs(feed, arrived, capture)))
    }

    /// Returns the data that an output has given last, by its pin or its last run.
    fn kept_data(&self, feed: &Feed) -> Option<Arrived> {
        let id = &self.graph.ids[feed.from];
        let (results, provenance) = if let Some(capture) = self.sources.marks.get(id).capture() {
            (capture.results.clone(), capture.provenance)
        } else {
            let record = self.sources.baseline.get(id).filter(|record| record.has_results())?;
            (record.results.clone()?, record.provenance?)
        };
        results.has_value(&feed.from_port).then_some(Arrived::Results { provenance, results })
    }

    fn decide_to_execute(&self, index: usize, mark: &Mark, node: &mut NodePlan) -> Given {
        let record = self.sources.baseline.get(&self.graph.ids[index]);
        node.reasons = self.reasons_to_execute(index, mark, node.uncacheable);
        match record.and_then(|record| Some((record.results.clone()?, record.provenance?))) {
            Some((results, provenance)) if node.reasons.is_empty() => {
                node.decision = Decision::Reuse { from: provenance };
                Given::Results { results, provenance }
            }
            _ => {
                node.decision = Decision::Execute;
                Given::Fresh
            }
        }
    }

    fn cannot_run(&self, index: usize, id: &NodeId, kind: Option<&Kind>) -> Option<String> {
        if self.circle.contains(id) {
            return Some("it depends on itself: remove one of the connections of the circle".to_owned());
        }
        if index >= self.graph.ordered && kind.is_some() {
            return Some("it takes something from nodes that depend on themselves".to_owned());
        }
        self.errors.get(id).map(|&message| message.to_owned())
    }

    /// Returns the nodes that feed this one and execute.
    fn executing_feeds(&self, index: usize) -> impl Iterator<Item = usize> {
        self.graph.inputs[index]
            .iter()
            .map(|feed| feed.from)
            .filter(|&from| matches!(self.given.get(from), Some(Given::Fresh)))
    }

    /// Returns the pins above whose release in the run would make this node execute.
    fn releases_above(&self, index: usize) -> Vec<NodeId> {
        let mut above = BTreeSet::new();
        for feed in &self.graph.inputs[index] {
            let Some(upstream) = self.nodes.get(feed.from) else { continue };
            match upstream.decision {
                Decision::Pinned { may_be_released: true, .. } => {
                    above.insert(upstream.node.clone());
                }
                Decision::Pinned { .. } => {}
                _ => above.extend(upstream.depends_on_releases_of.iter().cloned()),
            }
        }
        above.into_iter().collect()
    }

    /// Returns what is known to arrive on an input.
    fn arriving(&self, feed: &Feed) -> Arriving {
        match self.given.get(feed.from) {
            Some(Given::Fresh) => Arriving::Unknown,
            Some(Given::Results { results, provenance }) if results.has_value(&feed.from_port) => {
                Arriving::Data(Arrived::Results { provenance: *provenance, results: results.clone() })
            }
            Some(Given::Results { .. }) => {
                Arriving::Nothing(Missing::BranchNotTaken(self.graph.ids[feed.from].clone()))
            }
            Some(Given::Nothing(because)) => {
                let upstream = self.graph.ids[feed.from].clone();
                Arriving::Nothing(match because {
                    NothingBecause::Disabled => Missing::UpstreamDisabled(upstream),
                    NothingBecause::Failed => Missing::UpstreamFailed(upstream),
                    NothingBecause::DidNotRun => Missing::UpstreamDidNotRun(upstream),
                })
            }
            None => Arriving::Nothing(Missing::UpstreamDidNotRun(self.graph.ids[feed.from].clone())),
        }
    }

    fn missing_input(&self, index: usize, kind: &Kind) -> Option<NotRun> {
        let arrivals = self.graph.inputs[index].iter().map(|feed| {
            let why = match self.arriving(feed) {
                Arriving::Unknown | Arriving::Data(_) => None,
                Arriving::Nothing(why) => Some(why),
            };
            (&feed.port, why)
        });
        missing_input(kind, &arrivals.collect::<Vec<_>>())
    }

    fn pin_warnings(&self, index: usize, kind: Option<&Kind>, side_effect: bool) -> Vec<String> {
        let mut warnings = Vec::new();
        if side_effect {
            warnings.push("pinned: its effect does not take place".to_owned());
        }
        for feed in &self.graph.inputs[index] {
            let required =
                kind.and_then(|kind| kind.input_port(&feed.port)).is_some_and(|port| port.arity == Arity::Required);
            if required && self.gives_nothing(feed) {
                warnings.push(pin_without_input(&feed.port));
            }
        }
        warnings
    }

    /// Returns whether nothing arrives on an input, going by the last run where the source executes.
    fn gives_nothing(&self, feed: &Feed) -> bool {
        match self.arriving(feed) {
            Arriving::Nothing(_) => true,
            Arriving::Data(_) => false,
            Arriving::Unknown => {
                let record = self.sources.baseline.get(&self.graph.ids[feed.from]);
                record
                    .and_then(|record| record.results.as_ref())
                    .is_some_and(|results| !results.has_value(&feed.from_port))
            }
        }
    }

    /// Returns every reason for which a node must execute in a resumed run.
    fn reasons(&self, index: usize, mark: &Mark, uncacheable: bool, record: Option<&NodeRecord>) -> Vec<Reason> {
        let id = &self.graph.ids[index];
        let mut reasons = Vec::new();
        if matches!(mark, Mark::Forced) {
            reasons.push(Reason::Forced);
        }
        reasons.extend(match record {
            None => Some(Reason::NeverRan(NeverRan::New)),
            Some(record) => self.standing_reason(id, record),
        });
        if let Some(record) = record.filter(|_| !reasons.iter().any(|reason| matches!(reason, Reason::NeverRan(_)))) {
            if record.config != self.recipes.configs[index] {
                reasons.push(Reason::ConfigChanged(config_changes_since(&self.sources, record)));
            }
            let changes = self.input_changes(index, record);
            if !changes.is_empty() {
                reasons.push(Reason::InputsChanged(changes));
            }
            if let Some(changes) = self.sources.probes.changed_sources.get(id) {
                reasons.push(Reason::SourceChanged(changes.clone()));
            }
        }
        if uncacheable {
            reasons.push(Reason::NotCacheable);
        }
        let executing: BTreeSet<NodeId> =
            self.executing_feeds(index).map(|from| self.graph.ids[from].clone()).collect();
        if !executing.is_empty() {
            reasons.push(Reason::UpstreamExecutes(executing.into_iter().collect()));
        }
        reasons
    }

    /// Returns why what came of a node last time cannot be used as it stands.
    fn standing_reason(&self, id: &NodeId, record: &NodeRecord) -> Option<Reason> {
        match &record.status {
            Status::Executed | Status::Reused { .. } | Status::Kept { .. } => {
                let lost = self.sources.probes.lost_results.get(id).cloned();
                let none = record.results.is_none().then(|| "they were not kept".to_owned());
                lost.or(none).map(Reason::ResultsLost)
            }
            Status::Pinned { .. } => Some(match self.sources.probes.lost_pins.get(id) {
                Some(why) if self.sources.marks.get(id).capture().is_some() => Reason::ResultsLost(why.clone()),
                _ => Reason::Unpinned,
            }),
            Status::Failed(error) => Some(Reason::FailedLastTime(error.clone())),
            Status::NotRun(_) => Some(Reason::NeverRan(NeverRan::Skipped)),
            Status::Disabled => Some(Reason::NeverRan(NeverRan::Disabled)),
            Status::Cancelled => Some(Reason::NeverRan(NeverRan::Cancelled)),
            Status::Interrupted => Some(Reason::NeverRan(NeverRan::Interrupted)),
        }
    }

    fn input_changes(&self, index: usize, record: &NodeRecord) -> Vec<InputChange> {
        let feeds = &self.graph.inputs[index];
        let mut changes = Vec::new();
        for feed in feeds {
            let source = self.graph.source(feed);
            let Some(before) = record.inputs.iter().find(|before| before.port == feed.port) else {
                changes.push(InputChange::Connected(feed.port.clone()));
                continue;
            };
            if before.source != source {
                let port = feed.port.clone();
                changes.push(InputChange::Rewired { port, before: before.source.clone(), after: source });
                continue;
            }
            let arrived = match self.arriving(feed) {
                Arriving::Unknown => continue,
                Arriving::Data(arrived) => arrived,
                Arriving::Nothing(_) => Arrived::NoValue,
            };
            if !(InputRecord { port: feed.port.clone(), source, arrived }).same_data(before) {
                changes.push(InputChange::OtherValue(feed.port.clone()));
            }
        }
        for before in &record.inputs {
            if !feeds.iter().any(|feed| feed.port == before.port) {
                changes.push(InputChange::Disconnected(before.port.clone()));
            }
        }
        changes
    }
}

enum Arriving {
    Unknown,
    Data(Arrived),
    Nothing(Missing),
}

/// Returns what a person should know of a pin whose node would not have run.
pub(in crate::engine) fn pin_without_input(port: &PortId) -> String {
    format!("pinned: it gives its results although nothing arrives on {port}, so that both sides of a branch may run")
}

/// Returns why a node cannot run for want of an input, given for each connected input why nothing arrives, if so.
pub(in crate::engine) fn missing_input(kind: &Kind, arrivals: &[(&PortId, Option<Missing>)]) -> Option<NotRun> {
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

/// Returns whether a mark is a pin that waits for results.
pub(in crate::engine) const fn is_armed(mark: &Mark) -> bool {
    matches!(mark, Mark::Pinned(pin) if matches!(pin.state, PinState::Armed))
}
