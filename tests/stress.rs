//! Loops under stress: random graphs, marks, edits, failures, cancels and restarts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "stress/checks.rs"]
mod checks;
#[path = "stress/properties.rs"]
mod properties;
#[path = "stress/steps.rs"]
mod steps;
#[path = "stress/world.rs"]
mod world;
