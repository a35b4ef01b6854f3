//! A process that is killed while it sweeps: what is needed is all there, and the next sweep ends what was begun.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use pinflow::{
    engine::{Engine, PlanOptions, RunRequest},
    nodes::Catalogue,
    session::{Folders, Mark, PinPolicy, Session, headless_session, sweep_request},
    store::{
        Checked, Finding, HistoryFilter, IterationLog, LoopAbout, NodeRecord, RunId, RunKind, RunRecord, SessionId,
        Store, SweepRequest,
    },
    value::{Fingerprint, Value},
    workflow::{self, Connection, Edit, Node, NodeId, PortRef, Position, Retention, Workflow},
};

use super::killing::{Chance, Victim, folder_of_victim, n_kills, say};

const N_RUNS: usize = 24;
const N_NEWEST: u32 = 5;

/// What a node gives, by its ports.
type Given = BTreeMap<NodeId, Vec<Fingerprint>>;

/// Returns a text; as a value it lies in a file.
fn text(what: &str) -> String {
    format!("{what} ").repeat(70_000 / (what.len() + 1))
}

/// Returns the workflow of a run: what some nodes give is like no other run's, what others give is like every fourth run's.
fn workflow(run: usize) -> Workflow {
    let empty = r#"(format: 1, id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", nodes: {}, connections: [])"#;
    let mut workflow = workflow::parse(empty).unwrap();
    let mut add = |id: &str, node: Node| {
        workflow.apply(Edit::AddNode(id.parse().unwrap(), Arc::new(node))).unwrap();
    };
    let node = |kind| Node::new(kind, Position(0.0, 0.0));
    for id in ["own1", "own2", "own3"] {
        add(id, node("text").with("text", text(&format!("{id} {run}"))));
    }
    add("shared", node("text").with("text", text(&format!("shared {}", run % 4))));
    add("small", node("text").with("text", format!("small {run}")));
    let items = (0..3).map(|item| Value::from(text(&format!("item {item} of {}", run % 2))));
    add("list", node("list").with("items", Value::list(items)));
    add("each", node("for_each"));
    add("body", node("template").with("template", "{{ in1 }} again"));
    add("collect", node("collect"));
    for [from, to] in [["list.list", "each.items"], ["each.item", "body.in1"], ["body.text", "collect.item"]] {
        workflow.apply(Edit::Connect(Connection { from: end(from), to: end(to) })).unwrap();
    }
    workflow
}

fn end(text: &str) -> PortRef {
    let (node, port) = text.split_once('.').unwrap();
    PortRef { node: node.parse().unwrap(), port: port.parse().unwrap() }
}

fn open(home: &Path) -> (Folders, Store) {
    let folders = Folders::under(home);
    let store = folders.open_store(None).unwrap();
    (folders, store)
}

/// Sweeps as the program does, but for files that lie there a short time only: they go as well.
fn sweep(folders: &Folders, store: &Store) {
    let rule = Retention { newest: Some(N_NEWEST), ..Retention::default() };
    let request = sweep_request(folders, store, rule).unwrap();
    store.sweep(&SweepRequest { file_grace: Duration::ZERO, ..request }).unwrap();
}

/// What has to stay whatever is swept.
struct Needed {
    runs: Vec<(RunId, Given)>,
    baselines: Vec<(SessionId, Given)>,
    pins: Vec<(SessionId, Vec<Fingerprint>)>,
}

fn ports(record: &NodeRecord) -> Vec<Fingerprint> {
    record.results.iter().flat_map(|results| results.ports()).map(|port| port.fingerprint).collect()
}

/// Reads every result there is; returns what they are.
fn given<'a>(records: impl Iterator<Item = &'a NodeRecord>) -> Given {
    records
        .map(|record| {
            if let Some(results) = &record.results {
                results.load().unwrap();
            }
            (record.node.clone(), ports(record))
        })
        .collect()
}

fn given_by(store: &Store, run: &RunRecord) -> Given {
    let (id, about) = store.loop_of(run.header.id, &"each".into(), None).unwrap().unwrap();
    let about: LoopAbout = postcard::from_bytes(&about).unwrap();
    let rows = IterationLog::new(id, Some(store)).rows(0..u64::MAX, &about.ports).unwrap();
    assert_eq!(rows.len(), 3);
    assert!(
        rows.iter().all(|(_, row)| row.cells.iter().all(|cell| cell.outputs.is_some())),
        "all iterations are whole"
    );
    let records: Vec<_> = run.nodes().collect();
    given(records.iter().map(AsRef::as_ref))
}

