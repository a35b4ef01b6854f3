//! Wires changed as people mean it: a node put into a wire, nodes taken out of their wires, all wires of an output moved.

use std::collections::BTreeSet;

use super::words;
use crate::{
    nodes::{Catalogue, Kind, check_loops},
    value::{ValueType, can_convert},
    workflow::{Connection, Edit, NodeId, PortId, PortRef, Position, Workflow},
};

/// Returns the edit that takes the wires of these inputs away, and its label; none if there are none.
pub(crate) fn disconnect(inputs: &[PortRef]) -> Option<(String, Edit)> {
    let label = match inputs {
        [] => return None,
        [input] => format!("Disconnect {input}"),
        several => format!("Disconnect {}", words::count(several.len(), "wire")),
    };
    Some((label, Edit::Group(inputs.iter().cloned().map(Edit::Disconnect).collect())))
}

/// Returns the type of what an output gives, if its kind is known.
pub(crate) fn type_of_output(workflow: &Workflow, catalogue: &Catalogue, output: &PortRef) -> Option<ValueType> {
    let node = workflow.node(&output.node)?;
    catalogue.get(&node.kind)?.output_of(node, &output.port).map(|port| port.value_type)
}

/// Returns the type of what an input takes, if its kind is known.
pub(crate) fn type_of_input(workflow: &Workflow, catalogue: &Catalogue, input: &PortRef) -> Option<ValueType> {
    catalogue.get(&workflow.node(&input.node)?.kind)?.input_port(&input.port).map(|port| port.value_type)
}

/// Returns the input and the output by which a node of a kind would go into a wire between these types: ports of the very
/// type before others.
pub(crate) fn ports_between(
    kind: &Kind,
    (from, to): (ValueType, ValueType),
    is_taken: impl Fn(&PortId) -> bool,
) -> Option<(PortId, PortId)> {
    let inputs = kind.shown_inputs(|port| is_taken(port)).into_iter().filter(|(port, _)| !is_taken(port));
    let inputs = inputs.filter(|(_, input)| can_convert(from, input.value_type));
    let (input, _) = inputs.min_by_key(|(_, input)| input.value_type != from)?;
    let outputs = kind.outputs.iter().filter(|output| can_convert(output.value_type, to));
    let output = outputs.min_by_key(|output| output.value_type != to)?;
    Some((input, output.id.clone()))
}

/// A node put into a wire.
#[derive(Clone, Debug)]
pub(crate) struct Insertion {
    /// Makes the connections.
    connect: Edit,
    /// The node's input, which the first half of the wire ends at.
    input: PortRef,
}

impl Insertion {
    /// Returns the edit that puts the node into the wire of an input, whose halves get these bends.
    pub(crate) fn edit(&self, wire: &PortRef, (before, after): (Vec<Position>, Vec<Position>)) -> Edit {
        let halves = [(&self.input, before), (wire, after)].into_iter().filter(|(_, way)| !way.is_empty());
        let ways = halves.map(|(half, way)| Edit::SetWay(half.clone(), way));
        Edit::Group(std::iter::once(self.connect.clone()).chain(ways).collect())
    }
}

/// Returns how a node is put into the wire of an input, or `None` if it does not fit there.
pub(crate) fn insert(workflow: &Workflow, catalogue: &Catalogue, node: &NodeId, wire: &PortRef) -> Option<Insertion> {
    let from = workflow.feed(wire)?;
    if [&from.node, &wire.node].contains(&node) {
        return None;
    }
    let kind = catalogue.get(&workflow.node(node)?.kind)?;
    let types = (type_of_output(workflow, catalogue, from)?, type_of_input(workflow, catalogue, wire)?);
    let is_taken = |port: &PortId| workflow.feed(&PortRef { node: node.clone(), port: port.clone() }).is_some();
    let (input, output) = ports_between(kind, types, is_taken)?;
    let port = |port| PortRef { node: node.clone(), port };
    let input = port(input);
    let connections =
        [Connection { from: from.clone(), to: input.clone() }, Connection { from: port(output), to: wire.clone() }];
    let connect = connect_all(workflow, catalogue, connections)?;
    Some(Insertion { connect, input })
}

/// Returns the edit that makes these connections, or `None` if one closes a circle or makes a loop that cannot run.
fn connect_all(
    workflow: &Workflow,
    catalogue: &Catalogue,
    connections: impl IntoIterator<Item = Connection>,
) -> Option<Edit> {
    let mut after = workflow.clone();
    let mut edits = Vec::new();
    for connection in connections {
        check_loops(&after, catalogue, &connection, None).ok()?;
        let edit = Edit::Connect(connection);
        after.apply(edit.clone()).ok()?;
        edits.push(edit);
    }
    Some(Edit::Group(edits))
}

