//! What holds of every run, and how two runs are compared.

use std::collections::{BTreeMap, BTreeSet};

use pinflow::{
    nodes::Loops,
    session::Baseline,
    store::{IterationStatus, NodeRecord, RunKind, RunRecord, Status},
    value::Fingerprint,
    workflow::{Graph, NodeId, Workflow},
};

use crate::world::{Execution, World, is_plain};

/// What the events of a run told, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    Started(NodeId),
    Settled(NodeId),
}

/// What holds of every run: each node is settled once; no node, and no iteration of one, executes twice; none executes
/// without a reason or before what feeds it is settled; events, records, logs and executions agree.
pub(crate) fn check_run(world: &World, record: &RunRecord, happened: &[Happened], executed: &[Execution]) {
    let workflow = &world.workflow;
    let nodes: BTreeSet<NodeId> = record.nodes().map(|node| node.node.clone()).collect();
    assert_eq!(nodes.len(), workflow.n_nodes(), "every node is settled");
    assert_eq!(record.nodes().count(), workflow.n_nodes(), "every node is settled once");
    let (graph, loops) = world.loops();
    check_events(record, happened, &graph, &loops);
    let is_dry = record.header.options.dry_run;
    assert!(!is_dry || world.effects_of(executed).is_empty(), "a dry run did something\n{}", short(record));
    for node in record.nodes() {
        let index = graph.index(&node.node).unwrap();
        let n_executed = executed.iter().filter(|(known, _)| node.node == known.as_str()).count();
        assert_ne!(node.status, Status::Interrupted, "{}", node.node);
        if loops.of_node[index].is_none() {
            let n_attempts = 1 + node.as_it_was().settings.retries as usize;
            assert!(n_executed <= n_attempts, "{} executed {n_executed} times", node.node);
        }
        check_iterations(record, &node);
        if let Some(n_cells) = n_executed_by_log(&node, record, &loops, index) {
            assert_eq!(n_executed, n_cells, "{}, by its log", node.node);
        }
        if n_executed > 0 {
            let status = matches!(node.status, Status::Executed | Status::Failed(_) | Status::Cancelled);
            assert!(status, "{} executed {n_executed} times and is {:?}", node.node, node.status);
            // An inner loop is made again as a whole.
            let is_in_an_inner_loop = loops.of_node[index].is_some_and(|inside| loops.loops[inside].parent.is_some());
            let has_reason = is_in_an_inner_loop || !node.reasons.is_empty();
            assert!(has_reason, "{} executed without a reason\n{}", node.node, short(record));
        } else if node.status == Status::Executed && is_plain(node.as_it_was().kind.as_str()) {
            panic!("{} did not execute and is said to have\n{}", node.node, short(record));
        }
        if node.status == Status::Executed {
            assert!(node.results.is_some(), "{} executed and has no results", node.node);
        }
    }
    if let Some(store) = world.engine.store() {
        store.flush().unwrap();
        let read = store.run(record.header.id).unwrap().expect("a run that is over is in the store");
        let shown = |run: &RunRecord| -> BTreeMap<NodeId, (Status, Vec<(String, Fingerprint)>)> {
            run.nodes().map(|node| (node.node.clone(), (node.status.clone(), ports(&node)))).collect()
        };
        let (read, known) = (shown(&read), shown(record));
        for (node, known) in &known {
            assert_eq!(read.get(node), Some(known), "{node}, read from the store");
        }
        assert_eq!(read.len(), known.len());
    }
}

/// Each node settles once, none starts twice outside of loops, and none before what feeds it from outside of loops is settled.
fn check_events(record: &RunRecord, happened: &[Happened], graph: &Graph, loops: &Loops) {
    let own: BTreeSet<&NodeId> = record.own().iter().map(|node| &node.node).collect();
    assert_eq!(own.len(), record.own().len(), "a node has one record of its own");
    let mut settled: BTreeSet<&NodeId> = BTreeSet::new();
    let mut started: BTreeSet<&NodeId> = BTreeSet::new();
    let is_outside = |index: usize| loops.of_node[index].is_none();
    for event in happened {
        match event {
            Happened::Settled(node) => {
                assert!(own.contains(node), "{node} was settled and has no record of this run");
                assert!(settled.insert(node), "{node} was settled twice");
            }
            Happened::Started(node) => {
                let index = graph.index(node).unwrap();
                let is_first = started.insert(node);
                assert!(is_first || !is_outside(index), "{node} started twice");
                for feed in graph.inputs[index].iter().filter(|feed| is_outside(feed.from)) {
                    let from = &feed.source.node;
                    // A head settles with its loop.
                    let is_head = loops.loops.iter().any(|this| this.head == feed.from);
                    let is_there = is_head || settled.contains(from) || !own.contains(from);
                    assert!(is_there, "{node} started before {from} was settled");
                }
                assert!(!settled.contains(node), "{node} started after it was settled");
            }
        }
    }
    assert_eq!(settled, own, "what was told and what was recorded");
}

/// Every iteration that a loop counts is in its log, with a cell for each member.
fn check_iterations(run: &RunRecord, node: &NodeRecord) {
    let Some(iterations) = node.iterations.as_ref().filter(|iterations| iterations.member.is_none()) else { return };
    let about = &iterations.of.about;
    let rows = iterations.of.log.rows(0..u64::MAX, &about.ports).unwrap();
    let n_finished = rows.iter().filter(|(_, row)| row.is_finished).count() as u64;
    assert_eq!(n_finished, about.n_finished, "{}: {about:?}\n{}", node.node, short(run));
    assert!(rows.iter().all(|(_, row)| row.cells.len() == about.members.len()), "{}", node.node);
    if about.is_complete {
        let indices: Vec<u64> = rows.iter().map(|(index, _)| *index).collect();
        assert_eq!(indices, (0..n_finished).collect::<Vec<_>>(), "{}", node.node);
    }
}

