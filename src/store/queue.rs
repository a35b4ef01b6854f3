//! What waits to be written: runs put messages in and go on, one thread takes them out.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{NodeRecord, RunHeader, RunId, RunStatus, SessionId, StoreError};
use crate::workflow::NodeId;

/// Above this much waiting data, whoever adds more waits too.
const MAX_WAITING_BYTES: usize = 1 << 30;

/// Something to write.
pub(super) enum Message {
    /// A run begins.
    Begin {
        /// The run.
        header: Box<RunHeader>,
        /// The nodes that have no results until it has settled them.
        unsettled: Vec<NodeId>,
    },
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
    /// Nothing new: try again what could not be written.
    Retry,
}

/// Messages in order, and how far the writer is.
pub(super) struct Queue {
    state: Mutex<State>,
    /// Signalled when there is something to take.
    arrived: Condvar,
    /// Signalled when something was dealt with.
    dealt_with: Condvar,
    /// Named in errors.
    database: PathBuf,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Message, usize)>,
    /// Of what waits and of what is being written.
    bytes: usize,
    n_sent: u64,
    n_dealt_with: u64,
    /// No more messages will come.
    closed: bool,
    /// Nobody takes messages any more.
    stopped: bool,
    /// The first since the last flush.
    error: Option<StoreError>,
}

/// Some messages, taken out.
pub(super) struct Batch {
    /// In the order they were sent.
    pub(super) messages: Vec<Message>,
    /// To be handed back once they are dealt with.
    pub(super) size: BatchSize,
}

/// How much was taken out.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchSize {
    n_bytes: usize,
    n_messages: u64,
}

impl Queue {
    pub(super) fn new(database: PathBuf) -> Self {
        Self { state: Mutex::default(), arrived: Condvar::new(), dealt_with: Condvar::new(), database }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message; waits only if a very large amount of data waits already.
    pub(super) fn send(&self, message: Message, n_bytes: usize) {
        let mut state = self
            .dealt_with
            .wait_while(self.state(), |state| {
                !state.stopped && state.bytes > 0 && state.bytes + n_bytes > MAX_WAITING_BYTES
            })
            .unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            state.error.get_or_insert_with(|| StoreError::Stopped { path: self.database.clone() });
            return;
        }
        state.waiting.push_back((message, n_bytes));
        state.bytes += n_bytes;
        state.n_sent += 1;
        self.arrived.notify_one();
    }

    /// Waits for messages and takes at most so many; `None` once all are taken and no more will come.
    pub(super) fn take(&self, n_at_most: usize) -> Option<Batch> {
        let mut state = self
            .arrived
            .wait_while(self.state(), |state| state.waiting.is_empty() && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        if state.waiting.is_empty() {
            return None;
        }
        let n_taken = n_at_most.min(state.waiting.len());
        let mut n_bytes = 0;
        let messages = state
            .waiting
            .drain(..n_taken)
            .map(|(message, size)| {
                n_bytes += size;
                message
            })
            .collect();
        Some(Batch { messages, size: BatchSize { n_bytes, n_messages: n_taken as u64 } })
    }

    /// Notes that a batch was dealt with.
    pub(super) fn done(&self, size: BatchSize, errors: Vec<StoreError>) {
        let mut state = self.state();
        state.bytes -= size.n_bytes;
        state.n_dealt_with += size.n_messages;
        for error in errors {
            tracing::warn!("{error}");
            state.error.get_or_insert(error);
        }
        self.dealt_with.notify_all();
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
        self.dealt_with.notify_all();
    }
}
