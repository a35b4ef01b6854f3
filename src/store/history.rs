//! The history: what a list says of each run, read from the run's own row. No record is looked at for it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    path::PathBuf,
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Value as Cell};

use super::{
    NodeRecord, OptionsUsed, Part, RunHeader, RunId, RunKind, RunStatus, SessionId, Status, Store, StoreError,
    crypt::Crypt,
    rows,
    runs::{self, nanos, part_from_text, path_of_cell, timestamp},
};
use crate::workflow::WorkflowId;

/// What a step of the schema adds: what a list says of a run stands in its row.
pub(super) const COLUMNS: &str = "
ALTER TABLE runs ADD COLUMN options TEXT;
ALTER TABLE runs ADD COLUMN n_marks INTEGER;
ALTER TABLE runs ADD COLUMN executed INTEGER;
ALTER TABLE runs ADD COLUMN reused_nodes INTEGER;
ALTER TABLE runs ADD COLUMN pinned INTEGER;
ALTER TABLE runs ADD COLUMN kept INTEGER;
ALTER TABLE runs ADD COLUMN disabled INTEGER;
ALTER TABLE runs ADD COLUMN not_run INTEGER;
ALTER TABLE runs ADD COLUMN failed INTEGER;
ALTER TABLE runs ADD COLUMN cancelled INTEGER;
-- 1: taken out of the history; what is left of it is what other runs and sessions need.
ALTER TABLE runs ADD COLUMN swept INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_by_start ON runs (started);
-- The newest run when the session was last set to start from a run of the history: what runs up to it left unsettled is past.
ALTER TABLE sessions ADD COLUMN settled_until INTEGER NOT NULL DEFAULT 0;
";

/// How many nodes of a run each thing came of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// They executed.
    pub executed: u32,
    /// Their results of an earlier run were used.
    pub reused: u32,
    /// The results of their pins were used.
    pub pinned: u32,
    /// Results their settings keep for a time were used.
    pub kept: u32,
    /// They were disabled.
    pub disabled: u32,
    /// They did not run.
    pub not_run: u32,
    /// They failed.
    pub failed: u32,
    /// They were stopped, or never started because the run was.
    pub cancelled: u32,
}

/// What a record counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Executed,
    Reused,
    Pinned,
    Kept,
    Disabled,
    NotRun,
    Failed,
    Cancelled,
}

impl Counted {
    /// Returns what a record with this status counts as.
    pub(super) const fn of(status: &Status) -> Self {
        match status {
            Status::Executed => Self::Executed,
            Status::Reused { .. } => Self::Reused,
            Status::Pinned { .. } => Self::Pinned,
            Status::Kept { .. } => Self::Kept,
            Status::Disabled => Self::Disabled,
            Status::NotRun(_) => Self::NotRun,
            Status::Failed(_) => Self::Failed,
            Status::Cancelled | Status::Interrupted => Self::Cancelled,
        }
    }
}

impl RunCounts {
    /// Returns the counts of records.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a NodeRecord>) -> Self {
        let mut counts = Self::default();
        records.into_iter().for_each(|record| counts.add(Counted::of(&record.status)));
        counts
    }

    /// Counts a record.
    pub(super) const fn add(&mut self, counted: Counted) {
        let number = match counted {
            Counted::Executed => &mut self.executed,
            Counted::Reused => &mut self.reused,
            Counted::Pinned => &mut self.pinned,
            Counted::Kept => &mut self.kept,
            Counted::Disabled => &mut self.disabled,
            Counted::NotRun => &mut self.not_run,
            Counted::Failed => &mut self.failed,
            Counted::Cancelled => &mut self.cancelled,
        };
        *number += 1;
    }

    /// Returns the counts with their names, in the order in which they are told.
    pub const fn named(&self) -> [(&'static str, u32); 8] {
        [
            ("executed", self.executed),
            ("reused", self.reused),
            ("pinned", self.pinned),
            ("kept", self.kept),
            ("disabled", self.disabled),
            ("not run", self.not_run),
            ("failed", self.failed),
            ("cancelled", self.cancelled),
        ]
    }
}

