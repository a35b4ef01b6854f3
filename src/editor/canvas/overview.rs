//! Seen from afar, all nodes and wires are a few meshes: a block for a node, a straight line for a wire.
//!
//! The meshes are kept: moving the view rewrites positions in place, and what happens to nodes rewrites colours.

use std::sync::Arc;

use egui::{
    Color32, Mesh, Pos2, Rect, Shape, Vec2,
    epaint::{Vertex, WHITE_UV},
    pos2,
};

use smallvec::SmallVec;

use super::{
    brush::Brush,
    camera::Projection,
    canvas_frame::CanvasFrame,
    course::Course,
    notches::{self, Notch},
    standing::{PinHold, is_failed, pin_hold},
};
use crate::{
    editor::{LiveState, View, theme::Tokens},
    engine::{Decision, NodePlan},
    nodes::Family,
    session::Mark,
};

/// With fewer nodes, all are in the meshes, in view or not.
const FEW: usize = 20_000;
/// Of more wires only every so manieth is shown: they would cover each other.
const MAX_WIRES: usize = 40_000;
/// Wires shorter than this on the screen are left out: nodes lie over most of them.
const LEAST_LENGTH: f32 = 1.5;

/// A line shorter than this on the screen is one triangle, that at its start is twice as wide and at its end has no width.
const SHORT: f32 = 12.0;
/// A mesh is shifted as a whole so often at most: each time a little is rounded off.
const MAX_SHIFTS: u8 = 64;

/// What is seen from afar, kept from frame to frame.
#[derive(Default)]
pub(super) struct Overview {
    made_of: Option<MadeOf>,
    long: Wires<4>,
    short: Wires<3>,
    /// The indices of the nodes shown, ascending.
    nodes: Vec<u32>,
    blocks: Layer<Rect, 4>,
    /// What marks cut out of the blocks, by node.
    notches: Layer<Notch, 4>,
    /// The indices of the nodes with a ring.
    ringed: Vec<usize>,
    /// By the scene's index.
    colors: Vec<Color32>,
    colored: Option<(u64, u64)>,
    /// Blocks have their names: they are read out.
    pub(super) is_named: bool,
}

/// What the meshes were made of.
#[derive(Clone, Copy, PartialEq)]
struct MadeOf {
    scene: u64,
    tokens: *const Tokens,
    /// The part of the scene that they hold.
    area: Rect,
    /// The zoom's power of two.
    octave: i32,
}

/// A wire in the scene, or a piece of one.
#[derive(Clone, Copy)]
struct Line {
    from: Pos2,
    to: Pos2,
    /// A unit across it.
    across: Vec2,
    /// Which piece of its wire it is, from bend to bend.
    piece: usize,
}

impl Line {
    fn new(from: Pos2, to: Pos2, piece: usize) -> Self {
        Self { from, to, across: (to - from).normalized().rot90(), piece }
    }

    /// Returns the lines from bend to bend of a wire.
    fn of(course: &Course) -> impl Iterator<Item = Self> {
        let pieces = course.curves().iter().enumerate();
        pieces.map(|(piece, curve)| Self::new(curve.0[0], curve.0[3], piece))
    }
}

/// Things of so many corners each, and their mesh as it was last put on the screen.
struct Layer<T, const N: usize> {
    things: Vec<T>,
    mesh: Arc<Mesh>,
    /// Where it was put.
    put: Option<Projection>,
    /// How often it was shifted since each thing was put.
    n_shifts: u8,
}

impl<T, const N: usize> Default for Layer<T, N> {
    fn default() -> Self {
        Self { things: Vec::new(), mesh: Arc::default(), put: None, n_shifts: 0 }
    }
}

impl<T, const N: usize> Layer<T, N> {
    fn new(things: Vec<T>, color: impl Fn(usize) -> Color32) -> Self {
        let mut mesh = Mesh::default();
        mesh.vertices.reserve_exact(things.len() * N);
        mesh.indices.reserve_exact(things.len() * 3 * (N - 2));
        for index in 0..things.len() {
            let vertex = Vertex { pos: Pos2::ZERO, uv: WHITE_UV, color: color(index) };
            mesh.vertices.extend([vertex; N]);
            let first = (index * N) as u32;
            mesh.indices.extend((2..N as u32).flat_map(|corner| [first, first + corner - 1, first + corner]));
        }
        Self { things, mesh: mesh.into(), put: None, n_shifts: 0 }
    }

