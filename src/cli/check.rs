//! `pinflow check`: what is wrong with a workflow.

use std::{fmt::Write as _, path::PathBuf};

use clap::Args;
use serde_json::json;

use super::{Outcome, catalogue, load, print};
use crate::{
    nodes,
    workflow::{Problem, Severity},
};

/// Arguments of `pinflow check`.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// The workflow
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn check(arguments: &CheckArguments) -> anyhow::Result<Outcome> {
    let workflow = load(&arguments.file)?;
    let problems = nodes::check(&workflow, &catalogue());
    if arguments.json {
        let list: Vec<_> = problems.iter().map(as_json).collect();
        print(&format!("{:#}\n", json!({ "nodes": workflow.n_nodes(), "problems": list })))?;
    } else {
        print(&as_text(workflow.n_nodes(), &problems))?;
    }
    let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
    Ok(if failed { Outcome::NodeFailed } else { Outcome::Success })
}

fn severity(problem: &Problem) -> &'static str {
    match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn as_json(problem: &Problem) -> serde_json::Value {
    json!({
        "severity": severity(problem),
        "kind": format!("{:?}", problem.kind),
        "node": problem.location.node().map(ToString::to_string),
        "message": problem.message,
    })
}

fn as_text(n_nodes: usize, problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        // Writing to a string cannot fail.
        writeln!(text, "{}: {problem}", severity(problem)).unwrap_or_default();
    }
    let summary = match problems.len() {
        0 => "no problems".to_owned(),
        1 => "1 problem".to_owned(),
        more => format!("{more} problems"),
    };
    text + &format!("{n_nodes} nodes, {summary}\n")
}
