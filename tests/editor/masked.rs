//! What is sensitive is masked in the window until it is clicked on.

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use pinflow::workflow::{self, NodeId};

use crate::person::Person;

/// A loop, and a node that fails, around a template that makes a word without holding it.
const FLOW: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Masked",
  nodes: {
    "a": (kind: "list", title: "Source", position: (0.0, 0.0), parameters: {"items": ["x", "y"]}),
    "each": (kind: "for_each", title: "Each", position: (240.0, 0.0)),
    "b": (kind: "template", title: "Hides", position: (480.0, 0.0), settings: (sensitive: Yes),
      parameters: {"template": "{{ in1 }}-{{ 'can' ~ 'ary' }}"}),
    "c": (kind: "template", title: "Reads", position: (720.0, 0.0), parameters: {"template": "<{{ in1 }}>"}),
    "f": (kind: "command", title: "Broken", position: (720.0, 200.0), settings: (continue_on_error: true, retries: 1),
      parameters: {"program": "sh", "arguments": ["-c", "cat >&2; exit 3"]}),
    "all": (kind: "collect", title: "All", position: (960.0, 0.0)),
    "told": (kind: "template", title: "Told", position: (1200.0, 0.0), parameters: {"template": "{{ in1 }}"}),
  },
  connections: ["a.list -> each.items", "each.item -> b.in1", "b.text -> c.in1", "b.text -> f.stdin", "c.text -> all.item",
    "all.items -> told.in1"],
)
"#;

const ALL: [&str; 6] = ["Each", "Hides", "Reads", "Broken", "All", "Told"];

fn shows(person: &Person, text: &str) -> bool {
    let text = text.to_owned();
    let is_it = move |node: &egui_kittest::kittest::AccessKitNode<'_>| {
        [node.label(), node.value()].into_iter().flatten().any(|said| said.contains(&text))
    };
    person.window.query_all_by(is_it).next().is_some()
}

/// Opens sections of the inspector, or closes those that are open.
fn press_sections(person: &mut Person, sections: &[&str]) {
    for section in sections {
        person.window.get_by_role_and_label(Role::DisclosureTriangle, section).click();
        person.settle();
    }
}

#[test]
fn what_is_sensitive_is_masked_everywhere_until_it_is_clicked_on() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    person.sees("Broken", "••••••");
    person.press("Node Broken");
    press_sections(&mut person, &["Input Data", "Timing", "Log"]);
    for title in ALL {
        person.press(&format!("Node {title}"));
        assert!(!shows(&person, "canary"), "{title}");
    }
    for title in ["Hides", "Reads", "Broken", "Told"] {
        person.press(&format!("Node {title}"));
        for _ in 0..4 {
            let Some(button) = person.window.query_all_by_label("Show what is hidden").next() else { break };
            button.click();
            person.settle();
        }
        assert!(shows(&person, "canary"), "{title} shows it to who asks");
    }
    person.press("Node Reads");
    person.press("Previous iteration");
    assert!(shows(&person, "••••••") && !shows(&person, "x-canary"), "each iteration is asked for");
}

#[test]
fn a_node_says_why_it_is_sensitive_and_can_be_told_not_to_be() {
    let mut person = Person::at(FLOW);
    person.press("Node Reads");
    press_sections(&mut person, &["Parameters", "Output Data", "Settings"]);
    // It is further down than the window reaches.
    person.window.get_by_label("Sensitive").scroll_to_me();
    person.settle();
    assert!(shows(&person, "Because it reads Hides"));
    let setting = |person: &Person| {
        let workflow = person.window.state().workflow().unwrap();
        workflow.node(&NodeId::from("c")).unwrap().settings.sensitive
    };
    person.press("Sensitive");
    assert!(shows(&person, "which is sensitive: what it gives is written all the same"));
    assert_eq!(setting(&person), workflow::Sensitivity::No);
    person.press("Sensitive");
    assert_eq!(setting(&person), workflow::Sensitivity::ByKind, "as it was");
}
