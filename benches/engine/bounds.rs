//! What the machine allows: walks with boxed bodies and shared values that keep no account of anything.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU32, Ordering},
};

use rayon::Scope;
use smallvec::SmallVec;

use crate::{
    clock::time,
    shapes::{Shaped, n_calls},
    table::{Table, What},
};

/// How many ready nodes a task keeps to itself.
const BATCH: usize = 16;

type Body = Box<dyn Fn(&[Arc<u64>]) -> u64 + Send + Sync>;

/// Adds the bounds to the table; returns the sum of all values.
pub(crate) fn measure(graph: &Shaped, table: &mut Table) -> u64 {
    let n_calls = n_calls(graph.n_nodes()) * 3;
    let bodies: Vec<Body> = (0..graph.n_nodes() as u64).map(body).collect();
    let sum = bare_walk(graph, &bodies).iter().map(|value| **value).sum();
    let bare = time(n_calls, || (), |()| bare_walk(graph, &bodies));
    table.add(graph, What::BareWalk, graph.n_nodes(), bare);
    let values = rayon_walk(graph, &bodies);
    assert_eq!(sum, values.iter().map(|value| **value.get().unwrap()).sum::<u64>(), "the two walks differ");
    let rayon = time(n_calls, || (), |()| rayon_walk(graph, &bodies));
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

/// Walks the graph on all cores: whoever brings a node its last input runs it or gives it away.
fn rayon_walk(graph: &Shaped, bodies: &[Body]) -> Vec<OnceLock<Arc<u64>>> {
    let walk = Walk {
        graph,
        bodies,
        n_awaited: graph.feeds.iter().map(|feeds| AtomicU32::new(feeds.len() as u32)).collect(),
        values: (0..bodies.len()).map(|_| OnceLock::new()).collect(),
    };
    let seeds = (0..bodies.len()).filter(|&node| graph.feeds[node].is_empty()).collect();
    rayon::scope(|scope| walk.run(scope, seeds));
    walk.values
}

struct Walk<'a> {
    graph: &'a Shaped,
    bodies: &'a [Body],
    /// How many inputs of each node have no value yet. Only who counts one down to zero has that node ready, so none runs
    /// twice. One with a single input needs no count.
    n_awaited: Vec<AtomicU32>,
    values: Vec<OnceLock<Arc<u64>>>,
}

impl Walk<'_> {
    /// Runs what is ready and what that makes ready, newest first. Half is given away while there is much: thousands of
    /// spawns from one place are slow, and so is waking another thread for a single short node.
    fn run<'scope>(&'scope self, scope: &Scope<'scope>, mut ready: Vec<usize>) {
        let mut inputs: SmallVec<[Arc<u64>; 4]> = SmallVec::new();
        loop {
            while ready.len() > BATCH {
                let half = ready.split_off(ready.len() / 2);
                scope.spawn(move |scope| self.run(scope, half));
            }
            let Some(node) = ready.pop() else { return };
            inputs.clear();
            inputs.extend(self.graph.feeds[node].iter().map(|&feed| Arc::clone(self.values[feed].get().unwrap())));
            self.values[node].get_or_init(|| Arc::new(self.bodies[node](&inputs)));
            for &downstream in &self.graph.downstream[node] {
                if self.arrive(downstream) {
                    ready.push(downstream);
                }
            }
        }
    }

    /// Counts an input of a node that has its value now; returns whether it was the last.
    fn arrive(&self, node: usize) -> bool {
        self.graph.feeds[node].len() == 1 || self.n_awaited[node].fetch_sub(1, Ordering::AcqRel) == 1
    }
}
