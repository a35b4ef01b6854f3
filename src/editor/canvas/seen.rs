//! What the canvas was last drawn from: cheap to compare with what it is drawn from now.

use std::{sync::Arc, time::Instant};

use imbl::OrdMap;

use super::super::past::Compared;
use crate::{
    editor::{LiveState, RunNumbers, View, theme::Tokens},
    engine::Plan,
    session::Marks,
    store::{RecordMap, RunId},
    workflow::{NodeId, WorkflowId},
};

/// What the canvas was last drawn from. All of it is shared, not copied.
#[derive(Default)]
pub(super) struct Seen {
    last: Option<Last>,
    /// Raised when how any node stands may be another.
    serial: u64,
    /// Raised when what is seen of any node from afar may be another.
    serial_from_afar: u64,
}

struct Last {
    workflow: (WorkflowId, u64),
    marks: Marks,
    records: RecordMap,
    plan: Plan,
    run: Option<(RunId, bool, OrdMap<NodeId, LiveState>)>,
    pause: Option<(Instant, usize, usize)>,
    compared: Option<Arc<Compared>>,
    shows_plan: bool,
    numbers: RunNumbers,
    tokens: *const Tokens,
}

impl Last {
    fn of(view: View<'_>, tokens: &'static Tokens) -> Self {
        let pause = view.run.and_then(|run| run.pause.as_ref());
        Self {
            workflow: (view.workflow.id(), view.revision),
            marks: view.marks.clone(),
            records: view.baseline.records().clone(),
            plan: view.plan.clone(),
            run: view.run.map(|run| (run.id, run.finished.is_some(), run.nodes.clone())),
            pause: pause.map(|pause| (pause.since, pause.waiting.as_ptr().addr(), pause.waiting.len())),
            compared: view.past.and_then(|past| past.compared.clone()),
            shows_plan: view.show_plan,
            numbers: view.numbers.clone(),
            tokens,
        }
    }

    /// Returns whether both show the same from afar.
    fn is_same_from_afar(&self, other: &Self) -> bool {
        let run = match (&self.run, &other.run) {
            (None, None) => true,
            (Some(a), Some(b)) => a.0 == b.0 && a.1 == b.1 && a.2.ptr_eq(&b.2),
            _ => false,
        };
        // While a run goes on the plan is not shown.
        let goes_on = matches!(&self.run, Some((_, false, _)));
        let plan = goes_on || (self.plan.is_same(&other.plan) && self.shows_plan == other.shows_plan);
        run && plan
            && self.workflow == other.workflow
            && std::ptr::eq(self.tokens, other.tokens)
            && self.marks.is_same(&other.marks)
            && self.records.is_same(&other.records)
    }

    fn is_same(&self, other: &Self) -> bool {
        let compared = match (&self.compared, &other.compared) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        compared
            && self.is_same_from_afar(other)
            && self.marks.breakpoints().ptr_eq(other.marks.breakpoints())
            && self.plan.is_same(&other.plan)
            && self.pause == other.pause
            && self.shows_plan == other.shows_plan
            && self.numbers.is_same(&other.numbers)
    }
}

impl Seen {
    /// Takes in what is drawn from now.
    pub(super) fn update(&mut self, view: View<'_>, tokens: &'static Tokens) {
        let now = Last::of(view, tokens);
        if self.last.as_ref().is_none_or(|last| !last.is_same(&now)) {
            self.serial += 1;
        }
        if self.last.as_ref().is_none_or(|last| !last.is_same_from_afar(&now)) {
            self.serial_from_afar += 1;
        }
        self.last = Some(now);
    }

    /// Returns a number that changes when how any node stands may be another.
    pub(super) const fn serial(&self) -> u64 {
        self.serial
    }

    /// Returns a number that changes when what is seen of any node from afar may be another.
    pub(super) const fn serial_from_afar(&self) -> u64 {
        self.serial_from_afar
    }
}
