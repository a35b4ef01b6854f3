//! Planning and running.
//!
//! [`plan`] is a pure function: what a run would do, and why. [`Engine`] runs a plan on two rayon pools and tells of it
//! in [`Event`]s.

#[cfg(test)]
mod fixtures;
mod forecast;
mod plan;
mod repeat;
mod run;
mod why;

pub use self::{
    forecast::{Forecast, Progress, Timings, Workers, about, both_in_words, forecast},
    plan::{
        Decision, NodePlan, Plan, PlanCounts, PlanNotes, PlanNotesData, PlanOptions, Planner, Probes, Release,
        Staleness, plan, probe,
    },
    repeat::{Difference, Repeat, Unchecked, repeat},
    run::{Engine, Event, EventKind, PausedInside, ReplaceError, RunHandle, RunRequest},
    why::{MAX_WHY, What, Why, name_of_node, why_in_lines, why_in_text, why_it_was},
};
