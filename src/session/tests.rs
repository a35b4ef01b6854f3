//! Sessions as windows and commands use them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use proptest::prelude::*;

use super::{
    BreakpointEdit, Capture, Folders, Mark, MarkEdit, Marks, PinPolicy, SavedView, Saver, Session, SessionError,
    SessionId, SessionSummary, earlier_sessions, file::SessionFolder, rewrite_sessions, unfinished_sessions,
};
use crate::{
    nodes::{Outputs, Source, SourceState},
    store::{
        Arrived, InputRecord, Kept, KeyOptions, KeyPlace, NodeRecord, NotesData, Provenance, RunId, RunStatus, Status,
        Store,
        fixtures::{chain, executed, header},
    },
    value::{Fingerprint, Record, Table, Value},
    workflow::{NodeId, PortRef, WorkflowId},
};

struct Place {
    _home: tempfile::TempDir,
    folders: Folders,
    store: Store,
    workflow: WorkflowId,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::under(home.path());
        let store = Store::open(&folders.store().unwrap()).unwrap();
        Self { _home: home, folders, store, workflow: WorkflowId::generate() }
    }

    fn create(&self) -> Session {
        Session::create(&self.folders, Some(&self.store), self.workflow, None).unwrap()
    }

    fn open(&self, id: SessionId) -> Result<Session, SessionError> {
        Session::open(&self.folders, Some(&self.store), id)
    }

    /// Returns what a session's file holds.
    fn text(&self, id: SessionId) -> String {
        SessionFolder::of(&self.folders, Some(&self.store)).unwrap().read(id).unwrap()
    }

    fn earlier(&self) -> Vec<SessionSummary> {
        let (sessions, problems) = earlier_sessions(&self.folders, Some(&self.store), self.workflow, None).unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        sessions
    }
}

fn table(n_rows: i64) -> Value {
    Value::Table(Table::from_records(
        &(0..n_rows).map(|row| Record::from_iter([("row", Value::Int(row))])).collect::<Vec<_>>(),
    ))
}

fn record_with(outputs: Outputs) -> NodeRecord {
    let run = RunId::generate();
    let upstream = Kept::in_memory(Arc::new(Outputs::one("out", "upstream")), Provenance::Run(run));
    let state = SourceState { size: 7, modified_nanos: u128::from(u64::MAX) + 1, content: None };
    let notes = NotesData {
        sources: vec![
            Source { path: "/data/read.csv".into(), state: Some(state) },
            Source { path: "/data/gone.csv".into(), state: None },
        ],
        ..NotesData::default()
    };
    NodeRecord {
        notes: notes.into(),
        results: Some(Kept::in_memory(Arc::new(outputs), Provenance::Run(run))),
        inputs: smallvec::smallvec![
            InputRecord::new("empty".into(), PortRef::new("z", "out"), Arrived::NoValue),
            InputRecord::new("in".into(), PortRef::new("a", "out"), Arrived::Results(upstream)),
        ],
        ..executed(run, "b", Value::Null)
    }
}

fn pinned(policy: PinPolicy, outputs: Outputs) -> Mark {
    Mark::pin(policy, Some(&record_with(outputs)))
}

fn edited(value: Value) -> Mark {
    let outputs = Outputs::one("out", value);
    let fingerprint = Fingerprint::of_bytes(b"edited");
    let capture = Capture::of(&record_with(outputs.clone())).unwrap();
    let results = Kept::in_memory(Arc::new(outputs), Provenance::Edited(fingerprint));
    let capture = Capture { edited: true, captured_in: None, results, ..capture };
    Mark::captured(PinPolicy::Hold, capture)
}

/// Returns all of the marks as text, results by what they are.
fn described(marks: &Marks) -> Vec<String> {
    let described = |mark: &Mark| {
        let Some(capture) = mark.capture() else { return format!("{mark:?}") };
        let inputs: Vec<_> = capture
            .inputs
            .iter()
            .map(|input| {
                format!("{} ← {} {:?} {:?}", input.port(), input.source(), input.provenance(), input.fingerprint())
            })
            .collect();
        let bare = Capture { inputs: smallvec::SmallVec::new(), ..(**capture).clone() };
        format!("{:?} {bare:?} {inputs:?} {:?}", mark.as_pin().unwrap().policy, capture.results.ports())
    };
    marks.iter().map(|(node, mark)| format!("{node}: {}", described(mark))).collect()
}

fn loaded(marks: &Marks, node: &str) -> Arc<Outputs> {
    marks.get(&node.parse::<NodeId>().unwrap()).capture().unwrap().results.load().unwrap()
}

