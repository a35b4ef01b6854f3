//! The sheet of shortcuts: all commands with the keys in force, and what the mouse does.

use egui::{Id, Label, Modal, RichText, ScrollArea, TextEdit, Ui};

use super::frame;
use crate::editor::{
    Answer, Command, KeysRequest,
    command_table::{self, CommandEntry},
    theme,
};

/// What the mouse and fingers do on the canvas.
pub(crate) const GESTURES: [(&str, &str); 19] = [
    ("Add a node", "double-click the empty canvas, or drag from the library"),
    ("Connect", "drag from a port to a port, either way"),
    ("Add a node that fits", "drop a wire on the empty canvas"),
    ("Take a wire away", "drag it off its input, or right-click it"),
    ("Select", "click a node; Shift adds, Ctrl toggles"),
    ("Select several", "drag a box on the empty canvas"),
    ("Move", "drag a node; Alt leaves the grid"),
    ("Copy to another workflow", "hold dragged nodes over its tab, then drop them"),
    ("Close or move a tab", "middle-click it, or drag it along the strip"),
    ("Rename", "double-click a title"),
    ("Pin or unpin", "click the pin at the top right of a node"),
    ("What can be done here", "right-click a node, a wire or the empty canvas"),
    ("Why a node runs", "rest on the sign at its corner"),
    ("Pan", "drag with the middle button, or with Space held, or two fingers"),
    ("Zoom", "wheel, or pinch"),
    ("Connect by keys", "Enter on a port takes a wire, arrows walk to ports that fit, Enter connects, Esc gives up"),
    ("Walk by keys", "arrows go from node to node; Tab on to its pin, ports and wires"),
    ("Act on a node by keys", "Enter selects it, the menu key or Shift+F10 opens its menu"),
    ("Give up what is in the hand", "Esc"),
];

/// The room that the scroll bar takes.
const SCROLL_BAR: f32 = 14.0;

/// The sheet of shortcuts.
#[derive(Default)]
pub(crate) struct ShortcutSheet {
    text: String,
}

/// Shows the sheet.
pub(super) fn sheet_ui(ui: &Ui, sheet: &mut ShortcutSheet, commands: &mut Vec<Command>) {
    let modal = Modal::new(Id::unique("shortcut sheet")).frame(frame(ui)).show(ui, |ui| {
        let room = ui.content_rect().size();
        ui.set_width(620.0_f32.min(room.x - 60.0));
        ui.label(RichText::new("Shortcuts").size(17.0).strong());
        ui.add_space(6.0);
        let field =
            TextEdit::singleline(&mut sheet.text).hint_text("Search by name or key").desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name("Search shortcuts");
        if ui.memory(|memory| memory.focused().is_none()) {
            field.request_focus();
        }
        ui.add_space(4.0);
        let wanted = sheet.text.trim().to_lowercase();
        let height = (room.y - 230.0).max(120.0);
        let list = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]);
        list.show(ui, |ui| {
            ui.set_max_width(ui.available_width() - SCROLL_BAR);
            for (group, entries) in command_table::groups() {
                let with_keys = entries.iter().map(|entry| (entry, entry.shortcut_text(ui.ctx())));
                let shown: Vec<(&CommandEntry, String)> = with_keys
                    .filter(|(entry, keys)| is_wanted(&wanted, &[group, entry.name, entry.help, keys]))
                    .collect();
                let lines = shown.iter().map(|(entry, keys)| (entry.name, entry.help, keys.as_str()));
                group_ui(ui, group, lines);
            }
            let shown = GESTURES.iter().filter(|(what, how)| is_wanted(&wanted, &["mouse and focus", what, how]));
            group_ui(ui, "Mouse and focus", shown.map(|(what, how)| (*what, "", *how)));
        });
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if ui.button("Change keys…").clicked() {
                commands.push(Command::Answer(Answer::Cancel));
                commands.push(Command::Keys(KeysRequest::Edit));
            }
            if ui.button("Close").clicked() {
                commands.push(Command::Answer(Answer::Cancel));
            }
        });
    });
    if modal.should_close() {
        commands.push(Command::Answer(Answer::Cancel));
    }
}

/// Returns whether each word of what is wanted is in one of the texts.
pub(super) fn is_wanted(wanted: &str, texts: &[&str]) -> bool {
    wanted.split_whitespace().all(|word| texts.iter().any(|text| text.to_lowercase().contains(word)))
}

fn group_ui<'a>(ui: &mut Ui, name: &str, lines: impl Iterator<Item = (&'a str, &'a str, &'a str)>) {
    let tokens = theme::tokens(ui);
    for (index, (what, help, keys)) in lines.enumerate() {
        if index == 0 {
            ui.add_space(8.0);
            ui.label(RichText::new(name).strong().color(tokens.text_muted));
        }
        egui::Sides::new().shrink_left().show(
            ui,
            |ui| {
                let label = ui.add(Label::new(what).truncate());
                if !help.is_empty() {
                    label.on_hover_text(help);
                }
            },
            |ui| {
                ui.label(RichText::new(keys).color(tokens.text_muted));
            },
        );
    }
}
