//! Numbers: dragged or typed, within their range, with their unit.

use egui::{DragValue, Response, Ui};

use super::{
    drafts::Drafts,
    fields::{Field, MIXED},
    push_draft,
};
use crate::{
    editor::Command,
    nodes::{ParameterSchema, ParameterType},
    value::Value,
};

/// Shows a number; where it is left open, a way to set it.
pub(super) fn number_ui(ui: &mut Ui, field: Field<'_>, drafts: &mut Drafts, commands: &mut Vec<Command>) {
    if matches!(field.value, Value::Null) && !field.is_mixed {
        ui.horizontal(|ui| {
            ui.weak("left open");
            if ui.button(format!("Set {}", field.schema.label)).clicked() {
                field.set(first_number(&field.schema.parameter_type), commands);
            }
        });
        return;
    }
    let target = field.target();
    let is_mixed = field.is_mixed && !drafts.has_number(&target);
    let draft = drafts.number(ui, &target, field.value, |ui, value| {
        drag_ui(ui, field.schema, value, is_mixed).accessible_name(field.schema.label.as_ref())
    });
    push_draft(field.view, drafts, draft, commands);
}

/// Returns the number in the range that is nearest to 0.
fn first_number(parameter_type: &ParameterType) -> Value {
    match parameter_type {
        ParameterType::Int { min, max, .. } => Value::Int(0.max(*min).min(*max)),
        ParameterType::Float { min, max, .. } => Value::Float(0.0_f64.max(*min).min(*max)),
        _ => Value::Null,
    }
}

/// Returns the range of a number in words; nothing if it is none, or any will do.
pub(super) fn range_in_words(parameter_type: &ParameterType) -> String {
    let (from, to, unit) = match parameter_type {
        ParameterType::Int { min, max, unit } => {
            ((*min > i64::MIN).then(|| min.to_string()), (*max < i64::MAX).then(|| max.to_string()), *unit)
        }
        ParameterType::Float { min, max, unit } => {
            ((*min > f64::MIN).then(|| min.to_string()), (*max < f64::MAX).then(|| max.to_string()), *unit)
        }
        _ => return String::new(),
    };
    let unit = with_space(unit);
    match (from, to) {
        (Some(from), Some(to)) => format!("From {from} to {to}{unit}."),
        (Some(from), None) => format!("{from}{unit} or more."),
        (None, Some(to)) => format!("{to}{unit} or less."),
        (None, None) => String::new(),
    }
}

fn with_space(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(" {unit}") }
}

fn drag_ui(ui: &mut Ui, schema: &ParameterSchema, value: &mut Value, is_mixed: bool) -> Response {
    let speed = number_speed(&schema.parameter_type);
    match &schema.parameter_type {
        ParameterType::Int { min, max, unit } => {
            let mut number = match value {
                Value::Int(number) => *number,
                Value::Float(number) => *number as i64,
                _ => 0,
            };
            let response = ui.add(look(DragValue::new(&mut number).range(*min..=*max).speed(speed), unit, is_mixed));
            if response.changed() {
                *value = Value::Int(number);
            }
            response
        }
        ParameterType::Float { min, max, unit } => {
            let mut number = match value {
                Value::Int(number) => *number as f64,
                Value::Float(number) => *number,
                _ => 0.0,
            };
            let drag = DragValue::new(&mut number).range(*min..=*max).speed(speed).max_decimals(6);
            let response = ui.add(look(drag, unit, is_mixed));
            if response.changed() {
                *value = Value::Float(number);
            }
            response
        }
        _ => ui.weak(value.preview()),
    }
}

fn look<'a>(drag: DragValue<'a>, unit: &str, is_mixed: bool) -> DragValue<'a> {
    let drag = drag.clamp_existing_to_range(false);
    if is_mixed { drag.custom_formatter(|_, _| MIXED.to_owned()) } else { drag.suffix(with_space(unit)) }
}

/// Returns how much a point of dragging changes a number.
pub(crate) fn number_speed(parameter_type: &ParameterType) -> f64 {
    match parameter_type {
        ParameterType::Int { min, max, .. } => drag_speed(max.saturating_sub(*min) as f64).max(0.05),
        ParameterType::Float { min, max, .. } => drag_speed(max - min),
        _ => 1.0,
    }
}

/// Returns how much a point of dragging changes a number in a range this wide.
fn drag_speed(range: f64) -> f64 {
    if range.is_finite() { (range / 500.0).clamp(0.001, 1.0) } else { 0.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_number_starts_near_zero_within_its_range() {
        let int = |min, max| first_number(&ParameterType::Int { min, max, unit: "" });
        assert_eq!(int(-5, 5), Value::Int(0));
        assert_eq!(int(1, 5), Value::Int(1));
        assert_eq!(int(-5, -2), Value::Int(-2));
    }

    #[test]
    fn dragging_is_finer_in_small_ranges() {
        assert!(drag_speed(1.0) < drag_speed(100.0));
        assert!(drag_speed(f64::INFINITY) > 0.0);
        assert!(drag_speed(0.0) > 0.0);
    }

    #[test]
    fn ranges_are_told_as_far_as_there_are_any() {
        let int = |min, max, unit| range_in_words(&ParameterType::Int { min, max, unit });
        assert_eq!(int(1, 100, "px"), "From 1 to 100 px.");
        assert_eq!(int(0, i64::MAX, ""), "0 or more.");
        assert_eq!(int(i64::MIN, i64::MAX, "s"), "");
        assert_eq!(range_in_words(&ParameterType::Float { min: f64::MIN, max: 0.5, unit: "s" }), "0.5 s or less.");
        assert_eq!(range_in_words(&ParameterType::Bool), "");
    }
}
