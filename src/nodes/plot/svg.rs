//! A plot as SVG: axes, grid, legend, title and notes; the marks are drawn by [`marks`].

mod marks;

use std::fmt::Write as _;

use super::{
    Bounds, Marks, Plot, Scale, color_of_share,
    ticks::{Tick, ticks},
};

/// The fonts that a drawing asks for, the one that comes with the program first.
const FONTS: &str = "Ubuntu, 'Ubuntu Light', 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

const TEXT: f64 = 12.0;
const TITLE: f64 = 17.0;
/// Names on axes and in the legend are cut after so many characters.
const MAX_NAME: usize = 26;
const GAP: f64 = 14.0;
/// The room of a scale of colours with its numbers.
const COLOR_SCALE: f64 = 76.0;

/// How a plot is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    /// Width and height.
    pub(crate) size: [f64; 2],
    /// The colour of the ground; none to leave it open.
    pub(crate) ground: Option<&'static str>,
    pub(crate) ink: &'static str,
    pub(crate) muted: &'static str,
    pub(crate) grid: &'static str,
    /// Whether there are words.
    pub(crate) has_text: bool,
}

impl Look {
    pub(crate) const LIGHT: Self = Self {
        size: [800.0, 500.0],
        ground: Some("#ffffff"),
        ink: "#1b2029",
        muted: "#555e6c",
        grid: "#e3e6eb",
        has_text: true,
    };
    pub(crate) const DARK: Self =
        Self { ground: Some("#1b1e24"), ink: "#e6e9ee", muted: "#a4adba", grid: "#333944", ..Self::LIGHT };
    /// Without words or ground, for light and dark surroundings.
    pub(crate) const SMALL: Self =
        Self { size: [180.0, 96.0], ground: None, ink: "#8a93a1", muted: "#8a93a1", grid: "#8a93a1", has_text: false };

    pub(crate) const fn sized(mut self, size: [f64; 2]) -> Self {
        self.size = size;
        self
    }
}

/// Where on the drawing the marks go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    bounds: Bounds,
}

impl Place {
    pub(super) fn x(&self, at: f64) -> f64 {
        let [low, high] = self.bounds.x;
        self.left + (self.right - self.left) * share(at, low, high)
    }

    pub(super) fn y(&self, at: f64) -> f64 {
        let [low, high] = self.bounds.y;
        self.bottom - (self.bottom - self.top) * share(at, low, high)
    }
}

/// Returns how far a number lies between two others; they may be too far apart for their difference.
fn share(at: f64, low: f64, high: f64) -> f64 {
    (at / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0)
}

/// Returns a plot as SVG text.
pub(crate) fn svg(plot: &Plot, look: &Look) -> String {
    let [width, height] = look.size;
    let mut out = String::with_capacity(4096);
    let text = if look.has_text { format!(" font-family=\"{FONTS}\" font-size=\"{TEXT}\"") } else { String::new() };
    push(
        &mut out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\"{text}>\n"
        ),
    );
    if look.has_text && !plot.title.is_empty() {
        push(&mut out, format_args!("<title>{}</title>\n", escaped(&plot.title)));
    }
    if let Some(ground) = look.ground {
        push(&mut out, format_args!("<rect width=\"100%\" height=\"100%\" fill=\"{ground}\"/>\n"));
    }
    let place = if look.has_text { framed(&mut out, plot, look) } else { small(plot, look) };
    axes(&mut out, &place, look);
    push(
        &mut out,
        format_args!(
            "<clipPath id=\"inside\"><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/></clipPath>\n\
             <g clip-path=\"url(#inside)\">\n",
            place.left - 1.0,
            place.top - 1.0,
            (place.right - place.left + 2.0).max(0.0),
            (place.bottom - place.top + 2.0).max(0.0)
        ),
    );
    for (index, series) in plot.series.iter().enumerate() {
        marks::draw(&mut out, &series.marks, &place, index, plot, look);
    }
    out.push_str("</g>\n");
    if plot.is_empty() && look.has_text {
        let middle = [f64::midpoint(place.left, place.right), f64::midpoint(place.top, place.bottom)];
        text_at(&mut out, middle, "Nothing to draw", &format!("text-anchor=\"middle\" fill=\"{}\"", look.muted));
    }
    out.push_str("</svg>\n");
    out
}

