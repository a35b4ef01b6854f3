//! Adding nodes.

use egui::Key;

use super::{CommandEntry, CommandId as Id, Need, key, shift};
use crate::editor::{Command, icons::Icon};

pub(super) const COMMANDS: &[CommandEntry] = &[CommandEntry::new(
    Id::SearchNodes,
    ("Add node…", "Search for a node to add at the pointer"),
    &[Need::Workflow, Need::Now],
    |_| Command::SearchNodes,
)
.icon(Icon::Search)
.keys(&[shift(Key::A), key(Key::Tab)])];
