//! The Problems tab: what is wrong, or worth knowing before a run, each with its place and what would mend it.

use egui::{Button, RichText, ScrollArea, Ui};

use crate::editor::{
    Command, LookRequest, View,
    problems::{Finding, Rank, in_words},
    theme,
};

/// Shows what was found, the worst first.
pub(super) fn problems_ui(ui: &mut Ui, now: View<'_>, found: &[Finding], commands: &mut Vec<Command>) {
    if found.is_empty() {
        ui.weak("No problems.");
        return;
    }
    let row_height = ui.spacing().interact_size.y;
    ScrollArea::vertical().id_salt("problems").auto_shrink([false, false]).show_rows(
        ui,
        row_height,
        found.len(),
        |ui, in_sight| {
            let first = in_sight.start;
            for (index, finding) in (first..).zip(&found[in_sight]) {
                ui.push_id(index, |ui| finding_ui(ui, now, finding, commands));
            }
        },
    );
}

/// Shows one: a click, or Enter, selects its node and shows its parameters; a button mends it.
fn finding_ui(ui: &mut Ui, now: View<'_>, finding: &Finding, commands: &mut Vec<Command>) {
    let tokens = theme::tokens(ui);
    let color = match finding.rank {
        Rank::Error => tokens.failed,
        Rank::Warning => tokens.stale,
        Rank::Note => tokens.text_muted,
    };
    let sign = match finding.rank {
        Rank::Error => "Error",
        Rank::Warning => "Warning",
        Rank::Note => "Note",
    };
    let said = in_words(now, finding);
    let (shown, fixed) = egui::Sides::new().shrink_left().show(
        ui,
        |ui| {
            ui.label(RichText::new(sign).small().color(color));
            let text = RichText::new(theme::readable(&said).as_ref()).color(color);
            let button = ui.add(Button::new(text).frame_when_inactive(false).truncate());
            let is_clicked = button.on_hover_text(theme::readable(&said).as_ref()).clicked();
            finding.node.clone().filter(|_| is_clicked)
        },
        |ui| {
            let mut chosen = None;
            for (name, command) in finding.fixes.iter().rev() {
                let fix = ui.add(Button::new(theme::readable(name).as_ref()).small());
                if fix.accessible_name(format!("{name}, for {said}")).clicked() {
                    chosen = Some(command.clone());
                }
            }
            chosen
        },
    );
    commands.extend(shown.map(|node| Command::Look(LookRequest::Reveal(node))).into_iter().chain(fixed));
}
