//! The status line: what the pointer is over, the zoom, the session.

use egui::{Label, Ui};

use crate::{
    editor::{Command, LookRequest, Tab, canvas::CanvasState, theme, words},
    session::ProfileName,
};

/// In a narrower window the status line does not say how long runs take; the tooltips of Run and Resume do, too. In points.
const ROOM_FOR_FORECAST: f32 = 900.0;

/// What the status line says besides what the pointer is over.
pub(crate) struct StatusWords<'a> {
    /// Whose window it is.
    pub(crate) profile: &'a ProfileName,
    /// All profiles.
    pub(crate) profiles: &'a [ProfileName],
    /// How the session stands.
    pub(crate) session: String,
    /// How many problems there are now.
    pub(crate) n_problems: usize,
    /// How long is left of the run, or how long runs take, if anybody knows.
    pub(crate) forecast: Option<String>,
}

/// Shows the status line.
pub(crate) fn status_ui(ui: &mut Ui, canvas: &CanvasState, says: &StatusWords<'_>, commands: &mut Vec<Command>) {
    let has_room = ui.available_width() > ROOM_FOR_FORECAST;
    egui::Sides::new().shrink_left().show(
        ui,
        |ui| {
            let status = canvas.status();
            ui.add(Label::new(theme::readable(&status).as_ref()).truncate());
        },
        |ui| {
            ui.weak(&says.session);
            profiles_ui(ui, says, commands);
            ui.weak("·");
            let zoom = format!("{:.0} %", canvas.zoom() * 100.0);
            let button = egui::Button::new(zoom).frame_when_inactive(false).small();
            if ui.add(button).on_hover_text("Zoom to 100 %").clicked() {
                commands.push(Command::Look(LookRequest::ZoomReset));
            }
            if says.n_problems > 0 {
                ui.weak("·");
                let text = words::count(says.n_problems, "problem");
                if ui.add(egui::Button::new(text).frame_when_inactive(false).small()).clicked() {
                    commands.push(Command::ShowTab(Tab::Problems));
                }
            }
            if let Some(forecast) = says.forecast.as_ref().filter(|_| has_room) {
                ui.weak("·");
                ui.label(forecast).on_hover_text("From how long the nodes took before");
            }
        },
    );
}

/// Shows whose window it is, with a list of the others, where there are any.
fn profiles_ui(ui: &mut Ui, says: &StatusWords<'_>, commands: &mut Vec<Command>) {
    if says.profile.is_default() && says.profiles.len() < 2 {
        return;
    }
    ui.weak("·");
    ui.menu_button(format!("Profile {}", says.profile), |ui| {
        for name in says.profiles.iter().filter(|name| *name != says.profile) {
            if ui.button(format!("Open {name} in another window")).clicked() {
                commands.push(Command::OpenProfile(name.clone()));
                ui.close();
            }
        }
    });
}
