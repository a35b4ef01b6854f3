//! An order of work, kept up to date while wires come and go: whether a wire would close a circle is found by looking at what
//! it reorders, not at all that feeds it (Pearce and Kelly 2007).

use std::{
    collections::{BTreeMap, HashMap},
    sync::OnceLock,
};

use imbl::{OrdMap, OrdSet};

use super::{Connection, NodeId, PortId, PortRef};

/// The order of a document's nodes, made when first asked for. Every document equals every other in this.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownOrder(OnceLock<Option<Order>>);

impl PartialEq for KnownOrder {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl KnownOrder {
    /// Returns the order; `None` if there is a circle, as in a file that was edited by hand.
    pub(super) fn get(&self, connections: &OrdMap<PortRef, PortRef>) -> Option<&Order> {
        self.0.get_or_init(|| Order::new(connections)).as_ref()
    }

    /// Takes in a wire that is not there yet; returns `false`, and changes nothing, if it would close a circle. `None` if there
    /// is one already.
    pub(super) fn connect(
        &mut self,
        connections: &OrdMap<PortRef, PortRef>,
        from: &PortRef,
        to: &PortRef,
    ) -> Option<bool> {
        self.get(connections)?;
        Some(self.0.get_mut()?.as_mut()?.connect(connections, from, to))
    }

    /// Takes out a wire.
    pub(super) fn disconnect(&mut self, from: &PortRef, to: &PortRef) {
        match self.0.get_mut() {
            Some(Some(order)) => order.disconnect(from, to),
            // It may have been the one that made a circle.
            Some(None) => self.0 = OnceLock::new(),
            None => {}
        }
    }
}

/// Places of nodes: each comes after all that feed it.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// Of the nodes that are wired, or were.
    places: OrdMap<NodeId, i64>,
    /// The lowest and the highest place that was ever given.
    ends: (i64, i64),
    /// Every wire, sorted by the node it comes from.
    wires: OrdSet<Connection>,
}

impl Order {
    fn new(connections: &OrdMap<PortRef, PortRef>) -> Option<Self> {
        let mut wires: Vec<Connection> =
            connections.iter().map(|(to, from)| Connection { from: from.clone(), to: to.clone() }).collect();
        wires.sort_unstable();
        let places = places_of(&wires)?;
        Some(Self { ends: (0, places.len().cast_signed() as i64), places, wires: wires.into_iter().collect() })
    }

    /// Returns whether a node may take something from another, going by their places.
    pub(super) fn may_depend(&self, node: &NodeId, upstream: &NodeId) -> bool {
        self.places.get(node).zip(self.places.get(upstream)).is_some_and(|(place, above)| place > above)
    }

    /// Returns the wires that come from a node.
    pub(super) fn wires_from<'a>(&'a self, node: &'a NodeId) -> impl Iterator<Item = &'a Connection> {
        let lowest = |node: NodeId| PortRef { node, port: PortId::lowest() };
        let first = Connection { from: lowest(node.clone()), to: lowest(NodeId::lowest()) };
        self.wires.range(first..).take_while(move |wire| wire.from.node == *node)
    }

    fn disconnect(&mut self, from: &PortRef, to: &PortRef) {
        self.wires.remove(&Connection { from: from.clone(), to: to.clone() });
    }

    fn connect(&mut self, connections: &OrdMap<PortRef, PortRef>, from: &PortRef, to: &PortRef) -> bool {
        if from.node == to.node {
            return false;
        }
        let places = (self.places.get(&from.node).copied(), self.places.get(&to.node).copied());
        match places {
            (Some(above), Some(below)) if above > below => {
                if !self.reorder(connections, (&from.node, above), (&to.node, below)) {
                    return false;
                }
            }
            (Some(_), Some(_)) => {}
            // Both ends are outside of all that is there: wires that come in order, whether from the start or from the end,
            // move nothing.
            (above, below) => {
                if above.is_none() {
                    self.ends.0 -= 1;
                    self.places.insert(from.node.clone(), self.ends.0);
                }
                if below.is_none() {
                    self.ends.1 += 1;
                    self.places.insert(to.node.clone(), self.ends.1);
                }
            }
        }
        self.wires.insert(Connection { from: from.clone(), to: to.clone() });
        true
    }

    /// Moves nodes so that `from` comes before `to`; returns `false`, and changes nothing, if it takes something from it.
    fn reorder(
        &mut self,
        connections: &OrdMap<PortRef, PortRef>,
        (from, last): (&NodeId, i64),
        (to, first): (&NodeId, i64),
    ) -> bool {
        let range = first..=last;
        let below =
            self.reached(to, |place| range.contains(&place), |node| self.wires_from(node).map(|wire| &wire.to.node));
        if below.contains_key(&last) {
            return false;
        }
        let above = self.reached(from, |place| range.contains(&place), |node| feeding(connections, node));
        let mut free: Vec<i64> = above.keys().chain(below.keys()).copied().collect();
        free.sort_unstable();
        let moved: Vec<(NodeId, i64)> = above.into_values().chain(below.into_values()).cloned().zip(free).collect();
        self.places.extend(moved);
        true
    }

