//! What a person asks of marks, as changes of marks.

use std::collections::BTreeSet;

use super::MarkRequest;
use crate::{
    session::{Baseline, Mark, MarkEdit, Marks, Pin, PinPolicy},
    workflow::{Graph, NodeId, Workflow},
};

/// Returns the change of marks that a request stands for, and what the undo list says of it. Nodes whose mark stays as
/// it is are left out, so an empty change means that there is nothing to do.
pub(crate) fn mark_edit(
    workflow: &Workflow,
    marks: &Marks,
    baseline: &Baseline,
    nodes: &[NodeId],
    request: MarkRequest,
) -> (String, MarkEdit) {
    let known: Vec<&NodeId> = nodes.iter().filter(|node| workflow.node(node).is_some()).collect();
    let all = |test: fn(&Mark) -> bool| known.iter().all(|node| test(marks.get(node)));
    let pin = |policy, node: &NodeId| Some(Mark::pin(policy, baseline.get(node).map(AsRef::as_ref)));
    let set = |change: &dyn Fn(&NodeId, &Mark) -> Option<Mark>| change_all(marks, known.iter().copied(), change);
    let (verb, edit) = match request {
        MarkRequest::Pin(PinPolicy::Hold) => ("Pin", set(&|node, _| pin(PinPolicy::Hold, node))),
        MarkRequest::Pin(PinPolicy::Follow) => {
            ("Pin until something changes", set(&|node, _| pin(PinPolicy::Follow, node)))
        }
        MarkRequest::TogglePin if all(is_pinned) => ("Unpin", set(&|_, _| Some(Mark::Default))),
        MarkRequest::TogglePin => (
            "Pin until something changes",
            set(&|node, mark| {
                if is_pinned(mark) { None } else { pin(PinPolicy::Follow, node) }
            }),
        ),
        MarkRequest::Unpin => ("Unpin", set(&|_, mark| is_pinned(mark).then_some(Mark::Default))),
        MarkRequest::Keep => ("Keep the pin of", set(&|_, mark| kept(mark))),
        MarkRequest::Refresh => {
            ("Refresh the pin of", set(&|_, mark| mark.as_pin().map(|pin| Mark::armed(pin.policy))))
        }
        MarkRequest::ToggleForce if all(is_forced) => ("Force no more", set(&|_, _| Some(Mark::Default))),
        MarkRequest::ToggleForce => ("Force", set(&|_, mark| (!is_forced(mark)).then_some(Mark::Forced))),
        MarkRequest::ToggleDisable if all(is_disabled) => ("Enable", set(&|_, _| Some(Mark::Default))),
        MarkRequest::ToggleDisable => ("Disable", set(&|_, mark| (!is_disabled(mark)).then_some(Mark::Disabled))),
        MarkRequest::UnpinDownstream => {
            let below = downstream(workflow, &known);
            let unpin = |_: &NodeId, mark: &Mark| is_pinned(mark).then_some(Mark::Default);
            ("Unpin downstream of", change_all(marks, &below, &unpin))
        }
    };
    (format!("{verb} {}", named(workflow, &known)), edit)
}

/// Returns the change that sets the marks a function gives for nodes and their marks so far.
fn change_all<'a>(
    marks: &Marks,
    nodes: impl IntoIterator<Item = &'a NodeId>,
    change: &dyn Fn(&NodeId, &Mark) -> Option<Mark>,
) -> MarkEdit {
    let changed = nodes.into_iter().filter_map(|node| Some((node.clone(), change(node, marks.get(node))?)));
    MarkEdit(changed.collect())
}

const fn is_pinned(mark: &Mark) -> bool {
    matches!(mark, Mark::Pinned(_))
}

const fn is_forced(mark: &Mark) -> bool {
    matches!(mark, Mark::Forced)
}

const fn is_disabled(mark: &Mark) -> bool {
    matches!(mark, Mark::Disabled)
}

/// Returns a pin as one that holds, with the same results and the inputs they came from.
fn kept(mark: &Mark) -> Option<Mark> {
    let pin = mark.as_pin().filter(|pin| pin.policy == PinPolicy::Follow)?;
    Some(Mark::Pinned(Pin { policy: PinPolicy::Hold, state: pin.state.clone() }))
}

/// Returns all nodes below these, not they themselves.
fn downstream(workflow: &Workflow, nodes: &[&NodeId]) -> BTreeSet<NodeId> {
    let graph = Graph::new(workflow);
    let mut below = BTreeSet::new();
    let mut waiting: Vec<usize> = nodes.iter().filter_map(|node| graph.index(node)).collect();
    while let Some(node) = waiting.pop() {
        for &next in &graph.downstream[node] {
            if below.insert(graph.ids[next].clone()) {
                waiting.push(next);
            }
        }
    }
    below
}

