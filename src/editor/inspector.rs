//! The inspector: all about the selected node, in sections that can be closed.

mod about;
mod asked;
mod change_value;
mod code_field;
mod color_field;
mod drafts;
mod fields;
mod highlight;
mod iterations;
mod number_field;
mod parameter_text;
mod path_field;
mod pinned_data;
mod record;
mod secret_field;
mod sections;
mod settings;
mod shared;
mod table_field;
mod timing;

use std::{collections::BTreeSet, path::PathBuf};

use egui::{Label, RichText, ScrollArea, TextEdit, Ui};

use self::{asked::Asked, secret_field::Secrets, shared::SharedState};
pub(crate) use self::{
    asked::NodeKey,
    drafts::{Draft, Drafts, Target, set_parameter},
    fields::parameter_ui,
    highlight::Part,
    number_field::number_speed,
    path_field::note_recent,
    secret_field::SecretPlace,
    sections::InspectorMemory,
    shared::set_all,
    timing::MAX_BARS,
};
use super::{
    Command, LookRequest, Section, View,
    canvas::frame_colors_ui,
    command_item::small_button_ui,
    command_table::{CommandId as Id, Situation},
    icons::{self, Icon},
    iterations::IterationsState,
    past::Past,
    theme,
    viewers::{Place, Room, Viewers, results_ui},
    words,
};
use crate::{
    session::{Mark, PinPolicy},
    store::{NodeRun, PinnedData},
    workflow::{Edit, Frame, FrameId, Location, Node, NodeId, Problem, Severity, WorkflowSettings},
};

/// The most selected nodes that are listed.
const MAX_LISTED: usize = 50;

/// What the inspector remembers between frames.
#[derive(Default)]
pub(crate) struct InspectorState {
    /// What is being typed or dragged.
    pub(crate) drafts: Drafts,
    /// The value that is being changed for a paused run.
    change: Option<change_value::Change>,
    /// Which iteration of a loop is looked at.
    pub(crate) iterations: IterationsState,
    /// What the selected node remembers.
    pub(crate) pinned_data: Asked<Option<PinnedData>>,
    /// How long it took in earlier runs.
    pub(crate) times: Asked<Vec<NodeRun>>,
    /// What several selected nodes have in common.
    shared: SharedState,
    /// Where secrets are.
    pub(crate) secrets: Secrets,
    /// What is remembered over restarts.
    pub(crate) memory: InspectorMemory,
    /// The section that is to be opened and scrolled to.
    go_to: Option<Section>,
}

/// What helps to fill in parameters.
#[derive(Clone, Copy)]
struct Aids<'a> {
    /// Paths that were chosen lately.
    recent: &'a [PathBuf],
    secrets: &'a Secrets,
}

impl InspectorState {
    /// Forgets what is being typed and changed, for another document.
    pub(crate) fn leave(&mut self) {
        self.drafts.clear();
        self.change = None;
        self.shared.leave();
        self.go_to = None;
    }

    /// Opens a section of the selected node and scrolls to it.
    pub(crate) const fn go_to(&mut self, section: Section) {
        self.go_to = Some(section);
    }
}

/// Shows the selected node, or what several have in common; the chosen frame, or the workflow, if none is.
pub(crate) fn inspector_ui(
    ui: &mut Ui,
    view: View<'_>,
    frame: Option<&FrameId>,
    state: &mut InspectorState,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    let frame = frame.and_then(|id| Some((id, view.workflow.frame(id)?)));
    let mut selected = view.selection.iter().filter_map(|id| Some((id, view.workflow.node(id)?)));
    let (first, second) = (selected.next(), selected.next());
    ScrollArea::vertical().id_salt("inspector").auto_shrink([false, false]).show(ui, |ui| match (first, second) {
        (None, _) => match frame.filter(|_| view.past.is_none()) {
            Some(frame) => frame_ui(ui, view, frame, state, commands),
            None => workflow_ui(ui, view, state, commands),
        },
        (Some((id, node)), None) => node_ui(ui, view, (id, node), state, viewers, commands),
        (Some(_), Some(_)) => several_ui(ui, view, state, commands),
    });
}

