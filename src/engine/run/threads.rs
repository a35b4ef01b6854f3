//! The threads that walk plans.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
};

use super::host::locked;

type Work = Box<dyn FnOnce() + Send>;

/// How many threads wait for another run at most.
const MAX_IDLE: usize = 2;

/// Threads for runs. One that is done waits for the next run: waking it costs less than a new one.
#[derive(Default)]
pub(super) struct RunThreads {
    /// Where those that wait listen. They end when nobody can send them anything any more.
    idle: Arc<Mutex<Vec<mpsc::Sender<Work>>>>,
}

impl RunThreads {
    /// Does work on a thread of its own; gives it back if the system grants none.
    pub(super) fn start(&self, work: Work) -> Result<(), Work> {
        let idle = locked(&self.idle).pop();
        match idle {
            Some(idle) => idle.send(work).or_else(|mpsc::SendError(work)| self.spawn(work)),
            None => self.spawn(work),
        }
    }

    fn spawn(&self, work: Work) -> Result<(), Work> {
        let work = Arc::new(Mutex::new(Some(work)));
        let idle = Arc::downgrade(&self.idle);
        let on_thread = Arc::clone(&work);
        let spawned = thread::Builder::new().name("pinflow-run".to_owned()).spawn(move || {
            let mut next = locked(&on_thread).take();
            while let Some(work) = next {
                work();
                let Some(idle) = idle.upgrade() else { return };
                let (sender, receiver) = mpsc::channel();
                {
                    let mut idle = locked(&idle);
                    if idle.len() >= MAX_IDLE {
                        return;
                    }
                    idle.push(sender);
                }
                drop(idle);
                next = receiver.recv().ok();
            }
        });
        match spawned {
            Ok(_) => Ok(()),
            Err(_) => locked(&work).take().map_or(Ok(()), Err),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{thread::ThreadId, time::Duration};

    use super::*;

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
}
