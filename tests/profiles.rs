//! Profiles know nothing of each other: not by the library, not from a shell, not by an id that was guessed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use pinflow::{
    nodes::Outputs,
    session::{Folders, ProfileName, Session, earlier_sessions, unfinished_sessions},
    store::{
        Kept, LoopId, Provenance, RunHeader, RunId, RunKind, RunStatus, SessionId, Store, StoreError, kept_for_key,
    },
    value::{Fingerprint, Value},
    workflow::{self, NodeId, Workflow},
};
use tempfile::TempDir;

const CANARY: &str = "canary-of-one-profile";

fn flow() -> String {
    format!(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  nodes: {{
    "a": (kind: "text", parameters: {{"text": "{CANARY}"}}),
    "keep": (kind: "remember"),
  }},
  connections: ["a.text -> keep.value"],
)
"#
    )
}

/// Something of everything, in the store of a profile.
struct Ids {
    workflow: Workflow,
    run: RunId,
    session: SessionId,
    loop_id: LoopId,
    key: Fingerprint,
    value: Value,
}

fn node() -> NodeId {
    "a".parse().unwrap()
}

fn fill(store: &Store, session: SessionId) -> Ids {
    let workflow = workflow::parse(&flow()).unwrap();
    let value = Value::text(CANARY);
    let header = RunHeader {
        id: RunId::generate(),
        session,
        workflow_id: workflow.id(),
        workflow: Arc::new(workflow.clone()),
        path: None,
        kind: RunKind::Standard,
        part: pinflow::store::Part::All,
        options: pinflow::store::OptionsUsed::default(),
        marks: Vec::new(),
        started: Timestamp::now(),
        took: None,
        status: RunStatus::Running,
    };
    store.begin_run(&header, vec![node()], Vec::new);
    let loop_id = LoopId::generate();
    store.begin_loop(loop_id, header.id, &node(), None, b"about".to_vec());
    store.append_iteration(loop_id, header.id, 0, b"iteration".to_vec());
    store.finish_run(header.id, RunStatus::Succeeded, Duration::from_secs(1));
    store.keep_value(&value).unwrap();
    store.update_pinned_data(workflow.id(), &node(), None, &mut |_| value.clone()).unwrap();
    let results = Kept::in_memory(Arc::new(Outputs::one("out", CANARY)), Provenance::Run(header.id));
    let key = kept_for_key(&Fingerprint::of_bytes(b"config"), [], Path::new("/"));
    store.keep_for(&key, &results, &[], (header.id, Timestamp::now()), Duration::from_hours(1)).unwrap();
    store.flush().unwrap();
    Ids { workflow, run: header.id, session, loop_id, key, value }
}

/// Makes sure that a store knows nothing of these, whatever it is asked.
fn assert_knows_nothing(store: &Store, ids: &Ids) {
    let id = ids.workflow.id();
    assert!(store.run(ids.run).unwrap().is_none());
    assert!(store.runs(id, 100).unwrap().is_empty() && store.recent_runs(100).unwrap().is_empty());
    assert!(store.baseline(ids.session).unwrap().is_empty());
    assert!(store.pinned_data(id, &node()).unwrap().is_none());
    assert!(store.list_pinned_data(None).unwrap().is_empty() && store.list_pinned_data(Some(id)).unwrap().is_empty());
    assert!(store.iterations(ids.loop_id, 0..9).unwrap().is_empty());
    assert_eq!(store.n_iterations(ids.loop_id).unwrap(), 0);
    assert!(store.loop_of(ids.run, &node(), None).unwrap().is_none());
    assert!(store.timings(id).unwrap().is_empty());
    assert!(store.kept_for(&ids.key, Duration::from_hours(9), Timestamp::now()).unwrap().is_none());
    let fingerprint = ids.value.fingerprint();
    assert!(matches!(store.load_value(&fingerprint), Err(StoreError::Lost(_))));
    assert_eq!(store.missing_results(&[fingerprint]).unwrap(), [fingerprint]);
}

