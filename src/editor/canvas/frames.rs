//! Frames: titled boxes behind nodes. A frame carries what stands in it.

use egui::{
    Align2, Color32, CursorIcon, Key, PointerButton, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, TextEdit,
    Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::{
    CanvasState, brush::Brush, canvas_frame::CanvasFrame, geometry::snapped, interaction::Interaction, pointer::Target,
    scene::Scene,
};
use crate::{
    editor::{
        Command, View,
        arrange::{FRAME_PADDING, FRAME_TITLE},
        command_item,
        command_table::{self, CommandId as Id, Situation},
        groups, theme, ways,
    },
    workflow::{Edit, Frame, FrameColor, FrameId, NodeId, Position, Workflow},
};

/// How near an edge the pointer must be on the screen to take it.
const EDGE_REACH: f32 = 5.0;
/// Titles lower than this on the screen cannot be taken.
const LEAST_TITLE: f32 = 7.0;
/// How small a frame can be made.
const LEAST_SIZE: Vec2 = vec2(80.0, FRAME_TITLE + FRAME_PADDING);

/// Which part of a frame is in the hand: its title, or an edge or corner by the side it is on (-1, 0 or 1 each way).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grip {
    Title,
    Edge(i8, i8),
}

/// A frame in the hand.
pub(super) struct FrameDrag {
    frame: FrameId,
    grip: Grip,
    /// Where the pointer took it, in the scene.
    origin: Pos2,
    /// Where it was.
    start: Rect,
    /// Where it is held.
    held: Rect,
    /// The nodes it carries, sorted.
    nodes: Vec<NodeId>,
    /// The frames it carries, with where they were.
    frames: Vec<(FrameId, Rect)>,
}

impl FrameDrag {
    fn new(scene: &Scene, workflow: &Workflow, frame: &FrameId, grip: Grip, origin: Pos2) -> Option<Self> {
        let start = rect_of(workflow.frame(frame)?);
        let (mut nodes, mut frames) = (Vec::new(), Vec::new());
        if grip == Grip::Title {
            nodes = nodes_in(scene, start);
            for group in scene.groups.iter().filter(|group| start.contains(group.rect.center())) {
                nodes.extend(group.nodes.iter().map(|&node| scene.nodes[node].id.clone()));
            }
            nodes.sort_unstable();
            let folded = groups::whole(workflow, &nodes.iter().cloned().collect());
            let is_inside = |id: &FrameId, other: &Frame| {
                folded.contains(id) || (!scene.unseen_frames.contains(id) && start.contains_rect(rect_of(other)))
            };
            let inner = workflow.frames().filter(|(id, other)| *id != frame && is_inside(id, other));
            frames.extend(inner.map(|(id, other)| (id.clone(), rect_of(other))));
        }
        Some(Self { frame: frame.clone(), grip, origin, start, held: start, nodes, frames })
    }

    /// Moves the frame or its edge to the pointer.
    pub(super) fn move_to(&mut self, pointer: Pos2, snap: bool) {
        let wanted = pointer - self.origin;
        let put = |point: Pos2| if snap { snapped(point) } else { point };
        self.held = match self.grip {
            Grip::Title => Rect::from_min_size(put(self.start.min + wanted), self.start.size()),
            Grip::Edge(x, y) => {
                let (min, max) = (put(self.start.min + wanted), put(self.start.max + wanted));
                let mut rect = self.start;
                match x {
                    -1 => rect.min.x = min.x.min(rect.max.x - LEAST_SIZE.x),
                    1 => rect.max.x = max.x.max(rect.min.x + LEAST_SIZE.x),
                    _ => {}
                }
                match y {
                    -1 => rect.min.y = min.y.min(rect.max.y - LEAST_SIZE.y),
                    1 => rect.max.y = max.y.max(rect.min.y + LEAST_SIZE.y),
                    _ => {}
                }
                rect
            }
        };
    }

    /// Returns the nodes it carries.
    pub(super) fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// Returns the frames in the hand, the one that was taken first, and where in the scene it was taken; `None` if only its
    /// edge is.
    pub(super) fn carried_frames(&self) -> Option<(Vec<&FrameId>, Pos2)> {
        let inner = self.frames.iter().map(|(id, _)| id);
        (self.grip == Grip::Title).then(|| (std::iter::once(&self.frame).chain(inner).collect(), self.origin))
    }

