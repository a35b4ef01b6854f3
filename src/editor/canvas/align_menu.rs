//! What Alt+A offers: a small list whose letters line nodes up and spread them.

use egui::{Align2, Event, Key, Popup, PopupKind, Pos2, Role, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2};

use super::{CanvasState, canvas_frame::CanvasFrame};
use crate::editor::{
    Command,
    command_table::{self, CommandId as Id, Situation},
    theme,
};

/// The letters, and what each does.
const LETTERS: [(Key, Id); 8] = [
    (Key::L, Id::AlignLeft),
    (Key::R, Id::AlignRight),
    (Key::T, Id::AlignTop),
    (Key::B, Id::AlignBottom),
    (Key::H, Id::AlignRow),
    (Key::V, Id::AlignColumn),
    (Key::X, Id::SpreadHorizontally),
    (Key::Y, Id::SpreadVertically),
];
const WIDTH: f32 = 210.0;
const ITEM_HEIGHT: f32 = 24.0;

/// The open list, with the place on the screen where it is.
pub(super) struct AlignMenu(Option<Pos2>);

impl CanvasState {
    /// Opens the list of ways to line nodes up.
    pub const fn open_align_menu(&mut self) {
        self.align_menu = Some(AlignMenu(None));
    }

    /// Returns whether letters are for the canvas, not for the commands that have them as keys.
    pub const fn takes_letters(&self) -> bool {
        self.align_menu.is_some()
    }

    /// Shows the list where it is open, until a letter is pressed or something else is done.
    pub(super) fn align_menu_ui(&mut self, ui: &Ui, frame: &CanvasFrame<'_>, commands: &mut Vec<Command>) {
        let Some(AlignMenu(place)) = self.align_menu.take() else { return };
        let pointer = self.pointer.map(|point| frame.projection.screen_from_scene(point));
        let at = place.or(pointer).unwrap_or_else(|| frame.projection.view.center() - vec2(WIDTH, ITEM_HEIGHT) * 0.5);
        let situation = Situation::of(frame.view);
        let pressed = ui.input_mut(|input| {
            let key = input.events.iter().find_map(|event| match event {
                Event::Key { key, pressed: true, modifiers, .. } if !modifiers.any() => Some(*key),
                _ => None,
            });
            input.events.retain(|event| !matches!(event, Event::Key { .. } | Event::Text(_)));
            key
        });
        let by_key = pressed.map(|key| LETTERS.iter().find(|(letter, _)| *letter == key).map(|(_, id)| *id));
        let mut chosen = by_key.flatten();
        let mut open = by_key.is_none();
        let popup = Popup::new(ui.make_persistent_id("align"), ui.ctx().clone(), at, ui.layer_id());
        popup.kind(PopupKind::Menu).open_bool(&mut open).show(|ui| {
            ui.set_width(WIDTH);
            for (letter, id) in LETTERS {
                if item_ui(ui, letter, id, &situation) {
                    chosen = Some(id);
                }
            }
        });
        let entry = chosen.map(command_table::get).filter(|entry| entry.is_enabled(&situation));
        commands.extend(entry.map(|entry| (entry.command)(&situation)));
        self.align_menu = (open && chosen.is_none()).then_some(AlignMenu(Some(at)));
    }
}

/// Shows one way and its letter; returns whether it was clicked.
fn item_ui(ui: &mut Ui, letter: Key, id: Id, situation: &Situation<'_>) -> bool {
    let entry = command_table::get(id);
    let tokens = theme::tokens(ui);
    let enabled = entry.is_enabled(situation);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ITEM_HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::MenuItem, enabled, entry.name));
    let color = if enabled { tokens.text } else { tokens.disabled };
    if enabled && (response.hovered() || response.has_focus()) {
        ui.painter().rect_filled(rect, 5.0, tokens.button_hovered);
    }
    let font = TextStyle::Button.resolve(ui.style());
    let middle = rect.center().y;
    ui.painter().text(pos2(rect.left() + 8.0, middle), Align2::LEFT_CENTER, entry.name, font.clone(), color);
    let at = pos2(rect.right() - 8.0, middle);
    ui.painter().text(at, Align2::RIGHT_CENTER, letter.name(), font, tokens.text_muted);
    response.on_hover_text(entry.help).clicked() && enabled
}
