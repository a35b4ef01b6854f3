//! Errors: what failed, the chain that led there, what can be done, and the data that reached the node.

use std::{borrow::Cow, fmt::Write as _};

use egui::{CollapsingHeader, Label, RichText, Ui};

use super::{Room, Viewers, port_ui, stored_ui, wants_to_see_ui};
use crate::{
    editor::{
        Command, LookRequest, View,
        icons::{self, Icon},
        theme, words,
    },
    nodes::{Family, HIDDEN, Kind},
    store::{Arrived, InputRecord, Missing, NodeRecord, NotRun, Status},
    value::shortened,
    workflow::NodeId,
};

/// No chain of nodes that did not run is followed further.
const MAX_CHAIN: usize = 50;

/// The most characters of the first line of an error that are shown; *Copy error* has all of them.
const MAX_CHARS: usize = 4000;

/// The most lines of an error that are shown at once; *Copy error* has all of them.
const MAX_LINES: usize = 400;

/// Shows why a node gave nothing: its error, or the one of the node that it waited for.
pub(super) fn failed_ui(
    ui: &mut Ui,
    view: View<'_>,
    record: &NodeRecord,
    room: Room,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    let hides = record.shown().status != record.status;
    let shows = !hides || wants_to_see_ui(ui, ("error", &record.node, record.run));
    let seen = if shows { Cow::Borrowed(record) } else { record.shown() };
    match &seen.status {
        Status::Failed(error) => {
            said_ui(ui, &words::status(&seen.status, &|node| view.name(node)), true);
            ui.horizontal_wrapped(|ui| {
                if ui.button("Copy error").on_hover_text("The whole error, with the node and its attempts").clicked() {
                    ui.copy_text(in_words(view, &seen, error));
                }
                if let Some((started, took)) = seen.started.zip(seen.took) {
                    let at = started.strftime("%Y-%m-%d %H:%M:%S UTC");
                    ui.weak(format!("after {}, {at}", words::duration(took)));
                }
            });
            let kind = view.workflow.node(&seen.node).and_then(|node| view.catalogue.get(&node.kind));
            if let Some(advice) = advice(kind.map(AsRef::as_ref), error) {
                ui.add(Label::new(format!("What to do: {advice}")).wrap());
            }
            attempts_ui(ui, &seen);
            inputs_ui(ui, view, record, room, viewers, commands);
        }
        status => {
            said_ui(ui, &words::status(status, &|node| view.name(node)), false);
            if status.is_held_back() && record.has_results() {
                ui.weak("What it gave before is kept:");
            }
            chain_ui(ui, view, &chain(view, record), commands);
        }
    }
}

/// Shows what an error says, line by line.
fn said_ui(ui: &mut Ui, said: &str, is_failed: bool) {
    let tokens = theme::tokens(ui);
    let color = if is_failed { tokens.failed } else { tokens.text_muted };
    let said = theme::readable(said);
    let (first, more) =
        said.split_once('\n').map_or_else(|| (said.as_ref(), None), |(first, more)| (first, Some(more)));
    let first = shortened(first, MAX_CHARS);
    ui.horizontal_top(|ui| {
        if is_failed {
            let (rect, _) = ui.allocate_exact_size(egui::vec2(16.0, 16.0), egui::Sense::hover());
            icons::paint(ui.painter(), rect, Icon::Error, color);
        }
        ui.add(Label::new(RichText::new(first.as_ref()).color(color)).wrap());
    });
    if let Some(more) = more {
        let n_lines = more.lines().count();
        let shown = more.lines().take(MAX_LINES).collect::<Vec<_>>().join("\n");
        ui.add(Label::new(RichText::new(shown).monospace()).wrap());
        if n_lines > MAX_LINES {
            ui.weak(format!("and {}", words::count(n_lines - MAX_LINES, "more line")));
        }
    }
}

/// Shows the attempts of a node that failed.
pub(crate) fn attempts_ui(ui: &mut Ui, record: &NodeRecord) {
    for (number, attempt) in (1..).zip(&record.attempts) {
        let text = format!("Attempt {number} failed after {}: {}", words::duration(attempt.took), attempt.error);
        let color = theme::tokens(ui).text_muted;
        ui.add(Label::new(RichText::new(theme::readable(&text).as_ref()).color(color)).wrap());
    }
}

/// Shows the data that a node which failed had received, each input to be opened.
fn inputs_ui(
    ui: &mut Ui,
    view: View<'_>,
    record: &NodeRecord,
    room: Room,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    if record.inputs.is_empty() {
        return;
    }
    ui.add_space(4.0);
    ui.label(RichText::new("What it was given").strong());
    for input in &record.inputs {
        let source = words::title(view.workflow, view.catalogue, &input.source().node);
        let title = format!("{} · from {source}", input.port());
        CollapsingHeader::new(title)
            .id_salt(("given", input.port().as_str()))
            .default_open(room == Room::Large && record.inputs.len() == 1)
            .show(ui, |ui| input_ui(ui, view, record, input, viewers, commands));
    }
}

/// Shows what reached an input.
pub(crate) fn input_ui(
    ui: &mut Ui,
    view: View<'_>,
    record: &NodeRecord,
    input: &InputRecord,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    let source = &input.source().node;
    ui.push_id(input.port().as_str(), |ui| match (&input.arrived, input.fingerprint()) {
        (Arrived::Stored(_), Some(_)) if view.is_sensitive(source) && !wants_to_see_ui(ui, (source, record.run)) => {
            ui.label(HIDDEN);
        }
        (Arrived::Stored(_), Some(data)) => stored_ui(ui, data, Room::Small, viewers, commands),
        (Arrived::Results(results), Some(_)) => port_ui(ui, results, &input.source().port, viewers, commands),
        _ => {
            ui.weak("No value");
        }
    });
}

