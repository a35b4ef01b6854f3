//! What a plot is made of, and how it travels as a value.
//!
//! The value is a record: `plot` (the kind), `title`, `x` and `y` (records of `label`, `scale`: `number`, `time` or
//! `category`, and of the last `categories`), `legend` (what colours stand for), `series` and `notes`, and `color` where the first series has one of its own. Each of the series is a
//! record of its `name`, its `marks`, and a table `data`; times are in seconds since 1970, a category is its place from 0:
//! * `line`, `points`: columns `x`, `y`.
//! * `bars`: `from`, `to`, `height`.
//! * `boxes`: `from`, `to`, `low`, `q1`, `median`, `q3`, `high`, `n`; besides, a table `outliers` of `x`, `y`.
//! * `cells`: `value`, row by row from the bottom, empty where there is none; besides, `grid`: where x begins, the width and
//!   number of columns, where y begins, the height and number of rows.

use std::sync::Arc;

use arrow::{
    array::{Array as _, ArrayRef, AsArray as _, Float64Array, RecordBatch},
    datatypes::{DataType, Float64Type},
};

use super::{PlotKind, color_of_series};
use crate::{
    nodes::{color_as_text, color_of_text},
    value::{Record, Table, Value},
};

/// No plot has more numbers than this: what has more is no plot.
const MAX_ROWS: usize = 500_000;

/// A plot, thinned to what a screen can show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plot {
    pub(crate) kind: PlotKind,
    /// Empty without one.
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    /// What the names or colours of the series stand for; may be empty.
    pub(crate) legend: String,
    pub(crate) series: Vec<Series>,
    /// What was thinned or left out, in words.
    pub(crate) notes: Vec<String>,
    /// The colour of the first series, red, green and blue, if a person chose one.
    pub(crate) color: Option<[u8; 3]>,
}

/// An axis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) label: String,
    pub(crate) scale: Scale,
}

/// What the numbers along an axis stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scale {
    #[default]
    Number,
    /// Seconds since 1970.
    Time,
    /// Places in this list, from 0.
    Category(Vec<String>),
}

/// What belongs together: drawn in one colour.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) marks: Marks,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Marks {
    /// Points in order, joined by a line.
    Line(Vec<[f64; 2]>),
    Points(Vec<[f64; 2]>),
    Bars(Vec<Bar>),
    Boxes {
        boxes: Vec<BoxMark>,
        outliers: Vec<[f64; 2]>,
    },
    Cells(Cells),
}

/// A bar from 0 up or down to its height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) height: f64,
}

/// A box with its whiskers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BoxMark {
    pub(crate) from: f64,
    pub(crate) to: f64,
    /// The least value that is no outlier.
    pub(crate) low: f64,
    pub(crate) q1: f64,
    pub(crate) median: f64,
    pub(crate) q3: f64,
    /// The greatest value that is no outlier.
    pub(crate) high: f64,
    /// How many values there are.
    pub(crate) n: f64,
}

/// The cells of a heat map.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cells {
    pub(crate) x: Steps,
    pub(crate) y: Steps,
    /// Row by row from the bottom; `NaN` where there is nothing. Invariant: `x.n * y.n` of them.
    pub(crate) values: Vec<f64>,
}

/// Equal steps along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Steps {
    pub(crate) first: f64,
    pub(crate) step: f64,
    pub(crate) n: usize,
}

impl Steps {
    /// Returns where a step begins; for the number of steps, where the last ends.
    pub(crate) fn start(&self, index: usize) -> f64 {
        self.step.mul_add(index as f64, self.first)
    }

    /// Returns the step that a place is in.
    pub(crate) fn index(&self, at: f64) -> Option<usize> {
        let index = ((at - self.first) / self.step).floor();
        (index >= 0.0 && index < self.n as f64).then_some(index as usize)
    }
}

impl Cells {
    /// Returns the least and the greatest value, if there is any.
    pub(crate) fn range(&self) -> Option<[f64; 2]> {
        let known = self.values.iter().copied().filter(|value| value.is_finite());
        known.fold(None, |range, value| {
            let [least, greatest] = range.unwrap_or([value; 2]);
            Some([f64::min(least, value), f64::max(greatest, value)])
        })
    }
}

