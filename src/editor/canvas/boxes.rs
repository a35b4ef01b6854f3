//! How much room nodes take up and where their ports are, for whoever arranges them without looking at the canvas.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use egui::{Rect, pos2};

use super::{
    folding,
    geometry::{NodeLayout, Wired},
};
use crate::{
    editor::groups,
    nodes::Catalogue,
    workflow::{NodeId, PortId, Workflow},
};

/// A node and the room it takes up.
pub(crate) struct NodeBox {
    /// The node.
    pub(crate) id: NodeId,
    /// Where it is.
    pub(crate) rect: Rect,
    layout: NodeLayout,
}

impl NodeBox {
    /// Returns how far below the node's top an input is.
    pub(crate) fn input(&self, port: &PortId) -> f32 {
        self.layout.input(port).map_or(0.0, |port| port.offset.y)
    }

    /// Returns how far below the node's top an output is.
    pub(crate) fn output(&self, port: &PortId) -> f32 {
        self.layout.output(port).map_or(0.0, |port| port.offset.y)
    }
}

/// Returns the boxes of these nodes that there are, in their order.
pub(crate) fn boxes<'a>(
    workflow: &Workflow,
    catalogue: &Catalogue,
    nodes: impl IntoIterator<Item = &'a NodeId>,
) -> Vec<NodeBox> {
    let mut outputs: BTreeMap<&NodeId, Vec<PortId>> = BTreeMap::new();
    for (_, from) in workflow.connections() {
        outputs.entry(&from.node).or_default().push(from.port.clone());
    }
    let box_of = |id: &NodeId| {
        let node = workflow.node(id)?;
        let mut outputs = outputs.get(id).cloned().unwrap_or_default();
        outputs.sort_unstable();
        outputs.dedup();
        let wired = Wired { inputs: workflow.feeds_of(id).map(|(port, _)| port.clone()).collect(), outputs };
        let layout = NodeLayout::new(&Arc::clone(node), catalogue, &wired);
        let rect = layout.rect(pos2(node.position.0, node.position.1));
        Some(NodeBox { id: id.clone(), rect, layout })
    };
    nodes.into_iter().filter_map(box_of).collect()
}

/// What is arranged as one: a node, or a group with all of its nodes.
pub(crate) struct Piece {
    /// Where it is.
    pub(crate) rect: Rect,
    /// Its nodes, sorted.
    pub(crate) nodes: Vec<NodeId>,
    /// It is a group.
    pub(crate) is_group: bool,
}

/// Returns what is to be arranged of these nodes. A group of which one node is among them is there as a whole.
pub(crate) fn pieces(workflow: &Workflow, catalogue: &Catalogue, nodes: &BTreeSet<NodeId>) -> Vec<Piece> {
    let mut alone: BTreeSet<&NodeId> = nodes.iter().collect();
    let mut pieces = Vec::new();
    for (frame, _, inside) in groups::outermost(workflow) {
        if !inside.iter().any(|node| nodes.contains(*node)) {
            continue;
        }
        alone.retain(|node| inside.binary_search(node).is_err());
        let rect = folding::block_of(workflow, frame, &inside);
        pieces.extend(rect.map(|rect| Piece { rect, nodes: inside.into_iter().cloned().collect(), is_group: true }));
    }
    let alone = boxes(workflow, catalogue, alone);
    pieces.extend(alone.into_iter().map(|node| Piece { rect: node.rect, nodes: vec![node.id], is_group: false }));
    pieces
}
