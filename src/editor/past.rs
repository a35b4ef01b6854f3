//! An earlier run as it is looked at: all that panels draw from comes from its record, nothing from today.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    engine::Plan,
    session::{Baseline, Capture, Mark, Marks, PinPolicy},
    store::{MarkUsed, NodeComparison, NodeRecord, RunComparison, RunId, RunRecord, RunSummary, Status, Store},
    workflow::{NodeId, Workflow},
};

/// An earlier run that is looked at. It cannot be changed.
#[derive(Clone, Debug)]
pub struct Past {
    /// The run as a list shows it.
    pub summary: RunSummary,
    /// Its account.
    pub record: Arc<RunRecord>,
    /// The marks as the run used them.
    pub(crate) marks: Marks,
    /// The records of all its nodes.
    pub(crate) baseline: Baseline,
    /// Nothing is planned: what was done is done.
    pub(crate) plan: Plan,
    /// The nodes that are selected in it.
    pub(crate) selection: BTreeSet<NodeId>,
    /// Unlike that of any document.
    pub(crate) revision: u64,
    /// What it is compared with, if it is.
    pub(crate) compared: Option<Arc<Compared>>,
}

/// The run that one is compared with, and what differs.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    /// The run before.
    pub(crate) before: RunSummary,
    pub(crate) before_record: Arc<RunRecord>,
    pub(crate) comparison: Arc<RunComparison>,
}

impl Past {
    /// Reads a run from the store. Slow: not for the interface thread.
    pub(crate) fn read(store: &Store, run: RunId) -> Result<Self, String> {
        let (summary, record) = read(store, run)?;
        Ok(Self::of(summary, record, None))
    }

    /// Reads two runs and compares them; the later one is looked at. Slow: not for the interface thread.
    pub(crate) fn read_two(store: &Store, runs: [RunId; 2]) -> Result<Self, String> {
        let mut read = runs.into_iter().map(|run| read(store, run)).collect::<Result<Vec<_>, String>>()?;
        read.sort_by_key(|(summary, _)| summary.number);
        let (Some((summary, record)), Some((before, before_record))) = (read.pop(), read.pop()) else {
            return Err("two runs are needed to compare".to_owned());
        };
        let comparison = Arc::new(RunComparison::between(&before_record, &record));
        Ok(Self::of(summary, record, Some(Compared { before, before_record, comparison })))
    }

    fn of(summary: RunSummary, record: Arc<RunRecord>, compared: Option<Compared>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1 << 63);
        let baseline = Baseline::of_run(&record);
        Self {
            marks: marks_of(&record, &baseline),
            baseline,
            plan: Plan::default(),
            selection: BTreeSet::new(),
            revision: NEXT.fetch_add(1, Ordering::Relaxed),
            compared: compared.map(Arc::new),
            summary,
            record,
        }
    }

    /// Returns the workflow as it was.
    pub(crate) fn workflow(&self) -> &Arc<Workflow> {
        &self.record.header.workflow
    }

    /// Returns what to call the run: `run #12`.
    pub(crate) fn name(&self) -> String {
        format!("run #{}", self.summary.number)
    }

    /// Returns the runs that are looked at.
    pub(crate) fn runs(&self) -> Vec<RunId> {
        let before = self.compared.as_ref().map(|compared| compared.before.id);
        std::iter::once(self.summary.id).chain(before).collect()
    }

    /// Returns in what a node differs from the run this one is compared with, if it does.
    pub(crate) fn difference(&self, node: &NodeId) -> Option<&NodeComparison> {
        let compared = self.compared.as_ref()?;
        compared.comparison.node(node).filter(|node| node.is_different())
    }

    /// Returns what a node gave in one of the runs that are looked at.
    pub(crate) fn record_in(&self, run: RunId, node: &NodeId) -> Option<Arc<NodeRecord>> {
        let before = self.compared.as_ref().map(|compared| &compared.before_record);
        std::iter::once(&self.record).chain(before).find(|record| record.header.id == run)?.node(node)
    }
}

fn read(store: &Store, run: RunId) -> Result<(RunSummary, Arc<RunRecord>), String> {
    let gone = || "it is no longer in the history".to_owned();
    let summary = store.run_summary(run).map_err(|error| error.to_string())?.ok_or_else(gone)?;
    let record = store.run(run).map_err(|error| error.to_string())?.ok_or_else(gone)?;
    Ok((summary, Arc::new(record)))
}

/// Returns the marks as a run used them, pins with the results they gave. A pin that was let go in the run is none.
fn marks_of(run: &RunRecord, baseline: &Baseline) -> Marks {
    let mut marks = Marks::default();
    for (node, used) in &run.header.marks {
        let record = baseline.get(node);
        let pinned = |policy: PinPolicy| {
            let capture = record.filter(|record| matches!(record.status, Status::Pinned { .. }));
            capture.and_then(|record| Capture::of(record)).map(|capture| Mark::captured(policy, capture))
        };
        let mark = match used {
            MarkUsed::Disabled => Some(Mark::Disabled),
            MarkUsed::Forced => Some(Mark::Forced),
            MarkUsed::Pinned(policy) => pinned(*policy),
            MarkUsed::Armed(policy) => Some(Mark::armed(*policy)),
        };
        if let Some(mark) = mark {
            marks.set(node.clone(), mark);
        }
    }
    marks
}
