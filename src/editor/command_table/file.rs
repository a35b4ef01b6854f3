//! Files and the program itself.

use egui::Key;

use super::{CommandEntry, CommandId as Id, Need, ctrl, ctrl_shift};
use crate::editor::{Command, icons::Icon};

pub(super) const COMMANDS: &[CommandEntry] = &[
    CommandEntry::new(Id::New, ("New", "Start a new workflow"), &[], |_| Command::New)
        .icon(Icon::New)
        .keys(&[ctrl(Key::N)])
        .everywhere(),
    CommandEntry::new(Id::Open, ("Open", "Open a workflow"), &[], |_| Command::OpenDialog)
        .icon(Icon::Open)
        .keys(&[ctrl(Key::O)])
        .everywhere(),
    CommandEntry::new(Id::Save, ("Save", "Save the workflow"), &[Need::Workflow], |_| Command::Save)
        .icon(Icon::Save)
        .keys(&[ctrl(Key::S)])
        .everywhere(),
    CommandEntry::new(Id::SaveAs, ("Save as…", "Save the workflow to another file"), &[Need::Workflow], |_| {
        Command::SaveAs
    })
    .keys(&[ctrl_shift(Key::S)])
    .everywhere(),
    CommandEntry::new(
        Id::Welcome,
        ("Welcome screen", "Show examples and recent files; what is open stays open"),
        &[Need::Workflow],
        |_| Command::Welcome,
    ),
    CommandEntry::new(Id::Quit, ("Quit", "Close the program"), &[], |_| Command::Quit),
];
