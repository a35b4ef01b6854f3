//! What a run reuses: a set of nodes with the runs they executed in, kept once however many runs reuse the same.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::{
    NodeRecord, RunId, StoreError,
    crypt::Place,
    database::Reader,
    past_node::PastWorkflow,
    record_bytes::{self, Decoder, Of},
    runs::record_id,
};
use crate::{value::Fingerprint, workflow::NodeId};

/// The first byte of a set.
const FORMAT: u8 = 1;

/// A set as bytes, ready to be written.
pub(super) struct ReusedSet {
    hash: Fingerprint,
    bytes: Vec<u8>,
    /// Sorted.
    pub(super) nodes: Arc<[NodeId]>,
}

/// Runs, and nodes sorted by id with the index of the run they executed in.
#[derive(Serialize, Deserialize)]
struct SetRow<'a> {
    runs: Vec<u128>,
    #[serde(borrow)]
    nodes: Vec<(&'a str, u32)>,
}

/// Nodes, by the runs whose records are theirs.
pub(super) type NodesByRun = Vec<(RunId, Vec<NodeId>)>;

impl ReusedSet {
    /// Returns the set as bytes: the same for the same set. None if nothing is reused.
    pub(super) fn new(mut reused: Vec<(NodeId, RunId)>) -> Result<Option<Self>, String> {
        if reused.is_empty() {
            return Ok(None);
        }
        reused.sort_unstable();
        reused.dedup_by(|later, first| later.0 == first.0);
        let mut runs: Vec<u128> = Vec::new();
        let mut indices: HashMap<RunId, u32> = HashMap::new();
        let nodes = reused
            .iter()
            .map(|(node, run)| {
                let index = *indices.entry(*run).or_insert_with(|| {
                    runs.push(run.ulid().0);
                    (runs.len() - 1) as u32
                });
                (node.as_str(), index)
            })
            .collect();
        let row = SetRow { runs, nodes };
        let bytes = postcard::to_extend(&row, vec![FORMAT]).map_err(|error| error.to_string())?;
        let nodes = reused.into_iter().map(|(node, _)| node).collect();
        Ok(Some(Self { hash: Fingerprint::of_bytes(&bytes), bytes, nodes }))
    }

    /// Writes the set unless it is there; returns its number.
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<i64> {
        let known = connection
            .prepare_cached("SELECT number FROM reused_sets WHERE hash = ?1")?
            .query_row(params![self.hash.as_bytes()], |row| row.get(0))
            .optional()?;
        known.map_or_else(
            || {
                connection
                    .prepare_cached("INSERT INTO reused_sets (hash, bytes) VALUES (?1, ?2)")?
                    .insert(params![self.hash.as_bytes(), self.bytes])
            },
            Ok,
        )
    }
}

impl<'a> SetRow<'a> {
    /// Returns the set that bytes stand for, or what is wrong with them.
    fn of(bytes: &'a [u8]) -> Result<Self, String> {
        match bytes.split_first() {
            Some((&FORMAT, rest)) => postcard::from_bytes(rest).map_err(|error| error.to_string()),
            _ => Err("it has an unknown format".to_owned()),
        }
    }
}

fn bytes_of(connection: &Connection, set: i64) -> rusqlite::Result<Vec<u8>> {
    connection
        .prepare_cached("SELECT bytes FROM reused_sets WHERE number = ?1")?
        .query_row(params![set], |row| row.get(0))
}

/// Returns the nodes of a set by the runs whose records are theirs, or what is wrong with its bytes.
pub(super) fn nodes_by_run(connection: &Connection, set: i64) -> rusqlite::Result<Result<NodesByRun, String>> {
    let bytes = bytes_of(connection, set)?;
    Ok(SetRow::of(&bytes).and_then(|row| {
        let mut by_run: NodesByRun = row.runs.iter().map(|run| (RunId::from(Ulid(*run)), Vec::new())).collect();
        for (node, index) in row.nodes {
            if let Some((_, nodes)) = by_run.get_mut(index as usize) {
                nodes.push(node.parse().map_err(|error: crate::workflow::IdError| error.to_string())?);
            }
        }
        Ok(by_run)
    }))
}

fn parse(bytes: &[u8], run: RunId) -> Result<SetRow<'_>, StoreError> {
    SetRow::of(bytes).map_err(|why| StoreError::Unreadable { what: format!("what the run {run} reuses"), why })
}

/// Makes sure that what a run reuses can be read.
pub(super) fn verify(connection: &Connection, reader: &Reader, set: i64, run: RunId) -> Result<(), StoreError> {
    let bytes = bytes_of(connection, set).map_err(|error| reader.sqlite(error))?;
    parse(&bytes, run).map(|_| ())
}

/// Adds the records of what a run reuses, made from those of the runs that executed it. A node that has a record keeps it.
pub(super) fn add_records(
    connection: &Connection,
    reader: &Reader,
    set: i64,
    run: RunId,
    records: &mut HashMap<NodeId, NodeRecord>,
) -> Result<(), StoreError> {
    let sqlite = |error| reader.sqlite(error);
    let bytes = bytes_of(connection, set).map_err(sqlite)?;
    let row = parse(&bytes, run)?;
    let mut nodes_of_runs: Vec<HashMap<&str, Option<NodeRecord>>> = row.runs.iter().map(|_| HashMap::new()).collect();
    for (node, index) in row.nodes {
        if !records.contains_key(node)
            && let Some(nodes) = nodes_of_runs.get_mut(index as usize)
        {
            nodes.insert(node, None);
        }
    }
    for (from, mut nodes) in row.runs.iter().map(|run| RunId::from(Ulid(*run))).zip(nodes_of_runs) {
        read_records(connection, reader, from, &mut nodes).map_err(sqlite)?;
        records.extend(nodes.into_values().flatten().map(|record| (record.node.clone(), record.seen_from(run))));
    }
    Ok(())
}

/// Reads the newest records that a run has of some nodes.
fn read_records(
    connection: &Connection,
    reader: &Reader,
    run: RunId,
    nodes: &mut HashMap<&str, Option<NodeRecord>>,
) -> rusqlite::Result<()> {
    let row: Option<(i64, i64)> = connection
        .prepare_cached("SELECT number, workflow FROM runs WHERE id = ?1")?
        .query_row(params![run.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((number, workflow)) = row.filter(|_| !nodes.is_empty()) else { return Ok(()) };
    let of = Of { run, workflow: PastWorkflow::new(workflow, reader.clone()).into() };
    let decoder = Decoder::new(reader);
    let mut statement =
        connection.prepare_cached("SELECT record, id FROM node_records WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    let mut rows = statement.query(params![record_id(number, 1), record_id(number + 1, 0) - 1])?;
    while let Some(row) = rows.next()? {
        let record = reader.crypt().open(Place::Record(row.get(1)?), row.get_ref(0)?.as_bytes()?);
        let node = record.as_deref().ok().and_then(record_bytes::node_of);
        if node.is_some_and(|node| !nodes.contains_key(node)) {
            continue;
        }
        match record.and_then(|bytes| decoder.record(&bytes, &of)) {
            Ok(record) => {
                if let Some(found) = nodes.get_mut(record.node.as_str()) {
                    *found = Some(record);
                }
            }
            Err(why) => tracing::warn!("a record of the run {run} cannot be read: {why}"),
        }
    }
    Ok(())
}
