//! The network.

mod kept;
mod pages;
mod request;

use std::{sync::Arc, time::Duration};

use self::request::{Request, Response};
pub(super) use self::{
    pages::{PAGES_STREAM, open_pages},
    request::{agent, checked_url, is_this_machine, said_of},
};
use super::{
    Arity, Choice, Context, Family, Kind, Load, NodeError, Outputs, ParameterSchema, ParameterType, ResolvedParameters,
    Success, apart::apart, files::refuse_what_json_cannot_hold, memory::duration, secrets::Told,
};
use crate::value::{Record, Value, ValueType, from_json, to_json};

pub(super) fn kinds() -> Vec<Kind> {
    vec![http_request(), pages::http_pages()]
}

const METHODS: &[Choice] = &[
    Choice { id: "GET", label: "GET" },
    Choice { id: "HEAD", label: "HEAD" },
    Choice { id: "POST", label: "POST" },
    Choice { id: "PUT", label: "PUT" },
    Choice { id: "PATCH", label: "PATCH" },
    Choice { id: "DELETE", label: "DELETE" },
];

fn http_request() -> Kind {
    let kind = Kind::new("http_request", "HTTP Request", Family::Network, |ctx| {
        let request = request_of(ctx)?;
        let (fails_on_error, title) = (ctx.parameters().bool("fail_on_error"), request.title());
        let response = ask(ctx, request)?;
        if fails_on_error && response.status >= 400 {
            return Err(NodeError::new(format!("{title}: {}", response.in_words())));
        }
        Ok(Success::new(outputs(ctx, response)))
    })
    .about(
        "Asks a web server, or sends something to it.",
        "fetch download api rest web url get post put patch delete json call internet curl",
    )
    .input("url", ValueType::Text, Arity::Optional)
    .input("body", ValueType::Any, Arity::Optional)
    .output("body", ValueType::Any)
    .output("json", ValueType::Any)
    .output("status", ValueType::Int)
    .output("headers", ValueType::Record)
    .load(Load::Waits)
    .side_effect(|parameters| !only_reads(parameters));
    with_parameters(kind)
}

fn with_parameters(kind: Kind) -> Kind {
    let kind = kind
        .parameter(
            ParameterSchema::new(
                "method",
                "Method",
                ParameterType::Choice(METHODS),
                "GET",
                "What is asked of the server.",
            )
            .on_node(),
        )
        .parameter(
            ParameterSchema::new(
                "url",
                "URL",
                ParameterType::Line { hint: "https://example.org/data.json" },
                "",
                "The address, beginning with http:// or https://. A connected url is used instead.",
            )
            .on_node(),
        );
    with_header_parameters(kind).parameter(ParameterSchema::new(
        "body",
        "Body",
        ParameterType::Text { language: "json" },
        "",
        "What is sent with POST, PUT, PATCH and DELETE; empty sends nothing. A connected body is used instead.",
    ))
    .parameter(ParameterSchema::new(
        "time_limit_secs",
        "Time limit",
        ParameterType::Float { min: 0.01, max: 86_400.0, unit: "s" },
        30.0,
        "How long the whole exchange may take.",
    ))
    .parameter(ParameterSchema::new(
        "max_mib",
        "Largest answer",
        ParameterType::Int { min: 1, max: 4096, unit: "MiB" },
        64,
        "A larger answer is an error.",
    ))
    .parameter(ParameterSchema::new(
        "fail_on_error",
        "Fail on error status",
        ParameterType::Bool,
        true,
        "A status of 400 or above is an error; else it comes out like any other answer.",
    ))
    .parameter(ParameterSchema::new(
        "keep_secs",
        "Keep the response for",
        ParameterType::Float { min: 0.0, max: 3.2e8, unit: "s" },
        0.0,
        "Within this time GET and HEAD give the response they had, in any run, without asking the server; afterwards the server \
         is asked whether it has changed (ETag), and sends it again only then. Force always fetches it. 0 keeps nothing.",
    ))
}

