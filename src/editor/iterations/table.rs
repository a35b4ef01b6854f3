//! The iterations of a loop as a table has them: which are listed, in which order, and a line about each that is in sight. Of a
//! million iterations no line is made before it is seen; what sorting and leaving out need is found on another thread.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{given_to, item_of, read_iteration};
use crate::{
    editor::{
        Command,
        viewers::{RowScroll, line_of},
    },
    nodes::Outputs,
    store::{
        Glance, IterationStatus, LoopAbout, LoopId, LoopRecord, MAX_FAILURES, NodeRecord, Outcome, RunId, Seen, Store,
        size_in_words,
    },
    workflow::NodeId,
};

/// The most lines that are kept in memory.
const MAX_LINES: usize = 4_096;

/// How many iterations are read from the log at once to be sorted.
const STRETCH: u64 = 8_192;

/// Values up to this many bytes are read to say in a line what they are.
const MOST_BYTES: u64 = 8_000_000;

/// What a table is of: the loop, the run its record is of, and the member.
type TableKey = (LoopId, RunId, Option<usize>);

/// What is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Only {
    /// All iterations.
    #[default]
    All,
    /// Those in which any node failed.
    Failed,
    /// Those in which the node executed.
    Executed,
    /// Those that an earlier run made.
    Earlier,
}

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SortBy {
    #[default]
    Index,
    Status,
    Start,
    Took,
}

/// How a person wants the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) only: Only,
    pub(crate) sort: SortBy,
    /// The largest come first.
    pub(crate) descending: bool,
}

/// Which iteration stands in which row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// All, in order.
    All(u64),
    /// All, the last one first.
    Backwards(u64),
    /// These.
    Listed(Arc<[u32]>),
}

impl Order {
    /// Returns how many rows there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::All(n_rows) | Self::Backwards(n_rows) => *n_rows as usize,
            Self::Listed(listed) => listed.len(),
        }
    }

    /// Returns the iteration in a row.
    pub(crate) fn at(&self, row: usize) -> Option<u64> {
        match self {
            Self::All(n_rows) => Some(row as u64).filter(|index| index < n_rows),
            Self::Backwards(n_rows) => n_rows.checked_sub(row as u64 + 1),
            Self::Listed(listed) => listed.get(row).map(|index| u64::from(*index)),
        }
    }

    /// Returns the row of an iteration. Slow in a long list.
    pub(crate) fn row_of(&self, index: u64) -> Option<usize> {
        match self {
            Self::All(n_rows) => (index < *n_rows).then_some(index as usize),
            Self::Backwards(n_rows) => n_rows.checked_sub(index + 1).map(|row| row as usize),
            Self::Listed(listed) => listed.iter().position(|listed| u64::from(*listed) == index),
        }
    }
}

/// What stands in a row.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// How it went; nothing of an iteration that has not been made.
    pub(crate) outcome: Option<Outcome>,
    /// What the node gave, or why one failed.
    pub(crate) says: String,
    /// The node that failed.
    pub(crate) failed: Option<NodeId>,
}

/// How far a loop has come, as far as rows tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Extent {
    /// How many iterations there are to see.
    n_seen: u64,
    n_finished: u64,
    n_failures: usize,
    is_complete: bool,
}

impl Extent {
    fn of(about: &LoopAbout) -> Self {
        Self {
            n_seen: about.n_seen(),
            n_finished: about.n_finished,
            n_failures: about.failures.len(),
            is_complete: about.is_complete,
        }
    }
}

/// How iterations went, in a few bytes each.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    indices: Vec<u32>,
    statuses: Vec<IterationStatus>,
    have_failed: Vec<bool>,
    took_nanos: Vec<u64>,
    /// When they began, in microseconds; where that is unknown, before all others.
    from_micros: Vec<i64>,
}

