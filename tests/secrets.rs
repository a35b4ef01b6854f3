//! A secret's value is nowhere: not in a workflow, a session, a record, a log, an error, nor what a server sends back.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use pinflow::{
    engine::{Engine, PlanOptions, RunRequest},
    nodes::{Catalogue, HIDDEN},
    session::{Mark, PinPolicy, Session},
    store::{KeyOptions, KeyPlace, RunKind, RunRecord, SessionId, Status, Store, StoreError, StoreOptions},
    value::Value,
    workflow::{self, NodeId},
};
use tempfile::TempDir;
use tiny_http::{Header, Response, Server};

const CANARY: &str = "sk-canary-0b5e9d";
/// The canary as others may write it: in base64, alone and behind `user:`, and in hexadecimal digits.
const ENCODED: [&str; 3] = ["c2stY2FuYXJ5LTBiNWU5Z", "zay1jYW5hcnktMGI1ZTlk", "736b2d63616e6172792d306235653964"];

/// Returns whether the canary is in a text, however it is written there.
fn has_canary(bytes: &[u8]) -> bool {
    let has = |what: &str| bytes.windows(what.len()).any(|window| window == what.as_bytes());
    has(CANARY) || ENCODED.iter().any(|encoded| has(encoded))
}

const NAME: &str = "PINFLOW_TEST_CANARY";

/// A server that says everything it is told: in its body, its headers and its errors.
struct Echo {
    server: Arc<Server>,
    /// How many requests had the secret where it belongs.
    n_told: Arc<AtomicUsize>,
}

