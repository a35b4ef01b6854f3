//! The status line: what the pointer is over, the zoom, the session.

use egui::{Label, Ui};

use crate::editor::{Command, Tab, View, canvas::CanvasState, theme, words};

/// What the status line says besides what the pointer is over.
pub(crate) struct StatusWords {
    /// How the session stands.
    pub(crate) session: String,
    /// How long is left of the run, or how long runs take, if anybody knows.
    pub(crate) forecast: Option<String>,
}

/// Shows the status line.
pub(crate) fn status_ui(
    ui: &mut Ui,
    view: View<'_>,
    canvas: &CanvasState,
    says: &StatusWords,
    commands: &mut Vec<Command>,
) {
    egui::Sides::new().shrink_left().show(
        ui,
        |ui| {
            let status = canvas.status();
            ui.add(Label::new(theme::readable(&status).as_ref()).truncate());
        },
        |ui| {
            ui.weak(&says.session);
            ui.weak("·");
            let zoom = format!("{:.0} %", canvas.zoom() * 100.0);
            let button = egui::Button::new(zoom).frame_when_inactive(false).small();
            if ui.add(button).on_hover_text("Zoom to 100 %").clicked() {
                commands.push(Command::ZoomReset);
            }
            if !view.problems.is_empty() {
                ui.weak("·");
                let text = words::count(view.problems.len(), "problem");
                if ui.add(egui::Button::new(text).frame_when_inactive(false).small()).clicked() {
                    commands.push(Command::ShowTab(Tab::Problems));
                }
            }
            if let Some(forecast) = &says.forecast {
                ui.weak("·");
                ui.label(forecast).on_hover_text("From how long the nodes took before");
            }
        },
    );
}
