//! Two runs side by side: which nodes decided otherwise, whose parameters and whose outputs differ.

use std::collections::BTreeSet;

use super::{ConfigChange, Kept, KeptPort, NodeRecord, RunRecord, Status, StoreError, counted};
use crate::{
    value::difference::Difference,
    workflow::{Node, NodeId, ParameterId, PortId},
};

/// Two runs side by side.
#[derive(Clone, Debug)]
pub struct RunComparison {
    /// Every node that either run knows, upstream before downstream.
    pub nodes: Vec<NodeComparison>,
}

/// A node in two runs.
#[derive(Clone, Debug)]
pub struct NodeComparison {
    /// The node.
    pub node: NodeId,
    /// What came of it in the first run, if it was in the workflow.
    pub before: Option<Side>,
    /// What came of it in the second run.
    pub after: Option<Side>,
    /// Whether something else came of it: executed and reused, failed with two errors, not run for two reasons.
    pub decided_otherwise: bool,
    /// Which parameters, settings or kind differ, by name.
    pub config: Vec<ConfigChange>,
    /// Its outputs, those of the second run first.
    pub outputs: Vec<OutputComparison>,
}

/// What came of a node in one of two runs.
#[derive(Clone, Debug)]
pub struct Side {
    /// What came of it; `None` if the run was cut off before.
    pub status: Option<Status>,
    /// Its results.
    pub results: Option<Kept>,
}

/// An output in two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputComparison {
    /// The port.
    pub port: PortId,
    /// Its value in the first run.
    pub before: Option<KeptPort>,
    /// Its value in the second run.
    pub after: Option<KeptPort>,
}

impl RunComparison {
    /// Compares two runs. No value is read for it.
    pub fn between(before: &RunRecord, after: &RunRecord) -> Self {
        let known = |run: &RunRecord| -> Vec<NodeId> {
            let in_order: Vec<NodeId> = run.nodes().map(|record| record.node.clone()).collect();
            let settled: BTreeSet<NodeId> = in_order.iter().cloned().collect();
            // Nodes without a record, which a run that was cut off has.
            let others = run.header.workflow.nodes().map(|(id, _)| id.clone()).filter(|id| !settled.contains(id));
            in_order.iter().cloned().chain(others).collect()
        };
        let mut ids = known(after);
        let there: BTreeSet<NodeId> = ids.iter().cloned().collect();
        ids.extend(known(before).into_iter().filter(|id| !there.contains(id)));
        Self { nodes: ids.into_iter().map(|node| NodeComparison::of(node, before, after)).collect() }
    }

    /// Returns the nodes in which the runs differ.
    pub fn different(&self) -> impl Iterator<Item = &NodeComparison> {
        self.nodes.iter().filter(|node| node.is_different())
    }

    /// Returns a node.
    pub fn node(&self, id: &NodeId) -> Option<&NodeComparison> {
        self.nodes.iter().find(|node| node.node == *id)
    }

    /// Returns what differs, in a sentence without a full stop.
    pub fn in_words(&self) -> String {
        let count = |test: &dyn Fn(&NodeComparison) -> bool| self.nodes.iter().filter(|node| test(node)).count();
        let nodes = |number: usize| counted(number, "node");
        let (decided, config, outputs) = (
            count(&|node| node.decided_otherwise),
            count(&|node| !node.config.is_empty()),
            count(&NodeComparison::has_other_outputs),
        );
        if self.different().next().is_none() {
            return "nothing differs".to_owned();
        }
        format!(
            "{} decided otherwise, {} with other parameters, {} with other outputs",
            nodes(decided),
            nodes(config),
            nodes(outputs)
        )
    }
}

impl NodeComparison {
    fn of(node: NodeId, before: &RunRecord, after: &RunRecord) -> Self {
        let side = |run: &RunRecord| {
            let record = run.node(&node);
            let is_there = record.is_some() || run.header.workflow.node(&node).is_some();
            is_there.then(|| Side {
                status: record.as_ref().map(|record| record.status.clone()),
                results: record.as_ref().and_then(|record| results_of(record)),
            })
        };
        let (first, second) = (side(before), side(after));
        let nodes = (before.header.workflow.node(&node), after.header.workflow.node(&node));
        let config = match nodes {
            (Some(before), Some(after)) => config_changes(before, after),
            _ => Vec::new(),
        };
        let outputs = outputs(first.as_ref(), second.as_ref());
        Self {
            decided_otherwise: decided_otherwise(first.as_ref(), second.as_ref()),
            config,
            outputs,
            before: first,
            after: second,
            node,
        }
    }

