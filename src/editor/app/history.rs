//! The history of runs: listed, opened, compared, pinned and resumed from. All reading is done on other threads.

use std::sync::Arc;

use super::{App, Message};
use crate::{
    editor::{
        Command, MarkRequest,
        history::DifferenceKey,
        panels::{Place, Tone},
        past::Past,
    },
    session::{Baseline, Capture, Mark, MarkEdit, PinPolicy, SessionId},
    store::{HistoryFilter, RunId, RunSummary},
    value::difference::Difference,
    workflow::{NodeId, PortId},
};

impl App {
    /// Reads the runs of the workflow, if they are not being read already.
    pub(super) fn load_history(&mut self) {
        let (Some(tab), Some(store)) = (self.tabs.front_mut(), self.store.clone()) else { return };
        let (session, workflow) = (tab.sitting.session(), tab.sitting.workflow().id());
        if tab.history.begin() {
            self.background.start("pinflow-history", move || {
                let runs = store.history(&HistoryFilter::of(workflow)).map_err(|error| error.to_string());
                Message::History(session, runs)
            });
        }
    }

    /// Takes in the runs that were read.
    pub(super) fn listed_history(&mut self, session: SessionId, runs: Result<Vec<RunSummary>, String>) {
        if let Some(tab) = self.tabs.of_mut(session) {
            tab.history.end(runs);
        }
    }

    /// Opens an earlier run to be looked at.
    pub(super) fn open_run(&self, run: RunId) {
        self.read_past(move |store| Past::read(store, run));
    }

    /// Opens the later one of two runs, with what differs from the other.
    pub(super) fn compare_runs(&self, runs: [RunId; 2]) {
        self.read_past(move |store| Past::read_two(store, runs));
    }

    fn read_past(&self, read: impl FnOnce(&crate::store::Store) -> Result<Past, String> + Send + 'static) {
        let (Some(sitting), Some(store)) = (self.tabs.sitting(), self.store.clone()) else { return };
        let session = sitting.session();
        self.background.start("pinflow-past", move || Message::Past(session, read(&store).map(Box::new)));
    }

    /// Shows the run that was read.
    pub(super) fn opened_past(&mut self, session: SessionId, past: Result<Box<Past>, String>) {
        let Some(tab) = self.tabs.of_mut(session) else { return };
        match past {
            Ok(past) => {
                tab.history.forget_difference();
                let same_places = tab.sitting.shows_past();
                tab.sitting.look_at(Some(*past));
                if !same_places {
                    tab.canvas_of_now = Some(std::mem::take(&mut tab.canvas));
                    tab.canvas.fit_all();
                }
            }
            Err(error) => self.notices.error(format!("The run cannot be shown: {error}")),
        }
    }

    /// Back to the workflow as it is now.
    pub(super) fn close_run(&mut self) {
        if let Some(tab) = self.tabs.front_mut() {
            tab.close_run();
        }
    }

    /// Carries out what may be asked of an earlier run, and says of everything else that it cannot be changed; returns whether
    /// the command was dealt with.
    pub(super) fn in_past(&mut self, command: &Command) -> bool {
        let Some(sitting) = self.tabs.sitting() else { return false };
        let Some(past) = sitting.past() else { return false };
        match command {
            Command::Mark(nodes, MarkRequest::Pin(policy)) => {
                let (run, nodes, policy) = (past.summary.id, nodes.clone(), *policy);
                self.pin_from(run, &nodes, policy);
            }
            Command::Mark(nodes, MarkRequest::TogglePin) => {
                let (run, nodes) = (past.summary.id, nodes.clone());
                self.pin_from(run, &nodes, PinPolicy::Hold);
            }
            command if command.is_of_now() => {
                let said = format!("This is {}: what was done cannot be changed", past.name());
                let back = ("Back to the workflow".to_owned(), Command::CloseRun);
                self.notices.show(Tone::Info, said, vec![back]);
            }
            _ => return false,
        }
        true
    }

