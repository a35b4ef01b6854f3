//! Tests against a real server on this machine.

use std::{
    io::Cursor,
    net::TcpListener,
    thread::{self, JoinHandle},
};

use tiny_http::{Header, Method, Response as Answer, Server};

use super::*;
use crate::nodes::{Cacheability, testing::Trial};

/// A server that answers by path until it is dropped.
struct TestServer {
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    fn start() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let listening = Arc::clone(&server);
        let serve = move || {
            // Requests that are never answered are kept here, so that their connections stay open.
            let mut unanswered = Vec::new();
            for request in listening.incoming_requests() {
                if request.url() == "/silent" { unanswered.push(request) } else { answer(request) }
            }
            drop(unanswered);
        };
        let thread = thread::Builder::new().spawn(serve).unwrap();
        Self { server, thread: Some(thread) }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.server_addr())
    }

    fn get(&self, path: &str) -> Trial {
        Trial::of("http_request").set("url", self.url(path))
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.server.unblock();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn answer(mut request: tiny_http::Request) {
    let header = |text: &str| text.parse::<Header>().unwrap();
    let (content_type, status, body): (&str, u16, Vec<u8>) = match request.url().split('?').next().unwrap() {
        "/json" => ("application/json; charset=utf-8", 200, b"{\"stars\": 5, \"tags\": [\"a\"]}".to_vec()),
        "/bad_json" => ("application/json", 200, b"{".to_vec()),
        "/bytes" => ("application/octet-stream", 200, vec![0xFF, 0xFE, 0]),
        "/large" => ("text/plain", 200, vec![b'x'; 3 << 20]),
        "/missing" => ("text/plain", 404, b"no such thing\nsecond line".to_vec()),
        "/echo" => {
            let mut sent = format!("{}\n", request.method());
            for field in
                request.headers().iter().filter(|field| field.field.equiv("content-type") || field.field.equiv("x-key"))
            {
                sent.push_str(&field.field.as_str().as_str().to_ascii_lowercase());
                sent.push('=');
                sent.push_str(field.value.as_str());
                sent.push('\n');
            }
            request.as_reader().read_to_string(&mut sent).unwrap();
            ("text/plain", 200, sent.into_bytes())
        }
        _ => ("text/plain", 200, "grüezi".into()),
    };
    let length = body.len();
    let body = if *request.method() == Method::Head { Vec::new() } else { body };
    let fields = vec![header(&format!("Content-Type: {content_type}")), header("X-Twice: 1"), header("X-Twice: 2")];
    // A client that has gone away is what some tests are about.
    request.respond(Answer::new(status.into(), fields, Cursor::new(body), Some(length), None)).ok();
}

#[test]
fn an_answer_comes_as_text_json_status_and_headers() {
    let server = TestServer::start();
    let outputs = server.get("/json").outputs();
    let json = Value::record([("stars", Value::Int(5)), ("tags", Value::list([Value::text("a")]))]);
    assert_eq!(outputs.get(&"json".into()), Some(&json));
    assert_eq!(outputs.get(&"status".into()), Some(&Value::Int(200)));
    assert_eq!(outputs.get(&"body".into()), Some(&Value::text("{\"stars\": 5, \"tags\": [\"a\"]}")));
    let Some(Value::Record(headers)) = outputs.get(&"headers".into()) else { panic!("no headers") };
    assert_eq!(headers.get("x-twice"), Some(&Value::text("1, 2")));
    let text = server.get("/").outputs();
    assert_eq!(text.get(&"body".into()), Some(&Value::text("grüezi")));
    assert!(text.get(&"json".into()).is_none());
}

#[test]
fn what_is_not_text_comes_as_bytes() {
    let server = TestServer::start();
    assert_eq!(server.get("/bytes").output("body"), Value::Bytes([0xFF, 0xFE, 0].as_slice().into()));
}

#[test]
fn an_answer_that_only_claims_to_be_json_is_a_warning() {
    let server = TestServer::start();
    let trial = server.get("/bad_json");
    assert!(trial.outputs().get(&"json".into()).is_none());
    assert!(trial.host.logs()[0].contains("says it is JSON"), "{:?}", trial.host.logs());
}

#[test]
fn methods_headers_and_bodies_arrive() {
    let server = TestServer::start();
    let sent = |method: &str, body: Value| {
        let headers = Value::record([("X-Key", Value::text("k"))]);
        let trial = server.get("/echo").set("method", method).set("headers", headers).input("body", body);
        trial.output("body").display_text()
    };
    let record = Value::record([("a", Value::Int(1))]);
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let text = sent(method, record.clone());
        assert!(text.starts_with(method) && text.ends_with("\n{\"a\":1}"), "{text}");
        assert!(text.contains("x-key=k\n") && text.contains("content-type=application/json\n"), "{text}");
    }
    assert!(sent("POST", Value::text("hi")).contains("content-type=text/plain; charset=utf-8\n"));
    assert_eq!(sent("DELETE", Value::Null), "DELETE\nx-key=k\n");
    let lines = Value::list([Value::text("X-Key:  from a line"), Value::text("Content-Type: text/css")]);
    let trial = server.get("/echo").set("method", "POST").set("headers", lines).set("body", "b {}");
    let text = trial.output("body").display_text();
    assert!(text.contains("x-key=from a line\n") && text.contains("content-type=text/css\nb {}"), "{text}");
}

