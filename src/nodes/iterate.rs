//! The kinds that make up loops. The engine walks a loop itself; none of these is ever executed on its own.

use super::{Arity, Choice, Context, Family, Kind, Load, NodeError, ParameterSchema, ParameterType, Role, Success};
use crate::value::ValueType;

pub(super) fn kinds() -> Vec<Kind> {
    vec![for_each(), collect(), repeat(), next()]
}

/// The greatest number of items at once: more would only wait for each other.
const MAX_AT_ONCE: i64 = 256;

/// The greatest number of iterations of a Repeat.
const MAX_TIMES: i64 = 1_000_000_000;

const ON_ERROR: &[Choice] =
    &[Choice { id: "stop", label: "stop the loop" }, Choice { id: "collect", label: "go on and collect the errors" }];

fn only_in_a_loop(ctx: &Context<'_>) -> Result<Success, NodeError> {
    Err(NodeError::new(format!("{} runs only as part of a loop, which whatever runs the workflow walks", ctx.node())))
}

fn for_each() -> Kind {
    Kind::new("for_each", "For Each", Family::Loops, only_in_a_loop)
        .about(
            "Runs what is downstream of item once for each item of a list, row of a table or part of a stream.",
            "loop iterate map every item row line page while repeat parallel batch",
        )
        .input("items", ValueType::Any, Arity::Required)
        .output("item", ValueType::Any)
        .output("index", ValueType::Int)
        .output("done", ValueType::Bool)
        .parameter(
            ParameterSchema::new(
                "at_once",
                "Items at once",
                ParameterType::Int { min: 1, max: MAX_AT_ONCE, unit: "" },
                1,
                "How many iterations run at the same time; with 1 each waits for the one before.",
            )
            .on_node()
            .alters_no_results(),
        )
        .parameter(
            // An iteration that has finished stands with either, and one that failed is made again with either.
            ParameterSchema::new(
                "on_error",
                "On an error",
                ParameterType::Choice(ON_ERROR),
                "stop",
                "Whether an iteration that fails ends the loop, or is listed in the errors of its Collect.",
            )
            .alters_no_results(),
        )
        .role(Role::ForEach)
        .load(Load::Instant)
}

fn collect() -> Kind {
    Kind::new("collect", "Collect", Family::Loops, only_in_a_loop)
        .about(
            "Gathers what arrives in each iteration and gives it as a list once the loop has ended.",
            "loop end accumulate gather list append aggregate results errors",
        )
        .input("item", ValueType::Any, Arity::Required)
        .output("items", ValueType::List)
        .output("errors", ValueType::List)
        .role(Role::Collect)
        .load(Load::Instant)
}

fn repeat() -> Kind {
    Kind::new("repeat", "Repeat", Family::Loops, only_in_a_loop)
        .about(
            "Runs what is downstream of state again and again, each time with the state that its Next was handed.",
            "loop while until times iterate state accumulate recursion retry paging",
        )
        .input("state", ValueType::Any, Arity::Optional)
        .output("state", ValueType::Any)
        .output("index", ValueType::Int)
        .output("done", ValueType::Bool)
        .parameter(
            ParameterSchema::new(
                "times",
                "At most",
                ParameterType::Int { min: 1, max: MAX_TIMES, unit: "times" },
                10,
                "How often at most; a Next whose go_on is false ends the loop earlier.",
            )
            .on_node(),
        )
        .role(Role::Repeat)
        .load(Load::Instant)
}

