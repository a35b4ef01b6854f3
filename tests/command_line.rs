//! The program as it is used from a shell: real processes, real files, a real kill.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "command_line/dry.rs"]
mod dry;
#[path = "command_line/kept.rs"]
mod kept;

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
    assert_eq!(record["nodes"]["c"]["reasons"][0]["detail"], "upstream Template (\"b\") executes");
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
        "Template (\"c\") runs: upstream Template (\"b\") executes\n  \
         Template (\"b\") runs: Template changed \"{{ in1 }}b\" → \"new\"\n"
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
        text(&failed.stderr).contains("error: Template (\"b\"): ") && text(&failed.stderr).contains("oops"),
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
fn repeating_a_workflow_keeps_nothing_and_fails_only_for_what_differs() {
    let place = Place::new(FLOW);
    let output = place.call("check", &["--repeat"]);
    assert_eq!(text(&output.stdout), "4 nodes, no problems\n4 gave the same twice, 0 differ\n");
    assert_eq!(output.status.code(), Some(0));
    assert!(!place.folder.path().join("home").exists(), "no session and no history");
    let unknown = place.call("check", &["--repeat", "--session", "nobody"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(place.call("check", &["--session", "mine"]).status.code(), Some(2), "without --repeat it means nothing");
}

#[test]
#[cfg(target_os = "linux")]
fn repeating_names_what_differs_and_what_could_not_be_checked() {
    let flow = r#"(
      format: 1,
      id: "01ARZ3NDEKTSV4RRFFQ69G5FAW",
      nodes: {
        "dice": (kind: "read_text", title: "Dice", parameters: {"path": "/proc/sys/kernel/random/uuid"}),
        "echo": (kind: "command", title: "Echo", parameters: {"program": "echo", "arguments": ["hello"]}),
        "below": (kind: "template", parameters: {"template": "{{ in1 }}!"}),
      },
      connections: ["echo.stdout -> below.in1"],
    )"#;
    let place = Place::new(flow);
    let output = place.call("check", &["--repeat"]);
    let said = text(&output.stdout);
    assert!(said.contains("differs:   Dice (\"dice\"): text was Text "), "{said}");
    assert!(said.contains("; first at line 1, character "), "{said}");
    assert!(
        said.contains("unchecked: Template (\"below\"): it needs Echo (\"echo\"), which changes something outside"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1));
    let json: Json = serde_json::from_slice(&place.call("check", &["--repeat", "--json"]).stdout).unwrap();
    assert_eq!(json["repeat"]["differing"]["dice"][0]["port"], "text");
    assert_eq!(json["repeat"]["not_executed"][0], "echo");
    // With results of a session at hand, what is below the effect can be checked too.
    place.statuses(&["--session", "mine"]);
    let output = place.call("check", &["--repeat", "--session", "mine"]);
    assert!(text(&output.stdout).contains("1 gave the same twice, 1 differ\n"), "{}", text(&output.stdout));
}

#[test]
fn why_is_told_after_a_run_and_as_json() {
    let place = Place::new(FLOW);
    place.statuses(&[]);
    let change = ["--resume", "--set", "b.template={{ in1 }}B", "--why", "c"];
    let output = place.call("run", &[&change[..], &["--quiet"]].concat());
    let tree = "Template (\"c\") ran: upstream Template (\"b\") executes\n  Template (\"b\") ran: Template changed ";
    assert!(text(&output.stdout).starts_with(tree), "{}", text(&output.stdout));
    let record = place.record(&["--resume", "--set", "b.template=other", "--why", "c"]);
    assert_eq!(record["why"][1]["node"], "b");
    assert_eq!(record["why"][1]["led_by"], "c");
    assert_eq!(record["why"][1]["status"], "executed");
    let plan = place.call("plan", &["--resume", "--set", "b.template=new", "--why", "c", "--json"]);
    let plan: Json = serde_json::from_slice(&plan.stdout).unwrap();
    assert_eq!(plan["why"][0]["upstream"][0], "b");
    assert_eq!(plan["why"][0]["decision"], "run");
    assert_eq!(plan["why"][1]["reasons"][0]["reason"], "ConfigChanged");
}

impl Place {
    /// Runs the workflow with these lines as its input; returns what it said on standard output and on standard error.
    fn converse(&self, arguments: &[&str], lines: &str) -> (String, String) {
        use std::io::Write as _;
        let mut command = self.command("run", arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn a_breakpoint_shows_what_waits_and_a_value_can_be_changed_for_the_run() {
    let place = Place::new(FLOW);
    let lines = "what\nv a.text\nset a.text 7\nset c.text \"y\"\nset slow.value \"y\"\nv slow.value\nc\n";
    let (out, said) = place.converse(&["--break", "b"], lines);
    assert!(said.contains("paused before b\n  b.in1 <- slow.value: Text \"x\""), "{said}");
    assert!(said.contains("Enter or s: execute one node"), "{said}");
    assert!(said.contains("> \"x\"\n"), "{said}");
    assert!(said.contains("c has no results in this run"), "{said}");
    assert!(said.contains("> \"y\"\n"), "{said}");
    assert!(out.contains("Text \"ybc\"") && out.contains("changed by hand"), "{out}");
    let (out, said) = place.converse(&["--resume"], "");
    assert!(out.contains("another value arrives on in1") && out.contains("Text \"xbc\""), "{out}");
    assert!(!said.contains("paused"), "{said}");
}

#[test]
fn steps_execute_one_node_each_and_the_end_of_the_input_goes_on() {
    let place = Place::new(FLOW);
    let (out, said) = place.converse(&["--step"], "\ns\n");
    for waiting in ["a", "slow", "b"] {
        assert!(said.contains(&format!("paused before {waiting}\n")), "{said}");
    }
    assert!(said.contains("the input has ended") && !said.contains("paused before c"), "{said}");
    assert!(out.contains("4 executed"), "{out}");
    let output = place.call("run", &["--break", "The slow one", "--break", "c"]);
    assert!(output.status.success(), "without any input it does not wait");
}

#[test]
fn a_breakpoint_in_a_loop_pauses_in_each_iteration_and_shows_what_is_there() {
    let place = Place::new(
        r#"(format: 1, id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", nodes: {
            "l": (kind: "list", parameters: {"items": ["x", "y"]}),
            "f": (kind: "for_each"),
            "b": (kind: "template", parameters: {"template": "{{ in1 }}!"}),
            "c": (kind: "collect"),
        }, connections: ["l.list -> f.items", "f.item -> b.in1", "b.text -> c.item"])"#,
    );
    let (out, said) = place.converse(&["--break", "b"], "c\nset f.item \"z\"\nv f.item\nc\n");
    assert!(said.contains("paused before b in iteration 1\n  b.in1 <- f.item: Text \"x\""), "{said}");
    assert!(said.contains("paused before b in iteration 2\n  b.in1 <- f.item: Text \"y\""), "{said}");
    assert!(said.contains("> \"z\"\n"), "{said}");
    assert!(out.contains("changed by hand"), "{out}");
    let record = place.record(&["--resume"]);
    assert_eq!(record["nodes"]["c"]["outputs"]["items"]["value"], serde_json::json!(["x!", "y!"]));
}

#[test]
fn a_paused_run_can_be_cancelled() {
    let (out, _) = Place::new(FLOW).converse(&["--break", "b", "--json"], "q\n");
    let record: Json = serde_json::from_str(&out).unwrap();
    assert_eq!(record["status"], "cancelled");
    assert_eq!(record["nodes"]["slow"]["status"], "executed");
    assert_eq!(record["nodes"]["c"]["status"], "cancelled");
}

#[test]
fn parts_of_a_workflow_run_and_what_contradicts_itself_is_refused() {
    let place = Place::new(FLOW);
    assert_eq!(place.statuses(&["--only", "slow"]), "a executed, slow executed, b not-run, c not-run");
    assert_eq!(place.statuses(&["--resume", "--from", "b"]), "a not-run, slow reused, b executed, c executed");
    let refused = |arguments: &[&str], word: &str| {
        let output = place.call("plan", arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(word), "{arguments:?}: {said}");
    };
    refused(&["--only", "a", "--from", "b"], "--from");
    refused(&["--to", "a", "--only", "b"], "--only");
    refused(&["--stop-at-equal-data"], "--resume");
    refused(&["--resume", "--skip-what-only-feeds-pins"], "--skip-what-only-feeds-pins");
    refused(&["--only", "nobody"], "there is no node \"nobody\"");
    let plan = place.call("plan", &["--skip-what-only-feeds-pins", "--pin", "b"]);
    let text = String::from_utf8(plan.stdout).unwrap();
    assert!(text.contains("all that takes something from it is pinned"), "{text}");
}

#[test]
fn a_plan_forecasts_from_how_long_nodes_took() {
    let place = Place::new(FLOW);
    let forecast = |arguments: &[&str]| {
        let said = text(&place.call("plan", arguments).stdout);
        said.lines().last().unwrap().to_owned()
    };
    assert!(forecast(&[]).starts_with("forecast: Resume: "), "{}", forecast(&[]));
    assert!(forecast(&[]).ends_with(" never timed"), "{}", forecast(&[]));
    place.statuses(&["--set", "slow.secs=1.2"]);
    let says = |arguments: &[&str], words: &str| {
        let said = forecast(arguments);
        assert!(said.starts_with(words), "{said}");
    };
    says(&["--set", "slow.secs=1.2", "--resume"], "forecast: nothing to resume, full run about ");
    says(&["--set", "slow.secs=9"], "forecast: Resume roughly ");
    says(&["--set", "slow.secs=1.2", "--to", "slow"], "forecast: about ");
    let plan = place.call("plan", &["--set", "slow.secs=1.2", "--resume", "--json"]);
    let plan: Json = serde_json::from_slice(&plan.stdout).unwrap();
    assert_eq!(plan["forecast"]["resume"]["executing"], 0);
    assert!(plan["forecast"]["full"]["secs"].as_f64().unwrap() >= 1.2);
    assert!(plan["forecast"]["full"]["critical"].as_array().unwrap().contains(&"slow".into()));
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
