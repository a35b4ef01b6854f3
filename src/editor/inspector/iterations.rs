//! The iterations of a node that is part of a loop: how many there were, and any one of them to look at. What came of one is
//! read from the log by another thread; a few stay in memory.

use std::{collections::VecDeque, time::Duration};

use egui::{Button, DragValue, Label, RichText, Ui};

use crate::{
    editor::{
        Command, LookRequest, MarkRequest, View, theme,
        viewers::{Room, Viewers, value_ui, wants_to_see_ui},
        words,
    },
    nodes::{HIDDEN, Role},
    session::Mark,
    store::{
        Arrived, IterationCell, IterationRow, IterationStatus, Iterations, LoopAbout, LoopId, LoopRecord, NodeRecord,
        Reason, RunId, Store, made_in_words, with_commas,
    },
    value::Value,
    workflow::{NodeId, PortRef},
};

/// The most iterations that are kept in memory.
const MAX_KEPT: usize = 16;

/// Which iteration is read: the loop, the run its record is of, the index from 0.
pub(crate) type IterationKey = (LoopId, RunId, u64);

/// What the section remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct IterationsState {
    /// The iteration that was chosen, for all nodes of its loop alike. Without one the newest is shown.
    chosen: Option<(LoopId, u64)>,
    /// The one that is being read.
    waiting: Option<IterationKey>,
    /// What was read, the newest last.
    kept: VecDeque<(IterationKey, Result<Iteration, String>)>,
}

/// An iteration, as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Iteration {
    /// What the log has of it; nothing if it has not been made.
    row: Option<IterationRow>,
    /// The item, or the state it began with, where that is known.
    item: Option<Value>,
}

impl IterationsState {
    /// Notes that an iteration is being read; returns whether it may be: one after the other, so that a hand on the number
    /// field does not have all those it passes by be read at once.
    pub(crate) fn begin(&mut self, key: IterationKey) -> bool {
        let may = self.waiting.is_none() && self.get(&key).is_none();
        if may {
            self.waiting = Some(key);
        }
        may
    }

    /// Takes in what was read, or why it could not be.
    pub(crate) fn end(&mut self, key: IterationKey, iteration: Result<Iteration, String>) {
        self.waiting = None;
        if self.kept.len() >= MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((key, iteration));
    }

    fn get(&self, key: &IterationKey) -> Option<&Result<Iteration, String>> {
        self.kept.iter().find(|(known, _)| known == key).map(|(_, iteration)| iteration)
    }
}

/// Reads an iteration of a loop, with the item or state it began with if the record of the loop's head still has it. Not for
/// the interface thread.
pub(crate) fn read_iteration(
    of: &LoopRecord,
    head: Option<&NodeRecord>,
    store: Option<&Store>,
    index: u64,
) -> Result<Iteration, String> {
    let rows = of.log.rows(index.saturating_sub(1)..index + 1, &of.about.ports).map_err(|error| error.to_string())?;
    let find = |index: u64| rows.iter().find(|(known, _)| *known == index).map(|(_, row)| row);
    let row = find(index).cloned();
    let kept = row.as_ref().and_then(|row| row.item.clone());
    let given = || {
        let input = head.filter(|head| is_of(head, &of.about))?.inputs.first()?;
        let value = match &input.arrived {
            Arrived::NoValue => return None,
            Arrived::Stored(known) => store?.load_value(&known.1?).ok()?,
            Arrived::Results(results) => results.load().ok()?.get(&input.source().port)?.clone(),
        };
        if input.port().as_str() == "items" { item_of(&value, index) } else { (index == 0).then_some(value) }
    };
    let handed_on = || {
        let before = index.checked_sub(1).and_then(find)?;
        let outputs = before.cells.iter().filter_map(|cell| cell.outputs.as_ref());
        // What a Next was given; in a loop over items there is none.
        let is_repeat = head.is_some_and(|head| head.as_it_was().kind.as_str() == "repeat");
        outputs.filter(|_| is_repeat).find_map(|outputs| outputs.get(&"state".into()).cloned())
    };
    let item = kept.or_else(handed_on).or_else(given);
    Ok(Iteration { row, item })
}

fn is_of(record: &NodeRecord, about: &LoopAbout) -> bool {
    record.iterations.as_ref().is_some_and(|iterations| iterations.of.about.id == about.id)
}

fn item_of(value: &Value, index: u64) -> Option<Value> {
    let index = usize::try_from(index).ok()?;
    match value {
        Value::List(items) => items.get(index).cloned(),
        Value::Table(table) if index < table.n_rows() => Some(Value::Record(table.record(index).into())),
        _ => None,
    }
}

