//! Commands of the table as menu items and buttons.

use egui::{Align2, Button, Color32, Rect, Response, Role, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2};

use super::{
    Command,
    command_table::{self, CommandEntry, CommandId, Situation},
    icons, theme,
};

/// The width of a menu.
pub(crate) const MENU_WIDTH: f32 = 236.0;
/// The height of an item of a menu.
const ITEM_HEIGHT: f32 = 26.0;

/// Shows commands in groups; returns the one that was chosen. If it is so wished, the first that can be
/// gets the focus.
pub(crate) fn menu_ui(
    ui: &mut Ui,
    groups: &[&[CommandId]],
    situation: &Situation<'_>,
    focus_first: &mut bool,
) -> Option<CommandId> {
    ui.set_min_width(MENU_WIDTH);
    let mut chosen = None;
    for (index, group) in groups.iter().filter(|group| !group.is_empty()).enumerate() {
        if index > 0 {
            ui.separator();
        }
        for &id in *group {
            let item = menu_item_ui(ui, command_table::get(id), situation);
            if *focus_first && item.enabled() {
                item.request_focus();
                *focus_first = false;
            }
            if item.gained_focus() {
                item.scroll_to_me(None);
            }
            if item.clicked() {
                chosen = Some(id);
            }
        }
    }
    chosen
}

/// Shows one command: its icon, its name and its keys. A click closes the menu.
pub(crate) fn menu_item_ui(ui: &mut Ui, entry: &CommandEntry, situation: &Situation<'_>) -> Response {
    let missing = entry.missing(situation);
    let response = ui.add_enabled_ui(missing.is_none(), |ui| item_ui(ui, entry, entry.label(situation))).inner;
    if response.clicked() {
        ui.close();
    }
    let response = response.on_hover_text(entry.help);
    match missing {
        None => response,
        Some(need) => response.on_disabled_hover_text(format!("{}: {}", entry.help, need.in_words())),
    }
}

fn item_ui(ui: &mut Ui, entry: &CommandEntry, label: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ITEM_HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::MenuItem, ui.is_enabled(), label));
    let is_lit = response.hovered() || response.has_focus();
    let fill = theme::tokens(ui).button_hovered;
    paint_item(ui, rect, entry, label, &entry.shortcut_text(ui.ctx()), (is_lit && ui.is_enabled()).then_some(fill));
    response
}

/// Shows one command in a list to choose from. One that cannot be carried out is greyed and says why.
pub(crate) fn row_ui(ui: &mut Ui, entry: &CommandEntry, situation: &Situation<'_>, is_chosen: bool) -> Response {
    let missing = entry.missing(situation);
    let label = entry.label(situation);
    let row = |ui: &mut Ui| {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ITEM_HEIGHT), Sense::click());
        let name = || missing.map_or_else(|| label.to_owned(), |need| format!("{label}: {}", need.in_words()));
        response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, ui.is_enabled(), is_chosen, name()));
        let tokens = theme::tokens(ui);
        let fill = match (is_chosen, response.hovered()) {
            (true, _) => Some(tokens.selected),
            (false, true) => Some(tokens.button_hovered),
            (false, false) => None,
        };
        let keys = missing.map_or_else(|| entry.shortcut_text(ui.ctx()), |need| need.in_words().to_owned());
        paint_item(ui, rect, entry, label, &keys, fill);
        response
    };
    ui.add_enabled_ui(missing.is_none(), row).inner.on_hover_text(entry.help)
}

fn paint_item(ui: &Ui, rect: Rect, entry: &CommandEntry, label: &str, right: &str, fill: Option<Color32>) {
    if !ui.is_rect_visible(rect) {
        return;
    }
    let tokens = theme::tokens(ui);
    let color = if ui.is_enabled() { tokens.text } else { tokens.disabled };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, 5.0, fill);
    }
    let middle = rect.center().y;
    if let Some(icon) = entry.icon {
        let place = Rect::from_center_size(pos2(rect.left() + 15.0, middle), vec2(15.0, 15.0));
        icons::paint(ui.painter(), place, icon, color.gamma_multiply(0.8));
    }
    let font = TextStyle::Button.resolve(ui.style());
    ui.painter().text(pos2(rect.left() + 32.0, middle), Align2::LEFT_CENTER, label, font, color);
    let small = TextStyle::Small.resolve(ui.style());
    ui.painter().text(pos2(rect.right() - 8.0, middle), Align2::RIGHT_CENTER, right, small, tokens.text_muted);
}

/// Shows a command as a small button. `about` follows its name for screen readers, where several buttons say the same.
pub(crate) fn small_button_ui(
    ui: &mut Ui,
    id: CommandId,
    situation: &Situation<'_>,
    about: Option<&str>,
    commands: &mut Vec<Command>,
) {
    let entry = command_table::get(id);
    let name = entry.label(situation);
    let mut response = ui.add_enabled(entry.is_enabled(situation), Button::new(name).small());
    if let Some(about) = about {
        response = response.accessible_name(format!("{name} {about}"));
    }
    if response.on_hover_text(entry.tooltip(ui.ctx())).clicked() {
        commands.push((entry.command)(situation));
    }
}
