//! Kinds that decide where a value goes.

use arrow::{array::StringArray, compute::regexp_is_match_scalar};

use super::{Arity, Choice, Context, Family, Kind, Load, NodeError, Outputs, ParameterSchema, ParameterType, Success};
use crate::value::{Value, ValueType};

/// The tests a branch offers.
const TESTS: &[Choice] = &[
    Choice { id: "true", label: "is true or not empty" },
    Choice { id: "equals", label: "equals" },
    Choice { id: "not_equals", label: "does not equal" },
    Choice { id: "greater", label: "is greater than" },
    Choice { id: "less", label: "is less than" },
    Choice { id: "contains", label: "contains" },
    Choice { id: "matches", label: "matches the pattern" },
];

pub(super) fn kinds() -> Vec<Kind> {
    vec![branch(), merge()]
}

fn branch() -> Kind {
    Kind::new("branch", "Branch", Family::Flow, run_branch)
        .about(
            "Sends a value one way or the other, by a test of the value or by a condition.",
            "if else switch route decide condition compare filter gate",
        )
        .input("value", ValueType::Any, Arity::Required)
        .input("condition", ValueType::Bool, Arity::Optional)
        .output("then", ValueType::Any)
        .output("else", ValueType::Any)
        .parameter(
            ParameterSchema::new(
                "test",
                "Test",
                ParameterType::Choice(TESTS),
                "true",
                "What the value is asked. Not used when something arrives on the input condition.",
            )
            .on_node(),
        )
        .parameter(
            ParameterSchema::new(
                "operand",
                "Compare with",
                ParameterType::Line { hint: "4000, Adelie, ^A.*e$" },
                "",
                "What the value is compared with. Texts that read as numbers compare as numbers; a list or table \
                 counts as its number of items or rows for greater and less.",
            )
            .on_node(),
        )
        .load(Load::Instant)
}

fn run_branch(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let value = ctx.required("value")?;
    let holds = match ctx.input("condition") {
        Some(Value::Bool(condition)) => *condition,
        Some(other) => return Err(NodeError::new(format!("the condition must be Bool, got {}", other.preview()))),
        None => test(value, ctx.parameters().text("test"), ctx.parameters().text("operand"))?,
    };
    Ok(Success::one(if holds { "then" } else { "else" }, value.clone()))
}

fn test(value: &Value, test: &str, operand: &str) -> Result<bool, NodeError> {
    match test {
        "true" => Ok(is_true(value)),
        "equals" => Ok(equals(value, operand)),
        "not_equals" => Ok(!equals(value, operand)),
        "greater" => Ok(compare(value, operand)?.is_gt()),
        "less" => Ok(compare(value, operand)?.is_lt()),
        "contains" => contains(value, operand),
        "matches" => matches(value, operand),
        other => Err(NodeError::new(format!("there is no test {other:?}"))),
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Int(value) => *value != 0,
        Value::Float(value) => *value != 0.0 && !value.is_nan(),
        Value::Text(text) => !text.is_empty(),
        Value::Bytes(bytes) => !bytes.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Record(record) => !record.is_empty(),
        Value::Table(table) => table.n_rows() > 0,
        Value::Image(image) => !image.pixels().is_empty(),
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

fn equals(value: &Value, operand: &str) -> bool {
    match value {
        Value::Int(value) => operand.trim().parse() == Ok(*value) || number(operand) == Some(*value as f64),
        Value::Float(value) => number(operand) == Some(*value),
        Value::Bool(value) => operand.trim().eq_ignore_ascii_case(if *value { "true" } else { "false" }),
        Value::Text(text) => **text == *operand,
        other => other.display_text() == operand,
    }
}

fn compare(value: &Value, operand: &str) -> Result<std::cmp::Ordering, NodeError> {
    let left = match value {
        Value::Int(value) => *value as f64,
        Value::Float(value) => *value,
        Value::List(_) | Value::Table(_) => value.n_rows().unwrap_or(0) as f64,
        Value::Text(text) => match (number(text), number(operand)) {
            (Some(left), Some(_)) => left,
            _ => return Ok((**text).cmp(operand)),
        },
        other => return Err(NodeError::new(format!("{} is neither greater nor less than anything", other.preview()))),
    };
    let right = number(operand).ok_or_else(|| {
        NodeError::new(format!("cannot compare {} with {operand:?}, which is not a number", value.preview()))
    })?;
    left.partial_cmp(&right).ok_or_else(|| NodeError::new("NaN is neither greater nor less than anything"))
}

fn contains(value: &Value, operand: &str) -> Result<bool, NodeError> {
    match value {
        Value::Text(text) => Ok(text.contains(operand)),
        Value::List(items) => Ok(items.iter().any(|item| equals(item, operand))),
        Value::Record(record) => Ok(record.get(operand).is_some()),
        Value::Table(table) => Ok(table.column_names().any(|name| name == operand)),
        other => Err(NodeError::new(format!(
            "{} cannot contain anything: contains works on a text, a list, a record's names or a table's columns",
            other.preview()
        ))),
    }
}

fn matches(value: &Value, pattern: &str) -> Result<bool, NodeError> {
    let Value::Text(text) = value else {
        return Err(NodeError::new(format!("a pattern needs a text, got {}", value.preview())));
    };
    let texts = StringArray::from_iter_values([&**text]);
    let matched = regexp_is_match_scalar(&texts, pattern, None)
        .map_err(|error| NodeError::new(format!("{pattern:?} is not a pattern: {}", last_line(&error.to_string()))))?;
    Ok(matched.value(0))
}

/// Returns the line of a pattern's error that says what is wrong; those before draw a picture of where.
fn last_line(message: &str) -> &str {
    message.lines().last().unwrap_or_default().trim().trim_start_matches("error: ")
}

fn merge() -> Kind {
    Kind::new("merge", "Merge", Family::Flow, run_merge)
        .about(
            "Gives the first of its inputs that has a value.",
            "join branches coalesce first any either fallback otherwise",
        )
        .input("in", ValueType::Any, Arity::AnyOf)
        .output("out", ValueType::Any)
        .load(Load::Instant)
}

fn run_merge(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let inputs = ctx.inputs("in");
    let outputs = inputs.first().map_or_else(Outputs::none, |(_, value)| Outputs::one("out", (*value).clone()));
    Ok(Success::new(outputs))
}
