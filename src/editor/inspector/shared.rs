//! Several nodes at once: the parameters that all of them have.

use std::{collections::BTreeSet, sync::Arc};

use egui::Ui;

use super::{
    Aids,
    drafts::{Drafts, set_parameter},
    fields::{Field, Whose, field_ui, hidden_ui, only_changed_ui},
};
use crate::{
    editor::{Command, View, words},
    nodes::{Catalogue, Kind, ParameterSchema, ParameterType, ResolvedParameters},
    value::Value,
    workflow::{Edit, Node, NodeId, ParameterId, Workflow},
};

/// What several nodes have in common, as it was found last.
#[derive(Debug, Default)]
pub(super) struct SharedState {
    found: Option<Found>,
}

/// What was found of these nodes in this state of the workflow.
#[derive(Debug)]
struct Found {
    revision: u64,
    nodes: Arc<[NodeId]>,
    parameters: Vec<Shared>,
}

/// A parameter that all nodes have.
#[derive(Clone, Debug, PartialEq)]
struct Shared {
    parameter: ParameterId,
    /// The first node's.
    value: Value,
    is_mixed: bool,
    is_set: bool,
}

impl SharedState {
    /// Forgets what was found, for another document.
    pub(super) fn leave(&mut self) {
        self.found = None;
    }

    fn of(&mut self, view: View<'_>) -> &Found {
        let is_of = |found: &Found| found.revision == view.revision && view.selection.iter().eq(found.nodes.iter());
        let found = self.found.take().filter(is_of);
        self.found.insert(found.unwrap_or_else(|| Found {
            revision: view.revision,
            nodes: view.selection.iter().cloned().collect(),
            parameters: find(view.workflow, view.catalogue, view.selection),
        }))
    }
}

/// Returns the parameters that all nodes have under one name and with one type, in the order of the first. Tables are left
/// out: they are edited one at a time.
fn find(workflow: &Workflow, catalogue: &Catalogue, selection: &BTreeSet<NodeId>) -> Vec<Shared> {
    let nodes: Vec<&Node> = selection.iter().filter_map(|id| workflow.node(id).map(|node| &**node)).collect();
    let kinds: Option<Vec<&Kind>> = nodes.iter().map(|node| catalogue.get(&node.kind).map(|kind| &**kind)).collect();
    let (Some(kinds), Some(first)) = (kinds, nodes.first()) else { return Vec::new() };
    let Some(kind) = kinds.first() else { return Vec::new() };
    let is_same = |one: &ParameterSchema, other: &ParameterSchema| {
        one.id == other.id && one.label == other.label && one.parameter_type == other.parameter_type
    };
    let others: BTreeSet<_> = kinds.iter().map(|kind| &kind.id).collect();
    let in_all = |schema: &&ParameterSchema| {
        schema.parameter_type != ParameterType::Table
            && others.iter().all(|id| {
                catalogue.get(id).is_some_and(|kind| kind.parameters.iter().any(|other| is_same(schema, other)))
            })
    };
    let shared = kind.parameters.iter().filter(in_all).map(|schema| {
        let id = schema.id.as_str();
        let value = ResolvedParameters::new(&kind.parameters, first).get(id);
        let mut values =
            nodes.iter().zip(&kinds).map(|(node, kind)| ResolvedParameters::new(&kind.parameters, node).get(id));
        Shared {
            parameter: schema.id.clone(),
            value: value.clone(),
            is_mixed: values.any(|other| other != value),
            is_set: nodes.iter().any(|node| node.parameters.contains_key(&schema.id)),
        }
    });
    shared.collect()
}

/// Returns the edit that gives a parameter of all nodes a value, with its label; nothing if all have it.
pub(crate) fn set_all(
    workflow: &Workflow,
    catalogue: &Catalogue,
    nodes: &[NodeId],
    parameter: &ParameterId,
    value: &Value,
) -> Option<(String, Edit)> {
    let edits = nodes.iter().filter_map(|node| set_parameter(workflow, catalogue, node, parameter, value.clone()));
    let edits: Vec<Edit> = edits.map(|(_, edit)| edit).collect();
    let schema = nodes.iter().find_map(|node| {
        let kind = catalogue.get(&workflow.node(node)?.kind)?;
        kind.parameters.iter().find(|schema| schema.id == *parameter)
    })?;
    let label = format!("Change {} of {}", schema.label, words::count(nodes.len(), "node"));
    (!edits.is_empty()).then_some((label, Edit::Group(edits)))
}

