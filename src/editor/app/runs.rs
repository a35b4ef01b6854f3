//! Starting and stopping runs, what happens in them, planning and looking at the world.

use std::{path::PathBuf, sync::Arc, time::Instant};

use jiff::Timestamp;

use super::{App, Message};
use crate::{
    editor::{
        Command, RunNumbers, Tab,
        panels::{LogEntry, Place, Tone},
        sitting::Sitting,
        watch::{Watch, Watched},
        words,
    },
    engine::{Engine, Event, EventKind, PlanOptions, Probes, RunHandle, RunRequest, Timings, probe},
    nodes::LogLevel,
    session::{Baseline, SessionId},
    store::{LogLine, Part, RunKind, RunRecord, RunStatus},
    workflow::NodeId,
};

impl App {
    pub(super) fn start_run(&mut self, kind: RunKind, part: Part) {
        let options = self.settings.run.plan(kind, part);
        self.start_run_with(options, Engine::start);
    }

    /// Starts a run that changes nothing outside, and shows what it holds back.
    pub(super) fn start_dry_run(&mut self, kind: RunKind) {
        let options = self.settings.run.plan(kind, Part::All).dry();
        self.start_run_with(options, Engine::start);
        self.show_tab(Tab::Effects);
    }

    /// Starts a run that pauses before the first node that is to execute.
    pub(super) fn start_paused(&mut self, kind: RunKind) {
        let options = self.settings.run.plan(kind, Part::All);
        self.start_run_with(options, Engine::start_paused);
    }

    fn start_run_with(
        &mut self,
        options: PlanOptions,
        start: impl FnOnce(&Engine, RunRequest, Box<dyn Fn(Event) + Send + Sync>) -> RunHandle,
    ) {
        let Some(tab) = self.tabs.front() else { return };
        let sitting = &tab.sitting;
        if tab.run.is_some() {
            self.notices.show(Tone::Info, "A run goes on: stop it before starting another", Vec::new());
            return;
        }
        let request = self.request(sitting, options);
        let reporter = self.background.reporter();
        let report = Box::new(move |event| reporter.report(Message::Engine(event)));
        let run = start(&self.engine, request, report);
        if let Some(tab) = self.tabs.front_mut() {
            tab.run = Some(run);
            tab.ended = None;
        }
    }

    /// Returns the request to run what is open as it is now.
    pub(super) fn request(&self, sitting: &Sitting, options: PlanOptions) -> RunRequest {
        RunRequest {
            path: sitting.path().map(ToOwned::to_owned),
            folder: self.folder(),
            session: sitting.session(),
            marks: sitting.marks().clone(),
            baseline: Arc::clone(sitting.baseline()),
            breakpoints: sitting.marks().breakpoints().iter().cloned().collect(),
            ..RunRequest::new(Arc::clone(sitting.workflow()), options)
        }
    }

    /// Returns the folder that relative paths start from: the workflow's, else where the program was started.
    pub(super) fn folder(&self) -> PathBuf {
        let path = self.tabs.sitting().and_then(|sitting| sitting.path()).and_then(|path| path.parent());
        path.map_or_else(|| std::env::current_dir().unwrap_or_default(), ToOwned::to_owned)
    }

    pub(super) fn stop_run(&self) {
        if let Some(run) = self.tabs.run() {
            run.cancel();
        }
    }

    /// Takes in what happened in the run that goes on; what comes late from an earlier one is dropped.
    pub(super) fn take_event(&mut self, event: Event) {
        let Some(tab) = self.tabs.of_run_mut(event.run) else { return };
        if let Some(entry) = log_entry(&event.kind) {
            tab.log.add(entry);
        }
        if matches!(&event.kind, EventKind::NodeSettled(record) if record.pinned_data.is_some()) {
            self.panels.inspector.pinned_data.outdate();
        }
        if let Some(record) = tab.sitting.happened(event.run, event.kind) {
            tab.run = None;
            let session = tab.sitting.session();
            self.run_finished(session, &record);
        }
    }

