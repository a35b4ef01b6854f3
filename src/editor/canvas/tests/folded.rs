//! Groups laid out.

use std::{collections::BTreeSet, sync::Arc};

use egui::pos2;

use super::small_app::{catalogue, workflow};
use crate::{
    editor::canvas::{
        folding::{block_of, fold},
        geometry::{NodeLayout, Wired, group_size},
        scene::PlacedNode,
    },
    workflow::{Edit, Fold, Frame, FrameColor, Position},
};

#[test]
fn a_group_stands_where_its_frame_does_in_place_of_its_nodes() {
    let nodes =
        [("a", "read", 0.0, 0.0), ("b", "read", 0.0, 200.0), ("j", "join", 300.0, 0.0), ("f", "filter", 600.0, 0.0)];
    let wires = ["a.out -> j.left", "b.out -> j.right", "j.out -> f.in"];
    let mut workflow = workflow(&nodes, &wires);
    let frame = Frame {
        title: "G".to_owned(),
        position: Position(-30.0, -50.0),
        size: (500.0, 500.0),
        color: FrameColor::Grey,
        folded: Some(Fold { nodes: ["j".into(), "b".into()].into(), frames: BTreeSet::new() }),
    };
    workflow.apply(Edit::SetFrame("g".into(), frame)).unwrap();
    let catalogue = catalogue();
    let place = |(id, node): (&crate::workflow::NodeId, &Arc<crate::workflow::Node>)| PlacedNode {
        id: id.clone(),
        position: pos2(node.position.0, node.position.1),
        layout: Arc::new(NodeLayout::new(node, &catalogue, &Wired::default())),
        group: None,
        folded_size: None,
    };
    let mut placed: Vec<PlacedNode> = workflow.nodes().map(place).collect();
    let groups = fold(&workflow, &mut placed, &mut []);
    assert_eq!((groups.len(), groups[0].nodes.as_slice()), (1, [1, 3].as_slice()));
    assert_eq!(groups[0].rect.min, pos2(-30.0, -50.0));
    assert_eq!(placed.iter().map(PlacedNode::is_hidden).collect::<Vec<_>>(), [false, true, false, true]);
    assert!(groups[0].nodes.iter().all(|&node| placed[node].rect() == groups[0].rect));
    let block = block_of(&workflow, &"g".into(), &[&"b".into(), &"j".into()]).unwrap();
    assert_eq!(block.size(), group_size(1, 1), "one wire comes in, one goes out, one is inside");
    assert!(group_size(3, 1).y > group_size(1, 1).y);
}
