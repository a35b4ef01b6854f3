//! Earlier runs in the window: listed, opened, pinned and resumed from, compared.

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::{super::sweeping::SweptFor, Duration, Fixture};
use crate::{
    editor::{Answer, Command, KeepRules, Tab},
    session::PinPolicy,
    store::{RunId, RunKind, SweepReport},
    value::Value,
    workflow::{Edit, NodeId, Retention},
};

impl Fixture {
    /// Sets the text of the first source.
    fn write(&mut self, text: &str) {
        let edit = Edit::SetParameter("source_1".into(), "text".into(), Some(Value::text(text)));
        self.command(Command::Edit("Type".to_owned(), edit));
    }

    fn run_with(&mut self, text: &str) {
        self.write(text);
        self.command(Command::Run(RunKind::Standard));
    }

    fn run_id(&self, number: i64) -> RunId {
        let store = self.harness.state().store.clone().unwrap();
        store.find_run(&number.to_string()).unwrap().unwrap().id
    }

    fn open_run(&mut self, number: i64) {
        let run = self.run_id(number);
        self.command(Command::OpenRun(run));
    }

    fn result(&self, node: &'static str) -> Option<Value> {
        let record = self.sitting().shown_baseline().get(&node.into()).cloned()?;
        record.results.as_ref()?.load().unwrap().get(&"out".into()).cloned()
    }

    fn pinned(&self, node: &'static str) -> Option<(PinPolicy, Value)> {
        let mark = self.sitting().marks().get(&node.into()).clone();
        let value = mark.capture()?.results.load().unwrap().get(&"out".into()).cloned()?;
        Some((mark.as_pin()?.policy, value))
    }

    fn says(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }
}

#[test]
fn the_history_lists_the_runs_and_follows_new_ones() {
    let mut window = Fixture::new();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::H);
    window.settle();
    assert!(window.says("No runs yet"));
    window.run_with("one");
    window.run_with("two");
    assert!(window.harness.query_by_label("Run 1").is_some());
    assert!(window.harness.query_by_label("Run 2").is_some());
    assert!(window.says("2 runs"));
    window.command(Command::Run(RunKind::Resumed));
    assert!(window.says("3 reused"));
    window.harness.get_by_label("Status of runs").click();
    window.settle();
    window.harness.get_by_label("Stopped").click();
    window.settle();
    assert!(window.says("0 of 3 runs"));
    assert!(window.harness.query_by_label("Run 1").is_none());
}

#[test]
fn an_earlier_run_is_shown_as_it_was_and_there_is_a_way_back() {
    let mut window = Fixture::new();
    window.run_with("one");
    window.run_with("two");
    window.select("work_2");
    window.harness.key_press(Key::P);
    window.settle();
    assert!(window.pinned("work_2").is_some());
    window.command(Command::ShowTab(Tab::History));
    window.harness.get_by_label("Run 1").click();
    window.settle();
    window.click("Open run");
    assert!(window.says("Earlier run #1"));
    assert_eq!(window.result("work_2"), Some(Value::text("ONE")));
    let view = window.sitting().view(&window.harness.state().catalogue, true);
    assert!(view.marks.is_empty(), "today's pin is not on it");
    assert_eq!(view.workflow.node(&"source_1".into()).unwrap().parameters["text"], Value::text("one"));

    window.write("three");
    assert!(window.says("cannot be changed"), "an earlier run is not edited");
    assert_eq!(window.parameter("source_1", "text"), Some(Value::text("two")));
    let executed = window.executed();
    window.command(Command::Run(RunKind::Standard));
    assert_eq!(window.executed(), executed, "nor run");

    window.harness.get_all_by_label("Back to the workflow").next().unwrap().click();
    window.settle();
    assert!(!window.says("Earlier run #1"));
    assert_eq!(window.result("work_2"), Some(Value::text("TWO")));
    window.write("three");
    assert_eq!(window.parameter("source_1", "text"), Some(Value::text("three")));
}

#[test]
fn results_of_two_runs_are_pinned_together() {
    let mut window = Fixture::new();
    window.run_with("one");
    window.run_with("two");
    window.open_run(1);
    window.select("source_1");
    window.click("Pin from #1");
    window.open_run(2);
    window.select("work_2");
    window.harness.key_press(Key::P);
    window.settle();
    window.command(Command::CloseRun);
    assert_eq!(window.pinned("source_1"), Some((PinPolicy::Hold, Value::text("one"))));
    assert_eq!(window.pinned("work_2"), Some((PinPolicy::Hold, Value::text("TWO"))));
    window.command(Command::Undo);
    assert_eq!(window.pinned("work_2"), None);
}

#[test]
fn resume_starts_from_an_earlier_run() {
    let mut window = Fixture::new();
    window.run_with("one");
    window.run_with("two");
    window.write("one");
    let executed = window.executed();
    window.open_run(1);
    window.click("Resume from this run");
    assert!(window.says("Resume starts from"));
    window.command(Command::Run(RunKind::Resumed));
    assert_eq!(window.executed(), executed, "all of it was there already");
    assert_eq!(window.result("work_2"), Some(Value::text("ONE")));
}

