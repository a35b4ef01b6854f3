//! A file dialog of our own, for systems without a native one: a path to type, and what is in a folder.

use std::{
    cmp::Reverse,
    fs,
    path::{Path, PathBuf},
};

use egui::{Button, Id, Key, Label, Modal, RichText, ScrollArea, TextEdit, Ui};

use crate::{
    editor::{Answer, Command, theme},
    nodes::formats,
    value::Value,
    workflow::{NodeId, ParameterId},
};

/// What a file is chosen for.
#[derive(Clone, Debug)]
pub(crate) enum FilePurpose {
    /// To open a workflow.
    Open,
    /// To save the workflow; then go on with what was asked.
    Save(Option<Box<Command>>),
    /// To set a parameter.
    Parameter { nodes: Vec<NodeId>, parameter: ParameterId, wanted: Wanted },
    /// To save a value, under a name that is offered.
    Value { value: Value, name: String },
}

/// What a parameter wants; files with the endings that are offered, without the dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    FileToRead(&'static [&'static str]),
    FileToWrite(&'static [&'static str]),
    Folder,
}

impl FilePurpose {
    /// Returns the title of the dialog.
    pub(crate) const fn title(&self) -> &'static str {
        match self {
            Self::Open => "Open a workflow",
            Self::Save(_) => "Save the workflow",
            Self::Parameter { wanted: Wanted::Folder, .. } => "Choose a folder",
            Self::Parameter { .. } => "Choose a file",
            Self::Value { .. } => "Save a value",
        }
    }

    /// Returns whether the file may be new.
    pub(crate) const fn is_written(&self) -> bool {
        match self {
            Self::Open => false,
            Self::Save(_) | Self::Value { .. } => true,
            Self::Parameter { wanted, .. } => matches!(wanted, Wanted::FileToWrite(_)),
        }
    }

    /// Returns whether a folder is chosen, not a file.
    pub(crate) const fn is_folder(&self) -> bool {
        matches!(self, Self::Parameter { wanted: Wanted::Folder, .. })
    }

    /// Returns the endings of files that fit, without the dot; none means that all do.
    pub(crate) fn extensions(&self) -> &'static [&'static str] {
        match self {
            Self::Open | Self::Save(_) => &["ron"],
            Self::Parameter { wanted: Wanted::FileToRead(extensions) | Wanted::FileToWrite(extensions), .. } => {
                extensions
            }
            // No file ends so: only folders are listed.
            Self::Parameter { wanted: Wanted::Folder, .. } => &["/"],
            Self::Value { value, .. } => formats(value),
        }
    }
}

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileEntry {
    pub(crate) name: String,
    pub(crate) is_folder: bool,
}

/// The dialog, as far as it is filled in.
#[derive(Debug)]
pub(crate) struct FileDialog {
    pub(crate) purpose: FilePurpose,
    /// What stands in the field: a path, or a name in the folder.
    text: String,
    folder: PathBuf,
    /// What is in the folder; nothing while it is being read.
    entries: Option<Result<Vec<FileEntry>, String>>,
    /// Whether the field has had the focus.
    began: bool,
}

impl FileDialog {
    /// Returns a dialog that begins in a folder.
    pub(crate) fn new(purpose: FilePurpose, folder: PathBuf, name: String) -> Self {
        Self { purpose, text: name, folder, entries: None, began: false }
    }

    /// Goes to another folder, which is yet to be read.
    pub(crate) fn go_to(&mut self, folder: PathBuf) {
        self.folder = folder;
        self.entries = None;
    }

    /// Takes what is in a folder.
    pub(crate) fn listed(&mut self, folder: &Path, entries: Result<Vec<FileEntry>, String>) {
        if self.folder == folder {
            self.entries = Some(entries);
        }
    }

    /// Returns the path that stands in the field.
    fn path(&self) -> PathBuf {
        self.folder.join(self.text.trim())
    }

    fn names_a_folder(&self) -> bool {
        self.entry().is_some_and(|entry| entry.is_folder)
    }

    fn entry(&self) -> Option<&FileEntry> {
        self.entries.as_ref()?.as_ref().ok()?.iter().find(|entry| entry.name == self.text.trim())
    }
}

/// Reads what is in a folder: folders first, then files with one of the endings, both by name. Touches the disk: not for
/// the interface thread.
pub(crate) fn list_folder(folder: &Path, extensions: &[&str]) -> Result<Vec<FileEntry>, String> {
    let failed = |error: std::io::Error| format!("cannot read the folder: {error}: {}", folder.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
        let ending = Path::new(&name).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let fits = extensions.is_empty() || extensions.iter().any(|known| known.eq_ignore_ascii_case(ending));
        if !name.starts_with('.') && (is_folder || fits) {
            entries.push(FileEntry { name, is_folder });
        }
    }
    entries.sort_by_cached_key(|entry| (Reverse(entry.is_folder), entry.name.to_lowercase()));
    Ok(entries)
}

/// Shows the dialog.
pub(crate) fn file_dialog_ui(ui: &Ui, dialog: &mut FileDialog, commands: &mut Vec<Command>) {
    let modal = Modal::new(Id::unique("file dialog")).frame(super::frame(ui)).show(ui, |ui| {
        ui.set_width(460.0);
        ui.label(RichText::new(dialog.purpose.title()).size(17.0).strong());
        ui.add_space(6.0);
        path_ui(ui, dialog, commands);
        ui.horizontal(|ui| {
            let parent = dialog.folder.parent().map(Path::to_owned);
            if ui.add_enabled(parent.is_some(), Button::new("Up")).on_hover_text("To the folder above").clicked() {
                commands.extend(parent.map(Command::ListFolder));
            }
            ui.add(Label::new(dialog.folder.display().to_string()).truncate());
        });
        entries_ui(ui, dialog, commands);
        ui.add_space(6.0);
        buttons_ui(ui, dialog, commands);
    });
    if modal.should_close() {
        commands.push(Command::Answer(Answer::Cancel));
    }
}

