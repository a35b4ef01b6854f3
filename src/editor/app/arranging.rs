//! Commands about where nodes stand.

mod framing;
mod lines;
mod tidying;

use super::App;
use crate::{
    editor::{
        ArrangeRequest, Direction,
        canvas::{CanvasState, GRID},
        ways, words,
    },
    workflow::{NodeId, Position},
};

impl App {
    pub(super) fn arrange(&mut self, request: &ArrangeRequest) {
        match request {
            ArrangeRequest::Nudge(direction) => self.nudge(*direction),
            ArrangeRequest::OfferAlign => self.on_canvas(CanvasState::open_align_menu),
            ArrangeRequest::Align(how) => self.align(*how),
            ArrangeRequest::Spread(axis) => self.spread(*axis),
            ArrangeRequest::Tidy => self.tidy(),
            ArrangeRequest::Frame => self.frame_selected(),
            ArrangeRequest::Comment => self.comment_selected(),
            ArrangeRequest::Collapse => self.toggle_collapsed(),
        }
    }

    /// Moves the selected nodes by a step of the grid. Steps that follow each other are one step of the undo list.
    fn nudge(&mut self, direction: Direction) {
        let Some(tab) = self.tabs.front_mut() else { return };
        let sitting = &mut tab.sitting;
        let (dx, dy) = match direction {
            Direction::Left => (-GRID, 0.0),
            Direction::Right => (GRID, 0.0),
            Direction::Up => (0.0, -GRID),
            Direction::Down => (0.0, GRID),
        };
        let workflow = sitting.workflow();
        if sitting.selection().is_empty() {
            let nudged = ways::move_bends(workflow, tab.canvas.bends(), "Nudge", (dx, dy));
            let result = nudged.map_or(Ok(()), |(label, edit)| sitting.edit_in_burst(label, edit));
            self.say_edit_error(result);
            return;
        }
        let places = sitting.selection().iter().filter_map(|id| Some((id.clone(), workflow.node(id)?.position)));
        let moves: Vec<(NodeId, Position)> =
            places.map(|(id, place)| (id, Position(place.0 + dx, place.1 + dy))).collect();
        let label = match moves.as_slice() {
            [] => return,
            [(id, _)] => format!("Nudge {}", words::title(workflow, &self.catalogue, id)),
            several => format!("Nudge {} nodes", several.len()),
        };
        let moved = ways::move_nodes(workflow, moves);
        let result = sitting.edit_in_burst(label, moved);
        self.say_edit_error(result);
    }
}
