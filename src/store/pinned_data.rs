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
    crypt::{Crypt, Place},
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
            .map(|row| row.unpack(self.crypt(), owner))
            .transpose()
    }

    /// Returns what pinned data there is, of one workflow or of all, sorted by workflow and node. None of it is read.
    pub fn list_pinned_data(&self, workflow: Option<WorkflowId>) -> Result<Vec<PinnedDataInfo>, StoreError> {
        let tenant = self.reader().tenant();
        self.reader()
            .read(|connection| list(connection, tenant, workflow, Timestamp::now()))?
            .into_iter()
            .map(|row| row.read(self.crypt()))
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
            let value = change(before.map(|row| row.unpack(self.crypt(), owner)).transpose()?.map(|data| data.value));
            let expires_at = expires_in.map(|time| updated_at.saturating_add(time).unwrap_or(Timestamp::MAX));
            let data = PinnedData { value, created_at, updated_at, expires_at };
            write(transaction, owner, pack(&data.value, self.crypt(), owner)?, &data).map_err(sqlite)?;
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
        let sqlite = |error| self.reader().sqlite(error);
        self.write(|transaction| {
            let rows = rows_of(transaction, tenant, from, Timestamp::now()).map_err(sqlite)?;
            for (node, row) in &rows {
                let sealed = row.resealed(self.crypt(), (tenant, &from.to_string(), node), &to.to_string())?;
                write_row(transaction, (tenant, &to.to_string(), node), &sealed).map_err(sqlite)?;
            }
            Ok(rows.len())
        })
    }
}

/// Returns a value as it lies in the database: its form, the checksum of its bytes, and the bytes; sealed.
fn pack(value: &Value, crypt: &Crypt, owner: Owner<'_>) -> Result<Vec<u8>, StoreError> {
    let bytes = codec::to_bytes(value).map_err(|error| StoreError::Unwritable {
        what: format!("pinned data of {}", owner.node),
        why: error.to_string(),
    })?;
    let mut packed = Vec::with_capacity(33 + bytes.len());
    packed.push(Form::of(value) as u8);
    packed.extend_from_slice(Fingerprint::of_bytes(&bytes).as_bytes());
    packed.extend_from_slice(&bytes);
    let place = (owner.tenant, &*owner.workflow.to_string(), owner.node.as_str());
    Ok(crypt.seal(place_of(place), &packed).into_owned())
}

/// Whose data it is, as the database has it: the tenant, the workflow, the node.
pub(super) type OwnerText<'a> = (&'a str, &'a str, &'a str);

pub(super) const fn place_of((tenant, workflow, node): OwnerText<'_>) -> Place<'_> {
    Place::PinnedData(tenant, workflow, node)
}

/// Returns the value that was packed.
fn unpack(packed: &[u8], crypt: &Crypt, place: OwnerText<'_>) -> Result<Value, StoreError> {
    let unreadable = |why: &str| unreadable(place.2, why);
    let packed = crypt.open(place_of(place), packed).map_err(|why| unreadable(&why))?;
    let Some(([form, checksum @ ..], bytes)) = packed.split_first_chunk::<33>() else {
        return Err(unreadable("it is cut off"));
    };
    if Fingerprint::of_bytes(bytes).as_bytes() != checksum {
        return Err(unreadable("its bytes have changed"));
    }
    let form = Form::from_number(i64::from(*form)).ok_or_else(|| unreadable("its form is unknown"))?;
    codec::decode(form, bytes).map_err(|why| unreadable(&why))
}

/// Makes sure that pinned data is what was written.
pub(super) fn verify(crypt: &Crypt, owner: OwnerText<'_>, packed: &[u8]) -> Result<(), StoreError> {
    unpack(packed, crypt, owner).map(|_| ())
}

fn unreadable(node: &str, why: &str) -> StoreError {
    StoreError::Unreadable {
        what: format!("the pinned data of {node}"),
        why: format!("{why}; clear it to go on without it"),
    }
}

/// A row, not unpacked yet.
struct Row {
    packed: Vec<u8>,
    created_at: i64,
    updated_at: i64,
    expires_at: Option<i64>,
}

impl Row {
    fn unpack(self, crypt: &Crypt, owner: Owner<'_>) -> Result<PinnedData, StoreError> {
        let place = (owner.tenant, &*owner.workflow.to_string(), owner.node.as_str());
        Ok(PinnedData {
            value: unpack(&self.packed, crypt, place)?,
            created_at: timestamp(self.created_at),
            updated_at: timestamp(self.updated_at),
            expires_at: self.expires_at.map(timestamp),
        })
    }

    /// Returns the row as it lies in the same place of another workflow.
    fn resealed(&self, crypt: &Crypt, from: OwnerText<'_>, to: &str) -> Result<Self, StoreError> {
        let packed = crypt.open(place_of(from), &self.packed).map_err(|why| unreadable(from.2, &why))?;
        let packed = crypt.seal(place_of((from.0, to, from.2)), &packed).into_owned();
        Ok(Self { packed, ..*self })
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
fn write(connection: &Connection, owner: Owner<'_>, packed: Vec<u8>, data: &PinnedData) -> rusqlite::Result<()> {
    let row = Row {
        packed,
        created_at: nanos(data.created_at),
        updated_at: nanos(data.updated_at),
        expires_at: data.expires_at.map(nanos),
    };
    write_row(connection, (owner.tenant, &owner.workflow.to_string(), owner.node.as_str()), &row)
}

fn write_row(connection: &Connection, (tenant, workflow, node): OwnerText<'_>, row: &Row) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO node_pinned_data (tenant, workflow_id, node_id, value, created_at, updated_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (tenant, workflow_id, node_id) DO UPDATE SET value = excluded.value,
                 created_at = excluded.created_at, updated_at = excluded.updated_at, expires_at = excluded.expires_at",
        )?
        .execute(params![tenant, workflow, node, row.packed, row.created_at, row.updated_at, row.expires_at])?;
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

/// Returns all of a workflow's data that has not expired, by node.
fn rows_of(
    connection: &Connection,
    tenant: &str,
    workflow: WorkflowId,
    now: Timestamp,
) -> rusqlite::Result<Vec<(String, Row)>> {
    connection
        .prepare(
            "SELECT node_id, value, created_at, updated_at, expires_at FROM node_pinned_data
             WHERE tenant = ?1 AND workflow_id = ?2 AND (expires_at IS NULL OR expires_at > ?3)",
        )?
        .query_map(params![tenant, workflow.to_string(), nanos(now)], |row| {
            let data =
                Row { packed: row.get(1)?, created_at: row.get(2)?, updated_at: row.get(3)?, expires_at: row.get(4)? };
            Ok((row.get(0)?, data))
        })?
        .collect()
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
    fn read(self, crypt: &Crypt) -> Result<PinnedDataInfo, StoreError> {
        let unreadable = |why: String| StoreError::Unreadable { what: "a row of pinned data".to_owned(), why };
        Ok(PinnedDataInfo {
            workflow: self.workflow.parse().map_err(|error: ulid::DecodeError| unreadable(error.to_string()))?,
            node: self.node.parse().map_err(|error: crate::workflow::IdError| unreadable(error.to_string()))?,
            n_bytes: crypt.content_len(self.n_bytes.max(0) as u64),
            created_at: timestamp(self.created_at),
            updated_at: timestamp(self.updated_at),
            expires_at: self.expires_at.map(timestamp),
        })
    }
}
