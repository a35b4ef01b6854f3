//! What hands do.

use egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, TouchPhase, pos2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::small_app::{
    Window, center, choose, click_at, double_click_at, drag, drag_button, drag_with, drag_without_drop, edits, end,
    let_go, position, selection, three, window, window_of, workflow,
};
use crate::{
    editor::{Command, WireEnd, canvas::tests::small_app::SmallApp},
    workflow::{KindId, Position},
};

fn wheel(window: &mut Window, delta: egui::Vec2, source: MouseWheelSource) {
    let unit = MouseWheelUnit::Point;
    window.event(Event::MouseWheel { unit, delta, source, phase: TouchPhase::Move, modifiers: Modifiers::NONE });
    window.run();
}

fn feed(window: &Window, input: &str) -> Option<String> {
    window.state().workflow.feed(&end(input)).map(ToString::to_string)
}

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

#[test]
fn a_wire_is_drawn_from_output_to_input_and_back() {
    let mut window = window(three());
    let (output, input) = (center(&window, "Reader output out"), center(&window, "Keeper input in"));
    drag(&mut window, output, input);
    assert_eq!(edits(&window), ["Connect reader.out to keeper.in"]);
    assert_eq!(feed(&window, "keeper.in").as_deref(), Some("reader.out"));

    let mut backwards = super::small_app::window(three());
    drag(&mut backwards, input, output);
    assert_eq!(feed(&backwards, "keeper.in").as_deref(), Some("reader.out"));
}

#[test]
fn a_port_that_refuses_says_why_and_takes_nothing() {
    let mut window = window(workflow(&[("plot", "plot", 100.0, 100.0), ("keeper", "filter", 450.0, 160.0)], &[]));
    let (output, input) = (center(&window, "Plot output out"), center(&window, "Keeper input in"));
    drag_without_drop(&mut window, output, input, Modifiers::NONE);
    assert!(window.query_by_label_contains("plot.out gives Image, keeper.in takes Table").is_some());
    let_go(&mut window, input, Modifiers::NONE);
    assert_eq!(edits(&window), [""; 0]);
    assert!(window.query_by_label("Search nodes").is_none(), "a port is not empty canvas");
}

#[test]
fn a_circle_is_refused() {
    let nodes = [("first", "filter", 100.0, 100.0), ("second", "filter", 450.0, 100.0)];
    let mut window = window(workflow(&nodes, &["first.out -> second.in"]));
    let (output, input) = (center(&window, "Second output out"), center(&window, "First input in"));
    drag_without_drop(&mut window, output, input, Modifiers::NONE);
    assert!(window.query_by_label_contains("circle").is_some());
    let_go(&mut window, input, Modifiers::NONE);
    assert_eq!(edits(&window), [""; 0]);
}

#[test]
fn a_wire_that_joins_sibling_loops_is_refused_saying_why() {
    let nodes = [("one", "each", 100.0, 100.0), ("other", "each", 100.0, 300.0), ("pair", "join", 450.0, 160.0)];
    let mut window = window(workflow(&nodes, &["one.item -> pair.left"]));
    let (output, right) = (center(&window, "Other output item"), center(&window, "Pair input right"));
    drag_without_drop(&mut window, output, right, Modifiers::NONE);
    assert!(window.query_by_label_contains("two sibling loops, one and other").is_some());
    let_go(&mut window, right, Modifiers::NONE);
    assert_eq!(edits(&window), [""; 0]);
    // In place of the other loop's wire it fits.
    let left = center(&window, "Pair input left");
    drag(&mut window, output, left);
    assert_eq!(feed(&window, "pair.left").as_deref(), Some("other.item"));
}

#[test]
fn a_new_wire_takes_the_place_of_the_old_one() {
    let nodes = [("one", "read", 100.0, 100.0), ("other", "read", 100.0, 300.0), ("keeper", "filter", 450.0, 160.0)];
    let mut window = window(workflow(&nodes, &["one.out -> keeper.in"]));
    let (output, input) = (center(&window, "Other output out"), center(&window, "Keeper input in"));
    drag(&mut window, output, input);
    assert_eq!(feed(&window, "keeper.in").as_deref(), Some("other.out"));
}

