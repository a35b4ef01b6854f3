//! The canvas: nodes and wires, and what a pointer does to them.
//!
//! Drawing never changes the document: [`canvas_ui`] reads a [`View`], keeps its own [`CanvasState`] and pushes
//! [`Command`]s. A frame goes in this order: bring the scene up to date, move the camera, carry on with what the hand is
//! at, draw (wires, then nodes with their widgets), end what the hand is at, then popups.

mod align_menu;
mod background;
mod badges;
mod bends;
mod border;
mod boxes;
mod brush;
mod camera;
mod canvas_frame;
mod carry;
mod comment;
mod course;
mod cut;
mod drawing;
mod find;
mod folding;
mod follow;
mod frames;
mod from_afar;
mod fuzzy;
mod galleys;
mod geometry;
mod grid;
mod grouped;
mod hand;
mod hover;
mod interaction;
mod kept;
mod keyboard;
mod lit;
mod menu;
mod minimap;
mod node;
mod node_ui;
mod notches;
mod number;
mod overview;
mod parameter;
mod picture;
mod pointer;
mod port_sign;
mod problems;
mod pulse;
mod rename;
mod rounded;
mod scene;
mod search;
mod seen;
mod standing;
mod strand;
#[cfg(test)]
mod tests;
mod thumbnails;
mod wire;

pub(crate) use self::{
    boxes::{NodeBox, Piece, boxes, pieces},
    carry::InHand,
    frames::{colors_ui as frame_colors_ui, put as put_frame, rect_of as rect_of_frame},
    geometry::GRID,
    thumbnails::{Thumbnail, make_thumbnail},
};
use std::{cell::RefCell, rc::Rc};

use egui::{Key, Pos2, Rect, Role, Sense, Ui, UiBuilder, WidgetInfo};

use self::{
    align_menu::AlignMenu,
    bends::Bends,
    brush::Brush,
    camera::Camera,
    canvas_frame::CanvasFrame,
    comment::Commenting,
    find::Find,
    follow::Following,
    frames::FrameTitle,
    galleys::Galleys,
    grouped::Sums,
    interaction::Interaction,
    kept::Kept,
    keyboard::Keyboard,
    lit::Lit,
    menu::{Menu, MenuRequest},
    minimap::Minimap,
    overview::Overview,
    parameter::Changing,
    pointer::Target,
    problems::ProblemIndex,
    pulse::Pulses,
    rename::Rename,
    scene::Scene,
    search::Search,
    seen::Seen,
    thumbnails::Thumbnails,
};
use super::{Command, View, command_table::ask_for_paste, inspector::Drafts, theme};
use crate::workflow::{FrameId, NodeId, Position};

/// What the canvas remembers between frames: never saved in the document, never undone.
#[derive(Default)]
pub struct CanvasState {
    camera: Camera,
    fit: Option<Fit>,
    /// The farthest out that a hand zooms.
    least_zoom: f32,
    /// A rectangle round all nodes.
    bounds: Option<Rect>,
    scene: Scene,
    problems: ProblemIndex,
    seen: Seen,
    kept: Kept,
    overview: Overview,
    lit: Lit,
    thumbnails: Thumbnails,
    sums: Sums,
    changing: Option<Changing>,
    /// What is being typed or dragged in the field of a parameter.
    pub(super) drafts: Drafts,
    pulses: Pulses,
    following: Following,
    /// How many vertices and indices the nodes and wires had in the last frame.
    n_corners: (usize, usize),
    galleys: Rc<RefCell<Galleys>>,
    interaction: Interaction,
    keyboard: Keyboard,
    renaming: Option<Rename>,
    search: Option<Search>,
    open_search: bool,
    bends: Bends,
    /// The frame that was clicked last.
    frame: Option<FrameId>,
    frame_title: Option<FrameTitle>,
    commenting: Option<Commenting>,
    align_menu: Option<AlignMenu>,
    find: Option<Find>,
    minimap: Minimap,
    minimap_shown: bool,
    /// From where the pointer took the map's rectangle to the middle of that.
    minimap_grip: egui::Vec2,
    menu: Option<Menu>,
    menu_serial: u64,
    /// The scene point under the pointer.
    pointer: Option<Pos2>,
    /// Where a paste that was asked for by menu goes, until the pointer moves.
    paste_at: Option<Pos2>,
    space_is_down: bool,
    status: String,
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
    pub const fn zoom_reset(&mut self) {
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
        self.renaming = Some(Rename::new(node));
    }

    /// Opens the search for a node to add, at the pointer or in the middle of the view.
    pub const fn open_search(&mut self) {
        self.open_search = true;
    }

    /// Returns the scene point under the pointer, if it is over the canvas; where to paste to.
    pub fn pointer_scene(&self) -> Option<Position> {
        self.paste_at.or(self.pointer).map(|point| Position(point.x, point.y))
    }

    /// Returns what the pointer is over, in words; empty over nothing.
    pub fn status(&self) -> String {
        self.status.clone()
    }

    /// Returns whether Escape and other keys are for the canvas: something is in the hand, being typed, or a menu is open.
    pub const fn takes_keys(&self) -> bool {
        self.search.is_some()
            || self.menu.is_some()
            || self.renaming.is_some()
            || self.changing.is_some()
            || self.frame_title.is_some()
            || self.commenting.is_some()
            || self.align_menu.is_some()
            || self.find.is_some()
            || !matches!(self.interaction, Interaction::Idle)
    }

