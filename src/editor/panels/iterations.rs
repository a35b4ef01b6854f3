//! The Iterations tab: all iterations of the selected node's loop. Only rows in sight are drawn, and read.

use std::{ops::Range, sync::Arc, time::Duration};

use egui::{
    Align2, Button, Color32, EventFilter, FontId, Id, Key, Modifiers, Rect, Response, Role, Sense, Stroke, TextStyle,
    Ui, Vec2, WidgetInfo, pos2, vec2,
};

use jiff::Timestamp;

use super::bottom::only_selected;
use crate::{
    editor::{
        Command, View,
        icons::{self, Icon},
        iterations::{
            Followed, IterationsState, Line, Only, Order, SortBy, TableState, around_ui, going_on, standing_ui,
        },
        theme,
        viewers::{BAR, Extent},
        words,
    },
    nodes::HIDDEN,
    store::{IterationStatus, LoopAbout, LoopRecord, MAX_FAILURES, Outcome, made_in_words, with_commas},
    value::shortened,
    workflow::NodeId,
};

/// The most characters of a line that are drawn.
const MAX_CHARS: usize = 300;

/// What is said of what waits for the end of a loop.
const WHEN_ENDED: &str = "When the loop has ended";

/// Shows all iterations of the selected node's loop.
pub(super) fn iterations_ui(ui: &mut Ui, view: View<'_>, state: &mut IterationsState, commands: &mut Vec<Command>) {
    let Some(id) = only_selected(view) else {
        ui.weak("Select one node of a loop to see its iterations.");
        return;
    };
    let going_on = going_on(view, id);
    let goes_on = going_on.is_some();
    let Some(followed) = going_on.or_else(|| state.follow(view, id, commands)) else {
        let runs = view.run.is_some_and(|run| run.finished.is_none());
        ui.weak(if runs {
            "This node is in no loop, or its loop has not come to the end of an iteration yet. Of a loop inside of another, \
             iterations are listed when that has ended."
        } else {
            "This node is in no loop, or its loop has not run yet."
        });
        return;
    };
    around_ui(ui, view, &followed, state);
    let Some(of) = standing_ui(ui, &followed) else { return };
    if of.about.n_seen() == 0 {
        ui.weak("The loop made no iteration.");
        return;
    }
    state.table.look(of, followed.run, followed.member);
    let order = state.table.rows(of, goes_on, commands);
    let columns = Columns::of(ui, &of.about, state.table.has_earlier);
    let table = Table { view, id, of, followed: &followed, order, columns, goes_on };
    table.bar_ui(ui, state);
    table.rows_ui(ui, state, commands);
}

/// Where the columns begin, in points from the left.
#[derive(Clone, Copy)]
struct Columns {
    status: f32,
    start: f32,
    took: f32,
    made: f32,
    says: f32,
    row_height: f32,
    /// Whether it is said which run made an iteration.
    with_runs: bool,
}

impl Columns {
    fn of(ui: &Ui, about: &LoopAbout, with_runs: bool) -> Self {
        let n_digits = about.n_seen().max(1).ilog10() as f32 + 1.0;
        let status = (30.0 + 9.0 * n_digits).max(74.0);
        let (start, took) = (status + 94.0, status + 194.0);
        let made = took + 76.0;
        let says = if with_runs { made + 82.0 } else { made };
        Self { status, start, took, made, says, row_height: ui.text_style_height(&TextStyle::Body) + 4.0, with_runs }
    }
}

/// A table of iterations, as it is drawn in one frame.
struct Table<'a> {
    view: View<'a>,
    id: &'a NodeId,
    of: &'a Arc<LoopRecord>,
    followed: &'a Followed,
    order: Order,
    columns: Columns,
    /// The loop has not ended.
    goes_on: bool,
}

