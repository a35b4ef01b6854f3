//! Tests against a real server on this machine, which streams.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread::{self, JoinHandle},
};

use super::*;
use crate::nodes::{Cacheability, testing::Trial};

/// A variable that is set in every test; its value stands for an API key.
const KEY_VARIABLE: &str = "CARGO_PKG_NAME";

/// A server that answers one request after the other, each in its way, and hands out what it was asked.
struct TestServer {
    url: String,
    asked: Receiver<(String, serde_json::Value)>,
    thread: JoinHandle<()>,
}

type Script = Box<dyn FnOnce(&mut TcpStream) + Send>;

impl TestServer {
    fn start(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/", listener.local_addr().unwrap());
        let (sender, asked) = channel();
        let serve = move || {
            for script in scripts {
                let (mut stream, _) = listener.accept().unwrap();
                sender.send(request_from(&stream)).unwrap_or_default();
                script(&mut stream);
            }
        };
        let thread = thread::Builder::new().name("server".to_owned()).spawn(serve).unwrap();
        Self { url, asked, thread }
    }

    fn chat(&self) -> Trial {
        Trial::of("chat").set("base_url", self.url.as_str()).set("model", "parrot").set("key_variable", "")
    }

    /// Waits for the server's end; returns the head and the body of all requests.
    fn end(self) -> Vec<(String, serde_json::Value)> {
        self.thread.join().unwrap();
        self.asked.iter().collect()
    }
}

fn request_from(stream: &TcpStream) -> (String, serde_json::Value) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "the request has a head");
    }
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    (head, serde_json::from_slice(&body).unwrap())
}

fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
    stream.flush().unwrap();
}

