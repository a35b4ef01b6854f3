//! The document's nodes as numbers in an order of work: what the planner and the engine walk.

use std::{
    hash::{BuildHasher as _, RandomState},
    ops::Deref,
    sync::{Arc, LazyLock},
};

use super::{Changes, NodeId, PortId, PortRef, Rows, Workflow};

/// Nodes by index, upstream before downstream, with their wires. Indices are of this value only. Cloned in constant time.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Node ids; every node comes after all that feed it. Nodes in a circle come last and are not [`Graph::ordered`].
    pub ids: Arc<[NodeId]>,
    /// For each node its wired inputs, sorted by port.
    pub inputs: Rows<Feed>,
    /// For each node the indices of those it feeds, each once, ascending.
    pub downstream: Rows<usize>,
    /// How many nodes are in order; the others are in a circle or below one.
    pub ordered: usize,
    n_wires: usize,
    /// The indices of all nodes, sorted by id.
    by_id: Arc<Vec<u32>>,
    table: Arc<IdTable>,
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

/// A connection of nodes that exist, which are numbered in order of their ids.
struct Edge<'a> {
    to: u32,
    from: u32,
    port: &'a PortId,
    source: &'a PortRef,
}

impl Graph {
    /// Returns the graph of a workflow. Connections of nodes that do not exist are left out.
    pub fn new(workflow: &Workflow) -> Self {
        let sorted: Vec<&NodeId> = workflow.nodes().map(|(id, _)| id).collect();
        let mut table = IdTable::new(&sorted);
        let edges = edges(workflow, &sorted, &table);
        let (order, ordered) = order_of_work(sorted.len(), &edges);
        let mut by_id = vec![0; sorted.len()];
        for (&node, index) in order.iter().zip(0_u32..) {
            by_id[node as usize] = index;
        }
        table.renumber(&by_id);
        let inputs = inputs(&order, &by_id, &edges);
        Self {
            ids: order.iter().map(|&node| sorted[node as usize].clone()).collect(),
            downstream: downstream(sorted.len(), &inputs),
            inputs,
            ordered,
            n_wires: edges.len(),
            by_id: Arc::new(by_id),
            table: Arc::new(table),
        }
    }

    /// Returns the graph of a later state of the workflow in which every node has the index it had; nodes that came are behind
    /// the others. `None` if there is no such order of work, if nodes went, or if there is a circle.
    pub fn following(&self, workflow: &Workflow, changes: &Changes) -> Option<Self> {
        if !self.is_whole()
            || !changes.removed.is_empty()
            || self.inputs.is_scattered()
            || self.downstream.is_scattered()
        {
            return None;
        }
        let mut graph = self.clone();
        graph.append(&changes.added);
        for of_node in changes.inputs.chunk_by(|one, other| one.node == other.node) {
            graph.rewire(workflow, &of_node[0].node)?;
        }
        (graph.n_wires == workflow.connections().len()).then_some(graph)
    }

    /// Adds nodes behind the others, without wires.
    fn append(&mut self, added: &[NodeId]) {
        if added.is_empty() {
            return;
        }
        let n_before = self.n_nodes();
        self.ids = self.ids.iter().chain(added).cloned().collect();
        self.ordered = self.n_nodes();
        let ids = &self.ids;
        let by_id = Arc::make_mut(&mut self.by_id);
        let table = Arc::make_mut(&mut self.table);
        for index in n_before..ids.len() {
            let place = by_id.partition_point(|&known| ids[known as usize] < ids[index]);
            by_id.insert(place, index as u32);
            self.inputs.set(index, Arc::default());
            self.downstream.set(index, Arc::default());
            table.insert(index as u32, |known| &ids[known]);
        }
    }

