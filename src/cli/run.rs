//! `pinflow run`: a workflow without a window.

use std::{
    fmt,
    io::{self, IsTerminal as _},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::{
    Outcome, complain,
    forecast::{Left, timings},
    home::Home,
    marking::{Marking, Prepared, find, name_of},
    pause::PauseArguments,
    print,
    report::{node_line, run_as_json, summary},
    sweep::sweep_after_run,
    why::{Names, why_as_json, why_as_text},
};
use crate::{
    engine::{Event, EventKind, why_it_was},
    session::{Folders, Marks, marks_after},
    store::{RunRecord, RunStatus, Status},
};

/// Arguments of `pinflow run`.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    marking: Marking,
    #[command(flatten)]
    pauses: PauseArguments,
    /// Print the record of the run as JSON
    #[arg(long)]
    json: bool,
    /// After the run, show the chain of reasons for what came of one node
    #[arg(long, value_name = "NODE")]
    why: Option<String>,
    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn run(arguments: &RunArguments, home: &Home) -> anyhow::Result<Outcome> {
    let mut prepared = arguments.marking.prepare(home)?;
    let asked = arguments.why.as_ref().map(|node| find(&prepared.request.workflow, node)).transpose()?;
    let names = Names::new(&prepared.request, prepared.engine.catalogue());
    prepared.request.breakpoints = arguments.pauses.breakpoints(&prepared.request.workflow)?;
    let bar = progress_bar(arguments.quiet);
    let name = name_of(&arguments.marking.file, &prepared.request.workflow);
    bar.set_message(name.clone());
    // When nobody sees the bar, what is left is not worked out.
    let left = (!bar.is_hidden()).then(|| Arc::new(Left::new(timings(&prepared))));
    if let Some(left) = &left {
        show_what_is_left(&bar, left);
    }
    if let (Some(run), Some(store)) = (prepared.resumes, prepared.engine.store()) {
        store.start_from(run, prepared.request.session).context("cannot resume from the run")?;
    }
    let marks = prepared.request.marks.clone();
    let shown = bar.clone();
    let says_lines = !arguments.json && !arguments.quiet;
    let shown_names = names.clone();
    let on_event = move |event: Event| {
        if let Some(left) = &left {
            left.take(&event.kind);
        }
        show(&shown, &name, says_lines.then_some(&shown_names), event);
    };
    let record = arguments.pauses.run(&prepared.engine, prepared.request.clone(), on_event)?;
    bar.finish_and_clear();
    for failed in record.own().iter().filter(|node| matches!(node.status, Status::Failed(_))) {
        if let Status::Failed(error) = &failed.shown().status {
            complain(&format!("error: {}: {error}", names.of(&failed.node)));
        }
    }
    let chain = asked.as_ref().map(|node| why_it_was(&record, node));
    if arguments.json {
        let mut json = run_as_json(&record, &names);
        if let Some(chain) = &chain {
            json["why"] = why_as_json(chain, &names);
        }
        print(&format!("{json:#}\n"))?;
    } else {
        if !arguments.quiet {
            print(&format!("{}\n", summary(&record)))?;
        }
        if let Some(chain) = &chain {
            print(&why_as_text(chain, &names))?;
        }
    }
    keep(prepared, marks, &record, &home.folders()?)?;
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
    ProgressBar::new(0)
}

/// Makes the bar say how long is left, also while nothing happens.
fn show_what_is_left(bar: &ProgressBar, left: &Arc<Left>) {
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {pos} of {len} · {elapsed}{left}") {
        let left = Arc::clone(left);
        let write_left = move |_: &ProgressState, out: &mut dyn fmt::Write| {
            if let Some(words) = left.in_words() {
                // A terminal that takes no text shows no bar either.
                write!(out, " · {words}").unwrap_or_default();
            }
        };
        bar.set_style(style.progress_chars("=> ").with_key("left", write_left));
    }
    bar.enable_steady_tick(Duration::from_millis(250));
}

/// Shows an event: a line for a node that is settled, and how far a loop or a long node is beside the workflow's name.
fn show(bar: &ProgressBar, name: &str, lines: Option<&Names>, event: Event) {
    match event.kind {
        EventKind::Started { plan, .. } => {
            bar.set_length(plan.counts().execute as u64);
        }
        EventKind::NodeSettled(record) => {
            if record.took.is_some() || matches!(record.status, Status::Kept { .. }) {
                bar.inc(1);
            }
            bar.set_message(name.to_owned());
            if let Some(names) = lines {
                // Standard output that is gone is reported with the summary.
                bar.suspend(|| print(&format!("{}\n", node_line(&record, names)))).unwrap_or_default();
            }
        }
        EventKind::NodeProgress { node, message, .. } if !message.is_empty() => {
            bar.set_message(format!("{name} · {node}: {message}"));
        }
        EventKind::NodeStarted { .. }
        | EventKind::NodeProgress { .. }
        | EventKind::NodeLogged { .. }
        | EventKind::Paused { .. }
        | EventKind::Continued
        | EventKind::Finished(_) => {
            bar.tick();
        }
    }
}

/// Waits for the results to be on the disk, and keeps the marks of a named session as the run left them.
fn keep(prepared: Prepared, mut marks: Marks, record: &Arc<RunRecord>, folders: &Folders) -> anyhow::Result<()> {
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
    if let Some(store) = prepared.engine.store() {
        sweep_after_run(store, folders);
    }
    Ok(())
}
