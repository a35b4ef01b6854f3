//! Rows as text: RON, with fingerprints in place of data. Records stood like this in older stores; they are still read.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Arrived, Attempt, Effect, InputRecord, Kept, KeptPort, LogLine, NodeRecord, NotesData, Provenance, Reason, RunId,
    Status, database::Reader,
};
use crate::{
    nodes::{Deeds, Source, SourceState},
    value::Fingerprint,
    workflow::{Node, NodeId, PortId, PortRef},
};

/// How deep structures may nest: parameters are the only ones that nest at all.
const MAX_DEPTH: usize = 512;

/// A node's record.
#[derive(Debug, Serialize, Deserialize)]
struct RecordRow {
    run: RunId,
    node: NodeId,
    as_it_was: Arc<Node>,
    status: Status,
    reasons: Arc<[Reason]>,
    config: Fingerprint,
    recipe: Fingerprint,
    inputs: Vec<InputRow>,
    results: Option<Vec<KeptPort>>,
    provenance: Option<Provenance>,
    started: Option<Timestamp>,
    took: Option<Duration>,
    #[serde(default)]
    attempts: Vec<Attempt>,
    log: Vec<LogLine>,
    sources: Vec<SourceRow>,
    effect: Effect,
    released: Option<String>,
    warnings: Vec<String>,
}

/// What reached an input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InputRow {
    port: PortId,
    source: PortRef,
    arrived: Option<(Provenance, Fingerprint)>,
}

/// A file that was read. Its time is text: it has 128 bits.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SourceRow {
    path: PathRow,
    state: Option<StateRow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StateRow {
    size: u64,
    modified_nanos: String,
    content: Option<Fingerprint>,
}

/// A path, exactly, even if it is not Unicode.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum PathRow {
    /// Unicode.
    Text(String),
    /// Anything else that the system allows.
    Bytes(Vec<u8>),
}

impl From<&InputRecord> for InputRow {
    fn from(input: &InputRecord) -> Self {
        Self {
            port: input.port().clone(),
            source: input.source().clone(),
            arrived: input.provenance().zip(input.fingerprint()),
        }
    }
}

impl From<InputRow> for InputRecord {
    fn from(row: InputRow) -> Self {
        let arrived = row.arrived.map_or(Arrived::NoValue, |known| Arrived::Stored(Box::new((known.0, Some(known.1)))));
        Self::new(row.port, row.source, arrived)
    }
}

impl From<&std::path::Path> for PathRow {
    fn from(path: &std::path::Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes(path.as_os_str().as_encoded_bytes().to_vec()),
        }
    }
}

impl From<PathRow> for PathBuf {
    fn from(row: PathRow) -> Self {
        match row {
            PathRow::Text(text) => text.into(),
            PathRow::Bytes(bytes) => path_of_bytes(bytes),
        }
    }
}

#[cfg(unix)]
fn path_of_bytes(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path_of_bytes(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

impl From<&Source> for SourceRow {
    fn from(source: &Source) -> Self {
        let state = source.state.map(|state| StateRow {
            size: state.size,
            modified_nanos: state.modified_nanos.to_string(),
            content: state.content,
        });
        Self { path: source.path.as_path().into(), state }
    }
}

impl TryFrom<SourceRow> for Source {
    type Error = std::num::ParseIntError;

    fn try_from(row: SourceRow) -> Result<Self, Self::Error> {
        let state = match row.state {
            None => None,
            Some(state) => Some(SourceState {
                size: state.size,
                modified_nanos: state.modified_nanos.parse()?,
                content: state.content,
            }),
        };
        Ok(Self { path: row.path.into(), state })
    }
}

fn options() -> ron::Options {
    ron::Options::default().with_recursion_limit(MAX_DEPTH)
}

/// Returns a structure as text, or why it cannot be written.
pub(super) fn to_text<T: Serialize>(structure: &T) -> Result<String, String> {
    options().to_string(structure).map_err(|error| error.to_string())
}

/// Returns the structure that a text stands for, or what is wrong with it.
pub(super) fn from_text<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    options().from_str(text).map_err(|error| error.to_string())
}

/// Returns which node a record's text is of.
pub(super) fn node_of_text(bytes: &[u8]) -> Option<NodeId> {
    #[derive(Deserialize)]
    struct NodeOnly {
        node: NodeId,
    }
    from_text::<NodeOnly>(std::str::from_utf8(bytes).ok()?).ok().map(|row| row.node)
}

/// Returns the record that a text stands for, its results to be read from the store when asked for.
pub(super) fn record_from_text(text: &str, reader: &Reader) -> Result<NodeRecord, String> {
    let row: RecordRow = from_text(text)?;
    let sources: Result<Vec<Source>, _> = row.sources.into_iter().map(Source::try_from).collect();
    Ok(NodeRecord {
        run: row.run,
        node: row.node,
        as_it_was: row.as_it_was.into(),
        status: row.status,
        reasons: row.reasons,
        config: row.config,
        recipe: row.recipe,
        inputs: row.inputs.into_iter().map(InputRecord::from).collect(),
        results: row
            .results
            .zip(row.provenance)
            .map(|(ports, provenance)| Kept::read_by(ports, provenance, reader.clone())),
        started: row.started,
        took: row.took,
        effect: row.effect,
        notes: NotesData {
            attempts: row.attempts,
            iterations: None,
            log: row.log,
            sources: sources.map_err(|error| error.to_string())?,
            pinned_data: None,
            deeds: Deeds::none(),
            released: row.released,
            warnings: row.warnings,
            sensitive: None,
        }
        .into(),
    })
}
