//! What can be said of nodes without marks, baseline or probes: looked up once and kept as long as the node is the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use imbl::{OrdMap, Vector};

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
    /// Why it cannot run.
    pub(in crate::engine) error: Option<String>,
}

/// A workflow made ready for planning. Cloned in constant time.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Prepared {
    pub(in crate::engine) graph: Arc<Graph>,
    pub(in crate::engine) loops: Arc<Loops>,
    pub(in crate::engine) facts: Vector<Arc<Facts>>,
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
        prepared.facts =
            nodes.into_iter().enumerate().map(|(index, node)| Arc::new(prepared.facts_of(index, node))).collect();
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
            facts: Vector::new(),
            node_problems: OrdMap::new(),
            wire_problems: wire_problems.into(),
            wire_errors: Arc::new(wire_errors),
            circle: Arc::new(circle),
        }
    }

    /// Takes in a node that was changed, or the next one behind the others.
    pub(super) fn update(&mut self, workflow: &Workflow, catalogue: &Catalogue, index: usize) {
        if let Some(node) = workflow.node(&self.graph.ids[index]) {
            let facts = Arc::new(self.facts_of(index, (node, catalogue.get(&node.kind))));
            if index < self.facts.len() {
                self.facts.set(index, facts);
            } else {
                self.facts.push_back(facts);
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

    pub(super) fn facts_of(&mut self, index: usize, (node, kind): NodeWithKind<'_>) -> Facts {
        let problems = problems_of_node(&self.graph, index, node, kind.map(|kind| &**kind));
        let error = self.error(index, kind.is_some(), &problems);
        let id = &self.graph.ids[index];
        if !problems.is_empty() {
            self.node_problems.insert(id.clone(), problems.into());
        } else if !self.node_problems.is_empty() {
            self.node_problems.remove(id);
        }
        let parameters = kind.map(|kind| (kind, ResolvedParameters::new(&kind.parameters, node)));
        Facts {
            node: Arc::clone(node),
            kind: kind.map(Arc::clone),
            config: config(kind.map(|kind| &**kind), node),
            side_effect: parameters.is_some_and(|(kind, parameters)| (kind.side_effect)(&parameters)),
            uncacheable: parameters
                .is_some_and(|(kind, parameters)| (kind.cacheability)(&parameters) == Cacheability::Never),
            error,
        }
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
