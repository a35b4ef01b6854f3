//! Commands that change the document, the marks or the selection.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{App, tabs::WorkflowTab};
use crate::{
    editor::{
        Command, MarkRequest, WireEnd, clipboard,
        command_table::ask_for_paste,
        groups,
        inspector::{Draft, Drafts},
        mark_requests::mark_edit,
        panels::Tone,
        ways, wiring,
        words::count,
    },
    nodes::{Catalogue, Kind, check_loops},
    session::{Mark, MarkEdit, Pin, PinPolicy, PinState},
    value::can_convert,
    workflow::{Connection, Edit, EditError, KindId, Node, NodeId, PortRef, Position, Workflow},
};

/// How long after it was asked for the clipboard's text comes at the latest.
const PASTE_COMES_WITHIN: Duration = Duration::from_secs(1);

impl App {
    /// Pushes what was being typed before all other commands, if there are any or its field is out of sight.
    pub(super) fn commit_drafts(&mut self, commands: &mut Vec<Command>) {
        // A field drawn after the button that was clicked says in the same frame that it is done.
        commands.sort_by_key(|command| !matches!(command, Command::Edit(..)));
        let acts = commands.iter().any(Command::acts);
        self.take_drafts(commands, |drafts| {
            let abandoned = drafts.take_abandoned();
            if acts { abandoned.or_else(|| drafts.take()) } else { abandoned }
        });
    }

    /// Makes what is being typed an edit at once.
    pub(super) fn commit_draft(&mut self) {
        let mut commands = Vec::new();
        self.take_drafts(&mut commands, Drafts::take);
        for command in commands {
            if let Command::Edit(label, edit) = command {
                self.edit(label, edit);
            }
        }
    }

    /// Puts edits made of what was typed, in the inspector and on nodes, before other commands.
    fn take_drafts(&mut self, commands: &mut Vec<Command>, take: impl Fn(&mut Drafts) -> Option<Draft>) {
        let Some(WorkflowTab { sitting, canvas, .. }) = self.tabs.front_mut() else { return };
        for drafts in [&mut self.panels.inspector.drafts, &mut canvas.drafts] {
            let Some(draft) = take(drafts) else { continue };
            if let Some((label, edit)) = drafts.edit(draft, sitting.workflow(), &self.catalogue) {
                commands.insert(0, Command::Edit(label, edit));
            }
        }
    }

    pub(super) fn edit(&mut self, label: String, edit: Edit) {
        if let Some(sitting) = self.tabs.sitting_mut() {
            let result = sitting.edit(label, edit);
            self.say_edit_error(result);
        }
    }

    pub(super) fn say_edit_error(&mut self, result: Result<(), EditError>) {
        if let Err(error) = result {
            self.notices.show(Tone::Warning, format!("Not done: {error}"), Vec::new());
        }
    }

    pub(super) fn undo(&mut self) {
        if let Some(sitting) = self.tabs.sitting_mut() {
            let result = sitting.undo();
            self.say_edit_error(result);
        }
    }

    pub(super) fn redo(&mut self) {
        if let Some(sitting) = self.tabs.sitting_mut() {
            let result = sitting.redo();
            self.say_edit_error(result);
        }
    }

    pub(super) fn go_to_step(&mut self, position: usize) {
        if let Some(sitting) = self.tabs.sitting_mut() {
            let result = sitting.go_to_step(position);
            self.say_edit_error(result);
        }
    }

    pub(super) fn add_node(&mut self, kind: &KindId, position: Position, connect: Option<&WireEnd>) {
        let Some(sitting) = self.tabs.sitting_mut() else { return };
        let Some(known) = self.catalogue.get(kind) else { return };
        let id = sitting.workflow().fresh_node_id(kind);
        let (edit, refusal) = add_node_edit(sitting.workflow(), &self.catalogue, known, (&id, position), connect);
        let result = sitting.edit(format!("Add {}", known.title), edit);
        if result.is_ok() {
            sitting.select([id]);
        }
        self.say_edit_error(result);
        if let Some(why) = refusal {
            self.notices.show(Tone::Warning, format!("Not connected: {why}"), Vec::new());
        }
    }

    pub(super) fn select(&mut self, nodes: Vec<NodeId>) {
        if let Some(sitting) = self.tabs.sitting_mut() {
            sitting.select(nodes);
        }
    }

