//! Breakpoints, pauses and runs of a part, as a person meets them.

use super::*;
use crate::store::{RunKind, Status};

impl Fixture {
    /// Draws frames until the run is paused with all that waits told.
    fn until_paused(&mut self, before: &[&'static str]) {
        let until = Instant::now() + Duration::from_mins(1);
        let before: Vec<NodeId> = before.iter().map(|id| node(id)).collect();
        loop {
            self.harness.step();
            let run = self.sitting().view(&self.harness.state().catalogue, true).run;
            if run.and_then(|run| run.pause.as_ref()).is_some_and(|pause| pause.waiting == before) {
                return;
            }
            assert!(Instant::now() < until, "the run never pauses before {before:?}");
            std::thread::yield_now();
        }
    }

    fn ask(&mut self, command: Command) {
        let ctx = self.harness.ctx.clone();
        self.harness.state_mut().command(&ctx, command);
    }

    fn frames(&mut self) {
        self.harness.run_steps(4);
    }

    fn press(&mut self, key: Key) {
        self.harness.key_press(key);
        self.frames();
    }

    fn output(&self, id: &'static str) -> Option<Value> {
        let results = self.sitting().baseline().get(&node(id))?.results.clone()?;
        results.load().ok()?.get(&"out".into()).cloned()
    }

    fn breakpoints(&self) -> Vec<String> {
        self.sitting().marks().breakpoints().iter().map(ToString::to_string).collect()
    }
}

#[test]
fn a_breakpoint_is_toggled_by_key_undone_and_kept() {
    let mut window = Fixture::new();
    window.select("work_2");
    window.press(Key::F9);
    assert_eq!(window.breakpoints(), ["work_2"]);
    assert!(!window.sitting().is_unsaved(), "the workflow's file is not touched");
    window.command(Command::Undo);
    assert!(window.breakpoints().is_empty());
    window.command(Command::Redo);
    window.command(Command::ShowTab(Tab::Pins));
    window.click("Remove breakpoint of work_2");
    assert!(window.breakpoints().is_empty());
    window.command(Command::ToggleBreakpoint(vec![node("work_2"), node("nobody")]));
    assert_eq!(window.breakpoints(), ["work_2"], "nodes that are not there get none");
    window.settle();
    let home = window.home;
    drop(window.harness);
    let folders = Folders::under(home.path());
    let store = folders.open_store(None).unwrap();
    let (sessions, _) = crate::session::unfinished_sessions(&folders, Some(&store)).unwrap();
    let session = crate::session::Session::open(&folders, Some(&store), sessions[0].id).unwrap();
    assert!(session.marks.breakpoints().contains(&node("work_2")), "the session's file has it");
}

#[test]
fn a_run_pauses_before_a_breakpoint_shows_it_and_goes_on() {
    let mut window = Fixture::new();
    window.command(Command::ToggleBreakpoint(vec![node("work_2")]));
    window.ask(Command::Run(RunKind::Standard));
    window.until_paused(&["work_2"]);
    window.frames();
    assert!(window.harness.query_by_label("Paused before Work").is_some());
    assert!(window.harness.query_by_label_contains("breakpoint, the run is paused before it").is_some());
    assert_eq!(window.executed(), 0);
    window.click("Continue");
    assert_eq!(window.executed(), 1);
    assert!(window.harness.query_by_label("Paused before Work").is_none());
}

#[test]
fn a_value_that_is_changed_at_a_pause_reaches_what_is_below() {
    let mut window = Fixture::new();
    window.command(Command::ToggleBreakpoint(vec![node("work_2")]));
    window.ask(Command::Run(RunKind::Standard));
    window.until_paused(&["work_2"]);
    window.ask(Command::Select(vec![node("source_1")]));
    window.frames();
    window.harness.get_by_label("Change out for this run").click();
    window.frames();
    let field = "out for this run";
    window.harness.get_by_role_and_label(Role::MultilineTextInput, field).focus();
    window.frames();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.harness.get_by_role_and_label(Role::MultilineTextInput, field).type_text("other");
    window.frames();
    window.harness.get_by_label("Use this value").click();
    window.frames();
    assert!(window.harness.query_by_label_contains("for what executes from now on in this run").is_some());
    window.click("Continue");
    assert_eq!(window.output("work_2"), Some(Value::text("OTHER")));
    assert_eq!(window.output("source_1"), Some(Value::text("hello")));
    window.command(Command::ToggleBreakpoint(vec![node("work_2")]));
    window.command(Command::Run(RunKind::Resumed));
    assert_eq!(window.output("work_2"), Some(Value::text("HELLO")), "Resume uses the real value again");
}

#[test]
fn steps_begin_without_a_run_and_stop_while_paused_ends_it() {
    let mut window = Fixture::new();
    window.press(Key::F10);
    window.until_paused(&["source_1", "source_3"]);
    window.press(Key::F10);
    window.until_paused(&["source_3", "work_2"]);
    window.press(Key::F6);
    window.settle();
    let status = |id| window.sitting().baseline().get(&node(id)).map(|record| record.status.clone());
    assert_eq!(status("source_1"), Some(Status::Executed));
    assert_eq!(status("work_2"), Some(Status::Cancelled));
    assert_eq!(window.executed(), 0);
}

#[test]
fn escape_closes_the_menu_and_leaves_the_run_alone() {
    let mut window = Fixture::new();
    window.press(Key::F10);
    window.until_paused(&["source_1", "source_3"]);
    window.harness.get_by_label("Run options").click();
    window.frames();
    assert!(window.harness.query_by_label("Resume stops at equal data").is_some());
    window.press(Key::Escape);
    assert!(window.harness.query_by_label("Resume stops at equal data").is_none());
    assert!(window.harness.state().tabs.run().is_some_and(|run| run.is_paused()), "it is not stopped");
    window.press(Key::F6);
    window.settle();
}

#[test]
fn a_breakpoint_that_is_set_while_the_run_is_paused_counts() {
    let mut window = Fixture::new();
    window.press(Key::F10);
    window.until_paused(&["source_1", "source_3"]);
    window.ask(Command::ToggleBreakpoint(vec![node("work_2")]));
    window.frames();
    window.press(Key::F5);
    window.until_paused(&["work_2"]);
    window.press(Key::F5);
    window.settle();
    assert_eq!(window.executed(), 1);
}

#[test]
fn parts_of_a_workflow_run_from_the_window() {
    let mut window = Fixture::new();
    window.command(Command::RunOnly(RunKind::Resumed, vec![node("source_3")]));
    assert!(window.output("source_3").is_some() && window.output("source_1").is_none());
    window.command(Command::RunFrom(RunKind::Resumed, vec![node("source_1")]));
    assert_eq!(window.output("work_2"), Some(Value::text("HELLO")));
}

#[test]
fn run_options_are_remembered_and_shown_in_the_plan() {
    let mut window = Fixture::new();
    window.harness.get_by_label("Run options").click();
    window.harness.run();
    window.harness.get_by_label("Resume stops at equal data").click();
    window.settle();
    assert!(window.harness.query_by_label_contains("plan: at most 3 run").is_some());
    let home = Arc::clone(&window.home);
    drop(window);
    let again = Fixture::again(home, Some("sample.flow.ron"));
    assert!(again.harness.state().settings.run.stop_at_equal_data);
}

#[test]
fn equal_data_is_said_where_results_are_reused_for_it() {
    let mut window = Fixture::new();
    window.command(Command::ToggleRunOption(crate::editor::RunOption::StopAtEqualData));
    window.command(Command::Run(RunKind::Standard));
    window.command(Command::Mark(vec![node("source_1")], MarkRequest::ToggleForce));
    window.command(Command::Run(RunKind::Resumed));
    assert_eq!(window.executed(), 1);
    window.command(Command::TogglePlan);
    assert!(window.harness.query_by_label_contains("reused from run 1: equal data").is_some());
}
