//! One plan after the other: what has changed since the last one is found by comparing what they were made from, and only what
//! that can alter is decided anew. The result is the same as that of planning from nothing; a property test holds that line.

use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use super::{
    Decision, Learned, Plan, PlanOptions, Probes, Recorded, Records, Sources, Step, Steps, View,
    again::Again,
    decide::{differs, step},
    facts::Prepared,
    parts::{Need, needs},
    pins::PinStanding,
};
use crate::{
    nodes::{Catalogue, ResolvedParameters, Role},
    session::{Baseline, Mark, Marks},
    store::{Kept, NodeRecord, NotRun, Part, PinPolicy, RunKind, Status},
    workflow::{Feed, Graph, NodeId, Problem, Workflow},
};

/// Plans again and again, at the cost of what has changed in between.
#[derive(Debug)]
pub struct Planner {
    catalogue: Arc<Catalogue>,
    last: Option<Last>,
}

/// The last plan and what it was made from.
#[derive(Debug)]
struct Last {
    workflow: Workflow,
    marks: Marks,
    baseline: Baseline,
    probes: Probes,
    options: PlanOptions,
    learned: Learned,
    plan: Plan,
}

impl Planner {
    /// Returns a planner that has not planned yet.
    pub const fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue, last: None }
    }

    /// Returns the kinds the planner knows.
    pub const fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Returns the baseline of the last plan.
    pub(in crate::engine) fn baseline(&self) -> Option<&Baseline> {
        self.last.as_ref().map(|last| &last.baseline)
    }

    /// Returns what a run would do.
    pub fn plan(
        &mut self,
        workflow: &Workflow,
        marks: &Marks,
        baseline: &Baseline,
        probes: &Probes,
        options: &PlanOptions,
    ) -> Plan {
        let sources = Sources { workflow, catalogue: &self.catalogue, marks, baseline, probes, options };
        let again =
            self.last.as_ref().and_then(|last| last.plan.prepared.again(&last.workflow, workflow, &self.catalogue));
        let prepared = match (again, &mut self.last) {
            (Some(again), Some(last)) if last.can_follow(&sources, &again) => {
                last.follow_to(&sources, again);
                return last.plan.clone();
            }
            (Some(again), _) => again.prepared,
            (None, _) => Prepared::new(workflow, &self.catalogue),
        };
        let (plan, learned) = plan_all(&sources, prepared);
        self.last = Some(Last {
            workflow: workflow.clone(),
            marks: marks.clone(),
            baseline: baseline.clone(),
            probes: probes.clone(),
            options: options.clone(),
            learned,
            plan: plan.clone(),
        });
        plan
    }

    /// Returns the problems of the workflow that was planned last, sorted.
    pub fn problems(&self) -> Vec<Problem> {
        self.last.as_ref().map(|last| last.plan.prepared.problems()).unwrap_or_default()
    }
}

impl Last {
    /// Returns whether the plan can be brought up to date by following what has changed.
    fn can_follow(&self, sources: &Sources<'_>, again: &Again) -> bool {
        *sources.options == self.options
            && self.options.part == Part::All
            && !self.options.skip_what_only_feeds_pins
            // In a circle there is no order in which a change could be followed.
            && again.prepared.graph.is_whole()
            // What a loop is made of has changed.
            && (again.moved.is_none() || (again.prepared.loops.is_empty() && self.plan.prepared.loops.is_empty()))
    }

