//! Parameters as widgets, drawn from a kind's schema.

use egui::{ComboBox, DragValue, Label, Rect, Response, RichText, ScrollArea, TextEdit, TextStyle, Ui, pos2};

use super::{
    drafts::{Drafts, Target, set_parameter},
    parameter_text::ParameterText,
    push_draft,
    table_field::table_field_ui,
};
use crate::{
    editor::{
        Command, View,
        landmarks::{self, Landmark},
        theme,
    },
    nodes::{Kind, ParameterSchema, ParameterType, ResolvedParameters},
    value::Value,
    workflow::{Edit, Node, NodeId},
};

/// A parameter of a node, with all that its widget needs to know.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) view: View<'a>,
    pub(super) node: &'a NodeId,
    pub(super) schema: &'a ParameterSchema,
    /// The value in force.
    pub(super) value: &'a Value,
}

impl Field<'_> {
    pub(super) fn target(self) -> Target {
        Target::Parameter(self.node.clone(), self.schema.id.clone())
    }

    /// Pushes the edit that gives the parameter a value.
    pub(super) fn set(self, value: Value, commands: &mut Vec<Command>) {
        let Self { view, node, schema, .. } = self;
        let edit = set_parameter(view.workflow, view.catalogue, node, &schema.id, value);
        commands.extend(edit.map(|(label, edit)| Command::Edit(label, edit)));
    }
}

/// Shows all parameters of a node.
pub(super) fn parameters_ui(
    ui: &mut Ui,
    view: View<'_>,
    (id, node): (&NodeId, &Node),
    drafts: &mut Drafts,
    commands: &mut Vec<Command>,
) {
    let Some(kind) = view.catalogue.get(&node.kind) else {
        unknown_parameters_ui(ui, node);
        return;
    };
    if kind.parameters.is_empty() {
        ui.weak("It has no parameters.");
    }
    for schema in &kind.parameters {
        parameter_ui(ui, view, (id, node), schema, drafts, commands);
        ui.add_space(4.0);
    }
}

/// Shows one parameter of a node.
pub(crate) fn parameter_ui(
    ui: &mut Ui,
    view: View<'_>,
    (id, node): (&NodeId, &Node),
    schema: &ParameterSchema,
    drafts: &mut Drafts,
    commands: &mut Vec<Command>,
) {
    let Some(kind) = view.catalogue.get(&node.kind) else { return };
    let resolved = ResolvedParameters::new(&kind.parameters, node);
    let field = Field { view, node: id, schema, value: resolved.get(schema.id.as_str()) };
    let is_set = node.parameters.contains_key(&schema.id);
    ui.push_id(schema.id.as_str(), |ui| field_ui(ui, field, (kind, is_set), drafts, commands));
}

fn unknown_parameters_ui(ui: &mut Ui, node: &Node) {
    for (id, value) in &node.parameters {
        ui.label(format!("{id}: {}", value.display_text()));
    }
}

fn field_ui(
    ui: &mut Ui,
    field: Field<'_>,
    (kind, is_set): (&Kind, bool),
    drafts: &mut Drafts,
    commands: &mut Vec<Command>,
) {
    let Field { view, node, schema, value } = field;
    let corner = ui.cursor().min;
    label_ui(ui, field, is_set, commands);
    widget_ui(ui, field, drafts, commands);
    let rect = Rect::from_min_max(corner, pos2(ui.max_rect().right(), ui.cursor().top()));
    landmarks::note(ui.ctx(), Landmark::Parameter, rect.intersect(ui.clip_rect()));
    let wrong = match drafts.refused(&field.target()) {
        Some(text) => ParameterText(schema).parse(text).err(),
        None => schema.problem_with(value),
    };
    if let Some(wrong) = wrong {
        ui.add(Label::new(RichText::new(theme::readable(&wrong)).color(theme::tokens(ui).failed)).wrap());
    }
    let input = kind.inputs.iter().find(|input| input.id.as_str() == schema.id.as_str());
    if let Some(input) = input
        && view.workflow.feeds_of(node).any(|(port, _)| *port == input.id)
    {
        ui.weak("What arrives on the input of this name is used instead.");
    }
}

