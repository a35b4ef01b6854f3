//! Where nodes stand: lining up, tidying, frames, notes, collapsing, the map, finding.

use std::sync::Arc;

use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, Role, vec2};
use egui_kittest::kittest::Queryable as _;
use pinflow::workflow::{Frame, FrameColor, Node, NodeId, Position, Workflow};

use crate::person::Person;

const SCATTERED: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAW",
  name: "Scattered",
  nodes: {
    "a": (kind: "text", title: "Source", position: (0.0, 0.0), parameters: {"text": "penguins"}),
    "b": (kind: "template", title: "Left", position: (310.0, 250.0), parameters: {"template": "{{ in1 }}b"}),
    "c": (kind: "template", title: "Right", position: (620.0, 40.0), parameters: {"template": "{{ in1 }}c"}),
    "d": (kind: "merge", title: "Both", position: (330.0, 30.0)),
  },
  connections: ["a.text -> b.in1", "a.text -> c.in1", "b.text -> d.in1", "c.text -> d.in2"],
)
"#;

impl Person {
    fn workflow(&self) -> &Arc<Workflow> {
        self.window.state().workflow().unwrap()
    }

    fn node(&self, id: &'static str) -> &Arc<Node> {
        self.workflow().node(&NodeId::from(id)).unwrap()
    }

    fn place(&self, id: &'static str) -> Position {
        self.node(id).position
    }

    fn frame(&self) -> Frame {
        self.workflow().frames().next().unwrap().1.clone()
    }

    fn rect(&self, label: &str) -> Rect {
        self.window.get_by_label(label).rect()
    }

    /// Clicks a node, adding it to what is selected.
    fn select_also(&mut self, title: &str) {
        let at = self.rect(&format!("Node {title}")).center_top() + vec2(0.0, 6.0);
        self.click(at, Modifiers::SHIFT);
    }

    fn click(&mut self, pos: Pos2, modifiers: Modifiers) {
        self.window.event(Event::ModifiersChanged(modifiers));
        self.window.event(Event::PointerMoved(pos));
        for pressed in [true, false] {
            self.window.event(Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers });
        }
        self.window.event(Event::ModifiersChanged(Modifiers::NONE));
        self.settle();
    }

    fn double_click(&mut self, pos: Pos2) {
        self.window.event(Event::PointerMoved(pos));
        for pressed in [true, false, true, false] {
            let modifiers = Modifiers::NONE;
            self.window.event(Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers });
        }
        self.settle();
    }

    fn types(&mut self, text: &str) {
        self.window.event(Event::Text(text.to_owned()));
        self.settle();
    }

    pub(crate) fn undo(&mut self) {
        self.key(Modifiers::COMMAND, Key::Z);
    }
}

#[test]
fn selected_nodes_are_lined_up_by_letters_after_alt_a() {
    let mut person = Person::at(SCATTERED);
    let before = Arc::clone(person.workflow());
    person.press("Node Left");
    person.select_also("Both");
    person.key(Modifiers::ALT, Key::A);
    person.window.get_by_role_and_label(Role::MenuItem, "Align left");
    person.key(Modifiers::NONE, Key::L);
    assert!(person.window.query_by_label("Align left").is_none(), "the list is closed");
    assert_eq!((person.place("b"), person.place("d")), (Position(310.0, 250.0), Position(310.0, 30.0)));
    person.key(Modifiers::ALT, Key::A);
    person.key(Modifiers::NONE, Key::H);
    let middle = |id: &'static str, label: &str| {
        person.place(id).1 + 0.5 * person.rect(label).height() / (person.rect(label).width() / 200.0)
    };
    assert!((middle("b", "Node Left") - middle("d", "Node Both")).abs() < 1.0);
    person.undo();
    person.undo();
    assert!(person.workflow().same_content(&before));
    person.key(Modifiers::ALT, Key::A);
    person.key(Modifiers::NONE, Key::Escape);
    assert!(person.window.query_by_label("Align left").is_none());
    assert!(person.workflow().same_content(&before));
}

#[test]
fn selected_nodes_are_spread_with_equal_gaps() {
    let mut person = Person::at(SCATTERED);
    person.press("Node Source");
    person.select_also("Both");
    person.select_also("Right");
    person.key(Modifiers::ALT, Key::A);
    person.press("Spread horizontally");
    assert_eq!([person.place("a").0, person.place("d").0, person.place("c").0], [0.0, 310.0, 620.0]);
}

#[test]
fn l_tidies_from_left_to_right_and_a_second_time_changes_nothing() {
    let mut person = Person::at(SCATTERED);
    let before = Arc::clone(person.workflow());
    person.key(Modifiers::NONE, Key::L);
    let tidy = Arc::clone(person.workflow());
    assert!(!tidy.same_content(&before));
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|id| person.place(id));
    assert!(a.0 + 200.0 < b.0 && b.0 == c.0 && c.0 + 200.0 < d.0, "{a:?} {b:?} {c:?} {d:?}");
    person.key(Modifiers::NONE, Key::L);
    assert!(Arc::ptr_eq(person.workflow(), &tidy), "what is tidy stays, and there is nothing to undo");
    person.undo();
    assert!(person.workflow().same_content(&before), "tidying is one step");
}

