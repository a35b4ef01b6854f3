//! Where nodes of a run look up what no wire brings them: secrets, and what they remember across runs.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use jiff::Timestamp;

use super::sync::locked;
use crate::{
    nodes::{NodeError, secrets},
    store::{Store, StoreError},
    value::Value,
    workflow::{NodeId, WorkflowId},
};

/// What nodes of a run can look up. In a run aside they find all there is, and what they do to it ends with the run.
pub(super) struct Memory {
    workflow: WorkflowId,
    store: Option<Store>,
    /// What nodes of a run aside have changed: what they remember now, or that they forgot it.
    aside: Option<Mutex<BTreeMap<NodeId, Option<Value>>>>,
}

/// What a node remembers now.
pub(super) struct Remembered {
    pub(super) value: Value,
    pub(super) at: Timestamp,
    pub(super) expires_at: Option<Timestamp>,
}

impl Memory {
    /// Returns what the nodes of a run can look up; without a store nothing.
    pub(super) fn new(workflow: WorkflowId, store: Option<Store>, is_aside: bool) -> Self {
        Self { workflow, store, aside: is_aside.then(Mutex::default) }
    }

    /// Returns whether there is any.
    pub(super) const fn is_there(&self) -> bool {
        self.store.is_some()
    }

    fn store(&self) -> Result<&Store, NodeError> {
        self.store.as_ref().ok_or_else(|| NodeError::new("there is no store to keep pinned data in"))
    }

    /// Returns the value of a secret; whoever asks keeps it to itself.
    pub(super) fn secret(&self, name: &str) -> Result<String, NodeError> {
        if let Some(secret) = secrets::from_environment(name)? {
            return Ok(secret);
        }
        match self.store.as_ref().map(|store| store.secret(name)) {
            Some(Ok(Some(secret))) => Ok(secret),
            Some(Err(why)) => Err(secrets::missing(name, &format!(" (no keyring answers: {why})"))),
            _ => Err(secrets::missing(name, "")),
        }
    }

    /// Returns what a node remembers.
    pub(super) fn get(&self, node: &NodeId) -> Result<Option<Value>, NodeError> {
        if let Some(changed) = self.changed().and_then(|changed| changed.get(node).cloned()) {
            return Ok(changed);
        }
        let data = self.store()?.pinned_data(self.workflow, node).map_err(in_words)?;
        Ok(data.map(|data| data.value))
    }

    /// Changes what a node remembers.
    pub(super) fn update(
        &self,
        node: &NodeId,
        expires_in: Option<Duration>,
        change: &mut dyn FnMut(Option<Value>) -> Value,
    ) -> Result<Remembered, NodeError> {
        let Some(mut changed) = self.changed() else {
            let data = self.store()?.update_pinned_data(self.workflow, node, expires_in, change).map_err(in_words)?;
            return Ok(Remembered { value: data.value, at: data.updated_at, expires_at: data.expires_at });
        };
        let before = match changed.get(node) {
            Some(before) => before.clone(),
            None => self.store()?.pinned_data(self.workflow, node).map_err(in_words)?.map(|data| data.value),
        };
        let value = change(before);
        changed.insert(node.clone(), Some(value.clone()));
        Ok(Remembered { value, at: Timestamp::now(), expires_at: None })
    }

    /// Makes a node forget; without one, all of them. Returns how many remembered anything.
    pub(super) fn clear(&self, node: Option<&NodeId>) -> Result<usize, NodeError> {
        let store = self.store()?;
        let Some(mut changed) = self.changed() else {
            let cleared = match node {
                Some(node) => store.clear_pinned_data(self.workflow, std::slice::from_ref(node)),
                None => store.clear_all_pinned_data(Some(self.workflow)),
            };
            return cleared.map_err(in_words);
        };
        let known: Vec<NodeId> = match node {
            Some(node) => vec![node.clone()],
            None => store
                .list_pinned_data(Some(self.workflow))
                .map_err(in_words)?
                .into_iter()
                .map(|known| known.node)
                .collect(),
        };
        let in_run = changed.iter().filter(|(_, value)| value.is_some()).map(|(node, _)| node.clone());
        let all: Vec<NodeId> = if node.is_none() { known.into_iter().chain(in_run).collect() } else { known };
        let n_cleared = all.len();
        changed.extend(all.into_iter().map(|node| (node, None)));
        Ok(n_cleared)
    }

    fn changed(&self) -> Option<MutexGuard<'_, BTreeMap<NodeId, Option<Value>>>> {
        self.aside.as_ref().map(|changed| locked(changed))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn in_words(error: StoreError) -> NodeError {
    NodeError::new(error.to_string())
}
