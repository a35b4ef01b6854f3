//! What the hand is at: one thing at a time.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use egui::{Pos2, Vec2};

use super::{
    bends::BendDrag,
    canvas_frame::{CanvasFrame, PortAt},
    frames::FrameDrag,
    geometry::{PortLayout, snapped},
    number::NumberDrag,
    scene::Scene,
};
use crate::{
    editor::{Bend, View, WireEnd, ways, wiring, words},
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
    /// A frame follows the pointer with what stands in it, or its edge does.
    DragFrame(FrameDrag),
    /// Bends of wires follow the pointer, with the nodes that are selected beside them.
    DragBends(BendDrag),
    /// A number on a node follows the pointer.
    DragNumber(NumberDrag),
    /// A wire follows the pointer.
    DragWire(WireDrag),
    /// A box is drawn; what it touches will be selected.
    BoxSelect {
        /// The corner it started from, in the scene.
        from: Pos2,
    },
    /// A path is drawn; the wires it crosses will be removed.
    Cut {
        /// Where the pointer was, in the scene.
        path: Vec<Pos2>,
    },
    /// The view follows the pointer.
    Pan,
}

impl Interaction {
    /// Returns the nodes in the hand and how far they are moved.
    pub(super) fn carried(&self) -> Option<(&[NodeId], Vec2)> {
        match self {
            Self::DragNodes(drag) => Some((&drag.nodes, drag.offset)),
            Self::DragFrame(drag) => Some((drag.nodes(), drag.offset())),
            Self::DragBends(drag) => Some((drag.nodes(), drag.offset())),
            _ => None,
        }
    }

    /// Returns the bends in the hand.
    pub(super) const fn carried_bends(&self) -> Option<&BTreeSet<Bend>> {
        match self {
            Self::DragNodes(drag) => Some(&drag.bends),
            Self::DragBends(drag) => Some(drag.bends()),
            _ => None,
        }
    }
}

/// Nodes in the hand.
pub(super) struct NodeDrag {
    /// The nodes, sorted.
    pub(super) nodes: Vec<NodeId>,
    /// The bends that move along.
    pub(super) bends: BTreeSet<Bend>,
    /// The one under the pointer, which snaps to the grid.
    pub(super) grabbed: NodeId,
    /// Where the pointer took it, in the scene.
    pub(super) origin: Pos2,
    /// How far they are moved.
    pub(super) offset: Vec2,
    /// The wire that a single node lies on, by its input, with what puts it in there if it fits.
    wire: Option<(PortRef, Option<wiring::Insertion>)>,
}

impl NodeDrag {
    /// Takes nodes, sorted, and bends by one of the nodes at a point in the scene.
    pub(super) const fn new(nodes: Vec<NodeId>, bends: BTreeSet<Bend>, grabbed: NodeId, origin: Pos2) -> Self {
        Self { nodes, bends, grabbed, origin, offset: Vec2::ZERO, wire: None }
    }

    /// Looks which wire a single node lies on. Whether it fits there is found out once, when it comes.
    pub(super) fn look_for_wire(&mut self, view: View<'_>, scene: &Scene, may: bool) {
        let wire = match &self.nodes[..] {
            [node]
                if may
                    && scene.node(node).is_some_and(|node| !node.is_hidden())
                    && self.bends.is_empty()
                    && self.offset != Vec2::ZERO =>
            {
                wire_below(scene, node, self.offset)
            }
            _ => None,
        };
        match (wire, &self.wire) {
            (Some(wire), Some((known, _))) if wire == *known => {}
            (Some(wire), _) => {
                let insertion = wiring::insert(view.workflow, view.catalogue, &self.grabbed, &wire);
                self.wire = Some((wire, insertion));
            }
            (None, _) => self.wire = None,
        }
    }

    /// Returns the wire that the node goes into when it is let go, by its input.
    pub(super) fn insert_into(&self) -> Option<&PortRef> {
        self.wire.as_ref().filter(|(_, insertion)| insertion.is_some()).map(|(wire, _)| wire)
    }

