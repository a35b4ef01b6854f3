//! The one table of commands, from which menus, toolbar, buttons and shortcuts are drawn, so that none can drift.
//!
//! Each group of commands has a file of its own with its slice of the table. What a command needs is told in words as
//! well, so that whoever finds it greyed can be told why.

mod add;
mod arrange;
mod edit;
mod file;
mod help;
mod keymap;
mod marks;
mod presets;
mod run;
mod shortcuts;
mod situation;
mod tabs;
mod view;
mod wire;

use egui::{Key, KeyboardShortcut, Modifiers};

pub(crate) use self::{
    arrange::FRAME_COLORS,
    keymap::{KeySettings, Keymap, pressed},
    presets::PRESETS,
    shortcuts::{CanvasKeys, ask_for_paste, note_menus, shortcuts},
    situation::{Need, Situation, TabsStand},
};
use super::{Command, icons::Icon};

/// Declares the ids together with the list of them all.
macro_rules! command_ids {
    ($($id:ident),* $(,)?) => {
        /// Names an entry of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum CommandId {
            $($id),*
        }

        impl CommandId {
            /// All ids.
            pub(crate) const ALL: &[Self] = &[$(Self::$id),*];

            /// Returns the name by which the settings know it, which never changes.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$id => stringify!($id)),*
                }
            }

            /// Returns the id of a name.
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|id| id.as_str() == name)
            }
        }
    };
}

command_ids! {
    New, Open, Save, SaveAs, Welcome, Quit,
    NextTab, PreviousTab, CloseTab, ReopenTab, MoveTabLeft, MoveTabRight, ReopenTabsOnStart,
    Undo, Redo, Cut, Copy, Paste, PasteConnected, Duplicate, Delete, DeleteAndHeal, SelectAll, Rename,
    SearchNodes,
    Run, Resume, DryRun, DryResume, Stop, Pause, GoOn, Step,
    RunToHere, ResumeToHere, RunSelection, ResumeSelection, RunFromHere, ResumeFromHere, ToggleBreakpoint,
    PinResults, PinUntilChange, Unpin, UnpinDownstream, Keep, Refresh,
    EditPinnedValue, CompareWithFresh, ReplaceWithConstant, TakeOverPins, Force, Disable,
    FitSelected, FitAll, ZoomReset, History, Problems, Effects, Timeline, BackFromRun, TogglePlan, FollowRunning, ToggleTheme,
    LibraryPanel, InspectorPanel, BottomPanel, ResetLayout, Larger, Smaller, NormalSize,
    OpenResults, OpenInWindow, ShowIterations, AllIterations, ShowStatistics, ShowWhy,
    OpenMenu, WalkLeft, WalkRight, WalkUp, WalkDown,
    NudgeLeft, NudgeRight, NudgeUp, NudgeDown,
    Tidy, OfferAlign, AlignLeft, AlignRight, AlignTop, AlignBottom, AlignRow, AlignColumn,
    SpreadHorizontally, SpreadVertically, FrameNodes, Group, SelectInFrame,
    FrameGrey, FrameBlue, FrameGreen, FrameAmber, FrameRed, FrameViolet, Comment, Collapse,
    SelectUpstream, SelectDownstream, Find, Minimap,
    Disconnect, AddBend, RemoveBends, Straighten,
    Palette, ShortcutSheet, EditShortcuts, Tour, Guide,
}

/// Where keys count while a text field has the focus. Esc and Tab, which also lead out of fields and menus, count only
/// when nothing has the focus and no menu is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Everywhere, also while typing.
    Everywhere,
    /// Not while typing: the keys are the text field's.
    NotWhileTyping,
    /// Where something on the canvas has the focus, or nothing has.
    OnCanvas,
}

