//! Commands that change wires.

use std::collections::BTreeSet;

use super::App;
use crate::{
    editor::{Bend, WireRequest, ways, wiring},
    workflow::{Edit, PortRef},
};

impl App {
    pub(super) fn change_wire(&mut self, request: WireRequest) {
        match request {
            WireRequest::Disconnect(input) => self.disconnect(input),
            WireRequest::AddBend(input) => self.on_canvas(|canvas| canvas.bend_wire(input)),
            WireRequest::RemoveBends(bends) => self.remove_bends(&bends.into_iter().collect()),
            WireRequest::Straighten(input) => {
                self.edit(format!("Straighten the wire of {input}"), Edit::SetWay(input, Vec::new()));
            }
        }
    }

    fn disconnect(&mut self, input: PortRef) {
        if let Some((label, edit)) = wiring::disconnect(&[input]) {
            self.edit(label, edit);
        }
    }

    fn remove_bends(&mut self, bends: &BTreeSet<Bend>) {
        let edit = self.tabs.sitting().and_then(|sitting| ways::unbend(sitting.workflow(), bends));
        if let Some((label, edit)) = edit {
            self.edit(label, edit);
        }
    }
}
