//! Lines, points, bars, boxes and cells.

use std::fmt::Write as _;

use super::{Look, Place, hex, push};
use crate::nodes::plot::{
    Bar, BoxMark, Cells, Marker, Marks, Plot, PlotKind, color_of_share, dash_of_series, marker_of_series,
};

/// A line of no more points shows them.
const MAX_SHOWN_POINTS: usize = 40;

/// What tells a series from others: its place, and its colour.
#[derive(Clone, Copy)]
pub(super) struct Own {
    pub(super) index: usize,
    pub(super) color: [u8; 3],
}

impl Own {
    fn color(self) -> String {
        hex(self.color)
    }
}

/// Draws the marks of a series.
pub(super) fn draw(out: &mut String, marks: &Marks, place: &Place, index: usize, plot: &Plot, look: &Look) {
    let own = Own { index, color: plot.color_of(index) };
    match marks {
        Marks::Line(points) => line(out, points, place, own, look),
        Marks::Points(points) => scattered(out, points, place, own, look),
        Marks::Bars(bars) => {
            let overlap = plot.kind == PlotKind::Histogram && plot.series.len() > 1;
            draw_bars(out, bars, place, own, look, overlap);
        }
        Marks::Boxes { boxes, outliers } => draw_boxes(out, boxes, outliers, place, own, look),
        Marks::Cells(cells) => draw_cells(out, cells, place),
    }
}

/// Draws what stands for a series in the legend, in the room of 18 from a place on.
pub(super) fn sample(out: &mut String, [x, y]: [f64; 2], own: Own, marks: &Marks, look: &Look) {
    match marks {
        Marks::Line(_) => {
            let path = format!("M{x:.1} {y:.1}H{:.1}", x + 18.0);
            stroke(out, &path, own, 2.0);
        }
        Marks::Points(_) => {
            let mut path = String::new();
            marker(&mut path, [x + 9.0, y], 4.5, marker_of_series(own.index));
            push(out, format_args!("<path d=\"{path}\" fill=\"{}\"/>\n", own.color()));
        }
        Marks::Bars(_) | Marks::Cells(_) => {
            let path = format!("M{:.1} {:.1}h14v10h-14z", x + 2.0, y - 5.0);
            push(out, format_args!("<path d=\"{path}\" fill=\"{}\"/>\n", own.color()));
            hatch(out, &path, own, look.ground.unwrap_or("#ffffff"), "sample");
        }
        Marks::Boxes { .. } => {
            let (path, color) = (format!("M{:.1} {:.1}h14v10h-14z", x + 2.0, y - 5.0), own.color());
            hatch(out, &path, own, &color, "sample");
            push(out, format_args!("<path d=\"{path}\" {}/>\n", boxed(&color, 1.5)));
        }
    }
}

fn stroke(out: &mut String, path: &str, own: Own, width: f64) {
    let dash = dash_of_series(own.index).iter().map(f32::to_string).collect::<Vec<_>>().join(" ");
    let dash = if dash.is_empty() { dash } else { format!(" stroke-dasharray=\"{dash}\"") };
    push(
        out,
        format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\" stroke-linejoin=\"round\" \
             stroke-linecap=\"round\"{dash}/>\n",
            own.color()
        ),
    );
}

fn line(out: &mut String, points: &[[f64; 2]], place: &Place, own: Own, look: &Look) {
    let mut path = String::with_capacity(points.len() * 12);
    for (number, [x, y]) in points.iter().enumerate() {
        let command = if number == 0 { 'M' } else { 'L' };
        write!(path, "{command}{:.1} {:.1}", place.x(*x), place.y(*y)).expect("a string takes all that is written");
    }
    if points.len() > 1 {
        stroke(out, &path, own, if look.has_text { 2.0 } else { 1.5 });
    }
    if points.len() == 1 || (points.len() <= MAX_SHOWN_POINTS && look.has_text) {
        scattered(out, points, place, own, look);
    }
}

fn scattered(out: &mut String, points: &[[f64; 2]], place: &Place, own: Own, look: &Look) {
    if points.is_empty() {
        return;
    }
    let radius = match points.len() {
        ..=500 => 3.5,
        501..=3000 => 2.5,
        _ => 1.5,
    };
    let radius = if look.has_text { radius } else { f64::min(radius, 2.5) * 0.6 };
    let mut path = String::with_capacity(points.len() * 40);
    for [x, y] in points {
        marker(&mut path, [place.x(*x), place.y(*y)], radius, marker_of_series(own.index));
    }
    push(out, format_args!("<path d=\"{path}\" fill=\"{}\" fill-opacity=\"0.8\"/>\n", own.color()));
}

/// Adds a marker to a path that is filled.
fn marker(path: &mut String, [x, y]: [f64; 2], radius: f64, marker: Marker) {
    match marker {
        Marker::Circle => {
            let width = 2.0 * radius;
            let half = format!("a{radius:.1} {radius:.1} 0 1 0");
            write!(path, "M{:.1} {y:.1}{half} {width:.1} 0{half} -{width:.1} 0z", x - radius)
        }
        Marker::Square => {
            let side = 1.8 * radius;
            write!(path, "M{:.1} {:.1}h{side:.1}v{side:.1}h-{side:.1}z", x - 0.5 * side, y - 0.5 * side)
        }
        Marker::Diamond => {
            let half = 1.3 * radius;
            write!(path, "M{x:.1} {:.1}l{half:.1} {half:.1}l-{half:.1} {half:.1}l-{half:.1} -{half:.1}z", y - half)
        }
        Marker::Up | Marker::Down => {
            let (half, sign) = (1.2 * radius, if marker == Marker::Up { 1.0 } else { -1.0 });
            write!(path, "M{x:.1} {:.1}l{half:.1} {:.1}h-{:.1}z", y - sign * half, sign * 2.1 * radius, 2.0 * half)
        }
        Marker::Cross => {
            let (half, arm) = (0.4 * radius, 0.85 * radius);
            let (left, top, width) = (x - half, y - half - arm, 2.0 * half);
            write!(
                path,
                "M{left:.1} {top:.1}h{width:.1}v{arm:.1}h{arm:.1}v{width:.1}h-{arm:.1}v{arm:.1}h-{width:.1}v-{arm:.1}\
                 h-{arm:.1}v-{width:.1}h{arm:.1}z"
            )
        }
    }
    .expect("a string takes all that is written");
}

