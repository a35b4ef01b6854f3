//! The account of a run: for every node what was decided, why, and what came of it. Written once, never changed.

use std::{
    borrow::Cow,
    ops::{Deref, DerefMut},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{
    Kept, LoopRecord, NotRun, PastNode, PinnedChange, Reason, RunId, RunKind, RunStatus, Sensitive, SessionId,
};
use crate::{
    nodes::{Deeds, HIDDEN, LogLevel, Source},
    value::Fingerprint,
    workflow::{Node, NodeId, PortId, PortRef, Wire, Workflow, WorkflowId},
};

/// How long a pin holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PinPolicy {
    /// Until it is unpinned.
    Hold,
    /// Until what the results came from changes.
    Follow,
}

/// Where results come from: two that are equal are the same data, without looking at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Provenance {
    /// The node executed in this run.
    Run(RunId),
    /// A person typed it in; the fingerprint is of the pinned results.
    Edited(Fingerprint),
}

impl Provenance {
    /// Returns the run in which the node executed.
    pub const fn run(self) -> Option<RunId> {
        match self {
            Self::Run(run) => Some(run),
            Self::Edited(_) => None,
        }
    }
}

/// What came of a node in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It executed.
    Executed,
    /// Its results of an earlier run were used.
    Reused {
        /// The run in which it executed.
        from: Provenance,
    },
    /// The results of its pin were used.
    Pinned {
        /// The pin's policy.
        policy: PinPolicy,
        /// Whether a person changed the results.
        edited: bool,
        /// The run the results were captured in.
        captured_in: Option<RunId>,
    },
    /// Results it gave before were used, because its settings keep them for a time.
    Kept {
        /// When they were made.
        made: Timestamp,
        /// The run they were made in.
        from: RunId,
    },
    /// It was disabled.
    Disabled,
    /// It did not run.
    NotRun(NotRun),
    /// It failed.
    Failed(String),
    /// It was stopped, or never started because the run was.
    Cancelled,
    /// The program ended before it finished.
    Interrupted,
}

impl Status {
    /// Returns the status' name, one word, lower case.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Reused { .. } => "reused",
            Self::Pinned { .. } => "pinned",
            Self::Kept { .. } => "kept",
            Self::Disabled => "disabled",
            Self::NotRun(_) => "not-run",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// Returns whether the run had no need of the node, which therefore keeps what came of it before.
    pub const fn was_not_needed(&self) -> bool {
        matches!(self, Self::NotRun(NotRun::NotNeeded | NotRun::OnlyFeedsPins))
    }

    /// Returns whether a node with this status has results.
    pub const fn has_results(&self) -> bool {
        matches!(self, Self::Executed | Self::Reused { .. } | Self::Pinned { .. } | Self::Kept { .. })
    }

    /// Returns whether a dry run held the node back, or one above whose results it needs.
    pub const fn is_held_back(&self) -> bool {
        matches!(self, Self::NotRun(why) if why.is_held_back())
    }
}

/// What became of a node's effect on the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// The node has none.
    #[default]
    None,
    /// It took place.
    Performed,
    /// It did not take place, because the node did not execute.
    HeldBack,
}

/// An attempt to execute a node that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it started.
    pub started: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Why it failed.
    pub error: String,
}

/// A line a node wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// How important.
    pub level: LogLevel,
    /// The text.
    pub message: String,
}

/// The data that arrived on an input.
#[derive(Clone, Debug)]
pub enum Arrived {
    /// None.
    NoValue,
    /// Data known by its fingerprint only, if there was any, and where the results it is part of come from: read from the
    /// store.
    Stored(Box<(Provenance, Option<Fingerprint>)>),
    /// A port of these results. Inside of a loop it may have no value: it had none in the newest iteration.
    Results(Kept),
}

/// What reached an input.
#[derive(Clone, Debug)]
pub struct InputRecord {
    /// The input and the output it is connected to.
    pub wire: Arc<Wire>,
    /// The data.
    pub arrived: Arrived,
}

