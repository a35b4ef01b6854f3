//! A node as it was in a run, read from the run's workflow when somebody looks at it.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use super::database::Reader;
use crate::workflow::{Node, NodeId, Position, Workflow};

/// A node as it was: at hand, or in the store until it is looked at.
///
/// A session's records are read all at once, and few of their nodes are ever compared or shown. Looking at one that lies in
/// the store reads the whole workflow of its run, once for all records of that run: not for the interface thread.
#[derive(Clone)]
pub struct PastNode {
    node: OnceLock<Arc<Node>>,
    kept: Option<(NodeId, Arc<PastWorkflow>)>,
}

/// The workflow of a run, read when first asked for.
pub(super) struct PastWorkflow {
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
    /// Returns a node of a run's workflow.
    pub(super) const fn stored(id: NodeId, workflow: Arc<PastWorkflow>) -> Self {
        Self { node: OnceLock::new(), kept: Some((id, workflow)) }
    }

    fn read(&self) -> Arc<Node> {
        let kept = self.kept.as_ref().and_then(|(id, workflow)| workflow.node(id));
        kept.map_or_else(|| Arc::new(Node::new("unknown", Position::default())), Arc::clone)
    }
}

impl From<Arc<Node>> for PastNode {
    fn from(node: Arc<Node>) -> Self {
        Self { node: OnceLock::from(node), kept: None }
    }
}

/// The node. One that can no longer be read is of the kind `unknown`, and so differs from every other.
impl Deref for PastNode {
    type Target = Arc<Node>;

    fn deref(&self) -> &Arc<Node> {
        self.node.get_or_init(|| self.read())
    }
}

impl PartialEq for PastNode {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for PastNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
