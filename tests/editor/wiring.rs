//! Nodes that come with their wires, and files that come from the desktop.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::{DroppedFile, Event, Key, Modifiers, OutputCommand, vec2};
use egui_kittest::kittest::Queryable as _;
use pinflow::workflow::Workflow;

use crate::person::{FLOW, Person};

/// A file that the system drops on the window.
#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        fs::read(&self.0).map_err(|error| error.to_string())
    }
}

fn drop_files(person: &mut Person, files: &[PathBuf]) {
    let handles = files.iter().map(|path| Arc::new(Dropped(path.clone())) as egui::DroppedFileHandle);
    person.window.input_mut().dropped_files.extend(handles);
    person.settle();
}

fn workflow(person: &Person) -> Arc<Workflow> {
    Arc::clone(person.window.state().workflow().unwrap())
}

fn wires(person: &Person) -> Vec<String> {
    workflow(person).connections().map(|(to, from)| format!("{from} -> {to}")).collect()
}

/// Returns what was put on the clipboard in the last frame.
fn clipboard(person: &Person) -> String {
    let commands = &person.window.output().platform_output.commands;
    let text = commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    text.expect("nothing was copied")
}

#[test]
fn copied_nodes_keep_what_fed_them_if_that_is_asked_for() {
    let mut person = Person::at(FLOW);
    person.press("Node Middle");
    person.window.event(Event::Copy);
    person.window.step();
    let text = clipboard(&person);
    assert!(text.contains("template"), "{text}");
    person.window.hover_at(person.window.get_by_label("Canvas").rect().center() + vec2(0.0, 160.0));
    person.window.event(Event::Paste(text.clone()));
    person.settle();
    assert_eq!((workflow(&person).n_nodes(), wires(&person).len()), (5, 3), "without wires");
    person.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::V);
    person.window.event(Event::Paste(text));
    person.settle();
    assert_eq!((workflow(&person).n_nodes(), wires(&person).len()), (6, 4), "with what fed the original");
    assert_eq!(wires(&person).iter().filter(|wire| wire.starts_with("slow.value ->")).count(), 2);
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(workflow(&person).n_nodes(), 5, "one step");
}

#[test]
fn files_from_the_desktop_get_the_nodes_that_read_them() {
    let mut person = Person::at(FLOW);
    let (table, notes, bytes) =
        (person.folder.path().join("a.csv"), person.folder.path().join("b.md"), person.folder.path().join("c.bin"));
    fs::write(&table, "x\n1\n").unwrap();
    fs::write(&notes, "# notes").unwrap();
    fs::write(&bytes, [0, 1, 2]).unwrap();
    drop_files(&mut person, &[table, notes, bytes]);
    let kinds = |kind: &str| {
        let workflow = workflow(&person);
        let paths = workflow.nodes().filter(|(_, node)| node.kind.as_str() == kind);
        paths.map(|(_, node)| node.parameters["path"].display_text()).collect::<Vec<_>>()
    };
    assert_eq!((kinds("read_csv"), kinds("read_text")), (vec!["a.csv".to_owned()], vec!["b.md".to_owned()]));
    assert!(person.window.query_by_label_contains("No node reads c.bin").is_some());
    person.press("Run");
    person.sees("Read CSV", "1 row");
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(workflow(&person).n_nodes(), 4, "one step");
}

#[test]
fn a_workflow_from_the_desktop_is_opened() {
    let mut person = Person::at(FLOW);
    let other = person.folder.path().join("other.flow.ron");
    fs::write(
        &other,
        FLOW.replace("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW").replace("Small", "Other"),
    )
    .unwrap();
    drop_files(&mut person, &[other]);
    person.until("the other workflow is open", |window| {
        window.state().workflow().is_some_and(|workflow| workflow.id().to_string().ends_with("FAW"))
    });
}
