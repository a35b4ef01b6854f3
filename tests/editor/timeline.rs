//! When each node of a run executed, as a person sees it.

use egui::{Event, Modifiers, MouseWheelUnit, TouchPhase, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::person::{Person, waiting_loop};

/// Two that wait side by side, the longer one before a report.
const FLOW: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Small",
  nodes: {
    "a": (kind: "text", title: "Source", position: (0.0, 0.0), parameters: {"text": "x"}),
    "long": (kind: "delay", title: "Long", position: (280.0, 0.0), parameters: {"secs": 0.6}),
    "short": (kind: "delay", title: "Short", position: (280.0, 200.0), parameters: {"secs": 0.1}),
    "c": (kind: "template", title: "Report", position: (560.0, 0.0), parameters: {"template": "{{ in1 }}{{ in2 }}"}),
  },
  connections: ["a.text -> long.value", "a.text -> short.value", "long.value -> c.in1", "short.value -> c.in2"],
)
"#;

impl Person {
    /// Returns the bar of a node as it is named for a screen reader.
    fn bar(&self, title: &str) -> Option<String> {
        let start = format!("Time of {title}: ");
        let mut bars = self.window.query_all_by_role(egui::Role::Button);
        bars.find_map(|bar| bar.accesskit_node().label().filter(|label| label.starts_with(&start)))
    }
}

#[test]
fn a_timeline_shows_what_the_end_of_a_run_hung_on() {
    let mut person = Person::at(FLOW);
    person.press("Timeline");
    person.window.get_by_label_contains("No run yet");
    person.press("Run");
    assert!(person.bar("Long").is_some() && person.bar("Short").is_some() && person.bar("Report").is_some());
    let said = person.window.get_by_label_contains("The end hung on").accesskit_node().value();
    assert!(said.is_some_and(|said| said.starts_with("4 nodes in ")));
    // The chain leads to its nodes.
    let links = person.window.query_all_by_role(egui::Role::Link);
    let names: Vec<String> = links.filter_map(|link| link.accesskit_node().label()).collect();
    assert!(names.iter().any(|name| name == "Long") && !names.iter().any(|name| name == "Short"), "{names:?}");
    // Ctrl+wheel zooms to the pointer, a double-click shows all again.
    let place = person.window.get_by_label_contains("Time of Long").rect().center();
    person.window.event(Event::PointerMoved(place));
    let before = person.window.render().unwrap();
    person.window.event(Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, 3.0),
        phase: TouchPhase::Move,
        modifiers: Modifiers::COMMAND,
        source: egui::MouseWheelSource::Unknown,
    });
    person.settle();
    assert!(person.window.render().unwrap() != before);
    // What is reused took no time in this run.
    person.press("Resume");
    person.until("the newer run is shown", |window| {
        window.query_by_label_contains("Nothing executed in this run").is_some()
    });
}

#[test]
fn a_loop_shows_its_iterations_inside_of_its_bar() {
    let mut person = Person::at(&waiting_loop(0.4, 3));
    person.press("Timeline");
    person.press("Run");
    assert!(person.has_text("Longest iteration: "));
    let row = person.window.get_by_label(&person.bar("Each").unwrap()).rect();
    let mut told = std::collections::BTreeSet::new();
    for step in 10..50_u8 {
        person.window.event(Event::PointerMoved(row.lerp_inside(vec2(f32::from(step) / 50.0, 0.5))));
        person.window.run_steps(if told.is_empty() { 20 } else { 4 });
        told.extend(
            ["Iteration 1: ", "Iteration 2: ", "Iteration 3: "].into_iter().filter(|said| person.has_text(said)),
        );
    }
    assert_eq!(told.len(), 3, "the pointer is told which iteration it is at: {told:?}");
}
