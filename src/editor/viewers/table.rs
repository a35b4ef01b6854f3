//! A table: only the rows in sight are drawn, so a million of them scroll.

use egui::{IdMap, Label, RichText, Ui};
use egui_extras::{Column, TableBuilder};

use super::Room;
use crate::{
    editor::theme,
    value::{Table, Value},
};

/// The most columns drawn at once.
const COLUMNS: usize = 50;

/// The most characters of a cell that are drawn.
const CELL_CHARS: usize = 200;

/// The first column in sight of each table.
#[derive(Default)]
pub(crate) struct Tables {
    first_columns: IdMap<usize>,
}

/// Shows a table.
pub(super) fn table_ui(ui: &mut Ui, table: &Table, room: Room, state: &mut Tables) {
    let id = ui.make_persistent_id("table");
    let first = state.first_columns.get(&id).copied().filter(|first| *first < table.n_columns()).unwrap_or(0);
    if table.n_columns() > COLUMNS {
        let first = columns_ui(ui, table, first);
        state.first_columns.insert(id, first);
    }
    let columns = first..table.n_columns().min(first + COLUMNS);
    if columns.is_empty() {
        ui.weak("The table has no columns.");
        return;
    }
    let height = room.height(ui);
    egui::ScrollArea::horizontal().id_salt("columns").show(ui, |ui| rows_ui(ui, table, columns, height));
}

/// Shows which columns are in sight; returns the first after a click.
fn columns_ui(ui: &mut Ui, table: &Table, first: usize) -> usize {
    let last = table.n_columns().min(first + COLUMNS);
    ui.horizontal(|ui| {
        let back = ui.add_enabled(first > 0, egui::Button::new("Previous columns")).clicked();
        ui.label(format!("Columns {}–{last} of {}", first + 1, table.n_columns()));
        let on = ui.add_enabled(last < table.n_columns(), egui::Button::new("Next columns")).clicked();
        match (back, on) {
            (true, _) => first.saturating_sub(COLUMNS),
            (_, true) => last,
            _ => first,
        }
    })
    .inner
}

fn rows_ui(ui: &mut Ui, table: &Table, columns: std::ops::Range<usize>, height: f32) {
    let row_height = ui.text_style_height(&egui::TextStyle::Body) + 4.0;
    let names: Vec<&str> = table.column_names().collect();
    let number_width = 20.0 + 8.0 * table.n_rows().max(1).ilog10() as f32;
    TableBuilder::new(ui)
        .id_salt("rows")
        .striped(true)
        .auto_shrink([true, true])
        .cell_layout(egui::Layout::left_to_right(egui::Align::Center))
        .min_scrolled_height(0.0)
        .max_scroll_height((height - row_height * 2.0).max(row_height * 3.0))
        .column(Column::exact(number_width))
        .columns(Column::initial(110.0).at_least(40.0).clip(true).resizable(true), columns.len())
        .header(row_height * 1.9, |mut header| {
            header.col(|_| {});
            for column in columns.clone() {
                header.col(|ui| {
                    ui.vertical(|ui| {
                        ui.spacing_mut().item_spacing.y = 0.0;
                        ui.add(Label::new(RichText::new(names[column]).strong()).truncate());
                        ui.add(Label::new(RichText::new(table.column_type(column)).small().weak()).truncate());
                    });
                });
            }
        })
        .body(|body| {
            body.rows(row_height, table.n_rows(), |mut row| {
                let index = row.index();
                row.col(|ui| {
                    ui.weak((index + 1).to_string());
                });
                for column in columns.clone() {
                    row.col(|ui| cell_ui(ui, &table.cell(index, column)));
                }
            });
        });
}

fn cell_ui(ui: &mut Ui, cell: &Value) {
    let text = match cell {
        Value::Null => RichText::new("null").color(theme::tokens(ui).text_muted).italics(),
        cell => RichText::new(shortened(&cell.display_text())),
    };
    ui.add(Label::new(text).truncate());
}

/// Returns the first line of a text, cut where it is too long for a cell.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut = line.char_indices().nth(CELL_CHARS).map_or(line.len(), |(end, _)| end);
    if cut < text.len() { format!("{}…", &line[..cut]) } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_short_line() {
        assert_eq!(shortened("plain"), "plain");
        assert_eq!(shortened("two\nlines"), "two…");
        assert_eq!(shortened(&"é".repeat(300)).chars().count(), CELL_CHARS + 1);
        assert_eq!(shortened(""), "");
    }
}