/// How the table is looked at.
#[derive(Default)]
pub(crate) struct TableState {
    pub(crate) wanted: Wanted,
    pub(crate) scroll: RowScroll,
    /// The iteration that was brought into sight last.
    pub(crate) brought: Option<u64>,
    key: Option<TableKey>,
    extent: Extent,
    /// The iterations that were made before the body was changed, ascending.
    pub(crate) old: Vec<Range<u64>>,
    /// Whether an earlier run made any.
    pub(crate) has_earlier: bool,
    /// There are more iterations than when rows were put in order.
    is_outdated: bool,
    order: Option<(Wanted, Result<Order, String>)>,
    outcomes: Option<Arc<Outcomes>>,
    at_work: Option<(Wanted, Arc<AtomicBool>)>,
    lines: BTreeMap<u64, Line>,
    /// Lines as they were before the loop came further, shown until they have been read again.
    stale_lines: BTreeMap<u64, Line>,
    /// What could not be read.
    error: Option<String>,
    is_reading: bool,
}

/// Reading for the table, off the interface thread.
#[derive(Clone, Debug)]
pub struct IterationsWork {
    key: TableKey,
    extent: Extent,
    of: Arc<LoopRecord>,
    task: Task,
}

#[derive(Clone, Debug)]
enum Task {
    Arrange(Wanted, Option<Arc<Outcomes>>, Arc<AtomicBool>),
    /// With the record of the loop's head, where items are to be had.
    Lines(Vec<u64>, Option<Arc<NodeRecord>>),
}

/// What came of it.
pub(crate) struct IterationsDone {
    key: TableKey,
    extent: Extent,
    result: Done,
}

enum Done {
    Arranged(Wanted, Arc<Outcomes>, Arc<[u32]>),
    Unarranged(Wanted, String),
    Cancelled,
    Lines(Result<Vec<(u64, Line)>, String>),
}

impl IterationsWork {
    /// Does the work. Slow for long loops.
    pub(crate) fn done(self, store: Option<&Store>) -> IterationsDone {
        let Self { key, extent, of, task } = self;
        let (_, _, member) = key;
        let result = match task {
            Task::Arrange(wanted, known, cancelled) => {
                let outcomes = known
                    .map_or_else(|| Outcomes::read(&of, member, extent.n_seen, &cancelled), |known| Ok(Some(known)));
                match outcomes {
                    Ok(Some(outcomes)) => {
                        let rows = outcomes.arranged(wanted, &of.about);
                        Done::Arranged(wanted, outcomes, rows)
                    }
                    Ok(None) => Done::Cancelled,
                    Err(error) => Done::Unarranged(wanted, error),
                }
            }
            Task::Lines(indices, head) => Done::Lines(lines(&of, member, &indices, head.as_deref(), store)),
        };
        IterationsDone { key, extent, result }
    }
}

impl Outcomes {
    /// Reads how all iterations went; nothing if nobody wants to know any more.
    fn read(
        of: &LoopRecord,
        member: Option<usize>,
        n_seen: u64,
        cancelled: &AtomicBool,
    ) -> Result<Option<Arc<Self>>, String> {
        let mut outcomes = Self::default();
        let end = n_seen.min(u64::from(u32::MAX));
        for from in (0..end).step_by(STRETCH as usize) {
            if cancelled.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let stretch = of.log.outcomes(from..end.min(from + STRETCH), member).map_err(|error| error.to_string())?;
            for (index, outcome) in stretch {
                outcomes.add(index as u32, outcome);
            }
        }
        Ok(Some(Arc::new(outcomes)))
    }

    fn add(&mut self, index: u32, outcome: Outcome) {
        self.indices.push(index);
        self.statuses.push(outcome.status);
        self.have_failed.push(outcome.has_failed);
        self.took_nanos.push(outcome.took_nanos);
        self.from_micros.push(outcome.times.map_or(i64::MIN, |times| times.from_micros));
    }

