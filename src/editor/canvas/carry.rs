//! What the window asks of the canvas: nodes in the hand that leave for another workflow, and where nodes are.

use egui::{Pos2, Rect, Stroke, StrokeKind, Ui, pos2};

use super::{CanvasState, geometry::snapped, interaction::Interaction};
use crate::{
    editor::theme,
    workflow::{FrameId, NodeId, Position},
};

/// Nodes and frames in the hand.
pub(crate) struct InHand<'a> {
    /// The nodes, sorted.
    pub(crate) nodes: &'a [NodeId],
    /// The frames that come along; the one that was taken is the first.
    pub(crate) frames: Vec<&'a FrameId>,
    /// Where in the scene the pointer took them.
    pub(crate) origin: Pos2,
}

impl CanvasState {
    /// Returns the nodes and frames in the hand, and where in the scene the pointer took them.
    pub(crate) fn in_hand(&self) -> Option<InHand<'_>> {
        match &self.interaction {
            Interaction::DragNodes(drag) => {
                Some(InHand { nodes: &drag.nodes, frames: Vec::new(), origin: drag.origin })
            }
            Interaction::DragFrame(drag) => {
                let (frames, origin) = drag.carried_frames()?;
                Some(InHand { nodes: drag.nodes(), frames, origin })
            }
            _ => None,
        }
    }

    /// Returns where on the screen a node and its pin icon are, as far as they are in sight; `view` is all of the canvas.
    pub(crate) fn node_on_screen(&self, view: Rect, node: &NodeId) -> Option<(Rect, Rect)> {
        let placed = self.scene.node(node)?;
        let projection = self.camera.through(view);
        let (rect, pin) = (projection.rect(placed.rect()), projection.rect(placed.layout.pin(placed.position)));
        view.contains(pin.center()).then(|| (rect.intersect(view), pin))
    }

    /// Returns where on the screen all nodes are, as far as they are in sight; `view` is all of the canvas.
    pub(crate) fn nodes_on_screen(&self, view: Rect) -> Rect {
        let on_screen = |bounds| self.camera.through(view).rect(bounds).intersect(view);
        self.bounds.map_or(Rect::NOTHING, on_screen)
    }

    /// Lets go of what is in the hand: it stays where it was.
    pub(crate) fn let_go(&mut self) {
        self.interaction = Interaction::Idle;
    }

    /// Returns the place on the grid for what is to stand at a point of the screen, `view` being all of the canvas.
    pub(crate) fn place_at(&self, view: Rect, point: Pos2) -> Position {
        let place = snapped(self.camera.through(view).scene_from_screen(point));
        Position(place.x, place.y)
    }

    /// Shows boxes, given from the pointer in scene units, where they would come to stand.
    pub(crate) fn boxes_in_hand_ui(&self, ui: &Ui, view: Rect, pointer: Pos2, boxes: &[Rect]) {
        let (tokens, zoom) = (theme::tokens(ui), self.camera.zoom);
        let painter = ui.painter().with_clip_rect(view);
        for place in boxes {
            let corner = pointer + place.min.to_vec2() * zoom;
            let rect = Rect::from_min_size(pos2(corner.x, corner.y), place.size() * zoom);
            painter.rect_filled(rect, 8.0 * zoom, tokens.node.gamma_multiply(0.8));
            painter.rect_stroke(rect, 8.0 * zoom, Stroke::new(1.5, tokens.accent), StrokeKind::Inside);
        }
    }
}