/// Returns the edit that removes nodes and feeds what they fed from what fed them, where that fits; and how many wires
/// it heals. A healed wire has the bends of all those it is in the place of.
pub(crate) fn delete_and_heal(workflow: &Workflow, catalogue: &Catalogue, nodes: &BTreeSet<NodeId>) -> (Edit, usize) {
    let cut: Vec<PortRef> = workflow
        .connections()
        .filter(|(to, from)| nodes.contains(&from.node) && !nodes.contains(&to.node))
        .map(|(to, _)| to.clone())
        .collect();
    let mut after = workflow.clone();
    let mut edits: Vec<Edit> = nodes.iter().map(|node| Edit::RemoveNode(node.clone())).collect();
    if after.apply(Edit::Group(edits.clone())).is_err() {
        return (Edit::Group(Vec::new()), 0);
    }
    let mut n_healed = 0;
    for to in cut {
        let wanted = type_of_input(workflow, catalogue, &to);
        let mut sources = Vec::new();
        sources_of(workflow, nodes, &to, &mut sources);
        let fits = |(source, _): &&(PortRef, Vec<Position>)| match (type_of_output(workflow, catalogue, source), wanted)
        {
            (Some(given), Some(wanted)) => can_convert(given, wanted),
            _ => true,
        };
        let is_other = |(source, _): &&(PortRef, Vec<Position>)| type_of_output(workflow, catalogue, source) != wanted;
        let Some((source, way)) = sources.iter().filter(fits).min_by_key(is_other) else { continue };
        let connection = Connection { from: source.clone(), to: to.clone() };
        if check_loops(&after, catalogue, &connection, None).is_ok()
            && after.apply(Edit::Connect(connection.clone())).is_ok()
        {
            edits.push(Edit::Connect(connection));
            edits.extend((!way.is_empty()).then(|| Edit::SetWay(to, way.clone())));
            n_healed += 1;
        }
    }
    (Edit::Group(edits), n_healed)
}

/// Collects the outputs that feed a removed node at the other end of a wire, looking through other nodes that are removed, in
/// the order of its inputs; each with the bends from there to the end of the wire.
fn sources_of(
    workflow: &Workflow,
    removed: &BTreeSet<NodeId>,
    wire: &PortRef,
    sources: &mut Vec<(PortRef, Vec<Position>)>,
) {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(wire.clone(), workflow.way(wire).to_vec())];
    while let Some((wire, way)) = waiting.pop() {
        let Some(node) = workflow.feed(&wire).map(|from| &from.node).filter(|node| seen.insert((*node).clone())) else {
            continue;
        };
        for (port, from) in workflow.feeds_of(node) {
            let above = PortRef { node: node.clone(), port: port.clone() };
            let way = [workflow.way(&above), &way].concat();
            if removed.contains(&from.node) {
                waiting.push((above, way));
            } else {
                sources.push((from.clone(), way));
            }
        }
    }
}

