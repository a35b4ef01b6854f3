//! The dialog in which commands are given other keys.

use egui::{
    Atom, Button, Event, Id, Key, KeyboardShortcut, Label, Modal, Modifiers, RichText, ScrollArea, TextEdit, Ui,
};

use super::{frame, shortcut_sheet::is_wanted};
use crate::editor::{
    Answer, Command,
    command_table::{self, CommandEntry, CommandId, KeySettings, Keymap, PRESETS, pressed},
    icons::{Icon, icon_button},
    theme,
};

/// The dialog: what is set, and what is being pressed.
pub(crate) struct KeysDialog {
    /// What is set; takes effect at once.
    pub(crate) settings: KeySettings,
    text: String,
    recording: Option<Recording>,
}

/// A command that waits for keys.
struct Recording {
    id: CommandId,
    /// Keep the keys it has.
    in_addition: bool,
    /// What was pressed, if another command has it.
    clash: Option<KeyboardShortcut>,
}

impl KeysDialog {
    pub(crate) const fn new(settings: KeySettings) -> Self {
        Self { settings, text: String::new(), recording: None }
    }

    /// Takes the keys that were pressed for the command that waits for them.
    fn record(&mut self, ui: &Ui) {
        let Some(recording) = self.recording.as_mut().filter(|recording| recording.clash.is_none()) else { return };
        let Some(shortcut) = ui.input_mut(|input| take_shortcut(&mut input.events)) else { return };
        if shortcut == KeyboardShortcut::new(Modifiers::NONE, Key::Escape) {
            self.recording = None;
            return;
        }
        let owner = Keymap::new(&self.settings).owner(shortcut);
        if owner.is_some_and(|owner| owner != recording.id) {
            recording.clash = Some(shortcut);
        } else {
            self.settings.give(recording.id, shortcut, recording.in_addition);
            self.recording = None;
        }
    }

    fn wait_for(&mut self, id: CommandId, in_addition: bool) {
        self.recording = Some(Recording { id, in_addition, clash: None });
    }
}

/// Takes the first key press out of the events, and the text that came with it. Copy, cut and paste are keys too.
fn take_shortcut(events: &mut Vec<Event>) -> Option<KeyboardShortcut> {
    let at = events.iter().position(|event| as_shortcut(event).is_some())?;
    let shortcut = as_shortcut(&events[at]);
    events.retain(|event| as_shortcut(event).is_none() && !matches!(event, Event::Text(_)));
    shortcut
}

fn as_shortcut(event: &Event) -> Option<KeyboardShortcut> {
    match event {
        Event::Key { key, pressed: true, modifiers, .. } => Some(pressed(*modifiers, *key)),
        Event::Copy => Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::C)),
        Event::Cut => Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::X)),
        Event::Paste(_) => Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::V)),
        _ => None,
    }
}

/// Shows the dialog.
pub(super) fn keys_ui(ui: &Ui, dialog: &mut KeysDialog, commands: &mut Vec<Command>) {
    let was_recording = dialog.recording.is_some();
    dialog.record(ui);
    let modal = Modal::new(Id::unique("keyboard shortcuts")).frame(frame(ui)).show(ui, |ui| {
        let room = ui.content_rect().size();
        ui.set_width(640.0_f32.min(room.x - 60.0));
        ui.label(RichText::new("Keyboard shortcuts").size(17.0).strong());
        ui.add_space(6.0);
        presets_ui(ui, &mut dialog.settings);
        let field =
            TextEdit::singleline(&mut dialog.text).hint_text("Search by name or key").desired_width(f32::INFINITY);
        ui.add(field).accessible_name("Search commands");
        ui.weak("Click a command, then press the keys it shall have.");
        ui.add_space(4.0);
        let keymap = Keymap::new(&dialog.settings);
        let wanted = dialog.text.trim().to_lowercase();
        let height = (room.y - 290.0).max(120.0);
        let list = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]);
        list.show(ui, |ui| {
            for (group, entries) in command_table::groups() {
                let fits = |entry: &&CommandEntry| {
                    let keys = keymap.keys(entry.id).iter().map(|key| ui.format_shortcut(key)).collect::<Vec<_>>();
                    is_wanted(&wanted, &[group, entry.name, &keys.join(" ")])
                };
                let shown: Vec<&CommandEntry> = entries.iter().filter(fits).collect();
                if !shown.is_empty() {
                    ui.add_space(8.0);
                    ui.label(RichText::new(group).strong().color(theme::tokens(ui).text_muted));
                }
                for entry in shown {
                    command_ui(ui, dialog, entry, &keymap);
                }
            }
        });
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            let reset = ui.add_enabled(dialog.settings.any_changed(), Button::new("Reset all"));
            if reset.on_hover_text("Give all commands the keys of the preset again").clicked() {
                dialog.settings.reset_all();
                dialog.recording = None;
            }
            if ui.button("Close").clicked() {
                commands.push(Command::Answer(Answer::Cancel));
            }
        });
    });
    if modal.should_close() && !was_recording {
        commands.push(Command::Answer(Answer::Cancel));
    }
}

