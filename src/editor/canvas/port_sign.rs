//! The sign of a port: its shape says what flows, so that types can be told apart without colour. A sign is solid where a
//! wire ends, else hollow; an input that the node does not run without has a core until it gets its wire.

use egui::{Color32, Pos2, Shape, Stroke, vec2};

use super::{brush::Brush, geometry::PortLayout};
use crate::value::ValueType;

/// The size of the core of a hollow sign.
const CORE: f32 = 0.42;

/// Corners of a sign, for a radius of one.
type Corners = &'static [(f32, f32)];

/// A flat bar, as a row of a table.
const ROW: Corners = &[(-1.2, -0.6), (1.2, -0.6), (1.2, 0.6), (-1.2, 0.6)];
/// An upright bar, as a column of a table.
const COLUMN: Corners = &[(-0.6, -1.2), (0.6, -1.2), (0.6, 1.2), (-0.6, 1.2)];
const SQUARE: Corners = &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)];
const DIAMOND: Corners = &[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)];
const TRIANGLE: Corners = &[(-0.85, -1.15), (1.15, 0.0), (-0.85, 1.15)];
const HEXAGON: Corners = &[(-0.6, -1.0), (0.6, -1.0), (1.2, 0.0), (0.6, 1.0), (-0.6, 1.0), (-1.2, 0.0)];
/// A tag that points onwards.
const ARROW: Corners = &[(-1.1, -0.9), (0.3, -0.9), (1.25, 0.0), (0.3, 0.9), (-1.1, 0.9)];

/// Returns the corners of the sign of a type; `None` for a disc. Types that are kin have the same: numbers and truth values;
/// text and bytes; whatever comes and nothing.
const fn corners(value_type: ValueType) -> Option<Corners> {
    match value_type {
        ValueType::Any | ValueType::Null => None,
        ValueType::Bool | ValueType::Int | ValueType::Float => Some(TRIANGLE),
        ValueType::Text | ValueType::Bytes => Some(HEXAGON),
        ValueType::List => Some(COLUMN),
        ValueType::Record => Some(ROW),
        ValueType::Table => Some(SQUARE),
        ValueType::Image => Some(DIAMOND),
        ValueType::Stream => Some(ARROW),
    }
}

/// Paints a port's sign round a scene point.
pub(super) fn paint(brush: &Brush, center: Pos2, radius: f32, port: &PortLayout, color: Color32) {
    let zoom = brush.zoom();
    let at = brush.projection.screen_from_scene(center);
    let radius = radius * zoom;
    let fill = if port.connected { color } else { brush.tokens.node };
    let line = Stroke::new((1.8 * zoom).max(1.0), color);
    brush.painter.add(shape(port.value_type, at, radius, fill, line));
    if port.required && !port.connected {
        brush.painter.add(shape(port.value_type, at, radius * CORE, color, Stroke::NONE));
    }
}

fn shape(value_type: ValueType, at: Pos2, radius: f32, fill: Color32, line: Stroke) -> Shape {
    let Some(corners) = corners(value_type) else {
        return egui::epaint::CircleShape { center: at, radius, fill, stroke: line }.into();
    };
    let corners = corners.iter().map(|&(x, y)| at + vec2(x, y) * radius).collect();
    Shape::convex_polygon(corners, fill, line)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const ALL: [ValueType; 12] = [
        ValueType::Any,
        ValueType::Null,
        ValueType::Bool,
        ValueType::Int,
        ValueType::Float,
        ValueType::Text,
        ValueType::Bytes,
        ValueType::List,
        ValueType::Record,
        ValueType::Table,
        ValueType::Image,
        ValueType::Stream,
    ];

    #[test]
    fn types_that_are_not_kin_have_different_shapes() {
        let mut by_shape: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for value_type in ALL {
            by_shape.entry(format!("{:?}", corners(value_type))).or_default().push(value_type.name());
        }
        let mut kin: Vec<Vec<&str>> = by_shape.into_values().filter(|types| types.len() > 1).collect();
        kin.sort();
        assert_eq!(kin, [vec!["Any", "Null"], vec!["Bool", "Int", "Float"], vec!["Text", "Bytes"]]);
    }

    #[test]
    fn signs_go_round_once_and_are_about_as_large_as_each_other() {
        for value_type in ALL {
            let Some(corners) = corners(value_type) else { continue };
            let next = |at: usize| corners[(at + 1) % corners.len()];
            let cross = |(ax, ay): (f32, f32), (bx, by): (f32, f32)| ax * by - ay * bx;
            let area: f32 = (0..corners.len()).map(|at| 0.5 * cross(corners[at], next(at))).sum();
            assert!((2.2..4.0).contains(&area), "{value_type:?} has {area}, a disc has 3.14");
            let turns = corners.iter().enumerate().map(|(at, corner)| {
                let (b, c) = (next(at), next(at + 1));
                cross((b.0 - corner.0, b.1 - corner.1), (c.0 - b.0, c.1 - b.1))
            });
            assert!(turns.into_iter().all(|turn| turn > 0.0), "{value_type:?} is not convex");
        }
    }
}
