//! What the pointer does to nodes, ports, wires and the empty canvas.

use egui::{Key, Modifiers, MouseWheelSource, PointerButton, Pos2, Rect, Response, Ui, vec2};

use super::{
    CanvasState, Rename,
    canvas_frame::{CanvasFrame, Detail, PortAt},
    cut,
    fuzzy::Fitting,
    geometry::{HEADER, WIDTH, snapped},
    interaction::{Interaction, NodeDrag, WireDrag},
    menu::{Menu, MenuTarget},
    scene::Scene,
    search::Search,
};
use crate::{
    editor::{Command, MarkRequest, View, WireEnd, wiring},
    workflow::{KindId, NodeId, Position},
};

/// How fast a wheel zooms: the share of a doubling for one point of scrolling.
const WHEEL_ZOOM: f32 = 1.0 / 180.0;

/// What a response belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The canvas itself.
    Canvas,
    /// A node, by index.
    Node(usize),
    /// The pin icon of a node, by index.
    Pin(usize),
    /// A port.
    Port(PortAt),
}

impl CanvasState {
    /// Zooms and pans by wheel, fingers and pinching.
    pub(super) fn navigate(&mut self, ui: &Ui, canvas: &Response) {
        let Some(pointer) = ui.input(|input| input.pointer.hover_pos()).filter(|_| canvas.contains_pointer()) else {
            return;
        };
        let (scroll, source, zoom) =
            ui.input(|input| (input.smooth_scroll_delta(), input.scroll_source(), input.zoom_delta()));
        if let Some(touch) = ui.input(|input| input.multi_touch()) {
            self.camera.pan(touch.translation_delta);
            self.camera.zoom_at(canvas.rect, pointer, touch.zoom_delta, self.least_zoom);
        } else if zoom != 1.0 {
            self.camera.zoom_at(canvas.rect, pointer, zoom, self.least_zoom);
        } else if source == Some(MouseWheelSource::Trackpad) {
            self.camera.pan(scroll);
        } else {
            self.camera.pan(vec2(scroll.x, 0.0));
            self.camera.zoom_at(canvas.rect, pointer, (scroll.y * WHEEL_ZOOM).exp2(), self.least_zoom);
        }
    }