impl InputRecord {
    /// Returns what reached an input from an output.
    pub fn new(port: PortId, source: PortRef, arrived: Arrived) -> Self {
        Self { wire: Arc::new(Wire { port, source }), arrived }
    }

    /// Returns the input.
    pub fn port(&self) -> &PortId {
        &self.wire.port
    }

    /// Returns the output it is connected to.
    pub fn source(&self) -> &PortRef {
        &self.wire.source
    }

    /// Returns the fingerprint of the data that arrived.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match &self.arrived {
            Arrived::NoValue => None,
            Arrived::Stored(known) => known.1,
            Arrived::Results(results) => results.fingerprint(&self.wire.source.port),
        }
    }

    /// Returns where the data that arrived comes from; inside of a loop that of all iterations, also if the newest had none.
    pub fn provenance(&self) -> Option<Provenance> {
        match &self.arrived {
            Arrived::NoValue => None,
            Arrived::Stored(known) => Some(known.0),
            Arrived::Results(results) => Some(results.provenance()),
        }
    }

    /// Returns whether the same data arrived: by where it comes from, else by looking at it.
    pub fn same_data(&self, other: &Self) -> bool {
        match (self.provenance(), other.provenance()) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => {
                (ours == theirs && self.wire.source == other.wire.source) || self.fingerprint() == other.fingerprint()
            }
            _ => false,
        }
    }
}

/// The iterations of a node that is part of a loop.
#[derive(Clone, Debug)]
pub struct Iterations {
    /// The loop.
    pub of: Arc<LoopRecord>,
    /// Where the node stands in its rows; `None` for the head.
    pub member: Option<usize>,
}

/// What came of one node in one run.
#[derive(Clone, Debug)]
pub struct NodeRecord {
    /// The run.
    pub run: RunId,
    /// The node.
    pub node: NodeId,
    /// The node as it was when its results were made, or in this run: kind, parameters, settings.
    pub as_it_was: PastNode,
    /// What came of it.
    pub status: Status,
    /// Why it executed, if it did.
    pub reasons: Arc<[Reason]>,
    /// The fingerprint of kind, version and parameters then; of a pinned node those its results came from.
    pub config: Fingerprint,
    /// The fingerprint of the config and of all that feeds it, recursively.
    pub recipe: Fingerprint,
    /// What reached its connected inputs, sorted by port.
    pub inputs: SmallVec<[InputRecord; 2]>,
    /// Its results, if it has any.
    pub results: Option<Kept>,
    /// When it started, if it executed; of one that was reused, when it did.
    pub started: Option<Timestamp>,
    /// How long it took, if it executed; of one that was reused, when it did.
    pub took: Option<Duration>,
    /// What became of its effect.
    pub effect: Effect,
    /// What few records have, reached as if it stood here.
    pub notes: Notes,
}

/// What few records have: most have none of it, and are smaller for that.
#[derive(Clone, Debug, Default)]
pub struct Notes(Option<Box<NotesData>>);

/// What is noted of a node beside what is known of each.
#[derive(Clone, Debug, Default)]
pub struct NotesData {
    /// The attempts that failed, in order; the last of a node that failed for good is one of them.
    pub attempts: Vec<Attempt>,
    /// The iterations, of a node that is part of a loop.
    pub iterations: Option<Iterations>,
    /// What it wrote.
    pub log: Vec<LogLine>,
    /// What it read from outside.
    pub sources: Vec<Source>,
    /// What it did to its own pinned data.
    pub pinned_data: Option<PinnedChange>,
    /// What it reported of what it did to the world outside.
    pub deeds: Deeds,
    /// Why its pin was released in this run, if it was.
    pub released: Option<String>,
    /// What else a person should know, such as that a pin made both sides of a branch run.
    pub warnings: Vec<String>,
    /// Why what it gave and said stays in memory and is shown only when asked for, if it does. Not written: nothing is left to
    /// hide there.
    pub sensitive: Option<Sensitive>,
}