#[test]
fn no_call_of_the_library_reaches_another_profile_and_a_guessed_id_reads_as_absent() {
    let home = tempfile::tempdir().unwrap();
    let folders = Folders::under(home.path());
    let make = |name: &str| {
        let name: ProfileName = name.parse().unwrap();
        folders.make_profile(&name, folders.key_options(None, None)).unwrap()
    };
    let ((ours, our_store), (theirs, their_store)) = (make("ours"), make("theirs"));
    let mut session = Session::create(&ours, Some(&our_store), workflow::parse(&flow()).unwrap().id(), None).unwrap();
    session.unsaved = Some(CANARY.to_owned());
    session.save().unwrap();
    let ids = fill(&our_store, session.id);
    let id = ids.workflow.id();
    drop(session);

    for (folders, store) in [(&theirs, &their_store), (&folders, &folders.open_store(None).unwrap())] {
        assert_knows_nothing(store, &ids);
        assert!(Session::open(folders, Some(store), ids.session).is_err());
        assert!(unfinished_sessions(folders, Some(store)).unwrap().0.is_empty());
        assert!(earlier_sessions(folders, Some(store), id, None).unwrap().0.is_empty());
        // Nor does anything that changes something reach across.
        assert_eq!(store.clear_pinned_data(id, &[node()]).unwrap(), 0);
        assert_eq!(store.clear_all_pinned_data(None).unwrap(), 0);
        assert_eq!(store.copy_pinned_data(id, workflow::WorkflowId::generate()).unwrap(), 0);
        store.adopt_baseline(ids.session, SessionId::generate()).unwrap();
        store
            .update_pinned_data(id, &node(), None, &mut |before| {
                assert_eq!(before, None);
                Value::text("theirs")
            })
            .unwrap();
        store.clear_all_pinned_data(None).unwrap();
        assert_knows_nothing(store, &ids);
    }
    assert_eq!(our_store.pinned_data(id, &node()).unwrap().unwrap().value, ids.value);
    assert_eq!(our_store.load_value(&ids.value.fingerprint()).unwrap(), ids.value);
    assert!(our_store.run(ids.run).unwrap().is_some());
}

#[test]
fn a_file_of_another_profile_put_in_place_is_not_read() {
    let home = tempfile::tempdir().unwrap();
    let folders = Folders::under(home.path());
    let make = |name: &str| {
        let name: ProfileName = name.parse().unwrap();
        folders.make_profile(&name, folders.key_options(None, None)).unwrap()
    };
    let ((ours, our_store), (theirs, their_store)) = (make("ours"), make("theirs"));
    let session = Session::create(&ours, Some(&our_store), workflow::WorkflowId::generate(), None).unwrap();
    let id = session.id;
    let copied = theirs.sessions().unwrap().join(session.path().file_name().unwrap());
    fs::copy(session.path(), copied).unwrap();
    assert!(Session::open(&theirs, Some(&their_store), id).is_err());
    drop((session, our_store, their_store));
    fs::copy(ours.data.join("store.sqlite"), theirs.data.join("store.sqlite")).unwrap();
    let error = theirs.open_store(None).unwrap_err().to_string();
    assert!(error.contains("key"), "{error}");
}

struct Shell {
    folder: TempDir,
    flow: PathBuf,
}

impl Shell {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.flow.ron");
        fs::write(&path, flow()).unwrap();
        Self { folder, flow: path }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinflow"));
        command.args(arguments).env("PINFLOW_HOME", self.folder.path().join("home")).stdin(Stdio::null());
        command
    }

    /// Carries a command out; returns its exit status and what it said.
    fn call(&self, arguments: &[&str]) -> (i32, String) {
        said(&self.command(arguments).output().unwrap())
    }

    fn flow(&self) -> &str {
        self.flow.to_str().unwrap()
    }
}

