//! Workflows and nodes as bytes: a version, then postcard. Ten times faster than the file's text, and only for the store.
//!
//! What rarely differs from its default and may grow (settings, frames) is RON inside, so that its fields go by name.

use std::{
    collections::{BTreeMap, HashMap},
    str::FromStr,
    sync::Arc,
};

use serde::{Deserialize, Serialize, Serializer, ser::Error as _};
use ulid::Ulid;

use super::{
    codec::{self, Form},
    rows,
};
use crate::{
    value::Value,
    workflow::{
        self, Connection, Frame, FrameId, KindId, Node, NodeId, NodeSettings, ParameterId, PortRef, Position, Workflow,
        WorkflowId, WorkflowParts,
    },
};

/// The first byte. The text of a workflow, which older stores hold, never begins with it.
const FORMAT: u8 = 2;

/// The first byte before nodes could be collapsed and wires led through points: these follow what there was.
const FORMAT_1: u8 = 1;

#[derive(Serialize)]
struct WorkflowOut<'a> {
    id: u128,
    name: &'a str,
    next_number: u64,
    settings: String,
    frames: String,
    nodes: NodesOut<'a>,
    connections: ConnectionsOut<'a>,
    ways: String,
}

/// A workflow of format 1, with nodes of that or of this format.
#[derive(Deserialize)]
struct WorkflowIn<'a, N> {
    id: u128,
    name: &'a str,
    next_number: u64,
    settings: &'a str,
    frames: &'a str,
    nodes: Vec<(&'a str, N)>,
    connections: Vec<(&'a str, &'a str, &'a str, &'a str)>,
}

struct NodesOut<'a>(&'a Workflow);

impl Serialize for NodesOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.nodes().map(|(id, node)| (id.as_str(), NodeOut::of(node))))
    }
}

struct ConnectionsOut<'a>(&'a Workflow);

impl Serialize for ConnectionsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.0
                .connections()
                .map(|(to, from)| (from.node.as_str(), from.port.as_str(), to.node.as_str(), to.port.as_str())),
        )
    }
}

#[derive(Serialize)]
struct NodeOut<'a> {
    kind: &'a str,
    title: &'a str,
    position: (f32, f32),
    parameters: ParametersOut<'a>,
    settings: SettingsOut<'a>,
    comment: &'a str,
    collapsed: bool,
}

/// A node of format 1; one of this format is followed by whether it is collapsed.
#[derive(Deserialize)]
struct NodeIn<'a> {
    kind: &'a str,
    title: &'a str,
    position: (f32, f32),
    #[serde(borrow)]
    parameters: Vec<(&'a str, &'a [u8])>,
    settings: &'a str,
    comment: &'a str,
}

impl<'a> NodeOut<'a> {
    fn of(node: &'a Node) -> Self {
        let Node { kind, title, position, parameters, settings, comment, collapsed } = node;
        Self {
            kind: kind.as_str(),
            title,
            position: (position.0, position.1),
            parameters: ParametersOut(parameters),
            settings: SettingsOut(settings),
            comment,
            collapsed: *collapsed,
        }
    }
}

struct ParametersOut<'a>(&'a workflow::Parameters);

impl Serialize for ParametersOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(id, value)| (id.as_str(), ValueOut(value))))
    }
}

/// A value as a block of bytes, in its form for the store.
struct ValueOut<'a>(&'a Value);

impl Serialize for ValueOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = codec::to_bytes(self.0).map_err(S::Error::custom)?;
        serializer.serialize_bytes(&bytes)
    }
}

/// A node's settings as text; empty for the default.
struct SettingsOut<'a>(&'a NodeSettings);

impl Serialize for SettingsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if *self.0 == NodeSettings::default() {
            return serializer.serialize_str("");
        }
        serializer.serialize_str(&rows::to_text(self.0).map_err(S::Error::custom)?)
    }
}

