//! How much room nodes take up and where their ports are, for whoever arranges them without looking at the canvas.

use std::{collections::BTreeMap, sync::Arc};

use egui::{Rect, pos2};

use super::geometry::{NodeLayout, Wired};
use crate::{
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
