//! Sweeping the store on another thread: at the start, after runs, and when a person has changed the rules.

use std::time::{Duration, Instant};

use super::{App, Message};
use crate::{
    editor::{
        dialogs::{Dialog, KeepDialog, KeepRules, PlannedSweep},
        panels::Tone,
        past::Past,
        sitting::Sitting,
    },
    session::{Folders, SessionId, sweep_request, values_of},
    store::{RunId, Store, SweepReport, SweepRequest},
    value::Fingerprint,
    workflow::{Edit, Retention, WorkflowId, WorkflowSettings},
};

/// What the open window needs, beside what the files of sessions say.
struct Needs {
    folders: Folders,
    store: Store,
    program: Retention,
    /// The open workflows with their rules, which their files may not have yet; the one in front at the end.
    open: Vec<(WorkflowId, Option<Retention>)>,
    sessions: Vec<SessionId>,
    values: Vec<Fingerprint>,
    runs: Vec<RunId>,
}

impl Needs {
    fn request(&self) -> Result<SweepRequest, String> {
        let mut request = sweep_request(&self.folders, &self.store, self.program).map_err(|error| error.to_string())?;
        for (workflow, rule) in &self.open {
            match rule {
                Some(rule) => request.rules.insert(*workflow, *rule),
                None => request.rules.remove(workflow),
            };
        }
        request.sessions.extend(&self.sessions);
        request.values.extend(&self.values);
        request.runs.extend(&self.runs);
        Ok(request)
    }
}

/// Who a sweep is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SweptFor {
    /// A person, who is told.
    Person,
    /// The rules, after a run. It took so long.
    Rules(Duration),
}

/// A sweep after a run that took longer is followed by a pause.
const SLOW_SWEEP: Duration = Duration::from_millis(200);

/// How long the pause is, in times of what the sweep took.
const PAUSE: u32 = 20;

impl App {
    fn needs(&self) -> Option<Needs> {
        let store = self.store.clone()?;
        let front = self.tabs.session();
        let sittings = || self.tabs.iter().map(|tab| &tab.sitting);
        let mut open: Vec<&Sitting> = sittings().collect();
        open.sort_by_key(|sitting| Some(sitting.session()) == front);
        let rule = |sitting: &&Sitting| (sitting.workflow().id(), sitting.workflow().settings().history);
        Some(Needs {
            folders: self.folders.clone(),
            store,
            program: self.settings.history,
            open: open.iter().map(rule).collect(),
            sessions: sittings().map(Sitting::session).collect(),
            values: sittings().flat_map(values_held).collect(),
            runs: sittings().filter_map(Sitting::past).flat_map(Past::runs).collect(),
        })
    }

    /// Sweeps, if the rules that count take any run out of the history and the last sweep was long enough ago.
    pub(super) fn sweep_when_due(&self) {
        if self.no_sweep_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        let Some(needs) = self.needs() else { return };
        self.background.start("pinflow-sweep", move || {
            let began = Instant::now();
            let swept = needs.request().and_then(|request| {
                let is_due = needs.store.has_runs_to_sweep(&request).map_err(|error| error.to_string())?;
                if is_due { needs.store.sweep(&request).map(Some).map_err(|error| error.to_string()) } else { Ok(None) }
            });
            match swept {
                Ok(None) => Message::Done,
                Ok(Some(report)) => Message::Swept(Ok(Box::new(report)), SweptFor::Rules(began.elapsed())),
                Err(error) => Message::Swept(Err(error), SweptFor::Rules(began.elapsed())),
            }
        });
    }

    /// Takes in what was removed; it is told if a person asked for it.
    pub(super) fn swept(&mut self, report: Result<Box<SweepReport>, String>, swept_for: SweptFor) {
        if let SweptFor::Rules(took) = swept_for
            && took > SLOW_SWEEP
        {
            self.no_sweep_until = Some(Instant::now() + took * PAUSE);
        }
        match report {
            Ok(report) => {
                if swept_for == SweptFor::Person {
                    let said = format!("Removed {}", report.in_words());
                    self.notices.show(Tone::Info, said, Vec::new());
                }
                self.tabs.iter_mut().for_each(|tab| tab.history.outdate());
            }
            Err(error) => self.notices.trouble(format!("The history is not swept: {error}")),
        }
    }

