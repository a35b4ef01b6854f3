//! Groups: folded frames. What stands in one is named in it, so that nothing that comes to lie near gets into it; it is
//! moved, copied and removed with all of its nodes.

use std::collections::{BTreeMap, BTreeSet};

use crate::workflow::{Edit, Fold, Frame, FrameId, NodeId, Position, Workflow};

/// Returns the folded frames with what is folded in them.
pub(crate) fn folded(workflow: &Workflow) -> impl Iterator<Item = (&FrameId, &Frame, &Fold)> {
    workflow.frames().filter_map(|(id, frame)| Some((id, frame, frame.folded.as_ref()?)))
}

/// Returns the folded frames that are seen, with the nodes in each that there are: none of them is in another.
pub(crate) fn outermost(workflow: &Workflow) -> Vec<(&FrameId, &Frame, Vec<&NodeId>)> {
    let mut all: Vec<(&FrameId, &Frame, &Fold)> = folded(workflow).collect();
    // What holds more is farther out.
    all.sort_by_key(|(_, _, fold)| std::cmp::Reverse((fold.nodes.len(), fold.frames.len())));
    let (mut taken, mut hidden) = (BTreeSet::new(), BTreeSet::new());
    let mut seen = Vec::new();
    for (id, frame, fold) in all {
        let nodes: Vec<&NodeId> =
            fold.nodes.iter().filter(|node| workflow.node(node).is_some() && taken.insert(*node)).collect();
        if hidden.contains(id) {
            hidden.extend(&fold.frames);
        } else if !nodes.is_empty() {
            seen.push((id, frame, nodes));
            hidden.extend(&fold.frames);
        }
    }
    seen
}

/// Returns the frames that are not seen as such: those that are folded, and those that are folded in them.
pub(crate) fn unseen_frames(workflow: &Workflow) -> BTreeSet<&FrameId> {
    let mut unseen = BTreeSet::new();
    for (id, frame, _) in outermost(workflow) {
        unseen.insert(id);
        unseen.extend(frame.folded.iter().flat_map(|fold| &fold.frames));
    }
    unseen
}

/// Returns nodes with all that are folded away together with any of them.
pub(crate) fn completed(workflow: &Workflow, nodes: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
    let mut all = nodes.clone();
    for (_, _, inside) in outermost(workflow) {
        if inside.iter().any(|node| nodes.contains(*node)) {
            all.extend(inside.into_iter().cloned());
        }
    }
    all
}

/// Returns the folded frames all of whose nodes are among these, with the frames in them.
pub(crate) fn whole(workflow: &Workflow, nodes: &BTreeSet<NodeId>) -> BTreeSet<FrameId> {
    let is_whole = |fold: &Fold| {
        let mut there = fold.nodes.iter().filter(|node| workflow.node(node).is_some()).peekable();
        there.peek().is_some() && there.all(|node| nodes.contains(node))
    };
    let whole = folded(workflow).filter(|(_, _, fold)| is_whole(fold));
    whole.flat_map(|(id, _, fold)| std::iter::once(id).chain(&fold.frames)).cloned().collect()
}

/// Returns the groups that a selection is made of; none if it holds anything else.
pub(crate) fn selected<'a>(workflow: &'a Workflow, nodes: &BTreeSet<NodeId>) -> Vec<&'a FrameId> {
    let groups: Vec<_> = outermost(workflow)
        .into_iter()
        .filter(|(_, _, inside)| inside.iter().all(|node| nodes.contains(*node)))
        .collect();
    let n_inside: usize = groups.iter().map(|(_, _, inside)| inside.len()).sum();
    if n_inside == nodes.len() { groups.into_iter().map(|(id, ..)| id).collect() } else { Vec::new() }
}

/// Returns the edit that removes the groups of which nothing is left without these nodes, and their titles.
pub(crate) fn remove_with(workflow: &Workflow, nodes: &BTreeSet<NodeId>) -> (Vec<Edit>, Vec<String>) {
    let frames: Vec<FrameId> = whole(workflow, nodes).into_iter().filter(|id| workflow.frame(id).is_some()).collect();
    let groups = outermost(workflow).into_iter().filter(|(id, ..)| frames.contains(id));
    let titles = groups.map(|(_, frame, _)| frame.title.clone()).collect();
    (frames.into_iter().map(Edit::RemoveFrame).collect(), titles)
}

/// Returns the edit that shows again what is folded in these frames.
pub(crate) fn unfold<'a>(workflow: &Workflow, frames: impl IntoIterator<Item = &'a FrameId>) -> Edit {
    let unfold = |id: &FrameId| {
        let frame = workflow.frame(id)?;
        Some(Edit::SetFrame(id.clone(), Frame { folded: None, ..frame.clone() }))
    };
    Edit::Group(frames.into_iter().filter_map(unfold).collect())
}

