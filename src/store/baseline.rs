//! What a session starts from: the newest settled record of each node.
//!
//! A row of the baseline tells where a node's newest record lies. That a run has begun to settle nodes is told by the run's
//! own row, all at once: a node it was to settle whose row of the baseline is older has no results.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    Effect, NodeRecord, PastNode, RunId, SessionId, Status,
    database::Reader,
    past_node::PastWorkflow,
    record_bytes::{Decoder, Of},
    runs::{record_id, run_and_place},
};
use crate::{value::Fingerprint, workflow::NodeId};

/// The statement that makes a record the newest of its node in a session.
pub(super) const SET: &str = "INSERT INTO baseline (session, node, record) VALUES (?1, ?2, ?3)
     ON CONFLICT (session, node) DO UPDATE SET record = excluded.record";

/// Records are read in one go if no more than this many others lie between them.
const MAX_GAP: i64 = 16;

/// Returns nodes as bytes, or why they cannot be written; none for no nodes.
pub(super) fn list_to_bytes(nodes: &[NodeId]) -> Result<Option<Vec<u8>>, String> {
    if nodes.is_empty() {
        return Ok(None);
    }
    let texts: Vec<&str> = nodes.iter().map(NodeId::as_str).collect();
    postcard::to_stdvec(&texts).map(Some).map_err(|error| error.to_string())
}

/// Returns the nodes that bytes stand for.
fn list_from_bytes(bytes: &[u8]) -> Vec<&str> {
    postcard::from_bytes(bytes).unwrap_or_else(|error| {
        tracing::warn!("which nodes a run was to settle cannot be read: {error}");
        Vec::new()
    })
}

/// What records of different runs need to be read, each run looked up once.
struct Runs<'a> {
    connection: &'a Connection,
    reader: &'a Reader,
    known: HashMap<i64, Option<Of>>,
    workflows: HashMap<i64, Arc<PastWorkflow>>,
}

impl<'a> Runs<'a> {
    fn new(connection: &'a Connection, reader: &'a Reader) -> Self {
        Self { connection, reader, known: HashMap::new(), workflows: HashMap::new() }
    }

    /// Returns what the records of a run share; `None` if the run is gone.
    fn get(&mut self, number: i64) -> rusqlite::Result<Option<Of>> {
        if let Some(known) = self.known.get(&number) {
            return Ok(known.clone());
        }
        let row: Option<(String, i64)> = self
            .connection
            .prepare_cached("SELECT id, workflow FROM runs WHERE number = ?1")?
            .query_row(params![number], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let of = row.and_then(|(id, workflow)| {
            let run: RunId = id.parse().ok()?;
            let reader = self.reader;
            let workflow =
                self.workflows.entry(workflow).or_insert_with(|| Arc::new(PastWorkflow::new(workflow, reader.clone())));
            Some(Of { run, workflow: Arc::clone(workflow) })
        });
        self.known.insert(number, of.clone());
        Ok(of)
    }
}

/// Returns what a session starts from, sorted by node, then what was interrupted.
pub(super) fn read(
    connection: &Connection,
    reader: &Reader,
    session: SessionId,
) -> rusqlite::Result<Vec<Arc<NodeRecord>>> {
    // All is read as it stood at one moment.
    let transaction = connection.unchecked_transaction()?;
    let Some(session) = number_of_session(&transaction, session)? else { return Ok(Vec::new()) };
    let Standing { settled, interrupted } = standing(&transaction, session)?;
    let mut runs = Runs::new(&transaction, reader);
    let mut records = settled_records(&transaction, reader, settled, &mut runs)?;
    for (node, run) in interrupted {
        if let Some(of) = runs.get(run)? {
            records.push(Arc::new(interrupted_record(node, of)));
        }
    }
    Ok(records)
}

fn number_of_session(connection: &Connection, session: SessionId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT number FROM sessions WHERE id = ?1")?
        .query_row(params![session.to_string()], |row| row.get(0))
        .optional()
}

/// Where a session stands.
#[derive(Default)]
struct Standing {
    /// The newest records, in the order of their nodes.
    settled: Vec<i64>,
    /// The nodes without one, with the runs that were to settle them, sorted by node.
    interrupted: Vec<(NodeId, i64)>,
}

/// Returns where a session stands, of which the number is given.
fn standing(connection: &Connection, session: i64) -> rusqlite::Result<Standing> {
    let mut unsettled = unsettled(connection, session)?;
    let Standing { mut settled, mut interrupted } = Standing::default();
    let mut statement =
        connection.prepare_cached("SELECT node, record FROM baseline WHERE session = ?1 ORDER BY node")?;
    let mut rows = statement.query(params![session])?;
    while let Some(row) = rows.next()? {
        let record = row.get(1)?;
        let (run, place) = run_and_place(record);
        if place > 0 && unsettled.is_empty() {
            settled.push(record);
            continue;
        }
        let node = row.get_ref(0)?.as_str()?;
        let newer = unsettled.remove(node).filter(|newer| *newer > run);
        match if place == 0 { newer.or(Some(run)) } else { newer } {
            Some(run) => interrupted.extend(node.parse().ok().map(|node| (node, run))),
            None => settled.push(record),
        }
    }
    let never_settled = unsettled.into_iter().filter_map(|(node, run)| Some((node.parse().ok()?, run)));
    interrupted.extend(never_settled);
    interrupted.sort_unstable();
    Ok(Standing { settled, interrupted })
}

/// Returns the nodes that runs of a session were to settle, of those runs that have not settled all, each with the newest such
/// run.
fn unsettled(connection: &Connection, session: i64) -> rusqlite::Result<HashMap<String, i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT number, unsettled FROM runs WHERE session = ?1 AND unsettled IS NOT NULL ORDER BY number",
    )?;
    let mut rows = statement.query(params![session])?;
    let mut unsettled = HashMap::new();
    while let Some(row) = rows.next()? {
        let run: i64 = row.get(0)?;
        let nodes = list_from_bytes(row.get_ref(1)?.as_blob()?);
        unsettled.extend(nodes.into_iter().map(|node| (node.to_owned(), run)));
    }
    Ok(unsettled)
}