fn next() -> Kind {
    Kind::new("next", "Next", Family::Loops, only_in_a_loop)
        .about(
            "Hands a state to the next iteration of a Repeat, or gives it as the result after the last one.",
            "loop end continue break while until state result",
        )
        .input("state", ValueType::Any, Arity::Required)
        .input("go_on", ValueType::Bool, Arity::Optional)
        .output("result", ValueType::Any)
        .role(Role::Next)
        .load(Load::Instant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nodes::{Catalogue, check, check_connection, testing::Trial},
        workflow::{Connection, Edit, Location, Node, NodeId, PortRef, Position, ProblemKind, Workflow},
    };

    /// Nodes by id and kind.
    fn workflow(nodes: &[(&'static str, &'static str)]) -> Workflow {
        let mut workflow = Workflow::new("loops");
        for &(id, kind) in nodes {
            workflow.apply(Edit::AddNode(NodeId::from(id), Node::new(kind, Position(0.0, 0.0)).into())).unwrap();
        }
        workflow
    }

    /// `a.out > b.in`.
    fn wire(text: &'static str) -> Connection {
        let end = |text: &'static str| {
            let (node, port) = text.trim().split_once('.').unwrap();
            PortRef::new(node, port)
        };
        let (from, to) = text.split_once('>').unwrap();
        Connection { from: end(from), to: end(to) }
    }

    fn connect(workflow: &mut Workflow, wires: &[&'static str]) {
        for &text in wires {
            let connection = wire(text);
            assert_eq!(check_connection(workflow, &Catalogue::standard(), &connection), Ok(()), "{text}");
            workflow.apply(Edit::Connect(connection)).unwrap();
        }
    }

    fn refusal(workflow: &Workflow, text: &'static str) -> String {
        check_connection(workflow, &Catalogue::standard(), &wire(text)).unwrap_err()
    }

    /// The nodes with something wrong about a loop.
    fn faulty(workflow: &Workflow) -> Vec<String> {
        let problems = check(workflow, &Catalogue::standard());
        let of_loops = problems.iter().filter(|problem| problem.kind == ProblemKind::Loop);
        of_loops.map(|problem| problem.location.node().unwrap().to_string()).collect()
    }

    #[test]
    fn the_kinds_of_loops_do_nothing_on_their_own() {
        let kinds = kinds();
        let roles: Vec<Role> = kinds.iter().map(|kind| kind.role).collect();
        assert_eq!(roles, [Role::ForEach, Role::Collect, Role::Repeat, Role::Next]);
        for kind in ["for_each", "collect", "repeat", "next"] {
            assert!(Trial::of(kind).error().contains("only as part of a loop"));
        }
    }

    #[test]
    fn a_loop_is_built_step_by_step_with_its_problems_shown_on_the_nodes() {
        let mut workflow =
            workflow(&[("r", "repeat"), ("m", "merge"), ("n", "next"), ("c", "collect"), ("out", "merge")]);
        assert_eq!(faulty(&workflow), ["c", "n", "r"]);
        connect(&mut workflow, &["m.out > n.state", "n.result > out.in1"]);
        assert_eq!(faulty(&workflow), ["c", "n", "r"]);
        connect(&mut workflow, &["r.state > m.in1"]);
        assert_eq!(faulty(&workflow), ["c"]);
        connect(&mut workflow, &["m.out > c.item"]);
        assert!(faulty(&workflow).is_empty());
    }

    #[test]
    fn a_wire_that_makes_sibling_loops_is_refused() {
        let mut workflow = workflow(&[("f", "for_each"), ("g", "for_each"), ("m", "merge"), ("c", "collect")]);
        connect(&mut workflow, &["f.item > m.in1"]);
        assert_eq!(
            refusal(&workflow, "g.item > m.in2"),
            "m: it is fed by two sibling loops, f and g: put a Collect behind one of them"
        );
        // With the Collect it is well.
        connect(&mut workflow, &["g.item > c.item", "c.items > m.in2"]);
        assert!(faulty(&workflow).is_empty());
    }

    #[test]
    fn a_wire_that_leads_a_loop_into_itself_is_refused() {
        let mut workflow = workflow(&[("f", "for_each"), ("m", "merge"), ("c", "collect"), ("x", "merge")]);
        connect(&mut workflow, &["f.item > m.in1", "f.item > c.item", "c.items > x.in1"]);
        assert!(refusal(&workflow, "x.out > m.in2").ends_with("a loop cannot be wired into itself"));
        assert!(refusal(&workflow, "f.done > m.in2").ends_with("a loop cannot be wired into itself"));
        // From the other side too: the wire that makes a node part of the body.
        let mut workflow = without(&workflow, "m.in1");
        connect(&mut workflow, &["x.out > m.in2"]);
        assert!(refusal(&workflow, "f.item > m.in1").ends_with("a loop cannot be wired into itself"));
    }

    fn without(workflow: &Workflow, taken_off: &'static str) -> Workflow {
        let (node, port) = taken_off.split_once('.').unwrap();
        let mut changed = workflow.clone();
        changed.apply(Edit::Disconnect(PortRef::new(node, port))).unwrap();
        changed
    }

    #[test]
    fn a_next_in_a_for_each_is_refused() {
        let workflow = workflow(&[("f", "for_each"), ("n", "next")]);
        assert!(refusal(&workflow, "f.item > n.state").starts_with("n: it is in the loop of f, a For Each"));
    }

    #[test]
    fn what_is_wrong_already_refuses_no_other_wire() {
        let mut workflow = workflow(&[("f", "for_each"), ("g", "for_each"), ("m", "merge"), ("l", "list")]);
        connect(&mut workflow, &["f.item > m.in1"]);
        workflow.apply(Edit::Connect(wire("g.item > m.in2"))).unwrap();
        assert_eq!(faulty(&workflow), ["m"]);
        connect(&mut workflow, &["l.list > f.items"]);
        let problems = check(&workflow, &Catalogue::standard());
        let problem = problems.iter().find(|problem| problem.kind == ProblemKind::Loop).unwrap();
        assert_eq!(problem.location, Location::Node("m".into()));
        assert!(problem.message.contains("two sibling loops, f and g"));
    }
}
