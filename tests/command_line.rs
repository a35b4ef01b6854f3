//! The program as it is used from a shell: real processes, real files, a real kill.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value as Json;
use tempfile::TempDir;

const FLOW: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Small",
  nodes: {
    "a": (kind: "text", parameters: {"text": "x"}),
    "slow": (kind: "delay", title: "The slow one", parameters: {"secs": 0.0}),
    "b": (kind: "template", parameters: {"template": "{{ in1 }}b"}),
    "c": (kind: "template", parameters: {"template": "{{ in1 }}c"}),
  },
  connections: ["a.text -> slow.value", "slow.value -> b.in1", "b.text -> c.in1"],
)
"#;

struct Place {
    folder: TempDir,
    flow: PathBuf,
}

impl Place {
    fn new(flow: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.flow.ron");
        fs::write(&path, flow).unwrap();
        Self { folder, flow: path }
    }

    fn command(&self, subcommand: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinflow"));
        command.arg(subcommand).arg(&self.flow).args(arguments);
        command.env("PINFLOW_HOME", self.folder.path().join("home")).stdin(Stdio::null());
        command
    }

    fn call(&self, subcommand: &str, arguments: &[&str]) -> Output {
        self.command(subcommand, arguments).output().unwrap()
    }

    /// Runs the workflow and returns each node's status.
    fn statuses(&self, arguments: &[&str]) -> String {
        let record = self.record(arguments);
        let nodes = record["nodes"].as_object().unwrap();
        let words: Vec<String> =
            nodes.iter().map(|(node, record)| format!("{node} {}", record["status"].as_str().unwrap())).collect();
        words.join(", ")
    }

