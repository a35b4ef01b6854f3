//! What a frame shows: toolbar, notices, panels, canvas, dialogs.

use egui::{CentralPanel, Frame, Margin, Panel as Side, Ui};

use super::{App, dropped::hovering_ui};
use crate::editor::{
    Command, Panel,
    canvas::canvas_ui,
    command_table::{self, Situation},
    inspector::inspector_ui,
    panels::{
        StatusWords, bottom_ui, library_ui, notices_ui, past_banner_ui, past_frame, pause_banner_ui, pins_banner_ui,
        status_ui, toolbar_ui, welcome_ui,
    },
    theme,
};

impl App {
    /// Draws the window.
    pub(super) fn frame_ui(&mut self, ui: &mut Ui, commands: &mut Vec<Command>) {
        let situation = self.situation();
        if self.dialog.is_none() && !self.tabs.front().is_some_and(|tab| tab.canvas.takes_letters()) {
            command_table::shortcuts(ui.ctx(), &situation, commands);
        }
        self.top_ui(ui, &situation, commands);
        if self.tabs.sitting().is_some() {
            self.sitting_ui(ui, commands);
        } else {
            CentralPanel::default()
                .show(ui, |ui| welcome_ui(ui, &self.settings.recent, &self.profiles, &self.folders.profile, commands));
        }
        self.dialogs_ui(ui, commands);
        command_table::note_menus(ui.ctx());
        self.take_dropped_files(ui.ctx(), commands);
        hovering_ui(ui);
    }

    /// Returns what commands act upon and need.
    pub(super) fn situation(&self) -> Situation<'_> {
        let Some(tab) = self.tabs.front() else { return Situation::without_workflow() };
        let sitting = &tab.sitting;
        let run = sitting.view_of_now(&self.catalogue, false).run;
        Situation {
            history: Some(sitting.history()),
            wire: tab.canvas.focused_wire(),
            running: tab.run.is_some(),
            paused: run.is_some_and(|run| run.pause.is_some()),
            run_options: self.settings.run,
            run_takes: sitting.forecasts().full_in_words(),
            resume_takes: sitting.forecasts().resume_in_words(),
            ..Situation::of(sitting.view(&self.catalogue, self.panels.show_plan))
        }
    }

    fn top_ui(&self, ui: &mut Ui, situation: &Situation<'_>, commands: &mut Vec<Command>) {
        let view = self.tabs.sitting().map(|sitting| sitting.view_of_now(&self.catalogue, self.panels.show_plan));
        Side::top("toolbar").frame(bar(ui)).show(ui, |ui| toolbar_ui(ui, view, situation, commands));
        let run = view.and_then(|view| view.run).filter(|run| run.n_pins > 0);
        let is_paused = situation.paused;
        if is_paused || run.is_some() || !self.notices.list().is_empty() {
            Side::top("notices").frame(bar(ui)).show(ui, |ui| {
                if let Some(view) = view.filter(|view| view.run.is_some_and(|run| run.pause.is_some())) {
                    pause_banner_ui(ui, view, situation, commands);
                }
                if let Some(run) = run {
                    pins_banner_ui(ui, run, commands);
                }
                notices_ui(ui, self.notices.list(), commands);
            });
        }
        if let Some(past) = self.tabs.sitting().and_then(|sitting| sitting.past()) {
            Side::top("past").frame(past_frame(ui)).show(ui, |ui| past_banner_ui(ui, past, commands));
        }
    }

    fn sitting_ui(&mut self, ui: &mut Ui, commands: &mut Vec<Command>) {
        let Some(tab) = self.tabs.front_mut() else { return };
        let (sitting, canvas) = (&tab.sitting, &mut tab.canvas);
        let view = sitting.view(&self.catalogue, self.panels.show_plan);
        let now = sitting.view_of_now(&self.catalogue, self.panels.show_plan);
        let panels = &mut self.panels;
        let says = StatusWords {
            profile: &self.folders.profile,
            profiles: &self.profiles,
            session: sitting.session_in_words(),
            forecast: sitting.forecasts().in_words(sitting.is_running()),
        };
        // The canvas comes first: in a small window the panels beside it make room.
        let width = ui.available_width();
        let has_room = |panel| match panel {
            Panel::Library => width >= 960.0,
            Panel::Inspector => width >= 680.0,
            Panel::Bottom => ui.available_height() >= 420.0,
        };
        let shown: Vec<Panel> = panels.shown.iter().copied().filter(|panel| has_room(*panel)).collect();
        Side::bottom("status").frame(bar(ui)).show(ui, |ui| status_ui(ui, view, canvas, &says, commands));
        if shown.contains(&Panel::Library) {
            Side::left("library").default_size(210.0).size_range(140.0..=420.0).show(ui, |ui| {
                let at = canvas.center();
                library_ui(ui, view, at, &mut panels.library, commands);
            });
        }
        if shown.contains(&Panel::Inspector) {
            Side::right("inspector").default_size(310.0).size_range(220.0..=640.0).show(ui, |ui| {
                ui.add_space(4.0);
                inspector_ui(ui, view, &mut panels.inspector, &mut panels.viewers, commands);
            });
        }
        if shown.contains(&Panel::Bottom) {
            Side::bottom("bottom").resizable(true).default_size(190.0).size_range(80.0..=800.0).show(ui, |ui| {
                let parts = (&mut panels.viewers, &mut tab.history);
                bottom_ui(ui, (view, now), (panels.bottom, &tab.log), parts, commands);
            });
        }
        canvas.show_minimap(!self.settings.hide_minimap);
        CentralPanel::no_frame().show(ui, |ui| canvas_ui(ui, view, canvas, commands));
    }
}

/// Returns the frame of a bar across the window.
fn bar(ui: &Ui) -> Frame {
    Frame::new().fill(theme::tokens(ui).panel).inner_margin(Margin::symmetric(8, 4))
}
