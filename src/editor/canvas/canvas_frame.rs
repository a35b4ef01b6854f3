//! All that one frame of the canvas is drawn from.

use egui::{Pos2, Rect, Vec2};
use jiff::Timestamp;

use super::{
    camera::Projection,
    course::Course,
    geometry::{NodeLayout, PortLayout},
    interaction::{Interaction, WireDrag},
    scene::{PlacedNode, Scene},
};
use crate::{
    editor::{Bend, View},
    workflow::PortRef,
};

/// The least distance on the screen within which a port is found.
const PORT_REACH: f32 = 12.0;
/// The side of the square in which a port can be taken.
const PORT_SIDE: f32 = 18.0;
/// That on the screen, at least.
const LEAST_PORT_SIDE: f32 = 10.0;
/// How near a wire the pointer must be on the screen.
const WIRE_REACH: f32 = 7.0;

/// How much of a node is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Detail {
    /// Coloured blocks and straight wires.
    Blocks,
    /// Titles.
    Titles,
    /// Everything.
    Full,
}

impl Detail {
    /// Returns what is shown at a zoom.
    pub(super) const fn at(zoom: f32) -> Self {
        match zoom {
            ..0.15 => Self::Blocks,
            0.15..0.4 => Self::Titles,
            _ => Self::Full,
        }
    }
}

/// A port of a node, by indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PortAt {
    /// The node's index in the scene.
    pub(super) node: usize,
    /// The port's index among the node's inputs or outputs.
    pub(super) port: usize,
    /// Whether it is an input.
    pub(super) is_input: bool,
}

/// All that one frame of the canvas is drawn from.
pub(super) struct CanvasFrame<'a> {
    /// The document and what belongs to it.
    pub(super) view: View<'a>,
    /// The document laid out.
    pub(super) scene: &'a Scene,
    /// Where the scene is on the screen.
    pub(super) projection: Projection,
    /// How much of a node is shown.
    pub(super) detail: Detail,
    /// The time.
    pub(super) now: Timestamp,
    /// The indices of the nodes in the hand, ascending.
    held: Vec<usize>,
    /// The bends in the hand: the indices of their wires, and which of each wire's bends they are, ascending.
    held_bends: Vec<(usize, usize)>,
    /// How far they are moved.
    offset: Vec2,
}

impl<'a> CanvasFrame<'a> {
    /// Returns what a frame is drawn from.
    pub(super) fn new(view: View<'a>, scene: &'a Scene, projection: Projection, interaction: &Interaction) -> Self {
        let mut frame = Self {
            view,
            scene,
            projection,
            detail: Detail::at(projection.zoom()),
            now: Timestamp::now(),
            held: Vec::new(),
            held_bends: Vec::new(),
            offset: Vec2::ZERO,
        };
        if let Some((nodes, offset)) = interaction.carried() {
            frame.offset = offset;
            frame.held = nodes.iter().filter_map(|id| scene.index(id)).collect();
            frame.held.sort_unstable();
        }
        if let Some(bends) = interaction.carried_bends() {
            let held = bends.iter().filter_map(|bend| Some((scene.wire_index(&bend.wire)?, bend.index)));
            frame.held_bends = held.collect();
        }
        frame
    }

