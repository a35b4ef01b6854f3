//! The theorem of resumed runs, with loops, after each of them.

use std::collections::{BTreeMap, BTreeSet};

use pinflow::{
    session::PinPolicy,
    store::{Reason, RunRecord, Status},
    workflow::NodeId,
};
use proptest::{prelude::*, test_runner::RngSeed};

use crate::{
    checks::{given, has_kept_what_a_stopped_loop_gave, is_a_matter_of_chance, short},
    steps::{MarkStep, PartStep, RunStep, Step, any_step},
    world::{Execution, Ran, World},
};

/// Returns how many cases to try: those the environment asks for, or so many. What fails becomes a test with a name.
fn config(usually: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usually);
    // The same cases each time, unless somebody looks for more.
    let rng_seed = if std::env::var_os("PROPTEST_CASES").is_some() { RngSeed::Random } else { RngSeed::Fixed(7) };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

/// Returns how often each execution took place.
fn counted(executed: &[Execution]) -> BTreeMap<(&str, [u8; 32]), usize> {
    let mut counts = BTreeMap::new();
    for (node, essence) in executed {
        *counts.entry((node.as_str(), *essence.as_bytes())).or_default() += 1;
    }
    counts
}

fn has_failed(record: &RunRecord) -> bool {
    record.nodes().any(|node| matches!(node.status, Status::Failed(_)))
}

/// A world, and one in which nothing has run before.
struct Worlds {
    world: World,
    fresh: World,
}

impl Worlds {
    fn new(is_stored: bool) -> Self {
        Self { world: World::new(is_stored), fresh: World::new(false) }
    }

    /// Does a step; a resumed run of all to its end gives what a standard run does, executes nothing more often, and leaves no
    /// effect out that never took place.
    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let ran = self.world.step(step);
        let is_whole =
            |run: &RunStep| run.resumed && matches!(run.part, PartStep::All) && run.cancel_at.is_none() && !run.dry_run;
        match (step, ran) {
            (Step::Run(run), Some(ran)) if is_whole(run) => self.compare(&ran),
            _ => Ok(()),
        }
    }

    fn compare(&mut self, resumed: &Ran) -> Result<(), TestCaseError> {
        let Self { world, fresh } = self;
        if world.has_follow_pins_in_loops(&resumed.marks) || world.has_a_loop_that_cannot_run() {
            return Ok(());
        }
        let standard = fresh.run_afresh(&world.workflow, &resumed.marks);
        let is_cut_short = world.workflow.settings().stop_at_first_error && has_failed(&standard.record);
        let is_left_out =
            is_a_matter_of_chance(&standard.record) || has_kept_what_a_stopped_loop_gave(world, &resumed.record);
        if is_cut_short || is_left_out {
            return Ok(());
        }
        let (left, right) = (given(world, &resumed.record), given(fresh, &standard.record));
        let words = || format!("resumed:\n{}\nstandard:\n{}", short(&resumed.record), short(&standard.record));
        prop_assert_eq!(left, right, "{}", words());
        for effect in fresh.effects_of(&standard.executed) {
            let took_place = world.performed.contains(&effect);
            prop_assert!(took_place, "an effect of {} never took place\n{}", effect.0, words());
        }
        let n_afresh = counted(&standard.executed);
        for (execution, n_times) in counted(&resumed.executed) {
            let n_in_all = n_afresh.get(&execution).copied().unwrap_or(0);
            let is_fine = n_times <= n_in_all || has_failed(&standard.record);
            prop_assert!(is_fine, "{} executed {n_times} times, not {n_in_all}\n{}", execution.0, words());
        }
        Ok(())
    }

    /// Runs once more with nothing changed: only what is forced, failed, stopped or not to be kept executes, and what is
    /// below it.
    fn run_again(&mut self) -> Result<(), TestCaseError> {
        let run = Step::Run(RunStep::whole(true));
        self.step(&run)?;
        // An armed pin of a body is given in every iteration only from the run after the one that captured it.
        self.step(&run)?;
        let Some(again) = self.world.step(&run) else { return Ok(()) };
        if self.world.has_follow_pins_in_loops(&again.marks) {
            return Ok(());
        }
        let executed: BTreeSet<&str> = again.executed.iter().map(|(node, _)| node.as_str()).collect();
        let is_moved = |node: &NodeId| {
            let status = again.record.node(node).map(|record| record.status.clone());
            matches!(status, Some(Status::Executed | Status::Failed(_) | Status::Cancelled | Status::NotRun(_)))
        };
        for node in executed {
            let record = again.record.node(&node.parse().unwrap()).unwrap();
            let is_its_own = |reason: &Reason| {
                matches!(
                    reason,
                    Reason::Forced | Reason::NotCacheable | Reason::FailedLastTime(_) | Reason::LoopGoesOn { .. }
                )
            };
            let is_excused = record.reasons.iter().any(is_its_own)
                || record.reasons.iter().all(|reason| match reason {
                    Reason::UpstreamExecutes(nodes) => nodes.iter().any(is_moved),
                    Reason::NeverRan(_) => has_failed(&again.record),
                    _ => false,
                });
            prop_assert!(
                is_excused,
                "{node} ran for {:?} with {:?}\n{}",
                record.reasons,
                record.inputs,
                short(&again.record)
            );
        }
        Ok(())
    }
}

