//! What is read about the selected node by another thread: once when it is asked for, and again when it may have changed.

use crate::workflow::{NodeId, WorkflowId};

/// Which node of which workflow.
pub(crate) type NodeKey = (WorkflowId, NodeId);

/// Something that was read about a node, or is to be.
#[derive(Debug)]
pub(crate) struct Asked<T> {
    /// What was read last, or why it could not be.
    read: Option<(NodeKey, Result<T, String>)>,
    /// What is being read.
    waiting: Option<NodeKey>,
    /// Whether it may have changed since.
    is_outdated: bool,
}

impl<T> Default for Asked<T> {
    fn default() -> Self {
        Self { read: None, waiting: None, is_outdated: false }
    }
}

impl<T> Asked<T> {
    /// Notes that something is being read; returns whether it is to be: one after the other.
    pub(crate) fn begin(&mut self, key: &NodeKey) -> bool {
        let may = self.is_due(key);
        if may {
            self.waiting = Some(key.clone());
            self.is_outdated = false;
        }
        may
    }

    /// Takes in what was read, or why it could not be.
    pub(crate) fn end(&mut self, key: NodeKey, read: Result<T, String>) {
        self.waiting = None;
        self.read = Some((key, read));
    }

    /// Notes that what was read may have changed.
    pub(crate) const fn outdate(&mut self) {
        self.is_outdated = true;
    }

    /// Returns whether it is to be read, and is not being read.
    pub(super) fn is_due(&self, key: &NodeKey) -> bool {
        self.waiting.is_none() && (self.is_outdated || self.get(key).is_none())
    }

    /// Returns what was read of a node, or why it could not be; nothing if it is not known.
    pub(super) fn get(&self, key: &NodeKey) -> Option<&Result<T, String>> {
        self.read.as_ref().filter(|(known, _)| known == key).map(|(_, read)| read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_read_once_and_again_when_it_may_have_changed() {
        let mut state = Asked::<()>::default();
        let [a, b] = ["a", "b"].map(|node| (WorkflowId::generate(), NodeId::from(node)));
        assert!(state.begin(&a));
        assert!(!state.begin(&a) && !state.begin(&b), "one after the other");
        state.outdate();
        state.end(a.clone(), Ok(()));
        assert!(state.begin(&a), "it changed while it was read");
        state.end(a.clone(), Err("damaged".to_owned()));
        assert!(!state.begin(&a));
        assert!(state.begin(&b));
    }
}
