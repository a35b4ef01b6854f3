//! Text: only the rows in sight are laid out; a long text is shown from its beginning until all of it is asked for.

use std::{ops::Range, sync::Arc};

use egui::{Id, IdMap, Label, RichText, ScrollArea, TextStyle, Ui};

use super::Room;

/// How many bytes are shown at first.
const FIRST_BYTES: usize = 200_000;

/// The longest row in bytes; a longer line goes on in the next.
const ROW_BYTES: usize = 400;

/// The texts in sight, cut into rows.
#[derive(Default)]
pub(crate) struct Texts {
    by_place: IdMap<Rows>,
}

/// A text cut into rows.
struct Rows {
    text: Arc<str>,
    all: bool,
    places: Vec<Range<usize>>,
}

/// The most texts whose rows are remembered.
const MAX_TEXTS: usize = 16;

impl Texts {
    fn rows(&mut self, place: Id, text: &Arc<str>) -> &mut Rows {
        if self.by_place.len() > MAX_TEXTS {
            self.by_place.clear();
        }
        let fresh = || Rows { text: Arc::clone(text), all: false, places: rows_of(shown(text, false)) };
        let rows = self.by_place.entry(place).or_insert_with(fresh);
        if !Arc::ptr_eq(&rows.text, text) {
            *rows = fresh();
        }
        rows
    }
}

/// Returns as much of a text as is shown.
fn shown(text: &str, all: bool) -> &str {
    if all || text.len() <= FIRST_BYTES { text } else { &text[..text.floor_char_boundary(FIRST_BYTES)] }
}

/// Returns where the rows of a text lie: its lines, long ones cut.
fn rows_of(text: &str) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        let end = start + line.trim_end_matches('\r').len();
        let mut from = start;
        while end - from > ROW_BYTES {
            let cut = text.floor_char_boundary(from + ROW_BYTES);
            rows.push(from..cut);
            from = cut;
        }
        rows.push(from..end);
        start += line.len() + 1;
    }
    rows
}

/// Shows a text.
pub(super) fn text_ui(ui: &mut Ui, text: &Arc<str>, room: Room, state: &mut Texts) {
    if text.is_empty() {
        ui.weak("An empty text");
        return;
    }
    let place = ui.make_persistent_id("text");
    let rows = state.rows(place, text);
    if !rows.all && text.len() > FIRST_BYTES {
        ui.horizontal(|ui| {
            ui.weak(format!("The first {} of {} bytes", FIRST_BYTES, text.len()));
            if ui.button("Show all").clicked() {
                rows.all = true;
                rows.places = rows_of(text);
            }
        });
    }
    let row_height = ui.text_style_height(&TextStyle::Monospace);
    ScrollArea::both().id_salt("rows").max_height(room.height(ui)).auto_shrink([false, true]).show_rows(
        ui,
        row_height,
        rows.places.len(),
        |ui, in_sight| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for row in &rows.places[in_sight] {
                ui.add(Label::new(RichText::new(&text[row.clone()]).monospace()).extend());
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        rows_of(text).into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn rows_are_lines() {
        assert_eq!(cut("a\nb\r\n\nc"), ["a", "b", "", "c"]);
        assert_eq!(cut("a\n"), ["a", ""]);
    }

    #[test]
    fn long_lines_go_on_in_the_next_row_and_nothing_is_lost() {
        let line = "é".repeat(1000);
        let rows = cut(&line);
        assert!(rows.len() > 4);
        assert!(rows.iter().all(|row| row.len() <= ROW_BYTES));
        assert_eq!(rows.concat(), line);
    }

    #[test]
    fn a_long_text_is_shown_from_its_beginning() {
        let text = "é".repeat(FIRST_BYTES);
        assert!(shown(&text, false).len() <= FIRST_BYTES);
        assert_eq!(shown(&text, true).len(), text.len());
    }
}
