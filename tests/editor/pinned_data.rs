//! What nodes remember.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use pinflow::{session::Folders, value::Value};

use crate::person::Person;

const REMEMBERS: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Remembers",
  nodes: {
    "n": (kind: "integer", title: "Source", position: (0.0, 0.0), parameters: {"value": 40}),
    "total": (kind: "running_total", title: "So far", position: (280.0, 0.0)),
    "note": (kind: "remember", title: "Note", position: (280.0, 240.0), parameters: {"forget_after_secs": 7200.0}),
    "other": (kind: "recall", title: "Before", position: (0.0, 240.0)),
  },
  connections: ["n.number -> total.value", "n.number -> note.value"],
)
"#;

impl Person {
    fn has_pinned_data(&self) -> bool {
        self.window.query_by_label("Persistent").is_some()
    }

    fn stored(&self) -> Vec<String> {
        let store = Folders::under(&self.folder.path().join("home")).open_store(None).unwrap();
        let rows = store.list_pinned_data(None).unwrap();
        rows.iter().map(|row| format!("{} {}", row.workflow, row.node)).collect()
    }
}

#[test]
fn what_a_node_remembers_is_shown_apart_from_its_output_and_can_be_cleared() {
    let mut person = Person::at(REMEMBERS);
    person.press("Node So far");
    assert!(!person.has_pinned_data(), "there is none yet");
    person.press("Run");
    assert!(person.has_pinned_data());
    person.window.get_by_label("Pinned Data");
    person.window.get_by_label("Output Data");
    person.window.get_by_label_contains("stored just now · does not expire");
    person.press("Node Note");
    let lasts = |time: &str| {
        let label = format!("stored just now · expires in {time}");
        person.window.query_by_label_contains(&label).is_some()
    };
    assert!(lasts("1 h 59 min") || lasts("2 h"), "two hours, or a second less");
    person.press("Node Source");
    assert!(!person.has_pinned_data(), "it stores nothing");

    // Another program stores something else: today's value is shown, and apart from it what the last run stored.
    person.press("Node Note");
    let store = Folders::under(&person.folder.path().join("home")).open_store(None).unwrap();
    let workflow = person.window.state().workflow().unwrap().id();
    store.update_pinned_data(workflow, &"note".into(), None, &mut |_| Value::text("from elsewhere")).unwrap();
    person.press("Node So far");
    person.press("Node Note");
    person.window.get_by_label_contains("from elsewhere");
    person.window.get_by_label_contains("What the last run stored");

    person.press("Clear pinned data");
    assert!(!person.has_pinned_data());
    assert_eq!(person.stored(), [format!("{workflow} total")]);
    person.window.get_by_label_contains("It stored as pinned data: Int 40");
}

#[test]
fn the_node_to_recall_is_chosen_from_a_list() {
    let mut person = Person::at(REMEMBERS);
    person.press("Node Before");
    person.window.get_by_role_and_label(Role::ComboBox, "Node").click();
    person.settle();
    person.window.get_by_role_and_label(Role::Button, "Note (\"note\")").click();
    person.settle();
    assert_eq!(person.parameter("other", "node"), Some(Value::text("note")));
    person.press("Run");
    person.press("Resume");
    assert!(person.window.query_all_by_label("value · Int").next().is_some(), "what was stored is shown");
}

#[test]
fn pinned_data_of_a_removed_node_goes_when_the_workflow_is_saved_and_not_before() {
    let mut person = Person::at(REMEMBERS);
    person.press("Run");
    let of = |nodes: &[&str]| nodes.iter().map(|node| format!("01ARZ3NDEKTSV4RRFFQ69G5FAV {node}")).collect::<Vec<_>>();
    person.press("Node Note");
    person.key(Modifiers::NONE, Key::Delete);
    assert!(person.window.state().workflow().unwrap().node(&"note".into()).is_none());
    assert_eq!(person.stored(), of(&["note", "total"]), "it can still be taken back");
    person.key(Modifiers::COMMAND, Key::Z);
    person.key(Modifiers::COMMAND, Key::S);
    assert_eq!(person.stored(), of(&["note", "total"]));
    person.press("Node Note");
    person.key(Modifiers::NONE, Key::Delete);
    person.key(Modifiers::COMMAND, Key::S);
    assert_eq!(person.stored(), of(&["total"]));
}
