//! Text: with line numbers, wrapped or not, searched. Only the rows in sight are laid out; where they lie is found off the
//! interface thread if there are many.

mod rows;

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use egui::{
    Align, Button, FontId, Id, IdMap, Key, Label, Layout, Rect, RichText, Role, ScrollArea, Sense, TextEdit,
    TextFormat, TextStyle, Ui, UiBuilder, WidgetInfo, pos2, text::LayoutJob, vec2,
};

use egui_commonmark::CommonMarkCache;

use self::rows::{MAX_FOUND, Row, find, rows_of};
use super::{
    Room, markdown,
    scroll::{BAR, Extent, RowScroll},
};
use crate::{
    editor::{
        Command,
        icons::{Icon, icon_button},
        theme,
    },
    store::with_commas,
};

/// How many bytes are looked at on the interface thread.
const AT_ONCE: usize = 200_000;

/// The most bytes that are shown as Markdown, all of which is laid out at once.
const MAX_MARKDOWN: usize = 300_000;

/// The most texts of which it is remembered how they are looked at.
const MAX_TEXTS: usize = 16;

/// How the texts in sight are looked at.
#[derive(Default)]
pub(crate) struct Texts {
    by_place: IdMap<Looked>,
    does_not_wrap: bool,
    /// Whether texts are shown as the Markdown that they may be.
    is_markdown: bool,
    pages: CommonMarkCache,
}

/// How a text is looked at.
struct Looked {
    text: Arc<str>,
    /// The rows, with the columns they are wrapped at. Of a large text only those at its beginning, until all are there.
    rows: Arc<[Row]>,
    wrapped_at: Option<usize>,
    are_all: bool,
    wrapping: Option<AtWork<Option<usize>>>,
    wanted: Sought,
    sought: Sought,
    seeking: Option<AtWork<Sought>>,
    found: Result<Arc<[Range<usize>]>, String>,
    /// The place that was shown last.
    at: Option<usize>,
    scroll: RowScroll,
}

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sought {
    text: String,
    is_expression: bool,
}

/// Work that goes on, with what it is for and the sign to stop.
struct AtWork<T>(T, Arc<AtomicBool>);

impl<T> Drop for AtWork<T> {
    fn drop(&mut self) {
        self.1.store(true, Ordering::Relaxed);
    }
}

/// Work on a text, off the interface thread.
#[derive(Clone, Debug)]
pub struct TextWork {
    place: Id,
    text: Arc<str>,
    task: Task,
    cancelled: Arc<AtomicBool>,
}

#[derive(Clone, Debug)]
enum Task {
    Wrap(Option<usize>),
    Find(Sought),
}

/// What came of work on a text.
pub(crate) struct TextDone {
    place: Id,
    text: Arc<str>,
    result: Done,
}

enum Done {
    Wrapped(Option<usize>, Arc<[Row]>),
    Found(Sought, Result<Arc<[Range<usize>]>, String>),
    Cancelled,
}

impl TextWork {
    /// Does the work. Slow for large texts.
    pub(crate) fn done(self) -> TextDone {
        let Self { place, text, task, cancelled } = self;
        let result = match task {
            Task::Wrap(width) => {
                rows_of(&text, width, &cancelled).map_or(Done::Cancelled, |rows| Done::Wrapped(width, rows.into()))
            }
            Task::Find(sought) => match find(&text, &sought.text, sought.is_expression, &cancelled) {
                Some(found) => Done::Found(sought, found.map(Into::into)),
                None => Done::Cancelled,
            },
        };
        TextDone { place, text, result }
    }
}

impl Texts {
    /// Takes what came of work.
    pub(crate) fn take(&mut self, done: TextDone) {
        let TextDone { place, text, result } = done;
        let Some(looked) = self.by_place.get_mut(&place).filter(|looked| Arc::ptr_eq(&looked.text, &text)) else {
            return;
        };
        match result {
            Done::Wrapped(width, rows) if looked.wrapping.as_ref().is_some_and(|at_work| at_work.0 == width) => {
                looked.wrapping = None;
                looked.take_rows(width, rows);
                looked.are_all = true;
            }
            Done::Found(sought, found) if looked.seeking.as_ref().is_some_and(|at_work| at_work.0 == sought) => {
                looked.seeking = None;
                looked.take_found(sought, found);
            }
            _ => {}
        }
    }