    /// Takes over the wires of a node's inputs; `None` if one comes from a node that is not there or behind it.
    fn rewire(&mut self, workflow: &Workflow, id: &NodeId) -> Option<()> {
        let to = self.index(id)?;
        let wired = workflow.feeds_of(id).map(|(port, source)| {
            let from = self.index(&source.node).filter(|&from| from < to)?;
            let known = self.inputs[to].iter().find(|feed| feed.port == *port && feed.source == *source);
            let wire = || Arc::new(Wire { port: port.clone(), source: source.clone() });
            Some(Feed { wire: known.map_or_else(wire, |feed| Arc::clone(&feed.wire)), from })
        });
        let now: Arc<[Feed]> = wired.collect::<Option<_>>()?;
        let before: Vec<usize> = self.inputs[to].iter().map(|feed| feed.from).collect();
        self.n_wires = self.n_wires + now.len() - before.len();
        for &gone in before.iter().filter(|&&from| now.iter().all(|feed| feed.from != from)) {
            let row = self.downstream[gone].iter().copied().filter(|&below| below != to).collect();
            self.downstream.set(gone, row);
        }
        for feed in now.iter().filter(|feed| !before.contains(&feed.from)) {
            let row = &self.downstream[feed.from];
            // Another wire of this node may come from there too.
            if let Err(place) = row.binary_search(&to) {
                let row = row[..place].iter().chain([&to]).chain(&row[place..]).copied().collect();
                self.downstream.set(feed.from, row);
            }
        }
        self.inputs.set(to, now);
        Some(())
    }

    /// Returns the number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether every node has its place in the order: none is in a circle.
    pub fn is_whole(&self) -> bool {
        self.ordered == self.n_nodes()
    }

    /// Returns a node's index.
    pub fn index(&self, id: &NodeId) -> Option<usize> {
        self.table.find(id, |index| &self.ids[index]).map(|index| index as usize)
    }

    /// Returns the indices of all nodes, sorted by id.
    pub fn sorted_by_id(&self) -> impl ExactSizeIterator<Item = usize> {
        self.by_id.iter().map(|&index| index as usize)
    }

    /// Returns the number of wires.
    pub const fn n_wires(&self) -> usize {
        self.n_wires
    }

    /// Returns the nodes that depend on themselves: those without an order that such a node feeds and that feed one.
    pub fn in_a_circle(&self) -> impl Iterator<Item = &NodeId> {
        (self.ordered..self.n_nodes()).filter(|&node| self.reaches(node, node)).map(|node| &self.ids[node])
    }

    /// Returns whether a wire leads from `from` to `to`, over at least one wire.
    fn reaches(&self, from: usize, to: usize) -> bool {
        let mut seen = vec![false; self.n_nodes()];
        let mut waiting = self.downstream[from].to_vec();
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

/// Returns the connections of nodes that exist, sorted by input.
fn edges<'a>(workflow: &'a Workflow, sorted: &[&NodeId], table: &IdTable) -> Vec<Edge<'a>> {
    let mut edges = Vec::with_capacity(workflow.connections().len());
    let mut to = 0;
    for (input, output) in workflow.connections() {
        while sorted.get(to).is_some_and(|node| **node < input.node) {
            to += 1;
        }
        if sorted.get(to).is_none_or(|node| **node != input.node) {
            continue;
        }
        if let Some(from) = table.find(&output.node, |node| sorted[node]) {
            edges.push(Edge { to: to as u32, from, port: &input.port, source: output });
        }
    }
    edges
}

/// Kahn's algorithm (1962), smallest number first among the ready; those that are never ready come last. Returns how many
/// are in order, too.
fn order_of_work(n_nodes: usize, edges: &[Edge<'_>]) -> (Vec<u32>, usize) {
    let below = Rows::group(n_nodes, edges.iter().map(|edge| (edge.from, edge.to)));
    let mut n_waiting = vec![0_u32; n_nodes];
    for &to in (0..n_nodes).flat_map(|node| &below[node]) {
        n_waiting[to as usize] += 1;
    }
    let mut order: Vec<u32> = (0..n_nodes as u32).filter(|&node| n_waiting[node as usize] == 0).collect();
    order.reserve_exact(n_nodes - order.len());
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for &below in &below[node as usize] {
            n_waiting[below as usize] -= 1;
            if n_waiting[below as usize] == 0 {
                order.push(below);
            }
        }
    }
    let ordered = order.len();
    order.extend((0..n_nodes as u32).filter(|&node| n_waiting[node as usize] > 0));
    (order, ordered)
}

