//! Every command of the table, carried out by its keys, or through the palette if it has none.

use std::{fs, sync::Arc, thread};

use egui::{Event, Key, Modifiers, OutputCommand, Rect, Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use pinflow::{
    editor::App,
    workflow::{FrameColor, Node, NodeId, PortRef, Position, Workflow},
};

use crate::person::{FLOW, Person};

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

/// A person who carries out commands, and those that were carried out.
struct Doing {
    person: Person,
    done: Vec<&'static str>,
}

impl Doing {
    fn at(flow: &str) -> Self {
        Self { person: Person::at(flow), done: Vec::new() }
    }

    /// Carries out a command by its keys; what it does was not so before and is so after.
    fn keys(&mut self, command: &'static str, (modifiers, key): (Modifiers, Key), is_so: impl Fn(&Person) -> bool) {
        assert!(!is_so(&self.person), "{command}: it is so already");
        self.person.key(modifiers, key);
        self.note(command, is_so);
    }

    /// Does the same by the palette, where the command is found by its whole name.
    fn palette(&mut self, command: &'static str, is_so: impl Fn(&Person) -> bool) {
        assert!(!is_so(&self.person), "{command}: it is so already");
        self.person.key(CTRL_SHIFT, Key::P);
        self.person.window.get_by_label("Find a command").type_text(command);
        self.person.settle();
        self.person.key(NONE, Key::Enter);
        self.note(command, is_so);
    }

    #[track_caller]
    fn note(&mut self, command: &'static str, is_so: impl Fn(&Person) -> bool) {
        assert!(is_so(&self.person), "{command}: it was not carried out");
        self.done.push(command);
    }

    fn select(&mut self, title: &str) {
        self.person.press("Canvas");
        self.person.press(&format!("Node {title}"));
    }

    fn select_all(&mut self) {
        self.person.key(CTRL, Key::A);
    }

    fn menu(&mut self, label: &str, command: &'static str, is_so: impl Fn(&Person) -> bool) {
        assert!(!is_so(&self.person), "{command}: it is so already");
        self.person.right_click(label, command);
        self.note(command, is_so);
    }

    fn choose_frame(&mut self) {
        self.person.press("Canvas");
        self.person.press("Frame Frame");
    }

    /// Does the same while a run goes on or is paused.
    fn keys_in_a_run(&mut self, command: &'static str, (modifiers, key): (Modifiers, Key), said: &str, is_said: bool) {
        let says = |window: &Harness<'static, App>| window.query_all_by_label_contains(said).next().is_some();
        assert!(says(&self.person.window) != is_said, "{command}: it is so already");
        self.person.window.key_press_modifiers(modifiers, key);
        self.person.until(command, |window| says(window) == is_said);
        self.done.push(command);
    }

    fn until_paused(&mut self) {
        self.person
            .until("the run is paused", |window| window.query_all_by_label_contains("Paused before").next().is_some());
    }

    fn undo(&mut self) {
        self.person.key(CTRL, Key::Z);
    }
}

fn workflow(person: &Person) -> &Arc<Workflow> {
    person.window.state().workflow().unwrap()
}

fn n_nodes(person: &Person) -> usize {
    workflow(person).n_nodes()
}

fn node_of_kind(person: &Person, kind: &str) -> usize {
    workflow(person).nodes().filter(|(_, node)| node.kind.as_str() == kind).count()
}

fn wires(person: &Person) -> Vec<String> {
    workflow(person).connections().map(|(to, from)| format!("{from} -> {to}")).collect()
}

fn node<'a>(person: &'a Person, id: &'static str) -> &'a Arc<Node> {
    workflow(person).node(&NodeId::from(id)).unwrap()
}

fn place(person: &Person, id: &'static str) -> Position {
    node(person, id).position
}

fn rect(person: &Person, label: &str) -> Rect {
    person.window.get_by_label(label).rect()
}

fn shows(person: &Person, text: &str) -> bool {
    person.window.query_all_by_label_contains(text).next().is_some()
}

fn says(person: &Person, title: &str, words: &str) -> bool {
    person.state(title).contains(words)
}

/// Draws one frame and returns what it put on the clipboard.
fn clipboard_after(person: &mut Person, event: Event) -> Option<String> {
    person.window.event(event);
    person.window.step();
    let commands = &person.window.output().platform_output.commands;
    commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    })
}