impl NotesData {
    fn is_none(&self) -> bool {
        let Self { attempts, iterations, log, sources, pinned_data, deeds, released, warnings, sensitive } = self;
        sensitive.is_none()
            && attempts.is_empty()
            && iterations.is_none()
            && log.is_empty()
            && sources.is_empty()
            && pinned_data.is_none()
            && deeds.is_empty()
            && released.is_none()
            && warnings.is_empty()
    }
}

impl From<NotesData> for Notes {
    fn from(notes: NotesData) -> Self {
        Self((!notes.is_none()).then(|| Box::new(notes)))
    }
}

impl Deref for NodeRecord {
    type Target = NotesData;

    fn deref(&self) -> &NotesData {
        static NONE: NotesData = NotesData {
            attempts: Vec::new(),
            iterations: None,
            log: Vec::new(),
            sources: Vec::new(),
            pinned_data: None,
            deeds: Deeds::none(),
            released: None,
            warnings: Vec::new(),
            sensitive: None,
        };
        self.notes.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for NodeRecord {
    fn deref_mut(&mut self) -> &mut NotesData {
        self.notes.0.get_or_insert_default()
    }
}

impl NodeRecord {
    /// Returns the node as it was when its results were made, or in this run. It may have to be read: not for the interface
    /// thread.
    pub fn as_it_was(&self) -> &Arc<Node> {
        self.as_it_was.node(&self.node)
    }

    /// Returns where the results come from.
    pub fn provenance(&self) -> Option<Provenance> {
        self.results.as_ref().map(Kept::provenance)
    }

    /// Returns what this record is in a later run that reused its results: when it executed, how long that took and what it
    /// wrote are those of then.
    pub fn reused_in(self: &Arc<Self>, run: RunId) -> Arc<Self> {
        Arc::new(Self::clone(self).seen_from(run))
    }

    /// Returns what this record is in a later run that did not look at its node again.
    pub(super) fn seen_from(mut self, run: RunId) -> Self {
        let has_notes_of_then = self.pinned_data.is_some() || self.released.is_some() || !self.deeds.is_empty();
        if has_notes_of_then || !self.warnings.is_empty() {
            self.pinned_data = None;
            self.deeds = Deeds::none();
            self.released = None;
            self.warnings = Vec::new();
        }
        let from = self.provenance().filter(|_| self.has_results());
        let status = from.map_or_else(|| self.status.clone(), |from| Status::Reused { from });
        let effect = if self.effect == Effect::None { Effect::None } else { Effect::HeldBack };
        Self { run, status, reasons: Arc::default(), effect, ..self }
    }

    /// Returns whether nothing came of the node because no iteration of its loop had anything for it, and the loop was
    /// completed all the same: its results have no values, and until something it depends on changes they stand.
    pub fn had_nothing_to_do(&self) -> bool {
        self.results.is_some() && matches!(self.status, Status::NotRun(_)) && !self.status.is_held_back()
    }

    /// Returns whether what it gave and said stays in memory and is shown only when asked for.
    pub fn is_sensitive(&self) -> bool {
        self.notes.0.as_ref().is_some_and(|notes| notes.sensitive.is_some())
            || self.results.as_ref().is_some_and(Kept::is_sensitive)
    }

    /// Returns the record as it may be written, if that is not as it is: without what a sensitive node gave and said, and
    /// without iterations that stay in memory.
    pub(super) fn as_it_may_be_written(&self) -> Option<Self> {
        let has_hidden_iterations = self.iterations.as_ref().is_some_and(|iterations| iterations.of.log.is_in_memory());
        if !self.is_sensitive() && !has_hidden_iterations {
            return None;
        }
        let mut record = if self.is_sensitive() { self.without_what_is_sensitive() } else { self.clone() };
        if has_hidden_iterations {
            record.iterations = None;
            record.warnings.push("something in its loop is sensitive: the iterations were not kept".to_owned());
        }
        Some(record)
    }

    fn without_what_is_sensitive(&self) -> Self {
        let mut record = Self { results: None, ..self.shown().into_owned() };
        let why = record.sensitive.take();
        let why = why.map_or_else(|| "it is sensitive".to_owned(), |why| why.in_words(&|node| node.to_string()));
        record.pinned_data = None;
        record.warnings.push(format!("{why}: what it gave and said was not kept"));
        record
    }

    /// Returns the record as it is shown to those who have not asked for what is hidden: of a sensitive node without what it
    /// said. Its results hide themselves.
    pub fn shown(&self) -> Cow<'_, Self> {
        if !self.is_sensitive() {
            return Cow::Borrowed(self);
        }
        let mut record = self.clone();
        // Why it could not even begin is nothing that it said.
        if let (Status::Failed(error), Some(_)) = (&mut record.status, self.started) {
            HIDDEN.clone_into(error);
        }
        for attempt in &mut record.attempts {
            HIDDEN.clone_into(&mut attempt.error);
        }
        for line in &mut record.log {
            HIDDEN.clone_into(&mut line.message);
        }
        if !record.deeds.is_empty() {
            record.deeds = record.deeds.hidden();
        }
        Cow::Owned(record)
    }

    /// Returns whether the node did something to the world outside, or would have had it executed.
    pub fn has_effect(&self) -> bool {
        self.effect != Effect::None || !self.deeds.is_empty()
    }

    /// Returns how many things the node did to the world outside. Not every kind of node tells them one by one.
    pub fn n_done(&self) -> u64 {
        let n_told = self.deeds.iter().len() as u64 + self.deeds.n_more();
        if self.effect == Effect::Performed { n_told.max(1) } else { n_told }
    }

    /// Returns whether Resume may use the results: of what a dry run held back, those it had before.
    pub fn has_results(&self) -> bool {
        self.results.is_some() && (self.status.has_results() || self.status.is_held_back())
    }
}

/// A mark as a run used it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkUsed {
    /// Never executes.
    Disabled,
    /// Always executes.
    Forced,
    /// Its results are the pin's.
    Pinned(PinPolicy),
    /// To be pinned to what it gives.
    Armed(PinPolicy),
}

