//! Runs and their records as rows.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    sync::{Arc, Weak},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Value as Cell};

use super::{
    NodeRecord, Part, RunHeader, RunId, RunRecord, RunStatus, SessionId, StoreError, baseline,
    crypt::{Crypt, Place},
    database::Reader,
    past_node::PastWorkflow,
    queue::Begin,
    record_bytes::{Decoder, Of},
    reused::{self, ReusedSet},
    rows::{self, PathRow},
    workflow_bytes,
};
use crate::{
    value::Fingerprint,
    workflow::{Graph, NodeId, Workflow, WorkflowId},
};

/// How many bits of a record's id are its place among its run's records.
pub(super) const PLACE_BITS: u32 = 32;

/// Returns the id of the record at a place of a run; place 0 is before all of them.
pub(super) const fn record_id(run: i64, place: i64) -> i64 {
    (run << PLACE_BITS) | place
}

/// Returns the number of the run that a record's id is of, and its place.
pub(super) const fn run_and_place(record: i64) -> (i64, i64) {
    (record >> PLACE_BITS, record & ((1 << PLACE_BITS) - 1))
}

/// A run that begins, ready to be written.
pub(super) struct BeginRow {
    header: RunHeader,
    workflow: WorkflowRow,
    targets: String,
    options: String,
    marks: String,
    pub(super) unsettled: Vec<NodeId>,
    unsettled_bytes: Option<Vec<u8>>,
    pub(super) reused: Option<ReusedSet>,
}

/// The workflow of a run, ready to be written if it is not there.
pub(super) struct WorkflowRow {
    hash: Fingerprint,
    /// Made already, if it had to be looked at to know the hash.
    bytes: Option<Vec<u8>>,
}

/// The workflow that was written last: a session's runs mostly are of the same one.
#[derive(Default)]
pub(super) struct LastWorkflow(Option<(Weak<Workflow>, Fingerprint)>);

impl LastWorkflow {
    fn row(&mut self, workflow: &Arc<Workflow>, crypt: &Crypt) -> Result<WorkflowRow, String> {
        if let Some((last, hash)) = &self.0
            && std::ptr::eq(last.as_ptr(), Arc::as_ptr(workflow))
        {
            return Ok(WorkflowRow { hash: *hash, bytes: None });
        }
        let bytes = workflow_bytes::to_bytes(workflow)?;
        let hash = crypt.name_of_content(&bytes);
        self.0 = Some((Arc::downgrade(workflow), hash));
        Ok(WorkflowRow { hash, bytes: Some(bytes) })
    }
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
    /// Makes the bytes of a run.
    pub(super) fn new(begin: Begin, last: &mut LastWorkflow, crypt: &Crypt) -> Result<Self, StoreError> {
        let Begin { header, unsettled, reused } = begin;
        let unwritable = |why| StoreError::Unwritable { what: format!("the run {}", header.id), why };
        Ok(Self {
            workflow: last.row(&header.workflow, crypt).map_err(unwritable)?,
            targets: rows::to_text(&header.part).map_err(unwritable)?,
            options: rows::to_text(&header.options).map_err(unwritable)?,
            marks: rows::to_text(&header.marks).map_err(unwritable)?,
            unsettled_bytes: baseline::list_to_bytes(&unsettled).map_err(unwritable)?,
            reused: ReusedSet::new(reused()).map_err(unwritable)?,
            unsettled,
            header,
        })
    }

    /// Returns the run.
    pub(super) const fn run(&self) -> RunId {
        self.header.id
    }

    /// Returns the session the run belongs to.
    pub(super) const fn session(&self) -> SessionId {
        self.header.session
    }

