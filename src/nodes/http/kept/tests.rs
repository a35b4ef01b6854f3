//! Tests against a real server on this machine that knows about entity tags.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use tiny_http::{Header, Response as Answer, Server};

use crate::{nodes::testing::Trial, value::Value};

/// A time that is over at once.
const MOMENT_SECS: f64 = 1e-9;

/// A server whose answers to `/tagged…` have a tag, which tells one state of the world from another.
struct TestServer {
    server: Arc<Server>,
    /// What was asked and what was answered.
    log: Arc<Mutex<Vec<String>>>,
    has_changed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    fn start() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let (log, has_changed) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (listening, told, changed) = (Arc::clone(&server), Arc::clone(&log), Arc::clone(&has_changed));
        let serve = move || {
            for request in listening.incoming_requests() {
                told.lock().unwrap().push(answer(request, changed.load(Ordering::SeqCst)));
            }
        };
        let thread = thread::Builder::new().name("server".to_owned()).spawn(serve).unwrap();
        Self { server, log, has_changed, thread: Some(thread) }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.server_addr())
    }

    fn get(&self, path: &str, keep_secs: f64) -> Trial {
        Trial::of("http_request").set("url", self.url(path)).set("keep_secs", keep_secs)
    }

    /// Returns what was asked and answered since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.server.unblock();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn answer(request: tiny_http::Request, has_changed: bool) -> String {
    let header = |text: &str| text.parse::<Header>().unwrap();
    let path = request.url().to_owned();
    let condition = request.headers().iter().find(|field| field.field.equiv("if-none-match"));
    let condition = condition.map(|field| field.value.to_string());
    let tag = if has_changed { "\"new\"" } else { "\"old\"" };
    let is_tagged = path.starts_with("/tagged");
    let status = match condition.as_deref() {
        Some(condition) if is_tagged && condition == tag => 304,
        _ if path == "/missing" => 404,
        _ => 200,
    };
    let said = format!("{path} {} {status}", condition.unwrap_or_else(|| "-".to_owned()));
    let body = if status == 304 { String::new() } else { format!("{{\"has_changed\": {has_changed}}}") };
    let mut answer = Answer::from_string(body).with_status_code(status);
    answer.add_header(header("X-Asked: again"));
    if status != 304 {
        answer.add_header(header("Content-Type: application/json"));
    }
    if is_tagged {
        answer.add_header(header(&format!("ETag: {tag}")));
    }
    request.respond(answer).unwrap();
    said
}

fn json(has_changed: bool) -> Value {
    Value::record([("has_changed", Value::Bool(has_changed))])
}

#[test]
fn within_the_time_the_server_is_not_asked_again() {
    let server = TestServer::start();
    let trial = server.get("/plain", 3600.0);
    let first = trial.outputs();
    let second = trial.outputs();
    assert_eq!(server.asked(), ["/plain - 200"]);
    for port in ["body", "json", "status", "headers"] {
        assert_eq!(first.get(&port.into()), second.get(&port.into()), "{port}");
    }
    assert!(trial.host.logs()[0].contains("gives the kept response"), "{:?}", trial.host.logs());
    let (_, expires_in) = trial.host.stored().unwrap();
    assert_eq!(expires_in.map(|time| time.as_secs()), Some(3600), "nothing to ask by: gone after the time");
}

