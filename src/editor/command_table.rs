//! The one table of commands, from which toolbar, menus and shortcuts are drawn, so that none can drift.

use egui::{Key, KeyboardShortcut, Modifiers};

use self::{
    CommandId as Id,
    Reach::{Everywhere, NotWhileTyping},
};
use super::{Command, MarkRequest, Tab, icons::Icon, settings::RunOptions};
use crate::{session::PinPolicy, store::RunKind, workflow::NodeId};

/// What a command's being enabled depends on, and what it acts upon.
#[expect(clippy::struct_excessive_bools, reason = "facts that do not exclude each other")]
#[derive(Clone, Debug, Default)]
pub(crate) struct Situation {
    /// A workflow is open.
    pub(crate) open: bool,
    /// What undo would take back.
    pub(crate) undo: Option<String>,
    /// What redo would do again.
    pub(crate) redo: Option<String>,
    /// A run goes on.
    pub(crate) running: bool,
    /// The run is paused.
    pub(crate) paused: bool,
    /// An earlier run is shown, which cannot be changed.
    pub(crate) past: bool,
    /// What runs may leave out.
    pub(crate) run_options: RunOptions,
    /// The workflow has nodes.
    pub(crate) any_nodes: bool,
    /// The selected nodes.
    pub(crate) selected: Vec<NodeId>,
    /// How long Run takes, if anybody knows.
    pub(crate) run_takes: Option<String>,
    /// How long Resume takes, if anybody knows.
    pub(crate) resume_takes: Option<String>,
}

/// Names an entry of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum CommandId {
    New,
    Open,
    Save,
    SaveAs,
    Welcome,
    Quit,
    Undo,
    Redo,
    Cut,
    Copy,
    Duplicate,
    Delete,
    DeleteAndHeal,
    SelectAll,
    Rename,
    SearchNodes,
    Run,
    Resume,
    Stop,
    Pause,
    GoOn,
    Step,
    RunToHere,
    ResumeToHere,
    RunSelection,
    ResumeSelection,
    RunFromHere,
    ResumeFromHere,
    ToggleBreakpoint,
    PinResults,
    PinUntilChange,
    Unpin,
    Force,
    Disable,
    FitSelected,
    FitAll,
    ZoomReset,
    History,
    BackFromRun,
    TogglePlan,
    ToggleTheme,
}

/// Where keys count while a text field has the focus. Esc and Tab, which also lead out of fields and menus, count only
/// when nothing has the focus and no menu is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Everywhere, also while typing.
    Everywhere,
    /// Not while typing: the keys are the text field's.
    NotWhileTyping,
}

/// A command as people meet it.
pub(crate) struct CommandEntry {
    pub(crate) id: CommandId,
    /// What buttons and menus say, and what screen readers and tests call it.
    pub(crate) name: &'static str,
    /// One sentence for the tooltip.
    pub(crate) help: &'static str,
    pub(crate) icon: Option<Icon>,
    pub(crate) shortcuts: &'static [KeyboardShortcut],
    pub(crate) reach: Reach,
    pub(crate) enabled: fn(&Situation) -> bool,
    pub(crate) command: fn(&Situation) -> Command,
}

impl CommandEntry {
    /// Returns the tooltip: the sentence and the shortcuts.
    pub(crate) fn tooltip(&self, ctx: &egui::Context) -> String {
        match self.shortcut_text(ctx) {
            text if text.is_empty() => self.help.to_owned(),
            text => format!("{} ({text})", self.help),
        }
    }

