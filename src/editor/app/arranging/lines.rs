//! Lining selected nodes up and spreading them.

use egui::Pos2;

use crate::{
    editor::{
        app::App,
        arrange::{Align, Axis, Block, align, spread},
        canvas::boxes,
        ways,
        words::count,
    },
    workflow::{NodeId, Position},
};

impl App {
    /// Brings the selected nodes onto one line.
    pub(super) fn align(&mut self, how: Align) {
        let line = match how {
            Align::Left => "left",
            Align::Right => "right",
            Align::Top => "at the top",
            Align::Bottom => "at the bottom",
            Align::Row => "in a row",
            Align::Column => "in a column",
        };
        self.rearrange(|n_nodes| format!("Align {} {line}", count(n_nodes, "node")), |blocks| align(blocks, how));
    }

    /// Makes the gaps between the selected nodes equal.
    pub(super) fn spread(&mut self, axis: Axis) {
        let way = match axis {
            Axis::Horizontal => "horizontally",
            Axis::Vertical => "vertically",
        };
        self.rearrange(|n_nodes| format!("Spread {} {way}", count(n_nodes, "node")), |blocks| spread(blocks, axis));
    }

    fn rearrange(&mut self, label: impl FnOnce(usize) -> String, places: impl FnOnce(&[Block]) -> Vec<Pos2>) {
        let Some(sitting) = self.tabs.sitting() else { return };
        let boxes = boxes(sitting.workflow(), &self.catalogue, sitting.selection());
        let block = |rect: egui::Rect| Block { position: rect.min, size: rect.size(), frame: None };
        let blocks: Vec<Block> = boxes.iter().map(|node| block(node.rect)).collect();
        let places = places(&blocks);
        let moved = boxes.iter().zip(places).filter(|(node, place)| node.rect.min != *place);
        let moves: Vec<(NodeId, Position)> =
            moved.map(|(node, place)| (node.id.clone(), Position(place.x, place.y))).collect();
        if !moves.is_empty() {
            let edit = ways::move_nodes(sitting.workflow(), moves);
            self.edit(label(boxes.len()), edit);
        }
    }
}
