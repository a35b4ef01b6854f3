//! Thumbnails: what nodes gave that is a picture or a plot, small. Made off the interface thread, kept by the value's fingerprint.

use std::collections::BTreeMap;

use egui::{
    Align2, Color32, ColorImage, Rect, Role, Sense, Shape, TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo,
    epaint::RectShape, pos2,
};
use image::{ImageBuffer, Rgba, imageops};

use super::{CanvasState, brush::Brush, canvas_frame::CanvasFrame};
use crate::{
    editor::{Command, View, icons::Icon},
    nodes::{
        HIDDEN,
        plot::{Look, Plot, picture, svg},
    },
    store::Kept,
    value::{Fingerprint, Value},
    workflow::{NodeId, PortId},
};

/// The most thumbnails kept.
const MAX_KEPT: usize = 128;
/// The most that are made at a time.
const MAX_IN_THE_MAKING: usize = 2;
/// No thumbnail is larger, in pixels.
const MAX_SIZE: [u32; 2] = [360, 192];
/// No picture is shown larger than so many times its size.
const MAX_SCALE: f32 = 4.0;

/// A thumbnail as it was made: of which value, and its pixels, if that is a picture that could be read.
pub(crate) struct Thumbnail {
    fingerprint: Fingerprint,
    pixels: Option<ColorImage>,
}

/// Makes a thumbnail of the value on a port; `None` if there is no telling which value that is. Slow: not for the
/// interface thread.
pub(crate) fn make_thumbnail(kept: &Kept, port: &PortId) -> Option<Thumbnail> {
    let value = kept.load_port(port).unwrap_or_else(|error| {
        tracing::warn!(%port, %error, "no thumbnail");
        None
    });
    let fingerprint = kept.known_fingerprint(port).or_else(|| kept.fingerprint(port))?;
    let pixels = match &value {
        Some(Value::Image(image)) if image.width() > 0 && image.height() > 0 => {
            small(image.width(), image.height(), image.pixels())
        }
        Some(value) => drawn(value),
        None => None,
    };
    Some(Thumbnail { fingerprint, pixels })
}

/// Returns a plot as a picture, if the value is one: without words, for light and dark grounds.
fn drawn(value: &Value) -> Option<ColorImage> {
    let drawing = svg(&Plot::of(value)?, &Look::SMALL);
    let scale = f64::from(MAX_SIZE[0]) / Look::SMALL.size[0];
    let image = picture(&drawing, scale).inspect_err(|error| tracing::warn!(%error, "no thumbnail of a plot")).ok()?;
    small(image.width(), image.height(), image.pixels())
}

/// Returns a picture made small enough.
fn small(width: u32, height: u32, pixels: &[u8]) -> Option<ColorImage> {
    let shrunk = (MAX_SIZE[0] as f32 / width as f32).min(MAX_SIZE[1] as f32 / height as f32);
    let to_color = |width: u32, height: u32, pixels: &[u8]| {
        ColorImage::from_rgba_unmultiplied([width as usize, height as usize], pixels)
    };
    if shrunk >= 1.0 {
        return Some(to_color(width, height, pixels));
    }
    let all = ImageBuffer::<Rgba<u8>, &[u8]>::from_raw(width, height, pixels)?;
    let side = |side: u32| ((side as f32 * shrunk).round() as u32).max(1);
    let small = imageops::thumbnail(&all, side(width), side(height));
    Some(to_color(small.width(), small.height(), small.as_raw()))
}

/// The thumbnails of a canvas.
#[derive(Default)]
pub(super) struct Thumbnails {
    known: BTreeMap<Fingerprint, Known>,
    asked: Vec<(Kept, PortId)>,
    /// The number of this frame.
    frame: u64,
}

struct Known {
    /// Without one, the value is no picture or could not be read.
    texture: Option<TextureHandle>,
    /// The frame in which it was seen last.
    seen: u64,
}

