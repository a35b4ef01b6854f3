//! Runs and plans as text and as JSON.

use std::{fmt::Write as _, time::Duration};

use jiff::Timestamp;
use serde_json::json;

use super::why::Names;
use crate::{
    engine::{Decision, NodePlan, Plan},
    nodes::Deed,
    store::{
        Attempt, Effect, LoopAbout, NodeRecord, NotRun, PinnedChange, Provenance, RunRecord, RunStatus, Status,
        age_in_words,
    },
    value::to_json,
    workflow::NodeId,
};

/// Returns a time for people: `12 ms`, `3.4 s`, `2 min 5 s`.
pub(super) fn readable_time(time: Duration) -> String {
    let millis = time.as_millis();
    match millis {
        0 => format!("{} µs", time.as_micros()),
        1..1000 => format!("{millis} ms"),
        1000..60_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min {} s", millis / 60_000, millis / 1000 % 60),
    }
}

/// Returns what came of a node, in one line.
pub(super) fn node_line(record: &NodeRecord, names: &Names) -> String {
    let record = &*record.shown();
    let name = |node: &NodeId| names.of(node);
    let took = record.took.map(readable_time).unwrap_or_default();
    let results: Vec<String> =
        record.results.iter().flat_map(|results| results.ports()).map(|port| port.preview.clone()).collect();
    let reasons: Vec<String> = record.reasons.iter().map(|reason| reason.in_words(&name)).collect();
    let detail = match &record.status {
        Status::Executed => format!("{}  [{}]", results.join(", "), reasons.join("; ")),
        Status::Reused { .. } => results.join(", "),
        Status::Pinned { .. } => format!("{} (pinned)", results.join(", ")),
        Status::Kept { made, .. } => {
            format!("{} ({})", results.join(", "), age_in_words(*made, Timestamp::now()))
        }
        Status::NotRun(why) => why.in_words(&name),
        Status::Failed(error) => error.clone(),
        Status::Disabled | Status::Cancelled | Status::Interrupted => String::new(),
    };
    let iterations = record.iterations.as_ref().map(|iterations| format!("({})", iterations.of.about.in_words()));
    let detail = [detail.as_str(), iterations.as_deref().unwrap_or_default()].join(" ");
    let detail = detail.trim();
    let mut line = format!("{:<9} {:<20} {took:>9}  {detail}", record.status.name(), record.node.as_str());
    let retried = record.attempts.len() > usize::from(matches!(record.status, Status::Failed(_)));
    let attempts = record.attempts.iter().zip(1..).filter(|_| retried);
    for note in attempts.map(|(attempt, number)| format!("attempt {number} failed: {}", attempt.error)).chain(
        record.released.iter().map(|why| format!("its pin was released: {why}")).chain(record.warnings.iter().cloned()),
    ) {
        // Writing to a string cannot fail, here and below.
        write!(line, "\n{:<31}{note}", "").unwrap_or_default();
    }
    line.trim_end().to_owned()
}

/// Returns how a run ended, in one line.
pub(super) fn summary(record: &RunRecord) -> String {
    let executed = record.count(|status| *status == Status::Executed);
    let reused = record.count(|status| matches!(status, Status::Reused { .. }));
    let pinned = record.count(|status| matches!(status, Status::Pinned { .. }));
    let kept = record.count(|status| matches!(status, Status::Kept { .. }));
    let failed = record.count(|status| matches!(status, Status::Failed(_)));
    let took = record.header.took.map(readable_time).unwrap_or_default();
    let dry = if record.header.options.dry_run { "dry run " } else { "" };
    let mut line = format!(
        "{dry}{} in {took}: {executed} executed, {reused} reused, {pinned} pinned",
        status_words(record.header.status)
    );
    if kept > 0 {
        write!(line, ", {kept} kept").unwrap_or_default();
    }
    if failed > 0 {
        write!(line, ", {failed} failed").unwrap_or_default();
    }
    let (n_done, n_held_back) = record.n_effects();
    let effects = |n_effects: u64| if n_effects == 1 { "1 effect".to_owned() } else { format!("{n_effects} effects") };
    if n_done > 0 {
        write!(line, "; {} outside", effects(n_done)).unwrap_or_default();
    }
    if n_held_back > 0 {
        write!(line, "; {} held back", effects(n_held_back as u64)).unwrap_or_default();
    }
    line
}

