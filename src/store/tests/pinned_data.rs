//! Pinned data survives, expires, and loses no increment.

use std::{sync::Arc, thread, time::Duration};

use proptest::prelude::*;

use crate::{
    store::{
        RunStatus, SessionId, Store, StoreError,
        codec::tests::any_value,
        fixtures::{chain, header, new_store},
    },
    value::Value,
    workflow::{NodeId, WorkflowId},
};

fn set(store: &Store, workflow: WorkflowId, node: &'static str, expires_in: Option<Duration>, value: &Value) {
    store.update_pinned_data(workflow, &node.into(), expires_in, &mut |_| value.clone()).unwrap();
}

fn read(store: &Store, workflow: WorkflowId, node: &NodeId) -> Option<Value> {
    store.pinned_data(workflow, node).unwrap().map(|data| data.value)
}

fn increment(store: &Store, workflow: WorkflowId, node: &NodeId) {
    store
        .update_pinned_data(workflow, node, None, &mut |before| match before {
            Some(Value::Int(number)) => Value::Int(number + 1),
            _ => Value::Int(1),
        })
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn pinned_data_comes_back_after_the_store_is_opened_again(value in any_value()) {
        let (folder, store) = new_store();
        let workflow = WorkflowId::generate();
        set(&store, workflow, "a", None, &value);
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        prop_assert_eq!(read(&store, workflow, &"a".into()), Some(value));
    }
}

#[test]
fn the_first_run_finds_nothing() {
    let (_folder, store) = new_store();
    assert_eq!(store.pinned_data(WorkflowId::generate(), &"a".into()).unwrap(), None);
}

#[test]
fn writing_again_keeps_the_time_of_creation() {
    let (_folder, store) = new_store();
    let workflow = WorkflowId::generate();
    set(&store, workflow, "a", None, &Value::Int(1));
    let first = store.pinned_data(workflow, &"a".into()).unwrap().unwrap();
    set(&store, workflow, "a", Some(Duration::from_hours(1)), &Value::Int(2));
    let second = store.pinned_data(workflow, &"a".into()).unwrap().unwrap();
    assert_eq!(second.value, Value::Int(2));
    assert_eq!(second.created_at, first.created_at);
    assert!(second.updated_at > first.updated_at);
    assert_eq!(first.expires_at, None);
    assert_eq!(second.expires_at, Some(second.updated_at + Duration::from_hours(1)));
}

#[test]
fn expired_data_is_never_returned_and_is_swept_when_the_store_is_opened() {
    let (folder, store) = new_store();
    let workflow = WorkflowId::generate();
    set(&store, workflow, "a", Some(Duration::ZERO), &Value::Int(1));
    assert_eq!(read(&store, workflow, &"a".into()), None);
    assert!(store.list_pinned_data(Some(workflow)).unwrap().is_empty());
    let mut seen = Some(Value::Null);
    store
        .update_pinned_data(workflow, &"a".into(), Some(Duration::ZERO), &mut |before| {
            seen = before;
            Value::Int(2)
        })
        .unwrap();
    assert_eq!(seen, None);
    drop(store);
    let _store = Store::open(folder.path()).unwrap();
    let n_rows: i64 = rusqlite::Connection::open(folder.path().join("store.sqlite"))
        .unwrap()
        .query_one("SELECT count(*) FROM node_pinned_data", [], |row| row.get(0))
        .unwrap();
    assert_eq!(n_rows, 0);
}

#[test]
fn data_that_never_expires_in_practice_is_kept() {
    let (_folder, store) = new_store();
    let workflow = WorkflowId::generate();
    set(&store, workflow, "a", Some(Duration::MAX), &Value::Int(1));
    assert_eq!(read(&store, workflow, &"a".into()), Some(Value::Int(1)));
}

