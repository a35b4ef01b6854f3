//! Files that are kept up to date while a person works: written in order, off the interface thread, the newest state only.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

/// A piece of writing.
type Job = Box<dyn FnOnce() + Send>;

/// Writes one thing after the other on a thread of its own. Of several writings with the same name that wait, only the
/// newest is done. Dropping the keeper waits until all that was asked for is written.
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(String, Job)>,
    writing: bool,
    over: bool,
}

impl Shared {
    /// A job that panicked has not touched the queue, so the state is sound.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        state.writing = false;
        self.changed.notify_all();
        loop {
            if let Some((_, job)) = state.waiting.pop_front() {
                state.writing = true;
                return Some(job);
            }
            if state.over {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Keeper {
    /// Returns a keeper with its thread.
    pub(crate) fn new() -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let on_thread = Arc::clone(&shared);
        let work = move || {
            while let Some(job) = on_thread.next() {
                job();
            }
        };
        let thread = thread::Builder::new().name("pinflow-keeper".to_owned()).spawn(work);
        if let Err(error) = &thread {
            tracing::error!(%error, "cannot start the thread that saves sessions");
        }
        Self { shared, thread: thread.ok() }
    }

    /// Asks for a piece of writing, in place of one with the same name that still waits.
    pub(crate) fn write(&self, name: impl Into<String>, job: impl FnOnce() + Send + 'static) {
        let name = name.into();
        let mut state = self.shared.lock();
        state.waiting.retain(|(waiting, _)| *waiting != name);
        state.waiting.push_back((name, Box::new(job)));
        self.shared.changed.notify_all();
    }

    /// Returns whether anything waits to be written, or is being written.
    pub(crate) fn at_work(&self) -> bool {
        let state = self.shared.lock();
        state.writing || !state.waiting.is_empty()
    }

    /// Waits until all that was asked for is written.
    pub(crate) fn finish(&mut self) {
        self.shared.lock().over = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that saves sessions panicked");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.finish();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn everything_is_written_in_order_before_the_keeper_is_gone() {
        let (sender, receiver) = channel();
        let keeper = Keeper::new();
        for number in 0..100 {
            let sender = sender.clone();
            keeper.write(number.to_string(), move || sender.send(number).unwrap());
        }
        drop((keeper, sender));
        assert_eq!(receiver.iter().collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn of_one_name_only_the_newest_that_waits_is_written() {
        let (gate, open) = channel::<()>();
        let (sender, receiver) = channel();
        let keeper = Keeper::new();
        keeper.write("gate", move || open.recv().unwrap());
        for number in 0..10 {
            let sender = sender.clone();
            keeper.write("session", move || sender.send(number).unwrap());
        }
        assert!(keeper.at_work());
        gate.send(()).unwrap();
        drop((keeper, sender));
        assert_eq!(receiver.iter().last(), Some(9));
    }
}