    /// Carries on with what the hand is at.
    pub(super) fn advance(&mut self, ui: &Ui, view: View<'_>, scene: &Scene, rect: Rect) {
        if matches!(self.interaction, Interaction::Idle) {
            return;
        }
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            self.interaction = Interaction::Idle;
            return;
        }
        let (pointer, delta, alt) =
            ui.input(|input| (input.pointer.latest_pos(), input.pointer.delta(), input.modifiers.alt));
        let Some(pointer) = pointer else { return };
        match &mut self.interaction {
            Interaction::Pan => self.camera.pan(delta),
            Interaction::DragNodes(drag) => {
                drag.move_to(scene, self.camera.through(rect).scene_from_screen(pointer), !alt);
                let is_near = Detail::at(self.camera.zoom) != Detail::Blocks;
                drag.look_for_wire(view, scene, is_near && !alt);
            }
            Interaction::Cut { path } => {
                let place = self.camera.through(rect).scene_from_screen(pointer);
                let is_far = |last: &Pos2| last.distance(place) * self.camera.zoom >= cut::STEP;
                if path.last().is_none_or(is_far) {
                    path.push(place);
                }
            }
            Interaction::DragFrame(drag) => {
                drag.move_to(self.camera.through(rect).scene_from_screen(pointer), !alt);
            }
            Interaction::DragBends(drag) => {
                drag.move_to(scene, self.camera.through(rect).scene_from_screen(pointer), !alt);
            }
            Interaction::DragNumber(drag) => drag.move_to(pointer.x, ui.input(|input| input.modifiers.shift)),
            Interaction::Idle | Interaction::DragWire(_) | Interaction::BoxSelect { .. } => {}
        }
    }

    /// Takes in what happened to a widget of the canvas.
    pub(super) fn touched(
        &mut self,
        frame: &CanvasFrame<'_>,
        target: Target,
        response: &Response,
        commands: &mut Vec<Command>,
    ) {
        self.note_focus(frame, target, response);
        if !(response.drag_started() || response.clicked() || response.secondary_clicked()) {
            return;
        }
        let ctx = &response.ctx;
        let (pointer, origin) = ctx.input(|input| (input.pointer.interact_pos(), input.pointer.press_origin()));
        let pointer = pointer.unwrap_or_else(|| response.rect.center());
        let origin = origin.unwrap_or(pointer);
        if response.drag_started_by(PointerButton::Middle) || (response.drag_started() && self.space_is_down) {
            self.camera.pan(pointer - origin);
            self.interaction = Interaction::Pan;
        } else if response.drag_started_by(PointerButton::Primary) {
            let modifiers = ctx.input(|input| input.modifiers);
            self.start_drag(frame, resolved(frame, target, origin), origin, modifiers, commands);
        } else if response.secondary_clicked() {
            self.open_menu(frame, resolved(frame, target, pointer), pointer, commands);
        } else if response.clicked() {
            let by_key = !response.clicked_by(PointerButton::Primary);
            let target = if by_key { target } else { resolved(frame, target, pointer) };
            if let Target::Port(at) = target
                && (by_key || self.carried().is_some())
                && frame.view.past.is_none()
            {
                self.choose_port(frame, at, commands);
                return;
            }
            if self.carried().is_some() && !by_key {
                self.interaction = Interaction::Idle;
            }
            if !(response.double_clicked() && self.double_clicked(frame, target, pointer, commands)) {
                let modifiers = ctx.input(|input| input.modifiers);
                if modifiers.shift || modifiers.command {
                    self.keep_bends();
                } else {
                    self.leave_bends();
                }
                clicked(frame, target, modifiers, commands);
            }
        }
    }

    fn start_drag(
        &mut self,
        frame: &CanvasFrame<'_>,
        target: Target,
        origin: Pos2,
        modifiers: Modifiers,
        commands: &mut Vec<Command>,
    ) {
        let origin = frame.projection.scene_from_screen(origin);
        match target {
            // An earlier run cannot be changed: nothing in it is taken into the hand.
            Target::Node(_) | Target::Pin(_) | Target::Port(_) if frame.view.past.is_some() => {}
            Target::Canvas if modifiers.alt && frame.view.past.is_none() && frame.detail != Detail::Blocks => {
                self.interaction = Interaction::Cut { path: vec![origin] };
            }
            Target::Canvas => self.interaction = Interaction::BoxSelect { from: origin },
            Target::Node(index) | Target::Pin(index) => {
                let id = frame.node(index).id.clone();
                if modifiers.shift || modifiers.command {
                    self.keep_bends();
                } else if !frame.view.selection.contains(&id) {
                    self.leave_bends();
                }
                let nodes = dragged_nodes(frame, &id, modifiers, commands);
                let bends = self.chosen_bends().clone();
                self.interaction = Interaction::DragNodes(NodeDrag::new(nodes, bends, id, origin));
            }
            Target::Port(at) => {
                let port = frame.port_ref(at);
                let drag = if !at.is_input && modifiers.command {
                    WireDrag::start_all(frame.scene, frame.view.workflow, &port)
                } else {
                    let end = if at.is_input { WireEnd::Input(port) } else { WireEnd::Output(port) };
                    WireDrag::start(frame.scene, frame.view.workflow, end)
                };
                if let Some(drag) = drag {
                    self.interaction = Interaction::DragWire(drag);
                }
            }
        }
    }

    fn open_menu(&mut self, frame: &CanvasFrame<'_>, target: Target, at: Pos2, commands: &mut Vec<Command>) {
        let place = frame.projection.scene_from_screen(at);
        let target = match target {
            Target::Node(index) | Target::Pin(index) | Target::Port(PortAt { node: index, .. }) => {
                let id = frame.node(index).id.clone();
                if !frame.view.selection.contains(&id) {
                    commands.push(Command::Select(frame.scene.together(index)));
                }
                MenuTarget::Node(id)
            }
            Target::Canvas => match frame.wire_at(place) {
                Some(wire) => MenuTarget::Wire(frame.scene.wires[wire].to.clone()),
                None => MenuTarget::Empty,
            },
        };
        self.show_menu(target, at);
    }

    /// Opens a menu at a place on the screen.
    pub(super) fn show_menu(&mut self, target: MenuTarget, at: Pos2) {
        let serial = self.menu_serial;
        self.menu_serial += 1;
        self.menu = Some(Menu { target, at, serial, by_key: false, return_to: None });
    }

    /// Carries out a double click; returns whether it means anything here.
    fn double_clicked(
        &mut self,
        frame: &CanvasFrame<'_>,
        target: Target,
        at: Pos2,
        commands: &mut Vec<Command>,
    ) -> bool {
        let place = frame.projection.scene_from_screen(at);
        match target {
            Target::Canvas => match frame.wire_at(place).map(|wire| frame.scene.wires[wire].to.clone()) {
                None => self.search = Some(Search::new(at, place, None)),
                Some(_) if frame.view.past.is_some() => return false,
                Some(wire) => {
                    self.set_bend(frame, &wire, place, commands);
                }
            },
            Target::Node(index) if frame.layout(index).header(frame.position(index)).contains(place) => {
                self.renaming = Some(Rename::new(frame.node(index).id.clone()));
            }
            _ => return false,
        }
        true
    }

    /// Ends what the hand is at when the button is let go.
    pub(super) fn finish(&mut self, ui: &Ui, frame: &CanvasFrame<'_>, commands: &mut Vec<Command>) {
        if ui.input(|input| input.pointer.any_down()) || self.carried().is_some() {
            return;
        }
        let pointer = ui.input(|input| input.pointer.latest_pos());
        match (std::mem::take(&mut self.interaction), pointer) {
            (Interaction::DragNodes(drag), _) => {
                if let Some((label, edit)) = drag.edit(frame.scene, frame.view.workflow) {
                    commands.push(Command::Edit(label, edit));
                }
            }
            (Interaction::DragBends(drag), _) => {
                commands.extend(drag.edit(frame.view.workflow).map(|(label, edit)| Command::Edit(label, edit)));
            }
            (Interaction::DragNumber(drag), _) => {
                commands.extend(drag.edit(frame.view).map(|(label, edit)| Command::Edit(label, edit)));
            }
            (Interaction::DragFrame(drag), _) => commands.extend(drag.command(frame.view.workflow)),
            (Interaction::DragWire(drag), Some(pointer)) => self.drop_wire(frame, &drag, pointer, commands),
            (Interaction::BoxSelect { from }, Some(pointer)) => {
                let touched = touched_by_box(frame, from, pointer);
                let modifiers = ui.input(|input| input.modifiers);
                self.box_bends(frame, from, pointer, modifiers);
                let ids = touched.into_iter().map(|index| frame.node(index).id.clone()).collect();
                commands.push(select(ids, modifiers));
            }
            (Interaction::Cut { path }, _) => {
                let crossed = cut::crossed(frame, &path);
                let inputs: Vec<_> = crossed.into_iter().map(|index| frame.scene.wires[index].to.clone()).collect();
                commands.extend(wiring::disconnect(&inputs).map(|(label, edit)| Command::Edit(label, edit)));
            }
            (Interaction::Idle | Interaction::Pan | Interaction::DragWire(_) | Interaction::BoxSelect { .. }, _) => {}
        }
    }

    fn drop_wire(&mut self, frame: &CanvasFrame<'_>, drag: &WireDrag, pointer: Pos2, commands: &mut Vec<Command>) {
        let place = frame.projection.scene_from_screen(pointer);
        if let Some((at, fits)) = frame.drop_port(drag, place) {
            if let Some((label, edit)) = drag.drop_on(frame.view.workflow, &frame.port_ref(at)).filter(|_| fits) {
                commands.push(Command::Edit(label, edit));
            }
        } else if frame.node_at(place).is_some()
            || frame.has_group_at(place)
            || !frame.projection.view.contains(pointer)
        {
            // Neither a port nor empty canvas: nothing was meant.
        } else if let Some((label, edit)) = drag.let_go() {
            commands.push(Command::Edit(label, edit));
        } else {
            let fitting = Fitting { end: drag.end.clone(), value_type: drag.value_type };
            self.search = Some(Search::new(pointer, place, Some(fitting)));
        }
    }
}

