//! The pages of an HTTP API as a stream: one request a page, when the page is asked for.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use serde_json::Value as Json;

use super::{
    headers,
    request::{Request, Response},
    with_header_parameters, with_secret,
};
use crate::{
    nodes::{
        Arity, Choice, Context, Family, HIDDEN, Kind, Load, NodeError, ParameterSchema, ParameterType, Success,
        apart::POLL,
        items::{Item, Stop, described_number, place_number},
        secrets::Told,
    },
    value::{Record, Value, ValueType, from_json},
};

/// What the description calls it.
pub(in crate::nodes) const PAGES_STREAM: &str = "pages";

/// What stands in an address for the number of the page.
const PAGE_NUMBER: &str = "{page}";

const NEXT: &[Choice] = &[
    Choice { id: "link", label: "the page holds the next address" },
    Choice { id: "number", label: "by number, until a page is empty or not there" },
];

const EACH: &[Choice] = &[Choice { id: "page", label: "a page" }, Choice { id: "entry", label: "an entry of a page" }];

pub(super) fn http_pages() -> Kind {
    let kind = Kind::new("http_pages", "HTTP Pages", Family::Network, |ctx| {
        let description = describe(ctx)?;
        // What is wrong with the first request is said here, before a loop begins.
        let secret = ctx.secret("secret")?;
        Api::of(&description, &|_| Ok(secret.clone().unwrap_or_default()))?.request(&Api::first_place(&description))?;
        Ok(Success::one("pages", Value::Stream(Arc::new(description))))
    })
    .about(
        "Gives the pages of a web service as a stream; a For Each asks for them one after the other.",
        "api rest pagination paging next cursor fetch download json list all results stream",
    )
    .input("url", ValueType::Text, Arity::Optional)
    .output("pages", ValueType::Stream)
    .load(Load::Instant);
    with_parameters(kind)
}

fn with_parameters(kind: Kind) -> Kind {
    let kind = kind
        .parameter(
        ParameterSchema::new(
            "url",
            "URL",
            ParameterType::Line { hint: "https://example.org/things?page={page}" },
            "",
            "The address of the first page; for pages by number {page} stands where the number goes. A connected url is \
             used instead.",
        )
        .on_node(),
    )
    .parameter(
        ParameterSchema::new("next", "Next page", ParameterType::Choice(NEXT), "link", "How the next page is found.")
            .on_node(),
    )
    .parameter(ParameterSchema::new(
        "next_pointer",
        "Where the next address is",
        ParameterType::Line { hint: "/links/next" },
        "/next",
        "A JSON pointer into the page. The last page has null, an empty text or nothing there.",
    ))
    .parameter(ParameterSchema::new(
        "first_page",
        "First number",
        ParameterType::Int { min: 0, max: 1_000_000_000, unit: "" },
        1,
        "The number of the first page, where pages go by number.",
    ))
    .parameter(ParameterSchema::new(
        "items_pointer",
        "Where the entries are",
        ParameterType::Line { hint: "/items" },
        "",
        "A JSON pointer to the list of entries in a page; empty means that the page as a whole is it.",
    ))
    .parameter(
        ParameterSchema::new("each", "An item is", ParameterType::Choice(EACH), "page", "What a For Each is given.")
            .on_node(),
    )
    .parameter(ParameterSchema::new(
        "max_pages",
        "At most",
        ParameterType::Int { min: 0, max: 1_000_000_000, unit: "pages" },
        0,
        "The stream ends after so many pages; 0 means all of them.",
    ))
    ;
    with_header_parameters(kind)
        .parameter(ParameterSchema::new(
            "time_limit_secs",
            "Time limit",
            ParameterType::Float { min: 0.01, max: 86_400.0, unit: "s" },
            30.0,
            "How long one page may take.",
        ))
        .parameter(ParameterSchema::new(
            "max_mib",
            "Largest page",
            ParameterType::Int { min: 1, max: 4096, unit: "MiB" },
            64,
            "A larger page is an error.",
        ))
}