/// What stands in the place of a thumbnail.
#[derive(Clone, Default)]
pub(super) enum Place {
    /// There is no place for one.
    #[default]
    None,
    /// Nothing has come yet.
    Empty,
    /// It is not to be seen.
    Hidden,
    /// No picture came.
    NoPicture,
    /// A picture.
    Picture(TextureHandle),
}

impl Place {
    /// Returns what is painted there, apart from a picture.
    pub(super) const fn sign(&self) -> Sign {
        match self {
            Self::None => Sign::None,
            Self::Empty => Sign::Empty,
            Self::Hidden => Sign::Hidden,
            Self::NoPicture => Sign::NoPicture,
            Self::Picture(_) => Sign::Picture,
        }
    }
}

/// What is painted in the place of a thumbnail, apart from a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sign {
    None,
    Empty,
    Hidden,
    NoPicture,
    Picture,
}

impl Thumbnails {
    /// Begins a frame.
    pub(super) const fn begin(&mut self) {
        self.frame += 1;
    }

    /// Returns what stands in the place of the thumbnail of a node, and asks for it if it is not there.
    fn of(&mut self, view: View<'_>, node: &NodeId, port: &PortId, commands: &mut Vec<Command>) -> Place {
        let Some(kept) = results(view, node).filter(|kept| kept.has_value(port)) else { return Place::Empty };
        if kept.is_sensitive() || view.is_sensitive(node) {
            return Place::Hidden;
        }
        if let Some(known) = kept.known_fingerprint(port).and_then(|fingerprint| self.known.get_mut(&fingerprint)) {
            known.seen = self.frame;
            return known.texture.clone().map_or(Place::NoPicture, Place::Picture);
        }
        let is_asked = self.asked.iter().any(|(asked, of)| asked.is_same(kept) && of == port);
        if !is_asked && self.asked.len() < MAX_IN_THE_MAKING && self.has_room() {
            self.asked.push((kept.clone(), port.clone()));
            commands.push(Command::PrepareThumbnail(kept.clone(), port.clone()));
        }
        Place::Empty
    }

    /// Returns whether one more can be kept without letting go of what is in sight.
    fn has_room(&self) -> bool {
        self.known.len() < MAX_KEPT || self.known.values().any(|known| known.seen + 1 < self.frame)
    }

    /// Takes in what was made, if it was asked for here.
    fn take(&mut self, ctx: &egui::Context, (kept, port): (&Kept, &PortId), made: Option<&Thumbnail>) {
        let n_asked = self.asked.len();
        self.asked.retain(|(asked, of)| !(asked.is_same(kept) && of == port));
        let Some(made) = made.filter(|_| self.asked.len() < n_asked) else { return };
        if self.known.len() >= MAX_KEPT
            && let Some((&oldest, _)) = self.known.iter().min_by_key(|(_, known)| known.seen)
        {
            self.known.remove(&oldest);
        }
        let options = TextureOptions { mipmap_mode: Some(egui::TextureFilter::Linear), ..TextureOptions::LINEAR };
        let texture = made.pixels.clone().map(|pixels| ctx.load_texture("thumbnail", pixels, options));
        self.known.insert(made.fingerprint, Known { texture, seen: self.frame });
    }
}

/// Returns what a node is pinned to, or else what it gave last.
fn results<'a>(view: View<'a>, node: &NodeId) -> Option<&'a Kept> {
    let capture = view.marks.get(node).capture().map(|capture| &capture.results);
    capture.or_else(|| view.baseline.get(node)?.results.as_ref())
}

/// Paints the ground of a thumbnail, and what stands there in place of a picture.
pub(super) fn paint_ground(brush: &Brush, rect: Rect, sign: Sign) {
    let tokens = brush.tokens;
    brush.fill(rect, 4.0, tokens.parameter_ground());
    let says = |words: &str| {
        brush.text(rect.center(), Align2::CENTER_CENTER, words, 11.5, rect.width(), tokens.text_muted);
    };
    match sign {
        Sign::None | Sign::Picture => {}
        Sign::Empty => brush.icon(rect.center(), 20.0, Icon::Picture, tokens.disabled),
        Sign::Hidden => says(HIDDEN),
        Sign::NoPicture => says("no picture"),
    }
}

