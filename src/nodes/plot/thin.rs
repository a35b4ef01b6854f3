//! Large data made small: what a screen cannot show apart is put together.

use std::collections::HashSet;

use super::{Bar, BoxMark, Steps, ticks::nice_step};

/// How many stretches of x the line of a series is cut into: at most four points are kept of each.
const N_STRETCHES: usize = 1_000;

/// Lines with no more points are drawn whole.
pub(super) const MAX_LINE_POINTS: usize = 4 * N_STRETCHES;

/// The most points that are drawn apart, of all series together.
pub(super) const MAX_POINTS: usize = 20_000;

/// The most outliers of a box that are drawn.
pub(super) const MAX_OUTLIERS: usize = 200;

/// Returns the points of a line, sorted by x, with of each stretch of x the first, the least, the greatest and the last.
pub(super) fn thin_line(points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    if points.len() <= MAX_LINE_POINTS {
        return points;
    }
    let (first, last) = (points[0][0], points[points.len() - 1][0]);
    let stretch_of = |x: f64| {
        let along = (x - first) / (last - first) * N_STRETCHES as f64;
        if along.is_finite() { along as usize } else { 0 }
    };
    let mut thinned = Vec::with_capacity(MAX_LINE_POINTS);
    for stretch in points.chunk_by(|one, other| stretch_of(one[0]) == stretch_of(other[0])) {
        let by_y = |index: &usize, other: &usize| stretch[*index][1].total_cmp(&stretch[*other][1]);
        let least = (0..stretch.len()).min_by(by_y).unwrap_or(0);
        let greatest = (0..stretch.len()).max_by(by_y).unwrap_or(0);
        let mut kept = [0, least, greatest, stretch.len() - 1];
        kept.sort_unstable();
        for (place, index) in kept.iter().enumerate() {
            if place == 0 || kept[place - 1] != *index {
                thinned.push(stretch[*index]);
            }
        }
    }
    thinned
}

/// Keeps of all series together no more points than can be drawn: of each place of a fine grid the first of a series.
/// Returns whether there were more.
pub(super) fn thin_points(series: &mut [Vec<[f64; 2]>]) -> bool {
    if series.iter().map(Vec::len).sum::<usize>() <= MAX_POINTS {
        return false;
    }
    let mut ranges = [[f64::INFINITY, f64::NEG_INFINITY]; 2];
    for point in series.iter().flatten() {
        for (range, at) in ranges.iter_mut().zip(point) {
            *range = [range[0].min(*at), range[1].max(*at)];
        }
    }
    let n_steps = (MAX_POINTS as f64 / series.len() as f64).sqrt().floor();
    let step_of = |axis: usize, at: f64| {
        let along = (at - ranges[axis][0]) / (ranges[axis][1] - ranges[axis][0]);
        if along.is_finite() { (along * n_steps).min(n_steps - 1.0) as u32 } else { 0 }
    };
    for points in series {
        let mut taken = HashSet::new();
        points.retain(|point| taken.insert((step_of(0, point[0]), step_of(1, point[1]))));
    }
    true
}

/// Returns the steps into which a range is cut: as many as asked for, or at round places if that is left open.
pub(super) fn steps([low, high]: [f64; 2], n_asked: usize, n_by_itself: usize) -> Steps {
    if low >= high {
        let half = if low == 0.0 { 0.5 } else { low.abs() * 0.1 };
        return Steps { first: low - half, step: 2.0 * half, n: 1 };
    }
    if n_asked > 0 {
        return Steps { first: low, step: (high - low) / n_asked as f64, n: n_asked };
    }
    let step = nice_step((high - low) / n_by_itself.max(1) as f64);
    let first = (low / step).floor() * step;
    Steps { first, step, n: ((high - first) / step).floor() as usize + 1 }
}

/// Returns into how many bins numbers are best cut (Freedman and Diaconis), at least a few and never very many.
pub(super) fn n_bins(sorted: &[f64]) -> usize {
    let spread = quantile(sorted, 0.75) - quantile(sorted, 0.25);
    let extent = sorted.last().zip(sorted.first()).map_or(0.0, |(last, first)| last - first);
    let width = 2.0 * spread / (sorted.len() as f64).cbrt();
    let n_wanted = if width > 0.0 { extent / width } else { (sorted.len() as f64).log2() + 1.0 };
    // Steps are rounded up to round numbers, so there will be fewer.
    (1.5 * n_wanted).ceil().clamp(5.0, 100.0) as usize
}

/// Returns the step a number is in; the last step has its end too.
pub(super) fn step_of(steps: &Steps, number: f64) -> usize {
    let along = ((number - steps.first) / steps.step).floor().max(0.0);
    (along as usize).min(steps.n.saturating_sub(1))
}

/// Returns how many numbers are in each step, as bars.
pub(super) fn counted(numbers: &[f64], steps: &Steps) -> Vec<Bar> {
    let mut counts = vec![0_u64; steps.n];
    for number in numbers {
        counts[step_of(steps, *number)] += 1;
    }
    let bar = |(index, n): (usize, u64)| Bar { from: steps.start(index), to: steps.start(index + 1), height: n as f64 };
    counts.into_iter().enumerate().filter(|(_, n)| *n > 0).map(bar).collect()
}

