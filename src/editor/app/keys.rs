//! Finding commands, and giving them other keys.

use egui::Ui;

use super::{App, Dialog};
use crate::editor::{
    Command, KeysRequest,
    command_table::{CommandId, Keymap},
    dialogs::{KeysDialog, Palette, ShortcutSheet, dialog_ui},
    sitting::Sitting,
};

/// How many commands are remembered as used lately.
const MAX_RECENT: usize = 12;

impl App {
    pub(super) fn find_command(&mut self, request: &KeysRequest) {
        self.dialog = Some(match request {
            KeysRequest::Palette => Dialog::Palette(Palette::new(self.recent_commands())),
            KeysRequest::Sheet => Dialog::Sheet(ShortcutSheet::default()),
            KeysRequest::Edit => Dialog::Keys(KeysDialog::new(self.settings.keys.clone())),
        });
    }

    fn recent_commands(&self) -> Vec<CommandId> {
        self.settings.recent_commands.iter().filter_map(|name| CommandId::from_name(name)).collect()
    }

    /// Notes that a command was chosen in the palette.
    pub(super) fn note_command(&mut self, name: &str) {
        let recent = &mut self.settings.recent_commands;
        recent.retain(|known| known != name);
        recent.insert(0, name.to_owned());
        recent.truncate(MAX_RECENT);
        self.save_settings();
    }

    /// Shows the dialog that is open, if any. Keys that are changed in it count at once.
    pub(super) fn dialogs_ui(&mut self, ui: &Ui, commands: &mut Vec<Command>) {
        let name = self.tabs.sitting().map(Sitting::name).unwrap_or_default();
        let mut dialog = self.dialog.take();
        dialog_ui(ui, &mut dialog, &name, &self.situation(), commands);
        if let Some(Dialog::Keys(keys)) = &dialog
            && keys.settings != self.settings.keys
        {
            self.settings.keys = keys.settings.clone();
            Keymap::new(&self.settings.keys).install(ui.ctx());
            self.save_settings();
        }
        self.dialog = dialog;
    }
}
