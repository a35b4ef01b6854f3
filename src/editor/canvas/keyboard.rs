//! Hands without a mouse: walking from node to node, carrying a wire from port to port, opening menus.

use std::collections::BTreeSet;

use egui::{EventFilter, Pos2, Rect, Response, Ui, Vec2};

use super::{
    CanvasState,
    canvas_frame::{CanvasFrame, Detail, PortAt},
    interaction::{Interaction, WireDrag},
    menu::{Menu, MenuTarget},
    pointer::Target,
    scene::Scene,
};
use crate::{
    editor::{Bend, Command, Direction, View, WireEnd, command_table::CanvasKeys},
    workflow::{NodeId, PortRef},
};

/// How much room stays free round what is walked to, in points.
const MARGIN: f32 = 40.0;
/// How much a step aside counts against a step ahead.
const ASIDE: f32 = 2.0;

/// What has the focus on the canvas, and what keys asked for.
#[derive(Default)]
pub(super) struct Keyboard {
    focused: Option<Focused>,
    /// The node that was walked to last.
    walked_to: Option<NodeId>,
    walk: Option<Direction>,
    open_menu: bool,
}

/// What has the focus on the canvas.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Focused {
    Canvas,
    /// A node, or its pin icon.
    Node(NodeId),
    Port(PortRef, IsInput),
    /// The wire that ends at this input.
    Wire(PortRef),
    /// A bend of a wire, alone.
    Bend(BTreeSet<Bend>),
}

type IsInput = bool;

impl CanvasState {
    /// Walks to the nearest node in a direction; with a wire in the hand, to the nearest port that fits.
    pub const fn walk(&mut self, direction: Direction) {
        self.keyboard.walk = Some(direction);
    }

    /// Opens the menu of what has the focus, or else of what is selected.
    pub const fn open_menu_by_key(&mut self) {
        self.keyboard.open_menu = true;
    }

    /// Returns the input at the end of the wire that has the focus.
    pub const fn focused_wire(&self) -> Option<&PortRef> {
        match &self.keyboard.focused {
            Some(Focused::Wire(input)) => Some(input),
            _ => None,
        }
    }

    /// Returns the index of the wire that has the focus.
    pub(super) fn focused_wire_index(&self, scene: &Scene) -> Option<usize> {
        let input = self.focused_wire()?;
        scene.wire_index(input)
    }

    /// Returns the wire that was taken by key: it stays in the hand until it is put down by key.
    pub(super) const fn carried(&self) -> Option<&WireDrag> {
        match &self.interaction {
            Interaction::DragWire(drag) if drag.by_key => Some(drag),
            _ => None,
        }
    }

    /// Remembers what has the focus. While it does, arrows are for walking, and Esc puts down what is carried.
    pub(super) fn note_focus(&mut self, frame: &CanvasFrame<'_>, target: Target, response: &Response) {
        if response.has_focus() {
            self.keep_keys(response);
            self.keyboard.focused = Some(match target {
                Target::Canvas => Focused::Canvas,
                Target::Node(index) | Target::Pin(index) => Focused::Node(frame.node(index).id.clone()),
                Target::Port(at) => Focused::Port(frame.port_ref(at), at.is_input),
            });
        }
    }

    /// Remembers that a wire has the focus.
    pub(super) fn note_wire_focus(&mut self, input: &PortRef, response: &Response) {
        if response.has_focus() {
            self.keep_keys(response);
            self.keyboard.focused = Some(Focused::Wire(input.clone()));
        }
    }

    /// Remembers that a bend has the focus.
    pub(super) fn note_bend_focus(&mut self, bend: &Bend, response: &Response) {
        if response.has_focus() {
            self.keep_keys(response);
            self.keyboard.focused = Some(Focused::Bend([bend.clone()].into()));
        }
    }

    /// Returns the bends that commands act upon: the one that has the focus, or else those that are chosen.
    pub fn bends(&self) -> &BTreeSet<Bend> {
        match &self.keyboard.focused {
            Some(Focused::Bend(bend)) if !bend.is_subset(self.chosen_bends()) => bend,
            _ => self.chosen_bends(),
        }
    }

    fn keep_keys(&self, response: &Response) {
        let escape = self.carried().is_some();
        let filter = EventFilter { tab: false, horizontal_arrows: true, vertical_arrows: true, escape };
        response.ctx.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    }

