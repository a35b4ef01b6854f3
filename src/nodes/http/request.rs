//! One request and its answer.

use std::{
    io::{self, Read as _},
    net::IpAddr,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ureq::{
    Agent, Body, Error,
    http::{Response as HttpResponse, StatusCode, Uri},
};

use crate::{
    nodes::{Deed, NodeError, What, secrets::Told},
    value::{Fingerprint, Value},
};

/// One agent for the whole program, so that connections are used again.
pub(in crate::nodes) fn agent() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        let user_agent = concat!("pinflow/", env!("CARGO_PKG_VERSION"));
        Agent::config_builder().http_status_as_error(false).user_agent(user_agent).build().new_agent()
    })
}

/// Returns an address of the web, or what is wrong with it.
pub(in crate::nodes) fn checked_url(url: &str) -> Result<Uri, NodeError> {
    if url.is_empty() {
        return Err(NodeError::new("no URL is named: set one such as https://example.org/data.json"));
    }
    let is_web_address = ["http://", "https://"]
        .iter()
        .any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if !is_web_address {
        return Err(NodeError::new("the URL must begin with http:// or https://"));
    }
    // The URL is not shown: it may hold a password.
    let url: Uri = url.parse().map_err(|error| NodeError::new(format!("the URL cannot be read: {error}")))?;
    if url.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(NodeError::new("the URL holds a name or password: put them in an Authorization header"));
    }
    Ok(url)
}

/// Returns whether an address is this machine's own.
pub(in crate::nodes) fn is_this_machine(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What is asked of a server.
#[derive(Clone)]
pub(super) struct Request {
    method: String,
    url: Uri,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    time_limit: Duration,
    max_bytes: usize,
    /// Whether it goes where the server says to ask instead.
    follows: bool,
}

/// What the server answered.
#[derive(Clone)]
pub(super) struct Response {
    pub(super) status: u16,
    /// Lower-case names, each once; values of one name are joined by commas.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn new(
        method: &str,
        url: &str,
        headers: Vec<(String, String)>,
        body: Option<Vec<u8>>,
        time_limit: Duration,
        max_bytes: usize,
    ) -> Result<Self, NodeError> {
        Ok(Self {
            method: method.to_owned(),
            url: checked_url(url)?,
            headers,
            body,
            time_limit,
            max_bytes,
            follows: true,
        })
    }

    /// Returns the request with further header fields, behind its own.
    #[must_use]
    pub(super) fn with_headers(mut self, headers: Vec<(String, String)>) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Returns the request with a secret header field. It is not sent on where the server says to ask elsewhere.
    #[must_use]
    pub(super) fn with_secret(mut self, field: (String, String)) -> Self {
        // That field the client itself sends to no other host.
        self.follows = field.0.eq_ignore_ascii_case("authorization");
        self.headers.push(field);
        self
    }

    /// Returns whether the request goes over a network unencrypted.
    pub(super) fn is_for_all_to_read(&self) -> bool {
        self.url.scheme_str() == Some("http") && !is_this_machine(&self.url)
    }

    /// Returns whether a header field is set by hand.
    pub(super) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Returns the fingerprint of what is asked: of what can make a difference to the answer.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let mut parts = vec![self.method.clone(), self.url.to_string()];
        parts.extend(self.headers.iter().map(|(name, value)| format!("{}: {value}", name.to_ascii_lowercase())));
        Value::list(parts.into_iter().map(Value::from)).fingerprint()
    }

    /// Returns the request with its time limit cut to a deadline.
    #[must_use]
    pub(super) fn until(mut self, deadline: Instant) -> Self {
        self.time_limit = self.time_limit.min(deadline.saturating_duration_since(Instant::now()));
        self
    }

    /// Returns the method and the URL without its query, which may hold a key.
    pub(super) fn title(&self) -> String {
        let scheme = self.url.scheme_str().unwrap_or_default();
        let host = self.url.authority().map(ureq::http::uri::Authority::as_str).unwrap_or_default();
        let query = if self.url.query().is_some() { "?…" } else { "" };
        format!("{} {scheme}://{host}{}{query}", self.method, self.url.path())
    }

    /// Returns what sending it does to the world outside.
    pub(super) fn deed(&self) -> Deed {
        let bytes = self.body.as_ref().map(|body| body.len() as u64);
        Deed { bytes, ..Deed::new(What::Request, self.title()) }
    }

    /// Sends the request and reads the answer; stops reading once it is abandoned.
    pub(super) fn send(self, abandoned: &AtomicBool) -> Result<Response, NodeError> {
        let title = self.title();
        let failed = |what: String| NodeError::new(format!("{title}: {what}"));
        let mut response = self.exchange().map_err(|error| failed(self.in_words(&error)))?;
        let body = self.read_body(response.body_mut(), abandoned).map_err(failed)?;
        Ok(Response::new(response.status().as_u16(), joined_headers(&response), body))
    }

    fn exchange(&self) -> Result<HttpResponse<Body>, Error> {
        let url = self.url.clone();
        let time_limit = Some(self.time_limit);
        let max_redirects = if self.follows { 10 } else { 0 };
        match self.method.as_str() {
            "GET" | "HEAD" | "DELETE" => {
                let request = match self.method.as_str() {
                    "HEAD" => agent().head(url),
                    "DELETE" => agent().delete(url),
                    _ => agent().get(url),
                };
                let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
                let request = request
                    .config()
                    .timeout_global(time_limit)
                    .max_redirects(max_redirects)
                    .max_redirects_will_error(self.follows)
                    .build();
                match &self.body {
                    Some(body) => request.force_send_body().send(body),
                    None => request.call(),
                }
            }
            _ => {
                let request = match self.method.as_str() {
                    "PUT" => agent().put(url),
                    "PATCH" => agent().patch(url),
                    _ => agent().post(url),
                };
                let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
                let request = request
                    .config()
                    .timeout_global(time_limit)
                    .max_redirects(max_redirects)
                    .max_redirects_will_error(self.follows)
                    .build();
                match &self.body {
                    Some(body) => request.send(body),
                    None => request.send_empty(),
                }
            }
        }
    }

    fn read_body(&self, body: &mut Body, abandoned: &AtomicBool) -> Result<Vec<u8>, String> {
        let mut reader = body.as_reader();
        let mut bytes = Vec::new();
        let mut part = vec![0; 64 << 10];
        loop {
            if abandoned.load(Ordering::Relaxed) {
                return Err("the answer is not wanted any more".to_owned());
            }
            let n_read = match reader.read(&mut part) {
                Ok(0) => return Ok(bytes),
                Ok(n_read) => n_read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.in_words(&Error::from(error))),
            };
            if bytes.len() + n_read > self.max_bytes {
                return Err(format!(
                    "the answer is larger than {} MiB: raise the limit if you want it",
                    self.max_bytes >> 20
                ));
            }
            bytes.extend_from_slice(&part[..n_read]);
        }
    }

    fn in_words(&self, error: &Error) -> String {
        said_of(error, self.url.host().unwrap_or_default(), self.time_limit)
    }
}

