//! Groups: folded frames, each one block on the canvas.

use std::{fs, sync::Arc};

use egui::{Event, Key, Modifiers, PointerButton, Pos2, Role, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use pinflow::{
    value::Value,
    workflow::{self, NodeId, Position, Workflow},
};

use crate::person::{FLOW, Person};

const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);
const GROUP: &str = "Group Group";

impl Person {
    fn document(&self) -> Arc<Workflow> {
        Arc::clone(self.window.state().workflow().unwrap())
    }

    fn is_seen(&self, label: &str) -> bool {
        self.window.query_by_label(label).is_some()
    }

    fn clicks_at(&mut self, pos: Pos2, times: usize, modifiers: Modifiers) {
        // What was clicked before is long ago.
        self.window.run_steps(20);
        self.window.event(Event::ModifiersChanged(modifiers));
        self.window.event(Event::PointerMoved(pos));
        for pressed in [true, false].repeat(times) {
            self.window.event(Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers });
        }
        self.window.event(Event::ModifiersChanged(Modifiers::NONE));
        self.settle();
    }

    fn middle(&self, label: &str) -> Pos2 {
        self.window.get_by_label(label).rect().center()
    }

    /// Returns what is said of a group.
    fn group_says(&self) -> String {
        self.window.get_by_label(GROUP).accesskit_node().data().description().unwrap_or_default().to_owned()
    }

    fn places(&self) -> Vec<Position> {
        self.document().nodes().map(|(_, node)| node.position).collect()
    }
}

/// The small workflow with `Slow` and `Middle` in a group.
fn grouped() -> Person {
    let mut person = Person::at(FLOW);
    person.press("Node Slow");
    let middle = person.window.get_by_label("Node Middle").rect().center_top() + vec2(0.0, 8.0);
    person.clicks_at(middle, 1, Modifiers::SHIFT);
    person.key(CTRL_SHIFT, Key::G);
    person
}

#[test]
fn nodes_are_folded_into_one_block_and_back_and_each_is_one_step() {
    let mut person = grouped();
    for (label, seen) in
        [("Node Source", true), ("Node Slow", false), ("Node Middle", false), ("Node Report", true), (GROUP, true)]
    {
        assert_eq!(person.is_seen(label), seen, "{label}");
    }
    assert!(person.is_seen("Group Group input slow.value") && person.is_seen("Group Group output b.text"));
    assert!(!person.is_seen("Wire Slow value to Middle in1"), "it is inside");
    assert!(person.is_seen("Wire Source text to Slow value") && person.is_seen("Wire Middle text to Report in1"));
    assert!(person.group_says().starts_with("2 nodes, 2 will execute"), "{}", person.group_says());
    let port = person.middle("Group Group input slow.value");
    let border = person.window.get_by_label(GROUP).rect();
    assert!((port.x - border.left()).abs() < 1.0 && border.expand(1.0).contains(port));

    person.key(Modifiers::COMMAND, Key::Z);
    assert!(person.is_seen("Node Slow") && !person.is_seen(GROUP) && person.document().frames().len() == 0);
    person.key(CTRL_SHIFT, Key::Z);
    assert!(person.is_seen(GROUP));
    // It is still selected: the same keys unfold it.
    person.press(GROUP);
    person.key(CTRL_SHIFT, Key::G);
    assert!(person.is_seen("Node Slow") && person.is_seen("Frame Group") && !person.is_seen(GROUP));
    person.key(Modifiers::COMMAND, Key::Z);
    let at = person.middle(GROUP);
    person.clicks_at(at, 2, Modifiers::NONE);
    assert!(person.is_seen("Node Slow") && !person.is_seen(GROUP), "a double-click unfolds it");
}

#[test]
fn a_group_runs_as_its_nodes_do_and_says_in_sum_how_they_stand() {
    let mut person = grouped();
    person.press("Run");
    assert!(person.group_says().contains("2 done"), "{}", person.group_says());
    person.press(GROUP);
    person.key(Modifiers::NONE, Key::P);
    assert!(person.group_says().contains("2 pinned"), "{}", person.group_says());
    person.key(Modifiers::COMMAND, Key::Z);
    person.right_click(GROUP, "Force Execution");
    assert!(person.group_says().contains("2 forced"), "{}", person.group_says());
    assert!(person.group_says().contains("2 will execute"), "{}", person.group_says());
}

