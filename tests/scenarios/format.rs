//! The format of scenario files.

use std::collections::BTreeMap;

use pinflow::{
    store::{Effect, PinPolicy, RunKind, RunStatus},
    value::Value,
    workflow::{Connection, Node, NodeId, NodeSettings, ParameterId, PortRef, Span, WorkflowSettings},
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) about: String,
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) settings: WorkflowSettings,
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    #[serde(default)]
    pub(crate) connections: Vec<Connection>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Deserialize)]
pub(crate) enum Step {
    AddNode(NodeId, Box<Node>),
    RemoveNode(NodeId),
    Connect(Connection),
    Disconnect(PortRef),
    SetParameter(NodeId, ParameterId, Value),
    ResetParameter(NodeId, ParameterId),
    SetTitle(NodeId, String),
    SetComment(NodeId, String),
    Move(NodeId, f32, f32),
    SetSettings(NodeId, NodeSettings),
    Undo,
    Pin(NodeId),
    PinFollow(NodeId),
    Unpin(NodeId),
    Force(NodeId),
    Disable(NodeId),
    ClearMark(NodeId),
    WriteFile(String, String),
    RemoveFile(String),
    LoseResults(NodeId),
    AgeKept(Span),
    AgePinnedData(Span),
    ClearPinnedData(NodeId),
    SetWorkflowSettings(WorkflowSettings),
    Restart,
    Plan(Expectations),
    Run(Expectations),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectations {
    pub(crate) kind: RunKind,
    #[serde(default)]
    pub(crate) to: Vec<NodeId>,
    #[serde(default)]
    pub(crate) only: Vec<NodeId>,
    #[serde(default)]
    pub(crate) from: Vec<NodeId>,
    #[serde(default)]
    pub(crate) stop_at_equal_data: bool,
    #[serde(default)]
    pub(crate) skip_what_only_feeds_pins: bool,
    #[serde(default)]
    pub(crate) dry_run: bool,
    #[serde(default)]
    pub(crate) cancel_when_started: Option<NodeId>,
    pub(crate) expect: BTreeMap<NodeId, Expected>,
    #[serde(default)]
    pub(crate) status: Option<RunStatus>,
    #[serde(default)]
    pub(crate) outputs: BTreeMap<PortRef, Output>,
    #[serde(default)]
    pub(crate) details: BTreeMap<NodeId, String>,
    #[serde(default)]
    pub(crate) warnings: BTreeMap<NodeId, String>,
    #[serde(default)]
    pub(crate) errors: BTreeMap<NodeId, String>,
    #[serde(default)]
    pub(crate) attempts: BTreeMap<NodeId, usize>,
    #[serde(default)]
    pub(crate) iterations: BTreeMap<NodeId, usize>,
    #[serde(default)]
    pub(crate) pinned_data: BTreeMap<NodeId, Output>,
    #[serde(default)]
    pub(crate) stored: Option<Vec<NodeId>>,
    #[serde(default)]
    pub(crate) effects: BTreeMap<NodeId, Effect>,
    #[serde(default)]
    pub(crate) released: Vec<NodeId>,
    #[serde(default)]
    pub(crate) stale: Vec<NodeId>,
    #[serde(default)]
    pub(crate) armed: Vec<NodeId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Expected {
    Executed(Vec<ReasonName>),
    Failed(Vec<ReasonName>),
    Cancelled,
    Reused,
    Kept,
    Pinned(PinPolicy),
    Disabled,
    NotRun(Why),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) enum ReasonName {
    StandardRun,
    NeverRan,
    ConfigChanged,
    InputsChanged,
    FailedLastTime,
    Forced,
    NotCacheable,
    SourceChanged,
    Unpinned,
    ResultsLost,
    UpstreamExecutes,
    EqualInputs,
    LoopGoesOn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Why {
    NotConnected,
    UpstreamDisabled,
    UpstreamFailed,
    BranchNotTaken,
    UpstreamDidNotRun,
    UpstreamHeldBack,
    HeldBack,
    NotNeeded,
    OnlyFeedsPins,
    StoppedByError,
    NoIteration,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) enum Output {
    Is(Value),
    Preview(String),
    NoValue,
}
