//! The tour: begun on a copy of its own, followed while a person goes on, left at any point.

use std::path::{Path, PathBuf};

use egui::{Key, Modifiers, Rect, Ui};

use super::{App, Message, sessions::Opened, tabs::WorkflowTab};
use crate::{
    editor::{
        Command, TourRequest, View,
        command_table::{self, CommandId},
        examples::{self, Example},
        landmarks::{self, Landmark},
        panels::{TourCard, tour_ui},
        tour::{EXAMPLE, Target, Tour},
    },
    workflow,
};

impl App {
    /// Carries out what is asked of the tour.
    pub(super) fn change_tour(&mut self, request: TourRequest) {
        match request {
            TourRequest::Start => self.begin_tour(),
            TourRequest::Back => self.step_tour(-1),
            TourRequest::Skip => self.step_tour(1),
            TourRequest::Leave => self.tour = None,
        }
    }

    /// Opens the example of the tour as a copy that nobody has changed and no tab has open.
    fn begin_tour(&self) {
        let Some(example) = examples::find(EXAMPLE) else { return };
        let folder = self.folders.data.join("examples");
        let open: Vec<PathBuf> = self.tabs.iter().filter_map(|tab| tab.sitting.path().map(ToOwned::to_owned)).collect();
        let desk = self.desk();
        self.background.start("pinflow-tour", move || {
            let place = free_folder(example, &folder, &open);
            let copied = examples::copy_into(example, &place).map_err(|error| error.to_string());
            let read = copied.and_then(|path| {
                let workflow = workflow::load(&path).map_err(|error| error.to_string())?;
                Ok((workflow, path))
            });
            match read {
                Ok(read) => Message::TourOpened(Box::new(desk.begin(Some(read)))),
                Err(error) => Message::Trouble(format!("The tour cannot begin: {error}: {}", place.display())),
            }
        });
    }

    /// Begins the tour in the tab that was opened for it.
    pub(super) fn tour_opened(&mut self, opened: Opened) {
        self.begin_sitting(opened, None);
        if let Some(tab) = self.tabs.front() {
            self.tour = Some(Tour::new(tab.session(), std::sync::Arc::clone(tab.sitting.workflow())));
        }
    }

    fn step_tour(&mut self, steps: isize) {
        let Some(tour) = &mut self.tour else { return };
        if let Some(tab) = self.tabs.of(tour.session) {
            tour.go(steps, tab.sitting.view_of_now(&self.catalogue, false), tab.sitting.workflow());
        }
    }

    /// Goes on past what was done; with its tab the tour is over.
    pub(super) fn follow_tour(&mut self) {
        let Some(tour) = &mut self.tour else { return };
        match self.tabs.of(tour.session) {
            Some(tab) => tour.follow(tab.sitting.view_of_now(&self.catalogue, false), tab.sitting.workflow()),
            None => self.tour = None,
        }
    }

    /// Shows the card of the tour while its tab is in front; `canvas` is where the canvas is.
    pub(super) fn tour_ui(&mut self, ui: &Ui, canvas: Rect, commands: &mut Vec<Command>) {
        let (Some(tour), Some(tab)) = (&mut self.tour, self.tabs.front()) else { return };
        if tab.session() != tour.session || self.dialog.is_some() {
            tour.esc_is_taken = true;
            return;
        }
        let view = tab.sitting.view_of_now(&self.catalogue, self.panels.show_plan);
        let keys = |id| command_table::get(id).shortcut_text(ui.ctx());
        let card = TourCard {
            place: tour.place(),
            title: tour.title(),
            text: tour.text(view, &keys(CommandId::Run), &keys(CommandId::Resume)),
            target: on_screen(ui, tab, view, canvas, &tour.target(view)),
            // The toolbar stays free.
            room: ui.ctx().content_rect().with_min_y(canvas.top()),
            nodes: tab.canvas.nodes_on_screen(canvas),
        };
        tour_ui(ui, &card, commands);
        let is_taken =
            tab.run.is_some() || tab.canvas.takes_keys() || ui.ctx().any_popup_open() || ui.ctx().text_edit_focused();
        // What Esc closes in this frame was there in the last one.
        let was_taken = std::mem::replace(&mut tour.esc_is_taken, is_taken);
        if !was_taken && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            commands.push(Command::Tour(TourRequest::Leave));
        }
    }
}

/// Returns where on the screen something is, if it is in sight.
fn on_screen(ui: &Ui, tab: &WorkflowTab, view: View<'_>, canvas: Rect, target: &Target) -> Option<Rect> {
    let button = |id| landmarks::find(ui.ctx(), Landmark::Button(id));
    let node = |id| tab.canvas.node_on_screen(canvas, id).filter(|_| view.past.is_none());
    match target {
        Target::Run => button(CommandId::Run),
        Target::Resume => button(CommandId::Resume),
        Target::Parameter => landmarks::find(ui.ctx(), Landmark::Parameter),
        Target::Node(id) => node(id).map(|(node, _)| node),
        Target::PinOf(id) => node(id).map(|(_, pin)| pin),
    }
}

/// Returns the first folder of the tour that holds the example as it is, or nothing at all, and no open file.
fn free_folder(example: &Example, folder: &Path, open: &[PathBuf]) -> PathBuf {
    let is_free = |place: &PathBuf| {
        let is_as_it_was = |(name, bytes): &(&str, &[u8])| match std::fs::read(place.join(name)) {
            Ok(there) => there == *bytes,
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        !open.iter().any(|path| path.starts_with(place)) && example.files.iter().all(is_as_it_was)
    };
    let names = std::iter::once("tour".to_owned()).chain((2_u32..).map(|number| format!("tour-{number}")));
    names.map(|name| folder.join(name)).find(is_free).unwrap_or_else(|| folder.join("tour"))
}
