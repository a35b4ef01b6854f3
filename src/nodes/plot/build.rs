//! From a table to a plot: which columns, and what is drawn of them.

use std::sync::atomic::AtomicBool;

pub(super) use super::groups::Aggregate;
use super::{
    Axis, Bar, BoxMark, Cells, Marks, Plot, PlotKind, Scale, Series, Steps,
    columns::{Coded, Columns, Fit, OTHER},
    groups::{Groups, MAX_SERIES, Together, categories},
    thin,
    ticks::count,
};
use crate::{nodes::NodeError, value::Table};

/// The most categories along an axis.
const MAX_CATEGORIES: usize = 60;

/// The most cells along a side of a heat map.
const MAX_CELLS: usize = 100;

/// How much of the room of a category its bars or boxes take.
const SHARE_OF_ROOM: f64 = 0.8;

/// What is to be drawn.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) kind: PlotKind,
    pub(super) x: Option<String>,
    pub(super) y: Vec<String>,
    pub(super) color: Option<String>,
    pub(super) aggregate: Aggregate,
    /// 0 to choose by the data.
    pub(super) n_bins: usize,
    pub(super) title: String,
    /// The colour of the first series, if it is to have another than by itself.
    pub(super) ink: Option<[u8; 3]>,
}

/// Returns the plot of a table.
///
/// # Errors
///
/// If a column is not there or does not fit, or the work is stopped.
pub(super) fn plot_of(table: &Table, wanted: &Wanted, stop: &AtomicBool) -> Result<Plot, NodeError> {
    let mut plot = Plot {
        kind: wanted.kind,
        title: wanted.title.clone(),
        x: Axis::default(),
        y: Axis::default(),
        legend: String::new(),
        series: Vec::new(),
        notes: Vec::new(),
        color: wanted.ink,
    };
    if wanted.y.len() > MAX_SERIES {
        plot.notes.push(format!("only the first {MAX_SERIES} of {} columns are drawn", wanted.y.len()));
    }
    Builder { columns: Columns::new(table, stop), wanted, plot }.build()
}

struct Builder<'a> {
    columns: Columns<'a>,
    wanted: &'a Wanted,
    plot: Plot,
}

/// What lies along x.
enum Along {
    /// A number or time of each row; `NaN` where there is none.
    Places(Vec<f64>),
    Categories(Coded),
}

