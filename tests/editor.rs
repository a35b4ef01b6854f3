//! The real editor, used as a person uses it and read through its accessible names.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "support/cpu_renderer.rs"]
mod cpu_renderer;
#[path = "editor/masked.rs"]
mod masked;

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use egui::{Event, Key, Modifiers, PointerButton, Pos2, Role, Vec2, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use pinflow::{
    editor::{App, AppOptions},
    session::Folders,
    value::Value,
    workflow::{self, NodeId, PortRef},
};
use tempfile::TempDir;

const FLOW: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Small",
  nodes: {
    "a": (kind: "text", title: "Source", position: (0.0, 0.0), parameters: {"text": "x"}),
    "slow": (kind: "delay", title: "Slow", position: (280.0, 0.0), parameters: {"secs": 0.0}),
    "b": (kind: "template", title: "Middle", position: (560.0, 0.0), parameters: {"template": "{{ in1 }}b"}),
    "c": (kind: "template", title: "Report", position: (840.0, 0.0), parameters: {"template": "{{ in1 }}c"}),
  },
  connections: ["a.text -> slow.value", "slow.value -> b.in1", "b.text -> c.in1"],
)
"#;

/// A person at the program, with a folder of their own.
struct Person {
    folder: TempDir,
    window: Harness<'static, App>,
}

impl Person {
    /// Starts the program on the small workflow.
    fn at(flow: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.flow.ron");
        fs::write(&path, flow).unwrap();
        let window = open(&folder, Some(path));
        let mut person = Self { folder, window };
        person.until("the workflow is open", |window| window.state().workflow().is_some());
        person.settle();
        person
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("small.flow.ron")
    }

    /// Draws frames until something is so.
    fn until(&mut self, what: &str, is_so: impl Fn(&Harness<'static, App>) -> bool) {
        let clock = Instant::now();
        while !is_so(&self.window) {
            assert!(clock.elapsed() < Duration::from_mins(1), "waited in vain until {what}");
            self.window.step();
            std::thread::yield_now();
        }
    }

    /// Draws frames until nothing goes on any more.
    fn settle(&mut self) {
        self.window.step();
        self.until("all work is done", |window| !window.state().is_busy());
        for _ in 0..6 {
            self.window.step();
        }
    }

    fn press(&mut self, label: &str) {
        self.window.get_by_label(label).click();
        self.settle();
    }

    fn right_click(&mut self, label: &str, command: &str) {
        self.window.get_by_label(label).click_secondary();
        self.settle();
        self.window.get_by_role_and_label(Role::MenuItem, command).click();
        self.settle();
    }

    fn key(&mut self, modifiers: Modifiers, key: Key) {
        self.window.key_press_modifiers(modifiers, key);
        self.settle();
    }

    fn drag(&mut self, from: Pos2, to: Pos2) {
        let button = |pos, pressed| Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        self.window.event(Event::PointerMoved(from));
        self.window.event(button(from, true));
        for step in 1..=4_u8 {
            self.window.event(Event::PointerMoved(from + (to - from) * (f32::from(step) / 4.0)));
        }
        self.window.event(button(to, false));
        self.settle();
    }

    /// Returns what the node's footer and frame say, in words.
    fn state(&self, title: &str) -> String {
        let start = format!("State {title}: ");
        let node = self.window.get_by_label_contains(&start);
        let label = node.accesskit_node().label().or_else(|| node.accesskit_node().value()).unwrap();
        label.strip_prefix(&start).unwrap_or(&label).to_owned()
    }

    #[track_caller]
    fn sees(&self, title: &str, words: &str) {
        let state = self.state(title);
        assert!(state.contains(words), "{title}: {state:?} does not say {words:?}");
    }

    fn parameter(&self, node: &'static str, parameter: &str) -> Option<Value> {
        let workflow = self.window.state().workflow().unwrap();
        workflow.node(&NodeId::from(node)).unwrap().parameters.get(parameter).cloned()
    }

    /// Selects a node and types a new template into the inspector.
    fn change_template(&mut self, title: &str, text: &str) {
        self.press(&format!("Node {title}"));
        self.window.get_by_role_and_label(Role::MultilineTextInput, "Template").click();
        self.settle();
        self.key(Modifiers::COMMAND, Key::A);
        self.window.get_by_role_and_label(Role::MultilineTextInput, "Template").type_text(text);
        self.settle();
        // Leaving the field commits what was typed.
        self.press("Canvas");
    }

    /// Ends the program and starts it again.
    fn restart(self) -> Self {
        let Self { folder, window } = self;
        drop(window);
        let path = folder.path().join("small.flow.ron");
        let window = open(&folder, Some(path));
        let mut person = Self { folder, window };
        person.until("the workflow is open", |window| window.state().workflow().is_some());
        person.settle();
        person
    }
}

fn open(folder: &TempDir, file: Option<PathBuf>) -> Harness<'static, App> {
    let folders = Folders::under(&folder.path().join("home"));
    Harness::builder()
        .with_size(vec2(1280.0, 800.0))
        .with_max_steps(60)
        .with_step_dt(0.05)
        .with_theme(egui::Theme::Dark)
        .renderer(cpu_renderer::CpuRenderer::default())
        .build_eframe(move |cc| App::new(cc, AppOptions { folders, open: file }))
}

