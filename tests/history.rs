//! Earlier runs from a shell: listed, shown, compared, pinned and resumed from.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value as Json;
use tempfile::TempDir;

const FLOW: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Small",
  nodes: {
    "a": (kind: "text", title: "First", parameters: {"text": "one\ntwo\nthree"}),
    "b": (kind: "text", title: "Second", parameters: {"text": "x"}),
    "c": (kind: "template", parameters: {"template": "{{ in1 }} {{ in2 }}"}),
  },
  connections: ["a.text -> c.in1", "b.text -> c.in2"],
)
"#;

struct Place {
    folder: TempDir,
    flow: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let flow = folder.path().join("small.flow.ron");
        fs::write(&flow, FLOW).unwrap();
        Self { folder, flow }
    }

    fn call(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinflow"));
        command.args(arguments).env("PINFLOW_HOME", self.folder.path().join("home")).stdin(Stdio::null());
        command.output().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Json {
        json(&self.call(&[&["run", self.flow.to_str().unwrap(), "--json"], arguments].concat()))
    }

    fn history(&self, arguments: &[&str]) -> String {
        let output = self.call(&[&["history"], arguments].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
}

/// Returns each node's status and value.
fn outcome(run: &Json) -> String {
    let nodes = run["nodes"].as_object().unwrap().iter();
    let words: Vec<String> = nodes
        .map(|(node, record)| {
            let value = &record["outputs"]["text"]["value"];
            format!(
                "{node} {} {}",
                record["status"].as_str().unwrap(),
                value.as_str().unwrap_or("-").replace('\n', "/")
            )
        })
        .collect();
    words.join(", ")
}

#[test]
fn runs_are_listed_with_kind_status_counts_and_marks_and_can_be_filtered() {
    let place = Place::new();
    place.run(&[]);
    place.run(&["--resume", "--disable", "b"]);
    place.run(&["--set", "a.text=other", "--resume", "--force", "b"]);
    place.run(&["--set", "c.template={{ nonsense("]);
    let list = place.history(&["list"]);
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 4, "{list}");
    assert!(lines[0].contains("#4") && lines[0].contains("failed") && lines[0].contains("small.flow.ron"), "{list}");
    assert!(lines[1].contains("resumed") && lines[1].contains("(1 mark)"), "{list}");
    assert!(lines[3].contains("standard") && lines[3].contains("3 executed"), "{list}");

    let rows = |arguments: &[&str]| -> Vec<i64> {
        let rows: Json = serde_json::from_str(&place.history(&[&["list", "--json"], arguments].concat())).unwrap();
        rows.as_array().unwrap().iter().map(|row| row["number"].as_i64().unwrap()).collect()
    };
    assert_eq!(rows(&[]), [4, 3, 2, 1]);
    assert_eq!(rows(&["--kind", "resumed"]), [3, 2]);
    assert_eq!(rows(&["--status", "failed"]), [4]);
    assert_eq!(rows(&["--since", "1h", "-n", "2"]), [4, 3]);
    assert_eq!(rows(&["--until", "1h"]), [0; 0]);
    assert_eq!(rows(&[place.flow.to_str().unwrap()]), [4, 3, 2, 1]);
    assert_eq!(rows(&["--workflow", "01ARZ3NDEKTSV4RRFFQ69G5FAA"]), [0; 0]);
    let all: Json = serde_json::from_str(&place.history(&["list", "--json"])).unwrap();
    assert_eq!(all[2]["counts"]["reused"], 1, "{all:#}");
    assert_eq!(all[2]["counts"]["disabled"], 1, "{all:#}");
}

const WRITES: &str = r#"(
  format: 1,
  id: "01JD0000000000000000000007",
  name: "Writes",
  nodes: {
    "text": (kind: "text", title: "Note", parameters: {"text": "grüezi"}),
    "write": (kind: "write_text", title: "Letter", parameters: {"path": "out/letter.txt"}),
  },
  connections: ["text.text -> write.text"],
)"#;

