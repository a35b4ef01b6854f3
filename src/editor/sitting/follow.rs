//! A run as it is followed: what each of its events means for the sitting.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Released, Sitting};
use crate::{
    editor::{LiveState, Pause, RunProgress},
    engine::{Decision, EventKind, NodePlan, PausedInside, Plan},
    session::{Baseline, Mark, marks_after},
    store::{LoopRecord, MarkUsed, NodeRecord, RunHeader, RunId, RunRecord, Status},
    value::Value,
    workflow::{NodeId, PortRef},
};

impl Sitting {
    /// Takes in what happened in the run. Returns the record of a run that has finished.
    pub(crate) fn happened(&mut self, run: RunId, event: EventKind) -> Option<Arc<RunRecord>> {
        match event {
            EventKind::Started { header, plan } => self.started(&header, &plan),
            EventKind::NodeStarted { node } => {
                self.no_longer_held(run, &node);
                self.live(
                    run,
                    node,
                    LiveState::Running { since: Instant::now(), fraction: None, message: String::new() },
                );
            }
            EventKind::NodeProgress { node, fraction, message, so_far } => {
                self.progressed(run, &node, fraction, message);
                self.loop_came(run, node, so_far);
            }
            EventKind::NodeLogged { .. } => {}
            EventKind::Paused { waiting, at_breakpoint, inside } => self.paused(run, waiting, at_breakpoint, inside),
            EventKind::Continued => self.pause_is_over(run),
            EventKind::NodeSettled(record) => self.settled(run, &record),
            EventKind::Finished(record) => {
                self.finished(&record);
                return Some(record);
            }
        }
        None
    }

    fn started(&mut self, header: &RunHeader, plan: &Plan) {
        let is_pin = |mark: &MarkUsed| matches!(mark, MarkUsed::Pinned(_));
        let executes = |node: &&NodePlan| matches!(node.decision, Decision::Execute);
        self.released.clear();
        self.run = Some(RunProgress {
            id: header.id,
            kind: header.kind,
            plan: plan.clone(),
            started: Instant::now(),
            finished: None,
            n_pins: header.marks.iter().filter(|(_, mark)| is_pin(mark)).count(),
            n_to_execute: plan.counts().execute,
            n_executed: 0,
            pause: None,
            paused_for: Duration::ZERO,
            changed: BTreeMap::new(),
            loops: BTreeMap::new(),
            nodes: plan.nodes().filter(executes).map(|node| (node.node.clone(), LiveState::Waiting)).collect(),
        });
    }

    fn paused(&mut self, run: RunId, waiting: Vec<NodeId>, at_breakpoint: bool, inside: Option<Arc<PausedInside>>) {
        let inside = inside.map(|inside| {
            let mut seen = Baseline::clone(&self.baseline);
            inside.records.iter().for_each(|record| seen.settle(Arc::clone(record)));
            (inside, seen)
        });
        if let Some(progress) = self.run.as_mut().filter(|progress| progress.id == run) {
            let since = progress.pause.as_ref().map_or_else(Instant::now, |pause| pause.since);
            progress.pause = Some(Pause { since, waiting, at_breakpoint, inside });
        }
    }

    fn pause_is_over(&mut self, run: RunId) {
        if let Some(progress) = self.run.as_mut().filter(|progress| progress.id == run)
            && let Some(pause) = progress.pause.take()
        {
            progress.paused_for += pause.since.elapsed();
        }
    }

    fn no_longer_held(&mut self, run: RunId, node: &NodeId) {
        let progress = self.run.as_mut().filter(|progress| progress.id == run);
        if let Some(pause) = progress.and_then(|progress| progress.pause.as_mut()) {
            pause.waiting.retain(|waiting| waiting != node);
        }
    }

    /// Notes that a value was changed by hand in the run that goes on.
    pub(crate) fn changed_value(&mut self, at: PortRef, value: Value) {
        if let Some(progress) = &mut self.run {
            progress.changed.insert(at, value);
        }
    }

    fn live(&mut self, run: RunId, node: NodeId, state: LiveState) {
        if let Some(progress) = self.run.as_mut().filter(|progress| progress.id == run) {
            progress.nodes.insert(node, state);
        }
    }

    fn progressed(&mut self, run: RunId, node: &NodeId, done: f32, said: String) {
        let progress = self.run.as_mut().filter(|progress| progress.id == run);
        if let Some(LiveState::Running { fraction, message, .. }) = progress.and_then(|run| run.nodes.get_mut(node)) {
            *fraction = Some(done);
            *message = said;
        }
    }

    fn loop_came(&mut self, run: RunId, head: NodeId, so_far: Option<Arc<LoopRecord>>) {
        let progress = self.run.as_mut().filter(|progress| progress.id == run);
        if let Some((progress, so_far)) = progress.zip(so_far) {
            progress.loops.insert(head, so_far);
        }
    }

    fn settled(&mut self, run: RunId, record: &Arc<NodeRecord>) {
        if let Some(progress) = self.run.as_mut().filter(|progress| progress.id == run) {
            progress.loops.remove(&record.node);
            let was_to_execute = matches!(progress.nodes.get(&record.node), Some(LiveState::Waiting));
            match record.status {
                Status::Executed | Status::Failed(_) => {
                    progress.n_executed += 1;
                    // A released pin makes a node execute that was not planned to.
                    progress.n_to_execute = progress.n_to_execute.max(progress.n_executed);
                }
                // Results that its settings had kept spared it, or one above it.
                Status::Kept { .. } | Status::Reused { .. } if was_to_execute => {
                    progress.n_to_execute = progress.n_to_execute.saturating_sub(1);
                }
                _ => {}
            }
        }
        self.live(run, record.node.clone(), LiveState::Settled(Arc::clone(record)));
        Arc::make_mut(&mut self.baseline).settle(Arc::clone(record));
        self.due.results = true;
    }

    fn finished(&mut self, record: &RunRecord) {
        self.pause_is_over(record.header.id);
        if let Some(progress) = self.run.as_mut().filter(|progress| progress.id == record.header.id) {
            progress.finished = Some(Instant::now());
            progress.loops.clear();
        }
        Arc::make_mut(&mut self.baseline).absorb(record);
        let edit = marks_after(&self.marks, record);
        self.released = edit.0.iter().filter_map(|(node, mark)| self.released_pin(node, mark, record)).collect();
        self.marks.apply(edit);
        self.due.plan = true;
        self.due.save = true;
    }

    fn released_pin(&self, node: &NodeId, after: &Mark, record: &RunRecord) -> Option<Released> {
        let capture = Arc::clone(self.marks.get(node).capture().filter(|_| after.is_default())?);
        let reason = record.node(node).and_then(|record| record.released.clone());
        Some(Released { node: node.clone(), capture, reason: reason.unwrap_or_else(|| "it executed".to_owned()) })
    }

    /// Returns the pins that were let go in the last run.
    pub(crate) fn released(&self) -> &[Released] {
        &self.released
    }
}
