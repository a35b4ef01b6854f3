//! Commands about what the canvas shows.

use super::App;
use crate::{
    editor::{
        LayoutRequest, LookRequest, Panel, Section, Tab,
        canvas::CanvasState,
        layout::{Area, Layout, Pane},
        settings::Scale,
    },
    workflow::NodeId,
};

impl App {
    /// Asks something of the canvas in front, if there is one.
    pub(super) fn on_canvas(&mut self, ask: impl FnOnce(&mut CanvasState)) {
        if let Some(tab) = self.tabs.front_mut() {
            ask(&mut tab.canvas);
        }
    }

    pub(super) fn look(&mut self, request: LookRequest) {
        match request {
            LookRequest::FitAll => self.on_canvas(CanvasState::fit_all),
            LookRequest::FitSelected => self.fit_selected(),
            LookRequest::ZoomReset => self.on_canvas(CanvasState::zoom_reset),
            LookRequest::Rename(node) => self.on_canvas(|canvas| canvas.begin_rename(node)),
            LookRequest::Reveal(node) => self.reveal(node),
            LookRequest::Show(node, section) => self.show_section(node, section),
            LookRequest::SelectUpstream => self.select_along(false),
            LookRequest::SelectDownstream => self.select_along(true),
            LookRequest::Find => self.on_canvas(CanvasState::open_find),
            LookRequest::ToggleMinimap => {
                self.settings.hide_minimap = !self.settings.hide_minimap;
                self.save_settings();
            }
            LookRequest::FollowRunning => self.on_canvas(CanvasState::follow_running),
            LookRequest::Walk(direction) => self.on_canvas(|canvas| canvas.walk(direction)),
            LookRequest::Menu => self.on_canvas(CanvasState::open_menu_by_key),
        }
    }

    pub(super) fn show_tab(&mut self, tab: Tab) {
        self.show_pane(Pane::Tab(tab));
    }

    fn show_pane(&mut self, pane: Pane) {
        self.panels.layout.show(pane);
        if let Some(panel) = pane.panel()
            && self.panels.hidden.remove(&panel)
        {
            self.keep_hidden_panels();
        }
    }

    pub(super) fn toggle_panel(&mut self, panel: Panel) {
        if !self.panels.hidden.remove(&panel) {
            self.panels.hidden.insert(panel);
        }
        self.keep_hidden_panels();
    }

    fn keep_hidden_panels(&mut self) {
        self.settings.hidden_panels.clone_from(&self.panels.hidden);
        self.save_settings();
    }

    pub(super) fn arrange_panels(&mut self, ctx: &egui::Context, request: LayoutRequest) {
        match request {
            LayoutRequest::Keep => self.settings.panels = self.panels.layout.area(),
            LayoutRequest::Reset => {
                self.panels.layout = Layout::default();
                self.panels.hidden.clear();
                self.settings.panels = Area::default();
                self.settings.hidden_panels.clear();
            }
            LayoutRequest::Larger => self.settings.scale = self.settings.scale.larger(),
            LayoutRequest::Smaller => self.settings.scale = self.settings.scale.smaller(),
            LayoutRequest::NormalSize => self.settings.scale = Scale::default(),
        }
        ctx.set_zoom_factor(self.settings.scale.factor());
        self.save_settings();
    }

    fn fit_selected(&mut self) {
        if let Some(sitting) = self.tabs.sitting() {
            let nodes: Vec<NodeId> = sitting.selection().iter().cloned().collect();
            self.on_canvas(|canvas| canvas.fit(&nodes));
        }
    }

    fn show_section(&mut self, node: NodeId, section: Section) {
        self.select(vec![node]);
        match section {
            Section::Results => self.show_tab(Tab::Output),
            Section::AllIterations => self.show_tab(Tab::Iterations),
            Section::Iterations | Section::Timing | Section::Why => {
                self.show_pane(Pane::Inspector);
                self.panels.inspector.go_to(section);
            }
        }
    }

    fn reveal(&mut self, node: NodeId) {
        self.unfold_round(&node);
        self.on_canvas(|canvas| canvas.fit(std::slice::from_ref(&node)));
        self.select(vec![node]);
    }
}
