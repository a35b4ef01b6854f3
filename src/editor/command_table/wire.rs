//! Wires.

use egui::Key;

use super::{CommandEntry, CommandId as Id, Need, Situation, key};
use crate::{
    editor::{Command, WireRequest, icons::Icon},
    workflow::PortRef,
};

/// Returns the command that takes the chosen bends out of their wires.
pub(super) fn remove_bends(situation: &Situation<'_>) -> Command {
    Command::Wire(WireRequest::RemoveBends(situation.bends.iter().cloned().collect()))
}

fn about_wire(situation: &Situation<'_>, request: fn(PortRef) -> WireRequest) -> Command {
    situation.wire.map_or(Command::SelectAll, |input| Command::Wire(request(input.clone())))
}

pub(super) const COMMANDS: &[CommandEntry] = &[
    CommandEntry::new(Id::Disconnect, ("Disconnect", "Take the wire away"), &[Need::Wire, Need::Now], |situation| {
        about_wire(situation, WireRequest::Disconnect)
    })
    .icon(Icon::Close),
    CommandEntry::new(
        Id::AddBend,
        ("Add bend", "Lead the wire through a point that can be moved; a double-click on a wire does the same"),
        &[Need::Wire, Need::Now],
        |situation| about_wire(situation, WireRequest::AddBend),
    )
    .icon(Icon::Plus)
    .keys(&[key(Key::B)])
    .on_canvas(),
    CommandEntry::new(
        Id::RemoveBends,
        ("Remove bend", "Take the chosen bends out of their wires; a double-click on a bend does the same"),
        &[Need::Bends, Need::Now],
        remove_bends,
    )
    .icon(Icon::Close),
    CommandEntry::new(
        Id::Straighten,
        ("Straighten", "Take all bends out of the wire"),
        &[Need::BentWire, Need::Now],
        |situation| about_wire(situation, WireRequest::Straighten),
    ),
];
