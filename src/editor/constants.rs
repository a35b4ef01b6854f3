//! Input nodes in the place of a node that is pinned: they give the same values, typed in.

use std::{collections::BTreeMap, sync::Arc};

use super::words;
use crate::{
    nodes::{Catalogue, Outputs, check},
    value::{Table, Value},
    workflow::{Connection, Edit, KindId, Node, NodeId, PortId, PortRef, Position, Problem, Severity, Workflow},
};

/// The largest value that is put into a workflow file, in bytes.
const MAX_SIZE: usize = 256 << 10;
/// How far below each other several nodes stand, in scene units.
const STEP: f32 = 120.0;

/// A node that gives a value: its kind, its output, its parameter and what that holds.
struct Constant {
    kind: &'static str,
    output: &'static str,
    parameter: &'static str,
    holds: Value,
}

/// Returns the edit that puts input nodes in the place of a node, one for each output that is connected, or for all that have
/// a value if none is; and the new nodes. Else why that cannot be.
pub(crate) fn replace_with_constants(
    workflow: &Workflow,
    catalogue: &Catalogue,
    id: &NodeId,
    outputs: &Outputs,
) -> Result<(Edit, Vec<NodeId>), String> {
    let node = workflow.node(id).ok_or_else(|| format!("there is no node {id}"))?;
    if catalogue.get(&node.kind).is_some_and(|kind| kind.role.is_head() || kind.role.is_closer()) {
        return Err("it begins or ends a loop".to_owned());
    }
    let fed = fed_by(workflow, id);
    let constants = constants(&fed, outputs)?;
    let kinds: Vec<KindId> = constants.iter().map(|(_, constant)| constant.kind.into()).collect();
    let ids = workflow.fresh_node_ids(&kinds);
    let title = words::title_of(node, catalogue);
    let mut edits = vec![Edit::RemoveNode(id.clone())];
    for (place, ((port, constant), id)) in constants.iter().zip(&ids).enumerate() {
        let Position(x, y) = node.position;
        let alone = constants.len() == 1;
        let new = Node {
            title: if alone { title.clone() } else { format!("{title} {port}") },
            comment: if place == 0 { node.comment.clone() } else { String::new() },
            collapsed: node.collapsed,
            ..Node::new(constant.kind, Position(x, y + STEP * place as f32))
        };
        edits.push(Edit::AddNode(id.clone(), Arc::new(new.with(constant.parameter, constant.holds.clone()))));
        for input in fed.get(*port).into_iter().flatten() {
            let from = PortRef { node: id.clone(), port: constant.output.into() };
            edits.push(Edit::Connect(Connection { from, to: input.clone() }));
            let way = workflow.way(input);
            if !way.is_empty() {
                edits.push(Edit::SetWay(input.clone(), way.to_vec()));
            }
        }
    }
    let edit = Edit::Group(edits);
    refuse_new_errors(workflow, catalogue, &edit)?;
    Ok((edit, ids))
}

/// Returns the inputs that each output of a node feeds.
fn fed_by(workflow: &Workflow, node: &NodeId) -> BTreeMap<PortId, Vec<PortRef>> {
    let mut fed: BTreeMap<PortId, Vec<PortRef>> = BTreeMap::new();
    for (to, from) in workflow.connections().filter(|(_, from)| from.node == *node) {
        fed.entry(from.port.clone()).or_default().push(to.clone());
    }
    fed
}

fn constants<'a>(
    fed: &'a BTreeMap<PortId, Vec<PortRef>>,
    outputs: &'a Outputs,
) -> Result<Vec<(&'a PortId, Constant)>, String> {
    if let Some((port, inputs)) = fed.iter().find(|(port, _)| outputs.get(port).is_none()) {
        let input = inputs.first().map(ToString::to_string).unwrap_or_default();
        return Err(format!("its output {port} has no value, which no constant can give: disconnect {input} first"));
    }
    let wanted = outputs.iter().filter(|(port, _)| fed.is_empty() || fed.contains_key(*port));
    let constants = wanted
        .map(|(port, value)| {
            Ok((port, constant(value).map_err(|why| format!("{port} is {}: {why}", value.preview()))?))
        })
        .collect::<Result<Vec<_>, String>>()?;
    if constants.is_empty() { Err("it gives no value".to_owned()) } else { Ok(constants) }
}

