//! The ways of wires: bends set, moved and taken away, and carried along by the nodes at both ends.

use std::collections::{BTreeMap, BTreeSet};

use super::{groups, words};
use crate::workflow::{Edit, NodeId, PortRef, Position, Workflow};

/// A point that a wire is led through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bend {
    /// The input the wire ends at.
    pub wire: PortRef,
    /// Which of the wire's bends it is, from its output on.
    pub index: usize,
}

impl Bend {
    /// Returns where it is, if it is there.
    pub(crate) fn place(&self, workflow: &Workflow) -> Option<Position> {
        workflow.way(&self.wire).get(self.index).copied()
    }
}

/// Returns the edit that leads a wire through one more point, which comes after so many bends, and its label.
pub(crate) fn bend(workflow: &Workflow, wire: &PortRef, index: usize, place: Position) -> (String, Edit) {
    let mut way = workflow.way(wire).to_vec();
    way.insert(index.min(way.len()), place);
    (format!("Bend the wire of {wire}"), Edit::SetWay(wire.clone(), way))
}

/// Returns the edit that takes bends out of their wires, and its label.
pub(crate) fn unbend(workflow: &Workflow, bends: &BTreeSet<Bend>) -> Option<(String, Edit)> {
    let edits = changed(workflow, bends, |_| None);
    (!edits.is_empty()).then(|| (format!("Remove {}", in_words(bends)), Edit::Group(edits)))
}

/// Returns the edit that moves bends, with what was done to them.
pub(crate) fn move_bends(
    workflow: &Workflow,
    bends: &BTreeSet<Bend>,
    verb: &str,
    (dx, dy): (f32, f32),
) -> Option<(String, Edit)> {
    let edits = changed(workflow, bends, |place| Some(Position(place.0 + dx, place.1 + dy)));
    (!edits.is_empty()).then(|| (format!("{verb} {}", in_words(bends)), Edit::Group(edits)))
}

fn in_words(bends: &BTreeSet<Bend>) -> String {
    match bends.first() {
        Some(bend) if bends.len() == 1 => format!("a bend of the wire of {}", bend.wire),
        _ => words::count(bends.len(), "bend"),
    }
}

/// Returns the edits that put these bends elsewhere, or nowhere.
fn changed(workflow: &Workflow, bends: &BTreeSet<Bend>, change: impl Fn(Position) -> Option<Position>) -> Vec<Edit> {
    let mut ways: BTreeMap<&PortRef, Vec<Option<Position>>> = BTreeMap::new();
    for bend in bends {
        if let Some(place) = bend.place(workflow) {
            let whole = || workflow.way(&bend.wire).iter().copied().map(Some).collect();
            ways.entry(&bend.wire).or_insert_with(whole)[bend.index] = change(place);
        }
    }
    let edit = |(wire, way): (&PortRef, Vec<Option<Position>>)| {
        Edit::SetWay(wire.clone(), way.into_iter().flatten().collect())
    };
    ways.into_iter().map(edit).collect()
}

/// Returns the edits that move the ways of wires along whose ends both move by the same distance.
pub(crate) fn carried(workflow: &Workflow, moved_by: impl Fn(&NodeId) -> Option<(f32, f32)>) -> Vec<Edit> {
    let edit = |(wire, way): (&PortRef, &[Position])| {
        let (dx, dy) = moved_by(&wire.node)?;
        let other = moved_by(&workflow.feed(wire)?.node)?;
        let is_same = (other.0 - dx).abs() < 0.01 && (other.1 - dy).abs() < 0.01;
        let shifted = way.iter().map(|place| Position(place.0 + dx, place.1 + dy));
        is_same.then(|| Edit::SetWay(wire.clone(), shifted.collect()))
    };
    workflow.ways().filter_map(edit).collect()
}

/// Returns the edit that moves nodes to new places, with the ways of wires between those that move alike, and with groups.
pub(crate) fn move_nodes(workflow: &Workflow, moves: Vec<(NodeId, Position)>) -> Edit {
    let mut edits = Vec::new();
    if workflow.ways().len() > 0 || groups::folded(workflow).next().is_some() {
        let distance = |(id, place): &'_ (NodeId, Position)| {
            let before = workflow.node(id)?.position;
            Some((place.0 - before.0, place.1 - before.1))
        };
        let distances: BTreeMap<&NodeId, (f32, f32)> =
            moves.iter().filter_map(|to| Some((&to.0, distance(to)?))).collect();
        let moved_by = |node: &NodeId| distances.get(node).copied();
        edits = carried(workflow, moved_by);
        edits.extend(groups::carried(workflow, moved_by));
    }
    if edits.is_empty() {
        return Edit::MoveNodes(moves);
    }
    edits.insert(0, Edit::MoveNodes(moves));
    Edit::Group(edits)
}

