//! Layered graphs: layers of 100 nodes, two wires into each node but those of the first layer.

use std::sync::Arc;

use pinflow::{
    nodes::{Arity, Catalogue, Family, Kind, Outputs, ParameterSchema, ParameterType, Success},
    value::{Value, ValueType},
    workflow::{
        Connection, Node, NodeId, PortRef, Position, Workflow, WorkflowId, WorkflowParts, WorkflowSettings, to_text,
    },
};

/// The nodes of a layer.
pub(crate) const ROWS: usize = 100;
/// From a node to the next, in scene units.
pub(crate) const PITCH: (f32, f32) = (260.0, 170.0);

/// Where a node's inputs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inputs {
    /// The same row and the next one, of the layer before.
    Nearby,
    /// Any rows of the layer before.
    AnyRow,
}

impl Inputs {
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Nearby => "wires from nearby rows",
            Self::AnyRow => "wires from any row",
        }
    }

    fn row(self, index: usize, port: usize) -> usize {
        match self {
            Self::Nearby => (index % ROWS + port) % ROWS,
            Self::AnyRow => (index * 7919 + port * 104_729 + index / ROWS * 31) % ROWS,
        }
    }
}

/// Returns the node with a number.
pub(crate) fn id(index: usize) -> NodeId {
    format!("step_{index}").parse().unwrap()
}

/// Returns where a node's top left corner is.
pub(crate) fn place(index: usize) -> Position {
    Position((index / ROWS) as f32 * PITCH.0, (index % ROWS) as f32 * PITCH.1)
}

/// Returns a graph of `n` nodes.
pub(crate) fn workflow(n: usize, inputs: Inputs) -> Workflow {
    let node = |index: usize| {
        let kind = if index < ROWS { "source" } else { "step" };
        let salt = i64::try_from(index).unwrap();
        let mut node = Node::new(kind, place(index)).with("salt", salt).with("how", "carefully");
        node.title = format!("Step {index}");
        (id(index), Arc::new(node))
    };
    let wires = (ROWS..n).flat_map(|index| {
        ["left", "right"].into_iter().enumerate().map(move |(port, name)| {
            let from = (index / ROWS - 1) * ROWS + inputs.row(index, port);
            Connection {
                from: PortRef { node: id(from), port: "out".into() },
                to: PortRef { node: id(index), port: name.into() },
            }
        })
    });
    Workflow::from_parts(WorkflowParts {
        id: WorkflowId::generate(),
        name: "layered".to_owned(),
        next_number: n as u64,
        settings: WorkflowSettings::default(),
        nodes: (0..n).map(node).collect(),
        connections: wires.collect(),
        frames: Vec::new(),
        ways: Vec::new(),
    })
}

/// Returns a graph of `n` nodes as its file has it.
pub(crate) fn text(n: usize, inputs: Inputs) -> String {
    to_text(&workflow(n, inputs))
}

/// Returns the two kinds of the graph.
pub(crate) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::empty();
    for (id, title) in [("source", "Source"), ("step", "Step")] {
        let salt = ParameterSchema::new("salt", "Salt", ParameterType::Int { min: 0, max: 1 << 40, unit: "" }, 0, "");
        let how = ParameterSchema::new("how", "How", ParameterType::Line { hint: "" }, "", "");
        let mut kind = Kind::new(id, title, Family::Tables, |context| {
            Ok(Success::new(Outputs::one("out", Value::Int(context.parameters().int("salt")))))
        })
        .output("out", ValueType::Int)
        .parameter(salt.on_node())
        .parameter(how.on_node());
        if id == "step" {
            kind = kind.input("left", ValueType::Int, Arity::Required).input("right", ValueType::Int, Arity::Required);
        }
        catalogue.register(kind);
    }
    catalogue
}