    pub(super) fn select_also(&mut self, nodes: Vec<NodeId>) {
        if let Some(sitting) = self.tabs.sitting_mut() {
            let selection: Vec<NodeId> = sitting.selection().iter().cloned().chain(nodes).collect();
            sitting.select(selection);
        }
    }

    pub(super) fn toggle_selected(&mut self, nodes: Vec<NodeId>) {
        if let Some(sitting) = self.tabs.sitting_mut() {
            let mut selection = sitting.selection().clone();
            for node in nodes {
                if !selection.remove(&node) {
                    selection.insert(node);
                }
            }
            sitting.select(selection);
        }
    }

    pub(super) fn select_all(&mut self) {
        if let Some(sitting) = self.tabs.sitting_mut() {
            let all: Vec<NodeId> = sitting.shown_workflow().nodes().map(|(id, _)| id.clone()).collect();
            sitting.select(all);
        }
    }

    pub(super) fn mark(&mut self, nodes: &[NodeId], request: MarkRequest) {
        if let Some(sitting) = self.tabs.sitting_mut() {
            let (label, edit) = mark_edit(sitting.workflow(), sitting.marks(), sitting.baseline(), nodes, request);
            sitting.mark(label, edit);
        }
    }

    /// Pins the results that a released pin had, from now on for good.
    pub(super) fn keep_released(&mut self, node: &NodeId) {
        let Some(sitting) = self.tabs.sitting_mut() else { return };
        if let Some(released) = sitting.released().iter().find(|released| released.node == *node).cloned() {
            let state = PinState::Captured(released.capture);
            let mark = Mark::Pinned(Pin { policy: PinPolicy::Hold, state });
            sitting.mark(format!("Keep the pin of {node}"), MarkEdit(vec![(released.node, mark)]));
        }
    }

    pub(super) fn delete_selected(&mut self, verb: &str) {
        let Some(WorkflowTab { sitting, canvas, .. }) = self.tabs.front_mut() else { return };
        let is_alone = canvas.bends() != canvas.chosen_bends();
        let bends = ways::unbend(sitting.workflow(), canvas.bends());
        let n_nodes = sitting.selection().len();
        let nodes = sitting.selection().iter().cloned().map(Edit::RemoveNode);
        let (frames, groups) = groups::remove_with(sitting.workflow(), sitting.selection());
        let groups = if groups.is_empty() { String::new() } else { format!(" with group {}", groups.join(", ")) };
        let result = match bends {
            // The bend that has the focus is meant, not what is selected elsewhere.
            Some((label, edit)) if is_alone || n_nodes == 0 => sitting.edit(label, edit),
            None if n_nodes == 0 => return,
            bends => {
                let beside = if bends.is_some() {
                    format!(" and {}", count(canvas.bends().len(), "bend"))
                } else {
                    String::new()
                };
                let label = format!("{verb} {}{beside}{groups}", count(n_nodes, "node"));
                let edits = bends.into_iter().map(|(_, edit)| edit).chain(frames).chain(nodes).collect();
                sitting.edit(label, Edit::Group(edits))
            }
        };
        self.say_edit_error(result);
    }

    pub(super) fn delete_and_heal(&mut self) {
        let Some(sitting) = self.tabs.sitting_mut().filter(|sitting| !sitting.selection().is_empty()) else { return };
        let nodes = sitting.selection();
        let (edit, n_healed) = wiring::delete_and_heal(sitting.workflow(), &self.catalogue, nodes);
        let (frames, _) = groups::remove_with(sitting.workflow(), nodes);
        let edit = Edit::Group(std::iter::once(edit).chain(frames).collect());
        let nodes = count(nodes.len(), "node");
        let label = match n_healed {
            0 => format!("Delete {nodes}"),
            wires => format!("Delete {nodes} and heal {}", count(wires, "wire")),
        };
        let result = sitting.edit(label, edit);
        self.say_edit_error(result);
    }

    pub(super) fn copy(&self, ctx: &egui::Context) {
        if let Some(sitting) = self.tabs.sitting().filter(|sitting| !sitting.selection().is_empty()) {
            ctx.copy_text(clip(sitting.shown_workflow(), sitting.selection()));
        }
    }

