//! What hands do to wires that are there: put nodes into them, cut them, move all of a port.

use egui::{Modifiers, pos2, vec2};
use egui_kittest::kittest::Queryable as _;

use super::small_app::{
    Window, center, drag, drag_with, drag_without_drop, edits, end, let_go, position, selection, three, window,
    workflow,
};
use crate::workflow::{Position, Workflow};

fn feeds(window: &Window) -> Vec<String> {
    window.state().workflow.connections().map(|(to, from)| format!("{from} -> {to}")).collect()
}

/// A reader that feeds a plot far to the right, and a filter below them.
fn wire_and_filter() -> Workflow {
    workflow(
        &[("reader", "read", 40.0, 100.0), ("plot", "plot", 700.0, 100.0), ("filter", "filter", 400.0, 450.0)],
        &["reader.out -> plot.in"],
    )
}

#[test]
fn a_node_dropped_on_a_wire_goes_into_it_in_one_step() {
    let mut window = window(wire_and_filter());
    let from = center(&window, "Node Filter");
    let wire = center(&window, "Wire Reader out to Plot in");
    drag(&mut window, from, wire);
    assert_eq!(edits(&window), ["Move Filter into the wire of plot.in"]);
    assert_eq!(feeds(&window), ["reader.out -> filter.in", "filter.out -> plot.in"]);
    assert!(position(&window, "filter").1 < 300.0);
}

#[test]
fn a_node_goes_into_a_wire_also_when_its_header_is_laid_on_it() {
    let mut window = window(wire_and_filter());
    let header = window.get_by_label("Node Filter").rect().center_top() + vec2(0.0, 12.0);
    let wire = center(&window, "Wire Reader out to Plot in");
    drag(&mut window, header, wire);
    assert_eq!(feeds(&window), ["reader.out -> filter.in", "filter.out -> plot.in"]);
}

#[test]
fn alt_moves_a_node_over_a_wire_and_leaves_it_alone() {
    let mut window = window(wire_and_filter());
    let (from, wire) = (center(&window, "Node Filter"), center(&window, "Wire Reader out to Plot in"));
    drag_with(&mut window, from, wire, Modifiers::ALT);
    assert_eq!(edits(&window), ["Move Filter"]);
    assert_eq!(feeds(&window), ["reader.out -> plot.in"]);
}

#[test]
fn a_node_that_does_not_fit_only_moves() {
    let nodes = [("reader", "read", 40.0, 100.0), ("plot", "plot", 700.0, 100.0), ("text", "text", 400.0, 450.0)];
    let mut window = window(workflow(&nodes, &["reader.out -> plot.in"]));
    let (from, wire) = (center(&window, "Node Text"), center(&window, "Wire Reader out to Plot in"));
    drag(&mut window, from, wire);
    assert_eq!(edits(&window), ["Move Text"]);
    assert_eq!(feeds(&window), ["reader.out -> plot.in"]);
}

/// A reader that feeds three nodes one below the other.
fn fan() -> Workflow {
    workflow(
        &[
            ("reader", "read", 40.0, 250.0),
            ("one", "plot", 600.0, 60.0),
            ("two", "plot", 600.0, 260.0),
            ("three", "plot", 600.0, 460.0),
            ("other", "read", 40.0, 500.0),
        ],
        &["reader.out -> one.in", "reader.out -> two.in", "reader.out -> three.in"],
    )
}

#[test]
fn alt_and_a_drag_across_wires_cut_them_in_one_step() {
    let mut window = window(fan());
    drag_without_drop(&mut window, pos2(450.0, 200.0), pos2(450.0, 640.0), Modifiers::ALT);
    let_go(&mut window, pos2(450.0, 640.0), Modifiers::ALT);
    assert_eq!(edits(&window), ["Disconnect 2 wires"]);
    assert_eq!(feeds(&window), ["reader.out -> one.in"]);
    assert_eq!(selection(&window), [""; 0], "it is no box");
}

#[test]
fn a_cut_through_nothing_does_nothing() {
    let mut window = window(fan());
    drag_with(&mut window, pos2(300.0, 20.0), pos2(500.0, 20.0), Modifiers::ALT);
    assert_eq!(edits(&window), [""; 0]);
}

#[test]
fn ctrl_and_a_drag_of_an_output_move_all_its_wires() {
    let mut window = window(fan());
    let (from, to) = (center(&window, "Reader output out"), center(&window, "Other output out"));
    drag_with(&mut window, from, to, Modifiers::COMMAND);
    assert_eq!(edits(&window), ["Move 3 wires to other.out"]);
    assert_eq!(feeds(&window), ["other.out -> one.in", "other.out -> three.in", "other.out -> two.in"]);
}

#[test]
fn wires_that_are_moved_are_refused_where_one_of_them_does_not_fit() {
    let nodes = [("reader", "read", 40.0, 100.0), ("keeper", "filter", 450.0, 60.0), ("plot", "plot", 450.0, 300.0)];
    let mut window = window(workflow(&nodes, &["reader.out -> keeper.in", "reader.out -> plot.in"]));
    let (from, to) = (center(&window, "Reader output out"), center(&window, "Plot output out"));
    drag_without_drop(&mut window, from, to, Modifiers::COMMAND);
    assert!(window.query_by_label_contains("plot.out gives Image").is_some());
    let_go(&mut window, to, Modifiers::COMMAND);
    assert_eq!(edits(&window), [""; 0]);
}

#[test]
fn all_wires_dropped_on_nothing_are_removed() {
    let mut window = window(fan());
    let from = center(&window, "Reader output out");
    drag_with(&mut window, from, pos2(300.0, 40.0), Modifiers::COMMAND);
    assert_eq!(edits(&window), ["Disconnect 3 wires"]);
    assert_eq!(feeds(&window), [""; 0]);
}

#[test]
fn ctrl_and_a_drag_of_an_output_without_wires_do_nothing() {
    let mut window = window(three());
    let from = center(&window, "Reader output out");
    drag_with(&mut window, from, pos2(300.0, 40.0), Modifiers::COMMAND);
    assert_eq!(edits(&window), [""; 0]);
    assert_eq!(window.state().workflow.feed(&end("keeper.in")), None);
    assert_eq!(position(&window, "reader"), Position(100.0, 100.0));
}

#[test]
fn a_wire_on_which_a_value_changes_its_type_says_so() {
    let nodes = [("reader", "read", 40.0, 100.0), ("letter", "mail", 600.0, 60.0), ("keeper", "filter", 600.0, 300.0)];
    let mut window = window(workflow(&nodes, &["reader.out -> letter.body", "reader.out -> keeper.in"]));
    let status_over = |window: &mut Window, wire: &str| {
        let at = center(window, wire);
        window.hover_at(at);
        window.run();
        window.state().canvas.status()
    };
    let changed = status_over(&mut window, "Wire Reader out to Letter body");
    assert!(changed.ends_with("Table, no value yet · becomes Text on the way"), "{changed}");
    window.run_steps(20);
    assert_eq!(window.query_all_by_label("Table to Text").count(), 1, "the tooltip says it, too");
    let on_wire = center(&window, "Wire Reader out to Letter body");
    assert_eq!(center(&window, "Conversion Table → Text"), on_wire, "and a sign in its middle");
    assert_eq!(window.query_all_by_label_contains("Conversion").count(), 1);
    let same = status_over(&mut window, "Wire Reader out to Keeper in");
    assert!(same.ends_with("Table, no value yet"), "{same}");
    assert_eq!(window.query_all_by_label("Table to Text").count(), 0);
}
