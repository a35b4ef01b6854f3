//! A layered layout, left to right. What is in a frame stays together: a frame is laid out by itself and then stands among
//! the others as one block. Parts without wires between them are packed in rows.
//!
//! What comes out depends on the wires, the sizes and the order in which things stand one below the other, and that order
//! is among what comes out: tidying what is tidy changes nothing.

use std::collections::BTreeMap;

use egui::{Pos2, Rect, pos2};

use super::{
    Block, FRAME_PADDING, FRAME_TITLE, Link, STEP, frame_round, heights,
    layers::columns,
    order::{Columns, Order, Wire},
};

/// The free width between columns, a multiple of [`STEP`].
const COLUMN_GAP: f64 = 80.0;
/// The free room between parts without wires between them, a multiple of [`STEP`].
const PART_GAP: f64 = 60.0;
/// How much wider than high the whole becomes at most, unless one part is wider.
const ASPECT: f64 = 1.6;

/// Something to be placed among others.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// Where it is now.
    now: Rect,
    width: f64,
    height: f64,
}

/// A wire between cells, with how far below their tops it leaves and arrives.
#[derive(Clone, Copy, Debug)]
struct CellWire {
    from: usize,
    to: usize,
    ends: (f64, f64),
}

/// Returns where blocks stand once they are tidy. `parents` gives for each frame the frame it is in; no frame is in itself,
/// however far up.
pub(crate) fn tidy(blocks: &[Block], links: &[Link], parents: &[Option<usize>]) -> Vec<Pos2> {
    let mut tree = Tree::new(blocks, parents);
    let wires = tree.wires_by_container(links);
    let mut containers: Vec<usize> = (0..=parents.len()).collect();
    containers.sort_by_key(|&container| std::cmp::Reverse(tree.depth(tree.entity(container))));
    for container in containers {
        tree.lay_out(container, links, wires.get(&container).map_or(&[], Vec::as_slice));
    }
    tree.places(blocks)
}

/// Blocks and frames as one tree. Entities are the blocks, then the frames, then the whole; containers are the frames, then
/// the whole.
struct Tree {
    n_blocks: usize,
    /// By entity but the whole, the container it is in.
    inside: Vec<usize>,
    /// By container, the entities in it.
    children: Vec<Vec<usize>>,
    /// By entity: where it is now, its size once it is laid out, and where it then stands in what it is in.
    now: Vec<Option<Rect>>,
    size: Vec<(f64, f64)>,
    offset: Vec<(f64, f64)>,
}

impl Tree {
    fn new(blocks: &[Block], parents: &[Option<usize>]) -> Self {
        let whole = parents.len();
        let container = |frame: &Option<usize>| frame.unwrap_or(whole);
        let inside: Vec<usize> =
            blocks.iter().map(|block| container(&block.frame)).chain(parents.iter().map(container)).collect();
        let mut children = vec![Vec::new(); whole + 1];
        for (entity, &container) in inside.iter().enumerate() {
            children[container].push(entity);
        }
        let n_entities = inside.len() + 1;
        let mut now: Vec<Option<Rect>> = blocks.iter().map(|block| Some(block.rect())).collect();
        now.resize(n_entities, None);
        let size = blocks.iter().map(|block| (in_steps(block.size.x), in_steps(block.size.y)));
        let mut size: Vec<(f64, f64)> = size.collect();
        size.resize(n_entities, (0.0, 0.0));
        Self { n_blocks: blocks.len(), inside, children, now, size, offset: vec![(0.0, 0.0); n_entities] }
    }

    const fn entity(&self, container: usize) -> usize {
        self.n_blocks + container
    }

    fn container_of(&self, entity: usize) -> Option<usize> {
        self.inside.get(entity).copied()
    }

    fn depth(&self, entity: usize) -> usize {
        std::iter::successors(Some(entity), |&entity| self.container_of(entity).map(|inside| self.entity(inside)))
            .count()
    }

    /// Returns the two entities that a link is between in the innermost container that holds both its ends.
    fn ends_of(&self, link: &Link) -> (usize, usize) {
        let up = |entity: usize| self.container_of(entity).map_or(entity, |inside| self.entity(inside));
        let (mut from, mut to) = (link.from.0, link.to.0);
        let (mut from_depth, mut to_depth) = (self.depth(from), self.depth(to));
        while from_depth > to_depth {
            (from, from_depth) = (up(from), from_depth - 1);
        }
        while to_depth > from_depth {
            (to, to_depth) = (up(to), to_depth - 1);
        }
        while self.container_of(from) != self.container_of(to) {
            (from, to) = (up(from), up(to));
        }
        (from, to)
    }

