//! How long a run will take: the plan's executing nodes are laid out on as many workers as there are, each for as long as it
//! took before. A pure function; what nodes took is read from the store by the caller.

mod words;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::Arc,
    thread,
    time::Duration,
};

pub use self::words::{about, both_in_words};
use super::{Decision, Plan};
use crate::{nodes::Load, session::Baseline, store::Status, value::Fingerprint, workflow::NodeId};

/// How long the nodes of a workflow took. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Timings {
    known: Arc<HashMap<NodeId, (Fingerprint, Duration)>>,
    /// The newest records: they know also what was too quick to be noted.
    baseline: Baseline,
}

impl Timings {
    /// Returns what the store noted: for each node the config, how long it took on average, and how often it was timed.
    pub fn new(noted: Vec<(NodeId, Fingerprint, Duration, u64)>) -> Self {
        let known = noted.into_iter().map(|(node, config, mean, _)| (node, (config, mean))).collect();
        Self { known: Arc::new(known), baseline: Baseline::default() }
    }

    /// Returns the same with the newest records of the nodes.
    #[must_use]
    pub fn with_baseline(&self, baseline: &Baseline) -> Self {
        Self { known: Arc::clone(&self.known), baseline: baseline.clone() }
    }

    /// Returns how long a node took, and whether it was another then or did not end well.
    fn of(&self, node: &NodeId, config: Fingerprint) -> Option<(Duration, bool)> {
        let noted = self.known.get(node);
        if let Some((_, mean)) = noted.filter(|(then, _)| *then == config) {
            return Some((*mean, false));
        }
        let record = self.baseline.get(node);
        let last = record.and_then(|record| {
            let is_it = record.config == config && !matches!(record.status, Status::Failed(_) | Status::Cancelled);
            Some((record.took?, !is_it))
        });
        match last {
            Some((_, true)) | None => noted.map(|(_, mean)| (*mean, true)).or(last),
            exact => exact,
        }
    }
}

/// How many nodes can execute at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workers {
    /// Nodes that compute.
    pub computing: usize,
    /// Nodes that wait.
    pub waiting: usize,
}

impl Workers {
    /// Returns how many this machine has.
    pub fn here() -> Self {
        Self { computing: thread::available_parallelism().map_or(1, usize::from), waiting: 256 }
    }
}

/// How a node stands in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has not begun.
    Waiting,
    /// It has run for this long.
    Running(Duration),
    /// It is settled.
    Settled,
}

/// How long a run will take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// From beginning to end; `None` if none of the nodes was ever timed.
    pub total: Option<Duration>,
    /// From now to the end.
    pub left: Option<Duration>,
    /// How many nodes execute.
    pub n_executing: usize,
    /// How many of those not settled were never timed: both figures are without them.
    pub n_unknown: usize,
    /// Whether a node had other parameters when it was timed.
    pub is_rough: bool,
    /// The chain of nodes that takes longest: the run cannot be shorter, however many workers there are.
    pub critical: Vec<NodeId>,
}

/// Returns how long a run of a plan will take, and how long from where it stands. Time in the number of nodes that
/// execute, times its logarithm.
pub fn forecast(plan: &Plan, timings: &Timings, workers: Workers, progress: impl Fn(&NodeId) -> Progress) -> Forecast {
    let tasks = Tasks::new(plan, timings, &progress);
    let total = tasks.simulate(workers, |task| Some(task.takes));
    let has_begun = tasks.list.iter().any(|task| task.progress != Progress::Waiting);
    let left = if has_begun { tasks.simulate(workers, Task::left) } else { total };
    let nothing_known = tasks.list.iter().all(|task| !task.is_known) && !tasks.list.is_empty();
    let figure = |time: Duration| (!nothing_known).then_some(time);
    Forecast {
        total: figure(total),
        left: figure(left),
        n_executing: tasks.list.len(),
        n_unknown: tasks.list.iter().filter(|task| !task.is_known && task.progress != Progress::Settled).count(),
        is_rough: tasks.list.iter().any(|task| task.is_rough),
        critical: tasks.critical().into_iter().map(|task| plan.graph().ids[tasks.list[task].index].clone()).collect(),
    }
}

/// A node that executes.
#[derive(Debug)]
struct Task {
    /// Its index in the graph.
    index: usize,
    load: Load,
    takes: Duration,
    is_known: bool,
    is_rough: bool,
    progress: Progress,
    /// The tasks that feed it, by their place in the list: all are before it.
    upstream: Vec<u32>,
}

impl Task {
    /// Returns how long it will take yet, if it is not settled. One that takes longer than it used to will probably not
    /// end at once.
    fn left(&self) -> Option<Duration> {
        match self.progress {
            Progress::Waiting => Some(self.takes),
            Progress::Running(ran) => Some(self.takes.saturating_sub(ran).max(ran.min(self.takes) / 10)),
            Progress::Settled => None,
        }
    }
}

