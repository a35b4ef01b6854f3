//! The iterations of a loop inside of its bar: read on another thread, and drawn only as far as they can be told apart. Of a
//! million iterations no more is looked at than there are points on the screen.

use std::sync::Arc;

use jiff::Timestamp;

use crate::store::{IterationStatus, LoopId, LoopRecord, Outcome, RunId};

/// How many iterations are read from the log at once.
const STRETCH: u64 = 8_192;

/// The most rows of iterations that go on at once; more are drawn over each other.
const MAX_LANES: usize = 4;

/// What is narrower than this is drawn together, in points.
const LEAST_WIDTH: f64 = 2.0;

/// The loop, the run its record is of, how many iterations it has, and when the first node of the run began.
pub(crate) type SpansKey = (LoopId, RunId, u64, Timestamp);

/// How an iteration is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    Executed,
    Reused,
    Failed,
}

/// The iterations of a loop in a run, by when they were made.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    pub(super) lanes: Vec<Lane>,
    /// The one that took longest: its index, and its time in seconds.
    pub(super) longest: Option<(u32, f64)>,
}

/// Iterations one after the other. Each list has one entry for each.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Seconds since the first node of the run began, ascending.
    starts: Vec<f64>,
    ends: Vec<f64>,
    indices: Vec<u32>,
    went: Vec<Went>,
    /// The places of those that failed, ascending.
    failed: Vec<u32>,
}

/// What is drawn as one: an iteration, or several that lie too close to be told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) went: Went,
    pub(super) n_iterations: usize,
}

/// Reading the iterations of a loop, off the interface thread.
#[derive(Clone, Debug)]
pub struct SpansWork {
    key: SpansKey,
    of: Arc<LoopRecord>,
    /// When the first node of the run, and when the loop began.
    first: Timestamp,
    began: f64,
}

/// What came of it.
pub(crate) struct SpansDone {
    pub(super) key: SpansKey,
    pub(super) spans: Result<Arc<Spans>, String>,
}

impl SpansWork {
    pub(super) fn new(run: RunId, of: &Arc<LoopRecord>, first: Timestamp, began: f64) -> Self {
        Self { key: key_of(run, of, first), of: Arc::clone(of), first, began }
    }

    /// Does the work. Slow for long loops.
    pub(crate) fn done(self) -> SpansDone {
        SpansDone { key: self.key, spans: self.read().map(|times| Arc::new(Spans::of(times))) }
    }

    /// Returns the iterations that were made in this run, by start, time, index and how they went.
    fn read(self) -> Result<Vec<(f64, f64, u32, Went)>, String> {
        let Self { of, first, began, .. } = self;
        let end = of.about.n_seen().min(u64::from(u32::MAX));
        let offset = of.about.id.made().duration_since(first).as_secs_f64();
        let mut read = Vec::new();
        for from in (0..end).step_by(STRETCH as usize) {
            let stretch = of.log.outcomes(from..end.min(from + STRETCH), None).map_err(|error| error.to_string())?;
            read.extend(stretch.into_iter().filter_map(|(index, outcome)| {
                let times = outcome.times?;
                let from = offset + times.from_micros as f64 / 1e6;
                // What was made in an earlier run that was cut off is no part of this one.
                (from >= began - 1e-3).then_some((from, times.took_micros as f64 / 1e6, index as u32, went(&outcome)))
            }));
        }
        Ok(read)
    }
}

pub(super) fn key_of(run: RunId, of: &LoopRecord, first: Timestamp) -> SpansKey {
    (of.about.id, run, of.about.n_seen(), first)
}

const fn went(outcome: &Outcome) -> Went {
    match outcome.status {
        _ if outcome.has_failed => Went::Failed,
        IterationStatus::Reused | IterationStatus::Kept | IterationStatus::Pinned => Went::Reused,
        _ => Went::Executed,
    }
}

