//! Everything a person can ask for. Only the app carries a command out.

use std::{path::PathBuf, sync::Arc};

use super::{
    arrange::{Align, Axis},
    dialogs::KeepRules,
    iterations::IterationsWork,
    panels::SpansWork,
    viewers::{BytesWork, TableWork, TextWork, TreeWork},
    ways::Bend,
    windows::WindowOf,
};
use crate::{
    session::{PinPolicy, ProfileName, SessionId},
    store::{Kept, LoopRecord, Passphrase, RunId, RunKind},
    value::{Fingerprint, Image, Value},
    workflow::{Edit, FrameColor, FrameId, KindId, NodeId, ParameterId, PortId, PortRef, Position, WorkflowId},
};

/// Something a person asks for.
#[derive(Clone, Debug)]
pub enum Command {
    /// Change the document; the label is what the undo list shows.
    Edit(String, Edit),
    /// Add a node at a place and connect it to the end the wire was dropped from, if there was one.
    AddNode {
        /// The kind.
        kind: KindId,
        /// The place of its top left corner.
        position: Position,
        /// An output that feeds its first fitting input, or an input that its first fitting output feeds.
        connect: Option<WireEnd>,
    },
    /// Select these nodes and no others.
    Select(Vec<NodeId>),
    /// Add these nodes to the selection.
    SelectAlso(Vec<NodeId>),
    /// Select what is not and the other way round, among these nodes.
    ToggleSelected(Vec<NodeId>),
    /// Select all nodes.
    SelectAll,
    /// Set the marks of nodes.
    Mark(Vec<NodeId>, MarkRequest),
    /// Look into the pins of nodes, or change what they hold.
    Pinned(Vec<NodeId>, PinRequest),
    /// List earlier sessions of the workflow to take over pins from.
    TakeOverPins,
    /// Find out how much room the results of pins take, to show it.
    LoadPinSizes,
    /// Remove the selected nodes.
    DeleteSelected,
    /// Remove the selected nodes and connect what they fed to what fed them.
    DeleteAndHeal,
    /// Put the selected nodes on the clipboard as RON text.
    Copy,
    /// Copy, then remove.
    Cut,
    /// Add nodes from RON text; at a place, or beside where they were.
    Paste(String, Option<Position>),
    /// Ask the system for the clipboard, whose text then comes as a [`Self::Paste`].
    AskForPaste,
    /// The same, for nodes that are to keep what feeds those they were copied from.
    AskForConnectedPaste,
    /// Copy and paste the selection in one step, without the clipboard.
    Duplicate,
    /// Take back the newest step.
    Undo,
    /// Do the step again that was taken back.
    Redo,
    /// Undo or redo until so many steps are done.
    GoToStep(usize),
    /// Run the workflow.
    Run(RunKind),
    /// Run the workflow with all that would change something outside held back.
    DryRun(RunKind),
    /// Run only these nodes and what they need.
    RunTo(RunKind, Vec<NodeId>),
    /// Run only these nodes; what they need gives its last results.
    RunOnly(RunKind, Vec<NodeId>),
    /// Run these nodes and all below them; what these need besides gives its last results.
    RunFrom(RunKind, Vec<NodeId>),
    /// Stop the run.
    Stop,
    /// Pause the run: running nodes finish, nothing else starts.
    Pause,
    /// Let a paused run go on.
    GoOn,
    /// Execute one node of a paused run; pause one that goes on; without a run, resume and pause before the first node.
    Step,
    /// Give nodes a breakpoint, or take it away.
    ToggleBreakpoint(Vec<NodeId>),
    /// Put a value in the place of what a node gave, for what executes from now on in the paused run.
    ChangeValue(PortRef, Value),
    /// Switch an option of runs on or off.
    ToggleRunOption(RunOption),
    /// Start a new workflow.
    New,
    /// Choose a file and open it.
    OpenDialog,
    /// Open a file.
    Open(PathBuf),
    /// Open an example: a copy that is saved elsewhere.
    OpenExample(&'static str),
    /// Save to the workflow's file, asking for one if there is none.
    Save,
    /// Choose a file and save there.
    SaveAs,
    /// Show the welcome screen; what is open stays open.
    Welcome,
    /// Go to another tab, close one, or change how they stand.
    Tabs(TabRequest),
    /// Arrange the selected nodes.
    Arrange(ArrangeRequest),
    /// Change a wire.
    Wire(WireRequest),
    /// Change a frame, or what stands in it.
    Frame(FrameId, FrameRequest),
    /// Look elsewhere, or more closely.
    Look(LookRequest),
    /// Find a command, or change its keys.
    Keys(KeysRequest),
    /// Show or hide a panel.
    TogglePanel(Panel),
    /// Keep or change where the panels stand and how large everything is.
    Layout(LayoutRequest),
    /// Show a tab of the bottom panel.
    ShowTab(Tab),
    /// Choose the file or folder of a parameter of one or several nodes.
    Browse(Vec<NodeId>, ParameterId),
    /// Give such a parameter a path that was chosen before.
    UsePath(Vec<NodeId>, ParameterId, PathBuf),
    /// Find out where a secret is, never what it is.
    LookForSecret(String),
    /// Read a node's kept results into memory, to show them.
    LoadResults(NodeId),
    /// Read a kept value into memory, to show it.
    LoadValue(Fingerprint),
    /// Read an iteration of a loop into memory, to show it; with the run that the loop's record is of.
    LoadIteration(Arc<LoopRecord>, RunId, u64),
    /// Read what a table of iterations shows.
    WorkOnIterations(IterationsWork),
    /// Read when the iterations of a loop were made, to show it.
    ReadSpans(SpansWork),
    /// Read what a node remembers across runs, to show it.
    LoadPinnedData(NodeId),
    /// Read how long a node took in earlier runs, to show it.
    LoadTimes(NodeId),
    /// Clear what a node remembers across runs.
    ClearPinnedData(NodeId),
    /// Give a workflow what another one's nodes remember.
    CopyPinnedData(WorkflowId, WorkflowId),
    /// Make a picture ready for the screen.
    PreparePicture(Image),
    /// Make a thumbnail of what a node gave on a port.
    PrepareThumbnail(Kept, PortId),
    /// Arrange, count or copy rows of a table that is shown.
    WorkOnTable(TableWork),
    /// Wrap or search a text that is shown.
    WorkOnText(TextWork),
    /// Show what a node gave in a window of its own.
    OpenWindow(WindowOf),
    /// Save a value to a file, under a name that is offered.
    SaveValue(Value, String),
    /// Search bytes.
    WorkOnBytes(BytesWork),
    /// Search a value.
    WorkOnTree(TreeWork),
    /// Read what is in a folder, for the file dialog.
    ListFolder(PathBuf),
    /// Read the runs of the workflow, to list them.
    LoadHistory,
    /// Show an earlier run in place of the workflow.
    OpenRun(RunId),
    /// Show what differs between two runs.
    CompareRuns(RunId, RunId),
    /// Back from an earlier run to the workflow as it is now.
    CloseRun,
    /// Pin nodes to what they gave in a run that is shown.
    PinFromRun(RunId, Vec<NodeId>),
    /// Resume from what a run had of each node from now on.
    ResumeFromRun(RunId),
    /// Change which runs stay in the history.
    HistoryRules,
    /// Find out what rules of the history would remove.
    PreviewSweep(KeepRules),
    /// Compare an output of the two runs that are shown.
    LoadDifference(NodeId, PortId),
    /// Pin the results that a released pin had, from now on for good.
    KeepReleased(NodeId),
    /// Go on with an earlier session.
    ContinueSession(SessionId),
    /// Leave the earlier session alone.
    StartFresh,
    /// Take a notice away.
    DismissNotice(usize),
    /// A person answered the dialog that is open.
    Answer(Answer),
    /// Show or hide what a run would do on the canvas.
    TogglePlan,
    /// Switch between light and dark.
    ToggleTheme,
    /// Open the search for a node to add, at the pointer.
    SearchNodes,
    /// Open another profile in a window of its own.
    OpenProfile(ProfileName),
    /// Take the tour, or go about in it.
    Tour(TourRequest),
    /// Open the guide at a page, or a heading of one, as links name them; where it was read last if that is empty.
    OpenGuide(String),
    /// Close the program, asking about unsaved work.
    Quit,
}

impl Command {
    /// Returns whether this is about the workflow as it is now, and makes no sense while an earlier run is shown.
    pub(crate) const fn is_of_now(&self) -> bool {
        matches!(
            self,
            Self::Edit(..)
                | Self::AddNode { .. }
                | Self::Mark(..)
                | Self::Pinned(..)
                | Self::TakeOverPins
                | Self::DeleteSelected
                | Self::DeleteAndHeal
                | Self::Cut
                | Self::Paste(..)
                | Self::AskForPaste
                | Self::AskForConnectedPaste
                | Self::Duplicate
                | Self::Undo
                | Self::Redo
                | Self::GoToStep(_)
                | Self::Run(_)
                | Self::DryRun(_)
                | Self::RunTo(..)
                | Self::RunOnly(..)
                | Self::RunFrom(..)
                | Self::Step
                | Self::ToggleBreakpoint(_)
                | Self::ChangeValue(..)
                | Self::Arrange(_)
                | Self::Wire(_)
                | Self::Frame(..)
                | Self::Look(LookRequest::Rename(_))
                | Self::Browse(..)
                | Self::UsePath(..)
                | Self::ClearPinnedData(_)
                | Self::KeepReleased(_)
                | Self::SearchNodes
        )
    }

