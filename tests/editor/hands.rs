//! What hands do on the canvas: numbers dragged on nodes, nodes and bends moved as one, frames taken to another tab; and
//! the thumbnails of what nodes gave.

use std::{fs, sync::Arc};

use egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::kittest::Queryable as _;
use pinflow::{
    value::Value,
    workflow::{PortRef, Position},
};

use crate::person::{FLOW, Person, open};

/// A picture that is made small, and again where nobody is to see it.
const PICTURES: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FB1",
  name: "Pictures",
  nodes: {
    "p": (kind: "read_image", title: "Photo", position: (0.0, 0.0), parameters: {"path": "red.png"}),
    "s": (kind: "resize_image", title: "Small", position: (280.0, 0.0), parameters: {"width": 8, "height": 8}),
    "h": (kind: "resize_image", title: "Hidden", position: (560.0, 0.0), parameters: {"width": 9, "height": 9},
      settings: (sensitive: Yes)),
  },
  connections: ["p.image -> s.image", "p.image -> h.image"],
)
"#;

/// A source that feeds a report far to the right, over a bend, and a node beside them.
const BENT: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FB2",
  name: "Bent",
  nodes: {
    "a": (kind: "text", title: "Source", position: (0.0, 0.0), parameters: {"text": "penguins"}),
    "b": (kind: "template", title: "Middle", position: (250.0, 260.0), parameters: {"template": "{{ in1 }}b"}),
    "c": (kind: "template", title: "Report", position: (900.0, 0.0), parameters: {"template": "{{ in1 }}c"}),
  },
  connections: ["a.text -> c.in1"],
  ways: {"c.in1": [(600.0, 200.0)]},
)
"#;

const BEND: &str = "Bend 1 of wire Source text to Report in1";

impl Person {
    fn stands_at(&self, node: &'static str) -> Position {
        self.window.state().workflow().unwrap().node(&node.into()).unwrap().position
    }

    fn bend(&self) -> Position {
        self.window.state().workflow().unwrap().way(&PortRef::new("c", "in1"))[0]
    }

    fn middle_of(&self, label: &str) -> Pos2 {
        self.window.get_by_label(label).rect().center()
    }

    fn header_of(&self, title: &str) -> Pos2 {
        self.window.get_by_label(&format!("Node {title}")).rect().center_top() + vec2(0.0, 8.0)
    }

    fn clicks(&mut self, pos: Pos2, modifiers: Modifiers) {
        self.drag_with(pos, pos, modifiers);
    }

    /// Returns how many points on the screen one scene unit is.
    fn points(&self, title: &str) -> f32 {
        self.window.get_by_label(&format!("Node {title}")).rect().width() / 200.0
    }
}

fn has_thumbnail(person: &Person, says: &str) -> bool {
    person.window.query_by_label(&format!("Thumbnail {says}")).is_some()
}

#[test]
fn a_node_that_gave_a_picture_shows_it_small_and_is_as_high_as_before() {
    let mut person = Person::at(PICTURES);
    image::RgbaImage::from_pixel(900, 450, image::Rgba([200, 0, 0, 255]))
        .save(person.folder.path().join("red.png"))
        .unwrap();
    let size = |person: &Person| person.window.get_by_label("Node Photo").rect().size();
    let before = size(&person);
    assert!(!has_thumbnail(&person, "Photo"));
    person.press("Run");
    person.sees("Photo", "ms");
    assert!(has_thumbnail(&person, "Photo") && has_thumbnail(&person, "Small"));
    assert!(has_thumbnail(&person, "Hidden: hidden") && !has_thumbnail(&person, "Hidden"));
    assert_eq!(size(&person), before);
    let thumbnail = person.window.get_by_label("Thumbnail Photo").rect();
    assert!(person.window.get_by_label("Node Photo").rect().contains_rect(thumbnail));

    person.press("Node Photo");
    person.key(Modifiers::ALT, Key::C);
    assert!(!has_thumbnail(&person, "Photo"), "a collapsed node shows none");
    person.key(Modifiers::ALT, Key::C);
    assert!(has_thumbnail(&person, "Photo"));

    // What lies in the store is read from there.
    let Person { folder, window } = person;
    drop(window);
    let mut person = Person { window: open(&folder, None), folder };
    person.settle();
    assert!(!has_thumbnail(&person, "Photo"));
    person.press("Continue");
    assert!(has_thumbnail(&person, "Photo") && has_thumbnail(&person, "Small"));
}

