//! The workflows that are open, one a tab.

use std::path::Path;

use imbl::OrdSet;

use crate::{
    editor::{
        canvas::CanvasState,
        history::HistoryState,
        panels::{EffectsState, Log, PinsState, TabSign, TimelineState},
        problems::ProblemsState,
        sitting::Sitting,
    },
    engine::RunHandle,
    session::{SavedView, SessionId},
    store::{RunId, RunStatus},
    workflow::{NodeId, Position},
};

/// One open workflow, with all that belongs to it and to no other.
pub(super) struct WorkflowTab {
    pub(super) sitting: Sitting,
    /// The run that goes on.
    pub(super) run: Option<RunHandle>,
    /// How the last run ended, until that is known to a person or another begins.
    pub(super) ended: Option<RunStatus>,
    /// The breakpoints that the run knows of.
    pub(super) told_breakpoints: Option<OrdSet<NodeId>>,
    pub(super) canvas: CanvasState,
    /// Where the canvas of the workflow was left, while an earlier run is shown.
    pub(super) canvas_of_now: Option<CanvasState>,
    pub(super) history: HistoryState,
    pub(super) pins: PinsState,
    pub(super) problems: ProblemsState,
    pub(super) effects: EffectsState,
    pub(super) timeline: TimelineState,
    pub(super) log: Log,
    /// The notice that offers an earlier session, and that session.
    pub(super) offer: Option<(usize, SessionId)>,
}

impl WorkflowTab {
    pub(super) fn new(sitting: Sitting) -> Self {
        Self {
            sitting,
            run: None,
            ended: None,
            told_breakpoints: None,
            canvas: CanvasState::default(),
            canvas_of_now: None,
            history: HistoryState::default(),
            pins: PinsState::default(),
            problems: ProblemsState::default(),
            effects: EffectsState::default(),
            timeline: TimelineState::default(),
            log: Log::default(),
            offer: None,
        }
    }

    pub(super) const fn session(&self) -> SessionId {
        self.sitting.session()
    }

    /// Goes back from an earlier run to the workflow as it is now.
    pub(super) fn close_run(&mut self) {
        self.sitting.look_at(None);
        if let Some(canvas) = self.canvas_of_now.take() {
            self.canvas = canvas;
        }
        self.history.forget_difference();
    }

    /// Returns the view as the session's file has it: that of the workflow as it is now.
    pub(super) fn saved_view(&self) -> SavedView {
        let canvas = self.canvas_of_now.as_ref().unwrap_or(&self.canvas);
        let Position(x, y) = canvas.center();
        SavedView { center: (x, y), zoom: canvas.zoom() }
    }

    /// Returns what the tab says of its run.
    pub(super) fn sign(&self) -> TabSign {
        if self.run.is_some() {
            return match self.sitting.progress().filter(|run| run.finished.is_none()) {
                Some(run) if run.pause.is_some() => TabSign::Paused,
                Some(run) => TabSign::Running { n_executed: run.n_executed, n_to_execute: run.n_to_execute },
                None => TabSign::Running { n_executed: 0, n_to_execute: 0 },
            };
        }
        match self.ended {
            Some(RunStatus::Succeeded) => TabSign::Done,
            Some(RunStatus::Failed | RunStatus::SucceededWithErrors) => TabSign::Failed,
            Some(RunStatus::Cancelled | RunStatus::Interrupted) => TabSign::Stopped,
            Some(RunStatus::Running) | None => TabSign::None,
        }
    }
}

/// The tabs, and which of them is in front; none is while the welcome screen is shown.
#[derive(Default)]
pub(super) struct Tabs {
    list: Vec<WorkflowTab>,
    front: Option<usize>,
}

impl Tabs {
    pub(super) const fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn front(&self) -> Option<&WorkflowTab> {
        self.list.get(self.front?)
    }

    pub(super) fn front_mut(&mut self) -> Option<&mut WorkflowTab> {
        self.list.get_mut(self.front?)
    }

    /// Returns the session in front.
    pub(super) fn session(&self) -> Option<SessionId> {
        self.front().map(WorkflowTab::session)
    }