#[test]
fn parallel_increments_from_two_stores_lose_nothing() {
    let (folder, store) = new_store();
    let other = Store::open(folder.path()).unwrap();
    let workflow = WorkflowId::generate();
    let node: NodeId = "counter".into();
    thread::scope(|scope| {
        for store in [&store, &store, &other, &other] {
            let node = &node;
            scope.spawn(move || (0..25).for_each(|_| increment(store, workflow, node)));
        }
    });
    assert_eq!(read(&store, workflow, &node), Some(Value::Int(100)));
}

#[test]
fn clearing_takes_one_node_or_all_of_a_workflow() {
    let (_folder, store) = new_store();
    let (workflow, other) = (WorkflowId::generate(), WorkflowId::generate());
    for (workflow, node) in [(workflow, "a"), (workflow, "b"), (workflow, "c"), (other, "a")] {
        set(&store, workflow, node, None, &Value::Int(1));
    }
    store.clear_pinned_data(workflow, &["b".into()]).unwrap();
    let nodes: Vec<String> =
        store.list_pinned_data(Some(workflow)).unwrap().iter().map(|data| data.node.to_string()).collect();
    assert_eq!(nodes, ["a", "c"]);
    store.clear_all_pinned_data(Some(workflow)).unwrap();
    assert!(store.list_pinned_data(Some(workflow)).unwrap().is_empty());
    assert_eq!(store.list_pinned_data(Some(other)).unwrap().len(), 1);
}

#[test]
fn nobody_clears_or_lists_more_than_was_asked_for() {
    let (_folder, store) = new_store();
    let (workflow, other) = (WorkflowId::generate(), WorkflowId::generate());
    for workflow in [workflow, other] {
        for node in ["a", "b", "c"] {
            set(&store, workflow, node, None, &Value::text(node));
        }
    }
    assert_eq!(store.clear_pinned_data(workflow, &["a".into(), "c".into(), "never".into()]).unwrap(), 2);
    let left = store.list_pinned_data(None).unwrap();
    assert!(left.iter().is_sorted_by_key(|info| (info.workflow, info.node.clone())));
    assert_eq!(left.len(), 4);
    assert!(left.iter().all(|info| info.n_bytes > 0));
    assert_eq!(store.clear_all_pinned_data(None).unwrap(), 4);
    assert!(store.list_pinned_data(None).unwrap().is_empty());
}

#[test]
fn a_copy_has_the_same_data_and_goes_its_own_way() {
    let (_folder, store) = new_store();
    let (workflow, copy) = (WorkflowId::generate(), WorkflowId::generate());
    set(&store, workflow, "a", None, &Value::Int(1));
    set(&store, workflow, "gone", Some(Duration::ZERO), &Value::Int(1));
    set(&store, copy, "a", None, &Value::Int(5));
    let before = store.pinned_data(workflow, &"a".into()).unwrap();
    assert_eq!(store.copy_pinned_data(workflow, copy).unwrap(), 1);
    assert_eq!(store.pinned_data(copy, &"a".into()).unwrap(), before);
    increment(&store, copy, &"a".into());
    assert_eq!(store.pinned_data(workflow, &"a".into()).unwrap(), before);
    assert_eq!(read(&store, copy, &"a".into()), Some(Value::Int(2)));
}

#[test]
fn what_has_expired_is_swept_at_the_end_of_a_run() {
    let (folder, store) = new_store();
    let workflow = chain(&["a"]);
    set(&store, workflow.id(), "a", Some(Duration::ZERO), &Value::Int(1));
    set(&store, workflow.id(), "b", Some(Duration::from_hours(1)), &Value::Int(1));
    let run = header(SessionId::generate(), &workflow);
    store.begin_run(&run, Vec::new(), Vec::new);
    store.finish_run(run.id, RunStatus::Succeeded, Duration::ZERO);
    store.flush().unwrap();
    let left: String = rusqlite::Connection::open(folder.path().join("store.sqlite"))
        .unwrap()
        .query_one("SELECT group_concat(node_id) FROM node_pinned_data", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, "b");
}