/// Returns the edit that moves nodes, sorted, and bends by the same distance, with what was done to them.
pub(crate) fn move_together(
    workflow: &Workflow,
    nodes: &[NodeId],
    bends: &BTreeSet<Bend>,
    verb: &str,
    (dx, dy): (f32, f32),
) -> Option<(String, Edit)> {
    if nodes.is_empty() {
        return move_bends(workflow, bends, verb, (dx, dy));
    }
    let place = |id: &NodeId| workflow.node(id).map(|node| Position(node.position.0 + dx, node.position.1 + dy));
    let moves: Vec<(NodeId, Position)> = nodes.iter().filter_map(|id| Some((id.clone(), place(id)?))).collect();
    let is_moved = |node: &NodeId| nodes.binary_search(node).is_ok();
    // Between nodes that move, bends come along whether they are chosen or not.
    let is_alone = |bend: &&Bend| {
        !(is_moved(&bend.wire.node) && workflow.feed(&bend.wire).is_some_and(|from| is_moved(&from.node)))
    };
    let alone: BTreeSet<Bend> = bends.iter().filter(is_alone).cloned().collect();
    let nodes = match moves.as_slice() {
        [] => return None,
        [(id, _)] => id.to_string(),
        several => words::count(several.len(), "node"),
    };
    let moved = move_nodes(workflow, moves);
    match move_bends(workflow, &alone, verb, (dx, dy)) {
        None => Some((format!("{verb} {nodes}"), moved)),
        Some((_, edit)) => Some((format!("{verb} {nodes} and {}", in_words(&alone)), Edit::Group(vec![moved, edit]))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::workflow::Node;

    /// Returns `a -> b -> c`, with two bends in the first wire and one in the second.
    fn workflow() -> Workflow {
        let mut workflow = Workflow::new("w");
        for (id, x) in [("a", 0.0), ("b", 300.0), ("c", 600.0)] {
            workflow.apply(Edit::AddNode(id.into(), Arc::new(Node::new("text", Position(x, 0.0))))).unwrap();
        }
        for wire in ["a.out -> b.in", "b.out -> c.in"] {
            workflow.apply(Edit::Connect(wire.parse().unwrap())).unwrap();
        }
        let way = vec![Position(210.0, 50.0), Position(250.0, 60.0)];
        workflow.apply(Edit::SetWay(PortRef::new("b", "in"), way)).unwrap();
        workflow.apply(Edit::SetWay(PortRef::new("c", "in"), vec![Position(550.0, 90.0)])).unwrap();
        workflow
    }

    fn way(workflow: &Workflow, node: &'static str) -> Vec<(f32, f32)> {
        workflow.way(&PortRef::new(node, "in")).iter().map(|place| (place.0, place.1)).collect()
    }

    fn of(node: &'static str, index: usize) -> Bend {
        Bend { wire: PortRef::new(node, "in"), index }
    }

    #[test]
    fn a_bend_comes_between_those_there_are() {
        let mut workflow = workflow();
        let (_, edit) = bend(&workflow, &PortRef::new("b", "in"), 1, Position(230.0, 0.0));
        let undo = workflow.apply(edit).unwrap();
        assert_eq!(way(&workflow, "b"), [(210.0, 50.0), (230.0, 0.0), (250.0, 60.0)]);
        workflow.apply(undo).unwrap();
        assert_eq!(way(&workflow, "b").len(), 2);
    }

    #[test]
    fn bends_of_several_wires_are_moved_and_removed_in_one_edit() {
        let mut workflow = workflow();
        let chosen = BTreeSet::from([of("b", 1), of("c", 0), of("c", 7)]);
        let (_, edit) = move_bends(&workflow, &chosen, "Move", (1.0, -2.0)).unwrap();
        workflow.apply(edit).unwrap();
        assert_eq!((way(&workflow, "b")[1], way(&workflow, "c")[0]), ((251.0, 58.0), (551.0, 88.0)));
        let (_, edit) = unbend(&workflow, &chosen).unwrap();
        workflow.apply(edit).unwrap();
        assert_eq!((way(&workflow, "b"), way(&workflow, "c").len()), (vec![(210.0, 50.0)], 0));
        assert!(unbend(&workflow, &BTreeSet::from([of("c", 0)])).is_none(), "it is gone");
    }

    #[test]
    fn nodes_that_move_alike_take_the_bends_between_them_along() {
        let mut workflow = workflow();
        let to = |id: &'static str, x, y| (NodeId::from(id), Position(x, y));
        let edit = move_nodes(&workflow, vec![to("a", 5.0, 7.0), to("b", 305.0, 7.0)]);
        workflow.apply(edit).unwrap();
        assert_eq!(way(&workflow, "b"), [(215.0, 57.0), (255.0, 67.0)]);
        assert_eq!(way(&workflow, "c"), [(550.0, 90.0)], "one of its ends stays");
        let chosen = BTreeSet::from([of("b", 0), of("c", 0)]);
        let (_, edit) = move_together(&workflow, &["a".into(), "b".into()], &chosen, "Move", (1.0, 1.0)).unwrap();
        workflow.apply(edit).unwrap();
        assert_eq!(way(&workflow, "b"), [(216.0, 58.0), (256.0, 68.0)], "they are moved once");
        assert_eq!(way(&workflow, "c"), [(551.0, 91.0)]);
        let apart = move_nodes(&workflow, vec![to("b", 0.0, 0.0), to("c", 600.0, 1.0)]);
        assert!(matches!(apart, Edit::MoveNodes(_)), "they do not move alike");
    }
}
