//! What a loop did, iteration by iteration: few words in the records of its nodes, the iterations themselves in a log.
//!
//! A log only grows: a run that goes on where another stopped adds its iterations to those of then. In the log an iteration is
//! one row of bytes, written in one piece, so that after a crash it is there whole or not at all.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    LoopId, RunId, Store, StoreError,
    database::Reader,
    iteration_bytes::{Large, Taker, Unread, cut_short, decode, encode, put_about, put_number, take_about, unread},
    iteration_glance::LargeValue,
};
use crate::{
    nodes::Outputs,
    value::{Fingerprint, Value},
    workflow::{NodeId, PortId},
};

/// How many failures a loop's record names.
pub const MAX_FAILURES: usize = 1000;

/// One execution of one loop, shared by the records of its nodes.
#[derive(Clone, Debug)]
pub struct LoopRecord {
    /// What is kept of it.
    pub about: LoopAbout,
    /// Where its iterations are.
    pub log: IterationLog,
}

/// What a loop's record says, without the iterations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopAbout {
    /// The loop.
    pub id: LoopId,
    /// Its For Each or Repeat.
    pub head: NodeId,
    /// The nodes of its body and what closes it, in the order in which rows name them.
    pub members: Vec<NodeId>,
    /// The names of ports that rows count by.
    pub ports: Vec<PortId>,
    /// The head's config.
    pub config: Fingerprint,
    /// The data it goes through or starts from.
    pub input: Option<Fingerprint>,
    /// Which iterations were made by which body, ascending; parts of one body are one part.
    pub parts: Vec<LoopPart>,
    /// How many iterations there are in all, if that was known.
    pub total: Option<u64>,
    /// How many have finished, those included that failed where that was to be collected.
    pub n_finished: u64,
    /// Whether all have.
    pub is_complete: bool,
    /// Iterations that failed: the first thousand.
    pub failures: Vec<LoopFailure>,
}

/// A stretch of iterations made by one and the same body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopPart {
    /// The first one.
    pub from: u64,
    /// One past the last.
    pub to: u64,
    /// The fingerprint of the recipes of all nodes of the body.
    pub body: Fingerprint,
    /// The run that made them.
    pub run: RunId,
}

/// An iteration that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopFailure {
    /// Which one, from 0.
    pub index: u64,
    /// The node that failed.
    pub node: NodeId,
    /// Why.
    pub error: String,
}

impl LoopAbout {
    /// Returns the iterations that were made by another body than the newest, if there are any.
    pub fn old_parts(&self) -> Vec<Range<u64>> {
        self.parts.last().map(|newest| self.parts_not_of(newest.body)).unwrap_or_default()
    }

    /// Returns the iterations that were made by another body than this one.
    pub fn parts_not_of(&self, body: Fingerprint) -> Vec<Range<u64>> {
        self.parts_like(|part| part.body != body)
    }

    /// Returns the iterations that were made by an earlier run than the last that made any.
    pub fn earlier_parts(&self) -> Vec<Range<u64>> {
        self.parts.last().map(|newest| self.parts_like(|part| part.run != newest.run)).unwrap_or_default()
    }

    /// Returns the run that made an iteration.
    pub fn run_of(&self, index: u64) -> Option<RunId> {
        self.parts.iter().rev().find(|part| (part.from..part.to).contains(&index)).map(|part| part.run)
    }

