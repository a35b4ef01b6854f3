//! Stores that older programs wrote keep what they hold.

use std::{path::Path, sync::Arc, time::Duration};

use rusqlite::{Connection, params};

use crate::{
    store::{
        Provenance, RunId, RunStatus, SessionId, Status, Store,
        codec::{self, Form},
        connection::MIGRATIONS,
        fixtures::{chain, executed, header, node},
    },
    value::{Fingerprint, Value},
    workflow::{self, Workflow},
};

struct Old {
    workflow: Workflow,
    session: SessionId,
    runs: [RunId; 2],
}

/// Returns a record as the first format had it.
fn record_text(run: RunId, node: &str, value: &Value) -> String {
    let (config, fingerprint) = (Fingerprint::of_bytes(b"config"), value.fingerprint());
    format!(
        r#"(run:"{run}",node:"{node}",as_it_was:(kind:"text",position:(1.0,2.0),parameters:{{"text":"hello"}}),status:Executed,reasons:[StandardRun],config:"{config}",recipe:"{config}",inputs:[(port:"in",source:"z.out",arrived:Some((Run("{run}"),"{fingerprint}")))],results:Some([(port:"out",fingerprint:"{fingerprint}",preview:"a text",n_rows:None)]),provenance:Some(Run("{run}")),started:Some("2026-01-02T03:04:05Z"),took:Some((secs:0,nanos:3000000)),log:[(at:"2026-01-02T03:04:05Z",level:Warning,message:"look")],sources:[(path:Text("/gone"),state:Some((size:7,modified_nanos:"12",content:None)))],effect:None,released:None,warnings:[])"#
    )
}

/// Writes a store as the first format had it: two runs of a session, the second cut off.
fn write_first_format(database: &Path) -> Old {
    let old = Old {
        workflow: chain(&["a", "b", "c"]),
        session: SessionId::generate(),
        runs: [RunId::generate(), RunId::generate()],
    };
    let connection = Connection::open(database).unwrap();
    connection.execute_batch(MIGRATIONS[0]).unwrap();
    connection.pragma_update(None, "application_id", 0x5066_6c77).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    let text = workflow::to_text(&old.workflow);
    let hash = Fingerprint::of_bytes(text.as_bytes());
    connection.execute("INSERT INTO workflow_texts VALUES (?1, ?2)", params![hash.as_bytes(), text]).unwrap();
    let session = old.session.to_string();
    for (run, (status, started)) in old.runs.iter().zip([("Succeeded", 1_000), ("Running", 2_000)]) {
        let workflow = old.workflow.id().to_string();
        connection
            .execute(
                "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, '/home/a.flow.ron', 'Standard', '[]', '[]', ?5, 7, ?6, 'dead')",
                params![run.to_string(), session, workflow, hash.as_bytes(), started, status],
            )
            .unwrap();
    }
    for (run, node) in [(0, "b"), (0, "a"), (1, "a")] {
        let value = Value::from(format!("{node} of run {run}"));
        let bytes = codec::to_bytes(&value).unwrap();
        let (fingerprint, checksum) = (value.fingerprint(), Fingerprint::of_bytes(&bytes));
        connection
            .execute(
                "INSERT INTO kept_values VALUES (?1, ?2, ?3, ?4, ?5, 0, 0)",
                params![
                    fingerprint.as_bytes(),
                    Form::Tagged as i64,
                    bytes.len().cast_signed() as i64,
                    checksum.as_bytes(),
                    bytes
                ],
            )
            .unwrap();
        let run = old.runs[run];
        connection
            .execute(
                "INSERT INTO node_records VALUES (?1, ?2, 'executed', ?3)",
                params![run.to_string(), node, record_text(run, node, &value)],
            )
            .unwrap();
    }
    for (node, run, settled) in [("a", 1, true), ("b", 0, true), ("c", 1, false)] {
        connection
            .execute(
                "INSERT INTO baseline VALUES (?1, ?2, ?3, ?4)",
                params![session, node, old.runs[run].to_string(), settled],
            )
            .unwrap();
    }
    old
}

fn result(record: &crate::store::NodeRecord) -> Value {
    record.results.as_ref().unwrap().load().unwrap().get(&"out".into()).unwrap().clone()
}

#[test]
fn a_store_of_the_first_format_is_read_and_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("store.sqlite");
    let old = write_first_format(&database);
    let store = Store::open(folder.path()).unwrap();

    let baseline = store.baseline(old.session).unwrap();
    let what: Vec<_> =
        baseline.iter().map(|record| (record.node.as_str(), record.run, record.status.clone())).collect();
    let [first, second] = old.runs;
    let expected =
        [("a", second, Status::Executed), ("b", first, Status::Executed), ("c", second, Status::Interrupted)];
    assert_eq!(what, expected);
    assert_eq!(result(&baseline[0]), Value::from("a of run 1"));
    assert_eq!(*baseline[0].as_it_was(), node());
    assert_eq!(*baseline[2].as_it_was(), node(), "read from the workflow's text");
    assert_eq!((baseline[1].took, baseline[1].log.len()), (Some(Duration::from_millis(3)), 1));
    assert_eq!(baseline[1].inputs[0].provenance(), Some(Provenance::Run(first)));
    assert_eq!(baseline[1].sources[0].state.unwrap().modified_nanos, 12);

    let runs = store.runs(old.workflow.id(), 9).unwrap();
    let what: Vec<_> = runs.iter().map(|header| (header.id, header.status)).collect();
    assert_eq!(what, [(second, RunStatus::Interrupted), (first, RunStatus::Succeeded)]);
    assert_eq!(*runs[0].workflow, old.workflow);
    let account = store.run(first).unwrap().unwrap();
    let nodes: Vec<_> = account.own().iter().map(|record| (record.node.as_str(), result(record))).collect();
    assert_eq!(nodes, [("a", Value::from("a of run 0")), ("b", Value::from("b of run 0"))]);

    let third = header(old.session, &old.workflow);
    store.begin_run(&third, vec!["c".into()], move || vec![("b".into(), first)]);
    store.settle(old.session, Arc::new(executed(third.id, "c", "new")));
    store.finish_run(third.id, RunStatus::Succeeded, Duration::from_secs(1));
    store.flush().unwrap();
    drop(store);

    let store = Store::open(folder.path()).unwrap();
    let runs: Vec<RunId> = store.baseline(old.session).unwrap().iter().map(|record| record.run).collect();
    assert_eq!(runs, [second, first, third.id]);
    let account = store.run(third.id).unwrap().unwrap();
    let b = account.node(&"b".into()).unwrap();
    assert_eq!((&b.status, result(&b)), (&Status::Reused { from: Provenance::Run(first) }, Value::from("b of run 0")));
    let n_wrong = Connection::open(&database)
        .unwrap()
        .prepare("PRAGMA foreign_key_check")
        .unwrap()
        .query_map([], |_| Ok(()))
        .unwrap()
        .count();
    assert_eq!(n_wrong, 0);
}
