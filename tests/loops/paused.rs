//! Pauses inside of loops: breakpoints, steps, what is seen there, and values changed by hand.

use pinflow::engine::{ReplaceError, RunHandle};

use super::*;

/// A run that pauses, and what happens in it.
struct Paused {
    handle: RunHandle,
    events: mpsc::Receiver<EventKind>,
}

impl Paused {
    fn start(world: &World, kind: RunKind, breakpoints: &[&'static str]) -> Self {
        let (sender, events) = mpsc::channel();
        let mut request = world.request(kind);
        request.breakpoints = breakpoints.iter().map(|node| NodeId::from(*node)).collect();
        let handle = world.engine.start(request, move |event| sender.send(event.kind).unwrap_or_default());
        Self { handle, events }
    }

    /// Returns the node that waits next and the iteration it is in, from 1; nothing once the run is over.
    fn next(&self) -> Option<(String, u64)> {
        loop {
            match self.events.recv().unwrap() {
                EventKind::Paused { waiting, inside, .. } if !waiting.is_empty() => {
                    return Some((waiting[0].to_string(), inside.map_or(0, |inside| inside.index + 1)));
                }
                EventKind::Finished(_) => return None,
                _ => {}
            }
        }
    }

    /// Lets the run go on, or executes one node at a time, and returns where it pauses.
    fn all(&self, go_on: impl Fn(&RunHandle)) -> Vec<(String, u64)> {
        let mut all = Vec::new();
        while let Some(place) = self.next() {
            all.push(place);
            go_on(&self.handle);
        }
        all
    }
}

fn places(places: &[(&str, u64)]) -> Vec<(String, u64)> {
    places.iter().map(|(node, iteration)| ((*node).to_owned(), *iteration)).collect()
}

fn two_in_a_row(kind: &str, n_items: i64) -> World {
    let nodes: [&'static str; 5] = if kind == "add" {
        ["l given", "f for_each", "a add by=100", "b add by=1000", "c collect"]
    } else {
        ["l given", "f for_each", "a slow_add by=100", "b slow_add by=1000", "c collect"]
    };
    let wires = ["l.value > f.items", "f.item > a.in1", "a.out > b.in1", "b.out > c.item"];
    let mut world = World::new(&nodes, &wires);
    world.set_items(0..n_items);
    world
}

#[test]
fn a_breakpoint_in_a_body_pauses_in_each_iteration() {
    for kind in ["add", "slow_add"] {
        let world = two_in_a_row(kind, 3);
        let run = Paused::start(&world, RunKind::Standard, &["b"]);
        assert_eq!(run.next(), Some(("b".to_owned(), 1)));
        assert_eq!(world.outside.numbers("a"), [0], "no other iteration has begun");
        run.handle.go_on();
        assert_eq!(run.all(RunHandle::go_on), places(&[("b", 2), ("b", 3)]));
        assert_eq!(output(&run.handle.wait(), "c", "items"), Some(ints(1100..1103)));
    }
}

#[test]
fn steps_go_through_a_loop_node_by_node() {
    for kind in ["add", "slow_add"] {
        let world = two_in_a_row(kind, 2);
        let run = Paused::start(&world, RunKind::Standard, &["l"]);
        let expected = [("l", 0), ("f", 0), ("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2), ("c", 2)];
        assert_eq!(run.all(RunHandle::step), places(&expected));
        assert_eq!(output(&run.handle.wait(), "c", "items"), Some(ints(1100..1102)));
    }
}

#[test]
fn steps_go_through_loops_inside_of_loops() {
    let world = nested::nested(&[&[1], &[2, 3]]);
    let run = Paused::start(&world, RunKind::Standard, &["g"]);
    let expected = [
        ("g", 1),
        ("a", 1),
        ("b", 1),
        ("c", 1),
        ("d", 1),
        ("g", 2),
        ("a", 1),
        ("b", 1),
        ("c", 1),
        ("a", 2),
        ("b", 2),
        ("c", 2),
        ("d", 2),
    ];
    assert_eq!(run.all(RunHandle::step), places(&expected));
    assert_eq!(run.handle.wait().header.status, RunStatus::Succeeded);
}

#[test]
fn what_does_not_execute_in_an_iteration_is_not_waited_for() {
    let mut world = two_in_a_row("add", 3);
    world.run(RunKind::Standard);
    world.set("b", "by", 2000_i64);
    let run = Paused::start(&world, RunKind::Resumed, &["a", "b", "f"]);
    assert_eq!(run.all(RunHandle::go_on), places(&[("b", 1), ("b", 2), ("b", 3)]));
}

#[test]
fn a_run_paused_in_an_iteration_can_be_cancelled_and_goes_on_there() {
    let mut world = two_in_a_row("slow_add", 3);
    let run = Paused::start(&world, RunKind::Standard, &["b"]);
    assert_eq!(run.next(), Some(("b".to_owned(), 1)));
    run.handle.go_on();
    assert_eq!(run.next(), Some(("b".to_owned(), 2)));
    run.handle.cancel();
    let record = run.handle.wait();
    assert_eq!(record.header.status, RunStatus::Cancelled);
    world.baseline.absorb(&record);
    world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("b"), [101, 102]);
}

#[test]
fn what_was_given_in_the_paused_iteration_is_seen_and_can_be_changed() {
    for (kind, n_more) in [("add", 0), ("slow_add", 0), ("add", 1)] {
        let mut world = two_in_a_row(kind, 3);
        let run = Paused::start(&world, RunKind::Standard, &["b"]);
        assert_eq!(run.next(), Some(("b".to_owned(), 1)));
        run.handle.go_on();
        let EventKind::Paused { inside, .. } =
            run.events.iter().find(|event| matches!(event, EventKind::Paused { .. })).unwrap()
        else {
            panic!("it is not paused")
        };
        let inside = inside.unwrap();
        let seen = |node: &'static str, port: &'static str| {
            let record = inside.records.iter().find(|record| *record.node.as_str() == *node).unwrap();
            record.results.as_ref().unwrap().load().unwrap().get(&port.into()).cloned()
        };
        assert_eq!((seen("f", "item"), seen("a", "out")), (Some(Value::Int(1)), Some(Value::Int(101))));
        let replace = |node: &'static str, port: &'static str, value: i64| {
            run.handle.replace_output(&node.into(), &port.into(), &Value::Int(value))
        };
        assert!(matches!(replace("b", "out", 1), Err(ReplaceError::NoResults(_))));
        replace("a", "out", 7).unwrap();
        run.handle.go_on();
        assert_eq!(run.next(), Some(("b".to_owned(), 3)));
        if n_more == 1 {
            // Stopped in the next iteration: what was made by hand is made again all the same.
            run.handle.cancel();
        }
        run.handle.go_on();
        let record = run.handle.wait();
        world.baseline.absorb(&record);
        if n_more == 0 {
            let items = Value::list([1100, 1007, 1102].map(Value::Int));
            assert_eq!(output(&record, "c", "items"), Some(items), "of this iteration alone");
            let warnings = &record.node(&"b".into()).unwrap().warnings;
            assert!(warnings.iter().any(|warning| warning.contains("changed by hand")), "{warnings:?}");
        }
        world.restart();
        let resumed = world.run(RunKind::Resumed);
        assert_eq!(output(&resumed, "c", "items"), Some(ints(1100..1103)), "{}", short(&resumed));
        let again = if n_more == 0 { vec![101] } else { vec![101, 102] };
        assert_eq!(world.outside.numbers("b"), again);
        assert!(world.run(RunKind::Resumed).own().is_empty());
    }
}

#[test]
fn a_value_from_outside_can_be_changed_for_the_iterations_to_come() {
    let mut world = World::new(
        &["l given", "k integer value=10", "f for_each", "a add", "c collect"],
        &["l.value > f.items", "f.item > a.in1", "k.number > a.in2", "a.out > c.item"],
    );
    world.set_items(0..3);
    let run = Paused::start(&world, RunKind::Standard, &["a"]);
    assert_eq!(run.next(), Some(("a".to_owned(), 1)));
    run.handle.go_on();
    assert_eq!(run.next(), Some(("a".to_owned(), 2)));
    run.handle.replace_output(&"k".into(), &"number".into(), &Value::Int(20)).unwrap();
    run.handle.go_on();
    assert_eq!(run.all(RunHandle::go_on), places(&[("a", 3)]));
    let record = run.handle.wait();
    assert_eq!(output(&record, "c", "items"), Some(Value::list([10, 21, 22].map(Value::Int))));
    world.baseline.absorb(&record);
    let resumed = world.run(RunKind::Resumed);
    assert_eq!(output(&resumed, "c", "items"), Some(ints(10..13)), "{}", short(&resumed));
}
