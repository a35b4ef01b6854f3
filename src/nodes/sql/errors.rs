//! The query engine's errors, in one line that a person can act on.

use datafusion::{
    common::{SchemaError, TableReference},
    error::DataFusionError,
};

use crate::value::shortened;

/// What a query could name.
pub(super) struct Known {
    /// The tables with their columns.
    pub(super) tables: Vec<(String, Vec<String>)>,
    /// A column that was added for the query and is not mentioned.
    pub(super) hidden: Option<String>,
}

/// Returns why SQL cannot be read, with its place at the end where the parser knows it.
pub(in crate::nodes) fn cannot_be_read(error: &DataFusionError) -> String {
    let message = match first_cause(error) {
        DataFusionError::SQL(parser_error, _) => parser_error.to_string(),
        other => other.message().into_owned(),
    };
    let message = message.strip_prefix("sql parser error: ").unwrap_or(&message);
    format!("the SQL cannot be read: {}", one_line(message))
}

impl Known {
    /// Returns what is wrong, and what there is instead.
    pub(super) fn in_words(&self, error: &DataFusionError) -> String {
        match first_cause(error) {
            DataFusionError::SchemaError(schema_error, _) => match schema_error.as_ref() {
                SchemaError::FieldNotFound { field, .. } => self.no_column(field.relation.as_ref(), &field.name),
                SchemaError::AmbiguousReference { field } => {
                    format!("more than one table has a column {0}: write its table too, as in t1.{0}", field.name)
                }
                other => one_line(&other.to_string()),
            },
            DataFusionError::SQL(..) => cannot_be_read(error),
            other => self.other(&one_line(&other.message())),
        }
    }

    fn other(&self, message: &str) -> String {
        for refused in ["DDL not supported: ", "DML not supported: ", "Statement not supported: "] {
            if let Some(what) = message.strip_prefix(refused) {
                return format!("only queries are allowed here (SELECT, WITH, VALUES), not {what}");
            }
        }
        let missing_table =
            message.strip_prefix("table 'datafusion.public.").and_then(|rest| rest.strip_suffix("' not found"));
        match missing_table {
            Some(table) if self.tables.is_empty() => format!("there is no table {table}; no table is connected"),
            Some(table) => {
                let tables: Vec<&str> = self.tables.iter().map(|(name, _)| name.as_str()).collect();
                format!("there is no table {table}; there are {}", tables.join(", "))
            }
            None => message.to_owned(),
        }
    }

    fn no_column(&self, relation: Option<&TableReference>, name: &str) -> String {
        let asked = relation.map_or_else(|| name.to_owned(), |relation| format!("{}.{name}", relation.table()));
        let mut columns = Vec::new();
        let mut hint = String::new();
        for (table, column) in self.columns() {
            let shown = if self.tables.len() > 1 { format!("{table}.{column}") } else { column.to_owned() };
            if hint.is_empty() && column.eq_ignore_ascii_case(name) && column != name {
                hint = format!(" (did you mean {shown}?)");
            }
            columns.push(shown);
        }
        format!("there is no column {asked}{hint}; there are {}", columns.join(", "))
    }

    fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tables
            .iter()
            .flat_map(|(table, columns)| columns.iter().map(move |column| (table.as_str(), column.as_str())))
            .filter(|(_, column)| Some(*column) != self.hidden.as_deref())
    }
}

/// Returns the first error in a collection, below all that was said around it.
fn first_cause(error: &DataFusionError) -> &DataFusionError {
    let mut cause = error.find_root();
    while let DataFusionError::Collection(errors) = cause {
        match errors.first() {
            Some(first) => cause = first.find_root(),
            None => break,
        }
    }
    cause
}

/// The length of a message at which it is cut off.
const MAX_CHARS: usize = 500;

/// Joins the lines of a message and drops what the engine adds for its developers.
fn one_line(message: &str) -> String {
    let message = message.split("\n\nbacktrace:").next().unwrap_or_default();
    shortened(&message.split_whitespace().collect::<Vec<_>>().join(" "), MAX_CHARS).into_owned()
}
