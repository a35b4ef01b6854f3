//! The command palette: a few letters find a command, Enter carries it out.

use egui::{Align2, Id, Key, Label, Modal, Modifiers, RichText, ScrollArea, TextEdit, Ui, vec2};

use super::frame;
use crate::editor::{
    Answer, Command,
    command_item::row_ui,
    command_table::{self, CommandEntry, CommandId, Situation},
    matching::{Field, Words},
};

/// The width of the palette.
const WIDTH: f32 = 520.0;
/// The most height of what was found.
const HEIGHT: f32 = 380.0;
/// How much a command that was used lately is worth, against how well letters fit.
const RECENT: u32 = 60;

/// The command palette.
pub(crate) struct Palette {
    text: String,
    chosen: usize,
    /// The newest first.
    recent: Vec<CommandId>,
}

impl Palette {
    pub(crate) const fn new(recent: Vec<CommandId>) -> Self {
        Self { text: String::new(), chosen: 0, recent }
    }

    /// Returns the commands that the text finds, best first and those that cannot be carried out last;
    /// for an empty text those used lately, then all in their order.
    fn found(&self, situation: &Situation<'_>) -> Vec<&'static CommandEntry> {
        let mut words = Words::new(&self.text);
        let bonus = |id| {
            self.recent
                .iter()
                .position(|recent| *recent == id)
                .map_or(0, |place| RECENT.saturating_sub(u32::try_from(place).unwrap_or(u32::MAX)))
        };
        let mut found: Vec<(u32, &CommandEntry)> = command_table::all()
            .filter(|entry| entry.id != CommandId::Palette)
            .filter_map(|entry| Some((score(entry, situation, &mut words)? + bonus(entry.id), entry)))
            .collect();
        found.sort_by_key(|(score, entry)| (!entry.is_enabled(situation), std::cmp::Reverse(*score)));
        found.into_iter().map(|(_, entry)| entry).collect()
    }
}

/// Returns how well a command fits all of the words; `None` if one is not in it.
fn score(entry: &CommandEntry, situation: &Situation<'_>, words: &mut Words) -> Option<u32> {
    words.score(&[
        Field::letters(entry.name, 4),
        Field::letters(entry.label(situation), 4),
        Field::whole(entry.help, 1),
    ])
}

/// Shows the palette.
pub(super) fn palette_ui(ui: &Ui, palette: &mut Palette, situation: &Situation<'_>, commands: &mut Vec<Command>) {
    let area = Modal::default_area(Id::unique("command palette")).anchor(Align2::CENTER_TOP, vec2(0.0, 60.0));
    let modal = Modal::new(Id::unique("command palette")).area(area).frame(frame(ui)).show(ui, |ui| {
        ui.set_width(WIDTH.min(ui.content_rect().width() - 60.0));
        let pressed = |ui: &Ui, key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let (enter, down, up) = (pressed(ui, Key::Enter), pressed(ui, Key::ArrowDown), pressed(ui, Key::ArrowUp));
        let field =
            TextEdit::singleline(&mut palette.text).hint_text("What do you want to do?").desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name("Find a command");
        if !field.has_focus() {
            field.request_focus();
        }
        if field.changed() {
            palette.chosen = 0;
        }
        let found = palette.found(situation);
        if !found.is_empty() {
            let n_found = found.len();
            palette.chosen = (palette.chosen + usize::from(down) + if up { n_found - 1 } else { 0 }) % n_found;
        }
        ui.add_space(4.0);
        let clicked = found_ui(ui, &found, palette.chosen, up || down, situation);
        let chosen = if enter { found.get(palette.chosen).copied() } else { None };
        clicked.or(chosen).filter(|entry| entry.is_enabled(situation))
    });
    if let Some(entry) = modal.inner {
        commands.push(Command::Answer(Answer::Command(entry.id.as_str())));
        commands.push((entry.command)(situation));
    } else if modal.should_close() {
        commands.push(Command::Answer(Answer::Cancel));
    }
}

fn found_ui(
    ui: &mut Ui,
    found: &[&'static CommandEntry],
    chosen: usize,
    moved: bool,
    situation: &Situation<'_>,
) -> Option<&'static CommandEntry> {
    if found.is_empty() {
        ui.add(Label::new(RichText::new("No command has these letters.").weak()));
    }
    let mut clicked = None;
    ui.spacing_mut().item_spacing.y = 1.0;
    let list = ScrollArea::vertical().max_height(HEIGHT).min_scrolled_height(HEIGHT).auto_shrink([false, true]);
    list.show(ui, |ui| {
        for (index, entry) in found.iter().enumerate() {
            let response = row_ui(ui, entry, situation, index == chosen);
            if moved && index == chosen {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                clicked = Some(*entry);
            }
        }
    });
    clicked
}