/// Shows the parameters that all selected nodes have.
pub(super) fn shared_ui(
    ui: &mut Ui,
    view: View<'_>,
    state: &mut SharedState,
    (drafts, only_changed, aids): (&mut Drafts, &mut bool, Aids<'_>),
    commands: &mut Vec<Command>,
) {
    let found = state.of(view);
    let kind = found.nodes.first().and_then(|id| view.catalogue.get(&view.workflow.node(id)?.kind));
    let Some(kind) = kind.filter(|_| !found.parameters.is_empty()) else {
        ui.weak("They have no parameters in common.");
        return;
    };
    only_changed_ui(ui, only_changed);
    for shared in found.parameters.iter().filter(|shared| !*only_changed || shared.is_set) {
        let Some(schema) = kind.parameters.iter().find(|schema| schema.id == shared.parameter) else { continue };
        let Shared { value, is_mixed, is_set, .. } = shared;
        let of = Whose::All(&found.nodes);
        let field = Field { view, of, schema, value, is_mixed: *is_mixed, is_set: *is_set, aids: Some(aids) };
        ui.push_id(schema.id.as_str(), |ui| field_ui(ui, field, kind, drafts, commands));
        ui.add_space(4.0);
    }
    if *only_changed {
        hidden_ui(ui, found.parameters.iter().filter(|shared| !shared.is_set).count());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::Position;

    type Given<'a> = (&'static str, &'static str, &'a [(&'static str, Value)]);

    fn workflow(nodes: &[Given<'_>]) -> Workflow {
        let mut workflow = Workflow::new("w");
        for (id, kind, parameters) in nodes {
            let mut node = Node::new(*kind, Position::default());
            for (parameter, value) in *parameters {
                node = node.with(*parameter, value.clone());
            }
            workflow.apply(Edit::AddNode((*id).into(), Arc::new(node))).unwrap();
        }
        workflow
    }

    fn found(workflow: &Workflow) -> Vec<(String, bool, bool)> {
        let all = workflow.nodes().map(|(id, _)| id.clone()).collect();
        let found = find(workflow, &Catalogue::standard(), &all);
        found.into_iter().map(|shared| (shared.parameter.to_string(), shared.is_mixed, shared.is_set)).collect()
    }

    #[test]
    fn nodes_of_one_kind_share_all_and_differ_where_their_values_do() {
        let width = |width| [("width", Value::Int(width))];
        let (one, other) = (width(10), width(20));
        let workflow = workflow(&[("a", "resize_image", &one), ("b", "resize_image", &other)]);
        let found = found(&workflow);
        assert!(found.contains(&("width".to_owned(), true, true)), "{found:?}");
        assert!(found.contains(&("height".to_owned(), false, false)), "{found:?}");
    }

    #[test]
    fn nodes_of_several_kinds_share_what_has_one_name_and_type() {
        let mixed = workflow(&[("a", "read_csv", &[]), ("b", "write_csv", &[])]);
        let names: Vec<String> = found(&mixed).into_iter().map(|(name, ..)| name).collect();
        assert!(names.contains(&"delimiter".to_owned()) && !names.contains(&"path".to_owned()), "{names:?}");
        let strangers = workflow(&[("a", "filter", &[]), ("b", "delay", &[])]);
        assert!(found(&strangers).is_empty());
        let unknown = workflow(&[("a", "filter", &[]), ("b", "no_such_kind", &[])]);
        assert!(found(&unknown).is_empty());
    }

    #[test]
    fn one_edit_sets_all_that_differ_and_one_undo_brings_them_back() {
        let one = [("width", Value::Int(10))];
        let mut workflow = workflow(&[("a", "resize_image", &one), ("b", "resize_image", &[])]);
        let before = workflow.clone();
        let (catalogue, nodes) = (Catalogue::standard(), ["a".into(), "b".into()]);
        let set = |workflow: &Workflow, value| set_all(workflow, &catalogue, &nodes, &"width".into(), &value);
        let (label, edit) = set(&workflow, Value::Int(10)).unwrap();
        assert_eq!(label, "Change Width of 2 nodes");
        let inverse = workflow.apply(edit).unwrap();
        assert_eq!(set(&workflow, Value::Int(10)), None, "all have it");
        workflow.apply(inverse).unwrap();
        assert_eq!(workflow, before);
    }
}
