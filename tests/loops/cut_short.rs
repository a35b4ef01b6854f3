//! Loops that were cut short, by an error, by hand or by the end of the program: where they go on.

use std::{fs, path::Path};

use pinflow::engine::RunHandle;

use super::*;

/// Starts a run whose nodes wait at a number; returns once they do.
pub(crate) fn run_up_to(world: &World, kind: RunKind, number: i64) -> RunHandle {
    let (sender, reached) = mpsc::channel();
    *world.outside.waits_at.lock().unwrap() = Some((number, sender));
    let handle = world.engine.start(world.request(kind), |_| ());
    reached.recv().unwrap();
    handle
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Runs until nodes wait at a number and goes on with what lies on the disk then: what a program finds that comes after this
/// one was killed.
pub(crate) fn kill_at(world: &mut World, kind: RunKind, number: i64) {
    let left_behind = tempfile::tempdir().unwrap();
    let run = run_up_to(world, kind, number);
    let store = world.engine.store().unwrap().clone();
    store.flush().unwrap();
    copy_folder(store.folder(), left_behind.path());
    run.cancel();
    run.wait();
    let store = Store::open(left_behind.path()).unwrap();
    world.engine = Engine::new(Arc::new(catalogue(&world.outside)), Some(store));
    world.folders.push(left_behind);
    world.restart();
}

#[test]
fn a_loop_that_failed_goes_on_behind_the_last_iteration_that_finished() {
    for restarts in [false, true] {
        let mut world = World::simple(10);
        world.outside.fails_from.store(7, Ordering::SeqCst);
        let run = world.run(RunKind::Standard);
        assert_eq!(run.header.status, RunStatus::Failed);
        assert!(matches!(status(&run, "f"), Status::Failed(why) if why.contains("iteration 8")), "{}", short(&run));
        assert!(matches!(status(&run, "a"), Status::Failed(why) if why.contains("7 is too much")));
        assert!(matches!(status(&run, "c"), Status::NotRun(_)));
        if restarts {
            world.restart();
        }
        world.outside.fails_from.store(0, Ordering::SeqCst);
        let again = world.run(RunKind::Resumed);
        assert_eq!(world.outside.numbers("a"), [7, 8, 9], "only what had not finished");
        assert_eq!(output(&again, "c", "items"), Some(ints(100..110)));
        let reasons = again.node(&"f".into()).unwrap().reasons.to_vec();
        assert!(reasons.contains(&Reason::LoopGoesOn { n_finished: 7, total: Some(10) }), "{reasons:?}");
        assert!(again.node(&"c".into()).unwrap().warnings.is_empty());
        assert!(world.run(RunKind::Resumed).own().is_empty());
    }
}

#[test]
fn a_cancelled_loop_goes_on_where_it_was() {
    let mut world = World::new(
        &["l given", "f for_each", "a late_add by=1", "c collect"],
        &["l.value > f.items", "f.item > a.in1", "a.out > c.item"],
    );
    world.set_items(0..1_000_000);
    let (sender, events) = mpsc::channel();
    let handle = world.engine.start(world.request(RunKind::Standard), move |event| {
        sender.send(event.kind).unwrap_or_default();
    });
    loop {
        if let EventKind::NodeProgress { .. } = events.recv().unwrap() {
            break;
        }
    }
    handle.cancel();
    let run = handle.wait();
    assert_eq!(run.header.status, RunStatus::Cancelled);
    world.baseline.absorb(&run);
    let n_done = run.node(&"f".into()).unwrap().iterations.as_ref().unwrap().of.about.n_finished;
    assert!(n_done > 0);
    world.outside.take();
    let fails_from = n_done.cast_signed() + 10;
    world.outside.fails_from.store(fails_from, Ordering::SeqCst);
    world.run(RunKind::Resumed);
    let numbers = world.outside.numbers("a");
    assert_eq!(numbers, (n_done.cast_signed()..=fails_from).collect::<Vec<_>>());
    assert!(!world.outside.fails_once.load(Ordering::SeqCst));
}

/// A loop that failed at its eighth item, and a node above it that waits when it executes again.
fn failed_below_a_node_that_waits() -> World {
    let mut world = World::new(
        &["n given", "w late_add by=1", "t ten", "f for_each", "a add by=100", "c collect"],
        &["n.value > w.in1", "w.out > t.in", "t.items > f.items", "f.item > a.in1", "a.out > c.item"],
    );
    world.set("n", "value", Value::Int(-5));
    world.outside.fails_from.store(7, Ordering::SeqCst);
    world.run(RunKind::Standard);
    world.outside.fails_from.store(0, Ordering::SeqCst);
    world.marks.set("w".into(), Mark::Forced);
    world
}

fn assert_goes_on_at_the_eighth(mut world: World) {
    world.marks.set("w".into(), Mark::Default);
    let run = world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), [7, 8, 9], "{}", short(&run));
    assert_eq!(output(&run, "c", "items"), Some(ints(100..110)));
    assert!(world.run(RunKind::Resumed).own().is_empty());
}

#[test]
fn a_run_killed_above_a_loop_does_not_hide_where_the_loop_failed() {
    for kind in [RunKind::Resumed, RunKind::Standard] {
        let mut world = failed_below_a_node_that_waits();
        kill_at(&mut world, kind, -5);
        assert_goes_on_at_the_eighth(world);
    }
}

#[test]
fn a_run_cancelled_above_a_loop_does_not_hide_where_the_loop_failed() {
    for restarts in [false, true] {
        let mut world = failed_below_a_node_that_waits();
        let run = run_up_to(&world, RunKind::Resumed, -5);
        run.cancel();
        world.baseline.absorb(&run.wait());
        if restarts {
            world.restart();
        }
        assert_goes_on_at_the_eighth(world);
    }
}

