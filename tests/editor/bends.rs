//! Bends: the points that wires are led through.

use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, Role, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use pinflow::workflow::{PortRef, Position, load};

use crate::person::Person;

/// A source that feeds a report far to the right.
const FAR: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAW",
  name: "Far",
  nodes: {
    "a": (kind: "text", title: "Source", position: (0.0, 0.0), parameters: {"text": "penguins"}),
    "b": (kind: "template", title: "Middle", position: (250.0, 260.0), parameters: {"template": "{{ in1 }}b"}),
    "c": (kind: "template", title: "Report", position: (900.0, 0.0), parameters: {"template": "{{ in1 }}c"}),
  },
  connections: ["a.text -> c.in1"],
)
"#;

const WIRE: &str = "Wire Source text to Report in1";
const BEND: &str = "Bend 1 of wire Source text to Report in1";

impl Person {
    fn way(&self, node: &'static str) -> Vec<Position> {
        self.window.state().workflow().unwrap().way(&PortRef::new(node, "in1")).to_vec()
    }

    fn at_of(&self, label: &str) -> Pos2 {
        self.window.get_by_label(label).rect().center()
    }

    fn bend_at(&self, number: usize) -> Pos2 {
        self.at_of(&format!("Bend {number} of wire Source text to Report in1"))
    }

    fn click_twice(&mut self, pos: Pos2) {
        // What was clicked before is long ago.
        for _ in 0..20 {
            self.window.step();
        }
        self.window.event(Event::PointerMoved(pos));
        for pressed in [true, false, true, false] {
            let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
            self.window.event(Event::PointerButton { pos, button, pressed, modifiers });
        }
        self.settle();
    }

    fn click_with(&mut self, pos: Pos2, button: PointerButton, modifiers: Modifiers) {
        self.window.event(Event::ModifiersChanged(modifiers));
        self.window.event(Event::PointerMoved(pos));
        for pressed in [true, false] {
            self.window.event(Event::PointerButton { pos, button, pressed, modifiers });
        }
        self.window.event(Event::ModifiersChanged(Modifiers::NONE));
        self.settle();
    }

    fn choose_from_menu(&mut self, at: Pos2, item: &str) {
        self.click_with(at, PointerButton::Secondary, Modifiers::NONE);
        self.window.get_by_role_and_label(Role::MenuItem, item).click();
        self.settle();
    }

    /// Returns how many points on the screen one scene unit is.
    fn scale(&self) -> f32 {
        let rect: Rect = self.window.get_by_label("Node Source").rect();
        rect.width() / 200.0
    }

    fn undo_once(&mut self) {
        self.key(Modifiers::COMMAND, Key::Z);
    }
}

fn near(one: Position, other: Position) -> bool {
    (one.0 - other.0).abs() < 0.6 && (one.1 - other.1).abs() < 0.6
}

#[test]
fn a_double_click_on_a_wire_sets_a_bend_and_one_on_the_bend_removes_it() {
    let mut person = Person::at(FAR);
    let middle = person.at_of(WIRE);
    person.click_twice(middle);
    assert_eq!(person.way("c").len(), 1);
    assert!(person.bend_at(1).distance(middle) < 1.0, "it is where the pointer is");
    person.click_twice(middle);
    assert_eq!(person.way("c"), []);
    person.undo_once();
    assert_eq!(person.way("c").len(), 1);
    person.undo_once();
    assert_eq!(person.way("c"), []);
}

#[test]
fn a_bend_is_dragged_in_one_step_onto_the_grid_and_with_alt_anywhere() {
    let mut person = Person::at(FAR);
    let middle = person.at_of(WIRE);
    person.click_twice(middle);
    let before = person.way("c")[0];
    let scale = person.scale();
    let to = middle + vec2(33.0, 124.0) * scale;
    person.drag(middle, to);
    let snapped = |value: f32| (value / 10.0).round() * 10.0;
    let place = person.way("c")[0];
    assert_eq!(place, Position(snapped(before.0 + 33.0), snapped(before.1 + 124.0)));

    let from = person.bend_at(1);
    person.drag_with(from, from + vec2(33.0, 14.0) * scale, Modifiers::ALT);
    assert!(near(person.way("c")[0], Position(place.0 + 33.0, place.1 + 14.0)), "{:?}", person.way("c"));
    person.undo_once();
    assert_eq!(person.way("c")[0], place);
    person.undo_once();
    assert_eq!(person.way("c")[0], before);
}

