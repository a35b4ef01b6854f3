//! What a record has on its ports: in the inspector, in the bottom panel and in windows.

use std::sync::Arc;

use egui::{RichText, ScrollArea, Ui};

use super::{
    Load, Room, Viewers, failed::failed_ui, gathered::gathered_ui, heading_ui, hidden_ui, stored_ui, value_ui,
    waiting_ui,
};
use crate::{
    editor::{Command, View, WindowOf, theme},
    nodes::Outputs,
    store::{Kept, NodeRecord},
    value::Value,
    workflow::PortId,
};

/// Where results are shown, and which of them.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// All of them, each with a button that opens it in a window.
    Panel(Room),
    /// Those of a port, else all, in a window of its own, which may be of an earlier run.
    Window(Room, Option<&'a PortId>),
}

impl Place<'_> {
    const fn room(self) -> Room {
        match self {
            Self::Panel(room) | Self::Window(room, _) => room,
        }
    }

    /// Returns the place below why there are no results, where what is kept all the same stands. What a failed node gives is
    /// on another port than what it would have given.
    fn below(self, kept: &Kept) -> Self {
        match self {
            Self::Panel(_) => Self::Panel(Room::Small),
            Self::Window(_, port) => Self::Window(Room::Small, port.filter(|port| ports(kept).contains(port))),
        }
    }

    fn within(self) -> Self {
        match self {
            Self::Panel(_) => Self::Panel(Room::Small),
            Self::Window(_, port) => Self::Window(Room::Small, port),
        }
    }

    fn ports(self, kept: &Kept) -> Vec<PortId> {
        match self {
            Self::Window(_, Some(port)) => vec![port.clone()],
            _ => ports(kept),
        }
    }
}

fn ports(kept: &Kept) -> Vec<PortId> {
    let of_outputs = |outputs: &Arc<Outputs>| outputs.iter().map(|(port, _)| port.clone()).collect();
    kept.loaded().map_or_else(|| kept.ports().iter().map(|port| port.port.clone()).collect(), of_outputs)
}

/// Shows what a node gave, or why it gave nothing.
pub(crate) fn results_ui(
    ui: &mut Ui,
    view: View<'_>,
    record: &NodeRecord,
    place: Place<'_>,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    if let Some(kept) = &record.results
        && record.status.has_results()
    {
        kept_ui(ui, view, (record, kept), place, viewers, commands);
        return;
    }
    let mut all_ui = |ui: &mut Ui| {
        failed_ui(ui, view, record, place.room(), viewers, commands);
        // What a failed node gives on its error output, or one that was held back gave before.
        if let Some(kept) = &record.results {
            kept_ui(ui, view, (record, kept), place.below(kept), viewers, commands);
        }
    };
    match place.room() {
        Room::Small => all_ui(ui),
        Room::Large => {
            ScrollArea::vertical().id_salt("failed").auto_shrink([false, false]).show(ui, all_ui);
        }
    }
}

fn kept_ui(
    ui: &mut Ui,
    view: View<'_>,
    (record, kept): (&NodeRecord, &Kept),
    place: Place<'_>,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    if (kept.is_sensitive() || view.is_sensitive(&record.node)) && !hidden_ui(ui, kept, viewers) {
        return;
    }
    match kept.loaded() {
        Some(outputs) => gathered_ui(ui, view, record, outputs, viewers, commands),
        None if matches!(place, Place::Panel(_)) => return unread_ui(ui, record, kept, viewers, commands),
        // It may be of an earlier run, whose results are not read as a whole: each value is read by what it is.
        None => {}
    }
    let ports = place.ports(kept);
    if ports.is_empty() {
        ui.weak("It gave no value on any port.");
    }
    let mut ports_ui = |ui: &mut Ui, place| {
        for port in &ports {
            ui.push_id((record.node.as_str(), port.as_str()), |ui| {
                port_ui(ui, record, (kept, port), place, viewers, commands);
            });
        }
    };
    if ports.len() > 1 && place.room() == Room::Large {
        ScrollArea::vertical().id_salt("outputs").auto_shrink([false, false]).show(ui, |ui| {
            ports_ui(ui, place.within());
        });
    } else {
        ports_ui(ui, place);
    }
}

/// Shows what is known of results that lie in the store, and asks for them.
fn unread_ui(ui: &mut Ui, record: &NodeRecord, kept: &Kept, viewers: &Viewers, commands: &mut Vec<Command>) {
    for port in kept.ports() {
        ui.label(RichText::new(format!("{} · {}", port.port, port.preview)).strong());
    }
    match viewers.loads.results.get(&(record.node.clone(), record.run)) {
        None => commands.push(Command::LoadResults(record.node.clone())),
        Some(Load::Failed(error)) => {
            ui.colored_label(theme::tokens(ui).failed, theme::readable(error));
        }
        Some(_) => waiting_ui(ui),
    }
}

fn port_ui(
    ui: &mut Ui,
    record: &NodeRecord,
    (kept, port): (&Kept, &PortId),
    place: Place<'_>,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    let opens = matches!(place, Place::Panel(_));
    let of = opens.then(|| WindowOf { node: record.node.clone(), port: Some(port.clone()), iteration: None });
    let here: Option<&Value> = kept.loaded().and_then(|outputs| outputs.get(port));
    if let Some(value) = here {
        heading_ui(ui, (&record.node, port), value, of, commands);
        value_ui(ui, value, place.room(), viewers, commands);
    } else if let Some(known) = kept.ports().iter().find(|known| known.port == *port) {
        ui.label(RichText::new(format!("{port} · {}", known.preview)).strong());
        stored_ui(ui, known.fingerprint, place.room(), viewers, commands);
    } else {
        ui.weak(format!("No value on {port}."));
    }
}
