//! What is asked of the pin of one node: its values typed in, compared with fresh ones, or made a constant.

use std::{collections::BTreeSet, sync::Arc};

use super::{App, Dialog, Message};
use crate::{
    editor::{
        PinRequest,
        constants::replace_with_constants,
        dialogs::{ComparedNode, EditPinDialog, FreshDialog, Stage, fields_of},
        fresh::Comparison,
        panels::Tone,
        sitting::Sitting,
        words,
    },
    engine::{Decision, Engine, EventKind, NodePlan, RunHandle, RunRequest, name_of_node},
    nodes::Outputs,
    session::{Capture, Mark, MarkEdit, Pin, PinPolicy, PinState, SessionId},
    store::{Kept, Part, RunId, RunKind},
    value::Value,
    workflow::{NodeId, PortId},
};

/// What the values of a pin are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadFor {
    /// To be typed over.
    Edit,
    /// To be given by input nodes.
    Replace,
}

/// A run aside, for a comparison.
pub(super) struct Aside {
    handle: RunHandle,
}

impl App {
    pub(super) fn pinned(&mut self, nodes: &[NodeId], request: PinRequest) {
        match (request, nodes.first()) {
            (PinRequest::Edit, Some(node)) => self.edit_pin(node.clone()),
            (PinRequest::Replace, Some(node)) => self.replace_pinned(node.clone()),
            (PinRequest::Compare, Some(_)) => self.compare_with_fresh(nodes),
            (PinRequest::ExecuteAside, _) => self.execute_aside(),
            (PinRequest::TakeFresh, _) => self.take_fresh(),
            (_, None) => {}
        }
    }

    /// Says why something was not done with a node.
    fn refuse(&mut self, what: &str, node: &NodeId, why: &str) {
        let title = self.tabs.sitting().map_or_else(|| node.to_string(), |sitting| self.title(sitting, node));
        self.notices.show(Tone::Warning, format!("{what} {title}: {why}"), Vec::new());
    }

    fn title(&self, sitting: &Sitting, node: &NodeId) -> String {
        words::title(sitting.workflow(), &self.catalogue, node)
    }

    /// Opens the values that a node is pinned to, or gave last, to be typed over.
    fn edit_pin(&mut self, node: NodeId) {
        let Some(sitting) = self.tabs.sitting() else { return };
        let Some(known) = sitting.workflow().node(&node) else { return };
        let kept = values_of(sitting, &node);
        let refusal = match self.catalogue.get(&known.kind) {
            None => Some("this program does not know what it gives"),
            Some(kind) if kind.outputs_of(known).next().is_none() => Some("it gives nothing"),
            Some(kind) if kind.role.is_head() => {
                Some("it gives other values in each iteration of its loop: edit what feeds it")
            }
            Some(_) if kept.as_ref().is_some_and(Kept::is_sensitive) => {
                Some("its values are sensitive, and typed in they would be written")
            }
            Some(_) => None,
        };
        if let Some(why) = refusal {
            return self.refuse("The value cannot be edited of", &node, why);
        }
        let has_effect = sitting.plan().get(&node).is_some_and(|plan| plan.side_effect);
        let title = self.title(sitting, &node);
        self.dialog = Some(Dialog::EditPin(EditPinDialog::new(node.clone(), title, has_effect)));
        self.read_values(node, kept, ReadFor::Edit);
    }

    /// Reads the values of a pin, elsewhere if they lie on the disk.
    fn read_values(&mut self, node: NodeId, kept: Option<Kept>, to: ReadFor) {
        let Some(session) = self.tabs.session() else { return };
        match kept {
            None => self.values_read(session, &node, to, Ok(None)),
            Some(kept) => match kept.loaded().cloned() {
                Some(outputs) => self.values_read(session, &node, to, Ok(Some(outputs))),
                None => self.background.start("pinflow-pin", move || {
                    Message::PinValues(session, node, to, kept.load().map(Some).map_err(|error| error.to_string()))
                }),
            },
        }
    }

    /// Takes in the values of a pin.
    pub(super) fn values_read(
        &mut self,
        session: SessionId,
        node: &NodeId,
        to: ReadFor,
        read: Result<Option<Arc<Outputs>>, String>,
    ) {
        let Some(sitting) = self.tabs.sitting().filter(|sitting| sitting.session() == session) else { return };
        match (to, read) {
            (ReadFor::Edit, read) => {
                let Some(known) = sitting.workflow().node(node) else { return };
                let Some(kind) = self.catalogue.get(&known.kind) else { return };
                let ports = kind.outputs_of(known).map(|port| (&port.id, port.value_type));
                let fields = read.map(|given| fields_of(ports, given.as_ref()));
                if let Some(Dialog::EditPin(dialog)) = self.dialog.as_mut() {
                    dialog.take(fields.map_err(|error| format!("The values cannot be read: {error}")));
                }
            }
            (ReadFor::Replace, Ok(outputs)) => self.replace(node, &outputs.unwrap_or_default()),
            (ReadFor::Replace, Err(error)) => self.refuse("Not replaced:", node, &error),
        }
    }