#[test]
fn afterwards_the_server_is_asked_whether_it_has_changed() {
    let server = TestServer::start();
    let trial = server.get("/tagged", MOMENT_SECS);
    assert_eq!(trial.output("json"), json(false));
    let outputs = trial.outputs();
    assert_eq!(outputs.get(&"json".into()), Some(&json(false)));
    assert_eq!(outputs.get(&"status".into()), Some(&Value::Int(200)));
    assert_eq!(server.asked(), ["/tagged - 200", "/tagged \"old\" 304"]);
    assert!(trial.host.logs()[0].contains("has not changed"), "{:?}", trial.host.logs());
    server.has_changed.store(true, Ordering::SeqCst);
    assert_eq!(trial.output("json"), json(true));
    assert_eq!(trial.output("json"), json(true));
    assert_eq!(server.asked(), ["/tagged \"old\" 200", "/tagged \"new\" 304"]);
    let (_, expires_in) = trial.host.stored().unwrap();
    assert_eq!(expires_in, None, "the server can be asked about it at any time");
    // The server's word that it is the same makes the response fresh again.
    let trial = trial.set("keep_secs", 3600.0);
    trial.run().unwrap();
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[test]
fn force_fetches_the_response_whatever_is_kept() {
    let server = TestServer::start();
    let trial = server.get("/tagged", 3600.0);
    trial.run().unwrap();
    let trial = trial.forced(true);
    server.has_changed.store(true, Ordering::SeqCst);
    assert_eq!(trial.output("json"), json(true));
    assert_eq!(server.asked(), ["/tagged - 200", "/tagged - 200"]);
    assert_eq!(trial.forced(false).output("json"), json(true));
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[test]
fn each_request_has_its_own_response_and_keys_are_not_stored() {
    let server = TestServer::start();
    let key = |key: &str| Value::record([("X-Key", Value::text(key))]);
    let trial = server.get("/tagged/1?token=s3cret", 3600.0).set("headers", key("k3y"));
    trial.run().unwrap();
    let trial = trial.set("url", server.url("/tagged/2"));
    trial.run().unwrap();
    let trial = trial.set("url", server.url("/tagged/1?token=s3cret"));
    trial.run().unwrap();
    assert_eq!(server.asked(), ["/tagged/1?token=s3cret - 200", "/tagged/2 - 200"]);
    let (stored, _) = trial.host.stored().unwrap();
    let shown = stored.display_text();
    assert!(!shown.contains("s3cret") && !shown.contains("k3y"), "{shown}");
    trial.set("headers", key("another")).run().unwrap();
    assert_eq!(server.asked().len(), 1, "other headers are another request");
}

#[test]
fn errors_effects_and_what_is_not_to_be_kept_are_not() {
    let server = TestServer::start();
    let missing = server.get("/missing", 3600.0).set("fail_on_error", false);
    missing.run().unwrap();
    assert_eq!(missing.host.stored(), None);
    let post = server.get("/tagged", 3600.0).set("method", "POST");
    post.run().unwrap();
    assert_eq!(post.host.stored(), None);
    let plain = server.get("/tagged", 0.0);
    plain.run().unwrap();
    assert_eq!(plain.host.stored(), None);
    let without = server.get("/tagged", 3600.0).without_store();
    without.run().unwrap();
    assert!(without.host.logs()[0].contains("no store"), "{:?}", without.host.logs());
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn who_asks_with_a_condition_of_their_own_sees_what_the_server_says() {
    let server = TestServer::start();
    let own = Value::record([("If-None-Match", Value::text("\"old\""))]);
    let trial = server.get("/tagged", MOMENT_SECS).set("headers", own);
    assert_eq!(trial.output("status"), Value::Int(304));
    assert_eq!(server.asked(), ["/tagged \"old\" 304"]);
}

#[test]
fn a_server_that_fails_is_an_error_though_an_old_response_is_kept() {
    let server = TestServer::start();
    let trial = server.get("/tagged", MOMENT_SECS);
    trial.run().unwrap();
    drop(server);
    let error = trial.error();
    assert!(error.starts_with("GET http://127.0.0.1"), "{error}");
}

#[test]
fn only_so_many_responses_are_kept() {
    let server = TestServer::start();
    let mut trial = server.get("/tagged", 3600.0);
    for number in 0..super::MAX_ANSWERS + 5 {
        trial = trial.set("url", server.url(&format!("/tagged/{number}")));
        trial.run().unwrap();
    }
    let Some((Value::List(answers), _)) = trial.host.stored() else { panic!("it stores a list") };
    assert_eq!(answers.len(), super::MAX_ANSWERS);
    server.asked();
    trial.run().unwrap();
    assert_eq!(server.asked(), Vec::<String>::new(), "the newest is among them");
}