/// Returns a workflow as bytes, or why it cannot be written.
pub(super) fn to_bytes(workflow: &Workflow) -> Result<Vec<u8>, String> {
    let frames: BTreeMap<&FrameId, &Frame> = workflow.frames().collect();
    let ways: BTreeMap<&PortRef, &[Position]> = workflow.ways().collect();
    let out = WorkflowOut {
        id: workflow.id().0.0,
        name: workflow.name(),
        next_number: workflow.next_number(),
        settings: rows::to_text(workflow.settings())?,
        frames: if frames.is_empty() { String::new() } else { rows::to_text(&frames)? },
        nodes: NodesOut(workflow),
        connections: ConnectionsOut(workflow),
        ways: if ways.is_empty() { String::new() } else { rows::to_text(&ways)? },
    };
    let bytes = Vec::with_capacity(200 + 80 * workflow.n_nodes());
    write(&out, bytes)
}

/// Returns a node as bytes, or why it cannot be written.
pub(super) fn node_to_bytes(node: &Node) -> Result<Vec<u8>, String> {
    write(&NodeOut::of(node), Vec::new())
}

fn write(out: &impl Serialize, mut bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    bytes.push(FORMAT);
    postcard::to_extend(out, bytes).map_err(|error| error.to_string())
}

/// Returns the workflow that bytes stand for: these bytes, or the text of older stores.
pub(super) fn from_bytes(bytes: &[u8]) -> Result<Workflow, String> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => {
            let (row, ways): (WorkflowIn<'_, (NodeIn<'_>, bool)>, &str) = from_postcard(rest)?;
            row.into_workflow(ways)
        }
        Some((&FORMAT_1, rest)) => from_postcard::<WorkflowIn<'_, NodeIn<'_>>>(rest)?.into_workflow(""),
        _ => {
            let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
            workflow::parse(text).map_err(|error| error.to_string())
        }
    }
}

fn from_postcard<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    postcard::from_bytes(bytes).map_err(|error| error.to_string())
}

impl<N: TryInto<Node, Error = String>> WorkflowIn<'_, N> {
    fn into_workflow(self, ways: &str) -> Result<Workflow, String> {
        let frames: BTreeMap<FrameId, Frame> =
            if self.frames.is_empty() { BTreeMap::new() } else { rows::from_text(self.frames)? };
        let ways: BTreeMap<PortRef, Vec<Position>> =
            if ways.is_empty() { BTreeMap::new() } else { rows::from_text(ways)? };
        let mut nodes = Vec::with_capacity(self.nodes.len());
        let mut known = HashMap::with_capacity(self.nodes.len());
        for (text, node) in self.nodes {
            let node_id: NodeId = id(text)?;
            known.insert(text, node_id.clone());
            nodes.push((node_id, Arc::new(node.try_into()?)));
        }
        let mut connections = Vec::with_capacity(self.connections.len());
        for (from_node, from_port, to_node, to_port) in self.connections {
            let from = PortRef { node: id_of(&known, from_node)?, port: id(from_port)? };
            let to = PortRef { node: id_of(&known, to_node)?, port: id(to_port)? };
            connections.push(Connection { from, to });
        }
        Ok(Workflow::from_parts(WorkflowParts {
            id: WorkflowId(Ulid(self.id)),
            name: self.name.to_owned(),
            next_number: self.next_number,
            settings: rows::from_text(self.settings)?,
            nodes,
            connections,
            frames: frames.into_iter().collect(),
            ways: ways.into_iter().collect(),
        }))
    }
}

/// Returns the id of a node as the nodes hold it: shared. A connection may name a node that is not there.
fn id_of(known: &HashMap<&str, NodeId>, text: &str) -> Result<NodeId, String> {
    known.get(text).map_or_else(|| id(text), |known| Ok(known.clone()))
}

fn id<T: FromStr<Err = workflow::IdError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: workflow::IdError| error.to_string())
}

/// Returns the node that bytes stand for.
pub(super) fn node_from_bytes(bytes: &[u8]) -> Result<Node, String> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => from_postcard::<(NodeIn<'_>, bool)>(rest)?.try_into(),
        Some((&FORMAT_1, rest)) => from_postcard::<NodeIn<'_>>(rest)?.try_into(),
        _ => Err("it has an unknown format".to_owned()),
    }
}

