//! What is needed: records, and the iterations and values that these refer to.

use std::collections::{BTreeMap, HashMap, HashSet, hash_map::Entry};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{SweepRequest, SweptBecause, choose::may_go_by_size};
use crate::{
    store::{
        Arrived, LoopId, NodeRecord, PinnedChange, RunStatus, RunSummary, baseline,
        crypt::{Crypt, Place},
        database::Reader,
        iteration_bytes, kept_for,
        past_node::PastWorkflow,
        record_bytes::{Decoder, Of},
        reused,
        runs::{self, record_id, run_and_place},
        start_from::ids_of,
    },
    value::Fingerprint,
    workflow::{NodeId, WorkflowId},
};

/// By whom something is needed: by all runs up to this one of those that may go, oldest first.
type Order = u32;

/// Needed by something that stays.
const ALWAYS: Order = Order::MAX;

/// What is needed.
#[derive(Debug, Default)]
pub(super) struct Marked {
    /// Records by their ids.
    pub(super) records: HashMap<i64, Order>,
    pub(super) loops: HashMap<i64, Order>,
    pub(super) values: HashMap<Fingerprint, Order>,
    /// The numbers of sessions whose baselines are needed.
    pub(super) sessions: HashSet<i64>,
    /// Runs that baselines refer to as cut off: as long as they are there, their nodes have no results.
    pub(super) cut_off: HashSet<i64>,
    /// What could not be read: nobody knows what it refers to.
    pub(super) problems: Vec<String>,
}

fn raise<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Order>, key: K, order: Order) -> bool {
    match map.entry(key) {
        Entry::Occupied(known) if *known.get() >= order => false,
        Entry::Occupied(mut known) => {
            known.insert(order);
            true
        }
        Entry::Vacant(free) => {
            free.insert(order);
            true
        }
    }
}

impl Marked {
    /// Returns what is needed once only these runs are in the history.
    pub(super) fn of_needs(
        connection: &Connection,
        reader: &Reader,
        kept: &[&RunSummary],
        request: &SweepRequest,
    ) -> rusqlite::Result<Self> {
        let mut marked = Self::default();
        marked.mark_runs(connection, reader, kept.iter().map(|run| (run.number, ALWAYS)))?;
        marked.mark_baselines(connection, reader, kept, request)?;
        let unfinished = kept.iter().filter(|run| run.status == RunStatus::Running).map(|run| run.number);
        let unfinished: Vec<i64> = unfinished.chain(marked.cut_off.iter().copied()).collect();
        marked.mark_loops_of(connection, unfinished)?;
        marked.look_into_records(connection, reader)?;
        marked.look_into_loops(connection, reader)?;
        marked.values.extend(request.values.iter().map(|fingerprint| (*fingerprint, ALWAYS)));
        match kept_for::values(connection, reader.crypt())? {
            Ok(values) => values.into_iter().for_each(|value| {
                raise(&mut marked.values, value, ALWAYS);
            }),
            Err(why) => marked.problems.push(format!("kept results cannot be read: {why}")),
        }
        Ok(marked)
    }

    /// Marks the records of runs, and those they reuse.
    fn mark_runs(
        &mut self,
        connection: &Connection,
        reader: &Reader,
        runs: impl Iterator<Item = (i64, Order)>,
    ) -> rusqlite::Result<()> {
        let mut sets: BTreeMap<i64, Order> = BTreeMap::new();
        let mut of_run = connection.prepare_cached("SELECT id FROM node_records WHERE id BETWEEN ?1 AND ?2")?;
        let mut set_of = connection.prepare_cached("SELECT reused FROM runs WHERE number = ?1")?;
        for (run, order) in runs {
            let mut rows = of_run.query(params![record_id(run, 1), record_id(run + 1, 0) - 1])?;
            while let Some(row) = rows.next()? {
                raise(&mut self.records, row.get(0)?, order);
            }
            if let Some(set) = set_of.query_row(params![run], |row| row.get::<_, Option<i64>>(0))? {
                let known = sets.entry(set).or_insert(order);
                *known = order.max(*known);
            }
        }
        let mut by_node: HashMap<_, HashMap<NodeId, i64>> = HashMap::new();
        for (set, order) in sets {
            match reused::nodes_by_run(connection, set)? {
                Ok(by_run) => {
                    for (run, nodes) in by_run {
                        let ids = match by_node.entry(run) {
                            Entry::Occupied(known) => known.into_mut(),
                            Entry::Vacant(free) => free.insert(ids_of(connection, reader, run, None)?),
                        };
                        for id in nodes.iter().filter_map(|node| ids.get(node)) {
                            raise(&mut self.records, *id, order);
                        }
                    }
                }
                Err(why) => self.problems.push(format!("what a run reuses cannot be read: {why}")),
            }
        }
        Ok(())
    }

