//! The iterations of loops: which of them is looked at, for all nodes of a loop alike, and what came of it. It is read from the
//! log by another thread; a few stay in memory.

mod choice;
mod table;

use std::{collections::VecDeque, sync::Arc};

pub use self::table::IterationsWork;
pub(crate) use self::{
    choice::{around_ui, choice_ui, standing_ui},
    table::{IterationsDone, Line, Only, Order, SortBy, TableState},
};
use super::{Command, View, WindowIteration, WindowOf};
use crate::{
    session::Baseline,
    store::{Arrived, IterationRow, LoopAbout, LoopId, LoopRecord, NodeRecord, RunId, Store},
    value::Value,
    workflow::{NodeId, PortId},
};

/// The most iterations that are kept in memory.
const MAX_KEPT: usize = 16;

/// The most loops of which it is remembered which iteration was chosen.
const MAX_CHOSEN: usize = 64;

/// Which iteration is read: the loop, the run its record is of, the index from 0.
pub(crate) type IterationKey = (LoopId, RunId, u64);

/// What is remembered between frames.
#[derive(Default)]
pub(crate) struct IterationsState {
    /// The iterations that were chosen, the newest last. Of a loop that is not among them the newest is shown.
    chosen: VecDeque<(LoopId, u64)>,
    /// The one that is being read.
    waiting: Option<IterationKey>,
    /// What was read, the newest last.
    kept: VecDeque<(IterationKey, Result<Iteration, String>)>,
    /// Of heads of loops a node of the loop around, if there is one, as long as the records are these.
    around: (Baseline, Vec<(NodeId, Option<NodeId>)>),
    pub(crate) table: TableState,
}

/// An iteration, as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Iteration {
    /// What the log has of it; nothing if it has not been made.
    pub(crate) row: Option<IterationRow>,
    /// The item, or the state it began with, where that is known.
    pub(crate) item: Option<Value>,
}

/// A node of a loop, as it is looked at.
pub(crate) struct Followed {
    /// The loops around its own, outermost first, each with the iteration that is looked at.
    pub(crate) around: Vec<(Arc<LoopRecord>, u64)>,
    /// Its own loop, in those iterations.
    pub(crate) of: Standing,
    /// Where the node stands in its rows; `None` for the head.
    pub(crate) member: Option<usize>,
    /// The run that the record is of.
    pub(crate) run: RunId,
}

/// How it stands with what is looked at.
pub(crate) enum Standing {
    /// It is here.
    Here(Arc<LoopRecord>),
    /// The iteration around it is being read.
    Reading,
    /// There is none, and why.
    Nothing(String),
}

impl Followed {
    /// Returns what a window of its own is to show of an iteration.
    pub(crate) fn window(&self, node: &NodeId, of: &Arc<LoopRecord>, port: Option<PortId>, index: u64) -> WindowOf {
        let (of, is_inside) = (Arc::clone(of), !self.around.is_empty());
        let iteration = WindowIteration { of, run: self.run, member: self.member, index, is_inside };
        WindowOf { node: node.clone(), port, iteration: Some(iteration) }
    }
}

impl IterationsState {
    /// Notes that an iteration is being read; returns whether it may be: one after the other, so that a hand on the number
    /// field does not have all those it passes by be read at once.
    pub(crate) fn begin(&mut self, key: IterationKey) -> bool {
        let may = self.waiting.is_none() && self.get(&key).is_none();
        if may {
            self.waiting = Some(key);
        }
        may
    }

    /// Takes in what was read, or why it could not be.
    pub(crate) fn end(&mut self, key: IterationKey, iteration: Result<Iteration, String>) {
        self.waiting = None;
        if self.kept.len() >= MAX_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((key, iteration));
    }

    /// Returns what was read of an iteration.
    pub(crate) fn get(&self, key: &IterationKey) -> Option<&Result<Iteration, String>> {
        self.kept.iter().find(|(known, _)| known == key).map(|(_, iteration)| iteration)
    }

    /// Returns the iteration of a loop that is looked at; nothing if there is none to see.
    pub(crate) fn chosen(&self, about: &LoopAbout) -> Option<u64> {
        let last = about.n_seen().checked_sub(1)?;
        let chosen = self.chosen.iter().rev().find(|(of, _)| *of == about.id);
        Some(chosen.map_or(last, |(_, index)| (*index).min(last)))
    }

    /// Returns whether a person chose which iteration of a loop to look at.
    pub(crate) fn is_chosen(&self, about: &LoopAbout) -> bool {
        self.chosen.iter().any(|(of, _)| *of == about.id)
    }

    /// Looks at another iteration of a loop.
    pub(crate) fn choose(&mut self, of: LoopId, index: u64) {
        self.chosen.retain(|(known, _)| *known != of);
        if self.chosen.len() >= MAX_CHOSEN {
            self.chosen.pop_front();
        }
        self.chosen.push_back((of, index));
    }

    /// Returns the loop that a node is part of, inside of the iterations that are looked at of the loops around it; asks for
    /// what is to be read for that.
    pub(crate) fn follow(&mut self, view: View<'_>, id: &NodeId, commands: &mut Vec<Command>) -> Option<Followed> {
        let (record, iterations) = of(view, id)?;
        let mut heads = vec![iterations.of.about.head.clone()];
        let mut outermost = None;
        // No loop is deeper than there are nodes.
        while let Some(around) = self.node_around(view.baseline, heads.last()?).filter(|_| heads.len() < 64) {
            let (of_around, its_loop) = of(view, &around)?;
            heads.push(its_loop.of.about.head.clone());
            outermost = Some((of_around.run, Arc::clone(&its_loop.of)));
        }
        let member = iterations.member;
        let Some((run, mut of)) = outermost else {
            let of = Standing::Here(Arc::clone(&iterations.of));
            return Some(Followed { around: Vec::new(), of, member, run: record.run });
        };
        heads.pop();
        let mut around = Vec::new();
        while let Some(head) = heads.pop() {
            let Some(index) = self.chosen(&of.about) else {
                let of = Standing::Nothing("The loop around it made no iteration.".to_owned());
                return Some(Followed { around, of, member, run });
            };
            around.push((Arc::clone(&of), index));
            match self.inside(&of, run, index, &head, commands) {
                Standing::Here(inner) => of = inner,
                other => return Some(Followed { around, of: other, member, run }),
            }
        }
        Some(Followed { around, of: Standing::Here(of), member, run })
    }

