//! What the kind of a node is: its ports, its parameters with their help, its traits.

use egui::{Label, RichText, Ui};

use crate::{
    editor::{Command, guide::target_of_kind, theme},
    nodes::Kind,
};

/// Shows the documentation of a kind.
pub(super) fn about_ui(ui: &mut Ui, kind: &Kind, commands: &mut Vec<Command>) {
    if ui.link("Read about it in the guide").clicked() {
        commands.push(Command::OpenGuide(target_of_kind(kind)));
    }
    let muted = theme::tokens(ui).text_muted;
    let heading = |ui: &mut Ui, text: &str| {
        ui.add_space(4.0);
        ui.label(RichText::new(text).small().color(muted));
    };
    let entry = |ui: &mut Ui, name: &str, about: &str| {
        ui.add(Label::new(RichText::new(name).strong()).wrap());
        if !about.is_empty() {
            ui.add(Label::new(RichText::new(theme::readable(about)).color(muted)).wrap());
        }
    };
    for one in kind.traits() {
        entry(ui, one.name(), one.in_words());
    }
    if !kind.inputs.is_empty() {
        heading(ui, "Inputs");
    }
    for input in &kind.inputs {
        entry(ui, input.id.as_str(), &format!("{}, {}", input.value_type, input.arity.in_words()));
    }
    if !kind.outputs.is_empty() {
        heading(ui, "Outputs");
    }
    for output in &kind.outputs {
        entry(ui, output.id.as_str(), output.value_type.name());
    }
    if !kind.parameters.is_empty() {
        heading(ui, "Parameters");
    }
    for schema in &kind.parameters {
        entry(ui, &schema.label, &schema.help);
    }
}
