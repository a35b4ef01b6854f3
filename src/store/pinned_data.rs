//! Pinned data: the durable memory of nodes, one row for each (tenant, workflow, node).
//!
//! Every call is about the data of the store's tenant and of nobody else.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError,
    codec::{self, Form},
    runs::{nanos, timestamp},
};
use crate::{
    value::{Fingerprint, Value},
    workflow::{NodeId, WorkflowId},
};

/// What a step of the schema adds: what has expired is found without going through all data.
pub(super) const EXPIRY_INDEX: &str = "
CREATE INDEX pinned_data_that_expires ON node_pinned_data (expires_at) WHERE expires_at IS NOT NULL;
";

/// A node's pinned data, with its times.
#[derive(Clone, Debug, PartialEq)]
pub struct PinnedData {
    /// The data.
    pub value: Value,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// From when on it is gone.
    pub expires_at: Option<Timestamp>,
}

/// What is known of a node's pinned data without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedDataInfo {
    /// The workflow.
    pub workflow: WorkflowId,
    /// The node.
    pub node: NodeId,
    /// How many bytes it takes.
    pub n_bytes: u64,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// From when on it is gone.
    pub expires_at: Option<Timestamp>,
}

/// What a node did to its own pinned data in a run: the last of it, if it did several things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PinnedChange {
    /// It stored a value.
    Stored {
        /// The value, which is kept as it was then.
        value: Fingerprint,
        /// The value in one line.
        preview: String,
        /// When.
        at: Timestamp,
        /// From when on it was to be gone.
        expires_at: Option<Timestamp>,
    },
    /// It cleared it.
    Cleared {
        /// When.
        at: Timestamp,
    },
}

impl PinnedChange {
    /// Returns when it was.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Stored { at, .. } | Self::Cleared { at } => *at,
        }
    }
}

impl fmt::Display for PinnedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored { preview, .. } => write!(f, "stored as pinned data: {preview}"),
            Self::Cleared { .. } => f.write_str("cleared its pinned data"),
        }
    }
}

/// Whose data it is: a node of a workflow of a tenant.
#[derive(Clone, Copy, Debug)]
struct Owner<'a> {
    tenant: &'a str,
    workflow: WorkflowId,
    node: &'a NodeId,
}

impl Store {
    fn owner<'a>(&'a self, workflow: WorkflowId, node: &'a NodeId) -> Owner<'a> {
        Owner { tenant: self.reader().tenant(), workflow, node }
    }

    /// Returns a node's pinned data, unless there is none or it has expired.
    pub fn pinned_data(&self, workflow: WorkflowId, node: &NodeId) -> Result<Option<PinnedData>, StoreError> {
        let owner = self.owner(workflow, node);
        self.reader()
            .read(|connection| read(connection, owner, Timestamp::now()))?
            .map(|row| row.unpack(node))
            .transpose()
    }

    /// Returns what pinned data there is, of one workflow or of all, sorted by workflow and node. None of it is read.
    pub fn list_pinned_data(&self, workflow: Option<WorkflowId>) -> Result<Vec<PinnedDataInfo>, StoreError> {
        let tenant = self.reader().tenant();
        self.reader()
            .read(|connection| list(connection, tenant, workflow, Timestamp::now()))?
            .into_iter()
            .map(ListRow::read)
            .collect()
    }

    /// Reads, changes and writes a node's pinned data in one transaction; returns what was written. Nobody else can write
    /// meanwhile, so `change` should be quick, and must not write to the store itself.
    pub fn update_pinned_data(
        &self,
        workflow: WorkflowId,
        node: &NodeId,
        expires_in: Option<Duration>,
        change: &mut dyn FnMut(Option<Value>) -> Value,
    ) -> Result<PinnedData, StoreError> {
        let owner = self.owner(workflow, node);
        let sqlite = |error| self.reader().sqlite(error);
        self.write(|transaction| {
            let updated_at = Timestamp::now();
            let before = read(transaction, owner, updated_at).map_err(sqlite)?;
            let created_at = before.as_ref().map_or(updated_at, |row| timestamp(row.created_at));
            let value = change(before.map(|row| row.unpack(node)).transpose()?.map(|data| data.value));
            let expires_at = expires_in.map(|time| updated_at.saturating_add(time).unwrap_or(Timestamp::MAX));
            let data = PinnedData { value, created_at, updated_at, expires_at };
            write(transaction, owner, &pack(&data.value, node)?, &data).map_err(sqlite)?;
            Ok(data)
        })
    }

