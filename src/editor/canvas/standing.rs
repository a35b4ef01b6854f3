//! How a node stands: its mark, what came of it, what a run would do with it. Words and signs, no painting.

use std::{
    borrow::Cow,
    hash::{Hash, Hasher},
    mem::discriminant,
    sync::Arc,
    time::Duration,
};

use egui::Color32;
use jiff::Timestamp;

use crate::{
    editor::{LiveState, View, history, icons::Icon, past::Past, theme::Tokens, words},
    engine::{Decision, NodePlan},
    session::{Mark, PinPolicy, PinState},
    store::{NodeRecord, Provenance, Reason, Status, counted, with_commas},
    workflow::NodeId,
};

/// What a node's mark looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MarkLook {
    /// No mark.
    Plain,
    /// Pinned with results.
    Pinned {
        /// Its policy.
        policy: PinPolicy,
        /// How it holds.
        hold: PinHold,
    },
    /// To be pinned to what the next run gives.
    Armed(PinPolicy),
    /// Forced.
    Forced,
    /// Disabled.
    Disabled,
}

/// How a pin with results holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PinHold {
    /// Its results are what the node would give.
    Firm,
    /// Its results are used, but the node would give others.
    Stale,
    /// It lets go in the next run.
    Released,
}

/// What a node is at.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Activity {
    /// Nothing goes on.
    Settled,
    /// It waits for its turn.
    Waiting,
    /// The run is paused before it.
    Held,
    /// It executes.
    Running(Option<f32>),
}

/// The line at the foot of a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Footer {
    /// A sign before the words.
    pub(super) icon: Option<Icon>,
    /// The words.
    pub(super) text: String,
    /// What the words are about, for their colour.
    pub(super) tone: Tone,
}

/// What words are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tone {
    /// Nothing in particular.
    Muted,
    /// Something was done.
    Done,
    /// It goes on.
    Running,
    /// It is pinned.
    Pinned,
    /// Take care.
    Stale,
    /// It failed.
    Failed,
}

impl Tone {
    /// Returns the colour of words of this tone.
    pub(super) const fn color(self, tokens: &Tokens) -> Color32 {
        match self {
            Self::Muted => tokens.text_muted,
            Self::Done => tokens.done,
            Self::Running => tokens.running,
            Self::Pinned => tokens.pinned,
            Self::Stale => tokens.stale,
            Self::Failed => tokens.failed,
        }
    }
}

/// How a node stands.
#[derive(Clone, Debug)]
pub(super) struct Standing<'a> {
    /// Its mark.
    pub(super) mark: MarkLook,
    /// Whether runs pause before it.
    pub(super) breakpoint: bool,
    /// What it is at.
    pub(super) activity: Activity,
    /// What a run would do with it, shown or not.
    planned: Option<&'a NodePlan>,
    /// Whether it failed last time.
    pub(super) failed: bool,
    /// Whether something else came of it in the run that this one is compared with.
    pub(super) differs: bool,
    /// What a run would do with it, where that is shown.
    pub(super) plan: Option<&'a NodePlan>,
    /// The line at its foot.
    pub(super) footer: Footer,
}

/// Of the plan only the decision is painted.
impl Hash for Standing<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { mark, breakpoint, activity, planned: _, failed, differs, plan, footer } = self;
        let fraction = if let Activity::Running(fraction) = activity { fraction.map(f32::to_bits) } else { None };
        let Footer { icon, text, tone } = footer;
        (mark, breakpoint, discriminant(activity), fraction, self.is_uncacheable(), failed, differs).hash(state);
        (plan.map(|plan| discriminant(&plan.decision)), icon.map(|icon| discriminant(&icon)), text, tone).hash(state);
    }
}

impl Hash for MarkLook {
    fn hash<H: Hasher>(&self, state: &mut H) {
        discriminant(self).hash(state);
        match self {
            Self::Pinned { policy, hold } => (discriminant(policy), hold).hash(state),
            Self::Armed(policy) => discriminant(policy).hash(state),
            Self::Plain | Self::Forced | Self::Disabled => {}
        }
    }
}

