//! The whole graph in a corner of the canvas, with the part that is seen: a click goes there, a drag moves the view.
//!
//! What is drawn of the nodes is kept as one mesh and made anew only when something in it changes.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use egui::{
    Align2, Color32, CursorIcon, Mesh, PointerButton, Pos2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo, vec2,
};
use imbl::OrdMap;

use super::{
    CanvasState,
    brush::Brush,
    canvas_frame::{CanvasFrame, Detail},
    frames::rect_of,
    overview,
};
use crate::{
    editor::{LiveState, theme::Tokens},
    engine::Plan,
    session::Marks,
    store::RunId,
    workflow::{Frame, NodeId, WorkflowId},
};

/// The size of the map.
const SIZE: Vec2 = vec2(200.0, 136.0);
/// How far the map is from the corner.
const MARGIN: f32 = 12.0;
/// The room that stays free round the nodes in the map.
const PADDING: f32 = 8.0;
/// On canvases less wide than this the map is smaller.
const FULL_CANVAS: f32 = 1100.0;
/// On canvases smaller than this there is no map.
const LEAST_CANVAS: Vec2 = vec2(520.0, 360.0);
/// Nodes are drawn at least this large, and once for each spot of this size.
const SPOT: f32 = 2.5;
/// While a run goes on the colours follow this often.
const RUN_REFRESH: Duration = Duration::from_millis(400);

/// How opaque the map is above nodes.
const ABOVE_NODES: f32 = 0.55;
/// Where the map can be, the first choice first.
const CORNERS: [Align2; 4] = [Align2::RIGHT_BOTTOM, Align2::LEFT_BOTTOM, Align2::RIGHT_TOP, Align2::LEFT_TOP];

/// The map, as it is kept between frames.
pub(super) struct Minimap {
    corner: Align2,
    key: Option<Key>,
    made: Option<Instant>,
    mesh: Arc<Mesh>,
    /// The part of the scene that the map shows.
    scene: Option<Rect>,
}

impl Default for Minimap {
    fn default() -> Self {
        Self { corner: CORNERS[0], key: None, made: None, mesh: Arc::default(), scene: None }
    }
}

/// Returns whether such a node is below a part of the screen. Seen from afar, where nodes are no larger than in the map, none
/// counts.
fn covers(frame: &CanvasFrame<'_>, on_screen: Rect, counts: impl Fn(usize) -> bool) -> bool {
    if frame.detail == Detail::Blocks {
        return false;
    }
    let projection = frame.projection;
    let area =
        Rect::from_min_max(projection.scene_from_screen(on_screen.min), projection.scene_from_screen(on_screen.max));
    let mut below = Vec::new();
    frame.scene.node_grid.query(area, &mut below);
    below.into_iter().any(|node| frame.rect(node).intersects(area) && counts(node))
}

/// Returns the frames that are seen as such.
fn seen_frames<'a>(frame: &CanvasFrame<'a>) -> impl Iterator<Item = &'a Frame> {
    let unseen = &frame.scene.unseen_frames;
    frame.view.workflow.frames().filter(|(id, _)| !unseen.contains(*id)).map(|(_, frame)| frame)
}

/// What the mesh depends on.
struct Key {
    workflow: (WorkflowId, u64),
    marks: Marks,
    run: Option<(RunId, OrdMap<NodeId, LiveState>, bool)>,
    n_records: usize,
    plan: Option<Plan>,
    on_screen: Rect,
    tokens: &'static Tokens,
}

impl Key {
    fn of(frame: &CanvasFrame<'_>, on_screen: Rect, tokens: &'static Tokens) -> Self {
        let view = frame.view;
        Self {
            workflow: (view.workflow.id(), view.revision),
            marks: view.marks.clone(),
            run: view.run.map(|run| (run.id, run.nodes.clone(), run.finished.is_some())),
            n_records: view.baseline.iter().len(),
            plan: view.show_plan.then(|| view.plan.clone()),
            on_screen,
            tokens,
        }
    }

    /// Returns whether the same nodes are drawn in the same places.
    fn has_places_of(&self, other: &Self) -> bool {
        self.workflow == other.workflow && self.on_screen == other.on_screen && self.tokens == other.tokens
    }

    fn has_colors_of(&self, other: &Self) -> bool {
        let plan = match (&self.plan, &other.plan) {
            (None, None) => true,
            (Some(a), Some(b)) => a.is_same(b),
            _ => false,
        };
        let run = match (&self.run, &other.run) {
            (None, None) => true,
            (Some(a), Some(b)) => a.0 == b.0 && a.1.ptr_eq(&b.1) && a.2 == b.2,
            _ => false,
        };
        plan && run && self.marks.is_same(&other.marks) && self.n_records == other.n_records
    }
}

impl Minimap {
    fn update(&mut self, frame: &CanvasFrame<'_>, on_screen: Rect, tokens: &'static Tokens) {
        let key = Key::of(frame, on_screen, tokens);
        let is_running = matches!(key.run, Some((.., false)));
        let is_fresh = is_running && self.made.is_some_and(|made| made.elapsed() < RUN_REFRESH);
        let keep = |kept: &Key| kept.has_places_of(&key) && (is_fresh || kept.has_colors_of(&key));
        if self.key.as_ref().is_some_and(keep) {
            return;
        }
        self.made = Some(Instant::now());
        self.scene = frame.scene.bounds().map(|bounds| {
            let frames = seen_frames(frame).map(rect_of);
            frames.fold(bounds, Rect::union)
        });
        self.mesh = Arc::new(self.mesh_of(frame, on_screen, tokens));
        self.key = Some(key);
    }