    /// Removes the pinned data of these nodes of a workflow; returns of how many there was any.
    pub fn clear_pinned_data(&self, workflow: WorkflowId, nodes: &[NodeId]) -> Result<usize, StoreError> {
        self.write(|transaction| {
            let mut n_cleared = 0;
            for node in nodes {
                n_cleared +=
                    clear(transaction, self.owner(workflow, node)).map_err(|error| self.reader().sqlite(error))?;
            }
            Ok(n_cleared)
        })
    }

    /// Removes the pinned data of all nodes of a workflow, or of all workflows; returns of how many nodes there was any.
    pub fn clear_all_pinned_data(&self, workflow: Option<WorkflowId>) -> Result<usize, StoreError> {
        let tenant = self.reader().tenant();
        self.write(|transaction| clear_all(transaction, tenant, workflow).map_err(|error| self.reader().sqlite(error)))
    }

    /// Gives a workflow a copy of another one's pinned data, in place of what it has for the same nodes; returns of how many
    /// nodes there was any.
    pub fn copy_pinned_data(&self, from: WorkflowId, to: WorkflowId) -> Result<usize, StoreError> {
        let tenant = self.reader().tenant();
        self.write(|transaction| {
            copy(transaction, tenant, from, to, Timestamp::now()).map_err(|error| self.reader().sqlite(error))
        })
    }
}

/// Returns a value as it lies in the database: its form, the checksum of its bytes, and the bytes.
fn pack(value: &Value, node: &NodeId) -> Result<Vec<u8>, StoreError> {
    let bytes = codec::to_bytes(value)
        .map_err(|error| StoreError::Unwritable { what: format!("pinned data of {node}"), why: error.to_string() })?;
    let mut packed = Vec::with_capacity(33 + bytes.len());
    packed.push(Form::of(value) as u8);
    packed.extend_from_slice(Fingerprint::of_bytes(&bytes).as_bytes());
    packed.extend_from_slice(&bytes);
    Ok(packed)
}

/// Returns the value that was packed.
fn unpack(packed: &[u8], node: &str) -> Result<Value, StoreError> {
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

/// A row, not unpacked yet.
struct Row {
    packed: Vec<u8>,
    created_at: i64,
    updated_at: i64,
    expires_at: Option<i64>,
}

impl Row {
    fn unpack(self, node: &NodeId) -> Result<PinnedData, StoreError> {
        Ok(PinnedData {
            value: unpack(&self.packed, node.as_str())?,
            created_at: timestamp(self.created_at),
            updated_at: timestamp(self.updated_at),
            expires_at: self.expires_at.map(timestamp),
        })
    }
}

/// Returns a node's row, unless there is none or it has expired.
fn read(connection: &Connection, owner: Owner<'_>, now: Timestamp) -> rusqlite::Result<Option<Row>> {
    connection
        .prepare_cached(
            "SELECT value, created_at, updated_at, expires_at FROM node_pinned_data
             WHERE tenant = ?1 AND workflow_id = ?2 AND node_id = ?3 AND (expires_at IS NULL OR expires_at > ?4)",
        )?
        .query_row(params![owner.tenant, owner.workflow.to_string(), owner.node.as_str(), nanos(now)], |row| {
            Ok(Row { packed: row.get(0)?, created_at: row.get(1)?, updated_at: row.get(2)?, expires_at: row.get(3)? })
        })
        .optional()
}

/// Writes a node's data in place of what was there.
fn write(connection: &Connection, owner: Owner<'_>, packed: &[u8], data: &PinnedData) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO node_pinned_data (tenant, workflow_id, node_id, value, created_at, updated_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (tenant, workflow_id, node_id) DO UPDATE SET value = excluded.value,
                 created_at = excluded.created_at, updated_at = excluded.updated_at, expires_at = excluded.expires_at",
        )?
        .execute(params![
            owner.tenant,
            owner.workflow.to_string(),
            owner.node.as_str(),
            packed,
            nanos(data.created_at),
            nanos(data.updated_at),
            data.expires_at.map(nanos),
        ])?;
    Ok(())
}

