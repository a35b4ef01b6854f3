//! Bends: the points that wires are led through. They are chosen and moved as nodes are.

use std::collections::BTreeSet;

use egui::{CursorIcon, Id, Modifiers, PointerButton, Pos2, Rect, Role, Sense, Stroke, Ui, Vec2, WidgetInfo};

use super::{
    CanvasState,
    brush::Brush,
    canvas_frame::{CanvasFrame, Detail},
    geometry::{GRID, snapped},
    hover,
    interaction::Interaction,
    menu::MenuTarget,
    pointer::Target,
    scene::Scene,
    wire,
};
use crate::{
    editor::{Bend, Command, WireRequest, ways},
    workflow::{Edit, NodeId, PortRef, Position, Workflow},
};

/// How large a bend is for the pointer, at least, in points.
const REACH: f32 = 14.0;

/// What the canvas remembers of bends.
#[derive(Default)]
pub(super) struct Bends {
    chosen: BTreeSet<Bend>,
    /// The nodes that were selected beside them.
    beside: BTreeSet<NodeId>,
    /// The selection of nodes is about to change, and the bends stay chosen.
    stays: bool,
    /// The wire that is to get a bend.
    asked: Option<PortRef>,
}

/// Bends in the hand.
pub(super) struct BendDrag {
    bends: BTreeSet<Bend>,
    /// The nodes that move along, sorted.
    nodes: Vec<NodeId>,
    /// The one under the pointer, which snaps.
    grabbed: Bend,
    /// Where the pointer took it, in the scene.
    origin: Pos2,
    offset: Vec2,
}

impl BendDrag {
    /// Returns the bends, in order.
    pub(super) const fn bends(&self) -> &BTreeSet<Bend> {
        &self.bends
    }

    /// Returns the nodes that move along, sorted.
    pub(super) fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// Returns how far they are moved.
    pub(super) const fn offset(&self) -> Vec2 {
        self.offset
    }

    /// Moves the bends to the pointer; with `snap` to the grid, or level with what comes before or after.
    pub(super) fn move_to(&mut self, scene: &Scene, pointer: Pos2, snap: bool) {
        let wanted = pointer - self.origin;
        let start = scene.wire(&self.grabbed.wire).and_then(|wire| {
            let corners: Vec<Pos2> = scene.course_at_rest(wire).corners().collect();
            // The first corner is the output.
            let at = self.grabbed.index + 1;
            Some((*corners.get(at)?, [*corners.get(at - 1)?, *corners.get(at + 1)?]))
        });
        self.offset = match start {
            Some((start, beside)) if snap => {
                let mut place = snapped(start + wanted);
                let level = beside.iter().find(|point| (point.y - (start + wanted).y).abs() <= 0.5 * GRID);
                place.y = level.map_or(place.y, |point| point.y);
                place - start
            }
            _ => wanted,
        };
    }

    /// Returns the edit that leaves the bends where they are held, and its label.
    pub(super) fn edit(&self, workflow: &Workflow) -> Option<(String, Edit)> {
        let is_moved = self.offset != Vec2::ZERO;
        let offset = (self.offset.x, self.offset.y);
        ways::move_together(workflow, &self.nodes, &self.bends, "Move", offset).filter(|_| is_moved)
    }
}

fn widget_id(ui: &Ui, bend: &Bend) -> Id {
    ui.make_persistent_id(("bend", bend.wire.node.as_str(), bend.wire.port.as_str(), bend.index))
}

impl CanvasState {
    /// Gives a wire a bend in the middle of its longest piece.
    pub fn bend_wire(&mut self, wire: PortRef) {
        self.bends.asked = Some(wire);
    }

    /// Returns the bends that are chosen, alone or together with nodes.
    pub(crate) const fn chosen_bends(&self) -> &BTreeSet<Bend> {
        &self.bends.chosen
    }

    /// Chooses no bends any more.
    pub(super) fn leave_bends(&mut self) {
        self.bends.chosen.clear();
    }

    /// Lets the bends stay chosen while the selection of nodes changes.
    pub(super) const fn keep_bends(&mut self) {
        self.bends.stays = true;
    }

    /// Forgets bends that are there no more, and sets the one that was asked for.
    pub(super) fn prepare_bends(&mut self, ui: &Ui, frame: &CanvasFrame<'_>, commands: &mut Vec<Command>) {
        let stays = std::mem::take(&mut self.bends.stays);
        if !self.bends.chosen.is_empty() && self.bends.beside != *frame.view.selection {
            self.bends.beside.clone_from(frame.view.selection);
            if !stays {
                self.leave_bends();
            }
        }
        if let Some(wire) = self.bends.asked.take()
            && let Some(index) = frame.scene.wire_index(&wire)
        {
            let bend = self.set_bend(frame, &wire, frame.course(index).middle(), commands);
            ui.memory_mut(|memory| memory.request_focus(widget_id(ui, &bend)));
        } else {
            self.bends.chosen.retain(|bend| bend.place(frame.view.workflow).is_some());
        }
    }

    /// Sets a bend where a wire passes a point.
    pub(super) fn set_bend(
        &mut self,
        frame: &CanvasFrame<'_>,
        wire: &PortRef,
        place: Pos2,
        commands: &mut Vec<Command>,
    ) -> Bend {
        let course = frame.scene.wire(wire).map(|wire| frame.scene.course_at_rest(wire));
        let bend = Bend { wire: wire.clone(), index: course.map_or(0, |course| course.n_bends_before(place)) };
        let (label, edit) = ways::bend(frame.view.workflow, wire, bend.index, Position(place.x, place.y));
        commands.push(Command::Select(Vec::new()));
        commands.push(Command::Edit(label, edit));
        self.frame = None;
        self.bends.chosen = [bend.clone()].into();
        self.keep_bends();
        bend
    }

