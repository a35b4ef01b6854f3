//! What sensitive nodes give, and what others make of it, stays in memory: in branches, loops and streams, pinned or not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use pinflow::{
    engine::{Decision, Engine, EventKind, Plan, PlanOptions, Planner, Probes, RunRequest, plan, repeat},
    nodes::{Arity, Catalogue, Context, Family, HIDDEN, Kind, NodeError, ParameterSchema, ParameterType, Success},
    session::{Baseline, Folders, Mark, Marks, PinPolicy, Session},
    store::{
        KeyOptions, KeyPlace, NodeRecord, Reason, RunComparison, RunKind, RunRecord, Sensitive, SessionId, Status,
        Store, StoreOptions,
    },
    value::{Value, ValueType},
    workflow::{self, NodeId, Workflow},
};
use tempfile::TempDir;
use tiny_http::{Response, Server};

const CANARY: &str = "sk-canary-0b5e9d";

/// How often each node has executed.
type Counts = Arc<Mutex<BTreeMap<String, usize>>>;

fn text(ctx: &Context<'_>, port: &str) -> String {
    ctx.input(port).map(Value::display_text).unwrap_or_default()
}

/// Returns kinds that make the canary, hand it on, say it and fail with it.
fn catalogue(counts: &Counts) -> Catalogue {
    let mut catalogue = Catalogue::standard();
    let mut register = |id: &'static str, execute: fn(&Context<'_>) -> Result<Success, NodeError>| {
        let counts = Arc::clone(counts);
        let kind = Kind::new(id, id, Family::System, move |ctx| {
            *counts.lock().unwrap().entry(ctx.node().to_string()).or_default() += 1;
            execute(ctx)
        });
        let kind = kind.input("in1", ValueType::Any, Arity::Optional).input("in2", ValueType::Any, Arity::Optional);
        catalogue.register(kind.output("out", ValueType::Any));
    };
    register("origin", |_| Ok(Success::one("out", CANARY)));
    register("plain", |_| Ok(Success::one("out", "plain")));
    register("say", |ctx| {
        let said = text(ctx, "in1") + &text(ctx, "in2");
        ctx.info(said.as_str());
        ctx.progress(0.5, &said);
        Ok(Success::one("out", said))
    });
    register("rows", |ctx| {
        let row = |end: &str| Value::record([("k", Value::from(text(ctx, "in1") + end))]);
        Ok(Success::one("out", Value::list([row("-1"), row("-2")])))
    });
    register("length", |ctx| Ok(Success::one("out", text(ctx, "in1").len().to_string())));
    register("break", |ctx| Err(NodeError::new(text(ctx, "in1"))));
    catalogue
}

/// A server of pages that hold the canary.
struct Pages(Arc<Server>);

impl Pages {
    fn new() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let serving = Arc::clone(&server);
        let serve = move || {
            for request in serving.incoming_requests() {
                let next = if request.url() == "/1" { "/2" } else { "" };
                let page = serde_json::json!({"items": [CANARY, format!("{CANARY}-b")], "next": next});
                request.respond(Response::from_string(page.to_string())).ok();
            }
        };
        thread::Builder::new().name("pages".to_owned()).spawn(serve).unwrap();
        Self(server)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.0.unblock();
    }
}

