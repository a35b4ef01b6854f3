//! A workflow, a canvas and the commands it gave; carries out what changes the document, the selection and the marks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use egui::{Event, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::{Harness, HarnessBuilder, kittest::Queryable as _};
use imbl::OrdMap;
use jiff::Timestamp;

use crate::{
    editor::{
        Command, LiveState, LookRequest, MarkRequest, RunNumbers, RunProgress, View, WireRequest,
        canvas::{CanvasState, canvas_ui},
        command_table::{Situation, shortcuts},
        theme, ways,
    },
    engine::{Decision, NodePlan, Plan, PlanNotes},
    nodes::{Arity, Catalogue, Choice, Family, Kind, Outputs, ParameterSchema, ParameterType, Role, Success, check},
    session::{Baseline, Mark, Marks, PinPolicy},
    store::{Effect, Kept, NodeRecord, Notes, Provenance, Reason, RunId, RunKind, Status},
    value::{FingerprintBuilder, Value, ValueType},
    workflow::{Connection, Edit, Graph, Node, NodeId, PortRef, Position, Problem, Workflow},
};

/// All that a canvas needs round it.
pub(super) struct SmallApp {
    pub(super) workflow: Workflow,
    pub(super) catalogue: Catalogue,
    pub(super) marks: Marks,
    pub(super) baseline: Baseline,
    pub(super) plan: Plan,
    pub(super) problems: Vec<Problem>,
    pub(super) selection: BTreeSet<NodeId>,
    pub(super) run: Option<RunProgress>,
    pub(super) show_plan: bool,
    pub(super) numbers: RunNumbers,
    pub(super) revision: u64,
    pub(super) canvas: CanvasState,
    pub(super) commands: Vec<Command>,
}

/// A harness round the small app.
pub(super) type Window = Harness<'static, SmallApp>;

impl SmallApp {
    pub(super) fn new(workflow: Workflow) -> Self {
        let mut app = Self {
            workflow,
            catalogue: catalogue(),
            marks: Marks::default(),
            baseline: Baseline::default(),
            plan: Plan::default(),
            problems: Vec::new(),
            selection: BTreeSet::new(),
            run: None,
            show_plan: false,
            numbers: RunNumbers::default(),
            revision: 0,
            canvas: CanvasState::default(),
            commands: Vec::new(),
        };
        app.canvas.set_view(Position(500.0, 350.0), 1.0);
        app.problems = check(&app.workflow, &app.catalogue);
        app
    }

    pub(super) fn ui(&mut self, ui: &mut egui::Ui) {
        let mut commands = Vec::new();
        let mut canvas = std::mem::take(&mut self.canvas);
        let situation = Situation {
            wire: canvas.focused_wire(),
            bends: canvas.bends(),
            frame: canvas.frame(),
            ..Situation::of(self.view())
        };
        shortcuts(ui.ctx(), &situation, &mut commands);
        canvas_ui(ui, self.view(), &mut canvas, &mut commands);
        self.canvas = canvas;
        for command in commands {
            self.commands.push(command.clone());
            self.handle(command);
        }
    }

