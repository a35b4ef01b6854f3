//! The canvas alone in a test harness: input goes in, commands come out.

mod gestures;
mod marks;
mod pictures;
mod scene;
mod small_app;
mod wiring;
mod words;
