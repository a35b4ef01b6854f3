//! Key parameters are changed in their place on the node, with the inspector's widgets.

use egui::{
    Area, CursorIcon, Frame, Id, Key, Modifiers, Order, PointerButton, Response, Role, Sense, Stroke, Ui, WidgetInfo,
    vec2,
};

use super::{
    CanvasState,
    brush::Brush,
    canvas_frame::CanvasFrame,
    geometry::ParameterLine,
    interaction::Interaction,
    number::{self, NumberDrag},
    pointer::Target,
};
use crate::{
    editor::{
        Command,
        inspector::{parameter_ui, set_parameter},
    },
    nodes::{ParameterSchema, ParameterType},
    value::Value,
    workflow::{NodeId, ParameterId},
};

/// How wide the field is at least.
const WIDTH: f32 = 240.0;

/// A parameter that is being changed.
pub(super) struct Changing {
    node: NodeId,
    parameter: ParameterId,
    is_new: bool,
    /// What has the focus again at the end.
    row: Id,
}

impl CanvasState {
    /// The rows of key parameters of a node: a click, or Enter, changes one. They are widgets only where somebody could
    /// get at them.
    pub(super) fn parameter_rows_ui(
        &mut self,
        ui: &Ui,
        brush: &Brush,
        frame: &CanvasFrame<'_>,
        (index, all_are_widgets): (usize, bool),
        node: &Response,
        commands: &mut Vec<Command>,
    ) {
        let layout = frame.layout(index);
        if layout.parameters.is_empty() || frame.view.past.is_some() {
            return;
        }
        let id = &frame.node(index).id;
        let in_hand = self.has_number_of(id);
        if !(node.contains_pointer() || in_hand || all_are_widgets) {
            return;
        }
        // A finger comes without having been over the node before: the rows were no widgets then.
        let pressed = node.interact_pointer_pos().filter(|_| node.clicked_by(PointerButton::Primary));
        for (place, line) in layout.parameters.iter().enumerate() {
            let rect = layout.parameter(frame.position(index), place);
            let row = ui.make_persistent_id(("parameter", id.as_str(), line.id.as_str()));
            let is_number = schema_of(frame, id, &line.id).is_some_and(number::is_number);
            let sense = if is_number { Sense::click_and_drag() } else { Sense::click() };
            let response = ui.interact(brush.projection.rect(rect), row, sense);
            response.widget_info(|| {
                WidgetInfo::labeled(Role::Button, true, format!("{} {}: {}", layout.title, line.label, line.value))
            });
            if !(is_number && self.take_number(frame, id, line, &response)) {
                self.touched(frame, Target::Node(index), &response, commands);
            }
            if (response.hovered() || response.has_focus()) && !in_hand {
                let hand = if is_number { CursorIcon::ResizeHorizontal } else { CursorIcon::PointingHand };
                ui.ctx().set_cursor_icon(hand);
                if is_number {
                    self.status =
                        format!("{}: drag sideways to change it, finer with Shift; click to type", line.label);
                }
                brush.outline(rect, 4.0, Stroke::new(1.0, brush.tokens.text_muted));
            }
            let is_clicked = response.clicked() || pressed.is_some_and(|pos| response.rect.contains(pos));
            if is_clicked && ui.input(|input| input.modifiers.is_none()) {
                self.change(frame, id, line, row, commands);
            }
        }
        if in_hand {
            self.paint_number(brush, frame, index);
        }
    }

    /// Takes a number into the hand as its row is dragged; returns whether it was.
    fn take_number(&mut self, frame: &CanvasFrame<'_>, node: &NodeId, line: &ParameterLine, row: &Response) -> bool {
        if !row.drag_started_by(PointerButton::Primary) || self.space_is_down {
            return false;
        }
        let Some(at) = row.ctx.input(|input| input.pointer.press_origin()) else { return false };
        let drag = NumberDrag::new(frame.view, node, &line.id, at.x);
        let is_taken = drag.is_some();
        if let Some(drag) = drag {
            self.interaction = Interaction::DragNumber(drag);
        }
        is_taken
    }

    /// Begins to change a parameter; a yes or no is changed at once.
    fn change(
        &mut self,
        frame: &CanvasFrame<'_>,
        node: &NodeId,
        line: &ParameterLine,
        row: Id,
        commands: &mut Vec<Command>,
    ) {
        let view = frame.view;
        let schema = schema_of(frame, node, &line.id);
        if schema.is_some_and(|schema| schema.parameter_type == ParameterType::Bool) {
            let edit = set_parameter(view.workflow, view.catalogue, node, &line.id, Value::Bool(line.value != "yes"));
            commands.extend(edit.map(|(label, edit)| Command::Edit(label, edit)));
            return;
        }
        self.drafts.focus_next();
        self.changing = Some(Changing { node: node.clone(), parameter: line.id.clone(), is_new: true, row });
    }

