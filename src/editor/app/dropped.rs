//! Files dropped on the window: a workflow is opened, others get the node that reads them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::{Align2, Id, LayerId, Order, Ui, pos2};

use super::{App, messages::Message};
use crate::{
    editor::{Command, panels::Tone, theme, words},
    nodes::{Catalogue, Kind, ParameterType},
    store::SessionId,
    value::Value,
    workflow::{Edit, KindId, Node, ParameterId, Position},
};

/// The kind that reads a file, and the parameter that takes its path.
pub(super) type Reader = (KindId, ParameterId);

/// How far the readers of several files lie apart, in scene units.
const APART: f32 = 120.0;

impl App {
    /// Takes in files that were dropped on the window.
    pub(super) fn take_dropped_files(&mut self, ctx: &egui::Context, commands: &mut Vec<Command>) {
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        let paths: Vec<PathBuf> = dropped.iter().map(|file| file.path().to_owned()).collect();
        if paths.is_empty() || self.dialog.is_some() {
            return;
        }
        let (workflows, files): (Vec<PathBuf>, Vec<PathBuf>) = paths.into_iter().partition(|path| is_workflow(path));
        if !workflows.is_empty() {
            commands.extend(workflows.into_iter().map(Command::Open));
        } else if self.tabs.sitting().is_none() {
            let text = "Open a workflow first: the files then get nodes that read them".to_owned();
            self.notices.show(Tone::Info, text, Vec::new());
        } else {
            self.find_readers(files);
        }
    }

    /// Looks off the interface thread which nodes read these files: that may mean to look into them.
    fn find_readers(&self, files: Vec<PathBuf>) {
        let Some(tab) = self.tabs.front() else { return };
        let (session, place) = (tab.session(), tab.canvas.pointer_scene().unwrap_or_else(|| tab.canvas.center()));
        let catalogue = Arc::clone(&self.catalogue);
        self.background.start("pinflow-dropped", move || {
            let readers = files.into_iter().map(|path| (reader_of(&catalogue, &path), path)).collect();
            Message::Dropped(session, place, readers)
        });
    }

    /// Adds the nodes that read dropped files, from a place on.
    pub(super) fn add_readers(&mut self, session: SessionId, place: Position, found: Vec<(Option<Reader>, PathBuf)>) {
        let folder = self.folder();
        let Some(tab) = self.tabs.of_mut(session) else { return };
        let sitting = &mut tab.sitting;
        let (mut readers, mut unread) = (Vec::new(), Vec::new());
        for (reader, path) in found {
            match reader {
                Some((kind, file)) => readers.push((path, kind, file)),
                None => unread.push(path),
            }
        }
        let ids = sitting.workflow().fresh_node_ids(readers.iter().map(|(_, kind, _)| kind));
        let node = |at: usize, (path, kind, file): &(PathBuf, KindId, ParameterId)| {
            let position = Position(place.0, place.1 + APART * at as f32);
            let shown = path.strip_prefix(&folder).unwrap_or(path).to_string_lossy().into_owned();
            Arc::new(Node::new(kind.clone(), position).with(file.clone(), Value::from(shown)))
        };
        let nodes = readers.iter().enumerate().map(|(at, reader)| node(at, reader));
        let edits: Vec<Edit> = ids.iter().cloned().zip(nodes).map(|(id, node)| Edit::AddNode(id, node)).collect();
        if !edits.is_empty() {
            let label = format!("Add {} for dropped files", words::count(edits.len(), "node"));
            let result = sitting.edit(label, Edit::Group(edits));
            sitting.select(ids);
            self.say_edit_error(result);
        }
        if let Some(path) = unread.first() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let more = if unread.len() > 1 { format!(" and {} more", unread.len() - 1) } else { String::new() };
            let text = format!("No node reads {name}{more}: folders, and files of its kind, cannot be dropped");
            self.notices.show(Tone::Warning, text, Vec::new());
        }
    }
}

fn is_workflow(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("ron"))
}

/// Returns the kind that reads a file, by its ending, and the parameter that takes the path. Text of any other ending is
/// read as text.
fn reader_of(catalogue: &Catalogue, path: &Path) -> Option<Reader> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let reads = |kind: &Arc<Kind>| {
        kind.parameters.iter().find_map(|schema| {
            let ParameterType::FileToRead { extensions } = schema.parameter_type else { return None };
            let place = extensions.iter().position(|known| *known == ending)?;
            Some(((place, extensions.len()), kind.id.clone(), schema.id.clone()))
        })
    };
    // The one that names the ending first, then the one that reads the fewest kinds of files.
    let found = catalogue.iter().filter_map(reads).min_by_key(|(rank, ..)| *rank);
    match found {
        Some((_, kind, parameter)) => Some((kind, parameter)),
        None if is_text(path) => Some((KindId::from("read_text"), ParameterId::from("path"))),
        None => None,
    }
}

/// Returns whether the first bytes of a file are text.
fn is_text(path: &Path) -> bool {
    use std::io::Read as _;
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(1024).read_to_end(&mut start));
    read.is_ok()
        && !start.contains(&0)
        && std::str::from_utf8(&start).map_or_else(|error| error.error_len().is_none(), |_| true)
}

/// Says over everything what dropping the files that hang over the window would do.
pub(super) fn hovering_ui(ui: &Ui) {
    let n_files = ui.input(|input| input.raw.hovered_files.len());
    if n_files == 0 {
        return;
    }
    let tokens = theme::tokens(ui);
    let rect = ui.content_rect();
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Foreground, Id::unique("dropped files")));
    painter.rect_filled(rect, 0.0, tokens.canvas.gamma_multiply(0.6));
    let text = format!("Drop {} to read them in this workflow", words::count(n_files, "file"));
    painter.text(
        pos2(rect.center().x, rect.center().y),
        Align2::CENTER_CENTER,
        text,
        egui::FontId::proportional(22.0),
        tokens.text,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(path: &Path) -> Option<String> {
        reader_of(&Catalogue::standard(), path).map(|(kind, _)| kind.to_string())
    }

    #[test]
    fn a_file_is_read_by_the_node_for_its_ending() {
        for (name, kind) in [
            ("a.csv", "read_csv"),
            ("b.JSON", "read_json"),
            ("c.png", "read_image"),
            ("d.jpeg", "read_image"),
            ("e.txt", "read_text"),
            ("f.log", "read_lines"),
        ] {
            assert_eq!(reader(Path::new(name)).as_deref(), Some(kind), "{name}");
        }
    }

    #[test]
    fn text_of_another_ending_is_read_as_text_and_other_bytes_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (text, bytes) = (folder.path().join("a.rs"), folder.path().join("b.bin"));
        std::fs::write(&text, "fn main() {}").unwrap();
        std::fs::write(&bytes, [1, 0, 2]).unwrap();
        assert_eq!(reader(&text).as_deref(), Some("read_text"));
        assert_eq!(reader(&bytes), None);
        assert_eq!(reader(folder.path()), None);
    }
}
