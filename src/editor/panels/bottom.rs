//! The bottom panel: the results of the selected node, the log, problems, effects, pins, earlier runs.

use egui::{Label, RichText, ScrollArea, TextStyle, Ui};

use super::{
    effects::{EffectsState, effects_ui},
    pin_rows::PinsState,
    pins::pins_ui,
    problems::problems_ui,
};
use crate::{
    editor::{
        Command, LookRequest, Tab, View,
        history::{HistoryState, compare_ui, list_ui},
        problems::ProblemsState,
        theme,
        viewers::{Room, Viewers, results_ui},
        words,
    },
    nodes::{HIDDEN, LogLevel},
    store::LogLine,
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

/// What the tabs of the bottom panel keep of their own.
pub(crate) struct BottomStates<'a> {
    pub(crate) viewers: &'a mut Viewers,
    pub(crate) history: &'a mut HistoryState,
    pub(crate) pins: &'a mut PinsState,
    pub(crate) problems: &'a mut ProblemsState,
    pub(crate) effects: &'a mut EffectsState,
}

/// Shows the bottom panel: results of what is shown, problems and marks of the workflow as it is now.
pub(crate) fn bottom_ui(
    ui: &mut Ui,
    (view, now): (View<'_>, View<'_>),
    (shown, log): (Tab, &Log),
    BottomStates { viewers, history, pins, problems, effects }: BottomStates<'_>,
    commands: &mut Vec<Command>,
) {
    let found = problems.of(now);
    ui.set_min_height(ui.available_height());
    ui.horizontal_wrapped(|ui| {
        let nodes = now.marks.iter().map(|(node, _)| node).chain(now.marks.breakpoints());
        let n_marks = nodes.filter(|node| now.workflow.node(node).is_some()).count();
        for (tab, name, count) in [
            (Tab::Output, "Output", 0),
            (Tab::Log, "Log", log.0.len()),
            (Tab::Problems, "Problems", found.len()),
            (Tab::Effects, "Effects", 0),
            (Tab::Pins, "Pins", n_marks),
            (Tab::History, "History", 0),
        ] {
            let text = if count > 0 { format!("{name} ({count})") } else { name.to_owned() };
            let response = ui.selectable_label(shown == tab, text);
            let response = response.accessible_name(name);
            if response.clicked() {
                commands.push(Command::ShowTab(tab));
            }
        }
        if let (Tab::Output, Some(node)) = (shown, only_selected(view)) {
            ui.separator();
            ui.label(RichText::new(words::title(view.workflow, view.catalogue, node)).strong());
        }
    });
    ui.separator();
    match shown {
        Tab::Output => output_ui(ui, view, viewers, commands),
        Tab::Log => log_ui(ui, view, &log.0, commands),
        Tab::Problems => problems_ui(ui, now, found, commands),
        Tab::Effects => effects_ui(ui, view, effects, commands),
        Tab::Pins => pins_ui(ui, now, pins, commands),
        Tab::History => match view.past.and_then(|past| Some((past, past.compared.as_deref()?))) {
            Some(compared) => compare_ui(ui, view, compared, history, commands),
            None => list_ui(ui, now, history, commands),
        },
    }
}

/// Returns the selected node, if it is the only one.
fn only_selected(view: View<'_>) -> Option<&NodeId> {
    view.selection.first().filter(|_| view.selection.len() == 1)
}

fn output_ui(ui: &mut Ui, view: View<'_>, viewers: &mut Viewers, commands: &mut Vec<Command>) {
    let Some(node) = only_selected(view) else {
        ui.weak("Select one node to see its results.");
        return;
    };
    match view.record(node) {
        Some(record) => {
            ui.push_id(node.as_str(), |ui| results_ui(ui, view, &record, Room::Large, viewers, commands));
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
