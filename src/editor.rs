//! The window. Frames are drawn from state; panels push [`Command`]s; the app carries them out after the frame.

mod command;
mod view;

pub use self::{
    command::{Command, MarkRequest, Panel, WireEnd},
    view::{LiveState, RunProgress, View},
};
