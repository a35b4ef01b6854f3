//! The list of what was done, newest first; a click goes there.

use egui::{Button, Popup, RichText, ScrollArea, Ui};

use crate::editor::{
    Command,
    command_table::Situation,
    icons::{Icon, icon_button},
    theme,
};

/// Shows a button that opens the list.
pub(super) fn undo_list_ui(ui: &mut Ui, situation: &Situation<'_>, commands: &mut Vec<Command>) {
    let history = situation.history.filter(|history| history.labels().len() > 0 && !situation.shows_past());
    let button = ui.add_enabled_ui(history.is_some(), |ui| icon_button(ui, Icon::ChevronDown, "Steps")).inner;
    let button = button.on_hover_text("What was done, step by step; click a step to go there");
    let Some(history) = history else { return };
    Popup::menu(&button).show(|ui| {
        ui.set_width(280.0);
        let labels: Vec<&str> = history.labels().collect();
        let (done, n_steps) = (history.position(), labels.len());
        let height = ui.spacing().interact_size.y;
        // The newest step is on top, below all steps is how it was when the workflow was opened.
        ScrollArea::vertical().max_height(420.0).auto_shrink([false, true]).show_rows(
            ui,
            height,
            n_steps + 1,
            |ui, rows| {
                for row in rows {
                    let position = n_steps - row;
                    let label = position.checked_sub(1).map_or("As it was opened", |step| labels[step]);
                    let text = RichText::new(theme::readable(label));
                    let text = if position > done { text.color(theme::tokens(ui).text_muted).italics() } else { text };
                    let button = Button::selectable(position == done, text).truncate();
                    let response = ui.add_sized([ui.available_width(), height], button);
                    if response.clicked() {
                        commands.push(Command::GoToStep(position));
                        ui.close();
                    }
                }
            },
        );
    });
}
