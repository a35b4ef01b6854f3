//! Breakpoints: the nodes before which a run of this session pauses.

use imbl::OrdSet;

use super::Marks;
use crate::workflow::NodeId;

/// A change of breakpoints: these are set, those taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BreakpointEdit {
    /// Nodes that get one.
    pub set: Vec<NodeId>,
    /// Nodes that lose theirs.
    pub clear: Vec<NodeId>,
}

impl BreakpointEdit {
    /// Returns the change that gives all of these nodes a breakpoint, or takes theirs away if all have one.
    pub fn toggle(marks: &Marks, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        let (clear, set): (Vec<NodeId>, Vec<NodeId>) =
            nodes.into_iter().partition(|node| marks.breakpoints().contains(node));
        if set.is_empty() { Self { set, clear } } else { Self { set, clear: Vec::new() } }
    }

    /// Returns whether nothing changes.
    pub const fn is_empty(&self) -> bool {
        self.set.is_empty() && self.clear.is_empty()
    }
}

impl Marks {
    /// Returns the nodes with a breakpoint. Those of nodes that were removed stay, so that undo brings them back.
    pub const fn breakpoints(&self) -> &OrdSet<NodeId> {
        &self.breakpoints
    }

    /// Changes breakpoints and returns what undoes it.
    pub fn apply_breakpoints(&mut self, edit: BreakpointEdit) -> BreakpointEdit {
        let mut inverse = BreakpointEdit::default();
        for node in edit.clear {
            if self.breakpoints.remove(&node).is_some() {
                inverse.set.push(node);
            }
        }
        for node in edit.set {
            if self.breakpoints.insert(node.clone()).is_none() {
                inverse.clear.push(node);
            }
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(nodes: &[&'static str]) -> Vec<NodeId> {
        nodes.iter().map(|node| NodeId::from(*node)).collect()
    }

    #[test]
    fn a_toggle_on_a_mixed_selection_first_makes_it_alike_and_can_be_undone() {
        let mut marks = Marks::default();
        let edit = BreakpointEdit::toggle(&marks, ids(&["a"]));
        marks.apply_breakpoints(edit);
        let edit = BreakpointEdit::toggle(&marks, ids(&["a", "b"]));
        let inverse = marks.apply_breakpoints(edit);
        assert!(marks.breakpoints().iter().eq(&ids(&["a", "b"])));
        marks.apply_breakpoints(inverse);
        assert!(marks.breakpoints().iter().eq(&ids(&["a"])));
        let edit = BreakpointEdit::toggle(&marks, ids(&["a"]));
        let inverse = marks.apply_breakpoints(edit);
        assert!(marks.is_empty());
        marks.apply_breakpoints(inverse);
        assert!(!marks.is_empty(), "a breakpoint is something to keep");
    }
}
