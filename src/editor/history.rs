//! The history of runs in the bottom panel: a list to choose from, and what differs between two runs.

mod compare;
mod list;
mod tables;

use crate::{
    store::{RunId, RunKind, RunStatus, RunSummary},
    value::difference::Difference,
    workflow::{NodeId, PortId},
};

pub(crate) use self::{
    compare::{compare_ui, decided, difference_ui},
    list::list_ui,
};

/// Which output of which two runs is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DifferenceKey {
    pub(crate) before: RunId,
    pub(crate) after: RunId,
    pub(crate) node: NodeId,
    pub(crate) port: PortId,
}

/// How a run ended, as far as a list is filtered by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ending {
    #[default]
    Any,
    Succeeded,
    WithErrors,
    Stopped,
    Running,
}

impl Ending {
    const ALL: [Self; 5] = [Self::Any, Self::Succeeded, Self::WithErrors, Self::Stopped, Self::Running];

    const fn name(self) -> &'static str {
        match self {
            Self::Any => "Any status",
            Self::Succeeded => "Succeeded",
            Self::WithErrors => "With errors",
            Self::Stopped => "Stopped",
            Self::Running => "Running",
        }
    }

    const fn holds(self, status: RunStatus) -> bool {
        match self {
            Self::Any => true,
            Self::Succeeded => matches!(status, RunStatus::Succeeded),
            Self::WithErrors => matches!(status, RunStatus::Failed | RunStatus::SucceededWithErrors),
            Self::Stopped => matches!(status, RunStatus::Cancelled | RunStatus::Interrupted),
            Self::Running => matches!(status, RunStatus::Running),
        }
    }
}

/// When a run started, as far as a list is filtered by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Since {
    #[default]
    Ever,
    Hour,
    Day,
    Week,
    Month,
}

impl Since {
    const ALL: [Self; 5] = [Self::Ever, Self::Hour, Self::Day, Self::Week, Self::Month];

    const fn name(self) -> &'static str {
        match self {
            Self::Ever => "Any time",
            Self::Hour => "Last hour",
            Self::Day => "Last 24 hours",
            Self::Week => "Last 7 days",
            Self::Month => "Last 30 days",
        }
    }

    /// Returns how many seconds back it reaches.
    const fn secs(self) -> Option<i64> {
        match self {
            Self::Ever => None,
            Self::Hour => Some(3_600),
            Self::Day => Some(86_400),
            Self::Week => Some(7 * 86_400),
            Self::Month => Some(30 * 86_400),
        }
    }
}

/// Which runs the list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Filter {
    ending: Ending,
    kind: Option<RunKind>,
    since: Since,
}

impl Filter {
    /// Returns whether a run is shown at a time, in seconds since 1970.
    fn holds(self, run: &RunSummary, now: i64) -> bool {
        self.ending.holds(run.status)
            && self.kind.is_none_or(|kind| kind == run.kind)
            && self.since.secs().is_none_or(|secs| run.started.as_second() >= now - secs)
    }
}

/// What the panel remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct HistoryState {
    /// The runs of the workflow, newest first, or why they cannot be read; nothing before they were read.
    runs: Option<Result<Vec<RunSummary>, String>>,
    is_loading: bool,
    is_outdated: bool,
    filter: Filter,
    /// The places of the runs that are shown, and what they were found with.
    shown: Option<(Filter, Vec<usize>)>,
    /// The chosen runs, at most two, the one chosen last at the end.
    chosen: Vec<RunId>,
    /// The output whose difference is shown.
    looked_at: Option<(NodeId, PortId)>,
    /// What was compared last, or why it could not be.
    difference: Option<(DifferenceKey, Result<Box<Difference>, String>)>,
    waiting: Option<DifferenceKey>,
}

impl HistoryState {
    /// Notes that the runs may have changed.
    pub(crate) const fn outdate(&mut self) {
        self.is_outdated = true;
    }

