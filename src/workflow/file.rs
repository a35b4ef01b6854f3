//! The workflow file: RON, `format: 1`, sorted and stable, one node a block, connections as `"a.out -> b.in"`.

use std::{
    collections::{BTreeMap, HashMap},
    fmt, fs,
    io::{self, Read as _, Write as _},
    marker::PhantomData,
    path::{Path, PathBuf},
    sync::Arc,
};

use imbl::OrdMap;
use ron::{extensions::Extensions, ser::PrettyConfig};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    Connection, Frame, FrameId, Node, NodeId, PortRef, Position, Workflow, WorkflowId, WorkflowSettings,
    order::KnownOrder,
};

/// The newest format this program reads and the one it writes.
const FORMAT: u32 = 1;

/// The largest file that is read, in bytes: about a million nodes.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// How deep brackets may nest in a file.
const MAX_DEPTH: usize = 64;

/// A file that cannot be read as a workflow, or not be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The disk said no.
    #[error("cannot {action} the workflow: {source}: {}", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// Larger than [`MAX_FILE_BYTES`].
    #[error("the file has {size} bytes, more than the {MAX_FILE_BYTES} a workflow may have; is it a workflow?: {}", path.display())]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The file.
        path: PathBuf,
    },
    /// Not text.
    #[error("line {line}: this is not text (a byte that is not UTF-8); a workflow is a RON text file")]
    NotText {
        /// The line, from 1.
        line: usize,
    },
    /// Text that is not a workflow.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What was found and what was expected.
        message: String,
    },
    /// Written by a newer program.
    #[error(
        "the file has format {found}, this program reads up to format {FORMAT}: install a newer version of Pinflow to open it"
    )]
    Newer {
        /// The file's format.
        found: u32,
    },
    /// A format that never was.
    #[error("the file has format {found}; the first format is 1")]
    UnknownFormat {
        /// The file's format.
        found: u32,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "Workflow", deny_unknown_fields)]
struct Document {
    format: u32,
    id: WorkflowId,
    #[serde(default)]
    name: String,
    /// The number the next new node gets.
    #[serde(default)]
    next: u64,
    #[serde(default, skip_serializing_if = "WorkflowSettings::is_default")]
    settings: WorkflowSettings,
    #[serde(default, deserialize_with = "unique_map")]
    nodes: BTreeMap<NodeId, Arc<Node>>,
    #[serde(default)]
    connections: Connections,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "unique_map")]
    frames: BTreeMap<FrameId, Frame>,
    /// The points that wires are led through, by input.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "unique_map")]
    ways: BTreeMap<PortRef, Vec<Position>>,
}

#[derive(Deserialize)]
#[serde(rename = "Workflow")]
struct FormatOnly {
    format: u32,
}

/// Returns the workflow that a text stands for.
pub fn parse(text: &str) -> Result<Workflow, FileError> {
    let options = ron::Options::default().with_recursion_limit(MAX_DEPTH);
    match options.from_str::<Document>(text) {
        Ok(document) if document.format == FORMAT => Ok(from_document(document)),
        Ok(document) => Err(wrong_format(document.format)),
        Err(error) => match options.from_str::<FormatOnly>(text) {
            Ok(FormatOnly { format }) if format != FORMAT => Err(wrong_format(format)),
            _ => Err(syntax(text, &error)),
        },
    }
}

/// Returns the text of a workflow: the same for the same document, whatever was done to it before.
pub fn to_text(workflow: &Workflow) -> String {
    let document = Document {
        format: FORMAT,
        id: workflow.id,
        name: workflow.name.clone(),
        next: workflow.next_number,
        settings: workflow.settings.clone(),
        nodes: workflow.nodes.iter().map(|(id, node)| (id.clone(), Arc::clone(node))).collect(),
        connections: Connections(workflow.connections.iter().map(|(to, from)| (to.clone(), from.clone())).collect()),
        frames: workflow.frames.clone(),
        ways: workflow.ways.clone(),
    };
    let pretty = PrettyConfig::new().indentor("  ").extensions(Extensions::empty()).compact_arrays(false);
    let mut text =
        ron::ser::to_string_pretty(&document, pretty).expect("a document holds nothing that RON cannot write");
    text.push('\n');
    text
}

