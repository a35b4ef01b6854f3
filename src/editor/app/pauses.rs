//! Breakpoints, pauses, steps, changed values, and what runs may leave out.

use super::App;
use crate::{
    editor::{RunOption, words},
    session::BreakpointEdit,
    store::RunKind,
    value::Value,
    workflow::{NodeId, PortRef},
};

impl App {
    pub(super) fn pause_run(&self) {
        if let Some(run) = self.tabs.run() {
            run.pause();
        }
    }

    pub(super) fn go_on(&self) {
        if let Some(run) = self.tabs.run() {
            run.go_on();
        }
    }

    /// Executes one node; without a run, begins to resume step by step.
    pub(super) fn step(&mut self) {
        match self.tabs.run() {
            Some(run) => run.step(),
            None => self.start_paused(RunKind::Resumed),
        }
    }

    pub(super) fn toggle_breakpoint(&mut self, nodes: Vec<NodeId>) {
        let Some(sitting) = self.tabs.sitting_mut() else { return };
        let label = match &nodes[..] {
            [node] => format!("Breakpoint at {}", words::title(sitting.workflow(), &self.catalogue, node)),
            several => format!("Breakpoints at {}", words::count(several.len(), "node")),
        };
        let known = nodes.into_iter().filter(|node| sitting.workflow().node(node).is_some());
        let edit = BreakpointEdit::toggle(sitting.marks(), known);
        sitting.set_breakpoints(label, edit);
    }

    /// Tells the runs that go on of the breakpoints if these have changed, by a toggle or by undoing one.
    pub(super) fn tell_breakpoints(&mut self) {
        for tab in self.tabs.iter_mut() {
            let Some(run) = &tab.run else {
                tab.told_breakpoints = None;
                continue;
            };
            let now = tab.sitting.marks().breakpoints();
            // The run began with those of then.
            let told = tab.told_breakpoints.get_or_insert_with(|| now.clone());
            if told != now {
                told.clone_from(now);
                run.set_breakpoints(now.iter().cloned().collect());
            }
        }
    }

    pub(super) fn change_value(&mut self, at: PortRef, value: Value) {
        let Some(run) = self.tabs.run() else { return };
        match run.replace_output(&at.node, &at.port, &value) {
            Ok(()) => {
                if let Some(sitting) = self.tabs.sitting_mut() {
                    sitting.changed_value(at, value);
                }
            }
            Err(error) => self.notices.error(error.to_string()),
        }
    }

    pub(super) fn toggle_run_option(&mut self, option: RunOption) {
        self.settings.run.toggle(option);
        self.save_settings();
    }
}