#[test]
fn tidying_a_selection_leaves_the_others_and_keeps_frames_round_their_nodes() {
    let mut person = Person::at(SCATTERED);
    person.press("Node Left");
    person.key(Modifiers::COMMAND, Key::G);
    let source = person.place("a");
    person.press("Node Left");
    person.select_also("Right");
    person.select_also("Both");
    person.key(Modifiers::NONE, Key::L);
    assert_eq!(person.place("a"), source);
    let (frame, left) = (person.frame(), person.place("b"));
    assert_eq!((left.0 - frame.position.0, left.1 - frame.position.1), (20.0, 50.0));
    person.undo();
    assert_eq!(person.place("b"), Position(310.0, 250.0));
    assert_eq!(person.frame().position, Position(290.0, 200.0));
}

#[test]
fn ctrl_g_frames_the_selection_and_the_frame_carries_its_nodes() {
    let mut person = Person::at(SCATTERED);
    person.press("Node Left");
    person.select_also("Both");
    person.key(Modifiers::COMMAND, Key::G);
    let frame = person.frame();
    assert_eq!(frame.position, Position(290.0, -20.0));
    let zoom = person.rect("Node Left").width() / 200.0;
    let title = person.rect("Frame Frame").center();
    person.drag(title, title + vec2(-40.0, 60.0) * zoom);
    assert_eq!(person.frame().position, Position(250.0, 40.0));
    assert_eq!((person.place("b"), person.place("d")), (Position(270.0, 310.0), Position(290.0, 90.0)));
    assert_eq!((person.place("a"), person.place("c")), (Position(0.0, 0.0), Position(620.0, 40.0)));
    person.undo();
    assert_eq!((person.frame(), person.place("b")), (frame, Position(310.0, 250.0)), "one step takes all of it back");
    person.undo();
    assert_eq!(person.workflow().frames().len(), 0);
}

#[test]
fn a_frame_is_resized_by_its_edges_and_leaves_its_nodes() {
    let mut person = Person::at(SCATTERED);
    person.press("Node Left");
    person.key(Modifiers::COMMAND, Key::G);
    let frame = person.frame();
    let zoom = person.rect("Node Left").width() / 200.0;
    let title = person.rect("Frame Frame");
    let right = egui::pos2(title.right(), title.bottom() + 20.0);
    person.drag(right, right + vec2(50.0, 30.0) * zoom);
    assert_eq!(person.frame().size, (frame.size.0 + 50.0, frame.size.1));
    assert_eq!((person.frame().position, person.place("b")), (frame.position, Position(310.0, 250.0)));
    let corner = title.left_top();
    person.drag(corner, corner + vec2(-30.0, -20.0) * zoom);
    assert_eq!(person.frame().position, Position(frame.position.0 - 30.0, frame.position.1 - 20.0));
}

#[test]
fn a_frame_is_renamed_coloured_and_removed_without_its_nodes() {
    let mut person = Person::at(SCATTERED);
    person.press("Node Left");
    person.key(Modifiers::COMMAND, Key::G);
    let title = person.rect("Frame Frame").center();
    person.double_click(title);
    person.key(Modifiers::COMMAND, Key::A);
    person.types("Cleaning");
    person.key(Modifiers::NONE, Key::Enter);
    assert_eq!(person.frame().title, "Cleaning");
    person.window.get_by_label("Frame Cleaning").click_secondary();
    person.settle();
    let offered: Vec<Rect> = person.window.get_all_by_label("Blue frame").map(|swatch| swatch.rect()).collect();
    let in_menu = offered.iter().min_by(|one, other| one.left().total_cmp(&other.left())).unwrap().center();
    person.click(in_menu, Modifiers::NONE);
    assert_eq!((offered.len(), person.frame().color), (2, FrameColor::Blue), "the inspector offers them, too");
    person.press("Frame Cleaning");
    person.press("Violet frame");
    assert_eq!(person.frame().color, FrameColor::Violet);
    person.undo();
    person.press("Frame Cleaning");
    person.key(Modifiers::NONE, Key::F2);
    person.key(Modifiers::COMMAND, Key::A);
    person.types("Reading");
    person.key(Modifiers::NONE, Key::Enter);
    person.window.get_by_label("Title").click();
    person.settle();
    person.types(" in");
    person.press("Frame Reading");
    assert_eq!(person.frame().title, "Reading in", "typed in the inspector");
    person.right_click("Frame Reading in", "Select nodes in frame");
    assert!(person.window.query_by_label("Node title").is_some(), "one node is selected");
    person.press("Frame Reading in");
    person.key(Modifiers::NONE, Key::Delete);
    assert_eq!((person.workflow().frames().len(), person.workflow().n_nodes()), (0, 4));
    person.undo();
    assert_eq!(person.frame().color, FrameColor::Blue);
}

