//! What is wrong with a workflow, given the catalogue.

use std::sync::Arc;

use super::{Catalogue, Kind, Loops, ResolvedParameters, Role, loops::Fault};
use crate::{
    value::can_convert,
    workflow::{
        Connection, Edit, Graph, Location, MAX_RETRIES, Node, NodeId, PortId, PortRef, Problem, ProblemKind, Span,
        Wire, Workflow,
    },
};

/// Returns every problem of a workflow, sorted.
pub fn check(workflow: &Workflow, catalogue: &Catalogue) -> Vec<Problem> {
    let graph = Graph::new(workflow);
    let nodes = nodes_with_kinds(workflow, catalogue, &graph);
    let (mut problems, _) = problems_of_wires(workflow, catalogue, &graph, &nodes);
    for (index, (node, kind)) in nodes.iter().enumerate() {
        problems.extend(problems_of_node(&graph, index, node, kind.map(|kind| &**kind)));
    }
    problems.sort();
    problems
}

/// A node, and its kind if this program knows it.
pub(crate) type NodeWithKind<'a> = (&'a Arc<Node>, Option<&'a Arc<Kind>>);

/// Returns all nodes with their kinds, in the graph's order.
pub(crate) fn nodes_with_kinds<'a>(
    workflow: &'a Workflow,
    catalogue: &'a Catalogue,
    graph: &Graph,
) -> Vec<NodeWithKind<'a>> {
    let sorted: Vec<&Arc<Node>> = workflow.nodes().map(|(_, node)| node).collect();
    let mut nodes: Vec<Option<NodeWithKind<'a>>> = vec![None; sorted.len()];
    for (node, index) in sorted.into_iter().zip(graph.sorted_by_id()) {
        nodes[index] = Some((node, catalogue.get(&node.kind)));
    }
    nodes.into_iter().flatten().collect()
}

/// Returns whether a wire fits at both ends, as far as can be told.
pub(crate) fn wire_fits((from, from_kind): NodeWithKind<'_>, (_, to_kind): NodeWithKind<'_>, wire: &Wire) -> bool {
    let kinds = from_kind.zip(to_kind);
    // What an unknown kind has for ports nobody can say: its wires are kept.
    kinds.is_none_or(|(from_kind, to_kind)| fits(from, from_kind, &wire.source.port, to_kind, &wire.port))
}

/// Returns what is wrong with one node: its kind, its parameters, inputs that lack a wire.
pub(crate) fn problems_of_node(graph: &Graph, index: usize, node: &Node, kind: Option<&Kind>) -> Vec<Problem> {
    let mut problems = Vec::new();
    match kind {
        Some(kind) => check_node(graph, index, node, kind, &mut problems),
        None => problems.push(Problem::error(
            ProblemKind::UnknownKind,
            Location::Node(graph.ids[index].clone()),
            format!("this program has no kind {}; the node is kept as it is and does not run", node.kind),
        )),
    }
    problems.sort();
    problems
}

