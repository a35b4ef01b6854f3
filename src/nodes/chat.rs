//! Talking to a language model by the API that `OpenAI` began and most servers offer: `POST {base URL}/chat/completions`.
//!
//! The conversation is the node's pinned data: a list of records with `role` and `content`, the newest last.

mod exchange;

use std::time::{Duration, Instant};

use serde_json::json;

use self::exchange::{Answer, Question};
use super::{
    Arity, Context, Family, Kind, Load, NodeError, Outputs, ParameterSchema, ParameterType, ResolvedParameters,
    Success,
    apart::apart_in_parts,
    http::checked_url,
    memory::{duration, resets},
};
use crate::value::{Value, ValueType, to_json};

pub(super) fn kinds() -> Vec<Kind> {
    vec![chat()]
}

/// How many characters of the answer are told while it comes: its end, as much as a node on the canvas has room for.
const MAX_TOLD_CHARS: usize = 24;

/// An answer costs time and money, so Resume reuses it while what was asked is the same, though a model would not give it
/// again. Where it becomes part of a conversation, asking changes what is asked next: an effect.
fn chat() -> Kind {
    let kind = Kind::new("chat", "Chat", Family::Network, answer)
        .about(
            "Asks a language model and keeps the conversation.",
            "ai llm gpt openai ollama claude mistral assistant completion prompt answer conversation model",
        )
        .input("prompt", ValueType::Text, Arity::Optional)
        .input("system", ValueType::Text, Arity::Optional)
        .input("reset", ValueType::Bool, Arity::Optional)
        .output("reply", ValueType::Text)
        .output("messages", ValueType::List)
        .load(Load::Waits)
        .side_effect(keeps_conversation);
    with_parameters(kind)
}

fn with_parameters(kind: Kind) -> Kind {
    let line = |id, label, hint, default: &'static str, help| {
        ParameterSchema::new(id, label, ParameterType::Line { hint }, default, help)
    };
    let text = |id, label, help| ParameterSchema::new(id, label, ParameterType::Text { language: "" }, "", help);
    kind.parameter(line(
        "base_url",
        "Base URL",
        "https://api.openai.com/v1",
        "https://api.openai.com/v1",
        "The server's address up to the part before /chat/completions; for Ollama http://localhost:11434/v1.",
    ))
    .parameter(line("model", "Model", "gpt-4o-mini", "", "The model's name, as the server knows it.").on_node())
    .parameter(text(
        "system",
        "System prompt",
        "What the model is told before the conversation. A connected system is used instead.",
    ))
    .parameter(text("prompt", "Prompt", "What is asked. A connected prompt is used instead.").on_node())
    .parameter(ParameterSchema::new(
        "key_variable",
        "API key from",
        ParameterType::Secret { hint: "none: no key is sent" },
        "OPENAI_API_KEY",
        "The name of the secret that is the API key: an environment variable, or one kept in the keyring; empty for servers that \
         take none.",
    ))
    .parameter(ParameterSchema::new(
        "window",
        "Messages kept",
        ParameterType::Int { min: 0, max: 10_000, unit: "" },
        20,
        "How many of the newest messages of the conversation are kept and sent along next time; 0 keeps none.",
    ))
    .parameter(ParameterSchema::new(
        "temperature",
        "Temperature",
        ParameterType::Float { min: 0.0, max: 2.0, unit: "" },
        Value::Null,
        "How much chance is in the answer; left open, the server decides.",
    ))
    .parameter(ParameterSchema::new(
        "max_tokens",
        "Longest answer",
        ParameterType::Int { min: 1, max: 1_000_000, unit: "tokens" },
        Value::Null,
        "Where the answer is cut off; left open, the server decides.",
    ))
    .parameter(ParameterSchema::new(
        "time_limit_secs",
        "Time limit",
        ParameterType::Float { min: 0.01, max: 86_400.0, unit: "s" },
        300.0,
        "How long the whole answer may take.",
    ))
}

fn keeps_conversation(parameters: &ResolvedParameters<'_>) -> bool {
    parameters.int("window") > 0
}

