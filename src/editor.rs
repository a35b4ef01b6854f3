//! The window. Frames are drawn from state; panels push [`Command`]s; the app carries them out after the frame.

mod app;
mod arrange;
mod background;
pub mod canvas;
mod clipboard;
mod command;
mod command_item;
mod command_table;
mod constants;
mod dialogs;
mod examples;
mod forecasts;
mod fresh;
mod groups;
mod history;
pub mod icons;
mod inspector;
mod keeper;
mod landmarks;
mod layout;
mod mark_requests;
mod matching;
mod panels;
mod past;
mod pin_values;
mod problems;
mod settings;
mod sitting;
pub mod theme;
mod tour;
mod view;
mod viewers;
mod watch;
mod ways;
mod window;
mod wiring;
mod words;

pub use self::{
    app::{App, AppOptions},
    arrange::{Align, Axis},
    command::{
        Answer, ArrangeRequest, Command, Direction, FrameRequest, KeysRequest, LayoutRequest, LookRequest, MarkRequest,
        Panel, PinRequest, RunOption, Section, Tab, TabRequest, TourRequest, WireEnd, WireRequest,
    },
    dialogs::KeepRules,
    past::Past,
    view::{LiveState, Pause, RunNumbers, RunProgress, View},
    viewers::{BytesWork, TableWork, TextWork, TreeWork, ValueViewer},
    ways::Bend,
    window::{WindowError, open_window},
};

/// Returns the names of all commands of the window, as its menus and its palette say them.
pub fn command_names() -> impl Iterator<Item = &'static str> {
    command_table::all().map(|entry| entry.name)
}
