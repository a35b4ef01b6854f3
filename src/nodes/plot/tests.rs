use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray},
    datatypes::Schema,
};

use super::*;
use crate::{nodes::testing::Trial, value::Table};

fn table(columns: Vec<(&str, ArrayRef)>) -> Table {
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)));
    let batch = batch.unwrap();
    Table::new(&batch.schema(), &[batch]).unwrap()
}

fn texts(texts: &[&str]) -> ArrayRef {
    Arc::new(texts.iter().map(|text| Some(*text).filter(|text| !text.is_empty())).collect::<StringArray>())
}

fn numbers(numbers: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(numbers.to_vec()))
}

fn whole(numbers: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(numbers.to_vec()))
}

/// Penguins, a few.
fn penguins() -> Table {
    table(vec![
        ("species", texts(&["Adelie", "Adelie", "Gentoo", "Gentoo", "Chinstrap", ""])),
        ("bill", numbers(&[39.0, 40.0, 48.0, 50.0, 46.0, 44.0])),
        ("mass", whole(&[3700, 3800, 5000, 5200, 3600, 4000])),
        ("sex", texts(&["f", "m", "f", "m", "f", "m"])),
    ])
}

const KINDS: [&str; 6] = ["line", "bar", "scatter", "histogram", "box", "heat_map"];

fn trial(kind: &'static str, table: impl Into<Table>) -> Trial {
    Trial::of("plot").set("kind", kind).input("table", table.into())
}

#[track_caller]
fn made(trial: &Trial) -> Plot {
    let value = trial.output("plot");
    let plot = Plot::of(&value).expect("a plot");
    assert!(Plot::is(&value));
    assert_eq!(plot.to_value(), value, "a plot read back is the same");
    for look in [Look::LIGHT, Look::DARK, Look::SMALL] {
        let drawn = svg(&plot, &look);
        let numbers = drawn.replace(">NaN<", "").replace(">inf<", "");
        assert!(!numbers.contains("NaN") && !numbers.contains("inf"), "{drawn}");
        let image = picture(&drawn, 0.25).unwrap();
        assert!(image.width() > 0);
    }
    plot
}

fn names(plot: &Plot) -> Vec<&str> {
    plot.series.iter().map(|series| series.name.as_str()).collect()
}

fn bars(series: &Series) -> Vec<f64> {
    match &series.marks {
        Marks::Bars(bars) => bars.iter().map(|bar| bar.height).collect(),
        other => panic!("no bars: {other:?}"),
    }
}

fn points(series: &Series) -> &[[f64; 2]] {
    match &series.marks {
        Marks::Points(points) | Marks::Line(points) => points,
        other => panic!("no points: {other:?}"),
    }
}

fn categories(axis: &Axis) -> &[String] {
    match &axis.scale {
        Scale::Category(names) => names,
        other => panic!("no categories: {other:?}"),
    }
}

#[test]
fn a_line_goes_along_x_whatever_the_order_of_rows() {
    let rows =
        table(vec![("t", whole(&[3, 1, 2])), ("a", numbers(&[30.0, 10.0, 20.0])), ("b", numbers(&[1.0, 2.0, 3.0]))]);
    let plot = made(&trial("line", rows.clone()));
    assert_eq!((plot.x.label.as_str(), plot.y.label.as_str()), ("t", "a"), "the first columns that fit");
    assert_eq!(points(&plot.series[0]), [[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]);
    let both = made(&trial("line", rows).set("x", "T").lines("y", &["a", "b"]));
    assert_eq!(names(&both), ["a", "b"]);
    let lone = made(&trial("line", table(vec![("a", numbers(&[5.0, 6.0]))])));
    assert_eq!((lone.x.label.as_str(), points(&lone.series[0])), ("row", &[[1.0, 5.0], [2.0, 6.0]][..]));
    let told = made(&trial("line", penguins()).set("x", "species").lines("y", &["mass"]));
    assert_eq!(points(&told.series[0])[0], [0.0, 3750.0], "the mean of each");
    assert_eq!(told.y.label, "mean of mass");
}

#[test]
fn dates_and_texts_that_are_dates_are_times() {
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![Some(19_783), None, Some(19_784)]));
    let plot = made(&trial("line", table(vec![("n", numbers(&[1.0, 2.0, 3.0])), ("day", dates)])));
    assert_eq!((plot.x.label.as_str(), &plot.x.scale), ("day", &Scale::Time));
    assert_eq!(points(&plot.series[0]), [[19_783.0 * 86_400.0, 1.0], [19_784.0 * 86_400.0, 3.0]]);
    assert_eq!(plot.notes, ["1 row without a number to draw is left out"]);
    let as_text = table(vec![("day", texts(&["2024-03-01", "", "2024-03-02"])), ("n", numbers(&[1.0, 2.0, 3.0]))]);
    let plot = made(&trial("line", as_text).set("x", "day"));
    assert_eq!((&plot.x.scale, points(&plot.series[0]).len()), (&Scale::Time, 2));
}

