//! A list for each node, in few pieces of memory.

use std::{
    ops::{Index, Range},
    sync::Arc,
};

use imbl::OrdMap;

/// A list for each node. Cloned in constant time; setting some rows costs what these are long.
#[derive(Clone, Debug)]
pub struct Rows<T> {
    all: Arc<Packed<T>>,
    /// Rows that were set since, and those behind the others.
    set: OrdMap<u32, Arc<[T]>>,
}

/// All rows in one piece.
#[derive(Clone, Debug)]
struct Packed<T> {
    items: Vec<T>,
    ranges: Vec<Range<u32>>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self::packed(Vec::new(), Vec::new())
    }
}

impl<T> Index<usize> for Rows<T> {
    type Output = [T];

    fn index(&self, node: usize) -> &[T] {
        if !self.set.is_empty()
            && let Some(row) = self.set.get(&(node as u32))
        {
            return row;
        }
        let Range { start, end } = self.all.ranges[node];
        &self.all.items[start as usize..end as usize]
    }
}

impl<T> Rows<T> {
    /// Returns rows that are ranges of some items.
    pub(super) fn packed(items: Vec<T>, ranges: Vec<Range<u32>>) -> Self {
        Self { all: Arc::new(Packed { items, ranges }), set: OrdMap::new() }
    }

    /// Sets a row, or adds one.
    pub(super) fn set(&mut self, node: usize, row: Arc<[T]>) {
        self.set.insert(node as u32, row);
    }

    /// Returns whether so many rows were set that it pays to pack all anew.
    pub(super) fn is_scattered(&self) -> bool {
        self.set.len() > 64 + self.all.ranges.len() / 8
    }
}

impl<T: Copy + Default + PartialEq> Rows<T> {
    /// Returns items by their rows; within a row they are in the order they come in, and of those that are equal and stand
    /// side by side there is one.
    pub(super) fn group(n_rows: usize, items: impl Iterator<Item = (u32, T)> + Clone) -> Self {
        let mut ranges = vec![0..0_u32; n_rows];
        let mut n_items = 0;
        for (row, _) in items.clone() {
            ranges[row as usize].end += 1;
            n_items += 1;
        }
        let mut start = 0;
        for range in &mut ranges {
            let n_in_row = range.end;
            *range = start..start;
            start += n_in_row;
        }
        let mut grouped = vec![T::default(); n_items];
        for (row, item) in items {
            let Range { start, end } = &mut ranges[row as usize];
            if end == start || grouped[*end as usize - 1] != item {
                grouped[*end as usize] = item;
                *end += 1;
            }
        }
        Self::packed(grouped, ranges)
    }
}
