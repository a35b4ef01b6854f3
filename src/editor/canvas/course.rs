//! How a wire runs, from its output through its bends to its input: pure arithmetic in scene units.

use egui::{Pos2, Rect, Vec2, vec2};
use smallvec::SmallVec;

/// The share of the way to the next point that the curve keeps its direction at a bend, and how far at most.
const BEND_REACH: (f32, f32) = (0.35, 160.0);

/// How far from a curve its straight pieces may be where it is seen from afar.
const NEARNESS: f32 = 0.2;

/// A piece of a wire: a cubic Bézier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Curve(pub(super) [Pos2; 4]);

impl Curve {
    /// Returns the curve from an output to an input, which leaves and arrives level.
    pub(super) fn new(from: Pos2, to: Pos2) -> Self {
        let reach = level_reach(to - from);
        Self([from, from + reach, to - reach, to])
    }

    /// Returns the point at `t` from 0 to 1 (de Casteljau).
    pub(super) fn at(&self, t: f32) -> Pos2 {
        let [start, leaving, arriving, end] = self.0;
        let (first, middle, last) = (start.lerp(leaving, t), leaving.lerp(arriving, t), arriving.lerp(end, t));
        first.lerp(middle, t).lerp(middle.lerp(last, t), t)
    }

    /// Returns the points in which the curve falls into so many straight pieces, without its start.
    fn points(self, n_pieces: u8) -> impl Iterator<Item = Pos2> {
        (1..=n_pieces).map(move |piece| self.at(f32::from(piece) / f32::from(n_pieces)))
    }

    /// Returns the same in few pieces, up to eight: as many as it takes to be near the curve, which is in points on the screen.
    pub(super) fn few_points(self) -> impl Iterator<Item = Pos2> {
        let [start, leaving, arriving, end] = self.0.map(Pos2::to_vec2);
        let turn = (start - 2.0 * leaving + arriving).length().max((leaving - 2.0 * arriving + end).length());
        self.points((0.75 * turn / NEARNESS).sqrt().ceil().clamp(1.0, 8.0) as u8)
    }

    /// Returns whether any part of the curve may be in an area; one that is not is nearly always found out.
    fn may_touch(&self, area: Rect) -> bool {
        if area.contains(self.0[0]) || area.contains(self.0[3]) {
            return true;
        }
        // A chord is nowhere farther from its piece of the curve than this, whatever the curve: no handle is long.
        let area = area.expand(12.0);
        let mut from = self.0[0];
        self.points(8).any(|to| Rect::from_two_pos(std::mem::replace(&mut from, to), to).intersects(area))
    }

    /// Returns how far a point is from the curve.
    fn distance_to(&self, point: Pos2) -> f32 {
        let mut from = self.0[0];
        let distances = self.points(24).map(|to| distance_to_segment(point, std::mem::replace(&mut from, to), to));
        distances.fold(f32::INFINITY, f32::min)
    }
}

/// Returns how a curve leaves an output, or arrives at an input, that is this far from its other end.
fn level_reach(distance: Vec2) -> Vec2 {
    let reach = if distance.x >= 0.0 {
        (distance.x * 0.5).max(distance.length() * 0.25).min(160.0)
    } else {
        (distance.length() * 0.4).clamp(40.0, 220.0)
    };
    vec2(reach, 0.0)
}

/// Returns how a curve passes a bend: the way from the point before to the one after, but level or upright where it would
/// lead beyond the bend. So a wire is straight between bends side by side.
fn direction_at(before: Vec2, after: Vec2) -> Vec2 {
    let along = |before: f32, after: f32| if before * after > 0.0 { before + after } else { 0.0 };
    let direction = vec2(along(before.x, after.x), along(before.y, after.y));
    if direction == Vec2::ZERO { (before + after).normalized() } else { direction.normalized() }
}

fn distance_to_segment(point: Pos2, from: Pos2, to: Pos2) -> f32 {
    let along = to - from;
    let length_sq = along.length_sq();
    let t = if length_sq > 0.0 { ((point - from).dot(along) / length_sq).clamp(0.0, 1.0) } else { 0.0 };
    point.distance(from + along * t)
}

