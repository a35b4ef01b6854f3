//! The document laid out: made anew only when the document changes, and then only what has changed.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use egui::{Pos2, Rect, Vec2, pos2};

use super::{
    course::Course,
    folding::{self, Group},
    geometry::{NodeLayout, PortLayout, Wired},
    grid::SpatialGrid,
};
use crate::{
    editor::{View, groups},
    value::ValueType,
    workflow::{Changes, FrameId, NodeId, PortId, PortRef, Position, Workflow, WorkflowId},
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
    /// The index of the group that it is folded in; then it stands where that does.
    pub(super) group: Option<u32>,
    /// The size of that group.
    pub(super) folded_size: Option<Vec2>,
}

impl PlacedNode {
    /// Returns where it is.
    pub(super) fn rect(&self) -> Rect {
        self.folded_size
            .map_or_else(|| self.layout.rect(self.position), |size| Rect::from_min_size(self.position, size))
    }

    /// Returns whether it is folded in a group, and so not to be seen.
    pub(super) const fn is_hidden(&self) -> bool {
        self.group.is_some()
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
    pub(super) from_offset: Vec2,
    /// The input, from its node's top left corner.
    pub(super) to_offset: Vec2,
    /// What flows.
    pub(super) value_type: ValueType,
    /// What it becomes on the way, if it is converted.
    pub(super) becomes: Option<ValueType>,
    /// Its bends.
    pub(super) way: Box<[Pos2]>,
}

/// The document laid out.
#[derive(Default)]
pub(super) struct Scene {
    key: Option<(WorkflowId, u64)>,
    /// The document that was laid out; shared, not copied.
    document: Option<Workflow>,
    /// Sorted by id.
    pub(super) nodes: Vec<PlacedNode>,
    /// Sorted by input.
    pub(super) wires: Vec<PlacedWire>,
    /// Folded frames.
    pub(super) groups: Vec<Group>,
    /// The frames that are not seen as such.
    pub(super) unseen_frames: BTreeSet<FrameId>,
    /// The wires at each node, by index.
    ends: Ends,
    /// Where the nodes are, by index.
    pub(super) node_grid: SpatialGrid,
    /// Where the wires are, by index.
    pub(super) wire_grid: SpatialGrid,
    /// Raised when anything is another or elsewhere.
    serial: u64,
    /// Raised when wires have other indices.
    wire_serial: u64,
}

/// The wires at each node.
#[derive(Default)]
struct Ends {
    /// Where each node's begin in `wires`.
    first: Vec<u32>,
    wires: Vec<u32>,
}

impl Ends {
    fn new(n_nodes: usize, wires: &[PlacedWire]) -> Self {
        let mut first = vec![0_u32; n_nodes + 1];
        for wire in wires {
            first[wire.from_node] += 1;
            first[wire.to_node] += 1;
        }
        let mut sum = 0;
        for count in &mut first {
            sum += std::mem::replace(count, sum);
        }
        let mut next = first.clone();
        let mut ends = vec![0; wires.len() * 2];
        for (index, wire) in wires.iter().enumerate() {
            for node in [wire.from_node, wire.to_node] {
                ends[next[node] as usize] = index as u32;
                next[node] += 1;
            }
        }
        Self { first, wires: ends }
    }
}

impl Scene {
    /// Brings the scene up to date with the document; returns whether anything was laid out.
    pub(super) fn update(&mut self, view: View<'_>) -> bool {
        let key = Some((view.workflow.id(), view.revision));
        if self.key == key {
            return false;
        }
        self.key = key;
        self.serial += 1;
        let before = self.document.replace(view.workflow.clone()).filter(|before| before.id() == view.workflow.id());
        let changes =
            before.as_ref().map(|before| view.workflow.changes_since(before)).filter(Changes::is_of_nodes_only);
        let is_followed = changes.is_some_and(|changes| changes.nodes.iter().all(|node| self.follow(view, node)));
        match before {
            Some(before) if is_followed && groups::folded(&before).eq(groups::folded(view.workflow)) => {
                self.follow_ways(view.workflow, &before);
            }
            _ => self.lay_out(view),
        }
        true
    }

    fn lay_out(&mut self, view: View<'_>) {
        self.wire_serial += 1;
        self.place_nodes(view);
        self.groups = folding::fold(view.workflow, &mut self.nodes, &mut self.wires);
        self.unseen_frames = groups::unseen_frames(view.workflow).into_iter().cloned().collect();
        let rect = |node: &PlacedNode| if node.is_hidden() { Rect::NOTHING } else { node.rect() };
        self.node_grid = SpatialGrid::new(self.nodes.iter().map(rect).collect());
        self.ends = Ends::new(self.nodes.len(), &self.wires);
        self.wire_grid = SpatialGrid::new(self.wires.iter().map(|wire| self.wire_bounds(wire)).collect());
    }

