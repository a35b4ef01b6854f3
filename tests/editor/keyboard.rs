//! The canvas without a mouse.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use pinflow::workflow::PortRef;

use crate::person::{FLOW, Person};

impl Person {
    fn has_focus(&self, label: &str) -> bool {
        self.window.query_by_label(label).is_some_and(|node| node.is_focused())
    }

    fn walk(&mut self, key: Key) {
        self.key(Modifiers::NONE, key);
    }

    /// Presses Tab until something has the focus.
    fn tab_to(&mut self, label: &str) {
        for _ in 0..12 {
            if self.has_focus(label) {
                return;
            }
            self.walk(Key::Tab);
        }
        panic!("Tab does not lead to {label}");
    }

    fn feed(&self, node: &'static str, port: &'static str) -> Option<PortRef> {
        self.window.state().workflow().unwrap().feed(&PortRef::new(node, port)).cloned()
    }
}

#[test]
fn arrows_walk_from_node_to_node_and_the_walk_selects() {
    let mut person = Person::at(FLOW);
    person.press("Node Source");
    person.walk(Key::ArrowRight);
    assert!(person.has_focus("Node Slow"));
    person.walk(Key::ArrowRight);
    assert!(person.has_focus("Node Middle"));
    person.key(Modifiers::COMMAND, Key::E);
    person.sees("Middle", "disabled");
    assert!(!person.state("Slow").contains("disabled"));
    person.walk(Key::ArrowLeft);
    person.walk(Key::ArrowLeft);
    assert!(person.has_focus("Node Source"));
    person.walk(Key::ArrowLeft);
    assert!(person.has_focus("Node Source"), "there is nothing further left");
}

#[test]
fn the_walk_begins_without_a_selection_and_reaches_what_is_out_of_sight() {
    let mut person = Person::at(&FLOW.replace("(840.0, 0.0)", "(9000.0, 4000.0)"));
    person.key(Modifiers::NONE, Key::Num0);
    person.walk(Key::ArrowRight);
    for _ in 0..4 {
        person.walk(Key::ArrowRight);
    }
    assert!(person.has_focus("Node Report"));
    let canvas = person.window.get_by_label("Canvas").rect();
    assert!(canvas.contains_rect(person.window.get_by_label("Node Report").rect()));
}

#[test]
fn a_node_s_menu_opens_and_is_used_by_keys() {
    for (modifiers, key) in [(Modifiers::SHIFT, Key::F10), (Modifiers::NONE, Key::Menu)] {
        let mut person = Person::at(FLOW);
        person.press("Node Source");
        person.walk(Key::ArrowRight);
        person.key(modifiers, key);
        assert!(person.window.get_by_role_and_label(Role::MenuItem, "Run to here").is_focused());
        person.walk(Key::Escape);
        assert!(person.window.query_by_role_and_label(Role::MenuItem, "Run to here").is_none());
        assert!(person.has_focus("Node Slow"), "back to where the hands were");
        person.key(modifiers, key);
        person.walk(Key::Enter);
        person.sees("Slow", "ms");
        person.sees("Middle", "not run");
    }
}

#[test]
fn nodes_are_connected_by_keys() {
    let mut person = Person::at(&FLOW.replace("\"a.text -> slow.value\", ", ""));
    assert_eq!(person.feed("slow", "value"), None);
    person.press("Node Source");
    person.walk(Key::ArrowRight);
    person.walk(Key::ArrowLeft);
    person.tab_to("Source output text");
    person.walk(Key::Enter);
    person.walk(Key::ArrowRight);
    assert!(person.has_focus("Slow input value"));
    person.walk(Key::Escape);
    person.walk(Key::Enter);
    assert_eq!(person.feed("slow", "value"), None, "the wire was put away: Enter takes another");
    person.walk(Key::Escape);

    person.press("Node Slow");
    person.walk(Key::ArrowLeft);
    person.tab_to("Source output text");
    person.walk(Key::Enter);
    person.walk(Key::ArrowRight);
    person.walk(Key::Enter);
    assert_eq!(person.feed("slow", "value"), Some(PortRef::new("a", "text")));
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(person.feed("slow", "value"), None);
}

#[test]
fn a_wire_that_would_close_a_circle_cannot_be_put_down_by_keys() {
    let mut person = Person::at(FLOW);
    person.press("Node Middle");
    person.walk(Key::ArrowRight);
    person.tab_to("Report output text");
    person.walk(Key::Enter);
    person.window.get_by_label("Slow input value").focus();
    person.settle();
    person.walk(Key::Enter);
    assert_eq!(person.feed("slow", "value"), Some(PortRef::new("a", "text")));
    person.walk(Key::Escape);
    assert_eq!(person.window.state().workflow().unwrap().connections().len(), 3);
}

#[test]
fn a_wire_takes_the_focus_and_is_deleted() {
    let mut person = Person::at(FLOW);
    person.window.get_by_label("Wire Source text to Slow value").focus();
    person.settle();
    person.walk(Key::Delete);
    assert_eq!(person.feed("slow", "value"), None);
    assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 4);
    person.key(Modifiers::COMMAND, Key::Z);
    person.window.get_by_label("Wire Source text to Slow value").focus();
    person.settle();
    person.key(Modifiers::SHIFT, Key::F10);
    person.walk(Key::ArrowDown);
    person.walk(Key::Enter);
    assert_eq!(person.feed("slow", "value"), None, "by its menu, too");
}