#[test]
fn a_group_is_moved_deleted_copied_and_pasted_with_its_nodes() {
    let mut person = grouped();
    let before = person.document();
    let places = person.places();
    let from = person.middle(GROUP);
    person.drag(from, from + vec2(30.0, 80.0));
    let moved = person.document();
    let by: Vec<_> =
        person.places().iter().zip(&places).map(|(now, before)| (now.0 - before.0, now.1 - before.1)).collect();
    assert!(by[1] == (0.0, 0.0) || by[0] == (0.0, 0.0), "what is outside stays: {by:?}");
    let frame = |workflow: &Workflow| workflow.frames().next().unwrap().1.position;
    let shift = (frame(&moved).0 - frame(&before).0, frame(&moved).1 - frame(&before).1);
    assert!(shift.1 > 50.0);
    assert_eq!(by.iter().filter(|moved| **moved == shift).count(), 2, "{by:?} {shift:?}");
    person.key(Modifiers::COMMAND, Key::Z);
    assert!(person.document().same_content(&before), "it was one step");

    person.key(Modifiers::COMMAND, Key::D);
    let doubled = person.document();
    assert_eq!((doubled.n_nodes(), doubled.frames().len()), (6, 2));
    let folds: Vec<_> = doubled.frames().map(|(_, frame)| frame.folded.clone().unwrap().nodes).collect();
    assert!(folds.iter().all(|nodes| nodes.len() == 2) && folds[0].is_disjoint(&folds[1]));
    person.key(Modifiers::NONE, Key::Delete);
    assert!(person.document().same_content(&before), "the copy goes with its nodes");
    person.press(GROUP);
    person.key(Modifiers::NONE, Key::Delete);
    let rest = person.document();
    assert_eq!((rest.n_nodes(), rest.frames().len(), rest.connections().len()), (2, 0, 0));
    person.key(Modifiers::COMMAND, Key::Z);
    assert!(person.document().same_content(&before));
}

#[test]
fn what_is_found_in_a_group_is_shown_by_unfolding_it() {
    let mut person = grouped();
    person.key(Modifiers::COMMAND, Key::F);
    person.window.event(Event::Text("slow".to_owned()));
    person.settle();
    person.key(Modifiers::NONE, Key::Enter);
    assert!(person.is_seen("Node Slow") && !person.is_seen(GROUP));
    person.key(Modifiers::NONE, Key::Escape);
    person.key(Modifiers::COMMAND, Key::Z);
    assert!(person.is_seen(GROUP), "that can be undone");
}

#[test]
fn a_frame_is_folded_with_what_stands_in_it_and_saved_so() {
    let mut person = Person::at(FLOW);
    person.press("Node Slow");
    person.key(Modifiers::COMMAND, Key::G);
    person.right_click("Frame Frame", "Group");
    assert!(person.is_seen("Group Frame") && !person.is_seen("Node Slow") && !person.is_seen("Frame Frame"));
    person.key(Modifiers::NONE, Key::F2);
    person.window.event(Event::Text(" of waiting".to_owned()));
    person.settle();
    person.key(Modifiers::NONE, Key::Enter);
    assert!(person.is_seen("Group Frame of waiting"));
    person.key(Modifiers::COMMAND, Key::S);
    let saved = workflow::load(&person.path()).unwrap();
    let folded = saved.frames().next().unwrap().1.folded.clone().unwrap();
    assert_eq!(folded.nodes, [NodeId::from("slow")].into());
    let person = person.restart();
    assert!(person.is_seen("Group Frame of waiting") && !person.is_seen("Node Slow"));
    fs::write(person.path(), FLOW).unwrap();
    assert_eq!(workflow::load(&person.path()).unwrap().frames().len(), 0, "files from before open");
}

