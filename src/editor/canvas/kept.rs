//! What was painted of nodes and wires, kept from frame to frame: painted anew only when it would look otherwise.
//!
//! While the view zooms, what was painted for another zoom is shown larger or smaller, and a few are painted anew in each
//! frame, so that no frame is slow; once the zoom rests, all are soon as sharp as ever.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use egui::{Mesh, Pos2, Shape};

use super::{brush::Brush, canvas_frame::Detail, course::Course, geometry::NodeLayout, picture::Picture};

/// What is out of sight is kept for this many frames.
const KEPT_FOR: u64 = 120;
/// Fewer are kept for good.
const FEW: usize = 400;

/// Nodes and wires as they were painted.
#[derive(Default)]
pub(super) struct Kept {
    nodes: HashMap<usize, KeptNode>,
    wires: HashMap<usize, KeptWire>,
    wire_serial: u64,
    /// The number of this frame.
    frame: u64,
    zoom: f32,
    is_zooming: bool,
    /// How much may be painted anew in this frame for the zoom's sake alone: nodes, wires.
    left: (usize, usize),
    /// Something is shown larger or smaller than it was painted.
    is_blurred: bool,
    /// How many vertices and indices were painted in this frame.
    n_corners: (usize, usize),
}

/// A node as it was painted.
struct KeptNode {
    /// Holds the layout that this is kept by.
    layout: Arc<NodeLayout>,
    stood: Option<Stood>,
    look: u64,
    detail: Detail,
    picture: Option<Picture>,
    used: u64,
}

/// How a node stood when last looked at, as far as painting goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stood {
    /// When that was: what all is drawn from, and the time.
    pub(super) at: (u64, i64),
    /// Unlike that of a node that stands otherwise.
    pub(super) look: u64,
    /// It executes.
    pub(super) is_running: bool,
    /// It is disabled.
    pub(super) is_off: bool,
    /// What a run would do with it is shown.
    pub(super) shows_plan: bool,
}

/// A wire as it was painted.
struct KeptWire {
    course: Course,
    look: u64,
    zoom: f32,
    /// From its start, on the screen.
    local: Vec<Pos2>,
    mesh: Arc<Mesh>,
    /// Where its start is on the screen, and how much larger than painted it is.
    placed: (Pos2, f32),
    used: u64,
}

impl Kept {
    /// Begins a frame. Wires have other indices when `wire_serial` is another; with `forget`, letters that were painted are
    /// there no more.
    pub(super) fn begin(&mut self, (zoom, detail): (f32, Detail), wire_serial: u64, forget: bool) {
        self.frame += 1;
        if forget {
            self.nodes.clear();
        }
        if std::mem::replace(&mut self.wire_serial, wire_serial) != wire_serial {
            self.wires.clear();
        }
        self.is_zooming = self.zoom != zoom;
        self.zoom = zoom;
        self.is_blurred = false;
        self.n_corners = (0, 0);
        self.left = match (detail, self.is_zooming) {
            (Detail::Full, true) => (3, 12),
            (Detail::Full, false) => (16, 64),
            (_, true) => (12, 48),
            (_, false) => (64, 256),
        };
        let oldest = self.frame.saturating_sub(KEPT_FOR);
        if self.frame.is_multiple_of(KEPT_FOR) {
            if self.nodes.len() > FEW {
                self.nodes.retain(|_, node| node.used > oldest);
            }
            if self.wires.len() > FEW {
                self.wires.retain(|_, wire| wire.used > oldest);
            }
        }
    }

    /// Returns how many vertices and indices were painted in this frame so far.
    pub(super) const fn n_corners(&self) -> (usize, usize) {
        self.n_corners
    }

    /// Ends a frame; returns whether another is needed to make all sharp.
    pub(super) const fn is_blurred(&self) -> bool {
        self.is_blurred
    }

