//! The Effects tab: what the last run, or the one that is looked at, did to the world outside, and what was held back.

use std::sync::Arc;

use egui::{Label, RichText, ScrollArea, Ui};

use super::fresh_rows::{Due, MadeOf, shown_run};
use crate::{
    editor::{Command, LookRequest, View, theme, words},
    engine::Decision,
    store::{Effect, NodeRecord, Status},
    workflow::NodeId,
};

/// A line of the list.
enum Row {
    Heading(String),
    /// Something that was done: in words, and what it was done to, to be copied.
    Done(NodeId, String, Option<String>),
    /// What was not done, and why.
    HeldBack(NodeId, String),
}

/// The lines.
#[derive(Default)]
pub(crate) struct EffectsState {
    made_of: MadeOf,
    rows: Vec<Row>,
}

fn rows(view: View<'_>) -> Vec<Row> {
    let Some(run) = shown_run(view) else { return Vec::new() };
    let (mut done, mut held_back) = (Vec::new(), Vec::new());
    let is_reused = |node: &NodeId| {
        view.past.is_some()
            || view
                .run
                .and_then(|run| run.plan.get(node))
                .is_some_and(|node| matches!(node.decision, Decision::Reuse { .. }))
    };
    for record in view.baseline.iter().filter(|record| record.has_effect()) {
        let seen = if record.run == run {
            Arc::clone(record)
        } else if is_reused(&record.node) {
            record.reused_in(run)
        } else {
            continue;
        };
        add(view, &seen.shown(), &mut done, &mut held_back);
    }
    let is_interrupted = |record: &Arc<NodeRecord>| record.run == run && record.status == Status::Interrupted;
    let interrupted = view
        .baseline
        .iter()
        .any(is_interrupted)
        .then(|| Row::Heading("The run was interrupted: what was done just before that is not known".to_owned()));
    let heading =
        |name: &str, rows: &[Row]| (!rows.is_empty()).then(|| Row::Heading(format!("{name} ({})", rows.len())));
    let (first, second) = (heading("Done", &done), heading("Held back", &held_back));
    first.into_iter().chain(done).chain(second).chain(held_back).chain(interrupted).collect()
}

fn add(view: View<'_>, record: &NodeRecord, done: &mut Vec<Row>, held_back: &mut Vec<Row>) {
    let node = || record.node.clone();
    for deed in record.deeds.iter() {
        done.push(Row::Done(node(), deed.to_string(), Some(deed.target.clone())));
    }
    if record.deeds.n_more() > 0 {
        done.push(Row::Done(node(), format!("and {} more", record.deeds.n_more()), None));
    }
    match record.effect {
        Effect::Performed if record.deeds.is_empty() => {
            let change = record.pinned_data.as_ref().map(ToString::to_string);
            done.push(Row::Done(node(), change.unwrap_or_else(|| "its effect took place".to_owned()), None));
        }
        Effect::HeldBack => {
            held_back.push(Row::HeldBack(node(), record.status.held_back_in_words(&|node| view.name(node))));
        }
        Effect::Performed | Effect::None => {}
    }
}

/// Shows what was done and what was held back.
pub(super) fn effects_ui(ui: &mut Ui, view: View<'_>, state: &mut EffectsState, commands: &mut Vec<Command>) {
    let looked_at = view.past.map(|past| past.summary.id).or_else(|| view.run.map(|run| run.id));
    if state.made_of.due(ui, view, looked_at) != Due::No {
        state.rows = rows(view);
    }
    if state.rows.is_empty() {
        ui.weak(match shown_run(view) {
            Some(_) => "The run did nothing to the world outside: no file was written, nothing was sent.",
            None => "No run yet. What a run does to the world outside is listed here, and what was held back.",
        });
        return;
    }
    let row_height = ui.spacing().interact_size.y;
    ScrollArea::vertical().id_salt("effects").auto_shrink([false, false]).show_rows(
        ui,
        row_height,
        state.rows.len(),
        |ui, in_sight| {
            for row in &state.rows[in_sight] {
                row_ui(ui, view, row, commands);
            }
        },
    );
}

fn row_ui(ui: &mut Ui, view: View<'_>, row: &Row, commands: &mut Vec<Command>) {
    let (node, said, target) = match row {
        Row::Heading(heading) => {
            ui.label(RichText::new(heading).strong());
            return;
        }
        Row::Done(node, said, target) => (node, said, target.as_ref()),
        Row::HeldBack(node, why) => (node, why, None),
    };
    let tokens = theme::tokens(ui);
    let color = if matches!(row, Row::Done(..)) { tokens.text } else { tokens.text_muted };
    egui::Sides::new().shrink_left().show(
        ui,
        |ui| {
            if ui.link(words::title(view.workflow, view.catalogue, node)).clicked() {
                commands.push(Command::Look(LookRequest::Reveal(node.clone())));
            }
            let text = RichText::new(theme::readable(said).as_ref()).color(color);
            ui.add(Label::new(text).truncate()).on_hover_text(theme::readable(said).as_ref());
        },
        |ui| {
            if let Some(target) = target {
                let copy = ui.small_button("Copy").on_hover_text("Copy what it was done to");
                if copy.accessible_name(format!("Copy {target}")).clicked() {
                    ui.ctx().copy_text(target.clone());
                }
            }
        },
    );
}
