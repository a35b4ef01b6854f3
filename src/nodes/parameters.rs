//! Parameter schemas, from which the inspector draws its widgets and the engine checks what was set.

use std::borrow::Cow;

use crate::{
    value::{Fingerprint, FingerprintBuilder, Value},
    workflow::{Node, ParameterId, Parameters},
};

/// One of the values of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What stands in the workflow file.
    pub id: &'static str,
    /// What people read.
    pub label: &'static str,
}

/// What a parameter holds, and so how it is edited.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterType {
    /// One line of text.
    Line {
        /// What an empty field says.
        hint: &'static str,
    },
    /// The name of a program on the `PATH`, or a path relative to the workflow's folder.
    Program {
        /// What an empty field says.
        hint: &'static str,
    },
    /// Several lines of text.
    Text {
        /// The language it is in, which is highlighted and checked: `sql`, `sql condition`, `jinja`, `json`, `shell` or nothing.
        language: &'static str,
    },
    /// A whole number from `min` to `max`.
    Int {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
        /// The unit, shown after the number.
        unit: &'static str,
    },
    /// A number from `min` to `max`.
    Float {
        /// The least.
        min: f64,
        /// The greatest.
        max: f64,
        /// The unit, shown after the number.
        unit: &'static str,
    },
    /// Yes or no.
    Bool,
    /// One of several.
    Choice(&'static [Choice]),
    /// A file that is read; relative to the workflow's folder.
    FileToRead {
        /// Extensions offered by the dialog, without the dot.
        extensions: &'static [&'static str],
    },
    /// A file that is written; relative to the workflow's folder.
    FileToWrite {
        /// Extensions offered by the dialog, without the dot.
        extensions: &'static [&'static str],
    },
    /// A folder; relative to the workflow's folder.
    Folder {
        /// What an empty field says.
        hint: &'static str,
    },
    /// A colour: a text such as `#2f7fd1`.
    Color,
    /// A list of texts, one a line.
    Lines,
    /// The name of a secret, whose value lives in an environment variable or the keyring: see [`Context::secret`].
    ///
    /// [`Context::secret`]: super::Context::secret
    Secret {
        /// What an empty field says.
        hint: &'static str,
    },
    /// Any plain value, edited as JSON.
    Json,
    /// A node of the workflow, by its id.
    Node,
    /// A table typed in by hand: a record of `columns` (list of texts) and `rows` (list of lists).
    Table,
}

/// A parameter of a kind.
#[derive(Clone, Debug)]
pub struct ParameterSchema {
    /// The id that stands in workflow files.
    pub id: ParameterId,
    /// The name shown to people.
    pub label: Cow<'static, str>,
    /// One sentence of help.
    pub help: Cow<'static, str>,
    /// What it holds.
    pub parameter_type: ParameterType,
    /// The value when nothing is set. [`Value::Null`] means that it may be left open.
    pub default: Value,
    /// Whether the node shows it on the canvas.
    pub shown_on_node: bool,
    /// Whether it has a part in what the node gives. One that has none is no part of the node's config.
    pub alters_results: bool,
}

