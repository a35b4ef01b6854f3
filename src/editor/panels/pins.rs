//! All marks of the session: what is pinned, how large, how old, from which run, stale or not, and what can be done about it.

use std::collections::BTreeSet;

use egui::{Align, Button, Checkbox, Label, Layout, RichText, ScrollArea, Sense, Ui};
use egui_extras::{Column as Width, TableBuilder, TableRow};
use jiff::Timestamp;

use super::pin_rows::{Column, PinRow, PinsState, RowMark};
use crate::{
    editor::{
        Command, LookRequest, MarkRequest, PinRequest, View,
        command_table::{self, CommandId as Id, Situation},
        icons::{self, Icon, icon_button},
        theme, viewers, words,
    },
    session::PinPolicy,
    value::readable_size,
    workflow::NodeId,
};

/// The columns with their names and widths, in points.
const COLUMNS: [(Option<Column>, &str, f32); 8] = [
    (Some(Column::Node), "Node", 100.0),
    (Some(Column::Mark), "Mark", 112.0),
    (Some(Column::State), "State", 120.0),
    (Some(Column::Size), "Size", 56.0),
    (Some(Column::Age), "Age", 66.0),
    (Some(Column::Run), "From", 56.0),
    (None, "", 24.0),
    (None, "Results", 100.0),
];

/// Shows all marks.
pub(super) fn pins_ui(ui: &mut Ui, view: View<'_>, state: &mut PinsState, commands: &mut Vec<Command>) {
    state.update(view);
    if state.wants_sizes() {
        commands.push(Command::LoadPinSizes);
    }
    bar_ui(ui, view, state, commands);
    if state.rows().is_empty() {
        ui.weak("No node is pinned, forced or disabled, and none has a breakpoint.");
        return;
    }
    let scroll = ScrollArea::horizontal().id_salt("pins").auto_shrink([false, false]);
    scroll.show(ui, |ui| table_ui(ui, view, state, commands));
}

/// Shows what can be done with the chosen rows, and with all.
fn bar_ui(ui: &mut Ui, view: View<'_>, state: &PinsState, commands: &mut Vec<Command>) {
    let all_pins =
        || state.rows().iter().filter(|row| matches!(row.mark, RowMark::Pinned(_))).map(|row| row.node.clone());
    let chosen: Vec<NodeId> = all_pins().filter(|node| state.chosen.contains(node)).collect();
    let captured: Vec<NodeId> =
        chosen.iter().filter(|node| view.marks.get(node).capture().is_some()).cloned().collect();
    let can_keep =
        chosen.iter().any(|node| view.marks.get(node).as_pin().is_some_and(|pin| pin.policy != PinPolicy::Hold));
    let runs = view.run.is_some_and(|run| run.finished.is_none());
    ui.horizontal_wrapped(|ui| {
        if !state.rows().is_empty() {
            ui.weak(if chosen.is_empty() { "Choose pins:".to_owned() } else { format!("{}:", words::count(chosen.len(), "pin")) });
        }
        let mut button = |ui: &mut Ui, name: &str, is_on: bool, help: &str, command: &dyn Fn() -> Command| {
            let response = ui.add_enabled(is_on, Button::new(name).small()).accessible_name(format!("{name} the chosen pins"));
            if response.on_hover_text(help).on_disabled_hover_text(help).clicked() {
                commands.push(command());
            }
        };
        if !state.rows().is_empty() {
            let any = !chosen.is_empty();
            let mark = |request| Command::Mark(chosen.clone(), request);
            button(ui, "Unpin", any, "Take the chosen pins away", &|| mark(MarkRequest::Unpin));
            button(ui, "Keep", can_keep, "Hold the chosen pins until they are unpinned, whatever changes", &|| mark(MarkRequest::Keep));
            button(ui, "Refresh", any, "Execute the chosen nodes once in the next run and pin them again", &|| mark(MarkRequest::Refresh));
            let help = "Execute the chosen nodes aside, one after the other, and show what differs from what they are pinned to";
            button(ui, "Compare…", !captured.is_empty() && !runs, help, &|| Command::Pinned(captured.clone(), PinRequest::Compare));
            ui.separator();
            let all: Vec<NodeId> = all_pins().collect();
            if all.len() > 1 && ui.small_button("Unpin all").clicked() {
                commands.push(Command::Mark(all, MarkRequest::Unpin));
            }
        }
        let help = "Take over pins from an earlier session of this workflow";
        if ui.small_button("Take over pins…").on_hover_text(help).clicked() {
            commands.push(Command::TakeOverPins);
        }
    });
}

