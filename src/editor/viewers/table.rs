//! A table: sorted, searched and filtered off the interface thread, with what is in its columns in few numbers.

mod arranged;
mod condition;
mod grid;
mod statistics;

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use egui::{Id, IdMap, TextEdit, Ui};

use self::{
    arranged::{Unarranged, Wanted, arrange},
    grid::{Asked, Grid, Shown},
    statistics::{ColumnStatistics, statistics},
};
use super::Room;
use crate::{
    editor::{
        Command,
        icons::{Icon, icon_button},
        theme,
    },
    store::with_commas,
    value::Table,
};

/// The most tables of which it is remembered how they are looked at.
const MAX_TABLES: usize = 16;

/// The most cells that are copied.
const MAX_COPIED: usize = 2_000_000;

/// How the tables in sight are looked at.
#[derive(Default)]
pub(crate) struct Tables {
    by_place: IdMap<Looked>,
}

/// How a table is looked at.
struct Looked {
    table: Table,
    wanted: Wanted,
    /// What the rows below were arranged for.
    arranged: Wanted,
    rows: Option<Arc<[u32]>>,
    /// What is being arranged, with the sign to stop.
    at_work: Option<(Wanted, Arc<AtomicBool>)>,
    error: Option<String>,
    /// Of columns that were in sight; of those being counted none yet.
    statistics: BTreeMap<usize, Option<ColumnStatistics>>,
    grid: Grid,
    shows_filters: bool,
}

/// Work on a table, off the interface thread.
#[derive(Clone, Debug)]
pub struct TableWork {
    place: Id,
    table: Table,
    task: Task,
}

#[derive(Clone, Debug)]
enum Task {
    Arrange(Wanted, Arc<AtomicBool>),
    Statistics(usize),
    Copy(Option<Arc<[u32]>>, Range<usize>),
}

/// What came of work on a table.
pub(crate) struct TableDone {
    place: Id,
    table: Table,
    result: Done,
}

enum Done {
    Arranged(Wanted, Result<Arc<[u32]>, Unarranged>),
    Statistics(usize, ColumnStatistics),
    Copied(Result<String, String>),
}

impl TableWork {
    /// Does the work. Slow for large tables.
    pub(crate) fn done(self) -> TableDone {
        let Self { place, table, task } = self;
        let result = match task {
            Task::Arrange(wanted, cancelled) => {
                let rows = arrange(&table, &wanted, &cancelled);
                Done::Arranged(wanted, rows)
            }
            Task::Statistics(column) => Done::Statistics(column, statistics(&table, column)),
            Task::Copy(rows, range) => Done::Copied(tab_separated(&table, rows.as_deref(), range)),
        };
        TableDone { place, table, result }
    }
}

impl Tables {
    /// Takes what came of work; returns what is to be put on the clipboard, or why it cannot be.
    pub(crate) fn take(&mut self, done: TableDone) -> Option<Result<String, String>> {
        let TableDone { place, table, result } = done;
        let looked = self.by_place.get_mut(&place).filter(|looked| looked.table.is_same(&table));
        match (result, looked) {
            (Done::Copied(text), _) => return Some(text),
            (Done::Arranged(wanted, rows), Some(looked)) => looked.take_rows(wanted, rows),
            (Done::Statistics(column, of), Some(looked)) => {
                looked.statistics.insert(column, Some(of));
            }
            (_, None) => {}
        }
        None
    }

    /// Returns how the table at a place is looked at. Another table with the same columns is looked at in the same way.
    fn look(&mut self, place: Id, table: &Table) -> &mut Looked {
        if self.by_place.len() >= MAX_TABLES && !self.by_place.contains_key(&place) {
            self.by_place.clear();
        }
        let looked = self.by_place.entry(place).or_insert_with(|| Looked::new(table, Wanted::default()));
        if !looked.table.is_same(table) {
            looked.stop();
            let is_alike = looked.table.schema() == table.schema();
            let (wanted, shows_filters) = (std::mem::take(&mut looked.wanted), looked.shows_filters);
            let grid = if is_alike { std::mem::take(&mut looked.grid) } else { Grid::default() };
            *looked = Looked::new(table, if is_alike { wanted } else { Wanted::default() });
            looked.grid = grid;
            looked.shows_filters = shows_filters;
        }
        looked
    }
}

