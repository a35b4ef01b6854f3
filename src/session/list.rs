//! Earlier sessions, to be gone on with or taken over.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Folders, Marks, SessionError, SessionId, document::Document, file::SessionFolder};
use crate::{store::Store, workflow::WorkflowId};

/// A session no window has open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSummary {
    /// The session.
    pub id: SessionId,
    /// Its workflow.
    pub workflow_id: WorkflowId,
    /// The workflow's file then.
    pub workflow_path: Option<PathBuf>,
    /// Its name.
    pub name: Option<String>,
    /// When it was first opened.
    pub opened: Timestamp,
    /// When it was last saved.
    pub saved: Timestamp,
    /// How many nodes had a mark.
    pub n_marks: usize,
    /// How many of them were pinned.
    pub n_pins: usize,
    /// Whether it holds edits that are not in the workflow's file.
    pub has_unsaved_edits: bool,
    /// Whether it was ended on purpose: else the program ended in the middle of it.
    pub closed: bool,
}

/// Returns the sessions of a workflow that no window has open, newest first, and what could not be read.
///
/// A session belongs to a workflow by the workflow's id; if `path` is given, those of a copy in another file are left out.
/// Damaged files are set aside.
pub fn earlier_sessions(
    folders: &Folders,
    store: Option<&Store>,
    workflow_id: WorkflowId,
    path: Option<&Path>,
) -> Result<(Vec<SessionSummary>, Vec<SessionError>), SessionError> {
    let (mut sessions, problems) = all_sessions(folders, store)?;
    sessions.retain(|session| {
        let same_file = match (path, session.workflow_path.as_deref()) {
            (Some(path), Some(then)) => path == then || !then.exists(),
            _ => true,
        };
        session.workflow_id == workflow_id && same_file
    });
    Ok((sessions, problems))
}

/// Returns the marks of a session; its pins' results are read from the store when asked for. A damaged file is set aside.
pub fn marks_of(folders: &Folders, store: Option<&Store>, session: SessionId) -> Result<Marks, SessionError> {
    let mut document = Document::load(&SessionFolder::of(folders, store)?, session)?;
    Ok(document.take_marks(store))
}

/// Returns the sessions of all workflows that were not ended on purpose and hold marks or edits, newest first, and what
/// could not be read: to be offered back after a crash.
pub fn unfinished_sessions(
    folders: &Folders,
    store: Option<&Store>,
) -> Result<(Vec<SessionSummary>, Vec<SessionError>), SessionError> {
    let (mut sessions, problems) = all_sessions(folders, store)?;
    sessions.retain(|session| !session.closed && (session.n_marks > 0 || session.has_unsaved_edits));
    Ok((sessions, problems))
}

/// Writes all session files anew, sealed with the key of the store or as text; returns how many there are. Nobody may have a
/// session open.
pub fn rewrite_sessions(folders: &Folders, store: &Store, sealed: bool) -> Result<usize, SessionError> {
    let n_files = SessionFolder::of(folders, Some(store))?.rewrite_all(sealed)?;
    if sealed {
        store.retire_no_more()?;
    }
    Ok(n_files)
}

fn all_sessions(
    folders: &Folders,
    store: Option<&Store>,
) -> Result<(Vec<SessionSummary>, Vec<SessionError>), SessionError> {
    let folder = SessionFolder::of(folders, store)?;
    let looking = folder.look()?;
    let (mut sessions, mut problems) = (Vec::new(), Vec::new());
    for id in folder.ids()? {
        if folder.is_in_use(&looking, id) {
            continue;
        }
        match Document::load(&folder, id) {
            Ok(document) => sessions.push(summary(document)),
            Err(error) => problems.push(error),
        }
    }
    sessions.sort_by_key(|session| std::cmp::Reverse((session.saved, session.id)));
    Ok((sessions, problems))
}

fn summary(document: Document) -> SessionSummary {
    let (n_marks, n_pins) = document.counts();
    SessionSummary {
        id: document.id,
        workflow_id: document.workflow_id,
        workflow_path: document.workflow_path.map(PathBuf::from),
        name: document.name,
        opened: document.opened,
        saved: document.saved,
        n_marks,
        n_pins,
        has_unsaved_edits: document.unsaved.is_some(),
        closed: document.closed,
    }
}
