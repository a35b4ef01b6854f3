//! Raw bytes as hexadecimal digits and, beside them, as text; searched for either.

use std::{
    fmt::Write as _,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use egui::{Align2, Id, IdMap, Rect, Role, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2};

use super::{
    Room,
    scroll::{BAR, Extent, RowScroll},
    search::{MAX_FOUND, Search},
};
use crate::{
    editor::{
        Command,
        theme::{self, Tokens},
    },
    store::with_commas,
};

/// How many bytes stand in a row.
const ROW: usize = 16;

/// In which columns of a row the digits and the text begin.
const DIGITS: usize = 10;
const TEXT: usize = DIGITS + ROW * 3 + 1;

/// The most values of which it is remembered how they are looked at.
const MAX_LOOKED: usize = 16;

/// After so many bytes it is asked whether a search was called off.
const STRETCH: usize = 1 << 20;

/// How the bytes in sight are looked at.
#[derive(Default)]
pub(crate) struct Dumps {
    by_place: IdMap<Looked>,
}

struct Looked {
    bytes: Arc<[u8]>,
    /// Its places are where what is searched for begins.
    search: Search<usize>,
    scroll: RowScroll,
}

/// A search in bytes, off the interface thread.
#[derive(Clone, Debug)]
pub struct BytesWork {
    place: Id,
    bytes: Arc<[u8]>,
    sought: String,
    cancelled: Arc<AtomicBool>,
}

/// What came of a search.
pub(crate) struct BytesDone {
    place: Id,
    sought: String,
    found: Option<Arc<[usize]>>,
}

impl BytesWork {
    /// Does the work. Slow for many bytes.
    pub(crate) fn done(self) -> BytesDone {
        let found = find(&self.bytes, &pattern(&self.sought), &self.cancelled).map(Into::into);
        BytesDone { place: self.place, sought: self.sought, found }
    }
}

/// Returns the bytes that are searched for: those that pairs of digits name, such as `50 4e 47`, else those of the text.
fn pattern(sought: &str) -> Vec<u8> {
    let digits: Vec<u32> = sought.chars().filter(|sign| *sign != ' ').filter_map(|sign| sign.to_digit(16)).collect();
    let is_digits = sought.chars().all(|sign| sign == ' ' || sign.is_ascii_hexdigit());
    if is_digits && !digits.is_empty() && digits.len().is_multiple_of(2) {
        digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
    } else {
        sought.as_bytes().to_vec()
    }
}

/// Returns where a pattern begins, in order; `None` if it was called off.
fn find(bytes: &[u8], pattern: &[u8], cancelled: &AtomicBool) -> Option<Vec<usize>> {
    let escaped = pattern.iter().fold("(?-u)".to_owned(), |mut escaped, byte| {
        write!(escaped, "\\x{byte:02x}").expect("writing to a string cannot fail");
        escaped
    });
    let Ok(search) = regex::bytes::Regex::new(&escaped) else { return Some(Vec::new()) };
    let mut found = Vec::new();
    let mut start = 0;
    while start < bytes.len() && found.len() < MAX_FOUND {
        if cancelled.load(Ordering::Relaxed) {
            return None;
        }
        let end = bytes.len().min(start + STRETCH + pattern.len().saturating_sub(1));
        let places = search.find_iter(&bytes[start..end]).map(|place| start + place.start());
        found.extend(places.take(MAX_FOUND - found.len()));
        start += STRETCH;
    }
    found.dedup();
    Some(found)
}

impl Dumps {
    /// Takes what came of a search.
    pub(crate) fn take(&mut self, done: BytesDone) {
        if let Some(looked) = self.by_place.get_mut(&done.place) {
            looked.search.take(done.sought, done.found);
        }
    }

    fn look(&mut self, place: Id, bytes: &Arc<[u8]>) -> &mut Looked {
        if self.by_place.len() >= MAX_LOOKED && !self.by_place.contains_key(&place) {
            self.by_place.clear();
        }
        let looked = self.by_place.entry(place).or_insert_with(|| Looked::new(bytes));
        if !Arc::ptr_eq(&looked.bytes, bytes) {
            *looked = Looked { search: looked.search.elsewhere(), ..Looked::new(bytes) };
        }
        looked
    }
}

impl Looked {
    fn new(bytes: &Arc<[u8]>) -> Self {
        Self { bytes: Arc::clone(bytes), search: Search::default(), scroll: RowScroll::default() }
    }

    /// Shows what is above the bytes; returns whether to go to the next place (`false`) or the one before (`true`).
    fn bar_ui(&mut self, ui: &mut Ui) -> Option<bool> {
        ui.horizontal(|ui| {
            let step = self.search.ui(ui, "Search the bytes", "Search: 50 4e 47, or text");
            if let Some(at) = self.search.at() {
                ui.weak(format!("at {at:08x}"));
            }
            ui.separator();
            ui.weak(format!("{} bytes", with_commas(self.bytes.len() as u64)));
            step
        })
        .inner
    }

    fn rows_ui(&self, ui: &Ui, id: Id, extent: &Extent, column: f32) {
        let tokens = theme::tokens(ui);
        let painter = ui.painter().with_clip_rect(extent.rows.intersect(ui.clip_rect()));
        let font = TextStyle::Monospace.resolve(ui.style());
        let n_sought = pattern(self.search.sought()).len();
        for row in self.scroll.in_sight(extent) {
            let left = extent.rows.left() - self.scroll.left;
            let at = pos2(left, self.scroll.y(row, extent));
            let bytes = row * ROW..(row + 1) * ROW;
            let found = self.search.found();
            let first = found.partition_point(|place| place + n_sought <= bytes.start);
            for place in found[first..].iter().take_while(|place| **place < bytes.end) {
                let is_at = self.search.at() == Some(place);
                let marked = (*place).max(bytes.start)..(place + n_sought).min(bytes.end);
                let columns = marked.start - bytes.start..marked.end - bytes.start;
                mark(&painter, at, extent.row_height, column, columns, is_at, tokens);
            }
            let text = row_text(&self.bytes, row);
            let rect = Rect::from_min_size(at, vec2(extent.width, extent.row_height));
            let response = ui.interact(rect.intersect(extent.rows), id.with(("row", row)), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text.clone()));
            painter.text(at, Align2::LEFT_TOP, text, font.clone(), tokens.text);
        }
    }
}