impl Echo {
    fn new() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let n_told = Arc::<AtomicUsize>::default();
        let (serving, told) = (Arc::clone(&server), Arc::clone(&n_told));
        let serve = move || {
            for request in serving.incoming_requests() {
                let headers: Vec<String> =
                    request.headers().iter().map(|header| format!("{}: {}", header.field, header.value)).collect();
                let text = headers.join("; ");
                let was_told = text.contains(CANARY);
                told.fetch_add(usize::from(was_told), Ordering::SeqCst);
                let encoded = if was_told { ENCODED.join("=; ") } else { String::new() };
                let text = format!("{text}; {encoded}");
                let (status, kind, body) = match request.url() {
                    url if url.contains("/chat/completions") && url.contains("good") => {
                        let reply = serde_json::json!({"choices": [{"message": {"content": text}}]});
                        (200, "application/json", reply.to_string())
                    }
                    url if url.contains("/chat/completions") => {
                        (401, "application/json", serde_json::json!({"error": {"message": text}}).to_string())
                    }
                    url if url.contains("pages/1") => {
                        (200, "application/json", serde_json::json!({"told": text, "next": "/pages/2"}).to_string())
                    }
                    // What is shown of it ends in the middle of the secret.
                    url if url.contains("bad") => (403, "text/plain", format!("{}{CANARY} {text}", "x".repeat(190))),
                    _ => (200, "application/json", serde_json::json!({"told": text}).to_string()),
                };
                let header = |name: &str, value: &str| Header::from_bytes(name.as_bytes(), value.as_bytes()).unwrap();
                let response = Response::from_string(body)
                    .with_status_code(status)
                    .with_header(header("content-type", kind))
                    .with_header(header("x-told", &text));
                request.respond(response).ok();
            }
        };
        thread::Builder::new().name("echo".to_owned()).spawn(serve).unwrap();
        Self { server, n_told }
    }

    fn address(&self) -> String {
        format!("http://{}", self.server.server_addr())
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

/// Every kind that can take a secret, each answered well and badly; and nodes that hand on what they were given.
fn flow(address: &str) -> String {
    let http = |path: &str, more: &str| {
        format!(r#"(kind: "http_request", parameters: {{"url": "{address}/{path}", "secret": "{NAME}"{more}}})"#)
    };
    let chat = |path: &str| {
        format!(
            r#"(kind: "chat", parameters: {{"base_url": "{address}/{path}", "model": "m", "prompt": "p", "key_variable": "{NAME}"}})"#
        )
    };
    format!(
        r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  nodes: {{
    "good": {good},
    "kept": {kept},
    "own_header": {own_header},
    "bad": {bad},
    "let_through": {let_through},
    "chat_good": {chat_good},
    "chat_bad": {chat_bad},
    "environment": (kind: "environment", parameters: {{"name": "{NAME}"}}),
    "marked": (kind: "template", parameters: {{"template": "{CANARY_PARTS}"}}, settings: (sensitive: Yes)),
    "items": (kind: "list", parameters: {{"items": ["x", "y"]}}),
    "each": (kind: "for_each"),
    "in_loop": (kind: "template", parameters: {{"template": "{CANARY_PARTS}{{{{ in1 }}}}"}}, settings: (sensitive: Yes)),
    "fails_in_loop": (kind: "fail", parameters: {{"message": "on purpose"}}, settings: (sensitive: Yes, continue_on_error: true)),
    "pages": (kind: "http_pages", parameters: {{"url": "{address}/pages/1", "secret": "{NAME}"}}),
    "bad_pages": (kind: "http_pages", parameters: {{"url": "{address}/bad", "secret": "{NAME}"}}),
    "each_page": (kind: "for_each"),
    "each_bad_page": (kind: "for_each", parameters: {{"on_error": "collect"}}),
    "page": (kind: "template", parameters: {{"template": "{{{{ in1 }}}}"}}),
    "bad_page": (kind: "template", parameters: {{"template": "{{{{ in1 }}}}"}}),
    "all_pages": (kind: "collect"),
    "says": (kind: "command", parameters: {{"program": "sh", "arguments": ["-c", "cat >&2; exit 3"]}}, settings: (continue_on_error: true, retries: 1)),
    "report": (kind: "template", parameters: {{"template": "{{{{ in1 }}}}"}}),
  }},
  connections: [
    "good.body -> report.in1", "marked.text -> says.stdin", "pages.pages -> each_page.items", "each_page.item -> page.in1",
    "page.text -> all_pages.item", "bad_pages.pages -> each_bad_page.items", "each_bad_page.item -> bad_page.in1", "items.list -> each.items", "each.item -> in_loop.in1", "each.item -> fails_in_loop.value",
  ],
)
"#,
        good = http("good", ""),
        kept = http("kept", r#", "keep_secs": 3600.0"#),
        own_header = http("own", r#", "secret_as": "X-Api-Key: {secret}""#),
        bad = http("bad", ""),
        let_through = http("bad", r#", "fail_on_error": false"#),
        chat_good = chat("good"),
        chat_bad = chat("wrong"),
    )
}

/// A template that makes the canary without holding it.
const CANARY_PARTS: &str = "{{ 'sk-canary-' ~ '0b5e9d' }}";

fn files_with_canary(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                return files_with_canary(&path);
            }
            let bytes = fs::read(&path).unwrap();
            if has_canary(&bytes) { vec![path] } else { Vec::new() }
        })
        .collect()
}

fn run(folder: &TempDir, flow: &Path, arguments: &[&str]) -> String {
    pinflow(folder, flow, "run", arguments)
}

fn pinflow(folder: &TempDir, flow: &Path, what: &str, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pinflow"))
        .arg(what)
        .arg(flow)
        .args(arguments)
        .env("PINFLOW_HOME", folder.path().join("home"))
        .env("PINFLOW_KEY", "off")
        .env("RUST_LOG", "trace")
        .env(NAME, CANARY)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn a_secret_goes_to_the_server_and_nowhere_else() {
    let echo = Echo::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.flow.ron");
    fs::write(&path, flow(&echo.address())).unwrap();
    let said = run(&folder, &path, &["--session", "s", "--pin", "environment", "--pin", "good", "--pin", "marked"]);
    assert!(!has_canary(said.as_bytes()) && !said.contains(&CANARY[..6]), "{said}");
    assert!(said.contains("403") && said.contains("401"), "the servers' errors are told: {said}");
    assert!(echo.n_told.load(Ordering::SeqCst) >= 10, "each server was told the secret: {said}");
    assert!(
        said.lines().any(|line| line.contains(" each_page ") && line.contains("(2 iterations)")),
        "the pages were read: {said}"
    );
    let failed = format!("error: Command (\"says\"): {HIDDEN}");
    assert!(said.contains(&failed) && said.contains(&format!("attempt 1 failed: {HIDDEN}")), "{said}");
    let json = run(&folder, &path, &["--session", "s", "--resume", "--json", "--why", "says"]);
    assert!(!has_canary(json.as_bytes()), "{json}");
    assert!(json.contains("sensitive because it reads Template"), "{json}");
    let plan = pinflow(&folder, &path, "plan", &["--session", "s"]);
    assert!(plan.contains("sensitive because it reads Template") && !has_canary(plan.as_bytes()), "{plan}");
    assert_eq!(files_with_canary(folder.path()), Vec::<PathBuf>::new());
    assert!(json.contains("\"good\""), "{json}");
}

#[test]
fn a_secret_that_is_nowhere_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.flow.ron");
    let text = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  nodes: {"a": (kind: "http_request", parameters: {"url": "http://127.0.0.1:9/", "secret": "PINFLOW_SURELY_NOT_SET"})},
  connections: [],
)
"#;
    fs::write(&path, text).unwrap();
    let said = run(&folder, &path, &[]);
    assert!(said.contains("PINFLOW_SURELY_NOT_SET") && said.contains("pinflow secret set"), "{said}");
}

