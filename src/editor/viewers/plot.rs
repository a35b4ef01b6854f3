//! Plots: zoomed with the wheel, moved by dragging, with the values under the pointer. A plot is small by its making, so that
//! reading it takes no time worth mentioning.

mod hover;

use std::{cell::RefCell, collections::BTreeSet, rc::Rc, sync::Arc};

use egui::{
    Color32, ColorImage, Id, Pos2, Rangef, Response, RichText, Role, Shape, Stroke, TextureHandle, TextureOptions, Ui,
    Vec2, WidgetInfo, vec2,
};
use egui_plot::{
    AxisHints, Bar, BarChart, BoxElem, BoxPlot, BoxSpread, GridInput, GridMark, Line, LineStyle, MarkerShape,
    Plot as PlotWidget, PlotImage, PlotMemory, PlotPoint, PlotPoints, PlotUi, Points,
};

use self::hover::{Hovered, hovered};
use super::Room;
use crate::{
    editor::theme,
    nodes::plot::{
        Axis, Cells, Marker, Marks, Plot, PlotKind, Scale, Tick, color_of_share, dash_of_series, marker_of_series,
        roomy, ticks,
    },
    value::{Record, Value},
};

/// The most plots that are kept read.
const MAX_PLOTS: usize = 24;

/// How far from a point, in points of the screen, the pointer finds it.
const REACH: f32 = 16.0;

/// Plots lower than this have the labels of their axes above them.
const LOW: f32 = 190.0;

/// How close grid lines may be, in points of the screen.
const GRID: f32 = 6.0;

/// Plots that were seen lately.
#[derive(Default)]
pub(crate) struct Plots {
    /// The ones seen last come last; nothing for what only looks like a plot.
    known: Vec<(Arc<Record>, Option<Rc<Shown>>)>,
}

/// A plot as it is shown.
pub(super) struct Shown {
    plot: Plot,
    /// Of each of the series that is points or a line.
    points: Vec<Vec<PlotPoint>>,
    /// Of a heat map.
    cells: Option<TextureHandle>,
}

impl Plots {
    /// Returns the plot that a record stands for, if it is one.
    pub(super) fn of(&mut self, ctx: &egui::Context, record: &Arc<Record>) -> Option<Rc<Shown>> {
        let position = self.known.iter().position(|(known, _)| Arc::ptr_eq(known, record));
        let known = match position {
            Some(position) => self.known.remove(position),
            None if Plot::is(&Value::Record(Arc::clone(record))) => {
                let shown = Plot::of_record(record).map(|plot| Rc::new(Shown::new(ctx, plot)));
                (Arc::clone(record), shown)
            }
            None => return None,
        };
        let shown = known.1.clone();
        self.known.push(known);
        if self.known.len() > MAX_PLOTS {
            self.known.remove(0);
        }
        shown
    }
}

impl Shown {
    fn new(ctx: &egui::Context, plot: Plot) -> Self {
        let points = |marks: &Marks| match marks {
            Marks::Line(points) | Marks::Points(points) | Marks::Boxes { outliers: points, .. } => {
                points.iter().map(|[x, y]| PlotPoint::new(*x, *y)).collect()
            }
            Marks::Bars(_) | Marks::Cells(_) => Vec::new(),
        };
        let cells = plot.series.iter().find_map(|series| match &series.marks {
            Marks::Cells(cells) => texture(ctx, cells),
            _ => None,
        });
        Self { points: plot.series.iter().map(|series| points(&series.marks)).collect(), cells, plot }
    }
}

/// Returns the cells of a heat map as a picture of one pixel each.
fn texture(ctx: &egui::Context, cells: &Cells) -> Option<TextureHandle> {
    let [least, greatest] = cells.range()?;
    let mut pixels = Vec::with_capacity(cells.values.len());
    for row in cells.values.chunks_exact(cells.x.n).rev() {
        pixels.extend(row.iter().map(|value| {
            let share = if least < greatest { (value - least) / (greatest - least) } else { 1.0 };
            if value.is_finite() { theme::of_data(color_of_share(share)) } else { Color32::TRANSPARENT }
        }));
    }
    Some(ctx.load_texture("heat map", ColorImage::new([cells.x.n, cells.y.n], pixels), TextureOptions::NEAREST))
}