    fn look(&mut self, place: Id, text: &Arc<str>) -> &mut Looked {
        if self.by_place.len() >= MAX_TEXTS && !self.by_place.contains_key(&place) {
            self.by_place.clear();
        }
        let looked = self.by_place.entry(place).or_insert_with(|| Looked::new(text));
        if !Arc::ptr_eq(&looked.text, text) {
            let wanted = std::mem::take(&mut looked.wanted);
            *looked = Looked { wanted, ..Looked::new(text) };
        }
        looked
    }
}

impl Looked {
    fn new(text: &Arc<str>) -> Self {
        Self {
            text: Arc::clone(text),
            rows: Arc::default(),
            wrapped_at: None,
            are_all: false,
            wrapping: None,
            wanted: Sought::default(),
            sought: Sought::default(),
            seeking: None,
            found: Ok(Arc::default()),
            at: None,
            scroll: RowScroll::default(),
        }
    }

    /// Takes rows; what was at the top stays there.
    fn take_rows(&mut self, width: Option<usize>, rows: Arc<[Row]>) {
        let top = self.rows.get(self.scroll.top as usize).map_or(0, |row| row.range().start);
        (self.rows, self.wrapped_at) = (rows, width);
        if width != self.wrapped_at || self.scroll.top >= 1.0 {
            self.scroll.top = self.row_at(top) as f64;
        }
    }

    /// Returns the row in which a byte of the text stands.
    fn row_at(&self, byte: usize) -> usize {
        self.rows.partition_point(|row| row.range().start <= byte).saturating_sub(1)
    }

    fn take_found(&mut self, sought: Sought, found: Result<Arc<[Range<usize>]>, String>) {
        (self.sought, self.found, self.at) = (sought, found, None);
    }

    /// Sees to it that there are rows of this width, and that what is searched for is found; asks for what takes long.
    fn keep_up(&mut self, place: Id, width: Option<usize>, commands: &mut Vec<Command>) {
        let is_large = self.text.len() > AT_ONCE;
        let never = AtomicBool::new(false);
        if self.rows.is_empty() || (!is_large && self.wrapped_at != width) {
            let start = &self.text[..self.text.floor_char_boundary(AT_ONCE)];
            let rows = rows_of(start, width, &never).unwrap_or_default();
            self.take_rows(width, rows.into());
            self.are_all = !is_large;
        }
        let newest = self.wrapping.as_ref().map_or(self.wrapped_at, |at_work| at_work.0);
        if is_large && (newest != width || (!self.are_all && self.wrapping.is_none())) {
            let (at_work, command) = self.work(place, width, Task::Wrap(width));
            self.wrapping = Some(at_work);
            commands.push(command);
        }
        let newest = self.seeking.as_ref().map_or(&self.sought, |at_work| &at_work.0);
        if *newest == self.wanted {
            return;
        }
        let wanted = self.wanted.clone();
        self.seeking = None;
        if wanted.text.is_empty() {
            self.take_found(wanted, Ok(Arc::default()));
        } else if is_large {
            let (at_work, command) = self.work(place, wanted.clone(), Task::Find(wanted));
            self.seeking = Some(at_work);
            commands.push(command);
        } else {
            let found = find(&self.text, &wanted.text, wanted.is_expression, &never).unwrap_or_else(|| Ok(Vec::new()));
            self.take_found(wanted, found.map(Into::into));
        }
    }

    fn work<T>(&self, place: Id, of: T, task: Task) -> (AtWork<T>, Command) {
        let cancelled = Arc::<AtomicBool>::default();
        let text = Arc::clone(&self.text);
        let work = TextWork { place, text, task, cancelled: Arc::clone(&cancelled) };
        (AtWork(of, cancelled), Command::WorkOnText(work))
    }

