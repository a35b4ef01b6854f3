//! One sitting at one workflow: the document, its history, the session's marks and baseline, the run and the plan.

mod follow;
mod forecasting;

use std::{
    cell::RefCell,
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{RunNumbers, RunProgress, View, forecasts::Forecasts, past::Past, settings::RunOptions, words};
use crate::{
    engine::{Engine, PausedInside, Plan, Planner, Probes, Timings},
    nodes::Catalogue,
    session::{
        Baseline, BreakpointEdit, Capture, Change, History, Mark, MarkEdit, Marks, SavedView, Session, SessionId,
    },
    store::{Part, RunKind},
    workflow::{Edit, EditError, NodeId, Problem, Workflow},
};

/// How often results of a run that goes on lead to another plan, at most.
const REPLAN_EVERY: Duration = Duration::from_millis(200);

/// The open workflow with all that belongs to it.
pub(crate) struct Sitting {
    session: SessionId,
    /// The session's file; without one the session lives in memory only.
    kept: Option<Session>,
    path: Option<PathBuf>,
    workflow: Arc<Workflow>,
    /// The document as the file has it.
    saved: Arc<Workflow>,
    is_unsaved: bool,
    /// Raised whenever the document changes.
    revision: u64,
    history: History,
    marks: Marks,
    /// How many pins there were among these marks at this revision.
    pins: RefCell<Option<(Marks, u64, usize)>>,
    baseline: Arc<Baseline>,
    selection: BTreeSet<NodeId>,
    run: Option<RunProgress>,
    plan: Plan,
    problems: Vec<Problem>,
    probes: Probes,
    due: Due,
    planned: Option<Instant>,
    released: Vec<Released>,
    /// What the plan was made with.
    run_options: RunOptions,
    /// What nodes lack of the world outside.
    lacking: Vec<Problem>,
    forecasts: Forecasts,
    numbers: RunNumbers,
    /// The earlier run that is looked at, in place of the workflow as it is now.
    past: Option<Past>,
}

/// What has changed and asks for something.
struct Due {
    /// Something the plan is made from.
    plan: bool,
    /// The results of a run that goes on.
    results: bool,
    /// Something the session's file holds.
    save: bool,
}

/// A pin that was let go in the last run.
#[derive(Clone, Debug)]
pub(crate) struct Released {
    pub(crate) node: NodeId,
    pub(crate) capture: Arc<Capture>,
    pub(crate) reason: String,
}

impl Sitting {
    /// Returns a sitting at a workflow, in a session that is kept in a file, or without one in memory. `in_file` is the
    /// document as its file has it; without a path it is yet to be saved.
    pub(crate) fn new(
        kept: Option<Session>,
        workflow: Workflow,
        in_file: Option<Workflow>,
        path: Option<PathBuf>,
    ) -> Self {
        let workflow = Arc::new(workflow);
        let saved = in_file.map_or_else(|| Arc::clone(&workflow), Arc::new);
        Self {
            session: kept.as_ref().map_or_else(SessionId::generate, |session| session.id),
            path,
            is_unsaved: !is_same(&workflow, &saved),
            saved,
            workflow,
            revision: 0,
            history: History::default(),
            marks: kept.as_ref().map(|session| session.marks.clone()).unwrap_or_default(),
            pins: RefCell::default(),
            baseline: kept.as_ref().map(|session| Arc::clone(&session.baseline)).unwrap_or_default(),
            kept,
            selection: BTreeSet::new(),
            run: None,
            plan: Plan::default(),
            problems: Vec::new(),
            probes: Probes::default(),
            due: Due { plan: true, results: false, save: false },
            planned: None,
            released: Vec::new(),
            run_options: RunOptions::default(),
            lacking: Vec::new(),
            forecasts: Forecasts::default(),
            numbers: RunNumbers::default(),
            past: None,
        }
    }

    /// Returns the session's id.
    pub(crate) const fn session(&self) -> SessionId {
        self.session
    }

    /// Returns the session as it is to be written, and the workflow if it holds edits that are not in its file.
    pub(crate) fn to_keep(&self, view: SavedView) -> Option<(Session, Option<Arc<Workflow>>)> {
        let mut session = self.kept.clone()?;
        session.workflow_id = self.workflow.id();
        session.workflow_path.clone_from(&self.path);
        session.marks = self.marks.clone();
        session.baseline = Arc::clone(&self.baseline);
        session.view = view;
        Some((session, self.is_unsaved.then(|| Arc::clone(&self.workflow))))
    }

    pub(crate) const fn workflow(&self) -> &Arc<Workflow> {
        &self.workflow
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) const fn marks(&self) -> &Marks {
        &self.marks
    }

    pub(crate) const fn baseline(&self) -> &Arc<Baseline> {
        &self.baseline
    }

    /// Returns the selected nodes of what is shown.
    pub(crate) fn selection(&self) -> &BTreeSet<NodeId> {
        self.past.as_ref().map_or(&self.selection, |past| &past.selection)
    }

    /// Returns the workflow that is shown: as it is now, or as it was in the run that is looked at.
    pub(crate) fn shown_workflow(&self) -> &Arc<Workflow> {
        self.past.as_ref().map_or(&self.workflow, Past::workflow)
    }

    /// Returns the records that are shown: what Resume starts from, or those of the run that is looked at.
    pub(crate) fn shown_baseline(&self) -> &Baseline {
        self.past.as_ref().map_or(&self.baseline, |past| &past.baseline)
    }

    /// Returns the earlier run that is looked at.
    pub(crate) const fn past(&self) -> Option<&Past> {
        self.past.as_ref()
    }

    /// Returns whether an earlier run is looked at.
    pub(crate) const fn shows_past(&self) -> bool {
        self.past.is_some()
    }

    /// Looks at an earlier run, or at the workflow as it is now. What is selected stays so where it is there too.
    pub(crate) fn look_at(&mut self, past: Option<Past>) {
        let selected = self.selection().clone();
        self.past = past;
        self.select(selected);
    }

    /// Resumes from these records from now on.
    pub(crate) fn start_from(&mut self, baseline: Arc<Baseline>) {
        self.baseline = baseline;
        self.run = None;
        self.due.plan = true;
        self.due.save = true;
    }

    pub(crate) const fn history(&self) -> &History {
        &self.history
    }

    /// Returns whether the document differs from its file.
    pub(crate) const fn is_unsaved(&self) -> bool {
        self.is_unsaved
    }

    /// Returns how the session stands, in a few words.
    pub(crate) fn session_in_words(&self) -> String {
        let pins = words::count(self.n_pins(), "pin");
        let place = if self.kept.is_some() { "session" } else { "session in memory only" };
        let saved = if self.is_unsaved { "unsaved changes" } else { "saved" };
        format!("{place}: {pins} · {saved}")
    }

    /// Returns how many nodes are pinned; counted anew only when marks or nodes are others.
    fn n_pins(&self) -> usize {
        let mut counted = self.pins.borrow_mut();
        if let Some((marks, revision, n_pins)) = &*counted
            && marks.is_same(&self.marks)
            && *revision == self.revision
        {
            return *n_pins;
        }
        let is_pin = |(node, mark): &(&NodeId, &Mark)| mark.as_pin().is_some() && self.workflow.node(node).is_some();
        let n_pins = self.marks.iter().filter(is_pin).count();
        *counted = Some((self.marks.clone(), self.revision, n_pins));
        n_pins
    }

    /// Returns what to call the workflow: its file's name, else its own.
    pub(crate) fn name(&self) -> String {
        let file = self.path.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
        file.unwrap_or_else(|| self.workflow.name().to_owned())
    }

    /// Returns what panels draw from: the workflow as it is now, or the run that is looked at.
    pub(crate) fn view<'a>(&'a self, catalogue: &'a Catalogue, show_plan: bool) -> View<'a> {
        let Some(past) = &self.past else { return self.view_of_now(catalogue, show_plan) };
        View {
            workflow: past.workflow(),
            revision: past.revision,
            catalogue,
            marks: &past.marks,
            baseline: &past.baseline,
            plan: &past.plan,
            problems: &[],
            selection: &past.selection,
            run: None,
            show_plan: false,
            numbers: &self.numbers,
            past: Some(past),
        }
    }

    /// Returns what panels draw from that are about the workflow as it is now.
    pub(crate) fn view_of_now<'a>(&'a self, catalogue: &'a Catalogue, show_plan: bool) -> View<'a> {
        View {
            workflow: &self.workflow,
            revision: self.revision,
            catalogue,
            marks: &self.marks,
            baseline: self.paused_inside().map_or(&self.baseline, |(_, seen)| seen),
            plan: &self.plan,
            problems: &self.problems,
            selection: &self.selection,
            run: self.run.as_ref(),
            show_plan,
            numbers: &self.numbers,
            past: None,
        }
    }

    /// Returns where in a loop the run is paused, with what its nodes have given there in the place of their last results.
    fn paused_inside(&self) -> Option<&(Arc<PausedInside>, Baseline)> {
        self.run.as_ref()?.pause.as_ref()?.inside.as_ref()
    }

    /// Changes the document.
    pub(crate) fn edit(&mut self, label: String, edit: Edit) -> Result<(), EditError> {
        self.step(|history, workflow, marks| history.apply(label, Change::Document(edit), workflow, marks))
    }

    /// Changes the document. If the newest step moved the same nodes with the same label, the two become one.
    pub(crate) fn edit_in_burst(&mut self, label: String, edit: Edit) -> Result<(), EditError> {
        let newest = self.history.newest();
        let continues = newest.is_some_and(|newest| newest.label == label && newest.change.moves_the_same(&edit));
        self.step(|history, workflow, marks| {
            if continues {
                history.undo(workflow, marks)?;
            }
            history.apply(label, Change::Document(edit), workflow, marks)
        })
    }

    /// Changes marks; a change that changes nothing is no step.
    pub(crate) fn mark(&mut self, label: String, edit: MarkEdit) {
        if !edit.0.is_empty() {
            let applied =
                self.step(|history, workflow, marks| history.apply(label, Change::Marks(edit), workflow, marks));
            debug_assert!(applied.is_ok(), "changing marks cannot fail");
        }
    }

    /// Changes breakpoints; a change that changes nothing is no step.
    pub(crate) fn set_breakpoints(&mut self, label: String, edit: BreakpointEdit) {
        if !edit.is_empty() {
            let applied =
                self.step(|history, workflow, marks| history.apply(label, Change::Breakpoints(edit), workflow, marks));
            debug_assert!(applied.is_ok(), "changing breakpoints cannot fail");
        }
    }

    /// Takes the newest step back.
    pub(crate) fn undo(&mut self) -> Result<(), EditError> {
        self.step(|history, workflow, marks| history.undo(workflow, marks).map(|_label| ()))
    }

    /// Takes the step again that was taken back.
    pub(crate) fn redo(&mut self) -> Result<(), EditError> {
        self.step(|history, workflow, marks| history.redo(workflow, marks).map(|_label| ()))
    }

    /// Takes steps back or does them again until so many are done.
    pub(crate) fn go_to_step(&mut self, position: usize) -> Result<(), EditError> {
        self.step(|history, workflow, marks| history.go_to(position, workflow, marks))
    }

    fn step(
        &mut self,
        step: impl FnOnce(&mut History, &mut Workflow, &mut Marks) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        // Shared, not copied.
        let before = self.workflow.as_ref().clone();
        let result = step(&mut self.history, Arc::make_mut(&mut self.workflow), &mut self.marks);
        let changes = self.workflow.changes_since(&before);
        if !changes.is_empty() || !has_same_frame(&self.workflow, &before) {
            self.revision += 1;
        }
        self.is_unsaved = !is_same(&self.workflow, &self.saved);
        if !changes.removed.is_empty() {
            self.selection.retain(|node| self.workflow.node(node).is_some());
        }
        self.due.plan = true;
        self.due.save = true;
        result
    }

    /// Selects these nodes and no others.
    pub(crate) fn select(&mut self, nodes: impl IntoIterator<Item = NodeId>) {
        let workflow = Arc::clone(self.shown_workflow());
        let selection = nodes.into_iter().filter(|node| workflow.node(node).is_some()).collect();
        match &mut self.past {
            Some(past) => past.selection = selection,
            None => self.selection = selection,
        }
    }

    /// Notes that the document is now what a file has. If that is a copy with an id of its own, this is the copy now.
    pub(crate) fn saved(&mut self, path: PathBuf, workflow: Arc<Workflow>) {
        if self.workflow.id() != workflow.id() {
            self.workflow = Arc::new(self.workflow.as_ref().clone().with_id(workflow.id()));
        }
        self.path = Some(path);
        self.is_unsaved = !is_same(&self.workflow, &workflow);
        self.saved = workflow;
        self.due.save = true;
        self.due.plan = true;
    }

    /// Returns the nodes that are not in a workflow and were in the file, or ran in this session.
    pub(crate) fn removed(&self, workflow: &Workflow) -> Vec<NodeId> {
        let in_file = self.saved.nodes().map(|(id, _)| id);
        let known: BTreeSet<&NodeId> = in_file.chain(self.baseline.iter().map(|record| &record.node)).collect();
        known.into_iter().filter(|id| workflow.node(id).is_none()).cloned().collect()
    }

    /// Returns what was found out about the world last.
    pub(crate) const fn probes(&self) -> &Probes {
        &self.probes
    }

    /// Takes what was found out about the world.
    pub(crate) fn probed(&mut self, probes: Probes) {
        if self.probes != probes {
            self.probes = probes;
            self.due.plan = true;
        }
    }

    /// Plans what Resume would do, if anything it depends on has changed; for the results of a run that goes on, a few
    /// times a second only.
    pub(crate) fn replan(&mut self, engine: &Engine, run: RunOptions) {
        self.due.plan |= std::mem::replace(&mut self.run_options, run) != run;
        let is_old = self.planned.is_none_or(|planned| planned.elapsed() >= REPLAN_EVERY);
        if self.due.plan || (self.due.results && is_old) {
            (self.due.plan, self.due.results) = (false, false);
            self.planned = Some(Instant::now());
            let options = run.plan(RunKind::Resumed, Part::All);
            (self.plan, self.problems) = engine.plan_with_problems(
                &self.workflow,
                &self.marks,
                &self.baseline,
                &self.probes,
                &options,
                Planner::problems,
            );
            self.problems.extend(self.lacking.iter().cloned());
            self.problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
            self.forecasts.outdated();
        }
    }

    /// Returns what Resume would do now.
    pub(crate) const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns how long runs will take.
    pub(crate) const fn forecasts(&self) -> &Forecasts {
        &self.forecasts
    }

    /// Returns how the run that goes on stands, or the last one of this sitting.
    pub(crate) const fn progress(&self) -> Option<&RunProgress> {
        self.run.as_ref()
    }

    /// Takes in what nodes lack of the world outside.
    pub(crate) fn lacks(&mut self, lacking: Vec<Problem>) {
        if self.lacking != lacking {
            self.lacking = lacking;
            self.due.plan = true;
        }
    }

    /// Returns which state of the document is open.
    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes in how long nodes took, and what the runs are called.
    pub(crate) fn timed(&mut self, timings: Timings, numbers: RunNumbers) {
        self.forecasts.timed(timings);
        self.numbers = numbers;
    }

    /// Returns whether the session's file is to be written.
    pub(crate) const fn save_is_due(&self) -> bool {
        self.due.save
    }

    /// Returns the session as it is to be written, and notes that it is.
    pub(crate) fn take_to_keep(&mut self, view: SavedView) -> Option<(Session, Option<Arc<Workflow>>)> {
        self.due.save = false;
        self.to_keep(view)
    }
}

/// Returns whether two states of a document are the same for whoever saves it.
fn is_same(workflow: &Workflow, other: &Workflow) -> bool {
    has_same_frame(workflow, other) && workflow.changes_since(other).is_empty()
}

/// Returns whether all but nodes and connections is the same.
fn has_same_frame(workflow: &Workflow, other: &Workflow) -> bool {
    workflow.id() == other.id()
        && workflow.name() == other.name()
        && workflow.settings() == other.settings()
        && workflow.frames().eq(other.frames())
        && workflow.ways().eq(other.ways())
}