/// What is made of the canary in all the ways there are. `origin` is the setting of what it comes from, `harmless` that of what
/// only counts it.
fn flow(pages: &Pages, folder: &Path, origin: &str, harmless: &str) -> Workflow {
    let text = format!(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  nodes: {{
    "source": (kind: "origin", settings: ({origin})),
    "copy": (kind: "say"),
    "harmless": (kind: "length", settings: ({harmless})),
    "below": (kind: "say"),
    "listed": (kind: "rows"),
    "table": (kind: "sql", parameters: {{"query": "SELECT * FROM t1"}}),
    "kept": (kind: "say", settings: (keep_results_for: "1h")),
    "remember": (kind: "remember", settings: (continue_on_error: true)),
    "broken": (kind: "break", settings: (error_output: true, retries: 1)),
    "told": (kind: "say"),
    "each": (kind: "for_each", parameters: {{"on_error": "collect"}}),
    "inside": (kind: "say"),
    "beside": (kind: "plain"),
    "fails": (kind: "break"),
    "gathered": (kind: "collect"),
    "errors": (kind: "say"),
    "repeat": (kind: "repeat", parameters: {{"times": 2}}),
    "step": (kind: "say"),
    "next": (kind: "next"),
    "start": (kind: "plain"),
    "again": (kind: "repeat", parameters: {{"times": 2}}),
    "seen": (kind: "say"),
    "mix": (kind: "say"),
    "next_mix": (kind: "next"),
    "two": (kind: "list", parameters: {{"items": ["x", "y"]}}),
    "outer": (kind: "for_each"),
    "inner_rows": (kind: "rows"),
    "inner": (kind: "for_each"),
    "inner_say": (kind: "say"),
    "inner_all": (kind: "collect"),
    "outer_all": (kind: "collect"),
    "lines": (kind: "read_lines", parameters: {{"path": "{lines}"}}, settings: ({origin})),
    "each_line": (kind: "for_each"),
    "line": (kind: "say"),
    "pages": (kind: "http_pages", parameters: {{"url": "http://{pages}/1", "each": "entry", "items_pointer": "/items"}},
      settings: ({origin})),
    "each_entry": (kind: "for_each"),
    "entry": (kind: "say"),
    "entries": (kind: "collect"),
  }},
  connections: [
    "source.out -> copy.in1", "source.out -> harmless.in1", "harmless.out -> below.in1", "source.out -> listed.in1",
    "listed.out -> table.t1", "source.out -> kept.in1", "source.out -> remember.value", "source.out -> broken.in1",
    "broken.error -> told.in1",
    "listed.out -> each.items", "each.item -> inside.in1", "each.index -> beside.in1", "each.item -> fails.in1",
    "inside.out -> gathered.item", "gathered.errors -> errors.in1",
    "source.out -> repeat.state", "repeat.state -> step.in1", "step.out -> next.state",
    "start.out -> again.state", "again.state -> seen.in1", "seen.out -> mix.in1", "source.out -> mix.in2",
    "mix.out -> next_mix.state",
    "two.list -> outer.items", "outer.item -> inner_rows.in1", "source.out -> inner_rows.in2", "inner_rows.out -> inner.items",
    "inner.item -> inner_say.in1", "source.out -> inner_say.in2", "inner_say.out -> inner_all.item",
    "inner_all.items -> outer_all.item",
    "lines.lines -> each_line.items", "each_line.item -> line.in1",
    "pages.pages -> each_entry.items", "each_entry.item -> entry.in1", "entry.out -> entries.item",
  ],
)
"#,
        lines = folder.join("lines.txt").display(),
        pages = pages.0.server_addr(),
    );
    workflow::parse(&text).unwrap()
}

/// The nodes of [`flow`] that have nothing to do with the canary, or whose settings say that what they give may be written.
const OPEN: [&str; 5] = ["below", "harmless", "outer", "start", "two"];

struct World {
    folder: TempDir,
    session: SessionId,
    counts: Counts,
    pages: Pages,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        fs::write(folder.path().join("lines.txt"), format!("{CANARY}\n{CANARY}-b\n")).unwrap();
        Self { folder, session: SessionId::generate(), counts: Counts::default(), pages: Pages::new() }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn store(&self) -> Store {
        let plain = StoreOptions { key: KeyOptions::new(Some(KeyPlace::Off)), ..StoreOptions::default() };
        Store::open_with(&self.home().join("store"), &plain).unwrap()
    }

    fn flow(&self, origin: &str, harmless: &str) -> Workflow {
        flow(&self.pages, self.folder.path(), origin, harmless)
    }

    fn request(&self, workflow: &Workflow, kind: RunKind, baseline: &Baseline, marks: &Marks) -> RunRequest {
        RunRequest {
            session: self.session,
            baseline: Arc::new(baseline.clone()),
            marks: marks.clone(),
            folder: self.folder.path().to_owned(),
            ..RunRequest::new(workflow.clone(), PlanOptions::of(kind))
        }
    }

    fn engine(&self, store: Option<&Store>) -> Engine {
        Engine::new(Arc::new(catalogue(&self.counts)), store.cloned())
    }

    fn run(&self, store: Option<&Store>, workflow: &Workflow, kind: RunKind, baseline: &Baseline) -> Arc<RunRecord> {
        let run = self.engine(store).run(self.request(workflow, kind, baseline, &Marks::default()), |_| ());
        if let Some(store) = store {
            store.flush().unwrap();
        }
        run
    }

    fn plan(&self, workflow: &Workflow, baseline: &Baseline, marks: &Marks) -> Plan {
        let options = PlanOptions::of(RunKind::Resumed);
        plan(workflow, &catalogue(&self.counts), marks, baseline, &Probes::default(), &options).0
    }

