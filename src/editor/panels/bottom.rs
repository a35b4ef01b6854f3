//! What stands below the canvas at first: the results of the selected node, the log, problems, effects, pins.

use egui::{Label, RichText, ScrollArea, TextStyle, Ui};

use super::{
    effects::{EffectsState, effects_ui},
    iterations::iterations_ui,
    pin_rows::PinsState,
    pins::pins_ui,
    problems::problems_ui,
    timeline::{TimelineState, timeline_ui},
};
use crate::{
    editor::{
        Command, LookRequest, Tab, View,
        history::{HistoryState, compare_ui, list_ui},
        iterations::IterationsState,
        problems::Finding,
        theme,
        viewers::{Place, Room, Viewers, results_ui},
        words,
    },
    nodes::{HIDDEN, LogLevel},
    store::{LogLine, with_commas},
    workflow::NodeId,
};

/// A line of the log: what a node wrote, or what became of the run.
#[derive(Clone, Debug)]
pub(crate) struct LogEntry {
    /// The node, or nothing for the run itself.
    pub(crate) node: Option<NodeId>,
    pub(crate) line: LogLine,
    /// It is a sensitive node's: shown only while it is clicked on.
    pub(crate) is_hidden: bool,
}

/// The most lines of the log that are kept.
const MAX_LINES: usize = 20_000;

/// The log of a workflow's runs.
#[derive(Debug, Default)]
pub(crate) struct Log(Vec<LogEntry>);

impl Log {
    /// Adds a line; of a very long log the older half is let go.
    pub(crate) fn add(&mut self, entry: LogEntry) {
        if self.0.len() >= MAX_LINES {
            self.0.drain(..MAX_LINES / 2);
        }
        self.0.push(entry);
    }
}

/// What the tabs keep of their own, and what was found wrong.
pub(crate) struct BottomStates<'a> {
    pub(crate) viewers: &'a mut Viewers,
    pub(crate) history: &'a mut HistoryState,
    pub(crate) pins: &'a mut PinsState,
    pub(crate) effects: &'a mut EffectsState,
    pub(crate) timeline: &'a mut TimelineState,
    pub(crate) iterations: &'a mut IterationsState,
    pub(crate) problems: &'a [Finding],
}

/// Returns the name of a tab with how many things are on it.
pub(crate) fn tab_title(tab: Tab, now: View<'_>, log: &Log, n_problems: usize) -> String {
    let count = match tab {
        Tab::Output | Tab::Iterations | Tab::Effects | Tab::Timeline | Tab::History => 0,
        Tab::Log => log.0.len(),
        Tab::Problems => n_problems,
        Tab::Pins => {
            let nodes = now.marks.iter().map(|(node, _)| node).chain(now.marks.breakpoints());
            nodes.filter(|node| now.workflow.node(node).is_some()).count()
        }
    };
    if count > 0 { format!("{} ({})", tab.name(), with_commas(count as u64)) } else { tab.name().to_owned() }
}

/// Shows one of the tabs: results of what is shown, problems and marks of the workflow as it is now.
pub(crate) fn tab_ui(
    ui: &mut Ui,
    tab: Tab,
    (view, now): (View<'_>, View<'_>),
    log: &Log,
    BottomStates { viewers, history, pins, effects, timeline, iterations, problems }: BottomStates<'_>,
    commands: &mut Vec<Command>,
) {
    match tab {
        Tab::Output => output_ui(ui, view, viewers, commands),
        Tab::Log => log_ui(ui, view, &log.0, commands),
        Tab::Problems => problems_ui(ui, now, problems, commands),
        Tab::Effects => effects_ui(ui, view, effects, commands),
        Tab::Iterations => iterations_ui(ui, view, iterations, commands),
        Tab::Timeline => timeline_ui(ui, view, timeline, commands),
        Tab::Pins => pins_ui(ui, now, pins, commands),
        Tab::History => match view.past.and_then(|past| Some((past, past.compared.as_deref()?))) {
            Some(compared) => compare_ui(ui, view, compared, history, commands),
            None => list_ui(ui, now, history, commands),
        },
    }
}

/// Returns what the results are of that are shown, if any are.
pub(crate) fn shown_node(view: View<'_>) -> Option<String> {
    only_selected(view).map(|node| words::title(view.workflow, view.catalogue, node))
}

/// Returns the selected node, if it is the only one.
pub(super) fn only_selected(view: View<'_>) -> Option<&NodeId> {
    view.selection.first().filter(|_| view.selection.len() == 1)
}

fn output_ui(ui: &mut Ui, view: View<'_>, viewers: &mut Viewers, commands: &mut Vec<Command>) {
    let Some(node) = only_selected(view) else {
        ui.weak("Select one node to see its results.");
        return;
    };
    match view.record(node) {
        Some(record) => {
            ui.push_id(node.as_str(), |ui| results_ui(ui, view, &record, Place::Panel(Room::Large), viewers, commands));
        }
        None => {
            ui.weak("No results yet: run the workflow.");
        }
    }
}

fn log_ui(ui: &mut Ui, view: View<'_>, log: &[LogEntry], commands: &mut Vec<Command>) {
    if log.is_empty() {
        ui.weak("Nothing was written yet.");
        return;
    }
    let row_height = ui.text_style_height(&TextStyle::Body);
    ScrollArea::both().id_salt("log").auto_shrink([false, false]).stick_to_bottom(true).show_rows(
        ui,
        row_height,
        log.len(),
        |ui, in_sight| {
            for entry in &log[in_sight] {
                log_entry_ui(ui, view, entry, commands);
            }
        },
    );
}

fn log_entry_ui(ui: &mut Ui, view: View<'_>, entry: &LogEntry, commands: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    ui.horizontal(|ui| {
        ui.weak(entry.line.at.strftime("%H:%M:%S").to_string());
        if let Some(node) = &entry.node
            && ui.link(words::title(view.workflow, view.catalogue, node)).clicked()
        {
            commands.push(Command::Look(LookRequest::Reveal(node.clone())));
        }
        let color = if entry.line.level == LogLevel::Warning { tokens.stale } else { tokens.text };
        if entry.is_hidden {
            let id = ui.make_persistent_id(("hidden line", &entry.node, entry.line.at.as_nanosecond()));
            let mut shows = ui.data(|data| data.get_temp(id).unwrap_or(false));
            if !shows {
                shows = ui.link(HIDDEN).on_hover_text("Show what is hidden").clicked();
                ui.data_mut(|data| data.insert_temp(id, shows));
                return;
            }
        }
        let line = entry.line.message.lines().next().unwrap_or_default();
        let text = RichText::new(theme::readable(line).as_ref()).color(color);
        ui.add(Label::new(text).extend()).on_hover_text(theme::readable(&entry.line.message).as_ref());
    });
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_very_long_log_lets_its_older_half_go() {
        let mut log = Log::default();
        for number in 0..=MAX_LINES {
            let line = LogLine { at: Timestamp::UNIX_EPOCH, level: LogLevel::Info, message: number.to_string() };
            log.add(LogEntry { node: None, line, is_hidden: false });
        }
        assert_eq!(log.0.len(), MAX_LINES / 2 + 1);
        assert_eq!(log.0.last().unwrap().line.message, MAX_LINES.to_string());
    }
}
