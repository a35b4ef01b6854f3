//! The view follows the node that executes, until a person pans.

use egui::{Align2, FontId, Pos2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{CanvasState, brush::Brush, camera::Camera, pulse, scene::Scene};
use crate::editor::View;

/// How long the view takes to come most of the way, in seconds.
const GLIDE: f32 = 0.12;
/// How near to its goal the view rests, in points.
const NEAR: f32 = 0.5;
/// A node is in sight if it is no nearer to the edge of the view than this share of it.
const MARGIN: f32 = 0.12;

/// How the view follows.
#[derive(Default)]
pub(super) struct Following {
    is_on: bool,
    /// The camera as it was left: where else it looks from now, a person has moved it.
    left: Option<Camera>,
    goal: Option<Pos2>,
}

impl Following {
    /// Begins or ends to follow.
    fn toggle(&mut self) {
        *self = Self { is_on: !self.is_on, ..Self::default() };
    }

    /// Moves the camera by what is due after `passed` seconds; with `at_once` it jumps. Returns whether it is under way.
    fn advance(&mut self, camera: &mut Camera, (node, view): (Rect, Rect), passed: f32, at_once: bool) -> bool {
        let panned = self.left.is_some_and(|left| left.zoom == camera.zoom && left.center != camera.center);
        if panned {
            self.toggle();
            return false;
        }
        let seen = camera.through(view).visible();
        let sight = seen.shrink2(seen.size() * MARGIN);
        if !sight.contains_rect(node) && !node.contains_rect(sight) {
            self.goal = Some(node.center());
        }
        if let Some(goal) = self.goal {
            let share = if at_once { 1.0 } else { 1.0 - (-passed / GLIDE).exp() };
            camera.center += (goal - camera.center) * share;
            if (goal - camera.center).length() * camera.zoom < NEAR {
                camera.center = goal;
                self.goal = None;
            }
        }
        self.left = Some(*camera);
        self.goal.is_some()
    }
}

impl CanvasState {
    /// Follows the node that executes, or no longer.
    pub fn follow_running(&mut self) {
        self.following.toggle();
    }

    /// Goes on to follow.
    pub(super) fn follow(&mut self, ui: &Ui, view: View<'_>, scene: &Scene, rect: Rect) {
        let Some(node) = pulse::running(view).filter(|_| self.following.is_on).and_then(|node| scene.node(node)) else {
            self.following.left = None;
            return;
        };
        let (passed, is_still) = (ui.input(|input| input.stable_dt.min(0.1)), is_still(ui));
        if self.following.advance(&mut self.camera, (node.rect(), rect), passed, is_still) {
            ui.ctx().request_repaint();
        }
    }

    /// Says that the view follows, at the top of the canvas; a click ends it.
    pub(super) fn following_ui(&mut self, ui: &Ui, brush: &Brush) {
        const TEXT: &str = "Following the running node";
        if !self.following.is_on {
            return;
        }
        let tokens = brush.tokens;
        let galley = ui.painter().layout_no_wrap(TEXT.to_owned(), FontId::proportional(12.0), tokens.text);
        let size = galley.size() + vec2(20.0, 10.0);
        let middle = pos2(brush.projection.view.center().x, brush.projection.view.top() + 10.0 + size.y * 0.5);
        let rect = Rect::from_center_size(middle, size);
        let response = ui.interact(rect, ui.make_persistent_id("following"), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, TEXT));
        let ground = if response.hovered() { tokens.button_hovered } else { tokens.popup };
        ui.painter().rect(rect, 8.0, ground, (1.0, tokens.line), egui::StrokeKind::Inside);
        let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
        ui.painter().galley(at, galley, tokens.text);
        if response.on_hover_text("Click, or move the view, to stop following").clicked() {
            self.following.toggle();
        }
    }
}

/// Returns whether nothing is to move by itself: animations are turned off.
pub(super) fn is_still(ui: &Ui) -> bool {
    ui.style().animation_time == 0.0
}

#[cfg(test)]
mod tests {
    use egui::Vec2;

    use super::*;

    #[test]
    fn the_view_glides_to_what_is_out_of_sight_rests_there_and_gives_way_to_a_hand() {
        let view = Rect::from_min_size(Pos2::ZERO, vec2(800.0, 600.0));
        let node = Rect::from_min_size(pos2(2000.0, 0.0), vec2(200.0, 100.0));
        let mut camera = Camera::default();
        let mut following = Following { is_on: true, ..Following::default() };
        let mut n_frames = 0;
        while following.advance(&mut camera, (node, view), 0.016, false) {
            n_frames += 1;
            assert!(n_frames < 200, "it never rests");
        }
        assert!(n_frames > 5 && camera.center == node.center());
        assert!(!following.advance(&mut camera, (node.translate(vec2(50.0, 0.0)), view), 0.016, false));
        assert_eq!(camera.center, node.center(), "what is in sight moves nothing");
        camera.zoom = 0.8;
        assert!(!following.advance(&mut camera, (node, view), 0.016, false) && following.is_on);
        camera.pan(Vec2::splat(30.0));
        assert!(!following.advance(&mut camera, (node.translate(vec2(5e3, 0.0)), view), 0.016, false));
        assert!(!following.is_on);
    }

    #[test]
    fn without_animations_the_view_jumps() {
        let view = Rect::from_min_size(Pos2::ZERO, vec2(800.0, 600.0));
        let node = Rect::from_min_size(pos2(2000.0, 0.0), vec2(200.0, 100.0));
        let mut camera = Camera::default();
        let mut following = Following { is_on: true, ..Following::default() };
        assert!(!following.advance(&mut camera, (node, view), 0.016, true));
        assert_eq!(camera.center, node.center());
    }
}