    /// Returns whether a person asked for this; a viewer asks by itself for what it is to show.
    pub(crate) const fn acts(&self) -> bool {
        !matches!(
            self,
            Self::LoadResults(_)
                | Self::LoadValue(_)
                | Self::LoadIteration(..)
                | Self::WorkOnIterations(_)
                | Self::ReadSpans(_)
                | Self::LoadPinnedData(_)
                | Self::LoadTimes(_)
                | Self::LoadPinSizes
                | Self::LoadHistory
                | Self::LoadDifference(..)
                | Self::PreviewSweep(_)
                | Self::PreparePicture(_)
                | Self::PrepareThumbnail(..)
                | Self::WorkOnTable(_)
                | Self::WorkOnText(_)
                | Self::WorkOnTree(_)
                | Self::WorkOnBytes(_)
                | Self::ListFolder(_)
                | Self::LookForSecret(_)
        )
    }
}

/// What is asked of where nodes stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArrangeRequest {
    /// Move the selected nodes by a step of the grid.
    Nudge(Direction),
    /// Offer the ways to line the selected nodes up.
    OfferAlign,
    /// Bring the selected nodes onto one line.
    Align(Align),
    /// Make the gaps between the selected nodes equal.
    Spread(Axis),
    /// Lay out the selected nodes, or all if fewer than two are selected.
    Tidy,
    /// Put a frame round the selected nodes.
    Frame,
    /// Fold the selected nodes, or the chosen frame, into a group; unfold groups that are selected.
    Group,
    /// Type the note of the selected node.
    Comment,
    /// Show the titles and ports of the selected nodes only, or all of them again.
    Collapse,
}