/// Returns all that it takes to ask for the pages.
fn describe(ctx: &Context<'_>) -> Result<Record, NodeError> {
    let url = ctx.input_or_parameter("url")?;
    let mut description = Record::new();
    description.insert("stream", Value::text(PAGES_STREAM));
    description.insert("url", Value::text(url.trim()));
    for name in
        ["next", "items_pointer", "each", "headers", "secret", "secret_as", "time_limit_secs", "max_mib", "max_pages"]
    {
        description.insert(name, ctx.parameters().get(name).clone());
    }
    let how = if ctx.parameters().text("next") == "number" { "first_page" } else { "next_pointer" };
    description.insert(how, ctx.parameters().get(how).clone());
    Ok(description)
}

/// How the pages are asked for.
struct Api {
    next: Next,
    items_pointer: String,
    gives_entries: bool,
    headers: Vec<(String, String)>,
    /// A secret, and the header field that it is sent in.
    secret: Option<(String, String)>,
    /// The secret, to be taken out of what the server sends back.
    told: Told,
    time_limit: Duration,
    max_bytes: usize,
    /// 0 for no limit.
    max_pages: u64,
}

enum Next {
    /// The page holds the address of the next, here.
    Link(String),
    /// The address has a number.
    Number { template: String, first: u64 },
}

/// A page, and how far into it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// How many pages come before it.
    n_before: u64,
    /// Its address.
    url: String,
    /// How many of its entries were given.
    n_given: usize,
}

impl Place {
    /// Returns the place as it is kept; `None` is the end.
    fn to_value(place: Option<&Self>) -> Value {
        let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        match place {
            None => Value::record([("end", Value::Bool(true))]),
            Some(place) => Value::record([
                ("url", Value::text(place.url.as_str())),
                ("page", number(place.n_before)),
                ("entry", number(place.n_given as u64)),
            ]),
        }
    }

    fn from_value(value: &Value) -> Result<Option<Self>, NodeError> {
        if let Value::Record(place) = value
            && matches!(place.get("end"), Some(Value::Bool(true)))
        {
            return Ok(None);
        }
        let (n_before, n_given) = (place_number(value, "page")?, place_number(value, "entry")?);
        let url = match value {
            Value::Record(place) => place.get("url").and_then(Value::as_text).unwrap_or_default(),
            _ => "",
        };
        Ok(Some(Self { n_before, url: url.to_owned(), n_given: usize::try_from(n_given).unwrap_or(usize::MAX) }))
    }
}

/// A page that was read: its items and where the next page is.
struct Page {
    items: VecDeque<Json>,
    next: Option<Place>,
}

impl Api {
    /// `secret` gives the value of a secret, by its name.
    fn of(description: &Record, secret: &dyn Fn(&str) -> Result<String, NodeError>) -> Result<Self, NodeError> {
        let text = |name: &str| description.get(name).and_then(Value::as_text).unwrap_or_default().to_owned();
        let number = |name: &str| described_number(description, name).and_then(|number| u64::try_from(number).ok());
        let next = if text("next") == "number" {
            let template = text("url");
            if !template.contains(PAGE_NUMBER) {
                return Err(NodeError::new(format!(
                    "pages go by number, but the URL does not say where it goes: put {PAGE_NUMBER} there"
                )));
            }
            Next::Number { template, first: number("first_page").unwrap_or(1) }
        } else {
            let pointer = text("next_pointer");
            if pointer.is_empty() {
                return Err(NodeError::new("nothing says where the next address is in a page: set a JSON pointer"));
            }
            Next::Link(checked_pointer(pointer)?)
        };
        let seconds = match description.get("time_limit_secs") {
            Some(Value::Float(seconds)) => *seconds,
            Some(Value::Int(seconds)) => *seconds as f64,
            _ => 30.0,
        };
        let time_limit = Duration::try_from_secs_f64(seconds)
            .map_err(|error| NodeError::new(format!("the time limit is wrong: {error}")))?;
        let mut told = Told::default();
        let secret = match text("secret").trim() {
            "" => None,
            name => Some((secret(name)?, text("secret_as"))),
        };
        if let Some((secret, _)) = &secret {
            told.add(secret);
        }
        Ok(Self {
            next,
            items_pointer: checked_pointer(text("items_pointer"))?,
            gives_entries: text("each") == "entry",
            headers: headers(description.get("headers").unwrap_or(&Value::Null))?,
            secret,
            told,
            time_limit,
            max_bytes: usize::try_from(number("max_mib").unwrap_or(64)).unwrap_or(0) << 20,
            max_pages: number("max_pages").unwrap_or(0),
        })
    }

