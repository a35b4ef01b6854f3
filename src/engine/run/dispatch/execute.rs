//! One execution of one node, on whatever thread: its attempts, its time limit, and results kept from before.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use jiff::Timestamp;
use smallvec::SmallVec;

use super::{Unit, settle::Execution};
use crate::{
    engine::{
        plan::Step,
        run::{
            EventKind,
            host::{NodeHost, Shared, Trace},
        },
    },
    nodes::{Context, Host as _, Load, LogLevel, NodeError, Outputs, ResolvedParameters, Success},
    store::{Attempt, Kept, KeptFor, Provenance, Reason, kept_for_key},
    value::{Fingerprint, Value},
    workflow::{ERROR_PORT, NodeSettings, PortId, Span, Wire},
};

/// What is needed to execute a node.
pub(super) struct Job {
    pub(super) unit: Unit,
    pub(super) step: Arc<Step>,
    /// For each input with a value: the wire, and the results that arrive by it.
    pub(super) inputs: SmallVec<[(Arc<Wire>, Kept); 2]>,
    pub(super) shared: Arc<Shared>,
    pub(super) reasons: Arc<[Reason]>,
    pub(super) released: Option<String>,
}

/// What came of it.
pub(in crate::engine::run) struct Done {
    pub(super) unit: Unit,
    pub(super) outcome: Outcome,
    pub(super) execution: Execution,
}

pub(super) enum Outcome {
    Executed(Arc<Outputs>),
    /// It did not execute: these results were kept for it.
    Kept(Box<KeptFor>),
    /// It failed for good, and gives this if its settings ask for it.
    Failed {
        error: String,
        outputs: Option<Arc<Outputs>>,
    },
    Cancelled,
}

impl Outcome {
    pub(super) const fn failed(error: String) -> Self {
        Self::Failed { error, outputs: None }
    }
}

/// Returns where a node runs: what may wait between attempts holds up neither the run's thread nor those that compute,
/// and what asks the store does not hold up the run's thread.
pub(super) fn load_of(step: &Step, has_store: bool) -> Load {
    let settings = &step.facts.node.settings;
    let waits_between = settings.retries > 0 && !settings.retry_delay.is_zero();
    match step.facts.kind.as_ref().map_or(Load::Computes, |kind| kind.load) {
        Load::Instant | Load::Computes if waits_between => Load::Waits,
        Load::Instant if has_store && settings.keep_results_for.is_some() => Load::Computes,
        load => load,
    }
}

/// Returns whether the engine does nothing special around a node's execution.
pub(super) const fn is_plain(settings: &NodeSettings) -> bool {
    settings.retries == 0
        && settings.time_limit.is_none()
        && settings.keep_results_for.is_none()
        && !settings.error_output
}

impl Job {
    /// Executes the node, as often as its settings say, unless results are kept for it.
    pub(super) fn execute(self) -> Done {
        let mut trace = Trace::default();
        let mut began = None;
        let outcome = self.outcome(&mut trace, &mut began);
        let execution = Execution {
            began: began.map(|began: Instant| (began, began.elapsed())),
            arrived: None,
            trace: trace.unless_empty(),
            reasons: self.reasons,
            released: self.released,
        };
        Done { unit: self.unit, outcome, execution }
    }

    fn outcome(&self, trace: &mut Trace, began: &mut Option<Instant>) -> Outcome {
        if self.shared.cancel.is_cancelled() {
            return Outcome::Cancelled;
        }
        let key = self.kept_key();
        let is_forced = self.reasons.contains(&Reason::Forced);
        if let Some(key) = key.as_ref().filter(|_| !is_forced)
            && let Some(kept) = self.find_kept(key, trace)
        {
            return Outcome::Kept(Box::new(kept));
        }
        *began = Some(Instant::now());
        if self.unit.is_outside_loops() {
            self.shared.send(EventKind::NodeStarted { node: self.step.plan.node.clone() });
        }
        let outcome = self.attempts(trace);
        if let (Some(key), Outcome::Executed(outputs)) = (&key, &outcome) {
            self.keep(key, outputs, trace);
        }
        outcome
    }

    fn settings(&self) -> &NodeSettings {
        &self.step.facts.node.settings
    }

    /// Tries until it succeeds, the retries are used up, or the run is cancelled.
    fn attempts(&self, trace: &mut Trace) -> Outcome {
        let settings = self.settings();
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
            let when = if delay.is_zero() { "now".to_owned() } else { format!("in {}", Span(delay).in_words()) };
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
        let added = self.settings().added_outputs().find(|port| *port == *ERROR_PORT)?;
        Some(Arc::new(Outputs::one(added, record())))
    }