/// What is asked of the tabs, each of which is named by its session.
#[derive(Clone, Debug)]
pub enum TabRequest {
    /// Bring it to the front.
    Show(SessionId),
    /// Go to the next one.
    Next,
    /// Go to the one before.
    Previous,
    /// Close it, asking about unsaved work and a run that goes on.
    Close(SessionId),
    /// The same of the one in front.
    CloseFront,
    /// Open the one again that was closed last.
    Reopen,
    /// Move it to a place, counted from the left.
    Put(SessionId, usize),
    /// Move the one in front to the left.
    PutLeft,
    /// Move the one in front to the right.
    PutRight,
    /// Drop the nodes that were dragged here from another one: their top left corner at a place, or in the middle.
    Drop(Option<Position>),
    /// Save what a command would end, then carry it out.
    SaveThen(Box<Command>),
    /// Open on start what was open at the end, or no longer.
    ToggleReopening,
}

/// What is asked of the tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TourRequest {
    /// Begin it, on a copy of its own.
    Start,
    /// Go back to the step before.
    Back,
    /// Go on without having done the step.
    Skip,
    /// Leave it.
    Leave,
}

/// What is asked of a wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireRequest {
    /// Take the wire away that ends at this input.
    Disconnect(PortRef),
    /// Lead the wire of this input through a point that can be moved.
    AddBend(PortRef),
    /// Take bends out of their wires.
    RemoveBends(Vec<Bend>),
    /// Take all bends out of the wire of this input.
    Straighten(PortRef),
}

/// What is asked of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameRequest {
    /// Take it away; what stands in it stays.
    Remove,
    /// Type its title.
    Rename,
    /// Draw it in this colour.
    Color(FrameColor),
    /// Select the nodes in it.
    SelectNodes,
    /// Show again what is folded in it.
    Unfold,
}

/// What is asked of the view of the canvas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookRequest {
    /// Bring all nodes into view.
    FitAll,
    /// Bring the selected nodes into view.
    FitSelected,
    /// Zoom to 100 %.
    ZoomReset,
    /// Begin to rename a node.
    Rename(NodeId),
    /// Select a node and bring it into view.
    Reveal(NodeId),
    /// Select a node and show a part of what there is to know about it.
    Show(NodeId, Section),
    /// Add to the selection all that feeds it.
    SelectUpstream,
    /// Add to the selection all that it feeds.
    SelectDownstream,
    /// Open the bar to find nodes with.
    Find,
    /// Show the map of the whole graph, or no longer.
    ToggleMinimap,
    /// Follow the node that executes with the view, or no longer.
    FollowRunning,
    /// Go to the nearest node in a direction, or with a wire in the hand to the nearest port that fits.
    Walk(Direction),
    /// Open the menu of what has the focus, or else of what is selected.
    Menu,
}

