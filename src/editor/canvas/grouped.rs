//! Groups on the canvas: each is one block that says in sum how the nodes folded in it stand.

use std::collections::HashMap;

use egui::{
    Align2, Color32, CursorIcon, PointerButton, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use super::{
    CanvasState,
    brush::Brush,
    canvas_frame::{CanvasFrame, Detail},
    folding::{Group, GroupPort},
    geometry::{FOOTER, HEADER, PortLayout},
    hover,
    interaction::{Interaction, NodeDrag},
    menu::MenuTarget,
    node::{self, PortLook},
    node_ui::port_look,
    pointer::{Target, select},
    standing::{PinHold, Tone, is_failed, pin_hold},
};
use crate::{
    editor::{Command, FrameRequest, LiveState, View, icons::Icon, theme::readable, words::count},
    engine::Decision,
    session::{Mark, PinState},
    workflow::{NodeId, PortRef},
};

/// The radius of a block's corners.
const RADIUS: f32 = 8.0;

/// How much room the name of a port has.
const ROOM: f32 = 84.0;

/// How the nodes of a group stand: how many there are, and how many of them stand so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    all: usize,
    held: usize,
    running: usize,
    waiting: usize,
    failed: usize,
    done: usize,
    pinned: usize,
    stale: usize,
    armed: usize,
    forced: usize,
    disabled: usize,
    breakpoints: usize,
    to_execute: usize,
    cannot_run: usize,
}

impl Sum {
    /// Adds up how these nodes stand.
    fn of<'a>(view: View<'_>, nodes: impl Iterator<Item = &'a NodeId>) -> Self {
        let run = view.run.filter(|run| run.finished.is_none());
        let shows_plan = view.show_plan && run.is_none();
        let mut sum = Self::default();
        for id in nodes {
            let plan = view.plan.get(id);
            sum.all += 1;
            sum.breakpoints += usize::from(view.marks.breakpoints().contains(id));
            match view.marks.get(id) {
                Mark::Default => {}
                Mark::Disabled => sum.disabled += 1,
                Mark::Forced => sum.forced += 1,
                Mark::Pinned(pin) if matches!(pin.state, PinState::Armed) => sum.armed += 1,
                Mark::Pinned(_) if pin_hold(plan) == PinHold::Stale => sum.stale += 1,
                Mark::Pinned(_) => sum.pinned += 1,
            }
            let record = match run.and_then(|run| run.nodes.get(id)) {
                _ if run.is_some_and(|run| run.is_held(id)) => {
                    sum.held += 1;
                    continue;
                }
                Some(LiveState::Running { .. }) => {
                    sum.running += 1;
                    continue;
                }
                Some(LiveState::Waiting) => {
                    sum.waiting += 1;
                    continue;
                }
                Some(LiveState::Settled(record)) => Some(record),
                None => view.baseline.get(id),
            };
            if let Some(record) = record {
                let failed = is_failed(&record.status);
                sum.failed += usize::from(failed);
                sum.done += usize::from(!failed && record.status.has_results());
            }
            match plan.map(|plan| &plan.decision).filter(|_| shows_plan) {
                Some(Decision::Execute) => sum.to_execute += 1,
                Some(Decision::CannotRun(_)) => sum.cannot_run += 1,
                _ => {}
            }
        }
        sum
    }

    /// Returns the line at the foot: what goes on, else the worst, else what would be done.
    fn footer(&self) -> (Option<Icon>, String, Tone) {
        match self {
            Self { held: 1.., .. } => (Some(Icon::Pause), "the run is paused in it".to_owned(), Tone::Stale),
            Self { running: 1.., .. } => {
                let waiting = if self.waiting > 0 { format!(", {} wait", self.waiting) } else { String::new() };
                (Some(Icon::Clock), format!("{} running{waiting}", self.running), Tone::Running)
            }
            Self { waiting: 1.., .. } => (Some(Icon::Clock), format!("{} waiting", self.waiting), Tone::Muted),
            Self { failed: 1.., .. } => (Some(Icon::Error), format!("{} failed", self.failed), Tone::Failed),
            Self { cannot_run: 1.., .. } => {
                (Some(Icon::Error), format!("{} cannot run", self.cannot_run), Tone::Failed)
            }
            Self { to_execute: 1.., .. } => (Some(Icon::Run), self.will_execute(), Tone::Muted),
            _ if self.done > 0 => (Some(Icon::Check), format!("{} of {} done", self.done, self.all), Tone::Done),
            _ => (None, "not run yet".to_owned(), Tone::Muted),
        }
    }

    fn will_execute(&self) -> String {
        format!("{} will execute", self.to_execute)
    }

    /// Returns the marks there are, each with how often.
    fn marks(&self, brush: &Brush) -> impl Iterator<Item = (Icon, Color32, usize)> {
        let tokens = brush.tokens;
        [
            (Icon::PinFilled, tokens.pinned, self.pinned),
            (Icon::PinStale, tokens.stale, self.stale),
            (Icon::Pin, tokens.pinned, self.armed),
            (Icon::Force, tokens.forced, self.forced),
            (Icon::Disable, tokens.disabled, self.disabled),
            (Icon::Breakpoint, tokens.failed, self.breakpoints),
        ]
        .into_iter()
        .filter(|(_, _, n_times)| *n_times > 0)
    }

    /// Returns all of it in words.
    fn in_words(&self) -> String {
        let parts = [
            (self.held, "paused before"),
            (self.running, "running"),
            (self.waiting, "waiting"),
            (self.failed, "failed"),
            (self.cannot_run, "cannot run"),
            (self.to_execute, "will execute"),
            (self.pinned, "pinned"),
            (self.stale, "pinned and stale"),
            (self.armed, "to be pinned"),
            (self.forced, "forced"),
            (self.disabled, "disabled"),
            (self.breakpoints, "with a breakpoint"),
            (self.done, "done"),
        ];
        let said = parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
        std::iter::once(count(self.all, "node")).chain(said).collect::<Vec<_>>().join(", ")
    }

    /// Returns the colour of the border and of the block from afar, if the state gives it one.
    fn color(&self, brush: &Brush) -> Option<Color32> {
        let tokens = brush.tokens;
        match self {
            Self { held: 1.., .. } => Some(tokens.stale),
            Self { running: 1.., .. } => Some(tokens.running),
            Self { failed: 1.., .. } | Self { cannot_run: 1.., .. } => Some(tokens.failed),
            Self { stale: 1.., .. } => Some(tokens.stale),
            _ => None,
        }
    }
}

