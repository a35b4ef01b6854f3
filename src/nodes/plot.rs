//! Plots of tables: the kinds `plot` and `draw_plot`.
//!
//! A [`Plot`] holds what is drawn, thinned to what a screen can show, and travels as a record ([`Plot::to_value`]). Drawing
//! is one pure function from it to SVG; pictures are made from that.

mod build;
mod columns;
mod groups;
mod palette;
mod raster;
mod shape;
mod svg;
mod thin;
mod ticks;

use self::build::{Aggregate, Wanted, plot_of};
pub(crate) use self::{
    palette::{Marker, color_of_series, color_of_share, dash_of_series, marker_of_series},
    raster::picture,
    shape::{Axis, Bar, Bounds, BoxMark, Cells, Marks, Plot, Scale, Series, Steps},
    svg::{Look, roomy, svg},
    ticks::{Tick, in_words, ticks},
};
use super::{
    Arity, Choice, Family, Kind, NodeError, OutputPort, Outputs, ParameterSchema, ParameterType, Success, apart::apart,
};
use crate::value::{Value, ValueType};

/// The id of the output that gives a plot.
const PLOT_PORT: &str = "plot";

/// Returns whether an output gives plots.
pub(crate) fn gives_plots(output: &OutputPort) -> bool {
    output.value_type == ValueType::Record && output.id == *PLOT_PORT
}

pub(super) fn kinds() -> Vec<Kind> {
    vec![plot(), draw_plot()]
}

/// What a plot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlotKind {
    Line,
    Bar,
    Scatter,
    Histogram,
    Box,
    HeatMap,
}

impl PlotKind {
    const ALL: [Self; 6] = [Self::Line, Self::Bar, Self::Scatter, Self::Histogram, Self::Box, Self::HeatMap];

    const fn id(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Bar => "bar",
            Self::Scatter => "scatter",
            Self::Histogram => "histogram",
            Self::Box => "box",
            Self::HeatMap => "heat_map",
        }
    }

    fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// Returns its name as shown to people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Line => "Line",
            Self::Bar => "Bar",
            Self::Scatter => "Scatter",
            Self::Histogram => "Histogram",
            Self::Box => "Box",
            Self::HeatMap => "Heat map",
        }
    }
}

const KINDS: &[Choice] = &[
    Choice { id: "line", label: "Line" },
    Choice { id: "bar", label: "Bar" },
    Choice { id: "scatter", label: "Scatter" },
    Choice { id: "histogram", label: "Histogram" },
    Choice { id: "box", label: "Box" },
    Choice { id: "heat_map", label: "Heat map" },
];

const AGGREGATES: &[Choice] = &[
    Choice { id: "mean", label: "Mean" },
    Choice { id: "sum", label: "Sum" },
    Choice { id: "min", label: "Least" },
    Choice { id: "max", label: "Greatest" },
    Choice { id: "count", label: "Number of rows" },
];

