//! The window. Frames are drawn from state; panels push [`Command`]s; the app carries them out after the frame.

pub mod canvas;
mod command;
pub mod icons;
pub mod theme;
mod view;

pub use self::{
    command::{Command, MarkRequest, Panel, WireEnd},
    view::{LiveState, RunProgress, View},
};
