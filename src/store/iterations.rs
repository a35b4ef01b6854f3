//! What came of the iterations of loops: written behind the run like all else, read again to go on where a loop was cut off.

use std::{
    collections::HashSet,
    ops::Range,
    sync::atomic::{AtomicI64, Ordering},
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::{
    RunId,
    crypt::{Crypt, Place},
    queue::BeginLoop,
    runs::PLACE_BITS,
};
use crate::workflow::NodeId;

/// One execution of one loop. It stays the same when another run goes on with a loop that was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LoopId(pub i64);

impl LoopId {
    /// The bits below the microsecond: enough left above for a hundred years.
    const N_RANDOM_BITS: u32 = 11;

    /// Returns a new id; ids made later are larger. Never negative.
    pub fn generate() -> Self {
        static LAST: AtomicI64 = AtomicI64::new(0);
        let random = (Ulid::generate().random() & ((1 << Self::N_RANDOM_BITS) - 1)) as i64;
        let candidate = (Timestamp::now().as_microsecond().max(0) << Self::N_RANDOM_BITS) | random;
        let later = |last: i64| candidate.max(last + 1);
        let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(later(last)));
        Self(later(last.unwrap_or_else(|last| last)))
    }

    /// Returns when it was made, which is when its loop began.
    pub fn made(self) -> Timestamp {
        Timestamp::from_microsecond(self.0 >> Self::N_RANDOM_BITS).unwrap_or_default()
    }
}

/// What came of an iteration, ready to be written.
#[derive(Debug)]
pub(super) struct IterationRow {
    pub(super) of: LoopId,
    pub(super) run: RunId,
    pub(super) index: u64,
    pub(super) bytes: Vec<u8>,
}

/// Writes an iteration of a run, which is known by its number.
pub(super) const INSERT: &str = "INSERT OR REPLACE INTO iterations (loop, idx, run, bytes) VALUES (?1, ?2, ?3, ?4)";

/// Returns where a loop stands that is inside another one's iteration; −1 twice for one that is in none.
fn outer_columns(outer: Option<(LoopId, u64)>) -> (i64, i64) {
    outer.map_or((-1, -1), |(of, index)| (of.0, index.cast_signed()))
}

/// Notes that a run, known by its number, executes a loop.
pub(super) fn begin(connection: &Connection, crypt: &Crypt, row: &BeginLoop, run: i64) -> rusqlite::Result<()> {
    let (outer_loop, outer_idx) = outer_columns(row.outer);
    let about = crypt.seal(Place::Loop(row.of.0, run), &row.about);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO loops (run, node, outer_loop, outer_idx, loop, about) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![run, row.node.as_str(), outer_loop, outer_idx, row.of.0, &about[..]])?;
    Ok(())
}

/// Notes that a run wrote iterations of a loop, so that they are deleted with it.
pub(super) fn note_run(connection: &Connection, of: LoopId, run: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO loops_of_runs (run, loop) VALUES (?1, ?2)")?
        .execute(params![run, of.0])?;
    Ok(())
}

/// Returns the iterations in a range, ascending, the newest of each index, with the numbers of their runs and as they were
/// written.
pub(super) fn read(
    connection: &Connection,
    of: LoopId,
    range: Range<u64>,
) -> rusqlite::Result<Vec<(u64, i64, Vec<u8>)>> {
    let (from, to) = (range.start, range.end.min(i64::MAX as u64));
    if from >= to {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(
        "SELECT idx, bytes, run FROM iterations WHERE loop = ?1 AND idx >= ?2 AND idx < ?3 ORDER BY idx, run",
    )?;
    let mut rows = statement.query(params![of.0, from.cast_signed(), to.cast_signed()])?;
    let mut iterations: Vec<(u64, i64, Vec<u8>)> = Vec::new();
    while let Some(row) = rows.next()? {
        let index = row.get::<_, i64>(0)? as u64;
        let newest = (index, row.get(2)?, row.get(1)?);
        match iterations.last_mut().filter(|last| last.0 == index) {
            Some(older) => *older = newest,
            None => iterations.push(newest),
        }
    }
    Ok(iterations)
}

/// Returns how many indices are kept of a loop.
pub(super) fn count(connection: &Connection, of: LoopId) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM (SELECT DISTINCT idx FROM iterations WHERE loop = ?1)")?
        .query_row(params![of.0], |row| row.get::<_, i64>(0))
        .map(|count| count as u64)
}

/// Returns the index behind the last that is kept of a loop.
pub(super) fn end(connection: &Connection, of: LoopId) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT coalesce(max(idx) + 1, 0) FROM iterations WHERE loop = ?1")?
        .query_row(params![of.0], |row| row.get::<_, i64>(0))
        .map(|end| end as u64)
}

/// Returns the newest loop of a node that a run began, with the run's number and what was noted about it, as it was written.
/// A run that was cut off before it came to the loop has that of the runs before it, as far as they were cut off, too.
pub(super) fn newest_loop(
    connection: &Connection,
    run: RunId,
    node: &NodeId,
    outer: Option<(LoopId, u64)>,
) -> rusqlite::Result<Option<(LoopId, i64, Vec<u8>)>> {
    let (outer_loop, outer_idx) = outer_columns(outer);
    connection
        .prepare_cached(
            "WITH asked AS (SELECT number, session FROM runs WHERE id = ?1)
             SELECT loop, about, run FROM loops WHERE node = ?2 AND outer_loop = ?3 AND outer_idx = ?4 AND run IN (
                 SELECT number FROM asked
                 UNION ALL
                 SELECT runs.number FROM runs JOIN asked USING (session) JOIN sessions ON sessions.number = asked.session
                 WHERE unsettled IS NOT NULL AND runs.number < asked.number AND runs.number > settled_until
                     AND runs.number > coalesce(
                         (SELECT record >> ?5 FROM baseline WHERE session = asked.session AND node = ?2), 0))
             ORDER BY run DESC, loop DESC LIMIT 1",
        )?
        .query_row(params![run.to_string(), node.as_str(), outer_loop, outer_idx, PLACE_BITS], |row| {
            Ok((LoopId(row.get(0)?), row.get(2)?, row.get(1)?))
        })
        .optional()
}

/// Returns the heads of all outermost loops that were begun in the session of a run, which is known by its number.
pub(super) fn heads(connection: &Connection, run: i64) -> rusqlite::Result<HashSet<String>> {
    connection
        .prepare_cached(
            "SELECT DISTINCT node FROM loops JOIN runs ON runs.number = loops.run
             WHERE outer_loop = -1 AND session = (SELECT session FROM runs WHERE number = ?1)",
        )?
        .query_map(params![run], |row| row.get(0))?
        .collect()
}

/// Returns the runs of a session that were cut off with loops that can be gone on with.
pub(super) fn cut_off_in(connection: &Connection, session: i64) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached(
            "SELECT DISTINCT loops.run FROM loops JOIN runs ON runs.number = loops.run
                 JOIN sessions ON sessions.number = runs.session
             WHERE session = ?1 AND unsettled IS NOT NULL AND runs.number > settled_until AND runs.number > coalesce(
                 (SELECT record >> ?2 FROM baseline WHERE baseline.session = ?1 AND baseline.node = loops.node), 0)",
        )?
        .query_map(params![session, PLACE_BITS], |row| row.get(0))?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_loops_grow_and_are_never_negative() {
        let ids: Vec<LoopId> = (0..1_000).map(|_| LoopId::generate()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(ids[0].0 > 0);
        assert!(ids[0].made().duration_since(Timestamp::now()).abs().as_secs() < 3_600, "{}", ids[0].made());
    }
}
