//! Going from tab to tab, closing tabs and opening them again.

use std::path::{Path, PathBuf};

use egui::ViewportCommand;

use super::{
    App, Closing, Message,
    messages::Opening,
    sessions::{OpenError, Opened},
    tabs::WorkflowTab,
};
use crate::{
    editor::{
        Command, TabRequest,
        dialogs::{Dialog, Leaving},
        panels::{Place, TabFace},
        settings::OpenFile,
        sitting::Sitting,
    },
    session::SessionId,
    store::RunStatus,
};

/// How many closed tabs are remembered.
const MAX_CLOSED: usize = 20;

impl App {
    /// Carries out what is asked of the tabs.
    pub(super) fn change_tabs(&mut self, ctx: &egui::Context, request: TabRequest) {
        match request {
            TabRequest::Show(session) => self.show_tab_of(Some(session)),
            TabRequest::Next => self.show_tab_of(self.tabs.beside(1)),
            TabRequest::Previous => self.show_tab_of(self.tabs.beside(-1)),
            TabRequest::CloseFront => {
                if let Some(session) = self.tabs.session() {
                    self.leave_for(ctx, &Command::Tabs(TabRequest::Close(session)));
                }
            }
            TabRequest::Close(session) => self.leave_for(ctx, &Command::Tabs(TabRequest::Close(session))),
            TabRequest::Reopen => self.open_closed(),
            TabRequest::Put(session, place) => self.tabs.put(session, place),
            TabRequest::PutLeft => self.tabs.put_beside(-1),
            TabRequest::PutRight => self.tabs.put_beside(1),
            TabRequest::Drop(place) => self.drop_carried(place),
            TabRequest::SaveThen(command) => self.save_then(ctx, command),
            TabRequest::ToggleReopening => {
                self.settings.tabs.stay_closed = !self.settings.tabs.stay_closed;
                self.save_settings();
            }
        }
    }

    /// Brings a tab, or the welcome screen, to the front. What was being typed is kept; what was in the hand stays where it was.
    pub(super) fn show_tab_of(&mut self, session: Option<SessionId>) {
        if self.tabs.session() == session || session.is_some_and(|session| self.tabs.of(session).is_none()) {
            return;
        }
        self.commit_draft();
        if let Some(tab) = self.tabs.front_mut() {
            tab.canvas.let_go();
        }
        self.tabs.show(session);
        self.came_to_front();
    }

    /// Brings all up to date that is about what is in front.
    fn came_to_front(&mut self) {
        self.panels.inspector.leave();
        self.probing.last = None;
        if let Some(tab) = self.tabs.front_mut() {
            tab.ended = tab.ended.filter(|ended| *ended != RunStatus::Succeeded);
            self.notices.go_to(Place::Tab(tab.session()));
        } else {
            self.notices.forget(Place::Welcome);
            self.notices.go_to(Place::Welcome);
            self.look_for_unfinished();
        }
    }

    /// Adds a tab, or puts it in the place of the session it goes on from, and brings it to the front.
    pub(super) fn add_tab(&mut self, tab: WorkflowTab, instead_of: Option<SessionId>) {
        let session = tab.session();
        match instead_of.filter(|before| self.tabs.of(*before).is_some()) {
            Some(before) => {
                if let Some(before) = self.tabs.replace(before, tab) {
                    self.end_tab(&before);
                }
                self.came_to_front();
            }
            None => self.tabs.push(tab),
        }
        self.show_tab_of(Some(session));
    }

    /// Closes a tab, whatever it holds.
    fn close_tab(&mut self, session: SessionId) {
        let was_in_front = self.tabs.session() == Some(session);
        let Some(tab) = self.tabs.remove(session) else { return };
        if let Some(path) = tab.sitting.path() {
            self.closed.push(OpenFile { path: path.to_owned(), session });
            let n_closed = self.closed.len();
            self.closed.drain(..n_closed.saturating_sub(MAX_CLOSED));
        }
        self.end_tab(&tab);
        if was_in_front {
            self.came_to_front();
        }
    }

    /// Opens the tab again that was closed last.
    fn open_closed(&mut self) {
        let Some(file) = self.closed.pop() else { return };
        if let Some(session) = self.tabs.at_file(&file.path) {
            self.show_tab_of(Some(session));
            return;
        }
        let (desk, reporter) = (self.desk(), self.background.reporter());
        // After its session was written to the end.
        self.keeper.write(format!("open {} again", file.session), move || {
            reporter.report(Message::Opened(Opening::beside(desk.open_again(&file))));
        });
    }

