//! What a run would do, and why: a pure function of workflow, catalogue, marks, baseline, probes and options.

mod again;
mod chunks;
mod decide;
mod facts;
mod node_plan;
mod parts;
mod pins;
mod planner;
mod probe;
mod step;
mod walks;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, OnceLock},
};

use self::{chunks::Chunks, facts::Prepared, parts::Need};
pub(super) use self::{
    decide::{input_of, is_armed, missing_input, pin_without_input},
    pins::pinned_in_a_loop,
    step::{Given, NothingBecause, Step},
};
pub use self::{
    node_plan::{NodePlan, PlanNotes, PlanNotesData},
    planner::Planner,
    probe::probe,
};
use crate::{
    engine::{run::body::Body, why::name_of_node},
    nodes::{Catalogue, Loops},
    session::{Baseline, Mark, Marks},
    store::{NodeRecord, NotRun, Part, PinPolicy, Provenance, RunKind, Sensitive},
    value::{Fingerprint, FingerprintBuilder},
    workflow::{Feed, Graph, NodeId, Problem, Workflow},
};

/// Which run is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Standard or resumed.
    pub kind: RunKind,
    /// All of the workflow, or which part of it.
    pub part: Part,
    /// A node that executes only because one above it does reuses its results if the data turns out to be the same.
    pub stop_at_equal_data: bool,
    /// A standard run leaves out nodes without side effects whose every consumer is pinned.
    pub skip_what_only_feeds_pins: bool,
    /// Every node whose execution would change something outside is held back: it does not execute, nor does what needs its
    /// results. It executes in the next resumed run.
    pub dry_run: bool,
}

impl PlanOptions {
    /// Returns the options of a run of all nodes.
    pub const fn of(kind: RunKind) -> Self {
        Self { kind, part: Part::All, stop_at_equal_data: false, skip_what_only_feeds_pins: false, dry_run: false }
    }

    /// Returns the options of a dry run.
    #[must_use]
    pub const fn dry(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// Returns the options for a part of the workflow.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.part = part;
        self
    }
}

/// What was found out about the world before planning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probes {
    /// For nodes whose sources have changed since the baseline: how, in words.
    pub changed_sources: BTreeMap<NodeId, Vec<String>>,
    /// For pinned nodes whose sources have changed since the pin's results were made: how, in words.
    pub changed_pin_sources: BTreeMap<NodeId, Vec<String>>,
    /// For nodes whose kept results cannot be read: why.
    pub lost_results: BTreeMap<NodeId, String>,
    /// For pinned nodes whose pin's results cannot be read: why.
    pub lost_pins: BTreeMap<NodeId, String>,
}

/// What a run would do with a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Execute it.
    Execute,
    /// Use its results of the baseline.
    Reuse {
        /// Where they come from.
        from: Provenance,
    },
    /// Use the results of its pin.
    Pinned {
        /// The pin's policy.
        policy: PinPolicy,
        /// Whether it is released, and the node executes, if other data reaches it in this run.
        may_be_released: bool,
    },
    /// Leave it out: it is disabled.
    Disabled,
    /// Leave it out: something it needs has no value, or it is not needed.
    NotRun(NotRun),
    /// It cannot run: its kind is unknown, a parameter is wrong, it depends on itself. It counts as failed.
    CannotRun(String),
}

/// Why a Follow pin is let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release(pub String);

/// Why the results of a Hold pin are no longer what the node would give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staleness(pub String);

/// What a run would do. Cloned in constant time; plans that follow each other share what they have in common.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    prepared: Prepared,
    /// One for each node, in the graph's order.
    steps: Chunks<Arc<Step>>,
    counts: PlanCounts,
    /// A bit for each node that a run has something to do for, besides recording that it was reused.
    active: Arc<Vec<u64>>,
    /// What a run of this plan walks; made when first asked for.
    body: Arc<OnceLock<Arc<Body>>>,
}

/// How many nodes a plan would do what with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanCounts {
    /// Executed.
    pub execute: usize,
    /// Reused.
    pub reuse: usize,
    /// Pinned.
    pub pinned: usize,
    /// Disabled.
    pub disabled: usize,
    /// Left out for want of a value, or not needed.
    pub not_run: usize,
    /// Held back, as their effect is.
    pub held_back: usize,
    /// Unable to run.
    pub cannot_run: usize,
}