    fn run_finished(&mut self, session: SessionId, record: &RunRecord) {
        self.panels.viewers.loads.forget_failures();
        self.windows.forget_failures();
        self.panels.inspector.pinned_data.outdate();
        self.panels.inspector.times.outdate();
        let is_front = self.tabs.session() == Some(session);
        let Some(tab) = self.tabs.of_mut(session) else { return };
        tab.history.outdate();
        let status = record.header.status;
        tab.ended = Some(status).filter(|status| !(is_front && *status == RunStatus::Succeeded));
        let released = tab.sitting.released().to_vec();
        for released in released {
            let title = record
                .header
                .workflow
                .node(&released.node)
                .map_or_else(|| released.node.to_string(), |node| words::title_of(node, &self.catalogue));
            let keep = ("Keep as Hold pin".to_owned(), Command::KeepReleased(released.node));
            let said = format!("Pin of {title} released: {}", released.reason);
            self.notices.show_at(Place::Tab(session), Tone::Warning, said, vec![keep]);
        }
        self.flush_store(session);
        self.sweep_when_due();
        self.probe();
    }

    /// Waits in the background until the store has written all, and tells if it could not.
    fn flush_store(&self, session: SessionId) {
        if let Some(store) = self.store.clone() {
            self.background.start("pinflow-flush", move || match store.flush() {
                Ok(()) => Message::Done,
                Err(error) => Message::Trouble(format!("Results may not be kept: {error}")),
            });
        }
        self.read_timings(session);
    }

    /// Reads in the background how long the nodes of the workflow took and what its runs are called, once what the store has
    /// yet to write is written.
    pub(super) fn read_timings(&self, session: SessionId) {
        let (Some(tab), Some(store)) = (self.tabs.of(session), self.store.clone()) else { return };
        let workflow = tab.sitting.workflow().id();
        self.background.start("pinflow-timings", move || {
            // Whether all could be written is told elsewhere.
            store.flush().ok();
            match store.timings(workflow).and_then(|noted| Ok((noted, store.run_numbers(workflow)?))) {
                Ok((noted, numbers)) => Message::Timed(session, Timings::new(noted), RunNumbers::new(numbers)),
                Err(error) => {
                    tracing::warn!(%error, "cannot read how long nodes took and what runs are called");
                    Message::Done
                }
            }
        });
    }

    pub(super) fn timed(&mut self, session: SessionId, timings: Timings, numbers: RunNumbers) {
        if let Some(tab) = self.tabs.of_mut(session) {
            tab.sitting.timed(timings, numbers);
        }
    }

    /// Brings the forecasts up to date, and wakes the window when they are to be looked at again.
    pub(super) fn forecast(&mut self, ctx: &egui::Context) {
        if let Some(pause) = self.tabs.sitting_mut().and_then(|sitting| sitting.forecast(&self.engine)) {
            ctx.request_repaint_after(pause);
        }
    }

    pub(super) fn replan(&mut self) {
        if let Some(sitting) = self.tabs.sitting_mut() {
            sitting.replan(&self.engine, self.settings.run);
        }
    }

    /// Looks at the world when the window gains the focus, and every few seconds while it has it. No frame is drawn for that
    /// unless something has changed.
    pub(super) fn probe_when_due(&mut self, ctx: &egui::Context) {
        let focused = ctx.input(|input| input.focused);
        let gained = focused && !std::mem::replace(&mut self.probing.had_focus, focused);
        if gained {
            // Another program may have written.
            self.panels.inspector.pinned_data.outdate();
        }
        let Some(sitting) = self.tabs.sitting().filter(|_| focused && self.tabs.run().is_none()) else {
            self.probing.watch = None;
            return;
        };
        let watched = Watched {
            session: sitting.session(),
            baseline: Baseline::clone(sitting.baseline()),
            marks: sitting.marks().clone(),
        };
        let is_watched = self.probing.watch.as_ref().is_some_and(|watch| watch.is_for(&watched));
        let is_any = !watched.baseline.is_empty();
        if !is_watched {
            let reporter = self.background.reporter();
            let report = move |session, probes| reporter.report(Message::Probed(session, probes));
            let start = || Watch::start(watched.clone(), sitting.probes().clone(), self.store.clone(), report);
            self.probing.watch = watched.is_any().then(start);
        }
        if is_any && (gained || self.probing.last.is_none()) {
            self.probe();
        }
    }

