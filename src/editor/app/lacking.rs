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

/// A look that takes longer hangs, on a network drive say: the next does not wait for it.
const HANGS: Duration = Duration::from_secs(20);

/// The most looks at once.
const MAX_AT_WORK: u8 = 4;

/// What was looked at last.
#[derive(Default)]
pub(super) struct Looking {
    /// The state of a session's workflow, how often its runs have ended, and since when it is the newest.
    newest: Option<(State, Instant)>,
    looked_at: Option<State>,
    n_at_work: u8,
    /// When the last of these began.
    began: Option<Instant>,
}

impl Looking {
    fn may_begin(&self) -> bool {
        let hangs = || self.began.is_some_and(|began| began.elapsed() > HANGS);
        self.n_at_work == 0 || (self.n_at_work < MAX_AT_WORK && hangs())
    }
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
        if looking.looked_at == Some(state) || !looking.may_begin() {
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
        looking.n_at_work += 1;
        looking.began = Some(Instant::now());
        let (workflow, catalogue) = (Arc::clone(sitting.workflow()), Arc::clone(&self.catalogue));
        let (folder, store) = (self.folder(), self.store.clone());
        self.background.start("pinflow-lacking", move || {
            // Of a keyring that cannot be asked nobody knows what is not in it.
            let in_keyring = |name: &str| store.as_ref().is_some_and(|store| !matches!(store.secret(name), Ok(None)));
            let has_secret = |name: &str| match secrets::from_environment(name) {
                Ok(found) => found.is_some() || in_keyring(name),
                Err(_) => false,
            };
            Message::Lacking(state.0, lacking(&workflow, &catalogue, &folder, &has_secret))
        });
    }

    pub(super) fn found_lacking(&mut self, session: SessionId, lacking: Vec<Problem>) {
        let looking = &mut self.probing.lacking;
        looking.n_at_work = looking.n_at_work.saturating_sub(1);
        if let Some(tab) = self.tabs.of_mut(session) {
            tab.sitting.lacks(lacking);
        }
    }
}
