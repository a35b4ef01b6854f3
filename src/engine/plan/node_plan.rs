//! What a run would do with a node, and why.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use super::{Decision, Release, Staleness};
use crate::{
    store::{Reason, Sensitive},
    value::Fingerprint,
    workflow::NodeId,
};

/// What a run would do with a node, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePlan {
    /// The node.
    pub node: NodeId,
    /// What the run would do.
    pub decision: Decision,
    /// Why it executes, if it does; for one that is left out below a Follow pin, why it would if the pin is released.
    pub reasons: Arc<[Reason]>,
    /// The fingerprint of kind, version and parameters.
    pub config: Fingerprint,
    /// The fingerprint of the config and of all that feeds it.
    pub recipe: Fingerprint,
    /// Executing it changes something outside.
    pub side_effect: bool,
    /// Its results cannot be kept.
    pub uncacheable: bool,
    /// What is to be said of few nodes, reached as if it stood here.
    pub notes: PlanNotes,
}

/// What is to be said of few nodes: most have none of it, and are smaller for that.
#[derive(Clone, Debug, Default)]
pub struct PlanNotes(Option<Box<PlanNotesData>>);

/// What is said of a node beside what is said of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanNotesData {
    /// Its Follow pin is let go, and why.
    pub released: Option<Release>,
    /// Its Hold pin is stale, and why.
    pub stale: Option<Staleness>,
    /// Nodes with a Follow pin above it: if one is released in the run, this node executes too.
    pub depends_on_releases_of: Vec<NodeId>,
    /// What else a person should know before the run.
    pub warnings: Vec<String>,
    /// What it gives and says stays in memory and is shown only when asked for, and why.
    pub sensitive: Option<Sensitive>,
}

impl PlanNotes {
    fn get(&self) -> &PlanNotesData {
        static NONE: PlanNotesData = PlanNotesData {
            released: None,
            stale: None,
            depends_on_releases_of: Vec::new(),
            warnings: Vec::new(),
            sensitive: None,
        };
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl PartialEq for PlanNotes {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for PlanNotes {}

impl Deref for NodePlan {
    type Target = PlanNotesData;

    fn deref(&self) -> &PlanNotesData {
        self.notes.get()
    }
}

impl DerefMut for NodePlan {
    fn deref_mut(&mut self) -> &mut PlanNotesData {
        self.notes.0.get_or_insert_default()
    }
}