    /// Goes to the next place that was found, or the one before, all round.
    fn step(&mut self, back: bool, extent: &Extent) {
        let Ok(found) = &self.found else { return };
        let Some(last) = found.len().checked_sub(1) else { return };
        let first_in_sight = self.rows.get(self.scroll.top as usize).map_or(0, |row| row.range().start);
        let at = match (self.at, back) {
            (None, _) => found.partition_point(|place| place.start < first_in_sight).min(last),
            (Some(at), false) => {
                if at == last {
                    0
                } else {
                    at + 1
                }
            }
            (Some(at), true) => at.checked_sub(1).unwrap_or(last),
        };
        let byte = found[at].start;
        self.at = Some(at);
        self.scroll.show(self.row_at(byte), extent);
    }

    /// Shows what is above the text; returns whether to go to the next place (`false`) or the one before (`true`).
    fn bar_ui(&mut self, ui: &mut Ui, does_not_wrap: &mut bool, is_markdown: &mut bool) -> Option<bool> {
        let mut step = None;
        ui.horizontal(|ui| {
            let field = TextEdit::singleline(&mut self.wanted.text).hint_text("Search").desired_width(140.0);
            let field = ui.add(field).accessible_name("Search the text");
            if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
                step = Some(ui.input(|input| input.modifiers.shift));
                field.request_focus();
            }
            ui.toggle_value(&mut self.wanted.is_expression, ".*").on_hover_text("Search for a regular expression");
            if !self.wanted.text.is_empty() {
                if icon_button(ui, Icon::ChevronUp, "Previous place")
                    .on_hover_text("Previous place (Shift+Enter)")
                    .clicked()
                {
                    step = Some(true);
                }
                if icon_button(ui, Icon::ChevronDown, "Next place").on_hover_text("Next place (Enter)").clicked() {
                    step = Some(false);
                }
                self.found_ui(ui);
            }
            ui.separator();
            let mut wraps = !*does_not_wrap;
            ui.toggle_value(&mut wraps, "Wrap").on_hover_text("Let long lines go on in the next row");
            *does_not_wrap = !wraps;
            let fits = self.text.len() <= MAX_MARKDOWN;
            let markdown = ui.add_enabled(fits, Button::selectable(*is_markdown && fits, "Markdown"));
            let markdown = markdown.on_hover_text("Show headings, lists, links and tables");
            if markdown.on_disabled_hover_text("It is too long to be shown as Markdown").clicked() {
                *is_markdown = !*is_markdown;
            }
            if ui.button("Copy").on_hover_text("Copy the whole text").clicked() {
                ui.copy_text(self.text.to_string());
            }
            let n_lines = self.rows.last().map_or(0, |row| u64::from(row.line) + 1);
            if self.are_all {
                ui.weak(format!("{} lines", with_commas(n_lines)));
            } else {
                ui.spinner();
            }
        });
        step
    }

    fn found_ui(&self, ui: &mut Ui) {
        if self.seeking.is_some() {
            ui.spinner();
            return;
        }
        match &self.found {
            Err(error) => {
                ui.colored_label(theme::tokens(ui).failed, theme::readable(error));
            }
            Ok(found) => {
                let more = if found.len() == MAX_FOUND { " or more" } else { "" };
                let n_found = with_commas(found.len() as u64);
                ui.weak(match self.at {
                    _ if found.is_empty() => "nothing found".to_owned(),
                    Some(at) => format!("{} of {n_found}{more}", at + 1),
                    None => format!("{n_found}{more} found"),
                });
            }
        }
    }

    fn rows_ui(&self, ui: &mut Ui, id: Id, extent: &Extent, numbers: Rect) {
        let tokens = theme::tokens(ui);
        let font = TextStyle::Monospace.resolve(ui.style());
        let mut before = None;
        for index in self.scroll.in_sight(extent) {
            let row = self.rows[index];
            let y = self.scroll.y(index, extent);
            if before != Some(row.line) {
                let rect = Rect::from_min_size(pos2(numbers.left(), y), vec2(numbers.width() - 8.0, extent.row_height));
                let layout = Layout::right_to_left(Align::Center);
                let mut number = part(ui, (id, "number", index), rect, numbers, layout);
                let text = RichText::new((row.line + 1).to_string()).small().color(tokens.text_muted);
                number.add(Label::new(text).selectable(false).extend());
            }
            before = Some(row.line);
            let min = pos2(extent.rows.left() - self.scroll.left, y);
            let rect = Rect::from_min_size(min, vec2(extent.width.max(extent.rows.width()), extent.row_height));
            let layout = Layout::left_to_right(Align::Center);
            let mut line = part(ui, (id, "row", index), rect, extent.rows, layout);
            line.add(Label::new(self.job(row, &font, tokens)).extend());
        }
    }

    /// Returns a row as it is drawn: the places that were found stand out.
    fn job(&self, row: Row, font: &FontId, tokens: &theme::Tokens) -> LayoutJob {
        let range = row.range();
        let plain = TextFormat::simple(font.clone(), tokens.text);
        let mut job = LayoutJob::default();
        let mut from = range.start;
        let found = self.found.as_deref().unwrap_or_default();
        let first = found.partition_point(|place| place.end <= range.start);
        for (index, place) in found.iter().enumerate().skip(first).take_while(|(_, place)| place.start < range.end) {
            let (start, end) = (place.start.max(from), place.end.min(range.end));
            job.append(&self.text[from..start], 0.0, plain.clone());
            let is_at = self.at == Some(index);
            let (background, color) =
                if is_at { (tokens.accent, tokens.on_accent) } else { (tokens.selected, tokens.text) };
            job.append(&self.text[start..end], 0.0, TextFormat { background, color, ..plain.clone() });
            from = end;
        }
        job.append(&self.text[from..range.end], 0.0, plain);
        job
    }
}