    /// Opens the dialog of rules.
    pub(super) fn show_rules(&mut self) {
        let workflow = self.tabs.sitting().and_then(|sitting| sitting.workflow().settings().history);
        self.dialog = Some(Dialog::Keep(KeepDialog::new(KeepRules { workflow, program: self.settings.history })));
    }

    /// Finds out what rules would remove.
    pub(super) fn preview_sweep(&mut self, rules: KeepRules) {
        let Some(needs) = self.needs_under(rules) else {
            if let Some(Dialog::Keep(dialog)) = &mut self.dialog {
                dialog.end(rules, Err("there is no store: results are kept in memory only".to_owned()));
            }
            return;
        };
        let Some(Dialog::Keep(dialog)) = &mut self.dialog else { return };
        if dialog.begin(rules) {
            self.background.start("pinflow-sweep", move || {
                let report = needs
                    .request()
                    .and_then(|request| needs.store.plan_sweep(&request).map_err(|error| error.to_string()));
                Message::PlannedSweep(rules, report.map(|report| planned(&report)))
            });
        }
    }

    fn needs_under(&self, rules: KeepRules) -> Option<Needs> {
        let mut needs = self.needs()?;
        needs.program = rules.program;
        if self.tabs.front().is_some()
            && let Some((_, rule)) = needs.open.last_mut()
        {
            *rule = rules.workflow;
        }
        Some(needs)
    }

    /// Takes in what rules would remove.
    pub(super) fn planned_sweep(&mut self, rules: KeepRules, said: Result<PlannedSweep, String>) {
        if let Some(Dialog::Keep(dialog)) = &mut self.dialog {
            dialog.end(rules, said);
        }
    }

    /// Makes rules count, and sweeps by them.
    pub(super) fn apply_rules(&mut self, rules: KeepRules) {
        if self.settings.history != rules.program {
            self.settings.history = rules.program;
            self.save_settings();
        }
        if let Some(sitting) = self.tabs.sitting() {
            let settings = sitting.workflow().settings().clone();
            if settings.history != rules.workflow {
                let settings = WorkflowSettings { history: rules.workflow, ..settings };
                self.edit("Change which runs stay".to_owned(), Edit::SetWorkflowSettings(settings));
            }
        }
        let Some(needs) = self.needs() else { return };
        self.background.start("pinflow-sweep", move || {
            let swept =
                needs.request().and_then(|request| needs.store.sweep(&request).map_err(|error| error.to_string()));
            Message::Swept(swept.map(Box::new), SweptFor::Person)
        });
    }
}

/// Returns the values that a sitting may still show or go back to.
fn values_held(sitting: &Sitting) -> Vec<Fingerprint> {
    let undone = sitting.history().marks().filter_map(|mark| mark.capture());
    let undone = undone.flat_map(|capture| capture.results.ports().iter().map(|port| port.fingerprint));
    undone.chain(values_of(sitting.marks())).collect()
}

/// Returns what a sweep would remove.
fn planned(report: &SweepReport) -> PlannedSweep {
    if report.runs.is_empty() && report.n_values == 0 {
        return PlannedSweep {
            words: format!("Nothing would be removed: all {} runs stay.", report.n_kept),
            is_any: false,
        };
    }
    let needed = match report.n_needed {
        0 => String::new(),
        number => format!(" Of {number} of them, what sessions or later runs need stays."),
    };
    let notes = report.problems.first().map(|note| format!(" Note: {note}.")).unwrap_or_default();
    PlannedSweep { words: format!("This would remove {}.{needed}{notes}", report.in_words()), is_any: true }
}
