//! Marks, by menu and by pin icon.

use egui_kittest::kittest::Queryable as _;

use super::small_app::{SmallApp, Window, choose, selection, three, window, window_of};
use crate::{
    editor::{Command, MarkRequest},
    engine::{Decision, Release, Staleness},
    session::{Mark, PinPolicy},
    store::{RunKind, Status},
    value::Value,
    workflow::NodeId,
};

fn marked(window: &Window) -> Option<(Vec<&str>, MarkRequest)> {
    match window.state().commands.last() {
        Some(Command::Mark(nodes, request)) => Some((nodes.iter().map(NodeId::as_str).collect(), *request)),
        _ => None,
    }
}

#[test]
fn a_right_click_selects_and_its_menu_pins() {
    let mut window = window(three());
    choose(&mut window, "Node Reader", "Pin Results");
    assert_eq!(selection(&window), ["reader"]);
    assert_eq!(marked(&window), Some((vec!["reader"], MarkRequest::Pin(PinPolicy::Hold))));
    assert!(window.query_by_label("Pin Results").is_none(), "the menu closes");
}

#[test]
fn the_menu_acts_on_the_selection_the_node_belongs_to() {
    let mut app = SmallApp::new(three());
    app.selection = ["reader".into(), "keeper".into()].into();
    let mut window = window_of(app);
    choose(&mut window, "Node Reader", "Force Execution");
    assert_eq!(marked(&window), Some((vec!["keeper", "reader"], MarkRequest::ToggleForce)));
    choose(&mut window, "Node Letter", "Disable");
    assert_eq!(marked(&window), Some((vec!["letter"], MarkRequest::ToggleDisable)));
}

#[test]
fn every_item_asks_for_what_it_says() {
    for (item, request) in [
        ("Pin until something changes", MarkRequest::Pin(PinPolicy::Follow)),
        ("Unpin downstream", MarkRequest::UnpinDownstream),
        ("Disable", MarkRequest::ToggleDisable),
    ] {
        let mut window = window(three());
        choose(&mut window, "Node Keeper", item);
        assert_eq!(marked(&window), Some((vec!["keeper"], request)), "{item}");
    }
    let commands = |item| {
        let mut window = window(three());
        choose(&mut window, "Node Keeper", item);
        window.state().commands.clone()
    };
    assert!(matches!(&commands("Run to here")[..], [_, Command::RunTo(RunKind::Standard, nodes)] if nodes.len() == 1));
    assert!(matches!(&commands("Resume to here")[..], [_, Command::RunTo(RunKind::Resumed, _)]));
    assert!(matches!(&commands("Duplicate")[..], [Command::Select(_), Command::Duplicate]));
    assert!(matches!(&commands("Copy")[..], [Command::Select(_), Command::Copy]));
    assert!(matches!(&commands("Delete")[..], [Command::Select(_), Command::DeleteSelected]));
}

#[test]
fn marks_that_are_set_can_be_taken_back() {
    let mut app = SmallApp::new(three());
    app.marks.set("reader".into(), Mark::armed(PinPolicy::Hold));
    app.marks.set("keeper".into(), Mark::Forced);
    app.marks.set("letter".into(), Mark::Disabled);
    let mut window = window_of(app);
    for (node, item, request) in [
        ("Node Reader", "Unpin", MarkRequest::Unpin),
        ("Node Keeper", "Do not force", MarkRequest::ToggleForce),
        ("Node Letter", "Enable", MarkRequest::ToggleDisable),
    ] {
        choose(&mut window, node, item);
        assert_eq!(marked(&window).map(|(_, request)| request), Some(request));
    }
}

#[test]
fn a_stale_pin_can_be_kept_or_refreshed() {
    let mut app = SmallApp::new(three());
    app.settle("reader", Status::Executed, Value::Int(1));
    app.pin("reader", PinPolicy::Hold);
    app.show_plan(|_| (Decision::Execute, Vec::new()));
    app.plan.change_shown(|plan| plan.stale = Some(Staleness("its File changed".to_owned())));
    let mut window = window_of(app);
    assert!(window.query_by_label_contains("stale: its File changed").is_some());
    choose(&mut window, "Node Reader", "Keep results");
    assert_eq!(marked(&window).map(|(_, request)| request), Some(MarkRequest::Keep));
    choose(&mut window, "Node Reader", "Refresh");
    assert_eq!(marked(&window).map(|(_, request)| request), Some(MarkRequest::Refresh));
}

#[test]
fn a_pin_that_lets_go_is_not_called_stale() {
    let mut app = SmallApp::new(three());
    app.settle("reader", Status::Executed, Value::Int(1));
    app.settle("keeper", Status::Executed, Value::Int(1));
    app.pin("reader", PinPolicy::Follow);
    app.pin("keeper", PinPolicy::Hold);
    app.show_plan(|_| (Decision::Execute, Vec::new()));
    app.plan.change_shown(|plan| match plan.node.as_str() {
        "reader" => plan.released = Some(Release("its File changed".to_owned())),
        "keeper" => plan.stale = Some(Staleness("At most changed".to_owned())),
        _ => {}
    });
    let window = window_of(app);
    let says = |words| window.query_by_label(words).is_some();
    assert!(says("State Reader: pin will be released, runs, released: its File changed"));
    assert!(says("State Keeper: pinned, stale, runs, stale: At most changed"));
}

#[test]
fn the_pin_icon_toggles_and_does_not_select() {
    let mut app = SmallApp::new(three());
    app.settle("reader", Status::Executed, Value::text("x"));
    let mut window = window_of(app);
    window.get_by_label("Pin icon Reader").click();
    window.run();
    assert_eq!(marked(&window), Some((vec!["reader"], MarkRequest::TogglePin)));
    assert_eq!(selection(&window), [""; 0]);
    assert!(window.query_by_label_contains("State Reader: pinned until something changes, pinned 5 min ago").is_some());
    window.get_by_label("Pin icon Reader").click();
    window.run();
    assert!(window.state().marks.is_empty());
}

#[test]
fn a_menu_renames() {
    let mut window = window(three());
    choose(&mut window, "Node Reader", "Rename");
    assert!(window.query_by_label("Title of Reader").is_some());
}
