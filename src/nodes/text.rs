//! Kinds that work on text.

mod template_values;

use std::io;

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, syntax::SyntaxConfig};

use self::template_values::template_value;
use super::{Arity, Context, Family, Kind, NodeError, ParameterSchema, ParameterType, Success};
use crate::value::{Value, ValueType};

/// The longest text a template may make, in bytes.
const MAX_TEXT_BYTES: usize = 256 << 20;

pub(super) fn kinds() -> Vec<Kind> {
    vec![template()]
}

fn template() -> Kind {
    Kind::new("template", "Template", Family::Text, run_template)
        .about(
            "Writes a text from a template and the values that arrive.",
            "jinja format report markdown string interpolate render concatenate text",
        )
        .input("in", ValueType::Any, Arity::Many { min: 0 })
        .output("text", ValueType::Text)
        .parameter(
            ParameterSchema::new(
                "template",
                "Template",
                ParameterType::Text { language: "jinja" },
                "{{ in1 }}",
                "A Jinja template. The inputs are in1, in2, …; the fields of a record on in1 are there by their own \
                 names too; a table is a list of rows: {% for row in in1 %}{{ row.name }}{% endfor %}.",
            )
            .on_node(),
        )
}

fn run_template(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let inputs = ctx.inputs("in");
    let mut names: Vec<(String, minijinja::Value)> = Vec::new();
    // The fields come first, so that an input's own name wins over a field's.
    if let Some(Value::Record(record)) = ctx.input("in1") {
        names.extend(record.iter().map(|(name, value)| (name.as_ref().to_owned(), template_value(value))));
    }
    names.extend(inputs.iter().map(|(port, value)| (port.as_str().to_owned(), template_value(value))));
    let known: Vec<String> = names.iter().map(|(name, _)| name.clone()).collect();
    let environment = environment();
    let mut output = Output { ctx, text: Vec::new(), stopped: None };
    let rendered = environment
        .template_from_str(ctx.parameters().text("template"))
        .and_then(|template| template.render_captured_to(minijinja::Value::from_pairs(names), &mut output).map(drop));
    match (rendered, output.stopped) {
        (_, Some(stopped)) => Err(stopped),
        (Err(error), None) => Err(NodeError::new(in_words(&error, &known))),
        (Ok(()), None) => String::from_utf8(output.text)
            .map(|text| Success::one("text", text))
            .map_err(|error| NodeError::new(format!("the template wrote bytes that are not text: {error}"))),
    }
}

/// Returns the rules of templates: what is not there is an error, and a line that holds only a block leaves no trace.
fn environment<'a>() -> Environment<'a> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the delimiters are the usual ones"));
    environment
}

/// Where a template writes: stops it when the run is cancelled or the text grows without end.
struct Output<'a> {
    ctx: &'a Context<'a>,
    text: Vec<u8>,
    stopped: Option<NodeError>,
}

impl io::Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let allowed = self.ctx.check_cancelled().and_then(|()| {
            if self.text.len() + bytes.len() <= MAX_TEXT_BYTES {
                return Ok(());
            }
            Err(NodeError::new(format!("the text grows past {} MiB: is there a loop too many?", MAX_TEXT_BYTES >> 20)))
        });
        if let Err(stopped) = allowed {
            self.stopped = Some(stopped);
            return Err(io::Error::other("stopped"));
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn in_words(error: &Error, known: &[String]) -> String {
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    let hint = match error.kind() {
        ErrorKind::UndefinedError if known.is_empty() => "; nothing is connected".to_owned(),
        ErrorKind::UndefinedError => format!("; there are {}", known.join(", ")),
        _ => String::new(),
    };
    format!("{line}{}{detail}{hint}", error.kind())
}
