//! Clock, chance, environment, waiting.

use std::{
    env,
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    Arity, Cacheability, Context, Family, Kind, Load, NodeError, Outputs, ParameterSchema, ParameterType, Success,
};
use crate::value::{Value, ValueType};

pub(super) fn kinds() -> Vec<Kind> {
    vec![now(), random(), environment(), delay(), fail()]
}

fn now() -> Kind {
    Kind::new("now", "Now", Family::System, |_ctx| {
        let now = Timestamp::now();
        Ok(Success::new(Outputs::one("time", now.to_string()).with("unix", now.as_second())))
    })
    .about("Gives the time at which it runs.", "clock date today timestamp utc iso 8601 unix")
    .output("time", ValueType::Text)
    .output("unix", ValueType::Int)
    .load(Load::Instant)
    .cacheable(|_| Cacheability::Never)
}

fn random() -> Kind {
    Kind::new("random", "Random Number", Family::System, random_number)
        .about("Gives a number by chance, or by a seed.", "dice chance shuffle uniform seed generator")
        .output("number", ValueType::Float)
        .output("whole", ValueType::Int)
        .parameter(ParameterSchema::new("min", "From", any_float(), 0.0, "The least number that can come.").on_node())
        .parameter(ParameterSchema::new("max", "To", any_float(), 1.0, "The greatest number that can come.").on_node())
        .parameter(ParameterSchema::new(
            "whole",
            "Whole numbers only",
            ParameterType::Bool,
            false,
            "Gives whole numbers only, both ends included; they come on the output whole too.",
        ))
        .parameter(ParameterSchema::new(
            "seed",
            "Seed",
            ParameterType::Int { min: i64::MIN, max: i64::MAX, unit: "" },
            Value::Null,
            "With a seed the same number comes every time; without one another in every run.",
        ))
        .load(Load::Instant)
        .cacheable(|parameters| match parameters.get("seed") {
            Value::Null => Cacheability::Never,
            _ => Cacheability::Always,
        })
}

const fn any_float() -> ParameterType {
    ParameterType::Float { min: f64::MIN, max: f64::MAX, unit: "" }
}

fn random_number(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let parameters = ctx.parameters();
    let (min, max) = (parameters.float("min"), parameters.float("max"));
    if min > max {
        return Err(NodeError::new(format!("the numbers go from {min} to {max}, which is less: swap them")));
    }
    let seed = match parameters.get("seed") {
        Value::Null => RandomState::new().hash_one(Timestamp::now().as_nanosecond()),
        _ => parameters.int("seed") as u64,
    };
    let bits = split_mix(seed);
    if parameters.bool("whole") {
        let whole = whole_between(bits, min, max)?;
        return Ok(Success::new(Outputs::one("number", whole as f64).with("whole", whole)));
    }
    // The upper 53 bits are a fraction from 0 to 1, 1 excluded: as many as a float holds exactly.
    let fraction = (bits >> 11) as f64 / (1_u64 << 53) as f64;
    Ok(Success::one("number", min.mul_add(1.0 - fraction, max * fraction).clamp(min, max)))
}

fn whole_between(bits: u64, min: f64, max: f64) -> Result<i64, NodeError> {
    let (first, last) = (min.ceil() as i64, max.floor() as i64);
    if first > last {
        return Err(NodeError::new(format!("there is no whole number from {min} to {max}")));
    }
    let n_numbers = u128::from(last.abs_diff(first)) + 1;
    // Multiplying and dropping the lower half spreads the bits evenly over the numbers (Lemire 2019).
    let offset = (u128::from(bits) * n_numbers) >> 64;
    Ok(first.wrapping_add_unsigned(offset as u64))
}

/// Returns the first output of `SplitMix64` (Steele, Lea and Flood, 2014) for a seed: every bit of it depends on every
/// bit of the seed.
const fn split_mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

fn environment() -> Kind {
    Kind::new("environment", "Environment Variable", Family::System, |ctx| {
        let name = ctx.parameters().text("name");
        read_variable(name, ctx.parameters().get("default").as_text()).map(|text| Success::one("value", text))
    })
    .about("Gives the value of an environment variable.", "env variable secret key token path home settings")
    .output("value", ValueType::Text)
    .parameter(
        ParameterSchema::new("name", "Name", ParameterType::Line { hint: "HOME" }, "", "The variable's name.")
            .on_node(),
    )
    .parameter(ParameterSchema::new(
        "default",
        "Default",
        ParameterType::Line { hint: "none: fail if it is not set" },
        Value::Null,
        "What to give if the variable is not set; left open, the node fails then.",
    ))
    .load(Load::Instant)
    .cacheable(|_| Cacheability::Never)
    .gives_secrets()
}

fn read_variable(name: &str, default: Option<&str>) -> Result<String, NodeError> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(NodeError::new(format!("{name:?} cannot be the name of an environment variable")));
    }
    match (env::var(name), default) {
        (Ok(text), _) => Ok(text),
        (Err(env::VarError::NotPresent), Some(default)) => Ok(default.to_owned()),
        (Err(env::VarError::NotPresent), None) => {
            Err(NodeError::new(format!("the environment variable {name} is not set: set it, or give a default")))
        }
        (Err(env::VarError::NotUnicode(_)), _) => {
            Err(NodeError::new(format!("the environment variable {name} is not Unicode text")))
        }
    }
}

/// The longest delay, in seconds: a day.
const MAX_DELAY_SECS: f64 = 86_400.0;

