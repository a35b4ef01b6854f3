//! What a node's record looks like in the database: a version, then postcard, with fingerprints in place of data.
//!
//! Records are many and small, and a session reads all of its own at once. So a run is told only where it is another than the
//! record's own, the node is written only where the run's workflow has it otherwise, and names of ports are shared when read.
//! Enums go by position: new variants stand at the end, or [`FORMAT`] changes.

use std::{path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use smallvec::SmallVec;
use ulid::Ulid;

use super::{
    Arrived, Attempt, Effect, InputRecord, IterationLog, Iterations, Kept, KeptPort, LogLine, LoopAbout, LoopRecord,
    NodeRecord, NotesData, PastNode, PathRow, Provenance, Reason, RunId, Status, database::Reader,
    past_node::PastWorkflow, rows, workflow_bytes,
};
use crate::{
    nodes::{Deeds, Source, SourceState},
    value::Fingerprint,
    workflow::{IdError, NodeId, PortRef},
};

/// The first byte. The text of a record, which older stores hold, never begins with it.
const FORMAT: u8 = 1;

/// The first byte of a record whose node reported what it did to the world outside: that stands behind all else.
const FORMAT_WITH_DEEDS: u8 = 2;

/// A record on its way out; [`Decoder::take_record`] takes the same fields in the same order.
#[derive(Serialize)]
struct RecordOut<'a> {
    node: &'a str,
    config: Block<'a>,
    recipe: Block<'a>,
    inputs: InputsOut<'a>,
    results: Option<ResultsOut<'a>>,
    provenance: Option<ProvenanceRow>,
    status: &'a Status,
    reasons: &'a [Reason],
    started: Option<(i64, i32)>,
    took: Option<Duration>,
    attempts: &'a [Attempt],
    log: &'a [LogLine],
    sources: SourcesOut<'a>,
    effect: Effect,
    released: Option<&'a str>,
    warnings: &'a [String],
    iterations: Option<(&'a LoopAbout, Option<u64>)>,
    /// Unless the run's workflow has it.
    as_it_was: Option<Block<'a>>,
}

/// Where results come from, seen from a record.
#[derive(Serialize, Deserialize)]
enum ProvenanceRow {
    /// The record's own run.
    Own,
    Run(u128),
    Edited([u8; 32]),
}

impl ProvenanceRow {
    fn of(provenance: Provenance, own: RunId) -> Self {
        match provenance {
            Provenance::Run(run) if run == own => Self::Own,
            Provenance::Run(run) => Self::Run(run.ulid().0),
            Provenance::Edited(fingerprint) => Self::Edited(*fingerprint.as_bytes()),
        }
    }

    fn seen_from(&self, own: RunId) -> Provenance {
        match self {
            Self::Own => Provenance::Run(own),
            Self::Run(run) => Provenance::Run(Ulid(*run).into()),
            Self::Edited(bytes) => Provenance::Edited(Fingerprint::from_bytes(*bytes)),
        }
    }
}

/// Bytes that are read by looking at them, not one by one.
struct Block<'a>(&'a [u8]);

impl Serialize for Block<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

#[derive(Serialize)]
struct InputOut<'a> {
    port: &'a str,
    source_node: &'a str,
    source_port: &'a str,
    provenance: Option<ProvenanceRow>,
    /// Empty if nothing arrived.
    fingerprint: Block<'a>,
}

struct InputsOut<'a>(&'a NodeRecord);

impl Serialize for InputsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq as _;
        let mut inputs = serializer.serialize_seq(Some(self.0.inputs.len()))?;
        for input in &self.0.inputs {
            let fingerprint = input.fingerprint();
            inputs.serialize_element(&InputOut {
                port: input.port().as_str(),
                source_node: input.source().node.as_str(),
                source_port: input.source().port.as_str(),
                provenance: input.provenance().map(|provenance| ProvenanceRow::of(provenance, self.0.run)),
                fingerprint: Block(fingerprint.as_ref().map_or(&[], |fingerprint| fingerprint.as_bytes())),
            })?;
        }
        inputs.end()
    }
}

struct ResultsOut<'a>(&'a Kept);

