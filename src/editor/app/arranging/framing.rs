//! Frames round nodes, collapsed nodes, and selecting what is upstream and downstream.

use std::collections::{BTreeMap, BTreeSet};

use egui::Rect;

use crate::{
    editor::{
        FrameRequest,
        app::App,
        arrange::frame_round,
        canvas::{pieces, rect_of_frame},
        sitting::Sitting,
        words::{self, count},
    },
    workflow::{Edit, Frame, FrameColor, FrameId, NodeId, Position},
};

impl App {
    /// Puts a frame round the selected nodes.
    pub(super) fn frame_selected(&mut self) {
        let Some(sitting) = self.tabs.sitting() else { return };
        let pieces = pieces(sitting.workflow(), &self.catalogue, sitting.selection());
        let Some(content) = pieces.iter().map(|piece| piece.rect).reduce(Rect::union) else { return };
        let n_nodes: usize = pieces.iter().map(|piece| piece.nodes.len()).sum();
        let rect = frame_round(content);
        let id = sitting.workflow().fresh_frame_id();
        let frame = Frame {
            title: "Frame".to_owned(),
            position: Position(rect.min.x, rect.min.y),
            size: (rect.width(), rect.height()),
            color: FrameColor::default(),
            folded: None,
        };
        self.edit(format!("Frame {}", count(n_nodes, "node")), Edit::SetFrame(id.clone(), frame));
        self.select(Vec::new());
        self.on_canvas(|canvas| canvas.choose_frame(id));
    }

    pub(in crate::editor::app) fn change_frame(&mut self, id: FrameId, request: FrameRequest) {
        let Some(sitting) = self.tabs.sitting() else { return };
        let workflow = sitting.workflow();
        let Some(frame) = workflow.frame(&id) else { return };
        match request {
            FrameRequest::Remove => self.edit(format!("Remove frame {}", frame.title), Edit::RemoveFrame(id)),
            FrameRequest::Rename => self.on_canvas(|canvas| canvas.begin_frame_title(id)),
            FrameRequest::Color(color) if color == frame.color => {}
            FrameRequest::Color(color) => {
                let label = format!("Make frame {} {}", frame.title, color.name().to_lowercase());
                let edit = Edit::SetFrame(id, Frame { color, ..frame.clone() });
                self.edit(label, edit);
            }
            FrameRequest::SelectNodes => {
                let rect = rect_of_frame(frame);
                let all = workflow.nodes().map(|(id, _)| id.clone()).collect();
                let pieces = pieces(workflow, &self.catalogue, &all);
                let inside = pieces.into_iter().filter(|piece| rect.contains(piece.rect.center()));
                self.select(inside.flat_map(|piece| piece.nodes).collect());
            }
            FrameRequest::Unfold => self.unfold(&[id]),
        }
    }

    /// Shows of the selected nodes the titles and ports only; all of them again if each is shown so.
    pub(super) fn toggle_collapsed(&mut self) {
        let Some(sitting) = self.tabs.sitting() else { return };
        let workflow = sitting.workflow();
        let is_collapsed = |id: &NodeId| workflow.node(id).is_some_and(|node| node.collapsed);
        let collapse = !sitting.selection().iter().all(is_collapsed);
        let nodes: Vec<&NodeId> = sitting.selection().iter().filter(|id| is_collapsed(id) != collapse).collect();
        let verb = if collapse { "Collapse" } else { "Expand" };
        let label = match nodes.as_slice() {
            [] => return,
            [node] => format!("{verb} {}", words::title(workflow, &self.catalogue, node)),
            several => format!("{verb} {} nodes", several.len()),
        };
        let edits = nodes.into_iter().map(|id| Edit::SetCollapsed(id.clone(), collapse)).collect();
        self.edit(label, Edit::Group(edits));
    }

    /// Opens the note of the selected node to be typed.
    pub(super) fn comment_selected(&mut self) {
        if let Some(tab) = self.tabs.front_mut()
            && let Some(node) = tab.sitting.selection().first()
        {
            tab.canvas.begin_comment(node.clone());
        }
    }

    /// Adds to the selection all that feeds it, or all that it feeds.
    pub(in crate::editor::app) fn select_along(&mut self, down: bool) {
        let Some(sitting) = self.tabs.sitting() else { return };
        let found = along(sitting, down);
        self.select(found);
    }
}

/// Returns the selected nodes and all that feeds them, or all that they feed.
fn along(sitting: &Sitting, down: bool) -> Vec<NodeId> {
    let workflow = sitting.shown_workflow();
    let mut next: BTreeMap<&NodeId, Vec<&NodeId>> = BTreeMap::new();
    for (to, from) in workflow.connections() {
        let (here, there) = if down { (&from.node, &to.node) } else { (&to.node, &from.node) };
        next.entry(here).or_default().push(there);
    }
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<&NodeId> = sitting.selection().iter().collect();
    while let Some(node) = waiting.pop() {
        if seen.insert(node) {
            waiting.extend(next.get(node).into_iter().flatten());
        }
    }
    seen.into_iter().cloned().collect()
}
