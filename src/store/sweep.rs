//! Taking runs out of the history, by rules, and what nobody needs any more out of the store.
//!
//! A run that is taken out may be needed all the same: a session's baseline and runs that reused its results refer to its
//! records. Of such a run just those records stay. What stays is marked first: all records of the runs in the history, those
//! that they reuse, those of baselines; then the iterations and values these refer to, and the values of pins. The rest goes.
//!
//! Looking is done beside all other work; only the removal holds the lock, and only if nobody wrote since it was looked.
//! A value that a batch counts on and that vanished meanwhile is written again by the writer. Values are left alone while any
//! run goes on.

mod choose;
mod mark;
mod remove;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

#[cfg(test)]
pub(super) use self::remove::files as remove_files;
use self::{choose::choose, mark::Marked, remove::Removal};
use super::{
    HistoryFilter, RunId, RunStatus, RunSummary, SessionId, Store, StoreError,
    connection::{self, Purpose},
    counted, history,
};
use crate::{
    value::Fingerprint,
    workflow::{Retention, WorkflowId},
};

/// How often it is looked again because somebody wrote meanwhile; then everybody waits for the look.
const MAX_LOOKS: usize = 3;

/// What a sweep is to go by.
#[derive(Clone, Debug)]
pub struct SweepRequest {
    /// The rules of workflows that have one of their own.
    pub rules: BTreeMap<WorkflowId, Retention>,
    /// The rule for all others. Its total size is that of all runs of all workflows together.
    pub rule: Retention,
    /// The sessions whose baselines are needed: all that have a file, and those of this program that have none.
    pub sessions: BTreeSet<SessionId>,
    /// The sessions there were when it was asked which are needed; others are new since and needed. None: there are no others.
    pub known: Option<BTreeSet<SessionId>>,
    /// The values that pins need.
    pub values: HashSet<Fingerprint>,
    /// Runs that are looked at, and stay.
    pub runs: BTreeSet<RunId>,
    /// The time from which days are counted.
    pub now: Timestamp,
    /// How long a file must have lain there before it is taken for left behind.
    pub file_grace: Duration,
}

impl Default for SweepRequest {
    fn default() -> Self {
        Self {
            rules: BTreeMap::new(),
            rule: Retention::default(),
            sessions: BTreeSet::new(),
            known: None,
            values: HashSet::new(),
            runs: BTreeSet::new(),
            now: Timestamp::now(),
            file_grace: Duration::from_mins(1),
        }
    }
}

impl SweepRequest {
    /// Returns the rule for the runs of a workflow.
    pub fn rule_of(&self, workflow: WorkflowId) -> &Retention {
        self.rules.get(&workflow).unwrap_or(&self.rule)
    }
}

/// Why a run is taken out of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweptBecause {
    /// Runs of its workflow are not to be kept.
    NotSaved,
    /// There are enough newer ones.
    TooMany,
    /// It is older than so many days.
    TooOld,
    /// The results of all are too large together.
    TooLarge,
}

impl SweptBecause {
    /// Returns why in words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::NotSaved => "its workflow keeps no runs",
            Self::TooMany => "there are enough newer ones",
            Self::TooOld => "it is too old",
            Self::TooLarge => "all results together are too large",
        }
    }
}

/// What a sweep removed, or would remove.
#[derive(Clone, Debug, Default)]
pub struct SweepReport {
    /// The runs that are taken out of the history, newest first.
    pub runs: Vec<(RunSummary, SweptBecause)>,
    /// How many runs stay.
    pub n_kept: usize,
    /// How many of those taken out stay in part, because others need records of them.
    pub n_needed: usize,
    /// How many values are removed.
    pub n_values: usize,
    /// How many bytes they take.
    pub n_bytes: u64,
    /// How many files are removed that nothing refers to.
    pub n_files: usize,
    /// Why values are not removed this time, if they are not, and what could not be read.
    pub problems: Vec<String>,
}