    /// Brings the plan up to date.
    fn follow_to(&mut self, sources: &Sources<'_>, again: Again) {
        let Again { prepared, changed, moved } = again;
        let mut dirty = Dirty::new(prepared.graph.n_nodes());
        dirty.extend(changed);
        self.add_changed(sources, &prepared.graph, &mut dirty);
        let before = std::mem::replace(&mut self.baseline, sources.baseline.clone());
        let records = if self.looks_back() {
            changed_records(&before, sources.baseline, &prepared.graph)
        } else {
            Records::Changed(Vec::new())
        };
        match &records {
            Records::All(_) => {}
            Records::Changed(changed) => dirty.extend(changed.iter().map(|(index, _)| *index)),
            Records::ManyChanged(changed) => {
                dirty.extend(changed.iter().enumerate().filter(|(_, record)| record.is_some()).map(|(index, _)| index));
            }
        }
        // Nodes inside of a loop look at what came of its head.
        for this in &prepared.loops.loops {
            if dirty.contains(this.head) {
                dirty.extend(prepared.loops.begun_by(this.head));
            }
        }
        if !dirty.is_empty() || moved.is_some() {
            // What is said of pins and of loops looks further than at the nodes above: they are few, so all are looked at
            // again.
            let pinned = sources.marks.iter().filter(|(_, mark)| mark.capture().is_some());
            dirty.extend(pinned.filter_map(|(node, _)| prepared.graph.index(node)));
            dirty.extend(prepared.loops.loops.iter().map(|this| this.head));
            let learned = std::mem::take(&mut self.learned);
            if let Some(moved) = moved {
                self.plan = self.plan_of_moved((sources, &records), prepared, &moved, &mut dirty);
            } else {
                dirty.extend(learned.released.into_keys());
                dirty.extend(learned.restarted.into_keys());
                dirty.extend(learned.carried.into_keys());
                self.plan.take_over(prepared);
                self.plan_added(sources, &records);
            }
            self.follow(sources, &records, dirty);
        }
        self.workflow = sources.workflow.clone();
        self.marks = sources.marks.clone();
        self.probes = sources.probes.clone();
    }

    /// Adds a step for each node that has come behind the others.
    fn plan_added(&mut self, sources: &Sources<'_>, records: &Records<'_>) {
        for index in self.plan.steps.len()..self.plan.graph().n_nodes() {
            let step = step(&self.view(sources, records), index);
            self.plan.push(step);
        }
    }

    /// Returns the plan of nodes that are at other places than they were; takes out of `dirty` what it has decided on.
    fn plan_of_moved(
        &self,
        (sources, records): (&Sources<'_>, &Records<'_>),
        prepared: Prepared,
        moved: &[Option<usize>],
        dirty: &mut Dirty,
    ) -> Plan {
        let mut steps: Vec<Arc<Step>> = Vec::with_capacity(moved.len());
        for (index, before) in moved.iter().enumerate() {
            let before = before.map(|before| &self.plan.steps[before]);
            if let Some(before) = before.filter(|_| !dirty.contains(index)) {
                steps.push(Arc::clone(before));
                continue;
            }
            let (learned, steps_so_far) = (&self.learned, Steps::Growing(&steps));
            let view = View { sources, prepared: &prepared, learned, needs: None, steps: steps_so_far, records };
            let now = step(&view, index);
            dirty.remove(index);
            if !before.is_some_and(|before| before.is_same_to_those_below(&now)) {
                dirty.extend(prepared.graph.downstream[index].iter().copied());
            }
            steps.push(Arc::new(now));
        }
        Plan::new(prepared, steps.into_iter().collect())
    }

