//! Which keys each command has: those of its entry, those of a preset, or those a person gave it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use egui::{Key, KeyboardShortcut, Modifiers};
use serde::{Deserialize, Serialize};

use super::{
    CommandId, all,
    presets::{PRESETS, Preset},
};

/// What a person set about keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct KeySettings {
    /// The preset's name; one that is unknown counts as the first.
    preset: String,
    /// By the ids of commands, the keys a person gave them, such as `Ctrl+Shift+Z`. What this program does not know is
    /// kept as it is.
    changed: BTreeMap<String, Vec<String>>,
}

impl KeySettings {
    /// Returns the preset that was chosen.
    pub(crate) fn preset(&self) -> &'static Preset {
        PRESETS.iter().find(|preset| preset.name == self.preset).unwrap_or(&PRESETS[0])
    }

    /// Chooses a preset; what was changed by hand stays.
    pub(crate) fn choose(&mut self, preset: &Preset) {
        preset.name.clone_into(&mut self.preset);
    }

    /// Returns whether a person gave the command its keys.
    pub(crate) fn is_changed(&self, id: CommandId) -> bool {
        self.changed.contains_key(id.as_str())
    }

    /// Returns whether a person gave any command its keys.
    pub(crate) fn any_changed(&self) -> bool {
        CommandId::ALL.iter().any(|id| self.is_changed(*id))
    }

    /// Gives a command these keys and no others.
    pub(crate) fn set(&mut self, id: CommandId, keys: &[KeyboardShortcut]) {
        self.changed.insert(id.as_str().to_owned(), keys.iter().copied().map(in_words).collect());
    }

    /// Gives a command one more key, or that one alone; whoever had it loses it.
    pub(crate) fn give(&mut self, id: CommandId, shortcut: KeyboardShortcut, in_addition: bool) {
        let keymap = Keymap::new(self);
        if let Some(owner) = keymap.owner(shortcut).filter(|owner| *owner != id) {
            let left: Vec<_> = keymap.keys(owner).iter().copied().filter(|key| *key != shortcut).collect();
            self.set(owner, &left);
        }
        let mut keys = if in_addition { keymap.keys(id).to_vec() } else { Vec::new() };
        if !keys.contains(&shortcut) {
            keys.push(shortcut);
        }
        self.set(id, &keys);
    }

    /// Takes a key from a command.
    pub(crate) fn take(&mut self, id: CommandId, shortcut: KeyboardShortcut) {
        let left: Vec<_> = Keymap::new(self).keys(id).iter().copied().filter(|key| *key != shortcut).collect();
        self.set(id, &left);
    }

    /// Gives a command the keys of the preset again.
    pub(crate) fn reset(&mut self, id: CommandId) {
        self.changed.remove(id.as_str());
    }

    /// Gives all commands the keys of the preset again.
    pub(crate) fn reset_all(&mut self) {
        for id in CommandId::ALL {
            self.reset(*id);
        }
    }
}

/// The keys in force: no two commands share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keymap(BTreeMap<CommandId, Vec<KeyboardShortcut>>);

impl Default for Keymap {
    fn default() -> Self {
        Self::new(&KeySettings::default())
    }
}

impl Keymap {
    /// Returns the keys that follow from what a person set. Where two commands would share a key, it goes to the one that
    /// a person gave it, else to the one the preset gives it.
    pub(crate) fn new(settings: &KeySettings) -> Self {
        let preset = settings.preset();
        let by_hand = |id: CommandId| {
            let keys = settings.changed.get(id.as_str())?;
            Some(keys.iter().filter_map(|words| read(words)).collect::<Vec<_>>())
        };
        let by_preset = |id: CommandId| preset.keys.iter().find(|(of, _)| *of == id).map(|(_, keys)| keys.to_vec());
        let mut ranked: Vec<(u8, CommandId, Vec<KeyboardShortcut>)> = all()
            .map(|entry| match (by_hand(entry.id), by_preset(entry.id)) {
                (Some(keys), _) => (0, entry.id, keys),
                (None, Some(keys)) => (1, entry.id, keys),
                (None, None) => (2, entry.id, entry.shortcuts.to_vec()),
            })
            .collect();
        ranked.sort_by_key(|(rank, _, _)| *rank);
        let mut taken = BTreeSet::new();
        let free = ranked.into_iter().map(|(_, id, mut keys)| {
            keys.retain(|key| taken.insert(in_words(*key)));
            (id, keys)
        });
        Self(free.collect())
    }

