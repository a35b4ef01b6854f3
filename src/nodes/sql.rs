//! Queries over tables in memory, on DataFusion: one shared runtime, a fresh session for each query.
//!
//! The same tables and the same query give the same rows in the same order and the same sums to the last bit: each
//! table goes in as one batch, and each query runs in one partition.

use std::sync::{Arc, OnceLock, mpsc};

use arrow::{
    array::{ArrayRef, Int64Array},
    datatypes::{DataType, Field, Schema},
    error::ArrowError,
    record_batch::RecordBatch,
};
use datafusion::{
    common::{Column, SchemaError},
    datasource::MemTable,
    error::DataFusionError,
    prelude::{DataFrame, SessionConfig, SessionContext},
    sql::sqlparser::parser::ParserError,
};
use tokio::runtime::{Builder, Runtime};

use super::{Context, NodeError, background::wait_for};
use crate::value::Table;

/// Planning recurses deeply, the more so without optimisation.
const STACK_BYTES: usize = 8 << 20;

/// Returns a session that knows these tables by name. Column names count as they are written, capitals included.
pub(super) fn session(tables: &[(&str, &Table)]) -> Result<SessionContext, NodeError> {
    let config = SessionConfig::new()
        .with_target_partitions(1)
        .with_create_default_catalog_and_schema(true)
        .with_information_schema(false)
        .set_bool("datafusion.sql_parser.enable_ident_normalization", false);
    let session = SessionContext::new_with_config(config);
    for (name, table) in tables {
        let batch = table.to_batch()?;
        let provider = MemTable::try_new(batch.schema(), vec![vec![batch]]).map_err(|error| in_words(&error))?;
        session.register_table(*name, Arc::new(provider)).map_err(|error| in_words(&error))?;
    }
    Ok(session)
}

/// Plans and runs a query on the shared runtime; gives up as soon as the run is cancelled.
pub(super) fn collect(
    ctx: &Context<'_>,
    frame: impl Future<Output = Result<DataFrame, DataFusionError>> + Send + 'static,
) -> Result<Table, NodeError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let task = runtime()?.spawn(async move {
        // Nobody listens any more once the node was cancelled.
        sender.send(collect_batches(frame).await).ok();
    });
    match wait_for(ctx, &receiver) {
        Ok(Some(Ok((schema, batches)))) => to_table(&schema, &batches),
        Ok(Some(Err(error))) => Err(in_words(&error)),
        Ok(None) => Err(NodeError::new("the query made the query engine panic: please report it with the query")),
        Err(cancelled) => {
            task.abort();
            Err(cancelled)
        }
    }
}

async fn collect_batches(
    frame: impl Future<Output = Result<DataFrame, DataFusionError>>,
) -> Result<(Schema, Vec<RecordBatch>), DataFusionError> {
    let frame = frame.await?;
    let schema = frame.schema().as_arrow().clone();
    Ok((schema, frame.collect().await?))
}

fn runtime() -> Result<&'static Runtime, NodeError> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            Builder::new_multi_thread()
                .thread_name("query")
                .thread_stack_size(STACK_BYTES)
                .enable_all()
                .build()
                .map_err(|error| error.to_string())
        })
        .as_ref()
        .map_err(|error| NodeError::new(format!("cannot start the query engine: {error}")))
}

fn to_table(schema: &Schema, batches: &[RecordBatch]) -> Result<Table, NodeError> {
    for (index, field) in schema.fields().iter().enumerate() {
        if schema.fields().iter().take(index).any(|earlier| earlier.name() == field.name()) {
            return Err(NodeError::new(format!(
                "the result has two columns named {}: give one another name with AS",
                field.name()
            )));
        }
    }
    Ok(Table::new(schema, batches)?)
}

/// Returns a table with one more column of row numbers, from 0, to put rows back in order by.
pub(super) fn with_row_numbers(table: &Table, name: &str) -> Result<Table, NodeError> {
    let numbered = || -> Result<(Schema, RecordBatch), ArrowError> {
        let batch = table.to_batch().map_err(|error| ArrowError::ComputeError(error.to_string()))?;
        let mut fields: Vec<Field> = batch.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
        fields.push(Field::new(name, DataType::Int64, true));
        let schema = Schema::new(fields);
        let numbers: ArrayRef = Arc::new((0..table.n_rows() as i64).collect::<Int64Array>());
        let columns = batch.columns().iter().cloned().chain([numbers]).collect();
        Ok((schema.clone(), RecordBatch::try_new(Arc::new(schema), columns)?))
    };
    let (schema, batch) = numbered().map_err(|error| NodeError::new(error.to_string()))?;
    Ok(Table::new(&schema, &[batch])?)
}

/// Returns a name in quotes, as SQL takes it whatever it holds.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns what went wrong in one line.
pub(super) fn in_words(error: &DataFusionError) -> NodeError {
    if let DataFusionError::Collection(errors) = error
        && let Some(first) = errors.first()
    {
        return in_words(first);
    }
    NodeError::new(match error.find_root() {
        DataFusionError::SchemaError(error, _) => schema_error(error),
        DataFusionError::SQL(error, _) => parser_error(error),
        DataFusionError::Plan(message) => plan_error(message),
        other => one_line(&other.strip_backtrace()),
    })
}

fn schema_error(error: &SchemaError) -> String {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } if valid_fields.is_empty() => {
            format!("there is no column {}", field.name)
        }
        SchemaError::FieldNotFound { field, valid_fields } => {
            format!("there is no column {}; there are {}", column_name(field, true), column_names(valid_fields))
        }
        SchemaError::AmbiguousReference { field } => {
            format!("several tables have a column {name}: write which, such as t1.{name}", name = field.name)
        }
        SchemaError::DuplicateUnqualifiedField { name } | SchemaError::DuplicateQualifiedField { name, .. } => {
            format!("there are two columns named {name}: give one another name with AS")
        }
    }
}

fn column_name(column: &Column, with_table: bool) -> String {
    match &column.relation {
        Some(relation) if with_table => format!("{}.{}", relation.table(), column.name),
        _ => column.name.clone(),
    }
}

fn column_names(columns: &[Column]) -> String {
    let of_one_table = columns.windows(2).all(|pair| pair[0].relation == pair[1].relation);
    columns.iter().map(|column| column_name(column, !of_one_table)).collect::<Vec<_>>().join(", ")
}

fn parser_error(error: &ParserError) -> String {
    match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            format!("this is not SQL: {}", one_line(message))
        }
        ParserError::RecursionLimitExceeded => "the SQL nests too deeply".to_owned(),
    }
}

fn plan_error(message: &str) -> String {
    // DataFusion names a table with its catalogue and schema, which nobody chose.
    let message = message.replace("datafusion.public.", "");
    one_line(message.strip_prefix("Error during planning: ").unwrap_or(&message))
}

fn one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
