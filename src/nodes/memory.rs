//! What nodes remember from run to run, as pinned data: a value, or totals over all runs.

use std::time::Duration;

use super::{
    Arity, Cacheability, Context, Family, Kind, Load, NodeError, Outputs, ParameterSchema, ParameterType, Success,
};
use crate::{
    value::{Record, Value, ValueType},
    workflow::NodeId,
};

pub(super) fn kinds() -> Vec<Kind> {
    vec![remember(), recall(), running_total()]
}

/// Ten years.
const MAX_SECS: f64 = 3.2e8;

/// Executing it changes what other runs find. What it gives depends on its input alone, so Resume reuses it while that is the
/// same, and what it remembers stays as it is.
fn remember() -> Kind {
    Kind::new("remember", "Remember", Family::Memory, |ctx| {
        let value = ctx.required("value")?;
        if matches!(value, Value::Stream(_)) {
            return Err(NodeError::new("a stream cannot be remembered: collect what it gives first"));
        }
        let success = Success::one("value", value.clone()).with_pinned_data(value.clone());
        let secs = ctx.parameters().float("forget_after_secs");
        Ok(if secs > 0.0 { success.expires_in(duration(secs)?) } else { success })
    })
    .about(
        "Keeps a value for later runs, where a Recall gives it.",
        "store save memory state variable set persist durable last value pinned data",
    )
    .input("value", ValueType::Any, Arity::Required)
    .output("value", ValueType::Any)
    .parameter(ParameterSchema::new(
        "forget_after_secs",
        "Forget after",
        ParameterType::Float { min: 0.0, max: MAX_SECS, unit: "s" },
        0.0,
        "How long the value is remembered; 0 keeps it until it is replaced or cleared.",
    ))
    .load(Load::Waits)
    .side_effect(|_| true)
}

/// What is remembered can change at any time, so what it gives cannot be kept: it executes in every run.
fn recall() -> Kind {
    Kind::new("recall", "Recall", Family::Memory, |ctx| {
        let name = ctx.parameters().text("node");
        if name.is_empty() {
            return Err(NodeError::new("choose the node whose pinned data to give"));
        }
        let node: NodeId = name.parse().map_err(|error: crate::workflow::IdError| NodeError::new(error.to_string()))?;
        let value = ctx.pinned_data(&node)?;
        if value.is_none() {
            ctx.info(format!("{node} has no pinned data"));
        }
        let outputs = value.or_else(|| ctx.input("default").cloned()).map(|value| Outputs::one("value", value));
        Ok(Success::new(outputs.unwrap_or_else(Outputs::none)))
    })
    .about(
        "Gives what a node has stored as its pinned data in this or an earlier run.",
        "load remember memory state variable get persist durable last value pinned data",
    )
    .input("default", ValueType::Any, Arity::Optional)
    .output("value", ValueType::Any)
    .parameter(
        ParameterSchema::new(
            "node",
            "Node",
            ParameterType::Node,
            "",
            "The node whose pinned data to give: a Remember, or any other that stores some. While there is none, what arrives \
             on default is given, or no value.",
        )
        .on_node(),
    )
    .load(Load::Waits)
    .cacheable(|_| Cacheability::Never)
}

/// Executing it counts its input, so Resume must not do so again for the same input: its results are reused like those of any
/// other node with an effect.
fn running_total() -> Kind {
    Kind::new("running_total", "Running Total", Family::Memory, |ctx| {
        let numbers = numbers(ctx.required("value")?)?;
        let starts_anew = resets(ctx);
        let total = ctx.update_pinned_data(|before| {
            let before = before.filter(|_| !starts_anew);
            let total = before.as_ref().map_or_else(Total::default, Total::read);
            numbers.iter().fold(total, |total, number| total.with(*number)).to_value()
        })?;
        Ok(Success::new(Total::read(&total).outputs()))
    })
    .about(
        "Counts and adds up numbers over all runs.",
        "sum count mean average minimum maximum accumulate counter statistics over time total pinned data",
    )
    .input("value", ValueType::Any, Arity::Required)
    .input("reset", ValueType::Bool, Arity::Optional)
    .output("count", ValueType::Int)
    .output("sum", ValueType::Float)
    .output("min", ValueType::Float)
    .output("max", ValueType::Float)
    .output("mean", ValueType::Float)
    .load(Load::Waits)
    .side_effect(|_| true)
}

/// Returns whether the input `reset` says to start anew.
pub(super) fn resets(ctx: &Context<'_>) -> bool {
    matches!(ctx.input("reset"), Some(Value::Bool(true)))
}

/// Returns a number of seconds as a time.
pub(super) fn duration(secs: f64) -> Result<Duration, NodeError> {
    Duration::try_from_secs_f64(secs).map_err(|error| NodeError::new(format!("{secs} s is no time: {error}")))
}

/// Returns the number that a value is, or those of a list.
fn numbers(value: &Value) -> Result<Vec<f64>, NodeError> {
    let number = |value: &Value| match value.convert(ValueType::Float)? {
        Value::Float(number) if number.is_finite() => Ok(number),
        other => Err(NodeError::new(format!("{} cannot be added up", other.display_text()))),
    };
    match value {
        Value::List(items) => items.iter().map(number).collect(),
        value => Ok(vec![number(value)?]),
    }
}

