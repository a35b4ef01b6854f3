//! `pinflow store sweep`: runs that the rules take out of the history, and results nobody needs any more.

use std::fmt::Write as _;

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde_json::json;

use super::{complain, home::open_store, print};
use crate::{
    session::{Folders, program_rule, sweep_request},
    store::{Store, SweepReport, size_in_words},
    workflow::Retention,
};

/// Arguments of `pinflow store sweep`.
#[derive(Debug, Args)]
pub(super) struct Sweeping {
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Keep at most so many runs of each workflow, the newest. This and the following stand in for the rule in the program's settings; a workflow's own rule counts all the same
    #[arg(long, value_name = "N")]
    newest: Option<u32>,
    /// Keep so many of the newest runs of each workflow whatever --days and --total-mib say
    #[arg(long, value_name = "N")]
    at_least: Option<u32>,
    /// Remove runs older than so many days
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
    /// Remove the oldest runs until all results together are no larger than so many mebibytes
    #[arg(long, value_name = "MIB")]
    total_mib: Option<u64>,
    /// Keep all runs with errors
    #[arg(long)]
    keep_errors: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Sweeping {
    /// Returns the rule that was given, if any was.
    fn rule(&self) -> Option<Retention> {
        let rule = Retention {
            save_runs: true,
            newest: self.newest,
            at_least: self.at_least.unwrap_or_default(),
            days: self.days,
            total_mib: self.total_mib,
            keep_errors: self.keep_errors,
        };
        (rule != Retention::default()).then_some(rule)
    }
}

/// Carries out `pinflow store sweep`.
pub(super) fn sweep(sweeping: &Sweeping, folders: &Folders) -> anyhow::Result<()> {
    let store = open_store(folders)?;
    let rule = match sweeping.rule() {
        Some(rule) => rule,
        None => program_rule(folders).map_err(|error| anyhow!(error))?,
    };
    let request = sweep_request(folders, &store, rule).context("nothing is removed")?;
    let report = if sweeping.dry_run { store.plan_sweep(&request)? } else { store.sweep(&request)? };
    print(&if sweeping.json { as_json(&report, sweeping.dry_run) } else { as_text(&report, sweeping.dry_run) })
}

/// Sweeps after a run, if a rule takes any run out of the history. What goes wrong is said, and is no failure of the run.
pub(super) fn sweep_after_run(store: &Store, folders: &Folders) {
    let swept = program_rule(folders).and_then(|rule| {
        let request = sweep_request(folders, store, rule).map_err(|error| error.to_string())?;
        if store.has_runs_to_sweep(&request).map_err(|error| error.to_string())? {
            store.sweep(&request).map_err(|error| error.to_string())?;
        }
        Ok(())
    });
    if let Err(error) = swept {
        complain(&format!("warning: the history is not swept: {error}"));
    }
}

fn as_text(report: &SweepReport, is_dry: bool) -> String {
    let mut text = String::new();
    for (run, because) in &report.runs {
        let path = run.path.as_ref().map(|path| format!("  {}", path.display())).unwrap_or_default();
        // Writing to a string cannot fail, here and below.
        writeln!(
            text,
            "#{:<5} {}  {}{path}",
            run.number,
            run.started.strftime("%Y-%m-%d %H:%M:%S"),
            because.in_words()
        )
        .unwrap_or_default();
    }
    let verb = if is_dry { "would remove" } else { "removed" };
    writeln!(text, "{verb} {}", report.in_words()).unwrap_or_default();
    if report.n_needed > 0 {
        writeln!(text, "of {} of these runs, what sessions or later runs need stays", report.n_needed)
            .unwrap_or_default();
    }
    for problem in &report.problems {
        writeln!(text, "note: {problem}").unwrap_or_default();
    }
    text
}

fn as_json(report: &SweepReport, is_dry: bool) -> String {
    let runs: Vec<_> = report
        .runs
        .iter()
        .map(|(run, because)| {
            json!({ "number": run.number, "run": run.id.to_string(), "workflow": run.workflow_id.to_string(), "because": because.in_words() })
        })
        .collect();
    let json = json!({
        "dry_run": is_dry,
        "runs": runs,
        "runs_kept": report.n_kept,
        "runs_needed_in_part": report.n_needed,
        "values": report.n_values,
        "bytes": report.n_bytes,
        "size": size_in_words(report.n_bytes),
        "files": report.n_files,
        "notes": report.problems,
    });
    format!("{json:#}\n")
}
