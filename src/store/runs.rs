//! Runs, their records and baselines as rows.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Value as Cell};
use smallvec::SmallVec;

use super::{
    Effect, NodeRecord, Part, RunHeader, RunId, RunRecord, RunStatus, SessionId, Status, StoreError,
    database::Reader,
    rows::{self, PathRow},
};
use crate::{
    value::Fingerprint,
    workflow::{self, Graph, NodeId, Workflow, WorkflowId},
};

/// A run that begins, ready to be written.
#[derive(Debug)]
pub(super) struct BeginRow {
    header: Box<RunHeader>,
    text_hash: Fingerprint,
    text: String,
    targets: String,
    marks: String,
    unsettled: Vec<NodeId>,
}

/// A node's record, ready to be written.
#[derive(Debug)]
pub(super) struct RecordRow {
    pub(super) session: SessionId,
    pub(super) run: RunId,
    pub(super) node: NodeId,
    pub(super) status: &'static str,
    pub(super) text: String,
    /// Whether the baseline takes it in.
    pub(super) in_baseline: bool,
}

/// Returns nanoseconds since 1970; the database's integers hold the years 1677 to 2262.
pub(super) fn nanos(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(if time < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX })
}

/// Returns the time that so many nanoseconds since 1970 are.
pub(super) fn timestamp(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl BeginRow {
    /// Makes the texts of a run.
    pub(super) fn new(header: Box<RunHeader>, unsettled: Vec<NodeId>) -> Result<Self, StoreError> {
        let unwritable = |why| StoreError::Unwritable { what: format!("the run {}", header.id), why };
        let text = workflow::to_text(&header.workflow);
        Ok(Self {
            text_hash: Fingerprint::of_bytes(text.as_bytes()),
            text,
            targets: rows::to_text(&header.part).map_err(unwritable)?,
            marks: rows::to_text(&header.marks).map_err(unwritable)?,
            unsettled,
            header,
        })
    }

    /// Writes the run, and that the nodes it will settle have no results until then.
    pub(super) fn write(&self, connection: &Connection, instance: &str) -> rusqlite::Result<()> {
        let header = &self.header;
        connection
            .prepare_cached("INSERT INTO workflow_texts (hash, text) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![self.text_hash.as_bytes(), self.text])?;
        connection
            .prepare_cached(
                "INSERT INTO runs (id, session_id, workflow_id, workflow_hash, path, kind, targets, marks, started,
                     took, status, instance)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                header.id.to_string(),
                header.session.to_string(),
                header.workflow_id.to_string(),
                self.text_hash.as_bytes(),
                header.path.as_deref().map_or(Cell::Null, |path| path_cell(path.into())),
                header.kind.name(),
                self.targets,
                self.marks,
                nanos(header.started),
                header.took.map(duration_nanos),
                RunStatus::Running.name(),
                instance,
            ])?;
        let (session, run) = (header.session.to_string(), header.id.to_string());
        for node in &self.unsettled {
            set_baseline(connection, &session, node, &run, false)?;
        }
        Ok(())
    }
}

impl RecordRow {
    /// Writes the record, and that the session's baseline is this one now.
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let run = self.run.to_string();
        connection
            .prepare_cached(
                "INSERT INTO node_records (run_id, node_id, status, record) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (run_id, node_id) DO UPDATE SET status = excluded.status, record = excluded.record",
            )?
            .execute(params![run, self.node.as_str(), self.status, self.text])?;
        if self.in_baseline {
            set_baseline(connection, &self.session.to_string(), &self.node, &run, true)?;
        }
        Ok(())
    }
}

fn set_baseline(
    connection: &Connection,
    session: &str,
    node: &NodeId,
    run: &str,
    settled: bool,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO baseline (session_id, node_id, run_id, settled) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (session_id, node_id) DO UPDATE SET run_id = excluded.run_id, settled = excluded.settled",
        )?
        .execute(params![session, node.as_str(), run, settled])?;
    Ok(())
}

/// Writes how a run ended.
pub(super) fn finish(connection: &Connection, run: RunId, status: RunStatus, took: Duration) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE runs SET status = ?2, took = ?3 WHERE id = ?1")?.execute(params![
        run.to_string(),
        status.name(),
        duration_nanos(took)
    ])?;
    Ok(())
}

/// Writes that runs of dead instances were interrupted.
pub(super) fn interrupt_runs_of_the_dead(
    connection: &Connection,
    is_alive: impl Fn(&str) -> bool,
) -> rusqlite::Result<()> {
    let instances = connection
        .prepare("SELECT DISTINCT instance FROM runs WHERE status = 'Running'")?
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for instance in instances.iter().filter(|instance| !is_alive(instance)) {
        connection.execute(
            "UPDATE runs SET status = ?2 WHERE status = 'Running' AND instance = ?1",
            params![instance, RunStatus::Interrupted.name()],
        )?;
    }
    Ok(())
}

