//! Lists and records as a tree: opened and closed, walked with the arrow keys, searched. Only the rows in sight are drawn.

mod find;
mod open;

use std::{
    fmt::Write as _,
    ops::Range,
    sync::{Arc, atomic::AtomicBool},
};

use egui::{Align2, Id, IdMap, Key, Modifiers, Rect, Response, Role, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2};

use self::{
    find::find,
    open::{Open, Path, at, entry, n_entries},
};
use super::{
    Room,
    scroll::{BAR, Extent, RowScroll},
    search::Search,
};
use crate::{
    editor::{
        Command,
        icons::{self, Icon},
        theme::{self, Tokens},
    },
    store::with_commas,
    value::{Value, shortened, to_json},
};

/// The most values of which it is remembered what is open.
const MAX_TREES: usize = 16;

/// How far each level stands to the right, in points.
const INDENT: f32 = 18.0;

/// What has no more entries than this opens with the list or record it is in.
const OPENS_BY_ITSELF: usize = 20;

/// The most characters of an entry that are drawn.
const MAX_CHARS: usize = 400;

/// How the values in sight are looked at.
#[derive(Default)]
pub(crate) struct Trees {
    by_place: IdMap<Looked>,
    /// A list of which some items were made by an earlier run, and which.
    marked: Option<(Value, Vec<Range<u64>>)>,
}

/// How a value is looked at.
struct Looked {
    value: Value,
    open: Open,
    chosen: Option<Path>,
    search: Search<Path>,
    scroll: RowScroll,
    /// How wide the widest row was that was seen, in points.
    width: f32,
}

/// A search in a value, off the interface thread.
#[derive(Clone, Debug)]
pub struct TreeWork {
    place: Id,
    value: Value,
    sought: String,
    cancelled: Arc<AtomicBool>,
}

/// What came of a search.
pub(crate) struct TreeDone {
    place: Id,
    sought: String,
    found: Option<Arc<[Path]>>,
}

impl TreeWork {
    /// Does the work. Slow for large values.
    pub(crate) fn done(self) -> TreeDone {
        let found = find(&self.value, &self.sought, &self.cancelled).map(Into::into);
        TreeDone { place: self.place, sought: self.sought, found }
    }
}

impl Trees {
    /// Marks items of a list that were made by an earlier run, wherever it is shown.
    pub(super) fn mark(&mut self, list: &Value, earlier: &[Range<u64>]) {
        self.marked = Some((list.clone(), earlier.to_vec()));
    }

    /// Takes what came of a search.
    pub(crate) fn take(&mut self, done: TreeDone) {
        if let Some(looked) = self.by_place.get_mut(&done.place) {
            looked.search.take(done.sought, done.found);
        }
    }

    fn look(&mut self, place: Id, value: &Value) -> &mut Looked {
        if self.by_place.len() >= MAX_TREES && !self.by_place.contains_key(&place) {
            self.by_place.clear();
        }
        let looked = self.by_place.entry(place).or_insert_with(|| Looked::new(value));
        if !is_held(&looked.value, value) {
            *looked = Looked { search: looked.search.elsewhere(), ..Looked::new(value) };
        }
        looked
    }
}

/// Returns whether two values are the same list or record in memory.
fn is_held(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(one), Value::List(other)) => Arc::ptr_eq(one, other),
        (Value::Record(one), Value::Record(other)) => Arc::ptr_eq(one, other),
        _ => false,
    }
}

impl Looked {
    fn new(value: &Value) -> Self {
        let n_inside = n_entries(value).unwrap_or(0);
        let mut open = Open::new(n_inside);
        for index in 0..n_inside.min(OPENS_BY_ITSELF) {
            if entry(value, index).and_then(|(_, inside)| n_entries(inside)).is_some_and(|n| n <= OPENS_BY_ITSELF) {
                open.open(&[index], value);
            }
        }
        Self {
            value: value.clone(),
            open,
            chosen: None,
            search: Search::default(),
            scroll: RowScroll::default(),
            width: 0.0,
        }
    }

    /// Goes to the next place that was found, or the one before, all round, and opens what is around it.
    fn step(&mut self, back: bool, extent: &Extent) {
        let Some(path) = self.search.step(back).cloned() else { return };
        self.open.open(&path[..path.len() - 1], &self.value);
        self.choose(path, extent);
    }

    fn choose(&mut self, path: Path, extent: &Extent) {
        if let Some(row) = self.open.row_of(&path) {
            self.scroll.show(row, &Extent { n_rows: self.open.n_rows(), ..*extent });
        }
        self.chosen = Some(path);
    }

