//! What a pin holds beside what its node gives now.

use std::collections::VecDeque;

use egui::{Button, Checkbox, Id, Label, Modal, RichText, ScrollArea, Ui};

use super::frame;
use crate::{
    editor::{
        Answer, Command, PinRequest,
        fresh::{ComparedPort, Comparison},
        history::difference_ui,
        icons::{self, Icon},
        theme, words,
    },
    value::difference::{Change, Difference, Hunk, Line, TextDifference},
    workflow::NodeId,
};

/// How high what differs in one output is at most, in points.
const MOST: f32 = 260.0;

/// Pins that are compared with what their nodes give now, one after the other.
pub(crate) struct FreshDialog {
    /// The nodes that are yet to be compared, with what people call them; the first is being so.
    pub(crate) waiting: VecDeque<(NodeId, String)>,
    pub(crate) compared: Vec<ComparedNode>,
    pub(crate) stage: Stage,
}

/// What came of one comparison.
pub(crate) struct ComparedNode {
    pub(crate) node: NodeId,
    pub(crate) title: String,
    /// The values side by side, or why there are no fresh ones.
    pub(crate) result: Result<Box<Comparison>, String>,
    /// The fresh values are to be taken.
    pub(crate) is_taken: bool,
}

impl ComparedNode {
    /// Returns one whose fresh values are to be taken, if they are others.
    pub(crate) fn new(node: NodeId, title: String, result: Result<Box<Comparison>, String>) -> Self {
        let new = Self { node, title, result, is_taken: false };
        Self { is_taken: new.differs(), ..new }
    }

    fn differs(&self) -> bool {
        self.result.as_ref().is_ok_and(|compared| compared.differs())
    }
}

impl FreshDialog {
    /// Returns what the dialog is about.
    fn about(&self) -> String {
        let titles = self.compared.iter().map(|node| &node.title).chain(self.waiting.iter().map(|(_, title)| title));
        match titles.collect::<Vec<_>>()[..] {
            [title] => title.clone(),
            ref several => words::count(several.len(), "node"),
        }
    }
}

/// How far the comparison is.
pub(crate) enum Stage {
    /// It is found out what has to execute.
    Planning,
    /// These nodes would change something outside.
    Asking(Vec<String>),
    /// The node, or what it needs, executes.
    Running(String),
    /// All were compared.
    Done,
}

/// Shows the dialog.
pub(super) fn fresh_ui(ui: &Ui, dialog: &mut FreshDialog, commands: &mut Vec<Command>) {
    let modal = Modal::new(Id::unique("fresh")).frame(frame(ui)).show(ui, |ui| {
        let room = ui.content_rect().size();
        ui.set_width(760.0_f32.min(room.x - 60.0));
        let title = format!("Pinned and fresh: {}", dialog.about());
        ui.add(Label::new(RichText::new(theme::readable(&title)).size(17.0).strong()).truncate());
        let said = "Executed aside, with what that takes: pins, history and what is below stay as they are.";
        ui.add(Label::new(RichText::new(said).color(theme::tokens(ui).text_muted)).wrap());
        ui.add_space(6.0);
        match &dialog.stage {
            Stage::Planning => working_ui(ui, "Finding out what has to execute…"),
            Stage::Running(at) => working_ui(ui, &format!("Executing {at}…")),
            Stage::Asking(nodes) => effects_ui(ui, nodes),
            Stage::Done => {}
        }
        let most = (room.y - 200.0).max(120.0);
        ScrollArea::vertical().id_salt("compared").max_height(most).show(ui, |ui| {
            let several = dialog.compared.len() + dialog.waiting.len() > 1;
            for node in &mut dialog.compared {
                ui.push_id(node.node.clone(), |ui| node_ui(ui, node, several, most));
            }
        });
        ui.add_space(8.0);
        ui.horizontal(|ui| buttons_ui(ui, dialog, commands));
    });
    if modal.should_close() {
        commands.push(Command::Answer(Answer::Cancel));
    }
}

fn node_ui(ui: &mut Ui, node: &mut ComparedNode, several: bool, most: f32) {
    if several {
        let differs = node.differs();
        ui.horizontal(|ui| {
            let name = format!("Take the fresh one of {}", node.title);
            ui.add_enabled(differs, Checkbox::without_text(&mut node.is_taken))
                .on_hover_text(&name)
                .accessible_name(name);
            ui.label(RichText::new(theme::readable(&node.title)).size(15.0).strong());
        });
    }
    match &node.result {
        Err(error) => {
            let said = format!("There is nothing fresh to compare with. {error}");
            ui.add(Label::new(RichText::new(theme::readable(&said)).color(theme::tokens(ui).failed)).wrap());
        }
        Ok(compared) => ports_ui(ui, &compared.ports, most),
    }
}

fn working_ui(ui: &mut Ui, said: &str) {
    ui.horizontal(|ui| {
        ui.spinner();
        ui.label(theme::readable(said).as_ref());
    });
}

fn effects_ui(ui: &mut Ui, nodes: &[String]) {
    let tokens = theme::tokens(ui);
    let said = "This changes something outside, really and now:";
    ui.add(Label::new(RichText::new(said).color(tokens.stale).strong()).wrap());
    ScrollArea::vertical().id_salt("effects").max_height(180.0).show(ui, |ui| {
        for node in nodes {
            ui.horizontal(|ui| {
                sign_ui(ui, Icon::SideEffect, tokens.stale);
                ui.add(Label::new(theme::readable(node).as_ref()).truncate());
            });
        }
    });
}

