//! What lasts: pinned data, and the store as a whole.

use super::*;

const REMEMBERS: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAW",
  name: "Remembers",
  nodes: {
    "number": (kind: "number", parameters: {"value": 2.5}),
    "total": (kind: "running_total", title: "All so far"),
    "later": (kind: "delay", parameters: {"secs": 0.5}),
    "note": (kind: "remember", parameters: {"forget_after_secs": 7200.0}),
    "before": (kind: "recall", parameters: {"node": "note"}),
  },
  connections: ["number.number -> total.value", "total.sum -> later.value", "later.value -> note.value"],
)
"#;

fn data(place: &Place, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinflow"));
    command.arg("data").args(arguments).env("PINFLOW_HOME", place.folder.path().join("home"));
    command.stdin(Stdio::null()).output().unwrap()
}

fn data_json(place: &Place, arguments: &[&str]) -> Json {
    let output = data(place, arguments);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
}

#[test]
fn pinned_data_lasts_from_process_to_process_and_can_be_listed_shown_exported_and_cleared() {
    let place = Place::new(REMEMBERS);
    let flow = place.flow.to_str().unwrap();
    assert_eq!(text(&data(&place, &["list"]).stdout), "no pinned data\n");
    let first = place.record(&[]);
    assert!(first["nodes"]["before"]["outputs"].as_object().unwrap().is_empty(), "there is nothing to recall yet");
    let second = place.record(&[]);
    assert_eq!(second["nodes"]["before"]["outputs"]["value"]["value"], 2.5);
    assert_eq!(second["nodes"]["total"]["outputs"]["sum"]["value"], 5.0);
    assert!(second["nodes"]["note"]["pinned_data"]["expires_at"].is_string());
    let resumed = place.record(&["--resume"]);
    assert_eq!(resumed["nodes"]["total"]["status"], "reused");
    assert_eq!(resumed["nodes"]["total"]["pinned_data"], Json::Null, "what is reused stores nothing");

    let list = text(&data(&place, &["list"]).stdout);
    assert!(list.starts_with("Remembers (01ARZ3NDEKTSV4RRFFQ69G5FAW, "), "{list}");
    assert!(list.contains("note") && list.contains("expires in 1 h 59 m]") && list.contains("All so far"), "{list}");
    let entries = data_json(&place, &["list", flow, "--node", "All so far", "--json"]);
    assert_eq!(entries.as_array().unwrap().len(), 1);
    assert_eq!((&entries[0]["node"], &entries[0]["expires_at"]), (&"total".into(), &Json::Null));
    assert!(entries[0]["bytes"].as_u64().unwrap() > 33);

    let shown = text(&data(&place, &["show", flow, "--node", "total"]).stdout);
    assert!(
        shown.starts_with("total (All so far): less than a minute old") && shown.contains("\"sum\": 5.0"),
        "{shown}"
    );
    let exported = place.folder.path().join("data.json");
    assert!(data(&place, &["export", flow, "--to", exported.to_str().unwrap()]).status.success());
    let exported: Json = serde_json::from_str(&fs::read_to_string(exported).unwrap()).unwrap();
    assert_eq!(exported[0]["value"], 5.0);
    assert_eq!(exported[1]["value"]["count"], 2);
    assert_eq!(exported, data_json(&place, &["show", flow, "--json"]));

    assert_eq!(text(&data(&place, &["clear", flow, "--node", "note"]).stdout), "cleared the pinned data of 1 node\n");
    let third = place.record(&[]);
    assert!(third["nodes"]["before"]["outputs"].as_object().unwrap().is_empty());
    assert_eq!(third["nodes"]["total"]["outputs"]["count"]["value"], 3);
    fs::remove_file(&place.flow).unwrap();
    let cleared = data(&place, &["clear", "--workflow", "01ARZ3NDEKTSV4RRFFQ69G5FAW"]);
    assert_eq!(text(&cleared.stdout), "cleared the pinned data of 2 nodes\n");
    assert_eq!(data_json(&place, &["list", "--json"]), serde_json::json!([]));
}

#[test]
fn the_data_command_says_what_it_needs() {
    let place = Place::new(REMEMBERS);
    let flow = place.flow.to_str().unwrap();
    let refused = |arguments: &[&str]| {
        let output = data(&place, arguments);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
        text(&output.stderr)
    };
    assert!(refused(&["clear"]).contains("name a workflow"));
    assert!(refused(&["show"]).contains("name a workflow"));
    assert!(refused(&["list", "--node", "note"]).contains("name the workflow of the node"));
    assert!(refused(&["show", flow, "--node", "nobody"]).contains("there is no node \"nobody\""));
    assert!(refused(&["clear", flow, "--all"]).contains("cannot be used with"));
    assert!(refused(&["show", "/nowhere/x.flow.ron"]).contains("/nowhere/x.flow.ron"));
    let other = data(&place, &["clear", "--all"]);
    assert_eq!(text(&other.stdout), "cleared the pinned data of 0 nodes\n");
}

fn store(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinflow"));
    command.arg("store").args(arguments).env("PINFLOW_HOME", home).stdin(Stdio::null()).output().unwrap()
}

fn first_below(folder: &Path, is_it: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths
        .into_iter()
        .find_map(|path| if path.is_dir() { first_below(&path, is_it) } else { Some(path).filter(|path| is_it(path)) })
}

#[test]
fn the_store_is_checked_repaired_backed_up_and_restored() {
    let place = Place::new(&FLOW.replace("\"x\"", &format!("{:?}", "x".repeat(100_000))));
    place.statuses(&[]);
    let home = place.folder.path().join("home");
    let checked = store(&home, &["check"]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(text(&checked.stdout).starts_with("1 run, ") && text(&checked.stdout).ends_with("whole\n"));

    let archive = place.folder.path().join("backup.tar");
    let backed_up = store(&home, &["backup", archive.to_str().unwrap()]);
    assert!(text(&backed_up.stdout).contains("the database and 3 files"), "{}", text(&backed_up.stdout));
    assert!(text(&backed_up.stderr).contains("its key is not in it"));

    let is_value = |path: &Path| path.file_name().unwrap().len() == 64;
    let value = first_below(&home, &is_value).unwrap();
    let mut bytes = fs::read(&value).unwrap();
    bytes[50_000] ^= 1;
    fs::write(&value, bytes).unwrap();
    let checked = store(&home, &["check", "--json"]);
    assert_eq!(checked.status.code(), Some(1));
    let json: Json = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), 1);
    assert_eq!(json["findings"][0]["is_damage"], true);
    let repaired = store(&home, &["repair"]);
    assert!(text(&repaired.stdout).contains("removed 1 row that could not be read"), "{}", text(&repaired.stdout));
    assert!(store(&home, &["check"]).status.success());
    let statuses = place.statuses(&["--resume"]);
    assert!(statuses.contains("executed"), "what was lost is made again: {statuses}");

    let elsewhere = place.folder.path().join("elsewhere");
    let refused = store(&home, &["restore", archive.to_str().unwrap()]);
    assert!(text(&refused.stderr).contains("move it away first"), "{}", text(&refused.stderr));
    let restored = store(&elsewhere, &["restore", archive.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    let is_key = |path: &Path| path.extension().is_some_and(|extension| extension == "key");
    let key = first_below(&home, &is_key).unwrap();
    let target = elsewhere.join(key.strip_prefix(&home).unwrap());
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::copy(&key, target).unwrap();
    let checked = store(&elsewhere, &["check"]);
    assert!(text(&checked.stdout).ends_with("whole\n"), "{}", text(&checked.stderr));
}