/// Returns the inputs that an output feeds, sorted.
pub(crate) fn fed_by(workflow: &Workflow, output: &PortRef) -> Vec<PortRef> {
    workflow.connections().filter(|(_, from)| *from == output).map(|(to, _)| to.clone()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        nodes::{Arity, Family, Outputs, Success},
        workflow::Node,
    };

    fn catalogue() -> Catalogue {
        let kind = |id| Kind::new(id, id, Family::Text, |_| Ok(Success::new(Outputs::none())));
        let mut catalogue = Catalogue::standard();
        catalogue.register(kind("texts").output("out", ValueType::Text));
        catalogue.register(kind("tables").output("out", ValueType::Table));
        catalogue.register(
            kind("change")
                .input("options", ValueType::Record, Arity::Optional)
                .input("in", ValueType::Text, Arity::Required)
                .output("count", ValueType::Int)
                .output("out", ValueType::Text),
        );
        catalogue.register(
            kind("both")
                .input("left", ValueType::Table, Arity::Required)
                .input("right", ValueType::Text, Arity::Required)
                .output("out", ValueType::Text),
        );
        catalogue.register(kind("look").input("in", ValueType::Image, Arity::Required).output("out", ValueType::Image));
        catalogue
    }

    /// Returns a workflow of nodes (`id kind`) and wires (`a.out -> b.in`).
    fn workflow(nodes: &[&'static str], wires: &[&str]) -> Workflow {
        let mut workflow = Workflow::new("w");
        for node in nodes {
            let (id, kind) = node.split_once(' ').unwrap();
            let node = Arc::new(Node::new(kind, Position(0.0, 0.0)));
            workflow.apply(Edit::AddNode(id.into(), node)).unwrap();
        }
        for wire in wires {
            workflow.apply(Edit::Connect(wire.parse().unwrap())).unwrap();
        }
        workflow
    }

    fn wires(workflow: &Workflow) -> Vec<String> {
        workflow.connections().map(|(to, from)| format!("{from} -> {to}")).collect()
    }

    fn input(text: &str) -> PortRef {
        text.parse().unwrap()
    }

    fn places<const N: usize>(places: [f32; N]) -> Vec<Position> {
        places.map(|place| Position(place, place)).to_vec()
    }

    #[test]
    fn a_node_goes_into_a_wire_by_the_ports_of_its_type() {
        let mut workflow = workflow(&["a texts", "b change", "new change"], &["a.out -> b.in"]);
        workflow.apply(Edit::SetWay(input("b.in"), places([1.0, 2.0, 3.0]))).unwrap();
        let insertion = insert(&workflow, &catalogue(), &"new".into(), &input("b.in")).unwrap();
        let edit = insertion.edit(&input("b.in"), (places([1.0]), places([2.0, 3.0])));
        let undo = workflow.apply(edit).unwrap();
        assert_eq!(wires(&workflow), ["new.out -> b.in", "a.out -> new.in"]);
        assert_eq!([workflow.way(&input("new.in")).len(), workflow.way(&input("b.in")).len()], [1, 2]);
        workflow.apply(undo).unwrap();
        assert_eq!(wires(&workflow), ["a.out -> b.in"]);
        assert_eq!(workflow.way(&input("b.in")), places([1.0, 2.0, 3.0]));
    }

    #[test]
    fn a_node_that_does_not_fit_does_not_go_into_a_wire() {
        let workflow = workflow(
            &["a texts", "b change", "image look", "c change", "d change"],
            &["a.out -> b.in", "b.out -> c.in", "a.out -> d.in"],
        );
        let into = |node: &'static str, wire| insert(&workflow, &catalogue(), &node.into(), &input(wire)).is_some();
        assert!(!into("image", "b.in"), "neither port is of a type that fits");
        assert!(!into("c", "c.in"), "it is an end of the wire");
        assert!(!into("d", "b.in"), "its input has a wire");
        assert!(!into("c", "b.in"), "it would depend on itself");
    }

    #[test]
    fn what_a_removed_node_fed_is_fed_by_what_fed_it() {
        let mut workflow = workflow(
            &["a texts", "t tables", "m both", "n change", "b change", "c change"],
            &["t.out -> m.left", "a.out -> m.right", "m.out -> n.in", "n.out -> b.in", "m.out -> c.in"],
        );
        for (wire, bend) in [("m.right", 1.0), ("n.in", 2.0), ("b.in", 3.0), ("m.left", 9.0)] {
            workflow.apply(Edit::SetWay(input(wire), places([bend]))).unwrap();
        }
        let (edit, n_healed) = delete_and_heal(&workflow, &catalogue(), &BTreeSet::from(["m".into(), "n".into()]));
        let undo = workflow.apply(edit).unwrap();
        assert_eq!(n_healed, 2);
        assert_eq!(wires(&workflow), ["a.out -> b.in", "a.out -> c.in"], "the text, not the table");
        assert_eq!(workflow.way(&input("b.in")), places([1.0, 2.0, 3.0]), "the bends on the way");
        assert_eq!(workflow.way(&input("c.in")), places([1.0]));
        workflow.apply(undo).unwrap();
        assert_eq!(workflow.connections().len(), 5);
    }

    #[test]
    fn nothing_is_healed_where_nothing_fits() {
        let workflow = workflow(&["a tables", "m look", "b look"], &["m.out -> b.in"]);
        let (edit, n_healed) = delete_and_heal(&workflow, &catalogue(), &BTreeSet::from(["m".into()]));
        let mut after = workflow;
        after.apply(edit).unwrap();
        assert_eq!((n_healed, wires(&after).len(), after.n_nodes()), (0, 0, 2));
    }

    #[test]
    fn healing_makes_no_loop_that_cannot_run() {
        let workflow = workflow(
            &["l list", "f for_each", "m merge", "o collect", "n collect"],
            &["l.list -> f.items", "f.item -> o.item", "o.items -> n.item"],
        );
        let (edit, _) = delete_and_heal(&workflow, &catalogue(), &BTreeSet::from(["o".into()]));
        let mut after = workflow;
        after.apply(edit).unwrap();
        assert!(crate::nodes::check(&after, &catalogue()).iter().all(|problem| !problem.message.contains("loop")));
    }
}