    /// Returns the sitting in front.
    pub(super) fn sitting(&self) -> Option<&Sitting> {
        self.front().map(|tab| &tab.sitting)
    }

    pub(super) fn sitting_mut(&mut self) -> Option<&mut Sitting> {
        self.front_mut().map(|tab| &mut tab.sitting)
    }

    /// Returns the run that goes on in front.
    pub(super) fn run(&self) -> Option<&RunHandle> {
        self.front()?.run.as_ref()
    }

    /// Returns the tab of a session.
    pub(super) fn of(&self, session: SessionId) -> Option<&WorkflowTab> {
        self.list.iter().find(|tab| tab.session() == session)
    }

    pub(super) fn of_mut(&mut self, session: SessionId) -> Option<&mut WorkflowTab> {
        self.list.iter_mut().find(|tab| tab.session() == session)
    }

    /// Returns the tab in which a run goes on.
    pub(super) fn of_run_mut(&mut self, run: RunId) -> Option<&mut WorkflowTab> {
        self.list.iter_mut().find(|tab| tab.run.as_ref().is_some_and(|handle| handle.id() == run))
    }

    /// Returns the session at a file.
    pub(super) fn at_file(&self, path: &Path) -> Option<SessionId> {
        self.list.iter().find(|tab| tab.sitting.path() == Some(path)).map(WorkflowTab::session)
    }

    fn place(&self, session: SessionId) -> Option<usize> {
        self.list.iter().position(|tab| tab.session() == session)
    }

    /// Returns the session so many tabs to the right of the one in front, going round; from the welcome screen, the first or
    /// last.
    pub(super) fn beside(&self, steps: isize) -> Option<SessionId> {
        let n_tabs = isize::try_from(self.list.len()).ok().filter(|n_tabs| *n_tabs > 0)?;
        let at = match self.front {
            Some(front) => isize::try_from(front).ok()? + steps,
            None if steps < 0 => -1,
            None => 0,
        };
        self.list.get(usize::try_from(at.rem_euclid(n_tabs)).ok()?).map(WorkflowTab::session)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &WorkflowTab> + Clone {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut WorkflowTab> {
        self.list.iter_mut()
    }

    /// Adds a tab at the end, in front of no other.
    pub(super) fn push(&mut self, tab: WorkflowTab) {
        self.list.push(tab);
    }

    /// Puts a tab in the place of another, which is returned.
    pub(super) fn replace(&mut self, session: SessionId, tab: WorkflowTab) -> Option<WorkflowTab> {
        let place = self.place(session)?;
        Some(std::mem::replace(&mut self.list[place], tab))
    }

    /// Brings a session's tab, or the welcome screen, to the front.
    pub(super) fn show(&mut self, session: Option<SessionId>) {
        self.front = session.and_then(|session| self.place(session));
    }

    /// Takes a tab out. If it was in front, the next one comes there, or the one before.
    pub(super) fn remove(&mut self, session: SessionId) -> Option<WorkflowTab> {
        let place = self.place(session)?;
        let tab = self.list.remove(place);
        self.front = match self.front {
            Some(front) if front > place => Some(front - 1),
            Some(front) if front == place => self.list.len().checked_sub(1).map(|last| front.min(last)),
            front => front,
        };
        Some(tab)
    }

    /// Takes all tabs out.
    pub(super) fn take_all(&mut self) -> Vec<WorkflowTab> {
        self.front = None;
        std::mem::take(&mut self.list)
    }

    /// Moves a tab to a place among the others.
    pub(super) fn put(&mut self, session: SessionId, to: usize) {
        let Some(from) = self.place(session) else { return };
        let front = self.session();
        let tab = self.list.remove(from);
        self.list.insert(to.min(self.list.len()), tab);
        self.show(front);
    }

    /// Moves the tab in front by so many places.
    pub(super) fn put_beside(&mut self, steps: isize) {
        if let (Some(session), Some(to)) =
            (self.session(), self.front.and_then(|front| front.checked_add_signed(steps)))
        {
            self.put(session, to);
        }
    }
}
