//! A node as it was painted: triangles and letters in one piece, from its top left corner, to be put anywhere.

use std::{rc::Rc, sync::Arc};

use egui::{
    Color32, Galley, Id, LayerId, Mesh, Order, Painter, Pos2, Rect, Shape,
    emath::GuiRounding as _,
    epaint::{
        TextShape, Vertex,
        text::{PlacedRow, Row},
    },
    layers::PaintList,
};

use super::brush::Brush;

/// Where nodes are painted apart: no coordinate is negative there, and egui rounds those otherwise.
const APART: Pos2 = Pos2::new(1024.0, 1024.0);

/// A painted node. It is a galley whose first row holds boxes, lines and letters alike: egui puts a galley on whole pixels,
/// finds its letters in the texture however that has grown, and moves it at no cost.
pub(super) struct Picture {
    galley: Arc<Galley>,
    /// The zoom it was painted for.
    zoom: f32,
    /// How much larger than painted it is now.
    scale: f32,
}

impl Picture {
    /// Paints what `paint` paints at the scene's origin. `blank` is any text.
    pub(super) fn new(brush: &Brush, blank: &Galley, paint: impl FnOnce(&Brush)) -> Self {
        let ctx = brush.painter.ctx();
        let origin = APART.round_to_pixels(ctx.pixels_per_point());
        let layer = LayerId::new(Order::Background, Id::unique("painted apart"));
        let apart = Brush {
            painter: Painter::new(ctx.clone(), layer, Rect::EVERYTHING),
            projection: brush.projection.with_origin_at(origin),
            tokens: brush.tokens,
            galleys: Rc::clone(&brush.galleys),
        };
        paint(&apart);
        let shapes = ctx.graphics_mut(|graphics| std::mem::take(graphics.entry(layer)));
        let mut galley = blank.clone();
        galley.rows = rows(brush, &shapes, origin, galley.rows.first());
        galley.num_vertices = galley.rows.iter().map(|row| row.row.visuals.mesh.vertices.len()).sum();
        galley.num_indices = galley.rows.iter().map(|row| row.row.visuals.mesh.indices.len()).sum();
        Self { galley: Arc::new(galley), zoom: brush.zoom(), scale: 1.0 }
    }

    /// Returns how many vertices and indices it has.
    pub(super) fn n_corners(&self) -> (usize, usize) {
        (self.galley.num_vertices, self.galley.num_indices)
    }

    /// Returns the zoom it was painted for.
    pub(super) const fn zoom(&self) -> f32 {
        self.zoom
    }

    /// Returns the picture at a place on the screen, larger or smaller than painted if that was for another zoom.
    pub(super) fn at(&mut self, place: Pos2, zoom: f32) -> Shape {
        let scale = zoom / self.zoom;
        if scale != self.scale {
            let by = scale / self.scale;
            // After a frame nobody else holds it: nothing is copied.
            for placed in &mut Arc::make_mut(&mut self.galley).rows {
                placed.pos = (placed.pos.to_vec2() * by).to_pos2();
                let visuals = &mut Arc::make_mut(&mut placed.row).visuals;
                visuals.mesh_bounds = visuals.mesh_bounds * by;
                for vertex in &mut visuals.mesh.vertices {
                    vertex.pos = (vertex.pos.to_vec2() * by).to_pos2();
                }
            }
            self.scale = scale;
        }
        Shape::Text(TextShape::new(place, Arc::clone(&self.galley), Color32::WHITE))
    }
}

/// Returns all shapes in one row, from `origin`. Rows with letters that have colours of their own come behind it.
fn rows(brush: &Brush, shapes: &PaintList, origin: Pos2, blank: Option<&PlacedRow>) -> Vec<PlacedRow> {
    let pixels_per_point = brush.painter.ctx().pixels_per_point();
    let mut triangulator = brush.triangulator();
    let mut mesh = Mesh::default();
    let mut rows: Vec<PlacedRow> = blank.cloned().into_iter().collect();
    for clipped in shapes.all_entries() {
        if !matches!(clipped.shape, Shape::Text(_)) {
            triangulator.add(clipped.shape.clone(), &mut mesh);
        }
    }
    mesh.translate(-origin.to_vec2());
    for clipped in shapes.all_entries() {
        let Shape::Text(text) = &clipped.shape else { continue };
        let color = text.override_text_color.unwrap_or(text.fallback_color).gamma_multiply(text.opacity_factor);
        let at = text.pos.round_to_pixels(pixels_per_point) - origin.to_vec2();
        for placed in &text.galley.rows {
            let pos = at + placed.pos.to_vec2();
            if placed.row.glyphs.iter().any(|glyph| glyph.is_color) {
                let mut row = Row::clone(&placed.row);
                row.visuals.mesh.vertices.iter_mut().for_each(|vertex| vertex.color = color);
                rows.push(PlacedRow { pos, row: row.into(), ends_with_newline: false });
            } else {
                add_letters(&mut mesh, &placed.row.visuals.mesh, pos, color);
            }
        }
    }
    if let Some(first) = rows.first_mut() {
        let row = Arc::make_mut(&mut first.row);
        row.glyphs = Vec::new();
        row.visuals.mesh_bounds = mesh.calc_bounds();
        row.visuals.glyph_index_start = 0;
        row.visuals.glyph_vertex_range = 0..0;
        row.visuals.mesh = mesh;
        first.pos = Pos2::ZERO;
    }
    rows
}

fn add_letters(mesh: &mut Mesh, letters: &Mesh, at: Pos2, color: Color32) {
    let first = mesh.vertices.len() as u32;
    mesh.indices.extend(letters.indices.iter().map(|index| index + first));
    mesh.vertices.extend(letters.vertices.iter().map(|vertex| Vertex {
        pos: at + vertex.pos.to_vec2(),
        color,
        ..*vertex
    }));
}
