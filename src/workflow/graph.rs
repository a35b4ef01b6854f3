//! The document's nodes as numbers in an order of work: what the planner and the engine walk.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use super::{NodeId, PortId, PortRef, Workflow};

/// Nodes by index, upstream before downstream, with their wires. Indices are of this value only.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Node ids; every node comes after all that feed it. Nodes in a circle come last and are not [`Graph::ordered`].
    pub ids: Arc<[NodeId]>,
    /// For each node its wired inputs, sorted by port.
    pub inputs: Vec<Vec<Feed>>,
    /// For each node the indices of those it feeds, each once, ascending.
    pub downstream: Vec<Vec<usize>>,
    /// How many nodes are in order; the others are in a circle or below one.
    pub ordered: usize,
    indices: BTreeMap<NodeId, usize>,
}

/// An input and the output wired to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The input.
    pub port: PortId,
    /// The output.
    pub source: PortRef,
}

/// What feeds an input. The wire is shared: every record of the node has it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// The input and the output.
    pub wire: Arc<Wire>,
    /// The index of the node that feeds it.
    pub from: usize,
}

impl Deref for Feed {
    type Target = Wire;

    fn deref(&self) -> &Wire {
        &self.wire
    }
}

impl Graph {
    /// Returns the graph of a workflow. Connections of nodes that do not exist are left out.
    pub fn new(workflow: &Workflow) -> Self {
        let by_id: BTreeMap<&NodeId, usize> = workflow.nodes().map(|(id, _)| id).zip(0..).collect();
        let n_nodes = by_id.len();
        let mut n_waiting = vec![0_usize; n_nodes];
        let mut downstream = vec![Vec::new(); n_nodes];
        for (to, from) in workflow.connections() {
            if let (Some(&to), Some(&from)) = (by_id.get(&to.node), by_id.get(&from.node)) {
                n_waiting[to] += 1;
                downstream[from].push(to);
            }
        }
        let order = topological_order(n_waiting, &downstream);
        let ordered = order.iter().position(Option::is_none).unwrap_or(n_nodes);
        Self::with_order(workflow, &by_id, &complete(&order, n_nodes), ordered)
    }

    fn with_order(workflow: &Workflow, by_id: &BTreeMap<&NodeId, usize>, order: &[usize], ordered: usize) -> Self {
        let all: Vec<&NodeId> = by_id.keys().copied().collect();
        let ids: Arc<[NodeId]> = order.iter().map(|&index| all[index].clone()).collect();
        let indices: BTreeMap<NodeId, usize> = ids.iter().cloned().zip(0..).collect();
        let mut graph = Self {
            inputs: vec![Vec::new(); ids.len()],
            downstream: vec![Vec::new(); ids.len()],
            ids,
            ordered,
            indices,
        };
        for (to, from) in workflow.connections() {
            if let (Some(to_index), Some(from_index)) = (graph.index(&to.node), graph.index(&from.node)) {
                let wire = Arc::new(Wire { port: to.port.clone(), source: from.clone() });
                graph.inputs[to_index].push(Feed { wire, from: from_index });
                graph.downstream[from_index].push(to_index);
            }
        }
        for downstream in &mut graph.downstream {
            downstream.sort_unstable();
            downstream.dedup();
        }
        graph
    }

    /// Returns the number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.ids.len()
    }

    /// Returns a node's index.
    pub fn index(&self, id: &NodeId) -> Option<usize> {
        self.indices.get(id).copied()
    }

    /// Returns the nodes that depend on themselves: those without an order that such a node feeds and that feed one.
    pub fn in_a_circle(&self) -> impl Iterator<Item = &NodeId> {
        (self.ordered..self.n_nodes()).filter(|&node| self.reaches(node, node)).map(|node| &self.ids[node])
    }

    /// Returns whether a wire leads from `from` to `to`, over at least one wire.
    fn reaches(&self, from: usize, to: usize) -> bool {
        let mut seen = vec![false; self.n_nodes()];
        let mut waiting = self.downstream[from].clone();
        while let Some(next) = waiting.pop() {
            if next == to {
                return true;
            }
            if !std::mem::replace(&mut seen[next], true) {
                waiting.extend(&self.downstream[next]);
            }
        }
        false
    }
}

/// Kahn's algorithm (1962), smallest index first among the ready; `None` for each node that is never ready.
fn topological_order(mut n_waiting: Vec<usize>, downstream: &[Vec<usize>]) -> Vec<Option<usize>> {
    let mut ready: std::collections::VecDeque<usize> =
        (0..n_waiting.len()).filter(|&node| n_waiting[node] == 0).collect();
    let mut order = Vec::with_capacity(n_waiting.len());
    while let Some(node) = ready.pop_front() {
        order.push(Some(node));
        for &next in &downstream[node] {
            n_waiting[next] -= 1;
            if n_waiting[next] == 0 {
                ready.push_back(next);
            }
        }
    }
    order.resize(n_waiting.len(), None);
    order
}

/// Appends the nodes that have no place in the order.
fn complete(order: &[Option<usize>], n_nodes: usize) -> Vec<usize> {
    let mut placed = vec![false; n_nodes];
    let mut all: Vec<usize> = order.iter().copied().flatten().collect();
    for &node in &all {
        placed[node] = true;
    }
    all.extend((0..n_nodes).filter(|&node| !placed[node]));
    all
}