    /// Moves the nodes to the pointer.
    pub(super) fn move_to(&mut self, scene: &Scene, pointer: Pos2, snap: bool) {
        let wanted = pointer - self.origin;
        self.offset = match scene.node(&self.grabbed) {
            Some(node) if snap => snapped(node.position + wanted) - node.position,
            _ => wanted,
        };
    }

    /// Returns the edit that moves the nodes, and its label.
    pub(super) fn edit(&self, scene: &Scene, workflow: &Workflow) -> Option<(String, Edit)> {
        if self.offset == Vec2::ZERO {
            return None;
        }
        let offset = (self.offset.x, self.offset.y);
        let (label, moved) = ways::move_together(workflow, &self.nodes, &self.bends, "Move", offset)?;
        let label = match self.nodes.as_slice() {
            [id] if self.bends.is_empty() => {
                format!("Move {}", scene.node(id).map_or("node", |node| node.layout.title.as_str()))
            }
            _ => label,
        };
        let (label, edit) = match &self.wire {
            Some((wire, Some(insertion))) => {
                let halves = self.halves(scene, wire).unwrap_or_default();
                let edit = Edit::Group(vec![moved, insertion.edit(wire, halves)]);
                (format!("{label} into the wire of {wire}"), edit)
            }
            _ => (label, moved),
        };
        Some((label, edit))
    }
}

