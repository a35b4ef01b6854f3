//! Keys as the hands of people know them who come from other programs.
//!
//! Only what those programs really have is here; a command they do not know keeps its own keys, unless the preset gives
//! these to another.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::{CommandId as Id, ctrl, ctrl_shift, key, shift};

/// Keys for some of the commands.
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    /// One sentence about it.
    pub(crate) help: &'static str,
    pub(super) keys: &'static [(Id, &'static [KeyboardShortcut])],
}

const CTRL_ALT: Modifiers = Modifiers::COMMAND.plus(Modifiers::ALT);

/// All presets, our own first.
pub(crate) const PRESETS: [Preset; 3] = [
    Preset { name: "Pinflow", help: "The keys of this program", keys: &[] },
    Preset {
        name: "Blender",
        help: "As in Blender's node editor: Shift+A adds, Shift+D duplicates, X deletes, A selects all, F12 runs",
        keys: &[
            (Id::SearchNodes, &[shift(Key::A)]),
            (Id::Duplicate, &[shift(Key::D)]),
            (Id::Delete, &[key(Key::X), key(Key::Delete)]),
            (Id::SelectAll, &[key(Key::A)]),
            (Id::Disable, &[key(Key::M)]),
            (Id::Redo, &[ctrl_shift(Key::Z)]),
            (Id::FitAll, &[key(Key::Home)]),
            (Id::FitSelected, &[key(Key::Period)]),
            (Id::InspectorPanel, &[key(Key::N)]),
            (Id::LibraryPanel, &[key(Key::T)]),
            (Id::Run, &[key(Key::F12)]),
            (Id::Stop, &[key(Key::Escape)]),
            (Id::Palette, &[key(Key::F3)]),
            (Id::EditShortcuts, &[ctrl(Key::Comma)]),
        ],
    },
    Preset {
        name: "ComfyUI",
        help: "As in ComfyUI: Ctrl+B and Ctrl+M disable, . shows the selection, N the library, Ctrl+Alt+Enter stops",
        keys: &[
            (Id::Run, &[ctrl(Key::Enter)]),
            (Id::Stop, &[KeyboardShortcut::new(CTRL_ALT, Key::Enter), key(Key::Escape)]),
            (Id::Disable, &[ctrl(Key::B), ctrl(Key::M)]),
            (Id::FitSelected, &[key(Key::Period)]),
            (Id::LibraryPanel, &[key(Key::N)]),
            (Id::BottomPanel, &[ctrl(Key::Backtick)]),
            (Id::ShortcutSheet, &[ctrl_shift(Key::K)]),
            (Id::EditShortcuts, &[ctrl(Key::Comma)]),
        ],
    },
];
