//! A node as it was in a run, read from the run's workflow when somebody looks at it.

use std::{
    fmt,
    sync::{Arc, LazyLock, OnceLock},
};

use super::database::Reader;
use crate::workflow::{Node, NodeId, Position, Workflow};

/// A node as it was: at hand, or in the store until it is looked at.
///
/// A session's records are read all at once, and few of their nodes are ever compared or shown. Looking at one that lies in
/// the store reads the whole workflow of its run, once for all records of that run: not for the interface thread.
#[derive(Clone, Debug)]
pub enum PastNode {
    /// It is at hand.
    AtHand(Arc<Node>),
    /// It lies in the store, with the workflow of its run.
    Stored(Arc<PastWorkflow>),
}

/// The workflow of a run, read when first asked for.
pub struct PastWorkflow {
    /// Its number in the store.
    number: i64,
    reader: Reader,
    workflow: OnceLock<Option<Arc<Workflow>>>,
}

impl PastWorkflow {
    /// Returns the workflow of this number in a store.
    pub(super) const fn new(number: i64, reader: Reader) -> Self {
        Self { number, reader, workflow: OnceLock::new() }
    }

    /// Returns the workflow of this number, which is at hand.
    pub(super) fn at_hand(number: i64, reader: Reader, workflow: Arc<Workflow>) -> Self {
        Self { number, reader, workflow: OnceLock::from(Some(workflow)) }
    }

    fn node(&self, id: &NodeId) -> Option<&Arc<Node>> {
        let workflow = self.workflow.get_or_init(|| match self.reader.load_workflow(self.number) {
            Ok(workflow) => Some(workflow),
            Err(error) => {
                tracing::warn!("how nodes were in an earlier run cannot be read: {error}");
                None
            }
        });
        workflow.as_ref()?.node(id)
    }
}

impl PastNode {
    /// Returns the node, of which the id is given. One that can no longer be read is of the kind `unknown`, and so differs from
    /// every other.
    pub(super) fn node(&self, id: &NodeId) -> &Arc<Node> {
        match self {
            Self::AtHand(node) => node,
            Self::Stored(workflow) => {
                static UNKNOWN: LazyLock<Arc<Node>> =
                    LazyLock::new(|| Arc::new(Node::new("unknown", Position::default())));
                workflow.node(id).unwrap_or(&UNKNOWN)
            }
        }
    }
}

impl From<Arc<Node>> for PastNode {
    fn from(node: Arc<Node>) -> Self {
        Self::AtHand(node)
    }
}

impl fmt::Debug for PastWorkflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PastWorkflow({})", self.number)
    }
}
