//! The store as its users see it.

mod crash;
mod damage;
mod history;
mod iterations;
mod mapped;
mod migration;
mod pinned_data;
mod rekey;
mod reused;
mod runs;
mod sealing;
mod sweep;
mod timings;
mod trouble;
mod values;
mod whole;
