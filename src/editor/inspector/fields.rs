//! Parameters as widgets, drawn from a kind's schema.

use std::sync::Arc;

use egui::{ComboBox, Label, Rect, Response, RichText, TextEdit, Ui, pos2};

use super::{
    Aids, code_field,
    color_field::color_ui,
    drafts::{Drafts, Target, set_parameter},
    number_field::{number_ui, range_in_words},
    parameter_text::{self, ParameterText},
    path_field::path_ui,
    push_draft,
    secret_field::secret_ui,
    table_field::table_field_ui,
};
use crate::{
    editor::{
        Command, View,
        icons::{Icon, icon_button},
        landmarks::{self, Landmark},
        theme,
    },
    nodes::{Kind, ParameterSchema, ParameterType, ResolvedParameters, Wrong},
    value::Value,
    workflow::{Edit, Node, NodeId},
};

/// What a field says where the values of several nodes differ.
pub(super) const MIXED: &str = "mixed";

/// Whose parameter a field is.
#[derive(Clone, Copy)]
pub(super) enum Whose<'a> {
    /// One node's.
    One(&'a NodeId),
    /// The same of several nodes, which are given one value.
    All(&'a Arc<[NodeId]>),
}

impl<'a> Whose<'a> {
    pub(super) fn nodes(self) -> &'a [NodeId] {
        match self {
            Self::One(node) => std::slice::from_ref(node),
            Self::All(nodes) => nodes,
        }
    }
}

/// A parameter with all that its widget needs to know.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) view: View<'a>,
    pub(super) of: Whose<'a>,
    pub(super) schema: &'a ParameterSchema,
    /// The value in force; the first node's, if there are several.
    pub(super) value: &'a Value,
    /// The nodes do not all have the same value.
    pub(super) is_mixed: bool,
    /// Something else than the default is set.
    pub(super) is_set: bool,
    pub(super) aids: Option<Aids<'a>>,
}

impl Field<'_> {
    pub(super) fn target(self) -> Target {
        let parameter = self.schema.id.clone();
        match self.of {
            Whose::One(node) => Target::Parameter(node.clone(), parameter),
            Whose::All(nodes) => Target::Shared(Arc::clone(nodes), parameter),
        }
    }

    /// Pushes the edit that gives the parameter a value.
    pub(super) fn set(self, value: Value, commands: &mut Vec<Command>) {
        let Self { view, schema, .. } = self;
        let edit = match self.of {
            Whose::One(node) => set_parameter(view.workflow, view.catalogue, node, &schema.id, value),
            Whose::All(nodes) => super::shared::set_all(view.workflow, view.catalogue, nodes, &schema.id, &value),
        };
        commands.extend(edit.map(|(label, edit)| Command::Edit(label, edit)));
    }

    /// Pushes the edit that leaves the parameter at its default.
    fn reset(self, commands: &mut Vec<Command>) {
        let unset = |node: &NodeId| Edit::SetParameter(node.clone(), self.schema.id.clone(), None);
        let (whose, edit) = match self.of {
            Whose::One(node) => (node.to_string(), unset(node)),
            Whose::All(nodes) => (format!("{} nodes", nodes.len()), Edit::Group(nodes.iter().map(unset).collect())),
        };
        commands.push(Command::Edit(format!("Reset {} of {whose}", self.schema.label), edit));
    }
}

/// Shows all parameters of a node, or only those that were changed.
pub(super) fn parameters_ui(
    ui: &mut Ui,
    view: View<'_>,
    (id, node): (&NodeId, &Node),
    (drafts, only_changed, aids): (&mut Drafts, &mut bool, Aids<'_>),
    commands: &mut Vec<Command>,
) {
    let Some(kind) = view.catalogue.get(&node.kind) else {
        unknown_parameters_ui(ui, node);
        return;
    };
    if kind.parameters.is_empty() {
        ui.weak("It has no parameters.");
        return;
    }
    only_changed_ui(ui, only_changed);
    let resolved = ResolvedParameters::new(&kind.parameters, node);
    let is_set = |schema: &ParameterSchema| node.parameters.contains_key(&schema.id);
    for schema in kind.parameters.iter().filter(|schema| !*only_changed || is_set(schema)) {
        let (value, is_set) = (resolved.get(schema.id.as_str()), is_set(schema));
        let field = Field { view, of: Whose::One(id), schema, value, is_mixed: false, is_set, aids: Some(aids) };
        ui.push_id(schema.id.as_str(), |ui| field_ui(ui, field, kind, drafts, commands));
        ui.add_space(4.0);
    }
    if *only_changed {
        hidden_ui(ui, kind.parameters.iter().filter(|schema| !is_set(schema)).count());
    }
}

/// Offers to show only the parameters that were changed.
pub(super) fn only_changed_ui(ui: &mut Ui, only_changed: &mut bool) {
    ui.checkbox(only_changed, RichText::new("Only what was changed").small())
        .on_hover_text("Leave out the parameters that are at their defaults");
}

/// Says how many parameters are left out.
pub(super) fn hidden_ui(ui: &mut Ui, n_hidden: usize) {
    if n_hidden > 0 {
        ui.weak(format!("{n_hidden} more at {}", if n_hidden == 1 { "its default" } else { "their defaults" }));
    }
}

/// Shows one parameter of a node, away from the inspector.
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
    let (value, is_set) = (resolved.get(schema.id.as_str()), node.parameters.contains_key(&schema.id));
    let field = Field { view, of: Whose::One(id), schema, value, is_mixed: false, is_set, aids: None };
    ui.push_id(schema.id.as_str(), |ui| field_ui(ui, field, kind, drafts, commands));
}