impl<'a> Standing<'a> {
    /// Returns how a node stands.
    pub(super) fn of(view: View<'a>, id: &NodeId, now: Timestamp) -> Self {
        let live = live(view, id);
        let record = match live {
            Some(LiveState::Settled(record)) => Some(Arc::clone(record)),
            _ => view.record(id),
        };
        let record = record.as_deref();
        let plan = view.plan.get(id);
        let mark = mark_look(view.marks.get(id), plan);
        let activity = match live {
            _ if view.run.is_some_and(|run| run.is_held(id)) => Activity::Held,
            Some(LiveState::Waiting) => Activity::Waiting,
            Some(LiveState::Running { fraction, .. }) => Activity::Running(*fraction),
            Some(LiveState::Settled(_)) | None => Activity::Settled,
        };
        let failed = activity == Activity::Settled && record.is_some_and(|record| is_failed(&record.status));
        let footer = match live {
            _ if activity == Activity::Held => footer(Some(Icon::Pause), "the run is paused before it", Tone::Stale),
            Some(live @ (LiveState::Waiting | LiveState::Running { .. })) => footer_of_live(live),
            _ => {
                let n_times = record.and_then(|record| n_times(view, id, record));
                footer_at_rest(view, (id, mark), (record, n_times), plan, now)
            }
        };
        let shows_plan = view.show_plan && !is_running(view);
        let breakpoint = view.marks.breakpoints().contains(id);
        let differs = view.past.is_some_and(|past| past.difference(id).is_some());
        let (planned, plan) = (plan, plan.filter(|_| shows_plan));
        Self { mark, breakpoint, activity, planned, failed, differs, plan, footer }
    }

    /// Returns whether its results cannot be kept.
    pub(super) fn is_uncacheable(&self) -> bool {
        self.planned.is_some_and(|plan| plan.uncacheable)
    }

    /// Returns the colour of the frame, if it is not the plain one.
    pub(super) const fn frame_color(&self, tokens: &Tokens) -> Option<Color32> {
        match (&self.activity, self.mark) {
            (Activity::Running(_), _) => Some(tokens.running),
            _ if self.differs => Some(tokens.stale),
            (_, MarkLook::Disabled) => Some(tokens.disabled),
            (Activity::Held, _) | (_, MarkLook::Pinned { hold: PinHold::Stale, .. }) => Some(tokens.stale),
            (_, MarkLook::Pinned { .. } | MarkLook::Armed(_)) => Some(tokens.pinned),
            _ if self.failed => Some(tokens.failed),
            (_, MarkLook::Forced) => Some(tokens.forced),
            (_, MarkLook::Plain) => None,
        }
    }

    /// Returns the same without what a run would do.
    pub(super) fn without_plan(&self) -> Self {
        Self { plan: None, ..self.clone() }
    }

    /// Returns all of it in words.
    pub(super) fn in_words(&self) -> String {
        let mut words: Vec<Cow<'_, str>> = match self.mark {
            MarkLook::Plain => Vec::new(),
            MarkLook::Pinned { hold: PinHold::Stale, .. } => vec!["pinned, stale".into()],
            MarkLook::Pinned { hold: PinHold::Released, .. } => vec!["pin will be released".into()],
            MarkLook::Pinned { policy: PinPolicy::Hold, .. } => vec!["pinned".into()],
            MarkLook::Pinned { policy: PinPolicy::Follow, .. } => vec!["pinned until something changes".into()],
            MarkLook::Armed(_) => vec!["to be pinned".into()],
            MarkLook::Forced => vec!["forced".into()],
            MarkLook::Disabled => vec!["disabled".into()],
        };
        if self.breakpoint {
            words.push("breakpoint".into());
        }
        if let Some(plan) = self.plan
            && self.mark != MarkLook::Disabled
        {
            words.push(decision_in_words(&plan.decision).into());
        }
        if self.mark != MarkLook::Disabled {
            words.push(self.footer.text.as_str().into());
        }
        words.join(", ")
    }
}

