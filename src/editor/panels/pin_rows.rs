//! The rows of the Pins panel: what is said of each mark, sorted. No painting.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
};

use imbl::OrdSet;
use jiff::Timestamp;

use crate::{
    editor::{RunNumbers, View, words},
    engine::Plan,
    session::{Capture, Mark, Marks, PinPolicy},
    store::Kept,
    workflow::NodeId,
};

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Node,
    Mark,
    Size,
    Age,
    Run,
    State,
}

/// A mark in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowMark {
    Pinned(Hold),
    Forced,
    Disabled,
    Breakpoint,
}

/// A pin's policy, the firmer one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hold {
    Holds,
    Follows,
}

impl Hold {
    pub(super) const fn policy(self) -> PinPolicy {
        match self {
            Self::Holds => PinPolicy::Hold,
            Self::Follows => PinPolicy::Follow,
        }
    }
}

/// What is said of a mark.
#[derive(Clone, Debug)]
pub(super) struct PinRow {
    pub(super) node: NodeId,
    pub(super) title: String,
    pub(super) mark: RowMark,
    /// How many bytes its results take.
    pub(super) size: Option<u64>,
    /// When its results were made or typed in.
    pub(super) since: Option<Timestamp>,
    /// The number of the run its results are from.
    pub(super) run: Option<i64>,
    /// Where its results are from, in words.
    pub(super) from: String,
    /// It wants to be looked at.
    pub(super) is_troubled: bool,
    pub(super) state: String,
}

/// Which results a size is known of.
type SizeKey = (NodeId, Timestamp);

/// What the panel remembers between frames.
#[derive(Default)]
pub(crate) struct PinsState {
    /// The nodes whose rows are chosen.
    pub(super) chosen: BTreeSet<NodeId>,
    /// What rows are sorted by, and whether from the end; else by node.
    pub(super) sort: Option<(Column, bool)>,
    rows: Vec<PinRow>,
    /// What the rows were made from.
    made_of: Option<MadeOf>,
    sizes: HashMap<SizeKey, u64>,
    /// Sizes are being read.
    is_reading: bool,
}

struct MadeOf {
    marks: Marks,
    breakpoints: OrdSet<NodeId>,
    plan: Plan,
    numbers: RunNumbers,
    revision: u64,
    sort: Option<(Column, bool)>,
    n_sizes: usize,
}

impl MadeOf {
    fn is_of(&self, view: View<'_>, sort: Option<(Column, bool)>, n_sizes: usize) -> bool {
        self.marks.is_same(view.marks)
            && self.breakpoints.ptr_eq(view.marks.breakpoints())
            && self.plan.is_same(view.plan)
            && self.numbers.is_same(view.numbers)
            && (self.revision, self.sort, self.n_sizes) == (view.revision, sort, n_sizes)
    }
}

impl PinsState {
    /// Brings the rows up to date, if anything they are made from has changed.
    pub(super) fn update(&mut self, view: View<'_>) {
        let n_sizes = self.sizes.len();
        if self.made_of.as_ref().is_some_and(|made_of| made_of.is_of(view, self.sort, n_sizes)) {
            return;
        }
        self.rows = rows(view, &self.sizes);
        if let Some((column, from_the_end)) = self.sort {
            self.rows.sort_by(|one, other| compare(one, other, column, from_the_end));
        }
        let here: BTreeSet<&NodeId> = self.rows.iter().map(|row| &row.node).collect();
        self.chosen.retain(|node| here.contains(node));
        self.made_of = Some(MadeOf {
            marks: view.marks.clone(),
            breakpoints: view.marks.breakpoints().clone(),
            plan: view.plan.clone(),
            numbers: view.numbers.clone(),
            revision: view.revision,
            sort: self.sort,
            n_sizes,
        });
    }

    pub(super) fn rows(&self) -> &[PinRow] {
        &self.rows
    }

    /// Sorts by a column, or the other way round if it does already.
    pub(super) fn sort_by(&mut self, column: Column) {
        let from_the_end = matches!(self.sort, Some((known, false)) if known == column);
        self.sort = Some((column, from_the_end));
    }

    /// Chooses all rows, or none.
    pub(super) fn choose_all(&mut self, all: bool) {
        let rows = self.rows.iter().filter(|_| all);
        self.chosen = rows.map(|row| row.node.clone()).collect();
    }

    /// Chooses a row in the place of the others; or besides them, and no longer if it was chosen.
    pub(super) fn choose(&mut self, node: NodeId, besides: bool) {
        if !besides {
            self.chosen = BTreeSet::from([node]);
        } else if !self.chosen.remove(&node) {
            self.chosen.insert(node);
        }
    }

    /// Returns whether sizes are to be read.
    pub(super) fn wants_sizes(&self) -> bool {
        !self.is_reading && self.rows.iter().any(|row| row.since.is_some() && row.size.is_none())
    }

    /// Notes that sizes are being read; returns of which results.
    pub(crate) fn begin_sizes(&mut self, marks: &Marks) -> Vec<(SizeKey, Kept)> {
        self.is_reading = true;
        let captures = marks
            .iter()
            .filter_map(|(node, mark)| Some(((node.clone(), mark.capture()?.captured_at), mark.capture()?)));
        let unknown = captures.filter(|(key, _)| !self.sizes.contains_key(key));
        unknown.map(|(key, capture)| (key, capture.results.clone())).collect()
    }

    /// Takes in sizes that were read.
    pub(crate) fn end_sizes(&mut self, sizes: impl IntoIterator<Item = (SizeKey, u64)>) {
        self.is_reading = false;
        self.sizes.extend(sizes);
    }
}