fn check_theorem(steps: &[Step], is_stored: bool) -> Result<(), TestCaseError> {
    let mut worlds = Worlds::new(is_stored);
    for step in steps {
        worlds.step(step)?;
    }
    worlds.run_again()
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn with_loops_a_resumed_run_ends_where_a_standard_run_does(steps in prop::collection::vec(any_step(), 0..40)) {
        check_theorem(&steps, false)?;
    }
}

proptest! {
    // Each case opens a store of its own, on the disk.
    #![proptest_config(config(15))]

    #[test]
    fn with_a_store_and_restarts_too(steps in prop::collection::vec(any_step(), 0..40)) {
        check_theorem(&steps, true)?;
    }
}

#[test]
fn two_changes_of_a_body_one_after_the_other() {
    let run = || Step::Run(RunStep::whole(true));
    let salt = |node| Step::Salt { node, salt: 77 };
    for is_stored in [false, true] {
        // l, then b, then p, which takes something from b.
        check_theorem(&[Step::Salt { node: 0, salt: 1 }, run(), salt(3), run(), salt(4)], is_stored).unwrap();
        check_theorem(&[Step::Salt { node: 0, salt: 1 }, run(), salt(3), run(), Step::Restart, salt(4)], is_stored)
            .unwrap();
    }
}

#[test]
fn a_loop_that_was_disabled_is_walked_as_if_it_never_had_been() {
    let run = || Step::Run(RunStep::whole(true));
    let mark = |mark| Step::Mark { node: 13, mark };
    for is_stored in [false, true] {
        check_theorem(&[mark(MarkStep::Disabled), run(), mark(MarkStep::Default)], is_stored).unwrap();
    }
}

/// A run to a node inside of a loop that is stopped leaves iterations in which others have done nothing.
#[test]
fn what_a_stopped_run_to_a_node_left_out_is_done_when_the_loop_goes_on() {
    for cancel_at in 10..24 {
        let to = RunStep { part: PartStep::To(8), cancel_at: Some(cancel_at), ..RunStep::whole(false) };
        check_theorem(&[Step::Run(to)], false).unwrap();
    }
}

#[test]
fn a_loop_below_which_nothing_is_left_in_a_run_to_a_node_is_made_again_as_a_whole() {
    let to = RunStep { part: PartStep::To(2), ..RunStep::whole(false) };
    let steps = [Step::Run(RunStep::whole(false)), Step::Salt { node: 0, salt: 2 }, Step::Run(to)];
    for is_stored in [false, true] {
        check_theorem(&steps, is_stored).unwrap();
    }
}

#[test]
fn a_stopped_loop_goes_on_with_what_inner_loops_had_done() {
    for cancel_at in (14..60).step_by(3) {
        let stopped = RunStep { cancel_at: Some(cancel_at), ..RunStep::whole(false) };
        let at_once = Step::Loop { node: 1, at_once: 3, collects: false, times: 4 };
        check_theorem(&[at_once, Step::Run(stopped)], false).unwrap();
    }
}

#[test]
fn a_pinned_head_is_walked_once_and_then_stands() {
    let head = |mark| Step::Mark { node: 1, mark };
    let run = || Step::Run(RunStep::whole(true));
    let pinned = MarkStep::Pinned(PinPolicy::Hold);
    for is_stored in [false, true] {
        let steps = [run(), head(pinned), run(), Step::Restart, run(), Step::Salt { node: 3, salt: 9 }, run()];
        check_theorem(&steps, is_stored).unwrap();
    }
}

#[test]
fn a_repeat_that_was_walked_without_its_body_shows_its_newest_state_once_the_body_was_made() {
    let to_the_head = RunStep { part: PartStep::To(13), ..RunStep::whole(false) };
    let of_the_rest = RunStep { part: PartStep::From(0), ..RunStep::whole(false) };
    check_theorem(&[Step::Run(to_the_head), Step::Run(of_the_rest)], false).unwrap();
}

#[test]
fn a_node_that_no_iteration_had_anything_for_executes_once_nothing_reaches_it_any_more() {
    let run = |resumed| Step::Run(RunStep::whole(resumed));
    // The head of an inner loop has a pin, so that the body is not walked; then what fed the picky node behind is removed.
    let pin = Step::Mark { node: 7, mark: MarkStep::Pinned(PinPolicy::Hold) };
    for is_stored in [false, true] {
        check_theorem(&[pin.clone(), run(false), run(false), Step::Remove { node: 8 }, run(true)], is_stored).unwrap();
    }
}

