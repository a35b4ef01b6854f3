//! The format of scenario files.

use std::collections::BTreeMap;

use pinflow::{
    store::{PinPolicy, RunKind, RunStatus},
    value::Value,
    workflow::{Connection, Node, NodeId, NodeSettings, ParameterId, PortRef, WorkflowSettings},
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub about: String,
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    #[serde(default)]
    pub settings: WorkflowSettings,
    pub nodes: BTreeMap<NodeId, Node>,
    #[serde(default)]
    pub connections: Vec<Connection>,
    pub steps: Vec<Step>,
}

#[derive(Deserialize)]
pub enum Step {
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
    Restart,
    Plan(Expectations),
    Run(Expectations),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectations {
    pub kind: RunKind,
    #[serde(default)]
    pub to: Vec<NodeId>,
    #[serde(default)]
    pub cancel_when_started: Option<NodeId>,
    pub expect: BTreeMap<NodeId, Expected>,
    #[serde(default)]
    pub status: Option<RunStatus>,
    #[serde(default)]
    pub outputs: BTreeMap<PortRef, Output>,
    #[serde(default)]
    pub details: BTreeMap<NodeId, String>,
    #[serde(default)]
    pub warnings: BTreeMap<NodeId, String>,
    #[serde(default)]
    pub released: Vec<NodeId>,
    #[serde(default)]
    pub stale: Vec<NodeId>,
    #[serde(default)]
    pub armed: Vec<NodeId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub enum Expected {
    Executed(Vec<ReasonName>),
    Failed(Vec<ReasonName>),
    Cancelled,
    Reused,
    Pinned(PinPolicy),
    Disabled,
    NotRun(Why),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum ReasonName {
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Why {
    NotConnected,
    UpstreamDisabled,
    UpstreamFailed,
    BranchNotTaken,
    UpstreamDidNotRun,
    NotNeeded,
    StoppedByError,
}

#[derive(Clone, Debug, Deserialize)]
pub enum Output {
    Is(Value),
    Preview(String),
    NoValue,
}
