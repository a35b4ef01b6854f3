//! Opening, saving and leaving workflows; choosing files.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::ViewportCommand;

use super::{
    App, Message,
    messages::Opening,
    pinned_data::OnSaving,
    sessions::{Desk, OpenError},
    tabs::WorkflowTab,
};
use crate::{
    editor::{
        Command,
        dialogs::{self, Dialog, FileDialog, FilePurpose, Wanted, list_folder},
        examples,
        inspector::{note_recent, set_all, set_parameter},
        panels::Tone,
        settings::OpenFile,
    },
    nodes::{Catalogue, ParameterType, export, formats},
    session::SessionId,
    value::Value,
    workflow::{self, NodeId, ParameterId, Workflow, WorkflowId},
};

/// The settings' file in the config folder.
pub(super) const SETTINGS: &str = crate::session::SETTINGS_FILE;

/// What workflow files end in.
const ENDING: &str = ".flow.ron";

/// What became of writing a workflow.
pub(super) struct Saved {
    session: SessionId,
    /// The workflow that was open then.
    of: WorkflowId,
    path: PathBuf,
    /// What was written: the workflow, or a copy of it.
    workflow: Arc<Workflow>,
    result: Result<(), String>,
    /// Of how many nodes a copy has no pinned data.
    n_left_behind: usize,
    /// What was asked besides.
    then: Option<Box<Command>>,
}

impl App {
    pub(super) fn new_workflow(&self) {
        let desk = self.desk();
        self.background.start("pinflow-new", move || Message::Opened(Opening::beside(Ok(desk.begin(None)))));
    }

    /// Reads a workflow in the background and opens it; one that is open comes to the front.
    pub(super) fn open(&mut self, path: PathBuf) {
        let path = std::path::absolute(&path).unwrap_or(path);
        if let Some(session) = self.tabs.at_file(&path) {
            self.show_tab_of(Some(session));
            return;
        }
        let (desk, open) = (self.desk(), self.open_files());
        self.background.start("pinflow-open", move || opened_or_shown(&desk, path, &open));
    }

    fn open_files(&self) -> Vec<OpenFile> {
        let file = |tab: &WorkflowTab| {
            tab.sitting.path().map(|path| OpenFile { path: path.to_owned(), session: tab.session() })
        };
        self.tabs.iter().filter_map(file).collect()
    }

    /// Opens a copy of an example that is kept in the data folder.
    pub(super) fn open_example(&self, id: &'static str) {
        let Some(example) = examples::find(id) else { return };
        let folder = self.folders.data.join("examples");
        let (desk, open) = (self.desk(), self.open_files());
        self.background.start("pinflow-example", move || match examples::copy_to(example, &folder) {
            Ok(path) => opened_or_shown(&desk, path, &open),
            Err(error) => {
                let folder = folder.display();
                Message::Trouble(format!("The example cannot be copied: {error}: {folder}"))
            }
        });
    }

    pub(super) fn opened(&mut self, opening: Opening) {
        match opening.opened {
            Ok(opened) => {
                if let Some(path) = &opened.path {
                    self.remember(path);
                }
                self.begin_sitting(*opened, opening.instead_of);
            }
            Err(error) => self.not_opened(error),
        }
    }

    pub(super) fn not_opened(&mut self, OpenError { path, said }: OpenError) {
        if let Some(path) = path {
            self.settings.forget(&path);
            self.save_settings();
        }
        self.notices.error(format!("Not opened: {said}"));
    }

    fn remember(&mut self, path: &Path) {
        self.settings.remember(path);
        self.save_settings();
    }

    /// Saves to the workflow's file, asking for one if there is none; then goes on with what was asked.
    pub(super) fn save(&mut self, then: Option<Box<Command>>) {
        let Some(sitting) = self.tabs.sitting() else { return };
        match sitting.path().map(ToOwned::to_owned) {
            Some(path) => self.save_to(path, Arc::clone(sitting.workflow()), then),
            None => self.save_as(then),
        }
    }

