//! What differs between two tables: in words, then row by row.

use egui::{Color32, Label, RichText, ScrollArea, Ui};
use egui_extras::{Column, TableBuilder};

use crate::{
    editor::{
        theme::{self, Tokens},
        words,
    },
    value::difference::{CellDifference, RowDifference, TableDifference},
};

/// How many columns are shown beside the row's number.
const MAX_COLUMNS: usize = 24;

/// Shows what differs between two tables.
pub(super) fn table_ui(ui: &mut Ui, table: &TableDifference) {
    ui.add(Label::new(in_words(table)).wrap());
    if table.rows.is_empty() {
        return;
    }
    ScrollArea::horizontal().id_salt("table difference").auto_shrink([false, false]).show(ui, |ui| rows_ui(ui, table));
}

fn rows_ui(ui: &mut Ui, table: &TableDifference) {
    let columns = shown_columns(table);
    let row_height = ui.text_style_height(&egui::TextStyle::Body) + 4.0;
    let mut builder = TableBuilder::new(ui)
        .id_salt("table difference")
        .striped(true)
        .auto_shrink([false, false])
        .column(Column::initial(70.0).at_least(40.0).clip(true));
    for _ in &columns {
        builder = builder.column(Column::initial(130.0).at_least(40.0).clip(true).resizable(true));
    }
    builder
        .header(row_height, |mut header| {
            header.col(|ui| {
                ui.strong("Row");
            });
            for column in &columns {
                header.col(|ui| {
                    ui.strong(theme::readable(column).as_ref());
                });
            }
        })
        .body(|body| {
            body.rows(row_height, table.rows.len(), |mut row| {
                let difference = &table.rows[row.index()];
                row.col(|ui| {
                    let (sign, color) = sign(difference, theme::tokens(ui));
                    ui.label(RichText::new(sign).color(color).monospace());
                });
                for column in &columns {
                    row.col(|ui| cell_ui(ui, table, difference, column));
                }
            });
        });
}

fn in_words(table: &TableDifference) -> String {
    let mut said = vec![format!(
        "{} removed, {} added, {} changed",
        words::count(table.n_removed, "row"),
        words::count(table.n_added, "row"),
        words::count(table.n_changed, "row")
    )];
    let named = |what: &str, columns: &[String]| format!("columns {what}: {}", columns.join(", "));
    if !table.columns_removed.is_empty() {
        said.push(named("removed", &table.columns_removed));
    }
    if !table.columns_added.is_empty() {
        said.push(named("added", &table.columns_added));
    }
    said.extend(
        table.columns_changed.iter().map(|(column, before, after)| format!("{column} was {before}, is {after}")),
    );
    if table.is_cut {
        said.push("the first rows are shown".to_owned());
    }
    said.join(" · ")
}

/// Returns the columns worth showing: those in which any cell differs first, then the others.
fn shown_columns(table: &TableDifference) -> Vec<String> {
    let differs = |column: &&String| {
        table.rows.iter().any(|row| match row {
            RowDifference::Changed(_, _, cells) => cells.iter().any(|cell| cell.column == **column),
            _ => false,
        })
    };
    let (first, rest): (Vec<&String>, Vec<&String>) = table.columns.iter().partition(differs);
    first.into_iter().chain(rest).take(MAX_COLUMNS).cloned().collect()
}

fn sign(row: &RowDifference, tokens: &Tokens) -> (String, Color32) {
    match row {
        RowDifference::Removed(row, _) => (format!("- {row}"), tokens.failed),
        RowDifference::Added(row, _) => (format!("+ {row}"), tokens.forced),
        RowDifference::Changed(_, row, _) => (format!("~ {row}"), tokens.stale),
    }
}

fn cell_ui(ui: &mut Ui, table: &TableDifference, row: &RowDifference, column: &str) {
    let tokens = theme::tokens(ui);
    let place = table.columns.iter().position(|known| known == column);
    let shown = match (row, place) {
        (RowDifference::Removed(_, cells), Some(place)) => cells.get(place).map(|cell| (cell.clone(), tokens.failed)),
        (RowDifference::Added(_, cells), Some(place)) => cells.get(place).map(|cell| (cell.clone(), tokens.forced)),
        (RowDifference::Changed(_, _, cells), _) => {
            let cell = cells.iter().find(|cell| cell.column == column);
            cell.map(|CellDifference { before, after, .. }| (format!("{before} became {after}"), tokens.stale))
        }
        _ => None,
    };
    if let Some((text, color)) = shown {
        ui.add(Label::new(RichText::new(theme::readable(&text)).color(color)).truncate());
    }
}
