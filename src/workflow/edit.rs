//! The only way a document changes: an [`Edit`] applies and yields its inverse.

use std::sync::Arc;

use super::{
    Connection, Frame, FrameId, Node, NodeId, NodeSettings, ParameterId, PortRef, Position, Workflow, WorkflowSettings,
    ids::trailing_number,
};
use crate::value::Value;

/// A change of the document.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Several changes, all or none.
    Group(Vec<Self>),
    /// Adds a node; its id must be new.
    AddNode(NodeId, Arc<Node>),
    /// Removes a node and the connections at its ports.
    RemoveNode(NodeId),
    /// Wires an output to an input, in place of the wire that was there.
    Connect(Connection),
    /// Removes the wire of an input.
    Disconnect(PortRef),
    /// Sets a parameter, or takes it back to its default.
    SetParameter(NodeId, ParameterId, Option<Value>),
    /// Renames a node; empty shows the kind's title.
    SetTitle(NodeId, String),
    /// Sets the note on a node.
    SetComment(NodeId, String),
    /// Sets what the engine does around a node.
    SetNodeSettings(NodeId, NodeSettings),
    /// Moves nodes to new places.
    MoveNodes(Vec<(NodeId, Position)>),
    /// Shows a node's title and ports only, or all of it.
    SetCollapsed(NodeId, bool),
    /// Leads the wire of an input through points on the canvas; through none, straight.
    SetWay(PortRef, Vec<Position>),
    /// Adds or replaces a frame.
    SetFrame(FrameId, Frame),
    /// Removes a frame; the nodes stay.
    RemoveFrame(FrameId),
    /// Renames the workflow.
    SetName(String),
    /// Sets what the engine does with the whole workflow.
    SetWorkflowSettings(WorkflowSettings),
}

/// A change that does not fit the document. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// No node has this id.
    #[error("there is no node {0}")]
    MissingNode(NodeId),
    /// A node with this id exists.
    #[error("there is a node {0} already")]
    NodeExists(NodeId),
    /// Nothing is wired to this input.
    #[error("nothing is connected to {0}")]
    NotConnected(PortRef),
    /// No frame has this id.
    #[error("there is no frame {0}")]
    MissingFrame(FrameId),
    /// A value that a workflow file has no form for.
    #[error("the parameter {parameter} of {node} cannot hold {got}: a workflow file keeps plain values only")]
    NotPlain {
        /// The node.
        node: NodeId,
        /// Its parameter.
        parameter: ParameterId,
        /// The value in one line.
        got: String,
    },
    /// The wire would close a circle.
    #[error("connecting {from} to {to} would make {to} depend on itself")]
    Cycle {
        /// The node whose output it is.
        from: NodeId,
        /// The node whose input it is.
        to: NodeId,
    },
}

impl Edit {
    /// Returns whether the edit can alter what any node gives. Places, titles, comments, frames and the ways of wires cannot.
    pub fn touches_results(&self) -> bool {
        match self {
            Self::Group(edits) => edits.iter().any(Self::touches_results),
            Self::AddNode(..)
            | Self::RemoveNode(_)
            | Self::Connect(_)
            | Self::Disconnect(_)
            | Self::SetParameter(..)
            // It may add an output.
            | Self::SetNodeSettings(..) => true,
            Self::SetTitle(..)
            | Self::SetComment(..)
            | Self::MoveNodes(_)
            | Self::SetCollapsed(..)
            | Self::SetWay(..)
            | Self::SetFrame(..)
            | Self::RemoveFrame(_)
            | Self::SetName(_)
            | Self::SetWorkflowSettings(_) => false,
        }
    }
}