    /// Returns the nodes that have executed since the last time.
    fn executed(&self) -> Vec<String> {
        std::mem::take(&mut *self.counts.lock().unwrap()).into_keys().collect()
    }

    fn files_with_canary(&self) -> Vec<PathBuf> {
        files_with_canary(&self.home())
    }
}

fn files_with_canary(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| {
        if path.is_dir() {
            return files_with_canary(&path);
        }
        let bytes = fs::read(&path).unwrap();
        let has = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        if has { vec![path] } else { Vec::new() }
    });
    found.collect()
}

fn record(run: &RunRecord, node: &'static str) -> Arc<NodeRecord> {
    run.node(&NodeId::from(node)).unwrap_or_else(|| panic!("{node} has no record"))
}

fn given(run: &RunRecord, node: &'static str, port: &'static str) -> Value {
    let results = record(run, node).results.clone().unwrap_or_else(|| panic!("{node}: {:?}", record(run, node).status));
    results.load().unwrap().get(&port.into()).unwrap().clone()
}

fn all_given(run: &RunRecord) -> BTreeMap<String, Vec<(String, Value)>> {
    let outputs = |record: &NodeRecord| {
        let outputs = record.results.as_ref()?.load().ok()?;
        Some(outputs.iter().map(|(port, value)| (port.to_string(), value.clone())).collect())
    };
    run.nodes().filter_map(|record| Some((record.node.to_string(), outputs(&record)?))).collect()
}

#[test]
fn nothing_that_is_made_of_a_sensitive_value_is_written() {
    let world = World::new();
    let store = world.store();
    let flow = world.flow("sensitive: Yes", "sensitive: No");
    let run = world.run(Some(&store), &flow, RunKind::Standard, &Baseline::default());
    assert_eq!(given(&run, "copy", "out"), Value::text(CANARY), "it is there to be used");
    assert!(given(&run, "gathered", "items").display_text().contains("sk-canary-0b5e9d-2"));
    assert!(given(&run, "next_mix", "result").display_text().ends_with(CANARY));
    assert!(given(&run, "outer_all", "items").display_text().contains(CANARY));
    assert!(given(&run, "entries", "items").display_text().contains(CANARY));

    let folders = Folders::under(&world.home());
    let mut session = Session::create(&folders, Some(&store), flow.id(), None).unwrap();
    for node in ["source", "copy", "gathered", "next_mix", "each"] {
        session.marks.set(node.into(), Mark::pin(PinPolicy::Hold, Some(&record(&run, node))));
    }
    session.save().unwrap();
    store.back_up(&world.home().join("backup")).unwrap();
    let id = session.id;
    drop(session);
    let again = world.run(Some(&store), &flow, RunKind::Standard, &run.nodes().collect());
    let of = |run: &RunRecord| store.run(run.header.id).unwrap().unwrap();
    let compared = RunComparison::between(&of(&run), &of(&again));
    assert!(!format!("{compared:?}").contains(CANARY));
    drop(store);
    assert_eq!(world.files_with_canary(), Vec::<PathBuf>::new());

    let store = world.store();
    let stored = store.run(run.header.id).unwrap().unwrap();
    let open: Vec<_> = stored.nodes().filter(|record| record.results.is_some()).map(|r| r.node.to_string()).collect();
    assert!(OPEN.iter().all(|node| open.contains(&(*node).to_owned())), "{open:?}");
    assert!(open.iter().all(|node| OPEN.contains(&node.as_str())), "{open:?}");
    let why = &record(&stored, "copy").warnings;
    assert!(why.iter().any(|line| line.contains("sensitive because it reads source")), "{why:?}");
    let session = Session::open(&folders, Some(&store), id).unwrap();
    assert!(session.marks.iter().all(|(_, mark)| mark.as_pin().is_some() && mark.capture().is_none()), "armed");
}

/// The test above can fail: without the setting every way leads onto the disk.
#[test]
fn what_is_not_sensitive_is_written() {
    let world = World::new();
    let store = world.store();
    world.run(Some(&store), &world.flow("", ""), RunKind::Standard, &Baseline::default());
    drop(store);
    assert!(!world.files_with_canary().is_empty());
}

