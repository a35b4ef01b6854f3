//! Files and folders: typed, chosen in a dialog, or taken from those chosen lately.

use std::path::{Path, PathBuf};

use egui::{Align, Layout, TextEdit, Ui};

use super::{
    drafts::Drafts,
    fields::{Field, MIXED, text_ui},
};
use crate::{editor::Command, nodes::ParameterType};

/// The most paths that are remembered.
const MAX_RECENT: usize = 12;

/// Notes that a path was chosen: the newest come first, each once.
pub(crate) fn note_recent(recent: &mut Vec<PathBuf>, path: &Path) {
    recent.retain(|known| known != path);
    recent.insert(0, path.to_owned());
    recent.truncate(MAX_RECENT);
}

/// Shows a path.
pub(super) fn path_ui(ui: &mut Ui, field: Field<'_>, drafts: &mut Drafts, commands: &mut Vec<Command>) {
    let row = egui::vec2(ui.available_width(), ui.spacing().interact_size.y);
    let (nodes, parameter) = (field.of.nodes(), &field.schema.id);
    let (what, hint) = match &field.schema.parameter_type {
        ParameterType::Folder { hint } => ("folder", *hint),
        _ => ("file", "a path"),
    };
    ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
        let browse = ui.button("Browse…").on_hover_text(format!("Choose the {what} for {}", field.schema.label));
        if browse.clicked() {
            commands.push(Command::Browse(nodes.to_vec(), parameter.clone()));
        }
        let recent = field.aids.map(|aids| fitting(aids.recent, &field.schema.parameter_type)).unwrap_or_default();
        if !recent.is_empty() {
            ui.menu_button("Recent", |ui| {
                for path in recent {
                    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                    if ui.button(name).on_hover_text(path.display().to_string()).clicked() {
                        commands.push(Command::UsePath(nodes.to_vec(), parameter.clone(), path.clone()));
                    }
                }
            });
        }
        text_ui(ui, field, drafts, commands, |ui, text| {
            let hint = if field.is_mixed { MIXED } else { hint };
            ui.add(TextEdit::singleline(text).hint_text(hint).desired_width(ui.available_width()))
        });
    });
}

/// Returns the paths that fit a parameter. Folders are told from files by their having no ending: nothing is looked up.
fn fitting<'a>(recent: &'a [PathBuf], parameter_type: &ParameterType) -> Vec<&'a PathBuf> {
    let ending = |path: &Path| path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let fits = |path: &Path| match parameter_type {
        ParameterType::Folder { .. } => ending(path).is_none(),
        ParameterType::FileToRead { extensions } | ParameterType::FileToWrite { extensions } => {
            ending(path).is_some_and(|ending| extensions.is_empty() || extensions.contains(&ending.as_str()))
        }
        _ => false,
    };
    recent.iter().filter(|path| fits(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_paths_are_newest_first_each_once_and_few() {
        let mut recent = Vec::new();
        for number in 0..20 {
            note_recent(&mut recent, Path::new(&format!("/{number}.csv")));
        }
        note_recent(&mut recent, Path::new("/15.csv"));
        assert_eq!((recent.len(), &recent[0], &recent[1]), (MAX_RECENT, &"/15.csv".into(), &"/19.csv".into()));
    }

    #[test]
    fn only_paths_that_fit_are_offered() {
        let recent: Vec<PathBuf> = ["/a.CSV", "/b.json", "/folder"].map(PathBuf::from).into();
        let offered = |parameter_type: ParameterType| -> Vec<String> {
            fitting(&recent, &parameter_type).into_iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(offered(ParameterType::FileToRead { extensions: &["csv"] }), ["/a.CSV"]);
        assert_eq!(offered(ParameterType::FileToWrite { extensions: &[] }), ["/a.CSV", "/b.json"]);
        assert_eq!(offered(ParameterType::Folder { hint: "" }), ["/folder"]);
    }
}
