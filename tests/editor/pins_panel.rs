//! The Pins panel: what is listed, sorted, done with several at once, and taken over from earlier sessions.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use crate::person::{FLOW, Person};

impl Person {
    /// Runs, pins these nodes and opens the panel.
    fn with_pins(titles: &[&str]) -> Self {
        let mut person = Self::at(FLOW);
        person.press("Run");
        for title in titles {
            person.right_click(&format!("Node {title}"), "Pin Results");
        }
        person.press("Pins");
        person
    }

    /// Returns the titles of the rows from above.
    fn rows(&self) -> Vec<&'static str> {
        let place = |title| Some((self.window.query_by_label(&format!("Choose {title}"))?.rect().top(), title));
        let mut rows: Vec<(f32, &str)> = ["Source", "Slow", "Middle", "Report"].into_iter().filter_map(place).collect();
        rows.sort_by(|one, other| one.0.total_cmp(&other.0));
        rows.into_iter().map(|(_, title)| title).collect()
    }
}

#[test]
fn every_pin_says_how_large_it_is_where_it_is_from_and_how_it_stands() {
    let mut person = Person::with_pins(&["Middle", "Report"]);
    for text in ["run 1", "up to date", "Pinned, holds", "2 B", "3 B", "just now"] {
        person.must_show(text);
    }
    person.change_template("Middle", "{{ in1 }}?");
    person.must_show("stale: Template changed");
    person.press("Choose Middle");
    person.press("Refresh the chosen pins");
    person.must_show("armed for the next run");
    person.right_click("Node Source", "Pin a typed value…");
    person.press("Pin these values");
    person.right_click("Node Slow", "Force Execution");
    assert_eq!(person.rows(), ["Source", "Middle", "Report", "Slow"]);
    person.must_show("Forced");
}

#[test]
fn rows_are_sorted_by_a_click_on_a_column() {
    let mut person = Person::with_pins(&["Slow", "Middle", "Report"]);
    assert_eq!(person.rows(), ["Middle", "Report", "Slow"]);
    person.press("Sort by size");
    assert_eq!(person.rows(), ["Slow", "Middle", "Report"]);
    person.press("Sort by size");
    assert_eq!(person.rows(), ["Report", "Middle", "Slow"]);
    person.press("Sort by node");
    assert_eq!(person.rows(), ["Middle", "Report", "Slow"]);
    person.change_template("Middle", "{{ in1 }}?");
    person.press("Sort by state");
    assert_eq!(person.rows().last(), Some(&"Slow"), "what is stale comes first");
}

#[test]
fn several_are_unpinned_kept_and_refreshed_at_once() {
    let mut person = Person::with_pins(&["Slow", "Middle"]);
    person.right_click("Node Report", "Pin until something changes");
    person.press("Choose Middle");
    person.press("Choose Report");
    person.press("Keep the chosen pins");
    assert!(!person.has_text("Pinned, until something changes"));
    person.press("Refresh the chosen pins");
    person.sees("Slow", "pinned");
    person.sees("Middle", "pins what the next run gives");
    person.sees("Report", "pins what the next run gives");
    person.undo();
    person.sees("Report", "pinned");
    person.press("Unpin the chosen pins");
    assert_eq!(person.rows(), ["Slow"]);
    person.undo();
    assert_eq!(person.rows(), ["Middle", "Report", "Slow"]);
    person.press("Unpin all");
    assert!(person.rows().is_empty());
    person.must_show("No node is pinned");
}

#[test]
fn several_are_compared_and_those_that_are_chosen_taken_anew() {
    let mut person = Person::with_pins(&["Slow", "Middle", "Report"]);
    person.change_template("Middle", "{{ in1 }}?");
    person.sees("Middle", "stale");
    person.press("Choose all");
    person.press("Compare… the chosen pins");
    for text in ["Pinned and fresh: 3 nodes", "- xb", "+ x?", "is the same"] {
        person.must_show(text);
    }
    // The dialog has grown with what came in last.
    person.settle();
    person.press("Take the fresh one of Middle");
    assert!(!person.can_press("Take the fresh ones"));
    person.press("Take the fresh one of Middle");
    person.press("Take the fresh ones");
    assert!(!person.state("Middle").contains("stale"));
    person.must_show("taken aside");
    person.undo();
    person.sees("Middle", "stale");
}

#[test]
fn pins_of_an_earlier_session_are_taken_over_and_what_could_not_be_is_said() {
    let person = Person::with_pins(&["Slow", "Middle", "Report"]);
    let mut person = person.restart();
    person.press("Start fresh");
    person.press("Node Report");
    person.key(Modifiers::NONE, Key::Delete);
    person.right_click("Node Middle", "Pin Results");
    person.press("Pins");
    person.press("Take over pins…");
    let sessions: Vec<_> = person.window.query_all_by_label_contains("Take over 3 pins of").collect();
    let [session] = &sessions[..] else { panic!("{} sessions are offered", sessions.len()) };
    session.click();
    drop(sessions);
    person.settle();
    person.sees("Slow", "pinned");
    person.must_show(
        "Took over 1 pin. Not taken over: Middle (is pinned here already); c (is not in the workflow any more)",
    );
    person.press("Run");
    person.sees("Slow", "pinned");
    person.undo();
    person.sees("Slow", "was pinned");
}