    /// Pins nodes of the workflow to what they gave in a run that is looked at.
    pub(super) fn pin_from(&mut self, run: RunId, nodes: &[NodeId], policy: PinPolicy) {
        let Some(sitting) = self.tabs.sitting_mut() else { return };
        let Some(past) = sitting.past() else { return };
        let number = past
            .compared
            .as_ref()
            .filter(|compared| compared.before.id == run)
            .map_or(past.summary.number, |compared| compared.before.number);
        let (mut marks, mut refused) = (Vec::new(), Vec::new());
        for node in nodes {
            let capture = past.record_in(run, node).and_then(|record| Capture::of(&record));
            match capture.filter(|_| sitting.workflow().node(node).is_some()) {
                Some(capture) => marks.push((node.clone(), Mark::captured(policy, capture))),
                None => refused.push(node.as_str()),
            }
        }
        if !refused.is_empty() {
            let said = format!(
                "Not pinned: {} gave no results in run #{number}, or is not in the workflow any more",
                refused.join(", ")
            );
            self.notices.show(Tone::Warning, said, Vec::new());
        }
        if !marks.is_empty() {
            let names: Vec<&str> = marks.iter().map(|(node, _)| node.as_str()).collect();
            let label = format!("Pin {} to run #{number}", names.join(", "));
            self.notices.show(
                Tone::Info,
                format!("Pinned to what run #{number} gave: {}", names.join(", ")),
                Vec::new(),
            );
            sitting.mark(label, MarkEdit(marks));
        }
    }

    /// Makes what a run had of each node the place from which Resume starts.
    pub(super) fn resume_from(&mut self, run: RunId) {
        let (Some(tab), Some(store)) = (self.tabs.front(), self.store.clone()) else { return };
        if tab.run.is_some() {
            self.notices.show(Tone::Info, "A run goes on: stop it before resuming from another", Vec::new());
            return;
        }
        let session = tab.sitting.session();
        self.background.start("pinflow-resume-from", move || {
            let read = store
                .start_from(run, session)
                .and_then(|()| store.baseline(session))
                .map(|records| records.into_iter().collect::<Baseline>());
            Message::StartsFrom(session, run, read.map(Arc::new).map_err(|error| error.to_string()))
        });
    }

    /// Takes in the records that Resume starts from now.
    pub(super) fn starts_from(&mut self, session: SessionId, run: RunId, baseline: Result<Arc<Baseline>, String>) {
        let Some(tab) = self.tabs.of_mut(session) else { return };
        match baseline {
            Ok(baseline) => {
                let number = tab.history.number_of(run);
                tab.sitting.start_from(baseline);
                tab.close_run();
                let run = number.map_or_else(|| run.to_string(), |number| format!("run #{number}"));
                let said = format!("Resume starts from {run} now");
                self.notices.show_at(Place::Tab(session), Tone::Info, said, Vec::new());
                self.probe();
            }
            Err(error) => self.notices.error(format!("Cannot resume from the run: {error}")),
        }
    }

    /// Reads and compares an output of the two runs that are looked at.
    pub(super) fn load_difference(&mut self, node: NodeId, port: PortId) {
        let Some(tab) = self.tabs.front_mut() else { return };
        let Some(past) = tab.sitting.past() else { return };
        let Some(compared) = past.compared.clone() else { return };
        let key = DifferenceKey { before: compared.before.id, after: past.summary.id, node, port };
        if tab.history.begin_difference(&key) {
            self.background.start("pinflow-difference", move || {
                let difference = match compared.comparison.node(&key.node) {
                    Some(node) => node.difference(&key.port).map_err(|error| error.to_string()),
                    None => Ok(Difference::None),
                };
                Message::Difference(Box::new(key), difference.map(Box::new))
            });
        }
    }

    /// Takes in what differs between two runs, or why it is not known, wherever they are compared.
    pub(super) fn end_difference(&mut self, key: DifferenceKey, difference: Result<Box<Difference>, String>) {
        if let Some(tab) = self.tabs.iter_mut().find(|tab| tab.history.waits_for(&key)) {
            tab.history.end_difference(key, difference);
        }
    }
}