    /// Shows the field of the parameter that is being changed, until Enter, Escape, or a press elsewhere.
    pub(super) fn changing_ui(&mut self, ui: &Ui, brush: &Brush, frame: &CanvasFrame<'_>, commands: &mut Vec<Command>) {
        let Some(mut changing) = self.changing.take() else { return };
        let Some(index) = frame.scene.index(&changing.node) else { return };
        let (layout, position) = (frame.layout(index), frame.position(index));
        let place = layout.parameters.iter().position(|line| line.id == changing.parameter);
        let schema = schema_of(frame, &changing.node, &changing.parameter);
        let (Some(place), Some(schema)) = (place, schema) else { return };
        let row = brush.projection.rect(layout.parameter(position, place));
        let escape = ui.input(|input| input.key_pressed(Key::Escape));
        let is_line = !matches!(
            schema.parameter_type,
            ParameterType::Text { .. } | ParameterType::Lines | ParameterType::Json | ParameterType::Table
        );
        let enter = is_line && ui.input(|input| input.key_pressed(Key::Enter)) && !changing.is_new;
        let n_commands = commands.len();
        let area = Area::new(ui.make_persistent_id("change parameter"))
            .order(Order::Foreground)
            .fixed_pos(row.left_bottom() + vec2(0.0, 4.0))
            .constrain_to(ui.ctx().content_rect().shrink(8.0))
            .accessible_name(format!("Change {} of {}", schema.label, layout.title))
            .show(ui.ctx(), |ui| {
                Frame::popup(ui.style()).show(ui, |ui| {
                    ui.set_width(WIDTH.max(row.width()));
                    match &schema.parameter_type {
                        ParameterType::Choice(_) => choices_ui(ui, frame, &changing, schema, commands),
                        _ => parameter_ui(
                            ui,
                            frame.view,
                            (&changing.node, &layout.node),
                            schema,
                            &mut self.drafts,
                            commands,
                        ),
                    }
                });
            });
        let elsewhere = ui.input(|input| {
            let pos = input.pointer.interact_pos().filter(|_| input.pointer.any_pressed());
            pos.is_some_and(|pos| !area.response.rect.contains(pos))
        });
        let is_chosen = matches!(schema.parameter_type, ParameterType::Choice(_)) && commands.len() > n_commands;
        if std::mem::take(&mut changing.is_new) || !(escape || enter || elsewhere || is_chosen) {
            self.changing = Some(changing);
            return;
        }
        let draft = self.drafts.take().filter(|_| elsewhere);
        let edit = draft.and_then(|draft| self.drafts.edit(draft, frame.view.workflow, frame.view.catalogue));
        commands.extend(edit.map(|(label, edit)| Command::Edit(label, edit)));
        if !elsewhere {
            ui.memory_mut(|memory| memory.request_focus(changing.row));
        }
    }
}

fn schema_of<'a>(frame: &CanvasFrame<'a>, node: &NodeId, parameter: &ParameterId) -> Option<&'a ParameterSchema> {
    let kind = frame.view.catalogue.get(&frame.view.workflow.node(node)?.kind)?;
    kind.parameters.iter().find(|schema| schema.id == *parameter)
}

/// Lists the choices of a parameter; arrows walk, Enter chooses.
fn choices_ui(
    ui: &mut Ui,
    frame: &CanvasFrame<'_>,
    changing: &Changing,
    schema: &ParameterSchema,
    commands: &mut Vec<Command>,
) {
    let ParameterType::Choice(choices) = &schema.parameter_type else { return };
    let view = frame.view;
    let Some(node) = view.workflow.node(&changing.node) else { return };
    let chosen = node.parameters.get(&changing.parameter).unwrap_or(&schema.default).as_text().unwrap_or_default();
    let by_key = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter)) && !changing.is_new;
    ui.with_layout(egui::Layout::top_down_justified(egui::Align::Min), |ui| {
        for choice in *choices {
            let response = ui.selectable_label(choice.id == chosen, choice.label);
            if changing.is_new && choice.id == chosen {
                response.request_focus();
            }
            if response.clicked() || (by_key && response.has_focus()) {
                let value = Value::text(choice.id);
                let edit = set_parameter(view.workflow, view.catalogue, &changing.node, &changing.parameter, value);
                commands.extend(edit.map(|(label, edit)| Command::Edit(label, edit)));
            }
        }
    });
}
