//! Looking for what nodes lack of the world outside: files to read and secrets, on a thread of its own and not at every letter
//! that is typed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{App, Message};
use crate::{
    nodes::{lacking, secrets},
    session::SessionId,
    workflow::Problem,
};

/// How long the workflow must stay as it is before it is looked at.
const PAUSE: Duration = Duration::from_millis(400);

/// What was looked at last.
#[derive(Default)]
pub(super) struct Looking {
    /// The state of a session's workflow, how often its runs have ended, and since when it is the newest.
    newest: Option<(State, Instant)>,
    looked_at: Option<State>,
    is_at_work: bool,
}

type State = (SessionId, u64, bool, bool);

impl App {
    /// Looks for what nodes lack once the workflow has stayed the same for a while, the window gains the focus, or a run ends.
    pub(super) fn look_for_what_is_lacking(&mut self, ctx: &egui::Context) {
        let running = self.tabs.run().is_some();
        let focused = self.probing.had_focus;
        let Some(sitting) = self.tabs.sitting() else { return };
        let state = (sitting.session(), sitting.revision(), running, focused);
        let looking = &mut self.probing.lacking;
        if looking.looked_at == Some(state) || looking.is_at_work {
            return;
        }
        let since = match looking.newest {
            Some((newest, since)) if newest == state => since,
            _ => Instant::now(),
        };
        looking.newest = Some((state, since));
        let left = PAUSE.saturating_sub(since.elapsed());
        if !left.is_zero() {
            return ctx.request_repaint_after(left);
        }
        looking.looked_at = Some(state);
        looking.is_at_work = true;
        let (workflow, catalogue) = (Arc::clone(sitting.workflow()), Arc::clone(&self.catalogue));
        let (folder, store) = (self.folder(), self.store.clone());
        self.background.start("pinflow-lacking", move || {
            let in_keyring = |name: &str| store.as_ref().is_some_and(|store| matches!(store.secret(name), Ok(Some(_))));
            let has_secret = |name: &str| matches!(secrets::from_environment(name), Ok(Some(_))) || in_keyring(name);
            Message::Lacking(state.0, lacking(&workflow, &catalogue, &folder, &has_secret))
        });
    }

    pub(super) fn found_lacking(&mut self, session: SessionId, lacking: Vec<Problem>) {
        self.probing.lacking.is_at_work = false;
        if let Some(tab) = self.tabs.of_mut(session) {
            tab.sitting.lacks(lacking);
        }
    }
}
