//! The whole window without a window: a person's clicks and keys, and what becomes of the document and the session.

mod history;
mod pauses;

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use egui::{Key, Modifiers, Role};
use egui_kittest::{Harness, kittest::Queryable as _};

use super::*;
use crate::{
    editor::{MarkRequest, Tab, TabRequest},
    nodes::{Arity, Family, Kind, NodeError, ParameterSchema, ParameterType, Success},
    session::PinPolicy,
    value::{Value, ValueType},
    workflow::{self, Connection, Edit, Node, NodeId, PortRef, Position},
};

/// Kinds to test with, and how often `work` has executed.
fn catalogue(executed: &Arc<AtomicUsize>) -> Catalogue {
    let mut catalogue = Catalogue::empty();
    let text = || ParameterType::Line { hint: "a text" };
    catalogue.register(
        Kind::new("source", "Source", Family::Input, |context| {
            Ok(Success::one("out", context.parameters().text("text").to_owned()))
        })
        .parameter(ParameterSchema::new("text", "Text", text(), "hello", "What it gives."))
        .parameter(ParameterSchema::new("size", "Size", ParameterType::Int { min: 0, max: 100, unit: "px" }, 7, ""))
        .output("out", ValueType::Text),
    );
    let executed = Arc::clone(executed);
    catalogue.register(
        Kind::new("work", "Work", Family::Text, move |context| {
            executed.fetch_add(1, Ordering::SeqCst);
            let text = context.required("in")?.display_text();
            if text == "bad" { Err(NodeError::new("it was bad")) } else { Ok(Success::one("out", text.to_uppercase())) }
        })
        .input("in", ValueType::Text, Arity::Required)
        .output("out", ValueType::Text),
    );
    catalogue
}

/// A window with a workflow `source_1 -> work_2` in a folder of its own.
struct Fixture {
    harness: Harness<'static, App>,
    executed: Arc<AtomicUsize>,
    home: Arc<tempfile::TempDir>,
}

fn sample() -> Workflow {
    let mut workflow = Workflow::new("sample");
    for (id, kind, x) in [("source_1", "source", 0.0), ("source_3", "source", 0.0), ("work_2", "work", 300.0)] {
        let y = if id == "source_3" { 200.0 } else { 0.0 };
        workflow.apply(Edit::AddNode(id.into(), Arc::new(Node::new(kind, Position(x, y))))).unwrap();
    }
    let wire = Connection { from: PortRef::new("source_1", "out"), to: PortRef::new("work_2", "in") };
    workflow.apply(Edit::Connect(wire)).unwrap();
    workflow
}

impl Fixture {
    fn new() -> Self {
        let home = Arc::new(tempfile::tempdir().unwrap());
        workflow::save(&sample(), &home.path().join("sample.flow.ron")).unwrap();
        Self::again(home, Some("sample.flow.ron"))
    }

    /// Opens another window on the same folders.
    fn again(home: Arc<tempfile::TempDir>, open: Option<&str>) -> Self {
        let executed = Arc::<AtomicUsize>::default();
        let catalogue = catalogue(&executed);
        let open = open.map(|name| home.path().join(name));
        let options = AppOptions { folders: Folders::under(home.path()), open };
        let harness = Harness::builder()
            .with_size(egui::vec2(1280.0, 800.0))
            .with_max_steps(20)
            .build_eframe(move |cc| App::with_catalogue(cc, options, catalogue));
        let mut fixture = Self { harness, executed, home };
        fixture.settle();
        fixture
    }

    fn path(&self) -> PathBuf {
        self.home.path().join("sample.flow.ron")
    }

    /// Draws frames until nothing goes on in the background.
    fn settle(&mut self) {
        let until = Instant::now() + Duration::from_mins(1);
        self.harness.step();
        loop {
            while self.harness.state().is_busy() {
                assert!(Instant::now() < until, "the window never comes to rest");
                std::thread::yield_now();
                self.harness.step();
            }
            // What has come in may show that something else is to be asked for.
            self.harness.run();
            if !self.harness.state().is_busy() {
                return;
            }
        }
    }

    fn command(&mut self, command: Command) {
        let ctx = self.harness.ctx.clone();
        self.harness.state_mut().command(&ctx, command);
        self.settle();
    }

    fn sitting(&self) -> &Sitting {
        self.harness.state().tabs.sitting().unwrap()
    }

    fn executed(&self) -> usize {
        self.executed.load(Ordering::SeqCst)
    }

