//! Queries over tables, on `DataFusion`: one shared runtime, a fresh session for each query.
//!
//! The same tables and the same query give the same rows in the same order, to the last bit of a sum: each table goes
//! in as one batch, and a query runs in one partition.

mod errors;

use std::sync::{
    Arc, OnceLock,
    mpsc::{self, RecvTimeoutError},
};

use arrow::{
    array::{Int64Array, RecordBatch},
    datatypes::{DataType, Field, Schema},
};
use datafusion::{
    common::{DFSchema, TableReference},
    dataframe::DataFrame,
    datasource::MemTable,
    error::Result as QueryResult,
    execution::context::SQLOptions,
    prelude::{SessionConfig, SessionContext},
};
use tokio::runtime::Runtime;

use self::errors::Known;
pub(super) use self::errors::cannot_be_read;
use super::{Context, NodeError, apart::POLL, names::unique_names};
use crate::value::Table;

/// Planning walks expressions recursively: a long condition needs more than the usual 2 MiB.
const STACK_BYTES: usize = 8 << 20;

fn runtime() -> Result<&'static Runtime, NodeError> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            tokio::runtime::Builder::new_multi_thread()
                .thread_name("sql")
                .thread_stack_size(STACK_BYTES)
                .build()
                .map_err(|error| format!("the query engine cannot start: {error}"))
        })
        .as_ref()
        .map_err(NodeError::new)
}

/// A table under the name that queries use.
pub(super) struct Named {
    name: String,
    schema: Arc<Schema>,
    batches: Vec<RecordBatch>,
}

impl Named {
    pub(super) fn new(name: impl Into<String>, table: &Table) -> Self {
        // One batch, however the table was cut, so that sums add up in the same order. Text columns above 2 GiB do not
        // fit into one.
        let batches = table.to_batch().map_or_else(|_too_large| table.batches().to_vec(), |batch| vec![batch]);
        Self { name: name.into(), schema: Arc::clone(table.schema()), batches }
    }

    /// Adds a column of row numbers under the name given, to sort by.
    pub(super) fn with_row_numbers(mut self, column: &str) -> Result<Self, NodeError> {
        let mut fields: Vec<Field> = self.schema.fields().iter().map(|field| field.as_ref().clone()).collect();
        fields.push(Field::new(column, DataType::Int64, true));
        self.schema = Arc::new(Schema::new(fields));
        let mut first = 0;
        for batch in &mut self.batches {
            let end = first + i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
            let mut columns = batch.columns().to_vec();
            columns.push(Arc::new(Int64Array::from_iter_values(first..end)));
            *batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)
                .map_err(|error| NodeError::new(format!("cannot number the rows: {error}")))?;
            first = end;
        }
        Ok(self)
    }
}

/// Returns a name that no column of these tables has.
pub(super) fn free_column_name(tables: &[&Table]) -> String {
    let mut name = "row number".to_owned();
    while tables.iter().any(|table| table.column_names().any(|known| known == name)) {
        name.push('_');
    }
    name
}

/// Runs a query text over tables. `hidden` is a column that errors do not mention.
pub(super) fn query(
    ctx: &Context<'_>,
    tables: Vec<Named>,
    hidden: Option<String>,
    sql: String,
) -> Result<Table, NodeError> {
    run(ctx, tables, hidden, async move |session: SessionContext| {
        let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        session.sql_with_options(&sql, options).await
    })
}

/// Runs a query that a function makes. `hidden` is a column that errors do not mention.
pub(super) fn run<F>(
    ctx: &Context<'_>,
    tables: Vec<Named>,
    hidden: Option<String>,
    make: impl FnOnce(SessionContext) -> F + Send + 'static,
) -> Result<Table, NodeError>
where
    F: Future<Output = QueryResult<DataFrame>> + Send + 'static,
{
    let known = Known {
        tables: tables.iter().map(|table| (table.name.clone(), column_names(&table.schema))).collect(),
        hidden,
    };
    let (sender, receiver) = mpsc::channel();
    let task = runtime()?.spawn(async move {
        // After a cancel nobody listens any more.
        sender.send(execute(tables, make).await).ok();
    });
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(Ok((schema, batches))) => return table_of(ctx, &schema, &batches),
            Ok(Err(error)) => return Err(NodeError::new(known.in_words(&error))),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(cancelled) = ctx.check_cancelled() {
                    task.abort();
                    return Err(cancelled);
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(NodeError::new("the query engine broke down on this query: write it another way"));
            }
        }
    }
}

async fn execute<F>(
    tables: Vec<Named>,
    make: impl FnOnce(SessionContext) -> F + Send,
) -> QueryResult<(DFSchema, Vec<RecordBatch>)>
where
    F: Future<Output = QueryResult<DataFrame>> + Send,
{
    let mut config = SessionConfig::new().with_target_partitions(1);
    // Columns are called what the data calls them: `Species` is not `species`.
    config.options_mut().sql_parser.enable_ident_normalization = false;
    let session = SessionContext::new_with_config(config);
    for table in tables {
        let provider = MemTable::try_new(table.schema, vec![table.batches])?;
        session.register_table(TableReference::bare(table.name), Arc::new(provider))?;
    }
    let frame = make(session).await?;
    let schema = frame.schema().clone();
    Ok((schema, frame.collect().await?))
}

/// Returns the result as a table; columns of one name, as joins give them, get different ones.
fn table_of(ctx: &Context<'_>, schema: &DFSchema, batches: &[RecordBatch]) -> Result<Table, NodeError> {
    let (names, renamed) = unique_names(schema.fields().iter().map(|field| field.name().clone()));
    for (before, after) in renamed {
        ctx.warn(format!("a second column of the result is called {before}: it is {after} here"));
    }
    let planned = schema.fields().iter().map(|field| field.data_type().clone());
    let planned = schema_of(&names, planned);
    let batches = batches
        .iter()
        .map(|batch| {
            let actual = batch.columns().iter().map(|column| column.data_type().clone());
            RecordBatch::try_new(schema_of(&names, actual), batch.columns().to_vec())
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| NodeError::new(format!("the result of the query is no table: {error}")))?;
    Ok(Table::new(&planned, &batches)?)
}

fn schema_of(names: &[String], data_types: impl Iterator<Item = DataType>) -> Arc<Schema> {
    let fields = names.iter().zip(data_types).map(|(name, data_type)| Field::new(name, data_type, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn column_names(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// Functions whose result changes from one moment to the next.
const MOMENTARY: [&str; 8] =
    ["now", "today", "current_date", "current_time", "current_timestamp", "random", "rand", "uuid"];

/// Returns whether a query or expression names a clock or chance, so that its results cannot be kept.
pub(super) fn names_clock_or_chance(sql: &str) -> bool {
    sql.split(|char: char| !char.is_alphanumeric() && char != '_')
        .any(|word| MOMENTARY.iter().any(|momentary| word.eq_ignore_ascii_case(momentary)))
}