    /// Looks at the world on a thread of its own.
    pub(super) fn probe(&mut self) {
        let Some(sitting) = self.tabs.sitting() else { return };
        if std::mem::replace(&mut self.probing.at_work, true) {
            return;
        }
        self.probing.last = Some(Instant::now());
        let (baseline, marks, store) = (Arc::clone(sitting.baseline()), sitting.marks().clone(), self.store.clone());
        let session = sitting.session();
        let look = move || Message::Probed(session, probe(&baseline, &marks, store.as_ref()));
        self.background.start("pinflow-probe", look);
    }

    pub(super) fn probed(&mut self, session: SessionId, probes: Probes) {
        self.probing.at_work = false;
        if let Some(tab) = self.tabs.of_mut(session) {
            tab.sitting.probed(probes);
        }
    }
}

/// Returns the line of the log for what happened, if it is worth one.
fn log_entry(event: &EventKind) -> Option<LogEntry> {
    let entry = match event {
        EventKind::Started { header, .. } => {
            let kind = match (header.kind, header.options.dry_run) {
                (RunKind::Standard, false) => "Run",
                (RunKind::Resumed, false) => "Resume",
                (RunKind::Standard, true) => "Dry run",
                (RunKind::Resumed, true) => "Dry resume",
            };
            run_entry(LogLevel::Info, format!("{kind} {} begins", header.id))
        }
        EventKind::NodeLogged { node, line, is_sensitive } => {
            LogEntry { node: Some(node.clone()), line: line.clone(), is_hidden: *is_sensitive }
        }
        EventKind::NodeSettled(record) => match &record.status {
            crate::store::Status::Failed(error) => {
                let line = LogLine { at: Timestamp::now(), level: LogLevel::Warning, message: error.clone() };
                LogEntry { node: Some(record.node.clone()), line, is_hidden: record.is_sensitive() }
            }
            _ => return None,
        },
        EventKind::Finished(record) => {
            let (level, how) = ending(record.header.status);
            let took = record.header.took.map(words::duration).unwrap_or_default();
            run_entry(level, format!("The run {how} after {took}"))
        }
        EventKind::NodeStarted { .. } | EventKind::NodeProgress { .. } | EventKind::Continued => return None,
        EventKind::Paused { waiting, .. } if waiting.is_empty() => return None,
        EventKind::Paused { waiting, .. } => {
            let names: Vec<&str> = waiting.iter().map(NodeId::as_str).collect();
            run_entry(LogLevel::Info, format!("The run is paused before {}", names.join(", ")))
        }
    };
    Some(entry)
}

fn run_entry(level: LogLevel, message: String) -> LogEntry {
    LogEntry { node: None, line: LogLine { at: Timestamp::now(), level, message }, is_hidden: false }
}

const fn ending(status: RunStatus) -> (LogLevel, &'static str) {
    match status {
        RunStatus::Running => (LogLevel::Info, "goes on"),
        RunStatus::Succeeded => (LogLevel::Info, "succeeded"),
        RunStatus::SucceededWithErrors => (LogLevel::Warning, "succeeded with errors"),
        RunStatus::Failed => (LogLevel::Warning, "failed"),
        RunStatus::Cancelled => (LogLevel::Info, "was stopped"),
        RunStatus::Interrupted => (LogLevel::Warning, "was interrupted"),
    }
}
