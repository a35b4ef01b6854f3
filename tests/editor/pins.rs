//! What is asked of the pin of one node: typed over, compared with what the node gives now, made a constant.

use std::fs;

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use pinflow::{value::Value, workflow::NodeId};

use crate::person::{FLOW, Person};

/// One node for each way in which values are typed in, and one that changes something outside.
const VALUES: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Values",
  nodes: {
    "list": (kind: "list", title: "List", position: (0.0, 0.0), parameters: {"items": [1, 2]}),
    "whole": (kind: "integer", title: "Whole", position: (0.0, 180.0), parameters: {"value": 7}),
    "flag": (kind: "boolean", title: "Flag", position: (0.0, 320.0)),
    "table": (kind: "table", title: "Rows", position: (320.0, 180.0),
      parameters: {"table": {"columns": ["a", "b"], "rows": [[1, "x"], [2, "y"]]}}),
    "wait": (kind: "delay", title: "Wait", position: (320.0, 0.0), parameters: {"secs": 0.0}),
    "shown": (kind: "template", title: "Shown", position: (640.0, 0.0), parameters: {"template": "<{{ in1 }}>"}),
    "each": (kind: "for_each", title: "Each", position: (320.0, 320.0)),
    "effect": (kind: "command", title: "Effect", position: (640.0, 180.0),
      parameters: {"program": "sh", "arguments": ["-c", "echo again >> effect.txt; wc -l < effect.txt"]}),
    "hidden": (kind: "text", title: "Hidden", position: (640.0, 320.0), settings: (sensitive: Yes),
      parameters: {"text": "canary"}),
  },
  connections: ["list.list -> wait.value", "wait.value -> shown.in1", "list.list -> each.items"],
)
"#;

impl Person {
    pub(crate) fn has_text(&self, text: &str) -> bool {
        let is_it = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
            [node.label(), node.value()].into_iter().flatten().any(|said| said.contains(text))
        };
        self.window.query_all_by(is_it).next().is_some()
    }

    #[track_caller]
    pub(crate) fn must_show(&self, text: &str) {
        assert!(self.has_text(text), "the window does not show {text:?}");
    }

    /// Puts a text in the place of what stands in a field.
    fn retype(&mut self, role: Role, field: &str, text: &str) {
        self.window.get_by_role_and_label(role, field).click();
        self.settle();
        self.key(Modifiers::COMMAND, Key::A);
        self.window.get_by_role_and_label(role, field).type_text(text);
        self.settle();
    }

    pub(crate) fn can_press(&self, button: &str) -> bool {
        !self.window.get_by_role_and_label(Role::Button, button).accesskit_node().is_disabled()
    }

    fn offers(&mut self, node: &str, command: &str) -> bool {
        self.window.get_by_label(node).click_secondary();
        self.settle();
        let offers = self.window.query_by_role_and_label(Role::MenuItem, command).is_some();
        self.key(Modifiers::NONE, Key::Escape);
        offers
    }
}

#[test]
fn a_pinned_value_is_typed_over_and_what_is_below_takes_it() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.right_click("Node Middle", "Pin Results");
    person.right_click("Node Middle", "Edit pinned value…");
    person.must_show("Pinned value of Middle");
    person.retype(Role::MultilineTextInput, "Value of text", "by hand");
    person.press("Pin these values");
    person.sees("Middle", "pinned (edited)");
    person.sees("Report", "runs");
    person.press("Resume");
    person.sees("Source", "reused");
    person.press("Node Report");
    person.must_show("by handc");
    person.press("Node Middle");
    person.must_show("Pinned (edited)");
    person.undo();
    assert!(!person.state("Middle").contains("edited"));
    person.press("Resume");
    person.press("Node Report");
    person.must_show("xbc");
}

