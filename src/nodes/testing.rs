//! A run around one node, for the tests of kinds.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Cacheability, Catalogue, Context, Host, Kind, LogLevel, NodeError, Outputs, ResolvedParameters, Source, Success,
};
use crate::{
    value::Value,
    workflow::{Node, NodeId, ParameterId, PortId, Position},
};

/// A node with its inputs, ready to be executed.
pub(super) struct Trial {
    kind: Arc<Kind>,
    node: Node,
    inputs: Vec<(PortId, Value)>,
    pub(super) host: TestHost,
}

impl Trial {
    pub(super) fn of(kind: &'static str) -> Self {
        Self {
            kind: Arc::clone(Catalogue::standard().get(&kind.into()).expect("the kind is in the catalogue")),
            node: Node::new(kind, Position(0.0, 0.0)),
            inputs: Vec::new(),
            host: TestHost::new(),
        }
    }

    pub(super) fn set(mut self, parameter: &'static str, value: impl Into<Value>) -> Self {
        let schema = self.kind.parameters.iter().find(|schema| schema.id == *parameter);
        assert!(schema.is_some(), "{:?} has no parameter {parameter}", self.kind);
        self.node.parameters.insert(ParameterId::from(parameter), value.into());
        self
    }

    pub(super) fn lines(self, parameter: &'static str, lines: &[&str]) -> Self {
        self.set(parameter, Value::list(lines.iter().map(|line| Value::text(*line))))
    }

    /// Hands the node a value, converted as the engine does.
    pub(super) fn input(mut self, port: &'static str, value: impl Into<Value>) -> Self {
        let port = PortId::from(port);
        let value_type = self.kind.input_port(&port).expect("the kind has this input").value_type;
        self.inputs.push((port, value.into().convert(value_type).expect("the value fits the input")));
        self
    }

    pub(super) fn in_folder(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.host.folder);
        self
    }

    /// Cancels the run once the node has asked, or waited, this many times.
    pub(super) fn cancelled_after(mut self, n_times: usize) -> Self {
        self.host.cancelled_after = n_times;
        self
    }

    /// Gives the node this much real time.
    pub(super) fn within(mut self, time: Duration) -> Self {
        self.host.deadline = Some(Instant::now() + time);
        self
    }

    pub(super) fn run(&self) -> Result<Success, NodeError> {
        let parameters = ResolvedParameters::new(&self.kind.parameters, &self.node);
        for (schema, value) in parameters.iter() {
            assert_eq!(schema.problem_with(value), None, "the parameters fit the schema");
        }
        let id = NodeId::from("node");
        let inputs: Vec<_> = self.inputs.iter().map(|(port, value)| (port, value.clone())).collect();
        let success = (self.kind.executor)(&Context::new(&id, parameters, &inputs, &self.host))?;
        for (port, value) in success.outputs.iter() {
            let declared = self.kind.output_port(port).expect("the kind has this output").value_type;
            assert!(
                declared == crate::value::ValueType::Any || declared == value.value_type(),
                "{port} gives {declared}, not {}",
                value.preview()
            );
        }
        Ok(success)
    }

    pub(super) fn outputs(&self) -> Outputs {
        self.run().expect("the node succeeds").outputs
    }

    pub(super) fn output(&self, port: &'static str) -> Value {
        self.outputs().get(&port.into()).expect("the output has a value").clone()
    }

    /// Returns a table output as CSV.
    pub(super) fn csv(&self) -> String {
        match self.output("table") {
            Value::Table(table) => table.to_csv().expect("a table can be written"),
            other => panic!("not a table: {}", other.preview()),
        }
    }

    pub(super) fn error(&self) -> String {
        self.run().expect_err("the node fails").to_string()
    }

    pub(super) fn cacheability(&self) -> Cacheability {
        (self.kind.cacheability)(&ResolvedParameters::new(&self.kind.parameters, &self.node))
    }

    pub(super) fn has_side_effect(&self) -> bool {
        (self.kind.side_effect)(&ResolvedParameters::new(&self.kind.parameters, &self.node))
    }
}

/// A host whose time passes at once.
pub(super) struct TestHost {
    folder: PathBuf,
    n_asked: AtomicUsize,
    cancelled_after: usize,
    deadline: Option<Instant>,
    cancelled: AtomicBool,
    waited: Mutex<Duration>,
    progress: Mutex<Vec<f32>>,
    logs: Mutex<Vec<String>>,
    sources: Mutex<Vec<Source>>,
}

impl TestHost {
    fn new() -> Self {
        Self {
            folder: PathBuf::from("/nowhere"),
            n_asked: AtomicUsize::new(0),
            cancelled_after: usize::MAX,
            deadline: None,
            cancelled: AtomicBool::default(),
            waited: Mutex::default(),
            progress: Mutex::default(),
            logs: Mutex::default(),
            sources: Mutex::default(),
        }
    }

    /// Cancels the run now, from another thread.
    #[cfg(unix)]
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn waited(&self) -> Duration {
        *self.waited.lock().unwrap()
    }

    pub(super) fn progress(&self) -> Vec<f32> {
        self.progress.lock().unwrap().clone()
    }

    pub(super) fn logs(&self) -> Vec<String> {
        self.logs.lock().unwrap().clone()
    }

    pub(super) fn sources(&self) -> Vec<Source> {
        self.sources.lock().unwrap().clone()
    }
}

impl Host for TestHost {
    fn cancelled(&self) -> bool {
        if self.cancelled.load(Ordering::Relaxed) {
            return true;
        }
        let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        self.n_asked.fetch_add(1, Ordering::Relaxed) >= self.cancelled_after || is_late
    }

    fn wait(&self, time: Duration) -> bool {
        if self.cancelled() {
            return false;
        }
        *self.waited.lock().unwrap() += time;
        true
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn progress(&self, fraction: f32, _message: &str) {
        self.progress.lock().unwrap().push(fraction);
    }

    fn log(&self, _level: LogLevel, message: String) {
        self.logs.lock().unwrap().push(message);
    }

    fn note_source(&self, source: Source) {
        self.sources.lock().unwrap().push(source);
    }

    fn output(&self, _node: &NodeId) -> Option<Arc<Outputs>> {
        None
    }

    fn pinned_data(&self, _node: &NodeId) -> Result<Option<Value>, NodeError> {
        Ok(None)
    }

    fn update_pinned_data(&self, change: &mut dyn FnMut(Option<Value>) -> Value) -> Result<Value, NodeError> {
        Ok(change(None))
    }

    fn clear_pinned_data(&self, _node: &NodeId) -> Result<(), NodeError> {
        Ok(())
    }

    fn clear_all_pinned_data(&self) -> Result<(), NodeError> {
        Ok(())
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}
