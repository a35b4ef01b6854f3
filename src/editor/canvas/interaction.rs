//! What the hand is at: one thing at a time.

use std::{cell::RefCell, collections::BTreeMap};

use egui::{Pos2, Vec2};

use super::{
    canvas_frame::{CanvasFrame, PortAt},
    geometry::{PortLayout, snapped},
    scene::Scene,
};
use crate::{
    editor::{View, WireEnd},
    nodes::{check_connection, check_loops},
    value::{ValueType, can_convert},
    workflow::{Connection, Edit, NodeId, PortRef, Position, Workflow},
};

/// What the pointer is at between press and release.
#[derive(Default)]
pub(super) enum Interaction {
    /// Nothing.
    #[default]
    Idle,
    /// Nodes follow the pointer.
    DragNodes(NodeDrag),
    /// A wire follows the pointer.
    DragWire(WireDrag),
    /// A box is drawn; what it touches will be selected.
    BoxSelect {
        /// The corner it started from, in the scene.
        from: Pos2,
    },
    /// The view follows the pointer.
    Pan,
}

/// Nodes in the hand.
pub(super) struct NodeDrag {
    /// The nodes, sorted.
    pub(super) nodes: Vec<NodeId>,
    /// The one under the pointer, which snaps to the grid.
    pub(super) grabbed: NodeId,
    /// Where the pointer took it, in the scene.
    pub(super) origin: Pos2,
    /// How far they are moved.
    pub(super) offset: Vec2,
}

impl NodeDrag {
    /// Moves the nodes to the pointer.
    pub(super) fn move_to(&mut self, scene: &Scene, pointer: Pos2, snap: bool) {
        let wanted = pointer - self.origin;
        self.offset = match scene.node(&self.grabbed) {
            Some(node) if snap => snapped(node.position + wanted) - node.position,
            _ => wanted,
        };
    }

    /// Returns the edit that moves the nodes, and its label.
    pub(super) fn edit(&self, scene: &Scene) -> Option<(String, Edit)> {
        let moves: Vec<(NodeId, Position)> = self
            .nodes
            .iter()
            .filter_map(|id| scene.node(id))
            .map(|node| (node.id.clone(), node.position + self.offset))
            .map(|(id, place)| (id, Position(place.x, place.y)))
            .collect();
        let label = match moves.as_slice() {
            [] => return None,
            [(id, _)] => format!("Move {}", scene.node(id).map_or("node", |node| node.layout.title.as_str())),
            several => format!("Move {} nodes", several.len()),
        };
        (self.offset != Vec2::ZERO).then_some((label, Edit::MoveNodes(moves)))
    }
}

/// A wire in the hand.
pub(super) struct WireDrag {
    /// The end that stays.
    pub(super) end: WireEnd,
    /// What flows at that end.
    pub(super) value_type: ValueType,
    /// The input the wire was taken from, if it was there before.
    pub(super) taken_from: Option<PortRef>,
    /// By the scene's index: nodes that a wire from `end` would close a circle with.
    circular: Vec<bool>,
    /// Why ports near which the wire was would make a loop that cannot run. Looking at the loops of a large workflow
    /// takes time, so each port is looked at once, when the wire comes near.
    loop_refusals: RefCell<BTreeMap<PortRef, Option<String>>>,
}

impl WireDrag {
    /// Takes a wire at a port: a new one, or the one that is there.
    pub(super) fn start(scene: &Scene, workflow: &Workflow, end: WireEnd) -> Option<Self> {
        let (end, taken_from) = match end {
            WireEnd::Input(input) => match workflow.feed(&input) {
                Some(feed) => (WireEnd::Output(feed.clone()), Some(input)),
                None => (WireEnd::Input(input), None),
            },
            output @ WireEnd::Output(_) => (output, None),
        };
        let (node, port, down) = match &end {
            WireEnd::Output(output) => (&output.node, &output.port, false),
            WireEnd::Input(input) => (&input.node, &input.port, true),
        };
        let index = scene.index(node)?;
        let layout = &scene.nodes[index].layout;
        let known = if down { layout.input(port) } else { layout.output(port) };
        Some(Self {
            value_type: known?.value_type,
            end,
            taken_from,
            circular: scene.reachable(index, down),
            loop_refusals: RefCell::default(),
        })
    }