fn baseline(store: &Store, session: SessionId) -> Given {
    given(store.baseline(session).unwrap().iter().map(AsRef::as_ref))
}

/// Makes a store of many runs: of sessions with pins, of some that hold none, and of nobody's.
fn fill(home: &Path) -> Needed {
    let (folders, store) = open(home);
    let id = workflow(0).id();
    let mut sessions: Vec<Session> =
        (0..3).map(|_| Session::create(&folders, Some(&store), id, None).unwrap()).collect();
    let mut ids: Vec<SessionId> = sessions.iter().map(|session| session.id).collect();
    ids.push(headless_session(id));
    let forgotten = SessionId::generate();
    let engine = Engine::new(Arc::new(Catalogue::standard()), Some(store.clone()));
    let mut runs = Vec::new();
    for number in 0..N_RUNS {
        let session = if number % 5 == 4 { forgotten } else { ids[number % 5] };
        let options = PlanOptions::of(RunKind::Standard);
        let record = engine.run(RunRequest { session, ..RunRequest::new(workflow(number), options) }, |_| ());
        store.flush().unwrap();
        if let Some(session) = sessions.get_mut(number % 5).filter(|_| number < 15) {
            let node = ["own1", "own2", "shared"][number % 3];
            session.marks.set(node.into(), Mark::pin(PinPolicy::Hold, record.node(&node.into()).as_deref()));
            session.save().unwrap();
        }
        runs.push(record.header.id);
    }
    let newest = runs[N_RUNS - N_NEWEST as usize..].iter();
    Needed {
        runs: newest.map(|run| (*run, given_by(&store, &store.run(*run).unwrap().unwrap()))).collect(),
        baselines: ids.iter().map(|session| (*session, baseline(&store, *session))).collect(),
        pins: sessions.iter().map(|session| (session.id, pins(session))).collect(),
    }
}

/// Reads what is pinned in a session.
fn pins(session: &Session) -> Vec<Fingerprint> {
    let captures = session.marks.iter().map(|(_, mark)| mark.capture().unwrap());
    captures
        .flat_map(|capture| {
            capture.results.load().unwrap();
            capture.results.ports().iter().map(|port| port.fingerprint)
        })
        .collect()
}

fn assert_needed_is_there(folders: &Folders, store: &Store, needed: &Needed) {
    for (run, expected) in &needed.runs {
        assert_eq!(given_by(store, &store.run(*run).unwrap().unwrap()), *expected);
    }
    for (session, expected) in &needed.baselines {
        assert_eq!(baseline(store, *session), *expected);
    }
    for (id, expected) in &needed.pins {
        assert_eq!(pins(&Session::open(folders, Some(store), *id).unwrap()), *expected);
    }
}

/// Copies a home that nobody uses.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn value_files(home: &Path) -> Vec<PathBuf> {
    let inside = |path: PathBuf| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    inside(home.join("data/blobs")).filter(|path| !path.ends_with("unfinished")).flat_map(inside).collect()
}

/// What a sweep that nobody disturbs does.
struct Undisturbed {
    leaves: Checked,
    /// The files it removes, by their names inside of a home.
    removes: Vec<PathBuf>,
    took: Duration,
}

fn undisturbed(template: &Path) -> Undisturbed {
    let home = tempfile::tempdir().unwrap();
    copy(template, home.path());
    let (folders, store) = open(home.path());
    let clock = Instant::now();
    sweep(&folders, &store);
    let took = clock.elapsed();
    let files = value_files(template).into_iter().map(|file| file.strip_prefix(template).unwrap().to_owned());
    let removes = files.filter(|file| !home.path().join(file).exists()).collect();
    // The second takes what pins let go before the first.
    sweep(&folders, &store);
    let leaves = store.check().unwrap();
    assert_eq!(leaves.findings, []);
    Undisturbed { leaves, removes, took }
}

