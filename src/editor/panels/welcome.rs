//! The welcome screen: examples, recent files, new, open.

use std::path::{Path, PathBuf};

use egui::{Frame, Label, Margin, RichText, ScrollArea, Stroke, Ui};

use crate::{
    editor::{
        Command, TourRequest,
        command_table::{self, CommandId},
        examples::{EXAMPLES, Example},
        icons::{self, Icon, icon_text_button},
        theme,
    },
    session::ProfileName,
};

/// The width of a card, in points.
const CARD: f32 = 240.0;

/// Shows the welcome screen.
pub(crate) fn welcome_ui(
    ui: &mut Ui,
    recent: &[PathBuf],
    profiles: &[ProfileName],
    profile: &ProfileName,
    commands: &mut Vec<Command>,
) {
    ScrollArea::vertical().id_salt("welcome").auto_shrink([false, false]).show(ui, |ui| {
        ui.vertical_centered(|ui| {
            ui.set_max_width(CARD * 3.0 + 40.0);
            ui.add_space(48.0);
            ui.label(RichText::new("Pinflow").size(34.0).strong());
            ui.weak("Run each step once. Pin what you want to keep, and always see why something ran.");
            ui.add_space(20.0);
            ui.horizontal(|ui| {
                if icon_text_button(ui, Icon::New, "New workflow").clicked() {
                    commands.push(Command::New);
                }
                if icon_text_button(ui, Icon::Open, "Open workflow…").clicked() {
                    commands.push(Command::OpenDialog);
                }
                let tour = command_table::get(CommandId::Tour);
                if icon_text_button(ui, Icon::Follow, tour.name).on_hover_text(tour.help).clicked() {
                    commands.push(Command::Tour(TourRequest::Start));
                }
            });
            ui.add_space(20.0);
            ui.horizontal(|ui| ui.label(RichText::new("Examples").strong()));
            let gap = ui.spacing().item_spacing.x;
            let in_a_row = ((ui.available_width() + gap) / (CARD + gap)).max(1.0) as usize;
            for row in EXAMPLES.chunks(in_a_row) {
                ui.horizontal_top(|ui| {
                    for example in row {
                        card_ui(ui, example, commands);
                    }
                });
            }
            ui.add_space(20.0);
            recent_ui(ui, recent, commands);
            profiles_ui(ui, profiles, profile, commands);
        });
    });
}

fn card_ui(ui: &mut Ui, example: &Example, commands: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let frame = Frame::new()
        .fill(tokens.popup)
        .stroke(Stroke::new(1.0, tokens.line))
        .corner_radius(10)
        .inner_margin(Margin::same(14));
    frame.show(ui, |ui| {
        ui.set_width(CARD - 28.0);
        ui.set_min_height(130.0);
        ui.vertical(|ui| {
            ui.horizontal(|ui| {
                let (rect, _) = ui.allocate_exact_size(egui::vec2(20.0, 20.0), egui::Sense::hover());
                icons::paint(ui.painter(), rect, Icon::of_family(example.family), tokens.of_family(example.family));
                ui.label(RichText::new(example.title).size(16.0).strong());
            });
            ui.add(Label::new(example.about).wrap());
            ui.add_space(6.0);
            if ui.button(format!("Open {}", example.title)).clicked() {
                commands.push(Command::OpenExample(example.id));
            }
        });
    });
}

fn profiles_ui(ui: &mut Ui, profiles: &[ProfileName], profile: &ProfileName, commands: &mut Vec<Command>) {
    if profile.is_default() && profiles.len() < 2 {
        return;
    }
    ui.add_space(20.0);
    ui.horizontal(|ui| {
        ui.label(RichText::new(format!("Profile {profile}")).strong());
        for other in profiles.iter().filter(|other| *other != profile) {
            if ui.link(other.as_str()).on_hover_text("Open it in another window").clicked() {
                commands.push(Command::OpenProfile(other.clone()));
            }
        }
    });
}

fn recent_ui(ui: &mut Ui, recent: &[PathBuf], commands: &mut Vec<Command>) {
    if recent.is_empty() {
        return;
    }
    ui.horizontal(|ui| ui.label(RichText::new("Recent files").strong()));
    for path in recent {
        ui.horizontal(|ui| {
            if ui.link(file_name(path)).on_hover_text(path.display().to_string()).clicked() {
                commands.push(Command::Open(path.clone()));
            }
            let folder = path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
            ui.add(Label::new(RichText::new(folder).weak()).truncate());
        });
    }
}

/// Returns a workflow file's name without its endings.
fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    name.strip_suffix(".flow.ron").or_else(|| name.strip_suffix(".ron")).unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recent_file_is_shown_by_its_name() {
        assert_eq!(file_name(Path::new("/a/penguins.flow.ron")), "penguins");
        assert_eq!(file_name(Path::new("/a/other.txt")), "other.txt");
    }
}
