//! What a person may do: edits, marks, runs of all kinds and parts, restarts.

use pinflow::session::PinPolicy;
use proptest::prelude::*;

use crate::world::{KINDS, NODES};

/// How many nodes may be added to those of the beginning.
const N_MORE: usize = 4;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Add {
        node: usize,
        kind: usize,
    },
    Remove {
        node: usize,
    },
    Salt {
        node: usize,
        salt: i64,
    },
    /// How many numbers of eleven a picky node does not like.
    Fails {
        node: usize,
        fails: i64,
    },
    Connect {
        from: usize,
        port: usize,
        to: usize,
        input: usize,
    },
    Disconnect {
        to: usize,
        input: usize,
    },
    Move {
        node: usize,
    },
    /// Takes back the newest edit that is not taken back yet.
    Undo,
    Mark {
        node: usize,
        mark: MarkStep,
    },
    /// How a loop goes: items at once, and whether errors are collected.
    Loop {
        node: usize,
        at_once: i64,
        collects: bool,
        times: i64,
    },
    Settings {
        node: usize,
        error_output: bool,
        retries: u32,
    },
    StopAtFirstError(bool),
    Run(RunStep),
    /// Another process, which has what the store has.
    Restart,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum MarkStep {
    Default,
    Disabled,
    Forced,
    Pinned(PinPolicy),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum PartStep {
    All,
    To(usize),
    Only(usize),
    From(usize),
}

#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own, and all combinations occur")]
pub(crate) struct RunStep {
    pub(crate) resumed: bool,
    pub(crate) part: PartStep,
    pub(crate) stop_at_equal_data: bool,
    pub(crate) skip_what_only_feeds_pins: bool,
    pub(crate) dry_run: bool,
    /// The number of the event at which it is cancelled.
    pub(crate) cancel_at: Option<usize>,
}

impl RunStep {
    /// A run of all, to its end.
    pub(crate) const fn whole(resumed: bool) -> Self {
        let part = PartStep::All;
        Self {
            resumed,
            part,
            stop_at_equal_data: false,
            skip_what_only_feeds_pins: false,
            dry_run: false,
            cancel_at: None,
        }
    }
}

fn any_mark() -> impl Strategy<Value = MarkStep> {
    prop_oneof![
        4 => Just(MarkStep::Default),
        1 => Just(MarkStep::Disabled),
        1 => Just(MarkStep::Forced),
        1 => Just(MarkStep::Pinned(PinPolicy::Hold)),
        1 => Just(MarkStep::Pinned(PinPolicy::Follow)),
    ]
}

fn any_run() -> impl Strategy<Value = RunStep> {
    let node = 0..NODES.len() + N_MORE;
    let part = prop_oneof![
        6 => Just(PartStep::All),
        1 => node.clone().prop_map(PartStep::To),
        1 => node.clone().prop_map(PartStep::Only),
        1 => node.prop_map(PartStep::From),
    ];
    let is_rare = || prop::bool::weighted(0.15);
    (prop::bool::weighted(0.7), part, is_rare(), is_rare(), is_rare(), prop::option::weighted(0.25, 0..80_usize))
        .prop_map(|(resumed, part, stop_at_equal_data, skip_what_only_feeds_pins, dry_run, cancel_at)| RunStep {
            resumed,
            part,
            stop_at_equal_data,
            skip_what_only_feeds_pins,
            dry_run,
            cancel_at,
        })
}

pub(crate) fn any_step() -> impl Strategy<Value = Step> {
    let node = 0..NODES.len() + N_MORE;
    prop_oneof![
        2 => (node.clone(), 0..KINDS.len()).prop_map(|(node, kind)| Step::Add { node, kind }),
        1 => node.clone().prop_map(|node| Step::Remove { node }),
        4 => (node.clone(), 0..6_i64).prop_map(|(node, salt)| Step::Salt { node, salt }),
        2 => (node.clone(), 0..5_i64).prop_map(|(node, fails)| Step::Fails { node, fails }),
        5 => (node.clone(), 0..3_usize, node.clone(), 0..4_usize)
            .prop_map(|(from, port, to, input)| Step::Connect { from, port, to, input }),
        1 => (node.clone(), 0..4_usize).prop_map(|(to, input)| Step::Disconnect { to, input }),
        1 => node.clone().prop_map(|node| Step::Move { node }),
        2 => Just(Step::Undo),
        4 => (node.clone(), any_mark()).prop_map(|(node, mark)| Step::Mark { node, mark }),
        2 => (node.clone(), 1..5_i64, any::<bool>(), 0..5_i64)
            .prop_map(|(node, at_once, collects, times)| Step::Loop { node, at_once, collects, times }),
        1 => (node, any::<bool>(), 0..2_u32)
            .prop_map(|(node, error_output, retries)| Step::Settings { node, error_output, retries }),
        1 => prop::bool::weighted(0.3).prop_map(Step::StopAtFirstError),
        6 => any_run().prop_map(Step::Run),
        1 => Just(Step::Restart),
    ]
}
