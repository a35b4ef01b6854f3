//! Rows and columns on the screen: only what is in sight is laid out. Where the rows stand is counted in rows, so that ten
//! millions of them scroll as evenly as ten.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use egui::{
    Align, Color32, CursorIcon, Id, Label, Layout, Rect, Response, RichText, Role, Sense, Stroke, TextEdit, TextStyle,
    Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};

use super::{
    super::scroll::{BAR, Extent, RowScroll},
    arranged::Wanted,
    statistics::ColumnStatistics,
};
use crate::{
    editor::{
        icons::{self, Icon},
        theme::{self, Tokens},
    },
    value::{Table, Value, shortened},
};

/// How wide a column is until it is dragged, and how wide it is at least, in points.
const COLUMN_WIDTH: f32 = 110.0;
const MIN_WIDTH: f32 = 40.0;

/// How high the small histograms are, in points.
const HISTOGRAM: f32 = 16.0;

/// The most characters of a cell that are drawn.
const CELL_CHARS: usize = 200;

/// What is in sight, and what is chosen.
#[derive(Default)]
pub(super) struct Grid {
    /// Where they stand: rows as they are shown.
    scroll: RowScroll,
    /// The columns' widths, in points; as many as there were when they were drawn last.
    widths: Vec<f32>,
    /// The rows that are chosen, as they are shown: the first that was clicked, and the last.
    chosen: Option<(usize, usize)>,
}

/// What is drawn.
pub(super) struct Shown<'a> {
    pub(super) table: &'a Table,
    /// The rows in the order they are shown; all of them if none are given.
    pub(super) rows: Option<&'a [u32]>,
    pub(super) statistics: &'a BTreeMap<usize, Option<ColumnStatistics>>,
    /// Whether histograms are drawn, for which statistics are needed.
    pub(super) with_statistics: bool,
    pub(super) with_filters: bool,
}

/// What a person asked for, or the grid needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Statistics(usize),
    Copy(Range<usize>),
}

impl Shown<'_> {
    pub(super) fn n_rows(&self) -> usize {
        self.rows.map_or_else(|| self.table.n_rows(), <[u32]>::len)
    }

    /// Returns the number in the table of a row as it is shown.
    fn row(&self, shown: usize) -> usize {
        self.rows.map_or(shown, |rows| rows[shown] as usize)
    }
}

impl Grid {
    /// Forgets which rows are chosen, as others are shown, and goes to the first.
    pub(super) fn rearranged(&mut self) {
        self.chosen = None;
        self.scroll.top = 0.0;
    }

    /// Returns the rows that are chosen, as they are shown.
    pub(super) fn chosen(&self) -> Option<Range<usize>> {
        self.chosen.map(|(a, b)| a.min(b)..a.max(b) + 1)
    }

    /// Shows the grid.
    pub(super) fn ui(&mut self, ui: &mut Ui, shown: &Shown<'_>, wanted: &mut Wanted, height: f32) -> Vec<Asked> {
        let id = ui.make_persistent_id("grid");
        let row_height = ui.text_style_height(&TextStyle::Body) + 4.0;
        let size = vec2(ui.available_width().max(120.0), height);
        let (_, rect) = ui.allocate_space(size);
        let response = ui.interact(rect, id, Sense::click());
        let n_rows = shown.n_rows();
        response.widget_info(|| WidgetInfo::labeled(Role::Table, true, format!("Table of {n_rows} rows")));
        self.widths.resize(shown.table.n_columns(), COLUMN_WIDTH);
        let places = Places::new(rect, row_height, shown);
        let extent = Extent { n_rows, row_height, width: self.widths.iter().sum(), rows: places.cells };
        self.scroll.follow(ui, &response, &extent);
        let asked = self.copied(ui, &response, n_rows);
        let tokens = theme::tokens(ui);
        let mut drawing = Drawing { ui, id, places: &places, extent, shown, tokens, asked };
        drawing.rows(self);
        drawing.headers(self, wanted);
        let asked = drawing.asked;
        self.scroll.bars_ui(ui, id, &extent);
        asked
    }

    /// Takes the focus when it is clicked; returns what is to be copied by its key.
    fn copied(&self, ui: &Ui, response: &Response, n_rows: usize) -> Vec<Asked> {
        if response.clicked() {
            response.request_focus();
        }
        let copies = response.has_focus() && ui.input(|input| input.events.contains(&egui::Event::Copy));
        let rows = self.chosen().unwrap_or(0..n_rows);
        if copies && !rows.is_empty() { vec![Asked::Copy(rows)] } else { Vec::new() }
    }

