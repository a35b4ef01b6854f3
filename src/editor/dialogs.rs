//! Dialogs: what stands in the way until it is answered.

mod files;
mod keep;
mod keys;
mod native;
mod palette;
mod shortcut_sheet;
mod unlock;

use egui::{Frame, Id, Margin, Modal, RichText, Ui};

pub use self::keep::KeepRules;
pub(crate) use self::keep::{KeepDialog, PlannedSweep};
pub(crate) use self::{
    files::{FileDialog, FileEntry, FilePurpose, file_dialog_ui, list_folder},
    keep::keep_dialog_ui,
    keys::KeysDialog,
    native::{are_available, pick},
    palette::Palette,
    shortcut_sheet::ShortcutSheet,
    unlock::UnlockDialog,
};
use super::{Answer, Command, command_table::Situation};

/// A dialog of our own.
pub(crate) enum Dialog {
    /// There is unsaved work; what to do once that is settled.
    Unsaved(Box<Command>),
    /// A file is to be chosen.
    File(FileDialog),
    /// The rules of the history.
    Keep(KeepDialog),
    /// The store is to be opened.
    Unlock(UnlockDialog),
    /// A command is to be found.
    Palette(Palette),
    /// All commands with their keys.
    Sheet(ShortcutSheet),
    /// The keys of commands.
    Keys(KeysDialog),
}

/// Shows the dialog that is open, if any.
pub(crate) fn dialog_ui(
    ui: &Ui,
    dialog: &mut Option<Dialog>,
    name: &str,
    situation: &Situation<'_>,
    commands: &mut Vec<Command>,
) {
    match dialog {
        None => {}
        Some(Dialog::Unsaved(then)) => unsaved_ui(ui, name, then, commands),
        Some(Dialog::File(dialog)) => file_dialog_ui(ui, dialog, commands),
        Some(Dialog::Keep(dialog)) => keep_dialog_ui(ui, dialog, name, commands),
        Some(Dialog::Unlock(dialog)) => unlock::unlock_ui(ui, dialog, commands),
        Some(Dialog::Palette(palette)) => palette::palette_ui(ui, palette, situation, commands),
        Some(Dialog::Sheet(sheet)) => shortcut_sheet::sheet_ui(ui, sheet, commands),
        Some(Dialog::Keys(dialog)) => keys::keys_ui(ui, dialog, commands),
    }
}

/// Returns the frame of a dialog.
fn frame(ui: &Ui) -> Frame {
    Frame::popup(ui.style()).inner_margin(Margin::same(16))
}

fn unsaved_ui(ui: &Ui, name: &str, then: &Command, commands: &mut Vec<Command>) {
    let before = match then {
        Command::Quit => "closing",
        Command::Welcome => "going back to the welcome screen",
        _ => "opening another workflow",
    };
    let modal = Modal::new(Id::unique("unsaved work")).frame(frame(ui)).show(ui, |ui| {
        ui.set_max_width(380.0);
        ui.label(RichText::new("Unsaved changes").size(17.0).strong());
        ui.add_space(6.0);
        ui.label(format!("Save the changes to {name} before {before}?"));
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            for (text, answer) in
                [("Save changes", Answer::Save), ("Don't save", Answer::Discard), ("Cancel", Answer::Cancel)]
            {
                if ui.button(text).clicked() {
                    commands.push(Command::Answer(answer));
                }
            }
        });
    });
    if modal.should_close() {
        commands.push(Command::Answer(Answer::Cancel));
    }
}
