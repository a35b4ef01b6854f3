//! What a right-click offers.

use egui::{
    Align, Layout, Popup, PopupKind, Pos2, Rect, Response, Role, Sense, TextStyle, Ui, WidgetInfo,
    containers::menu::menu_style, pos2, vec2,
};

use super::{interaction::disconnect, standing::is_running};
use crate::{
    editor::{
        Command, MarkRequest, View,
        icons::{self, Icon},
        theme,
    },
    session::{Mark, PinPolicy},
    store::RunKind,
    workflow::{NodeId, PortRef},
};

/// The width of a menu.
const MENU_WIDTH: f32 = 236.0;

/// What was right-clicked.
#[derive(Clone, Debug)]
pub(super) enum MenuTarget {
    /// A node.
    Node(NodeId),
    /// The wire at an input.
    Wire(PortRef),
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
}

/// What a menu asks of the canvas itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MenuRequest {
    /// Open the search.
    Search,
    /// Ask the system for the clipboard.
    Paste,
    /// Bring all into view.
    FitAll,
    /// Rename a node.
    Rename(NodeId),
}

/// Shows the menu; returns whether it stays open, and what it asks of the canvas.
pub(super) fn menu_ui(
    ui: &Ui,
    view: View<'_>,
    menu: &Menu,
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
            ui.set_width(MENU_WIDTH);
            match &menu.target {
                MenuTarget::Node(node) => node_menu_ui(ui, view, node, commands),
                MenuTarget::Wire(input) => wire_menu_ui(ui, input, commands),
                MenuTarget::Empty => empty_menu_ui(ui, commands),
            }
        });
    (open, shown.and_then(|shown| shown.inner))
}

fn empty_menu_ui(ui: &mut Ui, commands: &mut Vec<Command>) -> Option<MenuRequest> {
    let mut request = None;
    if item(ui, Icon::Plus, "Add node…", "Tab").clicked() {
        request = Some(MenuRequest::Search);
    }
    if item(ui, Icon::New, "Paste", "Ctrl+V").clicked() {
        request = Some(MenuRequest::Paste);
    }
    ui.separator();
    if item(ui, Icon::Check, "Select all", "Ctrl+A").clicked() {
        commands.push(Command::SelectAll);
    }
    if item(ui, Icon::Search, "Fit all", "Home").clicked() {
        request = Some(MenuRequest::FitAll);
    }
    request
}

fn wire_menu_ui(ui: &mut Ui, input: &PortRef, commands: &mut Vec<Command>) -> Option<MenuRequest> {
    if item(ui, Icon::Close, "Disconnect", "").clicked() {
        let (label, edit) = disconnect(input.clone());
        commands.push(Command::Edit(label, edit));
    }
    None
}

fn node_menu_ui(ui: &mut Ui, view: View<'_>, node: &NodeId, commands: &mut Vec<Command>) -> Option<MenuRequest> {
    let nodes: Vec<NodeId> =
        if view.selection.contains(node) { view.selection.iter().cloned().collect() } else { vec![node.clone()] };
    if view.past.is_some() {
        past_menu_ui(ui, &nodes, commands);
        return None;
    }
    ui.add_enabled_ui(!is_running(view), |ui| {
        if item(ui, Icon::Run, "Run to here", "").clicked() {
            commands.push(Command::RunTo(RunKind::Standard, nodes.clone()));
        }
        if item(ui, Icon::Resume, "Resume to here", "").clicked() {
            commands.push(Command::RunTo(RunKind::Resumed, nodes.clone()));
        }
        if item(ui, Icon::Resume, "Resume selection", "").clicked() {
            commands.push(Command::RunOnly(RunKind::Resumed, nodes.clone()));
        }
        if item(ui, Icon::Resume, "Resume from here", "").clicked() {
            commands.push(Command::RunFrom(RunKind::Resumed, nodes.clone()));
        }
    });
    let has_all = nodes.iter().all(|node| view.marks.breakpoints().contains(node));
    let breakpoint = if has_all { "Remove breakpoint" } else { "Set breakpoint" };
    if item(ui, Icon::Breakpoint, breakpoint, "F9").clicked() {
        commands.push(Command::ToggleBreakpoint(nodes.clone()));
    }
    ui.separator();
    marks_menu_ui(ui, view, &nodes, commands);
    ui.separator();
    let mut request = None;
    if item(ui, Icon::Pencil, "Rename", "F2").clicked() {
        request = Some(MenuRequest::Rename(node.clone()));
    }
    for (icon, label, shortcut, command) in [
        (Icon::Plus, "Duplicate", "Ctrl+D", Command::Duplicate),
        (Icon::New, "Copy", "Ctrl+C", Command::Copy),
        (Icon::Close, "Delete", "Del", Command::DeleteSelected),
    ] {
        if item(ui, icon, label, shortcut).clicked() {
            commands.push(command);
        }
    }
    request
}

