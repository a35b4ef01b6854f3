//! Where nodes stand: pure functions over places and sizes, in scene units. Knows neither the document nor the screen.

mod align;
mod heights;
mod layers;
mod order;
mod tidy;

use egui::{Pos2, Rect, Vec2};

pub use self::align::{Align, Axis};
pub(crate) use self::{
    align::{align, spread},
    tidy::tidy,
};

/// The step that nodes are put at.
pub(crate) const STEP: f32 = 10.0;
/// The free room round the nodes in a frame.
pub(crate) const FRAME_PADDING: f32 = 20.0;
/// The height of a frame's title.
pub(crate) const FRAME_TITLE: f32 = 30.0;

/// Something that takes up room: a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Block {
    /// Its top left corner.
    pub(crate) position: Pos2,
    /// Its width and height.
    pub(crate) size: Vec2,
    /// The index of the frame it is in.
    pub(crate) frame: Option<usize>,
}

impl Block {
    /// Returns where it is.
    pub(crate) fn rect(&self) -> Rect {
        Rect::from_min_size(self.position, self.size)
    }
}

/// A wire between two blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Link {
    /// The index of the block it leaves, and how far below that one's top.
    pub(crate) from: (usize, f32),
    /// The index of the block it arrives at, and how far below that one's top.
    pub(crate) to: (usize, f32),
}

/// Returns the frame that holds what stands in `inside`, with room round it and for its title.
pub(crate) fn frame_round(inside: Rect) -> Rect {
    let mut frame = inside.expand(FRAME_PADDING);
    frame.min.y -= FRAME_TITLE;
    frame
}
