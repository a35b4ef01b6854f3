//! What the machine allows: walks with boxed bodies and shared values that keep no account of anything.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU32, Ordering},
};

use rayon::Scope;
use smallvec::SmallVec;

use crate::{
    clock::{median, n_calls},
    shapes::Shaped,
    table::{Table, What},
};

/// How many ready nodes one task takes at most.
const BATCH: usize = 16;

type Body = Box<dyn Fn(&[Arc<u64>]) -> u64 + Send + Sync>;

/// Adds the bounds to the table; returns the sum of all values.
pub(crate) fn measure(graph: &Shaped, table: &mut Table) -> u64 {
    let n_calls = n_calls(graph.n_nodes()) * 3;
    let bodies: Vec<Body> = (0..graph.n_nodes() as u64).map(body).collect();
    let sum = bare_walk(graph, &bodies).iter().map(|value| **value).sum();
    let bare = median(n_calls, || (), |()| bare_walk(graph, &bodies));
    table.add(graph, What::BareWalk, graph.n_nodes(), bare);
    let values = rayon_walk(graph, &bodies);
    assert_eq!(sum, values.iter().map(|value| **value.get().unwrap()).sum::<u64>(), "the two walks differ");
    let rayon = median(n_calls, || (), |()| rayon_walk(graph, &bodies));
    table.add(graph, What::RayonWalk, graph.n_nodes(), rayon);
    sum
}

fn body(salt: u64) -> Body {
    Box::new(move |inputs| (inputs.iter().map(|input| **input).sum::<u64>() + salt) % (1 << 32))
}

/// Walks the graph in order on this thread.
fn bare_walk(graph: &Shaped, bodies: &[Body]) -> Vec<Arc<u64>> {
    let mut values: Vec<Arc<u64>> = Vec::with_capacity(bodies.len());
    let mut inputs = Vec::new();
    for (body, feeds) in bodies.iter().zip(&graph.feeds) {
        inputs.clear();
        inputs.extend(feeds.iter().map(|&feed| Arc::clone(&values[feed])));
        values.push(Arc::new(body(&inputs)));
    }
    values
}

/// Walks the graph on all cores: whoever brings a node its last input runs it.
fn rayon_walk(graph: &Shaped, bodies: &[Body]) -> Vec<OnceLock<Arc<u64>>> {
    let walk = Walk {
        graph,
        bodies,
        n_awaited: graph.feeds.iter().map(|feeds| AtomicU32::new(feeds.len() as u32)).collect(),
        values: vec![OnceLock::new(); bodies.len()],
    };
    let seeds = (0..bodies.len()).filter(|&node| graph.feeds[node].is_empty()).collect();
    rayon::scope(|scope| walk.spread(scope, seeds));
    walk.values
}

struct Walk<'a> {
    graph: &'a Shaped,
    bodies: &'a [Body],
    /// How many inputs of each node have no value yet. Whoever counts one down to zero runs that node, so none runs twice.
    n_awaited: Vec<AtomicU32>,
    values: Vec<OnceLock<Arc<u64>>>,
}

impl Walk<'_> {
    /// Runs a node and then, in place, the first of those that it made ready, and so on; the others are spawned.
    fn run<'scope>(&'scope self, scope: &Scope<'scope>, first: usize) {
        let mut inputs: SmallVec<[Arc<u64>; 4]> = SmallVec::new();
        let mut next = Some(first);
        while let Some(node) = next.take() {
            inputs.clear();
            inputs.extend(self.graph.feeds[node].iter().map(|&feed| Arc::clone(self.values[feed].get().unwrap())));
            self.values[node].get_or_init(|| Arc::new(self.bodies[node](&inputs)));
            let mut others: SmallVec<[usize; BATCH]> = SmallVec::new();
            for &downstream in &self.graph.downstream[node] {
                if self.n_awaited[downstream].fetch_sub(1, Ordering::AcqRel) == 1 {
                    match next {
                        None => next = Some(downstream),
                        Some(_) => others.push(downstream),
                    }
                }
            }
            if others.len() > BATCH {
                self.spread(scope, others.into_vec());
            } else {
                for other in others {
                    scope.spawn(move |scope| self.run(scope, other));
                }
            }
        }
    }

    /// Runs many ready nodes: halves are given away until few are left, as a parallel iterator does, because thousands of
    /// spawns from one place are slow.
    fn spread<'scope>(&'scope self, scope: &Scope<'scope>, mut ready: Vec<usize>) {
        while ready.len() > BATCH {
            let half = ready.split_off(ready.len() / 2);
            scope.spawn(move |scope| self.spread(scope, half));
        }
        for node in ready {
            self.run(scope, node);
        }
    }
}