/// Lets a session start from what another one starts from.
pub(super) fn adopt_baseline(connection: &Connection, from: SessionId, to: SessionId) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR REPLACE INTO baseline (session_id, node_id, run_id, settled)
         SELECT ?2, node_id, run_id, settled FROM baseline WHERE session_id = ?1",
        params![from.to_string(), to.to_string()],
    )?;
    Ok(())
}

fn duration_nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn path_cell(path: PathRow) -> Cell {
    match path {
        PathRow::Text(text) => Cell::Text(text),
        PathRow::Bytes(bytes) => Cell::Blob(bytes),
    }
}

const HEADER_COLUMNS: &str = "runs.id, runs.session_id, runs.workflow_id, runs.path, runs.kind, runs.targets, \
     runs.marks, runs.started, runs.took, runs.status, runs.instance, runs.workflow_hash";

/// A run as it lies in the database.
struct HeaderRow {
    id: String,
    session: String,
    workflow_id: String,
    path: Cell,
    kind: String,
    targets: String,
    marks: String,
    started: i64,
    took: Option<i64>,
    status: String,
    instance: String,
    text_hash: [u8; 32],
}

impl HeaderRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            session: row.get(1)?,
            workflow_id: row.get(2)?,
            path: row.get(3)?,
            kind: row.get(4)?,
            targets: row.get(5)?,
            marks: row.get(6)?,
            started: row.get(7)?,
            took: row.get(8)?,
            status: row.get(9)?,
            instance: row.get(10)?,
            text_hash: row.get(11)?,
        })
    }

    /// Returns the run, or what is wrong with its row.
    fn into_header(self, workflow: Arc<Workflow>, is_alive: impl Fn(&str) -> bool) -> Result<RunHeader, String> {
        let status = RunStatus::from_name(&self.status).ok_or_else(|| format!("status {:?}", self.status))?;
        let cut_short = status == RunStatus::Running && !is_alive(&self.instance);
        Ok(RunHeader {
            id: self.id.parse().map_err(|error| format!("id {:?}: {error}", self.id))?,
            session: self.session.parse().map_err(|error| format!("session {:?}: {error}", self.session))?,
            workflow_id: self
                .workflow_id
                .parse()
                .map(WorkflowId)
                .map_err(|error| format!("workflow {:?}: {error}", self.workflow_id))?,
            workflow,
            path: match self.path {
                Cell::Text(text) => Some(PathRow::Text(text).into()),
                Cell::Blob(bytes) => Some(PathBuf::from(PathRow::Bytes(bytes))),
                _ => None,
            },
            kind: super::RunKind::from_name(&self.kind).ok_or_else(|| format!("kind {:?}", self.kind))?,
            part: match rows::from_text::<Vec<NodeId>>(&self.targets) {
                // What older programs wrote: the nodes of a run to here, none for all.
                Ok(targets) if targets.is_empty() => Part::All,
                Ok(targets) => Part::To(targets),
                Err(_) => rows::from_text(&self.targets)?,
            },
            marks: rows::from_text(&self.marks)?,
            started: timestamp(self.started),
            took: self.took.map(|took| Duration::from_nanos(took.max(0) as u64)),
            status: if cut_short { RunStatus::Interrupted } else { status },
        })
    }
}

/// The workflows of runs, each read once.
#[derive(Default)]
struct Workflows(HashMap<[u8; 32], Result<Arc<Workflow>, String>>);

impl Workflows {
    fn get(&mut self, connection: &Connection, hash: [u8; 32]) -> rusqlite::Result<Result<Arc<Workflow>, String>> {
        if let Some(known) = self.0.get(&hash) {
            return Ok(known.clone());
        }
        let text: Option<String> = connection
            .prepare_cached("SELECT text FROM workflow_texts WHERE hash = ?1")?
            .query_row(params![hash], |row| row.get(0))
            .optional()?;
        let workflow = text
            .ok_or_else(|| "its workflow is gone".to_owned())
            .and_then(|text| workflow::parse(&text).map(Arc::new).map_err(|error| error.to_string()));
        self.0.insert(hash, workflow.clone());
        Ok(workflow)
    }

    /// Returns the run of a row, or what is wrong with it.
    fn header(
        &mut self,
        connection: &Connection,
        row: HeaderRow,
        is_alive: impl Fn(&str) -> bool,
    ) -> rusqlite::Result<Result<RunHeader, StoreError>> {
        let what = format!("the run {}", row.id);
        let workflow = self.get(connection, row.text_hash)?;
        Ok(workflow
            .and_then(|workflow| row.into_header(workflow, is_alive))
            .map_err(|why| StoreError::Unreadable { what, why }))
    }
}