fn push(out: &mut String, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).expect("a string takes all that is written");
}

/// Returns what is drawn of a plot's bounds: with some room around points, and bars from 0 up.
pub(crate) fn roomy(plot: &Plot) -> Bounds {
    let mut bounds = plot.bounds();
    let is_cells = plot.series.iter().any(|series| matches!(series.marks, Marks::Cells(_)));
    let is_bars = plot.series.iter().any(|series| matches!(series.marks, Marks::Bars(_)));
    if is_cells {
        return bounds;
    }
    for (range, axis, is_y) in [(&mut bounds.x, &plot.x, false), (&mut bounds.y, &plot.y, true)] {
        if matches!(axis.scale, Scale::Category(_)) {
            continue;
        }
        let room = (range[1] / 2.0 - range[0] / 2.0) * 0.08;
        let stands = |end: f64| is_y && is_bars && end == 0.0;
        *range = [
            if stands(range[0]) { 0.0 } else { range[0] - room },
            if stands(range[1]) { 0.0 } else { range[1] + room },
        ];
    }
    bounds
}

fn small(plot: &Plot, look: &Look) -> Place {
    let [width, height] = look.size;
    Place { left: 6.0, top: 5.0, right: width - 5.0, bottom: height - 6.0, bounds: roomy(plot) }
}

fn axes(out: &mut String, place: &Place, look: &Look) {
    push(
        out,
        format_args!(
            "<path d=\"M{:.1} {:.1}V{:.1}H{:.1}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1\"/>\n",
            place.left, place.top, place.bottom, place.right, look.muted
        ),
    );
}

/// Draws all that stands around the marks; returns where they go.
fn framed(out: &mut String, plot: &Plot, look: &Look) -> Place {
    let [width, height] = look.size;
    let bounds = roomy(plot);
    let mut top = GAP;
    if !plot.title.is_empty() {
        top += TITLE;
        let style = format!("font-size=\"{TITLE}\" fill=\"{}\"", look.ink);
        text_at(out, [GAP, top - 2.0], &cut(&plot.title, (width / 8.0) as usize), &style);
        top += 8.0;
    }
    top = legend(out, plot, look, top);
    let n_y_ticks = ((height - top) / 55.0).clamp(2.0, 12.0) as usize;
    let n_y_ticks = if matches!(plot.y.scale, Scale::Category(_)) {
        ((height - top - 60.0) / 14.0).max(1.0) as usize
    } else {
        n_y_ticks
    };
    let y_ticks = ticks(&plot.y.scale, bounds.y, n_y_ticks);
    let widest = y_ticks.iter().map(|tick| width_of(&cut(&tick.label, MAX_NAME))).fold(0.0, f64::max);
    let y_label = if plot.y.label.is_empty() { 0.0 } else { TEXT + 8.0 };
    let left = (GAP + y_label + widest + 8.0).min(width * 0.5);
    let cells = plot.series.iter().find_map(|series| match &series.marks {
        Marks::Cells(cells) => Some(cells),
        _ => None,
    });
    let right = width - if cells.is_some() { COLOR_SCALE } else { GAP + 6.0 };
    let x_ticks = x_ticks(plot, bounds, right - left);
    let tilted = are_tilted(&x_ticks, right - left);
    let labels = x_ticks.iter().map(|tick| width_of(&cut(&tick.label, MAX_NAME))).fold(0.0, f64::max);
    let ticks_height = if tilted { (labels * 0.64 + 14.0).min(height * 0.35) } else { TEXT + 10.0 };
    let notes = said(plot, width);
    let x_label = if plot.x.label.is_empty() { 0.0 } else { TEXT + 8.0 };
    let bottom = height - 8.0 - notes.len() as f64 * (TEXT + 2.0) - x_label - ticks_height;
    let bottom = bottom.max(top + 10.0);
    let place = Place { left, top, right, bottom, bounds };
    y_axis(out, plot, look, &place, &y_ticks);
    x_axis(out, plot, look, &place, &x_ticks, tilted);
    if x_label > 0.0 {
        let at = [f64::midpoint(left, right), bottom + ticks_height + TEXT];
        let style = format!("text-anchor=\"middle\" fill=\"{}\"", look.ink);
        text_at(out, at, &cut(&plot.x.label, (width / 8.0) as usize), &style);
    }
    for (line, note) in notes.iter().enumerate() {
        let at = [GAP, height - 8.0 - (notes.len() - 1 - line) as f64 * (TEXT + 2.0)];
        text_at(out, at, note, &format!("font-size=\"10.5\" fill=\"{}\"", look.muted));
    }
    if let Some(range) = cells.and_then(super::Cells::range) {
        color_scale(out, plot, look, &place, range);
    }
    place
}

