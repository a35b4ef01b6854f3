//! What an executor sees: its parameters and inputs, and through the [`Host`] the run it is part of.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{Deed, NodeError, Outputs, ResolvedParameters, secrets};
use crate::{
    value::{Fingerprint, Record, Table, Value, ValueType},
    workflow::{NodeId, PortId},
};

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LogLevel {
    /// For whoever wonders.
    Info,
    /// Something to look at.
    Warning,
}

/// A file's state: what tells whether it has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written, in nanoseconds since 1970.
    #[serde(with = "digits")]
    pub modified_nanos: u128,
    /// The fingerprint of its content, for files of up to 1 MiB, which are cheap to read again.
    pub content: Option<Fingerprint>,
}

/// Numbers that not every format has, as their digits.
mod digits {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(number: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Something a node read from outside, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file, absolute.
    pub path: PathBuf,
    /// Its state; `None` if it was not there.
    pub state: Option<SourceState>,
}

/// How much of a file is read before looking whether to stop.
const READ_PART_BYTES: u64 = 16 << 20;

/// Files up to this size are compared by content too.
const CHEAP_CONTENT_BYTES: u64 = 1 << 20;

impl Source {
    /// Looks at a file as it is now.
    pub fn probe(path: &Path) -> Self {
        Self { path: path.to_owned(), state: probe_state(path) }
    }

    /// Returns what has changed since, in words, if anything: size, time or content.
    pub fn difference(&self, now: &Self) -> Option<String> {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        match (self.state, now.state) {
            (Some(_), None) => Some(format!("{name} is gone")),
            (None, Some(_)) => Some(format!("{name} is there now")),
            (Some(before), Some(after)) if before.size != after.size => {
                Some(format!("{name}: size {} → {} bytes", before.size, after.size))
            }
            (Some(before), Some(after)) if before.content != after.content => Some(format!("{name}: other content")),
            (Some(before), Some(after)) if before.modified_nanos != after.modified_nanos => {
                Some(format!("{name}: written again"))
            }
            _ => None,
        }
    }
}

fn probe_state(path: &Path) -> Option<SourceState> {
    let metadata = fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let content = (metadata.is_file() && metadata.len() <= CHEAP_CONTENT_BYTES)
        .then(|| fs::read(path).ok().map(|bytes| Fingerprint::of_bytes(&bytes)))
        .flatten();
    Some(SourceState { size: metadata.len(), modified_nanos: modified.as_nanos(), content })
}

/// The run around a node. Implemented by the engine.
pub trait Host: Sync {
    /// Returns whether the node should stop: the run was cancelled, or the deadline is over.
    fn cancelled(&self) -> bool;
    /// Waits; returns `false` as soon as the node should stop.
    fn wait(&self, time: Duration) -> bool;
    /// Returns when the time limit of this attempt is over, if it has one.
    fn deadline(&self) -> Option<Instant> {
        None
    }
    /// Reports how much is done, 0 to 1, and what the node is at.
    fn progress(&self, fraction: f32, message: &str);
    /// Writes a log line.
    fn log(&self, level: LogLevel, message: String);
    /// Notes what the node read from outside.
    fn note_source(&self, source: Source);
    /// Notes what the node did to the world outside.
    fn note_deed(&self, deed: Deed);
    /// Returns what another node gave in this run.
    fn output(&self, node: &NodeId) -> Option<Arc<Outputs>>;
    /// Returns whether the user wants the node executed whatever is kept of it.
    fn is_forced(&self) -> bool;
    /// Returns why nothing can be kept as this node's pinned data, if so: there is no store, or the node is sensitive.
    fn why_not_pinned(&self) -> Option<String>;
    /// Returns a node's pinned data, unless there is none or it has expired.
    fn pinned_data(&self, node: &NodeId) -> Result<Option<Value>, NodeError>;
    /// Reads, changes and writes this node's pinned data in one transaction; from then on it lasts for a time, or for good.
    fn update_pinned_data(
        &self,
        expires_in: Option<Duration>,
        change: &mut dyn FnMut(Option<Value>) -> Value,
    ) -> Result<Value, NodeError>;
    /// Removes a node's pinned data.
    fn clear_pinned_data(&self, node: &NodeId) -> Result<(), NodeError>;
    /// Removes the pinned data of all nodes of this workflow.
    fn clear_all_pinned_data(&self) -> Result<(), NodeError>;
    /// Returns the value of a secret. Whoever runs the node keeps it out of what the node gives and says.
    fn secret(&self, name: &str) -> Result<String, NodeError> {
        secrets::from_environment(name)?.ok_or_else(|| secrets::missing(name, ""))
    }
    /// Returns the folder that relative paths start from: the workflow's.
    fn folder(&self) -> &Path;
}

/// What an executor is called with.
pub struct Context<'a> {
    node: &'a NodeId,
    parameters: ResolvedParameters<'a>,
    inputs: &'a [(&'a PortId, Value)],
    host: &'a dyn Host,
}

