//! What a person did, to be undone and done again: changes of the document and of the marks in one list.

use super::{BreakpointEdit, Mark, MarkEdit, Marks};
use crate::workflow::{Edit, EditError, Workflow};

/// How many revisions are kept.
const MAX_REVISIONS: usize = 10_000;

/// A change of what a person can change.
#[derive(Clone, Debug)]
pub enum Change {
    /// Of the document.
    Document(Edit),
    /// Of the marks.
    Marks(MarkEdit),
    /// Of the breakpoints.
    Breakpoints(BreakpointEdit),
    /// Several, all or none.
    Both(Vec<Self>),
}

/// A change that was made.
#[derive(Clone, Debug)]
pub struct Revision {
    /// What the list says.
    pub label: String,
    /// What was done.
    pub change: Change,
    /// What undoes it.
    pub inverse: Change,
}

/// Revisions in order, those before the position done, those after it undone.
#[derive(Clone, Debug, Default)]
pub struct History {
    revisions: Vec<Revision>,
    /// Invariant: at most the number of revisions.
    position: usize,
    /// Where the document was as it is in its file; `None` if no way leads back there.
    saved: SavedPosition,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SavedPosition {
    At(usize),
    Lost,
}

impl Default for SavedPosition {
    fn default() -> Self {
        Self::At(0)
    }
}

impl Change {
    /// Applies the change and returns its inverse. On an error nothing has changed.
    pub fn apply(self, workflow: &mut Workflow, marks: &mut Marks) -> Result<Self, EditError> {
        match self {
            Self::Document(edit) => workflow.apply(edit).map(Self::Document),
            Self::Marks(edit) => Ok(Self::Marks(marks.apply(edit))),
            Self::Breakpoints(edit) => Ok(Self::Breakpoints(marks.apply_breakpoints(edit))),
            Self::Both(changes) => apply_all(changes, workflow, marks),
        }
    }

    fn marks(&self) -> Vec<&Mark> {
        match self {
            Self::Marks(edit) => edit.0.iter().map(|(_, mark)| mark).collect(),
            Self::Document(_) | Self::Breakpoints(_) => Vec::new(),
            Self::Both(changes) => changes.iter().flat_map(Self::marks).collect(),
        }
    }

    /// Returns whether this and an edit move the same nodes and bends of wires.
    pub fn moves_the_same(&self, edit: &Edit) -> bool {
        matches!(self, Self::Document(own) if move_the_same(own, edit))
    }

    /// Returns whether the document is changed, not marks only.
    pub fn touches_document(&self) -> bool {
        match self {
            Self::Document(_) => true,
            Self::Marks(_) | Self::Breakpoints(_) => false,
            Self::Both(changes) => changes.iter().any(Self::touches_document),
        }
    }
}

fn move_the_same(one: &Edit, other: &Edit) -> bool {
    match (one, other) {
        (Edit::MoveNodes(these), Edit::MoveNodes(others)) => {
            these.iter().map(|(node, _)| node).eq(others.iter().map(|(node, _)| node))
        }
        (Edit::SetWay(wire, way), Edit::SetWay(other, others)) => wire == other && way.len() == others.len(),
        (Edit::Group(these), Edit::Group(others)) => {
            these.len() == others.len() && these.iter().zip(others).all(|(one, other)| move_the_same(one, other))
        }
        _ => false,
    }
}

fn apply_all(changes: Vec<Change>, workflow: &mut Workflow, marks: &mut Marks) -> Result<Change, EditError> {
    let mut inverses = Vec::with_capacity(changes.len());
    for change in changes {
        match change.apply(workflow, marks) {
            Ok(inverse) => inverses.push(inverse),
            Err(error) => {
                for inverse in inverses.into_iter().rev() {
                    inverse.apply(workflow, marks).expect("undoing what was just done cannot fail");
                }
                return Err(error);
            }
        }
    }
    inverses.reverse();
    Ok(Change::Both(inverses))
}

impl History {
    /// Applies a change and notes it. On an error nothing has changed.
    pub fn apply(
        &mut self,
        label: impl Into<String>,
        change: Change,
        workflow: &mut Workflow,
        marks: &mut Marks,
    ) -> Result<(), EditError> {
        let inverse = change.clone().apply(workflow, marks)?;
        self.push(Revision { label: label.into(), change, inverse });
        Ok(())
    }

