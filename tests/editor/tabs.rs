//! Several workflows open at a time, each in a tab of its own.

use std::{fs, path::PathBuf, sync::Arc};

use egui::{Event, Key, Modifiers, PointerButton, Pos2, Role, ViewportCommand, ViewportEvent, ViewportId, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use pinflow::{value::Value, workflow};

use crate::person::{FLOW, Person, open};

const OTHER: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAW",
  name: "Other",
  nodes: {
    "o": (kind: "text", title: "Alone", position: (0.0, 0.0), parameters: {"text": "y"}),
    "s": (kind: "delay", title: "Waits", position: (280.0, 0.0), parameters: {"secs": 0.0}),
  },
  connections: ["o.text -> s.value"],
)
"#;

const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

impl Person {
    /// Writes a workflow beside the small one.
    fn writes(&self, name: &str, flow: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{name}.flow.ron"));
        fs::write(&path, flow).unwrap();
        path
    }

    /// Opens a file by Ctrl+O.
    fn opens(&mut self, name: &str) {
        let path = self.folder.path().join(format!("{name}.flow.ron"));
        self.key(Modifiers::COMMAND, Key::O);
        self.types_path(&path);
        self.press("Open file");
    }

    fn types_path(&mut self, path: &std::path::Path) {
        self.window.get_by_role_and_label(Role::TextInput, "Path").focus();
        self.settle();
        self.key(Modifiers::COMMAND, Key::A);
        self.window.get_by_role_and_label(Role::TextInput, "Path").type_text(&path.display().to_string());
        self.settle();
    }

    /// Returns what the tabs say, from left to right.
    fn tabs(&self) -> Vec<String> {
        let mut tabs: Vec<(f32, String)> = self
            .window
            .get_all_by_role(Role::Tab)
            .filter_map(|tab| Some((tab.rect().left(), tab.accesskit_node().label()?)))
            .filter_map(|(left, label)| Some((left, label.strip_prefix("Tab ")?.to_owned())))
            .collect();
        tabs.sort_by(|one, other| one.0.total_cmp(&other.0));
        tabs.into_iter().map(|(_, label)| label).collect()
    }

    /// Returns the names of the tabs, and which is in front.
    fn in_front(&self) -> Option<String> {
        let tab = self.window.query_all_by_role(Role::Tab).find(|tab| {
            tab.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
                && tab.accesskit_node().label().is_some_and(|label| label.starts_with("Tab "))
        })?;
        let label = tab.accesskit_node().label()?;
        Some(label.strip_prefix("Tab ")?.split(',').next()?.to_owned())
    }

    fn tab(&self, name: &str) -> Pos2 {
        self.window.get_by_label_contains(&format!("Tab {name}")).rect().left_center() + vec2(20.0, 0.0)
    }

    fn moves(&mut self, to: Pos2) {
        self.window.event(Event::PointerMoved(to));
        self.window.step();
    }

    fn button(&mut self, pos: Pos2, button: PointerButton, pressed: bool) {
        self.window.event(Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE });
        self.window.step();
    }

    /// Takes a node by its title and brings it over a tab.
    fn carries_to_tab(&mut self, title: &str, tab: &str) -> Pos2 {
        let from = self.window.get_by_label(&format!("Node {title}")).rect().center_top() + vec2(0.0, 8.0);
        let to = self.tab(tab);
        self.moves(from);
        self.button(from, PointerButton::Primary, true);
        self.moves(from + vec2(20.0, 20.0));
        self.moves(to);
        to
    }

    /// Asks the window to close; returns whether it does.
    fn closes(&mut self) -> bool {
        let events = |person: &mut Self, events: Vec<ViewportEvent>| {
            person.window.input_mut().viewports.entry(ViewportId::ROOT).or_default().events = events;
        };
        events(self, vec![ViewportEvent::Close]);
        self.window.step();
        events(self, Vec::new());
        let output = &self.window.output().viewport_output;
        !output.values().flat_map(|viewport| &viewport.commands).any(|command| *command == ViewportCommand::CancelClose)
    }

    /// Ends the program as it should and starts it again.
    fn starts_again(mut self, file: Option<PathBuf>) -> Self {
        eframe::App::on_exit(self.window.state_mut(), None);
        let Self { folder, window } = self;
        drop(window);
        let mut person = Self { window: open(&folder, file), folder };
        person.settle();
        person
    }
}

