//! The strokes that icons are drawn with.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, vec2};

/// Draws in units of a 16 × 16 square.
pub(super) struct Pen<'a> {
    painter: &'a Painter,
    origin: Pos2,
    unit: f32,
    stroke: Stroke,
}

impl<'a> Pen<'a> {
    pub(super) fn new(painter: &'a Painter, rect: Rect, color: Color32) -> Self {
        let side = rect.width().min(rect.height());
        let unit = side / 16.0;
        let origin = rect.center() - vec2(side, side) * 0.5;
        Self { painter, origin, unit, stroke: Stroke::new((1.5 * unit).max(1.0), color) }
    }

    pub(super) fn at(&self, (x, y): (f32, f32)) -> Pos2 {
        self.origin + vec2(x, y) * self.unit
    }

    pub(super) fn points(&self, points: &[(f32, f32)]) -> Vec<Pos2> {
        points.iter().map(|&point| self.at(point)).collect()
    }

    pub(super) fn line(&self, points: &[(f32, f32)]) {
        self.painter.add(Shape::line(self.points(points), self.stroke));
    }

    pub(super) fn closed(&self, points: &[(f32, f32)]) {
        self.painter.add(Shape::closed_line(self.points(points), self.stroke));
    }

    pub(super) fn area(&self, points: &[(f32, f32)]) {
        let path = egui::epaint::PathShape {
            points: self.points(points),
            closed: true,
            fill: self.stroke.color,
            stroke: Stroke::new(0.6 * self.unit, self.stroke.color).into(),
        };
        self.painter.add(path);
    }

    pub(super) fn circle(&self, x: f32, y: f32, radius: f32) {
        self.painter.circle_stroke(self.at((x, y)), radius * self.unit, self.stroke);
    }

    pub(super) fn dot(&self, x: f32, y: f32, radius: f32) {
        self.painter.circle_filled(self.at((x, y)), radius * self.unit, self.stroke.color);
    }

    pub(super) fn ellipse(&self, x: f32, y: f32, rx: f32, ry: f32) {
        let size = vec2(rx, ry) * self.unit;
        self.painter.add(egui::epaint::EllipseShape::stroke(self.at((x, y)), size, self.stroke));
    }

    /// Draws part of a circle; angles in turns, clockwise from the right.
    pub(super) fn arc(&self, (x, y): (f32, f32), radius: f32, from: f32, to: f32) {
        let n_sides = self.n_sides(radius, (to - from).abs());
        let points: Vec<(f32, f32)> = (0..=n_sides)
            .map(|side| {
                let angle = (from + (to - from) * side as f32 / n_sides as f32) * std::f32::consts::TAU;
                (x + radius * angle.cos(), y + radius * angle.sin())
            })
            .collect();
        self.line(&points);
    }

    /// Returns in how many straight sides a part of a circle falls, given in turns, so that none can be told from the round.
    fn n_sides(&self, radius: f32, turns: f32) -> usize {
        let pixel = 1.0 / self.painter.pixels_per_point();
        let flat = (1.0 - 0.12 * pixel / (radius * self.unit)).clamp(0.0, 0.999);
        ((0.5 * turns * std::f32::consts::TAU / flat.acos()).ceil() as usize).clamp(1, 48)
    }

    pub(super) fn dashes(&self, x: f32, y: f32, radius: f32) {
        for step in 0..8 {
            let from = step as f32 / 8.0;
            self.arc((x, y), radius, from, from + 0.07);
        }
    }

    pub(super) fn pin(&self, filled: bool) {
        let head = [(5.2, 2.0), (10.8, 2.0), (10.0, 7.0), (12.4, 9.6), (3.6, 9.6), (6.0, 7.0)];
        if filled {
            self.area(&[(5.2, 2.0), (10.8, 2.0), (10.0, 7.2), (6.0, 7.2)]);
            self.area(&[(6.0, 7.0), (10.0, 7.0), (12.4, 9.8), (3.6, 9.8)]);
        } else {
            self.closed(&head);
        }
        self.line(&[(8.0, 9.8), (8.0, 14.4)]);
    }

