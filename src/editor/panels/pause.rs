//! A paused run in a bar, and the menu of what runs may leave out.

use egui::{Label, Popup, PopupCloseBehavior, RichText, Sense, Ui, vec2};

use crate::{
    editor::{
        Command, LookRequest, RunOption, View, command_item,
        command_table::{self, CommandId, Situation},
        icons::{self, Icon, icon_button},
        theme, words,
    },
    store::with_commas,
    workflow::NodeId,
};

/// How many of the nodes that wait are named.
const MAX_NAMED: usize = 3;

/// Shows before what the run is paused, and what can be done about it.
pub(crate) fn pause_banner_ui(ui: &mut Ui, view: View<'_>, situation: &Situation<'_>, commands: &mut Vec<Command>) {
    let Some(pause) = view.run.and_then(|run| run.pause.as_ref()) else { return };
    let tokens = theme::tokens(ui);
    let (shown, asked) = egui::Sides::new().shrink_left().show(
        ui,
        |ui| {
            let (icon, color) =
                if pause.at_breakpoint { (Icon::Breakpoint, tokens.failed) } else { (Icon::Pause, tokens.stale) };
            let (rect, _) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
            icons::paint(ui.painter(), rect, icon, color);
            let place = pause
                .inside
                .as_ref()
                .map_or_else(String::new, |(inside, _)| format!(" in iteration {}", with_commas(inside.index + 1)));
            let text = said(view, &pause.waiting) + &place;
            ui.add(Label::new(RichText::new(theme::readable(&text)).strong()).truncate());
            let first = pause.waiting.first().cloned();
            first.filter(|_| ui.small_button("Show").on_hover_text("Select the first node that waits").clicked())
        },
        |ui| {
            let mut asked = None;
            for id in [CommandId::Step, CommandId::GoOn] {
                let entry = command_table::get(id);
                let button = egui::Button::new(entry.name);
                let response = ui.add(button).accessible_name(format!("{} the paused run", entry.name));
                if response.on_hover_text(entry.tooltip(ui.ctx())).clicked() {
                    asked = Some((entry.command)(situation));
                }
            }
            asked
        },
    );
    commands.extend(shown.map(|node| Command::Look(LookRequest::Reveal(node))).into_iter().chain(asked));
}

fn said(view: View<'_>, waiting: &[NodeId]) -> String {
    if waiting.is_empty() {
        return "Paused: running nodes finish, nothing else starts".to_owned();
    }
    let named = waiting.iter().take(MAX_NAMED).map(|node| words::title(view.workflow, view.catalogue, node));
    let names = named.collect::<Vec<_>>().join(", ");
    match waiting.len().saturating_sub(MAX_NAMED) {
        0 => format!("Paused before {names}"),
        more => format!("Paused before {names} and {more} more"),
    }
}

const DRY_RUNS: &[CommandId] = &[CommandId::DryRun, CommandId::DryResume];
const PAUSES: &[CommandId] = &[CommandId::Step, CommandId::Pause, CommandId::GoOn];

/// Shows the menu of what runs may leave out.
pub(super) fn run_options_ui(ui: &mut Ui, situation: &Situation<'_>, commands: &mut Vec<Command>) {
    let button = icon_button(ui, Icon::ChevronDown, "Run options").on_hover_text("What runs may leave out");
    Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        let options = situation.run_options;
        for (mut is_on, option, name, help) in [
            (
                options.stop_at_equal_data,
                RunOption::StopAtEqualData,
                "Resume stops at equal data",
                "A node that would execute only because one above it does reuses its results if the data is the same",
            ),
            (
                options.skip_what_only_feeds_pins,
                RunOption::SkipWhatOnlyFeedsPins,
                "Run skips what only feeds pins",
                "Nodes without side effects whose every consumer is pinned are left out",
            ),
        ] {
            if ui.checkbox(&mut is_on, name).on_hover_text(help).changed() {
                commands.push(Command::ToggleRunOption(option));
            }
        }
        ui.separator();
        if let Some(id) = command_item::menu_ui(ui, &[DRY_RUNS, PAUSES], situation, &mut false) {
            commands.push((command_table::get(id).command)(situation));
        }
    });
}
