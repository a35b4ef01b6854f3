//! `pinflow kinds`: what nodes can be.

use std::fmt::Write as _;

use anyhow::anyhow;
use clap::Args;
use serde_json::json;

use super::{Outcome, catalogue, print};
use crate::{
    nodes::{Catalogue, Family, Kind},
    value::to_json,
    workflow::KindId,
};

/// Arguments of `pinflow kinds`.
#[derive(Debug, Args)]
pub(super) struct KindsArguments {
    /// Show the ports and parameters of this kind
    kind: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn kinds(arguments: &KindsArguments) -> anyhow::Result<Outcome> {
    let catalogue = catalogue();
    let chosen: Vec<&Kind> = match &arguments.kind {
        Some(id) => vec![find(&catalogue, id)?],
        None => catalogue.iter().map(|kind| &**kind).collect(),
    };
    if arguments.json {
        let list: Vec<_> = chosen.iter().map(|kind| as_json(kind)).collect();
        print(&format!("{:#}\n", serde_json::Value::Array(list)))?;
    } else if arguments.kind.is_some() {
        print(&chosen.iter().map(|kind| details(kind)).collect::<String>())?;
    } else {
        print(&overview(&catalogue))?;
    }
    Ok(Outcome::Success)
}

fn find<'a>(catalogue: &'a Catalogue, id: &str) -> anyhow::Result<&'a Kind> {
    id.parse::<KindId>()
        .ok()
        .and_then(|id| catalogue.get(&id))
        .map(|kind| &**kind)
        .ok_or_else(|| anyhow!("there is no kind {id:?}; `pinflow kinds` lists them"))
}

fn overview(catalogue: &Catalogue) -> String {
    let mut text = String::new();
    for family in Family::ALL {
        let kinds: Vec<_> = catalogue.iter().filter(|kind| kind.family == family).collect();
        if kinds.is_empty() {
            continue;
        }
        // Writing to a string cannot fail, here and below.
        writeln!(text, "{}", family.name()).unwrap_or_default();
        for kind in kinds {
            writeln!(text, "  {:<16} {}", kind.id.as_str(), kind.summary).unwrap_or_default();
        }
    }
    text
}

fn details(kind: &Kind) -> String {
    let mut text = format!("{} ({}): {}\n", kind.title, kind.id, kind.summary);
    for input in &kind.inputs {
        writeln!(text, "  input      {:<16} {} ({})", input.id.as_str(), input.value_type, input.arity.in_words())
            .unwrap_or_default();
    }
    for output in &kind.outputs {
        writeln!(text, "  output     {:<16} {}", output.id.as_str(), output.value_type).unwrap_or_default();
    }
    for parameter in &kind.parameters {
        let default = to_json(&parameter.default);
        writeln!(text, "  parameter  {:<16} {} [default: {default}]", parameter.id.as_str(), parameter.help)
            .unwrap_or_default();
    }
    text
}

fn as_json(kind: &Kind) -> serde_json::Value {
    let inputs: Vec<_> = kind
        .inputs
        .iter()
        .map(|input| json!({ "id": input.id.as_str(), "type": input.value_type.name(), "arity": input.arity.in_words() }))
        .collect();
    let outputs: Vec<_> = kind
        .outputs
        .iter()
        .map(|output| json!({ "id": output.id.as_str(), "type": output.value_type.name() }))
        .collect();
    let parameters: Vec<_> = kind
        .parameters
        .iter()
        .map(|parameter| {
            json!({
                "id": parameter.id.as_str(),
                "label": parameter.label,
                "help": parameter.help,
                "default": to_json(&parameter.default),
            })
        })
        .collect();
    json!({
        "id": kind.id.as_str(),
        "title": kind.title,
        "family": kind.family.name(),
        "summary": kind.summary,
        "inputs": inputs,
        "outputs": outputs,
        "parameters": parameters,
    })
}