/// Returns the number below which a share of sorted numbers lies, between two of them if need be; 0 of none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let along = share * last as f64;
    let (below, above) = (sorted[along.floor() as usize], sorted[along.ceil() as usize]);
    (above - below).mul_add(along.fract(), below)
}

/// Returns the box of sorted numbers (Tukey: whiskers reach to the last number within one and a half boxes), with the
/// outliers that are drawn, and how many there are in all; nothing for no numbers.
pub(super) fn box_of(sorted: &[f64], [from, to]: [f64; 2]) -> Option<(BoxMark, Vec<[f64; 2]>, usize)> {
    let (q1, median, q3) = (quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75));
    let reach = 1.5 * (q3 - q1);
    let first = sorted.partition_point(|number| *number < q1 - reach);
    let end = sorted.partition_point(|number| *number <= q3 + reach);
    let (low, high) = (*sorted.get(first)?, *sorted.get(end.checked_sub(1)?)?);
    let n = sorted.len() as f64;
    let mark = BoxMark { from, to, low: low.min(q1), q1, median, q3, high: high.max(q3), n };
    let outside: Vec<f64> = sorted[..first].iter().chain(&sorted[end..]).copied().collect();
    let every = outside.len().div_ceil(MAX_OUTLIERS).max(1);
    let middle = f64::midpoint(from, to);
    // The first and the last are the furthest away.
    let is_drawn = |index: usize| index.is_multiple_of(every) || index + 1 == outside.len();
    let drawn = outside.iter().enumerate().filter(|(index, _)| is_drawn(*index)).map(|(_, y)| [middle, *y]);
    Some((mark, drawn.collect(), outside.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_keeps_its_peaks_and_its_ends() {
        let n_points = 1_000_000;
        let mut points: Vec<[f64; 2]> = (0..n_points).map(|x| [f64::from(x), f64::from(x % 7)]).collect();
        points[123_456][1] = 1e6;
        points[765_432][1] = -1e6;
        let ends = [points[0], points[n_points as usize - 1]];
        let thinned = thin_line(points);
        assert!(thinned.len() <= MAX_LINE_POINTS + 4, "{}", thinned.len());
        assert!(thinned.contains(&[123_456.0, 1e6]) && thinned.contains(&[765_432.0, -1e6]));
        assert_eq!([thinned[0], thinned[thinned.len() - 1]], ends);
        assert!(thinned.is_sorted_by(|one, other| one[0] <= other[0]));
        let upright = thin_line(vec![[1.0, 2.0]; 10_000]);
        assert_eq!(upright, [[1.0, 2.0], [1.0, 2.0]]);
    }

    #[test]
    fn of_many_points_one_is_kept_at_each_place() {
        let cloud = |n: u32| (0..n).map(|row| [f64::from(row % 1000), f64::from(row / 1000)]).collect::<Vec<_>>();
        let mut series = [cloud(200_000), cloud(300_000)];
        assert!(thin_points(&mut series));
        let n_points: usize = series.iter().map(Vec::len).sum();
        assert!((MAX_POINTS / 2..=MAX_POINTS).contains(&n_points), "{n_points}");
        assert!(!thin_points(&mut [cloud(100)]));
        let mut same = [vec![[3.0, 3.0]; 30_000]];
        assert!(thin_points(&mut same) && same[0].len() == 1);
    }

    #[test]
    fn numbers_are_cut_at_round_places_or_into_as_many_parts_as_asked() {
        assert_eq!(steps([2.0, 97.0], 0, 10), Steps { first: 0.0, step: 10.0, n: 10 });
        assert_eq!(steps([0.0, 9.0], 3, 10), Steps { first: 0.0, step: 3.0, n: 3 });
        assert_eq!(steps([5.0, 5.0], 0, 10).n, 1);
        let counts = |numbers: &[f64], steps: &Steps| counted(numbers, steps).iter().map(|bar| bar.height).collect();
        let parts: Vec<f64> = counts(&[0.0, 1.0, 3.0, 9.0], &steps([0.0, 9.0], 3, 0));
        assert_eq!(parts, [2.0, 1.0, 1.0], "the last has its end too");
    }

    #[test]
    fn a_box_has_its_quarters_and_what_is_far_away_apart() {
        let mut numbers: Vec<f64> = (1..=9).map(f64::from).collect();
        numbers.push(100.0);
        let (mark, outliers, n_outliers) = box_of(&numbers, [-0.5, 0.5]).unwrap();
        assert_eq!([mark.low, mark.q1, mark.median, mark.q3, mark.high], [1.0, 3.25, 5.5, 7.75, 9.0]);
        assert_eq!((outliers, n_outliers), (vec![[0.0, 100.0]], 1));
        let (one, outliers, _) = box_of(&[4.0], [0.0, 1.0]).unwrap();
        assert_eq!(([one.low, one.q1, one.median, one.q3, one.high], outliers.len()), ([4.0; 5], 0));
        assert!(box_of(&[], [0.0, 1.0]).is_none());
    }
}
