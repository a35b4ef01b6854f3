//! The way a reason came: from what is at the bottom of it to the node that was asked about. It is lit up; the rest steps
//! back.

use super::{
    CanvasState,
    brush::Brush,
    canvas_frame::{CanvasFrame, Detail},
    scene::Scene,
};
use crate::{engine::Why, workflow::NodeId};

/// How much of the rest is left to be seen is what is missing to 1.
const VEIL: f32 = 0.6;

/// What is lit up.
#[derive(Default)]
pub(super) struct Lit {
    /// The node that was asked about in this frame.
    asked: Option<NodeId>,
    path: Option<Path>,
}

/// The nodes and wires along which a reason came.
struct Path {
    asked: NodeId,
    /// The numbers of the scene and of how nodes stood.
    made_of: (u64, u64),
    /// Indices in the scene, ascending.
    nodes: Vec<usize>,
    wires: Vec<usize>,
}

impl Lit {
    /// Asks for the way to a node; asked for again in each frame.
    pub(super) fn ask(&mut self, node: &NodeId) {
        self.asked = Some(node.clone());
    }

    /// Brings the way up to date with what was asked for in the frame before.
    pub(super) fn update(&mut self, frame: &CanvasFrame<'_>, stood: u64) {
        let made_of = (frame.scene.serial(), stood);
        let Some(asked) = self.asked.take() else {
            self.path = None;
            return;
        };
        if self.path.as_ref().is_none_or(|path| path.asked != asked || path.made_of != made_of) {
            let (nodes, wires) = way(frame.scene, &frame.view.plan.why(&asked));
            self.path = Some(Path { asked, made_of, nodes, wires });
        }
    }

    /// Returns whether another frame is needed, as another node was asked about.
    pub(super) fn is_behind(&self) -> bool {
        self.asked.as_ref() != self.path.as_ref().map(|path| &path.asked)
    }

    /// Returns whether a wire is lit up.
    pub(super) fn has_wire(&self, wire: usize) -> bool {
        self.shown().is_some_and(|path| path.wires.binary_search(&wire).is_ok())
    }

    /// Returns the nodes that are lit up, ascending.
    #[cfg(test)]
    pub(super) fn nodes(&self) -> &[usize] {
        self.shown().map_or(&[], |path| &path.nodes)
    }

    /// A reason of the node's own came along no way.
    fn shown(&self) -> Option<&Path> {
        self.path.as_ref().filter(|path| path.nodes.len() > 1)
    }
}

/// Returns the nodes of a chain of reasons, and the wires between each and those that it comes from, ascending.
fn way(scene: &Scene, chain: &[Why]) -> (Vec<usize>, Vec<usize>) {
    let (mut nodes, mut wires) = (Vec::new(), Vec::new());
    for step in chain {
        let Some(below) = scene.index(&step.node) else { continue };
        nodes.push(below);
        for above in step.upstream.iter().filter_map(|node| scene.index(node)) {
            let direct = scene.wires_at(below).filter(|&wire| scene.wires[wire].from_node == above);
            let n_wires = wires.len();
            wires.extend(direct);
            if wires.len() == n_wires {
                between(scene, above, below, &mut nodes, &mut wires);
            }
        }
    }
    for indices in [&mut nodes, &mut wires] {
        indices.sort_unstable();
        indices.dedup();
    }
    (nodes, wires)
}

/// Adds all that lies on any way from a node down to another.
fn between(scene: &Scene, above: usize, below: usize, nodes: &mut Vec<usize>, wires: &mut Vec<usize>) {
    let (down, up) = (scene.reachable(above, true), scene.reachable(below, false));
    let is_between = |node: usize| down[node] && up[node];
    for node in (0..scene.nodes.len()).filter(|&node| is_between(node)) {
        nodes.push(node);
        wires.extend(scene.wires_at(node).filter(|&wire| {
            let wire = &scene.wires[wire];
            wire.to_node == node && is_between(wire.from_node)
        }));
    }
}

impl CanvasState {
    /// Veils all that was painted, and paints what is lit up once more.
    pub(super) fn light_up(&mut self, brush: &Brush, frame: &CanvasFrame<'_>) {
        let Some(path) = self.lit.shown() else { return };
        brush.painter.rect_filled(frame.projection.view, 0.0, brush.tokens.canvas.gamma_multiply(VEIL));
        if frame.detail == Detail::Blocks {
            self.overview.paint_again(brush, frame, &path.nodes, &path.wires);
        } else {
            for &wire in &path.wires {
                self.kept.wire_again(brush, wire);
            }
            for &node in path.nodes.iter().filter(|node| !frame.node(**node).is_hidden()) {
                self.kept.node_again(brush, &frame.node(node).layout, frame.position(node));
                if frame.detail == Detail::Full {
                    self.thumbnail_again(brush, frame, node);
                }
            }
        }
        if !frame.scene.groups.is_empty() {
            let nodes = path.nodes.clone();
            self.groups_again(brush, frame, &nodes);
        }
    }
}
