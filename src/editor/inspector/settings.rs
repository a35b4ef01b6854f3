//! What the engine does around the selected node: retries, a time limit, kept results.

use egui::{DragValue, Label, RichText, TextEdit, Ui};

use super::{
    InspectorState,
    drafts::{Drafts, Target},
    push_draft,
};
use crate::{
    editor::{Command, View, theme},
    value::Value,
    workflow::{Edit, MAX_RETRIES, Node, NodeId, NodeSettings, Sensitivity, Span},
};

/// A setting that is typed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SettingField {
    /// How many times a node is tried again.
    Retries,
    /// How long to wait before that.
    RetryDelay,
    /// How long an attempt may take.
    TimeLimit,
    /// How long results are used again.
    KeepResultsFor,
}

impl SettingField {
    const fn label(self) -> &'static str {
        match self {
            Self::Retries => "Retries",
            Self::RetryDelay => "Delay between retries",
            Self::TimeLimit => "Time limit",
            Self::KeepResultsFor => "Keep results for",
        }
    }

    const fn help(self) -> &'static str {
        match self {
            Self::Retries => "How many times the node is tried again when it fails",
            Self::RetryDelay => "How long to wait before the node is tried again",
            Self::TimeLimit => "An attempt that takes longer is stopped and has failed",
            Self::KeepResultsFor => {
                "When the same parameters and input data come again within this time, in any run, the node does not \
                 execute and gives the results it gave before"
            }
        }
    }

    /// Returns what an empty field says.
    const fn hint(self) -> &'static str {
        match self {
            Self::Retries => "0",
            Self::RetryDelay => "none, or a time such as 2s",
            Self::TimeLimit => "none, or a time such as 5m",
            Self::KeepResultsFor => "not at all, or a time such as 1h 30m",
        }
    }

    fn show(self, settings: &NodeSettings) -> String {
        let shown = |span: Option<Span>| span.map(|span| span.to_string()).unwrap_or_default();
        match self {
            Self::Retries => settings.retries.to_string(),
            Self::RetryDelay => shown(Some(settings.retry_delay).filter(|delay| !delay.is_zero())),
            Self::TimeLimit => shown(settings.time_limit),
            Self::KeepResultsFor => shown(settings.keep_results_for),
        }
    }

    /// Returns the settings with what a text says, or what is wrong with it.
    pub(super) fn set(self, settings: &NodeSettings, text: &str) -> Result<NodeSettings, String> {
        let mut settings = settings.clone();
        let span = || match text.trim() {
            "" => Ok(None),
            text => text.parse::<Span>().map(Some).map_err(|error| error.to_string()),
        };
        match self {
            Self::Retries => {
                let retries = text.trim().parse().ok().filter(|retries| *retries <= MAX_RETRIES);
                settings.retries =
                    retries.ok_or_else(|| format!("{text:?} is not a whole number from 0 to {MAX_RETRIES}"))?;
            }
            Self::RetryDelay => settings.retry_delay = span()?.unwrap_or_default(),
            Self::TimeLimit => settings.time_limit = span()?,
            Self::KeepResultsFor => settings.keep_results_for = span()?,
        }
        Ok(settings)
    }
}

/// Returns the edit that gives a node other settings, with its label; nothing if they are the same.
pub(super) fn settings_edit(id: &NodeId, node: &Node, settings: NodeSettings) -> Option<(String, Edit)> {
    let changes = settings != node.settings;
    changes.then(|| (format!("Settings of {id}"), Edit::SetNodeSettings(id.clone(), settings)))
}

/// Returns the edit that gives a node what was ticked, over what was typed in before the click.
fn ticked_edit(id: &NodeId, typed: &NodeSettings, ticked: &NodeSettings) -> (String, Edit) {
    let &NodeSettings { retries, retry_delay, time_limit, keep_results_for, .. } = typed;
    let settings = NodeSettings { retries, retry_delay, time_limit, keep_results_for, ..ticked.clone() };
    (format!("Settings of {id}"), Edit::SetNodeSettings(id.clone(), settings))
}

/// Returns the settings that these commands give.
fn typed_settings(commands: &[Command]) -> Option<&NodeSettings> {
    commands.iter().rev().find_map(|command| match command {
        Command::Edit(_, Edit::SetNodeSettings(_, settings)) => Some(settings),
        _ => None,
    })
}

fn sensitive_ui(ui: &mut Ui, view: View<'_>, (id, node): (&NodeId, &Node), settings: &mut NodeSettings) {
    let reads = view.plan.sensitive_source(id);
    let by_itself = reads.is_some() || view.catalogue.get(&node.kind).is_some_and(|kind| kind.gives_secrets);
    let before = match settings.sensitive {
        Sensitivity::ByKind => by_itself,
        Sensitivity::Yes => true,
        Sensitivity::No => false,
    };
    let mut now = before;
    ui.checkbox(&mut now, "Sensitive").on_hover_text(
        "What it gives stays in memory, is never written, and is shown only when you click on it; so does what nodes make of it \
         that read it. What was written of it before stays in the history",
    );
    match reads {
        Some(source) if settings.sensitive == Sensitivity::No => {
            ui.weak(format!(
                "It reads {}, which is sensitive: what it gives is written all the same.",
                view.name(source)
            ));
        }
        Some(source) if before => {
            ui.weak(format!("Because it reads {}. Untick it if what it gives may be written.", view.name(source)));
        }
        _ => {}
    }
    if now != before {
        settings.sensitive = match now {
            now if now == by_itself => Sensitivity::ByKind,
            true => Sensitivity::Yes,
            false => Sensitivity::No,
        };
    }
}