    /// Returns the iterations of parts that are meant, as far as no later part has made them again, ascending.
    fn parts_like(&self, is_meant: impl Fn(&LoopPart) -> bool) -> Vec<Range<u64>> {
        let mut found: Vec<Range<u64>> = Vec::new();
        // What later parts have made: from where to where, apart from each other.
        let mut later: BTreeMap<u64, u64> = BTreeMap::new();
        // One whose iterations are lost has none.
        for part in self.parts.iter().rev().filter(|part| part.from < part.to) {
            let is_meant = is_meant(part);
            let before = later.range(..part.from).next_back().filter(|(_, to)| **to >= part.from);
            let touching: Vec<(u64, u64)> =
                before.into_iter().chain(later.range(part.from..=part.to)).map(|(from, to)| (*from, *to)).collect();
            let mut from = part.from;
            for (start, end) in touching.iter().copied().chain([(part.to, part.to)]) {
                if is_meant && from < start {
                    found.push(from..start);
                }
                from = from.max(end);
            }
            for (start, _) in &touching {
                later.remove(start);
            }
            let start = touching.first().map_or(part.from, |(start, _)| part.from.min(*start));
            let end = touching.last().map_or(part.to, |(_, to)| part.to.max(*to));
            later.insert(start, end);
        }
        found.sort_unstable_by_key(|part| part.start);
        found
    }
}

/// What became of a node in an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IterationStatus {
    /// It executed.
    Executed,
    /// Its results of this iteration in an earlier run were used.
    Reused,
    /// The results of its pin were used.
    Pinned,
    /// It was disabled.
    Disabled,
    /// Something it needs had no value.
    NotRun,
    /// It failed.
    Failed,
    /// Results that its settings keep for a time were used.
    Kept,
    /// The run was only of other nodes.
    NotNeeded,
    /// It executed, and took a value that was changed by hand.
    Edited,
    /// The run was a dry run, and it would have changed something outside; of the head of an inner loop, something inside.
    HeldBack,
}

impl IterationStatus {
    pub(super) const ALL: [Self; 10] = [
        Self::Executed,
        Self::Reused,
        Self::Pinned,
        Self::Disabled,
        Self::NotRun,
        Self::Failed,
        Self::Kept,
        Self::NotNeeded,
        Self::Edited,
        Self::HeldBack,
    ];

    /// Returns whether what came of a node in an iteration may stand in a later run.
    pub(crate) const fn may_be_reused(self) -> bool {
        !matches!(self, Self::Failed | Self::Disabled | Self::NotNeeded | Self::Edited | Self::HeldBack)
    }

    /// Returns the status' name, one word, lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Reused => "reused",
            Self::Pinned => "pinned",
            Self::Disabled => "disabled",
            Self::NotRun => "not-run",
            Self::Failed => "failed",
            Self::Kept => "kept",
            Self::NotNeeded => "not-needed",
            Self::Edited => "edited",
            Self::HeldBack => "held-back",
        }
    }
}

/// What came of one node in one iteration.
#[derive(Clone, Debug)]
pub struct IterationCell {
    /// What became of it.
    pub status: IterationStatus,
    /// How long it took, in nanoseconds.
    pub took_nanos: u64,
    /// What it gave; of a Collect or Next what it was given.
    pub outputs: Option<Arc<Outputs>>,
    /// Why it failed.
    pub error: Option<String>,
    /// What the loop did that it is the head of, in this iteration of the loop around.
    pub inner: Option<Arc<LoopRecord>>,
}

/// When an iteration began, and how long it went on by the clock: longer than its nodes took if it had to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IterationTimes {
    /// When it began, in microseconds since its loop's id was made; negative if another loop has made it.
    pub from_micros: i64,
    /// How long it went on, in microseconds.
    pub took_micros: u64,
}

impl IterationTimes {
    /// Returns the times of an iteration of a loop.
    pub(crate) fn of(id: LoopId, began: Timestamp, took: Duration) -> Self {
        let from_micros = began.as_microsecond() - id.made().as_microsecond();
        Self { from_micros, took_micros: took.as_micros() as u64 }
    }

    /// Returns the times of an iteration in the log of another loop than the one that has made it.
    pub(crate) fn in_log_of(self, made_by: LoopId, log: LoopId) -> Self {
        let between = made_by.made().as_microsecond() - log.made().as_microsecond();
        Self { from_micros: self.from_micros.saturating_add(between), ..self }
    }

    /// Returns when an iteration of a loop began.
    pub fn began(self, id: LoopId) -> Timestamp {
        Timestamp::from_microsecond(id.made().as_microsecond().saturating_add(self.from_micros)).unwrap_or_default()
    }
}