fn x_ticks(plot: &Plot, bounds: Bounds, width: f64) -> Vec<Tick> {
    let n_most = match plot.x.scale {
        Scale::Category(_) => width / 14.0,
        Scale::Number => width / 85.0,
        Scale::Time => width / 100.0,
    };
    ticks(&plot.x.scale, bounds.x, (n_most as usize).max(2))
}

/// Returns whether labels below the x axis would run into each other if they stood straight.
fn are_tilted(ticks: &[Tick], width: f64) -> bool {
    let widest = ticks.iter().map(|tick| width_of(&cut(&tick.label, MAX_NAME))).fold(0.0, f64::max);
    ticks.len() > 1 && widest + 8.0 > width / ticks.len() as f64
}

fn y_axis(out: &mut String, plot: &Plot, look: &Look, place: &Place, ticks: &[Tick]) {
    for tick in ticks {
        let y = place.y(tick.at);
        push(
            out,
            format_args!(
                "<path d=\"M{:.1} {y:.1}H{:.1}\" stroke=\"{}\" stroke-width=\"1\"/>\n",
                place.left, place.right, look.grid
            ),
        );
        let style = format!("text-anchor=\"end\" fill=\"{}\"", look.muted);
        text_at(out, [place.left - 7.0, y + TEXT * 0.34], &cut(&tick.label, MAX_NAME), &style);
    }
    if !plot.y.label.is_empty() {
        let (x, y) = (GAP + TEXT * 0.6, f64::midpoint(place.top, place.bottom));
        let style = format!("text-anchor=\"middle\" fill=\"{}\" transform=\"rotate(-90 {x:.1} {y:.1})\"", look.ink);
        text_at(out, [x, y], &cut(&plot.y.label, ((place.bottom - place.top) / 7.0) as usize), &style);
    }
}

fn x_axis(out: &mut String, plot: &Plot, look: &Look, place: &Place, ticks: &[Tick], tilted: bool) {
    let has_grid = !matches!(plot.x.scale, Scale::Category(_));
    for tick in ticks {
        let (x, label) = (place.x(tick.at), cut(&tick.label, MAX_NAME));
        let from = if has_grid { place.top } else { place.bottom };
        push(
            out,
            format_args!(
                "<path d=\"M{x:.1} {from:.1}V{:.1}\" stroke=\"{}\" stroke-width=\"1\"/>\n",
                place.bottom + 4.0,
                look.grid
            ),
        );
        if tilted {
            let y = place.bottom + 14.0;
            let style = format!("text-anchor=\"end\" fill=\"{}\" transform=\"rotate(-40 {x:.1} {y:.1})\"", look.muted);
            text_at(out, [x + 3.0, y], &label, &style);
        } else {
            let style = format!("text-anchor=\"middle\" fill=\"{}\"", look.muted);
            text_at(out, [x, place.bottom + TEXT + 5.0], &label, &style);
        }
    }
}