/// Marks a part of a row, in the digits and in the text.
fn mark(
    painter: &egui::Painter,
    row: egui::Pos2,
    row_height: f32,
    column: f32,
    bytes: Range<usize>,
    is_at: bool,
    tokens: &Tokens,
) {
    let color = if is_at { tokens.accent.gamma_multiply(0.5) } else { tokens.selected };
    for (from, to) in [(DIGITS + bytes.start * 3, DIGITS + bytes.end * 3 - 1), (TEXT + bytes.start, TEXT + bytes.end)] {
        let min = row + vec2(from as f32 * column, 0.0);
        painter.rect_filled(Rect::from_min_size(min, vec2((to - from) as f32 * column, row_height)), 2.0, color);
    }
}

/// Shows bytes.
pub(super) fn bytes_ui(ui: &mut Ui, bytes: &Arc<[u8]>, room: Room, state: &mut Dumps, commands: &mut Vec<Command>) {
    if bytes.is_empty() {
        ui.weak("No bytes");
        return;
    }
    let place = ui.make_persistent_id("bytes");
    let looked = state.look(place, bytes);
    let step = if room == Room::Large { looked.bar_ui(ui) } else { None };
    if let Some((sought, cancelled)) = looked.search.ask() {
        commands.push(Command::WorkOnBytes(BytesWork { place, bytes: Arc::clone(bytes), sought, cancelled }));
    }
    let font = TextStyle::Monospace.resolve(ui.style());
    let column = ui.fonts_mut(|fonts| fonts.glyph_width(&font, '0'));
    let row_height = ui.text_style_height(&TextStyle::Monospace) + 1.0;
    let n_rows = bytes.len().div_ceil(ROW);
    let needed = row_height * n_rows as f32 + BAR;
    let height = room.height(ui).min(if room == Room::Small { needed } else { f32::INFINITY });
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), height));
    let rows = Rect::from_min_max(rect.min, rect.max - vec2(BAR, BAR));
    let extent = Extent { n_rows, row_height, width: (TEXT + ROW + 1) as f32 * column, rows };
    let id = place.with("rows");
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Document, true, format!("Bytes in {n_rows} rows")));
    if response.clicked() {
        response.request_focus();
    }
    if let Some(place) = step.and_then(|back| looked.search.step(back)) {
        looked.scroll.show(place / ROW, &extent);
    }
    looked.scroll.follow(ui, &response, &extent);
    looked.rows_ui(ui, id, &extent, column);
    looked.scroll.bars_ui(ui, id, &extent);
}