/// Shows the settings of a node and the note on it.
pub(super) fn settings_ui(
    ui: &mut Ui,
    view: View<'_>,
    (id, node): (&NodeId, &Node),
    state: &mut InspectorState,
    commands: &mut Vec<Command>,
) {
    let drafts = &mut state.drafts;
    let n_before = commands.len();
    let mut settings = node.settings.clone();
    ui.checkbox(&mut settings.continue_on_error, "Continue on error")
        .on_hover_text("A failure of this node does not make the run fail");
    ui.checkbox(&mut settings.error_output, "Error output").on_hover_text(
        "Adds an output named error, which gives the message and the number of attempts when the node fails; the run does \
         not fail then",
    );
    retries_ui(ui, view, (id, node), drafts, commands);
    ui.add_enabled_ui(node.settings.retries > 0, |ui| {
        span_ui(ui, view, (id, node, SettingField::RetryDelay), drafts, commands);
        ui.checkbox(&mut settings.retry_delay_doubles, "Double the delay each time")
            .on_hover_text("Each wait is twice as long as the one before; else all are the same");
    });
    for field in [SettingField::TimeLimit, SettingField::KeepResultsFor] {
        span_ui(ui, view, (id, node, field), drafts, commands);
    }
    sensitive_ui(ui, view, (id, node), &mut settings);
    if settings != node.settings {
        let typed = typed_settings(&commands[n_before..]).unwrap_or(&node.settings);
        let (label, edit) = ticked_edit(id, typed, &settings);
        commands.push(Command::Edit(label, edit));
    }
    let label = ui.label("Note");
    let target = Target::Comment(id.clone());
    let draft = drafts.text(ui, &target, &node.comment, |ui, text| {
        ui.add(TextEdit::multiline(text).desired_rows(2).desired_width(f32::INFINITY)).labelled_by(label.id)
    });
    push_draft(view, drafts, draft, commands);
}

fn retries_ui(
    ui: &mut Ui,
    view: View<'_>,
    (id, node): (&NodeId, &Node),
    drafts: &mut Drafts,
    commands: &mut Vec<Command>,
) {
    let field = SettingField::Retries;
    ui.horizontal(|ui| {
        let label = ui.label(field.label()).on_hover_text(field.help());
        let target = Target::Setting(id.clone(), field);
        let draft = drafts.number(ui, &target, &Value::Int(node.settings.retries.into()), |ui, value| {
            let mut retries = if let Value::Int(retries) = value { *retries } else { 0 };
            let drag = DragValue::new(&mut retries).range(0..=i64::from(MAX_RETRIES)).speed(0.1);
            let response = ui.add(drag.clamp_existing_to_range(false)).labelled_by(label.id);
            if response.changed() {
                *value = Value::Int(retries);
            }
            response
        });
        push_draft(view, drafts, draft, commands);
    });
}

fn span_ui(
    ui: &mut Ui,
    view: View<'_>,
    (id, node, field): (&NodeId, &Node, SettingField),
    drafts: &mut Drafts,
    commands: &mut Vec<Command>,
) {
    let label = ui.label(field.label()).on_hover_text(field.help());
    let target = Target::Setting(id.clone(), field);
    let draft = drafts.text(ui, &target, &field.show(&node.settings), |ui, text| {
        let edit = TextEdit::singleline(text).hint_text(field.hint()).desired_width(f32::INFINITY);
        ui.add(edit).labelled_by(label.id)
    });
    push_draft(view, drafts, draft, commands);
    if let Some(wrong) = drafts.refused(&target).and_then(|text| field.set(&node.settings, text).err()) {
        ui.add(Label::new(RichText::new(theme::readable(&wrong)).color(theme::tokens(ui).failed)).wrap());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SPANS: [SettingField; 3] = [SettingField::RetryDelay, SettingField::TimeLimit, SettingField::KeepResultsFor];

    #[test]
    fn what_a_field_shows_is_read_back() {
        let span = Span(Duration::from_secs(90));
        let settings = NodeSettings {
            retries: 3,
            retry_delay: span,
            time_limit: Some(span),
            keep_results_for: Some(span),
            ..NodeSettings::default()
        };
        for field in SPANS.into_iter().chain([SettingField::Retries]) {
            assert_eq!(field.set(&settings, &field.show(&settings)), Ok(settings.clone()), "{field:?}");
            let empty = NodeSettings::default();
            assert_eq!(field.set(&empty, &field.show(&empty)), Ok(empty.clone()), "{field:?}");
            assert_ne!(field.set(&empty, &field.show(&settings)), Ok(empty), "{field:?}");
        }
    }

    #[test]
    fn an_empty_time_is_none_and_a_wrong_one_says_why() {
        let settings = NodeSettings { time_limit: Some(Span(Duration::from_secs(1))), ..NodeSettings::default() };
        assert_eq!(SettingField::TimeLimit.set(&settings, " "), Ok(NodeSettings::default()));
        for field in SPANS {
            let wrong = field.set(&settings, "soon").unwrap_err();
            assert!(wrong.contains("is not a time such as"), "{wrong}");
        }
        let wrong = SettingField::Retries.set(&settings, "101").unwrap_err();
        assert!(wrong.contains("from 0 to 100"), "{wrong}");
    }
}
