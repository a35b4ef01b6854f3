//! How long nodes take is remembered for forecasts.

use std::{sync::Arc, time::Duration};

use crate::{
    store::{
        NodeRecord, SessionId, Status,
        fixtures::{chain, executed, header, new_store},
    },
    value::Fingerprint,
    workflow::WorkflowId,
};

#[test]
fn recent_times_count_more_and_another_config_starts_anew() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let workflow = chain(&["a", "b", "c"]);
    let header = header(session, &workflow);
    let settle = |node: &'static str, status: Status, config: &str, took: Duration| {
        let config = Fingerprint::of_bytes(config.as_bytes());
        let record =
            NodeRecord { status, config, took: Some(took), ..executed(header.id, node, took.as_nanos().to_string()) };
        store.settle(session, Arc::new(record));
    };
    store.begin_run(&header, Vec::new(), Vec::new);
    settle("a", Status::Executed, "x", Duration::from_millis(30));
    settle("a", Status::Executed, "x", Duration::from_millis(60));
    settle("b", Status::Executed, "x", Duration::from_micros(90));
    settle("c", Status::Executed, "x", Duration::from_secs(9));
    settle("c", Status::Executed, "y", Duration::from_secs(1));
    settle("c", Status::Cancelled, "y", Duration::from_secs(5));
    let expected = [
        ("a".into(), Fingerprint::of_bytes(b"x"), Duration::from_millis(40), 2),
        ("c".into(), Fingerprint::of_bytes(b"y"), Duration::from_secs(1), 1),
    ];
    assert_eq!(store.timings(workflow.id()).unwrap(), expected);
    assert!(store.timings(WorkflowId::generate()).unwrap().is_empty());
}

#[test]
fn the_runs_in_which_a_node_executed_are_told_oldest_first() {
    let (_folder, store) = new_store();
    let session = SessionId::generate();
    let workflow = chain(&["a", "b"]);
    let mut runs = Vec::new();
    for (status, millis) in
        [(Status::Executed, 30), (Status::Failed("no luck".into()), 10), (Status::Disabled, 0), (Status::Executed, 60)]
    {
        let header = header(session, &workflow);
        store.begin_run(&header, Vec::new(), Vec::new);
        for node in ["a", "b"] {
            let (status, took) = (status.clone(), Some(Duration::from_millis(millis)));
            store.settle(session, Arc::new(NodeRecord { status, took, ..executed(header.id, node, "x") }));
        }
        runs.push(header.id);
    }
    let told = |limit| {
        let runs = store.node_runs(workflow.id(), &"b".into(), limit).unwrap();
        runs.into_iter().map(|run| (run.run, run.took.as_millis(), run.has_failed)).collect::<Vec<_>>()
    };
    assert_eq!(told(10), [(runs[0], 30, false), (runs[1], 10, true), (runs[3], 60, false)]);
    assert_eq!(told(2), [(runs[1], 10, true), (runs[3], 60, false)], "the newest");
    assert!(store.node_runs(workflow.id(), &"none".into(), 10).unwrap().is_empty());
    assert!(store.node_runs(WorkflowId::generate(), &"b".into(), 10).unwrap().is_empty());
}