#[test]
fn a_node_is_sensitive_if_it_reads_what_is_unless_its_settings_say_otherwise() {
    let world = World::new();
    let why = |plan: &Plan, node: &'static str| plan.get(&node.into()).unwrap().sensitive.clone();
    let plan = world.plan(&world.flow("sensitive: Yes", "sensitive: No"), &Baseline::default(), &Marks::default());
    let reads = |node: &'static str| Some(Sensitive::Reads(node.into()));
    assert_eq!(why(&plan, "source"), Some(Sensitive::BySettings));
    assert_eq!(why(&plan, "copy"), reads("source"));
    assert_eq!(why(&plan, "table"), reads("listed"));
    assert_eq!(why(&plan, "again"), reads("next_mix"), "the state that is handed on is read");
    assert_eq!(why(&plan, "seen"), reads("again"));
    assert_eq!(why(&plan, "beside"), reads("each"), "the number of an item is the loop's too");
    let open = plan.nodes().filter(|node| node.sensitive.is_none()).map(|node| node.node.as_str());
    assert_eq!(open.collect::<BTreeSet<_>>(), BTreeSet::from(OPEN));
    let plan = world.plan(&world.flow("", "sensitive: Yes"), &Baseline::default(), &Marks::default());
    assert_eq!(why(&plan, "below"), reads("harmless"));
    assert_eq!(plan.nodes().filter(|node| node.sensitive.is_some()).count(), 2);
}

#[test]
fn what_stayed_in_memory_is_reused_until_the_program_ends_and_the_plan_says_what_is_made_again_then() {
    let world = World::new();
    let store = world.store();
    let flow = world.flow("sensitive: Yes", "sensitive: No");
    let first = world.run(Some(&store), &flow, RunKind::Standard, &Baseline::default());
    world.executed();
    let in_memory: Baseline = first.nodes().collect();
    let again = world.run(Some(&store), &flow, RunKind::Resumed, &in_memory);
    // Those that have failed are made again, and what collects their errors is.
    assert_eq!(world.executed(), ["broken", "errors", "fails", "told"]);
    assert_eq!(all_given(&again), all_given(&first));
    drop(store);

    let store = world.store();
    let stored: Baseline = store.baseline(world.session).unwrap().into_iter().collect();
    let plan = world.plan(&flow, &stored, &Marks::default());
    for node in plan.nodes() {
        let is_kept = ["harmless", "below", "start", "two"].contains(&node.node.as_str());
        let reads_what_is_lost = ["harmless", "below"].contains(&node.node.as_str());
        let executes = node.decision == Decision::Execute;
        assert_eq!(executes, !is_kept || reads_what_is_lost, "{node:?}");
    }
    let reasons = &plan.get(&"copy".into()).unwrap().reasons;
    let is_lost = |reason: &Reason| matches!(reason, Reason::ResultsLost(why) if why.contains("sensitive"));
    assert!(reasons.iter().any(is_lost), "{reasons:?}");
    let reasons = &plan.get(&"outer".into()).unwrap().reasons;
    assert!(reasons.iter().any(is_lost), "its iterations are gone: {reasons:?}");
    let restarted = world.run(Some(&store), &flow, RunKind::Resumed, &stored);
    assert_eq!(all_given(&restarted), all_given(&first));
    let planned: Vec<&str> =
        plan.nodes().filter(|node| node.decision == Decision::Execute).map(|node| node.node.as_str()).collect();
    assert!(world.executed().iter().all(|node| planned.contains(&node.as_str())), "{planned:?}");
    drop(store);
    assert_eq!(world.files_with_canary(), Vec::<PathBuf>::new());
}

#[test]
fn a_changed_node_in_a_loop_reads_what_a_sensitive_one_gave_in_each_iteration() {
    let world = World::new();
    let store = world.store();
    let text = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  nodes: {
    "two": (kind: "list", parameters: {"items": ["x", "y"]}),
    "each": (kind: "for_each"),
    "hides": (kind: "say", settings: (sensitive: Yes)),
    "reads": (kind: "template", parameters: {"template": "{{ in1 }}"}, settings: (sensitive: No)),
    "all": (kind: "collect"),
  },
  connections: ["two.list -> each.items", "each.item -> hides.in1", "hides.out -> reads.in1", "reads.text -> all.item"],
)"#;
    let first = world.run(Some(&store), &workflow::parse(text).unwrap(), RunKind::Standard, &Baseline::default());
    world.executed();
    let changed = workflow::parse(&text.replace("{{ in1 }}", "<{{ in1 }}>")).unwrap();
    let second = world.run(Some(&store), &changed, RunKind::Resumed, &first.nodes().collect());
    assert_eq!(given(&second, "all", "items"), Value::list([Value::text("<x>"), Value::text("<y>")]));
    assert_eq!(world.executed(), [""; 0], "the sensitive one is reused");
}

