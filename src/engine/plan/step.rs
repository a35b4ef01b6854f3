//! What a plan knows of one node: what is shown, and what those below it and the run need.

use std::sync::Arc;

use super::{Decision, NodePlan, facts::Facts, pins::PinStanding};
use crate::{
    nodes::{HIDDEN, Outputs},
    store::{Kept, Missing, NotRun, Provenance},
    value::Fingerprint,
    workflow::NodeId,
};

/// What a node will give to those below it, as far as can be told before the run.
#[derive(Clone, Debug)]
pub(in crate::engine) enum Given {
    /// It executes: nobody knows.
    Fresh,
    /// These results.
    Results(Kept),
    /// Nothing, on any port.
    Nothing(NothingBecause),
}

/// Why a node gives nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum NothingBecause {
    Disabled,
    Failed,
    DidNotRun,
    /// The effect of this node, or of one that it takes something from, is held back.
    HeldBack(NodeId),
}

impl NothingBecause {
    /// Returns why a node gives nothing that did not run.
    pub(in crate::engine) fn of_not_run(node: &NodeId, why: &NotRun) -> Self {
        match why {
            NotRun::HeldBack => Self::HeldBack(node.clone()),
            NotRun::InputMissing { why: Missing::UpstreamHeldBack(above), .. } => Self::HeldBack(NodeId::clone(above)),
            _ => Self::DidNotRun,
        }
    }
}

impl Given {
    /// Returns why nothing comes from a node, on a port for which it has nothing.
    pub(in crate::engine) fn missing(&self, node: &NodeId) -> Missing {
        let node = || Box::new(node.clone());
        match self {
            Self::Fresh | Self::Nothing(NothingBecause::DidNotRun) => Missing::UpstreamDidNotRun(node()),
            Self::Results(_) => Missing::BranchNotTaken(node()),
            Self::Nothing(NothingBecause::Disabled) => Missing::UpstreamDisabled(node()),
            Self::Nothing(NothingBecause::Failed) => Missing::UpstreamFailed(node()),
            Self::Nothing(NothingBecause::HeldBack(above)) => Missing::UpstreamHeldBack(Box::new(above.clone())),
        }
    }

    /// Returns whether both are the same to those below, without looking at data.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fresh, Self::Fresh) => true,
            (Self::Results(ours), Self::Results(theirs)) => ours.is_same(theirs),
            (Self::Nothing(ours), Self::Nothing(theirs)) => ours == theirs,
            _ => false,
        }
    }
}

/// What is decided on a node.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Step {
    /// What people see.
    pub(in crate::engine) plan: NodePlan,
    pub(in crate::engine) facts: Arc<Facts>,
    pub(in crate::engine) given: Given,
    /// What it adds to the recipes below it; nothing if it is disabled.
    pub(super) recipe_given: RecipeGiven,
    pub(super) pin: PinStanding,
}

/// What a node adds to the recipes below it.
#[derive(Clone, Debug)]
pub(in crate::engine) enum RecipeGiven {
    Nothing,
    Own,
    Other(Box<Fingerprint>),
}

impl Step {
    /// Returns what the node adds to the recipes below it.
    pub(super) fn recipe_given(&self) -> Option<&Fingerprint> {
        match &self.recipe_given {
            RecipeGiven::Nothing => None,
            RecipeGiven::Own => Some(&self.plan.recipe),
            RecipeGiven::Other(recipe) => Some(recipe),
        }
    }

    /// Returns whether nothing that those below look at differs.
    pub(super) fn is_same_to_those_below(&self, other: &Self) -> bool {
        let may_be_released =
            |step: &Self| matches!(step.plan.decision, Decision::Pinned { may_be_released: true, .. });
        let is_pinned = |step: &Self| matches!(step.plan.decision, Decision::Pinned { .. });
        self.recipe_given() == other.recipe_given()
            && self.given.is_same(&other.given)
            && may_be_released(self) == may_be_released(other)
            && is_pinned(self) == is_pinned(other)
            && self.is_sensitive() == other.is_sensitive()
            && self.plan.depends_on_releases_of == other.plan.depends_on_releases_of
    }

    /// Returns whether what the node gives and says stays in memory and is shown only when asked for.
    pub(in crate::engine) fn is_sensitive(&self) -> bool {
        self.plan.sensitive.is_some()
    }

    /// Returns results that the node gave.
    pub(in crate::engine) fn kept(&self, outputs: Arc<Outputs>, provenance: Provenance) -> Kept {
        Kept::at_hand(outputs, provenance, self.is_sensitive())
    }

    /// Returns what went wrong in the node, as it may be told of others.
    pub(in crate::engine) fn told(&self, error: String) -> String {
        if self.is_sensitive() { HIDDEN.to_owned() } else { error }
    }

    /// Returns whether what the node gave last is used whatever has changed since, as it lies outside of the part that is run.
    pub(in crate::engine) const fn is_reused_as_it_was(&self) -> bool {
        matches!((&self.plan.decision, &self.recipe_given), (Decision::Reuse { .. }, RecipeGiven::Other(_)))
    }

    /// Returns whether the node would execute if this were no dry run.
    pub(in crate::engine) const fn is_held_back(&self) -> bool {
        matches!(&self.plan.decision, Decision::NotRun(why) if why.is_held_back())
    }

    /// Returns whether the node executes, or may if a pin above is released, or would if this were no dry run: a loop is
    /// walked for it, so that its log tells what was held back.
    pub(in crate::engine) fn may_execute(&self) -> bool {
        matches!(self.plan.decision, Decision::Execute | Decision::Pinned { may_be_released: true, .. })
            || self.is_held_back()
            || !self.plan.depends_on_releases_of.is_empty()
    }

    /// Returns whether a run has something to do or to record for the node, besides that it was reused.
    pub(super) fn is_active(&self) -> bool {
        !matches!(self.plan.decision, Decision::Reuse { .. })
            || !self.plan.depends_on_releases_of.is_empty()
            || self.plan.released.is_some()
    }
}

// A plan of a hundred thousand nodes holds as many of these: what few of them have belongs into the notes. With the two counts
// of an `Arc` it is 256 bytes; allocators have no size between that and 320.
const _: () = assert!(size_of::<Step>() <= 240);