fn edit() -> Vec<&'static str> {
    let mut doing = Doing::at(FLOW);
    doing.keys("Select all", (CTRL, Key::A), |person| person.window.query_by_label("4 nodes").is_some());
    doing.select("Middle");
    let copied = clipboard_after(&mut doing.person, Event::Copy).unwrap();
    doing.person.settle();
    doing.note("Copy", |_| copied.contains("{{ in1 }}b"));
    doing.person.window.event(Event::Paste(copied.clone()));
    doing.person.settle();
    doing.note("Paste", |person| n_nodes(person) == 5 && wires(person).len() == 3);
    doing.person.key(CTRL_SHIFT, Key::V);
    doing.person.window.event(Event::Paste(copied));
    doing.person.settle();
    doing.note("Paste with wires", |person| n_nodes(person) == 6 && wires(person).len() == 4);
    doing.keys("Undo", (CTRL, Key::Z), |person| n_nodes(person) == 5);
    doing.keys("Redo", (CTRL, Key::Y), |person| n_nodes(person) == 6);
    doing.undo();
    doing.undo();
    doing.select("Middle");
    let cut = clipboard_after(&mut doing.person, Event::Cut).unwrap();
    doing.person.settle();
    doing.note("Cut", |person| cut.contains("{{ in1 }}b") && workflow(person).node(&"b".into()).is_none());
    doing.undo();
    doing.select("Slow");
    doing.keys("Duplicate", (CTRL, Key::D), |person| n_nodes(person) == 5);
    doing.undo();
    doing.select("Slow");
    doing.keys("Delete", (NONE, Key::Delete), |person| workflow(person).node(&"slow".into()).is_none());
    doing.undo();
    doing.select("Slow");
    doing.keys("Delete and heal", (CTRL, Key::Delete), |person| wires(person).contains(&"a.text -> b.in1".to_owned()));
    doing.undo();
    doing.select("Slow");
    doing.keys("Rename", (NONE, Key::F2), |person| person.window.query_by_label("Title of Slow").is_some());
    doing.person.key(NONE, Key::Escape);
    doing.keys("Add node…", (NONE, Key::Tab), |person| person.window.query_by_label("Add node").is_some());
    doing.done
}

fn run() -> Vec<&'static str> {
    let mut doing = Doing::at(FLOW);
    doing.keys("Run", (CTRL, Key::Enter), |person| says(person, "Report", " ms"));
    doing.keys("Resume", (Modifiers::SHIFT, Key::Enter), |person| says(person, "Report", "reused"));
    doing.palette("Dry run", |person| shows(person, "The run did nothing to the world outside"));
    doing.palette("Dry resume", |person| says(person, "Report", "reused"));
    doing.select("Middle");
    doing.palette("Run selection", |person| says(person, "Middle", " ms"));
    doing.palette("Resume selection", |person| says(person, "Middle", "reused"));
    doing.palette("Run to here", |person| says(person, "Middle", " ms"));
    doing.palette("Resume to here", |person| says(person, "Middle", "reused"));
    doing.palette("Run from here", |person| says(person, "Middle", " ms"));
    doing.palette("Resume from here", |person| says(person, "Middle", "reused"));
    doing.keys("Breakpoint", (NONE, Key::F9), |person| shows(person, "breakpoint"));
    doing.person.window.key_press_modifiers(CTRL, Key::Enter);
    doing.until_paused();
    doing.keys_in_a_run("Continue", (NONE, Key::F5), "Paused before", false);
    doing.person.settle();
    doing.person.right_click("Node Middle", "Force Execution");
    doing.keys_in_a_run("Step", (NONE, Key::F10), "Paused before", true);
    doing.keys_in_a_run("Stop", (NONE, Key::F6), "Paused before", false);
    doing.done.extend(paused_while_it_runs());
    doing.done
}

fn paused_while_it_runs() -> Vec<&'static str> {
    let mut doing = Doing::at(&FLOW.replace("\"secs\": 0.0", "\"secs\": 5.0"));
    doing.person.window.key_press_modifiers(CTRL, Key::Enter);
    doing.person.window.run_steps(2);
    doing.person.window.key_press(Key::F8);
    doing.person.until("the run is paused", |window| window.query_all_by_label_contains("Paused").next().is_some());
    doing.note("Pause", |person| !says(person, "Report", " ms"));
    doing.done
}

