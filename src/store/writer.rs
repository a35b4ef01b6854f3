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
use crate::{
    nodes::Outputs,
    value::{Fingerprint, Value},
};

/// How many messages a transaction takes at most.
const MAX_BATCH: usize = 500;

/// After how long what is ready is committed, even if more waits.
const COMMIT_AFTER: Duration = Duration::from_millis(50);

/// How many rows are kept to be tried again.
const MAX_KEPT: usize = 20_000;

/// How many bytes of values are kept to be tried again.
const MAX_KEPT_BYTES: usize = 1 << 30;

/// What the thread works with.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) database: PathBuf,
    pub(super) blobs: Blobs,
    pub(super) queue: Arc<Queue>,
    pub(super) instance: String,
    /// Ready to be written, in order.
    pub(super) ready: VecDeque<Ready>,
    /// Values whose files could not be written; their records are not held up by them.
    pub(super) unwritten: VecDeque<(Fingerprint, Value)>,
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
        self.write_batch(vec![Message::Retry], &mut errors);
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
            Message::Begin { header, unsettled } => {
                self.retry_values(errors);
                match BeginRow::new(header, unsettled) {
                    Ok(row) => self.ready.push_back(Ready::Begin(row)),
                    Err(error) => errors.push(error),
                }
            }
            Message::Settle { session, record } => self.prepare_record(session, &record, errors),
            Message::Finish { run, status, took } => self.ready.push_back(Ready::Finish(run, status, took)),
            Message::Retry => self.retry_values(errors),
        }
    }

    fn retry_values(&mut self, errors: &mut Vec<StoreError>) {
        for (fingerprint, value) in std::mem::take(&mut self.unwritten) {
            self.prepare_value(fingerprint, &value, errors);
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
            self.prepare_value(*fingerprint, value, errors);
        }
    }

    fn prepare_value(&mut self, fingerprint: Fingerprint, value: &Value, errors: &mut Vec<StoreError>) {
        let row = match self.is_kept(&fingerprint) {
            Ok(true) => return,
            Ok(false) => self.blobs.prepare(fingerprint, value),
            Err(error) => Err(error),
        };
        match row {
            Ok(row) => self.ready.push_back(Ready::Value(row)),
            Err(error) => {
                if error.may_pass() {
                    self.unwritten.push_back((fingerprint, value.clone()));
                    self.forget_unwritten(errors);
                }
                errors.push(error);
            }
        }
    }

    /// Drops the oldest of the values whose files could not be written, if they are too large together.
    fn forget_unwritten(&mut self, errors: &mut Vec<StoreError>) {
        let mut n_bytes: usize = self.unwritten.iter().map(|(_, value)| value.size_bytes()).sum();
        while n_bytes > MAX_KEPT_BYTES {
            let Some((_, value)) = self.unwritten.pop_front() else { return };
            n_bytes -= value.size_bytes();
            errors.push(given_up(value.preview()));
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
        errors.push(given_up(format!("{n_too_many} results of runs")));
    }
}

fn given_up(what: String) -> StoreError {
    StoreError::Unwritable { what, why: "the store could not be written for too long".to_owned() }
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

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::*;
    use crate::store::{
        connection::{Purpose, connect, migrate, use_write_ahead_log},
        fixtures::{chain, executed, header},
    };

    /// Returns a writer that does not wait for locks, in a folder that is removed with it.
    fn new_writer() -> (tempfile::TempDir, Writer) {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("store.sqlite");
        let mut connection = connect(&database, Purpose::Runs).unwrap();
        use_write_ahead_log(&connection, &database).unwrap();
        migrate(&mut connection, &database).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        let writer = Writer {
            connection,
            blobs: Blobs::new(folder.path().join("blobs"), "instance").unwrap(),
            queue: Arc::new(Queue::new(database.clone())),
            database,
            instance: "instance".to_owned(),
            ready: VecDeque::new(),
            unwritten: VecDeque::new(),
        };
        (folder, writer)
    }

    /// Returns a run of `n_nodes` results of 20 kB, none like another.
    fn messages(n_nodes: i64) -> Vec<Message> {
        let session = SessionId::generate();
        let header = header(session, &chain(&["a"]));
        let run = header.id;
        let settle = |number: i64| {
            let node: crate::workflow::NodeId = format!("node_{number}").parse().unwrap();
            let text = format!("{number} ").repeat(5_000);
            Message::Settle { session, record: Arc::new(executed(run, node, text)) }
        };
        std::iter::once(Message::Begin { header: Box::new(header), unsettled: Vec::new() })
            .chain((0..n_nodes).map(settle))
            .collect()
    }

    fn write(writer: &mut Writer, messages: Vec<Message>) -> Vec<StoreError> {
        let mut errors = Vec::new();
        writer.write_batch(messages, &mut errors);
        errors
    }

    fn n_records(writer: &Writer) -> i64 {
        writer.connection.query_one("SELECT count(*) FROM node_records", params![], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_batch_that_meets_a_lock_is_written_once_the_lock_is_gone() {
        let (_folder, mut writer) = new_writer();
        let mut other = Connection::open(&writer.database).unwrap();
        let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let errors = write(&mut writer, messages(3));
        assert!(matches!(errors[..], [StoreError::Locked { .. }]), "{errors:?}");
        let errors = write(&mut writer, messages(2));
        assert!(errors.iter().all(|error| matches!(error, StoreError::Locked { .. })), "{errors:?}");
        assert_eq!(n_records(&writer), 0);
        lock.commit().unwrap();
        assert!(write(&mut writer, vec![Message::Retry]).is_empty());
        assert_eq!(n_records(&writer), 5);
    }

    #[test]
    fn a_batch_that_meets_a_full_disk_is_written_once_there_is_room() {
        let (_folder, mut writer) = new_writer();
        let n_pages: i64 = writer.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        writer.connection.pragma_update_and_check(None, "max_page_count", n_pages + 10, |_| Ok(())).unwrap();
        let errors = write(&mut writer, messages(40));
        let [error @ StoreError::Full { .. }] = &errors[..] else { panic!("{errors:?}") };
        assert!(error.to_string().contains("make room"), "{error}");
        assert_eq!(n_records(&writer), 0, "all or nothing");
        writer.connection.pragma_update_and_check(None, "max_page_count", 1_000_000, |_| Ok(())).unwrap();
        assert!(write(&mut writer, vec![Message::Retry]).is_empty());
        assert_eq!(n_records(&writer), 40);
    }

    #[test]
    fn a_database_that_may_not_be_written_keeps_what_waits() {
        let (_folder, mut writer) = new_writer();
        writer.connection.pragma_update(None, "query_only", true).unwrap();
        let errors = write(&mut writer, messages(2));
        assert!(matches!(errors[..], [StoreError::ReadOnly { .. }]), "{errors:?}");
        writer.connection.pragma_update(None, "query_only", false).unwrap();
        assert!(write(&mut writer, vec![Message::Retry]).is_empty());
        assert_eq!(n_records(&writer), 2);
    }

    #[test]
    fn what_could_not_be_written_for_too_long_is_given_up_and_reported() {
        let (_folder, mut writer) = new_writer();
        for message in messages(30) {
            writer.prepare(message, &mut Vec::new());
        }
        let mut errors = Vec::new();
        writer.shorten(10, &mut errors);
        assert_eq!(writer.ready.len(), 10);
        assert!(errors[0].to_string().contains("results of runs"), "{errors:?}");
    }
}