/// Returns the wires of each node in order of work.
fn inputs(order: &[u32], by_id: &[u32], edges: &[Edge<'_>]) -> Rows<Feed> {
    let mut starts = vec![0_u32; order.len() + 1];
    for edge in edges {
        starts[edge.to as usize + 1] += 1;
    }
    for node in 0..order.len() {
        starts[node + 1] += starts[node];
    }
    let (mut items, mut ranges) = (Vec::with_capacity(edges.len()), Vec::with_capacity(order.len()));
    for &node in order {
        let start = items.len() as u32;
        let of_node = &edges[starts[node as usize] as usize..starts[node as usize + 1] as usize];
        items.extend(of_node.iter().map(|edge| Feed {
            wire: Arc::new(Wire { port: edge.port.clone(), source: edge.source.clone() }),
            from: by_id[edge.from as usize] as usize,
        }));
        ranges.push(start..items.len() as u32);
    }
    Rows::packed(items, ranges)
}

/// Returns for each node those it feeds, each once.
fn downstream(n_nodes: usize, inputs: &Rows<Feed>) -> Rows<usize> {
    let wires = |to: usize| inputs[to].iter().map(move |feed| (feed.from as u32, to));
    // Each row is ascending: those that are the same stand side by side.
    Rows::group(n_nodes, (0..n_nodes).flat_map(wires))
}

/// Finds the numbers of ids. It holds the numbers only: the ids are where the numbers point (open addressing with linear
/// probing, at most half full).
#[derive(Clone, Debug, Default)]
struct IdTable {
    /// A power of two of them, or none.
    numbers: Vec<u32>,
    n_taken: usize,
}

const NO_NUMBER: u32 = u32::MAX;

impl IdTable {
    /// Numbers ids by their places.
    fn new(ids: &[&NodeId]) -> Self {
        let mut table = Self { numbers: vec![NO_NUMBER; (ids.len() * 2).next_power_of_two()], n_taken: 0 };
        for (id, number) in ids.iter().zip(0..) {
            table.take_slot(id, number);
        }
        table
    }

    /// Adds an id that is not there yet, given all by their numbers.
    fn insert<'a>(&mut self, number: u32, id_of: impl Fn(usize) -> &'a NodeId) {
        if (self.n_taken + 1) * 2 > self.numbers.len() {
            let known = std::mem::take(&mut self.numbers);
            *self = Self { numbers: vec![NO_NUMBER; (known.len() * 2).max(2)], n_taken: 0 };
            for number in known.into_iter().filter(|&number| number != NO_NUMBER) {
                self.take_slot(id_of(number as usize), number);
            }
        }
        self.take_slot(id_of(number as usize), number);
    }

    fn take_slot(&mut self, id: &NodeId, number: u32) {
        let mut slot = self.first_slot(id);
        while self.numbers[slot] != NO_NUMBER {
            slot = (slot + 1) % self.numbers.len();
        }
        self.numbers[slot] = number;
        self.n_taken += 1;
    }

    /// Gives each id another number.
    fn renumber(&mut self, numbers: &[u32]) {
        for number in self.numbers.iter_mut().filter(|number| **number != NO_NUMBER) {
            *number = numbers[*number as usize];
        }
    }

    fn find<'a>(&self, id: &NodeId, id_of: impl Fn(usize) -> &'a NodeId) -> Option<u32> {
        if self.numbers.is_empty() {
            return None;
        }
        let mut slot = self.first_slot(id);
        loop {
            match self.numbers[slot] {
                NO_NUMBER => return None,
                number if id_of(number as usize) == id => return Some(number),
                _ => slot = (slot + 1) % self.numbers.len(),
            }
        }
    }

    fn first_slot(&self, id: &NodeId) -> usize {
        hash(id.as_str()) as usize & (self.numbers.len() - 1)
    }
}