    /// Returns how far what it carries is moved.
    pub(super) fn offset(&self) -> Vec2 {
        match self.grip {
            Grip::Title => self.held.min - self.start.min,
            Grip::Edge(..) => Vec2::ZERO,
        }
    }

    /// Returns where a frame is held; `None` if it is not in the hand.
    fn held(&self, frame: &FrameId) -> Option<Rect> {
        if *frame == self.frame {
            return Some(self.held);
        }
        let carried = self.frames.iter().find(|(id, _)| id == frame);
        carried.map(|(_, rect)| rect.translate(self.offset()))
    }

    /// Returns the command that leaves all where it is held.
    pub(super) fn command(&self, workflow: &Workflow) -> Option<Command> {
        let frame = workflow.frame(&self.frame)?;
        if self.held == self.start {
            return None;
        }
        let verb = if self.grip == Grip::Title { "Move" } else { "Resize" };
        let shift = |Position(x, y): Position| Position(x + self.offset().x, y + self.offset().y);
        let mut edits = vec![put(&self.frame, frame, self.held)];
        for (id, rect) in &self.frames {
            edits.extend(workflow.frame(id).map(|frame| put(id, frame, rect.translate(self.offset()))));
        }
        if !self.nodes.is_empty() {
            let places = self.nodes.iter().filter_map(|id| Some((id.clone(), shift(workflow.node(id)?.position))));
            edits.push(Edit::MoveNodes(places.collect()));
        }
        let offset = self.offset();
        edits.extend(ways::carried(workflow, |node| {
            self.nodes.binary_search(node).is_ok().then_some((offset.x, offset.y))
        }));
        Some(Command::Edit(format!("{verb} frame {}", frame.title), Edit::Group(edits)))
    }
}

/// A frame's title that is being typed.
pub(super) struct FrameTitle {
    frame: FrameId,
    /// What was typed so far; nothing until the field is first shown.
    text: Option<String>,
}

impl FrameTitle {
    /// Begins with the title there is.
    pub(super) const fn new(frame: FrameId) -> Self {
        Self { frame, text: None }
    }
}

/// Returns where a frame is.
pub(crate) fn rect_of(frame: &Frame) -> Rect {
    Rect::from_min_size(pos2(frame.position.0, frame.position.1), vec2(frame.size.0, frame.size.1))
}

/// Returns the edit that puts a frame elsewhere.
pub(crate) fn put(id: &FrameId, frame: &Frame, rect: Rect) -> Edit {
    let (position, size) = (Position(rect.min.x, rect.min.y), (rect.width(), rect.height()));
    Edit::SetFrame(id.clone(), Frame { position, size, ..frame.clone() })
}

/// Returns the nodes whose middle is in a rectangle, sorted.
fn nodes_in(scene: &Scene, rect: Rect) -> Vec<NodeId> {
    let mut found = Vec::new();
    scene.node_grid.query(rect, &mut found);
    found.sort_unstable();
    let nodes = found.into_iter().map(|index| &scene.nodes[index]);
    nodes.filter(|node| rect.contains(node.rect().center())).map(|node| node.id.clone()).collect()
}

/// Shows the frames, large ones below, and takes in what happens to them.
pub(super) fn frames_ui(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    canvas: &Response,
    state: &mut CanvasState,
    commands: &mut Vec<Command>,
) {
    if !frame.view.selection.is_empty() || canvas.clicked() {
        state.frame = None;
    }
    let area = |frame: &Frame| frame.size.0 * frame.size.1;
    let mut frames: Vec<(&FrameId, &Frame)> = frame.view.workflow.frames().collect();
    if !frame.scene.unseen_frames.is_empty() {
        frames.retain(|(id, _)| !frame.scene.unseen_frames.contains(*id));
    }
    frames.sort_by(|one, other| area(other.1).total_cmp(&area(one.1)));
    for (id, shape) in frames {
        let held = match &state.interaction {
            Interaction::DragFrame(drag) => drag.held(id),
            _ => None,
        };
        let rect = held.unwrap_or_else(|| rect_of(shape));
        if brush.projection.rect(rect).expand(EDGE_REACH).intersects(brush.projection.view) {
            paint(brush, rect, shape, state.frame.as_ref() == Some(id));
            widgets_ui(ui, brush, frame, state, (id, shape, rect), commands);
        }
    }
}

