//! A grid of cells that says quickly what lies in a part of the scene.

use std::collections::HashMap;

use egui::{Pos2, Rect};

/// The side of a cell in scene units: a few nodes a cell.
const CELL: f32 = 400.0;
/// A rectangle over more cells than this is kept apart and always looked at.
const MAX_CELLS: i64 = 64;

/// Rectangles by where they are.
#[derive(Clone, Debug, Default)]
pub(super) struct SpatialGrid {
    cells: HashMap<(i32, i32), Vec<u32>>,
    large: Vec<u32>,
    rects: Vec<Rect>,
}

impl SpatialGrid {
    /// Returns a grid of rectangles, known by their index.
    pub(super) fn new(rects: Vec<Rect>) -> Self {
        let mut grid = Self { cells: HashMap::new(), large: Vec::new(), rects: Vec::new() };
        for (index, rect) in rects.iter().enumerate() {
            grid.enter(index as u32, *rect);
        }
        grid.rects = rects;
        grid
    }

    fn enter(&mut self, index: u32, rect: Rect) {
        if n_cells(rect) > MAX_CELLS {
            self.large.push(index);
        } else {
            for cell in cells_of(rect) {
                self.cells.entry(cell).or_default().push(index);
            }
        }
    }

    /// Puts a rectangle into another place.
    pub(super) fn set(&mut self, index: usize, rect: Rect) {
        let before = std::mem::replace(&mut self.rects[index], rect);
        if before == rect {
            return;
        }
        let index = index as u32;
        if n_cells(before) > MAX_CELLS {
            self.large.retain(|&other| other != index);
        } else {
            for cell in cells_of(before) {
                if let Some(indices) = self.cells.get_mut(&cell) {
                    indices.retain(|&other| other != index);
                }
            }
        }
        self.enter(index, rect);
    }

    /// Puts the indices of all rectangles that touch `area` into `found`, ascending, each once.
    pub(super) fn query(&self, area: Rect, found: &mut Vec<usize>) {
        found.clear();
        let hits = |index: &&u32| self.rects[**index as usize].intersects(area);
        if usize::try_from(n_cells(area)).is_ok_and(|n_cells| n_cells > self.cells.len()) {
            found.extend((0..self.rects.len()).filter(|&index| self.rects[index].intersects(area)));
            return;
        }
        for cell in cells_of(area) {
            if let Some(indices) = self.cells.get(&cell) {
                found.extend(indices.iter().filter(hits).map(|&index| index as usize));
            }
        }
        found.extend(self.large.iter().filter(hits).map(|&index| index as usize));
        found.sort_unstable();
        found.dedup();
    }

    /// Returns the indices of all rectangles near a point, ascending.
    pub(super) fn near(&self, point: Pos2, distance: f32) -> Vec<usize> {
        let mut found = Vec::new();
        self.query(Rect::from_center_size(point, egui::Vec2::splat(2.0 * distance)), &mut found);
        found
    }

    /// Returns a rectangle round all.
    pub(super) fn bounds(&self) -> Option<Rect> {
        self.rects.iter().copied().reduce(Rect::union)
    }
}

fn cell(value: f32) -> i32 {
    (value / CELL).floor() as i32
}

fn n_cells(rect: Rect) -> i64 {
    let side = |from: f32, to: f32| i64::from(cell(to)) - i64::from(cell(from)) + 1;
    side(rect.left(), rect.right()).max(1).saturating_mul(side(rect.top(), rect.bottom()).max(1))
}

fn cells_of(rect: Rect) -> impl Iterator<Item = (i32, i32)> {
    let rows = cell(rect.top())..=cell(rect.bottom());
    let columns = cell(rect.left())..=cell(rect.right());
    rows.flat_map(move |row| columns.clone().map(move |column| (column, row)))
}

#[cfg(test)]
mod tests {
    use egui::{pos2, vec2};
    use proptest::prelude::*;

    use super::*;

    fn any_rect() -> impl Strategy<Value = Rect> {
        (-9000.0..9000.0_f32, -9000.0..9000.0_f32, 0.0..3000.0_f32, 0.0..3000.0_f32)
            .prop_map(|(x, y, width, height)| Rect::from_min_size(pos2(x, y), vec2(width, height)))
    }

    proptest! {
        #[test]
        fn a_query_finds_what_looking_at_all_finds(
            rects in prop::collection::vec(any_rect(), 0..60),
            area in any_rect(),
        ) {
            let expected: Vec<usize> =
                (0..rects.len()).filter(|&index| rects[index].intersects(area)).collect();
            let mut found = vec![7];
            SpatialGrid::new(rects).query(area, &mut found);
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn rectangles_are_found_where_they_were_put_last(
            rects in prop::collection::vec(any_rect(), 1..30),
            moves in prop::collection::vec((any::<prop::sample::Index>(), any_rect()), 0..30),
            area in any_rect(),
        ) {
            let mut moved = rects.clone();
            let mut grid = SpatialGrid::new(rects);
            for (index, rect) in moves {
                let index = index.index(moved.len());
                moved[index] = rect;
                grid.set(index, rect);
            }
            let (mut found, mut expected) = (Vec::new(), Vec::new());
            grid.query(area, &mut found);
            SpatialGrid::new(moved).query(area, &mut expected);
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn an_empty_grid_has_nothing_and_no_bounds() {
        let grid = SpatialGrid::new(Vec::new());
        assert!(grid.near(pos2(0.0, 0.0), 10.0).is_empty());
        assert_eq!(grid.bounds(), None);
    }
}
