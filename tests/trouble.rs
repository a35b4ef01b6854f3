//! A disk that is full or may not be written: said so that a person can help, and nothing that was saved is lost.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use pinflow::{
    session::{Folders, Mark, Session},
    store::{Finding, HistoryFilter},
    workflow::{self, Edit, Node, Position, Workflow},
};

/// A small disk of its own, for those who may mount one.
struct Disk(tempfile::TempDir);

impl Disk {
    /// Returns a disk of so many kibibytes; none where that is not possible, which is said.
    fn new(n_kib: usize) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={n_kib}k");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        std::io::stderr().write_all(b"skipped: no disk can be mounted here\n").unwrap();
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(self.path()).status().unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg("--lazy").arg(self.path()).status().unwrap().success());
    }
}

/// Returns a workflow that gives a text of its own, with a letter so often.
fn workflow(letter: &str, n_bytes: usize) -> Workflow {
    let empty = r#"(format: 1, id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", nodes: {}, connections: [])"#;
    let mut workflow = workflow::parse(empty).unwrap();
    let node = Node::new("text", Position(0.0, 0.0)).with("text", letter.repeat(n_bytes));
    workflow.apply(Edit::AddNode("n".into(), Arc::new(node))).unwrap();
    workflow
}

/// Runs a workflow with its store on a disk.
fn run(disk: &Disk, workflow: &Workflow) -> (Output, String) {
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("trouble.flow.ron");
    workflow::save(workflow, &path).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pinflow"))
        .arg("run")
        .arg(path)
        .env("PINFLOW_HOME", disk.path().join("home"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

/// Returns how many runs are in the history, after making sure that the store is whole.
fn n_runs(disk: &Disk) -> usize {
    let store = Folders::under(&disk.path().join("home")).open_store(None).unwrap();
    let findings = store.check().unwrap().findings;
    assert!(!findings.iter().any(Finding::is_damage), "{findings:?}");
    store.history(&HistoryFilter::default()).unwrap().len()
}

#[test]
fn a_full_disk_is_said_and_costs_only_what_came_after() {
    let Some(disk) = Disk::new(3_000) else { return };
    assert!(run(&disk, &workflow("a", 100_000)).0.status.success());
    let (_, said) = run(&disk, &workflow("b", 4_000_000));
    assert!(said.contains("the disk is full: make room"), "{said}");
    disk.remount("size=64m");
    assert!(n_runs(&disk) >= 1, "the first run is there");
    let (output, said) = run(&disk, &workflow("b", 4_000_000));
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn files_on_a_full_disk_stay_as_they_were() {
    let Some(disk) = Disk::new(3_000) else { return };
    let (path, before) = (disk.path().join("saved.flow.ron"), workflow("a", 10_000));
    workflow::save(&before, &path).unwrap();
    let folders = Folders::under(&disk.path().join("home"));
    let mut session = Session::create(&folders, None, before.id(), Some(&path)).unwrap();
    fs::write(disk.path().join("rest"), vec![0; 4_000_000]).unwrap_err();
    let error = workflow::save(&workflow("b", 100_000), &path).unwrap_err().to_string();
    assert!(error.contains("saved.flow.ron") && error.contains("No space left"), "{error}");
    session.unsaved = Some("edited ".repeat(20_000));
    session.marks.set("n".into(), Mark::Disabled);
    let error = session.save().unwrap_err().to_string();
    assert!(error.contains("No space left"), "{error}");
    assert_eq!(workflow::load(&path).unwrap(), before);
    assert_eq!(names(disk.path()), ["home", "rest", "saved.flow.ron"], "nothing unfinished is left");

    fs::remove_file(disk.path().join("rest")).unwrap();
    session.save().unwrap();
    let id = session.id;
    drop(session);
    let session = Session::open(&folders, None, id).unwrap();
    assert!(matches!(session.marks.get(&"n".into()), Mark::Disabled));
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_disk_that_may_not_be_written_is_said_and_what_is_there_can_be_used_afterwards() {
    let Some(disk) = Disk::new(8_000) else { return };
    assert!(run(&disk, &workflow("a", 100_000)).0.status.success());
    let path: PathBuf = disk.path().join("saved.flow.ron");
    workflow::save(&workflow("a", 10), &path).unwrap();
    disk.remount("ro");
    let (_, said) = run(&disk, &workflow("b", 100_000));
    assert!(said.contains("may not be written") || said.contains("Read-only"), "{said}");
    assert!(said.contains(&*disk.path().to_string_lossy()), "it is said where: {said}");
    let error = workflow::save(&workflow("b", 10), &path).unwrap_err().to_string();
    assert!(error.contains("saved.flow.ron") && error.contains("Read-only"), "{error}");
    assert_eq!(workflow::load(&path).unwrap(), workflow("a", 10));
    disk.remount("rw");
    assert_eq!(n_runs(&disk), 1);
    assert!(run(&disk, &workflow("b", 100_000)).0.status.success());
}