    /// Returns whether the runs are to be read.
    const fn is_due(&self) -> bool {
        !self.is_loading && (self.is_outdated || self.runs.is_none())
    }

    /// Notes that the runs are being read; returns whether they are to be.
    pub(crate) const fn begin(&mut self) -> bool {
        let due = self.is_due();
        if due {
            self.is_loading = true;
            self.is_outdated = false;
        }
        due
    }

    /// Takes in the runs that were read.
    pub(crate) fn end(&mut self, runs: Result<Vec<RunSummary>, String>) {
        self.is_loading = false;
        if let Ok(runs) = &runs {
            self.chosen.retain(|chosen| runs.iter().any(|run| run.id == *chosen));
        }
        self.runs = Some(runs);
        self.shown = None;
    }

    /// Returns the number of a run that is listed.
    pub(crate) fn number_of(&self, run: RunId) -> Option<i64> {
        self.listed().iter().find(|listed| listed.id == run).map(|run| run.number)
    }

    fn listed(&self) -> &[RunSummary] {
        match &self.runs {
            Some(Ok(runs)) => runs,
            _ => &[],
        }
    }

    /// Brings the list of shown runs up to date. What has become too old meanwhile stays until something changes.
    fn filter_runs(&mut self, now: i64) {
        if self.shown.as_ref().is_some_and(|(filter, _)| *filter == self.filter) {
            return;
        }
        let shown =
            self.listed().iter().enumerate().filter(|(_, run)| self.filter.holds(run, now)).map(|(place, _)| place);
        self.shown = Some((self.filter, shown.collect()));
    }

    /// Chooses a run, in place of the others or besides one of them.
    fn choose(&mut self, run: RunId, also: bool) {
        let was_chosen = self.chosen.contains(&run);
        self.chosen.retain(|chosen| *chosen != run);
        if !also {
            self.chosen.clear();
        } else if was_chosen {
            return;
        } else if self.chosen.len() > 1 {
            self.chosen.remove(0);
        }
        self.chosen.push(run);
    }

    /// Notes that an output is being compared; returns whether it is to be: one after the other.
    pub(crate) fn begin_difference(&mut self, key: &DifferenceKey) -> bool {
        let may = self.waiting.is_none() && self.difference(key).is_none();
        if may {
            self.waiting = Some(key.clone());
        }
        may
    }

    /// Returns whether it is this that is being compared.
    pub(crate) fn waits_for(&self, key: &DifferenceKey) -> bool {
        self.waiting.as_ref() == Some(key)
    }

    /// Takes in what differs.
    pub(crate) fn end_difference(&mut self, key: DifferenceKey, difference: Result<Box<Difference>, String>) {
        self.waiting = None;
        self.difference = Some((key, difference));
    }

    fn difference(&self, key: &DifferenceKey) -> Option<&Result<Box<Difference>, String>> {
        self.difference.as_ref().filter(|(known, _)| known == key).map(|(_, difference)| difference)
    }

    /// Forgets what was compared, for other runs are looked at.
    pub(crate) fn forget_difference(&mut self) {
        self.looked_at = None;
        self.difference = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_two_runs_are_chosen_the_last_two() {
        let mut state = HistoryState::default();
        let [a, b, c] = [(); 3].map(|()| RunId::generate());
        state.choose(a, false);
        state.choose(b, true);
        assert_eq!(state.chosen, [a, b]);
        state.choose(c, true);
        assert_eq!(state.chosen, [b, c]);
        state.choose(c, true);
        assert_eq!(state.chosen, [b]);
        state.choose(a, false);
        assert_eq!(state.chosen, [a]);
    }

    #[test]
    fn runs_are_read_once_and_again_when_they_may_have_changed() {
        let mut state = HistoryState::default();
        assert!(state.begin());
        assert!(!state.begin());
        state.outdate();
        state.end(Ok(Vec::new()));
        assert!(state.begin(), "they changed while they were read");
        state.end(Ok(Vec::new()));
        assert!(!state.begin());
    }
}
