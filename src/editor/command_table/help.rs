//! Finding commands and their keys, the guide and the tour.

use egui::Key;

use super::{CommandEntry, CommandId as Id, ctrl_shift, key, shift};
use crate::editor::{Command, KeysRequest, TourRequest, icons::Icon};

pub(super) const COMMANDS: &[CommandEntry] = &[
    CommandEntry::new(Id::Guide, ("Guide", "Read how everything works, with all kinds of nodes"), &[], |_| {
        Command::OpenGuide(String::new())
    })
    .keys(&[shift(Key::F1)])
    .everywhere(),
    CommandEntry::new(
        Id::Palette,
        ("Command palette", "Find a command by a few letters and carry it out"),
        &[],
        |_| Command::Keys(KeysRequest::Palette),
    )
    .icon(Icon::Search)
    .keys(&[ctrl_shift(Key::P)])
    .everywhere(),
    CommandEntry::new(Id::ShortcutSheet, ("Shortcuts", "List all commands, keys and mouse gestures"), &[], |_| {
        Command::Keys(KeysRequest::Sheet)
    })
    .icon(Icon::Question)
    .keys(&[key(Key::F1)])
    .everywhere(),
    CommandEntry::new(
        Id::EditShortcuts,
        ("Keyboard shortcuts…", "Give commands other keys, or those of another program"),
        &[],
        |_| Command::Keys(KeysRequest::Edit),
    )
    .icon(Icon::Gear),
    CommandEntry::new(
        Id::Tour,
        ("Take the tour", "Run, pin, change and resume on an example, in two minutes"),
        &[],
        |_| Command::Tour(TourRequest::Start),
    ),
];
