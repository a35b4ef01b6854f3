//! Nodes that are added.

use egui::{Event, Key, Modifiers, PointerButton, pos2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::editor::canvas::tests::small_app::{
    center, click_at, double_click_at, drag, drag_without_drop, end, let_go, three, window, workflow,
};
use crate::editor::{Command, WireEnd};
use crate::workflow::{KindId, Position};

#[test]
fn a_double_click_opens_the_search_and_enter_adds() {
    let mut window = window(three());
    double_click_at(&mut window, pos2(200.0, 500.0));
    window.get_by_label("Search nodes").type_text("plt");
    window.run();
    window.key_press(Key::Enter);
    window.run();
    assert!(window.query_by_label("Search nodes").is_none());
    let Some(Command::AddNode { kind, position, connect: None }) = window.state().commands.last() else {
        panic!("{:?}", window.state().commands)
    };
    assert_eq!((kind, *position), (&KindId::from("plot"), Position(190.0, 490.0)));
}

#[test]
fn arrows_choose_and_escape_closes_the_search() {
    let mut window = window(three());
    window.hover_at(pos2(200.0, 500.0));
    window.run();
    window.state_mut().canvas.open_search();
    window.run();
    window.get_by_label("Search nodes").type_text("table");
    window.run();
    window.key_press(Key::ArrowDown);
    window.run();
    let rows: Vec<_> = window.get_all_by_label_contains("Add ").collect();
    let chosen = rows.iter().position(|row| row.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True));
    assert_eq!(chosen.map(|chosen| chosen > 0), Some(true));
    window.key_press(Key::Escape);
    window.run();
    assert!(window.query_by_label("Search nodes").is_none());
    assert!(window.state().commands.is_empty());
}

#[test]
fn a_found_kind_is_added_by_a_click() {
    let mut window = window(three());
    double_click_at(&mut window, pos2(200.0, 450.0));
    window.get_by_label("Add Send mail").click();
    window.run();
    assert!(matches!(window.state().commands.last(), Some(Command::AddNode { kind, .. }) if kind.as_str() == "mail"));
}

#[test]
fn tab_and_shift_a_open_the_search_at_the_pointer() {
    for (modifiers, key) in [(Modifiers::NONE, Key::Tab), (Modifiers::SHIFT, Key::A)] {
        let mut window = window(three());
        window.hover_at(pos2(200.0, 450.0));
        window.run();
        window.key_press_modifiers(modifiers, key);
        window.run();
        assert!(window.get_by_label("Search nodes").is_focused(), "{key:?}");
    }
}

#[test]
fn a_click_elsewhere_closes_the_search() {
    let mut window = window(three());
    double_click_at(&mut window, pos2(60.0, 300.0));
    click_at(&mut window, pos2(900.0, 650.0), PointerButton::Primary, Modifiers::NONE);
    assert!(window.query_by_label("Search nodes").is_none());
}

#[test]
fn a_wire_dropped_on_empty_canvas_asks_for_a_kind_that_fits() {
    let mut window = window(workflow(&[("plot", "plot", 100.0, 100.0)], &[]));
    let output = center(&window, "Plot output out");
    drag(&mut window, output, pos2(600.0, 400.0));
    assert!(window.query_by_label("Add Send mail").is_some());
    assert!(window.query_by_label("Add Filter rows").is_none(), "it takes no picture");
    window.key_press(Key::Enter);
    window.run();
    let Some(Command::AddNode { kind, connect, .. }) = window.state().commands.last() else {
        panic!("{:?}", window.state().commands)
    };
    assert_eq!(*kind, KindId::from("mail"));
    assert_eq!(*connect, Some(WireEnd::Output(end("plot.out"))));
}

#[test]
fn the_canvas_offers_adding_selecting_and_fitting() {
    let mut window = window(three());
    click_at(&mut window, pos2(60.0, 600.0), PointerButton::Secondary, Modifiers::NONE);
    window.get_by_label("Select all").click();
    window.run();
    assert!(matches!(window.state().commands.last(), Some(Command::SelectAll)));
    click_at(&mut window, pos2(60.0, 600.0), PointerButton::Secondary, Modifiers::NONE);
    window.get_by_label("Add node…").click();
    window.run();
    assert!(window.query_by_label("Search nodes").is_some());
    window.key_press(Key::Escape);
    window.run();
    click_at(&mut window, pos2(60.0, 600.0), PointerButton::Secondary, Modifiers::NONE);
    window.get_by_label("Show all").click();
    window.run();
    assert_ne!(window.state().canvas.center(), Position(500.0, 350.0));
}

#[test]
fn a_kind_dragged_from_the_library_is_added_where_it_is_dropped() {
    let mut window = window(three());
    window.event(Event::PointerMoved(pos2(300.0, 500.0)));
    drag_without_drop(&mut window, pos2(300.0, 600.0), pos2(300.0, 500.0), Modifiers::NONE);
    window.key_press(Key::Escape);
    window.run();
    egui::DragAndDrop::set_payload(&window.ctx, KindId::from("plot"));
    let_go(&mut window, pos2(300.0, 500.0), Modifiers::NONE);
    let Some(Command::AddNode { kind, position, connect: None }) = window.state().commands.last() else {
        panic!("{:?}", window.state().commands)
    };
    assert_eq!((kind, *position), (&KindId::from("plot"), Position(200.0, 490.0)));
}

#[test]
fn keys_are_the_canvas_s_while_something_is_open() {
    let mut window = window(three());
    assert!(!window.state().canvas.takes_keys());
    window.state_mut().canvas.open_search();
    window.run();
    assert!(window.state().canvas.takes_keys());
    window.key_press(Key::Escape);
    window.run();
    assert!(!window.state().canvas.takes_keys());
    drag_without_drop(&mut window, pos2(60.0, 600.0), pos2(200.0, 650.0), Modifiers::NONE);
    assert!(window.state().canvas.takes_keys());
}
