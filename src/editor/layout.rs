//! Where the panels stand: rows, columns and tabs that a person sizes and moves with the mouse.
//!
//! A share of a row or a column is a number of points, so that panels keep their size when the window changes and the canvas
//! takes what is left.

mod area;
mod panes;

use std::collections::HashMap;

use egui::Vec2;
use egui_tiles::{Container, Linear, LinearDir, Tabs, Tile, TileId, Tiles, Tree};

pub(crate) use self::{
    area::Area,
    panes::{PaneTitle, panes_ui},
};
use super::{Panel, Tab};

/// What can stand somewhere in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pane {
    Canvas,
    Library,
    Inspector,
    Tab(Tab),
}

impl Pane {
    /// Returns all panes.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Self::Canvas, Self::Library, Self::Inspector].into_iter().chain(Tab::ALL.map(Self::Tab))
    }

    /// Returns the panel that shows and hides it; the canvas is always there.
    pub(crate) const fn panel(self) -> Option<Panel> {
        match self {
            Self::Canvas => None,
            Self::Library => Some(Panel::Library),
            Self::Inspector => Some(Panel::Inspector),
            Self::Tab(_) => Some(Panel::Bottom),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Canvas => "Canvas",
            Self::Library => "Library",
            Self::Inspector => "Inspector",
            Self::Tab(tab) => tab.name(),
        }
    }
}

/// The least size of a panel, in points.
const LEAST: f32 = 80.0;
/// What a panel gets that has just been put somewhere, in points.
const NEW: f32 = 260.0;
/// The largest part of a row or column that panels take from the canvas.
const MOST: f32 = 0.6;

/// Where the panels stand.
pub(crate) struct Layout {
    tree: Tree<Pane>,
    /// What panels were given by hand, in points: in a small window they may get less for a while.
    wanted: HashMap<TileId, f32>,
    /// A person has moved or sized something since it was kept.
    is_edited: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self::of(&Area::default())
    }
}

impl Layout {
    /// Returns this arrangement; panes it does not know stand beside the results.
    pub(crate) fn of(area: &Area) -> Self {
        let area = area.clone().made_whole();
        let mut tiles = Tiles::default();
        let root = insert(&mut tiles, &area);
        Self { tree: Tree::new(egui::Id::unique("panels"), root, tiles), wanted: HashMap::new(), is_edited: false }
    }

    /// Returns the arrangement as it is now.
    pub(crate) fn area(&self) -> Area {
        self.tree.root().map(|root| area_of(&self.tree.tiles, &self.wanted, root)).unwrap_or_default()
    }

    /// Returns whether a person has moved or sized something since this was asked last, and is done with it.
    pub(crate) fn is_to_be_kept(&mut self, ctx: &egui::Context) -> bool {
        !ctx.input(|input| input.pointer.any_down()) && std::mem::take(&mut self.is_edited)
    }

    /// Brings a pane to the front of its tabs.
    pub(crate) fn show(&mut self, pane: Pane) {
        self.tree.make_active(|_, tile| matches!(tile, Tile::Pane(known) if *known == pane));
    }

    /// Hides and shows panes, and gives every panel its size and the canvas what is left of the window.
    fn fit(&mut self, size: Vec2, is_shown: impl Fn(Pane) -> bool) {
        let panes: Vec<(TileId, Pane)> = self
            .tree
            .tiles
            .iter()
            .filter_map(|(id, tile)| if let Tile::Pane(pane) = tile { Some((*id, *pane)) } else { None })
            .collect();
        for (id, pane) in panes {
            self.tree.set_visible(id, is_shown(pane));
        }
        if let Some(root) = self.tree.root() {
            fit(&mut self.tree.tiles, &mut self.wanted, root, size);
        }
    }
}

fn insert(tiles: &mut Tiles<Pane>, area: &Area) -> TileId {
    let linear = |tiles: &mut Tiles<Pane>, dir, parts: &[(u32, Area)]| {
        let ids: Vec<TileId> = parts.iter().map(|(_, part)| insert(tiles, part)).collect();
        let mut linear = Linear::new(dir, ids.clone());
        for (id, (points, _)) in ids.into_iter().zip(parts) {
            linear.shares.set_share(id, as_points(*points));
        }
        tiles.insert_container(linear)
    };
    match area {
        Area::Row(parts) => linear(tiles, LinearDir::Horizontal, parts),
        Area::Column(parts) => linear(tiles, LinearDir::Vertical, parts),
        Area::Tabs(panes, front) => {
            let ids: Vec<TileId> = panes.iter().map(|pane| tiles.insert_pane(*pane)).collect();
            let mut tabs = Tabs::new(ids.clone());
            if let Some(front) = ids.get(*front) {
                tabs.set_active(*front);
            }
            tiles.insert_container(tabs)
        }
    }
}

