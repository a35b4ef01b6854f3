//! What a node sees of its run.

use std::{
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    Event, EventKind, OnEvent,
    body::Body,
    cancel::Cancel,
    control::Control,
    memory::{Memory, Remembered},
    sync::locked,
};
use crate::{
    engine::plan::{Given, Plan},
    nodes::{Deed, Deeds, HIDDEN, Host, LogLevel, NodeError, Outputs, Source, secrets::Told},
    store::{Attempt, LogLine, PinnedChange, Reason, RunId, Store},
    value::Value,
    workflow::NodeId,
};

/// What the nodes of a run share.
pub(super) struct Shared {
    pub(super) run: RunId,
    pub(super) folder: std::path::PathBuf,
    pub(super) cancel: Arc<Cancel>,
    pub(super) control: Arc<Control>,
    pub(super) store: Option<Store>,
    pub(super) memory: Memory,
    pub(super) on_event: OnEvent,
    pub(super) plan: Plan,
    pub(super) body: Arc<Body>,
    /// What settled members have given, by slot.
    pub(super) given: Vec<OnceLock<Given>>,
}

impl Shared {
    pub(super) fn send(&self, kind: EventKind) {
        (self.on_event)(Event { run: self.run, kind });
    }
}

/// The run as one attempt of a node sees it.
pub(super) struct NodeHost<'a> {
    pub(super) shared: &'a Shared,
    pub(super) node: &'a NodeId,
    /// When the attempt's time limit is over.
    pub(super) deadline: Option<Instant>,
    trace: Mutex<Option<Box<Trace>>>,
    /// The values that the node was told and must not pass on.
    secrets: Mutex<Told>,
}

/// What a node did to its own pinned data last.
#[derive(Clone, Debug)]
pub(super) struct PinnedNote {
    /// What it stored; nothing if it cleared it.
    stored: Option<Value>,
    at: Timestamp,
    expires_at: Option<Timestamp>,
}

impl PinnedNote {
    /// Puts a note in the place of an older one.
    pub(super) fn put(self, newest: &mut Option<Self>) {
        if newest.as_ref().is_none_or(|known| known.at <= self.at) {
            *newest = Some(self);
        }
    }

    /// Returns what the record says, with the value kept in the store as it is now.
    pub(super) fn kept_in(&self, store: Option<&Store>) -> Option<PinnedChange> {
        let Self { stored, at, expires_at } = self;
        Some(match stored {
            Some(value) => PinnedChange::Stored {
                value: store?.keep_queued(value),
                preview: value.preview(),
                at: *at,
                expires_at: *expires_at,
            },
            None => PinnedChange::Cleared { at: *at },
        })
    }
}

/// What executing a node leaves behind besides its outputs. Most leave nothing.
#[derive(Default)]
pub(super) struct Trace {
    /// The attempts that failed.
    pub(super) attempts: Vec<Attempt>,
    pub(super) log: Vec<LogLine>,
    /// Of the last attempt: what earlier ones read has no part in the results.
    pub(super) sources: Vec<Source>,
    /// Of all attempts: what one stored before it failed is stored.
    pub(super) pinned_data: Option<PinnedNote>,
    /// Of all attempts: what is done is done.
    pub(super) deeds: Deeds,
}

impl Trace {
    /// Returns itself if there is anything in it.
    pub(super) fn unless_empty(self) -> Option<Box<Self>> {
        let Self { attempts, log, sources, pinned_data, deeds } = &self;
        let says_nothing = attempts.is_empty() && log.is_empty() && sources.is_empty();
        let is_empty = says_nothing && pinned_data.is_none() && deeds.is_empty();
        (!is_empty).then(|| Box::new(self))
    }
}

impl<'a> NodeHost<'a> {
    pub(super) fn new(shared: &'a Shared, node: &'a NodeId, deadline: Option<Instant>) -> Self {
        Self { shared, node, deadline, trace: Mutex::new(None), secrets: Mutex::default() }
    }

    /// Returns whether the time limit is over.
    pub(super) fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Returns what the node left behind, if anything.
    pub(super) fn into_trace(self) -> Option<Box<Trace>> {
        self.trace.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, behind: impl FnOnce(&mut Trace)) {
        behind(locked(&self.trace).get_or_insert_default());
    }

    /// Returns a text without the secrets that the node was told.
    pub(super) fn cleared_text(&self, text: String) -> String {
        locked(&self.secrets).without_in_text(&text).unwrap_or(text)
    }

    /// Returns a value without them.
    fn cleared_value(&self, value: Value) -> Value {
        locked(&self.secrets).without(&value).unwrap_or(value)
    }

    /// Returns outputs without them.
    pub(super) fn cleared_outputs(&self, outputs: Outputs) -> Outputs {
        let secrets = locked(&self.secrets);
        if secrets.is_empty() {
            return outputs;
        }
        let cleared = |value: &Value| secrets.without(value).unwrap_or_else(|| value.clone());
        outputs.iter().map(|(port, value)| (port.clone(), cleared(value))).collect()
    }

    fn is_sensitive(&self) -> bool {
        self.shared.plan.is_sensitive(self.node)
    }