/// What a plot reaches over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds {
    pub(crate) x: [f64; 2],
    pub(crate) y: [f64; 2],
}

impl Bounds {
    fn around(&mut self, at: [f64; 2]) {
        for (range, at) in [(&mut self.x, at[0]), (&mut self.y, at[1])] {
            *range = [range[0].min(at), range[1].max(at)];
        }
    }
}

impl Plot {
    /// Returns what the marks reach over, never without extent; of a plot without marks 0 to 1, and all categories.
    pub(crate) fn bounds(&self) -> Bounds {
        let mut bounds = Bounds { x: [f64::INFINITY, f64::NEG_INFINITY], y: [f64::INFINITY, f64::NEG_INFINITY] };
        self.series.iter().for_each(|series| series.marks.reach(&mut bounds));
        for (range, axis) in [(&mut bounds.x, &self.x), (&mut bounds.y, &self.y)] {
            if let Scale::Category(names) = &axis.scale {
                *range = [-0.5, names.len().max(1) as f64 - 0.5];
            } else if range[0] > range[1] {
                *range = [0.0, 1.0];
            } else if range[0] == range[1] {
                let half = if range[0] == 0.0 { 0.5 } else { range[0].abs() * 0.1 };
                *range = [range[0] - half, range[1] + half];
            }
        }
        bounds
    }

    /// Returns the colour of a series by its place.
    pub(crate) fn color_of(&self, index: usize) -> [u8; 3] {
        self.color.filter(|_| index == 0).unwrap_or_else(|| color_of_series(index))
    }

    /// Returns whether there is nothing to draw.
    pub(crate) fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.marks.n_marks() == 0)
    }

    /// Returns the plot as a value: see the module.
    pub(crate) fn to_value(&self) -> Value {
        let texts = |texts: &[String]| Value::list(texts.iter().map(|text| Value::text(text.as_str())));
        let axis = |axis: &Axis| {
            let scale = match &axis.scale {
                Scale::Number => "number",
                Scale::Time => "time",
                Scale::Category(_) => "category",
            };
            let mut record = Record::from_iter([("label", axis.label.as_str()), ("scale", scale)].map(named_text));
            if let Scale::Category(names) = &axis.scale {
                record.insert("categories", texts(names));
            }
            Value::Record(Arc::new(record))
        };
        let mut record = Record::from_iter([
            ("plot", Value::text(self.kind.id())),
            ("title", Value::text(self.title.as_str())),
            ("x", axis(&self.x)),
            ("y", axis(&self.y)),
            ("legend", Value::text(self.legend.as_str())),
            ("series", Value::list(self.series.iter().map(Series::to_value))),
            ("notes", texts(&self.notes)),
        ]);
        if let Some(color) = self.color {
            record.insert("color", Value::from(color_as_text(color)));
        }
        Value::Record(Arc::new(record))
    }

    /// Returns the plot that a value stands for, if it is one.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Record(record) => Self::of_record(record),
            _ => None,
        }
    }

    /// Returns the plot that a record stands for, if it is one.
    pub(crate) fn of_record(record: &Record) -> Option<Self> {
        let kind = PlotKind::of(record.get("plot")?.as_text()?)?;
        let Value::List(series) = record.get("series")? else { return None };
        let n_rows = |series: &Value| match fields(series).and_then(|series| series.get("data")) {
            Some(Value::Table(table)) => table.n_rows(),
            _ => 0,
        };
        if series.iter().map(n_rows).sum::<usize>() > MAX_ROWS {
            return None;
        }
        let series = series.iter().map(|series| Series::of(fields(series)?)).collect::<Option<Vec<_>>>()?;
        Some(Self {
            kind,
            title: text(record, "title")?,
            x: Axis::of(fields(record.get("x")?)?)?,
            y: Axis::of(fields(record.get("y")?)?)?,
            legend: text(record, "legend")?,
            series,
            notes: texts(record, "notes")?,
            color: record.get("color").and_then(Value::as_text).and_then(color_of_text),
        })
    }

    /// Returns whether a value is a plot, without reading its numbers.
    pub(crate) fn is(value: &Value) -> bool {
        let Value::Record(record) = value else { return false };
        let Some((name, kind)) = record.nth(0) else { return false };
        **name == *"plot"
            && kind.as_text().and_then(PlotKind::of).is_some()
            && matches!(record.get("series"), Some(Value::List(_)))
            && record.get("x").is_some_and(|axis| fields(axis).is_some())
    }
}

