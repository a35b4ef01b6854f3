//! Why a node executes, and why it does not: as data, and in words.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::NameOf;
use crate::workflow::{NodeId, PortId, PortRef};

/// Why a node has no results in the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum NeverRan {
    /// It was not in the workflow, or no run was made.
    New,
    /// It was skipped then.
    Skipped,
    /// It was disabled then.
    Disabled,
    /// The run was cancelled before it finished.
    Cancelled,
    /// The program ended before it finished.
    Interrupted,
    /// The run was a dry run: its effect was held back, or that of a node it takes something from.
    HeldBack,
}

/// A parameter or setting that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChange {
    /// The parameter's label, or `kind` or `version`.
    pub what: String,
    /// The old value in one line.
    pub before: String,
    /// The new value in one line.
    pub after: String,
}

/// What happened to an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputChange {
    /// Something is connected where nothing was.
    Connected(PortId),
    /// Nothing is connected where something was.
    Disconnected(PortId),
    /// Another output is connected.
    Rewired {
        /// The input.
        port: PortId,
        /// The output before.
        before: PortRef,
        /// The output now.
        after: PortRef,
    },
    /// Another value arrives, or none where one did, or one where none did.
    OtherValue(PortId),
}

/// Why a node executes. A resumed run executes a node without a mark only for one of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// A standard run executes everything.
    StandardRun,
    /// The baseline has no results of it.
    NeverRan(NeverRan),
    /// Its parameters or settings differ.
    ConfigChanged(Vec<ConfigChange>),
    /// What reaches it differs.
    InputsChanged(Vec<InputChange>),
    /// It failed, with this error.
    FailedLastTime(String),
    /// It is marked so.
    Forced,
    /// Its results cannot be kept.
    NotCacheable,
    /// What it read from outside differs, in words.
    SourceChanged(Vec<String>),
    /// It was pinned and is not now.
    Unpinned,
    /// Its kept results cannot be read, and why.
    ResultsLost(String),
    /// These nodes it takes something from execute.
    UpstreamExecutes(Vec<NodeId>),
    /// Nodes above it executed, and the data that reaches it is the same all the same: it was reused.
    EqualInputs,
    /// A loop that was stopped midway goes on behind what has finished.
    LoopGoesOn {
        /// How many iterations have.
        n_finished: u64,
        /// Of how many, if that is known.
        total: Option<u64>,
    },
}

impl Reason {
    /// Returns the reason's name in the rules.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::StandardRun => "StandardRun",
            Self::NeverRan(_) => "NeverRan",
            Self::ConfigChanged(_) => "ConfigChanged",
            Self::InputsChanged(_) => "InputsChanged",
            Self::FailedLastTime(_) => "FailedLastTime",
            Self::Forced => "Forced",
            Self::NotCacheable => "NotCacheable",
            Self::SourceChanged(_) => "SourceChanged",
            Self::Unpinned => "Unpinned",
            Self::ResultsLost(_) => "ResultsLost",
            Self::UpstreamExecutes(_) => "UpstreamExecutes",
            Self::EqualInputs => "EqualInputs",
            Self::LoopGoesOn { .. } => "LoopGoesOn",
        }
    }
}

/// Returns texts with commas between.
fn joined<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for ConfigChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} changed {} → {}", self.what, self.before, self.after)
    }
}

impl fmt::Display for InputChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected(port) => write!(f, "{port} was connected"),
            Self::Disconnected(port) => write!(f, "{port} was disconnected"),
            Self::Rewired { port, before, after } => write!(f, "{port} was rewired {before} → {after}"),
            Self::OtherValue(port) => write!(f, "another value arrives on {port}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandardRun => f.write_str("a standard run executes everything"),
            Self::NeverRan(NeverRan::New) => f.write_str("it never ran"),
            Self::NeverRan(NeverRan::Skipped) => f.write_str("it was skipped last time"),
            Self::NeverRan(NeverRan::Disabled) => f.write_str("it was disabled last time"),
            Self::NeverRan(NeverRan::Cancelled) => f.write_str("it was cancelled last time"),
            Self::NeverRan(NeverRan::Interrupted) => f.write_str("it was interrupted last time"),
            Self::NeverRan(NeverRan::HeldBack) => f.write_str("it was held back in a dry run"),
            Self::ConfigChanged(changes) => f.write_str(&joined(changes)),
            Self::InputsChanged(changes) => f.write_str(&joined(changes)),
            Self::FailedLastTime(error) => write!(f, "it failed last time: {error}"),
            Self::Forced => f.write_str("it is forced"),
            Self::NotCacheable => f.write_str("its results cannot be kept"),
            Self::SourceChanged(changes) => f.write_str(&joined(changes)),
            Self::Unpinned => f.write_str("it was pinned and is not now"),
            Self::ResultsLost(why) => write!(f, "its kept results cannot be used: {why}"),
            Self::UpstreamExecutes(upstream) => write!(f, "upstream {} executes", joined(upstream)),
            Self::EqualInputs => f.write_str("the data that reaches it is the same"),
            Self::LoopGoesOn { n_finished, total: Some(total) } => {
                write!(f, "it goes on behind iteration {n_finished} of {total}")
            }
            Self::LoopGoesOn { n_finished, total: None } => write!(f, "it goes on behind iteration {n_finished}"),
        }
    }
}

