//! Tests against a real server on this machine.

use std::{io::Cursor, path::Path, sync::Mutex, thread::JoinHandle};

use tiny_http::{Header, Response as Answer, Server};

use super::*;
use crate::nodes::{
    items,
    testing::{SECRET, SECRET_NAME, Trial, around},
};

/// A server of seven things in pages of three, until it is dropped.
struct TestServer {
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl TestServer {
    fn start() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (listening, noted) = (Arc::clone(&server), Arc::clone(&asked));
        let serve = move || {
            // Requests that are never answered are kept here, so that their connections stay open.
            let mut unanswered = Vec::new();
            for request in listening.incoming_requests() {
                noted.lock().unwrap().push(request.url().to_owned());
                if request.url() == "/silent" { unanswered.push(request) } else { answer(request) }
            }
            drop(unanswered);
        };
        let thread = thread::Builder::new().spawn(serve).unwrap();
        Self { server, thread: Some(thread), asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.server_addr())
    }

    fn pages(&self, path: &str) -> Trial {
        Trial::of("http_pages").set("url", self.url(path))
    }

    /// Returns the addresses asked for since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.server.unblock();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn answer(request: tiny_http::Request) {
    let url = request.url().to_owned();
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let number: u64 = query.split_once("page=").and_then(|(_, number)| number.parse().ok()).unwrap_or(1);
    let things: Vec<u64> = (1..=7).skip((number as usize - 1) * 3).take(3).collect();
    let is_last = number >= 3;
    let link = |link: String| if is_last { Json::Null } else { Json::from(link) };
    let key = request.headers().iter().find(|field| field.field.equiv("x-key")).map(|field| field.value.to_string());
    let authorization = request.headers().iter().find(|field| field.field.equiv("authorization"));
    let authorization = authorization.map(|field| field.value.to_string());
    let (status, body) = match path {
        "/linked" => (200, serde_json::json!({"items": things, "next": link(format!("/linked?page={}", number + 1))})),
        "/relative/a" => (200, serde_json::json!({"items": things, "next": link(format!("?page={}", number + 1))})),
        "/wrapped" => (200, serde_json::json!({"data": {"things": things}})),
        "/gone" if things.is_empty() => (404, serde_json::json!("no such page")),
        "/numbered" | "/gone" => (200, serde_json::json!(things)),
        "/key" => (200, serde_json::json!({"key": key})),
        "/bearer" => match authorization {
            Some(told) => {
                (200, serde_json::json!({"told": told, "next": link(format!("/bearer?page={}", number + 1))}))
            }
            None => (401, serde_json::json!("who are you?")),
        },
        "/refuses" => (403, serde_json::json!(format!("not {}", authorization.unwrap_or_default()))),
        "/leaks" => (200, serde_json::json!({"next": format!("/leaks?of={}", authorization.unwrap_or_default())})),
        "/itself" => (200, serde_json::json!({"next": "/itself"})),
        "/elsewhere" => (200, serde_json::json!({"next": "http://example.org/x"})),
        "/strange" => (200, serde_json::json!({"next": 7})),
        "/text" => (200, Json::Null),
        _ => (500, serde_json::json!("out of order")),
    };
    let body = if path == "/text" { "hello".to_owned() } else { body.to_string() };
    let length = body.len();
    let fields = vec!["Content-Type: application/json".parse::<Header>().unwrap()];
    // A client that has gone away is what one test is about.
    request.respond(Answer::new(status.into(), fields, Cursor::new(body), Some(length), None)).ok();
}

fn never() -> Stop {
    Arc::new(|| false)
}

fn all(stream: &Value, from: Option<&Value>) -> Vec<Item> {
    items::open(stream, from, around(Path::new("")), never()).unwrap().collect::<Result<_, _>>().unwrap()
}

fn texts(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| item.value.display_text()).collect()
}

fn error(trial: &Trial) -> String {
    let items = items::open(&trial.output("pages"), None, around(Path::new("")), never()).unwrap();
    items.collect::<Result<Vec<_>, _>>().unwrap_err().to_string()
}

