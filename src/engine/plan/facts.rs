//! What can be said of nodes without marks, baseline or probes: looked up once and kept as long as the node is the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    panic::resume_unwind,
    sync::Arc,
    thread,
};

use imbl::OrdMap;
use smallvec::SmallVec;

use super::{chunks::Chunks, decide::missing_input};
use crate::{
    nodes::{
        Cacheability, Catalogue, Kind, Loops, NodeWithKind, ResolvedParameters, nodes_with_kinds, problems_of_node,
        problems_of_wires,
    },
    value::{Fingerprint, FingerprintBuilder},
    workflow::{Graph, Node, NodeId, Problem, Severity, Workflow},
};

/// A node with its kind.
#[derive(Debug)]
pub(in crate::engine) struct Facts {
    pub(in crate::engine) node: Arc<Node>,
    /// `None` if this program does not know it.
    pub(in crate::engine) kind: Option<Arc<Kind>>,
    /// The fingerprint of kind, version and parameters.
    pub(in crate::engine) config: Fingerprint,
    pub(in crate::engine) side_effect: bool,
    pub(in crate::engine) uncacheable: bool,
    /// Whether it has what it needs if something comes by each of its wires.
    pub(super) has_wires_it_needs: bool,
    /// Why it cannot run.
    pub(in crate::engine) error: Option<String>,
}

/// A node's facts, and what is wrong with it.
pub(super) type FactsAndProblems = (Arc<Facts>, Vec<Problem>);

/// A workflow made ready for planning. Cloned in constant time.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Prepared {
    pub(in crate::engine) graph: Arc<Graph>,
    pub(in crate::engine) loops: Arc<Loops>,
    pub(in crate::engine) facts: Chunks<Arc<Facts>>,
    /// By node, where there are any.
    pub(super) node_problems: OrdMap<NodeId, Arc<[Problem]>>,
    pub(super) wire_problems: Arc<[Problem]>,
    /// The first error that wires give a node.
    pub(super) wire_errors: Arc<BTreeMap<NodeId, String>>,
    pub(super) circle: Arc<BTreeSet<NodeId>>,
}

impl Prepared {
    pub(super) fn new(workflow: &Workflow, catalogue: &Catalogue) -> Self {
        let graph = Graph::new(workflow);
        let nodes = nodes_with_kinds(workflow, catalogue, &graph);
        let mut prepared = Self::without_facts(workflow, catalogue, graph, &nodes);
        let all: Vec<FactsAndProblems> =
            in_parts(nodes.len(), |part| part.map(|index| prepared.facts_of(index, nodes[index])).collect::<Vec<_>>());
        for (index, found) in all.into_iter().enumerate() {
            let facts = prepared.take_in(index, found);
            prepared.facts.push(facts);
        }
        prepared
    }

    /// Returns what can be said of the wires.
    pub(super) fn without_facts(
        workflow: &Workflow,
        catalogue: &Catalogue,
        graph: Graph,
        nodes: &[NodeWithKind<'_>],
    ) -> Self {
        let (wire_problems, loops) = problems_of_wires(workflow, catalogue, &graph, nodes);
        let mut wire_errors = BTreeMap::new();
        for problem in wire_problems.iter().filter(|problem| problem.severity == Severity::Error) {
            if let Some(node) = problem.location.node() {
                wire_errors.entry(node.clone()).or_insert_with(|| problem.message.clone());
            }
        }
        let circle = if graph.is_whole() { BTreeSet::new() } else { graph.in_a_circle().cloned().collect() };
        Self {
            graph: Arc::new(graph),
            loops: Arc::new(loops),
            facts: Chunks::default(),
            node_problems: OrdMap::new(),
            wire_problems: wire_problems.into(),
            wire_errors: Arc::new(wire_errors),
            circle: Arc::new(circle),
        }
    }

    /// Takes in a node that was changed, or the next one behind the others.
    pub(super) fn update(&mut self, workflow: &Workflow, catalogue: &Catalogue, index: usize) {
        if let Some(node) = workflow.node(&self.graph.ids[index]) {
            let found = self.facts_of(index, (node, catalogue.get(&node.kind)));
            let facts = self.take_in(index, found);
            if index < self.facts.len() {
                self.facts.set(index, facts);
            } else {
                self.facts.push(facts);
            }
        }
    }

    /// Returns every problem of the workflow, sorted.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> =
            self.node_problems.values().flat_map(|problems| problems.iter().cloned()).collect();
        problems.extend(self.wire_problems.iter().cloned());
        problems.sort();
        problems
    }

