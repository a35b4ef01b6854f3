//! Pinned data survives, expires, and loses no increment.

use std::{sync::Arc, thread, time::Duration};

use proptest::prelude::*;

use crate::{
    store::{Store, StoreError, codec::tests::any_value, fixtures::new_store},
    value::Value,
    workflow::{NodeId, WorkflowId},
};

fn set(store: &Store, workflow: WorkflowId, node: &'static str, expires_in: Option<Duration>, value: &Value) {
    store.update_pinned_data(workflow, &node.into(), expires_in, &mut |_| value.clone()).unwrap();
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
        prop_assert_eq!(store.pinned_data(workflow, &"a".into()).unwrap(), Some(value));
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
    let first = store.all_pinned_data(workflow).unwrap().remove(0);
    set(&store, workflow, "a", Some(Duration::from_hours(1)), &Value::Int(2));
    let second = store.all_pinned_data(workflow).unwrap().remove(0);
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
    assert_eq!(store.pinned_data(workflow, &"a".into()).unwrap(), None);
    assert!(store.all_pinned_data(workflow).unwrap().is_empty());
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
    assert_eq!(store.pinned_data(workflow, &"a".into()).unwrap(), Some(Value::Int(1)));
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
    assert_eq!(store.pinned_data(workflow, &node).unwrap(), Some(Value::Int(100)));
}

#[test]
fn clearing_takes_one_node_or_all_of_a_workflow() {
    let (_folder, store) = new_store();
    let (workflow, other) = (WorkflowId::generate(), WorkflowId::generate());
    for (workflow, node) in [(workflow, "a"), (workflow, "b"), (workflow, "c"), (other, "a")] {
        set(&store, workflow, node, None, &Value::Int(1));
    }
    store.clear_pinned_data(workflow, Some(&"b".into())).unwrap();
    let nodes: Vec<String> =
        store.all_pinned_data(workflow).unwrap().iter().map(|data| data.node.to_string()).collect();
    assert_eq!(nodes, ["a", "c"]);
    store.clear_pinned_data(workflow, None).unwrap();
    assert!(store.all_pinned_data(workflow).unwrap().is_empty());
    assert_eq!(store.all_pinned_data(other).unwrap().len(), 1);
}

#[test]
fn tenants_do_not_see_each_others_data() {
    let (folder, store) = new_store();
    let other = Store::open_for(folder.path(), "other").unwrap();
    let workflow = WorkflowId::generate();
    set(&store, workflow, "a", None, &Value::Int(1));
    assert_eq!(other.pinned_data(workflow, &"a".into()).unwrap(), None);
    other.clear_pinned_data(workflow, None).unwrap();
    assert_eq!(store.pinned_data(workflow, &"a".into()).unwrap(), Some(Value::Int(1)));
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
    assert_eq!(store.pinned_data(workflow, &"a".into()).unwrap(), Some(Value::Int(2)));
}

#[test]
fn a_change_inside_a_change_is_an_error_and_does_not_wait_for_itself() {
    let (_folder, store) = new_store();
    let workflow = WorkflowId::generate();
    let mut inner = None;
    store
        .update_pinned_data(workflow, &"a".into(), None, &mut |_| {
            inner = Some(store.clear_pinned_data(workflow, None));
            Value::Int(1)
        })
        .unwrap();
    assert!(matches!(inner, Some(Err(StoreError::Nested))), "{inner:?}");
    assert_eq!(store.pinned_data(workflow, &"a".into()).unwrap(), Some(Value::Int(1)));
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
    store.clear_pinned_data(workflow, Some(&"a".into())).unwrap();
    assert_eq!(store.pinned_data(workflow, &"a".into()).unwrap(), None);
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
    assert_eq!(store.pinned_data(workflow, &"shared".into()).unwrap(), Some(Value::Int(8)));
}
