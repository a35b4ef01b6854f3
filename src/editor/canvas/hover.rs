//! What is under the pointer, in words: for the status line and for tooltips.

use egui::{Label, Ui};

use super::{
    canvas_frame::{CanvasFrame, PortAt},
    scene::PlacedWire,
    standing::{Standing, decision_line},
};
use crate::{
    editor::{View, theme::readable, words},
    engine::{NodePlan, why_in_lines},
    nodes::HIDDEN,
    store::Kept,
    workflow::{NodeId, PortId, PortRef},
};

/// How many lines a tooltip has at most.
const MAX_TOOLTIP_LINES: usize = 12;

/// How far a line is set in below what it explains, and how often at most.
const SET_IN: f32 = 12.0;
const MAX_SET_IN: usize = 8;

/// Returns what came out of a port last, in one line.
pub(super) fn preview(view: View<'_>, output: &PortRef) -> Option<String> {
    if view.is_sensitive(&output.node) {
        return Some(HIDDEN.to_owned());
    }
    let capture = view.marks.get(&output.node).capture();
    let record = view.baseline.get(&output.node);
    match capture {
        Some(capture) => preview_of(&capture.results, &output.port),
        None => record.and_then(|record| preview_of(record.results.as_ref()?, &output.port)),
    }
}

fn preview_of(results: &Kept, port: &PortId) -> Option<String> {
    // A value at hand is described without its fingerprint, which may take long.
    match results.shown() {
        Some(outputs) => outputs.get(port).map(|value| value.preview()),
        None => results.ports().iter().find(|known| known.port == *port).map(|known| known.preview.clone()),
    }
}

/// Returns a node in words.
pub(super) fn node_in_words(frame: &CanvasFrame<'_>, index: usize, standing: &Standing<'_>) -> String {
    let layout = frame.layout(index);
    let mut words = match &layout.kind {
        Some(kind) if kind.title != layout.title => format!("{} ({})", layout.title, kind.title),
        Some(_) => layout.title.clone(),
        None => format!("{} (unknown kind {})", layout.title, layout.node.kind),
    };
    words.push_str(": ");
    // The first reason says what would be done, too.
    match standing.plan.and_then(|plan| frame.view.plan.why_alone(&plan.node)) {
        Some(why) => {
            // The node itself is named already.
            let name = |node: &NodeId| {
                if *node == why.node { "it".to_owned() } else { frame.view.name(node) }
            };
            words.push_str(&[standing.without_plan().in_words(), why.in_words(&name)].join(" · "));
        }
        None => words.push_str(&standing.in_words()),
    }
    words
}

/// Returns a port in words.
pub(super) fn port_in_words(frame: &CanvasFrame<'_>, at: PortAt) -> String {
    let port = frame.port(at);
    let title = &frame.layout(at.node).title;
    let reference = frame.port_ref(at);
    if at.is_input {
        let source = frame.view.workflow.feed(&reference);
        let from = match source {
            Some(source) => {
                let node = words::title(frame.view.workflow, frame.view.catalogue, &source.node);
                format!(", fed by {node} {}", source.port)
            }
            None if port.required => ", not connected, required".to_owned(),
            None => ", not connected".to_owned(),
        };
        format!("{title} input {}: takes {}{from}", port.id, port.value_type)
    } else {
        let last = preview(frame.view, &reference).map(|preview| format!(" · {preview}")).unwrap_or_default();
        format!("{title} output {}: gives {}{last}", port.id, port.value_type)
    }
}

/// Returns a wire in words: its ends, then what flows.
pub(super) fn wire_in_words(frame: &CanvasFrame<'_>, index: usize) -> (String, String) {
    let wire = &frame.scene.wires[index];
    let title = |node: usize| &frame.layout(node).title;
    let ends = format!("{} {} to {} {}", title(wire.from_node), wire.from.port, title(wire.to_node), wire.to.port);
    let flows = preview(frame.view, &wire.from).unwrap_or_else(|| format!("{}, no value yet", wire.value_type));
    match wire.becomes {
        Some(taken) => (ends, format!("{flows} · becomes {taken} on the way")),
        None => (ends, flows),
    }
}

/// Returns what a wire does to the type of what flows, such as `Table → List`; `None` if it leaves it as it is.
pub(super) fn conversion_in_words(wire: &PlacedWire) -> Option<String> {
    Some(format!("{} → {}", wire.value_type, wire.becomes?))
}

/// Shows what a run would do with a node, and the whole chain of reasons.
pub(super) fn plan_tooltip_ui(ui: &mut Ui, view: View<'_>, plan: &NodePlan) {
    ui.set_max_width(360.0);
    ui.strong(readable(&decision_line(view, plan)));
    let lines = why_in_lines(&view.plan.why(&plan.node), &|node| view.name(node));
    for (depth, line) in lines.iter().take(MAX_TOOLTIP_LINES) {
        ui.horizontal_top(|ui| {
            ui.add_space(*depth.min(&MAX_SET_IN) as f32 * SET_IN);
            ui.add(Label::new(readable(line).as_ref()).wrap());
        });
    }
    if lines.len() > MAX_TOOLTIP_LINES {
        ui.weak(format!("and {} more: see Why in the inspector", lines.len() - MAX_TOOLTIP_LINES));
    }
}