/// Shows what can be asked of nodes of an earlier run.
fn past_menu_ui(ui: &mut Ui, nodes: &[NodeId], commands: &mut Vec<Command>) {
    for (icon, label, shortcut, policy) in [
        (Icon::PinFilled, "Pin these results", "P", PinPolicy::Hold),
        (Icon::Follow, "Pin them until something changes", "", PinPolicy::Follow),
    ] {
        if item(ui, icon, label, shortcut).clicked() {
            commands.push(Command::Mark(nodes.to_vec(), MarkRequest::Pin(policy)));
        }
    }
    ui.separator();
    if item(ui, Icon::New, "Copy", "Ctrl+C").clicked() {
        commands.push(Command::Copy);
    }
    if item(ui, Icon::Undo, "Back to the workflow", "").clicked() {
        commands.push(Command::CloseRun);
    }
}

fn marks_menu_ui(ui: &mut Ui, view: View<'_>, nodes: &[NodeId], commands: &mut Vec<Command>) {
    let mut ask = |ui: &mut Ui, icon, label: &str, shortcut: &str, request| {
        if item(ui, icon, label, shortcut).clicked() {
            commands.push(Command::Mark(nodes.to_vec(), request));
        }
    };
    let marks = || nodes.iter().map(|node| view.marks.get(node));
    let policies = || marks().map(|mark| mark.as_pin().map(|pin| pin.policy));
    if policies().any(|policy| policy != Some(PinPolicy::Hold)) {
        ask(ui, Icon::PinFilled, "Pin Results", "P", MarkRequest::Pin(PinPolicy::Hold));
    }
    if policies().any(|policy| policy != Some(PinPolicy::Follow)) {
        ask(ui, Icon::Follow, "Pin until something changes", "", MarkRequest::Pin(PinPolicy::Follow));
    }
    if policies().any(|policy| policy.is_some()) {
        ask(ui, Icon::Pin, "Unpin", "", MarkRequest::Unpin);
    }
    if nodes.iter().any(|node| is_stale(view, node)) {
        ask(ui, Icon::Lock, "Keep results", "", MarkRequest::Keep);
        ask(ui, Icon::Reuse, "Refresh", "", MarkRequest::Refresh);
    }
    ask(ui, Icon::Branch, "Unpin downstream", "", MarkRequest::UnpinDownstream);
    let forced = marks().all(|mark| matches!(mark, Mark::Forced));
    let force = if forced { "Do not force" } else { "Force Execution" };
    ask(ui, Icon::Force, force, "", MarkRequest::ToggleForce);
    let disabled = marks().all(|mark| matches!(mark, Mark::Disabled));
    let disable = if disabled { "Enable" } else { "Disable" };
    ask(ui, Icon::Disable, disable, "Ctrl+E", MarkRequest::ToggleDisable);
}

fn is_stale(view: View<'_>, node: &NodeId) -> bool {
    view.plan.get(node).is_some_and(|plan| plan.stale.is_some() || plan.released.is_some())
}

/// Shows one item: an icon, a label and the shortcut that does the same.
fn item(ui: &mut Ui, icon: Icon, label: &str, shortcut: &str) -> Response {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::MenuItem, ui.is_enabled(), label));
    if ui.is_rect_visible(rect) {
        let color = if ui.is_enabled() { tokens.text } else { tokens.disabled };
        if ui.is_enabled() && (response.hovered() || response.has_focus()) {
            ui.painter().rect_filled(rect, 5.0, tokens.button_hovered);
        }
        let at = pos2(rect.left() + 15.0, rect.center().y);
        icons::paint(ui.painter(), Rect::from_center_size(at, vec2(15.0, 15.0)), icon, color.gamma_multiply(0.8));
        let font = TextStyle::Button.resolve(ui.style());
        let middle = rect.center().y;
        ui.painter().text(pos2(rect.left() + 32.0, middle), egui::Align2::LEFT_CENTER, label, font, color);
        let small = TextStyle::Small.resolve(ui.style());
        let at = pos2(rect.right() - 8.0, middle);
        ui.painter().text(at, egui::Align2::RIGHT_CENTER, shortcut, small, tokens.text_muted);
    }
    if response.clicked() {
        ui.close();
    }
    response
}
