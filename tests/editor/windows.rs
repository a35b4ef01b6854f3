//! Values in windows of their own. The tests have no desktop: the windows stand inside of the main one.

use egui::{Key, Modifiers, Rect, Role};
use egui_kittest::{
    Node,
    kittest::{NodeT as _, Queryable as _},
};

use pinflow::{
    editor::{Command, TabRequest},
    value::Value,
    workflow::{Edit, NodeId},
};

use crate::person::{FLOW, LOOP, Person};

impl Person {
    /// Returns the field of a name in a window, which stands before what the window covers.
    fn field_in(&self, title: &str, name: &'static str) -> Node<'_> {
        let place = self.place_of(title);
        let mut fields = self.window.query_all_by_label(name);
        fields.rfind(|field| place.contains_rect(field.rect())).unwrap()
    }

    fn carries_out(&mut self, command: Command) {
        let ctx = self.window.ctx.clone();
        self.window.state_mut().command(&ctx, command);
        self.settle();
    }

    /// Selects a node that a window may cover.
    fn select(&mut self, node: &'static str) {
        self.carries_out(Command::Select(vec![NodeId::from(node)]));
    }

    fn set_template(&mut self, node: &'static str, text: &str) {
        let edit = Edit::SetParameter(NodeId::from(node), "template".into(), Some(Value::text(text)));
        self.carries_out(Command::Edit("Template".to_owned(), edit));
    }

    /// Clicks beside the windows.
    fn click_elsewhere(&mut self) {
        let at = self.window.get_by_label("Canvas").rect().right_top() + egui::vec2(-20.0, 30.0);
        self.drag(at, at);
    }

    /// Returns the titles of the windows that are open, in alphabetical order.
    fn windows(&self) -> Vec<String> {
        let mut titles: Vec<String> = self
            .window
            .query_all_by_role(Role::Window)
            .filter_map(|node| node.accesskit_node().label())
            .filter(|title| !title.is_empty())
            .collect();
        titles.sort();
        titles
    }

    /// Returns where a window is.
    fn place_of(&self, title: &str) -> Rect {
        self.window.get_by_role_and_label(Role::Window, title).rect()
    }

    /// Returns whether a text stands in a window.
    fn reads_in(&self, title: &str, text: &str) -> bool {
        let place = self.place_of(title);
        let by_label = self.window.query_all_by_label_contains(text);
        let by_value = self.window.query_all_by_value(text);
        by_label.chain(by_value).any(|node| place.contains_rect(node.rect()))
    }
}

#[test]
fn a_window_follows_the_newest_result_or_holds_one_beside_another() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.right_click("Node Report", "Open in a window");
    assert_eq!(person.windows(), ["Report"]);
    assert!(person.reads_in("Report", "xbc"));
    let place = person.place_of("Report");
    person.window.run_steps(10);
    assert_eq!(person.place_of("Report"), place, "it keeps its size");
    assert!(place.height() < 600.0, "{place:?}");

    person.set_template("c", "{{ in1 }}!");
    person.press("Resume");
    assert!(person.reads_in("Report", "xb!") && !person.reads_in("Report", "xbc"), "it follows");

    person.press("Hold this result");
    let held = person.windows().remove(0);
    assert!(held.starts_with("Report · run #"), "{held}");
    person.set_template("c", "{{ in1 }}?");
    person.press("Resume");
    assert!(person.reads_in(&held, "xb!"), "it holds what it showed");
    person.click_elsewhere();
    person.select("c");
    person.key(Modifiers::SHIFT, Key::O);
    assert_eq!(person.windows(), ["Report".to_owned(), held.clone()]);
    assert!(person.reads_in("Report", "xb?"), "the new one");
    assert!(person.reads_in(&held, "xb!"), "the held one");
}

#[test]
fn keys_in_a_window_close_it_and_nothing_else() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    for key in [(Modifiers::COMMAND, Key::W), (Modifiers::NONE, Key::Escape)] {
        person.select("c");
        person.key(Modifiers::SHIFT, Key::O);
        assert_eq!(person.windows(), ["Report"]);
        person.key(Modifiers::NONE, Key::Delete);
        person.key(key.0, key.1);
        assert!(person.windows().is_empty(), "{key:?}");
        assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 4, "nothing was deleted, no tab was closed");
        assert!(person.window.query_by_label("Open in a window").is_none(), "no menu is open");
    }
    person.key(Modifiers::SHIFT, Key::O);
    assert_eq!(person.windows(), ["Report"], "the node is still selected");
    person.click_elsewhere();
    person.key(Modifiers::COMMAND, Key::A);
    person.key(Modifiers::NONE, Key::Delete);
    assert_eq!(
        person.window.state().workflow().unwrap().n_nodes(),
        0,
        "after a click elsewhere the keys are elsewhere"
    );
}

