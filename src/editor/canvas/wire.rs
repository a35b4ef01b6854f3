//! Painting wires.

use egui::{
    Color32, Pos2, Shape, Stroke,
    epaint::{CircleShape, CubicBezierShape, PathStroke},
    vec2,
};

use super::{
    brush::Brush,
    course::{Course, Curve},
    geometry::PORT_RADIUS,
};
use crate::value::ValueType;

/// The radius of the sign that a value is converted on a wire.
pub(super) const CONVERSION_RADIUS: f32 = 6.5;

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

/// How far from a curve its straight pieces may be, in points.
const FLATNESS: f32 = 0.2;

/// The radius of a bend's sign.
const BEND_RADIUS: f32 = 4.0;

/// Adds the shapes of a wire as a smooth curve with a disc at each bend; the course is on the screen.
pub(super) fn fine(
    brush: &Brush,
    add: &mut dyn FnMut(Shape),
    course: &Course,
    (value_type, becomes): (ValueType, Option<ValueType>),
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
        add(line(course, (width + 5.0) * zoom.max(0.6), color.gamma_multiply(0.22)));
    }
    add(line(course, (width * zoom).clamp(1.2, 5.0), color));
    for bend in course.bends() {
        add(Shape::circle_filled(bend, bend_radius(brush), color));
    }
    if let Some(becomes) = becomes {
        conversion(brush, add, course.middle(), becomes);
    }
}

/// Adds the sign of a conversion: a ring in the colour of what comes out, with an arrow.
fn conversion(brush: &Brush, add: &mut dyn FnMut(Shape), at: Pos2, becomes: ValueType) {
    let radius = CONVERSION_RADIUS * brush.zoom();
    let color = brush.tokens.of_type(becomes);
    let line = |width: f32| Stroke::new((width * brush.zoom()).max(1.0), color);
    add(CircleShape { center: at, radius, fill: brush.tokens.canvas, stroke: line(1.6) }.into());
    let arrow = [vec2(-0.2, -0.45), vec2(0.3, 0.0), vec2(-0.2, 0.45)].map(|corner| at + corner * radius);
    add(Shape::line(arrow.into(), line(1.6)));
}

/// Returns the radius of a bend's sign on the screen.
pub(super) fn bend_radius(brush: &Brush) -> f32 {
    (BEND_RADIUS * brush.zoom()).max(2.0)
}

fn line(course: &Course, width: f32, color: Color32) -> Shape {
    match course.curves() {
        [curve] => stroke(curve.0, width, color),
        // One line, so that nothing is to be seen where its curves meet.
        _ => Shape::line(course.points(24).collect(), Stroke::new(width, color)),
    }
}

fn stroke(points: [Pos2; 4], width: f32, color: Color32) -> Shape {
    let curve = CubicBezierShape { points, closed: false, fill: Color32::TRANSPARENT, stroke: PathStroke::NONE };
    Shape::line(curve.flatten(Some(FLATNESS)), Stroke::new(width, color))
}

/// Adds the shapes of a wire in few pieces, for when it is seen from afar; the course is on the screen.
pub(super) fn coarse(brush: &Brush, add: &mut dyn FnMut(Shape), course: &Course, value_type: ValueType) {
    let color = brush.tokens.of_type(value_type).gamma_multiply(0.7);
    let points = std::iter::once(course.start()).chain(course.curves().iter().flat_map(|curve| curve.few_points()));
    add(Shape::line(points.collect(), Stroke::new(1.0, color)));
    for bend in course.bends() {
        add(Shape::circle_filled(bend, bend_radius(brush), color));
    }
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
