//! The session's life: it begins with a sitting, is saved on every change, and ends as it should or is offered back.

use std::{
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{App, Message, messages::Opening, tabs::WorkflowTab};
use crate::{
    editor::{
        Command,
        panels::{Place, Tone},
        settings::OpenFile,
        sitting::Sitting,
        words,
    },
    engine::RunHandle,
    session::{Folders, Session, SessionId, SessionSummary, earlier_sessions, unfinished_sessions},
    store::Store,
    workflow::{self, Position, Workflow, to_text},
};

/// How long a run that is stopped because the window closes may take to end.
const GRACE: Duration = Duration::from_secs(2);

/// Opens workflows and sessions. Touches the disk: not for the interface thread.
pub(super) struct Desk {
    folders: Folders,
    store: Option<Store>,
}

/// A workflow that was opened, with its session.
pub(super) struct Opened {
    pub(super) path: Option<PathBuf>,
    workflow: Workflow,
    /// The document as its file has it, if that is not the workflow.
    in_file: Option<Workflow>,
    /// The session that was begun or gone on with; without one it lives in memory only.
    session: Option<Session>,
    /// Whether the session was gone on with.
    is_continued: bool,
    /// The newest earlier session worth going on with.
    offer: Option<Offer>,
    /// What went wrong on the way.
    troubles: Vec<String>,
}

/// A session that is offered back.
struct Offer {
    session: SessionId,
    said: String,
}

/// Why a workflow was not opened.
pub(super) struct OpenError {
    /// The file, if it cannot be opened at all.
    pub(super) path: Option<PathBuf>,
    pub(super) said: String,
}

impl Desk {
    /// Begins a session at a workflow from a file, or at a new one.
    pub(super) fn begin(&self, opened: Option<(Workflow, PathBuf)>) -> Opened {
        let (workflow, path) = match opened {
            Some((workflow, path)) => (workflow, Some(path)),
            None => (Workflow::new("Untitled"), None),
        };
        let mut troubles = Vec::new();
        let session = Session::create(&self.folders, self.store.as_ref(), workflow.id(), path.as_deref())
            .inspect_err(|error| troubles.push(format!("Marks and pins are kept in memory only: {error}")))
            .ok();
        Opened { path, workflow, in_file: None, session, is_continued: false, offer: None, troubles }
    }

    /// Opens a file in a new session, and looks for an earlier one.
    pub(super) fn open(&self, path: PathBuf) -> Result<Opened, OpenError> {
        let workflow = load(&path).map_err(|said| OpenError { path: Some(path.clone()), said })?;
        let offer = self.earlier(&workflow, &path);
        let mut opened = self.begin(Some((workflow, path)));
        match offer {
            Ok(offer) => opened.offer = offer,
            Err(error) => opened.troubles.push(format!("Earlier sessions cannot be listed: {error}")),
        }
        Ok(opened)
    }

    /// Returns the newest earlier session of a workflow that holds anything.
    fn earlier(&self, workflow: &Workflow, path: &Path) -> Result<Option<Offer>, String> {
        let (sessions, problems) = earlier_sessions(&self.folders, self.store.as_ref(), workflow.id(), Some(path))
            .map_err(|error| error.to_string())?;
        for problem in problems {
            tracing::warn!("{problem}");
        }
        let offer = sessions.iter().find_map(|session| {
            let has_results = || self.store.as_ref().and_then(|store| store.baseline(session.id).ok());
            let has_results = || has_results().is_some_and(|records| !records.is_empty());
            let holds_anything = session.n_marks > 0 || session.has_unsaved_edits;
            let is_worth_it = holds_anything || has_results();
            is_worth_it.then(|| Offer { session: session.id, said: in_words(session, Timestamp::now()) })
        });
        Ok(offer)
    }

    /// Opens a file again: in the session it was open in, if that ended as it should, else in a new one.
    pub(super) fn open_again(&self, file: &OpenFile) -> Result<Opened, OpenError> {
        let workflow = load(&file.path).map_err(|said| OpenError { path: Some(file.path.clone()), said })?;
        let earlier = earlier_sessions(&self.folders, self.store.as_ref(), workflow.id(), Some(&file.path));
        let sessions = earlier.map(|(sessions, _)| sessions).unwrap_or_default();
        let is_there = sessions.iter().any(|session| session.id == file.session && session.closed);
        if is_there && let Ok(opened) = self.go_on(file.session) {
            return Ok(opened);
        }
        self.open(file.path.clone())
    }

    /// Goes on with an earlier session: its marks, pins, baseline, view and unsaved edits.
    fn go_on(&self, id: SessionId) -> Result<Opened, OpenError> {
        let refuse = |said: String| OpenError { path: None, said };
        let session =
            Session::open(&self.folders, self.store.as_ref(), id).map_err(|error| refuse(error.to_string()))?;
        let mut troubles: Vec<String> = session.baseline_problem.iter().cloned().collect();
        let path = session.workflow_path.clone();
        let in_file = path.as_deref().map(load).transpose();
        let unsaved = session.unsaved.as_deref().map(workflow::parse).transpose();
        let (in_file, unsaved) = match (in_file, unsaved) {
            (Err(said), Ok(Some(unsaved))) => {
                troubles.push(format!("The file cannot be read, the session's unsaved edits are all there is: {said}"));
                (Some(Workflow::new("")), Some(unsaved))
            }
            (Err(said), _) => return Err(refuse(said)),
            (Ok(in_file), Err(error)) => {
                troubles.push(format!("The unsaved edits cannot be read: {error}"));
                (in_file, None)
            }
            (Ok(None), Ok(Some(unsaved))) => (Some(Workflow::new("")), Some(unsaved)),
            (Ok(in_file), Ok(unsaved)) => (in_file, unsaved),
        };
        let (workflow, in_file) = match (unsaved, in_file) {
            (Some(unsaved), in_file) => (unsaved, in_file),
            (None, Some(workflow)) => (workflow, None),
            (None, None) => return Err(refuse("the session has neither a file nor unsaved edits".to_owned())),
        };
        Ok(Opened { path, workflow, in_file, session: Some(session), is_continued: true, offer: None, troubles })
    }
}

/// Reads a workflow; the error names the file.
fn load(path: &Path) -> Result<Workflow, String> {
    workflow::load(path).map_err(|error| {
        let (error, shown) = (error.to_string(), path.display().to_string());
        if error.contains(&shown) { error } else { format!("{error}: {shown}") }
    })
}

/// Returns a session in words: `A session from 10 min ago with 2 pins and unsaved edits`.
fn in_words(session: &SessionSummary, now: Timestamp) -> String {
    let mut holds = Vec::new();
    if session.n_pins > 0 {
        holds.push(words::count(session.n_pins, "pin"));
    } else if session.n_marks > 0 {
        holds.push(words::count(session.n_marks, "mark"));
    }
    if session.has_unsaved_edits {
        holds.push("unsaved edits".to_owned());
    }
    if holds.is_empty() {
        holds.push("results".to_owned());
    }
    let end = if session.closed { "" } else { ", which ended unexpectedly" };
    format!("A session from {} with {}{end}", words::ago(session.saved, now), holds.join(" and "))
}

impl App {
    /// Returns what opens workflows and sessions on another thread.
    pub(super) fn desk(&self) -> Desk {
        Desk { folders: self.folders.clone(), store: self.store.clone() }
    }

    /// Begins a sitting at what was opened: in a tab of its own, or in the place of another session.
    pub(super) fn begin_sitting(&mut self, opened: Opened, instead_of: Option<SessionId>) {
        let open = opened.path.as_deref().and_then(|path| self.tabs.at_file(path));
        if let Some(open) = open.filter(|open| Some(*open) != instead_of) {
            // It was opened twice at a time.
            if let Some(session) = opened.session {
                self.end_session(session);
            }
            self.show_tab_of(Some(open));
            return;
        }
        let Opened { path, workflow, in_file, session, is_continued, offer, troubles } = opened;
        let view = session.as_ref().filter(|_| is_continued).map(|session| session.view);
        let mut tab = WorkflowTab::new(Sitting::new(session, workflow, in_file, path));
        match view {
            Some(view) => tab.canvas.set_view(Position(view.center.0, view.center.1), view.zoom),
            None => tab.canvas.fit_all(),
        }
        let place = Place::Tab(tab.session());
        for trouble in troubles {
            self.notices.show_at(place, Tone::Warning, trouble, Vec::new());
        }
        if let Some(Offer { session, said }) = offer {
            let actions = vec![
                ("Continue".to_owned(), Command::ContinueSession(session)),
                ("Start fresh".to_owned(), Command::StartFresh),
            ];
            tab.offer = Some((self.notices.show_at(place, Tone::Info, said, actions), session));
        }
        let session = tab.session();
        self.add_tab(tab, instead_of);
        self.probe();
        self.read_timings(session);
    }

    /// Ends the sitting of a tab; its session is closed as it should be, after all that waits to be saved.
    pub(super) fn end_tab(&mut self, tab: &WorkflowTab) {
        if let Some(run) = &tab.run {
            run.cancel();
        }
        self.notices.forget(Place::Tab(tab.session()));
        if let Some((mut session, _)) = tab.sitting.to_keep(tab.saved_view()) {
            session.unsaved = None;
            self.end_session(session);
        }
    }

    fn end_session(&self, session: Session) {
        let reporter = self.background.reporter();
        self.keeper.write(format!("end of session {}", session.id), move || {
            if let Err(error) = session.close() {
                reporter.report(Message::Trouble(error.to_string()));
            }
        });
    }

    /// Hands the sessions in which anything has changed to the thread that saves them.
    pub(super) fn save_sessions_when_due(&mut self) {
        for tab in self.tabs.iter_mut().filter(|tab| tab.sitting.save_is_due()) {
            let view = tab.saved_view();
            let Some((mut session, unsaved)) = tab.sitting.take_to_keep(view) else { continue };
            let reporter = self.background.reporter();
            self.keeper.write(format!("session {}", session.id), move || {
                session.unsaved = unsaved.map(|workflow| to_text(&workflow));
                if let Err(error) = session.save() {
                    reporter.report(Message::Trouble(error.to_string()));
                }
            });
        }
    }

    /// Goes on with an earlier session, in the place of the one it is offered to.
    pub(super) fn continue_session(&self, session: SessionId) {
        let (desk, instead_of) = (self.desk(), self.goes_on_instead_of(session));
        self.background.start("pinflow-session", move || {
            Message::Opened(Opening { instead_of, opened: desk.go_on(session).map(Box::new) })
        });
    }

    /// Leaves the earlier session alone.
    pub(super) fn start_fresh(&mut self) {
        if let Some((offer, _)) = self.tabs.front_mut().and_then(|tab| tab.offer.take()) {
            self.notices.dismiss(offer);
        }
    }

    /// Looks for sessions of any workflow that ended in the middle.
    pub(super) fn look_for_unfinished(&self) {
        let (folders, store) = (self.folders.clone(), self.store.clone());
        self.background.start("pinflow-sessions", move || match unfinished_sessions(&folders, store.as_ref()) {
            Ok((sessions, problems)) => {
                for problem in problems {
                    tracing::warn!("{problem}");
                }
                Message::Unfinished(sessions)
            }
            Err(error) => Message::Trouble(format!("Earlier sessions cannot be listed: {error}")),
        });
    }

    /// Offers sessions back: on the welcome screen all, else those that no file leads to.
    pub(super) fn offer_unfinished(&mut self, sessions: &[SessionSummary]) {
        let is_welcome = self.tabs.front().is_none();
        for session in sessions.iter().filter(|session| is_welcome || session.workflow_path.is_none()).take(3) {
            let file = session.workflow_path.as_deref().and_then(Path::file_name);
            let of =
                file.map_or_else(|| "a workflow without a file".to_owned(), |file| file.to_string_lossy().into_owned());
            let said = format!("{}: {of}", in_words(session, Timestamp::now()));
            let actions = vec![("Continue".to_owned(), Command::ContinueSession(session.id))];
            self.notices.show(Tone::Info, said, actions);
        }
    }

    /// Ends everything as it should, for the window closes.
    pub(super) fn end(&mut self) {
        let runs = || self.tabs.iter().filter_map(|tab| tab.run.as_ref());
        runs().for_each(RunHandle::cancel);
        let until = Instant::now() + GRACE;
        while runs().any(|run| !run.is_finished()) && Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
        }
        for tab in self.tabs.take_all() {
            self.end_tab(&tab);
        }
        self.keeper.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::{Edit, Node, WorkflowId};

    fn summary(n_marks: usize, n_pins: usize, end: &str) -> SessionSummary {
        let saved = Timestamp::from_second(1_000_000).unwrap();
        SessionSummary {
            id: SessionId::generate(),
            workflow_id: WorkflowId::generate(),
            workflow_path: None,
            name: None,
            opened: saved,
            saved,
            n_marks,
            n_pins,
            has_unsaved_edits: end == "crash with edits",
            closed: end == "closed",
        }
    }

    #[test]
    fn a_session_is_offered_in_words() {
        let now = Timestamp::from_second(1_000_600).unwrap();
        assert_eq!(in_words(&summary(3, 2, "closed"), now), "A session from 10 min ago with 2 pins");
        assert_eq!(
            in_words(&summary(1, 0, "crash with edits"), now),
            "A session from 10 min ago with 1 mark and unsaved edits, which ended unexpectedly"
        );
        assert_eq!(in_words(&summary(0, 0, "closed"), now), "A session from 10 min ago with results");
    }

    fn desk(home: &Path) -> Desk {
        let folders = Folders::under(home);
        let store = folders.open_store(None).unwrap();
        Desk { folders, store: Some(store) }
    }

    fn workflow() -> Workflow {
        let mut workflow = Workflow::new("w");
        let node = Node::new("text", Position(1.0, 2.0));
        workflow.apply(Edit::AddNode("a".into(), node.into())).unwrap();
        workflow
    }

    #[test]
    fn unsaved_edits_come_back_with_the_session() {
        let home = tempfile::tempdir().unwrap();
        let desk = desk(home.path());
        let path = home.path().join("w.flow.ron");
        let mut edited = workflow();
        workflow::save(&edited, &path).unwrap();
        let opened = desk.open(path.clone()).ok().unwrap();
        assert!(opened.offer.is_none());
        edited.apply(Edit::SetTitle("a".into(), "changed".to_owned())).unwrap();
        let mut session = opened.session.unwrap();
        session.unsaved = Some(to_text(&edited));
        session.save().unwrap();
        let id = session.id;
        drop(session);

        let again = desk.open(path).ok().unwrap();
        let offer = again.offer.unwrap();
        assert_eq!(offer.session, id);
        assert!(offer.said.contains("unsaved edits, which ended unexpectedly"), "{}", offer.said);
        let back = desk.go_on(id).ok().unwrap();
        let sitting = Sitting::new(back.session, back.workflow, back.in_file, back.path);
        assert!(sitting.is_unsaved());
        assert_eq!(sitting.workflow().node(&"a".into()).unwrap().title, "changed");
    }

    #[test]
    fn a_workflow_that_was_never_saved_comes_back_too() {
        let home = tempfile::tempdir().unwrap();
        let desk = desk(home.path());
        let mut session = desk.begin(None).session.unwrap();
        session.unsaved = Some(to_text(&workflow()));
        session.save().unwrap();
        let id = session.id;
        drop(session);
        let back = desk.go_on(id).ok().unwrap();
        let sitting = Sitting::new(back.session, back.workflow, back.in_file, back.path);
        assert!(sitting.is_unsaved());
        assert_eq!(sitting.workflow().n_nodes(), 1);
    }

    #[test]
    fn a_file_that_is_no_workflow_is_refused_with_its_path() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("broken.flow.ron");
        std::fs::write(&path, "hello").unwrap();
        let error = desk(home.path()).open(path.clone()).err().unwrap();
        assert_eq!(error.path, Some(path));
        assert!(error.said.contains("broken.flow.ron"), "{}", error.said);
    }
}
