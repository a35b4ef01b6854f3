//! The thread that writes runs behind them: takes all that waits, writes values to files, then all rows in one transaction.
//!
//! What cannot be written because of the world (a full disk, a lock) is kept and tried again with the next batch; what
//! cannot be written because of itself is reported and dropped, and the rest of its batch is written.

use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};

use super::{
    NodeRecord, RunId, SessionId, Status, StoreError,
    blobs::Blobs,
    history::Counted,
    iterations::IterationRow,
    known::{Known, Statements},
    queue::{Message, Progress, Queue, Weight},
    ready::{Ready, RecordRow},
    record_bytes,
    runs::{BeginRow, LastWorkflow},
    timings::{self, TimingRow},
    values::{self, ValueRow},
    workflow_bytes,
};
use crate::{
    nodes::Outputs,
    value::{Fingerprint, Value},
    workflow::Workflow,
};

/// How many messages a transaction takes at most.
const MAX_BATCH: u64 = 20_000;

/// How many bytes of data a transaction takes at most, about.
const MAX_BATCH_BYTES: usize = 32 << 20;

/// After how long what is ready is committed, even if more waits.
const COMMIT_AFTER: Duration = Duration::from_millis(100);

/// How many rows are kept to be tried again.
const MAX_KEPT: usize = 100_000;

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
    ready: VecDeque<Ready>,
    /// Values that what is ready counts on to be kept: a sweep may take them before it is written.
    counted_on: Vec<(Fingerprint, Value)>,
    /// Values whose files could not be written; their records are not held up by them.
    unwritten: VecDeque<(Fingerprint, Value)>,
    /// The workflows of runs that go on: a record says what its node was only if that is not what stands there.
    workflows: HashMap<RunId, Arc<Workflow>>,
    last_workflow: LastWorkflow,
    known: Known,
    /// Where bytes are made before their length is known.
    scratch: Vec<u8>,
}

