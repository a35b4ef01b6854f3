//! Lining selected nodes up and spreading them.

use egui::Pos2;

use crate::{
    editor::{
        app::App,
        arrange::{Align, Axis, Block, align, spread},
        canvas::pieces,
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
        let pieces = pieces(sitting.workflow(), &self.catalogue, sitting.selection());
        let block = |rect: egui::Rect| Block { position: rect.min, size: rect.size(), frame: None };
        let blocks: Vec<Block> = pieces.iter().map(|piece| block(piece.rect)).collect();
        let places = places(&blocks);
        let mut moves = Vec::new();
        for (piece, place) in pieces.iter().zip(places).filter(|(piece, place)| piece.rect.min != *place) {
            let by = place - piece.rect.min;
            let place_of = |id: &NodeId| Some(sitting.workflow().node(id)?.position);
            let moved = piece.nodes.iter().filter_map(|id| Some((id.clone(), place_of(id)?)));
            moves.extend(moved.map(|(id, place)| (id, Position(place.0 + by.x, place.1 + by.y))));
        }
        if !moves.is_empty() {
            let edit = ways::move_nodes(sitting.workflow(), moves);
            self.edit(label(pieces.len()), edit);
        }
    }
}