fn path_ui(ui: &mut Ui, dialog: &mut FileDialog, commands: &mut Vec<Command>) {
    let field = TextEdit::singleline(&mut dialog.text).hint_text("a path, or a name in this folder");
    let response = ui.add(field.desired_width(f32::INFINITY)).accessible_name("Path");
    if !dialog.began {
        dialog.began = true;
        response.request_focus();
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        accept(dialog, commands);
    }
}

/// Goes into the folder that stands in the field, or answers with the file.
fn accept(dialog: &mut FileDialog, commands: &mut Vec<Command>) {
    if dialog.text.trim().is_empty() {
        return;
    }
    if dialog.names_a_folder() {
        commands.push(Command::ListFolder(dialog.path()));
        dialog.text.clear();
    } else {
        commands.push(Command::Answer(Answer::File(dialog.path())));
    }
}

fn entries_ui(ui: &mut Ui, dialog: &mut FileDialog, commands: &mut Vec<Command>) {
    let mut chosen = None;
    match &dialog.entries {
        None => {
            ui.spinner();
        }
        Some(Err(error)) => {
            ui.colored_label(theme::tokens(ui).failed, error);
        }
        Some(Ok(entries)) => {
            let row_height = ui.spacing().interact_size.y;
            ScrollArea::vertical().id_salt("entries").max_height(260.0).auto_shrink([false, false]).show_rows(
                ui,
                row_height,
                entries.len(),
                |ui, in_sight| {
                    for entry in &entries[in_sight] {
                        let text = if entry.is_folder { format!("{}/", entry.name) } else { entry.name.clone() };
                        if ui.selectable_label(entry.name == dialog.text, text).clicked() {
                            chosen = Some(entry.clone());
                        }
                    }
                },
            );
        }
    }
    match chosen {
        Some(entry) if entry.is_folder => commands.push(Command::ListFolder(dialog.folder.join(entry.name))),
        Some(entry) => dialog.text = entry.name,
        None => {}
    }
}

fn buttons_ui(ui: &mut Ui, dialog: &mut FileDialog, commands: &mut Vec<Command>) {
    if dialog.purpose.is_written() && dialog.entry().is_some_and(|entry| !entry.is_folder) {
        ui.colored_label(theme::tokens(ui).stale, "A file of this name is there; it will be replaced.");
    }
    ui.horizontal(|ui| {
        if dialog.purpose.is_folder() {
            let is_typed = !dialog.text.trim().is_empty() && !dialog.names_a_folder();
            let chosen = if is_typed { dialog.path() } else { dialog.folder.clone() };
            if ui.button(if is_typed { "Use this path" } else { "Use this folder" }).clicked() {
                commands.push(Command::Answer(Answer::File(chosen)));
            }
            if ui.button("Cancel").clicked() {
                commands.push(Command::Answer(Answer::Cancel));
            }
            return;
        }
        let name = if dialog.purpose.is_written() { "Save here" } else { "Open file" };
        if ui.add_enabled(!dialog.text.trim().is_empty(), Button::new(name)).clicked() {
            accept(dialog, commands);
        }
        if ui.button("Cancel").clicked() {
            commands.push(Command::Answer(Answer::Cancel));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_listed_folders_first_and_only_what_fits() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.ron", "a.RON", "c.txt", ".hidden.ron"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("z")).unwrap();
        let names = |extensions: &[&str]| -> Vec<String> {
            list_folder(folder.path(), extensions).unwrap().into_iter().map(|entry| entry.name).collect()
        };
        assert_eq!(names(&["ron"]), ["z", "a.RON", "b.ron"]);
        assert_eq!(names(&[]), ["z", "a.RON", "b.ron", "c.txt"]);
        assert!(list_folder(&folder.path().join("none"), &[]).unwrap_err().starts_with("cannot read the folder"));
    }

    #[test]
    fn a_name_is_taken_in_the_folder_and_a_path_as_it_is() {
        let mut dialog = FileDialog::new(FilePurpose::Open, PathBuf::from("/data"), "a.ron".to_owned());
        assert_eq!(dialog.path(), PathBuf::from("/data/a.ron"));
        "/elsewhere/b.ron".clone_into(&mut dialog.text);
        assert_eq!(dialog.path(), PathBuf::from("/elsewhere/b.ron"));
        let mut commands = Vec::new();
        accept(&mut dialog, &mut commands);
        assert!(matches!(&commands[..], [Command::Answer(Answer::File(path))] if path.ends_with("b.ron")));
    }

    #[test]
    fn a_folder_in_the_field_is_gone_into() {
        let mut dialog = FileDialog::new(FilePurpose::Open, PathBuf::from("/data"), "sub".to_owned());
        let entries = vec![FileEntry { name: "sub".to_owned(), is_folder: true }];
        dialog.listed(Path::new("/elsewhere"), Ok(Vec::new()));
        dialog.listed(Path::new("/data"), Ok(entries));
        let mut commands = Vec::new();
        accept(&mut dialog, &mut commands);
        assert!(matches!(&commands[..], [Command::ListFolder(path)] if *path == Path::new("/data/sub")));
    }
}