/// Returns how a node stands in the run that goes on.
fn live<'a>(view: View<'a>, id: &NodeId) -> Option<&'a LiveState> {
    view.run.filter(|run| run.finished.is_none()).and_then(|run| run.nodes.get(id))
}

/// Returns whether a run goes on.
pub(super) fn is_running(view: View<'_>) -> bool {
    view.run.is_some_and(|run| run.finished.is_none())
}

/// Returns whether a node failed.
pub(super) const fn is_failed(status: &Status) -> bool {
    matches!(status, Status::Failed(_))
}

fn mark_look(mark: &Mark, plan: Option<&NodePlan>) -> MarkLook {
    match mark {
        Mark::Default => MarkLook::Plain,
        Mark::Disabled => MarkLook::Disabled,
        Mark::Forced => MarkLook::Forced,
        Mark::Pinned(pin) => match pin.state {
            PinState::Armed => MarkLook::Armed(pin.policy),
            PinState::Captured(_) => MarkLook::Pinned { policy: pin.policy, hold: pin_hold(plan) },
        },
    }
}

/// Returns how a pin with results holds, by what a run would do with its node.
pub(super) fn pin_hold(plan: Option<&NodePlan>) -> PinHold {
    match plan {
        Some(plan) if plan.stale.is_some() => PinHold::Stale,
        Some(plan) if plan.released.is_some() => PinHold::Released,
        _ => PinHold::Firm,
    }
}

fn footer_of_live(live: &LiveState) -> Footer {
    match live {
        LiveState::Running { since, message, .. } => {
            let took = short_time(since.elapsed());
            let text = if message.is_empty() { format!("running {took}") } else { format!("{took} · {message}") };
            Footer { icon: Some(Icon::Clock), text, tone: Tone::Running }
        }
        LiveState::Waiting | LiveState::Settled(_) => {
            Footer { icon: Some(Icon::Clock), text: "waiting".to_owned(), tone: Tone::Muted }
        }
    }
}

fn footer_at_rest(
    view: View<'_>,
    (id, look): (&NodeId, MarkLook),
    (record, n_times): (Option<&NodeRecord>, Option<u64>),
    plan: Option<&NodePlan>,
    now: Timestamp,
) -> Footer {
    if let Some(past) = view.past {
        return footer_in_past(view, past, id, record, n_times);
    }
    match (look, view.marks.get(id).capture()) {
        (MarkLook::Disabled, _) => footer(Some(Icon::Disable), "disabled", Tone::Muted),
        (MarkLook::Pinned { hold: PinHold::Stale, .. }, _) => {
            let why = plan.and_then(|plan| plan.stale.as_ref()).map_or("", |stale| stale.0.as_str());
            footer(Some(Icon::PinStale), format!("stale: {why}"), Tone::Stale)
        }
        (MarkLook::Pinned { hold: PinHold::Released, .. }, _) => {
            let why = plan.and_then(|plan| plan.released.as_ref()).map_or("", |release| release.0.as_str());
            footer(Some(Icon::PinReleased), format!("released: {why}"), Tone::Pinned)
        }
        (MarkLook::Pinned { policy, .. }, Some(capture)) => {
            let edited = if capture.edited { " (edited)" } else { "" };
            let age = age(capture.captured_at, now);
            let sign = if policy == PinPolicy::Hold { Icon::Lock } else { Icon::Follow };
            footer(Some(sign), format!("pinned{edited} {age}"), Tone::Pinned)
        }
        (MarkLook::Armed(_), _) => footer(Some(Icon::Pin), "pins what the next run gives", Tone::Pinned),
        _ => record
            .map_or_else(|| footer(None, "not run yet", Tone::Muted), |record| footer_of_record(view, record, n_times)),
    }
}