impl Serialize for ResultsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.loaded() {
            Some(outputs) => serializer.collect_seq(outputs.iter().zip(outputs.fingerprints()).map(
                |((port, value), fingerprint)| {
                    let n_rows = value.n_rows().map(|n_rows| n_rows as u64);
                    (port.as_str(), Block(fingerprint.as_bytes()), value.preview(), n_rows)
                },
            )),
            None => serializer.collect_seq(self.0.ports().iter().map(|known| {
                let n_rows = known.n_rows.map(|n_rows| n_rows as u64);
                (known.port.as_str(), Block(known.fingerprint.as_bytes()), known.preview.as_str(), n_rows)
            })),
        }
    }
}

struct SourcesOut<'a>(&'a [Source]);

impl Serialize for SourcesOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|source| {
            let state = source.state.map(|state| StateRow {
                size: state.size,
                modified_nanos: state.modified_nanos,
                content: state.content.map(|content| *content.as_bytes()),
            });
            (PathRow::from(source.path.as_path()), state)
        }))
    }
}

#[derive(Serialize, Deserialize)]
struct StateRow {
    size: u64,
    modified_nanos: u128,
    content: Option<[u8; 32]>,
}

/// Adds a record's bytes to others. The node as bytes is given if the run's workflow has it otherwise.
pub(super) fn write(record: &NodeRecord, as_it_was: Option<&[u8]>, mut bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let NodeRecord {
        run,
        node,
        as_it_was: _,
        status,
        reasons,
        config,
        recipe,
        inputs: _,
        results,
        started,
        took,
        effect,
        notes: _,
    } = record;
    let NotesData { attempts, iterations, log, sources, pinned_data, deeds, released, warnings, sensitive: _ } =
        &**record;
    bytes.push(if deeds.is_empty() { FORMAT } else { FORMAT_WITH_DEEDS });
    let out = RecordOut {
        node: node.as_str(),
        config: Block(config.as_bytes()),
        recipe: Block(recipe.as_bytes()),
        inputs: InputsOut(record),
        results: results.as_ref().map(ResultsOut),
        provenance: record.provenance().map(|provenance| ProvenanceRow::of(provenance, *run)),
        status,
        reasons,
        started: started.map(|time| (time.as_second(), time.subsec_nanosecond())),
        took: *took,
        attempts,
        log,
        sources: SourcesOut(sources),
        effect: *effect,
        released: released.as_deref(),
        warnings,
        iterations: iterations
            .as_ref()
            .map(|iterations| (&iterations.of.about, iterations.member.map(|member| member as u64))),
        as_it_was: as_it_was.map(Block),
    };
    let bytes = postcard::to_extend(&out, bytes).map_err(|error| error.to_string())?;
    match pinned_data {
        _ if !deeds.is_empty() => postcard::to_extend(&(pinned_data, deeds), bytes).map_err(|error| error.to_string()),
        // Few nodes have any, and older stores hold records without: it stands behind the end.
        Some(change) => postcard::to_extend(change, bytes).map_err(|error| error.to_string()),
        None => Ok(bytes),
    }
}

/// Reads records of one run after the other.
pub(super) struct Decoder<'a> {
    reader: &'a Reader,
    /// What most nodes of a standard run have: shared.
    of_standard_run: Arc<[Reason]>,
}

/// What all records of a run share.
#[derive(Clone)]
pub(super) struct Of {
    pub(super) run: RunId,
    pub(super) workflow: Arc<PastWorkflow>,
}

impl<'a> Decoder<'a> {
    /// Returns a decoder of records whose results are read by this reader.
    pub(super) fn new(reader: &'a Reader) -> Self {
        Self { reader, of_standard_run: Arc::new([Reason::StandardRun]) }
    }

    /// Returns the record that bytes stand for, its results to be read from the store when asked for.
    pub(super) fn record(&self, bytes: &[u8], of: &Of) -> Result<NodeRecord, String> {
        if let Some((&(FORMAT | FORMAT_WITH_DEEDS), rest)) = bytes.split_first() {
            return self.take_record(&mut Taker(rest), of, bytes[0]);
        }
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        rows::record_from_text(text, self.reader)
    }

