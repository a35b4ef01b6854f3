//! Branches and merges.

use std::cmp::Ordering;

use super::{Arity, Choice, Context, Family, Kind, Load, NodeError, ParameterSchema, ParameterType, Success};
use crate::value::{Value, ValueType, from_json};

pub(super) fn kinds() -> Vec<Kind> {
    vec![branch(), merge()]
}

const TESTS: &[Choice] = &[
    Choice { id: "is_true", label: "is true or not empty" },
    Choice { id: "equals", label: "equals" },
    Choice { id: "differs", label: "does not equal" },
    Choice { id: "greater", label: "is greater than" },
    Choice { id: "less", label: "is less than" },
    Choice { id: "contains", label: "contains" },
    Choice { id: "matches", label: "matches (* any text, ? any character)" },
];

fn branch() -> Kind {
    Kind::new("branch", "Branch", Family::Flow, |ctx| {
        let value = ctx.required("value")?;
        let port = if decides_for_then(ctx, value)? { "then" } else { "else" };
        Ok(Success::one(port, value.clone()))
    })
    .about("Sends a value one way or the other.", "if else condition switch test filter compare choose")
    .input("value", ValueType::Any, Arity::Required)
    .input("condition", ValueType::Bool, Arity::Optional)
    .output("then", ValueType::Any)
    .output("else", ValueType::Any)
    .parameter(
        ParameterSchema::new(
            "test",
            "Then if the value",
            ParameterType::Choice(TESTS),
            "is_true",
            "What is asked of the value; a connected condition decides instead.",
        )
        .on_node(),
    )
    .parameter(
        ParameterSchema::new(
            "operand",
            "Operand",
            ParameterType::Line { hint: "what to compare with" },
            "",
            "What the value is compared with. Numbers compare as numbers, texts in the order of their characters.",
        )
        .on_node(),
    )
    .load(Load::Instant)
}

fn merge() -> Kind {
    Kind::new("merge", "Merge", Family::Flow, |ctx| match ctx.inputs("in").first() {
        Some((_, value)) => Ok(Success::one("out", (*value).clone())),
        None => Err(NodeError::new("nothing arrived on any input")),
    })
    .about("Gives the first input that has a value.", "join branches either coalesce first any end if")
    .input("in", ValueType::Any, Arity::AnyOf)
    .output("out", ValueType::Any)
    .load(Load::Instant)
}

fn decides_for_then(ctx: &Context<'_>, value: &Value) -> Result<bool, NodeError> {
    if let Some(Value::Bool(condition)) = ctx.input("condition") {
        return Ok(*condition);
    }
    let operand = ctx.parameters().text("operand");
    match ctx.parameters().text("test") {
        "equals" => equals(value, operand),
        "differs" => equals(value, operand).map(|equal| !equal),
        "greater" => compare(value, operand).map(Ordering::is_gt),
        "less" => compare(value, operand).map(Ordering::is_lt),
        "contains" => contains(value, operand),
        "matches" => Ok(matches(&plain_text(value)?, operand)),
        _ => Ok(is_true_or_not_empty(value)),
    }
}

fn is_true_or_not_empty(value: &Value) -> bool {
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
        // Whether a stream has items is known once it is read.
        Value::Stream(_) => true,
    }
}

fn equals(value: &Value, operand: &str) -> Result<bool, NodeError> {
    match value {
        Value::Null => Ok(matches!(operand.trim(), "" | "null")),
        Value::Bool(value) => Ok(operand.trim().eq_ignore_ascii_case(if *value { "true" } else { "false" })),
        Value::Int(_) | Value::Float(_) => Ok(compare_number(value, operand) == Some(Ordering::Equal)),
        Value::Text(text) => Ok(&**text == operand),
        Value::List(_) | Value::Record(_) => serde_json::from_str(operand)
            .map(|json| from_json(&json) == *value)
            .map_err(|error| NodeError::new(format!("the operand is compared as JSON, and it is none: {error}"))),
        Value::Bytes(_) | Value::Table(_) | Value::Image(_) | Value::Stream(_) => Err(cannot_compare(value)),
    }
}

fn compare(value: &Value, operand: &str) -> Result<Ordering, NodeError> {
    match value {
        Value::Int(_) | Value::Float(_) => compare_number(value, operand).ok_or_else(|| {
            NodeError::new(format!(
                "cannot compare {} with the operand {operand:?}: it is not a number",
                value.preview()
            ))
        }),
        Value::Text(text) => Ok((**text).cmp(operand)),
        _ => Err(cannot_compare(value)),
    }
}

fn cannot_compare(value: &Value) -> NodeError {
    NodeError::new(format!(
        "cannot compare {} with an operand: connect the condition, or choose another test",
        value.preview()
    ))
}

