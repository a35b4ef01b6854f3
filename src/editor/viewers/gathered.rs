//! What a Collect gathered over several runs: how many of its items an earlier run made, and which.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use egui::{RichText, Ui};

use super::Viewers;
use crate::{
    editor::{Command, LookRequest, Section, View, theme},
    nodes::Outputs,
    store::{LoopAbout, NodeRecord, Status, iterations_in_words, with_commas},
    value::Value,
};

/// Shows how many items of a list that was gathered are of earlier runs, and marks them in it. Shows nothing of what one run
/// made.
pub(super) fn gathered_ui(
    ui: &mut Ui,
    view: View<'_>,
    record: &NodeRecord,
    outputs: &Outputs,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    let Some((about, items)) = gathered(record, outputs) else { return };
    let earlier = about.earlier_parts();
    if earlier.is_empty() {
        return;
    }
    let runs = earlier_runs(view, about);
    let said = if one_each(about, items) {
        let n_earlier: u64 = earlier.iter().map(|part| part.end - part.start).sum();
        let (n_earlier, n_items) = (with_commas(n_earlier), with_commas(items.len() as u64));
        viewers.trees.mark(&Value::List(Arc::clone(items)), &earlier);
        format!("{n_earlier} of {n_items} items come from {runs}, marked on the left")
    } else {
        format!("What {} gave comes from {runs}", iterations_in_words(&earlier))
    };
    let changed = if about.old_parts().is_empty() { "" } else { "; the loop's body was changed since" };
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(said + changed).color(theme::tokens(ui).stale));
        if ui.link("List them").on_hover_text("All iterations, each with the run that made it").clicked() {
            commands.push(Command::Look(LookRequest::Show(record.node.clone(), Section::AllIterations)));
        }
    });
}

/// Returns what a Collect gathered and the loop it gathered it from; nothing where the list is a pin's.
fn gathered<'a>(record: &'a NodeRecord, outputs: &'a Outputs) -> Option<(&'a LoopAbout, &'a Arc<[Value]>)> {
    let iterations = record.iterations.as_ref().filter(|iterations| iterations.member.is_some())?;
    let is_of_loop = matches!(record.status, Status::Executed | Status::Reused { .. });
    if !is_of_loop || record.as_it_was().kind.as_str() != "collect" {
        return None;
    }
    let Some(Value::List(items)) = outputs.get(&"items".into()) else { return None };
    Some((&iterations.of.about, items))
}

/// Returns whether every iteration is known to have given one item, so that the one tells the other.
fn one_each(about: &LoopAbout, items: &[Value]) -> bool {
    about.is_complete && about.failures.is_empty() && about.n_finished == items.len() as u64
}

fn earlier_runs(view: View<'_>, about: &LoopAbout) -> String {
    let earlier: Vec<Range<u64>> = about.earlier_parts();
    let runs: BTreeSet<_> = earlier.iter().filter_map(|part| about.run_of(part.start)).collect();
    let numbers: Vec<String> = runs.iter().filter_map(|run| Some(format!("#{}", view.numbers.get(*run)?))).collect();
    match &numbers[..] {
        [only] if runs.len() == 1 => format!("run {only}"),
        _ if runs.len() == 1 => "an earlier run".to_owned(),
        [] => "earlier runs".to_owned(),
        numbers => format!("earlier runs ({})", numbers.join(", ")),
    }
}