    fn toggle(&mut self, path: &[usize]) {
        if self.open.is_open(path) {
            self.open.close(path);
            // What is chosen inside would not be seen any more.
            if self.chosen.as_ref().is_some_and(|chosen| chosen.len() > path.len() && chosen.starts_with(path)) {
                self.chosen = Some(path.into());
            }
        } else {
            self.open.open(path, &self.value);
        }
    }

    /// Walks by the arrow keys: up and down, into what is open and out of it.
    fn keys(&mut self, ui: &Ui, extent: &Extent) {
        let n_times = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key));
        let (ups, downs) = (n_times(Key::ArrowUp), n_times(Key::ArrowDown));
        let (lefts, rights) = (n_times(Key::ArrowLeft), n_times(Key::ArrowRight));
        let Some(chosen) = self.chosen.clone() else {
            if ups + downs + lefts + rights > 0 && self.open.n_rows() > 0 {
                self.choose(Path::from_slice(&[0]), extent);
            }
            return;
        };
        if ups + downs > 0
            && let Some(row) = self.open.row_of(&chosen)
            && let Some(path) =
                self.open.path_at((row + downs).saturating_sub(ups).min(self.open.n_rows().saturating_sub(1)))
        {
            self.choose(path, extent);
        }
        if lefts > 0 {
            if self.open.is_open(&chosen) {
                self.toggle(&chosen);
            } else if chosen.len() > 1 {
                self.choose(chosen[..chosen.len() - 1].into(), extent);
            }
        }
        if rights > 0 && !self.open.is_open(&chosen) {
            self.toggle(&chosen);
        }
    }

    /// Shows what is above the tree; returns whether to go to the next place (`false`) or the one before (`true`).
    fn bar_ui(&mut self, ui: &mut Ui) -> Option<bool> {
        ui.horizontal(|ui| {
            let step = self.search.ui(ui, "Search the tree", "Search");
            ui.separator();
            let n_entries = n_entries(&self.value).unwrap_or(0) as u64;
            ui.weak(format!("{} {}", with_commas(n_entries), if n_entries == 1 { "entry" } else { "entries" }));
            if let Some(chosen) = self.chosen.clone() {
                ui.separator();
                ui.monospace(path_in_words(&self.value, &chosen));
                self.copies_ui(ui, &chosen);
            }
            step
        })
        .inner
    }

    fn copies_ui(&self, ui: &mut Ui, path: &[usize]) {
        let hint = "Where it is, as a template writes it";
        if ui.button("Copy path").on_hover_text(hint).clicked() {
            ui.copy_text(path_in_words(&self.value, path));
            ui.close();
        }
        if ui.button("Copy value").on_hover_text("As text, or as JSON").clicked()
            && let Some(value) = at(&self.value, path)
        {
            ui.copy_text(copied(value));
            ui.close();
        }
    }

    fn rows_ui(&mut self, ui: &Ui, id: Id, extent: &Extent, marked: &[Range<u64>]) {
        let mut clicked = None;
        let mut width = 0.0_f32;
        for row in self.scroll.in_sight(extent) {
            let Some(path) = self.open.path_at(row) else { continue };
            let y = self.scroll.y(row, extent);
            let rect = Rect::from_min_size(pos2(extent.rows.left(), y), vec2(extent.rows.width(), extent.row_height));
            let is_marked = path.len() == 1 && marked.iter().any(|part| part.contains(&(path[0] as u64)));
            let (response, drawn) = self.row_ui(ui, (id, row), (rect, is_marked), extent, &path);
            width = width.max(drawn);
            let at_sign = INDENT * path.len() as f32 - self.scroll.left;
            let on_sign =
                response.interact_pointer_pos().is_some_and(|pointer| pointer.x < extent.rows.left() + at_sign + 2.0);
            response.context_menu(|ui| self.copies_ui(ui, &path));
            if response.clicked() || response.secondary_clicked() {
                let toggles = response.double_clicked() || (on_sign && response.clicked());
                clicked = Some((path, toggles));
            }
        }
        self.width = width;
        if let Some((path, toggles)) = clicked {
            ui.memory_mut(|memory| memory.request_focus(id));
            if toggles {
                self.toggle(&path);
            }
            self.chosen = Some(path);
        }
    }

    /// Draws a row; returns how wide it is, wherever it is cut off.
    fn row_ui(
        &self,
        ui: &Ui,
        (id, row): (Id, usize),
        (rect, is_marked): (Rect, bool),
        extent: &Extent,
        path: &[usize],
    ) -> (Response, f32) {
        let tokens = theme::tokens(ui);
        let painter = ui.painter().with_clip_rect(extent.rows.intersect(ui.clip_rect()));
        let response = ui.interact(rect.intersect(extent.rows), id.with(("row", row)), Sense::click());
        let around = at(&self.value, &path[..path.len() - 1]);
        let Some((name, value)) = around.and_then(|around| entry(around, path[path.len() - 1])) else {
            return (response, 0.0);
        };
        let name = name.map_or_else(|| path[path.len() - 1].to_string(), ToString::to_string);
        let name = theme::readable(&name);
        let shown = leaf(value);
        let earlier = if is_marked { ", from an earlier run" } else { "" };
        response.widget_info(|| WidgetInfo::labeled(Role::TreeItem, true, format!("{name}: {shown}{earlier}")));
        self.background_ui(&painter, rect, tokens, &response, path);
        if is_marked {
            painter.rect_filled(Rect::from_min_size(rect.min, vec2(3.0, rect.height())), 0.0, tokens.stale);
        }
        let font = TextStyle::Monospace.resolve(ui.style());
        let left = rect.left() - self.scroll.left + INDENT * path.len() as f32;
        if n_entries(value).is_some_and(|n_entries| n_entries > 0) {
            let sign = if self.open.is_open(path) { Icon::ChevronDown } else { Icon::ChevronRight };
            let middle = pos2(left - INDENT * 0.5, rect.center().y);
            icons::paint(&painter, Rect::from_center_size(middle, vec2(12.0, 12.0)), sign, tokens.text_muted);
        }
        let at = pos2(left + 2.0, rect.center().y);
        let named = painter.text(at, Align2::LEFT_CENTER, name, font.clone(), tokens.text_muted);
        let color = if n_entries(value).is_some() { tokens.text_muted } else { tokens.text };
        let at = pos2(named.right() + 10.0, rect.center().y);
        let drawn = painter.text(at, Align2::LEFT_CENTER, theme::readable(&shown), font, color);
        (response, drawn.right() - rect.left() + self.scroll.left + 8.0)
    }

    fn background_ui(&self, painter: &egui::Painter, rect: Rect, tokens: &Tokens, response: &Response, path: &[usize]) {
        let is_chosen = self.chosen.as_ref().is_some_and(|chosen| **chosen == *path);
        let is_found = self.search.found().binary_search_by(|found| (**found).cmp(path)).is_ok();
        if is_chosen || is_found {
            painter.rect_filled(
                rect,
                2.0,
                if is_chosen { tokens.selected } else { tokens.selected.gamma_multiply(0.5) },
            );
        } else if response.hovered() {
            painter.rect_filled(rect, 2.0, tokens.button_pressed.gamma_multiply(0.3));
        }
    }
}