#[test]
fn what_a_pin_feeds_in_a_loop_is_collected_again_once_the_loop_goes_through_other_items() {
    let run = |resumed| Step::Run(RunStep::whole(resumed));
    let part = |part| Step::Run(RunStep { part, ..RunStep::whole(false) });
    let pin = Step::Mark { node: 11, mark: MarkStep::Pinned(PinPolicy::Hold) };
    let salt = Step::Salt { node: 0, salt: 1 };
    for is_stored in [false, true] {
        let steps = [pin.clone(), part(PartStep::From(0)), run(false), salt.clone(), part(PartStep::To(1)), run(true)];
        check_theorem(&steps, is_stored).unwrap();
    }
}

/// What an iteration had of a node that has nothing to run on any more is not handed on.
#[test]
fn a_node_in_a_loop_that_lost_what_it_ran_on_gives_nothing() {
    let connect = |from, to, input| Step::Connect { from, port: 0, to, input };
    for is_stored in [false, true] {
        let steps = [Step::Run(RunStep::whole(false)), connect(18, 22, 1), connect(12, 20, 0)];
        check_theorem(&steps, is_stored).unwrap();
    }
}

#[test]
fn a_head_that_cannot_run_inside_of_a_loop_has_no_iterations_of_its_own() {
    let mark = Step::Mark { node: 3, mark: MarkStep::Pinned(PinPolicy::Hold) };
    let of_the_rest = RunStep { part: PartStep::From(2), ..RunStep::whole(true) };
    for is_stored in [false, true] {
        let head_inside = [Step::Disconnect { to: 15, input: 0 }, Step::Connect { from: 1, port: 0, to: 13, input: 0 }];
        let runs = [mark.clone(), Step::Run(RunStep::whole(false)), Step::Run(of_the_rest)];
        check_theorem(&[&head_inside[..], &runs].concat(), is_stored).unwrap();
    }
}

/// A loop that failed in a run of a part is cancelled before it has made again what that run left out.
#[test]
fn a_loop_counts_the_iterations_that_it_goes_on_behind() {
    let part = RunStep { part: PartStep::From(18), ..RunStep::whole(false) };
    for is_stored in [false, true] {
        for cancel_at in 3..15 {
            let fails = [Step::Connect { from: 7, port: 0, to: 21, input: 0 }, Step::Salt { node: 2, salt: 4 }];
            let cancelled = RunStep { cancel_at: Some(cancel_at), ..RunStep::whole(true) };
            check_theorem(&[&fails[..], &[Step::Run(part), Step::Run(cancelled)]].concat(), is_stored).unwrap();
        }
    }
}

#[test]
fn what_was_in_a_loop_executes_again_once_the_loop_is_gone() {
    let only = RunStep { part: PartStep::Only(3), ..RunStep::whole(false) };
    let pin = Step::Mark { node: 2, mark: MarkStep::Pinned(PinPolicy::Follow) };
    for is_stored in [false, true] {
        let steps = [pin.clone(), Step::Run(RunStep::whole(false)), Step::Remove { node: 1 }, Step::Run(only)];
        check_theorem(&steps, is_stored).unwrap();
    }
}

#[test]
fn what_a_pin_feeds_in_a_loop_does_not_run_if_the_loop_does_not() {
    let pin = Step::Mark { node: 8, mark: MarkStep::Pinned(PinPolicy::Hold) };
    let run = || Step::Run(RunStep::whole(false));
    for is_stored in [false, true] {
        for leaves_out in [
            vec![Step::Mark { node: 2, mark: MarkStep::Disabled }],
            vec![Step::Mark { node: 7, mark: MarkStep::Disabled }],
            vec![Step::Disconnect { to: 7, input: 0 }],
        ] {
            check_theorem(&[vec![pin.clone(), run(), run()], leaves_out].concat(), is_stored).unwrap();
        }
    }
}

#[test]
fn a_pinned_head_that_comes_back_into_a_loop_is_walked_there() {
    let pin = Step::Mark { node: 7, mark: MarkStep::Pinned(PinPolicy::Hold) };
    let run = || Step::Run(RunStep::whole(false));
    for is_stored in [false, true] {
        let steps = [run(), pin.clone(), Step::Disconnect { to: 7, input: 0 }, run(), Step::Undo];
        check_theorem(&steps, is_stored).unwrap();
    }
}

