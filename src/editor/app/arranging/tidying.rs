//! Tidying: laid out off the interface thread, taken over if nothing changed meanwhile.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use egui::Rect;

use crate::{
    editor::{
        app::{App, messages::Message},
        arrange::{Block, Link, frame_round, tidy},
        canvas::{NodeBox, Piece, boxes, pieces, put_frame, rect_of_frame},
        groups,
        panels::Tone,
        ways,
        words::count,
    },
    nodes::Catalogue,
    workflow::{Edit, Frame, FrameId, NodeId, PortRef, Position, Workflow},
};

impl App {
    /// Lays out the selected nodes, or all if fewer than two are selected.
    pub(super) fn tidy(&self) {
        let Some(sitting) = self.tabs.sitting() else { return };
        let workflow = Arc::clone(sitting.workflow());
        let catalogue = Arc::clone(&self.catalogue);
        let nodes: Vec<NodeId> = match sitting.selection() {
            selection if selection.len() > 1 => selection.iter().cloned().collect(),
            _ => workflow.nodes().map(|(id, _)| id.clone()).collect(),
        };
        self.background.start("pinflow-tidy", move || {
            let edit = tidied(&workflow, &catalogue, &nodes);
            Message::Tidied(workflow, format!("Tidy {}", count(nodes.len(), "node")), edit)
        });
    }

    /// Takes over what was laid out.
    pub(in crate::editor::app) fn tidied(&mut self, of: &Arc<Workflow>, label: String, edit: Option<Edit>) {
        let is_same = self.tabs.sitting().is_some_and(|sitting| Arc::ptr_eq(sitting.workflow(), of));
        match edit {
            Some(edit) if is_same => self.edit(label, edit),
            Some(_) => {
                let text = "Not tidied: the workflow was changed meanwhile. Tidy again.".to_owned();
                self.notices.show(Tone::Warning, text, Vec::new());
            }
            None => {}
        }
    }
}

/// Frames that hold what is tidied.
struct Held<'a> {
    id: &'a FrameId,
    frame: &'a Frame,
    rect: Rect,
    /// By index, the frame it is in.
    parent: Option<usize>,
    /// Whether all nodes in it are tidied; then they stay together.
    whole: bool,
}

/// Returns the edit that lays out these nodes, with the frames they are in; `None` if they are tidy.
fn tidied(workflow: &Workflow, catalogue: &Catalogue, nodes: &[NodeId]) -> Option<Edit> {
    let nodes = groups::completed(workflow, &nodes.iter().cloned().collect());
    let folded: Vec<Piece> = pieces(workflow, catalogue, &nodes).into_iter().filter(|piece| piece.is_group).collect();
    let hidden: BTreeSet<&NodeId> = folded.iter().flat_map(|group| &group.nodes).collect();
    let boxes = boxes(workflow, catalogue, nodes.iter().filter(|id| !hidden.contains(id)));
    let held = held_frames(workflow, catalogue, &nodes);
    let rects: Vec<Rect> = boxes.iter().map(|node| node.rect).chain(folded.iter().map(|group| group.rect)).collect();
    let inside: Vec<Option<usize>> = rects.iter().map(|rect| frame_at(&held, *rect)).collect();
    let whole = |frame: usize| held[frame].whole.then_some(frame);
    let blocks: Vec<Block> = rects
        .iter()
        .zip(&inside)
        .map(|(rect, frame)| Block { position: rect.min, size: rect.size(), frame: frame.and_then(whole) })
        .collect();
    let parents: Vec<Option<usize>> = held.iter().map(|frame| frame.parent.and_then(whole)).collect();
    let places = tidy(&blocks, &links(workflow, &boxes, &folded), &parents);

    let mut edits = Vec::new();
    let mut moves = Vec::new();
    for (index, place) in places.iter().enumerate().filter(|(index, place)| rects[*index].min != **place) {
        if let Some(node) = boxes.get(index) {
            moves.push((node.id.clone(), Position(place.x, place.y)));
            continue;
        }
        let by = *place - rects[index].min;
        let inside = folded[index - boxes.len()].nodes.iter();
        let stands = inside.filter_map(|id| Some((id, workflow.node(id)?.position)));
        moves.extend(stands.map(|(id, at)| (id.clone(), Position(at.0 + by.x, at.1 + by.y))));
    }
    moves.sort_by(|one, other| one.0.cmp(&other.0));
    // A wire whose ends move alike keeps its bends; one that comes to lie otherwise is led straight.
    let is_moved = |node: &NodeId| moves.binary_search_by(|(id, _)| id.cmp(node)).is_ok();
    for (input, _) in workflow.ways() {
        if is_moved(&input.node) || workflow.feed(input).is_some_and(|from| is_moved(&from.node)) {
            edits.push(Edit::SetWay(input.clone(), Vec::new()));
        }
    }
    let moved = |node: &NodeId| {
        let (_, place) = &moves[moves.binary_search_by(|(id, _)| id.cmp(node)).ok()?];
        let before = workflow.node(node)?.position;
        Some((place.0 - before.0, place.1 - before.1))
    };
    edits.extend(ways::carried(workflow, moved));
    edits.extend(groups::carried(workflow, moved));
    let rects = rects.iter().zip(&places).map(|(rect, place)| Rect::from_min_size(*place, rect.size()));
    edits.extend(frame_edits(&held, rects.zip(inside.iter().copied())));
    if !moves.is_empty() {
        edits.push(Edit::MoveNodes(moves));
    }
    (!edits.is_empty()).then_some(Edit::Group(edits))
}

