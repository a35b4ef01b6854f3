//! The canvas: nodes and wires, and what a pointer does to them.
//!
//! Drawing never changes the document: [`canvas_ui`] reads a [`View`], keeps its own [`CanvasState`] and pushes
//! [`Command`]s.

mod camera;

use egui::{Pos2, Role, Sense, WidgetInfo, pos2};

use self::camera::Camera;
use super::{Command, View, theme};
use crate::workflow::{NodeId, Position};

/// What the canvas remembers between frames: never saved in the document, never undone.
#[derive(Default)]
pub struct CanvasState {
    camera: Camera,
    fit: Option<Fit>,
    pointer: Option<Pos2>,
    renaming: Option<NodeId>,
    open_search: bool,
}

/// What to bring into view in the next frame.
enum Fit {
    All,
    Nodes(Vec<NodeId>),
}

impl CanvasState {
    /// Brings all nodes into view.
    pub fn fit_all(&mut self) {
        self.fit = Some(Fit::All);
    }

    /// Brings these nodes into view.
    pub fn fit(&mut self, nodes: &[NodeId]) {
        self.fit = Some(Fit::Nodes(nodes.to_vec()));
    }

    /// Zooms to 100 %, keeping what is in the middle.
    pub fn zoom_reset(&mut self) {
        self.camera.zoom = 1.0;
    }

    /// Returns the points on the screen for one scene unit.
    pub const fn zoom(&self) -> f32 {
        self.camera.zoom
    }

    /// Returns the scene point in the middle of the view.
    pub const fn center(&self) -> Position {
        Position(self.camera.center.x, self.camera.center.y)
    }

    /// Looks at a place with a zoom.
    pub fn set_view(&mut self, center: Position, zoom: f32) {
        self.camera = Camera::new(center, zoom);
        self.fit = None;
    }

    /// Begins to rename a node in place.
    pub fn begin_rename(&mut self, node: NodeId) {
        self.renaming = Some(node);
    }

    /// Opens the search for a node to add, at the pointer or in the middle of the view.
    pub fn open_search(&mut self) {
        self.open_search = true;
    }

    /// Returns the scene point under the pointer, if it is over the canvas.
    pub fn pointer_scene(&self) -> Option<Position> {
        self.pointer.map(|point| Position(point.x, point.y))
    }

    /// Returns what the pointer is over, in words; empty over nothing.
    pub fn status(&self) -> String {
        String::new()
    }
}

/// Shows the canvas in all the room there is.
pub fn canvas_ui(ui: &mut egui::Ui, view: View<'_>, state: &mut CanvasState, commands: &mut Vec<Command>) {
    let rect = ui.available_rect_before_wrap();
    let response = ui.interact(rect, ui.make_persistent_id("canvas"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Pane, true, "Canvas"));
    ui.painter().rect_filled(rect, 0.0, theme::tokens(ui).canvas);
    if let Some(Fit::All | Fit::Nodes(_)) = state.fit.take() {
        let bounds = view.workflow.nodes().map(|(_, node)| pos2(node.position.0, node.position.1));
        state.camera.center = egui::Rect::from_points(&bounds.collect::<Vec<_>>()).center();
    }
    state.pointer = response.hover_pos().map(|pos| state.camera.through(rect).scene_from_screen(pos));
    if response.clicked() {
        commands.push(Command::Select(Vec::new()));
    }
}
