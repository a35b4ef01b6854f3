//! Open workflows, one a tab.

use egui::Key;

use super::{CommandEntry, CommandId as Id, Need, Situation, ctrl, ctrl_shift};
use crate::editor::{Command, TabRequest, icons::Icon};

const fn reopening(situation: &Situation<'_>) -> &'static str {
    if situation.tabs.stay_closed { "Reopen tabs on start" } else { "Do not reopen tabs on start" }
}

pub(super) const COMMANDS: &[CommandEntry] = &[
    CommandEntry::new(Id::NextTab, ("Next tab", "Go to the next tab"), &[Need::OtherTab], |_| {
        Command::Tabs(TabRequest::Next)
    })
    .keys(&[ctrl(Key::Tab), ctrl(Key::PageDown)])
    .everywhere(),
    CommandEntry::new(Id::PreviousTab, ("Previous tab", "Go to the tab before"), &[Need::OtherTab], |_| {
        Command::Tabs(TabRequest::Previous)
    })
    .keys(&[ctrl_shift(Key::Tab), ctrl(Key::PageUp)])
    .everywhere(),
    CommandEntry::new(Id::CloseTab, ("Close tab", "Close the workflow"), &[Need::Workflow], |_| {
        Command::Tabs(TabRequest::CloseFront)
    })
    .icon(Icon::Close)
    .keys(&[ctrl(Key::W)])
    .everywhere(),
    CommandEntry::new(
        Id::ReopenTab,
        ("Reopen closed tab", "Open the tab again that was closed last"),
        &[Need::ClosedTab],
        |_| Command::Tabs(TabRequest::Reopen),
    )
    .keys(&[ctrl_shift(Key::T)])
    .everywhere(),
    CommandEntry::new(
        Id::MoveTabLeft,
        ("Move tab left", "Move the tab one place to the left"),
        &[Need::Workflow, Need::OtherTab],
        |_| Command::Tabs(TabRequest::PutLeft),
    )
    .keys(&[ctrl_shift(Key::PageUp)])
    .everywhere(),
    CommandEntry::new(
        Id::MoveTabRight,
        ("Move tab right", "Move the tab one place to the right"),
        &[Need::Workflow, Need::OtherTab],
        |_| Command::Tabs(TabRequest::PutRight),
    )
    .keys(&[ctrl_shift(Key::PageDown)])
    .everywhere(),
    CommandEntry::new(
        Id::ReopenTabsOnStart,
        ("Reopen tabs on start", "Open on start what was open at the end, or begin with the welcome screen"),
        &[],
        |_| Command::Tabs(TabRequest::ToggleReopening),
    )
    .named_in(reopening),
];