fn draw_bars(out: &mut String, bars: &[Bar], place: &Place, own: Own, look: &Look, overlap: bool) {
    let mut path = String::with_capacity(bars.len() * 40);
    for bar in bars {
        let (left, right) = (place.x(bar.from), place.x(bar.to));
        let (top, bottom) = (place.y(bar.height.max(0.0)), place.y(bar.height.min(0.0)));
        let gap = if right - left > 4.0 { 0.5 } else { 0.0 };
        write!(path, "M{:.2} {bottom:.2}V{top:.2}H{:.2}V{bottom:.2}z", left + gap, right - gap)
            .expect("a string takes all that is written");
    }
    if path.is_empty() {
        return;
    }
    let style = if overlap {
        format!("fill-opacity=\"0.45\" stroke=\"{}\" stroke-width=\"1.2\"", own.color())
    } else {
        "fill-opacity=\"0.92\"".to_owned()
    };
    push(out, format_args!("<path d=\"{path}\" fill=\"{}\" {style}/>\n", own.color()));
    if look.has_text {
        hatch(out, &path, own, look.ground.unwrap_or("#ffffff"), "bars");
    }
}

fn boxed(color: &str, width: f64) -> String {
    format!("fill=\"{color}\" fill-opacity=\"0.25\" stroke=\"{color}\" stroke-width=\"{width}\"")
}

/// Draws over an area what tells its series from others without colour.
fn hatch(out: &mut String, path: &str, own: Own, color: &str, of: &str) {
    let index = own.index;
    let strokes = match index % 6 {
        1 => "M-2 2L2 -2M0 8L8 0M6 10L10 6",
        2 => "M4 0V8",
        3 => "M-2 6L2 10M0 0L8 8M6 -2L10 2",
        4 => "M0 4H8",
        5 => "M0 4H8M4 0V8",
        _ => return,
    };
    push(
        out,
        format_args!(
            "<pattern id=\"{of}{index}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><path d=\"{strokes}\" \
             stroke=\"{color}\" stroke-opacity=\"0.55\" stroke-width=\"1.2\" fill=\"none\"/></pattern>\n\
             <path d=\"{path}\" fill=\"url(#{of}{index})\"/>\n"
        ),
    );
}

fn draw_boxes(out: &mut String, boxes: &[BoxMark], outliers: &[[f64; 2]], place: &Place, own: Own, look: &Look) {
    let (mut frames, mut areas) = (String::new(), String::new());
    let mut medians = String::new();
    for mark in boxes {
        let (left, right) = (place.x(mark.from) + 2.0, place.x(mark.to) - 2.0);
        let (middle, cap) = (f64::midpoint(left, right), (right - left) * 0.2);
        let [low, q1, median, q3, high] =
            [mark.low, mark.q1, mark.median, mark.q3, mark.high].map(|value| place.y(value));
        write!(
            frames,
            "M{left:.1} {q1:.1}H{right:.1}V{q3:.1}H{left:.1}zM{middle:.1} {q1:.1}V{low:.1}M{middle:.1} {q3:.1}V{high:.1}\
             M{:.1} {low:.1}H{:.1}M{0:.1} {high:.1}H{1:.1}",
            middle - cap,
            middle + cap,
        )
        .and_then(|()| write!(areas, "M{left:.1} {q1:.1}H{right:.1}V{q3:.1}H{left:.1}z"))
        .and_then(|()| write!(medians, "M{left:.1} {median:.1}H{right:.1}"))
        .expect("a string takes all that is written");
    }
    let (color, width) = (own.color(), if look.has_text { 1.5 } else { 1.0 });
    if look.has_text {
        hatch(out, &areas, own, &color, "boxes");
    }
    let style = boxed(&color, width);
    push(
        out,
        format_args!(
            "<path d=\"{frames}\" {style}/>\n\
             <path d=\"{medians}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{}\"/>\n",
            2.0 * width
        ),
    );
    let mut points = String::new();
    for [x, y] in outliers {
        marker(&mut points, [place.x(*x), place.y(*y)], if look.has_text { 2.5 } else { 1.0 }, Marker::Circle);
    }
    if !points.is_empty() {
        push(out, format_args!("<path d=\"{points}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.2\"/>\n"));
    }
}

fn draw_cells(out: &mut String, cells: &Cells, place: &Place) {
    let Some([least, greatest]) = cells.range() else { return };
    for (index, value) in cells.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        let (column, row) = (index % cells.x.n, index / cells.x.n);
        let share = if least < greatest { super::share(*value, least, greatest) } else { 1.0 };
        let (left, right) = (place.x(cells.x.start(column)), place.x(cells.x.start(column + 1)));
        let (top, bottom) = (place.y(cells.y.start(row + 1)), place.y(cells.y.start(row)));
        push(
            out,
            format_args!(
                "<rect x=\"{left:.2}\" y=\"{top:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"{}\"/>\n",
                right - left + 0.3,
                bottom - top + 0.3,
                hex(color_of_share(share))
            ),
        );
    }
}
