//! One frame: wires, then nodes with their widgets, then what is in the hand.

use std::{cell::OnceCell, sync::Arc, time::Duration};

use egui::epaint::util::hash;
use egui::{CursorIcon, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};
use jiff::Timestamp;
use smallvec::SmallVec;

use super::{
    CanvasState, background, badges, bends,
    brush::Brush,
    canvas_frame::{CanvasFrame, Detail, PortAt},
    comment, follow, frames, from_afar,
    geometry::NodeLayout,
    hand, hover,
    interaction::Interaction,
    kept::Stood,
    node::{self, Hover, Looks, PortLook},
    pointer::{Target, drop_from_library, touched_by_box},
    scene::PlacedWire,
    standing::{Activity, MarkLook, Standing, Tone, decision_line},
    thumbnails::Sign,
    wire::{self, Emphasis},
};
use crate::{
    editor::{
        Command, View, WireEnd,
        theme::{self, readable},
    },
    workflow::NodeId,
};

/// How often a running node is painted anew.
const RUNNING_REPAINT: Duration = Duration::from_millis(100);

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
        draw_wires(ui, brush, frame, canvas, state, commands);
        state.pulses.paint(brush, frame, now);
        let nodes = frame.visible_nodes();
        for &index in &nodes {
            let is_boxed = boxed.binary_search(&index).is_ok();
            node_ui(ui, brush, frame, state, index, is_boxed, commands);
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
    commands: &mut Vec<Command>,
) {
    let is_idle = matches!(state.interaction, Interaction::Idle);
    let hovered = state.pointer.filter(|_| is_idle).and_then(|point| frame.wire_at(point));
    let focused = state.focused_wire_index(frame.scene);
    // Wires are widgets for screen readers and for keys only: what the pointer is over is found by their curves.
    let is_read_out = ui.ctx().accesskit_node_builder(canvas.id, |_| ()).is_some();
    let is_walked = ui.memory(|memory| memory.focused().is_some());
    let is_widget = (is_read_out || is_walked) && frame.detail == Detail::Full;
    let seen = frame.projection.visible();
    let theme = std::ptr::from_ref(brush.tokens).addr();
    let mut bent = Vec::new();
    for index in frame.visible_wires() {
        let placed = &frame.scene.wires[index];
        let course = frame.course(index);
        let is_held = matches!(&state.interaction, Interaction::DragWire(drag) if drag.holds(&placed.to));
        if is_held || !course.may_touch(seen) {
            continue;
        }
        let value_type = placed.value_type;
        if frame.detail == Detail::Titles {
            let look = hash((theme, value_type as u8));
            state.kept.wire(brush, (index, &course, look), |add, course| wire::coarse(brush, add, course, value_type));
            bent.extend((!placed.way.is_empty()).then_some(index));
            continue;
        }
        let pointed_at = focused.filter(|focused| *focused == index).or(hovered);
        let emphasis = if state.lit.has_wire(index) { Emphasis::Lit } else { emphasis(frame, index, pointed_at) };
        let types = (value_type, placed.becomes);
        let look = hash((theme, value_type as u8, placed.becomes.map(|becomes| becomes as u8), emphasis));
        state.kept.wire(brush, (index, &course, look), |add, course| wire::fine(brush, add, course, types, emphasis));
        bent.extend((!placed.way.is_empty()).then_some(index));
        if let Some(conversion) = hover::conversion_in_words(placed).filter(|_| is_read_out) {
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

/// How a node stands, found out when first asked for.
struct Stands<'a> {
    view: View<'a>,
    id: &'a NodeId,
    now: Timestamp,
    found: OnceCell<Standing<'a>>,
}

impl<'a> Stands<'a> {
    fn get(&self) -> &Standing<'a> {
        self.found.get_or_init(|| Standing::of(self.view, self.id, self.now))
    }

    /// Returns how the node stands as far as painting goes: as it stood when last looked at, if nothing has happened since.
    fn as_painted(&self, state: &CanvasState, layout: &Arc<NodeLayout>) -> Stood {
        let at = |is_running| {
            let millis = self.now.as_millisecond();
            // Of what executes the time is shown, else how long ago something was.
            (state.seen.serial(), if is_running { millis / 100 } else { millis / 10_000 })
        };
        if let Some(stood) = state.kept.stood(layout).filter(|stood| stood.at == at(stood.is_running)) {
            return stood;
        }
        let standing = self.get();
        let is_running = matches!(standing.activity, Activity::Running(_));
        Stood {
            at: at(is_running),
            look: hash(standing),
            is_running,
            is_off: standing.mark == MarkLook::Disabled,
            shows_plan: standing.plan.is_some(),
        }
    }
}

fn node_ui(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    state: &mut CanvasState,
    index: usize,
    is_boxed: bool,
    commands: &mut Vec<Command>,
) {
    let placed = frame.node(index);
    let layout = &placed.layout;
    let position = frame.position(index);
    let stands = Stands { view: frame.view, id: &placed.id, now: frame.now, found: OnceCell::new() };
    let stood = stands.as_painted(state, layout);
    if stood.is_running {
        ui.ctx().request_repaint_after(RUNNING_REPAINT);
    }
    let name = |what: &'static str| (what, placed.id.as_str());
    let rect = brush.projection.rect(frame.rect(index));
    let response = ui.interact(rect, ui.make_persistent_id(name("node")), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Node {}", layout.title)));
    ui.ctx().accesskit_node_builder(response.id, |builder| builder.set_description(stands.get().in_words()));
    state.touched(frame, Target::Node(index), &response, commands);
    if response.hovered() || response.has_focus() {
        state.status = hover::node_in_words(frame, index, stands.get());
    }
    let is_idle = matches!(state.interaction, Interaction::Idle);
    let is_selected = || !frame.view.selection.is_empty() && frame.view.selection.contains(&placed.id);
    let mut looks = Looks {
        selected: is_boxed || is_selected(),
        hover: if (response.contains_pointer() || response.has_focus()) && is_idle {
            Hover::Node
        } else {
            Hover::Nowhere
        },
        renaming: state.renaming.as_ref().is_some_and(|rename| rename.node == placed.id),
        problem: state.problems.of(frame.view, &placed.id),
        thumbnail: Sign::None,
    };
    let theme = std::ptr::from_ref(brush.tokens).addr();
    if frame.detail < Detail::Full {
        if stood.shows_plan && is_idle {
            far_plan_ui(brush, frame, state, index, &response);
        }
        let look = hash((theme, stood.look, &looks));
        state.kept.node(brush, layout, position, (stood, frame.detail, look), |brush| {
            node::paint_block(brush, layout, Pos2::ZERO, stands.get(), looks);
        });
        return;
    }
    signs_ui(ui, brush, frame, index, &stands, looks);
    badges::badges_ui(ui, brush, frame, index, looks.problem);
    if stood.shows_plan && is_idle {
        plan_badge_ui(ui, brush, frame, state, index);
    }

    let pin_rect = brush.projection.rect(layout.pin(position));
    let pin = ui.interact(pin_rect, ui.make_persistent_id(name("pin")), Sense::click());
    pin.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Pin icon {}", layout.title)));
    state.touched(frame, Target::Pin(index), &pin, commands);
    if pin.hovered() || pin.has_focus() {
        looks.hover = Hover::Pin;
        let mark = stands.get().mark;
        let pinned = !matches!(mark, MarkLook::Plain | MarkLook::Forced | MarkLook::Disabled);
        pin.on_hover_text(if pinned { "Unpin" } else { "Pin until something changes" });
    }
    let mut ports = SmallVec::<[PortLook; 8]>::new();
    for (is_input, n_ports) in [(true, layout.inputs.len()), (false, layout.outputs.len())] {
        for port in 0..n_ports {
            ports.push(port_ui(
                ui,
                brush,
                frame,
                state,
                PortAt { node: index, port, is_input },
                stood.is_off,
                commands,
            ));
        }
    }
    let thumbnail = state.thumbnail_ui(ui, brush, frame, index, commands);
    looks.thumbnail = thumbnail.sign();
    let look = hash((theme, stood.look, &looks, &ports));
    state.kept.node(brush, layout, position, (stood, frame.detail, look), |brush| {
        node::paint(brush, layout, Pos2::ZERO, stands.get(), looks);
        let room = (!layout.node.collapsed).then(|| node::name_room(layout));
        for (port, look) in layout.inputs.iter().chain(&layout.outputs).zip(&ports) {
            node::paint_port(brush, Pos2::ZERO, port, *look, room);
        }
    });
    CanvasState::paint_thumbnail(brush, layout.thumbnail(position), &thumbnail);
    state.parameter_rows_ui(ui, brush, frame, index, &response, commands);
}

/// The signs on a node that have something to say: kind, plan, problem, and the footer.
fn signs_ui(ui: &Ui, brush: &Brush, frame: &CanvasFrame<'_>, index: usize, stands: &Stands<'_>, looks: Looks<'_>) {
    let placed = frame.node(index);
    let layout = frame.layout(index);
    let position = frame.position(index);
    let sign = |what: &'static str, rect| {
        let id = ui.make_persistent_id((what, placed.id.as_str()));
        ui.interact(brush.projection.rect(rect), id, Sense::hover())
    };
    let footer = sign("state", layout.footer(position));
    footer.widget_info(|| {
        WidgetInfo::labeled(Role::Label, true, format!("State {}: {}", layout.title, stands.get().in_words()))
    });
    let says_more = |standing: &Standing<'_>| {
        matches!(standing.footer.tone, Tone::Failed | Tone::Stale) || standing.footer.text.chars().count() > 28
    };
    if footer.hovered() && says_more(stands.get()) {
        let standing = stands.get();
        let record = frame.view.baseline.get(&placed.id);
        footer.on_hover_ui(|ui| {
            ui.set_max_width(420.0);
            match record.map(|record| record.shown()).as_ref().map(|record| &record.status) {
                Some(crate::store::Status::Failed(error)) if standing.footer.tone == Tone::Failed => {
                    ui.label(readable(error));
                }
                _ => {
                    ui.label(readable(&standing.footer.text));
                }
            }
        });
    }
    if let Some(problem) = looks.problem {
        sign("problem", node::problem_sign(layout, position)).on_hover_text(readable(&problem.message));
    }
    sign("kind", node::kind_icon(position)).on_hover_ui(|ui| {
        ui.set_max_width(320.0);
        if let Some(kind) = &layout.kind {
            ui.strong(readable(&kind.title));
            ui.label(readable(&kind.summary));
            if layout.side_effect {
                ui.colored_label(theme::tokens(ui).stale, "Changes something outside when it runs.");
            }
        } else {
            ui.label(format!("This program has no kind {}. The node is kept as it is.", layout.node.kind));
        }
        if !layout.node.comment.is_empty() {
            ui.separator();
            ui.label(readable(&layout.node.comment));
        }
    });
}

