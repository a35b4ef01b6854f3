//! The store as its users see it.

mod crash;
mod pinned_data;
mod runs;
mod trouble;
mod values;