#[test]
fn expired_data_is_found_without_going_through_all() {
    let (folder, _store) = new_store();
    let plan: String = rusqlite::Connection::open(folder.path().join("store.sqlite"))
        .unwrap()
        .query_one("EXPLAIN QUERY PLAN DELETE FROM node_pinned_data WHERE expires_at <= 1", [], |row| row.get(3))
        .unwrap();
    assert!(plan.contains("USING INDEX pinned_data_that_expires"), "{plan}");
}

#[test]
fn tenants_do_not_see_each_others_data() {
    let (folder, store) = new_store();
    let other = Store::open_for(folder.path(), "other").unwrap();
    let workflow = WorkflowId::generate();
    set(&store, workflow, "a", None, &Value::Int(1));
    assert_eq!(read(&other, workflow, &"a".into()), None);
    assert!(other.list_pinned_data(None).unwrap().is_empty());
    assert_eq!(other.copy_pinned_data(workflow, WorkflowId::generate()).unwrap(), 0);
    assert_eq!(other.clear_pinned_data(workflow, &["a".into()]).unwrap(), 0);
    assert_eq!(other.clear_all_pinned_data(None).unwrap(), 0);
    assert_eq!(read(&store, workflow, &"a".into()), Some(Value::Int(1)));
}

#[test]
fn a_change_that_panics_changes_nothing_and_leaves_the_store_usable() {
    let (_folder, store) = new_store();
    let workflow = WorkflowId::generate();
    set(&store, workflow, "a", None, &Value::Int(1));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.update_pinned_data(workflow, &"a".into(), None, &mut |_| panic!("the node broke"))
    }));
    assert!(panicked.is_err());
    increment(&store, workflow, &"a".into());
    assert_eq!(read(&store, workflow, &"a".into()), Some(Value::Int(2)));
}

#[test]
fn a_change_inside_a_change_is_an_error_and_does_not_wait_for_itself() {
    let (_folder, store) = new_store();
    let workflow = WorkflowId::generate();
    let mut inner = None;
    store
        .update_pinned_data(workflow, &"a".into(), None, &mut |_| {
            inner = Some(store.clear_all_pinned_data(Some(workflow)));
            Value::Int(1)
        })
        .unwrap();
    assert!(matches!(inner, Some(Err(StoreError::Nested))), "{inner:?}");
    assert_eq!(read(&store, workflow, &"a".into()), Some(Value::Int(1)));
}

#[test]
fn damaged_data_is_reported_and_can_be_cleared() {
    let (folder, store) = new_store();
    let workflow = WorkflowId::generate();
    set(&store, workflow, "a", None, &Value::text("remember"));
    rusqlite::Connection::open(folder.path().join("store.sqlite"))
        .unwrap()
        .execute("UPDATE node_pinned_data SET value = substr(value, 1, 40)", [])
        .unwrap();
    let error = store.pinned_data(workflow, &"a".into()).unwrap_err().to_string();
    assert!(error.contains("pinned data of a") && error.contains("clear it"), "{error}");
    store.clear_pinned_data(workflow, &["a".into()]).unwrap();
    assert_eq!(read(&store, workflow, &"a".into()), None);
}

#[test]
fn many_threads_share_one_store() {
    let (_folder, store) = new_store();
    let store = Arc::new(store);
    let workflow = WorkflowId::generate();
    thread::scope(|scope| {
        for number in 0..8_i64 {
            let store = Arc::clone(&store);
            scope.spawn(move || {
                let value = Value::Int(number);
                let fingerprint = store.keep_value(&value).unwrap();
                increment(&store, workflow, &"shared".into());
                assert_eq!(store.load_value(&fingerprint).unwrap(), value);
            });
        }
    });
    assert_eq!(read(&store, workflow, &"shared".into()), Some(Value::Int(8)));
}
