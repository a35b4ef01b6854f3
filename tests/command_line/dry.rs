//! Dry runs from a shell: what is held back, and what a later run makes up for.

use std::fs;

use super::{Place, text};

const FLOW: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Writes",
  nodes: {
    "a": (kind: "text", parameters: {"text": "x"}),
    "w": (kind: "write_text", title: "Writer", parameters: {"path": "out.txt"}),
    "r": (kind: "template", parameters: {"template": "{{ in1 | length > 0 }}"}),
  },
  connections: ["a.text -> w.text", "w.path -> r.in1"],
)
"#;

#[test]
fn a_dry_run_writes_nothing_and_the_next_resume_does_once() {
    let place = Place::new(FLOW);
    let written = place.folder.path().join("out.txt");
    let plan = text(&place.call("plan", &["--dry-run"]).stdout);
    assert!(plan.contains("its effect is held back"), "{plan}");
    assert_eq!(place.statuses(&["--dry-run"]), "a executed, w not-run, r not-run");
    assert!(!written.exists());
    let dry = place.record(&["--dry-run", "--resume"]);
    assert_eq!(dry["nodes"]["w"]["effect"], "held back", "{dry:#}");
    assert_eq!(place.statuses(&["--resume"]), "a reused, w executed, r executed");
    assert_eq!(fs::read_to_string(&written).unwrap(), "x");
    fs::remove_file(&written).unwrap();
    // Nothing has changed that they would be made of.
    assert_eq!(place.statuses(&["--dry-run"]), "a executed, w not-run, r not-run");
    assert_eq!(place.statuses(&["--resume", "--set", "a.text=x"]), "a reused, w reused, r reused");
    assert!(!written.exists(), "an effect that took place is not repeated");
    assert_eq!(place.statuses(&["--resume", "--set", "a.text=y"]), "a executed, w executed, r executed");
    assert_eq!(fs::read_to_string(&written).unwrap(), "y");
}
