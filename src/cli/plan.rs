//! `pinflow plan`: what a run would do, and why.

use anyhow::bail;
use clap::Args;

use super::{
    Outcome,
    marking::Marking,
    print,
    report::{plan_as_json, plan_as_text},
};
use crate::{
    engine::{plan as make_plan, probe},
    workflow::NodeId,
};

/// Arguments of `pinflow plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    #[command(flatten)]
    marking: Marking,
    /// Show the chain of reasons for one node
    #[arg(long, value_name = "NODE")]
    why: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn plan(arguments: &PlanArguments) -> anyhow::Result<Outcome> {
    let prepared = arguments.marking.prepare()?;
    let request = &prepared.request;
    let probes = probe(&request.baseline, &request.marks, prepared.engine.store());
    let catalogue = prepared.engine.catalogue();
    let (plan, _) =
        make_plan(&request.workflow, catalogue, &request.marks, &request.baseline, &probes, &request.options);
    if let Some(node) = &arguments.why {
        let id = node.parse::<NodeId>().ok().filter(|id| plan.get(id).is_some());
        let Some(id) = id else { bail!("there is no node {node:?}") };
        print(&(plan.why(&id).join("\n") + "\n"))?;
    } else if arguments.json {
        print(&format!("{:#}\n", plan_as_json(&plan)))?;
    } else {
        print(&plan_as_text(&plan))?;
    }
    let failed = plan.counts().cannot_run > 0;
    Ok(if failed { Outcome::NodeFailed } else { Outcome::Success })
}
