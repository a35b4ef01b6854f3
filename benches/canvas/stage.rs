//! A canvas in a window without a screen, and all that it draws from.

use std::{
    collections::BTreeSet,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use egui::{
    CentralPanel, ClippedPrimitive, Event, FullOutput, Pos2, RawInput, Rect, Vec2, epaint::Primitive, pos2, vec2,
};
use pinflow::{
    editor::{
        Command, RunNumbers, RunProgress, View,
        canvas::{CanvasState, canvas_ui},
        theme,
    },
    engine::{self, Engine, Plan, PlanOptions, Probes, RunRequest},
    nodes::Catalogue,
    session::{Baseline, Marks},
    store::RunKind,
    workflow::{NodeId, Position, Problem, Workflow},
};

use crate::graph;

/// The window, in points.
pub(crate) const SIZE: Vec2 = vec2(1920.0, 1080.0);

/// Returns the input of a frame in which these events come.
pub(crate) fn input(events: Vec<Event>) -> RawInput {
    RawInput { screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)), events, ..RawInput::default() }
}

/// Makes triangles of what a frame has drawn.
pub(crate) fn tessellate(ctx: &egui::Context, mut output: FullOutput) -> Vec<ClippedPrimitive> {
    let shapes = std::mem::take(&mut output.shapes);
    let primitives = black_box(ctx.tessellate(shapes, output.pixels_per_point));
    output.drop_without_applying_deltas();
    primitives
}

/// A canvas and all that it draws from.
pub(crate) struct Stage {
    ctx: egui::Context,
    pub(crate) workflow: Workflow,
    pub(crate) revision: u64,
    catalogue: Arc<Catalogue>,
    pub(crate) marks: Marks,
    pub(crate) baseline: Baseline,
    pub(crate) plan: Plan,
    problems: Vec<Problem>,
    selection: BTreeSet<NodeId>,
    pub(crate) run: Option<RunProgress>,
    pub(crate) canvas: CanvasState,
    time: f64,
    /// How many vertices the last frame had.
    pub(crate) n_vertices: usize,
}

fn n_vertices(primitive: &ClippedPrimitive) -> usize {
    match &primitive.primitive {
        Primitive::Mesh(mesh) => mesh.vertices.len(),
        Primitive::Callback(_) => 0,
    }
}

impl Stage {
    /// Shows a workflow that was executed.
    pub(crate) fn new(workflow: Workflow) -> Self {
        let mut stage = Self::unplanned(workflow);
        stage.settle();
        stage
    }

    /// Shows a workflow that was just read.
    pub(crate) fn unplanned(workflow: Workflow) -> Self {
        let ctx = egui::Context::default();
        theme::install(&ctx);
        Self {
            ctx,
            workflow,
            revision: 0,
            catalogue: Arc::new(graph::catalogue()),
            marks: Marks::default(),
            baseline: Baseline::default(),
            plan: Plan::default(),
            problems: Vec::new(),
            selection: BTreeSet::new(),
            run: None,
            canvas: CanvasState::default(),
            time: 0.0,
            n_vertices: 0,
        }
    }

    /// Executes the workflow and plans anew.
    pub(crate) fn settle(&mut self) {
        let engine = Engine::new(Arc::clone(&self.catalogue), None);
        let request = RunRequest::new(self.workflow.clone(), PlanOptions::of(RunKind::Standard));
        self.baseline.absorb(&engine.run(request, |_event| ()));
        self.plan_fresh();
    }

    /// Plans from nothing.
    pub(crate) fn plan_fresh(&mut self) -> Duration {
        let begin = Instant::now();
        let options = PlanOptions::of(RunKind::Resumed);
        (self.plan, self.problems) =
            engine::plan(&self.workflow, &self.catalogue, &self.marks, &self.baseline, &Probes::default(), &options);
        begin.elapsed()
    }

    /// Looks at the middle of the graph.
    pub(crate) fn look_at_middle(&mut self, zoom: f32) {
        let n_layers = self.workflow.n_nodes() as f32 / graph::ROWS as f32;
        let middle = Position(n_layers * 0.5 * graph::PITCH.0, graph::ROWS as f32 * 0.5 * graph::PITCH.1);
        self.canvas.set_view(middle, zoom);
    }

    /// Looks at all of the graph.
    pub(crate) fn look_at_all(&mut self) {
        self.canvas.fit_all();
    }

    /// Returns where a scene point is on the screen.
    pub(crate) fn on_screen(&self, place: Position) -> Pos2 {
        let center = self.canvas.center();
        let zoom = self.canvas.zoom();
        pos2((place.0 - center.0) * zoom, (place.1 - center.1) * zoom) + SIZE * 0.5
    }

    /// Shows the first frame, looking at the middle.
    pub(crate) fn first_frame(&mut self) -> Duration {
        self.look_at_middle(1.0);
        self.frame(Vec::new()).0
    }

    /// Shows frames without input until none is asked for any more; returns whether one still is.
    pub(crate) fn wants_repaint_at_rest(&mut self) -> bool {
        self.frame(vec![Event::PointerGone]);
        (0..400).all(|_| self.frame(Vec::new()).1 < Duration::MAX)
    }

    /// Shows one frame; returns what it took, and when the next one is asked for.
    pub(crate) fn frame(&mut self, events: Vec<Event>) -> (Duration, Duration) {
        self.time += 1.0 / 60.0;
        let input = RawInput { time: Some(self.time), ..input(events) };
        let mut commands = Vec::new();
        let begin = Instant::now();
        let output = self.ctx.run_ui(input, |ui| {
            CentralPanel::no_frame().show(ui, |ui| {
                let view = View {
                    workflow: &self.workflow,
                    revision: self.revision,
                    catalogue: &self.catalogue,
                    marks: &self.marks,
                    baseline: &self.baseline,
                    plan: &self.plan,
                    problems: &self.problems,
                    selection: &self.selection,
                    run: self.run.as_ref(),
                    show_plan: true,
                    numbers: &RunNumbers::default(),
                    past: None,
                };
                canvas_ui(ui, view, &mut self.canvas, &mut commands);
            });
        });
        let again = output.viewport_output.values().map(|viewport| viewport.repaint_delay).min().unwrap();
        let primitives = tessellate(&self.ctx, output);
        let took = begin.elapsed();
        self.n_vertices = primitives.iter().map(n_vertices).sum();
        for command in commands {
            self.handle(command);
        }
        (took, again)
    }

    fn handle(&mut self, command: Command) {
        match command {
            Command::Edit(_, edit) => {
                self.workflow.apply(edit).unwrap();
                self.revision += 1;
            }
            Command::Select(nodes) => self.selection = nodes.into_iter().collect(),
            _ => {}
        }
    }
}