#[test]
fn two_runs_are_compared_down_to_the_line() {
    let mut window = Fixture::new();
    window.run_with("one");
    window.write("two");
    window.command(Command::Run(RunKind::Resumed));
    window.command(Command::ShowTab(Tab::History));
    window.harness.get_by_label("Run 1").click();
    window.settle();
    window.harness.get_by_label("Run 2").click_modifiers(Modifiers::COMMAND);
    window.settle();
    window.click("Compare");
    assert!(window.says("Run #1 and run #2"));
    assert!(window.says("executed, then reused"), "the other source decided otherwise");
    window.harness.get_by_label("Output out of work_2").click();
    window.settle();
    assert!(window.says("- ONE") && window.says("+ TWO"), "the lines that differ");
    window.click("Pin from #1");
    window.command(Command::CloseRun);
    assert_eq!(window.pinned("work_2"), Some((PinPolicy::Hold, Value::text("ONE"))));
    assert!(window.sitting().view(&window.harness.state().catalogue, true).past.is_none());
}

#[test]
fn a_run_of_a_workflow_with_other_nodes_is_shown_with_its_own() {
    let mut window = Fixture::new();
    window.run_with("one");
    window.select("work_2");
    window.command(Command::DeleteSelected);
    window.open_run(1);
    window.command(Command::SelectAll);
    assert_eq!(window.sitting().selection().len(), 3);
    window.command(Command::PinFromRun(window.run_id(1), vec![NodeId::from("work_2")]));
    assert!(window.says("is not in the workflow any more"));
    window.command(Command::CloseRun);
    assert!(window.sitting().selection().iter().all(|node| node != "work_2"));
}

#[test]
fn rules_say_what_they_would_remove_before_they_count() {
    let mut window = Fixture::new();
    for text in ["one", "two", "three"] {
        window.run_with(text);
    }
    window.command(Command::ShowTab(Tab::History));
    window.click("Rules…");
    assert!(window.says("Nothing would be removed: all 3 runs stay"));
    assert!(window.harness.get_by_label("Remove now").accesskit_node().is_disabled(), "there is nothing to remove");
    window.harness.get_by_label("Do not keep runs").click();
    window.settle();
    assert!(window.says("This would remove 3 runs of 3"));
    window.click("Cancel");
    assert!(window.says("3 runs"), "looking removes nothing");
    window.click("Rules…");
    window.harness.get_by_label("Do not keep runs").click();
    window.settle();
    window.click("Apply and remove");
    assert!(window.says("Removed 3 runs"));
    assert!(window.says("No runs yet"));
    let executed = window.executed();
    window.command(Command::Run(RunKind::Resumed));
    assert_eq!(window.executed(), executed, "what the session starts from is still there");
    assert!(window.says("No runs yet"), "nor is this run kept");
}

#[test]
fn a_workflow_has_a_rule_of_its_own_which_can_be_undone() {
    let mut window = Fixture::new();
    window.command(Command::HistoryRules);
    let workflow = Some(Retention { newest: Some(1), ..Retention::default() });
    window.command(Command::Answer(Answer::Rules(KeepRules { workflow, program: Retention::default() })));
    window.run_with("one");
    window.run_with("two");
    window.command(Command::ShowTab(Tab::History));
    assert!(window.harness.query_by_label("Run 1").is_none() && window.harness.query_by_label("Run 2").is_some());
    window.command(Command::Undo);
    window.command(Command::Undo);
    window.command(Command::Undo);
    assert_eq!(window.sitting().workflow().settings().history, None);
}

#[test]
fn a_slow_sweep_is_not_made_again_after_the_next_run() {
    let mut window = Fixture::new();
    window.command(Command::HistoryRules);
    let program = Retention { newest: Some(1), ..Retention::default() };
    window.command(Command::Answer(Answer::Rules(KeepRules { workflow: None, program })));
    let report = Box::new(SweepReport::default());
    window.harness.state_mut().swept(Ok(report), SweptFor::Rules(Duration::from_hours(1)));
    window.command(Command::ShowTab(Tab::History));
    window.run_with("one");
    window.run_with("two");
    assert!(window.says("2 runs"));
    window.command(Command::HistoryRules);
    window.click("Remove now");
    assert!(window.says("Removed 1 run of 2"), "asked for, it is made at once");
}

#[test]
fn a_run_that_is_shown_is_not_swept() {
    let mut window = Fixture::new();
    window.run_with("one");
    window.run_with("two");
    window.open_run(1);
    window.command(Command::HistoryRules);
    let program = Retention { newest: Some(1), ..Retention::default() };
    window.command(Command::Answer(Answer::Rules(KeepRules { workflow: None, program })));
    assert_eq!(window.result("work_2"), Some(Value::text("ONE")));
    window.select("work_2");
    window.click("Pin from #1");
    window.command(Command::CloseRun);
    assert_eq!(window.pinned("work_2"), Some((PinPolicy::Hold, Value::text("ONE"))));
}
