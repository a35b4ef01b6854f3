//! What would mend a problem: ordinary commands, which undo takes back.

mod convert;

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::Fix;
use crate::{
    editor::{Command, MarkRequest, View},
    nodes::{Kind, ParameterSchema, ParameterType},
    workflow::{Connection, Edit, KindId, Location, Node, NodeId, ParameterId, PortRef, Problem, ProblemKind},
};

/// The fewest letters that two ids of kinds may differ by, as a part of the longer one, to be taken for each other.
const MAX_DIFFERENCE: f32 = 0.4;

/// Returns what would mend a problem of the workflow.
pub(super) fn of_problem(now: View<'_>, problem: &Problem) -> SmallVec<[Fix; 3]> {
    match (&problem.kind, &problem.location) {
        (ProblemKind::UnknownParameter, Location::Parameter(node, parameter)) => {
            smallvec![unset(node, parameter, "Remove")]
        }
        (
            ProblemKind::BadParameter
            | ProblemKind::MissingFile
            | ProblemKind::MissingPlace
            | ProblemKind::NoPermission
            | ProblemKind::MissingSecret,
            Location::Parameter(node, parameter),
        ) => of_parameter(now, node, parameter),
        (ProblemKind::WrongType, Location::Connection(wire)) => {
            convert::insertions(now, wire).into_iter().chain([remove_wire(&wire.to)]).collect()
        }
        (ProblemKind::MissingNode | ProblemKind::MissingPort, Location::Connection(wire)) => {
            smallvec![remove_wire(&wire.to)]
        }
        (ProblemKind::Cycle, Location::Node(node)) => wire_of_a_circle(now, node).iter().map(remove_wire).collect(),
        (ProblemKind::UnknownKind, Location::Node(node)) => of_unknown_kind(now, node).into_iter().collect(),
        _ => SmallVec::new(),
    }
}

/// Returns what can be done about a stale pin.
pub(super) fn of_stale_pin(node: &NodeId) -> SmallVec<[Fix; 3]> {
    let mark = |name: &str, request| (name.to_owned(), Command::Mark(vec![node.clone()], request));
    smallvec![mark("Refresh", MarkRequest::Refresh), mark("Keep", MarkRequest::Keep), mark("Unpin", MarkRequest::Unpin)]
}

/// Returns what makes all iterations of a loop anew, of which some were made by what the loop was before.
pub(super) fn of_mixed_loop(head: &NodeId) -> SmallVec<[Fix; 3]> {
    smallvec![("Force".to_owned(), Command::Mark(vec![head.clone()], MarkRequest::ToggleForce))]
}

/// Returns what can be done about a pin.
pub(super) fn of_pin(node: &NodeId) -> SmallVec<[Fix; 3]> {
    smallvec![("Unpin".to_owned(), Command::Mark(vec![node.clone()], MarkRequest::Unpin))]
}

fn of_parameter(now: View<'_>, node: &NodeId, parameter: &ParameterId) -> SmallVec<[Fix; 3]> {
    let Some(placed) = now.workflow.node(node) else { return SmallVec::new() };
    let kind = now.catalogue.get(&placed.kind);
    let schema = kind.and_then(|kind| kind.parameters.iter().find(|schema| schema.id == *parameter));
    let is_file = |schema: &ParameterSchema| {
        matches!(schema.parameter_type, ParameterType::FileToRead { .. } | ParameterType::FileToWrite { .. })
    };
    let is_folder = |schema: &ParameterSchema| matches!(schema.parameter_type, ParameterType::Folder { .. });
    let mut fixes = SmallVec::new();
    if schema.is_some_and(is_file) {
        fixes.push(("Choose file…".to_owned(), Command::Browse(vec![node.clone()], parameter.clone())));
    }
    if schema.is_some_and(is_folder) {
        fixes.push(("Choose folder…".to_owned(), Command::Browse(vec![node.clone()], parameter.clone())));
    }
    // Nobody wants to lose a query for one wrong letter.
    let is_written = schema.is_some_and(|schema| matches!(schema.parameter_type, ParameterType::Text { .. }));
    if placed.parameters.contains_key(parameter) && !is_written {
        fixes.push(unset(node, parameter, "Reset"));
    }
    fixes
}

