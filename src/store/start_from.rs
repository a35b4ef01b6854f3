//! A session starts from a run of the history: what the run had of each node becomes the newest record of the node.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    NodeRecord, RunId, SessionId, Store, StoreError, baseline,
    crypt::Place,
    database::Reader,
    past_node::PastWorkflow,
    record_bytes::{self, Decoder, Of},
    reused,
    runs::{self, record_id},
};
use crate::workflow::NodeId;

impl Store {
    /// Lets a session start from what a run had of each node, in place of what it starts from so far. A run that is not in
    /// the history is an error.
    pub fn start_from(&self, run: RunId, session: SessionId) -> Result<(), StoreError> {
        self.reader().drain();
        let sqlite = |error| self.reader().sqlite(error);
        self.write(|transaction| {
            let row = row_of(transaction, run).map_err(sqlite)?.ok_or(StoreError::NoRun(run))?;
            let records = places_of(transaction, self.reader(), &row)?;
            let session = runs::number_session(transaction, session).map_err(sqlite)?;
            set_baseline(transaction, session, records).map_err(sqlite)
        })
    }

    /// Returns what a session would start from that started from this run: what the run had of each node, sorted by node, then
    /// what it did not settle. A run that is not in the history is an error.
    pub fn baseline_of_run(&self, run: RunId) -> Result<Vec<Arc<NodeRecord>>, StoreError> {
        self.reader().drain();
        self.reader().with_connection(|connection| {
            let sqlite = |error| self.reader().sqlite(error);
            let row = row_of(connection, run).map_err(sqlite)?.ok_or(StoreError::NoRun(run))?;
            let places = places_of(connection, self.reader(), &row)?;
            baseline::read_places(connection, self.reader(), places)
        })
    }
}

/// What of a run's row says where its nodes' records lie.
struct RunRow {
    run: RunId,
    number: i64,
    workflow: i64,
    reused: Option<i64>,
    unsettled: Option<Vec<u8>>,
}

fn row_of(connection: &Connection, run: RunId) -> rusqlite::Result<Option<RunRow>> {
    connection
        .prepare_cached("SELECT number, workflow, reused, unsettled FROM runs WHERE id = ?1 AND swept = 0")?
        .query_row(params![run.to_string()], |row| {
            Ok(RunRow { run, number: row.get(0)?, workflow: row.get(1)?, reused: row.get(2)?, unsettled: row.get(3)? })
        })
        .optional()
}

/// Returns where the records lie that a run had of its nodes. Of a node it was to settle and did not, that is the place before
/// all records of the run.
fn places_of(connection: &Connection, reader: &Reader, row: &RunRow) -> Result<BTreeMap<NodeId, i64>, StoreError> {
    let sqlite = |error| reader.sqlite(error);
    let mut records = BTreeMap::new();
    if let Some(set) = row.reused {
        let unreadable = |why| StoreError::Unreadable { what: format!("what the run {} reuses", row.run), why };
        for (from, nodes) in reused::nodes_by_run(connection, set).map_err(sqlite)?.map_err(unreadable)? {
            let ids = ids_of(connection, reader, from, Some(&nodes)).map_err(sqlite)?;
            records.extend(ids);
        }
    }
    if let Some(unsettled) = &row.unsettled {
        let before_all = record_id(row.number, 0);
        records.extend(baseline::nodes_from_bytes(unsettled).into_iter().map(|node| (node, before_all)));
    }
    let of = Of { run: row.run, workflow: PastWorkflow::new(row.workflow, reader.clone()).into() };
    for (id, record) in own_records(connection, reader, row.number, &of).map_err(sqlite)? {
        // A node the run had no need of has nothing from it.
        if !record.status.was_not_needed() {
            records.insert(record.node, id);
        }
    }
    Ok(records)
}

fn own_records(
    connection: &Connection,
    reader: &Reader,
    number: i64,
    of: &Of,
) -> rusqlite::Result<Vec<(i64, NodeRecord)>> {
    let decoder = Decoder::new(reader);
    let mut statement =
        connection.prepare_cached("SELECT id, record FROM node_records WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    let mut rows = statement.query(params![record_id(number, 1), record_id(number + 1, 0) - 1])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let record = reader.crypt().open(Place::Record(id), row.get_ref(1)?.as_bytes()?);
        match record.and_then(|bytes| decoder.record(&bytes, of)) {
            Ok(record) => records.push((id, record)),
            Err(why) => tracing::warn!("a record of the run {} cannot be read: {why}", of.run),
        }
    }
    Ok(records)
}

/// Returns where the newest records lie that a run has of these nodes, or of all, without reading further than whose they are.
pub(super) fn ids_of(
    connection: &Connection,
    reader: &Reader,
    run: RunId,
    nodes: Option<&[NodeId]>,
) -> rusqlite::Result<HashMap<NodeId, i64>> {
    let wanted: Option<HashSet<&str>> = nodes.map(|nodes| nodes.iter().map(NodeId::as_str).collect());
    let number: Option<i64> = connection
        .prepare_cached("SELECT number FROM runs WHERE id = ?1")?
        .query_row(params![run.to_string()], |row| row.get(0))
        .optional()?;
    let Some(number) = number else { return Ok(HashMap::new()) };
    let mut statement =
        connection.prepare_cached("SELECT id, record FROM node_records WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    let mut rows = statement.query(params![record_id(number, 1), record_id(number + 1, 0) - 1])?;
    let mut ids = HashMap::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let Ok(bytes) = reader.crypt().open(Place::Record(id), row.get_ref(1)?.as_bytes()?) else { continue };
        let node = match record_bytes::node_of(&bytes) {
            Some(node) if wanted.as_ref().is_some_and(|wanted| !wanted.contains(node)) => None,
            Some(node) => node.parse().ok(),
            None => super::rows::node_of_text(&bytes),
        };
        if let Some(node) = node {
            ids.insert(node, id);
        }
    }
    if let Some(wanted) = wanted {
        ids.retain(|node: &NodeId, _| wanted.contains(node.as_str()));
    }
    Ok(ids)
}

fn set_baseline(connection: &Connection, session: i64, records: BTreeMap<NodeId, i64>) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM baseline WHERE session = ?1", params![session])?;
    // What the session's own runs left unsettled must not take the place of what is set here.
    connection.execute(
        "UPDATE sessions SET settled_until = (SELECT coalesce(max(number), 0) FROM runs) WHERE number = ?1",
        params![session],
    )?;
    let mut statement = connection.prepare_cached(baseline::SET)?;
    for (node, record) in records {
        statement.execute(params![session, node.as_str(), record])?;
    }
    Ok(())
}
