//! The list of runs, and the bar above it.

use egui::{Align, Button, ComboBox, Label, Layout, RichText, ScrollArea, Sense, Ui};
use egui_extras::{Column, TableBuilder, TableRow};
use jiff::{Timestamp, tz::TimeZone};

use super::{Ending, HistoryState, Since};
use crate::{
    editor::{
        Command, View,
        icons::{self, Icon},
        theme::{self, Tokens},
        words,
    },
    store::{Part, RunId, RunKind, RunStatus, RunSummary},
};

/// Shows the runs of the workflow.
pub(crate) fn list_ui(ui: &mut Ui, now: View<'_>, state: &mut HistoryState, commands: &mut Vec<Command>) {
    if state.is_due() {
        commands.push(Command::LoadHistory);
    }
    bar_ui(ui, state, commands);
    match &state.runs {
        None => {
            ui.weak("Reading the runs…");
        }
        Some(Err(error)) => {
            let said = format!("The runs cannot be read: {error}");
            ui.add(Label::new(RichText::new(theme::readable(&said)).color(theme::tokens(ui).failed)).wrap());
        }
        Some(Ok(runs)) if runs.is_empty() => {
            ui.weak("No runs yet: run the workflow, and what it did is kept here.");
        }
        Some(Ok(_)) => {
            state.filter_runs(Timestamp::now().as_second());
            let scroll = ScrollArea::horizontal().id_salt("history").auto_shrink([false, false]);
            scroll.show(ui, |ui| table_ui(ui, now, state, commands));
        }
    }
}

fn bar_ui(ui: &mut Ui, state: &mut HistoryState, commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        choice_ui(ui, "Status of runs", &mut state.filter.ending, &Ending::ALL, |ending| ending.name());
        let kinds = [None, Some(RunKind::Standard), Some(RunKind::Resumed)];
        choice_ui(ui, "Kind of runs", &mut state.filter.kind, &kinds, |kind| kind.map_or("Any kind", kind_name));
        choice_ui(ui, "Time of runs", &mut state.filter.since, &Since::ALL, |since| since.name());
        let n_shown = state.shown.as_ref().map_or(0, |(_, shown)| shown.len());
        let n_all = state.listed().len();
        let said = if n_shown == n_all { words::count(n_all, "run") } else { format!("{n_shown} of {n_all} runs") };
        if state.runs.is_some() {
            ui.weak(said);
        }
        ui.separator();
        buttons_ui(ui, &state.chosen, commands);
        if ui.button("Rules…").on_hover_text("Which runs stay in the history").clicked() {
            commands.push(Command::HistoryRules);
        }
    });
}

fn choice_ui<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    chosen: &mut T,
    all: &[T],
    words: impl Fn(T) -> &'static str,
) {
    let shown = ComboBox::from_id_salt(name).width(86.0).selected_text(words(*chosen)).show_ui(ui, |ui| {
        for &one in all {
            ui.selectable_value(chosen, one, words(one));
        }
    });
    shown.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, name));
}

fn buttons_ui(ui: &mut Ui, chosen: &[RunId], commands: &mut Vec<Command>) {
    let one = match chosen {
        [run] => Some(*run),
        _ => None,
    };
    let help = "Show what this run did, in place of the workflow";
    if ui.add_enabled(one.is_some(), Button::new("Open run")).on_hover_text(help).clicked() {
        commands.extend(one.map(Command::OpenRun));
    }
    let help = "Make its records those that Resume starts from";
    if ui.add_enabled(one.is_some(), Button::new("Resume from it")).on_hover_text(help).clicked() {
        commands.extend(one.map(Command::ResumeFromRun));
    }
    let two = match chosen {
        [one, other] => Some(Command::CompareRuns(*one, *other)),
        _ => None,
    };
    let help = "Show what differs between the two chosen runs; Ctrl+click chooses a second one";
    let compare = ui.add_enabled(two.is_some(), Button::new("Compare"));
    if compare.on_hover_text(help).on_disabled_hover_text(help).clicked() {
        commands.extend(two);
    }
}

const fn kind_name(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Standard => "Run",
        RunKind::Resumed => "Resume",
    }
}

fn table_ui(ui: &mut Ui, now: View<'_>, state: &mut HistoryState, commands: &mut Vec<Command>) {
    let shown = state.shown.take();
    let Some((filter, places)) = shown else { return };
    let mut clicked = None;
    let row_height = ui.spacing().interact_size.y;
    let (time, zone) = (Timestamp::now(), TimeZone::system());
    TableBuilder::new(ui)
        .id_salt("history")
        .striped(true)
        .sense(Sense::click())
        .auto_shrink([false, false])
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::initial(52.0).at_least(40.0).clip(true).resizable(true))
        .column(Column::initial(186.0).at_least(80.0).clip(true).resizable(true))
        .column(Column::initial(84.0).at_least(50.0).clip(true).resizable(true))
        .column(Column::initial(112.0).at_least(60.0).clip(true).resizable(true))
        .column(Column::initial(62.0).at_least(50.0).clip(true).resizable(true))
        .column(Column::remainder().at_least(120.0).clip(true))
        .header(row_height, |mut header| {
            for title in ["Run", "Started", "Kind", "Status", "Took", "Nodes"] {
                header.col(|ui| {
                    ui.strong(title);
                });
            }
        })
        .body(|body| {
            body.rows(row_height, places.len(), |mut row| {
                let run = &state.listed()[places[row.index()]];
                row.set_selected(state.chosen.contains(&run.id));
                run_ui(&mut row, now, run, (time, &zone), &mut clicked);
                row_clicked(&row, run.id, &state.chosen, &mut clicked, commands);
            });
        });
    if let Some((run, also)) = clicked {
        state.choose(run, also);
    }
    state.shown = Some((filter, places));
}

