//! What is being typed or dragged, kept apart from the document until it is done and becomes one edit.

use std::{collections::BTreeMap, sync::Arc};

use egui::{Id, Key, Response, Ui};

use super::{
    parameter_text::{ParameterText, cell_value, with_cell, with_column_name},
    settings::{SettingField, settings_edit},
    shared::set_all,
};
use crate::{
    nodes::{Catalogue, ResolvedParameters},
    value::Value,
    workflow::{Edit, Frame, FrameId, NodeId, ParameterId, Workflow},
};

/// What a draft will change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// The workflow's name.
    Name,
    /// A frame's title.
    Frame(FrameId),
    /// A node's title.
    Title(NodeId),
    /// The note on a node.
    Comment(NodeId),
    /// A parameter.
    Parameter(NodeId, ParameterId),
    /// A parameter of several nodes at once.
    Shared(Arc<[NodeId]>, ParameterId),
    /// A cell of a table parameter: row and column.
    Cell(NodeId, ParameterId, usize, usize),
    /// The name of a column of a table parameter.
    Column(NodeId, ParameterId, usize),
    /// A setting of a node.
    Setting(NodeId, SettingField),
}

/// What was typed or dragged to so far.
#[derive(Clone, Debug)]
enum Content {
    Text(String),
    Number(Value),
}

/// Something that is being typed or dragged.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    target: Target,
    content: Content,
}

/// The focus that a field is to take. A number is selected whole only if it has the focus before it is shown.
#[derive(Clone, Copy, Debug, Default)]
enum Focus {
    #[default]
    AsItIs,
    OfTheNext,
    Of(Id),
}

/// The draft in hand, and texts that could not be taken because they are wrong.
#[derive(Debug, Default)]
pub(crate) struct Drafts {
    current: Option<Draft>,
    /// Whether the current draft's field was shown since the last look.
    shown: bool,
    /// What a picker is open for.
    picks: Option<Target>,
    /// The focus that a field is to take.
    focus: Focus,
    /// Texts that do not read as their parameter's type; they stay in their fields until they do.
    refused: BTreeMap<Target, String>,
}

impl Drafts {
    /// Shows a text field for a target. Returns what was typed once it is done: on Enter, or when the focus is lost.
    pub(crate) fn text(
        &mut self,
        ui: &mut Ui,
        target: &Target,
        in_document: &str,
        field: impl FnOnce(&mut Ui, &mut String) -> Response,
    ) -> Option<Draft> {
        let mut text = match (&self.current, self.refused.get(target)) {
            (Some(Draft { target: drafted, content: Content::Text(text) }), _) if drafted == target => text.clone(),
            (_, Some(refused)) => refused.clone(),
            _ => in_document.to_owned(),
        };
        self.give_focus(ui);
        let response = field(ui, &mut text);
        self.note_field(&response);
        let done = response.lost_focus();
        if done && ui.input(|input| input.key_pressed(Key::Escape)) {
            self.forget(target);
            return None;
        }
        self.keep(&response, Draft { target: target.clone(), content: Content::Text(text) }, done)
    }

    /// Shows something for a target that changes as long as it is open, such as a colour in its picker. Returns it once that is
    /// closed.
    pub(crate) fn picked(
        &mut self,
        target: &Target,
        in_document: &str,
        field: impl FnOnce(&mut String) -> (Response, bool),
    ) -> Option<Draft> {
        let mut text = self.typed(target).unwrap_or(in_document).to_owned();
        let (response, is_open) = field(&mut text);
        let was_open = self.picks.as_ref() == Some(target);
        if is_open {
            self.picks = Some(target.clone());
        } else if was_open {
            self.picks = None;
        } else {
            return None;
        }
        self.keep(&response, Draft { target: target.clone(), content: Content::Text(text) }, !is_open)
    }