    /// Returns the loop of a head inside of an iteration.
    fn inside(
        &self,
        of: &Arc<LoopRecord>,
        run: RunId,
        index: u64,
        head: &NodeId,
        commands: &mut Vec<Command>,
    ) -> Standing {
        match self.get(&(of.about.id, run, index)) {
            None => {
                commands.push(Command::LoadIteration(Arc::clone(of), run, index));
                Standing::Reading
            }
            Some(Err(error)) => Standing::Nothing(error.clone()),
            Some(Ok(iteration)) => {
                let member = of.about.members.iter().position(|member| member == head);
                let cell = iteration.row.as_ref().zip(member).and_then(|(row, member)| row.cells.get(member));
                match cell.and_then(|cell| cell.inner.as_ref()) {
                    Some(inner) => Standing::Here(Arc::clone(inner)),
                    None => Standing::Nothing("The loop did not begin in this iteration.".to_owned()),
                }
            }
        }
    }

    /// Returns a node of the loop around that of a head.
    fn node_around(&mut self, baseline: &Baseline, head: &NodeId) -> Option<NodeId> {
        if !self.around.0.records().is_same(baseline.records()) {
            self.around = (baseline.clone(), Vec::new());
        }
        if let Some((_, known)) = self.around.1.iter().find(|(known, _)| known == head) {
            return known.clone();
        }
        let is_around = |record: &NodeRecord| {
            record.iterations.as_ref().is_some_and(|iterations| {
                let about = &iterations.of.about;
                about.head != *head && about.members.contains(head)
            })
        };
        let found = baseline.iter().find(|record| is_around(record)).map(|record| record.node.clone());
        self.around.1.push((head.clone(), found.clone()));
        found
    }
}

/// Returns the iterations of a node, if it has any.
pub(crate) fn of<'a>(view: View<'a>, id: &NodeId) -> Option<(&'a NodeRecord, &'a crate::store::Iterations)> {
    let record = view.baseline.get(id)?;
    Some((record, record.iterations.as_ref()?))
}

/// Returns the loop that goes on with a node in it or at its head, as far as it has come. Of loops inside of others nothing is
/// told before those around them have ended.
pub(crate) fn going_on(view: View<'_>, id: &NodeId) -> Option<Followed> {
    let run = view.run.filter(|_| view.past.is_none())?;
    let (_, of) = run.loops.iter().find(|(head, of)| *head == id || of.about.members.contains(id))?;
    let member = of.about.members.iter().position(|member| member == id);
    Some(Followed { around: Vec::new(), of: Standing::Here(Arc::clone(of)), member, run: run.id })
}

/// Reads an iteration of a loop, with the item or state it began with if the record of the loop's head still has it. Not for
/// the interface thread.
pub(crate) fn read_iteration(
    of: &LoopRecord,
    head: Option<&NodeRecord>,
    store: Option<&Store>,
    index: u64,
) -> Result<Iteration, String> {
    let rows = of.log.rows(index.saturating_sub(1)..index + 1, &of.about.ports).map_err(|error| error.to_string())?;
    let find = |index: u64| rows.iter().find(|(known, _)| *known == index).map(|(_, row)| row);
    let row = find(index).cloned();
    let kept = row.as_ref().and_then(|row| row.item.clone());
    let given = || match given_to(head, &of.about, store)? {
        (value, true) => item_of(&value, index),
        (value, false) => (index == 0).then_some(value),
    };
    let handed_on = || {
        let before = index.checked_sub(1).and_then(find)?;
        let outputs = before.cells.iter().filter_map(|cell| cell.outputs.as_ref());
        // What a Next was given; in a loop over items there is none.
        let is_repeat = head.is_some_and(|head| head.as_it_was().kind.as_str() == "repeat");
        outputs.filter(|_| is_repeat).find_map(|outputs| outputs.get(&"state".into()).cloned())
    };
    let item = kept.or_else(handed_on).or_else(given);
    Ok(Iteration { row, item })
}

/// Returns what a loop goes through or starts from, if the record of its head still has it, and whether it is a row of items.
fn given_to(head: Option<&NodeRecord>, about: &LoopAbout, store: Option<&Store>) -> Option<(Value, bool)> {
    let input = head.filter(|head| is_of(head, about))?.inputs.first()?;
    let value = match &input.arrived {
        Arrived::NoValue => return None,
        Arrived::Stored(known) => store?.load_value(&known.1?).ok()?,
        Arrived::Results(results) => results.load().ok()?.get(&input.source().port)?.clone(),
    };
    Some((value, input.port().as_str() == "items"))
}

fn is_of(record: &NodeRecord, about: &LoopAbout) -> bool {
    record.iterations.as_ref().is_some_and(|iterations| iterations.of.about.id == about.id)
}

fn item_of(value: &Value, index: u64) -> Option<Value> {
    let index = usize::try_from(index).ok()?;
    match value {
        Value::List(items) => items.get(index).cloned(),
        Value::Table(table) if index < table.n_rows() => Some(Value::Record(table.record(index).into())),
        _ => None,
    }
}