impl Looked {
    fn new(table: &Table, wanted: Wanted) -> Self {
        Self {
            table: table.clone(),
            wanted,
            arranged: Wanted::default(),
            rows: None,
            at_work: None,
            error: None,
            statistics: BTreeMap::new(),
            grid: Grid::default(),
            shows_filters: false,
        }
    }

    fn take_rows(&mut self, wanted: Wanted, rows: Result<Arc<[u32]>, Unarranged>) {
        if self.at_work.as_ref().is_none_or(|(at_work, _)| *at_work != wanted) {
            return;
        }
        self.at_work = None;
        match rows {
            Ok(rows) => {
                self.rows = Some(rows);
                self.error = None;
                self.grid.rearranged();
            }
            Err(Unarranged::Impossible(why)) => self.error = Some(why),
            Err(Unarranged::Cancelled) => return,
        }
        self.arranged = wanted;
    }

    fn stop(&mut self) {
        if let Some((_, cancelled)) = self.at_work.take() {
            cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Asks for the rows as they are wanted, unless they are there or on their way.
    fn keep_up(&mut self, place: Id, commands: &mut Vec<Command>) {
        let newest = self.at_work.as_ref().map_or(&self.arranged, |(wanted, _)| wanted);
        if *newest == self.wanted {
            return;
        }
        self.stop();
        if self.wanted.is_all() {
            (self.rows, self.error, self.arranged) = (None, None, self.wanted.clone());
            self.grid.rearranged();
            return;
        }
        let cancelled = Arc::<AtomicBool>::default();
        self.at_work = Some((self.wanted.clone(), Arc::clone(&cancelled)));
        commands.push(self.work(place, Task::Arrange(self.wanted.clone(), cancelled)));
    }

    fn work(&self, place: Id, task: Task) -> Command {
        Command::WorkOnTable(TableWork { place, table: self.table.clone(), task })
    }

    fn n_shown(&self) -> usize {
        self.rows.as_ref().map_or_else(|| self.table.n_rows(), |rows| rows.len())
    }

    /// Shows what is above the rows: a search, filters, how many rows are shown.
    fn bar_ui(&mut self, ui: &mut Ui, place: Id, commands: &mut Vec<Command>) {
        ui.horizontal(|ui| {
            let field = TextEdit::singleline(&mut self.wanted.search).hint_text("Search").desired_width(140.0);
            ui.add(field).accessible_name("Search the table");
            ui.toggle_value(&mut self.shows_filters, "Filters").on_hover_text("Ask something of each column");
            if !self.wanted.is_all()
                && icon_button(ui, Icon::Close, "Show all rows").on_hover_text("Show all rows as they came").clicked()
            {
                self.wanted = Wanted::default();
            }
            if ui
                .button("Copy")
                .on_hover_text("Copy the chosen rows, or all that are shown, for a spreadsheet")
                .clicked()
            {
                let rows = self.grid.chosen().unwrap_or_else(|| 0..self.n_shown());
                commands.push(self.work(place, Task::Copy(self.rows.clone(), rows)));
            }
            if self.at_work.is_some() {
                ui.spinner();
            }
            let n_rows = with_commas(self.table.n_rows() as u64);
            let said = match (&self.error, &self.rows) {
                (Some(error), _) => {
                    ui.colored_label(theme::tokens(ui).failed, theme::readable(error));
                    return;
                }
                (None, Some(rows)) if rows.len() < self.table.n_rows() => {
                    format!("{} of {n_rows} rows", with_commas(rows.len() as u64))
                }
                _ => format!("{n_rows} rows"),
            };
            ui.weak(said);
        });
    }
}

/// Shows a table.
pub(super) fn table_ui(ui: &mut Ui, table: &Table, room: Room, state: &mut Tables, commands: &mut Vec<Command>) {
    if table.n_columns() == 0 {
        ui.weak("The table has no columns.");
        return;
    }
    let place = ui.make_persistent_id("table");
    let looked = state.look(place, table);
    if room == Room::Large {
        looked.bar_ui(ui, place, commands);
    }
    let shown = Shown {
        table: &looked.table,
        rows: looked.rows.as_deref(),
        statistics: &looked.statistics,
        with_statistics: room == Room::Large,
        with_filters: room == Room::Large && looked.shows_filters,
    };
    let row_height = ui.text_style_height(&egui::TextStyle::Body) + 4.0;
    let needed = row_height * (shown.n_rows() as f32 + 3.0) + 14.0;
    let height = room.height(ui).min(if room == Room::Small { needed } else { f32::INFINITY });
    let asked = looked.grid.ui(ui, &shown, &mut looked.wanted, height);
    for asked in asked {
        let task = match asked {
            Asked::Statistics(column) => {
                looked.statistics.insert(column, None);
                Task::Statistics(column)
            }
            Asked::Copy(rows) => Task::Copy(looked.rows.clone(), rows),
        };
        let command = looked.work(place, task);
        commands.push(command);
    }
    looked.keep_up(place, commands);
}

/// Returns rows as a spreadsheet takes them: cells apart by tabs, those with tabs, line ends or quotes in quotes.
fn tab_separated(table: &Table, rows: Option<&[u32]>, range: Range<usize>) -> Result<String, String> {
    let n_cells = range.len().saturating_mul(table.n_columns());
    if n_cells > MAX_COPIED {
        return Err(format!(
            "{} cells are too many for the clipboard: choose fewer rows, up to {} cells",
            with_commas(n_cells as u64),
            with_commas(MAX_COPIED as u64)
        ));
    }
    let quoted = |text: &str| {
        if text.contains(['\t', '\n', '\r', '"']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let mut text = table.column_names().map(quoted).collect::<Vec<_>>().join("\t");
    for shown in range {
        let row = rows.map_or(shown, |rows| rows[shown] as usize);
        text.push('\n');
        for column in 0..table.n_columns() {
            if column > 0 {
                text.push('\t');
            }
            match table.cell(row, column) {
                crate::value::Value::Null => {}
                cell => text.push_str(&quoted(&cell.display_text())),
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use egui_kittest::{
        Harness,
        kittest::{NodeT as _, Queryable as _},
    };

    use super::*;
    use crate::value::Value;

    fn table() -> Table {
        let names: Vec<Arc<str>> = ["name", "note"].map(Arc::from).to_vec();
        let row = |name: &str, note: Value| vec![Value::text(name), note];
        Table::from_rows(&names, &[row("a\tb", Value::Null), row("c", Value::text("say \"x\""))])
    }

    #[test]
    fn rows_are_copied_as_a_spreadsheet_takes_them() {
        assert_eq!(tab_separated(&table(), None, 0..2).unwrap(), "name\tnote\n\"a\tb\"\t\nc\t\"say \"\"x\"\"\"");
        assert_eq!(tab_separated(&table(), Some(&[1, 0]), 0..1).unwrap(), "name\tnote\nc\t\"say \"\"x\"\"\"");
        let why = tab_separated(&table(), None, 0..MAX_COPIED).unwrap_err();
        assert!(why.contains("too many for the clipboard"), "{why}");
    }

    #[test]
    fn rows_that_are_no_longer_wanted_are_not_taken() {
        let mut looked = Looked::new(&table(), Wanted::default());
        let mut commands = Vec::new();
        let search = |text: &str| Wanted { search: text.to_owned(), ..Wanted::default() };
        looked.wanted = search("a");
        looked.keep_up(Id::NULL, &mut commands);
        let first = Arc::clone(&looked.at_work.as_ref().unwrap().1);
        looked.wanted = search("ab");
        looked.keep_up(Id::NULL, &mut commands);
        looked.keep_up(Id::NULL, &mut commands);
        assert_eq!(commands.len(), 2);
        assert!(first.load(Ordering::Relaxed), "the first is told to stop");
        looked.take_rows(search("a"), Ok([0].into()));
        assert!(looked.rows.is_none());
        looked.take_rows(search("ab"), Ok([1].into()));
        assert_eq!(looked.rows.as_deref(), Some(&[1][..]));
        looked.wanted = Wanted::default();
        looked.keep_up(Id::NULL, &mut commands);
        assert!(looked.rows.is_none() && commands.len() == 2, "all rows need no work");
    }

    fn window(table: Table) -> Harness<'static, Vec<String>> {
        let mut tables = Tables::default();
        let ui = move |ui: &mut Ui, copied: &mut Vec<String>| {
            let mut commands = Vec::new();
            table_ui(ui, &table, Room::Large, &mut tables, &mut commands);
            for command in commands {
                let Command::WorkOnTable(work) = command else { continue };
                copied.extend(tables.take(work.done()).map(Result::unwrap));
                ui.ctx().request_repaint();
            }
        };
        let mut window = Harness::builder()
            .with_size(egui::vec2(500.0, 300.0))
            .with_context_setup(theme::install)
            .build_ui_state(ui, Vec::new());
        window.run();
        window
    }

    fn rows_in_sight(window: &Harness<'_, Vec<String>>) -> Vec<u64> {
        let rows = window.query_all_by_label_contains("Row ").filter_map(|row| {
            let label = row.accesskit_node().label()?;
            Some((row.rect().top(), label.strip_prefix("Row ")?.parse().ok()?))
        });
        let mut rows: Vec<(f32, u64)> = rows.collect();
        rows.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn numbers(n_rows: i64) -> Table {
        let numbers = arrow::array::Int64Array::from_iter_values((0..n_rows).map(|row| row * 7 % 10));
        let schema = arrow::datatypes::Schema::new(vec![arrow::datatypes::Field::new(
            "digit",
            arrow::datatypes::DataType::Int64,
            true,
        )]);
        let batch = arrow::array::RecordBatch::try_new(schema.clone().into(), vec![Arc::new(numbers)]).unwrap();
        Table::new(&schema, &[batch]).unwrap()
    }

    #[test]
    fn a_click_sorts_a_filter_leaves_out_and_the_rows_can_be_copied() {
        let mut window = window(numbers(10));
        assert_eq!(rows_in_sight(&window)[..4], [1, 2, 3, 4]);
        window.get_by_label("Sort by digit").click();
        window.run();
        assert_eq!(rows_in_sight(&window)[..4], [1, 4, 7, 10], "0, 1, 2, 3");
        window.get_by_label("Sort by digit").click();
        window.run();
        assert_eq!(rows_in_sight(&window)[..2], [8, 5], "9, 8");
        window.get_by_label("Filters").click();
        window.run();
        window.get_by_label("Filter digit").focus();
        window.get_by_label("Filter digit").type_text("3..5");
        window.run();
        assert_eq!(rows_in_sight(&window), [6, 3, 10], "5, 4, 3");
        window.get_by_label("3 of 10 rows");
        window.get_by_label("Row 3").click();
        window.run();
        window.get_by_label("Copy").click();
        window.run();
        assert_eq!(window.state()[..], ["digit\n4"]);
        window.get_by_label("Show all rows").click();
        window.run();
        assert_eq!(rows_in_sight(&window)[..3], [1, 2, 3]);
    }

    #[test]
    fn the_last_of_ten_million_rows_is_reached_and_each_step_is_one_row() {
        let mut window = window(numbers(10_000_000));
        window.get_by_label_contains("Table of").focus();
        window.run();
        window.key_press(egui::Key::End);
        window.run();
        assert_eq!(rows_in_sight(&window).last(), Some(&10_000_000));
        let first = rows_in_sight(&window)[0];
        for _ in 0..3 {
            window.key_press(egui::Key::ArrowUp);
        }
        window.run();
        assert_eq!(rows_in_sight(&window)[0], first - 3);
    }
}