    /// Returns where the end that stays is.
    pub(super) fn anchor(&self, scene: &Scene) -> Option<Pos2> {
        let (end, is_output) = match &self.end {
            WireEnd::Output(output) => (output, true),
            WireEnd::Input(input) => (input, false),
        };
        let node = scene.node(&end.node)?;
        let port = if is_output { node.layout.output(&end.port) } else { node.layout.input(&end.port) };
        Some(node.position + port?.offset)
    }

    /// Returns whether the wire looks for an input.
    pub(super) const fn wants_input(&self) -> bool {
        matches!(self.end, WireEnd::Output(_))
    }

    /// Returns whether a port takes the wire, as far as types and circles go. Agrees with [`check_connection`] there, and
    /// is quick; [`WireDrag::fits_loops`] has the last word.
    pub(super) fn fits(&self, node: usize, port: &PortLayout, is_input: bool) -> bool {
        is_input == self.wants_input()
            && !self.circular.get(node).is_some_and(|circular| *circular)
            && if is_input {
                can_convert(self.value_type, port.value_type)
            } else {
                can_convert(port.value_type, self.value_type)
            }
    }

    /// Returns whether a port that the wire is near takes it: it fits, and makes no loop that cannot run.
    pub(super) fn fits_loops(&self, view: View<'_>, port: &PortRef) -> bool {
        let mut refusals = self.loop_refusals.borrow_mut();
        let refusal = refusals.entry(port.clone()).or_insert_with(|| {
            let connection = self.connection(port.clone());
            check_loops(view.workflow, view.catalogue, &connection, self.taken_from.as_ref()).err()
        });
        refusal.is_none()
    }

    /// Returns whether a port was found to make a loop that cannot run.
    pub(super) fn is_refused_by_loops(&self, frame: &CanvasFrame<'_>, at: PortAt) -> bool {
        let refusals = self.loop_refusals.borrow();
        !refusals.is_empty() && refusals.get(&frame.port_ref(at)).is_some_and(|refusal| refusal.is_some())
    }

    /// Returns the connection that dropping on a port would make.
    pub(super) fn connection(&self, port: PortRef) -> Connection {
        match &self.end {
            WireEnd::Output(from) => Connection { from: from.clone(), to: port },
            WireEnd::Input(to) => Connection { from: port, to: to.clone() },
        }
    }

    /// Returns why a port refuses the wire, if it does.
    pub(super) fn refusal(&self, view: View<'_>, port: &PortRef, is_input: bool) -> Option<String> {
        if is_input != self.wants_input() {
            let (this, other) = if is_input { ("an input", "an output") } else { ("an output", "an input") };
            return Some(format!("{port} is {this}: this wire needs {other}"));
        }
        if let Some(Some(why)) = self.loop_refusals.borrow().get(port) {
            return Some(why.clone());
        }
        check_connection(view.workflow, view.catalogue, &self.connection(port.clone())).err()
    }

    /// Returns the edit for dropping the wire on a port that takes it, and its label.
    pub(super) fn drop_on(&self, port: PortRef) -> Option<(String, Edit)> {
        let connection = self.connection(port);
        let label = format!("Connect {} to {}", connection.from, connection.to);
        match &self.taken_from {
            Some(taken) if *taken == connection.to => None,
            Some(taken) => Some((label, Edit::Group(vec![Edit::Disconnect(taken.clone()), Edit::Connect(connection)]))),
            None => Some((label, Edit::Connect(connection))),
        }
    }
}

/// Returns the edit that removes the wire of an input, and its label.
pub(super) fn disconnect(input: PortRef) -> (String, Edit) {
    (format!("Disconnect {input}"), Edit::Disconnect(input))
}
