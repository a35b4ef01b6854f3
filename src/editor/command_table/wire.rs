//! Wires.

use super::{CommandEntry, CommandId as Id, Need};
use crate::editor::{Command, WireRequest, icons::Icon};

pub(super) const COMMANDS: &[CommandEntry] =
    &[CommandEntry::new(Id::Disconnect, ("Disconnect", "Take the wire away"), &[Need::Wire, Need::Now], |situation| {
        situation.wire.map_or(Command::SelectAll, |input| Command::Wire(WireRequest::Disconnect(input.clone())))
    })
    .icon(Icon::Close)];
