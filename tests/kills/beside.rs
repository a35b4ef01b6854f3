//! Sweeps beside runs that go on, in this process and in another: what they need or have just written is never taken.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use pinflow::{
    engine::{Engine, PlanOptions, RunRequest},
    nodes::Catalogue,
    session::{Baseline, Folders, Session, sweep_request},
    store::{Finding, RunKind, RunStatus, SessionId, Store, SweepRequest},
    workflow::{self, Edit, Node, Position, Retention, Workflow},
};

use super::killing::{Chance, Victim, folder_of_victim, say};

/// Returns a workflow whose nodes give one of few values each, so that runs give over and over what others gave before, and what
/// is swept just then: large ones in files, and smaller ones in the database.
fn workflow(chance: &mut Chance) -> Workflow {
    let empty = r#"(format: 1, id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", nodes: {}, connections: [])"#;
    let mut workflow = workflow::parse(empty).unwrap();
    for (id, n_bytes) in [("large", 70_000), ("larger", 200_000), ("middle", 2_000), ("small", 20)] {
        let text = format!("{id} {} ", chance.below(3));
        let node = Node::new("text", Position(0.0, 0.0)).with("text", text.repeat(n_bytes / text.len()));
        workflow.apply(Edit::AddNode(id.parse().unwrap(), Arc::new(node))).unwrap();
    }
    workflow
}

fn baseline(store: &Store, session: SessionId) -> Baseline {
    store.baseline(session).unwrap().into_iter().collect()
}

/// Runs and resumes, and makes sure each time that all the session starts from is in the store.
fn run(store: &Store, session: SessionId, chance: &mut Chance) {
    let engine = Engine::new(Arc::new(Catalogue::standard()), Some(store.clone()));
    let kind = if chance.below(2) == 0 { RunKind::Standard } else { RunKind::Resumed };
    let request = RunRequest::new(workflow(chance), PlanOptions::of(kind));
    let record = engine.run(RunRequest { session, baseline: Arc::new(baseline(store, session)), ..request }, |_| ());
    assert_eq!(record.header.status, RunStatus::Succeeded);
    store.flush().unwrap();
    let records = store.baseline(session).unwrap();
    assert_eq!(records.len(), 4);
    for record in records {
        record.results.as_ref().unwrap().load().unwrap_or_else(|error| panic!("{}: {error}", record.node));
    }
    // Values are left alone while a run goes on.
    chance.wait_below(Duration::from_millis(4));
}

fn open(folder: &Path) -> (Folders, Store) {
    let folders = Folders::under(folder);
    let store = folders.open_store(None).unwrap();
    (folders, store)
}

fn run_until_killed(folder: &Path) -> ! {
    let (folders, store) = open(folder);
    let workflow_id = workflow(&mut Chance::new()).id();
    let session = Session::create(&folders, Some(&store), workflow_id, None).unwrap();
    say("begun");
    let mut chance = Chance::new();
    loop {
        run(&store, session.id, &mut chance);
        fs::write(folder.join("runs"), "some").unwrap();
    }
}

#[test]
fn a_sweep_takes_nothing_of_a_run_that_goes_on_beside_it() {
    if let Some(folder) = folder_of_victim() {
        run_until_killed(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    let (folders, store) = open(folder.path());
    let workflow_id = workflow(&mut Chance::new()).id();
    let session = Session::create(&folders, Some(&store), workflow_id, None).unwrap();
    let mut victim = Victim::start("beside::a_sweep_takes_nothing_of_a_run_that_goes_on_beside_it", folder.path());
    victim.hear();
    let is_over = AtomicBool::new(false);
    let (n_sweeps, n_values, n_files) = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut chance = Chance::new();
            // Whatever becomes of it, the sweeps end.
            let runs = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                for _ in 0..60 {
                    run(&store, session.id, &mut chance);
                }
            }));
            is_over.store(true, Ordering::Relaxed);
            runs.unwrap();
        });
        let sweeps = sweep_until(&is_over, &folders, &store);
        writer.join().unwrap();
        sweeps
    });
    assert!(folder.path().join("runs").exists(), "the other process ran as well");
    assert!(victim.kill(), "it is well until it is killed");
    assert!(n_values > 0 && n_files > 0, "{n_sweeps} sweeps took {n_values} values and {n_files} files");
    println!("{n_sweeps} sweeps beside runs took {n_values} values and {n_files} files");
}

/// Sweeps, leaving no run in the history and giving files no time, and looks whether all is whole; returns how many sweeps,
/// values and files that were.
fn sweep_until(is_over: &AtomicBool, folders: &Folders, store: &Store) -> (usize, usize, usize) {
    let (mut n_sweeps, mut n_values, mut n_files) = (0, 0, 0);
    while !is_over.load(Ordering::Relaxed) {
        let rule = Retention { save_runs: false, ..Retention::default() };
        let request = sweep_request(folders, store, rule).unwrap();
        let report = store.sweep(&SweepRequest { file_grace: Duration::ZERO, ..request }).unwrap();
        n_sweeps += 1;
        n_values += report.n_values;
        n_files += report.n_files;
        if n_sweeps % 4 == 0 {
            let findings = store.check().unwrap().findings;
            assert!(!findings.iter().any(Finding::is_damage), "{findings:?}");
        }
    }
    (n_sweeps, n_values, n_files)
}
