//! Pinned data: the durable memory of nodes, one row for each (tenant, workflow, node).

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    StoreError,
    codec::{self, Form},
    runs::{nanos, timestamp},
};
use crate::{
    value::{Fingerprint, Value},
    workflow::{NodeId, WorkflowId},
};

/// A node's pinned data, with its times.
#[derive(Clone, Debug)]
pub struct PinnedData {
    /// The node.
    pub node: NodeId,
    /// The data.
    pub value: Value,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// From when on it is gone.
    pub expires_at: Option<Timestamp>,
}

/// Whose data it is: a node of a workflow of a tenant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner<'a> {
    pub(super) tenant: &'a str,
    pub(super) workflow: WorkflowId,
    pub(super) node: &'a NodeId,
}

/// Returns a value as it lies in the database: its form, the checksum of its bytes, and the bytes.
pub(super) fn pack(value: &Value, node: &NodeId) -> Result<Vec<u8>, StoreError> {
    let bytes = codec::to_bytes(value)
        .map_err(|error| StoreError::Unwritable { what: format!("pinned data of {node}"), why: error.to_string() })?;
    let mut packed = Vec::with_capacity(33 + bytes.len());
    packed.push(Form::of(value) as u8);
    packed.extend_from_slice(Fingerprint::of_bytes(&bytes).as_bytes());
    packed.extend_from_slice(&bytes);
    Ok(packed)
}

/// Returns the value that was packed.
pub(super) fn unpack(packed: &[u8], node: &str) -> Result<Value, StoreError> {
    let unreadable = |why: &str| StoreError::Unreadable {
        what: format!("the pinned data of {node}"),
        why: format!("{why}; clear it to go on without it"),
    };
    let Some(([form, checksum @ ..], bytes)) = packed.split_first_chunk::<33>() else {
        return Err(unreadable("it is cut off"));
    };
    if Fingerprint::of_bytes(bytes).as_bytes() != checksum {
        return Err(unreadable("its bytes have changed"));
    }
    let form = Form::from_number(i64::from(*form)).ok_or_else(|| unreadable("its form is unknown"))?;
    codec::decode(form, bytes).map_err(|why| unreadable(&why))
}

/// Returns a node's packed data, unless there is none or it has expired.
pub(super) fn read(connection: &Connection, owner: Owner<'_>, now: Timestamp) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached(
            "SELECT value FROM node_pinned_data WHERE tenant = ?1 AND workflow_id = ?2 AND node_id = ?3
             AND (expires_at IS NULL OR expires_at > ?4)",
        )?
        .query_row(params![owner.tenant, owner.workflow.to_string(), owner.node.as_str(), nanos(now)], |row| row.get(0))
        .optional()
}

/// Writes a node's data in place of what was there. The time of creation stays, unless what was there had expired.
pub(super) fn write(
    connection: &Connection,
    owner: Owner<'_>,
    packed: &[u8],
    now: Timestamp,
    expires_in: Option<Duration>,
) -> rusqlite::Result<()> {
    let now = nanos(now);
    let expires_at = expires_in.map(|time| now.saturating_add(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)));
    connection
        .prepare_cached(
            "INSERT INTO node_pinned_data (tenant, workflow_id, node_id, value, created_at, updated_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)
             ON CONFLICT (tenant, workflow_id, node_id) DO UPDATE SET value = excluded.value,
                 created_at = iif(expires_at <= excluded.updated_at, excluded.created_at, created_at),
                 updated_at = excluded.updated_at, expires_at = excluded.expires_at",
        )?
        .execute(params![owner.tenant, owner.workflow.to_string(), owner.node.as_str(), packed, now, expires_at])?;
    Ok(())
}

/// Removes the data of one node, or of all nodes of a workflow.
pub(super) fn clear(
    connection: &Connection,
    tenant: &str,
    workflow: WorkflowId,
    node: Option<&NodeId>,
) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM node_pinned_data WHERE tenant = ?1 AND workflow_id = ?2 AND (?3 IS NULL OR node_id = ?3)",
        params![tenant, workflow.to_string(), node.map(NodeId::as_str)],
    )?;
    Ok(())
}

/// Returns whether there is anything that has expired.
pub(super) fn has_expired(connection: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    connection.query_one(
        "SELECT EXISTS (SELECT 1 FROM node_pinned_data WHERE expires_at <= ?1)",
        params![nanos(now)],
        |row| row.get(0),
    )
}

/// Removes what has expired.
pub(super) fn sweep(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM node_pinned_data WHERE expires_at <= ?1", params![nanos(now)])?;
    Ok(())
}

/// A row of a list, not unpacked yet.
pub(super) struct ListRow {
    node: String,
    packed: Vec<u8>,
    created_at: i64,
    updated_at: i64,
    expires_at: Option<i64>,
}

/// Returns the data of all nodes of a workflow that has not expired, sorted by node.
pub(super) fn list(
    connection: &Connection,
    tenant: &str,
    workflow: WorkflowId,
    now: Timestamp,
) -> rusqlite::Result<Vec<ListRow>> {
    connection
        .prepare_cached(
            "SELECT node_id, value, created_at, updated_at, expires_at FROM node_pinned_data
             WHERE tenant = ?1 AND workflow_id = ?2 AND (expires_at IS NULL OR expires_at > ?3) ORDER BY node_id",
        )?
        .query_map(params![tenant, workflow.to_string(), nanos(now)], |row| {
            Ok(ListRow {
                node: row.get(0)?,
                packed: row.get(1)?,
                created_at: row.get(2)?,
                updated_at: row.get(3)?,
                expires_at: row.get(4)?,
            })
        })?
        .collect()
}

impl ListRow {
    /// Returns the data with its times.
    pub(super) fn unpack(self) -> Result<PinnedData, StoreError> {
        let value = unpack(&self.packed, &self.node)?;
        let node = self.node.parse().map_err(|error: crate::workflow::IdError| StoreError::Unreadable {
            what: "pinned data".to_owned(),
            why: error.to_string(),
        })?;
        Ok(PinnedData {
            node,
            value,
            created_at: timestamp(self.created_at),
            updated_at: timestamp(self.updated_at),
            expires_at: self.expires_at.map(timestamp),
        })
    }
}
