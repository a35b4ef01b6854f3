//! Answers that are kept: within a time the server is not asked again, and afterwards only whether its answer has changed.
//!
//! They are the node's pinned data: a list of records, one for each request, the newest first. Requests stand in it by their
//! fingerprint only, because headers and addresses may hold keys.

use std::time::Duration;

use jiff::Timestamp;

use super::request::{Request, Response};
use crate::{
    nodes::{Context, NodeError},
    value::{Record, Value},
};

/// How many answers are kept.
const MAX_ANSWERS: usize = 100;

/// How many bytes of answers are kept, unless one alone is larger.
const MAX_BYTES: usize = 16 << 20;

/// An answer that was kept.
pub(super) struct KeptAnswer {
    pub(super) response: Response,
    /// When the server gave it, or said that it is still the same.
    asked: Timestamp,
}

impl KeptAnswer {
    /// Returns how long ago the server was asked, if that is within a time.
    pub(super) fn age_within(&self, time: Duration) -> Option<Duration> {
        let age = Timestamp::now().duration_since(self.asked);
        // A clock that was set back makes an answer of the future.
        let age = Duration::try_from(age).ok()?;
        (age < time).then_some(age)
    }

    /// Returns the fields that let the server say that nothing has changed; none if it gave nothing to ask by.
    pub(super) fn conditions(&self) -> Vec<(String, String)> {
        let condition = |name: &str, from: &str| Some((name.to_owned(), header(&self.response, from)?.to_owned()));
        [condition("if-none-match", "etag"), condition("if-modified-since", "last-modified")]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Returns the answer with what the server says anew about it.
    pub(super) fn refreshed(self, by: &Response) -> Response {
        let mut response = self.response;
        for (name, value) in &by.headers {
            let is_of_the_body = name.starts_with("content-") || name == "transfer-encoding";
            match response.headers.iter_mut().find(|(known, _)| known == name) {
                _ if is_of_the_body => {}
                Some((_, known)) => known.clone_from(value),
                None => response.headers.push((name.clone(), value.clone())),
            }
        }
        response
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Returns the answer that is kept for a request.
pub(super) fn find(ctx: &Context<'_>, request: &Request) -> Result<Option<KeptAnswer>, NodeError> {
    let key = request.fingerprint().to_string();
    let answers = answers_of(ctx.pinned_data(ctx.node())?);
    Ok(answers.iter().find(|answer| is_for(answer, &key)).and_then(read))
}

/// Keeps the answer to a request. Data that the server cannot be asked about again is gone after the time.
pub(super) fn keep(ctx: &Context<'_>, key: &str, response: &Response, time: Duration) -> Result<(), NodeError> {
    let answer = to_value(key, response, Timestamp::now());
    let put = |before: Option<Value>| {
        let others = answers_of(before).into_iter().filter(|answer| !is_for(answer, key));
        let others = others.filter(|answer| {
            read(answer).is_some_and(|kept| !kept.conditions().is_empty() || kept.age_within(time).is_some())
        });
        let mut n_bytes = body_bytes(&answer);
        let others = others.take(MAX_ANSWERS - 1).take_while(|answer| {
            n_bytes += body_bytes(answer);
            n_bytes <= MAX_BYTES
        });
        Value::list(std::iter::once(answer.clone()).chain(others))
    };
    let lasts = header(response, "etag").or_else(|| header(response, "last-modified")).is_some();
    if lasts { ctx.update_pinned_data(put) } else { ctx.update_pinned_data_for(time, put) }.map(drop)
}

fn answers_of(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::List(answers)) => answers.to_vec(),
        _ => Vec::new(),
    }
}

fn is_for(answer: &Value, key: &str) -> bool {
    matches!(answer, Value::Record(record) if record.get("request").and_then(Value::as_text) == Some(key))
}

fn body_bytes(answer: &Value) -> usize {
    match answer {
        Value::Record(record) => record.get("body").map_or(0, Value::size_bytes),
        _ => 0,
    }
}

fn to_value(key: &str, response: &Response, asked: Timestamp) -> Value {
    let headers = response.headers.iter().map(|(name, value)| (name.as_str(), Value::text(value.as_str())));
    let mut record = Record::new();
    record.insert("request", Value::text(key));
    record.insert("asked", asked.to_string().into());
    record.insert("status", i64::from(response.status).into());
    record.insert("headers", Value::record(headers));
    record.insert("body", super::body_value(response.body.clone()));
    Value::Record(record.into())
}

fn read(answer: &Value) -> Option<KeptAnswer> {
    let Value::Record(record) = answer else { return None };
    let (Value::Int(status), Value::Record(headers)) = (record.get("status")?, record.get("headers")?) else {
        return None;
    };
    let body = match record.get("body")? {
        Value::Text(text) => text.as_bytes().to_vec(),
        Value::Bytes(bytes) => bytes.to_vec(),
        _ => return None,
    };
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.display_text())).collect();
    let asked = record.get("asked")?.as_text()?.parse().ok()?;
    Some(KeptAnswer { response: Response::new(u16::try_from(*status).ok()?, headers, body), asked })
}

#[cfg(test)]
mod tests;