/// Lets nobody wait for a writer that has ended, however it ended.
struct StopOnDrop(Arc<Queue>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Writer {
    /// Returns a writer that has not begun.
    pub(super) fn new(
        connection: Connection,
        database: PathBuf,
        blobs: Blobs,
        queue: Arc<Queue>,
        instance: String,
    ) -> Self {
        Self {
            connection,
            database,
            blobs,
            queue,
            instance,
            ready: VecDeque::new(),
            counted_on: Vec::new(),
            unwritten: VecDeque::new(),
            workflows: HashMap::new(),
            last_workflow: LastWorkflow::default(),
            known: Known::default(),
            scratch: Vec::new(),
        }
    }

    /// Writes until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let _stop = StopOnDrop(Arc::clone(&self.queue));
        let mut messages = Vec::new();
        while self.queue.take(&mut messages) {
            self.write_batch(&mut messages);
        }
        let mut errors = Vec::new();
        self.retry_values(&mut errors);
        self.commit(&mut errors);
        for error in errors {
            tracing::error!("not written before the end: {error}");
        }
    }

    /// Writes messages in as few transactions as is good, and says so after each.
    fn write_batch(&mut self, messages: &mut Vec<(Message, Weight)>) {
        let mut errors = Vec::new();
        let mut progress = Progress::default();
        let mut since = Instant::now();
        for (message, weight) in messages.drain(..) {
            self.prepare(message, &mut errors);
            progress.n_messages += 1;
            progress.weight.add(weight);
            // The clock is slower than what happens to most messages.
            let is_slow = progress.n_messages.is_multiple_of(64) || weight.n_bytes() > 1 << 16;
            if progress.n_messages >= MAX_BATCH
                || progress.weight.n_bytes() >= MAX_BATCH_BYTES
                || (is_slow && since.elapsed() > COMMIT_AFTER)
            {
                self.commit(&mut errors);
                self.queue.done(std::mem::take(&mut progress), std::mem::take(&mut errors));
                since = Instant::now();
            }
        }
        self.commit(&mut errors);
        self.queue.done(progress, errors);
    }

    fn prepare(&mut self, message: Message, errors: &mut Vec<StoreError>) {
        match message {
            Message::Begin(begin) => {
                self.retry_values(errors);
                self.workflows.insert(begin.header.id, Arc::clone(&begin.header.workflow));
                match BeginRow::new(*begin, &mut self.last_workflow, self.blobs.crypt()) {
                    Ok(row) => self.ready.push_back(Ready::Begin(Box::new(row))),
                    Err(error) => errors.push(error),
                }
            }
            Message::Settle { session, record } => self.prepare_record(session, &record, errors),
            Message::Finish { run, status, took } => {
                self.workflows.remove(&run);
                self.ready.push_back(Ready::Finish(run, status, took));
            }
            Message::Value(fingerprint, value) => self.prepare_value(fingerprint, &value, errors),
            Message::Loop(row) => self.ready.push_back(Ready::Loop(row)),
            Message::Iteration { of, run, index, bytes } => {
                self.ready.push_back(Ready::Iteration(IterationRow { of, run, index, bytes }));
            }
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
        if let Some(record) = record.as_it_may_be_written() {
            return self.prepare_record(session, &record, errors);
        }
        if let Some(outputs) = record.results.as_ref().and_then(|results| results.loaded()) {
            self.prepare_values(outputs, errors);
        }
        match self.record_bytes(record) {
            Ok(bytes) => self.ready.push_back(Ready::Record(RecordRow {
                session,
                run: record.run,
                node: record.node.clone(),
                bytes,
                in_baseline: !record.status.was_not_needed(),
                counted: Counted::of(&record.status),
            })),
            Err(why) => {
                errors.push(StoreError::Unwritable { what: format!("the record of {}", record.node), why });
            }
        }
        if record.status == Status::Executed
            && let Some(took) = record.took.filter(|took| *took > timings::MIN_TOOK)
            && let Some(workflow) = self.workflows.get(&record.run)
        {
            self.ready.push_back(Ready::Timing(Box::new(TimingRow {
                workflow: workflow.id(),
                node: record.node.clone(),
                config: record.config,
                took,
            })));
        }
    }

    fn record_bytes(&mut self, record: &NodeRecord) -> Result<Box<[u8]>, String> {
        let in_workflow = self.workflows.get(&record.run).and_then(|workflow| workflow.node(&record.node));
        let is_there =
            in_workflow.is_some_and(|node| Arc::ptr_eq(node, record.as_it_was()) || node == record.as_it_was());
        let as_it_was = if is_there { None } else { Some(workflow_bytes::node_to_bytes(record.as_it_was())?) };
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch = record_bytes::write(record, as_it_was.as_deref(), scratch)?;
        let bytes = Box::from(&scratch[..]);
        self.scratch = scratch;
        Ok(bytes)
    }

    fn prepare_values(&mut self, outputs: &Outputs, errors: &mut Vec<StoreError>) {
        for ((_, value), fingerprint) in outputs.iter().zip(outputs.fingerprints()) {
            self.prepare_value(*fingerprint, value, errors);
        }
    }

    fn prepare_value(&mut self, fingerprint: Fingerprint, value: &Value, errors: &mut Vec<StoreError>) {
        let row = match ValueRow::of_small(fingerprint, value, self.blobs.crypt()) {
            Some(row) => Ok(row),
            None => match self.is_kept(&fingerprint) {
                Ok(true) => {
                    self.counted_on.push((fingerprint, value.clone()));
                    return;
                }
                Ok(false) => self.blobs.prepare(fingerprint, value),
                Err(error) => Err(error),
            },
        };
        match row {
            Ok(row) => {
                if !row.is_inline() {
                    self.counted_on.push((fingerprint, value.clone()));
                }
                self.ready.push_back(Ready::Value(row));
            }
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
        let written = match self.write_all() {
            Err(error) if !error.may_pass() => self.write_one_by_one(errors),
            result => result,
        };
        match written {
            Ok(()) => {
                self.ready.clear();
                self.counted_on.clear();
            }
            Err(error) => {
                self.known.forget();
                let may_pass = error.may_pass();
                errors.push(error);
                self.shorten(if may_pass { MAX_KEPT } else { 0 }, errors);
            }
        }
    }

    fn write_all(&mut self) -> Result<(), StoreError> {
        let sqlite = |error| StoreError::sqlite(error, &self.database);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        self.known.forget_if_others_wrote(&transaction).map_err(sqlite)?;
        let mut statements = Statements::new(&transaction, self.blobs.crypt()).map_err(sqlite)?;
        // By name, so that neighbours in the index are written one after the other.
        let mut values: Vec<&ValueRow> = self.ready.iter().filter_map(Ready::as_value).collect();
        values.sort_unstable_by_key(|row| row.name);
        for row in values {
            row.write(&mut statements, &mut self.known).map_err(sqlite)?;
        }
        for ready in self.ready.iter().filter(|ready| ready.as_value().is_none()) {
            ready.write(&mut statements, &mut self.known, &self.instance).map_err(sqlite)?;
        }
        drop(statements);
        values::keep_what_was_swept(&transaction, &self.database, &self.blobs, &self.counted_on)?;
        transaction.commit().map_err(sqlite)
    }

    /// Writes each row for itself, leaving out those that are refused.
    fn write_one_by_one(&mut self, errors: &mut Vec<StoreError>) -> Result<(), StoreError> {
        let sqlite = |error| StoreError::sqlite(error, &self.database);
        let mut transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        let mut refused = Vec::new();
        for ready in &self.ready {
            // Nothing is taken for known that a row undone may have said.
            self.known.forget();
            let savepoint = transaction.savepoint().map_err(sqlite)?;
            let written = Statements::new(&savepoint, self.blobs.crypt())
                .and_then(|mut statements| ready.write(&mut statements, &mut self.known, &self.instance))
                .map_err(sqlite);
            match written {
                Ok(()) => savepoint.commit().map_err(sqlite)?,
                Err(error) if error.may_pass() => return Err(error),
                Err(error) => refused.push(error),
            }
        }
        self.known.forget();
        values::keep_what_was_swept(&transaction, &self.database, &self.blobs, &self.counted_on)?;
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

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::*;
    use crate::store::{
        connection::{Purpose, connect, migrate, use_write_ahead_log},
        crypt::{Crypt, Key},
        fixtures::{chain, executed, header},
        queue::Begin,
        sweep::remove_files,
    };

    /// Returns a writer that does not wait for locks, in a folder that is removed with it.
    fn new_writer() -> (tempfile::TempDir, Writer) {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("store.sqlite");
        let mut connection = connect(&database, Purpose::Runs).unwrap();
        use_write_ahead_log(&connection, &database).unwrap();
        migrate(&mut connection, &database).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        let blobs = Blobs::new(folder.path().join("blobs"), "instance", Crypt::sealed(Key([1; 32])).unwrap()).unwrap();
        let queue = Arc::new(Queue::new(database.clone()));
        let writer = Writer::new(connection, database, blobs, queue, "instance".to_owned());
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
        let begin = Begin { header, unsettled: Vec::new(), reused: Box::new(Vec::new) };
        std::iter::once(Message::Begin(Box::new(begin))).chain((0..n_nodes).map(settle)).collect()
    }

    fn write(writer: &mut Writer, messages: Vec<Message>) -> Vec<StoreError> {
        let mut errors = Vec::new();
        for message in messages {
            writer.prepare(message, &mut errors);
        }
        writer.commit(&mut errors);
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
        let [error @ StoreError::Locked { .. }] = &errors[..] else { panic!("{errors:?}") };
        assert!(error.to_string().contains("close it or wait, then try again"), "{error}");
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
    fn a_value_that_was_swept_meanwhile_is_written_again_though_a_row_beside_it_is_refused() {
        let (_folder, mut writer) = new_writer();
        assert!(write(&mut writer, messages(1)).is_empty());
        // The second run gives what is kept already; a sweep takes that before it is written.
        let mut errors = Vec::new();
        for message in messages(1) {
            writer.prepare(message, &mut errors);
        }
        let refused = Arc::new(executed(RunId::generate(), "of_no_run", 1_i64));
        writer.prepare(Message::Settle { session: SessionId::generate(), record: refused }, &mut errors);
        let other = Connection::open(&writer.database).unwrap();
        assert_eq!(other.execute("DELETE FROM kept_values", params![]).unwrap(), 1);
        writer.commit(&mut errors);
        assert!(matches!(errors[..], [StoreError::Sqlite { .. }]), "{errors:?}");
        let value = Value::text("0 ".repeat(5_000));
        assert!(values::is_kept(&writer.connection, &writer.blobs, &value.fingerprint()).unwrap());
    }

    #[test]
    fn a_file_that_was_swept_before_its_row_was_written_is_written_again() {
        let (folder, mut writer) = new_writer();
        let value = Value::text("large ".repeat(20_000));
        let mut errors = Vec::new();
        writer.prepare(Message::Value(Fingerprint::of_bytes(b"first"), Value::Null), &mut errors);
        writer.commit(&mut errors);
        writer.prepare(Message::Value(value.fingerprint(), value.clone()), &mut errors);
        let swept = remove_files(&mut Connection::open(&writer.database).unwrap(), &writer.blobs, Duration::ZERO);
        assert_eq!(swept.unwrap(), 1);
        writer.commit(&mut errors);
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(
            values::load(&writer.connection, &writer.database, &writer.blobs, &value.fingerprint()).unwrap().value,
            value
        );
        drop(folder);
    }

    #[test]
    fn a_database_that_may_not_be_written_keeps_what_waits() {
        let (_folder, mut writer) = new_writer();
        writer.connection.pragma_update(None, "query_only", true).unwrap();
        let errors = write(&mut writer, messages(2));
        let [error @ StoreError::ReadOnly { .. }] = &errors[..] else { panic!("{errors:?}") };
        assert!(error.to_string().contains("check the permissions of the folder"), "{error}");
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
