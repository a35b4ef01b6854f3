//! The toolbar: menus, buttons, how the run stands, what Resume would do. All commands come from the table.

use std::time::Duration;

use egui::{MenuBar, ProgressBar, Rect, Response, RichText, Role, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2};

use super::{pause::run_options_ui, undo_list::undo_list_ui};
use crate::{
    editor::{
        Command, LiveState, RunProgress, Tab, View, command_item,
        command_table::{self, CommandId, Situation},
        icons::{self, Icon, icon_button, icon_text_button},
        landmarks::{self, Landmark},
        settings::RunOptions,
        theme, words,
    },
    store::Status,
};

/// The width that holds all buttons and how a run stands, in points.
const ROOM_FOR_ALL: f32 = 900.0;
/// The width that holds the names of buttons, in points.
const ROOM_FOR_NAMES: f32 = 860.0;
/// How often the clock of a run is drawn anew.
const CLOCK: Duration = Duration::from_millis(250);

/// Shows the toolbar; on the welcome screen there is no view.
pub(crate) fn toolbar_ui(ui: &mut Ui, view: Option<View<'_>>, situation: &Situation<'_>, commands: &mut Vec<Command>) {
    MenuBar::new().ui(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let has_room = !situation.running || ui.max_rect().width() >= ROOM_FOR_ALL;
        menus_ui(ui, situation, commands);
        ui.separator();
        for id in [CommandId::New, CommandId::Open, CommandId::Save] {
            button_ui(ui, id, situation, commands);
        }
        if view.is_some() {
            ui.separator();
            for id in [CommandId::Undo, CommandId::Redo] {
                button_ui(ui, id, situation, commands);
            }
            undo_list_ui(ui, situation, commands);
            ui.separator();
            // In a narrow window what cannot be used while a run goes on makes room for how it stands.
            if has_room {
                for id in [CommandId::Run, CommandId::Resume] {
                    button_ui(ui, id, situation, commands);
                }
                run_options_ui(ui, situation, commands);
            }
            button_ui(ui, CommandId::Stop, situation, commands);
            if situation.running {
                let pause = if situation.paused { CommandId::GoOn } else { CommandId::Pause };
                for id in [pause, CommandId::Step] {
                    button_ui(ui, id, situation, commands);
                }
            }
            ui.separator();
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            theme_ui(ui, commands);
            if let Some(view) = view {
                if has_room {
                    plan_ui(ui, view, situation, commands);
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    if let Some(run) = view.run {
                        progress_ui(ui, run);
                    }
                });
            }
        });
    });
}

fn menus_ui(ui: &mut Ui, situation: &Situation<'_>, commands: &mut Vec<Command>) {
    use CommandId as Id;
    let menus: [(&str, &[&[CommandId]]); 6] = [
        (
            "File",
            &[
                &[Id::New, Id::Open, Id::ReopenTab],
                &[Id::Save, Id::SaveAs],
                &[Id::NextTab, Id::PreviousTab, Id::CloseTab],
                &[Id::Welcome, Id::ReopenTabsOnStart],
                &[Id::Quit],
            ],
        ),
        (
            "Edit",
            &[
                &[Id::Undo, Id::Redo],
                &[Id::Cut, Id::Copy, Id::Paste, Id::PasteConnected, Id::Duplicate, Id::Delete, Id::DeleteAndHeal],
                &[Id::SelectAll, Id::SelectUpstream, Id::SelectDownstream],
                &[Id::Find, Id::Rename, Id::SearchNodes],
            ],
        ),
        (
            "Node",
            &[
                &[Id::RunToHere, Id::ResumeToHere],
                &[Id::RunSelection, Id::ResumeSelection],
                &[Id::RunFromHere, Id::ResumeFromHere],
                &[Id::ToggleBreakpoint],
                &[Id::PinResults, Id::PinUntilChange, Id::Unpin, Id::UnpinDownstream],
                &[Id::EditPinnedValue, Id::CompareWithFresh, Id::ReplaceWithConstant, Id::TakeOverPins],
                &[Id::Force, Id::Disable],
                &[
                    Id::OpenResults,
                    Id::OpenInWindow,
                    Id::ShowIterations,
                    Id::AllIterations,
                    Id::ShowStatistics,
                    Id::ShowWhy,
                ],
            ],
        ),
        (
            "Arrange",
            &[
                &[Id::Tidy],
                &[Id::AlignLeft, Id::AlignRight, Id::AlignTop, Id::AlignBottom, Id::AlignRow, Id::AlignColumn],
                &[Id::SpreadHorizontally, Id::SpreadVertically],
                &[Id::FrameNodes, Id::SelectInFrame, Id::Comment, Id::Collapse],
            ],
        ),
        (
            "View",
            &[
                &[Id::FitSelected, Id::FitAll, Id::ZoomReset],
                &[Id::History, Id::BackFromRun],
                &[Id::TogglePlan, Id::FollowRunning, Id::Minimap, Id::ToggleTheme],
                &[Id::LibraryPanel, Id::InspectorPanel, Id::BottomPanel, Id::ResetLayout],
                &[Id::Larger, Id::Smaller, Id::NormalSize],
            ],
        ),
        ("Help", &[&[Id::Guide, Id::Tour], &[Id::Palette, Id::ShortcutSheet, Id::EditShortcuts]]),
    ];
    for (name, groups) in menus {
        ui.menu_button(name, |ui| {
            if let Some(id) = command_item::menu_ui(ui, groups, situation, &mut false) {
                commands.push((command_table::get(id).command)(situation));
            }
        });
    }
}