#[test]
fn what_a_run_did_outside_is_listed_and_what_was_held_back_with_the_reason() {
    let place = Place::new();
    fs::write(&place.flow, WRITES).unwrap();
    let file = fs::canonicalize(place.flow.parent().unwrap()).unwrap().join("out/letter.txt");
    let run = |more: &[&str]| text(&place.call(&[&["run", place.flow.to_str().unwrap()], more].concat()).stdout);
    let first = run(&[]);
    assert!(first.contains("; 1 effect outside\n") && !first.contains("held back"), "{first}");
    let done = place.history(&["effects", "1"]);
    assert!(done.starts_with("done ") && done.contains("out/letter.txt (7 bytes)\n"), "{done}");
    let done: Json = serde_json::from_str(&place.history(&["effects", "1", "--json"])).unwrap();
    let written = &done["nodes"][0]["effects"][0];
    assert_eq!((&written["what"], &written["bytes"]), (&Json::from("file"), &Json::from(7)), "{done:#}");
    assert!(fs::canonicalize(written["target"].as_str().unwrap()).unwrap() == file, "{done:#}");
    let again = run(&["--resume"]);
    assert!(again.contains("; 1 effect held back\n") && !again.contains("outside"), "{again}");
    let held_back = place.history(&["effects", "2"]);
    assert!(held_back.starts_with("held back write") && held_back.contains("it reused its results"), "{held_back}");
    let show: Json = serde_json::from_str(&place.history(&["show", "2", "--json"])).unwrap();
    assert_eq!(show["nodes"]["write"]["effect"], "held back");
}

