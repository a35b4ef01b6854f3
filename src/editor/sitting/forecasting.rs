//! How long runs of what is open will take.

use std::time::Duration;

use super::Sitting;
use crate::{
    engine::{Engine, PlanOptions},
    store::RunKind,
};

impl Sitting {
    /// Brings the forecasts up to date, if it is time to; returns when to look again, if ever.
    pub(crate) fn forecast(&mut self, engine: &Engine) -> Option<Duration> {
        let run = self.run.as_ref().filter(|run| run.finished.is_none());
        if run.is_none() && !self.forecasts.is_due() {
            return None;
        }
        if let Some(pause) = self.forecasts.pause() {
            return Some(pause);
        }
        let timings = self.forecasts.timings.with_baseline(&self.baseline);
        let Some(run) = run else {
            let options = PlanOptions::of(RunKind::Standard);
            let full = || {
                let (plan, ()) = engine.plan_with_problems(
                    &self.workflow,
                    &self.marks,
                    &self.baseline,
                    &self.probes,
                    &options,
                    |_| (),
                );
                plan
            };
            self.forecasts.of_plans(&timings, &self.plan, full);
            return None;
        };
        self.forecasts.of_run(&timings, run);
        self.forecasts.pause()
    }
}
