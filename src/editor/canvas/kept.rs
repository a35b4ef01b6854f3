//! What was painted of nodes and wires, kept from frame to frame: painted anew only when it would look otherwise.
//!
//! While the view zooms, what was painted for a zoom not far from this one is shown larger or smaller, and of the rest a few
//! are painted anew in each frame, so that no frame is slow; once the zoom rests, all are soon as sharp as ever.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasherDefault, Hasher},
    rc::Rc,
    sync::Arc,
};

use egui::{Mesh, Pos2, Shape};

use super::{
    brush::Brush, canvas_frame::Detail, course::Course, geometry::NodeLayout, picture::Picture, strand::Strand,
};

/// What is out of sight is kept for this many frames.
const KEPT_FOR: u64 = 120;
/// Fewer are kept for good.
const FEW: usize = 400;

/// While the view zooms, what is not shown more than this much larger or smaller than it was painted stays as it is.
const MAX_SCALE: f32 = 1.3;

/// Nodes and wires as they were painted.
#[derive(Default)]
pub(super) struct Kept {
    nodes: HashMap<usize, KeptNode, BuildHasherDefault<Spread>>,
    wires: HashMap<usize, KeptWire, BuildHasherDefault<Spread>>,
    wire_serial: u64,
    /// What is seen of all wires in this frame.
    strands: Arc<Mesh>,
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

/// Spreads keys that are addresses or indices.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, key: usize) {
        let spread = (self.0 ^ key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }
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
    strand: Strand,
    /// Where its start is on the screen.
    start: Pos2,
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
        // After a frame nobody else holds it: nothing is copied.
        Arc::make_mut(&mut self.strands).clear();
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
        let painted_for = node.picture.as_ref().filter(|_| node.detail == detail).map(Picture::zoom);
        let is_sharp = painted_for == Some(self.zoom);
        let is_near = self.is_zooming && painted_for.is_some_and(|painted_for| is_near(self.zoom, painted_for));
        if !is_same || !(is_sharp || is_near || self.left.0 == 0) {
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

    /// Paints a node that was painted in this frame once more.
    pub(super) fn node_again(&mut self, brush: &Brush, layout: &Arc<NodeLayout>, position: Pos2) {
        let known = self.nodes.get_mut(&key(layout)).filter(|node| node.used == self.frame);
        if let Some(picture) = known.and_then(|node| node.picture.as_mut()) {
            brush.painter.add(picture.at(brush.projection.screen_from_scene(position), self.zoom));
        }
    }

    /// Paints a wire that was painted in this frame once more.
    pub(super) fn wire_again(&self, brush: &Brush, index: usize) {
        if let Some(wire) = self.wires.get(&index).filter(|wire| wire.used == self.frame) {
            let mut mesh = Mesh::default();
            wire.strand.add_to(&mut mesh, brush.projection.view, wire.start, self.zoom);
            brush.painter.add(Shape::mesh(mesh));
        }
    }

    /// Adds what is seen of a wire to what [`Self::paint_wires`] paints: as it was painted last if it still looks so, else as
    /// the shapes that `shapes` gives for its course on the screen. Returns whether anything of it is seen.
    pub(super) fn wire(
        &mut self,
        brush: &Brush,
        (index, course, look): (usize, &Course, u64),
        shapes: impl FnOnce(&mut dyn FnMut(Shape), &Course),
    ) -> bool {
        let zoom = self.zoom;
        let (is_zooming, none_left) = (self.is_zooming, self.left.1 == 0);
        let may_be_seen = || course.may_touch(brush.projection.visible());
        let is_good = |wire: &KeptWire| {
            let painted_for = wire.strand.zoom();
            let may_wait = none_left || (is_zooming && is_near(zoom, painted_for));
            wire.look == look && (painted_for == zoom || may_wait) && wire.course.is_shaped_as(course)
        };
        let paint = || {
            self.left.1 = self.left.1.saturating_sub(1);
            let strand = Strand::new(brush, course, shapes);
            KeptWire { course: course.clone(), look, strand, start: Pos2::ZERO, used: 0 }
        };
        let wire = match self.wires.entry(index) {
            Entry::Occupied(entry) => {
                let wire = entry.into_mut();
                if !is_good(wire) {
                    if !may_be_seen() {
                        return false;
                    }
                    *wire = paint();
                }
                wire
            }
            Entry::Vacant(_) if !may_be_seen() => return false,
            Entry::Vacant(entry) => entry.insert(paint()),
        };
        wire.start = brush.projection.screen_from_scene(course.start());
        let sum = Arc::make_mut(&mut self.strands);
        let is_seen = wire.strand.add_to(sum, brush.projection.view, wire.start, zoom);
        if is_seen {
            wire.used = self.frame;
            self.is_blurred |= wire.strand.zoom() != zoom;
        }
        is_seen
    }

    /// Paints what is seen of the wires.
    pub(super) fn paint_wires(&mut self, brush: &Brush) {
        count(&mut self.n_corners, (self.strands.vertices.len(), self.strands.indices.len()));
        brush.painter.add(Shape::Mesh(Arc::clone(&self.strands)));
    }
}

fn is_near(zoom: f32, painted_for: f32) -> bool {
    (1.0 / MAX_SCALE..=MAX_SCALE).contains(&(zoom / painted_for))
}

fn key(layout: &Arc<NodeLayout>) -> usize {
    Arc::as_ptr(layout).addr()
}

const fn count(sum: &mut (usize, usize), more: (usize, usize)) {
    sum.0 += more.0;
    sum.1 += more.1;
}
