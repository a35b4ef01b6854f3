//! Many iterations at a glance: how each went in a few bytes, and of some what they gave, without what is too large for a line.

use std::{cell::Cell, ops::Range};

use super::{
    IterationLog, IterationStatus, IterationTimes, StoreError,
    database::Reader,
    iteration_bytes::{Large, Unread, UnreadCell},
};
use crate::{
    nodes::Outputs,
    value::{Fingerprint, Value},
    workflow::PortId,
};

/// A value that does not stand in its row.
pub(super) enum LargeValue {
    Here(Value),
    Stored(Reader, Fingerprint),
}

/// How an iteration went, for one node or for all of them together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What became of the node; of all nodes what weighs most.
    pub status: IterationStatus,
    /// When the iteration was made, if that is known.
    pub times: Option<IterationTimes>,
    /// How long it took, in nanoseconds.
    pub took_nanos: u64,
    /// Whether any node of the iteration failed.
    pub has_failed: bool,
    /// Whether the log has what the node gave; of a Collect or Next whether it was given anything.
    pub gave: bool,
}

/// What a line about an iteration says.
#[derive(Clone, Debug)]
pub struct Glance {
    /// How it went.
    pub outcome: Outcome,
    /// The item that the row keeps; only where no node was asked about.
    pub item: Seen<Value>,
    /// What the node gave.
    pub outputs: Seen<Outputs>,
    /// The member that failed, and why; the one that was asked about, if it is one of those.
    pub failed: Option<(usize, String)>,
}

/// Something that may have been too large to be read.
#[derive(Clone, Debug)]
pub enum Seen<T> {
    /// There is nothing.
    Nothing,
    /// It is here.
    Here(T),
    /// It was left where it is; so many bytes.
    TooLarge(u64),
}

impl IterationLog {
    /// Returns how the iterations of a range went that are there, ascending: for a member, or for all together. Reads no values.
    pub fn outcomes(&self, range: Range<u64>, member: Option<usize>) -> Result<Vec<(u64, Outcome)>, StoreError> {
        let mut outcomes = Vec::new();
        self.for_each_unread(range, |index, row, _| {
            outcomes.push((index, outcome(row, member)));
            Ok(())
        })?;
        Ok(outcomes)
    }

    /// Returns the same with what the member gave, or the item, as far as no value of it is larger than `most_bytes`.
    pub fn glances(
        &self,
        range: Range<u64>,
        ports: &[PortId],
        member: Option<usize>,
        most_bytes: u64,
    ) -> Result<Vec<(u64, Glance)>, StoreError> {
        let mut glances = Vec::new();
        self.for_each_unread(range, |index, row, find| {
            let too_large = Cell::new(0);
            let mut load = |large: Large| load(find(large)?, most_bytes, &too_large);
            let cell = member.and_then(|member| row.cells.get(member));
            let item = match (&row.item, member) {
                (Some(item), None) => Some(item.clone().value(&mut load)?),
                _ => None,
            };
            let item = seen(item, &too_large);
            let outputs = match cell {
                Some(cell) => cell.outputs(ports, &mut load)?,
                None => None,
            };
            let outputs = seen(outputs, &too_large);
            let error_of = |member: usize| Some((member, row.cells.get(member)?.error?.to_owned()));
            let failed = member.and_then(error_of).or_else(|| (0..row.cells.len()).find_map(error_of));
            glances.push((index, Glance { outcome: outcome(row, member), item, outputs, failed }));
            Ok(())
        })?;
        Ok(glances)
    }
}

fn load(value: LargeValue, most_bytes: u64, too_large: &Cell<u64>) -> Result<Value, String> {
    let (reader, fingerprint) = match value {
        LargeValue::Here(value) => return Ok(value),
        LargeValue::Stored(reader, fingerprint) => (reader, fingerprint),
    };
    let n_bytes = reader.size_of_value(&fingerprint).map_err(|error| error.to_string())?;
    if n_bytes > most_bytes {
        too_large.set(too_large.get() + n_bytes);
        return Ok(Value::Null);
    }
    reader.load_value(&fingerprint).map_err(|error| error.to_string())
}

