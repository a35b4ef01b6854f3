//! The chain of reasons as text and as JSON, for `plan` and `run`.

use std::sync::Arc;

use serde_json::json;

use super::report::decision_word;
use crate::{
    engine::{RunRequest, What, Why, name_of_node, why_in_text},
    nodes::Catalogue,
    workflow::{NodeId, Workflow},
};

/// Names the nodes of a workflow for people.
#[derive(Clone, Debug)]
pub(super) struct Names {
    workflow: Arc<Workflow>,
    catalogue: Arc<Catalogue>,
}

impl Names {
    /// Returns the names of the nodes that are to be run.
    pub(super) fn new(request: &RunRequest, catalogue: &Arc<Catalogue>) -> Self {
        Self { workflow: Arc::clone(&request.workflow), catalogue: Arc::clone(catalogue) }
    }

    /// Returns the names of a workflow's nodes.
    pub(super) fn of_workflow(workflow: &Arc<Workflow>, catalogue: &Arc<Catalogue>) -> Self {
        Self { workflow: Arc::clone(workflow), catalogue: Arc::clone(catalogue) }
    }

    /// Returns a node's name.
    pub(super) fn of(&self, node: &NodeId) -> String {
        name_of_node(&self.workflow, &self.catalogue, node)
    }
}

/// Returns a chain of reasons as text.
pub(super) fn why_as_text(chain: &[Why], names: &Names) -> String {
    why_in_text(chain, &|node| names.of(node))
}

/// Returns a chain of reasons as JSON, nearest first.
pub(super) fn why_as_json(chain: &[Why], names: &Names) -> serde_json::Value {
    chain.iter().map(|why| step_as_json(why, chain, names)).collect()
}

fn step_as_json(why: &Why, chain: &[Why], names: &Names) -> serde_json::Value {
    let name = |node: &NodeId| names.of(node);
    let reasons: Vec<_> =
        why.reasons.iter().map(|reason| json!({ "reason": reason.name(), "detail": reason.in_words(&name) })).collect();
    json!({
        "node": why.node.to_string(),
        "name": names.of(&why.node),
        "led_by": why.led_by.and_then(|led_by| chain.get(led_by)).map(|led_by| led_by.node.to_string()),
        "decision": match &why.what {
            What::Planned(decision) => Some(decision_word(decision)),
            What::Was(_) => None,
        },
        "status": match &why.what {
            What::Planned(_) => None,
            What::Was(status) => Some(status.name()),
        },
        "words": why.in_words(&name),
        "reasons": reasons,
        "released": why.released,
        "stale": why.stale,
        "warnings": why.warnings,
        "upstream": why.upstream.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
