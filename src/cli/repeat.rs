//! `pinflow check --repeat`: whether nodes that claim to give the same for the same do.

use std::{fmt::Write as _, path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use serde_json::json;

use super::{
    catalogue, folder_of,
    home::{Home, open_store},
    why::Names,
};
use crate::{
    engine::{Difference, Engine, PlanOptions, Repeat, RunRequest, Unchecked, repeat},
    session::{Baseline, earlier_sessions},
    store::RunKind,
    workflow::{NodeId, Workflow},
};

/// Executes the pure nodes of a workflow twice. Leaves nothing behind: the engine has no store, and a named session is
/// only read.
pub(super) fn check_repeat(
    file: &Path,
    workflow: &Workflow,
    session: Option<&str>,
    home: &Home,
) -> anyhow::Result<(Repeat, Names)> {
    let baseline = session.map(|name| results_of_session(workflow, name, home)).transpose()?.unwrap_or_default();
    let engine = Engine::new(catalogue(), None);
    let request = RunRequest {
        path: Some(file.to_owned()),
        folder: folder_of(file)?,
        baseline: Arc::new(baseline),
        ..RunRequest::new(workflow.clone(), PlanOptions::of(RunKind::Standard))
    };
    let names = Names::new(&request, engine.catalogue());
    Ok((repeat(&engine, &request), names))
}

fn results_of_session(workflow: &Workflow, name: &str, home: &Home) -> anyhow::Result<Baseline> {
    let folders = home.folders()?;
    let store = open_store(&folders).context("cannot open the store")?;
    let (sessions, _) = earlier_sessions(&folders, Some(&store), workflow.id(), None)?;
    let Some(session) = sessions.iter().find(|session| session.name.as_deref() == Some(name)) else {
        bail!("there is no session {name:?} of this workflow that no window has open");
    };
    Ok(store.baseline(session.id).context("cannot read the results of the session")?.into_iter().collect())
}

/// Returns what came of it as text.
pub(super) fn repeat_as_text(repeat: &Repeat, names: &Names) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail, here and below.
    for (node, differences) in &repeat.differing {
        for difference in differences {
            writeln!(text, "differs:   {}: {}", names.of(node), difference_in_words(difference)).unwrap_or_default();
        }
    }
    for (node, error) in &repeat.failed {
        let error = error.lines().next().unwrap_or_default();
        writeln!(text, "failed:    {}: {error}", names.of(node)).unwrap_or_default();
    }
    for (node, why) in &repeat.unchecked {
        writeln!(text, "unchecked: {}: {}", names.of(node), unchecked_in_words(why, names)).unwrap_or_default();
    }
    let summary = [
        (repeat.same.len(), "gave the same twice"),
        (repeat.differing.len(), "differ"),
        (repeat.failed.len(), "failed"),
        (repeat.unchecked.len(), "not checked"),
        (repeat.held_back.len(), "not executed because they change something outside"),
    ];
    let summary = summary.iter().enumerate().filter(|(index, (number, _))| *index < 2 || *number > 0);
    let summary: Vec<String> = summary.map(|(_, (number, what))| format!("{number} {what}")).collect();
    text + &summary.join(", ") + "\n"
}

fn difference_in_words(difference: &Difference) -> String {
    match difference {
        Difference::Output { port, first, second, at } => {
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "no value".to_owned());
            let at = at.as_ref().map(|at| format!("; first at {at}")).unwrap_or_default();
            format!("{port} was {}, then {}{at}", value(first), value(second))
        }
        Difference::Outcome { first, second } => format!("{first}, then {second}"),
    }
}

fn unchecked_in_words(why: &Unchecked, names: &Names) -> String {
    match why {
        Unchecked::NeedsEffect(node) => format!("it needs {}, which changes something outside", names.of(node)),
        Unchecked::DidNotRun(why) => why.in_words(&|node| names.of(node)),
        Unchecked::Ended(how) => format!("it was {how}"),
        Unchecked::InputsVary => "other data reaches it each time".to_owned(),
    }
}

/// Returns what came of it as JSON.
pub(super) fn repeat_as_json(repeat: &Repeat, names: &Names) -> serde_json::Value {
    let ids = |nodes: &[NodeId]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let differing: serde_json::Map<_, _> = repeat
        .differing
        .iter()
        .map(|(node, differences)| {
            (node.to_string(), differences.iter().map(difference_as_json).collect::<serde_json::Value>())
        })
        .collect();
    let failed: serde_json::Map<_, _> =
        repeat.failed.iter().map(|(node, error)| (node.to_string(), error.clone().into())).collect();
    let unchecked: serde_json::Map<_, _> =
        repeat.unchecked.iter().map(|(node, why)| (node.to_string(), unchecked_in_words(why, names).into())).collect();
    json!({
        "same": ids(&repeat.same),
        "differing": differing,
        "failed": failed,
        "unchecked": unchecked,
        "not_executed": ids(&repeat.held_back),
    })
}

fn difference_as_json(difference: &Difference) -> serde_json::Value {
    match difference {
        Difference::Output { port, first, second, at } => {
            json!({ "port": port.to_string(), "first": first, "second": second, "at": at })
        }
        Difference::Outcome { first, second } => json!({ "outcome": [first, second] }),
    }
}