    pub(super) fn view(&self) -> View<'_> {
        View {
            workflow: &self.workflow,
            revision: self.revision,
            catalogue: &self.catalogue,
            marks: &self.marks,
            baseline: &self.baseline,
            plan: &self.plan,
            problems: &self.problems,
            selection: &self.selection,
            run: self.run.as_ref(),
            show_plan: self.show_plan,
            numbers: &self.numbers,
            past: None,
        }
    }

    fn edit(&mut self, edit: Edit) {
        self.workflow.apply(edit).unwrap();
        self.revision += 1;
        self.problems = check(&self.workflow, &self.catalogue);
    }

    fn handle(&mut self, command: Command) {
        match command {
            Command::Edit(_, edit) => self.edit(edit),
            Command::Wire(WireRequest::Disconnect(input)) => self.edit(Edit::Disconnect(input)),
            Command::Wire(WireRequest::RemoveBends(bends)) => {
                if let Some((_, edit)) = ways::unbend(&self.workflow, &bends.into_iter().collect()) {
                    self.edit(edit);
                }
            }
            Command::Look(LookRequest::FitAll) => self.canvas.fit_all(),
            Command::Look(LookRequest::Rename(node)) => self.canvas.begin_rename(node),
            Command::Look(LookRequest::Walk(direction)) => self.canvas.walk(direction),
            Command::SearchNodes => self.canvas.open_search(),
            Command::Select(nodes) => self.selection = nodes.into_iter().collect(),
            Command::SelectAlso(nodes) => self.selection.extend(nodes),
            Command::ToggleSelected(nodes) => {
                for node in nodes {
                    if !self.selection.remove(&node) {
                        self.selection.insert(node);
                    }
                }
            }
            Command::Mark(nodes, MarkRequest::TogglePin) => {
                for node in nodes {
                    let mark = match self.marks.get(&node) {
                        Mark::Pinned(_) => Mark::Default,
                        _ => Mark::pin(PinPolicy::Follow, self.baseline.get(&node).map(AsRef::as_ref)),
                    };
                    self.marks.set(node, mark);
                }
            }
            _ => {}
        }
    }

    /// Gives a node results of an execution.
    pub(super) fn settle(&mut self, id: &'static str, status: Status, value: impl Into<Value>) {
        self.baseline.settle(Arc::new(record(&self.workflow, id, status, value.into())));
    }

    /// Pins a node to what it gave.
    pub(super) fn pin(&mut self, id: &'static str, policy: PinPolicy) {
        let mark = Mark::pin(policy, self.baseline.get(&id.into()).map(AsRef::as_ref));
        self.marks.set(id.into(), mark);
    }

    /// Shows a plan that does this with each node.
    pub(super) fn show_plan(&mut self, decide: impl Fn(&NodeId) -> (Decision, Vec<Reason>)) {
        let graph = Graph::new(&self.workflow);
        let nodes = graph.ids.iter().map(|id| {
            let (decision, reasons) = decide(id);
            NodePlan { node: id.clone(), reasons: reasons.into(), ..planned(decision) }
        });
        self.plan = Plan::shown(&self.workflow, &self.catalogue, nodes.collect());
        self.show_plan = true;
    }

    /// Begins a run in which nodes stand like this.
    pub(super) fn begin_run(&mut self, nodes: impl IntoIterator<Item = (&'static str, LiveState)>) {
        let nodes: OrdMap<NodeId, LiveState> = nodes.into_iter().map(|(id, live)| (NodeId::from(id), live)).collect();
        self.run = Some(RunProgress {
            id: RunId::generate(),
            kind: RunKind::Standard,
            plan: Plan::default(),
            started: std::time::Instant::now(),
            finished: None,
            n_pins: 0,
            n_to_execute: nodes.len(),
            n_executed: 0,
            nodes,
            pause: None,
            paused_for: Duration::ZERO,
            changed: BTreeMap::new(),
            loops: BTreeMap::new(),
        });
    }
}

/// Returns the plan of a node of which only this is known.
pub(in super::super) fn planned(decision: Decision) -> NodePlan {
    let fingerprint = FingerprintBuilder::new("test").finish();
    NodePlan {
        node: "node".into(),
        decision,
        reasons: Arc::default(),
        config: fingerprint,
        recipe: fingerprint,
        side_effect: false,
        uncacheable: false,
        notes: PlanNotes::default(),
    }
}

fn record(workflow: &Workflow, id: &'static str, status: Status, value: Value) -> NodeRecord {
    let node = Arc::clone(workflow.node(&id.into()).unwrap());
    let run = RunId::generate();
    let fingerprint = FingerprintBuilder::new("test").finish();
    let results =
        status.has_results().then(|| Kept::in_memory(Arc::new(Outputs::one("out", value)), Provenance::Run(run)));
    NodeRecord {
        run,
        node: id.into(),
        as_it_was: node.into(),
        results,
        status,
        reasons: Arc::default(),
        config: fingerprint,
        recipe: fingerprint,
        inputs: smallvec::SmallVec::new(),
        started: Some(Timestamp::now() - Duration::from_secs(310)),
        took: Some(Duration::from_millis(12)),
        effect: Effect::None,
        notes: Notes::default(),
    }
}

