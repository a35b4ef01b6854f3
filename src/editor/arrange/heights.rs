//! How high the entries of columns stand: in their order, without touching, and so that wires are near to straight.

use super::{
    STEP,
    order::{Columns, Order},
};

/// The least gap between items of a column, a multiple of [`STEP`].
const ITEM_GAP: f64 = 40.0;
/// The least gap between a wire that passes and what is next to it, a multiple of [`STEP`].
const PASS_GAP: f64 = 20.0;
/// How often all columns are gone through there and back.
const N_ROUNDS: usize = 8;
/// How much more a wire that passes columns wants to be straight.
const PASS_WEIGHT: f64 = 4.0;
/// How much an entry without wires wants to stay.
const LOOSE_WEIGHT: f64 = 0.01;

/// What pulls an entry: the entry at the other end, how far below its top the wire ends there and here, and how strongly.
struct Pull {
    other: usize,
    other_offset: f64,
    offset: f64,
    weight: f64,
}

/// Returns the top of every entry, in whole steps. `heights` are the items' heights; `ends` give for each wire how far
/// below the tops of its items it leaves and arrives.
pub(super) fn tops(columns: &Columns, order: &Order, heights: &[f64], ends: &[(f64, f64)]) -> Vec<f64> {
    let mut before: Vec<Vec<Pull>> = (0..columns.n_entries()).map(|_| Vec::new()).collect();
    let mut after: Vec<Vec<Pull>> = (0..columns.n_entries()).map(|_| Vec::new()).collect();
    for piece in columns.pieces() {
        let from = if columns.is_item(piece.from) { ends[piece.wire].0 } else { 0.0 };
        let to = if columns.is_item(piece.to) { ends[piece.wire].1 } else { 0.0 };
        let straightness = |entry| if columns.is_item(entry) { 1.0 } else { PASS_WEIGHT };
        let weight = straightness(piece.from) * straightness(piece.to);
        before[piece.to].push(Pull { other: piece.from, other_offset: from, offset: to, weight });
        after[piece.from].push(Pull { other: piece.to, other_offset: to, offset: from, weight });
    }
    let gaps: Vec<Vec<f64>> = order.iter().map(|column| gaps(columns, column, heights)).collect();
    let mut tops = vec![0.0; columns.n_entries()];
    for (column, gaps) in order.iter().zip(&gaps) {
        let height: f64 = gaps.iter().sum();
        let mut top = -0.5 * height;
        for (&entry, gap) in column.iter().zip(gaps) {
            top += gap;
            tops[entry] = top;
        }
    }
    for _ in 0..N_ROUNDS {
        for (column, gaps) in order.iter().zip(&gaps) {
            settle(column, gaps, &mut tops, &[&before]);
        }
        for (column, gaps) in order.iter().zip(&gaps).rev() {
            settle(column, gaps, &mut tops, &[&after]);
        }
    }
    for (column, gaps) in order.iter().zip(&gaps) {
        settle(column, gaps, &mut tops, &[&before, &after]);
    }
    for (column, gaps) in order.iter().zip(&gaps) {
        in_steps(column, gaps, &mut tops);
    }
    tops
}

/// Returns how far each entry's top must be below that of the one before it.
fn gaps(columns: &Columns, column: &[usize], heights: &[f64]) -> Vec<f64> {
    let step = f64::from(STEP);
    let mut gaps = vec![0.0; column.len().min(1)];
    gaps.extend(column.windows(2).map(|pair| match (columns.is_item(pair[0]), columns.is_item(pair[1])) {
        (true, true) => (heights[pair[0]] / step).ceil() * step + ITEM_GAP,
        (true, false) => (heights[pair[0]] / step).ceil() * step + PASS_GAP,
        (false, _) => PASS_GAP,
    }));
    gaps
}

/// Moves the entries of a column to where their wires pull them, as far as their order and the gaps allow. That is least
/// squares under an order, solved by pooling neighbours that would overtake each other (Ayer et al. 1955).
fn settle(column: &[usize], gaps: &[f64], tops: &mut [f64], sides: &[&Vec<Vec<Pull>>]) {
    struct Pool {
        sum: f64,
        weight: f64,
        n_entries: usize,
    }
    let mut pools: Vec<Pool> = Vec::with_capacity(column.len());
    let mut offset = 0.0;
    for (&entry, gap) in column.iter().zip(gaps) {
        offset += gap;
        let (mut sum, mut weight) = (0.0, 0.0);
        for pull in sides.iter().flat_map(|pulls| &pulls[entry]) {
            sum += pull.weight * (tops[pull.other] + pull.other_offset - pull.offset);
            weight += pull.weight;
        }
        if weight == 0.0 {
            (sum, weight) = (tops[entry] * LOOSE_WEIGHT, LOOSE_WEIGHT);
        }
        let mut pool = Pool { sum: sum - offset * weight, weight, n_entries: 1 };
        while let Some(last) = pools.pop_if(|last| last.sum * pool.weight >= pool.sum * last.weight) {
            pool.sum += last.sum;
            pool.weight += last.weight;
            pool.n_entries += last.n_entries;
        }
        pools.push(pool);
    }
    let mut entries = column.iter().zip(gaps);
    offset = 0.0;
    for pool in pools {
        for (&entry, gap) in entries.by_ref().take(pool.n_entries) {
            offset += gap;
            tops[entry] = pool.sum / pool.weight + offset;
        }
    }
}

fn in_steps(column: &[usize], gaps: &[f64], tops: &mut [f64]) {
    let step = f64::from(STEP);
    let mut least = f64::NEG_INFINITY;
    for (&entry, gap) in column.iter().zip(gaps) {
        let top = (tops[entry] / step).round() * step;
        tops[entry] = top.max(least + gap);
        least = tops[entry];
    }
}
