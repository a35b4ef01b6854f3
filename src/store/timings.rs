//! How long nodes took: one row for each node of a workflow, for forecasts.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::runs::duration_nanos;
use crate::{
    value::Fingerprint,
    workflow::{NodeId, WorkflowId},
};

/// Nodes that are faster than this are not noted: forecasting them is not worth a row.
pub(super) const MIN_TOOK: Duration = Duration::from_micros(100);

/// How long a node took, ready to be written.
#[derive(Debug)]
pub(super) struct TimingRow {
    pub(super) workflow: WorkflowId,
    pub(super) node: NodeId,
    pub(super) config: Fingerprint,
    pub(super) took: Duration,
}

/// Adds a sample: the newest counts a third, all before it the rest. A node with another config starts anew.
pub(super) fn add(connection: &Connection, row: &TimingRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO timings (workflow, node, config, mean_nanos, n) VALUES (?1, ?2, ?3, ?4, 1)
             ON CONFLICT (workflow, node) DO UPDATE SET
                 mean_nanos = iif(config = excluded.config, mean_nanos + (excluded.mean_nanos - mean_nanos) / 3,
                     excluded.mean_nanos),
                 n = iif(config = excluded.config, n + 1, 1),
                 config = excluded.config",
        )?
        .execute(params![
            &row.workflow.0.to_bytes()[..],
            row.node.as_str(),
            &row.config.as_bytes()[..],
            duration_nanos(row.took)
        ])?;
    Ok(())
}

/// Returns how long the nodes of a workflow took, sorted by node.
pub(super) fn read(
    connection: &Connection,
    workflow: WorkflowId,
) -> rusqlite::Result<Vec<(NodeId, Fingerprint, Duration, u64)>> {
    let mut statement = connection
        .prepare_cached("SELECT node, config, mean_nanos, n FROM timings WHERE workflow = ?1 ORDER BY node")?;
    let mut rows = statement.query(params![&workflow.0.to_bytes()[..]])?;
    let mut timings = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok(node) = row.get_ref(0)?.as_str()?.parse() else { continue };
        let mean = Duration::from_nanos(row.get::<_, i64>(2)?.max(0) as u64);
        timings.push((node, Fingerprint::from_bytes(row.get(1)?), mean, row.get::<_, i64>(3)? as u64));
    }
    Ok(timings)
}
