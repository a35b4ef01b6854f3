//! Saves a session behind the window: the newest state asked for, one after another.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use super::{Session, SessionError};

/// Saves sessions on a thread of its own. Dropping it saves what is asked for and waits for it.
#[derive(Debug)]
pub struct Saver {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The newest state, not yet saved.
    asked: Option<Session>,
    saving: bool,
    closed: bool,
    error: Option<SessionError>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, condition: impl FnMut(&mut State) -> bool) -> MutexGuard<'_, State> {
        self.changed.wait_while(self.state(), condition).unwrap_or_else(PoisonError::into_inner)
    }

    fn save_until_closed(&self) {
        loop {
            let mut state = self.wait_while(|state| state.asked.is_none() && !state.closed);
            let Some(session) = state.asked.take() else { return };
            state.saving = true;
            drop(state);
            let error = saved(&session).err();
            drop(session);
            let mut state = self.state();
            state.saving = false;
            state.error = error.or_else(|| state.error.take());
            self.changed.notify_all();
        }
    }
}

/// Saves; a panic becomes an error, so that nobody waits for a thread that has ended.
fn saved(session: &Session) -> Result<(), SessionError> {
    catch_unwind(AssertUnwindSafe(|| session.save())).unwrap_or_else(|_panic| {
        let why = "saving panicked".to_owned();
        Err(SessionError::Unwritable { why, path: session.path() })
    })
}

impl Saver {
    /// Returns a saver with its thread.
    pub fn new() -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let worker = Arc::clone(&shared);
        let thread = thread::Builder::new().name("session".to_owned()).spawn(move || worker.save_until_closed())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Asks to save this state; one asked for before and not yet begun is passed over.
    pub fn save(&self, session: &Session) {
        self.shared.state().asked = Some(session.clone());
        self.shared.changed.notify_all();
    }

    /// Waits until all that was asked for is saved; call it before closing the session.
    pub fn wait(&self) {
        drop(self.shared.wait_while(|state| state.asked.is_some() || state.saving));
    }

    /// Returns and forgets the newest error.
    pub fn take_error(&self) -> Option<SessionError> {
        self.shared.state().error.take()
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.changed.notify_all();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that saves sessions panicked");
        }
    }
}