impl Table<'_> {
    /// Shows what is above the rows: what is listed, and how many there are.
    fn bar_ui(&self, ui: &mut Ui, state: &mut IterationsState) {
        let about = &self.of.about;
        let tokens = theme::tokens(ui);
        ui.horizontal_wrapped(|ui| {
            let table = &mut state.table;
            let mut choice = |ui: &mut Ui, only: Only, name: String, help: &str| {
                // All of them would have to be read again for each that ends.
                let can = !self.goes_on || only != Only::Executed;
                let label = Button::selectable(table.wanted.only == only, name);
                if ui.add_enabled(can, label).on_hover_text(help).on_disabled_hover_text(WHEN_ENDED).clicked() {
                    table.wanted.only = only;
                }
            };
            choice(ui, Only::All, "All".to_owned(), "Every iteration");
            let n_failed = match about.failures.len() {
                0 => "Only failed".to_owned(),
                n_failed if n_failed < MAX_FAILURES => format!("Only failed ({n_failed})"),
                n_failed => format!("Only failed ({}+)", with_commas(n_failed as u64)),
            };
            choice(ui, Only::Failed, n_failed, "Iterations in which a node failed");
            choice(ui, Only::Executed, "Only executed".to_owned(), "Iterations in which this node executed");
            if self.columns.with_runs {
                choice(ui, Only::Earlier, "From earlier runs".to_owned(), "Iterations that an earlier run made");
            }
            ui.separator();
            let title = words::title(self.view.workflow, self.view.catalogue, self.id);
            let said = if self.goes_on { so_far(about) } else { about.in_words() };
            ui.label(format!("{}: {said}", theme::readable(&title)));
            if self.order.len() as u64 != about.n_seen() && !table.is_arranging() {
                ui.weak(format!("{} listed", with_commas(self.order.len() as u64)));
            }
            if table.is_arranging() {
                ui.spinner();
                ui.weak(format!("Reading {} iterations…", with_commas(about.n_seen())));
            }
            if let Some(error) = table.error() {
                ui.colored_label(tokens.failed, theme::readable(error));
            }
            if !table.old.is_empty() {
                let said = format!("Mixed: {} made before the loop's body was changed", made_in_words(&table.old));
                ui.colored_label(tokens.stale, said);
            }
        });
    }

    fn rows_ui(&self, ui: &mut Ui, state: &mut IterationsState, commands: &mut Vec<Command>) {
        let about = &self.of.about;
        let id = ui.make_persistent_id("iterations");
        let size = vec2(ui.available_width().max(160.0), ui.available_height().max(60.0));
        let (_, rect) = ui.allocate_space(size);
        let response = ui.interact(rect, id, Sense::click());
        let n_rows = self.order.len();
        response.widget_info(|| WidgetInfo::labeled(Role::Table, true, format!("Table of {n_rows} iterations")));
        if response.clicked() {
            response.request_focus();
        }
        let top = rect.top() + self.columns.row_height + 4.0;
        let rows = Rect::from_min_max(pos2(rect.left(), top), rect.max - Vec2::splat(BAR));
        let extent = Extent { n_rows, row_height: self.columns.row_height, width: rows.width(), rows };
        let chosen = state.chosen(about);
        let walked = self.keys(ui, &response, chosen, &extent);
        if let Some(row) = walked {
            self.choose(row, state, &extent);
        }
        self.bring(state, &extent);
        state.table.scroll.follow(ui, &response, &extent);
        let head = self.view.baseline.get(&about.head);
        let in_sight = state.table.scroll.in_sight(&extent);
        state.table.want_lines(self.of, in_sight.clone().filter_map(|row| self.order.at(row)), head, commands);
        if let Some(row) = self.draw(ui, id, state, (&extent, in_sight), commands) {
            ui.memory_mut(|memory| memory.request_focus(id));
            self.choose(row, state, &extent);
        }
        self.headers(ui, id, rect, &mut state.table);
        if n_rows == 0 && !state.table.is_arranging() {
            let at = rows.left_top() + vec2(6.0, 4.0);
            let font = TextStyle::Body.resolve(ui.style());
            ui.painter().text(at, Align2::LEFT_TOP, "No iteration is like that.", font, theme::tokens(ui).text_muted);
        }
        state.table.scroll.bars_ui(ui, id, &extent);
        let copies = response.has_focus() && ui.input(|input| input.events.contains(&egui::Event::Copy));
        if let Some(index) = state.chosen(about).filter(|_| copies) {
            ui.copy_text(self.copied(index, state.table.line(index)));
        }
    }

    fn choose(&self, row: usize, state: &mut IterationsState, extent: &Extent) {
        if let Some(index) = self.order.at(row) {
            state.choose(self.of.about.id, index);
            state.table.brought = Some(index);
            state.table.scroll.show(row, extent);
        }
    }

    /// Brings the iteration into sight that was chosen elsewhere.
    fn bring(&self, state: &mut IterationsState, extent: &Extent) {
        let Some(chosen) = state.chosen(&self.of.about).filter(|chosen| state.table.brought != Some(*chosen)) else {
            return;
        };
        let is_first = state.table.brought.replace(chosen).is_none();
        // The newest is chosen unless a person chooses: a table begins at its beginning.
        let is_by_hand = (!is_first && !self.goes_on) || state.is_chosen(&self.of.about);
        if let Some(row) = self.order.row_of(chosen).filter(|_| is_by_hand) {
            state.table.scroll.show(row, extent);
        }
    }

    /// Returns the row that the arrow keys lead to.
    fn keys(&self, ui: &Ui, response: &Response, chosen: Option<u64>, extent: &Extent) -> Option<usize> {
        if !response.has_focus() || extent.n_rows == 0 {
            return None;
        }
        let keeps = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keeps));
        let n_times = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key));
        let page = (extent.n_in_sight() as usize - 1).max(1);
        let all = extent.n_rows;
        let ups = n_times(Key::ArrowUp) + n_times(Key::PageUp) * page + n_times(Key::Home) * all;
        let downs = n_times(Key::ArrowDown) + n_times(Key::PageDown) * page + n_times(Key::End) * all;
        if ups + downs == 0 {
            return None;
        }
        let from = chosen.and_then(|chosen| self.order.row_of(chosen)).unwrap_or(0);
        Some((from + downs).saturating_sub(ups).min(all - 1))
    }

    /// Draws the rows in sight; returns the one that was clicked.
    fn draw(
        &self,
        ui: &Ui,
        id: Id,
        state: &IterationsState,
        (extent, in_sight): (&Extent, Range<usize>),
        commands: &mut Vec<Command>,
    ) -> Option<usize> {
        let tokens = theme::tokens(ui);
        // The newest of a loop that goes on is another at every look.
        let chosen = state.chosen(&self.of.about).filter(|_| !self.goes_on || state.is_chosen(&self.of.about));
        let mut clicked = None;
        for row in in_sight {
            let Some(index) = self.order.at(row) else { continue };
            let y = state.table.scroll.y(row, extent);
            let whole = Rect::from_min_size(pos2(extent.rows.left(), y), vec2(extent.rows.width(), extent.row_height));
            let seen = whole.intersect(extent.rows);
            if !seen.is_positive() {
                continue;
            }
            let line = state.table.line(index);
            let response = ui.interact(seen, id.with(("row", row)), Sense::click());
            let says = line.map(|line| self.says(line)).unwrap_or_default();
            response.widget_info(|| {
                let label = format!("Iteration {}: {}", with_commas(index + 1), spoken(line, &says));
                WidgetInfo::selected(Role::Row, true, chosen == Some(index), label)
            });
            let is_old = state.table.is_old(index);
            let fill = match () {
                () if chosen == Some(index) => tokens.selected,
                () if response.hovered() => tokens.button_pressed.gamma_multiply(0.3),
                () if row % 2 == 1 => tokens.raised,
                () => Color32::TRANSPARENT,
            };
            ui.painter().rect_filled(seen, 0.0, fill);
            self.cells(ui, whole, extent.rows, (index, is_old), line, &says);
            if response.clicked() || response.secondary_clicked() {
                clicked = Some(row);
            }
            response.context_menu(|ui| {
                if ui.add_enabled(line.is_some(), Button::new("Copy row")).clicked() {
                    ui.copy_text(self.copied(index, line));
                    ui.close();
                }
                if ui.add_enabled(!self.goes_on, Button::new("Open in a window")).clicked() {
                    commands.push(Command::OpenWindow(self.followed.window(self.id, self.of, None, index)));
                    ui.close();
                }
            });
            if !says.is_empty() && response.contains_pointer() {
                response.on_hover_ui_at_pointer(|ui| {
                    ui.set_max_width(480.0);
                    ui.label(theme::readable(&shortened(&says, 2_000)).as_ref());
                });
            }
        }
        clicked
    }

    fn cells(&self, ui: &Ui, whole: Rect, clip: Rect, (index, is_old): (u64, bool), line: Option<&Line>, says: &str) {
        let tokens = theme::tokens(ui);
        let font = TextStyle::Body.resolve(ui.style());
        let columns = self.columns;
        let pen = Pen { ui, whole, clip, font };
        pen.right(columns.status - 12.0, &with_commas(index + 1), tokens.text_muted);
        let Some(line) = line else { return pen.left(columns.status, columns.start, "…", tokens.text_muted) };
        let Some(outcome) = line.outcome else {
            let said = if self.goes_on { "not ended yet" } else { "not made" };
            return pen.left(columns.status, columns.says, said, tokens.text_muted);
        };
        let color = if outcome.status == IterationStatus::Failed { tokens.failed } else { tokens.text };
        pen.left(columns.status, columns.start, &outcome.status.name().replace('-', " "), color);
        if let Some(start) = started(&self.of.about, outcome) {
            pen.left(columns.start, columns.took, &start.strftime("%H:%M:%S%.3f").to_string(), tokens.text);
        }
        if outcome.took_nanos > 0 {
            pen.left(columns.took, columns.made, &took(outcome.took_nanos), tokens.text);
        }
        if columns.with_runs {
            let color = if is_old { tokens.stale } else { tokens.text_muted };
            pen.left(columns.made, columns.says, &self.made_in(index), color);
        }
        let color = if line.failed.is_some() { tokens.failed } else { tokens.text };
        pen.left(columns.says, whole.width(), &theme::readable(&shortened(says, MAX_CHARS)), color);
    }

    /// Returns which run made an iteration.
    fn made_in(&self, index: u64) -> String {
        let number = self.of.about.run_of(index).and_then(|run| self.view.numbers.get(run));
        number.map_or_else(|| "unknown".to_owned(), |number| format!("run #{number}"))
    }

    /// Returns what the node gave or why one failed, as far as it may be seen.
    fn says(&self, line: &Line) -> String {
        let failed = line.failed.as_ref().filter(|failed| *failed != self.id);
        let hides = self.view.is_sensitive(failed.unwrap_or(self.id));
        let says = if hides && !line.says.is_empty() { HIDDEN } else { &line.says };
        match failed {
            Some(failed) => format!("{}: {says}", words::title(self.view.workflow, self.view.catalogue, failed)),
            None => says.to_owned(),
        }
    }

    /// Returns a row as a spreadsheet takes it.
    fn copied(&self, index: u64, line: Option<&Line>) -> String {
        let Some(line) = line else { return (index + 1).to_string() };
        let outcome = line.outcome;
        let status = outcome.map_or("not made", |outcome| outcome.status.name());
        let start = outcome.and_then(|outcome| started(&self.of.about, outcome));
        let start = start.map(|start| start.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()).unwrap_or_default();
        let took = outcome.map(|outcome| took(outcome.took_nanos)).unwrap_or_default();
        let says = self.says(line).replace(['\t', '\n', '\r'], " ");
        format!("{}\t{status}\t{start}\t{took}\t{says}", index + 1)
    }

    fn headers(&self, ui: &Ui, id: Id, rect: Rect, table: &mut TableState) {
        let tokens = theme::tokens(ui);
        let columns = self.columns;
        let whole = Rect::from_min_size(rect.min, vec2(rect.width() - BAR, columns.row_height + 2.0));
        ui.painter().hline(whole.x_range(), whole.bottom(), Stroke::new(1.0, tokens.line));
        let gives = if self.followed.member.is_some() { "Gave, or error" } else { "Item, or error" };
        let made = if columns.with_runs { (columns.made, columns.says, "Made in", None) } else { (0.0, 0.0, "", None) };
        for (from, to, title, sort) in [
            (6.0, columns.status, "Iteration", Some(SortBy::Index)),
            (columns.status, columns.start, "Status", Some(SortBy::Status)),
            (columns.start, columns.took, "Start", Some(SortBy::Start)),
            (columns.took, columns.made, "Took", Some(SortBy::Took)),
            made,
            (columns.says, whole.width(), gives, None),
        ] {
            let place =
                Rect::from_x_y_ranges(whole.left() + from..=whole.left() + to, whole.y_range()).intersect(whole);
            if !place.is_positive() {
                continue;
            }
            let pen = Pen { ui, whole, clip: whole, font: TextStyle::Small.resolve(ui.style()) };
            let Some(sort) = sort else {
                pen.left(from, to, title, tokens.text_muted);
                continue;
            };
            if self.goes_on && sort != SortBy::Index {
                pen.left(from, to, title, tokens.disabled);
                let waits = ui.interact(place, id.with(("sort", title)), Sense::hover());
                waits.on_hover_text(WHEN_ENDED);
                continue;
            }
            let response = ui.interact(place, id.with(("sort", title)), Sense::click());
            response
                .widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {}", title.to_lowercase())));
            if response.hovered() || response.has_focus() {
                let around = Rect::from_min_max(place.min - vec2(4.0, 0.0), place.max - vec2(6.0, 0.0));
                ui.painter().rect_filled(around, 3.0, tokens.button_hovered);
            }
            let is_sorted = table.wanted.sort == sort;
            pen.left(from, to, title, if is_sorted { tokens.text } else { tokens.text_muted });
            if is_sorted {
                let icon = if table.wanted.descending { Icon::ChevronDown } else { Icon::ChevronUp };
                let at = Rect::from_center_size(pos2(place.right() - 14.0, place.center().y), Vec2::splat(10.0));
                icons::paint(ui.painter(), at, icon, tokens.accent);
            }
            let response =
                if sort == SortBy::Start { response.on_hover_text("When it began, in UTC") } else { response };
            if response.clicked() {
                // Of times a person wants the longest first.
                table.wanted.descending = if is_sorted { !table.wanted.descending } else { sort == SortBy::Took };
                table.wanted.sort = sort;
            }
        }
    }
}

