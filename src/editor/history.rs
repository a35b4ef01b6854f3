//! The steps a person took, to take them back and do them again.

use crate::{
    session::{MarkEdit, Marks},
    workflow::{Edit, EditError, Workflow},
};

/// A step.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Of the document.
    Document(Edit),
    /// Of the marks.
    Marks(MarkEdit),
}

/// A step that was taken, with the way back.
#[derive(Clone, Debug)]
struct Revision {
    label: String,
    inverse: Change,
}

/// The steps taken, and those taken back.
#[derive(Debug, Default)]
pub(crate) struct History {
    done: Vec<Revision>,
    undone: Vec<Revision>,
}

impl History {
    /// Takes a step.
    pub(crate) fn apply(
        &mut self,
        label: String,
        change: Change,
        workflow: &mut Workflow,
        marks: &mut Marks,
    ) -> Result<(), EditError> {
        let inverse = apply(change, workflow, marks)?;
        self.done.push(Revision { label, inverse });
        self.undone.clear();
        Ok(())
    }

    /// Takes the newest step back.
    pub(crate) fn undo(&mut self, workflow: &mut Workflow, marks: &mut Marks) -> Result<(), EditError> {
        if let Some(Revision { label, inverse }) = self.done.pop() {
            let inverse = apply(inverse, workflow, marks)?;
            self.undone.push(Revision { label, inverse });
        }
        Ok(())
    }

    /// Takes the step again that was taken back last.
    pub(crate) fn redo(&mut self, workflow: &mut Workflow, marks: &mut Marks) -> Result<(), EditError> {
        if let Some(Revision { label, inverse }) = self.undone.pop() {
            let inverse = apply(inverse, workflow, marks)?;
            self.done.push(Revision { label, inverse });
        }
        Ok(())
    }

    /// Returns what undo would take back.
    pub(crate) fn undo_label(&self) -> Option<&str> {
        self.done.last().map(|revision| revision.label.as_str())
    }

    /// Returns what redo would do again.
    pub(crate) fn redo_label(&self) -> Option<&str> {
        self.undone.last().map(|revision| revision.label.as_str())
    }
}

fn apply(change: Change, workflow: &mut Workflow, marks: &mut Marks) -> Result<Change, EditError> {
    Ok(match change {
        Change::Document(edit) => Change::Document(workflow.apply(edit)?),
        Change::Marks(edit) => Change::Marks(marks.apply(edit)),
    })
}