/// What a running total has come to.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    count: i64,
    sum: f64,
    /// Meaningless while nothing was counted, as is the greatest.
    min: f64,
    max: f64,
}

impl Total {
    /// Returns the total that a value stands for; what is none is one of nothing.
    fn read(value: &Value) -> Self {
        let Value::Record(record) = value else { return Self::default() };
        let number = |name: &str| match record.get(name) {
            Some(Value::Float(number)) => Some(*number),
            _ => None,
        };
        let total = || {
            let Some(Value::Int(count)) = record.get("count") else { return None };
            Some(Self { count: *count, sum: number("sum")?, min: number("min")?, max: number("max")? })
        };
        total().unwrap_or_default()
    }

    fn with(self, number: f64) -> Self {
        if self.count == 0 {
            return Self { count: 1, sum: number, min: number, max: number };
        }
        Self {
            count: self.count.saturating_add(1),
            sum: self.sum + number,
            min: self.min.min(number),
            max: self.max.max(number),
        }
    }

    fn to_value(self) -> Value {
        let Self { count, sum, min, max } = self;
        let mut record = Record::new();
        record.insert("count", count.into());
        for (name, number) in [("sum", sum), ("min", min), ("max", max)] {
            record.insert(name, number.into());
        }
        Value::Record(record.into())
    }

    /// Returns the outputs; of nothing there is no least, greatest or mean.
    fn outputs(self) -> Outputs {
        let outputs = Outputs::one("count", self.count).with("sum", self.sum);
        if self.count == 0 {
            return outputs;
        }
        outputs.with("min", self.min).with("max", self.max).with("mean", self.sum / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::testing::Trial;

    #[test]
    fn what_is_remembered_goes_through_and_is_stored() {
        let trial = Trial::of("remember").input("value", "note");
        let success = trial.run().unwrap();
        assert_eq!(success.outputs.get(&"value".into()), Some(&Value::text("note")));
        assert_eq!(success.pinned_data, Some((Value::text("note"), None)));
        let trial = trial.set("forget_after_secs", 90.0);
        assert_eq!(trial.run().unwrap().pinned_data, Some((Value::text("note"), Some(Duration::from_secs(90)))));
    }

    #[test]
    fn recall_gives_what_any_node_has_stored_else_the_default_else_nothing() {
        let of_a = || Trial::of("recall").set("node", "a");
        assert_eq!(of_a().remembering("a", 7_i64).input("default", 1_i64).output("value"), Value::Int(7));
        assert_eq!(of_a().remembering("b", 7_i64).input("default", 1_i64).output("value"), Value::Int(1));
        let nothing = of_a();
        assert!(nothing.outputs().get(&"value".into()).is_none());
        assert_eq!(nothing.host.logs(), ["a has no pinned data"]);
        assert_eq!(Trial::of("recall").error(), "choose the node whose pinned data to give");
        assert!(Trial::of("recall").set("node", "a b").error().contains("a b"));
    }

    #[test]
    fn totals_go_on_from_run_to_run_until_they_are_reset() {
        let run = |trial: Trial, value: Value, reset: Option<bool>| {
            let trial = trial.without_inputs().input("value", value);
            let trial = reset.into_iter().fold(trial, |trial, reset| trial.input("reset", reset));
            let outputs = trial.outputs();
            let shown = ["count", "sum", "min", "max", "mean"]
                .map(|port| outputs.get(&port.into()).map(Value::display_text).unwrap_or_default());
            (trial, shown)
        };
        let (trial, shown) = run(Trial::of("running_total"), Value::Int(4), None);
        assert_eq!(shown, ["1", "4", "4", "4", "4"]);
        let (trial, shown) = run(trial, Value::list([Value::Float(-1.0), Value::text("9")]), Some(false));
        assert_eq!(shown, ["3", "12", "-1", "9", "4"]);
        let (trial, shown) = run(trial, Value::Float(0.5), Some(true));
        assert_eq!(shown, ["1", "0.5", "0.5", "0.5", "0.5"]);
        let (_, shown) = run(trial, Value::list([]), Some(true));
        assert_eq!(shown, ["0", "0", "", "", ""]);
    }

    #[test]
    fn what_is_no_number_is_an_error_and_counts_nothing() {
        for value in [Value::text("many"), Value::Float(f64::NAN), Value::list([Value::Int(1), Value::Null])] {
            let trial = Trial::of("running_total").input("value", value);
            assert!(trial.run().is_err());
            assert_eq!(trial.host.stored(), None);
        }
    }

    #[test]
    fn only_recall_must_execute_each_time_and_only_it_changes_nothing() {
        for (kind, cacheability, has_effect) in [
            ("remember", Cacheability::Always, true),
            ("recall", Cacheability::Never, false),
            ("running_total", Cacheability::Always, true),
        ] {
            let trial = Trial::of(kind);
            assert_eq!((trial.cacheability(), trial.has_side_effect()), (cacheability, has_effect), "{kind}");
        }
    }
}