/// A sensitive node, and one that makes something harmless of it.
const SENSITIVE: &str = r#"(
  format: 1,
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  nodes: {
    "secretive": (kind: "template", parameters: {"template": "{{ 'sk-canary-' ~ '0b5e9d' }}"}, settings: (sensitive: Yes)),
    "length": (kind: "template", parameters: {"template": "{{ in1 | length }}"}),
  },
  connections: ["secretive.text -> length.in1"],
)
"#;

struct World {
    folder: TempDir,
    session: SessionId,
}

impl World {
    fn store(&self) -> Store {
        let plain = StoreOptions { key: KeyOptions::new(Some(KeyPlace::Off)), ..StoreOptions::default() };
        Store::open_with(&self.folder.path().join("store"), &plain).unwrap()
    }

    /// Resumes from what is in the store, and from what is in memory after it.
    fn resume(&self, store: &Store, in_memory: Option<&RunRecord>) -> Arc<RunRecord> {
        let stored = store.baseline(self.session).unwrap();
        let known = in_memory.into_iter().flat_map(|run| run.own().iter().cloned());
        let request = RunRequest {
            session: self.session,
            baseline: Arc::new(stored.into_iter().chain(known).collect()),
            ..RunRequest::new(workflow::parse(SENSITIVE).unwrap(), PlanOptions::of(RunKind::Resumed))
        };
        let engine = Engine::new(Arc::new(Catalogue::standard()), Some(store.clone()));
        let record = engine.run(request, |_| ());
        store.flush().unwrap();
        record
    }
}

fn status(record: &RunRecord, node: &'static str) -> Status {
    record.node(&NodeId::from(node)).unwrap().status.clone()
}

#[test]
fn what_a_sensitive_node_gives_stays_in_memory_is_hidden_and_is_made_again_after_a_restart() {
    let world = World { folder: tempfile::tempdir().unwrap(), session: SessionId::generate() };
    let store = world.store();
    let first = world.resume(&store, None);
    let secretive = first.node(&"secretive".into()).unwrap();
    let results = secretive.results.clone().unwrap();
    assert_eq!(results.load().unwrap().get(&"text".into()), Some(&Value::text(CANARY)), "it is there to be used");
    assert!(secretive.is_sensitive() && !results.ports()[0].preview.contains("canary"));
    let length = first.node(&"length".into()).unwrap().results.clone().unwrap();
    assert_eq!(length.load().unwrap().get(&"text".into()), Some(&Value::text("16")));

    let again = world.resume(&store, Some(&first));
    assert!(matches!(status(&again, "secretive"), Status::Reused { .. }), "as long as it is in memory");
    let value = results.fingerprint(&"text".into()).unwrap();
    assert!(matches!(store.load_value(&value), Err(StoreError::Lost(_))));
    assert!(store.keep_results(&results).is_err());
    let stored = store.run(first.header.id).unwrap().unwrap().node(&"secretive".into()).unwrap();
    assert!(stored.results.is_none() && stored.warnings.iter().any(|warning| warning.contains("sensitive")));
    let mark = Mark::pin(PinPolicy::Hold, Some(&secretive));
    let folders = pinflow::session::Folders::under(world.folder.path());
    let mut session = Session::create(&folders, Some(&store), first.header.workflow_id, None).unwrap();
    session.marks.set("secretive".into(), mark);
    session.save().unwrap();
    let id = session.id;
    drop((session, store));

    let store = world.store();
    let session = Session::open(&folders, Some(&store), id).unwrap();
    assert!(session.marks.get(&"secretive".into()).capture().is_none(), "it is pinned to what it gives next");
    let restarted = world.resume(&store, None);
    assert_eq!(status(&restarted, "secretive"), Status::Executed);
    drop(store);
    assert_eq!(files_with_canary(world.folder.path()), Vec::<PathBuf>::new());
}
