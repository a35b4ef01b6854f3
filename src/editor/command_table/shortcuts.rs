//! Keys that were pressed, as commands.

use egui::{Key, KeyboardShortcut};

use super::{
    CommandEntry, CommandId, Need,
    Reach::{Everywhere, NotWhileTyping},
    Situation, all, get,
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

/// Pushes the commands whose keys were pressed, and the clipboard's.
pub(crate) fn shortcuts(ctx: &egui::Context, situation: &Situation<'_>, commands: &mut Vec<Command>) {
    let typing = ctx.text_edit_focused();
    // In this frame no menu is drawn yet: the frame before knows.
    let was_open = ctx.data(|data| data.get_temp(menus_id())).unwrap_or(false);
    let nothing_focused = !ctx.egui_wants_keyboard_input() && !was_open;
    let counts = |entry: &CommandEntry, shortcut: &KeyboardShortcut| match (shortcut.logical_key, entry.reach) {
        (Key::Escape | Key::Tab, _) => nothing_focused,
        (_, Everywhere) => true,
        (_, NotWhileTyping) => !typing,
    };
    for entry in all().filter(|entry| entry.is_enabled(situation)) {
        for shortcut in entry.shortcuts.iter().filter(|shortcut| counts(entry, shortcut)) {
            let n_pressed = ctx.input_mut(|input| consume(input, *shortcut, entry.repeats));
            commands.extend((0..n_pressed).map(|_| (entry.command)(situation)));
        }
    }
    if !typing {
        clipboard_events(ctx, situation, commands);
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

/// Copy, cut and paste arrive as events of their own. Selected text of a label is copied by egui itself.
fn clipboard_events(ctx: &egui::Context, situation: &Situation<'_>, commands: &mut Vec<Command>) {
    if ctx.plugin_or_default::<egui::text_selection::LabelSelectionState>().lock().has_selection() {
        return;
    }
    let can = |id| get(id).is_enabled(situation);
    let events = ctx.input(|input| input.events.clone());
    for event in events {
        match event {
            egui::Event::Copy if can(CommandId::Copy) => commands.push(Command::Copy),
            egui::Event::Cut if can(CommandId::Cut) => commands.push(Command::Cut),
            egui::Event::Paste(text) if Need::Workflow.is_met(situation) => commands.push(Command::Paste(text, None)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use egui::Modifiers;

    use super::*;
    use crate::{
        editor::View,
        engine::Plan,
        nodes::Catalogue,
        session::{Baseline, Marks},
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
            past: None,
        };
        test(Situation { undo: Some("Add node"), redo: Some("Add node"), ..Situation::of(view) });
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