/// What is run of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// All of it.
    #[default]
    All,
    /// Run to here: these nodes and what they need.
    To(Vec<NodeId>),
    /// These nodes; what they need gives its results of the last run as they are, and executes only if it has none.
    Only(Vec<NodeId>),
    /// Run from here: these nodes and all that takes something from them; what they need is as for [`Part::Only`].
    From(Vec<NodeId>),
}

/// The options a run was made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OptionsUsed {
    /// A node that executed only because one above it did reused its results where the data turned out equal.
    pub stop_at_equal_data: bool,
    /// Nodes without side effects whose every consumer was pinned were left out.
    pub skip_what_only_feeds_pins: bool,
    /// Every node that would have changed something outside was held back.
    pub dry_run: bool,
}

impl OptionsUsed {
    /// Returns the options that were on, in words.
    pub fn in_words(self) -> impl Iterator<Item = &'static str> {
        let equal = self.stop_at_equal_data.then_some("stop at equal data");
        let skip = self.skip_what_only_feeds_pins.then_some("skip what only feeds pins");
        let dry = self.dry_run.then_some("dry run");
        dry.into_iter().chain(equal).chain(skip)
    }
}

/// A run without its nodes.
#[derive(Clone, Debug)]
pub struct RunHeader {
    /// The run.
    pub id: RunId,
    /// The session it belongs to.
    pub session: SessionId,
    /// The workflow's id.
    pub workflow_id: WorkflowId,
    /// The workflow as it was.
    pub workflow: Arc<Workflow>,
    /// The file it came from.
    pub path: Option<PathBuf>,
    /// Standard or resumed.
    pub kind: RunKind,
    /// All of the workflow, or which part of it.
    pub part: Part,
    /// The options it was made with.
    pub options: OptionsUsed,
    /// The marks in force, sorted by node.
    pub marks: Vec<(NodeId, MarkUsed)>,
    /// When it started.
    pub started: Timestamp,
    /// How long it took; `None` while it goes on.
    pub took: Option<Duration>,
    /// How it stands or ended.
    pub status: RunStatus,
}

// A run of a hundred thousand nodes writes as many of these: what few of them have belongs into the notes.
const _: () = assert!(size_of::<NodeRecord>() <= 304);