    /// Returns a node.
    pub(super) fn node(&self, index: usize) -> &'a PlacedNode {
        &self.scene.nodes[index]
    }

    /// Returns what a node shows.
    pub(super) fn layout(&self, index: usize) -> &'a NodeLayout {
        &self.scene.nodes[index].layout
    }

    fn is_held(&self, index: usize) -> bool {
        self.held.binary_search(&index).is_ok()
    }

    /// Returns the indices of the nodes in the hand, ascending.
    pub(super) fn held(&self) -> &[usize] {
        &self.held
    }

    /// Returns the indices of the wires that move with what is in the hand, ascending, each once.
    pub(super) fn held_wires(&self) -> Vec<usize> {
        let at_nodes = self.held.iter().flat_map(|&node| self.scene.wires_at(node));
        let mut wires: Vec<usize> = at_nodes.chain(self.held_bends.iter().map(|(wire, _)| *wire)).collect();
        wires.sort_unstable();
        wires.dedup();
        wires
    }

    /// Returns where a node's top left corner is, as dragged.
    pub(super) fn position(&self, index: usize) -> Pos2 {
        let position = self.scene.nodes[index].position;
        if self.is_held(index) { position + self.offset } else { position }
    }

    /// Returns where a node is, as dragged.
    pub(super) fn rect(&self, index: usize) -> Rect {
        Rect::from_min_size(self.position(index), self.node(index).rect().size())
    }

    /// Returns where a group is, as dragged.
    pub(super) fn group_rect(&self, group: usize) -> Rect {
        self.rect(self.scene.groups[group].nodes[0])
    }

    /// Returns whether a group lies at a scene point.
    pub(super) fn has_group_at(&self, point: Pos2) -> bool {
        (0..self.scene.groups.len()).any(|group| self.group_rect(group).contains(point))
    }

    /// Returns a wire's course, as dragged: its bends move along with both its ends.
    pub(super) fn course(&self, index: usize) -> Course {
        let wire = &self.scene.wires[index];
        let (from, to) =
            (self.position(wire.from_node) + wire.from_offset, self.position(wire.to_node) + wire.to_offset);
        let is_carried = !wire.way.is_empty() && self.is_held(wire.from_node) && self.is_held(wire.to_node);
        let is_moved = |bend| is_carried || self.held_bends.binary_search(&(index, bend)).is_ok();
        let way = wire.way.iter().enumerate();
        Course::new(from, way.map(|(bend, place)| if is_moved(bend) { *place + self.offset } else { *place }), to)
    }

    /// Returns where a bend is while nothing is dragged.
    pub(super) fn bend_at_rest(&self, bend: &Bend) -> Option<Pos2> {
        self.scene.wire(&bend.wire)?.way.get(bend.index).copied()
    }

    /// Returns the nodes to draw one by one, back to front: what is selected lies on top.
    pub(super) fn visible_nodes(&self) -> Vec<usize> {
        let mut visible = Vec::new();
        self.scene.node_grid.query(self.projection.visible().expand(20.0), &mut visible);
        if !self.held.is_empty() {
            let area = self.projection.visible().expand(20.0);
            let is_seen = |index: &&usize| !self.node(**index).is_hidden() && self.rect(**index).intersects(area);
            visible.extend(self.held.iter().filter(is_seen));
            visible.sort_unstable();
            visible.dedup();
        }
        if !self.view.selection.is_empty() {
            visible.sort_by_cached_key(|&index| self.view.selection.contains(&self.scene.nodes[index].id));
        }
        visible
    }

    /// Returns the wires to draw one by one; some may only pass near.
    pub(super) fn visible_wires(&self) -> Vec<usize> {
        let mut visible = Vec::new();
        self.scene.wire_grid.query(self.projection.visible(), &mut visible);
        if !(self.held.is_empty() && self.held_bends.is_empty()) {
            let is_seen = |wire: &usize| !self.scene.is_inside_group(&self.scene.wires[*wire]);
            visible.extend(self.held_wires().into_iter().filter(is_seen));
            visible.sort_unstable();
            visible.dedup();
        }
        visible
    }

    /// Returns the topmost node at a scene point.
    pub(super) fn node_at(&self, point: Pos2) -> Option<usize> {
        let under = self.scene.node_grid.near(point, 0.5);
        let selected = |index: &usize| self.view.selection.contains(&self.scene.nodes[*index].id);
        let hit = |index: &usize| self.rect(*index).contains(point);
        under
            .iter()
            .rev()
            .copied()
            .find(|index| hit(index) && selected(index))
            .or_else(|| under.into_iter().rev().find(hit))
    }

    /// Returns the nearest wire at a scene point, but none where a node lies.
    pub(super) fn wire_at(&self, point: Pos2) -> Option<usize> {
        let reach = WIRE_REACH / self.projection.zoom();
        if self.detail == Detail::Blocks || self.node_at(point).is_some() || self.has_group_at(point) {
            return None;
        }
        let near = self.scene.wire_grid.near(point, reach).into_iter();
        near.map(|index| (index, self.scene.course_at_rest(&self.scene.wires[index]).distance_to(point)))
            .filter(|(_, distance)| *distance <= reach)
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
            .map(|(index, _)| index)
    }

    /// Returns the ports within reach of a scene point with their distances.
    fn ports_near(&self, point: Pos2) -> Vec<(PortAt, f32)> {
        let reach = (PORT_REACH / self.projection.zoom()).max(PORT_REACH);
        let mut found = Vec::new();
        for node in self.scene.node_grid.near(point, reach) {
            let layout = self.layout(node);
            for (is_input, ports) in [(true, &layout.inputs), (false, &layout.outputs)] {
                for (port, placed) in ports.iter().enumerate() {
                    let distance = (self.position(node) + placed.offset).distance(point);
                    if distance <= reach {
                        found.push((PortAt { node, port, is_input }, distance));
                    }
                }
            }
        }
        for (index, group) in self.scene.groups.iter().enumerate() {
            let rect = self.group_rect(index);
            if !rect.expand(reach).contains(point) {
                continue;
            }
            for (is_input, ports) in [(true, &group.inputs), (false, &group.outputs)] {
                let near = ports.iter().filter_map(|on_border| {
                    let distance = (rect.min + on_border.layout.offset).distance(point);
                    Some((self.port_at(&on_border.port, is_input).filter(|_| distance <= reach)?, distance))
                });
                found.extend(near);
            }
        }
        found
    }

    /// Returns the port that a wire in the hand would be dropped on, and whether it fits: one that fits before others.
    pub(super) fn drop_port(&self, drag: &WireDrag, point: Pos2) -> Option<(PortAt, bool)> {
        let anchor = drag.anchor(self.scene);
        self.ports_near(point)
            .into_iter()
            .filter(|(at, _)| anchor != Some(self.port_position(*at)))
            .map(|(at, distance)| {
                let fits = drag.fits(at.node, self.port(at), at.is_input);
                (at, fits && drag.fits_loops(self.view, &self.port_ref(at)), distance)
            })
            .min_by(|(_, fits_a, a), (_, fits_b, b)| fits_b.cmp(fits_a).then(a.total_cmp(b)))
            .map(|(at, fits, _)| (at, fits))
    }

    /// Returns a port.
    pub(super) fn port(&self, at: PortAt) -> &'a PortLayout {
        let layout = self.layout(at.node);
        if at.is_input { &layout.inputs[at.port] } else { &layout.outputs[at.port] }
    }

    /// Returns where a port is in the scene: that of a folded node on the border of its group, if it is there.
    pub(super) fn port_position(&self, at: PortAt) -> Pos2 {
        let on_border = || {
            let group = &self.scene.groups[self.node(at.node).group? as usize];
            Some(group.port_place(&self.port_ref(at), at.is_input)? - group.rect.min)
        };
        self.position(at.node) + on_border().unwrap_or_else(|| self.port(at).offset)
    }

    /// Returns where a port can be taken in the scene.
    pub(super) fn port_area(&self, at: PortAt) -> Rect {
        Rect::from_center_size(
            self.port_position(at),
            Vec2::splat(PORT_SIDE.max(LEAST_PORT_SIDE / self.projection.zoom())),
        )
    }

    /// Returns the port that can be taken at a scene point: no other node lies over it there.
    pub(super) fn port_under(&self, point: Pos2) -> Option<PortAt> {
        let height = |node: usize| (self.view.selection.contains(&self.node(node).id), node);
        let top = self.node_at(point).map(height);
        let near = self.ports_near(point).into_iter().map(|(at, _)| at);
        near.filter(|at| self.port_area(*at).contains(point) && top.is_none_or(|top| top <= height(at.node)))
            .max_by_key(|at| height(at.node))
    }

    /// Returns the port that the document names so.
    pub(super) fn port_at(&self, named: &PortRef, is_input: bool) -> Option<PortAt> {
        let node = self.scene.index(&named.node)?;
        let layout = self.layout(node);
        let ports = if is_input { &layout.inputs } else { &layout.outputs };
        let port = ports.iter().position(|port| port.id == named.port)?;
        Some(PortAt { node, port, is_input })
    }

    /// Returns a port as the document names it.
    pub(super) fn port_ref(&self, at: PortAt) -> PortRef {
        PortRef { node: self.node(at.node).id.clone(), port: self.port(at).id.clone() }
    }

    /// Returns whether a port is the one that the document names so.
    pub(super) fn is_port(&self, at: PortAt, named: &PortRef) -> bool {
        self.node(at.node).id == named.node && self.port(at).id == named.port
    }
}
