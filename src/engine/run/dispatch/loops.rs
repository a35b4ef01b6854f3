//! Loops: a For Each or Repeat is walked as one piece. Each iteration is a small walk of its own over the body; several go on
//! at once if the loop says so. What came of an iteration is logged as it ends, so that a loop that was stopped goes on
//! behind the last one.

mod earlier;
mod finish;
mod gave;
mod items;
mod iteration;
mod lacking;
mod merge;
mod never;
mod pause;
mod start;
mod taken;

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

pub(in crate::engine::run) use self::items::Fetched;
pub(super) use self::{finish::Closed, iteration::Iteration};
use self::{items::ItemSource, taken::TakenUp};
use super::{Dispatcher, Slot, Unit};
use crate::{
    engine::{
        plan::Given,
        run::{
            EventKind,
            host::{PinnedNote, Trace},
            loop_body::{LoopBody, LoopSource},
        },
    },
    nodes::{Deeds, Source as Read},
    store::{
        Attempt, InputRecord, IterationLog, IterationRow, Iterations, Kept, LogLine, LoopAbout, LoopRecord, NodeRecord,
        NotRun, RunId,
    },
    value::{Fingerprint, Value},
    workflow::PortId,
};

/// How often a loop tells how far it is, at most.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// How many log lines of a node are kept, over all iterations.
const MAX_LOG_LINES: usize = 1000;

/// How many iterations of an earlier run are read at once.
const ROWS_AT_ONCE: u64 = 1024;

/// A loop that is walked.
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own, and all combinations occur")]
pub(super) struct LoopRun {
    body: Arc<LoopBody>,
    parent: Parent,
    /// What the body reads from outside, in the order of [`LoopBody::outside`].
    outside: Vec<Given>,
    /// For each of those whether it is, or may be, another than in the earlier run: of an inner loop. What is outside of all
    /// loops the plan has looked at.
    outside_changed: Arc<[bool]>,
    /// Values of those that were changed by hand.
    outside_edits: Vec<Edit>,
    items: ItemSource,
    at_once: usize,
    goes_on_after_errors: bool,
    next_index: u64,
    n_running: usize,
    /// Whether iterations are being begun.
    is_pumped: bool,
    /// Whether there are no more items.
    is_exhausted: bool,
    about: LoopAbout,
    body_fingerprint: Fingerprint,
    log: IterationLog,
    /// What is there from a run that was stopped.
    finished: Finished,
    /// Where the items go on behind that.
    cursor: Option<Value>,
    /// Whether the log keeps the items: they cannot be had again for nothing.
    keeps_items: bool,
    /// What the head's pin gives.
    pinned: Option<Given>,
    /// Whether nothing is taken from an earlier run.
    is_from_the_start: bool,
    /// Whether the effect of anything inside was held back.
    holds_back: bool,
    /// What to reuse from, of a loop that had been completed.
    earlier: Option<Earlier>,
    /// Iterations that an earlier run has begun and not finished, with what came of inner loops.
    unfinished: HashMap<u64, IterationRow>,
    /// The newest iterations that were taken up, of those with inner loops.
    taken_up: VecDeque<TakenUp>,
    /// The run that was cut off in the middle of this loop: of inner loops it has noted that they began. And the index from
    /// which none can have.
    cut_off: Option<(RunId, u64)>,
    /// For each member whether it executes in every iteration, whatever came of it before.
    executes_always: Arc<[bool]>,
    /// For each member whether anything came of it in any iteration that was not reused.
    is_new: Vec<bool>,
    /// For each member what a Collect was given, by index.
    collected: Vec<Vec<(u64, Value)>>,
    /// What a Repeat hands to its next iteration, and whether there is to be one.
    state: Value,
    goes_on: bool,
    members: Vec<MemberStory>,
    newest: Option<Newest>,
    stop: Option<Stop>,
    /// What came of the nodes of inner loops.
    inner: HashMap<usize, InnerRecord>,
    began: Instant,
    told: Instant,
}

