use egui_kittest::{Harness, kittest::Queryable as _};

use super::*;
use crate::nodes::plot::{Bar as BarMark, BoxMark, Series, Steps};

fn axis(label: &str, scale: Scale) -> Axis {
    Axis { label: label.to_owned(), scale }
}

fn plot(kind: PlotKind, x: Scale, series: Vec<(&str, Marks)>) -> Plot {
    let series = series.into_iter().map(|(name, marks)| Series { name: name.to_owned(), marks }).collect();
    Plot {
        kind,
        title: "Title".to_owned(),
        x: axis("x", x),
        y: axis("y", Scale::Number),
        legend: "told".to_owned(),
        series,
        notes: vec!["2 rows are left out".to_owned()],
        color: None,
    }
}

fn words() -> Scale {
    Scale::Category(vec!["one".to_owned(), "two".to_owned()])
}

fn samples() -> Vec<Plot> {
    let steps = |n| Steps { first: -0.5, step: 1.0, n };
    let boxed = BoxMark { from: -0.4, to: 0.4, low: 1.0, q1: 2.0, median: 3.0, q3: 4.0, high: 5.0, n: 7.0 };
    let bars = vec![BarMark { from: -0.4, to: 0.4, height: 5.0 }, BarMark { from: 0.6, to: 1.4, height: -2.0 }];
    vec![
        plot(
            PlotKind::Scatter,
            Scale::Number,
            vec![
                ("a", Marks::Points(vec![[0.0, 0.0], [5.0, 5.0], [10.0, 10.0]])),
                ("b", Marks::Points(vec![[2.0, 9.0]])),
            ],
        ),
        plot(PlotKind::Line, Scale::Time, vec![("a", Marks::Line(vec![[0.0, 1.0], [86_400.0, 3.0]]))]),
        plot(PlotKind::Bar, words(), vec![("", Marks::Bars(bars))]),
        plot(PlotKind::Box, words(), vec![("a", Marks::Boxes { boxes: vec![boxed], outliers: vec![[1.0, 9.0]] })]),
        plot(
            PlotKind::HeatMap,
            words(),
            vec![("n", Marks::Cells(Cells { x: steps(2), y: steps(1), values: vec![4.0, f64::NAN] }))],
        ),
        plot(PlotKind::Line, Scale::Number, Vec::new()),
    ]
}

fn found(plot: &Plot, at: [f64; 2]) -> Vec<String> {
    hovered(plot, |_| true, at, [0.3, 0.3]).map(|found| found.lines).unwrap_or_default()
}

#[test]
fn what_is_under_the_pointer_is_told_of_each_kind() {
    let [scatter, line, bar, boxed, heat, empty] = <[Plot; 6]>::try_from(samples()).unwrap();
    assert_eq!(found(&scatter, [5.1, 5.1]), ["a", "x: 5", "y: 5"]);
    assert_eq!(found(&scatter, [7.0, 5.1]), [""; 0]);
    assert_eq!(hovered(&scatter, |index| index != 0, [5.1, 5.1], [0.3; 2]), None, "what is hidden is not found");
    assert_eq!(found(&line, [86_400.1, 3.0]), ["x: 1970-01-02", "y: 3"]);
    assert_eq!(found(&bar, [0.1, 2.0]), ["x: one", "y: 5"]);
    assert_eq!(found(&bar, [1.1, -1.0]), ["x: two", "y: −2"]);
    assert_eq!(found(&bar, [1.1, 1.0]), [""; 0]);
    assert_eq!(found(&boxed, [0.1, 2.0])[..2], ["x: one", "median 3"]);
    assert_eq!(found(&boxed, [1.0, 9.1]), ["x: two", "y: 9"]);
    assert_eq!(found(&heat, [0.2, 0.0]), ["x: one", "y: −0.5 to 0.5", "told: 4"]);
    assert_eq!(found(&heat, [1.2, 0.0])[2], "told: no rows");
    assert_eq!(found(&heat, [7.0, 0.0]), [""; 0]);
    assert_eq!(found(&empty, [0.0, 0.0]), [""; 0]);
}

fn window(plot: &Plot, room: Room) -> Harness<'static> {
    let Value::Record(record) = plot.to_value() else { panic!("a plot is a record") };
    let mut plots = Plots::default();
    let ui = move |ui: &mut Ui| {
        let shown = plots.of(ui.ctx(), &record).unwrap();
        assert!(Rc::ptr_eq(&shown, &plots.of(ui.ctx(), &record).unwrap()), "it is read once");
        plot_ui(ui, &shown, room);
    };
    let mut window = Harness::builder().with_size(vec2(500.0, 320.0)).with_context_setup(theme::install).build_ui(ui);
    window.run();
    window
}

#[test]
fn every_kind_is_shown_with_its_notes_in_both_rooms() {
    for plot in samples() {
        for room in [Room::Small, Room::Large] {
            let window = window(&plot, room);
            window.get_by_label("Plot Title");
            window.get_by_label("2 rows are left out");
            assert_eq!(window.query_by_label("Fit").is_some(), room == Room::Large);
            assert_eq!(window.query_by_label("Nothing to draw").is_some(), plot.is_empty());
        }
    }
}

#[test]
fn the_wheel_zooms_and_fit_shows_all_again() {
    let mut window = window(&samples()[0], Room::Large);
    window.get_by_label("Plot Title").hover();
    window.run();
    assert!(window.query_by_label("x: 5").is_some(), "the point in the middle is told of");
    // Somewhere else, so that what is in the middle does not stay there.
    let rect = window.get_by_label("Plot Title").rect();
    let wheel = |window: &mut Harness<'_>, pos, y: f32| {
        window.event(egui::Event::PointerMoved(pos));
        window.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: vec2(0.0, y),
            phase: egui::TouchPhase::Move,
            modifiers: egui::Modifiers::NONE,
            source: egui::MouseWheelSource::Wheel,
        });
        window.run_steps(40);
        window.event(egui::Event::PointerMoved(rect.center()));
        window.run_steps(4);
    };
    wheel(&mut window, rect.right_bottom() - vec2(20.0, 60.0), 400.0);
    assert!(window.query_by_label("x: 5").is_none(), "it was zoomed elsewhere");
    window.get_by_label("Fit").click();
    window.run();
    window.get_by_label("Plot Title").hover();
    window.run();
    assert!(window.query_by_label("x: 5").is_some());
}

#[test]
fn a_series_is_hidden_with_a_click_on_its_name() {
    let mut window = window(&samples()[0], Room::Large);
    let tells = |window: &mut Harness<'_>| {
        window.get_by_label("Plot Title").hover();
        window.run();
        window.query_by_label("x: 5").is_some()
    };
    assert!(tells(&mut window));
    window.get_by_label("Series a").click();
    window.run();
    assert!(!tells(&mut window));
    window.get_by_label("Series a").click();
    window.run();
    assert!(tells(&mut window));
}

#[test]
fn plots_seen_long_ago_are_let_go_and_other_records_are_none() {
    let ctx = egui::Context::default();
    let mut plots = Plots::default();
    let record = |plot: &Plot| match plot.to_value() {
        Value::Record(record) => record,
        _ => panic!("a plot is a record"),
    };
    for _ in 0..MAX_PLOTS + 5 {
        assert!(plots.of(&ctx, &record(&samples()[0])).is_some());
    }
    assert_eq!(plots.known.len(), MAX_PLOTS);
    assert!(plots.of(&ctx, &Arc::new(Record::from_iter([("plot", Value::text("line"))]))).is_none());
    assert_eq!(plots.known.len(), MAX_PLOTS, "what is no plot is not kept");
}
