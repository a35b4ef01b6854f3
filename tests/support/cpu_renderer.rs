//! Renders what egui paints without a GPU: triangles with textures, premultiplied alpha, in gamma space.

use std::collections::HashMap;

use egui::{
    Color32, ColorImage, Pos2, Rect, TextureId, TexturesDelta,
    epaint::{ImageData, Mesh, Primitive, Vertex},
    pos2,
};
use egui_kittest::TestRenderer;
use image::RgbaImage;

/// A renderer for test harnesses. Paint callbacks are left out.
#[derive(Default)]
pub(crate) struct CpuRenderer {
    textures: HashMap<TextureId, ColorImage>,
}

/// Red, green, blue and alpha from 0 to 1, premultiplied.
type Channels = [f32; 4];

impl TestRenderer for CpuRenderer {
    #[expect(clippy::iter_over_hash_type, reason = "textures do not depend on each other")]
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, updates) in delta.set.drain() {
            for update in updates {
                let ImageData::Color(image) = &update.image;
                match update.pos {
                    None => drop(self.textures.insert(id, ColorImage::clone(image))),
                    Some([left, top]) => {
                        let texture = self.textures.get_mut(&id).expect("a texture is whole before parts of it change");
                        let width = texture.size[0];
                        for (row, pixels) in image.pixels.chunks_exact(image.size[0]).enumerate() {
                            let start = (top + row) * width + left;
                            texture.pixels[start..start + pixels.len()].copy_from_slice(pixels);
                        }
                    }
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, ctx: &egui::Context, output: &egui::FullOutput) -> Result<RgbaImage, String> {
        let scale = ctx.pixels_per_point();
        let size = ctx.content_rect().size() * scale;
        let mut picture = Picture::new(size.x.round() as usize, size.y.round() as usize);
        for primitive in ctx.tessellate(output.shapes.clone(), scale) {
            if let Primitive::Mesh(mesh) = primitive.primitive {
                let texture = self.textures.get(&mesh.texture_id).ok_or("a mesh names an unknown texture")?;
                picture.add(&mesh, texture, primitive.clip_rect * scale, scale);
            }
        }
        picture.finish()
    }
}

struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<Channels>,
}

impl Picture {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0.0; 4]; width * height] }
    }

    fn add(&mut self, mesh: &Mesh, texture: &ColorImage, clip: Rect, scale: f32) {
        let bounds = Rect::from_min_max(Pos2::ZERO, pos2(self.width as f32, self.height as f32));
        let clip = Rect::from_min_max(clip.min.round(), clip.max.round()).intersect(bounds);
        for corners in mesh.indices.chunks_exact(3) {
            let corners = [0, 1, 2].map(|corner| mesh.vertices[corners[corner] as usize]);
            if let Some(triangle) = Triangle::new(corners, texture, scale) {
                self.fill(&triangle, clip);
            }
        }
    }

    fn fill(&mut self, triangle: &Triangle<'_>, clip: Rect) {
        let area = triangle.bounds.intersect(clip);
        for y in area.top().floor().max(clip.top()) as usize..area.bottom().ceil().max(0.0) as usize {
            for x in area.left().floor().max(clip.left()) as usize..area.right().ceil().max(0.0) as usize {
                let Some(color) = triangle.color_at(pos2(x as f32 + 0.5, y as f32 + 0.5)) else { continue };
                let below = &mut self.pixels[y * self.width + x];
                for channel in 0..4 {
                    below[channel] = color[channel] + below[channel] * (1.0 - color[3]);
                }
            }
        }
    }

    fn finish(self) -> Result<RgbaImage, String> {
        let bytes = self.pixels.into_iter().flatten().map(|value| (value * 255.0 + 0.5).clamp(0.0, 255.0) as u8);
        RgbaImage::from_raw(self.width as u32, self.height as u32, bytes.collect()).ok_or_else(|| "no room".to_owned())
    }
}

struct Triangle<'a> {
    texture: &'a ColorImage,
    points: [Pos2; 3],
    uvs: [Pos2; 3],
    colors: [Channels; 3],
    area: f32,
    bounds: Rect,
    /// What the texture gives, where it is the same all over.
    flat: Option<Channels>,
}

impl<'a> Triangle<'a> {
    /// Returns a triangle in pixels, its corners clockwise; `None` if it has no area.
    fn new(mut corners: [Vertex; 3], texture: &'a ColorImage, scale: f32) -> Option<Self> {
        let points = |corners: &[Vertex; 3]| corners.map(|corner| (corner.pos.to_vec2() * scale).to_pos2());
        if cross(points(&corners)) < 0.0 {
            corners.swap(1, 2);
        }
        let points = points(&corners);
        let area = cross(points);
        let uvs = corners.map(|corner| corner.uv);
        let flat = (uvs[0] == uvs[1] && uvs[1] == uvs[2]).then(|| sample(texture, uvs[0]));
        (area > 0.0 && area.is_finite()).then(|| Self {
            texture,
            points,
            uvs,
            colors: corners.map(|corner| channels(corner.color)),
            area,
            bounds: Rect::from_points(&points),
            flat,
        })
    }

    fn color_at(&self, point: Pos2) -> Option<Channels> {
        let [a, b, c] = self.points;
        let weights = [(b, c), (c, a), (a, b)].map(|(from, to)| {
            let weight = cross([from, to, point]);
            let is_inside = weight > 0.0 || (weight == 0.0 && is_top_or_left(from, to));
            is_inside.then_some(weight / self.area)
        });
        let [Some(a), Some(b), Some(c)] = weights else { return None };
        let texel = self.flat.unwrap_or_else(|| {
            let uv = self.uvs[0].to_vec2() * a + self.uvs[1].to_vec2() * b + self.uvs[2].to_vec2() * c;
            sample(self.texture, uv.to_pos2())
        });
        Some([0, 1, 2, 3].map(|channel| {
            let color = self.colors[0][channel] * a + self.colors[1][channel] * b + self.colors[2][channel] * c;
            color * texel[channel]
        }))
    }
}

/// Returns twice the area, positive if the corners go clockwise on the screen.
fn cross([a, b, c]: [Pos2; 3]) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// An edge that two triangles share belongs to one of them.
fn is_top_or_left(from: Pos2, to: Pos2) -> bool {
    (from.y == to.y && to.x > from.x) || to.y < from.y
}

fn channels(color: Color32) -> Channels {
    color.to_array().map(|value| f32::from(value) / 255.0)
}

/// Returns the texture's colour at a place, bilinear.
fn sample(texture: &ColorImage, uv: Pos2) -> Channels {
    let [width, height] = texture.size;
    let x = (uv.x * width as f32 - 0.5).clamp(0.0, (width - 1) as f32);
    let y = (uv.y * height as f32 - 0.5).clamp(0.0, (height - 1) as f32);
    let (left, top) = (x as usize, y as usize);
    let at = |dx: usize, dy: usize| {
        channels(texture.pixels[(top + dy).min(height - 1) * width + (left + dx).min(width - 1)])
    };
    let (along, down) = (x - left as f32, y - top as f32);
    let (top_left, top_right, bottom_left, bottom_right) = (at(0, 0), at(1, 0), at(0, 1), at(1, 1));
    [0, 1, 2, 3].map(|channel| {
        let upper = top_left[channel] * (1.0 - along) + top_right[channel] * along;
        let lower = bottom_left[channel] * (1.0 - along) + bottom_right[channel] * along;
        upper * (1.0 - down) + lower * down
    })
}
