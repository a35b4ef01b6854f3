//! What nodes, ports and wires say.

use std::{sync::Arc, time::Instant};

use egui_kittest::kittest::Queryable as _;

use super::small_app::{SmallApp, Window, center, drag_button, three, window, window_of, workflow};
use crate::{
    editor::LiveState,
    engine::Decision,
    session::{Mark, PinPolicy},
    store::{Missing, NeverRan, NotRun, Provenance, Reason, RunId, Status},
    value::Value,
};

fn says(window: &Window, words: &str) -> bool {
    window.query_by_label(words).is_some()
}

fn items(n_items: i64) -> Value {
    Value::list((0..n_items).map(Value::Int))
}

#[test]
fn a_node_says_what_came_of_it() {
    let mut app = SmallApp::new(three());
    app.settle("reader", Status::Executed, items(1204));
    app.settle("keeper", Status::Failed("no column named x\nmore".to_owned()), Value::Null);
    app.settle(
        "letter",
        Status::NotRun(NotRun::InputMissing {
            port: "body".into(),
            why: Missing::UpstreamFailed(Box::new("keeper".into())),
        }),
        Value::Null,
    );
    let mut window = window_of(app);
    assert!(says(&window, "State Reader: 12 ms · 1,204 items"));
    assert!(says(&window, "State Keeper: no column named x"));
    assert!(says(&window, "State Letter: not run: nothing on body: Keeper failed"));
    let from = Provenance::Run(RunId::generate());
    window.state_mut().settle("reader", Status::Reused { from }, items(1));
    window.run();
    assert!(says(&window, "State Reader: reused · 1 item"));
}

#[test]
fn a_node_says_what_it_is_marked() {
    let mut app = SmallApp::new(three());
    app.marks.set("reader".into(), Mark::armed(PinPolicy::Hold));
    app.marks.set("keeper".into(), Mark::Forced);
    app.marks.set("letter".into(), Mark::Disabled);
    let window = window_of(app);
    assert!(says(&window, "State Reader: to be pinned, pins what the next run gives"));
    assert!(says(&window, "State Keeper: forced, not run yet"));
    assert!(says(&window, "State Letter: disabled"));
}

#[test]
fn a_node_says_what_a_run_would_do_with_it() {
    let mut app = SmallApp::new(three());
    app.show_plan(|id| match id.as_str() {
        "reader" => (Decision::Reuse { from: Provenance::Run(RunId::generate()) }, Vec::new()),
        "keeper" => (Decision::Execute, vec![Reason::NeverRan(NeverRan::New)]),
        _ => (Decision::NotRun(NotRun::NotNeeded), Vec::new()),
    });
    let mut window = window_of(app);
    assert!(says(&window, "State Reader: reuses its results, not run yet"));
    assert!(says(&window, "State Keeper: runs, not run yet"));
    assert!(says(&window, "State Letter: does not run, not run yet"));
    let at = center(&window, "Node Keeper");
    window.hover_at(at);
    window.run();
    assert_eq!(window.state().canvas.status(), "Keeper (Filter rows): not run yet · it runs: it never ran");
    window.state_mut().show_plan = false;
    window.run();
    assert!(says(&window, "State Keeper: not run yet"));
}

#[test]
fn a_running_node_says_so_and_asks_to_be_painted_again() {
    let mut app = SmallApp::new(three());
    app.show_plan(|_| (Decision::Execute, Vec::new()));
    app.begin_run([
        ("reader", LiveState::Running { since: Instant::now(), fraction: Some(0.4), message: "row 400".to_owned() }),
        ("keeper", LiveState::Waiting),
    ]);
    let mut window = window_of(app);
    assert!(window.query_by_label_contains("· row 400").is_some());
    assert!(says(&window, "State Keeper: waiting"));
    let delay = |window: &Window| window.output().viewport_output.values().map(|view| view.repaint_delay).min();
    assert!(delay(&window).is_some_and(|delay| delay.as_millis() <= 100));
    window.state_mut().run.as_mut().unwrap().finished = Some(Instant::now());
    window.run();
    assert!(delay(&window).is_some_and(|delay| delay.as_millis() > 100));
}