#[test]
fn a_bend_near_the_height_of_a_port_comes_level_with_it() {
    let mut person = Person::at(FAR);
    let middle = person.at_of(WIRE);
    person.click_twice(middle);
    let scale = person.scale();
    let away = middle + vec2(0.0, 100.0) * scale;
    person.drag(middle, away);
    let from = person.bend_at(1);
    let height = person.at_of("Report input in1").y;
    person.drag(from, Pos2::new(from.x, height + 3.0 * scale));
    assert!((person.bend_at(1).y - height).abs() < 0.1, "{:?}", person.way("c"));
}

#[test]
fn chosen_bends_are_nudged_moved_and_removed_together() {
    let mut person = Person::at(FAR);
    let scale = person.scale();
    let middle = person.at_of(WIRE);
    person.click_twice(middle);
    person.drag(middle, middle + vec2(-60.0, 120.0) * scale);
    let other = person.at_of(WIRE);
    person.click_twice(other);
    assert_eq!(person.way("c").len(), 2, "between the first and the input");
    assert!(person.way("c")[0].0 < person.way("c")[1].0);
    let (first, second) = (person.bend_at(1), person.bend_at(2));
    person.click_with(first, PointerButton::Primary, Modifiers::SHIFT);
    let before = person.way("c");
    let by = |dx: f32, dy: f32| before.iter().map(|place| Position(place.0 + dx, place.1 + dy)).collect::<Vec<_>>();
    person.key(Modifiers::COMMAND, Key::ArrowDown);
    person.key(Modifiers::COMMAND, Key::ArrowDown);
    assert_eq!(person.way("c"), by(0.0, 20.0));
    person.undo_once();
    assert_eq!(person.way("c"), before, "nudges that follow each other are one step");
    person.drag(second, second + vec2(40.0, 40.0) * scale);
    let moved = person.way("c");
    let shift = (moved[0].0 - before[0].0, moved[0].1 - before[0].1);
    assert!(shift != (0.0, 0.0) && moved.iter().zip(by(shift.0, shift.1)).all(|(one, other)| near(*one, other)));
    person.key(Modifiers::NONE, Key::Delete);
    assert_eq!((person.way("c"), person.window.state().workflow().unwrap().n_nodes()), (vec![], 3));
    person.undo_once();
    assert_eq!(person.way("c"), moved);

    let (low, high) = (person.bend_at(1), person.bend_at(2));
    person.press("Canvas");
    person.drag(low.min(high) - vec2(12.0, 12.0), low.max(high) + vec2(12.0, 12.0));
    person.key(Modifiers::NONE, Key::Delete);
    assert_eq!(person.way("c"), [], "a box chooses them, too");
}

#[test]
fn nodes_that_move_together_take_the_bends_between_them_along() {
    let mut person = Person::at(FAR);
    let middle = person.at_of(WIRE);
    person.click_twice(middle);
    let before = person.way("c")[0];
    person.key(Modifiers::COMMAND, Key::A);
    let header = person.window.get_by_label("Node Report").rect().center_top() + vec2(0.0, 8.0);
    person.drag(header, header + vec2(50.0, 30.0) * person.scale());
    let (place, way) = (person.window.state().workflow().unwrap().node(&"c".into()).unwrap().position, person.way("c"));
    assert!(place.0 > 920.0 && near(way[0], Position(before.0 + place.0 - 900.0, before.1 + place.1)), "{way:?}");
    person.key(Modifiers::COMMAND, Key::ArrowLeft);
    assert!(near(person.way("c")[0], Position(way[0].0 - 10.0, way[0].1)));
    person.undo_once();
    person.undo_once();
    assert_eq!(person.way("c")[0], before);

    person.key(Modifiers::COMMAND, Key::G);
    let frame = person.at_of("Frame Frame");
    person.drag(frame, frame + vec2(0.0, 60.0) * person.scale());
    let place = person.window.state().workflow().unwrap().node(&"c".into()).unwrap().position;
    assert!(place.1 > 40.0 && near(person.way("c")[0], Position(before.0, before.1 + place.1)), "a frame carries them");
}