impl PlanCounts {
    fn of(&mut self, decision: &Decision) -> &mut usize {
        match decision {
            Decision::Execute => &mut self.execute,
            Decision::Reuse { .. } => &mut self.reuse,
            Decision::Pinned { .. } => &mut self.pinned,
            Decision::Disabled => &mut self.disabled,
            Decision::NotRun(NotRun::HeldBack) => &mut self.held_back,
            Decision::NotRun(_) => &mut self.not_run,
            Decision::CannotRun(_) => &mut self.cannot_run,
        }
    }
}

impl Plan {
    /// Returns a plan of these steps, in the graph's order.
    fn new(prepared: Prepared, steps: Chunks<Arc<Step>>) -> Self {
        let mut active = vec![0; steps.len().div_ceil(64)];
        let mut counts = PlanCounts::default();
        for (index, step) in steps.iter().enumerate() {
            *counts.of(&step.plan.decision) += 1;
            if step.is_active() {
                active[index / 64] |= 1 << (index % 64);
            }
        }
        Self { prepared, steps, counts, active: Arc::new(active), body: Arc::default() }
    }

    /// Puts another step in the place of a node's.
    fn replace(&mut self, index: usize, step: Step) {
        let Some(before) = self.steps.get(index) else { return };
        *self.counts.of(&before.plan.decision) -= 1;
        *self.counts.of(&step.plan.decision) += 1;
        let bit = 1 << (index % 64);
        if before.is_active() != step.is_active() {
            let active = Arc::make_mut(&mut self.active);
            if step.is_active() {
                active[index / 64] |= bit;
            } else {
                active[index / 64] &= !bit;
            }
        }
        // Which loops are walked depends on whether anything inside may execute.
        let is_walked_otherwise = !self.loops().is_empty() && before.may_execute() != step.may_execute();
        if (before.is_active() != step.is_active() || is_walked_otherwise) && self.body.get().is_some() {
            self.body = Arc::default();
        }
        self.steps.set(index, Arc::new(step));
    }

    /// Takes over what was made ready anew; nodes are where they were.
    fn take_over(&mut self, prepared: Prepared) {
        if !Arc::ptr_eq(&self.prepared.graph, &prepared.graph) && self.body.get().is_some() {
            self.body = Arc::default();
        }
        self.prepared = prepared;
    }

    /// Adds the step of a node behind the others.
    fn push(&mut self, step: Step) {
        let index = self.steps.len();
        *self.counts.of(&step.plan.decision) += 1;
        let active = Arc::make_mut(&mut self.active);
        active.resize((index + 1).div_ceil(64), 0);
        active[index / 64] |= u64::from(step.is_active()) << (index % 64);
        self.steps.push(Arc::new(step));
    }

    /// Returns the workflow's nodes in order of work.
    pub fn graph(&self) -> &Graph {
        &self.prepared.graph
    }

    /// Returns the workflow's loops.
    pub(super) fn loops(&self) -> &Arc<Loops> {
        &self.prepared.loops
    }

    /// Returns the fingerprint of a loop's body under marks.
    pub(super) fn loop_fingerprint(&self, number: usize, marks: &Marks) -> Fingerprint {
        loop_fingerprint(self.loops(), self.graph(), marks, number, |index| self.step(index).plan.config)
    }