#[test]
fn a_loop_that_was_stopped_goes_on_in_memory_and_from_the_start_after_a_restart() {
    let world = World::new();
    let text = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  nodes: {
    "three": (kind: "list", parameters: {"items": ["sk-canary-0b5e9d-1", "sk-canary-0b5e9d-2", ""]}, settings: (sensitive: Yes)),
    "each": (kind: "for_each"),
    "says": (kind: "say"),
    "check": (kind: "template", parameters: {"template": "{{ in1 or in1.no.such }}"}),
    "all": (kind: "collect"),
  },
  connections: ["three.list -> each.items", "each.item -> says.in1", "says.out -> check.in1", "check.text -> all.item"],
)"#;
    let flow = workflow::parse(text).unwrap();
    let store = world.store();
    let first = world.run(Some(&store), &flow, RunKind::Standard, &Baseline::default());
    assert!(matches!(record(&first, "each").status, Status::Failed(_)), "{:?}", record(&first, "each").status);
    assert_eq!(std::mem::take(&mut *world.counts.lock().unwrap())["says"], 3);
    world.run(Some(&store), &flow, RunKind::Resumed, &first.nodes().collect());
    assert_eq!(std::mem::take(&mut *world.counts.lock().unwrap())["says"], 1, "behind those that have finished");
    drop(store);
    let store = world.store();
    let stored: Baseline = store.baseline(world.session).unwrap().into_iter().collect();
    world.run(Some(&store), &flow, RunKind::Resumed, &stored);
    assert_eq!(std::mem::take(&mut *world.counts.lock().unwrap())["says"], 3);
}

#[test]
fn what_a_sensitive_node_says_is_told_to_nobody_who_has_not_asked() {
    let world = World::new();
    let flow = world.flow("sensitive: Yes", "sensitive: No");
    for store in [None, Some(world.store())] {
        let told = Arc::<Mutex<Vec<String>>>::default();
        let telling = Arc::clone(&told);
        let request = world.request(&flow, RunKind::Standard, &Baseline::default(), &Marks::default());
        let run = world.engine(store.as_ref()).run(request, move |event| {
            let told_now = match &event.kind {
                EventKind::NodeProgress { message, .. } => message.clone(),
                EventKind::NodeLogged { line, is_sensitive: false, .. } => line.message.clone(),
                EventKind::NodeSettled(record) => format!("{:?}", record.shown()),
                _ => return,
            };
            telling.lock().unwrap().push(told_now);
        });
        let told = told.lock().unwrap().join("\n");
        assert!(!told.contains(CANARY), "{told}");
        let failed = |node: &'static str| match record(&run, node).status.clone() {
            Status::Failed(error) => error,
            other => panic!("{other:?}"),
        };
        assert!(failed("fails").contains(CANARY), "it is there to be shown");
        let refused = failed("remember");
        assert!(refused.contains("because it reads source") && refused.contains("untick"), "{refused}");
        let errors = given(&run, "gathered", "errors").display_text();
        assert!(errors.contains("fails") && !errors.contains(CANARY), "{errors}");
        let plan = world.plan(&flow, &run.nodes().collect(), &Marks::default());
        let reasons: Vec<_> = plan.nodes().flat_map(|node| node.reasons.iter().cloned()).collect();
        assert!(!format!("{reasons:?}").contains(CANARY), "{reasons:?}");
        assert!(reasons.iter().any(|reason| matches!(reason, Reason::FailedLastTime(_))));
    }
}

#[test]
fn running_twice_says_what_differs_without_showing_it() {
    let world = World::new();
    let mut catalogue = catalogue(&world.counts);
    let count = Mutex::new(0);
    let other = Kind::new("other", "other", Family::System, move |_| {
        *count.lock().unwrap() += 1;
        Ok(Success::one("out", format!("{CANARY}-{}", count.lock().unwrap())))
    });
    catalogue.register(other.output("out", ValueType::Text));
    let text = r#"(format: 1, id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", nodes: {"a": (kind: "other", settings: (sensitive: Yes))}, connections: [])"#;
    let engine = Engine::new(Arc::new(catalogue), None);
    let request = RunRequest::new(workflow::parse(text).unwrap(), PlanOptions::of(RunKind::Standard));
    let report = repeat(&engine, &request);
    assert_eq!(report.differing.len(), 1);
    assert!(!format!("{:?}", report.differing).contains(CANARY), "{:?}", report.differing);
}

