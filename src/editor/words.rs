//! Times, sizes and states as people say them.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    engine::Decision,
    nodes::Catalogue,
    store::{NameOf, PinPolicy, Status, age_in_words},
    workflow::{Node, NodeId, Workflow},
};

/// Returns a time span: `0.4 ms`, `12 ms`, `4.2 s`, `3 min 4 s`, `2 h 5 min`.
pub(crate) fn duration(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    match time.as_secs() {
        0 if millis < 10.0 => format!("{millis:.1} ms"),
        0 => format!("{millis:.0} ms"),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        secs @ 60..3600 => format!("{} min {} s", secs / 60, secs % 60),
        secs => format!("{} h {} min", secs / 3600, secs % 3600 / 60),
    }
}

/// Returns how long ago something was, roughly: `just now`, `5 min ago`, `3 h ago`, `2 days ago`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let secs = now.as_second().saturating_sub(then.as_second());
    match secs {
        ..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", secs / 60),
        3600..86_400 => format!("{} h ago", secs / 3600),
        86_400..172_800 => "yesterday".to_owned(),
        _ => format!("{} days ago", secs / 86_400),
    }
}

/// Returns a number with its noun in the right form: `1 pin`, `3 pins`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Returns what people call a node: its own title, else its kind's, else the kind's id.
pub(crate) fn title_of(node: &Node, catalogue: &Catalogue) -> String {
    if !node.title.is_empty() {
        return node.title.clone();
    }
    catalogue.get(&node.kind).map_or_else(|| node.kind.to_string(), |kind| kind.title.clone().into_owned())
}

/// Returns what people call the node with an id; its id if it is gone.
pub(crate) fn title(workflow: &Workflow, catalogue: &Catalogue, id: &NodeId) -> String {
    workflow.node(id).map_or_else(|| id.to_string(), |node| title_of(node, catalogue))
}

/// Returns a pin's policy in words.
pub(crate) const fn policy(policy: PinPolicy) -> &'static str {
    match policy {
        PinPolicy::Hold => "holds",
        PinPolicy::Follow => "until something changes",
    }
}

/// Returns what a run would do with a node, with nodes named this way.
pub(crate) fn decision(decision: &Decision, name: &NameOf<'_>) -> String {
    match decision {
        Decision::Execute => "Runs".to_owned(),
        Decision::Reuse { .. } => "Reuses its results".to_owned(),
        Decision::Pinned { may_be_released: true, .. } => {
            "Uses its pin, unless other data reaches it in the run".to_owned()
        }
        Decision::Pinned { .. } => "Uses its pin".to_owned(),
        Decision::Disabled => "Disabled: does not run, gives nothing".to_owned(),
        Decision::NotRun(why) => format!("Does not run: {}", why.in_words(name)),
        Decision::CannotRun(why) => format!("Cannot run: {why}"),
    }
}

/// Returns what came of a node in a run, with nodes named this way.
pub(crate) fn status(status: &Status, name: &NameOf<'_>) -> String {
    match status {
        Status::Executed => "Executed".to_owned(),
        Status::Reused { .. } => "Reused the results of an earlier run".to_owned(),
        Status::Pinned { edited: true, .. } => "Pinned (edited)".to_owned(),
        Status::Pinned { policy: pinned, .. } => format!("Pinned ({})", policy(*pinned)),
        Status::Kept { made, .. } => format!("Kept, {}", age_in_words(*made, Timestamp::now())),
        Status::Disabled => "Disabled".to_owned(),
        Status::NotRun(why) => format!("Did not run: {}", why.in_words(name)),
        Status::Failed(error) => format!("Failed: {error}"),
        Status::Cancelled => "Cancelled".to_owned(),
        Status::Interrupted => "Interrupted: the program ended before it finished".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let said: Vec<String> =
            [0.000_42, 0.012, 4.21, 184.0, 7500.0].map(|secs| duration(Duration::from_secs_f64(secs))).into();
        assert_eq!(said, ["0.4 ms", "12 ms", "4.2 s", "3 min 4 s", "2 h 5 min"]);
    }

    #[test]
    fn ages_are_rough_and_never_in_the_future() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let said = |secs: i64| ago(Timestamp::from_second(1_000_000 - secs).unwrap(), now);
        assert_eq!(said(-5), "just now");
        assert_eq!(said(59), "just now");
        assert_eq!(said(600), "10 min ago");
        assert_eq!(said(7300), "2 h ago");
        assert_eq!(said(90_000), "yesterday");
        assert_eq!(said(200_000), "2 days ago");
    }
}