fn rows(view: View<'_>, sizes: &HashMap<SizeKey, u64>) -> Vec<PinRow> {
    let is_here = |node: &NodeId| view.workflow.node(node).is_some();
    let marks =
        view.marks.iter().filter(|(node, _)| is_here(node)).filter_map(|(node, mark)| row(view, node, mark, sizes));
    let breakpoints =
        view.marks.breakpoints().iter().filter(|node| is_here(node)).map(|node| plain(view, node, RowMark::Breakpoint));
    marks.chain(breakpoints).collect()
}

fn plain(view: View<'_>, node: &NodeId, mark: RowMark) -> PinRow {
    PinRow {
        node: node.clone(),
        title: words::title(view.workflow, view.catalogue, node),
        mark,
        size: None,
        since: None,
        run: None,
        from: String::new(),
        is_troubled: false,
        state: String::new(),
    }
}

fn row(view: View<'_>, node: &NodeId, mark: &Mark, sizes: &HashMap<SizeKey, u64>) -> Option<PinRow> {
    let pin = match mark {
        Mark::Default => return None,
        Mark::Disabled => return Some(plain(view, node, RowMark::Disabled)),
        Mark::Forced => return Some(plain(view, node, RowMark::Forced)),
        Mark::Pinned(pin) => pin,
    };
    let hold = if pin.policy == PinPolicy::Hold { Hold::Holds } else { Hold::Follows };
    let capture = mark.capture();
    let since = capture.map(|capture| capture.captured_at);
    let run = capture.and_then(|capture| view.numbers.get(capture.captured_in?));
    let (is_troubled, state) = state(view, node, capture.map(AsRef::as_ref));
    Some(PinRow {
        size: since.and_then(|since| sizes.get(&(node.clone(), since)).copied()),
        since,
        run,
        from: capture.map(|capture| from(capture, run)).unwrap_or_default(),
        is_troubled,
        state,
        ..plain(view, node, RowMark::Pinned(hold))
    })
}

/// Returns where a pin's results are from, in words.
fn from(capture: &Capture, run: Option<i64>) -> String {
    match (capture.captured_in, run) {
        (Some(_), Some(number)) => format!("run {number}"),
        (Some(_), None) => "another run".to_owned(),
        (None, _) if capture.edited => "typed in".to_owned(),
        (None, _) => "taken aside".to_owned(),
    }
}

/// Returns whether a pin wants to be looked at, and how it stands.
fn state(view: View<'_>, node: &NodeId, capture: Option<&Capture>) -> (bool, String) {
    let plan = view.plan.get(node);
    if let Some(stale) = plan.and_then(|plan| plan.stale.as_ref()) {
        return (true, format!("stale: {}", stale.0));
    }
    if let Some(release) = plan.and_then(|plan| plan.released.as_ref()) {
        return (true, format!("will be released: {}", release.0));
    }
    let said = match capture {
        None => "armed for the next run",
        Some(capture) if capture.edited => "edited",
        Some(_) => "up to date",
    };
    (false, said.to_owned())
}

/// Compares two rows; those of which nothing is known come last either way round.
fn compare(one: &PinRow, other: &PinRow, column: Column, from_the_end: bool) -> Ordering {
    let turned = |order: Ordering| if from_the_end { order.reverse() } else { order };
    let order = match column {
        Column::Node => turned(one.title.to_lowercase().cmp(&other.title.to_lowercase())),
        Column::Mark => turned(one.mark.cmp(&other.mark)),
        Column::Size => known(one.size, other.size, turned),
        // The youngest first.
        Column::Age => known(one.since, other.since, |order| turned(order.reverse())),
        Column::Run => known(one.run, other.run, turned),
        // What wants to be looked at first.
        Column::State => turned(other.is_troubled.cmp(&one.is_troubled).then_with(|| one.state.cmp(&other.state))),
    };
    order.then_with(|| one.node.cmp(&other.node))
}

/// Compares what may be known of two rows.
fn known<T: Ord>(one: Option<T>, other: Option<T>, turned: impl Fn(Ordering) -> Ordering) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => turned(one.cmp(&other)),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(node: &'static str, size: Option<u64>, is_troubled: bool) -> PinRow {
        PinRow {
            node: node.into(),
            title: node.to_owned(),
            mark: RowMark::Forced,
            size,
            since: size.map(|size| Timestamp::from_second(size.cast_signed()).unwrap()),
            run: None,
            from: String::new(),
            is_troubled,
            state: String::new(),
        }
    }

    fn sorted(column: Column, from_the_end: bool) -> String {
        let mut rows =
            [row("a", Some(2), false), row("b", None, true), row("c", Some(9), false), row("d", Some(1), true)];
        rows.sort_by(|one, other| compare(one, other, column, from_the_end));
        rows.iter().map(|row| row.node.as_str()).collect()
    }

    #[test]
    fn rows_are_sorted_either_way_with_the_unknown_last() {
        assert_eq!(sorted(Column::Node, false), "abcd");
        assert_eq!(sorted(Column::Node, true), "dcba");
        assert_eq!(sorted(Column::Size, false), "dacb");
        assert_eq!(sorted(Column::Size, true), "cadb");
        assert_eq!(sorted(Column::Age, false), "cadb", "the youngest first");
        assert_eq!(sorted(Column::State, false), "bdac", "what is stale first");
    }

    #[test]
    fn a_second_click_sorts_the_other_way_round() {
        let mut state = PinsState::default();
        state.sort_by(Column::Age);
        assert_eq!(state.sort, Some((Column::Age, false)));
        state.sort_by(Column::Age);
        assert_eq!(state.sort, Some((Column::Age, true)));
        state.sort_by(Column::Size);
        assert_eq!(state.sort, Some((Column::Size, false)));
    }
}