    /// Returns the columns in sight, each with where it begins and how wide it is.
    fn columns(&self, cells: Rect) -> Vec<(usize, f32, f32)> {
        let mut x = cells.left() - self.scroll.left;
        let mut columns = Vec::new();
        for (column, width) in self.widths.iter().enumerate() {
            if x + width > cells.left() && x < cells.right() {
                columns.push((column, x, *width));
            }
            x += width;
        }
        columns
    }
}

/// Where the parts of a grid are on the screen.
struct Places {
    header: Rect,
    /// The rows' numbers, to the left of the cells.
    numbers: Rect,
    cells: Rect,
    row_height: f32,
}

impl Places {
    fn new(rect: Rect, row_height: f32, shown: &Shown<'_>) -> Self {
        let n_digits = shown.table.n_rows().max(1).ilog10() + 1;
        let number_width = 14.0 + 7.5 * n_digits as f32;
        let mut header_height = row_height * 1.9;
        header_height += if shown.with_statistics { HISTOGRAM + 2.0 } else { 0.0 };
        header_height += if shown.with_filters { row_height + 4.0 } else { 0.0 };
        let inner = Rect::from_min_max(rect.min, rect.max - Vec2::splat(BAR));
        let (left, top) = (inner.left() + number_width, inner.top() + header_height);
        Self {
            header: Rect::from_min_max(pos2(left, inner.top()), pos2(inner.right(), top)),
            numbers: Rect::from_min_max(pos2(inner.left(), top), pos2(left, inner.bottom())),
            cells: Rect::from_min_max(pos2(left, top), inner.max),
            row_height,
        }
    }
}

/// One frame of a grid.
struct Drawing<'a, 'b> {
    ui: &'a mut Ui,
    id: Id,
    places: &'a Places,
    extent: Extent,
    shown: &'a Shown<'b>,
    tokens: &'static Tokens,
    asked: Vec<Asked>,
}

impl Drawing<'_, '_> {
    /// Returns a place for widgets of which nothing is drawn outside of `clip`.
    fn place(&mut self, rect: Rect, clip: Rect, salt: impl std::hash::Hash + std::fmt::Debug, layout: Layout) -> Ui {
        let mut place =
            self.ui.new_child(UiBuilder::new().id_salt(Id::unique((self.id, salt))).max_rect(rect).layout(layout));
        place.set_clip_rect(rect.intersect(clip).intersect(self.ui.clip_rect()));
        place
    }

    fn rows(&mut self, grid: &mut Grid) {
        let Places { cells, numbers, row_height, .. } = *self.places;
        let columns = grid.columns(cells);
        let chosen = grid.chosen();
        for shown in grid.scroll.in_sight(&self.extent) {
            let y = grid.scroll.y(shown, &self.extent);
            let whole = Rect::from_min_max(pos2(numbers.left(), y), pos2(cells.right(), y + row_height));
            let in_sight = whole.intersect(numbers.union(cells));
            if !in_sight.is_positive() {
                continue;
            }
            let fill = if chosen.as_ref().is_some_and(|chosen| chosen.contains(&shown)) {
                self.tokens.selected
            } else if shown % 2 == 1 {
                self.tokens.raised
            } else {
                Color32::TRANSPARENT
            };
            self.ui.painter().rect_filled(in_sight, 0.0, fill);
            let row = self.shown.row(shown);
            self.row_number(grid, shown, row, in_sight.intersect(numbers));
            for &(column, x, width) in &columns {
                let rect = Rect::from_min_size(pos2(x + 4.0, y), vec2(width - 8.0, row_height));
                let cell = self.shown.table.cell(row, column);
                let layout = if self.is_of_numbers(column) {
                    Layout::right_to_left(Align::Center)
                } else {
                    Layout::left_to_right(Align::Center)
                };
                let mut place = self.place(rect, cells, (shown, column), layout);
                cell_ui(&mut place, &cell, self.tokens);
            }
        }
        if self.shown.n_rows() == 0 {
            let text = if self.shown.table.n_rows() == 0 { "The table has no rows." } else { "No row is like that." };
            let mut place = self.place(cells.shrink(6.0), cells, "nothing", Layout::left_to_right(Align::Min));
            place.weak(text);
        }
    }

    fn is_of_numbers(&self, column: usize) -> bool {
        self.shown.table.schema().field(column).data_type().is_numeric()
    }