fn plot() -> Kind {
    Kind::new("plot", "Plot", Family::Tables, |ctx| {
        let (table, parameters) = (ctx.table("table")?, ctx.parameters());
        let named = |id: &str| Some(parameters.text(id).trim()).filter(|name| !name.is_empty()).map(str::to_owned);
        let columns = parameters.lines("y").into_iter().map(str::trim).filter(|name| !name.is_empty());
        let wanted = Wanted {
            kind: PlotKind::of(parameters.text("kind")).unwrap_or(PlotKind::Line),
            x: named("x"),
            y: columns.map(str::to_owned).collect(),
            color: named("color"),
            aggregate: Aggregate::of(parameters.text("aggregate")),
            n_bins: usize::try_from(parameters.int("bins")).unwrap_or(0),
            title: parameters.text("title").trim().to_owned(),
            ink: parameters.color("ink"),
        };
        let plot = apart(ctx, "plot", move |stop| plot_of(&table, &wanted, stop))?;
        plot.notes.iter().for_each(|note| ctx.info(note.clone()));
        Ok(Success::one(PLOT_PORT, plot.to_value()))
    })
    .about(
        "Makes a line, bar, scatter, histogram, box or heat map plot of a table.",
        "chart graph diagram figure visualize draw histogram scatter heatmap boxplot line bar axis",
    )
    .input("table", ValueType::Table, Arity::Required)
    .output(PLOT_PORT, ValueType::Record)
    .parameter(
        ParameterSchema::new("kind", "Kind", ParameterType::Choice(KINDS), "line", "What kind of plot it is.").on_node(),
    )
    .parameter(
        ParameterSchema::new(
            "x",
            "X",
            ParameterType::Line { hint: "first that fits" },
            "",
            "The column along x: what is counted by a histogram, and what bars and boxes are for. Empty takes the first that \
             fits.",
        )
        .on_node(),
    )
    .parameter(ParameterSchema::new(
        "y",
        "Y",
        ParameterType::Lines,
        Value::list([]),
        "The columns along y, one a line; empty takes the first that fits. Bars without one count rows.",
    ))
    .parameter(ParameterSchema::new(
        "color",
        "Colour by",
        ParameterType::Line { hint: "none" },
        "",
        "A column whose values are told apart by colour; in a heat map the column of numbers that colours its cells, empty \
         to count rows.",
    ))
    .parameter(ParameterSchema::new(
        "aggregate",
        "Show",
        ParameterType::Choice(AGGREGATES),
        "mean",
        "What a bar, a cell of a heat map, or a point of a line over words shows of its rows.",
    ))
    .parameter(ParameterSchema::new(
        "bins",
        "Bins",
        ParameterType::Int { min: 0, max: 500, unit: "" },
        0,
        "Into how many parts a histogram or heat map cuts a column of numbers; 0 chooses by the data.",
    ))
    .parameter(ParameterSchema::new(
        "title",
        "Title",
        ParameterType::Line { hint: "none" },
        "",
        "What stands above the plot.",
    ))
    .parameter(ParameterSchema::new(
        "ink",
        "Colour",
        ParameterType::Color,
        Value::Null,
        "The colour of the line, points, bars or boxes; of several series that of the first. Empty has it chosen by itself. The \
         cells of a heat map have colours of their own.",
    ))
}

const GROUNDS: &[Choice] = &[
    Choice { id: "light", label: "Light" },
    Choice { id: "dark", label: "Dark" },
    Choice { id: "none", label: "Transparent, for light pages" },
];

fn draw_plot() -> Kind {
    let side = |id, label, default: i64, help| {
        ParameterSchema::new(id, label, ParameterType::Int { min: 64, max: 8192, unit: "px" }, default, help)
    };
    Kind::new("draw_plot", "Draw Plot", Family::Images, |ctx| {
        let value = ctx.required(PLOT_PORT)?;
        let plot = Plot::of(value)
            .ok_or_else(|| NodeError::new(format!("expected what a Plot node gives, got {}", value.preview())))?;
        let parameters = ctx.parameters();
        let scale = parameters.float("scale");
        let look = match parameters.text("ground") {
            "dark" => Look::DARK,
            "none" => Look { ground: None, ..Look::LIGHT },
            _ => Look::LIGHT,
        };
        let size = [parameters.int("width") as f64 / scale, parameters.int("height") as f64 / scale];
        apart(ctx, "drawing", move |_| {
            let drawn = svg(&plot, &look.sized(size));
            let image = picture(&drawn, scale).map_err(NodeError::new)?;
            Ok(Success::new(Outputs::one("image", image).with("svg", drawn)))
        })
    })
    .about("Draws a plot as a picture and as SVG.", "chart graph diagram figure png svg picture render image export")
    .input(PLOT_PORT, ValueType::Record, Arity::Required)
    .output("image", ValueType::Image)
    .output("svg", ValueType::Text)
    .parameter(side("width", "Width", 1600, "The width of the picture in pixels."))
    .parameter(side("height", "Height", 1000, "The height of the picture in pixels."))
    .parameter(ParameterSchema::new(
        "scale",
        "Scale",
        ParameterType::Float { min: 0.5, max: 8.0, unit: "" },
        2.0,
        "How large text, lines and points are.",
    ))
    .parameter(ParameterSchema::new(
        "ground",
        "Ground",
        ParameterType::Choice(GROUNDS),
        "light",
        "What it is drawn on.",
    ))
}

#[cfg(test)]
mod tests;
