//! Keys that were pressed, as commands.

use egui::{Key, KeyboardShortcut};

use super::{
    CommandEntry, CommandId, Keymap,
    Reach::{Everywhere, NotWhileTyping, OnCanvas},
    Situation, all, ctrl, get,
};
use crate::editor::Command;

fn menus_id() -> egui::Id {
    egui::Id::unique("menus were open")
}

/// Notes at the end of a frame whether any menu is open, for the keys of the next one.
pub(crate) fn note_menus(ctx: &egui::Context) {
    let any = ctx.any_popup_open();
    ctx.data_mut(|data| data.insert_temp(menus_id(), any));
}

/// What the canvas says about keys.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CanvasKeys {
    /// Something on it has the focus.
    pub(crate) has_focus: bool,
    /// It is at something that Esc gives up.
    pub(crate) is_busy: bool,
}

fn canvas_id() -> egui::Id {
    egui::Id::unique("keys of the canvas")
}

impl CanvasKeys {
    /// Notes this for the keys of the next frame.
    pub(crate) fn note(self, ctx: &egui::Context) {
        ctx.data_mut(|data| data.insert_temp(canvas_id(), self));
    }
}

/// Pushes the commands whose keys were pressed, and the clipboard's.
pub(crate) fn shortcuts(ctx: &egui::Context, situation: &Situation<'_>, commands: &mut Vec<Command>) {
    let typing = ctx.text_edit_focused();
    // In this frame no menu is drawn yet: the frame before knows.
    let was_open = ctx.data(|data| data.get_temp(menus_id())).unwrap_or(false);
    let nothing_focused = !ctx.egui_wants_keyboard_input() && !was_open;
    let canvas: CanvasKeys = ctx.data(|data| data.get_temp(canvas_id())).unwrap_or_default();
    let on_canvas = nothing_focused || (canvas.has_focus && !typing && !was_open);
    let counts = |entry: &CommandEntry, shortcut: &KeyboardShortcut| match (shortcut.logical_key, entry.reach) {
        (Key::Escape, _) => on_canvas && !canvas.is_busy,
        // With Ctrl it leads nowhere inside of the window.
        (Key::Tab, _) if !shortcut.modifiers.command => nothing_focused,
        (_, OnCanvas) => on_canvas,
        (_, Everywhere) => true,
        (_, NotWhileTyping) => !typing,
    };
    let keymap = Keymap::of(ctx);
    for entry in all().filter(|entry| entry.is_enabled(situation)) {
        for shortcut in keymap.keys(entry.id).iter().filter(|shortcut| counts(entry, shortcut)) {
            let n_pressed = ctx.input_mut(|input| consume(input, *shortcut, entry.repeats));
            if n_pressed > 0 && entry.reach == OnCanvas {
                // Arrows would also move the focus by themselves.
                ctx.memory_mut(|memory| memory.move_focus(egui::FocusDirection::None));
            }
            commands.extend((0..n_pressed).map(|_| (entry.command)(situation)));
        }
    }
    if !typing {
        clipboard_events(ctx, situation, &keymap, commands);
    }
}

/// Takes the presses of a key made with exactly these modifiers; returns how many count. Unless it repeats, a key that is
/// held down counts once.
fn consume(input: &mut egui::InputState, shortcut: KeyboardShortcut, repeats: bool) -> usize {
    let mut n_pressed = 0;
    input.events.retain(|event| match event {
        egui::Event::Key { key, pressed: true, modifiers, repeat, .. }
            if *key == shortcut.logical_key && modifiers.matches_exact(shortcut.modifiers) =>
        {
            n_pressed += usize::from(repeats || !repeat);
            false
        }
        _ => true,
    });
    n_pressed
}

