//! What calls take, and times for people.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// How long one figure may take to measure: what is slow is called less often, once at least.
const BUDGET: Duration = Duration::from_secs(6);

/// What calls of the same work took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Half of them took no longer.
    pub(crate) median: Duration,
    /// The fastest: the one that other programs on the machine held up least.
    pub(crate) fastest: Duration,
}

/// Times a few calls. What they are prepared with and what they return is dropped untimed.
pub(crate) fn time<S, R>(n_calls: usize, mut prepare: impl FnMut() -> S, mut call: impl FnMut(&mut S) -> R) -> Times {
    let begin = Instant::now();
    let mut times = Vec::with_capacity(n_calls);
    while times.len() < n_calls && (times.is_empty() || begin.elapsed() < BUDGET) {
        let mut prepared = prepare();
        let clock = Instant::now();
        let result = black_box(call(&mut prepared));
        times.push(clock.elapsed());
        drop((result, prepared));
    }
    times.sort();
    Times { median: times[times.len() / 2], fastest: times[0] }
}

/// Returns a time in the unit that suits it.
pub(crate) fn in_words(time: Duration) -> String {
    let secs = time.as_secs_f64();
    match secs {
        ..1e-6 => format!("{:.0} ns", secs * 1e9),
        ..1e-3 => format!("{:.1} µs", secs * 1e6),
        ..1.0 => format!("{:.2} ms", secs * 1e3),
        _ => format!("{secs:.2} s"),
    }
}
