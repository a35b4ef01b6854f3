//! Pictures: made ready for the screen off the interface thread, kept as long as they were seen lately.

use egui::{
    Color32, ColorImage, Rect, Response, RichText, Role, Sense, Slider, Stroke, TextureHandle, TextureOptions, Ui,
    Vec2, WidgetInfo, pos2, vec2,
};

use super::{Room, waiting_ui};
use crate::{
    editor::{Command, theme},
    value::Image,
};

/// Where a picture's pixels lie: the same as long as the picture is held.
pub(crate) type PictureKey = usize;

/// How small and how large pictures are made, of their own size.
const MIN_SCALE: f32 = 0.01;
const MAX_SCALE: f32 = 64.0;

/// The most pictures kept on the screen's side.
const MAX_PICTURES: usize = 24;

/// Pictures that are on the screen's side, or being made ready.
pub(crate) struct Pictures {
    /// The ones seen last come last.
    known: Vec<Picture>,
    look: Look,
    /// The picture that others are compared with.
    held: Option<Image>,
    compares: bool,
    /// How far from the left the picture that is held goes, of the whole width.
    split: f32,
}

impl Default for Pictures {
    fn default() -> Self {
        Self { known: Vec::new(), look: Look::default(), held: None, compares: false, split: 0.5 }
    }
}

/// How pictures are looked at: the same for all, so that they can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Look {
    /// How many pixels of the screen a pixel takes; none to make it fit.
    scale: Option<f32>,
    /// How far it is moved from the middle, in points.
    moved: Vec2,
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

    /// Returns the picture that another one is compared with, if any is.
    fn before(&self, image: &Image) -> Option<Image> {
        self.held.clone().filter(|held| self.compares && key(held) != key(image))
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
    bar_ui(ui, image, room, state);
    let before = state.before(image).filter(|_| room == Room::Large);
    let mut textures = Vec::new();
    for wanted in before.iter().chain([image]) {
        match state.see(wanted) {
            Readiness::Unknown => commands.push(Command::PreparePicture(wanted.clone())),
            Readiness::BeingMade => {}
            Readiness::Ready(texture) => textures.push(texture),
        }
    }
    match (textures.as_slice(), &before) {
        ([texture], None) => shown_ui(ui, image, texture, None, room, state),
        ([texture_before, texture], Some(before)) => {
            shown_ui(ui, image, texture, Some((before, texture_before)), room, state);
        }
        _ => waiting_ui(ui),
    }
}

fn bar_ui(ui: &mut Ui, image: &Image, room: Room, state: &mut Pictures) {
    ui.horizontal(|ui| {
        ui.weak(format!("{} × {} pixels", image.width(), image.height()));
        if ui.selectable_label(state.look.scale.is_none(), "Fit").clicked() {
            state.look = Look::default();
        }
        if ui.selectable_label(state.look.scale == Some(1.0), "100 %").clicked() {
            state.look.scale = Some(1.0);
        }
        if room == Room::Small {
            return;
        }
        if let Some(scale) = state.look.scale.filter(|scale| *scale != 1.0) {
            ui.weak(format!("{:.0} %", scale * 100.0));
        }
        ui.separator();
        let is_held = state.held.as_ref().is_some_and(|held| key(held) == key(image));
        let hint = "Hold this picture, to compare another one with it";
        if ui.selectable_label(is_held, "Hold").on_hover_text(hint).clicked() {
            state.held = (!is_held).then(|| image.clone());
            state.compares = !is_held;
        }
        if state.held.is_some() && !is_held {
            ui.toggle_value(&mut state.compares, "Compare").on_hover_text("The picture that is held, beside this one");
            if state.compares {
                let slider = Slider::new(&mut state.split, 0.0..=1.0).show_value(false);
                ui.add(slider).accessible_name("Before and after").on_hover_text("Left of it what is held, right this");
            }
        }
    });
}