    fn click(&mut self, label: &str) {
        self.harness.get_by_role_and_label(Role::Button, label).click();
        self.settle();
    }

    fn parameter(&self, node: &'static str, parameter: &str) -> Option<Value> {
        self.sitting().workflow().node(&node.into()).unwrap().parameters.get(parameter).cloned()
    }

    fn select(&mut self, node: &'static str) {
        self.command(Command::Select(vec![node.into()]));
    }

    fn pin(&mut self, node: &'static str, policy: PinPolicy) {
        self.command(Command::Mark(vec![node.into()], MarkRequest::Pin(policy)));
    }

    fn type_into(&mut self, label: &str, text: &str) {
        self.harness.get_by_role_and_label(Role::TextInput, label).focus();
        self.harness.run();
        self.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        self.harness.get_by_role_and_label(Role::TextInput, label).type_text(text);
        self.harness.run();
    }
}

fn node(id: &'static str) -> NodeId {
    id.into()
}

#[test]
fn the_welcome_screen_leads_to_a_new_workflow() {
    let mut window = Fixture::again(Arc::new(tempfile::tempdir().unwrap()), None);
    assert!(window.harness.state().workflow().is_none());
    window.click("New workflow");
    assert_eq!(window.sitting().workflow().n_nodes(), 0);
    assert!(!window.sitting().is_unsaved());
}

#[test]
fn run_executes_all_and_resume_nothing_again() {
    let mut window = Fixture::new();
    window.click("Run");
    assert_eq!(window.executed(), 1);
    let results = window.sitting().baseline().get(&node("work_2")).unwrap().results.clone().unwrap();
    assert_eq!(results.load().unwrap().get(&"out".into()), Some(&Value::from("HELLO")));
    window.click("Resume");
    assert_eq!(window.executed(), 1);
    assert!(window.harness.query_by_label("plan: 0 run · 3 reuse").is_some());
    window.click("Run");
    assert_eq!(window.executed(), 2);
}

#[test]
fn typing_for_one_node_and_selecting_another_changes_the_first() {
    let mut window = Fixture::new();
    window.select("source_1");
    window.type_into("Text", "typed");
    assert_eq!(window.parameter("source_1", "text"), None, "not before the typing is done");
    window.select("source_3");
    assert_eq!(window.parameter("source_1", "text"), Some("typed".into()));
    assert_eq!(window.parameter("source_3", "text"), None);
    window.click("Undo");
    assert_eq!(window.parameter("source_1", "text"), None, "typing is one step");
}

#[test]
fn a_shortcut_while_typing_commits_the_text_first() {
    let mut window = Fixture::new();
    window.select("source_1");
    window.type_into("Text", "typed");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.settle();
    let results = window.sitting().baseline().get(&node("work_2")).unwrap().results.clone().unwrap();
    assert_eq!(results.load().unwrap().get(&"out".into()), Some(&Value::from("TYPED")));
}

#[test]
fn letters_typed_into_a_field_are_no_shortcuts() {
    let mut window = Fixture::new();
    window.select("source_1");
    window.type_into("Text", "mp0");
    window.harness.key_press(Key::M);
    window.harness.key_press(Key::Delete);
    window.settle();
    assert!(window.sitting().marks().is_empty());
    assert_eq!(window.sitting().workflow().n_nodes(), 3);
}

#[test]
fn keys_act_on_the_selection() {
    let mut window = Fixture::new();
    window.select("work_2");
    window.harness.key_press(Key::M);
    window.settle();
    assert!(matches!(window.sitting().marks().get(&node("work_2")), crate::session::Mark::Disabled));
    window.harness.key_press(Key::P);
    window.settle();
    assert!(window.sitting().marks().get(&node("work_2")).as_pin().is_some());
    window.harness.key_press(Key::Delete);
    window.settle();
    assert_eq!(window.sitting().workflow().n_nodes(), 2);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert_eq!(window.sitting().workflow().n_nodes(), 3);
    assert!(window.sitting().marks().get(&node("work_2")).as_pin().is_some(), "its mark came back with it");
}

#[test]
fn a_pinned_node_is_not_executed_and_the_pins_are_listed() {
    let mut window = Fixture::new();
    window.click("Run");
    window.pin("work_2", PinPolicy::Hold);
    window.click("Run");
    assert_eq!(window.executed(), 1);
    window.click("This run used 1 pin");
    window.click("Unpin work_2");
    assert!(window.sitting().marks().is_empty());
}

