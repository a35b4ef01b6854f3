//! Pictures: made ready for the screen off the interface thread, kept as long as they were seen lately.

use egui::{ColorImage, RichText, ScrollArea, Sense, TextureHandle, TextureOptions, Ui, Vec2, vec2};

use super::{Room, waiting_ui};
use crate::{
    editor::{Command, theme},
    value::Image,
};

/// Where a picture's pixels lie: the same as long as the picture is held.
pub(crate) type PictureKey = usize;

/// The most pictures kept on the screen's side.
const MAX_PICTURES: usize = 24;

/// Pictures that are on the screen's side, or being made ready.
#[derive(Default)]
pub(crate) struct Pictures {
    /// The ones seen last come last.
    known: Vec<Picture>,
    /// Whether large pictures are made to fit.
    actual_size: bool,
}

struct Picture {
    /// Held so that its key stays its own.
    image: Image,
    texture: Option<TextureHandle>,
}

/// Returns the key of a picture.
fn key(image: &Image) -> PictureKey {
    image.pixels().as_ptr().addr()
}

impl Pictures {
    /// Notes that a picture is being made ready; returns whether that is news.
    pub(crate) fn begin(&mut self, image: &Image) -> bool {
        if self.position(key(image)).is_some() {
            return false;
        }
        if self.known.len() >= MAX_PICTURES {
            self.known.remove(0);
        }
        self.known.push(Picture { image: image.clone(), texture: None });
        true
    }

    /// Takes a picture that is ready.
    pub(crate) fn ready(&mut self, ctx: &egui::Context, key: PictureKey, pixels: ColorImage) {
        if let Some(position) = self.position(key) {
            let options = TextureOptions {
                minification: egui::TextureFilter::Linear,
                magnification: egui::TextureFilter::Nearest,
                mipmap_mode: Some(egui::TextureFilter::Linear),
                ..TextureOptions::LINEAR
            };
            self.known[position].texture = Some(ctx.load_texture("result", pixels, options));
        }
    }

    fn position(&self, wanted: PictureKey) -> Option<usize> {
        self.known.iter().position(|picture| key(&picture.image) == wanted)
    }

    /// Returns how a picture stands, and notes that it was seen.
    fn see(&mut self, image: &Image) -> Readiness {
        let Some(position) = self.position(key(image)) else { return Readiness::Unknown };
        let picture = self.known.remove(position);
        let texture = picture.texture.clone();
        self.known.push(picture);
        texture.map_or(Readiness::BeingMade, Readiness::Ready)
    }
}

/// How a picture stands.
enum Readiness {
    /// Nobody has asked for it.
    Unknown,
    BeingMade,
    Ready(TextureHandle),
}

/// Returns a picture as the screen wants it, made smaller if a side is longer than it allows. Slow: not for the
/// interface thread.
pub(crate) fn prepare(image: &Image, max_side: usize) -> (PictureKey, ColorImage) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let step = width.max(height).div_ceil(max_side.max(1)).max(1);
    let pixels = if step == 1 {
        ColorImage::from_rgba_unmultiplied([width, height], image.pixels())
    } else {
        every_nth(image.pixels(), width, height, step)
    };
    (key(image), pixels)
}

/// Returns a picture made of every `step`-th pixel of every `step`-th row.
fn every_nth(pixels: &[u8], width: usize, height: usize, step: usize) -> ColorImage {
    let (small_width, small_height) = (width.div_ceil(step), height.div_ceil(step));
    let mut small = Vec::with_capacity(small_width * small_height * 4);
    for row in (0..height).step_by(step) {
        for column in (0..width).step_by(step) {
            let at = (row * width + column) * 4;
            small.extend_from_slice(&pixels[at..at + 4]);
        }
    }
    ColorImage::from_rgba_unmultiplied([small_width, small_height], &small)
}

