//! A person at the program.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use egui::{Event, Key, Modifiers, PointerButton, Pos2, Role, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use pinflow::{
    editor::{App, AppOptions},
    session::Folders,
    value::Value,
    workflow::NodeId,
};
use tempfile::TempDir;

use crate::cpu_renderer;

pub(crate) const FLOW: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Small",
  nodes: {
    "a": (kind: "text", title: "Source", position: (0.0, 0.0), parameters: {"text": "x"}),
    "slow": (kind: "delay", title: "Slow", position: (280.0, 0.0), parameters: {"secs": 0.0}),
    "b": (kind: "template", title: "Middle", position: (560.0, 0.0), parameters: {"template": "{{ in1 }}b"}),
    "c": (kind: "template", title: "Report", position: (840.0, 0.0), parameters: {"template": "{{ in1 }}c"}),
  },
  connections: ["a.text -> slow.value", "slow.value -> b.in1", "b.text -> c.in1"],
)
"#;

/// A loop of three iterations.
pub(crate) const LOOP: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Loop",
  nodes: {
    "a": (kind: "list", title: "Source", position: (0.0, 0.0), parameters: {"items": ["x", "y", "z"]}),
    "each": (kind: "for_each", title: "Each", position: (280.0, 0.0)),
    "b": (kind: "template", title: "Middle", position: (560.0, 0.0), parameters: {"template": "{{ in1 }}b"}),
    "all": (kind: "collect", title: "All", position: (840.0, 0.0)),
  },
  connections: ["a.list -> each.items", "each.item -> b.in1", "b.text -> all.item"],
)
"#;