    /// Returns whether the runs differ in this node.
    pub fn is_different(&self) -> bool {
        self.decided_otherwise || !self.config.is_empty() || self.has_other_outputs()
    }

    /// Returns whether an output has another value, or has one in one of the runs only.
    pub fn has_other_outputs(&self) -> bool {
        self.outputs.iter().any(OutputComparison::is_different)
    }

    /// Reads the values of an output and compares them. Slow: not for the interface thread.
    pub fn difference(&self, port: &PortId) -> Result<Difference, StoreError> {
        let value = |side: &Option<Side>| match side.as_ref().and_then(|side| side.results.as_ref()) {
            Some(results) => results.load().map(|outputs| outputs.get(port).cloned()),
            None => Ok(None),
        };
        Ok(match (value(&self.before)?, value(&self.after)?) {
            (Some(before), Some(after)) => Difference::between(&before, &after),
            (None, Some(after)) => Difference::Words(format!("Only the second run gave a value: {}", after.preview())),
            (Some(before), None) => Difference::Words(format!("Only the first run gave a value: {}", before.preview())),
            (None, None) => Difference::None,
        })
    }
}

impl OutputComparison {
    /// Returns whether the values differ, or only one is there.
    pub fn is_different(&self) -> bool {
        let fingerprint = |port: &Option<KeptPort>| port.as_ref().map(|port| port.fingerprint);
        fingerprint(&self.before) != fingerprint(&self.after)
    }
}

fn results_of(record: &NodeRecord) -> Option<Kept> {
    record.results.clone().filter(|_| record.status.has_results())
}

/// Returns whether something else came of a node. Which run results were reused from makes no difference.
fn decided_otherwise(before: Option<&Side>, after: Option<&Side>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return true };
    match (&before.status, &after.status) {
        (Some(Status::NotRun(before)), Some(Status::NotRun(after))) => before != after,
        (Some(Status::Failed(before)), Some(Status::Failed(after))) => before != after,
        (
            Some(Status::Pinned { policy, edited, .. }),
            Some(Status::Pinned { policy: then, edited: was_edited, .. }),
        ) => policy != then || edited != was_edited,
        (Some(before), Some(after)) => before.name() != after.name(),
        (None, None) => false,
        _ => true,
    }
}

fn outputs(before: Option<&Side>, after: Option<&Side>) -> Vec<OutputComparison> {
    let ports = |side: Option<&Side>| -> Vec<KeptPort> {
        side.and_then(|side| side.results.as_ref()).map(|results| results.ports().to_vec()).unwrap_or_default()
    };
    let (mut before, after) = (ports(before), ports(after));
    let mut outputs: Vec<OutputComparison> = after
        .into_iter()
        .map(|port| {
            let then = before.iter().position(|then| then.port == port.port).map(|place| before.remove(place));
            OutputComparison { port: port.port.clone(), before: then, after: Some(port) }
        })
        .collect();
    let only_before =
        before.into_iter().map(|port| OutputComparison { port: port.port.clone(), before: Some(port), after: None });
    outputs.extend(only_before);
    outputs
}

/// Returns what differs of a node's kind, parameters and settings, by the names they have in the file.
fn config_changes(before: &Node, after: &Node) -> Vec<ConfigChange> {
    let mut changes = Vec::new();
    let mut note = |what: &str, before: String, after: String| {
        if before != after {
            changes.push(ConfigChange { what: what.to_owned(), before, after });
        }
    };
    note("kind", before.kind.to_string(), after.kind.to_string());
    let names: BTreeSet<&ParameterId> = before.parameters.keys().chain(after.parameters.keys()).collect();
    for name in names {
        let (then, now) = (before.parameters.get(name), after.parameters.get(name));
        if then.map(|value| value.fingerprint()) != now.map(|value| value.fingerprint()) {
            let shown = |value: Option<&crate::value::Value>| {
                value.map_or_else(|| "default".to_owned(), |value| value.preview())
            };
            changes.push(ConfigChange { what: name.to_string(), before: shown(then), after: shown(now) });
        }
    }
    if before.settings != after.settings {
        let shown = |node: &Node| format!("{:?}", node.settings);
        changes.push(ConfigChange { what: "settings".to_owned(), before: shown(before), after: shown(after) });
    }
    changes
}
