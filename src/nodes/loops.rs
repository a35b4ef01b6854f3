//! Which nodes make up the loops of a graph, and which of them cannot.
//!
//! What a head gives for each iteration is inside its loop, and so is everything downstream of that, up to a Collect or
//! Next. What those give, and a head's `done`, is there once the loop has ended: it is in the loop around, if any.
//! This module walks a [`Graph`] and knows nothing of parameters, values or runs.

mod faults;

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
};

pub(super) use self::faults::Fault;
use super::Role;
use crate::workflow::{Feed, Graph};

/// The loops of a graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loops {
    /// The loops; one comes after the loop around it.
    pub loops: Vec<Loop>,
    /// For each node the innermost loop in which it executes once an iteration. A Collect or Next belongs to the loop it
    /// closes, a head to the loop around its own.
    pub of_node: Vec<Option<usize>>,
}

/// One loop: a head and what executes once an iteration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// The For Each or Repeat.
    pub head: usize,
    /// The loop around it.
    pub parent: Option<usize>,
    /// The nodes of the body, the heads of the loops right inside it and its own Collect and Next nodes, in an order of
    /// work that counts an inner loop as one piece: ascending, but for what must wait for a node of a higher index that
    /// is read from within an inner loop.
    pub members: Vec<usize>,
    /// Its Collect and Next nodes, ascending.
    pub closers: Vec<usize>,
    /// The nodes outside this loop, other than its head, from which its members or those of inner loops take something;
    /// ascending, each once.
    pub reads: Vec<usize>,
}

impl Loops {
    /// Returns the loops of a graph, and for those that cannot run which node is wrong and why.
    pub fn new(graph: &Graph, role: impl Fn(usize) -> Role) -> (Self, Vec<(usize, String)>) {
        let (loops, faults) = Self::with_faults(graph, role);
        let in_words = faults.iter().map(|(node, fault)| (*node, fault.in_words(graph))).collect();
        (loops, in_words)
    }

    /// Returns the loops and what is wrong with which node, sorted by node.
    pub(super) fn with_faults(graph: &Graph, role: impl Fn(usize) -> Role) -> (Self, Vec<(usize, Fault)>) {
        let roles: Vec<Role> = (0..graph.n_nodes()).map(role).collect();
        let n_nodes = graph.n_nodes();
        let mut finding = Finding {
            graph,
            loops: Self { loops: Vec::new(), of_node: vec![None; n_nodes] },
            begun_by: vec![None; n_nodes],
            faults: Vec::new(),
            roles,
        };
        if finding.roles.iter().any(|role| *role != Role::Plain) {
            finding.find();
        }
        (finding.loops, finding.faults)
    }

    /// Returns whether there is no loop.
    pub fn is_empty(&self) -> bool {
        self.loops.is_empty()
    }

    /// Returns a loop and those around it, from the inside out.
    pub(crate) fn around(&self, innermost: Option<usize>) -> impl Iterator<Item = usize> {
        std::iter::successors(innermost, |&inner| self.loops[inner].parent)
    }

    /// Returns whether a node executes once an iteration of a loop, or of one inside of that.
    pub(crate) fn is_inside(&self, node: usize, number: usize) -> bool {
        self.around(self.of_node[node]).any(|around| around == number)
    }

    /// Returns what executes once an iteration of the loop that a node is the head of, if it is one, or of those inside it.
    pub(crate) fn begun_by(&self, head: usize) -> impl Iterator<Item = usize> {
        let number = self.loops.iter().position(|this| this.head == head);
        let nodes = number.map_or(0, |_| self.of_node.len());
        (0..nodes).filter(move |&node| number.is_some_and(|number| self.is_inside(node, number)))
    }

    /// Returns whether `outer` is `inner` or lies around it; `None` is the outside of all loops.
    fn encloses(&self, outer: Option<usize>, inner: Option<usize>) -> bool {
        outer.is_none_or(|outer| self.around(inner).any(|around| around == outer))
    }
}

/// A wire between two pieces of one level of nesting; a loop is one piece there, and its head stands for it.
#[derive(Clone, Copy, Debug)]
struct Link {
    from: usize,
    to: usize,
    /// The node that gives the value: `from`, or one that closes that loop.
    giver: usize,
    /// The node that takes the value: `to`, or one inside that loop.
    taker: usize,
}

