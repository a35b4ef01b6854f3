//! The figures, printed as they come.

use std::time::Duration;

/// What frames of the same kind took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Half of them took no longer.
    pub(crate) median: Duration,
    /// All but a hundredth took no longer.
    pub(crate) slow: Duration,
    /// In the last of them.
    pub(crate) n_vertices: usize,
}

impl Times {
    /// Returns what frames took that took this long each.
    pub(crate) fn of(mut times: Vec<Duration>, n_vertices: usize) -> Self {
        times.sort();
        Self { median: times[times.len() / 2], slow: times[(times.len() * 99).div_ceil(100) - 1], n_vertices }
    }

    /// Returns what took this long once.
    pub(crate) const fn once(time: Duration) -> Self {
        Self { median: time, slow: time, n_vertices: 0 }
    }
}

/// A figure.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) times: Times,
    /// In milliseconds.
    pub(crate) target: Option<f64>,
    pub(crate) bound: Option<Duration>,
}

/// The figures.
pub(crate) struct Table {
    only: String,
}

impl Table {
    /// Begins a table of the rows whose name holds some words.
    pub(crate) fn new(only: String) -> Self {
        println!("| frame | ms | 99 of 100 | target | met | bound ms | × bound | vertices |");
        println!("|---|---|---|---|---|---|---|---|");
        Self { only }
    }

    /// Returns whether a row is to be measured.
    pub(crate) fn is_asked_for(&self, name: &str) -> bool {
        name.contains(&self.only)
    }

    /// Measures and prints a row, if it is asked for.
    pub(crate) fn row(&self, name: &str, target: Option<f64>, bound: Duration, measure: impl FnOnce() -> Times) {
        if self.is_asked_for(name) {
            self.print(&Row { name: name.to_owned(), times: measure(), target, bound: Some(bound) });
        }
    }

    /// Prints a row.
    pub(crate) fn print(&self, row: &Row) {
        if !self.is_asked_for(&row.name) {
            return;
        }
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let median = ms(row.times.median);
        let target = row.target.map(|target| format!("{target}")).unwrap_or_default();
        let met = row.target.map_or("", |target| if median <= target { "yes" } else { "no" });
        let bound = row.bound.map(|bound| format!("{:.3}", ms(bound))).unwrap_or_default();
        let ratio = row.bound.map(|bound| format!("{:.2}", median / ms(bound))).unwrap_or_default();
        let slow = ms(row.times.slow);
        println!(
            "| {} | {median:.3} | {slow:.3} | {target} | {met} | {bound} | {ratio} | {} |",
            row.name, row.times.n_vertices
        );
    }

    /// Says whether frames are asked for while nothing happens.
    pub(crate) fn idle(&self, name: &str, wants_repaint: impl FnOnce() -> bool) {
        if self.is_asked_for(name) {
            let says = if wants_repaint() { "frames are asked for" } else { "no frame is asked for" };
            println!("| {name} | {says} | | no frame | | | | |");
        }
    }
}
