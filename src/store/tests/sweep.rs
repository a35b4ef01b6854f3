//! What a sweep takes and what it leaves: whatever runs, sessions and pins came before.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use jiff::Timestamp;
use proptest::prelude::*;

use crate::{
    nodes::Outputs,
    store::{
        HistoryFilter, IterationCell, IterationLog, IterationRow, IterationStatus, Iterations, Kept, LoopAbout, LoopId,
        LoopRecord, Provenance, RunHeader, RunId, RunStatus, SessionId, Status, Store, StoreError, SweepRequest,
        SweptBecause::{self, NotSaved, TooLarge, TooMany, TooOld},
        fixtures::{chain, executed, header, new_store, without_results},
    },
    value::{Fingerprint, Value},
    workflow::{NodeId, Retention, Workflow},
};

/// Returns a value that lies in a file.
fn large(text: &str) -> Value {
    Value::from(format!("{text} ").repeat(40_000))
}

fn n_files(folder: &Path) -> usize {
    let entries = |path: &Path| fs::read_dir(path).unwrap().flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    let folders = entries(&folder.join("blobs")).into_iter().filter(|path| !path.ends_with("unfinished"));
    folders.map(|path| entries(&path).len()).sum()
}

/// Makes a run that settles nodes with values, and reuses others from the runs given.
fn run(store: &Store, header: &RunHeader, values: &[(&'static str, Value)], reused: Vec<(NodeId, RunId)>) {
    store.begin_run(header, values.iter().map(|(node, _)| (*node).into()).collect(), move || reused);
    for (node, value) in values {
        store.settle(header.session, Arc::new(executed(header.id, *node, value.clone())));
    }
    store.finish_run(header.id, RunStatus::Succeeded, Duration::from_millis(1));
}

fn newest(number: u32) -> Retention {
    Retention { newest: Some(number), ..Retention::default() }
}

fn request(rule: Retention, sessions: &[SessionId]) -> SweepRequest {
    SweepRequest {
        rule,
        sessions: sessions.iter().copied().collect(),
        file_grace: Duration::ZERO,
        ..SweepRequest::default()
    }
}

fn numbers(store: &Store) -> Vec<i64> {
    store.history(&HistoryFilter::default()).unwrap().iter().map(|run| run.number).collect()
}

fn is_there(store: &Store, value: &Value) -> bool {
    match store.load_value(&value.fingerprint()) {
        Ok(_) => true,
        Err(StoreError::Lost(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn rules_take_runs_out_and_say_why() {
    let (_folder, store) = new_store();
    let (workflow, session) = (chain(&["a"]), SessionId::generate());
    let now = Timestamp::now();
    for (days_ago, status) in
        [(40, RunStatus::Succeeded), (35, RunStatus::Failed), (3, RunStatus::Succeeded), (0, RunStatus::Succeeded)]
    {
        let mut header = header(session, &workflow);
        header.started = now - Duration::from_hours(24 * days_ago);
        store.begin_run(&header, Vec::new(), Vec::new);
        store.finish_run(header.id, status, Duration::from_millis(1));
    }
    let swept = |rule: Retention| -> Vec<(i64, SweptBecause)> {
        let report = store.plan_sweep(&request(rule, &[])).unwrap();
        report.runs.iter().map(|(run, because)| (run.number, *because)).collect()
    };
    assert_eq!(swept(Retention::default()), []);
    assert_eq!(swept(newest(3)), [(1, TooMany)]);
    let days = Retention { days: Some(30), ..Retention::default() };
    assert_eq!(swept(days), [(2, TooOld), (1, TooOld)]);
    assert_eq!(swept(Retention { at_least: 3, ..days }), [(1, TooOld)]);
    assert_eq!(swept(Retention { keep_errors: true, ..days }), [(1, TooOld)]);
    assert_eq!(swept(Retention { keep_errors: true, ..newest(1) }), [(3, TooMany), (1, TooMany)]);
    let none = Retention { save_runs: false, ..Retention::default() };
    assert_eq!(swept(none).iter().map(|(_, because)| *because).collect::<Vec<_>>(), [NotSaved; 4]);
    let mut own = request(newest(1), &[]);
    own.rules.insert(workflow.id(), Retention::default());
    assert!(store.plan_sweep(&own).unwrap().runs.is_empty(), "its own rule counts");
    assert_eq!(numbers(&store), [4, 3, 2, 1], "planning removes nothing");
}

#[test]
fn the_oldest_go_until_the_results_are_small_enough() {
    let (folder, store) = new_store();
    let (workflow, session) = (chain(&["a", "b"]), SessionId::generate());
    let shared = large("shared");
    for number in 0..4 {
        let own =
            Value::from(vec![number as u8; 900 << 10].iter().map(|byte| (b'a' + byte) as char).collect::<String>());
        run(&store, &header(session, &workflow), &[("a", own), ("b", shared.clone())], Vec::new());
    }
    let rule = Retention { total_mib: Some(3), ..Retention::default() };
    let report = store.sweep(&request(rule, &[])).unwrap();
    assert_eq!(numbers(&store), [4, 3, 2]);
    assert_eq!(report.runs[0].1, TooLarge);
    assert!(report.n_bytes > 900 << 10, "{report:?}");
    assert!(is_there(&store, &shared), "equal results are kept once, for all");
    assert_eq!(n_files(folder.path()), 4);
    assert!(store.sweep(&request(rule, &[])).unwrap().runs.is_empty());
}

#[test]
fn what_later_runs_reuse_stays_though_its_run_is_gone() {
    let (folder, store) = new_store();
    let (workflow, session) = (chain(&["a", "b"]), SessionId::generate());
    let headers: Vec<RunHeader> = (0..3).map(|_| header(session, &workflow)).collect();
    run(&store, &headers[0], &[("a", large("a")), ("b", large("b one"))], Vec::new());
    run(&store, &headers[1], &[("b", large("b two"))], vec![("a".into(), headers[0].id)]);
    run(&store, &headers[2], &[("b", large("b three"))], vec![("a".into(), headers[0].id)]);
    let report = store.sweep(&request(newest(1), &[])).unwrap();
    assert_eq!((report.runs.len(), report.n_needed), (2, 1));
    assert_eq!(numbers(&store), [3]);
    assert!(store.run(headers[0].id).unwrap().is_none(), "it is not in the history any more");
    let a = store.run(headers[2].id).unwrap().unwrap().node(&"a".into()).unwrap();
    assert_eq!(a.status, Status::Reused { from: Provenance::Run(headers[0].id) });
    assert_eq!(a.results.as_ref().unwrap().load().unwrap().get(&"out".into()), Some(&large("a")));
    assert_eq!(["b one", "b two", "b three"].map(|text| is_there(&store, &large(text))), [false, false, true]);
    assert_eq!(n_files(folder.path()), 2);
    store.sweep(&request(Retention { save_runs: false, ..newest(1) }, &[])).unwrap();
    assert_eq!(n_files(folder.path()), 0);
    assert!(store.known_workflows().unwrap().is_empty(), "nothing is left of it");
}

#[test]
fn a_baseline_cut_off_in_the_middle_stays_cut_off() {
    let (folder, store) = new_store();
    let (workflow, session) = (chain(&["a", "b"]), SessionId::generate());
    run(&store, &header(session, &workflow), &[("a", "1".into()), ("b", "1".into())], Vec::new());
    let second = header(session, &workflow);
    store.begin_run(&second, vec!["a".into(), "b".into()], Vec::new);
    store.settle(session, Arc::new(executed(second.id, "a", "2")));
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let statuses =
        || -> Vec<Status> { store.baseline(session).unwrap().iter().map(|record| record.status.clone()).collect() };
    assert_eq!(statuses(), [Status::Executed, Status::Interrupted]);
    let nothing = Retention { save_runs: false, ..Retention::default() };
    store.sweep(&request(nothing, &[session])).unwrap();
    assert!(numbers(&store).is_empty());
    assert_eq!(statuses(), [Status::Executed, Status::Interrupted]);
    store.sweep(&request(nothing, &[])).unwrap();
    assert!(statuses().is_empty());
}

#[test]
fn a_loop_that_two_runs_were_cut_off_in_stays_with_the_first() {
    let (folder, store) = new_store();
    let session = SessionId::generate();
    let cut_off = || {
        let header = header(session, &chain(&["a"]));
        store.begin_run(&header, vec!["a".into()], Vec::new);
        header.id
    };
    let of = LoopId::generate();
    store.begin_loop(of, cut_off(), &"a".into(), None, b"about".to_vec());
    let second = cut_off();
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let nothing = Retention { save_runs: false, ..Retention::default() };
    store.sweep(&request(nothing, &[session])).unwrap();
    assert_eq!(store.loop_of(second, &"a".into(), None).unwrap(), Some((of, b"about".to_vec())));
}

#[test]
fn iterations_stay_as_long_as_their_loop_is_needed() {
    let (_folder, store) = new_store();
    let (workflow, session) = (chain(&["a"]), SessionId::generate());
    let run_of_loop = |text: &str| {
        let header = header(session, &workflow);
        store.begin_run(&header, vec!["a".into()], Vec::new);
        let about = LoopAbout {
            id: LoopId::generate(),
            head: "a".into(),
            members: vec!["b".into()],
            ports: vec!["out".into()],
            config: Fingerprint::of_bytes(b"config"),
            input: None,
            parts: Vec::new(),
            total: Some(1),
            n_finished: 1,
            is_complete: true,
            failures: Vec::new(),
        };
        let log = IterationLog::new(about.id, Some(&store));
        let outputs = Some(Arc::new(Outputs::one("out", large(text))));
        let cell =
            IterationCell { status: IterationStatus::Executed, took_nanos: 1, outputs, error: None, inner: None };
        let row = IterationRow { is_finished: true, times: None, item: None, next: Value::Null, cells: vec![cell] };
        log.append(Some(&store), header.id, 0, &row, &about.ports);
        let id = about.id;
        let mut record = executed(header.id, "a", text);
        record.iterations = Some(Iterations { of: Arc::new(LoopRecord { about, log }), member: None });
        store.settle(session, Arc::new(record));
        store.finish_run(header.id, RunStatus::Succeeded, Duration::from_millis(1));
        id
    };
    let (first, second) = (run_of_loop("one"), run_of_loop("two"));
    store.sweep(&request(newest(1), &[session])).unwrap();
    assert_eq!((store.n_iterations(first).unwrap(), store.n_iterations(second).unwrap()), (0, 1));
    assert_eq!(["one", "two"].map(|text| is_there(&store, &large(text))), [false, true]);
    store.sweep(&request(Retention { save_runs: false, ..newest(1) }, &[session])).unwrap();
    assert_eq!(store.n_iterations(second).unwrap(), 1, "the baseline goes on from it");
}

#[test]
fn values_are_left_alone_while_a_run_goes_on() {
    let (_folder, store) = new_store();
    let (workflow, session) = (chain(&["a"]), SessionId::generate());
    run(&store, &header(session, &workflow), &[("a", large("one"))], Vec::new());
    run(&store, &header(session, &workflow), &[("a", large("two"))], Vec::new());
    let going_on = header(session, &workflow);
    store.begin_run(&going_on, vec!["a".into()], Vec::new);
    let report = store.sweep(&request(newest(2), &[])).unwrap();
    assert_eq!((report.runs.len(), report.n_values), (1, 0));
    assert!(report.problems[0].contains("goes on"));
    assert!(is_there(&store, &large("one")));
    store.finish_run(going_on.id, RunStatus::Cancelled, Duration::ZERO);
    assert_eq!(store.sweep(&request(newest(2), &[])).unwrap().n_values, 1);
    assert!(!is_there(&store, &large("one")));
}

#[test]
fn the_values_of_a_pin_go_with_the_second_sweep_after_it_was_let_go() {
    let (_folder, store) = new_store();
    let value = large("pinned");
    store.keep_value(&value).unwrap();
    let mut pinned = request(Retention::default(), &[]);
    pinned.values.insert(value.fingerprint());
    for _ in 0..2 {
        store.sweep(&pinned).unwrap();
        assert!(is_there(&store, &value));
    }
    let free = request(Retention::default(), &[]);
    store.sweep(&free).unwrap();
    assert!(is_there(&store, &value), "a pin may be on its way into its session's file");
    store.sweep(&free).unwrap();
    assert!(!is_there(&store, &value));
}

#[test]
fn a_value_that_is_kept_for_a_pin_is_there_whatever_is_swept_while_it_is_written() {
    let (_folder, store) = new_store();
    let values: Vec<Value> = (0..60).map(|number| large(&number.to_string())).collect();
    let mut pinned = request(Retention::default(), &[]);
    pinned.values = values.iter().map(Value::fingerprint).collect();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        // Files that no row names yet are taken at once, as if writing had taken very long.
        let sweeps = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                store.sweep(&pinned).unwrap();
            }
        });
        let lost = values.iter().find(|value| {
            store.keep_value(value).unwrap();
            !is_there(&store, value)
        });
        is_over.store(true, Ordering::Relaxed);
        sweeps.join().unwrap();
        assert_eq!(lost.map(Value::preview), None);
    });
    assert_eq!(store.check().unwrap().findings, []);
}

#[test]
fn what_cannot_be_read_keeps_all_values() {
    let (folder, store) = new_store();
    let (workflow, session) = (chain(&["a"]), SessionId::generate());
    for text in ["one", "two"] {
        run(&store, &header(session, &workflow), &[("a", large(text))], Vec::new());
    }
    store.flush().unwrap();
    rusqlite::Connection::open(folder.path().join("store.sqlite"))
        .unwrap()
        .execute("UPDATE node_records SET record = x'01ff' WHERE id > (2 << 32)", [])
        .unwrap();
    let report = store.sweep(&request(newest(1), &[])).unwrap();
    assert_eq!((report.runs.len(), report.n_values), (1, 0));
    assert!(report.problems[0].contains("cannot be read"), "{report:?}");
    assert!(is_there(&store, &large("one")));
}

/// What happens in a store.
#[derive(Clone, Debug)]
enum Step {
    /// A run of a session that executes these nodes and reuses the others, with values of so few kinds that many are equal.
    Run {
        session: usize,
        executes: [bool; 3],
        value: u8,
        fails: bool,
    },
    /// The newest result of a node is pinned.
    Pin {
        session: usize,
        node: usize,
    },
    Unpin {
        session: usize,
    },
    /// A session ends for good.
    Forget {
        session: usize,
    },
    StartFrom {
        session: usize,
        run: usize,
    },
    Sweep {
        newest: u32,
        keep_errors: bool,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    let session = 0_usize..3;
    prop_oneof![
        6 => (session.clone(), any::<[bool; 3]>(), 0_u8..6, any::<bool>())
            .prop_map(|(session, executes, value, fails)| Step::Run { session, executes, value, fails }),
        2 => (session.clone(), 0_usize..3).prop_map(|(session, node)| Step::Pin { session, node }),
        1 => session.clone().prop_map(|session| Step::Unpin { session }),
        1 => session.clone().prop_map(|session| Step::Forget { session }),
        1 => (session, 0_usize..8).prop_map(|(session, run)| Step::StartFrom { session, run }),
        3 => (0_u32..4, any::<bool>()).prop_map(|(newest, keep_errors)| Step::Sweep { newest, keep_errors }),
    ]
}

const NODES: [&str; 3] = ["a", "b", "c"];

/// What the world should be like, kept beside the store.
struct World {
    store: Store,
    workflow: Workflow,
    sessions: [SessionId; 3],
    pins: [Vec<Kept>; 3],
    /// What each run in the history gave, and whether it failed, oldest first.
    runs: Vec<(RunId, BTreeMap<&'static str, Value>, bool)>,
    /// What each session's baseline gives.
    baselines: [BTreeMap<&'static str, Value>; 3],
    seen: HashSet<Fingerprint>,
}

impl World {
    fn new(store: Store) -> Self {
        Self {
            store,
            workflow: chain(&NODES),
            sessions: [(); 3].map(|()| SessionId::generate()),
            pins: Default::default(),
            runs: Vec::new(),
            baselines: Default::default(),
            seen: HashSet::new(),
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Run { session, executes, value, fails } => self.run(session, executes, value, fails),
            Step::Pin { session, node } => {
                let record = self.store.baseline(self.sessions[session]).unwrap();
                let results = record.iter().find(|record| record.node == NODES[node]);
                let results = results.and_then(|record| record.results.clone());
                if let Some(results) = results {
                    self.store.keep_results(&results).unwrap();
                    self.pins[session].push(results);
                }
            }
            Step::Unpin { session } => self.pins[session].clear(),
            Step::Forget { session } => {
                self.pins[session].clear();
                self.sessions[session] = SessionId::generate();
                self.baselines[session].clear();
            }
            Step::StartFrom { session, run } => {
                if let Some((run, gave, _)) = self.runs.get(run) {
                    self.store.start_from(*run, self.sessions[session]).unwrap();
                    self.baselines[session] = gave.clone();
                }
            }
            Step::Sweep { newest, keep_errors } => self.sweep(Retention { keep_errors, ..self::newest(newest) }),
        }
    }

    fn run(&mut self, session: usize, executes: [bool; 3], value: u8, fails: bool) {
        let header = header(self.sessions[session], &self.workflow);
        let before = self.store.baseline(header.session).unwrap();
        let mut gave = BTreeMap::new();
        let (mut reused, mut settled) = (Vec::new(), Vec::new());
        for (place, node) in NODES.into_iter().enumerate() {
            let known = before.iter().find(|record| record.node == node && record.has_results());
            match known.filter(|_| !executes[place]) {
                Some(record) => {
                    reused.push((NodeId::from(node), record.run));
                    gave.insert(node, self.baselines[session][node].clone());
                }
                None if fails && place == 2 => {
                    settled.push(without_results(header.id, node, Status::Failed("no".into())));
                    self.baselines[session].remove(node);
                }
                None => {
                    // Some lie in files, some in the database.
                    let text = format!("{node} {value}");
                    let value = if value.is_multiple_of(2) { large(&text) } else { Value::from(text) };
                    settled.push(executed(header.id, node, value.clone()));
                    self.seen.insert(value.fingerprint());
                    self.baselines[session].insert(node, value.clone());
                    gave.insert(node, value);
                }
            }
        }
        let unsettled = settled.iter().map(|record| record.node.clone()).collect();
        let failed = settled.iter().any(|record| matches!(record.status, Status::Failed(_)));
        self.store.begin_run(&header, unsettled, move || reused);
        for record in settled {
            self.store.settle(header.session, Arc::new(record));
        }
        let status = if failed { RunStatus::Failed } else { RunStatus::Succeeded };
        self.store.finish_run(header.id, status, Duration::from_millis(1));
        self.runs.push((header.id, gave, failed));
    }

    fn sweep(&mut self, rule: Retention) {
        let values: HashSet<Fingerprint> =
            self.pins.iter().flatten().flat_map(|pin| pin.ports().iter().map(|port| port.fingerprint)).collect();
        let request = SweepRequest { values, ..request(rule, &self.sessions) };
        let planned = self.store.plan_sweep(&request).unwrap();
        // The second takes what a pin let go before the first.
        let swept = self.store.sweep(&request).unwrap();
        self.store.sweep(&request).unwrap();
        let runs = |report: &crate::store::SweepReport| report.runs.iter().map(|(run, _)| run.id).collect::<Vec<_>>();
        assert_eq!(runs(&planned), runs(&swept), "it was said before");
        let n_runs = self.runs.len();
        let newest = rule.newest.unwrap() as usize;
        let mut place = 0;
        self.runs.retain(|(_, _, failed)| {
            place += 1;
            n_runs - place < newest || (rule.keep_errors && *failed)
        });
        self.check();
    }

    /// What is needed is there, what is not is gone.
    fn check(&self) {
        let listed: Vec<RunId> =
            self.store.history(&HistoryFilter::default()).unwrap().iter().rev().map(|run| run.id).collect();
        assert_eq!(listed, self.runs.iter().map(|(run, _, _)| *run).collect::<Vec<_>>());
        let mut needed: BTreeSet<Fingerprint> = BTreeSet::new();
        for (run, gave, _) in &self.runs {
            let record = self.store.run(*run).unwrap().unwrap();
            for (node, value) in gave {
                let results = record.node(&(*node).into()).unwrap().results.clone().unwrap();
                assert_eq!(results.load().unwrap().get(&"out".into()), Some(value), "{node} of {run}");
                needed.insert(value.fingerprint());
            }
        }
        for (session, baseline) in self.sessions.iter().zip(&self.baselines) {
            let records = self.store.baseline(*session).unwrap();
            let with_results: Vec<_> = records.iter().filter(|record| record.has_results()).collect();
            assert_eq!(with_results.len(), baseline.len());
            for record in with_results {
                let value = &baseline[record.node.as_str()];
                let results = record.results.as_ref().unwrap().load().unwrap();
                assert_eq!(results.get(&"out".into()), Some(value));
                needed.insert(value.fingerprint());
            }
        }
        for port in self.pins.iter().flatten().flat_map(|pin| pin.ports().to_vec()) {
            assert!(self.store.load_value(&port.fingerprint).is_ok(), "a pin needs {}", port.preview);
            needed.insert(port.fingerprint);
        }
        for value in self.seen.iter().filter(|value| !needed.contains(value)) {
            assert!(matches!(self.store.load_value(value), Err(StoreError::Lost(_))), "nobody needs {value:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_came_before_a_sweep_leaves_what_is_needed_and_nothing_else(
        steps in prop::collection::vec(any_step(), 1..24)
    ) {
        let (folder, store) = new_store();
        let mut world = World::new(store);
        for step in &steps {
            world.take(step);
        }
        world.sweep(Retention { keep_errors: true, ..newest(2) });
        let wrong = rusqlite::Connection::open(folder.path().join("store.sqlite"))
            .unwrap()
            .prepare("PRAGMA foreign_key_check")
            .unwrap()
            .query_map([], |_| Ok(()))
            .unwrap()
            .count();
        prop_assert_eq!(wrong, 0);
    }
}
