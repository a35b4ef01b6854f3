//! `pinflow check`: what is wrong with a workflow.

use std::{fmt::Write as _, path::PathBuf};

use clap::Args;
use serde_json::json;

use super::{
    Outcome, catalogue,
    home::Home,
    load, print,
    repeat::{check_repeat, repeat_as_json, repeat_as_text},
};
use crate::{
    nodes,
    workflow::{Problem, Severity},
};

/// Arguments of `pinflow check`.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// The workflow
    file: PathBuf,
    /// Execute every node twice that claims to give the same for the same, and name those that do not; what changes
    /// something outside is not executed
    #[arg(long)]
    repeat: bool,
    /// With --repeat: use the results of the session with this name for what is not executed
    #[arg(long, value_name = "NAME", requires = "repeat")]
    session: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn check(arguments: &CheckArguments, home: &Home) -> anyhow::Result<Outcome> {
    let workflow = load(&arguments.file)?;
    let problems = nodes::check(&workflow, &catalogue());
    let repeated = arguments
        .repeat
        .then(|| check_repeat(&arguments.file, &workflow, arguments.session.as_deref(), home))
        .transpose()?;
    if arguments.json {
        let list: Vec<_> = problems.iter().map(as_json).collect();
        let mut json = json!({ "nodes": workflow.n_nodes(), "problems": list });
        if let Some((repeated, names)) = &repeated {
            json["repeat"] = repeat_as_json(repeated, names);
        }
        print(&format!("{json:#}\n"))?;
    } else {
        print(&as_text(workflow.n_nodes(), &problems))?;
        if let Some((repeated, names)) = &repeated {
            print(&repeat_as_text(repeated, names))?;
        }
    }
    let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
    let failed = failed || repeated.is_some_and(|(repeated, _)| !repeated.is_fine());
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
