//! The store: what a program asks of it, from any thread.

use std::{
    cell::Cell,
    collections::HashSet,
    fmt,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{
    Kept, KeptPort, KeyPlace, LoopId, NodeRecord, RunHeader, RunId, RunRecord, RunStatus, SessionId, StoreError,
    alive::{Alive, Living},
    baseline,
    blobs::{self, Blobs},
    connection::{self, Purpose},
    crypt::{Crypt, Place},
    iterations,
    queue::{Begin, BeginLoop, Message, Queue, Weight},
    runs, timings,
    values::{self, Loaded},
};
use crate::{
    value::{Fingerprint, Value},
    workflow::{NodeId, Workflow, WorkflowId},
};

/// How many connections for reading are kept open.
const MAX_READERS: usize = 4;

/// A store: cheap to clone, used from any thread. The last one dropped waits until all is written.
#[derive(Clone)]
pub struct Store {
    pub(super) reader: Reader,
    /// Dropped with the last store, which lets the writer end.
    pub(super) _life: Arc<Life>,
}

/// Reads a store; does not keep its writer alive.
#[derive(Clone)]
pub(super) struct Reader(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) folder: PathBuf,
    pub(super) database: PathBuf,
    pub(super) tenant: String,
    pub(super) blobs: Blobs,
    pub(super) crypt: Crypt,
    pub(super) key_place: KeyPlace,
    /// Why the key is not in the keyring, if this opening made it.
    pub(super) key_notice: Option<String>,
    pub(super) living: Living,
    pub(super) instance: String,
    pub(super) queue: Arc<Queue>,
    pub(super) readers: Mutex<Vec<Connection>>,
    /// The mapped files that were or are being looked through.
    pub(super) mapped: Mutex<HashSet<Fingerprint>>,
    pub(super) durable: Mutex<Connection>,
}

/// The writer's thread and the sign of life.
pub(super) struct Life {
    pub(super) queue: Arc<Queue>,
    pub(super) thread: Mutex<Option<JoinHandle<()>>>,
    pub(super) blobs: Blobs,
    /// Let go once all is written.
    pub(super) _alive: Alive,
}

impl Drop for Life {
    fn drop(&mut self) {
        self.queue.close();
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes the store panicked");
        }
        self.blobs.leave();
    }
}

thread_local! {
    /// Whether this thread is inside a transaction of its own.
    static IN_TRANSACTION: Cell<bool> = const { Cell::new(false) };
}

/// Marks the thread as inside a transaction, until dropped.
struct InTransaction;

impl InTransaction {
    fn enter() -> Result<Self, StoreError> {
        if IN_TRANSACTION.replace(true) { Err(StoreError::Nested) } else { Ok(Self) }
    }
}

impl Drop for InTransaction {
    fn drop(&mut self) {
        IN_TRANSACTION.set(false);
    }
}

impl Store {
    /// Returns the folder the store lies in.
    pub fn folder(&self) -> &Path {
        &self.reader.0.folder
    }

    /// Returns where the key is kept that everything in the store is sealed with.
    pub fn key_place(&self) -> KeyPlace {
        self.reader.0.key_place
    }

    /// Returns what a person should know of the key, if this opening made it.
    pub fn key_notice(&self) -> Option<&str> {
        self.reader.0.key_notice.as_deref()
    }

    /// Returns whose data this is: the profile.
    pub fn tenant(&self) -> &str {
        self.reader.tenant()
    }

    /// Returns how the store seals what it keeps.
    pub(super) fn crypt(&self) -> &Crypt {
        self.reader.crypt()
    }

    /// Returns what reads this store without keeping its writer alive.
    pub(super) const fn reader(&self) -> &Reader {
        &self.reader
    }

    fn shared(&self) -> &Shared {
        &self.reader.0
    }

