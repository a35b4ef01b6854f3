//! Loops under stress: random graphs, marks, edits, failures, cancels and kills.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "stress/properties.rs"]
mod properties;
#[path = "stress/world.rs"]
mod world;