fn marks() -> Vec<&'static str> {
    let mut doing = Doing::at(FLOW);
    doing.person.press("Run");
    doing.select("Middle");
    doing.keys("Pin Results", (NONE, Key::P), |person| says(person, "Middle", "pinned"));
    doing.palette("Edit pinned value…", |person| shows(person, "Pinned value of Middle"));
    doing.person.press("Cancel");
    doing.palette("Compare with fresh…", |person| shows(person, "Pinned and fresh: Middle"));
    doing.person.press("Close");
    doing.palette("Take over pins…", |person| shows(person, "From an earlier session"));
    doing.person.press("Close");
    doing.palette("Replace with constant", |person| node_of_kind(person, "text") == 2);
    doing.undo();
    doing.select("Middle");
    doing.palette("Unpin", |person| !says(person, "Middle", "pinned"));
    doing.palette("Pin until something changes", |person| says(person, "Middle", "pinned"));
    doing.select("Source");
    doing.palette("Unpin downstream", |person| !says(person, "Middle", "pinned"));
    doing.select("Middle");
    doing.palette("Force Execution", |person| says(person, "Middle", "forced"));
    doing.palette("Force Execution", |person| !says(person, "Middle", "forced"));
    doing.keys("Disable / Enable", (CTRL, Key::E), |person| says(person, "Middle", "disabled"));
    doing.done
}

fn arrange() -> Vec<&'static str> {
    let mut doing = Doing::at(&FLOW.replace("(280.0, 0.0)", "(300.0, 170.0)"));
    for (command, key, x, y) in [
        ("Nudge left", Key::ArrowLeft, -10.0, 0.0),
        ("Nudge right", Key::ArrowRight, 10.0, 0.0),
        ("Nudge up", Key::ArrowUp, 0.0, -10.0),
        ("Nudge down", Key::ArrowDown, 0.0, 10.0),
    ] {
        doing.select("Slow");
        let before = place(&doing.person, "slow");
        doing.keys(command, (CTRL, key), |person| place(person, "slow") == Position(before.0 + x, before.1 + y));
    }
    for (command, key) in [
        ("Walk left", Key::ArrowLeft),
        ("Walk right", Key::ArrowRight),
        ("Walk down", Key::ArrowDown),
        ("Walk up", Key::ArrowUp),
    ] {
        let (from, to) = match key {
            Key::ArrowLeft => ("Report", "Middle"),
            Key::ArrowRight => ("Middle", "Report"),
            Key::ArrowDown => ("Source", "Slow"),
            _ => ("Slow", "Middle"),
        };
        doing.select(from);
        let is_selected = move |person: &Person| {
            person.window.query_by_label(&format!("Node {to}")).is_some_and(|node| node.is_focused())
        };
        doing.keys(command, (NONE, key), is_selected);
    }
    doing.select_all();
    let level = |person: &Person| ["a", "slow", "b", "c"].iter().all(|id| place(person, id).1 == place(person, "a").1);
    let below = |person: &Person| ["a", "slow", "b", "c"].iter().all(|id| place(person, id).0 == place(person, "a").0);
    doing.palette("Align top", level);
    doing.undo();
    doing.palette("Align bottom", |person| place(person, "a").1 > 100.0);
    doing.undo();
    doing.palette("Align left", below);
    doing.undo();
    doing.palette("Align right", |person| place(person, "a").0 > 800.0);
    doing.undo();
    doing.palette("Align in a row", |person| place(person, "a").1 > 20.0);
    doing.undo();
    doing.palette("Align in a column", |person| place(person, "a").0 > 200.0);
    doing.undo();
    doing.palette("Spread horizontally", |person| place(person, "slow").0 == 280.0);
    doing.undo();
    let before: Vec<Position> = ["b", "c", "slow"].map(|id| place(&doing.person, id)).to_vec();
    doing.palette("Spread vertically", |person| ["b", "c", "slow"].map(|id| place(person, id)).to_vec() != before);
    doing.undo();
    doing.keys("Align…", (Modifiers::ALT, Key::A), |person| shows(person, "Spread horizontally"));
    doing.person.key(NONE, Key::Escape);
    doing.keys("Tidy", (NONE, Key::L), |person| place(person, "slow").1 < 100.0);
    doing.undo();
    doing.select("Slow");
    doing.keys("Frame", (CTRL, Key::G), |person| workflow(person).frames().count() == 1);
    doing.undo();
    doing.select("Slow");
    let is_folded = |person: &Person| person.window.query_by_label("Group Group").is_some();
    doing.keys("Group / Ungroup", (CTRL_SHIFT, Key::G), is_folded);
    doing.undo();
    doing.select("Slow");
    doing.keys("Note", (NONE, Key::C), |person| person.window.query_by_role(Role::MultilineTextInput).is_some());
    doing.person.key(NONE, Key::Escape);
    doing.select("Slow");
    doing.keys("Collapse / Expand", (Modifiers::ALT, Key::C), |person| node(person, "slow").collapsed);
    doing.undo();
    doing.select("Slow");
    doing.keys("Select upstream", (Modifiers::ALT, Key::U), |person| person.window.query_by_label("2 nodes").is_some());
    doing.select("Slow");
    doing.keys("Select downstream", (Modifiers::ALT, Key::D), |person| {
        person.window.query_by_label("3 nodes").is_some()
    });
    doing.done
}

