//! What the canvas looks like.

use egui::{Theme, vec2};
use egui_kittest::kittest::Queryable as _;

use super::small_app::{SmallApp, Window, builder, show, workflow};
use crate::{
    engine::{Decision, Release, Staleness},
    session::{Mark, PinPolicy},
    store::{NeverRan, Provenance, Reason, RunId, Status},
    value::Value,
    workflow::Position,
};

#[path = "../../../../tests/support/cpu_renderer.rs"]
mod cpu_renderer;

fn app() -> SmallApp {
    let nodes = [
        ("birds", "read", 60.0, 60.0),
        ("places", "read", 60.0, 240.0),
        ("large birds", "filter", 340.0, 40.0),
        ("with places", "join", 620.0, 100.0),
        ("picture", "plot", 900.0, 60.0),
        ("greeting", "text", 620.0, 330.0),
        ("letter", "mail", 900.0, 300.0),
        ("oracle", "from_the_future", 340.0, 330.0),
    ];
    let ids = nodes.map(|(id, kind, x, y)| (id.replace(' ', "_").leak() as &'static str, kind, x, y));
    let wires = [
        "birds.out -> large_birds.in",
        "large_birds.out -> with_places.left",
        "places.out -> with_places.right",
        "with_places.out -> picture.in",
        "picture.out -> letter.image",
        "greeting.out -> letter.body",
        "places.out -> oracle.question",
    ];
    let mut app = SmallApp::new(workflow(&ids, &wires));
    for (id, title) in [("large_birds", "Large birds"), ("with_places", "With places")] {
        app.workflow.apply(crate::workflow::Edit::SetTitle(id.into(), title.to_owned())).unwrap();
    }
    app.canvas.set_view(Position(580.0, 260.0), 1.0);
    app.settle("birds", Status::Executed, Value::list((0..344).map(Value::Int)));
    app.settle("places", Status::Executed, Value::list((0..3).map(Value::Int)));
    app.settle("large_birds", Status::Executed, Value::list((0..120).map(Value::Int)));
    app.settle(
        "with_places",
        Status::Failed("there is no column named specis; did you mean species?".to_owned()),
        Value::Null,
    );
    app.settle("greeting", Status::Reused { from: Provenance::Run(RunId::generate()) }, Value::text("Hello"));
    app.pin("birds", PinPolicy::Hold);
    app.pin("places", PinPolicy::Follow);
    app.pin("large_birds", PinPolicy::Hold);
    app.marks.set("picture".into(), Mark::Forced);
    app.marks.set("letter".into(), Mark::Disabled);
    app.selection = ["with_places".into()].into();
    app.show_plan(|id| match id.as_str() {
        "birds" | "places" | "large_birds" => {
            (Decision::Pinned { policy: PinPolicy::Hold, may_be_released: false }, Vec::new())
        }
        "greeting" => (Decision::Reuse { from: Provenance::Run(RunId::generate()) }, Vec::new()),
        "letter" => (Decision::Disabled, Vec::new()),
        "oracle" => (Decision::CannotRun("unknown kind".to_owned()), Vec::new()),
        _ => (Decision::Execute, vec![Reason::NeverRan(NeverRan::New)]),
    });
    app.plan.change_shown(|plan| {
        if plan.node == *"large_birds" {
            plan.stale = Some(Staleness("At most changed 500 → 1000".to_owned()));
        }
    });
    app
}

fn picture(app: SmallApp, theme: Theme) -> Window {
    let builder = builder().with_size(vec2(1160.0, 520.0)).with_theme(theme);
    show(builder.renderer(cpu_renderer::CpuRenderer::default()), app)
}

#[test]
fn the_dark_canvas_looks_as_it_did() {
    picture(app(), Theme::Dark).snapshot("canvas_dark");
}

#[test]
fn the_light_canvas_looks_as_it_did() {
    picture(app(), Theme::Light).snapshot("canvas_light");
}

#[test]
fn seen_from_afar_it_looks_as_it_did() {
    let mut app = app();
    app.canvas.set_view(Position(580.0, 260.0), 0.3);
    let builder = builder().with_size(vec2(480.0, 240.0)).with_theme(Theme::Light);
    show(builder.renderer(cpu_renderer::CpuRenderer::default()), app).snapshot("canvas_from_afar");
}

/// Every mark, side by side.
fn marked() -> SmallApp {
    let nodes = ["plain", "pinned", "stale", "released", "armed", "forced", "disabled", "failed"];
    let placed: Vec<_> = nodes
        .into_iter()
        .enumerate()
        .map(|(index, id)| (id, "filter", 40.0 + 240.0 * (index % 4) as f32, 40.0 + 170.0 * (index / 4) as f32))
        .collect();
    let mut app = SmallApp::new(workflow(&placed, &[]));
    for id in nodes {
        app.settle(id, Status::Executed, Value::list((0..9).map(Value::Int)));
    }
    app.settle("failed", Status::Failed("there is no such column".to_owned()), Value::Null);
    app.pin("pinned", PinPolicy::Hold);
    app.pin("stale", PinPolicy::Hold);
    app.pin("released", PinPolicy::Follow);
    app.marks.set("armed".into(), Mark::armed(PinPolicy::Follow));
    app.marks.set("forced".into(), Mark::Forced);
    app.marks.set("disabled".into(), Mark::Disabled);
    app.show_plan(|id| match id.as_str() {
        "pinned" | "stale" => (Decision::Pinned { policy: PinPolicy::Hold, may_be_released: false }, Vec::new()),
        "disabled" => (Decision::Disabled, Vec::new()),
        "plain" => (Decision::Reuse { from: Provenance::Run(RunId::generate()) }, Vec::new()),
        _ => (Decision::Execute, vec![Reason::NeverRan(NeverRan::New)]),
    });
    app.plan.change_shown(|plan| match plan.node.as_str() {
        "stale" => plan.stale = Some(Staleness("At most changed 500 → 1000".to_owned())),
        "released" => plan.released = Some(Release("At most changed".to_owned())),
        _ => {}
    });
    app.canvas.set_view(Position(500.0, 190.0), 1.0);
    app
}

fn picture_of_marks(theme: Theme) -> Window {
    let builder = builder().with_size(vec2(1000.0, 380.0)).with_theme(theme);
    show(builder.renderer(cpu_renderer::CpuRenderer::default()), marked())
}

#[test]
fn in_the_dark_marks_look_each_like_nothing_else() {
    picture_of_marks(Theme::Dark).snapshot("marks_dark");
}

#[test]
fn in_the_light_marks_look_each_like_nothing_else() {
    picture_of_marks(Theme::Light).snapshot("marks_light");
}

fn marks_from_afar(zoom: f32) -> Window {
    let mut app = marked();
    app.canvas.set_view(Position(500.0, 190.0), zoom);
    let builder = builder().with_size(vec2(340.0, 140.0)).with_theme(Theme::Dark);
    show(builder.renderer(cpu_renderer::CpuRenderer::default()), app)
}

#[test]
fn marks_are_told_apart_on_blocks_with_titles() {
    marks_from_afar(0.3).snapshot("marks_as_titles");
}

#[test]
fn marks_are_told_apart_on_blocks() {
    marks_from_afar(0.12).snapshot("marks_as_blocks");
}

#[test]
fn the_way_a_reason_came_is_lit_up() {
    let mut app = app();
    for id in ["birds", "places", "large_birds", "picture", "letter"] {
        app.marks.set(id.into(), Mark::Default);
    }
    app.show_plan(|id| match id.as_str() {
        "birds" => (Decision::Execute, vec![Reason::SourceChanged(vec!["birds.csv has grown".to_owned()])]),
        "large_birds" => (Decision::Execute, vec![Reason::UpstreamExecutes(vec!["birds".into()])]),
        "with_places" => (Decision::Execute, vec![Reason::UpstreamExecutes(vec!["large_birds".into()])]),
        "picture" => (Decision::Execute, vec![Reason::UpstreamExecutes(vec!["with_places".into()])]),
        _ => (Decision::Reuse { from: Provenance::Run(RunId::generate()) }, Vec::new()),
    });
    app.selection.clear();
    let mut window = picture(app, Theme::Dark);
    let badge = window.get_by_label("Plan Picture: Runs").rect().center();
    window.hover_at(badge);
    window.run_steps(20);
    window.snapshot("plan_path_dark");
}
