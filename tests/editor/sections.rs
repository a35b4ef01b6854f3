//! What a right-click on a node leads to: its results, iterations, times and reasons.

use egui::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::person::{FLOW, Person};

impl Person {
    fn reads(&self, text: &str) -> bool {
        self.window.query_all_by_label_contains(text).next().is_some()
    }

    /// Returns the items that a right-click offers, with whether they can be chosen. Closes the menu.
    fn offered(&mut self, label: &str, items: &[&str]) -> Vec<bool> {
        self.window.get_by_label(label).click_secondary();
        self.settle();
        let can = |item: &&str| {
            let item = self.window.get_by_role_and_label(Role::MenuItem, item);
            !item.accesskit_node().is_disabled()
        };
        let can = items.iter().map(can).collect();
        self.key(egui::Modifiers::NONE, egui::Key::Escape);
        can
    }

    fn is_tab_shown(&self, tab: &str) -> bool {
        let tabs = self.window.get_all_by_role(Role::Tab).filter(|node| node.accesskit_node().label().is_some());
        tabs.into_iter().any(|node| {
            let node = node.accesskit_node();
            node.label().as_deref() == Some(tab) && node.toggled() == Some(egui::accesskit::Toggled::True)
        })
    }
}

const ITEMS: [&str; 4] = ["Open results", "Iterations…", "Statistics…", "Why does it run?"];

#[test]
fn a_right_click_leads_to_results_times_and_reasons() {
    let mut person = Person::at(FLOW);
    assert_eq!(person.offered("Node Report", &ITEMS), [false, false, false, true], "it has not run yet");
    person.press("Run");
    assert_eq!(person.offered("Node Report", &ITEMS), [true, false, true, true]);

    person.press("Problems");
    assert!(!person.is_tab_shown("Output"));
    person.right_click("Node Report", "Open results");
    assert!(person.is_tab_shown("Output") && person.reads("xbc"));

    assert!(!person.reads("Took "), "the section is closed");
    person.right_click("Node Report", "Statistics…");
    assert!(person.reads("Took "));

    person.press("Why");
    assert!(!person.reads("Next Resume"), "closed by hand");
    person.right_click("Node Middle", "Why does it run?");
    assert!(person.reads("Next Resume"));
    let (header, inspector) = (person.window.get_by_label("Why").rect(), person.window.ctx.content_rect());
    assert!(inspector.contains_rect(header), "it is scrolled to: {header:?}");
}

#[test]
fn the_inspector_comes_back_for_what_is_asked_of_it() {
    let mut person = Person::at(FLOW);
    person.window.get_by_label("View").click();
    person.settle();
    person.window.get_by_role_and_label(Role::MenuItem, "Inspector panel").click();
    person.settle();
    assert!(!person.reads("Stop at the first error"));
    person.right_click("Node Report", "Why does it run?");
    assert!(person.reads("Next Resume"));
}
