//! The guide in the window: opened, gone about in, searched, and led to from a node.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::person::{FLOW, Person};

impl Person {
    fn can_read(&self, text: &str) -> bool {
        self.window.query_all_by_label_contains(text).next().is_some()
    }

    fn click_first(&mut self, text: &str) {
        self.window.get_all_by_label_contains(text).next().unwrap().click();
        self.settle();
    }
}

#[test]
fn the_guide_is_opened_and_gone_about_in() {
    let mut person = Person::at(FLOW);
    person.key(Modifiers::SHIFT, Key::F1);
    assert!(person.can_read("and you always see why something ran"));
    person.key(Modifiers::NONE, Key::Escape);
    assert!(!person.can_read("and you always see why something ran"));
    person.key(Modifiers::SHIFT, Key::F1);
    // The other page of this title is on kinds, and stands below.
    person.click_first("Page Loops");
    assert!(person.can_read("For each item"));
    person.press("Page Pins, marks and Resume");
    assert!(person.can_read("Two kinds of run"));
    person.press("Back");
    assert!(!person.can_read("Two kinds of run"));
    person.press("Forward");
    assert!(person.can_read("Two kinds of run"));
    person.press("Contents");
    assert!(person.can_read("and you always see why something ran"));
    // A link on the page.
    person.window.get_all_by_role_and_label(Role::Link, "Getting started").next().unwrap().click();
    person.settle();
    assert!(person.can_read("Open an example"));
    // One in a section before the last, behind which others are drawn.
    person.press("Page Pins, marks and Resume");
    person.window.get_all_by_role_and_label(Role::Link, "history").next().unwrap().click();
    person.settle();
    assert!(person.can_read("Every run leaves a record"));
}

#[test]
fn the_guide_is_searched() {
    let mut person = Person::at(FLOW);
    person.window.get_by_label("Help").click();
    person.settle();
    person.window.get_by_role_and_label(Role::MenuItem, "Guide").click();
    person.settle();
    person.window.get_by_label("Search the guide").focus();
    person.window.get_by_label("Search the guide").type_text("stop at equal data");
    person.settle();
    assert!(person.can_read("Options of runs"));
    person.click_first("Options of runs");
    assert!(person.can_read("Skip what only feeds pins"), "it is scrolled to");
    assert_eq!(person.window.get_by_label("Search the guide").accesskit_node().value().as_deref(), Some(""));
    person.window.get_by_label("Search the guide").focus();
    person.window.get_by_label("Search the guide").type_text("zebra crossing");
    person.settle();
    assert!(person.can_read("Nothing found."));
}

#[test]
fn a_node_leads_to_what_the_guide_says_of_its_kind() {
    let mut person = Person::at(FLOW);
    person.press("Node Slow");
    person.press("About");
    person.press("Read about it in the guide");
    assert!(person.can_read("In files and on the command line:"));
    let heading = person.window.get_all_by_label("Delay").map(|node| node.rect()).find(|rect| rect.left() > 400.0);
    assert!(heading.is_some_and(|rect| person.window.ctx.content_rect().contains_rect(rect)), "{heading:?}");
}