/// A person with the small workflow and another one open, the other one in front.
fn with_two() -> Person {
    let mut person = Person::at(FLOW);
    person.writes("other", OTHER);
    person.opens("other");
    assert_eq!(person.tabs(), ["small", "other"]);
    assert_eq!(person.in_front().as_deref(), Some("other"));
    person
}

#[test]
fn each_tab_has_its_own_session_and_undo() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.press("Pin icon Slow");
    person.writes("other", OTHER);
    person.opens("other");
    assert!(person.window.query_by_label("Node Slow").is_none());
    person.press("Node Alone");
    person.key(Modifiers::NONE, Key::Delete);
    assert_eq!(person.tabs(), ["small", "other, unsaved changes"]);

    person.key(CTRL_SHIFT, Key::Tab);
    assert_eq!(person.in_front().as_deref(), Some("small"));
    person.sees("Slow", "pinned");
    person.key(Modifiers::COMMAND, Key::Z);
    assert!(!person.state("Slow").contains("pinned"), "the newest step here was the pin");
    person.key(Modifiers::COMMAND, Key::Tab);
    assert_eq!(person.in_front().as_deref(), Some("other"));
    assert!(person.window.query_by_label("Node Alone").is_none());
    person.key(Modifiers::COMMAND, Key::Z);
    person.window.get_by_label("Node Alone");
    assert_eq!(person.tabs(), ["small", "other"]);
}

#[test]
fn a_file_that_is_open_comes_to_the_front_and_new_ones_get_a_tab() {
    let mut person = with_two();
    person.opens("small");
    assert_eq!(person.tabs(), ["small", "other"]);
    assert_eq!(person.in_front().as_deref(), Some("small"));
    person.key(Modifiers::COMMAND, Key::N);
    assert_eq!(person.tabs(), ["small", "other", "Untitled"]);
    person.press("New tab");
    assert_eq!(person.tabs(), ["small", "other", "Untitled", "Untitled"]);
    person.press("Welcome");
    person.window.get_by_label("Open Penguins");
    assert_eq!(person.in_front(), None);
    person.press("Tab other");
    person.window.get_by_label("Node Alone");
}

#[test]
fn what_is_typed_is_kept_when_another_tab_is_chosen() {
    let mut person = with_two();
    person.press("Tab small");
    person.press("Node Report");
    person.window.get_by_role_and_label(Role::MultilineTextInput, "Template").click();
    person.settle();
    person.key(Modifiers::COMMAND, Key::A);
    person.window.get_by_role_and_label(Role::MultilineTextInput, "Template").type_text("typed");
    person.settle();
    person.key(Modifiers::COMMAND, Key::Tab);
    assert_eq!(person.tabs(), ["small, unsaved changes", "other"]);
    person.key(Modifiers::COMMAND, Key::Tab);
    assert_eq!(person.parameter("c", "template"), Some(Value::text("typed")));
}

#[test]
fn runs_in_several_tabs_go_on_behind_and_say_how_they_ended() {
    let mut person = Person::at(&FLOW.replace("\"secs\": 0.0", "\"secs\": 3.0"));
    person.writes("other", &OTHER.replace("\"secs\": 0.0", "\"secs\": 3.0"));
    person.writes("bad", &FLOW.replace("\"secs\": 0.0", "\"secs\": 3.0").replace("{{ in1 }}b", "{{ oops }}"));
    person.opens("other");
    person.opens("bad");
    for _ in 0..3 {
        person.window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
        person.window.run_steps(2);
        person.window.key_press_modifiers(Modifiers::COMMAND, Key::Tab);
        person.window.run_steps(2);
    }
    let running = person.tabs().iter().filter(|tab| tab.contains("running")).count();
    assert_eq!(running, 3, "{:?}", person.tabs());
    person.window.key_press_modifiers(Modifiers::COMMAND, Key::N);
    person.settle();
    assert_eq!(person.tabs(), ["small, the run is done", "other, the run is done", "bad, the run failed", "Untitled"]);
    person.press("Tab small, the run is done");
    person.sees("Report", "ms");
    person.press("Tab bad, the run failed");
    person.sees("Middle", "oops");
    assert_eq!(person.tabs(), ["small", "other, the run is done", "bad, the run failed", "Untitled"]);
}

