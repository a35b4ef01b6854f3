//! One frame: wires, then nodes with their widgets, then what is in the hand.

use egui::epaint::util::hash;
use egui::{CursorIcon, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

use super::{
    CanvasState, background, bends,
    brush::Brush,
    canvas_frame::{CanvasFrame, Detail},
    comment, follow, frames, from_afar, hand, hover,
    interaction::Interaction,
    node_ui::{self, AtHand},
    pointer::{drop_from_library, touched_by_box},
    scene::PlacedWire,
    wire::{self, Emphasis},
};
use crate::editor::{Command, theme::readable};

/// Draws the canvas and takes in what happens to its widgets.
pub(super) fn draw(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    canvas: &Response,
    state: &mut CanvasState,
    commands: &mut Vec<Command>,
) {
    // Much the same as last time, and a little room for what is in the hand.
    brush.announce((state.n_corners.0 + 8192, state.n_corners.1 + 16384));
    background::paint(brush);
    frames::frames_ui(ui, brush, frame, canvas, state, commands);
    let boxed = boxed(ui, frame, &state.interaction);
    let now = ui.input(|input| input.time);
    state.pulses.update(frame, now, frame.detail == Detail::Full && !follow::is_still(ui));
    if frame.detail == Detail::Blocks {
        state.overview.paint(brush, frame, &boxed, state.seen.serial_from_afar());
        state.n_corners = state.overview.n_corners();
        from_afar::hover_ui(ui, brush, frame, canvas, state, commands);
        state.groups_ui(ui, brush, frame, &boxed, commands);
        state.light_up(brush, frame);
    } else {
        let at_hand = AtHand::new(ui, canvas);
        draw_wires(ui, brush, frame, canvas, state, &at_hand, commands);
        state.pulses.paint(brush, frame, now);
        let nodes = frame.visible_nodes();
        for &index in &nodes {
            let is_boxed = boxed.binary_search(&index).is_ok();
            node_ui::node_ui(ui, brush, frame, state, (index, is_boxed, &at_hand), commands);
        }
        state.groups_ui(ui, brush, frame, &boxed, commands);
        comment::notes_ui(ui, brush, frame, state, &nodes);
        state.light_up(brush, frame);
        state.n_corners = state.kept.n_corners();
    }
    state.paint_hits(brush, frame);
    hand::draw(ui, brush, frame, state);
    if let Some(rect) = drop_from_library(frame, canvas, commands) {
        let stroke = egui::Stroke::new(1.5, brush.tokens.accent);
        brush.fill(rect, 8.0, brush.tokens.selection_box);
        brush.dashed_outline(rect, 8.0, stroke);
    }
    set_cursor(ui, canvas, state);
}

/// Returns the indices of the nodes that the selection box touches, ascending; none without a box.
fn boxed(ui: &Ui, frame: &CanvasFrame<'_>, interaction: &Interaction) -> Vec<usize> {
    let Interaction::BoxSelect { from } = interaction else { return Vec::new() };
    let Some(pointer) = ui.input(|input| input.pointer.latest_pos()) else { return Vec::new() };
    touched_by_box(frame, *from, pointer)
}

fn draw_wires(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    canvas: &Response,
    state: &mut CanvasState,
    at_hand: &AtHand,
    commands: &mut Vec<Command>,
) {
    let is_idle = matches!(state.interaction, Interaction::Idle);
    let hovered = state.pointer.filter(|_| is_idle).and_then(|point| frame.wire_at(point));
    let focused = state.focused_wire_index(frame.scene);
    // Wires are widgets for screen readers and for keys only: what the pointer is over is found by their curves.
    let is_widget = at_hand.all() && frame.detail == Detail::Full;
    let theme = std::ptr::from_ref(brush.tokens).addr();
    let mut bent = Vec::new();
    for index in frame.visible_wires() {
        let placed = &frame.scene.wires[index];
        if matches!(&state.interaction, Interaction::DragWire(drag) if drag.holds(&placed.to)) {
            continue;
        }
        let course = frame.course(index);
        let value_type = placed.value_type;
        if frame.detail == Detail::Titles {
            let wire = (index, &course, hash((theme, value_type as u8)));
            if state.kept.wire(brush, wire, |add, course| wire::coarse(brush, add, course, value_type)) {
                bent.extend((!placed.way.is_empty()).then_some(index));
            }
            continue;
        }
        let pointed_at = focused.filter(|focused| *focused == index).or(hovered);
        let emphasis = if state.lit.has_wire(index) { Emphasis::Lit } else { emphasis(frame, index, pointed_at) };
        let types = (value_type, placed.becomes);
        let look = hash((theme, value_type as u8, placed.becomes.map(|becomes| becomes as u8), emphasis));
        let wire = (index, &course, look);
        if !state.kept.wire(brush, wire, |add, course| wire::fine(brush, add, course, types, emphasis)) {
            continue;
        }
        bent.extend((!placed.way.is_empty()).then_some(index));
        if let Some(conversion) = hover::conversion_in_words(placed).filter(|_| at_hand.is_read_out) {
            conversion_ui(ui, brush, course.middle(), placed, &conversion);
        }
        if is_widget {
            let middle = brush.projection.screen_from_scene(course.middle());
            let rect = Rect::from_center_size(middle, vec2(12.0, 12.0));
            let id = ui.make_persistent_id(("wire", placed.to.node.as_str(), placed.to.port.as_str()));
            let words = || format!("Wire {}", hover::wire_in_words(frame, index).0);
            let response = ui.interact(rect, id, Sense::focusable_noninteractive());
            response.widget_info(|| WidgetInfo::labeled(Role::GraphicsObject, true, words()));
            state.note_wire_focus(&placed.to, &response);
        }
    }
    state.kept.paint_wires(brush);
    for index in bent {
        bends::bends_ui(ui, brush, frame, state, index, commands);
    }
    if let Some(index) = hovered {
        let (ends, flows) = hover::wire_in_words(frame, index);
        state.status = format!("{ends}: {flows}");
        if state.menu.is_none() && state.search.is_none() {
            canvas.clone().on_hover_ui_at_pointer(|ui| {
                if let Some(conversion) = hover::conversion_in_words(&frame.scene.wires[index]) {
                    ui.strong(readable(&conversion));
                }
                ui.strong(readable(&flows));
                ui.label(readable(&ends));
            });
        }
    }
}

/// Names the sign of a conversion; what it says to the pointer, the wire does.
fn conversion_ui(ui: &Ui, brush: &Brush, middle: Pos2, wire: &PlacedWire, conversion: &str) {
    let side = 2.0 * wire::CONVERSION_RADIUS * brush.zoom();
    let rect = Rect::from_center_size(brush.projection.screen_from_scene(middle), vec2(side, side));
    let id = ui.make_persistent_id(("conversion", wire.to.node.as_str(), wire.to.port.as_str()));
    let response = ui.interact(rect, id, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Conversion {conversion}")));
}

fn emphasis(frame: &CanvasFrame<'_>, index: usize, hovered: Option<usize>) -> Emphasis {
    let wire = &frame.scene.wires[index];
    let (marks, selection) = (frame.view.marks, frame.view.selection);
    let is_disabled = |node| !marks.is_empty() && matches!(marks.get(node), crate::session::Mark::Disabled);
    let is_selected = |node| !selection.is_empty() && selection.contains(node);
    if hovered == Some(index) {
        Emphasis::Hovered
    } else if is_disabled(&wire.from.node) || is_disabled(&wire.to.node) {
        Emphasis::Dim
    } else if is_selected(&wire.from.node) || is_selected(&wire.to.node) {
        Emphasis::Selected
    } else {
        Emphasis::Plain
    }
}

fn set_cursor(ui: &Ui, canvas: &Response, state: &CanvasState) {
    let cursor = match state.interaction {
        Interaction::Pan | Interaction::DragNodes(_) | Interaction::DragFrame(_) | Interaction::DragBends(_) => {
            CursorIcon::Grabbing
        }
        Interaction::DragNumber(_) => CursorIcon::ResizeHorizontal,
        Interaction::DragWire(_) | Interaction::BoxSelect { .. } | Interaction::Cut { .. } => CursorIcon::Crosshair,
        Interaction::Idle if state.space_is_down && canvas.contains_pointer() => CursorIcon::Grab,
        Interaction::Idle => return,
    };
    ui.ctx().set_cursor_icon(cursor);
}