/// Copy, cut and paste arrive as events of their own, which stand for the keys Ctrl+C, Ctrl+X and Ctrl+V. Selected text
/// of a label is copied by egui itself.
fn clipboard_events(ctx: &egui::Context, situation: &Situation<'_>, keymap: &Keymap, commands: &mut Vec<Command>) {
    if ctx.plugin_or_default::<egui::text_selection::LabelSelectionState>().lock().has_selection() {
        return;
    }
    for event in ctx.input(|input| input.events.clone()) {
        let (key, text) = match event {
            egui::Event::Copy => (Key::C, None),
            egui::Event::Cut => (Key::X, None),
            egui::Event::Paste(text) => (Key::V, Some(text)),
            _ => continue,
        };
        let asked_for = text.is_some() && ctx.data_mut(|data| data.remove_temp::<bool>(paste_id())).is_some();
        let owner = if asked_for { Some(CommandId::Paste) } else { keymap.owner(ctrl(key)) };
        let entry = owner.map(get).filter(|entry| entry.is_enabled(situation));
        match (entry.map(|entry| entry.id), text) {
            (Some(CommandId::Paste), Some(text)) => commands.push(Command::Paste(text, None)),
            (Some(_), _) => commands.extend(entry.map(|entry| (entry.command)(situation))),
            (None, _) => {}
        }
    }
}

fn paste_id() -> egui::Id {
    egui::Id::unique("the clipboard was asked for")
}

/// Asks the system for the clipboard: its text is pasted, whatever keys paste.
pub(crate) fn ask_for_paste(ctx: &egui::Context) {
    ctx.data_mut(|data| data.insert_temp(paste_id(), true));
    ctx.send_viewport_cmd(egui::ViewportCommand::RequestPaste);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use egui::Modifiers;

    use super::*;
    use crate::{
        editor::{RunNumbers, View},
        engine::Plan,
        nodes::Catalogue,
        session::{Baseline, Change, History, Marks},
        workflow::{Edit, Node, NodeId, Position, Workflow},
    };

    fn press(key: Key, modifiers: Modifiers, situation: &Situation<'_>) -> Vec<Command> {
        let ctx = egui::Context::default();
        let event = egui::Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
        let input = egui::RawInput { events: vec![event], ..Default::default() };
        let mut commands = Vec::new();
        let output = ctx.run_ui(input, |ui| shortcuts(ui.ctx(), situation, &mut commands));
        output.drop_without_applying_deltas();
        commands
    }

    /// Calls with the situation of a workflow with one node, which is selected.
    fn with_a_workflow(test: impl FnOnce(Situation<'_>)) {
        let mut workflow = Workflow::new("w");
        let node = Node::new("text", Position::default());
        workflow.apply(Edit::AddNode("a".into(), std::sync::Arc::new(node))).unwrap();
        let selection: BTreeSet<NodeId> = ["a".into()].into();
        let (marks, baseline, plan) = (Marks::default(), Baseline::default(), Plan::default());
        let numbers = RunNumbers::default();
        let view = View {
            workflow: &workflow,
            revision: 0,
            catalogue: &Catalogue::empty(),
            marks: &marks,
            baseline: &baseline,
            plan: &plan,
            problems: &[],
            selection: &selection,
            run: None,
            show_plan: true,
            numbers: &numbers,
            past: None,
        };
        let mut history = History::default();
        let mut document = workflow.clone();
        for name in ["one", "other"] {
            let change = Change::Document(Edit::SetName(name.to_owned()));
            history.apply("Name it", change, &mut document, &mut Marks::default()).unwrap();
        }
        history.undo(&mut document, &mut Marks::default()).unwrap();
        test(Situation { history: Some(&history), ..Situation::of(view) });
    }

    #[test]
    fn modifiers_count_exactly() {
        with_a_workflow(|situation| {
            let commands = press(Key::Z, Modifiers::COMMAND | Modifiers::SHIFT, &situation);
            assert!(matches!(commands[..], [Command::Redo]), "{commands:?}");
            let commands = press(Key::Z, Modifiers::COMMAND, &situation);
            assert!(matches!(commands[..], [Command::Undo]), "{commands:?}");
        });
    }

    #[test]
    fn what_is_not_enabled_does_not_happen() {
        with_a_workflow(|situation| {
            assert!(press(Key::Escape, Modifiers::NONE, &situation).is_empty());
            let running = Situation { running: true, ..situation };
            assert!(matches!(press(Key::Escape, Modifiers::NONE, &running)[..], [Command::Stop]));
            assert!(press(Key::Enter, Modifiers::COMMAND, &running).is_empty());
        });
        assert!(press(Key::Delete, Modifiers::NONE, &Situation::without_workflow()).is_empty());
    }
}