impl ParameterSchema {
    /// Returns a parameter with its default.
    pub fn new(
        id: &'static str,
        label: &'static str,
        parameter_type: ParameterType,
        default: impl Into<Value>,
        help: &'static str,
    ) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            help: help.into(),
            parameter_type,
            default: default.into(),
            shown_on_node: false,
            alters_results: true,
        }
    }

    /// Says that results stand whatever the parameter is: it only says how they are come by.
    #[must_use]
    pub const fn alters_no_results(mut self) -> Self {
        self.alters_results = false;
        self
    }

    /// Shows the parameter on the node.
    #[must_use]
    pub const fn on_node(mut self) -> Self {
        self.shown_on_node = true;
        self
    }

    /// Returns what is wrong with a value for this parameter, if anything.
    pub fn problem_with(&self, value: &Value) -> Option<String> {
        let label = &self.label;
        match (&self.parameter_type, value) {
            (_, Value::Null) if matches!(self.default, Value::Null) => None,
            (
                ParameterType::Line { .. }
                | ParameterType::Program { .. }
                | ParameterType::Secret { .. }
                | ParameterType::Text { .. }
                | ParameterType::Node
                | ParameterType::FileToRead { .. }
                | ParameterType::FileToWrite { .. }
                | ParameterType::Folder { .. },
                Value::Text(_),
            )
            | (ParameterType::Bool, Value::Bool(_))
            | (
                ParameterType::Json,
                Value::Null
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::Text(_)
                | Value::List(_)
                | Value::Record(_),
            )
            | (ParameterType::Table, Value::Record(_)) => None,
            (ParameterType::Int { min, max, unit }, Value::Int(number)) => (number < min || number > max)
                .then(|| format!("{label} must be from {min} to {max}{}, not {number}", with_space(unit))),
            (ParameterType::Float { min, max, unit }, Value::Int(_) | Value::Float(_)) => {
                let number = match value {
                    Value::Int(number) => *number as f64,
                    Value::Float(number) => *number,
                    _ => f64::NAN,
                };
                (!(*min..=*max).contains(&number))
                    .then(|| format!("{label} must be from {min} to {max}{}, not {number}", with_space(unit)))
            }
            (ParameterType::Choice(choices), Value::Text(text)) => (!choices.iter().any(|choice| *choice.id == **text))
                .then(|| {
                    let known: Vec<&str> = choices.iter().map(|choice| choice.id).collect();
                    format!("{label} must be one of {}, not {text:?}", known.join(", "))
                }),
            (ParameterType::Color, Value::Text(text)) => (!is_color(text)).then(|| no_color(label, text)),
            (ParameterType::Lines, Value::List(items)) => items
                .iter()
                .find(|item| item.as_text().is_none())
                .map(|item| format!("{label} takes texts only, not {}", item.preview())),
            (expected, got) => Some(format!("{label} must be {}, not {}", expected.in_words(), got.preview())),
        }
    }
}

fn is_color(text: &str) -> bool {
    text.len() == 7 && color_of_text(text).is_some()
}

/// Returns what is wrong with a text that is no colour.
fn no_color(label: &str, text: &str) -> String {
    format!("{label} must be a colour such as #2f7fd1, not {text:?}")
}

/// Returns the colour, red, green and blue, that a text stands for: `#2f7fd1`, also without the sign, or short as `#38d`.
pub(crate) fn color_of_text(text: &str) -> Option<[u8; 3]> {
    let text = text.trim();
    let digits = text.strip_prefix('#').unwrap_or(text);
    let number = |digits: &str| u8::from_str_radix(digits, 16).ok();
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    match digits.len() {
        6 => Some([number(&digits[..2])?, number(&digits[2..4])?, number(&digits[4..])?]),
        3 => Some([number(&digits[..1])? * 17, number(&digits[1..2])? * 17, number(&digits[2..])? * 17]),
        _ => None,
    }
}

/// Returns a colour as it stands in workflows.
pub(crate) fn color_as_text([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn with_space(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(" {unit}") }
}

impl ParameterType {
    /// Returns values that stand for all: every choice, yes and no, the ends of a range; nothing of other types.
    pub(super) fn settings(&self) -> Vec<Value> {
        match self {
            Self::Bool => vec![Value::Bool(false), Value::Bool(true)],
            Self::Choice(choices) => choices.iter().map(|choice| Value::text(choice.id)).collect(),
            Self::Int { min, max, .. } => vec![Value::Int(*min), Value::Int(*max)],
            Self::Float { min, max, .. } => vec![Value::Float(*min), Value::Float(*max)],
            _ => Vec::new(),
        }
    }

    const fn in_words(&self) -> &'static str {
        match self {
            Self::Line { .. } | Self::Text { .. } => "a text",
            Self::Program { .. } => "the name or path of a program",
            Self::Secret { .. } => "the name of a secret",
            Self::Int { .. } => "a whole number",
            Self::Float { .. } => "a number",
            Self::Bool => "true or false",
            Self::Choice(_) => "one of its choices",
            Self::FileToRead { .. } | Self::FileToWrite { .. } | Self::Folder { .. } => "a path",
            Self::Node => "the id of a node",
            Self::Color => "a colour such as #2f7fd1",
            Self::Lines => "a list of texts",
            Self::Json => "a plain value",
            Self::Table => "a record of columns and rows",
        }
    }
}

