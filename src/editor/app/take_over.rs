//! The Pins panel's work off the interface thread: pins of earlier sessions taken over, and how much room pins take.

use super::{App, Dialog, Message};
use crate::{
    editor::{
        dialogs::TakeOverDialog,
        panels::{Place, Tone},
        words,
    },
    nodes::Catalogue,
    session::{Capture, Mark, MarkEdit, Marks, SessionId, SessionSummary, earlier_sessions, marks_of},
    store::{Kept, Store},
    workflow::{NodeId, Workflow},
};

/// Pins of an earlier session, each with why it cannot be taken over, if it cannot.
pub(super) type EarlierPins = Vec<(NodeId, Mark, Option<String>)>;

impl App {
    /// Lists the earlier sessions of the workflow that have pins.
    pub(super) fn offer_to_take_over(&mut self) {
        let Some(sitting) = self.tabs.sitting() else { return };
        let (session, workflow, path) =
            (sitting.session(), sitting.workflow().id(), sitting.path().map(ToOwned::to_owned));
        let (folders, store) = (self.folders.clone(), self.store.clone());
        self.dialog = Some(Dialog::TakeOver(TakeOverDialog::default()));
        self.background.start("pinflow-sessions", move || {
            let listed = earlier_sessions(&folders, store.as_ref(), workflow, path.as_deref());
            let with_pins = |(sessions, problems): (Vec<SessionSummary>, Vec<_>)| {
                for problem in problems {
                    tracing::warn!("{problem}");
                }
                sessions.into_iter().filter(|session| session.n_pins > 0).collect()
            };
            Message::Sessions(session, listed.map(with_pins).map_err(|error| error.to_string()))
        });
    }

    pub(super) fn listed_sessions(&mut self, session: SessionId, sessions: Result<Vec<SessionSummary>, String>) {
        if self.tabs.session() == Some(session)
            && let Some(Dialog::TakeOver(dialog)) = &mut self.dialog
        {
            dialog.sessions = Some(sessions);
        }
    }

    /// Reads the pins of an earlier session.
    pub(super) fn read_pins_of(&self, earlier: SessionId) {
        let Some(session) = self.tabs.session() else { return };
        let (folders, store) = (self.folders.clone(), self.store.clone());
        self.background.start("pinflow-take-over", move || {
            let read = marks_of(&folders, store.as_ref(), earlier).map_err(|error| error.to_string());
            Message::EarlierPins(session, read.map(|marks| with_losses(&marks, store.as_ref())))
        });
    }

    /// Sets the pins of an earlier session, and says which could not be taken over and why.
    pub(super) fn take_over(&mut self, session: SessionId, pins: Result<EarlierPins, String>) {
        let pins = match pins {
            Ok(pins) => pins,
            Err(error) => {
                self.notices.error(format!("The pins of the earlier session cannot be read: {error}"));
                return;
            }
        };
        let Some(tab) = self.tabs.of_mut(session) else { return };
        let sitting = &mut tab.sitting;
        let (taken, left) = sorted_out(sitting.workflow(), sitting.marks(), &self.catalogue, pins);
        let n_taken = words::count(taken.len(), "pin");
        sitting.mark(format!("Take over {n_taken}"), MarkEdit(taken));
        let tone = if left.is_empty() { Tone::Info } else { Tone::Warning };
        let left = if left.is_empty() { String::new() } else { format!(". Not taken over: {}", left.join("; ")) };
        self.notices.show_at(Place::Tab(session), tone, format!("Took over {n_taken}{left}"), Vec::new());
        self.probe();
    }

    /// Finds out how much room the results of pins take.
    pub(super) fn load_pin_sizes(&mut self) {
        let Some(tab) = self.tabs.front_mut() else { return };
        let session = tab.session();
        let wanted = tab.pins.begin_sizes(tab.sitting.marks());
        let store = self.store.clone();
        self.background.start("pinflow-sizes", move || {
            let size = |kept: &Kept| size_of(kept, store.as_ref());
            Message::PinSizes(session, wanted.iter().map(|(key, kept)| (key.clone(), size(kept))).collect())
        });
    }
}

/// Returns how many bytes results take: in the store, or in memory if they are not there.
fn size_of(kept: &Kept, store: Option<&Store>) -> u64 {
    let in_memory = || kept.loaded().map(|outputs| outputs.iter().map(|(_, value)| value.size_bytes() as u64).sum());
    let in_store = || {
        let fingerprints: Vec<_> = kept.ports().iter().map(|port| port.fingerprint).collect();
        store?.size_of_values(&fingerprints).inspect_err(|error| tracing::warn!("{error}")).ok()
    };
    in_memory().or_else(in_store).unwrap_or_default()
}

/// Returns the pins among marks, each with why its results are lost, if they are.
fn with_losses(marks: &Marks, store: Option<&Store>) -> EarlierPins {
    let pins = marks.iter().filter(|(_, mark)| mark.as_pin().is_some());
    let loss = |capture: &Capture| {
        let Some(store) = store else { return Some("its results were kept in memory only".to_owned()) };
        let fingerprints: Vec<_> = capture.results.ports().iter().map(|port| port.fingerprint).collect();
        match store.missing_results(&fingerprints) {
            Ok(missing) if missing.is_empty() => None,
            Ok(_) => Some("its results are gone from the store".to_owned()),
            Err(error) => Some(error.to_string()),
        }
    };
    pins.map(|(node, mark)| (node.clone(), mark.clone(), mark.capture().and_then(|capture| loss(capture)))).collect()
}

/// Returns the pins that are taken over, and the others with why not.
fn sorted_out(
    workflow: &Workflow,
    marks: &Marks,
    catalogue: &Catalogue,
    pins: EarlierPins,
) -> (Vec<(NodeId, Mark)>, Vec<String>) {
    let (mut taken, mut left) = (Vec::new(), Vec::new());
    for (node, mark, lost) in pins {
        let why = if workflow.node(&node).is_none() {
            Some("is not in the workflow any more".to_owned())
        } else if marks.get(&node).as_pin().is_some() {
            Some("is pinned here already".to_owned())
        } else {
            lost
        };
        match why {
            Some(why) => left.push(format!("{} ({why})", words::title(workflow, catalogue, &node))),
            None => taken.push((node, mark)),
        }
    }
    (taken, left)
}
