//! What waits to be written: runs put messages in and go on, one thread takes them all out.

use std::{
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{LoopId, NodeRecord, RunHeader, RunId, RunStatus, SessionId, StoreError};
use crate::{
    value::{Fingerprint, Value},
    workflow::NodeId,
};

/// Above this much waiting data, whoever adds more waits too.
const MAX_WAITING_BYTES: usize = 1 << 30;

/// Above this much of waiting iterations, whoever adds one waits too: a loop may never end.
const MAX_WAITING_ITERATION_BYTES: usize = 64 << 20;

/// What a waiting message takes beside its data.
const MESSAGE_BYTES: usize = 96;

/// Which nodes a run reuses, and from which runs: made when it is written.
pub(super) type Reused = Box<dyn FnOnce() -> Vec<(NodeId, RunId)> + Send>;

/// Something to write.
pub(super) enum Message {
    /// A run begins.
    Begin(Box<Begin>),
    /// A node is settled.
    Settle {
        /// The session whose baseline takes it in.
        session: SessionId,
        /// What came of it.
        record: Arc<NodeRecord>,
    },
    /// A run has ended.
    Finish {
        /// The run.
        run: RunId,
        /// How.
        status: RunStatus,
        /// How long it took.
        took: Duration,
    },
    /// A value that something which follows refers to.
    Value(Fingerprint, Value),
    /// A loop begins or goes on.
    Loop(Box<BeginLoop>),
    /// What came of an iteration.
    Iteration {
        /// The loop.
        of: LoopId,
        /// The run.
        run: RunId,
        /// Which one.
        index: u64,
        /// What came of it.
        bytes: Vec<u8>,
    },
    /// Nothing new: try again what could not be written.
    Retry,
}

/// A run that begins.
pub(super) struct Begin {
    pub(super) header: RunHeader,
    /// The nodes that have no results until it has settled them.
    pub(super) unsettled: Vec<NodeId>,
    pub(super) reused: Reused,
}

/// A loop that begins, or goes on in another run.
#[derive(Debug)]
pub(super) struct BeginLoop {
    pub(super) of: LoopId,
    pub(super) run: RunId,
    pub(super) node: NodeId,
    pub(super) outer: Option<(LoopId, u64)>,
    pub(super) about: Vec<u8>,
}

/// How much data a message holds: of iterations, and of everything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    iterations: usize,
    others: usize,
}

impl Weight {
    /// Returns the weight of data that is not an iteration's.
    pub(super) const fn of_data(n_bytes: usize) -> Self {
        Self { iterations: 0, others: n_bytes }
    }

    /// Returns the weight of an iteration.
    pub(super) const fn of_iteration(n_bytes: usize) -> Self {
        Self { iterations: n_bytes + MESSAGE_BYTES, others: 0 }
    }

    pub(super) const fn add(&mut self, other: Self) {
        self.iterations += other.iterations;
        self.others += other.others;
    }

    /// Returns all of it in bytes.
    pub(super) const fn n_bytes(self) -> usize {
        self.iterations + self.others
    }

    const fn remove(&mut self, other: Self) {
        self.iterations -= other.iterations;
        self.others -= other.others;
    }

    /// Returns whether so much more has to wait.
    const fn is_too_much_with(self, more: Self) -> bool {
        (more.others > 0 && self.others > 0 && self.others + more.others > MAX_WAITING_BYTES)
            || (more.iterations > 0
                && self.iterations > 0
                && self.iterations + more.iterations > MAX_WAITING_ITERATION_BYTES)
    }
}

/// Messages in order, and how far the writer is.
pub(super) struct Queue {
    state: Mutex<State>,
    /// Signalled when there is something to take, to a writer that sleeps.
    arrived: Condvar,
    /// Signalled when something was dealt with.
    dealt_with: Condvar,
    /// Named in errors.
    database: PathBuf,
}

#[derive(Default)]
struct State {
    waiting: Vec<(Message, Weight)>,
    /// Of what waits and of what is being written.
    weight: Weight,
    n_sent: u64,
    n_dealt_with: u64,
    /// The writer waits to be woken.
    writer_sleeps: bool,
    /// No more messages will come.
    closed: bool,
    /// Nobody takes messages any more.
    stopped: bool,
    /// The first since the last flush.
    error: Option<StoreError>,
}

