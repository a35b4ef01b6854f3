//! Plots: zoomed with the wheel, moved by dragging, with the values under the pointer. A plot is small by its making, so that
//! reading it takes no time worth mentioning.

mod hover;

use std::{cell::RefCell, rc::Rc, sync::Arc};

use egui::{
    Color32, ColorImage, Id, Rangef, RichText, Role, Stroke, TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo, vec2,
};
use egui_plot::{
    Bar, BarChart, BoxElem, BoxPlot, BoxSpread, Corner, GridInput, GridMark, ItemId, Legend, Line, LineStyle,
    MarkerShape, Plot as PlotWidget, PlotImage, PlotMemory, PlotPoint, PlotPoints, PlotUi, Points,
};

use self::hover::hovered;
use super::Room;
use crate::{
    editor::theme,
    nodes::plot::{
        Axis, Cells, Marker, Marks, Plot, PlotKind, Scale, Tick, color_of_series, color_of_share, dash_of_series,
        marker_of_series, roomy, ticks,
    },
    value::{Record, Value},
};

/// The most plots that are kept read.
const MAX_PLOTS: usize = 24;

/// How far from a point, in points of the screen, the pointer finds it.
const REACH: f32 = 16.0;

/// How many points of the screen lie between two ticks.
const X_TICKS: f64 = 100.0;
const Y_TICKS: f64 = 48.0;

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

/// Shows a plot.
pub(super) fn plot_ui(ui: &mut Ui, shown: &Shown, room: Room) {
    let plot = &shown.plot;
    let place = ("plot", plot.kind.name(), &plot.x.label, &plot.y.label);
    let id = ui.make_persistent_id(place);
    bar_ui(ui, plot, id, room);
    let follows = room == Room::Large;
    let bounds = roomy(plot);
    let height = (room.height(ui) - 4.0).max(80.0);
    let (x_ticks, y_ticks) = (Ticks::of(&plot.x, X_TICKS), Ticks::of(&plot.y, Y_TICKS));
    let [x_shown, y_shown] = [x_ticks.shown(), y_ticks.shown()];
    let mut widget = PlotWidget::new("plot")
        .id(id)
        .height(height)
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
        .grid_spacing(Rangef::new(6.0, 70.0))
        .grid_color(theme::tokens(ui).line)
        .x_axis_label(plot.x.label.as_str())
        .y_axis_label(plot.y.label.as_str())
        .x_grid_spacer(move |input| x_ticks.marks(&input))
        .y_grid_spacer(move |input| y_ticks.marks(&input))
        .x_axis_formatter(move |mark, _| label_of(&x_shown, mark))
        .y_axis_formatter(move |mark, _| label_of(&y_shown, mark));
    let is_heat_map = matches!(plot.kind, PlotKind::HeatMap);
    if plot.series.len() > 1 && !is_heat_map {
        let legend = Legend::default().position(Corner::RightTop).follow_insertion_order(true);
        widget = widget.legend(if plot.legend.is_empty() { legend } else { legend.title(&plot.legend) });
    }
    let drawn = widget.show(ui, |inside| {
        if follows {
            zoom(inside);
        }
        shown.add_to(inside);
    });
    let said = if plot.title.is_empty() { plot.kind.name() } else { &plot.title };
    drawn.response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Plot {said}")));
    let Some(pointer) = drawn.response.hover_pos() else { return };
    let hidden = PlotMemory::load(ui.ctx(), id).map(|memory| memory.hidden_items).unwrap_or_default();
    let at = drawn.transform.value_from_position(pointer);
    let reach = drawn.transform.dvalue_dpos().map(|per_point| per_point.abs() * f64::from(REACH));
    let found = hovered(plot, |index| !hidden.contains(&ItemId::new(index)), [at.x, at.y], reach);
    if let Some(found) = found {
        let center = drawn.transform.position_from_point(&PlotPoint::new(found.at[0], found.at[1]));
        if found.is_point {
            ui.painter().circle_stroke(center, 6.0, Stroke::new(1.5, theme::tokens(ui).text));
        }
        drawn.response.show_tooltip_ui(|ui| {
            for (index, line) in found.lines.iter().enumerate() {
                let text = RichText::new(theme::readable(line).as_ref()).color(theme::tokens(ui).text);
                ui.label(if index == 0 && found.is_named { text.strong() } else { text });
            }
        });
    }
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

/// Shows what stands above a plot: its title, the way back to all of it, and what was left out.
fn bar_ui(ui: &mut Ui, plot: &Plot, id: Id, room: Room) {
    ui.horizontal_wrapped(|ui| {
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
        if let Some(range) = heat_range(plot) {
            scale_ui(ui, plot, range);
        }
        for note in &plot.notes {
            ui.weak(theme::readable(note));
        }
        if plot.is_empty() {
            ui.weak("Nothing to draw");
        }
    });
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
    fn of(axis: &Axis, apart: f64) -> Self {
        let apart = if matches!(axis.scale, Scale::Category(_)) { apart.min(60.0) } else { apart };
        Self { scale: axis.scale.clone(), apart, found: Rc::default() }
    }

    fn shown(&self) -> Rc<RefCell<Vec<Tick>>> {
        Rc::clone(&self.found)
    }

    fn marks(&self, input: &GridInput) -> Vec<GridMark> {
        let (low, high) = input.bounds;
        // The base step is what six points of the screen are.
        let n_most = ((high - low) / input.base_step_size * 6.0 / self.apart).clamp(2.0, 100.0);
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
    fn add_to<'a>(&'a self, inside: &mut PlotUi<'a>) {
        for (index, (series, points)) in self.plot.series.iter().zip(&self.points).enumerate() {
            let (name, color) = (series.name.as_str(), theme::of_data(color_of_series(index)));
            match &series.marks {
                Marks::Line(_) => {
                    let dash = dash_of_series(index);
                    let style = match dash {
                        [] => LineStyle::Solid,
                        [length, _] if *length < 4.0 => LineStyle::Dotted { spacing: 5.0 },
                        [length, ..] => LineStyle::Dashed { length: *length },
                    };
                    let line = Line::new(name, PlotPoints::Borrowed(points)).color(color).width(2.0).style(style);
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
