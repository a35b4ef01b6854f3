//! Groups: folding and unfolding frames.

use std::{collections::BTreeSet, sync::Arc};

use egui::Rect;

use crate::{
    editor::{
        app::{App, tabs::WorkflowTab},
        arrange::frame_round,
        canvas::{pieces, rect_of_frame},
        groups,
        panels::Tone,
        words::count,
    },
    nodes::Catalogue,
    workflow::{Edit, Fold, Frame, FrameColor, FrameId, NodeId, Position, Workflow},
};

impl App {
    /// Unfolds the groups that are selected, or else folds the selected nodes, or the chosen frame with what stands in it.
    pub(super) fn group_selected(&mut self) {
        let Some(WorkflowTab { sitting, canvas, .. }) = self.tabs.front() else { return };
        let workflow = Arc::clone(sitting.workflow());
        let selected: Vec<FrameId> = groups::selected(&workflow, sitting.selection()).into_iter().cloned().collect();
        if !selected.is_empty() {
            self.unfold(&selected);
            return;
        }
        let (id, frame, verb) = if sitting.selection().is_empty() {
            let known = canvas.frame().and_then(|id| Some((id.clone(), workflow.frame(id)?)));
            let Some((id, frame)) = known else { return };
            let folded = Frame { folded: Some(standing_in(&workflow, &self.catalogue, &id)), ..frame.clone() };
            (id, folded, "Fold")
        } else {
            let nodes = groups::completed(&workflow, sitting.selection());
            let Some(frame) = group_of(&workflow, &self.catalogue, nodes) else { return };
            (workflow.fresh_frame_id(), frame, "Group")
        };
        let nodes: Vec<NodeId> = frame.folded.iter().flat_map(|fold| fold.nodes.iter().cloned()).collect();
        if nodes.is_empty() {
            let said = format!("Not folded: nothing stands in frame {}, and a group needs a node", frame.title);
            self.notices.show(Tone::Info, said, Vec::new());
            return;
        }
        let label = match verb {
            "Fold" => format!("Fold frame {} with {}", frame.title, count(nodes.len(), "node")),
            _ => format!("Group {}", count(nodes.len(), "node")),
        };
        self.edit(label, Edit::SetFrame(id, frame));
        self.select(nodes);
    }

    /// Shows again what is folded in frames.
    pub(in crate::editor::app) fn unfold(&mut self, frames: &[FrameId]) {
        let Some(sitting) = self.tabs.sitting() else { return };
        let workflow = sitting.workflow();
        let label = match frames {
            [] => return,
            [id] => format!("Unfold group {}", workflow.frame(id).map_or("", |frame| frame.title.as_str())),
            several => format!("Unfold {}", count(several.len(), "group")),
        };
        let edit = groups::unfold(workflow, frames);
        self.edit(label, edit);
    }

    /// Unfolds the groups that hold a node, so that it is seen.
    pub(in crate::editor::app) fn unfold_round(&mut self, node: &NodeId) {
        let Some(sitting) = self.tabs.sitting().filter(|sitting| sitting.past().is_none()) else { return };
        let holding: Vec<FrameId> = groups::holding(sitting.workflow(), node).into_iter().cloned().collect();
        self.unfold(&holding);
    }
}

/// Returns what is folded away with a frame: all that stands in it.
fn standing_in(workflow: &Workflow, catalogue: &Catalogue, id: &FrameId) -> Fold {
    let Some(rect) = workflow.frame(id).map(rect_of_frame) else { return Fold::default() };
    let all = workflow.nodes().map(|(id, _)| id.clone()).collect();
    let inside = pieces(workflow, catalogue, &all).into_iter().filter(|piece| rect.contains(piece.rect.center()));
    let nodes: BTreeSet<NodeId> = inside.flat_map(|piece| piece.nodes).collect();
    let unseen = groups::unseen_frames(workflow);
    let is_inside = |(other, frame): &(&FrameId, &Frame)| {
        *other != id && !unseen.contains(other) && rect.contains_rect(rect_of_frame(frame))
    };
    let mut frames: BTreeSet<FrameId> = workflow.frames().filter(is_inside).map(|(id, _)| id.clone()).collect();
    frames.extend(groups::whole(workflow, &nodes));
    Fold { nodes, frames }
}

/// Returns a frame round nodes that are folded in it.
fn group_of(workflow: &Workflow, catalogue: &Catalogue, nodes: BTreeSet<NodeId>) -> Option<Frame> {
    let pieces = pieces(workflow, catalogue, &nodes);
    let rect = frame_round(pieces.iter().map(|piece| piece.rect).reduce(Rect::union)?);
    let frames = groups::whole(workflow, &nodes);
    Some(Frame {
        title: "Group".to_owned(),
        position: Position(rect.min.x, rect.min.y),
        size: (rect.width(), rect.height()),
        color: FrameColor::default(),
        folded: Some(Fold { nodes, frames }),
    })
}