impl fmt::Display for RunCounts {
    /// Writes the counts that are not zero: `3 executed, 2 reused`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut any = false;
        for (name, number) in self.named() {
            if number > 0 {
                let comma = if any { ", " } else { "" };
                write!(f, "{comma}{number} {name}")?;
                any = true;
            }
        }
        if any { Ok(()) } else { f.write_str("no nodes") }
    }
}

/// A run as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// The run.
    pub id: RunId,
    /// Its number in this store: what people call it. Never given to another run.
    pub number: i64,
    /// The session it belongs to.
    pub session: SessionId,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// The file the workflow came from.
    pub path: Option<PathBuf>,
    /// Standard or resumed.
    pub kind: RunKind,
    /// All of the workflow, or which part of it.
    pub part: Part,
    /// The options it was made with.
    pub options: OptionsUsed,
    /// When it started.
    pub started: Timestamp,
    /// How long it took; `None` while it goes on, and of one that was cut off.
    pub took: Option<Duration>,
    /// How it stands or ended.
    pub status: RunStatus,
    /// How many nodes had a mark.
    pub n_marks: u32,
    /// What came of its nodes; `None` while it goes on.
    pub counts: Option<RunCounts>,
}

/// Which runs a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Of this workflow; of all without one.
    pub workflow: Option<WorkflowId>,
    /// With one of these statuses; with any if there is none.
    pub statuses: Vec<RunStatus>,
    /// Of this kind.
    pub kind: Option<RunKind>,
    /// Started at this time or later.
    pub from: Option<Timestamp>,
    /// Started before this time.
    pub until: Option<Timestamp>,
    /// At most so many, the newest.
    pub limit: Option<usize>,
}

impl HistoryFilter {
    /// Returns the filter for all runs of a workflow.
    pub fn of(workflow: WorkflowId) -> Self {
        Self { workflow: Some(workflow), ..Self::default() }
    }

    /// Returns whether a run is shown, as far as its row's columns do not say so already.
    fn shows(&self, run: &RunSummary) -> bool {
        (self.statuses.is_empty() || self.statuses.contains(&run.status))
            && self.kind.is_none_or(|kind| kind == run.kind)
    }
}

impl Store {
    /// Returns runs, newest first. One whose row cannot be read is left out and logged.
    pub fn history(&self, filter: &HistoryFilter) -> Result<Vec<RunSummary>, StoreError> {
        self.reader().drain();
        let is_alive = |instance: &str| self.reader().is_alive(instance);
        let mut runs = self.reader().read(|connection| list(connection, self.crypt(), filter, &is_alive))?;
        if runs.iter().any(needs_counts) {
            self.count_again(&mut runs)?;
        }
        Ok(runs)
    }

