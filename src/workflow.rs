//! The saved document: nodes, connections, frames and settings; edits and their inverses; the file.
//!
//! The document changes only through [`Workflow::apply`]. It never holds marks, results or secrets, and it knows a
//! node's kind only as an id, so a file with an unknown kind still opens.

mod edit;
mod file;
mod graph;
mod ids;
mod order;
mod problem;
mod retention;
mod rows;
mod settings;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use imbl::{OrdMap, ordmap::DiffItem};
use serde::{Deserialize, Serialize};

use self::order::KnownOrder;
pub use self::{
    edit::{Edit, EditError},
    file::{FileError, MAX_FILE_BYTES, load, parse, save, to_text, write_atomically, write_atomically_by},
    graph::{Feed, Graph, Wire},
    ids::{FrameId, IdError, KindId, NodeId, ParameterId, PortId, WorkflowId},
    problem::{Location, Problem, ProblemKind, Severity},
    retention::Retention,
    rows::Rows,
    settings::{ERROR_PORT, MAX_RETRIES, NodeSettings, Sensitivity, Span, SpanError, WorkflowSettings},
};
use crate::value::Value;

/// Parameters set on a node; what is not set has its kind's default.
pub type Parameters = BTreeMap<ParameterId, Value>;

/// A place on the canvas, in scene units (points at 100 % zoom), y downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position(pub f32, pub f32);

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// What the node does.
    pub kind: KindId,
    /// What people call it; empty means the kind's title.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The top left corner on the canvas.
    #[serde(default)]
    pub position: Position,
    /// The parameters that differ from the kind's defaults, or were set by hand.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "file::unique_map")]
    pub parameters: Parameters,
    /// What the engine does around the node.
    #[serde(default, skip_serializing_if = "NodeSettings::is_default")]
    pub settings: NodeSettings,
    /// A note for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Whether the canvas shows its title and ports only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub collapsed: bool,
}

impl Node {
    /// Returns a node of a kind at a place, all parameters at their defaults.
    pub fn new(kind: impl Into<KindId>, position: Position) -> Self {
        Self {
            kind: kind.into(),
            title: String::new(),
            position,
            parameters: Parameters::new(),
            settings: NodeSettings::default(),
            comment: String::new(),
            collapsed: false,
        }
    }

    /// Returns the node with a parameter set.
    #[must_use]
    pub fn with(mut self, parameter: impl Into<ParameterId>, value: impl Into<Value>) -> Self {
        self.parameters.insert(parameter.into(), value.into());
        self
    }
}

/// A titled box behind nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// What the frame says.
    pub title: String,
    /// The top left corner on the canvas.
    pub position: Position,
    /// Width and height in scene units.
    pub size: (f32, f32),
    /// What it is drawn in.
    #[serde(default, skip_serializing_if = "FrameColor::is_default")]
    pub color: FrameColor,
    /// What is folded in it, if it is shown as one block: a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folded: Option<Fold>,
}

/// What is folded in a frame, by name: ids of what is not there any more count for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fold {
    /// The nodes.
    pub nodes: BTreeSet<NodeId>,
    /// The frames round some of them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub frames: BTreeSet<FrameId>,
}

/// The colour of a frame, by name: each theme has its own shade of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrameColor {
    #[default]
    Grey,
    Blue,
    Green,
    Amber,
    Red,
    Violet,
}

impl FrameColor {
    /// All colours, in the order in which they are offered.
    pub const ALL: [Self; 6] = [Self::Grey, Self::Blue, Self::Green, Self::Amber, Self::Red, Self::Violet];

    /// Returns the colour's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grey => "Grey",
            Self::Blue => "Blue",
            Self::Green => "Green",
            Self::Amber => "Amber",
            Self::Red => "Red",
            Self::Violet => "Violet",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// One end of a connection: a port of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortRef {
    /// The node.
    pub node: NodeId,
    /// Its input or output port.
    pub port: PortId,
}

impl PortRef {
    /// Returns the end at a port of a node.
    pub fn new(node: impl Into<NodeId>, port: impl Into<PortId>) -> Self {
        Self { node: node.into(), port: port.into() }
    }
}

impl std::fmt::Display for PortRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.node, self.port)
    }
}

/// An output wired to an input.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Connection {
    /// The output.
    pub from: PortRef,
    /// The input.
    pub to: PortRef,
}