    fn row_number(&mut self, grid: &mut Grid, shown: usize, row: usize, rect: Rect) {
        let response = self.ui.interact(rect, self.id.with(("row", shown)), Sense::click());
        let number = row + 1;
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Row {number}")));
        if response.clicked() {
            let extends = self.ui.input(|input| input.modifiers.shift);
            let from = grid.chosen.map_or(shown, |(from, _)| from);
            grid.chosen = Some(if extends { (from, shown) } else { (shown, shown) });
            self.ui.memory_mut(|memory| memory.request_focus(self.id));
        }
        let layout = Layout::right_to_left(Align::Center);
        let mut place = self.place(rect.shrink2(vec2(5.0, 0.0)), rect, ("number", shown), layout);
        let text = RichText::new(number.to_string()).small().color(self.tokens.text_muted);
        place.add(Label::new(text).selectable(false).extend());
    }

    fn headers(&mut self, grid: &mut Grid, wanted: &mut Wanted) {
        let Places { header, numbers, .. } = *self.places;
        let painter = self.ui.painter();
        let line = Stroke::new(1.0, self.tokens.line);
        painter.hline(numbers.left()..=header.right(), header.bottom(), line);
        for (column, x, width) in grid.columns(header) {
            let rect = Rect::from_min_size(pos2(x, header.top()), vec2(width, header.height()));
            self.header(column, rect, wanted);
            self.separator(grid, column, rect);
        }
    }

