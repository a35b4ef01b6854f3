//! Finding commands and their keys, giving them others, and the list of what was done.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use pinflow::workflow::Position;

use crate::person::{FLOW, Person};

const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

impl Person {
    fn shows(&self, text: &str) -> bool {
        self.window.query_all_by_label_contains(text).next().is_some()
    }

    fn find_command(&mut self, letters: &str) {
        self.key(CTRL_SHIFT, Key::P);
        if !letters.is_empty() {
            self.window.get_by_label("Find a command").type_text(letters);
            self.settle();
        }
    }

    fn position(&self, node: &'static str) -> Position {
        self.window.state().workflow().unwrap().node(&node.into()).unwrap().position
    }

    /// Opens the dialog in which keys are changed, by the menu.
    fn open_keys(&mut self) {
        self.press("Help");
        self.window.get_by_role_and_label(Role::MenuItem, "Keyboard shortcuts…").click();
        self.settle();
    }
}

impl Person {
    /// Searches for a command in the dialog and clicks it.
    fn choose_command(&mut self, name: &str) {
        self.search_command(name);
        self.press(name);
        self.window.get_by_label("Press the keys, or Esc");
    }

    fn search_command(&mut self, text: &str) {
        self.window.get_by_label("Search commands").click();
        self.settle();
        self.key(Modifiers::COMMAND, Key::A);
        self.window.get_by_label("Search commands").type_text(text);
        self.settle();
    }
}

#[test]
fn the_palette_finds_a_command_by_letters_and_remembers_it() {
    let mut person = Person::at(FLOW);
    person.find_command("selall");
    person.key(Modifiers::NONE, Key::Enter);
    assert!(person.shows("4 nodes"), "the inspector shows all four");
    assert!(person.window.query_by_label("Find a command").is_none());
    person.press("Canvas");
    assert!(!person.shows("Unpin"));
    person.find_command("");
    person.key(Modifiers::NONE, Key::Enter);
    assert!(person.shows("Unpin"), "what was used last comes first");
    let mut person = person.restart();
    person.find_command("");
    person.key(Modifiers::NONE, Key::Enter);
    assert!(person.shows("Unpin"), "also the next day");
}

#[test]
fn the_palette_says_why_a_command_cannot_be_carried_out() {
    let mut person = Person::at(FLOW);
    person.find_command("renam");
    person.window.get_by_label("Rename: select one node, group or frame");
    person.key(Modifiers::NONE, Key::Enter);
    assert!(person.window.query_by_label("Find a command").is_some(), "nothing was done");
    person.key(Modifiers::NONE, Key::Escape);
    assert!(person.window.query_by_label("Find a command").is_none());
}

#[test]
fn a_command_is_given_other_keys_which_count_everywhere_and_are_kept() {
    let mut person = Person::at(FLOW);
    person.open_keys();
    person.choose_command("Disable / Enable");
    person.key(Modifiers::COMMAND, Key::Num9);
    person.press("Close");
    person.press("Node Slow");
    person.key(Modifiers::COMMAND, Key::E);
    assert!(!person.state("Slow").contains("disabled"), "the old keys do nothing");
    person.key(Modifiers::COMMAND, Key::Num9);
    person.sees("Slow", "disabled");
    person.key(Modifiers::NONE, Key::F1);
    assert!(person.shows("Ctrl+9"), "the sheet shows the keys in force");
    person.key(Modifiers::NONE, Key::Escape);

    let mut person = person.restart();
    person.press("Node Middle");
    person.key(Modifiers::COMMAND, Key::Num9);
    person.sees("Middle", "disabled");
    person.open_keys();
    person.search_command("ctrl+9");
    person.press("Reset Disable / Enable");
    person.press("Close");
    person.key(Modifiers::COMMAND, Key::Num9);
    person.sees("Middle", "disabled");
    person.key(Modifiers::COMMAND, Key::E);
    assert!(!person.state("Middle").contains("disabled"));
}

#[test]
fn keys_that_another_command_has_are_taken_from_it_or_left() {
    let mut person = Person::at(FLOW);
    person.open_keys();
    person.choose_command("Select all");
    person.key(Modifiers::COMMAND, Key::D);
    person.window.get_by_label("Duplicate has Ctrl+D already.");
    person.press("Leave it");
    person.search_command("duplicate");
    assert!(person.window.query_by_label("Remove Ctrl+D from Duplicate").is_some());
    person.choose_command("Select all");
    person.key(Modifiers::COMMAND, Key::D);
    person.press("Take it from Duplicate");
    person.search_command("duplicate");
    assert!(person.window.query_by_label("Remove Ctrl+D from Duplicate").is_none());
    person.press("Close");
    person.key(Modifiers::COMMAND, Key::D);
    assert!(person.shows("Unpin"), "all are selected");
    assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 4, "and none was duplicated");
    person.open_keys();
    person.press("Reset all");
    person.press("Close");
    person.key(Modifiers::COMMAND, Key::D);
    assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 8);
}

#[test]
fn the_keys_of_another_program_are_chosen_at_once() {
    let mut person = Person::at(FLOW);
    person.find_command("keyboard");
    person.key(Modifiers::NONE, Key::Enter);
    person.press("Blender");
    person.press("Close");
    person.press("Node Report");
    person.key(Modifiers::NONE, Key::X);
    assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 3);
    person.press("Node Middle");
    person.key(Modifiers::SHIFT, Key::D);
    assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 4);
}

#[test]
fn the_sheet_lists_commands_keys_and_gestures_and_is_searched() {
    let mut person = Person::at(FLOW);
    person.key(Modifiers::NONE, Key::F1);
    assert!(person.shows("Ctrl+Enter"));
    person.window.get_by_label("Search shortcuts").type_text("wheel");
    person.settle();
    assert!(person.window.query_by_label("wheel, or pinch").is_some());
    assert!(!person.shows("Ctrl+Enter"));
    person.press("Change keys…");
    assert!(person.window.query_by_label("Search commands").is_some());
}

#[test]
fn a_click_in_the_list_of_steps_goes_there() {
    let mut person = Person::at(FLOW);
    person.press("Node Middle");
    person.key(Modifiers::NONE, Key::Delete);
    person.press("Node Slow");
    person.key(Modifiers::COMMAND, Key::E);
    let n_nodes = |person: &Person| person.window.state().workflow().unwrap().n_nodes();
    person.press("Steps");
    person.press("As it was opened");
    assert_eq!(n_nodes(&person), 4);
    assert!(!person.state("Slow").contains("disabled"));
    person.press("Steps");
    person.press("Delete 1 node");
    assert_eq!(n_nodes(&person), 3);
    assert!(!person.state("Slow").contains("disabled"));
    person.press("Steps");
    person.press("Disable Slow");
    person.sees("Slow", "disabled");
}

#[test]
fn nodes_are_nudged_by_keys_and_a_burst_is_one_step() {
    let mut person = Person::at(FLOW);
    let Position(x, y) = person.position("c");
    person.press("Node Report");
    for key in [Key::ArrowRight, Key::ArrowRight, Key::ArrowDown] {
        person.key(Modifiers::COMMAND, key);
    }
    assert_eq!(person.position("c"), Position(x + 20.0, y + 10.0));
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(person.position("c"), Position(x, y));
}
