//! Where nodes stand.

use egui::Key;

use super::{CommandEntry, CommandId as Id, Need, ctrl};
use crate::editor::{ArrangeRequest, Command, Direction};

/// What moving the selected nodes needs.
const TO_MOVE: &[Need] = &[Need::Selection, Need::Now];

pub(super) const COMMANDS: &[CommandEntry] = &[
    CommandEntry::new(
        Id::NudgeLeft,
        ("Nudge left", "Move the selected nodes left by a step of the grid"),
        TO_MOVE,
        |_| Command::Arrange(ArrangeRequest::Nudge(Direction::Left)),
    )
    .keys(&[ctrl(Key::ArrowLeft)])
    .repeating(),
    CommandEntry::new(
        Id::NudgeRight,
        ("Nudge right", "Move the selected nodes right by a step of the grid"),
        TO_MOVE,
        |_| Command::Arrange(ArrangeRequest::Nudge(Direction::Right)),
    )
    .keys(&[ctrl(Key::ArrowRight)])
    .repeating(),
    CommandEntry::new(Id::NudgeUp, ("Nudge up", "Move the selected nodes up by a step of the grid"), TO_MOVE, |_| {
        Command::Arrange(ArrangeRequest::Nudge(Direction::Up))
    })
    .keys(&[ctrl(Key::ArrowUp)])
    .repeating(),
    CommandEntry::new(
        Id::NudgeDown,
        ("Nudge down", "Move the selected nodes down by a step of the grid"),
        TO_MOVE,
        |_| Command::Arrange(ArrangeRequest::Nudge(Direction::Down)),
    )
    .keys(&[ctrl(Key::ArrowDown)])
    .repeating(),
];
