//! The grid behind the nodes.

use egui::{Color32, Mesh, Rangef, Rect, Shape, emath::GuiRounding as _, pos2};

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
    let pixels_per_point = brush.painter.ctx().pixels_per_point();
    // On whole pixels, and all in one mesh.
    let thin = |at: f32| {
        let from = (at - 0.5).round_to_pixels(pixels_per_point);
        Rangef::new(from, from + 1.0)
    };
    let mut mesh = Mesh::default();
    for line in lines(visible.left(), visible.right(), step) {
        let x = brush.projection.screen_from_scene(pos2(line as f32 * step, 0.0)).x;
        mesh.add_colored_rect(Rect::from_x_y_ranges(thin(x), screen.y_range()), color(brush, line));
    }
    for line in lines(visible.top(), visible.bottom(), step) {
        let y = brush.projection.screen_from_scene(pos2(0.0, line as f32 * step)).y;
        mesh.add_colored_rect(Rect::from_x_y_ranges(screen.x_range(), thin(y)), color(brush, line));
    }
    brush.painter.add(Shape::mesh(mesh));
}

fn lines(from: f32, to: f32, step: f32) -> std::ops::RangeInclusive<i64> {
    (from / step).ceil() as i64..=(to / step).floor() as i64
}

fn color(brush: &Brush, line: i64) -> Color32 {
    if line % 5 == 0 { brush.tokens.grid_major } else { brush.tokens.grid }
}
