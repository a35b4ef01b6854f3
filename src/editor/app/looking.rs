//! Commands about what the canvas shows.

use super::App;
use crate::{
    editor::{LookRequest, Panel, Section, Tab},
    workflow::NodeId,
};

impl App {
    pub(super) fn look(&mut self, request: LookRequest) {
        match request {
            LookRequest::FitAll => self.panels.canvas.fit_all(),
            LookRequest::FitSelected => self.fit_selected(),
            LookRequest::ZoomReset => self.panels.canvas.zoom_reset(),
            LookRequest::Rename(node) => self.panels.canvas.begin_rename(node),
            LookRequest::Reveal(node) => self.reveal(node),
            LookRequest::Show(node, section) => self.show_section(node, section),
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

    fn show_section(&mut self, node: NodeId, section: Section) {
        self.select(vec![node]);
        match section {
            Section::Results => self.show_tab(Tab::Output),
            Section::Iterations | Section::Timing | Section::Why => {
                self.panels.shown.insert(Panel::Inspector);
                self.panels.inspector.go_to(section);
            }
        }
    }

    fn reveal(&mut self, node: NodeId) {
        self.panels.canvas.fit(std::slice::from_ref(&node));
        self.select(vec![node]);
    }
}
