//! `pinflow plan`: what a run would do, and why.

use clap::Args;
use serde_json::json;

use super::{
    Outcome,
    forecast::Forecasts,
    home::Home,
    marking::{Marking, find},
    print,
    report::{plan_as_json, plan_as_text},
    why::{Names, why_as_json, why_as_text},
};
use crate::engine::{plan as make_plan, probe};

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

pub(super) fn plan(arguments: &PlanArguments, home: &Home) -> anyhow::Result<Outcome> {
    let prepared = arguments.marking.prepare(home)?;
    let request = &prepared.request;
    let probes = probe(&request.baseline, &request.marks, prepared.engine.store());
    let catalogue = prepared.engine.catalogue();
    let (plan, _) =
        make_plan(&request.workflow, catalogue, &request.marks, &request.baseline, &probes, &request.options);
    let names = Names::new(request, catalogue);
    if let Some(node) = &arguments.why {
        let id = find(&request.workflow, node)?;
        let chain = plan.why(&id);
        let text = if arguments.json {
            format!("{:#}\n", json!({ "node": id.to_string(), "why": why_as_json(&chain, &names) }))
        } else {
            why_as_text(&chain, &names)
        };
        print(&text)?;
    } else if arguments.json {
        let forecasts = Forecasts::new(&prepared, &probes, &plan);
        print(&format!("{:#}\n", plan_as_json(&plan, &names, &forecasts.as_json())))?;
    } else {
        let forecasts = Forecasts::new(&prepared, &probes, &plan);
        print(&format!("{}forecast: {}\n", plan_as_text(&plan, &names), forecasts.in_words()))?;
    }
    let failed = plan.counts().cannot_run > 0;
    Ok(if failed { Outcome::NodeFailed } else { Outcome::Success })
}
