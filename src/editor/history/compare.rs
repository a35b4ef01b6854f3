//! What differs between two runs: the nodes on the left, the output that is looked at on the right.

use egui::{Button, Label, RichText, ScrollArea, Sense, Ui};

use super::{DifferenceKey, HistoryState, tables};
use crate::{
    editor::{
        Command, LookRequest, View,
        icons::{self, Icon},
        past::{Compared, Past},
        theme, words,
    },
    store::{KeptPort, NodeComparison, OutputComparison, Side, Status},
    value::difference::{Change, Difference, TextDifference},
    workflow::{NodeId, PortId},
};

/// Shows what differs between the run that is looked at and the one it is compared with.
pub(crate) fn compare_ui(
    ui: &mut Ui,
    view: View<'_>,
    (past, compared): (&Past, &Compared),
    state: &mut HistoryState,
    commands: &mut Vec<Command>,
) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(format!("Run #{} and run #{}", compared.before.number, past.summary.number)).strong());
        ui.weak(format!("· {}", compared.comparison.in_words()));
        if ui.small_button("All runs").on_hover_text("Back to the list of runs").clicked() {
            commands.push(Command::OpenRun(past.summary.id));
        }
    });
    let width = (ui.available_width() * 0.4).clamp(180.0, 420.0);
    egui::Panel::left("compared nodes").resizable(true).default_size(width).size_range(140.0..=600.0).show(ui, |ui| {
        ScrollArea::vertical().id_salt("compared nodes").auto_shrink([false, false]).show(ui, |ui| {
            let mut any = false;
            for node in compared.comparison.different() {
                any = true;
                node_ui(ui, view, node, state, commands);
            }
            if !any {
                ui.weak("Nothing differs: the same decisions, parameters and outputs.");
            }
        });
    });
    egui::CentralPanel::default().frame(egui::Frame::NONE.inner_margin(egui::Margin::symmetric(8, 0))).show(ui, |ui| {
        output_difference_ui(ui, view, (past, compared), state, commands);
    });
}

/// Shows a node in which the runs differ, with its outputs to choose from.
fn node_ui(ui: &mut Ui, view: View<'_>, node: &NodeComparison, state: &mut HistoryState, commands: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    ui.push_id(node.node.as_str(), |ui| {
        ui.horizontal_wrapped(|ui| {
            let title = RichText::new(words::title(view.workflow, view.catalogue, &node.node)).strong();
            let selected = view.selection.contains(&node.node);
            if ui.add(Button::selectable(selected, title)).on_hover_text("Select it on the canvas").clicked() {
                commands.push(Command::Look(LookRequest::Reveal(node.node.clone())));
            }
            let (said, differs) = decided(node);
            ui.label(RichText::new(said).color(if differs { tokens.stale } else { tokens.text_muted }));
            for output in &node.outputs {
                output_ui(ui, node, output, state, commands);
            }
        });
        for change in &node.config {
            let said = format!("{}: {} became {}", change.what, change.before, change.after);
            let said = theme::readable(&said);
            ui.horizontal(|ui| {
                ui.add_space(6.0);
                let text = RichText::new(said.as_ref()).color(tokens.text_muted);
                ui.add(Label::new(text).truncate()).on_hover_text(said.as_ref());
            });
        }
    });
}

/// Returns what came of a node in both runs, and whether that differs.
pub(crate) fn decided(node: &NodeComparison) -> (String, bool) {
    let (before, after) = (side(node.before.as_ref()), side(node.after.as_ref()));
    match node.decided_otherwise {
        true if before == after => (format!("{after}, otherwise"), true),
        true => (format!("{before}, then {after}"), true),
        false => (after.to_owned(), false),
    }
}

fn side(side: Option<&Side>) -> &'static str {
    match side.map(|side| side.status.as_ref()) {
        None => "not there",
        Some(None) => "cut off",
        Some(Some(Status::NotRun(_))) => "not run",
        Some(Some(status)) => status.name(),
    }
}

fn output_ui(
    ui: &mut Ui,
    node: &NodeComparison,
    output: &OutputComparison,
    state: &mut HistoryState,
    commands: &mut Vec<Command>,
) {
    let tokens = theme::tokens(ui);
    if !output.is_different() {
        ui.label(RichText::new(format!("{} is the same", output.port)).color(tokens.text_muted));
        return;
    }
    let key = (node.node.clone(), output.port.clone());
    let (rect, _) = ui.allocate_exact_size(egui::vec2(14.0, 14.0), Sense::hover());
    icons::paint(ui.painter(), rect, Icon::Pencil, tokens.stale);
    let text = RichText::new(format!("{} differs", output.port)).color(tokens.stale);
    let button = Button::selectable(state.looked_at.as_ref() == Some(&key), text);
    let name = format!("Output {} of {}", output.port, node.node);
    if ui.add(button).on_hover_text("Show what differs").accessible_name(name).clicked() {
        state.looked_at = Some(key);
        commands.push(Command::Select(vec![node.node.clone()]));
    }
}

