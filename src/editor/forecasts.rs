//! How long runs will take, as the window says it: brought up to date a few times a second at most, so that it neither
//! flickers nor holds up the interface.

use std::time::{Duration, Instant};

use super::{LiveState, RunProgress};
use crate::engine::{Forecast, Plan, Progress, Timings, Workers, both_in_words, forecast};

/// How often a forecast is made anew, at most.
const EVERY: Duration = Duration::from_millis(400);

/// One part of the interface's time in so many may go into forecasts.
const SHARE: u32 = 20;

/// What is known of the time that runs will take.
#[derive(Debug)]
pub(crate) struct Forecasts {
    pub(crate) timings: Timings,
    workers: Workers,
    /// Something they are made from has changed.
    is_due: bool,
    /// When they were made last, and how long that took.
    made: Option<(Instant, Duration)>,
    resume: Forecast,
    full: Forecast,
    /// Of the run that goes on.
    left: Option<String>,
}

impl Default for Forecasts {
    fn default() -> Self {
        Self {
            timings: Timings::default(),
            workers: Workers::here(),
            is_due: true,
            made: None,
            resume: Forecast::default(),
            full: Forecast::default(),
            left: None,
        }
    }
}

impl Forecasts {
    /// Notes that something they are made from has changed.
    pub(crate) const fn outdated(&mut self) {
        self.is_due = true;
    }

    /// Takes in how long nodes took.
    pub(crate) fn timed(&mut self, timings: Timings) {
        self.timings = timings;
        self.is_due = true;
    }

    /// Returns how long to wait before they may be made anew: nothing if now.
    pub(crate) fn pause(&self) -> Option<Duration> {
        let (made, cost) = self.made?;
        EVERY.max(cost * SHARE).checked_sub(made.elapsed())
    }

    /// Returns whether there is anything to do at rest.
    pub(crate) const fn is_due(&self) -> bool {
        self.is_due
    }

    /// Makes the forecasts of both kinds of run.
    pub(crate) fn of_plans(&mut self, timings: &Timings, resume: &Plan, full: impl FnOnce() -> Plan) {
        let began = Instant::now();
        let of = |plan: &Plan| forecast(plan, timings, self.workers, |_| Progress::Waiting);
        self.resume = of(resume);
        self.full = of(&full());
        self.left = None;
        self.is_due = false;
        self.made = Some((began, began.elapsed()));
    }

    /// Makes the forecast of what is left of a run.
    pub(crate) fn of_run(&mut self, timings: &Timings, run: &RunProgress) {
        let began = Instant::now();
        let left = forecast(&run.plan, timings, self.workers, |node| match run.nodes.get(node) {
            Some(LiveState::Running { since, .. }) => Progress::Running(since.elapsed()),
            Some(LiveState::Settled(_)) => Progress::Settled,
            Some(LiveState::Waiting) | None => Progress::Waiting,
        });
        self.left = left.left_in_words();
        self.made = Some((began, began.elapsed()));
    }

    /// Returns how long a resumed run takes, in words; nothing if nobody knows.
    pub(crate) fn resume_in_words(&self) -> Option<String> {
        in_words(&self.resume)
    }

    /// Returns how long a full run takes, in words; nothing if nobody knows.
    pub(crate) fn full_in_words(&self) -> Option<String> {
        in_words(&self.full)
    }

    /// Returns what the status line says: how long is left of the run, else how long runs take; nothing if nobody knows.
    pub(crate) fn in_words(&self, is_running: bool) -> Option<String> {
        if is_running {
            return self.left.clone();
        }
        let is_known = self.full.n_executing > 0 && self.full.is_a_figure();
        is_known.then(|| both_in_words(&self.resume, &self.full))
    }
}

fn in_words(forecast: &Forecast) -> Option<String> {
    let words = Some(forecast.total_in_words()).filter(|_| forecast.is_a_figure())?;
    Some(if forecast.n_executing == 0 { words } else { format!("takes {words}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{PlanOptions, Probes, plan},
        nodes::Catalogue,
        session::{Baseline, Marks},
        store::RunKind,
        workflow::{Edit, Node, Position, Workflow},
    };

    #[test]
    fn what_is_shown_follows_the_timings_and_is_not_made_all_the_time() {
        let mut workflow = Workflow::new("test");
        let node = Node::new("read_text", Position(0.0, 0.0)).with("path", crate::value::Value::text("x"));
        workflow.apply(Edit::AddNode("slow".into(), node.into())).unwrap();
        let catalogue = Catalogue::standard();
        let planned = |kind: RunKind| {
            let (marks, baseline) = (Marks::default(), Baseline::default());
            plan(&workflow, &catalogue, &marks, &baseline, &Probes::default(), &PlanOptions::of(kind)).0
        };
        let (resume, full) = (planned(RunKind::Resumed), planned(RunKind::Standard));
        let mut forecasts = Forecasts::default();
        assert!(forecasts.is_due() && forecasts.pause().is_none(), "the first time at once");
        forecasts.of_plans(&Timings::default(), &resume, || full.clone());
        assert!(!forecasts.is_due());
        assert_eq!(forecasts.in_words(false), None, "nobody knows");
        let config = full.get(&"slow".into()).unwrap().config;
        let timings = Timings::new(vec![("slow".into(), config, Duration::from_secs(200), 1)]);
        forecasts.timed(timings.clone());
        assert!(forecasts.is_due());
        forecasts.of_plans(&timings, &resume, || full.clone());
        assert_eq!(forecasts.in_words(false).as_deref(), Some("Resume about 3 min, full run about 3 min"));
        assert_eq!(forecasts.full_in_words().as_deref(), Some("takes about 3 min"));
        assert_eq!(forecasts.in_words(true), None, "no run has been looked at");
        forecasts.made = Some((Instant::now() + Duration::from_mins(1), Duration::ZERO));
        assert!(forecasts.pause().is_some(), "not again so soon");
    }
}