#[test]
fn what_a_pin_feeds_executes_again_in_another_loop() {
    let pin = Step::Mark { node: 8, mark: MarkStep::Pinned(PinPolicy::Hold) };
    let run = || Step::Run(RunStep::whole(false));
    for is_stored in [false, true] {
        let steps = [pin.clone(), Step::Connect { from: 1, port: 0, to: 8, input: 0 }, run(), run(), Step::Undo];
        check_theorem(&steps, is_stored).unwrap();
    }
}

#[test]
fn what_an_inner_loop_shows_is_of_the_newest_iteration_also_where_that_was_reused() {
    let only = |node| RunStep { part: PartStep::Only(node), ..RunStep::whole(true) };
    for is_stored in [false, true] {
        for cancel_at in 15..20 {
            let stopped = RunStep { cancel_at: Some(cancel_at), ..only(8) };
            check_theorem(&[Step::Run(stopped), Step::Run(only(9))], is_stored).unwrap();
        }
    }
}

#[test]
fn a_pin_of_a_next_leaves_what_the_loop_goes_through_as_it_is() {
    let pin = Step::Mark { node: 15, mark: MarkStep::Pinned(PinPolicy::Hold) };
    let run = || Step::Run(RunStep::whole(false));
    for is_stored in [false, true] {
        let steps = [Step::Connect { from: 13, port: 0, to: 5, input: 0 }, run(), pin.clone(), run()];
        check_theorem(&steps, is_stored).unwrap();
        check_theorem(&steps[..3], is_stored).unwrap();
    }
}

#[test]
fn an_inner_loop_of_an_iteration_that_nobody_was_told_of_does_not_go_on_with_another_body() {
    for cancel_at in 15..20 {
        let cancelled = |at| Step::Run(RunStep { cancel_at: Some(at), ..RunStep::whole(true) });
        let steps = [
            Step::Run(RunStep::whole(false)),
            Step::Disconnect { to: 3, input: 0 },
            Step::Mark { node: 13, mark: MarkStep::Forced },
            Step::Remove { node: 19 },
            cancelled(cancel_at),
            cancelled(11),
            Step::Connect { from: 7, port: 0, to: 8, input: 2 },
        ];
        for is_stored in [false, true] {
            check_theorem(&steps, is_stored).unwrap();
        }
    }
}

#[test]
fn a_node_that_cannot_run_fails_in_each_iteration_of_a_loop_where_its_errors_have_an_output() {
    let steps = [
        Step::Connect { from: 1, port: 0, to: 8, input: 1 },
        Step::Remove { node: 2 },
        Step::Settings { node: 8, error_output: true, retries: 0 },
        Step::Run(RunStep::whole(false)),
    ];
    for is_stored in [false, true] {
        check_theorem(&steps, is_stored).unwrap();
    }
}

#[test]
fn a_repeat_that_was_run_alone_is_made_again_with_what_a_pin_hands_on() {
    let pin = Step::Mark { node: 14, mark: MarkStep::Pinned(PinPolicy::Hold) };
    let run = || Step::Run(RunStep::whole(false));
    let only = Step::Run(RunStep { part: PartStep::Only(13), ..RunStep::whole(false) });
    for is_stored in [false, true] {
        check_theorem(&[run(), pin.clone(), run(), only.clone()], is_stored).unwrap();
    }
}

#[test]
fn what_was_walked_again_beside_a_repeat_leaves_the_next_resume_nothing_to_do() {
    for is_stored in [false, true] {
        let mut worlds = Worlds::new(is_stored);
        // Fed by the state, and beside what hands it on.
        worlds.step(&Step::Connect { from: 13, port: 0, to: 16, input: 3 }).unwrap();
        worlds.step(&Step::Disconnect { to: 16, input: 0 }).unwrap();
        for input in [1, 2] {
            worlds.step(&Step::Disconnect { to: 16, input }).unwrap();
        }
        worlds.step(&Step::Run(RunStep::whole(false))).unwrap();
        worlds.step(&Step::Salt { node: 16, salt: 77 }).unwrap();
        let executed = |worlds: &mut Worlds| -> BTreeSet<String> {
            let ran = worlds.world.step(&Step::Run(RunStep::whole(true))).unwrap();
            ran.executed.into_iter().map(|(node, _)| node).filter(|node| *node != "u").collect()
        };
        assert!(executed(&mut worlds).contains("t"), "it was changed");
        assert_eq!(executed(&mut worlds), BTreeSet::new(), "nothing has changed since");
    }
}

#[test]
fn what_a_loop_held_back_is_made_up_for_when_the_node_outside_of_it_is_reused() {
    let steps = [
        Step::Run(RunStep::whole(false)),
        Step::Remove { node: 18 },
        Step::Run(RunStep { dry_run: true, ..RunStep::whole(true) }),
        Step::Undo,
    ];
    for is_stored in [false, true] {
        check_theorem(&steps, is_stored).unwrap();
    }
}