#[test]
fn a_window_of_a_node_that_is_gone_says_so_and_one_of_a_closed_workflow_closes() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.select("c");
    person.window.get_all_by_label("Open text in a window").next().unwrap().click();
    person.settle();
    assert_eq!(person.windows(), ["Report · text"]);
    person.click_elsewhere();
    person.select("c");
    person.key(Modifiers::NONE, Key::Delete);
    let title = person.windows().remove(0);
    assert!(person.reads_in(&title, "no longer in the workflow") && person.reads_in(&title, "xbc"));
    person.key(Modifiers::COMMAND, Key::Z);
    assert!(!person.reads_in("Report · text", "no longer in the workflow"));
    person.carries_out(Command::Tabs(TabRequest::CloseFront));
    assert!(person.window.state().workflow().is_none() && person.windows().is_empty());
}

#[test]
fn each_window_is_looked_at_in_its_own_way_and_nothing_moves_while_nothing_happens() {
    let mut person = Person::at(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Small",
  nodes: {"a": (kind: "list", title: "Source", position: (0.0, 0.0), parameters: {"items": ["ab", "bc", "cd"]})},
)
"#,
    );
    person.press("Run");
    person.press("Node Source");
    person.window.get_all_by_label("Open list in a window").next().unwrap().click();
    person.settle();
    person.press("Hold this result");
    person.click_elsewhere();
    person.select("a");
    person.key(Modifiers::SHIFT, Key::O);
    assert_eq!(person.windows().len(), 2);
    person.field_in("Source", "Search the tree").focus();
    person.settle();
    person.field_in("Source", "Search the tree").type_text("b");
    person.settle();
    assert_eq!(person.window.query_all_by_label("2 found").count(), 1, "one searches, the other does not");
    // `run` fails where frames are asked for again and again.
    person.window.run();
}

#[test]
fn an_iteration_is_opened_in_a_window_that_keeps_to_its_number() {
    let mut person = Person::at(LOOP);
    person.press("Run");
    person.right_click("Node Middle", "All iterations");
    let second = person.window.query_all_by_label_contains("Iteration 2: ").next().unwrap();
    second.click_secondary();
    person.settle();
    person.press("Open in a window");
    let title = "Middle · iteration 2";
    assert_eq!(person.windows(), [title]);
    assert!(person.reads_in(title, "yb"));
    person.set_template("b", "{{ in1 }}!");
    person.press("Resume");
    assert!(person.reads_in(title, "y!"), "it follows");
}

#[test]
fn a_window_shows_what_a_node_that_was_held_back_gave_before() {
    let mut person = Person::at(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Effects",
  nodes: {
    "a": (kind: "text", title: "Source", position: (0.0, 0.0), parameters: {"text": "x"}),
    "w": (kind: "write_text", title: "Letter", position: (280.0, 0.0), parameters: {"path": "letter.txt"}),
  },
  connections: ["a.text -> w.text"],
)
"#,
    );
    person.press("Run");
    person.right_click("Node Letter", "Open in a window");
    person.click_elsewhere();
    person.carries_out(Command::Edit(
        "Text".to_owned(),
        Edit::SetParameter("a".into(), "text".into(), Some(Value::text("y"))),
    ));
    person.press("Run options");
    person.press("Dry run");
    assert!(person.reads_in("Letter", "What it gave before is kept:"));
    assert!(person.reads_in("Letter", "path · "), "and there it is");
}

#[test]
fn a_window_shows_what_a_failed_node_gives_on_its_error_output() {
    let mut person = Person::at(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  nodes: {
    "f": (kind: "fail", title: "Source", position: (0.0, 0.0), parameters: {"message": "no luck"}, settings: (error_output: true)),
  },
)
"#,
    );
    person.press("Run");
    person.right_click("Node Source", "Open in a window");
    assert!(person.reads_in("Source", "Failed: no luck"));
    assert!(person.reads_in("Source", "error · Record {"), "the output");
}
