//! What a session file holds: RON, `format: 1`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use ron::ser::PrettyConfig;
use serde::{Deserialize, Serialize};

use super::{
    BreakpointEdit, Capture, Mark, Marks, Pin, PinState, SavedView, SessionError, SessionId, file::SessionFolder,
};
use crate::{
    nodes::Source,
    store::{InputRecord, InputRow, Kept, KeptPort, PathRow, PinPolicy, Provenance, RunId, Store},
    value::Fingerprint,
    workflow::{Node, NodeId, WorkflowId},
};

/// The newest format this program reads and the one it writes.
const FORMAT: u32 = 1;

/// How deep structures may nest.
const MAX_DEPTH: usize = 512;

/// A session as its file has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename = "Session")]
pub(super) struct Document {
    format: u32,
    pub(super) id: SessionId,
    pub(super) workflow_id: WorkflowId,
    pub(super) workflow_path: Option<PathRow>,
    pub(super) name: Option<String>,
    pub(super) opened: Timestamp,
    pub(super) saved: Timestamp,
    /// Whether it was ended on purpose: else the program ended in the middle of it.
    pub(super) closed: bool,
    pub(super) view: SavedView,
    /// The workflow's text, if it was changed and not saved.
    pub(super) unsaved: Option<String>,
    marks: BTreeMap<NodeId, MarkRow>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    breakpoints: BTreeSet<NodeId>,
}

/// What a file says first; everything else may differ.
#[derive(Deserialize)]
#[serde(rename = "Session")]
struct FormatOnly {
    format: u32,
}

#[derive(Debug, Serialize, Deserialize)]
enum MarkRow {
    Disabled,
    Forced,
    Armed(PinPolicy),
    Captured(PinPolicy, Box<CaptureRow>),
}

#[derive(Debug, Serialize, Deserialize)]
struct CaptureRow {
    results: Vec<KeptPort>,
    provenance: Provenance,
    captured_in: Option<RunId>,
    captured_at: Timestamp,
    as_it_was: Arc<Node>,
    config: Fingerprint,
    recipe: Fingerprint,
    inputs: Vec<InputRow>,
    #[serde(default)]
    sources: Vec<Source>,
    edited: bool,
}

impl CaptureRow {
    /// `is_kept`: whether there is a store. Without one the results end with the program, and the file, which nothing seals
    /// then, does not show them.
    fn of(capture: &Capture, is_kept: bool) -> Self {
        let shown = |port: &KeptPort| KeptPort {
            preview: if is_kept { port.preview.clone() } else { String::new() },
            ..port.clone()
        };
        Self {
            results: capture.results.ports().iter().map(shown).collect(),
            provenance: capture.results.provenance(),
            captured_in: capture.captured_in,
            captured_at: capture.captured_at,
            as_it_was: Arc::clone(&capture.as_it_was),
            config: capture.config,
            recipe: capture.recipe,
            inputs: capture.inputs.iter().map(InputRow::from).collect(),
            // RON has no word for a path that is no text: such a source is forgotten rather than the marks.
            sources: capture.sources.iter().filter(|source| source.path.to_str().is_some()).cloned().collect(),
            edited: capture.edited,
        }
    }

    fn into_capture(self, store: Option<&Store>) -> Capture {
        Capture {
            results: match store {
                Some(store) => Kept::stored(self.results, self.provenance, store.clone()),
                None => Kept::out_of_reach(self.results, self.provenance),
            },
            captured_in: self.captured_in,
            captured_at: self.captured_at,
            as_it_was: self.as_it_was,
            config: self.config,
            recipe: self.recipe,
            inputs: self.inputs.into_iter().map(InputRecord::from).collect(),
            sources: self.sources,
            edited: self.edited,
        }
    }
}