fn answer(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let prompt = ctx.input_or_parameter("prompt")?;
    if prompt.trim().is_empty() {
        return Err(NodeError::new("there is nothing to ask: set the prompt, or connect one"));
    }
    let wants_memory = keeps_conversation(&ctx.parameters());
    let why_not = ctx.why_not_pinned();
    let remembers = wants_memory && why_not.is_none();
    if let Some(why) = why_not.filter(|_| wants_memory) {
        ctx.warn(format!("{why}, so the conversation is not kept"));
    }
    let starts_anew = resets(ctx);
    let before = if remembers && !starts_anew { messages_of(ctx.pinned_data(ctx.node())?) } else { Vec::new() };
    let Answer { reply, cut_by } = ask(ctx, question(ctx, &before, &prompt)?)?;
    if let Some(why) = cut_by {
        ctx.warn(format!("the answer is not complete: the server says {why}"));
    }
    let turn = [message("user", &prompt), message("assistant", &reply)];
    let messages = if remembers {
        let n_kept = usize::try_from(ctx.parameters().int("window")).unwrap_or(0);
        // Others may have asked meanwhile: what they said comes first.
        ctx.update_pinned_data(|before| {
            let before = if starts_anew { Vec::new() } else { messages_of(before) };
            Value::list(newest(before.into_iter().chain(turn.iter().cloned()).collect(), n_kept))
        })?
    } else {
        Value::list(turn)
    };
    Ok(Success::new(Outputs::one("reply", reply).with("messages", messages)))
}

/// Returns what is to be sent.
fn question(ctx: &Context<'_>, before: &[Value], prompt: &str) -> Result<Question, NodeError> {
    let parameters = ctx.parameters();
    let model = parameters.text("model").trim();
    if model.is_empty() {
        return Err(NodeError::new("no model is named: set one that the server offers"));
    }
    let base = parameters.text("base_url").trim().trim_end_matches('/');
    let url = checked_url(&format!("{base}/chat/completions"))?;
    let key_variable = parameters.text("key_variable").trim().to_owned();
    let key = ctx
        .secret("key_variable")
        .map_err(|error| NodeError::new(format!("{error}; empty \"API key from\" for a server that takes none")))?;
    let system = ctx.input_or_parameter("system")?;
    let system = (!system.trim().is_empty()).then(|| message("system", &system));
    let messages: Vec<_> = system.iter().chain(before).chain([&message("user", prompt)]).map(to_json).collect();
    let mut body = json!({ "model": model, "messages": messages, "stream": true });
    for name in ["temperature", "max_tokens"] {
        if !matches!(parameters.get(name), Value::Null) {
            body[name] = to_json(parameters.get(name));
        }
    }
    let time_limit = duration(parameters.float("time_limit_secs"))?;
    let left = ctx.deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let time_limit = left.map_or(time_limit, |left: Duration| left.min(time_limit));
    Question::new(url, key_variable, key, body.to_string(), time_limit)
}

/// Sends the question from a thread of its own and tells of the answer as it comes.
fn ask(ctx: &Context<'_>, question: Question) -> Result<Answer, NodeError> {
    let mut said = String::new();
    let tell = |part: String| {
        said.push_str(&part);
        ctx.progress(0.0, &end_of(&said));
    };
    let deed = question.deed(ctx.parameters().text("model").trim());
    let answer = apart_in_parts(ctx, "chat", tell, move |abandoned, tell| question.send(abandoned, tell));
    ctx.did(deed.outcome(if answer.is_ok() { "answered" } else { "no whole answer" }));
    answer
}

/// Returns the end of a text in one line.
fn end_of(text: &str) -> String {
    let n_chars = text.chars().count();
    let end = text.chars().skip(n_chars.saturating_sub(MAX_TOLD_CHARS));
    let end: String = end.map(|char| if char.is_whitespace() { ' ' } else { char }).collect();
    if n_chars > MAX_TOLD_CHARS { format!("…{end}") } else { end }
}

fn message(role: &str, content: &str) -> Value {
    Value::record([("role", Value::text(role)), ("content", Value::text(content))])
}

/// Returns the messages of a conversation; what is none has no messages.
fn messages_of(conversation: Option<Value>) -> Vec<Value> {
    match conversation {
        Some(Value::List(messages)) => messages.iter().filter(|message| role_of(message).is_some()).cloned().collect(),
        _ => Vec::new(),
    }
}

fn role_of(message: &Value) -> Option<&str> {
    match message {
        Value::Record(record) => record.get("role")?.as_text(),
        _ => None,
    }
}

/// Returns the newest messages. They begin with what a person said: some servers refuse an answer to nothing.
fn newest(messages: Vec<Value>, n_kept: usize) -> Vec<Value> {
    let n_before = messages.len().saturating_sub(n_kept);
    messages.into_iter().skip(n_before).skip_while(|message| role_of(message) != Some("user")).collect()
}

#[cfg(test)]
mod tests;