    fn header(&mut self, column: usize, rect: Rect, wanted: &mut Wanted) {
        let Places { header, row_height, .. } = *self.places;
        let name = self.shown.table.column_names().nth(column).unwrap_or_default().to_owned();
        let titles =
            Rect::from_min_max(rect.min, pos2(rect.right() - 3.0, rect.top() + row_height * 1.9)).intersect(header);
        let response = self.ui.interact(titles, self.id.with(("header", column)), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {name}")));
        if response.hovered() {
            self.ui.painter().rect_filled(titles, 3.0, self.tokens.button_hovered);
        }
        if response.clicked() {
            wanted.sort = match wanted.sort {
                Some((sorted, false)) if sorted == column => Some((column, true)),
                Some((sorted, true)) if sorted == column => None,
                _ => Some((column, false)),
            };
        }
        response.context_menu(|ui| sort_menu(ui, column, &name, wanted));
        let inner = rect.shrink2(vec2(5.0, 0.0));
        let mut place = self.place(inner, header, ("titles", column), Layout::top_down(Align::Min));
        place.spacing_mut().item_spacing.y = 0.0;
        if let Some((_, descending)) = wanted.sort.filter(|(sorted, _)| *sorted == column) {
            let icon = if descending { Icon::ChevronDown } else { Icon::ChevronUp };
            let at =
                Rect::from_center_size(pos2(inner.right() - 6.0, titles.top() + row_height * 0.5), Vec2::splat(12.0));
            icons::paint(place.painter(), at, icon, self.tokens.accent);
            place.set_max_width(inner.width() - 14.0);
        }
        place.add(Label::new(RichText::new(theme::readable(&name).as_ref()).strong()).selectable(false).truncate());
        let kind = RichText::new(self.shown.table.column_type(column)).small().weak();
        place.add(Label::new(kind).selectable(false).truncate());
        let mut y = rect.top() + row_height * 1.9;
        if self.shown.with_statistics {
            let place = Rect::from_min_size(pos2(inner.left(), y), vec2(inner.width(), HISTOGRAM));
            self.histogram(column, place, &name);
            y += HISTOGRAM + 2.0;
        }
        if self.shown.with_filters {
            let place = Rect::from_min_size(pos2(inner.left(), y), vec2(inner.width(), row_height));
            self.filter(column, place, &name, wanted);
        }
    }

    fn histogram(&mut self, column: usize, rect: Rect, name: &str) {
        let clip = rect.intersect(self.places.header);
        match self.shown.statistics.get(&column) {
            None => self.asked.push(Asked::Statistics(column)),
            Some(None) => {}
            Some(Some(statistics)) => {
                paint_bars(&self.ui.painter().with_clip_rect(clip), rect, &statistics.bars, self.tokens);
                let response = self.ui.interact(clip, self.id.with(("statistics", column)), Sense::hover());
                response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Statistics of {name}")));
                response.on_hover_ui(|ui| {
                    ui.strong(theme::readable(name).as_ref());
                    ui.label(theme::readable(&statistics.in_words()).as_ref());
                });
            }
        }
    }

    fn filter(&mut self, column: usize, rect: Rect, name: &str, wanted: &mut Wanted) {
        let clip = self.places.header;
        let mut place = self.place(rect, clip, ("filter", column), Layout::left_to_right(Align::Center));
        let filter = wanted.filters.entry(column).or_default();
        let hint =
            if self.shown.table.schema().field(column).data_type().is_numeric() { "> 5, 1..10" } else { "text, !text" };
        let field = TextEdit::singleline(filter).hint_text(hint).desired_width(rect.width()).margin(vec2(3.0, 1.0));
        let response = place.add(field).accessible_name(format!("Filter {name}"));
        response.on_hover_text("Text that stands in it, !text, =text, null, !null; of numbers also > 5, <= 2, 1..10");
    }

    /// Between two columns: dragged, it makes the one on the left wider; clicked twice, as wide as what is in sight.
    fn separator(&self, grid: &mut Grid, column: usize, rect: Rect) {
        let header = self.places.header;
        let edge =
            Rect::from_center_size(pos2(rect.right(), header.center().y), vec2(7.0, header.height())).intersect(header);
        if !edge.is_positive() {
            return;
        }
        self.ui.painter().vline(rect.right(), header.y_range(), Stroke::new(1.0, self.tokens.line));
        let response = self.ui.interact(edge, self.id.with(("edge", column)), Sense::click_and_drag());
        if response.hovered() || response.dragged() {
            self.ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
        }
        if response.double_clicked() {
            grid.widths[column] = self.fitting(grid, column);
        } else if response.dragged() {
            grid.widths[column] = (grid.widths[column] + response.drag_delta().x).max(MIN_WIDTH);
        }
    }

    /// Returns how wide a column is to be so that all of it that is in sight can be read.
    fn fitting(&self, grid: &Grid, column: usize) -> f32 {
        let font = TextStyle::Body.resolve(self.ui.style());
        let width = |text: String| self.ui.painter().layout_no_wrap(text, font.clone(), Color32::WHITE).size().x;
        let cells = grid
            .scroll
            .in_sight(&self.extent)
            .map(|shown| first_line(&self.shown.table.cell(self.shown.row(shown), column).display_text()));
        let title = self.shown.table.column_names().nth(column).unwrap_or_default();
        let widest = cells.map(width).fold(width(title.to_owned()) + 14.0, f32::max);
        (widest + 16.0).clamp(MIN_WIDTH, 600.0)
    }
}

fn sort_menu(ui: &mut Ui, column: usize, name: &str, wanted: &mut Wanted) {
    for (label, sort) in
        [("Sort ascending", Some((column, false))), ("Sort descending", Some((column, true))), ("As they came", None)]
    {
        if ui.radio(wanted.sort == sort, label).clicked() {
            wanted.sort = sort;
            ui.close();
        }
    }
    if ui.button("Copy the name").clicked() {
        ui.copy_text(name.to_owned());
        ui.close();
    }
}

fn paint_bars(painter: &egui::Painter, rect: Rect, bars: &[u64], tokens: &Tokens) {
    let Some(highest) = bars.iter().copied().max().filter(|highest| *highest > 0) else { return };
    let step = (rect.width() / bars.len().max(12) as f32).min(14.0);
    for (index, bar) in bars.iter().enumerate().filter(|(_, bar)| **bar > 0) {
        let height = (rect.height() * (*bar as f32 / highest as f32)).max(1.0);
        let x = rect.left() + step * index as f32;
        let bar = Rect::from_min_max(pos2(x, rect.bottom() - height), pos2(x + step - 1.0, rect.bottom()));
        painter.rect_filled(bar, 0.0, tokens.accent);
    }
}

fn cell_ui(ui: &mut Ui, cell: &Value, tokens: &Tokens) {
    let text = match cell {
        // Not slanted: such letters reach beyond their width, and the last would be cut off.
        Value::Null => RichText::new("null").color(tokens.text_muted),
        cell => RichText::new(first_line(&cell.display_text())),
    };
    ui.add(Label::new(text).selectable(false).truncate());
}

/// Returns the first line of a text, cut where it is too long for a cell.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match shortened(line, CELL_CHARS) {
        Cow::Borrowed(line) if line.len() < text.len() => format!("{line}…"),
        line => line.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_short_line() {
        assert_eq!(first_line("plain"), "plain");
        assert_eq!(first_line("two\nlines"), "two…");
        assert_eq!(first_line(&"é".repeat(300)).chars().count(), CELL_CHARS + 1);
        assert_eq!(first_line(""), "");
    }
}