    fn first_place(description: &Record) -> Place {
        let url = description.get("url").and_then(Value::as_text).unwrap_or_default();
        let first = described_number(description, "first_page").unwrap_or(1);
        Place { n_before: 0, url: url.replace(PAGE_NUMBER, &first.to_string()), n_given: 0 }
    }

    fn request(&self, place: &Place) -> Result<Request, NodeError> {
        let request = Request::new("GET", &place.url, self.headers.clone(), None, self.time_limit, self.max_bytes)?;
        match &self.secret {
            Some((secret, secret_as)) => with_secret(request, secret, secret_as),
            None => Ok(request),
        }
    }

    /// Asks for a page.
    fn page(&self, place: &Place, stop: &Stop) -> Result<Page, NodeError> {
        let request = self.request(place)?;
        let title = request.title();
        let failed = |what: String| NodeError::new(format!("{title}: {what}"));
        let response = send(request, stop)?.without(&self.told);
        // Many services have no page behind the last one rather than an empty one.
        if response.status == 404 && place.n_before > 0 && matches!(self.next, Next::Number { .. }) {
            return Ok(Page { items: VecDeque::new(), next: None });
        }
        if response.status >= 400 {
            return Err(failed(response.in_words()));
        }
        let mut page: Json =
            serde_json::from_slice(&response.body).map_err(|error| failed(format!("the page is not JSON: {error}")))?;
        let n_entries = page.pointer(&self.items_pointer).and_then(Json::as_array).map(Vec::len);
        let next = self.next_place(place, &page, n_entries).map_err(&failed)?;
        let entries = page.pointer_mut(&self.items_pointer).map(Json::take);
        Ok(Page { items: self.items(entries).map_err(failed)?, next })
    }

    /// Returns the items of a page with these entries.
    fn items(&self, entries: Option<Json>) -> Result<VecDeque<Json>, String> {
        let by_number = matches!(self.next, Next::Number { .. });
        match entries {
            // A page behind the last one by number: it has nothing to give.
            Some(Json::Array(entries)) if by_number && entries.is_empty() => Ok(VecDeque::new()),
            Some(Json::Array(entries)) if self.gives_entries => Ok(entries.into()),
            Some(entries) if !self.gives_entries && (!by_number || entries.is_array()) => Ok([entries].into()),
            _ => {
                let place = if self.items_pointer.is_empty() { "the page" } else { self.items_pointer.as_str() };
                Err(format!("there is no list of entries at {place}: set where the entries are"))
            }
        }
    }

    fn next_place(&self, place: &Place, page: &Json, n_entries: Option<usize>) -> Result<Option<Place>, String> {
        let n_before = place.n_before + 1;
        if self.max_pages > 0 && n_before >= self.max_pages {
            return Ok(None);
        }
        let url = match &self.next {
            Next::Number { .. } if n_entries == Some(0) => return Ok(None),
            Next::Number { template, first } => template.replace(PAGE_NUMBER, &(first + n_before).to_string()),
            Next::Link(pointer) => match page.pointer(pointer) {
                None | Some(Json::Null | Json::Bool(false)) => return Ok(None),
                Some(Json::String(link)) if link.is_empty() => return Ok(None),
                Some(Json::String(link)) => self.followed(&place.url, link)?,
                Some(_) => return Err(format!("what stands at {pointer} is not an address")),
            },
        };
        Ok(Some(Place { n_before, url, n_given: 0 }))
    }