fn named_text((name, text): (&'static str, &str)) -> (&'static str, Value) {
    (name, Value::text(text))
}

fn fields(value: &Value) -> Option<&Record> {
    match value {
        Value::Record(record) => Some(record),
        _ => None,
    }
}

fn text(record: &Record, name: &str) -> Option<String> {
    record.get(name)?.as_text().map(str::to_owned)
}

fn texts(record: &Record, name: &str) -> Option<Vec<String>> {
    let Value::List(items) = record.get(name)? else { return None };
    items.iter().map(|item| item.as_text().map(str::to_owned)).collect()
}

impl Axis {
    fn of(record: &Record) -> Option<Self> {
        let scale = match record.get("scale")?.as_text()? {
            "number" => Scale::Number,
            "time" => Scale::Time,
            "category" => Scale::Category(texts(record, "categories")?),
            _ => return None,
        };
        Some(Self { label: text(record, "label")?, scale })
    }
}

impl Marks {
    /// Returns how many marks there are.
    pub(crate) fn n_marks(&self) -> usize {
        match self {
            Self::Line(points) | Self::Points(points) => points.len(),
            Self::Bars(bars) => bars.len(),
            Self::Boxes { boxes, outliers } => boxes.len() + outliers.len(),
            Self::Cells(cells) => cells.values.iter().filter(|value| value.is_finite()).count(),
        }
    }

    fn reach(&self, bounds: &mut Bounds) {
        match self {
            Self::Line(points) | Self::Points(points) => points.iter().for_each(|point| bounds.around(*point)),
            Self::Bars(bars) => {
                for bar in bars {
                    bounds.around([bar.from, 0.0]);
                    bounds.around([bar.to, bar.height]);
                }
            }
            Self::Boxes { boxes, outliers } => {
                for mark in boxes {
                    bounds.around([mark.from, mark.low]);
                    bounds.around([mark.to, mark.high]);
                }
                for point in outliers {
                    bounds.around(*point);
                }
            }
            Self::Cells(Cells { x, y, .. }) => {
                if x.n > 0 && y.n > 0 {
                    bounds.around([x.first, y.first]);
                    bounds.around([x.start(x.n), y.start(y.n)]);
                }
            }
        }
    }
}

impl Series {
    fn to_value(&self) -> Value {
        let pairs = |points: &[[f64; 2]]| {
            let column = |axis: usize| points.iter().map(|point| point[axis]).collect();
            table(vec![("x", column(0)), ("y", column(1))])
        };
        let (marks, data, more) = match &self.marks {
            Marks::Line(points) => ("line", pairs(points), None),
            Marks::Points(points) => ("points", pairs(points), None),
            Marks::Bars(bars) => {
                let column = |of: fn(&Bar) -> f64| bars.iter().map(of).collect();
                let columns = vec![
                    ("from", column(|bar| bar.from)),
                    ("to", column(|bar| bar.to)),
                    ("height", column(|bar| bar.height)),
                ];
                ("bars", table(columns), None)
            }
            Marks::Boxes { boxes, outliers } => {
                let column = |of: fn(&BoxMark) -> f64| boxes.iter().map(of).collect();
                let columns = vec![
                    ("from", column(|mark| mark.from)),
                    ("to", column(|mark| mark.to)),
                    ("low", column(|mark| mark.low)),
                    ("q1", column(|mark| mark.q1)),
                    ("median", column(|mark| mark.median)),
                    ("q3", column(|mark| mark.q3)),
                    ("high", column(|mark| mark.high)),
                    ("n", column(|mark| mark.n)),
                ];
                ("boxes", table(columns), Some(("outliers", Value::Table(pairs(outliers)))))
            }
            Marks::Cells(Cells { x, y, values }) => {
                let numbers = [x.first, x.step, x.n as f64, y.first, y.step, y.n as f64];
                let grid = Value::list(numbers.map(Value::Float));
                ("cells", table(vec![("value", values.clone())]), Some(("grid", grid)))
            }
        };
        let mut record = Record::from_iter([
            ("name", Value::text(self.name.as_str())),
            ("marks", Value::text(marks)),
            ("data", Value::Table(data)),
        ]);
        if let Some((name, value)) = more {
            record.insert(name, value);
        }
        Value::Record(Arc::new(record))
    }

    fn of(record: &Record) -> Option<Self> {
        let table = |name: &str| match record.get(name)? {
            Value::Table(table) if table.n_rows() <= MAX_ROWS => Some(table),
            _ => None,
        };
        let data = table("data")?;
        let column = |name: &str| numbers(data, name);
        let pairs = |table: &Table| -> Option<Vec<[f64; 2]>> {
            Some(numbers(table, "x")?.into_iter().zip(numbers(table, "y")?).map(<[f64; 2]>::from).collect())
        };
        let marks = match record.get("marks")?.as_text()? {
            "line" => Marks::Line(pairs(data)?),
            "points" => Marks::Points(pairs(data)?),
            "bars" => {
                let (from, to, height) = (column("from")?, column("to")?, column("height")?);
                let bar = |row: usize| Bar { from: from[row], to: to[row], height: height[row] };
                Marks::Bars((0..data.n_rows()).map(bar).collect())
            }
            "boxes" => {
                let names = ["from", "to", "low", "q1", "median", "q3", "high", "n"];
                let columns = names.map(column);
                if columns.iter().any(Option::is_none) {
                    return None;
                }
                let [from, to, low, q1, median, q3, high, n] = columns.map(Option::unwrap_or_default);
                let mark = |row: usize| BoxMark {
                    from: from[row],
                    to: to[row],
                    low: low[row],
                    q1: q1[row],
                    median: median[row],
                    q3: q3[row],
                    high: high[row],
                    n: n[row],
                };
                let outliers = pairs(table("outliers")?)?;
                Marks::Boxes { boxes: (0..data.n_rows()).map(mark).collect(), outliers }
            }
            "cells" => Marks::Cells(cells(record.get("grid")?, numbers_or_none(data, "value")?)?),
            _ => return None,
        };
        Some(Self { name: text(record, "name")?, marks })
    }
}

/// The most cells of a heat map side by side: more than a picture of it may have on any machine are none.
const MOST_CELLS: usize = 2048;

fn cells(grid: &Value, values: Vec<f64>) -> Option<Cells> {
    let Value::List(grid) = grid else { return None };
    let number = |index: usize| match grid.get(index)? {
        Value::Float(number) if number.is_finite() => Some(*number),
        Value::Int(number) => Some(*number as f64),
        _ => None,
    };
    let steps = |first: usize| {
        let (step, n) = (number(first + 1)?, number(first + 2)?);
        (step > 0.0 && (0.0..=MOST_CELLS as f64).contains(&n)).then_some(Steps {
            first: number(first)?,
            step,
            n: n as usize,
        })
    };
    let (x, y) = (steps(0)?, steps(3)?);
    (x.n.checked_mul(y.n)? == values.len()).then_some(Cells { x, y, values })
}

/// Returns a table of columns of numbers; `NaN` is an empty cell.
fn table(columns: Vec<(&'static str, Vec<f64>)>) -> Table {
    let columns = columns.into_iter().map(|(name, numbers)| {
        let numbers: Float64Array = numbers.into_iter().map(|number| (!number.is_nan()).then_some(number)).collect();
        (name, Arc::new(numbers) as ArrayRef, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("the columns are equally long");
    Table::new(&batch.schema(), &[batch]).expect("columns of numbers need no conversion")
}

/// Returns a column of numbers, all of them finite.
fn numbers(table: &Table, name: &str) -> Option<Vec<f64>> {
    numbers_or_none(table, name).filter(|numbers| numbers.iter().all(|number| number.is_finite()))
}

/// Returns a column of numbers; an empty cell is `NaN`.
fn numbers_or_none(table: &Table, name: &str) -> Option<Vec<f64>> {
    let index = table.column_names().position(|known| known == name)?;
    let mut numbers = Vec::with_capacity(table.n_rows());
    for batch in table.batches() {
        let column = batch.column(index);
        if *column.data_type() != DataType::Float64 || column.len() != batch.num_rows() {
            return None;
        }
        numbers.extend(column.as_primitive::<Float64Type>().iter().map(|number| number.unwrap_or(f64::NAN)));
    }
    Some(numbers)
}
