//! What a right-click offers.

use std::collections::BTreeSet;

use egui::{Align, Layout, Popup, PopupKind, Pos2, ScrollArea, Ui, containers::menu::menu_style};

use crate::{
    editor::{
        Bend, Command, View, command_item,
        command_table::{self, CommandId as Id, Situation},
    },
    session::{Pin, PinPolicy},
    workflow::{NodeId, PortRef},
};

/// The height that a menu leaves free, in points.
const MARGIN: f32 = 24.0;

/// What was right-clicked.
#[derive(Clone, Debug)]
pub(super) enum MenuTarget {
    /// A node.
    Node(NodeId),
    /// The wire at an input.
    Wire(PortRef),
    /// A bend of a wire.
    Bend(Bend),
    /// Nothing.
    Empty,
}

/// An open menu.
pub(super) struct Menu {
    /// What it is about.
    pub(super) target: MenuTarget,
    /// Where it is on the screen.
    pub(super) at: Pos2,
    /// Tells one opening from the next.
    pub(super) serial: u64,
    /// It was opened by key: its first item is to have the focus, once it can.
    pub(super) by_key: bool,
    /// What had the focus before.
    pub(super) return_to: Option<egui::Id>,
}

/// What a menu asks of the canvas itself, because it is about the place of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MenuRequest {
    /// Open the search.
    Search,
    /// Ask the system for the clipboard.
    Paste,
    /// Give the wire of an input a bend there.
    Bend(PortRef),
}

/// What the empty canvas offers.
const EMPTY: &[&[Id]] = &[&[Id::SearchNodes, Id::Paste], &[Id::SelectAll, Id::FitAll], &[Id::Tidy, Id::Find]];
/// What a wire offers.
const WIRE: &[&[Id]] = &[&[Id::AddBend, Id::Straighten], &[Id::Disconnect]];
/// What a bend offers.
const BEND: &[&[Id]] = &[&[Id::RemoveBends, Id::Straighten], &[Id::Disconnect]];
/// What nodes offer.
const NODES: &[&[Id]] = &[
    &[Id::RunToHere, Id::ResumeToHere, Id::ResumeSelection, Id::ResumeFromHere, Id::ToggleBreakpoint],
    &[
        Id::PinResults,
        Id::PinUntilChange,
        Id::Unpin,
        Id::Keep,
        Id::Refresh,
        Id::EditPinnedValue,
        Id::CompareWithFresh,
        Id::ReplaceWithConstant,
        Id::UnpinDownstream,
        Id::Force,
        Id::Disable,
    ],
    &[Id::OpenResults, Id::OpenInWindow, Id::ShowIterations, Id::AllIterations, Id::ShowStatistics, Id::ShowWhy],
    &[Id::Comment, Id::Collapse, Id::FrameNodes, Id::Group, Id::OfferAlign],
    &[Id::Rename, Id::Duplicate, Id::Copy, Id::Cut, Id::Delete],
];
/// What nodes of an earlier run offer.
const PAST: &[&[Id]] = &[
    &[Id::PinResults, Id::PinUntilChange],
    &[Id::OpenResults, Id::OpenInWindow, Id::ShowIterations, Id::AllIterations, Id::ShowStatistics, Id::ShowWhy],
    &[Id::Copy, Id::BackFromRun],
];