    /// Executes the node once. A panic is the node's error, and so is the end of its time.
    fn attempt(&self, trace: &mut Trace) -> Result<Outputs, NodeError> {
        let limit = self.settings().time_limit;
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit.0));
        let host = NodeHost::new(&self.shared, &self.step.plan.node, deadline);
        let inputs: SmallVec<[(&PortId, Value); 4]> = self
            .inputs
            .iter()
            .map(|(wire, results)| input(&self.step, wire, results))
            .collect::<Result<_, NodeError>>()?;
        let result = call(&self.step, &inputs, &host);
        let is_late = host.is_late();
        let left = host.into_trace().map(|left| *left).unwrap_or_default();
        trace.log.extend(left.log);
        trace.sources = left.sources;
        trace.deeds.append(left.deeds);
        if let Some(note) = left.pinned_data {
            note.put(&mut trace.pinned_data);
        }
        match result {
            Err(NodeError::Cancelled) if !self.shared.cancel.is_cancelled() && is_late => {
                let limit = limit.unwrap_or_default().in_words();
                Err(NodeError::new(format!("the time limit of {limit} is over")))
            }
            result => result,
        }
    }

    fn warn(&self, trace: &mut Trace, message: String) {
        let host = NodeHost::new(&self.shared, &self.step.plan.node, None);
        host.log(LogLevel::Warning, message);
        trace.log.extend(host.into_trace().map(|left| left.log).unwrap_or_default());
    }

    /// Returns what its results are kept under, if its settings keep them and there is a store.
    fn kept_key(&self) -> Option<Fingerprint> {
        self.settings().keep_results_for.filter(|_| !self.step.is_sensitive())?;
        self.shared.store.as_ref()?;
        let inputs = self
            .inputs
            .iter()
            .map(|(wire, results)| Some((&wire.port, results.fingerprint(&wire.source.port)?)))
            .collect::<Option<Vec<_>>>()?;
        Some(kept_for_key(&self.step.plan.config, inputs, &self.shared.folder))
    }

    fn find_kept(&self, key: &Fingerprint, trace: &mut Trace) -> Option<KeptFor> {
        let (store, time) = (self.shared.store.as_ref()?, self.settings().keep_results_for?);
        match store.kept_for(key, time.0, Timestamp::now()) {
            Ok(found) => found,
            Err(error) => {
                self.warn(trace, format!("kept results cannot be used: {error}"));
                None
            }
        }
    }

    fn keep(&self, key: &Fingerprint, outputs: &Arc<Outputs>, trace: &mut Trace) {
        let (Some(store), Some(time)) = (&self.shared.store, self.settings().keep_results_for) else { return };
        let results = Kept::in_memory(Arc::clone(outputs), Provenance::Run(self.shared.run));
        let made = (self.shared.run, Timestamp::now());
        if let Err(error) = store.keep_for(key, &results, &trace.sources, made, time.0) {
            self.warn(trace, format!("the results are not kept for other runs: {error}"));
        }
    }
}

/// Calls a node's executor. A panic is the node's error.
pub(super) fn call(step: &Step, inputs: &[(&PortId, Value)], host: &NodeHost<'_>) -> Result<Outputs, NodeError> {
    catch_unwind(AssertUnwindSafe(|| call_executor(step, inputs, host)))
        .unwrap_or_else(|panic| Err(NodeError::new(format!("the node panicked: {}", panic_message(panic.as_ref())))))
        .map(|outputs| host.cleared_outputs(outputs))
        .map_err(|error| match error {
            NodeError::Failed(message) => NodeError::Failed(host.cleared_text(message)),
            NodeError::Cancelled => NodeError::Cancelled,
        })
}

fn call_executor(step: &Step, inputs: &[(&PortId, Value)], host: &NodeHost<'_>) -> Result<Outputs, NodeError> {
    let kind = step.facts.kind.as_ref().ok_or_else(|| NodeError::new("its kind is unknown"))?;
    let parameters = ResolvedParameters::new(&kind.parameters, &step.facts.node);
    let Success { outputs, pinned_data } = (kind.executor)(&Context::new(&step.plan.node, parameters, inputs, host))?;
    if let Some((value, expires_in)) = pinned_data {
        host.update_pinned_data(expires_in, &mut |_| value.clone())?;
    }
    Ok(outputs)
}

/// Returns the value on an input, as the type the node takes.
pub(super) fn input<'a>(step: &Step, wire: &'a Wire, results: &Kept) -> Result<(&'a PortId, Value), NodeError> {
    let Wire { port, source } = wire;
    let read;
    let outputs = if let Some(outputs) = results.loaded() {
        outputs
    } else {
        read = results.load().map_err(|error| NodeError::new(error.to_string()))?;
        &read
    };
    let value =
        outputs.get(&source.port).ok_or_else(|| NodeError::new(format!("nothing arrived on the input {port}")))?;
    // A wire to an input that is not there is an error of the node, which then does not get here.
    let input = match step.facts.kind.as_ref().map(|kind| &kind.inputs[..]) {
        Some([only]) => Some(only),
        _ => step.facts.kind.as_ref().and_then(|kind| kind.input_port(port)),
    };
    let input = input.ok_or_else(|| NodeError::new(format!("there is no input {port}")))?;
    let value = value.convert(input.value_type).map_err(|error| NodeError::new(format!("input {port}: {error}")))?;
    Ok((port, value))
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