/// Returns a row: its place, the digits, the text; bytes that are no visible ASCII are dots.
fn row_text(bytes: &[u8], row: usize) -> String {
    let start = row * ROW;
    let part = &bytes[start..bytes.len().min(start + ROW)];
    let mut text = format!("{start:08x}  ");
    for index in 0..ROW {
        match part.get(index) {
            Some(byte) => write!(text, "{byte:02x} ").expect("writing to a string cannot fail"),
            None => text.push_str("   "),
        }
    }
    text.push(' ');
    text.extend(part.iter().map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' }));
    text
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    #[test]
    fn a_row_has_its_place_the_digits_and_the_text() {
        let bytes = b"PNG\r\n\x1a\n and some more";
        assert_eq!(row_text(bytes, 0), "00000000  50 4e 47 0d 0a 1a 0a 20 61 6e 64 20 73 6f 6d 65  PNG.... and some");
        assert_eq!(row_text(bytes, 1), format!("00000010  20 6d 6f 72 65 {} more", "   ".repeat(11) + " "));
    }

    #[test]
    fn digits_and_texts_are_found_also_where_stretches_meet() {
        let never = AtomicBool::new(false);
        let mut bytes = vec![0; STRETCH * 2 + 10];
        let places = [0, STRETCH - 2, STRETCH * 2 + 6];
        for place in places {
            bytes[place..place + 4].copy_from_slice(b"\xABxyz");
        }
        for sought in ["ab 78", "AB78797a", "xyz"] {
            let begins = usize::from(sought == "xyz");
            let found = find(&bytes, &pattern(sought), &never).unwrap();
            assert_eq!(found, places.map(|place| place + begins), "{sought}");
        }
        assert_eq!(pattern("abc"), b"abc", "digits that are no pairs are a text");
        assert_eq!(find(&bytes, &pattern("none"), &never), Some(Vec::new()));
        assert_eq!(find(&bytes, &pattern("xyz"), &AtomicBool::new(true)), None);
    }

    #[test]
    fn a_place_far_down_is_gone_to() {
        let mut bytes = vec![b'.'; 40_000_000];
        bytes[39_999_000..39_999_006].copy_from_slice(b"needle");
        let bytes: Arc<[u8]> = bytes.into();
        let mut dumps = Dumps::default();
        let ui = move |ui: &mut Ui| {
            let mut commands = Vec::new();
            bytes_ui(ui, &bytes, Room::Large, &mut dumps, &mut commands);
            for command in commands {
                let Command::WorkOnBytes(work) = command else { continue };
                dumps.take(work.done());
                ui.ctx().request_repaint();
            }
        };
        let mut window =
            Harness::builder().with_size(vec2(700.0, 200.0)).with_context_setup(theme::install).build_ui(ui);
        window.run();
        window.get_by_label("Search the bytes").focus();
        window.get_by_label("Search the bytes").type_text("needle");
        window.run();
        window.get_by_label("1 found");
        window.get_by_label("Next place").click();
        window.run();
        window.get_by_label("at 02625618");
        assert!(window.query_all_by_label_contains("needle").next().is_some(), "it is brought into sight");
    }
}