#[test]
fn a_released_pin_is_told_of_and_can_be_kept() {
    let mut window = Fixture::new();
    window.click("Run");
    window.pin("work_2", PinPolicy::Follow);
    let edit = Edit::SetParameter(node("source_1"), "text".into(), Some("other".into()));
    window.command(Command::Edit("Change".to_owned(), edit));
    window.click("Resume");
    assert_eq!(window.executed(), 2);
    assert!(window.sitting().marks().is_empty());
    assert!(window.harness.query_by_label_contains("Pin of Work released").is_some());
    window.click("Keep as Hold pin");
    let pin = window.sitting().marks().get(&node("work_2")).clone();
    assert_eq!(pin.as_pin().unwrap().policy, PinPolicy::Hold);
    let kept = pin.capture().unwrap().results.load().unwrap();
    assert_eq!(kept.get(&"out".into()), Some(&Value::from("HELLO")), "the results it had");
}

#[test]
fn a_failure_is_said_on_the_node_and_in_the_log() {
    let mut window = Fixture::new();
    let edit = Edit::SetParameter(node("source_1"), "text".into(), Some("bad".into()));
    window.command(Command::Edit("Change".to_owned(), edit));
    window.click("Run");
    window.select("work_2");
    assert!(window.harness.query_all_by_label("Failed: it was bad").next().is_some());
    window.command(Command::ShowTab(Tab::Log));
    assert!(window.harness.query_by_label("it was bad").is_some());
}

#[test]
fn saving_writes_the_file_and_takes_the_star_away() {
    let mut window = Fixture::new();
    let edit = Edit::SetTitle(node("source_1"), "My source".to_owned());
    window.command(Command::Edit("Rename".to_owned(), edit));
    assert!(window.sitting().is_unsaved());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::S);
    window.settle();
    assert!(!window.sitting().is_unsaved());
    let saved = workflow::load(&window.path()).unwrap();
    assert_eq!(saved.node(&node("source_1")).unwrap().title, "My source");
    window.click("Undo");
    assert!(window.sitting().is_unsaved());
}

#[test]
fn unsaved_work_is_asked_about_before_it_is_left() {
    let mut window = Fixture::new();
    let edit = Edit::SetTitle(node("source_1"), "My source".to_owned());
    window.command(Command::Edit("Rename".to_owned(), edit));
    window.command(Command::Tabs(TabRequest::CloseFront));
    assert!(window.harness.query_by_label("Unsaved changes").is_some());
    window.click("Cancel");
    assert!(window.sitting().is_unsaved());
    window.command(Command::Tabs(TabRequest::CloseFront));
    window.click("Save changes");
    assert!(window.harness.state().workflow().is_none());
    assert_eq!(workflow::load(&window.path()).unwrap().node(&node("source_1")).unwrap().title, "My source");
}

#[test]
fn a_new_workflow_is_saved_where_the_path_says() {
    let mut window = Fixture::new();
    window.command(Command::New);
    let add = Command::AddNode { kind: "source".into(), position: Position(0.0, 0.0), connect: None };
    window.command(add);
    window.command(Command::Save);
    let target = window.home.path().join("new");
    window.type_into("Path", &target.display().to_string());
    window.click("Save here");
    assert_eq!(workflow::load(&target.with_extension("flow.ron")).unwrap().n_nodes(), 1);
    assert!(!window.sitting().is_unsaved());
}

#[test]
fn a_copy_saved_elsewhere_is_a_workflow_of_its_own() {
    let mut window = Fixture::new();
    let original = window.sitting().workflow().id();
    window.command(Command::SaveAs);
    let target = window.home.path().join("copy.flow.ron");
    window.type_into("Path", &target.display().to_string());
    window.click("Save here");
    let copy = workflow::load(&target).unwrap();
    assert_ne!(copy.id(), original);
    assert_eq!(window.sitting().workflow().id(), copy.id());
    assert!(!window.sitting().is_unsaved());
    assert_eq!(workflow::load(&window.path()).unwrap().id(), original);
}

#[test]
fn a_copy_has_no_pinned_data_unless_it_is_asked_for() {
    let mut window = Fixture::new();
    let original = window.sitting().workflow().id();
    let store = window.harness.state().store.clone().unwrap();
    for node in ["work_2", "not_in_the_workflow"] {
        store.update_pinned_data(original, &node.into(), None, &mut |_| Value::Int(7)).unwrap();
    }
    window.command(Command::SaveAs);
    let target = window.home.path().join("copy.flow.ron");
    window.type_into("Path", &target.display().to_string());
    window.click("Save here");
    let copy = window.sitting().workflow().id();
    let of_copy = || store.pinned_data(copy, &"work_2".into()).unwrap().map(|data| data.value);
    assert_eq!(of_copy(), None);
    assert!(window.harness.query_by_label_contains("without the pinned data of 1 node").is_some());
    window.click("Copy the pinned data too");
    assert_eq!(of_copy(), Some(Value::Int(7)));
    assert_eq!(store.list_pinned_data(Some(original)).unwrap().len(), 2, "the original keeps its own");
}