#[test]
fn a_wire_pulses_once_when_its_value_arrives_and_then_nothing_moves() {
    let nodes = [("reader", "read", 100.0, 100.0), ("keeper", "filter", 450.0, 160.0)];
    let mut app = SmallApp::new(workflow(&nodes, &["reader.out -> keeper.in"]));
    app.begin_run([("reader", LiveState::Waiting), ("keeper", LiveState::Waiting)]);
    let mut window = window_of(app);
    window.ctx.all_styles_mut(|style| style.animation_time = 0.1);
    let is_alive = |window: &Window| window.state().canvas.pulses.is_alive();
    assert!(!is_alive(&window));
    let settle = |window: &mut Window| {
        window.state_mut().settle("reader", Status::Executed, items(3));
        let record = Arc::clone(window.state().baseline.get(&"reader".into()).unwrap());
        window.state_mut().run.as_mut().unwrap().nodes.insert("reader".into(), LiveState::Settled(record));
        window.step();
    };
    settle(&mut window);
    assert!(is_alive(&window));
    let delay = |window: &Window| window.output().viewport_output.values().map(|view| view.repaint_delay).min();
    assert!(delay(&window).is_some_and(|delay| delay.is_zero()));
    window.run();
    assert!(!is_alive(&window), "it has arrived");
    assert!(delay(&window).is_some_and(|delay| delay.as_secs() > 60), "nothing moves");
    window.state_mut().run.as_mut().unwrap().nodes.insert("reader".into(), LiveState::Waiting);
    window.run();
    window.ctx.all_styles_mut(|style| style.animation_time = 0.0);
    settle(&mut window);
    assert!(!is_alive(&window), "animations are turned off");
}

#[test]
fn the_view_follows_what_runs_until_it_is_moved() {
    let nodes = [("reader", "read", 100.0, 100.0), ("keeper", "filter", 4000.0, 160.0)];
    let mut app = SmallApp::new(workflow(&nodes, &["reader.out -> keeper.in"]));
    app.begin_run([(
        "keeper",
        LiveState::Running { since: Instant::now(), fraction: Some(0.4), message: String::new() },
    )]);
    let mut window = window_of(app);
    assert!(window.query_by_label("Node Keeper").is_none(), "it is off by default");
    window.state_mut().canvas.follow_running();
    window.run_steps(60);
    assert!(window.get_by_label("Node Keeper").rect().center().distance(egui::pos2(500.0, 350.0)) < 2.0);
    assert!(says(&window, "Following the running node"));
    let empty = egui::pos2(200.0, 600.0);
    drag_button(&mut window, empty, empty + egui::vec2(600.0, 0.0), egui::PointerButton::Middle);
    window.run_steps(10);
    assert!(window.get_by_label("Node Keeper").rect().center().x > 1000.0, "the hand has the last word");
    assert!(!says(&window, "Following the running node"));
}

#[test]
fn the_status_line_says_what_the_pointer_is_over() {
    let nodes = [("reader", "read", 100.0, 100.0), ("keeper", "filter", 450.0, 160.0)];
    let mut app = SmallApp::new(workflow(&nodes, &["reader.out -> keeper.in"]));
    app.settle("reader", Status::Executed, items(3));
    let mut window = window_of(app);
    for (label, words) in [
        ("Node Reader", "Reader (Read CSV): 12 ms · 3 items"),
        ("State Reader: 12 ms · 3 items", "Reader (Read CSV): 12 ms · 3 items"),
        ("Keeper input in", "Keeper input in: takes Table, fed by Reader out"),
        ("Reader output out", "Reader output out: gives Table · List of 3"),
        ("Wire Reader out to Keeper in", "Reader out to Keeper in: List of 3"),
    ] {
        let at = center(&window, label);
        window.hover_at(at);
        window.run();
        assert_eq!(window.state().canvas.status(), words);
    }
    window.hover_at(egui::pos2(900.0, 600.0));
    window.run();
    assert_eq!(window.state().canvas.status(), "");
}

#[test]
fn an_unknown_kind_is_shown_with_its_wires() {
    let nodes = [("reader", "read", 100.0, 100.0), ("oracle", "from_the_future", 450.0, 160.0)];
    let window = window(workflow(&nodes, &["reader.out -> oracle.question"]));
    assert!(window.query_by_label("Node Oracle").is_some());
    assert!(window.query_by_label("Oracle input question").is_some());
    assert!(window.query_by_label("Wire Reader out to Oracle question").is_some());
}

#[test]
fn a_title_left_open_is_the_kind_s() {
    let mut app = SmallApp::new(three());
    app.workflow.apply(crate::workflow::Edit::SetTitle("reader".into(), String::new())).unwrap();
    let window = window_of(app);
    assert!(window.query_by_label("Node Read CSV").is_some());
}
