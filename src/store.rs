//! What lasts: run records, results and pinned data, in SQLite and in files beside it.
//!
//! [`record`] says what a run did; [`Store`] keeps it. Writing goes on behind the run: one thread batches transactions.

mod database;
mod kept;
pub mod record;

pub use self::{
    database::{Store, StoreError},
    kept::{Kept, KeptPort},
    record::{
        Arrived, ConfigChange, Effect, InputChange, InputRecord, LogLine, MarkUsed, Missing, NeverRan, NodeRecord,
        NotRun, PinPolicy, Provenance, Reason, RunHeader, RunId, RunKind, RunRecord, RunStatus, SessionId, Status,
    },
};