fn table_ui(ui: &mut Ui, view: View<'_>, state: &mut PinsState, commands: &mut Vec<Command>) {
    let row_height = ui.spacing().interact_size.y + 4.0;
    let now = Timestamp::now();
    let (mut clicked, mut sort_by, mut choose_all) = (None, None, None);
    let sort = state.sort;
    let n_chosen = state.chosen.len();
    let n_rows = state.rows().len();
    let mut table = TableBuilder::new(ui)
        .id_salt("pins")
        .striped(true)
        .sense(Sense::click())
        .auto_shrink([false, false])
        // The panel stays as high as it was made.
        .min_scrolled_height(40.0)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Width::exact(22.0));
    for (column, name, width) in COLUMNS {
        let width = match (column, name) {
            (None, "") => Width::exact(width),
            (None, _) => Width::remainder().at_least(width),
            (Some(_), _) => Width::initial(width).at_least(48.0).resizable(true),
        };
        table = table.column(width.clip(true));
    }
    table
        .header(row_height, |mut header| {
            header.col(|ui| {
                let mut all = n_chosen > 0;
                let indeterminate = all && n_chosen < n_rows;
                let checkbox = ui.add(Checkbox::without_text(&mut all).indeterminate(indeterminate));
                if checkbox.accessible_name("Choose all").clicked() {
                    choose_all = Some(all);
                }
            });
            for (column, name, _) in COLUMNS {
                header.col(|ui| head_ui(ui, (column, name), sort, &mut sort_by));
            }
        })
        .body(|body| {
            body.rows(row_height, n_rows, |mut row| {
                let shown = &state.rows()[row.index()];
                row.set_selected(state.chosen.contains(&shown.node));
                row_ui(&mut row, view, (shown, state.chosen.contains(&shown.node)), now, (&mut clicked, commands));
            });
        });
    if let Some(all) = choose_all {
        state.choose_all(all);
    }
    if let Some((node, also)) = clicked {
        state.choose(node, also);
    }
    if let Some(column) = sort_by {
        state.sort_by(column);
    }
}

fn head_ui(
    ui: &mut Ui,
    (column, name): (Option<Column>, &str),
    sort: Option<(Column, bool)>,
    sort_by: &mut Option<Column>,
) {
    let Some(column) = column else {
        ui.strong(name);
        return;
    };
    let button = Button::new(RichText::new(name).strong()).frame(false);
    let response = ui.add(button).accessible_name(format!("Sort by {}", name.to_lowercase()));
    if response.on_hover_text(format!("Sort by {}", name.to_lowercase())).clicked() {
        *sort_by = Some(column);
    }
    if let Some((_, from_the_end)) = sort.filter(|(known, _)| *known == column) {
        let icon = if from_the_end { Icon::ChevronDown } else { Icon::ChevronUp };
        sign_ui(ui, icon, theme::tokens(ui).text);
    }
}

fn sign_ui(ui: &mut Ui, icon: Icon, color: egui::Color32) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(14.0, 14.0), Sense::hover());
    icons::paint(ui.painter(), rect, icon, color);
}

/// A row that was chosen, and whether besides the others.
type Clicked = Option<(NodeId, bool)>;

