//! Files, sessions and what is left after a crash.

use std::fs;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use pinflow::{
    value::Value,
    workflow::{self},
};

use crate::person::{FLOW, Person, open};

#[test]
fn a_first_start_offers_the_examples_and_they_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut person = Person { window: open(&folder, None), folder };
    person.settle();
    person.window.get_by_label("Open Images");
    person.window.get_by_label("Open HTTP and JSON");
    person.window.get_by_label("Open Penguins").click();
    person.until("the example is open", |window| window.state().workflow().is_some());
    person.settle();
    let slow = person.window.state().workflow().unwrap().node(&"slow".into()).unwrap();
    assert_eq!(slow.kind, "delay");
    person.press("Run");
    let record = person.state("Something expensive");
    assert!(record.contains("rows"), "{record}");
}

#[test]
fn saving_writes_no_marks_and_the_session_is_offered_back() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.right_click("Node Slow", "Pin Results");
    person.change_template("Report", "{{ in1 }}?");
    person.press("Save");
    let saved = fs::read_to_string(person.path()).unwrap();
    assert!(saved.contains("{{ in1 }}?"), "{saved}");
    assert!(!saved.to_lowercase().contains("pin"), "{saved}");
    let loaded = workflow::parse(&saved).unwrap();
    assert_eq!(&loaded, &**person.window.state().workflow().unwrap());

    let mut person = person.restart();
    person.press("Continue");
    person.sees("Slow", "pinned");
    person.press("Resume");
    person.sees("Slow", "pinned");
    person.sees("Source", "reused");
    person.sees("Middle", "reused");
    person.sees("Report", "ms");
}

#[test]
fn unsaved_edits_come_back_after_a_crash() {
    let mut person = Person::at(FLOW);
    person.change_template("Report", "typed before the crash");
    let mut person = person.restart();
    person.press("Continue");
    assert_eq!(person.parameter("c", "template"), Some(Value::text("typed before the crash")));
    assert!(!fs::read_to_string(person.path()).unwrap().contains("typed before the crash"));
}

#[test]
fn a_file_that_cannot_be_read_is_said_and_the_window_stays_usable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.flow.ron");
    fs::write(&path, &FLOW[..200]).unwrap();
    let mut person = Person { window: open(&folder, Some(path)), folder };
    person.settle();
    assert!(person.window.query_all_by_label_contains("line ").next().is_some(), "the reason is shown");
    person.window.get_by_label("New workflow").click();
    person.settle();
    assert!(person.window.state().workflow().is_some());
}

#[test]
fn an_unknown_kind_is_shown_and_saved_back_unharmed() {
    let unknown =
        r#"kind: "from_the_future", title: "Report", position: (840.0, 0.0), parameters: {"deep": {"list": [1, 2.5]}}"#;
    let flow = FLOW.replace(
        r#"kind: "template", title: "Report", position: (840.0, 0.0), parameters: {"template": "{{ in1 }}c"}"#,
        unknown,
    );
    assert_ne!(flow, FLOW);
    let mut person = Person::at(&flow);
    person.window.get_by_label("Node Report");
    person.change_template("Middle", "changed");
    person.press("Save");
    let saved = workflow::load(&person.path()).unwrap();
    let original = workflow::parse(&flow).unwrap();
    assert_eq!(saved.node(&"c".into()), original.node(&"c".into()));
}

impl Person {
    /// Presses the button in the inspector; the panel below has one, too.
    fn save_what_report_gave(&mut self) {
        self.window.get_all_by_label("Save text").next().unwrap().click();
        self.settle();
    }
}

#[test]
fn a_value_is_saved_to_a_file_in_the_format_that_its_ending_names() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.press("Node Report");
    person.save_what_report_gave();
    let path = person.folder.path().join("told");
    person.window.get_by_label("Path").focus();
    person.key(Modifiers::COMMAND, Key::A);
    person.window.get_by_label("Path").type_text(&path.to_string_lossy());
    person.settle();
    person.press("Save here");
    assert_eq!(fs::read_to_string(path.with_extension("txt")).unwrap(), "xbc");
    assert!(person.window.query_all_by_label_contains("Saved Text").next().is_some());
    person.save_what_report_gave();
    person.press("Save here");
    assert_eq!(person.window.query_all_by_label_contains("Saved Text").count(), 1, "the newest stands for all");

    person.save_what_report_gave();
    person.window.get_by_label("Path").focus();
    person.key(Modifiers::COMMAND, Key::A);
    person.window.get_by_label("Path").type_text("/nowhere/at/all.txt");
    person.settle();
    person.press("Save here");
    assert!(
        person.window.query_all_by_label_contains("Not saved: there is no such folder: /nowhere/at").next().is_some()
    );
}
