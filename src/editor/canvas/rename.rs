//! Typing a node's title in its place.

use egui::{Key, TextEdit, Ui, vec2};

use super::{brush::Brush, node, scene::PlacedNode};
use crate::{
    editor::Command,
    workflow::{Edit, NodeId},
};

/// A title that is being typed.
pub(super) struct Rename {
    /// The node.
    pub(super) node: NodeId,
    /// What was typed so far; the title there was until the field is first shown.
    text: Option<String>,
}

impl Rename {
    /// Begins with the title there is.
    pub(super) const fn new(node: NodeId) -> Self {
        Self { node, text: None }
    }
}

/// Shows the field; returns whether typing goes on.
pub(super) fn rename_ui(
    ui: &mut Ui,
    brush: &Brush,
    placed: &PlacedNode,
    rename: &mut Rename,
    commands: &mut Vec<Command>,
) -> bool {
    let layout = &placed.layout;
    let begins = rename.text.is_none();
    let text = rename.text.get_or_insert_with(|| layout.title.clone());
    let left = node::kind_icon(placed.position).right() + 4.0;
    let mut rect = layout.header(placed.position).shrink(3.0);
    rect.min.x = left;
    let rect = brush.projection.rect(rect);
    let size = rect.size().max(vec2(150.0, 22.0));
    let rect = egui::Rect::from_center_size(rect.center(), size);
    let font = egui::FontId::proportional((13.5 * brush.zoom()).round().clamp(12.0, 28.0));
    let cancelled = ui.input(|input| input.key_pressed(Key::Escape));
    let field = TextEdit::singleline(text).id_salt(("title", placed.id.as_str())).font(font).cursor_at_end(true);
    let response = ui.put(rect, field).accessible_name(format!("Title of {}", layout.title));
    if begins {
        response.request_focus();
        return true;
    }
    if cancelled {
        return false;
    }
    if response.lost_focus() {
        let title = text.trim().to_owned();
        let is_default = layout.node.title.is_empty() && title == layout.title;
        if title != layout.node.title && !is_default {
            let label = if title.is_empty() { "Take title back".to_owned() } else { format!("Rename to {title}") };
            commands.push(Command::Edit(label, Edit::SetTitle(placed.id.clone(), title)));
        }
        return false;
    }
    true
}