fn paint(brush: &Brush, rect: Rect, frame: &Frame, selected: bool) {
    let on_screen = brush.projection.rect(rect);
    let color = brush.tokens.of_frame(frame.color);
    let radius = (10.0 * brush.zoom()).min(16.0);
    brush.painter.rect_filled(on_screen, radius, color.gamma_multiply(0.09));
    brush.fill_upper(title_rect(rect), 10.0, color.gamma_multiply(0.2));
    let line = if selected {
        Stroke::new(2.0, brush.tokens.selection_ring)
    } else {
        Stroke::new(1.0, color.gamma_multiply(0.65))
    };
    brush.painter.rect_stroke(on_screen, radius, line, StrokeKind::Inside);
    let at = pos2(rect.left() + 12.0, title_rect(rect).center().y);
    // From afar the letters fill the title's height.
    let size = (11.0 / brush.zoom()).clamp(14.0, 24.0);
    brush.text(at, Align2::LEFT_CENTER, &frame.title, size, rect.width() - 24.0, brush.tokens.text);
}

fn title_rect(rect: Rect) -> Rect {
    Rect::from_min_size(rect.min, vec2(rect.width(), FRAME_TITLE))
}

fn widgets_ui(
    ui: &Ui,
    brush: &Brush,
    frame: &CanvasFrame<'_>,
    state: &mut CanvasState,
    (id, shape, rect): (&FrameId, &Frame, Rect),
    commands: &mut Vec<Command>,
) {
    let title = brush.projection.rect(title_rect(rect));
    if title.height() < LEAST_TITLE || frame.view.past.is_some() {
        return;
    }
    let response = ui.interact(title, ui.make_persistent_id(("frame", id.as_str())), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Frame {}", shape.title)));
    if response.drag_started_by(PointerButton::Middle) || (response.drag_started() && state.space_is_down) {
        state.touched(frame, Target::Canvas, &response, commands);
        return;
    }
    if response.hovered() {
        state.status = format!("Frame {}: drag to move it with what stands in it", shape.title);
        ui.ctx().set_cursor_icon(CursorIcon::Grab);
    }
    if response.double_clicked() {
        state.frame_title = Some(FrameTitle::new(id.clone()));
    } else if response.clicked() || response.secondary_clicked() {
        state.leave_bends();
        state.frame = Some(id.clone());
        commands.push(Command::Select(Vec::new()));
    }
    take(frame, state, &response, (id, Grip::Title));
    response.context_menu(|ui| menu_ui(ui, frame.view, id, commands));
    let on_screen = brush.projection.rect(rect);
    for (x, y) in [(-1, 0), (1, 0), (0, 1), (0, -1), (-1, 1), (1, 1), (-1, -1), (1, -1)] {
        let name = ("frame edge", id.as_str(), x, y);
        let edge = ui.interact(edge_rect(on_screen, x, y), ui.make_persistent_id(name), Sense::drag());
        if edge.hovered() || edge.dragged() {
            ui.ctx().set_cursor_icon(edge_cursor(x, y));
        }
        take(frame, state, &edge, (id, Grip::Edge(x, y)));
    }
}

fn take(frame: &CanvasFrame<'_>, state: &mut CanvasState, response: &Response, (id, grip): (&FrameId, Grip)) {
    if response.drag_started_by(PointerButton::Primary)
        && let Some(origin) = response.ctx.input(|input| input.pointer.press_origin())
    {
        let origin = frame.projection.scene_from_screen(origin);
        if let Some(drag) = FrameDrag::new(frame.scene, frame.view.workflow, id, grip, origin) {
            state.interaction = Interaction::DragFrame(drag);
        }
    }
}

/// Returns where an edge or a corner can be taken; corners are a little larger.
fn edge_rect(rect: Rect, x: i8, y: i8) -> Rect {
    let span = |side: i8, min: f32, max: f32| match side {
        -1 => (min, min),
        1 => (max, max),
        _ => (min, max),
    };
    let ((left, right), (top, bottom)) = (span(x, rect.left(), rect.right()), span(y, rect.top(), rect.bottom()));
    let reach = if x != 0 && y != 0 { EDGE_REACH * 1.6 } else { EDGE_REACH };
    let reach = vec2(if x == 0 { -EDGE_REACH } else { reach }, if y == 0 { -EDGE_REACH } else { reach });
    Rect::from_min_max(pos2(left, top) - reach, pos2(right, bottom) + reach)
}

const fn edge_cursor(x: i8, y: i8) -> CursorIcon {
    match (x, y) {
        (_, 0) => CursorIcon::ResizeHorizontal,
        (0, _) => CursorIcon::ResizeVertical,
        (-1, -1) | (1, 1) => CursorIcon::ResizeNwSe,
        _ => CursorIcon::ResizeNeSw,
    }
}

/// What a frame offers, above and below its colours.
const ABOVE: &[&[Id]] = &[&[Id::Rename, Id::SelectInFrame, Id::Group]];
const BELOW: &[&[Id]] = &[&[Id::Delete]];

fn menu_ui(ui: &mut Ui, view: View<'_>, id: &FrameId, commands: &mut Vec<Command>) {
    let situation = Situation::of(view).about_frame(id);
    let items = |ui: &mut Ui, groups: &[&[Id]], commands: &mut Vec<Command>| {
        let chosen = command_item::menu_ui(ui, groups, &situation, &mut false);
        commands.extend(chosen.map(|chosen| (command_table::get(chosen).command)(&situation)));
    };
    items(ui, ABOVE, commands);
    ui.separator();
    ui.horizontal(|ui| {
        ui.add_space(6.0);
        colors_ui(ui, &situation, commands);
    });
    ui.separator();
    items(ui, BELOW, commands);
}

/// Shows the colours that a frame can have; a click gives it one.
pub(crate) fn colors_ui(ui: &mut Ui, situation: &Situation<'_>, commands: &mut Vec<Command>) {
    let Some(frame) = situation.chosen_frame() else { return };
    for (color, command) in FrameColor::ALL.into_iter().zip(command_table::FRAME_COLORS) {
        let entry = command_table::get(command);
        if swatch_ui(ui, color, frame.color == color).on_hover_text(entry.tooltip(ui.ctx())).clicked() {
            commands.push((entry.command)(situation));
            ui.close();
        }
    }
}

fn swatch_ui(ui: &mut Ui, color: FrameColor, chosen: bool) -> Response {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(22.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, format!("{} frame", color.name())));
    let line = if chosen || response.hovered() { tokens.text } else { Color32::TRANSPARENT };
    ui.painter().rect(rect.shrink(2.0), 4.0, tokens.of_frame(color), Stroke::new(2.0, line), StrokeKind::Outside);
    response
}