/// Shows a command as a button: the ways to run with their names, the others as icons.
fn button_ui(ui: &mut Ui, id: CommandId, situation: &Situation<'_>, commands: &mut Vec<Command>) {
    let entry = command_table::get(id);
    let enabled = entry.is_enabled(situation);
    let named = matches!(id, CommandId::Run | CommandId::Resume | CommandId::Stop)
        && ui.ctx().content_rect().width() >= ROOM_FOR_NAMES;
    let icon = entry.icon.unwrap_or(Icon::Question);
    let response = ui
        .add_enabled_ui(enabled, |ui| {
            if named { icon_text_button(ui, icon, entry.name) } else { icon_button(ui, icon, entry.name) }
        })
        .inner;
    landmarks::note(ui.ctx(), Landmark::Button(id), response.rect);
    let what = match id {
        CommandId::Undo => situation.undo().map(|label| format!("Undo: {label}")),
        CommandId::Run => situation.run_takes.as_ref().map(|takes| format!("Run: {takes}")),
        CommandId::Resume => situation.resume_takes.as_ref().map(|takes| format!("Resume: {takes}")),
        CommandId::Redo => situation.redo().map(|label| format!("Redo: {label}")),
        _ => None,
    };
    let tooltip = match what {
        Some(what) => format!("{what}\n{}", entry.tooltip(ui.ctx())),
        None => entry.tooltip(ui.ctx()),
    };
    if response.on_hover_text(theme::readable(&tooltip).as_ref()).clicked() {
        commands.push((entry.command)(situation));
    }
}

fn theme_ui(ui: &mut Ui, commands: &mut Vec<Command>) {
    let entry = command_table::get(CommandId::ToggleTheme);
    let icon = if ui.visuals().dark_mode { Icon::Sun } else { Icon::Moon };
    if icon_button(ui, icon, entry.name).on_hover_text(entry.help).clicked() {
        commands.push(Command::ToggleTheme);
    }
}

/// Shows what Resume would do, in numbers; a click shows or hides it on the canvas.
fn plan_ui(ui: &mut Ui, view: View<'_>, situation: &Situation<'_>, commands: &mut Vec<Command>) {
    let options = situation.run_options;
    let text = plan_text(view, options);
    let color = if view.show_plan { theme::tokens(ui).text } else { theme::tokens(ui).text_muted };
    let wide = ui.painter().layout_no_wrap(text.clone(), TextStyle::Button.resolve(ui.style()), color).size().x;
    let is_short = wide + 2.0 * ui.spacing().button_padding.x > ui.available_width();
    let help = if view.show_plan {
        "What Resume would do; click to hide it on the canvas"
    } else {
        "What Resume would do; click to show it on the canvas"
    };
    let mut help = if is_short { format!("{text}\n{help}") } else { help.to_owned() };
    if options.stop_at_equal_data {
        help.push_str("\nResume stops where the data turns out equal: fewer nodes may run");
    }
    if options.skip_what_only_feeds_pins {
        help.push_str("\nRun skips what only feeds pins");
    }
    let response = if is_short {
        plan_counts_ui(ui, view, &text)
    } else {
        ui.add(egui::Button::new(RichText::new(text).color(color)).frame_when_inactive(false))
    };
    if response.on_hover_text(help).clicked() {
        commands.push(Command::TogglePlan);
    }
}