/// The most points and the closest view with which lines are dashed.
const MOST_DASHED: usize = 600;
const MOST_ZOOM_DASHED: f64 = 8.0;

/// Shows a plot.
pub(super) fn plot_ui(ui: &mut Ui, shown: &Shown, room: Room) {
    let plot = &shown.plot;
    let id = ui.make_persistent_id(("plot", plot.kind.name(), &plot.x.label, &plot.y.label));
    // What is in view is remembered by an id: other data is another picture.
    let bounds = roomy(plot);
    let view = id.with((bounds.x.map(f64::to_bits), bounds.y.map(f64::to_bits)));
    let is_low = room.height(ui) < LOW;
    let mut hidden = ui.data(|data| data.get_temp::<BTreeSet<usize>>(id)).unwrap_or_default();
    ui.horizontal_wrapped(|ui| bar_ui(ui, plot, view, (room, is_low), &mut hidden));
    let drawn = widget(ui, plot, view, room, is_low).show(ui, |inside| {
        if room == Room::Large {
            zoom(inside);
        }
        shown.add_to(inside, &hidden);
    });
    let said = if plot.title.is_empty() { plot.kind.name() } else { &plot.title };
    drawn.response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Plot {said}")));
    if let Some(pointer) = drawn.response.hover_pos() {
        let at = drawn.transform.value_from_position(pointer);
        let reach = drawn.transform.dvalue_dpos().map(|per_point| per_point.abs() * f64::from(REACH));
        if let Some(found) = hovered(plot, |index| !hidden.contains(&index), [at.x, at.y], reach) {
            let center = drawn.transform.position_from_point(&PlotPoint::new(found.at[0], found.at[1]));
            hovered_ui(ui, &drawn.response, &found, center);
        }
    }
    ui.data_mut(|data| data.insert_temp(id, hidden));
}

/// Returns an empty plot with its axes.
fn widget<'a>(ui: &Ui, plot: &'a Plot, id: Id, room: Room, is_low: bool) -> PlotWidget<'a> {
    let (tokens, follows, bounds) = (theme::tokens(ui), room == Room::Large, roomy(plot));
    let (x_ticks, y_ticks) = (Ticks::of(&plot.x, 100.0, 70.0), Ticks::of(&plot.y, 48.0, 17.0));
    let axis = |hints: AxisHints<'a>, ticks: &Ticks, label: &str, spacing: f32| {
        let found = Rc::clone(&ticks.found);
        let hints = hints.formatter(move |mark, _| label_of(&found, mark)).tick_label_color(tokens.text_muted);
        let hints = hints.label_spacing(Rangef::new(spacing, spacing + 2.0));
        if is_low { hints } else { hints.label(label) }
    };
    let has_grid = |axis: &Axis| !matches!(axis.scale, Scale::Category(_)) && plot.kind != PlotKind::HeatMap;
    PlotWidget::new("plot")
        .id(id)
        .height((room.height(ui) - 4.0).max(60.0))
        .default_x_bounds(bounds.x[0], bounds.x[1])
        .default_y_bounds(bounds.y[0], bounds.y[1])
        .show_x(false)
        .show_y(false)
        .show_crosshair(false)
        .allow_scroll(false)
        .allow_zoom(follows)
        .allow_drag(follows)
        .allow_boxed_zoom(follows)
        .allow_axis_zoom_drag(follows)
        .allow_double_click_reset(follows)
        .grid_spacing(Rangef::new(GRID, 70.0))
        .grid_color(tokens.line)
        .show_grid([has_grid(&plot.x), has_grid(&plot.y)])
        .custom_x_axes(vec![axis(AxisHints::new_x(), &x_ticks, &plot.x.label, 20.0)])
        .custom_y_axes(vec![axis(AxisHints::new_y(), &y_ticks, &plot.y.label, 12.0)])
        .x_grid_spacer(move |input| x_ticks.marks(&input))
        .y_grid_spacer(move |input| y_ticks.marks(&input))
}

