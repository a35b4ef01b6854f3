//! What the tests of this folder share: small workflows, and requests to run them.

use std::{collections::HashMap, sync::Arc};

use super::{Engine, Plan, PlanOptions, Probes, RunRequest, plan};
use crate::{
    nodes::{Arity, Catalogue, Context, Family, Kind, NodeError, Success},
    store::RunKind,
    value::ValueType,
    workflow::{Connection, Edit, Node, PortId, PortRef, Position, Workflow},
};

/// Returns a kind that takes any number of inputs `in1`, `in2`, … and gives `out`.
pub(super) fn kind(
    id: &'static str,
    execute: impl Fn(&Context<'_>) -> Result<Success, NodeError> + Send + Sync + 'static,
) -> Kind {
    Kind::new(id, id, Family::System, execute)
        .input("in", ValueType::Any, Arity::Many { min: 0 })
        .output("out", ValueType::Any)
}

pub(super) fn engine(kinds: impl IntoIterator<Item = Kind>) -> Engine {
    let mut catalogue = Catalogue::empty();
    for kind in kinds {
        catalogue.register(kind);
    }
    Engine::new(Arc::new(catalogue), None)
}

/// Returns the workflow of a text such as `a:slow b:fast a>b`: nodes with their kinds, and who feeds whom.
pub(super) fn workflow(text: &'static str) -> Workflow {
    let mut workflow = Workflow::new("test");
    let mut n_inputs: HashMap<&str, u32> = HashMap::new();
    for word in text.split_whitespace() {
        if let Some((id, kind)) = word.split_once(':') {
            let node = Node { title: format!("The {id}"), ..Node::new(kind, Position(0.0, 0.0)) };
            workflow.apply(Edit::AddNode(id.into(), Arc::new(node))).unwrap();
        } else if let Some((from, to)) = word.split_once('>') {
            let number = n_inputs.entry(to).or_default();
            *number += 1;
            let to = PortRef::new(to, PortId::numbered("in", *number as usize));
            workflow.apply(Edit::Connect(Connection { from: PortRef::new(from, "out"), to })).unwrap();
        }
    }
    workflow
}

pub(super) fn request(workflow: &Workflow) -> RunRequest {
    RunRequest::new(workflow.clone(), PlanOptions::of(RunKind::Standard))
}

pub(super) fn plan_of(engine: &Engine, request: &RunRequest) -> Plan {
    plan(&request.workflow, engine.catalogue(), &request.marks, &request.baseline, &Probes::default(), &request.options)
        .0
}