/// Pushes the edit that a finished draft stands for.
fn push_draft(view: View<'_>, drafts: &mut Drafts, draft: Option<Draft>, commands: &mut Vec<Command>) {
    let edit = draft.and_then(|draft| drafts.edit(draft, view.workflow, view.catalogue));
    commands.extend(edit.map(|(label, edit)| Command::Edit(label, edit)));
}

fn workflow_ui(ui: &mut Ui, view: View<'_>, state: &mut InspectorState, commands: &mut Vec<Command>) {
    ui.heading("Workflow");
    if view.past.is_some() {
        ui.label(view.workflow.name());
        ui.weak("As it was in this run. Select a node to see its parameters and what came of it.");
        return;
    }
    let label = ui.label("Name");
    let drafts = &mut state.drafts;
    let draft = drafts.text(ui, &Target::Name, view.workflow.name(), |ui, text| {
        ui.add(TextEdit::singleline(text).desired_width(f32::INFINITY)).labelled_by(label.id)
    });
    push_draft(view, drafts, draft, commands);
    let mut stop = view.workflow.settings().stop_at_first_error;
    if ui.checkbox(&mut stop, "Stop at the first error").changed() {
        let settings = WorkflowSettings { stop_at_first_error: stop, ..view.workflow.settings().clone() };
        commands.push(Command::Edit("Workflow settings".to_owned(), Edit::SetWorkflowSettings(settings)));
    }
    ui.add_space(8.0);
    ui.weak(format!(
        "{}, {}",
        words::count(view.workflow.n_nodes(), "node"),
        words::count(view.workflow.connections().len(), "connection")
    ));
    ui.weak("Select a node to see its parameters and results.");
}

fn frame_ui(
    ui: &mut Ui,
    view: View<'_>,
    (id, frame): (&FrameId, &Frame),
    state: &mut InspectorState,
    commands: &mut Vec<Command>,
) {
    let situation = Situation::of(view).about_frame(id);
    ui.heading("Frame");
    let label = ui.label("Title");
    let draft = ui.push_id(id.as_str(), |ui| {
        state.drafts.text(ui, &Target::Frame(id.clone()), &frame.title, |ui, text| {
            ui.add(TextEdit::singleline(text).desired_width(f32::INFINITY)).labelled_by(label.id)
        })
    });
    push_draft(view, &mut state.drafts, draft.inner, commands);
    ui.label("Colour");
    ui.horizontal(|ui| frame_colors_ui(ui, &situation, commands));
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        for id in [Id::SelectInFrame, Id::Delete] {
            small_button_ui(ui, id, &situation, None, commands);
        }
    });
}

fn several_ui(ui: &mut Ui, view: View<'_>, state: &mut InspectorState, commands: &mut Vec<Command>) {
    ui.heading(words::count(view.selection.len(), "node"));
    ui.horizontal_wrapped(|ui| {
        if view.past.is_some() {
            return;
        }
        for id in [Id::PinResults, Id::Unpin, Id::Force, Id::Disable] {
            small_button_ui(ui, id, &Situation::of(view), None, commands);
        }
    });
    ui.add_space(8.0);
    ui.add_enabled_ui(view.past.is_none(), |ui| {
        let InspectorState { drafts, shared, secrets, memory, .. } = state;
        let aids = Aids { recent: &memory.recent_paths, secrets };
        ui.push_id("several", |ui| {
            shared::shared_ui(ui, view, shared, (drafts, &mut memory.only_changed, aids), commands);
        });
    });
    ui.separator();
    for id in view.selection.iter().take(MAX_LISTED) {
        if ui.link(words::title(view.workflow, view.catalogue, id)).clicked() {
            commands.push(Command::Look(LookRequest::Reveal(id.clone())));
        }
    }
    if view.selection.len() > MAX_LISTED {
        ui.weak(format!("and {} more", view.selection.len() - MAX_LISTED));
    }
}