/// Takes in what was done with a row.
fn row_clicked(
    row: &TableRow<'_, '_>,
    run: RunId,
    chosen: &[RunId],
    clicked: &mut Option<(RunId, bool)>,
    commands: &mut Vec<Command>,
) {
    let response = row.response();
    if response.double_clicked() {
        commands.push(Command::OpenRun(run));
    } else if response.clicked() {
        *clicked = Some((run, response.ctx.input(|input| input.modifiers.command || input.modifiers.shift)));
    }
    response.context_menu(|ui| {
        if ui.button("Open run").clicked() {
            commands.push(Command::OpenRun(run));
        }
        if ui.button("Resume from it").clicked() {
            commands.push(Command::ResumeFromRun(run));
        }
        if let Some(other) = chosen.iter().rev().find(|other| **other != run)
            && ui.button("Compare with the chosen one").clicked()
        {
            commands.push(Command::CompareRuns(*other, run));
        }
    });
}

fn run_ui(
    row: &mut TableRow<'_, '_>,
    now: View<'_>,
    run: &RunSummary,
    (time, zone): (Timestamp, &TimeZone),
    clicked: &mut Option<(RunId, bool)>,
) {
    row.col(|ui| {
        let button = Button::new(format!("#{}", run.number)).frame(false);
        let response = ui.add(button).accessible_name(format!("Run {}", run.number));
        if response.clicked() {
            *clicked = Some((run.id, ui.input(|input| input.modifiers.command || input.modifiers.shift)));
        }
    });
    row.col(|ui| {
        let local = run.started.to_zoned(zone.clone());
        let exactly = format!("{} UTC", run.started.strftime("%Y-%m-%d %H:%M:%S"));
        let text = format!("{} · {}", local.strftime("%d %b %H:%M:%S"), words::ago(run.started, time));
        label(ui, RichText::new(text)).on_hover_text(exactly);
    });
    row.col(|ui| {
        let icon = if run.kind == RunKind::Standard { Icon::Run } else { Icon::Resume };
        icon_ui(ui, icon, theme::tokens(ui).text_muted);
        let part = match run.part {
            Part::All => String::new(),
            Part::To(_) => " to".to_owned(),
            Part::Only(_) => " only".to_owned(),
            Part::From(_) => " from".to_owned(),
        };
        label(ui, RichText::new(format!("{}{part}", kind_name(run.kind)))).on_hover_text(part_in_words(now, &run.part));
    });
    row.col(|ui| {
        let (icon, color, said) = status_look(run.status, theme::tokens(ui));
        icon_ui(ui, icon, color);
        label(ui, RichText::new(said).color(color));
    });
    row.col(|ui| {
        label(ui, RichText::new(run.took.map(words::duration).unwrap_or_default()));
    });
    row.col(|ui| {
        let mut said = vec![run.counts.map(|counts| counts.to_string()).unwrap_or_default()];
        if run.n_marks > 0 {
            said.push(words::count(run.n_marks as usize, "mark"));
        }
        said.extend(run.options.in_words().map(ToOwned::to_owned));
        label(ui, RichText::new(said.join(" · ")).color(theme::tokens(ui).text_muted));
    });
}

/// Shows text that is not in the way of clicks on its row.
fn label(ui: &mut Ui, text: RichText) -> egui::Response {
    ui.add(Label::new(text).truncate().selectable(false))
}

fn icon_ui(ui: &mut Ui, icon: Icon, color: egui::Color32) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(14.0, 14.0), Sense::hover());
    icons::paint(ui.painter(), rect, icon, color);
}

fn part_in_words(view: View<'_>, part: &Part) -> String {
    let named = |nodes: &[crate::workflow::NodeId]| crate::store::names(nodes, &|node| view.name(node));
    match part {
        Part::All => "The whole workflow".to_owned(),
        Part::To(nodes) => format!("{} and what they need", named(nodes)),
        Part::Only(nodes) => format!("Only {}", named(nodes)),
        Part::From(nodes) => format!("{} and all below", named(nodes)),
    }
}

/// Returns the sign, the colour and the words of how a run stands or ended.
pub(super) const fn status_look(status: RunStatus, tokens: &Tokens) -> (Icon, egui::Color32, &'static str) {
    match status {
        RunStatus::Running => (Icon::Clock, tokens.running, "running"),
        RunStatus::Succeeded => (Icon::Check, tokens.done, "succeeded"),
        RunStatus::SucceededWithErrors => (Icon::Warning, tokens.stale, "succeeded with errors"),
        RunStatus::Failed => (Icon::Error, tokens.failed, "failed"),
        RunStatus::Cancelled => (Icon::Stop, tokens.stale, "cancelled"),
        RunStatus::Interrupted => (Icon::Warning, tokens.stale, "interrupted"),
    }
}
