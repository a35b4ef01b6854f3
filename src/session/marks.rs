//! Marks: what the user asks of nodes in this session.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet, ordmap::DiffItem};
use jiff::Timestamp;
use smallvec::SmallVec;

use crate::{
    nodes::{Outputs, Source},
    store::{Arrived, InputRecord, Kept, NodeRecord, PinPolicy, Provenance, RunId, Status},
    value::{Fingerprint, FingerprintBuilder},
    workflow::{Node, NodeId, PortId, PortRef},
};

/// What the user asks of a node in this session.
#[derive(Clone, Debug, Default)]
pub enum Mark {
    /// Nothing in particular.
    #[default]
    Default,
    /// Never execute, give nothing.
    Disabled,
    /// Never execute, give the kept results.
    Pinned(Pin),
    /// Always execute.
    Forced,
}

/// Kept results and how long they hold.
#[derive(Clone, Debug)]
pub struct Pin {
    /// When to let go.
    pub policy: PinPolicy,
    /// Whether there are results yet.
    pub state: PinState,
}

/// Whether a pin has results.
#[derive(Clone, Debug)]
pub enum PinState {
    /// Not yet: the node executes in the next run and is pinned to what it gives.
    Armed,
    /// The results.
    Captured(Arc<Capture>),
}

/// Results as they were when pinned, and what they came from.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The results: all ports, also those without a value.
    pub results: Kept,
    /// The run they were taken from.
    pub captured_in: Option<RunId>,
    /// When they were computed or typed in.
    pub captured_at: Timestamp,
    /// The node as it was.
    pub as_it_was: Arc<Node>,
    /// Its config then.
    pub config: Fingerprint,
    /// Its recipe then.
    pub recipe: Fingerprint,
    /// What reached its inputs then.
    pub inputs: SmallVec<[InputRecord; 2]>,
    /// What the node had read from outside.
    pub sources: Vec<Source>,
    /// Whether a person changed the results.
    pub edited: bool,
}

impl Capture {
    /// Returns the results of a record, if it has any.
    pub fn of(record: &NodeRecord) -> Option<Self> {
        let results = record.results.clone().filter(|_| record.has_results())?;
        let (edited, captured_in) = match &record.status {
            Status::Pinned { edited, captured_in, .. } => (*edited, *captured_in),
            Status::Reused { from: Provenance::Run(run) } | Status::Kept { from: run, .. } => (false, Some(*run)),
            Status::Executed => (false, Some(record.run)),
            _ => (false, results.provenance().run()),
        };
        Some(Self {
            results,
            captured_in,
            captured_at: record.started.unwrap_or_else(Timestamp::now),
            as_it_was: Arc::clone(record.as_it_was()),
            config: record.config,
            recipe: record.recipe,
            inputs: record.inputs.clone(),
            sources: record.sources.clone(),
            edited,
        })
    }

    /// Returns values typed in by hand for a node as it stands: its config and recipe, and the wires of its inputs, sorted by
    /// port. Nothing is known of what reaches these.
    pub fn typed_in(
        as_it_was: Arc<Node>,
        (config, recipe): (Fingerprint, Fingerprint),
        wires: impl IntoIterator<Item = (PortId, PortRef)>,
        outputs: Arc<Outputs>,
    ) -> Self {
        let inputs = wires.into_iter().map(|(port, from)| InputRecord::new(port, from, Arrived::NoValue)).collect();
        Self {
            results: edited_results(outputs),
            captured_in: None,
            captured_at: Timestamp::now(),
            as_it_was,
            config,
            recipe,
            inputs,
            sources: Vec::new(),
            edited: true,
        }
    }

    /// Returns the same with other values, typed in by hand.
    #[must_use]
    pub fn edited(self, outputs: Arc<Outputs>) -> Self {
        Self { results: edited_results(outputs), captured_at: Timestamp::now(), edited: true, ..self }
    }

    /// Returns what the pin adds to the recipes of nodes below: that of its results, or, if they were typed in, their data.
    pub fn recipe_given(&self) -> Fingerprint {
        if !self.edited {
            return self.recipe;
        }
        let mut builder = FingerprintBuilder::new("edited results");
        for port in self.results.ports() {
            builder.text(port.port.as_str()).fingerprint(&port.fingerprint);
        }
        builder.finish()
    }
}

