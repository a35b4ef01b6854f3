//! Earlier sessions of the workflow, whose pins can be taken over.

use egui::{Id, Label, Modal, RichText, ScrollArea, Ui};
use jiff::{Timestamp, tz::TimeZone};

use super::frame;
use crate::{
    editor::{Answer, Command, theme, words},
    session::SessionSummary,
};

/// The sessions to choose from.
#[derive(Default)]
pub(crate) struct TakeOverDialog {
    /// Those that have pins, newest first, or why they cannot be listed; nothing before they were.
    pub(crate) sessions: Option<Result<Vec<SessionSummary>, String>>,
}

/// Shows the dialog.
pub(super) fn take_over_ui(ui: &Ui, dialog: &TakeOverDialog, commands: &mut Vec<Command>) {
    let modal = Modal::new(Id::unique("take over")).frame(frame(ui)).show(ui, |ui| {
        let room = ui.content_rect().size();
        ui.set_width(480.0_f32.min(room.x - 60.0));
        ui.label(RichText::new("Take over pins").size(17.0).strong());
        let said = "From an earlier session of this workflow, beside the pins there are. Undo takes them away again.";
        ui.add(Label::new(RichText::new(said).color(theme::tokens(ui).text_muted)).wrap());
        ui.add_space(6.0);
        match &dialog.sessions {
            None => {
                ui.horizontal(|ui| {
                    ui.spinner();
                    ui.weak("Looking for earlier sessions…");
                });
            }
            Some(Err(error)) => {
                let said = format!("Earlier sessions cannot be listed: {error}");
                ui.add(Label::new(RichText::new(theme::readable(&said)).color(theme::tokens(ui).failed)).wrap());
            }
            Some(Ok(sessions)) if sessions.is_empty() => {
                ui.weak("No earlier session of this workflow has pins.");
            }
            Some(Ok(sessions)) => {
                ScrollArea::vertical().max_height((room.y - 220.0).max(100.0)).show(ui, |ui| {
                    for session in sessions {
                        session_ui(ui, session, commands);
                    }
                });
            }
        }
        ui.add_space(8.0);
        if ui.button("Close").clicked() {
            commands.push(Command::Answer(Answer::Cancel));
        }
    });
    if modal.should_close() {
        commands.push(Command::Answer(Answer::Cancel));
    }
}

fn session_ui(ui: &mut Ui, session: &SessionSummary, commands: &mut Vec<Command>) {
    let local = session.saved.to_zoned(TimeZone::system());
    let date = local.strftime("%d %b %Y %H:%M").to_string();
    ui.horizontal(|ui| {
        let button = ui
            .button("Take over")
            .accessible_name(format!("Take over {} of {date}", words::count(session.n_pins, "pin")));
        if button.clicked() {
            commands.push(Command::Answer(Answer::Session(session.id)));
        }
        ui.strong(date);
        let end = if session.closed { "" } else { " · ended unexpectedly" };
        let name = session.name.as_ref().map(|name| format!(" · {name}")).unwrap_or_default();
        let said = format!(
            "{} · {}{name}{end}",
            words::ago(session.saved, Timestamp::now()),
            words::count(session.n_pins, "pin")
        );
        ui.add(Label::new(RichText::new(theme::readable(&said)).color(theme::tokens(ui).text_muted)).truncate());
    });
}
