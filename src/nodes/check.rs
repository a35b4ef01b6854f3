//! What is wrong with a workflow, given the catalogue.

use super::{Catalogue, Kind, Loops, ResolvedParameters, Role, loops::Fault};
use crate::{
    value::can_convert,
    workflow::{Connection, Edit, Graph, Location, Node, NodeId, PortRef, Problem, ProblemKind, Workflow},
};

/// Returns every problem of a workflow, sorted.
pub fn check(workflow: &Workflow, catalogue: &Catalogue) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut has_loops = false;
    for (id, node) in workflow.nodes() {
        match catalogue.get(&node.kind) {
            Some(kind) => {
                has_loops |= kind.role != Role::Plain;
                check_node(workflow, id, node, kind, &mut problems);
            }
            None => problems.push(Problem::error(
                ProblemKind::UnknownKind,
                Location::Node(id.clone()),
                format!("this program has no kind {}; the node is kept as it is and does not run", node.kind),
            )),
        }
    }
    for (to, from) in workflow.connections() {
        let connection = Connection { from: from.clone(), to: to.clone() };
        if let Err((kind, message)) = check_ends(workflow, catalogue, &connection) {
            problems.push(Problem::error(kind, Location::Connection(connection), message));
        }
    }
    let graph = Graph::new(workflow);
    for id in graph.in_a_circle() {
        problems.push(Problem::error(
            ProblemKind::Cycle,
            Location::Node(id.clone()),
            "this node depends on itself: remove one of the connections of the circle",
        ));
    }
    if has_loops {
        let (_, faults) = Loops::new(&graph, |node| role_of(workflow, catalogue, &graph.ids[node]));
        for (node, message) in faults {
            problems.push(Problem::error(ProblemKind::Loop, Location::Node(graph.ids[node].clone()), message));
        }
    }
    problems.sort();
    problems
}

fn role_of(workflow: &Workflow, catalogue: &Catalogue, id: &NodeId) -> Role {
    workflow.node(id).and_then(|node| catalogue.get(&node.kind)).map_or(Role::Plain, |kind| kind.role)
}

/// Returns why an output cannot be wired to an input, if it cannot: for the canvas, before the wire is dropped.
pub fn check_connection(workflow: &Workflow, catalogue: &Catalogue, connection: &Connection) -> Result<(), String> {
    if connection.from.node == connection.to.node {
        return Err("a node cannot feed itself".to_owned());
    }
    check_ends(workflow, catalogue, connection).map_err(|(_, message)| message)?;
    if workflow.depends_on(&connection.from.node, &connection.to.node) {
        return Err(format!(
            "{} depends on {} already: this would make a circle",
            connection.from.node, connection.to.node
        ));
    }
    check_loops(workflow, catalogue, connection, None)
}

/// Returns why a wire would make a loop that can never run, where there was none; `moved_from` is the input that the wire
/// is taken off. What further wires can mend, such as a Repeat without a Next, is no reason.
pub(crate) fn check_loops(
    workflow: &Workflow,
    catalogue: &Catalogue,
    connection: &Connection,
    moved_from: Option<&PortRef>,
) -> Result<(), String> {
    if workflow.nodes().all(|(_, node)| catalogue.get(&node.kind).is_none_or(|kind| kind.role == Role::Plain)) {
        return Ok(());
    }
    let mut after = workflow.clone();
    let edits = moved_from.map(|input| Edit::Disconnect(input.clone())).into_iter();
    if after.apply(Edit::Group(edits.chain([Edit::Connect(connection.clone())]).collect())).is_err() {
        return Ok(());
    }
    let graph = Graph::new(&after);
    let faults = lasting_faults(&after, catalogue, &graph);
    if faults.is_empty() {
        return Ok(());
    }
    let graph_before = Graph::new(workflow);
    let faults_before = lasting_faults(workflow, catalogue, &graph_before);
    let was_there = |node: usize, fault: Fault| {
        faults_before.iter().any(|(known, before)| {
            graph_before.ids[*known] == graph.ids[node]
                && std::mem::discriminant(before) == std::mem::discriminant(&fault)
        })
    };
    match faults.into_iter().find(|&(node, fault)| !was_there(node, fault)) {
        Some((node, fault)) => Err(format!("{}: {}", graph.ids[node], fault.in_words(&graph))),
        None => Ok(()),
    }
}

/// Returns what is wrong with loops that further wires cannot mend.
fn lasting_faults(workflow: &Workflow, catalogue: &Catalogue, graph: &Graph) -> Vec<(usize, Fault)> {
    let (_, faults) = Loops::with_faults(graph, |node| role_of(workflow, catalogue, &graph.ids[node]));
    faults.into_iter().filter(|(_, fault)| fault.refuses_a_wire()).collect()
}

fn check_ends(
    workflow: &Workflow,
    catalogue: &Catalogue,
    connection: &Connection,
) -> Result<(), (ProblemKind, String)> {
    let kind_at = |end: &PortRef| {
        workflow
            .node(&end.node)
            .map(|node| catalogue.get(&node.kind))
            .ok_or_else(|| (ProblemKind::MissingNode, format!("there is no node {}", end.node)))
    };
    // What an unknown kind has for ports nobody can say: its wires are kept.
    let (Some(from_kind), Some(to_kind)) = (kind_at(&connection.from)?, kind_at(&connection.to)?) else {
        return Ok(());
    };
    let output = from_kind.output_port(&connection.from.port).ok_or_else(|| {
        let known: Vec<&str> = from_kind.outputs.iter().map(|output| output.id.as_str()).collect();
        (ProblemKind::MissingPort, missing_port("output", &connection.from, from_kind, &known))
    })?;
    let input = to_kind.input_port(&connection.to.port).ok_or_else(|| {
        let known: Vec<&str> = to_kind.inputs.iter().map(|input| input.id.as_str()).collect();
        (ProblemKind::MissingPort, missing_port("input", &connection.to, to_kind, &known))
    })?;
    if can_convert(output.value_type, input.value_type) {
        return Ok(());
    }
    Err((
        ProblemKind::WrongType,
        format!("{} gives {}, {} takes {}", connection.from, output.value_type, connection.to, input.value_type),
    ))
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