/// Shows the name of a parameter, if its widget does not, and the way back to its default.
fn label_ui(ui: &mut Ui, field: Field<'_>, is_set: bool, commands: &mut Vec<Command>) {
    let Field { node, schema, .. } = field;
    ui.horizontal(|ui| {
        if schema.parameter_type != ParameterType::Bool {
            let label = ui.label(schema.label.as_ref());
            if !schema.help.is_empty() {
                label.on_hover_text(schema.help.as_ref());
            }
        }
        let reset = || format!("Back to {}", schema.default.preview());
        if is_set && ui.small_button("Reset").on_hover_ui(|ui| _ = ui.label(reset())).clicked() {
            let label = format!("Reset {} of {node}", schema.label);
            commands.push(Command::Edit(label, Edit::SetParameter(node.clone(), schema.id.clone(), None)));
        }
    });
}

fn widget_ui(ui: &mut Ui, field: Field<'_>, drafts: &mut Drafts, commands: &mut Vec<Command>) {
    match &field.schema.parameter_type {
        ParameterType::Line { hint } | ParameterType::Secret { hint } => {
            let hint = *hint;
            text_ui(ui, field, drafts, commands, |ui, text| {
                ui.add(TextEdit::singleline(text).hint_text(hint).desired_width(f32::INFINITY))
            });
        }
        ParameterType::Text { language } => {
            let code = !language.is_empty();
            text_ui(ui, field, drafts, commands, |ui, text| multiline_ui(ui, text, code, 4));
        }
        ParameterType::Json => text_ui(ui, field, drafts, commands, |ui, text| multiline_ui(ui, text, true, 3)),
        ParameterType::Lines => text_ui(ui, field, drafts, commands, |ui, text| multiline_ui(ui, text, false, 3)),
        ParameterType::FileToRead { .. } | ParameterType::FileToWrite { .. } => file_ui(ui, field, drafts, commands),
        ParameterType::Int { .. } | ParameterType::Float { .. } => number_ui(ui, field, drafts, commands),
        ParameterType::Bool => {
            let mut value = matches!(field.value, Value::Bool(true));
            let checkbox = ui.checkbox(&mut value, field.schema.label.as_ref());
            if checkbox.on_hover_text(field.schema.help.as_ref()).changed() {
                field.set(Value::Bool(value), commands);
            }
        }
        ParameterType::Choice(choices) => {
            let chosen = field.value.as_text().unwrap_or_default();
            let shown = choices.iter().find(|choice| choice.id == chosen).map_or(chosen, |choice| choice.label);
            let combo = ComboBox::from_id_salt("choice").selected_text(shown).width(ui.available_width());
            let response = combo.show_ui(ui, |ui| {
                for choice in *choices {
                    if ui.selectable_label(choice.id == chosen, choice.label).clicked() {
                        field.set(choice.id.into(), commands);
                    }
                }
            });
            response.response.accessible_name(field.schema.label.as_ref());
        }
        ParameterType::Node => node_choice_ui(ui, field, commands),
        ParameterType::Table => table_field_ui(ui, field, drafts, commands),
    }
}

/// Lets a person choose one of the other nodes.
fn node_choice_ui(ui: &mut Ui, field: Field<'_>, commands: &mut Vec<Command>) {
    let chosen = field.value.as_text().unwrap_or_default();
    let is_there = field.view.workflow.nodes().any(|(id, _)| id.as_str() == chosen);
    let shown = match chosen.parse::<NodeId>() {
        Ok(id) if is_there => field.view.name(&id),
        _ if chosen.is_empty() => "Choose a node".to_owned(),
        _ => format!("{chosen} (not in the workflow)"),
    };
    let combo = ComboBox::from_id_salt("node").selected_text(shown).width(ui.available_width());
    let response = combo.show_ui(ui, |ui| {
        for (id, _) in field.view.workflow.nodes().filter(|(id, _)| *id != field.node) {
            if ui.selectable_label(id.as_str() == chosen, field.view.name(id)).clicked() {
                field.set(id.as_str().into(), commands);
            }
        }
    });
    response.response.accessible_name(field.schema.label.as_ref());
}

fn text_ui(
    ui: &mut Ui,
    field: Field<'_>,
    drafts: &mut Drafts,
    commands: &mut Vec<Command>,
    add: impl FnOnce(&mut Ui, &mut String) -> Response,
) {
    let shown = ParameterText(field.schema).show(field.value);
    let name = field.schema.label.as_ref();
    let draft = drafts.text(ui, &field.target(), &shown, |ui, text| add(ui, text).accessible_name(name));
    push_draft(field.view, drafts, draft, commands);
}