/// Returns results that a person typed in.
fn edited_results(outputs: Arc<Outputs>) -> Kept {
    let mut builder = FingerprintBuilder::new("typed in");
    for ((port, _), fingerprint) in outputs.iter().zip(outputs.fingerprints()) {
        builder.text(port.as_str()).fingerprint(fingerprint);
    }
    Kept::in_memory(outputs, Provenance::Edited(builder.finish()))
}

impl Mark {
    /// Returns a pin that waits for the next run.
    pub const fn armed(policy: PinPolicy) -> Self {
        Self::Pinned(Pin { policy, state: PinState::Armed })
    }

    /// Returns a pin with results.
    pub fn captured(policy: PinPolicy, capture: Capture) -> Self {
        Self::Pinned(Pin { policy, state: PinState::Captured(Arc::new(capture)) })
    }

    /// Returns whether what a node gives depends on what feeds it: not of one that is disabled or held by a pin.
    pub(crate) fn lets_its_inputs_count(&self) -> bool {
        let is_held = self.as_pin().is_some_and(|pin| pin.policy == PinPolicy::Hold) && self.capture().is_some();
        !is_held && !matches!(self, Self::Disabled)
    }

    /// Returns a pin on the results at hand: captured if the record has any, else armed.
    pub fn pin(policy: PinPolicy, record: Option<&NodeRecord>) -> Self {
        record.and_then(Capture::of).map_or_else(|| Self::armed(policy), |capture| Self::captured(policy, capture))
    }

    /// Returns the pin's results, if it has any.
    pub const fn capture(&self) -> Option<&Arc<Capture>> {
        match self {
            Self::Pinned(Pin { state: PinState::Captured(capture), .. }) => Some(capture),
            _ => None,
        }
    }

    /// Returns the pin.
    pub const fn as_pin(&self) -> Option<&Pin> {
        match self {
            Self::Pinned(pin) => Some(pin),
            _ => None,
        }
    }

    /// Returns whether this is no mark.
    pub const fn is_default(&self) -> bool {
        matches!(self, Self::Default)
    }
}

/// The marks of a session, by node. Marks of nodes that were removed stay, so that undo brings them back. Cloned in constant
/// time.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    marks: OrdMap<NodeId, Entry>,
    /// Marks of a kind of their own, which a node may have besides another.
    pub(super) breakpoints: OrdSet<NodeId>,
}

/// A mark; equal only to itself.
#[derive(Clone, Debug)]
struct Entry(Arc<Mark>);

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A change of marks: sets each node's mark, all at once.
#[derive(Clone, Debug)]
pub struct MarkEdit(pub Vec<(NodeId, Mark)>);

impl Marks {
    /// Returns a node's mark.
    pub fn get(&self, node: &NodeId) -> &Mark {
        self.marks.get(node).map_or(&Mark::Default, |entry| &entry.0)
    }

    /// Sets a node's mark; returns the one before.
    pub fn set(&mut self, node: NodeId, mark: Mark) -> Mark {
        let before =
            if mark.is_default() { self.marks.remove(&node) } else { self.marks.insert(node, Entry(Arc::new(mark))) };
        before.map(|entry| Arc::unwrap_or_clone(entry.0)).unwrap_or_default()
    }

    /// Applies a change and returns its inverse.
    pub fn apply(&mut self, edit: MarkEdit) -> MarkEdit {
        let mut inverse: Vec<_> = edit.0.into_iter().map(|(node, mark)| (node.clone(), self.set(node, mark))).collect();
        inverse.reverse();
        MarkEdit(inverse)
    }

    /// Returns all marks that are not the default, sorted by node.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&NodeId, &Mark)> {
        self.marks.iter().map(|(node, entry)| (node, &*entry.0))
    }

    /// Returns the nodes whose marks differ from those of an earlier state.
    pub fn changed_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a NodeId> {
        before.marks.diff(&self.marks).map(|item| match item {
            DiffItem::Add(node, _) | DiffItem::Remove(node, _) => node,
            DiffItem::Update { new, .. } => new.0,
        })
    }

    /// Returns whether both are the same marks, without looking into them. Breakpoints do not count: no plan depends on them.
    pub fn is_same(&self, other: &Self) -> bool {
        self.marks.ptr_eq(&other.marks)
    }

    /// Returns whether no node has a mark or a breakpoint.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty() && self.breakpoints.is_empty()
    }
}