    /// Notes that a run begins, and that these nodes have no results until it has settled them. Queued.
    ///
    /// `reused` gives the nodes whose results it reuses, with the runs in which they executed; it is called on the writer's
    /// thread. These need not be settled: [`Store::run`] makes their records from those of the runs they executed in.
    pub fn begin_run(
        &self,
        header: &RunHeader,
        unsettled: Vec<NodeId>,
        reused: impl FnOnce() -> Vec<(NodeId, RunId)> + Send + 'static,
    ) {
        let begin = Begin { header: header.clone(), unsettled, reused: Box::new(reused) };
        self.shared().queue.send(Message::Begin(Box::new(begin)), Weight::default());
    }

    /// Keeps what came of a node, with its results. Queued; the run must have begun.
    pub fn settle(&self, session: SessionId, record: Arc<NodeRecord>) {
        let n_bytes = record.results.as_ref().map_or(0, waiting_bytes);
        self.shared().queue.send(Message::Settle { session, record }, Weight::of_data(n_bytes));
    }

    /// Keeps a value that an iteration refers to by its fingerprint. Queued: written before what is queued after it.
    pub fn keep_queued(&self, value: &Value) -> Fingerprint {
        let fingerprint = value.fingerprint();
        let weight = Weight::of_data(shallow_bytes(value));
        self.shared().queue.send(Message::Value(fingerprint, value.clone()), weight);
        fingerprint
    }

    /// Keeps what came of an iteration. Queued: written in order with all else, in the next transaction. Waits if very much
    /// waits already.
    pub fn append_iteration(&self, of: LoopId, run: RunId, index: u64, bytes: Vec<u8>) {
        let weight = Weight::of_iteration(bytes.len());
        self.shared().queue.send(Message::Iteration { of, run, index, bytes }, weight);
    }