    /// Pins a node to values that a person typed in.
    pub(super) fn pin_typed(&mut self, node: &NodeId, values: Vec<(PortId, Value)>) {
        let outputs: Arc<Outputs> = Arc::new(values.into_iter().collect());
        let Some(sitting) = self.tabs.sitting_mut() else { return };
        let Some(mark) = typed_mark(sitting, node, outputs) else { return };
        let title = words::title(sitting.workflow(), &self.catalogue, node);
        sitting.mark(format!("Edit the pinned value of {title}"), MarkEdit(vec![(node.clone(), mark)]));
    }

    /// Finds out what has to execute to compare pins with what their nodes give now.
    fn compare_with_fresh(&mut self, nodes: &[NodeId]) {
        let Some(sitting) = self.tabs.sitting() else { return };
        let requests: Vec<(NodeId, RunRequest)> =
            nodes.iter().filter_map(|node| Some((node.clone(), self.aside_request(node)?))).collect();
        if requests.is_empty() {
            return;
        }
        let waiting = requests.iter().map(|(node, _)| (node.clone(), self.title(sitting, node))).collect();
        let (session, probes, engine) = (sitting.session(), sitting.probes().clone(), self.engine.aside());
        self.dialog = Some(Dialog::Fresh(FreshDialog { waiting, compared: Vec::new(), stage: Stage::Planning }));
        self.background.start("pinflow-aside", move || {
            let mut effects = BTreeSet::new();
            for (_, request) in &requests {
                let plan = engine.plan(request, &probes);
                let title = |node: &NodePlan| words::title(&request.workflow, engine.catalogue(), &node.node);
                effects.extend(plan.nodes().filter(|node| may_change_the_world(node)).map(title));
            }
            Message::AsidePlanned(session, effects.into_iter().collect())
        });
    }

    /// Takes in which nodes would change something outside; if none, goes on.
    pub(super) fn aside_planned(&mut self, session: SessionId, effects: Vec<String>) {
        if self.tabs.session() != Some(session) {
            return;
        }
        let Some(Dialog::Fresh(dialog)) = self.dialog.as_mut() else { return };
        if !matches!(dialog.stage, Stage::Planning) {
            return;
        }
        if effects.is_empty() {
            self.execute_aside();
        } else {
            dialog.stage = Stage::Asking(effects);
        }
    }

    /// Executes the first of the nodes to be compared, and what it needs, in a run of which nothing is kept.
    fn execute_aside(&mut self) {
        let Some(Dialog::Fresh(dialog)) = &mut self.dialog else { return };
        let Some((node, title)) = dialog.waiting.front().cloned() else {
            dialog.stage = Stage::Done;
            return;
        };
        dialog.stage = Stage::Running(title);
        let (request, pinned) = (self.aside_request(&node), request_pin(self.tabs.sitting(), &node));
        let Some((request, pinned)) = request.zip(pinned) else { return };
        let engine = self.engine.aside();
        let handle = compare_in_a_run(&engine, request, node, pinned, self.background.reporter());
        self.aside = Some(Aside { handle });
    }

    /// Returns the request to execute a pinned node and what it needs, with the marks and results of now.
    fn aside_request(&self, node: &NodeId) -> Option<RunRequest> {
        let sitting = self.tabs.sitting()?;
        let mut marks = sitting.marks().clone();
        marks.get(node).capture()?;
        marks.set(node.clone(), Mark::Forced);
        let options = self.settings.run.plan(RunKind::Resumed, Part::To(vec![node.clone()]));
        Some(RunRequest { marks, breakpoints: BTreeSet::new(), ..self.request(sitting, options) })
    }

    /// Stops the run aside, if one goes on.
    pub(super) fn stop_aside(&mut self) {
        if let Some(aside) = self.aside.take() {
            aside.handle.cancel();
        }
    }

    /// Takes in which node the run aside is at.
    pub(super) fn aside_at(&mut self, run: RunId, node: &NodeId) {
        let title = self.tabs.sitting().map_or_else(|| node.to_string(), |sitting| self.title(sitting, node));
        if let (Some(Dialog::Fresh(dialog)), true) =
            (&mut self.dialog, self.aside.as_ref().is_some_and(|aside| aside.handle.id() == run))
        {
            dialog.stage = Stage::Running(title);
        }
    }

    /// Takes in what the run aside came to, and goes on with the next node.
    pub(super) fn aside_ended(&mut self, run: RunId, result: Result<Box<Comparison>, String>) {
        if self.aside.take_if(|aside| aside.handle.id() == run).is_some()
            && let Some(Dialog::Fresh(dialog)) = &mut self.dialog
            && let Some((node, title)) = dialog.waiting.pop_front()
        {
            dialog.compared.push(ComparedNode::new(node, title, result));
            self.execute_aside();
        }
    }

