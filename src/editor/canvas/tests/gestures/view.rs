//! Looking round.

use egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, TouchPhase, pos2, vec2};
use egui_kittest::kittest::Queryable as _;

use crate::editor::canvas::tests::small_app::{
    SmallApp, Window, drag, drag_button, edits, three, window, window_of, workflow,
};
use crate::workflow::Position;

fn wheel(window: &mut Window, delta: egui::Vec2, source: MouseWheelSource) {
    let unit = MouseWheelUnit::Point;
    window.event(Event::MouseWheel { unit, delta, source, phase: TouchPhase::Move, modifiers: Modifiers::NONE });
    window.run();
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

#[test]
fn the_map_makes_way_for_what_is_selected() {
    let nodes = [("below", "read", 800.0, 590.0), ("left", "read", 20.0, 590.0)];
    let mut app = SmallApp::new(workflow(&nodes, &[]));
    app.canvas.show_minimap(true);
    let mut window = window_of(app);
    let map = |window: &Window| window.get_by_label("Minimap").rect();
    let node = window.get_by_label("Node Below").rect();
    assert!(map(&window).intersects(node), "it is in its corner");
    window.state_mut().selection = ["below".into()].into();
    window.run();
    assert!(!map(&window).intersects(node) && map(&window).center().x < 500.0);
    window.state_mut().selection = ["below".into(), "left".into()].into();
    window.run();
    assert!(map(&window).center().y < 350.0, "both lower corners are taken: {:?}", map(&window));
}