fn multiline_ui(ui: &mut Ui, text: &mut String, code: bool, rows: usize) -> Response {
    let style = if code { TextStyle::Monospace } else { TextStyle::Body };
    ScrollArea::vertical()
        .id_salt("text")
        .max_height(280.0)
        .show(ui, |ui| {
            let edit = TextEdit::multiline(text).font(style).desired_rows(rows).desired_width(f32::INFINITY);
            ui.add(edit.lock_focus(code))
        })
        .inner
}

fn file_ui(ui: &mut Ui, field: Field<'_>, drafts: &mut Drafts, commands: &mut Vec<Command>) {
    let row = egui::vec2(ui.available_width(), ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(row, egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let browse = ui.button("Browse…").on_hover_text(format!("Choose the file for {}", field.schema.label));
        if browse.clicked() {
            commands.push(Command::Browse(field.node.clone(), field.schema.id.clone()));
        }
        text_ui(ui, field, drafts, commands, |ui, text| {
            ui.add(TextEdit::singleline(text).hint_text("a path").desired_width(ui.available_width()))
        });
    });
}

fn number_ui(ui: &mut Ui, field: Field<'_>, drafts: &mut Drafts, commands: &mut Vec<Command>) {
    if matches!(field.value, Value::Null) {
        ui.horizontal(|ui| {
            ui.weak("left open");
            if ui.button(format!("Set {}", field.schema.label)).clicked() {
                field.set(first_number(&field.schema.parameter_type), commands);
            }
        });
        return;
    }
    let draft = drafts.number(ui, &field.target(), field.value, |ui, value| {
        drag_ui(ui, field.schema, value).accessible_name(field.schema.label.as_ref())
    });
    push_draft(field.view, drafts, draft, commands);
}

/// Returns the number in the range that is nearest to 0.
fn first_number(parameter_type: &ParameterType) -> Value {
    match parameter_type {
        ParameterType::Int { min, max, .. } => Value::Int(0.max(*min).min(*max)),
        ParameterType::Float { min, max, .. } => Value::Float(0.0_f64.max(*min).min(*max)),
        _ => Value::Null,
    }
}

fn drag_ui(ui: &mut Ui, schema: &ParameterSchema, value: &mut Value) -> Response {
    let with_space = |unit: &str| if unit.is_empty() { String::new() } else { format!(" {unit}") };
    match &schema.parameter_type {
        ParameterType::Int { min, max, unit } => {
            let mut number = match value {
                Value::Int(number) => *number,
                Value::Float(number) => *number as i64,
                _ => 0,
            };
            let speed = number_speed(&schema.parameter_type);
            let drag = DragValue::new(&mut number).range(*min..=*max).speed(speed).suffix(with_space(unit));
            let response = ui.add(drag.clamp_existing_to_range(false));
            if response.changed() {
                *value = Value::Int(number);
            }
            response
        }
        ParameterType::Float { min, max, unit } => {
            let mut number = match value {
                Value::Int(number) => *number as f64,
                Value::Float(number) => *number,
                _ => 0.0,
            };
            let drag = DragValue::new(&mut number).range(*min..=*max).speed(number_speed(&schema.parameter_type));
            let response = ui.add(drag.suffix(with_space(unit)).max_decimals(6).clamp_existing_to_range(false));
            if response.changed() {
                *value = Value::Float(number);
            }
            response
        }
        _ => ui.weak(value.preview()),
    }
}

/// Returns how much a point of dragging changes a number.
pub(crate) fn number_speed(parameter_type: &ParameterType) -> f64 {
    match parameter_type {
        ParameterType::Int { min, max, .. } => drag_speed(max.saturating_sub(*min) as f64).max(0.05),
        ParameterType::Float { min, max, .. } => drag_speed(max - min),
        _ => 1.0,
    }
}

/// Returns how much a point of dragging changes a number in a range this wide.
fn drag_speed(range: f64) -> f64 {
    if range.is_finite() { (range / 500.0).clamp(0.001, 1.0) } else { 0.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_number_starts_near_zero_within_its_range() {
        let int = |min, max| first_number(&ParameterType::Int { min, max, unit: "" });
        assert_eq!(int(-5, 5), Value::Int(0));
        assert_eq!(int(1, 5), Value::Int(1));
        assert_eq!(int(-5, -2), Value::Int(-2));
    }

    #[test]
    fn dragging_is_finer_in_small_ranges() {
        assert!(drag_speed(1.0) < drag_speed(100.0));
        assert!(drag_speed(f64::INFINITY) > 0.0);
        assert!(drag_speed(0.0) > 0.0);
    }
}