    /// Puts all things on the screen, if they are elsewhere.
    fn put(&mut self, projection: Projection, corners: impl Fn(&T) -> [Pos2; N]) {
        let before = self.put.replace(projection);
        if before == Some(projection) {
            return;
        }
        // After a frame nobody else holds it: nothing is copied.
        let mesh = Arc::make_mut(&mut self.mesh);
        let shift = before.and_then(|before| before.shift_to(&projection));
        if let Some(shift) = shift.filter(|_| self.n_shifts < MAX_SHIFTS) {
            self.n_shifts += 1;
            for vertex in &mut mesh.vertices {
                vertex.pos += shift;
            }
            return;
        }
        self.n_shifts = 0;
        for (thing, vertices) in self.things.iter().zip(mesh.vertices.chunks_exact_mut(N)) {
            for (vertex, pos) in vertices.iter_mut().zip(corners(thing)) {
                vertex.pos = pos;
            }
        }
    }

    /// Puts one thing on the screen until the next `put`.
    fn move_one(&mut self, index: usize, corners: [Pos2; N]) {
        self.put = None;
        let vertices = &mut Arc::make_mut(&mut self.mesh).vertices[index * N..(index + 1) * N];
        for (vertex, pos) in vertices.iter_mut().zip(corners) {
            vertex.pos = pos;
        }
    }

    fn recolor(&mut self, color: impl Fn(usize) -> Color32) {
        let mesh = Arc::make_mut(&mut self.mesh);
        for (index, vertices) in mesh.vertices.chunks_exact_mut(N).enumerate() {
            let color = color(index);
            for vertex in vertices {
                vertex.color = color;
            }
        }
    }

    fn paint(&self, brush: &Brush) {
        brush.painter.add(Shape::Mesh(Arc::clone(&self.mesh)));
    }
}

impl Overview {
    /// Paints all nodes and wires in view. `boxed` are the indices of the nodes that a selection box touches, ascending;
    /// `state` is another number when nodes may have other colours.
    pub(super) fn paint(&mut self, brush: &Brush, frame: &CanvasFrame<'_>, boxed: &[usize], state: u64) {
        self.choose(brush, frame);
        self.color(frame, brush.tokens, state);
        let projection = frame.projection;
        let half_width = 0.5 * (5.0 * brush.zoom()).max(0.7);
        let held = frame.held_wires();
        self.long.paint(brush, frame, &held, half_width);
        self.short.paint(brush, frame, &held, half_width);
        self.paint_rings(brush, frame, boxed);
        self.blocks.put(projection, |rect| corners(block(&projection, *rect)));
        for &node in frame.held() {
            if let Ok(slot) = self.nodes.binary_search(&(node as u32)) {
                self.blocks.move_one(slot, corners(block(&projection, frame.rect(node))));
            }
        }
        self.blocks.paint(brush);
        self.paint_notches(brush, frame);
    }

    /// Paints nodes and wires once more, by their indices; the wires stand out.
    pub(super) fn paint_again(&self, brush: &Brush, frame: &CanvasFrame<'_>, nodes: &[usize], wires: &[usize]) {
        let projection = frame.projection;
        let half_width = 0.5 * (8.0 * brush.zoom()).max(1.6);
        let mut mesh = Mesh::default();
        for &wire in wires.iter().filter(|wire| !frame.scene.is_inside_group(&frame.scene.wires[**wire])) {
            let color = brush.tokens.of_type(frame.scene.wires[wire].value_type);
            for line in Line::of(&frame.course(wire)) {
                let first = mesh.vertices.len() as u32;
                let corners: [Pos2; 4] = on_screen(&projection, &line, half_width);
                mesh.vertices.extend(corners.map(|pos| Vertex { pos, uv: WHITE_UV, color }));
                mesh.indices.extend([0, 1, 2, 0, 2, 3].map(|corner| first + corner));
            }
        }
        for &node in nodes.iter().filter(|node| !frame.node(**node).is_hidden()) {
            mesh.add_colored_rect(block(&projection, frame.rect(node)), self.colors[node]);
        }
        brush.painter.add(Shape::mesh(mesh));
    }

