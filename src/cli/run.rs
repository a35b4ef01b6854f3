//! `pinflow run`: a workflow without a window.

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
};

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    Outcome, complain,
    marking::{Marking, Prepared, name_of},
    print,
    report::{node_line, run_as_json, summary},
};
use crate::{
    engine::{Event, EventKind},
    session::{Marks, marks_after},
    store::{RunRecord, RunStatus, Status},
};

/// Arguments of `pinflow run`.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    marking: Marking,
    /// Print the record of the run as JSON
    #[arg(long)]
    json: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn run(arguments: &RunArguments) -> anyhow::Result<Outcome> {
    let prepared = arguments.marking.prepare()?;
    let bar = progress_bar(arguments.quiet);
    let name = name_of(&arguments.marking.file, &prepared.request.workflow);
    bar.set_message(name.clone());
    let marks = prepared.request.marks.clone();
    let shown = bar.clone();
    let says_lines = !arguments.json && !arguments.quiet;
    let record = prepared.engine.run(prepared.request.clone(), move |event| show(&shown, &name, says_lines, event));
    bar.finish_and_clear();
    for failed in record.own().iter().filter(|node| matches!(node.status, Status::Failed(_))) {
        if let Status::Failed(error) = &failed.status {
            complain(&format!("error: {}: {error}", failed.node));
        }
    }
    if arguments.json {
        print(&format!("{:#}\n", run_as_json(&record)))?;
    } else if !arguments.quiet {
        print(&format!("{}\n", summary(&record)))?;
    }
    keep(prepared, marks, &record)?;
    Ok(match record.header.status {
        RunStatus::Succeeded | RunStatus::SucceededWithErrors => Outcome::Success,
        RunStatus::Failed | RunStatus::Cancelled | RunStatus::Interrupted | RunStatus::Running => Outcome::NodeFailed,
    })
}

/// Returns a progress bar on a terminal, and nothing elsewhere.
fn progress_bar(quiet: bool) -> ProgressBar {
    if quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {pos} of {len} · {elapsed}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Shows an event: a line for a node that is settled, and how far a loop or a long node is beside the workflow's name.
fn show(bar: &ProgressBar, name: &str, says_lines: bool, event: Event) {
    match event.kind {
        EventKind::Started { plan, .. } => {
            bar.set_length(plan.counts().execute as u64);
        }
        EventKind::NodeSettled(record) => {
            if record.took.is_some() || matches!(record.status, Status::Kept { .. }) {
                bar.inc(1);
            }
            bar.set_message(name.to_owned());
            if says_lines {
                // Standard output that is gone is reported with the summary.
                bar.suspend(|| print(&format!("{}\n", node_line(&record)))).unwrap_or_default();
            }
        }
        EventKind::NodeProgress { node, message, .. } if !message.is_empty() => {
            bar.set_message(format!("{name} · {node}: {message}"));
        }
        EventKind::NodeStarted { .. }
        | EventKind::NodeProgress { .. }
        | EventKind::NodeLogged { .. }
        | EventKind::Finished(_) => bar.tick(),
    }
}

/// Waits for the results to be on the disk, and keeps the marks of a named session as the run left them.
fn keep(prepared: Prepared, mut marks: Marks, record: &Arc<RunRecord>) -> anyhow::Result<()> {
    if let Some(store) = prepared.engine.store()
        && let Err(error) = store.flush()
    {
        complain(&format!("warning: {error}; the next --resume may execute more than it must"));
    }
    if let Some(mut session) = prepared.session {
        marks.apply(marks_after(&marks, record));
        session.marks = marks;
        session.close().context("cannot keep the session")?;
    }
    Ok(())
}