    /// A filled pin and a mark of exclamation.
    pub(super) fn stale_pin(&self) {
        self.area(&[(2.0, 2.0), (7.6, 2.0), (6.8, 7.2), (2.8, 7.2)]);
        self.area(&[(2.8, 7.0), (6.8, 7.0), (9.2, 9.8), (0.6, 9.8)]);
        self.line(&[(4.8, 9.8), (4.8, 14.4)]);
        self.line(&[(13.0, 2.2), (13.0, 9.4)]);
        self.dot(13.0, 13.0, 1.3);
    }

    pub(super) fn turn_back(&self, mirrored: bool) {
        let side = |x: f32| if mirrored { 16.0 - x } else { x };
        self.line(&[(side(6.0), 2.6), (side(2.6), 6.0), (side(6.0), 9.4)]);
        self.line(&[
            (side(2.8), 6.0),
            (side(9.6), 6.0),
            (side(12.0), 6.8),
            (side(13.2), 9.0),
            (side(12.4), 11.4),
            (side(10.0), 12.8),
            (side(5.4), 12.8),
        ]);
    }

    pub(super) fn disk(&self) {
        self.closed(&[(2.6, 2.6), (11.0, 2.6), (13.4, 5.0), (13.4, 13.4), (2.6, 13.4)]);
        self.line(&[(5.0, 13.2), (5.0, 9.0), (11.0, 9.0), (11.0, 13.2)]);
        self.line(&[(5.4, 2.8), (5.4, 5.6), (9.6, 5.6), (9.6, 2.8)]);
    }

    pub(super) fn folder(&self) {
        self.closed(&[(2.0, 3.4), (6.2, 3.4), (7.6, 5.2), (14.0, 5.2), (14.0, 12.8), (2.0, 12.8)]);
    }

    pub(super) fn page(&self) {
        self.closed(&[(3.6, 1.8), (9.6, 1.8), (12.6, 4.8), (12.6, 14.2), (3.6, 14.2)]);
        self.line(&[(9.4, 2.0), (9.4, 5.0), (12.4, 5.0)]);
    }

    pub(super) fn sun(&self) {
        self.circle(8.0, 8.0, 2.8);
        for step in 0..8 {
            let angle = step as f32 / 8.0 * std::f32::consts::TAU;
            let (sin, cos) = angle.sin_cos();
            self.line(&[(8.0 + 5.0 * cos, 8.0 + 5.0 * sin), (8.0 + 6.6 * cos, 8.0 + 6.6 * sin)]);
        }
    }

    pub(super) fn moon(&self) {
        let on = |x: f32, y: f32, radius: f32, turn: f32| {
            let angle = turn * std::f32::consts::TAU;
            (x + radius * angle.cos(), y + radius * angle.sin())
        };
        // A circle less another; both arcs run between the points where the circles meet.
        let outer = (0..=16).map(|step| on(8.0, 8.0, 5.8, 0.028 + 0.694 * step as f32 / 16.0));
        let inner = (1..10).map(|step| on(10.8, 5.2, 4.8, 0.604 - 0.458 * step as f32 / 10.0));
        self.closed(&outer.chain(inner).collect::<Vec<_>>());
    }

    pub(super) fn reuse(&self) {
        self.arc((8.0, 8.0), 5.2, 0.56, 0.93);
        self.arc((8.0, 8.0), 5.2, 0.06, 0.43);
        self.line(&[(13.6, 3.2), (13.0, 6.6), (9.8, 5.6)]);
        self.line(&[(2.4, 12.8), (3.0, 9.4), (6.2, 10.4)]);
    }

    pub(super) fn cycle(&self) {
        self.arc((8.0, 8.0), 5.4, -0.02, 0.8);
        self.line(&[(6.6, 0.8), (9.8, 2.9), (7.4, 5.8)]);
    }

    pub(super) fn lock(&self) {
        self.area(&[(3.4, 7.2), (12.6, 7.2), (12.6, 13.8), (3.4, 13.8)]);
        self.line(&[(5.2, 7.0), (5.2, 5.0), (6.2, 3.0), (8.0, 2.2), (9.8, 3.0), (10.8, 5.0), (10.8, 7.0)]);
    }

