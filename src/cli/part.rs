//! The arguments that say which part of a workflow to run, and what a run may leave out.

use clap::Args;

use super::marking::find;
use crate::{
    engine::PlanOptions,
    store::{Part, RunKind},
    workflow::{NodeId, Workflow},
};

/// Which part, besides `--to`.
#[derive(Debug, Args)]
pub(super) struct PartArguments {
    /// Run only this node; what it needs gives its last results as they are. Can be given several times
    #[arg(long, value_name = "NODE", conflicts_with_all = ["to", "from"])]
    only: Vec<String>,
    /// Run this node and all that takes something from it; what these need gives its last results as they are. Can be given several times
    #[arg(long, value_name = "NODE", conflicts_with_all = ["to", "only"])]
    from: Vec<String>,
    /// Reuse results where a node would execute only because one above it does, and the data turns out to be the same
    #[arg(long, requires = "resume")]
    stop_at_equal_data: bool,
    /// Leave out nodes without side effects whose every consumer is pinned
    #[arg(long, conflicts_with = "resume")]
    skip_what_only_feeds_pins: bool,
    /// Hold back every node that would change something outside, and list it; what has to execute does so with the next --resume. What only reads or asks, also a model, does so
    #[arg(long)]
    dry_run: bool,
}

impl PartArguments {
    /// Returns the options of a run; `to` are the nodes to run to.
    pub(super) fn options(&self, kind: RunKind, to: &[String], workflow: &Workflow) -> anyhow::Result<PlanOptions> {
        let find_all = |names: &[String]| -> anyhow::Result<Vec<NodeId>> {
            names.iter().map(|name| find(workflow, name)).collect()
        };
        let part = match (to, &self.only[..], &self.from[..]) {
            ([], [], []) => Part::All,
            ([], [], from) => Part::From(find_all(from)?),
            ([], only, _) => Part::Only(find_all(only)?),
            (to, ..) => Part::To(find_all(to)?),
        };
        Ok(PlanOptions {
            kind,
            part,
            stop_at_equal_data: self.stop_at_equal_data,
            skip_what_only_feeds_pins: self.skip_what_only_feeds_pins,
            dry_run: self.dry_run,
        })
    }
}
