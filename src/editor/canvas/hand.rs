//! Painting what is in the hand: a wire, all wires of a port, a box, a cut; and the wire that a node would go into.

use egui::{Pos2, Rect, Shape, Stroke, StrokeKind, Tooltip, Ui};

use super::{
    CanvasState,
    brush::Brush,
    canvas_frame::CanvasFrame,
    course::Curve,
    cut,
    interaction::{Interaction, WireDrag},
    wire::{self, Emphasis},
};
use crate::{
    editor::{
        WireEnd,
        theme::{self, readable},
    },
    value::ValueType,
    workflow::PortRef,
};

/// Paints what is in the hand, and the wire that waits for a node to be chosen.
pub(super) fn draw(ui: &Ui, brush: &Brush, frame: &CanvasFrame<'_>, state: &mut CanvasState) {
    let pointer = state.hand(ui, frame);
    match (&state.interaction, pointer) {
        (Interaction::DragWire(drag), Some(pointer)) => {
            if let Some(why) = draw_wires_in_hand(brush, frame, drag, pointer) {
                state.status.clone_from(&why);
                refusal_ui(ui, &why);
            }
        }
        (Interaction::DragNodes(drag), _) => {
            if let Some(wire) = drag.insert_into() {
                draw_target(brush, frame, wire);
            }
        }
        (Interaction::Cut { path }, _) => draw_cut(brush, frame, path),
        (Interaction::BoxSelect { from }, Some(pointer)) => {
            let rect = Rect::from_two_pos(frame.projection.screen_from_scene(*from), pointer);
            let stroke = Stroke::new(1.0, brush.tokens.accent);
            brush.painter.rect(rect, 3.0, brush.tokens.selection_box, stroke, StrokeKind::Inside);
        }
        _ => {}
    }
    if let Some((end, place)) = state.search.as_ref().and_then(|search| search.wire()) {
        let Some((anchor, value_type)) = end_of(frame, end) else { return };
        let curve = match end {
            WireEnd::Output(_) => Curve::new(anchor, place),
            WireEnd::Input(_) => Curve::new(place, anchor),
        };
        wire::paint_in_hand(brush, curve, value_type, false);
    }
}

/// Paints the wires in the hand; returns why the port under the pointer refuses them, if it does.
fn draw_wires_in_hand(brush: &Brush, frame: &CanvasFrame<'_>, drag: &WireDrag, pointer: Pos2) -> Option<String> {
    let place = frame.projection.scene_from_screen(pointer);
    let port = frame.drop_port(drag, place);
    let fits = port.is_none_or(|(_, fits)| fits);
    let end = port.filter(|_| fits).map_or(place, |(at, _)| frame.port_position(at));
    for anchor in drag.anchors(frame.scene) {
        let curve = if drag.wants_input() { Curve::new(anchor, end) } else { Curve::new(end, anchor) };
        wire::paint_in_hand(brush, curve, drag.value_type, !fits);
    }
    match port {
        Some((at, false)) => drag.refusal(frame.view, &frame.port_ref(at), at.is_input),
        _ => None,
    }
}

/// Paints the wire that a node goes into once it is let go.
fn draw_target(brush: &Brush, frame: &CanvasFrame<'_>, input: &PortRef) {
    if let Some(index) = frame.scene.wire_index(input) {
        let course = frame.course(index).map(|point| brush.projection.screen_from_scene(point));
        let wire = &frame.scene.wires[index];
        let mut add = |shape| {
            brush.painter.add(shape);
        };
        wire::fine(brush, &mut add, &course, (wire.value_type, wire.becomes), Emphasis::Hovered);
    }
}

fn draw_cut(brush: &Brush, frame: &CanvasFrame<'_>, path: &[Pos2]) {
    let color = brush.tokens.failed;
    for index in cut::crossed(frame, path) {
        let points: Vec<Pos2> =
            frame.course(index).points(32).map(|point| brush.projection.screen_from_scene(point)).collect();
        brush.painter.add(Shape::line(points, Stroke::new(3.0, color)));
    }
    let points: Vec<Pos2> = path.iter().map(|point| brush.projection.screen_from_scene(*point)).collect();
    brush.painter.extend(Shape::dashed_line(&points, Stroke::new(1.5, color), 5.0, 4.0));
}

/// Returns where the end of a wire is in the scene, and what flows there.
pub(super) fn end_of(frame: &CanvasFrame<'_>, end: &WireEnd) -> Option<(Pos2, ValueType)> {
    let (end, is_input) = match end {
        WireEnd::Input(input) => (input, true),
        WireEnd::Output(output) => (output, false),
    };
    let node = frame.scene.node(&end.node)?;
    let port = if is_input { node.layout.input(&end.port)? } else { node.layout.output(&end.port)? };
    Some((frame.scene.port_place(end, is_input)?, port.value_type))
}

fn refusal_ui(ui: &Ui, why: &str) {
    let id = ui.make_persistent_id("refusal");
    let tooltip = Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), id, egui::PopupAnchor::Pointer);
    tooltip.gap(14.0).show(|ui| {
        ui.set_max_width(340.0);
        ui.colored_label(theme::tokens(ui).failed, readable(why));
    });
}