fn seen<T>(value: Option<T>, too_large: &Cell<u64>) -> Seen<T> {
    match (value, too_large.take()) {
        (None, _) => Seen::Nothing,
        (Some(value), 0) => Seen::Here(value),
        (Some(_), n_bytes) => Seen::TooLarge(n_bytes),
    }
}

fn outcome(row: &Unread<'_>, member: Option<usize>) -> Outcome {
    let has_failed = row.cells.iter().any(|cell| cell.status == IterationStatus::Failed);
    let of_one = member.and_then(|member| row.cells.get(member));
    Outcome {
        times: row.times,
        status: of_one.map_or_else(|| of_all(&row.cells), |cell| cell.status),
        took_nanos: of_one.map_or_else(|| row.cells.iter().map(|cell| cell.took_nanos).sum(), |cell| cell.took_nanos),
        has_failed,
        gave: of_one.is_some_and(UnreadCell::gave),
    }
}

/// Returns what became of an iteration: what weighs most of what became of its nodes.
fn of_all(cells: &[UnreadCell<'_>]) -> IterationStatus {
    /// From what weighs most to what weighs least.
    const WEIGHTS: [IterationStatus; 10] = [
        IterationStatus::Failed,
        IterationStatus::HeldBack,
        IterationStatus::Edited,
        IterationStatus::Executed,
        IterationStatus::Reused,
        IterationStatus::Kept,
        IterationStatus::Pinned,
        IterationStatus::NotRun,
        IterationStatus::NotNeeded,
        IterationStatus::Disabled,
    ];
    let is_there = |status: &&IterationStatus| cells.iter().any(|cell| cell.status == **status);
    WEIGHTS.iter().find(is_there).copied().unwrap_or(IterationStatus::NotRun)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        LoopId, SessionId,
        fixtures::{chain, header, new_store},
        loop_record::tests::row,
    };

    #[test]
    fn iterations_are_seen_at_a_glance_in_memory_and_in_the_store() {
        let (_folder, store) = new_store();
        let header = header(SessionId::generate(), &chain(&["a"]));
        store.begin_run(&header, Vec::new(), Vec::new);
        let ports = [PortId::from("out")];
        for store in [None, Some(&store)] {
            let log = IterationLog::new(LoopId::generate(), store);
            for index in [0, 1, 3] {
                log.append(store, header.id, index, &row(index), &ports);
            }
            let outcomes = log.outcomes(1..10, Some(0)).unwrap();
            let executed = |index| Outcome {
                times: row(index).times,
                status: IterationStatus::Executed,
                took_nanos: index * 1_000,
                has_failed: true,
                gave: true,
            };
            assert_eq!(outcomes, [(1, executed(1)), (3, executed(3))]);
            let all = log.outcomes(3..4, None).unwrap();
            assert_eq!((all[0].1.status, all[0].1.took_nanos), (IterationStatus::Failed, 15_000), "five nodes");

            let of = |member, most_bytes| log.glances(0..2, &ports, member, most_bytes).unwrap();
            let Seen::Here(outputs) = &of(Some(0), 0)[1].1.outputs else { panic!("it stands in the row") };
            assert_eq!(outputs.get(&"out".into()), Some(&Value::Int(-5)));
            assert_eq!(of(Some(2), 0)[0].1.failed, Some((2, "it broke".to_owned())));
            assert!(matches!(of(Some(4), 0)[0].1.outputs, Seen::Nothing));
            let [first, second] = &of(None, 0)[..] else { panic!("there are two") };
            assert!(matches!(first.1.item, Seen::Here(Value::Int(_))) && matches!(second.1.item, Seen::Nothing));

            let large = |most_bytes| of(Some(1), most_bytes)[0].1.outputs.clone();
            assert!(matches!(large(1_000_000), Seen::Here(_)));
            match store {
                None => assert!(matches!(large(10), Seen::Here(_)), "it costs nothing"),
                Some(_) => assert!(matches!(large(10), Seen::TooLarge(513..))),
            }
        }
    }
}
