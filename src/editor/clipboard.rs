//! Nodes as text and back: the text is a workflow file of its own, so it can be pasted into a chat or saved and opened.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::workflow::{
    Connection, Edit, FileError, Fold, Frame, FrameId, NodeId, PortRef, Position, Workflow, parse, to_text,
};

/// How far a pasted node lies from the one it was copied from, in scene units, each way.
const BESIDE: f32 = 32.0;

/// Text that holds no nodes to paste.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasteError {
    /// Not a workflow at all.
    #[error("the clipboard holds no nodes: {0}")]
    NotNodes(#[from] FileError),
    /// A workflow without nodes.
    #[error("the clipboard holds a workflow without nodes")]
    Empty,
}

/// Returns nodes with the wires between them, and frames, as text.
pub(crate) fn copy(workflow: &Workflow, nodes: &BTreeSet<NodeId>, frames: &BTreeSet<FrameId>) -> String {
    let mut clip = Workflow::new(workflow.name());
    let mut add = |edit| {
        // A wire that closes a circle, which a file may hold, is the one thing that cannot be copied.
        clip.apply(edit).ok();
    };
    for (id, node) in workflow.nodes().filter(|(id, _)| nodes.contains(*id)) {
        add(Edit::AddNode(id.clone(), std::sync::Arc::clone(node)));
    }
    for (to, from) in workflow.connections() {
        if nodes.contains(&to.node) && nodes.contains(&from.node) {
            add(Edit::Connect(Connection { from: from.clone(), to: to.clone() }));
        }
    }
    for (id, frame) in workflow.frames().filter(|(id, _)| frames.contains(*id)) {
        add(Edit::SetFrame(id.clone(), frame.clone()));
    }
    for (to, way) in workflow.ways() {
        if clip.feed(to).is_some() {
            clip.apply(Edit::SetWay(to.clone(), way.to_vec())).ok();
        }
    }
    to_text(&clip)
}

/// Returns the edit that adds the nodes and frames of a text under new ids, and the nodes' ids. Their top left corner comes to `at`, or
/// beside where they were. With `keeps_feeds`, what feeds the nodes they were copied from feeds them too, as far as these
/// are still there.
pub(crate) fn paste(
    workflow: &Workflow,
    text: &str,
    at: Option<Position>,
    keeps_feeds: bool,
) -> Result<(Edit, BTreeSet<NodeId>), PasteError> {
    let clip = parse(text)?;
    let offset = match (at, corner(&clip)) {
        (_, None) => return Err(PasteError::Empty),
        (Some(at), Some(corner)) => (at.0 - corner.0, at.1 - corner.1),
        (None, Some(_)) => free_offset(workflow, &clip),
    };
    let ids = workflow.fresh_node_ids(clip.nodes().map(|(_, node)| &node.kind));
    let renamed: BTreeMap<&NodeId, &NodeId> = clip.nodes().map(|(id, _)| id).zip(&ids).collect();
    let mut edits = Vec::new();
    for ((_, node), id) in clip.nodes().zip(&ids) {
        let mut node = node.as_ref().clone();
        node.position = Position(node.position.0 + offset.0, node.position.1 + offset.1);
        edits.push(Edit::AddNode(id.clone(), node.into()));
    }
    for (to, from) in clip.connections() {
        if let (Some(&from_node), Some(&to_node)) = (renamed.get(&from.node), renamed.get(&to.node)) {
            let mut connection = Connection { from: from.clone(), to: to.clone() };
            connection.from.node = from_node.clone();
            connection.to.node = to_node.clone();
            let way = clip.way(to).iter().map(|place| Position(place.0 + offset.0, place.1 + offset.1));
            let way = Edit::SetWay(connection.to.clone(), way.collect());
            edits.push(Edit::Connect(connection));
            edits.extend((!clip.way(to).is_empty()).then_some(way));
        }
    }
    let frames = workflow.fresh_frame_ids(clip.frames().len(), ids.len());
    let renamed_frames: BTreeMap<&FrameId, &FrameId> = clip.frames().map(|(id, _)| id).zip(&frames).collect();
    edits.extend(clip.frames().zip(&frames).map(|((_, frame), id)| {
        let position = Position(frame.position.0 + offset.0, frame.position.1 + offset.1);
        let folded = frame.folded.as_ref().map(|fold| Fold {
            nodes: fold.nodes.iter().filter_map(|id| Some((*renamed.get(id)?).clone())).collect(),
            frames: fold.frames.iter().filter_map(|id| Some((*renamed_frames.get(id)?).clone())).collect(),
        });
        Edit::SetFrame(id.clone(), Frame { position, folded, ..frame.clone() })
    }));
    if keeps_feeds {
        for (original, id) in &renamed {
            let feeds = workflow.feeds_of(original).filter(|(_, from)| !renamed.contains_key(&from.node));
            edits.extend(feeds.map(|(port, from)| {
                let to = PortRef { node: (*id).clone(), port: port.clone() };
                Edit::Connect(Connection { from: from.clone(), to })
            }));
        }
    }
    Ok((Edit::Group(edits), ids.into_iter().collect()))
}