    /// Returns the iterations that are wanted, in the order that is wanted; equal ones stay in their order.
    fn arranged(&self, wanted: Wanted, about: &LoopAbout) -> Arc<[u32]> {
        let executed = |place: usize| {
            let executed = [IterationStatus::Executed, IterationStatus::Edited, IterationStatus::Failed];
            executed.contains(&self.statuses[place])
        };
        let earlier = about.earlier_parts();
        let is_wanted = |place: &usize| match wanted.only {
            Only::All => true,
            Only::Failed => self.have_failed[*place],
            Only::Executed => executed(*place),
            Only::Earlier => earlier.iter().any(|part| part.contains(&u64::from(self.indices[*place]))),
        };
        let mut places: Vec<usize> = (0..self.indices.len()).filter(is_wanted).collect();
        let name = |place: usize| (self.statuses[place].name(), self.have_failed[place]);
        match (wanted.sort, wanted.descending) {
            (SortBy::Index, false) => {}
            (SortBy::Index, true) => places.reverse(),
            (SortBy::Status, false) => places.sort_by(|a, b| name(*a).cmp(&name(*b))),
            (SortBy::Status, true) => places.sort_by(|a, b| name(*b).cmp(&name(*a))),
            (SortBy::Start, false) => places.sort_by_key(|place| self.from_micros[*place]),
            (SortBy::Start, true) => places.sort_by_key(|place| std::cmp::Reverse(self.from_micros[*place])),
            (SortBy::Took, false) => places.sort_by_key(|place| self.took_nanos[*place]),
            (SortBy::Took, true) => places.sort_by_key(|place| std::cmp::Reverse(self.took_nanos[*place])),
        }
        places.into_iter().map(|place| self.indices[place]).collect()
    }
}

impl TableState {
    /// Turns to the iterations of a loop, as a node or its head sees them.
    pub(crate) fn look(&mut self, of: &LoopRecord, run: RunId, member: Option<usize>) {
        let (key, extent) = ((of.about.id, run, member), Extent::of(&of.about));
        if self.key == Some(key) {
            return self.grow(&of.about, extent);
        }
        self.stop();
        let has_earlier = !of.about.earlier_parts().is_empty();
        if self.wanted.only == Only::Earlier && !has_earlier {
            self.wanted.only = Only::All;
        }
        let old = of.about.old_parts();
        *self = Self { wanted: self.wanted, key: Some(key), extent, old, has_earlier, ..Self::default() };
    }

    /// Takes in that the loop has come further: it may have made again what an earlier run had of it. Where one stands stays.
    fn grow(&mut self, about: &LoopAbout, extent: Extent) {
        if self.extent == extent {
            return;
        }
        self.stop();
        self.extent = extent;
        self.is_outdated = true;
        (self.old, self.has_earlier) = (about.old_parts(), !about.earlier_parts().is_empty());
        self.outcomes = None;
        self.stale_lines.append(&mut self.lines);
    }

