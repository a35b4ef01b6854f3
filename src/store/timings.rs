//! How long nodes took: one row for each node of a workflow, for forecasts.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    crypt::{Crypt, Place},
    runs::duration_nanos,
};
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
pub(super) fn add(connection: &Connection, crypt: &Crypt, row: &TimingRow) -> rusqlite::Result<()> {
    let workflow = row.workflow.0.to_bytes();
    let place = Place::Timing(&workflow, row.node.as_str());
    let before: Option<(Vec<u8>, i64, i64)> = connection
        .prepare_cached("SELECT config, mean_nanos, n FROM timings WHERE workflow = ?1 AND node = ?2")?
        .query_row(params![&workflow[..], row.node.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let is_same = |config: &[u8]| crypt.open(place, config).is_ok_and(|config| *config == row.config.as_bytes()[..]);
    let took = duration_nanos(row.took);
    let (mean, n) = match before {
        Some((config, mean, n)) if is_same(&config) => (mean + (took - mean) / 3, n + 1),
        _ => (took, 1),
    };
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO timings (workflow, node, config, mean_nanos, n) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            &workflow[..],
            row.node.as_str(),
            &crypt.seal(place, &row.config.as_bytes()[..])[..],
            mean,
            n
        ])?;
    Ok(())
}

/// Returns how long the nodes of a workflow took, sorted by node.
pub(super) fn read(
    connection: &Connection,
    crypt: &Crypt,
    workflow: WorkflowId,
) -> rusqlite::Result<Vec<(NodeId, Fingerprint, Duration, u64)>> {
    let workflow = workflow.0.to_bytes();
    let mut statement = connection
        .prepare_cached("SELECT node, config, mean_nanos, n FROM timings WHERE workflow = ?1 ORDER BY node")?;
    let mut rows = statement.query(params![&workflow[..]])?;
    let mut timings = Vec::new();
    while let Some(row) = rows.next()? {
        let node = row.get_ref(0)?.as_str()?;
        let Ok(config) = crypt.open(Place::Timing(&workflow, node), row.get_ref(1)?.as_blob()?) else { continue };
        let (Ok(node), Ok(config)) = (node.parse(), config[..].try_into()) else { continue };
        let mean = Duration::from_nanos(row.get::<_, i64>(2)?.max(0) as u64);
        timings.push((node, Fingerprint::from_bytes(config), mean, row.get::<_, i64>(3)? as u64));
    }
    Ok(timings)
}
