//! Work that cannot be interrupted: done on a thread of its own, so that a cancel or a deadline need not wait for it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use super::{Context, NodeError};

/// How long a cancelled node goes on at most before it is noticed.
pub(super) const POLL: Duration = Duration::from_millis(20);

/// Does work on a thread of its own and waits for it, or for the cancel or deadline, whichever comes first. Work that
/// is not waited for any more ends by itself; it can look at its argument to end sooner.
pub(super) fn apart<T: Send + 'static>(
    ctx: &Context<'_>,
    name: &str,
    work: impl FnOnce(&AtomicBool) -> Result<T, NodeError> + Send + 'static,
) -> Result<T, NodeError> {
    apart_in_parts(ctx, name, |()| (), |abandoned, _tell| work(abandoned))
}

/// What comes from the thread.
enum Report<T, P> {
    Part(P),
    Done(thread::Result<Result<T, NodeError>>),
}

/// Does the same with work that tells of its parts as it goes; they are taken in on the caller's thread.
pub(super) fn apart_in_parts<T: Send + 'static, P: Send + 'static>(
    ctx: &Context<'_>,
    name: &str,
    mut take_part: impl FnMut(P),
    work: impl FnOnce(&AtomicBool, &dyn Fn(P)) -> Result<T, NodeError> + Send + 'static,
) -> Result<T, NodeError> {
    ctx.check_cancelled()?;
    let abandoned = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    let watched = Arc::clone(&abandoned);
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            // After a cancel nobody listens any more.
            let tell = |part| sender.send(Report::Part(part)).unwrap_or_default();
            let done = catch_unwind(AssertUnwindSafe(|| work(&watched, &tell)));
            sender.send(Report::Done(done)).unwrap_or_default();
        })
        .map_err(|error| NodeError::new(format!("cannot start a thread for the {name}: {error}")))?;
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(Report::Part(part)) => {
                take_part(part);
                if let Err(cancelled) = ctx.check_cancelled() {
                    abandoned.store(true, Ordering::Relaxed);
                    return Err(cancelled);
                }
            }
            // Work that failed after the deadline may have failed because of it.
            Ok(Report::Done(Ok(Err(error)))) => return ctx.check_cancelled().and(Err(error)),
            Ok(Report::Done(Ok(done))) => return done,
            Ok(Report::Done(Err(panic))) => resume_unwind(panic),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(cancelled) = ctx.check_cancelled() {
                    abandoned.store(true, Ordering::Relaxed);
                    return Err(cancelled);
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(NodeError::new(format!("the {name} broke down; run it again")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nodes::{ResolvedParameters, testing::Trial},
        workflow::{Node, NodeId, Position},
    };

    fn run<T: Send + 'static>(
        trial: &Trial,
        work: impl FnOnce(&AtomicBool) -> Result<T, NodeError> + Send + 'static,
    ) -> Result<T, NodeError> {
        let (id, node) = (NodeId::from("n"), Node::new("text", Position(0.0, 0.0)));
        apart(&Context::new(&id, ResolvedParameters::new(&[], &node), &[], &trial.host), "work", work)
    }

    #[test]
    fn work_gives_what_it_makes_or_fails_with() {
        let trial = Trial::of("text");
        assert_eq!(run(&trial, |_| Ok(7)), Ok(7));
        assert_eq!(run(&trial, |_| Err::<(), _>(NodeError::new("no"))), Err(NodeError::new("no")));
        let panic = catch_unwind(AssertUnwindSafe(|| run::<()>(&trial, |_| panic!("broke")))).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"broke"));
    }

    #[test]
    fn a_cancel_or_a_deadline_abandons_the_work() {
        let in_time: [fn(Trial) -> Trial; 2] =
            [|trial| trial.cancelled_after(2), |trial| trial.within(Duration::from_millis(200))];
        for stop in in_time {
            let trial = stop(Trial::of("text"));
            let (sender, receiver) = mpsc::channel();
            let endless = move |abandoned: &AtomicBool| {
                while !abandoned.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                sender.send(()).unwrap();
                Ok(())
            };
            assert_eq!(run(&trial, endless), Err(NodeError::Cancelled));
            receiver.recv().unwrap();
        }
    }
}