    /// Returns how many vertices and indices there are.
    pub(super) const fn n_corners(&self) -> (usize, usize) {
        let n = self.long.lines.things.len() + self.blocks.things.len() + self.notches.things.len();
        let n_short = self.short.lines.things.len();
        (n * 4 + n_short * 3, n * 6 + n_short * 3)
    }

    /// Chooses what is in the meshes.
    fn choose(&mut self, brush: &Brush, frame: &CanvasFrame<'_>) {
        let scene = frame.scene;
        let seen = frame.projection.visible();
        let octave = brush.zoom().log2().floor() as i32;
        let is_of_now = |made_of: &MadeOf| {
            made_of.scene == scene.serial()
                && std::ptr::eq(made_of.tokens, brush.tokens)
                && made_of.octave == octave
                && made_of.area.contains_rect(seen)
        };
        if self.made_of.as_ref().is_some_and(is_of_now) {
            return;
        }
        let holds_all = scene.nodes.len() <= FEW;
        let area = if holds_all { Rect::EVERYTHING } else { seen.expand2(seen.size() * 0.5) };
        self.made_of = Some(MadeOf { scene: scene.serial(), tokens: brush.tokens, area, octave });
        self.colored = None;
        let mut found = Vec::new();
        scene.node_grid.query(area, &mut found);
        self.nodes = found.iter().map(|&node| node as u32).collect();
        let rects = found.iter().map(|&node| scene.nodes[node].rect()).collect();
        self.blocks = Layer::new(rects, |_| Color32::TRANSPARENT);

        scene.wire_grid.query(area, &mut found);
        let least = LEAST_LENGTH * (-octave as f32 - 1.0).exp2();
        let is_long = |line: &Line| line.from.distance_sq(line.to) >= least * least;
        let mut lines: Vec<(u32, Line)> = Vec::with_capacity(found.len());
        for &wire in &found {
            let course = scene.course_at_rest(&scene.wires[wire]);
            lines.extend(Line::of(&course).filter(is_long).map(|line| (wire as u32, line)));
        }
        let step = lines.len().div_ceil(MAX_WIRES).max(1);
        let is_short = |(_, line): &(u32, Line)| line.from.distance(line.to) * (octave as f32 + 1.0).exp2() < SHORT;
        let (short, long) = lines.into_iter().step_by(step).partition(is_short);
        let color = |wire: u32| brush.tokens.of_type(scene.wires[wire as usize].value_type).gamma_multiply(0.55);
        self.short = Wires::new(short, color);
        self.long = Wires::new(long, color);
    }

    /// Gives the nodes their colours, if they may have others.
    fn color(&mut self, frame: &CanvasFrame<'_>, tokens: &Tokens, state: u64) {
        let key = Some((frame.scene.serial(), state));
        if self.colored != key {
            self.colored = key;
            self.colors = colors(frame, tokens);
            self.blocks.recolor(|slot| self.colors[self.nodes[slot] as usize]);
            let marked = frame.view.marks.iter().filter_map(|(id, mark)| Some((frame.scene.index(id)?, mark)));
            let marked = marked.filter(|(node, _)| !frame.scene.nodes[*node].is_hidden());
            let notches = marked.flat_map(|(node, mark)| notches::of_mark(mark, node, frame.scene.nodes[node].rect()));
            self.notches = Layer::new(notches.collect(), |_| tokens.canvas);
        }
    }

    /// Paints what marks cut out of the blocks.
    fn paint_notches(&mut self, brush: &Brush, frame: &CanvasFrame<'_>) {
        let projection = frame.projection;
        self.notches.put(projection, |notch| corners(notch.on(block(&projection, notch.rect))));
        for &node in frame.held() {
            let first = self.notches.things.partition_point(|notch| notch.node < node);
            for slot in first..self.notches.things.partition_point(|notch| notch.node <= node) {
                let moved = self.notches.things[slot].on(block(&projection, frame.rect(node)));
                self.notches.move_one(slot, corners(moved));
            }
        }
        self.notches.paint(brush);
    }