/// Returns the top left corner of all nodes and frames.
fn corner(clip: &Workflow) -> Option<Position> {
    clip.nodes()
        .map(|(_, node)| node.position)
        .chain(clip.frames().map(|(_, frame)| frame.position))
        .reduce(|corner, position| Position(corner.0.min(position.0), corner.1.min(position.1)))
}

/// Returns the first of the offsets one, two, three… steps away at which no node would cover another exactly.
fn free_offset(workflow: &Workflow, clip: &Workflow) -> (f32, f32) {
    // Adding zero makes a negative zero positive: equal places have equal bits.
    let bits = |Position(x, y): Position| ((x + 0.0).to_bits(), (y + 0.0).to_bits());
    let places: HashSet<(u32, u32)> = workflow.nodes().map(|(_, node)| bits(node.position)).collect();
    let taken = |offset: f32| {
        clip.nodes()
            .any(|(_, node)| places.contains(&bits(Position(node.position.0 + offset, node.position.1 + offset))))
    };
    let mut steps = (1..=64_u8).map(|step| BESIDE * f32::from(step));
    let offset = steps.find(|&offset| !taken(offset)).unwrap_or(BESIDE);
    (offset, offset)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::workflow::{FrameColor, Node};

    fn chain() -> Workflow {
        let mut workflow = Workflow::new("w");
        for (id, x) in [("a_1", 10.0), ("b_2", 110.0), ("c_3", 210.0)] {
            let node = Node::new("text", Position(x, 20.0)).with("text", id);
            workflow.apply(Edit::AddNode(id.parse().unwrap(), Arc::new(node))).unwrap();
        }
        for (from, to) in [("a_1", "b_2"), ("b_2", "c_3")] {
            let connection = Connection { from: PortRef::new(from, "out"), to: PortRef::new(to, "in") };
            workflow.apply(Edit::Connect(connection)).unwrap();
        }
        workflow
    }

    fn set(ids: &[&'static str]) -> BTreeSet<NodeId> {
        ids.iter().map(|id| NodeId::from(*id)).collect()
    }

    #[test]
    fn pasted_nodes_are_new_and_keep_the_wires_between_them_only() {
        let mut workflow = chain();
        workflow.apply(Edit::SetWay(PortRef::new("c_3", "in"), vec![Position(180.0, 90.0)])).unwrap();
        workflow.apply(Edit::SetWay(PortRef::new("b_2", "in"), vec![Position(70.0, 90.0)])).unwrap();
        let text = copy(&workflow, &set(&["b_2", "c_3"]), &BTreeSet::new());
        let (edit, ids) = paste(&workflow, &text, Some(Position(1110.0, 20.0)), false).unwrap();
        workflow.apply(edit).unwrap();
        assert_eq!(workflow.n_nodes(), 5);
        assert_eq!(workflow.connections().len(), 3);
        assert_eq!(ids.len(), 2);
        assert_eq!(workflow.ways().len(), 3, "the wire between them keeps its bends");
        let inner = workflow.connections().find(|(to, _)| ids.contains(&to.node)).unwrap();
        assert!(ids.contains(&inner.1.node));
        assert_eq!(workflow.way(inner.0), [Position(1180.0, 90.0)]);
        let texts: BTreeSet<_> =
            ids.iter().map(|id| workflow.node(id).unwrap().parameters["text"].display_text()).collect();
        assert_eq!(texts, BTreeSet::from(["b_2".to_owned(), "c_3".to_owned()]));
    }

    #[test]
    fn nodes_come_where_they_are_asked_for_or_beside_where_they_were() {
        let mut workflow = chain();
        let text = copy(&workflow, &set(&["a_1", "b_2"]), &BTreeSet::new());
        let (edit, ids) = paste(&workflow, &text, Some(Position(500.0, 600.0)), false).unwrap();
        workflow.apply(edit).unwrap();
        let places: Vec<_> = ids.iter().map(|id| workflow.node(id).unwrap().position).collect();
        assert_eq!(places, [Position(500.0, 600.0), Position(600.0, 600.0)]);
        for step in [1.0, 2.0] {
            let (edit, ids) = paste(&workflow, &text, None, false).unwrap();
            workflow.apply(edit).unwrap();
            let first = workflow.node(ids.first().unwrap()).unwrap().position;
            assert_eq!(first, Position(10.0 + step * BESIDE, 20.0 + step * BESIDE));
        }
    }

    #[test]
    fn what_feeds_the_originals_can_feed_the_copies_too() {
        let mut workflow = chain();
        let text = copy(&workflow, &set(&["b_2", "c_3"]), &BTreeSet::new());
        let (edit, ids) = paste(&workflow, &text, None, true).unwrap();
        workflow.apply(edit).unwrap();
        let feed = |id: &NodeId| workflow.feed(&PortRef { node: id.clone(), port: "in".into() }).unwrap().to_string();
        let fed: Vec<String> = ids.iter().map(feed).collect();
        assert!(fed.contains(&"a_1.out".to_owned()), "{fed:?}");
        assert_eq!(workflow.connections().len(), 4);
    }

    #[test]
    fn frames_come_along_in_their_place() {
        let mut workflow = chain();
        let frame = Frame {
            title: "Both".to_owned(),
            position: Position(90.0, -10.0),
            size: (300.0, 90.0),
            color: FrameColor::Blue,
            folded: None,
        };
        for id in ["frame_7", "frame_8"] {
            workflow.apply(Edit::SetFrame(id.into(), frame.clone())).unwrap();
        }
        let text = copy(&workflow, &set(&["b_2", "c_3"]), &BTreeSet::from(["frame_7".into()]));
        let (edit, ids) = paste(&workflow, &text, Some(Position(1090.0, 990.0)), false).unwrap();
        workflow.apply(edit).unwrap();
        let (id, copied) = workflow.frames().find(|(id, _)| **id != *"frame_7" && **id != *"frame_8").unwrap();
        assert_eq!(copied, &Frame { position: Position(1090.0, 990.0), ..frame });
        assert!(!ids.iter().any(|node| node.as_str().ends_with(id.as_str().trim_start_matches("frame"))));
        let mut places: Vec<f32> = ids.iter().map(|id| workflow.node(id).unwrap().position.0).collect();
        places.sort_by(f32::total_cmp);
        assert_eq!(places, [1110.0, 1210.0]);
    }

    #[test]
    fn other_text_is_refused_in_words() {
        let workflow = chain();
        assert!(
            paste(&workflow, "hello", None, false).unwrap_err().to_string().starts_with("the clipboard holds no nodes")
        );
        let empty = to_text(&Workflow::new("empty"));
        assert!(matches!(paste(&workflow, &empty, None, false), Err(PasteError::Empty)));
    }
}
