//! The Problems tab: what is found, where it leads, and what mends it.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use pinflow::workflow::NodeId;

use crate::person::{FLOW, Person};

const BROKEN: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Broken",
  nodes: {
    "a": (kind: "text", title: "Source", position: (0.0, 0.0), parameters: {"text": "x"}),
    "t": (kind: "templates", title: "Typo", position: (280.0, 0.0), parameters: {"template": "{{ in1 }}!"}),
    "r": (kind: "read_text", title: "Reader", position: (560.0, 200.0), parameters: {"path": "gone.txt"}),
    "d": (kind: "delay", title: "Slow", position: (560.0, 0.0), parameters: {"secs": "many"}),
    "o": (kind: "template", title: "Other", position: (280.0, 200.0), parameters: {"template": "{{ in1 }}"}),
  },
  connections: ["a.text -> t.in1", "t.text -> d.value", "a.nothing -> o.in1"],
  ways: {"d.value": [(500.0, 90.0)]},
)
"#;

/// Returns whether the window says something anywhere.
fn is_said(window: &egui_kittest::Harness<'static, pinflow::editor::App>, text: &str) -> bool {
    window.query_all_by_label_contains(text).next().is_some()
}

impl Person {
    fn mend(&mut self, start: &str) {
        self.window.get_by_label_contains(start).click();
        self.settle();
    }

    fn workflow_has(&self, node: &'static str, test: impl Fn(&pinflow::workflow::Node) -> bool) -> bool {
        test(self.window.state().workflow().unwrap().node(&NodeId::from(node)).unwrap())
    }
}

#[test]
fn each_problem_is_mended_by_its_button_and_undo_takes_that_back() {
    let mut person = Person::at(BROKEN);
    person.press("Problems");
    person.until("the missing file is found", |window| is_said(window, "there is no file gone.txt"));
    let top = |person: &Person, text: &str| person.window.get_by_label_contains(text).rect().top();
    assert!(top(&person, "Make it a") < top(&person, "Choose file…"), "the worst comes first");
    person.mend("Make it a Template, for Typo");
    assert!(person.workflow_has("t", |node| node.kind == *"template"));
    assert_eq!(person.window.state().workflow().unwrap().connections().len(), 3, "its wires stay");
    let bent = pinflow::workflow::PortRef::new("d", "value");
    assert_eq!(person.window.state().workflow().unwrap().way(&bent).len(), 1, "and their bends");
    person.mend("Reset, for Slow");
    assert!(person.workflow_has("d", |node| node.parameters.is_empty()));
    person.mend("Remove wire, for Other");
    assert_eq!(person.window.state().workflow().unwrap().connections().len(), 2);
    person.press("Canvas");
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(person.window.state().workflow().unwrap().connections().len(), 3);
    person.mend("Reset, for Reader");
    assert!(person.workflow_has("r", |node| node.parameters.is_empty()));
    person.until("nothing is missing any more", |window| !is_said(window, "gone.txt"));
}

#[test]
fn a_click_on_a_problem_selects_its_node() {
    let mut person = Person::at(BROKEN);
    person.press("Problems");
    person.until("the missing file is found", |window| is_said(window, "there is no file gone.txt"));
    person.press("Reader: there is no file gone.txt: choose one, or make it before the run");
    assert!(person.window.query_by_role_and_label(egui::Role::TextInput, "File").is_some(), "its parameters are shown");
}

#[test]
fn a_stale_pin_is_refreshed_kept_or_taken_away() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.right_click("Node Middle", "Pin Results");
    person.change_template("Middle", "{{ in1 }}?");
    person.press("Problems");
    person.mend("Unpin, for Middle: its pin is stale");
    assert!(!person.has_text("its pin is stale"));
    person.press("Canvas");
    person.key(Modifiers::COMMAND, Key::Z);
    person.mend("Refresh, for Middle: its pin is stale");
    assert!(!person.has_text("its pin is stale"));
}