/// Returns the loop with that many items, each of which takes that many seconds.
pub(crate) fn waiting_loop(secs: f64, n_items: usize) -> String {
    let quick = r#"kind: "template", title: "Middle", position: (560.0, 0.0), parameters: {"template": "{{ in1 }}b"}"#;
    let slow = format!(r#"kind: "delay", title: "Middle", position: (560.0, 0.0), parameters: {{"secs": {secs:?}}}"#);
    let items = (0..n_items).map(|item| item.to_string()).collect::<Vec<_>>().join(", ");
    let flow = LOOP.replace(quick, &slow).replace("b.in1", "b.value").replace("b.text", "b.value");
    flow.replace(r#"["x", "y", "z"]"#, &format!("[{items}]"))
}

/// A person at the program, with a folder of their own.
pub(crate) struct Person {
    pub(crate) folder: TempDir,
    pub(crate) window: Harness<'static, App>,
}

impl Person {
    /// Starts the program on the small workflow.
    pub(crate) fn at(flow: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.flow.ron");
        fs::write(&path, flow).unwrap();
        let window = open(&folder, Some(path));
        let mut person = Self { folder, window };
        person.until("the workflow is open", |window| window.state().workflow().is_some());
        person.settle();
        person
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("small.flow.ron")
    }

    /// Draws frames until something is so.
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&Harness<'static, App>) -> bool) {
        let clock = Instant::now();
        while !is_so(&self.window) {
            assert!(clock.elapsed() < Duration::from_mins(1), "waited in vain until {what}");
            self.window.step();
            std::thread::yield_now();
        }
    }

    /// Draws frames until nothing goes on any more.
    pub(crate) fn settle(&mut self) {
        self.window.step();
        loop {
            self.until("all work is done", |window| !window.state().is_busy());
            for _ in 0..6 {
                self.window.step();
            }
            // What is shown may ask for more, such as a value that lies on the disk.
            if !self.window.state().is_busy() {
                return;
            }
        }
    }

    /// Brings something into view, if it can be scrolled to, and clicks on it.
    pub(crate) fn press(&mut self, label: &str) {
        self.window.get_by_label(label).scroll_to_me();
        // A run may go on for as long as it likes.
        self.window.run_steps(3);
        self.window.get_by_label(label).click();
        self.settle();
    }

    pub(crate) fn right_click(&mut self, label: &str, command: &str) {
        self.window.get_by_label(label).click_secondary();
        self.settle();
        self.window.get_by_role_and_label(Role::MenuItem, command).click();
        self.settle();
    }

    pub(crate) fn key(&mut self, modifiers: Modifiers, key: Key) {
        self.window.key_press_modifiers(modifiers, key);
        self.settle();
    }

    pub(crate) fn drag(&mut self, from: Pos2, to: Pos2) {
        self.drag_with(from, to, Modifiers::NONE);
    }

    pub(crate) fn drag_with(&mut self, from: Pos2, to: Pos2, modifiers: Modifiers) {
        self.drag_events(from, to, modifiers);
        self.settle();
    }

    /// Drags a node by its header without waiting for the run that goes on.
    pub(crate) fn drag_during_a_run(&mut self, label: &str, by: egui::Vec2) {
        let header = self.window.get_by_label(label).rect().center_top() + vec2(0.0, 8.0);
        self.drag_events(header, header + by, Modifiers::NONE);
        self.window.run_steps(6);
    }

    fn drag_events(&self, from: Pos2, to: Pos2, modifiers: Modifiers) {
        let button = |pos, pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers };
        self.window.event(Event::ModifiersChanged(modifiers));
        self.window.event(Event::PointerMoved(from));
        self.window.event(button(from, true));
        for step in 1..=4_u8 {
            self.window.event(Event::PointerMoved(from + (to - from) * (f32::from(step) / 4.0)));
        }
        self.window.event(button(to, false));
        self.window.event(Event::ModifiersChanged(Modifiers::NONE));
    }

    /// Returns what the node's footer and frame say, in words.
    pub(crate) fn state(&self, title: &str) -> String {
        let start = format!("State {title}: ");
        let node = self.window.get_by_label_contains(&start);
        let label = node.accesskit_node().label().or_else(|| node.accesskit_node().value()).unwrap();
        label.strip_prefix(&start).unwrap_or(&label).to_owned()
    }

    #[track_caller]
    pub(crate) fn sees(&self, title: &str, words: &str) {
        let state = self.state(title);
        assert!(state.contains(words), "{title}: {state:?} does not say {words:?}");
    }

    pub(crate) fn parameter(&self, node: &'static str, parameter: &str) -> Option<Value> {
        let workflow = self.window.state().workflow().unwrap();
        workflow.node(&NodeId::from(node)).unwrap().parameters.get(parameter).cloned()
    }

    /// Selects a node and types a new template into the inspector.
    pub(crate) fn change_template(&mut self, title: &str, text: &str) {
        self.press(&format!("Node {title}"));
        self.window.get_by_label("Parameters").scroll_to_me();
        self.window.run_steps(3);
        self.window.get_by_role_and_label(Role::MultilineTextInput, "Template").click();
        self.settle();
        self.key(Modifiers::COMMAND, Key::A);
        self.window.get_by_role_and_label(Role::MultilineTextInput, "Template").type_text(text);
        self.settle();
        // Leaving the field commits what was typed.
        self.press("Canvas");
    }

    /// Ends the program and starts it again.
    pub(crate) fn restart(self) -> Self {
        let Self { folder, window } = self;
        drop(window);
        let path = folder.path().join("small.flow.ron");
        let window = open(&folder, Some(path));
        let mut person = Self { folder, window };
        person.until("the workflow is open", |window| window.state().workflow().is_some());
        person.settle();
        person
    }
}

pub(crate) fn open(folder: &TempDir, file: Option<PathBuf>) -> Harness<'static, App> {
    open_in(egui::Theme::Dark, folder, file)
}

pub(crate) fn open_in(theme: egui::Theme, folder: &TempDir, file: Option<PathBuf>) -> Harness<'static, App> {
    let folders = Folders::under(&folder.path().join("home"));
    Harness::builder()
        .with_size(vec2(1280.0, 800.0))
        .with_max_steps(60)
        .with_step_dt(0.05)
        .with_theme(theme)
        .renderer(cpu_renderer::CpuRenderer::default())
        .build_eframe(move |cc| App::new(cc, AppOptions { folders, open: file }))
}
