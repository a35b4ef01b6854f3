//! A viewer without a window around it: for whoever shows one value, or measures how fast that goes.

use egui::Ui;

use super::{Room, Viewers, prepare, value_ui};
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
            match command {
                Command::WorkOnTable(work) => drop(self.viewers.tables.take(work.done())),
                Command::WorkOnText(work) => self.viewers.texts.take(work.done()),
                Command::WorkOnTree(work) => self.viewers.trees.take(work.done()),
                Command::WorkOnBytes(work) => self.viewers.dumps.take(work.done()),
                Command::PreparePicture(image) if self.viewers.pictures.begin(&image) => {
                    let (key, pixels) = prepare(&image, ctx.input(|input| input.max_texture_side));
                    self.viewers.pictures.ready(ctx, key, pixels);
                }
                _ => {}
            }
        }
        has_work
    }
}
