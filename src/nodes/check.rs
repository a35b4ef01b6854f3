//! What is wrong with a workflow, given the catalogue.

use super::{Catalogue, Kind, ResolvedParameters};
use crate::{
    value::can_convert,
    workflow::{Connection, Graph, Location, Node, NodeId, PortRef, Problem, ProblemKind, Workflow},
};

/// Returns every problem of a workflow, sorted.
pub fn check(workflow: &Workflow, catalogue: &Catalogue) -> Vec<Problem> {
    let mut problems = problems_of_wires(workflow, catalogue, &Graph::new(workflow));
    problems.extend(workflow.nodes().flat_map(|(id, node)| problems_of_node(workflow, catalogue, id, node)));
    problems.sort();
    problems
}

/// Returns what is wrong with one node: its kind, its parameters, inputs that lack a wire.
pub(crate) fn problems_of_node(workflow: &Workflow, catalogue: &Catalogue, id: &NodeId, node: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    match catalogue.get(&node.kind) {
        Some(kind) => check_node(workflow, id, node, kind, &mut problems),
        None => problems.push(Problem::error(
            ProblemKind::UnknownKind,
            Location::Node(id.clone()),
            format!("this program has no kind {}; the node is kept as it is and does not run", node.kind),
        )),
    }
    problems.sort();
    problems
}

/// Returns what is wrong with the wires, one by one and together. Depends on nodes by their kinds only.
pub(crate) fn problems_of_wires(workflow: &Workflow, catalogue: &Catalogue, graph: &Graph) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (to, from) in workflow.connections() {
        if let Err((kind, message)) = check_ends(workflow, catalogue, from, to) {
            let connection = Connection { from: from.clone(), to: to.clone() };
            problems.push(Problem::error(kind, Location::Connection(connection), message));
        }
    }
    for id in graph.in_a_circle() {
        problems.push(Problem::error(
            ProblemKind::Cycle,
            Location::Node(id.clone()),
            "this node depends on itself: remove one of the connections of the circle",
        ));
    }
    problems.sort();
    problems
}

/// Returns why an output cannot be wired to an input, if it cannot: for the canvas, before the wire is dropped.
pub fn check_connection(workflow: &Workflow, catalogue: &Catalogue, connection: &Connection) -> Result<(), String> {
    if connection.from.node == connection.to.node {
        return Err("a node cannot feed itself".to_owned());
    }
    check_ends(workflow, catalogue, &connection.from, &connection.to).map_err(|(_, message)| message)?;
    if workflow.depends_on(&connection.from.node, &connection.to.node) {
        return Err(format!(
            "{} depends on {} already: this would make a circle",
            connection.from.node, connection.to.node
        ));
    }
    Ok(())
}

fn check_ends(
    workflow: &Workflow,
    catalogue: &Catalogue,
    from: &PortRef,
    to: &PortRef,
) -> Result<(), (ProblemKind, String)> {
    let kind_at = |end: &PortRef| {
        workflow
            .node(&end.node)
            .map(|node| catalogue.get(&node.kind))
            .ok_or_else(|| (ProblemKind::MissingNode, format!("there is no node {}", end.node)))
    };
    // What an unknown kind has for ports nobody can say: its wires are kept.
    let (Some(from_kind), Some(to_kind)) = (kind_at(from)?, kind_at(to)?) else {
        return Ok(());
    };
    let output = from_kind.output_port(&from.port).ok_or_else(|| {
        let known: Vec<&str> = from_kind.outputs.iter().map(|output| output.id.as_str()).collect();
        (ProblemKind::MissingPort, missing_port("output", from, from_kind, &known))
    })?;
    let input = to_kind.input_port(&to.port).ok_or_else(|| {
        let known: Vec<&str> = to_kind.inputs.iter().map(|input| input.id.as_str()).collect();
        (ProblemKind::MissingPort, missing_port("input", to, to_kind, &known))
    })?;
    if can_convert(output.value_type, input.value_type) {
        return Ok(());
    }
    Err((ProblemKind::WrongType, format!("{} gives {}, {} takes {}", from, output.value_type, to, input.value_type)))
}

fn missing_port(what: &str, end: &PortRef, kind: &Kind, known: &[&str]) -> String {
    let known = if known.is_empty() { format!("no {what}s") } else { known.join(", ") };
    format!("{} ({}) has no {what} {}; it has {known}", end.node, kind.title, end.port)
}

fn check_node(workflow: &Workflow, id: &NodeId, node: &Node, kind: &Kind, problems: &mut Vec<Problem>) {
    for input in &kind.inputs {
        let n_connected = workflow
            .feeds_of(id)
            .filter(|(port, _)| kind.input_port(port).is_some_and(|known| known.id == input.id))
            .count();
        if n_connected < input.arity.n_needed() {
            problems.push(Problem::warning(
                ProblemKind::NotConnected,
                Location::Input(id.clone(), input.id.clone()),
                format!("the input {} is not connected, so the node will not run", input.id),
            ));
        }
    }
    for parameter in node.parameters.keys() {
        if !kind.parameters.iter().any(|schema| schema.id == *parameter) {
            problems.push(Problem::warning(
                ProblemKind::UnknownParameter,
                Location::Parameter(id.clone(), parameter.clone()),
                format!("{} has no parameter {parameter}; it is kept and not used", kind.title),
            ));
        }
    }
    for (schema, value) in ResolvedParameters::new(&kind.parameters, node).iter() {
        if let Some(message) = schema.problem_with(value) {
            problems.push(Problem::error(
                ProblemKind::BadParameter,
                Location::Parameter(id.clone(), schema.id.clone()),
                message,
            ));
        }
    }
}