fn node_ui(
    ui: &mut Ui,
    view: View<'_>,
    (id, node): (&NodeId, &Node),
    state: &mut InspectorState,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    let go_to = &mut state.go_to.take();
    let mut sections = std::mem::take(&mut state.memory.sections);
    header_ui(ui, view, (id, node), state, commands);
    match view.past {
        None => mark_ui(ui, view, id, commands),
        Some(past) => past_ui(ui, past, id, commands),
    }
    problems_ui(ui, view, id);
    if view.past.is_none() {
        iterations::mixed_ui(ui, view, id, commands);
    }
    let mut section = |ui: &mut Ui, title: &str, open: bool, body: &mut dyn FnMut(&mut Ui)| {
        sections.section(ui, go_to, (title, open), id, body);
    };
    section(ui, "Parameters", true, &mut |ui| {
        ui.add_enabled_ui(view.past.is_none(), |ui| {
            let InspectorState { drafts, secrets, memory, .. } = &mut *state;
            let aids = Aids { recent: &memory.recent_paths, secrets };
            fields::parameters_ui(ui, view, (id, node), (drafts, &mut memory.only_changed, aids), commands);
        });
    });
    if let Some(kind) = view.catalogue.get(&node.kind) {
        section(ui, "About", false, &mut |ui| about::about_ui(ui, kind, commands));
    }
    section(ui, "Input Data", false, &mut |ui| record::inputs_ui(ui, view, id, viewers, commands));
    section(ui, "Output Data", true, &mut |ui| match view.baseline.get(id) {
        Some(record) => {
            results_ui(ui, view, record, Place::Panel(Room::Small), viewers, commands);
            if view.past.is_none() {
                change_value::change_ui(ui, view, record, &mut state.change, commands);
            }
        }
        None => {
            ui.weak("No results yet.");
        }
    });
    if view.past.is_some() {
        if let Some(change) = view.record(id).and_then(|record| record.pinned_data.clone()) {
            section(ui, "Pinned Data", true, &mut |ui| pinned_data::of_past_ui(ui, &change, viewers, commands));
        }
    } else if let Some(data) = pinned_data::of(view, id, &state.pinned_data, commands) {
        section(ui, "Pinned Data", true, &mut |ui| {
            pinned_data::pinned_data_ui(ui, view, id, data, viewers, commands);
        });
    }
    if super::iterations::of(view, id).is_some() {
        section(ui, "Iterations", true, &mut |ui| {
            iterations::iterations_ui(ui, view, id, &mut state.iterations, viewers, commands);
        });
    }
    section(ui, "Why", true, &mut |ui| record::why_ui(ui, view, id));
    section(ui, "Timing", false, &mut |ui| {
        timing::timing_ui(ui, view, id, &state.times, commands);
    });
    section(ui, "Log", false, &mut |ui| record::log_ui(ui, view, id));
    section(ui, "Settings", false, &mut |ui| {
        ui.add_enabled_ui(view.past.is_none(), |ui| settings::settings_ui(ui, view, (id, node), state, commands));
    });
    // As long as it opens there is more to scroll to.
    state.go_to = *go_to;
    state.memory.sections = sections;
}

fn header_ui(
    ui: &mut Ui,
    view: View<'_>,
    (id, node): (&NodeId, &Node),
    state: &mut InspectorState,
    commands: &mut Vec<Command>,
) {
    let kind = view.catalogue.get(&node.kind);
    let kind_title = kind.map_or_else(|| node.kind.to_string(), |kind| kind.title.clone().into_owned());
    ui.push_id(id.as_str(), |ui| {
        let target = Target::Title(id.clone());
        let draft = state.drafts.text(ui, &target, &node.title, |ui, text| {
            let field = TextEdit::singleline(text)
                .font(egui::TextStyle::Heading)
                .hint_text(RichText::new(kind_title.clone()).heading())
                .desired_width(f32::INFINITY);
            ui.add_enabled(view.past.is_none(), field).accessible_name("Node title")
        });
        push_draft(view, &mut state.drafts, draft, commands);
    });
    ui.horizontal(|ui| {
        if let Some(kind) = kind {
            let (rect, _) = ui.allocate_exact_size(egui::vec2(16.0, 16.0), egui::Sense::hover());
            icons::paint(ui.painter(), rect, Icon::of_family(kind.family), theme::tokens(ui).of_family(kind.family));
        }
        ui.weak(format!("{kind_title} · {id}"));
    });
    match kind {
        Some(kind) if !kind.summary.is_empty() => {
            ui.add(Label::new(RichText::new(kind.summary.clone())).wrap());
        }
        Some(_) => {}
        None => {
            let text = format!("This program does not know the kind {}; the node is kept as it is.", node.kind);
            ui.colored_label(theme::tokens(ui).failed, text);
        }
    }
}

