//! Work on text.

mod jinja;

use std::{io, sync::Arc};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, syntax::SyntaxConfig, value::Value as JinjaValue,
};

use self::jinja::to_jinja;
use super::{Arity, Context, Family, Kind, NodeError, ParameterSchema, ParameterType, Success, Wrong};
use crate::value::{Value, ValueType};

pub(super) fn kinds() -> Vec<Kind> {
    vec![template()]
}

fn template() -> Kind {
    Kind::new("template", "Template", Family::Text, |ctx| {
        render(ctx, ctx.parameters().text("template")).map(|text| Success::one("text", text))
    })
    .about("Fills values into a text.", "jinja format report message markdown html string concatenate print")
    .input("in", ValueType::Any, Arity::Many { min: 0 })
    .output("text", ValueType::Text)
    .parameter(
        ParameterSchema::new(
            "template",
            "Template",
            ParameterType::Text { language: "jinja" },
            "{{ in1 }}",
            "Jinja text: the inputs are in1, in2, …; the fields of a record on in1 have their own names too; a table is a \
             list of rows.",
        )
        .on_node(),
    )
}

fn render(ctx: &Context<'_>, source: &str) -> Result<String, NodeError> {
    let environment = environment()?;
    let template = environment.template_from_named_str("template", source).map_err(|error| in_words(&error, &[]))?;
    let variables = variables(ctx);
    let names: Vec<&str> = variables.iter().map(|(name, _)| &**name).collect();
    let values: std::collections::BTreeMap<Arc<str>, JinjaValue> = variables.iter().cloned().collect();
    let mut output = CancellableOutput { ctx, bytes: Vec::new() };
    let rendered = template.render_captured_to(values, &mut output).map(|_captured| ());
    // A cancelled run shows itself as an error of the output.
    ctx.check_cancelled()?;
    rendered.map_err(|error| in_words(&error, &names))?;
    String::from_utf8(output.bytes).map_err(|error| NodeError::new(format!("the text is not UTF-8: {error}")))
}

fn environment<'source>() -> Result<Environment<'source>, NodeError> {
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    let mut environment = Environment::new();
    environment.set_syntax(syntax.map_err(|error| NodeError::new(format!("templates do not work: {error}")))?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_debug(true);
    Ok(environment)
}

/// Output that refuses to grow once the run is cancelled, which ends long loops.
struct CancellableOutput<'a, 'b> {
    ctx: &'a Context<'b>,
    bytes: Vec<u8>,
}

impl io::Write for CancellableOutput<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.ctx.check_cancelled().map_err(io::Error::other)?;
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns what the template can name: the fields of a record on `in1`, and the inputs.
fn variables(ctx: &Context<'_>) -> Vec<(Arc<str>, JinjaValue)> {
    let mut variables: Vec<(Arc<str>, JinjaValue)> = Vec::new();
    if let Some(Value::Record(record)) = ctx.input("in1") {
        variables.extend(record.iter().map(|(name, value)| (Arc::clone(name), to_jinja(value))));
    }
    for (port, value) in ctx.inputs("in") {
        variables.retain(|(name, _)| **name != *port.as_str());
        variables.push((port.as_str().into(), to_jinja(value)));
    }
    variables
}

/// Returns what is wrong with a template that cannot be read.
pub(super) fn wrong_in_template(source: &str) -> Option<Wrong> {
    let error = environment().ok()?.template_from_named_str("template", source).map(drop).err()?;
    let range = error.range().filter(|range| source.get(range.clone()).is_some());
    Some(Wrong { message: in_words(&error, &[]).to_string(), range })
}

/// Returns a template's error in one line: where it is, what is wrong, and what could have been meant.
fn in_words(error: &Error, names: &[&str]) -> NodeError {
    let place = error.line().map_or_else(|| "the template".to_owned(), |line| format!("line {line} of the template"));
    let what = error.kind();
    let written = error.template_source().zip(error.range()).and_then(|(source, range)| source.get(range));
    let detail = match (error.detail(), written) {
        (Some(detail), _) => format!(": {detail}"),
        (None, Some(written)) => format!(": {written}"),
        (None, None) => String::new(),
    };
    if what != ErrorKind::UndefinedError {
        return NodeError::new(format!("{place}: {what}{detail}"));
    }
    let known =
        if names.is_empty() { "no input has a value".to_owned() } else { format!("there are {}", names.join(", ")) };
    NodeError::new(format!("{place}: {what}{detail}; {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{nodes::testing::Trial, value::Table};

    fn rendered(template: &str, value: impl Into<Value>) -> Value {
        Trial::of("template").set("template", template).input("in1", value).output("text")
    }

    #[test]
    fn tables_are_lists_of_rows_and_records_give_their_fields_names() {
        let table = Table::from_rows(
            &["species".into(), "mass".into()],
            &[vec![Value::text("Adelie"), Value::Int(3700)], vec![Value::text("Gentoo"), Value::Int(5000)]],
        );
        assert_eq!(
            rendered("{% for row in in1 %}{{ loop.index }} {{ row.species }}={{ row.mass }}\n{% endfor %}", table),
            Value::text("1 Adelie=3700\n2 Gentoo=5000\n")
        );
        let tags = Value::list([Value::Int(1), Value::Int(2)]);
        let record = Value::record([("name", Value::text("Ada")), ("tags", tags)]);
        assert_eq!(
            rendered("{{ name }} {{ in1.tags | length }} {{ tags | join('-') }}", record),
            Value::text("Ada 2 1-2")
        );
    }

    #[test]
    fn text_is_neither_escaped_nor_trimmed() {
        assert_eq!(rendered("<b>{{ in1 }}</b>\n", Value::text("a & b")), Value::text("<b>a & b</b>\n"));
    }

    #[test]
    fn a_typo_is_an_error_that_names_the_line_and_the_name() {
        let typo = |template: &str, value: Value| Trial::of("template").set("template", template).input("in1", value);
        let error = typo("one\n{{ in1 }}\n{{ inn }}", Value::Int(1)).error();
        assert!(error.starts_with("line 3 of the template: ") && error.contains("inn"), "{error}");
        assert!(error.ends_with("there are in1"), "{error}");
        let error = typo("{{ in1.nmae }}", Value::record([("name", Value::Null)])).error();
        assert!(error.starts_with("line 1 of the template: ") && error.contains("nmae"), "{error}");
        let error = typo("a\n{% for %}", Value::Null).error();
        assert!(error.starts_with("line 2 of the template: syntax error"), "{error}");
    }

    #[test]
    fn a_cancelled_template_stops() {
        let trial = Trial::of("template").set("template", "{% for i in range(90000) %}{{ i }}{% endfor %}");
        assert_eq!(trial.cancelled_after(3).run().unwrap_err(), NodeError::Cancelled);
    }
}
