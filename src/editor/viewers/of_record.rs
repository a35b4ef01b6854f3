//! What a record has on a port, or on all of them, in all the room there is.

use std::sync::Arc;

use egui::{RichText, ScrollArea, Ui};

use super::{Room, Viewers, failed, gathered::gathered_ui, heading_ui, hidden_ui, stored_ui, value_ui};
use crate::{
    editor::{Command, View},
    nodes::Outputs,
    store::{Kept, NodeRecord},
    workflow::PortId,
};

/// Shows what a node gave on a port, or on all if none is named; or why it gave nothing.
pub(crate) fn record_ui(
    ui: &mut Ui,
    view: View<'_>,
    (record, port): (&NodeRecord, Option<&PortId>),
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    let Some(kept) = record.results.as_ref().filter(|_| record.status.has_results()) else {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            failed::failed_ui(ui, view, record, Room::Large, viewers, commands);
        });
        return;
    };
    if (kept.is_sensitive() || view.is_sensitive(&record.node)) && !hidden_ui(ui, kept, viewers) {
        return;
    }
    if let Some(outputs) = kept.loaded() {
        gathered_ui(ui, view, record, outputs, viewers, commands);
    }
    match port.map_or_else(|| ports(kept), |port| vec![port.clone()]).as_slice() {
        [] => {
            ui.weak("It gave no value on any port.");
        }
        [port] => port_ui(ui, record, kept, port, Room::Large, viewers, commands),
        ports => {
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                for port in ports {
                    port_ui(ui, record, kept, port, Room::Small, viewers, commands);
                }
            });
        }
    }
}

fn ports(kept: &Kept) -> Vec<PortId> {
    let of_outputs = |outputs: &Arc<Outputs>| outputs.iter().map(|(port, _)| port.clone()).collect();
    kept.loaded().map_or_else(|| kept.ports().iter().map(|port| port.port.clone()).collect(), of_outputs)
}

fn port_ui(
    ui: &mut Ui,
    record: &NodeRecord,
    kept: &Kept,
    port: &PortId,
    room: Room,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    ui.push_id(port.as_str(), |ui| {
        if let Some(outputs) = kept.loaded() {
            if let Some(value) = outputs.get(port) {
                heading_ui(ui, (&record.node, port), value, None, commands);
                value_ui(ui, value, room, viewers, commands);
                return;
            }
        } else if let Some(known) = kept.ports().iter().find(|known| known.port == *port) {
            ui.label(RichText::new(format!("{port} · {}", known.preview)).strong());
            stored_ui(ui, known.fingerprint, room, viewers, commands);
            return;
        }
        ui.weak(format!("No value on {port}."));
    });
}