    /// Marks what sessions start from: those that were named or are new since, and those in which another program has runs.
    fn mark_baselines(
        &mut self,
        connection: &Connection,
        reader: &Reader,
        kept: &[&RunSummary],
        request: &SweepRequest,
    ) -> rusqlite::Result<()> {
        let going_on = kept.iter().filter(|run| run.status == RunStatus::Running).map(|run| run.session);
        let new = match &request.known {
            Some(known) => runs::sessions(connection)?.difference(known).copied().collect(),
            None => Vec::new(),
        };
        let mut number = connection.prepare_cached("SELECT number FROM sessions WHERE id = ?1")?;
        for session in request.sessions.iter().copied().chain(new).chain(going_on) {
            let known = number.query_row(params![session.to_string()], |row| row.get::<_, i64>(0)).optional()?;
            self.sessions.extend(known);
        }
        let mut instances = connection.prepare_cached("SELECT DISTINCT instance FROM runs")?;
        let instances = instances.query_map(params![], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
        let mut sessions = connection.prepare_cached("SELECT DISTINCT session FROM runs WHERE instance = ?1")?;
        for instance in instances.iter().filter(|name| !reader.is_own(name) && reader.is_alive(name)) {
            for session in sessions.query_map(params![instance], |row| row.get(0))? {
                self.sessions.insert(session?);
            }
        }
        let mut rows = connection.prepare_cached("SELECT record FROM baseline WHERE session = ?1")?;
        let mut needed: Vec<i64> = self.sessions.iter().copied().collect();
        needed.sort_unstable();
        for session in needed {
            for record in rows.query_map(params![session], |row| row.get(0))? {
                match run_and_place(record?) {
                    (run, 0) => {
                        self.cut_off.insert(run);
                    }
                    (run, place) => {
                        raise(&mut self.records, record_id(run, place), ALWAYS);
                    }
                }
            }
            self.cut_off.extend(baseline::cut_off_in(connection, session)?);
        }
        Ok(())
    }

    /// Marks the loops that runs began, whose records are yet to be written or never were.
    fn mark_loops_of(&mut self, connection: &Connection, runs: Vec<i64>) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(
            "SELECT loop FROM loops WHERE run = ?1 UNION SELECT loop FROM loops_of_runs WHERE loops_of_runs.run = ?1",
        )?;
        for run in runs {
            for id in statement.query_map(params![run], |row| row.get(0))? {
                raise(&mut self.loops, id?, ALWAYS);
            }
        }
        Ok(())
    }