/// What came of an iteration.
#[derive(Clone, Debug)]
pub struct IterationRow {
    /// Whether it counts: it is not made again when the loop goes on.
    pub is_finished: bool,
    /// When it was made; unknown of one that was written before this was noted.
    pub times: Option<IterationTimes>,
    /// The item, where it cannot be had again for nothing.
    pub item: Option<Value>,
    /// Where the items go on behind it.
    pub next: Value,
    /// For each member of the loop what came of it.
    pub cells: Vec<IterationCell>,
}

/// Where iterations are kept.
#[derive(Clone)]
pub enum IterationLog {
    /// In memory.
    Memory(Arc<MemoryLog>),
    /// In the store.
    Stored(StoredLog),
}

/// A log in the store.
#[derive(Clone)]
pub struct StoredLog {
    id: LoopId,
    reader: Reader,
}

/// A log in memory.
#[derive(Debug, Default)]
pub struct MemoryLog(Mutex<MemoryRows>);

#[derive(Debug, Default)]
struct MemoryRows {
    bytes: Vec<u8>,
    /// By index where each row is, the newest of the index.
    rows: Vec<Option<Range<usize>>>,
    /// Values too large to stand in a row.
    large: Vec<Value>,
    inner: Vec<Arc<LoopRecord>>,
}

impl MemoryLog {
    fn rows(&self) -> MutexGuard<'_, MemoryRows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for IterationLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory(_) => f.write_str("in memory"),
            Self::Stored(log) => write!(f, "stored as {:?}", log.id),
        }
    }
}

impl IterationLog {
    /// Returns a log in a store, or in memory without one.
    pub fn new(id: LoopId, store: Option<&Store>) -> Self {
        store.map_or_else(
            || Self::Memory(Arc::default()),
            |store| Self::Stored(StoredLog { id, reader: store.reader().clone() }),
        )
    }

    /// Returns whether the iterations are in memory only.
    pub(crate) const fn is_in_memory(&self) -> bool {
        matches!(self, Self::Memory(_))
    }

    pub(super) const fn stored(id: LoopId, reader: Reader) -> Self {
        Self::Stored(StoredLog { id, reader })
    }

    /// Adds an iteration, or what came of it now in place of what came of it then.
    pub fn append(&self, store: Option<&Store>, run: RunId, index: u64, row: &IterationRow, ports: &[PortId]) {
        match (self, store) {
            (Self::Memory(log), _) => {
                let mut rows = log.rows();
                let MemoryRows { bytes, rows: places, large, inner } = &mut *rows;
                let start = bytes.len();
                let keep = |value: &Value| {
                    large.push(value.clone());
                    Large::Place(large.len() as u64 - 1)
                };
                let put_inner = |record: &Arc<LoopRecord>, out: &mut Vec<u8>| {
                    inner.push(Arc::clone(record));
                    put_number(inner.len() as u64 - 1, out);
                };
                encode(row, ports, bytes, keep, put_inner);
                let end = bytes.len();
                let index = index as usize;
                if places.len() <= index {
                    places.resize(index + 1, None);
                }
                places[index] = Some(start..end);
            }
            (Self::Stored(log), Some(store)) => {
                let mut bytes = Vec::with_capacity(64);
                encode(row, ports, &mut bytes, |value| Large::Fingerprint(store.keep_queued(value)), put_about);
                store.append_iteration(log.id, run, index, bytes);
            }
            (Self::Stored(_), None) => tracing::error!("an iteration is lost: its store is not at hand"),
        }
    }

    /// Returns the iterations of a range that are there, ascending. Reads the store: not for the interface thread.
    pub fn rows(&self, range: Range<u64>, ports: &[PortId]) -> Result<Vec<(u64, IterationRow)>, StoreError> {
        if let Self::Stored(log) = self {
            log.reader.drain();
        }
        self.rows_written(range, ports)
    }