    fn take_record(&self, rest: &mut Taker<'_>, of: &Of, format: u8) -> Result<NodeRecord, String> {
        let node: NodeId = rest.id()?;
        let config = rest.fingerprint()?;
        let recipe = rest.fingerprint()?;
        let n_inputs = rest.length()?;
        let mut inputs = SmallVec::with_capacity(n_inputs);
        for _ in 0..n_inputs {
            inputs.push(Self::take_input(rest, of.run)?);
        }
        let results = if rest.take::<bool>()? { Some(Self::take_results(rest)?) } else { None };
        let provenance = rest.take::<Option<ProvenanceRow>>()?.map(|row| row.seen_from(of.run));
        let status: Status = rest.take()?;
        let reasons = self.take_reasons(rest)?;
        let started = rest.take::<Option<(i64, i32)>>()?.map(timestamp).transpose()?;
        let took: Option<Duration> = rest.take()?;
        let attempts: Vec<Attempt> = rest.take()?;
        let log: Vec<LogLine> = rest.take()?;
        let sources: Vec<(PathRow, Option<StateRow>)> = rest.take()?;
        let effect: Effect = rest.take()?;
        let released: Option<String> = rest.take()?;
        let warnings: Vec<String> = rest.take()?;
        let iterations = rest.take::<Option<(LoopAbout, Option<u64>)>>()?.map(|(about, member)| Iterations {
            of: Arc::new(LoopRecord { log: IterationLog::stored(about.id, self.reader.clone()), about }),
            member: member.map(|member| member as usize),
        });
        let as_it_was = match rest.take::<Option<&[u8]>>()? {
            None => PastNode::Stored(Arc::clone(&of.workflow)),
            Some(bytes) => Arc::new(workflow_bytes::node_from_bytes(bytes)?).into(),
        };
        let (pinned_data, deeds) = match format {
            FORMAT_WITH_DEEDS => rest.take()?,
            _ if rest.0.is_empty() => (None, Deeds::none()),
            _ => (Some(rest.take()?), Deeds::none()),
        };
        Ok(NodeRecord {
            run: of.run,
            node,
            as_it_was,
            status,
            reasons,
            config,
            recipe,
            inputs,
            results: results
                .zip(provenance)
                .map(|(ports, provenance)| Kept::read_by(ports, provenance, self.reader.clone())),
            started,
            took,
            effect,
            notes: NotesData {
                attempts,
                iterations,
                log,
                sources: sources.into_iter().map(source).collect(),
                pinned_data,
                deeds,
                released,
                warnings,
                sensitive: None,
            }
            .into(),
        })
    }

    fn take_reasons(&self, rest: &mut Taker<'_>) -> Result<Arc<[Reason]>, String> {
        let reasons: SmallVec<[Reason; 1]> = rest.list()?;
        Ok(match reasons.as_slice() {
            [] => Arc::default(),
            [Reason::StandardRun] => Arc::clone(&self.of_standard_run),
            _ => reasons.into_iter().collect(),
        })
    }

    fn take_input(rest: &mut Taker<'_>, own: RunId) -> Result<InputRecord, String> {
        let port = rest.id()?;
        let node = rest.id()?;
        let source = PortRef { node, port: rest.id()? };
        let provenance = rest.take::<Option<ProvenanceRow>>()?;
        let fingerprint: &[u8] = rest.take()?;
        let arrived = match provenance {
            None => Arrived::NoValue,
            Some(row) => {
                let fingerprint = if fingerprint.is_empty() { None } else { Some(fingerprint_of(fingerprint)?) };
                Arrived::Stored(Box::new((row.seen_from(own), fingerprint)))
            }
        };
        Ok(InputRecord::new(port, source, arrived))
    }

    fn take_results(rest: &mut Taker<'_>) -> Result<Vec<KeptPort>, String> {
        let n_ports = rest.length()?;
        let mut ports = Vec::with_capacity(n_ports);
        for _ in 0..n_ports {
            ports.push(KeptPort {
                port: rest.id()?,
                fingerprint: rest.fingerprint()?,
                preview: rest.take::<&str>()?.to_owned(),
                n_rows: rest.take::<Option<u64>>()?.map(|n_rows| n_rows as usize),
            });
        }
        Ok(ports)
    }
}