#[test]
fn a_first_start_offers_the_examples_and_they_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut person = Person { window: open(&folder, None), folder };
    person.settle();
    person.window.get_by_label("Open Images");
    person.window.get_by_label("Open HTTP and JSON");
    person.window.get_by_label("Open Penguins").click();
    person.until("the example is open", |window| window.state().workflow().is_some());
    person.settle();
    let slow = person.window.state().workflow().unwrap().node(&"slow".into()).unwrap();
    assert_eq!(slow.kind, "delay");
    person.press("Run");
    let record = person.state("Something expensive");
    assert!(record.contains("rows"), "{record}");
}

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
fn a_node_is_added_by_search_and_connected_by_dragging() {
    let mut person = Person::at(FLOW);
    let canvas = person.window.get_by_label("Canvas").rect();
    person.window.hover_at(canvas.center() + vec2(0.0, 150.0));
    person.settle();
    person.key(Modifiers::NONE, Key::Tab);
    person.window.event(Event::Text("merge".to_owned()));
    person.settle();
    person.key(Modifiers::NONE, Key::Enter);
    assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 5);
    let from = person.window.get_by_label("Report output text").rect().center();
    let to = person.window.get_by_label("Merge input in1").rect().center();
    person.drag(from, to);
    let workflow = person.window.state().workflow().unwrap();
    let merge = workflow.nodes().find(|(_, node)| node.kind == "merge").unwrap().0.clone();
    let input = PortRef { node: merge, port: "in1".into() };
    assert_eq!(workflow.feed(&input), Some(&PortRef::new("c", "text")));
    person.press("Run");
    person.sees("Merge", "ms");
}

#[test]
fn a_wire_that_would_close_a_circle_is_refused() {
    let mut person = Person::at(FLOW);
    let from = person.window.get_by_label("Report output text").rect().center();
    let to = person.window.get_by_label("Slow input value").rect().center();
    person.drag(from, to);
    let workflow = person.window.state().workflow().unwrap();
    assert_eq!(workflow.feed(&PortRef::new("slow", "value")), Some(&PortRef::new("a", "text")));
    assert_eq!(workflow.connections().len(), 3);
}

#[test]
fn dragging_a_node_moves_it_in_one_step() {
    let mut person = Person::at(FLOW);
    let before = person.window.state().workflow().unwrap().node(&"c".into()).unwrap().position;
    let header = person.window.get_by_label("Node Report").rect().center_top() + vec2(0.0, 8.0);
    person.drag(header, header + Vec2::new(60.0, 90.0));
    let after = person.window.state().workflow().unwrap().node(&"c".into()).unwrap().position;
    assert_ne!(after, before);
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(person.window.state().workflow().unwrap().node(&"c".into()).unwrap().position, before);
}

#[test]
fn delete_removes_the_selection_and_its_wires() {
    let mut person = Person::at(FLOW);
    person.press("Node Middle");
    person.key(Modifiers::NONE, Key::Delete);
    let workflow = person.window.state().workflow().unwrap();
    assert_eq!((workflow.n_nodes(), workflow.connections().len()), (3, 1));
    person.key(Modifiers::COMMAND, Key::Z);
    let workflow = person.window.state().workflow().unwrap();
    assert_eq!((workflow.n_nodes(), workflow.connections().len()), (4, 3));
}

#[test]
fn ctrl_and_delete_heal_the_wires() {
    let mut person = Person::at(FLOW);
    let wires = |person: &Person| -> Vec<String> {
        let workflow = person.window.state().workflow().unwrap();
        workflow.connections().map(|(to, from)| format!("{from} -> {to}")).collect()
    };
    let before = wires(&person);
    person.press("Node Middle");
    person.key(Modifiers::COMMAND, Key::Delete);
    assert_eq!(person.window.state().workflow().unwrap().n_nodes(), 3);
    assert_eq!(wires(&person), ["slow.value -> c.in1", "a.text -> slow.value"]);
    person.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(wires(&person), before);
}

