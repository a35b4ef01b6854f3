//! One question and its answer, which comes as server-sent events.

use std::{
    io::{self, BufRead, BufReader, Read as _},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use serde_json::Value as Json;
use ureq::{
    Body, Error,
    http::{Response, StatusCode, Uri, header::CONTENT_TYPE},
};

use crate::nodes::{
    Deed, NodeError, What,
    http::{agent, is_this_machine, said_of},
    secrets::Told,
};

/// The longest line of an answer, in bytes, and the longest answer that does not come in lines.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// How much is read of what a server says about an error.
const MAX_ERROR_BYTES: u64 = 64 << 10;

/// What is asked. Its key is in no text that is shown or kept.
pub(super) struct Question {
    url: Uri,
    key_variable: String,
    key: Option<String>,
    body: String,
    time_limit: Duration,
}

/// What the model said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) reply: String,
    /// Why it ends early, in the server's word.
    pub(super) cut_by: Option<String>,
}

impl Question {
    pub(super) fn new(
        url: Uri,
        key_variable: String,
        key: Option<String>,
        body: String,
        time_limit: Duration,
    ) -> Result<Self, NodeError> {
        if key.is_some() && url.scheme_str() == Some("http") && !is_this_machine(&url) {
            return Err(NodeError::new(
                "the API key would travel for all to read: use https://, or empty \"API key from\"",
            ));
        }
        Ok(Self { url, key_variable, key, body, time_limit })
    }

    /// Sends the question; tells each part of the answer as it comes. Stops reading once it is abandoned.
    pub(super) fn send(&self, abandoned: &AtomicBool, tell: &dyn Fn(String)) -> Result<Answer, NodeError> {
        self.answer(abandoned, tell)
            .map_err(|error| NodeError::new(format!("{}: {}", self.title(), self.without_key(&error))))
    }

    /// Returns what asking it does to the world outside.
    pub(super) fn deed(&self, model: &str) -> Deed {
        Deed::new(What::Model, format!("{model} at {}", self.title())).bytes(self.body.len())
    }

    fn title(&self) -> String {
        let host = self.url.authority().map(ureq::http::uri::Authority::as_str).unwrap_or_default();
        format!("{}://{host}{}", self.url.scheme_str().unwrap_or_default(), self.url.path())
    }

    /// Servers repeat keys they refuse.
    fn without_key(&self, text: &str) -> String {
        let mut told = Told::default();
        if let Some(key) = &self.key {
            told.add(key);
        }
        told.without_in_text(text).unwrap_or_else(|| text.to_owned())
    }

