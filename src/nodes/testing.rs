//! A run around one node, for the tests of kinds.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Cacheability, Catalogue, Context, Deed, Host, Kind, LogLevel, NodeError, Outputs, ResolvedParameters, Source,
    Success, items::Around, secrets,
};
use crate::{
    value::Value,
    workflow::{Node, NodeId, ParameterId, PortId, Position},
};

/// The id of the node.
const NODE: &str = "node";

/// A secret that every node and every sequence is told.
pub(super) const SECRET_NAME: &str = "THE_SECRET";
pub(super) const SECRET: &str = "sk-canary-0b5e9d";

fn secret(name: &str) -> Result<String, NodeError> {
    if name == SECRET_NAME {
        return Ok(SECRET.to_owned());
    }
    secrets::from_environment(name)?.ok_or_else(|| secrets::missing(name, ""))
}

/// Returns what sequences are read with.
pub(super) fn around(folder: &Path) -> Around<'_> {
    Around { folder, secret: &secret }
}

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

    /// Hands the node no inputs any more; what it has stored stays.
    pub(super) fn without_inputs(mut self) -> Self {
        self.inputs.clear();
        self
    }

    /// Marks the node as forced.
    pub(super) fn forced(mut self, is_forced: bool) -> Self {
        self.host.is_forced = is_forced;
        self
    }

    /// Takes the store away.
    pub(super) fn without_store(mut self) -> Self {
        self.host.has_store = false;
        self
    }

    /// Stores a value as another node's pinned data.
    pub(super) fn remembering(self, node: &'static str, value: impl Into<Value>) -> Self {
        self.host.pinned_data.lock().unwrap().insert(node.into(), (value.into(), None));
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
        let id = NodeId::from(NODE);
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

/// Pinned data by node, with how long it lasts.
type Memory = BTreeMap<NodeId, (Value, Option<Duration>)>;

/// A host whose time passes at once.
pub(super) struct TestHost {
    folder: PathBuf,
    n_asked: AtomicUsize,
    cancelled_after: usize,
    deadline: Option<Instant>,
    cancelled: AtomicBool,
    waited: Mutex<Duration>,
    progress: Mutex<Vec<f32>>,
    said: Mutex<Vec<String>>,
    logs: Mutex<Vec<String>>,
    sources: Mutex<Vec<Source>>,
    deeds: Mutex<Vec<Deed>>,
    /// By node; lasts from one run of the trial to the next.
    pinned_data: Mutex<Memory>,
    is_forced: bool,
    has_store: bool,
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
            said: Mutex::default(),
            logs: Mutex::default(),
            sources: Mutex::default(),
            deeds: Mutex::default(),
            pinned_data: Mutex::default(),
            is_forced: false,
            has_store: true,
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

    fn memory(&self) -> Result<MutexGuard<'_, Memory>, NodeError> {
        if self.has_store { Ok(self.pinned_data.lock().unwrap()) } else { Err(NodeError::new("there is no store")) }
    }

    /// Returns what the node has stored, and for how long.
    pub(super) fn stored(&self) -> Option<(Value, Option<Duration>)> {
        self.pinned_data.lock().unwrap().get(&NodeId::from(NODE)).cloned()
    }

    /// Returns what was said about how far the node is.
    pub(super) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    pub(super) fn logs(&self) -> Vec<String> {
        self.logs.lock().unwrap().clone()
    }

    /// Returns what the node has done, one line each.
    pub(super) fn deeds(&self) -> Vec<String> {
        self.deeds.lock().unwrap().iter().map(ToString::to_string).collect()
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

    fn progress(&self, fraction: f32, message: &str) {
        self.progress.lock().unwrap().push(fraction);
        self.said.lock().unwrap().push(message.to_owned());
    }

    fn log(&self, _level: LogLevel, message: String) {
        self.logs.lock().unwrap().push(message);
    }

    fn note_source(&self, source: Source) {
        self.sources.lock().unwrap().push(source);
    }

    fn note_deed(&self, deed: Deed) {
        self.deeds.lock().unwrap().push(deed);
    }

    fn output(&self, _node: &NodeId) -> Option<Arc<Outputs>> {
        None
    }

    fn is_forced(&self) -> bool {
        self.is_forced
    }

    fn why_not_pinned(&self) -> Option<String> {
        (!self.has_store).then(|| "there is no store".to_owned())
    }

    fn secret(&self, name: &str) -> Result<String, NodeError> {
        (around(Path::new("")).secret)(name)
            .or_else(|_| secrets::from_environment(name)?.ok_or_else(|| secrets::missing(name, "")))
    }

    fn pinned_data(&self, node: &NodeId) -> Result<Option<Value>, NodeError> {
        self.memory().map(|memory| memory.get(node).map(|(value, _)| value.clone()))
    }

    fn update_pinned_data(
        &self,
        expires_in: Option<Duration>,
        change: &mut dyn FnMut(Option<Value>) -> Value,
    ) -> Result<Value, NodeError> {
        let mut memory = self.memory()?;
        let before = memory.get(&NodeId::from(NODE)).map(|(value, _)| value.clone());
        let after = change(before);
        memory.insert(NODE.into(), (after.clone(), expires_in));
        Ok(after)
    }

    fn clear_pinned_data(&self, node: &NodeId) -> Result<(), NodeError> {
        self.memory().map(|mut memory| _ = memory.remove(node))
    }

    fn clear_all_pinned_data(&self) -> Result<(), NodeError> {
        self.memory().map(|mut memory| memory.clear())
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}