/// Returns the folded frames that hold a node.
pub(crate) fn holding<'a>(workflow: &'a Workflow, node: &NodeId) -> Vec<&'a FrameId> {
    folded(workflow).filter(|(_, _, fold)| fold.nodes.contains(node)).map(|(id, ..)| id).collect()
}

/// Returns the edits that move groups along whose nodes all move by the same distance.
pub(crate) fn carried(workflow: &Workflow, moved_by: impl Fn(&NodeId) -> Option<(f32, f32)>) -> Vec<Edit> {
    let mut moved: BTreeMap<&FrameId, (f32, f32)> = BTreeMap::new();
    for (id, _, fold) in folded(workflow) {
        let mut there = fold.nodes.iter().filter(|node| workflow.node(node).is_some());
        let Some(by) = there.next().and_then(&moved_by) else { continue };
        let is_same = |node: &NodeId| {
            moved_by(node).is_some_and(|other| (other.0 - by.0).abs() < 0.01 && (other.1 - by.1).abs() < 0.01)
        };
        if there.all(is_same) {
            moved.extend(std::iter::once(id).chain(&fold.frames).map(|frame| (frame, by)));
        }
    }
    let edit = |(id, (dx, dy)): (&FrameId, (f32, f32))| {
        let frame = workflow.frame(id)?;
        let position = Position(frame.position.0 + dx, frame.position.1 + dy);
        Some(Edit::SetFrame(id.clone(), Frame { position, ..frame.clone() }))
    };
    moved.into_iter().filter_map(edit).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::workflow::{FrameColor, Node};

    fn frame(nodes: &[&'static str], frames: &[&'static str]) -> Frame {
        let nodes = nodes.iter().map(|id| NodeId::from(*id)).collect();
        let frames = frames.iter().map(|id| FrameId::from(*id)).collect();
        Frame {
            title: "Group".to_owned(),
            position: Position(10.0, 20.0),
            size: (100.0, 100.0),
            color: FrameColor::Grey,
            folded: Some(Fold { nodes, frames }),
        }
    }

    /// Returns nodes a to e; `in` holds a and b, `out` holds `in` and c.
    fn workflow() -> Workflow {
        let mut workflow = Workflow::new("w");
        for id in ["a", "b", "c", "d", "e"] {
            workflow.apply(Edit::AddNode(id.into(), Arc::new(Node::new("text", Position(1.0, 2.0))))).unwrap();
        }
        workflow.apply(Edit::SetFrame("in".into(), frame(&["a", "b", "gone"], &[]))).unwrap();
        workflow.apply(Edit::SetFrame("out".into(), frame(&["a", "b", "c"], &["in"]))).unwrap();
        workflow
    }

    fn set(ids: &[&'static str]) -> BTreeSet<NodeId> {
        ids.iter().map(|id| NodeId::from(*id)).collect()
    }

    #[test]
    fn of_groups_in_each_other_the_outermost_is_seen() {
        let mut workflow = workflow();
        let seen: Vec<_> =
            outermost(&workflow).iter().map(|(id, _, nodes)| (id.as_str().to_owned(), nodes.len())).collect();
        assert_eq!(seen, [("out".to_owned(), 3)]);
        assert_eq!(unseen_frames(&workflow).len(), 2);
        assert_eq!(completed(&workflow, &set(&["b", "d"])), set(&["a", "b", "c", "d"]));
        assert_eq!(holding(&workflow, &"a".into()).len(), 2);
        let edit = unfold(&workflow, [&"out".into()]);
        workflow.apply(edit).unwrap();
        let seen: Vec<_> = outermost(&workflow).iter().map(|(id, ..)| id.as_str().to_owned()).collect();
        assert_eq!(seen, ["in"]);
    }

    #[test]
    fn groups_are_selected_and_removed_with_all_their_nodes_only() {
        let workflow = workflow();
        assert_eq!(selected(&workflow, &set(&["a", "b", "c"])).len(), 1);
        assert!(selected(&workflow, &set(&["a", "b"])).is_empty());
        assert!(selected(&workflow, &set(&["a", "b", "c", "d"])).is_empty());
        assert_eq!(remove_with(&workflow, &set(&["a", "b", "c", "e"])).0.len(), 2);
        let (edits, titles) = remove_with(&workflow, &set(&["a", "b"]));
        assert_eq!((edits, titles.len()), (vec![Edit::RemoveFrame("in".into())], 0));
        assert!(remove_with(&workflow, &set(&["a"])).0.is_empty());
    }

    #[test]
    fn a_group_moves_with_its_nodes_once() {
        let workflow = workflow();
        let by = |id: &NodeId| (*id != *"d").then_some((5.0, -5.0));
        let edits = carried(&workflow, by);
        assert_eq!(edits.len(), 2);
        for edit in edits {
            let Edit::SetFrame(_, frame) = edit else { panic!("{edit:?}") };
            assert_eq!(frame.position, Position(15.0, 15.0));
        }
        assert!(carried(&workflow, |id| (*id == *"a").then_some((1.0, 0.0))).is_empty());
    }
}