    /// Returns how a node stood when last looked at, if that was at this time.
    pub(super) fn stood(&self, layout: &Arc<NodeLayout>) -> Option<Stood> {
        self.nodes.get(&key(layout)).and_then(|node| node.stood)
    }

    /// Paints a node: as it was painted last if it still looks so, else by `paint`.
    pub(super) fn node(
        &mut self,
        brush: &Brush,
        layout: &Arc<NodeLayout>,
        position: Pos2,
        (stood, detail, look): (Stood, Detail, u64),
        paint: impl FnOnce(&Brush),
    ) {
        let node = self.nodes.entry(key(layout)).or_insert_with(|| KeptNode {
            layout: Arc::clone(layout),
            stood: None,
            look,
            detail,
            picture: None,
            used: 0,
        });
        debug_assert!(Arc::ptr_eq(&node.layout, layout), "kept by the address of what it holds");
        node.used = self.frame;
        node.stood = Some(stood);
        let is_same = node.look == look && node.picture.is_some();
        let is_sharp =
            node.detail == detail && node.picture.as_ref().is_some_and(|picture| picture.zoom() == self.zoom);
        if !is_same || (!is_sharp && self.left.0 > 0) {
            if is_same {
                self.left.0 -= 1;
            }
            let galleys = Rc::clone(&brush.galleys);
            let blank = galleys.borrow().sentinel().cloned();
            node.picture = blank.map(|blank| Picture::new(brush, &blank, paint));
            (node.look, node.detail) = (look, detail);
        } else if !is_sharp {
            self.is_blurred = true;
        }
        if let Some(picture) = &mut node.picture {
            count(&mut self.n_corners, picture.n_corners());
            brush.painter.add(picture.at(brush.projection.screen_from_scene(position), self.zoom));
        }
    }

    /// Paints a wire: as it was painted last if it still looks so, else as the shapes that `shapes` gives for its course on
    /// the screen.
    pub(super) fn wire(
        &mut self,
        brush: &Brush,
        (index, course, look): (usize, &Course, u64),
        shapes: impl FnOnce(&mut dyn FnMut(Shape), &Course),
    ) {
        let zoom = self.zoom;
        let start = brush.projection.screen_from_scene(course.start());
        let may_wait = self.left.1 == 0;
        let is_kept = self.wires.get(&index).is_some_and(|wire| {
            wire.look == look && wire.course.is_shaped_as(course) && (wire.zoom == zoom || may_wait)
        });
        if !is_kept {
            self.left.1 = self.left.1.saturating_sub(1);
            let mut mesh = Mesh::default();
            let mut tessellator = brush.tessellator();
            let on_screen = course.map(|point| ((point - course.start()) * zoom).to_pos2());
            shapes(&mut |shape| tessellator.tessellate_shape(shape, &mut mesh), &on_screen);
            let local = mesh.vertices.iter().map(|vertex| vertex.pos).collect();
            let placed = (Pos2::ZERO, 1.0);
            let course = course.clone();
            self.wires.insert(index, KeptWire { course, look, zoom, local, mesh: mesh.into(), placed, used: 0 });
        }
        let Some(wire) = self.wires.get_mut(&index) else { return };
        wire.used = self.frame;
        self.is_blurred |= wire.zoom != zoom;
        let placed = (start, zoom / wire.zoom);
        if wire.placed != placed {
            wire.placed = placed;
            let mesh = Arc::make_mut(&mut wire.mesh);
            for (vertex, local) in mesh.vertices.iter_mut().zip(&wire.local) {
                vertex.pos = start + local.to_vec2() * placed.1;
            }
        }
        count(&mut self.n_corners, (wire.mesh.vertices.len(), wire.mesh.indices.len()));
        brush.painter.add(Shape::Mesh(Arc::clone(&wire.mesh)));
    }
}

fn key(layout: &Arc<NodeLayout>) -> usize {
    Arc::as_ptr(layout).addr()
}

const fn count(sum: &mut (usize, usize), more: (usize, usize)) {
    sum.0 += more.0;
    sum.1 += more.1;
}
