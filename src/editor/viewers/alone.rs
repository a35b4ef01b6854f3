//! A viewer without a window around it: for whoever shows one value, or measures how fast that goes.

use egui::Ui;

use super::{Room, Viewers, value_ui};
use crate::{editor::Command, value::Value};

/// Shows values; remembers where they stand, how they are sorted and what was searched for.
#[derive(Default)]
pub struct ValueViewer {
    viewers: Viewers,
    asked: Vec<Command>,
}

impl ValueViewer {
    /// Shows a value in all the room there is.
    pub fn ui(&mut self, ui: &mut Ui, value: &Value) {
        value_ui(ui, value, Room::Large, &mut self.viewers, &mut self.asked);
    }

    /// Does what a viewer has asked for since it was shown last, which may take long; returns whether it had asked for anything.
    pub fn work(&mut self, ctx: &egui::Context) -> bool {
        let asked = std::mem::take(&mut self.asked);
        let has_work = !asked.is_empty();
        for command in asked {
            if let Ok(Some(work)) = self.viewers.work_of(ctx, command) {
                drop(self.viewers.take(ctx, work.done()));
            }
        }
        has_work
    }
}