fn delay() -> Kind {
    Kind::new("delay", "Delay", Family::System, |ctx| {
        let value = ctx.required("value")?;
        wait_with_progress(ctx, ctx.parameters().float("secs"))?;
        Ok(Success::one("value", value.clone()))
    })
    .about("Waits, then gives on what came in.", "sleep wait pause slow timer throttle seconds")
    .input("value", ValueType::Any, Arity::Required)
    .output("value", ValueType::Any)
    .parameter(
        ParameterSchema::new(
            "secs",
            "Seconds",
            ParameterType::Float { min: 0.0, max: MAX_DELAY_SECS, unit: "s" },
            1.0,
            "How long to wait.",
        )
        .on_node(),
    )
    .load(Load::Waits)
}

fn wait_with_progress(ctx: &Context<'_>, secs: f64) -> Result<(), NodeError> {
    let time = Duration::try_from_secs_f64(secs.min(MAX_DELAY_SECS))
        .map_err(|error| NodeError::new(format!("cannot wait {secs} seconds: {error}")))?;
    // Twenty steps a second move a progress bar smoothly, and a hundred are all it can show.
    let n_steps = (time.as_millis() / 50).clamp(1, 100) as u32;
    for step in 0..n_steps {
        ctx.progress(step as f32 / n_steps as f32, &format!("waiting {secs} s"));
        ctx.wait(time / n_steps)?;
    }
    Ok(())
}

fn fail() -> Kind {
    Kind::new("fail", "Fail", Family::System, |ctx| {
        let message = ctx.parameters().text("message");
        Err(NodeError::new(if message.is_empty() { "failed on purpose" } else { message }))
    })
    .about("Fails with a message.", "error stop abort raise throw assert test")
    .input("value", ValueType::Any, Arity::Optional)
    .output("value", ValueType::Any)
    .parameter(
        ParameterSchema::new(
            "message",
            "Message",
            ParameterType::Line { hint: "what to say" },
            "failed on purpose",
            "What the error says.",
        )
        .on_node(),
    )
    .load(Load::Instant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::testing::Trial;

    #[test]
    fn a_delay_gives_on_what_came_in_and_shows_progress() {
        let trial = Trial::of("delay").input("value", Value::text("x")).set("secs", 3.0);
        assert_eq!(trial.output("value"), Value::text("x"));
        assert_eq!(trial.host.waited(), Duration::from_secs(3));
        let progress = trial.host.progress();
        assert!(progress.len() > 10 && progress.is_sorted_by(|a, b| a < b), "{progress:?}");
    }

    #[test]
    fn a_cancelled_delay_stops_before_its_end() {
        let trial = Trial::of("delay").input("value", Value::Null).set("secs", 60.0).cancelled_after(5);
        assert_eq!(trial.run().unwrap_err(), NodeError::Cancelled);
        assert!(trial.host.waited() < Duration::from_mins(1));
    }

    #[test]
    fn a_seed_gives_the_same_number_and_can_be_kept() {
        let seeded = Trial::of("random").set("seed", 7);
        assert_eq!(seeded.output("number"), seeded.output("number"));
        assert_eq!(seeded.cacheability(), Cacheability::Always);
        assert_ne!(seeded.output("number"), Trial::of("random").set("seed", 8).output("number"));
        assert_eq!(Trial::of("random").cacheability(), Cacheability::Never);
        assert_ne!(Trial::of("random").output("number"), Trial::of("random").output("number"));
    }

    #[test]
    fn numbers_by_chance_stay_within_their_ends() {
        let mut seen = [0; 6];
        for seed in 0..600 {
            let trial = Trial::of("random").set("seed", seed).set("whole", true).set("min", 1.0).set("max", 6.0);
            let Value::Int(eyes) = trial.output("whole") else { panic!("no whole number") };
            seen[usize::try_from(eyes - 1).unwrap()] += 1;
        }
        assert!(seen.iter().all(|&n_times| n_times > 60), "{seen:?}");
        for bits in [0, u64::MAX] {
            assert!(whole_between(bits, i64::MIN as f64, i64::MAX as f64).is_ok());
            assert_eq!(whole_between(bits, 3.0, 3.0), Ok(3));
        }
        let wrong = Trial::of("random").set("min", 2.0).set("max", 1.0).error();
        assert!(wrong.contains("swap"), "{wrong}");
        let none = Trial::of("random").set("min", 0.2).set("max", 0.8).set("whole", true).error();
        assert!(none.contains("no whole number"), "{none}");
    }

    #[test]
    fn a_variable_that_is_not_set_has_its_default_or_fails_by_name() {
        let trial = Trial::of("environment").set("name", "PINFLOW_SURELY_NOT_SET");
        assert!(trial.error().contains("PINFLOW_SURELY_NOT_SET is not set"), "{}", trial.error());
        let with_default = Trial::of("environment").set("name", "PINFLOW_SURELY_NOT_SET").set("default", "d");
        assert_eq!(with_default.output("value"), Value::text("d"));
        assert!(Trial::of("environment").set("name", "A=B").error().contains("cannot be the name"));
        let path = Trial::of("environment").set("name", "PATH");
        assert_eq!(path.output("value"), Value::from(env::var("PATH").unwrap()));
        assert!(path.host.logs().is_empty(), "the value is never logged");
    }

    #[test]
    fn now_is_iso_8601_and_never_kept() {
        let trial = Trial::of("now");
        let outputs = trial.outputs();
        let (Some(Value::Text(time)), Some(Value::Int(unix))) =
            (outputs.get(&"time".into()), outputs.get(&"unix".into()))
        else {
            panic!("both outputs have a value");
        };
        assert_eq!(time.parse::<Timestamp>().unwrap().as_second(), *unix);
        assert_eq!(trial.cacheability(), Cacheability::Never);
    }

    #[test]
    fn fail_fails_with_its_message() {
        assert_eq!(Trial::of("fail").set("message", "no more ink").error(), "no more ink");
    }
}