#[test]
fn closing_asks_about_unsaved_work_and_a_closed_tab_comes_back_with_its_pins() {
    let mut person = with_two();
    person.press("Node Alone");
    person.key(Modifiers::NONE, Key::Delete);
    person.key(Modifiers::COMMAND, Key::W);
    person.press("Cancel");
    assert_eq!(person.tabs(), ["small", "other, unsaved changes"]);
    person.press("Close other");
    person.press("Don't save");
    assert_eq!(person.tabs(), ["small"]);
    assert_eq!(fs::read_to_string(person.folder.path().join("other.flow.ron")).unwrap(), OTHER);

    person.press("Run");
    person.press("Pin icon Slow");
    let tab = person.tab("small");
    person.moves(tab);
    person.button(tab, PointerButton::Middle, true);
    person.button(tab, PointerButton::Middle, false);
    person.settle();
    person.window.get_by_label("Open Penguins");
    assert!(person.window.query_by_label_contains("Tab small").is_none());
    person.key(CTRL_SHIFT, Key::T);
    person.sees("Slow", "pinned");
    person.key(CTRL_SHIFT, Key::T);
    assert_eq!(person.tabs(), ["small", "other"]);
    person.window.get_by_label("Node Alone");
}

#[test]
fn closing_a_tab_that_runs_asks_first() {
    let mut person = Person::at(&FLOW.replace("\"secs\": 0.0", "\"secs\": 600.0"));
    person.window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    person.window.run_steps(4);
    person.window.key_press_modifiers(Modifiers::COMMAND, Key::W);
    person.window.run_steps(4);
    person.window.get_by_label("The run of small.flow.ron will be stopped.");
    person.window.get_by_label("Cancel").click();
    person.window.run_steps(4);
    assert!(person.tabs()[0].contains("running"), "{:?}", person.tabs());
    person.window.key_press_modifiers(Modifiers::COMMAND, Key::W);
    person.window.run_steps(4);
    person.press("Stop and close");
    assert!(person.window.state().workflow().is_none());
}

#[test]
fn quitting_asks_once_about_all_that_is_unsaved() {
    let mut person = with_two();
    assert!(person.closes(), "nothing is unsaved");
    let mut person = with_two();
    for node in ["Node Alone", "Node Report"] {
        person.press(node);
        person.key(Modifiers::NONE, Key::Delete);
        person.key(Modifiers::COMMAND, Key::Tab);
    }
    assert_eq!(person.tabs(), ["small, unsaved changes", "other, unsaved changes"]);
    assert!(!person.closes());
    person.settle();
    person.window.get_by_label("Save the changes to these 2 workflows before closing?");
    person.press("Cancel");
    assert!(!person.closes());
    person.settle();
    person.press("Save all");
    assert!(person.closes(), "all is settled");
    for (name, n_nodes) in [("small", 3), ("other", 1)] {
        let saved = workflow::load(&person.folder.path().join(format!("{name}.flow.ron"))).unwrap();
        assert_eq!(saved.n_nodes(), n_nodes);
    }
}

#[test]
fn tabs_are_put_in_order_by_hand_and_by_key() {
    let mut person = with_two();
    person.writes("third", &OTHER.replace("FAW", "FAX"));
    person.opens("third");
    assert_eq!(person.tabs(), ["small", "other", "third"]);
    person.key(CTRL_SHIFT, Key::PageUp);
    assert_eq!(person.tabs(), ["small", "third", "other"]);
    person.key(CTRL_SHIFT, Key::PageDown);
    let (from, to) = (person.tab("third"), person.tab("small") + vec2(-10.0, 0.0));
    person.drag(from, to);
    assert_eq!(person.tabs(), ["third", "small", "other"]);
    assert_eq!(person.in_front().as_deref(), Some("third"));
}

