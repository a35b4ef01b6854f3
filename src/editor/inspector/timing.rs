//! How long the selected node took: in the last run, and in the runs before it as bars.

use std::time::Duration;

use egui::{Label, Rect, RichText, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::asked::Asked;
use crate::{
    editor::{Command, LiveState, View, theme, viewers::attempts_ui, words},
    store::NodeRun,
    workflow::NodeId,
};

/// The most runs that are shown.
pub(crate) const MAX_BARS: usize = 60;

/// How high the bars are at most, and how wide.
const HEIGHT: f32 = 56.0;
const MAX_BAR: f32 = 14.0;

/// Shows when the node ran and how long it took, in this run and in those before it.
pub(super) fn timing_ui(
    ui: &mut Ui,
    view: View<'_>,
    node: &NodeId,
    state: &Asked<Vec<NodeRun>>,
    commands: &mut Vec<Command>,
) {
    last_ui(ui, view, node);
    let key = (view.workflow.id(), node.clone());
    if state.is_due(&key) {
        commands.push(Command::LoadTimes(node.clone()));
    }
    match state.get(&key) {
        None => {
            ui.spinner();
        }
        Some(Err(why)) => {
            ui.add(Label::new(RichText::new(theme::readable(why)).color(theme::tokens(ui).failed)).wrap());
        }
        Some(Ok(runs)) if runs.is_empty() => {
            ui.weak("It has not executed in any run that is in the history.");
        }
        Some(Ok(runs)) => runs_ui(ui, runs, commands),
    }
}

/// Shows how long the node took last.
fn last_ui(ui: &mut Ui, view: View<'_>, node: &NodeId) {
    if let Some(LiveState::Running { since, fraction, message }) = view.run.and_then(|run| run.nodes.get(node)) {
        let done = fraction.map_or_else(String::new, |fraction| format!(" · {:.0} %", fraction * 100.0));
        ui.label(format!("Running for {}{done}", words::duration(since.elapsed())));
        if !message.is_empty() {
            ui.weak(message);
        }
        return;
    }
    let Some(record) = view.record(node) else {
        ui.weak("It has not run yet.");
        return;
    };
    match (record.started, record.took) {
        (Some(started), Some(took)) => {
            ui.label(format!("Took {}", words::duration(took)));
            ui.weak(format!("Started {}", started.strftime("%Y-%m-%d %H:%M:%S UTC")));
        }
        _ => {
            ui.weak("It did not execute in the last run.");
        }
    }
    attempts_ui(ui, &record.shown());
    let number = view.numbers.get(record.run).map_or_else(|| record.run.to_string(), |number| format!("#{number}"));
    ui.weak(format!("Run {number}"));
}

/// What runs of a node come to.
#[derive(Debug, PartialEq, Eq)]
struct Summary {
    median: Duration,
    /// How long the slowest run took, and its number.
    slowest: (Duration, i64),
    n_failed: usize,
}

/// Returns what runs, of which there is at least one, come to. Of an even number the median is the lower one of the middle.
fn summary(runs: &[NodeRun]) -> Option<Summary> {
    let mut times: Vec<Duration> = runs.iter().map(|run| run.took).collect();
    times.sort_unstable();
    let slowest = runs.iter().max_by_key(|run| run.took)?;
    Some(Summary {
        median: *times.get((times.len() - 1) / 2)?,
        slowest: (slowest.took, slowest.number),
        n_failed: runs.iter().filter(|run| run.has_failed).count(),
    })
}

impl Summary {
    fn in_words(&self, n_runs: usize) -> String {
        let (slowest, number) = self.slowest;
        let failed = if self.n_failed > 0 { format!(", {} failed", self.n_failed) } else { String::new() };
        format!(
            "Executed in {}{failed} · median {} · slowest {} (#{number})",
            words::count(n_runs, "run"),
            words::duration(self.median),
            words::duration(slowest)
        )
    }
}

fn runs_ui(ui: &mut Ui, runs: &[NodeRun], commands: &mut Vec<Command>) {
    let Some(summary) = summary(runs) else { return };
    ui.add_space(4.0);
    ui.add(Label::new(summary.in_words(runs.len())).wrap());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Times of {} runs", runs.len())));
    let width = (rect.width() / runs.len() as f32).min(MAX_BAR);
    let at = response.hover_pos().map(|pos| ((pos.x - rect.left()) / width) as usize).filter(|at| *at < runs.len());
    if ui.is_rect_visible(rect) {
        paint(ui, rect, (runs, &summary), (width, at));
    }
    if let Some(run) = at.map(|at| &runs[at]) {
        if response.clicked() {
            commands.push(Command::OpenRun(run.run));
        }
        response.on_hover_text_at_pointer(about(run));
    }
}

/// Returns what a bar stands for, in words.
fn about(run: &NodeRun) -> String {
    let outcome = if run.has_failed { "failed after" } else { "took" };
    let attempts = match run.n_failed_attempts {
        0 => String::new(),
        n => format!("\n{} failed", words::count(n, "attempt")),
    };
    let started = run.started.strftime("%Y-%m-%d %H:%M UTC");
    format!("Run #{}, {started}\n{outcome} {}{attempts}\nClick to open the run", run.number, words::duration(run.took))
}

fn paint(ui: &Ui, rect: Rect, (runs, summary): (&[NodeRun], &Summary), (width, at): (f32, Option<usize>)) {
    let tokens = theme::tokens(ui);
    let painter = ui.painter();
    painter.rect_filled(rect, 4.0, tokens.field);
    let longest = summary.slowest.0.as_secs_f32().max(f32::MIN_POSITIVE);
    let room = rect.shrink2(vec2(0.0, 3.0));
    let y = |took: Duration| room.bottom() - (took.as_secs_f32() / longest) * room.height();
    for (index, run) in runs.iter().enumerate() {
        let left = rect.left() + index as f32 * width;
        let top = y(run.took).min(room.bottom() - 2.0);
        let gap = if width > 4.0 { 1.0 } else { 0.0 };
        let bar = Rect::from_min_max(pos2(left + gap, top), pos2(left + width - gap, room.bottom()));
        let color = if run.has_failed { tokens.failed } else { tokens.running };
        painter.rect_filled(bar, 1.0, if at == Some(index) { tokens.text } else { color });
    }
    let end = rect.left() + width * runs.len() as f32;
    painter.hline(rect.left()..=end, y(summary.median), (1.0, tokens.text_muted));
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::store::RunId;

    fn run(number: i64, millis: u64, has_failed: bool) -> NodeRun {
        let (run, started) = (RunId::generate(), Timestamp::UNIX_EPOCH);
        NodeRun { run, number, started, took: Duration::from_millis(millis), n_failed_attempts: 2, has_failed }
    }

    #[test]
    fn runs_are_summed_up() {
        let runs = [run(3, 20, false), run(4, 900, true), run(7, 10, false), run(8, 30, false)];
        let summary = summary(&runs).unwrap();
        assert_eq!(summary.in_words(4), "Executed in 4 runs, 1 failed · median 20 ms · slowest 900 ms (#4)");
        assert!(about(&runs[1]).starts_with("Run #4, 1970-01-01 00:00 UTC\nfailed after 900 ms\n2 attempts failed"));
        assert_eq!(super::summary(&[]), None);
    }
}
