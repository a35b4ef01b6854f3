//! What a person asks of a run that goes on: to pause, to go on, to execute one node, to use another value.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
};

use super::{dispatch::Message, host::Shared, sync::locked};
use crate::{
    engine::plan::Given,
    nodes::Outputs,
    store::{Kept, Provenance},
    value::{ConvertError, Value},
    workflow::{NodeId, PortId, PortRef},
};

/// Why a value cannot be put in the place of another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplaceError {
    /// The run is not paused.
    #[error("values can be changed only while the run is paused")]
    NotPaused,
    /// The workflow has no such node.
    #[error("there is no node {0}")]
    NoNode(NodeId),
    /// The node has no such output.
    #[error("{0} is not an output")]
    NoPort(PortRef),
    /// The node has not given anything yet, or gives nothing.
    #[error("{0} has no results in this run")]
    NoResults(NodeId),
    /// The value is of another type than the output.
    #[error("the value does not fit {0}: {1}")]
    DoesNotFit(PortRef, ConvertError),
}

/// What the run's thread is to do, in order.
pub(super) enum Order {
    /// Start all that waits.
    GoOn,
    /// Start the first that waits.
    Step,
    /// Hand out a value in the place of what a node gave.
    Replace(PortRef, Kept),
}

/// The wishes for one run, shared between those who have them and the run's thread.
#[derive(Default)]
pub(super) struct Control {
    /// Whether a node that is about to execute must ask first. All that a run without breakpoints ever looks at.
    is_watched: AtomicBool,
    /// Whether any value was changed.
    has_edits: AtomicBool,
    wishes: Mutex<Wishes>,
    /// The nodes that have given something in the iteration that is paused.
    inside: Mutex<BTreeSet<NodeId>>,
    /// Where the run's thread listens, and what it shares with nodes; set once it does.
    run: OnceLock<(mpsc::Sender<Message>, Weak<Shared>)>,
}

#[derive(Default)]
struct Wishes {
    is_paused: bool,
    /// Nobody is left who could make a paused run go on.
    is_let_go: bool,
    breakpoints: BTreeSet<NodeId>,
    orders: Vec<Order>,
    edits: BTreeMap<PortRef, Value>,
}

impl Control {
    pub(super) fn new(breakpoints: BTreeSet<NodeId>, is_paused: bool) -> Self {
        let wishes = Wishes { is_paused, breakpoints, ..Wishes::default() };
        let control = Self::default();
        control.is_watched.store(wishes.is_watched(), Ordering::Relaxed);
        *locked(&control.wishes) = wishes;
        control
    }

    /// Says where the run's thread listens.
    pub(super) fn listen(&self, sender: mpsc::Sender<Message>, shared: &Arc<Shared>) {
        self.run.get_or_init(|| (sender, Arc::downgrade(shared)));
        // What was asked for before is looked at as soon as nothing else is to be done. Whoever asks after that finds where to
        // send: the lock of the wishes lies between.
        self.wake();
    }

    /// Makes the run's thread look at what is asked for.
    pub(super) fn wake(&self) {
        if let Some((sender, _)) = self.run.get() {
            // A run that is over needs no waking.
            sender.send(Message::Wake).unwrap_or_default();
        }
    }

    fn ask<T>(&self, wish: impl FnOnce(&mut Wishes) -> T) -> T {
        let mut wishes = locked(&self.wishes);
        let answer = wish(&mut wishes);
        self.is_watched.store(wishes.is_watched(), Ordering::Relaxed);
        drop(wishes);
        self.wake();
        answer
    }

    pub(super) fn pause(&self) {
        self.ask(|wishes| {
            wishes.is_paused |= !wishes.is_let_go;
            wishes.orders.retain(|order| !matches!(order, Order::GoOn));
        });
    }

    pub(super) fn go_on(&self) {
        self.ask(|wishes| wishes.orders.push(Order::GoOn));
    }

    pub(super) fn step(&self) {
        self.ask(|wishes| {
            if wishes.is_paused {
                wishes.orders.push(Order::Step);
            } else {
                wishes.is_paused = !wishes.is_let_go;
            }
        });
    }

    pub(super) fn set_breakpoints(&self, breakpoints: BTreeSet<NodeId>) {
        self.ask(|wishes| {
            if !wishes.is_let_go {
                wishes.breakpoints = breakpoints;
            }
        });
    }

