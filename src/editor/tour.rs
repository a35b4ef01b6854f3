//! The tour: run, pin, change and resume, each done by hand on the real canvas of the penguins. It watches what a person
//! does and goes on by itself; it never stands in the way.

use std::sync::Arc;

use super::{LiveState, RunProgress, View, words};
use crate::{
    engine::{Decision, Plan},
    session::SessionId,
    store::{RunId, RunKind, Status},
    workflow::{NodeId, Workflow},
};

/// The example that it is made on.
pub(crate) const EXAMPLE: &str = "penguins";
/// The node that takes long.
const SLOW: &str = "slow";
/// The node to change.
const REPORT: &str = "report";

/// A step of the tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Run,
    Pin,
    Change,
    Resume,
    End,
}

impl Step {
    const ALL: [Self; 5] = [Self::Run, Self::Pin, Self::Change, Self::Resume, Self::End];

    fn place(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).unwrap_or_default()
    }

    fn beside(self, steps: isize) -> Option<Self> {
        Self::ALL.get(self.place().checked_add_signed(steps)?).copied()
    }
}

/// What a step speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Run,
    Resume,
    Node(NodeId),
    PinOf(NodeId),
    /// The first parameter in the inspector.
    Parameter,
}

/// How far a person has come.
pub(crate) struct Tour {
    /// Where it is made.
    pub(crate) session: SessionId,
    step: Step,
    /// The run that was there before the step: another one counts.
    run: Option<RunId>,
    /// The workflow as it was before: other parameters count.
    before: Arc<Workflow>,
    /// The node was pinned when a person went back to that step: it counts when it is pinned anew.
    was_pinned: bool,
    /// Esc is for something else than to leave: a menu, a field, what is in the hand.
    pub(crate) esc_is_taken: bool,
}

impl Tour {
    pub(crate) const fn new(session: SessionId, workflow: Arc<Workflow>) -> Self {
        Self { session, step: Step::Run, run: None, before: workflow, was_pinned: false, esc_is_taken: false }
    }

    /// Returns the number of the step, from 1, and how many there are.
    pub(crate) fn place(&self) -> (usize, usize) {
        (self.step.place() + 1, Step::ALL.len())
    }

    /// Goes on past all that a person has done.
    pub(crate) fn follow(&mut self, view: View<'_>, workflow: &Arc<Workflow>) {
        self.was_pinned &= is_pinned(view);
        while self.is_done(view)
            && let Some(next) = self.step.beside(1)
        {
            if self.step == Step::Run {
                self.run = view.run.map(|run| run.id);
                self.before = Arc::clone(workflow);
            }
            self.step = next;
        }
    }

    /// Goes so many steps on or back; what was done before does not count again.
    pub(crate) fn go(&mut self, steps: isize, view: View<'_>, workflow: &Arc<Workflow>) {
        if let Some(step) = self.step.beside(steps) {
            self.step = step;
            self.run = view.run.map(|run| run.id);
            self.before = Arc::clone(workflow);
            self.was_pinned = is_pinned(view);
        }
    }

    fn is_done(&self, view: View<'_>) -> bool {
        let finished = self.finished(view);
        match self.step {
            Step::Run => finished.is_some(),
            Step::Pin => is_pinned(view) && !self.was_pinned,
            Step::Change => view
                .workflow
                .nodes()
                .any(|(id, node)| self.before.node(id).is_some_and(|before| before.parameters != node.parameters)),
            Step::Resume => finished.is_some_and(|run| run.kind == RunKind::Resumed),
            Step::End => false,
        }
    }