/// Where a loop stands.
#[derive(Clone, Copy, Debug)]
enum Parent {
    /// Outside of all others.
    Root(Slot),
    /// In an iteration of another.
    Inner { iteration: usize, slot: Slot },
}

/// Iterations that need not be made again.
#[derive(Debug, Default)]
struct Finished {
    /// All below this one.
    prefix: u64,
    /// And these.
    beyond: BTreeSet<u64>,
}

impl Finished {
    fn contains(&self, index: u64) -> bool {
        index < self.prefix || self.beyond.contains(&index)
    }

    fn insert(&mut self, index: u64) {
        self.beyond.insert(index);
        while self.beyond.remove(&self.prefix) {
            self.prefix += 1;
        }
    }

    /// Returns the index behind the last one.
    fn end(&self) -> u64 {
        self.beyond.last().map_or(self.prefix, |last| last + 1)
    }
}

/// A loop of an earlier run, read a stretch at a time.
struct Earlier {
    record: Arc<LoopRecord>,
    rows: VecDeque<(u64, IterationRow)>,
    next: u64,
}

/// What came of a member over all iterations.
#[derive(Default)]
struct MemberStory {
    started: Option<Instant>,
    took: Duration,
    n_executed: u64,
    /// How often it executed to its end.
    n_performed: u64,
    n_failed: u64,
    n_held_back: u64,
    /// The run of the newest iteration in which it gave what it had given in an earlier run.
    reused_from: Option<RunId>,
    first_error: Option<(u64, String)>,
    attempts: Vec<Attempt>,
    log: Vec<LogLine>,
    sources: Vec<Read>,
    pinned_data: Option<PinnedNote>,
    deeds: Deeds,
    /// The values that it took last of those changed by hand.
    edited: Vec<InputRecord>,
}

impl MemberStory {
    /// Takes in what one execution left behind; returns its attempts.
    fn take_in(&mut self, trace: Trace) -> Vec<Attempt> {
        let Trace { attempts, log, sources, pinned_data, deeds } = trace;
        self.deeds.append(deeds);
        let room = MAX_LOG_LINES.saturating_sub(self.log.len());
        self.log.extend(log.into_iter().take(room));
        for source in sources {
            if !self.sources.contains(&source) {
                self.sources.push(source);
            }
        }
        if let Some(note) = pinned_data {
            note.put(&mut self.pinned_data);
        }
        attempts
    }
}

/// A value that was changed by hand while the run was paused.
#[derive(Clone, Debug)]
struct Edit {
    source: LoopSource,
    port: PortId,
    results: Kept,
}

/// What came of a node of an inner loop, over all iterations so far.
struct InnerRecord {
    /// The iteration of the outer loop that it is of.
    index: u64,
    record: NodeRecord,
}

/// The iteration of the highest index that has ended.
struct Newest {
    index: u64,
    head: Given,
    given: Vec<Option<Given>>,
}

/// Why no more iterations begin.
#[derive(Clone, Debug)]
enum Stop {
    Failed {
        index: u64,
        slot: Slot,
        error: String,
    },
    Cancelled,
    /// The items cannot be had, or the store cannot be read.
    Broken(String),
}

/// What a loop gives to what closes it, once it has ended.
#[derive(Clone)]
pub(super) enum Closing {
    Given(Kept),
    Stopped,
    Cancelled,
}

