//! In which order the items of a column stand, so that few wires cross.
//!
//! The order that is there is kept unless another has clearly fewer crossings, and what is found depends on that order
//! alone: of an order that was found here, nothing better is found.

/// A wire that leads over more columns than this has no place of its own in those between.
const MAX_SPAN: usize = 10;
/// How often a sweep goes there and back.
const N_PASSES: usize = 6;
/// Rounds of exchanging neighbours.
const N_EXCHANGES: usize = 4;

/// A wire between items, with the places of its ends from 0 (the item's top) to 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) from_share: f32,
    pub(super) to_share: f32,
}

/// A piece of a wire from one column to the next. Entries are items, then the places where wires pass columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The index of its wire.
    pub(super) wire: usize,
    from_share: f32,
    to_share: f32,
}

/// Where a wire passes a column.
#[derive(Clone, Copy, Debug)]
struct Pass {
    column: usize,
    from: usize,
    to: usize,
    /// How far on its way it is, 0 to 1.
    share: f32,
}

/// A graph in columns.
pub(super) struct Columns {
    n_items: usize,
    passes: Vec<Pass>,
    /// By the column they leave.
    pieces: Vec<Vec<Piece>>,
    /// By entry, the pieces that arrive and those that leave, each with its other end.
    before: Vec<Vec<(usize, f32)>>,
    after: Vec<Vec<(usize, f32)>>,
}

/// The entries of each column, from top to bottom.
pub(super) type Order = Vec<Vec<usize>>;

/// A way to another order, and how many crossings that has.
type Step = fn(&Columns, &Order) -> (Order, usize);

impl Columns {
    /// Returns a graph whose items stand in these columns.
    pub(super) fn new(columns: &[usize], wires: &[Wire]) -> Self {
        let n_columns = columns.iter().max().map_or(0, |last| last + 1);
        let mut graph = Self {
            n_items: columns.len(),
            passes: Vec::new(),
            pieces: vec![Vec::new(); n_columns],
            before: Vec::new(),
            after: Vec::new(),
        };
        for (index, &wire) in wires.iter().enumerate() {
            graph.add(index, wire, columns);
        }
        let n_entries = graph.n_items + graph.passes.len();
        (graph.before, graph.after) = (vec![Vec::new(); n_entries], vec![Vec::new(); n_entries]);
        for piece in graph.pieces.iter().flatten() {
            graph.before[piece.to].push((piece.from, piece.from_share));
            graph.after[piece.from].push((piece.to, piece.to_share));
        }
        graph
    }

    fn add(&mut self, index: usize, wire: Wire, columns: &[usize]) {
        let (first, last) = (columns[wire.from], columns[wire.to]);
        if first >= last || last - first > MAX_SPAN {
            return;
        }
        let (mut from, mut from_share) = (wire.from, wire.from_share);
        for column in first + 1..last {
            let share = (column - first) as f32 / (last - first) as f32;
            let to = self.n_items + self.passes.len();
            self.passes.push(Pass { column, from: wire.from, to: wire.to, share });
            self.pieces[column - 1].push(Piece { from, to, wire: index, from_share, to_share: 0.5 });
            (from, from_share) = (to, 0.5);
        }
        let piece = Piece { from, to: wire.to, wire: index, from_share, to_share: wire.to_share };
        self.pieces[last - 1].push(piece);
    }

    /// Returns whether an entry is an item.
    pub(super) const fn is_item(&self, entry: usize) -> bool {
        entry < self.n_items
    }

    /// Returns how many entries there are.
    pub(super) const fn n_entries(&self) -> usize {
        self.n_items + self.passes.len()
    }

