//! The thread that writes runs behind them: takes what waits, writes values to files, then all rows in one transaction.
//!
//! What cannot be written because of the world (a full disk, a lock) is kept and tried again with the next batch; what
//! cannot be written because of itself is reported and dropped, and the rest of its batch is written.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};

use super::{
    NodeRecord, NotRun, RunId, RunStatus, SessionId, Status, StoreError,
    queue::{Message, Queue},
    rows,
    runs::{self, BeginRow, RecordRow},
    values::{self, Blobs, ValueRow},
};
use crate::{nodes::Outputs, value::Fingerprint};

/// How many messages a transaction takes at most.
const MAX_BATCH: usize = 500;

/// After how long what is ready is committed, even if more waits.
const COMMIT_AFTER: Duration = Duration::from_millis(50);

/// How much is kept to be tried again.
const MAX_KEPT: usize = 20_000;

/// What the thread works with.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) database: PathBuf,
    pub(super) blobs: Blobs,
    pub(super) queue: Arc<Queue>,
    pub(super) instance: String,
    /// Ready to be written, in order.
    pub(super) ready: VecDeque<Ready>,
}

/// Something that is ready to be written as rows.
#[derive(Debug)]
pub(super) enum Ready {
    Begin(BeginRow),
    Value(ValueRow),
    Record(RecordRow),
    Finish(RunId, RunStatus, Duration),
}

/// Lets nobody wait for a writer that has ended, however it ended.
struct StopOnDrop(Arc<Queue>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Writer {
    /// Writes until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let _stop = StopOnDrop(Arc::clone(&self.queue));
        while let Some(batch) = self.queue.take(MAX_BATCH) {
            let mut errors = Vec::new();
            self.write_batch(batch.messages, &mut errors);
            self.queue.done(batch.size, errors);
        }
        let mut errors = Vec::new();
        self.commit(&mut errors);
        for error in errors {
            tracing::error!("not written before the end: {error}");
        }
    }

    fn write_batch(&mut self, messages: Vec<Message>, errors: &mut Vec<StoreError>) {
        let mut since = Instant::now();
        for message in messages {
            self.prepare(message, errors);
            if since.elapsed() > COMMIT_AFTER {
                self.commit(errors);
                since = Instant::now();
            }
        }
        self.commit(errors);
    }

    fn prepare(&mut self, message: Message, errors: &mut Vec<StoreError>) {
        match message {
            Message::Begin { header, unsettled } => match BeginRow::new(header, unsettled) {
                Ok(row) => self.ready.push_back(Ready::Begin(row)),
                Err(error) => errors.push(error),
            },
            Message::Settle { session, record } => self.prepare_record(session, &record, errors),
            Message::Finish { run, status, took } => self.ready.push_back(Ready::Finish(run, status, took)),
            Message::Retry => {}
        }
    }

    /// Makes a record's rows. A value that cannot be kept is reported; the record is kept without it.
    fn prepare_record(&mut self, session: SessionId, record: &NodeRecord, errors: &mut Vec<StoreError>) {
        if let Some(outputs) = record.results.as_ref().and_then(|results| results.loaded()) {
            self.prepare_values(outputs, errors);
        }
        match rows::record_to_text(record) {
            Ok(text) => self.ready.push_back(Ready::Record(RecordRow {
                session,
                run: record.run,
                node: record.node.clone(),
                status: record.status.name(),
                text,
                in_baseline: record.status != Status::NotRun(NotRun::NotNeeded),
            })),
            Err(why) => errors.push(StoreError::Unwritable { what: format!("the record of {}", record.node), why }),
        }
    }

    fn prepare_values(&mut self, outputs: &Outputs, errors: &mut Vec<StoreError>) {
        for ((_, value), fingerprint) in outputs.iter().zip(outputs.fingerprints()) {
            match self.is_kept(fingerprint) {
                Ok(true) => {}
                Ok(false) => match self.blobs.prepare(*fingerprint, value) {
                    Ok(row) => self.ready.push_back(Ready::Value(row)),
                    Err(error) => errors.push(error),
                },
                Err(error) => errors.push(error),
            }
        }
    }

    fn is_kept(&self, fingerprint: &Fingerprint) -> Result<bool, StoreError> {
        let is_ready = |ready: &Ready| matches!(ready, Ready::Value(row) if row.fingerprint == *fingerprint);
        // Only what was prepared a moment ago: looking at all of a long list each time would cost more than writing twice.
        if self.ready.iter().rev().take(8).any(is_ready) {
            return Ok(true);
        }
        values::is_kept(&self.connection, &self.blobs, fingerprint)
            .map_err(|error| StoreError::sqlite(error, &self.database))
    }

    /// Writes all that is ready in one transaction.
    fn commit(&mut self, errors: &mut Vec<StoreError>) {
        if self.ready.is_empty() {
            return;
        }
        match self.try_commit(errors) {
            Ok(()) => self.ready.clear(),
            Err(error) => {
                let may_pass = error.may_pass();
                errors.push(error);
                self.shorten(if may_pass { MAX_KEPT } else { 0 }, errors);
            }
        }
    }

    fn try_commit(&mut self, errors: &mut Vec<StoreError>) -> Result<(), StoreError> {
        let database = self.database.clone();
        let sqlite = |error| StoreError::sqlite(error, &database);
        let mut transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        let mut refused = Vec::new();
        for ready in &self.ready {
            let savepoint = transaction.savepoint().map_err(sqlite)?;
            match ready.write(&savepoint, &self.instance).map_err(sqlite) {
                Ok(()) => savepoint.commit().map_err(sqlite)?,
                Err(error) if error.may_pass() => return Err(error),
                Err(error) => refused.push(error),
            }
        }
        transaction.commit().map_err(sqlite)?;
        errors.append(&mut refused);
        Ok(())
    }

    /// Drops the oldest of what could not be written, down to so many.
    fn shorten(&mut self, n_at_most: usize, errors: &mut Vec<StoreError>) {
        let n_too_many = self.ready.len().saturating_sub(n_at_most);
        if n_too_many == 0 {
            return;
        }
        self.ready.drain(..n_too_many);
        errors.push(StoreError::Unwritable {
            what: format!("{n_too_many} results of runs"),
            why: "the store could not be written for too long".to_owned(),
        });
    }
}

impl Ready {
    fn write(&self, connection: &Connection, instance: &str) -> rusqlite::Result<()> {
        match self {
            Self::Begin(row) => row.write(connection, instance),
            Self::Value(row) => values::insert(connection, row),
            Self::Record(row) => row.write(connection),
            Self::Finish(run, status, took) => runs::finish(connection, *run, *status, *took),
        }
    }
}
