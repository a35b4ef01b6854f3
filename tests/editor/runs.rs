//! Running, resuming, marks.

use egui::{Key, Modifiers, Role, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};
use pinflow::{editor::App, value::Value};

use crate::person::{FLOW, Person};

#[test]
fn run_shows_what_every_node_gave() {
    let mut person = Person::at(FLOW);
    person.sees("Report", "not run yet");
    person.press("Run");
    for title in ["Source", "Slow", "Middle", "Report"] {
        person.sees(title, "ms");
    }
    person.press("Node Report");
    assert!(person.window.query_all_by_label_contains("xbc").next().is_some(), "the inspector shows the output");
}

#[test]
fn what_is_reused_names_the_run_it_comes_from_as_the_history_does() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.press("Resume");
    person.sees("Source", "reused from run 1");
    person.change_template("Report", "{{ in1 }}!");
    person.press("Resume");
    person.sees("Source", "reused from run 1");
    person.press("Resume");
    person.sees("Source", "reused from run 1");
    person.sees("Report", "reused from run 3");
    let mut person = person.restart();
    person.press("Continue");
    person.press("Resume");
    person.sees("Report", "reused from run 3");
}

#[test]
fn pin_by_the_icon_then_change_a_later_node_and_resume() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.press("Pin icon Slow");
    person.sees("Slow", "pinned");
    person.change_template("Report", "{{ in1 }}!");
    assert_eq!(person.parameter("c", "template"), Some(Value::text("{{ in1 }}!")));
    person.press("Resume");
    person.sees("Slow", "pinned");
    person.sees("Source", "reused");
    person.sees("Middle", "reused");
    person.sees("Report", "ms");
    person.press("Node Report");
    assert!(person.window.query_all_by_label_contains("xb!").next().is_some());
    assert!(person.window.query_all_by_label_contains("This run used 1 pin").next().is_some());
}

#[test]
fn the_plan_follows_what_is_typed_and_its_badge_says_why() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.sees("Report", "reuses its results");
    person.change_template("Middle", "{{ in1 }}?");
    person.sees("Source", "reuses its results");
    person.sees("Report", "runs");
    let badge = person.window.get_by_label("Plan Report: Runs").rect().center();
    person.window.hover_at(badge);
    person.window.run_steps(20);
    for line in ["Report (\"c\") runs: upstream", "Middle (\"b\") runs: ", "Template changed"] {
        assert!(person.window.query_all_by_label_contains(line).next().is_some(), "{line}");
    }
    person.key(Modifiers::COMMAND, Key::Z);
    person.sees("Report", "reuses its results");
}

#[test]
fn what_is_edited_during_a_run_counts_in_the_next() {
    let mut person = Person::at(FLOW);
    person.press("Node Middle");
    person.key(Modifiers::NONE, Key::F9);
    person.window.get_by_label("Run").click();
    let is_paused = |window: &Harness<'static, App>| window.query_by_label("Paused before Middle").is_some();
    person.until("the run is paused", is_paused);
    person.sees("Report", "waiting");
    person.window.get_by_label("Node Report").click();
    person.window.run_steps(6);
    person.window.key_press(Key::Delete);
    person.window.run_steps(6);
    assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 3);
    assert!(is_paused(&person.window), "the run goes on with what it started from");
    person.window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    person.window.run_steps(6);
    person.drag_during_a_run("Node Report", vec2(0.0, 160.0));
    person.window.key_press(Key::F5);
    person.settle();
    for title in ["Source", "Slow", "Middle", "Report"] {
        person.sees(title, "ms");
    }
    let position = person.window.state().workflow().unwrap().node(&"c".into()).unwrap().position;
    assert!(position.1 > 100.0, "{position:?}");
}

#[test]
fn right_click_pins_forces_and_disables() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.right_click("Node Slow", "Pin Results");
    person.sees("Slow", "pinned");
    person.right_click("Node Middle", "Force Execution");
    person.sees("Middle", "forced");
    person.right_click("Node Report", "Disable");
    person.sees("Report", "disabled");
    person.press("Resume");
    person.sees("Slow", "pinned");
    person.sees("Middle", "ms");
    person.sees("Report", "disabled");
    person.right_click("Node Report", "Enable");
    person.right_click("Node Middle", "Do not force");
    person.right_click("Node Slow", "Unpin");
    assert!(!person.state("Middle").contains("forced"));
}

#[test]
fn marks_and_edits_are_undone_in_turn() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.change_template("Report", "new");
    person.press("Pin icon Slow");
    person.sees("Slow", "pinned");
    person.key(Modifiers::COMMAND, Key::Z);
    assert!(!person.state("Slow").contains("pinned"));
    assert_eq!(person.parameter("c", "template"), Some(Value::text("new")));
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(person.parameter("c", "template"), Some(Value::text("{{ in1 }}c")));
    person.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    person.key(Modifiers::COMMAND, Key::Y);
    assert_eq!(person.parameter("c", "template"), Some(Value::text("new")));
    person.sees("Slow", "pinned");
}

#[test]
fn a_failed_node_shows_its_error_and_what_depends_on_it_why_it_did_not_run() {
    let mut person = Person::at(&FLOW.replace("{{ in1 }}b", "{{ oops }}"));
    person.press("Run");
    person.sees("Middle", "oops");
    person.sees("Report", "not run");
    person.sees("Slow", "ms");
}

#[test]
fn what_is_typed_counts_when_resume_is_clicked_at_once() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.press("Node Report");
    person.window.get_by_role_and_label(Role::MultilineTextInput, "Template").click();
    person.settle();
    person.key(Modifiers::COMMAND, Key::A);
    person.window.get_by_role_and_label(Role::MultilineTextInput, "Template").type_text("typed just now");
    person.settle();
    let resume = person.window.get_by_label("Resume").rect().center();
    person.drag(resume, resume);
    assert!(person.window.query_all_by_label_contains("typed just now").count() > 0);
    person.sees("Report", "ms");
    let executed = person.window.query_all_by_label_contains("1 executed").count();
    assert_eq!(executed, 1, "the one changed node executed");
}

#[test]
fn kept_results_say_so_with_their_age() {
    let flow = FLOW.replace("{\"text\": \"x\"}", "{\"text\": \"x\"}, settings: (keep_results_for: \"1h\")");
    let mut person = Person::at(&flow);
    person.key(Modifiers::COMMAND, Key::Enter);
    person.key(Modifiers::COMMAND, Key::Enter);
    person.sees("Source", "kept");
    person.press("Node Source");
    assert!(person.window.query_by_label_contains("Kept, less than a minute old").is_some());
}