    /// Marks what the marked records refer to.
    fn look_into_records(&mut self, connection: &Connection, reader: &Reader) -> rusqlite::Result<()> {
        let decoder = Decoder::new(reader);
        let mut run_of = connection.prepare_cached("SELECT id, workflow FROM runs WHERE number = ?1")?;
        let mut statement = connection.prepare_cached("SELECT id, record FROM node_records ORDER BY id")?;
        let mut rows = statement.query(params![])?;
        let mut of: Option<(i64, Option<Of>)> = None;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let Some(&order) = self.records.get(&id) else { continue };
            let (number, _) = run_and_place(id);
            if of.as_ref().is_none_or(|(known, _)| *known != number) {
                let run = run_of
                    .query_row(params![number], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))
                    .optional()?
                    .and_then(|(run, workflow)| Some((run.parse().ok()?, workflow)))
                    .map(|(run, workflow)| Of { run, workflow: PastWorkflow::new(workflow, reader.clone()).into() });
                of = Some((number, run));
            }
            let Some((_, Some(of))) = &of else { continue };
            let record = reader.crypt().open(Place::Record(id), row.get_ref(1)?.as_bytes()?);
            match record.and_then(|bytes| decoder.record(&bytes, of)) {
                Ok(record) => self.mark_record(&record, order),
                Err(why) => self.problems.push(format!("a record of the run {} cannot be read: {why}", of.run)),
            }
        }
        Ok(())
    }

    fn mark_record(&mut self, record: &NodeRecord, order: Order) {
        for port in record.results.iter().flat_map(|results| results.ports()) {
            raise(&mut self.values, port.fingerprint, order);
        }
        for input in &record.inputs {
            // Of results in memory the record itself says what they are.
            if let Some(value) = input.fingerprint().filter(|_| matches!(input.arrived, Arrived::Stored(_))) {
                raise(&mut self.values, value, order);
            }
        }
        if let Some(PinnedChange::Stored { value, .. }) = &record.pinned_data {
            raise(&mut self.values, *value, order);
        }
        if let Some(iterations) = &record.iterations {
            raise(&mut self.loops, iterations.of.about.id.0, order);
        }
    }

    /// Marks what the iterations of marked loops refer to: values, and the loops inside of them.
    fn look_into_loops(&mut self, connection: &Connection, reader: &Reader) -> rusqlite::Result<()> {
        let mut statement =
            connection.prepare_cached("SELECT idx, iterations.run, bytes FROM iterations WHERE loop = ?1")?;
        let mut waiting: Vec<(i64, Order)> = self.loops.iter().map(|(id, order)| (*id, *order)).collect();
        waiting.sort_unstable();
        while let Some((id, order)) = waiting.pop() {
            let mut rows = statement.query(params![id])?;
            while let Some(row) = rows.next()? {
                let place = Place::Iteration(id, row.get(0)?, row.get(1)?);
                let bytes = reader.crypt().open(place, row.get_ref(2)?.as_bytes()?);
                match bytes.and_then(|bytes| iteration_bytes::references(&bytes, reader)) {
                    Ok((values, loops)) => waiting.extend(self.mark_iteration(values, loops, order)),
                    Err(why) => self.problems.push(format!("an iteration cannot be read: {why}")),
                }
            }
        }
        Ok(())
    }

    /// Returns the values by the names under which the database has them.
    pub(super) fn by_name(&self, crypt: &Crypt) -> HashMap<Fingerprint, Order> {
        self.values.iter().map(|(value, order)| (crypt.name(value), *order)).collect()
    }

    /// Marks what an iteration refers to; returns the loops that are to be looked into for it.
    fn mark_iteration(&mut self, values: Vec<Fingerprint>, loops: Vec<LoopId>, order: Order) -> Vec<(i64, Order)> {
        for value in values {
            raise(&mut self.values, value, order);
        }
        let inner = loops.into_iter().map(|LoopId(inner)| inner);
        inner.filter(|inner| raise(&mut self.loops, *inner, order)).map(|inner| (inner, order)).collect()
    }
}

/// Adds the runs that have to go so that the results of a workflow's runs, and of all runs, are no larger than the rules say.
pub(super) fn choose_by_size(
    connection: &Connection,
    reader: &Reader,
    runs: &[RunSummary],
    request: &SweepRequest,
    swept: &mut BTreeMap<i64, SweptBecause>,
) -> rusqlite::Result<()> {
    let own = request.rules.iter().map(|(workflow, rule)| (Some(*workflow), rule.total_mib));
    let limits: Vec<(Option<WorkflowId>, Option<u64>)> = own.chain([(None, request.rule.total_mib)]).collect();
    for (workflow, limit) in limits {
        let Some(limit) = limit.map(|mib| mib << 20) else { continue };
        let may_go = may_go_by_size(runs, workflow, request, swept);
        let orders: HashMap<i64, Order> = may_go.iter().zip(1..).map(|(run, order)| (run.number, order)).collect();
        let is_counted = |run: &&RunSummary| {
            !swept.contains_key(&run.number) && workflow.is_none_or(|workflow| workflow == run.workflow_id)
        };
        let counted = runs.iter().filter(is_counted);
        let mut marked = Marked::default();
        marked.mark_runs(
            connection,
            reader,
            counted.map(|run| (run.number, orders.get(&run.number).copied().unwrap_or(ALWAYS))),
        )?;
        marked.look_into_records(connection, reader)?;
        marked.look_into_loops(connection, reader)?;
        let (mut total, freed_by) = sizes(connection, &marked.by_name(reader.crypt()))?;
        for (run, order) in may_go.iter().zip(1..) {
            if total <= limit {
                break;
            }
            total -= freed_by.get(&order).copied().unwrap_or_default();
            swept.insert(run.number, SweptBecause::TooLarge);
        }
    }
    Ok(())
}

/// Returns the size of all marked values, given by name, and how much of it goes with each run that may go.
fn sizes(
    connection: &Connection,
    values: &HashMap<Fingerprint, Order>,
) -> rusqlite::Result<(u64, HashMap<Order, u64>)> {
    let mut statement = connection.prepare_cached("SELECT fingerprint, size FROM kept_values")?;
    let mut rows = statement.query(params![])?;
    let (mut total, mut freed_by) = (0, HashMap::new());
    while let Some(row) = rows.next()? {
        let fingerprint = Fingerprint::from_bytes(row.get(0)?);
        if let Some(order) = values.get(&fingerprint) {
            let size = row.get::<_, i64>(1)?.max(0) as u64;
            total += size;
            *freed_by.entry(*order).or_default() += size;
        }
    }
    Ok((total, freed_by))
}