/// A command as people meet it.
pub(crate) struct CommandEntry {
    pub(crate) id: CommandId,
    /// What it is called, whatever the situation.
    pub(crate) name: &'static str,
    /// What buttons and menus say, if that depends on the situation.
    name_in: Option<fn(&Situation<'_>) -> &'static str>,
    /// One sentence for the tooltip.
    pub(crate) help: &'static str,
    pub(crate) icon: Option<Icon>,
    /// The keys it has unless a preset or a person gives it others.
    pub(crate) shortcuts: &'static [KeyboardShortcut],
    pub(crate) reach: Reach,
    /// Keys that are held down count again and again.
    pub(crate) repeats: bool,
    /// All that must be so.
    needs: &'static [Need],
    pub(crate) command: fn(&Situation<'_>) -> Command,
}

impl CommandEntry {
    /// Returns an entry without an icon, whose keys count while nobody types.
    const fn new(
        id: CommandId,
        (name, help): (&'static str, &'static str),
        needs: &'static [Need],
        command: fn(&Situation<'_>) -> Command,
    ) -> Self {
        Self {
            id,
            name,
            name_in: None,
            help,
            icon: None,
            shortcuts: &[],
            reach: Reach::NotWhileTyping,
            repeats: false,
            needs,
            command,
        }
    }

    const fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    const fn keys(mut self, shortcuts: &'static [KeyboardShortcut]) -> Self {
        self.shortcuts = shortcuts;
        self
    }

    const fn everywhere(mut self) -> Self {
        self.reach = Reach::Everywhere;
        self
    }

    const fn on_canvas(mut self) -> Self {
        self.reach = Reach::OnCanvas;
        self
    }

    const fn repeating(mut self) -> Self {
        self.repeats = true;
        self
    }

    const fn named_in(mut self, name: fn(&Situation<'_>) -> &'static str) -> Self {
        self.name_in = Some(name);
        self
    }

    /// Returns what buttons and menus say.
    pub(crate) fn label(&self, situation: &Situation<'_>) -> &'static str {
        self.name_in.map_or(self.name, |name| name(situation))
    }

    /// Returns why the command cannot be carried out now; `None` if it can.
    pub(crate) fn missing(&self, situation: &Situation<'_>) -> Option<Need> {
        self.needs.iter().copied().find(|need| !need.is_met(situation))
    }

    /// Returns whether the command can be carried out now.
    pub(crate) fn is_enabled(&self, situation: &Situation<'_>) -> bool {
        self.missing(situation).is_none()
    }

    /// Returns the tooltip: the sentence and the shortcuts.
    pub(crate) fn tooltip(&self, ctx: &egui::Context) -> String {
        match self.shortcut_text(ctx) {
            text if text.is_empty() => self.help.to_owned(),
            text => format!("{} ({text})", self.help),
        }
    }

    /// Returns the keys in force in words.
    pub(crate) fn shortcut_text(&self, ctx: &egui::Context) -> String {
        let keymap = Keymap::of(ctx);
        let names: Vec<String> = keymap.keys(self.id).iter().map(|shortcut| ctx.format_shortcut(shortcut)).collect();
        names.join(" or ")
    }
}

const fn key(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

/// The table: groups of commands, in the order people are shown them.
const GROUPS: [(&str, &[CommandEntry]); 10] = [
    ("File", file::COMMANDS),
    ("Tabs", tabs::COMMANDS),
    ("Edit", edit::COMMANDS),
    ("Add", add::COMMANDS),
    ("Run", run::COMMANDS),
    ("Marks", marks::COMMANDS),
    ("Arrange", arrange::COMMANDS),
    ("Wires", wire::COMMANDS),
    ("View", view::COMMANDS),
    ("Help", help::COMMANDS),
];

/// Returns the groups with their names.
pub(crate) fn groups() -> impl Iterator<Item = (&'static str, &'static [CommandEntry])> {
    GROUPS.into_iter()
}

/// Returns all commands.
pub(crate) fn all() -> impl Iterator<Item = &'static CommandEntry> {
    GROUPS.into_iter().flat_map(|(_, entries)| entries)
}

/// Returns an entry.
pub(crate) fn get(id: CommandId) -> &'static CommandEntry {
    all().find(|entry| entry.id == id).expect("a test makes sure that every id has an entry")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_command_has_one_entry() {
        for id in CommandId::ALL {
            assert_eq!(all().filter(|entry| entry.id == *id).count(), 1, "{id:?}");
        }
    }

    #[test]
    fn keys_are_not_shared() {
        let mut taken = BTreeMap::new();
        for entry in all() {
            for shortcut in entry.shortcuts {
                let before = taken.insert(format!("{shortcut:?}"), entry.name);
                assert_eq!(before, None, "{} has the keys of another", entry.name);
            }
        }
    }
}