fn constant(value: &Value) -> Result<Constant, String> {
    if value.size_bytes() > MAX_SIZE {
        return Err(format!("a workflow file takes at most {} kB in one parameter", MAX_SIZE >> 10));
    }
    let (kind, output, parameter) = match value {
        Value::Text(_) => ("text", "text", "text"),
        Value::Int(_) => ("integer", "number", "value"),
        Value::Float(_) => ("number", "number", "value"),
        Value::Bool(_) => ("boolean", "value", "value"),
        Value::List(_) => ("list", "list", "items"),
        Value::Record(_) => ("record", "record", "fields"),
        Value::Table(table) => {
            return Ok(Constant { kind: "table", output: "table", parameter: "table", holds: typed_table(table)? });
        }
        Value::Null => return Err("no input node gives nothing".to_owned()),
        Value::Bytes(_) | Value::Image(_) | Value::Stream(_) => {
            return Err("a workflow file has no form for it".to_owned());
        }
    };
    if !value.is_plain() {
        return Err("a workflow file has no form for a part of it".to_owned());
    }
    if !is_finite(value) {
        return Err("it holds a number that is not finite".to_owned());
    }
    Ok(Constant { kind, output, parameter, holds: value.clone() })
}

fn is_finite(value: &Value) -> bool {
    match value {
        Value::Float(number) => number.is_finite(),
        Value::List(items) => items.iter().all(is_finite),
        Value::Record(record) => record.iter().all(|(_, value)| is_finite(value)),
        _ => true,
    }
}

/// Returns a table as the node of typed tables takes it.
fn typed_table(table: &Table) -> Result<Value, String> {
    let names: Vec<Arc<str>> = table.column_names().map(Arc::from).collect();
    if names.iter().any(|name| name.is_empty()) {
        return Err("a column has no name".to_owned());
    }
    let cells = |row: usize| (0..names.len()).map(|column| table.cell(row, column)).collect::<Vec<_>>();
    let rows: Vec<Vec<Value>> = (0..table.n_rows()).map(cells).collect();
    if !rows.iter().flatten().all(|cell| cell.is_plain() && is_finite(cell))
        || Table::from_rows(&names, &rows).fingerprint() != table.fingerprint()
    {
        return Err("a column has a type that a typed table does not have".to_owned());
    }
    Ok(Value::record([
        ("columns", Value::list(names.into_iter().map(Value::Text))),
        ("rows", Value::list(rows.into_iter().map(Value::list))),
    ]))
}