fn bends_and_frames() -> Vec<&'static str> {
    let mut doing = Doing::at(FLOW);
    let wire = "Wire Source text to Slow value";
    let n_bends = |person: &Person| workflow(person).way(&PortRef::new("slow", "value")).len();
    doing.person.window.get_by_label(wire).focus();
    doing.keys("Add bend", (NONE, Key::B), move |person| n_bends(person) == 1);
    doing.palette("Remove bend", move |person| n_bends(person) == 0);
    doing.undo();
    doing.person.window.get_by_label(wire).focus();
    doing.person.settle();
    doing.menu(wire, "Straighten", move |person| n_bends(person) == 0);
    doing.menu(wire, "Disconnect", |person| wires(person).len() == 2);
    doing.undo();
    doing.select("Slow");
    doing.person.key(CTRL, Key::G);
    let color = |person: &Person| workflow(person).frames().next().unwrap().1.color;
    for (command, wanted) in [
        ("Blue frame", FrameColor::Blue),
        ("Green frame", FrameColor::Green),
        ("Amber frame", FrameColor::Amber),
        ("Red frame", FrameColor::Red),
        ("Violet frame", FrameColor::Violet),
        ("Grey frame", FrameColor::Grey),
    ] {
        doing.choose_frame();
        if color(&doing.person) == wanted {
            doing.palette("Blue frame", |person| color(person) == FrameColor::Blue);
            doing.choose_frame();
        }
        doing.palette(command, move |person| color(person) == wanted);
    }
    doing.choose_frame();
    doing.palette("Select nodes in frame", |person| person.window.query_by_label("Parameters").is_some());
    doing.done
}

fn view() -> Vec<&'static str> {
    let mut doing = Doing::at(FLOW);
    let width = |person: &Person| rect(person, "Node Slow").width();
    doing.select("Slow");
    let before = width(&doing.person);
    doing.keys("Show selection", (NONE, Key::F), move |person| width(person) > before * 1.2);
    doing.keys("Show all", (NONE, Key::Home), move |person| width(person) < before * 1.1);
    doing.keys("Zoom to 100 %", (NONE, Key::Num0), |person| shows(person, "100 %"));
    doing.person.key(NONE, Key::Home);
    doing.keys("Find…", (CTRL, Key::F), |person| shows(person, "Find in the workflow"));
    doing.person.key(NONE, Key::Escape);
    let map = |person: &Person| person.window.query_by_role_and_label(Role::Image, "Minimap").is_some();
    doing.palette("Minimap", move |person| !map(person));
    doing.palette("Show plan", |person| !says(person, "Report", "runs"));
    doing.palette("Follow the running node", |person| shows(person, "ollow"));
    let theme = |person: &Person| person.window.ctx.options(|options| options.theme_preference);
    let before = theme(&doing.person);
    doing.palette("Theme", move |person| theme(person) != before);
    doing.palette("Library panel", |person| person.window.query_by_label("Search nodes").is_none());
    doing.palette("Inspector panel", |person| person.window.query_by_label("Parameters").is_none());
    doing.palette("Bottom panel", |person| person.window.query_by_label("Problems").is_none());
    doing.palette("Bottom panel", |person| person.window.query_by_label("Problems").is_some());
    doing.palette("Inspector panel", |person| person.window.query_by_label("Parameters").is_some());
    let zoom = |person: &Person| person.window.ctx.zoom_factor();
    doing.keys("Larger interface", (CTRL, Key::Plus), move |person| zoom(person) > 1.0);
    doing.keys("Normal interface", (CTRL, Key::Num0), move |person| zoom(person) == 1.0);
    doing.keys("Smaller interface", (CTRL, Key::Minus), move |person| zoom(person) < 1.0);
    doing.person.key(CTRL, Key::Num0);
    doing.palette("Reset panels", |person| person.window.query_by_label("Search nodes").is_some());
    doing.person.press("Run");
    doing.palette("Problems", |person| shows(person, "No problems."));
    doing.palette("Effects", |person| shows(person, "The run did nothing"));
    doing.palette("Timeline", |person| shows(person, "The end hung on"));
    doing.keys("Run history", (CTRL, Key::H), |person| shows(person, "Run 1"));
    doing.person.press("Run 1");
    doing.person.press("Open run");
    doing.palette("Back to the workflow", |person| {
        person.window.query_by_label("Canvas").is_some() && !shows(person, "Back to the workflow")
    });
    doing.select("Report");
    doing.person.press("Problems");
    let output = |person: &Person| {
        let mut tabs = person.window.query_all_by_label("Output");
        tabs.any(|tab| tab.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True))
    };
    doing.palette("Open results", output);
    doing.palette("Open in a window", |person| shows(person, "Hold this result"));
    doing.person.key(NONE, Key::Escape);
    doing.palette("Statistics…", |person| shows(person, "Took "));
    doing.person.press("Why");
    doing.palette("Why does it run?", |person| shows(person, "Next Resume"));
    doing.select("Report");
    let menu = |person: &Person| person.window.query_by_role_and_label(Role::MenuItem, "Run to here").is_some();
    doing.keys("Open the menu", (Modifiers::SHIFT, Key::F10), menu);
    doing.done
}

