//! Nodes that are moved.

use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable as _;

use crate::editor::canvas::tests::small_app::{
    SmallApp, center, drag, drag_with, drag_without_drop, edits, let_go, position, selection, three, window, window_of,
};
use crate::workflow::Position;

#[test]
fn a_drag_moves_a_node_as_one_edit_and_snaps_to_the_grid() {
    let mut window = window(three());
    let from = center(&window, "Node Reader");
    drag(&mut window, from, from + vec2(83.0, 47.0));
    assert_eq!(edits(&window), ["Move Reader"]);
    assert_eq!(position(&window, "reader"), Position(180.0, 150.0));
    assert_eq!(selection(&window), ["reader"]);
}

#[test]
fn alt_suspends_the_grid() {
    let mut window = window(three());
    let from = center(&window, "Node Reader");
    drag_with(&mut window, from, from + vec2(83.0, 47.0), Modifiers::ALT);
    assert_eq!(position(&window, "reader"), Position(183.0, 147.0));
}

#[test]
fn a_drag_moves_the_whole_selection() {
    let mut app = SmallApp::new(three());
    app.selection = ["reader".into(), "letter".into()].into();
    let mut window = window_of(app);
    let from = center(&window, "Node Reader");
    drag(&mut window, from, from + vec2(0.0, 100.0));
    assert_eq!(edits(&window), ["Move 2 nodes"]);
    assert_eq!(position(&window, "letter"), Position(450.0, 520.0));
    assert_eq!(position(&window, "keeper"), Position(450.0, 160.0));
}

#[test]
fn escape_gives_up_a_drag() {
    let mut window = window(three());
    let from = center(&window, "Node Reader");
    drag_without_drop(&mut window, from, from + vec2(90.0, 0.0), Modifiers::NONE);
    assert_eq!(window.get_by_label("Node Reader").rect().center(), from + vec2(90.0, 0.0), "drawn where it is held");
    window.key_press(Key::Escape);
    window.run();
    let_go(&mut window, from + vec2(90.0, 0.0), Modifiers::NONE);
    assert_eq!(edits(&window), [""; 0]);
    assert_eq!(center(&window, "Node Reader"), from);
}