/// All that a document holds, for whoever keeps it in another form than the file's.
#[derive(Clone, Debug)]
pub struct WorkflowParts {
    /// The workflow's id.
    pub id: WorkflowId,
    /// Its name.
    pub name: String,
    /// The number the next new node gets.
    pub next_number: u64,
    /// Its settings.
    pub settings: WorkflowSettings,
    /// Its nodes.
    pub nodes: Vec<(NodeId, Arc<Node>)>,
    /// Its connections.
    pub connections: Vec<Connection>,
    /// Its frames.
    pub frames: Vec<(FrameId, Frame)>,
    /// The points that wires are led through, by input.
    pub ways: Vec<(PortRef, Vec<Position>)>,
}

/// What differs between two states of a document, each sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Nodes that are there in both and differ.
    pub nodes: Vec<NodeId>,
    /// Nodes that came.
    pub added: Vec<NodeId>,
    /// Nodes that went.
    pub removed: Vec<NodeId>,
    /// Inputs whose wires came, went or come from another output.
    pub inputs: Vec<PortRef>,
}

impl Changes {
    /// Returns how many there are.
    pub const fn len(&self) -> usize {
        self.nodes.len() + self.added.len() + self.removed.len() + self.inputs.len()
    }

    /// Returns whether nothing differs.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether nodes alone differ, and none came or went.
    pub const fn is_of_nodes_only(&self) -> bool {
        self.len() == self.nodes.len()
    }
}

/// The document.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    id: WorkflowId,
    name: String,
    /// Persistent, as are the connections: a run's snapshot costs nothing, and what differs from it is found fast.
    nodes: OrdMap<NodeId, Arc<Node>>,
    /// By input, so that an input has one wire at most.
    connections: OrdMap<PortRef, PortRef>,
    frames: BTreeMap<FrameId, Frame>,
    /// The points that wires are led through on the canvas, by input. Invariant: none is empty, and each input has a wire.
    ways: BTreeMap<PortRef, Vec<Position>>,
    settings: WorkflowSettings,
    /// Invariant: above the number at the end of any node's or frame's id there ever was. Never counts down.
    next_number: u64,
    /// An order of work.
    order: KnownOrder,
}

