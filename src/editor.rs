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
mod guide;
mod history;
pub mod icons;
mod inspector;
mod iterations;
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
mod windows;
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
    iterations::IterationsWork,
    panels::SpansWork,
    past::Past,
    view::{LiveState, Pause, RunNumbers, RunProgress, View},
    viewers::{BytesWork, TableWork, TextWork, TreeWork, ValueViewer},
    ways::Bend,
    window::{WindowError, open_window},
    windows::{WindowIteration, WindowOf},
};

/// Returns the names of all commands of the window, as its menus and its palette say them.
pub fn command_names() -> impl Iterator<Item = &'static str> {
    command_table::all().map(|entry| entry.name)
}

/// Returns all commands of the window by groups, each with its name, the keys it has unless a person changes them, and what it
/// is for; and at the end what the mouse does.
pub fn commands_with_keys() -> impl Iterator<Item = (&'static str, Vec<(&'static str, String, &'static str)>)> {
    let keys = |entry: &command_table::CommandEntry| {
        let keys = entry.shortcuts.iter().map(|shortcut| shortcut.format(&egui::ModifierNames::NAMES, false));
        keys.collect::<Vec<_>>().join(" or ")
    };
    let of_group = move |entries: &'static [command_table::CommandEntry]| {
        entries.iter().map(|entry| (entry.name, keys(entry), entry.help)).collect()
    };
    let gestures = dialogs::GESTURES.iter().map(|(what, how)| (*what, (*how).to_owned(), "")).collect();
    command_table::groups()
        .map(move |(group, entries)| (group, of_group(entries)))
        .chain([("Mouse and focus", gestures)])
}