/// Shows what is under the pointer.
fn hovered_ui(ui: &Ui, response: &Response, found: &Hovered, center: Pos2) {
    let color = theme::tokens(ui).text;
    if found.is_point {
        ui.painter().with_clip_rect(response.rect).circle_stroke(center, 6.0, Stroke::new(1.5, color));
    }
    response.show_tooltip_ui(|ui| {
        for (index, line) in found.lines.iter().enumerate() {
            let text = RichText::new(theme::readable(line).as_ref()).color(color);
            ui.label(if index == 0 && found.is_named { text.strong() } else { text });
        }
    });
}

/// Zooms to the pointer with the wheel.
fn zoom(inside: &mut PlotUi<'_>) {
    if !inside.response().contains_pointer() {
        return;
    }
    let wheel = inside.ctx().input(|input| input.smooth_scroll_delta.y);
    if wheel != 0.0 {
        inside.zoom_bounds_around_hovered(Vec2::splat((wheel / 200.0).exp()));
        inside.ctx().input_mut(|input| input.smooth_scroll_delta.y = 0.0);
    }
}

/// Shows what stands above a plot: the way back to all of it, its title and series, and what was left out.
fn bar_ui(ui: &mut Ui, plot: &Plot, id: Id, (room, is_low): (Room, bool), hidden: &mut BTreeSet<usize>) {
    if room == Room::Large {
        let hint = "Show all of it; a double-click does so too. The wheel zooms, dragging moves, dragging with the right \
                    button zooms to a part";
        if ui.button("Fit").on_hover_text(hint).clicked()
            && let Some(mut memory) = PlotMemory::load(ui.ctx(), id)
        {
            memory.auto_bounds = true.into();
            memory.store(ui.ctx(), id);
        }
    }
    if !plot.title.is_empty() {
        ui.label(RichText::new(&plot.title).strong());
    }
    if is_low && !plot.y.label.is_empty() && !plot.x.label.is_empty() {
        ui.weak(format!("{} over {}", plot.y.label, plot.x.label));
    }
    if let Some(range) = heat_range(plot) {
        scale_ui(ui, plot, range);
    } else if plot.series.len() > 1 {
        legend_ui(ui, plot, hidden);
    }
    for note in &plot.notes {
        ui.weak(theme::readable(note));
    }
    if plot.is_empty() {
        ui.weak("Nothing to draw");
    }
}

/// Shows the series, each to be hidden with a click.
fn legend_ui(ui: &mut Ui, plot: &Plot, hidden: &mut BTreeSet<usize>) {
    if !plot.legend.is_empty() {
        ui.weak(&plot.legend);
    }
    for (index, series) in plot.series.iter().enumerate() {
        let is_hidden = hidden.contains(&index);
        let own = theme::of_data(plot.color_of(index));
        let name = if series.name.is_empty() { "all" } else { &series.name };
        let tokens = theme::tokens(ui);
        sign_ui(ui, &series.marks, index, if is_hidden { tokens.disabled } else { own });
        let text = RichText::new(name).color(if is_hidden { tokens.disabled } else { tokens.text });
        let hint = if is_hidden { "Show it" } else { "Hide it" };
        let button = ui.add(egui::Button::new(text).frame_when_inactive(false)).on_hover_text(hint);
        button.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, !is_hidden, format!("Series {name}")));
        if button.clicked() && !hidden.remove(&index) {
            hidden.insert(index);
        }
    }
}