/// Reads a workflow from a file.
pub fn load(path: &Path) -> Result<Workflow, FileError> {
    let io = |source| FileError::Io { action: "read", source, path: path.to_owned() };
    let file = fs::File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if metadata.is_dir() {
        return Err(io(io::Error::new(io::ErrorKind::IsADirectory, "this is a folder")));
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(FileError::TooLarge { size: metadata.len(), path: path.to_owned() });
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(io)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| FileError::NotText { line: line_of(&bytes, error.valid_up_to()) })?;
    parse(text)
}

/// Writes a workflow to a file: whole or not at all.
pub fn save(workflow: &Workflow, path: &Path) -> Result<(), FileError> {
    write_atomically(path, to_text(workflow).as_bytes()).map_err(|source| FileError::Io {
        action: "write",
        source,
        path: path.to_owned(),
    })
}

/// Replaces a file whole.
///
/// The bytes go to a temporary file beside the target, which is synced and renamed over it, so that a reader sees the
/// old content or the new and a crash leaves one of them. Keeps the permissions of a file that is there.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_atomically_by(path, |file| file.write_all(bytes))
}

/// Replaces a file whole, as [`write_atomically`] does, with what is written bit by bit. Nothing is replaced if that fails.
pub fn write_atomically_by<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut fs::File) -> Result<(), E>,
) -> Result<(), E> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".pinflow-").tempfile_in(folder)?;
    write(file.as_file_mut())?;
    match fs::metadata(&target) {
        Ok(metadata) => file.as_file().set_permissions(metadata.permissions())?,
        Err(_) => make_readable(file.as_file())?,
    }
    file.as_file().sync_all()?;
    file.persist(&target).map_err(io::Error::from)?;
    // The rename itself is durable once the folder is synced; where a folder cannot be opened that is left to the system.
    if let Ok(folder) = fs::File::open(folder) {
        folder.sync_all()?;
    }
    Ok(())
}

/// Gives a new file the permissions of a saved one: temporary files are private.
#[cfg(unix)]
fn make_readable(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &fs::File) -> io::Result<()> {
    Ok(())
}

fn from_document(document: Document) -> Workflow {
    let nodes: Vec<_> = document.nodes.into_iter().collect();
    let mut workflow = Workflow {
        id: document.id,
        name: document.name,
        connections: connections_of(&nodes, document.connections.0.into_iter()),
        nodes: nodes.into_iter().collect(),
        frames: document.frames,
        ways: document.ways,
        settings: document.settings,
        next_number: document.next.max(1),
        order: KnownOrder::default(),
    };
    let ids: Vec<Arc<str>> = workflow
        .nodes
        .keys()
        .map(NodeId::as_str)
        .chain(workflow.frames.keys().map(FrameId::as_str))
        .map(Arc::from)
        .collect();
    for id in ids {
        workflow.count_past(&id);
    }
    workflow.drop_loose_ways();
    workflow
}

/// Returns connections that name nodes by these very ids: what is the same text is compared at once and takes no room of its own.
fn connections_of(
    nodes: &[(NodeId, Arc<Node>)],
    connections: impl Iterator<Item = (PortRef, PortRef)>,
) -> OrdMap<PortRef, PortRef> {
    let known: HashMap<&str, &NodeId> = nodes.iter().map(|(id, _)| (id.as_str(), id)).collect();
    let named = |end: PortRef| match known.get(end.node.as_str()) {
        Some(&id) => PortRef { node: id.clone(), port: end.port },
        None => end,
    };
    connections.map(|(to, from)| (named(to), named(from))).collect()
}

