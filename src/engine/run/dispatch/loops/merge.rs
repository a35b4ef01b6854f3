//! What came of a node of an inner loop, over all iterations of the loop around it.

use std::{collections::HashMap, sync::Arc};

use super::{InnerRecord, MAX_LOG_LINES};
use crate::{
    nodes::Deeds,
    store::{Effect, NodeRecord, NotRun, PinnedChange, Status},
};

/// Puts what came of an inner loop's node this time in the place of what came of it before: times and failures add up.
pub(super) fn merge(inner: &mut HashMap<usize, InnerRecord>, index: usize, this: InnerRecord) {
    let Some(before) = inner.remove(&index) else {
        inner.insert(index, this);
        return;
    };
    // Iterations that go on at once end in any order.
    let (older, newer) = if before.index <= this.index { (before, this) } else { (this, before) };
    let records = [&older.record, &newer.record];
    let started = records.iter().filter_map(|record| record.started).min();
    let took = Some(records.iter().filter_map(|record| record.took).sum());
    let log: Vec<_> = records.iter().flat_map(|record| record.log.iter()).take(MAX_LOG_LINES).cloned().collect();
    let mut deeds = Deeds::none();
    for record in records {
        deeds.append(record.deeds.clone());
    }
    let effect = [older.record.effect, newer.record.effect].into_iter().max_by_key(|effect| match effect {
        Effect::None => 0,
        Effect::HeldBack => 1,
        Effect::Performed => 2,
    });
    let pinned_data = records.iter().filter_map(|record| record.pinned_data.clone()).max_by_key(PinnedChange::at);
    let weighs_more = weight(&older.record.status) > weight(&newer.record.status);
    let (InnerRecord { index: shown, record: more }, InnerRecord { record: less, .. }) =
        if weighs_more { (older, newer) } else { (newer, older) };
    let mut merged = NodeRecord { started, took, effect: effect.unwrap_or_default(), ..more };
    if !deeds.is_empty() {
        merged.deeds = deeds;
    }
    if merged.reasons.is_empty() {
        merged.reasons = Arc::clone(&less.reasons);
    }
    if less.status == Status::Executed && matches!(merged.status, Status::Reused { .. }) {
        merged.status = Status::Executed;
    }
    let warnings: Vec<String> =
        less.warnings.iter().filter(|warning| !merged.warnings.contains(warning)).cloned().collect();
    if !(warnings.is_empty() && log.is_empty() && pinned_data.is_none()) {
        merged.warnings.extend(warnings);
        merged.log = log;
        merged.pinned_data = pinned_data;
    }
    inner.insert(index, InnerRecord { index: shown, record: merged });
}

/// Returns how much there is to be said of what came of a node of an inner loop: what weighs most stands for all.
const fn weight(status: &Status) -> u8 {
    match status {
        Status::Failed(_) => 4,
        Status::NotRun(NotRun::HeldBack) => 3,
        Status::NotRun(NotRun::NoIteration) => 0,
        Status::NotRun(_) => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        store::{RunId, fixtures::executed},
        value::Value,
    };

    #[test]
    fn in_whatever_order_iterations_end_the_newest_that_had_something_to_do_is_shown() {
        let run = RunId::generate();
        let of = |index: u64| {
            let record = executed(run, "n", Value::Int(index.cast_signed()));
            let status = if index == 3 { Status::NotRun(NotRun::NoIteration) } else { record.status.clone() };
            InnerRecord { index, record: NodeRecord { status, ..record } }
        };
        for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
            let mut inner = HashMap::new();
            for index in order {
                merge(&mut inner, 0, of(index));
            }
            let shown = &inner[&0];
            assert_eq!((shown.index, &shown.record.status), (2, &Status::Executed), "{order:?}");
            let gave = |record: &NodeRecord| record.results.as_ref().unwrap().fingerprint(&"out".into());
            assert_eq!(gave(&shown.record), gave(&of(2).record), "{order:?}");
        }
    }
}
