//! The store: what keeping and reading cost, beside bare bounds measured in the same run.
//!
//! `cargo bench --bench store -- [--mib 1024] [--results 200000]`. Each figure is the median of a few calls and stands beside what the
//! same bytes cost without the store: a file read whole, rows of SQLite inserted and selected. Machines are shared and differ:
//! only the ratios say something.
//!
//! Without `--bench`, which cargo passes to a bench and not to a test, everything is small.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on panics")]

#[path = "engine/clock.rs"]
mod clock;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use arrow::{
    array::{Float64Array, Int64Array, RecordBatch},
    datatypes::{DataType, Field, Schema},
};
use clap::Parser as _;
use jiff::Timestamp;
use pinflow::{
    nodes::Outputs,
    store::{
        Effect, HistoryFilter, Kept, KeyOptions, KeyPlace, NodeRecord, Notes, Part, Provenance, Reason, RunHeader,
        RunId, RunKind, RunStatus, SessionId, Status, Store, StoreOptions,
    },
    value::{Fingerprint, Table, Value},
    workflow::{Edit, Node, NodeId, Position, Workflow},
};
use rusqlite::{Connection, params};

use self::clock::{in_words, time};

// The program's own allocator, so that the figures are the program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What to measure.
#[derive(Debug, clap::Parser)]
struct Arguments {
    /// The size of the table, in MiB.
    #[arg(long, default_value_t = 1024)]
    mib: usize,
    /// How many results are written behind a run.
    #[arg(long, default_value_t = 200_000)]
    results: usize,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Rows of the table: two columns of 8 bytes.
const BATCH_ROWS: usize = 64 << 10;

fn table(n_mib: usize) -> Value {
    let n_batches = (n_mib << 20) / (BATCH_ROWS * 16);
    let schema = Arc::new(Schema::new(vec![
        Field::new("number", DataType::Int64, false),
        Field::new("root", DataType::Float64, false),
    ]));
    let batch = |batch: usize| {
        let numbers = (batch * BATCH_ROWS..(batch + 1) * BATCH_ROWS).map(|row| row.cast_signed() as i64);
        let roots = numbers.clone().map(|number| (number as f64).sqrt());
        let columns: Vec<arrow::array::ArrayRef> =
            vec![Arc::new(Int64Array::from_iter_values(numbers)), Arc::new(Float64Array::from_iter_values(roots))];
        RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
    };
    let batches: Vec<RecordBatch> = (0..n_batches.max(1)).map(batch).collect();
    Value::Table(Table::new(&schema, &batches).unwrap())
}

fn open(folder: &Path, place: KeyPlace) -> Store {
    let options = StoreOptions { key: KeyOptions::new(Some(place)), ..StoreOptions::default() };
    Store::open_with(folder, &options).unwrap()
}

fn print(what: &str, took: Duration, n_bytes: usize, bound: Option<Duration>, target: &str) {
    let rate = if n_bytes == 0 {
        String::new()
    } else {
        format!("{:.2} GB/s", n_bytes as f64 / took.as_secs_f64().max(1e-12) / 1e9)
    };
    let ratio = bound.map_or_else(String::new, |bound| format!("{:.2}", took.as_secs_f64() / bound.as_secs_f64()));
    println!("{what:<58} {:>10} {rate:>12} {ratio:>8}  {target}", in_words(took));
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// A large table, kept and read again by a store that has not seen it.
fn tables(arguments: &Arguments) {
    let value = table(arguments.mib);
    let (fingerprint, n_bytes) = (value.fingerprint(), value.size_bytes());
    for (place, name, target) in
        [(KeyPlace::File, "encrypted", "at least 1 GB/s"), (KeyPlace::Off, "not encrypted", "first rows within 1 ms")]
    {
        let folder = tempfile::tempdir().unwrap();
        let keep = time(1, || open(folder.path(), place), |store| store.keep_value(&value).unwrap());
        print(&format!("keep a table of {} MiB, {name}", arguments.mib), keep.median, n_bytes, None, "");
        let files = files_below(&folder.path().join("blobs"));
        let bound = time(5, || (), |()| files.iter().map(|file| fs::read(file).unwrap().len()).sum::<usize>());
        print("  bound: its file read whole", bound.fastest, n_bytes, None, "");
        // A mapped table is looked through behind the reader's back: one that nobody waits for is not to slow the next.
        let pause = || thread::sleep(4 * bound.median);
        let load = time(
            5,
            || {
                pause();
                open(folder.path(), place)
            },
            |store| match store.load_value(&fingerprint).unwrap() {
                Value::Table(table) => table.batches()[0].slice(0, 10),
                other => panic!("{}", other.preview()),
            },
        );
        print(&format!("  its first rows, {name}"), load.median, n_bytes, Some(bound.fastest), target);
    }
}

fn header(session: SessionId, workflow: &Arc<Workflow>) -> RunHeader {
    RunHeader {
        id: RunId::generate(),
        session,
        workflow_id: workflow.id(),
        workflow: Arc::clone(workflow),
        path: None,
        kind: RunKind::Standard,
        part: Part::All,
        options: pinflow::store::OptionsUsed::default(),
        marks: Vec::new(),
        started: Timestamp::now(),
        took: None,
        status: RunStatus::Running,
    }
}

fn record(run: RunId, node: NodeId, as_it_was: &Arc<Node>, value: Value) -> Arc<NodeRecord> {
    Arc::new(NodeRecord {
        run,
        node,
        as_it_was: Arc::clone(as_it_was).into(),
        status: Status::Executed,
        reasons: Arc::new([Reason::StandardRun]),
        config: Fingerprint::of_bytes(b"config"),
        recipe: Fingerprint::of_bytes(b"recipe"),
        inputs: smallvec::SmallVec::new(),
        results: Some(Kept::in_memory(Arc::new(Outputs::one("out", value)), Provenance::Run(run))),
        started: Some(Timestamp::now()),
        took: Some(Duration::from_nanos(300)),
        effect: Effect::None,
        notes: Notes::default(),
    })
}

fn workflow(n_nodes: usize) -> (Arc<Workflow>, Vec<(NodeId, Arc<Node>)>) {
    let node = |number: usize| {
        let id: NodeId = format!("n_{number:06}").parse().unwrap();
        (id, Arc::new(Node::new("sum", Position(0.0, 0.0)).with("salt", number.cast_signed() as i64)))
    };
    let nodes: Vec<_> = (0..n_nodes).map(node).collect();
    let mut workflow = Workflow::new("bench");
    let edits = nodes.iter().map(|(id, node)| Edit::AddNode(id.clone(), Arc::clone(node))).collect();
    workflow.apply(Edit::Group(edits)).unwrap();
    (Arc::new(workflow), nodes)
}

/// Many small results written behind a run, and one record read again.
fn results(arguments: &Arguments) {
    let n_results = arguments.results;
    let (workflow, nodes) = workflow(n_results);
    let bound = {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = Connection::open(folder.path().join("bound.sqlite")).unwrap();
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
        connection.pragma_update(None, "synchronous", "NORMAL").unwrap();
        connection.execute_batch("CREATE TABLE rows (id INTEGER PRIMARY KEY, record BLOB NOT NULL)").unwrap();
        time(
            1,
            || (),
            |()| {
                for chunk in 0..n_results.div_ceil(10_000) {
                    let transaction = connection.transaction().unwrap();
                    let mut insert = transaction.prepare("INSERT INTO rows (record) VALUES (?1)").unwrap();
                    for _ in chunk * 10_000..((chunk + 1) * 10_000).min(n_results) {
                        insert.execute(params![&[7_u8; 200][..]]).unwrap();
                    }
                    drop(insert);
                    transaction.commit().unwrap();
                }
            },
        )
    };
    print(&format!("bound: {n_results} rows of 200 bytes into SQLite"), bound.median, 0, None, "");
    for (place, name) in [(KeyPlace::File, "encrypted"), (KeyPlace::Off, "not encrypted")] {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionId::generate();
        let store = open(folder.path(), place);
        let header = header(session, &workflow);
        store.begin_run(&header, Vec::new(), Vec::new);
        store.flush().unwrap();
        let records: Vec<Arc<NodeRecord>> = nodes
            .iter()
            .enumerate()
            .map(|(index, (id, node))| {
                record(header.id, id.clone(), node, Value::Int(index.cast_signed() as i64 * 7_919))
            })
            .collect();
        let write = time(
            1,
            || (),
            |()| {
                for record in &records {
                    store.settle(session, Arc::clone(record));
                }
                store.flush().unwrap();
            },
        );
        let rate = n_results as f64 / write.median.as_secs_f64();
        let what = format!("{n_results} small results behind a run, {name}: {rate:.0}/s");
        print(&what, write.median, 0, Some(bound.median), "at least 200,000/s");
        drop(records);
        drop(store);
        let opened = time(5, || (), |()| open(folder.path(), place));
        print(&format!("  open the store, {name}"), opened.median, 0, None, "under 10 ms");
    }
}

/// Ten thousand runs, listed.
fn history(n_runs: usize) {
    let (workflow, nodes) = workflow(3);
    for (place, name) in [(KeyPlace::File, "encrypted"), (KeyPlace::Off, "not encrypted")] {
        let folder = tempfile::tempdir().unwrap();
        let session = SessionId::generate();
        let store = open(folder.path(), place);
        for _ in 0..n_runs {
            let header =
                RunHeader { path: Some("/home/somebody/flows/bench.flow.ron".into()), ..header(session, &workflow) };
            store.begin_run(&header, Vec::new(), Vec::new);
            for (id, node) in &nodes {
                store.settle(session, record(header.id, id.clone(), node, Value::Int(1)));
            }
            store.finish_run(header.id, RunStatus::Succeeded, Duration::from_millis(3));
        }
        store.flush().unwrap();
        let filter = HistoryFilter::of(workflow.id());
        let list = time(9, || (), |()| store.history(&filter).unwrap());
        assert_eq!(store.history(&filter).unwrap().len(), n_runs);
        print(&format!("a list of {n_runs} runs, {name}"), list.median, 0, None, "under 20 ms");
    }
}

/// Values of 10 KB, each read once.
fn values() {
    let texts: Vec<Value> = (0..500).map(|number| Value::text(format!("{number:05} ").repeat(1_700))).collect();
    let bound = {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("bound.sqlite")).unwrap();
        connection.execute_batch("CREATE TABLE rows (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL); BEGIN").unwrap();
        for _ in &texts {
            connection.execute("INSERT INTO rows (bytes) VALUES (?1)", params![&[7_u8; 10_200][..]]).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        let mut select = connection.prepare("SELECT bytes FROM rows WHERE id = ?1").unwrap();
        let mut id = 0;
        time(
            texts.len(),
            || (),
            |()| {
                id += 1;
                select.query_row(params![id], |row| row.get::<_, Vec<u8>>(0)).unwrap()
            },
        )
    };
    print("bound: 10 KB selected from SQLite", bound.median, 0, None, "");
    for (place, name) in [(KeyPlace::File, "encrypted"), (KeyPlace::Off, "not encrypted")] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), place);
        let fingerprints: Vec<Fingerprint> = texts.iter().map(|text| store.keep_value(text).unwrap()).collect();
        let mut next = fingerprints.iter().cycle();
        let read = time(texts.len(), || (), |()| store.load_value(next.next().unwrap()).unwrap());
        print(&format!("a value of 10 KB, {name}"), read.median, 0, Some(bound.median), "at most 20 µs");
    }
}

fn main() {
    let mut arguments = Arguments::parse();
    if !arguments.bench {
        arguments = Arguments { mib: 2, results: 1_000, ..arguments };
    }
    println!("{:<58} {:>10} {:>12} {:>8}", "", "time", "", "× bound");
    values();
    history(if arguments.bench { 10_000 } else { 50 });
    results(&arguments);
    tables(&arguments);
}