    /// An eye: it watches what its results come from.
    pub(super) fn follow(&self) {
        let lid = |sign: f32| {
            (0..=10_u8).map(move |step| {
                let along = f32::from(step) / 10.0;
                (1.4 + 13.2 * along, 8.0 + sign * 5.0 * (along * std::f32::consts::PI).sin())
            })
        };
        self.closed(&lid(-1.0).chain(lid(1.0).rev()).collect::<Vec<_>>());
        self.dot(8.0, 8.0, 2.2);
    }

    pub(super) fn drawer(&self) {
        self.closed(&[(2.2, 3.0), (13.8, 3.0), (13.8, 13.0), (2.2, 13.0)]);
        self.line(&[(2.2, 8.0), (13.8, 8.0)]);
        self.line(&[(6.2, 5.6), (9.8, 5.6)]);
        self.line(&[(6.2, 10.6), (9.8, 10.6)]);
    }

    pub(super) fn gear(&self) {
        self.circle(8.0, 8.0, 4.2);
        self.dot(8.0, 8.0, 1.2);
        for step in 0..8 {
            let angle = step as f32 / 8.0 * std::f32::consts::TAU;
            let (sin, cos) = angle.sin_cos();
            self.line(&[(8.0 + 4.4 * cos, 8.0 + 4.4 * sin), (8.0 + 6.4 * cos, 8.0 + 6.4 * sin)]);
        }
    }

    pub(super) fn warning(&self) {
        self.closed(&[(8.0, 2.2), (14.5, 13.5), (1.5, 13.5)]);
        self.line(&[(8.0, 6.4), (8.0, 9.6)]);
        self.dot(8.0, 11.6, 0.9);
    }

    pub(super) fn error(&self) {
        self.circle(8.0, 8.0, 6.0);
        self.line(&[(8.0, 4.6), (8.0, 8.8)]);
        self.dot(8.0, 11.2, 0.95);
    }

    pub(super) fn clock(&self) {
        self.circle(8.0, 8.0, 6.0);
        self.line(&[(8.0, 4.6), (8.0, 8.2), (10.6, 9.8)]);
    }

    pub(super) fn side_effect(&self) {
        self.line(&[(7.0, 3.5), (3.0, 3.5), (3.0, 13.0), (12.5, 13.0), (12.5, 9.0)]);
        self.line(&[(7.4, 8.6), (13.2, 2.8)]);
        self.line(&[(9.4, 2.6), (13.4, 2.6), (13.4, 6.6)]);
    }

    pub(super) fn pencil(&self) {
        self.closed(&[(2.8, 13.2), (3.6, 9.8), (10.6, 2.8), (13.2, 5.4), (6.2, 12.4)]);
        self.line(&[(8.8, 4.6), (11.4, 7.2)]);
    }

    pub(super) fn file(&self) {
        self.page();
        self.line(&[(6.0, 8.4), (10.2, 8.4)]);
        self.line(&[(6.0, 11.0), (10.2, 11.0)]);
    }

    pub(super) fn table(&self) {
        self.closed(&[(2.2, 3.2), (13.8, 3.2), (13.8, 12.8), (2.2, 12.8)]);
        self.line(&[(2.2, 6.6), (13.8, 6.6)]);
        self.line(&[(2.2, 9.7), (13.8, 9.7)]);
        self.line(&[(6.6, 6.6), (6.6, 12.8)]);
    }

    pub(super) fn text(&self) {
        self.line(&[(3.0, 5.2), (3.0, 3.2), (13.0, 3.2), (13.0, 5.2)]);
        self.line(&[(8.0, 3.2), (8.0, 13.0)]);
        self.line(&[(6.0, 13.0), (10.0, 13.0)]);
    }

