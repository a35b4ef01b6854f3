//! Wires pulse once when a value arrives on them while a run goes on.

use egui::{Pos2, Shape, Stroke};
use imbl::OrdMap;

use super::{brush::Brush, canvas_frame::CanvasFrame, course::Course};
use crate::{
    editor::{LiveState, View},
    store::{RunId, Status},
    value::ValueType,
    workflow::{NodeId, PortRef},
};

/// How long a value is on its way, in seconds.
const TRAVEL: f64 = 0.45;
/// How much of the wire is lit at a time.
const LENGTH: f32 = 0.3;
/// The most wires that pulse at a time: of more nothing could be seen.
const MAX_PULSES: usize = 200;

/// What was seen of the run, and the wires that pulse.
#[derive(Default)]
pub(super) struct Pulses {
    seen: Option<(RunId, OrdMap<NodeId, LiveState>)>,
    alive: Vec<Pulse>,
}

/// A value on its way.
struct Pulse {
    /// The input it arrives at.
    to: PortRef,
    /// In egui's time.
    begun: f64,
}

impl Pulses {
    /// Takes in what has happened since the last frame. `shows` says whether pulses are wanted and could be seen.
    pub(super) fn update(&mut self, frame: &CanvasFrame<'_>, now: f64, shows: bool) {
        self.alive.retain(|pulse| shows && now - pulse.begun < TRAVEL);
        let Some(run) = frame.view.run else { return };
        let before = self.seen.replace((run.id, run.nodes.clone()));
        // A run that was over before this was looked at is no news.
        let before = match before {
            Some((id, nodes)) if id == run.id => nodes,
            _ if run.finished.is_none() => OrdMap::new(),
            _ => return,
        };
        if !shows || before.ptr_eq(&run.nodes) {
            return;
        }
        for wire in frame.visible_wires().into_iter().map(|wire| &frame.scene.wires[wire]) {
            if self.alive.len() < MAX_PULSES && arrived(&run.nodes, &wire.from) && !arrived(&before, &wire.from) {
                self.alive.push(Pulse { to: wire.to.clone(), begun: now });
            }
        }
    }

    /// Returns whether anything moves.
    pub(super) fn is_alive(&self) -> bool {
        !self.alive.is_empty()
    }

    /// Paints what moves, on the wires.
    pub(super) fn paint(&self, brush: &Brush, frame: &CanvasFrame<'_>, now: f64) {
        for pulse in &self.alive {
            if let Some(index) = frame.scene.wire_index(&pulse.to) {
                let along = ((now - pulse.begun) / TRAVEL).clamp(0.0, 1.0) as f32;
                paint_one(brush, &frame.course(index), frame.scene.wires[index].value_type, along);
            }
        }
    }
}

/// Returns whether a node has given a value on an output in a run.
fn arrived(nodes: &OrdMap<NodeId, LiveState>, from: &PortRef) -> bool {
    let Some(LiveState::Settled(record)) = nodes.get(&from.node) else { return false };
    matches!(record.status, Status::Executed | Status::Kept { .. })
        && record.results.as_ref().is_some_and(|results| results.has_value(&from.port))
}

/// Paints a piece of a wire that has come `along` from 0 to 1: its head goes before, its tail comes after.
fn paint_one(brush: &Brush, course: &Course, value_type: ValueType, along: f32) {
    const STEPS: u8 = 12;
    let head = along * (1.0 + LENGTH);
    let (from, to) = ((head - LENGTH).max(0.0), head.min(1.0));
    let at = |step: u8| course.at(from + (to - from) * f32::from(step) / f32::from(STEPS));
    let points: Vec<Pos2> = (0..=STEPS).map(|step| brush.projection.screen_from_scene(at(step))).collect();
    let (zoom, color) = (brush.zoom(), brush.tokens.of_type(value_type));
    let wide = Stroke::new((9.0 * zoom).clamp(4.0, 14.0), color.gamma_multiply(0.35));
    let core = Stroke::new((3.0 * zoom).clamp(1.5, 6.0), brush.tokens.text);
    brush.painter.add(Shape::line(points.clone(), wide));
    brush.painter.add(Shape::line(points, core));
}

/// Returns the node that has begun last of those that execute.
pub(super) fn running(view: View<'_>) -> Option<&NodeId> {
    let run = view.run.filter(|run| run.finished.is_none())?;
    let running = run.nodes.iter().filter_map(|(id, state)| match state {
        LiveState::Running { since, .. } => Some((since, id)),
        _ => None,
    });
    running.max_by_key(|(since, _)| **since).map(|(_, id)| id)
}