impl Workflow {
    /// Applies an edit and returns its inverse. On an error nothing has changed.
    pub fn apply(&mut self, edit: Edit) -> Result<Edit, EditError> {
        match edit {
            Edit::Group(edits) => self.apply_group(edits),
            Edit::AddNode(id, node) => self.add_node(id, node),
            Edit::RemoveNode(id) => self.remove_node(&id),
            Edit::Connect(connection) => self.connect(connection),
            Edit::Disconnect(input) => self.disconnect(input),
            Edit::SetParameter(id, parameter, value) => {
                if let Some(value) = &value {
                    refuse_unless_plain(&id, &parameter, value)?;
                }
                let node = self.node_mut(&id)?;
                let before = match value {
                    Some(value) => node.parameters.insert(parameter.clone(), value),
                    None => node.parameters.remove(&parameter),
                };
                Ok(Edit::SetParameter(id, parameter, before))
            }
            Edit::SetTitle(id, title) => {
                let before = std::mem::replace(&mut self.node_mut(&id)?.title, title);
                Ok(Edit::SetTitle(id, before))
            }
            Edit::SetComment(id, comment) => {
                let before = std::mem::replace(&mut self.node_mut(&id)?.comment, comment);
                Ok(Edit::SetComment(id, before))
            }
            Edit::SetNodeSettings(id, settings) => {
                let before = std::mem::replace(&mut self.node_mut(&id)?.settings, settings);
                Ok(Edit::SetNodeSettings(id, before))
            }
            Edit::MoveNodes(moves) => self.move_nodes(moves),
            Edit::SetCollapsed(id, collapsed) => {
                let before = std::mem::replace(&mut self.node_mut(&id)?.collapsed, collapsed);
                Ok(Edit::SetCollapsed(id, before))
            }
            Edit::SetWay(input, way) => {
                if !self.connections.contains_key(&input) {
                    return Err(EditError::NotConnected(input));
                }
                let before =
                    if way.is_empty() { self.ways.remove(&input) } else { self.ways.insert(input.clone(), way) };
                Ok(Edit::SetWay(input, before.unwrap_or_default()))
            }
            Edit::SetFrame(id, frame) => {
                self.count_past(id.as_str());
                Ok(match self.frames.insert(id.clone(), frame) {
                    Some(before) => Edit::SetFrame(id, before),
                    None => Edit::RemoveFrame(id),
                })
            }
            Edit::RemoveFrame(id) => match self.frames.remove(&id) {
                Some(before) => Ok(Edit::SetFrame(id, before)),
                None => Err(EditError::MissingFrame(id)),
            },
            Edit::SetName(name) => Ok(Edit::SetName(std::mem::replace(&mut self.name, name))),
            Edit::SetWorkflowSettings(settings) => {
                Ok(Edit::SetWorkflowSettings(std::mem::replace(&mut self.settings, settings)))
            }
        }
    }

    fn apply_group(&mut self, edits: Vec<Edit>) -> Result<Edit, EditError> {
        let mut inverses = Vec::with_capacity(edits.len());
        for edit in edits {
            match self.apply(edit) {
                Ok(inverse) => inverses.push(inverse),
                Err(error) => {
                    for inverse in inverses.into_iter().rev() {
                        self.apply(inverse).expect("an inverse applies to the state it was made from");
                    }
                    return Err(error);
                }
            }
        }
        inverses.reverse();
        Ok(Edit::Group(inverses))
    }

    fn node_mut(&mut self, id: &NodeId) -> Result<&mut Node, EditError> {
        self.nodes.get_mut(id).map(Arc::make_mut).ok_or_else(|| EditError::MissingNode(id.clone()))
    }

    /// Moves the counter past the number at the end of an id.
    pub(super) fn count_past(&mut self, id: &str) {
        if let Some(number) = trailing_number(id) {
            self.next_number = self.next_number.max(number.saturating_add(1));
        }
    }

    fn add_node(&mut self, id: NodeId, node: Arc<Node>) -> Result<Edit, EditError> {
        if self.nodes.contains_key(&id) {
            return Err(EditError::NodeExists(id));
        }
        node.parameters.iter().try_for_each(|(parameter, value)| refuse_unless_plain(&id, parameter, value))?;
        self.count_past(id.as_str());
        self.nodes.insert(id.clone(), node);
        Ok(Edit::RemoveNode(id))
    }

