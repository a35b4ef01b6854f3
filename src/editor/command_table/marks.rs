//! Marks: pinned, forced, disabled.

use egui::Key;

use super::{CommandEntry, CommandId as Id, Need, Situation, ctrl, key};
use crate::{
    editor::{Command, MarkRequest, icons::Icon},
    session::{Mark, PinPolicy},
};

/// What changing the marks of the selected nodes needs.
const TO_MARK: &[Need] = &[Need::Selection, Need::Now];

fn ask(situation: &Situation<'_>, request: MarkRequest) -> Command {
    Command::Mark(situation.selected(), request)
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