fn kind(id: &'static str, title: &'static str, family: Family) -> Kind {
    Kind::new(id, title, family, |_| Ok(Success::new(Outputs::none())))
}

/// A few kinds of different shapes.
pub(super) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::empty();
    let rows = ParameterType::Int { min: 0, max: 1_000_000, unit: "rows" };
    let hows = ParameterType::Choice(&[Choice { id: "inner", label: "Inner" }, Choice { id: "left", label: "Left" }]);
    for kind in [
        kind("read", "Read CSV", Family::Files)
            .about("Reads a table from a CSV file.", "load open comma")
            .output("out", ValueType::Table)
            .parameter(
                ParameterSchema::new("path", "File", ParameterType::FileToRead { extensions: &["csv"] }, "", "")
                    .on_node(),
            ),
        kind("filter", "Filter rows", Family::Tables)
            .about("Keeps the rows that fit.", "where select")
            .input("in", ValueType::Table, Arity::Required)
            .output("out", ValueType::Table)
            .output("rest", ValueType::Table)
            .parameter(ParameterSchema::new("limit", "At most", rows, 1000, "").on_node()),
        kind("join", "Join", Family::Tables)
            .about("Joins two tables by a column.", "merge")
            .input("left", ValueType::Table, Arity::Required)
            .input("right", ValueType::Table, Arity::Required)
            .output("out", ValueType::Table)
            .parameter(ParameterSchema::new("how", "Rows", hows, "inner", "").on_node())
            .parameter(
                ParameterSchema::new("column", "Column", ParameterType::Line { hint: "" }, "species", "").on_node(),
            ),
        kind("plot", "Plot", Family::Images)
            .about("Draws a table as a picture.", "chart diagram")
            .input("in", ValueType::Table, Arity::Required)
            .output("out", ValueType::Image),
        kind("text", "Text", Family::Input).about("Gives a text.", "string").output("out", ValueType::Text).parameter(
            ParameterSchema::new("text", "Text", ParameterType::Text { language: "" }, "hello", "").on_node(),
        ),
        kind("mail", "Send mail", Family::Network)
            .about("Sends a letter.", "smtp e-mail")
            .input("body", ValueType::Text, Arity::Required)
            .input("image", ValueType::Image, Arity::Optional)
            .side_effect(|_| true),
        kind("each", "Each part", Family::Loops)
            .about("Does something with every part.", "cycle")
            .input("parts", ValueType::Table, Arity::Required)
            .output("item", ValueType::Table)
            .role(Role::ForEach),
    ] {
        catalogue.register(kind);
    }
    catalogue
}

/// Returns a workflow of nodes `(id, kind, x, y)`, titled by their id with a capital, and wires `"a.out -> b.in"`.
pub(super) fn workflow(nodes: &[(&'static str, &'static str, f32, f32)], wires: &[&str]) -> Workflow {
    let mut workflow = Workflow::new("test");
    for &(id, kind, x, y) in nodes {
        let mut node = Node::new(kind, Position(x, y));
        node.title = id[..1].to_uppercase() + &id[1..];
        workflow.apply(Edit::AddNode(id.into(), Arc::new(node))).unwrap();
    }
    for wire in wires {
        let (from, to) = wire.split_once(" -> ").unwrap();
        workflow.apply(Edit::Connect(Connection { from: end(from), to: end(to) })).unwrap();
    }
    workflow
}

/// Returns the port that `"node.port"` names.
pub(super) fn end(text: &str) -> PortRef {
    let (node, port) = text.split_once('.').unwrap();
    PortRef { node: node.parse().unwrap(), port: port.parse().unwrap() }
}

/// Two nodes that fit: `Reader` and `Keeper`, and a `Letter` that takes text.
pub(super) fn three() -> Workflow {
    workflow(
        &[("reader", "read", 100.0, 100.0), ("keeper", "filter", 450.0, 160.0), ("letter", "mail", 450.0, 420.0)],
        &[],
    )
}

pub(super) fn builder() -> HarnessBuilder<SmallApp> {
    Harness::builder().with_size(vec2(1000.0, 700.0)).with_max_steps(60).with_step_dt(0.05)
}