/// The badge of what a run would do with a node: it says why, and lights up the way the reason came.
fn plan_badge_ui(ui: &Ui, brush: &Brush, frame: &CanvasFrame<'_>, state: &mut CanvasState, index: usize) {
    let placed = frame.node(index);
    let Some(plan) = frame.view.plan.get(&placed.id) else { return };
    let id = ui.make_persistent_id(("plan", placed.id.as_str()));
    let rect = brush.projection.rect(node::plan_badge(frame.position(index)));
    let is_walked = ui.memory(|memory| memory.focused().is_some());
    let sense = if is_walked { Sense::focusable_noninteractive() } else { Sense::hover() };
    let badge = ui.interact(rect, id, sense);
    badge.widget_info(|| {
        let title = &placed.layout.title;
        WidgetInfo::labeled(Role::Label, true, format!("Plan {title}: {}", decision_line(frame.view, plan)))
    });
    if badge.has_focus() {
        badge.show_tooltip_ui(|ui| hover::plan_tooltip_ui(ui, frame.view, plan));
    }
    if badge.hovered() || badge.has_focus() {
        state.lit.ask(&placed.id);
        badge.on_hover_ui(|ui| hover::plan_tooltip_ui(ui, frame.view, plan));
    }
}

/// The same for the sign of a node that is seen from afar, which is no widget.
fn far_plan_ui(brush: &Brush, frame: &CanvasFrame<'_>, state: &mut CanvasState, index: usize, response: &Response) {
    let sign = brush.projection.rect(node::far_sign(frame.rect(index)).expand(4.0));
    let is_over = response.hover_pos().is_some_and(|pos| sign.contains(pos));
    if is_over && let Some(plan) = frame.view.plan.get(&frame.node(index).id) {
        state.lit.ask(&plan.node);
        response.clone().on_hover_ui(|ui| hover::plan_tooltip_ui(ui, frame.view, plan));
    }
}

