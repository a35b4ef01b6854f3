//! Where things are in the window, for the tour to point at them.

use egui::{Context, Id, Rect};

use super::command_table::CommandId;

/// Something that can be pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Landmark {
    /// The button of a command in the toolbar.
    Button(CommandId),
    /// The first parameter in the inspector.
    Parameter,
}

fn id(landmark: Landmark) -> Id {
    Id::unique(("landmark", landmark))
}

/// Notes where something is in this frame. Only the first time counts.
pub(crate) fn note(ctx: &Context, landmark: Landmark, rect: Rect) {
    if find(ctx, landmark).is_none() {
        let frame = ctx.cumulative_frame_nr();
        ctx.data_mut(|data| data.insert_temp(id(landmark), (frame, rect)));
    }
}

/// Returns where something is, if it was shown in this frame.
pub(crate) fn find(ctx: &Context, landmark: Landmark) -> Option<Rect> {
    let (frame, rect) = ctx.data(|data| data.get_temp::<(u64, Rect)>(id(landmark)))?;
    (frame == ctx.cumulative_frame_nr()).then_some(rect)
}
