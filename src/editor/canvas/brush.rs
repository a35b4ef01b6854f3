//! Painting in scene units.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use egui::{
    Align2, Color32, CornerRadius, Galley, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2,
    epaint::{RectShape, TextShape},
    pos2, vec2,
};

use super::{camera::Projection, galleys::Galleys, rounded::Triangulator};
use crate::editor::{
    icons::{self, Icon},
    theme::Tokens,
};

/// Texts smaller than this on the screen are left out.
const LEAST_FONT_SIZE: f32 = 4.5;

/// A painter that takes scene units.
#[derive(Clone)]
pub(super) struct Brush {
    /// Paints on the screen.
    pub(super) painter: Painter,
    /// Where the scene is on the screen.
    pub(super) projection: Projection,
    /// The theme's colours.
    pub(super) tokens: &'static Tokens,
    /// Texts that were laid out before.
    pub(super) galleys: Rc<RefCell<Galleys>>,
}

impl Brush {
    /// Returns points on the screen for one scene unit.
    pub(super) const fn zoom(&self) -> f32 {
        self.projection.zoom()
    }

    /// Returns the brush with all it paints dimmed.
    pub(super) fn dimmed(&self, opacity: f32) -> Self {
        let mut brush = self.clone();
        brush.painter.multiply_opacity(opacity);
        brush
    }

    /// Returns the brush with other colours.
    pub(super) fn with_tokens(&self, tokens: &'static Tokens) -> Self {
        Self { tokens, ..self.clone() }
    }

    /// Returns what makes triangles of shapes that are kept.
    pub(super) fn triangulator(&self) -> Triangulator {
        Triangulator::new(self.painter.ctx())
    }

    /// Says how many vertices and indices are about to be painted: egui makes room for all of them at once, in place of
    /// making more and more room and moving what is there each time.
    pub(super) fn announce(&self, (n_vertices, n_indices): (usize, usize)) {
        let Some(blank) = self.galleys.borrow().sentinel().cloned() else { return };
        let mut galley = Galley::clone(&blank);
        galley.rows.clear();
        (galley.num_vertices, galley.num_indices) = (n_vertices, n_indices);
        self.painter.add(TextShape::new(self.projection.view.min, galley.into(), Color32::WHITE));
    }

    /// Fills a rectangle.
    pub(super) fn fill(&self, rect: Rect, radius: f32, color: Color32) {
        self.painter.rect_filled(self.projection.rect(rect), self.radius(radius), color);
    }

    /// Fills a rectangle whose upper corners only are round.
    pub(super) fn fill_upper(&self, rect: Rect, radius: f32, color: Color32) {
        let radius = CornerRadius { sw: 0, se: 0, ..self.radius(radius) };
        self.painter.rect_filled(self.projection.rect(rect), radius, color);
    }

    /// Draws the outline of a rectangle; the width is in points.
    pub(super) fn outline(&self, rect: Rect, radius: f32, stroke: Stroke) {
        let rect = self.projection.rect(rect);
        self.painter.rect_stroke(rect, self.radius(radius), stroke, StrokeKind::Middle);
    }

    /// Draws a dashed outline of a rectangle; the width is in points.
    pub(super) fn dashed_outline(&self, rect: Rect, radius: f32, stroke: Stroke) {
        let dash = (6.0 * self.zoom()).clamp(2.5, 8.0);
        self.broken_outline(rect, radius, stroke, (dash, dash * 0.8));
    }

    /// Draws an outline of a rectangle in dashes; the width, the dashes and the gaps are in points.
    pub(super) fn broken_outline(&self, rect: Rect, radius: f32, stroke: Stroke, (dash, gap): (f32, f32)) {
        let path = rounded_path(self.projection.rect(rect), radius * self.zoom());
        self.painter.extend(Shape::dashed_line(&path, stroke, dash, gap));
    }