/// Adds the header fields, and a secret in one of them.
fn with_header_parameters(kind: Kind) -> Kind {
    kind
    .parameter(ParameterSchema::new(
        "headers",
        "Headers",
        ParameterType::Json,
        Value::Record(Arc::new(Record::new())),
        "Header fields as a JSON object of names and values, or a list of texts such as \"Accept: text/plain\".",
    ))
    .parameter(ParameterSchema::new(
        "secret",
        "Secret",
        ParameterType::Secret { hint: "none: no secret is sent" },
        "",
        "The name of a secret to send along: an environment variable, or one kept in the keyring. Its value is in no file, log or \
         error.",
    ))
    .parameter(ParameterSchema::new(
        "secret_as",
        "Send the secret as",
        ParameterType::Line { hint: DEFAULT_SECRET_AS },
        DEFAULT_SECRET_AS,
        "The header field that it is sent in; {secret} stands where the value goes.",
    ))
}

/// The header field that most servers want a secret in.
const DEFAULT_SECRET_AS: &str = "Authorization: Bearer {secret}";

/// Returns the request with a secret in a header field such as `Authorization: Bearer {secret}`.
fn with_secret(request: Request, secret: &str, secret_as: &str) -> Result<Request, NodeError> {
    let (name, value) = secret_as
        .split_once(':')
        .filter(|(_, value)| value.contains("{secret}"))
        .ok_or_else(|| NodeError::new(format!("\"Send the secret as\" must be like {DEFAULT_SECRET_AS:?}")))?;
    if request.is_for_all_to_read() {
        return Err(NodeError::new("the secret would travel for all to read: use https://, or send no secret"));
    }
    Ok(request.with_secret((name.trim().to_owned(), value.trim().replace("{secret}", secret))))
}

/// `GET` and `HEAD` promise to change nothing.
fn only_reads(parameters: &ResolvedParameters<'_>) -> bool {
    matches!(parameters.text("method"), "GET" | "HEAD")
}

fn request_of(ctx: &Context<'_>) -> Result<Request, NodeError> {
    let parameters = ctx.parameters();
    let mut headers = headers(parameters.get("headers"))?;
    let body = match ctx.input("body") {
        Some(value) => body_of(value)?,
        None => body_of(&Value::text(parameters.text("body")))?,
    };
    let body = match body {
        Some(_) if only_reads(&parameters) && ctx.input("body").is_none() => None,
        Some(_) if only_reads(&parameters) => {
            return Err(NodeError::new(format!("{} sends no body: choose another method", parameters.text("method"))));
        }
        Some((bytes, content_type)) => {
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                headers.push(("content-type".to_owned(), content_type.to_owned()));
            }
            Some(bytes)
        }
        None => None,
    };
    let time_limit = Duration::try_from_secs_f64(parameters.float("time_limit_secs"))
        .map_err(|error| NodeError::new(format!("the time limit is wrong: {error}")))?;
    let max_bytes = usize::try_from(parameters.int("max_mib")).unwrap_or(0) << 20;
    let url = ctx.input_or_parameter("url")?;
    Request::new(parameters.text("method"), url.trim(), headers, body, time_limit, max_bytes)
}

fn headers(value: &Value) -> Result<Vec<(String, String)>, NodeError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Record(record) => {
            Ok(record.iter().map(|(name, value)| (name.to_string(), value.display_text())).collect())
        }
        Value::List(lines) => lines
            .iter()
            .map(|line| {
                let field = line.as_text().and_then(|line| line.split_once(':'));
                // The line is not shown: it may hold a key.
                let (name, value) =
                    field.ok_or_else(|| NodeError::new("each header must be a text such as \"Accept: text/plain\""))?;
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            })
            .collect(),
        _ => Err(NodeError::new("the headers must be a record of names and values, or a list of texts")),
    }
}

