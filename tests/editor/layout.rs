//! Where the panels stand: sized, moved, hidden, and as they were left when the program starts again.

use egui::{Rect, Role, vec2};
use egui_kittest::kittest::Queryable as _;

use crate::person::{FLOW, Person};

fn tab(person: &Person, name: &str) -> Rect {
    person.window.get_by_role_and_label(Role::Tab, name).rect()
}

fn is_there(person: &Person, name: &str) -> bool {
    person.window.query_by_role_and_label(Role::Tab, name).is_some()
}

fn canvas(person: &Person) -> Rect {
    person.window.get_by_label("Canvas").rect()
}

#[test]
fn a_panel_that_was_sized_and_moved_is_where_it_was_left_after_a_restart() {
    let mut person = Person::at(FLOW);
    let before = canvas(&person);
    person.drag(before.right_center() + vec2(1.0, 0.0), before.right_center() - vec2(99.0, 0.0));
    let narrower = canvas(&person);
    assert!((before.width() - narrower.width() - 100.0).abs() < 3.0, "{before} {narrower}");
    // The log goes to the inspector's tabs.
    let (log, inspector) = (tab(&person, "Log").center(), tab(&person, "Inspector"));
    person.drag(log, inspector.center());
    assert!(is_there(&person, "Log"));
    let moved = tab(&person, "Log");
    assert!(moved.left() > narrower.right() && moved.top() < narrower.center().y, "{moved} {narrower}");
    let person = person.restart();
    assert_eq!(tab(&person, "Log").center().round(), moved.center().round());
    assert!((canvas(&person).width() - narrower.width()).abs() < 3.0);
}

#[test]
fn hidden_panels_leave_their_room_to_the_canvas_and_come_back_when_something_is_shown_in_them() {
    let mut person = Person::at(FLOW);
    let before = canvas(&person);
    person.press("Hide Library");
    assert!(!is_there(&person, "Library") && canvas(&person).width() > before.width() + 200.0);
    person.press("Hide Output");
    assert!(!is_there(&person, "History") && canvas(&person).height() > before.height() + 200.0);
    let mut person = person.restart();
    assert!(!is_there(&person, "Library") && !is_there(&person, "Output"), "they stay hidden");
    person.key(egui::Modifiers::COMMAND, egui::Key::H);
    assert!(is_there(&person, "History"));
    person.key(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::P);
    person.window.get_by_role_and_label(Role::TextInput, "Find a command").type_text("reset panels");
    person.settle();
    person.key(egui::Modifiers::NONE, egui::Key::Enter);
    assert!(is_there(&person, "Library"));
    assert_eq!(canvas(&person).size().round(), before.size().round());
}

#[test]
fn panels_keep_their_size_in_a_larger_window_and_make_room_in_a_small_one() {
    let mut person = Person::at(FLOW);
    let inspector = |person: &Person| person.window.ctx.content_rect().right() - canvas(person).right();
    let before = inspector(&person);
    person.window.set_size(vec2(3840.0, 2160.0));
    person.settle();
    assert!((inspector(&person) - before).abs() < 2.0);
    person.window.set_size(vec2(1024.0, 700.0));
    person.settle();
    assert!((inspector(&person) - before).abs() < 2.0 && is_there(&person, "Library"));
    person.window.set_size(vec2(640.0, 400.0));
    person.settle();
    assert!(!is_there(&person, "Library") && !is_there(&person, "Inspector") && !is_there(&person, "Output"));
    assert!(canvas(&person).width() > 600.0);
}
