//! The document's nodes as numbers in an order of work: what the planner and the engine walk.

use std::{
    hash::{BuildHasher as _, RandomState},
    ops::{Deref, Index, Range},
    sync::{Arc, LazyLock},
};

use super::{NodeId, PortId, PortRef, Workflow};

/// Nodes by index, upstream before downstream, with their wires. Indices are of this value only.
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
    /// The indices of all nodes, sorted by id.
    by_id: Vec<u32>,
    table: IdTable,
}

/// A list for each node, all of them in one piece of memory.
#[derive(Clone, Debug)]
pub struct Rows<T> {
    items: Vec<T>,
    ranges: Vec<Range<u32>>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { items: Vec::new(), ranges: Vec::new() }
    }
}

impl<T> Index<usize> for Rows<T> {
    type Output = [T];

    fn index(&self, node: usize) -> &[T] {
        let Range { start, end } = self.ranges[node];
        &self.items[start as usize..end as usize]
    }
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
            downstream: downstream(&inputs),
            inputs,
            ordered,
            by_id,
            table,
        }
    }

    /// Returns the number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.ids.len()
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
        self.inputs.items.len()
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
    let mut n_waiting = vec![0_u32; n_nodes];
    for edge in edges {
        n_waiting[edge.to as usize] += 1;
    }
    let below = Rows::group(n_nodes, edges.iter().map(|edge| (edge.from, edge.to)));
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
    let mut inputs = Rows { items: Vec::with_capacity(edges.len()), ranges: Vec::with_capacity(order.len()) };
    for &node in order {
        let start = inputs.items.len() as u32;
        let of_node = &edges[starts[node as usize] as usize..starts[node as usize + 1] as usize];
        inputs.items.extend(of_node.iter().map(|edge| Feed {
            wire: Arc::new(Wire { port: edge.port.clone(), source: edge.source.clone() }),
            from: by_id[edge.from as usize] as usize,
        }));
        inputs.ranges.push(start..inputs.items.len() as u32);
    }
    inputs
}

/// Returns for each node those it feeds.
fn downstream(inputs: &Rows<Feed>) -> Rows<usize> {
    let wires = |to: usize| inputs[to].iter().map(move |feed| (feed.from as u32, to));
    let mut downstream = Rows::group(inputs.ranges.len(), (0..inputs.ranges.len()).flat_map(wires));
    // Each row is ascending already.
    for range in &mut downstream.ranges {
        let row = &mut downstream.items[range.start as usize..range.end as usize];
        let mut n_kept = 0;
        for position in 0..row.len() {
            if n_kept == 0 || row[n_kept - 1] != row[position] {
                row[n_kept] = row[position];
                n_kept += 1;
            }
        }
        range.end = range.start + n_kept as u32;
    }
    downstream
}

impl<T: Copy + Default> Rows<T> {
    /// Returns items by their rows; within a row they are in the order they come in.
    fn group(n_rows: usize, items: impl Iterator<Item = (u32, T)> + Clone) -> Self {
        let mut ranges = vec![0..0_u32; n_rows];
        let mut n_items = 0;
        for (row, _) in items.clone() {
            ranges[row as usize].end += 1;
            n_items += 1;
        }
        let mut start = 0;
        for range in &mut ranges {
            let n_in_row = range.end;
            *range = start..start;
            start += n_in_row;
        }
        let mut grouped = vec![T::default(); n_items];
        for (row, item) in items {
            let end = &mut ranges[row as usize].end;
            grouped[*end as usize] = item;
            *end += 1;
        }
        Self { items: grouped, ranges }
    }
}

/// Finds the numbers of ids. It holds the numbers only: the ids are where the numbers point (open addressing with linear
/// probing, at most half full).
#[derive(Clone, Debug, Default)]
struct IdTable {
    numbers: Vec<u32>,
}

const NO_NUMBER: u32 = u32::MAX;

impl IdTable {
    /// Numbers ids by their places.
    fn new(ids: &[&NodeId]) -> Self {
        let mut table = Self { numbers: vec![NO_NUMBER; (ids.len() * 2).next_power_of_two()] };
        for (id, number) in ids.iter().zip(0..) {
            let mut slot = table.first_slot(id);
            while table.numbers[slot] != NO_NUMBER {
                slot = (slot + 1) % table.numbers.len();
            }
            table.numbers[slot] = number;
        }
        table
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
    use crate::workflow::{Connection, Node, Position, WorkflowParts, WorkflowSettings};

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
        })
    }

    proptest! {
        #[test]
        fn a_graph_has_the_wires_of_its_workflow(
            n_nodes in 0_usize..12,
            wires in prop::collection::vec((0_usize..14, 0_usize..14, 1_usize..4), 0..40),
        ) {
            let workflow = workflow(n_nodes, &wires);
            let graph = Graph::new(&workflow);
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
        }
    }
}