/// Returns the frames, each with the smallest that it is in.
fn held_frames<'a>(workflow: &'a Workflow, catalogue: &Catalogue, nodes: &BTreeSet<NodeId>) -> Vec<Held<'a>> {
    let unseen = groups::unseen_frames(workflow);
    let mut held: Vec<Held<'a>> = workflow
        .frames()
        .filter(|(id, _)| !unseen.contains(id))
        .map(|(id, frame)| Held { id, frame, rect: rect_of_frame(frame), parent: None, whole: true })
        .collect();
    held.sort_by(|one, other| one.rect.area().total_cmp(&other.rect.area()));
    for inner in 0..held.len() {
        let rect = held[inner].rect;
        held[inner].parent = (inner + 1..held.len()).find(|&outer| held[outer].rect.contains_rect(rect));
    }
    if nodes.len() < workflow.n_nodes() {
        let others = workflow.nodes().map(|(id, _)| id).filter(|id| !nodes.contains(*id)).cloned().collect();
        for other in pieces(workflow, catalogue, &others) {
            let mut frame = frame_at(&held, other.rect);
            while let Some(index) = frame {
                held[index].whole = false;
                frame = held[index].parent;
            }
        }
    }
    held
}

/// Returns the smallest frame that a node is in.
fn frame_at(held: &[Held<'_>], rect: Rect) -> Option<usize> {
    held.iter().position(|frame| frame.rect.contains(rect.center()))
}

/// Returns the wires between boxes and, behind those, groups, which wires leave and reach at half their height.
fn links(workflow: &Workflow, boxes: &[NodeBox], folded: &[Piece]) -> Vec<Link> {
    let mut index: BTreeMap<&NodeId, usize> = boxes.iter().enumerate().map(|(index, node)| (&node.id, index)).collect();
    for (group, piece) in folded.iter().enumerate() {
        index.extend(piece.nodes.iter().map(|id| (id, boxes.len() + group)));
    }
    let at = |index: usize, of_box: &dyn Fn(&NodeBox) -> f32| match boxes.get(index) {
        Some(node) => of_box(node),
        None => folded[index - boxes.len()].rect.height() * 0.5,
    };
    let link = |(to, from): (&PortRef, &PortRef)| {
        let (first, last) = (*index.get(&from.node)?, *index.get(&to.node)?);
        let from = (first, at(first, &|node| node.output(&from.port)));
        (first != last).then(|| Link { from, to: (last, at(last, &|node| node.input(&to.port))) })
    };
    workflow.connections().filter_map(link).collect()
}

/// Returns the edits that put each frame round what stands in it. One that holds other nodes too only grows.
fn frame_edits(held: &[Held<'_>], nodes: impl Iterator<Item = (Rect, Option<usize>)>) -> Vec<Edit> {
    let mut inside: Vec<Option<Rect>> = vec![None; held.len()];
    let add = |inside: &mut [Option<Rect>], frame: usize, rect: Rect| {
        inside[frame] = Some(inside[frame].map_or(rect, |known| known.union(rect)));
    };
    for (rect, frame) in nodes {
        if let Some(frame) = frame {
            add(&mut inside, frame, rect);
        }
    }
    let mut edits = Vec::new();
    for (index, frame) in held.iter().enumerate() {
        let Some(content) = inside[index] else { continue };
        let round = frame_round(content);
        let rect = if frame.whole { round } else { frame.rect.union(round) };
        if let Some(parent) = frame.parent {
            add(&mut inside, parent, rect);
        }
        if rect != frame.rect {
            edits.push(put_frame(frame.id, frame.frame, rect));
        }
    }
    edits
}
