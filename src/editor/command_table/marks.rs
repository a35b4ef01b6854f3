//! Marks: pinned, forced, disabled.

use egui::Key;

use super::{CommandEntry, CommandId as Id, Need, Situation, ctrl, key};
use crate::{
    editor::{Command, MarkRequest, PinRequest, icons::Icon},
    session::{Mark, PinPolicy},
};

/// What changing the marks of the selected nodes needs.
const TO_MARK: &[Need] = &[Need::Selection, Need::Now];

fn ask(situation: &Situation<'_>, request: MarkRequest) -> Command {
    Command::Mark(situation.selected(), request)
}

/// What looking into a pin needs.
const TO_LOOK_INTO: &[Need] = &[Need::Captured, Need::Now, Need::NoRun];

/// Asks something of the pin of the chosen node.
fn of_pin(situation: &Situation<'_>, request: PinRequest) -> Command {
    Command::Pinned(situation.selected(), request)
}

fn edit_name(situation: &Situation<'_>) -> &'static str {
    let pinned = situation.all_marks(|mark| mark.capture().is_some());
    if pinned || situation.nodes.is_empty() { "Edit pinned value…" } else { "Pin a typed value…" }
}

fn pin_name(situation: &Situation<'_>) -> &'static str {
    if situation.shows_past() { "Pin these results" } else { "Pin Results" }
}

fn follow_name(situation: &Situation<'_>) -> &'static str {
    if situation.shows_past() { "Pin them until something changes" } else { "Pin until something changes" }
}

fn force_name(situation: &Situation<'_>) -> &'static str {
    let forced = situation.all_marks(|mark| matches!(mark, Mark::Forced));
    if forced { "Do not force" } else { "Force Execution" }
}

fn disable_name(situation: &Situation<'_>) -> &'static str {
    let disabled = situation.all_marks(|mark| matches!(mark, Mark::Disabled));
    if disabled { "Enable" } else { "Disable" }
}

pub(super) const COMMANDS: &[CommandEntry] = &[
    CommandEntry::new(
        Id::PinResults,
        ("Pin Results", "Keep the results of the selected nodes until they are unpinned"),
        &[Need::Selection],
        |situation| ask(situation, MarkRequest::Pin(PinPolicy::Hold)),
    )
    .icon(Icon::PinFilled)
    .named_in(pin_name)
    .keys(&[key(Key::P)]),
    CommandEntry::new(
        Id::PinUntilChange,
        ("Pin until something changes", "Keep the results until what they came from changes"),
        &[Need::Selection],
        |situation| ask(situation, MarkRequest::Pin(PinPolicy::Follow)),
    )
    .icon(Icon::Follow)
    .named_in(follow_name),
    CommandEntry::new(Id::Unpin, ("Unpin", "Take the pins of the selected nodes away"), TO_MARK, |situation| {
        ask(situation, MarkRequest::Unpin)
    })
    .icon(Icon::Pin),
    CommandEntry::new(
        Id::Keep,
        ("Keep results", "Hold these results until they are unpinned, whatever changes"),
        TO_MARK,
        |situation| ask(situation, MarkRequest::Keep),
    )
    .icon(Icon::Lock),
    CommandEntry::new(
        Id::Refresh,
        ("Refresh", "Execute the pinned nodes once in the next run and pin them again"),
        TO_MARK,
        |situation| ask(situation, MarkRequest::Refresh),
    )
    .icon(Icon::Reuse),
    CommandEntry::new(
        Id::EditPinnedValue,
        (
            "Edit pinned value…",
            "Type in the values that the selected node gives while it is pinned, even if it never ran",
        ),
        &[Need::OneSelected, Need::Now],
        |situation| of_pin(situation, PinRequest::Edit),
    )
    .icon(Icon::Pencil)
    .named_in(edit_name),
    CommandEntry::new(
        Id::CompareWithFresh,
        ("Compare with fresh…", "Execute the pinned node aside and show what differs from what its pin holds"),
        TO_LOOK_INTO,
        |situation| of_pin(situation, PinRequest::Compare),
    )
    .icon(Icon::Search),
    CommandEntry::new(
        Id::ReplaceWithConstant,
        ("Replace with constant", "Put an input node with the pinned value in the node's place"),
        &[Need::Captured, Need::Now],
        |situation| of_pin(situation, PinRequest::Replace),
    )
    .icon(Icon::Text),
    CommandEntry::new(
        Id::TakeOverPins,
        ("Take over pins…", "Take over pins from an earlier session of this workflow"),
        &[Need::Workflow, Need::Now],
        |_| Command::TakeOverPins,
    )
    .icon(Icon::PinFilled),
    CommandEntry::new(
        Id::UnpinDownstream,
        ("Unpin downstream", "Take away the pins of all nodes below the selected ones"),
        TO_MARK,
        |situation| ask(situation, MarkRequest::UnpinDownstream),
    )
    .icon(Icon::Branch),
    CommandEntry::new(
        Id::Force,
        ("Force Execution", "Always execute the selected nodes, or no longer"),
        TO_MARK,
        |situation| ask(situation, MarkRequest::ToggleForce),
    )
    .icon(Icon::Force)
    .named_in(force_name),
    CommandEntry::new(
        Id::Disable,
        ("Disable / Enable", "Leave the selected nodes out of runs, or no longer"),
        TO_MARK,
        |situation| ask(situation, MarkRequest::ToggleDisable),
    )
    .icon(Icon::Disable)
    .named_in(disable_name)
    .keys(&[ctrl(Key::E), key(Key::M)]),
];
