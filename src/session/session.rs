//! A session: made, opened again, saved on every change, closed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Baseline, Folders, Mark, MarkEdit, Marks, SessionError, SessionId,
    document::Document,
    file::{Looking, SessionFile, SessionFolder},
};
use crate::{
    store::{Kept, Store, StoreError},
    workflow::WorkflowId,
};

/// What the canvas showed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedView {
    /// The middle, in scene units.
    pub center: (f32, f32),
    /// Points on the screen for one scene unit.
    pub zoom: f32,
}

impl Default for SavedView {
    fn default() -> Self {
        Self { center: (0.0, 0.0), zoom: 1.0 }
    }
}

/// One sitting at one workflow. Nobody else can open it until the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Session {
    /// The session's id.
    pub id: SessionId,
    /// The workflow's id.
    pub workflow_id: WorkflowId,
    /// The workflow's file, if it has one.
    pub workflow_path: Option<PathBuf>,
    /// The name it was given, if it was.
    pub name: Option<String>,
    /// What the user asks of nodes.
    pub marks: Marks,
    /// What Resume starts from.
    pub baseline: Arc<Baseline>,
    /// What the canvas showed.
    pub view: SavedView,
    /// The workflow's text, if it was changed and not saved.
    pub unsaved: Option<String>,
    /// When it was first opened.
    pub opened: Timestamp,
    /// When it was last saved, as its file said when it was opened.
    pub saved: Option<Timestamp>,
    /// Why the baseline could not be read, if it could not; then it is empty.
    pub baseline_problem: Option<String>,
    file: Arc<SessionFile>,
    store: Option<Store>,
}

impl Session {
    /// Starts a session of a workflow: no marks, nothing to resume from. It is saved at once.
    pub fn create(
        folders: &Folders,
        store: Option<&Store>,
        workflow_id: WorkflowId,
        workflow_path: Option<&Path>,
    ) -> Result<Self, SessionError> {
        let folder = SessionFolder::of(folders, store)?;
        let looking = folder.look()?;
        Self::create_in(&folder, &looking, store, workflow_id, workflow_path, None)
    }

    fn create_in(
        folder: &SessionFolder,
        looking: &Looking,
        store: Option<&Store>,
        workflow_id: WorkflowId,
        workflow_path: Option<&Path>,
        name: Option<&str>,
    ) -> Result<Self, SessionError> {
        let file = folder.lock(looking, SessionId::generate())?;
        let session = Self {
            id: file.id(),
            workflow_id,
            workflow_path: workflow_path.map(Path::to_owned),
            name: name.map(str::to_owned),
            marks: Marks::default(),
            baseline: Arc::default(),
            view: SavedView::default(),
            unsaved: None,
            opened: Timestamp::now(),
            saved: None,
            baseline_problem: None,
            file: Arc::new(file),
            store: store.cloned(),
        };
        session.save()?;
        Ok(session)
    }

    /// Goes on with an earlier session. A damaged one is set aside and reported.
    pub fn open(folders: &Folders, store: Option<&Store>, id: SessionId) -> Result<Self, SessionError> {
        let folder = SessionFolder::of(folders, store)?;
        let looking = folder.look()?;
        Self::open_in(&folder, &looking, store, id)
    }

    fn open_in(
        folder: &SessionFolder,
        looking: &Looking,
        store: Option<&Store>,
        id: SessionId,
    ) -> Result<Self, SessionError> {
        let file = folder.lock(looking, id)?;
        let mut document = Document::load(folder, id)?;
        let marks = document.take_marks(store);
        let mut session = Self {
            id,
            workflow_id: document.workflow_id,
            workflow_path: document.workflow_path.map(PathBuf::from),
            name: document.name,
            marks,
            baseline: Arc::default(),
            view: document.view,
            unsaved: document.unsaved,
            opened: document.opened,
            saved: Some(document.saved),
            baseline_problem: None,
            file: Arc::new(file),
            store: store.cloned(),
        };
        session.baseline_problem = session.reload_baseline().err().map(|error| error.to_string());
        session.save().or_else(ignore_lost_pins)?;
        Ok(session)
    }