    /// Returns the iterations in a range that are kept, ascending, the newest of each index.
    pub fn iterations(&self, of: LoopId, range: Range<u64>) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.reader.drain();
        self.reader.iterations(of, range)
    }

    /// Returns how many iterations of a loop are kept.
    pub fn n_iterations(&self, of: LoopId) -> Result<u64, StoreError> {
        self.shared().queue.drain();
        self.reader.read(|connection| iterations::count(connection, of))
    }

    /// Notes that a loop belongs to a node of a run, so that it can be gone on with if the run is cut off. Queued.
    ///
    /// `outer` is the iteration of another loop that it is inside of. What `about` holds is up to the caller.
    pub fn begin_loop(&self, of: LoopId, run: RunId, node: &NodeId, outer: Option<(LoopId, u64)>, about: Vec<u8>) {
        let weight = Weight::of_iteration(about.len());
        let begin = BeginLoop { of, run, node: node.clone(), outer, about };
        self.shared().queue.send(Message::Loop(Box::new(begin)), weight);
    }

    /// Returns the newest loop of a node that a run began, with what was noted about it.
    pub fn loop_of(
        &self,
        run: RunId,
        node: &NodeId,
        outer: Option<(LoopId, u64)>,
    ) -> Result<Option<(LoopId, Vec<u8>)>, StoreError> {
        self.shared().queue.drain();
        self.reader
            .read(|connection| iterations::newest_loop(connection, run, node, outer))?
            .map(|(of, number, cell)| self.reader.open_cell(Place::Loop(of.0, number), cell).map(|about| (of, about)))
            .transpose()
    }

    /// Returns how long the nodes of a workflow take, sorted by node: the config they had, a mean in which recent times count
    /// more, and of how many executions. Nodes that take less than 0.1 ms are not noted.
    pub fn timings(&self, workflow: WorkflowId) -> Result<Vec<(NodeId, Fingerprint, Duration, u64)>, StoreError> {
        self.shared().queue.drain();
        self.reader.read(|connection| timings::read(connection, self.crypt(), workflow))
    }

    /// Notes how a run ended. Queued.
    pub fn finish_run(&self, run: RunId, status: RunStatus, took: Duration) {
        self.shared().queue.send(Message::Finish { run, status, took }, Weight::default());
    }

    /// Waits until all that was queued is written; returns the first error since the last call. What could not be written
    /// because the disk is full or the store locked is tried again.
    pub fn flush(&self) -> Result<(), StoreError> {
        let queue = &self.shared().queue;
        queue.send(Message::Retry, Weight::default());
        queue.drain();
        queue.take_error().map_or(Ok(()), Err)
    }

    /// Returns the newest settled record of every node in a session: what Resume starts from. A node that a run was to
    /// settle and did not is `Interrupted` and has no results.
    pub fn baseline(&self, session: SessionId) -> Result<Vec<Arc<NodeRecord>>, StoreError> {
        self.shared().queue.drain();
        self.reader.with_connection(|connection| baseline::read(connection, &self.reader, session))
    }

    /// Lets a session start from what another one starts from.
    pub fn adopt_baseline(&self, from: SessionId, to: SessionId) -> Result<(), StoreError> {
        self.shared().queue.drain();
        self.write(|transaction| {
            runs::number_session(transaction, to)
                .and_then(|to| baseline::adopt(transaction, from, to))
                .map_err(|error| self.reader.sqlite(error))
        })
    }

    /// Returns the newest runs of a workflow, newest first.
    pub fn runs(&self, workflow: WorkflowId, limit: usize) -> Result<Vec<RunHeader>, StoreError> {
        self.headers(Some(workflow), limit)
    }

    /// Returns the newest runs of all workflows, newest first.
    pub fn recent_runs(&self, limit: usize) -> Result<Vec<RunHeader>, StoreError> {
        self.headers(None, limit)
    }

    fn headers(&self, workflow: Option<WorkflowId>, limit: usize) -> Result<Vec<RunHeader>, StoreError> {
        self.shared().queue.drain();
        let is_alive = |instance: &str| self.reader.is_alive(instance);
        self.reader.read(|connection| runs::headers(connection, self.crypt(), workflow, limit, is_alive))
    }

    /// Returns a run with its nodes, upstream before downstream.
    pub fn run(&self, run: RunId) -> Result<Option<RunRecord>, StoreError> {
        self.shared().queue.drain();
        self.reader.with_connection(|connection| runs::run(connection, &self.reader, run))
    }

    /// Returns a kept value. One that is damaged is an error, never another value.
    pub fn load_value(&self, fingerprint: &Fingerprint) -> Result<Value, StoreError> {
        self.reader.load_value(fingerprint)
    }

    /// Returns which of these values cannot be found, without reading them.
    pub fn missing_results(&self, fingerprints: &[Fingerprint]) -> Result<Vec<Fingerprint>, StoreError> {
        let missing = |fingerprints: &[Fingerprint]| {
            self.reader.read(|connection| values::missing(connection, &self.shared().blobs, fingerprints))
        };
        let first = missing(fingerprints)?;
        if first.is_empty() {
            return Ok(first);
        }
        self.shared().queue.drain();
        missing(&first)
    }

    /// Returns how many bytes these values take before they are encrypted, without reading them; what is not kept takes none.
    pub fn size_of_values(&self, fingerprints: &[Fingerprint]) -> Result<u64, StoreError> {
        self.reader.read(|connection| values::size_of(connection, &self.shared().blobs, fingerprints))
    }

    /// Keeps a value, such as one that was pinned; returns when it is on the disk.
    pub fn keep_value(&self, value: &Value) -> Result<Fingerprint, StoreError> {
        let fingerprint = value.fingerprint();
        self.keep(&[(fingerprint, Some(value))])?;
        Ok(fingerprint)
    }

    /// Keeps all values of some results; returns what they are once they are on the disk.
    pub fn keep_results(&self, results: &Kept) -> Result<Vec<KeptPort>, StoreError> {
        if results.is_sensitive() {
            let why = "they are a sensitive node's and stay in memory".to_owned();
            return Err(StoreError::Unwritable { what: "these results".to_owned(), why });
        }
        let ports = results.ports().to_vec();
        let outputs = results.loaded().map(Arc::as_ref);
        let values: Vec<_> =
            ports.iter().map(|port| (port.fingerprint, outputs.and_then(|outputs| outputs.get(&port.port)))).collect();
        self.keep(&values)?;
        Ok(ports)
    }

    /// Keeps values; of those not at hand makes sure that they are kept already.
    fn keep(&self, values: &[(Fingerprint, Option<&Value>)]) -> Result<(), StoreError> {
        let fingerprints: Vec<Fingerprint> = values.iter().map(|(fingerprint, _)| *fingerprint).collect();
        let missing = self.missing_results(&fingerprints)?;
        let (blobs, sqlite) = (&self.shared().blobs, |error| self.reader.sqlite(error));
        let row_of = |(fingerprint, value): &(Fingerprint, Option<&Value>)| match value {
            Some(value) => blobs.prepare(*fingerprint, value),
            None => Err(StoreError::Lost(*fingerprint)),
        };
        let is_missing = |(fingerprint, _): &&(Fingerprint, _)| missing.contains(fingerprint);
        let rows = values.iter().filter(is_missing).map(row_of).collect::<Result<Vec<_>, _>>()?;
        self.write(|transaction| {
            for row in &rows {
                values::insert(transaction, self.crypt(), row).map_err(sqlite)?;
            }
            for value in values {
                // A sweep may have taken what was there, or the file that was written just now.
                if !values::is_kept(transaction, blobs, &value.0).map_err(sqlite)? {
                    values::insert(transaction, self.crypt(), &row_of(value)?).map_err(sqlite)?;
                }
                values::make_durable(transaction, self.crypt(), &value.0).map_err(sqlite)?;
            }
            Ok(())
        })
    }

    /// Writes in a transaction that is on the disk when this returns, or undone.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.shared().write(work)
    }
}

