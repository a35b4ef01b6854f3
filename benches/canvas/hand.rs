//! What a hand does on the canvas, frame by frame.

use std::time::{Duration, Instant};

use egui::{Event, Modifiers, PointerButton, Pos2, vec2};
use pinflow::{
    editor::{LiveState, RunProgress},
    engine::Plan,
    session::{Mark, PinPolicy},
    store::{RunId, RunKind},
    workflow::{Edit, Position},
};

use crate::{
    graph,
    stage::{SIZE, Stage},
    table::Times,
};

/// Something a hand does for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gesture {
    /// Nothing at all.
    Still,
    /// The view follows the pointer.
    Pan,
    /// The view grows and shrinks.
    Zoom,
    /// A node follows the pointer.
    DragNode,
    /// A wire follows the pointer.
    DragWire,
}

impl Gesture {
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Still => "nothing moves",
            Self::Pan => "panning",
            Self::Zoom => "zooming",
            Self::DragNode => "dragging a node",
            Self::DragWire => "dragging a wire",
        }
    }
}

fn button(pos: Pos2, button: PointerButton, pressed: bool) -> Event {
    Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE }
}

/// Measures frames of a gesture, and lets go.
pub(crate) fn measure(stage: &mut Stage, gesture: Gesture, n_frames: usize) -> Times {
    let middle = (SIZE * 0.5).to_pos2();
    for _ in 0..40 {
        stage.frame(vec![Event::PointerMoved(middle)]);
    }
    let n_nodes = stage.workflow.n_nodes();
    let node = graph::place(n_nodes / 2 + graph::ROWS / 2);
    let (at, with) = match gesture {
        Gesture::Still | Gesture::Zoom => (middle, None),
        Gesture::Pan => (middle, Some(PointerButton::Middle)),
        Gesture::DragNode => (stage.on_screen(Position(node.0 + 90.0, node.1 + 12.0)), Some(PointerButton::Primary)),
        Gesture::DragWire => (stage.on_screen(Position(node.0 + 200.0, node.1 + 48.0)), Some(PointerButton::Primary)),
    };
    stage.frame(vec![Event::PointerMoved(at)]);
    stage.frame(vec![Event::PointerMoved(at)]);
    if let Some(with) = with {
        stage.frame(vec![button(at, with, true)]);
        stage.frame(vec![Event::PointerMoved(at + vec2(8.0, 0.0))]);
    }
    let times: Vec<Duration> = (1..=n_frames).map(|frame| stage.frame(events(gesture, at, frame)).0).collect();
    if let Some(with) = with {
        stage.frame(vec![button(at, with, false)]);
    }
    Times::of(times, stage.n_vertices)
}

fn events(gesture: Gesture, at: Pos2, frame: usize) -> Vec<Event> {
    let step = frame as f32;
    match gesture {
        Gesture::Still => Vec::new(),
        // On and on, so that what comes into view is new.
        Gesture::Pan => vec![Event::PointerMoved(at + vec2(8.0 + 11.3 * step, 7.7 * step))],
        // In and out by a fifth.
        Gesture::Zoom => vec![Event::Zoom(if (frame / 8).is_multiple_of(2) { 1.02 } else { 1.0 / 1.02 })],
        Gesture::DragNode | Gesture::DragWire => {
            let turn = step * 0.05;
            vec![Event::PointerMoved(at + vec2(150.0 * turn.sin() + 8.0, 120.0 * (turn * 1.3).sin()))]
        }
    }
}

/// Measures frames in a run in which every node stands otherwise in each frame.
pub(crate) fn measure_run(stage: &mut Stage, n_frames: usize) -> Times {
    let ids: Vec<_> = stage.workflow.nodes().map(|(id, _)| id.clone()).collect();
    let records: Vec<_> = ids.iter().map(|id| std::sync::Arc::clone(stage.baseline.get(id).unwrap())).collect();
    stage.frame(Vec::new());
    let times = (0..n_frames + 3).map(|frame| {
        let state = |index: usize| match (index + frame) % 4 {
            0 => LiveState::Waiting,
            1 => LiveState::Running { since: Instant::now(), fraction: Some(0.2), message: String::new() },
            2 => LiveState::Running { since: Instant::now(), fraction: Some(0.8), message: "on".to_owned() },
            _ => LiveState::Settled(std::sync::Arc::new(records[index].as_ref().clone())),
        };
        let nodes = ids.iter().enumerate().map(|(index, id)| (id.clone(), state(index))).collect();
        stage.run = Some(progress(nodes));
        stage.frame(Vec::new()).0
    });
    let times: Vec<Duration> = times.collect();
    stage.run = None;
    Times::of(times[3..].to_vec(), stage.n_vertices)
}

/// Measures the frame after a node was moved.
pub(crate) fn measure_edits(stage: &mut Stage, n_frames: usize) -> Times {
    let node = graph::id(stage.workflow.n_nodes() / 2 + graph::ROWS / 2);
    let place = graph::place(stage.workflow.n_nodes() / 2 + graph::ROWS / 2);
    stage.frame(Vec::new());
    let times = (1..=n_frames).map(|step| {
        let to = Position(place.0 + step as f32 % 7.0 * 10.0, place.1);
        stage.workflow.apply(Edit::MoveNodes(vec![(node.clone(), to)])).unwrap();
        stage.revision += 1;
        stage.frame(Vec::new()).0
    });
    let times: Vec<Duration> = times.collect();
    Times::of(times, stage.n_vertices)
}

/// Measures the frame after a mark was set or removed.
pub(crate) fn measure_marks(stage: &mut Stage, n_frames: usize) -> Times {
    let node = graph::id(stage.workflow.n_nodes() / 2 + graph::ROWS / 2);
    let pin = Mark::pin(PinPolicy::Hold, stage.baseline.get(&node).map(AsRef::as_ref));
    stage.frame(Vec::new());
    let times = (0..n_frames).map(|step| {
        stage.marks.set(node.clone(), if step % 2 == 0 { pin.clone() } else { Mark::Default });
        stage.frame(Vec::new()).0
    });
    let times: Vec<Duration> = times.collect();
    let times = Times::of(times, stage.n_vertices);
    stage.marks.set(node.clone(), Mark::Default);
    times
}

fn progress(nodes: std::collections::BTreeMap<pinflow::workflow::NodeId, LiveState>) -> RunProgress {
    RunProgress {
        id: RunId::generate(),
        kind: RunKind::Standard,
        plan: Plan::default(),
        started: Instant::now(),
        finished: None,
        n_pins: 0,
        n_to_execute: nodes.len(),
        n_executed: 0,
        nodes: nodes.into_iter().collect(),
        pause: None,
        paused_for: Duration::ZERO,
        changed: std::collections::BTreeMap::new(),
        loops: std::collections::BTreeMap::new(),
    }
}
