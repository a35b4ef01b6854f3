//! Dialogs: what stands in the way until it is answered.

mod edit_pin;
mod files;
mod fresh;
mod keep;
mod keys;
mod leave;
mod native;
mod palette;
mod shortcut_sheet;
mod take_over;
mod unlock;

use egui::{Frame, Margin, Ui};

pub use self::keep::KeepRules;
pub(crate) use self::keep::{KeepDialog, PlannedSweep};
pub(crate) use self::{
    edit_pin::{EditPinDialog, fields_of},
    files::{FileDialog, FileEntry, FilePurpose, Wanted, file_dialog_ui, list_folder},
    fresh::{ComparedNode, FreshDialog, Stage},
    keep::keep_dialog_ui,
    keys::KeysDialog,
    leave::Leaving,
    native::{are_available, pick},
    palette::Palette,
    shortcut_sheet::{GESTURES, ShortcutSheet},
    take_over::TakeOverDialog,
    unlock::UnlockDialog,
};
use super::{Command, command_table::Situation};

/// A dialog of our own.
pub(crate) enum Dialog {
    /// There is unsaved work, or a run goes on.
    Leave(Leaving),
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
    /// The values of a pin.
    EditPin(EditPinDialog),
    /// A pin beside what its node gives now.
    Fresh(FreshDialog),
    /// Earlier sessions whose pins can be taken over.
    TakeOver(TakeOverDialog),
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
        Some(Dialog::Leave(leaving)) => leave::leave_ui(ui, leaving, commands),
        Some(Dialog::File(dialog)) => file_dialog_ui(ui, dialog, commands),
        Some(Dialog::Keep(dialog)) => keep_dialog_ui(ui, dialog, name, commands),
        Some(Dialog::Unlock(dialog)) => unlock::unlock_ui(ui, dialog, commands),
        Some(Dialog::Palette(palette)) => palette::palette_ui(ui, palette, situation, commands),
        Some(Dialog::Sheet(sheet)) => shortcut_sheet::sheet_ui(ui, sheet, commands),
        Some(Dialog::Keys(dialog)) => keys::keys_ui(ui, dialog, commands),
        Some(Dialog::EditPin(dialog)) => edit_pin::edit_pin_ui(ui, dialog, commands),
        Some(Dialog::TakeOver(dialog)) => take_over::take_over_ui(ui, dialog, commands),
        Some(Dialog::Fresh(dialog)) => fresh::fresh_ui(ui, dialog, commands),
    }
}

/// Returns the frame of a dialog.
fn frame(ui: &Ui) -> Frame {
    Frame::popup(ui.style()).inner_margin(Margin::same(16))
}
