//! The grid behind the nodes.

use egui::{Stroke, pos2};

use super::brush::Brush;

/// The least distance of grid lines on the screen.
const LEAST_STEP: f32 = 15.0;

/// Paints the canvas' ground and its grid.
pub(super) fn paint(brush: &Brush) {
    brush.painter.rect_filled(brush.projection.view, 0.0, brush.tokens.canvas);
    paint_grid(brush);
}

fn paint_grid(brush: &Brush) {
    let mut step = 20.0;
    while step * brush.zoom() < LEAST_STEP {
        step *= 5.0;
    }
    let screen = brush.projection.view;
    let visible = brush.projection.visible();
    for line in lines(visible.left(), visible.right(), step) {
        let x = brush.projection.screen_from_scene(pos2(line as f32 * step, 0.0)).x;
        brush.painter.vline(x, screen.y_range(), stroke(brush, line));
    }
    for line in lines(visible.top(), visible.bottom(), step) {
        let y = brush.projection.screen_from_scene(pos2(0.0, line as f32 * step)).y;
        brush.painter.hline(screen.x_range(), y, stroke(brush, line));
    }
}

fn lines(from: f32, to: f32, step: f32) -> std::ops::RangeInclusive<i64> {
    (from / step).ceil() as i64..=(to / step).floor() as i64
}

fn stroke(brush: &Brush, line: i64) -> Stroke {
    Stroke::new(1.0, if line % 5 == 0 { brush.tokens.grid_major } else { brush.tokens.grid })
}
