//! The graphs, as numbers: what the bounds, the peer and the engine all compute.

use std::fmt;

/// How many nodes a layer has.
const LAYER: usize = 100;
/// With this seed a change in the middle of a layered graph affects 16 of 1,000 nodes, 4,328 of 10,000 and 49,521 of 100,000:
/// with others it may die out.
const SEED: u64 = 6958;
/// How many are affected at most where few are.
const FEW: usize = 16;

/// How the nodes hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shape {
    /// Each node takes the one before.
    Chain,
    /// One feeds all but the last, which takes them all.
    Fan,
    /// Layers of 100; each node takes two random ones of the layer before.
    Layered,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Chain => "chain",
            Self::Fan => "fan",
            Self::Layered => "layered",
        })
    }
}

/// A graph: nodes are numbers, upstream before downstream, and a node's salt is its number.
#[derive(Debug)]
pub(crate) struct Shaped {
    /// How it was made.
    pub(crate) shape: Shape,
    /// For each node those it takes from, in order of its inputs; one may come twice.
    pub(crate) feeds: Vec<Vec<usize>>,
    /// For each node those it feeds, once for each wire.
    pub(crate) downstream: Vec<Vec<usize>>,
}

impl Shaped {
    /// Returns the same graph for the same shape and size, always.
    pub(crate) fn new(shape: Shape, n_nodes: usize) -> Self {
        let mut random = Random(SEED);
        let feeds: Vec<Vec<usize>> = (0..n_nodes)
            .map(|node| match shape {
                Shape::Chain => node.checked_sub(1).into_iter().collect(),
                Shape::Fan if node == 0 => Vec::new(),
                Shape::Fan if node == n_nodes - 1 => (1..node).collect(),
                Shape::Fan => vec![0],
                Shape::Layered if node < LAYER => Vec::new(),
                Shape::Layered => {
                    let layer_before = (node / LAYER - 1) * LAYER;
                    (0..2).map(|_| layer_before + random.below(LAYER)).collect()
                }
            })
            .collect();
        let mut downstream = vec![Vec::new(); n_nodes];
        for (node, feeds) in feeds.iter().enumerate() {
            for &feed in feeds {
                downstream[feed].push(node);
            }
        }
        Self { shape, feeds, downstream }
    }

    /// Returns how many nodes there are.
    pub(crate) const fn n_nodes(&self) -> usize {
        self.feeds.len()
    }

    /// Returns the nodes that feed none.
    pub(crate) fn ends(&self) -> impl Iterator<Item = usize> {
        (0..self.n_nodes()).filter(|&node| self.downstream[node].is_empty())
    }

    /// Returns how many nodes give something else when a node's salt changes, itself among them.
    pub(crate) fn n_affected(&self, node: usize) -> usize {
        let mut seen = vec![false; self.n_nodes()];
        let mut waiting = vec![node];
        let mut n_affected = 0;
        while let Some(next) = waiting.pop() {
            if !std::mem::replace(&mut seen[next], true) {
                n_affected += 1;
                waiting.extend(&self.downstream[next]);
            }
        }
        n_affected
    }

    /// Returns the node whose salt changes; `None` where that is one that is measured already.
    pub(crate) fn changed(&self, changed: Changed) -> Option<usize> {
        let last = self.n_nodes() - 1;
        match changed {
            Changed::Leaf => self.ends().find(|&end| end != last),
            Changed::Few => {
                let near_the_end = (self.n_nodes() - 200..last).map(|node| (self.n_affected(node), node));
                near_the_end.filter(|(n_affected, _)| (2..=FEW).contains(n_affected)).max().map(|(_, node)| node)
            }
            Changed::Middle => Some(self.n_nodes() / 2),
            Changed::Last => Some(last),
        }
    }
}

/// Whose salt changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// A node's that feeds none, somewhere.
    Leaf,
    /// One's near the end that affects 2 to 16, itself among them.
    Few,
    /// Half way.
    Middle,
    /// The last one's.
    Last,
}

impl Changed {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Leaf, Self::Few, Self::Middle, Self::Last];

    /// Returns whose salt it is, in words.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Leaf => "a leaf",
            Self::Few => "one with few below",
            Self::Middle => "one in the middle",
            Self::Last => "the last",
        }
    }
}

/// A small generator of numbers (`SplitMix64`, Steele et al. 2014), so that every run has the same graph.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

/// Returns how often a graph of this size is measured.
pub(crate) const fn n_calls(n_nodes: usize) -> usize {
    match n_nodes {
        0..=2_000 => 21,
        2_001..=20_000 => 11,
        _ => 5,
    }
}
