//! Loops inside of loops: what is reused of them, and where they go on.

use super::{
    cut_short::{kill_at, run_up_to},
    *,
};

/// Lists of numbers, each made larger twice, collected list by list.
pub(crate) fn nested(lists: &[&[i64]]) -> World {
    let mut world = World::new(
        &["l given", "f for_each", "g for_each", "a add by=1", "b add by=10", "c collect", "d collect"],
        &[
            "l.value > f.items",
            "f.item > g.items",
            "g.item > a.in1",
            "a.out > b.in1",
            "b.out > c.item",
            "c.items > d.item",
        ],
    );
    world.edit(Edit::SetParameter("l".into(), "value".into(), Some(self::lists(lists))));
    world
}

fn lists(lists: &[&[i64]]) -> Value {
    Value::list(lists.iter().map(|list| ints(list.iter().copied())))
}

/// What there is in the store, and what is only in memory.
fn with_and_without_a_store(test: impl Fn(World, bool)) {
    for has_store in [true, false] {
        let mut world = nested(&[&[1, 2, 3], &[], &[4, 5, 6], &[7, 8]]);
        if !has_store {
            world.engine = Engine::new(Arc::new(catalogue(&world.outside)), None);
        }
        test(world, has_store);
    }
}

#[test]
fn a_changed_node_of_an_inner_body_executes_for_all_and_what_is_above_it_is_reused() {
    with_and_without_a_store(|mut world, has_store| {
        world.run(RunKind::Standard);
        for by in [20, 30] {
            if has_store {
                world.restart();
            }
            world.set("b", "by", by);
            let plan = world.engine.plan(&world.request(RunKind::Resumed), &Default::default());
            assert!(matches!(plan.get(&"g".into()).unwrap().decision, pinflow::engine::Decision::Reuse { .. }));
            let run = world.run(RunKind::Resumed);
            assert_eq!(world.outside.numbers("a"), Vec::<i64>::new());
            assert_eq!(world.outside.numbers("b"), (2..10).collect::<Vec<_>>());
            let by = |numbers: &[i64]| numbers.iter().map(|number| number + 1 + by).collect::<Vec<_>>();
            assert_eq!(
                output(&run, "d", "items"),
                Some(lists(&[&by(&[1, 2, 3]), &[], &by(&[4, 5, 6]), &by(&[7, 8])])),
                "{}",
                short(&run)
            );
            for reused in ["f", "g", "a"] {
                assert!(matches!(status(&run, reused), Status::Reused { .. }), "{reused}: {}", short(&run));
            }
            let again = world.run(RunKind::Resumed);
            assert!(again.own().is_empty(), "{}", short(&again));
        }
    });
}

#[test]
fn a_node_behind_an_inner_loop_executes_without_it() {
    with_and_without_a_store(|mut world, _| {
        world.edit(Edit::Disconnect(PortRef::new("d", "item")));
        world.edit(Edit::AddNode("t".into(), Arc::new(Node::new("template", Position(0.0, 0.0)))));
        for (from, to) in [
            (PortRef::new("c", "items"), PortRef::new("t", "in1")),
            (PortRef::new("t", "text"), PortRef::new("d", "item")),
        ] {
            world.edit(Edit::Connect(Connection { from, to }));
        }
        world.set("t", "template", "{{ in1 | length }}");
        world.run(RunKind::Standard);
        world.set("t", "template", "{{ in1 | length }}!");
        let run = world.run(RunKind::Resumed);
        assert!(world.outside.take().is_empty());
        let texts = Value::list(["3!", "0!", "3!", "2!"].map(Value::text));
        assert_eq!(output(&run, "d", "items"), Some(texts), "{}", short(&run));
        // What was reused as a whole is reused iteration by iteration the next time.
        world.set("b", "by", 20_i64);
        world.run(RunKind::Resumed);
        assert_eq!(world.outside.numbers("a"), Vec::<i64>::new());
        assert_eq!(world.outside.numbers("b"), (2..10).collect::<Vec<_>>());
    });
}

#[test]
fn an_inner_loop_that_failed_goes_on_behind_its_last_iteration_that_finished() {
    with_and_without_a_store(|mut world, has_store| {
        world.outside.fails_from.store(7, Ordering::SeqCst);
        let run = world.run(RunKind::Standard);
        // 6 + 1 is too much for b: in the third list, which has then finished 4 and 5.
        assert!(matches!(status(&run, "f"), Status::Failed(why) if why.contains("iteration 3")), "{}", short(&run));
        assert!(matches!(status(&run, "g"), Status::Failed(why) if why.contains("iteration 3")), "{}", short(&run));
        if has_store {
            world.restart();
        }
        world.outside.fails_from.store(0, Ordering::SeqCst);
        let again = world.run(RunKind::Resumed);
        assert_eq!(world.outside.numbers("a"), [6, 7, 8]);
        assert_eq!(output(&again, "d", "items"), Some(lists(&[&[12, 13, 14], &[], &[15, 16, 17], &[18, 19]])));
        assert!(world.run(RunKind::Resumed).own().is_empty());
    });
}

