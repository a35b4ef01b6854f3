//! The threads that walk plans.

use super::sync::{Arc, Mutex, locked, mpsc, thread};

type Work = Box<dyn FnOnce() + Send>;

/// How many threads wait for another run at most.
const MAX_IDLE: usize = 2;

/// Threads for runs. One that is done waits for the next run: waking it costs less than a new one.
#[derive(Default)]
pub(super) struct RunThreads {
    /// Where those that wait listen. They end when nobody can send them anything any more.
    pub(super) idle: Arc<Mutex<Vec<mpsc::Sender<Work>>>>,
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