/// The nodes that execute, upstream before downstream.
#[derive(Debug)]
struct Tasks {
    list: Vec<Task>,
    downstream: Vec<Vec<u32>>,
}

impl Tasks {
    fn new(plan: &Plan, timings: &Timings, progress: &impl Fn(&NodeId) -> Progress) -> Self {
        let graph = plan.graph();
        let mut places: HashMap<usize, u32> = HashMap::new();
        let mut list: Vec<Task> = Vec::new();
        let mut downstream: Vec<Vec<u32>> = Vec::new();
        for index in plan.active() {
            let step = plan.step(index);
            if step.plan.decision != Decision::Execute {
                continue;
            }
            let load = step.facts.kind.as_ref().map_or(Load::Computes, |kind| kind.load);
            let timed = timings.of(&step.plan.node, step.plan.config);
            let place = list.len() as u32;
            let mut upstream: Vec<u32> =
                graph.inputs[index].iter().filter_map(|feed| places.get(&feed.from).copied()).collect();
            upstream.sort_unstable();
            upstream.dedup();
            for &above in &upstream {
                downstream[above as usize].push(place);
            }
            places.insert(index, place);
            downstream.push(Vec::new());
            list.push(Task {
                index,
                load,
                takes: timed.map(|(took, _)| took).unwrap_or_default(),
                is_known: timed.is_some() || load == Load::Instant,
                is_rough: timed.is_some_and(|(_, is_rough)| is_rough),
                progress: progress(&step.plan.node),
                upstream,
            });
        }
        Self { list, downstream }
    }

    /// Returns when the last task ends, with each begun as soon as all that feeds it has ended and a worker is free, in the
    /// order in which they become ready. `takes` says how long each takes; nothing for one that is settled.
    fn simulate(&self, workers: Workers, takes: impl Fn(&Task) -> Option<Duration>) -> Duration {
        let times: Vec<Option<Duration>> = self.list.iter().map(takes).collect();
        let mut n_above: Vec<u32> = self
            .list
            .iter()
            .map(|task| task.upstream.iter().filter(|above| times[**above as usize].is_some()).count() as u32)
            .collect();
        // Instant nodes are executed by the one thread that walks the plan.
        let mut pools = [Pool::of(1), Pool::of(workers.computing), Pool::of(workers.waiting)];
        let pool_of = |task: usize| match self.list[task].load {
            Load::Instant => 0,
            Load::Computes => 1,
            Load::Waits => 2,
        };
        let is_running = |task: usize| matches!(self.list[task].progress, Progress::Running(_));
        let mut ends: BinaryHeap<Reverse<(Duration, usize)>> = BinaryHeap::new();
        let mut ready: Vec<usize> =
            (0..self.list.len()).filter(|&task| times[task].is_some() && n_above[task] == 0).collect();
        // What runs has its worker already.
        ready.sort_by_key(|&task| !is_running(task));
        for task in ready {
            pools[pool_of(task)].waiting.push_back(task);
        }
        let mut now = Duration::ZERO;
        loop {
            for pool in &mut pools {
                while pool.n_free > 0
                    && let Some(task) = pool.waiting.pop_front()
                {
                    pool.n_free -= 1;
                    ends.push(Reverse((now + times[task].unwrap_or_default(), task)));
                }
            }
            let Some(Reverse((end, task))) = ends.pop() else { return now };
            now = end;
            pools[pool_of(task)].n_free += 1;
            for &below in &self.downstream[task] {
                let below = below as usize;
                n_above[below] = n_above[below].saturating_sub(1);
                if n_above[below] == 0 && times[below].is_some() {
                    pools[pool_of(below)].waiting.push_back(below);
                }
            }
        }
    }

    /// Returns the chain of tasks that takes longest, upstream first.
    fn critical(&self) -> Vec<usize> {
        let mut longest: Vec<(Duration, Option<u32>)> = Vec::with_capacity(self.list.len());
        for task in &self.list {
            let above = task.upstream.iter().copied().max_by_key(|&above| longest[above as usize].0);
            let before = above.map(|above| longest[above as usize].0).unwrap_or_default();
            longest.push((before + task.takes, above));
        }
        let last = (0..self.list.len()).max_by_key(|&task| (longest[task].0, Reverse(task)));
        let mut chain: Vec<usize> =
            std::iter::successors(last, |&task| longest[task].1.map(|above| above as usize)).collect();
        chain.reverse();
        chain
    }
}

/// Workers of one sort, and who waits for them.
struct Pool {
    n_free: usize,
    waiting: VecDeque<usize>,
}

impl Pool {
    fn of(n_workers: usize) -> Self {
        Self { n_free: n_workers.max(1), waiting: VecDeque::new() }
    }
}

#[cfg(test)]
mod tests;