    fn view<'a>(&'a self, sources: &'a Sources<'a>, records: &'a Records<'a>) -> View<'a> {
        View {
            sources,
            prepared: &self.plan.prepared,
            learned: &self.learned,
            needs: None,
            steps: Steps::Whole(&self.plan.steps),
            records,
        }
    }

    /// Returns whether earlier runs decide: what a standard run of all nodes would do depends on them only where pins say how
    /// they stand.
    fn looks_back(&self) -> bool {
        self.options.kind == RunKind::Resumed
    }

    /// Adds the nodes whose marks or probes differ.
    fn add_changed(&self, sources: &Sources<'_>, graph: &Graph, dirty: &mut Dirty) {
        let mut add = |node: &NodeId| dirty.extend(graph.index(node));
        if !sources.marks.is_same(&self.marks) {
            sources.marks.changed_since(&self.marks).for_each(&mut add);
        }
        if !self.looks_back() && !sources.baseline.records().is_same(self.baseline.records()) {
            sources.marks.iter().filter(|(_, mark)| mark.capture().is_some()).for_each(|(node, _)| add(node));
        }
        if *sources.probes != self.probes {
            for probes in [sources.probes, &self.probes] {
                probes.changed_sources.keys().for_each(&mut add);
                probes.changed_pin_sources.keys().for_each(&mut add);
                probes.lost_results.keys().for_each(&mut add);
                probes.lost_pins.keys().for_each(&mut add);
            }
        }
    }

    /// Decides anew on what has changed and on all that this alters.
    fn follow(&mut self, sources: &Sources<'_>, records: &Records<'_>, mut dirty: Dirty) {
        let graph = Arc::clone(&self.plan.prepared.graph);
        loop {
            while let Some(index) = dirty.pop_first() {
                let now = step(&self.view(sources, records), index);
                let is_same = self.plan.steps[index].is_same_to_those_below(&now);
                self.plan.replace(index, now);
                if !is_same {
                    dirty.extend(graph.downstream[index].iter().copied());
                    dirty.extend(self.plan.prepared.loops.begun_by(index));
                }
            }
            let more = learn(&self.view(sources, records));
            dirty.extend(more.released.keys().copied());
            dirty.extend(more.restarted.keys().copied());
            dirty.extend(more.carried.keys().copied());
            // Each round learns of pins it did not know of, so there are at most as many rounds as pins.
            if !self.learned.add(more) {
                return;
            }
        }
    }
}

impl Learned {
    fn len(&self) -> usize {
        self.released.len() + self.opened.len() + self.restarted.len() + self.carried.len()
    }

    /// Takes in more; returns whether anything is new.
    fn add(&mut self, more: Self) -> bool {
        let n_known = self.len();
        self.released.extend(more.released);
        self.opened.extend(more.opened);
        self.restarted.extend(more.restarted);
        self.carried.extend(more.carried);
        self.len() > n_known
    }
}

/// Plans from nothing.
pub(super) fn plan_all(sources: &Sources<'_>, prepared: Prepared) -> (Plan, Learned) {
    let mut learned = Learned::default();
    let records = Records::All(records_of(sources.baseline, &prepared.graph));
    loop {
        let begin = View {
            sources,
            prepared: &prepared,
            learned: &learned,
            needs: None,
            steps: Steps::Growing(&[]),
            records: &records,
        };
        let steps = decide_all(&begin);
        let needs = needs(&View { steps: Steps::Growing(&steps), ..begin }, &learned);
        let begin = View { needs: needs.as_deref(), ..begin };
        let steps = if needs.is_some() { decide_all(&begin) } else { steps };
        let more = learn(&View { steps: Steps::Growing(&steps), ..begin });
        // Each round learns of pins it did not know of, so there are at most as many rounds as pins.
        if !learned.add(more) {
            return (Plan::new(prepared, steps.into_iter().collect()), learned);
        }
    }
}

fn decide_all(begin: &View<'_>) -> Vec<Arc<Step>> {
    let n_nodes = begin.graph().n_nodes();
    let mut steps: Vec<Arc<Step>> = Vec::with_capacity(n_nodes);
    for index in 0..n_nodes {
        let step = step(&View { steps: Steps::Growing(&steps), ..*begin }, index);
        steps.push(Arc::new(step));
    }
    steps
}

/// Returns the record of each node: going through all of them costs less than finding each.
fn records_of<'a>(baseline: &'a Baseline, graph: &Graph) -> Vec<Recorded<'a>> {
    let mut records = vec![None; graph.n_nodes()];
    let mut known = baseline.iter().peekable();
    for index in graph.sorted_by_id() {
        let id = &graph.ids[index];
        while let Some(record) = known.peek() {
            match record.node.cmp(id) {
                Ordering::Less => known.next(),
                Ordering::Equal => {
                    records[index] = known.next();
                    break;
                }
                Ordering::Greater => break,
            };
        }
    }
    records
}

/// Of how many records one must have changed for a table of all to cost less than sorting those that have.
const MANY: usize = 32;

