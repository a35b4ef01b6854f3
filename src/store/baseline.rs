//! What a session starts from: the newest settled record of each node.
//!
//! A row of the baseline tells where a node's newest record lies. That a run has begun to settle nodes is told by the run's
//! own row, all at once: a node it was to settle whose row of the baseline is older has no results.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, hash_map::Entry},
    panic::resume_unwind,
    sync::Arc,
    thread,
};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    Effect, IterationLog, Iterations, LoopAbout, LoopRecord, NodeRecord, Notes, PastNode, RunId, SessionId, Status,
    StoreError,
    crypt::Place,
    database::Reader,
    iterations,
    past_node::PastWorkflow,
    record_bytes::{Decoder, Of},
    runs::{PLACE_BITS, record_id, run_and_place},
};
use crate::{value::Fingerprint, workflow::NodeId};

/// The statement that makes a record the newest of its node in a session.
pub(super) const SET: &str = "INSERT INTO baseline (session, node, record) VALUES (?1, ?2, ?3)
     ON CONFLICT (session, node) DO UPDATE SET record = excluded.record";

/// Records are read in one go if no more than this many others lie between them.
const MAX_GAP: i64 = 16;

/// How many records are worth a thread of their own: one that has to open the database first.
const MIN_FOR_A_THREAD: usize = 2_500;

/// How many threads read at most: memory is what limits them.
const MAX_THREADS: usize = 4;

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

/// Returns the nodes that bytes stand for, each an id of its own.
pub(super) fn nodes_from_bytes(bytes: &[u8]) -> Vec<NodeId> {
    list_from_bytes(bytes).into_iter().filter_map(|node| node.parse().ok()).collect()
}

/// Returns what the records of each of these runs share; a run that is gone is left out.
fn runs(
    connection: &Connection,
    reader: &Reader,
    numbers: impl IntoIterator<Item = i64>,
) -> rusqlite::Result<HashMap<i64, Of>> {
    let mut workflows: HashMap<i64, Arc<PastWorkflow>> = HashMap::new();
    let mut statement = connection.prepare_cached("SELECT id, workflow FROM runs WHERE number = ?1")?;
    let mut runs = HashMap::new();
    for number in numbers.into_iter().collect::<BTreeSet<i64>>() {
        let row: Option<(String, i64)> =
            statement.query_row(params![number], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((Ok(run), workflow)) = row.map(|(id, workflow)| (id.parse::<RunId>(), workflow)) else { continue };
        let shared = workflows.entry(workflow).or_insert_with(|| Arc::new(PastWorkflow::new(workflow, reader.clone())));
        runs.insert(number, Of { run, workflow: Arc::clone(shared) });
    }
    Ok(runs)
}

/// Returns what a session starts from, sorted by node, then what was interrupted.
pub(super) fn read(
    connection: &Connection,
    reader: &Reader,
    session: SessionId,
) -> Result<Vec<Arc<NodeRecord>>, StoreError> {
    let sqlite = |error| reader.sqlite(error);
    // All is read as it stood at one moment. Records never change: those may be read by others meanwhile.
    let transaction = connection.unchecked_transaction().map_err(sqlite)?;
    let Some(session) = number_of_session(&transaction, session).map_err(sqlite)? else { return Ok(Vec::new()) };
    let standing = standing(&transaction, session).map_err(sqlite)?;
    read_standing(&transaction, reader, standing)
}

/// Returns the records at these places, sorted by node, then what was interrupted. A place before all records of a run is that
/// of a node the run did not settle.
pub(super) fn read_places(
    connection: &Connection,
    reader: &Reader,
    places: BTreeMap<NodeId, i64>,
) -> Result<Vec<Arc<NodeRecord>>, StoreError> {
    let mut standing = Standing::default();
    for (node, place) in places {
        match run_and_place(place) {
            (run, 0) => standing.interrupted.push((node, run)),
            _ => standing.settled.push(place),
        }
    }
    read_standing(connection, reader, standing)
}

/// Returns where the loop of a head stood when a run was cut off: in that run, or else in those before it.
fn loop_cut_off(
    connection: &Connection,
    reader: &Reader,
    run: RunId,
    head: &NodeId,
) -> Result<Option<Iterations>, StoreError> {
    let sqlite = |error| reader.sqlite(error);
    let Some((id, number, about)) = iterations::newest_loop(connection, run, head, None).map_err(sqlite)? else {
        let settled = settled_before(connection, reader, run, head)?;
        let iterations = settled.and_then(|record| record.iterations.clone());
        return Ok(iterations.filter(|iterations| !iterations.of.about.is_complete));
    };
    let about = reader.open_cell(Place::Loop(id.0, number), about)?;
    let Ok(mut about) = postcard::from_bytes::<LoopAbout>(&about) else { return Ok(None) };
    about.id = id;
    about.n_finished = iterations::count(connection, id).map_err(sqlite)?;
    let end = iterations::end(connection, id).map_err(sqlite)?;
    for part in &mut about.parts {
        // The one that was being made has no end yet.
        part.to = part.to.min(end);
    }
    about.parts.retain(|part| part.from < part.to);
    let log = IterationLog::stored(id, reader.clone());
    Ok(Some(Iterations { of: Arc::new(LoopRecord { about, log }), member: None }))
}

/// Returns what the session of a run that was cut off had settled of a node before that run.
fn settled_before(
    connection: &Connection,
    reader: &Reader,
    run: RunId,
    node: &NodeId,
) -> Result<Option<Arc<NodeRecord>>, StoreError> {
    let record: Option<i64> = connection
        .prepare_cached(
            "SELECT record FROM baseline JOIN runs USING (session)
             WHERE runs.id = ?1 AND node = ?2 AND record >> ?3 < runs.number",
        )
        .and_then(|mut query| {
            query.query_row(params![run.to_string(), node.as_str(), PLACE_BITS], |row| row.get(0)).optional()
        })
        .map_err(|error| reader.sqlite(error))?;
    let settled = record.filter(|record| run_and_place(*record).1 > 0).into_iter().collect();
    Ok(read_standing(connection, reader, Standing { settled, interrupted: Vec::new() })?.pop())
}

fn read_standing(
    connection: &Connection,
    reader: &Reader,
    Standing { settled, interrupted }: Standing,
) -> Result<Vec<Arc<NodeRecord>>, StoreError> {
    let sqlite = |error| reader.sqlite(error);
    let numbers = settled.iter().map(|record| run_and_place(*record).0).chain(interrupted.iter().map(|(_, run)| *run));
    let runs = runs(connection, reader, numbers).map_err(sqlite)?;
    let mut records = settled_records(connection, reader, settled, &runs)?;
    let mut heads: HashMap<i64, HashSet<String>> = HashMap::new();
    for (node, run) in interrupted {
        let Some(of) = runs.get(&run).cloned() else { continue };
        let heads = match heads.entry(run) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(iterations::heads(connection, run).map_err(sqlite)?),
        };
        let is_head = heads.contains(node.as_str());
        let mut record = interrupted_record(node, of);
        if is_head && let Some(left) = loop_cut_off(connection, reader, record.run, &record.node)? {
            record.iterations = Some(left);
        }
        records.push(Arc::new(record));
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
        "SELECT number, unsettled FROM runs WHERE session = ?1 AND unsettled IS NOT NULL
             AND number > (SELECT settled_until FROM sessions WHERE number = ?1) ORDER BY number",
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

/// Returns the runs that cut-off nodes of a session were to be settled in.
pub(super) fn cut_off_in(connection: &Connection, session: i64) -> rusqlite::Result<Vec<i64>> {
    let interrupted = standing(connection, session)?.interrupted.into_iter().map(|(_, run)| run);
    Ok(interrupted.chain(iterations::cut_off_in(connection, session)?).collect())
}

/// Returns records by their ids, in the order given. One that is gone or cannot be read is left out.
fn settled_records(
    connection: &Connection,
    reader: &Reader,
    ids: Vec<i64>,
    runs: &HashMap<i64, Of>,
) -> Result<Vec<Arc<NodeRecord>>, StoreError> {
    let mut records: Vec<Option<Arc<NodeRecord>>> = vec![None; ids.len()];
    let mut by_id: Vec<(i64, usize)> = ids.into_iter().zip(0..).collect();
    by_id.sort_unstable();
    let n_threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let mut parts = by_id.chunks(by_id.len().div_ceil(n_threads).max(MIN_FOR_A_THREAD));
    let first = parts.next().unwrap_or_default();
    let read = thread::scope(|scope| {
        let others: Vec<_> = parts
            .map(|part| scope.spawn(move || reader.read(|connection| read_part(connection, reader, part, runs))))
            .collect();
        let mut read = vec![read_part(connection, reader, first, runs).map_err(|error| reader.sqlite(error))];
        read.extend(others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic))));
        read
    });
    for part in read {
        for (position, record) in part? {
            records[position] = Some(record);
        }
    }
    Ok(records.into_iter().flatten().collect())
}