#[test]
fn saving_writes_no_marks_and_the_session_is_offered_back() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.right_click("Node Slow", "Pin Results");
    person.change_template("Report", "{{ in1 }}?");
    person.press("Save");
    let saved = fs::read_to_string(person.path()).unwrap();
    assert!(saved.contains("{{ in1 }}?"), "{saved}");
    assert!(!saved.to_lowercase().contains("pin"), "{saved}");
    let loaded = workflow::parse(&saved).unwrap();
    assert_eq!(&loaded, &**person.window.state().workflow().unwrap());

    let mut person = person.restart();
    person.press("Continue");
    person.sees("Slow", "pinned");
    person.press("Resume");
    person.sees("Slow", "pinned");
    person.sees("Source", "reused");
    person.sees("Middle", "reused");
    person.sees("Report", "ms");
}

#[test]
fn unsaved_edits_come_back_after_a_crash() {
    let mut person = Person::at(FLOW);
    person.change_template("Report", "typed before the crash");
    let mut person = person.restart();
    person.press("Continue");
    assert_eq!(person.parameter("c", "template"), Some(Value::text("typed before the crash")));
    assert!(!fs::read_to_string(person.path()).unwrap().contains("typed before the crash"));
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
fn a_file_that_cannot_be_read_is_said_and_the_window_stays_usable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.flow.ron");
    fs::write(&path, &FLOW[..200]).unwrap();
    let mut person = Person { window: open(&folder, Some(path)), folder };
    person.settle();
    assert!(person.window.query_all_by_label_contains("line ").next().is_some(), "the reason is shown");
    person.window.get_by_label("New workflow").click();
    person.settle();
    assert!(person.window.state().workflow().is_some());
}

#[test]
fn an_unknown_kind_is_shown_and_saved_back_unharmed() {
    let unknown =
        r#"kind: "from_the_future", title: "Report", position: (840.0, 0.0), parameters: {"deep": {"list": [1, 2.5]}}"#;
    let flow = FLOW.replace(
        r#"kind: "template", title: "Report", position: (840.0, 0.0), parameters: {"template": "{{ in1 }}c"}"#,
        unknown,
    );
    assert_ne!(flow, FLOW);
    let mut person = Person::at(&flow);
    person.window.get_by_label("Node Report");
    person.change_template("Middle", "changed");
    person.press("Save");
    let saved = workflow::load(&person.path()).unwrap();
    let original = workflow::parse(&flow).unwrap();
    assert_eq!(saved.node(&"c".into()), original.node(&"c".into()));
}

#[test]
fn the_pin_icon_answers_the_pointer_whatever_is_selected() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    for selected in ["Source", "Slow"] {
        person.press(&format!("Node {selected}"));
        let icon = person.window.get_by_label("Pin icon Slow").rect().center();
        let is_pinned = person.state("Slow").contains("pinned");
        person.drag(icon, icon);
        assert_eq!(person.state("Slow").contains("pinned"), !is_pinned, "with {selected} selected");
    }
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

const FAILING: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  nodes: {
    "f": (kind: "fail", title: "Source", position: (0.0, 0.0), parameters: {"message": "no luck"}),
    "t": (kind: "template", title: "Report", position: (400.0, 0.0), parameters: {"template": "{{ in1.message }}!"}),
  },
)
"#;

impl Person {
    /// Types into a one-line field of the inspector and leaves it.
    fn type_setting(&mut self, label: &str, text: &str) {
        self.window.get_by_role_and_label(Role::TextInput, label).click();
        self.settle();
        self.key(Modifiers::COMMAND, Key::A);
        self.window.get_by_role_and_label(Role::TextInput, label).type_text(text);
        self.settle();
        self.key(Modifiers::NONE, Key::Enter);
    }

    fn settings(&self, node: &'static str) -> workflow::NodeSettings {
        self.window.state().workflow().unwrap().node(&NodeId::from(node)).unwrap().settings.clone()
    }
}

