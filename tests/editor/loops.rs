//! Loops.

use egui::{Key, Modifiers, OutputCommand, Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use pinflow::editor::App;

use crate::person::{LOOP, Person, waiting_loop};

/// Returns the loop over these items, of which 0 fails.
fn dividing(items: &str) -> String {
    LOOP.replace(r#"["x", "y", "z"]"#, items).replace("{{ in1 }}b", "{{ 6 // in1 }}")
}

#[test]
fn any_iteration_of_a_loop_can_be_looked_at() {
    let mut person = Person::at(LOOP);
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
    let mut person = Person::at(&dividing("[1, 2, 0, 3]"));
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
    assert!(shows(&person, "2 of 4 items come from run #1"));
    let marked: Vec<String> = person
        .window
        .query_all_by_label_contains(", from an earlier run")
        .filter_map(|row| row.accesskit_node().label())
        .collect();
    assert!(
        marked.len() >= 2 && marked.iter().all(|row| row.starts_with("0: ") || row.starts_with("1: ")),
        "{marked:?}"
    );
    person.window.get_all_by_label("List them").next().unwrap().click();
    person.settle();
    person.press("From earlier runs");
    assert_eq!(rows(&person).len(), 2);
    person.press("Make all iterations again");
    person.sees("Each", "forced");
    person.press("Resume");
    assert!(!shows(&person, "Mixed: iterations"));
    assert!(shows(&person, "4 iterations") && shows(&person, "3!"));
}

/// Returns the rows of the table of iterations from top to bottom, as they are said aloud.
fn rows(person: &Person) -> Vec<String> {
    let rows = person.window.query_all_by_label_contains("Iteration ").filter_map(|row| {
        let node = row.accesskit_node();
        (node.role() == Role::Row).then(|| (row.rect().top(), node.label().unwrap_or_default()))
    });
    let mut rows: Vec<(f32, String)> = rows.collect();
    rows.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Returns the words of rows without how long they took.
fn in_short(rows: &[String]) -> Vec<String> {
    let short = |row: &String| {
        let (start, rest) = row.split_once(" in ").unwrap();
        let says = rest.split_once(", ").map_or("", |(_, says)| says);
        format!("{start} {says}")
    };
    rows.iter().map(short).collect()
}

#[test]
fn all_iterations_are_listed_and_a_click_or_an_arrow_looks_at_one() {
    let collecting = r#"title: "Each", parameters: {"on_error": "collect"}"#;
    let mut person = Person::at(&dividing("[1, 0, 2, 0, 3]").replace(r#"title: "Each""#, collecting));
    person.press("Run");
    person.right_click("Node Middle", "All iterations");
    let listed = in_short(&rows(&person));
    assert_eq!(listed.len(), 5, "{listed:?}");
    assert_eq!(listed[0], "Iteration 1: executed \"6\"");
    assert!(listed[1].starts_with("Iteration 2: failed ") && listed[1].len() > 25, "{listed:?}");

    let shows = |person: &Person, text: &str| person.window.query_all_by_label_contains(text).next().is_some();
    let row = rows(&person)[2].clone();
    person.press(&row);
    assert!(shows(&person, "Executed in"), "the inspector shows the iteration that was clicked");
    person.key(Modifiers::NONE, Key::ArrowUp);
    assert!(shows(&person, "Failed after"), "the arrow went to the one above");
    person.key(Modifiers::NONE, Key::End);
    assert!(person.window.query_all_by_value("5").next().is_some() || shows(&person, "Executed in"));

    person.window.get_by_label(&row).click_secondary();
    person.settle();
    person.window.get_by_label("Copy row").click();
    person.window.step();
    let copied = person.window.output().platform_output.commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    let cells: Vec<String> = copied.unwrap().split('\t').map(str::to_owned).collect();
    assert_eq!((cells.len(), &cells[0][..], &cells[1][..], cells[2].len()), (5, "3", "executed", 23), "{cells:?}");
    person.settle();
    person.window.get_by_label("Sort by start").click();
    person.settle();
    assert!(rows(&person)[0].contains("Iteration 1"), "the first one began first");
    person.window.get_by_label("Sort by start").click();
    person.settle();
    assert!(rows(&person)[0].contains("Iteration 5"));

    person.press("Only failed (2)");
    person.press("Sort by iteration");
    let failed = rows(&person);
    assert!(failed.len() == 2 && failed[0].contains("Iteration 2") && failed[1].contains("Iteration 4"), "{failed:?}");
    person.press("Only executed");
    person.press("Sort by iteration");
    assert!(rows(&person)[0].contains("Iteration 5"), "the last one first");
    person.press("All");
    person.window.get_by_role_and_label(Role::Button, "Sort by status").click();
    person.settle();
    assert!(rows(&person)[3].contains("failed") && rows(&person)[4].contains("failed"), "{:?}", rows(&person));

    person.press("Node All");
    assert_eq!(rows(&person).len(), 5, "what the Collect was given");
    assert!(rows(&person).iter().any(|row| row.contains("Middle: ")), "and where it got nothing, why");
    person.press("Node Source");
    assert!(shows(&person, "This node is in no loop"));
}

#[test]
fn a_loop_inside_of_another_is_listed_for_the_iteration_that_is_looked_at() {
    let mut person = Person::at(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Loop",
  nodes: {
    "a": (kind: "list", title: "Source", position: (0.0, 0.0), parameters: {"items": [[1], [2, 3]]}),
    "outer": (kind: "for_each", title: "Outer", position: (280.0, 0.0)),
    "inner": (kind: "for_each", title: "Inner", position: (560.0, 0.0)),
    "b": (kind: "template", title: "Middle", position: (840.0, 0.0), parameters: {"template": "<{{ in1 }}>"}),
    "some": (kind: "collect", title: "Some", position: (1120.0, 0.0)),
    "all": (kind: "collect", title: "All", position: (1400.0, 0.0)),
  },
  connections: [
    "a.list -> outer.items", "outer.item -> inner.items", "inner.item -> b.in1", "b.text -> some.item",
    "some.items -> all.item",
  ],
)
"#,
    );
    person.press("Run");
    person.right_click("Node Middle", "All iterations");
    assert_eq!(
        in_short(&rows(&person)),
        ["Iteration 1: executed \"<2>\"", "Iteration 2: executed \"<3>\""],
        "inside of the newest"
    );
    person.window.get_all_by_label("Previous iteration of Outer").next().unwrap().click();
    person.settle();
    assert_eq!(in_short(&rows(&person)), ["Iteration 1: executed \"<1>\""]);
    let shows = |person: &Person, text: &str| person.window.query_all_by_label_contains(text).next().is_some();
    assert!(shows(&person, "1 iteration"), "the inspector is at the same place");
    person.press("Node Outer");
    assert_eq!(rows(&person).len(), 2);
}

#[test]
fn iterations_of_a_loop_that_goes_on_are_listed_as_they_end() {
    let mut person = Person::at(&waiting_loop(0.2, 50));
    person.press("Iterations");
    person.press("Node Middle");
    person.window.get_by_label("Run").click();
    let shows = |window: &Harness<'static, App>, text: &str| window.query_all_by_label_contains(text).next().is_some();
    person.until("some have ended", |window| {
        shows(window, " of 50 so far") && shows(window, "Iteration 2: executed in ")
    });
    assert!(!shows(&person.window, "Iteration 49: "), "the last ones have not begun");
    person.window.get_by_label("Stop").click();
    person.until("the run has ended", |window| shows(window, "stopped after "));
}