    /// Returns by container the links in it, with the entities they are between.
    fn wires_by_container(&self, links: &[Link]) -> BTreeMap<usize, Vec<(usize, usize, usize)>> {
        let mut wires: BTreeMap<usize, Vec<(usize, usize, usize)>> = BTreeMap::new();
        for (index, link) in links.iter().enumerate() {
            let (from, to) = self.ends_of(link);
            if let Some(container) = self.container_of(from).filter(|_| from != to) {
                wires.entry(container).or_default().push((index, from, to));
            }
        }
        wires
    }

    /// Returns how far below the top of an entity a block in it has its top.
    fn depth_below(&self, entity: usize, block: usize) -> f64 {
        let mut below = 0.0;
        let mut at = block;
        while at != entity
            && let Some(container) = self.container_of(at)
        {
            below += self.offset[at].1 + f64::from(FRAME_PADDING + FRAME_TITLE);
            at = self.entity(container);
        }
        below
    }

    /// Lays out what is in a container, when all frames in it are.
    fn lay_out(&mut self, container: usize, links: &[Link], wires: &[(usize, usize, usize)]) {
        let entities: Vec<usize> =
            self.children[container].iter().copied().filter(|&entity| self.now[entity].is_some()).collect();
        let cells: Vec<Cell> = entities
            .iter()
            .filter_map(|&entity| {
                let (width, height) = self.size[entity];
                self.now[entity].map(|now| Cell { now, width, height })
            })
            .collect();
        let Some(bounds) = cells.iter().map(|cell| cell.now).reduce(Rect::union) else { return };
        let index: BTreeMap<usize, usize> =
            entities.iter().enumerate().map(|(index, &entity)| (entity, index)).collect();
        let wires: Vec<CellWire> = wires
            .iter()
            .map(|&(link, from, to)| {
                let Link { from: (first, leaves), to: (last, arrives) } = links[link];
                let ends = (
                    self.depth_below(from, first) + f64::from(leaves),
                    self.depth_below(to, last) + f64::from(arrives),
                );
                CellWire { from: index[&from], to: index[&to], ends }
            })
            .collect();
        let (places, size) = packed(&cells, &wires);
        for (&entity, place) in entities.iter().zip(places) {
            self.offset[entity] = place;
        }
        let entity = self.entity(container);
        let room = f64::from(2.0 * FRAME_PADDING);
        self.size[entity] = (size.0 + room, size.1 + room + f64::from(FRAME_TITLE));
        self.now[entity] = Some(frame_round(bounds));
    }

    /// Returns where the blocks stand, the whole put where most of them move least.
    fn places(&self, blocks: &[Block]) -> Vec<Pos2> {
        let (padding, title) = (f64::from(FRAME_PADDING), f64::from(FRAME_TITLE));
        let place = |block: usize| {
            let (mut x, mut y) = self.offset[block];
            let mut at = block;
            while let Some(container) = self.container_of(at).filter(|&container| container + 1 < self.children.len()) {
                at = self.entity(container);
                let (left, top) = self.offset[at];
                (x, y) = (x + left + padding, y + top + padding + title);
            }
            pos2(x as f32, y as f32)
        };
        let places: Vec<Pos2> = (0..blocks.len()).map(place).collect();
        let middle = |axis: usize| {
            let mut moves: Vec<f32> =
                blocks.iter().zip(&places).map(|(block, place)| block.position[axis] - place[axis]).collect();
            moves.sort_unstable_by(f32::total_cmp);
            moves.get(moves.len() / 2).map_or(0.0, |moved| (moved / STEP).round() * STEP)
        };
        let shift = egui::vec2(middle(0), middle(1));
        places.into_iter().map(|place| place + shift).collect()
    }
}

fn in_steps(length: f32) -> f64 {
    f64::from((length / STEP).ceil() * STEP)
}

