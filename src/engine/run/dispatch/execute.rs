//! One execution of one node, on whatever thread: its attempts, its time limit, and results kept from before.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::{
    engine::run::{
        EventKind,
        host::{NodeHost, Shared, locked},
    },
    nodes::{Context, Host as _, Kind, Load, LogLevel, NodeError, Outputs, ResolvedParameters, Source, Success},
    store::{Attempt, Kept, KeptFor, LogLine, Reason, kept_for_key},
    value::{Fingerprint, Value},
    workflow::{ERROR_PORT, Node, NodeId, PortId},
};

/// What is needed to execute a node.
pub(super) struct Job {
    pub(super) index: usize,
    pub(super) id: NodeId,
    pub(super) node: Arc<Node>,
    pub(super) kind: Arc<Kind>,
    /// The fingerprint of kind, version and parameters.
    pub(super) config: Fingerprint,
    /// Whether it executes even if results are kept for it.
    pub(super) forced: bool,
    /// For each input with a value: the input, the output that feeds it, and the results it is part of.
    pub(super) inputs: Vec<(PortId, PortId, Kept)>,
    pub(super) shared: Arc<Shared>,
    pub(super) reasons: Vec<Reason>,
    pub(super) released: Option<String>,
}

/// What came of it.
pub(super) struct Done {
    pub(super) index: usize,
    pub(super) outcome: Outcome,
    /// When it began and how long it took, if it did begin.
    pub(super) began: Option<(Timestamp, Duration)>,
    /// The attempts that failed.
    pub(super) attempts: Vec<Attempt>,
    pub(super) log: Vec<LogLine>,
    pub(super) sources: Vec<Source>,
    pub(super) reasons: Vec<Reason>,
    pub(super) released: Option<String>,
}

pub(super) enum Outcome {
    Executed(Arc<Outputs>),
    /// It did not execute: these results were kept for it.
    Kept(KeptFor),
    /// It failed for good, and gives this if its settings ask for it.
    Failed {
        error: String,
        outputs: Option<Arc<Outputs>>,
    },
    Cancelled,
}

/// What its attempts leave behind.
#[derive(Default)]
struct Trace {
    attempts: Vec<Attempt>,
    log: Vec<LogLine>,
    /// Of the last attempt: what earlier ones read has no part in the results.
    sources: Vec<Source>,
}

/// Returns where a node runs: what may wait between attempts holds up neither the run's thread nor those that compute,
/// and what asks the store does not hold up the run's thread.
pub(super) fn load_of(kind: &Kind, node: &Node, has_store: bool) -> Load {
    let settings = &node.settings;
    let waits_between = settings.retries > 0 && !settings.retry_delay.is_zero();
    match kind.load {
        Load::Instant | Load::Computes if waits_between => Load::Waits,
        Load::Instant if has_store && settings.keep_results_for.is_some() => Load::Computes,
        load => load,
    }
}

impl Job {
    /// Executes the node, as often as its settings say, unless results are kept for it.
    pub(super) fn execute(self) -> Done {
        let mut trace = Trace::default();
        if self.shared.cancel.is_cancelled() {
            return self.done(Outcome::Cancelled, None, trace);
        }
        let key = self.kept_key();
        if let Some(key) = key.as_ref().filter(|_| !self.forced)
            && let Some(kept) = self.find_kept(key, &mut trace)
        {
            return self.done(Outcome::Kept(kept), None, trace);
        }
        let started = Timestamp::now();
        let clock = Instant::now();
        self.shared.send(EventKind::NodeStarted { node: self.id.clone() });
        let outcome = self.attempts(&mut trace);
        let took = clock.elapsed();
        if let (Some(key), Outcome::Executed(outputs)) = (&key, &outcome) {
            self.keep(key, outputs, &mut trace);
        }
        self.done(outcome, Some((started, took)), trace)
    }

    fn done(self, outcome: Outcome, began: Option<(Timestamp, Duration)>, trace: Trace) -> Done {
        Done {
            index: self.index,
            outcome,
            began,
            attempts: trace.attempts,
            log: trace.log,
            sources: trace.sources,
            reasons: self.reasons,
            released: self.released,
        }
    }

    /// Tries until it succeeds, the retries are used up, or the run is cancelled.
    fn attempts(&self, trace: &mut Trace) -> Outcome {
        let settings = &self.node.settings;
        let n_attempts = settings.retries.saturating_add(1);
        for number in 1.. {
            let (started, clock) = (Timestamp::now(), Instant::now());
            let error = match self.attempt(trace) {
                Ok(outputs) => return Outcome::Executed(Arc::new(outputs)),
                Err(NodeError::Cancelled) => return Outcome::Cancelled,
                Err(NodeError::Failed(error)) => error,
            };
            trace.attempts.push(Attempt { started, took: clock.elapsed(), error: error.clone() });
            if number >= n_attempts {
                return Outcome::Failed { outputs: self.error_outputs(&error, number), error };
            }
            let delay = settings.delay_after(number);
            let when = if delay.is_zero() {
                "now".to_owned()
            } else {
                format!("in {}", crate::workflow::Span(delay).in_words())
            };
            self.warn(trace, format!("attempt {number} of {n_attempts} failed, the next is {when}: {error}"));
            if !self.shared.cancel.wait(delay, None) {
                break;
            }
        }
        Outcome::Cancelled
    }