    /// Goes on with the newest session of this name, or starts one.
    pub fn named(
        folders: &Folders,
        store: Option<&Store>,
        workflow_id: WorkflowId,
        workflow_path: Option<&Path>,
        name: &str,
    ) -> Result<Self, SessionError> {
        let folder = SessionFolder::of(folders, store)?;
        let looking = folder.look()?;
        for id in folder.ids()?.into_iter().rev() {
            match Document::load(&folder, id) {
                Ok(document) if document.workflow_id == workflow_id && document.name.as_deref() == Some(name) => {
                    return Self::open_in(&folder, &looking, store, id);
                }
                Ok(_) => {}
                Err(error) => tracing::warn!("{error}"),
            }
        }
        Self::create_in(&folder, &looking, store, workflow_id, workflow_path, Some(name))
    }

    /// Takes over the marks of an earlier session, with its pins, and its baseline; returns what undoes the marks.
    pub fn take_over(&mut self, earlier: SessionId) -> Result<MarkEdit, SessionError> {
        let mut document = Document::load(self.file.folder(), earlier)?;
        if let Some(store) = &self.store {
            store.adopt_baseline(earlier, self.id)?;
        }
        self.reload_baseline()?;
        let taken = document.take_marks(self.store.as_ref());
        let cleared = self.marks.iter().map(|(node, _)| (node.clone(), Mark::Default));
        let set = taken.iter().map(|(node, mark)| (node.clone(), mark.clone()));
        let edit = MarkEdit(cleared.chain(set).collect());
        let inverse = self.marks.apply(edit);
        self.save()?;
        Ok(inverse)
    }

    /// Reads the baseline from the store again. Slow: not for the interface thread.
    pub fn reload_baseline(&mut self) -> Result<(), StoreError> {
        if let Some(store) = &self.store {
            self.baseline = Arc::new(store.baseline(self.id)?.into_iter().collect());
        }
        Ok(())
    }

    /// Returns whether there is a store for the pins' results.
    pub(super) const fn has_store(&self) -> bool {
        self.store.is_some()
    }

    /// Returns where the session is kept.
    pub fn path(&self) -> PathBuf {
        self.file.path()
    }

    /// Writes the session, its pins' results first. Slow: the interface thread leaves it to a [`super::Saver`].
    ///
    /// The file is written even if results cannot be kept, so that no other mark and no edit is lost; the error says so.
    pub fn save(&self) -> Result<(), SessionError> {
        self.write(false)
    }

    /// Ends the session: it is not offered back as one that crashed. One that holds nothing leaves no file.
    pub fn close(self) -> Result<(), SessionError> {
        let holds_nothing =
            self.marks.is_empty() && self.unsaved.is_none() && self.name.is_none() && self.baseline.is_empty();
        if holds_nothing && self.baseline_problem.is_none() {
            return self.file.remove();
        }
        self.write(true)
    }

    fn write(&self, closed: bool) -> Result<(), SessionError> {
        let kept = self.keep_pins();
        let text = Document::new(self, closed)
            .to_text()
            .map_err(|why| SessionError::Unwritable { why, path: self.file.path() })?;
        self.file.write(&text)?;
        kept
    }

    /// Makes sure that all pins' results are on the disk; tries them all and returns the first error.
    fn keep_pins(&self) -> Result<(), SessionError> {
        let captures = || self.marks.iter().filter_map(|(_, mark)| mark.capture());
        // What no pin needs any more may be swept; a pin that comes back keeps it again.
        let needed: BTreeSet<_> =
            captures().flat_map(|capture| capture.results.ports()).map(|port| port.fingerprint).collect();
        self.file.durable().retain(|fingerprint| needed.contains(fingerprint));
        let unkept: Vec<&Kept> = captures()
            .map(|capture| &capture.results)
            .filter(|kept| !kept.is_sensitive() && !self.is_durable(kept))
            .collect();
        let Some(store) = &self.store else {
            let n_pins = unkept.iter().filter(|kept| kept.loaded().is_some()).count();
            return if n_pins == 0 { Ok(()) } else { Err(SessionError::NoStore { n_pins }) };
        };
        let mut result = Ok(());
        for kept in unkept {
            match store.keep_results(kept) {
                Ok(ports) => self.file.durable().extend(ports.iter().map(|port| port.fingerprint)),
                Err(error) => result = result.and(Err(error.into())),
            }
        }
        result
    }

    fn is_durable(&self, results: &Kept) -> bool {
        let durable = self.file.durable();
        results.ports().iter().all(|port| durable.contains(&port.fingerprint))
    }
}

/// A session whose pins' results are gone is opened all the same: the plan says which they are.
fn ignore_lost_pins(error: SessionError) -> Result<(), SessionError> {
    match error {
        SessionError::Store(error) => {
            tracing::warn!("{error}");
            Ok(())
        }
        error => Err(error),
    }
}