impl MarkRow {
    fn of(mark: &Mark, is_kept: bool) -> Option<Self> {
        match mark {
            Mark::Default => None,
            Mark::Disabled => Some(Self::Disabled),
            Mark::Forced => Some(Self::Forced),
            Mark::Pinned(Pin { policy, state: PinState::Armed }) => Some(Self::Armed(*policy)),
            // Sensitive results stay in memory: in another session the node executes once and is pinned to what it gives.
            Mark::Pinned(Pin { policy, state: PinState::Captured(capture) }) if capture.results.is_sensitive() => {
                Some(Self::Armed(*policy))
            }
            Mark::Pinned(Pin { policy, state: PinState::Captured(capture) }) => {
                Some(Self::Captured(*policy, Box::new(CaptureRow::of(capture, is_kept))))
            }
        }
    }

    fn into_mark(self, store: Option<&Store>) -> Mark {
        match self {
            Self::Disabled => Mark::Disabled,
            Self::Forced => Mark::Forced,
            Self::Armed(policy) => Mark::armed(policy),
            Self::Captured(policy, capture) => Mark::captured(policy, capture.into_capture(store)),
        }
    }
}

impl Document {
    /// Returns the document of a session with these marks.
    pub(super) fn new(session: &super::Session, closed: bool) -> Self {
        Self {
            format: FORMAT,
            id: session.id,
            workflow_id: session.workflow_id,
            workflow_path: session.workflow_path.as_deref().map(PathRow::from),
            name: session.name.clone(),
            opened: session.opened,
            saved: Timestamp::now(),
            closed,
            view: session.view,
            unsaved: session.unsaved.clone(),
            marks: session
                .marks
                .iter()
                .filter_map(|(node, mark)| Some((node.clone(), MarkRow::of(mark, session.has_store())?)))
                .collect(),
            breakpoints: session.marks.breakpoints().iter().cloned().collect(),
        }
    }

    /// Reads a session file. A damaged one is set aside.
    pub(super) fn load(folder: &SessionFolder, id: SessionId) -> Result<Self, SessionError> {
        let text = folder.read(id)?;
        let options = ron::Options::default().with_recursion_limit(MAX_DEPTH);
        let parsed = options.from_str::<Self>(&text);
        match (parsed, options.from_str::<FormatOnly>(&text)) {
            (Ok(document), _) if document.format == FORMAT && document.id == id => Ok(document),
            (_, Ok(FormatOnly { format })) if format > FORMAT => {
                Err(SessionError::Newer { found: format, path: folder.path_of(id) })
            }
            (Ok(document), _) if document.id != id => Err(folder.set_aside(id, "it is another session's")),
            (Ok(document), _) => Err(folder.set_aside(id, &format!("its format is {}", document.format))),
            (Err(error), _) => Err(folder.set_aside(id, &error.to_string())),
        }
    }

    /// Returns the text of the file, or why it has none.
    pub(super) fn to_text(&self) -> Result<String, String> {
        let pretty = PrettyConfig::new().indentor("  ");
        let options = ron::Options::default().with_recursion_limit(MAX_DEPTH);
        options.to_string_pretty(self, pretty).map(|text| text + "\n").map_err(|error| error.to_string())
    }

    /// Returns the number of marks and breakpoints, and of pins among them.
    pub(super) fn counts(&self) -> (usize, usize) {
        let is_pin = |mark: &&MarkRow| matches!(mark, MarkRow::Armed(_) | MarkRow::Captured(..));
        (self.marks.len() + self.breakpoints.len(), self.marks.values().filter(is_pin).count())
    }

    /// Takes out the marks; the pins' results are read from the store when asked for.
    pub(super) fn take_marks(&mut self, store: Option<&Store>) -> Marks {
        let mut marks = Marks::default();
        for (node, row) in std::mem::take(&mut self.marks) {
            marks.set(node, row.into_mark(store));
        }
        marks.apply_breakpoints(BreakpointEdit {
            set: std::mem::take(&mut self.breakpoints).into_iter().collect(),
            clear: Vec::new(),
        });
        marks
    }
}
