//! The iterations of a node that is part of a loop: how many there were, and any one of them to look at.

use std::{sync::Arc, time::Duration};

use egui::{Label, RichText, Ui};

use crate::{
    editor::{
        Command, LookRequest, MarkRequest, View,
        command_item::small_button_ui,
        command_table::{CommandId as Id, Situation},
        iterations::{Followed, Iteration, IterationsState, around_ui, choice_ui, of, standing_ui},
        theme,
        viewers::{Room, Viewers, open_ui, value_ui, wants_to_see_ui},
        words,
    },
    nodes::{HIDDEN, Role},
    session::Mark,
    store::{IterationCell, IterationRow, IterationStatus, LoopRecord, NodeRecord, Reason, made_in_words, with_commas},
    value::Value,
    workflow::{NodeId, PortRef},
};

/// Shows that what a loop has collected is of several bodies, with a way to make it anew.
pub(super) fn mixed_ui(ui: &mut Ui, view: View<'_>, id: &NodeId, commands: &mut Vec<Command>) {
    let Some((_, iterations)) = of(view, id) else { return };
    let about = &iterations.of.about;
    let old = about.old_parts();
    let is_shown = iterations.member.is_none() || role(view, id).is_closer();
    if old.is_empty() || !is_shown {
        return;
    }
    let text = format!("Mixed: {} made before the loop's body was changed.", made_in_words(&old));
    ui.add(Label::new(RichText::new(text).color(theme::tokens(ui).stale)).wrap());
    redo_ui(ui, view, &about.head, commands);
}

/// Offers to make all iterations of a loop again.
fn redo_ui(ui: &mut Ui, view: View<'_>, head: &NodeId, commands: &mut Vec<Command>) {
    if matches!(view.marks.get(head), Mark::Forced) {
        ui.weak("All iterations will be made again in the next run.");
        return;
    }
    let title = words::title(view.workflow, view.catalogue, head);
    let help =
        format!("Force {title}: every run makes all its iterations from the start, until you take the mark away");
    if ui.button("Make all iterations again").on_hover_text(help).clicked() {
        commands.push(Command::Mark(vec![head.clone()], MarkRequest::ToggleForce));
    }
}

fn role(view: View<'_>, id: &NodeId) -> Role {
    let kind = view.workflow.node(id).and_then(|node| view.catalogue.get(&node.kind));
    kind.map_or(Role::Plain, |kind| kind.role)
}

/// Shows how a loop went, and an iteration of it.
pub(super) fn iterations_ui(
    ui: &mut Ui,
    view: View<'_>,
    id: &NodeId,
    state: &mut IterationsState,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    let (Some((record, _)), Some(followed)) = (of(view, id), state.follow(view, id, commands)) else { return };
    around_ui(ui, view, &followed, state);
    let Some(of) = standing_ui(ui, &followed) else { return };
    let about = &of.about;
    let words = about.in_words();
    let color = if about.failures.is_empty() { theme::tokens(ui).text } else { theme::tokens(ui).failed };
    ui.colored_label(color, words[..1].to_uppercase() + &words[1..]);
    let goes_on = |reason: &Reason| matches!(reason, Reason::LoopGoesOn { .. });
    if view.plan.get(&about.head).is_some_and(|plan| plan.reasons.iter().any(goes_on)) {
        ui.weak("Resume goes on behind the last one.");
        redo_ui(ui, view, &about.head, commands);
    }
    let Some(index) = choice_ui(ui, about, None, state) else { return };
    small_button_ui(ui, Id::AllIterations, &Situation::of(view), None, commands);
    let key = (about.id, followed.run, index);
    match state.get(&key) {
        None => {
            commands.push(Command::LoadIteration(Arc::clone(of), followed.run, index));
            ui.horizontal(|ui| {
                ui.spinner();
                ui.weak(format!("Reading iteration {}…", with_commas(index + 1)));
            });
        }
        Some(Err(error)) => {
            ui.colored_label(theme::tokens(ui).failed, theme::readable(error));
        }
        Some(Ok(Iteration { row: None, .. })) => {
            ui.weak("This iteration has not been made.");
        }
        Some(Ok(Iteration { row: Some(row), item })) => {
            let shown = Shown {
                view,
                id,
                record,
                of,
                followed: &followed,
                member: followed.member,
                index,
                row,
                item: item.as_ref(),
            };
            shown.ui(ui, viewers, commands);
        }
    }
}

/// What is said of a value that the node gave.
const GAVE: &str = "gave";

/// What came by a wire in an iteration.
enum Given {
    Value(Value),
    /// No value, or one that is not kept.
    Nothing,
    /// What is outside of the loop, and stands in the node's record.
    Outside,
}

/// One iteration of one node, to be shown.
struct Shown<'a> {
    view: View<'a>,
    id: &'a NodeId,
    record: &'a NodeRecord,
    of: &'a Arc<LoopRecord>,
    followed: &'a Followed,
    member: Option<usize>,
    index: u64,
    row: &'a IterationRow,
    item: Option<&'a Value>,
}