fn shown_ui(
    ui: &mut Ui,
    image: &Image,
    texture: &TextureHandle,
    before: Option<(&Image, &TextureHandle)>,
    room: Room,
    state: &mut Pictures,
) {
    let natural = vec2(image.width() as f32, image.height() as f32);
    let most = vec2(ui.available_width(), (room.height(ui) - 8.0).max(40.0));
    let at_rest = fitted(natural, most);
    let place = if room == Room::Small { at_rest } else { most };
    let (rect, response) = ui.allocate_exact_size(place, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Picture"));
    let pixel = 1.0 / ui.pixels_per_point();
    if room == Room::Large {
        state.look.follow(ui, &response, rect, at_rest, natural * pixel);
    }
    let drawn = state.look.rect(rect, at_rest, natural * pixel);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let all = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    painter.image(texture.id(), drawn, all, Color32::WHITE);
    if let Some((_, texture_before)) = before {
        let split = rect.left() + rect.width() * state.split;
        painter
            .with_clip_rect(Rect::from_min_max(rect.min, pos2(split, rect.bottom())).intersect(ui.clip_rect()))
            .image(texture_before.id(), drawn, all, Color32::WHITE);
        painter.vline(split, rect.y_range(), Stroke::new(2.0, theme::tokens(ui).accent));
    }
    if let Some(at) = response.hover_pos().filter(|at| drawn.contains(*at)) {
        let place = (at - drawn.min) / drawn.size();
        response.show_tooltip_ui(|ui| {
            let color = theme::tokens(ui).text;
            if let Some((before, _)) = before {
                ui.label(RichText::new(format!("before {}", pixel_in_words(before, place))).color(color));
            }
            ui.label(RichText::new(pixel_in_words(image, place)).color(color));
        });
    }
}

impl Look {
    /// Moves with the pointer: the wheel zooms to it, dragging moves.
    fn follow(&mut self, ui: &Ui, response: &Response, rect: Rect, at_rest: Vec2, actual: Vec2) {
        if let Some(pointer) = response.hover_pos() {
            let (wheel, pinch) = ui.input(|input| (input.smooth_scroll_delta.y, input.zoom_delta()));
            let zoom = pinch * (wheel / 200.0).exp();
            if zoom != 1.0 {
                let before = self.rect(rect, at_rest, actual);
                let scale = self.scale.unwrap_or(at_rest.x / actual.x);
                self.scale = Some((scale * zoom).clamp(MIN_SCALE, MAX_SCALE));
                let along = (pointer - before.min) / before.size();
                let after = self.rect(rect, at_rest, actual);
                self.moved += pointer - (after.min + along * after.size());
                ui.input_mut(|input| input.smooth_scroll_delta.y = 0.0);
            }
        }
        if response.dragged() {
            self.scale.get_or_insert(at_rest.x / actual.x);
            self.moved += response.drag_delta();
        }
        if response.double_clicked() {
            *self = Self::default();
        }
    }

    /// Returns where a picture is drawn.
    fn rect(&self, rect: Rect, at_rest: Vec2, actual: Vec2) -> Rect {
        match self.scale {
            None => Rect::from_center_size(rect.center(), at_rest),
            Some(scale) => Rect::from_center_size(rect.center() + self.moved, actual * scale),
        }
    }
}

/// Returns the largest size with these proportions that fits, never enlarged more than eight times.
fn fitted(natural: Vec2, room: Vec2) -> Vec2 {
    let scale = (room.x / natural.x).min(room.y / natural.y).clamp(f32::MIN_POSITIVE, 8.0);
    natural * scale
}

/// Returns what a pixel is, at a place that is counted in widths and heights of the picture.
fn pixel_in_words(image: &Image, place: Vec2) -> String {
    let x = ((place.x * image.width() as f32) as u32).min(image.width() - 1);
    let y = ((place.y * image.height() as f32) as u32).min(image.height() - 1);
    let at = (y as usize * image.width() as usize + x as usize) * 4;
    match image.pixels()[at..at + 4] {
        [red, green, blue, alpha] => format!("{x}, {y}: red {red}, green {green}, blue {blue}, alpha {alpha}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::kittest::Queryable as _;

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

    #[test]
    fn a_picture_fits_or_is_as_large_as_wanted() {
        let rect = Rect::from_min_size(pos2(0.0, 0.0), vec2(400.0, 200.0));
        let (at_rest, actual) = (vec2(200.0, 200.0), vec2(100.0, 100.0));
        let mut look = Look::default();
        assert_eq!(look.rect(rect, at_rest, actual), Rect::from_center_size(rect.center(), at_rest));
        look = Look { scale: Some(3.0), moved: vec2(10.0, 0.0) };
        assert_eq!(look.rect(rect, at_rest, actual), Rect::from_center_size(pos2(210.0, 100.0), vec2(300.0, 300.0)));
    }

    #[test]
    fn two_pictures_are_compared_with_a_slider_between_them() {
        let plain = |red: u8| Image::from_rgba(4, 4, [red, 0, 0, 255].repeat(16)).unwrap();
        let (before, after) = (plain(10), plain(200));
        let mut pictures = Pictures::default();
        let ui = move |ui: &mut Ui| {
            let shows_other = ui.data(|data| data.get_temp(egui::Id::unique("other")).unwrap_or(false));
            let mut commands = Vec::new();
            picture_ui(ui, if shows_other { &after } else { &before }, Room::Large, &mut pictures, &mut commands);
            for command in commands {
                let Command::PreparePicture(image) = command else { continue };
                pictures.begin(&image);
                let (key, pixels) = prepare(&image, 64);
                pictures.ready(ui.ctx(), key, pixels);
                ui.ctx().request_repaint();
            }
        };
        let mut window = egui_kittest::Harness::builder()
            .with_size(vec2(500.0, 300.0))
            .with_context_setup(theme::install)
            .build_ui(ui);
        window.run();
        window.get_by_label("Hold").click();
        window.run();
        assert!(window.query_by_label("Compare").is_none(), "it is the one that is held");
        window.ctx.data_mut(|data| data.insert_temp(egui::Id::unique("other"), true));
        window.run();
        window.get_by_label("Before and after");
        window.get_by_label("Picture").hover();
        window.run_steps(30);
        assert!(window.query_by_label_contains("before 2, 2: red 10").is_some());
        assert!(window.query_by_label_contains("red 200").is_some());
        window.get_by_label("Compare").click();
        window.run();
        assert!(window.query_by_label("Before and after").is_none());
    }
}