/// Returns the newest runs, of one workflow or of all, newest first. One that cannot be read is left out and logged.
pub(super) fn headers(
    connection: &Connection,
    workflow: Option<WorkflowId>,
    limit: usize,
    is_alive: impl Fn(&str) -> bool,
) -> rusqlite::Result<Vec<RunHeader>> {
    let sql = format!(
        "SELECT {HEADER_COLUMNS} FROM runs WHERE ?1 IS NULL OR workflow_id = ?1
         ORDER BY started DESC, id DESC LIMIT ?2"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = connection
        .prepare_cached(&sql)?
        .query_map(params![workflow.map(|id| id.to_string()), limit], HeaderRow::read)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut workflows = Workflows::default();
    let mut headers = Vec::with_capacity(rows.len());
    for row in rows {
        match workflows.header(connection, row, &is_alive)? {
            Ok(header) => headers.push(header),
            Err(error) => tracing::warn!("{error}"),
        }
    }
    Ok(headers)
}

/// Returns a run with its nodes, upstream before downstream.
pub(super) fn run(connection: &Connection, reader: &Reader, run: RunId) -> Result<Option<RunRecord>, StoreError> {
    let sqlite = |error| reader.sqlite(error);
    let sql = format!("SELECT {HEADER_COLUMNS} FROM runs WHERE id = ?1");
    let row = connection
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_row(params![run.to_string()], HeaderRow::read).optional())
        .map_err(sqlite)?;
    let Some(row) = row else { return Ok(None) };
    let is_alive = |instance: &str| reader.is_alive(instance);
    let header = Workflows::default().header(connection, row, is_alive).map_err(sqlite)??;
    let mut nodes = connection
        .prepare_cached("SELECT node_id, record FROM node_records WHERE run_id = ?1 ORDER BY rowid")
        .and_then(|mut statement| {
            statement.query_map(params![run.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
        .map(|rows: Vec<(String, String)>| readable_records(rows, reader))
        .map_err(sqlite)?;
    let graph = Graph::new(&header.workflow);
    nodes.sort_by_key(|record| graph.index(&record.node).unwrap_or(usize::MAX));
    Ok(Some(RunRecord::of_records(header, nodes)))
}

/// Returns the records that can be read; the others are logged.
fn readable_records(rows: Vec<(String, String)>, reader: &Reader) -> Vec<Arc<NodeRecord>> {
    rows.into_iter().filter_map(|(node, text)| readable_record(&node, &text, reader)).collect()
}

fn readable_record(node: &str, text: &str, reader: &Reader) -> Option<Arc<NodeRecord>> {
    rows::record_from_text(text, reader)
        .inspect_err(|why| tracing::warn!("the record of {node} cannot be read: {why}"))
        .ok()
        .map(Arc::new)
}

/// Returns what a session starts from. A node that a run has not settled is interrupted and has no results.
pub(super) fn baseline(
    connection: &Connection,
    reader: &Reader,
    session: SessionId,
) -> rusqlite::Result<Vec<Arc<NodeRecord>>> {
    let settled: Vec<(String, String)> = connection
        .prepare_cached(
            "SELECT node_id, record FROM baseline JOIN node_records USING (run_id, node_id)
             WHERE session_id = ?1 AND settled ORDER BY node_id",
        )?
        .query_map(params![session.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut records = readable_records(settled, reader);
    records.extend(interrupted(connection, session)?);
    Ok(records)
}

fn interrupted(connection: &Connection, session: SessionId) -> rusqlite::Result<Vec<Arc<NodeRecord>>> {
    let rows: Vec<(String, String, [u8; 32])> = connection
        .prepare_cached(
            "SELECT node_id, run_id, workflow_hash FROM baseline JOIN runs ON runs.id = run_id
             WHERE baseline.session_id = ?1 AND NOT settled ORDER BY node_id",
        )?
        .query_map(params![session.to_string()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut workflows = Workflows::default();
    let mut records = Vec::with_capacity(rows.len());
    for (node, run, hash) in rows {
        let workflow = workflows.get(connection, hash)?;
        records.extend(interrupted_record(&node, &run, workflow.as_deref().ok()).map(Arc::new));
    }
    Ok(records)
}

/// Returns the record of a node that was never settled. Nothing is known of it but what it was.
fn interrupted_record(node: &str, run: &str, workflow: Option<&Workflow>) -> Option<NodeRecord> {
    let node: NodeId = node.parse().ok()?;
    let unknown = Fingerprint::from_bytes([0; 32]);
    Some(NodeRecord {
        run: run.parse().ok()?,
        as_it_was: Arc::clone(workflow?.node(&node)?),
        node,
        status: Status::Interrupted,
        reasons: Arc::default(),
        config: unknown,
        recipe: unknown,
        inputs: SmallVec::new(),
        results: None,
        provenance: None,
        started: None,
        took: None,
        attempts: Vec::new(),
        log: Vec::new(),
        sources: Vec::new(),
        effect: Effect::None,
        released: None,
        warnings: Vec::new(),
    })
}
