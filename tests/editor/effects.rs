//! The Effects tab and dry runs: what is listed, where it leads, what is copied.

use egui::OutputCommand;
use egui_kittest::kittest::Queryable as _;

use crate::person::Person;

const FLOW: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Effects",
  nodes: {
    "a": (kind: "text", title: "Source", position: (0.0, 0.0), parameters: {"text": "grüezi"}),
    "w": (kind: "write_text", title: "Letter", position: (280.0, 0.0), parameters: {"path": "letter.txt"}),
    "r": (kind: "template", title: "Report", position: (560.0, 0.0), parameters: {"template": "{{ in1 }}"}),
  },
  connections: ["a.text -> w.text", "w.path -> r.in1"],
)
"#;

#[test]
fn what_a_run_wrote_is_listed_leads_to_its_node_and_is_copied() {
    let mut person = Person::at(FLOW);
    person.press("Effects");
    person.must_show("No run yet. What a run does to the world outside is listed here, and what was held back.");
    person.press("Run");
    let file = person.folder.path().join("letter.txt").to_string_lossy().into_owned();
    person.must_show("Done (1)");
    person.must_show(&format!("wrote {file} (7 bytes)"));
    person.window.get_by_role_and_label(egui::Role::Link, "Letter").click();
    person.settle();
    assert!(person.has_text("• outside, it wrote "), "the inspector says it too");
    person.window.get_by_label(&format!("Copy {file}")).click();
    person.window.step();
    let copied = person
        .window
        .output()
        .platform_output
        .commands
        .iter()
        .any(|command| matches!(command, OutputCommand::CopyText(text) if *text == file));
    assert!(copied);
    person.press("Resume");
    person.must_show("Held back (1)");
    person.must_show("it reused its results");
}

#[test]
fn a_dry_run_writes_nothing_says_what_it_held_back_and_resume_makes_up_for_it() {
    let mut person = Person::at(FLOW);
    let file = person.folder.path().join("letter.txt");
    person.press("Run options");
    person.press("Dry run");
    person.must_show("Held back (1)");
    person.must_show("dry run: its effect is held back");
    person.sees("Report", "whose effect is held back");
    assert!(!file.exists());
    person.press("Resume");
    person.must_show("Done (1)");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "grüezi");
    person.press("History");
    person.must_show("dry run");
}