    /// Goes through the iterations of a range that are there, ascending, and reads no value of them. `look` is given what finds
    /// the values that do not stand in the row. Reads the store: not for the interface thread.
    pub(super) fn for_each_unread(
        &self,
        range: Range<u64>,
        mut look: impl FnMut(u64, &Unread<'_>, &dyn Fn(Large) -> Result<LargeValue, String>) -> Result<(), String>,
    ) -> Result<(), StoreError> {
        let unreadable = |why| StoreError::Unreadable { what: "an iteration".to_owned(), why };
        match self {
            Self::Memory(log) => {
                let rows = log.rows();
                let large = |large: Large| match large {
                    Large::Place(place) => {
                        rows.large.get(place as usize).cloned().map(LargeValue::Here).ok_or_else(cut_short)
                    }
                    Large::Fingerprint(_) => Err("a value lies in no store".to_owned()),
                };
                let end = range.end.min(rows.rows.len() as u64);
                for index in range.start.min(end)..end {
                    if let Some(place) = rows.rows[index as usize].clone() {
                        unread(&rows.bytes[place], |rest| rest.number().map(|_| ()))
                            .and_then(|row| look(index, &row, &large))
                            .map_err(unreadable)?;
                    }
                }
            }
            Self::Stored(log) => {
                let large = |large: Large| match large {
                    Large::Fingerprint(fingerprint) => Ok(LargeValue::Stored(log.reader.clone(), fingerprint)),
                    Large::Place(_) => Err("a value lies in another program's memory".to_owned()),
                };
                log.reader.drain();
                for (index, bytes) in log.reader.iterations(log.id, range)? {
                    unread(&bytes, Taker::skip_about).and_then(|row| look(index, &row, &large)).map_err(unreadable)?;
                }
            }
        }
        Ok(())
    }

    /// Returns the same of a log of which nothing waits to be written, at the cost of reading alone.
    pub(crate) fn rows_written(
        &self,
        range: Range<u64>,
        ports: &[PortId],
    ) -> Result<Vec<(u64, IterationRow)>, StoreError> {
        let unreadable = |why| StoreError::Unreadable { what: "an iteration".to_owned(), why };
        match self {
            Self::Memory(log) => {
                let rows = log.rows();
                let end = range.end.min(rows.rows.len() as u64);
                (range.start.min(end)..end)
                    .filter_map(|index| Some((index, rows.rows[index as usize].clone()?)))
                    .map(|(index, place)| {
                        let large = |large: Large| match large {
                            Large::Place(place) => rows.large.get(place as usize).cloned().ok_or_else(cut_short),
                            Large::Fingerprint(_) => Err("a value lies in no store".to_owned()),
                        };
                        let take_inner = |rest: &mut Taker<'_>| {
                            let place = rest.number()? as usize;
                            rows.inner.get(place).map(Arc::clone).ok_or_else(cut_short)
                        };
                        Ok((index, decode(&rows.bytes[place], ports, large, take_inner).map_err(unreadable)?))
                    })
                    .collect()
            }
            Self::Stored(log) => log
                .reader
                .iterations(log.id, range)?
                .into_iter()
                .map(|(index, bytes)| {
                    let large = |large: Large| match large {
                        Large::Fingerprint(fingerprint) => {
                            log.reader.load_value(&fingerprint).map_err(|error| error.to_string())
                        }
                        Large::Place(_) => Err("a value lies in another program's memory".to_owned()),
                    };
                    let take_inner = |rest: &mut Taker<'_>| take_about(rest, &log.reader);
                    Ok((index, decode(&bytes, ports, large, take_inner).map_err(unreadable)?))
                })
                .collect(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::store::SessionId;
    use crate::store::fixtures::{chain, header, new_store};
    use crate::store::iteration_bytes::MAX_INLINE_BYTES;

    pub(in crate::store) fn row(index: u64) -> IterationRow {
        let outputs = |value: Value| Some(Arc::new(Outputs::one("out", value).with("strange", Value::Null)));
        let cell = |status, outputs, error: Option<&str>| IterationCell {
            status,
            took_nanos: index * 1_000,
            outputs,
            error: error.map(ToOwned::to_owned),
            inner: None,
        };
        let large = Value::from("x".repeat(MAX_INLINE_BYTES + 1));
        IterationRow {
            is_finished: !index.is_multiple_of(3),
            times: (index > 0)
                .then_some(IterationTimes { from_micros: 64 - index.cast_signed() * 100, took_micros: 1 << index }),
            item: index.is_multiple_of(2).then(|| Value::Int(i64::MIN + index.cast_signed())),
            next: Value::record([("byte", Value::Int(-1))]),
            cells: vec![
                cell(IterationStatus::Executed, outputs(Value::Int(-5)), None),
                cell(IterationStatus::Reused, outputs(large), None),
                cell(IterationStatus::Failed, None, Some("it broke")),
                cell(IterationStatus::Kept, outputs(Value::list([Value::Float(f64::NAN), Value::Bool(true)])), None),
                cell(IterationStatus::NotRun, None, None),
            ],
        }
    }

    fn shown(rows: &[(u64, IterationRow)]) -> String {
        let outputs = |cell: &IterationCell| {
            cell.outputs.as_ref().map(|outputs| outputs.iter().map(|(p, v)| (p.clone(), v.clone())).collect::<Vec<_>>())
        };
        let cells = |row: &IterationRow| -> Vec<_> {
            row.cells
                .iter()
                .map(|cell| format!("{:?} {} {:?} {:?}", cell.status, cell.took_nanos, outputs(cell), cell.error))
                .collect()
        };
        let lines: Vec<String> = rows
            .iter()
            .map(|(index, row)| {
                format!("{index} {} {:?} {:?} {:?} {:?}", row.is_finished, row.times, row.item, row.next, cells(row))
            })
            .collect();
        lines.join("\n")
    }

    #[test]
    fn what_an_earlier_part_made_and_a_later_one_made_again_is_the_later_ones() {
        let run = [RunId::generate(), RunId::generate(), RunId::generate()];
        let mut about = LoopAbout {
            id: LoopId::generate(),
            head: "each".into(),
            members: Vec::new(),
            ports: Vec::new(),
            config: Fingerprint::of_bytes(b""),
            input: None,
            parts: Vec::new(),
            total: None,
            n_finished: 0,
            is_complete: false,
            failures: Vec::new(),
        };
        let mut random = 7_u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        for _ in 0..200 {
            let part = |from: u64, length: u64, number: u64| LoopPart {
                from,
                to: from + length,
                body: Fingerprint::of_bytes(&[number as u8]),
                run: run[number as usize],
            };
            about.parts = (0..12).map(|_| part(next(40), 1 + next(9), next(3))).collect();
            // Of one in the middle all iterations were lost.
            about.parts[5].to = about.parts[5].from.saturating_sub(3);
            let newest = about.parts.last().unwrap().clone();
            let made_by_others: Vec<u64> =
                (0..60).filter(|index| about.run_of(*index).is_some_and(|run| run != newest.run)).collect();
            let flat = |ranges: Vec<Range<u64>>| ranges.into_iter().flatten().collect::<Vec<_>>();
            assert_eq!(flat(about.earlier_parts()), made_by_others, "{:?}", about.parts);
            assert_eq!(flat(about.parts_not_of(newest.body)), made_by_others);
        }
    }

    #[test]
    fn rows_come_back_as_they_were_from_memory_and_from_the_store() {
        let (_folder, store) = new_store();
        let header = header(SessionId::generate(), &chain(&["a"]));
        store.begin_run(&header, Vec::new(), Vec::new);
        let ports = [PortId::from("out")];
        let expected: Vec<_> = (0..7).map(|index| (index, row(index))).collect();
        for store in [None, Some(&store)] {
            let log = IterationLog::new(LoopId::generate(), store);
            for (index, row) in &expected {
                log.append(store, header.id, *index, row, &ports);
            }
            assert_eq!(shown(&log.rows(0..100, &ports).unwrap()), shown(&expected));
            assert_eq!(shown(&log.rows(2..4, &ports).unwrap()), shown(&expected[2..4]));
        }
    }
}