#[test]
fn a_wire_dragged_off_its_input_goes_to_another_or_away() {
    let nodes = [("reader", "read", 100.0, 100.0), ("pair", "join", 450.0, 160.0)];
    let mut window = window(workflow(&nodes, &["reader.out -> pair.left"]));
    let (left, right) = (center(&window, "Pair input left"), center(&window, "Pair input right"));
    drag(&mut window, left, right);
    assert_eq!((feed(&window, "pair.left"), feed(&window, "pair.right").as_deref()), (None, Some("reader.out")));
    drag(&mut window, right, pos2(300.0, 500.0));
    assert_eq!(feed(&window, "pair.right"), None);
    assert_eq!(edits(&window), ["Connect reader.out to pair.right", "Disconnect pair.right"]);
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
fn the_wheel_zooms_to_the_pointer() {
    let mut window = window(three());
    let at = pos2(700.0, 200.0);
    window.hover_at(at);
    window.run();
    let before = window.state().canvas.pointer_scene().unwrap();
    wheel(&mut window, vec2(0.0, 90.0), MouseWheelSource::Wheel);
    assert!(window.state().canvas.zoom() > 1.2, "{}", window.state().canvas.zoom());
    let after = window.state().canvas.pointer_scene().unwrap();
    assert!((before.0 - after.0).abs() < 0.1 && (before.1 - after.1).abs() < 0.1, "{before:?} {after:?}");
    for _ in 0..40 {
        wheel(&mut window, vec2(0.0, -400.0), MouseWheelSource::Wheel);
    }
    assert_eq!(window.state().canvas.zoom(), 0.05);
}

#[test]
fn two_fingers_and_the_middle_button_and_space_pan() {
    let mut window = window(three());
    window.hover_at(pos2(700.0, 600.0));
    window.run();
    wheel(&mut window, vec2(-40.0, 20.0), MouseWheelSource::Trackpad);
    let Position(x, y) = window.state().canvas.center();
    assert!((x - 540.0).abs() < 1.0 && (y - 330.0).abs() < 1.0, "{x} {y}");
    assert_eq!(window.state().canvas.zoom(), 1.0);

    window.state_mut().canvas.set_view(Position(500.0, 350.0), 1.0);
    let node = pos2(200.0, 150.0);
    drag_button(&mut window, node, node + vec2(60.0, 30.0), PointerButton::Middle);
    assert_eq!(window.state().canvas.center(), Position(440.0, 320.0));

    window.key_down(Key::Space);
    drag(&mut window, pos2(700.0, 600.0), pos2(640.0, 570.0));
    window.key_up(Key::Space);
    window.run();
    assert_eq!(window.state().canvas.center(), Position(500.0, 350.0));
    assert_eq!(edits(&window), [""; 0], "nothing moved but the view");
}

#[test]
fn fitting_shows_every_node() {
    let mut window = window(workflow(&[("far", "read", -4000.0, -2000.0), ("away", "read", 3000.0, 2500.0)], &[]));
    assert!(window.query_by_label("Node Far").is_none(), "nodes out of view are left out");
    window.state_mut().canvas.fit_all();
    window.run();
    assert!(window.state().canvas.zoom() < 0.15);
    window.state_mut().canvas.fit(&["far".into()]);
    window.run();
    let canvas = window.get_by_label("Canvas").rect();
    assert!(canvas.contains_rect(window.get_by_label("Node Far").rect()));
    window.state_mut().canvas.fit_all();
    window.run();
    window.state_mut().canvas.zoom_reset();
    assert_eq!(window.state().canvas.zoom(), 1.0);
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
fn a_wire_is_disconnected_by_its_menu() {
    let nodes = [("reader", "read", 100.0, 100.0), ("keeper", "filter", 450.0, 160.0)];
    let mut window = window(workflow(&nodes, &["reader.out -> keeper.in"]));
    choose(&mut window, "Wire Reader out to Keeper in", "Disconnect");
    assert_eq!(feed(&window, "keeper.in"), None);
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
    window.get_by_label("Fit all").click();
    window.run();
    assert_ne!(window.state().canvas.center(), Position(500.0, 350.0));
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

#[test]
fn places_out_of_this_world_are_shown_within_it() {
    let nodes = [("nowhere", "read", f32::NAN, f32::INFINITY), ("reader", "read", 100.0, 1e30)];
    let mut window = window(workflow(&nodes, &[]));
    window.state_mut().canvas.fit_all();
    window.run();
    assert!(window.state().canvas.center().0.is_finite());
    window.state_mut().canvas.fit(&["nowhere".into()]);
    window.run();
    assert!(window.query_by_label("Node Nowhere").is_some());
}
