//! Painting wires.

use egui::{
    Color32, Pos2, Shape, Stroke,
    epaint::{CubicBezierShape, PathStroke},
};

use super::{
    brush::Brush,
    geometry::{Curve, PORT_RADIUS},
};
use crate::value::ValueType;

/// How much a wire stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Emphasis {
    /// It leads to or from what is left out.
    Dim,
    /// As usual.
    Plain,
    /// It leads to or from what is selected.
    Selected,
    /// A reason came along it.
    Lit,
    /// It is under the pointer.
    Hovered,
}

/// Adds the shapes of a wire as a smooth curve; points are on the screen.
pub(super) fn fine(
    brush: &Brush,
    add: &mut dyn FnMut(Shape),
    points: [Pos2; 4],
    value_type: ValueType,
    emphasis: Emphasis,
) {
    let zoom = brush.zoom();
    let color = brush.tokens.of_type(value_type);
    let (width, color) = match emphasis {
        Emphasis::Dim => (1.5, color.gamma_multiply(0.35)),
        Emphasis::Plain => (2.0, color.gamma_multiply(0.8)),
        Emphasis::Selected => (2.6, color),
        Emphasis::Lit => (3.0, color),
        Emphasis::Hovered => (3.4, color),
    };
    if matches!(emphasis, Emphasis::Hovered | Emphasis::Lit) {
        add(stroke(points, (width + 5.0) * zoom.max(0.6), color.gamma_multiply(0.22)));
    }
    add(stroke(points, (width * zoom).clamp(1.2, 5.0), color));
}

fn stroke(points: [Pos2; 4], width: f32, color: Color32) -> Shape {
    let stroke = PathStroke::new(width, color);
    CubicBezierShape { points, closed: false, fill: Color32::TRANSPARENT, stroke }.into()
}

/// Adds the shape of a wire in few pieces, for when it is seen from afar; points are on the screen.
pub(super) fn coarse(brush: &Brush, add: &mut dyn FnMut(Shape), points: [Pos2; 4], value_type: ValueType) {
    const STEPS: u8 = 8;
    let curve = Curve(points);
    let points = (0..=STEPS).map(|step| curve.at(f32::from(step) / f32::from(STEPS))).collect();
    let color = brush.tokens.of_type(value_type).gamma_multiply(0.7);
    add(Shape::line(points, Stroke::new(1.0, color)));
}

/// Paints the wire in the hand, from its fixed end to the pointer.
pub(super) fn paint_in_hand(brush: &Brush, curve: Curve, value_type: ValueType, refused: bool) {
    let zoom = brush.zoom();
    let color = if refused { brush.tokens.failed } else { brush.tokens.of_type(value_type) };
    let points = curve.0.map(|point| brush.projection.screen_from_scene(point));
    let width = (2.6 * zoom).clamp(1.5, 5.0);
    if refused {
        let path: Vec<Pos2> =
            (0..=32_u8).map(|step| brush.projection.screen_from_scene(curve.at(f32::from(step) / 32.0))).collect();
        brush.painter.extend(Shape::dashed_line(&path, Stroke::new(width, color), 6.0, 5.0));
    } else {
        brush.painter.add(stroke(points, width, color));
    }
    for end in [points[0], points[3]] {
        brush.painter.circle_filled(end, (PORT_RADIUS * zoom).max(3.0), color);
    }
}