impl<'a> Context<'a> {
    /// Returns the context of one execution. `inputs` holds the values that arrived, converted to the ports' types.
    pub const fn new(
        node: &'a NodeId,
        parameters: ResolvedParameters<'a>,
        inputs: &'a [(&'a PortId, Value)],
        host: &'a dyn Host,
    ) -> Self {
        Self { node, parameters, inputs, host }
    }

    /// Returns the node's id.
    pub const fn node(&self) -> &'a NodeId {
        self.node
    }

    /// Returns the parameters.
    pub const fn parameters(&self) -> ResolvedParameters<'a> {
        self.parameters
    }

    /// Returns the value on an input, if one arrived.
    pub fn input(&self, port: &str) -> Option<&'a Value> {
        self.inputs.iter().find(|(known, _)| **known == *port).map(|(_, value)| value)
    }

    /// Returns the values on a row of inputs `stem1`, `stem2`, … that arrived, in order.
    pub fn inputs(&self, stem: &str) -> SmallVec<[(&'a PortId, &'a Value); 4]> {
        let number = |port: &PortId| port.as_str().strip_prefix(stem).and_then(|digits| digits.parse::<usize>().ok());
        let is_in_row = |port: &PortId| {
            let digits = port.as_str().strip_prefix(stem).unwrap_or_default();
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let mut row: SmallVec<[(&'a PortId, &'a Value); 4]> = SmallVec::new();
        for (port, value) in self.inputs.iter().filter(|(port, _)| is_in_row(port)) {
            row.push((port, value));
        }
        // Inputs come sorted as text, which is in order unless a number has two digits.
        if row.iter().any(|(port, _)| port.as_str().len() > stem.len() + 1) {
            row.sort_by_cached_key(|(port, _)| number(port));
        }
        row
    }

    /// Returns the value on an input that the engine has made sure of.
    pub fn required(&self, port: &str) -> Result<&'a Value, NodeError> {
        self.input(port).ok_or_else(|| NodeError::new(format!("nothing arrived on the input {port}")))
    }

    /// Returns the secret whose name a parameter holds; nothing if it holds none.
    pub fn secret(&self, parameter: &str) -> Result<Option<String>, NodeError> {
        match self.parameters.text(parameter).trim() {
            "" => Ok(None),
            name => self.host.secret(name).map(Some),
        }
    }

    /// Returns the table on a required input.
    pub fn table(&self, port: &str) -> Result<Table, NodeError> {
        match self.required(port)?.convert(ValueType::Table)? {
            Value::Table(table) => Ok(table),
            other => Err(NodeError::new(format!("expected Table, got {}", other.preview()))),
        }
    }

    /// Returns the text on an input if something is connected there, else the parameter of that name.
    pub fn input_or_parameter(&self, id: &str) -> Result<String, NodeError> {
        match self.input(id) {
            Some(value) => match value.convert(ValueType::Text)? {
                Value::Text(text) => Ok(text.as_ref().to_owned()),
                other => Ok(other.display_text()),
            },
            None => Ok(self.parameters.text(id).to_owned()),
        }
    }

    /// Returns the fields of a record on an input; empty without one.
    pub fn record(&self, port: &str) -> Option<&'a Record> {
        match self.input(port) {
            Some(Value::Record(record)) => Some(record),
            _ => None,
        }
    }

    /// Returns an absolute path: relative ones start from the workflow's folder.
    pub fn path(&self, path: &str) -> Result<PathBuf, NodeError> {
        if path.trim().is_empty() {
            return Err(NodeError::new("no file is named: set the path"));
        }
        Ok(self.host.folder().join(path))
    }

    /// Notes the state of a file that will be read later, so that Resume can tell whether it has changed; returns the
    /// state, or nothing for a file that is not there.
    pub fn note_source(&self, path: &Path) -> Option<SourceState> {
        let source = Source::probe(path);
        let state = source.state;
        self.host.note_source(source);
        state
    }

    /// Reads a file and notes its state, so that Resume can tell whether it has changed.
    pub fn read_source(&self, path: &Path) -> Result<Vec<u8>, NodeError> {
        // The state is taken first: a file written meanwhile then differs from it.
        self.host.note_source(Source::probe(path));
        let failed = |error: io::Error| NodeError::new(format!("cannot read the file: {error}: {}", path.display()));
        let mut file = fs::File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        let n_bytes = file.metadata().map_or(0, |metadata| metadata.len());
        bytes
            .try_reserve_exact(usize::try_from(n_bytes).unwrap_or(usize::MAX))
            .map_err(|_does_not_fit| failed(io::ErrorKind::OutOfMemory.into()))?;
        loop {
            self.check_cancelled()?;
            if file.by_ref().take(READ_PART_BYTES).read_to_end(&mut bytes).map_err(failed)? == 0 {
                return Ok(bytes);
            }
        }
    }

    /// Reports something that was done to the world outside, as soon as it is done: the record of the run lists it. Secrets
    /// that the node was told are taken out.
    pub fn did(&self, deed: Deed) {
        self.host.note_deed(deed);
    }

    /// Returns when the time limit of this attempt is over, for what has a timeout of its own.
    pub fn deadline(&self) -> Option<Instant> {
        self.host.deadline()
    }

    /// Returns an error if the run was cancelled or the time limit is over; long executors ask often.
    pub fn check_cancelled(&self) -> Result<(), NodeError> {
        if self.host.cancelled() { Err(NodeError::Cancelled) } else { Ok(()) }
    }

    /// Waits, or returns an error as soon as the run is cancelled or the time limit is over.
    pub fn wait(&self, time: Duration) -> Result<(), NodeError> {
        if self.host.wait(time) { Ok(()) } else { Err(NodeError::Cancelled) }
    }

    /// Reports how much is done, 0 to 1, and what the node is at.
    pub fn progress(&self, fraction: f32, message: &str) {
        self.host.progress(fraction, message);
    }

    /// Writes a line for whoever wonders.
    pub fn info(&self, message: impl Into<String>) {
        self.host.log(LogLevel::Info, message.into());
    }

    /// Writes a line that someone should look at.
    pub fn warn(&self, message: impl Into<String>) {
        self.host.log(LogLevel::Warning, message.into());
    }

    /// Returns whether the user wants the node executed whatever is kept of it: what it has stored to spare itself work is
    /// not to be used.
    pub fn is_forced(&self) -> bool {
        self.host.is_forced()
    }

    /// Returns why nothing can be kept as this node's pinned data, if so: a run can do without a store, and nothing of a
    /// sensitive node is written.
    pub fn why_not_pinned(&self) -> Option<String> {
        self.host.why_not_pinned()
    }

    /// Returns what another node gave in this run: ephemeral, unlike pinned data.
    pub fn output(&self, node: &NodeId) -> Option<Arc<Outputs>> {
        self.host.output(node)
    }

    /// Returns the durable value of a node of this workflow, or nothing on the first run and once expired.
    pub fn pinned_data(&self, node: &NodeId) -> Result<Option<Value>, NodeError> {
        self.host.pinned_data(node)
    }

    /// Reads, changes and writes this node's pinned data in one transaction; returns what was written. It is written when
    /// this returns, also if the executor fails afterwards, and does not expire.
    pub fn update_pinned_data(&self, mut change: impl FnMut(Option<Value>) -> Value) -> Result<Value, NodeError> {
        self.host.update_pinned_data(None, &mut change)
    }

    /// Does the same as [`Context::update_pinned_data`] with data that is gone after a time.
    pub fn update_pinned_data_for(
        &self,
        time: Duration,
        mut change: impl FnMut(Option<Value>) -> Value,
    ) -> Result<Value, NodeError> {
        self.host.update_pinned_data(Some(time), &mut change)
    }

    /// Removes a node's pinned data.
    pub fn clear_pinned_data(&self, node: &NodeId) -> Result<(), NodeError> {
        self.host.clear_pinned_data(node)
    }

    /// Removes the pinned data of all nodes of this workflow.
    pub fn clear_all_pinned_data(&self) -> Result<(), NodeError> {
        self.host.clear_all_pinned_data()
    }
}