/// Shows what a series looks like.
fn sign_ui(ui: &mut Ui, marks: &Marks, index: usize, color: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(14.0, 14.0), egui::Sense::hover());
    let (painter, center) = (ui.painter(), rect.center());
    let filled = |corners: &[(f32, f32)]| {
        let points = corners.iter().map(|(x, y)| center + vec2(*x, *y)).collect();
        painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
    };
    match (marks, marker_of_series(index)) {
        (Marks::Line(_), _) => {
            let ends = [rect.left_center(), rect.right_center()];
            painter.extend(match line_style(index) {
                LineStyle::Solid => vec![Shape::line_segment(ends, Stroke::new(2.0, color))],
                LineStyle::Dotted { .. } => Shape::dotted_line(&ends, color, 4.0, 1.2),
                LineStyle::Dashed { .. } => Shape::dashed_line(&ends, Stroke::new(2.0, color), 5.0, 3.0),
            });
        }
        (Marks::Points(_), Marker::Circle) => {
            painter.circle_filled(center, 4.5, color);
        }
        (Marks::Points(_), Marker::Up) => filled(&[(0.0, -5.0), (5.0, 4.0), (-5.0, 4.0)]),
        (Marks::Points(_), Marker::Down) => filled(&[(0.0, 5.0), (-5.0, -4.0), (5.0, -4.0)]),
        (Marks::Points(_), Marker::Diamond) => filled(&[(0.0, -5.5), (5.5, 0.0), (0.0, 5.5), (-5.5, 0.0)]),
        (Marks::Points(_), Marker::Cross) => {
            painter.hline(center.x - 5.0..=center.x + 5.0, center.y, Stroke::new(2.0, color));
            painter.vline(center.x, center.y - 5.0..=center.y + 5.0, Stroke::new(2.0, color));
        }
        _ => filled(&[(-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5)]),
    }
}

/// Returns how the line of a series is drawn.
const fn line_style(index: usize) -> LineStyle {
    match dash_of_series(index) {
        [] => LineStyle::Solid,
        [length, _] if *length < 4.0 => LineStyle::Dotted { spacing: 5.0 },
        [length, ..] => LineStyle::Dashed { length: *length },
    }
}

fn heat_range(plot: &Plot) -> Option<[f64; 2]> {
    plot.series.iter().find_map(|series| match &series.marks {
        Marks::Cells(cells) => cells.range(),
        _ => None,
    })
}

/// Shows which colour of a heat map stands for what.
fn scale_ui(ui: &mut Ui, plot: &Plot, range: [f64; 2]) {
    let [least, greatest] = range.map(|number| crate::nodes::plot::in_words(&Scale::Number, number));
    ui.weak(format!("{}: {least}", plot.legend));
    let (rect, _) = ui.allocate_exact_size(vec2(96.0, 10.0), egui::Sense::hover());
    let mut mesh = egui::Mesh::default();
    let n_steps = 24_u8;
    for step in 0..n_steps {
        let along = |step: u8| egui::lerp(rect.x_range(), f32::from(step) / f32::from(n_steps));
        let part = egui::Rect::from_x_y_ranges(along(step)..=along(step + 1), rect.y_range());
        mesh.add_colored_rect(part, theme::of_data(color_of_share(f64::from(step) / f64::from(n_steps - 1))));
    }
    ui.painter().add(mesh);
    ui.weak(greatest);
}

/// The ticks of an axis, found as the grid is laid out and read as the labels are.
struct Ticks {
    scale: Scale,
    /// How many points of the screen lie between two, at least.
    apart: f64,
    found: Rc<RefCell<Vec<Tick>>>,
}

impl Ticks {
    /// Returns the ticks of an axis so many points of the screen apart, at least; categories by themselves.
    fn of(axis: &Axis, apart: f64, categories_apart: f64) -> Self {
        let is_category = matches!(axis.scale, Scale::Category(_));
        let apart = if is_category { categories_apart } else { apart };
        Self { scale: axis.scale.clone(), apart, found: Rc::default() }
    }

    fn marks(&self, input: &GridInput) -> Vec<GridMark> {
        let (low, high) = input.bounds;
        // The base step is as wide as the grid is close at most.
        let n_most = ((high - low) / input.base_step_size * f64::from(GRID) / self.apart).clamp(3.0, 100.0);
        let found = ticks(&self.scale, [low, high], n_most as usize);
        let step_size = (high - low) / found.len().max(1) as f64;
        let marks = found.iter().map(|tick| GridMark { value: tick.at, step_size }).collect();
        self.found.replace(found);
        marks
    }
}

fn label_of(ticks: &RefCell<Vec<Tick>>, mark: GridMark) -> String {
    let ticks = ticks.borrow();
    ticks.iter().find(|tick| tick.at == mark.value).map(|tick| tick.label.clone()).unwrap_or_default()
}

