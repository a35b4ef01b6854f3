//! What a node shows at a glance, and what can be changed there.

use egui::{Event, Key};
use egui_kittest::kittest::Queryable as _;

use super::small_app::{SmallApp, Window, edits, three, window, window_of, workflow};
use crate::{
    engine::Decision,
    value::Value,
    workflow::{Edit, NodeSettings},
};

fn parameter(window: &Window, node: &'static str, parameter: &str) -> Option<Value> {
    window.state().workflow.node(&node.into()).unwrap().parameters.get(parameter).cloned()
}

fn types(window: &mut Window, text: &str) {
    window.event(Event::Text(text.to_owned()));
    window.run();
}

fn press(window: &mut Window, key: Key) {
    window.key_press(key);
    window.run();
}

#[test]
fn a_number_on_a_node_is_typed_in_its_place_and_is_one_step() {
    let mut window = window(three());
    window.get_by_label("Keeper At most: 1000 rows").click();
    window.run();
    types(&mut window, "25");
    press(&mut window, Key::Enter);
    assert_eq!(edits(&window), ["Change At most of keeper"]);
    assert_eq!(parameter(&window, "keeper", "limit"), Some(Value::Int(25)));
    assert!(window.query_by_label("Keeper At most: 25 rows").is_some());
    assert!(window.query_by_label("At most").is_none(), "the field has closed");
}

#[test]
fn a_text_on_a_node_is_left_alone_on_escape_and_taken_on_a_click_elsewhere() {
    let mut window = window(workflow(&[("note", "text", 100.0, 100.0)], &[]));
    window.get_by_label("Note Text: hello").click();
    window.run();
    types(&mut window, "x");
    press(&mut window, Key::Escape);
    assert!(edits(&window).is_empty());
    window.get_by_label("Note Text: hello").click();
    window.run();
    types(&mut window, "!");
    super::small_app::click_at(
        &mut window,
        egui::pos2(800.0, 600.0),
        egui::PointerButton::Primary,
        egui::Modifiers::NONE,
    );
    assert_eq!(edits(&window), ["Change Text of note"]);
    assert_eq!(parameter(&window, "note", "text"), Some(Value::text("hello!")));
}

#[test]
fn a_choice_on_a_node_is_made_from_a_list_by_mouse_and_by_keys() {
    let mut window = window(workflow(&[("joined", "join", 100.0, 100.0)], &[]));
    window.get_by_label("Joined Rows: Inner").click();
    window.run();
    window.get_by_label("Left").click();
    window.run();
    assert_eq!(parameter(&window, "joined", "how"), Some(Value::text("left")));
    assert!(window.query_by_label("Inner").is_none(), "the list has closed");
    window.get_by_label("Joined Rows: Left").focus();
    window.run();
    press(&mut window, Key::Enter);
    press(&mut window, Key::ArrowUp);
    press(&mut window, Key::Enter);
    assert_eq!(parameter(&window, "joined", "how"), None, "the default is stored as nothing");
    assert_eq!(edits(&window), ["Change Rows of joined"; 2]);
}

#[test]
fn badges_say_what_the_engine_does_round_a_node() {
    let mut app = SmallApp::new(three());
    let settings =
        NodeSettings { retries: 3, keep_results_for: Some("1h".parse().unwrap()), ..NodeSettings::default() };
    app.workflow.apply(Edit::SetNodeSettings("keeper".into(), settings)).unwrap();
    app.show_plan(|_| (Decision::Execute, Vec::new()));
    app.plan.change_shown(|plan| plan.uncacheable = plan.node == *"reader");
    app.show_plan = false;
    let window = window_of(app);
    for name in [
        "Reader: Its results cannot be kept: it executes in each run",
        "Keeper: Tried again up to 3 times when it fails",
        "Keeper: Results are kept for 1h: used again for the same parameters and data, in any run",
    ] {
        assert!(window.query_by_label(name).is_some(), "{name}");
    }
    assert!(window.query_by_label_contains("Letter: Tried").is_none());
}