/// How much of what was taken out is dealt with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) n_messages: u64,
    pub(super) weight: Weight,
}

impl Queue {
    pub(super) fn new(database: PathBuf) -> Self {
        Self { state: Mutex::default(), arrived: Condvar::new(), dealt_with: Condvar::new(), database }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message; waits only if a very large amount of data waits already.
    pub(super) fn send(&self, message: Message, weight: Weight) {
        let mut state = self.state();
        if state.weight.is_too_much_with(weight) {
            state = self
                .dealt_with
                .wait_while(state, |state| !state.stopped && state.weight.is_too_much_with(weight))
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopped {
            state.error.get_or_insert_with(|| StoreError::Stopped { path: self.database.clone() });
            return;
        }
        state.waiting.push((message, weight));
        state.weight.add(weight);
        state.n_sent += 1;
        let wake = std::mem::take(&mut state.writer_sleeps);
        drop(state);
        if wake {
            self.arrived.notify_one();
        }
    }

    /// Waits for messages and swaps all of them for an empty list; returns whether there are any: once there are none, no more
    /// will come.
    pub(super) fn take(&self, messages: &mut Vec<(Message, Weight)>) -> bool {
        let mut state = self.state();
        while state.waiting.is_empty() && !state.closed {
            state.writer_sleeps = true;
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writer_sleeps = false;
        std::mem::swap(&mut state.waiting, messages);
        !messages.is_empty()
    }

    /// Notes that messages were dealt with.
    pub(super) fn done(&self, progress: Progress, errors: Vec<StoreError>) {
        let mut state = self.state();
        state.weight.remove(progress.weight);
        state.n_dealt_with += progress.n_messages;
        for error in errors {
            tracing::warn!("{error}");
            state.error.get_or_insert(error);
        }
        drop(state);
        self.dealt_with.notify_all();
    }

    /// Says what went wrong beside what is written.
    pub(super) fn report(&self, error: StoreError) {
        self.done(Progress::default(), vec![error]);
    }

    /// Waits until all that was sent so far is dealt with.
    pub(super) fn drain(&self) {
        let state = self.state();
        let target = state.n_sent;
        drop(
            self.dealt_with
                .wait_while(state, |state| state.n_dealt_with < target && !state.stopped)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// Returns and forgets the first error since the last call.
    pub(super) fn take_error(&self) -> Option<StoreError> {
        self.state().error.take()
    }

    /// Says that no more messages will come.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_all();
    }

    /// Says that nobody takes messages any more, so that nobody waits for it.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        let lost = std::mem::take(&mut state.waiting);
        if !lost.is_empty() {
            state.error.get_or_insert_with(|| StoreError::Stopped { path: self.database.clone() });
        }
        drop(state);
        self.dealt_with.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterations_wait_at_64_mebibytes_and_other_data_at_a_gibibyte() {
        let mut weight = Weight::default();
        let iteration = Weight::of_iteration(1 << 20);
        for _ in 0..63 {
            assert!(!weight.is_too_much_with(iteration));
            weight.add(iteration);
        }
        assert!(weight.is_too_much_with(iteration));
        assert!(!weight.is_too_much_with(Weight::of_data(1 << 30)));
        assert!(!weight.is_too_much_with(Weight::default()));
        weight.remove(iteration);
        assert!(!weight.is_too_much_with(iteration));
        assert!(!Weight::default().is_too_much_with(Weight::of_iteration(1 << 30)), "one alone never waits");
    }

    #[test]
    fn all_that_waits_is_taken_at_once_and_in_order() {
        let queue = Queue::new(PathBuf::new());
        for number in 0..3 {
            queue.send(Message::Value(Fingerprint::from_bytes([number; 32]), Value::Null), Weight::of_data(1));
        }
        let mut messages = Vec::new();
        assert!(queue.take(&mut messages));
        let numbers: Vec<u8> = messages
            .iter()
            .map(|(message, _)| match message {
                Message::Value(fingerprint, _) => fingerprint.as_bytes()[0],
                _ => 99,
            })
            .collect();
        assert_eq!(numbers, [0, 1, 2]);
        queue.close();
        messages.clear();
        assert!(!queue.take(&mut messages));
    }
}
