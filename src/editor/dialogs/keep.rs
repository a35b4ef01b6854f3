//! Which runs stay in the history: the program's rule and the workflow's own, with what they would remove before they count.

use egui::{Button, Checkbox, DragValue, Id, Label, Modal, RichText, Ui};

use super::frame;
use crate::{
    editor::{Answer, Command, theme},
    workflow::Retention,
};

/// What a limit is when it is switched on.
const NEWEST: u32 = 100;
const DAYS: u32 = 30;
const MIB: u64 = 1024;

/// The rules that a person is changing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepRules {
    /// The workflow's own, if it has one.
    pub workflow: Option<Retention>,
    /// The program's, for all others.
    pub program: Retention,
}

/// What rules would remove.
#[derive(Clone, Debug)]
pub(crate) struct PlannedSweep {
    /// In a sentence or two.
    pub words: String,
    /// Whether that is anything.
    pub is_any: bool,
}

/// What the dialog remembers.
pub(crate) struct KeepDialog {
    rules: KeepRules,
    /// The rules as they count now.
    before: KeepRules,
    /// What they would remove, or why nobody knows; of the rules that were asked about.
    preview: Option<(KeepRules, Result<PlannedSweep, String>)>,
    /// The rules that are being asked about.
    waiting: Option<KeepRules>,
}

impl KeepDialog {
    /// Returns a dialog that begins with these rules.
    pub(crate) const fn new(rules: KeepRules) -> Self {
        Self { rules, before: rules, preview: None, waiting: None }
    }

    /// Notes that it is being found out what rules would remove; returns whether it is to be: one after the other.
    pub(crate) fn begin(&mut self, rules: KeepRules) -> bool {
        let may = self.waiting.is_none();
        if may {
            self.waiting = Some(rules);
        }
        may
    }

    /// Takes in what the rules would remove.
    pub(crate) fn end(&mut self, rules: KeepRules, said: Result<PlannedSweep, String>) {
        self.waiting = None;
        self.preview = Some((rules, said));
    }

    fn preview(&self) -> Option<&Result<PlannedSweep, String>> {
        self.preview.as_ref().filter(|(of, _)| *of == self.rules).map(|(_, said)| said)
    }
}

/// Shows the dialog.
pub(crate) fn keep_dialog_ui(ui: &Ui, dialog: &mut KeepDialog, name: &str, commands: &mut Vec<Command>) {
    let modal = Modal::new(Id::unique("history rules")).frame(frame(ui)).show(ui, |ui| {
        ui.set_width(430.0_f32.min(ui.content_rect().width() - 60.0));
        ui.label(RichText::new("Which runs stay in the history").size(17.0).strong());
        ui.add_space(6.0);
        ui.strong("All workflows");
        rule_ui(ui, "all workflows", &mut dialog.rules.program);
        ui.add_space(6.0);
        let mut own = dialog.rules.workflow.is_some();
        let text = format!("{name} has a rule of its own, saved with it");
        if ui.checkbox(&mut own, theme::readable(&text).as_ref()).changed() {
            dialog.rules.workflow = own.then_some(dialog.rules.program);
        }
        if let Some(rule) = &mut dialog.rules.workflow {
            rule_ui(ui, "this workflow", rule);
        }
        ui.add_space(8.0);
        preview_ui(ui, dialog);
        ui.weak(
            "What a pin, a session or a run that goes on needs always stays. What is removed cannot be brought back.",
        );
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            let planned = dialog.preview().and_then(|planned| planned.as_ref().ok());
            let removes = planned.is_none_or(|planned| planned.is_any);
            let (name, does_anything) = match (dialog.rules == dialog.before, removes) {
                (true, removes) => ("Remove now", removes),
                (false, true) => ("Apply and remove", true),
                (false, false) => ("Apply", true),
            };
            if ui.add_enabled(planned.is_some() && does_anything, Button::new(name)).clicked() {
                commands.push(Command::Answer(Answer::Rules(dialog.rules)));
            }
            if ui.button("Cancel").clicked() {
                commands.push(Command::Answer(Answer::Cancel));
            }
        });
    });
    if dialog.preview().is_none() && dialog.waiting.is_none() {
        commands.push(Command::PreviewSweep(dialog.rules));
    }
    if modal.should_close() {
        commands.push(Command::Answer(Answer::Cancel));
    }
}

fn preview_ui(ui: &mut Ui, dialog: &KeepDialog) {
    let tokens = theme::tokens(ui);
    let text = match dialog.preview() {
        None => RichText::new("Looking what this would remove…").color(tokens.text_muted),
        Some(Ok(planned)) => RichText::new(&planned.words).strong(),
        Some(Err(error)) => RichText::new(theme::readable(error)).color(tokens.failed),
    };
    ui.add(Label::new(text).wrap());
}

fn rule_ui(ui: &mut Ui, name: &str, rule: &mut Retention) {
    ui.push_id(name, |ui| {
        let mut none = !rule.save_runs;
        if ui.checkbox(&mut none, "Do not keep runs").changed() {
            rule.save_runs = !none;
        }
        ui.add_enabled_ui(rule.save_runs, |ui| {
            limit_ui(ui, (name, "At most"), &mut rule.newest, NEWEST, 1..=1_000_000, "runs");
            limit_ui(ui, (name, "None older than"), &mut rule.days, DAYS, 1..=100_000, "days");
            limit_ui(ui, (name, "All results together at most"), &mut rule.total_mib, MIB, 1..=100_000_000, "MiB");
            ui.horizontal(|ui| {
                ui.label("At least the newest");
                let field = DragValue::new(&mut rule.at_least).range(0..=1_000_000);
                ui.add(field).accessible_name(format!("At least, {name}"));
                ui.label("runs stay, however old or large");
            });
            ui.add(Checkbox::new(&mut rule.keep_errors, "Keep all runs with errors"));
        });
    });
}

/// Shows a limit that can be switched off.
fn limit_ui<T: egui::emath::Numeric>(
    ui: &mut Ui,
    (rule, name): (&str, &str),
    limit: &mut Option<T>,
    first: T,
    range: std::ops::RangeInclusive<T>,
    unit: &str,
) {
    ui.horizontal(|ui| {
        let mut is_on = limit.is_some();
        if ui.checkbox(&mut is_on, name).changed() {
            *limit = is_on.then_some(first);
        }
        if let Some(number) = limit {
            ui.add(DragValue::new(number).range(range)).accessible_name(format!("{name}, {rule}"));
            ui.label(unit);
        }
    });
}