/// Returns roughly how much memory results hold.
fn waiting_bytes(results: &Kept) -> usize {
    results.loaded().map_or(0, |outputs| outputs.iter().map(|(_, value)| shallow_bytes(value)).sum())
}

/// Returns roughly how much memory a value holds. Looks into nothing large: it is asked on a run's way.
fn shallow_bytes(value: &Value) -> usize {
    match value {
        Value::List(items) => size_of_val(&**items),
        Value::Record(record) => record.len() * size_of::<Value>(),
        other => other.size_bytes(),
    }
}

impl Shared {
    pub(super) fn durable(&self) -> MutexGuard<'_, Connection> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let sqlite = |error| StoreError::sqlite(error, &self.database);
        let _inside = InTransaction::enter()?;
        let mut connection = self.durable();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        let result = work(&transaction)?;
        transaction.commit().map_err(sqlite)?;
        Ok(result)
    }
}

impl Reader {
    /// Returns what the database said, in words of this program.
    pub(super) fn sqlite(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sqlite(error, &self.0.database)
    }

    /// Returns how the store seals what it keeps.
    pub(super) fn crypt(&self) -> &Crypt {
        &self.0.crypt
    }

    /// Returns whose pinned data is read and written.
    pub(super) fn tenant(&self) -> &str {
        &self.0.tenant
    }

    /// Returns whether the program that wrote under this name is alive.
    pub(super) fn is_alive(&self, instance: &str) -> bool {
        self.0.living.is_alive(instance)
    }

    /// Returns whether this program writes under this name.
    pub(super) fn is_own(&self, instance: &str) -> bool {
        self.0.instance == instance
    }

    /// Returns the path of the database.
    pub(super) fn database(&self) -> &Path {
        &self.0.database
    }

