//! Looking at the world again and again while nothing happens, off the interface thread: the window is woken only when
//! something in it has changed.

use std::{
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    thread,
    time::Duration,
};

use crate::{
    engine::{Probes, probe},
    session::{Baseline, Marks, SessionId},
    store::Store,
};

/// How often the world is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// What the world is looked at for. Shared, not copied.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) session: SessionId,
    pub(crate) baseline: Baseline,
    pub(crate) marks: Marks,
}

impl Watched {
    /// Returns whether there is anything to look at.
    pub(crate) fn is_any(&self) -> bool {
        self.baseline.records().to_look_at().len() > 0 || self.marks.iter().any(|(_, mark)| mark.capture().is_some())
    }

    fn is_same(&self, other: &Self) -> bool {
        self.session == other.session
            && self.baseline.records().is_same(other.baseline.records())
            && self.marks.is_same(&other.marks)
    }
}

/// A thread that looks at the world every few seconds; it ends when this is dropped.
pub(crate) struct Watch {
    watched: Watched,
    _end: Sender<()>,
}

impl Watch {
    /// Looks at the world from now on, and reports what is found whenever that is not what is `known`.
    pub(crate) fn start(
        watched: Watched,
        mut known: Probes,
        store: Option<Store>,
        report: impl Fn(SessionId, Probes) + Send + 'static,
    ) -> Self {
        let (end, ended) = channel();
        let of = watched.clone();
        let look = move || {
            while matches!(ended.recv_timeout(LOOK_EVERY), Err(RecvTimeoutError::Timeout)) {
                let found = probe(&of.baseline, &of.marks, store.as_ref());
                if found != known {
                    known = found.clone();
                    report(of.session, found);
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("pinflow-watch".to_owned()).spawn(look) {
            tracing::error!(%error, "cannot start a thread");
        }
        Self { watched, _end: end }
    }

    /// Returns whether this looks at the world for the same things.
    pub(crate) fn is_for(&self, watched: &Watched) -> bool {
        self.watched.is_same(watched)
    }
}
