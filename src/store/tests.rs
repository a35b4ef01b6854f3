//! The store as its users see it.

mod crash;
mod iterations;
mod migration;
mod pinned_data;
mod reused;
mod runs;
mod timings;
mod trouble;
mod values;
