//! Seen from afar, all nodes and wires are one mesh: a block for a node, a straight line for a wire.

use egui::{
    Color32, Mesh, Pos2, Rect, Shape,
    epaint::{Vertex, WHITE_UV},
};

use super::{brush::Brush, canvas_frame::CanvasFrame};
use crate::{
    editor::{LiveState, View, theme::Tokens},
    session::Mark,
    store::Status,
};

/// Paints these nodes and wires.
pub(super) fn paint(brush: &Brush, frame: &CanvasFrame<'_>, nodes: &[usize], wires: &[usize], box_touches: &[bool]) {
    let mut mesh = Mesh::default();
    mesh.reserve_vertices((nodes.len() * 2 + wires.len()) * 4);
    mesh.reserve_triangles((nodes.len() * 2 + wires.len()) * 2);
    let width = (5.0 * brush.zoom()).max(0.7);
    for &index in wires {
        let wire = &frame.scene.wires[index];
        let color = brush.tokens.of_type(wire.value_type).gamma_multiply(0.55);
        let [from, .., to] = frame.curve(wire).0.map(|point| brush.projection.screen_from_scene(point));
        add_line(&mut mesh, from, to, width, color);
    }
    let looks = looks(frame, brush.tokens);
    for &index in nodes {
        let rect = brush.projection.rect(frame.rect(index));
        let (color, selected) = looks[index];
        if selected || box_touches.get(index).is_some_and(|touched| *touched) {
            add_rect(&mut mesh, rect.expand(1.5), brush.tokens.selection_ring);
        }
        add_rect(&mut mesh, rect, color);
    }
    brush.painter.add(Shape::mesh(mesh));
}

/// Returns the colour of every node, and whether it is selected.
pub(super) fn looks(frame: &CanvasFrame<'_>, tokens: &Tokens) -> Vec<(Color32, bool)> {
    let View { selection, marks, baseline, run, .. } = frame.view;
    let scene = frame.scene;
    let family = |layout: &super::geometry::NodeLayout| {
        layout.kind.as_ref().map_or(tokens.failed, |kind| tokens.of_family(kind.family).gamma_multiply(0.85))
    };
    let mut looks: Vec<(Color32, bool)> = scene.nodes.iter().map(|node| (family(&node.layout), false)).collect();
    for record in baseline.iter().filter(|record| matches!(record.status, Status::Failed(_))) {
        if let Some(index) = scene.index(&record.node) {
            looks[index].0 = tokens.failed;
        }
    }
    for (id, mark) in marks.iter() {
        let color = match mark {
            Mark::Default => continue,
            Mark::Disabled => tokens.disabled.gamma_multiply(0.5),
            Mark::Pinned(_) => tokens.pinned,
            Mark::Forced => tokens.forced,
        };
        if let Some(index) = scene.index(id) {
            looks[index].0 = color;
        }
    }
    for (id, _) in run
        .filter(|run| run.finished.is_none())
        .iter()
        .flat_map(|run| &run.nodes)
        .filter(|(_, live)| matches!(live, LiveState::Running { .. }))
    {
        if let Some(index) = scene.index(id) {
            looks[index].0 = tokens.running;
        }
    }
    for index in selection.iter().filter_map(|id| scene.index(id)) {
        looks[index].1 = true;
    }
    looks
}

fn add_rect(mesh: &mut Mesh, rect: Rect, color: Color32) {
    mesh.add_colored_rect(rect, color);
}

fn add_line(mesh: &mut Mesh, from: Pos2, to: Pos2, width: f32, color: Color32) {
    let across = (to - from).normalized().rot90() * (width * 0.5);
    let first = mesh.vertices.len() as u32;
    let corners = [from + across, to + across, to - across, from - across];
    mesh.vertices.extend(corners.map(|pos| Vertex { pos, uv: WHITE_UV, color }));
    mesh.indices.extend([0, 1, 2, 0, 2, 3].map(|corner| first + corner));
}
