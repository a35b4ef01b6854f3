//! The status line: what the pointer is over, the zoom, the session.

use egui::{Label, Ui};

use crate::editor::{Command, Tab, View, canvas::CanvasState, theme, words};

/// Shows the status line. `session` says how the session stands.
pub(crate) fn status_ui(ui: &mut Ui, view: View<'_>, canvas: &CanvasState, session: &str, commands: &mut Vec<Command>) {
    egui::Sides::new().shrink_left().show(
        ui,
        |ui| {
            let status = canvas.status();
            ui.add(Label::new(theme::readable(&status).as_ref()).truncate());
        },
        |ui| {
            ui.weak(session);
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
        },
    );
}
