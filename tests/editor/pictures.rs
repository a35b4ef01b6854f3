//! What the main views look like, in so far as nothing that is shown depends on the time or the place.

use egui::{Key, Modifiers, Rect, Theme, pos2, vec2};
use egui_kittest::{image_snapshot, kittest::Queryable as _};

use crate::person::{Person, open_in};

const FLOW: &str = r##"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Seen",
  nodes: {
    "t": (kind: "table", title: "Weights", position: (0.0, 0.0), parameters: {"table": {
      "columns": ["who", "kg", "born"],
      "rows": [["ada", 1.5, 2019], ["bo", 4.0, 2020], ["cy", null, 2021], ["ada", 3.25, 2019]]}}),
    "p": (kind: "plot", title: "Chart", position: (280.0, 0.0), parameters: {"kind": "bar", "x": "who", "y": ["kg"],
      "title": "Who weighs what"}),
    "r": (kind: "record", title: "Tree", position: (0.0, 320.0), parameters: {"fields": {"name": "Ada", "legs": 4,
      "likes": ["grass", "rain", {"what": "sun", "much": true}], "none": null}}),
    "m": (kind: "text", title: "Words", position: (280.0, 320.0), parameters: {
      "text": "# A heading\n\nSome *text*, a list:\n\n- one\n- two\n"}),
    "q": (kind: "sql", title: "Question", position: (560.0, 0.0), parameters: {
      "query": "SELECT who, SUM(kg) AS total\nFROM weights\nGROUP BY who ORDR BY 2"}),
    "w": (kind: "read_text", title: "Reader", position: (0.0, 160.0), parameters: {}),
  },
  connections: ["t.table -> p.table"],
)
"##;

/// What lies on the lower panel, below its tabs, which count what is found on other threads.
const LOWER: Rect = Rect { min: pos2(213.0, 570.0), max: pos2(968.0, 764.0) };

/// What lies on the panel at the right, above the results.
const RIGHT: Rect = Rect { min: pos2(972.0, 72.0), max: pos2(1279.0, 560.0) };

const WHOLE: Rect = Rect { min: pos2(0.0, 0.0), max: pos2(1280.0, 800.0) };

impl Person {
    /// Compares a part of the window with its picture.
    fn looks_as_it_did(&mut self, part: Rect, name: &str) {
        self.window.hover_at(pos2(900.0, 20.0));
        self.window.run_steps(10);
        let window = self.window.render().unwrap();
        let [x, y] = [part.min.x, part.min.y].map(|from| from as u32);
        let [width, height] = [part.width(), part.height()].map(|length| length as u32);
        image_snapshot(&image::imageops::crop_imm(&window, x, y, width, height).to_image(), name);
    }
}

#[test]
fn viewers_look_as_they_did() {
    let mut person = Person::at(FLOW);
    person.press("Run");
    for (title, name) in
        [("Weights", "viewer_table"), ("Chart", "viewer_plot"), ("Tree", "viewer_tree"), ("Words", "viewer_text")]
    {
        person.press(&format!("Node {title}"));
        person.looks_as_it_did(LOWER, name);
    }
}

#[test]
fn the_inspector_and_problems_look_as_they_did() {
    let mut person = Person::at(FLOW);
    person.press("Problems");
    person.until("the workflow is checked", |window| {
        window.query_all_by_label_contains("no file is named").next().is_some()
    });
    person.looks_as_it_did(LOWER, "problems");
    for (title, name) in [("Question", "inspector_sql"), ("Weights", "inspector_table"), ("Chart", "inspector_plot")] {
        person.press(&format!("Node {title}"));
        person.looks_as_it_did(RIGHT, name);
    }
}

#[test]
fn the_shortcut_sheet_looks_as_it_did() {
    let mut person = Person::at(FLOW);
    person.key(Modifiers::NONE, Key::F1);
    person.looks_as_it_did(WHOLE.shrink2(vec2(330.0, 60.0)), "shortcuts");
}

#[test]
fn the_welcome_screen_looks_as_it_did_in_both_themes() {
    for (theme, name) in [(Theme::Dark, "welcome_dark"), (Theme::Light, "welcome_light")] {
        let folder = tempfile::tempdir().unwrap();
        let window = open_in(theme, &folder, None);
        let mut person = Person { folder, window };
        person.settle();
        person.looks_as_it_did(WHOLE.with_max_y(760.0), name);
    }
}
