//! The document laid out: made anew only when the document changes, and then only what has changed.

use std::sync::Arc;

use egui::{Pos2, Rect, pos2};

use super::{
    geometry::{Curve, NodeLayout, Wired},
    grid::SpatialGrid,
};
use crate::{
    editor::View,
    value::ValueType,
    workflow::{NodeId, PortRef, Position, WorkflowId},
};

/// Nodes farther from the middle than this are shown at this distance.
const FARTHEST: f32 = 1e7;

/// A node in its place.
#[derive(Clone, Debug)]
pub(super) struct PlacedNode {
    /// The node.
    pub(super) id: NodeId,
    /// Its top left corner.
    pub(super) position: Pos2,
    /// What it shows.
    pub(super) layout: Arc<NodeLayout>,
}

impl PlacedNode {
    /// Returns where it is.
    pub(super) fn rect(&self) -> Rect {
        self.layout.rect(self.position)
    }
}

/// A wire between two nodes.
#[derive(Clone, Debug)]
pub(super) struct PlacedWire {
    /// The input it ends at.
    pub(super) to: PortRef,
    /// The output it starts from.
    pub(super) from: PortRef,
    /// The index of the node it starts from.
    pub(super) from_node: usize,
    /// The index of the node it ends at.
    pub(super) to_node: usize,
    /// The output, from its node's top left corner.
    pub(super) from_offset: egui::Vec2,
    /// The input, from its node's top left corner.
    pub(super) to_offset: egui::Vec2,
    /// What flows.
    pub(super) value_type: ValueType,
}

/// The document laid out.
#[derive(Default)]
pub(super) struct Scene {
    key: Option<(WorkflowId, u64)>,
    /// Sorted by id.
    pub(super) nodes: Vec<PlacedNode>,
    /// Sorted by input.
    pub(super) wires: Vec<PlacedWire>,
    /// Where the nodes are, by index.
    pub(super) node_grid: SpatialGrid,
    /// Where the wires are, by index.
    pub(super) wire_grid: SpatialGrid,
}

impl Scene {
    /// Brings the scene up to date with the document; returns whether anything was laid out.
    pub(super) fn update(&mut self, view: View<'_>) -> bool {
        let key = Some((view.workflow.id(), view.revision));
        if self.key == key {
            return false;
        }
        self.key = key;
        self.place_nodes(view);
        self.place_wires(view);
        self.node_grid = SpatialGrid::new(self.nodes.iter().map(PlacedNode::rect).collect());
        let bounds = |wire: &PlacedWire| self.curve_at_rest(wire).bounds();
        self.wire_grid = SpatialGrid::new(self.wires.iter().map(bounds).collect());
        true
    }

    fn place_nodes(&mut self, view: View<'_>) {
        let wired = wired(view);
        let mut before = std::mem::take(&mut self.nodes).into_iter().peekable();
        for ((id, node), wired) in view.workflow.nodes().zip(&wired) {
            while before.next_if(|old| old.id < *id).is_some() {}
            let kept = before.next_if(|old| old.id == *id).filter(|old| old.layout.is_of(node, wired));
            let layout = kept.map_or_else(|| Arc::new(NodeLayout::new(node, view.catalogue, wired)), |old| old.layout);
            self.nodes.push(PlacedNode { id: id.clone(), position: placed(node.position), layout });
        }
    }

    fn place_wires(&mut self, view: View<'_>) {
        self.wires.clear();
        for (to, from) in view.workflow.connections() {
            let (Some(to_node), Some(from_node)) = (self.index(&to.node), self.index(&from.node)) else { continue };
            let (Some(input), Some(output)) =
                (self.nodes[to_node].layout.input(&to.port), self.nodes[from_node].layout.output(&from.port))
            else {
                continue;
            };
            let wire = PlacedWire {
                to: to.clone(),
                from: from.clone(),
                from_node,
                to_node,
                from_offset: output.offset,
                to_offset: input.offset,
                value_type: output.value_type,
            };
            self.wires.push(wire);
        }
    }

    /// Returns the index of a node.
    pub(super) fn index(&self, id: &NodeId) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.id.cmp(id)).ok()
    }

    /// Returns a node.
    pub(super) fn node(&self, id: &NodeId) -> Option<&PlacedNode> {
        self.index(id).map(|index| &self.nodes[index])
    }

    /// Returns the wire of an input.
    pub(super) fn wire(&self, input: &PortRef) -> Option<&PlacedWire> {
        self.wires.binary_search_by(|wire| wire.to.cmp(input)).ok().map(|index| &self.wires[index])
    }

    /// Returns a wire's curve while nothing is dragged.
    pub(super) fn curve_at_rest(&self, wire: &PlacedWire) -> Curve {
        Curve::new(
            self.nodes[wire.from_node].position + wire.from_offset,
            self.nodes[wire.to_node].position + wire.to_offset,
        )
    }

    /// Returns a rectangle round these nodes.
    pub(super) fn bounds_of<'a>(&self, ids: impl IntoIterator<Item = &'a NodeId>) -> Option<Rect> {
        ids.into_iter().filter_map(|id| self.node(id)).map(PlacedNode::rect).reduce(Rect::union)
    }

    /// Returns for every node whether the wires lead from it to `node`, or with `down` from `node` to it; itself too.
    pub(super) fn reachable(&self, node: usize, down: bool) -> Vec<bool> {
        let mut next = vec![Vec::new(); self.nodes.len()];
        for wire in &self.wires {
            let (from, to) = if down { (wire.from_node, wire.to_node) } else { (wire.to_node, wire.from_node) };
            next[from].push(to);
        }
        let mut seen = vec![false; self.nodes.len()];
        let mut waiting = vec![node];
        while let Some(index) = waiting.pop() {
            if !std::mem::replace(&mut seen[index], true) {
                waiting.extend(&next[index]);
            }
        }
        seen
    }
}

/// Returns a place within bounds: a file may hold any numbers.
fn placed(Position(x, y): Position) -> Pos2 {
    let bounded = |value: f32| if value.is_finite() { value.clamp(-FARTHEST, FARTHEST) } else { 0.0 };
    pos2(bounded(x), bounded(y))
}

/// Returns which ports of each node have wires, in the order of the document's nodes.
fn wired(view: View<'_>) -> Vec<Wired> {
    let ids: Vec<&NodeId> = view.workflow.nodes().map(|(id, _)| id).collect();
    let mut wired: Vec<Wired> = vec![Wired::default(); ids.len()];
    for (to, from) in view.workflow.connections() {
        if let Ok(index) = ids.binary_search(&&to.node) {
            wired[index].inputs.push(to.port.clone());
        }
        if let Ok(index) = ids.binary_search(&&from.node) {
            wired[index].outputs.push(from.port.clone());
        }
    }
    for wired in &mut wired {
        wired.inputs.sort_unstable();
        wired.outputs.sort_unstable();
        wired.outputs.dedup();
    }
    wired
}
