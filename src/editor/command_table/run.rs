//! Running, resuming, pausing.

use egui::Key;

use super::{CommandEntry, CommandId as Id, Need, Situation, ctrl, key, shift};
use crate::{
    editor::{Command, icons::Icon},
    store::RunKind,
};

/// What a run of the selected nodes needs.
const TO_RUN_SELECTED: &[Need] = &[Need::Selection, Need::NoRun, Need::Now];

fn breakpoint_name(situation: &Situation<'_>) -> &'static str {
    if situation.all_have_breakpoints() { "Remove breakpoint" } else { "Set breakpoint" }
}

pub(super) const COMMANDS: &[CommandEntry] = &[
    CommandEntry::new(
        Id::Run,
        ("Run", "Execute every node that has no mark"),
        &[Need::Nodes, Need::NoRun, Need::Now],
        |_| Command::Run(RunKind::Standard),
    )
    .icon(Icon::Run)
    .keys(&[ctrl(Key::Enter)])
    .everywhere(),
    CommandEntry::new(
        Id::Resume,
        ("Resume", "Execute only what must be; the rest reuses its results"),
        &[Need::Nodes, Need::NoRun, Need::Now],
        |_| Command::Run(RunKind::Resumed),
    )
    .icon(Icon::Resume)
    .keys(&[shift(Key::Enter)]),
    CommandEntry::new(
        Id::DryRun,
        ("Dry run", "Run with all that would change something outside held back and listed; what only reads or asks, also a model, does so. Resume executes what has to later"),
        &[Need::Nodes, Need::NoRun, Need::Now],
        |_| Command::DryRun(RunKind::Standard),
    )
    .icon(Icon::Run),
    CommandEntry::new(
        Id::DryResume,
        (
            "Dry resume",
            "Resume with all that would change something outside held back and listed; Resume executes it later",
        ),
        &[Need::Nodes, Need::NoRun, Need::Now],
        |_| Command::DryRun(RunKind::Resumed),
    )
    .icon(Icon::Resume),
    CommandEntry::new(Id::Stop, ("Stop", "Stop the run; what has finished is kept"), &[Need::Run], |_| Command::Stop)
        .icon(Icon::Stop)
        .keys(&[key(Key::F6), key(Key::Escape)])
        .everywhere(),
    CommandEntry::new(
        Id::Pause,
        ("Pause", "Pause the run: running nodes finish, nothing else starts"),
        &[Need::Run, Need::NoPause],
        |_| Command::Pause,
    )
    .icon(Icon::Pause)
    .keys(&[key(Key::F8)])
    .everywhere(),
    CommandEntry::new(
        Id::GoOn,
        ("Continue", "Let the paused run go on to the next breakpoint"),
        &[Need::Pause],
        |_| Command::GoOn,
    )
    .icon(Icon::Resume)
    .keys(&[key(Key::F5)])
    .everywhere(),
    CommandEntry::new(
        Id::Step,
        ("Step", "Execute one node and pause again; without a run, resume and pause before the first node"),
        &[Need::RunOrNodes, Need::Now],
        |_| Command::Step,
    )
    .icon(Icon::Step)
    .keys(&[key(Key::F10)])
    .everywhere(),
    CommandEntry::new(
        Id::RunToHere,
        ("Run to here", "Run the selected nodes and what they need"),
        TO_RUN_SELECTED,
        |situation| Command::RunTo(RunKind::Standard, situation.selected()),
    )
    .icon(Icon::Run),
    CommandEntry::new(
        Id::ResumeToHere,
        ("Resume to here", "Resume the selected nodes and what they need"),
        TO_RUN_SELECTED,
        |situation| Command::RunTo(RunKind::Resumed, situation.selected()),
    )
    .icon(Icon::Resume),
    CommandEntry::new(
        Id::RunSelection,
        ("Run selection", "Execute only the selected nodes; what they need gives its last results"),
        TO_RUN_SELECTED,
        |situation| Command::RunOnly(RunKind::Standard, situation.selected()),
    )
    .icon(Icon::Run),
    CommandEntry::new(
        Id::ResumeSelection,
        ("Resume selection", "Execute of the selected nodes what must be; what they need gives its last results"),
        TO_RUN_SELECTED,
        |situation| Command::RunOnly(RunKind::Resumed, situation.selected()),
    )
    .icon(Icon::Resume),
    CommandEntry::new(
        Id::RunFromHere,
        ("Run from here", "Run the selected nodes and all below them; what they need gives its last results"),
        TO_RUN_SELECTED,
        |situation| Command::RunFrom(RunKind::Standard, situation.selected()),
    )
    .icon(Icon::Run),
    CommandEntry::new(
        Id::ResumeFromHere,
        ("Resume from here", "Resume the selected nodes and all below them; what they need gives its last results"),
        TO_RUN_SELECTED,
        |situation| Command::RunFrom(RunKind::Resumed, situation.selected()),
    )
    .icon(Icon::Resume),
    CommandEntry::new(
        Id::ToggleBreakpoint,
        ("Breakpoint", "Pause runs before the selected nodes, or no longer"),
        &[Need::Selection, Need::Now],
        |situation| Command::ToggleBreakpoint(situation.selected()),
    )
    .icon(Icon::Breakpoint)
    .named_in(breakpoint_name)
    .keys(&[key(Key::F9)])
    .everywhere(),
];