/// Returns what the pointer is at. Seen from afar nodes have no widgets of their own: the canvas stands for them; and the
/// small parts of a node have none until the pointer is at it, and a finger comes from nowhere.
fn resolved(frame: &CanvasFrame<'_>, target: Target, at: Pos2) -> Target {
    let place = frame.projection.scene_from_screen(at);
    match (target, frame.detail) {
        (Target::Canvas, Detail::Blocks) => frame.node_at(place).map_or(Target::Canvas, Target::Node),
        (Target::Canvas | Target::Node(_), Detail::Full) => {
            let on_pin = |index: &usize| frame.layout(*index).pin(frame.position(*index)).contains(place);
            match target {
                Target::Node(index) if on_pin(&index) => Target::Pin(index),
                _ => frame.port_under(place).map_or(target, Target::Port),
            }
        }
        (other, _) => other,
    }
}

/// Returns the nodes that move with the one that was taken, sorted.
fn dragged_nodes(
    frame: &CanvasFrame<'_>,
    id: &NodeId,
    modifiers: Modifiers,
    commands: &mut Vec<Command>,
) -> Vec<NodeId> {
    let selection = frame.view.selection;
    if selection.contains(id) {
        return selection.iter().cloned().collect();
    }
    if modifiers.shift || modifiers.command {
        commands.push(Command::SelectAlso(vec![id.clone()]));
        let mut nodes: Vec<NodeId> = selection.iter().cloned().collect();
        let place = nodes.binary_search(id).unwrap_or_else(|place| place);
        nodes.insert(place, id.clone());
        return nodes;
    }
    commands.push(Command::Select(vec![id.clone()]));
    vec![id.clone()]
}

