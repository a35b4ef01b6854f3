//! Loops.

use egui_kittest::kittest::Queryable as _;

use crate::person::Person;

#[test]
fn any_iteration_of_a_loop_can_be_looked_at() {
    let mut person = Person::at(
        r#"(
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
"#,
    );
    person.press("Run");
    person.sees("Middle", "3×");
    person.sees("All", "3 items");
    person.right_click("Node Middle", "Iterations…");
    let shows = |person: &Person, text: &str| person.window.query_all_by_label_contains(text).next().is_some();
    assert!(shows(&person, "3 iterations"));
    assert!(shows(&person, "zb") && !shows(&person, "yb"), "the newest is shown first");
    person.press("Previous iteration");
    assert!(shows(&person, "yb") && shows(&person, "given in1"));
    person.press("First iteration");
    assert!(shows(&person, "xb"));
    person.press("Node Each");
    assert!(shows(&person, "gave item"), "the head shows the item of the iteration that was chosen");
    person.press("Last iteration");
    person.press("Node All");
    assert!(shows(&person, "zb"), "what a Collect was given");
}

#[test]
fn a_loop_of_old_and_new_says_so_and_is_made_again_on_request() {
    let mut person = Person::at(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Loop",
  nodes: {
    "a": (kind: "list", title: "Source", position: (0.0, 0.0), parameters: {"items": [1, 2, 0, 3]}),
    "each": (kind: "for_each", title: "Each", position: (280.0, 0.0)),
    "b": (kind: "template", title: "Middle", position: (560.0, 0.0), parameters: {"template": "{{ 6 // in1 }}"}),
    "all": (kind: "collect", title: "All", position: (840.0, 0.0)),
  },
  connections: ["a.list -> each.items", "each.item -> b.in1", "b.text -> all.item"],
)
"#,
    );
    let shows = |person: &Person, text: &str| person.window.query_all_by_label_contains(text).next().is_some();
    person.press("Run");
    person.press("Node Middle");
    assert!(shows(&person, "Stopped after 2 of 4, 1 failed"));
    assert!(shows(&person, "Failed after"), "the newest iteration is the one that failed");
    person.press("First iteration");
    assert!(shows(&person, "Executed in"));
    person.press("Next failed");
    assert!(shows(&person, "Failed after"));

    person.change_template("Middle", "{{ in1 }}!");
    person.press("Resume");
    person.press("Node All");
    assert!(shows(&person, "Mixed: iterations 1–2 were made before"));
    person.press("Make all iterations again");
    person.sees("Each", "forced");
    person.press("Resume");
    assert!(!shows(&person, "Mixed: iterations"));
    assert!(shows(&person, "4 iterations") && shows(&person, "3!"));
}