fn unknown_parameters_ui(ui: &mut Ui, node: &Node) {
    for (id, value) in &node.parameters {
        ui.label(format!("{id}: {}", value.display_text()));
    }
}

pub(super) fn field_ui(ui: &mut Ui, field: Field<'_>, kind: &Kind, drafts: &mut Drafts, commands: &mut Vec<Command>) {
    let corner = ui.cursor().min;
    label_ui(ui, field, commands);
    let unreadable = unreadable(ui, field, drafts);
    widget_ui(ui, field, drafts, unreadable.as_deref(), commands);
    let rect = Rect::from_min_max(corner, pos2(ui.max_rect().right(), ui.cursor().top()));
    landmarks::note(ui.ctx(), Landmark::Parameter, rect.intersect(ui.clip_rect()));
    if let Some(wrong) = unreadable.map(|wrong| wrong.message.clone()).or_else(|| wrong_value(field, drafts)) {
        ui.add(Label::new(RichText::new(theme::readable(&wrong)).color(theme::tokens(ui).failed)).wrap());
    }
    let input = kind.inputs.iter().find(|input| input.id.as_str() == field.schema.id.as_str());
    if let Some(input) = input
        && let Whose::One(node) = field.of
        && field.view.workflow.feeds_of(node).any(|(port, _)| *port == input.id)
    {
        ui.weak("What arrives on the input of this name is used instead.");
    }
}

/// Returns why the text of a field cannot be read in its language, as it is typed.
fn unreadable(ui: &Ui, field: Field<'_>, drafts: &Drafts) -> Option<Arc<Wrong>> {
    let target = field.target();
    let typed = drafts.typed(&target);
    match &field.schema.parameter_type {
        ParameterType::Json => code_field::wrong_with(ui, "json", typed?),
        // A body may be anything, and mostly is JSON.
        ParameterType::Text { language: "json" | "" } => None,
        ParameterType::Text { language } => {
            let text = typed.or_else(|| field.value.as_text().filter(|_| !field.is_mixed))?;
            code_field::wrong_with(ui, language, text)
        }
        _ => None,
    }
}

/// Returns what is wrong with what is typed, or else with the value.
fn wrong_value(field: Field<'_>, drafts: &Drafts) -> Option<String> {
    let target = field.target();
    let is_json = field.schema.parameter_type == ParameterType::Json;
    match drafts.typed(&target) {
        // It was looked through already, and anything that is JSON will do.
        Some(text) if is_json && !text.is_empty() && drafts.refused(&target).is_none() => None,
        Some(text) => match ParameterText(field.schema).parse(text) {
            Ok(value) => field.schema.problem_with(&value),
            Err(wrong) => Some(wrong),
        },
        None => field.schema.problem_with(field.value),
    }
}

/// Shows the name of a parameter, if its widget does not, what it is for, and the way back to its default.
fn label_ui(ui: &mut Ui, field: Field<'_>, commands: &mut Vec<Command>) {
    let Field { schema, .. } = field;
    if schema.parameter_type == ParameterType::Bool && !field.is_set {
        return;
    }
    egui::Sides::new().shrink_left().show(
        ui,
        |ui| {
            if schema.parameter_type != ParameterType::Bool {
                let label = ui.add(Label::new(schema.label.as_ref()).truncate());
                let about = [schema.help.as_ref(), &range_in_words(&schema.parameter_type)].join("\n");
                if !about.trim().is_empty() {
                    label.on_hover_text(about.trim());
                }
            }
        },
        |ui| {
            let reset = || format!("Back to {}", schema.default.preview());
            if field.is_set {
                let button = icon_button(ui, Icon::Undo, &format!("Reset {}", schema.label));
                if button.on_hover_ui(|ui| _ = ui.label(reset())).clicked() {
                    field.reset(commands);
                }
            }
        },
    );
}

