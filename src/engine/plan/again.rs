//! Making a workflow ready from what was known of an earlier state of it: nodes and wires that are as they were cost nothing.

use std::{cmp::Ordering, sync::Arc};

use super::facts::Prepared;
use crate::{
    nodes::{Catalogue, NodeWithKind, Role, nodes_with_kinds, wire_fits},
    workflow::{Changes, Graph, Workflow},
};

/// A workflow made ready again.
pub(super) struct Again {
    pub(super) prepared: Prepared,
    /// The nodes that are not what they were, by themselves or by their wires.
    pub(super) changed: Vec<usize>,
    /// For each node where it was before, if it was there; `None`: each is where it was, those that came are behind the others.
    pub(super) moved: Option<Vec<Option<usize>>>,
}

/// How many differences from an earlier state are worth following, beside a fraction of the nodes.
const FEW: usize = 64;

impl Prepared {
    /// Returns a later state of the workflow made ready; `None` if that is to be done from nothing.
    pub(super) fn again(&self, before: &Workflow, workflow: &Workflow, catalogue: &Catalogue) -> Option<Again> {
        let changes = workflow.changes_since(before);
        if changes.len() > FEW + workflow.n_nodes() / 8 {
            return None;
        }
        let keeps_ports = changes.nodes.iter().all(|id| {
            let (before, now) = (before.node(id), workflow.node(id));
            before.zip(now).is_some_and(|(before, now)| {
                before.kind == now.kind && before.settings.added_outputs().eq(now.settings.added_outputs())
            })
        });
        let in_place = if !keeps_ports {
            None
        } else if changes.is_of_nodes_only() {
            Some(self.clone())
        } else {
            self.rewired(workflow, catalogue, &changes)
        };
        match in_place {
            Some(prepared) => Some(prepared.with_changed(workflow, catalogue, &changes)),
            None => self.moved(workflow, catalogue, &changes),
        }
    }

    /// Takes in what has changed; nodes are where they were.
    fn with_changed(mut self, workflow: &Workflow, catalogue: &Catalogue, changes: &Changes) -> Again {
        let fed = changes.inputs.iter().map(|input| &input.node);
        let nodes = changes.nodes.iter().chain(fed).chain(&changes.added);
        let mut changed: Vec<usize> = nodes.filter_map(|id| self.graph.index(id)).collect();
        changed.sort_unstable();
        changed.dedup();
        for &index in &changed {
            self.update(workflow, catalogue, index);
        }
        Again { prepared: self, changed, moved: None }
    }

    /// Returns the workflow with its wires as they are now, if nodes can stay where they were and all wires are right.
    fn rewired(&self, workflow: &Workflow, catalogue: &Catalogue, changes: &Changes) -> Option<Self> {
        if !self.loops.is_empty() || !self.wire_problems.is_empty() {
            return None;
        }
        let graph = self.graph.following(workflow, changes)?;
        let node = |index: usize| -> Option<NodeWithKind<'_>> {
            let node = workflow.node(&graph.ids[index])?;
            Some((node, catalogue.get(&node.kind)))
        };
        let is_plain = |index| node(index)?.1.is_none_or(|kind| kind.role == Role::Plain).then_some(());
        (self.graph.n_nodes()..graph.n_nodes()).try_for_each(is_plain)?;
        for index in changes.inputs.iter().filter_map(|input| graph.index(&input.node)) {
            let to = node(index)?;
            let fits = |from: usize, wire: &_| Some(wire_fits(node(from)?, to, wire));
            graph.inputs[index].iter().all(|feed| fits(feed.from, &feed.wire) == Some(true)).then_some(())?;
        }
        let mut loops = Arc::clone(&self.loops);
        if graph.n_nodes() > self.graph.n_nodes() {
            Arc::make_mut(&mut loops).of_node.resize(graph.n_nodes(), None);
        }
        Some(Self { graph: Arc::new(graph), loops, ..self.clone() })
    }

    /// Returns the workflow with nodes in another order of work.
    fn moved(&self, workflow: &Workflow, catalogue: &Catalogue, changes: &Changes) -> Option<Again> {
        let graph = Graph::new(workflow);
        if !self.graph.is_whole() || !graph.is_whole() {
            return None;
        }
        let moved = places_before(&self.graph, &graph);
        let nodes = nodes_with_kinds(workflow, catalogue, &graph);
        let mut prepared = Self::without_facts(workflow, catalogue, graph, &nodes);
        prepared.node_problems = self.node_problems.clone();
        for id in &changes.removed {
            prepared.node_problems.remove(id);
        }
        let fed = changes.inputs.iter().map(|input| &input.node);
        let wrong = self.wire_errors.keys().chain(prepared.wire_errors.keys());
        let ids = changes.nodes.iter().chain(fed).chain(wrong);
        let mut changed: Vec<usize> = ids.filter_map(|id| prepared.graph.index(id)).collect();
        changed.extend((0..moved.len()).filter(|&index| moved[index].is_none()));
        changed.sort_unstable();
        changed.dedup();
        let mut next_changed = changed.iter().copied().peekable();
        let facts = nodes.into_iter().zip(&moved).enumerate().map(|(index, (node, before))| {
            let has_changed = next_changed.next_if_eq(&index).is_some();
            match before {
                Some(before) if !has_changed => Arc::clone(&self.facts[*before]),
                _ => {
                    let found = prepared.facts_of(index, node);
                    prepared.take_in(index, found)
                }
            }
        });
        prepared.facts = facts.collect();
        Some(Again { prepared, changed, moved: Some(moved) })
    }
}

/// Returns for each node of a graph which it was in another one.
fn places_before(before: &Graph, now: &Graph) -> Vec<Option<usize>> {
    let mut places = vec![None; now.n_nodes()];
    let mut known = before.sorted_by_id().peekable();
    for index in now.sorted_by_id() {
        let id = &now.ids[index];
        let is_lower = |known: &usize| before.ids[*known] != *id && before.ids[*known].cmp(id) == Ordering::Less;
        while known.next_if(is_lower).is_some() {}
        places[index] = known.next_if(|&known| before.ids[known] == *id);
    }
    places
}