#[test]
fn a_value_typed_in_pins_a_node_that_never_ran_and_outlives_the_program() {
    let mut person = Person::at(FLOW);
    person.right_click("Node Slow", "Pin a typed value…");
    person.window.get_by_label("value has a value").click();
    person.settle();
    person.retype(Role::MultilineTextInput, "Value of value", "never ran");
    person.press("Pin these values");
    person.sees("Slow", "pinned (edited)");
    let mut person = person.restart();
    person.press("Continue");
    person.sees("Slow", "pinned (edited)");
    assert!(!person.state("Slow").contains("stale"));
    person.press("Run");
    person.sees("Slow", "pinned (edited)");
    person.press("Node Report");
    person.must_show("never ranbc");
}

#[test]
fn mistakes_are_marked_and_nothing_is_pinned_before_they_are_mended() {
    let mut person = Person::at(VALUES);
    person.press("Run");
    person.right_click("Node List", "Pin Results");
    person.right_click("Node List", "Edit pinned value…");
    person.retype(Role::MultilineTextInput, "Value of list", "[1,\n  oh]");
    person.must_show("line 2, column 3: expected");
    assert!(!person.can_press("Pin these values"));
    person.retype(Role::MultilineTextInput, "Value of list", "{}");
    person.must_show("this output gives List, not Record");
    person.retype(Role::MultilineTextInput, "Value of list", "[3, {\"a\": null}]");
    person.press("Pin these values");
    person.press("Resume");
    person.press("Node Shown");
    person.must_show("<[3");
    person.right_click("Node Whole", "Pin a typed value…");
    person.retype(Role::TextInput, "Value of number", "seven");
    person.must_show("\"seven\" is not a whole number");
    assert!(!person.can_press("Pin these values"));
    person.retype(Role::TextInput, "Value of number", "-8");
    person.press("Pin these values");
    person.sees("Whole", "pinned (edited)");
    person.right_click("Node Flag", "Pin a typed value…");
    person.press("true");
    person.press("Pin these values");
    person.sees("Flag", "pinned (edited)");
}

#[test]
fn tables_and_outputs_of_any_type_are_typed_in() {
    let mut person = Person::at(VALUES);
    person.press("Run");
    person.right_click("Node Rows", "Pin a typed value…");
    person.must_show("{\"a\":2,\"b\":\"y\"}");
    person.retype(Role::MultilineTextInput, "Value of table", "[{\"a\": 5, \"b\": \"z\"}]");
    person.press("Pin these values");
    person.press("Node Rows");
    person.sees("Rows", "pinned (edited)");
    person.right_click("Node Wait", "Pin a typed value…");
    person.window.get_by_role_and_label(Role::ComboBox, "Kind of value of value").click();
    person.settle();
    let mut choices = person.window.query_all_by_label("Number");
    choices.find(|choice| choice.accesskit_node().toggled().is_some()).unwrap().click();
    drop(choices);
    person.settle();
    person.retype(Role::TextInput, "Value of value", "2.5");
    person.press("Pin these values");
    person.press("Resume");
    person.press("Node Shown");
    person.must_show("<2.5>");
    person.right_click("Node Wait", "Edit pinned value…");
    person.window.get_by_label("value has a value").click();
    person.settle();
    person.press("Pin these values");
    person.press("Resume");
    person.sees("Shown", "not run");
}

#[test]
fn what_cannot_be_typed_in_says_why() {
    let mut person = Person::at(VALUES);
    person.press("Run");
    person.press("Hide Output");
    person.key(Modifiers::NONE, Key::Home);
    person.right_click("Node Each", "Pin a typed value…");
    person.must_show("it gives other values in each iteration of its loop");
    person.right_click("Node Hidden", "Pin Results");
    person.right_click("Node Hidden", "Edit pinned value…");
    person.must_show("its values are sensitive, and typed in they would be written");
    person.right_click("Node Hidden", "Replace with constant");
    person.must_show("its values are sensitive, and would stand in the workflow's file");
    assert!(!person.has_text("Pinned value of"));
}