    /// Returns the files of kept values.
    pub(super) fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    /// Returns a kept value.
    pub(super) fn load_value(&self, fingerprint: &Fingerprint) -> Result<Value, StoreError> {
        let load = || {
            self.with_connection(|connection| values::load(connection, &self.0.database, &self.0.blobs, fingerprint))
        };
        let result = match load() {
            Err(StoreError::Lost(_)) => {
                self.0.queue.drain();
                load()
            }
            result => result,
        };
        match result {
            Ok(Loaded { value, unchecked }) => {
                if let Some((file, checksum)) = unchecked {
                    self.look_through(*fingerprint, file, checksum);
                }
                Ok(value)
            }
            Err(error) => {
                if let StoreError::Damaged { .. } = error {
                    self.remember_damage(fingerprint);
                }
                Err(error)
            }
        }
    }

    /// Returns how many bytes a value takes before it is encrypted, without reading it.
    pub(super) fn size_of_value(&self, fingerprint: &Fingerprint) -> Result<u64, StoreError> {
        self.read(|connection| values::size_of(connection, &self.0.blobs, &[*fingerprint]))
    }

    /// Looks behind the reader's back whether a mapped file is what was written, once for each.
    fn look_through(&self, fingerprint: Fingerprint, file: PathBuf, checksum: Fingerprint) {
        if !self.0.mapped.lock().unwrap_or_else(PoisonError::into_inner).insert(checksum) {
            return;
        }
        let reader = self.clone();
        let look = move || match blobs::is_whole(&file, &checksum) {
            Ok(true) => {}
            Ok(false) => {
                reader.remember_damage(&fingerprint);
                let why = format!("its bytes have changed, and were used: {}", file.display());
                reader.0.queue.report(StoreError::Damaged { fingerprint, why });
            }
            Err(error) => tracing::debug!("a kept table is not looked through: {error}: {}", file.display()),
        };
        if let Err(error) = thread::Builder::new().name("look through a table".to_owned()).spawn(look) {
            tracing::debug!("a kept table is not looked through: {error}");
        }
    }

    /// Returns the workflow of a number.
    pub(super) fn load_workflow(&self, number: i64) -> Result<Arc<Workflow>, StoreError> {
        let unreadable = |why| StoreError::Unreadable { what: "the workflow of a run".to_owned(), why };
        self.read(|connection| runs::workflow(connection, self.crypt(), number))?.map_err(unreadable)
    }

    fn remember_damage(&self, fingerprint: &Fingerprint) {
        let marked = self.0.write(|transaction| {
            values::mark_damaged(transaction, self.crypt(), fingerprint).map_err(|error| self.sqlite(error))
        });
        if let Err(error) = marked {
            tracing::warn!("a damaged value is not marked as such: {error}");
        }
    }

    /// Waits until all that was queued is written, or could not be.
    pub(super) fn drain(&self) {
        self.0.queue.drain();
    }

    /// Returns the iterations in a range that are written.
    pub(super) fn iterations(&self, of: LoopId, range: Range<u64>) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.read(|connection| iterations::read(connection, of, range))?
            .into_iter()
            .map(|(index, run, cell)| {
                let place = Place::Iteration(of.0, index.cast_signed(), run);
                self.open_cell(place, cell).map(|bytes| (index, bytes))
            })
            .collect()
    }

    /// Returns what was written in a place.
    pub(super) fn open_cell(&self, place: Place<'_>, cell: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        if !self.crypt().is_sealed() {
            return Ok(cell);
        }
        match self.crypt().open(place, &cell) {
            Ok(content) => Ok(content.into_owned()),
            Err(why) => Err(StoreError::Unreadable { what: "what was kept".to_owned(), why }),
        }
    }

    /// Reads by a connection that nobody else uses meanwhile.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.with_connection(|connection| work(connection).map_err(|error| self.sqlite(error)))
    }

    pub(super) fn with_connection<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.readers().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connection::connect(&self.0.database, Purpose::Read)?,
        };
        let result = work(&connection);
        let mut readers = self.readers();
        if readers.len() < MAX_READERS {
            readers.push(connection);
        }
        result
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.0.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.reader.0.folder).finish()
    }
}