/// Writes into a row.
struct Pen<'a> {
    ui: &'a Ui,
    whole: Rect,
    clip: Rect,
    font: FontId,
}

impl Pen<'_> {
    fn left(&self, from: f32, to: f32, text: &str, color: Color32) {
        let clip = Rect::from_x_y_ranges(self.whole.left() + from..=self.whole.left() + to - 6.0, self.whole.y_range());
        let painter = self.ui.painter().with_clip_rect(clip.intersect(self.clip).intersect(self.ui.clip_rect()));
        let at = pos2(self.whole.left() + from, self.whole.center().y);
        painter.text(at, Align2::LEFT_CENTER, text, self.font.clone(), color);
    }

    fn right(&self, to: f32, text: &str, color: Color32) {
        let painter = self.ui.painter().with_clip_rect(self.clip.intersect(self.ui.clip_rect()));
        let at = pos2(self.whole.left() + to, self.whole.center().y);
        painter.text(at, Align2::RIGHT_CENTER, text, self.font.clone(), color);
    }
}

/// Returns what is said aloud of a row.
fn spoken(line: Option<&Line>, says: &str) -> String {
    let Some(line) = line else { return "being read".to_owned() };
    let Some(outcome) = line.outcome else { return "not made".to_owned() };
    let mut spoken = format!("{} in {}", outcome.status.name().replace('-', " "), took(outcome.took_nanos));
    if !says.is_empty() {
        spoken += ", ";
        spoken += &shortened(says, MAX_CHARS);
    }
    spoken
}

/// Returns how far a loop has come that goes on.
fn so_far(about: &LoopAbout) -> String {
    let n_finished = with_commas(about.n_finished);
    let n_failed = about.failures.len();
    let failed = if n_failed == 0 { String::new() } else { format!(", {} failed", with_commas(n_failed as u64)) };
    match about.total {
        Some(total) => format!("{n_finished} of {} so far{failed}", with_commas(total)),
        None => format!("{n_finished} so far{failed}"),
    }
}

/// Returns when an iteration began, if that is known.
fn started(about: &LoopAbout, outcome: Outcome) -> Option<Timestamp> {
    outcome.times.map(|times| times.began(about.id))
}

/// Returns how long an iteration took, also if that was very short.
fn took(nanos: u64) -> String {
    match nanos {
        ..100_000 => format!("{} µs", nanos.div_ceil(1_000)),
        _ => words::duration(Duration::from_nanos(nanos)),
    }
}