    pub(super) fn save_as(&mut self, then: Option<Box<Command>>) {
        if self.tabs.sitting().is_some() {
            self.choose_file(FilePurpose::Save(then));
        }
    }

    /// Writes a workflow, one writing after the other.
    fn save_to(&self, path: PathBuf, workflow: Arc<Workflow>, then: Option<Box<Command>>) {
        let Some(sitting) = self.tabs.sitting() else { return };
        let (session, of) = (sitting.session(), sitting.workflow().id());
        let reporter = self.background.reporter();
        let name = format!("workflow {}", ulid::Ulid::generate());
        let on_saving =
            if workflow.id() == of { OnSaving::Clear(sitting.removed(&workflow)) } else { OnSaving::Copied(of) };
        let store = self.store.clone();
        self.keeper.write(name, move || {
            let result = workflow::save(&workflow, &path).map_err(|error| error.to_string());
            let carried_out = match store.filter(|_| result.is_ok()) {
                Some(store) => on_saving.carry_out(&store, &workflow),
                None => Ok(0),
            };
            let n_left_behind = carried_out.unwrap_or_else(|trouble| {
                reporter.report(Message::Trouble(trouble));
                0
            });
            reporter.report(Message::Saved(Saved { session, of, path, workflow, result, n_left_behind, then }));
        });
    }

    pub(super) fn saved(&mut self, ctx: &egui::Context, saved: Saved) {
        let Saved { session, of, path, workflow, result, n_left_behind, then } = saved;
        if let Err(error) = result {
            self.notices.error(format!("Not saved: {error}"));
            return;
        }
        self.remember(&path);
        if n_left_behind > 0 {
            self.offer_pinned_data(of, workflow.id(), n_left_behind);
        }
        self.panels.inspector.pinned_data.outdate();
        if let Some(tab) = self.tabs.of_mut(session) {
            tab.sitting.saved(path, workflow);
        }
        if let Some(then) = then {
            self.handle(ctx, *then);
        }
    }

    /// Lets a person choose a file: with the desktop's dialog, or, where there is none, with our own.
    pub(super) fn choose_file(&mut self, purpose: FilePurpose) {
        let (folder, name) = self.first_choice(&purpose);
        self.picking_for = self.tabs.session();
        if !self.has_native_dialogs {
            self.dialog = Some(Dialog::File(FileDialog::new(purpose, folder.clone(), name)));
            self.list_folder(folder);
            return;
        }
        if !std::mem::replace(&mut self.is_picking, true) {
            self.background.start("pinflow-dialog", move || {
                let path = dialogs::pick(&purpose, &folder, &name);
                Message::Picked(purpose, path)
            });
        }
    }

    /// Returns the folder and the name that a dialog begins with.
    fn first_choice(&self, purpose: &FilePurpose) -> (PathBuf, String) {
        let name = match (purpose, self.tabs.sitting()) {
            (FilePurpose::Save(_), Some(sitting)) if sitting.path().is_some() => sitting.name(),
            (FilePurpose::Save(_), Some(sitting)) => format!("{}{ENDING}", file_stem(sitting.workflow().name())),
            (FilePurpose::Value { name, .. }, _) => name.clone(),
            _ => String::new(),
        };
        (self.folder(), name)
    }

    /// Takes the file a person chose.
    pub(super) fn picked(&mut self, ctx: &egui::Context, purpose: FilePurpose, path: Option<PathBuf>) {
        self.is_picking = false;
        let Some(path) = path else { return };
        if matches!(purpose, FilePurpose::Save(_) | FilePurpose::Parameter { .. }) {
            self.show_tab_of(self.picking_for);
            if self.tabs.session() != self.picking_for {
                return;
            }
        }
        match purpose {
            FilePurpose::Open => self.handle(ctx, Command::Open(path)),
            FilePurpose::Save(then) => self.save_to_chosen(&path, then),
            FilePurpose::Parameter { nodes, parameter, .. } => self.set_path(&nodes, &parameter, &path),
            FilePurpose::Value { value, .. } => self.save_value(value, path),
        }
    }