    /// Returns the workflows that have ever run, as far as anything of it is kept.
    pub fn known_workflows(&self) -> Result<Vec<WorkflowId>, StoreError> {
        self.reader().drain();
        let ids = self.reader().read(|connection| {
            let mut statement = connection.prepare_cached("SELECT DISTINCT workflow_id FROM runs")?;
            statement.query_map(params![], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
        })?;
        Ok(ids.iter().filter_map(|id| id.parse().ok().map(WorkflowId)).collect())
    }

    /// Returns the numbers of all runs of a workflow, by which people call them.
    pub fn run_numbers(&self, workflow: WorkflowId) -> Result<BTreeMap<RunId, i64>, StoreError> {
        self.reader().drain();
        let rows = self.reader().read(|connection| {
            let mut statement = connection.prepare_cached("SELECT id, number FROM runs WHERE workflow_id = ?1")?;
            let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?));
            statement.query_map(params![workflow.to_string()], row)?.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        Ok(rows.into_iter().filter_map(|(id, number)| Some((id.parse().ok()?, number))).collect())
    }

    /// Returns the sessions that have runs or start from some.
    pub fn known_sessions(&self) -> Result<BTreeSet<SessionId>, StoreError> {
        self.reader().drain();
        self.reader().read(runs::sessions)
    }

    /// Returns a run as a list shows it.
    pub fn run_summary(&self, run: RunId) -> Result<Option<RunSummary>, StoreError> {
        self.summary_where("id = ?1", &run.to_string())
    }

    /// Returns the run that a text names: by its number, such as `12` or `#12`, or by its id.
    pub fn find_run(&self, name: &str) -> Result<Option<RunSummary>, StoreError> {
        match name.strip_prefix('#').unwrap_or(name).parse::<i64>() {
            Ok(number) => self.summary_where("number = CAST(?1 AS INTEGER)", &number.to_string()),
            Err(_) => self.summary_where("id = upper(?1)", name),
        }
    }

    fn summary_where(&self, condition: &str, value: &str) -> Result<Option<RunSummary>, StoreError> {
        self.reader().drain();
        let is_alive = |instance: &str| self.reader().is_alive(instance);
        let sql = format!("SELECT {COLUMNS_READ} FROM runs WHERE swept = 0 AND {condition}");
        let row = self
            .reader()
            .read(|connection| {
                let sessions = sessions(connection)?;
                connection
                    .query_row(&sql, params![value], |row| summary(row, self.crypt(), &sessions, &is_alive))
                    .optional()
            })?
            .transpose()
            .map_err(|why| StoreError::Unreadable { what: format!("the run {value}"), why })?;
        let mut runs: Vec<RunSummary> = row.into_iter().collect();
        if runs.iter().any(needs_counts) {
            self.count_again(&mut runs)?;
        }
        Ok(runs.pop())
    }

    /// Counts the nodes of runs that an older program wrote or that were cut off, and remembers it.
    fn count_again(&self, runs: &mut [RunSummary]) -> Result<(), StoreError> {
        let mut counted = Vec::new();
        for run in runs.iter_mut().filter(|run| needs_counts(run)) {
            match self.run(run.id) {
                Ok(Some(record)) => {
                    let nodes: Vec<_> = record.nodes().collect();
                    let counts = RunCounts::of(nodes.iter().map(AsRef::as_ref));
                    run.n_marks = record.header.marks.len() as u32;
                    run.counts = Some(counts);
                    counted.push((record.header, counts));
                }
                Ok(None) => {}
                Err(error) => tracing::warn!("{error}"),
            }
        }
        self.write(|transaction| {
            counted.iter().try_for_each(|(header, counts)| {
                write_again(transaction, header, counts).map_err(|error| self.reader().sqlite(error))
            })
        })
        // What cannot be remembered is counted again the next time.
        .or_else(|error| if error.may_pass() { Ok(()) } else { Err(error) })
    }
}

/// Returns whether a run has ended and nothing is known of its nodes.
fn needs_counts(run: &RunSummary) -> bool {
    run.counts.is_none() && run.status != RunStatus::Running
}

/// Writes what came of a run's nodes.
pub(super) fn write_counts(connection: &Connection, run: RunId, counts: &RunCounts) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE runs SET executed = ?2, reused_nodes = ?3, pinned = ?4, kept = ?5, disabled = ?6, not_run = ?7,
                 failed = ?8, cancelled = ?9 WHERE id = ?1",
        )?
        .execute(params![
            run.to_string(),
            counts.executed,
            counts.reused,
            counts.pinned,
            counts.kept,
            counts.disabled,
            counts.not_run,
            counts.failed,
            counts.cancelled,
        ])?;
    Ok(())
}

fn write_again(connection: &Connection, header: &RunHeader, counts: &RunCounts) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE runs SET n_marks = ?2 WHERE id = ?1")?
        .execute(params![header.id.to_string(), header.marks.len().cast_signed() as i64])?;
    write_counts(connection, header.id, counts)
}

const COLUMNS_READ: &str = "number, id, session, workflow_id, path, kind, targets, started, took, status, instance, options, \
     n_marks, executed, reused_nodes, pinned, kept, disabled, not_run, failed, cancelled";

/// Returns the ids of sessions by their numbers.
fn sessions(connection: &Connection) -> rusqlite::Result<HashMap<i64, SessionId>> {
    let mut statement = connection.prepare_cached("SELECT number, id FROM sessions")?;
    let mut rows = statement.query(params![])?;
    let mut sessions = HashMap::new();
    while let Some(row) = rows.next()? {
        if let Ok(id) = row.get_ref(1)?.as_str()?.parse() {
            sessions.insert(row.get(0)?, id);
        }
    }
    Ok(sessions)
}