#[test]
fn settings_are_typed_into_the_inspector_and_undone_one_by_one() {
    let mut person = Person::at(FAILING);
    person.press("Node Source");
    // Above it, so that there is room to see it.
    person.press("Why");
    person.press("Output Data");
    person.press("Settings");
    person.type_setting("Time limit", "90s");
    assert_eq!(person.settings("f").time_limit.unwrap().to_string(), "1m 30s");
    person.type_setting("Keep results for", "soon");
    assert_eq!(person.settings("f").keep_results_for, None);
    assert!(person.window.query_by_label_contains("\"soon\" is not a time such as").is_some());
    person.type_setting("Keep results for", "7d");
    assert!(person.window.query_by_label_contains("is not a time such as").is_none());
    person.press("Error output");
    let settings = person.settings("f");
    assert!(settings.error_output && settings.keep_results_for.is_some());
    for _ in 0..3 {
        person.key(Modifiers::COMMAND, Key::Z);
    }
    assert_eq!(person.settings("f"), workflow::NodeSettings::default());
}

#[test]
fn an_error_output_is_shown_and_wired_and_its_attempts_are_listed() {
    let flow = FAILING.replace("\"no luck\"}),", "\"no luck\"}, settings: (error_output: true, retries: 1)),");
    let mut person = Person::at(&flow);
    assert!(person.window.query_by_label_contains("Source output error").is_some());
    let from = person.window.get_by_label_contains("Source output error").rect().center();
    let to = person.window.get_by_label_contains("Report input in1").rect().center();
    person.drag(from, to);
    let feed = person.window.state().workflow().unwrap().feed(&PortRef::new("t", "in1")).cloned();
    assert_eq!(feed, Some(PortRef::new("f", "error")));
    person.key(Modifiers::COMMAND, Key::Enter);
    person.sees("Source", "no luck");
    person.press("Node Source");
    person.press("Timing");
    assert!(person.window.query_by_label_contains("Attempt 1 failed after").is_some());
    assert!(person.window.query_by_label_contains("Attempt 2 failed after").is_some());
    person.press("Node Report");
    assert!(person.window.query_all_by_label_contains("no luck!").next().is_some());
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

#[test]
fn any_iteration_of_a_loop_can_be_looked_at() {
    let mut person = Person::at(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Loop",
  nodes: {
    "a": (kind: "list", title: "Source", position: (0.0, 0.0), parameters: {"items": ["x", "y", "z"]}),
    "each": (kind: "for_each", title: "Each", position: (280.0, 0.0)),
    "b": (kind: "template", title: "Middle", position: (560.0, 0.0), parameters: {"template": "{{ in1 }}b"}),
    "all": (kind: "collect", title: "All", position: (840.0, 0.0)),
  },
  connections: ["a.list -> each.items", "each.item -> b.in1", "b.text -> all.item"],
)
"#,
    );
    person.press("Run");
    person.sees("Middle", "3×");
    person.sees("All", "3 items");
    person.press("Node Middle");
    let shows = |person: &Person, text: &str| person.window.query_all_by_label_contains(text).next().is_some();
    assert!(shows(&person, "3 iterations"));
    assert!(shows(&person, "zb") && !shows(&person, "yb"), "the newest is shown first");
    person.press("Previous iteration");
    assert!(shows(&person, "yb") && shows(&person, "given in1"));
    person.press("First iteration");
    assert!(shows(&person, "xb"));
    person.press("Node Each");
    assert!(shows(&person, "gave item"), "the head shows the item of the iteration that was chosen");
    person.press("Last iteration");
    person.press("Node All");
    assert!(shows(&person, "zb"), "what a Collect was given");
}

#[test]
fn a_loop_of_old_and_new_says_so_and_is_made_again_on_request() {
    let mut person = Person::at(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Loop",
  nodes: {
    "a": (kind: "list", title: "Source", position: (0.0, 0.0), parameters: {"items": [1, 2, 0, 3]}),
    "each": (kind: "for_each", title: "Each", position: (280.0, 0.0)),
    "b": (kind: "template", title: "Middle", position: (560.0, 0.0), parameters: {"template": "{{ 6 // in1 }}"}),
    "all": (kind: "collect", title: "All", position: (840.0, 0.0)),
  },
  connections: ["a.list -> each.items", "each.item -> b.in1", "b.text -> all.item"],
)
"#,
    );
    let shows = |person: &Person, text: &str| person.window.query_all_by_label_contains(text).next().is_some();
    person.press("Run");
    person.press("Node Middle");
    assert!(shows(&person, "Stopped after 2 of 4, 1 failed"));
    assert!(shows(&person, "Failed after"), "the newest iteration is the one that failed");
    person.press("First iteration");
    assert!(shows(&person, "Executed in"));
    person.press("Next failed");
    assert!(shows(&person, "Failed after"));

    person.change_template("Middle", "{{ in1 }}!");
    person.press("Resume");
    person.press("Node All");
    assert!(shows(&person, "Mixed: iterations 1–2 were made before"));
    person.press("Make all iterations again");
    person.sees("Each", "forced");
    person.press("Resume");
    assert!(!shows(&person, "Mixed: iterations"));
    assert!(shows(&person, "4 iterations") && shows(&person, "3!"));
}