    /// Returns the pieces of wires.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().flatten()
    }

    /// Returns the order with few crossings, starting from an order of the items.
    pub(super) fn sorted(&self, items: Order) -> Order {
        let steps: [Step; 2] = [Self::swept, Self::exchanged];
        let mut order = self.with_passes(items);
        let mut n_crossings = self.n_crossings(&order);
        let (mut step, mut n_in_vain) = (0, 0);
        while n_in_vain < steps.len() && n_crossings > 0 {
            let (other, n_others) = steps[step](self, &order);
            if n_others < n_crossings - n_crossings / 100 {
                (order, n_crossings, n_in_vain) = (other, n_others, 0);
            } else {
                n_in_vain += 1;
            }
            step = (step + 1) % steps.len();
        }
        order
    }

    /// Puts the passes of wires between the items, each on the straight line between the wire's ends.
    fn with_passes(&self, items: Order) -> Order {
        let mut share = vec![0.0; self.n_entries()];
        for column in &items {
            for (place, &item) in column.iter().enumerate() {
                share[item] = (place as f32 + 0.5) / column.len() as f32;
            }
        }
        let mut order = items;
        for (index, pass) in self.passes.iter().enumerate() {
            let entry = self.n_items + index;
            share[entry] = share[pass.from] + (share[pass.to] - share[pass.from]) * pass.share;
            order[pass.column].push(entry);
        }
        for column in &mut order {
            column.sort_by(|&a, &b| share[a].total_cmp(&share[b]).then(a.cmp(&b)));
        }
        order
    }

    fn items_of(&self, order: &Order) -> Order {
        order.iter().map(|column| column.iter().copied().filter(|&entry| self.is_item(entry)).collect()).collect()
    }

    fn places(&self, order: &Order) -> Vec<f32> {
        let mut places = vec![0.0; self.n_entries()];
        for column in order {
            for (place, &entry) in column.iter().enumerate() {
                places[entry] = place as f32;
            }
        }
        places
    }

    fn n_crossings(&self, order: &Order) -> usize {
        let places = self.places(order);
        let mut ends = Vec::new();
        let mut n_crossings = 0;
        for pieces in &self.pieces {
            ends.clear();
            ends.extend(
                pieces.iter().map(|piece| (places[piece.from] + piece.from_share, places[piece.to] + piece.to_share)),
            );
            ends.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
            n_crossings += n_inversions(&mut ends.iter().map(|end| end.1).collect::<Vec<f32>>());
        }
        n_crossings
    }

    /// Sorts each column by the middle of what its entries are wired to, there and back several times; returns the best.
    fn swept(&self, order: &Order) -> (Order, usize) {
        let mut entries = order.clone();
        let mut best: Option<(Order, usize)> = None;
        for pass in 0..N_PASSES {
            let mut places = self.places(&entries);
            let forward = pass % 2 == 0;
            let columns = 0..entries.len();
            let wired = if forward { &self.before } else { &self.after };
            let mut sort = |column: usize| {
                let entries = &mut entries[column];
                let mut keyed: Vec<(f32, usize)> =
                    entries.iter().map(|&entry| (middle(&wired[entry], &places, places[entry]), entry)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                for (place, (_, entry)) in keyed.into_iter().enumerate() {
                    entries[place] = entry;
                    places[entry] = place as f32;
                }
            };
            if forward {
                columns.for_each(&mut sort);
            } else {
                columns.rev().for_each(&mut sort);
            }
            let candidate = self.with_passes(self.items_of(&entries));
            let n_crossings = self.n_crossings(&candidate);
            if best.as_ref().is_none_or(|best| n_crossings < best.1) {
                best = Some((candidate, n_crossings));
            }
        }
        best.unwrap_or_else(|| (order.clone(), usize::MAX))
    }

    /// Exchanges neighbours whose wires cross less the other way round.
    fn exchanged(&self, order: &Order) -> (Order, usize) {
        let mut items = self.items_of(order);
        let mut places = self.places(order);
        for _ in 0..N_EXCHANGES {
            for column in &mut items {
                for place in 1..column.len() {
                    let (upper, lower) = (column[place - 1], column[place]);
                    if self.crossings_of(lower, upper, &places) < self.crossings_of(upper, lower, &places) {
                        column.swap(place - 1, place);
                        places.swap(upper, lower);
                    }
                }
            }
        }
        let order = self.with_passes(items);
        let n_crossings = self.n_crossings(&order);
        (order, n_crossings)
    }

    /// Returns how often the wires of an item cross those of one below it.
    fn crossings_of(&self, upper: usize, lower: usize, places: &[f32]) -> usize {
        let count = |wired: &[Vec<(usize, f32)>]| {
            let place = |&(entry, share): &(usize, f32)| places[entry] + share;
            let below = |end: f32| wired[lower].iter().filter(|other| place(other) < end).count();
            wired[upper].iter().map(|end| below(place(end))).sum::<usize>()
        };
        count(&self.before) + count(&self.after)
    }
}

/// Returns the mean place of what an entry is wired to; where it is if it is wired to nothing.
fn middle(wired: &[(usize, f32)], places: &[f32], place: f32) -> f32 {
    if wired.is_empty() {
        return place;
    }
    wired.iter().map(|&(entry, share)| places[entry] + share).sum::<f32>() / wired.len() as f32
}

/// Returns how many pairs stand the wrong way round, and sorts.
fn n_inversions(values: &mut [f32]) -> usize {
    if values.len() < 2 {
        return 0;
    }
    let middle = values.len() / 2;
    let (left, right) = values.split_at_mut(middle);
    let mut n_inversions = n_inversions(left) + n_inversions(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let mut at = 0;
    for &value in right.iter() {
        while at < left.len() && left[at] <= value {
            merged.push(left[at]);
            at += 1;
        }
        n_inversions += left.len() - at;
        merged.push(value);
    }
    merged.extend_from_slice(&left[at..]);
    values.copy_from_slice(&merged);
    n_inversions
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wire(from: usize, to: usize) -> Wire {
        Wire { from, to, from_share: 0.5, to_share: 0.5 }
    }

    #[test]
    fn crossed_wires_are_uncrossed() {
        let graph = Columns::new(&[0, 0, 1, 1], &[wire(0, 3), wire(1, 2)]);
        let order = graph.sorted(vec![vec![0, 1], vec![2, 3]]);
        assert_eq!(graph.n_crossings(&order), 0);
    }

    #[test]
    fn an_order_without_crossings_is_kept() {
        let graph = Columns::new(&[0, 0, 1, 1], &[wire(0, 2), wire(1, 3)]);
        assert_eq!(graph.sorted(vec![vec![1, 0], vec![3, 2]]), [[1, 0], [3, 2]]);
    }

    #[test]
    fn a_long_wire_passes_beside_what_it_leads_over() {
        let graph = Columns::new(&[0, 1, 2], &[wire(0, 1), wire(1, 2), wire(0, 2)]);
        let order = graph.sorted(vec![vec![0], vec![1], vec![2]]);
        assert_eq!(order[1].len(), 2);
        assert!(!graph.is_item(order[1][1]));
    }

    proptest! {
        #[test]
        fn inversions_are_counted(values in proptest::collection::vec(0_u8..20, 0..40)) {
            let pairs = values.iter().enumerate().flat_map(|(i, a)| values[i + 1..].iter().map(move |b| a > b));
            let expected = pairs.filter(|wrong| *wrong).count();
            let mut floats: Vec<f32> = values.iter().map(|&value| f32::from(value)).collect();
            prop_assert_eq!(n_inversions(&mut floats), expected);
            prop_assert!(floats.is_sorted());
        }
    }
}
