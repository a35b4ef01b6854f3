//! The tour, step by step, as a person takes it who has just come.

use std::path::PathBuf;

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use pinflow::session::Folders;

use crate::person::{FLOW, Person, open};

impl Person {
    /// Starts the program for the first time and takes the tour.
    fn on_tour() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut person = Self { window: open(&folder, None), folder };
        person.settle();
        person.press("Take the tour");
        person.until("the example is open", |window| window.state().workflow().is_some());
        person.settle();
        person
    }

    #[track_caller]
    fn is_at(&self, step: &str, words: &str) {
        assert!(self.window.query_by_label(step).is_some(), "not at {step}");
        assert!(self.window.query_all_by_label_contains(words).next().is_some(), "{step} does not say {words:?}");
    }

    fn is_on_tour(&self) -> bool {
        self.window.query_by_label("Leave the tour").is_some()
    }

    fn changes_the_report(&mut self) {
        self.press("Node Report");
        self.window.get_by_role_and_label(Role::MultilineTextInput, "Template").click();
        self.settle();
        self.key(Modifiers::COMMAND, Key::A);
        self.window.get_by_role_and_label(Role::MultilineTextInput, "Template").type_text("# Mine");
        self.settle();
        self.press("Canvas");
    }

    fn examples(&self) -> PathBuf {
        Folders::under(&self.folder.path().join("home")).data.join("examples")
    }
}

#[test]
fn the_tour_goes_on_by_what_a_person_does() {
    let mut person = Person::on_tour();
    person.is_at("Step 1 of 5", "Press Run (Ctrl+Enter)");
    person.press("Run");
    person.is_at("Step 2 of 5", "Click the pin");
    person.press("Pin icon Something expensive");
    person.sees("Something expensive", "pinned");
    person.is_at("Step 3 of 5", "change its template");
    person.changes_the_report();
    person.is_at("Step 4 of 5", "“Report” runs: ");
    person.is_at("Step 4 of 5", "1 node is pinned");
    person.press("Resume");
    person.sees("Something expensive", "pinned");
    person.sees("Penguins", "reused");
    person.is_at("Step 5 of 5", "“Report” runs: ");
    person.press("Finish");
    assert!(!person.is_on_tour());
    assert!(person.window.state().workflow().is_some(), "the workflow stays");
}

#[test]
fn the_tour_waits_while_a_person_does_something_else_and_can_be_left_by_escape() {
    let mut person = Person::on_tour();
    person.press("Node Report");
    person.key(Modifiers::NONE, Key::Delete);
    person.key(Modifiers::COMMAND, Key::Z);
    person.key(Modifiers::COMMAND, Key::N);
    assert!(!person.is_on_tour(), "another tab is in front");
    person.key(Modifiers::COMMAND, Key::W);
    person.is_at("Step 1 of 5", "Press Run");
    person.press("Skip");
    person.is_at("Step 2 of 5", "Click the pin");
    person.press("Pin icon Something expensive");
    person.is_at("Step 3 of 5", "change its template");
    person.press("Back");
    person.is_at("Step 2 of 5", "Click the pin");
    person.press("Pin icon Something expensive");
    person.is_at("Step 2 of 5", "Click the pin");
    person.press("Pin icon Something expensive");
    person.is_at("Step 3 of 5", "change its template");
    person.press("Help");
    person.key(Modifiers::NONE, Key::Escape);
    assert!(person.is_on_tour(), "Esc closed the menu");
    person.press("Canvas");
    person.key(Modifiers::NONE, Key::Tab);
    person.key(Modifiers::NONE, Key::Escape);
    assert!(person.is_on_tour(), "Esc closed the search");
    person.key(Modifiers::NONE, Key::Escape);
    assert!(!person.is_on_tour());
    person.press("Run");
    person.sees("Report", "ms");
}

#[test]
fn a_full_run_in_place_of_resume_is_told_apart() {
    let mut person = Person::on_tour();
    person.press("Run");
    person.press("Pin icon Something expensive");
    person.changes_the_report();
    person.press("Run");
    person.is_at("Step 4 of 5", "That was a full run");
    person.key(Modifiers::SHIFT, Key::Enter);
    person.is_at("Step 5 of 5", "Nothing had to run");
}

#[test]
fn the_tour_touches_nothing_of_a_person_s_own() {
    let mut person = Person::on_tour();
    person.changes_the_report();
    person.press("Save");
    let mine = person.examples().join("tour/penguins.flow.ron");
    let saved = std::fs::read_to_string(&mine).unwrap();
    assert!(saved.contains("# Mine"), "{saved}");
    person.press("Close penguins");
    person.press("Take the tour");
    person.until("the example is open", |window| window.state().workflow().is_some());
    person.settle();
    person.is_at("Step 1 of 5", "Press Run");
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), saved);
    assert!(person.examples().join("tour-2/penguins.flow.ron").is_file());
}

#[test]
fn the_tour_begins_beside_what_is_open_and_ends_with_its_tab() {
    let mut person = Person::at(FLOW);
    person.press("Help");
    person.press("Take the tour");
    person.until("the tour begins", |window| window.query_by_label("Step 1 of 5").is_some());
    person.settle();
    person.press("Tab small");
    assert!(!person.is_on_tour());
    person.window.get_by_label("Node Middle");
    person.press("Tab penguins");
    person.is_at("Step 1 of 5", "Press Run");
    person.press("Close penguins");
    assert!(!person.is_on_tour());
}