#[test]
fn a_run_is_shown_as_it_was_whatever_came_after() {
    let place = Place::new();
    place.run(&["--force", "b"]);
    let before = place.history(&["show", "1"]);
    assert!(before.contains("run #1") && before.contains("marks: ") && before.contains("forced"), "{before}");
    assert!(before.contains("3 executed"), "{before}");
    fs::write(&place.flow, FLOW.replace("one", "uno")).unwrap();
    place.run(&["--resume", "--pin", "b"]);
    assert_eq!(place.history(&["show", "1"]), before);
    let record: Json = serde_json::from_str(&place.history(&["show", "#1", "--json"])).unwrap();
    assert_eq!(record["nodes"]["a"]["outputs"]["text"]["value"], "one\ntwo\nthree");
    let missing = place.call(&["history", "show", "77"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("history list"), "{}", text(&missing.stderr));
}

#[test]
fn two_runs_are_compared_node_by_node_down_to_the_lines_that_differ() {
    let place = Place::new();
    place.run(&[]);
    place.run(&["--resume", "--set", "a.text=one\nTWO\nthree"]);
    let words = place.history(&["compare", "1", "2"]);
    assert!(words.contains("#1 -> #2"), "{words}");
    assert!(words.contains("    -two\n    +TWO\n"), "{words}");
    assert!(words.contains("executed -> reused"), "{words}");
    let compared: Json = serde_json::from_str(&place.history(&["compare", "1", "2", "--json"])).unwrap();
    assert_eq!(compared["nodes"]["a"]["decided_otherwise"], false);
    assert_eq!(compared["nodes"]["a"]["config"][0]["what"], "text");
    assert_eq!(compared["nodes"]["b"]["decided_otherwise"], true);
    assert_eq!(compared["nodes"]["b"]["outputs"]["text"]["same"], true);
    assert_eq!(compared["nodes"]["c"]["outputs"]["text"]["difference"]["lines_added"], 1);
    let same = place.history(&["compare", "1", "1"]);
    assert!(same.contains("nothing differs"), "{same}");
    let one = place.history(&["compare", "1", "2", "--node", "Second"]);
    assert!(one.contains("the same") && !one.contains("TWO"), "{one}");
}

#[test]
fn results_of_several_runs_are_pinned_together() {
    let place = Place::new();
    place.run(&["--set", "a.text=A1", "--set", "b.text=B1"]);
    place.run(&["--set", "a.text=A2", "--set", "b.text=B2"]);
    let mixed = place.run(&["--pin-from", "First=1", "--pin-from", "b=2"]);
    assert_eq!(outcome(&mixed), "a pinned A1, b pinned B2, c executed A1 B2");
    let refused = place.call(&["run", place.flow.to_str().unwrap(), "--pin-from", "a=9"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("no run"), "{}", text(&refused.stderr));
}

#[test]
fn a_run_resumes_from_an_earlier_one() {
    let place = Place::new();
    place.run(&[]);
    place.run(&["--set", "a.text=other"]);
    let planned = place.call(&["plan", place.flow.to_str().unwrap(), "--resume-from", "1"]);
    assert!(text(&planned.stdout).contains("0 run, 3 reuse"), "{}", text(&planned.stdout));
    let resumed = place.run(&["--resume-from", "1"]);
    assert_eq!(outcome(&resumed), "a reused one/two/three, b reused x, c reused one/two/three x");
    let again = place.run(&["--resume"]);
    assert_eq!(outcome(&again), outcome(&resumed), "the baseline is that of the run resumed from");
    let shown: Json = serde_json::from_str(&place.history(&["show", "4", "--json"])).unwrap();
    assert_eq!(outcome(&shown), outcome(&resumed), "what was reused is found in the run that made it");
}

impl Place {
    fn sweep(&self, arguments: &[&str]) -> String {
        let output = self.call(&[&["store", "sweep"], arguments].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    }

    fn numbers(&self) -> Vec<i64> {
        let rows: Json = serde_json::from_str(&self.history(&["list", "--json"])).unwrap();
        rows.as_array().unwrap().iter().map(|row| row["number"].as_i64().unwrap()).collect()
    }
}

#[test]
fn a_sweep_says_what_it_would_remove_and_leaves_what_is_needed() {
    let place = Place::new();
    place.run(&[]);
    for number in 0..3 {
        place.run(&["--resume", "--set", &format!("b.text={number}")]);
    }
    let said = place.sweep(&["--dry-run", "--newest", "1"]);
    assert!(said.contains("would remove 3 runs of 4") && said.contains("#1 "), "{said}");
    assert_eq!(place.numbers(), [4, 3, 2, 1]);
    let removed: Json = serde_json::from_str(&place.sweep(&["--newest", "1", "--json"])).unwrap();
    assert_eq!(removed["runs"].as_array().unwrap().len(), 3);
    assert_eq!(removed["runs_needed_in_part"], 1, "the first run made what the last reuses: {removed:#}");
    assert_eq!(place.numbers(), [4]);
    let shown: Json = serde_json::from_str(&place.history(&["show", "4", "--json"])).unwrap();
    assert_eq!(outcome(&shown), "a reused one/two/three, b executed 2, c executed one/two/three 2");
    assert_eq!(place.call(&["history", "show", "1"]).status.code(), Some(2));
    let resumed = place.run(&["--resume", "--set", "b.text=2"]);
    assert_eq!(outcome(&resumed), "a reused one/two/three, b reused 2, c reused one/two/three 2");
}

#[test]
fn a_workflows_own_rule_and_the_programs_count_after_each_run() {
    let place = Place::new();
    fs::write(&place.flow, FLOW.replace("nodes: {", "settings: (history: Some((newest: Some(2)))),\n  nodes: {"))
        .unwrap();
    for _ in 0..4 {
        place.run(&[]);
    }
    assert_eq!(place.numbers(), [4, 3]);
    fs::write(&place.flow, FLOW).unwrap();
    let config = place.folder.path().join("home").join("config");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("settings.ron"), "(theme: Dark, history: (newest: Some(1), keep_errors: true))").unwrap();
    place.run(&["--set", "c.template={{ nonsense("]);
    place.run(&[]);
    place.run(&[]);
    assert_eq!(place.numbers(), [7, 5], "the newest, and the one that failed");
}
