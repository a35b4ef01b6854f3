//! Notes on nodes: shown below the node, typed in their place.

use egui::{Align2, Key, Rect, Role, Sense, Stroke, StrokeKind, TextEdit, Ui, WidgetInfo, pos2, vec2};

use super::{
    CanvasState,
    brush::Brush,
    canvas_frame::{CanvasFrame, Detail},
    scene::PlacedNode,
};
use crate::{
    editor::{Command, icons::Icon, theme::readable},
    workflow::{Edit, NodeId},
};

/// The size of the letters of a note.
const TEXT_SIZE: f32 = 11.0;
/// The height of a note's line.
const HEIGHT: f32 = 20.0;
/// How far below its node a note is.
const GAP: f32 = 6.0;

/// A note that is being typed.
pub(super) struct Commenting {
    node: NodeId,
    /// What was typed so far; nothing until the field is first shown.
    text: Option<String>,
}

impl Commenting {
    /// Begins with the note there is.
    pub(super) const fn new(node: NodeId) -> Self {
        Self { node, text: None }
    }
}

fn place(rect: Rect) -> Rect {
    Rect::from_min_size(pos2(rect.left() + 10.0, rect.bottom() + GAP), vec2(rect.width() - 20.0, HEIGHT))
}

/// Shows the notes of these nodes: the first line each, all of it under the pointer. A click opens a note to be typed.
pub(super) fn notes_ui(ui: &Ui, brush: &Brush, frame: &CanvasFrame<'_>, state: &mut CanvasState, nodes: &[usize]) {
    if frame.detail < Detail::Full {
        return;
    }
    for &index in nodes {
        let PlacedNode { id, layout, .. } = frame.node(index);
        let comment = layout.node.comment.trim();
        if comment.is_empty() || state.commenting.as_ref().is_some_and(|typing| typing.node == *id) {
            continue;
        }
        let rect = place(frame.rect(index));
        let note =
            ui.interact(brush.projection.rect(rect), ui.make_persistent_id(("note", id.as_str())), Sense::click());
        note.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Note of {}: {comment}", layout.title)));
        let line = Stroke::new(1.0, if note.hovered() { brush.tokens.text_muted } else { brush.tokens.line });
        brush.painter.rect(brush.projection.rect(rect), 4.0, brush.tokens.raised, line, StrokeKind::Inside);
        brush.icon(pos2(rect.left() + 11.0, rect.center().y), 12.0, Icon::Note, brush.tokens.stale);
        let first = comment.lines().next().unwrap_or_default();
        let at = pos2(rect.left() + 21.0, rect.center().y);
        brush.text(at, Align2::LEFT_CENTER, first, TEXT_SIZE, rect.width() - 27.0, brush.tokens.text_muted);
        if note.clicked() && frame.view.past.is_none() {
            state.commenting = Some(Commenting::new(id.clone()));
        }
        note.on_hover_ui(|ui| {
            ui.set_max_width(360.0);
            ui.label(readable(comment));
        });
    }
}

impl CanvasState {
    /// Begins to type the note of a node in its place.
    pub fn begin_comment(&mut self, node: NodeId) {
        self.commenting = Some(Commenting::new(node));
    }

    /// Shows the field for a note where one is typed.
    pub(super) fn comment_ui(
        &mut self,
        ui: &mut Ui,
        brush: &Brush,
        frame: &CanvasFrame<'_>,
        commands: &mut Vec<Command>,
    ) {
        let Some(mut typing) = self.commenting.take() else { return };
        let Some(placed) = frame.scene.node(&typing.node) else { return };
        let begins = typing.text.is_none();
        let before = &placed.layout.node.comment;
        let text = typing.text.get_or_insert_with(|| before.clone());
        let corner = brush.projection.rect(place(placed.rect())).min;
        let rect = Rect::from_min_size(corner, vec2(260.0, 72.0));
        let cancelled = ui.input(|input| input.key_pressed(Key::Escape));
        let field = TextEdit::multiline(text).id_salt(("comment", typing.node.as_str())).desired_rows(3);
        let response =
            ui.put(rect, field.hint_text("Note")).accessible_name(format!("Note of {}", placed.layout.title));
        if begins {
            response.request_focus();
        } else if cancelled || response.lost_focus() {
            let text = text.trim();
            if !cancelled && text != before {
                let verb = if text.is_empty() { "Take the note off" } else { "Note on" };
                let label = format!("{verb} {}", placed.layout.title);
                commands.push(Command::Edit(label, Edit::SetComment(typing.node, text.to_owned())));
            }
            return;
        }
        self.commenting = Some(typing);
    }
}