/// Sums of groups as they were last made, by the group's index: of which scene and which state of the nodes.
#[derive(Default)]
pub(super) struct Sums(HashMap<usize, ((u64, u64), Sum)>);

impl Sums {
    fn get(&mut self, frame: &CanvasFrame<'_>, stood: u64, index: usize) -> &Sum {
        let key = (frame.scene.serial(), stood);
        let group = &frame.scene.groups[index];
        let make = || Sum::of(frame.view, group.nodes.iter().map(|&node| &frame.scene.nodes[node].id));
        let (made_of, sum) = self.0.entry(index).or_insert_with(|| (key, make()));
        if *made_of != key {
            (*made_of, *sum) = (key, make());
        }
        sum
    }
}

/// Returns the ids of the nodes in a group.
fn ids(frame: &CanvasFrame<'_>, group: &Group) -> Vec<NodeId> {
    group.nodes.iter().map(|&node| frame.scene.nodes[node].id.clone()).collect()
}

impl CanvasState {
    /// Shows the groups in sight and takes in what happens to them. `boxed` are the indices of the nodes that a selection
    /// box touches, ascending.
    pub(super) fn groups_ui(
        &mut self,
        ui: &Ui,
        brush: &Brush,
        frame: &CanvasFrame<'_>,
        boxed: &[usize],
        commands: &mut Vec<Command>,
    ) {
        if frame.scene.groups.is_empty() {
            return;
        }
        let mut sums = std::mem::take(&mut self.sums);
        for (index, group) in frame.scene.groups.iter().enumerate() {
            let rect = frame.group_rect(index);
            let on_screen = brush.projection.rect(rect);
            if !on_screen.expand(24.0).intersects(brush.projection.view) {
                continue;
            }
            let sum = sums.get(frame, self.seen.serial(), index);
            let response =
                ui.interact(on_screen, ui.make_persistent_id(("group", group.id.as_str())), Sense::click_and_drag());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Group {}", group.title)));
            ui.ctx().accesskit_node_builder(response.id, |builder| builder.set_description(sum.in_words()));
            let is_selected = is_selected(frame, group)
                || group.nodes.first().is_some_and(|first| boxed.binary_search(first).is_ok());
            let face = Face { is_selected, is_lit: response.hovered() || response.has_focus() };
            paint(brush, frame.detail, (group, rect), sum, face);
            if face.is_lit {
                let hint = if frame.view.past.is_some() { "" } else { "; a double-click shows its nodes" };
                self.status = format!("Group {}: {}{hint}", group.title, sum.in_words());
                if response.hovered() && matches!(self.interaction, Interaction::Idle) {
                    ui.ctx().set_cursor_icon(CursorIcon::Grab);
                }
            }
            self.group_touched(frame, group, &response, commands);
            if frame.detail == Detail::Full {
                self.ports_of_group_ui(ui, brush, frame, (group, rect), commands);
            }
        }
        self.sums = sums;
    }

