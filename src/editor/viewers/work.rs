//! Work that viewers ask for, off the interface thread, and what comes of it: for whichever viewers asked.

use egui::{ColorImage, Context};

use super::{
    BytesDone, BytesWork, PictureKey, TableDone, TableWork, TextDone, TextWork, TreeDone, TreeWork, Viewers, prepare,
};
use crate::{editor::Command, value::Image};

/// Work that a viewer asks for.
pub(crate) enum ViewerWork {
    Table(TableWork),
    Text(TextWork),
    Tree(TreeWork),
    Bytes(BytesWork),
    /// With how long a side the screen allows.
    Picture(Image, usize),
}

/// What came of it.
pub(crate) enum ViewerDone {
    Table(TableDone),
    Text(TextDone),
    Tree(TreeDone),
    Bytes(BytesDone),
    Picture(PictureKey, ColorImage),
}

impl ViewerWork {
    /// Returns what to call the thread that does it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Table(_) => "pinflow-table",
            Self::Text(_) => "pinflow-text",
            Self::Tree(_) => "pinflow-tree",
            Self::Bytes(_) => "pinflow-bytes",
            Self::Picture(..) => "pinflow-picture",
        }
    }

    /// Does the work, which may take long.
    pub(crate) fn done(self) -> ViewerDone {
        match self {
            Self::Table(work) => ViewerDone::Table(work.done()),
            Self::Text(work) => ViewerDone::Text(work.done()),
            Self::Tree(work) => ViewerDone::Tree(work.done()),
            Self::Bytes(work) => ViewerDone::Bytes(work.done()),
            Self::Picture(image, max_side) => {
                let (key, pixels) = prepare(&image, max_side);
                ViewerDone::Picture(key, pixels)
            }
        }
    }
}

impl Viewers {
    /// Returns the work that a command asks for on behalf of these viewers, unless it is being done; a command that asks for
    /// something else is given back.
    pub(crate) fn work_of(&mut self, ctx: &Context, command: Command) -> Result<Option<ViewerWork>, Box<Command>> {
        Ok(Some(match command {
            Command::WorkOnTable(work) => ViewerWork::Table(work),
            Command::WorkOnText(work) => ViewerWork::Text(work),
            Command::WorkOnTree(work) => ViewerWork::Tree(work),
            Command::WorkOnBytes(work) => ViewerWork::Bytes(work),
            Command::PreparePicture(image) if self.pictures.begin(&image) => {
                ViewerWork::Picture(image, ctx.input(|input| input.max_texture_side))
            }
            Command::PreparePicture(_) => return Ok(None),
            other => return Err(Box::new(other)),
        }))
    }

    /// Takes what came of work; returns what is to be put on the clipboard, or why it cannot be.
    pub(crate) fn take(&mut self, ctx: &Context, done: ViewerDone) -> Option<Result<String, String>> {
        match done {
            ViewerDone::Table(done) => return self.tables.take(done),
            ViewerDone::Text(done) => self.texts.take(done),
            ViewerDone::Tree(done) => self.trees.take(done),
            ViewerDone::Bytes(done) => self.dumps.take(done),
            ViewerDone::Picture(key, pixels) => self.pictures.ready(ctx, key, pixels),
        }
        None
    }
}
