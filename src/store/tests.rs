//! The store as its users see it.

mod crash;
mod history;
mod iterations;
mod migration;
mod pinned_data;
mod reused;
mod runs;
mod sweep;
mod timings;
mod trouble;
mod values;