/// Draws the names of the series, if there are several; returns where what is below begins.
fn legend(out: &mut String, plot: &Plot, look: &Look, top: f64) -> f64 {
    let has_cells = plot.series.iter().any(|series| matches!(series.marks, Marks::Cells(_)));
    if plot.series.len() < 2 || has_cells || is_told_by_place(plot) {
        return top + 4.0;
    }
    let (mut x, mut y) = (GAP, top + TEXT);
    if !plot.legend.is_empty() {
        let name = cut(&plot.legend, MAX_NAME);
        text_at(out, [x, y], &name, &format!("fill=\"{}\"", look.muted));
        x += width_of(&name) + 12.0;
    }
    for (index, series) in plot.series.iter().enumerate() {
        let name = cut(&series.name, MAX_NAME);
        let width = 24.0 + width_of(&name) + 16.0;
        if x + width > look.size[0] - GAP && x > GAP {
            (x, y) = (GAP, y + TEXT + 6.0);
        }
        let own = marks::Own { index, color: plot.color_of(index) };
        marks::sample(out, [x, y - TEXT * 0.34], own, &series.marks, look);
        text_at(out, [x + 24.0, y], &name, &format!("fill=\"{}\"", look.ink));
        x += width;
    }
    y + 14.0
}

/// Returns whether each series has a name on the x axis.
fn is_told_by_place(plot: &Plot) -> bool {
    let Scale::Category(names) = &plot.x.scale else { return false };
    names.len() == plot.series.len() && names.iter().zip(&plot.series).all(|(name, series)| *name == series.name)
}

/// Draws which colour of a heat map stands for which number.
fn color_scale(out: &mut String, plot: &Plot, look: &Look, place: &Place, [low, high]: [f64; 2]) {
    const N_STEPS: usize = 48;
    let (x, height) = (place.right + 12.0, place.bottom - place.top);
    for step in 0..N_STEPS {
        let share = step as f64 / (N_STEPS - 1) as f64;
        let y = place.bottom - (step + 1) as f64 * height / N_STEPS as f64;
        push(
            out,
            format_args!(
                "<rect x=\"{x:.1}\" y=\"{y:.2}\" width=\"12\" height=\"{:.2}\" fill=\"{}\"/>\n",
                height / N_STEPS as f64 + 0.5,
                hex(color_of_share(share))
            ),
        );
    }
    let shown =
        if low < high { ticks(&Scale::Number, [low, high], (height / 60.0).max(2.0) as usize) } else { Vec::new() };
    for tick in shown {
        let y = place.bottom - height * share(tick.at, low, high);
        text_at(out, [x + 17.0, y + TEXT * 0.34], &tick.label, &format!("fill=\"{}\"", look.muted));
    }
    let (x, y) = (look.size[0] - 4.0, f64::midpoint(place.top, place.bottom));
    let style = format!("text-anchor=\"middle\" fill=\"{}\" transform=\"rotate(-90 {x:.1} {y:.1})\"", look.ink);
    text_at(out, [x, y], &cut(&plot.legend, (height / 7.0) as usize), &style);
}

/// Returns the notes in lines that fit.
fn said(plot: &Plot, width: f64) -> Vec<String> {
    let n_most = (width / 5.6) as usize;
    let mut lines: Vec<String> = Vec::new();
    for note in &plot.notes {
        match lines.last_mut() {
            Some(line) if line.chars().count() + note.chars().count() + 3 <= n_most => {
                line.push_str(" · ");
                line.push_str(note);
            }
            _ => lines.push(cut(note, n_most)),
        }
    }
    lines.truncate(3);
    lines
}

fn text_at(out: &mut String, [x, y]: [f64; 2], text: &str, style: &str) {
    push(out, format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{}</text>\n", escaped(text)));
}

/// Returns a text that is not longer than so many characters.
fn cut(text: &str, n_most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= n_most {
        return text;
    }
    let start: String = text.chars().take(n_most.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

/// Returns text as it stands in SVG; what XML has no form for is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            char if char.is_control() && char != '\t' => {}
            char => out.push(char),
        }
    }
    out
}

/// Returns about how wide a text is.
fn width_of(text: &str) -> f64 {
    let share = |char: char| match char {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | ' ' => 0.27,
        'f' | 't' | 'r' | '(' | ')' | '-' => 0.36,
        'm' | 'w' | 'M' | 'W' => 0.84,
        'A'..='Z' => 0.65,
        '\u{1100}'.. => 1.0,
        _ => 0.55,
    };
    text.chars().map(share).sum::<f64>() * TEXT
}

pub(super) fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
