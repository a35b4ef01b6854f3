//! Parameters in the inspector: what each widget says and does, for one node and for several at once.

use std::fs;

use egui::{Key, Modifiers, Role, accesskit::Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use pinflow::{
    value::Value,
    workflow::{self, NodeId},
};

use crate::person::Person;

/// Returns a workflow of these nodes, one beside the other, given as `id: (kind, parameters)`.
fn flow(nodes: &[(&str, &str, &str)]) -> String {
    let node = |(index, (id, kind, parameters)): (usize, &(&str, &str, &str))| {
        let x = index as f32 * 280.0;
        format!(
            "\"{id}\": (kind: \"{kind}\", title: \"{id}\", position: ({x:.1}, 0.0), parameters: {{{parameters}}}),\n"
        )
    };
    let nodes: String = nodes.iter().enumerate().map(node).collect();
    format!("(format: 1, id: \"01ARZ3NDEKTSV4RRFFQ69G5FAV\", name: \"Small\", nodes: {{\n{nodes}}})\n")
}

impl Person {
    fn says(&self, text: &str) -> bool {
        self.window.query_all_by_label_contains(text).next().is_some()
    }

    /// Puts a text in the place of what stands in a field, without leaving it.
    fn write(&mut self, role: Role, label: &str, text: &str) {
        self.window.get_by_role_and_label(role, label).scroll_to_me();
        self.settle();
        self.window.get_by_role_and_label(role, label).click();
        self.settle();
        self.key(Modifiers::COMMAND, Key::A);
        self.window.get_by_role_and_label(role, label).type_text(text);
        self.settle();
    }

    fn select_all(&mut self) {
        self.press("Canvas");
        self.key(Modifiers::COMMAND, Key::A);
    }

    fn ticked(&self, label: &str) -> Option<Toggled> {
        self.window.get_by_role_and_label(Role::CheckBox, label).accesskit_node().toggled()
    }

    /// Chooses an entry of the file dialog, once the dialog has grown to what is in the folder.
    fn choose_entry(&mut self, entry: &str) {
        self.settle();
        self.press(entry);
        self.settle();
    }

    /// Chooses an entry of a menu that a button opens.
    fn choose(&mut self, button: &str, entry: &str) {
        self.press(button);
        self.window.get_by_role_and_label(Role::Button, entry).click();
        self.settle();
    }
}

#[test]
fn json_is_checked_as_it_is_typed_and_taken_once_it_is_right() {
    let mut person = Person::at(&flow(&[("http", "http_request", "")]));
    person.press("Node http");
    person.write(Role::MultilineTextInput, "Headers", "{\"a\": }");
    assert!(person.says("line 1, column 7: expected value"), "before the field is left");
    person.press("Canvas");
    assert_eq!(person.parameter("http", "headers"), None);
    person.press("Node http");
    assert!(person.says("line 1, column 7: expected value"), "it stays in its field");
    person.write(Role::MultilineTextInput, "Headers", "{\"a\": 1}");
    assert!(!person.says("expected value"));
    person.press("Canvas");
    assert_eq!(person.parameter("http", "headers"), Some(Value::record([("a", Value::Int(1))])));
}

#[test]
fn queries_conditions_and_templates_say_why_they_cannot_be_read() {
    let nodes = [("sql", "sql", ""), ("filter", "filter", ""), ("template", "template", "")];
    let mut person = Person::at(&flow(&nodes));
    for (node, label, wrong, said, right) in [
        ("Node sql", "Query", "SELECT * FRM t1", "the SQL cannot be read", "SELECT 1"),
        ("Node filter", "Condition", "mass >", "the SQL cannot be read", "mass > 1"),
        ("Node template", "Template", "{{ in1", "line 1 of the template", "{{ in1 }}"),
    ] {
        person.press(node);
        person.write(Role::MultilineTextInput, label, wrong);
        assert!(person.says(said), "{label}");
        person.write(Role::MultilineTextInput, label, right);
        assert!(!person.says(said), "{label}");
    }
}

#[test]
fn a_parameter_goes_back_to_its_default_and_only_the_changed_are_shown() {
    let mut person = Person::at(&flow(&[("r", "resize_image", "\"width\": 100")]));
    person.press("Node r");
    assert!(person.says("Height"));
    person.press("Only what was changed");
    let fields = |person: &Person| person.window.query_all_by_role(Role::SpinButton).count();
    assert_eq!(fields(&person), 1, "the width");
    assert!(person.says("3 more at their defaults"));
    person.press("About");
    assert!(person.says("Inputs") && person.says("Image, required"));

    let mut person = person.restart();
    person.press("Node r");
    assert_eq!(fields(&person), 1, "remembered");
    assert!(person.says("Image, required"), "the section is open again");
    person.press("Reset Width");
    assert_eq!(person.parameter("r", "width"), None);
    assert_eq!(fields(&person), 0);
    assert!(person.says("4 more at their defaults"));
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(person.parameter("r", "width"), Some(Value::Int(100)));
}

#[test]
fn files_are_chosen_and_come_back_as_recent_ones() {
    let mut person = Person::at(&flow(&[("one", "read_csv", ""), ("two", "read_csv", ""), ("three", "read_json", "")]));
    let file = person.folder.path().join("birds.csv");
    fs::write(&file, "a\n1\n").unwrap();
    person.press("Node one");
    assert!(person.window.query_by_role_and_label(Role::Button, "Recent").is_none(), "there are none yet");
    person.press("Browse…");
    person.choose_entry("birds.csv");
    person.press("Open file");
    assert_eq!(person.parameter("one", "path"), Some("birds.csv".into()), "beside the workflow");
    person.press("Node three");
    assert!(person.window.query_by_role_and_label(Role::Button, "Recent").is_none(), "it does not fit");
    let mut person = person.restart();
    person.press("Node two");
    person.choose("Recent", "birds.csv");
    assert_eq!(person.parameter("two", "path"), Some("birds.csv".into()));
}

#[test]
fn folders_are_chosen() {
    let mut person = Person::at(&flow(&[("c", "command", "")]));
    fs::create_dir(person.folder.path().join("sub")).unwrap();
    person.press("Node c");
    person.press("Browse…");
    person.choose_entry("sub/");
    person.press("Use this folder");
    assert_eq!(person.parameter("c", "folder"), Some("sub".into()));
}

#[test]
fn a_secret_is_chosen_by_its_name_and_said_to_be_missing() {
    let nodes = [
        ("one", "http_request", "\"secret\": \"PINFLOW_TEST_NOWHERE\""),
        ("two", "http_request", "\"url\": \"http://x\""),
    ];
    let mut person = Person::at(&flow(&nodes));
    person.press("Node two");
    person.choose("Choose Secret", "PINFLOW_TEST_NOWHERE");
    assert_eq!(person.parameter("two", "secret"), Some("PINFLOW_TEST_NOWHERE".into()));
    assert!(person.says("It is missing: set the environment variable") || person.says("the keyring does not answer"));
    person.press("Look again");
    assert!(person.says("PINFLOW_TEST_NOWHERE") || person.says("the keyring does not answer"));
}

#[test]
fn several_nodes_are_set_at_once_and_undone_at_once() {
    let nodes = [
        ("one", "resize_image", "\"width\": 10, \"keep_aspect\": false"),
        ("two", "resize_image", "\"width\": 20, \"filter\": \"nearest\""),
    ];
    let mut person = Person::at(&flow(&nodes));
    person.select_all();
    assert!(person.says("2 nodes"));
    assert_eq!(person.ticked("Keep the proportions"), Some(Toggled::Mixed));
    person.press("Keep the proportions");
    let kept = |person: &Person, node| person.parameter(node, "keep_aspect");
    assert_eq!((kept(&person, "one"), kept(&person, "two")), (None, None), "both are at the default now");
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(kept(&person, "one"), Some(Value::Bool(false)));

    let width = person.window.get_by_role_and_label(Role::SpinButton, "Width");
    assert_eq!(width.accesskit_node().value().as_deref(), Some("mixed"));
    width.click();
    person.settle();
    person.key(Modifiers::COMMAND, Key::A);
    person.window.get_by_role_and_label(Role::SpinButton, "Width").type_text("64");
    person.settle();
    person.key(Modifiers::NONE, Key::Enter);
    for node in ["one", "two"] {
        assert_eq!(person.parameter(node, "width"), Some(Value::Int(64)), "{node}");
    }
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(person.parameter("one", "width"), Some(Value::Int(10)));
    assert_eq!(person.parameter("two", "width"), Some(Value::Int(20)));

    person.press("Reset Filter");
    assert_eq!(person.parameter("two", "filter"), None);
}

#[test]
fn going_through_a_mixed_text_changes_nothing() {
    let nodes = [("a", "template", "\"template\": \"one\""), ("b", "template", "\"template\": \"two\"")];
    let mut person = Person::at(&flow(&nodes));
    person.select_all();
    person.window.get_by_role_and_label(Role::MultilineTextInput, "Template").click();
    person.settle();
    person.press("Problems");
    assert_eq!(person.parameter("a", "template"), Some("one".into()));
    person.write(Role::MultilineTextInput, "Template", "both");
    person.press("Problems");
    for node in ["a", "b"] {
        assert_eq!(person.parameter(node, "template"), Some("both".into()));
    }
    person.key(Modifiers::COMMAND, Key::S);
    let saved = workflow::load(&person.path()).unwrap();
    assert_eq!(saved.node(&NodeId::from("b")).unwrap().parameters.get("template"), Some(&"both".into()));
}

#[test]
fn statistics_tell_how_long_a_node_took_in_the_runs_before() {
    let mut person = Person::at(&flow(&[("t", "text", "")]));
    for _ in 0..3 {
        person.press("Run");
    }
    person.right_click("Node t", "Statistics…");
    person.settle();
    assert!(person.says("Took ") && person.says("Run #3"));
    assert!(person.says("Executed in 3 runs · median"), "the median and the slowest");
    let bars = person.window.get_by_role_and_label(Role::Image, "Times of 3 runs").rect();
    person.window.get_by_role_and_label(Role::Image, "Times of 3 runs").hover();
    person.settle();
    assert!(bars.width() > 100.0);
    person.press("Run");
    assert!(person.says("Executed in 4 runs"), "it is read anew after a run");
}

#[test]
fn a_colour_is_typed_or_picked_also_for_several_nodes() {
    let mut person = Person::at(&flow(&[("one", "plot", ""), ("two", "plot", "\"ink\": \"#112233\"")]));
    person.press("Node one");
    person.write(Role::TextInput, "Colour", "red");
    let wrong = "Colour must be a colour such as #2f7fd1, not \"red\"";
    assert!(person.says(wrong), "as it is typed");
    person.press("Canvas");
    assert_eq!(person.parameter("one", "ink"), None);
    person.press("Node one");
    person.write(Role::TextInput, "Colour", "38D");
    assert!(!person.says(wrong));
    person.press("Canvas");
    assert_eq!(person.parameter("one", "ink"), Some("#3388dd".into()));

    person.select_all();
    person.press("Pick Colour");
    let picker = person.window.get_by_label("Colours for Colour").rect();
    person.drag(picker.center(), picker.center() + egui::vec2(30.0, 20.0));
    person.drag(picker.center(), picker.center() + egui::vec2(-30.0, -20.0));
    assert_eq!(person.parameter("one", "ink"), Some("#3388dd".into()), "not before the picker is closed");
    person.press("Canvas");
    let picked = person.parameter("one", "ink");
    assert!(picked.is_some() && picked != Some("#3388dd".into()), "{picked:?}");
    assert_eq!(person.parameter("two", "ink"), picked);
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(person.parameter("one", "ink"), Some("#3388dd".into()), "one step of undo");
    assert_eq!(person.parameter("two", "ink"), Some("#112233".into()));
    person.press("Node one");
    person.press("Reset Colour");
    assert_eq!(person.parameter("one", "ink"), None);
}

#[test]
fn a_script_says_which_quote_is_not_closed() {
    let mut person = Person::at(&flow(&[("s", "script", "")]));
    person.press("Node s");
    person.write(Role::MultilineTextInput, "Script", "date\necho 'one");
    assert!(person.says("line 2, column 6: ' is opened here and not closed"));
    person.write(Role::MultilineTextInput, "Script", "date >&2\necho 'one'");
    assert!(!person.says("is opened here"));
    person.press("Run");
    assert_eq!(person.parameter("s", "script"), Some("date >&2\necho 'one'".into()));
    person.press("Parameters");
    person.must_show("stdout · ");
}
