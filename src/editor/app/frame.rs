//! What a frame shows: toolbar, notices, panels, canvas, dialogs.

use egui::{CentralPanel, Frame, Margin, Panel as Side, Rect, Ui};

use super::{App, dropped::hovering_ui};
use crate::editor::{
    Command, LayoutRequest, Panel, Tab, View,
    canvas::canvas_ui,
    command_table::{self, Situation, TabsStand},
    guide::{close_on_escape, guide_ui},
    inspector::inspector_ui,
    layout::{Pane, PaneTitle, panes_ui},
    panels::{
        BottomStates, StatusWords, library_ui, notices_ui, past_banner_ui, past_frame, pause_banner_ui, pins_banner_ui,
        shown_node, status_ui, tab_title, tab_ui, tabs_ui, toolbar_ui, welcome_ui,
    },
    theme,
};
use crate::session::SessionId;

impl App {
    /// Draws the window.
    pub(super) fn frame_ui(&mut self, ui: &mut Ui, commands: &mut Vec<Command>) {
        if self.dialog.is_none() {
            close_on_escape(ui.ctx(), &mut self.guide);
        }
        let situation = self.situation();
        if self.dialog.is_none()
            && self.carried.is_none()
            && !self.tabs.front().is_some_and(|tab| tab.canvas.takes_letters())
        {
            command_table::shortcuts(ui.ctx(), &situation, commands);
        }
        self.toolbar_ui(ui, &situation, commands);
        let over = self.strip_ui(ui, commands);
        self.carry_over_tabs(ui, over, commands);
        self.notices_ui(ui, &self.situation(), commands);
        if self.tabs.sitting().is_some() {
            self.sitting_ui(ui, commands);
        } else {
            CentralPanel::default()
                .show(ui, |ui| welcome_ui(ui, &self.settings.recent, &self.profiles, &self.folders.profile, commands));
        }
        guide_ui(ui.ctx(), &mut self.guide);
        self.dialogs_ui(ui, commands);
        command_table::note_menus(ui.ctx());
        self.take_dropped_files(ui.ctx(), commands);
        hovering_ui(ui);
    }