fn sign_ui(ui: &mut Ui, icon: Icon, color: egui::Color32) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(14.0, 14.0), egui::Sense::hover());
    icons::paint(ui.painter(), rect, icon, color);
}

fn buttons_ui(ui: &mut Ui, dialog: &FreshDialog, commands: &mut Vec<Command>) {
    let close = match &dialog.stage {
        Stage::Planning => "Cancel",
        Stage::Asking(_) => {
            if ui.button("Execute all the same").clicked() {
                commands.push(Command::Pinned(Vec::new(), PinRequest::ExecuteAside));
            }
            "Cancel"
        }
        Stage::Running(_) => "Stop executing",
        Stage::Done if dialog.compared.iter().any(ComparedNode::differs) => take_ui(ui, dialog, commands),
        Stage::Done => "Close",
    };
    if ui.button(close).clicked() {
        commands.push(Command::Answer(Answer::Cancel));
    }
}

/// Offers to take the fresh values; returns what else may be done.
fn take_ui(ui: &mut Ui, dialog: &FreshDialog, commands: &mut Vec<Command>) -> &'static str {
    let any_taken = dialog.compared.iter().any(|node| node.is_taken);
    let (take, keep) = match dialog.compared.len() {
        1 => ("Take the fresh one", "Keep the pinned one"),
        _ => ("Take the fresh ones", "Keep the pinned ones"),
    };
    let help = "Pin the fresh values in the place of the pinned ones; undo brings them back";
    if ui.add_enabled(any_taken, Button::new(take)).on_hover_text(help).clicked() {
        commands.push(Command::Pinned(Vec::new(), PinRequest::TakeFresh));
    }
    keep
}

fn ports_ui(ui: &mut Ui, ports: &[ComparedPort], most: f32) {
    if ports.is_empty() {
        ui.weak("Neither the pin nor the node gives any value.");
    }
    for port in ports {
        ui.push_id(port.port.as_str(), |ui| port_ui(ui, port, MOST.min(most)));
        ui.add_space(8.0);
    }
}

fn port_ui(ui: &mut Ui, port: &ComparedPort, most: f32) {
    let tokens = theme::tokens(ui);
    let same = port.difference == Difference::None;
    ui.horizontal(|ui| {
        ui.strong(port.port.as_str());
        let (icon, color, said) = if same {
            (Icon::Check, tokens.text_muted, "is the same")
        } else {
            (Icon::Pencil, tokens.stale, "differs")
        };
        sign_ui(ui, icon, color);
        ui.label(RichText::new(said).color(color));
    });
    ui.columns(2, |columns| {
        let [left, right] = columns else { return };
        for (ui, name, preview) in [(left, "Pinned", &port.pinned), (right, "Fresh", &port.fresh)] {
            ui.horizontal(|ui| {
                ui.weak(name);
                let preview = preview.as_deref().unwrap_or("no value");
                ui.add(Label::new(theme::readable(preview).as_ref()).truncate());
            });
        }
    });
    if same {
        return;
    }
    ui.scope(|ui| {
        ui.set_max_height(most);
        match &port.difference {
            Difference::Text(text) => sides_ui(ui, text, most),
            other => difference_ui(ui, other),
        }
    });
}

/// A line of each side.
type Row<'a> = [Option<&'a Line>; 2];

/// Returns the lines side by side: what was removed beside what was added in its place.
fn rows(hunk: &Hunk) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    // From where on rows have room for what was added.
    let mut open = 0;
    for line in &hunk.lines {
        match line.change {
            Change::Same => {
                rows.push([Some(line), Some(line)]);
                open = rows.len();
            }
            Change::Removed => rows.push([Some(line), None]),
            Change::Added => {
                if let Some(row) = rows.get_mut(open) {
                    row[1] = Some(line);
                } else {
                    rows.push([None, Some(line)]);
                }
                open += 1;
            }
        }
    }
    rows
}

fn sides_ui(ui: &mut Ui, difference: &TextDifference, most: f32) {
    let tokens = theme::tokens(ui);
    let rows: Vec<Row<'_>> = difference.hunks.iter().flat_map(rows).collect();
    let height = ui.text_style_height(&egui::TextStyle::Monospace);
    ScrollArea::vertical().id_salt("sides").max_height(most).show_rows(ui, height, rows.len(), |ui, in_sight| {
        for row in &rows[in_sight] {
            ui.columns(2, |columns| {
                for (ui, line) in columns.iter_mut().zip(row) {
                    let Some(line) = line else {
                        ui.add_space(height);
                        continue;
                    };
                    let color = match line.change {
                        Change::Same => tokens.text_muted,
                        Change::Removed => tokens.failed,
                        Change::Added => tokens.forced,
                    };
                    let text = format!("{} {}", line.change.sign(), theme::readable(&line.text));
                    ui.add(Label::new(RichText::new(text).monospace().color(color)).truncate());
                }
            });
        }
    });
    if difference.is_cut {
        ui.weak("The first lines that differ are shown.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn what_was_removed_stands_beside_what_came_in_its_place() {
        let difference = Difference::between(&Value::text("a\nb\nc\nd\n"), &Value::text("a\nB\nd\ne\n"));
        let Difference::Text(difference) = difference else { panic!("{difference:?}") };
        let shown: Vec<[&str; 2]> = rows(&difference.hunks[0])
            .into_iter()
            .map(|row| row.map(|line| line.map_or("", |line| line.text.as_str())))
            .collect();
        assert_eq!(shown, [["a", "a"], ["b", "B"], ["c", ""], ["d", "d"], ["", "e"]]);
    }
}