    /// Shows a number for a target. Returns it once the drag or the typing is done.
    pub(crate) fn number(
        &mut self,
        ui: &mut Ui,
        target: &Target,
        in_document: &Value,
        field: impl FnOnce(&mut Ui, &mut Value) -> Response,
    ) -> Option<Draft> {
        let mut value = match &self.current {
            Some(Draft { target: drafted, content: Content::Number(value) }) if drafted == target => value.clone(),
            _ => in_document.clone(),
        };
        self.give_focus(ui);
        let response = field(ui, &mut value);
        self.note_field(&response);
        let at_rest = !response.dragged() && !response.has_focus();
        let done = response.drag_stopped() || response.lost_focus() || (response.changed() && at_rest);
        self.keep(&response, Draft { target: target.clone(), content: Content::Number(value) }, done)
    }

    /// Lets the field that is shown next take the focus.
    pub(crate) const fn focus_next(&mut self) {
        self.focus = Focus::OfTheNext;
    }

    fn give_focus(&mut self, ui: &Ui) {
        if let Focus::Of(field) = self.focus {
            ui.memory_mut(|memory| memory.request_focus(field));
            self.focus = Focus::AsItIs;
        }
    }

    fn note_field(&mut self, response: &Response) {
        if matches!(self.focus, Focus::OfTheNext) {
            self.focus = Focus::Of(response.id);
            response.ctx.request_repaint();
        }
    }

    /// Keeps a draft as long as it is not done. Returns what is done: this one, or another that was in hand before.
    fn keep(&mut self, response: &Response, draft: Draft, done: bool) -> Option<Draft> {
        let is_current = self.current.as_ref().is_some_and(|current| current.target == draft.target);
        if !response.changed() && !is_current {
            return None;
        }
        if done {
            self.current = self.current.take().filter(|_| !is_current);
            return Some(draft);
        }
        self.shown = true;
        self.current.replace(draft).filter(|_| !is_current)
    }

    fn forget(&mut self, target: &Target) {
        self.refused.remove(target);
        self.current = self.current.take().filter(|draft| draft.target != *target);
    }

    /// Takes the draft in hand, to be committed before something else happens.
    pub(crate) fn take(&mut self) -> Option<Draft> {
        self.current.take()
    }

    /// Takes the draft in hand if its field was not shown since the last call: what it belongs to is out of sight, and
    /// no field will say that it is done.
    pub(crate) fn take_abandoned(&mut self) -> Option<Draft> {
        if std::mem::take(&mut self.shown) { None } else { self.current.take() }
    }

    /// Forgets everything, for another document.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns what is being typed for a target, or was and could not be taken.
    pub(crate) fn typed(&self, target: &Target) -> Option<&str> {
        match &self.current {
            Some(Draft { target: drafted, content: Content::Text(text) }) if drafted == target => Some(text),
            _ => self.refused(target),
        }
    }

    /// Returns whether a number is being dragged or typed for a target.
    pub(crate) fn has_number(&self, target: &Target) -> bool {
        self.current
            .as_ref()
            .is_some_and(|draft| draft.target == *target && matches!(draft.content, Content::Number(_)))
    }

    /// Returns the text for a target that could not be taken.
    pub(crate) fn refused(&self, target: &Target) -> Option<&str> {
        self.refused.get(target).map(String::as_str)
    }

    /// Returns the edit that a draft stands for, with its label; nothing if it changes nothing or cannot be taken.
    pub(crate) fn edit(&mut self, draft: Draft, workflow: &Workflow, catalogue: &Catalogue) -> Option<(String, Edit)> {
        let Draft { target, content } = draft;
        self.refused.remove(&target);
        edit_of(&target, &content, workflow, catalogue).unwrap_or_else(|_not_of_the_type| {
            if let Content::Text(text) = content {
                self.refused.insert(target, text);
            }
            None
        })
    }
}