fn clear(connection: &Connection, owner: Owner<'_>) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("DELETE FROM node_pinned_data WHERE tenant = ?1 AND workflow_id = ?2 AND node_id = ?3")?
        .execute(params![owner.tenant, owner.workflow.to_string(), owner.node.as_str()])
}

fn clear_all(connection: &Connection, tenant: &str, workflow: Option<WorkflowId>) -> rusqlite::Result<usize> {
    connection.execute(
        "DELETE FROM node_pinned_data WHERE tenant = ?1 AND (?2 IS NULL OR workflow_id = ?2)",
        params![tenant, workflow.map(|workflow| workflow.to_string())],
    )
}

fn copy(
    connection: &Connection,
    tenant: &str,
    from: WorkflowId,
    to: WorkflowId,
    now: Timestamp,
) -> rusqlite::Result<usize> {
    connection.execute(
        "INSERT OR REPLACE INTO node_pinned_data
             (tenant, workflow_id, node_id, value, created_at, updated_at, expires_at)
         SELECT tenant, ?3, node_id, value, created_at, updated_at, expires_at FROM node_pinned_data
         WHERE tenant = ?1 AND workflow_id = ?2 AND (expires_at IS NULL OR expires_at > ?4)",
        params![tenant, from.to_string(), to.to_string(), nanos(now)],
    )
}

/// Returns whether anything has expired, whoever's it is.
pub(super) fn has_expired(connection: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM node_pinned_data WHERE expires_at <= ?1)")?
        .query_one(params![nanos(now)], |row| row.get(0))
}

/// Removes what has expired, whoever's it is.
pub(super) fn sweep(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM node_pinned_data WHERE expires_at <= ?1")?.execute(params![nanos(now)])?;
    Ok(())
}

/// A row of a list.
struct ListRow {
    workflow: String,
    node: String,
    n_bytes: i64,
    created_at: i64,
    updated_at: i64,
    expires_at: Option<i64>,
}

fn list(
    connection: &Connection,
    tenant: &str,
    workflow: Option<WorkflowId>,
    now: Timestamp,
) -> rusqlite::Result<Vec<ListRow>> {
    connection
        .prepare_cached(
            "SELECT workflow_id, node_id, length(value), created_at, updated_at, expires_at FROM node_pinned_data
             WHERE tenant = ?1 AND (?2 IS NULL OR workflow_id = ?2) AND (expires_at IS NULL OR expires_at > ?3)
             ORDER BY workflow_id, node_id",
        )?
        .query_map(params![tenant, workflow.map(|workflow| workflow.to_string()), nanos(now)], |row| {
            Ok(ListRow {
                workflow: row.get(0)?,
                node: row.get(1)?,
                n_bytes: row.get(2)?,
                created_at: row.get(3)?,
                updated_at: row.get(4)?,
                expires_at: row.get(5)?,
            })
        })?
        .collect()
}

impl ListRow {
    fn read(self) -> Result<PinnedDataInfo, StoreError> {
        let unreadable = |why: String| StoreError::Unreadable { what: "a row of pinned data".to_owned(), why };
        Ok(PinnedDataInfo {
            workflow: self.workflow.parse().map_err(|error: ulid::DecodeError| unreadable(error.to_string()))?,
            node: self.node.parse().map_err(|error: crate::workflow::IdError| unreadable(error.to_string()))?,
            n_bytes: self.n_bytes.max(0) as u64,
            created_at: timestamp(self.created_at),
            updated_at: timestamp(self.updated_at),
            expires_at: self.expires_at.map(timestamp),
        })
    }
}