fn widget_ui(ui: &mut Ui, field: Field<'_>, drafts: &mut Drafts, wrong: Option<&Wrong>, commands: &mut Vec<Command>) {
    let mixed_or = |hint: &'static str| if field.is_mixed { MIXED } else { hint };
    match &field.schema.parameter_type {
        ParameterType::Line { hint } | ParameterType::Program { hint } => {
            text_ui(ui, field, drafts, commands, |ui, text| {
                ui.add(TextEdit::singleline(text).hint_text(mixed_or(hint)).desired_width(f32::INFINITY))
            });
        }
        ParameterType::Secret { hint } => secret_ui(ui, field, mixed_or(hint), drafts, commands),
        ParameterType::Text { language } => {
            text_ui(ui, field, drafts, commands, |ui, text| {
                code_field::code_ui(ui, text, language, (4, mixed_or("")), wrong)
            });
        }
        ParameterType::Json => text_ui(ui, field, drafts, commands, |ui, text| {
            code_field::code_ui(ui, text, "json", (3, mixed_or("")), wrong)
        }),
        ParameterType::Lines => {
            text_ui(ui, field, drafts, commands, |ui, text| code_field::code_ui(ui, text, "", (3, mixed_or("")), None));
        }
        ParameterType::FileToRead { .. } | ParameterType::FileToWrite { .. } | ParameterType::Folder { .. } => {
            path_ui(ui, field, drafts, commands);
        }
        ParameterType::Int { .. } | ParameterType::Float { .. } => number_ui(ui, field, drafts, commands),
        ParameterType::Bool => {
            let mut value = matches!(field.value, Value::Bool(true));
            let checkbox = egui::Checkbox::new(&mut value, field.schema.label.as_ref()).indeterminate(field.is_mixed);
            if ui.add(checkbox).on_hover_text(field.schema.help.as_ref()).changed() {
                field.set(Value::Bool(value), commands);
            }
        }
        ParameterType::Choice(choices) => {
            let chosen = field.value.as_text().filter(|_| !field.is_mixed);
            let label = choices.iter().find(|choice| Some(choice.id) == chosen).map(|choice| choice.label);
            let shown = label.or(chosen).unwrap_or_else(|| mixed_or(""));
            let combo = ComboBox::from_id_salt("choice").selected_text(shown).width(ui.available_width());
            let response = combo.show_ui(ui, |ui| {
                for choice in *choices {
                    if ui.selectable_label(Some(choice.id) == chosen, choice.label).clicked() {
                        field.set(choice.id.into(), commands);
                    }
                }
            });
            response.response.accessible_name(field.schema.label.as_ref());
        }
        ParameterType::Color => color_ui(ui, field, drafts, commands),
        ParameterType::Node => node_choice_ui(ui, field, commands),
        ParameterType::Table => table_field_ui(ui, field, drafts, commands),
    }
}

/// Lets a person choose one of the other nodes.
fn node_choice_ui(ui: &mut Ui, field: Field<'_>, commands: &mut Vec<Command>) {
    let chosen = field.value.as_text().unwrap_or_default();
    let is_there = field.view.workflow.nodes().any(|(id, _)| id.as_str() == chosen);
    let shown = match chosen.parse::<NodeId>() {
        _ if field.is_mixed => MIXED.to_owned(),
        Ok(id) if is_there => field.view.name(&id),
        _ if chosen.is_empty() => "Choose a node".to_owned(),
        _ => format!("{chosen} (not in the workflow)"),
    };
    let combo = ComboBox::from_id_salt("node").selected_text(shown).width(ui.available_width());
    let response = combo.show_ui(ui, |ui| {
        for (id, _) in field.view.workflow.nodes().filter(|(id, _)| !field.of.nodes().contains(id)) {
            if ui.selectable_label(id.as_str() == chosen, field.view.name(id)).clicked() {
                field.set(id.as_str().into(), commands);
            }
        }
    });
    response.response.accessible_name(field.schema.label.as_ref());
}

/// Shows a field whose text becomes the parameter's value.
pub(super) fn text_ui(
    ui: &mut Ui,
    field: Field<'_>,
    drafts: &mut Drafts,
    commands: &mut Vec<Command>,
    add: impl FnOnce(&mut Ui, &mut String) -> Response,
) {
    let shown = if field.is_mixed { Arc::default() } else { parameter_text::shown(ui, field) };
    let name = field.schema.label.as_ref();
    let draft = drafts.text(ui, &field.target(), &shown, |ui, text| add(ui, text).accessible_name(name));
    push_draft(field.view, drafts, draft, commands);
}