#[test]
fn points_are_told_apart_by_a_column() {
    let plot = made(&trial("scatter", penguins()).set("color", "species"));
    assert_eq!((plot.x.label.as_str(), plot.y.label.as_str(), plot.legend.as_str()), ("bill", "mass", "species"));
    assert_eq!(names(&plot), ["Adelie", "Gentoo", "Chinstrap", "(empty)"]);
    assert_eq!(points(&plot.series[1]), [[48.0, 5000.0], [50.0, 5200.0]]);
}

#[test]
fn bars_count_rows_or_tell_of_a_column() {
    let counts = made(&trial("bar", penguins()));
    assert_eq!(categories(&counts.x), ["Adelie", "Gentoo", "Chinstrap", "(empty)"]);
    assert_eq!((bars(&counts.series[0]), counts.y.label.as_str()), (vec![2.0, 2.0, 1.0, 1.0], "number of rows"));
    let told = |aggregate: &str| {
        let plot =
            made(&trial("bar", penguins()).lines("y", &["mass"]).set("color", "sex").set("aggregate", aggregate));
        (names(&plot).join(), bars(&plot.series[0]))
    };
    assert_eq!(told("sum"), ("f m".to_owned(), vec![3700.0, 5000.0, 3600.0]));
    let both = made(&trial("bar", penguins()).lines("y", &["mass"]).set("aggregate", "max"));
    assert_eq!(bars(&both.series[0]), [3800.0, 5200.0, 3600.0, 4000.0]);
    let years = table(vec![("year", whole(&[2009, 2007, 2009])), ("n", whole(&[1, 2, 3]))]);
    let by_year = made(&trial("bar", years).set("x", "year"));
    assert_eq!(categories(&by_year.x), ["2007", "2009"], "numbers are in order");
}

trait Join {
    fn join(&self) -> String;
}

impl Join for Vec<&str> {
    fn join(&self) -> String {
        self.as_slice().join(" ")
    }
}

#[test]
fn a_histogram_counts_every_number_once() {
    let rows =
        || table(vec![("a", Arc::new(Float64Array::from_iter_values((0..1000).map(|row| f64::from(row % 100)))))]);
    let plot = made(&trial("histogram", rows()));
    assert_eq!(bars(&plot.series[0]).iter().sum::<f64>(), 1000.0);
    assert_eq!((plot.x.label.as_str(), plot.y.label.as_str()), ("a", "number of rows"));
    let four = made(&trial("histogram", rows()).set("bins", 4));
    assert_eq!(bars(&four.series[0]), [250.0; 4]);
    let by = made(&trial("histogram", penguins()).set("x", "mass").set("color", "species"));
    let total: f64 = by.series.iter().flat_map(bars).sum();
    assert_eq!((by.series.len(), total), (4, 6.0));
    let words = made(&trial("histogram", penguins()).set("x", "species"));
    assert_eq!(bars(&words.series[0]), [2.0, 2.0, 1.0, 1.0], "words are counted");
}