#[test]
fn a_number_is_dragged_on_its_row_in_one_step_and_its_node_stays() {
    let mut person = Person::at(PICTURES);
    let before = person.stands_at("s");
    let row = |person: &Person, says: &str| person.middle_of(&format!("Small Width: {says}"));
    let at = row(&person, "8 px");
    person.drag(at, at + vec2(40.0, 3.0));
    assert_eq!(person.parameter("s", "width"), Some(Value::Int(48)));
    assert_eq!(person.stands_at("s"), before);
    let at = row(&person, "48 px");
    person.drag_with(at, at + vec2(40.0, 0.0), Modifiers::SHIFT);
    assert_eq!(person.parameter("s", "width"), Some(Value::Int(52)), "finer with Shift");
    let at = row(&person, "52 px");
    person.drag(at, at - vec2(200.0, 0.0));
    assert_eq!(person.parameter("s", "width"), Some(Value::Int(1)), "no further than its range");
    for width in [52, 48, 8] {
        person.key(Modifiers::COMMAND, Key::Z);
        assert_eq!(person.parameter("s", "width"), Some(Value::Int(width)));
    }
    assert_eq!(person.stands_at("s"), before);
}

#[test]
fn a_number_in_the_hand_is_put_back_by_escape_and_typed_after_a_click() {
    let mut person = Person::at(PICTURES);
    let at = person.middle_of("Small Height: 8 px");
    person.window.event(Event::PointerMoved(at));
    let button =
        |pressed| Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
    person.window.event(button(true));
    person.window.event(Event::PointerMoved(at + vec2(60.0, 0.0)));
    person.window.run_steps(2);
    person.key(Modifiers::NONE, Key::Escape);
    person.window.event(button(false));
    person.settle();
    assert_eq!(person.parameter("s", "height"), Some(Value::Int(8)));
    person.press("Small Height: 8 px");
    person.window.event(Event::Text("31".to_owned()));
    person.settle();
    person.key(Modifiers::NONE, Key::Enter);
    assert_eq!(person.parameter("s", "height"), Some(Value::Int(31)));
}

#[test]
fn nodes_and_single_bends_that_are_selected_move_as_one_in_one_step() {
    let mut person = Person::at(BENT);
    let (middle, bend, scale) = (person.stands_at("b"), person.bend(), person.points("Middle"));
    person.press("Node Middle");
    let at = person.middle_of(BEND);
    person.clicks(at, Modifiers::SHIFT);
    let from = person.header_of("Middle");
    person.drag(from, from + vec2(50.0, 30.0) * scale);
    let moved = person.stands_at("b");
    let by = (moved.0 - middle.0, moved.1 - middle.1);
    assert!(by.0 > 20.0 && by.1 > 10.0, "{by:?}");
    assert_eq!(person.bend(), Position(bend.0 + by.0, bend.1 + by.1));
    assert_eq!(person.stands_at("c"), Position(900.0, 0.0));
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!((person.stands_at("b"), person.bend()), (middle, bend));

    // The same by the bend, and by key.
    let from = person.middle_of(BEND);
    person.drag(from, from + vec2(-40.0, 20.0) * scale);
    let by = (person.bend().0 - bend.0, person.bend().1 - bend.1);
    assert!(by.0 < -10.0, "{by:?}");
    assert_eq!(person.stands_at("b"), Position(middle.0 + by.0, middle.1 + by.1));
    person.key(Modifiers::COMMAND, Key::Z);
    person.key(Modifiers::COMMAND, Key::ArrowRight);
    assert_eq!((person.stands_at("b").0, person.bend().0), (middle.0 + 10.0, bend.0 + 10.0));
    person.key(Modifiers::COMMAND, Key::Z);
    person.key(Modifiers::NONE, Key::Delete);
    let workflow = Arc::clone(person.window.state().workflow().unwrap());
    assert_eq!((workflow.n_nodes(), workflow.ways().len(), workflow.connections().len()), (2, 0, 1));
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!((person.stands_at("b"), person.bend()), (middle, bend));
}