/// Shows the menu; returns whether it stays open, and what it asks of the canvas.
pub(super) fn menu_ui(
    ui: &Ui,
    view: View<'_>,
    chosen: &BTreeSet<Bend>,
    menu: &mut Menu,
    commands: &mut Vec<Command>,
) -> (bool, Option<MenuRequest>) {
    let mut open = true;
    let id = ui.make_persistent_id(("menu", menu.serial));
    let shown = Popup::new(id, ui.ctx().clone(), menu.at, ui.layer_id())
        .kind(PopupKind::Menu)
        .layout(Layout::top_down_justified(Align::Min))
        .style(menu_style)
        .open_bool(&mut open)
        .show(|ui| {
            ui.set_width(command_item::MENU_WIDTH);
            ui.spacing_mut().item_spacing.y = 2.0;
            // A window may be lower than the menu.
            let most = ui.ctx().content_rect().height() - MARGIN;
            let items =
                ScrollArea::vertical().max_height(most).min_scrolled_height(most).show(ui, |ui| match &menu.target {
                    MenuTarget::Node(node) => node_menu_ui(ui, view, node, &mut menu.by_key, commands),
                    MenuTarget::Wire(input) => {
                        items_ui(ui, WIRE, &Situation::of(view).about_wire(input), &mut menu.by_key, commands)
                    }
                    MenuTarget::Bend(bend) => {
                        let alone = BTreeSet::from([bend.clone()]);
                        let bends = if chosen.contains(bend) { chosen } else { &alone };
                        let situation = Situation::of(view).about_wire(&bend.wire).about_bends(bends);
                        items_ui(ui, BEND, &situation, &mut menu.by_key, commands)
                    }
                    MenuTarget::Empty => items_ui(ui, EMPTY, &Situation::of(view), &mut menu.by_key, commands),
                });
            items.inner
        });
    (open, shown.and_then(|shown| shown.inner))
}

fn items_ui(
    ui: &mut Ui,
    groups: &[&[Id]],
    situation: &Situation<'_>,
    focus_first: &mut bool,
    commands: &mut Vec<Command>,
) -> Option<MenuRequest> {
    match command_item::menu_ui(ui, groups, situation, focus_first)? {
        Id::SearchNodes => return Some(MenuRequest::Search),
        Id::Paste => return Some(MenuRequest::Paste),
        Id::AddBend => return situation.wire.cloned().map(MenuRequest::Bend),
        id => commands.push((command_table::get(id).command)(situation)),
    }
    None
}

fn node_menu_ui(
    ui: &mut Ui,
    view: View<'_>,
    node: &NodeId,
    focus_first: &mut bool,
    commands: &mut Vec<Command>,
) -> Option<MenuRequest> {
    let alone = BTreeSet::from([node.clone()]);
    let nodes = if view.selection.contains(node) { view.selection } else { &alone };
    let situation = Situation::of(view).about(nodes);
    if view.past.is_some() {
        return items_ui(ui, PAST, &situation, focus_first, commands);
    }
    let groups: Vec<Vec<Id>> =
        NODES.iter().map(|group| group.iter().copied().filter(|id| makes_sense(*id, view, nodes)).collect()).collect();
    let groups: Vec<&[Id]> = groups.iter().map(Vec::as_slice).collect();
    items_ui(ui, &groups, &situation, focus_first, commands)
}

/// Returns whether a mark is worth offering: it would change something.
fn makes_sense(id: Id, view: View<'_>, nodes: &BTreeSet<NodeId>) -> bool {
    let any_pin = |test: &dyn Fn(Option<&Pin>) -> bool| nodes.iter().any(|node| test(view.marks.get(node).as_pin()));
    match id {
        Id::PinResults => any_pin(&|pin| pin.is_none_or(|pin| pin.policy != PinPolicy::Hold)),
        Id::PinUntilChange => any_pin(&|pin| pin.is_none_or(|pin| pin.policy != PinPolicy::Follow)),
        Id::Unpin => any_pin(&|pin| pin.is_some()),
        Id::EditPinnedValue => nodes.len() == 1,
        Id::CompareWithFresh | Id::ReplaceWithConstant => {
            nodes.len() == 1 && nodes.iter().all(|node| view.marks.get(node).capture().is_some())
        }
        Id::Keep | Id::Refresh => nodes.iter().any(|node| is_stale(view, node)),
        _ => true,
    }
}

fn is_stale(view: View<'_>, node: &NodeId) -> bool {
    view.plan.get(node).is_some_and(|plan| plan.stale.is_some() || plan.released.is_some())
}