    /// Notes a change that was made; what was undone can no longer be done again.
    pub fn push(&mut self, revision: Revision) {
        if self.saved_is_ahead() && self.document_differs_from_saved() {
            self.saved = SavedPosition::Lost;
        } else if self.saved_is_ahead() {
            self.saved = SavedPosition::At(self.position);
        }
        self.revisions.truncate(self.position);
        self.revisions.push(revision);
        self.position += 1;
        if self.revisions.len() > MAX_REVISIONS {
            self.forget_oldest();
        }
    }

    fn saved_is_ahead(&self) -> bool {
        matches!(self.saved, SavedPosition::At(saved) if saved > self.position)
    }

    fn forget_oldest(&mut self) {
        let forgotten = self.revisions.remove(0);
        self.position -= 1;
        self.saved = match self.saved {
            SavedPosition::At(0) if forgotten.change.touches_document() => SavedPosition::Lost,
            SavedPosition::At(saved) => SavedPosition::At(saved.saturating_sub(1)),
            SavedPosition::Lost => SavedPosition::Lost,
        };
    }

    /// Returns the marks that undoing and doing again may bring back.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.revisions.iter().flat_map(|revision| revision.change.marks().into_iter().chain(revision.inverse.marks()))
    }

    /// Takes back the newest step; returns its label, or `None` if there is none.
    pub fn undo(&mut self, workflow: &mut Workflow, marks: &mut Marks) -> Result<Option<&str>, EditError> {
        let Some(index) = self.position.checked_sub(1) else { return Ok(None) };
        self.revisions[index].inverse.clone().apply(workflow, marks)?;
        self.position = index;
        Ok(Some(&self.revisions[index].label))
    }

    /// Does the step again that was taken back last; returns its label, or `None` if there is none.
    pub fn redo(&mut self, workflow: &mut Workflow, marks: &mut Marks) -> Result<Option<&str>, EditError> {
        let Some(revision) = self.revisions.get(self.position) else { return Ok(None) };
        revision.change.clone().apply(workflow, marks)?;
        self.position += 1;
        Ok(Some(&revision.label))
    }

    /// Undoes or redoes until so many steps are done.
    pub fn go_to(&mut self, position: usize, workflow: &mut Workflow, marks: &mut Marks) -> Result<(), EditError> {
        while self.position > position && self.undo(workflow, marks)?.is_some() {}
        while self.position < position && self.redo(workflow, marks)?.is_some() {}
        Ok(())
    }