    /// Returns a rectangle round a wire; one inside a group is nowhere.
    fn wire_bounds(&self, wire: &PlacedWire) -> Rect {
        if self.is_inside_group(wire) { Rect::NOTHING } else { self.course_at_rest(wire).bounds() }
    }

    /// Returns whether both ends of a wire are folded in the same group.
    pub(super) fn is_inside_group(&self, wire: &PlacedWire) -> bool {
        let group = self.nodes[wire.from_node].group;
        group.is_some() && group == self.nodes[wire.to_node].group
    }

    /// Returns a rectangle round all nodes and groups.
    pub(super) fn bounds(&self) -> Option<Rect> {
        let all = self.groups.iter().map(|group| group.rect).chain(self.node_grid.bounds());
        all.reduce(Rect::union).filter(Rect::is_finite)
    }

    /// Returns where a port of a node is: of one folded in a group, on the border of that.
    pub(super) fn port_place(&self, port: &PortRef, is_input: bool) -> Option<Pos2> {
        let node = self.node(&port.node)?;
        if let Some(group) = node.group {
            let on_border = self.groups[group as usize].port_place(port, is_input);
            return Some(on_border.unwrap_or_else(|| node.rect().center()));
        }
        let known = if is_input { node.layout.input(&port.port) } else { node.layout.output(&port.port) };
        Some(node.position + known?.offset)
    }

    /// Returns the ids of a node and of those that are folded in the same group, sorted.
    pub(super) fn together(&self, index: usize) -> Vec<NodeId> {
        let id = |index: usize| self.nodes[index].id.clone();
        match self.nodes[index].group {
            Some(group) => self.groups[group as usize].nodes.iter().map(|&node| id(node)).collect(),
            None => vec![id(index)],
        }
    }

    /// Returns the node that stands for all in its group; a node outside stands for itself.
    pub(super) fn standing_for(&self, index: usize) -> usize {
        self.nodes[index].group.map_or(index, |group| self.groups[group as usize].nodes[0])
    }

    /// Lays out a node that has changed; returns false if that takes more, such as other ports for its wires.
    fn follow(&mut self, view: View<'_>, id: &NodeId) -> bool {
        let (Some(index), Some(node)) = (self.index(id), view.workflow.node(id)) else { return false };
        if self.nodes[index].is_hidden() {
            return false;
        }
        let before = &self.nodes[index].layout;
        let wired = Wired { inputs: connected(&before.inputs), outputs: connected(&before.outputs) };
        let layout = NodeLayout::new(node, view.catalogue, &wired);
        if layout.inputs != before.inputs || layout.outputs != before.outputs {
            return false;
        }
        let placed = PlacedNode {
            id: id.clone(),
            position: placed(node.position),
            layout: Arc::new(layout),
            group: None,
            folded_size: None,
        };
        self.node_grid.set(index, placed.rect());
        self.nodes[index] = placed;
        for at in self.ends.first[index]..self.ends.first[index + 1] {
            let wire = self.ends.wires[at as usize] as usize;
            let bounds = self.wire_bounds(&self.wires[wire]);
            self.wire_grid.set(wire, bounds);
        }
        true
    }

    /// Leads wires as they are led now.
    fn follow_ways(&mut self, workflow: &Workflow, before: &Workflow) {
        for input in workflow.ways_changed_since(before) {
            if let Some(index) = self.wire_index(&input) {
                self.wires[index].way = way_of(workflow, &input);
                let bounds = self.wire_bounds(&self.wires[index]);
                self.wire_grid.set(index, bounds);
            }
        }
    }

    fn place_nodes(&mut self, view: View<'_>) {
        let ids: Vec<&NodeId> = view.workflow.nodes().map(|(id, _)| id).collect();
        let places: HashMap<&NodeId, usize> = ids.iter().enumerate().map(|(index, id)| (*id, index)).collect();
        let mut at = 0;
        let ends = view.workflow.connections().filter_map(|(to, from)| {
            // Connections are sorted by input, and nodes are sorted, too.
            at += ids[at..].iter().take_while(|id| **id < &to.node).count();
            let to_node = Some(at).filter(|&at| ids.get(at) == Some(&&to.node))?;
            Some((to_node, *places.get(&from.node)?, to, from))
        });
        let ends: Vec<(usize, usize, &PortRef, &PortRef)> = ends.collect();
        let wired = wired(ids.len(), &ends);
        let mut before = std::mem::take(&mut self.nodes).into_iter().peekable();
        for ((id, node), wired) in view.workflow.nodes().zip(&wired) {
            while before.next_if(|old| old.id < *id).is_some() {}
            let kept = before.next_if(|old| old.id == *id).filter(|old| old.layout.is_of(node, wired));
            let layout = kept.map_or_else(|| Arc::new(NodeLayout::new(node, view.catalogue, wired)), |old| old.layout);
            let position = placed(node.position);
            self.nodes.push(PlacedNode { id: id.clone(), position, layout, group: None, folded_size: None });
        }
        self.wires.clear();
        for (to_node, from_node, to, from) in ends {
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
                becomes: becomes(output.value_type, input.value_type),
                way: way_of(view.workflow, to),
            };
            self.wires.push(wire);
        }
    }