    /// Paints the groups once more that hold any of these nodes, given by their indices, ascending.
    pub(super) fn groups_again(&mut self, brush: &Brush, frame: &CanvasFrame<'_>, nodes: &[usize]) {
        let mut sums = std::mem::take(&mut self.sums);
        for (index, group) in frame.scene.groups.iter().enumerate() {
            if group.nodes.iter().any(|node| nodes.binary_search(node).is_ok()) {
                let sum = sums.get(frame, self.seen.serial(), index);
                let at = (group, frame.group_rect(index));
                paint(brush, frame.detail, at, sum, Face { is_selected: is_selected(frame, group), is_lit: false });
                if frame.detail == Detail::Full {
                    for GroupPort { layout, .. } in group.inputs.iter().chain(&group.outputs) {
                        node::paint_port(brush, at.1.min, layout, PortLook::Plain, Some(ROOM));
                    }
                }
            }
        }
        self.sums = sums;
    }

    fn group_touched(
        &mut self,
        frame: &CanvasFrame<'_>,
        group: &Group,
        response: &Response,
        commands: &mut Vec<Command>,
    ) {
        let Some(&first) = group.nodes.first() else { return };
        self.note_focus(frame, Target::Node(first), response);
        if response.drag_started_by(PointerButton::Middle) || (response.drag_started() && self.space_is_down) {
            self.touched(frame, Target::Canvas, response, commands);
            return;
        }
        let (modifiers, origin, pointer) =
            response.ctx.input(|input| (input.modifiers, input.pointer.press_origin(), input.pointer.interact_pos()));
        let is_now = frame.view.past.is_none();
        let nodes = || ids(frame, group);
        if response.drag_started_by(PointerButton::Primary)
            && let Some(origin) = origin.filter(|_| is_now)
        {
            self.take_group(frame, group, (frame.projection.scene_from_screen(origin), modifiers), commands);
        } else if response.double_clicked() && is_now {
            commands.push(Command::Frame(group.id.clone(), FrameRequest::Unfold));
        } else if response.secondary_clicked() {
            if !is_selected(frame, group) {
                commands.push(Command::Select(nodes()));
            }
            let at = pointer.unwrap_or_else(|| response.rect.center());
            self.show_menu(MenuTarget::Node(frame.node(first).id.clone()), at);
        } else if response.clicked() {
            if modifiers.shift || modifiers.command {
                self.keep_bends();
            } else {
                self.leave_bends();
            }
            commands.push(select(nodes(), modifiers));
        }
    }