/// Returns a hash of a short text, another one in each process so that no file can be made to collide.
fn hash(text: &str) -> u64 {
    static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));
    let mix = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * 0x9e37_79b9_7f4a_7c15;
        (product as u64) ^ ((product >> 64) as u64)
    };
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let hash = words.iter().fold(*SEED ^ text.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(hash, u64::from_le_bytes(last))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::workflow::{Connection, Edit, Node, Position, WorkflowParts, WorkflowSettings};

    /// Returns a workflow of so many nodes with these wires, which may make circles and come from nodes that are not there.
    fn workflow(n_nodes: usize, wires: &[(usize, usize, usize)]) -> Workflow {
        let id = |node: usize| format!("n{node}").parse::<NodeId>().unwrap();
        let connection = |&(from, to, port): &(usize, usize, usize)| Connection {
            from: PortRef::new(id(from), "out"),
            to: PortRef { node: id(to), port: PortId::numbered("in", port) },
        };
        Workflow::from_parts(WorkflowParts {
            id: crate::workflow::WorkflowId::generate(),
            name: String::new(),
            next_number: 1,
            settings: WorkflowSettings::default(),
            nodes: (0..n_nodes).map(|node| (id(node), Arc::new(Node::new("k", Position(0.0, 0.0))))).collect(),
            connections: wires.iter().map(connection).collect(),
            frames: Vec::new(),
            ways: Vec::new(),
        })
    }

    /// Makes sure that a graph is that of a workflow without circles, or of one that is made from nothing.
    fn check(graph: &Graph, workflow: &Workflow) -> Result<(), TestCaseError> {
        let n_nodes = workflow.n_nodes();
        let sorted: Vec<&NodeId> = graph.sorted_by_id().map(|index| &graph.ids[index]).collect();
        prop_assert_eq!(sorted, workflow.nodes().map(|(id, _)| id).collect::<Vec<_>>());
        let mut n_wires = 0;
        for (index, id) in graph.ids.iter().enumerate() {
            prop_assert_eq!(graph.index(id), Some(index));
            let there = |output: &PortRef| workflow.node(&output.node).is_some();
            let wired: Vec<_> = workflow.feeds_of(id).filter(|(_, output)| there(output)).collect();
            let fed: Vec<_> = graph.inputs[index].iter().map(|feed| (&feed.port, &feed.source)).collect();
            prop_assert_eq!(fed, wired);
            n_wires += graph.inputs[index].len();
            for feed in &graph.inputs[index] {
                prop_assert_eq!(&graph.ids[feed.from], &feed.source.node);
                prop_assert!(index >= graph.ordered || feed.from < index);
            }
            let takes = |&to: &usize| graph.inputs[to].iter().any(|feed| feed.from == index);
            prop_assert_eq!(graph.downstream[index].to_vec(), (0..n_nodes).filter(takes).collect::<Vec<_>>());
        }
        prop_assert_eq!(n_wires, graph.n_wires());
        for index in graph.ordered..n_nodes {
            prop_assert!(graph.inputs[index].iter().any(|feed| feed.from >= graph.ordered));
        }
        prop_assert_eq!(graph.index(&"nobody".into()), None);
        Ok(())
    }

    proptest! {
        #[test]
        fn a_graph_has_the_wires_of_its_workflow(
            n_nodes in 0_usize..12,
            wires in prop::collection::vec((0_usize..14, 0_usize..14, 1_usize..4), 0..40),
        ) {
            let workflow = workflow(n_nodes, &wires);
            check(&Graph::new(&workflow), &workflow)?;
        }

        #[test]
        fn a_graph_that_follows_its_workflow_is_that_of_the_workflow(
            n_nodes in 0_usize..12,
            edits in prop::collection::vec((0_usize..14, 0_usize..14, 0_usize..4, 0..5_u8), 1..60),
        ) {
            let mut now = workflow(n_nodes, &[]);
            let (mut before, mut graph) = (now.clone(), Graph::new(&now));
            let id = |node: usize| format!("n{node}").parse::<NodeId>().unwrap();
            for (from, to, port, what) in edits {
                let input = PortRef { node: id(to), port: PortId::numbered("in", port) };
                let _refused = now.apply(match what {
                    0 => Edit::Disconnect(input),
                    1 => Edit::AddNode(id(to), Arc::new(Node::new("k", Position(0.0, 0.0)))),
                    _ => Edit::Connect(Connection { from: PortRef::new(id(from), "out"), to: input }),
                });
                // Several edits are followed at once now and then.
                if port > 0 {
                    let changes = now.changes_since(&before);
                    let keeps_places = changes.inputs.iter().all(|input| {
                        let place = |id: &NodeId| graph.index(id);
                        now.feed(input).is_none_or(|feed| place(&feed.node) < place(&input.node) && place(&feed.node).is_some())
                    });
                    let next = graph.following(&now, &changes);
                    prop_assert!(next.is_some() || !keeps_places, "wires that fit the order are followed");
                    graph = next.unwrap_or_else(|| Graph::new(&now));
                    check(&graph, &now)?;
                    before = now.clone();
                }
            }
        }
    }
}