/// Opens a window of 1000 × 700 points in which scene and screen are the same.
pub(super) fn window(workflow: Workflow) -> Window {
    window_of(SmallApp::new(workflow))
}

pub(super) fn window_of(app: SmallApp) -> Window {
    show(builder(), app)
}

pub(super) fn show(builder: HarnessBuilder<SmallApp>, app: SmallApp) -> Window {
    let builder = builder.with_context_setup(theme::install);
    let mut window = builder.build_ui_state(
        |ui, app: &mut SmallApp| {
            egui::CentralPanel::no_frame().show(ui, |ui| app.ui(ui));
        },
        app,
    );
    window.run();
    window
}

pub(super) fn center(window: &Window, label: &str) -> Pos2 {
    window.get_by_label(label).rect().center()
}

fn button(pos: Pos2, button: PointerButton, pressed: bool, modifiers: Modifiers) -> Event {
    Event::PointerButton { pos, button, pressed, modifiers }
}

/// Presses, moves in four steps and does not let go.
pub(super) fn drag_without_drop(window: &mut Window, from: Pos2, to: Pos2, modifiers: Modifiers) {
    window.event(Event::ModifiersChanged(modifiers));
    window.event(Event::PointerMoved(from));
    window.event(button(from, PointerButton::Primary, true, modifiers));
    for step in 1..=4_u8 {
        window.event(Event::PointerMoved(from + (to - from) * (f32::from(step) / 4.0)));
    }
    window.run();
}

pub(super) fn let_go(window: &mut Window, at: Pos2, modifiers: Modifiers) {
    window.event(button(at, PointerButton::Primary, false, modifiers));
    window.event(Event::ModifiersChanged(Modifiers::NONE));
    window.run();
}

pub(super) fn drag_with(window: &mut Window, from: Pos2, to: Pos2, modifiers: Modifiers) {
    drag_without_drop(window, from, to, modifiers);
    let_go(window, to, modifiers);
}

pub(super) fn drag(window: &mut Window, from: Pos2, to: Pos2) {
    drag_with(window, from, to, Modifiers::NONE);
}

pub(super) fn drag_button(window: &mut Window, from: Pos2, to: Pos2, which: PointerButton) {
    window.event(Event::PointerMoved(from));
    window.event(button(from, which, true, Modifiers::NONE));
    for step in 1..=4_u8 {
        window.event(Event::PointerMoved(from + (to - from) * (f32::from(step) / 4.0)));
    }
    window.event(button(to, which, false, Modifiers::NONE));
    window.run();
}

pub(super) fn click_at(window: &mut Window, at: Pos2, which: PointerButton, modifiers: Modifiers) {
    window.event(Event::ModifiersChanged(modifiers));
    window.event(Event::PointerMoved(at));
    window.event(button(at, which, true, modifiers));
    window.event(button(at, which, false, modifiers));
    window.event(Event::ModifiersChanged(Modifiers::NONE));
    window.run();
}

pub(super) fn double_click_at(window: &mut Window, at: Pos2) {
    window.event(Event::PointerMoved(at));
    for pressed in [true, false, true, false] {
        window.event(button(at, PointerButton::Primary, pressed, Modifiers::NONE));
    }
    window.run();
}

/// Right-clicks what has this name and chooses from the menu.
pub(super) fn choose(window: &mut Window, label: &str, item: &str) {
    window.get_by_label(label).click_secondary();
    window.run();
    // The window may be lower than the menu.
    window.get_by_label(item).scroll_to_me();
    window.run();
    window.get_by_label(item).click();
    window.run();
}

/// Returns the labels of the edits so far.
pub(super) fn edits(window: &Window) -> Vec<&str> {
    window
        .state()
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::Edit(label, _) => Some(label.as_str()),
            _ => None,
        })
        .collect()
}

pub(super) fn selection(window: &Window) -> Vec<&str> {
    window.state().selection.iter().map(NodeId::as_str).collect()
}

pub(super) fn position(window: &Window, id: &'static str) -> Position {
    window.state().workflow.node(&id.into()).unwrap().position
}