/// Returns where an entry is, as a template writes it behind the value: `items[3].name`.
fn path_in_words(value: &Value, path: &[usize]) -> String {
    let mut words = String::new();
    let mut value = Some(value);
    for &index in path {
        let Some((name, inside)) = value.and_then(|value| entry(value, index)) else { break };
        let is_plain = |name: &str| {
            name.chars().all(|sign| sign.is_alphanumeric() || sign == '_')
                && name.chars().next().is_some_and(|first| !first.is_numeric())
        };
        let written = match name {
            Some(name) if is_plain(name) && words.is_empty() => write!(words, "{name}"),
            Some(name) if is_plain(name) => write!(words, ".{name}"),
            Some(name) => write!(words, "[{name:?}]"),
            None => write!(words, "[{index}]"),
        };
        written.expect("writing to a string cannot fail");
        value = Some(inside);
    }
    words
}

/// Returns a value as it is copied: texts as they are, all else as JSON.
fn copied(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        other => serde_json::to_string_pretty(&to_json(other)).unwrap_or_else(|_| other.display_text()),
    }
}

/// Returns a value as one line: one with entries by what it is.
pub(crate) fn leaf(value: &Value) -> String {
    let line = match value {
        Value::Null => "null".to_owned(),
        Value::Text(text) if text.len() <= 200 && !text.contains('\n') => format!("{text:?}"),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => value.display_text(),
        other => other.preview(),
    };
    shortened(&line, MAX_CHARS).into_owned()
}

