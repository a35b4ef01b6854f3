//! Pinflow.
pub mod nodes;
pub mod value;
pub mod workflow;