    /// Returns what commands act upon and need.
    pub(super) fn situation(&self) -> Situation<'_> {
        let tabs = TabsStand {
            n_others: self.tabs.len() - usize::from(self.tabs.front().is_some()),
            n_closed: self.closed.len(),
            stay_closed: self.settings.tabs.stay_closed,
        };
        let Some(tab) = self.tabs.front() else { return Situation { tabs, ..Situation::without_workflow() } };
        let sitting = &tab.sitting;
        let run = sitting.view_of_now(&self.catalogue, false).run;
        Situation {
            history: Some(sitting.history()),
            wire: tab.canvas.focused_wire(),
            bends: tab.canvas.bends(),
            frame: tab.canvas.frame(),
            running: tab.run.is_some(),
            paused: run.is_some_and(|run| run.pause.is_some()),
            run_options: self.settings.run,
            run_takes: sitting.forecasts().full_in_words(),
            resume_takes: sitting.forecasts().resume_in_words(),
            tabs,
            ..Situation::of(sitting.view(&self.catalogue, self.panels.show_plan))
        }
    }

    fn view_of_now(&self) -> Option<View<'_>> {
        self.tabs.sitting().map(|sitting| sitting.view_of_now(&self.catalogue, self.panels.show_plan))
    }

    fn toolbar_ui(&self, ui: &mut Ui, situation: &Situation<'_>, commands: &mut Vec<Command>) {
        let view = self.view_of_now();
        Side::top("toolbar").frame(bar(ui)).show(ui, |ui| toolbar_ui(ui, view, situation, commands));
    }

    /// Shows the tabs, if there are any; returns the one that the pointer is over.
    fn strip_ui(&mut self, ui: &mut Ui, commands: &mut Vec<Command>) -> Option<SessionId> {
        let faces = self.tab_faces();
        if faces.is_empty() {
            return None;
        }
        let frame = Frame::new().fill(theme::tokens(ui).panel).inner_margin(Margin::symmetric(6, 2));
        Side::top("tabs").frame(frame).show(ui, |ui| tabs_ui(ui, &faces, &mut self.panels.strip, commands)).inner
    }

    fn notices_ui(&self, ui: &mut Ui, situation: &Situation<'_>, commands: &mut Vec<Command>) {
        let view = self.view_of_now();
        let run = view.and_then(|view| view.run).filter(|run| run.n_pins > 0);
        let is_paused = situation.paused;
        if is_paused || run.is_some() || self.notices.list().next().is_some() {
            Side::top("notices").frame(bar(ui)).show(ui, |ui| {
                if let Some(view) = view.filter(|view| view.run.is_some_and(|run| run.pause.is_some())) {
                    pause_banner_ui(ui, view, situation, commands);
                }
                if let Some(run) = run {
                    pins_banner_ui(ui, run, commands);
                }
                notices_ui(ui, &self.notices, commands);
            });
        }
        if let Some(past) = self.tabs.sitting().and_then(|sitting| sitting.past()) {
            Side::top("past").frame(past_frame(ui)).show(ui, |ui| past_banner_ui(ui, past, commands));
        }
    }

    fn sitting_ui(&mut self, ui: &mut Ui, commands: &mut Vec<Command>) {
        let Some(tab) = self.tabs.front_mut() else { return };
        let session = tab.session();
        let (sitting, canvas) = (&tab.sitting, &mut tab.canvas);
        let view = sitting.view(&self.catalogue, self.panels.show_plan);
        let now = sitting.view_of_now(&self.catalogue, self.panels.show_plan);
        let panels = &mut self.panels;
        let problems = tab.problems.of(now);
        let says = StatusWords {
            profile: &self.folders.profile,
            profiles: &self.profiles,
            session: sitting.session_in_words(),
            n_problems: problems.len(),
            forecast: sitting.forecasts().in_words(now.run.is_some_and(|run| run.finished.is_none())),
        };
        // The canvas comes first: in a small window the panels beside it make room.
        let room = ui.available_size();
        let hidden = panels.hidden.clone();
        let is_shown = |pane: Pane| {
            pane.panel().is_none_or(|panel| {
                let has_room = match panel {
                    Panel::Library => room.x >= 960.0,
                    Panel::Inspector => room.x >= 680.0,
                    Panel::Bottom => room.y >= 420.0,
                };
                has_room && !hidden.contains(&panel)
            })
        };
        Side::bottom("status").frame(bar(ui)).show(ui, |ui| status_ui(ui, canvas, &says, commands));
        canvas.show_minimap(!self.settings.hide_minimap);
        let log = &tab.log;
        let title = |pane: Pane| match pane {
            Pane::Tab(tab) => {
                let of = (tab == Tab::Output).then(|| shown_node(view)).flatten();
                PaneTitle { name: tab_title(tab, now, log, problems.len()), of }
            }
            _ => PaneTitle { name: pane.name().to_owned(), of: None },
        };
        let mut canvas_room = Rect::NOTHING;
        let (layout, library, inspector) = (&mut panels.layout, &mut panels.library, &mut panels.inspector);
        let (viewers, history, pins) = (&mut panels.viewers, &mut tab.history, &mut tab.pins);
        let (effects, timeline) = (&mut tab.effects, &mut tab.timeline);
        let mut draw = |pane: Pane, ui: &mut Ui| match pane {
            Pane::Canvas => {
                canvas_room = ui.available_rect_before_wrap();
                ui.push_id(session, |ui| canvas_ui(ui, view, canvas, commands));
            }
            Pane::Library => library_ui(ui, view, canvas.center(), library, commands),
            Pane::Inspector => {
                ui.push_id(session, |ui| inspector_ui(ui, view, canvas.frame(), inspector, viewers, commands));
            }
            Pane::Tab(tab) => {
                let (viewers, history, pins, effects) = (&mut *viewers, &mut *history, &mut *pins, &mut *effects);
                let timeline = &mut *timeline;
                let states = BottomStates { viewers, history, pins, effects, timeline, problems };
                ui.push_id((session, tab.name()), |ui| tab_ui(ui, tab, (view, now), log, states, commands));
            }
        };
        let hides = panes_ui(ui, layout, is_shown, &title, &mut draw);
        commands.extend(hides.map(Command::TogglePanel));
        if layout.is_to_be_kept(ui.ctx()) {
            commands.push(Command::Layout(LayoutRequest::Keep));
        }
        self.carried_ui(ui, canvas_room, commands);
        self.tour_ui(ui, canvas_room, commands);
    }
}

/// Returns the frame of a bar across the window.
fn bar(ui: &Ui) -> Frame {
    Frame::new().fill(theme::tokens(ui).panel).inner_margin(Margin::symmetric(8, 4))
}
