//! Pinflow.
pub mod cli;
pub mod editor;
pub mod engine;
pub mod nodes;
pub mod session;
pub mod store;
pub mod value;
pub mod workflow;