    /// Writes the run, that the nodes it will settle have no results until then, and what it reuses; returns its number.
    pub(super) fn write(
        &self,
        connection: &Connection,
        crypt: &Crypt,
        instance: &str,
        session: i64,
    ) -> rusqlite::Result<i64> {
        let header = &self.header;
        let workflow = self.write_workflow(connection, crypt)?;
        let reused = self.reused.as_ref().map(|set| set.write(connection)).transpose()?;
        connection
            .prepare_cached(
                "INSERT INTO runs (id, session, workflow_id, workflow, path, kind, targets, marks, started, took, status,
                     instance, unsettled, reused, options, n_marks)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            )?
            .insert(params![
                header.id.to_string(),
                session,
                header.workflow_id.to_string(),
                workflow,
                header.path.as_deref().map_or(Cell::Null, |path| path_cell(path.into(), crypt, header.id)),
                header.kind.name(),
                self.targets,
                self.marks,
                nanos(header.started),
                header.took.map(duration_nanos),
                RunStatus::Running.name(),
                instance,
                self.unsettled_bytes,
                reused,
                self.options,
                header.marks.len().cast_signed() as i64,
            ])
    }

    fn write_workflow(&self, connection: &Connection, crypt: &Crypt) -> rusqlite::Result<i64> {
        let known = connection
            .prepare_cached("SELECT number FROM workflows WHERE hash = ?1")?
            .query_row(params![self.workflow.hash.as_bytes()], |row| row.get(0))
            .optional()?;
        if let Some(number) = known {
            return Ok(number);
        }
        let bytes = match &self.workflow.bytes {
            Some(bytes) => Cow::Borrowed(&bytes[..]),
            None => workflow_bytes::to_bytes(&self.header.workflow)
                .map(Cow::Owned)
                .map_err(|why| rusqlite::Error::ToSqlConversionFailure(why.into()))?,
        };
        let cell = crypt.seal(Place::Workflow(&self.workflow.hash), &bytes);
        connection
            .prepare_cached("INSERT INTO workflows (hash, bytes) VALUES (?1, ?2)")?
            .insert(params![self.workflow.hash.as_bytes(), &cell[..]])
    }
}

/// Returns the sessions that have runs or start from some.
pub(super) fn sessions(connection: &Connection) -> rusqlite::Result<BTreeSet<SessionId>> {
    let mut statement = connection.prepare_cached("SELECT id FROM sessions")?;
    let ids = statement.query_map(params![], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

/// Returns the number of a session, making it if it has none.
pub(super) fn number_session(connection: &Connection, session: SessionId) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("INSERT INTO sessions (id) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute(params![session.to_string()])?;
    connection
        .prepare_cached("SELECT number FROM sessions WHERE id = ?1")?
        .query_row(params![session.to_string()], |row| row.get(0))
}

/// Returns the number of a run.
pub(super) fn number_of_run(connection: &Connection, run: RunId) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT number FROM runs WHERE id = ?1")?
        .query_row(params![run.to_string()], |row| row.get(0))
}

/// Returns the place of a run's last record, 0 if it has none.
pub(super) fn last_place(connection: &Connection, run: i64) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(id), ?1) FROM node_records WHERE id BETWEEN ?1 AND ?2")?
        .query_row(params![record_id(run, 0), record_id(run + 1, 0) - 1], |row| row.get(0))
        .map(|id| run_and_place(id).1)
}

/// Writes how a run ended, and whether it settled all it was to settle.
pub(super) fn finish(
    connection: &Connection,
    run: RunId,
    (status, took): (RunStatus, Duration),
    all_settled: bool,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE runs SET status = ?2, took = ?3, unsettled = iif(?4, NULL, unsettled) WHERE id = ?1")?
        .execute(params![run.to_string(), status.name(), duration_nanos(took), all_settled])?;
    Ok(())
}

/// Returns the instances that have runs going on and are dead.
pub(super) fn dead_instances(
    connection: &Connection,
    is_alive: impl Fn(&str) -> bool,
) -> rusqlite::Result<Vec<String>> {
    let mut instances = connection
        .prepare("SELECT DISTINCT instance FROM runs WHERE status = 'Running'")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    instances.retain(|instance| !is_alive(instance));
    Ok(instances)
}

/// Writes that the runs of instances were interrupted.
pub(super) fn interrupt_runs_of(connection: &Connection, instances: &[String]) -> rusqlite::Result<()> {
    for instance in instances {
        connection.execute(
            "UPDATE runs SET status = ?2 WHERE status = 'Running' AND instance = ?1",
            params![instance, RunStatus::Interrupted.name()],
        )?;
    }
    Ok(())
}