/// Returns the edit for a target, nothing if it would change nothing, or what is wrong with the text.
fn edit_of(
    target: &Target,
    content: &Content,
    workflow: &Workflow,
    catalogue: &Catalogue,
) -> Result<Option<(String, Edit)>, String> {
    let text = match content {
        Content::Text(text) => text.clone(),
        Content::Number(value) => value.display_text(),
    };
    let changed = |before: &str, label: String, edit: Edit| (before != text).then_some((label, edit));
    Ok(match target {
        Target::Name => changed(workflow.name(), "Rename the workflow".to_owned(), Edit::SetName(text.clone())),
        Target::Frame(id) => workflow.frame(id).and_then(|before| {
            let edit = Edit::SetFrame(id.clone(), Frame { title: text.clone(), ..before.clone() });
            changed(&before.title, format!("Rename frame to {text}"), edit)
        }),
        Target::Title(node) => workflow.node(node).and_then(|before| {
            changed(&before.title, format!("Rename {node}"), Edit::SetTitle(node.clone(), text.clone()))
        }),
        Target::Comment(node) => workflow.node(node).and_then(|before| {
            changed(&before.comment, format!("Note on {node}"), Edit::SetComment(node.clone(), text.clone()))
        }),
        Target::Parameter(node, parameter) => {
            let value = match content {
                Content::Number(value) => Some(value.clone()),
                Content::Text(text) => parse_for(workflow, catalogue, node, parameter, text)?,
            };
            value.and_then(|value| set_parameter(workflow, catalogue, node, parameter, value))
        }
        Target::Shared(nodes, parameter) => {
            let value = match (content, nodes.first()) {
                (Content::Number(value), _) => Some(value.clone()),
                (Content::Text(text), Some(node)) => parse_for(workflow, catalogue, node, parameter, text)?,
                (Content::Text(_), None) => None,
            };
            value.and_then(|value| set_all(workflow, catalogue, nodes, parameter, &value))
        }
        Target::Setting(id, field) => match workflow.node(id) {
            Some(node) => settings_edit(id, node, field.set(&node.settings, &text)?),
            None => None,
        },
        Target::Cell(node, parameter, row, column) => resolved(workflow, catalogue, node, parameter)
            .and_then(|table| with_cell(&table, *row, *column, cell_value(&text)))
            .and_then(|table| set_parameter(workflow, catalogue, node, parameter, table)),
        Target::Column(node, parameter, column) => resolved(workflow, catalogue, node, parameter)
            .and_then(|table| with_column_name(&table, *column, &text))
            .and_then(|table| set_parameter(workflow, catalogue, node, parameter, table)),
    })
}

fn parse_for(
    workflow: &Workflow,
    catalogue: &Catalogue,
    node: &NodeId,
    parameter: &ParameterId,
    text: &str,
) -> Result<Option<Value>, String> {
    let schema = workflow
        .node(node)
        .and_then(|node| catalogue.get(&node.kind))
        .and_then(|kind| kind.parameters.iter().find(|schema| schema.id == *parameter));
    schema.map(|schema| ParameterText(schema).parse(text)).transpose()
}

/// Returns a parameter's value in force.
fn resolved(workflow: &Workflow, catalogue: &Catalogue, node: &NodeId, parameter: &ParameterId) -> Option<Value> {
    let node = workflow.node(node)?;
    let kind = catalogue.get(&node.kind)?;
    Some(ResolvedParameters::new(&kind.parameters, node).get(parameter.as_str()).clone())
}