impl SweepReport {
    /// Returns what is removed, in a sentence without a full stop.
    pub fn in_words(&self) -> String {
        let runs = |number: usize| counted(number, "run");
        format!(
            "{} of {} and {} of results",
            runs(self.runs.len()),
            self.runs.len() + self.n_kept,
            size_in_words(self.n_bytes)
        )
    }
}

/// Returns a size for people: `340 bytes`, `12.3 MiB`.
pub fn size_in_words(n_bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if n_bytes < 1 << 10 {
        return if n_bytes == 1 { "1 byte".to_owned() } else { format!("{n_bytes} bytes") };
    }
    let mut size = n_bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

impl Store {
    /// Returns what a sweep would remove. Nothing is changed. Slow: not for the interface thread.
    pub fn plan_sweep(&self, request: &SweepRequest) -> Result<SweepReport, StoreError> {
        self.reader().drain();
        self.reader().with_connection(|connection| Ok(self.look(connection, request)?.1))
    }

    /// Removes what the rules say and what nobody needs; returns what that was. Slow: not for the interface thread.
    pub fn sweep(&self, request: &SweepRequest) -> Result<SweepReport, StoreError> {
        self.reader().drain();
        let sqlite = |error| self.reader().sqlite(error);
        let mut connection = connection::connect(self.reader().database(), Purpose::Durable)?;
        for n_looks in 1.. {
            let version = version(&connection).map_err(sqlite)?;
            let looked = if n_looks < MAX_LOOKS { Some(self.look(&connection, request)?) } else { None };
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
            let (removal, mut report) = match looked {
                Some(looked) if self::version(&transaction).map_err(sqlite)? == version => looked,
                Some(_) => continue,
                None => self.look(&transaction, request)?,
            };
            removal.carry_out(&transaction).map_err(sqlite)?;
            transaction.commit().map_err(sqlite)?;
            report.n_files =
                remove::files(&mut connection, self.reader().blobs(), request.file_grace).map_err(sqlite)?;
            for problem in &report.problems {
                tracing::info!("{problem}");
            }
            return Ok(report);
        }
        Ok(SweepReport::default())
    }

    /// Returns whether any run would be taken out of the history by the rules that need no look at results. Quick.
    pub fn has_runs_to_sweep(&self, request: &SweepRequest) -> Result<bool, StoreError> {
        let runs = self.history(&HistoryFilter::default())?;
        let sized = |rule: &Retention| rule.total_mib.is_some();
        Ok(sized(&request.rule) || request.rules.values().any(sized) || !choose(&runs, request).is_empty())
    }

    fn look(&self, connection: &Connection, request: &SweepRequest) -> Result<(Removal, SweepReport), StoreError> {
        let sqlite = |error| self.reader().sqlite(error);
        let is_alive = |instance: &str| self.reader().is_alive(instance);
        let runs = history::list(connection, self.crypt(), &HistoryFilter::default(), &is_alive).map_err(sqlite)?;
        let mut swept = choose(&runs, request);
        mark::choose_by_size(connection, self.reader(), &runs, request, &mut swept).map_err(sqlite)?;
        let kept: Vec<&RunSummary> = runs.iter().filter(|run| !swept.contains_key(&run.number)).collect();
        let marked = Marked::of_needs(connection, self.reader(), &kept, request).map_err(sqlite)?;
        let goes_on = runs.iter().any(|run| run.status == RunStatus::Running);
        let removal = Removal::of(connection, self.crypt(), &marked, &kept, goes_on).map_err(sqlite)?;
        let mut problems = marked.problems;
        if goes_on {
            problems.push("values are left alone while a run goes on".to_owned());
        }
        let n_kept = kept.len();
        let report = SweepReport {
            n_kept,
            n_needed: removal.n_needed(swept.keys().copied()),
            n_values: removal.values.len(),
            n_bytes: removal.n_bytes,
            n_files: 0,
            problems,
            runs: runs
                .into_iter()
                .filter_map(|run| swept.get(&run.number).copied().map(|because| (run, because)))
                .collect(),
        };
        Ok((removal, report))
    }
}

/// Returns a number that is another one once somebody else wrote.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row(params![], |row| row.get(0))
}