fn files_and_help() -> Vec<&'static str> {
    let mut doing = Doing::at(FLOW);
    doing.keys("Command palette", (CTRL_SHIFT, Key::P), |person| shows(person, "Find a command"));
    doing.person.key(NONE, Key::Escape);
    doing.keys("Shortcuts", (NONE, Key::F1), |person| shows(person, "Ctrl+Enter"));
    doing.person.key(NONE, Key::Escape);
    doing.palette("Keyboard shortcuts…", |person| shows(person, "Search commands"));
    doing.person.press("Close");
    doing.person.change_template("Report", "saved!");
    let path = doing.person.path();
    doing.keys("Save", (CTRL, Key::S), move |_| fs::read_to_string(&path).unwrap().contains("saved!"));
    doing.keys("Save as…", (CTRL_SHIFT, Key::S), |person| shows(person, "Save the workflow"));
    doing.person.press("Cancel");
    doing.keys("Open", (CTRL, Key::O), |person| shows(person, "Open a workflow"));
    doing.person.press("Cancel");
    let n_tabs = |person: &Person| {
        let tabs = person.window.query_all_by_role(Role::Tab);
        tabs.filter(|tab| tab.accesskit_node().label().is_some_and(|label| label.starts_with("Tab "))).count()
    };
    doing.keys("New", (CTRL, Key::N), move |person| n_tabs(person) == 2 && n_nodes(person) == 0);
    doing.keys("Previous tab", (CTRL_SHIFT, Key::Tab), |person| n_nodes(person) == 4);
    doing.keys("Next tab", (CTRL, Key::Tab), |person| n_nodes(person) == 0);
    let left = |person: &Person| {
        let tabs = person.window.query_all_by_role(Role::Tab);
        let places = tabs.filter_map(|tab| Some((tab.accesskit_node().label()?, tab.rect().left())));
        places.filter(|(label, _)| label.starts_with("Tab small")).map(|(_, left)| left).next().unwrap()
    };
    let before = left(&doing.person);
    doing.keys("Move tab left", (CTRL_SHIFT, Key::PageUp), move |person| left(person) > before);
    doing.keys("Move tab right", (CTRL_SHIFT, Key::PageDown), move |person| left(person) == before);
    doing.keys("Close tab", (CTRL, Key::W), move |person| n_tabs(person) == 1);
    doing.person.key(CTRL, Key::N);
    doing.person.press("Tab small");
    doing.person.key(CTRL, Key::W);
    doing.keys("Reopen closed tab", (CTRL_SHIFT, Key::T), |person| n_nodes(person) == 4);
    doing.palette("Welcome screen", |person| shows(person, "Open Penguins"));
    doing.person.press("Tab small");
    doing.palette("Take the tour", |person| shows(person, "Tab penguins"));
    doing.keys("Guide", (Modifiers::SHIFT, Key::F1), |person| shows(person, "Page Getting started"));
    doing.done
}

#[test]
fn every_command_does_what_it_says() {
    let groups: [fn() -> Vec<&'static str>; 7] = [edit, run, marks, arrange, bends_and_frames, view, files_and_help];
    let mut done = thread::scope(|scope| {
        let groups = groups.map(|group| scope.spawn(group));
        let done = groups.map(|group| group.join());
        done.map(|done| done.expect("a command was not carried out: see above")).concat()
    });
    // Keep and Refresh need a pin that has gone stale, Iterations a loop, Quit an end: each has a test of its own beside.
    done.extend(["Keep results", "Refresh", "Iterations…", "All iterations", "Quit", "Reopen tabs on start"]);
    let missing: Vec<&str> = pinflow::editor::command_names().filter(|name| !done.contains(name)).collect();
    assert!(missing.is_empty(), "nobody carries these out: {missing:?}");
}