    /// Does what keys asked for since the last frame. Comes before drawing, which finds out again what has the focus.
    pub(super) fn follow_keys(
        &mut self,
        ui: &Ui,
        view: View<'_>,
        scene: &Scene,
        rect: Rect,
        commands: &mut Vec<Command>,
    ) {
        let focused = self.keyboard.focused.take();
        let Some(direction) = self.keyboard.walk.take() else { return };
        if self.carried().is_some() {
            self.walk_to_port(ui, scene, rect, direction, focused.as_ref());
        } else if matches!(self.interaction, Interaction::Idle) {
            self.walk_to_node(ui, view, scene, rect, direction, focused.as_ref(), commands);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a frame is not made yet")]
    fn walk_to_node(
        &mut self,
        ui: &Ui,
        view: View<'_>,
        scene: &Scene,
        rect: Rect,
        direction: Direction,
        focused: Option<&Focused>,
        commands: &mut Vec<Command>,
    ) {
        let walked_to =
            self.keyboard.walked_to.as_ref().filter(|id| view.selection.len() == 1 && view.selection.contains(*id));
        let of_focus = || match focused? {
            Focused::Canvas => None,
            Focused::Node(node) => Some(node),
            Focused::Port(port, _) | Focused::Wire(port) => Some(&port.node),
            Focused::Bend(bend) => bend.first().map(|bend| &bend.wire.node),
        };
        let from = walked_to.or_else(of_focus).or_else(|| view.selection.first()).and_then(|id| scene.index(id));
        let nodes = scene.nodes.iter().enumerate().filter(|(_, node)| !node.is_hidden());
        let groups = scene.groups.iter().map(|group| (group.nodes[0], group.rect.center()));
        let centers = nodes.map(|(index, node)| (index, node.rect().center())).chain(groups);
        let from = from.map(|index| scene.standing_for(index));
        let next = match from {
            Some(from) => nearest(scene.nodes[from].rect().center(), direction, centers.filter(|(at, _)| *at != from)),
            None => centers
                .min_by(|(_, a), (_, b)| a.distance(self.camera.center).total_cmp(&b.distance(self.camera.center)))
                .map(|(at, _)| at),
        };
        let Some(index) = next.or(from) else { return };
        let node = &scene.nodes[index];
        self.bring_into_view(node.rect(), rect);
        self.keyboard.walked_to = Some(node.id.clone());
        commands.push(Command::Select(scene.together(index)));
        if let Some(group) = node.group {
            let id = ui.make_persistent_id(("group", scene.groups[group as usize].id.as_str()));
            ui.memory_mut(|memory| memory.request_focus(id));
            return;
        }
        // Seen from afar nodes have no widgets of their own, unless they are read out.
        let id = match Detail::at(self.camera.zoom) {
            Detail::Blocks if !self.overview.is_named => ui.make_persistent_id("background"),
            Detail::Blocks | Detail::Titles | Detail::Full => ui.make_persistent_id(("node", node.id.as_str())),
        };
        ui.memory_mut(|memory| memory.request_focus(id));
    }

    fn walk_to_port(&mut self, ui: &Ui, scene: &Scene, rect: Rect, direction: Direction, focused: Option<&Focused>) {
        let Some(drag) = self.carried() else { return };
        let mut ports = Vec::new();
        for (index, node) in scene.nodes.iter().enumerate() {
            let known = if drag.wants_input() { &node.layout.inputs } else { &node.layout.outputs };
            let fitting = known.iter().filter(|port| drag.fits(index, port, drag.wants_input()));
            ports.extend(fitting.map(|port| (node, port, node.position + port.offset)));
        }
        let at =
            |port: &PortRef| ports.iter().position(|(node, known, _)| node.id == port.node && known.id == port.port);
        let current = match focused {
            Some(Focused::Port(port, is_input)) if *is_input == drag.wants_input() => at(port),
            _ => None,
        };
        let from = current.map(|current| ports[current].2).or_else(|| drag.anchor(scene));
        let places = ports.iter().map(|(_, _, place)| *place).enumerate().filter(|(index, _)| Some(*index) != current);
        let Some((node, port, _)) = from.and_then(|from| nearest(from, direction, places)).map(|index| ports[index])
        else {
            return;
        };
        let what = if drag.wants_input() { "input" } else { "output" };
        let id = ui.make_persistent_id((what, node.id.as_str(), port.id.as_str()));
        self.bring_into_view(node.rect(), rect);
        ui.memory_mut(|memory| memory.request_focus(id));
    }

    /// Moves the view as little as shows all of a part of the scene.
    fn bring_into_view(&mut self, wanted: Rect, rect: Rect) {
        let seen = self.camera.through(rect).visible().shrink(MARGIN / self.camera.zoom);
        let missing = |wanted: (f32, f32), seen: (f32, f32)| {
            if wanted.0 < seen.0 || wanted.1 - wanted.0 > seen.1 - seen.0 {
                wanted.0 - seen.0
            } else {
                (wanted.1 - seen.1).max(0.0)
            }
        };
        self.camera.center += Vec2::new(
            missing((wanted.left(), wanted.right()), (seen.left(), seen.right())),
            missing((wanted.top(), wanted.bottom()), (seen.top(), seen.bottom())),
        );
    }

    /// A port was chosen by key: takes a wire there, or puts down the one that is carried.
    pub(super) fn choose_port(&mut self, frame: &CanvasFrame<'_>, at: PortAt, commands: &mut Vec<Command>) {
        let port = frame.port_ref(at);
        let Some(drag) = self.carried() else {
            let end = if at.is_input { WireEnd::Input(port) } else { WireEnd::Output(port) };
            if let Some(mut drag) = WireDrag::start(frame.scene, frame.view.workflow, end) {
                drag.by_key = true;
                self.interaction = Interaction::DragWire(drag);
            }
            return;
        };
        if drag.anchor(frame.scene) == Some(frame.port_position(at)) {
            self.interaction = Interaction::Idle;
        } else if drag.fits(at.node, frame.port(at), at.is_input) && drag.fits_loops(frame.view, &port) {
            commands.extend(drag.drop_on(frame.view.workflow, &port).map(|(label, edit)| Command::Edit(label, edit)));
            self.interaction = Interaction::Idle;
        }
    }

    /// Returns where the hand is on the screen: a wire that is carried follows the focus.
    pub(super) fn hand(&self, ui: &Ui, frame: &CanvasFrame<'_>) -> Option<Pos2> {
        let Some(drag) = self.carried() else { return ui.input(|input| input.pointer.latest_pos()) };
        let focused = match &self.keyboard.focused {
            Some(Focused::Port(port, is_input)) => {
                let end = if *is_input { WireEnd::Input(port.clone()) } else { WireEnd::Output(port.clone()) };
                super::hand::end_of(frame, &end).map(|(place, _)| place)
            }
            Some(Focused::Node(node)) => frame.scene.node(node).map(|node| node.rect().center_bottom()),
            Some(Focused::Canvas | Focused::Wire(_) | Focused::Bend(_)) | None => None,
        };
        focused.or_else(|| drag.anchor(frame.scene)).map(|place| frame.projection.screen_from_scene(place))
    }

    /// Opens the menu that was asked for by key, and tells the shortcuts of the next frame what has the focus.
    pub(super) fn end_keys(&mut self, ui: &Ui, frame: &CanvasFrame<'_>, commands: &mut Vec<Command>) {
        if std::mem::take(&mut self.keyboard.open_menu) && self.menu.is_none() {
            let (target, place) = self.what_the_menu_is_about(frame);
            if let MenuTarget::Node(node) = &target
                && !frame.view.selection.contains(node)
            {
                let index = frame.scene.index(node);
                commands.push(Command::Select(index.map_or_else(Vec::new, |index| frame.scene.together(index))));
            }
            let at = frame.projection.screen_from_scene(place);
            let return_to = ui.memory(egui::Memory::focused);
            self.menu = Some(Menu { target, at, serial: self.menu_serial, by_key: true, return_to });
            self.menu_serial += 1;
        }
        let keys = CanvasKeys { has_focus: self.keyboard.focused.is_some(), is_busy: self.takes_keys() };
        keys.note(ui.ctx());
    }

    fn what_the_menu_is_about(&self, frame: &CanvasFrame<'_>) -> (MenuTarget, Pos2) {
        let node = match &self.keyboard.focused {
            Some(Focused::Wire(_)) => {
                if let Some(index) = self.focused_wire_index(frame.scene) {
                    let input = frame.scene.wires[index].to.clone();
                    return (MenuTarget::Wire(input), frame.course(index).middle());
                }
                None
            }
            Some(Focused::Bend(bend)) => {
                let bend = bend.first().cloned();
                if let Some((bend, place)) = bend.and_then(|bend| Some((bend.clone(), frame.bend_at_rest(&bend)?))) {
                    return (MenuTarget::Bend(bend), place);
                }
                None
            }
            Some(Focused::Node(node)) => Some(node),
            Some(Focused::Port(port, _)) => Some(&port.node),
            Some(Focused::Canvas) | None => frame.view.selection.first(),
        };
        let middle = frame.projection.visible().center();
        match node.and_then(|node| frame.scene.node(node)) {
            Some(node) => (MenuTarget::Node(node.id.clone()), node.rect().left_bottom()),
            None => (MenuTarget::Empty, middle),
        }
    }
}

/// Returns which of some places is the nearest in a direction: what is straight ahead comes before what is aside.
fn nearest(from: Pos2, direction: Direction, places: impl Iterator<Item = (usize, Pos2)>) -> Option<usize> {
    let cost = |place: Pos2| {
        let Vec2 { x, y } = place - from;
        let (ahead, aside) = match direction {
            Direction::Left => (-x, y),
            Direction::Right => (x, y),
            Direction::Up => (-y, x),
            Direction::Down => (y, x),
        };
        (ahead > 0.5).then(|| ahead + ASIDE * aside.abs())
    };
    places
        .filter_map(|(index, place)| Some((index, cost(place)?)))
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn what_is_straight_ahead_comes_before_what_is_aside() {
        let places = [pos2(100.0, 80.0), pos2(200.0, 0.0), pos2(-50.0, 0.0), pos2(0.0, 90.0)];
        let nearest = |direction| nearest(Pos2::ZERO, direction, places.into_iter().enumerate());
        assert_eq!(nearest(Direction::Right), Some(1));
        assert_eq!(nearest(Direction::Left), Some(2));
        assert_eq!(nearest(Direction::Down), Some(3));
        assert_eq!(nearest(Direction::Up), None);
    }
}