impl CanvasState {
    /// Returns the frame that was clicked last, if no node is selected since.
    pub const fn frame(&self) -> Option<&FrameId> {
        self.frame.as_ref()
    }

    /// Takes a frame as if it had been clicked.
    pub fn choose_frame(&mut self, frame: FrameId) {
        self.frame = Some(frame);
    }

    /// Begins to type a frame's title.
    pub fn begin_frame_title(&mut self, frame: FrameId) {
        self.frame_title = Some(FrameTitle::new(frame));
    }

    /// Shows the field for a frame's title where one is typed.
    pub(super) fn frame_title_ui(
        &mut self,
        ui: &mut Ui,
        brush: &Brush,
        frame: &CanvasFrame<'_>,
        commands: &mut Vec<Command>,
    ) {
        let Some(mut typing) = self.frame_title.take() else { return };
        let Some(shape) = frame.view.workflow.frame(&typing.frame) else { return };
        let begins = typing.text.is_none();
        let text = typing.text.get_or_insert_with(|| shape.title.clone());
        let rect = brush.projection.rect(title_rect(rect_of(shape)).shrink(4.0));
        let size = rect.size().max(vec2(150.0, 22.0)).min(vec2(360.0, 40.0));
        let rect = Rect::from_min_size(rect.min, size);
        let font = egui::FontId::proportional((14.0 * brush.zoom()).round().clamp(12.0, 28.0));
        let cancelled = ui.input(|input| input.key_pressed(Key::Escape));
        let field = TextEdit::singleline(text).id_salt(("frame title", typing.frame.as_str())).font(font);
        let response =
            ui.put(rect, field.cursor_at_end(true)).accessible_name(format!("Title of frame {}", shape.title));
        if begins {
            response.request_focus();
        } else if cancelled || response.lost_focus() {
            let title = text.trim().to_owned();
            if !cancelled && title != shape.title {
                let edit = Edit::SetFrame(typing.frame.clone(), Frame { title: title.clone(), ..shape.clone() });
                commands.push(Command::Edit(format!("Rename frame to {title}"), edit));
            }
            return;
        }
        self.frame_title = Some(typing);
    }
}
