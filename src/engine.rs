//! Planning and running.
//!
//! [`plan`] is a pure function: what a run would do, and why. [`Engine`] runs a plan on two rayon pools and tells of it
//! in [`Event`]s.

mod plan;
mod run;

pub use self::{
    plan::{Decision, NodePlan, Plan, PlanCounts, PlanOptions, Planner, Probes, Release, Staleness, plan, probe},
    run::{Engine, Event, EventKind, ReplaceError, RunHandle, RunRequest},
};