/// Returns the edit that gives a parameter a value, with its label; nothing if it has that value. The default is stored
/// by leaving the parameter out.
pub(crate) fn set_parameter(
    workflow: &Workflow,
    catalogue: &Catalogue,
    node: &NodeId,
    parameter: &ParameterId,
    value: Value,
) -> Option<(String, Edit)> {
    let kind = catalogue.get(&workflow.node(node)?.kind)?;
    let schema = kind.parameters.iter().find(|schema| schema.id == *parameter)?;
    if resolved(workflow, catalogue, node, parameter)? == value {
        return None;
    }
    let set = (schema.default != value).then_some(value);
    let label = format!("Change {} of {node}", schema.label);
    Some((label, Edit::SetParameter(node.clone(), parameter.clone(), set)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nodes::{Family, Kind, ParameterSchema, ParameterType, Success},
        workflow::{Node, Position},
    };

    fn fixture() -> (Workflow, Catalogue) {
        let mut catalogue = Catalogue::empty();
        let text = ParameterType::Line { hint: "" };
        catalogue.register(
            Kind::new("k", "K", Family::Text, |_| Ok(Success::new(crate::nodes::Outputs::none())))
                .parameter(ParameterSchema::new("text", "Text", text, "abc", ""))
                .parameter(ParameterSchema::new("json", "JSON", ParameterType::Json, Value::Null, "")),
        );
        let mut workflow = Workflow::new("w");
        for id in ["a", "b"] {
            workflow.apply(Edit::AddNode(id.into(), Arc::new(Node::new("k", Position::default())))).unwrap();
        }
        (workflow, catalogue)
    }

    fn draft(target: Target, text: &str) -> Draft {
        Draft { target, content: Content::Text(text.to_owned()) }
    }

    fn parameter(node: &'static str, parameter: &'static str) -> Target {
        Target::Parameter(node.into(), parameter.into())
    }

    #[test]
    fn a_draft_belongs_to_the_node_it_was_typed_for() {
        let (workflow, catalogue) = fixture();
        let mut drafts = Drafts { current: Some(draft(parameter("a", "text"), "typed")), ..Default::default() };
        let abandoned = drafts.take_abandoned().unwrap();
        let (_, edit) = drafts.edit(abandoned, &workflow, &catalogue).unwrap();
        assert_eq!(edit, Edit::SetParameter("a".into(), "text".into(), Some("typed".into())));
        assert!(drafts.take().is_none());
    }

    #[test]
    fn a_field_in_sight_keeps_its_draft() {
        let mut drafts =
            Drafts { current: Some(draft(parameter("a", "text"), "typed")), shown: true, ..Default::default() };
        assert!(drafts.take_abandoned().is_none());
        assert!(drafts.take_abandoned().is_some(), "not shown since");
    }

    #[test]
    fn what_changes_nothing_is_no_edit_and_the_default_is_stored_as_nothing() {
        let (mut workflow, catalogue) = fixture();
        let mut drafts = Drafts::default();
        assert!(drafts.edit(draft(parameter("a", "text"), "abc"), &workflow, &catalogue).is_none());
        let (_, edit) = drafts.edit(draft(parameter("a", "text"), "x"), &workflow, &catalogue).unwrap();
        workflow.apply(edit).unwrap();
        let (_, edit) = drafts.edit(draft(parameter("a", "text"), "abc"), &workflow, &catalogue).unwrap();
        assert_eq!(edit, Edit::SetParameter("a".into(), "text".into(), None));
    }

    #[test]
    fn wrong_json_stays_in_its_field_until_it_is_right() {
        let (workflow, catalogue) = fixture();
        let mut drafts = Drafts::default();
        let target = parameter("a", "json");
        assert!(drafts.edit(draft(target.clone(), "{"), &workflow, &catalogue).is_none());
        assert_eq!(drafts.refused(&target), Some("{"));
        let (_, edit) = drafts.edit(draft(target.clone(), "[1]"), &workflow, &catalogue).unwrap();
        assert_eq!(edit, Edit::SetParameter("a".into(), "json".into(), Some(Value::list([Value::Int(1)]))));
        assert_eq!(drafts.refused(&target), None);
    }

    #[test]
    fn a_setting_is_one_edit_and_a_wrong_one_stays_in_its_field() {
        let (mut workflow, catalogue) = fixture();
        let mut drafts = Drafts::default();
        let target = Target::Setting("a".into(), SettingField::TimeLimit);
        assert!(drafts.edit(draft(target.clone(), "soon"), &workflow, &catalogue).is_none());
        assert_eq!(drafts.refused(&target), Some("soon"));
        let (_, edit) = drafts.edit(draft(target.clone(), "90s"), &workflow, &catalogue).unwrap();
        workflow.apply(edit).unwrap();
        assert_eq!(drafts.refused(&target), None);
        assert_eq!(workflow.node(&"a".into()).unwrap().settings.time_limit.unwrap().to_string(), "1m 30s");
        assert!(drafts.edit(draft(target, "1m 30s"), &workflow, &catalogue).is_none(), "it is that already");
    }

    #[test]
    fn a_draft_of_a_node_that_is_gone_is_nothing() {
        let (workflow, catalogue) = fixture();
        let mut drafts = Drafts::default();
        assert!(drafts.edit(draft(parameter("gone", "text"), "x"), &workflow, &catalogue).is_none());
        assert!(drafts.edit(draft(Target::Title("gone".into()), "x"), &workflow, &catalogue).is_none());
    }
}