#[test]
fn boxes_stand_for_categories_colours_or_columns() {
    let medians = |plot: &Plot| -> Vec<Vec<f64>> {
        let of = |series: &Series| match &series.marks {
            Marks::Boxes { boxes, .. } => boxes.iter().map(|mark| mark.median).collect(),
            other => panic!("no boxes: {other:?}"),
        };
        plot.series.iter().map(of).collect()
    };
    let by_x = made(&trial("box", penguins()).set("x", "species").lines("y", &["mass"]));
    assert_eq!(medians(&by_x), [[3750.0, 5100.0, 3600.0, 4000.0]]);
    let by_both = made(&trial("box", penguins()).set("x", "species").lines("y", &["mass"]).set("color", "sex"));
    assert_eq!(medians(&by_both), [vec![3700.0, 5000.0, 3600.0], vec![3800.0, 5200.0, 4000.0]]);
    let by_color = made(&trial("box", penguins()).lines("y", &["mass"]).set("color", "sex"));
    assert_eq!((categories(&by_color.x).len(), medians(&by_color)), (2, vec![vec![3700.0, 4000.0]]));
    let by_column = made(&trial("box", penguins()).lines("y", &["mass", "bill"]));
    assert_eq!(
        (categories(&by_column.x), medians(&by_column)),
        (&["mass".to_owned(), "bill".to_owned()][..], vec![vec![3900.0], vec![45.0]])
    );
}

#[test]
fn a_heat_map_counts_or_tells_of_a_column() {
    let cells = |plot: &Plot| match &plot.series[0].marks {
        Marks::Cells(cells) => cells.clone(),
        other => panic!("no cells: {other:?}"),
    };
    let plot = made(&trial("heat_map", penguins()));
    assert_eq!(
        (plot.x.label.as_str(), plot.y.label.as_str(), plot.legend.as_str()),
        ("species", "sex", "number of rows")
    );
    assert_eq!((cells(&plot).x.n, cells(&plot).y.n), (4, 2));
    assert_eq!(cells(&plot).values[..3], [1.0, 1.0, 1.0]);
    let told = made(&trial("heat_map", penguins()).set("color", "mass").set("aggregate", "mean"));
    assert_eq!((cells(&told).range(), told.legend.as_str()), (Some([3600.0, 5200.0]), "mean of mass"));
    let of_numbers = made(&trial("heat_map", penguins()).set("x", "bill").lines("y", &["mass"]).set("bins", 5));
    assert_eq!((cells(&of_numbers).values.len(), cells(&of_numbers).range()), (25, Some([1.0, 2.0])));
}

#[test]
fn what_cannot_be_drawn_is_left_out_and_told_of() {
    let odd =
        table(vec![("a", numbers(&[1.0, f64::NAN, f64::INFINITY, 2.0])), ("b", numbers(&[1.0, 2.0, 3.0, 1e300]))]);
    for kind in ["line", "scatter"] {
        let plot = made(&trial(kind, odd.clone()));
        assert_eq!(points(&plot.series[0]), [[1.0, 1.0]], "{kind}");
        assert_eq!(plot.notes, ["3 rows without a number to draw are left out"], "{kind}");
    }
    for kind in ["histogram", "box"] {
        let plot = made(&trial(kind, odd.clone()));
        assert_eq!(plot.notes, ["2 rows without a number are left out"], "{kind}");
    }
    for kind in KINDS {
        made(&trial(kind, odd.clone()));
    }
}