pub(super) const fn status_words(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "running",
        RunStatus::Succeeded => "succeeded",
        RunStatus::SucceededWithErrors => "succeeded with errors",
        RunStatus::Failed => "failed",
        RunStatus::Cancelled => "cancelled",
        RunStatus::Interrupted => "interrupted",
    }
}

/// Returns a run as JSON. Outputs are given as previews, and texts and numbers as they are.
pub(super) fn run_as_json(record: &RunRecord, names: &Names) -> serde_json::Value {
    let nodes: serde_json::Map<_, _> =
        record.nodes().map(|node| (node.node.to_string(), node_as_json(&node, names))).collect();
    json!({
        "run": record.header.id.to_string(),
        "session": record.header.session.to_string(),
        "workflow": record.header.workflow_id.to_string(),
        "kind": format!("{:?}", record.header.kind),
        "dry_run": record.header.options.dry_run,
        "status": status_words(record.header.status),
        "started": record.header.started.to_string(),
        "took_ms": record.header.took.map(|took| took.as_secs_f64() * 1000.0),
        "marks": record.header.marks.iter().map(|(node, mark)| (node.to_string(), format!("{mark:?}").into())).collect::<serde_json::Map<_, _>>(),
        "nodes": nodes,
    })
}

fn node_as_json(node: &NodeRecord, names: &Names) -> serde_json::Value {
    let node = &*node.shown();
    let name = |node: &NodeId| names.of(node);
    let outputs: serde_json::Map<_, _> = node
        .results
        .iter()
        .flat_map(|results| results.ports().iter().map(move |port| (results, port)))
        .map(|(results, port)| {
            let shown = (!results.is_sensitive()).then(|| results.load().ok()).flatten();
            let value = shown.and_then(|outputs| outputs.get(&port.port).cloned());
            let plain = value.filter(|value| value.size_bytes() <= 64 << 10).map(|value| to_json(&value));
            let described =
                json!({ "preview": port.preview, "fingerprint": port.fingerprint.to_string(), "value": plain });
            (port.port.to_string(), described)
        })
        .collect();
    json!({
        "status": node.status.name(),
        "detail": match &node.status {
            Status::NotRun(why) => Some(why.in_words(&name)),
            Status::Failed(error) => Some(error.clone()),
            Status::Reused { from: Provenance::Run(run) } | Status::Kept { from: run, .. } => Some(run.to_string()),
            _ => None,
        },
        "made": match &node.status {
            Status::Kept { made, .. } => Some(made.to_string()),
            _ => None,
        },
        "attempts": node.attempts.iter().map(attempt_as_json).collect::<Vec<_>>(),
        "reasons": node.reasons.iter().map(|reason| json!({ "reason": reason.name(), "detail": reason.in_words(&name) })).collect::<Vec<_>>(),
        "took_ms": node.took.map(|took| took.as_secs_f64() * 1000.0),
        "iterations": node.iterations.as_ref().map(|iterations| iterations_as_json(&iterations.of.about)),
        "outputs": outputs,
        "sensitive": node.sensitive.as_ref().map(|why| why.in_words(&name)),
        "pinned_data": node.pinned_data.as_ref().map(pinned_change_as_json),
        "warnings": node.warnings,
        "released": node.released,
        "effect": effect_name(node.effect),
        "effects": node.deeds.iter().map(deed_as_json).collect::<Vec<_>>(),
        "more_effects": node.deeds.n_more(),
        "log": node.log.iter().map(|line| line.message.clone()).collect::<Vec<_>>(),
    })
}

/// Returns what became of an effect, in words.
pub(super) const fn effect_name(effect: Effect) -> Option<&'static str> {
    match effect {
        Effect::None => None,
        Effect::Performed => Some("performed"),
        Effect::HeldBack => Some("held back"),
    }
}

/// Returns something done to the world outside as JSON.
pub(super) fn deed_as_json(deed: &Deed) -> serde_json::Value {
    json!({ "what": deed.what.name(), "target": deed.target, "bytes": deed.bytes, "outcome": deed.outcome })
}

fn pinned_change_as_json(change: &PinnedChange) -> serde_json::Value {
    match change {
        PinnedChange::Stored { value, preview, at, expires_at } => json!({
            "stored": preview,
            "fingerprint": value.to_string(),
            "at": at.to_string(),
            "expires_at": expires_at.map(|at| at.to_string()),
        }),
        PinnedChange::Cleared { at } => json!({ "stored": null, "at": at.to_string() }),
    }
}

