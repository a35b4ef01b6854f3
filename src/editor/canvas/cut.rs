//! Cutting wires: those that a path of the pointer crosses.

use egui::{Pos2, Rect};

use super::canvas_frame::CanvasFrame;

/// How far the pointer goes on the screen before the path has another corner, in points.
pub(super) const STEP: f32 = 4.0;

/// In how many straight pieces each curve of a wire is looked at.
const PIECES: u8 = 24;

/// Returns by index the wires that a path in the scene crosses.
pub(super) fn crossed(frame: &CanvasFrame<'_>, path: &[Pos2]) -> Vec<usize> {
    let Some(bounds) = path.iter().map(|point| Rect::from_pos(*point)).reduce(Rect::union) else { return Vec::new() };
    let mut near = Vec::new();
    frame.scene.wire_grid.query(bounds, &mut near);
    near.retain(|&index| {
        let wire: Vec<Pos2> = frame.course(index).points(PIECES).collect();
        let is_crossed = |piece: &[Pos2]| path.windows(2).any(|leg| do_cross([leg[0], leg[1]], [piece[0], piece[1]]));
        wire.windows(2).any(is_crossed)
    });
    near
}

/// Returns whether two straight pieces cross.
fn do_cross([a, b]: [Pos2; 2], [c, d]: [Pos2; 2]) -> bool {
    let side = |from: Pos2, to: Pos2, point: Pos2| {
        let (along, across) = (to - from, point - from);
        along.x * across.y - along.y * across.x
    };
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn pieces_cross_where_each_end_lies_on_another_side() {
        let flat = [pos2(0.0, 0.0), pos2(10.0, 0.0)];
        assert!(do_cross(flat, [pos2(5.0, -1.0), pos2(5.0, 1.0)]));
        assert!(!do_cross(flat, [pos2(11.0, -1.0), pos2(11.0, 1.0)]));
        assert!(!do_cross(flat, [pos2(0.0, 1.0), pos2(10.0, 1.0)]));
    }
}
