//! What is wrong, or worth knowing before a run, with what would mend it.

mod fixes;

use smallvec::SmallVec;

use super::{Command, View, words};
use crate::{
    engine::{Decision, Plan},
    session::Mark,
    store::made_in_words,
    workflow::{NodeId, Severity},
};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// A node cannot run.
    Error,
    /// It runs, and perhaps not as it was meant to.
    Warning,
    /// It is worth knowing.
    Note,
}

/// Something that would mend a finding: what the button says, and what it does.
pub(crate) type Fix = (String, Command);

/// Something that is wrong, or worth knowing.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) rank: Rank,
    /// Where it lies, if at a node.
    pub(crate) node: Option<NodeId>,
    pub(crate) said: String,
    pub(crate) fixes: SmallVec<[Fix; 3]>,
}

/// What was found last; looked for again only when something it comes from is another.
#[derive(Default)]
pub(crate) struct ProblemsState {
    key: Option<(u64, usize, usize, Plan)>,
    found: Vec<Finding>,
}

impl ProblemsState {
    /// Returns what is wrong now, the worst first.
    pub(crate) fn of(&mut self, now: View<'_>) -> &[Finding] {
        let problems = (now.revision, now.problems.as_ptr().addr(), now.problems.len());
        let is_same = self.key.as_ref().is_some_and(|(revision, address, n_problems, plan)| {
            (*revision, *address, *n_problems) == problems && plan.is_same(now.plan)
        });
        if !is_same {
            self.found = find(now);
            self.key = Some((problems.0, problems.1, problems.2, now.plan.clone()));
        }
        &self.found
    }
}

fn find(now: View<'_>) -> Vec<Finding> {
    let problems = now.problems.iter().map(|problem| {
        let node = problem.location.node().filter(|node| now.workflow.node(node).is_some()).cloned();
        let said = match &node {
            Some(_) => problem.message.clone(),
            None => problem.to_string(),
        };
        let rank = if problem.severity == Severity::Error { Rank::Error } else { Rank::Warning };
        Finding { rank, node, said, fixes: fixes::of_problem(now, problem) }
    });
    let mut found: Vec<Finding> = problems.collect();
    for planned in now.plan.nodes() {
        if let Some(stale) = &planned.stale {
            found.push(Finding {
                rank: Rank::Warning,
                node: Some(planned.node.clone()),
                said: format!("its pin is stale: {}", stale.0),
                fixes: fixes::of_stale_pin(&planned.node),
            });
        }
        let is_pinned = matches!(planned.decision, Decision::Pinned { .. });
        found.extend(planned.warnings.iter().map(|warning| Finding {
            rank: if is_pinned { Rank::Note } else { Rank::Warning },
            node: Some(planned.node.clone()),
            said: warning.clone(),
            // What else the plan warns of is a loop that goes on with another body.
            fixes: if is_pinned { fixes::of_pin(&planned.node) } else { fixes::of_mixed_loop(&planned.node) },
        }));
    }
    found.extend(mixed_loops(now));
    found.sort_by_key(|finding| finding.rank);
    found
}

/// Returns the loops that have ended and of which some iterations are still those of what the body was before.
fn mixed_loops(now: View<'_>) -> impl Iterator<Item = Finding> {
    let heads = now.baseline.iter().filter_map(|record| {
        let of = &record.iterations.as_ref().filter(|iterations| iterations.member.is_none())?.of.about;
        let old = of.old_parts();
        let is_over = of.is_complete && !old.is_empty() && now.workflow.node(&of.head).is_some();
        (is_over && !matches!(now.marks.get(&of.head), Mark::Forced)).then_some((of.head.clone(), old))
    });
    heads.map(|(head, old)| Finding {
        rank: Rank::Warning,
        said: format!("its results are mixed: {} made before the loop's body was changed", made_in_words(&old)),
        fixes: fixes::of_mixed_loop(&head),
        node: Some(head),
    })
}

/// Returns a finding in a line, with its node's title.
pub(crate) fn in_words(now: View<'_>, finding: &Finding) -> String {
    match &finding.node {
        Some(node) => format!("{}: {}", words::title(now.workflow, now.catalogue, node), finding.said),
        None => finding.said.clone(),
    }
}
