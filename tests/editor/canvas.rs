//! The canvas.

use egui::{Event, Key, Modifiers, Vec2, vec2};
use egui_kittest::kittest::Queryable as _;
use pinflow::workflow::PortRef;

use crate::person::{FLOW, Person};

#[test]
fn a_node_is_added_by_search_and_connected_by_dragging() {
    let mut person = Person::at(FLOW);
    let canvas = person.window.get_by_label("Canvas").rect();
    person.window.hover_at(canvas.center() + vec2(0.0, 150.0));
    person.settle();
    person.key(Modifiers::NONE, Key::Tab);
    person.window.event(Event::Text("merge".to_owned()));
    person.settle();
    person.key(Modifiers::NONE, Key::Enter);
    assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 5);
    let from = person.window.get_by_label("Report output text").rect().center();
    let to = person.window.get_by_label("Merge input in1").rect().center();
    person.drag(from, to);
    let workflow = person.window.state().workflow().unwrap();
    let merge = workflow.nodes().find(|(_, node)| node.kind == "merge").unwrap().0.clone();
    let input = PortRef { node: merge, port: "in1".into() };
    assert_eq!(workflow.feed(&input), Some(&PortRef::new("c", "text")));
    person.press("Run");
    person.sees("Merge", "ms");
}

#[test]
fn a_wire_that_would_close_a_circle_is_refused() {
    let mut person = Person::at(FLOW);
    let from = person.window.get_by_label("Report output text").rect().center();
    let to = person.window.get_by_label("Slow input value").rect().center();
    person.drag(from, to);
    let workflow = person.window.state().workflow().unwrap();
    assert_eq!(workflow.feed(&PortRef::new("slow", "value")), Some(&PortRef::new("a", "text")));
    assert_eq!(workflow.connections().len(), 3);
}

#[test]
fn dragging_a_node_moves_it_in_one_step() {
    let mut person = Person::at(FLOW);
    let before = person.window.state().workflow().unwrap().node(&"c".into()).unwrap().position;
    let header = person.window.get_by_label("Node Report").rect().center_top() + vec2(0.0, 8.0);
    person.drag(header, header + Vec2::new(60.0, 90.0));
    let after = person.window.state().workflow().unwrap().node(&"c".into()).unwrap().position;
    assert_ne!(after, before);
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(person.window.state().workflow().unwrap().node(&"c".into()).unwrap().position, before);
}

#[test]
fn delete_removes_the_selection_and_its_wires() {
    let mut person = Person::at(FLOW);
    person.press("Node Middle");
    person.key(Modifiers::NONE, Key::Delete);
    let workflow = person.window.state().workflow().unwrap();
    assert_eq!((workflow.n_nodes(), workflow.connections().len()), (3, 1));
    person.key(Modifiers::COMMAND, Key::Z);
    let workflow = person.window.state().workflow().unwrap();
    assert_eq!((workflow.n_nodes(), workflow.connections().len()), (4, 3));
}

#[test]
fn ctrl_and_delete_heal_the_wires() {
    let mut person = Person::at(FLOW);
    let wires = |person: &Person| -> Vec<String> {
        let workflow = person.window.state().workflow().unwrap();
        workflow.connections().map(|(to, from)| format!("{from} -> {to}")).collect()
    };
    let before = wires(&person);
    person.press("Node Middle");
    person.key(Modifiers::COMMAND, Key::Delete);
    assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 3);
    assert_eq!(wires(&person), ["slow.value -> c.in1", "a.text -> slow.value"]);
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(wires(&person), before);
}

#[test]
fn the_pin_icon_answers_the_pointer_whatever_is_selected() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    for selected in ["Source", "Slow"] {
        person.press(&format!("Node {selected}"));
        let icon = person.window.get_by_label("Pin icon Slow").rect().center();
        let is_pinned = person.state("Slow").contains("pinned");
        person.drag(icon, icon);
        assert_eq!(person.state("Slow").contains("pinned"), !is_pinned, "with {selected} selected");
    }
}