#[test]
fn a_copy_that_cannot_be_saved_changes_nothing() {
    let mut window = Fixture::new();
    let original = window.sitting().workflow().id();
    window.command(Command::SaveAs);
    let target = window.home.path().join("no such folder/copy.flow.ron");
    window.type_into("Path", &target.display().to_string());
    window.click("Save here");
    assert!(window.harness.query_by_label_contains("Not saved").is_some());
    assert_eq!(window.sitting().workflow().id(), original);
    assert_eq!(window.sitting().path(), Some(window.path().as_path()));
}

#[test]
fn what_a_crash_left_is_offered_back_whole() {
    let mut window = Fixture::new();
    window.click("Run");
    window.pin("work_2", PinPolicy::Hold);
    let edit = Edit::SetTitle(node("source_1"), "unsaved".to_owned());
    window.command(Command::Edit("Rename".to_owned(), edit));
    let home = Arc::clone(&window.home);
    drop(window);

    let mut again = Fixture::again(home, Some("sample.flow.ron"));
    assert!(again.sitting().marks().is_empty(), "a new session starts without marks");
    again.click("Continue");
    assert!(again.sitting().is_unsaved());
    assert_eq!(again.sitting().workflow().node(&node("source_1")).unwrap().title, "unsaved");
    assert!(again.sitting().marks().get(&node("work_2")).capture().is_some());
    again.click("Resume");
    assert_eq!(again.executed(), 0, "the pin and the baseline came back");
    again.select("work_2");
    again.settle();
    assert!(again.harness.query_all_by_label("HELLO").next().is_some(), "kept results are read and shown");
}

#[test]
fn a_session_that_ended_as_it_should_offers_its_pins_only() {
    let mut window = Fixture::new();
    window.command(Command::Welcome);
    let home = Arc::clone(&window.home);
    drop(window);
    let again = Fixture::again(Arc::clone(&home), Some("sample.flow.ron"));
    assert!(again.harness.query_by_label("Continue").is_none(), "there was nothing in it");
}

#[test]
fn copied_nodes_come_back_as_new_ones() {
    let mut window = Fixture::new();
    window.command(Command::SelectAll);
    window.command(Command::Duplicate);
    assert_eq!(window.sitting().workflow().n_nodes(), 6);
    assert_eq!(window.sitting().workflow().connections().len(), 2);
    assert_eq!(window.sitting().selection().len(), 3);
    window.harness.event(egui::Event::Paste("no nodes".to_owned()));
    window.settle();
    assert!(window.harness.query_by_label_contains("Not pasted").is_some());
}

#[test]
fn a_file_that_cannot_be_opened_is_said_so_and_the_window_goes_on() {
    let mut window = Fixture::new();
    std::fs::write(window.home.path().join("broken.flow.ron"), "nonsense").unwrap();
    window.command(Command::Open(window.home.path().join("broken.flow.ron")));
    assert!(window.harness.query_by_label_contains("Not opened").is_some());
    assert_eq!(window.sitting().workflow().n_nodes(), 3);
    assert!(Path::new(&window.path()).exists());
}

#[test]
fn numbers_are_set_by_their_name() {
    let mut window = Fixture::new();
    window.select("source_1");
    window.harness.get_by_role_and_label(Role::SpinButton, "Size").set_value_accesskit(42.0);
    window.settle();
    assert_eq!(window.parameter("source_1", "size"), Some(Value::Int(42)));
}

#[test]
fn a_store_that_cannot_be_opened_is_said_so_and_runs_go_on_in_memory() {
    let home = Arc::new(tempfile::tempdir().unwrap());
    std::fs::write(home.path().join("data"), "in the way").unwrap();
    workflow::save(&sample(), &home.path().join("sample.flow.ron")).unwrap();
    let mut window = Fixture::again(home, Some("sample.flow.ron"));
    assert!(window.harness.state().store.is_none());
    window.click("Run");
    assert_eq!(window.executed(), 1);
    window.click("Resume");
    assert_eq!(window.executed(), 1);
}
