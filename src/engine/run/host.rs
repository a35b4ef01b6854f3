//! What a node sees of its run.

use std::{
    path::Path,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{Event, EventKind, OnEvent, body::Body, control::Control};
use crate::{
    engine::plan::{Given, Plan},
    nodes::{Host, LogLevel, NodeError, Outputs, Source},
    store::{LogLine, RunId, Store},
    value::Value,
    workflow::{NodeId, WorkflowId},
};

/// The wish to stop, and a way to sleep until it comes.
#[derive(Debug, Default)]
pub(super) struct Cancel {
    cancelled: AtomicBool,
    lock: Mutex<()>,
    woken: Condvar,
}

impl Cancel {
    pub(super) fn cancel(&self) {
        let _guard = locked(&self.lock);
        self.cancelled.store(true, Ordering::SeqCst);
        self.woken.notify_all();
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Sleeps; returns `false` as soon as it is cancelled or the deadline is over.
    pub(super) fn wait(&self, time: Duration, deadline: Option<Instant>) -> bool {
        let wake = Instant::now().checked_add(time);
        let is_cut = deadline.is_some_and(|deadline| wake.is_none_or(|wake| deadline < wake));
        let until = if is_cut { deadline } else { wake };
        let mut guard = locked(&self.lock);
        while !self.is_cancelled() {
            let left = until.map_or(Duration::from_hours(1), |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return !is_cut;
            }
            guard = self.woken.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }
}

/// Locks what no panic can leave half-changed.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the nodes of a run share.
pub(super) struct Shared {
    pub(super) run: RunId,
    pub(super) workflow: WorkflowId,
    pub(super) folder: std::path::PathBuf,
    pub(super) cancel: Arc<Cancel>,
    pub(super) control: Arc<Control>,
    pub(super) store: Option<Store>,
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
    pub(super) log: Mutex<Vec<LogLine>>,
    pub(super) sources: Mutex<Vec<Source>>,
}

impl<'a> NodeHost<'a> {
    pub(super) const fn new(shared: &'a Shared, node: &'a NodeId, deadline: Option<Instant>) -> Self {
        Self { shared, node, deadline, log: Mutex::new(Vec::new()), sources: Mutex::new(Vec::new()) }
    }

    /// Returns whether the time limit is over.
    pub(super) fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Returns what the node wrote and what it read.
    pub(super) fn into_notes(self) -> (Vec<LogLine>, Vec<Source>) {
        (
            self.log.into_inner().unwrap_or_else(PoisonError::into_inner),
            self.sources.into_inner().unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Keeps the node's pinned data.
    pub(super) fn keep_pinned_data(&self, value: &Value, expires_in: Option<Duration>) -> Result<(), NodeError> {
        self.store()?
            .update_pinned_data(self.shared.workflow, self.node, expires_in, &mut |_| value.clone())
            .map(drop)
            .map_err(|error| NodeError::new(error.to_string()))
    }

    fn store(&self) -> Result<&Store, NodeError> {
        self.shared.store.as_ref().ok_or_else(|| NodeError::new("there is no store to keep pinned data in"))
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
            message: message.to_owned(),
        });
    }

    fn log(&self, level: LogLevel, message: String) {
        let line = LogLine { at: Timestamp::now(), level, message };
        locked(&self.log).push(line.clone());
        self.shared.send(EventKind::NodeLogged { node: self.node.clone(), line });
    }

    fn note_source(&self, source: Source) {
        locked(&self.sources).push(source);
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

    fn pinned_data(&self, node: &NodeId) -> Result<Option<Value>, NodeError> {
        self.store()?.pinned_data(self.shared.workflow, node).map_err(|error| NodeError::new(error.to_string()))
    }

    fn update_pinned_data(&self, change: &mut dyn FnMut(Option<Value>) -> Value) -> Result<Value, NodeError> {
        self.store()?
            .update_pinned_data(self.shared.workflow, self.node, None, change)
            .map_err(|error| NodeError::new(error.to_string()))
    }

    fn clear_pinned_data(&self, node: &NodeId) -> Result<(), NodeError> {
        self.store()?
            .clear_pinned_data(self.shared.workflow, Some(node))
            .map_err(|error| NodeError::new(error.to_string()))
    }

    fn clear_all_pinned_data(&self) -> Result<(), NodeError> {
        self.store()?.clear_pinned_data(self.shared.workflow, None).map_err(|error| NodeError::new(error.to_string()))
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
