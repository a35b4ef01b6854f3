//! What commands act upon, and what they need.

use std::collections::BTreeSet;

use crate::{
    editor::{Bend, View, groups, settings::RunOptions},
    session::{History, Mark},
    store::NodeRecord,
    workflow::{Frame, FrameId, NodeId, PortRef},
};

static NO_NODES: BTreeSet<NodeId> = BTreeSet::new();
static NO_BENDS: BTreeSet<Bend> = BTreeSet::new();

/// What a command's being enabled depends on, and what it acts upon. Cheap to make: nothing is copied or counted.
#[derive(Clone)]
pub(crate) struct Situation<'a> {
    /// What is shown; none on the welcome screen.
    pub(crate) view: Option<View<'a>>,
    /// The nodes that commands act upon: the selected ones, or those a menu is about.
    pub(crate) nodes: &'a BTreeSet<NodeId>,
    /// The input at the end of the wire that commands act upon.
    pub(crate) wire: Option<&'a PortRef>,
    /// The bends of wires that commands act upon.
    pub(crate) bends: &'a BTreeSet<Bend>,
    /// The frame that commands act upon.
    pub(crate) frame: Option<&'a FrameId>,
    /// What was done.
    pub(crate) history: Option<&'a History>,
    /// A run goes on.
    pub(crate) running: bool,
    /// The run is paused.
    pub(crate) paused: bool,
    /// What runs may leave out.
    pub(crate) run_options: RunOptions,
    pub(crate) tabs: TabsStand,
    /// How long Run takes, if anybody knows.
    pub(crate) run_takes: Option<String>,
    /// How long Resume takes, if anybody knows.
    pub(crate) resume_takes: Option<String>,
}

/// How the tabs stand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TabsStand {
    /// How many are not in front.
    pub(crate) n_others: usize,
    /// How many were closed that can be opened again.
    pub(crate) n_closed: usize,
    /// What is open is not opened again on start.
    pub(crate) stay_closed: bool,
}

impl<'a> Situation<'a> {
    /// Returns the situation on the welcome screen.
    pub(crate) fn without_workflow() -> Self {
        Self {
            view: None,
            nodes: &NO_NODES,
            wire: None,
            bends: &NO_BENDS,
            frame: None,
            history: None,
            running: false,
            paused: false,
            run_options: RunOptions::default(),
            tabs: TabsStand::default(),
            run_takes: None,
            resume_takes: None,
        }
    }

    /// Returns the situation as a view shows it, which knows nothing of undo and of forecasts.
    pub(crate) fn of(view: View<'a>) -> Self {
        let run = view.run.filter(|run| run.finished.is_none());
        Self {
            view: Some(view),
            nodes: view.selection,
            running: run.is_some(),
            paused: run.is_some_and(|run| run.pause.is_some()),
            ..Self::without_workflow()
        }
    }

    /// Returns the same for other nodes than the selected ones.
    pub(crate) const fn about(mut self, nodes: &'a BTreeSet<NodeId>) -> Self {
        self.nodes = nodes;
        self
    }

    /// Returns the same for the wire at an input.
    pub(crate) const fn about_wire(mut self, input: &'a PortRef) -> Self {
        self.wire = Some(input);
        self
    }

    /// Returns the same for bends of wires.
    pub(crate) const fn about_bends(mut self, bends: &'a BTreeSet<Bend>) -> Self {
        self.bends = bends;
        self
    }

    /// Returns the same for a frame.
    pub(crate) const fn about_frame(mut self, frame: &'a FrameId) -> Self {
        self.frame = Some(frame);
        self
    }

    /// Returns the groups that commands act upon; none if they act upon anything else, too.
    pub(crate) fn groups(&self) -> Vec<&'a FrameId> {
        self.view.map_or_else(Vec::new, |view| groups::selected(view.workflow, self.nodes))
    }

    /// Returns the newest record of the node that commands act upon, if it is one alone.
    fn record(&self) -> Option<&'a NodeRecord> {
        let node = self.nodes.first().filter(|_| self.nodes.len() == 1)?;
        self.view?.baseline.get(node).map(AsRef::as_ref)
    }

    /// Returns the frame that commands act upon.
    pub(crate) fn chosen_frame(&self) -> Option<&'a Frame> {
        self.view?.workflow.frame(self.frame?)
    }

    /// Returns what undo would take back.
    pub(crate) fn undo(&self) -> Option<&'a str> {
        self.history?.undo_label()
    }

    /// Returns what redo would do again.
    pub(crate) fn redo(&self) -> Option<&'a str> {
        self.history?.redo_label()
    }

    /// Returns the nodes that commands act upon.
    pub(crate) fn selected(&self) -> Vec<NodeId> {
        self.nodes.iter().cloned().collect()
    }

    /// Returns whether an earlier run is shown, which cannot be changed.
    pub(crate) fn shows_past(&self) -> bool {
        self.view.is_some_and(|view| view.past.is_some())
    }

    /// Returns whether there are nodes to act upon and their marks are all like this.
    pub(crate) fn all_marks(&self, test: fn(&Mark) -> bool) -> bool {
        self.view.is_some_and(|view| !self.nodes.is_empty() && self.nodes.iter().all(|node| test(view.marks.get(node))))
    }

    /// Returns whether there are nodes to act upon and all have a breakpoint.
    pub(crate) fn all_have_breakpoints(&self) -> bool {
        self.view.is_some_and(|view| {
            !self.nodes.is_empty() && self.nodes.iter().all(|node| view.marks.breakpoints().contains(node))
        })
    }
}

