//! What was done and what is selected.

use egui::Key;

use super::{CommandEntry, CommandId as Id, Need, Situation, ctrl, ctrl_shift, key};
use crate::editor::{Command, FrameRequest, LookRequest, WireRequest, icons::Icon};

fn delete_name(situation: &Situation<'_>) -> &'static str {
    let is_frame = situation.frame.is_some() && situation.nodes.is_empty();
    if is_frame { "Remove frame" } else { "Delete" }
}

fn rename_name(situation: &Situation<'_>) -> &'static str {
    let is_frame = situation.frame.is_some() && situation.nodes.is_empty();
    match situation.groups().len() {
        1 => "Rename group",
        _ if is_frame => "Rename frame",
        _ => "Rename",
    }
}

pub(super) const COMMANDS: &[CommandEntry] = &[
    CommandEntry::new(Id::Undo, ("Undo", "Take back the newest step"), &[Need::Undo, Need::Now], |_| Command::Undo)
        .icon(Icon::Undo)
        .keys(&[ctrl(Key::Z)]),
    CommandEntry::new(Id::Redo, ("Redo", "Do again what was taken back"), &[Need::Redo, Need::Now], |_| Command::Redo)
        .icon(Icon::Redo)
        .keys(&[ctrl_shift(Key::Z), ctrl(Key::Y)]),
    CommandEntry::new(
        Id::Cut,
        ("Cut", "Copy the selected nodes and remove them"),
        &[Need::Selection, Need::Now],
        |_| Command::Cut,
    )
    .keys(&[ctrl(Key::X)]),
    CommandEntry::new(Id::Copy, ("Copy", "Put the selected nodes on the clipboard"), &[Need::Selection], |_| {
        Command::Copy
    })
    .icon(Icon::New)
    .keys(&[ctrl(Key::C)]),
    CommandEntry::new(
        Id::Paste,
        ("Paste", "Add the nodes that are on the clipboard"),
        &[Need::Workflow, Need::Now],
        |_| Command::AskForPaste,
    )
    .icon(Icon::New)
    .keys(&[ctrl(Key::V)]),
    CommandEntry::new(
        Id::PasteConnected,
        ("Paste with wires", "Add the nodes that are on the clipboard, fed by what feeds those they were copied from"),
        &[Need::Workflow, Need::Now],
        |_| Command::AskForConnectedPaste,
    )
    .keys(&[ctrl_shift(Key::V)]),
    CommandEntry::new(
        Id::Duplicate,
        ("Duplicate", "Add a copy of the selected nodes beside them"),
        &[Need::Selection, Need::Now],
        |_| Command::Duplicate,
    )
    .icon(Icon::Plus)
    .keys(&[ctrl(Key::D)]),
    CommandEntry::new(
        Id::Delete,
        ("Delete", "Remove the selected nodes and bends, or the frame or the wire that is chosen; what stands in a frame stays, a group goes with its nodes"),
        &[Need::Removable, Need::Now],
        |situation| match situation.wire {
            Some(input) => Command::Wire(WireRequest::Disconnect(input.clone())),
            None if !situation.bends.is_empty() && situation.nodes.is_empty() => super::wire::remove_bends(situation),
            None => match situation.frame {
                Some(frame) if situation.nodes.is_empty() => Command::Frame(frame.clone(), FrameRequest::Remove),
                _ => Command::DeleteSelected,
            },
        },
    )
    .icon(Icon::Close)
    .named_in(delete_name)
    .keys(&[key(Key::Delete), key(Key::Backspace)]),
    CommandEntry::new(
        Id::DeleteAndHeal,
        ("Delete and heal", "Remove the selected nodes and connect what they fed to what fed them, where it fits"),
        &[Need::Selection, Need::Now],
        |_| Command::DeleteAndHeal,
    )
    .keys(&[ctrl(Key::Delete), ctrl(Key::Backspace)]),
    CommandEntry::new(Id::SelectAll, ("Select all", "Select all nodes"), &[Need::Nodes], |_| Command::SelectAll)
        .icon(Icon::Check)
        .keys(&[ctrl(Key::A)]),
    CommandEntry::new(
        Id::Rename,
        ("Rename", "Give the selected node or frame another title"),
        &[Need::Titled, Need::Now],
        |situation| match (situation.nodes.first(), situation.frame) {
            _ if let [group] = situation.groups()[..] => Command::Frame(group.clone(), FrameRequest::Rename),
            (None, Some(frame)) => Command::Frame(frame.clone(), FrameRequest::Rename),
            (None, None) => Command::SelectAll,
            (Some(node), _) => Command::Look(LookRequest::Rename(node.clone())),
        },
    )
    .named_in(rename_name)
    .icon(Icon::Pencil)
    .keys(&[key(Key::F2)]),
];