#[test]
fn a_sweep_that_is_cut_off_takes_nothing_that_is_needed_and_the_next_one_ends_it() {
    if let Some(home) = folder_of_victim() {
        let (folders, store) = open(&home);
        say("begun");
        sweep(&folders, &store);
        return;
    }
    let template = tempfile::tempdir().unwrap();
    let needed = fill(template.path());
    let Undisturbed { leaves, removes, took } = undisturbed(template.path());
    let mut chance = Chance::new();
    let (mut n_kills_so_far, mut n_undone, mut n_with_leftovers) = (0, 0, 0);
    while n_kills_so_far < n_kills(6) {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        copy(template.path(), home);
        let mut victim = Victim::start(
            "sweeping::a_sweep_that_is_cut_off_takes_nothing_that_is_needed_and_the_next_one_ends_it",
            home,
        );
        victim.hear();
        if chance.below(3) == 0 {
            chance.wait_below(took);
        } else {
            // While files are removed, which is a small part of it.
            let doomed: Vec<PathBuf> = removes.iter().map(|file| home.join(file)).collect();
            while doomed.iter().all(|file| file.exists()) && !victim.has_ended() {
                thread::yield_now();
            }
        }
        n_kills_so_far += usize::from(victim.kill());

        let (folders, store) = open(home);
        let findings = store.check().unwrap().findings;
        assert!(!findings.iter().any(Finding::is_damage), "{findings:?}");
        assert_needed_is_there(&folders, &store, &needed);
        let runs = store.history(&HistoryFilter::default()).unwrap();
        assert!([N_RUNS, N_NEWEST as usize].contains(&runs.len()), "all or nothing, not {}", runs.len());
        for run in &runs {
            given_by(&store, &store.run(run.id).unwrap().unwrap());
        }
        n_undone += usize::from(runs.len() == N_RUNS);
        n_with_leftovers += usize::from(!findings.is_empty());
        sweep(&folders, &store);
        sweep(&folders, &store);
        assert_needed_is_there(&folders, &store, &needed);
        assert_eq!(store.check().unwrap(), leaves, "as if nobody had disturbed the sweep");
    }
    println!(
        "{n_kills_so_far} kills while sweeping: {n_undone} before anything was taken, {n_with_leftovers} that left files behind"
    );
}

/// Returns a call of the program that runs the workflow's file.
fn run_command(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinflow"));
    command.arg("run").arg(home.join("swept.flow.ron")).env("PINFLOW_HOME", home);
    command
}

#[test]
fn a_program_killed_while_it_runs_and_sweeps_after_it_leaves_a_store_that_is_whole() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::create_dir_all(home.join("config")).unwrap();
    fs::write(home.join("config/settings.ron"), "(history: (newest: Some(3)))").unwrap();
    let flow = home.join("swept.flow.ron");
    let id = workflow(0).id();
    workflow::save(&workflow(0), &flow).unwrap();
    let clock = Instant::now();
    assert!(run_command(home).output().unwrap().status.success());
    let took = clock.elapsed();
    let mut chance = Chance::new();
    let (mut n_kills_so_far, mut n_interrupted) = (0, 0);
    for number in 1.. {
        if n_kills_so_far >= n_kills(4) {
            break;
        }
        workflow::save(&workflow(number), &flow).unwrap();
        let victim = Victim::of(run_command(home));
        chance.wait_below(took);
        n_kills_so_far += usize::from(victim.kill());
        let (_, store) = open(home);
        let findings = store.check().unwrap().findings;
        assert!(!findings.iter().any(Finding::is_damage), "{findings:?}");
        for run in store.history(&HistoryFilter::default()).unwrap() {
            let record = store.run(run.id).unwrap().unwrap();
            let records: Vec<_> = record.nodes().collect();
            given(records.iter().map(AsRef::as_ref));
            n_interrupted += usize::from(run.status == pinflow::store::RunStatus::Interrupted);
        }
        baseline(&store, headless_session(id));
    }
    // A program killed before it noted its run leaves none.
    let n_runs = open(home).1.history(&HistoryFilter::default()).unwrap().len();
    assert!(run_command(home).output().unwrap().status.success());
    let (_, store) = open(home);
    assert_eq!(store.history(&HistoryFilter::default()).unwrap().len(), (n_runs + 1).min(3));
    println!(
        "{n_kills_so_far} kills of the program while it ran and swept; {n_interrupted} runs seen that were cut off"
    );
}
