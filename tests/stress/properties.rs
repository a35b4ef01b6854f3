//! The theorem of resumed runs, with loops.

use std::collections::BTreeMap;

use pinflow::store::{Reason, RunKind, RunRecord, Status};
use proptest::prelude::*;

use crate::world::{Execution, Step, World, any_step, given, short};

/// Returns how many cases to try: those the environment asks for, or so many.
fn n_cases(usually: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usually)
}

/// Returns how often each execution took place.
fn counted(executed: &[Execution]) -> BTreeMap<(&str, [u8; 32]), usize> {
    let mut counts = BTreeMap::new();
    for (node, essence) in executed {
        *counts.entry((node.as_str(), *essence.as_bytes())).or_default() += 1;
    }
    counts
}

/// Returns whether a loop was stopped by a failure: how far the others had come by then is a matter of chance.
fn has_failed(record: &RunRecord) -> bool {
    record.nodes().any(|node| matches!(node.status, Status::Failed(_)))
}

/// Checks the theorem after some steps.
fn check_theorem(steps: &[Step], is_stored: bool) -> Result<(), TestCaseError> {
    let mut world = World::new(is_stored);
    for step in steps {
        world.step(step);
    }
    let mut fresh = world.fresh();
    let resumed = world.run(RunKind::Resumed, None, None);
    let standard = fresh.run(RunKind::Standard, None, None);
    let expected = given(&fresh, &standard.record);
    prop_assert_eq!(
        &given(&world, &resumed.record),
        &expected,
        "resumed:\n{}\nstandard:\n{}",
        short(&resumed.record),
        short(&standard.record)
    );
    for (execution, n_times) in counted(&resumed.executed) {
        let n_in_all = counted(&standard.executed).get(&execution).copied().unwrap_or(0);
        prop_assert!(n_times <= n_in_all || has_failed(&standard.record), "{} executed {} times", execution.0, n_times);
    }

    // Once more, with nothing changed: only what is forced, failed or skipped last time, and what is below it.
    let again = world.run(RunKind::Resumed, None, None);
    prop_assert_eq!(&given(&world, &again.record), &expected);
    for (node, _) in &again.executed {
        let reasons = again.record.node(&node.parse().unwrap()).unwrap().reasons.to_vec();
        let excused = reasons.iter().all(|reason| {
            matches!(
                reason,
                Reason::Forced
                    | Reason::NotCacheable
                    | Reason::FailedLastTime(_)
                    | Reason::UpstreamExecutes(_)
                    | Reason::NeverRan(_)
                    | Reason::LoopGoesOn { .. }
            )
        });
        prop_assert!(excused, "{} ran for {:?}", node, reasons);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(n_cases(15)))]

    #[test]
    fn with_loops_a_resumed_run_ends_where_a_standard_run_does(steps in prop::collection::vec(any_step(), 0..40)) {
        // Changes of nodes, but not of what a Repeat carries its state through; runs to the end.
        let is_plain = |step: &Step| matches!(step, Step::Salt { .. } | Step::Move { .. } | Step::Run { target: None, .. });
        let is_in_the_repeat = |step: &Step| matches!(step, Step::Salt { node: 14, .. });
        let steps: Vec<Step> = steps.into_iter().filter(|step| is_plain(step) && !is_in_the_repeat(step)).collect();
        check_theorem(&steps, false)?;
    }
}

#[test]
fn two_changes_of_a_body_one_after_the_other() {
    let run = || Step::Run { resumed: true, target: None };
    let salt = |node| Step::Salt { node, salt: 77 };
    for is_stored in [false, true] {
        // l, then b, then p, which takes something from b.
        check_theorem(&[Step::Salt { node: 0, salt: 1 }, run(), salt(3), run(), salt(4)], is_stored).unwrap();
        check_theorem(&[Step::Salt { node: 0, salt: 1 }, run(), salt(3), run(), Step::Restart, salt(4)], is_stored)
            .unwrap();
    }
}