const fn wrong_format(found: u32) -> FileError {
    if found > FORMAT { FileError::Newer { found } } else { FileError::UnknownFormat { found } }
}

fn syntax(text: &str, error: &ron::error::SpannedError) -> FileError {
    let at = error.span.start;
    let message = match &error.code {
        ron::Error::Eof => "the file ends too early: is it cut off?".to_owned(),
        ron::Error::ExceededRecursionLimit => format!("brackets nest deeper than {MAX_DEPTH} levels"),
        ron::Error::ExpectedStructLike
        | ron::Error::ExpectedNamedStructLike(_)
        | ron::Error::ExpectedDifferentStructName { .. }
            if at.line == 1 =>
        {
            "this is not a Pinflow workflow, which begins with `(format: 1, …`".to_owned()
        }
        other if text.trim().is_empty() => format!("the file is empty ({other})"),
        other => other.to_string(),
    };
    FileError::Syntax { line: at.line, column: at.col, message }
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes[..at].split(|byte| *byte == b'\n').count()
}

/// A map in the making. Files are sorted: as long as keys ascend, one look at the last is enough.
enum Sorting<K, V> {
    Ascending(Vec<(K, V)>),
    Any(BTreeMap<K, V>),
}

impl<K, V> Default for Sorting<K, V> {
    fn default() -> Self {
        Self::Ascending(Vec::new())
    }
}

impl<K: Ord, V> Sorting<K, V> {
    /// Returns whether a key is there.
    fn has(&self, key: &K) -> bool {
        match self {
            Self::Ascending(pairs) if pairs.last().is_none_or(|(last, _)| last < key) => false,
            Self::Ascending(pairs) => pairs.binary_search_by(|(known, _)| known.cmp(key)).is_ok(),
            Self::Any(map) => map.contains_key(key),
        }
    }

    /// Adds a key that is not there.
    fn insert(&mut self, key: K, value: V) {
        if let Self::Ascending(pairs) = self {
            if pairs.last().is_none_or(|(last, _)| *last < key) {
                pairs.push((key, value));
                return;
            }
            *self = Self::Any(std::mem::take(pairs).into_iter().collect());
        }
        if let Self::Any(map) = self {
            map.insert(key, value);
        }
    }

    fn into_map(self) -> BTreeMap<K, V> {
        match self {
            Self::Ascending(pairs) => pairs.into_iter().collect(),
            Self::Any(map) => map,
        }
    }
}

/// Reads a map and refuses a key that stands there twice, so that nothing is silently lost.
pub(super) fn unique_map<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord + fmt::Display,
    V: Deserialize<'de>,
{
    struct Visitor<K, V>(PhantomData<(K, V)>);
    impl<'de, K: Deserialize<'de> + Ord + fmt::Display, V: Deserialize<'de>> de::Visitor<'de> for Visitor<K, V> {
        type Value = BTreeMap<K, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map {\"id\": ..}")
        }

        fn visit_map<A: de::MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = Sorting::default();
            while let Some(key) = access.next_key::<K>()? {
                if map.has(&key) {
                    return Err(de::Error::custom(format!("{key:?} stands here twice", key = key.to_string())));
                }
                let value = access.next_value()?;
                map.insert(key, value);
            }
            Ok(map.into_map())
        }
    }
    deserializer.deserialize_map(Visitor(PhantomData))
}

/// Connections as a list of `"a.out -> b.in"`, sorted by input.
#[derive(Default)]
struct Connections(BTreeMap<PortRef, PortRef>);

impl Serialize for Connections {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(to, from)| format!("{from} -> {to}")))
    }
}

impl<'de> Deserialize<'de> for Connections {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Connections;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of \"node.output -> node.input\"")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Connections, A::Error> {
                let mut connections = Sorting::default();
                while let Some(Connection { from, to }) = seq.next_element::<Connection>()? {
                    if connections.has(&to) {
                        return Err(de::Error::custom(format!(
                            "the input {to} is connected twice; it can take one connection"
                        )));
                    }
                    connections.insert(to, from);
                }
                Ok(Connections(connections.into_map()))
            }
        }
        deserializer.deserialize_seq(Visitor)
    }
}

