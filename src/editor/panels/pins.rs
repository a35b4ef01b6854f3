//! All marks of the session: what is pinned, how large, how old, stale or not, and what can be done about it.

use std::collections::BTreeSet;

use egui::{Label, RichText, Ui};
use egui_extras::{Column, TableBuilder, TableRow};
use jiff::Timestamp;

use crate::{
    editor::{
        Command, LookRequest, MarkRequest, View,
        command_item::small_button_ui,
        command_table::{CommandId as Id, Situation},
        icons::{self, Icon},
        theme, viewers, words,
    },
    session::{Mark, PinPolicy},
    workflow::NodeId,
};

/// Shows all marks.
pub(super) fn pins_ui(ui: &mut Ui, view: View<'_>, commands: &mut Vec<Command>) {
    let is_here = |node: &NodeId| view.workflow.node(node).is_some();
    let marks = view.marks.iter().filter(|(node, _)| is_here(node)).map(|(node, mark)| Row::Mark(node, mark));
    let breakpoints = view.marks.breakpoints().iter().filter(|node| is_here(node)).map(Row::Breakpoint);
    let rows: Vec<Row<'_>> = marks.chain(breakpoints).collect();
    if rows.is_empty() {
        ui.weak("No node is pinned, forced or disabled, and none has a breakpoint.");
        return;
    }
    let pinned = rows.iter().filter_map(|row| match row {
        Row::Mark(node, mark) if mark.as_pin().is_some() => Some(NodeId::clone(node)),
        _ => None,
    });
    let pinned: Vec<NodeId> = pinned.collect();
    if pinned.len() > 1 && ui.button("Unpin all").clicked() {
        commands.push(Command::Mark(pinned, MarkRequest::Unpin));
    }
    let row_height = ui.spacing().interact_size.y + 4.0;
    let now = Timestamp::now();
    TableBuilder::new(ui)
        .id_salt("pins")
        .striped(true)
        .auto_shrink([false, false])
        .cell_layout(egui::Layout::left_to_right(egui::Align::Center))
        .column(Column::initial(130.0).at_least(60.0).clip(true).resizable(true))
        .column(Column::initial(130.0).at_least(60.0).clip(true).resizable(true))
        .column(Column::initial(205.0).at_least(60.0).clip(true))
        .column(Column::initial(130.0).at_least(60.0).clip(true).resizable(true))
        .column(Column::initial(80.0).at_least(60.0).clip(true).resizable(true))
        .column(Column::remainder().at_least(90.0).clip(true))
        .header(row_height, |mut header| {
            for title in ["Node", "Mark", "", "Results", "Age", "State"] {
                header.col(|ui| {
                    ui.strong(title);
                });
            }
        })
        .body(|body| {
            body.rows(row_height, rows.len(), |mut row| match rows[row.index()] {
                Row::Mark(node, mark) => row_ui(&mut row, view, (node, mark), now, commands),
                Row::Breakpoint(node) => breakpoint_ui(&mut row, view, node, commands),
            });
        });
}

/// What a row is about.
#[derive(Clone, Copy)]
enum Row<'a> {
    Mark(&'a NodeId, &'a Mark),
    Breakpoint(&'a NodeId),
}

fn breakpoint_ui(row: &mut TableRow<'_, '_>, view: View<'_>, node: &NodeId, commands: &mut Vec<Command>) {
    row.col(|ui| {
        if ui.link(words::title(view.workflow, view.catalogue, node)).clicked() {
            commands.push(Command::Look(LookRequest::Reveal(node.clone())));
        }
    });
    row.col(|ui| {
        let color = theme::tokens(ui).failed;
        let (rect, _) = ui.allocate_exact_size(egui::vec2(14.0, 14.0), egui::Sense::hover());
        icons::paint(ui.painter(), rect, Icon::Breakpoint, color);
        ui.label(RichText::new("Breakpoint").color(color));
    });
    row.col(|ui| {
        let alone = BTreeSet::from([node.clone()]);
        let situation = Situation::of(view).about(&alone);
        small_button_ui(ui, Id::ToggleBreakpoint, &situation, Some(&format!("of {node}")), commands);
    });
    row.col(|_| ());
    row.col(|_| ());
    row.col(|ui| {
        if view.run.is_some_and(|run| run.is_held(node)) {
            ui.label(RichText::new("the run is paused before it").color(theme::tokens(ui).stale));
        }
    });
}