#[test]
fn a_plan_that_follows_another_knows_what_has_become_sensitive() {
    let world = World::new();
    let mut planner = Planner::new(Arc::new(catalogue(&world.counts)));
    let options = PlanOptions::of(RunKind::Resumed);
    let open = world.flow("", "");
    let hidden = world.flow("sensitive: Yes", "sensitive: No");
    for flow in [&open, &hidden, &open] {
        let followed = planner.plan(flow, &Marks::default(), &Baseline::default(), &Probes::default(), &options);
        let anew = world.plan(flow, &Baseline::default(), &Marks::default());
        assert!(followed.nodes().eq(anew.nodes()));
    }
}

#[test]
fn what_a_loop_gives_that_was_made_sensitive_midway_is_not_written() {
    let world = World::new();
    let mut kinds = catalogue(&world.counts);
    let count = Mutex::new(0);
    let later = Kind::new("later", "later", Family::System, move |ctx| {
        let mut count = count.lock().unwrap();
        *count += 1;
        match *count {
            1 | 2 => Ok(Success::one("out", text(ctx, "in1"))),
            3 => Err(NodeError::new("not yet")),
            _ => Ok(Success::one("out", CANARY)),
        }
    });
    kinds.register(later.input("in1", ValueType::Any, Arity::Required).output("out", ValueType::Any));
    let text = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  nodes: {
    "three": (kind: "list", parameters: {"items": ["x", "y", "z"]}),
    "each": (kind: "for_each"),
    "later": (kind: "later"),
    "all": (kind: "collect"),
  },
  connections: ["three.list -> each.items", "each.item -> later.in1", "later.out -> all.item"],
)"#;
    let store = world.store();
    let engine = Engine::new(Arc::new(kinds), Some(store.clone()));
    let flow = workflow::parse(text).unwrap();
    let first = engine.run(world.request(&flow, RunKind::Standard, &Baseline::default(), &Marks::default()), |_| ());
    let hidden = workflow::parse(&text.replace(r#"(kind: "later")"#, r#"(kind: "later", settings: (sensitive: Yes))"#));
    let baseline = first.nodes().collect();
    let request = world.request(&hidden.unwrap(), RunKind::Resumed, &baseline, &Marks::default());
    let second = engine.run(request, |_| ());
    let all = given(&second, "all", "items");
    assert_eq!(all, Value::list([Value::text("x"), Value::text("y"), Value::text(CANARY)]), "it goes on");
    store.flush().unwrap();
    drop((engine, store));
    assert_eq!(world.files_with_canary(), Vec::<PathBuf>::new());
}

#[test]
fn a_secret_that_a_node_betrays_is_taken_out_of_all_that_it_says() {
    // A variable that is always there.
    const NAME: &str = "PATH";
    let secret = std::env::var(NAME).unwrap();
    let betray = Kind::new("betray", "betray", Family::System, |ctx| {
        let secret = ctx.secret("secret")?.unwrap();
        ctx.info(format!("it is {secret}"));
        ctx.progress(0.5, &secret);
        Err(NodeError::new(format!("I tell you: {secret}")))
    });
    let parameter = ParameterSchema::new("secret", "Secret", ParameterType::Secret { hint: "" }, NAME, "A name.");
    let mut kinds = Catalogue::empty();
    kinds.register(betray.parameter(parameter));
    let text = r#"(format: 1, id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", nodes: {"a": (kind: "betray")}, connections: [])"#;
    let told = Arc::<Mutex<Vec<String>>>::default();
    let telling = Arc::clone(&told);
    let request = RunRequest::new(workflow::parse(text).unwrap(), PlanOptions::of(RunKind::Standard));
    let run = Engine::new(Arc::new(kinds), None).run(request, move |event| {
        telling.lock().unwrap().push(format!("{:?}", event.kind));
    });
    assert_eq!(record(&run, "a").status, Status::Failed(format!("I tell you: {HIDDEN}")));
    assert_eq!(record(&run, "a").log[0].message, format!("it is {HIDDEN}"));
    let told = told.lock().unwrap().join(" ");
    assert!(told.contains(HIDDEN) && !told.contains(&secret), "{told}");
}