/// Returns the output to look at: the one that was chosen, else the first that differs of the selected node, else of all.
fn looked_at(view: View<'_>, compared: &Compared, state: &HistoryState) -> Option<(NodeId, PortId)> {
    let first_of = |node: &NodeComparison| {
        let output = node.outputs.iter().find(|output| output.is_different())?;
        Some((node.node.clone(), output.port.clone()))
    };
    let selected = match view.selection.iter().collect::<Vec<_>>()[..] {
        [node] => compared.comparison.node(node),
        _ => None,
    };
    let chosen = state.looked_at.clone();
    let of_selected = selected.filter(|node| chosen.as_ref().is_none_or(|(known, _)| *known != node.node));
    of_selected.and_then(first_of).or(chosen).or_else(|| compared.comparison.different().find_map(first_of))
}

/// Shows what differs in the output that is looked at.
fn output_difference_ui(
    ui: &mut Ui,
    view: View<'_>,
    (past, compared): (&Past, &Compared),
    state: &HistoryState,
    commands: &mut Vec<Command>,
) {
    let Some((node, port)) = looked_at(view, compared, state) else {
        ui.weak("No output differs.");
        return;
    };
    let Some(known) = compared.comparison.node(&node) else { return };
    let Some(output) = known.outputs.iter().find(|output| output.port == port) else { return };
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(format!("{} · {port}", words::title(view.workflow, view.catalogue, &node))).strong());
        for (run, value) in [(&compared.before, &output.before), (&past.summary, &output.after)] {
            let help = "Pin this node of the workflow to what it gave in that run";
            let button = Button::new(format!("Pin from #{}", run.number)).small();
            if ui.add_enabled(value.is_some(), button).on_hover_text(help).clicked() {
                commands.push(Command::PinFromRun(run.id, vec![node.clone()]));
            }
        }
    });
    let preview = |port: &Option<KeptPort>| port.as_ref().map_or("no value", |port| &port.preview).to_owned();
    let said = format!("{} became {}", preview(&output.before), preview(&output.after));
    ui.add(Label::new(RichText::new(theme::readable(&said)).color(theme::tokens(ui).text_muted)).truncate());
    let key = DifferenceKey { before: compared.before.id, after: past.summary.id, node, port };
    match state.difference(&key) {
        None => {
            if state.waiting.is_none() {
                commands.push(Command::LoadDifference(key.node, key.port));
            }
            ui.weak("Comparing…");
        }
        Some(Err(error)) => {
            ui.add(Label::new(RichText::new(theme::readable(error)).color(theme::tokens(ui).failed)).wrap());
        }
        Some(Ok(difference)) => difference_ui(ui, difference),
    }
}

/// Shows what differs between two values.
pub(crate) fn difference_ui(ui: &mut Ui, difference: &Difference) {
    match difference {
        Difference::None => {
            ui.weak("The same data.");
        }
        Difference::Words(words) => {
            ui.add(Label::new(theme::readable(words).as_ref()).wrap());
        }
        Difference::Text(text) => text_ui(ui, text),
        Difference::Table(table) => tables::table_ui(ui, table),
    }
}

/// A line on the screen: the head of a stretch, or a line with its sign.
enum Row<'a> {
    Head(usize, usize),
    Line(Change, &'a str),
}

fn text_ui(ui: &mut Ui, difference: &TextDifference) {
    let tokens = theme::tokens(ui);
    let cut = if difference.is_cut { ", the first shown" } else { "" };
    ui.label(format!(
        "{} removed, {} added{cut}",
        words::count(difference.n_removed, "line"),
        words::count(difference.n_added, "line")
    ));
    let rows: Vec<Row<'_>> = difference
        .hunks
        .iter()
        .flat_map(|hunk| {
            let lines = hunk.lines.iter().map(|line| Row::Line(line.change, &line.text));
            std::iter::once(Row::Head(hunk.before, hunk.after)).chain(lines)
        })
        .collect();
    let height = ui.text_style_height(&egui::TextStyle::Monospace);
    ScrollArea::both().id_salt("text difference").auto_shrink([false, false]).show_rows(
        ui,
        height,
        rows.len(),
        |ui, in_sight| {
            for row in &rows[in_sight] {
                let text = match row {
                    Row::Head(before, after) => {
                        RichText::new(format!("line {before}, then line {after}")).color(tokens.text_muted).italics()
                    }
                    Row::Line(change, line) => {
                        let line = format!("{} {}", change.sign(), theme::readable(line));
                        let text = RichText::new(line).monospace();
                        match change {
                            Change::Same => text.color(tokens.text_muted),
                            Change::Removed => text.color(tokens.failed),
                            Change::Added => text.color(tokens.forced),
                        }
                    }
                };
                ui.add(Label::new(text).extend());
            }
        },
    );
}