    /// Brings the scene up to date and looks where it was asked to.
    fn prepare(&mut self, view: View<'_>, rect: Rect) {
        if self.scene.update(view) {
            self.bounds = self.scene.bounds();
        }
        self.least_zoom = Camera::least_zoom(self.bounds, rect);
        self.problems.update(view);
        if !rect.is_positive() {
            return;
        }
        let bounds = match self.fit.take() {
            None => return,
            Some(Fit::All) => self.bounds,
            Some(Fit::Nodes(nodes)) => self.scene.bounds_of(&nodes),
        };
        self.camera = bounds.map_or_else(Camera::default, |bounds| Camera::fitting(bounds, rect));
    }
}

/// Shows the canvas in all the room there is.
pub fn canvas_ui(ui: &mut Ui, view: View<'_>, state: &mut CanvasState, commands: &mut Vec<Command>) {
    let rect = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(rect);
    let ui = &mut ui.new_child(UiBuilder::new().id_salt("canvas").max_rect(rect));
    ui.shrink_clip_rect(rect);
    state.prepare(view, rect);

    let canvas = ui.interact(rect, ui.make_persistent_id("background"), Sense::click_and_drag());
    canvas.widget_info(|| WidgetInfo::labeled(Role::Pane, true, "Canvas"));
    state.space_is_down = ui.input(|input| input.key_down(Key::Space)) && !ui.text_edit_focused();
    state.navigate(ui, &canvas);

    let scene = std::mem::take(&mut state.scene);
    state.follow_keys(ui, view, &scene, rect, commands);
    state.advance(ui, view, &scene, rect);
    state.follow(ui, view, &scene, rect);
    let projection = state.camera.through(rect);
    let frame = CanvasFrame::new(view, &scene, projection, &state.interaction);
    let galleys = Rc::clone(&state.galleys);
    let brush = Brush { painter: ui.painter().clone(), projection, tokens: theme::tokens(ui), galleys };
    let forget = state.galleys.borrow_mut().are_outdated(ui.ctx());
    state.seen.update(view, brush.tokens);
    state.kept.begin((projection.zoom(), frame.detail), scene.wire_serial(), forget);
    state.lit.update(&frame, state.seen.serial());
    state.thumbnails.begin();
    state.note_pointer(ui, &frame, &canvas);
    state.prepare_bends(ui, &frame, commands);
    state.touched(&frame, Target::Canvas, &canvas, commands);
    drawing::draw(ui, &brush, &frame, &canvas, state, commands);
    state.following_ui(ui, &brush);
    state.minimap_ui(ui, &brush, &frame);
    if state.kept.is_blurred() || state.lit.is_behind() || state.pulses.is_alive() {
        ui.ctx().request_repaint();
    }
    state.finish(ui, &frame, commands);
    state.end_keys(ui, &frame, commands);
    state.popups_ui(ui, &brush, &frame, commands);
    state.scene = scene;
}

impl CanvasState {
    /// Remembers where the pointer is.
    fn note_pointer(&mut self, ui: &Ui, frame: &CanvasFrame<'_>, canvas: &egui::Response) {
        let (pointer, moved) = ui.input(|input| (input.pointer.hover_pos(), input.pointer.is_moving()));
        self.pointer = pointer.filter(|_| canvas.contains_pointer()).map(|pos| frame.projection.scene_from_screen(pos));
        if moved {
            self.paste_at = None;
        }
        self.status.clear();
    }

    /// Shows the title field, the search and the menu where they are open.
    fn popups_ui(&mut self, ui: &mut Ui, brush: &Brush, frame: &CanvasFrame<'_>, commands: &mut Vec<Command>) {
        if std::mem::take(&mut self.open_search) && self.search.is_none() {
            let place = self.pointer.unwrap_or_else(|| frame.projection.visible().center());
            self.search = Some(Search::new(frame.projection.screen_from_scene(place), place, None));
        }
        self.frame_title_ui(ui, brush, frame, commands);
        self.comment_ui(ui, brush, frame, commands);
        self.changing_ui(ui, brush, frame, commands);
        self.find_ui(ui, frame, commands);
        self.align_menu_ui(ui, frame, commands);
        if let Some(mut rename) = self.renaming.take()
            && let Some(placed) = frame.scene.node(&rename.node)
            && rename::rename_ui(ui, brush, placed, &mut rename, commands)
        {
            self.renaming = Some(rename);
        }
        if let Some(mut search) = self.search.take()
            && search::search_ui(ui, frame.view, &mut search, commands)
        {
            self.search = Some(search);
        }
        if let Some(mut menu) = self.menu.take() {
            let (open, request) = menu::menu_ui(ui, frame.view, self.chosen_bends(), &mut menu, commands);
            if let Some(request) = request {
                self.carry_out(ui, frame, request, menu.at, commands);
            }
            if open {
                self.menu = Some(menu);
            } else if let Some(id) = menu.return_to {
                ui.memory_mut(|memory| memory.request_focus(id));
            }
        }
    }

    fn carry_out(
        &mut self,
        ui: &Ui,
        frame: &CanvasFrame<'_>,
        request: MenuRequest,
        at: Pos2,
        commands: &mut Vec<Command>,
    ) {
        let place = frame.projection.scene_from_screen(at);
        match request {
            MenuRequest::Search => self.search = Some(Search::new(at, place, None)),
            MenuRequest::Paste => {
                self.paste_at = Some(place);
                ask_for_paste(ui.ctx());
            }
            MenuRequest::Bend(wire) => {
                self.set_bend(frame, &wire, place, commands);
            }
        }
    }
}
