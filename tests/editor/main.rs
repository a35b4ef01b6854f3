//! The real editor, used as a person uses it and read through its accessible names.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod arranging;
mod bends;
mod canvas;
mod commands;
#[path = "../support/cpu_renderer.rs"]
mod cpu_renderer;
mod effects;
mod files;
mod groups;
mod guide;
mod hands;
mod inspector;
mod keyboard;
mod keys;
mod layout;
mod loops;
mod masked;
mod person;
mod pictures;
mod pinned_data;
mod pins;
mod pins_panel;
mod plots;
mod problems;
mod runs;
mod sections;
mod settings;
mod tabs;
mod timeline;
mod tour;
mod wiring;