    /// Returns a node and those that are reached from it by way of places that are allowed, sorted by place.
    fn reached<'a, I: Iterator<Item = &'a NodeId>>(
        &'a self,
        start: &'a NodeId,
        is_allowed: impl Fn(i64) -> bool,
        next: impl Fn(&'a NodeId) -> I,
    ) -> BTreeMap<i64, &'a NodeId> {
        let mut reached = BTreeMap::new();
        let mut waiting = vec![start];
        while let Some(node) = waiting.pop() {
            let Some(&place) = self.places.get(node) else { continue };
            if is_allowed(place) && reached.insert(place, node).is_none() {
                waiting.extend(next(node));
            }
        }
        reached
    }
}

/// Returns the nodes that feed a node.
fn feeding<'a>(connections: &'a OrdMap<PortRef, PortRef>, node: &'a NodeId) -> impl Iterator<Item = &'a NodeId> {
    let first = PortRef { node: node.clone(), port: PortId::lowest() };
    connections.range(first..).take_while(move |(to, _)| to.node == *node).map(|(_, from)| &from.node)
}

/// Returns the places of the nodes at these wires, which are sorted by where they come from; `None` if there is a circle.
fn places_of(wires: &[Connection]) -> Option<OrdMap<NodeId, i64>> {
    let mut n_waiting: HashMap<&NodeId, usize> = HashMap::new();
    for wire in wires {
        n_waiting.entry(&wire.from.node).or_default();
        *n_waiting.entry(&wire.to.node).or_default() += 1;
    }
    let rows = || wires.chunk_by(|one, other| one.from.node == other.from.node);
    let row_of: HashMap<&NodeId, &[Connection]> = rows().map(|row| (&row[0].from.node, row)).collect();
    let mut order: Vec<&NodeId> =
        rows().map(|row| &row[0].from.node).filter(|node| n_waiting.get(node) == Some(&0)).collect();
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        for wire in row_of.get(node).copied().unwrap_or_default() {
            let waiting = n_waiting.entry(&wire.to.node).or_default();
            *waiting -= 1;
            if *waiting == 0 {
                order.push(&wire.to.node);
            }
        }
    }
    if order.len() < n_waiting.len() {
        return None;
    }
    let mut places: Vec<(NodeId, i64)> = order.into_iter().cloned().zip(1..).collect();
    places.sort_unstable();
    Some(places.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use crate::workflow::{Connection, Edit, EditError, Node, NodeId, PortId, PortRef, Position, Workflow};

    const N_NODES: usize = 8;

    fn id(node: usize) -> NodeId {
        format!("n{node}").parse().unwrap()
    }

    fn input(node: usize, port: usize) -> PortRef {
        PortRef { node: id(node), port: PortId::numbered("in", port) }
    }

    /// Returns whether `node` is `upstream` or takes anything from it, by following every wire.
    fn depends_on(workflow: &Workflow, node: &NodeId, upstream: &NodeId) -> bool {
        node == upstream || workflow.feeds_of(node).any(|(_, from)| depends_on(workflow, &from.node, upstream))
    }

    proptest! {
        #[test]
        fn a_wire_is_refused_exactly_if_it_closes_a_circle(
            edits in prop::collection::vec((0..N_NODES, 0..N_NODES, 0..3_usize, 0..5_u8), 1..120),
        ) {
            let mut workflow = Workflow::new("w");
            let node = || Arc::new(Node::new("k", Position(0.0, 0.0)));
            for node_idx in 0..N_NODES {
                workflow.apply(Edit::AddNode(id(node_idx), node())).unwrap();
            }
            for (from, to, port, what) in edits {
                match what {
                    0 => drop(workflow.apply(Edit::Disconnect(input(to, port)))),
                    1 if port == 0 => {
                        let undo = workflow.apply(Edit::RemoveNode(id(to))).unwrap();
                        prop_assert!(workflow.connections().all(|(to_end, from)| to_end.node != id(to) && from.node != id(to)));
                        workflow.apply(undo).unwrap();
                    }
                    _ => {
                        let circle = depends_on(&workflow, &id(from), &id(to));
                        prop_assert_eq!(workflow.depends_on(&id(from), &id(to)), circle);
                        let wire = Connection { from: PortRef::new(id(from), "out"), to: input(to, port) };
                        let refused = matches!(workflow.apply(Edit::Connect(wire)), Err(EditError::Cycle { .. }));
                        prop_assert_eq!(refused, circle);
                    }
                }
            }
        }
    }
}