    /// Chooses a bend; with Shift or Ctrl beside what is chosen and selected.
    fn choose_bend(&mut self, frame: &CanvasFrame<'_>, bend: &Bend, modifiers: Modifiers, commands: &mut Vec<Command>) {
        self.frame = None;
        if self.bends.chosen.is_empty() {
            self.bends.beside.clone_from(frame.view.selection);
        }
        let chosen = &mut self.bends.chosen;
        if modifiers.command && chosen.remove(bend) {
            return;
        }
        if !modifiers.command && !modifiers.shift {
            chosen.clear();
            commands.push(Command::Select(Vec::new()));
        }
        chosen.insert(bend.clone());
        self.keep_bends();
    }

    /// Chooses the bends that a box touches.
    pub(super) fn box_bends(&mut self, frame: &CanvasFrame<'_>, from: Pos2, pointer: Pos2, modifiers: Modifiers) {
        if !modifiers.shift && !modifiers.command {
            self.leave_bends();
        }
        self.keep_bends();
        if frame.detail == Detail::Blocks {
            return;
        }
        let area = Rect::from_two_pos(from, frame.projection.scene_from_screen(pointer));
        let mut near = Vec::new();
        frame.scene.wire_grid.query(area, &mut near);
        let wires = near.into_iter().map(|index| &frame.scene.wires[index]);
        let bends = wires.flat_map(|wire| wire.way.iter().enumerate().map(move |bend| (wire, bend)));
        let touched: BTreeSet<Bend> = bends
            .filter(|(_, (_, place))| area.contains(**place))
            .map(|(wire, (index, _))| Bend { wire: wire.to.clone(), index })
            .collect();
        if self.bends.chosen.is_empty() {
            self.bends.beside.clone_from(frame.view.selection);
        }
        self.bends.chosen.extend(touched);
    }
}

/// Shows the bends of a wire that can be taken, and takes in what happens to them. The discs are painted with the wire.
pub(super) fn bends_ui(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    state: &mut CanvasState,
    index: usize,
    commands: &mut Vec<Command>,
) {
    let (placed, course) = (&frame.scene.wires[index], frame.course(index));
    for (number, place) in course.bends().enumerate() {
        let at = brush.projection.screen_from_scene(place);
        if !brush.projection.view.expand(REACH).contains(at) {
            continue;
        }
        let bend = Bend { wire: placed.to.clone(), index: number };
        let sense = if frame.view.past.is_some() { Sense::hover() } else { Sense::click_and_drag() };
        let side = (3.0 * wire::bend_radius(brush)).max(REACH);
        let response = ui.interact(Rect::from_center_size(at, Vec2::splat(side)), widget_id(ui, &bend), sense);
        let words = || format!("Bend {} of wire {}", number + 1, hover::wire_in_words(frame, index).0);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, state.bends.chosen.contains(&bend), words()));
        state.note_bend_focus(&bend, &response);
        let is_lit = response.hovered() || response.has_focus();
        if is_lit {
            state.status = format!("{}: drag to move it, double-click to remove it", words());
        }
        if response.hovered() && matches!(state.interaction, Interaction::Idle) {
            ui.ctx().set_cursor_icon(CursorIcon::Grab);
        }
        let radius = wire::bend_radius(brush) + if is_lit { 1.5 } else { 0.0 };
        if is_lit {
            brush.painter.circle_filled(at, radius, brush.tokens.of_type(placed.value_type));
        }
        if state.bends().contains(&bend) {
            brush.painter.circle_stroke(at, radius + 2.5, Stroke::new(2.0, brush.tokens.selection_ring));
        }
        touched(frame, state, &bend, &response, commands);
    }
}

fn touched(
    frame: &CanvasFrame<'_>,
    state: &mut CanvasState,
    bend: &Bend,
    response: &egui::Response,
    commands: &mut Vec<Command>,
) {
    if response.drag_started_by(PointerButton::Middle) || (response.drag_started() && state.space_is_down) {
        state.touched(frame, Target::Canvas, response, commands);
        return;
    }
    let (modifiers, origin, pointer) =
        response.ctx.input(|input| (input.modifiers, input.pointer.press_origin(), input.pointer.interact_pos()));
    if response.drag_started_by(PointerButton::Primary)
        && let Some(origin) = origin
    {
        let is_beside = state.bends.chosen.contains(bend) || modifiers.shift;
        if !state.bends.chosen.contains(bend) {
            state.choose_bend(frame, bend, Modifiers { command: false, ..modifiers }, commands);
        }
        let nodes = if is_beside { frame.view.selection.iter().cloned().collect() } else { Vec::new() };
        let (bends, origin) = (state.bends.chosen.clone(), frame.projection.scene_from_screen(origin));
        let drag = BendDrag { bends, nodes, grabbed: bend.clone(), origin, offset: Vec2::ZERO };
        state.interaction = Interaction::DragBends(drag);
    } else if response.double_clicked() {
        commands.push(Command::Wire(WireRequest::RemoveBends(vec![bend.clone()])));
    } else if response.secondary_clicked() {
        if !state.bends.chosen.contains(bend) {
            state.choose_bend(frame, bend, Modifiers::NONE, commands);
        }
        state.show_menu(MenuTarget::Bend(bend.clone()), pointer.unwrap_or_else(|| response.rect.center()));
    } else if response.clicked() {
        state.choose_bend(frame, bend, modifiers, commands);
        response.request_focus();
    }
}
