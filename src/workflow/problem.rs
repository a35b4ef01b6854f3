//! What is wrong with a workflow: shown beside the node or port, never in the way of opening it.

use std::fmt;

use super::{Connection, NodeId, ParameterId, PortId};

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The node runs all the same.
    Warning,
    /// The node cannot run.
    Error,
}

/// Where a problem lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// The workflow as a whole.
    Workflow,
    /// A node.
    Node(NodeId),
    /// An input of a node.
    Input(NodeId, PortId),
    /// A parameter of a node.
    Parameter(NodeId, ParameterId),
    /// The settings of a node.
    Settings(NodeId),
    /// A connection.
    Connection(Connection),
}

impl Location {
    /// Returns the node to show for this problem.
    pub const fn node(&self) -> Option<&NodeId> {
        match self {
            Self::Workflow => None,
            Self::Node(node) | Self::Input(node, _) | Self::Parameter(node, _) | Self::Settings(node) => Some(node),
            Self::Connection(connection) => Some(&connection.to.node),
        }
    }
}

/// What sort of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The program does not know this kind of node.
    UnknownKind,
    /// A connection names a node that does not exist.
    MissingNode,
    /// A connection names a port that the node does not have.
    MissingPort,
    /// The output's type does not fit the input.
    WrongType,
    /// The node feeds itself.
    Cycle,
    /// The node keeps a loop from running.
    Loop,
    /// A required input is not connected.
    NotConnected,
    /// A parameter the kind does not have.
    UnknownParameter,
    /// A parameter of the wrong type, out of range, or missing.
    BadParameter,
    /// A file to read is not there.
    MissingFile,
    /// A program or folder that is needed is not there.
    MissingPlace,
    /// A file, folder or program is there and may not be used.
    NoPermission,
    /// A secret is not there.
    MissingSecret,
    /// A setting out of range, or one whose meaning for this node is easily overlooked.
    Setting,
}

/// Something wrong with the workflow, tied to its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Problem {
    /// Whether the node can run.
    pub severity: Severity,
    /// What sort of problem it is.
    pub kind: ProblemKind,
    /// Where it lies.
    pub location: Location,
    /// What is wrong and what to do, for a person.
    pub message: String,
}

impl Problem {
    /// Returns a problem that keeps a node from running.
    pub fn error(kind: ProblemKind, location: Location, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, kind, location, message: message.into() }
    }

    /// Returns a problem that a node runs in spite of.
    pub fn warning(kind: ProblemKind, location: Location, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, kind, location, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location.node() {
            Some(node) => write!(f, "{node}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}