#[test]
fn keys_walk_to_a_group_and_it_is_there_from_afar_too() {
    let mut person = grouped();
    person.press("Node Source");
    person.key(Modifiers::NONE, Key::ArrowRight);
    assert!(person.window.get_by_label(GROUP).accesskit_node().is_focused());
    person.key(Modifiers::NONE, Key::P);
    assert!(person.group_says().contains("2 to be pinned"), "it is selected: {}", person.group_says());
    person.key(Modifiers::NONE, Key::ArrowRight);
    assert!(person.window.get_by_label("Node Report").accesskit_node().is_focused());
    for _ in 0..2 {
        let middle = person.middle("Canvas");
        person.window.hover_at(middle);
        for _ in 0..6 {
            person.window.event(Event::Zoom(0.7));
            person.window.step();
        }
        person.settle();
        assert!(person.is_seen(GROUP) && !person.is_seen("Node Slow"));
    }
}

#[test]
fn tidying_and_lining_up_leave_a_group_as_it_is_inside() {
    let mut person = grouped();
    let inside = |person: &Person| {
        let document = person.document();
        let place = |id: &'static str| document.node(&id.into()).unwrap().position;
        (place("b").0 - place("slow").0, place("b").1 - place("slow").1)
    };
    let before = inside(&person);
    person.press("Canvas");
    person.key(Modifiers::NONE, Key::L);
    person.key(Modifiers::COMMAND, Key::A);
    person.key(Modifiers::ALT, Key::A);
    person.key(Modifiers::NONE, Key::T);
    assert_eq!(inside(&person), before);
    let group = person.window.get_by_label(GROUP).rect();
    let source = person.window.get_by_label("Node Source").rect();
    assert!((group.top() - source.top()).abs() < 1.0 && group.left() > source.right());
    let report = person.window.get_by_label("Node Report").rect();
    assert!(report.left() > group.right());
    assert_eq!(person.parameter("slow", "secs"), Some(Value::Float(0.0)));
    assert!(person.window.query_by_role_and_label(Role::Button, GROUP).is_some());
}

#[test]
fn wires_are_drawn_from_and_to_the_ports_of_a_group() {
    const MORE: &str = r#""d": (kind: "template", title: "Other", position: (840.0, 200.0), parameters: {"template": "{{ in1 }}d"}),
    "e": (kind: "text", title: "Else", position: (0.0, 200.0), parameters: {"text": "y"}),
  },
  connections"#;
    let mut person = Person::at(&FLOW.replace("},\n  connections", MORE));
    person.press("Node Slow");
    let middle = person.window.get_by_label("Node Middle").rect().center_top() + vec2(0.0, 8.0);
    person.clicks_at(middle, 1, Modifiers::SHIFT);
    person.key(CTRL_SHIFT, Key::G);
    let (input, output) = ("Group Group input slow.value", "Group Group output b.text");
    let feed = |person: &Person, node: &'static str, port: &'static str| {
        person.document().feed(&workflow::PortRef::new(node, port)).map(ToString::to_string)
    };
    // What is under the pointer is in the status bar, too.
    let port = |person: &Person, label| person.window.get_by_role_and_label(Role::Button, label).rect().center();
    // From its output to a node outside.
    person.drag(port(&person, output), person.middle("Other input in1"));
    assert_eq!(feed(&person, "d", "in1").as_deref(), Some("b.text"));
    // From a node outside to its input, in place of the wire that was there.
    person.drag(person.middle("Else output text"), port(&person, input));
    assert_eq!(feed(&person, "slow", "value").as_deref(), Some("e.text"));
    // Backwards from an input outside, which would close a circle.
    person.drag(port(&person, output), port(&person, input));
    assert_eq!(feed(&person, "slow", "value").as_deref(), Some("e.text"));
    // Taken away at the border and let go on the empty canvas.
    let empty = person.window.get_by_label(GROUP).rect().center_bottom() + vec2(0.0, 120.0);
    person.drag(port(&person, input), empty);
    assert_eq!(feed(&person, "slow", "value"), None);
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(feed(&person, "slow", "value").as_deref(), Some("e.text"));
    // A click on a port selects all that is folded.
    person.window.get_by_role_and_label(Role::Button, input).click();
    person.settle();
    let n_nodes = person.document().n_nodes();
    person.key(Modifiers::NONE, Key::Delete);
    assert_eq!(person.document().n_nodes(), n_nodes - 2);
}
