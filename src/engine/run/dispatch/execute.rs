//! One execution of one node, on whatever thread.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use smallvec::SmallVec;

use super::{Slot, settle::Execution};
use crate::{
    engine::{
        plan::Step,
        run::{
            EventKind,
            host::{NodeHost, Shared},
        },
    },
    nodes::{Context, NodeError, Outputs, ResolvedParameters, Success},
    store::{Kept, Reason},
    value::Value,
    workflow::{PortId, Wire},
};

/// What is needed to execute a node.
pub(super) struct Job {
    pub(super) slot: Slot,
    pub(super) step: Arc<Step>,
    /// For each input with a value: the wire, and the results that arrive by it.
    pub(super) inputs: SmallVec<[(Arc<Wire>, Kept); 2]>,
    pub(super) shared: Arc<Shared>,
    pub(super) reasons: Arc<[Reason]>,
    pub(super) released: Option<String>,
}

/// What came of it.
pub(in crate::engine::run) struct Done {
    pub(super) slot: Slot,
    pub(super) outcome: Outcome,
    /// `None` if it did not begin.
    pub(super) execution: Option<Execution>,
}

pub(super) enum Outcome {
    Executed(Arc<Outputs>),
    Failed(String),
    Cancelled,
}

impl Job {
    /// Executes the node.
    pub(super) fn execute(self) -> Done {
        if self.shared.cancel.is_cancelled() {
            return Done { slot: self.slot, outcome: Outcome::Cancelled, execution: None };
        }
        let started = Instant::now();
        let id = &self.step.plan.node;
        let host = NodeHost::new(&self.shared, id);
        self.shared.send(EventKind::NodeStarted { node: id.clone() });
        let inputs: Result<SmallVec<[(&PortId, Value); 4]>, NodeError> =
            self.inputs.iter().map(|(wire, results)| input(&self.step, wire, results)).collect();
        let outcome = match inputs {
            Ok(inputs) => call(&self.step, &inputs, &host),
            Err(error) => outcome_of(Err(error)),
        };
        let (log, sources) = host.into_notes();
        let execution = Execution {
            started,
            took: started.elapsed(),
            log,
            sources,
            reasons: self.reasons,
            released: self.released,
        };
        Done { slot: self.slot, outcome, execution: Some(execution) }
    }
}

/// Calls a node's executor. A panic is the node's error.
pub(super) fn call(step: &Step, inputs: &[(&PortId, Value)], host: &NodeHost<'_>) -> Outcome {
    match catch_unwind(AssertUnwindSafe(|| call_executor(step, inputs, host))) {
        Ok(result) => outcome_of(result),
        Err(panic) => Outcome::Failed(format!("the node panicked: {}", panic_message(panic.as_ref()))),
    }
}

fn outcome_of(result: Result<Outputs, NodeError>) -> Outcome {
    match result {
        Ok(outputs) => Outcome::Executed(Arc::new(outputs)),
        Err(NodeError::Failed(error)) => Outcome::Failed(error),
        Err(NodeError::Cancelled) => Outcome::Cancelled,
    }
}

fn call_executor(step: &Step, inputs: &[(&PortId, Value)], host: &NodeHost<'_>) -> Result<Outputs, NodeError> {
    let kind = step.facts.kind.as_ref().ok_or_else(|| NodeError::new("its kind is unknown"))?;
    let parameters = ResolvedParameters::new(&kind.parameters, &step.facts.node);
    let Success { outputs, pinned_data } = (kind.executor)(&Context::new(&step.plan.node, parameters, inputs, host))?;
    if let Some((value, expires_in)) = pinned_data {
        host.keep_pinned_data(&value, expires_in)?;
    }
    Ok(outputs)
}

/// Returns the value on an input, as the type the node takes.
pub(super) fn input<'a>(step: &Step, wire: &'a Wire, results: &Kept) -> Result<(&'a PortId, Value), NodeError> {
    let Wire { port, source } = wire;
    let outputs = results.load().map_err(|error| NodeError::new(error.to_string()))?;
    let value =
        outputs.get(&source.port).ok_or_else(|| NodeError::new(format!("nothing arrived on the input {port}")))?;
    let input = step.facts.kind.as_ref().and_then(|kind| kind.input_port(port));
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