impl Builder<'_> {
    fn build(mut self) -> Result<Plot, NodeError> {
        match self.wanted.kind {
            PlotKind::Line | PlotKind::Scatter => self.points()?,
            PlotKind::Bar => self.bars()?,
            PlotKind::Histogram => self.histogram()?,
            PlotKind::Box => self.boxes()?,
            PlotKind::HeatMap => self.heat_map()?,
        }
        self.columns.go_on()?;
        if self.columns.n_rows() == 0 {
            self.plot.notes.push("the table has no rows".to_owned());
        }
        Ok(self.plot)
    }

    /// Returns the column named for x, if there is a name.
    fn x_named(&self) -> Result<Option<usize>, NodeError> {
        self.wanted.x.as_deref().map(|name| self.columns.named(name)).transpose()
    }

    /// Returns the columns of numbers named for y.
    fn y_named(&self) -> Result<Vec<usize>, NodeError> {
        self.wanted.y.iter().take(MAX_SERIES).map(|name| self.columns.number_named(name)).collect()
    }

    fn color_named(&self) -> Result<Option<usize>, NodeError> {
        self.wanted.color.as_deref().map(|name| self.columns.named(name)).transpose()
    }

    fn groups(&mut self) -> Result<Groups, NodeError> {
        let column = self.color_named()?;
        Groups::by(self.columns, column, &mut self.plot.notes)
    }

    fn note_left_out(&mut self, n_rows: usize, of: &str) {
        if n_rows > 0 {
            self.plot.notes.push(match n_rows {
                1 => format!("1 row without {of} is left out"),
                _ => format!("{} rows without {of} are left out", count(n_rows)),
            });
        }
    }

    /// Labels y and the legend for series made of these columns and groups.
    fn label(&mut self, y: &[usize], groups: &Groups, told: impl Fn(&str) -> String) {
        self.plot.y.label = if let [only] = y { told(&self.columns.name(*only)) } else { String::new() };
        self.plot.legend.clone_from(&groups.label);
    }

    /// Returns the name of a series made of a column and a group.
    fn series_name(&self, y: &[usize], column: usize, groups: &Groups, group: usize) -> String {
        match (y.len() > 1, groups.are_told_apart()) {
            (true, true) => format!("{} · {}", self.columns.name(y[column]), groups.name(group)),
            (false, true) => groups.name(group).to_owned(),
            _ => self.columns.name(y[column]),
        }
    }

    /// Sets what lies along x.
    fn along_x(&mut self, column: Option<usize>) -> Result<Along, NodeError> {
        let Some(column) = column else {
            "row".clone_into(&mut self.plot.x.label);
            return Ok(Along::Places((1..=self.columns.n_rows()).map(|row| row as f64).collect()));
        };
        self.plot.x.label = self.columns.name(column);
        let (scale, along) = match self.columns.fit(column) {
            Fit::Number => (Scale::Number, Along::Places(self.columns.numbers(column)?)),
            Fit::Time => (Scale::Time, Along::Places(self.columns.times(column)?)),
            Fit::Category => {
                if let Some(times) = self.columns.text_as_times(column)? {
                    (Scale::Time, Along::Places(times))
                } else {
                    let coded = categories(self.columns, column, MAX_CATEGORIES, &mut self.plot.notes)?;
                    (Scale::Category(coded.names.clone()), Along::Categories(coded))
                }
            }
        };
        self.plot.x.scale = scale;
        Ok(along)
    }

    fn points(&mut self) -> Result<(), NodeError> {
        let is_line = self.wanted.kind == PlotKind::Line;
        let (mut y, mut x) = (self.y_named()?, self.x_named()?);
        if x.is_none() {
            let number = || self.columns.first(&[Fit::Number], &y);
            x = if is_line { self.columns.first(&[Fit::Time], &y) } else { number() };
            // A lone column of numbers is drawn over its rows.
            let has_more = x.is_none()
                && (!y.is_empty() || self.columns.first(&[Fit::Number], &[number().unwrap_or(0)]).is_some());
            x = x.or_else(|| if has_more { number() } else { None });
        }
        if y.is_empty() {
            let but: Vec<usize> = x.into_iter().collect();
            let first = self.columns.first(&[Fit::Number], &but);
            y.push(first.ok_or_else(|| self.columns.missing("numbers for y"))?);
        }
        let groups = self.groups()?;
        self.label(&y, &groups, str::to_owned);
        match self.along_x(x)? {
            Along::Categories(coded) if is_line => self.line_of_categories(&y, &groups, &coded),
            Along::Categories(coded) => {
                let place = |code: &u32| if *code == OTHER { f64::NAN } else { f64::from(*code) };
                self.points_at(&y, &groups, &coded.codes.iter().map(place).collect::<Vec<_>>())
            }
            Along::Places(places) => self.points_at(&y, &groups, &places),
        }
    }

    fn points_at(&mut self, y: &[usize], groups: &Groups, places: &[f64]) -> Result<(), NodeError> {
        let mut all: Vec<Vec<[f64; 2]>> = Vec::new();
        let mut n_left_out = 0;
        for column in y {
            let mut series = vec![Vec::new(); groups.len()];
            for (row, (x, y)) in places.iter().zip(self.columns.numbers(*column)?).enumerate() {
                match groups.of(row) {
                    Some(group) if x.is_finite() && y.is_finite() => series[group].push([*x, y]),
                    Some(_) => n_left_out += 1,
                    None => {}
                }
            }
            all.append(&mut series);
        }
        self.note_left_out(n_left_out, "a number to draw");
        self.columns.go_on()?;
        let n_points = all.iter().map(Vec::len).sum::<usize>();
        if self.wanted.kind == PlotKind::Line {
            let is_thinned = all.iter().any(|points| points.len() > thin::MAX_LINE_POINTS);
            for points in &mut all {
                if !points.is_sorted_by(|one, other| one[0] <= other[0]) {
                    points.sort_by(|one, other| one[0].total_cmp(&other[0]));
                }
                *points = thin::thin_line(std::mem::take(points));
            }
            if is_thinned {
                let note = format!("of {} points the least and greatest of each stretch are drawn", count(n_points));
                self.plot.notes.push(note);
            }
        } else if thin::thin_points(&mut all) {
            let n_drawn = count(all.iter().map(Vec::len).sum());
            self.plot.notes.push(format!("{n_drawn} of {} points are drawn: one at each place", count(n_points)));
        }
        self.push_series(y, groups, all, if self.wanted.kind == PlotKind::Line { Marks::Line } else { Marks::Points });
        Ok(())
    }

    fn push_series(
        &mut self,
        y: &[usize],
        groups: &Groups,
        all: Vec<Vec<[f64; 2]>>,
        marks: impl Fn(Vec<[f64; 2]>) -> Marks,
    ) {
        let n_series = all.len();
        for (index, points) in all.into_iter().take(MAX_SERIES).enumerate() {
            let name = self.series_name(y, index / groups.len().max(1), groups, index % groups.len().max(1));
            self.plot.series.push(Series { name, marks: marks(points) });
        }
        self.note_series(n_series);
    }

    fn note_series(&mut self, n_series: usize) {
        if n_series > MAX_SERIES {
            self.plot.notes.push(format!("only the first {MAX_SERIES} of {n_series} series are drawn"));
        }
    }

    /// Returns what is told of each column, group and category, in this order; a count without columns.
    fn told(&mut self, y: &[usize], groups: &Groups, coded: &Coded) -> Result<Vec<Vec<Option<f64>>>, NodeError> {
        let n_columns = y.len().max(1);
        let mut all = vec![vec![Together::default(); coded.names.len()]; n_columns * groups.len()];
        let mut n_left_out = 0;
        for column in 0..n_columns {
            let numbers = y.get(column).map(|column| self.columns.numbers(*column)).transpose()?;
            for (row, code) in coded.codes.iter().enumerate().filter(|(_, code)| **code != OTHER) {
                let Some(group) = groups.of(row) else { continue };
                let number = numbers.as_ref().map_or(1.0, |numbers| numbers[row]);
                if number.is_finite() {
                    all[column * groups.len() + group][*code as usize].add(number);
                } else {
                    n_left_out += 1;
                }
            }
        }
        self.note_left_out(n_left_out, "a number");
        let aggregate = if y.is_empty() { Aggregate::Count } else { self.wanted.aggregate };
        Ok(all.into_iter().map(|series| series.iter().map(|together| together.told(aggregate)).collect()).collect())
    }

    fn label_told(&mut self, y: &[usize], groups: &Groups) {
        let aggregate = if y.is_empty() { Aggregate::Count } else { self.wanted.aggregate };
        self.label(y, groups, |column| aggregate.in_words(column));
        if y.len() != 1 {
            self.plot.y.label = if y.is_empty() { aggregate.in_words("") } else { String::new() };
        }
    }

    fn line_of_categories(&mut self, y: &[usize], groups: &Groups, coded: &Coded) -> Result<(), NodeError> {
        let told = self.told(y, groups, coded)?;
        self.label_told(y, groups);
        let points = |series: Vec<Option<f64>>| -> Vec<[f64; 2]> {
            series.into_iter().enumerate().filter_map(|(x, y)| Some([x as f64, y?])).collect()
        };
        self.push_series(y, groups, told.into_iter().map(points).collect(), Marks::Line);
        Ok(())
    }

    fn bars(&mut self) -> Result<(), NodeError> {
        let y = self.y_named()?;
        let first = |fits: &[Fit]| self.columns.first(fits, &y);
        let x = self.x_named()?.or_else(|| first(&[Fit::Category])).or_else(|| first(&[Fit::Time, Fit::Number]));
        let x = x.ok_or_else(|| self.columns.missing("words for x"))?;
        self.bars_of(x, &y)
    }

    fn bars_of(&mut self, x: usize, y: &[usize]) -> Result<(), NodeError> {
        let groups = self.groups()?;
        let coded = categories(self.columns, x, MAX_CATEGORIES, &mut self.plot.notes)?;
        self.plot.x = Axis { label: self.columns.name(x), scale: Scale::Category(coded.names.clone()) };
        let told = self.told(y, &groups, &coded)?;
        self.label_told(y, &groups);
        let n_series = told.len().min(MAX_SERIES);
        for (index, heights) in told.iter().take(MAX_SERIES).enumerate() {
            let bars = heights.iter().enumerate().filter_map(|(category, height)| {
                let [from, to] = room(category, index, n_series);
                Some(Bar { from, to, height: (*height)? })
            });
            let name = match y {
                [] => groups.name(index).to_owned(),
                y => self.series_name(y, index / groups.len().max(1), &groups, index % groups.len().max(1)),
            };
            self.plot.series.push(Series { name, marks: Marks::Bars(bars.collect()) });
        }
        self.note_series(told.len());
        Ok(())
    }

    fn histogram(&mut self) -> Result<(), NodeError> {
        let mut counted = self.y_named()?;
        if counted.is_empty() {
            let first = || self.columns.first(&[Fit::Number], &[]).or_else(|| self.columns.first(&[Fit::Time], &[]));
            let x = self.x_named()?.or_else(first).ok_or_else(|| self.columns.missing("numbers"))?;
            if self.columns.fit(x) == Fit::Category {
                return self.bars_of(x, &[]);
            }
            counted.push(x);
        }
        let groups = self.groups()?;
        let is_time = counted.iter().all(|column| self.columns.fit(*column) == Fit::Time);
        let mut all = Vec::new();
        let mut n_left_out = 0;
        for column in &counted {
            let numbers = if is_time { self.columns.times(*column)? } else { self.columns.numbers(*column)? };
            let mut series = vec![Vec::new(); groups.len()];
            for (row, number) in numbers.into_iter().enumerate() {
                match groups.of(row) {
                    Some(group) if number.is_finite() => series[group].push(number),
                    Some(_) => n_left_out += 1,
                    None => {}
                }
            }
            all.append(&mut series);
        }
        self.note_left_out(n_left_out, "a number");
        self.label(&counted, &groups, |_| String::new());
        let scale = if is_time { Scale::Time } else { Scale::Number };
        let label = if let [only] = counted[..] { self.columns.name(only) } else { String::new() };
        self.plot.x = Axis { label, scale };
        Aggregate::Count.in_words("").clone_into(&mut self.plot.y.label);
        let mut sorted: Vec<f64> = all.iter().flatten().copied().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        self.columns.go_on()?;
        let steps = sorted
            .first()
            .zip(sorted.last())
            .map(|(low, high)| thin::steps([*low, *high], self.wanted.n_bins, thin::n_bins(&sorted)));
        let n_series = all.len();
        for (index, numbers) in all.into_iter().take(MAX_SERIES).enumerate() {
            let bars = steps.as_ref().map_or_else(Vec::new, |steps| thin::counted(&numbers, steps));
            let name = self.series_name(&counted, index / groups.len().max(1), &groups, index % groups.len().max(1));
            self.plot.series.push(Series { name, marks: Marks::Bars(bars) });
        }
        self.note_series(n_series);
        Ok(())
    }

    fn boxes(&mut self) -> Result<(), NodeError> {
        let mut y = self.y_named()?;
        let (x, color) = (self.x_named()?, self.color_named()?);
        if y.is_empty() {
            let but: Vec<usize> = x.into_iter().collect();
            let first = self.columns.first(&[Fit::Number], &but);
            y.push(first.ok_or_else(|| self.columns.missing("numbers for y"))?);
        }
        // Without x each colour has a place of its own, or else each column.
        let Some(place) = x.or(color) else { return self.box_of_each(&y) };
        let groups = Groups::by(self.columns, color.filter(|_| x.is_some()), &mut self.plot.notes)?;
        self.label(&y, &groups, str::to_owned);
        self.plot.x.label = self.columns.name(place);
        let n_most = if x.is_some() { MAX_CATEGORIES } else { MAX_SERIES };
        let coded = categories(self.columns, place, n_most, &mut self.plot.notes)?;
        self.plot.x.scale = Scale::Category(coded.names.clone());
        let n_series = (y.len() * groups.len()).min(MAX_SERIES);
        let (mut n_left_out, mut n_outliers, mut n_drawn) = (0, 0, 0);
        for (place, column) in y.iter().enumerate() {
            let mut all = vec![vec![Vec::new(); coded.names.len()]; groups.len()];
            for (row, number) in self.columns.numbers(*column)?.into_iter().enumerate() {
                match groups.of(row).filter(|_| coded.codes[row] != OTHER) {
                    Some(group) if number.is_finite() => all[group][coded.codes[row] as usize].push(number),
                    Some(_) => n_left_out += 1,
                    None => {}
                }
            }
            for (group, by_category) in all.into_iter().enumerate() {
                let index = place * groups.len() + group;
                if index >= MAX_SERIES {
                    break;
                }
                self.columns.go_on()?;
                let name = self.series_name(&y, place, &groups, group);
                let rooms = (0..by_category.len()).map(|category| room(category, index, n_series));
                let (marks, n_out, n_shown) = boxes_of(by_category, rooms);
                n_outliers += n_out;
                n_drawn += n_shown;
                self.plot.series.push(Series { name, marks });
            }
        }
        self.note_left_out(n_left_out, "a number");
        self.note_outliers(n_outliers, n_drawn);
        self.note_series(y.len() * groups.len());
        Ok(())
    }

    /// Draws one box for each column, each of its own colour.
    fn box_of_each(&mut self, y: &[usize]) -> Result<(), NodeError> {
        let names = y.iter().map(|column| self.columns.name(*column)).collect::<Vec<_>>();
        self.plot.y.label = if let [only] = &names[..] { only.clone() } else { String::new() };
        self.plot.x.scale = Scale::Category(names.clone());
        let (mut n_left_out, mut n_outliers, mut n_drawn) = (0, 0, 0);
        for (place, (column, name)) in y.iter().zip(names).enumerate() {
            let mut numbers = self.columns.numbers(*column)?;
            let n_rows = numbers.len();
            numbers.retain(|number| number.is_finite());
            n_left_out += n_rows - numbers.len();
            let (marks, n_out, n_shown) = boxes_of(vec![numbers], [room(place, 0, 1)].into_iter());
            n_outliers += n_out;
            n_drawn += n_shown;
            self.plot.series.push(Series { name, marks });
        }
        self.note_left_out(n_left_out, "a number");
        self.note_outliers(n_outliers, n_drawn);
        Ok(())
    }

    fn note_outliers(&mut self, n_outliers: usize, n_drawn: usize) {
        if n_drawn < n_outliers {
            self.plot.notes.push(format!("{} of {} outliers are drawn", count(n_drawn), count(n_outliers)));
        }
    }

    fn heat_map(&mut self) -> Result<(), NodeError> {
        let color = self.wanted.color.as_deref().map(|name| self.columns.number_named(name)).transpose()?;
        let mut but: Vec<usize> = color.into_iter().collect();
        let mut named = [self.x_named()?, self.wanted.y.first().map(|name| self.columns.named(name)).transpose()?];
        but.extend(named.iter().flatten());
        for place in &mut named {
            if place.is_none() {
                let others = || self.columns.first(&[Fit::Number, Fit::Time], &but);
                let column = self.columns.first(&[Fit::Category], &but).or_else(others);
                let column = column.ok_or_else(|| self.columns.missing("its own for each of x and y"))?;
                but.push(column);
                *place = Some(column);
            }
        }
        let [Some(x), Some(y)] = named else { return Ok(()) };
        let (x_axis, x_steps, x_places) = self.cut(x)?;
        let (y_axis, y_steps, y_places) = self.cut(y)?;
        (self.plot.x, self.plot.y) = (x_axis, y_axis);
        let numbers = color.map(|column| self.columns.numbers(column)).transpose()?;
        let mut all = vec![Together::default(); x_steps.n * y_steps.n];
        let mut n_left_out = 0;
        for (row, (x, y)) in x_places.iter().zip(&y_places).enumerate() {
            let number = numbers.as_ref().map_or(1.0, |numbers| numbers[row]);
            match (x, y) {
                (Some(x), Some(y)) if number.is_finite() => all[y * x_steps.n + x].add(number),
                _ => n_left_out += 1,
            }
        }
        self.note_left_out(n_left_out, "a value in both columns, or a number,");
        let aggregate = if color.is_some() { self.wanted.aggregate } else { Aggregate::Count };
        let name = aggregate.in_words(&color.map(|column| self.columns.name(column)).unwrap_or_default());
        self.plot.legend.clone_from(&name);
        let values = all.iter().map(|together| together.told(aggregate).unwrap_or(f64::NAN)).collect();
        self.plot.series.push(Series { name, marks: Marks::Cells(Cells { x: x_steps, y: y_steps, values }) });
        Ok(())
    }

    /// Cuts a column into the cells of a heat map; returns with them the cell of each row, if it has one.
    fn cut(&mut self, column: usize) -> Result<(Axis, Steps, Vec<Option<usize>>), NodeError> {
        let label = self.columns.name(column);
        let (scale, numbers) = match self.columns.fit(column) {
            Fit::Category => {
                let coded = categories(self.columns, column, MAX_CATEGORIES, &mut self.plot.notes)?;
                let steps = Steps { first: -0.5, step: 1.0, n: coded.names.len() };
                let cell = |code: &u32| (*code != OTHER).then_some(*code as usize);
                let cells = coded.codes.iter().map(cell).collect();
                return Ok((Axis { label, scale: Scale::Category(coded.names) }, steps, cells));
            }
            Fit::Number => (Scale::Number, self.columns.numbers(column)?),
            Fit::Time => (Scale::Time, self.columns.times(column)?),
        };
        let finite = || numbers.iter().copied().filter(|number| number.is_finite());
        let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let steps = if low <= high {
            thin::steps([low, high], self.wanted.n_bins.min(MAX_CELLS), 30)
        } else {
            Steps { first: 0.0, step: 1.0, n: 0 }
        };
        let cell = |number: &f64| number.is_finite().then(|| thin::step_of(&steps, *number));
        let cells = numbers.iter().map(cell).collect();
        Ok((Axis { label, scale }, steps, cells))
    }
}

/// Returns the boxes of categories, with how many outliers there are and how many of them are drawn.
fn boxes_of(all: Vec<Vec<f64>>, rooms: impl Iterator<Item = [f64; 2]>) -> (Marks, usize, usize) {
    let mut boxes: Vec<BoxMark> = Vec::new();
    let mut outliers = Vec::new();
    let mut n_outliers = 0;
    for (mut numbers, room) in all.into_iter().zip(rooms) {
        numbers.sort_unstable_by(f64::total_cmp);
        if let Some((mark, outside, n_outside)) = thin::box_of(&numbers, room) {
            boxes.push(mark);
            outliers.extend(outside);
            n_outliers += n_outside;
        }
    }
    let n_drawn = outliers.len();
    (Marks::Boxes { boxes, outliers }, n_outliers, n_drawn)
}

/// Returns where a bar or box of a category goes, of as many as stand there side by side.
fn room(category: usize, index: usize, n_series: usize) -> [f64; 2] {
    let width = SHARE_OF_ROOM / n_series.max(1) as f64;
    let from = (index as f64).mul_add(width, category as f64 - SHARE_OF_ROOM / 2.0);
    [from, from + width]
}
