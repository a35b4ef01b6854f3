//! Notices: what happened and what can be done about it, in a strip above the canvas until they are taken away.

use std::collections::BTreeSet;

use egui::{Label, RichText, Ui};

use crate::{
    editor::{
        Command,
        icons::{self, Icon, icon_button},
        theme,
    },
    session::SessionId,
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

/// Where a notice is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    #[default]
    Welcome,
    /// While the tab of this session is in front.
    Tab(SessionId),
    Everywhere,
}

/// Something that happened, with what can be done about it.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) id: usize,
    place: Place,
    pub(crate) tone: Tone,
    pub(crate) text: String,
    /// Buttons with what they ask for; a click also takes the notice away.
    pub(crate) actions: Vec<(String, Command)>,
}

/// All notices, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    list: Vec<Notice>,
    /// What is in front.
    here: Place,
    next_id: usize,
    /// The notice of what was done last.
    done: Option<usize>,
    /// Troubles a person has seen and taken away: they are not shown again.
    seen: BTreeSet<String>,
}

/// The most notices of a place; older ones give way.
const MAX_NOTICES: usize = 6;

impl Notices {
    /// Shows a notice about what is in front; one that says the same is replaced.
    pub(crate) fn show(&mut self, tone: Tone, text: impl Into<String>, actions: Vec<(String, Command)>) -> usize {
        self.show_at(self.here, tone, text, actions)
    }

    /// Shows a notice about something else.
    pub(crate) fn show_at(
        &mut self,
        place: Place,
        tone: Tone,
        text: impl Into<String>,
        actions: Vec<(String, Command)>,
    ) -> usize {
        let text = text.into();
        self.list.retain(|notice| notice.place != place || notice.text != text);
        let mut there = self.list.iter().filter(|notice| notice.place == place);
        let oldest = there.next().map(|notice| notice.id);
        if there.count() + 1 >= MAX_NOTICES {
            self.list.retain(|notice| Some(notice.id) != oldest);
        }
        let id = self.next_id;
        self.next_id += 1;
        self.list.push(Notice { id, place, tone, text, actions });
        id
    }

    /// Shows what was done, in the place of what was done before.
    pub(crate) fn done(&mut self, text: impl Into<String>) {
        self.list.retain(|notice| Some(notice.id) != self.done);
        self.done = Some(self.show(Tone::Info, text, Vec::new()));
    }

    /// Shows that something went wrong.
    pub(crate) fn error(&mut self, text: impl Into<String>) {
        self.show(Tone::Error, text, Vec::new());
    }

    /// Shows something that goes wrong over and over in the background, until a person takes it away.
    pub(crate) fn trouble(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.seen.contains(&text) {
            self.show_at(Place::Everywhere, Tone::Error, text, Vec::new());
        }
    }

    /// Takes a notice away.
    pub(crate) fn dismiss(&mut self, id: usize) {
        self.seen.extend(self.list.extract_if(.., |notice| notice.id == id).map(|notice| notice.text));
    }

    /// Takes away what is shown at a place only.
    pub(crate) fn forget(&mut self, place: Place) {
        self.list.retain(|notice| notice.place != place);
    }

    /// Shows what is about this place from now on.
    pub(crate) const fn go_to(&mut self, place: Place) {
        self.here = place;
    }

    /// Returns the notices in sight.
    pub(crate) fn list(&self) -> impl Iterator<Item = &Notice> {
        self.list.iter().filter(|notice| notice.place == self.here || notice.place == Place::Everywhere)
    }
}

/// Shows all notices, one a line.
pub(crate) fn notices_ui(ui: &mut Ui, notices: &Notices, commands: &mut Vec<Command>) {
    for notice in notices.list() {
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
        assert_eq!(notices.list().count(), 1);
        for number in 0..10 {
            notices.error(number.to_string());
        }
        assert_eq!(notices.list().count(), MAX_NOTICES);
        assert_eq!(notices.list().last().unwrap().text, "9");
        let id = notices.list().next().unwrap().id;
        notices.dismiss(id);
        assert_eq!(notices.list().count(), MAX_NOTICES - 1);
    }

    #[test]
    fn each_place_has_its_own_notices() {
        let mut notices = Notices::default();
        let texts = |notices: &Notices| notices.list().map(|notice| notice.text.clone()).collect::<Vec<_>>();
        let tab = Place::Tab(SessionId::generate());
        notices.show_at(tab, Tone::Info, "released", Vec::new());
        notices.trouble("the disk is full");
        assert_eq!(texts(&notices), ["the disk is full"]);
        notices.go_to(tab);
        assert_eq!(texts(&notices), ["released", "the disk is full"]);
        notices.forget(tab);
        assert_eq!(texts(&notices), ["the disk is full"]);
    }

    #[test]
    fn a_trouble_that_was_taken_away_is_not_shown_again() {
        let mut notices = Notices::default();
        notices.trouble("the disk is full");
        let id = notices.list().next().unwrap().id;
        notices.dismiss(id);
        notices.trouble("the disk is full");
        assert_eq!(notices.list().count(), 0);
        notices.error("the disk is full");
        assert_eq!(notices.list().count(), 1, "an answer to what a person does is always shown");
    }
}