    fn remove_node(&mut self, id: &NodeId) -> Result<Edit, EditError> {
        let node = self.nodes.remove(id).ok_or_else(|| EditError::MissingNode(id.clone()))?;
        let cut = self.wires_at(id);
        let mut ways = Vec::new();
        for connection in &cut {
            self.connections.remove(&connection.to);
            self.order.disconnect(&connection.from, &connection.to);
            ways.extend(self.ways.remove_entry(&connection.to));
        }
        let add = Edit::AddNode(id.clone(), node);
        Ok(if cut.is_empty() {
            add
        } else {
            let wires = cut.into_iter().map(Edit::Connect);
            let ways = ways.into_iter().map(|(input, way)| Edit::SetWay(input, way));
            Edit::Group(std::iter::once(add).chain(wires).chain(ways).collect())
        })
    }

    fn connect(&mut self, connection: Connection) -> Result<Edit, EditError> {
        let Connection { mut from, mut to } = connection;
        for node in [&mut from.node, &mut to.node] {
            // The same text as the node's own: it need not be compared letter by letter.
            *node = match self.nodes.get_key_value(&*node) {
                Some((known, _)) => known.clone(),
                None => return Err(EditError::MissingNode(node.clone())),
            };
        }
        let fits = self.order.connect(&self.connections, &from, &to);
        if !fits.unwrap_or_else(|| !self.depends_on(&from.node, &to.node)) {
            return Err(EditError::Cycle { from: from.node, to: to.node });
        }
        Ok(match self.connections.insert(to.clone(), from.clone()) {
            Some(before) if before == from => Edit::Connect(Connection { from: before, to }),
            Some(before) => {
                self.order.disconnect(&before, &to);
                self.forget_way(Connection { from: before, to })
            }
            None => Edit::Disconnect(to),
        })
    }

    /// Forgets the way of a wire that went; returns what brings both back.
    fn forget_way(&mut self, wire: Connection) -> Edit {
        match self.ways.remove_entry(&wire.to) {
            None => Edit::Connect(wire),
            Some((input, way)) => Edit::Group(vec![Edit::Connect(wire), Edit::SetWay(input, way)]),
        }
    }

    /// Returns the connections at a node's ports, sorted by input.
    fn wires_at(&self, id: &NodeId) -> Vec<Connection> {
        let wire = |to: &PortRef, from: &PortRef| Connection { from: from.clone(), to: to.clone() };
        let Some(order) = self.order.get(&self.connections) else {
            let at_node = self.connections.iter().filter(|(to, from)| to.node == *id || from.node == *id);
            return at_node.map(|(to, from)| wire(to, from)).collect();
        };
        let fed = self.feeds_of(id).map(|(port, from)| wire(&PortRef { node: id.clone(), port: port.clone() }, from));
        let mut wires: Vec<Connection> = fed.chain(order.wires_from(id).cloned()).collect();
        wires.sort_unstable_by(|one, other| one.to.cmp(&other.to));
        wires
    }

    fn disconnect(&mut self, input: PortRef) -> Result<Edit, EditError> {
        match self.connections.remove(&input) {
            Some(from) => {
                self.order.disconnect(&from, &input);
                Ok(self.forget_way(Connection { from, to: input }))
            }
            None => Err(EditError::NotConnected(input)),
        }
    }

    fn move_nodes(&mut self, moves: Vec<(NodeId, Position)>) -> Result<Edit, EditError> {
        if let Some((missing, _)) = moves.iter().find(|(id, _)| !self.nodes.contains_key(id)) {
            return Err(EditError::MissingNode(missing.clone()));
        }
        let mut before = Vec::with_capacity(moves.len());
        for (id, position) in moves {
            let old = std::mem::replace(&mut self.node_mut(&id)?.position, position);
            before.push((id, old));
        }
        before.reverse();
        Ok(Edit::MoveNodes(before))
    }

