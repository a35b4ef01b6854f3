//! `pinflow history effects`: what a run did to the world outside, and what was held back.

use serde_json::json;

use super::{
    catalogue,
    history::load_run,
    print,
    report::{deed_as_json, effect_name},
    why::Names,
};
use crate::{
    store::{Effect, RunRecord, Status, Store},
    workflow::NodeId,
};

/// Shows the effects of the run that a person named.
pub(super) fn effects(store: &Store, name: &str, is_json: bool) -> anyhow::Result<()> {
    let (_, record) = load_run(store, name)?;
    let names = Names::of_workflow(&record.header.workflow, &catalogue());
    print(&if is_json { format!("{:#}\n", as_json(&record, &names)) } else { as_text(&record, &names) })
}

/// Returns what a run did to the world outside and what was held back, as text.
fn as_text(record: &RunRecord, names: &Names) -> String {
    let mut lines = Vec::new();
    let with_effects = record.with_effects();
    for node in with_effects.iter().filter(|node| node.n_done() > 0) {
        let node = &*node.shown();
        let mut done: Vec<String> = node.deeds.iter().map(ToString::to_string).collect();
        if done.is_empty() {
            done.push("its effect took place".to_owned());
        }
        if node.deeds.n_more() > 0 {
            done.push(format!("and {} more", node.deeds.n_more()));
        }
        lines.extend(done.iter().map(|done| format!("{:<9} {:<20} {done}", "done", node.node.as_str())));
    }
    for node in with_effects.iter().filter(|node| node.effect == Effect::HeldBack) {
        let why = node.status.held_back_in_words(&|node| names.of(node));
        lines.push(format!("{:<9} {:<20} {why}", "held back", node.node.as_str()));
    }
    if record.nodes().any(|node| node.status == Status::Interrupted) {
        lines.push("the run was interrupted: what was done just before that is not known".to_owned());
    }
    if lines.is_empty() {
        lines.push("nothing was done to the world outside".to_owned());
    }
    lines.join("\n") + "\n"
}

/// Returns what a run did to the world outside and what was held back, as JSON.
fn as_json(record: &RunRecord, names: &Names) -> serde_json::Value {
    let name = |node: &NodeId| names.of(node);
    let with_effects = record.with_effects();
    let nodes = with_effects.iter().map(|node| {
        let node = &*node.shown();
        json!({
            "node": node.node.to_string(),
            "name": names.of(&node.node),
            "effect": effect_name(node.effect),
            "why": (node.effect == Effect::HeldBack).then(|| node.status.held_back_in_words(&name)),
            "effects": node.deeds.iter().map(deed_as_json).collect::<Vec<_>>(),
            "more_effects": node.deeds.n_more(),
        })
    });
    json!({ "run": record.header.id.to_string(), "nodes": nodes.collect::<Vec<_>>() })
}