/// Shows a picture.
pub(super) fn picture_ui(ui: &mut Ui, image: &Image, room: Room, state: &mut Pictures, commands: &mut Vec<Command>) {
    if image.width() == 0 || image.height() == 0 {
        ui.weak("A picture without pixels");
        return;
    }
    ui.horizontal(|ui| {
        ui.weak(format!("{} × {} pixels", image.width(), image.height()));
        ui.selectable_value(&mut state.actual_size, false, "Fit");
        ui.selectable_value(&mut state.actual_size, true, "100 %");
    });
    match state.see(image) {
        Readiness::Unknown => commands.push(Command::PreparePicture(image.clone())),
        Readiness::BeingMade => waiting_ui(ui),
        Readiness::Ready(texture) => texture_ui(ui, image, &texture, room, state.actual_size),
    }
}

fn texture_ui(ui: &mut Ui, image: &Image, texture: &TextureHandle, room: Room, actual_size: bool) {
    let natural = vec2(image.width() as f32, image.height() as f32);
    let height = (room.height(ui) - 8.0).max(40.0);
    ScrollArea::both().id_salt("picture").max_height(height).auto_shrink([false, true]).show(ui, |ui| {
        let size = if actual_size {
            natural / ui.pixels_per_point()
        } else {
            fitted(natural, vec2(ui.available_width(), height))
        };
        let response = ui.add(egui::Image::new((texture.id(), size)).sense(Sense::hover()).alt_text("Picture"));
        if let Some(at) = response.hover_pos() {
            let place = (at - response.rect.min) / response.rect.size() * natural;
            pixel_tooltip(&response, image, place);
        }
    });
}

/// Returns the largest size with these proportions that fits, never enlarged more than eight times.
fn fitted(natural: Vec2, room: Vec2) -> Vec2 {
    let scale = (room.x / natural.x).min(room.y / natural.y).clamp(f32::MIN_POSITIVE, 8.0);
    natural * scale
}

fn pixel_tooltip(response: &egui::Response, image: &Image, place: Vec2) {
    let x = (place.x as u32).min(image.width() - 1);
    let y = (place.y as u32).min(image.height() - 1);
    let at = (y as usize * image.width() as usize + x as usize) * 4;
    if let [red, green, blue, alpha] = image.pixels()[at..at + 4] {
        response.show_tooltip_ui(|ui| {
            let text = format!("{x}, {y}: red {red}, green {green}, blue {blue}, alpha {alpha}");
            ui.label(RichText::new(text).color(theme::tokens(ui).text));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: u32, height: u32) -> Image {
        let pixels = (0..width * height).flat_map(|index| [index as u8, 0, 0, 255]).collect();
        Image::from_rgba(width, height, pixels).unwrap()
    }

    #[test]
    fn a_picture_too_large_for_the_screen_is_made_smaller() {
        let (_, small) = prepare(&image(10, 4), 5);
        assert_eq!(small.size, [5, 2]);
        assert_eq!(small.pixels[1].r(), 2);
        assert_eq!(small.pixels[5].r(), 20);
        let (_, same) = prepare(&image(10, 4), 10);
        assert_eq!(same.size, [10, 4]);
    }

    #[test]
    fn a_picture_is_made_ready_once_and_old_ones_are_let_go() {
        let mut pictures = Pictures::default();
        let images: Vec<Image> = (0..MAX_PICTURES as u32 + 5).map(|_| image(2, 2)).collect();
        assert!(pictures.begin(&images[0]));
        assert!(!pictures.begin(&images[0]));
        for image in &images {
            pictures.begin(image);
        }
        assert_eq!(pictures.known.len(), MAX_PICTURES);
        assert!(matches!(pictures.see(&images[0]), Readiness::Unknown));
        assert!(matches!(pictures.see(&images[20]), Readiness::BeingMade));
    }

    #[test]
    fn pictures_fit_their_room() {
        assert_eq!(fitted(vec2(200.0, 100.0), vec2(100.0, 100.0)), vec2(100.0, 50.0));
        assert_eq!(fitted(vec2(1.0, 1.0), vec2(100.0, 100.0)), vec2(8.0, 8.0));
    }
}
