//! Which runs the rules take out of the history.

use std::collections::{BTreeMap, HashMap};

use super::{SweepRequest, SweptBecause};
use crate::{
    store::{RunStatus, RunSummary},
    workflow::{Retention, WorkflowId},
};

/// Seconds of a day.
const DAY_SECS: i64 = 86_400;

/// Returns the numbers of the runs that go whatever their results take, and why. Runs are given newest first.
pub(super) fn choose(runs: &[RunSummary], request: &SweepRequest) -> BTreeMap<i64, SweptBecause> {
    let mut swept = BTreeMap::new();
    for (run, place) in with_places(runs) {
        let rule = request.rule_of(run.workflow_id);
        if stays(run, request) {
            continue;
        }
        let because = if !rule.save_runs {
            Some(SweptBecause::NotSaved)
        } else if has_errors_to_keep(run, rule) {
            None
        } else if rule.newest.is_some_and(|newest| place >= newest) {
            Some(SweptBecause::TooMany)
        } else {
            is_too_old(run, rule, request).filter(|_| place >= rule.at_least)
        };
        swept.extend(because.map(|because| (run.number, because)));
    }
    swept
}

/// Returns runs with how many newer ones there are of the same workflow.
fn with_places(runs: &[RunSummary]) -> impl Iterator<Item = (&RunSummary, u32)> {
    let mut places: HashMap<WorkflowId, u32> = HashMap::new();
    runs.iter().map(move |run| {
        let next = places.entry(run.workflow_id).or_default();
        let place = *next;
        *next += 1;
        (run, place)
    })
}

/// Returns whether a run stays whatever the rules say.
fn stays(run: &RunSummary, request: &SweepRequest) -> bool {
    run.status == RunStatus::Running || request.runs.contains(&run.id)
}

const fn has_errors_to_keep(run: &RunSummary, rule: &Retention) -> bool {
    rule.keep_errors && matches!(run.status, RunStatus::Failed | RunStatus::SucceededWithErrors)
}

fn is_too_old(run: &RunSummary, rule: &Retention, request: &SweepRequest) -> Option<SweptBecause> {
    let oldest = request.now.as_second() - i64::from(rule.days?) * DAY_SECS;
    (run.started.as_second() < oldest).then_some(SweptBecause::TooOld)
}

/// Returns the runs that may go because of their size, oldest first: of one workflow, or of all.
pub(super) fn may_go_by_size<'a>(
    runs: &'a [RunSummary],
    workflow: Option<WorkflowId>,
    request: &SweepRequest,
    swept: &BTreeMap<i64, SweptBecause>,
) -> Vec<&'a RunSummary> {
    let may_go = with_places(runs).filter(|(run, place)| {
        let rule = request.rule_of(run.workflow_id);
        workflow.is_none_or(|workflow| workflow == run.workflow_id)
            && !swept.contains_key(&run.number)
            && !stays(run, request)
            && !has_errors_to_keep(run, rule)
            && *place >= rule.at_least
    });
    let mut may_go: Vec<&RunSummary> = may_go.map(|(run, _)| run).collect();
    may_go.reverse();
    may_go
}
