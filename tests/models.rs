//! The places where threads of runs meet, in thousands of orders in which they may: no work is lost or done twice, nobody sleeps
//! for ever. The source is the program's own; only the primitives are those of a model checker.
//!
//! All of the program is safe code, so that threads cannot race for memory: what could go wrong is a wake-up that is lost.

use std::time::Duration;

use self::{
    cancel::Cancel,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc, thread,
    },
    threads::RunThreads,
};

/// The primitives in the place of the program's.
mod sync {
    pub(crate) use shuttle::{
        sync::{Arc, Condvar, Mutex, atomic, mpsc},
        thread,
    };
    pub(crate) use std::sync::PoisonError;

    pub(crate) fn locked<T>(mutex: &Mutex<T>) -> shuttle::sync::MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[path = "../src/engine/run/cancel.rs"]
mod cancel;
#[path = "../src/engine/run/threads.rs"]
mod threads;

/// How many orders are tried of each model.
const N_ORDERS: usize = 3_000;

fn in_many_orders(model: impl Fn() + Send + Sync + Copy + 'static) {
    shuttle::check_random(model, N_ORDERS);
    shuttle::check_pct(model, N_ORDERS, 3);
}

#[test]
fn every_run_that_is_started_is_walked_once_and_all_threads_end() {
    in_many_orders(|| {
        let threads = Arc::new(RunThreads::default());
        let n_walked = Arc::new(AtomicUsize::new(0));
        let (done, all_done) = mpsc::channel();
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let (threads, n_walked, done) = (Arc::clone(&threads), Arc::clone(&n_walked), done.clone());
                thread::spawn(move || {
                    for _ in 0..3 {
                        let (n_walked, done) = (Arc::clone(&n_walked), done.clone());
                        let work = Box::new(move || {
                            n_walked.fetch_add(1, Ordering::SeqCst);
                            done.send(()).unwrap();
                        });
                        assert!(threads.start(work).is_ok());
                    }
                })
            })
            .collect();
        drop(done);
        for caller in callers {
            caller.join().unwrap();
        }
        // Ends once every thread has let go of its sender: work that was lost would leave this waiting for ever.
        assert_eq!(all_done.iter().count(), 6);
        assert_eq!(n_walked.load(Ordering::SeqCst), 6);
    });
}

#[test]
fn a_thread_that_is_let_go_while_it_gets_ready_for_more_ends() {
    in_many_orders(|| {
        let threads = RunThreads::default();
        let (done, all_done) = mpsc::channel();
        for _ in 0..3 {
            let done = done.clone();
            assert!(threads.start(Box::new(move || done.send(()).unwrap())).is_ok());
        }
        drop((threads, done));
        assert_eq!(all_done.iter().count(), 3);
    });
}

#[test]
fn whoever_sleeps_is_woken_by_a_cancel_whenever_it_comes() {
    in_many_orders(|| {
        let cancel = Arc::new(Cancel::default());
        let sleepers: Vec<_> = (0..2)
            .map(|_| {
                let cancel = Arc::clone(&cancel);
                thread::spawn(move || cancel.wait(Duration::from_hours(10), None))
            })
            .collect();
        let canceller = {
            let cancel = Arc::clone(&cancel);
            thread::spawn(move || cancel.cancel())
        };
        for sleeper in sleepers {
            assert!(!sleeper.join().unwrap(), "it says that it was cut short");
        }
        canceller.join().unwrap();
        assert!(cancel.is_cancelled());
    });
}