    /// Pins what nodes gave aside in the place of what they are pinned to, where that was chosen.
    fn take_fresh(&mut self) {
        let Some(Dialog::Fresh(dialog)) = self.dialog.take() else { return };
        let Some(sitting) = self.tabs.sitting_mut() else { return };
        let (mut marks, mut titles) = (Vec::new(), Vec::new());
        for ComparedNode { node, title, result, .. } in dialog.compared.into_iter().filter(|node| node.is_taken) {
            let policy = sitting.marks().get(&node).as_pin().map(|pin| pin.policy);
            if let (Some(policy), Ok(compared)) = (policy, result) {
                marks.push((node, Mark::captured(policy, compared.fresh)));
                titles.push(title);
            }
        }
        sitting.mark(format!("Take the fresh results of {}", titles.join(", ")), MarkEdit(marks));
    }

    /// Puts input nodes in the place of a pinned node, once its values are read.
    fn replace_pinned(&mut self, node: NodeId) {
        let Some(kept) = request_pin(self.tabs.sitting(), &node) else { return };
        if kept.is_sensitive() {
            return self.refuse(
                "Not replaced:",
                &node,
                "its values are sensitive, and would stand in the workflow's file",
            );
        }
        self.read_values(node, Some(kept), ReadFor::Replace);
    }

    fn replace(&mut self, node: &NodeId, outputs: &Outputs) {
        let Some(sitting) = self.tabs.sitting_mut() else { return };
        match replace_with_constants(sitting.workflow(), &self.catalogue, node, outputs) {
            Ok((edit, nodes)) => {
                let title = words::title(sitting.workflow(), &self.catalogue, node);
                let result = sitting.edit(format!("Replace {title} with a constant"), edit);
                if result.is_ok() {
                    sitting.select(nodes);
                }
                self.say_edit_error(result);
            }
            Err(why) => self.refuse("Not replaced:", node, &why),
        }
    }
}

/// Returns the results that a node is pinned to.
fn request_pin(sitting: Option<&Sitting>, node: &NodeId) -> Option<Kept> {
    Some(sitting?.marks().get(node).capture()?.results.clone())
}

/// Returns the results that a node is pinned to, or gave last.
fn values_of(sitting: &Sitting, node: &NodeId) -> Option<Kept> {
    let pinned = request_pin(Some(sitting), node);
    let given = || sitting.baseline().get(node).filter(|record| record.has_results())?.results.clone();
    pinned.or_else(given)
}

/// Returns whether a node that changes something outside executes in a run, or may.
fn may_change_the_world(node: &NodePlan) -> bool {
    let may_execute = matches!(node.decision, Decision::Execute | Decision::Pinned { may_be_released: true, .. })
        || !node.depends_on_releases_of.is_empty();
    node.side_effect && may_execute
}

/// Returns the pin with values that were typed in: bound to what the values it stands for came from, if that still holds, else
/// to the node as it is now, until it is unpinned. Nothing if these are the values it has.
fn typed_mark(sitting: &Sitting, node: &NodeId, outputs: Arc<Outputs>) -> Option<Mark> {
    let known = sitting.workflow().node(node)?;
    let plan = sitting.plan().get(node)?;
    let mark = sitting.marks().get(node);
    let is_same = |kept: &Kept| {
        kept.loaded().is_some_and(|given| {
            given.fingerprints() == outputs.fingerprints()
                && given.iter().map(|(port, _)| port).eq(outputs.iter().map(|(port, _)| port))
        })
    };
    if mark.capture().is_some_and(|capture| is_same(&capture.results)) {
        return None;
    }
    if let Some((pin, capture)) = mark.as_pin().zip(mark.capture())
        && plan.stale.is_none()
        && plan.released.is_none()
    {
        let capture = Capture::clone(capture).edited(outputs);
        return Some(Mark::Pinned(Pin { policy: pin.policy, state: PinState::Captured(Arc::new(capture)) }));
    }
    let given =
        sitting.baseline().get(node).filter(|record| record.config == plan.config && record.recipe == plan.recipe);
    if let Some(capture) = given.and_then(|record| Capture::of(record)) {
        let capture = if is_same(&capture.results) { capture } else { capture.edited(outputs) };
        return Some(Mark::captured(PinPolicy::Hold, capture));
    }
    let wires = sitting.workflow().feeds_of(node).map(|(port, from)| (port.clone(), from.clone()));
    let capture = Capture::typed_in(Arc::clone(known), (plan.config, plan.recipe), wires, outputs);
    Some(Mark::captured(PinPolicy::Hold, capture))
}

/// Starts a run that ends with a comparison of what a node is pinned to with what it gave.
fn compare_in_a_run(
    engine: &Engine,
    request: RunRequest,
    node: NodeId,
    pinned: Kept,
    reporter: crate::editor::background::Reporter<Message>,
) -> RunHandle {
    let (workflow, catalogue) = (Arc::clone(&request.workflow), Arc::clone(engine.catalogue()));
    engine.start(request, move |event| match event.kind {
        EventKind::NodeStarted { node } => reporter.report(Message::AsideAt(event.run, node)),
        EventKind::Finished(record) => {
            let name = |node: &NodeId| name_of_node(&workflow, &catalogue, node);
            let compared = match record.node(&node) {
                Some(record) => Comparison::of(&pinned, &record, &name).map(Box::new),
                None => Err("The node is not in the workflow any more".to_owned()),
            };
            reporter.report(Message::AsideEnded(event.run, compared));
        }
        _ => {}
    })
}
