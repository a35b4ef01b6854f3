//! What a run would do, and why.

use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::small_app::{SmallApp, Window, center, window_of, workflow};
use crate::{
    engine::Decision,
    store::{Reason, Status},
    value::Value,
    workflow::Position,
};

/// `Reader` feeds `Keeper`, which feeds `Plotter`; `Letter` has no part in it.
fn app() -> SmallApp {
    let nodes = [
        ("reader", "read", 80.0, 100.0),
        ("keeper", "filter", 380.0, 100.0),
        ("plotter", "plot", 680.0, 100.0),
        ("letter", "mail", 380.0, 400.0),
    ];
    let mut app = SmallApp::new(workflow(&nodes, &["reader.out -> keeper.in", "keeper.out -> plotter.in"]));
    app.settle("reader", Status::Executed, Value::Int(1));
    app.show_plan(|id| match id.as_str() {
        "reader" => (Decision::Execute, vec![Reason::SourceChanged(vec!["birds.csv has grown".to_owned()])]),
        "keeper" => (Decision::Execute, vec![Reason::UpstreamExecutes(vec!["reader".into()])]),
        "plotter" => (Decision::Execute, vec![Reason::UpstreamExecutes(vec!["keeper".into()])]),
        _ => (Decision::CannotRun("it has no address".to_owned()), Vec::new()),
    });
    app
}

/// Moves the pointer and waits for what comes up there.
fn linger(window: &mut Window, at: egui::Pos2) {
    window.hover_at(at);
    window.run_steps(20);
}

fn lit(window: &Window) -> Vec<&str> {
    let canvas = &window.state().canvas;
    canvas.lit.nodes().iter().map(|&index| canvas.scene.nodes[index].id.as_str()).collect()
}

#[test]
fn the_badge_says_why_and_lights_up_the_way_the_reason_came() {
    let mut window = window_of(app());
    assert!(lit(&window).is_empty());
    let badge = center(&window, "Plan Plotter: Runs");
    linger(&mut window, badge);
    for line in ["Plotter", "Keeper", "Reader", "birds.csv has grown"] {
        assert!(window.query_all_by_label_contains(line).any(|node| node.rect().top() > 110.0), "{line}");
    }
    assert_eq!(lit(&window), ["keeper", "plotter", "reader"]);
    assert!(window.state().canvas.lit.has_wire(0) && window.state().canvas.lit.has_wire(1));
    let badge = center(&window, "Plan Keeper: Runs");
    linger(&mut window, badge);
    assert_eq!(lit(&window), ["keeper", "reader"]);
    assert!(!window.state().canvas.lit.has_wire(1));
    linger(&mut window, egui::pos2(900.0, 600.0));
    assert!(lit(&window).is_empty(), "the pointer has gone");
}

#[test]
fn a_reason_of_the_node_s_own_lights_up_nothing() {
    let mut window = window_of(app());
    let badge = center(&window, "Plan Letter: Cannot run: it has no address");
    linger(&mut window, badge);
    assert!(window.query_all_by_label_contains("it has no address").count() > 1);
    assert!(lit(&window).is_empty());
}

#[test]
fn the_sign_seen_from_afar_says_why_too() {
    let mut app = app();
    app.canvas.set_view(Position(500.0, 350.0), 0.3);
    let mut window = window_of(app);
    let node = window.get_by_label("Node Keeper").rect();
    linger(&mut window, node.center());
    assert!(lit(&window).is_empty());
    linger(&mut window, egui::pos2(node.right() - 28.0 * 0.3, node.center().y));
    assert!(window.query_all_by_label_contains("birds.csv has grown").next().is_some());
    assert_eq!(lit(&window), ["keeper", "reader"]);
}

#[test]
fn the_way_goes_with_the_plan() {
    let mut window = window_of(app());
    let badge = center(&window, "Plan Plotter: Runs");
    linger(&mut window, badge);
    window.state_mut().plan.change_shown(|plan| {
        if plan.node == *"keeper" {
            plan.reasons = vec![Reason::Forced].into();
        }
    });
    window.run_steps(4);
    assert_eq!(lit(&window), ["keeper", "plotter"]);
    window.state_mut().show_plan = false;
    window.run_steps(4);
    assert!(lit(&window).is_empty());
}

#[test]
fn the_way_is_lit_up_from_farther_still_where_the_pointer_rests() {
    let mut app = app();
    app.canvas.set_view(Position(500.0, 350.0), 0.1);
    let mut window = window_of(app);
    let at = |x: f32, y: f32| egui::pos2(500.0, 350.0) + (egui::pos2(x, y) - egui::pos2(500.0, 350.0)) * 0.1;
    linger(&mut window, at(480.0, 140.0));
    assert!(window.query_all_by_label_contains("birds.csv has grown").next().is_some());
    assert_eq!(lit(&window), ["keeper", "reader"]);
    linger(&mut window, at(480.0, 300.0));
    assert!(lit(&window).is_empty(), "the pointer has gone");
}

#[test]
fn blocks_are_named_and_walked_where_they_are_read_out_unless_they_are_too_many() {
    let mut app = app();
    app.canvas.set_view(Position(500.0, 350.0), 0.1);
    let mut window = window_of(app);
    let keeper = window.get_by_label("Node Keeper");
    let said = keeper.accesskit_node().data().description().unwrap_or_default().to_owned();
    assert!(said.contains("not run yet") && said.contains("runs"), "{said}");
    keeper.focus();
    window.run();
    window.key_press(egui::Key::ArrowRight);
    window.run();
    assert_eq!(super::small_app::selection(&window), ["plotter"]);
    assert!(window.get_by_label("Node Plotter").accesskit_node().is_focused());
    window.get_by_label("Node Reader").click_accesskit();
    window.run();
    assert_eq!(super::small_app::selection(&window), ["reader"]);

    let ids: Vec<&'static str> = (0..400).map(|number| &*format!("n{number}").leak()).collect();
    let nodes: Vec<_> = ids.iter().enumerate().map(|(at, id)| (*id, "text", at as f32 * 20.0, 0.0)).collect();
    let mut many = SmallApp::new(workflow(&nodes, &[]));
    many.canvas.set_view(Position(4000.0, 0.0), 0.1);
    let window = window_of(many);
    assert!(window.query_by_label("Node N7").is_none());
}