/// Returns the records that differ from those of before.
fn changed_records<'a>(before: &'a Baseline, now: &'a Baseline, graph: &Graph) -> Records<'a> {
    let mut changed = Vec::new();
    if !now.records().is_same(before.records()) {
        let differ = now.records().changed_since(before.records());
        changed.extend(differ.filter_map(|(node, record)| Some((graph.index(node)?, record))));
    }
    if changed.len() > graph.n_nodes() / MANY {
        let mut by_index = vec![None; graph.n_nodes()];
        for (index, record) in changed {
            by_index[index] = Some(record);
        }
        return Records::ManyChanged(by_index);
    }
    changed.sort_unstable_by_key(|(index, _)| *index);
    Records::Changed(changed)
}

/// Returns what the next round of planning should know.
fn learn(view: &View<'_>) -> Learned {
    let mut learned = Learned { restarted: restarted(view), carried: carried(view), ..Learned::default() };
    let pinned = view.sources.marks.iter().filter(|(_, mark)| mark.capture().is_some());
    for (index, mark) in pinned.filter_map(|(node, mark)| Some((view.graph().index(node)?, mark))) {
        let Some(step) = view.step(index) else { continue };
        if step.pin == PinStanding::Holds
            && let Some(release) = &step.plan.released
        {
            learned.released.insert(index, release.clone());
        }
        if let Decision::Pinned { policy: PinPolicy::Follow, may_be_released } = step.plan.decision
            && opens(view, index, mark, may_be_released)
        {
            learned.opened.insert(index);
        }
    }
    learned
}

/// Returns the heads of Repeats to which something sensitive is handed on, with the node that does.
fn carried(view: &View<'_>) -> BTreeMap<usize, NodeId> {
    let is_sensitive = |index: usize| view.step(index).is_some_and(Step::is_sensitive);
    let is_repeat = |index: usize| view.facts(index).kind.as_ref().is_some_and(|kind| kind.role == Role::Repeat);
    let repeats = view.prepared.loops.loops.iter().filter(|this| is_repeat(this.head));
    let handing_on = |closers: &[usize]| closers.iter().copied().find(|&index| is_sensitive(index));
    repeats.filter_map(|this| Some((this.head, view.id(handing_on(&this.closers)?).clone()))).collect()
}

/// Returns the heads of loops that are to be walked from the start because something inside executes, and what collects the
/// errors of loops in which something may fail that did not, or the other way round.
fn restarted(view: &View<'_>) -> BTreeMap<usize, NodeId> {
    let loops = &view.prepared.loops;
    let executes = |index: usize| view.step(index).is_some_and(|step| matches!(step.plan.decision, Decision::Execute));
    let role = |index: usize| view.facts(index).kind.as_ref().map(|kind| kind.role);
    let restarted = loops
        .loops
        .iter()
        .filter(|this| view.step(this.head).is_some_and(|step| matches!(step.plan.decision, Decision::Reuse { .. })))
        .filter_map(|this| {
            let closers: &[usize] = if role(this.head) == Some(Role::Repeat) { &this.closers } else { &[] };
            let cause = closers.iter().copied().find(|&index| executes(index) || gives_no_more(view, index))?;
            Some((this.head, view.id(cause).clone()))
        });
    let collecting = (0..loops.loops.len()).flat_map(|number| collecting_anew(view, number));
    restarted.chain(collecting).collect()
}