const REMEMBERS: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Remembers",
  nodes: {
    "n": (kind: "integer", title: "Source", position: (0.0, 0.0), parameters: {"value": 40}),
    "total": (kind: "running_total", title: "So far", position: (280.0, 0.0)),
    "note": (kind: "remember", title: "Note", position: (280.0, 240.0), parameters: {"forget_after_secs": 7200.0}),
    "other": (kind: "recall", title: "Before", position: (0.0, 240.0)),
  },
  connections: ["n.number -> total.value", "n.number -> note.value"],
)
"#;

impl Person {
    fn has_pinned_data(&self) -> bool {
        self.window.query_by_label("Persistent").is_some()
    }

    fn stored(&self) -> Vec<String> {
        let store = Folders::under(&self.folder.path().join("home")).open_store(None).unwrap();
        let rows = store.list_pinned_data(None).unwrap();
        rows.iter().map(|row| format!("{} {}", row.workflow, row.node)).collect()
    }
}

#[test]
fn what_a_node_remembers_is_shown_apart_from_its_output_and_can_be_cleared() {
    let mut person = Person::at(REMEMBERS);
    person.press("Node So far");
    assert!(!person.has_pinned_data(), "there is none yet");
    person.press("Run");
    assert!(person.has_pinned_data());
    person.window.get_by_label("Pinned Data");
    person.window.get_by_label("Output Data");
    person.window.get_by_label_contains("stored just now · does not expire");
    person.press("Node Note");
    let lasts = |time: &str| {
        let label = format!("stored just now · expires in {time}");
        person.window.query_by_label_contains(&label).is_some()
    };
    assert!(lasts("1 h 59 min") || lasts("2 h"), "two hours, or a second less");
    person.press("Node Source");
    assert!(!person.has_pinned_data(), "it stores nothing");

    // Another program stores something else: today's value is shown, and apart from it what the last run stored.
    person.press("Node Note");
    let store = Folders::under(&person.folder.path().join("home")).open_store(None).unwrap();
    let workflow = person.window.state().workflow().unwrap().id();
    store.update_pinned_data(workflow, &"note".into(), None, &mut |_| Value::text("from elsewhere")).unwrap();
    person.press("Node So far");
    person.press("Node Note");
    person.window.get_by_label_contains("from elsewhere");
    person.window.get_by_label_contains("What the last run stored");

    person.press("Clear pinned data");
    assert!(!person.has_pinned_data());
    assert_eq!(person.stored(), [format!("{workflow} total")]);
    person.window.get_by_label_contains("It stored as pinned data: Int 40");
}

#[test]
fn the_node_to_recall_is_chosen_from_a_list() {
    let mut person = Person::at(REMEMBERS);
    person.press("Node Before");
    person.window.get_by_role_and_label(Role::ComboBox, "Node").click();
    person.settle();
    person.window.get_by_role_and_label(Role::Button, "Note (\"note\")").click();
    person.settle();
    assert_eq!(person.parameter("other", "node"), Some(Value::text("note")));
    person.press("Run");
    person.press("Resume");
    assert!(person.window.query_all_by_label("value · Int").next().is_some(), "what was stored is shown");
}

#[test]
fn pinned_data_of_a_removed_node_goes_when_the_workflow_is_saved_and_not_before() {
    let mut person = Person::at(REMEMBERS);
    person.press("Run");
    let of = |nodes: &[&str]| nodes.iter().map(|node| format!("01ARZ3NDEKTSV4RRFFQ69G5FAV {node}")).collect::<Vec<_>>();
    person.press("Node Note");
    person.key(Modifiers::NONE, Key::Delete);
    assert!(person.window.state().workflow().unwrap().node(&"note".into()).is_none());
    assert_eq!(person.stored(), of(&["note", "total"]), "it can still be taken back");
    person.key(Modifiers::COMMAND, Key::Z);
    person.key(Modifiers::COMMAND, Key::S);
    assert_eq!(person.stored(), of(&["note", "total"]));
    person.press("Node Note");
    person.key(Modifiers::NONE, Key::Delete);
    person.key(Modifiers::COMMAND, Key::S);
    assert_eq!(person.stored(), of(&["total"]));
}
