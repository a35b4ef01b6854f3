//! What is looked at, and how.

use egui::Key;

use super::{CommandEntry, CommandId as Id, Need, Situation, ctrl, key, shift};
use crate::{
    editor::{Command, Direction, LayoutRequest, LookRequest, Panel, Section, Tab, WindowOf, icons::Icon},
    workflow::NodeId,
};

fn show(situation: &Situation<'_>, section: Section) -> Command {
    let node = situation.nodes.first();
    node.map_or(Command::SelectAll, |node| Command::Look(LookRequest::Show(node.clone(), section)))
}

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
        Id::Problems,
        ("Problems", "List what is wrong, or worth knowing before a run"),
        &[Need::Workflow],
        |_| Command::ShowTab(Tab::Problems),
    ),
    CommandEntry::new(
        Id::Effects,
        ("Effects", "List what the run did to the world outside, and what was held back"),
        &[Need::Workflow],
        |_| Command::ShowTab(Tab::Effects),
    ),
    CommandEntry::new(
        Id::Timeline,
        ("Timeline", "Show when each node of the run executed, and what was waited for"),
        &[Need::Workflow],
        |_| Command::ShowTab(Tab::Timeline),
    ),
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
    CommandEntry::new(
        Id::FollowRunning,
        ("Follow the running node", "Keep the node that executes in view until you move the view, or no longer"),
        &[Need::Nodes],
        |_| Command::Look(LookRequest::FollowRunning),
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
    CommandEntry::new(
        Id::ResetLayout,
        ("Reset panels", "Put all panels back to where they stood at first, in their first size"),
        &[],
        |_| Command::Layout(LayoutRequest::Reset),
    ),
    CommandEntry::new(Id::Larger, ("Larger interface", "Draw everything a step larger"), &[], |_| {
        Command::Layout(LayoutRequest::Larger)
    })
    .keys(&[ctrl(Key::Plus), ctrl(Key::Equals)]),
    CommandEntry::new(Id::Smaller, ("Smaller interface", "Draw everything a step smaller"), &[], |_| {
        Command::Layout(LayoutRequest::Smaller)
    })
    .keys(&[ctrl(Key::Minus)]),
    CommandEntry::new(
        Id::NormalSize,
        ("Normal interface", "Draw everything as large as the desktop asks for"),
        &[],
        |_| Command::Layout(LayoutRequest::NormalSize),
    )
    .keys(&[ctrl(Key::Num0)]),
    CommandEntry::new(
        Id::OpenResults,
        ("Open results", "Show in the bottom panel what the node gave"),
        &[Need::Settled],
        |situation| show(situation, Section::Results),
    )
    .icon(Icon::Search),
    CommandEntry::new(
        Id::OpenInWindow,
        (
            "Open in a window",
            "Show what the node gave in a window of its own, which follows the newest result or holds one",
        ),
        &[Need::Settled],
        |situation| {
            let of = |node: &NodeId| WindowOf { node: node.clone(), port: None, iteration: None };
            situation.nodes.first().map_or(Command::SelectAll, |node| Command::OpenWindow(of(node)))
        },
    )
    .icon(Icon::Window)
    .keys(&[shift(Key::O)]),
    CommandEntry::new(
        Id::ShowIterations,
        ("Iterations…", "Show in the inspector what came of each iteration of the node's loop"),
        &[Need::Iterated],
        |situation| show(situation, Section::Iterations),
    )
    .icon(Icon::Resume),
    CommandEntry::new(
        Id::AllIterations,
        ("All iterations", "List every iteration of the node's loop: how it went, how long it took, what it gave"),
        &[Need::Iterated],
        |situation| show(situation, Section::AllIterations),
    ),
    CommandEntry::new(
        Id::ShowStatistics,
        ("Statistics…", "Show in the inspector when the node ran, how long it took and how often it was tried"),
        &[Need::Settled],
        |situation| show(situation, Section::Timing),
    )
    .icon(Icon::Clock),
    CommandEntry::new(
        Id::ShowWhy,
        ("Why does it run?", "Show in the inspector what would be done with the node, and the whole chain of reasons"),
        &[Need::OneSelected],
        |situation| show(situation, Section::Why),
    )
    .icon(Icon::Question),
    CommandEntry::new(
        Id::OpenMenu,
        ("Open the menu", "Open the menu of what has the focus, or of the selected nodes"),
        &[Need::Workflow],
        |_| Command::Look(LookRequest::Menu),
    )
    .keys(&[key(Key::Menu), shift(Key::F10)])
    .on_canvas(),
    CommandEntry::new(Id::WalkLeft, ("Walk left", "Go to the nearest node to the left"), &[Need::Nodes], |_| {
        Command::Look(LookRequest::Walk(Direction::Left))
    })
    .keys(&[key(Key::ArrowLeft)])
    .on_canvas()
    .repeating(),
    CommandEntry::new(Id::WalkRight, ("Walk right", "Go to the nearest node to the right"), &[Need::Nodes], |_| {
        Command::Look(LookRequest::Walk(Direction::Right))
    })
    .keys(&[key(Key::ArrowRight)])
    .on_canvas()
    .repeating(),
    CommandEntry::new(Id::WalkUp, ("Walk up", "Go to the nearest node above"), &[Need::Nodes], |_| {
        Command::Look(LookRequest::Walk(Direction::Up))
    })
    .keys(&[key(Key::ArrowUp)])
    .on_canvas()
    .repeating(),
    CommandEntry::new(Id::WalkDown, ("Walk down", "Go to the nearest node below"), &[Need::Nodes], |_| {
        Command::Look(LookRequest::Walk(Direction::Down))
    })
    .keys(&[key(Key::ArrowDown)])
    .on_canvas()
    .repeating(),
];