impl std::str::FromStr for PortRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (node, port) =
            text.trim().split_once('.').ok_or_else(|| format!("{:?} is not `node.port`", text.trim()))?;
        let node = node.parse().map_err(|error: super::IdError| error.to_string())?;
        let port = port.parse().map_err(|error: super::IdError| error.to_string())?;
        Ok(Self { node, port })
    }
}

impl std::str::FromStr for Connection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) =
            text.split_once("->").ok_or_else(|| format!("expected \"node.output -> node.input\", found {text:?}"))?;
        Ok(Self { from: from.parse()?, to: to.parse()? })
    }
}

impl Serialize for PortRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PortRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Connection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Connection;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"node.output -> node.input\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Connection, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::Edit;

    const SMALL: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Small",
  next: 3,
  nodes: {
    "a": (
      kind: "text",
      position: (1.0, 2.0),
      parameters: {
        "text": "hello",
      },
    ),
    "b_2": (
      kind: "from_the_future",
      title: "Kept",
      position: (0.0, 0.0),
      parameters: {
        "deep": {
          "list": [
            1,
            2.5,
            (),
          ],
        },
      },
    ),
  },
  connections: [
    "a.text -> b_2.in",
  ],
)
"#;

    fn error(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_file_saved_again_is_the_same_text_even_with_a_kind_nobody_knows() {
        let workflow = parse(SMALL).unwrap();
        assert_eq!(to_text(&workflow), SMALL);
        assert!(parse(&to_text(&workflow)).unwrap().same_content(&workflow));
    }

    #[test]
    fn settings_of_a_node_are_kept_and_a_file_without_them_has_the_defaults() {
        let settings = "      settings: (\n        retries: 2,\n        time_limit: \"1h 30m\",\n      ),\n";
        let text = SMALL.replace(
            "        \"text\": \"hello\",\n      },\n",
            &format!("        \"text\": \"hello\",\n      }},\n{settings}"),
        );
        assert_ne!(text, SMALL);
        assert_eq!(to_text(&parse(&text).unwrap()), text);
        assert_eq!(parse(SMALL).unwrap().node(&"a".into()).unwrap().settings, crate::workflow::NodeSettings::default());
        let wrong = error(&text.replace("1h 30m", "1 fortnight"));
        assert!(wrong.starts_with("line 15") && wrong.contains("is not a time such as"), "{wrong}");
    }

    #[test]
    fn what_only_the_canvas_shows_is_kept_and_a_way_without_a_wire_is_not() {
        let looks = "  frames: {\n    \"frame_2\": (\n      title: \"Read\",\n      position: (0.0, 0.0),\n      size: (300.0, 200.0),\n      color: Amber,\n    ),\n  },\n  ways: {\n    \"b_2.in\": [\n      (10.0, 20.0),\n    ],\n  },\n)\n";
        let text = SMALL.replace(
            "          ],\n        },\n      },\n    ),",
            "          ],\n        },\n      },\n      collapsed: true,\n    ),",
        );
        let text = format!("{}{looks}", text.strip_suffix(")\n").unwrap());
        let workflow = parse(&text).unwrap();
        assert!(workflow.node(&"b_2".into()).unwrap().collapsed);
        assert_eq!(workflow.way(&PortRef::new("b_2", "in")), [Position(10.0, 20.0)]);
        assert_eq!(to_text(&workflow), text);
        let loose = parse(&text.replace("\"b_2.in\": [", "\"a.in\": [")).unwrap();
        assert_eq!(loose.ways().len(), 0);
    }

    #[test]
    fn new_nodes_never_take_an_id_that_is_there() {
        let mut workflow = parse(&SMALL.replace("next: 3", "next: 0")).unwrap();
        let id = workflow.fresh_node_id(&"b".into());
        assert_eq!(id, "b_3");
        workflow.apply(Edit::AddNode(id, Arc::new(Node::new("b", Position(0.0, 0.0))))).unwrap();
    }

    #[test]
    fn a_damaged_file_is_refused_with_the_line() {
        assert!(error(&SMALL.replace("kind: \"text\"", "kind: text")).starts_with("line 8, column"));
        assert!(error(&SMALL.replace("position: (1.0, 2.0)", "position: (1.0)")).starts_with("line 9"));
        assert!(
            error(&SMALL.replace("a.text -> b_2.in", "a.text b_2.in"))
                .contains("expected \"node.output -> node.input\"")
        );
        assert!(error(&SMALL.replace("\"b_2\"", "\"a\"")).contains("\"a\" stands here twice"));
        let unknown = error(&SMALL.replace("title:", "tilte:"));
        assert!(unknown.starts_with("line 16") && unknown.contains("tilte") && unknown.contains("title"), "{unknown}");
    }

    #[test]
    fn a_map_in_the_making_knows_its_keys_in_whatever_order_they_come() {
        for keys in [[1, 2, 5, 9], [9, 5, 2, 1], [1, 5, 2, 9], [5, 9, 1, 2]] {
            let mut map = Sorting::default();
            for (n_added, key) in keys.into_iter().enumerate() {
                for known in 0..=10 {
                    assert_eq!(
                        map.has(&known),
                        keys[..n_added].contains(&known),
                        "{known} after {n_added} of {keys:?}"
                    );
                }
                map.insert(key, key * 10);
            }
            assert_eq!(map.into_map().into_iter().collect::<Vec<_>>(), [(1, 10), (2, 20), (5, 50), (9, 90)]);
        }
    }

    #[test]
    fn a_cut_file_says_that_it_ends_too_early() {
        for end in [0, 1, 20, 150, SMALL.len() / 2, SMALL.len() - 3] {
            let message = error(&SMALL[..end]);
            assert!(message.starts_with("line "), "{end}: {message}");
        }
        assert!(error(&SMALL[..SMALL.len() - 3]).contains("ends too early"), "{}", error(&SMALL[..SMALL.len() - 3]));
    }

    #[test]
    fn a_newer_format_is_refused_however_different_it_is() {
        parse("Workflow(format: 1, id: \"01ARZ3NDEKTSV4RRFFQ69G5FAV\")").unwrap();
        assert!(error("Workflow(format: 7, shiny: [1, 2])").contains("format 7"));
        assert!(error("(format: 2)").contains("newer version"));
        assert!(error("(format: 0, id: \"01ARZ3NDEKTSV4RRFFQ69G5FAV\")").contains("the first format is 1"));
    }

    #[test]
    fn brackets_without_end_are_refused() {
        let deep = SMALL.replace("2.5", &format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)));
        assert!(error(&deep).contains("deeper than 64 levels"), "{}", error(&deep));
    }

    #[test]
    fn alien_files_are_refused() {
        for alien in ["{\"nodes\": []}", "garbage", "<html></html>", "Scene(objects: [])"] {
            assert_eq!(error(alien).split(',').next(), Some("line 1"), "{alien}");
            assert!(error(alien).contains("not a Pinflow workflow"), "{alien}: {}", error(alien));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.flow.ron");
        fs::write(&path, b"\x89PNG\r\n\x1a\n\0\0").unwrap();
        assert!(load(&path).unwrap_err().to_string().contains("not text"));
        assert!(load(folder.path()).unwrap_err().to_string().contains("folder"));
        assert!(load(&folder.path().join("none")).unwrap_err().to_string().contains("cannot read"));
    }

    #[test]
    fn saving_replaces_the_whole_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.flow.ron");
        let workflow = parse(SMALL).unwrap();
        fs::write(&path, "x".repeat(100_000)).unwrap();
        save(&workflow, &path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), SMALL);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
