//! What is looked at, and how.

use egui::Key;

use super::{CommandEntry, CommandId as Id, Need, ctrl, key};
use crate::editor::{Command, LookRequest, Panel, Tab, icons::Icon};

pub(super) const COMMANDS: &[CommandEntry] = &[
    CommandEntry::new(
        Id::FitSelected,
        ("Show selection", "Bring the selected nodes into view"),
        &[Need::Selection],
        |_| Command::Look(LookRequest::FitSelected),
    )
    .keys(&[key(Key::F)]),
    CommandEntry::new(Id::FitAll, ("Show all", "Bring all nodes into view"), &[Need::Nodes], |_| {
        Command::Look(LookRequest::FitAll)
    })
    .icon(Icon::Search)
    .keys(&[key(Key::Home)]),
    CommandEntry::new(Id::ZoomReset, ("Zoom to 100 %", "Show nodes in their own size"), &[Need::Workflow], |_| {
        Command::Look(LookRequest::ZoomReset)
    })
    .keys(&[key(Key::Num0)]),
    CommandEntry::new(
        Id::History,
        ("Run history", "List the earlier runs of this workflow"),
        &[Need::Workflow],
        |_| Command::ShowTab(Tab::History),
    )
    .keys(&[ctrl(Key::H)]),
    CommandEntry::new(
        Id::BackFromRun,
        ("Back to the workflow", "Show the workflow as it is now, in place of an earlier run"),
        &[Need::Past],
        |_| Command::CloseRun,
    )
    .icon(Icon::Undo),
    CommandEntry::new(
        Id::TogglePlan,
        ("Show plan", "Show on the canvas what Resume would do, or no longer"),
        &[Need::Workflow],
        |_| Command::TogglePlan,
    ),
    CommandEntry::new(Id::ToggleTheme, ("Theme", "Switch between light and dark"), &[], |_| Command::ToggleTheme),
    CommandEntry::new(
        Id::LibraryPanel,
        ("Library panel", "Show the nodes that can be added, or no longer"),
        &[Need::Workflow],
        |_| Command::TogglePanel(Panel::Library),
    ),
    CommandEntry::new(
        Id::InspectorPanel,
        ("Inspector panel", "Show the parameters and results of the selected node, or no longer"),
        &[Need::Workflow],
        |_| Command::TogglePanel(Panel::Inspector),
    ),
    CommandEntry::new(
        Id::BottomPanel,
        ("Bottom panel", "Show output, log, problems, pins and run history, or no longer"),
        &[Need::Workflow],
        |_| Command::TogglePanel(Panel::Bottom),
    ),
];