#[test]
fn every_kind_draws_empty_tables_empty_columns_and_single_rows() {
    let empty = Table::new(penguins().schema(), &[]).unwrap();
    let nothing = Float64Array::from(vec![None, None]);
    let nulls = table(vec![
        ("a", Arc::new(nothing.clone()) as ArrayRef),
        ("b", Arc::new(nothing)),
        ("c", texts(&["", ""])),
        ("d", texts(&["", ""])),
    ]);
    let one =
        table(vec![("a", numbers(&[0.0])), ("b", numbers(&[-7.5])), ("c", texts(&["x"])), ("d", texts(&["<&\">"]))]);
    for kind in KINDS {
        let plot = made(&trial(kind, empty.clone()));
        assert!(
            plot.is_empty() && plot.notes.contains(&"the table has no rows".to_owned()),
            "{kind}: {:?}",
            plot.notes
        );
        for color in ["", "d"].into_iter().filter(|color| color.is_empty() || kind != "heat_map") {
            made(&trial(kind, empty.clone()).set("color", if color.is_empty() { "" } else { "sex" }));
            let plot = made(&trial(kind, nulls.clone()).set("color", color));
            assert!(plot.is_empty() || ["bar", "heat_map"].contains(&kind), "{kind}");
            assert!(!made(&trial(kind, one.clone()).set("color", color)).is_empty(), "{kind}");
        }
    }
}

#[test]
fn a_column_that_is_not_there_is_named_with_those_that_are() {
    let error = trial("scatter", penguins()).set("x", "weight").error();
    assert_eq!(
        error,
        "there is no column \"weight\": the table has species (Text), bill (Float), mass (Int), sex (Text)"
    );
    let error = trial("line", penguins()).lines("y", &["species"]).error();
    assert!(
        error.starts_with("the column \"species\" holds Text, not numbers: the table has species (Text)"),
        "{error}"
    );
    let words = || table(vec![("c", texts(&["x"]))]);
    for (kind, what) in
        [("line", "numbers for y"), ("scatter", "numbers for y"), ("histogram", "numbers"), ("box", "numbers for y")]
    {
        let error = trial(kind, words()).error();
        assert_eq!(error, format!("there is no column of {what}: the table has c (Text)"));
    }
    let none = Table::new(&Arc::new(Schema::empty()), &[]).unwrap();
    for kind in KINDS {
        assert!(trial(kind, none.clone()).error().ends_with("the table has no columns"), "{kind}");
    }
}

#[test]
fn many_rows_are_thinned_and_that_is_told_of() {
    let n_rows = 120_000;
    let x = Float64Array::from_iter_values((0..n_rows).map(|row| f64::from(row) / 100.0));
    let y = Float64Array::from_iter_values((0..n_rows).map(|row| f64::from(row % 1000 * 7919 % 10_007 + row / 1000)));
    let names = StringArray::from_iter_values((0..n_rows).map(|row| format!("name {row}")));
    let rows = table(vec![("x", Arc::new(x) as ArrayRef), ("y", Arc::new(y)), ("name", Arc::new(names))]);
    let note = |kind, starts: &str| {
        let plot = made(&trial(kind, rows.clone()));
        assert!(plot.series.iter().all(|series| series.marks.n_marks() <= 20_000), "{kind}");
        assert!(plot.notes.iter().any(|note| note.contains(starts)), "{kind}: {:?}", plot.notes);
    };
    note("line", "of 120,000 points the least and greatest of each stretch are drawn");
    note("scatter", "of 120,000 points are drawn: one at each place");
    note("bar", "only the first 60 of more than 5,000 values of name are drawn");
    note("heat_map", "only the first 60 of more than 5,000 values of name are drawn");
    let colored = made(&trial("scatter", rows.clone()).set("color", "name"));
    assert_eq!(colored.series.len(), 12);
    let boxes = made(&trial("box", rows.clone()).set("x", "name").lines("y", &["y"]));
    assert_eq!(categories(&boxes.x).len(), 60);
    assert_eq!(bars(&made(&trial("histogram", rows).set("x", "y")).series[0]).iter().sum::<f64>(), 120_000.0);
}

#[test]
fn a_plot_that_nobody_waits_for_stops() {
    let error = trial("line", penguins()).cancelled_after(0).run().unwrap_err();
    assert_eq!(error, NodeError::Cancelled);
}

