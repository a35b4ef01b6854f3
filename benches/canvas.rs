//! The canvas: what a frame costs (run and tessellate, no graphics card), each figure beside its target and beside a bound that
//! was measured in the same run: egui drawing as many bare rectangles and curves.
//!
//! `cargo bench --bench canvas -- [--quick] [--only WORDS]`. A window of 1920 × 1080 points, a layered graph with two wires a
//! node and two parameters shown, everything executed once and the plan shown. In the first graph a node's inputs come from
//! nearby rows, as after tidying; in the second from any rows of the layer before. The median counts; beside it the slowest
//! frame of the hundredth part that took longest. Machines are shared and differ: the ratio to the bound says most.
//!
//! Without `--bench`, which cargo passes to a bench and not to a test, only 1,000 nodes are shown, a few frames of each.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on panics")]

#[path = "canvas/bound.rs"]
mod bound;
#[path = "canvas/graph.rs"]
mod graph;
#[path = "canvas/hand.rs"]
mod hand;
#[path = "canvas/stage.rs"]
mod stage;
#[path = "canvas/table.rs"]
mod table;

use std::time::Instant;

use clap::Parser as _;

use self::{
    graph::Inputs,
    hand::Gesture,
    stage::Stage,
    table::{Row, Table, Times},
};

// The program's own allocator, so that the figures are the program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The zoom at which about 60 nodes are in view.
const NEAR: f32 = 1.0;
/// The zoom at which about 1,000 are.
const MIDDLE: f32 = 0.2166;

/// What to measure.
#[derive(Debug, clap::Parser)]
struct Arguments {
    /// 10,000 nodes only, fewer frames.
    #[arg(long)]
    quick: bool,
    /// Only rows whose name holds these words.
    #[arg(long, default_value = "")]
    only: String,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let n_frames = match (arguments.bench, arguments.quick) {
        (false, _) => 4,
        (true, true) => 60,
        (true, false) => 240,
    };
    let table = Table::new(arguments.only.clone());
    let n_nodes = if arguments.bench { 10_000 } else { 1_000 };
    for inputs in [Inputs::Nearby, Inputs::AnyRow] {
        ten_thousand(&table, inputs, n_nodes, n_frames);
    }
    if arguments.bench && !arguments.quick {
        for inputs in [Inputs::Nearby, Inputs::AnyRow] {
            hundred_thousand(&table, inputs, n_frames / 4);
        }
    }
}

fn ten_thousand(table: &Table, inputs: Inputs, n_nodes: usize, n_frames: usize) {
    let mut stage = Stage::new(graph::workflow(n_nodes, inputs));
    let of = |what: &str| format!("{what}, {}", inputs.in_words());
    for (zoom, n_seen, target, gestures) in [
        (NEAR, 60, 0.5, [Gesture::Still, Gesture::Pan, Gesture::Zoom, Gesture::DragNode, Gesture::DragWire].as_slice()),
        (MIDDLE, 1_000, 4.0, &[Gesture::Still, Gesture::Pan, Gesture::Zoom]),
    ] {
        let bound = bound::frame(n_seen, n_frames);
        for gesture in gestures {
            let name = of(&format!("{n_seen} of {n_nodes} in view, {}", gesture.in_words()));
            table.row(&name, Some(target), bound, || {
                stage.look_at_middle(zoom);
                hand::measure(&mut stage, *gesture, n_frames)
            });
        }
    }
    let bound = bound::frame(n_nodes, n_frames / 4 + 1);
    for gesture in [Gesture::Still, Gesture::Pan, Gesture::Zoom] {
        let name = of(&format!("all {n_nodes} in view, {}", gesture.in_words()));
        table.row(&name, Some(0.6), bound, || {
            stage.look_at_all();
            hand::measure(&mut stage, gesture, n_frames)
        });
    }
    for (zoom, what) in [(None, "all in view"), (Some(NEAR), "60 in view")] {
        let name = of(&format!("all {n_nodes} changing state each frame, {what}"));
        table.row(&name, Some(3.0), bound, || {
            match zoom {
                None => stage.look_at_all(),
                Some(zoom) => stage.look_at_middle(zoom),
            }
            hand::measure_run(&mut stage, n_frames / 2)
        });
    }
    table.row(&of(&format!("first frame after a node of {n_nodes} moved")), None, bound, || {
        stage.look_at_middle(NEAR);
        hand::measure_edits(&mut stage, n_frames / 4 + 1)
    });
    table.row(&of(&format!("first frame after a mark on one of {n_nodes}")), None, bound, || {
        stage.look_at_middle(NEAR);
        hand::measure_marks(&mut stage, n_frames / 4 + 1)
    });
    table.idle(&of(&format!("idle, {n_nodes}")), || {
        stage.look_at_middle(NEAR);
        stage.wants_repaint_at_rest()
    });
}

fn hundred_thousand(table: &Table, inputs: Inputs, n_frames: usize) {
    const N: usize = 100_000;
    if !table.is_asked_for("100000") {
        return;
    }
    let text = graph::text(N, inputs);
    let begin = Instant::now();
    let workflow = pinflow::workflow::parse(&text).unwrap();
    let parsed = begin.elapsed();
    let mut stage = Stage::unplanned(workflow);
    let planned = stage.plan_fresh();
    let first = stage.first_frame();
    let of = |what: &str| format!("{what}, {}", inputs.in_words());
    let row = |what: &str, time, target| Row { name: of(what), times: Times::once(time), target, bound: None };
    table.print(&row("100000: read the file", parsed, None));
    table.print(&row("100000: plan", planned, None));
    table.print(&row("100000: first frame", first, None));
    table.print(&row("100000: from the file to the first frame", parsed + planned + first, Some(1000.0)));
    stage.settle();
    let bound = bound::frame(N, 5);
    for gesture in [Gesture::Still, Gesture::Pan, Gesture::Zoom] {
        table.row(&of(&format!("all 100000 in view, {}", gesture.in_words())), Some(4.0), bound, || {
            stage.look_at_all();
            hand::measure(&mut stage, gesture, n_frames)
        });
    }
    table.row(&of("100000, 60 in view, panning"), Some(0.5), bound::frame(60, n_frames), || {
        stage.look_at_middle(NEAR);
        hand::measure(&mut stage, Gesture::Pan, n_frames)
    });
    table.row(&of("100000, first frame after a node moved"), None, bound, || hand::measure_edits(&mut stage, 10));
}
