//! Nodes that would turn what a wire brings into what the input takes.

use std::sync::Arc;

use super::Fix;
use crate::{
    editor::{Command, View},
    nodes::{Arity, Family, InputPort, Kind, OutputPort, ResolvedParameters, Role},
    value::{ValueType, can_convert},
    workflow::{Connection, Edit, Node, PortRef, Position},
};

/// The most that are offered for one wire.
const MAX_OFFERED: usize = 2;

/// Returns how to put a node between the ends of a wire whose types do not fit, those first that give exactly what is taken.
pub(super) fn insertions(now: View<'_>, wire: &Connection) -> Vec<Fix> {
    let Some((from, to)) = types(now, wire) else { return Vec::new() };
    let mut kinds: Vec<(&Kind, &InputPort, &OutputPort)> =
        now.catalogue.iter().filter_map(|kind| converts(kind, from, to)).collect();
    kinds.sort_by_key(|(_, _, output)| output.value_type != to);
    kinds.truncate(MAX_OFFERED);
    let fixes = kinds.into_iter().map(|(kind, input, output)| {
        let name = format!("Insert {}", kind.title);
        (name.clone(), Command::Edit(name, inserted(now, wire, kind, (input, output))))
    });
    fixes.collect()
}

/// Returns the types at the ends of a wire.
fn types(now: View<'_>, wire: &Connection) -> Option<(ValueType, ValueType)> {
    let node = |end: &PortRef| {
        let node = now.workflow.node(&end.node)?;
        Some((node, now.catalogue.get(&node.kind)?))
    };
    let ((from, from_kind), (_, to_kind)) = (node(&wire.from)?, node(&wire.to)?);
    let output = from_kind.output_of(from, &wire.from.port)?;
    Some((output.value_type, to_kind.input_port(&wire.to.port)?.value_type))
}

/// Returns the ports by which a kind turns one type into another: it needs nothing else and changes nothing outside. What takes
/// or gives anything turns nothing into something.
fn converts(kind: &Arc<Kind>, from: ValueType, to: ValueType) -> Option<(&Kind, &InputPort, &OutputPort)> {
    let [input] = &kind.inputs[..] else { return None };
    let node = Node::new(&kind.id, Position(0.0, 0.0));
    let parameters = ResolvedParameters::new(&kind.parameters, &node);
    let is_plain = kind.role == Role::Plain && kind.family != Family::Network && !(kind.side_effect)(&parameters);
    // A record read as text is no path: what a node takes is what comes, without a conversion.
    let takes = input.value_type == from && matches!(input.arity, Arity::Required | Arity::Optional);
    let gives = |output: &&OutputPort| output.value_type != ValueType::Any && can_convert(output.value_type, to);
    (is_plain && takes).then(|| kind.outputs.iter().find(gives)).flatten().map(|output| (&**kind, input, output))
}

/// Returns the edit that puts a node of a kind into a wire.
fn inserted(now: View<'_>, wire: &Connection, kind: &Kind, (input, output): (&InputPort, &OutputPort)) -> Edit {
    let id = now.workflow.fresh_node_id(&kind.id);
    let place = |end: &PortRef| now.workflow.node(&end.node).map(|node| node.position).unwrap_or_default();
    let (from, to) = (place(&wire.from), place(&wire.to));
    // Below the middle, so that it is seen where there is no room between the two.
    let position = Position(f32::midpoint(from.0, to.0), f32::midpoint(from.1, to.1) + 120.0);
    let connect = |from: PortRef, to: PortRef| Edit::Connect(Connection { from, to });
    Edit::Group(vec![
        Edit::Disconnect(wire.to.clone()),
        Edit::AddNode(id.clone(), Arc::new(Node::new(&kind.id, position))),
        connect(wire.from.clone(), PortRef { node: id.clone(), port: input.id.clone() }),
        connect(PortRef { node: id, port: output.id.clone() }, wire.to.clone()),
    ])
}
