//! The panels round the canvas, one file each.

mod bottom;
mod effects;
mod fresh_rows;
mod iterations;
mod library;
mod notices;
mod past;
mod pause;
mod pin_rows;
mod pins;
mod problems;
mod status;
mod tabs;
mod timeline;
mod toolbar;
mod tour;
mod undo_list;
mod welcome;

pub use self::timeline::SpansWork;
pub(crate) use self::{
    bottom::{BottomStates, Log, LogEntry, shown_node, tab_title, tab_ui},
    effects::EffectsState,
    library::{LibraryState, library_ui},
    notices::{Notices, Place, Tone, notices_ui},
    past::{past_banner_ui, past_frame},
    pause::pause_banner_ui,
    pin_rows::PinsState,
    status::{StatusWords, status_ui},
    tabs::{TabFace, TabSign, TabStrip, tabs_ui},
    timeline::{SpansDone, TimelineState},
    toolbar::{pins_banner_ui, toolbar_ui},
    tour::{TourCard, tour_ui},
    welcome::welcome_ui,
};
