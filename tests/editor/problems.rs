//! The Problems tab: what is found, where it leads, and what mends it.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use pinflow::workflow::{NodeId, PortRef};

use crate::person::{FLOW, LOOP, Person};

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
    let bent = PortRef::new("d", "value");
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

#[test]
fn a_wire_that_does_not_fit_is_mended_by_a_node_between_and_undone_at_once() {
    let mut person = Person::at(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Unfit",
  nodes: {
    "t": (kind: "table", title: "Table", position: (0.0, 0.0), parameters: {"table": {"columns": ["x"], "rows": [[1]]}}),
    "p": (kind: "plot", title: "Plot", position: (280.0, 0.0)),
    "r": (kind: "resize_image", title: "Small", position: (560.0, 0.0)),
  },
  connections: ["t.table -> p.table", "p.plot -> r.image"],
)
"#,
    );
    person.press("Problems");
    person.mend("Insert Draw Plot, for Small");
    let workflow = person.window.state().workflow().unwrap();
    let drawn = workflow.nodes().find(|(_, node)| node.kind == *"draw_plot").map(|(id, _)| id.clone()).unwrap();
    let feed = |node: NodeId, port: &'static str| {
        person.window.state().workflow().unwrap().feed(&PortRef { node, port: port.into() }).map(ToString::to_string)
    };
    assert_eq!(feed("r".into(), "image"), Some(format!("{drawn}.image")));
    assert_eq!(feed(drawn, "plot").as_deref(), Some("p.plot"));
    assert!(!person.has_text("Insert Draw Plot"));
    person.press("Canvas");
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 3, "one step of undo");
    assert!(person.has_text("Insert Draw Plot"));
}

#[test]
fn a_loop_of_old_and_new_iterations_is_forced_from_its_warning() {
    let mut person =
        Person::at(&LOOP.replace(r#"["x", "y", "z"]"#, "[1, 2, 0, 3]").replace("{{ in1 }}b", "{{ 6 // in1 }}"));
    person.press("Problems");
    person.press("Run");
    person.change_template("Middle", "{{ in1 }}!");
    person.mend("Force, for Each: the loop's body was changed after it had stopped");
    person.sees("Each", "forced");
    person.press("Canvas");
    person.key(Modifiers::COMMAND, Key::Z);
    person.press("Resume");
    person.mend("Force, for Each: its results are mixed: iterations 1–2 were made before");
    person.sees("Each", "forced");
    assert!(!person.has_text("its results are mixed"));
}

#[test]
fn what_may_not_be_written_and_a_program_that_is_not_there_are_found_before_a_run() {
    let mut person = Person::at(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Places",
  nodes: {
    "a": (kind: "text", title: "Source", position: (0.0, 0.0), parameters: {"text": "x"}),
    "w": (kind: "write_text", title: "Letter", position: (280.0, 0.0), parameters: {"path": "small.flow.ron/letter.txt"}),
    "c": (kind: "command", title: "Tool", position: (560.0, 0.0), parameters: {"program": "no-such-program"}),
  },
  connections: ["a.text -> w.text"],
)
"#,
    );
    person.press("Problems");
    person.until("the places are looked at", |window| {
        is_said(window, "Letter: small.flow.ron/letter.txt cannot be made: ")
    });
    person.must_show("Tool: there is no program no-such-program on the PATH: install it, or check the name");
    person.mend("Reset, for Tool");
    person.until("it is looked again", |window| is_said(window, "Tool: no program is named: choose one"));
}