    /// Draws the four corners of a rectangle with arms from where they are no longer round; the width is in points.
    pub(super) fn corners(&self, rect: Rect, radius: f32, arm: f32, stroke: Stroke) {
        let (rect, zoom) = (self.projection.rect(rect), self.zoom());
        let (reach, round) = ((radius + arm) * zoom, radius * zoom);
        for (corner, x, y) in [
            (rect.left_top(), 1.0, 1.0),
            (rect.right_top(), -1.0, 1.0),
            (rect.right_bottom(), -1.0, -1.0),
            (rect.left_bottom(), 1.0, -1.0),
        ] {
            let at = |right: f32, down: f32| corner + vec2(right * x, down * y);
            let bend = round * (1.0 - std::f32::consts::FRAC_1_SQRT_2);
            let path = vec![at(0.0, reach), at(0.0, round), at(bend, bend), at(round, 0.0), at(reach, 0.0)];
            self.painter.add(Shape::line(path, stroke));
        }
    }

    /// Paints a soft shadow below a rectangle.
    pub(super) fn shadow(&self, rect: Rect, radius: f32) {
        let zoom = self.zoom();
        let rect = self.projection.rect(rect).translate(vec2(0.0, 3.0 * zoom));
        let shape = RectShape::filled(rect, self.radius(radius), self.tokens.shadow).with_blur_width(12.0 * zoom);
        self.painter.add(shape);
    }

    /// Draws a line; the width is in points.
    pub(super) fn line(&self, from: Pos2, to: Pos2, stroke: Stroke) {
        let at = |point| self.projection.screen_from_scene(point);
        self.painter.line_segment([at(from), at(to)], stroke);
    }

    /// Paints an icon round a scene point.
    pub(super) fn icon(&self, center: Pos2, side: f32, icon: Icon, color: Color32) {
        let size = Vec2::splat(side * self.zoom());
        let rect = Rect::from_center_size(self.projection.screen_from_scene(center), size);
        icons::paint(&self.painter, rect, icon, color);
    }

    /// Writes one line of text, shortened to a width; returns the width it took.
    pub(super) fn text(
        &self,
        at: Pos2,
        align: Align2,
        text: &str,
        font_size: f32,
        max_width: f32,
        color: Color32,
    ) -> f32 {
        let Some(galley) = self.galley(text, font_size, max_width) else { return 0.0 };
        let rect = align.anchor_size(self.projection.screen_from_scene(at), galley.size());
        let width = galley.size().x / self.zoom();
        self.painter.galley_with_override_text_color(rect.min, galley, color);
        width
    }

    /// Font sizes go in steps, so that zooming does not lay out and rasterise all text anew in every frame. They are
    /// rounded down, so that text never outgrows its place.
    fn galley(&self, text: &str, font_size: f32, max_width: f32) -> Option<Arc<Galley>> {
        let size = (font_size * self.zoom() * 2.0).floor() * 0.5;
        if size < LEAST_FONT_SIZE || text.is_empty() {
            return None;
        }
        let width = (max_width * size / font_size).max(1.0);
        Some(self.galleys.borrow_mut().line(self.painter.ctx(), text, size, width))
    }

    fn radius(&self, radius: f32) -> CornerRadius {
        CornerRadius::same((radius * self.zoom()).round().clamp(0.0, 64.0) as u8)
    }
}

/// Returns the outline of a rectangle with round corners, closed.
fn rounded_path(rect: Rect, radius: f32) -> Vec<Pos2> {
    const STEPS: u8 = 5;
    let radius = radius.min(rect.width() * 0.5).min(rect.height() * 0.5);
    let inner = rect.shrink(radius);
    let corners =
        [(inner.right_top(), -0.25), (inner.right_bottom(), 0.0), (inner.left_bottom(), 0.25), (inner.left_top(), 0.5)];
    let mut path = Vec::with_capacity(4 * usize::from(STEPS + 1) + 1);
    for (center, turn) in corners {
        for step in 0..=STEPS {
            let angle = (turn + 0.25 * f32::from(step) / f32::from(STEPS)) * std::f32::consts::TAU;
            path.push(center + vec2(angle.cos(), angle.sin()) * radius);
        }
    }
    path.push(pos2(inner.right(), rect.top()));
    path
}