    /// Takes a group into the hand, with what else is selected if it is.
    fn take_group(
        &mut self,
        frame: &CanvasFrame<'_>,
        group: &Group,
        (origin, modifiers): (egui::Pos2, egui::Modifiers),
        commands: &mut Vec<Command>,
    ) {
        let mut nodes = ids(frame, group);
        let grabbed = nodes[0].clone();
        let is_added = modifiers.shift || modifiers.command;
        if is_selected(frame, group) || is_added {
            if is_added {
                commands.push(Command::SelectAlso(nodes.clone()));
                self.keep_bends();
            }
            nodes.extend(frame.view.selection.iter().cloned());
            nodes.sort_unstable();
            nodes.dedup();
        } else {
            commands.push(Command::Select(nodes.clone()));
            self.leave_bends();
        }
        let bends = self.chosen_bends().clone();
        self.interaction = Interaction::DragNodes(NodeDrag::new(nodes, bends, grabbed, origin));
    }

    /// Shows the ports of a group, which take wires as those of nodes do, and names them: which port of which node each is,
    /// and what came out last.
    fn ports_of_group_ui(
        &mut self,
        ui: &Ui,
        brush: &Brush,
        frame: &CanvasFrame<'_>,
        (group, rect): (&Group, Rect),
        commands: &mut Vec<Command>,
    ) {
        let side = (18.0 * brush.zoom()).max(10.0);
        for (is_input, ports) in [(true, &group.inputs), (false, &group.outputs)] {
            for GroupPort { port, layout, .. } in ports {
                let Some(at) = frame.port_at(port, is_input) else { continue };
                let what = if is_input { "input" } else { "output" };
                let center = brush.projection.screen_from_scene(rect.min + layout.offset);
                let id = ui.make_persistent_id(("group port", what, port.node.as_str(), port.port.as_str()));
                let area = Rect::from_center_size(center, vec2(side, side));
                let response = ui.interact(area, id, Sense::click_and_drag());
                let words = || format!("Group {} {what} {port}", group.title);
                response.widget_info(|| WidgetInfo::labeled(Role::Button, true, words()));
                self.touched(frame, Target::Port(at), &response, commands);
                let is_lit = response.hovered() || response.has_focus();
                let at_rest = if is_lit { PortLook::Hovered } else { PortLook::Plain };
                let look = port_look(frame, &self.interaction, at, at_rest);
                node::paint_port(brush, rect.min, layout, look, Some(ROOM));
                if is_lit {
                    self.status = words();
                }
                if response.hovered() && matches!(self.interaction, Interaction::Idle) {
                    ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
                    let last = (!is_input).then(|| hover::preview(frame.view, port)).flatten();
                    response.on_hover_ui(|ui| port_tooltip_ui(ui, frame.view, (port, layout), last));
                }
            }
        }
    }
}

/// Says which port of which node one on the border is, and what came out last.
fn port_tooltip_ui(ui: &mut Ui, view: View<'_>, (port, layout): (&PortRef, &PortLayout), last: Option<String>) {
    ui.strong(readable(&port.to_string()));
    let last = last.map(|last| format!(" · {last}")).unwrap_or_default();
    ui.label(readable(&format!("{} · {}{last}", view.name(&port.node), layout.value_type)));
}

/// How a group is seen apart from how its nodes stand.
#[derive(Clone, Copy)]
struct Face {
    is_selected: bool,
    /// The pointer or the focus is on it.
    is_lit: bool,
}

/// Returns whether all nodes of a group are selected.
fn is_selected(frame: &CanvasFrame<'_>, group: &Group) -> bool {
    let selection = frame.view.selection;
    selection.len() >= group.nodes.len()
        && group.nodes.iter().all(|&node| selection.contains(&frame.scene.nodes[node].id))
}

