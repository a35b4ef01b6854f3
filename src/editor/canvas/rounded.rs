//! Triangles of shapes that are kept: the same picture in fewer of them than egui makes. Round corners get no more points
//! than the eye needs, and a line as wide as its soft edges has no corners that lie in the same place.

use std::f32::consts::{FRAC_PI_2, TAU};

use egui::{
    Color32, Context, Mesh, Pos2, Shape, StrokeKind, Vec2,
    emath::GuiRounding as _,
    epaint::{
        CircleShape, ColorMode, CornerRadiusF32, PathShape, PathStroke, RectShape, RoundedRect, TessellationOptions,
        Tessellator,
    },
    vec2,
};

/// How far a straight side may be from the round that it stands for, in pixels.
const TOLERANCE: f32 = 0.185;
/// egui makes all corners that much rounder.
const ROUNDER: f32 = 0.4;

/// Makes triangles of shapes.
pub(super) struct Triangulator {
    pixels_per_point: f32,
    options: TessellationOptions,
    tessellator: Tessellator,
}

impl Triangulator {
    /// Uses none of the discs that egui has in its texture: where those are changes as the texture grows.
    pub(super) fn new(ctx: &Context) -> Self {
        let pixels_per_point = ctx.pixels_per_point();
        let options = ctx.tessellation_options(|options| *options);
        Self { pixels_per_point, options, tessellator: Tessellator::new(pixels_per_point, options, [1, 1], Vec::new()) }
    }

    /// Adds the triangles of a shape.
    pub(super) fn add(&mut self, shape: Shape, mesh: &mut Mesh) {
        match &shape {
            Shape::Rect(rect) => {
                if let Some(path) = self.rounded(rect) {
                    if rect.blur_width > self.feathering() {
                        let size = rect.blur_width * self.pixels_per_point;
                        let options = TessellationOptions { feathering_size_in_pixels: size, ..self.options };
                        let mut blurring = Tessellator::new(self.pixels_per_point, options, [1, 1], Vec::new());
                        blurring.tessellate_path(&path, mesh);
                    } else {
                        self.add_path(&path, mesh);
                    }
                    return;
                }
            }
            Shape::Circle(circle) if circle.radius > 0.0 => {
                self.add_path(&self.disc(circle), mesh);
                return;
            }
            Shape::Path(path) => {
                self.add_path(path, mesh);
                return;
            }
            _ => {}
        }
        self.tessellator.tessellate_shape(shape, mesh);
    }

    fn add_path(&mut self, path: &PathShape, mesh: &mut Mesh) {
        if !self.add_thin(path, mesh) {
            self.tessellator.tessellate_path(path, mesh);
        }
    }

    /// Adds a line that is as wide as its soft edges: a ridge of three corners at each point, where egui has four. Returns
    /// false if the path is none such, or turns sharply.
    fn add_thin(&self, path: &PathShape, mesh: &mut Mesh) -> bool {
        let (soft, width) = (self.feathering(), path.stroke.width);
        let ColorMode::Solid(color) = path.stroke.color else { return false };
        let is_thin = path.fill == Color32::TRANSPARENT && soft > 0.0 && (width - soft).abs() <= 0.1 * soft;
        let Some(normals) = normals(&path.points, path.closed).filter(|_| is_thin) else { return false };
        let aside = match path.stroke.kind {
            StrokeKind::Inside => -0.5 * width,
            StrokeKind::Middle => 0.0,
            StrokeKind::Outside => 0.5 * width,
        };
        let (n_points, first) = (normals.len() as u32, mesh.vertices.len() as u32);
        for (index, (point, normal)) in (0..n_points).zip(path.points.iter().zip(normals)) {
            let middle = *point + normal * aside;
            // The ends of a line are soft, too.
            let beyond = match index {
                0 if !path.closed => normal.rot90() * soft,
                last if !path.closed && last + 1 == n_points => -normal.rot90() * soft,
                _ => Vec2::ZERO,
            };
            mesh.colored_vertex(middle + normal * soft + beyond, Color32::TRANSPARENT);
            mesh.colored_vertex(middle, color);
            mesh.colored_vertex(middle - normal * soft + beyond, Color32::TRANSPARENT);
        }
        let n_legs = if path.closed { n_points } else { n_points - 1 };
        for leg in 0..n_legs {
            let (here, there) = (first + 3 * leg, first + 3 * ((leg + 1) % n_points));
            mesh.add_triangle(here, here + 1, there);
            mesh.add_triangle(here + 1, there, there + 1);
            mesh.add_triangle(here + 1, here + 2, there + 1);
            mesh.add_triangle(here + 2, there + 1, there + 2);
        }
        if !path.closed {
            for end in [first, first + 3 * n_legs] {
                mesh.add_triangle(end, end + 1, end + 2);
            }
        }
        true
    }

