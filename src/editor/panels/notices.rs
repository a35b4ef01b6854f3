//! Notices: what happened and what can be done about it, in a strip above the canvas until they are taken away.

use std::collections::BTreeSet;

use egui::{Label, RichText, Ui};

use crate::editor::{
    Command,
    icons::{self, Icon, icon_button},
    theme,
};

/// How a notice is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// For whoever wonders.
    Info,
    /// Something to look at.
    Warning,
    /// Something went wrong.
    Error,
}

/// Something that happened, with what can be done about it.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) id: usize,
    pub(crate) tone: Tone,
    pub(crate) text: String,
    /// Buttons with what they ask for; a click also takes the notice away.
    pub(crate) actions: Vec<(String, Command)>,
}

/// The notices in sight, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    list: Vec<Notice>,
    next_id: usize,
    /// Troubles a person has seen and taken away: they are not shown again.
    seen: BTreeSet<String>,
}

/// The most notices in sight; older ones give way.
const MAX_NOTICES: usize = 6;

impl Notices {
    /// Shows a notice; one that says the same is replaced.
    pub(crate) fn show(&mut self, tone: Tone, text: impl Into<String>, actions: Vec<(String, Command)>) -> usize {
        let text = text.into();
        self.list.retain(|notice| notice.text != text);
        if self.list.len() >= MAX_NOTICES {
            self.list.remove(0);
        }
        let id = self.next_id;
        self.next_id += 1;
        self.list.push(Notice { id, tone, text, actions });
        id
    }

    /// Shows that something went wrong.
    pub(crate) fn error(&mut self, text: impl Into<String>) {
        self.show(Tone::Error, text, Vec::new());
    }

    /// Shows something that goes wrong over and over in the background, until a person takes it away.
    pub(crate) fn trouble(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.seen.contains(&text) {
            self.show(Tone::Error, text, Vec::new());
        }
    }

    /// Takes a notice away.
    pub(crate) fn dismiss(&mut self, id: usize) {
        self.seen.extend(self.list.extract_if(.., |notice| notice.id == id).map(|notice| notice.text));
    }

    /// Takes all notices away, for another document.
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.seen.clear();
    }

    /// Returns the notices in sight.
    pub(crate) fn list(&self) -> &[Notice] {
        &self.list
    }
}

/// Shows all notices, one a line.
pub(crate) fn notices_ui(ui: &mut Ui, notices: &[Notice], commands: &mut Vec<Command>) {
    for notice in notices {
        ui.push_id(notice.id, |ui| notice_ui(ui, notice, commands));
    }
}

fn notice_ui(ui: &mut Ui, notice: &Notice, commands: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let (icon, color) = match notice.tone {
        Tone::Info => (Icon::Clock, tokens.accent),
        Tone::Warning => (Icon::Warning, tokens.stale),
        Tone::Error => (Icon::Error, tokens.failed),
    };
    egui::Sides::new().shrink_left().show(
        ui,
        |ui| {
            let (rect, _) = ui.allocate_exact_size(egui::vec2(16.0, 16.0), egui::Sense::hover());
            icons::paint(ui.painter(), rect, icon, color);
            let text = theme::readable(&notice.text);
            ui.add(Label::new(RichText::new(text.as_ref())).truncate()).on_hover_text(text.as_ref());
        },
        |ui| {
            if icon_button(ui, Icon::Close, "Dismiss").clicked() {
                commands.push(Command::DismissNotice(notice.id));
            }
            for (name, command) in notice.actions.iter().rev() {
                if ui.button(name).clicked() {
                    commands.push(Command::DismissNotice(notice.id));
                    commands.push(command.clone());
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_said_twice_stands_once_and_old_ones_give_way() {
        let mut notices = Notices::default();
        notices.error("same");
        notices.error("same");
        assert_eq!(notices.list().len(), 1);
        for number in 0..10 {
            notices.error(number.to_string());
        }
        assert_eq!(notices.list().len(), MAX_NOTICES);
        assert_eq!(notices.list().last().unwrap().text, "9");
        let id = notices.list()[0].id;
        notices.dismiss(id);
        assert_eq!(notices.list().len(), MAX_NOTICES - 1);
    }

    #[test]
    fn a_trouble_that_was_taken_away_is_not_shown_again() {
        let mut notices = Notices::default();
        notices.trouble("the disk is full");
        let id = notices.list()[0].id;
        notices.dismiss(id);
        notices.trouble("the disk is full");
        assert!(notices.list().is_empty());
        notices.error("the disk is full");
        assert_eq!(notices.list().len(), 1, "an answer to what a person does is always shown");
    }
}