impl Shown {
    /// Returns whether lines may be dashed where this much of the x axis is in view: each dash is a shape of its own, also where
    /// a long line leads out of view.
    fn may_have_dashes(&self, in_view: f64) -> bool {
        let bounds = roomy(&self.plot);
        let n_points: usize = self.points.iter().map(Vec::len).sum();
        n_points <= MOST_DASHED && in_view * MOST_ZOOM_DASHED >= bounds.x[1] - bounds.x[0]
    }

    fn add_to<'a>(&'a self, inside: &mut PlotUi<'a>, hidden: &BTreeSet<usize>) {
        let has_dashes = self.may_have_dashes(inside.plot_bounds().width());
        let all = self.plot.series.iter().zip(&self.points).enumerate();
        for (index, (series, points)) in all.filter(|(index, _)| !hidden.contains(index)) {
            let (name, color) = (series.name.as_str(), theme::of_data(self.plot.color_of(index)));
            match &series.marks {
                Marks::Line(_) => {
                    let line = Line::new(name, PlotPoints::Borrowed(points))
                        .color(color)
                        .width(2.0)
                        .style(if has_dashes { line_style(index) } else { LineStyle::Solid });
                    inside.line(line.allow_hover(false).id(index));
                }
                Marks::Points(_) => inside.points(
                    Points::new(name, PlotPoints::Borrowed(points))
                        .color(color)
                        .shape(shape(marker_of_series(index)))
                        .radius(if points.len() > 3000 { 1.6 } else { 3.2 })
                        .allow_hover(false)
                        .id(index),
                ),
                Marks::Bars(bars) => {
                    let overlap = self.plot.kind == PlotKind::Histogram && self.plot.series.len() > 1;
                    let fill = color.gamma_multiply(if overlap { 0.45 } else { 0.92 });
                    let bar = |bar: &crate::nodes::plot::Bar| {
                        let width = bar.to - bar.from;
                        Bar::new(f64::midpoint(bar.from, bar.to), bar.height)
                            .width(width)
                            .fill(fill)
                            .stroke(Stroke::new(if overlap { 1.0 } else { 0.0 }, color))
                    };
                    let chart = BarChart::new(name, bars.iter().map(bar).collect()).color(color);
                    inside.bar_chart(chart.allow_hover(false).id(index));
                }
                Marks::Boxes { boxes, .. } => {
                    let elem = |mark: &crate::nodes::plot::BoxMark| {
                        let spread = BoxSpread::new(mark.low, mark.q1, mark.median, mark.q3, mark.high);
                        let width = (mark.to - mark.from) * 0.94;
                        BoxElem::new(f64::midpoint(mark.from, mark.to), spread)
                            .box_width(width)
                            .whisker_width(width * 0.4)
                            .fill(color.gamma_multiply(0.25))
                            .stroke(Stroke::new(1.5, color))
                    };
                    let chart = BoxPlot::new(name, boxes.iter().map(elem).collect()).color(color);
                    inside.box_plot(chart.allow_hover(false).id(index));
                    let outliers = Points::new(name, PlotPoints::Borrowed(points)).color(color).filled(false);
                    inside.points(outliers.radius(3.0).allow_hover(false).id(index));
                }
                Marks::Cells(cells) => {
                    if let Some(texture) = &self.cells {
                        inside.image(image(name, texture, cells).allow_hover(false).id(index));
                    }
                }
            }
        }
    }
}

fn image(name: &str, texture: &TextureHandle, cells: &Cells) -> PlotImage {
    let (right, top) = (cells.x.start(cells.x.n), cells.y.start(cells.y.n));
    let center = PlotPoint::new(f64::midpoint(cells.x.first, right), f64::midpoint(cells.y.first, top));
    PlotImage::new(name, texture, center, [(right - cells.x.first) as f32, (top - cells.y.first) as f32])
}

const fn shape(marker: Marker) -> MarkerShape {
    match marker {
        Marker::Circle => MarkerShape::Circle,
        Marker::Square => MarkerShape::Square,
        Marker::Up => MarkerShape::Up,
        Marker::Diamond => MarkerShape::Diamond,
        Marker::Down => MarkerShape::Down,
        Marker::Cross => MarkerShape::Plus,
    }
}

#[cfg(test)]
mod tests;
