//! Commands about what the canvas shows.

use super::App;
use crate::{editor::LookRequest, workflow::NodeId};

impl App {
    pub(super) fn look(&mut self, request: LookRequest) {
        match request {
            LookRequest::FitAll => self.panels.canvas.fit_all(),
            LookRequest::FitSelected => self.fit_selected(),
            LookRequest::ZoomReset => self.panels.canvas.zoom_reset(),
            LookRequest::Rename(node) => self.panels.canvas.begin_rename(node),
            LookRequest::Reveal(node) => self.reveal(node),
            LookRequest::SelectUpstream => self.select_along(false),
            LookRequest::SelectDownstream => self.select_along(true),
            LookRequest::Find => self.panels.canvas.open_find(),
            LookRequest::ToggleMinimap => {
                self.settings.hide_minimap = !self.settings.hide_minimap;
                self.save_settings();
            }
            LookRequest::FollowRunning => self.panels.canvas.follow_running(),
            LookRequest::Walk(direction) => self.panels.canvas.walk(direction),
            LookRequest::Menu => self.panels.canvas.open_menu_by_key(),
        }
    }

    fn fit_selected(&mut self) {
        if let Some(sitting) = &self.sitting {
            let nodes: Vec<NodeId> = sitting.selection().iter().cloned().collect();
            self.panels.canvas.fit(&nodes);
        }
    }

    fn reveal(&mut self, node: NodeId) {
        self.panels.canvas.fit(std::slice::from_ref(&node));
        self.select(vec![node]);
    }
}