/// Returns the iterations of a node, if it has any.
pub(super) fn of<'a>(view: View<'a>, id: &NodeId) -> Option<(&'a NodeRecord, &'a Iterations)> {
    let record = view.baseline.get(id)?;
    Some((record, record.iterations.as_ref()?))
}

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
    let Some((record, iterations)) = of(view, id) else { return };
    let about = &iterations.of.about;
    let words = about.in_words();
    let color = if about.failures.is_empty() { theme::tokens(ui).text } else { theme::tokens(ui).failed };
    ui.colored_label(color, words[..1].to_uppercase() + &words[1..]);
    let goes_on = |reason: &Reason| matches!(reason, Reason::LoopGoesOn { .. });
    if view.plan.get(&about.head).is_some_and(|plan| plan.reasons.iter().any(goes_on)) {
        ui.weak("Resume goes on behind the last one.");
        redo_ui(ui, view, &about.head, commands);
    }
    let n_seen = about.n_seen();
    if n_seen == 0 {
        return;
    }
    let chosen = state.chosen.filter(|(of, _)| *of == about.id).map_or(n_seen - 1, |(_, index)| index.min(n_seen - 1));
    let index = choice_ui(ui, about, n_seen, chosen);
    if index != chosen {
        state.chosen = Some((about.id, index));
    }
    let key = (about.id, record.run, index);
    match state.get(&key) {
        None => {
            commands.push(Command::LoadIteration(id.clone(), index));
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
            let shown = Shown { view, id, record, iterations, index, row, item: item.as_ref() };
            shown.ui(ui, viewers, commands);
        }
    }
}

/// Shows the number of an iteration with the ways to others; returns which one is chosen now.
fn choice_ui(ui: &mut Ui, about: &LoopAbout, n_seen: u64, chosen: u64) -> u64 {
    let mut index = chosen;
    let last = n_seen - 1;
    ui.horizontal_wrapped(|ui| {
        let step = |ui: &mut Ui, sign: &str, name: &str, to: Option<u64>| {
            let response = ui.add_enabled(to.is_some(), Button::new(sign)).on_hover_text(name).accessible_name(name);
            to.filter(|_| response.clicked())
        };
        let first = step(ui, "«", "First iteration", (chosen > 0).then_some(0));
        let previous = step(ui, "‹", "Previous iteration", chosen.checked_sub(1));
        let mut number = chosen + 1;
        let field = DragValue::new(&mut number).range(1..=n_seen);
        let typed = ui.add(field).on_hover_text("Drag, or click and type").accessible_name("Iteration");
        let typed = typed.changed().then_some(number.saturating_sub(1));
        let next = step(ui, "›", "Next iteration", (chosen < last).then_some(chosen + 1));
        let newest = step(ui, "»", "Last iteration", (chosen < last).then_some(last));
        let failed = if about.failures.is_empty() {
            None
        } else {
            step(ui, "Next failed", "Next failed", next_failed(about, chosen))
        };
        index = [first, previous, typed, next, newest, failed].into_iter().flatten().next().unwrap_or(chosen);
    });
    index
}

/// Returns the failed iteration behind this one; behind the last the first.
fn next_failed(about: &LoopAbout, index: u64) -> Option<u64> {
    let failed = || about.failures.iter().map(|failure| failure.index);
    failed().filter(|failed| *failed > index).min().or_else(|| failed().min()).filter(|failed| *failed != index)
}

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
    iterations: &'a Iterations,
    index: u64,
    row: &'a IterationRow,
    item: Option<&'a Value>,
}

impl Shown<'_> {
    fn ui(&self, ui: &mut Ui, viewers: &mut Viewers, commands: &mut Vec<Command>) {
        let about = &self.iterations.of.about;
        let tokens = theme::tokens(ui);
        if about.old_parts().iter().any(|part| part.contains(&self.index)) {
            ui.colored_label(tokens.stale, "Made before the loop's body was changed");
        }
        let cell = self.iterations.member.and_then(|member| self.row.cells.get(member));
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
        if self.iterations.member.is_some() {
            self.inputs_ui(ui, shows, viewers, commands);
        } else if let Some(item) = self.item {
            let item = self.seen(self.id, item, shows);
            self.port_ui(ui, "gave", self.item_port(), item, viewers, commands);
        } else {
            ui.weak("The item is not kept.");
        }
        // The log has of what closes a loop what it was given, which stands among the inputs.
        let outputs = cell.and_then(|cell| cell.outputs.as_ref()).filter(|_| !role(self.view, self.id).is_closer());
        for (port, value) in outputs.iter().flat_map(|outputs| outputs.iter()) {
            self.port_ui(ui, "gave", port.as_str(), self.seen(self.id, value, shows), viewers, commands);
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
        if role(self.view, &self.iterations.of.about.head) == Role::Repeat { "state" } else { "item" }
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
        let about = &self.iterations.of.about;
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
        ui.label(RichText::new(format!("{verb} {port} · {}", value.value_type())).strong());
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
