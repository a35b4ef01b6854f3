//! What the selected node remembers across runs. It is read from the store by another thread: when the node is selected, and
//! when something may have changed it.

use std::time::Duration;

use egui::{Frame, Label, Margin, RichText, Stroke, Ui};
use jiff::Timestamp;

use super::asked::Asked;
use crate::{
    editor::{
        Command, View, theme,
        viewers::{Room, Viewers, stored_ui, value_ui},
        words,
    },
    store::{NodeRecord, PinnedChange, PinnedData},
    workflow::NodeId,
};

/// How often the ages that are shown are brought up to date.
const EVERY: Duration = Duration::from_secs(30);

/// Asks for the node's pinned data if it is not known, and returns what there is to show: nothing of a node without any.
pub(super) fn of<'a>(
    view: View<'_>,
    id: &NodeId,
    state: &'a Asked<Option<PinnedData>>,
    commands: &mut Vec<Command>,
) -> Option<Result<&'a PinnedData, &'a String>> {
    let key = (view.workflow.id(), id.clone());
    if state.is_due(&key) {
        commands.push(Command::LoadPinnedData(id.clone()));
    }
    match state.get(&key)? {
        Ok(data) => {
            let is_over = |data: &PinnedData| data.expires_at.is_some_and(|at| at <= Timestamp::now());
            data.as_ref().filter(|data| !is_over(data)).map(Ok)
        }
        Err(error) => Some(Err(error)),
    }
}

/// Shows what a node has stored, how old it is and how long it lasts, and a way to clear it.
pub(super) fn pinned_data_ui(
    ui: &mut Ui,
    view: View<'_>,
    id: &NodeId,
    data: Result<&PinnedData, &String>,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    ui.horizontal(|ui| {
        badge_ui(ui);
        let help = "The node finds nothing in its next run. This cannot be undone";
        if ui.button("Clear").on_hover_text(help).accessible_name("Clear pinned data").clicked() {
            commands.push(Command::ClearPinnedData(id.clone()));
        }
    });
    let data = match data {
        Ok(data) => data,
        Err(error) => {
            ui.add(Label::new(RichText::new(theme::readable(error)).color(theme::tokens(ui).failed)).wrap());
            return;
        }
    };
    let known = format!("First stored {}, last {}", data.created_at, data.updated_at);
    let times = RichText::new(times(data, Timestamp::now())).color(theme::tokens(ui).text_muted);
    ui.add(Label::new(times).wrap()).on_hover_text(known);
    ui.ctx().request_repaint_after(until_it_changes(data));
    ui.push_id("now", |ui| value_ui(ui, &data.value, Room::Small, viewers, commands));
    if let Some(record) = view.record(id) {
        other_than_now_ui(ui, &record, data, viewers, commands);
    }
}

fn badge_ui(ui: &mut Ui) {
    let tokens = theme::tokens(ui);
    let frame =
        Frame::NONE.stroke(Stroke::new(1.0, tokens.accent)).corner_radius(4).inner_margin(Margin::symmetric(5, 0));
    let help = "It lasts across runs, sessions and restarts, and is no output. It is not a pin either: the node still executes";
    frame.show(ui, |ui| ui.label(RichText::new("Persistent").small().color(tokens.accent)).on_hover_text(help));
}

fn times(data: &PinnedData, now: Timestamp) -> String {
    let stored = format!("stored {}", words::ago(data.updated_at, now));
    match data.expires_at.map(|at| left(at, now)) {
        Some(left) => format!("{stored} · expires in {}", words::duration(left)),
        None => format!("{stored} · does not expire"),
    }
}

/// Returns how long it is until then, in whole seconds.
fn left(at: Timestamp, now: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(at.as_second().saturating_sub(now.as_second())).unwrap_or(0))
}

/// Returns when what is shown has to be drawn anew.
fn until_it_changes(data: &PinnedData) -> Duration {
    let left = data.expires_at.and_then(|at| Duration::try_from(at.duration_since(Timestamp::now())).ok());
    left.map_or(EVERY, |left| left.clamp(Duration::from_millis(100), EVERY))
}

/// Shows what the run that is looked at stored, if that is not what there is now.
fn other_than_now_ui(
    ui: &mut Ui,
    record: &NodeRecord,
    now: &PinnedData,
    viewers: &mut Viewers,
    commands: &mut Vec<Command>,
) {
    match &record.pinned_data {
        Some(change) if change.at() != now.updated_at => of_run_ui(ui, change, viewers, commands),
        _ => {}
    }
}

/// Shows what the earlier run that is shown did to the data of a node. What it is today is not shown in its place.
pub(super) fn of_past_ui(ui: &mut Ui, change: &PinnedChange, viewers: &mut Viewers, commands: &mut Vec<Command>) {
    ui.horizontal(badge_ui);
    let ago = words::ago(change.at(), Timestamp::now());
    match change {
        PinnedChange::Stored { value, .. } => {
            ui.label(RichText::new(format!("What this run stored, {ago}")).strong());
            ui.push_id("then", |ui| stored_ui(ui, *value, Room::Small, viewers, commands));
        }
        PinnedChange::Cleared { .. } => {
            ui.weak(format!("This run cleared it, {ago}"));
        }
    }
}

/// Shows what a run did to the data of a node, as it was then.
fn of_run_ui(ui: &mut Ui, change: &PinnedChange, viewers: &mut Viewers, commands: &mut Vec<Command>) {
    let ago = words::ago(change.at(), Timestamp::now());
    match change {
        PinnedChange::Stored { value, .. } => {
            ui.label(RichText::new(format!("What the last run stored, {ago}")).strong());
            ui.push_id("then", |ui| stored_ui(ui, *value, Room::Small, viewers, commands));
        }
        PinnedChange::Cleared { .. } => {
            ui.weak(format!("The last run cleared it, {ago}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn age_and_expiry_are_told() {
        let now = Timestamp::UNIX_EPOCH;
        let before = |mins| now - Duration::from_mins(mins);
        let mut data =
            PinnedData { value: Value::Null, created_at: before(9), updated_at: before(5), expires_at: None };
        assert_eq!(times(&data, now), "stored 5 min ago · does not expire");
        data.expires_at = Some(now + Duration::from_mins(125));
        assert_eq!(times(&data, now), "stored 5 min ago · expires in 2 h 5 min");
    }
}