/// Checks that a stream opened behind any of its items gives what comes after that one.
fn check_goes_on(stream: &Value) {
    let items = all(stream, None);
    for (index, item) in items.iter().enumerate() {
        assert!(item.next.is_plain());
        assert_eq!(all(stream, Some(&item.next)), items[index + 1..], "behind item {index}");
    }
}

#[test]
fn pages_are_followed_by_the_address_that_each_holds_one_request_a_page() {
    let server = TestServer::start();
    let stream = server.pages("/linked").output("pages");
    assert_eq!(server.asked(), [""; 0], "describing a stream asks for nothing");
    let mut items = items::open(&stream, None, around(Path::new("")), never()).unwrap();
    assert_eq!(items.total, None);
    assert_eq!(items.next().unwrap().unwrap().value.display_text(), r#"{"items":[1,2,3],"next":"/linked?page=2"}"#);
    assert_eq!(server.asked(), ["/linked"], "the next page is not asked for before it is wanted");
    assert_eq!(items.count(), 2);
    assert_eq!(server.asked(), ["/linked?page=2", "/linked?page=3"]);
    check_goes_on(&stream);
}

#[test]
fn each_entry_is_an_item_and_the_stream_goes_on_within_a_page() {
    let server = TestServer::start();
    let trial = server.pages("/linked").set("each", "entry").set("items_pointer", "/items");
    let stream = trial.output("pages");
    let items = all(&stream, None);
    assert_eq!(texts(&items), ["1", "2", "3", "4", "5", "6", "7"]);
    check_goes_on(&stream);
    server.asked();
    assert_eq!(texts(&all(&stream, Some(&items[3].next))), ["5", "6", "7"]);
    assert_eq!(server.asked(), ["/linked?page=2", "/linked?page=3"]);
    assert_eq!(all(&stream, Some(&items[6].next)), []);
    assert_eq!(server.asked(), [""; 0], "what has ended is not asked for again");
}

#[test]
fn pages_go_by_number_until_one_is_empty_or_not_there() {
    let server = TestServer::start();
    let by_number = |path| server.pages(path).set("next", "number");
    let stream = by_number("/numbered?page={page}").output("pages");
    assert_eq!(texts(&all(&stream, None)), ["[1,2,3]", "[4,5,6]", "[7]"]);
    assert_eq!(server.asked().last().unwrap(), "/numbered?page=4");
    check_goes_on(&stream);
    let gone = by_number("/gone?page={page}").set("each", "entry").set("first_page", 2_i64).output("pages");
    assert_eq!(texts(&all(&gone, None)), ["4", "5", "6", "7"]);
    let wrapped = by_number("/wrapped?page={page}").set("items_pointer", "/data/things");
    assert_eq!(texts(&all(&wrapped.output("pages"), None)), ["[1,2,3]", "[4,5,6]", "[7]"]);
    assert!(error(&by_number("/wrapped?page={page}")).contains("no list of entries at the page"));
    assert!(error(&by_number("/broken?page={page}")).contains("status 500"));
}

#[test]
fn at_most_so_many_pages_are_asked_for() {
    let server = TestServer::start();
    let trial = server.pages("/linked").set("max_pages", 2_i64);
    assert_eq!(all(&trial.output("pages"), None).len(), 2);
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn links_may_be_relative() {
    let server = TestServer::start();
    let trial = server.pages("/relative/a").set("each", "entry").set("items_pointer", "/items");
    assert_eq!(all(&trial.output("pages"), None).len(), 7);
    let url = "https://x.org:8/a/b?c=1#d";
    for (link, expected) in [
        ("HTTP://y.org/z", "HTTP://y.org/z"),
        ("//y.org/z", "https://y.org/z"),
        ("/z?p=2", "https://x.org:8/z?p=2"),
        ("?p=2", "https://x.org:8/a/b?p=2"),
        ("z", "https://x.org:8/a/z"),
    ] {
        assert_eq!(resolved(url, link), expected);
    }
    assert_eq!(resolved("http://x.org", "z"), "http://x.org/z");
    assert_eq!(resolved("http://x.org", "é…"), "http://x.org/é…");
}

#[test]
fn headers_arrive_and_are_kept_from_other_servers() {
    let server = TestServer::start();
    let headers = Value::record([("X-Key", Value::text("k"))]);
    let with_key = |path| server.pages(path).set("headers", headers.clone());
    assert_eq!(texts(&all(&with_key("/key").output("pages"), None)), [r#"{"key":"k"}"#]);
    let refused = error(&with_key("/elsewhere"));
    assert!(refused.contains("on another server, http://example.org"), "{refused}");
}

#[test]
fn what_a_server_gets_wrong_is_an_error_that_names_the_page() {
    let server = TestServer::start();
    let said = error(&server.pages("/text"));
    assert!(said.contains("/text: the page is not JSON"), "{said}");
    assert!(error(&server.pages("/itself")).contains("/itself: the page names itself as the next one"));
    assert!(error(&server.pages("/strange")).contains("what stands at /next is not an address"));
    let said = error(&server.pages("/broken"));
    assert!(said.contains("/broken: status 500 Internal Server Error: \"out of order\""), "{said}");
    let said = error(&server.pages("/linked").set("each", "entry").set("items_pointer", "/nothing"));
    assert!(said.contains("no list of entries at /nothing"), "{said}");
}

#[test]
fn what_is_set_wrongly_is_said_before_anything_is_asked() {
    let server = TestServer::start();
    assert!(Trial::of("http_pages").error().contains("no URL is named"));
    assert!(server.pages("/numbered").set("next", "number").error().contains("put {page} there"));
    assert!(server.pages("/linked").set("next_pointer", "").error().contains("set a JSON pointer"));
    assert!(server.pages("/linked").set("items_pointer", "items").error().contains("begins with /, such as /items"));
    assert_eq!(server.asked(), [""; 0]);
}

#[test]
fn a_stop_does_not_wait_for_the_server() {
    let server = TestServer::start();
    let stream = server.pages("/silent").output("pages");
    let asked = Arc::clone(&server.asked);
    // Stops once the server has the request, which it never answers.
    let stop: Stop = Arc::new(move || !asked.lock().unwrap().is_empty());
    let mut items = items::open(&stream, None, around(Path::new("")), stop).unwrap();
    assert_eq!(items.next().unwrap(), Err(NodeError::Cancelled));
    assert!(items.next().is_none());
}

#[test]
fn a_secret_is_sent_for_each_page_and_is_not_in_the_stream_nor_in_what_comes_back() {
    let server = TestServer::start();
    let stream = server.pages("/bearer").set("secret", SECRET_NAME).output("pages");
    assert!(!format!("{stream:?}").contains(SECRET));
    let items = all(&stream, None);
    assert_eq!(items.len(), 3);
    assert!(items[2].value.display_text().contains(&format!("Bearer {HIDDEN}")), "{items:?}");
    assert!(!format!("{items:?}").contains(SECRET), "{items:?}");
    check_goes_on(&stream);
    let refused = error(&server.pages("/refuses").set("secret", SECRET_NAME));
    assert!(refused.contains("403") && refused.contains(HIDDEN) && !refused.contains(SECRET), "{refused}");
}

#[test]
fn a_secret_goes_to_the_server_that_was_named_and_into_no_address() {
    let server = TestServer::start();
    let elsewhere = error(&server.pages("/elsewhere").set("secret", SECRET_NAME));
    assert!(elsewhere.contains("another server"), "{elsewhere}");
    let leaks = error(&server.pages("/leaks").set("secret", SECRET_NAME));
    assert!(leaks.contains("the next address holds the secret") && !leaks.contains(SECRET), "{leaks}");
    let open = Trial::of("http_pages").set("url", "http://example.org/").set("secret", SECRET_NAME).error();
    assert!(open.contains("for all to read"), "{open}");
    let missing = server.pages("/bearer").set("secret", "PINFLOW_SURELY_NOT_SET").error();
    assert!(missing.contains("PINFLOW_SURELY_NOT_SET"), "{missing}");
    let shapeless = server.pages("/bearer").set("secret", SECRET_NAME).set("secret_as", "Bearer").error();
    assert!(shapeless.contains("Send the secret as"), "{shapeless}");
}