/// Returns a duration as the database holds it.
pub(super) fn duration_nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Returns a path as the database holds it: sealed it begins with a byte that says whether it is Unicode.
fn path_cell(path: PathRow, crypt: &Crypt, run: RunId) -> Cell {
    match (path, crypt.is_sealed()) {
        (PathRow::Text(text), false) => Cell::Text(text),
        (PathRow::Bytes(bytes), false) => Cell::Blob(bytes),
        (PathRow::Text(text), true) => sealed_path(UNICODE, text.as_bytes(), crypt, run),
        (PathRow::Bytes(bytes), true) => sealed_path(OTHER, &bytes, crypt, run),
    }
}

/// Returns what was run, from its text.
pub(super) fn part_from_text(text: &str) -> Result<Part, String> {
    // What nearly all runs are; and what older programs wrote: the nodes of a run to here, none for all.
    if text == "All" || text == "[]" {
        return Ok(Part::All);
    }
    match rows::from_text::<Vec<NodeId>>(text) {
        Ok(targets) => Ok(Part::To(targets)),
        Err(_) => rows::from_text(text),
    }
}

const UNICODE: u8 = 1;
const OTHER: u8 = 0;

fn sealed_path(form: u8, bytes: &[u8], crypt: &Crypt, run: RunId) -> Cell {
    Cell::Blob(crypt.seal(Place::Path(run), &[&[form], bytes].concat()).into_owned())
}

/// Returns the path that a cell holds, if it holds one.
pub(super) fn path_of_cell(cell: Cell, crypt: &Crypt, run: RunId) -> Result<Option<PathRow>, String> {
    let bytes = match cell {
        Cell::Text(text) => return Ok(Some(PathRow::Text(text))),
        Cell::Blob(bytes) if !crypt.is_sealed() => return Ok(Some(PathRow::Bytes(bytes))),
        Cell::Blob(bytes) => bytes,
        _ => return Ok(None),
    };
    let content = crypt.open(Place::Path(run), &bytes)?;
    match content.split_first() {
        Some((&UNICODE, text)) => {
            String::from_utf8(text.to_vec()).map(PathRow::Text).map(Some).map_err(|error| error.to_string())
        }
        Some((_, bytes)) => Ok(Some(PathRow::Bytes(bytes.to_vec()))),
        None => Ok(None),
    }
}

/// Returns the cell of a path as another key makes it.
pub(super) fn reseal_path(cell: Cell, run: RunId, old: &Crypt, new: &Crypt) -> Result<Cell, String> {
    Ok(path_of_cell(cell, old, run)?.map_or(Cell::Null, |path| path_cell(path, new, run)))
}

const HEADER_COLUMNS: &str = "runs.id, sessions.id, runs.workflow_id, runs.path, runs.kind, runs.targets, \
     runs.marks, runs.started, runs.took, runs.status, runs.instance, runs.workflow, runs.number, runs.reused, runs.options";

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
    /// The workflow's number.
    workflow: i64,
    number: i64,
    reused: Option<i64>,
    /// Nothing if an older program wrote it.
    options: Option<String>,
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
            workflow: row.get(11)?,
            number: row.get(12)?,
            reused: row.get(13)?,
            options: row.get(14)?,
        })
    }

    /// Returns the run, or what is wrong with its row.
    fn into_header(
        self,
        workflow: Arc<Workflow>,
        crypt: &Crypt,
        is_alive: impl Fn(&str) -> bool,
    ) -> Result<RunHeader, String> {
        let status = RunStatus::from_name(&self.status).ok_or_else(|| format!("status {:?}", self.status))?;
        let cut_short = status == RunStatus::Running && !is_alive(&self.instance);
        let id = self.id.parse().map_err(|error| format!("id {:?}: {error}", self.id))?;
        Ok(RunHeader {
            id,
            session: self.session.parse().map_err(|error| format!("session {:?}: {error}", self.session))?,
            workflow_id: self
                .workflow_id
                .parse()
                .map(WorkflowId)
                .map_err(|error| format!("workflow {:?}: {error}", self.workflow_id))?,
            workflow,
            path: path_of_cell(self.path, crypt, id)?.map(PathBuf::from),
            kind: super::RunKind::from_name(&self.kind).ok_or_else(|| format!("kind {:?}", self.kind))?,
            part: part_from_text(&self.targets)?,
            options: self.options.as_deref().map(rows::from_text).transpose()?.unwrap_or_default(),
            marks: rows::from_text(&self.marks)?,
            started: timestamp(self.started),
            took: self.took.map(|took| Duration::from_nanos(took.max(0) as u64)),
            status: if cut_short { RunStatus::Interrupted } else { status },
        })
    }
}