fn port_ui(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    state: &mut CanvasState,
    at: PortAt,
    is_off: bool,
    commands: &mut Vec<Command>,
) -> PortLook {
    let layout = frame.layout(at.node);
    let port = frame.port(at);
    let what = if at.is_input { "input" } else { "output" };
    let side = (18.0 * brush.zoom()).max(10.0);
    let center = brush.projection.screen_from_scene(frame.port_position(at));
    let id = ui.make_persistent_id((what, frame.node(at.node).id.as_str(), port.id.as_str()));
    let response = ui.interact(Rect::from_center_size(center, vec2(side, side)), id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{} {what} {}", layout.title, port.id)));
    state.touched(frame, Target::Port(at), &response, commands);
    if response.hovered() || response.has_focus() {
        state.status = hover::port_in_words(frame, at);
        if response.hovered() && matches!(state.interaction, Interaction::Idle) {
            ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
        }
    }
    port_look(frame, &state.interaction, at, &response, is_off)
}

/// Returns how a port is seen, by what is in the hand.
pub(super) fn port_look(
    frame: &CanvasFrame<'_>,
    interaction: &Interaction,
    at: PortAt,
    response: &Response,
    is_off: bool,
) -> PortLook {
    match interaction {
        Interaction::DragWire(drag)
            if drag.fits(at.node, frame.port(at), at.is_input) && !drag.is_refused_by_loops(frame, at) =>
        {
            PortLook::Fits
        }
        Interaction::DragWire(drag) if is_end(&drag.end, frame, at) => PortLook::Plain,
        Interaction::DragWire(_) => PortLook::Refuses,
        _ if response.hovered() || response.has_focus() => PortLook::Hovered,
        _ if is_off => PortLook::Off,
        _ => PortLook::Plain,
    }
}

fn is_end(end: &WireEnd, frame: &CanvasFrame<'_>, at: PortAt) -> bool {
    match end {
        WireEnd::Input(input) => at.is_input && frame.is_port(at, input),
        WireEnd::Output(output) => !at.is_input && frame.is_port(at, output),
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
