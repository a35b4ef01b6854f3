//! What the writer knows of the database without asking it: numbers of runs and sessions, values that are kept.
//!
//! All of it can be read again, and is forgotten when a transaction is undone. What another connection may have changed is
//! forgotten when one wrote.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use rusqlite::{CachedStatement, Connection, params};

use super::{
    LoopId, RunCounts, RunId, SessionId, baseline,
    crypt::Crypt,
    history::Counted,
    iterations,
    runs::{self, BeginRow, last_place, number_of_run},
    values::{self, ValueRow},
};
use crate::{value::Fingerprint, workflow::NodeId};

/// How many kept values are remembered: 2 MiB of fingerprints.
const MAX_VALUES: usize = 1 << 16;

/// How many runs, sessions and loops are remembered.
const MAX_OTHERS: usize = 1 << 12;

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    runs: HashMap<RunId, KnownRun>,
    sessions: HashMap<SessionId, i64>,
    /// In the database, not in files: those can vanish.
    values: HashSet<Fingerprint>,
    /// Loops with the number of a run that is noted to have written iterations of them.
    loops: HashSet<(LoopId, i64)>,
    /// Of the database, as changed by others.
    version: Option<i64>,
}

/// A run, as far as it is written.
#[derive(Debug)]
pub(super) struct KnownRun {
    pub(super) number: i64,
    /// The place of its last record.
    pub(super) last_place: i64,
    /// The nodes it was to settle and has not.
    pub(super) unsettled: HashSet<NodeId>,
    /// What came of its nodes so far, and of those it reuses without a record of its own.
    counts: RunCounts,
    /// The nodes it reuses, sorted.
    reused: Arc<[NodeId]>,
    /// Whether all that is known: not of a run that was read again.
    is_whole: bool,
}

impl KnownRun {
    /// Notes that a node's record was written.
    pub(super) fn settled(&mut self, node: &NodeId, counted: Counted) {
        self.counts.add(counted);
        if self.reused.binary_search(node).is_ok() {
            self.counts.reused = self.counts.reused.saturating_sub(1);
        }
    }
}

/// The statements that most rows are written by, prepared once for a transaction.
pub(super) struct Statements<'a> {
    pub(super) connection: &'a Connection,
    pub(super) crypt: &'a Crypt,
    pub(super) record: CachedStatement<'a>,
    pub(super) baseline: CachedStatement<'a>,
    pub(super) value: CachedStatement<'a>,
    pub(super) iteration: CachedStatement<'a>,
}

impl<'a> Statements<'a> {
    /// Returns the statements on a connection.
    pub(super) fn new(connection: &'a Connection, crypt: &'a Crypt) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            crypt,
            record: connection.prepare_cached("INSERT INTO node_records (id, record) VALUES (?1, ?2)")?,
            baseline: connection.prepare_cached(baseline::SET)?,
            value: connection.prepare_cached(values::INSERT)?,
            iteration: connection.prepare_cached(iterations::INSERT)?,
        })
    }
}

impl Known {
    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Forgets what others may have changed, if they wrote since the last transaction. To be asked inside a transaction.
    pub(super) fn forget_if_others_wrote(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row(params![], |row| row.get(0))?;
        if self.version != Some(version) {
            self.values.clear();
            self.sessions.clear();
            self.loops.clear();
        }
        self.version = Some(version);
        Ok(())
    }

    /// Returns the number of a session, making it if it has none.
    pub(super) fn session(&mut self, connection: &Connection, session: SessionId) -> rusqlite::Result<i64> {
        if let Some(number) = self.sessions.get(&session) {
            return Ok(*number);
        }
        let number = runs::number_session(connection, session)?;
        if self.sessions.len() >= MAX_OTHERS {
            self.sessions.clear();
        }
        self.sessions.insert(session, number);
        Ok(number)
    }

    /// Notes that a run was written.
    pub(super) fn run_begins(&mut self, row: &BeginRow, number: i64) {
        let reused = row.reused.as_ref().map(|set| Arc::clone(&set.nodes)).unwrap_or_default();
        let known = KnownRun {
            number,
            last_place: 0,
            unsettled: row.unsettled.iter().cloned().collect(),
            counts: RunCounts { reused: reused.len() as u32, ..RunCounts::default() },
            reused,
            is_whole: true,
        };
        self.runs.insert(row.run(), known);
    }

    /// Returns what is known of a run. One that never began is an error.
    pub(super) fn run(&mut self, connection: &Connection, run: RunId) -> rusqlite::Result<&mut KnownRun> {
        if !self.runs.contains_key(&run) {
            let number = number_of_run(connection, run)?;
            let last_place = last_place(connection, number)?;
            let read = KnownRun {
                number,
                last_place,
                unsettled: HashSet::new(),
                counts: RunCounts::default(),
                reused: Arc::default(),
                is_whole: false,
            };
            if self.runs.len() >= MAX_OTHERS {
                self.runs.clear();
            }
            self.runs.insert(run, read);
        }
        self.runs.get_mut(&run).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// Notes that a run ends; returns what came of its nodes and whether it has settled all that it was to settle, if that is
    /// known.
    pub(super) fn run_ends(&mut self, run: RunId) -> Option<(RunCounts, bool)> {
        let run = self.runs.remove(&run).filter(|run| run.is_whole)?;
        Some((run.counts, run.unsettled.is_empty()))
    }

    /// Returns whether a value is known to be kept.
    pub(super) fn is_kept(&self, row: &ValueRow) -> bool {
        row.is_inline() && self.values.contains(&row.fingerprint)
    }

    /// Notes that a value was written.
    pub(super) fn note_kept(&mut self, row: &ValueRow) {
        if !row.is_inline() {
            return;
        }
        if self.values.len() >= MAX_VALUES {
            self.values.clear();
        }
        self.values.insert(row.fingerprint);
    }

    /// Returns whether a run is not known to have written iterations of a loop, and notes that it does.
    pub(super) fn is_first_of(&mut self, of: LoopId, run: i64) -> bool {
        if self.loops.len() >= MAX_OTHERS {
            self.loops.clear();
        }
        self.loops.insert((of, run))
    }
}