/// Returns what collects the errors of a loop and is to do that anew, with the node that may have others.
fn collecting_anew(view: &View<'_>, number: usize) -> impl Iterator<Item = (usize, NodeId)> {
    let loops = &view.prepared.loops;
    let this = &loops.loops[number];
    let is_reused =
        |index: &usize| view.step(*index).is_some_and(|step| matches!(step.plan.decision, Decision::Reuse { .. }));
    let facts = view.facts(this.head);
    let parameters = facts.kind.as_ref().map(|kind| ResolvedParameters::new(&kind.parameters, &facts.node));
    let collects = facts.kind.as_ref().is_some_and(|kind| kind.role == Role::ForEach)
        && parameters.is_some_and(|parameters| parameters.text("on_error") == "collect");
    let reused: Vec<usize> =
        if collects { this.closers.iter().copied().filter(is_reused).collect() } else { Vec::new() };
    let may_fail_anew = |index: usize| {
        let executes = view.step(index).is_some_and(|step| step.plan.decision == Decision::Execute);
        !this.closers.contains(&index) && (executes || gives_no_more(view, index))
    };
    let failed_then = view.record(this.head).and_then(|record| record.iterations.as_ref());
    let mut failed_then = failed_then.iter().flat_map(|walk| &walk.of.about.failures);
    let is_gone = |node: &NodeId| view.graph().index(node).is_none_or(|index| !loops.is_inside(index, number));
    let cause = (!reused.is_empty()).then(|| {
        let inside = loops.begun_by(this.head).find(|&index| may_fail_anew(index));
        let inside = inside.map(|index| view.id(index).clone());
        inside.or_else(|| failed_then.find(|failure| is_gone(&failure.node)).map(|_| view.id(this.head).clone()))
    });
    let cause = cause.flatten();
    reused.into_iter().filter_map(move |index| Some((index, cause.clone()?)))
}

/// Returns whether a node is left out that gave something last time, or failed.
fn gives_no_more(view: &View<'_>, index: usize) -> bool {
    let is_left_out = view.step(index).is_some_and(|step| {
        let left_out = matches!(step.plan.decision, Decision::Disabled | Decision::NotRun(NotRun::InputMissing { .. }));
        left_out || step.is_held_back()
    });
    let gave = |record: &NodeRecord| record.has_results() || matches!(record.status, Status::Failed(_));
    is_left_out && view.sources.baseline.get(view.id(index)).is_some_and(|record| gave(record))
}

/// Returns whether a Follow pin may be released, with something behind it that no one else needs.
fn opens(view: &View<'_>, index: usize, mark: &Mark, may_be_released: bool) -> bool {
    let feeds = &view.graph().inputs[index];
    let mut unneeded = feeds.iter().filter(|feed| view.need(feed.from) == Need::No);
    if may_be_released {
        return unneeded.next().is_some();
    }
    let Some(capture) = mark.capture() else { return false };
    unneeded.any(|feed| kept_data(view, feed).is_some_and(|arrived| differs(feed, &arrived, capture)))
}

/// Returns the data that an output has given last, by its pin or its last run.
fn kept_data(view: &View<'_>, feed: &Feed) -> Option<Kept> {
    let id = &feed.source.node;
    let results = if let Some(capture) = view.sources.marks.get(id).capture() {
        capture.results.clone()
    } else {
        let record = view.sources.baseline.get(id).filter(|record| record.has_results())?;
        record.results.clone()?
    };
    results.has_value(&feed.source.port).then_some(results)
}

/// Nodes to be looked at again, taken out upstream first.
struct Dirty {
    words: Vec<u64>,
    /// No bit is set below this word.
    first: usize,
}

impl Dirty {
    fn new(n_nodes: usize) -> Self {
        Self { words: vec![0; n_nodes.div_ceil(64)], first: usize::MAX }
    }

    fn insert(&mut self, index: usize) {
        self.words[index / 64] |= 1 << (index % 64);
        self.first = self.first.min(index / 64);
    }

    fn extend(&mut self, indices: impl IntoIterator<Item = usize>) {
        for index in indices {
            self.insert(index);
        }
    }

    fn contains(&self, index: usize) -> bool {
        self.words[index / 64] & (1 << (index % 64)) != 0
    }

    fn remove(&mut self, index: usize) {
        self.words[index / 64] &= !(1 << (index % 64));
    }

    const fn is_empty(&self) -> bool {
        self.first == usize::MAX
    }

    fn pop_first(&mut self) -> Option<usize> {
        while let Some(word) = self.words.get_mut(self.first) {
            if *word != 0 {
                let bit = word.trailing_zeros() as usize;
                *word &= *word - 1;
                return Some(self.first * 64 + bit);
            }
            self.first += 1;
        }
        self.first = usize::MAX;
        None
    }
}
