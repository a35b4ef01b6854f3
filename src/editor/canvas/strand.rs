//! A wire as it was painted: triangles from its start, in pieces, so that only what is seen of it costs anything.

use std::ops::Range;

use egui::{Mesh, Pos2, Rect, Shape, epaint::Vertex};

use super::{brush::Brush, course::Course};

/// The indices of a piece, at most: those of three legs of a thin line, or two of a wide one. Of a long wire little is in
/// view, and looking at a piece costs less than its corners.
const MAX_INDICES: usize = 36;

/// A wire as it was painted.
pub(super) struct Strand {
    /// The zoom it was painted for.
    zoom: f32,
    /// From the wire's start, in points on the screen.
    mesh: Mesh,
    bounds: Rect,
    pieces: Vec<Piece>,
}

/// Triangles that lie side by side.
struct Piece {
    indices: Range<usize>,
    /// All corners of these triangles, and few others.
    vertices: Range<usize>,
    bounds: Rect,
}

impl Piece {
    fn of(mesh: &Mesh, indices: Range<usize>) -> Self {
        let corners = &mesh.indices[indices.clone()];
        let first = corners.iter().min().map_or(0, |first| *first as usize);
        let end = corners.iter().max().map_or(0, |last| *last as usize + 1);
        let bounds = mesh.vertices[first..end].iter().map(|vertex| vertex.pos);
        let bounds = bounds.fold(Rect::NOTHING, |bounds, corner| bounds.union(Rect::from_pos(corner)));
        Self { indices, vertices: first..end, bounds }
    }
}

impl Strand {
    /// Paints the shapes that `shapes` gives for a wire's course on the screen.
    pub(super) fn new(brush: &Brush, course: &Course, shapes: impl FnOnce(&mut dyn FnMut(Shape), &Course)) -> Self {
        let zoom = brush.zoom();
        let mut mesh = Mesh::default();
        let mut triangulator = brush.triangulator();
        let on_screen = course.map(|point| ((point - course.start()) * zoom).to_pos2());
        shapes(&mut |shape| triangulator.add(shape, &mut mesh), &on_screen);
        Self::of(mesh, zoom)
    }

    /// Cuts triangles into pieces.
    fn of(mesh: Mesh, zoom: f32) -> Self {
        let n_indices = mesh.indices.len();
        let begins = (0..n_indices).step_by(MAX_INDICES);
        let pieces: Vec<Piece> =
            begins.map(|begin| Piece::of(&mesh, begin..(begin + MAX_INDICES).min(n_indices))).collect();
        let bounds = pieces.iter().fold(Rect::NOTHING, |bounds, piece| bounds.union(piece.bounds));
        Self { zoom, mesh, bounds, pieces }
    }

    /// Returns the zoom it was painted for.
    pub(super) const fn zoom(&self) -> f32 {
        self.zoom
    }

    /// Adds what is in a view of a wire that starts at a place on the screen, at this zoom; returns whether any of it is.
    pub(super) fn add_to(&self, sum: &mut Mesh, view: Rect, start: Pos2, zoom: f32) -> bool {
        let scale = zoom / self.zoom;
        let place = |corner: Pos2| start + corner.to_vec2() * scale;
        let placed = |bounds: Rect| Rect { min: place(bounds.min), max: place(bounds.max) };
        let is_seen = |piece: &Piece| placed(piece.bounds).intersects(view);
        let all = placed(self.bounds);
        if !all.intersects(view) {
            return false;
        }
        let n_before = sum.indices.len();
        let mut add = |run: &[Piece]| {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
            let begin = run.iter().fold(first.vertices.start, |begin, piece| begin.min(piece.vertices.start));
            let end = run.iter().fold(last.vertices.end, |end, piece| end.max(piece.vertices.end));
            let shift = (sum.vertices.len() as u32).wrapping_sub(begin as u32);
            let corners = &self.mesh.indices[first.indices.start..last.indices.end];
            sum.indices.extend(corners.iter().map(|corner| corner.wrapping_add(shift)));
            let vertices = self.mesh.vertices[begin..end].iter();
            sum.vertices.extend(vertices.map(|vertex| Vertex { pos: place(vertex.pos), ..*vertex }));
        };
        if view.contains_rect(all) {
            add(&self.pieces);
        } else {
            let runs = self.pieces.chunk_by(|one, next| is_seen(one) == is_seen(next));
            runs.filter(|run| run.first().is_some_and(is_seen)).for_each(&mut add);
        }
        sum.indices.len() > n_before
    }
}

#[cfg(test)]
mod tests {
    use egui::{Color32, Context, RawInput, Stroke, pos2, vec2};

    use super::{super::rounded::Triangulator, *};

    /// A zigzag of 400 legs, 20 points each, and a disc at its end.
    fn zigzag() -> Mesh {
        let ctx = Context::default();
        ctx.begin_pass(RawInput::default());
        let mut mesh = Mesh::default();
        let points: Vec<Pos2> =
            (0..=400_u16).map(|leg| pos2(f32::from(leg) * 20.0, f32::from(leg % 2) * 6.0)).collect();
        let mut triangulator = Triangulator::new(&ctx);
        triangulator.add(Shape::line(points, Stroke::new(2.0, Color32::WHITE)), &mut mesh);
        triangulator.add(Shape::circle_filled(pos2(8000.0, 0.0), 6.0, Color32::WHITE), &mut mesh);
        ctx.end_pass().drop_without_applying_deltas();
        mesh
    }

    fn triangles(mesh: &Mesh) -> Vec<[Pos2; 3]> {
        let corner = |index: u32| mesh.vertices[index as usize].pos;
        mesh.indices.chunks(3).map(|triangle| [corner(triangle[0]), corner(triangle[1]), corner(triangle[2])]).collect()
    }

    #[test]
    fn all_that_is_in_view_is_added_and_little_else() {
        let mesh = zigzag();
        let all = triangles(&mesh);
        let strand = Strand::of(mesh, 1.0);
        let start = pos2(-3000.0, 40.0);
        for scale in [0.5, 1.0, 2.0] {
            for left in [-200.0, 0.0, 900.0] {
                let view = Rect::from_min_size(pos2(left, 0.0), vec2(200.0, 100.0));
                let mut sum = Mesh::default();
                sum.add_colored_rect(Rect::from_min_size(Pos2::ZERO, vec2(1.0, 1.0)), Color32::RED);
                let is_seen = strand.add_to(&mut sum, view, start, scale);
                assert!(sum.is_valid());
                let added = triangles(&sum).split_off(2);
                assert_eq!(is_seen, !added.is_empty());
                let placed = all.iter().map(|triangle| triangle.map(|corner| start + corner.to_vec2() * scale));
                let in_view: Vec<_> = placed.filter(|triangle| Rect::from_points(triangle).intersects(view)).collect();
                assert!(in_view.iter().all(|triangle| added.contains(triangle)));
                assert!(added.len() <= in_view.len() + 2 * MAX_INDICES / 3, "{} of {}", added.len(), in_view.len());
            }
        }
    }

    #[test]
    fn nothing_of_a_wire_out_of_view_is_added() {
        let strand = Strand::of(zigzag(), 1.0);
        let mut sum = Mesh::default();
        let view = Rect::from_min_size(pos2(0.0, 200.0), vec2(500.0, 500.0));
        assert!(!strand.add_to(&mut sum, view, Pos2::ZERO, 1.0));
        assert!(!strand.add_to(&mut sum, view, pos2(700.0, 300.0), 1.0));
        assert!(sum.is_empty());
        assert!(strand.add_to(&mut sum, view, pos2(-7900.0, 300.0), 1.0));
    }
}