/// Refuses an edit that makes something wrong that was not before, such as a loop that is then without its end.
fn refuse_new_errors(workflow: &Workflow, catalogue: &Catalogue, edit: &Edit) -> Result<(), String> {
    let mut after = workflow.clone();
    after.apply(edit.clone()).map_err(|error| error.to_string())?;
    let errors = |workflow: &Workflow| -> Vec<Problem> {
        check(workflow, catalogue).into_iter().filter(|problem| problem.severity == Severity::Error).collect()
    };
    let before = errors(workflow);
    let new = errors(&after).into_iter().find(|problem| !before.contains(problem));
    new.map_or(Ok(()), |problem| Err(format!("then {problem}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Record;

    /// `source` feeds `first` and `second` from its port `out`; it stands for any node that is pinned.
    fn workflow(kind: &'static str, out: &'static str) -> Workflow {
        let mut workflow = Workflow::new("w");
        let add = |workflow: &mut Workflow, id: &'static str, kind: &'static str, x| {
            let node = Node { title: id.to_uppercase(), ..Node::new(kind, Position(x, 10.0)) };
            workflow.apply(Edit::AddNode(id.into(), Arc::new(node))).unwrap();
        };
        add(&mut workflow, "source", kind, 0.0);
        for (id, x) in [("first", 200.0), ("second", 400.0)] {
            add(&mut workflow, id, "template", x);
            let wire = Connection { from: PortRef::new("source", out), to: PortRef::new(id, "in1") };
            workflow.apply(Edit::Connect(wire)).unwrap();
        }
        let way = Edit::SetWay(PortRef::new("first", "in1"), vec![Position(100.0, 50.0)]);
        workflow.apply(way).unwrap();
        workflow
    }

    fn replaced(workflow: &Workflow, outputs: &Outputs) -> Result<(Workflow, Vec<NodeId>), String> {
        let catalogue = Catalogue::standard();
        let (edit, nodes) = replace_with_constants(workflow, &catalogue, &"source".into(), outputs)?;
        let mut after = workflow.clone();
        let inverse = after.apply(edit).unwrap();
        let mut back = after.clone();
        back.apply(inverse).unwrap();
        assert!(back.same_content(workflow), "one step takes it back");
        Ok((after, nodes))
    }

    #[test]
    fn the_constant_stands_where_the_node_stood_and_feeds_what_it_fed() {
        let before = workflow("delay", "value");
        let (after, nodes) = replaced(&before, &Outputs::one("value", "kept")).unwrap();
        let [id] = &nodes[..] else { panic!("{nodes:?}") };
        let node = after.node(id).unwrap();
        assert_eq!((node.kind.as_str(), node.title.as_str(), node.position), ("text", "SOURCE", Position(0.0, 10.0)));
        assert_eq!(node.parameters.get("text"), Some(&Value::text("kept")));
        assert!(after.node(&"source".into()).is_none());
        for input in ["first", "second"] {
            let feed = after.feed(&PortRef::new(input, "in1")).unwrap();
            assert_eq!((&feed.node, feed.port.as_str()), (id, "text"));
        }
        assert_eq!(after.way(&PortRef::new("first", "in1")), [Position(100.0, 50.0)]);
    }

    #[test]
    fn every_plain_value_has_a_node_that_gives_it() {
        let catalogue = Catalogue::standard();
        let record = Record::from_iter([("a", Value::Int(1)), ("b", Value::text("x"))]);
        for value in [
            Value::text("a"),
            Value::Int(1),
            Value::Float(1.5),
            Value::Bool(true),
            Value::list([Value::Int(1)]),
            Value::Record(Arc::new(record.clone())),
            Table::from_records(&[record]).into(),
        ] {
            let Constant { kind, output, parameter, holds } = constant(&value).unwrap();
            let kind = catalogue.get(&kind.into()).unwrap();
            assert_eq!(kind.output_port(&output.into()).unwrap().value_type, value.value_type());
            let schema = kind.parameters.iter().find(|schema| schema.id == *parameter).unwrap();
            assert_eq!(schema.problem_with(&holds), None);
        }
    }

    #[test]
    fn what_no_constant_can_be_is_refused_with_why() {
        let before = workflow("delay", "value");
        let refusal = |value: Value| replaced(&before, &Outputs::one("value", value)).unwrap_err();
        assert!(refusal(Value::Bytes([1].as_slice().into())).contains("no form"));
        assert!(refusal(Value::Null).contains("no input node"));
        assert!(refusal(Value::Float(f64::NAN)).contains("not finite"));
        assert!(refusal(Value::text("x".repeat(MAX_SIZE + 1))).contains("at most 256 kB"));
        let none = replaced(&before, &Outputs::none()).unwrap_err();
        assert_eq!(none, "its output value has no value, which no constant can give: disconnect first.in1 first");
        let head = replaced(&workflow("for_each", "item"), &Outputs::one("item", 1)).unwrap_err();
        assert_eq!(head, "it begins or ends a loop");
    }
}