/// Returns what to call these nodes in the undo list: the one by name, several by number.
fn named(workflow: &Workflow, nodes: &[&NodeId]) -> String {
    match nodes {
        [node] => {
            let title = workflow.node(node).map(|node| node.title.as_str()).unwrap_or_default();
            if title.is_empty() { node.to_string() } else { title.to_owned() }
        }
        several => format!("{} nodes", several.len()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::workflow::{Connection, Edit, Node, PortRef, Position};

    fn chain() -> Workflow {
        let mut workflow = Workflow::new("w");
        for id in ["a", "b", "c"] {
            workflow.apply(Edit::AddNode(id.into(), Arc::new(Node::new("text", Position::default())))).unwrap();
        }
        for (from, to) in [("a", "b"), ("b", "c")] {
            let connection = Connection { from: PortRef::new(from, "out"), to: PortRef::new(to, "in") };
            workflow.apply(Edit::Connect(connection)).unwrap();
        }
        workflow
    }

    fn ask(marks: &mut Marks, nodes: &[&'static str], request: MarkRequest) -> String {
        let nodes: Vec<NodeId> = nodes.iter().map(|node| NodeId::from(*node)).collect();
        let (label, edit) = mark_edit(&chain(), marks, &Baseline::default(), &nodes, request);
        marks.apply(edit);
        label
    }

    fn policy(marks: &Marks, node: &'static str) -> Option<PinPolicy> {
        marks.get(&node.into()).as_pin().map(|pin| pin.policy)
    }

    #[test]
    fn a_mark_replaces_the_one_before_and_a_toggle_takes_it_away() {
        let mut marks = Marks::default();
        ask(&mut marks, &["a"], MarkRequest::ToggleForce);
        assert!(is_forced(marks.get(&"a".into())));
        ask(&mut marks, &["a"], MarkRequest::ToggleDisable);
        assert!(is_disabled(marks.get(&"a".into())));
        ask(&mut marks, &["a"], MarkRequest::ToggleDisable);
        assert!(marks.is_empty());
    }

    #[test]
    fn a_toggle_on_a_mixed_selection_first_makes_it_alike() {
        let mut marks = Marks::default();
        ask(&mut marks, &["a"], MarkRequest::Pin(PinPolicy::Hold));
        ask(&mut marks, &["a", "b"], MarkRequest::TogglePin);
        assert_eq!(policy(&marks, "a"), Some(PinPolicy::Hold), "what is pinned stays as it is");
        assert_eq!(policy(&marks, "b"), Some(PinPolicy::Follow));
        ask(&mut marks, &["a", "b"], MarkRequest::TogglePin);
        assert!(marks.is_empty());
    }

    #[test]
    fn unpin_leaves_other_marks_alone() {
        let mut marks = Marks::default();
        ask(&mut marks, &["a"], MarkRequest::ToggleForce);
        ask(&mut marks, &["b"], MarkRequest::Pin(PinPolicy::Hold));
        ask(&mut marks, &["a", "b"], MarkRequest::Unpin);
        assert!(is_forced(marks.get(&"a".into())));
        assert!(marks.get(&"b".into()).is_default());
    }

    #[test]
    fn unpin_downstream_reaches_all_below_and_not_the_node_itself() {
        let mut marks = Marks::default();
        ask(&mut marks, &["a", "b", "c"], MarkRequest::Pin(PinPolicy::Hold));
        ask(&mut marks, &["a"], MarkRequest::UnpinDownstream);
        assert!(policy(&marks, "a").is_some());
        assert_eq!(marks.iter().len(), 1);
    }

    #[test]
    fn keep_makes_a_follow_pin_hold_and_refresh_arms_it_with_its_policy() {
        let mut marks = Marks::default();
        ask(&mut marks, &["a"], MarkRequest::Pin(PinPolicy::Follow));
        ask(&mut marks, &["a", "b"], MarkRequest::Keep);
        assert_eq!(policy(&marks, "a"), Some(PinPolicy::Hold));
        assert_eq!(policy(&marks, "b"), None);
        let label = ask(&mut marks, &["a"], MarkRequest::Refresh);
        assert_eq!(label, "Refresh the pin of a");
        assert_eq!(policy(&marks, "a"), Some(PinPolicy::Hold));
    }

    #[test]
    fn nodes_that_are_gone_are_not_marked() {
        let mut marks = Marks::default();
        ask(&mut marks, &["nowhere"], MarkRequest::ToggleForce);
        assert!(marks.is_empty());
    }
}