fn paint(brush: &Brush, detail: Detail, at: (&Group, Rect), sum: &Sum, face: Face) {
    let (group, rect) = at;
    let Face { is_selected, is_lit } = face;
    let tokens = brush.tokens;
    let tint = tokens.of_frame(group.color);
    if detail == Detail::Blocks {
        let on_screen = brush.projection.rect(rect);
        if is_selected {
            brush.painter.rect_filled(on_screen.expand(1.5), 0.0, tokens.selection_ring);
        }
        brush.painter.rect_filled(on_screen, 0.0, sum.color(brush).unwrap_or_else(|| tint.gamma_multiply(0.85)));
        return;
    }
    let frame_color = sum.color(brush).unwrap_or(if is_lit { tokens.text_muted } else { tokens.node_frame });
    let stroke = Stroke::new((1.5 * brush.zoom()).clamp(1.0, 3.0), frame_color);
    // Sheets that lie below say that there is more than one node.
    for step in [7.0, 3.5] {
        let sheet = rect.translate(vec2(step, step));
        brush.fill(sheet, RADIUS, tokens.node_header);
        brush.outline(sheet, RADIUS, Stroke::new(1.0, tokens.node_frame));
    }
    if is_selected {
        brush.outline(rect.expand(3.5), RADIUS + 3.5, Stroke::new(2.0, tokens.selection_ring));
    }
    brush.fill(rect, RADIUS, tokens.node);
    if detail == Detail::Titles {
        brush.fill(Rect::from_min_size(rect.min, vec2(12.0, rect.height())), RADIUS, tint);
        let left = pos2(rect.left() + 22.0, rect.center().y);
        brush.text(left, Align2::LEFT_CENTER, &group.title, 22.0, rect.width() - 68.0, tokens.text);
        if let (Some(icon), _, tone) = sum.footer() {
            brush.icon(pos2(rect.right() - 28.0, rect.center().y), 26.0, icon, tone.color(tokens));
        }
    } else {
        paint_full(brush, at, sum, tint);
    }
    brush.outline(rect, RADIUS, stroke);
}

fn paint_full(brush: &Brush, (group, rect): (&Group, Rect), sum: &Sum, tint: Color32) {
    let tokens = brush.tokens;
    let header = Rect::from_min_size(rect.min, vec2(rect.width(), HEADER));
    brush.fill_upper(header, RADIUS, tokens.node_header.lerp_to_gamma(tint, 0.25));
    brush.line(header.left_bottom(), header.right_bottom(), Stroke::new((1.5 * brush.zoom()).max(1.0), tint));
    let middle = header.center().y;
    brush.icon(pos2(rect.left() + 20.0, middle), 14.0, Icon::Frame, tokens.text);
    let n_nodes = count(sum.all, "node");
    let at = pos2(rect.right() - 10.0, middle);
    let width = brush.text(at, Align2::RIGHT_CENTER, &n_nodes, 11.5, 70.0, tokens.text_muted);
    let room = rect.width() - 34.0 - 16.0 - width;
    brush.text(pos2(rect.left() + 34.0, middle), Align2::LEFT_CENTER, &group.title, 13.5, room, tokens.text);

    let foot = rect.bottom() - FOOTER * 0.5;
    let line = rect.bottom() - FOOTER;
    let thin = Stroke::new(1.0, tokens.node_frame.gamma_multiply(0.6));
    brush.line(pos2(rect.left() + 1.0, line), pos2(rect.right() - 1.0, line), thin);
    let mut right = rect.right() - 8.0;
    for (icon, color, n_times) in sum.marks(brush) {
        right -= brush.text(pos2(right, foot), Align2::RIGHT_CENTER, &n_times.to_string(), 11.5, 30.0, color) + 8.0;
        brush.icon(pos2(right, foot), 12.0, icon, color);
        right -= 12.0;
    }
    let (icon, text, tone) = sum.footer();
    let mut left = rect.left() + 10.0;
    if let Some(icon) = icon {
        brush.icon(pos2(left + 6.0, foot), 12.5, icon, tone.color(tokens));
        left += 17.0;
    }
    brush.text(pos2(left, foot), Align2::LEFT_CENTER, &text, 11.5, right - left, tone.color(tokens));
}
