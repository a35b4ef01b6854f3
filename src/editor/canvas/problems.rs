//! The first problem of each node.

use std::collections::BTreeMap;

use crate::{
    editor::View,
    workflow::{NodeId, Problem},
};

/// Which problem to show on a node; made anew when the problems are others.
#[derive(Default)]
pub(super) struct ProblemIndex {
    key: Option<(u64, usize, usize)>,
    worst: BTreeMap<NodeId, usize>,
}

impl ProblemIndex {
    /// Brings the index up to date.
    pub(super) fn update(&mut self, view: View<'_>) {
        let key = Some((view.revision, view.problems.as_ptr().addr(), view.problems.len()));
        if self.key == key {
            return;
        }
        self.key = key;
        self.worst.clear();
        for (index, problem) in view.problems.iter().enumerate() {
            let Some(node) = problem.location.node() else { continue };
            let worst = self.worst.entry(node.clone()).or_insert(index);
            if view.problems[*worst].severity < problem.severity {
                *worst = index;
            }
        }
    }

    /// Returns the worst problem of a node.
    pub(super) fn of<'a>(&self, view: View<'a>, node: &NodeId) -> Option<&'a Problem> {
        self.worst.get(node).and_then(|&index| view.problems.get(index))
    }
}