/// The workflows of runs, each read once.
#[derive(Default)]
struct Workflows(HashMap<i64, Result<Arc<Workflow>, String>>);

/// Returns the workflow of a number, or what is wrong with it.
pub(super) fn workflow(
    connection: &Connection,
    crypt: &Crypt,
    number: i64,
) -> rusqlite::Result<Result<Arc<Workflow>, String>> {
    let mut statement = connection.prepare_cached("SELECT bytes, hash FROM workflows WHERE number = ?1")?;
    let mut rows = statement.query(params![number])?;
    Ok(match rows.next()? {
        Some(row) => {
            let hash = row.get_ref(1)?.as_blob()?;
            // What an older program wrote may have a shorter hash; nothing was sealed then.
            let name = Fingerprint::from_bytes(hash.try_into().unwrap_or_default());
            crypt
                .open(Place::Workflow(&name), row.get_ref(0)?.as_blob()?)
                .and_then(|bytes| workflow_bytes::from_bytes(&bytes))
                .map(Arc::new)
        }
        None => Err("its workflow is gone".to_owned()),
    })
}

impl Workflows {
    fn get(
        &mut self,
        connection: &Connection,
        crypt: &Crypt,
        number: i64,
    ) -> rusqlite::Result<Result<Arc<Workflow>, String>> {
        if let Some(known) = self.0.get(&number) {
            return Ok(known.clone());
        }
        let workflow = workflow(connection, crypt, number)?;
        self.0.insert(number, workflow.clone());
        Ok(workflow)
    }

    /// Returns the run of a row, or what is wrong with it.
    fn header(
        &mut self,
        connection: &Connection,
        crypt: &Crypt,
        row: HeaderRow,
        is_alive: impl Fn(&str) -> bool,
    ) -> rusqlite::Result<Result<RunHeader, StoreError>> {
        let what = format!("the run {}", row.id);
        let workflow = self.get(connection, crypt, row.workflow)?;
        Ok(workflow
            .and_then(|workflow| row.into_header(workflow, crypt, is_alive))
            .map_err(|why| StoreError::Unreadable { what, why }))
    }
}