/// Returns the bytes to send and their content type; `None` for nothing.
fn body_of(value: &Value) -> Result<Option<(Vec<u8>, &'static str)>, NodeError> {
    match value {
        Value::Null => Ok(None),
        Value::Text(text) if text.is_empty() => Ok(None),
        Value::Text(text) => Ok(Some((text.as_bytes().to_vec(), "text/plain; charset=utf-8"))),
        Value::Bytes(bytes) => Ok(Some((bytes.to_vec(), "application/octet-stream"))),
        other => {
            refuse_what_json_cannot_hold(other)?;
            Ok(Some((to_json(other).to_string().into_bytes(), "application/json")))
        }
    }
}

/// Gives the answer that is kept, as long as it is to be; else asks the server, which may say that it is still the same.
fn ask(ctx: &Context<'_>, request: Request) -> Result<Response, NodeError> {
    let time = duration(ctx.parameters().float("keep_secs"))?;
    if time.is_zero() || !only_reads(&ctx.parameters()) {
        return send(ctx, request);
    }
    if let Some(why) = ctx.why_not_pinned() {
        ctx.warn(format!("{why}, so the response is not kept"));
        return send(ctx, request);
    }
    let key = request.fingerprint().to_string();
    let kept = if ctx.is_forced() { None } else { kept::find(ctx, &request)? };
    if let Some(kept) = &kept
        && let Some(age) = kept.age_within(time)
    {
        ctx.info(format!("gives the kept response; the server was asked {} s ago", age.as_secs()));
        return Ok(kept.response.clone());
    }
    // Who asks with conditions of their own wants to see what the server says to them.
    let own_conditions = ["if-none-match", "if-modified-since"].iter().any(|name| request.has_header(name));
    let kept = kept.filter(|_| !own_conditions);
    let conditions = kept.as_ref().map(kept::KeptAnswer::conditions).unwrap_or_default();
    let response = send(ctx, request.with_headers(conditions))?;
    let response = match kept {
        Some(kept) if response.status == 304 => {
            ctx.info("the server says that the kept response has not changed");
            kept.refreshed(&response)
        }
        _ => response,
    };
    if (200..300).contains(&response.status) {
        kept::keep(ctx, &key, &response, time)?;
    }
    Ok(response)
}

/// Sends the request from a thread of its own, so that a cancel or a deadline need not wait for the server. The
/// thread's own time is cut to the deadline, so that it ends too.
fn send(ctx: &Context<'_>, request: Request) -> Result<Response, NodeError> {
    let request = match ctx.deadline() {
        Some(deadline) => request.until(deadline),
        None => request,
    };
    // Last, so that what is kept of a response is known by everything but the secret.
    let mut told = Told::default();
    let request = match ctx.secret("secret")? {
        Some(secret) => {
            told.add(&secret);
            with_secret(request, &secret, ctx.parameters().text("secret_as"))?
        }
        None => request,
    };
    let deed = request.deed();
    let response = apart(ctx, "request", move |abandoned| request.send(abandoned));
    ctx.did(deed.outcome(match &response {
        Ok(response) => format!("status {}", response.status),
        Err(_) => "no whole answer".to_owned(),
    }));
    Ok(response?.without(&told))
}

fn outputs(ctx: &Context<'_>, response: Response) -> Outputs {
    let status = i64::from(response.status);
    let json = response.json().map_err(|error| ctx.warn(format!("the answer says it is JSON, but it is not: {error}")));
    let headers = response.headers.iter().map(|(name, value)| (name.as_str(), Value::text(value.as_str())));
    let headers = Value::record(headers.collect::<Vec<_>>());
    let outputs = Outputs::one("body", body_value(response.body)).with("status", status).with("headers", headers);
    match json {
        Ok(Some(json)) => outputs.with("json", from_json(&json)),
        _ => outputs,
    }
}

/// Returns a body as text if it is, else as bytes.
fn body_value(body: Vec<u8>) -> Value {
    match String::from_utf8(body) {
        Ok(text) => Value::from(text),
        Err(not_text) => Value::Bytes(not_text.into_bytes().into()),
    }
}

#[cfg(test)]
mod tests;
