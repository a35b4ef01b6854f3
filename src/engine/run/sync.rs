//! What the threads of runs meet by. Whoever looks through all the orders in which they may do so puts other ones in the place of these.

pub(super) use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, atomic, mpsc},
    thread,
};

use std::sync::MutexGuard;

/// Locks what no panic can leave half-changed.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