/// Returns how often a node executed as the log of its loop has it, if all of that is of this run and nothing was cut off.
fn n_executed_by_log(node: &NodeRecord, run: &RunRecord, loops: &Loops, index: usize) -> Option<usize> {
    let iterations = node.iterations.as_ref()?;
    let about = &iterations.of.about;
    let is_outermost = loops.loops[loops.of_node[index]?].parent.is_none();
    let is_reused = matches!(node.status, Status::Reused { .. });
    let is_of_this_run = run.header.kind == RunKind::Standard && node.run == run.header.id && !is_reused;
    let is_whole = about.is_complete && is_outermost && is_of_this_run;
    // Without a reason to execute it cannot run: its log says of each iteration that it failed.
    let can_run = !node.reasons.is_empty();
    let counts =
        is_whole && can_run && is_plain(node.as_it_was().kind.as_str()) && node.as_it_was().settings.retries == 0;
    let member = iterations.member.filter(|_| counts)?;
    let rows = iterations.of.log.rows(0..u64::MAX, &about.ports).unwrap();
    let has_executed = |status| matches!(status, IterationStatus::Executed | IterationStatus::Failed);
    Some(rows.iter().filter(|(_, row)| has_executed(row.cells[member].status)).count())
}

/// What another process finds is what this one knew.
pub(crate) fn check_restart(workflow: &Workflow, known: &Baseline, read: &Baseline) {
    let shown = |baseline: &Baseline, node: &NodeId| {
        baseline.get(node).map(|record| (record.status.clone(), record.provenance(), record.recipe, ports(record)))
    };
    for (node, _) in workflow.nodes() {
        assert_eq!(shown(known, node), shown(read, node), "{node} after a restart");
    }
}

/// For each node the data on every output that has a value.
pub(crate) type Given = BTreeMap<NodeId, Vec<(String, Fingerprint)>>;

/// Returns the data on every output; of a loop that was stopped only what is outside, because which iteration was the
/// newest then is a matter of chance.
pub(crate) fn given(world: &World, record: &RunRecord) -> Given {
    let (graph, loops) = world.loops();
    // A Repeat whose Next has a pin or does not run: nothing outside depends on what is inside.
    let hands_nothing_on = |number: usize| {
        let this = &loops.loops[number];
        let is_repeat = world.workflow.node(&graph.ids[this.head]).is_some_and(|node| node.kind == *"repeat");
        let mut closers = this.closers.iter().filter_map(|&closer| record.node(&graph.ids[closer]));
        is_repeat && !closers.all(|closer| matches!(closer.status, Status::Executed | Status::Reused { .. }))
    };
    let is_stopped = |mut number: Option<usize>| {
        while let Some(inside) = number {
            let head = record.node(&graph.ids[loops.loops[inside].head]);
            let has_ended =
                |status: &Status| matches!(status, Status::Executed | Status::Reused { .. } | Status::Pinned { .. });
            if head.is_none_or(|head| !has_ended(&head.status)) || hands_nothing_on(inside) {
                return true;
            }
            number = loops.loops[inside].parent;
        }
        false
    };
    record
        .nodes()
        .filter(|node| {
            let index = graph.index(&node.node).unwrap();
            let begun = loops.loops.iter().position(|this| this.head == index);
            !begun.is_some_and(hands_nothing_on) && !is_stopped(loops.of_node[index])
        })
        .map(|node| (node.node.clone(), ports(&node)))
        .collect()
}

/// Returns whether a loop that has several items at once was stopped by a failure: in which iteration is a matter of chance.
pub(crate) fn is_a_matter_of_chance(record: &RunRecord) -> bool {
    record.nodes().any(|node| {
        let at_once = node.as_it_was().parameters.get("at_once").map(|value| value.preview());
        at_once.is_some_and(|at_once| at_once != "1") && matches!(node.status, Status::Failed(_))
    })
}

/// Returns whether a loop stopped that had given something before: what was not to execute keeps what came of it then.
pub(crate) fn has_kept_what_a_stopped_loop_gave(world: &World, record: &RunRecord) -> bool {
    let (graph, loops) = world.loops();
    let status = |index: usize| record.node(&graph.ids[index]).map(|node| node.status.clone());
    loops.loops.iter().any(|this| {
        let inside = || (0..graph.n_nodes()).filter(|&index| loops.of_node[index].is_some());
        let has_stopped = match status(this.head) {
            Some(Status::Pinned { .. }) => inside().any(|index| matches!(status(index), Some(Status::Failed(_)))),
            status => matches!(status, Some(Status::Failed(_))),
        };
        has_stopped && this.closers.iter().any(|&closer| matches!(status(closer), Some(Status::Reused { .. })))
    })
}

fn ports(record: &NodeRecord) -> Vec<(String, Fingerprint)> {
    let ports = record.results.iter().flat_map(|results| results.ports().to_vec());
    ports.map(|port| (port.port.to_string(), port.fingerprint)).collect()
}

/// Returns what came of each node, in a few words.
pub(crate) fn short(record: &RunRecord) -> String {
    let lines: Vec<String> =
        record.nodes().map(|node| format!("{}: {:?} {:?}", node.node, node.status, node.reasons)).collect();
    lines.join("\n")
}