fn head(stream: &mut TcpStream, status: &str, content_type: &str) {
    send(stream, &format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nConnection: close\r\n\r\n"));
}

fn token(text: &str) -> String {
    format!("data: {}\n\n", json!({"choices": [{"delta": {"content": text}, "finish_reason": null}]}))
}

/// Streams the tokens and ends as it should.
fn says(tokens: &'static [&'static str]) -> Script {
    Box::new(move |stream| {
        head(stream, "200 OK", "text/event-stream");
        send(stream, ": a comment\r\n\r\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\r\n\r\n");
        for text in tokens {
            send(stream, &token(text));
        }
        send(
            stream,
            "event: message\ndata: {\"choices\":[{\"delta\":{},\ndata: \"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        );
    })
}

fn raw(status: &'static str, content_type: &'static str, body: &'static str) -> Script {
    Box::new(move |stream| {
        head(stream, status, content_type);
        send(stream, body);
    })
}

fn contents(asked: &serde_json::Value) -> Vec<String> {
    let message = |message: &serde_json::Value| {
        format!("{}: {}", message["role"].as_str().unwrap(), message["content"].as_str().unwrap())
    };
    asked["messages"].as_array().unwrap().iter().map(message).collect()
}

fn stored(trial: &Trial) -> Vec<String> {
    let (conversation, expires_in) = trial.host.stored().unwrap();
    assert_eq!(expires_in, None);
    contents(&json!({ "messages": to_json(&conversation) }))
}

#[test]
fn an_answer_is_told_as_it_comes_and_put_together() {
    let server = TestServer::start(vec![says(&["Grü", "ezi\n", "mitenand"])]);
    let trial = server.chat().set("system", "Be brief.").set("temperature", 0.5).input("prompt", "Hello?");
    let outputs = trial.outputs();
    assert_eq!(outputs.get(&"reply".into()), Some(&Value::text("Grüezi\nmitenand")));
    assert_eq!(trial.host.said(), ["Grü", "Grüezi ", "Grüezi mitenand"]);
    assert_eq!(end_of(&"0123456789".repeat(3)), "…678901234567890123456789");
    let deeds = trial.host.deeds();
    assert!(
        deeds[0].starts_with("asked parrot at http://127.0.0.1:") && deeds[0].ends_with(" bytes, answered)"),
        "{deeds:?}"
    );
    assert_eq!(stored(&trial), ["user: Hello?", "assistant: Grüezi\nmitenand"]);
    assert_eq!(outputs.get(&"messages".into()), trial.host.stored().map(|(value, _)| value).as_ref());
    let (head, body) = &server.end()[0];
    assert!(head.starts_with("post /v1/chat/completions ") && !head.contains("authorization"), "{head}");
    assert_eq!(contents(body), ["system: Be brief.", "user: Hello?"]);
    assert_eq!((&body["model"], &body["stream"], &body["temperature"]), (&json!("parrot"), &json!(true), &json!(0.5)));
    assert!(body.get("max_tokens").is_none());
}

#[test]
fn the_conversation_goes_on_within_its_window_until_it_is_reset() {
    let server = TestServer::start((0..5).map(|_| says(&["yes"])).collect());
    let mut trial = server.chat().set("window", 3_i64);
    for (prompt, reset) in [("one", None), ("two", None), ("three", Some(false)), ("four", Some(true)), ("five", None)]
    {
        trial = trial.without_inputs().input("prompt", prompt);
        if let Some(reset) = reset {
            trial = trial.input("reset", reset);
        }
        trial.run().unwrap();
    }
    assert_eq!(stored(&trial), ["user: five", "assistant: yes"]);
    let asked: Vec<_> = server.end().iter().map(|(_, body)| contents(body)).collect();
    assert_eq!(asked[0], ["user: one"]);
    assert_eq!(asked[1], ["user: one", "assistant: yes", "user: two"]);
    assert_eq!(asked[2], ["user: two", "assistant: yes", "user: three"]);
    assert_eq!(asked[3], ["user: four"]);
    assert_eq!(asked[4], ["user: four", "assistant: yes", "user: five"]);
}

#[test]
fn without_a_window_or_a_store_nothing_is_kept() {
    let server = TestServer::start(vec![says(&["a"]), says(&["b"])]);
    let trial = server.chat().set("window", 0_i64).set("prompt", "x");
    assert_eq!(trial.output("reply"), Value::text("a"));
    assert_eq!(trial.host.stored(), None);
    assert!(!trial.has_side_effect());
    let trial = server.chat().set("prompt", "x").without_store();
    assert_eq!(trial.output("reply"), Value::text("b"));
    assert!(trial.host.logs()[0].contains("no store"), "{:?}", trial.host.logs());
    assert!(trial.has_side_effect());
    assert_eq!(trial.cacheability(), Cacheability::Always);
    server.end();
}

#[test]
fn the_key_comes_from_the_environment_and_is_in_no_error() {
    let refuses = || raw("401 Unauthorized", "application/json", "{\"error\":{\"message\":\"wrong key: pinflow!\"}}");
    let server = TestServer::start(vec![says(&["ok"]), refuses()]);
    let trial = server.chat().set("key_variable", KEY_VARIABLE).set("prompt", "x");
    trial.run().unwrap();
    let error = trial.error();
    assert!(error.contains("status 401 Unauthorized: wrong key: ••••••!; look at the variable"), "{error}");
    assert!(!error.contains("pinflow"), "{error}");
    assert!(server.end().iter().all(|(head, _)| head.contains("authorization: bearer pinflow\r\n")));
    let unset = Trial::of("chat").set("model", "m").set("prompt", "x").set("key_variable", "PINFLOW_NOT_SET").error();
    assert!(unset.starts_with("the secret PINFLOW_NOT_SET is not there") && unset.contains("takes none"), "{unset}");
    let open = Trial::of("chat").set("model", "m").set("prompt", "x").set("key_variable", KEY_VARIABLE);
    let open = open.set("base_url", "http://example.org/v1").error();
    assert!(open.contains("use https://") && !open.contains("pinflow"), "{open}");
}

#[test]
fn what_a_server_refuses_or_breaks_off_is_an_error_and_leaves_the_conversation_alone() {
    let cut = Box::new(|stream: &mut TcpStream| {
        send(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        let text = token("half");
        send(stream, &format!("{:x}\r\n{text}\r\n", text.len()));
    });
    let cases: Vec<(Script, &str)> = vec![
        (
            raw("429 Too Many Requests", "application/json", "{\"error\":\"slow down\"}"),
            "slow down; retries with a delay",
        ),
        (
            raw("500 Internal Server Error", "text/html", "<h1>oh</h1>\nmore"),
            "status 500 Internal Server Error: <h1>oh</h1>",
        ),
        (
            raw("200 OK", "text/event-stream", "data: {\"error\":{\"message\":\"overloaded\"}}\n\n"),
            "/v1/chat/completions: overloaded",
        ),
        (raw("200 OK", "text/event-stream", "data: {\"choices\":[]}\n\n"), "the server closed the connection"),
        (raw("200 OK", "text/event-stream", "data: {nonsense\n\n"), "what came is no JSON"),
        (raw("200 OK", "text/event-stream", "data: [DONE]\n\n"), "the model gave no text"),
        (raw("200 OK", "application/json", "{"), "the answer is not the JSON it says it is"),
        (cut, "the answer was cut off after 4 characters"),
    ];
    let (scripts, expected): (Vec<Script>, Vec<&str>) = cases.into_iter().unzip();
    let first: Script = says(&["kept"]);
    let server = TestServer::start([first].into_iter().chain(scripts).collect());
    let trial = server.chat().set("prompt", "x");
    trial.run().unwrap();
    for expected in expected {
        let error = trial.error();
        assert!(error.contains(expected), "{error} does not say {expected}");
    }
    assert_eq!(stored(&trial), ["user: x", "assistant: kept"]);
    server.end();
    let refused = trial.error();
    assert!(refused.contains("the connection was refused"), "{refused}");
}

#[test]
fn answers_that_come_whole_or_too_short_are_taken_as_they_are() {
    let whole = "{\"choices\":[{\"message\":{\"content\":\"all at once\"},\"finish_reason\":\"stop\"}]}";
    let short = "data: {\"choices\":[{\"delta\":{\"content\":\"to be\"},\"finish_reason\":\"length\"}]}\n\n";
    let server = TestServer::start(vec![
        raw("200 OK", "application/json; charset=utf-8", whole),
        raw("200 OK", "text/event-stream", short),
    ]);
    let trial = server.chat().set("prompt", "x");
    assert_eq!(trial.output("reply"), Value::text("all at once"));
    assert!(trial.host.logs().is_empty());
    assert_eq!(trial.output("reply"), Value::text("to be"));
    assert_eq!(trial.host.logs(), ["the answer is not complete: the server says length"]);
    server.end();
}

/// Streams one token and goes on waiting until the other side has gone.
fn never_ends(told: Sender<()>) -> Script {
    Box::new(move |stream| {
        head(stream, "200 OK", "text/event-stream");
        send(stream, &token("and"));
        told.send(()).unwrap();
        // What is written after the other side has gone is an error sooner or later.
        while stream.write_all(b": still there\n").and_then(|()| stream.flush()).is_ok() {
            thread::yield_now();
        }
    })
}

#[test]
fn a_cancel_or_a_deadline_ends_an_answer_and_its_connection() {
    for stop in [|trial: Trial| trial.cancelled_after(3), |trial: Trial| trial.within(Duration::from_millis(300))] {
        let (told, is_told) = channel();
        let server = TestServer::start(vec![never_ends(told)]);
        let trial = stop(server.chat().set("prompt", "x"));
        assert_eq!(trial.run().unwrap_err(), NodeError::Cancelled);
        is_told.recv().unwrap();
        assert_eq!(trial.host.stored(), None);
        // The server ends once its connection has.
        server.end();
    }
}

#[test]
fn what_is_missing_is_said() {
    assert!(Trial::of("chat").error().contains("nothing to ask"));
    assert!(Trial::of("chat").set("prompt", "x").error().contains("no model is named"));
    let wrong = Trial::of("chat").set("prompt", "x").set("model", "m").set("base_url", "localhost:1").error();
    assert!(wrong.contains("http:// or https://"), "{wrong}");
}
