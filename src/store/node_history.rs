//! How one node fared in the runs of its workflow: for how long it executed, and what came of it.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rusqlite::params;

use super::{
    RunId, Status, Store, StoreError,
    crypt::Place,
    past_node::PastWorkflow,
    record_bytes::{Decoder, Of},
    runs::record_id,
    start_from::ids_of,
};
use crate::workflow::{NodeId, WorkflowId};

/// The most runs that are looked through, the newest.
const MAX_RUNS: i64 = 500;

/// The most records that are looked through.
const MAX_RECORDS: i64 = 200_000;

/// A node in a run in which it executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRun {
    /// The run.
    pub run: RunId,
    /// What people call it.
    pub number: i64,
    /// When the node started.
    pub started: Timestamp,
    /// How long it took, with all attempts.
    pub took: Duration,
    /// How many attempts failed.
    pub n_failed_attempts: usize,
    /// It failed in the end.
    pub has_failed: bool,
}

/// What is looked through: a run's id, its number and that of its workflow.
type Row = (String, i64, i64);

impl Store {
    /// Returns the newest runs of a workflow in which a node executed, oldest first; at most so many. Looks through the records
    /// of many runs: not for the interface thread.
    pub fn node_runs(&self, workflow: WorkflowId, node: &NodeId, limit: usize) -> Result<Vec<NodeRun>, StoreError> {
        self.reader().drain();
        let mut found = Vec::new();
        let mut n_left = MAX_RECORDS;
        for (run, number, of_workflow) in self.runs_to_look_through(workflow)? {
            let Ok(run) = run.parse::<RunId>() else { continue };
            if found.len() >= limit || n_left <= 0 {
                break;
            }
            let of = Of { run, workflow: Arc::new(PastWorkflow::new(of_workflow, self.reader().clone())) };
            n_left -= self.count_records(number)?;
            found.extend(self.node_run(node, number, &of)?);
        }
        found.reverse();
        Ok(found)
    }

    fn runs_to_look_through(&self, workflow: WorkflowId) -> Result<Vec<Row>, StoreError> {
        self.reader().read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, number, workflow FROM runs WHERE workflow_id = ?1 AND swept = 0 ORDER BY number DESC LIMIT ?2",
            )?;
            let rows = statement.query_map(params![workflow.to_string(), MAX_RUNS], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
            rows.collect()
        })
    }

    fn count_records(&self, number: i64) -> Result<i64, StoreError> {
        self.reader().read(|connection| {
            connection
                .prepare_cached("SELECT count(*) FROM node_records WHERE id BETWEEN ?1 AND ?2")?
                .query_row(params![record_id(number, 1), record_id(number + 1, 0) - 1], |row| row.get(0))
        })
    }

    /// Returns how the node fared in a run; nothing if it did not execute, or its record cannot be read.
    fn node_run(&self, node: &NodeId, number: i64, of: &Of) -> Result<Option<NodeRun>, StoreError> {
        let reader = self.reader();
        reader.read(|connection| {
            let ids = ids_of(connection, reader, of.run, Some(std::slice::from_ref(node)))?;
            let Some(id) = ids.get(node) else { return Ok(None) };
            let bytes: Vec<u8> = connection
                .prepare_cached("SELECT record FROM node_records WHERE id = ?1")?
                .query_row(params![id], |row| row.get(0))?;
            let record = reader.crypt().open(Place::Record(*id), &bytes);
            let Ok(record) = record.and_then(|bytes| Decoder::new(reader).record(&bytes, of)) else { return Ok(None) };
            let has_failed = matches!(record.status, Status::Failed(_));
            let executed = has_failed || record.status == Status::Executed;
            let (Some(started), Some(took)) = (record.started, record.took) else { return Ok(None) };
            let n_failed_attempts = record.attempts.len();
            Ok(executed.then_some(NodeRun { run: of.run, number, started, took, n_failed_attempts, has_failed }))
        })
    }
}