/// Shows what is wrong with the node; what is wrong with a parameter stands below that parameter.
fn problems_ui(ui: &mut Ui, view: View<'_>, id: &NodeId) {
    let tokens = theme::tokens(ui);
    let of_node = |problem: &&Problem| {
        problem.location.node() == Some(id) && !matches!(problem.location, Location::Parameter(..))
    };
    for problem in view.problems.iter().filter(of_node) {
        let color = if problem.severity == Severity::Error { tokens.failed } else { tokens.stale };
        ui.add(Label::new(RichText::new(theme::readable(&problem.message)).color(color)).wrap());
    }
}

/// Shows the mark that a node had in an earlier run, and that its results can be pinned.
fn past_ui(ui: &mut Ui, past: &Past, id: &NodeId, commands: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    match past.marks.get(id) {
        Mark::Default => {}
        Mark::Forced => {
            ui.colored_label(tokens.forced, "It was forced");
        }
        Mark::Disabled => {
            ui.colored_label(tokens.disabled, "It was disabled");
        }
        Mark::Pinned(pin) => {
            ui.colored_label(tokens.pinned, format!("It was pinned ({})", words::policy(pin.policy)));
        }
    }
    if let Some(node) = past.difference(id) {
        let said = match (node.decided_otherwise, node.has_other_outputs()) {
            (true, true) => format!("Differs: {}, other results", super::history::decided(node).0),
            (true, false) => format!("Differs: {}", super::history::decided(node).0),
            (false, true) => "Differs: other results".to_owned(),
            (false, false) => "Differs: other parameters".to_owned(),
        };
        ui.colored_label(tokens.stale, said);
    }
    let has_results = past.baseline.get(id).is_some_and(|record| record.has_results());
    let help = "Pin this node of the workflow to what it gave in this run";
    let button = egui::Button::new(format!("Pin from #{}", past.summary.number));
    if ui.add_enabled(has_results, button).on_hover_text(help).clicked() {
        commands.push(Command::PinFromRun(past.summary.id, vec![id.clone()]));
    }
}

/// Shows the node's mark with what can be done about it.
fn mark_ui(ui: &mut Ui, view: View<'_>, id: &NodeId, commands: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let plan = view.plan.get(id);
    match view.marks.get(id) {
        Mark::Default => {}
        Mark::Forced => {
            ui.colored_label(tokens.forced, "Forced: executes in every run");
        }
        Mark::Disabled => {
            ui.colored_label(tokens.disabled, "Disabled: does not execute, gives nothing");
        }
        Mark::Pinned(pin) => {
            let said = match view.marks.get(id).capture() {
                None => "Armed: will be pinned to what it gives in the next run".to_owned(),
                Some(capture) if capture.edited => format!("Pinned ({}, edited)", words::policy(pin.policy)),
                Some(_) => format!("Pinned ({})", words::policy(pin.policy)),
            };
            ui.colored_label(tokens.pinned, said);
            let trouble = plan.and_then(|plan| {
                let stale = plan.stale.as_ref().map(|stale| format!("Stale: {}", stale.0));
                stale.or_else(|| plan.released.as_ref().map(|release| format!("Will be released: {}", release.0)))
            });
            if let Some(trouble) = trouble {
                ui.add(Label::new(RichText::new(theme::readable(&trouble)).color(tokens.stale)).wrap());
            }
            if plan.is_some_and(|plan| plan.side_effect) {
                ui.colored_label(tokens.stale, "Its effect on the outside does not take place while it is pinned.");
            }
            ui.horizontal_wrapped(|ui| {
                let alone = BTreeSet::from([id.clone()]);
                let keep = (pin.policy == PinPolicy::Follow).then_some(Id::Keep);
                let looks = [Id::EditPinnedValue, Id::CompareWithFresh];
                for id in keep.into_iter().chain([Id::Refresh, Id::Unpin, Id::UnpinDownstream]).chain(looks) {
                    small_button_ui(ui, id, &Situation::of(view).about(&alone), None, commands);
                }
            });
        }
    }
}