/// A node's parameters seen through its kind's schema: what is not set has its default.
#[derive(Clone, Copy, Debug)]
pub struct ResolvedParameters<'a> {
    schema: &'a [ParameterSchema],
    set: &'a Parameters,
}

impl<'a> ResolvedParameters<'a> {
    /// Returns a node's parameters seen through a schema.
    pub fn new(schema: &'a [ParameterSchema], node: &'a Node) -> Self {
        Self { schema, set: &node.parameters }
    }

    /// Returns a parameter's value, or its default; `Null` for one that the kind does not have.
    pub fn get(&self, id: &str) -> &'a Value {
        self.set
            .get(id)
            .or_else(|| self.schema.iter().find(|schema| schema.id == *id).map(|schema| &schema.default))
            .unwrap_or(&Value::Null)
    }

    /// Returns a text parameter; empty if it is none.
    pub fn text(&self, id: &str) -> &'a str {
        self.get(id).as_text().unwrap_or_default()
    }

    /// Returns a colour, red, green and blue; nothing if it is left open.
    pub fn color(&self, id: &str) -> Option<[u8; 3]> {
        self.get(id).as_text().and_then(color_of_text)
    }

    /// Returns a whole number; 0 if it is none.
    pub fn int(&self, id: &str) -> i64 {
        match self.get(id) {
            Value::Int(number) => *number,
            Value::Float(number) => *number as i64,
            _ => 0,
        }
    }

    /// Returns a number; 0 if it is none.
    pub fn float(&self, id: &str) -> f64 {
        match self.get(id) {
            Value::Int(number) => *number as f64,
            Value::Float(number) => *number,
            _ => 0.0,
        }
    }

    /// Returns a yes or no; no if it is neither.
    pub fn bool(&self, id: &str) -> bool {
        matches!(self.get(id), Value::Bool(true))
    }

    /// Returns the texts of a list; empty if it is none.
    pub fn lines(&self, id: &str) -> Vec<&'a str> {
        match self.get(id) {
            Value::List(items) => items.iter().filter_map(Value::as_text).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns every parameter of the schema with its value in force.
    pub fn iter(&self) -> impl Iterator<Item = (&'a ParameterSchema, &'a Value)> + use<'a> {
        let resolved = *self;
        self.schema.iter().map(move |schema| (schema, resolved.get(schema.id.as_str())))
    }

    /// Adds all values in force that have a part in results to a fingerprint.
    pub(crate) fn add_to(&self, builder: &mut FingerprintBuilder) {
        for (schema, value) in self.iter().filter(|(schema, _)| schema.alters_results) {
            builder.text(schema.id.as_str()).value(value);
        }
    }

    /// Returns the fingerprint of all values in force.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut builder = FingerprintBuilder::new("parameters");
        self.add_to(&mut builder);
        builder.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_digits_and_what_is_none_is_said() {
        assert_eq!(color_of_text("#2f7FD1"), Some([0x2f, 0x7f, 0xd1]));
        assert_eq!(color_of_text(" 38d "), Some([0x33, 0x88, 0xdd]));
        for text in ["", "#", "red", "#12345", "#1234567", "#12345g", "#+12345", "äöü", "#ää"] {
            assert_eq!(color_of_text(text), None, "{text:?}");
        }
        assert_eq!(color_as_text([1, 0xab, 0]), "#01ab00");
        let schema = ParameterSchema::new("ink", "Ink", ParameterType::Color, "#000000", "");
        assert_eq!(schema.problem_with(&Value::text("#2f7fd1")), None);
        for (value, said) in [
            (Value::text("red"), "Ink must be a colour such as #2f7fd1, not \"red\""),
            (Value::text("38d"), "Ink must be a colour such as #2f7fd1, not \"38d\""),
            (Value::Int(7), "Ink must be a colour such as #2f7fd1, not Int 7"),
        ] {
            assert_eq!(schema.problem_with(&value).as_deref(), Some(said));
        }
    }
}