#[test]
fn head_gives_status_and_headers_without_a_body() {
    let server = TestServer::start();
    let outputs = server.get("/json").set("method", "HEAD").outputs();
    assert_eq!(outputs.get(&"body".into()), Some(&Value::text("")));
    assert_eq!(outputs.get(&"status".into()), Some(&Value::Int(200)));
}

#[test]
fn an_error_status_fails_with_the_first_line_unless_it_is_wanted() {
    let server = TestServer::start();
    let trial = server.get("/missing?key=hidden");
    let expected = format!("GET {}?…: status 404 Not Found: no such thing", server.url("/missing"));
    assert_eq!(trial.error(), expected);
    assert_eq!(trial.host.deeds(), [format!("sent GET {}?… (status 404)", server.url("/missing"))]);
    let outputs = trial.set("fail_on_error", false).outputs();
    assert_eq!(outputs.get(&"status".into()), Some(&Value::Int(404)));
}

#[test]
fn a_connected_url_is_used_instead_of_the_parameter() {
    let server = TestServer::start();
    let trial = Trial::of("http_request").set("url", "http://127.0.0.1:1/").input("url", server.url("/"));
    assert_eq!(trial.output("body"), Value::text("grüezi"));
}

#[test]
fn a_server_that_is_not_there_or_silent_is_an_error_that_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let trial = Trial::of("http_request").set("url", format!("http://{address}/x"));
    let refused = trial.error();
    assert_eq!(trial.host.deeds(), [format!("sent GET http://{address}/x (no whole answer)")]);
    assert_eq!(refused, format!("GET http://{address}/x: the connection was refused; is the server running?"));
    let unknown = Trial::of("http_request").set("url", "http://no-such-host.invalid/").error();
    assert!(unknown.contains("no-such-host.invalid is not known (DNS)"), "{unknown}");
    let server = TestServer::start();
    let silent = server.get("/silent").set("time_limit_secs", 0.2).error();
    assert!(silent.ends_with("the time limit of 0.2 s is over"), "{silent}");
}

#[test]
fn a_cancelled_request_does_not_wait_for_the_server() {
    let server = TestServer::start();
    assert_eq!(server.get("/silent").cancelled_after(3).run().unwrap_err(), NodeError::Cancelled);
}

#[test]
fn a_deadline_cuts_off_a_silent_server_whatever_the_limit_of_the_request() {
    let server = TestServer::start();
    let trial = server.get("/silent").set("time_limit_secs", 86_400.0).within(Duration::from_millis(60));
    assert_eq!(trial.run().unwrap_err(), NodeError::Cancelled);
}

#[test]
fn the_thread_of_a_request_ends_at_the_deadline_too() {
    let server = TestServer::start();
    let url = server.url("/silent");
    let request = Request::new("GET", &url, Vec::new(), None, Duration::from_hours(24), 1).unwrap();
    let request = request.until(std::time::Instant::now() + Duration::from_millis(60));
    let error = request.send(&std::sync::atomic::AtomicBool::new(false)).err().unwrap().to_string();
    assert!(error.starts_with("GET http://") && error.contains("is over"), "{error}");
}

#[test]
fn an_answer_above_the_limit_is_refused() {
    let server = TestServer::start();
    let error = server.get("/large").set("max_mib", 2).error();
    assert!(error.ends_with("the answer is larger than 2 MiB: raise the limit if you want it"), "{error}");
    assert_eq!(server.get("/large").set("max_mib", 3).output("body").size_bytes(), 3 << 20);
}

#[test]
fn a_wrong_request_says_what_is_wrong_without_showing_secrets() {
    let error = |url: &str| Trial::of("http_request").set("url", url).error();
    assert!(error("").starts_with("no URL is named"));
    assert!(error("ftp://example.org").contains("http:// or https://"));
    assert!(error("example.org/x").contains("http:// or https://"));
    assert!(error("http://a b").contains("cannot be read"));
    let secret = error("https://ada:lovelace@example.org/");
    assert!(secret.contains("Authorization header") && !secret.contains("lovelace"), "{secret}");
    let server = TestServer::start();
    let header = server.get("/").set("headers", Value::list([Value::text("no colon s3cret")])).error();
    assert!(header.contains("each header must be a text") && !header.contains("s3cret"), "{header}");
    let newline = server.get("/").set("headers", Value::record([("X-Key", Value::text("a\nb"))])).error();
    assert!(newline.contains("check the headers"), "{newline}");
    assert!(server.get("/").input("body", Value::text("x")).error().contains("GET sends no body"));
}

#[test]
fn only_what_changes_something_is_a_side_effect_and_all_answers_are_kept() {
    for (method, has_effect) in [("GET", false), ("HEAD", false), ("POST", true), ("DELETE", true)] {
        let trial = Trial::of("http_request").set("method", method);
        assert_eq!(trial.has_side_effect(), has_effect, "{method}");
        assert_eq!(trial.cacheability(), Cacheability::Always, "{method}");
    }
}