    fn answer(&self, abandoned: &AtomicBool, tell: &dyn Fn(String)) -> Result<Answer, String> {
        let request = agent()
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("accept", "text/event-stream, application/json");
        let request = match &self.key {
            Some(key) => request.header("authorization", format!("Bearer {key}")),
            None => request,
        };
        let request = request.config().timeout_global(Some(self.time_limit)).build();
        let mut response = request.send(&self.body).map_err(|error| self.in_words(&error))?;
        if response.status().as_u16() >= 400 {
            return Err(self.refusal(&mut response));
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_whole = content_type.is_some_and(|content_type| content_type.starts_with("application/json"));
        let mut lines = BufReader::new(response.body_mut().as_reader());
        if is_whole { self.read_whole(&mut lines, tell) } else { self.read_events(&mut lines, abandoned, tell) }
    }

    fn in_words(&self, error: &Error) -> String {
        said_of(error, self.url.host().unwrap_or_default(), self.time_limit)
    }

    fn broken(&self, error: io::Error) -> String {
        self.in_words(&Error::from(error))
    }

    /// Returns what a server says that answers with an error.
    fn refusal(&self, response: &mut Response<Body>) -> String {
        let status = response.status();
        let mut bytes = Vec::new();
        let read = response.body_mut().as_reader().take(MAX_ERROR_BYTES).read_to_end(&mut bytes);
        // Before anything is cut off, and with it perhaps the end of the key.
        let text = self.without_key(&String::from_utf8_lossy(&bytes));
        let said = serde_json::from_str::<Json>(&text).ok().as_ref().and_then(error_in);
        let line = || text.trim().lines().next().unwrap_or_default().chars().take(200).collect();
        let said: String = if read.is_ok() { said.unwrap_or_else(line) } else { String::new() };
        let separator = if said.is_empty() { "" } else { ": " };
        let hint = match (status, &self.key_variable[..]) {
            (StatusCode::UNAUTHORIZED, "") => "; the server wants an API key: name its variable under \"API key from\"",
            (StatusCode::UNAUTHORIZED, _) => "; look at the variable that holds the API key",
            (StatusCode::TOO_MANY_REQUESTS, _) => "; retries with a delay can be set in the node's settings",
            _ => "",
        };
        format!("status {status}{separator}{said}{hint}")
    }

    /// Reads an answer of a server that does not send it piece by piece.
    fn read_whole(&self, reader: &mut impl BufRead, tell: &dyn Fn(String)) -> Result<Answer, String> {
        let mut bytes = Vec::new();
        reader.take(MAX_LINE_BYTES).read_to_end(&mut bytes).map_err(|error| self.broken(error))?;
        let json: Json = serde_json::from_slice(&bytes)
            .map_err(|error| format!("the answer is not the JSON it says it is: {error}"))?;
        let mut draft = Draft::default();
        draft.take(&json, "message", tell)?;
        draft.finish()
    }

    fn read_events(
        &self,
        reader: &mut impl BufRead,
        abandoned: &AtomicBool,
        tell: &dyn Fn(String),
    ) -> Result<Answer, String> {
        let (mut draft, mut line, mut data) = (Draft::default(), Vec::new(), String::new());
        loop {
            if abandoned.load(Ordering::Relaxed) {
                return Err("the answer is not wanted any more".to_owned());
            }
            line.clear();
            let read = reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
            let n_read = read.map_err(|error| draft.cut(&self.broken(error)))?;
            if n_read as u64 == MAX_LINE_BYTES {
                return Err(format!("a line of the answer is longer than {} MiB", MAX_LINE_BYTES >> 20));
            }
            let text = std::str::from_utf8(&line).map_err(|error| draft.cut(&error.to_string()))?;
            let text = text.trim_end_matches(['\n', '\r']);
            if let Some(more) = text.strip_prefix("data:") {
                if !data.is_empty() {
                    data.push('\n');
                }
                data.push_str(more.strip_prefix(' ').unwrap_or(more));
            }
            // An event ends with an empty line, the last one perhaps with the answer.
            if text.is_empty() && !data.is_empty() {
                if data == "[DONE]" {
                    return draft.finish();
                }
                let json = serde_json::from_str(&data);
                let json = json.map_err(|error| draft.cut(&format!("what came is no JSON: {error}")))?;
                draft.take(&json, "delta", tell)?;
                data.clear();
            }
            if n_read == 0 {
                return if draft.finished.is_some() {
                    draft.finish()
                } else {
                    Err(draft.cut("the server closed the connection"))
                };
            }
        }
    }
}

/// Returns what a server says is wrong.
fn error_in(json: &Json) -> Option<String> {
    let error = json.get("error").filter(|error| !error.is_null());
    let said = error.and_then(|error| error.get("message")).or(error).or_else(|| json.get("message"))?;
    Some(said.as_str().map_or_else(|| said.to_string(), ToOwned::to_owned))
}

/// An answer, as far as it has come.
#[derive(Default)]
struct Draft {
    reply: String,
    /// Why the model stopped, once it has.
    finished: Option<String>,
}

impl Draft {
    /// Takes in a piece, which stands under a name.
    fn take(&mut self, json: &Json, name: &str, tell: &dyn Fn(String)) -> Result<(), String> {
        if json.get("error").is_some_and(|error| !error.is_null()) {
            return Err(self.cut(&error_in(json).unwrap_or_default()));
        }
        let Some(choice) = json.get("choices").and_then(|choices| choices.get(0)) else { return Ok(()) };
        if let Some(text) = choice.get(name).and_then(|piece| piece.get("content")).and_then(Json::as_str)
            && !text.is_empty()
        {
            self.reply.push_str(text);
            tell(text.to_owned());
        }
        if let Some(reason) = choice.get("finish_reason").and_then(Json::as_str) {
            self.finished = Some(reason.to_owned());
        }
        Ok(())
    }

    fn finish(self) -> Result<Answer, String> {
        if self.reply.is_empty() {
            let why = self.finished.map(|reason| format!(" (it says {reason})")).unwrap_or_default();
            return Err(format!("the model gave no text{why}"));
        }
        Ok(Answer { reply: self.reply, cut_by: self.finished.filter(|reason| reason != "stop") })
    }

    /// Returns why there is no whole answer.
    fn cut(&self, why: &str) -> String {
        match self.reply.chars().count() {
            0 => why.to_owned(),
            n_chars => format!("the answer was cut off after {n_chars} characters: {why}"),
        }
    }
}