    /// Removes pinned data: of this node, which its record tells, and of others, which its log tells.
    fn clear(&self, node: Option<&NodeId>) -> Result<(), NodeError> {
        let n_cleared = self.shared.memory.clear(node)?;
        if node.is_none_or(|node| node == self.node) {
            let note = PinnedNote { stored: None, at: Timestamp::now(), expires_at: None };
            self.leave(|trace| note.put(&mut trace.pinned_data));
        }
        match node {
            Some(node) if node == self.node => {}
            Some(node) => self.log(LogLevel::Info, format!("cleared the pinned data of {node}")),
            None => self.log(LogLevel::Info, format!("cleared the pinned data of all nodes; {n_cleared} had any")),
        }
        Ok(())
    }
}

impl Host for NodeHost<'_> {
    fn cancelled(&self) -> bool {
        self.shared.cancel.is_cancelled() || self.is_late()
    }

    fn wait(&self, time: Duration) -> bool {
        self.shared.cancel.wait(time, self.deadline)
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn progress(&self, fraction: f32, message: &str) {
        self.shared.send(EventKind::NodeProgress {
            node: self.node.clone(),
            fraction: fraction.clamp(0.0, 1.0),
            message: if self.is_sensitive() { HIDDEN.to_owned() } else { self.cleared_text(message.to_owned()) },
            so_far: None,
        });
    }

    fn log(&self, level: LogLevel, message: String) {
        let line = LogLine { at: Timestamp::now(), level, message: self.cleared_text(message) };
        self.leave(|trace| trace.log.push(line.clone()));
        let is_sensitive = self.is_sensitive();
        self.shared.send(EventKind::NodeLogged { node: self.node.clone(), line, is_sensitive });
    }

    fn note_source(&self, source: Source) {
        self.leave(|trace| trace.sources.push(source));
    }

    fn note_deed(&self, deed: Deed) {
        let (target, outcome) = (self.cleared_text(deed.target), self.cleared_text(deed.outcome));
        self.leave(|trace| trace.deeds.push(Deed { target, outcome, ..deed }));
    }

    fn output(&self, node: &NodeId) -> Option<Arc<Outputs>> {
        let index = self.shared.plan.graph().index(node)?;
        let given = match self.shared.body.slot(index) {
            Some(slot) => self.shared.given[slot].get()?,
            None => &self.shared.plan.step(index).given,
        };
        let Given::Results(results) = given else { return None };
        let outputs = results.load().inspect_err(|error| self.log(LogLevel::Warning, error.to_string())).ok()?;
        Some(self.shared.control.edited(node, outputs))
    }

    fn is_forced(&self) -> bool {
        self.shared.plan.get(self.node).is_some_and(|node| node.reasons.contains(&Reason::Forced))
    }

    fn why_not_pinned(&self) -> Option<String> {
        let why = self.shared.plan.get(self.node).and_then(|node| node.sensitive.as_ref());
        let why = why.map(|why| format!("it is {}", why.in_words(&|node| node.to_string())));
        why.or_else(|| (!self.shared.memory.is_there()).then(|| "there is no store".to_owned()))
    }

    fn pinned_data(&self, node: &NodeId) -> Result<Option<Value>, NodeError> {
        self.shared.memory.get(node)
    }

    fn update_pinned_data(
        &self,
        expires_in: Option<Duration>,
        change: &mut dyn FnMut(Option<Value>) -> Value,
    ) -> Result<Value, NodeError> {
        if self.is_sensitive() {
            let why = self.why_not_pinned().unwrap_or_default();
            return Err(NodeError::new(format!(
                "it cannot remember anything, which would be written ({why}): if it may be, untick Sensitive in its settings"
            )));
        }
        let change: &mut dyn FnMut(Option<Value>) -> Value = &mut |before| self.cleared_value(change(before));
        let Remembered { value, at, expires_at } = self.shared.memory.update(self.node, expires_in, change)?;
        let note = PinnedNote { stored: Some(value.clone()), at, expires_at };
        self.leave(|trace| note.put(&mut trace.pinned_data));
        Ok(value)
    }

    fn clear_pinned_data(&self, node: &NodeId) -> Result<(), NodeError> {
        self.clear(Some(node))
    }

    fn clear_all_pinned_data(&self) -> Result<(), NodeError> {
        self.clear(None)
    }

    fn secret(&self, name: &str) -> Result<String, NodeError> {
        let secret = self.shared.memory.secret(name)?;
        locked(&self.secrets).add(&secret);
        Ok(secret)
    }

    fn folder(&self) -> &Path {
        &self.shared.folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_its_time_its_deadline_or_the_cancel() {
        let cancel = Cancel::default();
        let now = Instant::now();
        let (near, far) = (now + Duration::from_millis(1), now + Duration::from_hours(1));
        assert!(cancel.wait(Duration::from_millis(1), None));
        assert!(cancel.wait(Duration::from_millis(1), Some(far)));
        assert!(!cancel.wait(Duration::from_hours(1), Some(near)), "the deadline comes first");
        assert!(!cancel.wait(Duration::MAX, Some(near)), "even before a time without end");
        cancel.cancel();
        assert!(!cancel.wait(Duration::from_hours(1), None));
    }
}