/// A part of what there is to know about a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What it gave, large.
    Results,
    /// What came of an iteration of its loop.
    Iterations,
    /// All iterations of its loop, in a table.
    AllIterations,
    /// How long it took.
    Timing,
    /// Why it ran, or will.
    Why,
}

/// What is asked about commands and their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysRequest {
    /// Find a command by a few letters.
    Palette,
    /// List all commands with their keys.
    Sheet,
    /// Give commands other keys.
    Edit,
}

/// A direction on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Up.
    Up,
    /// Down.
    Down,
}

/// What a run may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOption {
    /// Resume stops where the data turns out equal.
    StopAtEqualData,
    /// A standard run skips what only feeds pins.
    SkipWhatOnlyFeedsPins,
}

/// The end of a wire in the hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireEnd {
    /// An output, looking for an input.
    Output(PortRef),
    /// An input, looking for an output.
    Input(PortRef),
}

/// What a person asks of a node's mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkRequest {
    /// Pin its results: captured if there are any, else armed.
    Pin(PinPolicy),
    /// The pin icon was clicked: pin until something changes, or unpin.
    TogglePin,
    /// Take the pin away.
    Unpin,
    /// Keep a Follow pin's results that would be released, or are stale: from now on a Hold pin.
    Keep,
    /// Execute a pinned node once and pin it again.
    Refresh,
    /// Force it, or no longer.
    ToggleForce,
    /// Disable it, or enable it.
    ToggleDisable,
    /// Take away the pins of all nodes downstream.
    UnpinDownstream,
}

/// What a person asks of the pin of a node, or of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinRequest {
    /// Type in the values that the first holds.
    Edit,
    /// Compare what it holds with what the node gives now.
    Compare,
    /// Execute the nodes aside for that, with what they change outside.
    ExecuteAside,
    /// Pin what the node gave aside.
    TakeFresh,
    /// Put input nodes with the same values in the place of the first.
    Replace,
}

/// A tab of the bottom panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tab {
    /// The results of the selected node.
    #[default]
    Output,
    /// What the nodes of the run wrote.
    Log,
    /// What is wrong with the workflow.
    Problems,
    /// What the run did to the world outside, and what was held back.
    Effects,
    /// When each node of the run executed.
    Timeline,
    /// The iterations of the selected node's loop.
    Iterations,
    /// The marks of this session.
    Pins,
    /// Earlier runs.
    History,
}

impl Tab {
    /// All of them, as they stand unless a person moves them.
    pub(crate) const ALL: [Self; 8] = [
        Self::Output,
        Self::Iterations,
        Self::Log,
        Self::Problems,
        Self::Effects,
        Self::Timeline,
        Self::Pins,
        Self::History,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Output => "Output",
            Self::Log => "Log",
            Self::Problems => "Problems",
            Self::Effects => "Effects",
            Self::Timeline => "Timeline",
            Self::Iterations => "Iterations",
            Self::Pins => "Pins",
            Self::History => "History",
        }
    }
}

/// What a person answers to a dialog.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Save, then go on with what was asked.
    Save,
    /// Go on without saving.
    Discard,
    /// Do nothing.
    Cancel,
    /// Use this file.
    File(PathBuf),
    /// Keep runs by these rules.
    Rules(KeepRules),
    /// The command of this id was chosen; it follows.
    Command(&'static str),
    /// Open the store with this.
    Passphrase(Passphrase),
    /// Pin these values; ports that are not among them have none.
    PinValues(Vec<(PortId, Value)>),
    /// Take over the pins of this session.
    Session(SessionId),
}

/// What is asked of where the panels stand and of how large everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutRequest {
    /// Remember where the panels stand.
    Keep,
    /// Put all panels back to where they stood at first.
    Reset,
    /// Draw everything a step larger.
    Larger,
    /// Draw everything a step smaller.
    Smaller,
    /// Draw everything as large as the desktop asks for.
    NormalSize,
}

/// A panel that can be shown or hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Panel {
    /// The node library, left.
    Library,
    /// The inspector, right.
    Inspector,
    /// The bottom panel: output, log, problems, pins.
    Bottom,
}