/// The whole of a wire: a curve, or several that go over into each other at its bends.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Course(SmallVec<[Curve; 1]>);

impl Course {
    /// Returns the course from an output through points to an input.
    pub(super) fn new(from: Pos2, way: impl IntoIterator<Item = Pos2>, to: Pos2) -> Self {
        let mut way = way.into_iter().peekable();
        if way.peek().is_none() {
            return Self([Curve::new(from, to)].into());
        }
        let points: SmallVec<[Pos2; 8]> = std::iter::once(from).chain(way).chain(std::iter::once(to)).collect();
        let last = points.len() - 1;
        let reach = |point: usize, piece: Vec2| {
            if point == 0 || point == last {
                return level_reach(piece);
            }
            let (share, most) = BEND_REACH;
            let direction = direction_at(points[point] - points[point - 1], points[point + 1] - points[point]);
            direction * (piece.length() * share).min(most)
        };
        let piece = |index: usize| {
            let (start, end) = (points[index], points[index + 1]);
            Curve([start, start + reach(index, end - start), end - reach(index + 1, end - start), end])
        };
        Self((0..last).map(piece).collect())
    }

    /// Returns its curves, from bend to bend.
    pub(super) fn curves(&self) -> &[Curve] {
        &self.0
    }

    /// Returns where it starts.
    pub(super) fn start(&self) -> Pos2 {
        self.0[0].0[0]
    }

    /// Returns where it starts, its bends and where it ends.
    pub(super) fn corners(&self) -> impl DoubleEndedIterator<Item = Pos2> {
        std::iter::once(self.start()).chain(self.0.iter().map(|curve| curve.0[3]))
    }

    /// Returns its bends.
    pub(super) fn bends(&self) -> impl Iterator<Item = Pos2> {
        self.0[1..].iter().map(|curve| curve.0[0])
    }

    /// Returns the point in the middle of its longest curve, where no bend is.
    pub(super) fn middle(&self) -> Pos2 {
        let length = |curve: &Curve| curve.0[0].distance_sq(curve.0[3]);
        let longest = self.0.iter().rev().max_by(|one, other| length(one).total_cmp(&length(other)));
        longest.unwrap_or(&self.0[0]).at(0.5)
    }

    /// Returns the point that lies at `t` of the way, from 0 to 1, where each of its curves is as long as the others.
    pub(super) fn at(&self, t: f32) -> Pos2 {
        let place = t.clamp(0.0, 1.0) * self.0.len() as f32;
        let index = (place as usize).min(self.0.len() - 1);
        self.0[index].at(place - index as f32)
    }

    /// Returns the corners of a line that is nearly the course, with so many straight pieces for each curve.
    pub(super) fn points(&self, n_pieces: u8) -> impl Iterator<Item = Pos2> {
        std::iter::once(self.start()).chain(self.0.iter().flat_map(move |curve| curve.points(n_pieces)))
    }

    /// Returns the same course elsewhere.
    pub(super) fn map(&self, place: impl Fn(Pos2) -> Pos2) -> Self {
        Self(self.0.iter().map(|curve| Curve(curve.0.map(&place))).collect())
    }

    /// Returns a rectangle that holds the whole course.
    pub(super) fn bounds(&self) -> Rect {
        self.0.iter().map(|curve| Rect::from_points(&curve.0)).fold(Rect::NOTHING, Rect::union)
    }

    /// Returns whether another course runs the same, wherever it is.
    pub(super) fn is_shaped_as(&self, other: &Self) -> bool {
        let shift = other.start() - self.start();
        let is_same = |(ours, theirs): (Pos2, Pos2)| (theirs - ours - shift).length_sq() < 1e-4;
        self.0.len() == other.0.len() && self.corners().zip(other.corners()).all(is_same)
    }

    /// Returns whether any part of it may be in an area; one that is not is nearly always found out.
    pub(super) fn may_touch(&self, area: Rect) -> bool {
        self.0.iter().any(|curve| curve.may_touch(area))
    }

    /// Returns how far a point is from it.
    pub(super) fn distance_to(&self, point: Pos2) -> f32 {
        self.0.iter().map(|curve| curve.distance_to(point)).fold(f32::INFINITY, f32::min)
    }

