//! The grid and the frames behind the nodes.

use egui::{Align2, Color32, Mesh, Rangef, Rect, Shape, Stroke, StrokeKind, emath::GuiRounding as _, pos2, vec2};

use super::brush::Brush;
use crate::editor::View;

/// The least distance of grid lines on the screen.
const LEAST_STEP: f32 = 15.0;

/// Paints the canvas' ground, its grid and the document's frames.
pub(super) fn paint(brush: &Brush, view: View<'_>) {
    brush.painter.rect_filled(brush.projection.view, 0.0, brush.tokens.canvas);
    paint_grid(brush);
    for (_, frame) in view.workflow.frames() {
        let position = pos2(frame.position.0, frame.position.1);
        paint_frame(brush, Rect::from_min_size(position, vec2(frame.size.0, frame.size.1)), &frame.title);
    }
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

fn paint_frame(brush: &Brush, rect: Rect, title: &str) {
    let on_screen = brush.projection.rect(rect);
    if !on_screen.intersects(brush.projection.view) {
        return;
    }
    let radius = (10.0 * brush.zoom()).min(16.0);
    let line = Stroke::new(1.0, brush.tokens.node_frame);
    brush.painter.rect(on_screen, radius, brush.tokens.selection_box, line, StrokeKind::Inside);
    let at = rect.left_top() + vec2(12.0, 16.0);
    brush.text(at, Align2::LEFT_CENTER, title, 14.0, rect.width() - 24.0, brush.tokens.text_muted);
}
