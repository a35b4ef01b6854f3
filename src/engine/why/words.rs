//! The chain of reasons in words: the only place that makes them.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{What, Why};
use crate::{
    engine::Decision,
    nodes::Catalogue,
    store::{NameOf, PinPolicy, Status, age_in_words, names},
    workflow::{NodeId, Workflow},
};

/// Returns a node's name for people, with its id: `Slow query ("sql_3")`; the id alone if the node is gone.
pub fn name_of_node(workflow: &Workflow, catalogue: &Catalogue, id: &NodeId) -> String {
    let Some(node) = workflow.node(id) else { return id.to_string() };
    let title = if node.title.is_empty() {
        catalogue.get(&node.kind).map_or_else(|| node.kind.as_str().into(), |kind| kind.title.clone())
    } else {
        node.title.as_str().into()
    };
    format!("{title} (\"{id}\")")
}

impl Why {
    /// Returns what the node does or did, and why, in one sentence.
    pub fn in_words(&self, name: &NameOf<'_>) -> String {
        let node = name(&self.node);
        match &self.what {
            What::Planned(decision) => self.planned_in_words(&node, decision, name),
            What::Was(status) => self.status_in_words(&node, status, name),
        }
    }

    /// Returns what else there is to say of the node: its pin, warnings.
    pub fn details(&self) -> impl Iterator<Item = String> {
        let released = match self.what {
            What::Planned(_) => "its pin is released",
            What::Was(_) => "its pin was released",
        };
        let released = self.released.iter().map(move |why| format!("{released}: {why}"));
        let stale = self.stale.iter().map(|why| format!("its pin is stale: {why}"));
        released.chain(stale).chain(self.warnings.iter().cloned())
    }

    fn reasons_in_words(&self, name: &NameOf<'_>) -> String {
        self.reasons.iter().map(|reason| reason.in_words(name)).collect::<Vec<_>>().join("; ")
    }

    fn planned_in_words(&self, node: &str, decision: &Decision, name: &NameOf<'_>) -> String {
        match decision {
            Decision::Execute => with_detail(format!("{node} runs"), &self.reasons_in_words(name)),
            Decision::Reuse { .. } if self.upstream.is_empty() => {
                format!("{node} reuses its results: nothing it depends on has changed")
            }
            Decision::Reuse { .. } => {
                let pins = names(&self.upstream, name);
                format!("{node} reuses its results, unless the pin of {pins} is released in the run")
            }
            Decision::Pinned { policy: PinPolicy::Hold, .. } => {
                format!("{node} is pinned: its results are kept until you unpin it")
            }
            Decision::Pinned { policy: PinPolicy::Follow, may_be_released: false } => {
                format!("{node} is pinned until something it came from changes")
            }
            Decision::Pinned { policy: PinPolicy::Follow, may_be_released: true } => {
                format!("{node} is pinned; the pin is released if other data reaches it in the run")
            }
            Decision::Disabled => format!("{node} is disabled"),
            Decision::NotRun(why) => format!("{node} does not run: {}", why.in_words(name)),
            Decision::CannotRun(why) => format!("{node} cannot run: {why}"),
        }
    }

    fn status_in_words(&self, node: &str, status: &Status, name: &NameOf<'_>) -> String {
        let reasons = self.reasons_in_words(name);
        match status {
            Status::Executed => with_detail(format!("{node} ran"), &reasons),
            Status::Failed(error) => {
                let failed = format!("{node} failed: {}", error.lines().next().unwrap_or_default());
                if reasons.is_empty() { failed } else { format!("{failed} (it ran: {reasons})") }
            }
            Status::Reused { .. } if reasons.is_empty() => {
                format!("{node} reused its results: nothing it depends on had changed")
            }
            Status::Reused { .. } => format!("{node} reused its results: {reasons}"),
            Status::Pinned { edited, .. } => {
                let edited = if *edited { " (edited)" } else { "" };
                format!("{node} was pinned{edited}: its results were the pin's")
            }
            Status::Kept { made, .. } => {
                format!("{node} used results kept from before, {}", age_in_words(*made, Timestamp::now()))
            }
            Status::Disabled => format!("{node} was disabled"),
            Status::NotRun(why) => format!("{node} did not run: {}", why.in_words(name)),
            Status::Cancelled => with_detail(format!("{node} was cancelled"), &reasons),
            Status::Interrupted => format!("{node} was interrupted: the program ended before it finished"),
        }
    }
}

fn with_detail(said: String, detail: &str) -> String {
    if detail.is_empty() { said } else { format!("{said}: {detail}") }
}

/// Returns a chain of reasons in lines, each with how far it is to be set in: every node below what it explains.
pub fn why_in_lines(chain: &[Why], name: &NameOf<'_>) -> Vec<(usize, String)> {
    let mut above: Vec<Vec<usize>> = vec![Vec::new(); chain.len()];
    for (index, why) in chain.iter().enumerate() {
        if let Some(above) = why.led_by.and_then(|led_by| above.get_mut(led_by)) {
            above.push(index);
        }
    }
    let mut lines = Vec::new();
    let mut waiting: Vec<(usize, usize)> = if chain.is_empty() { Vec::new() } else { vec![(0, 0)] };
    while let Some((index, depth)) = waiting.pop() {
        let why = &chain[index];
        lines.push((depth, why.in_words(name)));
        lines.extend(why.details().map(|detail| (depth + 1, detail)));
        waiting.extend(above[index].iter().rev().map(|&above| (above, depth + 1)));
    }
    let shown: HashSet<&NodeId> = chain.iter().map(|why| &why.node).collect();
    if chain.iter().flat_map(|why| &why.upstream).any(|node| !shown.contains(node)) {
        lines.push((0, "and more further up".to_owned()));
    }
    lines
}

/// Returns a chain of reasons as text, every node set in below what it explains.
pub fn why_in_text(chain: &[Why], name: &NameOf<'_>) -> String {
    let line = |(depth, line): (usize, String)| format!("{:indent$}{line}\n", "", indent = depth * 2);
    why_in_lines(chain, name).into_iter().map(line).collect()
}
