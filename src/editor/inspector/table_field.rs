//! The editor of tables typed in by hand.

use egui::{TextEdit, Ui};
use egui_extras::{Column, TableBuilder};

use super::{
    drafts::{Drafts, Target},
    fields::Field,
    parameter_text::TypedTable,
    push_draft,
};
use crate::{
    editor::{
        Command,
        icons::{Icon, icon_button},
    },
    workflow::Edit,
};

/// What a person asks of the shape of a table.
enum Reshape {
    AddRow,
    RemoveRow(usize),
    AddColumn,
    RemoveColumn(usize),
}

impl Reshape {
    fn apply(&self, table: &mut TypedTable) {
        match self {
            Self::AddRow => table.add_row(),
            Self::RemoveRow(row) => table.remove_row(*row),
            Self::AddColumn => table.add_column(),
            Self::RemoveColumn(column) => table.remove_column(*column),
        }
    }
}

/// Shows a table parameter as a grid of text fields, each cell committed on its own.
pub(super) fn table_field_ui(ui: &mut Ui, field: Field<'_>, drafts: &mut Drafts, commands: &mut Vec<Command>) {
    let table = TypedTable::of(field.value);
    let n_before = commands.len();
    let mut reshape = None;
    if !table.columns.is_empty() {
        egui::ScrollArea::horizontal().id_salt("table").show(ui, |ui| {
            grid_ui(ui, field, &table, drafts, (commands, &mut reshape));
        });
    }
    ui.horizontal(|ui| {
        if ui.add_enabled(!table.columns.is_empty(), egui::Button::new("Add row")).clicked() {
            reshape = Some(Reshape::AddRow);
        }
        if ui.button("Add column").clicked() {
            reshape = Some(Reshape::AddColumn);
        }
    });
    if let Some(reshape) = reshape {
        let mut table = typed_table(&commands[n_before..]).unwrap_or(table);
        reshape.apply(&mut table);
        field.set(table.to_value(), commands);
    }
}

/// Returns the table that these commands give: a cell that was typed into before the click.
fn typed_table(commands: &[Command]) -> Option<TypedTable> {
    commands.iter().rev().find_map(|command| match command {
        Command::Edit(_, Edit::SetParameter(_, _, Some(table))) => Some(TypedTable::of(table)),
        _ => None,
    })
}

fn grid_ui(
    ui: &mut Ui,
    field: Field<'_>,
    table: &TypedTable,
    drafts: &mut Drafts,
    (commands, reshape): (&mut Vec<Command>, &mut Option<Reshape>),
) {
    let row_height = ui.spacing().interact_size.y + 4.0;
    let (Some(node), parameter) = (field.of.nodes().first(), &field.schema.id) else { return };
    TableBuilder::new(ui)
        .id_salt("grid")
        .vscroll(true)
        .max_scroll_height(260.0)
        .auto_shrink([true, true])
        .columns(Column::initial(96.0).at_least(48.0).resizable(true).clip(true), table.columns.len())
        .column(Column::exact(row_height))
        .header(row_height, |mut header| {
            for (column, name) in table.columns.iter().enumerate() {
                header.col(|ui| {
                    let target = Target::Column(node.clone(), parameter.clone(), column);
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        if icon_button(ui, Icon::Close, &format!("Remove column {name}")).clicked() {
                            *reshape = Some(Reshape::RemoveColumn(column));
                        }
                        let draft = drafts.text(ui, &target, name, |ui, text| {
                            let edit = TextEdit::singleline(text).desired_width(ui.available_width());
                            ui.add(edit).accessible_name(format!("Name of column {}", column + 1))
                        });
                        push_draft(field.view, drafts, draft, commands);
                    });
                });
            }
            header.col(|_| {});
        })
        .body(|body| {
            body.rows(row_height, table.rows.len(), |mut row| {
                let index = row.index();
                for (column, name) in table.columns.iter().enumerate() {
                    row.col(|ui| {
                        let target = Target::Cell(node.clone(), parameter.clone(), index, column);
                        let shown = table.rows[index][column].display_text();
                        let draft = drafts.text(ui, &target, &shown, |ui, text| {
                            let edit = TextEdit::singleline(text).desired_width(f32::INFINITY);
                            ui.add(edit).accessible_name(format!("{name}, row {}", index + 1))
                        });
                        push_draft(field.view, drafts, draft, commands);
                    });
                }
                row.col(|ui| {
                    if icon_button(ui, Icon::Close, &format!("Remove row {}", index + 1)).clicked() {
                        *reshape = Some(Reshape::RemoveRow(index));
                    }
                });
            });
        });
}