/// Returns a place for widgets of which nothing is drawn outside of `clip`.
fn part(ui: &mut Ui, salt: (Id, &str, usize), rect: Rect, clip: Rect, layout: Layout) -> Ui {
    let clip = clip.intersect(ui.clip_rect());
    let mut part = ui.new_child(UiBuilder::new().id_salt(Id::unique(salt)).max_rect(rect).layout(layout));
    part.set_clip_rect(clip);
    part
}

/// Shows a text.
pub(super) fn text_ui(ui: &mut Ui, text: &Arc<str>, room: Room, state: &mut Texts, commands: &mut Vec<Command>) {
    if text.is_empty() {
        ui.weak("An empty text");
        return;
    }
    let place = ui.make_persistent_id("text");
    let (mut does_not_wrap, mut is_markdown) = (state.does_not_wrap, state.is_markdown);
    let looked = state.look(place, text);
    let step = if room == Room::Large { looked.bar_ui(ui, &mut does_not_wrap, &mut is_markdown) } else { None };
    if is_markdown && text.len() <= MAX_MARKDOWN {
        (state.does_not_wrap, state.is_markdown) = (does_not_wrap, is_markdown);
        return markdown_ui(ui, text, room, &mut state.pages);
    }
    let font = TextStyle::Monospace.resolve(ui.style());
    let column = ui.fonts_mut(|fonts| fonts.glyph_width(&font, 'm'));
    let row_height = ui.text_style_height(&TextStyle::Monospace) + 1.0;
    let n_digits = looked.rows.last().map_or(1, |row| (row.line + 1).ilog10() + 1);
    let numbers_width = if room == Room::Large { 16.0 + 7.0 * n_digits as f32 } else { 0.0 };
    let width = (ui.available_width() - numbers_width - BAR).max(60.0);
    let wrap = (!does_not_wrap || room == Room::Small).then(|| ((width / column) as usize).max(8));
    looked.keep_up(place, wrap, commands);
    let needed = row_height * looked.rows.len() as f32 + BAR;
    let height = room.height(ui).min(if room == Room::Small { needed } else { f32::INFINITY });
    let (_, rect) = ui.allocate_space(vec2(numbers_width + width + BAR, height));
    let rows = Rect::from_min_max(pos2(rect.left() + numbers_width, rect.top()), rect.max - vec2(BAR, BAR));
    let numbers = Rect::from_min_max(rect.min, pos2(rows.left(), rows.bottom()));
    let n_columns = if looked.wrapped_at.is_some() { 0 } else { looked.longest_in_sight(rows, row_height) };
    let extent = Extent { n_rows: looked.rows.len(), row_height, width: n_columns as f32 * column, rows };
    let id = place.with("rows");
    let response = ui.interact(rect, id, Sense::click());
    let n_rows = extent.n_rows;
    response.widget_info(|| WidgetInfo::labeled(Role::Document, true, format!("Text of {n_rows} rows")));
    if response.clicked() {
        response.request_focus();
    }
    looked.scroll.follow(ui, &response, &extent);
    if let Some(back) = step {
        looked.step(back, &extent);
    }
    looked.rows_ui(ui, id, &extent, numbers);
    looked.scroll.bars_ui(ui, id, &extent);
    (state.does_not_wrap, state.is_markdown) = (does_not_wrap, is_markdown);
}