    /// Paints rings round what is selected or will be.
    fn paint_rings(&mut self, brush: &Brush, frame: &CanvasFrame<'_>, boxed: &[usize]) {
        self.ringed.clear();
        self.ringed.extend(frame.view.selection.iter().filter_map(|id| frame.scene.index(id)));
        self.ringed.extend(boxed);
        if self.ringed.is_empty() {
            return;
        }
        let area = frame.projection.visible();
        let mut mesh = Mesh::default();
        for &node in &self.ringed {
            let rect = frame.rect(node);
            if rect.intersects(area) {
                mesh.add_colored_rect(block(&frame.projection, rect).expand(1.5), brush.tokens.selection_ring);
            }
        }
        brush.painter.add(Shape::mesh(mesh));
    }
}

/// Wires as lines of so many corners each.
#[derive(Default)]
struct Wires<const N: usize> {
    /// The indices of the wires, ascending; one that has bends is there several times.
    indices: Vec<u32>,
    lines: Layer<Line, N>,
}

impl<const N: usize> Wires<N> {
    fn new(wires: Vec<(u32, Line)>, color: impl Fn(u32) -> Color32) -> Self {
        let (indices, lines): (Vec<u32>, Vec<Line>) = wires.into_iter().unzip();
        let lines = Layer::new(lines, |slot| color(indices[slot]));
        Self { indices, lines }
    }

    /// Paints all; those that are held, given by their indices, as they are held.
    fn paint(&mut self, brush: &Brush, frame: &CanvasFrame<'_>, held: &[usize], half_width: f32) {
        let projection = frame.projection;
        self.lines.put(projection, |line| on_screen(&projection, line, half_width));
        for &wire in held {
            let first = self.indices.partition_point(|&shown| shown < wire as u32);
            let n_slots = self.indices[first..].partition_point(|&shown| shown == wire as u32);
            let lines: SmallVec<[Line; 4]> =
                if n_slots == 0 { SmallVec::new() } else { Line::of(&frame.course(wire)).collect() };
            for slot in first..first + n_slots {
                let line = &lines[self.lines.things[slot].piece];
                self.lines.move_one(slot, on_screen(&projection, line, half_width));
            }
        }
        self.lines.paint(brush);
    }
}

/// Returns where a node is on the screen, at least one point wide and high.
fn block(projection: &Projection, rect: Rect) -> Rect {
    let on_screen = projection.rect(rect);
    Rect::from_min_size(on_screen.min, on_screen.size().max(Vec2::splat(1.0)))
}

fn corners(rect: Rect) -> [Pos2; 4] {
    [rect.min, pos2(rect.max.x, rect.min.y), rect.max, pos2(rect.min.x, rect.max.y)]
}

/// Returns the corners of a line on the screen: four, or three if it is short.
fn on_screen<const N: usize>(projection: &Projection, line: &Line, half_width: f32) -> [Pos2; N] {
    let (from, to) = (projection.screen_from_scene(line.from), projection.screen_from_scene(line.to));
    let across = line.across * half_width;
    let corners = match N {
        3 => [from + across * 2.0, to, from - across * 2.0, from],
        _ => [from + across, to + across, to - across, from - across],
    };
    std::array::from_fn(|corner| corners[corner])
}

/// What of a node is seen from afar.
struct FromAfar<'a> {
    /// Its family, if its kind is known.
    family: Option<Family>,
    /// Its mark.
    mark: &'a Mark,
    /// How it stands in the run that goes on.
    live: Option<&'a LiveState>,
    /// What a run would do with it, where that is shown.
    plan: Option<&'a NodePlan>,
    /// It failed last time.
    has_failed: bool,
}

/// How opaque a block is for which nothing is to be done yet.
const STEPPED_BACK: f32 = 0.5;