    /// Makes the run go on to its end: nobody is left to ask it to.
    pub(super) fn let_go(&self) {
        let is_free = |wishes: &Wishes| wishes.is_let_go || (!wishes.is_paused && wishes.breakpoints.is_empty());
        if is_free(&locked(&self.wishes)) {
            return;
        }
        self.ask(|wishes| {
            wishes.is_let_go = true;
            wishes.breakpoints.clear();
            wishes.orders.push(Order::GoOn);
        });
    }

    pub(super) fn is_paused(&self) -> bool {
        locked(&self.wishes).is_paused
    }

    pub(super) fn replace(&self, node: &NodeId, port: &PortId, value: &Value) -> Result<(), ReplaceError> {
        let at = PortRef { node: node.clone(), port: port.clone() };
        let shared = self.run.get().and_then(|(_, shared)| shared.upgrade()).ok_or(ReplaceError::NotPaused)?;
        let index = shared.plan.graph().index(node).ok_or_else(|| ReplaceError::NoNode(node.clone()))?;
        let step = shared.plan.step(index);
        let output = step.facts.kind.as_ref().and_then(|kind| kind.output_of(&step.facts.node, port));
        let Some(output) = output else { return Err(ReplaceError::NoPort(at)) };
        let given = match shared.body.slot(index) {
            Some(slot) => shared.given[slot].get(),
            None => Some(&step.given),
        };
        let is_inside = locked(&self.inside).contains(node);
        if !is_inside && !matches!(given, Some(Given::Results(_))) {
            return Err(ReplaceError::NoResults(node.clone()));
        }
        let value = value.convert(output.value_type).map_err(|error| ReplaceError::DoesNotFit(at.clone(), error))?;
        self.ask(|wishes| {
            if !wishes.is_paused {
                return Err(ReplaceError::NotPaused);
            }
            if !is_inside {
                self.has_edits.store(true, Ordering::Release);
                wishes.edits.insert(at.clone(), value.clone());
            }
            let provenance = Provenance::Edited(value.fingerprint());
            let kept = step.kept(Arc::new(Outputs::one(port.clone(), value)), provenance);
            wishes.orders.push(Order::Replace(at, kept));
            Ok(())
        })
    }

    /// Notes which nodes have given something in the iteration that is paused.
    pub(super) fn show(&self, nodes: impl Iterator<Item = NodeId>) {
        *locked(&self.inside) = nodes.collect();
    }

    /// Returns whether a node that is about to execute must ask first.
    pub(super) fn is_watched(&self) -> bool {
        self.is_watched.load(Ordering::Relaxed)
    }

    /// Returns whether a node is to wait before it executes; a breakpoint pauses the run.
    pub(super) fn stops(&self, node: &NodeId) -> bool {
        let mut wishes = locked(&self.wishes);
        wishes.is_paused |= wishes.breakpoints.contains(node);
        wishes.is_paused
    }

    /// Returns whether any of these nodes has a breakpoint.
    pub(super) fn any_breakpoint<'a>(&self, mut nodes: impl Iterator<Item = &'a NodeId>) -> bool {
        let wishes = locked(&self.wishes);
        nodes.any(|node| wishes.breakpoints.contains(node))
    }

    /// Returns what is to be done next; whoever is asked to go on is no longer paused.
    pub(super) fn next_order(&self) -> Option<Order> {
        let mut wishes = locked(&self.wishes);
        if wishes.orders.is_empty() {
            return None;
        }
        let order = wishes.orders.remove(0);
        if matches!(order, Order::GoOn) {
            wishes.is_paused = false;
            self.is_watched.store(wishes.is_watched(), Ordering::Relaxed);
        }
        Some(order)
    }

    /// Returns what a node gave, with the values that were put in the place of others.
    pub(super) fn edited(&self, node: &NodeId, outputs: Arc<Outputs>) -> Arc<Outputs> {
        if !self.has_edits.load(Ordering::Acquire) {
            return outputs;
        }
        let wishes = locked(&self.wishes);
        let edits = wishes.edits.iter().filter(|(at, _)| at.node == *node);
        edits.fold(outputs, |outputs, (at, value)| {
            Arc::new(Outputs::clone(&outputs).with(at.port.clone(), value.clone()))
        })
    }
}

impl Wishes {
    /// Once a value was changed, every node that executes is looked at: it may take that value.
    fn is_watched(&self) -> bool {
        self.is_paused || !self.breakpoints.is_empty() || !self.edits.is_empty()
    }
}