#[test]
fn a_box_chooses_nodes_and_bends_and_a_click_elsewhere_leaves_both() {
    let mut person = Person::at(BENT);
    let (middle, bend) = (person.stands_at("b"), person.bend());
    let node = person.window.get_by_label("Node Middle").rect();
    let end = person.middle_of(BEND) - vec2(-12.0, 12.0);
    person.drag(node.left_bottom() + vec2(-10.0, 10.0), end);
    person.key(Modifiers::COMMAND, Key::ArrowDown);
    assert_eq!((person.stands_at("b").1, person.bend().1), (middle.1 + 10.0, bend.1 + 10.0));
    person.press("Node Report");
    person.key(Modifiers::COMMAND, Key::ArrowDown);
    assert_eq!((person.stands_at("b").1, person.bend().1), (middle.1 + 10.0, bend.1 + 10.0), "only the report moved");
    assert_eq!(person.stands_at("c").1, 10.0);
}

#[test]
fn a_frame_let_go_over_another_tab_is_copied_there_with_its_nodes() {
    let mut person = Person::at(FLOW);
    let other = person.folder.path().join("other.flow.ron");
    fs::write(&other, BENT).unwrap();
    person.press("Node Middle");
    let at = person.header_of("Report");
    person.clicks(at, Modifiers::SHIFT);
    person.key(Modifiers::COMMAND, Key::G);
    let before = Arc::clone(person.window.state().workflow().unwrap());
    person.key(Modifiers::COMMAND, Key::O);
    person.window.get_by_role_and_label(egui::Role::TextInput, "Path").focus();
    person.settle();
    person.key(Modifiers::COMMAND, Key::A);
    person.window.get_by_role_and_label(egui::Role::TextInput, "Path").type_text(&other.display().to_string());
    person.settle();
    person.press("Open file");
    let tab = |person: &Person, name: &str| {
        person.window.get_by_label_contains(&format!("Tab {name}")).rect().left_center() + vec2(20.0, 0.0)
    };
    person.press("Tab small, unsaved changes");
    let (from, to) = (person.middle_of("Frame Frame"), tab(&person, "other"));
    person.drag(from, to);
    let after = Arc::clone(person.window.state().workflow().unwrap());
    assert_eq!((after.name(), after.n_nodes(), after.frames().len()), ("Bent", 5, 1));
    let frame = after.frames().next().unwrap().1;
    let inner = after.nodes().filter(|(_, node)| node.title == "Report" || node.title == "Middle");
    let inside = inner.filter(|(_, node)| {
        (frame.position.0..frame.position.0 + frame.size.0).contains(&node.position.0)
            && (frame.position.1..frame.position.1 + frame.size.1).contains(&node.position.1)
    });
    assert_eq!(inside.count(), 2, "they stand in the frame as they did");
    assert_eq!(after.connections().len(), 2, "with the wire between them");
    person.key(Modifiers::COMMAND, Key::Z);
    let undone = Arc::clone(person.window.state().workflow().unwrap());
    assert_eq!((undone.n_nodes(), undone.frames().len()), (3, 0));
    person.press("Tab small, unsaved changes");
    assert!(person.window.state().workflow().unwrap().same_content(&before), "where it came from nothing changed");
}