    /// Returns the address that a page names as the next.
    fn followed(&self, url: &str, link: &str) -> Result<String, String> {
        let followed = resolved(url, link);
        if followed == url {
            return Err("the page names itself as the next one".to_owned());
        }
        // The headers may hold a key, which is for the server that the person named.
        let sends_more = !self.headers.is_empty() || self.secret.is_some();
        if sends_more && server(&followed) != server(url) {
            return Err(format!(
                "the next page is on another server, {}, which the headers are not meant for: remove them or start there",
                server(&followed)
            ));
        }
        // It was taken out of the page, and the address would not be that one any more.
        if self.secret.is_some() && followed.contains(HIDDEN) {
            return Err(
                "the next address holds the secret, and addresses are written down: it is not asked for".to_owned()
            );
        }
        Ok(followed)
    }
}

fn checked_pointer(pointer: String) -> Result<String, NodeError> {
    if pointer.is_empty() || pointer.starts_with('/') {
        return Ok(pointer);
    }
    Err(NodeError::new(format!("a JSON pointer begins with /, such as /{pointer}")))
}

/// Returns the scheme and server of an address: `https://example.org:8080`.
fn server(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    &url[..end]
}

/// Returns the address that a link on a page leads to (RFC 3986, section 5, without dot segments, which servers resolve).
fn resolved(url: &str, link: &str) -> String {
    let lower = link.get(..8).unwrap_or(link).to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        return link.to_owned();
    }
    if link.starts_with("//") {
        let scheme = url.find("//").map_or("https:", |at| &url[..at]);
        return format!("{scheme}{link}");
    }
    let server = server(url);
    if link.starts_with('/') {
        return format!("{server}{link}");
    }
    let path = &url[server.len()..];
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    if link.starts_with('?') {
        return format!("{server}{path}{link}");
    }
    let folder = path.rfind('/').map_or("/", |at| &path[..=at]);
    format!("{server}{folder}{link}")
}

/// Sends the request from a thread of its own, so that a stop need not wait for the server.
fn send(request: Request, stop: &Stop) -> Result<Response, NodeError> {
    let abandoned = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    let watched = Arc::clone(&abandoned);
    thread::Builder::new()
        .name("http".to_owned())
        .spawn(move || {
            // After a stop nobody listens any more.
            sender.send(request.send(&watched)).ok();
        })
        .map_err(|error| NodeError::new(format!("cannot start a thread for the request: {error}")))?;
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) if stop() => {
                abandoned.store(true, Ordering::Relaxed);
                return Err(NodeError::Cancelled);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(NodeError::new("the request broke down; run it again")),
        }
    }
}

/// The items that are left.
pub(in crate::nodes) struct Pages {
    api: Api,
    /// The page whose items are given, or are to be asked for; `None` at the end.
    at: Option<Place>,
    /// That page once it was asked for, with the items that were not given yet.
    page: Option<Page>,
    stop: Stop,
}

/// Opens a stream of pages, at its start or behind an item. Nothing is asked of the server yet.
pub(in crate::nodes) fn open_pages(
    description: &Record,
    from: Option<&Value>,
    secret: &dyn Fn(&str) -> Result<String, NodeError>,
    stop: Stop,
) -> Result<Pages, NodeError> {
    let at = match from {
        Some(from) => Place::from_value(from)?,
        None => Some(Api::first_place(description)),
    };
    Ok(Pages { api: Api::of(description, secret)?, at, page: None, stop })
}

impl Iterator for Pages {
    type Item = Result<Item, NodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

impl Pages {
    fn read(&mut self) -> Result<Option<Item>, NodeError> {
        loop {
            let Some(place) = &mut self.at else { return Ok(None) };
            let Some(page) = &mut self.page else {
                if (self.stop)() {
                    return Err(NodeError::Cancelled);
                }
                let mut page = self.api.page(place, &self.stop)?;
                page.items.drain(..place.n_given.min(page.items.len()));
                self.page = Some(page);
                continue;
            };
            if let Some(item) = page.items.pop_front() {
                place.n_given += 1;
                let behind = if page.items.is_empty() { page.next.as_ref() } else { Some(&*place) };
                return Ok(Some(Item { value: from_json(&item), next: Place::to_value(behind) }));
            }
            self.at = self.page.take().and_then(|page| page.next);
        }
    }
}

#[cfg(test)]
mod tests;