    fn mesh_of(&self, frame: &CanvasFrame<'_>, on_screen: Rect, tokens: &Tokens) -> Mesh {
        let mut mesh = Mesh::default();
        let Some(scale) = self.scale(on_screen) else { return mesh };
        for shape in seen_frames(frame) {
            mesh.add_colored_rect(scale.rect(rect_of(shape)), tokens.of_frame(shape.color).gamma_multiply(0.25));
        }
        let colors = overview::colors(frame, tokens);
        // Later nodes take the place of earlier ones in the same spot, apart from those that stand out.
        let mut spots: BTreeMap<(i32, i32), (Rect, Color32)> = BTreeMap::new();
        for (node, color) in frame.scene.nodes.iter().zip(colors) {
            let rect = scale.rect(node.rect());
            let rect = Rect::from_center_size(rect.center(), rect.size().max(Vec2::splat(SPOT)));
            let spot = ((rect.left() / SPOT) as i32, (rect.top() / SPOT) as i32);
            let stands_out = [tokens.failed, tokens.running].contains(&color);
            if stands_out || !spots.contains_key(&spot) {
                spots.insert(spot, (rect, color));
            }
        }
        for (rect, color) in spots.into_values() {
            mesh.add_colored_rect(rect, color);
        }
        mesh
    }

    fn scale(&self, on_screen: Rect) -> Option<Scale> {
        let scene = self.scene?;
        let room = on_screen.shrink(PADDING);
        let zoom = (room.width() / scene.width().max(1.0)).min(room.height() / scene.height().max(1.0));
        Some(Scale { scene: scene.center(), on_screen: room.center(), zoom })
    }
}

/// Between the scene and the map.
#[derive(Clone, Copy)]
struct Scale {
    scene: Pos2,
    on_screen: Pos2,
    /// Points on the screen for one scene unit.
    zoom: f32,
}

impl Scale {
    fn point(self, scene: Pos2) -> Pos2 {
        self.on_screen + (scene - self.scene) * self.zoom
    }

    fn rect(self, scene: Rect) -> Rect {
        Rect::from_min_max(self.point(scene.min), self.point(scene.max))
    }

    fn scene(self, on_screen: Pos2) -> Pos2 {
        self.scene + (on_screen - self.on_screen) / self.zoom
    }
}

impl CanvasState {
    /// Shows the map or no longer.
    pub const fn show_minimap(&mut self, shown: bool) {
        self.minimap_shown = shown;
    }

    /// Returns where the map is: in the corner where it was, unless that hides a node that is selected.
    fn minimap_place(&mut self, frame: &CanvasFrame<'_>, size: Vec2, is_held: bool) -> Rect {
        let room = frame.projection.view.shrink(MARGIN);
        let in_corner = |align: Align2| align.align_size_within_rect(size, room);
        let selection = frame.view.selection;
        let hides = |align: Align2| {
            !selection.is_empty() && covers(frame, in_corner(align), |node| selection.contains(&frame.node(node).id))
        };
        if !is_held && hides(self.minimap.corner) {
            let free = CORNERS.into_iter().find(|corner| !hides(*corner));
            self.minimap.corner = free.unwrap_or(self.minimap.corner);
        }
        in_corner(self.minimap.corner)
    }

    /// Shows the map, and moves the view where it is clicked or dragged.
    pub(super) fn minimap_ui(&mut self, ui: &Ui, brush: &Brush, frame: &CanvasFrame<'_>) {
        let view = frame.projection.view;
        if !self.minimap_shown || view.width() < LEAST_CANVAS.x || view.height() < LEAST_CANVAS.y {
            return;
        }
        let size = SIZE * (view.width() / FULL_CANVAS).clamp(0.7, 1.0);
        let id = ui.make_persistent_id("minimap");
        let rect = self.minimap_place(frame, size, ui.ctx().is_being_dragged(id));
        self.minimap.update(frame, rect, brush.tokens);
        let Some(scale) = self.minimap.scale(rect) else { return };
        let response = ui.interact(rect, id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Minimap"));
        let mut painter = ui.painter().with_clip_rect(rect);
        if !response.contains_pointer() && !response.dragged() && covers(frame, rect, |_| true) {
            painter.multiply_opacity(ABOVE_NODES);
        }
        let line = Stroke::new(1.0, brush.tokens.line);
        painter.rect(rect, 8.0, brush.tokens.panel.gamma_multiply(0.94), line, StrokeKind::Inside);
        painter.add(Shape::mesh(Arc::clone(&self.minimap.mesh)));
        let seen = scale.rect(frame.projection.visible());
        if !seen.contains_rect(rect) {
            let (fill, line) = (brush.tokens.selection_box, Stroke::new(1.5, brush.tokens.accent));
            painter.rect(seen.intersect(rect.shrink(1.0)), 2.0, fill, line, StrokeKind::Inside);
        }
        if response.hovered() {
            ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
            "Minimap: click to go there, drag to move the view".clone_into(&mut self.status);
        }
        let Some(pointer) = response.interact_pointer_pos() else { return };
        if response.drag_started_by(PointerButton::Primary) {
            // The rectangle moves as it is held; from anywhere else it jumps to the pointer first.
            let origin = ui.input(|input| input.pointer.press_origin()).unwrap_or(pointer);
            self.minimap_grip = if seen.contains(origin) { seen.center() - origin } else { Vec2::ZERO };
        }
        if response.dragged_by(PointerButton::Primary) {
            self.camera.center = scale.scene(pointer + self.minimap_grip);
        } else if response.clicked() {
            self.camera.center = scale.scene(pointer);
        }
    }
}