#[test]
fn a_pin_is_compared_with_what_its_node_gives_now_and_taken_anew() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.right_click("Node Report", "Pin Results");
    person.right_click("Node Report", "Compare with fresh…");
    person.must_show("is the same");
    person.press("Close");
    person.change_template("Middle", "{{ in1 }}?");
    person.sees("Report", "stale");
    person.right_click("Node Report", "Compare with fresh…");
    for text in ["Pinned and fresh: Report", "- xbc", "+ x?c", "differs"] {
        person.must_show(text);
    }
    person.press("Keep the pinned one");
    person.sees("Report", "stale");
    person.sees("Middle", "runs");
    person.right_click("Node Report", "Compare with fresh…");
    person.press("Take the fresh one");
    person.sees("Report", "pinned");
    assert!(!person.state("Report").contains("stale"));
    person.sees("Middle", "runs");
    person.press("Node Report");
    person.undo();
    person.sees("Report", "stale");
    person.key(Modifiers::COMMAND, Key::Y);
    person.press("Resume");
    person.sees("Report", "pinned");
    person.key(Modifiers::COMMAND, Key::H);
    person.must_show("Run 2");
    assert!(!person.has_text("Run 3"), "what is executed aside is not in the history");
}

#[test]
fn a_side_effect_is_told_and_asked_for_before_it_takes_place() {
    let mut person = Person::at(VALUES);
    person.press("Run");
    let effect = person.folder.path().join("effect.txt");
    let n_times = |path: &std::path::Path| fs::read_to_string(path).unwrap().lines().count();
    person.right_click("Node Effect", "Pin Results");
    assert_eq!(n_times(&effect), 1);
    person.right_click("Node Effect", "Compare with fresh…");
    person.must_show("This changes something outside, really and now:");
    person.press("Cancel");
    assert_eq!(n_times(&effect), 1);
    person.right_click("Node Effect", "Compare with fresh…");
    person.press("Execute all the same");
    person.must_show("differs");
    assert_eq!(n_times(&effect), 2);
    person.press("Keep the pinned one");
    person.press("Run");
    assert_eq!(n_times(&effect), 2, "it is pinned");
}

#[test]
fn a_comparison_says_why_there_is_nothing_fresh_and_can_be_stopped() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.right_click("Node Middle", "Pin Results");
    person.change_template("Middle", "{{ nothing.at.all }}");
    person.right_click("Node Middle", "Compare with fresh…");
    person.must_show("There is nothing fresh to compare with. Failed:");
    person.press("Close");
    person.sees("Middle", "pinned");
    let mut person = Person::at(&FLOW.replace("\"secs\": 0.0", "\"secs\": 0.1"));
    person.press("Run");
    person.right_click("Node Slow", "Pin Results");
    person.press("Node Slow");
    person.retype(Role::SpinButton, "Seconds", "600");
    person.press("Canvas");
    person.window.get_by_label("Node Slow").click_secondary();
    person.settle();
    person.window.get_by_role_and_label(Role::MenuItem, "Compare with fresh…").click();
    person.until("it executes", |window| window.query_by_label("Executing Slow…").is_some());
    person.window.get_by_label("Stop executing").click();
    person.settle();
    assert!(!person.has_text("Pinned and fresh"));
    person.sees("Slow", "stale");
}

#[test]
fn a_pinned_node_becomes_a_constant_in_one_step() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    assert!(!person.offers("Node Middle", "Replace with constant"), "it is not pinned");
    person.right_click("Node Middle", "Pin Results");
    person.right_click("Node Middle", "Replace with constant");
    let workflow = std::sync::Arc::clone(person.window.state().workflow().unwrap());
    assert!(workflow.node(&NodeId::from("b")).is_none());
    let (id, node) = workflow.nodes().find(|(_, node)| node.title == "Middle").unwrap();
    assert_eq!((node.kind.as_str(), node.parameters.get("text")), ("text", Some(&Value::text("xb"))));
    assert!(workflow.connections().any(|(to, from)| to.node.as_str() == "c" && from.node == *id));
    person.press("Resume");
    person.press("Node Report");
    person.must_show("xbc");
    person.undo();
    assert!(person.window.state().workflow().unwrap().node(&NodeId::from("b")).is_some());
    person.sees("Middle", "pinned");
}