struct Finding<'a> {
    graph: &'a Graph,
    roles: Vec<Role>,
    loops: Loops,
    /// The loop that a head begins.
    begun_by: Vec<Option<usize>>,
    faults: Vec<(usize, Fault)>,
}

impl Finding<'_> {
    fn find(&mut self) {
        // What is in a circle has no place; the check for circles names it.
        for node in 0..self.graph.ordered {
            self.place(node);
        }
        let links = self.links();
        let order = self.order_of_work(&links);
        self.find_loops_wired_into_themselves(&links);
        self.fill(&order);
        self.check_ends();
        self.faults.sort_unstable();
    }

    /// Puts a node into the deepest loop that it takes something from, and begins a loop if it is a head.
    fn place(&mut self, node: usize) {
        let mut deepest = None;
        let mut siblings = None;
        for feed in &self.graph.inputs[node] {
            let level = self.level_of(feed);
            if self.loops.encloses(deepest, level) {
                deepest = level;
            } else if !self.loops.encloses(level, deepest) {
                siblings = siblings.or_else(|| self.apart(deepest, level));
            }
        }
        if let Some((first, second)) = siblings {
            self.faults.push((node, Fault::Siblings { first, second }));
        }
        self.loops.of_node[node] = deepest;
        match (self.roles[node], deepest) {
            (role, parent) if role.is_head() => {
                self.begun_by[node] = Some(self.loops.loops.len());
                let (members, closers, reads) = (Vec::new(), Vec::new(), Vec::new());
                self.loops.loops.push(Loop { head: node, parent, members, closers, reads });
            }
            (role, None) if role.is_closer() => self.faults.push((node, Fault::ClosesNothing)),
            _ => {}
        }
    }

    /// Returns the loop that a value is in.
    fn level_of(&self, feed: &Feed) -> Option<usize> {
        let level = self.loops.of_node[feed.from];
        match self.roles[feed.from] {
            Role::ForEach | Role::Repeat if is_inside(feed) => self.begun_by[feed.from],
            Role::Collect | Role::Next => level.and_then(|closed| self.loops.loops[closed].parent),
            _ => level,
        }
    }

    /// Returns the heads of the outermost loops around one and around the other that do not lie around both.
    fn apart(&self, one: Option<usize>, other: Option<usize>) -> Option<(usize, usize)> {
        let outermost = |inner, not_around| {
            let apart = self.loops.around(inner).filter(|&known| !self.loops.encloses(Some(known), not_around)).last();
            apart.map(|known| self.loops.loops[known].head)
        };
        Some((outermost(one, other)?, outermost(other, one)?))
    }

    /// Returns every wire as a link between pieces of the level that its value is in.
    fn links(&self) -> Vec<Link> {
        let mut links = Vec::new();
        for taker in 0..self.graph.ordered {
            for feed in &self.graph.inputs[taker] {
                // A loop has begun when its head gives an item: there is nothing to wait for.
                if self.roles[feed.from].is_head() && is_inside(feed) {
                    continue;
                }
                let level = self.level_of(feed);
                let taken_in = self.loops.of_node[taker];
                if !self.loops.encloses(level, taken_in) {
                    continue;
                }
                let closed = self.loops.of_node[feed.from].filter(|_| self.roles[feed.from].is_closer());
                let entered = self
                    .loops
                    .around(taken_in)
                    .find(|&known| Some(known) != level && self.loops.loops[known].parent == level);
                let head = |known: usize| self.loops.loops[known].head;
                links.push(Link {
                    from: closed.map_or(feed.from, head),
                    to: entered.map_or(taker, head),
                    giver: feed.from,
                    taker,
                });
            }
        }
        links
    }

    /// Returns each node's place in an order of work in which a loop is one piece, smallest index first where there is a
    /// choice (Kahn 1962). Levels have no links between them, so this orders all of them at once. Pieces that wait for
    /// themselves come last.
    fn order_of_work(&self, links: &[Link]) -> Vec<usize> {
        let n_nodes = self.graph.n_nodes();
        let mut n_waiting = vec![0_usize; n_nodes];
        let next = next_pieces(links, n_nodes);
        for link in links {
            n_waiting[link.to] += 1;
        }
        let mut ready: BinaryHeap<Reverse<usize>> =
            (0..n_nodes).filter(|&node| n_waiting[node] == 0).map(Reverse).collect();
        let mut places = vec![usize::MAX; n_nodes];
        let mut n_placed = 0;
        while let Some(Reverse(piece)) = ready.pop() {
            places[piece] = n_placed;
            n_placed += 1;
            for &to in &next[piece] {
                n_waiting[to] -= 1;
                if n_waiting[to] == 0 {
                    ready.push(Reverse(to));
                }
            }
        }
        places
    }

    /// Finds the nodes in a loop that wait for that loop's end.
    fn find_loops_wired_into_themselves(&mut self, links: &[Link]) {
        let mut entering: Vec<&Link> = links.iter().filter(|link| link.to != link.taker).collect();
        if entering.is_empty() {
            return;
        }
        entering.sort_by_key(|link| (link.to, link.taker));
        let next = next_pieces(links, self.graph.n_nodes());
        for of_one_loop in entering.chunk_by(|one, other| one.to == other.to) {
            let head = of_one_loop[0].to;
            let after = downstream_of(head, &next);
            for link in of_one_loop.iter().filter(|link| link.from == head || after[link.from]) {
                let fault = Fault::IntoItself { head, source: link.giver, direct: link.from == head };
                if !self.faults.contains(&(link.taker, fault)) {
                    self.faults.push((link.taker, fault));
                }
            }
        }
    }

    /// Lists what is in each loop and what it reads from outside.
    fn fill(&mut self, places: &[usize]) {
        let mut reads = vec![BTreeSet::new(); self.loops.loops.len()];
        for node in 0..self.graph.ordered {
            let Some(innermost) = self.loops.of_node[node] else { continue };
            self.loops.loops[innermost].members.push(node);
            if self.roles[node].is_closer() {
                self.loops.loops[innermost].closers.push(node);
            }
            for feed in &self.graph.inputs[node] {
                for around in self.loops.around(Some(innermost)) {
                    let is_head = self.loops.loops[around].head == feed.from;
                    if is_head || self.loops.encloses(Some(around), self.loops.of_node[feed.from]) {
                        break;
                    }
                    reads[around].insert(feed.from);
                }
            }
        }
        for (known, reads) in self.loops.loops.iter_mut().zip(reads) {
            known.members.sort_by_key(|&member| places[member]);
            known.reads = reads.into_iter().collect();
        }
    }

    /// Checks that each Repeat has its one Next and no For Each has any.
    fn check_ends(&mut self) {
        for known in &self.loops.loops {
            let nexts = known.closers.iter().copied().filter(|&closer| self.roles[closer] == Role::Next);
            if self.roles[known.head] == Role::ForEach {
                self.faults.extend(nexts.map(|next| (next, Fault::NextInForEach { head: known.head })));
                continue;
            }
            let nexts: Vec<usize> = nexts.collect();
            match *nexts.as_slice() {
                [] => self.faults.push((known.head, Fault::NoNext)),
                [_] => {}
                [first, second, ..] => self.faults.push((known.head, Fault::TwoNexts { first, second })),
            }
        }
    }
}

/// Returns whether a head gives this for each iteration, and not once at the end.
fn is_inside(feed: &Feed) -> bool {
    matches!(feed.source.port.as_str(), "item" | "index" | "state")
}

fn next_pieces(links: &[Link], n_nodes: usize) -> Vec<Vec<usize>> {
    let mut next = vec![Vec::new(); n_nodes];
    for link in links {
        next[link.from].push(link.to);
    }
    next
}

fn downstream_of(piece: usize, next: &[Vec<usize>]) -> Vec<bool> {
    let mut reached = vec![false; next.len()];
    let mut waiting = next[piece].clone();
    while let Some(piece) = waiting.pop() {
        if !std::mem::replace(&mut reached[piece], true) {
            waiting.extend(&next[piece]);
        }
    }
    reached
}

#[cfg(test)]
mod tests;