    pub(super) fn cut(&mut self, ctx: &egui::Context) {
        self.copy(ctx);
        self.delete_selected("Cut");
    }

    /// Adds nodes from text at a place; without one at the pointer, if it is over the canvas, else beside where they were.
    pub(super) fn paste(&mut self, text: &str, position: Option<Position>) {
        let position = position.or_else(|| self.tabs.front()?.canvas.pointer_scene());
        let keeps_feeds = self.paste_keeps_feeds.take().is_some_and(|asked| asked.elapsed() < PASTE_COMES_WITHIN);
        self.paste_as("Paste", text, position, keeps_feeds);
    }

    /// Asks the system for the clipboard, whose nodes then keep what fed them.
    pub(super) fn ask_for_connected_paste(&mut self, ctx: &egui::Context) {
        self.paste_keeps_feeds = Some(Instant::now());
        ask_for_paste(ctx);
    }

    pub(super) fn duplicate(&mut self) {
        if let Some(sitting) = self.tabs.sitting().filter(|sitting| !sitting.selection().is_empty()) {
            let text = clip(sitting.workflow(), sitting.selection());
            self.paste_as("Duplicate", &text, None, false);
        }
    }

    fn paste_as(&mut self, verb: &str, text: &str, position: Option<Position>, keeps_feeds: bool) {
        let Some(sitting) = self.tabs.sitting_mut() else { return };
        match clipboard::paste(sitting.workflow(), text, position, keeps_feeds) {
            Ok((edit, nodes)) => {
                let label = format!("{verb} {}", count(nodes.len(), "node"));
                let result = sitting.edit(label, edit);
                sitting.select(nodes);
                self.say_edit_error(result);
            }
            Err(error) => {
                self.notices.show(Tone::Warning, format!("Not pasted: {error}"), Vec::new());
            }
        }
    }
}

/// Returns nodes as text, with the groups that are whole among them.
fn clip(workflow: &Workflow, nodes: &BTreeSet<NodeId>) -> String {
    clipboard::copy(workflow, nodes, &groups::whole(workflow, nodes))
}

/// Returns the edit that adds a node, beside one that stands in that very place, and wires it to the end in the hand if
/// that fits; and why it is not wired if that would make a loop that cannot run.
fn add_node_edit(
    workflow: &Workflow,
    catalogue: &Catalogue,
    kind: &Kind,
    (id, position): (&NodeId, Position),
    connect: Option<&WireEnd>,
) -> (Edit, Option<String>) {
    let position = free_place(workflow, position);
    let add = Edit::AddNode(id.clone(), Arc::new(Node::new(&kind.id, position)));
    let Some(connection) = connect.and_then(|end| fitting_connection(workflow, catalogue, kind, id, end)) else {
        return (add, None);
    };
    let mut with_node = workflow.clone();
    if with_node.apply(add.clone()).is_ok()
        && let Err(why) = check_loops(&with_node, catalogue, &connection, None)
    {
        return (add, Some(why));
    }
    (Edit::Group(vec![add, Edit::Connect(connection)]), None)
}

/// Returns the place, or one a little further on where no node stands already.
fn free_place(workflow: &Workflow, place: Position) -> Position {
    let taken: BTreeSet<(i64, i64)> =
        workflow.nodes().map(|(_, node)| (node.position.0.round() as i64, node.position.1.round() as i64)).collect();
    let is_taken = |place: Position| taken.contains(&(place.0.round() as i64, place.1.round() as i64));
    let mut free = place;
    while is_taken(free) {
        free = Position(free.0 + 24.0, free.1 + 24.0);
    }
    free
}

/// Returns the connection between the end in the hand and the first port of the new node that fits.
fn fitting_connection(
    workflow: &Workflow,
    catalogue: &Catalogue,
    kind: &Kind,
    id: &NodeId,
    end: &WireEnd,
) -> Option<Connection> {
    match end {
        WireEnd::Output(from) => {
            let kind_from = kind_of(workflow, catalogue, from)?;
            let given = kind_from.output_of(workflow.node(&from.node)?, &from.port)?.value_type;
            let inputs = kind.shown_inputs(|_| false);
            let (port, _) = inputs.into_iter().find(|(_, input)| can_convert(given, input.value_type))?;
            Some(Connection { from: from.clone(), to: PortRef { node: id.clone(), port } })
        }
        WireEnd::Input(to) => {
            let taken = kind_of(workflow, catalogue, to)?.input_port(&to.port)?.value_type;
            let output = kind.outputs.iter().find(|output| can_convert(output.value_type, taken))?;
            Some(Connection { from: PortRef { node: id.clone(), port: output.id.clone() }, to: to.clone() })
        }
    }
}

