//! Groups laid out: a folded frame is one block, with a port for each end of a wire that crosses its border.

use std::collections::BTreeSet;

use egui::{Pos2, Rect, Vec2};

use super::{
    geometry::{PortLayout, group_size, placed_ports},
    scene::{PlacedNode, PlacedWire},
};
use crate::{
    editor::groups,
    workflow::{FrameColor, FrameId, NodeId, PortRef, Workflow},
};

/// A folded frame in its place.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The frame.
    pub(super) id: FrameId,
    /// What it is called.
    pub(super) title: String,
    /// What it is drawn in.
    pub(super) color: FrameColor,
    /// Where it is.
    pub(super) rect: Rect,
    /// The indices of its nodes, ascending.
    pub(super) nodes: Vec<usize>,
    /// The inputs that are fed from outside, from top to bottom.
    pub(super) inputs: Vec<GroupPort>,
    /// The outputs that feed what is outside, from top to bottom.
    pub(super) outputs: Vec<GroupPort>,
}

/// A port on the border of a group.
#[derive(Clone, Debug)]
pub(super) struct GroupPort {
    /// The port of the node inside.
    pub(super) port: PortRef,
    /// What it looks like, and where.
    pub(super) layout: PortLayout,
    /// Where the node has it.
    inside: Pos2,
}

impl Group {
    /// Returns where a port of a node inside is on the border, if a wire crosses there.
    pub(super) fn port_place(&self, port: &PortRef, is_input: bool) -> Option<Pos2> {
        let ports = if is_input { &self.inputs } else { &self.outputs };
        Some(self.rect.min + ports.iter().find(|known| known.port == *port)?.layout.offset)
    }
}

/// Folds nodes and the ends of wires into blocks; returns the blocks.
pub(super) fn fold(workflow: &Workflow, nodes: &mut [PlacedNode], wires: &mut [PlacedWire]) -> Vec<Group> {
    let outermost = groups::outermost(workflow);
    if outermost.is_empty() {
        return Vec::new();
    }
    let index = |nodes: &[PlacedNode], id: &NodeId| nodes.binary_search_by(|node| node.id.cmp(id)).ok();
    let mut folded = Vec::with_capacity(outermost.len());
    for (id, frame, inside) in outermost {
        let inside: Vec<usize> = inside.into_iter().filter_map(|node| index(nodes, node)).collect();
        for &node in &inside {
            nodes[node].group = Some(folded.len() as u32);
        }
        folded.push(Group {
            id: id.clone(),
            title: frame.title.clone(),
            color: frame.color,
            rect: Rect::from_min_size(super::frames::rect_of(frame).min, Vec2::ZERO),
            nodes: inside,
            inputs: Vec::new(),
            outputs: Vec::new(),
        });
    }
    for wire in wires.iter() {
        let (from, to) = (&nodes[wire.from_node], &nodes[wire.to_node]);
        if from.group == to.group {
            continue;
        }
        if let Some(group) = from.group {
            let at = (from.position + wire.from_offset, &wire.from);
            add(&mut folded[group as usize].outputs, at, from.layout.output(&wire.from.port));
        }
        if let Some(group) = to.group {
            let at = (to.position + wire.to_offset, &wire.to);
            add(&mut folded[group as usize].inputs, at, to.layout.input(&wire.to.port));
        }
    }
    for group in &mut folded {
        let size = group_size(group.inputs.len(), group.outputs.len());
        group.rect = Rect::from_min_size(group.rect.min, size);
        place(&mut group.inputs, 0.0);
        place(&mut group.outputs, size.x);
        for &node in &group.nodes {
            nodes[node].position = group.rect.min;
            nodes[node].folded_size = Some(size);
        }
    }
    for wire in wires {
        let end = |node: usize, port: &PortRef, is_input: bool| -> Option<Vec2> {
            let group = &folded[nodes[node].group? as usize];
            Some(group.port_place(port, is_input)? - group.rect.min)
        };
        if nodes[wire.from_node].group != nodes[wire.to_node].group {
            wire.from_offset = end(wire.from_node, &wire.from, false).unwrap_or(wire.from_offset);
            wire.to_offset = end(wire.to_node, &wire.to, true).unwrap_or(wire.to_offset);
        }
    }
    folded
}

fn add(ports: &mut Vec<GroupPort>, (inside, port): (Pos2, &PortRef), layout: Option<&PortLayout>) {
    if let Some(layout) = layout
        && !ports.iter().any(|known| known.port == *port)
    {
        ports.push(GroupPort { port: port.clone(), layout: layout.clone(), inside });
    }
}

/// Puts ports below each other, in the order in which they are inside.
fn place(ports: &mut [GroupPort], x: f32) {
    ports.sort_by(|one, other| {
        let (one, other) = (one.inside, other.inside);
        one.y.total_cmp(&other.y).then(one.x.total_cmp(&other.x))
    });
    let offsets = placed_ports(ports.len(), x);
    for (port, offset) in ports.iter_mut().zip(offsets) {
        port.layout.offset = offset;
        port.layout.connected = true;
    }
}

/// Returns where the block of a folded frame is.
pub(super) fn block_of(workflow: &Workflow, frame: &FrameId, inside: &[&NodeId]) -> Option<Rect> {
    let is_inside = |node: &NodeId| inside.binary_search(&node).is_ok();
    let (mut n_inputs, mut outputs) = (0, BTreeSet::new());
    for (to, from) in workflow.connections() {
        match (is_inside(&to.node), is_inside(&from.node)) {
            (true, false) => n_inputs += 1,
            (false, true) => _ = outputs.insert(from),
            _ => {}
        }
    }
    let min = super::frames::rect_of(workflow.frame(frame)?).min;
    Some(Rect::from_min_size(min, group_size(n_inputs, outputs.len())))
}
