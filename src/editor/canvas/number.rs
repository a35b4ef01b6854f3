//! A number on a node in the hand: dragged sideways on its row, it changes.

use super::{
    CanvasState, brush::Brush, canvas_frame::CanvasFrame, geometry::in_one_line, interaction::Interaction, node,
};
use crate::{
    editor::{
        View,
        inspector::{number_speed, set_parameter},
    },
    nodes::{ParameterSchema, ParameterType, ResolvedParameters},
    value::Value,
    workflow::{Edit, NodeId, ParameterId},
};

/// How much slower a number goes with Shift.
const FINER: f64 = 0.1;

/// A number in the hand.
pub(super) struct NumberDrag {
    node: NodeId,
    parameter: ParameterId,
    parameter_type: ParameterType,
    /// Before it is rounded.
    exact: f64,
    /// The least and the greatest; where it started it may stay.
    range: (f64, f64),
    /// How much a point of dragging changes it.
    speed: f64,
    /// Where the pointer was on the screen.
    last: f32,
    /// The pointer has changed it.
    is_moved: bool,
}

/// Returns whether a parameter is a number.
pub(super) const fn is_number(schema: &ParameterSchema) -> bool {
    matches!(schema.parameter_type, ParameterType::Int { .. } | ParameterType::Float { .. })
}

impl NumberDrag {
    /// Takes a number at a place on the screen; `None` if there is none.
    pub(super) fn new(view: View<'_>, node: &NodeId, parameter: &ParameterId, at: f32) -> Option<Self> {
        let placed = view.workflow.node(node)?;
        let kind = view.catalogue.get(&placed.kind)?;
        let schema = kind.parameters.iter().find(|schema| schema.id == *parameter)?;
        let exact = match ResolvedParameters::new(&kind.parameters, placed).get(parameter.as_str()) {
            Value::Int(number) => *number as f64,
            Value::Float(number) => *number,
            _ => return None,
        };
        let (min, max) = match schema.parameter_type {
            ParameterType::Int { min, max, .. } => (min as f64, max as f64),
            ParameterType::Float { min, max, .. } => (min, max),
            _ => return None,
        };
        Some(Self {
            node: node.clone(),
            parameter: parameter.clone(),
            parameter_type: schema.parameter_type.clone(),
            exact,
            range: (min.min(exact), max.max(exact)),
            speed: number_speed(&schema.parameter_type),
            last: at,
            is_moved: false,
        })
    }

    /// Changes the number as the pointer goes to a place on the screen.
    pub(super) fn move_to(&mut self, at: f32, finer: bool) {
        let moved = f64::from(at - std::mem::replace(&mut self.last, at));
        let speed = if finer { self.speed * FINER } else { self.speed };
        self.exact = (self.exact + moved * speed).clamp(self.range.0, self.range.1);
        self.is_moved |= moved != 0.0;
    }

    /// Returns the number as it is held, in round figures.
    fn value(&self) -> Value {
        if matches!(self.parameter_type, ParameterType::Int { .. }) {
            return Value::Int(self.exact.round() as i64);
        }
        let decimals = (2.0 - self.speed.log10().floor()).clamp(0.0, 6.0);
        let scale = 10.0_f64.powf(decimals);
        Value::Float((self.exact * scale).round() / scale)
    }

    /// Returns the edit that leaves the number as it is held, and its label.
    pub(super) fn edit(&self, view: View<'_>) -> Option<(String, Edit)> {
        let edit = || set_parameter(view.workflow, view.catalogue, &self.node, &self.parameter, self.value());
        self.is_moved.then(edit).flatten()
    }
}

impl CanvasState {
    /// Returns whether a number of a node is in the hand.
    pub(super) fn has_number_of(&self, node: &NodeId) -> bool {
        matches!(&self.interaction, Interaction::DragNumber(drag) if drag.node == *node)
    }

    /// Paints the number in the hand in its row, as it is held.
    pub(super) fn paint_number(&self, brush: &Brush, frame: &CanvasFrame<'_>, index: usize) {
        let Interaction::DragNumber(drag) = &self.interaction else { return };
        let layout = frame.layout(index);
        let place = layout.parameters.iter().position(|line| line.id == drag.parameter);
        if let Some(place) = place {
            let rect = layout.parameter(frame.position(index), place);
            let value = in_one_line(&drag.parameter_type, &drag.value());
            brush.fill(rect, 4.0, brush.tokens.node);
            node::paint_parameter(brush, rect, (&layout.parameters[place].label, &value));
            brush.outline(rect, 4.0, egui::Stroke::new(1.0, brush.tokens.accent));
        }
    }
}
