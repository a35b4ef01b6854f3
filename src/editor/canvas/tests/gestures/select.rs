//! What is selected, named and asked about.

use egui::{Key, Modifiers, PointerButton, pos2, vec2};
use egui_kittest::kittest::Queryable as _;

use crate::editor::canvas::tests::small_app::{
    SmallApp, center, click_at, double_click_at, drag, drag_with, edits, position, selection, three, window, window_of,
};
use crate::workflow::Position;

#[test]
fn a_click_selects_and_a_click_beside_selects_nothing() {
    let mut window = window(three());
    window.get_by_label("Node Reader").click();
    window.run();
    assert_eq!(selection(&window), ["reader"]);
    click_at(&mut window, pos2(50.0, 600.0), PointerButton::Primary, Modifiers::NONE);
    assert_eq!(selection(&window), [""; 0]);
}

#[test]
fn shift_adds_and_ctrl_toggles() {
    let mut window = window(three());
    window.get_by_label("Node Reader").click();
    window.run();
    let keeper = center(&window, "Node Keeper");
    click_at(&mut window, keeper, PointerButton::Primary, Modifiers::SHIFT);
    assert_eq!(selection(&window), ["keeper", "reader"]);
    click_at(&mut window, keeper, PointerButton::Primary, Modifiers::COMMAND);
    assert_eq!(selection(&window), ["reader"]);
    click_at(&mut window, pos2(50.0, 600.0), PointerButton::Primary, Modifiers::SHIFT);
    assert_eq!(selection(&window), ["reader"], "a miss with Shift loses nothing");
}

#[test]
fn a_box_selects_what_it_touches() {
    let mut window = window(three());
    drag(&mut window, pos2(420.0, 600.0), pos2(700.0, 130.0));
    assert_eq!(selection(&window), ["keeper", "letter"]);
    drag_with(&mut window, pos2(50.0, 50.0), pos2(150.0, 150.0), Modifiers::SHIFT);
    assert_eq!(selection(&window), ["keeper", "letter", "reader"]);
}

#[test]
fn seen_from_afar_nodes_are_still_selected_and_moved() {
    let mut app = SmallApp::new(three());
    app.canvas.set_view(Position(500.0, 350.0), 0.1);
    let mut window = window_of(app);
    let reader = pos2(500.0, 350.0) + vec2(200.0 - 500.0, 150.0 - 350.0) * 0.1;
    click_at(&mut window, reader, PointerButton::Primary, Modifiers::NONE);
    assert_eq!(selection(&window), ["reader"]);
    assert!(window.state().canvas.status().starts_with("Reader (Read CSV)"));
    drag(&mut window, reader, reader + vec2(0.0, 40.0));
    assert_eq!(position(&window, "reader"), Position(100.0, 500.0));
}

#[test]
fn a_double_click_on_the_title_renames() {
    let mut window = window(three());
    double_click_at(&mut window, pos2(180.0, 114.0));
    window.get_by_label("Title of Reader").type_text("Birds ");
    window.run();
    window.key_press(Key::Enter);
    window.run();
    assert_eq!(edits(&window).len(), 1);
    assert!(window.state().workflow.node(&"reader".into()).unwrap().title.contains("Birds"));
    assert!(window.query_by_label("Title of Reader").is_none());
}

#[test]
fn escape_leaves_the_title_as_it_was() {
    let mut window = window(three());
    window.state_mut().canvas.begin_rename("keeper".into());
    window.run();
    window.get_by_label("Title of Keeper").type_text("nonsense");
    window.run();
    window.key_press(Key::Escape);
    window.run();
    assert_eq!(edits(&window), [""; 0]);
    assert!(window.query_by_label("Title of Keeper").is_none());
}

#[test]
fn a_right_click_elsewhere_moves_the_menu() {
    let mut window = window(three());
    click_at(&mut window, pos2(60.0, 600.0), PointerButton::Secondary, Modifiers::NONE);
    assert!(window.query_by_label("Select all").is_some());
    window.get_by_label("Node Letter").click_secondary();
    window.run();
    assert!(window.query_by_label("Select all").is_none());
    assert!(window.query_by_label("Pin Results").is_some());
}
