//! The workflows that are open, one a tab.

use imbl::OrdSet;

use crate::{
    editor::{canvas::CanvasState, history::HistoryState, panels::Log, sitting::Sitting},
    engine::RunHandle,
    session::{SavedView, SessionId},
    store::RunId,
    workflow::{NodeId, Position},
};

/// One open workflow, with all that belongs to it and to no other.
pub(super) struct WorkflowTab {
    pub(super) sitting: Sitting,
    /// The run that goes on.
    pub(super) run: Option<RunHandle>,
    /// The breakpoints that the run knows of.
    pub(super) told_breakpoints: Option<OrdSet<NodeId>>,
    pub(super) canvas: CanvasState,
    /// Where the canvas of the workflow was left, while an earlier run is shown.
    pub(super) canvas_of_now: Option<CanvasState>,
    pub(super) history: HistoryState,
    pub(super) log: Log,
    /// The notice that offers an earlier session.
    pub(super) offer: Option<usize>,
}

impl WorkflowTab {
    pub(super) fn new(sitting: Sitting) -> Self {
        Self {
            sitting,
            run: None,
            told_breakpoints: None,
            canvas: CanvasState::default(),
            canvas_of_now: None,
            history: HistoryState::default(),
            log: Log::default(),
            offer: None,
        }
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
}

/// The tabs, and which of them is in front; none is while the welcome screen is shown.
#[derive(Default)]
pub(super) struct Tabs {
    list: Vec<WorkflowTab>,
    front: Option<usize>,
}

impl Tabs {
    pub(super) fn front(&self) -> Option<&WorkflowTab> {
        self.list.get(self.front?)
    }

    pub(super) fn front_mut(&mut self) -> Option<&mut WorkflowTab> {
        self.list.get_mut(self.front?)
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
    pub(super) fn of_mut(&mut self, session: SessionId) -> Option<&mut WorkflowTab> {
        self.list.iter_mut().find(|tab| tab.sitting.session() == session)
    }

    /// Returns the tab in which a run goes on.
    pub(super) fn of_run_mut(&mut self, run: RunId) -> Option<&mut WorkflowTab> {
        self.list.iter_mut().find(|tab| tab.run.as_ref().is_some_and(|handle| handle.id() == run))
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &WorkflowTab> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut WorkflowTab> {
        self.list.iter_mut()
    }

    /// Adds a tab, in front of all others.
    pub(super) fn push(&mut self, tab: WorkflowTab) {
        self.list.push(tab);
        self.front = Some(self.list.len() - 1);
    }

    /// Takes the tab in front out.
    pub(super) fn take_front(&mut self) -> Option<WorkflowTab> {
        self.front.take().map(|front| self.list.remove(front))
    }
}
