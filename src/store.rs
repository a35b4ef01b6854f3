//! What lasts: run records, results and pinned data, in `SQLite` and in files beside it.
//!
//! [`record`] says what a run did; [`Store`] keeps it. Writing goes on behind the run: one thread batches transactions.
//! In the store's folder: `store.sqlite`, `blobs/` for large values, `alive/` for the locks of programs that have it open.

mod alive;
mod backup;
mod baseline;
mod blobs;
mod check;
mod codec;
mod compare;
mod connection;
mod crypt;
mod database;
mod error;
mod history;
mod iteration_bytes;
mod iteration_glance;
mod iterations;
mod kept;
mod kept_for;
mod keys;
mod known;
mod loop_record;
mod loop_words;
mod node_history;
mod opening;
mod past_node;
mod pinned_data;
mod queue;
mod ready;
mod reason;
pub mod record;
mod record_bytes;
mod record_map;
mod rekey;
mod repair;
mod reused;
mod rows;
mod run_ids;
mod run_record;
mod runs;
mod sealed_file;
mod start_from;
mod sweep;
mod timings;
mod values;
mod vault;
mod words;
mod workflow_bytes;
mod writer;

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod tests;

pub use self::{
    backup::BackedUp,
    check::{Checked, Finding},
    compare::{NodeComparison, OutputComparison, RunComparison, Side},
    database::Store,
    error::StoreError,
    history::{HistoryFilter, RunCounts, RunSummary},
    iteration_glance::{Glance, Outcome, Seen},
    iterations::LoopId,
    kept::{Kept, KeptPort},
    kept_for::{KeptFor, age_in_words, kept_for_key},
    keys::{KeyOptions, KeyPlace, Passphrase},
    loop_record::{
        IterationCell, IterationLog, IterationRow, IterationStatus, IterationTimes, LoopAbout, LoopFailure, LoopPart,
        LoopRecord, MAX_FAILURES,
    },
    node_history::NodeRun,
    opening::StoreOptions,
    past_node::PastNode,
    pinned_data::{PinnedChange, PinnedData, PinnedDataInfo},
    reason::{ConfigChange, InputChange, Missing, NeverRan, NotRun, Reason, Sensitive},
    record::{
        Arrived, Attempt, Effect, InputRecord, Iterations, LogLine, MarkUsed, NodeRecord, Notes, NotesData,
        OptionsUsed, Part, PinPolicy, Provenance, RunHeader, Status,
    },
    record_map::RecordMap,
    rekey::Rekeyed,
    repair::Repaired,
    run_ids::{RunId, RunKind, RunStatus, SessionId},
    run_record::RunRecord,
    sweep::{SweepReport, SweepRequest, SweptBecause, size_in_words},
    words::{NameOf, names},
};
pub(crate) use self::{
    loop_words::{counted, iterations_in_words, made_in_words, with_commas},
    rows::{InputRow, PathRow},
};
