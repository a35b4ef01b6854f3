//! Where the canvas looks: pure arithmetic between scene and screen.

use egui::{Pos2, Rect, Vec2};

use crate::workflow::Position;

/// The least zoom of a small workflow; of a large one it is what shows all of it.
pub(super) const MIN_ZOOM: f32 = 0.05;
/// The least zoom of any workflow.
const LEAST_ZOOM: f32 = 0.0005;
/// The greatest zoom.
pub(super) const MAX_ZOOM: f32 = 4.0;
/// How much of the view stays free round what is fitted, in points.
const FIT_MARGIN: f32 = 48.0;
/// Fitting never magnifies beyond this.
const MAX_FIT_ZOOM: f32 = 1.0;

/// Which part of the scene is seen, and how large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Camera {
    /// The scene point in the middle of the view.
    pub(super) center: Pos2,
    /// Points on the screen for one scene unit.
    pub(super) zoom: f32,
}

impl Default for Camera {
    fn default() -> Self {
        Self { center: Pos2::ZERO, zoom: 1.0 }
    }
}

impl Camera {
    /// Returns a camera looking at a place, its zoom kept within bounds.
    pub(super) fn new(center: Position, zoom: f32) -> Self {
        let finite = |value: f32| if value.is_finite() { value } else { 0.0 };
        let zoom = if zoom.is_finite() { zoom } else { 1.0 };
        Self { center: Pos2::new(finite(center.0), finite(center.1)), zoom: zoom.clamp(LEAST_ZOOM, MAX_ZOOM) }
    }

    /// Returns the camera seen through a view on the screen.
    pub(super) fn through(self, view: Rect) -> Projection {
        Projection { camera: self, view }
    }

    /// Returns the camera that shows all of `bounds` in a view.
    pub(super) fn fitting(bounds: Rect, view: Rect) -> Self {
        let free = (view.size() - Vec2::splat(2.0 * FIT_MARGIN)).max(Vec2::splat(1.0));
        let size = bounds.size().max(Vec2::splat(1.0));
        let zoom = (free.x / size.x).min(free.y / size.y).min(MAX_FIT_ZOOM);
        Self { center: bounds.center(), zoom: zoom.clamp(LEAST_ZOOM, MAX_ZOOM) }
    }

    /// Returns the least zoom for a view of nodes that lie within `bounds`: all of them can be seen, with room round them.
    pub(super) fn least_zoom(bounds: Option<Rect>, view: Rect) -> f32 {
        let fits_all = bounds.map_or(MIN_ZOOM, |bounds| 0.8 * Self::fitting(bounds, view).zoom);
        fits_all.clamp(LEAST_ZOOM, MIN_ZOOM)
    }

    /// Moves the scene by a distance on the screen.
    pub(super) fn pan(&mut self, on_screen: Vec2) {
        self.center -= on_screen / self.zoom;
    }

    /// Zooms by a factor, but no farther out than `least`, so that the scene point under `anchor` stays where it is.
    pub(super) fn zoom_at(&mut self, view: Rect, anchor: Pos2, factor: f32, least: f32) {
        let before = self.through(view).scene_from_screen(anchor);
        self.zoom = (self.zoom * factor).clamp(least.min(self.zoom), MAX_ZOOM);
        let after = self.through(view).scene_from_screen(anchor);
        self.center += before - after;
    }
}

/// A camera and the part of the screen it fills.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Projection {
    camera: Camera,
    /// The canvas on the screen.
    pub(super) view: Rect,
}

impl Projection {
    /// Returns the projection that puts the scene's origin at a place on the screen, with the same zoom.
    pub(super) fn with_origin_at(&self, place: Pos2) -> Self {
        Self { camera: Camera { center: Pos2::ZERO, ..self.camera }, view: Rect::from_pos(place) }
    }

    /// Returns points on the screen for one scene unit.
    pub(super) const fn zoom(&self) -> f32 {
        self.camera.zoom
    }

    /// Returns how far all goes on the screen from this projection to another, if that is all that happens.
    pub(super) fn shift_to(&self, other: &Self) -> Option<Vec2> {
        let is_shifted = self.camera.zoom == other.camera.zoom && self.view == other.view;
        is_shifted.then(|| (self.camera.center - other.camera.center) * self.camera.zoom)
    }

