//! What egui needs for as many bare rectangles and curves.

use std::time::{Duration, Instant};

use egui::{Color32, Shape, Stroke, epaint::CubicBezierShape, pos2, vec2};

use crate::{stage, table::Times};

/// Measures frames of `n` rectangles with an outline and `2 n` curves, all in view.
pub(crate) fn frame(n: usize, n_frames: usize) -> Duration {
    let ctx = egui::Context::default();
    let times = (0..n_frames + 2).map(|frame| one(&ctx, n, frame as f32 * 0.3)).skip(2).collect();
    Times::of(times, 0).median
}

fn one(ctx: &egui::Context, n: usize, shift: f32) -> Duration {
    let columns = (n as f32).sqrt().ceil();
    let pitch = vec2(stage::SIZE.x / columns, stage::SIZE.y / columns);
    let stroke = Stroke::new(1.0, Color32::GRAY);
    let begin = Instant::now();
    let output = ctx.run_ui(stage::input(Vec::new()), |ui| {
        let painter = ui.painter();
        for index in 0..n {
            let at = pos2((index as f32 % columns) * pitch.x + shift, (index as f32 / columns).floor() * pitch.y);
            let rect = egui::Rect::from_min_size(at, pitch * 0.7);
            painter.rect(rect, (pitch.x * 0.05).min(8.0), Color32::DARK_GRAY, stroke, egui::StrokeKind::Middle);
            for down in [0.0, 1.0] {
                let (from, to) = (rect.right_center(), rect.left_center() + vec2(pitch.x, pitch.y * down));
                let reach = vec2(pitch.x * 0.3, 0.0);
                let points = [from, from + reach, to - reach, to];
                painter.add(Shape::CubicBezier(CubicBezierShape::from_points_stroke(
                    points,
                    false,
                    Color32::TRANSPARENT,
                    stroke,
                )));
            }
        }
    });
    drop(stage::tessellate(ctx, output));
    begin.elapsed()
}
