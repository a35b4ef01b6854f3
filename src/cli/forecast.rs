//! How long runs will take, for `plan` and for the progress bar of `run`.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::json;

use super::{complain, marking::Prepared};
use crate::{
    engine::{EventKind, Forecast, Plan, PlanOptions, Probes, Progress, Timings, Workers, both_in_words, forecast},
    store::{Part, RunKind},
    workflow::NodeId,
};

/// How often what is left is worked out, at most.
const EVERY: Duration = Duration::from_millis(250);

/// Returns how long nodes took before.
pub(super) fn timings(prepared: &Prepared) -> Timings {
    let noted = prepared.engine.store().map(|store| store.timings(prepared.request.workflow.id()));
    let noted = noted.and_then(|noted| {
        noted.inspect_err(|error| complain(&format!("warning: {error}; how long it takes is not known"))).ok()
    });
    Timings::new(noted.unwrap_or_default()).with_baseline(&prepared.request.baseline)
}

/// How long what is planned takes, and both kinds of run if all of the workflow is.
pub(super) struct Forecasts {
    planned: Forecast,
    resume_and_full: Option<(Forecast, Forecast)>,
}

impl Forecasts {
    /// Returns how long a plan takes, and how long the other kind of run does.
    pub(super) fn new(prepared: &Prepared, probes: &Probes, plan: &Plan) -> Self {
        let timings = timings(prepared);
        let of = |plan: &Plan| forecast(plan, &timings, Workers::here(), |_| Progress::Waiting);
        let planned = of(plan);
        let request = &prepared.request;
        let resume_and_full = (request.options.part == Part::All).then(|| {
            let of_kind = |kind: RunKind| {
                if kind == request.options.kind {
                    return planned.clone();
                }
                let options = PlanOptions { kind, ..request.options.clone() };
                let (engine, marks) = (&prepared.engine, &request.marks);
                of(&engine.plan_with_problems(&request.workflow, marks, &request.baseline, probes, &options, |_| ()).0)
            };
            (of_kind(RunKind::Resumed), of_kind(RunKind::Standard))
        });
        Self { planned, resume_and_full }
    }

    /// Returns them in one line.
    pub(super) fn in_words(&self) -> String {
        match &self.resume_and_full {
            Some((resume, full)) => both_in_words(resume, full),
            None => self.planned.total_in_words(),
        }
    }

    /// Returns them as JSON.
    pub(super) fn as_json(&self) -> serde_json::Value {
        json!({
            "planned": as_json(&self.planned),
            "resume": self.resume_and_full.as_ref().map(|(resume, _)| as_json(resume)),
            "full": self.resume_and_full.as_ref().map(|(_, full)| as_json(full)),
        })
    }
}

fn as_json(forecast: &Forecast) -> serde_json::Value {
    json!({
        "words": forecast.total_in_words(),
        "secs": forecast.total.map(|total| total.as_secs_f64()),
        "executing": forecast.n_executing,
        "never_timed": forecast.n_unknown,
        "rough": forecast.is_rough,
        "critical": forecast.critical.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// Follows a run, to say how long is left of it.
pub(super) struct Left {
    timings: Timings,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    plan: Plan,
    running: HashMap<NodeId, Instant>,
    settled: HashSet<NodeId>,
    /// When it was worked out last.
    looked: Option<Instant>,
    words: Option<String>,
}

impl Left {
    /// Returns one that has yet to see the run begin.
    pub(super) fn new(timings: Timings) -> Self {
        Self { timings, state: Mutex::default() }
    }

    /// Takes in what happened.
    pub(super) fn take(&self, event: &EventKind) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            EventKind::Started { plan, .. } => state.plan = Plan::clone(plan),
            EventKind::NodeStarted { node } => {
                state.running.insert(node.clone(), Instant::now());
            }
            EventKind::NodeSettled(record) => {
                state.running.remove(&record.node);
                state.settled.insert(record.node.clone());
            }
            EventKind::NodeProgress { .. }
            | EventKind::NodeLogged { .. }
            | EventKind::Paused { .. }
            | EventKind::Continued
            | EventKind::Finished(_) => {}
        }
    }

    /// Returns how long is left in words, if anybody knows; worked out a few times a second at most.
    pub(super) fn in_words(&self) -> Option<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.is_none_or(|looked| looked.elapsed() >= EVERY) {
            let left = forecast(&state.plan, &self.timings, Workers::here(), |node| match state.running.get(node) {
                Some(since) => Progress::Running(since.elapsed()),
                None if state.settled.contains(node) => Progress::Settled,
                None => Progress::Waiting,
            });
            state.words = left.left_in_words();
            state.looked = Some(Instant::now());
        }
        state.words.clone()
    }
}
