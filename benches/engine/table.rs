//! The figures: printed as they come, each beside the bound and the peer; how they grow.

use crate::{
    clock::{Times, in_words},
    shapes::{Changed, Shape, Shaped},
};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Bound: boxed bodies in order on one thread.
    BareWalk,
    /// Bound: boxed bodies on all cores.
    RayonWalk,
    /// Peer: all values for the first time.
    PeerFirst,
    /// Peer: the ends' values again, nothing touched.
    PeerUntouched,
    /// Peer: all values after an input changed that none depends on.
    PeerElsewhere,
    /// Peer: all values after a salt changed.
    PeerChanged(Changed),
    /// The workflow from the text of its file.
    Load,
    /// The plan of a standard run of a workflow that was just loaded.
    PlanFirst,
    /// The plan of a resumed run, nothing touched.
    PlanUntouched,
    /// The plan of a resumed run after a wire was taken off, or put back.
    PlanWired,
    /// A standard run of a workflow that was just loaded.
    FullFirst,
    /// A standard run by an engine that has planned one of this workflow.
    FullAgain,
    /// A resumed run, nothing touched.
    Untouched,
    /// A resumed run after another node's title changed.
    Title,
    /// A resumed run after a salt changed.
    OneChanged(Changed),
    /// A standard run, until all of it is on the disk.
    Stored,
    /// Opening the store, reading the baseline and a resumed run, nothing touched.
    Cold,
}

impl What {
    /// Returns what it is, in words.
    pub(crate) fn in_words(self) -> String {
        match self {
            Self::BareWalk => "bound: a bare walk on one thread".to_owned(),
            Self::RayonWalk => "bound: a rayon walk".to_owned(),
            Self::PeerFirst => "salsa: first evaluation".to_owned(),
            Self::PeerUntouched => "salsa: untouched, the ends asked for".to_owned(),
            Self::PeerElsewhere => "salsa: verify all after an edit elsewhere".to_owned(),
            Self::PeerChanged(changed) => format!("salsa: {} changed", changed.name()),
            Self::Load => "load the file".to_owned(),
            Self::PlanFirst => "first plan".to_owned(),
            Self::PlanUntouched => "plan a resumed run, nothing changed".to_owned(),
            Self::PlanWired => "plan a resumed run, one wire changed".to_owned(),
            Self::FullFirst => "full run in memory, first".to_owned(),
            Self::FullAgain => "full run in memory, again".to_owned(),
            Self::Untouched => "resume, nothing changed".to_owned(),
            Self::Title => "resume, a title changed".to_owned(),
            Self::OneChanged(changed) => format!("resume, {} changed", changed.name()),
            Self::Stored => "full run, all of it on the disk".to_owned(),
            Self::Cold => "cold: open the store, baseline, resume".to_owned(),
        }
    }

    /// Returns whether it is a figure of the engine's.
    pub(crate) const fn is_ours(self) -> bool {
        !matches!(
            self,
            Self::BareWalk
                | Self::RayonWalk
                | Self::PeerFirst
                | Self::PeerUntouched
                | Self::PeerElsewhere
                | Self::PeerChanged(_)
        )
    }

    /// Returns the peer's work that gives the same.
    const fn counterpart(self) -> Option<Self> {
        match self {
            Self::FullFirst | Self::FullAgain => Some(Self::PeerFirst),
            Self::Untouched => Some(Self::PeerUntouched),
            Self::Title => Some(Self::PeerElsewhere),
            Self::OneChanged(changed) => Some(Self::PeerChanged(changed)),
            _ => None,
        }
    }
}

/// One figure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The graph's shape.
    pub(crate) shape: Shape,
    /// The graph's size.
    pub(crate) n_nodes: usize,
    /// What was measured.
    pub(crate) what: What,
    /// How many nodes the time is shared among: those that executed, or all where none did.
    pub(crate) n_sharing: usize,
    /// What it took in all.
    pub(crate) times: Times,
}

impl Row {
    /// Returns the median time a node, in nanoseconds.
    pub(crate) fn nanos_a_node(&self) -> f64 {
        self.times.median.as_secs_f64() * 1e9 / self.n_sharing as f64
    }
}

