//! Planner and engine: what a graph costs, beside bounds and a peer on the same graph in the same run.
//!
//! `cargo bench --bench engine -- [--quick] [--shapes chain,fan,layered] [--sizes 1000,10000,100000]`. A node gives the
//! sum of its inputs and its own salt modulo 2³². The median counts, of the bounds the fastest; what a call returns is
//! dropped outside the timed part. Where not all nodes execute, a node's share is that of one that does. Machines are
//! shared and differ: only the ratios to the bound and to the peer say something.
//!
//! Without `--bench`, which cargo passes to a bench and not to a test, only the smallest size is measured.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on panics")]

#[path = "engine/bounds.rs"]
mod bounds;
#[path = "engine/clock.rs"]
mod clock;
#[path = "engine/loops.rs"]
mod loops;
#[path = "engine/ours.rs"]
mod ours;
#[path = "engine/peer.rs"]
mod peer;
#[path = "engine/shapes.rs"]
mod shapes;
#[path = "engine/table.rs"]
mod table;
#[path = "engine/targets.rs"]
mod targets;

use clap::Parser as _;

use self::{
    shapes::{Shape, Shaped},
    table::Table,
};

// The program's own allocator, so that the figures are the program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What to measure.
#[derive(Debug, clap::Parser)]
struct Arguments {
    /// Only 1,000 and 10,000 nodes.
    #[arg(long)]
    quick: bool,
    /// The shapes; all of them if none is given.
    #[arg(long, value_delimiter = ',')]
    shapes: Vec<Shape>,
    /// The numbers of nodes, from 200 up.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(200..))]
    sizes: Vec<u32>,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    fn shapes(&self) -> Vec<Shape> {
        if self.shapes.is_empty() { vec![Shape::Chain, Shape::Fan, Shape::Layered] } else { self.shapes.clone() }
    }

    fn sizes(&self) -> Vec<usize> {
        let sizes: &[u32] = match self.sizes.as_slice() {
            [] if !self.bench => &[1_000],
            [] if self.quick => &[1_000, 10_000],
            [] => &[1_000, 10_000, 100_000],
            sizes => sizes,
        };
        sizes.iter().map(|&size| size as usize).collect()
    }
}

fn main() {
    let arguments = Arguments::parse();
    let mut table = Table::new();
    for shape in arguments.shapes() {
        for n_nodes in arguments.sizes() {
            let graph = Shaped::new(shape, n_nodes);
            let sum = bounds::measure(&graph, &mut table);
            assert_eq!(sum, peer::measure(&graph, &mut table), "the peer computes something else");
            assert_eq!(sum, ours::measure(&graph, &mut table), "the engine computes something else");
        }
    }
    table.print_exponents();
    targets::print(&table);
    if arguments.bench {
        loops::print();
    }
    ours::print_waiting();
}