fn said(output: &Output) -> (i32, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn no_command_reaches_another_profile() {
    let shell = Shell::new();
    let flow = shell.flow();
    assert_eq!(shell.call(&["profile", "new", "ours"]).0, 0);
    assert_eq!(shell.call(&["profile", "new", "theirs"]).0, 0);
    assert_eq!(shell.call(&["run", flow, "--profile", "ours", "--session", "s"]).0, 0);
    let resumed = |profile: &str| shell.call(&["--profile", profile, "run", flow, "--session", "s", "--resume"]).1;
    assert!(resumed("ours").contains("2 reused"), "{}", resumed("ours"));
    let (_, ours) = shell.call(&["data", "list", "--profile", "ours"]);
    assert!(ours.contains(CANARY), "{ours}");
    for others in [&["--profile", "theirs"][..], &[]] {
        for asked in [
            &["data", "list"][..],
            &["data", "list", "--json"],
            &["data", "show", "--workflow", "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
            &["data", "export"],
            &["data", "clear", "--all"],
            &["store", "status"],
        ] {
            let (_, said) = shell.call(&[asked, others].concat());
            assert!(!said.contains(CANARY), "{asked:?}: {said}");
        }
    }
    assert!(resumed("theirs").contains("2 executed, 0 reused"), "there is nothing to resume from");
    let (_, still) = shell.call(&["data", "list", "--profile", "ours"]);
    assert!(still.contains(CANARY), "clearing all of another profile's clears none of ours: {still}");
    let named = said(&shell.command(&["data", "list"]).env("PINFLOW_PROFILE", "ours").output().unwrap()).1;
    assert!(named.contains(CANARY), "the environment names the profile too: {named}");
}

#[test]
fn profiles_are_made_listed_and_removed_from_a_shell() {
    let shell = Shell::new();
    let (status, error) = shell.call(&["run", shell.flow(), "--profile", "wrok"]);
    assert_eq!(status, 2);
    assert!(error.contains("there is no profile wrok") && error.contains("default"), "{error}");
    let (status, error) = shell.call(&["profile", "new", "../x"]);
    assert!(status == 2 && error.contains("letters from a to z"), "{error}");
    assert_eq!(shell.call(&["profile", "new", "work", "--key", "off"]).0, 0);
    let (_, list) = shell.call(&["profile", "list", "--profile", "work"]);
    assert!(list.contains("* work") && list.contains("not encrypted"), "{list}");
    let (status, said) = shell.call(&["profile", "remove", "work"]);
    assert!(status == 2 && said.contains("would remove") && said.contains("--yes"), "{said}");
    assert_eq!(shell.call(&["profile", "remove", "work", "--yes"]), (0, "removed the profile work\n".to_owned()));
    assert!(!shell.call(&["profile", "list"]).1.contains("work"));
    assert_eq!(shell.call(&["profile", "remove", "default", "--yes"]).0, 2);
}

/// Returns whether any file under a folder holds the canary.
fn shows_canary(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return shows_canary(&path);
        }
        fs::read(&path).unwrap().windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
    })
}

#[test]
fn a_store_is_encrypted_anew_from_a_shell_with_its_sessions() {
    let shell = Shell::new();
    let home = shell.folder.path().join("home");
    let run = |key: &str| {
        let mut command = shell.command(&["run", shell.flow(), "--session", "s", "--pin", "a", "--resume"]);
        said(&command.env("PINFLOW_KEY", key).output().unwrap())
    };
    assert_eq!(run("off").0, 0);
    assert!(shows_canary(&home));
    let (_, status) = shell.call(&["store", "status"]);
    assert!(status.contains("not encrypted") && status.contains("pinflow store rekey"), "{status}");
    let (code, said_of_it) = shell.call(&["store", "rekey"]);
    assert!(
        code == 0 && said_of_it.contains("with a key in a file") && said_of_it.contains("1 sessions"),
        "{said_of_it}"
    );
    assert!(!shows_canary(&home));
    assert!(run("off").1.contains("pinned"), "the pin is still there");
    assert!(!shows_canary(&home), "how new stores are made says nothing of this one");

    let mut rekey = shell.command(&["store", "rekey", "--key", "passphrase"]);
    let (code, error) = said(&rekey.output().unwrap());
    assert!(code == 2 && error.contains("PINFLOW_NEW_PASSPHRASE"), "{error}");
    assert_eq!(said(&rekey.env("PINFLOW_NEW_PASSPHRASE", "correct horse").output().unwrap()).0, 0);
    let (code, error) = shell.call(&["run", shell.flow()]);
    assert!(code == 2 && error.contains("PINFLOW_PASSPHRASE"), "{error}");
    let with = |passphrase: &str, arguments: &[&str]| {
        said(&shell.command(arguments).env("PINFLOW_PASSPHRASE", passphrase).output().unwrap())
    };
    assert!(with("wrong", &["store", "status"]).1.contains("the passphrase is not the store's"));
    assert!(with("correct horse", &["store", "status"]).1.contains("with a passphrase"));
    assert!(!shows_canary(&home));
    let (code, off) = with("correct horse", &["store", "rekey", "--key", "off"]);
    assert!(code == 0 && off.contains("not encrypted"), "{off}");
    assert!(shows_canary(&home));
    assert!(run("file").1.contains("pinned"), "the pin is still there");
}