fn any_mark() -> impl Strategy<Value = Mark> {
    let policy = prop_oneof![Just(PinPolicy::Hold), Just(PinPolicy::Follow)];
    prop_oneof![
        Just(Mark::Default),
        Just(Mark::Disabled),
        Just(Mark::Forced),
        policy.clone().prop_map(Mark::armed),
        (policy, 0_i64..50, ".*").prop_map(|(policy, n_rows, text)| {
            pinned(policy, Outputs::one("table", table(n_rows)).with("text", text))
        }),
        any::<u64>().prop_map(|bits| edited(Value::Float(f64::from_bits(bits)))),
    ]
}

fn any_edit() -> impl Strategy<Value = MarkEdit> {
    let node = prop_oneof![Just("a"), Just("b"), Just("c")].prop_map(NodeId::from);
    proptest::collection::vec((node, any_mark()), 0..5).prop_map(MarkEdit)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn applying_the_inverse_brings_the_marks_back(first in any_edit(), second in any_edit()) {
        let mut marks = Marks::default();
        marks.apply(first);
        let before = described(&marks);
        let inverse = marks.apply(second);
        let after = described(&marks);
        let again = marks.apply(inverse);
        prop_assert_eq!(described(&marks), before);
        marks.apply(again);
        prop_assert_eq!(described(&marks), after);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_session_comes_back_as_it_was_saved(
        edit in any_edit(),
        name in proptest::option::of(".*"),
        unsaved in proptest::option::of(".*"),
        view in (any::<f32>(), any::<f32>(), any::<f32>()),
    ) {
        let place = Place::new();
        let mut session = place.create();
        session.marks.apply(edit);
        session.name = name;
        session.unsaved = unsaved;
        session.workflow_path = Some(PathBuf::from("/some where/é.flow.ron"));
        session.view = SavedView { center: (view.0, view.1), zoom: view.2 };
        session.save().unwrap();
        let before = session.clone();
        let id = session.id;
        drop(session);
        let before_values: Vec<_> = before.marks.iter().filter_map(|(_, mark)| mark.capture().cloned()).collect();
        let described_before = (described(&before.marks), format!("{:?}", before.view));
        let plain = (before.name.clone(), before.unsaved.clone(), before.workflow_path.clone(), before.opened);
        drop(before);
        let after = place.open(id).unwrap();
        prop_assert_eq!((described(&after.marks), format!("{:?}", after.view)), described_before);
        prop_assert_eq!((after.name.clone(), after.unsaved.clone(), after.workflow_path.clone(), after.opened), plain);
        let after_values = after.marks.iter().filter_map(|(_, mark)| mark.capture());
        for (before, after) in before_values.iter().zip(after_values) {
            prop_assert!(after.results.loaded().is_none());
            let (before, after) = (before.results.load().unwrap(), after.results.load().unwrap());
            prop_assert!(before.iter().eq(after.iter()));
        }
    }
}

#[test]
fn a_pin_over_a_large_table_survives_closing_everything() {
    let home = tempfile::tempdir().unwrap();
    let folders = Folders::under(home.path());
    let store = Store::open(&folders.store().unwrap()).unwrap();
    let mut session = Session::create(&folders, Some(&store), WorkflowId::generate(), None).unwrap();
    session.marks.set("b".into(), pinned(PinPolicy::Hold, Outputs::one("out", table(50_000))));
    session.save().unwrap();
    let id = session.id;
    session.close().unwrap();
    drop(store);
    let store = Store::open(&folders.store().unwrap()).unwrap();
    let session = Session::open(&folders, Some(&store), id).unwrap();
    assert_eq!(loaded(&session.marks, "b").get(&"out".into()), Some(&table(50_000)));
}

#[test]
fn a_new_session_has_no_marks_and_no_baseline() {
    let place = Place::new();
    let mut first = place.create();
    first.marks.set("a".into(), Mark::Forced);
    first.save().unwrap();
    let second = place.create();
    assert!(second.marks.is_empty() && second.baseline.is_empty());
}

#[test]
fn two_windows_never_share_a_session() {
    let place = Place::new();
    let session = place.create();
    let id = session.id;
    let error = place.open(id).unwrap_err();
    assert!(matches!(error, SessionError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("another window"));
    let clone = session.clone();
    drop(session);
    assert!(matches!(place.open(id).unwrap_err(), SessionError::InUse { .. }));
    drop(clone);
    assert_eq!(place.open(id).unwrap().id, id);
}

#[test]
fn two_windows_on_one_workflow_keep_their_own_marks() {
    let place = Place::new();
    let (mut first, mut second) = (place.create(), place.create());
    first.marks.set("a".into(), Mark::Forced);
    second.marks.set("a".into(), Mark::Disabled);
    first.save().unwrap();
    second.save().unwrap();
    let (first_id, second_id) = (first.id, second.id);
    drop((first, second));
    assert!(matches!(place.open(first_id).unwrap().marks.get(&"a".into()), Mark::Forced));
    assert!(matches!(place.open(second_id).unwrap().marks.get(&"a".into()), Mark::Disabled));
}

#[test]
fn a_session_that_was_not_closed_is_offered_back_with_everything() {
    let place = Place::new();
    let mut session = place.create();
    let workflow = chain(&["a", "b"]);
    session.marks.set("b".into(), pinned(PinPolicy::Follow, Outputs::one("out", "kept")));
    session.unsaved = Some("the edited workflow".into());
    session.save().unwrap();
    let run = header(session.id, &workflow);
    place.store.begin_run(&run, vec!["a".into(), "b".into()], Vec::new);
    place.store.settle(session.id, Arc::new(executed(run.id, "a", "settled")));
    place.store.flush().unwrap();
    let id = session.id;
    assert!(
        unfinished_sessions(&place.folders, Some(&place.store)).unwrap().0.is_empty(),
        "the window that has it is alive"
    );
    drop(session);

    let (offered, problems) = unfinished_sessions(&place.folders, Some(&place.store)).unwrap();
    assert!(problems.is_empty());
    let [summary] = &offered[..] else { panic!("{offered:?}") };
    assert_eq!((summary.id, summary.n_marks, summary.n_pins), (id, 1, 1));
    assert!(summary.has_unsaved_edits && !summary.closed);
    let session = place.open(id).unwrap();
    assert_eq!(session.unsaved.as_deref(), Some("the edited workflow"));
    assert_eq!(loaded(&session.marks, "b").get(&"out".into()), Some(&Value::text("kept")));
    assert!(session.baseline.get(&"a".into()).unwrap().has_results());
    assert_eq!(session.baseline.get(&"b".into()).unwrap().status, Status::Interrupted);
}

#[test]
fn a_session_that_was_closed_is_listed_but_not_offered_back() {
    let place = Place::new();
    let mut session = place.create();
    session.marks.set("a".into(), Mark::Forced);
    session.close().unwrap();
    assert!(unfinished_sessions(&place.folders, Some(&place.store)).unwrap().0.is_empty());
    let earlier = place.earlier();
    assert_eq!((earlier.len(), earlier[0].closed, earlier[0].n_pins), (1, true, 0));
    let again = place.open(earlier[0].id).unwrap();
    assert!(place.earlier().is_empty(), "it is open");
    drop(again);
    assert!(!place.earlier()[0].closed, "opened again and not closed");
}

#[test]
fn a_session_that_held_nothing_leaves_nothing() {
    let place = Place::new();
    let session = place.create();
    let path = session.path();
    assert!(path.exists());
    session.close().unwrap();
    assert!(!path.exists());
    assert!(place.earlier().is_empty());
}

#[test]
fn sessions_of_other_workflows_and_other_copies_are_not_listed() {
    let place = Place::new();
    let copy = tempfile::NamedTempFile::new().unwrap();
    let paths = [PathBuf::from("/gone/moved.flow.ron"), copy.path().to_owned()];
    let ids: Vec<SessionId> = paths
        .iter()
        .map(|path| Session::create(&place.folders, Some(&place.store), place.workflow, Some(path)).unwrap().id)
        .collect();
    let here = PathBuf::from("/here/a.flow.ron");
    let list = |workflow, path| {
        let (sessions, _) = earlier_sessions(&place.folders, Some(&place.store), workflow, path).unwrap();
        sessions.iter().map(|session| session.id).collect::<Vec<_>>()
    };
    assert_eq!(list(place.workflow, None), [ids[1], ids[0]]);
    assert_eq!(list(place.workflow, Some(&here)), [ids[0]]);
    assert!(list(WorkflowId::generate(), None).is_empty());
}

#[test]
fn damaged_files_are_set_aside_and_reported_and_the_rest_is_listed() {
    let place = Place::new();
    let mut good = place.create();
    good.marks.set("a".into(), Mark::Forced);
    good.save().unwrap();
    let text = place.text(good.id);
    let good_id = good.id;
    drop(good);
    let damages: [&[u8]; 5] =
        [b"", &text.as_bytes()[..text.len() / 2], b"\xff\xfe\x00", text.as_bytes(), b"(format: 0)"];
    for damage in damages {
        let session = place.create();
        let (id, path) = (session.id, session.path());
        drop(session);
        fs::write(&path, damage).unwrap();
        let (sessions, problems) = earlier_sessions(&place.folders, Some(&place.store), place.workflow, None).unwrap();
        assert_eq!(sessions.iter().map(|session| session.id).collect::<Vec<_>>(), [good_id]);
        let [problem @ SessionError::Damaged { path: aside, .. }] = &problems[..] else { panic!("{problems:?}") };
        assert!(problem.to_string().contains("set aside"), "{problem}");
        assert!(!path.exists());
        assert_eq!(fs::read(aside).unwrap(), damage);
        assert!(matches!(place.open(id).unwrap_err(), SessionError::Missing { .. }));
    }
}

#[test]
fn opening_a_damaged_session_sets_it_aside() {
    let place = Place::new();
    let session = place.create();
    let (id, path) = (session.id, session.path());
    drop(session);
    fs::write(&path, "Session(format: 1, oops").unwrap();
    assert!(matches!(place.open(id).unwrap_err(), SessionError::Damaged { .. }));
    assert!(path.with_extension("ron.damaged").exists());
}

#[test]
fn a_newer_session_is_refused_and_left_alone() {
    let place = Place::new();
    let session = place.create();
    let (id, path) = (session.id, session.path());
    drop(session);
    for newer in ["(format: 2)", "Session(format: 9, shiny: {1: 2})"] {
        fs::write(&path, newer).unwrap();
        let error = place.open(id).unwrap_err();
        assert!(error.to_string().contains("newer version"), "{error}");
        let (_, problems) = earlier_sessions(&place.folders, Some(&place.store), place.workflow, None).unwrap();
        assert!(matches!(problems[..], [SessionError::Newer { .. }]), "{problems:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), newer);
    }
}

#[test]
fn a_named_session_is_made_once_and_found_again() {
    let place = Place::new();
    let named = |name: &str| Session::named(&place.folders, Some(&place.store), place.workflow, None, name);
    let mut first = named("nightly").unwrap();
    first.marks.set("a".into(), Mark::Forced);
    first.save().unwrap();
    let id = first.id;
    assert!(matches!(named("nightly").unwrap_err(), SessionError::InUse { .. }));
    assert_ne!(named("other").unwrap().id, id);
    first.close().unwrap();
    let again = named("nightly").unwrap();
    assert_eq!(again.id, id);
    assert!(matches!(again.marks.get(&"a".into()), Mark::Forced));
    let elsewhere = Session::named(&place.folders, Some(&place.store), WorkflowId::generate(), None, "nightly");
    assert_ne!(elsewhere.unwrap().id, id);
}

#[test]
fn one_name_asked_for_at_once_makes_one_session() {
    let place = Place::new();
    let ids: Vec<_> = thread::scope(|scope| {
        let ask = || Session::named(&place.folders, Some(&place.store), place.workflow, None, "nightly");
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ids.iter().filter(|session| session.is_ok()).count(), 1);
    drop(ids);
    assert_eq!(place.earlier().len(), 1);
}

#[test]
fn marks_pins_and_baseline_of_an_earlier_session_are_taken_over_and_the_marks_given_back() {
    let place = Place::new();
    let mut earlier = place.create();
    earlier.marks.set("b".into(), pinned(PinPolicy::Hold, Outputs::one("out", "kept")));
    earlier.save().unwrap();
    let run = header(earlier.id, &chain(&["a"]));
    place.store.begin_run(&run, Vec::new(), Vec::new);
    place.store.settle(earlier.id, Arc::new(executed(run.id, "a", "settled")));
    place.store.finish_run(run.id, RunStatus::Succeeded, std::time::Duration::from_secs(1));
    let earlier_id = earlier.id;
    earlier.close().unwrap();

    let mut session = place.create();
    session.marks.set("a".into(), Mark::Disabled);
    let before = described(&session.marks);
    let inverse = session.take_over(earlier_id).unwrap();
    assert!(session.marks.get(&"a".into()).is_default());
    assert_eq!(loaded(&session.marks, "b").get(&"out".into()), Some(&Value::text("kept")));
    assert!(session.baseline.get(&"a".into()).unwrap().has_results());
    session.marks.apply(inverse);
    assert_eq!(described(&session.marks), before);
    assert!(matches!(session.take_over(SessionId::generate()).unwrap_err(), SessionError::Missing { .. }));
}

#[test]
fn without_a_store_marks_and_edits_are_kept_and_lost_pins_are_reported() {
    let place = Place::new();
    let mut session = Session::create(&place.folders, None, place.workflow, None).unwrap();
    session.marks.set("a".into(), Mark::Forced);
    session.marks.set("b".into(), pinned(PinPolicy::Hold, Outputs::one("out", "in memory")));
    session.unsaved = Some("edited".into());
    let error = session.save().unwrap_err();
    assert!(matches!(error, SessionError::NoStore { n_pins: 1 }), "{error}");
    let id = session.id;
    drop(session);
    let session = Session::open(&place.folders, None, id).unwrap();
    assert_eq!(session.unsaved.as_deref(), Some("edited"));
    assert!(matches!(session.marks.get(&"a".into()), Mark::Forced));
    let capture = session.marks.get(&"b".into()).capture().unwrap();
    assert_eq!(capture.results.ports()[0].preview, "", "nothing seals the file, so it does not show what is pinned");
    assert!(capture.results.load().is_err());
    drop(session);
    assert!(place.open(id).is_ok(), "with a store again, whose value is missing");
}

#[test]
fn a_session_that_cannot_be_written_says_where() {
    let place = Place::new();
    let session = place.create();
    let folder = session.path().parent().unwrap().to_owned();
    fs::remove_dir_all(&folder).unwrap();
    let error = session.save().unwrap_err().to_string();
    assert!(error.contains("cannot write") && error.contains(&session.id.to_string()), "{error}");
}

#[test]
fn a_saver_ends_with_the_newest_state_on_the_disk() {
    let place = Place::new();
    let mut session = place.create();
    let saver = Saver::new().unwrap();
    for number in 0..50 {
        session.unsaved = Some(number.to_string());
        saver.save(&session);
    }
    saver.wait();
    assert!(saver.take_error().is_none());
    assert!(place.text(session.id).contains("unsaved: Some(\"49\")"));
    session.unsaved = Some("last".into());
    saver.save(&session);
    drop(saver);
    assert!(place.text(session.id).contains("unsaved: Some(\"last\")"));
}

#[test]
fn a_saver_reports_what_it_could_not_save() {
    let place = Place::new();
    let session = place.create();
    let saver = Saver::new().unwrap();
    fs::remove_dir_all(session.path().parent().unwrap()).unwrap();
    saver.save(&session);
    saver.wait();
    assert!(matches!(saver.take_error(), Some(SessionError::Io { .. })));
    assert!(saver.take_error().is_none());
}

#[test]
fn breakpoints_are_kept_with_the_session_and_make_it_worth_keeping() {
    let place = Place::new();
    let mut session = place.create();
    session.marks.apply_breakpoints(BreakpointEdit { set: vec!["b".into(), "a".into()], clear: Vec::new() });
    session.save().unwrap();
    let id = session.id;
    session.close().unwrap();
    assert_eq!(place.earlier().iter().map(|session| session.n_marks).collect::<Vec<_>>(), [2]);
    let opened = place.open(id).unwrap();
    assert_eq!(opened.marks.breakpoints().iter().map(NodeId::as_str).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_sessions_file_is_sealed_with_the_stores_key_and_follows_it_when_that_changes() {
    let place = Place::new();
    let mut session = place.create();
    session.unsaved = Some("canary-51".into());
    session.save().unwrap();
    let (id, path, folder) = (session.id, session.path(), place.store.folder().to_owned());
    drop(session);
    let shows = |path: &Path| fs::read(path).unwrap().windows(9).any(|window| window == b"canary-51");
    assert!(!shows(&path));
    assert!(matches!(Session::open(&place.folders, None, id), Err(SessionError::Sealed { .. })));
    assert!(path.exists(), "it is left alone");

    let Place { _home, folders, store, .. } = place;
    drop(store);
    let key = KeyOptions::new(Some(KeyPlace::File));
    Store::rekey(&folder, &key, &key).unwrap();
    let store = Store::open(&folder).unwrap();
    let session = Session::open(&folders, Some(&store), id).unwrap();
    assert_eq!(session.unsaved.as_deref(), Some("canary-51"), "it was sealed with the key before");
    drop(session);
    assert_eq!(rewrite_sessions(&folders, &store, true).unwrap(), 1);
    drop(store);
    Store::rekey(&folder, &key, &key).unwrap();
    let store = Store::open(&folder).unwrap();
    assert_eq!(rewrite_sessions(&folders, &store, false).unwrap(), 1);
    assert!(shows(&path), "it is text again, as a store that is sealed no more needs it");
    drop(store);
    Store::rekey(&folder, &key, &KeyOptions::new(Some(KeyPlace::Off))).unwrap();
    let store = Store::open(&folder).unwrap();
    assert_eq!(Session::open(&folders, Some(&store), id).unwrap().unsaved.as_deref(), Some("canary-51"));
}
