//! What stands in the way until the store is open: a passphrase to give, or a keyring to wait for.

use egui::{Id, Key, Modal, RichText, TextEdit, Ui};

use super::frame;
use crate::{
    editor::{Answer, Command},
    store::Passphrase,
};

/// A store that is to be opened.
#[derive(Default)]
pub(crate) struct UnlockDialog {
    /// Whose.
    pub(crate) profile: String,
    /// Whether a person is asked; else a keyring is.
    pub(crate) asks: bool,
    /// What was wrong with the last answer.
    pub(crate) said: Option<String>,
    /// Whether it is being opened.
    pub(crate) at_work: bool,
    /// What is being typed.
    pub(crate) text: String,
}

/// Shows the dialog.
pub(super) fn unlock_ui(ui: &Ui, dialog: &mut UnlockDialog, commands: &mut Vec<Command>) {
    Modal::new(Id::unique("unlock")).frame(frame(ui)).show(ui, |ui| {
        ui.set_max_width(380.0);
        ui.label(RichText::new(format!("Opening the profile {}", dialog.profile)).size(17.0).strong());
        ui.add_space(6.0);
        if dialog.asks {
            ui.label("Its results are encrypted with a passphrase.");
            ui.add_space(6.0);
            passphrase_ui(ui, dialog, commands);
        } else {
            ui.label("The system's keyring is asked for the key; it may ask you to unlock it.");
        }
        if let Some(said) = &dialog.said {
            ui.add_space(6.0);
            ui.colored_label(ui.visuals().error_fg_color, said);
        }
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            let can_unlock = dialog.asks && !dialog.at_work && !dialog.text.is_empty();
            if dialog.asks && ui.add_enabled(can_unlock, egui::Button::new("Unlock")).clicked() {
                answer(dialog, commands);
            }
            let without = ui.button("Go on without").on_hover_text("Results are then kept in memory only");
            if without.clicked() {
                commands.push(Command::Answer(Answer::Cancel));
            }
            if dialog.at_work {
                ui.spinner();
            }
        });
    });
}

fn passphrase_ui(ui: &mut Ui, dialog: &mut UnlockDialog, commands: &mut Vec<Command>) {
    let label = ui.label("Passphrase");
    let edit = TextEdit::singleline(&mut dialog.text).password(true).desired_width(f32::INFINITY);
    let response = ui.add_enabled(!dialog.at_work, edit).labelled_by(label.id);
    let is_given = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if is_given && !dialog.text.is_empty() {
        answer(dialog, commands);
    } else if !dialog.at_work && ui.memory(|memory| memory.focused().is_none()) {
        response.request_focus();
    }
}

fn answer(dialog: &mut UnlockDialog, commands: &mut Vec<Command>) {
    let text = std::mem::take(&mut dialog.text);
    commands.push(Command::Answer(Answer::Passphrase(Passphrase::new(&text))));
}
