//! Threads for runs.

use std::{
    thread::{self, ThreadId},
    time::Duration,
};

use super::{
    sync::{locked, mpsc},
    threads::RunThreads,
};

/// Returns the thread that did some work, once it waits for more.
fn thread_used(threads: &RunThreads) -> ThreadId {
    let (sender, receiver) = mpsc::channel();
    let sent = threads.start(Box::new(move || sender.send(thread::current().id()).unwrap()));
    assert!(sent.is_ok());
    let used = receiver.recv().unwrap();
    while locked(&threads.idle).is_empty() {
        thread::sleep(Duration::from_millis(1));
    }
    used
}

#[test]
fn a_thread_that_is_done_is_used_again() {
    let threads = RunThreads::default();
    assert_eq!(thread_used(&threads), thread_used(&threads));
}

#[test]
fn work_that_comes_while_other_work_goes_on_has_a_thread_of_its_own() {
    let threads = RunThreads::default();
    let (go_on, waits) = mpsc::channel::<()>();
    assert!(threads.start(Box::new(move || waits.recv().unwrap_or_default())).is_ok());
    thread_used(&threads);
    drop(go_on);
}
