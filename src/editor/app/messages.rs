//! What other threads report, and what becomes of it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    App,
    dropped::Reader,
    files::Saved,
    pins::ReadFor,
    sessions::{OpenError, Opened},
    sweeping::SweptFor,
    take_over::EarlierPins,
    windows::Whose,
};
use crate::{
    editor::{
        RunNumbers,
        canvas::Thumbnail,
        dialogs::{Dialog, FileEntry, FilePurpose, KeepRules, PlannedSweep},
        fresh::Comparison,
        history::DifferenceKey,
        inspector::{NodeKey, SecretPlace},
        iterations::{Iteration, IterationKey, IterationsDone},
        panels::SpansDone,
        past::Past,
        viewers::ViewerDone,
    },
    engine::{Event, Probes, Timings},
    nodes::Outputs,
    session::{Baseline, ProfileError, SessionId, SessionSummary},
    store::{Kept, NodeRun, PinnedData, RunId, RunSummary, Store, SweepReport},
    value::{Fingerprint, Value, difference::Difference},
    workflow::{Edit, NodeId, PortId, Position, Problem, Workflow},
};

/// A report of another thread.
pub(super) enum Message {
    /// The store was opened, or why not.
    StoreOpened(Result<Store, ProfileError>),
    /// Something happened in a run.
    Engine(Event),
    /// A workflow was read and a session begun, or why not.
    Opened(Opening),
    /// The tour's copy of its example was opened.
    TourOpened(Box<Opened>),
    /// The file to be opened is open already, in this session.
    IsOpen(SessionId),
    /// The tabs of last time were opened, or why not; and a file to open beside them.
    CameBack(Vec<Result<Box<Opened>, OpenError>>, Option<PathBuf>),
    /// Sessions that ended in the middle, of any workflow.
    Unfinished(Vec<SessionSummary>),
    /// The workflow was written, or why not.
    Saved(Saved),
    /// A file was chosen, or none.
    Picked(FilePurpose, Option<PathBuf>),
    /// This is in a folder.
    Listed(PathBuf, Result<Vec<FileEntry>, String>),
    /// The world was looked at.
    Probed(SessionId, Probes),
    /// What the nodes of a session's workflow lack of the world outside was looked for.
    Lacking(SessionId, Vec<Problem>),
    /// It was read how long the nodes of a session's workflow took, and what its runs are called.
    Timed(SessionId, Timings, RunNumbers),
    /// Kept results were read, or why not.
    Results(NodeId, RunId, Option<String>),
    /// A kept value was read, or why not.
    Value(Whose, Fingerprint, Result<Value, String>),
    /// An iteration of a loop was read, or why not.
    Iteration(Whose, IterationKey, Result<Iteration, String>),
    /// Rows of a table of iterations were read.
    Iterations(IterationsDone),
    /// When the iterations of a loop of a workflow were made.
    Spans(SessionId, SpansDone),
    /// It was found out where a secret is.
    SecretLookedFor(String, SecretPlace),
    /// What a node remembers across runs was read, or why not.
    PinnedData(NodeKey, Result<Option<PinnedData>, String>),
    /// How long a node took in earlier runs was read, or why not.
    Times(NodeKey, Result<Vec<NodeRun>, String>),
    /// What nodes remember was changed, or why not.
    PinnedDataChanged(Result<(), String>),
    /// The runs of a session's workflow were read, or why not.
    History(SessionId, Result<Vec<RunSummary>, String>),
    /// An earlier run was read to be looked at, or why not.
    Past(SessionId, Result<Box<Past>, String>),
    /// A session resumes from this run now, or why not.
    StartsFrom(SessionId, RunId, Result<Arc<Baseline>, String>),
    /// An output of two runs was compared, or why not.
    Difference(Box<DifferenceKey>, Result<Box<Difference>, String>),
    /// What a sweep removed, or why it did not; and who for.
    Swept(Result<Box<SweepReport>, String>, SweptFor),
    /// What rules would remove, in words, or why that is not known.
    PlannedSweep(KeepRules, Result<PlannedSweep, String>),
    /// The values of a node's pin in a session were read, and what for; or why not.
    PinValues(SessionId, NodeId, ReadFor, Result<Option<Arc<Outputs>>, String>),
    /// To compare pins, these nodes of a session's workflow would change something outside.
    AsidePlanned(SessionId, Vec<String>),
    /// The earlier sessions of a session's workflow that have pins, or why they cannot be listed.
    Sessions(SessionId, Result<Vec<SessionSummary>, String>),
    /// The pins of an earlier session were read for a session, or why not.
    EarlierPins(SessionId, Result<EarlierPins, String>),
    /// How many bytes the results of a session's pins take.
    PinSizes(SessionId, Vec<((NodeId, Timestamp), u64)>),
    /// The run aside is at this node.
    AsideAt(RunId, NodeId),
    /// What the run aside gave beside what is pinned, or why nothing.
    AsideEnded(RunId, Result<Box<Comparison>, String>),
    /// What came of work that viewers asked for.
    Viewer(Whose, ViewerDone),
    /// A thumbnail of the value on a port is ready, or there is none.
    Thumbnail(Kept, PortId, Option<Thumbnail>),
    /// A value was saved to a file, or why not.
    SavedValue(Result<String, String>),
    /// The nodes of this state of the workflow were laid out: what to call it, and the edit, if they were not tidy.
    Tidied(Arc<Workflow>, String, Option<Edit>),
    /// It was found which nodes read files that were dropped at a place of a session's canvas.
    Dropped(SessionId, Position, Vec<(Option<Reader>, PathBuf)>),
    /// Something went wrong that a person should know of.
    Trouble(String),
    /// Something was done that nobody needs to know of.
    Done,
}