fn kind_of<'a>(workflow: &Workflow, catalogue: &'a Catalogue, end: &PortRef) -> Option<&'a Arc<Kind>> {
    catalogue.get(&workflow.node(&end.node)?.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nodes::{Arity, Family, Outputs, Success},
        value::ValueType,
    };

    fn fixture() -> (Workflow, Catalogue) {
        let mut catalogue = Catalogue::empty();
        let kind = |id| Kind::new(id, id, Family::Text, |_| Ok(Success::new(Outputs::none())));
        catalogue.register(kind("source").output("image", ValueType::Image).output("text", ValueType::Text));
        catalogue.register(
            kind("work")
                .input("image", ValueType::Image, Arity::Required)
                .input("t", ValueType::Text, Arity::Many { min: 1 })
                .output("out", ValueType::Table),
        );
        let mut workflow = Workflow::new("w");
        let node = Arc::new(Node::new("source", Position(0.0, 0.0)));
        workflow.apply(Edit::AddNode("source_1".into(), node)).unwrap();
        (workflow, catalogue)
    }

    #[test]
    fn a_wire_in_the_hand_finds_the_first_port_that_fits() {
        let (mut workflow, catalogue) = fixture();
        let end = WireEnd::Output(PortRef::new("source_1", "text"));
        let kind = catalogue.get(&"work".into()).unwrap();
        let (edit, _) = add_node_edit(&workflow, &catalogue, kind, (&"work_2".into(), Position(9.0, 9.0)), Some(&end));
        workflow.apply(edit).unwrap();
        let wires: Vec<_> = workflow.connections().map(|(to, from)| (to.to_string(), from.to_string())).collect();
        assert_eq!(wires, [("work_2.t1".to_owned(), "source_1.text".to_owned())]);
    }

    #[test]
    fn an_input_in_the_hand_is_fed_by_the_first_output_that_fits() {
        let (mut workflow, catalogue) = fixture();
        workflow.apply(Edit::AddNode("work_2".into(), Arc::new(Node::new("work", Position(5.0, 5.0))))).unwrap();
        let end = WireEnd::Input(PortRef::new("work_2", "t1"));
        let kind = catalogue.get(&"source".into()).unwrap();
        let (edit, _) =
            add_node_edit(&workflow, &catalogue, kind, (&"source_3".into(), Position(9.0, 9.0)), Some(&end));
        workflow.apply(edit).unwrap();
        assert_eq!(workflow.feed(&PortRef::new("work_2", "t1")), Some(&PortRef::new("source_3", "text")));
    }

    #[test]
    fn a_new_node_is_not_wired_into_a_loop_that_cannot_run() {
        let catalogue = Catalogue::standard();
        let mut workflow = Workflow::new("w");
        let node = Arc::new(Node::new("for_each", Position(0.0, 0.0)));
        workflow.apply(Edit::AddNode("f".into(), node)).unwrap();
        let end = WireEnd::Output(PortRef::new("f", "item"));
        for (kind, is_wired) in [("collect", true), ("next", false)] {
            let kind = catalogue.get(&kind.into()).unwrap();
            let place = (&"new".into(), Position(9.0, 9.0));
            let (edit, refusal) = add_node_edit(&workflow, &catalogue, kind, place, Some(&end));
            let mut changed = workflow.clone();
            changed.apply(edit).unwrap();
            assert_eq!((changed.n_nodes(), changed.connections().len() == 1), (2, is_wired));
            assert_eq!(refusal.is_none(), is_wired);
        }
    }

    #[test]
    fn nodes_are_not_put_exactly_onto_each_other() {
        let (workflow, _) = fixture();
        assert_eq!(free_place(&workflow, Position(0.2, 0.0)), Position(24.2, 24.0));
        assert_eq!(free_place(&workflow, Position(50.0, 0.0)), Position(50.0, 0.0));
    }
}