    /// Returns the keys of a command.
    pub(crate) fn keys(&self, id: CommandId) -> &[KeyboardShortcut] {
        self.0.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Returns the command that has a key.
    pub(crate) fn owner(&self, shortcut: KeyboardShortcut) -> Option<CommandId> {
        self.0.iter().find(|(_, keys)| keys.contains(&shortcut)).map(|(id, _)| *id)
    }

    /// Makes these the keys in force in a window.
    pub(crate) fn install(self, ctx: &egui::Context) {
        ctx.data_mut(|data| data.insert_temp(keymap_id(), Arc::new(self)));
    }

    /// Returns the keys in force in a window.
    pub(crate) fn of(ctx: &egui::Context) -> Arc<Self> {
        if let Some(keymap) = ctx.data(|data| data.get_temp::<Arc<Self>>(keymap_id())) {
            return keymap;
        }
        Self::default().install(ctx);
        Self::of(ctx)
    }
}

fn keymap_id() -> egui::Id {
    egui::Id::unique("keys in force")
}

/// Returns a shortcut as the settings have it; `Ctrl` is the command key on a Mac.
fn in_words(shortcut: KeyboardShortcut) -> String {
    let KeyboardShortcut { modifiers, logical_key } = shortcut;
    let mut words = String::new();
    for (is_held, name) in [
        (modifiers.command, "Ctrl+"),
        (modifiers.ctrl && !modifiers.command, "MacCtrl+"),
        (modifiers.alt, "Alt+"),
        (modifiers.shift, "Shift+"),
    ] {
        if is_held {
            words.push_str(name);
        }
    }
    words + logical_key.name()
}

fn read(words: &str) -> Option<KeyboardShortcut> {
    let mut modifiers = Modifiers::NONE;
    let mut rest = words;
    for (name, modifier) in [
        ("Ctrl+", Modifiers::COMMAND),
        ("MacCtrl+", Modifiers::CTRL),
        ("Alt+", Modifiers::ALT),
        ("Shift+", Modifiers::SHIFT),
    ] {
        if let Some(after) = rest.strip_prefix(name) {
            modifiers = modifiers.plus(modifier);
            rest = after;
        }
    }
    Some(KeyboardShortcut::new(modifiers, Key::from_name(rest)?))
}

/// Returns the shortcut that a key press is.
pub(crate) fn pressed(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
    let mut named = Modifiers { alt: modifiers.alt, shift: modifiers.shift, ..Modifiers::NONE };
    if modifiers.command {
        named = named.plus(Modifiers::COMMAND);
    } else if modifiers.ctrl {
        named = named.plus(Modifiers::CTRL);
    }
    KeyboardShortcut::new(named, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(settings: &KeySettings, id: CommandId) -> Vec<String> {
        Keymap::new(settings).keys(id).iter().copied().map(in_words).collect()
    }

    fn shortcut(words: &str) -> KeyboardShortcut {
        read(words).unwrap()
    }

    #[test]
    fn every_shortcut_is_read_back_from_its_words() {
        for entry in all() {
            for key in entry.shortcuts {
                assert_eq!(read(&in_words(*key)), Some(*key));
            }
        }
        assert_eq!(in_words(pressed(Modifiers::CTRL | Modifiers::COMMAND | Modifiers::SHIFT, Key::Z)), "Ctrl+Shift+Z");
        assert_eq!(read("Ctrl+Nonsense"), None);
    }

    #[test]
    fn a_key_that_is_given_away_is_taken_from_its_owner() {
        let mut settings = KeySettings::default();
        settings.give(CommandId::FitAll, shortcut("Delete"), false);
        assert_eq!(keys(&settings, CommandId::FitAll), ["Delete"]);
        assert_eq!(keys(&settings, CommandId::Delete), ["Backspace"]);
        settings.give(CommandId::FitAll, shortcut("Ctrl+9"), true);
        assert_eq!(keys(&settings, CommandId::FitAll), ["Delete", "Ctrl+9"]);
        settings.take(CommandId::FitAll, shortcut("Delete"));
        assert_eq!(keys(&settings, CommandId::FitAll), ["Ctrl+9"]);
        settings.reset_all();
        assert_eq!(keys(&settings, CommandId::FitAll), ["Home"]);
        assert_eq!(keys(&settings, CommandId::Delete), ["Delete", "Backspace"]);
        assert!(!settings.any_changed());
    }

    #[test]
    fn no_preset_gives_a_key_twice() {
        for preset in PRESETS {
            let mut taken = BTreeMap::new();
            for (id, keys) in preset.keys {
                for key in *keys {
                    let before = taken.insert(in_words(*key), *id);
                    assert_eq!(before, None, "{}: {id:?}", preset.name);
                }
            }
        }
    }

    #[test]
    fn a_preset_takes_keys_from_defaults_and_a_hand_from_a_preset() {
        let mut settings = KeySettings::default();
        settings.choose(&PRESETS[1]);
        assert_eq!(settings.preset().name, "Blender");
        assert_eq!(keys(&settings, CommandId::Duplicate), ["Shift+D"]);
        settings.give(CommandId::FitAll, shortcut("Shift+D"), false);
        assert_eq!(keys(&settings, CommandId::Duplicate), [""; 0]);
        settings.reset(CommandId::Duplicate);
        assert_eq!(keys(&settings, CommandId::Duplicate), [""; 0], "a hand counts for more than a preset");
    }

    #[test]
    fn what_is_unknown_is_kept() {
        let text = r#"(preset: "Emacs", changed: {"Fly": ["Ctrl+Warp"], "Run": ["F1"]})"#;
        let mut settings: KeySettings = ron::from_str(text).unwrap();
        assert_eq!(settings.preset().name, "Pinflow");
        assert_eq!(keys(&settings, CommandId::Run), ["F1"]);
        settings.reset_all();
        let written = ron::to_string(&settings).unwrap();
        assert!(written.contains("Fly") && written.contains("Ctrl+Warp") && !written.contains("Run"), "{written}");
    }
}