impl Workflow {
    /// Returns an empty workflow with a new id.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            id: WorkflowId::generate(),
            name: name.into(),
            nodes: OrdMap::new(),
            connections: OrdMap::new(),
            frames: BTreeMap::new(),
            ways: BTreeMap::new(),
            settings: WorkflowSettings::default(),
            next_number: 1,
            order: KnownOrder::default(),
        }
    }

    /// Returns the document that holds these parts, as they were taken from one.
    pub fn from_parts(parts: WorkflowParts) -> Self {
        let mut workflow = Self {
            id: parts.id,
            name: parts.name,
            nodes: parts.nodes.into_iter().collect(),
            connections: parts.connections.into_iter().map(|connection| (connection.to, connection.from)).collect(),
            frames: parts.frames.into_iter().collect(),
            ways: parts.ways.into_iter().collect(),
            settings: parts.settings,
            next_number: parts.next_number,
            order: KnownOrder::default(),
        };
        workflow.drop_loose_ways();
        workflow
    }

    /// Returns the number the next new node gets.
    pub const fn next_number(&self) -> u64 {
        self.next_number
    }

    /// Returns the id, which stays when the file is renamed.
    pub const fn id(&self) -> WorkflowId {
        self.id
    }

    /// Returns a copy with a new id: another workflow that starts from this one.
    #[must_use]
    pub fn with_new_id(mut self) -> Self {
        self.id = WorkflowId::generate();
        self
    }

    /// Returns the same document under another id, such as that of a copy that was saved of it.
    #[must_use]
    pub const fn with_id(mut self, id: WorkflowId) -> Self {
        self.id = id;
        self
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the workflow's settings.
    pub const fn settings(&self) -> &WorkflowSettings {
        &self.settings
    }

    /// Returns the nodes, sorted by id.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (&NodeId, &Arc<Node>)> {
        self.nodes.iter()
    }

    /// Returns the number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Returns a node.
    pub fn node(&self, id: &NodeId) -> Option<&Arc<Node>> {
        self.nodes.get(id)
    }

    /// Returns the connections, sorted by input, as `(input, output)`.
    pub fn connections(&self) -> impl ExactSizeIterator<Item = (&PortRef, &PortRef)> {
        self.connections.iter()
    }

    /// Returns the output wired to an input.
    pub fn feed(&self, input: &PortRef) -> Option<&PortRef> {
        self.connections.get(input)
    }

    /// Returns the wired inputs of a node with the outputs that feed them, sorted by port.
    pub fn feeds_of<'a>(&'a self, node: &'a NodeId) -> impl Iterator<Item = (&'a PortId, &'a PortRef)> {
        let first = PortRef { node: node.clone(), port: PortId::lowest() };
        self.connections
            .range(first..)
            .take_while(move |(input, _)| input.node == *node)
            .map(|(input, output)| (&input.port, output))
    }

    /// Returns the frames, sorted by id.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = (&FrameId, &Frame)> {
        self.frames.iter()
    }

    /// Returns a frame.
    pub fn frame(&self, id: &FrameId) -> Option<&Frame> {
        self.frames.get(id)
    }

    /// Returns the points that the wire of an input is led through on the canvas, from its output on.
    pub fn way(&self, input: &PortRef) -> &[Position] {
        self.ways.get(input).map_or(&[], Vec::as_slice)
    }

    /// Returns the inputs whose wires are led through points, with these.
    pub fn ways(&self) -> impl ExactSizeIterator<Item = (&PortRef, &[Position])> {
        self.ways.iter().map(|(input, way)| (input, way.as_slice()))
    }

    /// Returns the inputs whose wires are led otherwise than in an earlier state of this document.
    pub fn ways_changed_since(&self, before: &Self) -> Vec<PortRef> {
        let changed = self.ways().filter(|(input, way)| before.way(input) != *way);
        let gone = before.ways().filter(|(input, _)| !self.ways.contains_key(*input));
        changed.chain(gone).map(|(input, _)| input.clone()).collect()
    }

    /// Forgets the ways of wires that are not there, such as a file edited by hand may have.
    fn drop_loose_ways(&mut self) {
        let connections = &self.connections;
        self.ways.retain(|input, way| !way.is_empty() && connections.contains_key(input));
    }

    /// Returns an id for a new node: the kind's id and a number no node of this workflow ever had.
    pub fn fresh_node_id(&self, kind: &KindId) -> NodeId {
        NodeId::numbered(kind.as_str(), self.next_number)
    }

    /// Returns `n` ids for new nodes of these kinds, all different.
    pub fn fresh_node_ids<'a>(&self, kinds: impl IntoIterator<Item = &'a KindId>) -> Vec<NodeId> {
        (self.next_number..).zip(kinds).map(|(number, kind)| NodeId::numbered(kind.as_str(), number)).collect()
    }

    /// Returns an id for a new frame.
    pub fn fresh_frame_id(&self) -> FrameId {
        FrameId::numbered("frame", self.next_number)
    }

    /// Returns `n` ids for new frames that come together with so many new nodes, all different.
    pub fn fresh_frame_ids(&self, n: usize, n_nodes: usize) -> Vec<FrameId> {
        (self.next_number + n_nodes as u64..).take(n).map(|number| FrameId::numbered("frame", number)).collect()
    }

    /// Returns what of nodes and connections differs from an earlier state of this document, in the time of the differences.
    pub fn changes_since(&self, before: &Self) -> Changes {
        let mut changes = Changes::default();
        if !self.nodes.ptr_eq(&before.nodes) {
            for item in before.nodes.diff(&self.nodes) {
                match item {
                    DiffItem::Update { new, .. } => changes.nodes.push(new.0.clone()),
                    DiffItem::Add(node, _) => changes.added.push(node.clone()),
                    DiffItem::Remove(node, _) => changes.removed.push(node.clone()),
                }
            }
        }
        if !self.connections.ptr_eq(&before.connections) {
            changes.inputs.extend(before.connections.diff(&self.connections).map(|item| match item {
                DiffItem::Update { new, .. } => new.0.clone(),
                DiffItem::Add(input, _) | DiffItem::Remove(input, _) => input.clone(),
            }));
        }
        changes
    }

    /// Returns whether both hold the same document, apart from the counter that keeps ids from being used again.
    pub fn same_content(&self, other: &Self) -> bool {
        self.id == other.id
            && self.name == other.name
            && self.nodes.len() == other.nodes.len()
            && self
                .nodes
                .iter()
                .zip(&other.nodes)
                .all(|(ours, theirs)| ours.0 == theirs.0 && (Arc::ptr_eq(ours.1, theirs.1) || ours.1 == theirs.1))
            && same_map(&self.connections, &other.connections)
            && self.frames == other.frames
            && self.ways == other.ways
            && self.settings == other.settings
    }
}

/// Returns whether two states of a map are equal, at once if they share everything.
fn same_map<K: Ord + Clone, V: PartialEq + Clone>(ours: &OrdMap<K, V>, theirs: &OrdMap<K, V>) -> bool {
    ours.ptr_eq(theirs) || ours.diff(theirs).next().is_none()
}