#[test]
fn what_was_open_comes_back_on_start_with_its_pins() {
    let mut person = with_two();
    person.press("Tab small");
    person.press("Run");
    person.press("Pin icon Slow");
    let person = person.starts_again(None);
    assert_eq!(person.tabs(), ["small", "other"]);
    assert_eq!(person.in_front().as_deref(), Some("small"));
    person.sees("Slow", "pinned");

    // A file that is named is opened beside them, and one that is gone is said.
    let third = person.writes("third", &OTHER.replace("FAW", "FAX"));
    fs::remove_file(person.folder.path().join("other.flow.ron")).unwrap();
    let mut person = person.starts_again(Some(third));
    assert_eq!(person.tabs(), ["small", "third"]);
    assert_eq!(person.in_front().as_deref(), Some("third"));
    person.press("Tab small");
    assert!(person.window.query_all_by_label_contains("other.flow.ron").next().is_some());
    person.sees("Slow", "pinned");

    person.press("File");
    person.press("Do not reopen tabs on start");
    let person = person.starts_again(None);
    assert!(person.window.state().workflow().is_none());
    person.window.get_by_label("Open Penguins");
}

#[test]
fn what_nodes_gave_and_their_marks_are_there_after_the_program_has_ended() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.right_click("Node Slow", "Pin Results");
    person.press("Pin icon Middle");
    let titles = ["Source", "Slow", "Middle", "Report"];
    let states = |person: &Person| titles.map(|title| person.state(title));
    let before = states(&person);
    let person = person.starts_again(None);
    assert_eq!(states(&person), before);
    let path = person.path();
    let person = person.starts_again(Some(path));
    assert_eq!(states(&person), before);
}

#[test]
fn after_a_crash_the_tabs_come_back_and_offer_their_sessions() {
    let mut person = with_two();
    person.press("Node Alone");
    person.key(Modifiers::NONE, Key::Delete);
    let Person { folder, window } = person;
    drop(window);
    let mut person = Person { window: open(&folder, None), folder };
    person.settle();
    assert_eq!(person.tabs(), ["small", "other"]);
    person.window.get_by_label("Node Alone");
    person.press("Continue");
    assert_eq!(person.tabs(), ["small", "other, unsaved changes"]);
    assert!(person.window.query_by_label("Node Alone").is_none());
}

#[test]
fn nodes_held_over_another_tab_are_dropped_there_as_a_copy() {
    let mut person = with_two();
    let before = Arc::clone(person.window.state().workflow().unwrap());
    person.carries_to_tab("Alone", "small");
    person.window.run_steps(20);
    assert_eq!(person.in_front().as_deref(), Some("small"));
    let middle = person.window.get_by_label("Canvas").rect().center();
    person.moves(middle);
    person.button(middle, PointerButton::Primary, false);
    person.settle();
    let after = Arc::clone(person.window.state().workflow().unwrap());
    assert_eq!(after.n_nodes(), 5);
    person.window.get_by_label("Node Alone");
    assert_eq!(person.tabs(), ["small, unsaved changes", "other"]);
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 4);
    assert_eq!(person.tabs(), ["small", "other"], "it was one step");
    person.key(Modifiers::COMMAND, Key::Tab);
    assert_eq!(**person.window.state().workflow().unwrap(), *before, "where it came from nothing changed");
}

#[test]
fn nodes_let_go_over_a_tab_are_copied_there_and_escape_leaves_all_as_it_was() {
    let mut person = with_two();
    let before = Arc::clone(person.window.state().workflow().unwrap());
    let tab = person.carries_to_tab("Alone", "small");
    person.window.run_steps(20);
    person.window.key_press(Key::Escape);
    person.settle();
    assert_eq!(person.in_front().as_deref(), Some("other"));
    person.button(tab, PointerButton::Primary, false);
    person.settle();
    assert_eq!(**person.window.state().workflow().unwrap(), *before);
    assert_eq!(person.tabs(), ["small", "other"]);

    let tab = person.carries_to_tab("Waits", "small");
    person.button(tab, PointerButton::Primary, false);
    person.settle();
    assert_eq!(person.in_front().as_deref(), Some("small"));
    person.window.get_by_label("Node Waits");
    person.press("Tab other");
    assert_eq!(**person.window.state().workflow().unwrap(), *before);
}

#[test]
fn saving_over_a_file_that_is_open_in_another_tab_is_refused() {
    let mut person = with_two();
    person.key(CTRL_SHIFT, Key::S);
    let path = person.path();
    person.types_path(&path);
    person.press("Save here");
    assert!(person.window.query_by_label_contains("open in another tab").is_some());
    assert_eq!(workflow::load(&path).unwrap().name(), "Small");
}
