//! What nodes remember across runs: read for the inspector, cleared, and taken along to copies. The store is asked by other
//! threads only.

use super::{App, Message};
use crate::{
    editor::{Command, inspector::MAX_BARS, panels::Tone, words},
    store::{Store, StoreError},
    workflow::{NodeId, Workflow, WorkflowId},
};

impl App {
    /// Reads a node's pinned data, to show it.
    pub(super) fn load_pinned_data(&mut self, node: NodeId) {
        let Some(workflow) = self.workflow().map(|workflow| workflow.id()) else { return };
        let key = (workflow, node);
        if !self.panels.inspector.pinned_data.begin(&key) {
            return;
        }
        let store = self.store.clone();
        self.background.start("pinflow-pinned-data", move || {
            let data = store.map_or(Ok(None), |store| store.pinned_data(key.0, &key.1));
            Message::PinnedData(key, data.map_err(|error| error.to_string()))
        });
    }

    /// Reads how long a node took in earlier runs, to show it.
    pub(super) fn load_times(&mut self, node: NodeId) {
        let Some(workflow) = self.workflow().map(|workflow| workflow.id()) else { return };
        let key = (workflow, node);
        if !self.panels.inspector.times.begin(&key) {
            return;
        }
        let store = self.store.clone();
        self.background.start("pinflow-times", move || {
            // What cannot be written is told elsewhere.
            let runs = store.map_or(Ok(Vec::new()), |store| {
                store.flush().ok();
                store.node_runs(key.0, &key.1, MAX_BARS)
            });
            Message::Times(key, runs.map_err(|error| error.to_string()))
        });
    }

    /// Clears a node's pinned data.
    pub(super) fn clear_pinned_data(&self, node: NodeId) {
        let Some(workflow) = self.workflow().map(|workflow| workflow.id()) else { return };
        self.change_pinned_data("Not cleared", move |store| store.clear_pinned_data(workflow, &[node]));
    }

    /// Gives a copy of a workflow the pinned data of the one it was made from.
    pub(super) fn copy_pinned_data(&self, from: WorkflowId, to: WorkflowId) {
        self.change_pinned_data("Not copied", move |store| store.copy_pinned_data(from, to));
    }

    fn change_pinned_data(
        &self,
        trouble: &'static str,
        change: impl FnOnce(&Store) -> Result<usize, StoreError> + Send + 'static,
    ) {
        let Some(store) = self.store.clone() else { return };
        self.background.start("pinflow-pinned-data", move || {
            let changed = change(&store).map(drop);
            Message::PinnedDataChanged(changed.map_err(|error| format!("{trouble}: {error}")))
        });
    }

    /// Takes in that pinned data was changed, or why it was not.
    pub(super) fn pinned_data_changed(&mut self, changed: Result<(), String>) {
        if let Err(trouble) = changed {
            self.notices.error(trouble);
        }
        self.panels.inspector.pinned_data.outdate();
    }

    /// Says that a copy has no pinned data, and offers to copy it too.
    pub(super) fn offer_pinned_data(&mut self, from: WorkflowId, to: WorkflowId, n_nodes: usize) {
        let nodes = words::count(n_nodes, "node");
        let text = format!("The copy begins without the pinned data of {nodes} that the workflow it was made from has");
        let copy = ("Copy the pinned data too".to_owned(), Command::CopyPinnedData(from, to));
        self.notices.show(Tone::Info, text, vec![copy]);
    }
}

/// What saving a workflow means for the pinned data of nodes.
pub(super) enum OnSaving {
    /// These nodes are not in it any more.
    Clear(Vec<NodeId>),
    /// It is a copy of this workflow, whose data stays.
    Copied(WorkflowId),
}

impl OnSaving {
    /// Does what is to be done once the workflow is saved. Returns of how many nodes a copy has no data.
    pub(super) fn carry_out(self, store: &Store, saved: &Workflow) -> Result<usize, String> {
        match self {
            Self::Clear(nodes) if nodes.is_empty() => Ok(0),
            Self::Clear(nodes) => match store.clear_pinned_data(saved.id(), &nodes) {
                Ok(_) => Ok(0),
                Err(error) => Err(format!("The pinned data of removed nodes is still there: {error}")),
            },
            Self::Copied(from) => {
                let rows = store.list_pinned_data(Some(from)).map_err(|error| error.to_string())?;
                Ok(rows.iter().filter(|row| saved.node(&row.node).is_some()).count())
            }
        }
    }
}