/// Shows a text as Markdown. Nothing is fetched for it: pictures it names stay names.
fn markdown_ui(ui: &mut Ui, text: &str, room: Room, pages: &mut CommonMarkCache) {
    let height = room.height(ui);
    ScrollArea::vertical()
        .id_salt("markdown")
        .max_height(height)
        .auto_shrink([false, true])
        .show(ui, |ui| markdown::markdown_ui(ui, pages, None, text));
}

impl Looked {
    /// Returns how many columns the longest row in sight has: how far there is to go to the side.
    fn longest_in_sight(&self, rows: Rect, row_height: f32) -> usize {
        let first = self.scroll.top as usize;
        let n_rows = (rows.height() / row_height).ceil() as usize + 1;
        let in_sight = self.rows.iter().skip(first).take(n_rows);
        in_sight.map(|row| self.text[row.range()].chars().count() + 2).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::{
        Harness,
        kittest::{NodeT as _, Queryable as _},
    };

    use super::*;

    fn window(text: &str) -> Harness<'static> {
        let text: Arc<str> = text.into();
        let mut texts = Texts::default();
        let ui = move |ui: &mut Ui| {
            let mut commands = Vec::new();
            text_ui(ui, &text, Room::Large, &mut texts, &mut commands);
            for command in commands {
                let Command::WorkOnText(work) = command else { continue };
                texts.take(work.done());
                ui.ctx().request_repaint();
            }
        };
        let mut window =
            Harness::builder().with_size(vec2(600.0, 200.0)).with_context_setup(theme::install).build_ui(ui);
        window.run();
        window
    }

    fn shows(window: &Harness<'_>, text: &str) -> bool {
        window.query_all_by_value(text).next().is_some() || window.query_all_by_label(text).next().is_some()
    }

    #[test]
    fn places_are_found_and_gone_to_one_after_another_in_a_text_of_any_size() {
        for n_lines in [300, 60_000] {
            let text: Vec<String> = (1..=n_lines).map(|line| format!("this is line {line}")).collect();
            let mut window = window(&text.join("\n"));
            assert!(shows(&window, "this is line 1"));
            let last = format!("LINE {n_lines}");
            window.get_by_label("Search the text").focus();
            window.get_by_label("Search the text").type_text(&last);
            window.run();
            window.get_by_label("1 found");
            window.get_by_label("Next place").click();
            window.run();
            window.get_by_label("1 of 1");
            assert!(shows(&window, &format!("this is line {n_lines}")), "it is brought into sight");
        }
    }

    #[test]
    fn a_text_is_shown_as_markdown_on_demand() {
        let mut window = window("# A title\n\nSome *words*.\n\n- one\n- two");
        assert!(shows(&window, "# A title"));
        window.get_by_label("Markdown").click();
        window.run();
        assert!(shows(&window, "A title") && !shows(&window, "# A title"));
        window.get_by_label("Markdown").click();
        window.run();
        assert!(shows(&window, "# A title"));
    }

    #[test]
    fn lines_are_wrapped_unless_that_is_not_wanted() {
        let mut window = window(&["word"; 60].join(" "));
        let n_rows = |window: &Harness<'_>| {
            let rows = window.get_by_label_contains("Text of");
            rows.accesskit_node().label().unwrap()
        };
        assert_ne!(n_rows(&window), "Text of 1 rows");
        window.get_by_label("Wrap").click();
        window.run();
        assert_eq!(n_rows(&window), "Text of 1 rows");
    }
}