    /// Returns the tabs that a command ends.
    fn ended_by(&self, command: &Command) -> Vec<&WorkflowTab> {
        match command {
            Command::Quit => self.tabs.iter().collect(),
            Command::Tabs(TabRequest::Close(session)) => self.tabs.of(*session).into_iter().collect(),
            Command::ContinueSession(session) => {
                self.goes_on_instead_of(*session).and_then(|before| self.tabs.of(before)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns the session in whose place an earlier one goes on: the one in front, if it is there that it is offered.
    pub(super) fn goes_on_instead_of(&self, earlier: SessionId) -> Option<SessionId> {
        let tab = self.tabs.front()?;
        tab.offer.filter(|(_, offered)| *offered == earlier).map(|_| tab.session())
    }

    /// Carries out what ends tabs, after asking once about unsaved work and runs in all of them.
    pub(super) fn leave_for(&mut self, ctx: &egui::Context, command: &Command) {
        let Some(leaving) = self.lost_by(command) else {
            self.leave_at_once(ctx, command);
            return;
        };
        if let [tab] = self.ended_by(command)[..] {
            self.show_tab_of(Some(tab.session()));
        }
        self.dialog = Some(Dialog::Leave(leaving));
    }

    /// Returns what a command would lose, if anything.
    fn lost_by(&self, command: &Command) -> Option<Leaving> {
        let ended = self.ended_by(command);
        let names = |test: fn(&WorkflowTab) -> bool| -> Vec<String> {
            ended.iter().filter(|tab| test(tab)).map(|tab| tab.sitting.name()).collect()
        };
        let (unsaved, running) = (names(|tab| tab.sitting.is_unsaved()), names(|tab| tab.run.is_some()));
        let is_any = !unsaved.is_empty() || !running.is_empty();
        is_any.then(|| Leaving { unsaved, running, then: Box::new(command.clone()) })
    }

    /// Carries out what ends tabs.
    pub(super) fn leave_at_once(&mut self, ctx: &egui::Context, command: &Command) {
        match command {
            Command::Tabs(TabRequest::Close(session)) => self.close_tab(*session),
            Command::ContinueSession(session) => self.continue_session(*session),
            Command::Quit => {
                self.closing = Closing::Agreed;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
            _ => {}
        }
    }

    /// Saves what the command would end, one after the other, asking for files where there are none; then carries it out.
    pub(super) fn save_then(&mut self, ctx: &egui::Context, command: Box<Command>) {
        let unsaved =
            self.ended_by(&command).into_iter().find(|tab| tab.sitting.is_unsaved()).map(WorkflowTab::session);
        match unsaved {
            Some(session) => {
                self.show_tab_of(Some(session));
                self.save(Some(Box::new(Command::Tabs(TabRequest::SaveThen(command)))));
            }
            None => self.leave_at_once(ctx, &command),
        }
    }

    /// Lets the window close, unless there is something to ask about.
    pub(super) fn answer_close_request(&mut self, ctx: &egui::Context) {
        if self.closing == Closing::Agreed || !ctx.input(|input| input.viewport().close_requested()) {
            return;
        }
        match self.lost_by(&Command::Quit) {
            Some(leaving) => {
                ctx.send_viewport_cmd(ViewportCommand::CancelClose);
                self.dialog = Some(Dialog::Leave(leaving));
            }
            None => self.closing = Closing::Agreed,
        }
    }

    /// Notes in the settings which files are open, if that has changed.
    pub(super) fn note_tabs(&mut self) {
        if !self.tabs_are_back {
            return;
        }
        let open = self.tabs.iter().filter_map(|tab| Some((tab.sitting.path()?, tab.session())));
        let front = self.tabs.sitting().and_then(Sitting::path);
        let noted = &self.settings.tabs;
        let is_noted = noted.open.iter().map(|file| (file.path.as_path(), file.session)).eq(open.clone());
        if is_noted && noted.front.as_deref() == front {
            return;
        }
        let open = open.map(|(path, session)| OpenFile { path: path.to_owned(), session }).collect();
        let front = front.map(Path::to_owned);
        self.settings.tabs.open = open;
        self.settings.tabs.front = front;
        self.save_settings();
    }

    /// Opens what was open last time, and a file beside it; or offers what ended in the middle.
    pub(super) fn begin_with(&mut self, open: Option<PathBuf>) {
        let open = open.map(|path| std::path::absolute(&path).unwrap_or(path));
        let mut files = self.settings.tabs.open.clone();
        if self.settings.tabs.stay_closed {
            files.clear();
        }
        if files.is_empty() {
            self.go_on_with(open);
            return;
        }
        let desk = self.desk();
        self.background.start("pinflow-tabs", move || {
            let opened = files.iter().map(|file| desk.open_again(file).map(Box::new)).collect();
            Message::CameBack(opened, open)
        });
    }

    /// Takes in the tabs of last time.
    pub(super) fn came_back(&mut self, opened: Vec<Result<Box<Opened>, OpenError>>, open: Option<PathBuf>) {
        let mut gone = Vec::new();
        for opened in opened {
            match opened {
                Ok(opened) => self.begin_sitting(*opened, None),
                Err(error) => gone.push(error),
            }
        }
        let front = self.settings.tabs.front.as_deref().and_then(|path| self.tabs.at_file(path));
        if front.is_some() {
            self.show_tab_of(front);
        }
        // What is wrong with the file that is opened now is said by opening it.
        for error in gone.into_iter().filter(|error| open.is_none() || error.path != open) {
            self.not_opened(error);
        }
        self.go_on_with(open);
    }

    fn go_on_with(&mut self, open: Option<PathBuf>) {
        self.tabs_are_back = true;
        match open {
            Some(path) => self.open(path),
            None => self.look_for_unfinished(),
        }
    }

    /// Returns what the strip shows of each tab.
    pub(super) fn tab_faces(&self) -> Vec<TabFace> {
        let front = self.tabs.session();
        let face = |tab: &WorkflowTab| TabFace {
            session: tab.session(),
            name: short_name(&tab.sitting.name()).to_owned(),
            place: tab
                .sitting
                .path()
                .map_or_else(|| "Not saved to a file yet".to_owned(), |path| path.display().to_string()),
            is_unsaved: tab.sitting.is_unsaved(),
            sign: tab.sign(),
            is_front: front == Some(tab.session()),
        };
        self.tabs.iter().map(face).collect()
    }
}

/// Returns a workflow file's name without its endings.
fn short_name(name: &str) -> &str {
    name.strip_suffix(".flow.ron").or_else(|| name.strip_suffix(".ron")).unwrap_or(name)
}
