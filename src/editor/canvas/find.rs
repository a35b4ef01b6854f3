//! Finding nodes by what they are called, what they are, what is set on them and what they gave.

use egui::{Align2, Area, Frame, Key, Margin, Modifiers, Order, TextEdit, Ui, vec2};

use super::{
    CanvasState,
    brush::Brush,
    canvas_frame::{CanvasFrame, Detail},
};
use crate::{
    editor::{
        Command, LookRequest, View,
        icons::{Icon, icon_button},
        theme,
    },
    value::Value,
    workflow::{Node, NodeId, WorkflowId},
};

/// No more of a parameter is looked through, in bytes.
const MAX_VALUE: usize = 10_000;

/// The open bar.
#[derive(Default)]
pub(super) struct Find {
    text: String,
    /// The nodes that have the text, sorted, as of `of`.
    hits: Vec<NodeId>,
    of: Option<((WorkflowId, u64), String)>,
    /// The hit that was shown last.
    at: Option<NodeId>,
    /// The field is to take the focus.
    focus: bool,
}

impl Find {
    /// Brings the hits up to date with what was typed and with the document.
    fn update(&mut self, view: View<'_>) {
        let document = (view.workflow.id(), view.revision);
        if self.of.as_ref().is_some_and(|(known, text)| *known == document && *text == self.text) {
            return;
        }
        self.of = Some((document, self.text.clone()));
        let wanted = self.text.trim().to_lowercase();
        self.hits.clear();
        if !wanted.is_empty() {
            let nodes = view.workflow.nodes().filter(|(id, node)| has(view, id, node, &wanted));
            self.hits.extend(nodes.map(|(id, _)| id.clone()));
        }
    }

    /// Returns the hit after the last one, or before it; from the first or the last on.
    fn next(&mut self, back: bool) -> Option<NodeId> {
        let n_hits = self.hits.len();
        let last = self.at.as_ref().map(|at| self.hits.binary_search(at));
        let index = match (last, back) {
            (None, false) => 0,
            (None, true) => n_hits.checked_sub(1)?,
            (Some(Ok(index)), false) => index + 1,
            (Some(Err(index)), false) => index,
            (Some(Ok(index) | Err(index)), true) => (index + n_hits).checked_sub(1)?,
        };
        self.at = self.hits.get(index.checked_rem(n_hits)?).cloned();
        self.at.clone()
    }

    fn in_words(&self) -> String {
        match (self.text.trim().is_empty(), self.hits.len()) {
            (true, _) => String::new(),
            (false, 0) => "nothing found".to_owned(),
            (false, n_hits) => match self.at.as_ref().and_then(|at| self.hits.binary_search(at).ok()) {
                Some(index) => format!("{} of {n_hits}", index + 1),
                None => format!("{n_hits} found"),
            },
        }
    }
}

/// Returns whether a node has a text, in small letters, in its names, its note, its parameters or its results.
fn has(view: View<'_>, id: &NodeId, node: &Node, wanted: &str) -> bool {
    let contains = |text: &str| text.to_lowercase().contains(wanted);
    let kind_title = || view.catalogue.get(&node.kind).is_some_and(|kind| contains(&kind.title));
    let in_value = |value: &Value| match value {
        Value::Text(text) => contains(&text[..text.floor_char_boundary(MAX_VALUE)]),
        Value::List(items) => items.iter().filter_map(Value::as_text).any(contains),
        other => contains(&other.preview()),
    };
    let in_parameters = || node.parameters.iter().any(|(name, value)| contains(name.as_str()) || in_value(value));
    let in_results = || {
        let record = view.baseline.get(id);
        let shown = record.and_then(|record| record.results.as_ref()).and_then(|results| results.shown());
        shown.is_some_and(|outputs| outputs.iter().any(|(_, value)| contains(&value.preview())))
    };
    contains(id.as_str())
        || contains(&node.title)
        || contains(node.kind.as_str())
        || contains(&node.comment)
        || kind_title()
        || in_parameters()
        || in_results()
}

impl CanvasState {
    /// Opens the bar to find nodes with, or puts the focus into it.
    pub fn open_find(&mut self) {
        self.find.get_or_insert_default().focus = true;
    }

    /// Rings the hits that are in view.
    pub(super) fn paint_hits(&self, brush: &Brush, frame: &CanvasFrame<'_>) {
        let Some(find) = self.find.as_ref().filter(|find| !find.hits.is_empty()) else { return };
        let width = if frame.detail == Detail::Blocks { 1.5 } else { 2.0 };
        for index in frame.visible_nodes() {
            let id = &frame.node(index).id;
            if find.hits.binary_search(id).is_ok() {
                let stroke = egui::Stroke::new(width, brush.tokens.accent);
                brush.outline(frame.rect(index).expand(6.0), 12.0, stroke);
            }
        }
        for (index, group) in frame.scene.groups.iter().enumerate() {
            if group.nodes.iter().any(|&node| find.hits.binary_search(&frame.node(node).id).is_ok()) {
                let stroke = egui::Stroke::new(width, brush.tokens.accent);
                brush.outline(frame.group_rect(index).expand(6.0), 12.0, stroke);
            }
        }
    }

    /// Shows the bar where it is open.
    pub(super) fn find_ui(&mut self, ui: &Ui, frame: &CanvasFrame<'_>, commands: &mut Vec<Command>) {
        let Some(mut find) = self.find.take() else { return };
        find.update(frame.view);
        let mut open = true;
        let corner = frame.projection.view.right_top() + vec2(-12.0, 12.0);
        let tokens = theme::tokens(ui);
        let area = Area::new(ui.make_persistent_id("find")).order(Order::Foreground).fixed_pos(corner);
        area.pivot(Align2::RIGHT_TOP).constrain_to(frame.projection.view).show(ui.ctx(), |ui| {
            let look = Frame::new().fill(tokens.popup).stroke(egui::Stroke::new(1.0, tokens.line)).corner_radius(8.0);
            look.inner_margin(Margin::symmetric(8, 6)).show(ui, |ui| {
                ui.horizontal(|ui| open = find.bar_ui(ui, commands));
            });
        });
        self.find = open.then_some(find);
    }
}

impl Find {
    /// Shows what is in the bar; returns whether it stays open.
    fn bar_ui(&mut self, ui: &mut Ui, commands: &mut Vec<Command>) -> bool {
        let field = TextEdit::singleline(&mut self.text).hint_text("Find in the workflow").desired_width(190.0);
        let response = ui.add(field).accessible_name("Find in the workflow");
        if std::mem::take(&mut self.focus) {
            response.request_focus();
        }
        if response.changed() {
            self.at = None;
        }
        // Enter takes the focus out of a field: it comes back, for the next one.
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let back = ui.input(|input| input.modifiers.shift);
        let mut go = entered.then_some(back);
        if entered {
            response.request_focus();
        }
        ui.add_sized(vec2(84.0, 18.0), egui::Label::new(egui::RichText::new(self.in_words()).small()).truncate());
        if icon_button(ui, Icon::ChevronUp, "Previous hit").on_hover_text("Previous hit (Shift+Enter)").clicked() {
            go = Some(true);
        }
        if icon_button(ui, Icon::ChevronDown, "Next hit").on_hover_text("Next hit (Enter)").clicked() {
            go = Some(false);
        }
        let close = icon_button(ui, Icon::Close, "Close the search").on_hover_text("Close (Esc)").clicked();
        let hit = go.and_then(|back| self.next(back));
        commands.extend(hit.map(|node| Command::Look(LookRequest::Reveal(node))));
        let escaped = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        !(close || escaped)
    }
}