#[test]
fn c_opens_a_note_that_is_shown_at_the_node() {
    let mut person = Person::at(SCATTERED);
    person.press("Node Left");
    person.key(Modifiers::NONE, Key::C);
    person.types("Counts what\nis left");
    person.press("Canvas");
    assert_eq!(person.node("b").comment, "Counts what\nis left");
    person.press("Note of Left: Counts what\nis left");
    person.types("nothing");
    person.key(Modifiers::NONE, Key::Escape);
    assert_eq!(person.node("b").comment, "Counts what\nis left", "Escape gives up");
    person.undo();
    assert_eq!(person.node("b").comment, "");
}

#[test]
fn alt_c_collapses_to_title_and_ports_and_back() {
    let mut person = Person::at(SCATTERED);
    person.press("Node Both");
    let before = person.rect("Node Both").height();
    person.key(Modifiers::ALT, Key::C);
    assert!(person.node("d").collapsed);
    assert!(person.rect("Node Both").height() < 0.5 * before);
    let input = person.rect("Both input in2").center();
    assert!(person.rect("Node Both").expand(1.0).contains(input), "its ports stay, to be wired");
    person.key(Modifiers::ALT, Key::C);
    assert!(!person.node("d").collapsed);
    person.undo();
    assert!(person.node("d").collapsed);
}

#[test]
fn alt_u_and_alt_d_select_what_is_upstream_and_downstream() {
    let mut person = Person::at(SCATTERED);
    person.press("Node Left");
    person.key(Modifiers::ALT, Key::U);
    person.key(Modifiers::NONE, Key::Delete);
    let left: Vec<&str> = person.workflow().nodes().map(|(id, _)| id.as_str()).collect();
    assert_eq!(left, ["c", "d"]);
    person.undo();
    person.press("Node Left");
    person.key(Modifiers::ALT, Key::D);
    person.key(Modifiers::NONE, Key::Delete);
    let left: Vec<&str> = person.workflow().nodes().map(|(id, _)| id.as_str()).collect();
    assert_eq!(left, ["a", "c"]);
}

#[test]
fn the_minimap_goes_where_it_is_clicked_and_dragged() {
    let mut person = Person::at(SCATTERED);
    let before = person.rect("Node Source").center();
    let map = person.rect("Minimap");
    person.click(map.left_center() + vec2(20.0, 0.0), Modifiers::NONE);
    let clicked = person.rect("Node Source").center();
    assert!(clicked.x > before.x + 50.0, "the view went left: {before:?} {clicked:?}");
    let middle = map.left_center() + vec2(20.0, 0.0);
    person.drag(middle, middle + vec2(30.0, 0.0));
    let dragged = person.rect("Node Source").center();
    assert!(dragged.x < clicked.x - 50.0, "the view went right: {clicked:?} {dragged:?}");
    assert_eq!(person.place("a"), Position(0.0, 0.0), "nothing was moved");
    person.press("View");
    person.window.get_by_role_and_label(Role::MenuItem, "Minimap").click();
    person.settle();
    assert!(person.window.query_by_role_and_label(Role::Image, "Minimap").is_none());
    let mut person = person.restart();
    assert!(person.window.query_by_role_and_label(Role::Image, "Minimap").is_none(), "the choice is remembered");
    person.press("View");
    person.window.get_by_role_and_label(Role::MenuItem, "Minimap").click();
    person.settle();
    person.window.get_by_role_and_label(Role::Image, "Minimap");
}

#[test]
fn find_goes_through_titles_kinds_parameters_and_results() {
    let mut person = Person::at(SCATTERED);
    let find = |person: &mut Person, text: &str| {
        person.key(Modifiers::COMMAND, Key::F);
        person.key(Modifiers::COMMAND, Key::A);
        person.types(text);
    };
    let found = |person: &mut Person| {
        person.key(Modifiers::NONE, Key::Escape);
        person.key(Modifiers::NONE, Key::Delete);
        let gone: Vec<&str> = ["a", "b", "c", "d"]
            .into_iter()
            .filter(|id| person.workflow().node(&NodeId::from(*id)).is_none())
            .collect();
        let gone = gone.join(" ");
        person.undo();
        gone
    };
    for (text, expected) in [("right", "c"), ("MERGE", "d"), ("PENGUIN", "a"), ("}}b", "b")] {
        find(&mut person, text);
        person.window.get_by_label("1 found");
        person.key(Modifiers::NONE, Key::Enter);
        person.window.get_by_label("1 of 1");
        assert_eq!(found(&mut person), expected, "{text}");
    }
    find(&mut person, "template");
    person.key(Modifiers::NONE, Key::Enter);
    person.key(Modifiers::NONE, Key::Enter);
    person.window.get_by_label("2 of 2");
    assert_eq!(found(&mut person), "c");
    find(&mut person, "template");
    person.key(Modifiers::SHIFT, Key::Enter);
    person.window.get_by_label("2 of 2");
    person.press("Previous hit");
    person.window.get_by_label("1 of 2");
    assert_eq!(found(&mut person), "b");
    person.press("Run");
    find(&mut person, "penguinsbc");
    person.window.get_by_label("nothing found");
    find(&mut person, "penguinsb");
    person.key(Modifiers::NONE, Key::Enter);
    assert_eq!(found(&mut person), "b", "by what it gave");
    assert!(person.window.query_by_label("Find in the workflow").is_none());
}