    fn record(&self, arguments: &[&str]) -> Json {
        let output = self.call("run", &[arguments, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_resumed_run_in_another_process_reuses_everything() {
    let place = Place::new(FLOW);
    assert_eq!(place.statuses(&[]), "a executed, slow executed, b executed, c executed");
    assert_eq!(place.statuses(&["--resume"]), "a reused, slow reused, b reused, c reused");
    assert_eq!(
        place.statuses(&["--resume", "--set", "b.template={{ in1 }}B"]),
        "a reused, slow reused, b executed, c executed"
    );
    assert_eq!(fs::read_to_string(&place.flow).unwrap(), FLOW, "the workflow's file stays as it was");
}

#[test]
fn marks_of_the_command_line_hold_for_one_run() {
    let place = Place::new(FLOW);
    place.statuses(&[]);
    assert_eq!(place.statuses(&["--resume", "--pin", "slow"]), "a reused, slow pinned, b reused, c reused");
    assert_eq!(place.statuses(&["--resume"]), "a reused, slow executed, b executed, c executed");
    assert_eq!(
        place.statuses(&["--pin", "The slow one", "--disable", "c"]),
        "a executed, slow pinned, b executed, c disabled"
    );
    assert_eq!(
        place.statuses(&["--resume", "--force", "b", "--to", "b"]),
        "a reused, slow executed, b executed, c not-run"
    );
}

#[test]
fn a_named_session_keeps_its_marks() {
    let place = Place::new(FLOW);
    place.statuses(&["--session", "mine", "--pin", "slow"]);
    assert_eq!(
        place.statuses(&["--session", "mine", "--set", "a.text=y"]),
        "a executed, slow pinned, b executed, c executed"
    );
    let other = "a executed, slow executed, b executed, c executed";
    assert_eq!(place.statuses(&["--session", "another"]), other);
    assert_eq!(place.statuses(&[]), other, "a run without a session uses no marks");
}

#[test]
fn the_record_says_why_and_what_came_of_it() {
    let place = Place::new(FLOW);
    place.statuses(&[]);
    let record = place.record(&["--resume", "--set", "b.template={{ in1 }}B"]);
    assert_eq!(record["nodes"]["b"]["reasons"][0]["reason"], "ConfigChanged");
    assert_eq!(record["nodes"]["c"]["reasons"][0]["detail"], "upstream b executes");
    assert_eq!(record["nodes"]["c"]["outputs"]["text"]["value"], "xBc");
    assert_eq!(record["status"], "succeeded");
}

#[test]
fn a_plan_runs_nothing_and_tells_the_chain_of_reasons() {
    let place = Place::new(FLOW);
    place.statuses(&[]);
    let output = place.call("plan", &["--resume", "--set", "b.template=new", "--why", "c"]);
    assert_eq!(
        text(&output.stdout),
        "c runs: upstream b executes\nb runs: Template changed \"{{ in1 }}b\" → \"new\"\n"
    );
    assert_eq!(place.statuses(&["--resume"]), "a reused, slow reused, b reused, c reused");
}

#[test]
fn the_exit_status_tells_success_failure_and_bad_usage() {
    let place = Place::new(FLOW);
    let status = |subcommand: &str, arguments: &[&str]| place.call(subcommand, arguments).status.code();
    assert_eq!(status("run", &[]), Some(0));
    assert_eq!(status("run", &["--set", "b.template={{ oops }}"]), Some(1));
    assert_eq!(status("run", &["--to", "nobody"]), Some(2));
    assert_eq!(status("run", &["--set", "slow.secs=-5"]), Some(2));
    assert_eq!(status("run", &["--nonsense"]), Some(2));
    assert_eq!(status("check", &[]), Some(0));
}

#[test]
fn errors_go_to_standard_error_and_say_what_to_do() {
    let place = Place::new(FLOW);
    let complaint = |arguments: &[&str]| text(&place.call("run", arguments).stderr);
    assert!(complaint(&["--to", "nobody"]).contains("there is no node \"nobody\"; there are a, b, c, slow"));
    assert!(complaint(&["--set", "b.nothing=1"]).contains("it has template"));
    let failed = place.call("run", &["--set", "b.template={{ oops }}"]);
    assert!(
        text(&failed.stderr).contains("error: b: ") && text(&failed.stderr).contains("oops"),
        "{}",
        text(&failed.stderr)
    );
    assert!(text(&failed.stdout).contains("not-run   c"));
}

#[test]
fn a_damaged_a_missing_and_a_newer_file_are_refused_with_the_reason() {
    for (flow, reason) in [
        (&FLOW[..FLOW.len() / 2], "line "),
        (&FLOW.replace("format: 1", "format: 9"), "newer version"),
        (&FLOW.replace("a.text ->", "a.text"), "line 11"),
    ] {
        let output = Place::new(flow).call("run", &[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(reason), "{}", text(&output.stderr));
    }
    let place = Place::new(FLOW);
    fs::remove_file(&place.flow).unwrap();
    assert!(text(&place.call("run", &[]).stderr).contains("cannot read the workflow"));
}

#[test]
fn a_missing_csv_fails_its_node_and_names_the_file() {
    let place = Place::new(
        r#"(format: 1, id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", nodes: {"r": (kind: "read_csv", parameters: {"path": "none.csv"})})"#,
    );
    let output = place.call("run", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("none.csv"), "{}", text(&output.stderr));
}

#[test]
fn a_killed_run_is_gone_on_with_from_what_had_finished() {
    let place = Place::new(&FLOW.replace("\"secs\": 0.0", "\"secs\": 600.0"));
    let mut child = place.command("run", &[]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.starts_with("executed  a"), "{first}");
    wait_until_kept(&place);
    child.kill().unwrap();
    child.wait().unwrap();
    let record = place.record(&["--resume", "--set", "slow.secs=0"]);
    assert_eq!(record["nodes"]["a"]["status"], "reused");
    assert_eq!(record["nodes"]["slow"]["status"], "executed");
    assert_eq!(record["nodes"]["slow"]["reasons"][0]["detail"], "it was interrupted last time");
    assert_eq!(record["nodes"]["c"]["outputs"]["text"]["value"], "xbc");
}

/// Waits until the first node's results are in the store: the run is written behind itself.
fn wait_until_kept(place: &Place) {
    let database = place.folder.path().join("home/data/store.sqlite");
    let clock = std::time::Instant::now();
    while clock.elapsed() < std::time::Duration::from_mins(1) {
        let count = || -> rusqlite::Result<i64> {
            let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
            rusqlite::Connection::open_with_flags(&database, flags)?.query_row(
                "SELECT count(*) FROM node_records",
                [],
                |row| row.get(0),
            )
        };
        if count().is_ok_and(|count| count > 0) {
            return;
        }
        std::thread::yield_now();
    }
    panic!("the store does not keep the first node");
}

#[test]
fn two_processes_at_once_do_not_hurt_each_other() {
    let place = Place::new(FLOW);
    let children: Vec<_> = (0..4)
        .map(|number| {
            let session = format!("s{number}");
            let mut command = place.command("run", &["--json", "--session", &session]);
            command.stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let record: Json = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(record["nodes"]["c"]["outputs"]["text"]["value"], "xbc");
    }
    for number in 0..4 {
        let session = format!("s{number}");
        assert_eq!(place.statuses(&["--resume", "--session", &session]), "a reused, slow reused, b reused, c reused");
    }
}

#[test]
fn without_a_place_for_results_a_run_still_works_and_says_so() {
    let place = Place::new(FLOW);
    let blocked = place.folder.path().join("blocked");
    fs::write(&blocked, "a file where the folder should be").unwrap();
    let output = place.command("run", &[]).env("PINFLOW_HOME", &blocked).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("will not be kept"), "{}", text(&output.stderr));
}

#[test]
fn without_a_display_the_window_says_what_works_instead() {
    let place = Place::new(FLOW);
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinflow"));
    command.env("PINFLOW_HOME", place.folder.path()).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let output = command.output().unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("pinflow run FILE"), "{}", text(&output.stderr));
    }
}

#[test]
fn the_kinds_are_listed_with_their_ports_and_parameters() {
    let output = Command::new(env!("CARGO_BIN_EXE_pinflow")).args(["kinds", "--json"]).output().unwrap();
    let kinds: Json = serde_json::from_slice(&output.stdout).unwrap();
    let ids: Vec<&str> = kinds.as_array().unwrap().iter().map(|kind| kind["id"].as_str().unwrap()).collect();
    for expected in ["text", "read_csv", "sql", "join", "template", "http_request", "branch", "merge", "resize_image"] {
        assert!(ids.contains(&expected), "{expected} is missing from {ids:?}");
    }
    let unknown = Command::new(env!("CARGO_BIN_EXE_pinflow")).args(["kinds", "nonsense"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn relative_paths_start_from_the_workflows_folder() {
    let place = Place::new(
        r#"(format: 1, id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", nodes: {"r": (kind: "read_text", parameters: {"path": "a.txt"})})"#,
    );
    fs::write(place.folder.path().join("a.txt"), "here").unwrap();
    let output = place.command("run", &["--json"]).current_dir(Path::new("/")).output().unwrap();
    let record: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(record["nodes"]["r"]["outputs"]["text"]["value"], "here");
}

#[test]
fn attempts_and_kept_results_are_told_as_text_and_json() {
    let place = Place::new(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  nodes: {
    "f": (kind: "fail", parameters: {"message": "no luck"}, settings: (retries: 1, error_output: true)),
    "t": (kind: "text", parameters: {"text": "x"}, settings: (keep_results_for: "1h")),
  },
)
"#,
    );
    let first = place.record(&[]);
    assert_eq!(first["status"], "succeeded with errors");
    assert_eq!(first["nodes"]["f"]["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(first["nodes"]["f"]["attempts"][1]["error"], "no luck");
    assert_eq!(first["nodes"]["f"]["outputs"]["error"]["value"]["attempts"], 2);
    let second = place.record(&[]);
    assert_eq!(second["nodes"]["t"]["status"], "kept");
    assert_eq!(second["nodes"]["t"]["detail"], first["run"]);
    let output = place.call("run", &[]);
    let said = text(&output.stdout);
    assert!(output.status.success());
    assert!(said.contains("kept      t") && said.contains("\"x\" (less than a minute old)"), "{said}");
    assert!(said.contains("attempt 2 failed: no luck"), "{said}");
    assert!(said.contains("0 executed, 0 reused, 0 pinned, 1 kept, 1 failed"), "{said}");
}

#[test]
fn iterations_are_told_as_text_and_json() {
    let place = Place::new(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  name: "Loop",
  nodes: {
    "a": (kind: "list", parameters: {"items": [1, 2, 3]}),
    "each": (kind: "for_each"),
    "b": (kind: "template", parameters: {"template": "{{ in1 }}b"}),
    "all": (kind: "collect"),
  },
  connections: ["a.list -> each.items", "each.item -> b.in1", "b.text -> all.item"],
)
"#,
    );
    let said = text(&place.call("run", &[]).stdout);
    let line = said.lines().find(|line| line.contains(" b ")).unwrap();
    assert!(line.ends_with("(3 iterations)"), "{said}");
    assert!(!said.lines().find(|line| line.contains(" a ")).unwrap().contains("iterations"), "{said}");
    let record = place.record(&[]);
    let expected = serde_json::json!({ "n_finished": 3, "total": 3, "failed": 0, "complete": true });
    for node in ["each", "b", "all"] {
        assert_eq!(record["nodes"][node]["iterations"], expected, "{node}");
    }
    assert_eq!(record["nodes"]["a"]["iterations"], Json::Null);
}