    /// Returns the labels of all steps, oldest first; those from [`Self::position`] on are undone.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = &str> {
        self.revisions.iter().map(|revision| revision.label.as_str())
    }

    /// Returns how many steps are done.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Returns the step that undo would take back.
    pub fn newest(&self) -> Option<&Revision> {
        self.position.checked_sub(1).map(|index| &self.revisions[index])
    }

    /// Returns what undo would take back.
    pub fn undo_label(&self) -> Option<&str> {
        self.position.checked_sub(1).map(|index| self.revisions[index].label.as_str())
    }

    /// Returns what redo would do again.
    pub fn redo_label(&self) -> Option<&str> {
        self.revisions.get(self.position).map(|revision| revision.label.as_str())
    }

    /// Notes that the document is now as it is in its file.
    pub const fn mark_saved(&mut self) {
        self.saved = SavedPosition::At(self.position);
    }

    /// Notes that no step leads to what is in the file, as after opening a session with unsaved edits.
    pub const fn mark_unsaved(&mut self) {
        self.saved = SavedPosition::Lost;
    }

    /// Returns the position at which the document was saved, if steps lead there.
    pub const fn saved_position(&self) -> Option<usize> {
        match self.saved {
            SavedPosition::At(position) => Some(position),
            SavedPosition::Lost => None,
        }
    }

    /// Returns whether the document differs from its file. Marks do not count.
    pub fn document_differs_from_saved(&self) -> bool {
        match self.saved {
            SavedPosition::Lost => true,
            SavedPosition::At(saved) => {
                let between = self.position.min(saved)..self.position.max(saved);
                self.revisions[between].iter().any(|revision| revision.change.touches_document())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{store::PinPolicy, store::fixtures::chain, workflow::NodeId};

    const NODES: [&str; 3] = ["a", "b", "c"];

    fn title(node: usize, title: &str) -> Change {
        Change::Document(Edit::SetTitle(NODES[node].into(), title.to_owned()))
    }

    fn mark(node: usize, mark: u8) -> Change {
        let mark = match mark % 4 {
            0 => Mark::Default,
            1 => Mark::Disabled,
            2 => Mark::Forced,
            _ => Mark::armed(PinPolicy::Follow),
        };
        Change::Marks(MarkEdit(vec![(NODES[node].into(), mark)]))
    }

    fn breakpoint(node: usize, is_set: bool) -> Change {
        let (set, clear) = if is_set { (vec![NODES[node].into()], vec![]) } else { (vec![], vec![NODES[node].into()]) };
        Change::Breakpoints(BreakpointEdit { set, clear })
    }

    fn any_change() -> impl Strategy<Value = Change> {
        let one = prop_oneof![
            (0..3_usize, "[a-z]{1,3}").prop_map(|(node, text)| title(node, &text)),
            (0..3_usize, any::<u8>()).prop_map(|(node, number)| mark(node, number)),
            (0..3_usize, any::<bool>()).prop_map(|(node, set)| breakpoint(node, set)),
            (0..3_usize).prop_map(|node| Change::Document(Edit::RemoveNode(NODES[node].into()))),
        ];
        prop_oneof![3 => one.clone(), 1 => proptest::collection::vec(one, 0..4).prop_map(Change::Both)]
    }

    #[derive(Clone, Debug)]
    enum Step {
        Apply(Change),
        Undo,
        Redo,
        Save,
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => any_change().prop_map(Step::Apply),
            3 => Just(Step::Undo),
            2 => Just(Step::Redo),
            1 => Just(Step::Save)
        ]
    }

    fn state(workflow: &Workflow, marks: &Marks) -> String {
        format!("{}{marks:?}", crate::workflow::to_text(workflow))
    }

    proptest! {
        #[test]
        fn undoing_and_redoing_passes_through_the_same_states(steps in proptest::collection::vec(any_step(), 0..40)) {
            let (mut workflow, mut marks, mut history) = (chain(&NODES), Marks::default(), History::default());
            let mut states = vec![state(&workflow, &marks)];
            let mut saved = workflow.clone();
            for step in steps {
                let before = state(&workflow, &marks);
                match step {
                    Step::Apply(change) => {
                        if history.apply("step", change, &mut workflow, &mut marks).is_ok() {
                            states.truncate(history.position());
                            states.push(state(&workflow, &marks));
                        } else {
                            prop_assert_eq!(state(&workflow, &marks), before);
                        }
                    }
                    Step::Undo => drop(history.undo(&mut workflow, &mut marks).unwrap()),
                    Step::Redo => drop(history.redo(&mut workflow, &mut marks).unwrap()),
                    Step::Save => {
                        history.mark_saved();
                        saved = workflow.clone();
                    }
                }
                prop_assert_eq!(&state(&workflow, &marks), &states[history.position()]);
                prop_assert_eq!(history.labels().len() + 1, states.len());
                if !history.document_differs_from_saved() {
                    prop_assert!(workflow.same_content(&saved), "nothing to save, but the document differs");
                }
            }
        }
    }

    fn setup() -> (Workflow, Marks, History) {
        (chain(&NODES), Marks::default(), History::default())
    }

    #[test]
    fn marks_do_not_count_as_unsaved() {
        let (mut workflow, mut marks, mut history) = setup();
        history.apply("Force a", mark(0, 2), &mut workflow, &mut marks).unwrap();
        assert!(!history.document_differs_from_saved());
        history.apply("Rename a", title(0, "x"), &mut workflow, &mut marks).unwrap();
        assert!(history.document_differs_from_saved());
        history.mark_saved();
        history.apply("Disable b", mark(1, 1), &mut workflow, &mut marks).unwrap();
        assert!(!history.document_differs_from_saved());
    }

    #[test]
    fn undoing_past_a_save_is_unsaved_and_redoing_to_it_is_not() {
        let (mut workflow, mut marks, mut history) = setup();
        history.apply("Rename a", title(0, "x"), &mut workflow, &mut marks).unwrap();
        history.mark_saved();
        history.undo(&mut workflow, &mut marks).unwrap();
        assert!(history.document_differs_from_saved());
        history.redo(&mut workflow, &mut marks).unwrap();
        assert!(!history.document_differs_from_saved());
        history.undo(&mut workflow, &mut marks).unwrap();
        history.apply("Rename b", title(1, "y"), &mut workflow, &mut marks).unwrap();
        history.undo(&mut workflow, &mut marks).unwrap();
        assert!(history.document_differs_from_saved(), "no way leads back to what was saved");
        assert_eq!(history.saved_position(), None);
    }

    #[test]
    fn a_save_among_undone_marks_stays_a_save() {
        let (mut workflow, mut marks, mut history) = setup();
        history.apply("Force a", mark(0, 2), &mut workflow, &mut marks).unwrap();
        history.mark_saved();
        history.undo(&mut workflow, &mut marks).unwrap();
        history.apply("Disable a", mark(0, 1), &mut workflow, &mut marks).unwrap();
        assert!(!history.document_differs_from_saved());
    }

    #[test]
    fn the_list_says_what_was_done_and_a_click_goes_there() {
        let (mut workflow, mut marks, mut history) = setup();
        history.apply("Rename a", title(0, "x"), &mut workflow, &mut marks).unwrap();
        history.apply("Force b", mark(1, 2), &mut workflow, &mut marks).unwrap();
        let both = Change::Both(vec![title(2, "z"), mark(2, 1)]);
        history.apply("Rename and disable c", both, &mut workflow, &mut marks).unwrap();
        assert_eq!(history.labels().collect::<Vec<_>>(), ["Rename a", "Force b", "Rename and disable c"]);
        history.go_to(1, &mut workflow, &mut marks).unwrap();
        assert_eq!((history.undo_label(), history.redo_label()), (Some("Rename a"), Some("Force b")));
        assert!(marks.is_empty());
        history.go_to(99, &mut workflow, &mut marks).unwrap();
        assert!(matches!(marks.get(&"c".into()), Mark::Disabled));
        assert_eq!(history.redo(&mut workflow, &mut marks).unwrap(), None);
    }

    #[test]
    fn several_changes_are_made_all_or_none() {
        let (mut workflow, mut marks, mut history) = setup();
        let missing: NodeId = "nowhere".into();
        let change = Change::Both(vec![
            title(0, "x"),
            mark(1, 2),
            Change::Document(Edit::SetTitle(missing.clone(), "y".to_owned())),
        ]);
        let before = state(&workflow, &marks);
        let error = history.apply("Rename", change, &mut workflow, &mut marks).unwrap_err();
        assert_eq!(error, EditError::MissingNode(missing));
        assert_eq!(state(&workflow, &marks), before);
        assert_eq!(history.labels().len(), 0);
    }

    #[test]
    fn a_very_long_history_forgets_its_beginning() {
        let (mut workflow, mut marks, mut history) = setup();
        for number in 0..MAX_REVISIONS + 5 {
            history.apply(number.to_string(), title(0, &number.to_string()), &mut workflow, &mut marks).unwrap();
        }
        assert_eq!(history.labels().len(), MAX_REVISIONS);
        history.go_to(0, &mut workflow, &mut marks).unwrap();
        assert_eq!(workflow.node(&"a".into()).unwrap().title, "4");
        assert!(history.document_differs_from_saved());
    }
}
