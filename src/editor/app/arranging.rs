//! Commands about where nodes stand.

mod framing;
mod grouping;
mod lines;
mod tidying;

use super::App;
use crate::{
    editor::{
        ArrangeRequest, Direction,
        canvas::{CanvasState, GRID},
        ways, words,
    },
    workflow::NodeId,
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
            ArrangeRequest::Group => self.group_selected(),
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
        let nodes: Vec<NodeId> = sitting.selection().iter().cloned().collect();
        let bends = if nodes.is_empty() { tab.canvas.bends() } else { tab.canvas.chosen_bends() };
        let Some((label, moved)) = ways::move_together(workflow, &nodes, bends, "Nudge", (dx, dy)) else { return };
        let label = match nodes.as_slice() {
            [id] if bends.is_empty() => format!("Nudge {}", words::title(workflow, &self.catalogue, id)),
            _ => label,
        };
        let result = sitting.edit_in_burst(label, moved);
        self.say_edit_error(result);
    }
}