#[test]
fn what_had_finished_of_an_inner_loop_is_kept_when_its_body_is_changed_and_marked() {
    with_and_without_a_store(|mut world, _| {
        world.outside.fails_from.store(7, Ordering::SeqCst);
        world.run(RunKind::Standard);
        world.outside.fails_from.store(0, Ordering::SeqCst);
        world.set("b", "by", 20_i64);
        let run = world.run(RunKind::Resumed);
        assert_eq!(world.outside.numbers("b"), [7, 8, 9]);
        assert_eq!(output(&run, "d", "items"), Some(lists(&[&[12, 13, 14], &[], &[15, 16, 27], &[28, 29]])));
        for collect in ["c", "d"] {
            let warnings = &run.node(&collect.into()).unwrap().warnings;
            assert!(warnings.iter().any(|warning| warning.starts_with("mixed: ")), "{collect}: {warnings:?}");
        }
    });
}

#[test]
fn forcing_an_inner_head_makes_all_of_its_iterations_again() {
    with_and_without_a_store(|mut world, _| {
        world.run(RunKind::Standard);
        world.marks.set("g".into(), Mark::Forced);
        world.run(RunKind::Resumed);
        assert_eq!(world.outside.numbers("a"), (1..9).collect::<Vec<_>>());
    });
}

#[test]
fn a_cancelled_inner_loop_goes_on_where_it_was() {
    with_and_without_a_store(|mut world, has_store| {
        let run = run_up_to(&world, RunKind::Standard, 6);
        run.cancel();
        let record = run.wait();
        assert_eq!(record.header.status, RunStatus::Cancelled);
        world.baseline.absorb(&record);
        if has_store {
            world.restart();
        }
        world.outside.fails_from.store(8, Ordering::SeqCst);
        world.run(RunKind::Resumed);
        assert_eq!(world.outside.numbers("a"), [5, 6, 7], "5 was not finished: {:?}", world.outside.take());
    });
}

#[test]
fn an_inner_loop_cut_off_by_the_end_of_the_program_goes_on_where_it_was() {
    let mut world = nested(&[&[1, 2, 3], &[4, 5, 6], &[7, 8]]);
    kill_at(&mut world, RunKind::Standard, 6);
    let run = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), [5, 6, 7, 8], "{}", short(&run));
    assert_eq!(output(&run, "d", "items"), Some(lists(&[&[12, 13, 14], &[15, 16, 17], &[18, 19]])));
    assert!(world.run(RunKind::Resumed).own().is_empty());
}

#[test]
fn what_an_inner_loop_reads_of_the_outer_one_makes_its_iterations_again_when_it_changes() {
    let mut world = World::new(
        &["l given", "f for_each", "g for_each", "h add by=100", "a add by=1", "b add by=10", "c collect", "d collect"],
        &[
            "l.value > f.items",
            "f.item > g.items",
            "f.index > h.in1",
            "g.item > a.in1",
            "a.out > b.in1",
            "h.out > b.in2",
            "b.out > c.item",
            "c.items > d.item",
        ],
    );
    let items = Value::list([ints([1, 2]), ints([3, 5])]);
    world.edit(Edit::SetParameter("l".into(), "value".into(), Some(items)));
    let run = world.run(RunKind::Standard);
    assert_eq!(output(&run, "d", "items"), Some(lists(&[&[112, 113], &[115, 117]])), "{}", short(&run));
    world.set("h", "by", 200_i64);
    let run = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), Vec::<i64>::new());
    assert_eq!(world.outside.numbers("h"), [0, 1]);
    assert_eq!(output(&run, "d", "items"), Some(lists(&[&[212, 213], &[215, 217]])), "{}", short(&run));
    // Stopped midway, what was made of other data does not stay.
    world.outside.fails_from.store(206, Ordering::SeqCst);
    let stopped = world.run(RunKind::Standard);
    assert_eq!(stopped.header.status, RunStatus::Failed);
    world.outside.fails_from.store(0, Ordering::SeqCst);
    world.set("h", "by", 300_i64);
    let run = world.run(RunKind::Resumed);
    assert_eq!(output(&run, "d", "items"), Some(lists(&[&[212, 213], &[315, 317]])), "{}", short(&run));
}