    /// Keeps what was found out of a node.
    pub(super) fn take_in(&mut self, index: usize, (facts, problems): FactsAndProblems) -> Arc<Facts> {
        let id = &self.graph.ids[index];
        if !problems.is_empty() {
            self.node_problems.insert(id.clone(), problems.into());
        } else if !self.node_problems.is_empty() {
            self.node_problems.remove(id);
        }
        facts
    }

    pub(super) fn facts_of(&self, index: usize, (node, kind): NodeWithKind<'_>) -> FactsAndProblems {
        let problems = problems_of_node(&self.graph, index, node, kind.map(|kind| &**kind));
        let error = self.error(index, kind.is_some(), &problems);
        let parameters = kind.map(|kind| (kind, ResolvedParameters::new(&kind.parameters, node)));
        let facts = Facts {
            node: Arc::clone(node),
            kind: kind.map(Arc::clone),
            config: config(kind.map(|kind| &**kind), node),
            side_effect: parameters.is_some_and(|(kind, parameters)| (kind.side_effect)(&parameters)),
            uncacheable: parameters
                .is_some_and(|(kind, parameters)| (kind.cacheability)(&parameters) == Cacheability::Never),
            has_wires_it_needs: kind.is_some_and(|kind| {
                let wires = self.graph.inputs[index].iter().map(|feed| (&feed.port, None));
                missing_input(kind, &wires.collect::<SmallVec<[_; 4]>>()).is_none()
            }),
            error,
        };
        (Arc::new(facts), problems)
    }

    fn error(&self, index: usize, kind_is_known: bool, problems: &[Problem]) -> Option<String> {
        let id = &self.graph.ids[index];
        if index >= self.graph.ordered && self.circle.contains(id) {
            return Some("it depends on itself: remove one of the connections of the circle".to_owned());
        }
        if index >= self.graph.ordered && kind_is_known {
            return Some("it takes something from nodes that depend on themselves".to_owned());
        }
        let own = problems.iter().find(|problem| problem.severity == Severity::Error);
        own.map(|problem| problem.message.clone()).or_else(|| self.wire_error(id))
    }
}

impl Prepared {
    fn wire_error(&self, id: &NodeId) -> Option<String> {
        if self.wire_errors.is_empty() { None } else { self.wire_errors.get(id).cloned() }
    }
}

/// How many nodes are worth a thread of their own.
const MIN_FOR_A_THREAD: usize = 2_500;

/// How many threads find out of nodes at most: memory is what limits them.
const MAX_THREADS: usize = 4;

/// Does work on parts of a range, of many nodes at once; returns the results in order.
fn in_parts<T: Send>(n_items: usize, work: impl Fn(Range<usize>) -> Vec<T> + Sync) -> Vec<T> {
    let n_threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let n_in_part = n_items.div_ceil(n_threads).max(MIN_FOR_A_THREAD);
    let mut parts = (0..n_items).step_by(n_in_part).map(|start| start..n_items.min(start + n_in_part));
    let first = parts.next().unwrap_or_default();
    thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        let mut results = work(first);
        results.reserve_exact(n_items - results.len());
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        results
    })
}

/// Returns the fingerprint of a node's kind, the kind's version and the parameters in force.
fn config(kind: Option<&Kind>, node: &Node) -> Fingerprint {
    let mut builder = FingerprintBuilder::new("config");
    builder.text(node.kind.as_str());
    if let Some(kind) = kind {
        builder.number(u64::from(kind.version));
        ResolvedParameters::new(&kind.parameters, node).add_to(&mut builder);
    } else {
        for (parameter, value) in &node.parameters {
            builder.text(parameter.as_str()).value(value);
        }
    }
    for port in node.settings.added_outputs() {
        builder.text(port.as_str());
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_in_parts_comes_back_in_order() {
        for n_items in [0, 1, MIN_FOR_A_THREAD, MIN_FOR_A_THREAD + 1, 5 * MIN_FOR_A_THREAD + 7] {
            assert!(in_parts(n_items, Iterator::collect::<Vec<_>>).into_iter().eq(0..n_items));
        }
    }
}