#[test]
fn a_plot_is_drawn_as_a_picture_of_the_size_asked_for_and_as_svg() {
    let plot = trial("scatter", penguins()).set("title", "A & B").output("plot");
    let draw = |ground: &str| {
        let trial = Trial::of("draw_plot").input("plot", plot.clone()).set("width", 200).set("height", 120);
        trial.set("ground", ground)
    };
    let corner = |ground: &str| match draw(ground).output("image") {
        Value::Image(image) => {
            assert_eq!((image.width(), image.height()), (200, 120));
            <[u8; 4]>::try_from(&image.pixels()[..4]).unwrap()
        }
        other => panic!("no picture: {other:?}"),
    };
    assert_eq!([corner("light"), corner("dark"), corner("none")], [[255; 4], [0x1b, 0x1e, 0x24, 255], [0; 4]]);
    let drawn = draw("light").output("svg");
    let text = drawn.as_text().unwrap();
    assert!(text.starts_with("<svg ") && text.contains("A &amp; B") && text.contains(">bill</text>"), "{text}");
    assert_eq!(drawn.value_type(), ValueType::Text);
    let error = Trial::of("draw_plot").input("plot", Value::record([("plot", Value::text("line"))])).error();
    assert!(error.starts_with("expected what a Plot node gives, got Record"), "{error}");
}

#[test]
fn a_record_that_only_looks_like_a_plot_is_none() {
    let value = trial("bar", penguins()).output("plot");
    let Value::Record(record) = &value else { panic!("no record") };
    let with = |name: &'static str, value: Value| {
        let mut changed = record.as_ref().clone();
        changed.insert(name, value);
        Value::Record(Arc::new(changed))
    };
    assert!(Plot::of(&value).is_some());
    for broken in [
        with("plot", Value::text("pie")),
        with("series", Value::list([Value::Null])),
        with("x", Value::Int(1)),
        with("notes", Value::Null),
        Value::Null,
    ] {
        assert_eq!(Plot::of(&broken), None, "{broken:?}");
    }
}

#[test]
fn words_are_drawn_with_the_font_that_comes_along() {
    let with_title = |title: &str| {
        let plot = Plot { title: title.to_owned(), ..made(&trial("bar", penguins())) };
        picture(&svg(&plot, &Look::LIGHT), 1.0).unwrap()
    };
    let dark = |image: &crate::value::Image| {
        let top = image.pixels().chunks_exact(4).take(800 * 30);
        top.filter(|pixel| pixel[0] < 160).count()
    };
    let (plain, titled) = (dark(&with_title("")), dark(&with_title("Penguins by species")));
    assert!(titled > plain + 100, "{titled} and {plain}");
}

#[test]
fn a_plot_has_the_colour_that_was_chosen_in_svg_and_in_pixels() {
    let wanted = [0xe0, 0x10, 0x90];
    for kind in KINDS.into_iter().filter(|kind| *kind != "heat_map") {
        let trial = trial(kind, penguins()).set("ink", "#e01090");
        let plot = made(&trial);
        assert_eq!((plot.color_of(0), plot.color_of(1)), (wanted, color_of_series(1)), "{kind}");
        let draw = Trial::of("draw_plot").input("plot", trial.output("plot"));
        let Value::Text(drawn) = draw.output("svg") else { panic!("no SVG") };
        assert!(drawn.contains("#e01090") && !drawn.contains("#2f7fd1"), "{kind}");
        let Value::Image(picture) = draw.output("image") else { panic!("no picture") };
        let is_near = |pixel: &[u8]| pixel.iter().zip(wanted).all(|(have, wanted)| have.abs_diff(wanted) < 56);
        assert!(picture.pixels().chunks_exact(4).any(is_near), "{kind}");
    }
    let two = made(&trial("scatter", penguins()).set("color", "species").set("ink", "#e01090"));
    let drawn = svg(&two, &Look::LIGHT);
    assert!(drawn.contains("#e01090") && drawn.contains("#d26214"), "the first, and the others by themselves");
}