    /// Returns what the run would do with each node, in the graph's order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &NodePlan> {
        self.steps.iter().map(|step| &step.plan)
    }

    /// Returns whether what a node gives and says stays in memory and is shown only when asked for.
    pub fn is_sensitive(&self, node: &NodeId) -> bool {
        self.get(node).is_some_and(|node| node.sensitive.is_some())
    }

    /// Returns the sensitive node that makes another one sensitive, or would if that one's settings did not say otherwise.
    pub fn sensitive_source(&self, node: &NodeId) -> Option<&NodeId> {
        if let Some(Sensitive::Reads(source)) = &self.get(node)?.sensitive {
            return Some(source);
        }
        let index = self.graph().index(node)?;
        let feeds = self.graph().inputs[index].iter();
        feeds.map(|feed| &feed.source.node).find(|source| self.is_sensitive(source))
    }

    /// Returns whether nothing of a loop's iterations is written: something in it, or in a loop around it, is sensitive.
    pub(super) fn loop_stays_in_memory(&self, head: usize) -> bool {
        let loops = self.loops();
        let innermost = loops.loops.iter().position(|this| this.head == head);
        let outermost = loops.around(innermost).last();
        let head = outermost.map_or(head, |number| loops.loops[number].head);
        std::iter::once(head).chain(loops.begun_by(head)).any(|index| self.step(index).is_sensitive())
    }

    /// Returns what the run would do with a node.
    pub fn get(&self, node: &NodeId) -> Option<&NodePlan> {
        Some(&self.steps.get(self.graph().index(node)?)?.plan)
    }

    /// Returns all that is decided on a node.
    pub(super) fn step(&self, index: usize) -> &Arc<Step> {
        &self.steps[index]
    }

    /// Returns all that is decided on each node, in the graph's order.
    pub(super) fn steps(&self) -> impl ExactSizeIterator<Item = &Arc<Step>> {
        self.steps.iter()
    }

    /// Returns the nodes that a run has something to do for, besides recording that they were reused, ascending.
    pub(super) fn active(&self) -> impl Iterator<Item = usize> {
        self.active.iter().enumerate().flat_map(|(word_idx, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.checked_sub(1)?;
                Some(word_idx * 64 + bit)
            })
        })
    }

    /// Returns what a run of this plan walks.
    pub(super) fn body(&self) -> Arc<Body> {
        Arc::clone(self.body.get_or_init(|| Arc::new(Body::of_plan(self))))
    }

    /// Returns whether both are the same plan, without looking into them.
    pub fn is_same(&self, other: &Self) -> bool {
        self.steps.is_same(&other.steps) && Arc::ptr_eq(&self.prepared.graph, &other.prepared.graph)
    }

    /// Returns how many nodes the run would do what with.
    pub const fn counts(&self) -> PlanCounts {
        self.counts
    }
}

/// Returns what a run would do, and the problems of the workflow. For one plan after the other there is [`Planner`].
pub fn plan(
    workflow: &Workflow,
    catalogue: &Catalogue,
    marks: &Marks,
    baseline: &Baseline,
    probes: &Probes,
    options: &PlanOptions,
) -> (Plan, Vec<Problem>) {
    let prepared = Prepared::new(workflow, catalogue);
    let problems = prepared.problems();
    let sources = Sources { workflow, catalogue, marks, baseline, probes, options };
    (planner::plan_all(&sources, prepared).0, problems)
}

/// Returns the fingerprint of a loop's body: of what its nodes are, how they are wired and marked, and of all that feeds what
/// they read from outside.
fn loop_fingerprint(
    loops: &Loops,
    graph: &Graph,
    marks: &Marks,
    number: usize,
    config: impl Fn(usize) -> Fingerprint,
) -> Fingerprint {
    let mut builder = FingerprintBuilder::new("loop body");
    let mut nodes: BTreeSet<usize> = loops.begun_by(loops.loops[number].head).collect();
    let mut read: Vec<usize> = loops.loops[number].reads.clone();
    while let Some(index) = read.pop() {
        if nodes.insert(index) && marks.get(&graph.ids[index]).lets_its_inputs_count() {
            read.extend(graph.inputs[index].iter().map(|feed| feed.from));
        }
    }
    for index in nodes {
        let id = &graph.ids[index];
        builder.text(id.as_str()).fingerprint(&config(index));
        match marks.get(id) {
            Mark::Disabled => builder.byte(1),
            mark if mark.lets_its_inputs_count() => builder.byte(0),
            mark => match mark.capture().map(|capture| pinned_in_a_loop(&capture.results)) {
                Some(Provenance::Edited(pinned)) => builder.byte(2).fingerprint(&pinned),
                _ => builder.byte(2),
            },
        };
        for feed in &graph.inputs[index] {
            let source = &feed.source;
            builder.text(feed.port.as_str()).text(source.node.as_str()).text(source.port.as_str());
        }
    }
    builder.finish()
}

/// What planning finds out of Follow pins only once it knows what reaches them; it then goes on with it.
#[derive(Clone, Debug, Default)]
struct Learned {
    /// Those that other data reaches than what their results came from.
    released: HashMap<usize, Release>,
    /// Those that may be released in a run of a part: what lies behind them is needed after all.
    opened: BTreeSet<usize>,
    /// Heads of loops that are walked from the start because of this node inside, though nothing above them has changed: of
    /// a Repeat each iteration depends on the one before. And what collects the errors of a loop, if this node inside may fail
    /// where it did not, or the other way round.
    restarted: BTreeMap<usize, NodeId>,
    /// Heads of Repeats whose state comes from this node, which is sensitive.
    carried: BTreeMap<usize, NodeId>,
}

