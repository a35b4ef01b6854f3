//! The frame round a node: its colour says how the node stands, its pattern what mark it has.

use egui::{Rect, Stroke};

use super::{
    brush::Brush,
    standing::{MarkLook, PinHold, Standing},
};

/// How the frame of a node is drawn, so that marks are told apart without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// One line: no mark.
    Single,
    /// Two lines: pinned.
    Double,
    /// Dots: a pin that lets go.
    Dots,
    /// Long dashes: to be pinned.
    LongDashes,
    /// Heavy corners: forced.
    Corners,
    /// Dashes: disabled.
    Dashes,
}

impl Pattern {
    /// Returns the pattern of a mark.
    pub(super) const fn of(mark: MarkLook) -> Self {
        match mark {
            MarkLook::Plain => Self::Single,
            MarkLook::Pinned { hold: PinHold::Released, .. } => Self::Dots,
            MarkLook::Pinned { .. } => Self::Double,
            MarkLook::Armed(_) => Self::LongDashes,
            MarkLook::Forced => Self::Corners,
            MarkLook::Disabled => Self::Dashes,
        }
    }
}

/// Paints the frame of a node; where nothing colours it, it shows whether the pointer is over the node.
pub(super) fn paint(brush: &Brush, rect: Rect, radius: f32, standing: &Standing<'_>, hovered: bool) {
    let tokens = brush.tokens;
    let (color, width) = match standing.frame_color(tokens) {
        Some(color) => (color, 2.0),
        None if hovered => (tokens.text_muted, 1.0),
        None => (tokens.node_frame, 1.0),
    };
    let stroke = Stroke::new((width * brush.zoom()).clamp(1.0, 3.0), color);
    paint_pattern(brush, (rect, radius), stroke, Pattern::of(standing.mark));
}

fn paint_pattern(brush: &Brush, (rect, radius): (Rect, f32), stroke: Stroke, pattern: Pattern) {
    let zoom = brush.zoom();
    match pattern {
        Pattern::Single => brush.outline(rect, radius, stroke),
        Pattern::Double => {
            brush.outline(rect, radius, stroke);
            // The gap is seen from afar, too.
            let gap = (3.5_f32).max(3.0 / zoom);
            let inner = Stroke::new(stroke.width.min(1.2), stroke.color);
            brush.outline(rect.shrink(gap), (radius - gap).max(1.0), inner);
        }
        Pattern::Dots => {
            brush.broken_outline(rect, radius, stroke, (stroke.width, stroke.width * 2.0 + 1.0));
        }
        Pattern::LongDashes => {
            let dash = (14.0 * zoom).clamp(5.0, 18.0);
            brush.broken_outline(rect, radius, stroke, (dash, dash * 0.4));
        }
        Pattern::Corners => {
            brush.outline(rect, radius, stroke);
            let heavy = Stroke::new((5.0 * zoom).clamp(2.5, 7.0), stroke.color);
            brush.corners(rect, radius, 12.0, heavy);
        }
        Pattern::Dashes => brush.dashed_outline(rect, radius, stroke),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::PinPolicy;

    #[test]
    fn every_mark_has_its_own_pattern_and_a_stale_pin_holds_on() {
        let pinned = |hold| MarkLook::Pinned { policy: PinPolicy::Hold, hold };
        let marks = [
            MarkLook::Plain,
            pinned(PinHold::Firm),
            pinned(PinHold::Released),
            MarkLook::Armed(PinPolicy::Hold),
            MarkLook::Forced,
            MarkLook::Disabled,
        ];
        let patterns = marks.map(Pattern::of);
        for (index, pattern) in patterns.iter().enumerate() {
            assert!(!patterns[..index].contains(pattern), "{:?}", marks[index]);
        }
        assert_eq!(Pattern::of(pinned(PinHold::Stale)), Pattern::Double);
    }
}