impl NodeDrag {
    /// Returns the bends that a wire has before and after a single node that goes into it. Those below the node go.
    fn halves(&self, scene: &Scene, wire: &PortRef) -> Option<(Vec<Position>, Vec<Position>)> {
        let wire = scene.wire(wire)?;
        let rect = scene.node(&self.grabbed)?.rect().translate(self.offset);
        let (before, after) = wire.way.split_at(scene.course_at_rest(wire).n_bends_before(rect.center()));
        let outside = |half: &[Pos2]| {
            half.iter().filter(|bend| !rect.contains(**bend)).map(|bend| Position(bend.x, bend.y)).collect()
        };
        Some((outside(before), outside(after)))
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
    /// The inputs of all wires of an output, which move together; `end` is the first.
    moved: Vec<PortRef>,
    /// It was taken by key, and follows the focus in place of the pointer.
    pub(super) by_key: bool,
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
            moved: Vec::new(),
            by_key: false,
            circular: scene.reachable(index, down),
            loop_refusals: RefCell::default(),
        })
    }

    /// Takes all wires of an output; `None` if it has none.
    pub(super) fn start_all(scene: &Scene, workflow: &Workflow, output: &PortRef) -> Option<Self> {
        let moved = wiring::fed_by(workflow, output);
        let value_type = scene.node(&output.node)?.layout.output(&output.port)?.value_type;
        let mut circular = vec![false; scene.nodes.len()];
        for index in moved.iter().filter_map(|input| scene.index(&input.node)) {
            // What lies below a node that was looked at has been, too.
            if !circular[index] {
                let below = scene.reachable(index, true);
                circular.iter_mut().zip(below).for_each(|(circular, below)| *circular |= below);
            }
        }
        Some(Self {
            end: WireEnd::Input(moved.first()?.clone()),
            value_type,
            taken_from: None,
            moved,
            by_key: false,
            circular,
            loop_refusals: RefCell::default(),
        })
    }

    /// Returns whether the wire of an input is in the hand.
    pub(super) fn holds(&self, input: &PortRef) -> bool {
        self.taken_from.as_ref() == Some(input) || self.moved.contains(input)
    }

    /// Returns where the ends that stay are.
    pub(super) fn anchors(&self, scene: &Scene) -> Vec<Pos2> {
        if self.moved.is_empty() {
            return self.anchor(scene).into_iter().collect();
        }
        self.moved.iter().filter_map(|input| scene.port_place(input, true)).collect()
    }

    /// Returns what removes the wires that were there before, and its label.
    pub(super) fn let_go(&self) -> Option<(String, Edit)> {
        match &self.taken_from {
            Some(input) => wiring::disconnect(std::slice::from_ref(input)),
            None => wiring::disconnect(&self.moved),
        }
    }

    /// Returns where the end that stays is.
    pub(super) fn anchor(&self, scene: &Scene) -> Option<Pos2> {
        match &self.end {
            WireEnd::Output(output) => scene.port_place(output, false),
            WireEnd::Input(input) => scene.port_place(input, true),
        }
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
            let check =
                |connection| check_loops(view.workflow, view.catalogue, connection, self.taken_from.as_ref()).err();
            self.connections(port).iter().find_map(check)
        });
        refusal.is_none()
    }

    /// Returns whether a port was found to make a loop that cannot run.
    pub(super) fn is_refused_by_loops(&self, frame: &CanvasFrame<'_>, at: PortAt) -> bool {
        let refusals = self.loop_refusals.borrow();
        !refusals.is_empty() && refusals.get(&frame.port_ref(at)).is_some_and(|refusal| refusal.is_some())
    }

    /// Returns the connections that dropping on a port would make.
    fn connections(&self, port: &PortRef) -> Vec<Connection> {
        let from_port = |to: &PortRef| Connection { from: port.clone(), to: to.clone() };
        match &self.end {
            WireEnd::Output(from) => vec![Connection { from: from.clone(), to: port.clone() }],
            WireEnd::Input(to) if self.moved.is_empty() => vec![from_port(to)],
            WireEnd::Input(_) => self.moved.iter().map(from_port).collect(),
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
        let check = |connection| check_connection(view.workflow, view.catalogue, connection).err();
        self.connections(port).iter().find_map(check)
    }

    /// Returns the edit for dropping the wire on a port that takes it, and its label.
    pub(super) fn drop_on(&self, workflow: &Workflow, port: &PortRef) -> Option<(String, Edit)> {
        let mut connections = self.connections(port);
        // A wire of which one end is moved keeps its bends.
        let connect = |connection: Connection, taken: &PortRef| {
            let (to, way) = (connection.to.clone(), workflow.way(taken).to_vec());
            let way = (!way.is_empty()).then(|| Edit::SetWay(to, way));
            std::iter::once(Edit::Connect(connection)).chain(way)
        };
        if connections.len() > 1 {
            let label = format!("Move {} to {port}", words::count(connections.len(), "wire"));
            let edits = connections.into_iter().flat_map(|connection| {
                let taken = connection.to.clone();
                connect(connection, &taken)
            });
            return Some((label, Edit::Group(edits.collect())));
        }
        let connection = connections.pop()?;
        let label = format!("Connect {} to {}", connection.from, connection.to);
        match &self.taken_from {
            Some(taken) if *taken == connection.to => None,
            Some(taken) => {
                let edits = std::iter::once(Edit::Disconnect(taken.clone())).chain(connect(connection, taken));
                Some((label, Edit::Group(edits.collect())))
            }
            None if self.moved.is_empty() => Some((label, Edit::Connect(connection))),
            None => {
                let taken = connection.to.clone();
                Some((label, Edit::Group(connect(connection, &taken).collect())))
            }
        }
    }
}

/// Returns the input of the wire that passes under a node which is moved, the nearest to its middle, if one does.
fn wire_below(scene: &Scene, node: &NodeId, offset: Vec2) -> Option<PortRef> {
    let rect = scene.node(node)?.rect().translate(offset);
    let reach = rect.size().min_elem() * 0.5;
    let near = scene.wire_grid.near(rect.center(), reach).into_iter().map(|index| &scene.wires[index]);
    near.filter(|wire| wire.to.node != *node && wire.from.node != *node)
        .map(|wire| (wire, scene.course_at_rest(wire).distance_to(rect.center())))
        .filter(|(_, distance)| *distance <= reach)
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(wire, _)| wire.to.clone())
}