impl Shown<'_> {
    fn ui(&self, ui: &mut Ui, viewers: &mut Viewers, commands: &mut Vec<Command>) {
        let about = &self.of.about;
        let tokens = theme::tokens(ui);
        if about.old_parts().iter().any(|part| part.contains(&self.index)) {
            ui.colored_label(tokens.stale, "Made before the loop's body was changed");
        }
        let cell = self.member.and_then(|member| self.row.cells.get(member));
        let shows = !self.hides_any() || wants_to_see_ui(ui, (about.id, self.id, self.index));
        match cell {
            Some(cell) => cell_ui(ui, cell, shows || !self.view.is_sensitive(self.id)),
            None => self.sum_ui(ui),
        }
        if let Some(failure) = about.failures.iter().find(|failure| failure.index == self.index)
            && failure.node != *self.id
        {
            let title = words::title(self.view.workflow, self.view.catalogue, &failure.node);
            if ui.link(format!("Failed in {title}")).clicked() {
                commands.push(Command::Look(LookRequest::Reveal(failure.node.clone())));
            }
            ui.add(Label::new(RichText::new(theme::readable(&failure.error)).color(tokens.failed)).wrap());
        }
        if self.member.is_some() {
            self.inputs_ui(ui, shows, viewers, commands);
        } else if let Some(item) = self.item {
            let item = self.seen(self.id, item, shows);
            self.port_ui(ui, GAVE, self.item_port(), item, viewers, commands);
        } else {
            ui.weak("The item is not kept.");
        }
        // The log has of what closes a loop what it was given, which stands among the inputs.
        let outputs = cell.and_then(|cell| cell.outputs.as_ref()).filter(|_| !role(self.view, self.id).is_closer());
        for (port, value) in outputs.iter().flat_map(|outputs| outputs.iter()) {
            self.port_ui(ui, GAVE, port.as_str(), self.seen(self.id, value, shows), viewers, commands);
        }
    }

    /// Returns whether anything of the iteration is to be shown only when asked for.
    fn hides_any(&self) -> bool {
        let sources = self.record.inputs.iter().map(|input| &input.source().node);
        sources.chain([self.id]).any(|node| self.view.is_sensitive(node))
    }

    /// Returns what a node gave, as far as it may be seen.
    fn seen<'v>(&self, node: &NodeId, value: &'v Value, shows: bool) -> Option<&'v Value> {
        Some(value).filter(|_| shows || !self.view.is_sensitive(node))
    }

    /// Shows how long all nodes of the body took together.
    fn sum_ui(&self, ui: &mut Ui) {
        let took: u64 = self.row.cells.iter().map(|cell| cell.took_nanos).sum();
        ui.label(format!("Its nodes took {}", words::duration(Duration::from_nanos(took))));
    }

    fn item_port(&self) -> &'static str {
        if role(self.view, &self.of.about.head) == Role::Repeat { "state" } else { "item" }
    }

    fn inputs_ui(&self, ui: &mut Ui, shows: bool, viewers: &mut Viewers, commands: &mut Vec<Command>) {
        for input in &self.record.inputs {
            let source = input.source();
            let port = input.port().as_str();
            match self.given(source) {
                Given::Value(value) => {
                    let value = self.seen(&source.node, &value, shows);
                    self.port_ui(ui, "given", port, value, viewers, commands);
                }
                Given::Nothing => {
                    ui.weak(format!("given {port} · no value"));
                }
                Given::Outside => {
                    ui.weak(format!("given {port} · from outside of the loop, the same in all iterations"));
                }
            }
        }
    }

    /// Returns what came from an output in this iteration.
    fn given(&self, source: &PortRef) -> Given {
        let about = &self.of.about;
        let value = if source.node == about.head {
            let is_index = source.port.as_str() == "index";
            if is_index { Some(Value::Int(self.index.cast_signed())) } else { self.item.cloned() }
        } else if let Some(member) = about.members.iter().position(|member| *member == source.node) {
            let outputs = self.row.cells.get(member).and_then(|cell| cell.outputs.as_ref());
            outputs.and_then(|outputs| outputs.get(&source.port).cloned())
        } else {
            return Given::Outside;
        };
        value.map_or(Given::Nothing, Given::Value)
    }

    fn port_ui(
        &self,
        ui: &mut Ui,
        verb: &str,
        port: &str,
        value: Option<&Value>,
        viewers: &mut Viewers,
        commands: &mut Vec<Command>,
    ) {
        let Some(value) = value else {
            ui.label(RichText::new(format!("{verb} {port} · {HIDDEN}")).strong());
            return;
        };
        ui.horizontal(|ui| {
            if let Some(port) = port.parse().ok().filter(|_| verb == GAVE) {
                open_ui(ui, self.followed.window(self.id, self.of, Some(port), self.index), commands);
            }
            ui.label(RichText::new(format!("{verb} {port} · {}", value.value_type())).strong());
        });
        ui.push_id((verb, port, self.index), |ui| value_ui(ui, value, Room::Small, viewers, commands));
    }
}

/// Shows what came of a node in an iteration.
fn cell_ui(ui: &mut Ui, cell: &IterationCell, shows: bool) {
    let tokens = theme::tokens(ui);
    let took = Duration::from_nanos(cell.took_nanos);
    let words = status(cell.status);
    match cell.status {
        IterationStatus::Executed | IterationStatus::Edited => {
            ui.label(format!("{words} in {}", words::duration(took)))
        }
        IterationStatus::Failed => ui.colored_label(tokens.failed, format!("{words} after {}", words::duration(took))),
        _ => ui.weak(words),
    };
    if let Some(error) = &cell.error {
        let error = if shows { error } else { HIDDEN };
        ui.add(Label::new(RichText::new(theme::readable(error)).color(tokens.failed)).wrap());
    }
}

/// Returns what became of a node in an iteration.
const fn status(status: IterationStatus) -> &'static str {
    match status {
        IterationStatus::Executed => "Executed",
        IterationStatus::Reused => "Reused the results of this iteration in an earlier run",
        IterationStatus::Pinned => "Pinned",
        IterationStatus::Disabled => "Disabled",
        IterationStatus::NotRun => "Did not run",
        IterationStatus::Failed => "Failed",
        IterationStatus::Kept => "Kept",
        IterationStatus::NotNeeded => "Not needed for what was asked",
        IterationStatus::HeldBack => "Held back in a dry run",
        IterationStatus::Edited => "Executed with a value that was changed by hand",
    }
}
