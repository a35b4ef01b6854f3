//! The scene after an edit is that of a document that was just opened.

use egui::Rect;

use super::small_app::{SmallApp, end, workflow};
use crate::{
    editor::canvas::scene::Scene,
    workflow::{Connection, Edit, Node, Position},
};

/// Returns all that a scene says of nodes and wires.
fn in_words(scene: &Scene) -> Vec<String> {
    let (mut nodes, mut wires) = (Vec::new(), Vec::new());
    scene.node_grid.query(Rect::EVERYTHING, &mut nodes);
    scene.wire_grid.query(Rect::EVERYTHING, &mut wires);
    let node = |index: &usize| {
        let node = &scene.nodes[*index];
        let near = scene.node_grid.near(node.rect().center(), 1.0);
        let at: Vec<usize> = scene.wires_at(*index).collect();
        format!("{} {:?} {:?} near {near:?} wires {at:?}", node.id, node.position, node.layout)
    };
    let wire = |index: &usize| {
        let wire = &scene.wires[*index];
        let near = scene.wire_grid.near(scene.course_at_rest(wire).middle(), 1.0);
        format!("{wire:?} near {near:?}")
    };
    nodes.iter().map(node).chain(wires.iter().map(wire)).collect()
}

#[test]
fn after_every_edit_the_scene_is_as_if_laid_out_anew() {
    let nodes =
        [("a", "read", 0.0, 0.0), ("b", "filter", 400.0, 0.0), ("c", "join", 800.0, 300.0), ("d", "plot", 0.0, 900.0)];
    let mut app = SmallApp::new(workflow(&nodes, &["a.out -> b.in", "b.out -> c.left", "a.out -> c.right"]));
    let connection = |from, to| Connection { from: end(from), to: end(to) };
    let mut scene = Scene::default();
    scene.update(app.view());
    for edit in [
        Edit::MoveNodes(vec![("b".into(), Position(7000.0, -20.0)), ("d".into(), Position(3.0, 4.0))]),
        Edit::SetTitle("c".into(), "Together".to_owned()),
        Edit::SetParameter("b".into(), "limit".into(), Some(5.into())),
        Edit::SetWay(end("c.left"), vec![Position(9000.0, 40.0), Position(500.0, 800.0)]),
        Edit::SetTitle("c".into(), "Here".to_owned()),
        Edit::Connect(connection("c.out", "d.in")),
        Edit::Group(vec![
            Edit::MoveNodes(vec![("b".into(), Position(-70.0, -2000.0))]),
            Edit::SetWay(end("c.left"), vec![Position(-900.0, 40.0)]),
            Edit::SetWay(end("d.in"), vec![Position(0.0, 4000.0)]),
        ]),
        Edit::SetWay(end("c.left"), Vec::new()),
        Edit::MoveNodes(vec![("c".into(), Position(-500.0, 60.0))]),
        Edit::Disconnect(end("b.in")),
        Edit::AddNode("aa".into(), Node::new("plot", Position(50.0, 50.0)).into()),
        Edit::Connect(connection("a.out", "aa.in")),
        Edit::MoveNodes(vec![("aa".into(), Position(90.0, 950.0)), ("a".into(), Position(1.0, 1.0))]),
        Edit::RemoveNode("b".into()),
    ] {
        app.workflow.apply(edit.clone()).unwrap();
        app.revision += 1;
        assert!(scene.update(app.view()));
        let mut anew = Scene::default();
        anew.update(app.view());
        assert_eq!(in_words(&scene), in_words(&anew), "after {edit:?}");
        assert!(!scene.update(app.view()), "nothing has changed since");
    }
}