    pub(super) fn picture(&self) {
        self.closed(&[(2.2, 3.0), (13.8, 3.0), (13.8, 13.0), (2.2, 13.0)]);
        self.line(&[(2.6, 11.6), (6.2, 7.6), (9.0, 10.6), (10.6, 9.0), (13.4, 11.8)]);
        self.dot(10.6, 5.8, 1.1);
    }

    pub(super) fn globe(&self) {
        self.circle(8.0, 8.0, 6.0);
        self.line(&[(2.0, 8.0), (14.0, 8.0)]);
        self.ellipse(8.0, 8.0, 2.8, 6.0);
    }

    pub(super) fn branch(&self) {
        self.line(&[(2.0, 8.0), (5.5, 8.0), (9.0, 4.0), (13.5, 4.0)]);
        self.line(&[(5.5, 8.0), (9.0, 12.0), (13.5, 12.0)]);
        self.dot(13.0, 4.0, 1.6);
        self.dot(13.0, 12.0, 1.6);
    }

    pub(super) fn frame(&self) {
        self.closed(&[(2.2, 3.0), (13.8, 3.0), (13.8, 13.4), (2.2, 13.4)]);
        self.line(&[(2.2, 6.2), (13.8, 6.2)]);
    }

    pub(super) fn note(&self) {
        self.closed(&[(2.4, 3.0), (13.6, 3.0), (13.6, 11.0), (8.4, 11.0), (5.2, 13.8), (5.2, 11.0), (2.4, 11.0)]);
        self.line(&[(5.0, 7.0), (11.0, 7.0)]);
    }

    pub(super) fn tidy(&self) {
        self.closed(&[(1.8, 6.2), (5.4, 6.2), (5.4, 9.8), (1.8, 9.8)]);
        self.closed(&[(10.6, 2.4), (14.2, 2.4), (14.2, 6.0), (10.6, 6.0)]);
        self.closed(&[(10.6, 10.0), (14.2, 10.0), (14.2, 13.6), (10.6, 13.6)]);
        self.line(&[(5.4, 8.0), (8.0, 8.0), (8.0, 4.2), (10.6, 4.2)]);
        self.line(&[(8.0, 8.0), (8.0, 11.8), (10.6, 11.8)]);
    }

    pub(super) fn question(&self) {
        self.line(&[(5.2, 5.6), (6.0, 3.8), (8.0, 3.0), (10.0, 3.8), (10.7, 5.5), (9.8, 7.2), (8.1, 8.4), (8.0, 10.0)]);
        self.dot(8.0, 12.8, 1.0);
    }

    pub(super) fn skip(&self) {
        self.dashes(8.0, 8.0, 5.8);
        self.line(&[(5.2, 8.0), (10.8, 8.0)]);
    }

    pub(super) fn new_page(&self) {
        self.page();
        self.line(&[(8.0, 7.0), (8.0, 12.0)]);
        self.line(&[(5.5, 9.5), (10.5, 9.5)]);
    }

    pub(super) fn search(&self) {
        self.circle(6.8, 6.8, 4.3);
        self.line(&[(10.0, 10.0), (14.0, 14.0)]);
    }

    pub(super) fn resume(&self) {
        self.area(&[(6.5, 3.0), (14.0, 8.0), (6.5, 13.0)]);
        self.line(&[(3.2, 3.2), (3.2, 12.8)]);
    }

    pub(super) fn pause(&self) {
        self.area(&[(3.8, 3.2), (6.8, 3.2), (6.8, 12.8), (3.8, 12.8)]);
        self.area(&[(9.2, 3.2), (12.2, 3.2), (12.2, 12.8), (9.2, 12.8)]);
    }

    pub(super) fn step(&self) {
        self.area(&[(2.6, 3.2), (10.0, 8.0), (2.6, 12.8)]);
        self.line(&[(13.0, 3.2), (13.0, 12.8)]);
    }

    pub(super) fn octagon(&self) {
        self.area(&[
            (5.4, 1.8),
            (10.6, 1.8),
            (14.2, 5.4),
            (14.2, 10.6),
            (10.6, 14.2),
            (5.4, 14.2),
            (1.8, 10.6),
            (1.8, 5.4),
        ]);
    }
}