    fn feathering(&self) -> f32 {
        if self.options.feathering { self.options.feathering_size_in_pixels / self.pixels_per_point } else { 0.0 }
    }

    /// Returns the same circle with fewer corners.
    fn disc(&self, circle: &CircleShape) -> PathShape {
        let n_sides = 4 * self.n_sides(circle.radius + circle.stroke.width);
        let at = |side: usize| circle.center + circle.radius * Vec2::angled(TAU * side as f32 / n_sides as f32);
        PathShape {
            points: (0..n_sides).map(at).collect(),
            closed: true,
            fill: circle.fill,
            stroke: PathStroke::from(circle.stroke).outside(),
        }
    }

    /// Returns the same rectangle with fewer points in its round corners, placed as egui does; `None` if it has none, or is
    /// of a sort that no node has.
    fn rounded(&self, shape: &RectShape) -> Option<PathShape> {
        let stroke = shape.stroke;
        let has_stroke = !stroke.is_empty();
        let is_plain = shape.brush.is_none() && shape.angle == 0.0 && shape.round_to_pixels.is_none();
        let is_round = shape.corner_radius != egui::CornerRadius::ZERO;
        let least = 2.0 * stroke.width + shape.blur_width + 3.0 * self.feathering();
        if !is_plain || !is_round || shape.rect.size().min_elem() <= least {
            return None;
        }
        let is_in_middle = has_stroke && shape.stroke_kind == StrokeKind::Middle;
        if has_stroke && !is_in_middle {
            return None;
        }
        let mut rect = shape.rect;
        if self.options.round_rects_to_pixels {
            let width = stroke.width * self.pixels_per_point;
            let is_odd = is_in_middle && (width <= 1.0 || (width * 0.5 + 0.25).fract() > 0.5);
            rect = if is_odd {
                rect.round_to_pixel_center(self.pixels_per_point)
            } else {
                rect.round_to_pixels(self.pixels_per_point)
            };
        }
        let half = if is_in_middle { stroke.width * 0.5 } else { 0.0 };
        let radius = |corner: u8| match corner {
            0 => 0.0,
            _ => (f32::from(corner) + 0.5 * shape.blur_width + half + ROUNDER).max(stroke.width + 0.1),
        };
        let corners = shape.corner_radius;
        let radii = CornerRadiusF32 {
            nw: radius(corners.nw),
            ne: radius(corners.ne),
            sw: radius(corners.sw),
            se: radius(corners.se),
        };
        let points = self.outline(RoundedRect::new(rect.expand(half), radii));
        let stroke = PathStroke::from(stroke).with_kind(StrokeKind::Inside);
        Some(PathShape { points, closed: true, fill: shape.fill, stroke })
    }

    fn outline(&self, rounded: RoundedRect) -> Vec<Pos2> {
        let (rect, radii) = rounded.into_parts();
        let mut path: Vec<Pos2> = Vec::with_capacity(32);
        let corners = [
            (rect.right_bottom() + vec2(-radii.se, -radii.se), radii.se),
            (rect.left_bottom() + vec2(radii.sw, -radii.sw), radii.sw),
            (rect.left_top() + vec2(radii.nw, radii.nw), radii.nw),
            (rect.right_top() + vec2(-radii.ne, radii.ne), radii.ne),
        ];
        for (quarter, (middle, radius)) in corners.into_iter().enumerate() {
            let n_sides = self.n_sides(radius);
            for side in 0..=n_sides {
                let turn = quarter as f32 + side as f32 / n_sides.max(1) as f32;
                let point = middle + radius * Vec2::angled(turn * FRAC_PI_2);
                // egui takes no two points in the same place.
                if path.last().is_none_or(|last| last.distance(point) > 0.01) {
                    path.push(point);
                }
            }
        }
        if path.len() > 1 && path[0].distance(path[path.len() - 1]) <= 0.01 {
            path.pop();
        }
        path
    }

    /// Returns in how many straight sides a quarter of a circle falls.
    fn n_sides(&self, radius: f32) -> usize {
        let tolerance = TOLERANCE / self.pixels_per_point;
        if radius <= tolerance {
            return 0;
        }
        (FRAC_PI_2 / (2.0 * (1.0 - tolerance / radius).acos())).ceil() as usize
    }
}

