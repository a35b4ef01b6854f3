//! What a dry run holds back inside of loops.

use super::super::{Dispatcher, Slot};
use crate::engine::{
    plan::{Given, NothingBecause},
    run::loop_body::Part,
};

impl Dispatcher<'_> {
    /// Returns that what a node needs in an iteration of a dry run is held back, if it is. Where that would have told whether a
    /// Repeat goes on, it does not: nobody knows how often it would.
    pub(super) fn held_back_above(&mut self, iteration: usize, slot: Slot) -> Option<NothingBecause> {
        if !self.request.options.dry_run {
            return None;
        }
        let because = self.feeds_in(iteration, slot).filter_map(|(_, given)| given).find_map(|given| match given {
            Given::Nothing(because @ NothingBecause::HeldBack(_)) => Some(because.clone()),
            _ => None,
        })?;
        let of = self.loops.iteration(iteration).of;
        let run = self.loops.run(of);
        if run.body.members[slot].part == Part::Next {
            run.goes_on = false;
        }
        Some(because)
    }
}