/// Returns the newest runs, of one workflow or of all, newest first. One that cannot be read is left out and logged.
pub(super) fn headers(
    connection: &Connection,
    crypt: &Crypt,
    workflow: Option<WorkflowId>,
    limit: usize,
    is_alive: impl Fn(&str) -> bool,
) -> rusqlite::Result<Vec<RunHeader>> {
    let sql = format!(
        "SELECT {HEADER_COLUMNS} FROM runs JOIN sessions ON sessions.number = session
         WHERE swept = 0 AND (?1 IS NULL OR workflow_id = ?1) ORDER BY started DESC, runs.id DESC LIMIT ?2"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = connection
        .prepare_cached(&sql)?
        .query_map(params![workflow.map(|id| id.to_string()), limit], HeaderRow::read)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut workflows = Workflows::default();
    let mut headers = Vec::with_capacity(rows.len());
    for row in rows {
        match workflows.header(connection, crypt, row, &is_alive)? {
            Ok(header) => headers.push(header),
            Err(error) => tracing::warn!("{error}"),
        }
    }
    Ok(headers)
}

/// What of a run cannot be read.
pub(super) enum Wrong {
    /// The run itself, or its workflow.
    Run(String),
    /// One of its records, by its id.
    Record(i64, String),
    /// What it reuses.
    Reused(String),
}

/// Returns what of a run cannot be read.
pub(super) fn verify(connection: &Connection, reader: &Reader, run: RunId) -> rusqlite::Result<Vec<Wrong>> {
    let sql =
        format!("SELECT {HEADER_COLUMNS} FROM runs JOIN sessions ON sessions.number = session WHERE runs.id = ?1");
    let row = connection.prepare_cached(&sql)?.query_row(params![run.to_string()], HeaderRow::read).optional()?;
    let Some(row) = row else { return Ok(vec![Wrong::Run(format!("the run {run} has no session"))]) };
    let (number, workflow, reused) = (row.number, row.workflow, row.reused);
    let header = match Workflows::default().header(connection, reader.crypt(), row, |_| true)? {
        Ok(header) => header,
        Err(error) => return Ok(vec![Wrong::Run(error.to_string())]),
    };
    let workflow = Arc::new(PastWorkflow::at_hand(workflow, reader.clone(), header.workflow));
    let mut wrong = Vec::new();
    let unreadable = |id, why| {
        let what = format!("a record of the run {run}");
        wrong.push(Wrong::Record(id, StoreError::Unreadable { what, why }.to_string()));
    };
    records_of(connection, reader, number, &Of { run, workflow }, unreadable)?;
    if let Some(Err(error)) = reused.map(|set| reused::verify(connection, reader, set, run)) {
        wrong.push(Wrong::Reused(error.to_string()));
    }
    Ok(wrong)
}

/// Returns a run with its nodes, upstream before downstream.
pub(super) fn run(connection: &Connection, reader: &Reader, run: RunId) -> Result<Option<RunRecord>, StoreError> {
    let sqlite = |error| reader.sqlite(error);
    // All is read as it stood at one moment.
    let transaction = connection.unchecked_transaction().map_err(sqlite)?;
    let sql = format!(
        "SELECT {HEADER_COLUMNS} FROM runs JOIN sessions ON sessions.number = session WHERE runs.id = ?1 AND swept = 0"
    );
    let row = transaction
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_row(params![run.to_string()], HeaderRow::read).optional())
        .map_err(sqlite)?;
    let Some(row) = row else { return Ok(None) };
    let (number, workflow, reused) = (row.number, row.workflow, row.reused);
    let is_alive = |instance: &str| reader.is_alive(instance);
    let header = Workflows::default().header(&transaction, reader.crypt(), row, is_alive).map_err(sqlite)??;
    let workflow = Arc::new(PastWorkflow::at_hand(workflow, reader.clone(), Arc::clone(&header.workflow)));
    let mut records = own_records(&transaction, reader, number, &Of { run, workflow }).map_err(sqlite)?;
    if let Some(set) = reused {
        reused::add_records(&transaction, reader, set, run, &mut records)?;
    }
    let graph = Graph::new(&header.workflow);
    let mut nodes: Vec<_> = records.into_values().map(Arc::new).collect();
    nodes.sort_by_cached_key(|record| (graph.index(&record.node).unwrap_or(usize::MAX), record.node.clone()));
    Ok(Some(RunRecord::of_records(header, nodes)))
}

/// Returns the records that a run settled itself, the newest of each node. One that cannot be read is left out and logged.
fn own_records(
    connection: &Connection,
    reader: &Reader,
    number: i64,
    of: &Of,
) -> rusqlite::Result<HashMap<NodeId, NodeRecord>> {
    let log = |_id, why| tracing::warn!("a record of the run {} cannot be read: {why}", of.run);
    records_of(connection, reader, number, of, log)
}

/// Returns the records that a run settled itself, the newest of each node. `unreadable` is told the id of others, and why.
fn records_of(
    connection: &Connection,
    reader: &Reader,
    number: i64,
    of: &Of,
    mut unreadable: impl FnMut(i64, String),
) -> rusqlite::Result<HashMap<NodeId, NodeRecord>> {
    let mut statement =
        connection.prepare_cached("SELECT record, id FROM node_records WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    let mut rows = statement.query(params![record_id(number, 1), record_id(number + 1, 0) - 1])?;
    let decoder = Decoder::new(reader);
    let mut records = HashMap::new();
    while let Some(row) = rows.next()? {
        let id = row.get(1)?;
        let record = reader.crypt().open(Place::Record(id), row.get_ref(0)?.as_bytes()?);
        match record.and_then(|bytes| decoder.record(&bytes, of)) {
            Ok(record) => {
                records.insert(record.node.clone(), record);
            }
            Err(why) => unreadable(id, why),
        }
    }
    Ok(records)
}