/// Shows a list or record.
pub(super) fn tree_ui(ui: &mut Ui, value: &Value, room: Room, state: &mut Trees, commands: &mut Vec<Command>) {
    if n_entries(value) == Some(0) {
        ui.weak("empty");
        return;
    }
    let place = ui.make_persistent_id("tree");
    let marked = state.marked.as_ref().filter(|(list, _)| is_held(list, value)).map(|(_, marked)| marked.clone());
    let looked = state.look(place, value);
    let step = if room == Room::Large { looked.bar_ui(ui) } else { None };
    if let Some((sought, cancelled)) = looked.search.ask() {
        commands.push(Command::WorkOnTree(TreeWork { place, value: value.clone(), sought, cancelled }));
    }
    let row_height = ui.text_style_height(&TextStyle::Monospace) + 4.0;
    let needed = row_height * looked.open.n_rows() as f32 + BAR;
    let height = room.height(ui).min(if room == Room::Small { needed } else { f32::INFINITY });
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), height));
    let rows = Rect::from_min_max(rect.min, rect.max - vec2(BAR, BAR));
    let mut extent = Extent { n_rows: looked.open.n_rows(), row_height, width: looked.width, rows };
    let id = place.with("rows");
    let response = ui.interact(rect, id, Sense::click());
    let n_rows = extent.n_rows;
    response.widget_info(|| WidgetInfo::labeled(Role::Tree, true, format!("Tree of {n_rows} rows")));
    if response.clicked() {
        response.request_focus();
    }
    if response.has_focus() {
        looked.keys(ui, &extent);
    }
    if let Some(back) = step {
        looked.step(back, &extent);
    }
    extent.n_rows = looked.open.n_rows();
    looked.scroll.follow(ui, &response, &extent);
    looked.rows_ui(ui, id, &extent, marked.as_deref().unwrap_or_default());
    looked.scroll.bars_ui(ui, id, &extent);
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    fn window(value: Value) -> Harness<'static> {
        let mut trees = Trees::default();
        let ui = move |ui: &mut Ui| {
            let mut commands = Vec::new();
            tree_ui(ui, &value, Room::Large, &mut trees, &mut commands);
            for command in commands {
                let Command::WorkOnTree(work) = command else { continue };
                trees.take(work.done());
                ui.ctx().request_repaint();
            }
        };
        let mut window =
            Harness::builder().with_size(vec2(700.0, 240.0)).with_context_setup(theme::install).build_ui(ui);
        window.run();
        window
    }

    fn sees(window: &Harness<'_>, row: &str) -> bool {
        window.query_by_label(row).is_some()
    }

    fn people(n_people: i64) -> Value {
        Value::list((0..n_people).map(|number| {
            let tags = Value::list([Value::text("a tag"), Value::Int(number)]);
            Value::record([("name", Value::from(format!("Person {number}"))), ("her tags", tags)])
        }))
    }

    #[test]
    fn leaves_are_one_line() {
        assert_eq!(leaf(&"a\"b".into()), "\"a\\\"b\"");
        assert_eq!(leaf(&Value::Float(1.5)), "1.5");
        assert_eq!(leaf(&"two\nlines".into()), "Text \"two…\" 9 chars");
    }

    #[test]
    fn a_path_is_what_a_template_takes() {
        let value = Value::record([("people", people(3))]);
        assert_eq!(path_in_words(&value, &[0, 2, 0]), "people[2].name");
        assert_eq!(path_in_words(&value, &[0, 2, 1, 0]), "people[2][\"her tags\"][0]");
    }

    #[test]
    fn a_million_entries_are_searched_and_the_place_is_opened() {
        let mut window = window(people(300_000));
        assert!(sees(&window, "name: \"Person 0\""), "what is small is open");
        window.get_by_label("300,000 entries");
        window.get_by_label("Search the tree").focus();
        window.get_by_label("Search the tree").type_text("person 299999");
        window.run();
        window.get_by_label("1 found");
        window.get_by_label("Next place").click();
        window.run();
        window.get_by_label("1 of 1");
        assert!(sees(&window, "name: \"Person 299999\""), "it is brought into sight");
        window.get_by_label("[299999].name");
        window.get_by_label("Copy path").click();
        window.step();
        assert!(
            window
                .output()
                .platform_output
                .commands
                .iter()
                .any(|command| matches!(command, egui::OutputCommand::CopyText(text) if text == "[299999].name"))
        );
    }

    #[test]
    fn arrows_walk_open_and_close() {
        let mut window = window(people(2));
        window.get_by_label("name: \"Person 0\"").click();
        window.run();
        window.key_press(Key::ArrowDown);
        window.key_press(Key::ArrowRight);
        window.run();
        assert!(sees(&window, "0: \"a tag\""), "it is open");
        window.key_press(Key::ArrowLeft);
        window.run();
        assert!(!sees(&window, "0: \"a tag\""), "it is closed");
        window.key_press(Key::ArrowLeft);
        window.run();
        window.get_by_label("[0]");
        window.key_press(Key::ArrowLeft);
        window.run();
        assert!(!sees(&window, "name: \"Person 0\""), "the record around it is closed");
    }
}