    /// Saves a value to a file, in the format that its ending names, or else the usual one.
    fn save_value(&self, value: Value, mut path: PathBuf) {
        if path.extension().is_none()
            && let Some(usual) = formats(&value).first()
        {
            path.set_extension(usual);
        }
        self.background.start("pinflow-save-value", move || {
            let saved = export(&value, &path).map_err(|error| format!("Not saved: {error}"));
            Message::SavedValue(saved.map(|()| format!("Saved {}: {}", value.preview(), path.display())))
        });
    }

    /// Saves to another file. A copy of a workflow that has a file already is a workflow of its own, with its own id.
    fn save_to_chosen(&mut self, path: &Path, then: Option<Box<Command>>) {
        let path = with_ending(path);
        if self.tabs.at_file(&path).is_some_and(|open| Some(open) != self.tabs.session()) {
            let path = path.display();
            self.notices.error(format!("Not saved: the file is open in another tab; close that one first: {path}"));
            return;
        }
        let left_behind =
            self.workflow().map(|workflow| files_left_behind(workflow, &self.catalogue, &self.folder(), &path));
        if let Some(files) = left_behind.filter(|files| !files.is_empty()) {
            let files = files.join(", ");
            let text = format!(
                "The workflow reads files beside its old place, which do not come along: {files}. Copy them, or name them in full"
            );
            self.notices.show(Tone::Warning, text, Vec::new());
        }
        let Some(sitting) = self.tabs.sitting() else { return };
        let is_copy = sitting.path().is_some_and(|before| before != path);
        let workflow = Arc::clone(sitting.workflow());
        let workflow = if is_copy { Arc::new(Arc::unwrap_or_clone(workflow).with_new_id()) } else { workflow };
        self.save_to(path, workflow, then);
    }

    /// Chooses the file or folder of a parameter that all these nodes have.
    pub(super) fn browse(&mut self, nodes: Vec<NodeId>, parameter: ParameterId) {
        let schema = self
            .workflow()
            .zip(nodes.first())
            .and_then(|(workflow, node)| workflow.node(node))
            .and_then(|node| self.catalogue.get(&node.kind))
            .and_then(|kind| kind.parameters.iter().find(|schema| schema.id == parameter));
        let wanted = match schema.map(|schema| &schema.parameter_type) {
            Some(ParameterType::FileToRead { extensions }) => Wanted::FileToRead(extensions),
            Some(ParameterType::FileToWrite { extensions }) => Wanted::FileToWrite(extensions),
            Some(ParameterType::Folder { .. }) => Wanted::Folder,
            _ => return,
        };
        self.choose_file(FilePurpose::Parameter { nodes, parameter, wanted });
    }

    pub(super) fn set_path(&mut self, nodes: &[NodeId], parameter: &ParameterId, path: &Path) {
        note_recent(&mut self.panels.inspector.memory.recent_paths, path);
        let folder = self.folder();
        let shown = Value::from(path.strip_prefix(&folder).unwrap_or(path).to_string_lossy().into_owned());
        let Some(workflow) = self.workflow() else { return };
        let edit = match nodes {
            [node] => set_parameter(workflow, &self.catalogue, node, parameter, shown),
            nodes => set_all(workflow, &self.catalogue, nodes, parameter, &shown),
        };
        if let Some((label, edit)) = edit {
            self.edit(label, edit);
        }
    }

    /// Reads what is in a folder, for the dialog that is open.
    pub(super) fn list_folder(&mut self, folder: PathBuf) {
        let Some(Dialog::File(dialog)) = &mut self.dialog else { return };
        dialog.go_to(folder.clone());
        let extensions = dialog.purpose.extensions();
        self.background.start("pinflow-folder", move || {
            let entries = list_folder(&folder, extensions);
            Message::Listed(folder, entries)
        });
    }

