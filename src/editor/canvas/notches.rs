//! Marks as they are seen from afar: what is cut out of a block, so that they are told apart without colour.

use egui::{Pos2, Rect, Vec2, pos2};

use crate::session::{Mark, Pin, PinState};

/// Blocks less high than this on the screen have no room for what is cut out of them, in points.
const LEAST_HEIGHT: f32 = 4.0;

/// A part that is cut out of a node's block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Notch {
    /// The node's index in the scene.
    pub(super) node: usize,
    /// Where the node is in the scene.
    pub(super) rect: Rect,
    /// From 0 to 1 across the block.
    part: Rect,
}

impl Notch {
    /// Returns where it is on a block on the screen; nothing of it is left of a small block.
    pub(super) fn on(&self, block: Rect) -> Rect {
        if block.height() < LEAST_HEIGHT {
            return Rect::from_min_max(block.min, block.min);
        }
        let at = |part: Pos2| block.min + part.to_vec2() * block.size();
        let thin = Rect::from_min_max(at(self.part.min), at(self.part.max));
        Rect::from_center_size(thin.center(), thin.size().max(Vec2::splat(1.0)))
    }
}

/// Returns what is cut out of the block of a node with a mark: pinned across, forced down, disabled all but the edge, and
/// of one to be pinned two windows.
pub(super) fn of_mark(mark: &Mark, node: usize, rect: Rect) -> impl Iterator<Item = Notch> {
    let parts: &[[f32; 4]] = match mark {
        Mark::Default => &[],
        Mark::Pinned(Pin { state: PinState::Captured(_), .. }) => &[[0.0, 0.4, 1.0, 0.6]],
        Mark::Pinned(Pin { state: PinState::Armed, .. }) => &[[0.1, 0.16, 0.9, 0.42], [0.1, 0.58, 0.9, 0.84]],
        Mark::Forced => &[[0.26, 0.0, 0.36, 1.0], [0.64, 0.0, 0.74, 1.0]],
        Mark::Disabled => &[[0.08, 0.16, 0.92, 0.84]],
    };
    parts.iter().map(move |&[left, top, right, bottom]| Notch {
        node,
        rect,
        part: Rect::from_min_max(pos2(left, top), pos2(right, bottom)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::PinPolicy;

    #[test]
    fn marks_are_cut_otherwise_and_small_blocks_not_at_all() {
        let rect = Rect::from_min_size(pos2(0.0, 0.0), egui::vec2(20.0, 10.0));
        let armed = Mark::armed(PinPolicy::Hold);
        let cut: Vec<Vec<Notch>> =
            [Mark::Default, armed, Mark::Forced, Mark::Disabled].map(|mark| of_mark(&mark, 3, rect).collect()).into();
        assert!(cut[0].is_empty());
        assert_eq!(cut[1..].iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
        for notch in cut.iter().flatten() {
            assert!(rect.contains_rect(notch.on(rect)) && notch.on(rect).is_positive());
            assert!(!notch.on(Rect::from_min_size(rect.min, egui::vec2(6.0, 3.0))).is_positive());
        }
    }
}
