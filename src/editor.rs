//! The window. Frames are drawn from state; panels push [`Command`]s; the app carries them out after the frame.

mod app;
mod background;
pub mod canvas;
mod clipboard;
mod command;
mod command_table;
mod dialogs;
mod examples;
mod forecasts;
mod history;
pub mod icons;
mod inspector;
mod keeper;
mod mark_requests;
mod panels;
mod past;
mod settings;
mod sitting;
pub mod theme;
mod view;
mod viewers;
mod watch;
mod window;
mod words;

pub use self::{
    app::{App, AppOptions},
    command::{Answer, Command, MarkRequest, Panel, RunOption, Tab, WireEnd},
    dialogs::KeepRules,
    past::Past,
    view::{LiveState, Pause, RunProgress, View},
    window::{WindowError, open_window},
};