    /// Says in the window's title what is open and whether it is saved.
    pub(super) fn show_title(&mut self, ctx: &egui::Context) {
        let title = match self.tabs.sitting() {
            Some(sitting) if sitting.is_unsaved() => format!("{} (unsaved) – Pinflow", sitting.name()),
            Some(sitting) => format!("{} – Pinflow", sitting.name()),
            None => "Pinflow".to_owned(),
        };
        let title = match &self.folders.profile {
            profile if profile.is_default() => title,
            profile => format!("{title} ({profile})"),
        };
        if self.title != title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }
}

/// Opens a file, unless it is open already under this or another name. Touches the disk: not for the interface thread.
fn opened_or_shown(desk: &Desk, path: PathBuf, open: &[OpenFile]) -> Message {
    let real = path.canonicalize().ok();
    let is_open = |file: &&OpenFile| real.is_some() && file.path.canonicalize().ok() == real;
    match open.iter().find(is_open) {
        Some(file) => Message::IsOpen(file.session),
        None => Message::Opened(Opening::beside(desk.open(path))),
    }
}

/// Returns the files that a workflow reads relative to its folder and would not find from another place.
fn files_left_behind(workflow: &Workflow, catalogue: &Catalogue, folder: &Path, moved_to: &Path) -> Vec<String> {
    let Some(new_folder) = moved_to.parent().filter(|new_folder| *new_folder != folder) else { return Vec::new() };
    let mut left = std::collections::BTreeSet::new();
    for (_, node) in workflow.nodes() {
        let Some(kind) = catalogue.get(&node.kind) else { continue };
        for schema in &kind.parameters {
            let reads = matches!(schema.parameter_type, ParameterType::FileToRead { .. });
            let Some(path) = node.parameters.get(&schema.id).and_then(Value::as_text).filter(|_| reads) else {
                continue;
            };
            if Path::new(path).is_relative() && !new_folder.join(path).exists() && folder.join(path).exists() {
                left.insert(path.to_owned());
            }
        }
    }
    left.into_iter().collect()
}

/// Returns a path that ends as workflows do.
fn with_ending(path: &Path) -> PathBuf {
    if path.extension() == Some(OsStr::new("ron")) {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(ENDING);
    PathBuf::from(name)
}

/// Returns a name as it may stand in a file's name.
fn file_stem(name: &str) -> String {
    let stem: String =
        name.chars().map(|char| if char.is_alphanumeric() || "-_ ".contains(char) { char } else { '_' }).collect();
    if stem.trim().is_empty() { "workflow".to_owned() } else { stem.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::{Edit, Node, Position};

    #[test]
    fn files_that_do_not_come_along_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        for file in ["old/a.csv", "old/both.csv", "new/both.csv"] {
            std::fs::create_dir_all(folder.path().join(file).parent().unwrap()).unwrap();
            std::fs::write(folder.path().join(file), "x").unwrap();
        }
        let mut workflow = Workflow::new("w");
        for (id, path) in [("a", "a.csv"), ("b", "/b.csv"), ("c", "both.csv"), ("d", "nowhere.csv")] {
            let node = Node::new("read_csv", Position(0.0, 0.0)).with("path", path);
            workflow.apply(Edit::AddNode(id.into(), Arc::new(node))).unwrap();
        }
        let left =
            |moved_to: &Path| files_left_behind(&workflow, &Catalogue::standard(), &old, &moved_to.join("w.flow.ron"));
        assert_eq!(left(&new), ["a.csv"]);
        assert_eq!(left(&old), Vec::<String>::new());
    }

    #[test]
    fn workflow_files_get_their_ending() {
        assert_eq!(with_ending(Path::new("/a/b")), Path::new("/a/b.flow.ron"));
        assert_eq!(with_ending(Path::new("/a/b.txt")), Path::new("/a/b.txt.flow.ron"));
        assert_eq!(with_ending(Path::new("/a/b.ron")), Path::new("/a/b.ron"));
    }

    #[test]
    fn any_name_makes_a_file_name() {
        assert_eq!(file_stem("Sales / 2024: final"), "Sales _ 2024_ final");
        assert_eq!(file_stem("  "), "workflow");
    }
}