/// Returns the largest rectangle of these proportions in the middle of another.
fn fitted(room: Rect, size: Vec2) -> Rect {
    let scale = (room.width() / size.x).min(room.height() / size.y).min(MAX_SCALE);
    Rect::from_center_size(room.center(), size * scale)
}

impl CanvasState {
    /// Takes in a thumbnail that was made.
    pub(crate) fn take_thumbnail(&mut self, ctx: &egui::Context, of: (&Kept, &PortId), made: Option<&Thumbnail>) {
        self.thumbnails.take(ctx, of, made);
    }

    /// Returns what stands in the place of a node's thumbnail, names it, and asks for it if it is not there.
    pub(super) fn thumbnail_ui(
        &mut self,
        ui: &Ui,
        brush: &Brush,
        frame: &CanvasFrame<'_>,
        (index, is_widget): (usize, bool),
        commands: &mut Vec<Command>,
    ) -> Place {
        let (placed, layout) = (frame.node(index), frame.layout(index));
        let Some((rect, port)) = layout.thumbnail(frame.position(index)).zip(layout.picture.as_ref()) else {
            return Place::None;
        };
        let place = self.thumbnails.of(frame.view, &placed.id, port, commands);
        let says = match &place {
            Place::Picture(_) => "",
            Place::Hidden => ": hidden",
            Place::None | Place::Empty | Place::NoPicture => return place,
        };
        if !is_widget {
            return place;
        }
        let id = ui.make_persistent_id(("thumbnail", placed.id.as_str()));
        let response = ui.interact(brush.projection.rect(rect), id, Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Thumbnail {}{says}", layout.title)));
        place
    }

    /// Paints a node's thumbnail, if it is there, on its ground.
    pub(super) fn paint_thumbnail(brush: &Brush, room: Option<Rect>, place: &Place) {
        let (Some(room), Place::Picture(texture)) = (room, place) else { return };
        let rect = brush.projection.rect(fitted(room.shrink(2.0), texture.size_vec2()));
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        let shape = RectShape::filled(rect, (3.0 * brush.zoom()).round(), Color32::WHITE);
        brush.painter.add(Shape::Rect(shape.with_texture(texture.id(), uv)));
    }

    /// Paints the thumbnail of a node once more.
    pub(super) fn thumbnail_again(&self, brush: &Brush, frame: &CanvasFrame<'_>, index: usize) {
        let (placed, layout) = (frame.node(index), frame.layout(index));
        let Some(port) = &layout.picture else { return };
        let kept = results(frame.view, &placed.id).filter(|kept| !kept.is_sensitive());
        let known = kept.filter(|_| !frame.view.is_sensitive(&placed.id)).and_then(|kept| kept.known_fingerprint(port));
        let texture = known.and_then(|fingerprint| self.thumbnails.known.get(&fingerprint)?.texture.clone());
        let place = texture.map_or(Place::Empty, Place::Picture);
        Self::paint_thumbnail(brush, layout.thumbnail(frame.position(index)), &place);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use egui::vec2;

    use super::*;
    use crate::{
        nodes::{
            Outputs,
            plot::{Axis, Marks, PlotKind, Scale, Series},
        },
        store::{Provenance, RunId},
        value::Image,
    };

    fn gives(value: impl Into<Value>) -> Kept {
        Kept::in_memory(Arc::new(Outputs::one("out", value)), Provenance::Run(RunId::generate()))
    }

    fn picture(shade: u8) -> Image {
        Image::from_rgba(2, 1, vec![shade, 0, 0, 255, shade, 0, 0, 255]).unwrap()
    }

    #[test]
    fn a_large_picture_is_made_small_and_keeps_its_proportions_and_colours() {
        let pixels = [10, 200, 30, 255].repeat(1000 * 500);
        let thumbnail = make_thumbnail(&gives(Image::from_rgba(1000, 500, pixels).unwrap()), &"out".into()).unwrap();
        let pixels = thumbnail.pixels.unwrap();
        assert_eq!(pixels.size, [360, 180]);
        assert!(pixels.pixels.iter().all(|pixel| *pixel == Color32::from_rgb(10, 200, 30)));
        assert_eq!(small(1, 10_000, &vec![0; 40_000]).unwrap().size, [1, 192]);
        assert!(make_thumbnail(&gives("no picture"), &"out".into()).unwrap().pixels.is_none());
    }

    #[test]
    fn a_plot_is_drawn_small_and_another_record_is_not() {
        let axis = |label: &str| Axis { label: label.to_owned(), scale: Scale::Number };
        let marks = Marks::Line(vec![[0.0, 0.0], [1.0, 1.0]]);
        let plot = Plot {
            kind: PlotKind::Line,
            title: String::new(),
            x: axis("x"),
            y: axis("y"),
            legend: String::new(),
            series: vec![Series { name: "y".to_owned(), marks }],
            color: None,
            notes: Vec::new(),
        };
        let pixels = make_thumbnail(&gives(plot.to_value()), &"out".into()).unwrap().pixels.unwrap();
        assert_eq!(pixels.size, [360, 192]);
        assert!(pixels.pixels[..360].iter().all(|pixel| pixel.a() == 0), "the ground shows through");
        assert!(pixels.pixels.iter().any(|pixel| pixel.b() > 150));
        let record = Value::record([("a", Value::Null)]);
        assert!(make_thumbnail(&gives(record), &"out".into()).unwrap().pixels.is_none());
    }

    #[test]
    fn what_is_in_sight_is_kept_and_what_was_seen_longest_ago_is_let_go() {
        let ctx = egui::Context::default();
        let n_before = ctx.tex_manager().read().num_allocated();
        let mut thumbnails = Thumbnails { frame: 7, ..Thumbnails::default() };
        let port = PortId::from("out");
        let mut first = None;
        for shade in 0..=255 {
            let kept = gives(picture(shade));
            let made = make_thumbnail(&kept, &port).unwrap();
            first.get_or_insert(made.fingerprint);
            thumbnails.asked.push((kept.clone(), port.clone()));
            thumbnails.take(&ctx, (&kept, &port), Some(&made));
            assert!(thumbnails.asked.is_empty());
            thumbnails.frame += 1;
        }
        assert_eq!(thumbnails.known.len(), MAX_KEPT);
        assert!(!thumbnails.known.contains_key(&first.unwrap()));
        assert_eq!(ctx.tex_manager().read().num_allocated() - n_before, MAX_KEPT, "textures of the others were freed");
        let now = thumbnails.frame;
        thumbnails.known.values_mut().for_each(|known| known.seen = now);
        assert!(!thumbnails.has_room(), "all are in sight");
    }

    #[test]
    fn what_nobody_asked_for_is_not_taken() {
        let (kept, mut thumbnails) = (gives(picture(1)), Thumbnails::default());
        let made = make_thumbnail(&kept, &"out".into());
        thumbnails.take(&egui::Context::default(), (&kept, &"out".into()), made.as_ref());
        assert!(thumbnails.known.is_empty());
    }

    #[test]
    fn pictures_fill_their_room_and_small_ones_stay_small() {
        let room = Rect::from_min_size(pos2(0.0, 0.0), vec2(180.0, 96.0));
        assert_eq!(fitted(room, vec2(360.0, 90.0)).size(), vec2(180.0, 45.0));
        assert_eq!(fitted(room, vec2(2.0, 2.0)).size(), vec2(8.0, 8.0));
        assert_eq!(fitted(room, vec2(20.0, 960.0)).center(), room.center());
    }
}
