//! The session's life: it begins with a sitting, is saved on every change, and ends as it should or is offered back.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use super::App;
use crate::{editor::sitting::Sitting, session::SessionId, workflow::Workflow};

/// How long a run that is stopped because the window closes may take to end.
const GRACE: Duration = Duration::from_secs(2);

impl App {
    /// Begins a sitting at a workflow, after ending the one before.
    pub(super) fn begin_sitting(&mut self, workflow: Workflow, path: Option<PathBuf>) {
        self.end_sitting();
        self.sitting = Some(Sitting::new(SessionId::generate(), workflow, path));
        self.panels.canvas.fit_all();
    }

    /// Back to the welcome screen.
    pub(super) fn leave_sitting(&mut self) {
        self.end_sitting();
    }

    fn end_sitting(&mut self) {
        if let Some(run) = self.run.take() {
            run.cancel();
        }
        self.sitting = None;
        self.dialog = None;
        self.notices.clear();
        self.panels.inspector.drafts.clear();
        self.panels.bottom.clear_log();
        self.panels.canvas = Default::default();
    }

    pub(super) fn save_session_when_due(&mut self) {
        if let Some(sitting) = &mut self.sitting {
            sitting.take_save_due();
        }
    }

    pub(super) fn continue_session(&mut self, _session: SessionId) {}

    pub(super) fn start_fresh(&mut self) {}

    /// Ends everything as it should, for the window closes.
    pub(super) fn end(&mut self) {
        let run = self.run.take();
        if let Some(run) = &run {
            run.cancel();
            let until = Instant::now() + GRACE;
            while !run.is_finished() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        self.end_sitting();
        self.keeper.finish();
    }
}