/// Places cells part by part, from the origin on; returns where each stands and the size of the whole.
fn packed(cells: &[Cell], wires: &[CellWire]) -> (Vec<(f64, f64)>, (f64, f64)) {
    let mut parts = parts(cells, wires);
    let corner = |part: &[usize]| {
        let now = part.iter().map(|&cell| cells[cell].now).reduce(Rect::union).unwrap_or(Rect::ZERO);
        (now.top(), now.left())
    };
    parts.sort_by(|a, b| {
        let (a, b) = (corner(a), corner(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let mut wires_of = vec![Vec::new(); parts.len()];
    let mut part_of = vec![0; cells.len()];
    for (part, members) in parts.iter().enumerate() {
        for &cell in members {
            part_of[cell] = part;
        }
    }
    for wire in wires {
        wires_of[part_of[wire.from]].push(*wire);
    }
    let laid_out: Vec<_> = parts.iter().zip(&wires_of).map(|(part, wires)| layered(cells, part, wires)).collect();

    let area: f64 = laid_out.iter().map(|(_, (width, height))| (width + PART_GAP) * (height + PART_GAP)).sum();
    let widest = laid_out.iter().map(|(_, size)| size.0).fold((area * ASPECT).sqrt(), f64::max);
    let mut places = vec![(0.0, 0.0); cells.len()];
    let mut size: (f64, f64) = (0.0, 0.0);
    let (mut left, mut top) = (0.0, 0.0);
    for (part, (inner, (width, height))) in parts.iter().zip(laid_out) {
        if left > 0.0 && left + width > widest {
            (left, top) = (0.0, size.1 + PART_GAP);
        }
        for (&cell, (x, y)) in part.iter().zip(inner) {
            places[cell] = (left + x, top + y);
        }
        size = (size.0.max(left + width), size.1.max(top + height));
        left += width + PART_GAP;
    }
    (places, size)
}

/// Returns the cells that wires join, each part sorted.
fn parts(cells: &[Cell], wires: &[CellWire]) -> Vec<Vec<usize>> {
    let mut root: Vec<usize> = (0..cells.len()).collect();
    for wire in wires {
        let (from, to) = (find(&mut root, wire.from), find(&mut root, wire.to));
        root[from.max(to)] = from.min(to);
    }
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for cell in 0..cells.len() {
        parts.entry(find(&mut root, cell)).or_default().push(cell);
    }
    parts.into_values().collect()
}

/// Returns the first cell of the part that a cell is in as far as known, and shortens the way there.
fn find(root: &mut [usize], mut cell: usize) -> usize {
    while root[cell] != cell {
        root[cell] = root[root[cell]];
        cell = root[cell];
    }
    cell
}

/// Lays out cells that wires join; returns where each stands from the origin on, and the size of all.
fn layered(cells: &[Cell], part: &[usize], wires: &[CellWire]) -> (Vec<(f64, f64)>, (f64, f64)) {
    let at = |cell: usize| part.binary_search(&cell).expect("a part holds the ends of its wires");
    let heights: Vec<f64> = part.iter().map(|&cell| cells[cell].height).collect();
    let pairs: Vec<(usize, usize)> = wires.iter().map(|wire| (at(wire.from), at(wire.to))).collect();
    let column_of = columns(part.len(), &pairs);
    let n_columns = column_of.iter().max().map_or(0, |last| last + 1);

    let mut wired = Vec::with_capacity(wires.len());
    let mut ends = Vec::with_capacity(wires.len());
    for (wire, &(from, to)) in wires.iter().zip(&pairs) {
        // A wire that leads back, out of a frame and into it again, is drawn the other way round.
        let turned = column_of[from] > column_of[to];
        let ((from, from_end), (to, to_end)) =
            if turned { ((to, wire.ends.1), (from, wire.ends.0)) } else { ((from, wire.ends.0), (to, wire.ends.1)) };
        let (from_share, to_share) = ((from_end / heights[from]) as f32, (to_end / heights[to]) as f32);
        wired.push(Wire { from, to, from_share, to_share });
        ends.push((from_end, to_end));
    }
    let mut order: Order = vec![Vec::new(); n_columns];
    for (item, &column) in column_of.iter().enumerate() {
        order[column].push(item);
    }
    for column in &mut order {
        column.sort_by(|&a, &b| cells[part[a]].now.top().total_cmp(&cells[part[b]].now.top()).then(a.cmp(&b)));
    }
    let graph = Columns::new(&column_of, &wired);
    let order = graph.sorted(order);
    let tops = heights::tops(&graph, &order, &heights, &ends);

    let highest = tops[..part.len()].iter().copied().fold(f64::INFINITY, f64::min);
    let mut places = vec![(0.0, 0.0); part.len()];
    let (mut left, mut right, mut bottom) = (0.0, 0.0_f64, 0.0_f64);
    for column in &order {
        let items = column.iter().copied().filter(|&entry| graph.is_item(entry));
        let mut width = 0.0_f64;
        for item in items {
            places[item] = (left, tops[item] - highest);
            width = width.max(cells[part[item]].width);
            bottom = bottom.max(tops[item] - highest + heights[item]);
        }
        right = left + width;
        left = right + COLUMN_GAP;
    }
    (places, (right, bottom))
}

#[cfg(test)]
mod tests;
