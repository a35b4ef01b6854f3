//! What lies under the pointer, in words.

use crate::nodes::plot::{Axis, Bar, BoxMark, Cells, Marks, Plot, PlotKind, Scale, Steps, in_words};

/// What lies under the pointer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hovered {
    /// What it is.
    pub(super) lines: Vec<String>,
    /// Whether the first line is the name of its series.
    pub(super) is_named: bool,
    /// Where it is.
    pub(super) at: [f64; 2],
    /// Whether it is a point.
    pub(super) is_point: bool,
}

/// Returns what lies at a place of a plot, or is a point no further away than `reach`, of the series that are shown.
pub(super) fn hovered(plot: &Plot, is_shown: impl Fn(usize) -> bool, at: [f64; 2], reach: [f64; 2]) -> Option<Hovered> {
    let mut nearest: Option<(f64, Hovered)> = None;
    for (index, series) in plot.series.iter().enumerate().filter(|(index, _)| is_shown(*index)) {
        let found = match &series.marks {
            Marks::Line(points) | Marks::Points(points) => nearest_point(points, at, reach)
                .map(|(distance, point)| (distance, point, true, point_in_words(plot, index, point))),
            Marks::Bars(bars) => {
                let bar = bars.iter().find(|bar| is_on(bar, at, reach[1] * 0.25));
                bar.map(|bar| {
                    (1.0, [f64::midpoint(bar.from, bar.to), bar.height], false, bar_in_words(plot, index, bar))
                })
            }
            Marks::Boxes { boxes, outliers } => {
                let mark =
                    boxes.iter().find(|mark| is_in(at[0], mark.from, mark.to) && is_in(at[1], mark.low, mark.high));
                let mark = mark.map(|mark| {
                    (1.0, [f64::midpoint(mark.from, mark.to), mark.median], false, box_in_words(plot, mark))
                });
                let outlier = nearest_point(outliers, at, reach)
                    .map(|(distance, point)| (distance, point, true, point_in_words(plot, index, point)));
                mark.or(outlier)
            }
            Marks::Cells(cells) => cell_at(plot, cells, at).map(|lines| (1.0, at, false, lines)),
        };
        let Some((distance, at, is_point, mut lines)) = found else { continue };
        if nearest.as_ref().is_none_or(|(least, _)| distance < *least) {
            let is_named = plot.series.len() > 1 && !series.name.is_empty();
            if is_named {
                lines.insert(0, series.name.clone());
            }
            nearest = Some((distance, Hovered { lines, is_named, at, is_point }));
        }
    }
    nearest.map(|(_, hovered)| hovered)
}

/// Returns the nearest point that is no further away than 1, in terms of `reach`.
fn nearest_point(points: &[[f64; 2]], at: [f64; 2], reach: [f64; 2]) -> Option<(f64, [f64; 2])> {
    let distance = |point: &[f64; 2]| ((point[0] - at[0]) / reach[0]).hypot((point[1] - at[1]) / reach[1]);
    let measured = points.iter().map(|point| (distance(point), *point)).filter(|(distance, _)| *distance <= 1.0);
    measured.min_by(|(one, _), (other, _)| one.total_cmp(other))
}

fn is_in(at: f64, one: f64, other: f64) -> bool {
    (one.min(other)..=one.max(other)).contains(&at)
}

fn is_on(bar: &Bar, at: [f64; 2], slack: f64) -> bool {
    is_in(at[0], bar.from, bar.to) && is_in(at[1], bar.height.min(0.0) - slack, bar.height.max(0.0) + slack)
}

fn line(label: &str, value: &str) -> String {
    if label.is_empty() { value.to_owned() } else { format!("{label}: {value}") }
}

/// Returns the label of y, or the name of the series if each has its own column.
fn y_label(plot: &Plot, index: usize) -> &str {
    if plot.y.label.is_empty() { &plot.series[index].name } else { &plot.y.label }
}

fn point_in_words(plot: &Plot, index: usize, [x, y]: [f64; 2]) -> Vec<String> {
    let y_words = line(y_label(plot, index), &in_words(&plot.y.scale, y));
    vec![line(&plot.x.label, &in_words(&plot.x.scale, x)), y_words]
}

fn bar_in_words(plot: &Plot, index: usize, bar: &Bar) -> Vec<String> {
    let across = if plot.kind == PlotKind::Histogram && !matches!(plot.x.scale, Scale::Category(_)) {
        format!("{} to {}", in_words(&plot.x.scale, bar.from), in_words(&plot.x.scale, bar.to))
    } else {
        in_words(&plot.x.scale, f64::midpoint(bar.from, bar.to))
    };
    vec![line(&plot.x.label, &across), line(y_label(plot, index), &in_words(&plot.y.scale, bar.height))]
}

fn box_in_words(plot: &Plot, mark: &BoxMark) -> Vec<String> {
    let number = |number: f64| in_words(&Scale::Number, number);
    vec![
        line(&plot.x.label, &in_words(&plot.x.scale, f64::midpoint(mark.from, mark.to))),
        format!("median {}", number(mark.median)),
        format!("half of them from {} to {}", number(mark.q1), number(mark.q3)),
        format!("whiskers from {} to {}", number(mark.low), number(mark.high)),
        format!("{} values", number(mark.n)),
    ]
}

fn cell_at(plot: &Plot, cells: &Cells, at: [f64; 2]) -> Option<Vec<String>> {
    let (column, row) = (cells.x.index(at[0])?, cells.y.index(at[1])?);
    let value = cells.values[row * cells.x.n + column];
    let told = if value.is_finite() { in_words(&Scale::Number, value) } else { "no rows".to_owned() };
    Some(vec![
        line(&plot.x.label, &step_in_words(&plot.x, &cells.x, column)),
        line(&plot.y.label, &step_in_words(&plot.y, &cells.y, row)),
        line(&plot.legend, &told),
    ])
}

fn step_in_words(axis: &Axis, steps: &Steps, index: usize) -> String {
    let (from, to) = (steps.start(index), steps.start(index + 1));
    match &axis.scale {
        Scale::Category(_) => in_words(&axis.scale, f64::midpoint(from, to)),
        scale => format!("{} to {}", in_words(scale, from), in_words(scale, to)),
    }
}