    /// Returns whether `node` is `upstream` or takes anything from it, however far.
    pub fn depends_on(&self, node: &NodeId, upstream: &NodeId) -> bool {
        let order = self.order.get(&self.connections);
        let may_depend = |node: &NodeId| order.is_none_or(|order| order.may_depend(node, upstream));
        let mut seen = std::collections::BTreeSet::new();
        let mut waiting = vec![node];
        while let Some(next) = waiting.pop() {
            if next == upstream {
                return true;
            }
            if may_depend(next) && seen.insert(next) {
                waiting.extend(self.feeds_of(next).map(|(_, from)| &from.node));
            }
        }
        false
    }
}

fn refuse_unless_plain(node: &NodeId, parameter: &ParameterId, value: &Value) -> Result<(), EditError> {
    if value.is_plain() {
        return Ok(());
    }
    Err(EditError::NotPlain { node: node.clone(), parameter: parameter.clone(), got: value.preview() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::workflow::{FrameColor, Span};

    fn node(kind: &'static str) -> Arc<Node> {
        Arc::new(Node::new(kind, Position(0.0, 0.0)))
    }

    fn connect(from: &'static str, to: &'static str) -> Edit {
        Edit::Connect(Connection { from: PortRef::new(from, "out"), to: PortRef::new(to, "in") })
    }

    fn pair() -> Workflow {
        let mut workflow = Workflow::new("pair");
        workflow
            .apply(Edit::Group(vec![
                Edit::AddNode("a".into(), node("text")),
                Edit::AddNode("b".into(), node("text")),
                connect("a", "b"),
            ]))
            .unwrap();
        workflow
    }

    #[test]
    fn removing_a_node_and_taking_it_back_restores_its_wires() {
        let mut workflow = pair();
        let before = workflow.clone();
        let inverse = workflow.apply(Edit::RemoveNode("a".into())).unwrap();
        assert_eq!(workflow.connections().len(), 0);
        workflow.apply(inverse).unwrap();
        assert!(workflow.same_content(&before));
    }

    #[test]
    fn a_group_that_fails_changes_nothing() {
        let mut workflow = pair();
        let before = workflow.clone();
        let error = workflow
            .apply(Edit::Group(vec![Edit::SetTitle("a".into(), "x".to_owned()), Edit::RemoveNode("c".into())]))
            .unwrap_err();
        assert_eq!(error, EditError::MissingNode("c".into()));
        assert!(workflow.same_content(&before));
    }

    #[test]
    fn a_circle_is_refused() {
        let mut workflow = pair();
        let error = workflow.apply(connect("b", "a")).unwrap_err();
        assert_eq!(error.to_string(), "connecting b to a would make a depend on itself");
        assert!(workflow.apply(connect("a", "a")).is_err());
    }

    #[test]
    fn a_parameter_that_no_file_can_hold_is_refused() {
        let mut workflow = pair();
        let bytes = Value::list([Value::Bytes(vec![0; 3].into())]);
        let error = workflow.apply(Edit::SetParameter("a".into(), "text".into(), Some(bytes.clone()))).unwrap_err();
        assert!(error.to_string().contains("plain values only"), "{error}");
        let added = Node::new("text", Position(0.0, 0.0)).with("text", bytes);
        assert!(workflow.apply(Edit::AddNode("c".into(), Arc::new(added))).is_err());
    }

    #[test]
    fn ids_are_never_used_again() {
        let mut workflow = Workflow::new("w");
        let first = workflow.fresh_node_id(&"text".into());
        let undo = workflow.apply(Edit::AddNode(first.clone(), node("text"))).unwrap();
        workflow.apply(undo).unwrap();
        assert_ne!(workflow.fresh_node_id(&"text".into()), first);
    }

    #[test]
    fn only_what_can_alter_results_says_so() {
        assert!(!Edit::MoveNodes(vec![]).touches_results());
        assert!(!Edit::Group(vec![Edit::SetTitle("a".into(), String::new())]).touches_results());
        assert!(Edit::Group(vec![Edit::SetTitle("a".into(), String::new()), connect("a", "b")]).touches_results());
    }

    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

    fn any_settings() -> impl Strategy<Value = NodeSettings> {
        let span = || prop::option::of((0..9_u64).prop_map(|secs| Span(Duration::from_secs(secs))));
        (any::<bool>(), any::<bool>(), 0..3_u32, span(), span()).prop_map(
            |(continue_on_error, error_output, retries, time_limit, keep_results_for)| NodeSettings {
                continue_on_error,
                error_output,
                retries,
                time_limit,
                keep_results_for,
                ..NodeSettings::default()
            },
        )
    }

    fn any_edit() -> impl Strategy<Value = Edit> {
        let name = prop::sample::select(NAMES.to_vec());
        let leaf = prop_oneof![
            name.clone().prop_map(|id| Edit::AddNode(id.into(), node("text"))),
            name.clone().prop_map(|id| Edit::RemoveNode(id.into())),
            (name.clone(), name.clone()).prop_map(|(from, to)| connect(from, to)),
            name.clone().prop_map(|to| Edit::Disconnect(PortRef::new(to, "in"))),
            (name.clone(), prop::option::of(0..3_i64)).prop_map(|(id, value)| Edit::SetParameter(
                id.into(),
                "text".into(),
                value.map(Value::Int)
            )),
            (name.clone(), "[a-z]{0,3}").prop_map(|(id, title)| Edit::SetTitle(id.into(), title)),
            (name.clone(), any_settings()).prop_map(|(id, settings)| Edit::SetNodeSettings(id.into(), settings)),
            any::<bool>().prop_map(|stop| Edit::SetWorkflowSettings(WorkflowSettings {
                stop_at_first_error: stop,
                history: None
            })),
            prop::collection::vec((name.clone(), 0..9_u8), 0..4).prop_map(|moves| Edit::MoveNodes(
                moves.into_iter().map(|(id, x)| (id.into(), Position(f32::from(x), 0.0))).collect()
            )),
            name.clone().prop_map(|id| Edit::SetFrame(
                id.into(),
                Frame {
                    title: id.to_owned(),
                    position: Position(0.0, 0.0),
                    size: (1.0, 1.0),
                    color: FrameColor::Blue,
                    folded: None
                }
            )),
            (name.clone(), any::<bool>()).prop_map(|(id, collapsed)| Edit::SetCollapsed(id.into(), collapsed)),
            (name.clone(), 0..3_u8).prop_map(|(to, n_points)| Edit::SetWay(
                PortRef::new(to, "in"),
                (0..n_points).map(|at| Position(f32::from(at), 1.0)).collect()
            )),
            name.prop_map(|id| Edit::RemoveFrame(id.into())),
        ];
        leaf.prop_recursive(2, 12, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Edit::Group))
    }

    proptest! {
        #[test]
        fn an_edit_and_its_inverse_restore_the_document(edits in prop::collection::vec(any_edit(), 0..40)) {
            let mut workflow = Workflow::new("w");
            for edit in edits {
                let before = workflow.clone();
                match workflow.apply(edit) {
                    Ok(inverse) => {
                        let mut restored = workflow.clone();
                        restored.apply(inverse).unwrap();
                        prop_assert!(restored.same_content(&before));
                    }
                    Err(_) => prop_assert!(workflow.same_content(&before)),
                }
                for (to, from) in workflow.connections() {
                    prop_assert!(workflow.node(&to.node).is_some() && workflow.node(&from.node).is_some());
                    prop_assert!(!workflow.depends_on(&from.node, &to.node));
                }
                for (input, way) in workflow.ways() {
                    prop_assert!(!way.is_empty() && workflow.feed(input).is_some());
                }
            }
        }
    }
}