/// Something that must be so for a command to be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Workflow,
    Nodes,
    Selection,
    OneSelected,
    SeveralSelected,
    /// Something that can be moved by keys.
    Movable,
    /// Something that can be removed.
    Removable,
    /// One node with a pin that has results.
    Captured,
    /// One node that has been settled in a run.
    Settled,
    /// One node that was part of a loop when it last ran.
    Iterated,
    /// One node or a frame, which has a title.
    Titled,
    /// A node is selected, or a frame is chosen.
    Groupable,
    Frame,
    Wire,
    /// A wire with bends.
    BentWire,
    Bends,
    /// The workflow is shown as it is now.
    Now,
    /// An earlier run is shown.
    Past,
    NoRun,
    Run,
    Pause,
    NoPause,
    RunOrNodes,
    Undo,
    Redo,
    OtherTab,
    ClosedTab,
}

impl Need {
    /// Returns whether it is so.
    pub(crate) fn is_met(self, situation: &Situation<'_>) -> bool {
        let has_nodes = || situation.view.is_some_and(|view| view.workflow.n_nodes() > 0);
        match self {
            Self::Workflow => situation.view.is_some(),
            Self::Nodes => has_nodes(),
            Self::Selection => !situation.nodes.is_empty(),
            Self::OneSelected => situation.nodes.len() == 1,
            Self::SeveralSelected => situation.nodes.len() > 1,
            Self::Movable => !situation.nodes.is_empty() || !situation.bends.is_empty(),
            Self::Removable => {
                let chosen = situation.wire.is_some() || !situation.bends.is_empty() || situation.frame.is_some();
                chosen || !situation.nodes.is_empty()
            }
            Self::Captured => situation.nodes.len() == 1 && situation.all_marks(|mark| mark.capture().is_some()),
            Self::Settled => situation.record().is_some(),
            Self::Iterated => situation.record().is_some_and(|record| record.iterations.is_some()),
            Self::Titled => situation.nodes.len() == 1 || situation.frame.is_some() || situation.groups().len() == 1,
            Self::Groupable => !situation.nodes.is_empty() || situation.frame.is_some(),
            Self::Frame => situation.frame.is_some(),
            Self::Wire => situation.wire.is_some(),
            Self::BentWire => {
                let view = situation.view.zip(situation.wire);
                view.is_some_and(|(view, wire)| !view.workflow.way(wire).is_empty())
            }
            Self::Bends => !situation.bends.is_empty(),
            Self::Now => !situation.shows_past(),
            Self::Past => situation.shows_past(),
            Self::NoRun => !situation.running,
            Self::Run => situation.running,
            Self::Pause => situation.paused,
            Self::NoPause => !situation.paused,
            Self::RunOrNodes => situation.running || has_nodes(),
            Self::Undo => situation.undo().is_some(),
            Self::Redo => situation.redo().is_some(),
            Self::OtherTab => situation.tabs.n_others > 0,
            Self::ClosedTab => situation.tabs.n_closed > 0,
        }
    }

    /// Returns what to tell a person for whom it is not so.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Workflow => "no workflow is open",
            Self::Nodes | Self::RunOrNodes => "the workflow has no nodes",
            Self::Selection => "no node is selected",
            Self::Movable | Self::Removable => "nothing is selected",
            Self::Captured => "it takes one node that is pinned to results",
            Self::Settled => "it takes one node that has run",
            Self::Iterated => "it takes one node that ran in a loop",
            Self::Titled => "select one node, group or frame",
            Self::Groupable => "no node is selected and no frame is chosen",
            Self::Frame => "no frame is chosen",
            Self::OneSelected => "select one node",
            Self::SeveralSelected => "select two nodes or more",
            Self::Wire => "no wire is chosen",
            Self::BentWire => "the wire has no bends",
            Self::Bends => "no bend is chosen",
            Self::Now => "an earlier run is shown",
            Self::Past => "no earlier run is shown",
            Self::NoRun => "a run goes on",
            Self::Run => "no run goes on",
            Self::Pause => "the run is not paused",
            Self::NoPause => "the run is paused",
            Self::Undo => "there is nothing to undo",
            Self::Redo => "there is nothing to redo",
            Self::OtherTab => "no other tab is open",
            Self::ClosedTab => "no tab was closed",
        }
    }
}