/// All loops of a run that go on.
#[derive(Default)]
pub(super) struct Loops {
    runs: Vec<Option<Box<LoopRun>>>,
    iterations: Vec<Option<Iteration>>,
    free: Vec<usize>,
    bodies: HashMap<usize, Arc<LoopBody>>,
    body_fingerprints: HashMap<usize, Fingerprint>,
    /// For each loop that is walked over its earlier iterations, by its number.
    executes_always: HashMap<usize, Arc<[bool]>>,
    /// What closers give, by their index in the graph, of loops outside of all others.
    pub(super) closing: HashMap<usize, Closed>,
    /// Why nodes inside of loops that were begun will not run in any iteration, by their index in the graph.
    never: HashMap<usize, NotRun>,
    /// The nodes inside of loops of which anything came in this run that had not come of them in an earlier one, by their
    /// index in the graph.
    fresh: HashSet<usize>,
    /// The loops whose heads have pins, by the head's slot.
    pub(super) pinned: HashMap<Slot, Iterations>,
    /// Records of nodes inside of loops.
    pub(super) records: Vec<Arc<NodeRecord>>,
}

impl Loops {
    fn run(&mut self, number: usize) -> &mut LoopRun {
        self.runs[number].as_mut().expect("a loop is there until it is finished")
    }

    fn iteration(&mut self, number: usize) -> &mut Iteration {
        self.iterations[number].as_mut().expect("an iteration is there until it is finished")
    }

    fn add_iteration(&mut self, iteration: Iteration) -> usize {
        if let Some(number) = self.free.pop() {
            self.iterations[number] = Some(iteration);
            return number;
        }
        self.iterations.push(Some(iteration));
        self.iterations.len() - 1
    }
}

impl Dispatcher<'_> {
    /// Begins iterations as long as there may be more at once; ends the loop when there is nothing more to do.
    fn pump(&mut self, number: usize) {
        // An iteration without nodes ends as it begins, and would have the loop pumped inside of itself.
        if std::mem::replace(&mut self.loops.run(number).is_pumped, true) {
            return;
        }
        loop {
            let run = self.loops.run(number);
            if run.stop.is_none() && self.shared.cancel.is_cancelled() {
                run.stop = Some(Stop::Cancelled);
            }
            if run.stop.is_some() || run.is_exhausted || run.n_running >= run.at_once {
                break;
            }
            match self.next_item(number) {
                items::Next::Item(item) => {
                    let index = self.loops.run(number).next_index;
                    self.loops.run(number).next_index += 1;
                    if !self.loops.run(number).finished.contains(index) {
                        self.begin_iteration(number, index, item);
                    }
                }
                items::Next::End => self.loops.run(number).is_exhausted = true,
                items::Next::Later => break,
                items::Next::Broken(why) => self.loops.run(number).stop = Some(Stop::Broken(why)),
            }
        }
        let run = self.loops.run(number);
        run.is_pumped = false;
        if run.n_running == 0 && (run.stop.is_some() || run.is_exhausted) {
            self.finish_loop(number);
        }
    }

    /// Has all loops look whether they are to go on.
    pub(super) fn pump_all(&mut self) {
        for number in 0..self.loops.runs.len() {
            if self.loops.runs[number].is_some() {
                self.pump(number);
            }
        }
    }

    /// Tells how far a loop is, now and then.
    fn tell_progress(&mut self, number: usize) {
        let now = self.clock.now;
        let run = self.loops.run(number);
        if now.saturating_duration_since(run.told) < TELL_EVERY || !matches!(run.parent, Parent::Root(_)) {
            return;
        }
        run.told = now;
        let n_done = run.about.n_finished;
        let (fraction, message) = match run.about.total {
            Some(total) => (n_done as f32 / total.max(1) as f32, format!("{n_done} of {total}")),
            None => (0.0, format!("{n_done} so far")),
        };
        let node = run.about.head.clone();
        let so_far = Some(Arc::new(LoopRecord { about: run.about.clone(), log: run.log.clone() }));
        self.shared.send(EventKind::NodeProgress { node, fraction: fraction.clamp(0.0, 1.0), message, so_far });
    }

    /// Puts a unit of an iteration where it waits for its turn.
    fn ready_in(&mut self, iteration: usize, slot: Slot) {
        self.ready.push_back(Unit { walk: iteration + 1, slot });
    }
}