/// Reads records, which are given sorted by their ids, with their positions.
fn read_part(
    connection: &Connection,
    reader: &Reader,
    by_id: &[(i64, usize)],
    runs: &HashMap<i64, Of>,
) -> rusqlite::Result<Vec<(usize, Arc<NodeRecord>)>> {
    let mut records = Vec::with_capacity(by_id.len());
    let decoder = Decoder::new(reader);
    let mut statement =
        connection.prepare_cached("SELECT id, record FROM node_records WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    for group in by_id.chunk_by(|(before, _), (after, _)| after - before <= MAX_GAP) {
        let (Some((first, _)), Some((last, _))) = (group.first(), group.last()) else { continue };
        // Places are far from their end: ids this close are of one run.
        let Some(of) = runs.get(&run_and_place(*first).0) else { continue };
        let mut wanted = group.iter().peekable();
        let mut rows = statement.query(params![first, last])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            while wanted.next_if(|(wanted, _)| *wanted < id).is_some() {}
            let Some((_, position)) = wanted.next_if(|(wanted, _)| *wanted == id) else { continue };
            let record = reader.crypt().open(Place::Record(id), row.get_ref(1)?.as_bytes()?);
            match record.and_then(|bytes| decoder.record(&bytes, of)) {
                Ok(record) => records.push((*position, Arc::new(record))),
                Err(why) => tracing::warn!("a record of the run {} cannot be read: {why}", of.run),
            }
        }
    }
    Ok(records)
}

/// Returns the record of a node that was never settled. Nothing is known of it but what it was.
fn interrupted_record(node: NodeId, of: Of) -> NodeRecord {
    let unknown = Fingerprint::from_bytes([0; 32]);
    NodeRecord {
        run: of.run,
        node,
        as_it_was: PastNode::Stored(of.workflow),
        status: Status::Interrupted,
        reasons: Arc::default(),
        config: unknown,
        recipe: unknown,
        inputs: smallvec::SmallVec::new(),
        results: None,
        started: None,
        took: None,
        effect: Effect::None,
        notes: Notes::default(),
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
