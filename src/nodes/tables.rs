//! Kinds that work on tables, by SQL.

mod join;

use datafusion::{
    error::DataFusionError,
    execution::context::SQLOptions,
    logical_expr::{Expr, SortExpr, ident},
    prelude::DataFrame,
};

use super::{
    Arity, Cacheability, Context, Family, Kind, NodeError, ParameterSchema, ParameterType, Success,
    sql::{collect, session, with_row_numbers},
};
use crate::value::{Table, Value, ValueType};

/// The name under which a kind with one table knows it.
const TABLE: &str = "t";

pub(super) fn kinds() -> Vec<Kind> {
    vec![filter(), select(), sort(), join::join(), group(), sql()]
}

fn one_table(kind: Kind) -> Kind {
    kind.input("table", ValueType::Table, Arity::Required).output("table", ValueType::Table)
}

fn lines(id: &'static str, label: &'static str, default: &[&str], help: &'static str) -> ParameterSchema {
    let default = Value::list(default.iter().map(|line| Value::text(*line)));
    ParameterSchema::new(id, label, ParameterType::Lines, default, help).on_node()
}

/// Returns the lines of a parameter that are not blank.
fn filled_lines(ctx: &Context<'_>, id: &str) -> Vec<String> {
    let lines = ctx.parameters().lines(id).into_iter().map(|line| line.trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// Returns the expression that a line stands for: a column's name as it is in the table, or SQL.
fn expression(frame: &DataFrame, line: &str) -> Result<Expr, DataFusionError> {
    if frame.schema().fields().iter().any(|field| field.name() == line) {
        Ok(ident(line))
    } else {
        frame.parse_sql_expr(line)
    }
}

/// Returns the expression under the name it gives itself with `AS`, or else under what was written.
fn named(frame: &DataFrame, line: &str) -> Result<Expr, DataFusionError> {
    Ok(match expression(frame, line)? {
        plain @ (Expr::Column(_) | Expr::Alias(_)) => plain,
        other => other.alias(line),
    })
}

fn filter() -> Kind {
    one_table(Kind::new("filter", "Filter rows", Family::Tables, run_filter))
        .about(
            "Keeps the rows for which a condition holds.",
            "where condition subset drop remove query sql select rows",
        )
        .parameter(
            ParameterSchema::new(
                "condition",
                "Condition",
                ParameterType::Text { language: "sql" },
                "true",
                "An SQL condition over the columns, such as body_mass_g > 4000 AND sex = 'female'.",
            )
            .on_node(),
        )
        .cacheable(|parameters| cacheability_of([parameters.text("condition")]))
}

fn run_filter(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let session = session(&[(TABLE, &ctx.table("table")?)])?;
    let condition = ctx.parameters().text("condition").to_owned();
    let table = collect(ctx, async move {
        let frame = session.table(TABLE).await?;
        let condition = expression(&frame, &condition)?;
        frame.filter(condition)
    })?;
    Ok(Success::one("table", table))
}

fn select() -> Kind {
    one_table(Kind::new("select", "Select columns", Family::Tables, run_select))
        .about(
            "Keeps columns, renames them and computes new ones.",
            "columns project rename compute calculate formula expression drop reorder mutate",
        )
        .parameter(lines(
            "columns",
            "Columns",
            &["*"],
            "One a line: a column's name, * for all, or an SQL expression such as body_mass_g / 1000 AS mass_kg.",
        ))
        .cacheable(|parameters| cacheability_of(parameters.lines("columns")))
}

fn run_select(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let lines = filled_lines(ctx, "columns");
    if lines.is_empty() {
        return Err(NodeError::new("no column is named: write one a line, or * for all"));
    }
    let session = session(&[(TABLE, &ctx.table("table")?)])?;
    let table = collect(ctx, async move {
        let frame = session.table(TABLE).await?;
        let mut columns = Vec::new();
        for line in &lines {
            if line == "*" {
                columns.extend(frame.schema().fields().iter().map(|field| ident(field.name())));
            } else {
                columns.push(named(&frame, line)?);
            }
        }
        frame.select(columns)
    })?;
    Ok(Success::one("table", table))
}

fn sort() -> Kind {
    one_table(Kind::new("sort", "Sort rows", Family::Tables, run_sort))
        .about("Puts the rows in order.", "order by ascending descending rank arrange")
        .parameter(lines(
            "by",
            "By",
            &[],
            "One a line, the most important first: a column's name or an SQL expression, with desc after it for the \
             greatest first. Rows that tie stay in their order; empty cells come last.",
        ))
        .cacheable(|parameters| cacheability_of(parameters.lines("by")))
}

fn run_sort(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let table = ctx.table("table")?;
    let lines = filled_lines(ctx, "by");
    if lines.is_empty() {
        return Ok(Success::one("table", table));
    }
    let row_number = unused_name(&table);
    let session = session(&[(TABLE, &with_row_numbers(&table, &row_number)?)])?;
    let table = collect(ctx, async move {
        let frame = session.table(TABLE).await?;
        let mut keys = lines.iter().map(|line| sort_key(&frame, line)).collect::<Result<Vec<_>, _>>()?;
        keys.push(ident(&row_number).sort(true, false));
        let all: Vec<Expr> = frame
            .schema()
            .fields()
            .iter()
            .filter(|field| *field.name() != row_number)
            .map(|field| ident(field.name()))
            .collect();
        frame.sort(keys)?.select(all)
    })?;
    Ok(Success::one("table", table))
}

fn sort_key(frame: &DataFrame, line: &str) -> Result<SortExpr, DataFusionError> {
    let is_column = frame.schema().fields().iter().any(|field| field.name() == line);
    let (text, ascending) = match line.rsplit_once(char::is_whitespace) {
        Some((text, word)) if !is_column && word.eq_ignore_ascii_case("desc") => (text.trim_end(), false),
        Some((text, word)) if !is_column && word.eq_ignore_ascii_case("asc") => (text.trim_end(), true),
        _ => (line, true),
    };
    Ok(expression(frame, text)?.sort(ascending, false))
}

/// Returns a name that no column of the table has.
fn unused_name(table: &Table) -> String {
    let mut name = "row_number".to_owned();
    while table.column_names().any(|known| known == name) {
        name.push('_');
    }
    name
}

fn group() -> Kind {
    one_table(Kind::new("group", "Group rows", Family::Tables, run_group))
        .about(
            "Gathers rows into groups and computes sums, means and counts of each.",
            "aggregate group by sum mean average count min max median pivot summarise summarize statistics distinct",
        )
        .parameter(lines(
            "by",
            "By",
            &[],
            "One a line: the columns whose cells make a group. Without any, all rows are one group.",
        ))
        .parameter(lines(
            "aggregates",
            "Compute",
            &["count(*) AS n"],
            "One a line: what to compute of each group, such as avg(body_mass_g) AS mean_mass.",
        ))
        .cacheable(|parameters| {
            cacheability_of(parameters.lines("by").into_iter().chain(parameters.lines("aggregates")))
        })
}

fn run_group(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let by = filled_lines(ctx, "by");
    let aggregates = filled_lines(ctx, "aggregates");
    if by.is_empty() && aggregates.is_empty() {
        return Err(NodeError::new("there is nothing to group by and nothing to compute: write one of them"));
    }
    let session = session(&[(TABLE, &ctx.table("table")?)])?;
    let table = collect(ctx, async move {
        let frame = session.table(TABLE).await?;
        let by = by.iter().map(|line| named(&frame, line)).collect::<Result<Vec<_>, _>>()?;
        let aggregates = aggregates.iter().map(|line| named(&frame, line)).collect::<Result<Vec<_>, _>>()?;
        frame.aggregate(by, aggregates)
    })?;
    Ok(Success::one("table", table))
}

fn sql() -> Kind {
    Kind::new("sql", "SQL query", Family::Tables, run_sql)
        .about(
            "Runs an SQL query over the tables that arrive.",
            "select from where group by join union window database query datafusion",
        )
        .input("t", ValueType::Table, Arity::Many { min: 0 })
        .output("table", ValueType::Table)
        .parameter(
            ParameterSchema::new(
                "query",
                "Query",
                ParameterType::Text { language: "sql" },
                "SELECT * FROM t1",
                "One SELECT. The tables are t1, t2, … after the inputs; column names count as they are written, and \
                 those with spaces go in double quotes.",
            )
            .on_node(),
        )
        .cacheable(|parameters| cacheability_of([parameters.text("query")]))
}

fn run_sql(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let query = ctx.parameters().text("query").trim().to_owned();
    if query.is_empty() {
        return Err(NodeError::new("the query is empty"));
    }
    let tables = ctx
        .inputs("t")
        .into_iter()
        .map(|(port, _)| Ok((port.as_str(), ctx.table(port.as_str())?)))
        .collect::<Result<Vec<_>, NodeError>>()?;
    let session = session(&tables.iter().map(|(name, table)| (*name, table)).collect::<Vec<_>>())?;
    let reading_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let table = collect(ctx, async move { session.sql_with_options(&query, reading_only).await })?;
    Ok(Success::one("table", table))
}

/// Functions of SQL that give another result each time.
const CHANGING: [&str; 9] =
    ["random", "rand", "uuid", "now", "today", "current_date", "current_time", "current_timestamp", "localtimestamp"];

/// Returns whether results of SQL can be kept: not if it asks for chance or the clock.
fn cacheability_of<'a>(sql: impl IntoIterator<Item = &'a str>) -> Cacheability {
    if sql.into_iter().any(asks_chance_or_clock) { Cacheability::Never } else { Cacheability::Always }
}

fn asks_chance_or_clock(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    let is_part_of_name = |char: char| char.is_alphanumeric() || char == '_' || char == '"';
    CHANGING.iter().any(|name| {
        sql.match_indices(name).any(|(start, _)| {
            let after = sql[start + name.len()..].trim_start();
            let alone =
                !sql[..start].ends_with(is_part_of_name) && !sql[start + name.len()..].starts_with(is_part_of_name);
            alone && (after.starts_with('(') || name.starts_with("current_"))
        })
    })
}
