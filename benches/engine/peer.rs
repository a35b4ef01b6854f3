//! A peer that caches: salsa, one input a node with its salt and what feeds it, and a tracked function for its value.

use salsa::{Database, DatabaseImpl, Setter as _};

use crate::{
    clock::{Times, time},
    shapes::{Changed, Shaped, n_calls},
    table::{Table, What},
};

#[salsa::input]
struct Cell {
    #[returns(copy)]
    salt: u64,
    #[returns(ref)]
    feeds: Vec<Cell>,
}

/// An input that no value depends on.
#[salsa::input]
struct Elsewhere {
    #[returns(copy)]
    number: u64,
}

#[salsa::tracked(returns(copy))]
fn value(db: &dyn Database, cell: Cell) -> u64 {
    let inputs: u64 = cell.feeds(db).iter().map(|&feed| value(db, feed)).sum();
    (inputs + cell.salt(db)) % (1 << 32)
}

struct Peer {
    db: DatabaseImpl,
    /// Upstream before downstream.
    cells: Vec<Cell>,
    ends: Vec<Cell>,
    elsewhere: Elsewhere,
    n_edits: u64,
}

impl Peer {
    fn new(graph: &Shaped) -> Self {
        let db = DatabaseImpl::new();
        let mut cells: Vec<Cell> = Vec::with_capacity(graph.n_nodes());
        for (salt, feeds) in (0..).zip(&graph.feeds) {
            let feeds = feeds.iter().map(|&feed| cells[feed]).collect();
            cells.push(Cell::new(&db, salt, feeds));
        }
        let ends = graph.ends().map(|end| cells[end]).collect();
        let elsewhere = Elsewhere::new(&db, 0);
        Self { db, cells, ends, elsewhere, n_edits: 0 }
    }

    /// Asks for all values, upstream first: asked from the end, a long chain would overflow the stack.
    fn all(&self) -> u64 {
        self.cells.iter().map(|&cell| value(&self.db, cell)).sum()
    }

    /// Asks for what nothing takes from. Only for when no input has changed: then nothing further up is looked at.
    fn ends(&self) -> u64 {
        self.ends.iter().map(|&cell| value(&self.db, cell)).sum()
    }

    fn edit_elsewhere(&mut self) {
        self.n_edits += 1;
        self.elsewhere.set_number(&mut self.db).to(self.n_edits);
    }

    fn edit_salt(&mut self, node: usize) {
        self.n_edits += 1;
        self.cells[node].set_salt(&mut self.db).to((self.cells.len() as u64) + self.n_edits);
    }
}

/// Adds the peer's figures to the table; returns the sum of all values.
pub(crate) fn measure(graph: &Shaped, table: &mut Table) -> u64 {
    let n_calls = n_calls(graph.n_nodes());
    let n_nodes = graph.n_nodes();
    let first = time(n_calls, || Peer::new(graph), |peer| peer.all());
    table.add(graph, What::PeerFirst, n_nodes, first);
    let mut peer = Peer::new(graph);
    let sum = peer.all();
    table.add(graph, What::PeerUntouched, n_nodes, time(n_calls, || (), |()| peer.ends()));
    let verified = edited(n_calls, &mut peer, Peer::edit_elsewhere);
    table.add(graph, What::PeerElsewhere, n_nodes, verified);
    for changed in Changed::ALL {
        if let Some(node) = graph.changed(changed) {
            let times = edited(n_calls, &mut peer, |peer| peer.edit_salt(node));
            table.add(graph, What::PeerChanged(changed), graph.n_affected(node), times);
        }
    }
    sum
}

/// Times making an edit and asking for all values again.
fn edited(n_calls: usize, peer: &mut Peer, mut edit: impl FnMut(&mut Peer)) -> Times {
    time(
        n_calls,
        || (),
        |()| {
            edit(peer);
            peer.all()
        },
    )
}
