//! Another value in the place of what a node gave, for what executes from now on in a paused run.

use egui::{Label, RichText, TextEdit, Ui};

use crate::{
    editor::{Command, LiveState, View, theme},
    store::NodeRecord,
    value::{Value, from_json, to_json},
    workflow::PortRef,
};

/// The largest value that is offered for changing, in bytes.
const MAX_SIZE: usize = 64 << 10;

/// A value that is being changed.
#[derive(Debug)]
pub(super) struct Change {
    at: PortRef,
    text: String,
    /// Why what was typed is no value.
    error: Option<String>,
}

/// Offers to change the plain values that a node gave, while the run is paused.
pub(super) fn change_ui(
    ui: &mut Ui,
    view: View<'_>,
    record: &NodeRecord,
    change: &mut Option<Change>,
    commands: &mut Vec<Command>,
) {
    let Some(run) = view.run.filter(|run| run.pause.is_some()) else {
        *change = None;
        return;
    };
    let inside = run.pause.as_ref().and_then(|pause| pause.inside.as_ref());
    let is_inside = inside.is_some_and(|(inside, _)| inside.records.iter().any(|known| known.node == record.node));
    if !is_inside && matches!(run.nodes.get(&record.node), Some(LiveState::Waiting | LiveState::Running { .. })) {
        return;
    }
    let Some(outputs) = record.results.as_ref().filter(|_| record.has_results()).and_then(|kept| kept.shown()) else {
        return;
    };
    for (port, given) in outputs.iter().filter(|(_, value)| is_offered(value)) {
        let at = PortRef { node: record.node.clone(), port: port.clone() };
        let changed = run.changed.get(&at);
        if let Some(value) = changed {
            let text = format!("{port} is {} for what executes from now on in this run", value.preview());
            let text = RichText::new(theme::readable(&text)).color(theme::tokens(ui).stale);
            ui.add(Label::new(text).wrap());
        }
        if let Some(open) = change.as_mut().filter(|change| change.at == at) {
            if editor_ui(ui, open, given, commands) {
                *change = None;
            }
            continue;
        }
        let name = format!("Change {port} for this run");
        let help = "What executes from now on takes this value; the next Resume uses the real one again";
        if ui.small_button(name).on_hover_text(help).clicked() {
            *change = Some(Change { text: as_text(changed.unwrap_or(given)), at, error: None });
        }
    }
}

fn is_offered(value: &Value) -> bool {
    value.is_plain() && value.size_bytes() <= MAX_SIZE
}

/// Shows the field for a value; returns whether it is done.
fn editor_ui(ui: &mut Ui, open: &mut Change, given: &Value, commands: &mut Vec<Command>) -> bool {
    let label = ui.label(format!("{} for this run", open.at.port));
    let field = TextEdit::multiline(&mut open.text).desired_rows(2).desired_width(f32::INFINITY);
    let is_text = matches!(given, Value::Text(_));
    let field = if is_text { field } else { field.code_editor() };
    ui.add(field).labelled_by(label.id);
    if let Some(error) = &open.error {
        ui.add(Label::new(RichText::new(theme::readable(error)).color(theme::tokens(ui).failed)).wrap());
    }
    ui.horizontal(|ui| {
        if ui.button("Use this value").clicked() {
            match parse(&open.text, is_text) {
                Ok(value) => {
                    commands.push(Command::ChangeValue(open.at.clone(), value));
                    return true;
                }
                Err(error) => open.error = Some(error),
            }
        }
        ui.button("Cancel").clicked()
    })
    .inner
}

/// Returns a value as it is typed: text as it stands, all else as JSON.
fn as_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        value => format!("{:#}", to_json(value)),
    }
}

fn parse(text: &str, is_text: bool) -> Result<Value, String> {
    if is_text {
        return Ok(Value::text(text));
    }
    let json: serde_json::Value = serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))?;
    Ok(from_json(&json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_typed_as_they_are_shown() {
        for value in [
            Value::text("one\ntwo"),
            Value::Int(7),
            Value::Bool(true),
            Value::list([Value::Int(1), Value::text("x")]),
            Value::record([("a", Value::Null)]),
        ] {
            let is_text = matches!(value, Value::Text(_));
            assert_eq!(parse(&as_text(&value), is_text), Ok(value));
        }
        assert!(parse("{", false).unwrap_err().contains("not JSON"));
    }
}