impl Spans {
    /// Returns iterations, given by start, time, index and how they went, in as few lanes as there were at once.
    fn of(mut times: Vec<(f64, f64, u32, Went)>) -> Self {
        times.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.2.cmp(&other.2)));
        let longest =
            times.iter().max_by(|one, other| one.1.total_cmp(&other.1)).map(|(_, took, index, _)| (*index, *took));
        let mut lanes: Vec<Lane> = Vec::new();
        for (start, took, index, went) in times {
            let end_of = |lane: &Lane| lane.ends.last().copied().unwrap_or(f64::NEG_INFINITY);
            let free = lanes.iter().position(|lane| end_of(lane) <= start + 1e-6);
            let place = free.unwrap_or_else(|| {
                if lanes.len() < MAX_LANES {
                    lanes.push(Lane::default());
                    return lanes.len() - 1;
                }
                let ends_first =
                    (0..lanes.len()).min_by(|one, other| end_of(&lanes[*one]).total_cmp(&end_of(&lanes[*other])));
                ends_first.unwrap_or(0)
            });
            lanes[place].add(start, start + took, index, went);
        }
        Self { lanes, longest }
    }

    /// Returns the iteration of a lane that went on at a time, or nearly, with how long it took and how it went.
    pub(super) fn at(&self, lane: usize, time: f64, nearly: f64) -> Option<(u32, f64, Went)> {
        let lane = self.lanes.get(lane)?;
        let place = lane.starts.partition_point(|start| *start <= time + nearly).checked_sub(1)?;
        (lane.ends[place] + nearly >= time)
            .then(|| (lane.indices[place], lane.ends[place] - lane.starts[place], lane.went[place]))
    }
}

impl Lane {
    fn add(&mut self, start: f64, end: f64, index: u32, went: Went) {
        if went == Went::Failed {
            self.failed.push(self.starts.len() as u32);
        }
        self.starts.push(start);
        self.ends.push(end);
        self.indices.push(index);
        self.went.push(went);
    }

    /// Gives what is to be drawn between two times, where a point is so many seconds wide.
    pub(super) fn pieces(&self, (from, to): (f64, f64), secs_per_point: f64, mut draw: impl FnMut(Piece)) {
        let least = secs_per_point * LEAST_WIDTH;
        // The one before may reach into view.
        let mut place = self.starts.partition_point(|start| *start < from).saturating_sub(1);
        while place < self.starts.len() && self.starts[place] <= to {
            let (start, end) = (self.starts[place], self.ends[place]);
            let next = if end - start >= least {
                place + 1
            } else {
                self.starts.partition_point(|other| *other < start + least).max(place + 1)
            };
            let n_iterations = next - place;
            let end = if n_iterations == 1 { end } else { start + least };
            let went = if self.has_failed(place, next) { Went::Failed } else { self.went[place] };
            draw(Piece { from: start, to: end, went, n_iterations });
            place = next;
        }
    }

    fn has_failed(&self, from: usize, to: usize) -> bool {
        let first = self.failed.partition_point(|failed| (*failed as usize) < from);
        self.failed.get(first).is_some_and(|failed| (*failed as usize) < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(spans: &Spans, range: (f64, f64), n_points: f64) -> Vec<Piece> {
        let mut pieces = Vec::new();
        spans.lanes[0].pieces(range, (range.1 - range.0) / n_points, |piece| pieces.push(piece));
        pieces
    }

    #[test]
    fn of_a_million_iterations_no_more_is_drawn_than_there_is_room_and_a_failed_one_is_seen() {
        let went = |index: u32| if index == 777_777 { Went::Failed } else { Went::Executed };
        let spans =
            Spans::of((0..1_000_000).map(|index| (f64::from(index) * 1e-3, 1e-3, index, went(index))).collect());
        assert_eq!(spans.lanes.len(), 1);
        let far = pieces(&spans, (0.0, 1_000.0), 800.0);
        assert!(far.len() <= 401, "{}", far.len());
        assert_eq!(far.iter().map(|piece| piece.n_iterations).sum::<usize>(), 1_000_000);
        assert_eq!(far.iter().filter(|piece| piece.went == Went::Failed).count(), 1);
        let near = pieces(&spans, (777.770, 777.780), 800.0);
        assert!(near.len() <= 12 && near.iter().all(|piece| piece.n_iterations == 1), "{}", near.len());
        assert_eq!(spans.at(0, 777.777_5, 0.0).map(|(index, ..)| index), Some(777_777));
        assert_eq!(spans.at(0, 2_000.0, 1.0), None);
    }

    #[test]
    fn what_goes_on_at_once_stands_side_by_side() {
        let at = |from: f64, took: f64, index| (from, took, index, Went::Reused);
        let spans = Spans::of(vec![at(1.0, 1.0, 1), at(0.0, 1.5, 0), at(1.6, 9.0, 2)]);
        let indices: Vec<&[u32]> = spans.lanes.iter().map(|lane| &lane.indices[..]).collect();
        assert_eq!(indices, [&[0, 2][..], &[1]]);
        assert_eq!(spans.longest, Some((2, 9.0)));
        let crowd = Spans::of((0..20).map(|index| at(f64::from(index), 100.0, index)).collect());
        assert_eq!(crowd.lanes.len(), MAX_LANES);
        assert!(Spans::of(Vec::new()).lanes.is_empty());
    }
}