    /// Returns how many bends come before a point on it, or near it.
    pub(super) fn n_bends_before(&self, point: Pos2) -> usize {
        let distances = self.0.iter().map(|curve| curve.distance_to(point)).enumerate();
        distances.min_by(|(_, one), (_, other)| one.total_cmp(other)).map_or(0, |(index, _)| index)
    }
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn a_wire_starts_and_ends_at_its_ports() {
        for to in [pos2(300.0, 50.0), pos2(-300.0, 20.0), pos2(0.0, 0.0)] {
            let curve = Curve::new(pos2(0.0, 0.0), to);
            assert!((curve.at(0.0) - pos2(0.0, 0.0)).length() < 0.01);
            assert!((curve.at(1.0) - to).length() < 0.01);
            assert!(Course::new(Pos2::ZERO, [], to).bounds().expand(0.1).contains(curve.at(0.37)));
        }
    }

    #[test]
    fn the_distance_to_a_wire_is_small_on_it_and_large_beside_it() {
        let curve = Curve::new(pos2(0.0, 0.0), pos2(400.0, 200.0));
        assert!(curve.distance_to(curve.at(0.33)) < 0.6);
        assert!(curve.distance_to(pos2(200.0, 300.0)) > 50.0);
    }

    /// A way there and back.
    fn bent() -> Course {
        Course::new(pos2(0.0, 0.0), [pos2(200.0, 300.0), pos2(-100.0, 500.0)], pos2(600.0, 40.0))
    }

    #[test]
    fn a_wire_passes_through_its_bends_without_a_corner() {
        let course = bent();
        assert_eq!(course.bends().collect::<Vec<_>>(), [pos2(200.0, 300.0), pos2(-100.0, 500.0)]);
        for pair in course.curves().windows(2) {
            let (arriving, leaving) = (pair[0].0[3] - pair[0].0[2], pair[1].0[1] - pair[1].0[0]);
            assert!(arriving.normalized().dot(leaving.normalized()) > 0.999);
        }
        let ends = [course.curves()[0].0, course.curves()[2].0];
        assert_eq!((ends[0][1].y, ends[1][2].y), (0.0, 40.0), "it leaves and arrives level");
        assert!(course.points(32).all(|point| course.distance_to(point) < 1.0 && course.bounds().contains(point)));
    }

    #[test]
    fn a_bend_on_a_level_wire_leaves_it_straight() {
        let course = Course::new(pos2(0.0, 8.0), [pos2(130.0, 8.0)], pos2(400.0, 8.0));
        assert!(course.points(16).all(|point| (point.y - 8.0).abs() < 0.01));
    }

    #[test]
    fn a_wire_is_straight_between_bends_side_by_side_and_does_not_lead_beyond_them() {
        let course = Course::new(pos2(0.0, 0.0), [pos2(100.0, -90.0), pos2(400.0, -90.0)], pos2(500.0, 0.0));
        assert!(course.points(16).all(|point| point.y >= -90.01));
        assert!(course.curves()[1].points(16).all(|point| (point.y + 90.0).abs() < 0.01));
    }

    #[test]
    fn a_point_on_a_wire_lies_between_two_of_its_bends() {
        let course = bent();
        let on = |curve: usize| course.curves()[curve].at(0.5);
        assert_eq!([0, 1, 2].map(|curve| course.n_bends_before(on(curve))), [0, 1, 2]);
        assert_eq!(course.middle(), on(2), "the middle of the longest");
    }

    #[test]
    fn a_wire_is_seen_where_its_bends_lead_it() {
        let course = bent();
        assert!(course.may_touch(Rect::from_center_size(pos2(-100.0, 500.0), Vec2::splat(4.0))));
        assert!(!course.may_touch(Rect::from_center_size(pos2(500.0, 500.0), Vec2::splat(4.0))));
        let elsewhere = course.map(|point| point + vec2(30.0, -7.0));
        assert!(course.is_shaped_as(&elsewhere));
        assert!(!course.is_shaped_as(&Course::new(course.start(), [], pos2(600.0, 40.0))));
    }
}
