//! Removing what is not needed.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs,
    time::{Duration, SystemTime},
};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::mark::Marked;
use crate::{
    store::{
        RunSummary,
        blobs::Blobs,
        crypt::Crypt,
        runs::{record_id, run_and_place},
    },
    value::Fingerprint,
};

/// What goes.
#[derive(Debug, Default)]
pub(super) struct Removal {
    /// Runs that go whole.
    runs: Vec<i64>,
    /// Runs that leave the history, of which records stay that others need.
    in_part: Vec<InPart>,
    /// The sessions whose baselines go.
    sessions: Vec<i64>,
    /// The row ids of values.
    pub(super) values: Vec<i64>,
    /// The row ids of values that pins needed: they go the next time, unless a pin needs them again by then.
    let_go: Vec<i64>,
    /// The size of the values that go.
    pub(super) n_bytes: u64,
}

#[derive(Debug)]
struct InPart {
    run: i64,
    records: Vec<i64>,
    loops: Vec<i64>,
}

impl Removal {
    /// Returns what goes: all that is not marked.
    pub(super) fn of(
        connection: &Connection,
        crypt: &Crypt,
        marked: &Marked,
        kept: &[&RunSummary],
        goes_on: bool,
    ) -> rusqlite::Result<Self> {
        let mut removal = Self::default();
        removal.choose_runs(connection, marked, kept)?;
        let mut statement = connection.prepare_cached("SELECT DISTINCT session FROM baseline")?;
        for session in statement.query_map(params![], |row| row.get(0))? {
            let session: i64 = session?;
            if !marked.sessions.contains(&session) {
                removal.sessions.push(session);
            }
        }
        // What cannot be read may refer to anything.
        if !goes_on && marked.problems.is_empty() {
            removal.choose_values(connection, &marked.by_name(crypt))?;
        }
        Ok(removal)
    }

    fn choose_runs(&mut self, connection: &Connection, marked: &Marked, kept: &[&RunSummary]) -> rusqlite::Result<()> {
        let kept: HashSet<i64> = kept.iter().map(|run| run.number).collect();
        let needed: HashSet<i64> = marked.records.keys().map(|record| run_and_place(*record).0).collect();
        let mut all = connection.prepare_cached("SELECT number FROM runs")?;
        let mut records = connection.prepare_cached("SELECT id FROM node_records WHERE id BETWEEN ?1 AND ?2")?;
        let mut loops = connection.prepare_cached("SELECT loop FROM loops_of_runs WHERE loops_of_runs.run = ?1")?;
        for run in all.query_map(params![], |row| row.get(0))? {
            let run: i64 = run?;
            if kept.contains(&run) {
                continue;
            }
            let loops = loops.query_map(params![run], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
            let (needed_loops, loops): (Vec<i64>, Vec<i64>) =
                loops.into_iter().partition(|id| marked.loops.contains_key(id));
            if !needed.contains(&run) && !marked.cut_off.contains(&run) && needed_loops.is_empty() {
                self.runs.push(run);
                continue;
            }
            let range = params![record_id(run, 1), record_id(run + 1, 0) - 1];
            let all = records.query_map(range, |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
            let records = all.into_iter().filter(|record| !marked.records.contains_key(record)).collect();
            self.in_part.push(InPart { run, records, loops });
        }
        Ok(())
    }

    fn choose_values(&mut self, connection: &Connection, needed: &HashMap<Fingerprint, u32>) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached("SELECT rowid, fingerprint, size, durable FROM kept_values")?;
        let mut rows = statement.query(params![])?;
        while let Some(row) = rows.next()? {
            let fingerprint = Fingerprint::from_bytes(row.get(1)?);
            if needed.contains_key(&fingerprint) {
                continue;
            }
            let id = row.get(0)?;
            if row.get(3)? {
                self.let_go.push(id);
            } else {
                self.values.push(id);
                self.n_bytes += row.get::<_, i64>(2)?.max(0) as u64;
            }
        }
        Ok(())
    }

    /// Returns how many of these runs stay in part.
    pub(super) fn n_needed(&self, runs: impl Iterator<Item = i64>) -> usize {
        let in_part: BTreeSet<i64> = self.in_part.iter().map(|run| run.run).collect();
        runs.filter(|run| in_part.contains(run)).count()
    }

    /// Removes it.
    pub(super) fn carry_out(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let each = |sql: &str, ids: &[i64]| -> rusqlite::Result<()> {
            let mut statement = transaction.prepare_cached(sql)?;
            ids.iter().try_for_each(|id| statement.execute(params![id]).map(|_n_rows| ()))
        };
        each("DELETE FROM baseline WHERE session = ?1", &self.sessions)?;
        for InPart { run, records, loops } in &self.in_part {
            each("UPDATE runs SET swept = 1, reused = NULL WHERE number = ?1", &[*run])?;
            each("DELETE FROM node_records WHERE id = ?1", records)?;
            for id in loops {
                for table in ["iterations", "loops_of_runs", "loops"] {
                    let sql = format!("DELETE FROM {table} WHERE loop = ?1 AND {table}.run = ?2");
                    transaction.prepare_cached(&sql)?.execute(params![id, run])?;
                }
            }
        }
        each("DELETE FROM runs WHERE number = ?1", &self.runs)?;
        transaction.execute_batch(
            "DELETE FROM workflows WHERE number NOT IN (SELECT workflow FROM runs);
             DELETE FROM reused_sets WHERE number NOT IN (SELECT reused FROM runs WHERE reused IS NOT NULL);
             DELETE FROM sessions
                 WHERE number NOT IN (SELECT session FROM runs) AND number NOT IN (SELECT session FROM baseline);",
        )?;
        each("UPDATE kept_values SET durable = 0 WHERE rowid = ?1", &self.let_go)?;
        each("DELETE FROM kept_values WHERE rowid = ?1", &self.values)
    }
}

/// Removes files of values that no row names and that have lain there for a while; returns how many.
pub(in crate::store) fn files(connection: &mut Connection, blobs: &Blobs, grace: Duration) -> rusqlite::Result<usize> {
    // Whoever writes a value's row looks whether its file is there while holding the lock, as this does.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let named: HashSet<Vec<u8>> = transaction
        .prepare_cached("SELECT checksum FROM kept_values WHERE bytes IS NULL")?
        .query_map(params![], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let now = SystemTime::now();
    let has_lain = |written: Option<SystemTime>| {
        written.is_none_or(|written| now.duration_since(written).is_ok_and(|age| age >= grace))
    };
    let left_behind: Vec<_> = blobs
        .files()
        .into_iter()
        .filter(|file| !named.contains(&file.checksum.as_bytes()[..]) && has_lain(file.written))
        .collect();
    let mut n_files = 0;
    for file in left_behind {
        match fs::remove_file(&file.path) {
            Ok(()) => n_files += 1,
            Err(error) => tracing::warn!("a file that nothing refers to stays: {error}: {}", file.path.display()),
        }
    }
    transaction.rollback()?;
    Ok(n_files)
}