    /// Returns what a failed node gives, if its settings ask for it.
    fn error_outputs(&self, error: &str, n_attempts: u32) -> Option<Arc<Outputs>> {
        let record = || Value::record([("message", Value::text(error)), ("attempts", Value::Int(n_attempts.into()))]);
        let added = self.node.settings.added_outputs().find(|port| *port == *ERROR_PORT)?;
        Some(Arc::new(Outputs::one(added, record())))
    }

    /// Executes the node once. A panic is the node's error, and so is the end of its time.
    fn attempt(&self, trace: &mut Trace) -> Result<Outputs, NodeError> {
        let limit = self.node.settings.time_limit;
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit.0));
        let host = NodeHost::new(&self.shared, &self.id, deadline);
        let result = catch_unwind(AssertUnwindSafe(|| self.call(&host)));
        trace.log.append(&mut locked(&host.log));
        trace.sources = std::mem::take(&mut *locked(&host.sources));
        match result {
            Ok(Err(NodeError::Cancelled)) if !self.shared.cancel.is_cancelled() && host.is_late() => {
                let limit = limit.unwrap_or_default().in_words();
                Err(NodeError::new(format!("the time limit of {limit} is over")))
            }
            Ok(result) => result,
            Err(panic) => Err(NodeError::new(format!("the node panicked: {}", panic_message(panic.as_ref())))),
        }
    }

    fn warn(&self, trace: &mut Trace, message: String) {
        let host = NodeHost::new(&self.shared, &self.id, None);
        host.log(LogLevel::Warning, message);
        trace.log.append(&mut locked(&host.log));
    }

    /// Returns what its results are kept under, if its settings keep them and there is a store.
    fn kept_key(&self) -> Option<Fingerprint> {
        self.node.settings.keep_results_for?;
        self.shared.store.as_ref()?;
        let inputs = self.inputs.iter().map(|(port, from_port, results)| Some((port, results.fingerprint(from_port)?)));
        let inputs = inputs.collect::<Option<Vec<_>>>()?;
        Some(kept_for_key(&self.config, inputs, &self.shared.folder))
    }

    fn find_kept(&self, key: &Fingerprint, trace: &mut Trace) -> Option<KeptFor> {
        let (store, time) = (self.shared.store.as_ref()?, self.node.settings.keep_results_for?);
        match store.kept_for(key, time.0, Timestamp::now()) {
            Ok(found) => found,
            Err(error) => {
                self.warn(trace, format!("kept results cannot be used: {error}"));
                None
            }
        }
    }

    fn keep(&self, key: &Fingerprint, outputs: &Arc<Outputs>, trace: &mut Trace) {
        let (Some(store), Some(time)) = (&self.shared.store, self.node.settings.keep_results_for) else { return };
        let results = Kept::in_memory(Arc::clone(outputs));
        let made = (self.shared.run, Timestamp::now());
        if let Err(error) = store.keep_for(key, &results, &trace.sources, made, time.0) {
            self.warn(trace, format!("the results are not kept for other runs: {error}"));
        }
    }

    fn call(&self, host: &NodeHost<'_>) -> Result<Outputs, NodeError> {
        let inputs = self.inputs.iter().map(|input| self.input(input)).collect::<Result<Vec<_>, NodeError>>()?;
        let parameters = ResolvedParameters::new(&self.kind.parameters, &self.node);
        let Success { outputs, pinned_data } =
            (self.kind.executor)(&Context::new(&self.id, parameters, &inputs, host))?;
        if let Some((value, expires_in)) = pinned_data {
            let store =
                self.shared.store.as_ref().ok_or_else(|| NodeError::new("there is no store to keep pinned data in"))?;
            store
                .update_pinned_data(self.shared.workflow, &self.id, expires_in, &mut |_| value.clone())
                .map_err(|error| NodeError::new(error.to_string()))?;
        }
        Ok(outputs)
    }

    /// Returns the value on an input, as the type the node takes.
    fn input(&self, (port, from_port, results): &(PortId, PortId, Kept)) -> Result<(PortId, Value), NodeError> {
        let outputs = results.load().map_err(|error| NodeError::new(error.to_string()))?;
        let value =
            outputs.get(from_port).ok_or_else(|| NodeError::new(format!("nothing arrived on the input {port}")))?;
        let input = self.kind.input_port(port).ok_or_else(|| NodeError::new(format!("there is no input {port}")))?;
        let value =
            value.convert(input.value_type).map_err(|error| NodeError::new(format!("input {port}: {error}")))?;
        Ok((port.clone(), value))
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