fn presets_ui(ui: &mut Ui, settings: &mut KeySettings) {
    ui.horizontal(|ui| {
        ui.label("Keys as in");
        for preset in &PRESETS {
            let is_chosen = settings.preset().name == preset.name;
            if ui.selectable_label(is_chosen, preset.name).on_hover_text(preset.help).clicked() {
                settings.choose(preset);
            }
        }
    });
}

/// Shows a command with its keys, or waits for them.
fn command_ui(ui: &mut Ui, dialog: &mut KeysDialog, entry: &CommandEntry, keymap: &Keymap) {
    let recording = dialog.recording.as_ref().filter(|recording| recording.id == entry.id);
    let (waits, clash) = (recording.is_some(), recording.and_then(|recording| recording.clash));
    ui.horizontal(|ui| {
        let button = Button::selectable(waits, (entry.name, Atom::grow())).truncate();
        let name = ui.add_sized([230.0, ui.spacing().interact_size.y], button);
        if name.on_hover_text(entry.help).clicked() {
            dialog.wait_for(entry.id, false);
        }
        if waits && clash.is_none() {
            ui.colored_label(theme::tokens(ui).accent, "Press the keys, or Esc");
            return;
        }
        for key in keymap.keys(entry.id) {
            let words = ui.format_shortcut(key);
            ui.strong(&words);
            let take = icon_button(ui, Icon::Close, &format!("Remove {words} from {}", entry.name));
            if take.on_hover_text("Remove these keys").clicked() {
                dialog.settings.take(entry.id, *key);
            }
        }
        let more = icon_button(ui, Icon::Plus, &format!("More keys for {}", entry.name));
        if more.on_hover_text("Press further keys for the same command").clicked() {
            dialog.wait_for(entry.id, true);
        }
        if dialog.settings.is_changed(entry.id) {
            let reset = icon_button(ui, Icon::Undo, &format!("Reset {}", entry.name));
            if reset.on_hover_text("The keys of the preset again").clicked() {
                dialog.settings.reset(entry.id);
            }
        }
    });
    if let Some(shortcut) = clash {
        clash_ui(ui, dialog, shortcut, keymap);
    }
}

/// Says who has the keys, and asks who shall.
fn clash_ui(ui: &mut Ui, dialog: &mut KeysDialog, shortcut: KeyboardShortcut, keymap: &Keymap) {
    let Some(owner) = keymap.owner(shortcut).map(command_table::get) else { return };
    ui.horizontal_wrapped(|ui| {
        let said = format!("{} has {} already.", owner.name, ui.format_shortcut(&shortcut));
        ui.add(Label::new(RichText::new(said).color(theme::tokens(ui).stale)));
        if ui.button(format!("Take it from {}", owner.name)).clicked()
            && let Some(recording) = dialog.recording.take()
        {
            dialog.settings.give(recording.id, shortcut, recording.in_addition);
        }
        if ui.button("Leave it").clicked() {
            dialog.recording = None;
        }
    });
}