#[test]
fn menus_and_keys_set_and_remove_bends() {
    let mut person = Person::at(FAR);
    let middle = person.at_of(WIRE);
    let at = middle + vec2(12.0, 0.0);
    person.choose_from_menu(at, "Add bend");
    assert_eq!(person.way("c").len(), 1);
    assert!(person.bend_at(1).distance(at) < 1.0, "where the menu was opened");
    let bend = person.bend_at(1);
    person.choose_from_menu(bend, "Remove bend");
    assert_eq!(person.way("c"), []);

    person.window.get_by_label(WIRE).focus();
    person.settle();
    person.key(Modifiers::NONE, Key::B);
    assert_eq!(person.way("c").len(), 1);
    let bend = person.window.get_by_label(BEND);
    assert!(bend.accesskit_node().is_focused(), "what was set has the focus");
    let before = person.way("c")[0];
    person.key(Modifiers::COMMAND, Key::ArrowUp);
    assert_eq!(person.way("c"), [Position(before.0, before.1 - 10.0)]);
    person.key(Modifiers::SHIFT, Key::F10);
    person.window.get_by_role_and_label(Role::MenuItem, "Straighten").click();
    person.settle();
    assert_eq!(person.way("c"), []);
    person.undo_once();
    person.window.get_by_label(BEND).focus();
    person.settle();
    person.key(Modifiers::NONE, Key::Delete);
    assert_eq!(person.way("c"), []);
    assert_eq!(person.window.state().workflow().unwrap().connections().len(), 1, "the wire stays");
}

#[test]
fn a_node_dropped_on_a_wire_leaves_each_half_its_bends() {
    let mut person = Person::at(FAR);
    let scale = person.scale();
    let (output, input) = (person.at_of("Source output text"), person.at_of("Report input in1"));
    for share in [0.2, 0.8] {
        person.click_twice(output + (input - output) * share);
    }
    let way = person.way("c");
    assert_eq!(way.len(), 2);
    let header = person.window.get_by_label("Node Middle").rect().center_top() + vec2(0.0, 8.0 * scale);
    let middle = output + (input - output) * 0.5;
    person.drag(header, Pos2::new(middle.x, middle.y - 40.0 * scale));
    let wires: Vec<String> = {
        let workflow = person.window.state().workflow().unwrap();
        workflow.connections().map(|(to, from)| format!("{from} -> {to}")).collect()
    };
    assert_eq!(wires, ["a.text -> b.in1", "b.text -> c.in1"]);
    assert_eq!((person.way("b"), person.way("c")), (way[..1].to_vec(), way[1..].to_vec()));
    person.press("Node Middle");
    person.key(Modifiers::COMMAND, Key::Delete);
    assert_eq!(person.way("c"), way, "healed, it has all of them again");
}

#[test]
fn bends_are_saved_copied_and_straightened_by_tidying_what_comes_to_lie_otherwise() {
    let mut person = Person::at(FAR);
    let middle = person.at_of(WIRE);
    person.click_twice(middle);
    let way = person.way("c");
    person.key(Modifiers::COMMAND, Key::S);
    let saved = load(&person.path()).unwrap();
    assert_eq!(saved.way(&PortRef::new("c", "in1")), way);

    person.key(Modifiers::COMMAND, Key::A);
    person.key(Modifiers::COMMAND, Key::D);
    let ways: Vec<Vec<Position>> = {
        let workflow = person.window.state().workflow().unwrap();
        workflow.ways().map(|(_, way)| way.to_vec()).collect()
    };
    assert_eq!(ways.len(), 2);
    assert!(ways.contains(&vec![Position(way[0].0 + 32.0, way[0].1 + 32.0)]), "{ways:?}");
    person.undo_once();
    person.press("Canvas");
    person.key(Modifiers::NONE, Key::L);
    assert_eq!(person.way("c"), [], "the report comes closer");
    person.undo_once();
    assert_eq!(person.way("c"), way, "one step");
}

#[test]
fn a_wire_of_which_an_end_is_moved_keeps_its_bends() {
    let mut person = Person::at(FAR);
    let middle = person.at_of(WIRE);
    person.click_twice(middle);
    let way = person.way("c");
    let (from, to) = (person.at_of("Report input in1"), person.at_of("Middle input in1"));
    person.drag(from, to);
    assert_eq!((person.way("c"), person.way("b")), (vec![], way.clone()));
    let (from, to) = (person.at_of("Source output text"), person.at_of("Report output text"));
    person.drag_with(from, to, Modifiers::COMMAND);
    assert_eq!(
        person.window.state().workflow().unwrap().feed(&PortRef::new("b", "in1")).unwrap().to_string(),
        "c.text"
    );
    assert_eq!(person.way("b"), way);
}