    /// Returns a number that changes when anything is another or elsewhere.
    pub(super) const fn serial(&self) -> u64 {
        self.serial
    }

    /// Returns a number that changes when wires have other indices.
    pub(super) const fn wire_serial(&self) -> u64 {
        self.wire_serial
    }

    /// Returns the indices of the wires at a node.
    pub(super) fn wires_at(&self, node: usize) -> impl Iterator<Item = usize> {
        let range = self.ends.first[node] as usize..self.ends.first[node + 1] as usize;
        self.ends.wires[range].iter().map(|&wire| wire as usize)
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
        self.wire_index(input).map(|index| &self.wires[index])
    }

    /// Returns the index of the wire of an input.
    pub(super) fn wire_index(&self, input: &PortRef) -> Option<usize> {
        self.wires.binary_search_by(|wire| wire.to.cmp(input)).ok()
    }

    /// Returns a wire's course while nothing is dragged.
    pub(super) fn course_at_rest(&self, wire: &PlacedWire) -> Course {
        let from = self.nodes[wire.from_node].position + wire.from_offset;
        let to = self.nodes[wire.to_node].position + wire.to_offset;
        Course::new(from, wire.way.iter().copied(), to)
    }

    /// Returns a rectangle round these nodes.
    pub(super) fn bounds_of<'a>(&self, ids: impl IntoIterator<Item = &'a NodeId>) -> Option<Rect> {
        ids.into_iter().filter_map(|id| self.node(id)).map(PlacedNode::rect).reduce(Rect::union)
    }

    /// Returns for every node whether the wires lead from it to `node`, or with `down` from `node` to it; itself too.
    pub(super) fn reachable(&self, node: usize, down: bool) -> Vec<bool> {
        let mut seen = vec![false; self.nodes.len()];
        let mut waiting = vec![node];
        while let Some(index) = waiting.pop() {
            if !std::mem::replace(&mut seen[index], true) {
                waiting.extend(self.wires_at(index).filter_map(|wire| {
                    let wire = &self.wires[wire];
                    let (near, far) =
                        if down { (wire.from_node, wire.to_node) } else { (wire.to_node, wire.from_node) };
                    (near == index).then_some(far)
                }));
            }
        }
        seen
    }
}

/// Returns what a value becomes on a wire between ports of these types, if it changes its type, as far as the ports say.
fn becomes(given: ValueType, taken: ValueType) -> Option<ValueType> {
    (given != taken && given != ValueType::Any && taken != ValueType::Any).then_some(taken)
}

/// Returns the bends of the wire of an input.
fn way_of(workflow: &Workflow, input: &PortRef) -> Box<[Pos2]> {
    workflow.way(input).iter().copied().map(placed).collect()
}

/// Returns a place within bounds: a file may hold any numbers.
fn placed(Position(x, y): Position) -> Pos2 {
    let bounded = |value: f32| if value.is_finite() { value.clamp(-FARTHEST, FARTHEST) } else { 0.0 };
    pos2(bounded(x), bounded(y))
}

/// Returns which ports of each node have wires: inputs sorted, as connections are.
fn wired(n_nodes: usize, ends: &[(usize, usize, &PortRef, &PortRef)]) -> Vec<Wired> {
    let mut wired: Vec<Wired> = vec![Wired::default(); n_nodes];
    for (to_node, from_node, to, from) in ends {
        wired[*to_node].inputs.push(to.port.clone());
        wired[*from_node].outputs.push(from.port.clone());
    }
    for wired in &mut wired {
        wired.outputs.sort_unstable();
        wired.outputs.dedup();
    }
    wired
}

/// Returns the ports with wires, sorted.
fn connected(ports: &[PortLayout]) -> Vec<PortId> {
    let mut ids: Vec<PortId> = ports.iter().filter(|port| port.connected).map(|port| port.id.clone()).collect();
    ids.sort_unstable();
    ids
}
