//! The window. Frames are drawn from state; panels push [`Command`]s; the app carries them out after the frame.

mod background;
pub mod canvas;
mod clipboard;
mod command;
mod command_table;
mod dialogs;
mod examples;
pub mod icons;
mod inspector;
mod mark_requests;
mod panels;
pub mod theme;
mod view;
mod viewers;
mod words;

pub use self::{
    command::{Answer, Command, MarkRequest, Panel, Tab, WireEnd},
    view::{LiveState, RunProgress, View},
};