/// Returns what is wrong with the wires, one by one and together, and the loops they make. Depends on nodes by their ports only.
pub(crate) fn problems_of_wires(
    workflow: &Workflow,
    catalogue: &Catalogue,
    graph: &Graph,
    nodes: &[NodeWithKind<'_>],
) -> (Vec<Problem>, Loops) {
    let mut problems = Vec::new();
    let mut report = |from: &PortRef, to: &PortRef, (kind, message)| {
        let connection = Connection { from: from.clone(), to: to.clone() };
        problems.push(Problem::error(kind, Location::Connection(connection), message));
    };
    for (to, &(_, to_kind)) in nodes.iter().enumerate() {
        for feed in &graph.inputs[to] {
            let (from_node, from_kind) = nodes[feed.from];
            if !wire_fits(nodes[feed.from], nodes[to], feed)
                && let (Some(from_kind), Some(to_kind)) = (from_kind, to_kind)
            {
                let input = PortRef { node: graph.ids[to].clone(), port: feed.port.clone() };
                let why = check_ports((from_node, from_kind, &feed.source), (to_kind, &input));
                why.err().into_iter().for_each(|why| report(&feed.source, &input, why));
            }
        }
    }
    // The others are of nodes that are not there.
    if graph.n_wires() < workflow.connections().len() {
        let is_there = |end: &PortRef| workflow.node(&end.node).is_some();
        for (to, from) in workflow.connections().filter(|(to, from)| !is_there(to) || !is_there(from)) {
            check_ends(workflow, catalogue, from, to).err().into_iter().for_each(|why| report(from, to, why));
        }
    }
    for id in graph.in_a_circle() {
        problems.push(Problem::error(
            ProblemKind::Cycle,
            Location::Node(id.clone()),
            "this node depends on itself: remove one of the connections of the circle",
        ));
    }
    let (loops, faults) = Loops::new(graph, |node| nodes[node].1.map_or(Role::Plain, |kind| kind.role));
    for (node, message) in faults {
        problems.push(Problem::error(ProblemKind::Loop, Location::Node(graph.ids[node].clone()), message));
    }
    problems.sort();
    (problems, loops)
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

fn role_of(workflow: &Workflow, catalogue: &Catalogue, id: &NodeId) -> Role {
    workflow.node(id).and_then(|node| catalogue.get(&node.kind)).map_or(Role::Plain, |kind| kind.role)
}

/// Returns what is wrong with loops that further wires cannot mend.
fn lasting_faults(workflow: &Workflow, catalogue: &Catalogue, graph: &Graph) -> Vec<(usize, Fault)> {
    let (_, faults) = Loops::with_faults(graph, |node| role_of(workflow, catalogue, &graph.ids[node]));
    faults.into_iter().filter(|(_, fault)| fault.refuses_a_wire()).collect()
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
            .map(|node| catalogue.get(&node.kind).map(|kind| (node, kind)))
            .ok_or_else(|| (ProblemKind::MissingNode, format!("there is no node {}", end.node)))
    };
    // What an unknown kind has for ports nobody can say: its wires are kept.
    let (Some((from_node, from_kind)), Some((_, to_kind))) = (kind_at(from)?, kind_at(to)?) else {
        return Ok(());
    };
    check_ports((from_node, from_kind, from), (to_kind, to))
}

/// Returns whether an output can be wired to an input.
fn fits(from_node: &Node, from_kind: &Kind, output: &PortId, to_kind: &Kind, input: &PortId) -> bool {
    let output = from_kind.output_of(from_node, output);
    output
        .zip(to_kind.input_port(input))
        .is_some_and(|(output, input)| can_convert(output.value_type, input.value_type))
}

fn check_ports(
    (from_node, from_kind, from): (&Node, &Kind, &PortRef),
    (to_kind, to): (&Kind, &PortRef),
) -> Result<(), (ProblemKind, String)> {
    let output = from_kind.output_of(from_node, &from.port).ok_or_else(|| {
        let known: Vec<&str> = from_kind.outputs_of(from_node).map(|output| output.id.as_str()).collect();
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

fn check_node(graph: &Graph, index: usize, node: &Node, kind: &Kind, problems: &mut Vec<Problem>) {
    let id = &graph.ids[index];
    check_settings(id, node, kind, problems);
    for input in &kind.inputs {
        let n_needed = input.arity.n_needed();
        let belongs = |port: &PortId| kind.input_port(port).is_some_and(|known| known.id == input.id);
        let connected = graph.inputs[index].iter().filter(|feed| belongs(&feed.port));
        if n_needed > 0 && connected.take(n_needed).count() < n_needed {
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

fn check_settings(id: &NodeId, node: &Node, kind: &Kind, problems: &mut Vec<Problem>) {
    let settings = &node.settings;
    let location = || Location::Settings(id.clone());
    if settings.retries > MAX_RETRIES {
        let message = format!("a node is tried again {MAX_RETRIES} times at most, not {}", settings.retries);
        problems.push(Problem::error(ProblemKind::Setting, location(), message));
    }
    if settings.time_limit.is_some_and(Span::is_zero) {
        let message = "the time limit is zero, so the node could never finish: set a longer one or none";
        problems.push(Problem::error(ProblemKind::Setting, location(), message));
    }
    if !(kind.side_effect)(&ResolvedParameters::new(&kind.parameters, node)) {
        return;
    }
    if settings.retries > 0 {
        let message = "the node changes something outside and is tried again when it fails: its effect may take place several \
                       times";
        problems.push(Problem::warning(ProblemKind::Setting, location(), message));
    }
    if settings.keep_results_for.is_some() {
        let message = "the node changes something outside and keeps its results: its effect does not take place while they are \
                       used";
        problems.push(Problem::warning(ProblemKind::Setting, location(), message));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::workflow::{NodeSettings, Position, Severity};

    fn problems_of(kind: &'static str, settings: NodeSettings) -> Vec<(Severity, String)> {
        let mut workflow = Workflow::new("w");
        let mut node = Node::new(kind, Position(0.0, 0.0));
        node.settings = settings;
        workflow.apply(Edit::AddNode("n".into(), Arc::new(node))).unwrap();
        check(&workflow, &Catalogue::standard())
            .into_iter()
            .filter(|problem| problem.kind == ProblemKind::Setting)
            .map(|problem| (problem.severity, problem.message))
            .collect()
    }

    #[test]
    fn retries_and_kept_results_of_an_effect_say_what_they_mean() {
        let hour = Some(Span(Duration::from_hours(1)));
        let both = NodeSettings { retries: 1, keep_results_for: hour, ..NodeSettings::default() };
        assert_eq!(problems_of("text", both.clone()), []);
        let found = problems_of("write_text", both);
        assert!(found.iter().all(|(severity, _)| *severity == Severity::Warning), "{found:?}");
        assert!(found.iter().any(|(_, message)| message.contains("may take place several times")), "{found:?}");
        assert!(found.iter().any(|(_, message)| message.contains("does not take place while they")), "{found:?}");
    }

    #[test]
    fn settings_out_of_range_are_errors() {
        let zero = NodeSettings { time_limit: Some(Span::default()), ..NodeSettings::default() };
        assert!(matches!(&problems_of("text", zero)[..], [(Severity::Error, message)] if message.contains("is zero")));
        let often = NodeSettings { retries: 101, ..NodeSettings::default() };
        assert!(
            matches!(&problems_of("text", often)[..], [(Severity::Error, message)] if message.contains("100 times"))
        );
    }

    #[test]
    fn the_error_output_can_be_wired_only_if_it_is_set() {
        let mut workflow = Workflow::new("w");
        let mut node = Node::new("text", Position(0.0, 0.0));
        for id in ["a", "b"] {
            node.settings.error_output = id == "a";
            workflow.apply(Edit::AddNode(id.into(), Arc::new(node.clone()))).unwrap();
        }
        let node = Node::new("template", Position(0.0, 0.0));
        workflow.apply(Edit::AddNode("t".into(), Arc::new(node))).unwrap();
        let wire = |from| Connection { from: PortRef::new(from, "error"), to: PortRef::new("t", "in1") };
        let catalogue = Catalogue::standard();
        assert_eq!(check_connection(&workflow, &catalogue, &wire("a")), Ok(()));
        let refused = check_connection(&workflow, &catalogue, &wire("b")).unwrap_err();
        assert!(refused.contains("has no output error; it has text"), "{refused}");
    }
}