/// Returns for each point of a line how far its edges lie aside, for a half width of one; `None` if it turns sharply.
fn normals(points: &[Pos2], closed: bool) -> Option<Vec<Vec2>> {
    let n_points = points.len();
    if n_points < 2 {
        return None;
    }
    let leg = |from: usize, to: usize| (points[to] - points[from]).normalized().rot90();
    let normal = |index: usize| {
        let before = (closed || index > 0).then(|| leg((index + n_points - 1) % n_points, index));
        let after = (closed || index + 1 < n_points).then(|| leg(index, (index + 1) % n_points));
        let sum = before.or(after).unwrap_or_default() + after.or(before).unwrap_or_default();
        // A right angle and what is sharper egui cuts off.
        let length_sq = 0.25 * sum.length_sq();
        (length_sq > 0.5).then(|| sum * 0.5 / length_sq)
    };
    (0..n_points).map(normal).collect()
}

#[cfg(test)]
mod tests {
    use egui::{CornerRadius, Rect, Stroke, pos2};

    use super::*;

    fn triangles(shape: impl Into<Shape>) -> (Mesh, Mesh) {
        let ctx = Context::default();
        ctx.begin_pass(egui::RawInput::default());
        let mut triangulator = Triangulator::new(&ctx);
        let (mut ours, mut theirs) = (Mesh::default(), Mesh::default());
        let shape = shape.into();
        triangulator.add(shape.clone(), &mut ours);
        triangulator.tessellator.tessellate_shape(shape, &mut theirs);
        ctx.end_pass().drop_without_applying_deltas();
        (ours, theirs)
    }

    #[test]
    fn round_things_are_where_egui_has_them_in_fewer_triangles() {
        let rect = Rect::from_min_max(pos2(10.3, 20.6), pos2(210.2, 140.4));
        let line = |width| Stroke::new(width, Color32::WHITE);
        let filled = RectShape::filled(rect, 8.0, Color32::WHITE);
        let upper = CornerRadius { sw: 0, se: 0, ..CornerRadius::same(8) };
        let shapes: [Shape; 7] = [
            filled.clone().into(),
            filled.with_blur_width(12.0).into(),
            RectShape::filled(rect, upper, Color32::WHITE).into(),
            RectShape::stroke(rect, 8.0, line(1.0), StrokeKind::Middle).into(),
            RectShape::stroke(rect, 8.0, line(2.0), StrokeKind::Middle).into(),
            CircleShape { center: pos2(40.0, 40.0), radius: 9.5, fill: Color32::WHITE, stroke: line(1.5) }.into(),
            Shape::circle_filled(pos2(40.0, 40.0), 4.0, Color32::WHITE),
        ];
        for shape in shapes {
            let (ours, theirs) = triangles(shape.clone());
            assert!(ours.indices.len() * 4 < theirs.indices.len() * 3, "{shape:?}");
            let (ours, theirs) = (ours.calc_bounds(), theirs.calc_bounds());
            let is_near = |one: Pos2, other: Pos2| one.distance(other) < 0.3;
            assert!(is_near(ours.min, theirs.min) && is_near(ours.max, theirs.max), "{shape:?}: {ours} {theirs}");
        }
    }

    #[test]
    fn a_thin_line_has_the_same_edges_and_ends_as_that_of_egui() {
        let points = vec![pos2(10.0, 10.0), pos2(30.0, 14.0), pos2(60.0, 40.0)];
        for width in [1.0, 1.05] {
            let stroke = Stroke::new(width, Color32::RED);
            for line in [Shape::line(points.clone(), stroke), Shape::closed_line(CORNERS.to_vec(), stroke)] {
                let (ours, theirs) = triangles(line);
                assert_eq!(ours.vertices.len() * 4, theirs.vertices.len() * 3);
                for (our, their) in ours.vertices.chunks(3).zip(theirs.vertices.chunks(4)) {
                    for (our, their) in [(our[0], their[0]), (our[1], their[1]), (our[2], their[3])] {
                        assert!(our.pos.distance(their.pos) < 0.06 && our.color == their.color);
                    }
                }
            }
        }
    }

    /// An octagon.
    const CORNERS: [Pos2; 8] = [
        pos2(10.0, 0.0),
        pos2(20.0, 0.0),
        pos2(30.0, 10.0),
        pos2(30.0, 20.0),
        pos2(20.0, 30.0),
        pos2(10.0, 30.0),
        pos2(0.0, 20.0),
        pos2(0.0, 10.0),
    ];

    #[test]
    fn what_has_no_round_corners_stays_as_it_is() {
        let rect = Rect::from_min_max(pos2(10.0, 20.0), pos2(210.0, 140.0));
        for shape in [
            Shape::rect_filled(rect, 0.0, Color32::WHITE),
            Shape::line_segment([rect.min, rect.max], Stroke::new(1.0, Color32::WHITE)),
            Shape::rect_filled(Rect::from_min_size(rect.min, vec2(1.0, 40.0)), 4.0, Color32::WHITE),
        ] {
            let (ours, theirs) = triangles(shape);
            assert_eq!(ours, theirs);
        }
    }
}
