//! Stopping a run.

use std::time::{Duration, Instant};

use super::sync::{
    Condvar, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
    locked,
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