/// All that a plan is made from.
#[derive(Clone, Copy)]
struct Sources<'a> {
    workflow: &'a Workflow,
    catalogue: &'a Catalogue,
    marks: &'a Marks,
    baseline: &'a Baseline,
    probes: &'a Probes,
    options: &'a PlanOptions,
}

/// What the decision on a node looks at.
#[derive(Clone, Copy)]
struct View<'a> {
    sources: &'a Sources<'a>,
    prepared: &'a Prepared,
    learned: &'a Learned,
    /// `None`: all nodes are needed.
    needs: Option<&'a [Need]>,
    steps: Steps<'a>,
    records: &'a Records<'a>,
}

/// A node's record, by the node's index; `None` if it has none.
type Recorded<'a> = Option<&'a Arc<NodeRecord>>;

/// What is known of where records are: finding one in the baseline takes a look at a dozen others.
enum Records<'a> {
    /// Each node's, where all are looked at.
    All(Vec<Recorded<'a>>),
    /// Those of the nodes whose records have changed since the last plan, ascending by index.
    Changed(Vec<(usize, Recorded<'a>)>),
    /// The same, where many have: by index.
    ManyChanged(Vec<Option<Recorded<'a>>>),
}

/// What is decided so far.
#[derive(Clone, Copy)]
enum Steps<'a> {
    /// On the first few nodes.
    Growing(&'a [Arc<Step>]),
    /// On all; on those below the node in question perhaps not for the last time.
    Whole(&'a Chunks<Arc<Step>>),
}

impl View<'_> {
    fn graph(&self) -> &Graph {
        &self.prepared.graph
    }

    fn id(&self, index: usize) -> &NodeId {
        &self.prepared.graph.ids[index]
    }

    /// Returns a node's name for people.
    fn name(&self, id: &NodeId) -> String {
        name_of_node(self.sources.workflow, self.sources.catalogue, id)
    }

    fn facts(&self, index: usize) -> &Arc<facts::Facts> {
        &self.prepared.facts[index]
    }

    /// Returns what came of a node last.
    fn record(&self, index: usize) -> Option<&Arc<NodeRecord>> {
        match self.records {
            Records::All(records) => records[index],
            Records::Changed(changed) => match changed.binary_search_by_key(&index, |(index, _)| *index) {
                Ok(place) => changed[place].1,
                Err(_) => self.sources.baseline.get(self.id(index)),
            },
            Records::ManyChanged(changed) => match changed.get(index) {
                Some(Some(record)) => *record,
                _ => self.sources.baseline.get(self.id(index)),
            },
        }
    }

    fn need(&self, index: usize) -> Need {
        self.needs.map_or(Need::Fully, |needs| needs[index])
    }

    /// Returns what is decided on the node that feeds an input of another; nothing if both are in a circle.
    fn upstream(&self, index: usize, feed: &Feed) -> Option<&Step> {
        if feed.from < index { self.step(feed.from) } else { None }
    }

    fn step(&self, index: usize) -> Option<&Step> {
        match self.steps {
            Steps::Growing(steps) => steps.get(index).map(|step| &**step),
            Steps::Whole(steps) => steps.get(index).map(|step| &**step),
        }
    }

    /// Returns whether a node has a pin that gives its results.
    fn gives_pinned_results(&self, index: usize) -> bool {
        self.step(index).is_some_and(|step| step.pin.gives_results())
    }
}

#[cfg(test)]
impl Plan {
    /// Returns a plan that shows these nodes: for drawing, not for running.
    pub(crate) fn shown(workflow: &Workflow, catalogue: &Catalogue, nodes: Vec<NodePlan>) -> Self {
        let prepared = Prepared::new(workflow, catalogue);
        let steps = nodes.into_iter().enumerate().map(|(index, plan)| {
            let facts = Arc::clone(&prepared.facts[index]);
            Arc::new(Step {
                plan,
                facts,
                given: Given::Fresh,
                recipe_given: step::RecipeGiven::Nothing,
                pin: pins::PinStanding::None,
            })
        });
        let steps = steps.collect();
        Self::new(prepared, steps)
    }

    /// Changes what is shown of each node.
    pub(crate) fn change_shown(&mut self, change: impl Fn(&mut NodePlan)) {
        let changed = |step: &Arc<Step>| {
            let mut step = Step::clone(step);
            change(&mut step.plan);
            Arc::new(step)
        };
        self.steps = self.steps.iter().map(changed).collect();
    }
}