/// Returns records by their ids, in the order given. One that is gone or cannot be read is left out.
fn settled_records(
    connection: &Connection,
    reader: &Reader,
    ids: Vec<i64>,
    runs: &mut Runs<'_>,
) -> rusqlite::Result<Vec<Arc<NodeRecord>>> {
    let mut records: Vec<Option<Arc<NodeRecord>>> = vec![None; ids.len()];
    let mut by_id: Vec<(i64, usize)> = ids.into_iter().zip(0..).collect();
    by_id.sort_unstable();
    let mut decoder = Decoder::new(reader);
    let mut statement =
        connection.prepare_cached("SELECT id, record FROM node_records WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    for group in by_id.chunk_by(|(before, _), (after, _)| after - before <= MAX_GAP) {
        let (Some((first, _)), Some((last, _))) = (group.first(), group.last()) else { continue };
        // Places are far from their end: ids this close are of one run.
        let Some(of) = runs.get(run_and_place(*first).0)? else { continue };
        let mut wanted = group.iter().peekable();
        let mut rows = statement.query(params![first, last])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            while wanted.next_if(|(wanted, _)| *wanted < id).is_some() {}
            let Some((_, position)) = wanted.next_if(|(wanted, _)| *wanted == id) else { continue };
            match decoder.record(row.get_ref(1)?.as_bytes()?, &of) {
                Ok(record) => records[*position] = Some(Arc::new(record)),
                Err(why) => tracing::warn!("a record of the run {} cannot be read: {why}", of.run),
            }
        }
    }
    Ok(records.into_iter().flatten().collect())
}

/// Returns the record of a node that was never settled. Nothing is known of it but what it was.
fn interrupted_record(node: NodeId, of: Of) -> NodeRecord {
    let unknown = Fingerprint::from_bytes([0; 32]);
    NodeRecord {
        run: of.run,
        as_it_was: PastNode::stored(node.clone(), of.workflow),
        node,
        status: Status::Interrupted,
        reasons: Arc::default(),
        config: unknown,
        recipe: unknown,
        inputs: smallvec::SmallVec::new(),
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
    }
}

/// Lets a session, of which the number is given, start from what another one starts from.
pub(super) fn adopt(connection: &Connection, from: SessionId, to: i64) -> rusqlite::Result<()> {
    let Some(from) = number_of_session(connection, from)? else { return Ok(()) };
    let Standing { interrupted, .. } = standing(connection, from)?;
    connection.execute(
        "INSERT OR REPLACE INTO baseline (session, node, record) SELECT ?2, node, record FROM baseline WHERE session = ?1",
        params![from, to],
    )?;
    let mut statement = connection.prepare_cached(SET)?;
    for (node, run) in interrupted {
        statement.execute(params![to, node.as_str(), record_id(run, 0)])?;
    }
    Ok(())
}