/// Returns runs, newest first. One whose row cannot be read is left out and logged.
pub(super) fn list(
    connection: &Connection,
    crypt: &Crypt,
    filter: &HistoryFilter,
    is_alive: &dyn Fn(&str) -> bool,
) -> rusqlite::Result<Vec<RunSummary>> {
    let of_workflow = if filter.workflow.is_some() { "workflow_id = ?1" } else { "?1 IS NULL" };
    // Rows that are asked for as they lie are found without a search each.
    let (order, is_turned) = if filter.limit.is_some() { ("DESC", false) } else { ("ASC", true) };
    let sql = format!(
        "SELECT {COLUMNS_READ} FROM runs WHERE swept = 0 AND {of_workflow} AND started >= ?2 AND started < ?3
         ORDER BY started {order}, number {order}"
    );
    let sessions = sessions(connection)?;
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        filter.workflow.map(|workflow| workflow.to_string()),
        filter.from.map_or(i64::MIN, nanos),
        filter.until.map_or(i64::MAX, nanos),
    ])?;
    let limit = filter.limit.unwrap_or(usize::MAX);
    let mut runs = Vec::new();
    while runs.len() < limit
        && let Some(row) = rows.next()?
    {
        match summary(row, crypt, &sessions, is_alive)? {
            Ok(run) if filter.shows(&run) => runs.push(run),
            Ok(_) => {}
            Err(why) => tracing::warn!("a run cannot be listed: {why}"),
        }
    }
    if is_turned {
        runs.reverse();
    }
    Ok(runs)
}

/// Returns the run of a row, or what is wrong with it.
fn summary(
    row: &Row<'_>,
    crypt: &Crypt,
    sessions: &HashMap<i64, SessionId>,
    is_alive: &dyn Fn(&str) -> bool,
) -> rusqlite::Result<Result<RunSummary, String>> {
    let text = |column: usize| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    let (id, workflow_id, kind, status) = (text(1)?, text(3)?, text(5)?, text(9)?);
    let read = || -> Result<_, String> {
        let wrong = |what: &str, text: &str| format!("{what} {text:?}");
        Ok((
            id.parse::<RunId>().map_err(|_error| wrong("id", id))?,
            workflow_id.parse().map_err(|_error| wrong("workflow", workflow_id))?,
            RunKind::from_name(kind).ok_or_else(|| wrong("kind", kind))?,
            RunStatus::from_name(status).ok_or_else(|| wrong("status", status))?,
        ))
    };
    let (id, workflow_id, kind, status) = match read() {
        Ok(read) => read,
        Err(why) => return Ok(Err(why)),
    };
    let part = match part_from_text(text(6)?) {
        Ok(part) => part,
        Err(why) => return Ok(Err(why)),
    };
    let path = match path_of_cell(row.get::<_, Cell>(4)?, crypt, id) {
        Ok(path) => path.map(PathBuf::from),
        Err(why) => return Ok(Err(why)),
    };
    let options = row.get_ref(11)?.as_str_or_null()?;
    let status = match status {
        RunStatus::Running if !is_alive(text(10)?) => RunStatus::Interrupted,
        status => status,
    };
    let Some(session) = sessions.get(&row.get(2)?).copied() else {
        return Ok(Err(format!("the session of {id} is gone")));
    };
    Ok(Ok(RunSummary {
        id,
        number: row.get(0)?,
        session,
        workflow_id,
        path,
        kind,
        part,
        options: options.map_or_else(OptionsUsed::default, options_from_text),
        started: timestamp(row.get(7)?),
        took: row.get::<_, Option<i64>>(8)?.map(|took| Duration::from_nanos(took.max(0) as u64)),
        status,
        n_marks: row.get::<_, Option<u32>>(12)?.unwrap_or_default(),
        counts: counts(row)?,
    }))
}

/// Returns the options that a text stands for. Most often they are the defaults, which is seen at once.
fn options_from_text(text: &str) -> OptionsUsed {
    if !text.contains("true") {
        return OptionsUsed::default();
    }
    rows::from_text(text).unwrap_or_default()
}

fn counts(row: &Row<'_>) -> rusqlite::Result<Option<RunCounts>> {
    let Some(executed) = row.get(13)? else { return Ok(None) };
    Ok(Some(RunCounts {
        executed,
        reused: row.get(14)?,
        pinned: row.get(15)?,
        kept: row.get(16)?,
        disabled: row.get(17)?,
        not_run: row.get(18)?,
        failed: row.get(19)?,
        cancelled: row.get(20)?,
    }))
}