/// Returns what came of a node in an earlier run, and in what that differs from the run it is compared with.
fn footer_in_past(
    view: View<'_>,
    past: &Past,
    id: &NodeId,
    record: Option<&NodeRecord>,
    n_times: Option<u64>,
) -> Footer {
    if let Some(node) = past.difference(id) {
        let (decided, _) = history::decided(node);
        let outputs = if node.has_other_outputs() { " · other results" } else { "" };
        return footer(Some(Icon::Pencil), format!("{decided}{outputs}"), Tone::Stale);
    }
    record.map_or_else(|| footer(None, "cut off before", Tone::Muted), |record| footer_of_record(view, record, n_times))
}

fn footer(icon: Option<Icon>, text: impl Into<String>, tone: Tone) -> Footer {
    Footer { icon, text: text.into(), tone }
}

/// Returns how many iterations a node in a loop's body has been through. What it gave in the newest says little of all.
fn n_times(view: View<'_>, id: &NodeId, record: &NodeRecord) -> Option<u64> {
    let kind = view.catalogue.get(&view.workflow.node(id)?.kind)?;
    let iterations = record.iterations.as_ref().filter(|iterations| iterations.member.is_some())?;
    (!kind.role.is_closer()).then_some(iterations.of.about.n_finished)
}

/// Returns what came of a node, in one line.
fn footer_of_record(view: View<'_>, record: &NodeRecord, n_times: Option<u64>) -> Footer {
    let with_size = |words: String| match n_times {
        Some(n_times) => format!("{words} · {}×", with_commas(n_times)),
        None => with_size(words, record),
    };
    match &record.shown().status {
        Status::Executed => {
            let took = record.took.map(short_time).unwrap_or_default();
            footer(Some(Icon::Check), with_size(took), Tone::Done)
        }
        Status::Reused { from } => {
            let equal = record.reasons.contains(&Reason::EqualInputs);
            let number = if let Provenance::Run(run) = from { view.numbers.get(*run) } else { None };
            let from = number.map(|number| format!(" from run {number}")).unwrap_or_default();
            let why = if equal { ": equal data" } else { "" };
            footer(Some(Icon::Reuse), with_size(format!("reused{from}{why}")), Tone::Muted)
        }
        Status::Kept { .. } => footer(Some(Icon::Reuse), with_size("kept".to_owned()), Tone::Muted),
        Status::Pinned { .. } => footer(Some(Icon::Pin), with_size("was pinned".to_owned()), Tone::Muted),
        Status::Disabled => footer(None, "was disabled", Tone::Muted),
        Status::NotRun(why) => {
            let why = why.in_words(&|node| words::title(view.workflow, view.catalogue, node));
            footer(Some(Icon::Skip), format!("not run: {why}"), Tone::Muted)
        }
        Status::Failed(error) => {
            let line = error.lines().next().unwrap_or_default();
            footer(Some(Icon::Error), if line.is_empty() { "failed" } else { line }, Tone::Failed)
        }
        Status::Cancelled => footer(None, "cancelled", Tone::Muted),
        Status::Interrupted => footer(None, "interrupted", Tone::Muted),
    }
}

/// Returns words with how much the node gave: `12 ms · 1,204 rows`.
fn with_size(words: String, record: &NodeRecord) -> String {
    // Counting what lies in memory is free; describing a value that was never described would hash it.
    let Some(outputs) = record.results.as_ref().filter(|_| !record.is_sensitive()) else { return words };
    let n_rows = match outputs.loaded() {
        Some(loaded) => loaded.iter().find_map(|(_, value)| value.n_rows().map(|n_rows| (n_rows, value.value_type()))),
        None => outputs.ports().iter().find_map(|port| port.n_rows.map(|n_rows| (n_rows, port_type(&port.preview)))),
    };
    match n_rows {
        Some((n_rows, crate::value::ValueType::Table)) => format!("{words} · {}", counted(n_rows, "row")),
        Some((n_items, _)) => format!("{words} · {}", counted(n_items, "item")),
        None => words,
    }
}

fn port_type(preview: &str) -> crate::value::ValueType {
    if preview.starts_with("Table") { crate::value::ValueType::Table } else { crate::value::ValueType::List }
}

