//! Hands on a canvas that nobody reads out: the small parts of a node are widgets only where the pointer is, and a finger
//! was nowhere before it presses.

use egui::{CentralPanel, Context, Event, Modifiers, PointerButton, Pos2, RawInput, Rect, pos2, vec2};

use crate::editor::{
    Command,
    canvas::tests::small_app::{SmallApp, end, three},
    theme,
};
use crate::session::Mark;

/// The output of the reader, the input of the keeper that fits it, and the reader's pin icon.
const OUTPUT: Pos2 = pos2(300.0, 148.0);
const INPUT: Pos2 = pos2(450.0, 208.0);
const PIN: Pos2 = pos2(284.0, 115.0);

/// A window without a screen reader.
struct Silent {
    ctx: Context,
    app: SmallApp,
    n_frames: u32,
}

impl Silent {
    fn new() -> Self {
        let ctx = Context::default();
        theme::install(&ctx);
        let mut window = Self { ctx, app: SmallApp::new(three()), n_frames: 0 };
        window.frame([]);
        window.frame([]);
        window
    }

    fn frame<const N: usize>(&mut self, events: [Event; N]) {
        self.n_frames += 1;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1000.0, 700.0))),
            time: Some(f64::from(self.n_frames) * 0.02),
            events: events.into(),
            ..RawInput::default()
        };
        let output = self.ctx.run_ui(input, |ui| {
            CentralPanel::no_frame().show(ui, |ui| self.app.ui(ui));
        });
        output.drop_without_applying_deltas();
    }

    /// Presses where the pointer was not before, moves on and lets go.
    fn draw(&mut self, from: Pos2, to: Pos2) {
        self.frame([Event::PointerMoved(from), button(from, true)]);
        for step in 1..=4_u8 {
            self.frame([Event::PointerMoved(from + (to - from) * (f32::from(step) / 4.0))]);
        }
        self.frame([button(to, false)]);
        self.frame([Event::PointerGone]);
    }

    /// Returns how many widgets there are, the canvas and what is round it among them.
    fn n_widgets(&self) -> usize {
        self.ctx.viewport(|viewport| viewport.prev_pass.widgets.layers().map(|(_, widgets)| widgets.len()).sum())
    }

    fn edits(&self) -> Vec<&str> {
        let labels = self.app.commands.iter().filter_map(|command| match command {
            Command::Edit(label, _) => Some(label.as_str()),
            _ => None,
        });
        labels.collect()
    }
}

fn button(pos: Pos2, pressed: bool) -> Event {
    Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE }
}

#[test]
fn a_finger_draws_a_wire_that_it_was_not_over_before() {
    let mut window = Silent::new();
    window.draw(OUTPUT, INPUT);
    assert_eq!(window.edits(), ["Connect reader.out to keeper.in"]);
    // From the half of the port that stands out of its node, and back to where there is nothing.
    let outside = INPUT - vec2(7.0, 0.0);
    window.draw(outside, pos2(400.0, 600.0));
    assert_eq!(window.edits()[1..], ["Disconnect keeper.in"]);
    assert_eq!(window.app.workflow.feed(&end("keeper.in")), None);
}

#[test]
fn a_finger_pins_and_does_not_select() {
    let mut window = Silent::new();
    window.draw(PIN, PIN);
    assert!(matches!(window.app.marks.get(&"reader".into()), Mark::Pinned(_)));
    assert!(window.app.selection.is_empty());
}

#[test]
fn a_port_below_another_node_is_not_taken() {
    let mut window = Silent::new();
    let above = crate::workflow::Position(250.0, 130.0);
    window.app.workflow.apply(crate::workflow::Edit::MoveNodes(vec![("letter".into(), above)])).unwrap();
    window.app.revision += 1;
    window.app.selection = ["letter".into()].into();
    window.frame([]);
    window.draw(OUTPUT, OUTPUT + vec2(0.0, 50.0));
    assert_eq!(window.edits(), ["Move Letter"]);
}

#[test]
fn a_mouse_takes_ports_and_pins_as_a_finger_does() {
    let mut window = Silent::new();
    let far = window.n_widgets();
    window.frame([Event::PointerMoved(OUTPUT)]);
    window.frame([Event::PointerMoved(OUTPUT)]);
    assert!(window.n_widgets() > far, "what is at the pointer is there in full");
    assert!(window.app.canvas.status().contains("Reader out"), "{}", window.app.canvas.status());
    window.draw(OUTPUT, INPUT);
    assert_eq!(window.edits(), ["Connect reader.out to keeper.in"]);
    window.frame([Event::PointerMoved(PIN)]);
    window.frame([button(PIN, true)]);
    window.frame([button(PIN, false)]);
    assert!(matches!(window.app.marks.get(&"reader".into()), Mark::Pinned(_)));
}

#[test]
fn keys_get_at_every_part() {
    let mut window = Silent::new();
    let far = window.n_widgets();
    let tab = Event::Key {
        key: egui::Key::Tab,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    window.frame([tab]);
    window.frame([]);
    window.frame([]);
    assert!(window.n_widgets() >= far + 3 * 4, "each node's ports, pin and signs can be walked to");
}
