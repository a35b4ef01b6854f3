//! Processes that are killed at moments by chance: whatever they did, nothing that was kept is lost and nothing is damaged.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "kills/beside.rs"]
mod beside;
#[path = "support/killing.rs"]
mod killing;
#[path = "kills/runs.rs"]
mod runs;
#[path = "kills/saving.rs"]
mod saving;
#[path = "kills/sweeping.rs"]
mod sweeping;