fn iterations_as_json(about: &LoopAbout) -> serde_json::Value {
    json!({
        "n_finished": about.n_finished,
        "total": about.total,
        "failed": about.failures.len(),
        "complete": about.is_complete,
    })
}

fn attempt_as_json(attempt: &Attempt) -> serde_json::Value {
    json!({
        "started": attempt.started.to_string(),
        "took_ms": attempt.took.as_secs_f64() * 1000.0,
        "error": attempt.error,
    })
}

/// Returns what a plan says of a node, in one word.
pub(super) const fn decision_word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Execute => "run",
        Decision::Reuse { .. } => "reuse",
        Decision::Pinned { .. } => "pinned",
        Decision::Disabled => "disabled",
        Decision::NotRun(NotRun::HeldBack) => "held-back",
        Decision::NotRun(_) => "not-run",
        Decision::CannotRun(_) => "cannot",
    }
}

/// Returns the reasons for what a plan says of a node, in a sentence.
fn decision_sentence(node: &NodePlan, names: &Names) -> String {
    let name = |node: &NodeId| names.of(node);
    match &node.decision {
        Decision::Execute => node.reasons.iter().map(|reason| reason.in_words(&name)).collect::<Vec<_>>().join("; "),
        Decision::Reuse { .. } | Decision::Disabled => String::new(),
        Decision::Pinned { .. } => node.stale.as_ref().map(|stale| format!("stale: {}", stale.0)).unwrap_or_default(),
        Decision::NotRun(NotRun::HeldBack) => {
            let reasons = node.reasons.iter().map(|reason| reason.in_words(&name)).collect::<Vec<_>>().join("; ");
            format!("{} (it would run: {reasons})", NotRun::HeldBack)
        }
        Decision::NotRun(why) => why.in_words(&name),
        Decision::CannotRun(why) => why.clone(),
    }
}

/// Returns a plan as text.
pub(super) fn plan_as_text(plan: &Plan, names: &Names) -> String {
    let mut lines: Vec<String> = plan
        .nodes()
        .map(|node| {
            let (word, sentence) = (decision_word(&node.decision), decision_sentence(node, names));
            let released = node.released.as_ref().map(|why| format!("  (pin released: {})", why.0)).unwrap_or_default();
            let why = node.sensitive.as_ref().map(|why| why.in_words(&|node| names.of(node)));
            let why = why.map(|why| format!("  ({why})")).unwrap_or_default();
            format!("{word:<9} {:<20} {sentence}{released}{why}", node.node.as_str()).trim_end().to_owned()
        })
        .collect();
    let counts = plan.counts();
    let held_back = if counts.held_back > 0 { format!(", {} held back", counts.held_back) } else { String::new() };
    lines.push(format!(
        "{} run, {} reuse, {} pinned, {} disabled, {} do not run, {} cannot run{held_back}",
        counts.execute, counts.reuse, counts.pinned, counts.disabled, counts.not_run, counts.cannot_run
    ));
    lines.join("\n") + "\n"
}

/// Returns a plan as JSON.
pub(super) fn plan_as_json(plan: &Plan, names: &Names, forecast: &serde_json::Value) -> serde_json::Value {
    let nodes: serde_json::Map<_, _> = plan
        .nodes()
        .map(|node| {
            let (word, sentence) = (decision_word(&node.decision), decision_sentence(node, names));
            let why = plan.why_alone(&node.node);
            let described = json!({
                "name": names.of(&node.node),
                "decision": word,
                "detail": sentence,
                "reasons": node.reasons.iter().map(|reason| reason.name()).collect::<Vec<_>>(),
                "why": why.as_ref().map(|why| why.in_words(&|node| names.of(node))),
                "upstream": why.iter().flat_map(|why| &why.upstream).map(ToString::to_string).collect::<Vec<_>>(),
                "side_effect": node.side_effect,
                "warnings": node.warnings,
                "sensitive": node.sensitive.as_ref().map(|why| why.in_words(&|node| names.of(node))),
            });
            (node.node.to_string(), described)
        })
        .collect();
    json!({ "nodes": nodes, "forecast": forecast })
}