    fn stop(&mut self) {
        if let Some((_, cancelled)) = self.at_work.take() {
            cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Returns whether an iteration was made before the body was changed.
    pub(crate) fn is_old(&self, index: u64) -> bool {
        let behind = self.old.partition_point(|part| part.start <= index);
        behind > 0 && self.old[behind - 1].contains(&index)
    }

    /// Returns whether rows are being sorted or left out.
    pub(crate) const fn is_arranging(&self) -> bool {
        self.at_work.is_some()
    }

    /// Returns why something could not be read.
    pub(crate) fn error(&self) -> Option<&str> {
        let of_order = self.order.as_ref().and_then(|(_, order)| order.as_ref().err());
        of_order.or(self.error.as_ref()).map(String::as_str)
    }

    /// Returns the rows as they are wanted; as they were last while those are on their way. Those of a loop that goes on are in
    /// their order if all of them had to be read for another.
    pub(crate) fn rows(&mut self, of: &Arc<LoopRecord>, goes_on: bool, commands: &mut Vec<Command>) -> Order {
        let wanted = if goes_on && !is_at_once(self.wanted, &of.about) { Wanted::default() } else { self.wanted };
        let is_here = !self.is_outdated && self.order.as_ref().is_some_and(|(for_what, _)| *for_what == wanted);
        let is_coming = self.at_work.as_ref().is_some_and(|(for_what, _)| *for_what == wanted);
        if !is_here && !is_coming {
            self.stop();
            if let Some(order) = at_once(wanted, &of.about) {
                self.take_order(wanted, Ok(order));
            } else {
                let cancelled = Arc::<AtomicBool>::default();
                self.at_work = Some((wanted, Arc::clone(&cancelled)));
                commands.extend(self.work(of, Task::Arrange(wanted, self.outcomes.clone(), cancelled)));
            }
        }
        match &self.order {
            Some((_, Ok(order))) => order.clone(),
            _ => Order::All(if self.at_work.is_some() { 0 } else { of.about.n_seen() }),
        }
    }

    fn take_order(&mut self, wanted: Wanted, order: Result<Order, String>) {
        if self.order.as_ref().is_none_or(|(before, _)| *before != wanted) {
            self.scroll.top = 0.0;
        }
        self.order = Some((wanted, order));
        self.is_outdated = false;
    }

    fn work(&self, of: &Arc<LoopRecord>, task: Task) -> Option<Command> {
        Some(Command::WorkOnIterations(IterationsWork {
            key: self.key?,
            extent: self.extent,
            of: Arc::clone(of),
            task,
        }))
    }

    /// Returns what stands in a row, if it was read.
    pub(crate) fn line(&self, index: u64) -> Option<&Line> {
        self.lines.get(&index).or_else(|| self.stale_lines.get(&index))
    }

    /// Asks for the lines of iterations that are in sight: a few at a time, and no more while some are being read.
    pub(crate) fn want_lines(
        &mut self,
        of: &Arc<LoopRecord>,
        in_sight: impl Iterator<Item = u64>,
        head: Option<&Arc<NodeRecord>>,
        commands: &mut Vec<Command>,
    ) {
        if self.is_reading || self.error.is_some() {
            return;
        }
        let mut missing: Vec<u64> = in_sight.filter(|index| !self.lines.contains_key(index)).collect();
        if missing.is_empty() {
            return;
        }
        missing.sort_unstable();
        self.is_reading = true;
        commands.extend(self.work(of, Task::Lines(missing, head.cloned())));
    }

    /// Takes what was read.
    pub(crate) fn take(&mut self, done: IterationsDone) {
        if self.key != Some(done.key) {
            return;
        }
        let is_of_now = done.extent == self.extent;
        let is_wanted = |for_what: Wanted| self.at_work.as_ref().is_some_and(|(wanted, _)| *wanted == for_what);
        match done.result {
            Done::Arranged(wanted, outcomes, rows) if is_of_now => {
                self.outcomes = Some(outcomes);
                if is_wanted(wanted) {
                    self.at_work = None;
                    self.take_order(wanted, Ok(Order::Listed(rows)));
                }
            }
            Done::Unarranged(wanted, error) if is_wanted(wanted) => {
                self.at_work = None;
                self.take_order(wanted, Err(error));
            }
            Done::Arranged(..) | Done::Unarranged(..) | Done::Cancelled => {}
            Done::Lines(read) => {
                self.is_reading = false;
                if self.lines.len() + self.stale_lines.len() >= MAX_LINES {
                    self.lines.clear();
                    self.stale_lines.clear();
                }
                match read {
                    Ok(lines) if is_of_now => self.lines.extend(lines),
                    Ok(lines) => self.stale_lines.extend(lines),
                    Err(error) => self.error = Some(error),
                }
            }
        }
    }
}

/// Returns whether the loop's record says enough to know the rows.
pub(crate) fn is_at_once(wanted: Wanted, about: &LoopAbout) -> bool {
    let is_known = match wanted.only {
        Only::All | Only::Earlier => true,
        Only::Failed => about.failures.len() < MAX_FAILURES,
        Only::Executed => false,
    };
    is_known && wanted.sort == SortBy::Index
}

/// Returns the rows where the loop's record says enough to know them.
fn at_once(wanted: Wanted, about: &LoopAbout) -> Option<Order> {
    let n_seen = about.n_seen();
    if !is_at_once(wanted, about) {
        return None;
    }
    let mut listed: Vec<u32> = match wanted.only {
        Only::All if wanted.descending => return Some(Order::Backwards(n_seen)),
        Only::All => return Some(Order::All(n_seen)),
        Only::Failed => about.failures.iter().filter_map(|failure| u32::try_from(failure.index).ok()).collect(),
        Only::Earlier => {
            let parts = about.earlier_parts();
            parts.into_iter().flatten().filter_map(|index| u32::try_from(index).ok()).collect()
        }
        Only::Executed => return None,
    };
    listed.sort_unstable();
    listed.dedup();
    if wanted.descending {
        listed.reverse();
    }
    Some(Order::Listed(listed.into()))
}

/// Reads what stands in rows, which are given in order.
fn lines(
    of: &LoopRecord,
    member: Option<usize>,
    indices: &[u64],
    head: Option<&NodeRecord>,
    store: Option<&Store>,
) -> Result<Vec<(u64, Line)>, String> {
    let is_repeat = head.is_some_and(|head| head.as_it_was().kind.as_str() == "repeat");
    let items = if member.is_none() && !is_repeat { given_to(head, &of.about, store) } else { None };
    let mut lines = Vec::with_capacity(indices.len());
    for stretch in stretches(indices) {
        let glances = of.log.glances(stretch.clone(), &of.about.ports, member, MOST_BYTES);
        let mut glances = glances.map_err(|error| error.to_string())?.into_iter().peekable();
        for index in stretch {
            let Some((_, glance)) = glances.next_if(|(known, _)| *known == index) else {
                lines.push((index, Line { outcome: None, says: String::new(), failed: None }));
                continue;
            };
            let mut line = line(&of.about, glance);
            if line.says.is_empty() && member.is_none() {
                let item = match &items {
                    Some((items, true)) => item_of(items, index),
                    _ if is_repeat => read_iteration(of, head, store, index)?.item,
                    _ => None,
                };
                line.says = item.map(|item| line_of(&item)).unwrap_or_default();
            }
            lines.push((index, line));
        }
    }
    Ok(lines)
}

/// Returns numbers that are given in order as stretches without gaps.
fn stretches(indices: &[u64]) -> Vec<Range<u64>> {
    let mut stretches: Vec<Range<u64>> = Vec::new();
    for &index in indices {
        match stretches.last_mut() {
            Some(last) if last.end == index => last.end += 1,
            _ => stretches.push(index..index + 1),
        }
    }
    stretches
}

fn line(about: &LoopAbout, glance: Glance) -> Line {
    let Glance { outcome, item, outputs, failed } = glance;
    if let Some((member, error)) = failed {
        let says = error.lines().next().unwrap_or_default().to_owned();
        return Line { outcome: Some(outcome), says, failed: about.members.get(member).cloned() };
    }
    let too_large = |n_bytes: u64| format!("large: {}", size_in_words(n_bytes));
    let says = match (outputs, item) {
        (Seen::Here(outputs), _) => of_outputs(&outputs),
        (Seen::TooLarge(n_bytes), _) | (_, Seen::TooLarge(n_bytes)) => too_large(n_bytes),
        (Seen::Nothing, Seen::Here(item)) => line_of(&item),
        (Seen::Nothing, Seen::Nothing) => String::new(),
    };
    Line { outcome: Some(outcome), says, failed: None }
}

fn of_outputs(outputs: &Outputs) -> String {
    let mut ports = outputs.iter();
    match (ports.next(), ports.next()) {
        (None, _) => "no value".to_owned(),
        (Some((_, only)), None) => line_of(only),
        _ => outputs.iter().map(|(port, value)| format!("{port}: {}", line_of(value))).collect::<Vec<_>>().join(", "),
    }
}