fn row_ui(
    row: &mut TableRow<'_, '_>,
    view: View<'_>,
    (shown, is_chosen): (&PinRow, bool),
    now: Timestamp,
    (clicked, commands): (&mut Clicked, &mut Vec<Command>),
) {
    let PinRow { node, title, .. } = shown;
    let capture = view.marks.get(node).capture();
    row.col(|ui| {
        let mut chosen = is_chosen;
        let name = if shown.mark == RowMark::Breakpoint {
            format!("Choose the breakpoint of {title}")
        } else {
            format!("Choose {title}")
        };
        if ui.add(Checkbox::without_text(&mut chosen)).accessible_name(name).clicked() {
            *clicked = Some((node.clone(), true));
        }
    });
    row.col(|ui| {
        if ui.link(theme::readable(title).as_ref()).clicked() {
            commands.push(Command::Look(LookRequest::Reveal(node.clone())));
        }
    });
    row.col(|ui| mark_ui(ui, shown));
    row.col(|ui| state_ui(ui, view, shown));
    row.col(|ui| {
        if let Some(size) = shown.size {
            label(ui, RichText::new(readable_size(size as usize)));
        }
    });
    row.col(|ui| {
        if let Some(since) = shown.since {
            let exactly = format!("{} UTC", since.strftime("%Y-%m-%d %H:%M:%S"));
            label(ui, RichText::new(words::ago(since, now))).on_hover_text(exactly);
        }
    });
    row.col(|ui| {
        label(ui, RichText::new(&shown.from));
    });
    row.col(|ui| action_ui(ui, view, shown, commands));
    row.col(|ui| {
        if let Some(capture) = capture {
            label(ui, RichText::new(theme::readable(&viewers::preview(view, node, &capture.results)).as_ref()));
        }
    });
    let response = row.response();
    if response.clicked() {
        *clicked = Some((node.clone(), response.ctx.input(|input| input.modifiers.command || input.modifiers.shift)));
    }
}

/// Shows text that is not in the way of clicks on its row.
fn label(ui: &mut Ui, text: RichText) -> egui::Response {
    ui.add(Label::new(text).truncate().selectable(false))
}

fn mark_ui(ui: &mut Ui, row: &PinRow) {
    let tokens = theme::tokens(ui);
    let (icon, color, text) = match row.mark {
        RowMark::Disabled => (Icon::Disable, tokens.disabled, "Disabled".to_owned()),
        RowMark::Forced => (Icon::Force, tokens.forced, "Forced".to_owned()),
        RowMark::Breakpoint => (Icon::Breakpoint, tokens.failed, "Breakpoint".to_owned()),
        RowMark::Pinned(hold) => {
            let icon = if row.is_troubled { Icon::PinStale } else { Icon::PinFilled };
            (icon, tokens.pinned, format!("Pinned, {}", words::policy(hold.policy())))
        }
    };
    sign_ui(ui, icon, color);
    label(ui, RichText::new(text).color(color));
}

fn state_ui(ui: &mut Ui, view: View<'_>, row: &PinRow) {
    let held = row.mark == RowMark::Breakpoint && view.run.is_some_and(|run| run.is_held(&row.node));
    let (is_troubled, said) =
        if held { (true, "the run is paused before it") } else { (row.is_troubled, row.state.as_str()) };
    let color = if is_troubled { theme::tokens(ui).stale } else { theme::tokens(ui).text_muted };
    let text = theme::readable(said);
    label(ui, RichText::new(text.as_ref()).color(color)).on_hover_text(text.as_ref());
}

/// Shows the way to take the mark away.
fn action_ui(ui: &mut Ui, view: View<'_>, row: &PinRow, commands: &mut Vec<Command>) {
    let (id, about) = match row.mark {
        RowMark::Disabled => (Id::Disable, row.node.to_string()),
        RowMark::Forced => (Id::Force, row.node.to_string()),
        RowMark::Pinned(_) => (Id::Unpin, row.node.to_string()),
        RowMark::Breakpoint => (Id::ToggleBreakpoint, format!("of {}", row.node)),
    };
    let alone = BTreeSet::from([row.node.clone()]);
    let situation = Situation::of(view).about(&alone);
    let entry = command_table::get(id);
    if icon_button(ui, Icon::Close, &format!("{} {about}", entry.label(&situation))).clicked() {
        commands.push((entry.command)(&situation));
    }
}
