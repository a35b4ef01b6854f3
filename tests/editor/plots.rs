//! Plots on nodes and in the viewer, and errors with what led to them.

use egui::Role;
use egui_kittest::kittest::Queryable as _;

use crate::person::Person;

const FLOW: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Drawn",
  nodes: {
    "t": (kind: "table", title: "Weights", position: (0.0, 0.0), parameters: {"table": {
      "columns": ["who", "kg"], "rows": [["a", 1.0], ["b", 4.0], ["a", 3.0]]}}),
    "p": (kind: "plot", title: "Chart", position: (280.0, 0.0), parameters: {"kind": "bar", "y": ["kg"],
      "title": "Who weighs what"}),
    "d": (kind: "draw_plot", title: "Drawing", position: (560.0, 0.0), parameters: {"width": 320, "height": 200}),
  },
  connections: ["t.table -> p.table", "p.plot -> d.plot"],
)
"#;

#[test]
fn a_plot_is_on_its_node_and_tells_what_is_under_the_pointer() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    for title in ["Chart", "Drawing"] {
        person.window.get_by_label(&format!("Thumbnail {title}"));
    }
    person.press("Node Chart");
    let plots = person.window.query_all_by_label("Plot Who weighs what").map(|plot| plot.rect()).collect::<Vec<_>>();
    assert_eq!(plots.len(), 2, "in the inspector and below");
    let large = plots.into_iter().max_by(|one, other| one.width().total_cmp(&other.width())).unwrap();
    // The bar of `a` fills most of the left half, up to half of the height.
    person.window.hover_at(large.lerp_inside(egui::vec2(0.3, 0.8)));
    person.window.run_steps(8);
    assert!(person.window.query_by_label("who: a").is_some());
    assert!(person.window.query_by_label("mean of kg: 2").is_some());
    assert_eq!(person.window.query_all_by_label("Save plot").count(), 2);
}

#[test]
fn a_column_that_is_not_there_is_told_with_what_the_node_was_given() {
    let mut person = Person::at(&FLOW.replace("\"title\": \"Who weighs what\"", "\"x\": \"name\""));
    person.press("Run");
    person.sees("Chart", "there is no column");
    person.press("Node Chart");
    let error = "Failed: there is no column \"name\": the table has who (Text), kg (Float)";
    let n_told = |person: &Person| person.window.query_all_by_label(error).count();
    assert!(n_told(&person) >= 2, "in the inspector and below");
    assert!(person.window.query_all_by_label_contains("What to do: choose one of these columns").count() > 0);
    let given = person.window.query_all_by_role_and_label(Role::DisclosureTriangle, "table · from Weights");
    assert_eq!(given.count(), 2);
    assert!(person.window.query_by_label_contains("Search the table").is_none());
    assert!(person.window.query_all_by_label_contains("kg").count() > 0, "what it was given is open below");
    // The one in the inspector is further down than the window reaches.
    let copy = person.window.query_all_by_label("Copy error");
    copy.min_by(|one, other| one.rect().left().total_cmp(&other.rect().left())).unwrap().click();
    person.window.step();
    let copied = (0..3).find_map(|_| {
        let output = &person.window.output().platform_output;
        let text = output.commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
        person.window.step();
        text
    });
    let copied = copied.expect("the error is on the clipboard");
    assert!(copied.starts_with("Chart (\"p\") failed: there is no column") && copied.contains("\nRun "), "{copied}");
    person.settle();
    person.press("Node Drawing");
    assert!(
        person.window.query_all_by_role_and_label(Role::Link, "Chart").count() > 0,
        "the chain leads to where it began"
    );
    let links = person.window.query_all_by_role_and_label(Role::Link, "Chart");
    links.min_by(|one, other| one.rect().left().total_cmp(&other.rect().left())).unwrap().click();
    person.settle();
    assert!(n_told(&person) >= 2, "the node that failed is selected");
}
