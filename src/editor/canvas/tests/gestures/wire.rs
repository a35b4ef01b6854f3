//! Wires that are drawn and taken away.

use egui::{Modifiers, pos2};
use egui_kittest::kittest::Queryable as _;

use crate::editor::canvas::tests::small_app::{
    self, Window, center, choose, drag, drag_without_drop, edits, end, let_go, three, window, workflow,
};

fn feed(window: &Window, input: &str) -> Option<String> {
    window.state().workflow.feed(&end(input)).map(ToString::to_string)
}

#[test]
fn a_wire_is_drawn_from_output_to_input_and_back() {
    let mut window = window(three());
    let (output, input) = (center(&window, "Reader output out"), center(&window, "Keeper input in"));
    drag(&mut window, output, input);
    assert_eq!(edits(&window), ["Connect reader.out to keeper.in"]);
    assert_eq!(feed(&window, "keeper.in").as_deref(), Some("reader.out"));

    let mut backwards = small_app::window(three());
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
fn a_wire_is_disconnected_by_its_menu() {
    let nodes = [("reader", "read", 100.0, 100.0), ("keeper", "filter", 450.0, 160.0)];
    let mut window = window(workflow(&nodes, &["reader.out -> keeper.in"]));
    choose(&mut window, "Wire Reader out to Keeper in", "Disconnect");
    assert_eq!(feed(&window, "keeper.in"), None);
}