/// Returns a time for a person: `12 ms`, `3.4 s`, `2 min 5 s`, `1 h 2 min`.
pub(super) fn short_time(time: Duration) -> String {
    let secs = time.as_secs();
    match time.as_micros() {
        0..1000 => "<1 ms".to_owned(),
        1000..1_000_000 => format!("{} ms", time.as_millis()),
        1_000_000..60_000_000 => format!("{:.1} s", time.as_secs_f32()),
        60_000_000..3_600_000_000 => format!("{} min {} s", secs / 60, secs % 60),
        _ => format!("{} h {} min", secs / 3600, secs / 60 % 60),
    }
}

/// Returns how long ago something was: `just now`, `5 min ago`, `3 h ago`, `2 d ago`.
fn age(then: Timestamp, now: Timestamp) -> String {
    let minutes = (now.as_second() - then.as_second()) / 60;
    match minutes {
        ..1 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1440 => format!("{} h ago", minutes / 60),
        _ => format!("{} d ago", minutes / 1440),
    }
}

/// Returns what a run would do with a node, in words.
pub(super) fn decision_in_words(decision: &Decision) -> &'static str {
    match decision {
        Decision::Execute => "runs",
        Decision::Reuse { .. } => "reuses its results",
        Decision::Pinned { may_be_released: false, .. } => "uses its pin",
        Decision::Pinned { may_be_released: true, .. } => "uses its pin unless other data arrives",
        Decision::Disabled => "is left out: disabled",
        Decision::NotRun(_) => "does not run",
        Decision::CannotRun(_) => "cannot run",
    }
}

/// Returns the sign and the colour of what a run would do.
pub(super) const fn decision_sign(decision: &Decision, tokens: &Tokens) -> (Icon, Color32) {
    match decision {
        Decision::Execute => (Icon::Run, tokens.plan_execute),
        Decision::Reuse { .. } => (Icon::Reuse, tokens.plan_reuse),
        Decision::Pinned { .. } => (Icon::PinFilled, tokens.plan_pinned),
        Decision::Disabled => (Icon::Disable, tokens.plan_not_run),
        Decision::NotRun(_) => (Icon::Skip, tokens.plan_not_run),
        Decision::CannotRun(_) => (Icon::Error, tokens.failed),
    }
}

/// Returns one line for what is decided, with its detail.
pub(super) fn decision_line(view: View<'_>, plan: &NodePlan) -> String {
    let words = decision_in_words(&plan.decision);
    let mut line: String = words[..1].to_uppercase() + &words[1..];
    match &plan.decision {
        Decision::NotRun(why) => line = format!("{line}: {}", why.in_words(&|node| view.name(node))),
        Decision::CannotRun(why) => line = format!("{line}: {why}"),
        Decision::Execute if plan.side_effect => line.push_str(", and changes something outside"),
        _ => {}
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_and_have_units() {
        assert_eq!(short_time(Duration::from_micros(20)), "<1 ms");
        assert_eq!(short_time(Duration::from_millis(12)), "12 ms");
        assert_eq!(short_time(Duration::from_millis(3440)), "3.4 s");
        assert_eq!(short_time(Duration::from_secs(125)), "2 min 5 s");
        assert_eq!(short_time(Duration::from_secs(3725)), "1 h 2 min");
    }

    #[test]
    fn ages_are_in_the_largest_unit() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let ago = |secs: i64| age(Timestamp::from_second(1_000_000 - secs).unwrap(), now);
        assert_eq!([ago(5), ago(300), ago(7300), ago(200_000)], ["just now", "5 min ago", "2 h ago", "2 d ago"]);
        assert_eq!(ago(-50), "just now");
    }

    #[test]
    fn counts_have_commas_and_plurals() {
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(1204, "row"), "1,204 rows");
        assert_eq!(counted(1_000_000, "item"), "1,000,000 items");
        assert_eq!(counted(999, "row"), "999 rows");
    }
}
