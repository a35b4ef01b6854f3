//! The chain of reasons, in words.

use super::{Decision, NodePlan, Plan};
use crate::{
    store::{PinPolicy, Reason},
    workflow::NodeId,
};

/// Returns the chain of reasons for what is decided on a node, nearest first.
pub(super) fn chain(plan: &Plan, node: &NodeId) -> Vec<String> {
    let mut lines = Vec::new();
    let mut next = plan.get(node);
    while let Some(step) = next {
        lines.push(line(step));
        lines
            .extend(step.released.iter().map(|release| format!("The pin of {} is released: {}", step.node, release.0)));
        lines.extend(step.stale.iter().map(|stale| format!("The pin of {} is stale: {}", step.node, stale.0)));
        lines.extend(step.warnings.iter().cloned());
        next = upstream(step).and_then(|upstream| plan.get(upstream));
        if lines.len() > plan.graph().n_nodes() * 4 {
            break;
        }
    }
    lines
}

/// Returns the node upstream that a decision comes from, if it comes from one alone.
fn upstream(step: &NodePlan) -> Option<&NodeId> {
    match &*step.reasons {
        [Reason::UpstreamExecutes(upstream)] => upstream.first(),
        _ => None,
    }
}

fn line(step: &NodePlan) -> String {
    let node = &step.node;
    match &step.decision {
        Decision::Execute => {
            let reasons: Vec<String> = step.reasons.iter().map(ToString::to_string).collect();
            format!("{node} runs: {}", reasons.join("; "))
        }
        Decision::Reuse { .. } if step.depends_on_releases_of.is_empty() => {
            format!("{node} reuses its results: nothing it depends on has changed")
        }
        Decision::Reuse { .. } => {
            let pins: Vec<&str> = step.depends_on_releases_of.iter().map(NodeId::as_str).collect();
            format!("{node} reuses its results, unless the pin of {} is released in the run", pins.join(", "))
        }
        Decision::Pinned { policy: PinPolicy::Hold, .. } => {
            format!("{node} is pinned: its results are kept until you unpin it")
        }
        Decision::Pinned { policy: PinPolicy::Follow, may_be_released: false } => {
            format!("{node} is pinned until something it came from changes")
        }
        Decision::Pinned { policy: PinPolicy::Follow, may_be_released: true } => {
            format!("{node} is pinned; the pin is released if other data reaches it in the run")
        }
        Decision::Disabled => format!("{node} is disabled"),
        Decision::NotRun(why) => format!("{node} does not run: {why}"),
        Decision::CannotRun(why) => format!("{node} cannot run: {why}"),
    }
}
