//! What the last run says of a node, and what the next one would do: inputs, reasons, times, log lines.

use egui::{Label, RichText, Ui};

use crate::{
    editor::{
        Command, View, theme,
        viewers::{Viewers, input_ui, wants_to_see_ui},
        words,
    },
    engine::why_in_lines,
    nodes::{HIDDEN, LogLevel},
    store::{Effect, LogLine, NodeRecord, Provenance, Status},
    workflow::NodeId,
};

/// How far a line is set in below what it explains, and how often at most: the inspector is narrow.
const SET_IN: f32 = 10.0;
const MAX_SET_IN: usize = 6;

/// Shows what reached the node's inputs in its last run.
pub(super) fn inputs_ui(
    ui: &mut Ui,
    view: View<'_>,
    node: &NodeId,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    let Some(record) = view.record(node) else {
        ui.weak("It has not run yet.");
        return;
    };
    if record.inputs.is_empty() {
        ui.weak("Nothing was connected.");
    }
    for input in &record.inputs {
        ui.label(RichText::new(format!("{} · from {}", input.port(), input.source())).strong());
        input_ui(ui, view, &record, input, viewers, commands);
    }
}

/// Shows what Resume would do and why, and what the last run did and why.
pub(super) fn why_ui(ui: &mut Ui, view: View<'_>, node: &NodeId) {
    if view.past.is_none() {
        next_ui(ui, view, node);
    }
    let Some(record) = view.record(node) else { return };
    ui.label(RichText::new(if view.past.is_some() { "This run" } else { "Last run" }).small().weak());
    if view.past.is_some()
        && let Some(Provenance::Run(from)) =
            record.provenance().filter(|_| matches!(record.status, Status::Reused { .. }))
    {
        line_ui(ui, &format!("Reused from the run {from}"));
    }
    line_ui(ui, &words::status(&record.shown().status, &|node| view.name(node)));
    if let Some(why) = &record.sensitive {
        bullet_ui(ui, &why.in_words(&|node| view.name(node)));
    }
    if let Some(change) = &record.pinned_data {
        line_ui(ui, &format!("It {change}"));
    }
    reasons_ui(ui, view, &record);
}

/// Shows what Resume would do, and why.
fn next_ui(ui: &mut Ui, view: View<'_>, node: &NodeId) {
    ui.label(RichText::new("Next Resume").small().weak());
    if let Some(plan) = view.plan.get(node) {
        line_ui(ui, &words::decision(&plan.decision, &|node| view.name(node)));
        why_lines_ui(ui, &why_in_lines(&view.plan.why(node), &|node| view.name(node)));
        if let Some(why) = &plan.sensitive {
            bullet_ui(ui, &why.in_words(&|node| view.name(node)));
        }
    } else {
        ui.weak("Not planned yet.");
    }
    ui.add_space(4.0);
}

/// How many of the things that a node did are listed.
const MAX_DEEDS: usize = 8;

fn reasons_ui(ui: &mut Ui, view: View<'_>, record: &NodeRecord) {
    for reason in record.reasons.iter() {
        bullet_ui(ui, &reason.in_words(&|node| view.name(node)));
    }
    for warning in record.warnings.iter().chain(&record.released) {
        bullet_ui(ui, warning);
    }
    let shown = record.shown();
    for deed in shown.deeds.iter().take(MAX_DEEDS) {
        bullet_ui(ui, &format!("outside, it {deed}"));
    }
    let n_more = (shown.deeds.iter().len().saturating_sub(MAX_DEEDS)) as u64 + shown.deeds.n_more();
    if n_more > 0 {
        bullet_ui(ui, &format!("and {n_more} more: see Effects"));
    }
    match record.effect {
        Effect::Performed if !record.deeds.is_empty() => {}
        Effect::None => {}
        Effect::Performed => bullet_ui(ui, "its effect on the outside took place"),
        Effect::HeldBack => bullet_ui(ui, "its effect on the outside did not take place"),
    }
}

/// Shows a chain of reasons, every node set in below what it explains.
fn why_lines_ui(ui: &mut Ui, lines: &[(usize, String)]) {
    for (depth, line) in lines {
        ui.horizontal_top(|ui| {
            ui.add_space(*depth.min(&MAX_SET_IN) as f32 * SET_IN);
            bullet_ui(ui, line);
        });
    }
}

fn line_ui(ui: &mut Ui, text: &str) {
    ui.add(Label::new(theme::readable(text).as_ref()).wrap());
}

fn bullet_ui(ui: &mut Ui, text: &str) {
    ui.add(
        Label::new(RichText::new(format!("• {}", theme::readable(text))).color(theme::tokens(ui).text_muted)).wrap(),
    );
}

/// Shows what the node wrote in its last execution.
pub(super) fn log_ui(ui: &mut Ui, view: View<'_>, node: &NodeId) {
    match view.record(node) {
        Some(record) if !record.log.is_empty() => {
            let is_hidden = record.is_sensitive() && !wants_to_see_ui(ui, (node, record.run));
            ui.horizontal(|ui| {
                ui.weak(words::count(record.log.len(), "line"));
                if ui.add_enabled(!is_hidden, egui::Button::new("Copy").small()).clicked() {
                    let lines = record.log.iter().map(|line| format!("{}  {}\n", line.at, line.message));
                    ui.copy_text(lines.collect());
                }
            });
            for line in &record.log {
                if is_hidden {
                    log_line_ui(ui, &LogLine { message: HIDDEN.to_owned(), ..line.clone() });
                } else {
                    log_line_ui(ui, line);
                }
            }
        }
        _ => {
            ui.weak("It wrote nothing.");
        }
    }
}

fn log_line_ui(ui: &mut Ui, line: &LogLine) {
    let tokens = theme::tokens(ui);
    let color = if line.level == LogLevel::Warning { tokens.stale } else { tokens.text };
    let text = format!("{}  {}", line.at.strftime("%H:%M:%S"), line.message);
    ui.add(Label::new(RichText::new(text).monospace().color(color)).wrap());
}
