//! Badges in the footer: what the engine does round a node that is not seen otherwise.

use egui::{Pos2, Rect, Role, Sense, Ui, Vec2, WidgetInfo, pos2};

use super::{brush::Brush, canvas_frame::CanvasFrame, geometry::NodeLayout, node};
use crate::{
    editor::{icons::Icon, words},
    workflow::Problem,
};

/// The size of a badge.
const SIDE: f32 = 12.5;
/// From one badge to the next.
const STEP: f32 = 17.0;

/// What a badge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Badge {
    /// Results cannot be kept: it executes in each run.
    Uncacheable,
    /// It is tried again when it fails.
    Retries,
    /// Its results are used again for a time.
    Kept,
}

impl Badge {
    const fn icon(self) -> Icon {
        match self {
            Self::Uncacheable => Icon::Fresh,
            Self::Retries => Icon::Loop,
            Self::Kept => Icon::Drawer,
        }
    }

    fn in_words(self, layout: &NodeLayout) -> String {
        let settings = &layout.node.settings;
        match self {
            Self::Uncacheable => "Its results cannot be kept: it executes in each run".to_owned(),
            Self::Retries => {
                format!("Tried again up to {} when it fails", words::count(settings.retries as usize, "time"))
            }
            Self::Kept => {
                let span = settings.keep_results_for.map(|span| span.to_string()).unwrap_or_default();
                format!("Results are kept for {span}: used again for the same parameters and data, in any run")
            }
        }
    }
}

/// Returns a node's badges, from right to left.
fn badges(layout: &NodeLayout, uncacheable: bool) -> impl Iterator<Item = Badge> {
    let settings = &layout.node.settings;
    let kept = settings.keep_results_for.is_some().then_some(Badge::Kept);
    let retries = (settings.retries > 0).then_some(Badge::Retries);
    let uncacheable = uncacheable.then_some(Badge::Uncacheable);
    let shown = (!layout.node.collapsed).then_some([uncacheable, retries, kept]);
    shown.into_iter().flatten().flatten()
}

/// Returns where the badges of a node are, from right to left.
fn placed(
    layout: &NodeLayout,
    position: Pos2,
    problem: Option<&Problem>,
    uncacheable: bool,
) -> impl Iterator<Item = (Badge, Rect)> {
    let footer = layout.footer(position);
    let right = problem.map_or_else(|| footer.right() - 8.0, |_| node::problem_sign(layout, position).left());
    badges(layout, uncacheable).enumerate().map(move |(place, badge)| {
        let center = pos2(right - SIDE * 0.5 - STEP * place as f32, footer.center().y);
        (badge, Rect::from_center_size(center, Vec2::splat(SIDE)))
    })
}

/// Paints the badges of a node; returns where the first from the left begins, if there is any.
pub(super) fn paint(
    brush: &Brush,
    layout: &NodeLayout,
    position: Pos2,
    problem: Option<&Problem>,
    uncacheable: bool,
) -> Option<f32> {
    let painted = placed(layout, position, problem, uncacheable).map(|(badge, rect)| {
        brush.icon(rect.center(), SIDE, badge.icon(), brush.tokens.text_muted);
        rect.left()
    });
    painted.last()
}

/// Lets the badges of a node be pointed at and read out.
pub(super) fn badges_ui(ui: &Ui, brush: &Brush, frame: &CanvasFrame<'_>, index: usize, problem: Option<&Problem>) {
    let (node, layout) = (&frame.node(index).id, frame.layout(index));
    let uncacheable = frame.view.plan.get(node).is_some_and(|plan| plan.uncacheable);
    for (badge, rect) in placed(layout, frame.position(index), problem, uncacheable) {
        let id = ui.make_persistent_id(("badge", badge as u8, node.as_str()));
        let response = ui.interact(brush.projection.rect(rect.expand(2.0)), id, Sense::hover());
        response.widget_info(|| {
            WidgetInfo::labeled(Role::Label, true, format!("{}: {}", layout.title, badge.in_words(layout)))
        });
        response.on_hover_ui(|ui| _ = ui.label(badge.in_words(layout)));
    }
}