    /// Returns the shortcuts in words.
    pub(crate) fn shortcut_text(&self, ctx: &egui::Context) -> String {
        let names: Vec<String> = self.shortcuts.iter().map(|shortcut| ctx.format_shortcut(shortcut)).collect();
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

const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

fn always(_: &Situation) -> bool {
    true
}

fn open(situation: &Situation) -> bool {
    situation.open
}

fn any_selected(situation: &Situation) -> bool {
    situation.open && !situation.selected.is_empty()
}

fn any_nodes(situation: &Situation) -> bool {
    situation.open && situation.any_nodes
}

fn can_run(situation: &Situation) -> bool {
    any_nodes(situation) && !situation.running && !situation.past
}

fn can_change(situation: &Situation) -> bool {
    situation.open && !situation.past
}

fn can_change_selected(situation: &Situation) -> bool {
    any_selected(situation) && !situation.past
}

fn mark(situation: &Situation, request: MarkRequest) -> Command {
    Command::Mark(situation.selected.clone(), request)
}

/// Shorthand for an entry; the icon is set with [`with_icon`].
const fn entry(
    id: CommandId,
    (name, help): (&'static str, &'static str),
    shortcuts: &'static [KeyboardShortcut],
    reach: Reach,
    enabled: fn(&Situation) -> bool,
    command: fn(&Situation) -> Command,
) -> CommandEntry {
    CommandEntry { id, name, help, icon: None, shortcuts, reach, enabled, command }
}

const fn with_icon(icon: Icon, mut entry: CommandEntry) -> CommandEntry {
    entry.icon = Some(icon);
    entry
}

/// All commands that have a name.
pub(crate) static TABLE: [CommandEntry; 41] = [
    with_icon(
        Icon::New,
        entry(Id::New, ("New", "Start a new workflow"), &[ctrl(Key::N)], Everywhere, always, |_| Command::New),
    ),
    with_icon(
        Icon::Open,
        entry(Id::Open, ("Open", "Open a workflow"), &[ctrl(Key::O)], Everywhere, always, |_| Command::OpenDialog),
    ),
    with_icon(
        Icon::Save,
        entry(Id::Save, ("Save", "Save the workflow"), &[ctrl(Key::S)], Everywhere, open, |_| Command::Save),
    ),
    entry(
        Id::SaveAs,
        ("Save as…", "Save the workflow to another file"),
        &[ctrl_shift(Key::S)],
        Everywhere,
        open,
        |_| Command::SaveAs,
    ),
    entry(Id::Welcome, ("Welcome screen", "Show examples and recent files"), &[], Everywhere, open, |_| {
        Command::Welcome
    }),
    entry(Id::Quit, ("Quit", "Close the program"), &[], Everywhere, always, |_| Command::Quit),
    with_icon(
        Icon::Undo,
        entry(
            Id::Undo,
            ("Undo", "Take back the newest step"),
            &[ctrl(Key::Z)],
            NotWhileTyping,
            |situation| situation.undo.is_some() && !situation.past,
            |_| Command::Undo,
        ),
    ),
    with_icon(
        Icon::Redo,
        entry(
            Id::Redo,
            ("Redo", "Do again what was taken back"),
            &[ctrl_shift(Key::Z), ctrl(Key::Y)],
            NotWhileTyping,
            |situation| situation.redo.is_some() && !situation.past,
            |_| Command::Redo,
        ),
    ),
    entry(
        Id::Cut,
        ("Cut", "Copy the selected nodes and remove them"),
        &[],
        NotWhileTyping,
        can_change_selected,
        |_| Command::Cut,
    ),
    entry(Id::Copy, ("Copy", "Put the selected nodes on the clipboard"), &[], NotWhileTyping, any_selected, |_| {
        Command::Copy
    }),
    entry(
        Id::Duplicate,
        ("Duplicate", "Add a copy of the selected nodes beside them"),
        &[ctrl(Key::D)],
        NotWhileTyping,
        can_change_selected,
        |_| Command::Duplicate,
    ),
    entry(
        Id::Delete,
        ("Delete", "Remove the selected nodes"),
        &[key(Key::Delete), key(Key::Backspace)],
        NotWhileTyping,
        can_change_selected,
        |_| Command::DeleteSelected,
    ),
    entry(
        Id::DeleteAndHeal,
        ("Delete and heal", "Remove the selected nodes and connect what they fed to what fed them, where it fits"),
        &[ctrl(Key::Delete), ctrl(Key::Backspace)],
        NotWhileTyping,
        can_change_selected,
        |_| Command::DeleteAndHeal,
    ),
    entry(Id::SelectAll, ("Select all", "Select all nodes"), &[ctrl(Key::A)], NotWhileTyping, any_nodes, |_| {
        Command::SelectAll
    }),
    entry(
        Id::Rename,
        ("Rename", "Give the selected node another title"),
        &[key(Key::F2)],
        NotWhileTyping,
        |situation| can_change(situation) && situation.selected.len() == 1,
        |situation| situation.selected.first().map_or(Command::SelectAll, |node| Command::Rename(node.clone())),
    ),
    with_icon(
        Icon::Search,
        entry(
            Id::SearchNodes,
            ("Add node…", "Search for a node to add at the pointer"),
            &[shift(Key::A), key(Key::Tab)],
            NotWhileTyping,
            can_change,
            |_| Command::SearchNodes,
        ),
    ),
    with_icon(
        Icon::Run,
        entry(
            Id::Run,
            ("Run", "Execute every node that has no mark"),
            &[ctrl(Key::Enter)],
            Everywhere,
            can_run,
            |_| Command::Run(RunKind::Standard),
        ),
    ),
    with_icon(
        Icon::Resume,
        entry(
            Id::Resume,
            ("Resume", "Execute only what must be; the rest reuses its results"),
            &[shift(Key::Enter)],
            NotWhileTyping,
            can_run,
            |_| Command::Run(RunKind::Resumed),
        ),
    ),
    with_icon(
        Icon::Stop,
        entry(
            Id::Stop,
            ("Stop", "Stop the run; what has finished is kept"),
            &[key(Key::F6), key(Key::Escape)],
            Everywhere,
            |situation| situation.running,
            |_| Command::Stop,
        ),
    ),
    with_icon(
        Icon::Pause,
        entry(
            Id::Pause,
            ("Pause", "Pause the run: running nodes finish, nothing else starts"),
            &[key(Key::F8)],
            Everywhere,
            |situation| situation.running && !situation.paused,
            |_| Command::Pause,
        ),
    ),
    with_icon(
        Icon::Resume,
        entry(
            Id::GoOn,
            ("Continue", "Let the paused run go on to the next breakpoint"),
            &[key(Key::F5)],
            Everywhere,
            |situation| situation.paused,
            |_| Command::GoOn,
        ),
    ),
    with_icon(
        Icon::Step,
        entry(
            Id::Step,
            ("Step", "Execute one node and pause again; without a run, resume and pause before the first node"),
            &[key(Key::F10)],
            Everywhere,
            |situation| situation.running || can_run(situation),
            |_| Command::Step,
        ),
    ),
    entry(
        Id::RunToHere,
        ("Run to here", "Run the selected nodes and what they need"),
        &[],
        NotWhileTyping,
        |situation| can_run(situation) && any_selected(situation),
        |situation| Command::RunTo(RunKind::Standard, situation.selected.clone()),
    ),
    entry(
        Id::ResumeToHere,
        ("Resume to here", "Resume the selected nodes and what they need"),
        &[],
        NotWhileTyping,
        |situation| can_run(situation) && any_selected(situation),
        |situation| Command::RunTo(RunKind::Resumed, situation.selected.clone()),
    ),
    entry(
        Id::RunSelection,
        ("Run selection", "Execute only the selected nodes; what they need gives its last results"),
        &[],
        NotWhileTyping,
        |situation| can_run(situation) && any_selected(situation),
        |situation| Command::RunOnly(RunKind::Standard, situation.selected.clone()),
    ),
    entry(
        Id::ResumeSelection,
        ("Resume selection", "Execute of the selected nodes what must be; what they need gives its last results"),
        &[],
        NotWhileTyping,
        |situation| can_run(situation) && any_selected(situation),
        |situation| Command::RunOnly(RunKind::Resumed, situation.selected.clone()),
    ),
    entry(
        Id::RunFromHere,
        ("Run from here", "Run the selected nodes and all below them; what they need gives its last results"),
        &[],
        NotWhileTyping,
        |situation| can_run(situation) && any_selected(situation),
        |situation| Command::RunFrom(RunKind::Standard, situation.selected.clone()),
    ),
    entry(
        Id::ResumeFromHere,
        ("Resume from here", "Resume the selected nodes and all below them; what they need gives its last results"),
        &[],
        NotWhileTyping,
        |situation| can_run(situation) && any_selected(situation),
        |situation| Command::RunFrom(RunKind::Resumed, situation.selected.clone()),
    ),
    with_icon(
        Icon::Breakpoint,
        entry(
            Id::ToggleBreakpoint,
            ("Breakpoint", "Pause runs before the selected nodes, or no longer"),
            &[key(Key::F9)],
            Everywhere,
            can_change_selected,
            |situation| Command::ToggleBreakpoint(situation.selected.clone()),
        ),
    ),
    with_icon(
        Icon::PinFilled,
        entry(
            Id::PinResults,
            ("Pin Results", "Keep the results of the selected nodes until they are unpinned"),
            &[key(Key::P)],
            NotWhileTyping,
            any_selected,
            |situation| mark(situation, MarkRequest::Pin(PinPolicy::Hold)),
        ),
    ),
    entry(
        Id::PinUntilChange,
        ("Pin until something changes", "Keep the results until what they came from changes"),
        &[],
        NotWhileTyping,
        any_selected,
        |situation| mark(situation, MarkRequest::Pin(PinPolicy::Follow)),
    ),
    entry(
        Id::Unpin,
        ("Unpin", "Take the pins of the selected nodes away"),
        &[],
        NotWhileTyping,
        can_change_selected,
        |s| mark(s, MarkRequest::Unpin),
    ),
    with_icon(
        Icon::Force,
        entry(
            Id::Force,
            ("Force Execution", "Always execute the selected nodes, or no longer"),
            &[],
            NotWhileTyping,
            can_change_selected,
            |situation| mark(situation, MarkRequest::ToggleForce),
        ),
    ),
    with_icon(
        Icon::Disable,
        entry(
            Id::Disable,
            ("Disable / Enable", "Leave the selected nodes out of runs, or no longer"),
            &[ctrl(Key::E), key(Key::M)],
            NotWhileTyping,
            can_change_selected,
            |situation| mark(situation, MarkRequest::ToggleDisable),
        ),
    ),
    entry(
        Id::FitSelected,
        ("Show selection", "Bring the selected nodes into view"),
        &[key(Key::F)],
        NotWhileTyping,
        any_selected,
        |_| Command::FitSelected,
    ),
    entry(Id::FitAll, ("Show all", "Bring all nodes into view"), &[key(Key::Home)], NotWhileTyping, any_nodes, |_| {
        Command::FitAll
    }),
    entry(
        Id::ZoomReset,
        ("Zoom to 100 %", "Show nodes in their own size"),
        &[key(Key::Num0)],
        NotWhileTyping,
        open,
        |_| Command::ZoomReset,
    ),
    entry(
        Id::History,
        ("Run history", "List the earlier runs of this workflow"),
        &[ctrl(Key::H)],
        NotWhileTyping,
        open,
        |_| Command::ShowTab(Tab::History),
    ),
    entry(
        Id::BackFromRun,
        ("Back to the workflow", "Show the workflow as it is now, in place of an earlier run"),
        &[],
        NotWhileTyping,
        |situation| situation.past,
        |_| Command::CloseRun,
    ),
    entry(
        Id::TogglePlan,
        ("Show plan", "Show on the canvas what Resume would do, or no longer"),
        &[],
        NotWhileTyping,
        open,
        |_| Command::TogglePlan,
    ),
    entry(Id::ToggleTheme, ("Theme", "Switch between light and dark"), &[], NotWhileTyping, always, |_| {
        Command::ToggleTheme
    }),
];

/// Returns an entry.
pub(crate) fn get(id: CommandId) -> &'static CommandEntry {
    TABLE.iter().find(|entry| entry.id == id).expect("a test makes sure that every id has an entry")
}

fn menus_id() -> egui::Id {
    egui::Id::unique("menus were open")
}

/// Notes at the end of a frame whether any menu is open, for the keys of the next one.
pub(crate) fn note_menus(ctx: &egui::Context) {
    let any = ctx.any_popup_open();
    ctx.data_mut(|data| data.insert_temp(menus_id(), any));
}

/// Pushes the commands whose keys were pressed, and the clipboard's.
pub(crate) fn shortcuts(ctx: &egui::Context, situation: &Situation, commands: &mut Vec<Command>) {
    let typing = ctx.text_edit_focused();
    // In this frame no menu is drawn yet: the frame before knows.
    let was_open = ctx.data(|data| data.get_temp(menus_id())).unwrap_or(false);
    let nothing_focused = !ctx.egui_wants_keyboard_input() && !was_open;
    let counts = |entry: &CommandEntry, shortcut: &KeyboardShortcut| match (shortcut.logical_key, entry.reach) {
        (Key::Escape | Key::Tab, _) => nothing_focused,
        (_, Everywhere) => true,
        (_, NotWhileTyping) => !typing,
    };
    for entry in TABLE.iter().filter(|entry| (entry.enabled)(situation)) {
        let mut shortcuts = entry.shortcuts.iter().filter(|shortcut| counts(entry, shortcut));
        if shortcuts.any(|shortcut| ctx.input_mut(|input| consume(input, *shortcut))) {
            commands.push((entry.command)(situation));
        }
    }
    if !typing {
        clipboard_events(ctx, situation, commands);
    }
}

/// Takes a key press if it was made with exactly these modifiers. A key that is held down counts once.
fn consume(input: &mut egui::InputState, shortcut: KeyboardShortcut) -> bool {
    let mut pressed = false;
    input.events.retain(|event| match event {
        egui::Event::Key { key, pressed: true, modifiers, repeat, .. }
            if *key == shortcut.logical_key && modifiers.matches_exact(shortcut.modifiers) =>
        {
            pressed |= !repeat;
            false
        }
        _ => true,
    });
    pressed
}

/// Copy, cut and paste arrive as events of their own. Selected text of a label is copied by egui itself.
fn clipboard_events(ctx: &egui::Context, situation: &Situation, commands: &mut Vec<Command>) {
    if !situation.open || ctx.plugin_or_default::<egui::text_selection::LabelSelectionState>().lock().has_selection() {
        return;
    }
    let events = ctx.input(|input| input.events.clone());
    for event in events {
        match event {
            egui::Event::Copy if any_selected(situation) => commands.push(Command::Copy),
            egui::Event::Cut if can_change_selected(situation) => commands.push(Command::Cut),
            egui::Event::Paste(text) => commands.push(Command::Paste(text, None)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn every_command_has_one_entry_and_keys_are_not_shared() {
        let ids: BTreeSet<CommandId> = TABLE.iter().map(|entry| entry.id).collect();
        assert_eq!(ids.len(), TABLE.len());
        assert_eq!(ids.last(), Some(&CommandId::ToggleTheme));
        assert_eq!(CommandId::ToggleTheme as usize + 1, TABLE.len(), "each id has an entry");
        let mut taken = BTreeMap::new();
        for entry in &TABLE {
            for shortcut in entry.shortcuts {
                let before = taken.insert(format!("{shortcut:?}"), entry.name);
                assert_eq!(before, None, "{} has the keys of another", entry.name);
            }
        }
    }

    fn press(key: Key, modifiers: Modifiers, situation: &Situation) -> Vec<Command> {
        let ctx = egui::Context::default();
        let event = egui::Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
        let input = egui::RawInput { events: vec![event], ..Default::default() };
        let mut commands = Vec::new();
        let output = ctx.run_ui(input, |ui| shortcuts(ui.ctx(), situation, &mut commands));
        output.drop_without_applying_deltas();
        commands
    }

    fn situation() -> Situation {
        Situation {
            open: true,
            undo: Some("Add node".to_owned()),
            redo: Some("Add node".to_owned()),
            running: false,
            paused: false,
            past: false,
            run_options: RunOptions::default(),
            any_nodes: true,
            selected: vec!["a".into()],
            run_takes: None,
            resume_takes: None,
        }
    }

    #[test]
    fn modifiers_count_exactly() {
        let commands = press(Key::Z, Modifiers::COMMAND | Modifiers::SHIFT, &situation());
        assert!(matches!(commands[..], [Command::Redo]), "{commands:?}");
        let commands = press(Key::Z, Modifiers::COMMAND, &situation());
        assert!(matches!(commands[..], [Command::Undo]), "{commands:?}");
    }

    #[test]
    fn what_is_not_enabled_does_not_happen() {
        assert!(press(Key::Escape, Modifiers::NONE, &situation()).is_empty());
        let running = Situation { running: true, ..situation() };
        assert!(matches!(press(Key::Escape, Modifiers::NONE, &running)[..], [Command::Stop]));
        assert!(press(Key::Enter, Modifiers::COMMAND, &running).is_empty());
        assert!(press(Key::Delete, Modifiers::NONE, &Situation::default()).is_empty());
    }
}