/// Returns which node a record is of, reading no further; `None` for the text of older stores.
pub(super) fn node_of(bytes: &[u8]) -> Option<&str> {
    match bytes.split_first() {
        Some((&(FORMAT | FORMAT_WITH_DEEDS), rest)) => Taker(rest).take().ok(),
        _ => None,
    }
}

/// Bytes of which one piece after the other is taken.
struct Taker<'a>(&'a [u8]);

impl<'a> Taker<'a> {
    fn take<T: Deserialize<'a>>(&mut self) -> Result<T, String> {
        let (taken, rest) = postcard::take_from_bytes(self.0).map_err(|error| error.to_string())?;
        self.0 = rest;
        Ok(taken)
    }

    /// Takes a list.
    fn list<T: Deserialize<'a>, I: FromIterator<T>>(&mut self) -> Result<I, String> {
        (0..self.length()?).map(|_| self.take()).collect()
    }

    /// Takes a length; no length can be above the number of bytes that are left.
    fn length(&mut self) -> Result<usize, String> {
        let length: u64 = self.take()?;
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.0.len())
            .ok_or_else(|| "it ends too early".to_owned())
    }

    fn fingerprint(&mut self) -> Result<Fingerprint, String> {
        fingerprint_of(self.take()?)
    }

    fn id<T: FromStr<Err = IdError>>(&mut self) -> Result<T, String> {
        self.take::<&str>()?.parse().map_err(|error: IdError| error.to_string())
    }
}

fn fingerprint_of(bytes: &[u8]) -> Result<Fingerprint, String> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|_other_length| "a fingerprint has 32 bytes".to_owned())?;
    Ok(Fingerprint::from_bytes(bytes))
}

fn timestamp((second, nanosecond): (i64, i32)) -> Result<Timestamp, String> {
    Timestamp::new(second, nanosecond).map_err(|error| error.to_string())
}

fn source((path, state): (PathRow, Option<StateRow>)) -> Source {
    let state = state.map(|state| SourceState {
        size: state.size,
        modified_nanos: state.modified_nanos,
        content: state.content.map(Fingerprint::from_bytes),
    });
    Source { path: PathBuf::from(path), state }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Missing, NeverRan, NotRun, PinPolicy};

    fn positions<T: Serialize>(variants: &[T]) -> Vec<u8> {
        variants.iter().map(|variant| postcard::to_stdvec(variant).unwrap()[0]).collect()
    }

    #[test]
    fn variants_keep_the_positions_they_are_written_by() {
        let statuses = [
            Status::Executed,
            Status::Reused { from: Provenance::Run(Ulid(1).into()) },
            Status::Pinned { policy: PinPolicy::Hold, edited: false, captured_in: None },
            Status::Kept { made: Timestamp::UNIX_EPOCH, from: Ulid(1).into() },
            Status::Disabled,
            Status::NotRun(NotRun::NotNeeded),
            Status::Failed(String::new()),
            Status::Cancelled,
            Status::Interrupted,
        ];
        assert_eq!(positions(&statuses), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        let reasons = [
            Reason::StandardRun,
            Reason::NeverRan(NeverRan::New),
            Reason::ConfigChanged(Vec::new()),
            Reason::InputsChanged(Vec::new()),
            Reason::FailedLastTime(String::new()),
            Reason::Forced,
            Reason::NotCacheable,
            Reason::SourceChanged(Vec::new()),
            Reason::Unpinned,
            Reason::ResultsLost(String::new()),
            Reason::UpstreamExecutes(Vec::new()),
            Reason::EqualInputs,
        ];
        assert_eq!(positions(&reasons), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        let not_run = [
            NotRun::InputMissing { port: "in".into(), why: Missing::NotConnected },
            NotRun::NotNeeded,
            NotRun::StoppedByError("a".into()),
            NotRun::OnlyFeedsPins,
            NotRun::NoIteration,
            NotRun::HeldBack,
        ];
        assert_eq!(positions(&not_run), [0, 1, 2, 3, 4, 5]);
        assert_eq!(positions(&[Effect::None, Effect::Performed, Effect::HeldBack]), [0, 1, 2]);
    }
}
