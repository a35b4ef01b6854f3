//! The node library: all kinds by family, found by their words, dragged or double-clicked onto the canvas.

use std::sync::Arc;

use egui::{CollapsingHeader, Label, RichText, ScrollArea, Sense, TextEdit, Ui};

use crate::{
    editor::{Command, View, icons, icons::Icon, theme},
    nodes::{Family, Kind},
    workflow::Position,
};

/// What the library remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct LibraryState {
    search: String,
}

/// Shows the library. `at` is where a double-clicked kind comes to stand.
pub(crate) fn library_ui(
    ui: &mut Ui,
    view: View<'_>,
    at: Position,
    state: &mut LibraryState,
    commands: &mut Vec<Command>,
) {
    ui.add_space(4.0);
    let search = TextEdit::singleline(&mut state.search).hint_text("Search nodes").desired_width(f32::INFINITY);
    ui.add(search).accessible_name("Search nodes");
    let found: Vec<&Arc<Kind>> = view.catalogue.iter().filter(|kind| is_found(kind, &state.search)).collect();
    ScrollArea::vertical().id_salt("library").auto_shrink([false, false]).show(ui, |ui| {
        if found.is_empty() {
            ui.weak("Nothing is called so.");
        }
        for family in Family::ALL {
            let mut kinds: Vec<&Arc<Kind>> = found.iter().filter(|kind| kind.family == family).copied().collect();
            kinds.sort_by(|one, other| one.title.cmp(&other.title));
            if !kinds.is_empty() {
                CollapsingHeader::new(RichText::new(family.name()).strong())
                    .id_salt(family.name())
                    .default_open(true)
                    .open((!state.search.is_empty()).then_some(true))
                    .show_unindented(ui, |ui| kinds.iter().for_each(|kind| kind_ui(ui, kind, at, commands)));
            }
        }
    });
}

fn kind_ui(ui: &mut Ui, kind: &Kind, at: Position, commands: &mut Vec<Command>) {
    let row = ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(16.0, 16.0), Sense::hover());
        icons::paint(ui.painter(), rect, Icon::of_family(kind.family), theme::tokens(ui).of_family(kind.family));
        let button = egui::Button::new(kind.title.as_ref()).frame_when_inactive(false).sense(Sense::click_and_drag());
        ui.add(button.truncate())
    });
    let response = row.inner;
    if response.drag_started() {
        response.dnd_set_drag_payload(kind.id.clone());
    }
    if response.dragged() {
        dragged_ui(ui, kind);
    }
    // A click without a pointer comes from the keyboard or a screen reader, which have no double click.
    let by_keyboard = response.clicked() && !ui.input(|input| input.pointer.any_click());
    if response.double_clicked() || by_keyboard {
        commands.push(Command::AddNode { kind: kind.id.clone(), position: at, connect: None });
    }
    response.on_hover_ui(|ui| {
        ui.add(Label::new(kind.summary.as_ref()).wrap());
        ui.weak("Drag it onto the canvas, or double-click it.");
    });
}

/// Shows the kind in the hand beside the pointer.
fn dragged_ui(ui: &Ui, kind: &Kind) {
    let Some(pointer) = ui.ctx().pointer_interact_pos() else { return };
    egui::Area::new(ui.scope_id().with("dragged kind"))
        .order(egui::Order::Tooltip)
        .interactable(false)
        .fixed_pos(pointer + egui::vec2(12.0, 8.0))
        .show(ui.ctx(), |ui| {
            egui::Frame::popup(ui.style()).show(ui, |ui| ui.label(kind.title.as_ref()));
        });
}

/// Returns whether each word of a search stands in a kind's title, id, keywords, summary or family.
fn is_found(kind: &Kind, search: &str) -> bool {
    let text =
        [kind.title.as_ref(), kind.id.as_str(), kind.keywords.as_ref(), kind.summary.as_ref(), kind.family.name()]
            .join(" ")
            .to_lowercase();
    search.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::{Outputs, Success};

    #[test]
    fn kinds_are_found_by_all_words() {
        let kind = Kind::new("csv_read", "Read CSV", Family::Files, |_| Ok(Success::new(Outputs::none())))
            .about("Reads a table from a file.", "comma separated");
        for search in ["", "csv", "READ", "table comma", "files"] {
            assert!(is_found(&kind, search), "{search:?}");
        }
        assert!(!is_found(&kind, "csv image"));
    }
}
