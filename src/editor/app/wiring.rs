//! Commands that change wires.

use super::App;
use crate::{
    editor::WireRequest,
    workflow::{Edit, PortRef},
};

impl App {
    pub(super) fn change_wire(&mut self, request: WireRequest) {
        match request {
            WireRequest::Disconnect(input) => self.disconnect(input),
        }
    }

    fn disconnect(&mut self, input: PortRef) {
        self.edit(format!("Disconnect {input}"), Edit::Disconnect(input));
    }
}
