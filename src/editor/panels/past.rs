//! The bar that says that an earlier run is shown, with the way back.

use egui::{Frame, Label, Margin, RichText, Sense, Stroke, Ui, vec2};
use jiff::Timestamp;

use crate::{
    editor::{
        Command,
        icons::{self, Icon},
        past::Past,
        theme, words,
    },
    store::RunKind,
};

/// Returns the frame of the bar, which looks like no other.
pub(crate) fn past_frame(ui: &Ui) -> Frame {
    let tokens = theme::tokens(ui);
    Frame::new().fill(tokens.selected).stroke(Stroke::new(1.0, tokens.accent)).inner_margin(Margin::symmetric(8, 4))
}

/// Shows which earlier run is shown, and what can be done with it.
pub(crate) fn past_banner_ui(ui: &mut Ui, past: &Past, commands: &mut Vec<Command>) {
    egui::Sides::new().shrink_left().show(
        ui,
        |ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
            icons::paint(ui.painter(), rect, Icon::Clock, theme::tokens(ui).accent);
            let said = said(past);
            ui.add(Label::new(RichText::new(theme::readable(&said)).strong()).truncate()).on_hover_text(said.as_str());
        },
        |ui| {
            if ui.button("Back to the workflow").on_hover_text("Show the workflow as it is now").clicked() {
                commands.push(Command::CloseRun);
            }
            let help = "Make the records of this run those that Resume starts from";
            if ui.button("Resume from this run").on_hover_text(help).clicked() {
                commands.push(Command::ResumeFromRun(past.summary.id));
            }
            let help = "Pin the selected nodes of the workflow to what they gave in this run";
            let any = !past.selection.is_empty();
            if ui.add_enabled(any, egui::Button::new("Pin selected")).on_hover_text(help).clicked() {
                commands.push(Command::PinFromRun(past.summary.id, past.selection.iter().cloned().collect()));
            }
        },
    );
}

fn said(past: &Past) -> String {
    let run = &past.summary;
    let kind = if run.kind == RunKind::Standard { "run" } else { "resumed" };
    let ago = words::ago(run.started, Timestamp::now());
    let compared = past.compared.as_ref().map(|compared| format!(", beside #{}", compared.before.number));
    let counts = run.counts.map(|counts| format!(" · {counts}")).unwrap_or_default();
    format!("Earlier run #{}{} · {kind} {ago}{counts} · read-only", run.number, compared.unwrap_or_default())
}
