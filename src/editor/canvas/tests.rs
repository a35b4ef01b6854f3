//! The canvas alone in a test harness: input goes in, commands come out.

mod folded;
mod gestures;
mod glance;
mod marks;
mod pictures;
mod plan;
mod scene;
pub(super) mod small_app;
mod wiring;
mod words;