    /// Returns where a scene point is on the screen.
    pub(super) fn screen_from_scene(&self, point: Pos2) -> Pos2 {
        self.view.center() + (point - self.camera.center) * self.camera.zoom
    }

    /// Returns which scene point is at a place on the screen.
    pub(super) fn scene_from_screen(&self, point: Pos2) -> Pos2 {
        self.camera.center + (point - self.view.center()) / self.camera.zoom
    }

    /// Returns where a scene rectangle is on the screen.
    pub(super) fn rect(&self, rect: Rect) -> Rect {
        Rect::from_min_max(self.screen_from_scene(rect.min), self.screen_from_scene(rect.max))
    }

    /// Returns the part of the scene that is seen.
    pub(super) fn visible(&self) -> Rect {
        Rect::from_min_max(self.scene_from_screen(self.view.min), self.scene_from_screen(self.view.max))
    }
}

#[cfg(test)]
mod tests {
    use egui::{pos2, vec2};

    use super::*;

    fn view() -> Rect {
        Rect::from_min_size(pos2(100.0, 50.0), vec2(800.0, 600.0))
    }

    #[test]
    fn screen_and_scene_are_each_other_back() {
        let camera = Camera { center: pos2(-30.0, 70.0), zoom: 0.7 };
        let projection = camera.through(view());
        let point = pos2(123.0, -45.0);
        let back = projection.scene_from_screen(projection.screen_from_scene(point));
        assert!((back - point).length() < 0.001);
        assert_eq!(projection.screen_from_scene(camera.center), view().center());
    }

    #[test]
    fn zooming_keeps_the_point_under_the_pointer() {
        let mut camera = Camera { center: pos2(10.0, 20.0), zoom: 1.0 };
        let anchor = pos2(333.0, 222.0);
        let before = camera.through(view()).scene_from_screen(anchor);
        for factor in [1.3, 0.2, 7.0, 100.0, 0.0001] {
            camera.zoom_at(view(), anchor, factor, MIN_ZOOM);
            let after = camera.through(view()).scene_from_screen(anchor);
            assert!((before - after).length() < 0.05, "{factor}: {before:?} {after:?}");
            assert!((MIN_ZOOM..=MAX_ZOOM).contains(&camera.zoom));
        }
    }

    #[test]
    fn fitting_shows_all_and_never_magnifies() {
        let bounds = Rect::from_min_size(pos2(-500.0, 1000.0), vec2(5000.0, 700.0));
        let camera = Camera::fitting(bounds, view());
        assert!(camera.through(view()).visible().contains_rect(bounds));
        let small = Rect::from_min_size(pos2(0.0, 0.0), vec2(10.0, 10.0));
        assert_eq!(Camera::fitting(small, view()).zoom, 1.0);
    }

    #[test]
    fn however_large_a_workflow_is_all_of_it_can_be_seen() {
        let large = Rect::from_min_size(pos2(0.0, 0.0), vec2(260_000.0, 17_000.0));
        let mut camera = Camera { center: large.center(), zoom: 1.0 };
        camera.zoom_at(view(), view().center(), 1e-6, Camera::least_zoom(Some(large), view()));
        assert!(camera.through(view()).visible().contains_rect(large));
        assert!(Camera::fitting(large, view()).through(view()).visible().contains_rect(large));
        let small = Rect::from_min_size(pos2(0.0, 0.0), vec2(900.0, 500.0));
        assert_eq!(Camera::least_zoom(Some(small), view()), MIN_ZOOM);
        assert_eq!(Camera::least_zoom(None, view()), MIN_ZOOM);
    }

    #[test]
    fn panning_moves_the_scene_with_the_hand() {
        let mut camera = Camera { center: pos2(0.0, 0.0), zoom: 2.0 };
        let before = camera.through(view()).screen_from_scene(pos2(5.0, 5.0));
        camera.pan(vec2(40.0, -10.0));
        let after = camera.through(view()).screen_from_scene(pos2(5.0, 5.0));
        assert_eq!(after - before, vec2(40.0, -10.0));
    }

    #[test]
    fn a_camera_is_never_lost_in_nonsense() {
        let camera = Camera::new(Position(f32::NAN, 3.0), f32::INFINITY);
        assert_eq!(camera, Camera { center: pos2(0.0, 3.0), zoom: 1.0 });
    }
}