fn unset(node: &NodeId, parameter: &ParameterId, how: &str) -> Fix {
    let edit = Edit::SetParameter(node.clone(), parameter.clone(), None);
    (how.to_owned(), Command::Edit(format!("{how} {parameter}"), edit))
}

fn remove_wire(input: &PortRef) -> Fix {
    ("Remove wire".to_owned(), Command::Edit("Remove wire".to_owned(), Edit::Disconnect(input.clone())))
}

/// Returns the input at which a wire of the circle ends that a node is in.
fn wire_of_a_circle(now: View<'_>, node: &NodeId) -> Option<PortRef> {
    let mut feeds = now.workflow.feeds_of(node);
    feeds
        .find(|(_, from)| from.node == *node || now.workflow.depends_on(&from.node, node))
        .map(|(port, _)| PortRef { node: node.clone(), port: port.clone() })
}

/// Returns how to put the known kind of the most similar id in the place of an unknown one.
fn of_unknown_kind(now: View<'_>, id: &NodeId) -> Option<Fix> {
    let node = now.workflow.node(id)?;
    let kind = nearest(node.kind.as_str(), now.catalogue.iter().map(|kind| &**kind))?;
    let edit = with_kind(now, id, node, kind);
    Some((format!("Make it a {}", kind.title), Command::Edit(format!("Make {id} a {}", kind.title), edit)))
}

/// Returns the kind of the most similar id, if any is similar.
fn nearest<'a>(unknown: &str, kinds: impl Iterator<Item = &'a Kind>) -> Option<&'a Kind> {
    let (difference, kind) = kinds
        .map(|kind| (difference(unknown, kind.id.as_str()), kind))
        .min_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (difference <= MAX_DIFFERENCE).then_some(kind)
}

/// Returns how many letters have to be changed to make one word of another, as a part of the longer one.
fn difference(one: &str, other: &str) -> f32 {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut n_chars = 0;
    for letter in one.chars() {
        let mut diagonal = std::mem::replace(&mut row[0], n_chars + 1);
        n_chars += 1;
        for (place, known) in other.iter().enumerate() {
            let changed = diagonal + usize::from(*known != letter);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row[other.len()] as f32 / n_chars.max(other.len()).max(1) as f32
}

/// Returns the edit that gives a node another kind; wires that it has ports for stay, with their bends.
fn with_kind(now: View<'_>, id: &NodeId, node: &Node, kind: &Kind) -> Edit {
    let changed = Node { kind: KindId::clone(&kind.id), ..node.clone() };
    let wires = now.workflow.connections().filter(|(to, from)| {
        (to.node == *id && kind.input_port(&to.port).is_some())
            || (from.node == *id && kind.output_port(&from.port).is_some())
    });
    let connect = wires.flat_map(|(to, from)| {
        let way = now.workflow.way(to).to_vec();
        let bends = (!way.is_empty()).then(|| Edit::SetWay(to.clone(), way));
        std::iter::once(Edit::Connect(Connection { from: from.clone(), to: to.clone() })).chain(bends)
    });
    let replace = [Edit::RemoveNode(id.clone()), Edit::AddNode(id.clone(), Arc::new(changed))];
    Edit::Group(replace.into_iter().chain(connect).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::Catalogue;

    #[test]
    fn a_kind_with_a_typo_finds_its_own_and_another_word_none() {
        let catalogue = Catalogue::standard();
        let found =
            |unknown: &str| nearest(unknown, catalogue.iter().map(|kind| &**kind)).map(|kind| kind.id.to_string());
        assert_eq!(found("read_cvs").as_deref(), Some("read_csv"));
        assert_eq!(found("templates").as_deref(), Some("template"));
        assert_eq!(found("quantum_teleporter"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn words_differ_by_the_letters_that_have_to_be_changed() {
        assert_eq!(difference("kitten", "sitting"), 3.0 / 7.0);
        assert_eq!(difference("same", "same"), 0.0);
        assert_eq!(difference("", "abc"), 1.0);
    }
}