/// What came of opening a workflow.
pub(super) struct Opening {
    /// The session whose place it takes; without one it gets a tab of its own.
    pub(super) instead_of: Option<SessionId>,
    pub(super) opened: Result<Box<Opened>, OpenError>,
}

impl Opening {
    /// Returns one that gets a tab of its own.
    pub(super) fn beside(opened: Result<Opened, OpenError>) -> Self {
        Self { instead_of: None, opened: opened.map(Box::new) }
    }
}

impl App {
    /// Takes in what has been reported.
    pub(super) fn take_messages(&mut self, ctx: &egui::Context) {
        while let Some(message) = self.background.take() {
            self.take_message(ctx, message);
        }
    }

    fn take_message(&mut self, ctx: &egui::Context, message: Message) {
        match message {
            Message::StoreOpened(opened) => self.store_opened(opened),
            Message::Engine(event) => self.take_event(event),
            Message::Opened(opening) => self.opened(opening),
            Message::TourOpened(opened) => self.tour_opened(*opened),
            Message::IsOpen(session) => self.show_tab_of(Some(session)),
            Message::CameBack(opened, open) => self.came_back(opened, open),
            Message::Unfinished(sessions) => self.offer_unfinished(&sessions),
            Message::Saved(saved) => self.saved(ctx, saved),
            Message::Picked(purpose, path) => self.picked(ctx, purpose, path),
            Message::Listed(folder, entries) => self.listed(&folder, entries),
            Message::Probed(session, probes) => self.probed(session, probes),
            Message::Lacking(session, lacking) => self.found_lacking(session, lacking),
            Message::Timed(session, timings, numbers) => self.timed(session, timings, numbers),
            Message::Results(node, run, error) => self.panels.viewers.loads.end_results(node, run, error),
            Message::Value(whose, fingerprint, value) => {
                if let Some((viewers, _)) = self.asking(whose) {
                    viewers.loads.end_value(fingerprint, value);
                }
            }
            Message::Iteration(whose, key, read) => {
                if let Some((_, iterations)) = self.asking(whose) {
                    iterations.end(key, read);
                }
            }
            Message::Iterations(done) => self.panels.inspector.iterations.table.take(done),
            Message::Spans(session, done) => {
                if let Some(tab) = self.tabs.of_mut(session) {
                    tab.timeline.take(done);
                }
            }
            Message::SecretLookedFor(name, place) => self.panels.inspector.secrets.end(name, place),
            Message::PinnedData(key, data) => self.panels.inspector.pinned_data.end(key, data),
            Message::Times(key, runs) => self.panels.inspector.times.end(key, runs),
            Message::PinnedDataChanged(changed) => self.pinned_data_changed(changed),
            Message::History(session, runs) => self.listed_history(session, runs),
            Message::Past(session, past) => self.opened_past(session, past),
            Message::StartsFrom(session, run, baseline) => self.starts_from(session, run, baseline),
            Message::Difference(key, difference) => self.end_difference(*key, difference),
            Message::Swept(report, swept_for) => self.swept(report, swept_for),
            Message::PlannedSweep(rules, said) => self.planned_sweep(rules, said),
            Message::PinValues(session, node, to, read) => self.values_read(session, &node, to, read),
            Message::AsidePlanned(session, effects) => self.aside_planned(session, effects),
            Message::Sessions(session, sessions) => self.listed_sessions(session, sessions),
            Message::EarlierPins(session, pins) => self.take_over(session, pins),
            Message::PinSizes(session, sizes) => {
                if let Some(tab) = self.tabs.of_mut(session) {
                    tab.pins.end_sizes(sizes);
                }
            }
            Message::AsideAt(run, node) => self.aside_at(run, &node),
            Message::AsideEnded(run, compared) => self.aside_ended(run, compared),
            Message::Thumbnail(kept, port, made) => self.made_thumbnail(ctx, &kept, &port, made.as_ref()),
            Message::Viewer(whose, done) => self.viewer_done(ctx, whose, done),
            Message::Tidied(of, label, edit) => self.tidied(&of, label, edit),
            Message::Dropped(session, place, readers) => self.add_readers(session, place, readers),
            Message::SavedValue(Ok(said)) => self.notices.done(said),
            Message::SavedValue(Err(why)) => self.notices.error(why),
            Message::Trouble(text) => self.notices.trouble(text),
            Message::Done => {}
        }
    }

    fn listed(&mut self, folder: &Path, entries: Result<Vec<FileEntry>, String>) {
        if let Some(Dialog::File(dialog)) = &mut self.dialog {
            dialog.listed(folder, entries);
        }
    }
}
