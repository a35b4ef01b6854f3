//! Settings of nodes.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use pinflow::{
    value::Value,
    workflow::{self, NodeId, PortRef},
};

use crate::person::Person;

const FAILING: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  nodes: {
    "f": (kind: "fail", title: "Source", position: (0.0, 0.0), parameters: {"message": "no luck"}),
    "t": (kind: "template", title: "Report", position: (400.0, 0.0), parameters: {"template": "{{ in1.message }}!"}),
  },
)
"#;

impl Person {
    /// Selects the source and opens its settings, with all above them closed, so that there is room to see them.
    fn open_settings(&mut self) {
        for label in ["Node Source", "Parameters", "Why", "Output Data", "Settings"] {
            self.press(label);
        }
    }

    /// Types into a one-line field of the inspector and leaves it.
    fn type_setting(&mut self, label: &str, text: &str) {
        self.window.get_by_role_and_label(Role::TextInput, label).scroll_to_me();
        self.settle();
        self.window.get_by_role_and_label(Role::TextInput, label).click();
        self.settle();
        self.key(Modifiers::COMMAND, Key::A);
        self.window.get_by_role_and_label(Role::TextInput, label).type_text(text);
        self.settle();
        self.key(Modifiers::NONE, Key::Enter);
    }

    fn settings(&self, node: &'static str) -> workflow::NodeSettings {
        self.window.state().workflow().unwrap().node(&NodeId::from(node)).unwrap().settings.clone()
    }
}

#[test]
fn settings_are_typed_into_the_inspector_and_undone_one_by_one() {
    let mut person = Person::at(FAILING);
    person.open_settings();
    person.type_setting("Time limit", "90s");
    assert_eq!(person.settings("f").time_limit.unwrap().to_string(), "1m 30s");
    person.type_setting("Keep results for", "soon");
    assert_eq!(person.settings("f").keep_results_for, None);
    assert!(person.window.query_by_label_contains("\"soon\" is not a time such as").is_some());
    person.type_setting("Keep results for", "7d");
    assert!(person.window.query_by_label_contains("is not a time such as").is_none());
    person.press("Error output");
    let settings = person.settings("f");
    assert!(settings.error_output && settings.keep_results_for.is_some());
    for _ in 0..3 {
        person.key(Modifiers::COMMAND, Key::Z);
    }
    assert_eq!(person.settings("f"), workflow::NodeSettings::default());
}

#[test]
fn an_error_output_is_shown_and_wired_and_its_attempts_are_listed() {
    let flow = FAILING.replace("\"no luck\"}),", "\"no luck\"}, settings: (error_output: true, retries: 1)),");
    let mut person = Person::at(&flow);
    assert!(person.window.query_by_label_contains("Source output error").is_some());
    let from = person.window.get_by_label_contains("Source output error").rect().center();
    let to = person.window.get_by_label_contains("Report input in1").rect().center();
    person.drag(from, to);
    let feed = person.window.state().workflow().unwrap().feed(&PortRef::new("t", "in1")).cloned();
    assert_eq!(feed, Some(PortRef::new("f", "error")));
    person.key(Modifiers::COMMAND, Key::Enter);
    person.sees("Source", "no luck");
    person.press("Node Source");
    let n_listed = |person: &Person, number| {
        person.window.query_all_by_label_contains(&format!("Attempt {number} failed after")).count()
    };
    let with_the_error = [1, 2].map(|number| n_listed(&person, number));
    assert!(with_the_error.iter().all(|n| *n > 0), "{with_the_error:?}");
    person.press("Timing");
    assert_eq!([1, 2].map(|number| n_listed(&person, number)), with_the_error.map(|n| n + 1));
    person.press("Node Report");
    assert!(person.window.query_all_by_label_contains("no luck!").next().is_some());
}

#[test]
fn what_was_typed_stays_when_the_next_click_is_a_checkbox() {
    let mut person = Person::at(FAILING);
    person.open_settings();
    person.window.get_by_role_and_label(Role::TextInput, "Time limit").click();
    person.settle();
    person.window.get_by_role_and_label(Role::TextInput, "Time limit").type_text("90s");
    person.settle();
    person.press("Continue on error");
    let settings = person.settings("f");
    assert!(settings.continue_on_error, "{settings:?}");
    assert_eq!(settings.time_limit.map(|span| span.to_string()), Some("1m 30s".to_owned()), "{settings:?}");
    person.key(Modifiers::COMMAND, Key::Z);
    let settings = person.settings("f");
    assert!(!settings.continue_on_error && settings.time_limit.is_some(), "the click alone is undone: {settings:?}");
}

#[test]
fn what_was_typed_into_a_cell_stays_when_the_next_click_adds_a_row() {
    let flow = FAILING.replace(
        r#"(kind: "fail", title: "Source", position: (0.0, 0.0), parameters: {"message": "no luck"})"#,
        r#"(kind: "table", title: "Source", position: (0.0, 0.0), parameters: {"table": {"columns": ["x"], "rows": [[1]]}})"#,
    );
    let mut person = Person::at(&flow);
    person.press("Node Source");
    person.window.get_by_role_and_label(Role::TextInput, "x, row 1").click();
    person.settle();
    person.key(Modifiers::COMMAND, Key::A);
    person.window.get_by_role_and_label(Role::TextInput, "x, row 1").type_text("42");
    person.settle();
    person.press("Add row");
    let Some(Value::Record(table)) = person.parameter("f", "table") else { panic!("a table is a record") };
    let rows = Value::list([Value::list([Value::Int(42)]), Value::list([Value::Null])]);
    assert_eq!(table.get("rows"), Some(&rows));
}
