//! A process that is killed while it saves: each file reads as it was before or as it was to be, and the session opens.

use std::{collections::BTreeSet, ffi::OsString, fs, path::Path, sync::Arc, thread, time::Duration};

use pinflow::{
    engine::{Engine, PlanOptions, RunRequest},
    nodes::Catalogue,
    session::{Folders, Mark, PinPolicy, Session},
    store::{Finding, RunKind, SessionId, Store},
    value::Value,
    workflow::{self, Edit, Node, Position, Workflow},
};

use super::killing::{Chance, Victim, folder_of_victim, n_kills, note_begun, note_done, possible_states, say};

const FILE: &str = "saved.flow.ron";

/// Returns a text that says what state it is of; as a value it lies in a file.
fn text(state: u64) -> String {
    format!("{state} ").repeat(80_000 / (state.to_string().len() + 1))
}

/// Returns the workflow in a state.
fn workflow(state: u64) -> Workflow {
    let empty = r#"(format: 1, id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", nodes: {}, connections: [])"#;
    let mut workflow = workflow::parse(empty).unwrap();
    for number in 0..10 {
        let node = Node::new("text", Position(state as f32, number as f32)).with("text", text(state));
        workflow.apply(Edit::AddNode(format!("n{number}").parse().unwrap(), Arc::new(node))).unwrap();
    }
    workflow
}

/// Brings the workflow's file and the session's to a state.
fn save(folder: &Path, store: &Store, session: &mut Session, state: u64) {
    let workflow = workflow(state);
    note_begun(folder, state);
    workflow::save(&workflow, &folder.join(FILE)).unwrap();
    let engine = Engine::new(Arc::new(Catalogue::standard()), Some(store.clone()));
    let request = RunRequest { session: session.id, ..RunRequest::new(workflow, PlanOptions::of(RunKind::Standard)) };
    let record = engine.run(request, |_| ());
    session.marks.set("n0".into(), Mark::pin(PinPolicy::Hold, record.node(&"n0".into()).as_deref()));
    session.view.center.0 = state as f32;
    session.unsaved = Some(text(state));
    session.save().unwrap();
    note_done(folder, state);
}

fn open(folder: &Path, id: SessionId) -> (Store, Session) {
    let folders = Folders::under(&folder.join("home"));
    let store = folders.open_store(None).unwrap();
    let session = Session::open(&folders, Some(&store), id).unwrap();
    (store, session)
}

fn save_until_killed(folder: &Path) -> ! {
    let id = fs::read_to_string(folder.join("session")).unwrap().parse().unwrap();
    let (store, mut session) = open(folder, id);
    let [_, begun] = possible_states(folder, 0);
    say("begun");
    for state in begun + 1.. {
        save(folder, &store, &mut session, state);
    }
    unreachable!("it is killed before it has counted that far");
}

#[test]
fn every_file_reads_as_before_or_as_it_was_to_be_and_the_session_opens() {
    if let Some(folder) = folder_of_victim() {
        save_until_killed(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let folders = Folders::under(&folder.join("home"));
    let id = {
        let store = folders.open_store(None).unwrap();
        let mut session = Session::create(&folders, Some(&store), workflow(0).id(), None).unwrap();
        save(folder, &store, &mut session, 0);
        session.id
    };
    fs::write(folder.join("session"), id.to_string()).unwrap();
    let mut chance = Chance::new();
    let (mut n_old, mut n_new) = (0, 0);
    let (mut of_file, mut of_session) = (0, 0);
    let n_kills = n_kills(8);
    for _ in 0..n_kills {
        let mut victim =
            Victim::start("saving::every_file_reads_as_before_or_as_it_was_to_be_and_the_session_opens", folder);
        victim.hear();
        match chance.below(3) {
            0 => chance.wait_below(Duration::from_millis(120)),
            1 => wait_until_written(folder, &mut chance),
            _ => wait_until_written(&folder.join("home/state/sessions"), &mut chance),
        }
        assert!(victim.kill());
        let file = workflow::load(&folder.join(FILE)).unwrap();
        let possible = possible_states(folder, of_file);
        of_file = possible.into_iter().find(|state| workflow(*state) == file).expect("the old one or the new");
        let [done, begun] = possible_states(folder, of_session);
        of_session = session_state(folder, id);
        assert!([done, begun].contains(&of_session), "{of_session} is neither {done} nor {begun}");
        n_old += usize::from(of_session < begun);
        n_new += usize::from(of_session == begun && begun > done);
    }
    let leftovers = fs::read_dir(folder)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".pinflow-"));
    println!("{} files of the workflow that were not finished", leftovers.count());
    println!("{n_kills} kills while saving: the session was the old one {n_old} times, the new one {n_new} times");
}

/// Waits until a file is being written in a folder, or a moment longer.
fn wait_until_written(folder: &Path, chance: &mut Chance) {
    let names =
        || -> BTreeSet<OsString> { fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect() };
    let before = names();
    while names().is_subset(&before) {
        thread::yield_now();
    }
    chance.wait_below(Duration::from_millis(4));
}

/// Makes sure that the store and all of the session are whole; returns the state the session is in.
fn session_state(folder: &Path, id: SessionId) -> u64 {
    let (store, session) = open(folder, id);
    let findings = store.check().unwrap().findings;
    assert!(!findings.iter().any(Finding::is_damage), "{findings:?}");
    let state = session.view.center.0 as u64;
    assert_eq!(session.unsaved, Some(text(state)));
    let pinned = session.marks.get(&"n0".into()).capture().unwrap().results.load().unwrap();
    assert_eq!(pinned.get(&"text".into()), Some(&Value::from(text(state))));
    assert_eq!(session.baseline_problem, None);
    state
}
