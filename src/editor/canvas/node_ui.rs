//! The nodes' widgets: what of a node can be pointed at, walked to and read out.

use std::{cell::OnceCell, sync::Arc, time::Duration};

use egui::epaint::util::hash;
use egui::{CursorIcon, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo};
use jiff::Timestamp;
use smallvec::SmallVec;

use super::{
    CanvasState, badges,
    brush::Brush,
    canvas_frame::{CanvasFrame, Detail, PortAt},
    geometry::NodeLayout,
    hover,
    interaction::Interaction,
    kept::Stood,
    node::{self, Hover, Looks, PortLook},
    pointer::Target,
    standing::{Activity, MarkLook, Standing, Tone, decision_line},
    thumbnails::Sign,
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

/// Whose small parts are widgets: those of nodes that the pointer is at, and those of all where keys or a screen reader may
/// get at them.
pub(super) struct AtHand {
    /// Widgets are read out.
    pub(super) is_read_out: bool,
    /// Something has the focus.
    pub(super) is_walked: bool,
    places: [Option<Pos2>; 2],
}

impl AtHand {
    /// Finds out what is at hand in this frame.
    pub(super) fn new(ui: &Ui, canvas: &Response) -> Self {
        Self {
            is_read_out: ui.ctx().accesskit_node_builder(canvas.id, |_| ()).is_some(),
            is_walked: ui.memory(|memory| memory.focused().is_some()),
            places: ui.input(|input| [input.pointer.latest_pos(), input.pointer.press_origin()]),
        }
    }

    /// Returns whether all widgets are.
    pub(super) const fn all(&self) -> bool {
        self.is_read_out || self.is_walked
    }

    /// Returns whether a node is, by where it is on the screen.
    fn has(&self, node: Rect, zoom: f32) -> bool {
        // Ports and badges stand out.
        let reach = node.expand(12.0 + 10.0 * zoom);
        self.all() || self.places.iter().flatten().any(|place| reach.contains(*place))
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

/// Shows a node and takes in what happens to its widgets.
pub(super) fn node_ui(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    state: &mut CanvasState,
    (index, is_boxed, at_hand): (usize, bool, &AtHand),
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
    let is_at_hand = at_hand.has(rect, brush.zoom());
    if is_at_hand {
        signs_ui(ui, brush, frame, index, &stands, looks);
        badges::badges_ui(ui, brush, frame, index, looks.problem);
        if stood.shows_plan && is_idle {
            plan_badge_ui(ui, brush, frame, state, index, at_hand);
        }
        if is_over_pin(ui, brush, frame, state, index, &stands, commands) {
            looks.hover = Hover::Pin;
        }
    }
    let mut ports = SmallVec::<[PortLook; 8]>::new();
    for (is_input, n_ports) in [(true, layout.inputs.len()), (false, layout.outputs.len())] {
        for port in 0..n_ports {
            let at = PortAt { node: index, port, is_input };
            let at_rest = match stood.is_off {
                _ if is_at_hand && is_over_port(ui, brush, frame, state, at, commands) => PortLook::Hovered,
                true => PortLook::Off,
                false => PortLook::Plain,
            };
            ports.push(port_look(frame, &state.interaction, at, at_rest));
        }
    }
    let thumbnail = state.thumbnail_ui(ui, brush, frame, (index, is_at_hand), commands);
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
    state.parameter_rows_ui(ui, brush, frame, (index, at_hand.all()), &response, commands);
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
fn plan_badge_ui(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    state: &mut CanvasState,
    index: usize,
    at_hand: &AtHand,
) {
    let placed = frame.node(index);
    let Some(plan) = frame.view.plan.get(&placed.id) else { return };
    let id = ui.make_persistent_id(("plan", placed.id.as_str()));
    let rect = brush.projection.rect(node::plan_badge(frame.position(index)));
    let sense = if at_hand.is_walked { Sense::focusable_noninteractive() } else { Sense::hover() };
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

/// The pin icon of a node; returns whether the pointer or the focus is on it.
fn is_over_pin(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    state: &mut CanvasState,
    index: usize,
    stands: &Stands<'_>,
    commands: &mut Vec<Command>,
) -> bool {
    let layout = frame.layout(index);
    let rect = brush.projection.rect(layout.pin(frame.position(index)));
    let id = ui.make_persistent_id(("pin", frame.node(index).id.as_str()));
    let pin = ui.interact(rect, id, Sense::click());
    pin.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Pin icon {}", layout.title)));
    state.touched(frame, Target::Pin(index), &pin, commands);
    let is_over = pin.hovered() || pin.has_focus();
    if is_over {
        let mark = stands.get().mark;
        let pinned = !matches!(mark, MarkLook::Plain | MarkLook::Forced | MarkLook::Disabled);
        pin.on_hover_text(if pinned { "Unpin" } else { "Pin until something changes" });
    }
    is_over
}

/// A port of a node; returns whether the pointer or the focus is on it.
fn is_over_port(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    state: &mut CanvasState,
    at: PortAt,
    commands: &mut Vec<Command>,
) -> bool {
    let layout = frame.layout(at.node);
    let port = frame.port(at);
    let what = if at.is_input { "input" } else { "output" };
    let area = brush.projection.rect(frame.port_area(at));
    let id = ui.make_persistent_id((what, frame.node(at.node).id.as_str(), port.id.as_str()));
    let response = ui.interact(area, id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{} {what} {}", layout.title, port.id)));
    state.touched(frame, Target::Port(at), &response, commands);
    let is_over = response.hovered() || response.has_focus();
    if is_over {
        state.status = hover::port_in_words(frame, at);
        if response.hovered() && matches!(state.interaction, Interaction::Idle) {
            ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
        }
    }
    is_over
}

/// Returns how a port is seen, by what is in the hand; with an empty hand, as it is `at_rest`.
pub(super) fn port_look(frame: &CanvasFrame<'_>, interaction: &Interaction, at: PortAt, at_rest: PortLook) -> PortLook {
    match interaction {
        Interaction::DragWire(drag)
            if drag.fits(at.node, frame.port(at), at.is_input) && !drag.is_refused_by_loops(frame, at) =>
        {
            PortLook::Fits
        }
        Interaction::DragWire(drag) if is_end(&drag.end, frame, at) => PortLook::Plain,
        Interaction::DragWire(_) => PortLook::Refuses,
        _ => at_rest,
    }
}

fn is_end(end: &WireEnd, frame: &CanvasFrame<'_>, at: PortAt) -> bool {
    match end {
        WireEnd::Input(input) => at.is_input && frame.is_port(at, input),
        WireEnd::Output(output) => !at.is_input && frame.is_port(at, output),
    }
}