/// Why nothing arrived on a required input. The node is boxed, as every record and every step of a plan has room for this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Missing {
    /// Nothing is connected.
    NotConnected,
    /// What feeds it is disabled.
    UpstreamDisabled(Box<NodeId>),
    /// What feeds it failed.
    UpstreamFailed(Box<NodeId>),
    /// What feeds it gave no value on that port.
    BranchNotTaken(Box<NodeId>),
    /// What feeds it did not run.
    UpstreamDidNotRun(Box<NodeId>),
    /// It comes from this node, however far up, whose effect is held back.
    UpstreamHeldBack(Box<NodeId>),
}

/// Why a node did not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotRun {
    /// A required input had no value.
    InputMissing {
        /// The input.
        port: PortId,
        /// Why.
        why: Missing,
    },
    /// The run was only of other nodes.
    NotNeeded,
    /// The run was stopped by the first error, in this node.
    StoppedByError(NodeId),
    /// All that takes something from it is pinned, and the run was to leave such nodes out.
    OnlyFeedsPins,
    /// It executes once an iteration of a loop that had none.
    NoIteration,
    /// The run is a dry run, and executing the node would change something outside.
    HeldBack,
}

impl NotRun {
    /// Returns whether it would have run if the run had not been a dry run.
    pub const fn is_held_back(&self) -> bool {
        matches!(self, Self::HeldBack | Self::InputMissing { why: Missing::UpstreamHeldBack(_), .. })
    }
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InputMissing { port, why: Missing::NotConnected } => write!(f, "the input {port} is not connected"),
            Self::InputMissing { port, why: Missing::UpstreamDisabled(node) } => {
                write!(f, "nothing on {port}: {node} is disabled")
            }
            Self::InputMissing { port, why: Missing::UpstreamFailed(node) } => {
                write!(f, "nothing on {port}: {node} failed")
            }
            Self::InputMissing { port, why: Missing::BranchNotTaken(node) } => {
                write!(f, "nothing on {port}: {node} gave no value there")
            }
            Self::InputMissing { port, why: Missing::UpstreamDidNotRun(node) } => {
                write!(f, "nothing on {port}: {node} did not run")
            }
            Self::InputMissing { port, why: Missing::UpstreamHeldBack(node) } => {
                write!(f, "nothing on {port}: it needs what {node} gives, whose effect is held back")
            }
            Self::HeldBack => f.write_str("dry run: its effect is held back"),
            Self::NotNeeded => f.write_str("not needed for what was asked"),
            Self::OnlyFeedsPins => f.write_str("all that takes something from it is pinned"),
            Self::NoIteration => f.write_str("its loop had no iteration"),
            Self::StoppedByError(node) => write!(f, "the run stopped when {node} failed"),
        }
    }
}
/// Why what a node gives and says stays in memory and is shown only when asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sensitive {
    /// Its settings say so.
    BySettings,
    /// Nodes of its kind give secrets.
    ByKind,
    /// It reads what this node gives, which is sensitive.
    Reads(NodeId),
}

impl Sensitive {
    /// Returns the reason for people, given what nodes are called.
    pub fn in_words(&self, name: &NameOf<'_>) -> String {
        match self {
            Self::BySettings => "sensitive: its settings say so".to_owned(),
            Self::ByKind => "sensitive: nodes of its kind give secrets".to_owned(),
            Self::Reads(node) => format!("sensitive because it reads {}", name(node)),
        }
    }
}