fn area_of(tiles: &Tiles<Pane>, wanted: &HashMap<TileId, f32>, id: TileId) -> Area {
    match tiles.get(id) {
        Some(Tile::Pane(pane)) => Area::Tabs(vec![*pane], 0),
        Some(Tile::Container(Container::Tabs(tabs))) => {
            let panes: Vec<(TileId, Pane)> =
                tabs.children.iter().filter_map(|id| Some((*id, *tiles.get_pane(id)?))).collect();
            let front = panes.iter().position(|(id, _)| tabs.is_active(*id)).unwrap_or(0);
            Area::Tabs(panes.into_iter().map(|(_, pane)| pane).collect(), front)
        }
        Some(Tile::Container(Container::Linear(linear))) => {
            let points = |id: &TileId| in_points(wanted.get(id).copied().unwrap_or(linear.shares[*id]));
            let parts = linear.children.iter().map(|id| (points(id), area_of(tiles, wanted, *id))).collect();
            if linear.dir == LinearDir::Horizontal { Area::Row(parts) } else { Area::Column(parts) }
        }
        Some(Tile::Container(Container::Grid(grid))) => {
            Area::Row(grid.children().map(|id| (0, area_of(tiles, wanted, *id))).collect())
        }
        None => Area::Tabs(Vec::new(), 0),
    }
}

fn holds_canvas(tiles: &Tiles<Pane>, id: TileId) -> bool {
    match tiles.get(id) {
        Some(Tile::Pane(pane)) => *pane == Pane::Canvas,
        Some(Tile::Container(container)) => container.children().any(|child| holds_canvas(tiles, *child)),
        None => false,
    }
}

/// Gives what stands in a container its size: panels what they had, the one with the canvas what is left.
fn fit(tiles: &mut Tiles<Pane>, wanted: &mut HashMap<TileId, f32>, id: TileId, size: Vec2) {
    let Some(Tile::Container(container)) = tiles.get(id) else { return };
    let Container::Linear(linear) = container else {
        let children: Vec<TileId> = container.active_children(tiles).collect();
        for child in children {
            fit(tiles, wanted, child, size);
        }
        return;
    };
    let dir = linear.dir;
    let seen: Vec<TileId> = linear.children.iter().copied().filter(|id| tiles.is_visible_in_layout(*id)).collect();
    let total = if dir == LinearDir::Horizontal { size.x } else { size.y };
    let asked: Vec<f32> = seen.iter().map(|id| *wanted.entry(*id).or_insert(linear.shares[*id])).collect();
    let flexible = seen.iter().position(|id| holds_canvas(tiles, *id));
    let sizes = sizes(&asked, flexible, total);
    for (child, points) in seen.into_iter().zip(sizes) {
        if let Some(Tile::Container(Container::Linear(linear))) = tiles.get_mut(id) {
            linear.shares.set_share(child, points);
        }
        let size = if dir == LinearDir::Horizontal { Vec2::new(points, size.y) } else { Vec2::new(size.x, points) };
        fit(tiles, wanted, child, size);
    }
}

/// Divides a length among panels, of which one may be flexible: the others keep what they had as long as there is room.
/// Without one they keep their proportions.
fn sizes(asked: &[f32], flexible: Option<usize>, total: f32) -> Vec<f32> {
    let asked: Vec<f32> = asked.iter().map(|&points| if points < LEAST / 2.0 { NEW } else { points }).collect();
    let of_others: f32 =
        asked.iter().enumerate().filter(|(at, _)| Some(*at) != flexible).map(|(_, points)| points).sum();
    let room = if flexible.is_some() { total * MOST } else { total };
    let scale = if flexible.is_none() || of_others > room { room / of_others.max(1.0) } else { 1.0 };
    // Whole points, so that what stands beside each other meets.
    let mut sizes: Vec<f32> = asked.iter().map(|points| (points * scale).round()).collect();
    if let Some(size) = flexible.and_then(|at| sizes.get_mut(at)) {
        *size = 0.0;
    }
    let left = total - sizes.iter().sum::<f32>();
    let taker = flexible.or_else(|| sizes.len().checked_sub(1));
    if let Some(size) = taker.and_then(|at| sizes.get_mut(at)) {
        *size = (*size + left).max(1.0);
    }
    sizes
}

#[expect(clippy::cast_precision_loss, reason = "points on a screen are few")]
const fn as_points(points: u32) -> f32 {
    points as f32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "points on a screen are few")]
fn in_points(points: f32) -> u32 {
    points.round().clamp(0.0, 100_000.0) as u32
}

#[cfg(test)]
mod tests;