/// All figures so far.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Returns a table without rows; prints its head.
    pub(crate) fn new() -> Self {
        println!(
            "{:<8}{:>7}  {:<42}{:>8}{:>11}{:>11}{:>13}{:>10}{:>10}",
            "shape", "n", "what", "nodes", "fastest", "median", "ns a node", "x rayon", "x salsa"
        );
        Self { rows: Vec::new() }
    }

    /// Adds a figure and prints it. The bound comes before all else of its graph, the peer before what is put beside it.
    pub(crate) fn add(&mut self, graph: &Shaped, what: What, n_sharing: usize, times: Times) {
        let row = Row { shape: graph.shape, n_nodes: graph.n_nodes(), what, n_sharing, times };
        self.rows.push(row);
        println!(
            "{:<8}{:>7}  {:<42}{:>8}{:>11}{:>11}{:>13}{:>10}{:>10}",
            row.shape,
            row.n_nodes,
            what.in_words(),
            n_sharing,
            in_words(times.fastest),
            in_words(times.median),
            short(row.nanos_a_node()),
            ratio(self.to_bound(&row)),
            ratio(self.to_peer(&row)),
        );
    }

    /// Returns the figure of a graph.
    pub(crate) fn find(&self, shape: Shape, n_nodes: usize, what: What) -> Option<&Row> {
        self.rows.iter().find(|row| row.shape == shape && row.n_nodes == n_nodes && row.what == what)
    }

    /// Returns the figures of a shape, smallest graph first.
    pub(crate) fn of(&self, shape: Shape, what: What) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().filter(|row| row.shape == shape && row.what == what).collect();
        rows.sort_by_key(|row| row.n_nodes);
        rows
    }

    /// Returns how much more a node costs than in the fastest rayon walk of the same graph: another program's share of the
    /// machine is no bound.
    pub(crate) fn to_bound(&self, row: &Row) -> Option<f64> {
        let bound = self.find(row.shape, row.n_nodes, What::RayonWalk)?;
        let bound_a_node = bound.times.fastest.as_secs_f64() * 1e9 / bound.n_sharing as f64;
        Some(row.nanos_a_node() / bound_a_node)
    }

    /// Returns how much longer it takes than the peer's counterpart.
    pub(crate) fn to_peer(&self, row: &Row) -> Option<f64> {
        let peer = self.find(row.shape, row.n_nodes, row.what.counterpart()?)?;
        Some(row.times.median.as_secs_f64() / peer.times.median.as_secs_f64())
    }

    /// Prints, for each shape and what was measured on several sizes, the exponent that it grows with.
    pub(crate) fn print_exponents(&self) {
        println!("\nexponents fitted over the sizes, if there are several: 1 is linear in n, 0 does not grow");
        for rows in self.kinds() {
            if let Some(exponent) = exponent(&rows) {
                let executed = rows.iter().map(|row| row.n_sharing.to_string()).collect::<Vec<_>>().join(", ");
                let note = if shared_by_all(&rows) { String::new() } else { format!("  ({executed} execute)") };
                println!("{:<8} {:<42}{exponent:>6.2}{note}", rows[0].shape, rows[0].what.in_words());
            }
        }
    }

    /// Returns the figures for each shape and what was measured, smallest graph first.
    pub(crate) fn kinds(&self) -> Vec<Vec<&Row>> {
        let mut seen: Vec<(Shape, What)> = Vec::new();
        for row in &self.rows {
            if !seen.contains(&(row.shape, row.what)) {
                seen.push((row.shape, row.what));
            }
        }
        seen.into_iter().map(|(shape, what)| self.of(shape, what)).collect()
    }
}

/// Returns whether the work was that of all nodes at every size.
pub(crate) fn shared_by_all(rows: &[&Row]) -> bool {
    rows.iter().all(|row| row.n_sharing == row.n_nodes)
}

fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(String::new, short)
}

/// Returns a number with as many places as it is worth.
fn short(number: f64) -> String {
    match number {
        ..0.095 => format!("{number:.4}"),
        ..10.0 => format!("{number:.2}"),
        ..1e3 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// Returns the slope of the least-squares line through the logarithms of size and time; `None` for a single size.
pub(crate) fn exponent(rows: &[&Row]) -> Option<f64> {
    let points: Vec<(f64, f64)> =
        rows.iter().map(|row| ((row.n_nodes as f64).ln(), row.times.median.as_secs_f64().max(1e-9).ln())).collect();
    let n_points = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / n_points;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / n_points;
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    (variance > 0.0).then(|| covariance / variance)
}