fn clicked(frame: &CanvasFrame<'_>, target: Target, modifiers: Modifiers, commands: &mut Vec<Command>) {
    match target {
        Target::Canvas if modifiers.shift || modifiers.command => {}
        Target::Canvas => commands.push(Command::Select(Vec::new())),
        Target::Pin(index) => {
            commands.push(Command::Mark(vec![frame.node(index).id.clone()], MarkRequest::TogglePin));
        }
        Target::Node(index) | Target::Port(PortAt { node: index, .. }) => {
            commands.push(select(frame.scene.together(index), modifiers));
        }
    }
}

pub(super) fn select(nodes: Vec<NodeId>, modifiers: Modifiers) -> Command {
    if modifiers.shift {
        Command::SelectAlso(nodes)
    } else if modifiers.command {
        Command::ToggleSelected(nodes)
    } else {
        Command::Select(nodes)
    }
}

/// Returns the nodes that a selection box touches, from a scene point to a place on the screen.
pub(super) fn touched_by_box(frame: &CanvasFrame<'_>, from: Pos2, pointer: Pos2) -> Vec<usize> {
    let area = Rect::from_two_pos(from, frame.projection.scene_from_screen(pointer));
    let mut touched = Vec::new();
    frame.scene.node_grid.query(area, &mut touched);
    for (index, group) in frame.scene.groups.iter().enumerate() {
        if frame.group_rect(index).intersects(area) {
            touched.extend(&group.nodes);
        }
    }
    touched.sort_unstable();
    touched
}

/// Takes a kind dropped from the library; returns where it would be put while it hovers.
pub(super) fn drop_from_library(
    frame: &CanvasFrame<'_>,
    canvas: &Response,
    commands: &mut Vec<Command>,
) -> Option<Rect> {
    canvas.dnd_hover_payload::<KindId>()?;
    let pointer = canvas.ctx.input(|input| input.pointer.latest_pos())?;
    let corner = snapped(frame.projection.scene_from_screen(pointer) - vec2(WIDTH * 0.5, HEADER * 0.5));
    if let Some(kind) = canvas.dnd_release_payload::<KindId>() {
        commands.push(Command::AddNode {
            kind: KindId::clone(&kind),
            position: Position(corner.x, corner.y),
            connect: None,
        });
        return None;
    }
    Some(Rect::from_min_size(corner, vec2(WIDTH, 2.5 * HEADER)))
}
