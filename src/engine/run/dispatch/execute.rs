//! One execution of one node, on whatever thread.

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
    nodes::{Context, Kind, NodeError, Outputs, ResolvedParameters, Source, Success},
    store::{Kept, LogLine, Reason},
    value::Value,
    workflow::{Node, NodeId, PortId},
};

/// What is needed to execute a node.
pub(super) struct Job {
    pub(super) index: usize,
    pub(super) id: NodeId,
    pub(super) node: Arc<Node>,
    pub(super) kind: Arc<Kind>,
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
    pub(super) log: Vec<LogLine>,
    pub(super) sources: Vec<Source>,
    pub(super) reasons: Vec<Reason>,
    pub(super) released: Option<String>,
}

pub(super) enum Outcome {
    Executed(Arc<Outputs>),
    Failed(String),
    Cancelled,
}

impl Job {
    /// Executes the node. A panic is the node's error.
    pub(super) fn execute(self) -> Done {
        let started = Timestamp::now();
        let clock = Instant::now();
        let host = NodeHost::new(&self.shared, &self.id);
        let begins = !self.shared.cancel.is_cancelled();
        let outcome = if begins {
            self.shared.send(EventKind::NodeStarted { node: self.id.clone() });
            match catch_unwind(AssertUnwindSafe(|| self.call(&host))) {
                Ok(Ok(outputs)) => Outcome::Executed(Arc::new(outputs)),
                Ok(Err(NodeError::Failed(error))) => Outcome::Failed(error),
                Ok(Err(NodeError::Cancelled)) => Outcome::Cancelled,
                Err(panic) => Outcome::Failed(format!("the node panicked: {}", panic_message(panic.as_ref()))),
            }
        } else {
            Outcome::Cancelled
        };
        let log = std::mem::take(&mut *locked(&host.log));
        let sources = std::mem::take(&mut *locked(&host.sources));
        drop(host);
        Done {
            index: self.index,
            outcome,
            began: begins.then(|| (started, clock.elapsed())),
            log,
            sources,
            reasons: self.reasons,
            released: self.released,
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