/// Returns what went wrong with a request to a host, for people.
pub(in crate::nodes) fn said_of(error: &Error, host: &str, time_limit: Duration) -> String {
    let unknown_host = || format!("the host {host} is not known (DNS); check the name and the network");
    let late = || format!("the time limit of {} s is over", time_limit.as_secs_f64());
    match error {
        Error::HostNotFound => unknown_host(),
        Error::Timeout(_) => late(),
        Error::ConnectionFailed => format!("cannot connect to {host}"),
        Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => "the connection was refused; is the server running?".to_owned(),
            _ if error.to_string().contains("failed to lookup address") => unknown_host(),
            io::ErrorKind::TimedOut => late(),
            _ => format!("the connection failed: {error}"),
        },
        Error::TooManyRedirects => "the server redirects too many times".to_owned(),
        Error::Http(error) => format!("the request cannot be made: {error}; check the headers"),
        other => other.to_string(),
    }
}

fn joined_headers(response: &HttpResponse<Body>) -> Vec<(String, String)> {
    let mut joined: Vec<(String, String)> = Vec::new();
    for (name, value) in response.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        match joined.iter_mut().find(|(known, _)| known == name.as_str()) {
            Some((_, values)) => {
                values.push_str(", ");
                values.push_str(&value);
            }
            None => joined.push((name.as_str().to_owned(), value.into_owned())),
        }
    }
    joined
}

/// The length of an error page's first line at which it is cut off.
const MAX_LINE_CHARS: usize = 200;

impl Response {
    pub(super) const fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self { status, headers, body }
    }

    /// Returns the answer without secrets: before anything of it is cut off, and with it perhaps the end of one.
    pub(super) fn without(mut self, told: &Told) -> Self {
        for (_, value) in &mut self.headers {
            if let Some(cleared) = told.without_in_text(value) {
                *value = cleared;
            }
        }
        if let Some(cleared) = told.without_in_bytes(&self.body) {
            self.body = cleared;
        }
        self
    }

    /// Returns the content as JSON if the server says that it is.
    pub(super) fn json(&self) -> Result<Option<serde_json::Value>, serde_json::Error> {
        let content_type = self.headers.iter().find(|(name, _)| name == "content-type");
        let content_type = content_type.map(|(_, value)| value.to_ascii_lowercase()).unwrap_or_default();
        let mime = content_type.split(';').next().unwrap_or_default().trim();
        let says_json = mime.ends_with("/json") || mime.ends_with("+json");
        if says_json && !self.body.is_empty() { serde_json::from_slice(&self.body).map(Some) } else { Ok(None) }
    }

    /// Returns the status and the first line of the body.
    pub(super) fn in_words(&self) -> String {
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let text = String::from_utf8_lossy(&self.body);
        let line: String = text.trim().lines().next().unwrap_or_default().chars().take(MAX_LINE_CHARS).collect();
        let separator = if line.is_empty() { "" } else { ": " };
        format!("status {} {}{separator}{line}", self.status, reason.unwrap_or_default())
    }
}