impl TryFrom<NodeIn<'_>> for Node {
    type Error = String;

    fn try_from(row: NodeIn<'_>) -> Result<Self, String> {
        let parameter = |(name, bytes): (&str, &[u8])| {
            let name: ParameterId = id(name)?;
            Ok((name, codec::decode(Form::Tagged, bytes)?))
        };
        let parameters = row.parameters.into_iter().map(parameter).collect::<Result<_, String>>()?;
        let kind: KindId = id(row.kind)?;
        Ok(Self {
            kind,
            title: row.title.to_owned(),
            position: Position(row.position.0, row.position.1),
            parameters,
            settings: if row.settings.is_empty() { NodeSettings::default() } else { rows::from_text(row.settings)? },
            comment: row.comment.to_owned(),
            collapsed: false,
        })
    }
}

impl TryFrom<(NodeIn<'_>, bool)> for Node {
    type Error = String;

    fn try_from((row, collapsed): (NodeIn<'_>, bool)) -> Result<Self, String> {
        Ok(Self { collapsed, ..row.try_into()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::fixtures::chain,
        workflow::{Edit, FrameColor},
    };

    fn full_workflow() -> Workflow {
        let mut workflow = chain(&["a", "b", "c"]);
        let strange = Node {
            title: "Title".into(),
            comment: "note".into(),
            settings: NodeSettings { continue_on_error: true, retries: 3, ..NodeSettings::default() },
            ..Node::new("from_the_future", Position(f32::MIN_POSITIVE, -0.0))
                .with("nan", f64::NAN)
                .with("minus_zero", -0.0)
                .with("deep", Value::record([("a", Value::list([Value::Int(i64::MIN), Value::Null]))]))
        };
        workflow.apply(Edit::AddNode("strange_7".into(), Arc::new(strange))).unwrap();
        workflow
            .apply(Edit::SetFrame(
                "frame_9".into(),
                Frame {
                    title: "F".into(),
                    position: Position(1.0, 2.0),
                    size: (3.0, 4.0),
                    color: FrameColor::Red,
                    folded: None,
                },
            ))
            .unwrap();
        workflow.apply(Edit::SetCollapsed("b".into(), true)).unwrap();
        workflow.apply(Edit::SetWay(PortRef::new("b", "in"), vec![Position(5.0, -0.0)])).unwrap();
        workflow
    }

    #[test]
    fn a_workflow_comes_back_with_everything_it_holds() {
        let before = full_workflow();
        let after = from_bytes(&to_bytes(&before).unwrap()).unwrap();
        assert_eq!(after, before);
        assert_eq!(workflow::to_text(&after), workflow::to_text(&before));
        let zero = after.node(&"strange_7".into()).unwrap().parameters["minus_zero"].clone();
        assert_eq!(zero.fingerprint(), Value::Float(-0.0).fingerprint());
    }

    #[test]
    fn the_text_of_older_stores_is_read() {
        let workflow = full_workflow();
        assert_eq!(from_bytes(workflow::to_text(&workflow).as_bytes()).unwrap(), workflow);
    }

    /// `(format 1, name "w", one node "a" of kind "k", nothing wired)`, as it was written then.
    #[test]
    fn bytes_of_format_1_are_read() {
        let mut bytes = vec![1];
        let node = ("k", "", (1.0_f32, 2.0_f32), Vec::<(&str, &[u8])>::new(), "", "note");
        let settings = rows::to_text(&workflow::WorkflowSettings::default()).unwrap();
        let wires = vec![("a", "out", "a", "in")];
        bytes.extend(postcard::to_stdvec(&(7_u128, "w", 3_u64, settings, "", vec![("a", &node)], wires)).unwrap());
        let workflow = from_bytes(&bytes).unwrap();
        assert_eq!((workflow.name(), workflow.next_number()), ("w", 3));
        assert_eq!(workflow.node(&"a".into()).unwrap().comment, "note");
        let mut bytes = vec![1];
        bytes.extend(postcard::to_stdvec(&node).unwrap());
        assert_eq!(node_from_bytes(&bytes).unwrap().position, Position(1.0, 2.0));
    }

    #[test]
    fn cut_bytes_are_an_error() {
        let bytes = to_bytes(&full_workflow()).unwrap();
        for end in [0, 1, 2, bytes.len() / 2, bytes.len() - 1] {
            assert!(from_bytes(&bytes[..end]).is_err(), "{end}");
        }
    }
}
