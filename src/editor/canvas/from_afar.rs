//! Nodes seen from afar, where they are blocks in a mesh and no widgets: what the pointer is over, and their names for
//! those who have them read out.

use egui::{Response, Role, Sense, Ui, WidgetInfo};

use super::{
    CanvasState, brush::Brush, canvas_frame::CanvasFrame, hover, interaction::Interaction, pointer::Target,
    standing::Standing,
};
use crate::editor::Command;

/// No more nodes than this are named at a time: nobody could listen to more.
const MAX_NAMED: usize = 300;

/// Shows what the pointer is over, and why it would run if the pointer rests there.
pub(super) fn hover_ui(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    canvas: &Response,
    state: &mut CanvasState,
    commands: &mut Vec<Command>,
) {
    let named = names_ui(ui, brush, frame, canvas, state, commands);
    let Some(index) = state.pointer.and_then(|point| frame.node_at(point)) else { return };
    let standing = Standing::of(frame.view, &frame.node(index).id, frame.now);
    state.status = hover::node_in_words(frame, index, &standing);
    let is_free = matches!(state.interaction, Interaction::Idle) && state.menu.is_none() && state.search.is_none();
    if let Some(plan) = standing.plan.filter(|_| is_free) {
        let response = named.unwrap_or_else(|| canvas.clone());
        response.on_hover_ui_at_pointer(|ui| {
            state.lit.ask(&plan.node);
            hover::plan_tooltip_ui(ui, frame.view, plan);
        });
    }
}

/// Makes the nodes in sight widgets if they are read out, and not too many; returns the one that the pointer is over.
fn names_ui(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    canvas: &Response,
    state: &mut CanvasState,
    commands: &mut Vec<Command>,
) -> Option<Response> {
    let is_read_out = ui.ctx().accesskit_node_builder(canvas.id, |_| ()).is_some();
    let nodes = if is_read_out { frame.visible_nodes() } else { Vec::new() };
    state.overview.is_named = is_read_out && nodes.len() <= MAX_NAMED;
    if !state.overview.is_named {
        return None;
    }
    let mut hovered = None;
    for index in nodes {
        let placed = frame.node(index);
        let standing = Standing::of(frame.view, &placed.id, frame.now);
        let rect = brush.projection.rect(frame.rect(index));
        let id = ui.make_persistent_id(("node", placed.id.as_str()));
        let response = ui.interact(rect, id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Node {}", placed.layout.title)));
        ui.ctx().accesskit_node_builder(id, |builder| builder.set_description(standing.in_words()));
        state.touched(frame, Target::Node(index), &response, commands);
        if response.has_focus() {
            state.status = hover::node_in_words(frame, index, &standing);
            brush.outline(frame.rect(index).expand(2.0), 8.0, egui::Stroke::new(1.5, brush.tokens.accent));
        }
        if response.hovered() {
            hovered = Some(response);
        }
    }
    hovered
}
