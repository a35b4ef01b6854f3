//! One sitting at one workflow: its marks and pins, its baseline, and the file it is kept in.
//!
//! Marks and pins are never written into the workflow file. [`Session`] is what a window or a command works with;
//! [`History`] undoes what a person did to the document and to the marks; [`Folders`] says where everything lies.

mod after;
mod baseline;
mod breakpoints;
mod document;
mod file;
mod folders;
mod history;
mod list;
mod marks;
mod profiles;
mod saver;
#[expect(clippy::module_inception, reason = "the session is the room's name and its main type")]
mod session;
mod sweeping;

#[cfg(test)]
mod tests;

pub use self::{
    after::marks_after,
    baseline::Baseline,
    breakpoints::BreakpointEdit,
    file::SessionError,
    folders::{Folders, FoldersError},
    history::{Change, History, Revision},
    list::{SessionSummary, earlier_sessions, marks_of, rewrite_sessions, unfinished_sessions},
    marks::{Capture, Mark, MarkEdit, Marks, Pin, PinState},
    profiles::{ProfileError, ProfileName},
    saver::Saver,
    session::{SavedView, Session},
    sweeping::{SETTINGS_FILE, headless_session, program_rule, sweep_request, values_of},
};
pub use crate::store::{PinPolicy, SessionId};