/// Returns an error as it is copied: the node, what it said, and its attempts.
fn in_words(view: View<'_>, record: &NodeRecord, error: &str) -> String {
    let mut text = format!("{} failed: {error}", view.name(&record.node));
    for (number, attempt) in (1..).zip(&record.attempts) {
        let took = words::duration(attempt.took);
        write!(text, "\nAttempt {number} failed after {took}: {}", attempt.error).expect("a string takes all");
    }
    let started = record.started.map_or_else(String::new, |at| at.strftime(", %Y-%m-%d %H:%M:%S UTC").to_string());
    write!(text, "\nRun {}{started}", record.run).expect("a string takes all");
    text
}

/// Returns the node that a node waited for in vain.
fn waited_for(status: &Status) -> Option<&NodeId> {
    match status {
        Status::NotRun(NotRun::StoppedByError(node)) => Some(node),
        Status::NotRun(NotRun::InputMissing { why, .. }) => match why {
            Missing::UpstreamFailed(node)
            | Missing::UpstreamDidNotRun(node)
            | Missing::UpstreamDisabled(node)
            | Missing::UpstreamHeldBack(node)
            | Missing::BranchNotTaken(node) => Some(node),
            Missing::NotConnected => None,
        },
        _ => None,
    }
}

/// Returns the nodes that a node waited for, one for the other, up to the one where it began, with what they say.
fn chain(view: View<'_>, record: &NodeRecord) -> Vec<(NodeId, String)> {
    let mut links: Vec<(NodeId, String)> = Vec::new();
    let mut next = waited_for(&record.status).cloned();
    while let Some(node) = next.take() {
        if links.len() >= MAX_CHAIN || links.iter().any(|(known, _)| *known == node) {
            break;
        }
        let Some(record) = view.baseline.get(&node) else { break };
        let said = words::status(&record.shown().status, &|node| view.name(node));
        next = waited_for(&record.status).cloned();
        links.push((node, said));
    }
    links
}

fn chain_ui(ui: &mut Ui, view: View<'_>, chain: &[(NodeId, String)], commands: &mut Vec<Command>) {
    for (node, said) in chain {
        ui.horizontal_wrapped(|ui| {
            if ui.link(words::title(view.workflow, view.catalogue, node)).on_hover_text("Show this node").clicked() {
                commands.push(Command::Look(LookRequest::Reveal(node.clone())));
            }
            let is_failed = view.baseline.get(node).is_some_and(|record| matches!(record.status, Status::Failed(_)));
            let tokens = theme::tokens(ui);
            let color = if is_failed { tokens.failed } else { tokens.text_muted };
            let first = said.lines().next().unwrap_or_default();
            ui.add(Label::new(RichText::new(theme::readable(first).as_ref()).color(color)).wrap());
        });
    }
}

/// Returns what can be done about an error, where its words do not say so already.
fn advice(kind: Option<&Kind>, error: &str) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|word| error.contains(word));
    if error.starts_with("the time limit of") {
        Some("give it more time, or let it be tried again, under Settings.")
    } else if error.starts_with("the node panicked") {
        Some("this is a fault of the program: copy the error and report it, with what the node was given.")
    } else if says(&["No such file or directory", "os error 2)"]) {
        Some("look whether the file is there, or choose another under Parameters.")
    } else if says(&["Permission denied", "os error 13)"]) {
        Some("look whether you may read and write there, or choose another place under Parameters.")
    } else if says(&["No space left", "os error 28)"]) {
        Some("make room on the disk, then resume: what is done already is kept.")
    } else if says(&["Connection refused", "timed out", "dns", "io: ", "timeout:"])
        && kind.is_some_and(|kind| kind.family == Family::Network)
    {
        Some("look whether the address is right and can be reached; under Settings it can be tried again by itself.")
    } else if says(&["there is no column"]) {
        Some("choose one of these columns under Parameters, or look at what it was given.")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::Catalogue;

    #[test]
    fn advice_is_given_where_the_error_does_not_say_what_to_do() {
        let catalogue = Catalogue::standard();
        let of = |kind: &'static str, error: &str| advice(catalogue.get(&kind.into()).map(AsRef::as_ref), error);
        let file = "cannot read the file: No such file or directory (os error 2): /a/b.csv";
        assert!(of("read_csv", file).unwrap().contains("look whether the file is there"));
        assert!(of("http_request", "io: Connection refused").unwrap().contains("can be reached"));
        assert_eq!(of("template", "io: Connection refused"), None);
        assert!(of("delay", "the time limit of 2 s is over").unwrap().contains("more time"));
        assert_eq!(of("fail", "it was bad"), None);
    }

    #[test]
    fn only_what_waits_for_another_node_has_a_chain() {
        let missing = |why| Status::NotRun(NotRun::InputMissing { port: "in1".into(), why });
        assert_eq!(waited_for(&missing(Missing::UpstreamFailed(Box::new("a".into())))), Some(&"a".into()));
        assert_eq!(waited_for(&Status::NotRun(NotRun::StoppedByError("b".into()))), Some(&"b".into()));
        assert_eq!(waited_for(&missing(Missing::NotConnected)), None);
        assert_eq!(waited_for(&Status::Failed("x".to_owned())), None);
    }
}
