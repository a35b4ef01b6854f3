//! Unsaved work and runs that go on, before they are left.

use egui::{Id, Modal, RichText, Ui};

use super::frame;
use crate::editor::{Answer, Command, theme};

/// What would be lost, and what to do once that is settled.
pub(crate) struct Leaving {
    /// The names of workflows with unsaved changes.
    pub(crate) unsaved: Vec<String>,
    /// The names of workflows whose runs would be stopped.
    pub(crate) running: Vec<String>,
    pub(crate) then: Box<Command>,
}

impl Leaving {
    const fn title(&self) -> &'static str {
        if self.unsaved.is_empty() { "A run goes on" } else { "Unsaved changes" }
    }

    fn question(&self) -> Option<String> {
        let before = if matches!(*self.then, Command::ContinueSession(_)) {
            "going on with the earlier session"
        } else {
            "closing"
        };
        match &self.unsaved[..] {
            [] => None,
            [name] => Some(format!("Save the changes to {name} before {before}?")),
            several => Some(format!("Save the changes to these {} workflows before {before}?", several.len())),
        }
    }

    fn warning(&self) -> Option<String> {
        match &self.running[..] {
            [] => None,
            [name] => Some(format!("The run of {name} will be stopped.")),
            several => Some(format!("The runs of {} will be stopped.", several.join(", "))),
        }
    }

    const fn answers(&self) -> &'static [(&'static str, Answer)] {
        match self.unsaved.len() {
            0 => &[("Stop and close", Answer::Discard), ("Cancel", Answer::Cancel)],
            1 => &[("Save changes", Answer::Save), ("Don't save", Answer::Discard), ("Cancel", Answer::Cancel)],
            _ => &[("Save all", Answer::Save), ("Don't save", Answer::Discard), ("Cancel", Answer::Cancel)],
        }
    }
}

/// Shows the dialog.
pub(super) fn leave_ui(ui: &Ui, leaving: &Leaving, commands: &mut Vec<Command>) {
    let modal = Modal::new(Id::unique("unsaved work")).frame(frame(ui)).show(ui, |ui| {
        ui.set_max_width(380.0);
        ui.label(RichText::new(leaving.title()).size(17.0).strong());
        ui.add_space(6.0);
        if let Some(question) = leaving.question() {
            ui.label(theme::readable(&question).as_ref());
        }
        if leaving.unsaved.len() > 1 {
            for name in &leaving.unsaved {
                ui.label(RichText::new(format!("•  {}", theme::readable(name))).strong());
            }
        }
        if let Some(warning) = leaving.warning() {
            ui.label(theme::readable(&warning).as_ref());
        }
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            for (text, answer) in leaving.answers() {
                if ui.button(*text).clicked() {
                    commands.push(Command::Answer(answer.clone()));
                }
            }
        });
    });
    if modal.should_close() {
        commands.push(Command::Answer(Answer::Cancel));
    }
}