    /// Returns the run that has finished since the step began.
    fn finished<'a>(&self, view: View<'a>) -> Option<&'a RunProgress> {
        view.run.filter(|run| run.finished.is_some() && Some(run.id) != self.run)
    }

    /// Returns what the step speaks of.
    pub(crate) fn target(&self, view: View<'_>) -> Target {
        let is_selected = |id: &NodeId| view.selection.len() == 1 && view.selection.contains(id);
        match self.step {
            Step::Run => Target::Run,
            Step::Pin => Target::PinOf(SLOW.into()),
            Step::Change if is_selected(&REPORT.into()) => Target::Parameter,
            Step::Change => Target::Node(REPORT.into()),
            Step::Resume => Target::Resume,
            Step::End => Target::Node(SLOW.into()),
        }
    }

    pub(crate) const fn title(&self) -> &'static str {
        match self.step {
            Step::Run => "Run it once",
            Step::Pin => "Pin what was expensive",
            Step::Change => "Change what comes after it",
            Step::Resume => "Resume what changed",
            Step::End => "What ran, what did not, and why",
        }
    }

    /// Returns what the card says. `run` and `resume` are the keys of these commands.
    pub(crate) fn text(&self, view: View<'_>, run: &str, resume: &str) -> String {
        let slow = name(view, SLOW);
        let is_running = view.run.is_some_and(|run| run.finished.is_none());
        match self.step {
            Step::Run if is_running => {
                "It runs. Each node says at its foot how long it took and what it gave.".to_owned()
            }
            Step::Run => format!(
                "{} read a table of penguins and write a report. One of them, {slow}, stands for what takes long or costs \
                 money: here it is 3 seconds. Press Run ({run}).",
                words::count(view.workflow.n_nodes(), "node")
            ),
            Step::Pin => format!(
                "Click the pin at the top right of {slow}. Its results are kept, and it does not execute again as long as \
                 nothing they came from changes."
            ),
            Step::Change => format!(
                "Select {} and change its template in the inspector, the heading for example. Then look at the canvas: it \
                 shows what would run now.",
                name(view, REPORT)
            ),
            Step::Resume if is_running => "It runs only what must.".to_owned(),
            Step::Resume => {
                let full = if self.finished(view).is_some() {
                    "That was a full run: all that is not pinned executed. "
                } else {
                    ""
                };
                format!("{full}{} Press Resume ({resume}).", planned(view))
            }
            Step::End => format!(
                "{} Select a node and open Why in the inspector to read this of each. Pins belong to your session, never to \
                 the file.",
                ran(view)
            ),
        }
    }
}

fn is_pinned(view: View<'_>) -> bool {
    view.marks.get(&SLOW.into()).as_pin().is_some()
}

fn name(view: View<'_>, node: &'static str) -> String {
    format!("“{}”", words::title(view.workflow, view.catalogue, &node.into()))
}

/// Returns why a node does what it does, and how many others do the same.
fn first_of(view: View<'_>, plan: &Plan, nodes: &[&NodeId], nothing: &str) -> String {
    let [first, others @ ..] = nodes else { return nothing.to_owned() };
    let name = |node: &NodeId| format!("“{}”", words::title(view.workflow, view.catalogue, node));
    let why = plan.why_alone(first).map(|why| why.in_words(&name)).unwrap_or_default();
    match others.len() {
        0 => format!("{why}."),
        n_others => {
            format!("{why}; so {} {} more.", if n_others == 1 { "does" } else { "do" }, words::count(n_others, "node"))
        }
    }
}

/// Returns what Resume would do.
fn planned(view: View<'_>) -> String {
    let executes = view.plan.nodes().filter(|node| node.decision == Decision::Execute);
    let executes: Vec<&NodeId> = executes.map(|node| &node.node).collect();
    let counts = view.plan.counts();
    let parts = [
        Some(first_of(view, view.plan, &executes, "Nothing would run: nothing has changed.")),
        of_some(counts.reuse, ["gives what it gave", "give what they gave"], ", for nothing before has changed."),
        of_some(counts.pinned, ["is pinned", "are pinned"], ": what was kept is used."),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Returns what the last run did.
fn ran(view: View<'_>) -> String {
    let Some(run) = view.run else { return "Nothing ran yet.".to_owned() };
    let executed = |state: &LiveState| matches!(state, LiveState::Settled(record) if record.status == Status::Executed);
    let executed: Vec<&NodeId> = run.nodes.iter().filter(|(_, state)| executed(state)).map(|(id, _)| id).collect();
    let counts = run.plan.counts();
    let parts = [
        Some(first_of(view, &run.plan, &executed, "Nothing had to run.")),
        of_some(counts.reuse, ["was reused", "were reused"], ": nothing before had changed."),
        of_some(
            counts.pinned,
            ["is pinned", "are pinned"],
            ": the kept results were used, and no time was spent again.",
        ),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Returns `2 nodes` with what they do, nothing of none.
fn of_some(n_nodes: usize, does: [&str; 2], why: &str) -> Option<String> {
    let does = does[usize::from(n_nodes > 1)];
    (n_nodes > 0).then(|| format!("{} {does}{why}", words::count(n_nodes, "node")))
}
