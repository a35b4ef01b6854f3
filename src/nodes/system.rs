//! Kinds that touch the clock, chance, the environment; waiting and failing.

use std::{
    env,
    hash::{BuildHasher as _, RandomState},
    time::{Duration, SystemTime},
};

use jiff::Timestamp;

use super::{
    Arity, Cacheability, Context, Family, Kind, Load, NodeError, Outputs, ParameterSchema, ParameterType, Success,
};
use crate::value::{Value, ValueType};

/// How often a waiting node reports its progress.
const STEP: Duration = Duration::from_millis(100);

pub(super) fn kinds() -> Vec<Kind> {
    vec![now(), random(), environment(), delay(), fail()]
}

fn now() -> Kind {
    Kind::new("now", "Now", Family::System, |_| {
        let now = Timestamp::now();
        Ok(Success::new(Outputs::one("time", now.to_string()).with("unix", now.as_second())))
    })
    .about("Gives the time at which it executes.", "clock date time today timestamp current utc iso 8601 unix")
    .output("time", ValueType::Text)
    .output("unix", ValueType::Int)
    .cacheable(|_| Cacheability::Never)
    .load(Load::Instant)
}

fn random() -> Kind {
    let bound = ParameterType::Float { min: -1e15, max: 1e15, unit: "" };
    Kind::new("random", "Random number", Family::System, run_random)
        .about("Gives a number by chance.", "dice chance rand uniform sample seed noise")
        .output("number", ValueType::Float)
        .parameter(ParameterSchema::new("min", "From", bound.clone(), 0.0, "The least number there can be.").on_node())
        .parameter(ParameterSchema::new("max", "To", bound, 1.0, "The greatest number there can be.").on_node())
        .parameter(ParameterSchema::new(
            "whole",
            "Whole numbers",
            ParameterType::Bool,
            false,
            "Gives whole numbers only, both ends included.",
        ))
        .parameter(ParameterSchema::new(
            "seed",
            "Seed",
            ParameterType::Int { min: i64::MIN, max: i64::MAX, unit: "" },
            Value::Null,
            "With a seed the number is always the same, and so its result can be kept.",
        ))
        .cacheable(|parameters| match parameters.get("seed") {
            Value::Null => Cacheability::Never,
            _ => Cacheability::Always,
        })
        .load(Load::Instant)
}

fn run_random(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let parameters = ctx.parameters();
    let (min, max) = (parameters.float("min"), parameters.float("max"));
    let seed = match parameters.get("seed") {
        Value::Null => RandomState::new().hash_one(SystemTime::now()),
        _ => parameters.int("seed").cast_unsigned(),
    };
    let number = if parameters.bool("whole") { whole_between(seed, min, max) } else { between(seed, min, max) };
    number.map(|number| Success::one("number", number)).ok_or_else(|| {
        NodeError::new(format!("there is no {}number from {min} to {max}", if min <= max { "whole " } else { "" }))
    })
}

/// Returns 64 bits that look like chance: the output step of `SplitMix64` (Steele, Lea and Flood 2014).
const fn scrambled(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

fn between(seed: u64, min: f64, max: f64) -> Option<f64> {
    // 53 bits fill a float's digits: a number from 0 to just below 1.
    let fraction = (scrambled(seed) >> 11) as f64 / (1_u64 << 53) as f64;
    (min <= max).then(|| (max - min).mul_add(fraction, min).clamp(min, max))
}

fn whole_between(seed: u64, min: f64, max: f64) -> Option<f64> {
    let (min, max) = (min.ceil() as i64, max.floor() as i64);
    let n_numbers = max.checked_sub(min)?.checked_add(1).filter(|count| *count > 0)?;
    // The high half of a 128-bit product spreads the 64 bits evenly over the numbers.
    let offset = (u128::from(scrambled(seed)) * u128::from(n_numbers.cast_unsigned())) >> 64;
    Some((min + offset as i64) as f64)
}

fn environment() -> Kind {
    Kind::new("environment", "Environment variable", Family::System, run_environment)
        .about(
            "Gives the value of an environment variable of this machine.",
            "env getenv system setting home path user configuration",
        )
        .output("value", ValueType::Text)
        .parameter(
            ParameterSchema::new(
                "name",
                "Name",
                ParameterType::Line { hint: "HOME" },
                "",
                "The variable's name. Its value is never written to the log.",
            )
            .on_node(),
        )
        .parameter(ParameterSchema::new(
            "default",
            "Otherwise",
            ParameterType::Line { hint: "fail" },
            Value::Null,
            "What to give when there is no such variable; left open, the node fails then.",
        ))
        .cacheable(|_| Cacheability::Never)
        .load(Load::Instant)
}

fn run_environment(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let name = ctx.parameters().text("name").trim();
    // The standard library panics on names that cannot be.
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(NodeError::new(format!("{name:?} cannot be the name of an environment variable")));
    }
    match (env::var(name), ctx.parameters().get("default")) {
        (Ok(value), _) => Ok(Success::one("value", value)),
        (Err(env::VarError::NotPresent), Value::Null) => Err(NodeError::new(format!(
            "there is no environment variable {name}: set it before the program starts, or give a default"
        ))),
        (Err(env::VarError::NotPresent), default) => Ok(Success::one("value", default.display_text())),
        (Err(env::VarError::NotUnicode(_)), _) => {
            Err(NodeError::new(format!("the environment variable {name} holds bytes that are not text")))
        }
    }
}

fn delay() -> Kind {
    Kind::new("delay", "Delay", Family::System, run_delay)
        .about("Passes a value on after a while.", "wait sleep pause slow timer expensive")
        .input("value", ValueType::Any, Arity::Required)
        .output("value", ValueType::Any)
        .parameter(
            ParameterSchema::new(
                "secs",
                "Wait",
                ParameterType::Float { min: 0.0, max: 86_400.0, unit: "s" },
                1.0,
                "How long the value waits, in seconds.",
            )
            .on_node(),
        )
        .load(Load::Waits)
}

fn run_delay(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let value = ctx.required("value")?.clone();
    let total = Duration::try_from_secs_f64(ctx.parameters().float("secs"))
        .map_err(|error| NodeError::new(format!("cannot wait that long: {error}")))?;
    let mut waited = Duration::ZERO;
    while waited < total {
        ctx.progress(
            waited.as_secs_f32() / total.as_secs_f32(),
            &format!("{:.1} s left", (total - waited).as_secs_f32()),
        );
        let step = STEP.min(total - waited);
        ctx.wait(step)?;
        waited += step;
    }
    ctx.check_cancelled()?;
    Ok(Success::one("value", value))
}

fn fail() -> Kind {
    Kind::new("fail", "Fail", Family::System, |ctx| {
        let message = ctx.parameters().text("message").trim();
        Err(NodeError::new(if message.is_empty() { "failed on purpose" } else { message }))
    })
    .about("Fails with a message; no value gets past it.", "error stop abort raise throw assert exception")
    .input("value", ValueType::Any, Arity::Optional)
    .output("value", ValueType::Any)
    .parameter(
        ParameterSchema::new(
            "message",
            "Message",
            ParameterType::Line { hint: "what went wrong" },
            "failed on purpose",
            "What the error says.",
        )
        .on_node(),
    )
    .load(Load::Instant)
}
