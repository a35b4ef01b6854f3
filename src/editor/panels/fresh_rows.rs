//! When what a tab makes of the records is made again: only if they are others, and of a run that goes on not at each frame.

use egui::Ui;

use crate::{editor::View, session::Baseline, store::RunId};

/// The most often that rows of a run that goes on are made again, in seconds.
const PACE: f64 = 0.25;

/// What rows were made of, and when.
#[derive(Default)]
pub(super) struct MadeOf {
    key: Option<(Option<RunId>, u64, Baseline)>,
    /// In seconds of the window's clock.
    at: f64,
}

/// Whether rows are to be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    No,
    /// Of the same run.
    Again,
    /// Of another run.
    Anew,
}

impl MadeOf {
    /// Returns whether rows of a run are to be made again; then they count as made.
    pub(super) fn due(&mut self, ui: &Ui, view: View<'_>, run: Option<RunId>) -> Due {
        let now = ui.input(|input| input.time);
        let is_same = self.key.as_ref().is_some_and(|(known, revision, baseline)| {
            *known == run && *revision == view.revision && baseline.records().is_same(view.baseline.records())
        });
        if is_same {
            return Due::No;
        }
        let is_of_another = self.key.as_ref().is_none_or(|(known, ..)| *known != run);
        let goes_on = view.run.is_some_and(|run| run.finished.is_none());
        if goes_on && !is_of_another && now - self.at < PACE {
            ui.ctx().request_repaint_after_secs(0.3);
            return Due::No;
        }
        self.at = now;
        self.key = Some((run, view.revision, view.baseline.clone()));
        if is_of_another { Due::Anew } else { Due::Again }
    }
}

/// Returns the run that is looked at, or the last one.
pub(super) fn shown_run(view: View<'_>) -> Option<RunId> {
    let newest = || view.baseline.iter().map(|record| record.run).max();
    let looked_at = view.past.map(|past| past.summary.id);
    looked_at.or_else(|| view.run.map(|run| run.id)).or_else(newest)
}