/// Compares whole numbers exactly and others as floats; `None` if the operand is no number or either is NaN.
fn compare_number(value: &Value, operand: &str) -> Option<Ordering> {
    let operand = operand.trim();
    match (value, operand.parse::<i64>()) {
        (Value::Int(value), Ok(operand)) => Some(value.cmp(&operand)),
        (Value::Int(value), _) => (*value as f64).partial_cmp(&operand.parse().ok()?),
        (Value::Float(value), _) => value.partial_cmp(&operand.parse().ok()?),
        _ => None,
    }
}

fn contains(value: &Value, operand: &str) -> Result<bool, NodeError> {
    match value {
        Value::List(items) => {
            let mut plain = items.iter().filter(|item| !matches!(item, Value::List(_) | Value::Record(_)));
            plain.try_fold(false, |found, item| Ok(found || equals(item, operand)?))
        }
        Value::Record(record) => Ok(record.get(operand).is_some()),
        Value::Table(table) => Ok(table.column_names().any(|name| name == operand)),
        _ => Ok(plain_text(value)?.contains(operand)),
    }
}

fn plain_text(value: &Value) -> Result<String, NodeError> {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => Ok(value.display_text()),
        _ => Err(cannot_compare(value)),
    }
}

/// Returns whether a text is like a pattern in which `*` stands for any text and `?` for any character.
fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut pattern_at) = (0, 0);
    // Where to go on after the newest `*` when it has to swallow one more character.
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(pattern_at) {
            Some('*') => {
                pattern_at += 1;
                retry = Some((at, pattern_at));
            }
            Some(&expected) if expected == '?' || expected == text[at] => {
                at += 1;
                pattern_at += 1;
            }
            _ => match &mut retry {
                Some((swallowed, after)) => {
                    *swallowed += 1;
                    (at, pattern_at) = (*swallowed, *after);
                }
                None => return false,
            },
        }
    }
    pattern[pattern_at..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::testing::Trial;

    fn way(value: Value, test: &str, operand: &str) -> &'static str {
        let outputs = Trial::of("branch").input("value", value).set("test", test).set("operand", operand).outputs();
        assert_eq!(outputs.iter().len(), 1, "exactly one way has the value");
        if outputs.get(&"then".into()).is_some() { "then" } else { "else" }
    }

    #[test]
    fn exactly_one_way_gets_the_value() {
        assert_eq!(way(Value::Int(5), "greater", "4.5"), "then");
        assert_eq!(way(Value::Int(5), "less", "5"), "else");
        assert_eq!(way(Value::Int(9_007_199_254_740_993), "equals", "9007199254740992"), "else");
        assert_eq!(way(Value::Float(2.0), "equals", "2"), "then");
        assert_eq!(way(Value::text("pear"), "greater", "apple"), "then");
        assert_eq!(way(Value::text("pear"), "differs", "apple"), "then");
        assert_eq!(way(Value::text("a pear"), "contains", "pear"), "then");
        assert_eq!(way(Value::list([Value::Int(1), Value::text("x")]), "contains", "x"), "then");
        assert_eq!(way(Value::list([Value::Int(1)]), "equals", "[1]"), "then");
        assert_eq!(way(Value::text(""), "is_true", ""), "else");
        assert_eq!(way(Value::Bool(true), "is_true", ""), "then");
        assert_eq!(way(Value::Null, "is_true", ""), "else");
    }

    #[test]
    fn patterns_have_stars_and_question_marks() {
        for (text, pattern, expected) in [
            ("report.csv", "*.csv", true),
            ("report.csv", "r?port.*", true),
            ("report.csv", "*.json", false),
            ("aaab", "*a?b*", true),
            ("aaab", "*a?c", false),
            ("", "*", true),
            ("", "?", false),
            ("über", "?ber", true),
        ] {
            assert_eq!(matches(text, pattern), expected, "{text} {pattern}");
        }
    }

    #[test]
    fn a_connected_condition_decides_alone() {
        let outputs = Trial::of("branch")
            .input("value", Value::Int(1))
            .input("condition", Value::Bool(false))
            .set("test", "equals")
            .set("operand", "1")
            .outputs();
        assert_eq!(outputs.get(&"else".into()), Some(&Value::Int(1)));
        assert!(outputs.get(&"then".into()).is_none());
    }

    #[test]
    fn what_cannot_be_compared_says_so() {
        let number = Trial::of("branch").input("value", Value::Int(1)).set("test", "greater").set("operand", "many");
        assert!(number.error().contains("\"many\": it is not a number"), "{}", number.error());
        let bytes = Value::Bytes([1_u8].as_slice().into());
        let error = Trial::of("branch").input("value", bytes).set("test", "equals").error();
        assert!(error.contains("cannot compare"), "{error}");
    }

    #[test]
    fn merge_takes_the_first_input_that_has_a_value() {
        let trial = Trial::of("merge").input("in10", Value::Int(10)).input("in2", Value::Int(2));
        assert_eq!(trial.output("out"), Value::Int(2));
    }
}
