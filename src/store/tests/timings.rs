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