fn row_ui(
    row: &mut TableRow<'_, '_>,
    view: View<'_>,
    (node, mark): (&NodeId, &Mark),
    now: Timestamp,
    commands: &mut Vec<Command>,
) {
    let capture = mark.capture();
    row.col(|ui| {
        if ui.link(words::title(view.workflow, view.catalogue, node)).clicked() {
            commands.push(Command::Look(LookRequest::Reveal(node.clone())));
        }
    });
    row.col(|ui| {
        let tokens = theme::tokens(ui);
        let (color, text) = match mark {
            Mark::Default => (tokens.text, String::new()),
            Mark::Disabled => (tokens.disabled, "Disabled".to_owned()),
            Mark::Forced => (tokens.forced, "Forced".to_owned()),
            Mark::Pinned(pin) => (tokens.pinned, format!("Pinned, {}", words::policy(pin.policy))),
        };
        ui.add(Label::new(RichText::new(text).color(color)).truncate());
    });
    row.col(|ui| actions_ui(ui, view, node, mark, commands));
    row.col(|ui| {
        if let Some(capture) = capture {
            ui.add(Label::new(viewers::preview(view, node, &capture.results)).truncate());
        }
    });
    row.col(|ui| {
        if let Some(capture) = capture {
            let run = capture.captured_in.map_or_else(|| "typed in".to_owned(), |run| format!("Captured in run {run}"));
            ui.label(words::ago(capture.captured_at, now)).on_hover_text(run);
        }
    });
    row.col(|ui| {
        let (troubled, text) = state(view, node, mark);
        let color = if troubled { theme::tokens(ui).stale } else { theme::tokens(ui).text_muted };
        let text = theme::readable(&text).into_owned();
        ui.add(Label::new(RichText::new(text.as_str()).color(color)).truncate()).on_hover_text(text);
    });
}

/// Returns whether a mark wants to be looked at, and how it stands.
fn state(view: View<'_>, node: &NodeId, mark: &Mark) -> (bool, String) {
    let plan = view.plan.get(node);
    if let Some(stale) = plan.and_then(|plan| plan.stale.as_ref()) {
        return (true, format!("stale: {}", stale.0));
    }
    if let Some(release) = plan.and_then(|plan| plan.released.as_ref()) {
        return (true, format!("will be released: {}", release.0));
    }
    let pinned = mark.as_pin().is_some();
    match (pinned, mark.capture()) {
        (true, None) => (false, "armed for the next run".to_owned()),
        (true, Some(capture)) if capture.edited => (false, "edited".to_owned()),
        (true, Some(_)) => (false, "up to date".to_owned()),
        (false, _) => (false, String::new()),
    }
}

fn actions_ui(ui: &mut Ui, view: View<'_>, node: &NodeId, mark: &Mark, commands: &mut Vec<Command>) {
    let actions: &[Id] = match mark {
        Mark::Default => &[],
        Mark::Disabled => &[Id::Disable],
        Mark::Forced => &[Id::Force],
        Mark::Pinned(pin) if pin.policy == PinPolicy::Follow => &[Id::Unpin, Id::Keep, Id::Refresh],
        Mark::Pinned(_) => &[Id::Unpin, Id::Refresh],
    };
    let alone = BTreeSet::from([node.clone()]);
    let situation = Situation::of(view).about(&alone);
    for id in actions {
        small_button_ui(ui, *id, &situation, Some(node.as_str()), commands);
    }
}