/// Returns the colour that a node has from afar.
fn color_from_afar(seen: &FromAfar<'_>, tokens: &Tokens) -> Color32 {
    let family = seen.family.map_or(tokens.failed, |family| tokens.of_family(family));
    match (seen.live, seen.mark) {
        (Some(LiveState::Running { .. }), _) => tokens.running,
        (Some(LiveState::Settled(record)), _) if is_failed(&record.status) => tokens.failed,
        (Some(LiveState::Settled(_)), _) => tokens.done,
        (_, Mark::Disabled) => tokens.disabled,
        (_, Mark::Pinned(_)) if pin_hold(seen.plan) == PinHold::Stale => tokens.stale,
        (_, Mark::Pinned(_)) => tokens.pinned,
        (_, Mark::Forced) => tokens.forced,
        (Some(LiveState::Waiting), _) => family.gamma_multiply(STEPPED_BACK),
        (None, Mark::Default) if seen.has_failed => tokens.failed,
        (None, Mark::Default) => match seen.plan.map(|plan| &plan.decision) {
            None => family.gamma_multiply(0.85),
            Some(Decision::Execute) => family.lerp_to_gamma(tokens.plan_execute, 0.4),
            Some(Decision::CannotRun(_)) => tokens.failed,
            Some(Decision::NotRun(_) | Decision::Disabled) => tokens.plan_not_run.gamma_multiply(STEPPED_BACK),
            Some(Decision::Reuse { .. } | Decision::Pinned { .. }) => family.gamma_multiply(STEPPED_BACK),
        },
    }
}

/// Returns the colour of every node of the scene. The maps of what happened are sorted as nodes are: they are walked side
/// by side, which is much faster than looking every node up.
pub(super) fn colors(frame: &CanvasFrame<'_>, tokens: &Tokens) -> Vec<Color32> {
    let View { marks, baseline, run, plan, .. } = frame.view;
    let mut failed = baseline.iter().filter(|record| is_failed(&record.status)).peekable();
    let mut marks = marks.iter().peekable();
    let run = run.filter(|run| run.finished.is_none());
    let shows_plan = frame.view.show_plan && run.is_none();
    let mut live = run.into_iter().flat_map(|run| run.nodes.iter()).peekable();
    let nodes = frame.scene.nodes.iter().map(|node| {
        let id = &node.id;
        while failed.next_if(|record| record.node < *id).is_some() {}
        while marks.next_if(|(marked, _)| *marked < id).is_some() {}
        while live.next_if(|(live, _)| *live < id).is_some() {}
        let mark = marks.next_if(|(marked, _)| *marked == id).map_or(&Mark::Default, |(_, mark)| mark);
        let seen = FromAfar {
            family: node.layout.kind.as_ref().map(|kind| kind.family),
            mark,
            live: live.next_if(|(live, _)| *live == id).map(|(_, live)| live),
            plan: if shows_plan || matches!(mark, Mark::Pinned(_)) { plan.get(id) } else { None },
            has_failed: failed.next_if(|record| record.node == *id).is_some(),
        };
        color_from_afar(&seen, tokens)
    });
    nodes.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{
        editor::{canvas::tests::small_app::planned, theme},
        store::{NotRun, Provenance, RunId},
    };

    #[test]
    fn the_plan_and_a_run_are_told_apart_from_afar() {
        let plans = [
            Decision::Execute,
            Decision::Reuse { from: Provenance::Run(RunId::generate()) },
            Decision::NotRun(NotRun::NotNeeded),
            Decision::CannotRun("unknown kind".to_owned()),
        ]
        .map(planned);
        let running = LiveState::Running { since: Instant::now(), fraction: None, message: String::new() };
        for tokens in [&theme::DARK, &theme::LIGHT] {
            let seen = |live, plan| FromAfar {
                family: Some(Family::Tables),
                mark: &Mark::Default,
                live,
                plan,
                has_failed: false,
            };
            let colors: Vec<Color32> = plans
                .iter()
                .map(|plan| seen(None, Some(plan)))
                .chain([seen(None, None), seen(Some(&running), None), seen(Some(&LiveState::Waiting), None)])
                .map(|seen| color_from_afar(&seen, tokens))
                .collect();
            // What waits looks as what is reused: there is nothing to be seen of either yet.
            for (index, color) in colors[..6].iter().enumerate() {
                assert!(!colors[..index].contains(color), "{index}");
            }
            assert_eq!(colors[6], colors[1]);
        }
    }
}
