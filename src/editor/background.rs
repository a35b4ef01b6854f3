//! Work off the interface thread: each piece on a named thread, its answer by channel, the window woken for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

/// Runs pieces of work and collects their answers, all of one type.
pub(crate) struct Background<A> {
    sender: Sender<A>,
    receiver: Receiver<A>,
    context: egui::Context,
    n_at_work: Arc<AtomicUsize>,
}

/// The way back to the interface thread, for whoever reports more than once.
pub(crate) struct Reporter<A> {
    sender: Sender<A>,
    context: egui::Context,
}

impl<A> Reporter<A> {
    /// Sends an answer and wakes the window. After the window has closed nobody listens, which is no error.
    pub(crate) fn report(&self, answer: A) {
        self.sender.send(answer).ok();
        self.context.request_repaint();
    }
}

impl<A> Clone for Reporter<A> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), context: self.context.clone() }
    }
}

/// Counts a piece of work as long as it lives, also if it panics.
struct AtWork(Arc<AtomicUsize>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<A: Send + 'static> Background<A> {
    /// Returns a place for work that wakes this window.
    pub(crate) fn new(context: egui::Context) -> Self {
        let (sender, receiver) = channel();
        Self { sender, receiver, context, n_at_work: Arc::default() }
    }

    /// Returns a way back to the interface thread.
    pub(crate) fn reporter(&self) -> Reporter<A> {
        Reporter { sender: self.sender.clone(), context: self.context.clone() }
    }

    /// Starts a piece of work on a thread of its own.
    pub(crate) fn start(&self, name: &str, work: impl FnOnce() -> A + Send + 'static) {
        self.n_at_work.fetch_add(1, Ordering::AcqRel);
        let at_work = AtWork(Arc::clone(&self.n_at_work));
        let reporter = self.reporter();
        let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let answer = work();
            reporter.report(answer);
            drop(at_work);
        });
        if let Err(error) = started {
            tracing::error!(name, %error, "cannot start a thread");
        }
    }

    /// Returns the next answer that has arrived.
    pub(crate) fn take(&self) -> Option<A> {
        self.receiver.try_recv().ok()
    }

    /// Returns whether any piece of work goes on.
    pub(crate) fn at_work(&self) -> bool {
        self.n_at_work.load(Ordering::Acquire) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_arrive_and_work_is_counted() {
        let background = Background::new(egui::Context::default());
        background.start("test", || 42);
        assert_eq!(background.receiver.recv(), Ok(42));
    }

    #[test]
    fn work_that_panics_is_no_longer_counted() {
        let background: Background<u32> = Background::new(egui::Context::default());
        background.start("test that panics", || std::panic::resume_unwind(Box::new("on purpose")));
        while background.at_work() {
            thread::yield_now();
        }
        assert!(background.take().is_none());
    }
}