/// Shows the counts of the plan by their signs, where there is no room for words.
fn plan_counts_ui(ui: &mut Ui, view: View<'_>, text: &str) -> Response {
    const SIGN: f32 = 16.0;
    const GAP: f32 = 9.0;
    let tokens = theme::tokens(ui);
    let counts = view.plan.counts();
    let shown = [
        (counts.execute, Icon::Run, tokens.plan_execute),
        (counts.reuse, Icon::Reuse, tokens.plan_reuse),
        (counts.pinned, Icon::PinFilled, tokens.plan_pinned),
        (counts.disabled + counts.not_run, Icon::Skip, tokens.plan_not_run),
        (counts.cannot_run, Icon::Error, tokens.failed),
    ];
    let (font, color) =
        (TextStyle::Button.resolve(ui.style()), if view.show_plan { tokens.text } else { tokens.text_muted });
    let parts: Vec<_> = shown
        .into_iter()
        .enumerate()
        .filter(|(index, (count, ..))| *index < 2 || *count > 0)
        .map(|(_, (count, icon, sign))| {
            (ui.painter().layout_no_wrap(count.to_string(), font.clone(), color), icon, sign)
        })
        .collect();
    let width = parts.iter().map(|(number, ..)| SIGN + number.size().x + GAP).sum::<f32>();
    let (rect, response) = ui.allocate_exact_size(vec2(width, ui.spacing().interact_size.y), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, text));
    if response.hovered() {
        ui.painter().rect_filled(rect, 5.0, tokens.button_hovered);
    }
    let mut left = rect.left() + 0.5 * GAP;
    for (number, icon, sign) in parts {
        let place = Rect::from_center_size(pos2(left + 6.0, rect.center().y), vec2(13.0, 13.0));
        icons::paint(ui.painter(), place, icon, sign);
        let (at, width) = (pos2(left + SIGN, rect.center().y - 0.5 * number.size().y), number.size().x);
        ui.painter().galley(at, number, color);
        left += SIGN + width + GAP;
    }
    response
}

fn plan_text(view: View<'_>, options: RunOptions) -> String {
    let counts = view.plan.counts();
    let mut parts = vec![format!("{} run", counts.execute), format!("{} reuse", counts.reuse)];
    for (number, what) in [
        (counts.pinned, "pinned"),
        (counts.disabled, "disabled"),
        (counts.not_run, "left out"),
        (counts.held_back, "held back"),
        (counts.cannot_run, "cannot run"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }
    let most = if options.stop_at_equal_data && counts.execute > 0 { "at most " } else { "" };
    format!("plan: {most}{}", parts.join(" · "))
}

/// Shows how a run stands or ended.
fn progress_ui(ui: &mut Ui, run: &RunProgress) {
    let tokens = theme::tokens(ui);
    let took = words::duration(run.took());
    if run.finished.is_none() {
        if run.pause.is_none() {
            ui.ctx().request_repaint_after(CLOCK);
        }
        let fraction = run.n_executed as f32 / run.n_to_execute.max(1) as f32;
        ui.add(ProgressBar::new(fraction.min(1.0)).desired_width(80.0).fill(tokens.running));
        ui.add(egui::Label::new(format!("{} of {} · {took}", run.n_executed, run.n_to_execute)).truncate());
        return;
    }
    let has = |test: fn(&Status) -> bool| {
        run.nodes.values().filter(|state| matches!(state, LiveState::Settled(record) if test(&record.status))).count()
    };
    let failed = has(|status| matches!(status, Status::Failed(_)));
    let cancelled = has(|status| matches!(status, Status::Cancelled));
    let (color, text) = if failed > 0 {
        (tokens.failed, format!("{} failed · {took}", words::count(failed, "node")))
    } else if cancelled > 0 {
        (tokens.stale, format!("Stopped · {} executed · {took}", run.n_executed))
    } else {
        let held_back = run.plan.counts().held_back;
        let held_back = if held_back > 0 { format!(" · {held_back} held back") } else { String::new() };
        (tokens.done, format!("Done · {} executed{held_back} · {took}", run.n_executed))
    };
    ui.add(egui::Label::new(RichText::new(text).color(color)).truncate());
}

/// Shows that the run uses pins, or used them; a click opens the list of pins.
pub(crate) fn pins_banner_ui(ui: &mut Ui, run: &RunProgress, commands: &mut Vec<Command>) {
    let pins = words::count(run.n_pins, "pin");
    let text = if run.finished.is_some() { format!("This run used {pins}") } else { format!("Running with {pins}") };
    let color = theme::tokens(ui).pinned;
    let button = egui::Button::new(RichText::new(text).color(color)).frame_when_inactive(false);
    if ui.add(button).on_hover_text("Show all pins").clicked() {
        commands.push(Command::ShowTab(Tab::Pins));
    }
}