#[test]
fn a_node_that_fails_above_a_loop_does_not_hide_where_the_loop_failed() {
    let mut world = failed_below_a_node_that_waits();
    world.outside.fails_from.store(-6, Ordering::SeqCst);
    let run = world.run(RunKind::Resumed);
    assert!(matches!(status(&run, "f"), Status::NotRun(_)), "{}", short(&run));
    world.outside.fails_from.store(0, Ordering::SeqCst);
    assert_goes_on_at_the_eighth(world);
}

#[test]
fn runs_killed_and_cancelled_above_a_loop_one_after_another_do_not_hide_where_it_failed() {
    let mut world = failed_below_a_node_that_waits();
    kill_at(&mut world, RunKind::Resumed, -5);
    kill_at(&mut world, RunKind::Resumed, -5);
    let run = run_up_to(&world, RunKind::Resumed, -5);
    run.cancel();
    world.baseline.absorb(&run.wait());
    world.restart();
    assert_goes_on_at_the_eighth(world);
}

#[test]
fn a_loop_that_a_killed_run_had_begun_again_goes_on_where_that_one_was() {
    let mut world = failed_below_a_node_that_waits();
    world.marks.set("w".into(), Mark::Default);
    kill_at(&mut world, RunKind::Resumed, 8);
    world.marks.set("w".into(), Mark::Forced);
    kill_at(&mut world, RunKind::Resumed, -5);
    let run = run_up_to(&world, RunKind::Resumed, -5);
    run.cancel();
    world.baseline.absorb(&run.wait());
    world.marks.set("w".into(), Mark::Default);
    world.run(RunKind::Resumed);
    assert_eq!(world.outside.numbers("a"), [8, 9]);
}

fn warns_of_mixing(world: &World) -> bool {
    let plan = world.engine.plan(&world.request(RunKind::Resumed), &Default::default());
    plan.nodes().any(|node| node.warnings.iter().any(|warning| warning.contains("mix old and new")))
}

#[test]
fn a_body_changed_before_the_loop_was_come_to_again_is_warned_of() {
    type Passes = fn(&mut World);
    let killed: Passes = |world| kill_at(world, RunKind::Resumed, -5);
    let cancelled: Passes = |world| {
        let run = run_up_to(world, RunKind::Resumed, -5);
        run.cancel();
        world.baseline.absorb(&run.wait());
    };
    let failed: Passes = |world| {
        world.outside.fails_from.store(-6, Ordering::SeqCst);
        world.run(RunKind::Resumed);
        world.outside.fails_from.store(0, Ordering::SeqCst);
    };
    for (how, passes) in [("killed", killed), ("cancelled", cancelled), ("failed", failed)] {
        for executes_above in [false, true] {
            let mut world = failed_below_a_node_that_waits();
            passes(&mut world);
            if !executes_above {
                world.marks.set("w".into(), Mark::Default);
                let mut request = world.request(RunKind::Resumed);
                request.options = request.options.part(Part::To(vec!["t".into()]));
                let record = world.engine.run(request, |_| ());
                world.baseline.absorb(&record);
            }
            assert!(!warns_of_mixing(&world), "{how}, {executes_above}");
            world.set("a", "by", 200_i64);
            assert!(warns_of_mixing(&world), "{how}, {executes_above}");
        }
    }
}

#[test]
fn lines_of_a_file_go_through_one_at_a_time_and_a_stopped_loop_goes_on_behind_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lines.txt");
    fs::write(&path, (0..1_000).map(|line| line.to_string()).collect::<Vec<_>>().join("\n")).unwrap();
    let mut world = World::new(
        &["r read_lines", "f for_each", "t template template={{in1}}", "c collect"],
        &["r.lines > f.items", "f.item > t.in1", "t.text > c.item"],
    );
    world.set("r", "path", path.to_str().unwrap());
    let run = world.run(RunKind::Standard);
    assert_eq!(run.header.status, RunStatus::Succeeded, "{}", short(&run));
    let Some(Value::List(items)) = output(&run, "c", "items") else { panic!("{}", short(&run)) };
    assert_eq!(items.len(), 1_000);
    assert_eq!(items[999], Value::text("999"));
    world.restart();
    assert!(world.run(RunKind::Resumed).own().is_empty());
}

#[test]
fn what_was_kept_between_iterations_that_are_made_again_is_still_old() {
    let mut world = World::simple(10);
    world.set("l", "value", ints([1, 2, 1_000, 3, 4, 1_000, 5, 9, 6, 7]));
    world.set("f", "on_error", "collect");
    world.outside.fails_from.store(1_000, Ordering::SeqCst);
    let run = run_up_to(&world, RunKind::Standard, 9);
    run.cancel();
    world.baseline.absorb(&run.wait());
    world.outside.fails_from.store(0, Ordering::SeqCst);
    world.set("a", "by", 200_i64);
    let run = world.run(RunKind::Resumed);
    let record = run.node(&"c".into()).unwrap();
    let warnings = &record.warnings;
    let said = "mixed: iterations 1–2, 4–5 and 7 were made before the loop's body was changed";
    assert!(warnings.iter().any(|warning| warning.starts_with(said)), "{warnings:?}");
    let about = &record.iterations.as_ref().unwrap().of.about;
    assert_eq!(about.earlier_parts(), [0..2, 3..5, 6..7]);
    assert_eq!(about.run_of(2), Some(run.header.id));
}
